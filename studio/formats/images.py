"""Pictures: the path of each and the class it belongs to."""

from pathlib import PurePath

from studio.formats.labelled import LABELS, one_label
from studio.formats.layout import named
from studio.formats.pictures import PICTURES
from studio.rows import Raw, Row, RowError
from studio.words import mark

_IMAGES = ("image", "image_path", "picture", "file_name", "filename", "path", "file")


class Images:
    """Rows that hold a picture's path and a label; paths begin at the data file's folder."""

    name = "images"
    title = mark("Labelled pictures")
    columns = "image, label"
    gives = "image"

    def fits(self, raw: Raw) -> bool:
        """Say whether a column holds the path of a picture and another its label."""
        image, label = raw.get(named(raw, _IMAGES)), raw.get(named(raw, LABELS))
        return isinstance(image, str) and _is_picture(image) and isinstance(label, str | int)

    def row(self, raw: Raw) -> Row:
        """Read path and label."""
        image = raw.get(named(raw, _IMAGES))
        if not isinstance(image, str) or not image.strip():
            raise RowError(mark("The row has no picture."))
        if not _is_picture(image):
            raise RowError(
                mark("{picture} is no picture that can be read; known are {kinds}."),
                picture=image,
                kinds=", ".join(PICTURES),
            )
        return Row(image=image, label=one_label(raw.get(named(raw, LABELS))), raw=raw)


def _is_picture(path: str) -> bool:
    """Say whether a path has a picture's ending."""
    return PurePath(path).suffix.lower() in PICTURES


FORMAT = Images()
