"""A sheet to draw a chart on, in pixels from its upper left corner: surfaces, bars, lines and words that fit."""

from __future__ import annotations

import io
import math
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Literal

from PIL import Image, ImageDraw, ImageFont, features

from bot.telegram.right_to_left import visual_order

FONTS = Path(__file__).parent / "fonts"
"""They have Latin, Cyrillic, Greek, Arabic and Hebrew letters, and are the same everywhere."""
VARIATIONS = range(0xFE00, 0xFE10)
"""Characters that only say how the one before them is to look."""
MARKS = ("Mn", "Me")
"""Categories of characters that are drawn onto the one before them."""
NO_CHARACTER = "\U0010ffff"
"""No font has a shape for it."""
FINE = 4
"""Round and slanted shapes are drawn so many times larger, and then reduced: their edges become smooth."""
DASH, BREAK = 2.2, 1.6
"""Of a dashed line, as parts of its thickness."""
LAYOUT = ImageFont.Layout.RAQM if features.check_feature("raqm") else ImageFont.Layout.BASIC
"""Raqm orders and joins what is written from right to left. Pillow has it where the system has FriBiDi:
https://pillow.readthedocs.io/en/stable/installation/building-from-source.html"""

# One picture for light and dark chats: its own ground, on which words have a contrast of 4.5 to 1 and more, and colours
# that those who see few colours tell apart too.
GROUND = "#0d1726"
SURFACE = "#17243a"
TRACK = "#24344f"
INK = "#f4f7fb"
QUIET = "#a9b9d0"
ASKED = "#4a7fc1"
CALLED = "#f7b23b"
CAME = "#5ee0b8"

Align = Literal["left", "center", "right"]
ANCHORS: dict[Align, str] = {"left": "ls", "center": "ms", "right": "rs"}
Point = tuple[float, float]
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Written:
    """Words as they stand on a sheet: `box` is what they cover, from its left upper to its right lower corner."""

    text: str
    box: Box


class Canvas:
    """One picture. Text is placed by its baseline, and never wider than it is told. Later things lie over earlier
    ones."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._picture = Image.new("RGB", (width, height), GROUND)
        self._pen = ImageDraw.Draw(self._picture)
        self.texts: list[Written] = []
        """All words on it, in the order in which they were written."""

    def png(self) -> bytes:
        """The picture."""
        picture = io.BytesIO()
        self._picture.save(picture, format="png")
        return picture.getvalue()

    def surface(
        self, x: float, y: float, width: float, height: float, colour: str = SURFACE, round_: float = 24
    ) -> None:
        """A rounded rectangle."""
        round_ = min(round_, width / 2, height / 2)
        box = (round(x), round(y), round(x + width), round(y + height))
        self._smooth(box, colour, lambda pen, corners: pen.rounded_rectangle(corners, round_ * FINE, 255))

    def column(self, x: float, y: float, width: float, height: float, colour: str) -> None:
        """A plain rectangle of whole pixels, as wide as all others of this width."""
        left, lower = round(x), round(y + height)
        right, upper = left + max(1, round(width)), min(round(y), lower - 1)
        self._pen.rectangle((left, upper, right - 1, lower - 1), colour)

    def area(self, points: Sequence[Point], floor: float, colour: str) -> None:
        """What lies between a line and the floor."""
        corners = [(points[0][0], floor), *points, (points[-1][0], floor)]
        box = _around(corners, 1)
        self._smooth(box, colour, lambda pen, _: pen.polygon(_enlarged(corners, box), 255))

    def line(self, points: Sequence[Point], colour: str, thickness: float = 2, *, dashed: bool = False) -> None:
        """Through these points, with round ends and corners; the ends of dashes are straight."""
        if len({y for _, y in points}) == 1:
            # A level line is sharp only on whole pixels.
            points = [(x, round(y)) for x, y in points]
        box, wide = _around(points, thickness), round(thickness * FINE)

        def stroke(pen: ImageDraw.ImageDraw, _: Box) -> None:
            for piece in _dashes(points, DASH * thickness, BREAK * thickness) if dashed else [points]:
                corners = _enlarged(piece, box)
                pen.line(corners, 255, wide)
                for x, y in corners[1:-1] if dashed else corners:
                    pen.circle((x, y), (wide - 1) / 2, 255)

        self._smooth(box, colour, stroke)

    def text(
        self,
        x: float,
        y: float,
        text: str,
        size: float,
        *,
        colour: str = INK,
        bold: bool = False,
        align: Align = "left",
        within: float | None = None,
    ) -> float:
        """Write it, shortened where it is wider than `within`; how wide it became."""
        text, font = drawable(text), _font(size, LAYOUT, bold=bold)
        if within is not None and _width(text, font) > within:
            text = _shortened(text, font, within)
        shown, anchor = _in_order(text), ANCHORS[align]
        self._pen.text((x, y), shown, colour, font, anchor)
        self.texts.append(Written(text, self._pen.textbbox((x, y), shown, font, anchor)))
        return _width(text, font)

    def width_of(self, text: str, size: float, *, bold: bool = False) -> float:
        """How wide it would be."""
        return _width(drawable(text), _font(size, LAYOUT, bold=bold))

    def _smooth(
        self, box: tuple[int, int, int, int], colour: str, shape: Callable[[ImageDraw.ImageDraw, Box], None]
    ) -> None:
        """Draw a shape with smooth edges. `shape` gets a pen for a larger `box`, and where that one's corners are."""
        left, upper, right, lower = box
        if right <= left or lower <= upper:
            return
        large = Image.new("L", ((right - left) * FINE, (lower - upper) * FINE))
        shape(ImageDraw.Draw(large), (0, 0, large.width - 1, large.height - 1))
        self._picture.paste(colour, (left, upper), large.reduce(FINE))


