"""A canvas for charts, in pixels from its upper left corner, and the ticks of their axes."""

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

from bot.i18n.right_to_left import visual_order

FONTS = Path(__file__).parent / "fonts"
"""They have Latin, Cyrillic, Greek, Arabic and Hebrew letters, and are the same everywhere."""
VARIATIONS = range(0xFE00, 0xFE10)
"""Characters that only change how the one before them looks."""
MARKS = ("Mn", "Me")
"""Categories of characters that are drawn onto the one before them."""
NO_CHARACTER = "\U0010ffff"
"""No font has a glyph for it."""
FINE = 4
"""Round and slanted shapes are drawn so many times larger and then scaled down, for smooth edges."""
DASH, BREAK = 2.2, 1.6
"""Lengths of a dashed line, as parts of its thickness."""
LAYOUT = ImageFont.Layout.RAQM if features.check_feature("raqm") else ImageFont.Layout.BASIC
"""Raqm orders and joins right-to-left text. Pillow has it where the system has FriBiDi:
https://pillow.readthedocs.io/en/stable/installation/building-from-source.html"""

# One picture for light and dark chats: its own background, on which text has a contrast of at least 4.5 to 1, and
# colours that colour-blind people can distinguish.
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
    """Text on the canvas. `box` is what it covers, from the upper left to the lower right corner."""

    text: str
    box: Box


class Canvas:
    """One picture. Text is placed by its baseline, and is never wider than its limit. Later things cover earlier
    ones."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._picture = Image.new("RGB", (width, height), GROUND)
        self._pen = ImageDraw.Draw(self._picture)
        self.texts: list[Written] = []
        """All text on it, in the order of writing."""

    def png(self) -> bytes:
        """Return the picture as PNG."""
        picture = io.BytesIO()
        self._picture.save(picture, format="png")
        return picture.getvalue()

    def surface(
        self, x: float, y: float, width: float, height: float, colour: str = SURFACE, round_: float = 24
    ) -> None:
        """Draw a rounded rectangle."""
        round_ = min(round_, width / 2, height / 2)
        box = (round(x), round(y), round(x + width), round(y + height))
        self._smooth(box, colour, lambda pen, corners: pen.rounded_rectangle(corners, round_ * FINE, 255))

    def column(self, x: float, y: float, width: float, height: float, colour: str) -> None:
        """Draw a plain rectangle of whole pixels, as wide as all others of this width."""
        left, lower = round(x), round(y + height)
        right, upper = left + max(1, round(width)), min(round(y), lower - 1)
        self._pen.rectangle((left, upper, right - 1, lower - 1), colour)

    def area(self, points: Sequence[Point], floor: float, colour: str) -> None:
        """Fill the area between a line and the floor."""
        corners = [(points[0][0], floor), *points, (points[-1][0], floor)]
        box = _around(corners, 1)
        self._smooth(box, colour, lambda pen, _: pen.polygon(_enlarged(corners, box), 255))

    def line(self, points: Sequence[Point], colour: str, thickness: float = 2, *, dashed: bool = False) -> None:
        """Draw a line through these points, with round ends and corners; dashes have straight ends."""
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
        """Write the text, shortened if it is wider than `within`, and return its width."""
        text, font = drawable(text), _font(size, LAYOUT, bold=bold)
        if within is not None and _width(text, font) > within:
            text = _shortened(text, font, within)
        shown, anchor = _in_order(text), ANCHORS[align]
        self._pen.text((x, y), shown, colour, font, anchor)
        self.texts.append(Written(text, self._pen.textbbox((x, y), shown, font, anchor)))
        return _width(text, font)

    def width_of(self, text: str, size: float, *, bold: bool = False) -> float:
        """Return how wide the text would be."""
        return _width(drawable(text), _font(size, LAYOUT, bold=bold))

    def _smooth(
        self, box: tuple[int, int, int, int], colour: str, shape: Callable[[ImageDraw.ImageDraw, Box], None]
    ) -> None:
        """Draw a shape with smooth edges. `shape` gets a pen for a larger `box`, and the corners of that box."""
        left, upper, right, lower = box
        if right <= left or lower <= upper:
            return
        large = Image.new("L", ((right - left) * FINE, (lower - upper) * FINE))
        shape(ImageDraw.Draw(large), (0, 0, large.width - 1, large.height - 1))
        self._picture.paste(colour, (left, upper), large.reduce(FINE))


def drawable(text: str) -> str:
    """Return the text without characters that the fonts lack, such as emoji, and with at most one mark on each letter:
    piles of marks would cover their surroundings. Empty when nothing is left."""
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
    """Convert from pixel edges to pixel centres, as Pillow counts."""
    return [((x - box[0]) * FINE - 0.5, (y - box[1]) * FINE - 0.5) for x, y in points]


def _dashes(points: Sequence[Point], dash: float, pause: float) -> Iterator[list[Point]]:
    """Return the visible pieces of a dashed line."""
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
    """Return the text in the order that the layout needs."""
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
    # `ImageFont.truetype` would replace a font that it cannot read with one of the system.
    return ImageFont.FreeTypeFont(FONTS / name, size, layout_engine=layout)


@lru_cache(8192)
def _has_shape(char: str) -> bool:
    """Return whether both fonts have the character: they draw the same frame for all that they lack."""
    if ord(char) in VARIATIONS:
        return False
    fonts = [_font(40, ImageFont.Layout.BASIC, bold=bold) for bold in (False, True)]
    return all(_drawn(char, font) != _frame(font) for font in fonts)


@cache
def _frame(font: ImageFont.FreeTypeFont) -> bytes:
    return _drawn(NO_CHARACTER, font)


def _drawn(char: str, font: ImageFont.FreeTypeFont) -> bytes:
    return bytes(font.getmask(char))


ROUND = (10, 12, 14, 16, 18, 20, 24, 28, 30, 32, 36, 40, 50, 60, 70, 80, 90, 100)
"""The last number of an axis, times a power of ten: close enough that the largest column fills two thirds or more."""
PARTS = (2, 3)
"""Into how many parts an axis is divided: halves where they are whole numbers, else thirds."""

HOUR_STEPS = (1, 2, 3, 4, 6, 12, 24)
DAY_STEPS = (1, 2, 5, 7, 14, 28)
MONTH_STEPS = (1, 2, 3, 6, 12)
"""Label every so many moments."""


def ticks(largest: int) -> tuple[int, ...]:
    """Return the numbers on an axis that holds `largest`: three or four whole ones, evenly spaced, from 0 to a round
    one. When nothing is larger than 1, they are 0 and 1."""
    if largest <= 1:
        return 0, 1
    power = 1
    while power * 10 < largest:
        power *= 10
    tops = [number * power // 10 for number in ROUND if number * power % 10 == 0]
    top, parts = next((top, parts) for top in tops for parts in PARTS if top >= largest and top % parts == 0)
    return tuple(top * part // parts for part in range(parts + 1))


def label_step(needed: float, steps: Sequence[int]) -> int:
    """Return the distance between labelled moments: the first step that is at least `needed`, or beyond the last step a
    multiple of that one."""
    last = steps[-1]
    return next((step for step in steps if step >= needed), int(-(-needed // last)) * last)
