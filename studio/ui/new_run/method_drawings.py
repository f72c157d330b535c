"""One drawing for each way of changing a model; methods name theirs in their file."""

from collections.abc import Callable

from studio.ui.widgets.sketch import Sketch
from studio.words import mark

# Everything is drawn in a space of 304 x 104. Letters are those of the papers: W is a weight
# matrix, x what comes in, h what goes out, K and V the keys and values of attention.


def _ends(s: Sketch, into: float, out: float, y: float = 30) -> None:
    """Draw what comes in and what goes out."""
    s.word(16, y, "x")
    s.arrow((24, y), (into, y))
    s.arrow((out, y), (278, y))
    s.word(288, y, "h")


def _weights(s: Sketch, text: str = "W") -> None:
    """Draw the frozen weights on the way from left to right."""
    _ends(s, 84, 220)
    s.frozen(84, 8, 44, 44, text)
    s.arrow((128, 30), (204, 30))
    s.sign(212, 30)


def _branch(s: Sketch, left: float = 83, right: float = 130, y: float = 80) -> None:
    """Draw the way beside the weights."""
    s.arrow((46, 30), (46, y), (left, y))
    s.arrow((right, y), (212, y), (212, 38))


def beside(s: Sketch) -> None:
    """Two small matrices beside the weights."""
    _weights(s)
    _branch(s)
    s.pair(83, 80)