def drawable(text: str) -> str:
    """The text without what the fonts have no shape for, such as emoji, and with one mark on each letter at the most:
    heaps of them would cover what stands around. Empty when nothing is left."""
    return " ".join("".join(_shapes(unicodedata.normalize("NFC", text))).split())


def _shapes(text: str) -> Iterator[str]:
    before = " "
    for char in text:
        if not char.isspace() and not _has_shape(char):
            before = " "
        elif unicodedata.category(char) not in MARKS or before.isalnum():
            yield char
            before = char


def _around(points: Sequence[Point], margin: float) -> tuple[int, int, int, int]:
    xs, ys = [x for x, _ in points], [y for _, y in points]
    left, upper = math.floor(min(xs) - margin), math.floor(min(ys) - margin)
    return left, upper, math.ceil(max(xs) + margin), math.ceil(max(ys) + margin)


def _enlarged(points: Sequence[Point], box: tuple[int, int, int, int]) -> list[Point]:
    """From where pixels begin to where their middles are, as Pillow counts."""
    return [((x - box[0]) * FINE - 0.5, (y - box[1]) * FINE - 0.5) for x, y in points]


def _dashes(points: Sequence[Point], dash: float, pause: float) -> Iterator[list[Point]]:
    """The pieces of a line that are drawn."""
    is_drawn, left, piece = True, dash, [points[0]]
    for begin, end in pairwise(points):
        length, done = math.dist(begin, end), 0.0
        while length - done > left:
            done += left
            share = done / length
            turn = (begin[0] + (end[0] - begin[0]) * share, begin[1] + (end[1] - begin[1]) * share)
            if is_drawn:
                yield [*piece, turn]
            is_drawn, piece = not is_drawn, [turn]
            left = dash if is_drawn else pause
        left -= length - done
        piece.append(end)
    if is_drawn and len(piece) > 1:
        yield piece


def _in_order(text: str) -> str:
    """As the layout wants it."""
    return text if LAYOUT is ImageFont.Layout.RAQM else visual_order(text)


def _width(text: str, font: ImageFont.FreeTypeFont) -> float:
    return font.getlength(_in_order(text))


def _shortened(text: str, font: ImageFont.FreeTypeFont, within: float) -> str:
    fits, too_long = 0, len(text)
    while too_long - fits > 1:
        middle = (fits + too_long) // 2
        if _width(_cut(text, middle), font) <= within:
            fits = middle
        else:
            too_long = middle
    return _cut(text, fits)


def _cut(text: str, length: int) -> str:
    return text[:length].rstrip() + "…"


@cache
def _font(size: float, layout: ImageFont.Layout, *, bold: bool) -> ImageFont.FreeTypeFont:
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    # `ImageFont.truetype` would take a font of the system in place of one that cannot be read.
    return ImageFont.FreeTypeFont(FONTS / name, size, layout_engine=layout)


@lru_cache(8192)
def _has_shape(char: str) -> bool:
    """Whether both fonts have the character: what they have not, they draw as the same frame."""
    if ord(char) in VARIATIONS:
        return False
    fonts = [_font(40, ImageFont.Layout.BASIC, bold=bold) for bold in (False, True)]
    return all(_drawn(char, font) != _frame(font) for font in fonts)


@cache
def _frame(font: ImageFont.FreeTypeFont) -> bytes:
    return _drawn(NO_CHARACTER, font)


def _drawn(char: str, font: ImageFont.FreeTypeFont) -> bytes:
    return bytes(font.getmask(char))
