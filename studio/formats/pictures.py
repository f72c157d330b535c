"""Picture files: where a row's picture lies, and whether it is one, seen from its first bytes."""

from dataclasses import replace
from pathlib import Path

from studio.rows import Row, RowError
from studio.words import mark

PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif")
_HEAD = 12
_BEGINNINGS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"BM")


def placed(row: Row, folder: Path) -> Row:
    """Return a row with its picture's whole path; raises RowError when that is no picture.

    Only the first bytes are read: whether the rest is whole is seen when it is decoded.
    """
    if not row.image:
        return row
    file = (folder / Path(row.image).expanduser()).absolute()
    try:
        with open(file, "rb") as source:
            head = source.read(_HEAD)
    except FileNotFoundError as reason:
        raise RowError(mark("There is no picture {picture}."), picture=row.image) from reason
    except (OSError, ValueError) as reason:
        why = reason.strerror if isinstance(reason, OSError) else reason
        raise RowError(
            mark("The picture {picture} cannot be read: {reason}."), picture=row.image, reason=why
        ) from reason
    if not _is_picture(head):
        raise RowError(mark("{picture} is broken: it is no picture."), picture=row.image)
    return replace(row, image=str(file))


def _is_picture(head: bytes) -> bool:
    """Say whether a file begins as one of the kinds does, whatever its name says."""
    webp = head.startswith(b"RIFF") and head[8:12] == b"WEBP"
    return webp or (len(head) == _HEAD and head.startswith(_BEGINNINGS))