def quantized(s: Sketch) -> None:
    """The same, with weights held in few bits."""
    _ends(s, 84, 220)
    for place in range(16):
        s.frozen(84 + place % 4 * 11, 8 + place // 4 * 11, 9.5, 9.5)
    s.arrow((128, 30), (204, 30))
    s.sign(212, 30)
    _branch(s)
    s.pair(83, 80)


def split(s: Sketch) -> None:
    """Direction and magnitude apart."""
    s.trained(34, 22, 10, 60)
    s.word(39, 94, "m", "chart-1")
    s.sign(66, 52, "×")
    s.frozen(92, 28, 48, 48, "W")
    s.sign(162, 52)
    s.pair(184, 52, high=48, low=16)
    s.arrow((238, 52), (278, 52))
    s.word(288, 52, "h")


def ranks(s: Sketch) -> None:
    """Layers that are given more or fewer ranks."""
    for row, rank in enumerate((2, 5, 3)):
        y = 10 + row * 32
        s.frozen(58, y, 44, 22, "W")
        s.sign(124, y + 11)
        for place in range(6):
            draw = s.trained if place < rank else s.random
            draw(148 + place * 16, y, 11, 22)


def shared(s: Sketch) -> None:
    """One pair of random matrices for all layers, small vectors trained in each."""
    s.random(118, 10, 30, 34, "A")
    s.random(156, 10, 30, 34, "B")
    for place, x in enumerate((28, 128, 228)):
        s.frozen(x, 68, 30, 28, "W")
        s.trained(x + 36, 68, 7, 28)
        s.trained(x + 46, 68, 7, 28)
        s.arrow((152 + (place - 1) * 14, 46), (x + 26, 64))


def experts(s: Sketch) -> None:
    """Several adapters and a router that mixes them."""
    s.word(16, 52, "x")
    s.arrow((24, 52), (52, 52))
    s.sign(62, 52, "g", trained=True)
    for y in (18, 52, 86):
        s.arrow((70, 52), (106, y))
        s.pair(110, y, high=22, low=8)
        s.arrow((158, y), (210, 52 + (y - 52) / 6))
    s.sign(220, 52)
    s.arrow((228, 52), (278, 52))
    s.word(288, 52, "h")


def product(s: Sketch) -> None:
    """A large change made of small matrices multiplied."""
    s.trained(24, 36, 32, 32)
    s.sign(78, 52, "⊗")
    s.trained(100, 44, 16, 16)
    s.word(136, 52, "=")
    for place in range(16):
        s.trained(154 + place % 4 * 12, 29 + place // 4 * 12, 10.5, 10.5)
    s.sign(222, 52)
    s.frozen(240, 29, 46, 46, "W")


def sparse(s: Sketch) -> None:
    """Few entries of the change are trained."""
    s.frozen(40, 20, 64, 64, "W")
    s.sign(128, 52)
    chosen = (3, 9, 12, 22, 26, 31, 37, 44, 48, 58, 61)
    s.cells(152, 12, 8, 8, 10, trained=chosen)


def rotate(s: Sketch) -> None:
    """Weights turned as a whole."""
    s.trained(36, 30, 44, 44, "Q")
    s.sign(102, 52, "×")
    s.frozen(124, 30, 44, 44, "W")
    s.word(190, 52, "=")
    s.random(218, 26, 52, 52)
    s.turned(244, 52, 52, 22)
    s.arc(244, 52, 43, 62, 44)


def scale(s: Sketch) -> None:
    """Vectors that scale or shift what goes through."""
    _ends(s, 76, 218, 52)
    s.frozen(76, 22, 60, 60, "W")
    s.arrow((136, 52), (162, 52))
    s.sign(170, 52, "×")
    s.arrow((178, 52), (202, 52))
    s.sign(210, 52)
    for x in (165, 205):
        s.trained(x, 6, 10, 30)


def prompt(s: Sketch) -> None:
    """Learnt tokens before the text."""
    s.frozen(30, 12, 244, 34, "W")
    for place in range(9):
        draw = s.trained if place < 3 else s.frozen
        x = 30 + place * 28
        draw(x, 72, 20, 20)
        s.arrow((x + 10, 70), (x + 10, 50))


def prefix(s: Sketch) -> None:
    """Learnt keys and values in every layer."""
    for row in range(3):
        y = 8 + row * 32
        s.trained(44, y, 22, 24, "K")
        s.trained(70, y, 22, 24, "V")
        s.arrow((96, y + 12), (114, y + 12))
        s.frozen(118, y, 142, 24, "W")


def bottleneck(s: Sketch) -> None:
    """Down and up again inside the layer, with a way past."""
    s.word(10, 58, "x")
    s.arrow((18, 58), (36, 58))
    s.frozen(36, 36, 46, 44, "W")
    s.arrow((82, 58), (114, 58))
    s.funnel(116, 58, 30, 48, 16)
    s.word(155, 57, "∿", "chart-1")
    s.funnel(164, 58, 30, 16, 48)
    s.arrow((196, 58), (220, 58))
    s.sign(228, 58)
    s.arrow((96, 58), (96, 16), (228, 16), (228, 50))
    s.arrow((236, 58), (278, 58))
    s.word(288, 58, "h")


def parallel(s: Sketch) -> None:
    """A prefix for attention, and an adapter beside the feed-forward part."""
    s.trained(40, 10, 20, 20, "K")
    s.trained(64, 10, 20, 20, "V")
    s.arrow((62, 32), (62, 44))
    s.word(10, 62, "x")
    s.arrow((18, 62), (36, 62))
    s.frozen(36, 46, 54, 32, "W")
    s.arrow((90, 62), (136, 62))
    s.frozen(136, 46, 54, 32, "W")
    s.arrow((190, 62), (222, 62))
    s.sign(230, 62)
    s.arrow((112, 62), (112, 20), (138, 20))
    s.pair(139, 20, high=26, low=9)
    s.arrow((187, 20), (230, 20), (230, 54))
    s.arrow((238, 62), (278, 62))
    s.word(288, 62, "h")


def gated(s: Sketch) -> None:
    """Three parts, each behind a gate that is learnt too."""
    s.pair(40, 18, high=24, low=9)
    s.trained(40, 41, 22, 22, "K")
    s.trained(65, 41, 22, 22, "V")
    s.funnel(40, 86, 22, 24, 8)
    s.funnel(65, 86, 22, 8, 24)
    for y in (18, 52, 86):
        s.arrow((92, y), (120, y))
        s.sign(130, y, "σ", trained=True)
        s.arrow((138, y), (204, 52 + (y - 52) / 6))
    s.sign(214, 52)
    s.arrow((222, 52), (278, 52))
    s.word(288, 52, "h")


def _layers(s: Sketch, trained: int) -> None:
    """Draw a model of five layers, of which the last ones are trained."""
    s.word(16, 52, "x")
    s.arrow((24, 52), (48, 52))
    for place in range(5):
        x = 48 + place * 42
        draw = s.trained if place >= 5 - trained else s.frozen
        draw(x, 16, 30, 72, "W")
        s.arrow((x + 30, 52), (x + 42 if place < 4 else 278, 52))
    s.word(288, 52, "h")


def whole(s: Sketch) -> None:
    """All weights."""
    _layers(s, 5)


def last(s: Sketch) -> None:
    """The last layers only."""
    _layers(s, 2)


def tokens(s: Sketch) -> None:
    """Rows of the embedding."""
    for row in range(9):
        draw = s.trained if row in (3, 7, 8) else s.frozen
        draw(64, 8 + row * 10, 92, 7.5)
    s.arrow((160, 52), (192, 52))
    s.frozen(192, 20, 64, 64, "W")


DRAWINGS: dict[str, Callable[[Sketch], None]] = {
    one.__name__: one
    for one in (
        beside, quantized, split, ranks, shared, experts, product, sparse, rotate, scale, prompt,
        prefix, bottleneck, parallel, gated, whole, last, tokens,
    )
}  # fmt: skip

# What each shows, in words.
TEXTS = {
    "beside": mark("Two small trained matrices beside each frozen weight matrix, added to it."),
    "quantized": mark(
        "Two small trained matrices beside frozen weights that are held in few bits."
    ),
    "split": mark("Size and direction of the weights apart; small matrices train the direction."),
    "ranks": mark("Small matrices beside each layer; training gives some layers more ranks."),
    "shared": mark("Random matrices that all layers share; each layer trains two small vectors."),
    "experts": mark("Several pairs of small matrices, mixed by a part that is trained too."),
    "product": mark("Small trained matrices multiplied into a change as large as the weights."),
    "sparse": mark("A few entries of the change are trained, all others stay zero."),
    "rotate": mark("A trained matrix turns the frozen weights without stretching them."),
    "scale": mark("Trained vectors scale or shift what comes out of the frozen weights."),
    "prompt": mark("Trained tokens stand before the text; the model stays as it is."),
    "prefix": mark("Trained keys and values stand before those of the text, in every layer."),
    "bottleneck": mark("A small trained network inside the layer: down, up, and a way past it."),
    "parallel": mark("A trained prefix for attention, and a small network beside feed-forward."),
    "gated": mark("Small matrices, a prefix and a small network, each behind a trained gate."),
    "whole": mark("All layers are trained."),
    "last": mark("The last layers are trained, those before them stay as they are."),
    "tokens": mark("Some rows of the embedding are trained, everything else stays."),
}
