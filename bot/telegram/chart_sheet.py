"""A sheet to draw a chart on, in pixels from its upper left corner: surfaces, bars, lines and words that fit."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Literal

from matplotlib import get_data_path
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.ft2font import FT2Font
from matplotlib.lines import Line2D
from matplotlib.patches import FancyBboxPatch, Polygon, Rectangle
from matplotlib.text import Text

FONTS = Path(get_data_path()) / "fonts" / "ttf"
"""Fonts that come with the library: they have Latin, Cyrillic, Greek, Arabic and Hebrew letters, and the same
everywhere."""
VARIATIONS = range(0xFE00, 0xFE10)
"""Characters that only say how the one before them is to look."""
PIXELS_AN_INCH = 100
POINTS_AN_INCH = 72

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


class Sheet:
    """One picture. Text is placed by its baseline, and never wider than it is told."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        size = (width / PIXELS_AN_INCH, height / PIXELS_AN_INCH)
        self._figure = Figure(figsize=size, dpi=PIXELS_AN_INCH, facecolor=GROUND)
        FigureCanvasAgg(self._figure)
        self._axes = self._figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, 0))
        self._axes.set_axis_off()
        self._order = 0.0
        self.texts: list[Text] = []
        """All words on it, in the order in which they were written."""

    def png(self) -> bytes:
        """The picture."""
        picture = io.BytesIO()
        self._figure.savefig(picture, format="png")
        return picture.getvalue()

    def surface(
        self, x: float, y: float, width: float, height: float, colour: str = SURFACE, round_: float = 24
    ) -> None:
        """A rounded rectangle."""
        round_ = min(round_, width / 2, height / 2)
        shape = f"round,pad=0,rounding_size={round_}"
        self._axes.add_patch(
            FancyBboxPatch(
                (x, y), width, height, boxstyle=shape, facecolor=colour, edgecolor="none", zorder=self._next()
            )
        )

    def column(self, x: float, y: float, width: float, height: float, colour: str) -> None:
        """A plain rectangle."""
        self._axes.add_patch(Rectangle((x, y), width, height, facecolor=colour, edgecolor="none", zorder=self._next()))

    def area(self, points: Sequence[tuple[float, float]], floor: float, colour: str) -> None:
        """What lies between a line and the floor."""
        corners = [(points[0][0], floor), *points, (points[-1][0], floor)]
        self._axes.add_patch(Polygon(corners, closed=True, facecolor=colour, edgecolor="none", zorder=self._next()))

    def line(
        self, points: Sequence[tuple[float, float]], colour: str, thickness: float = 2, *, dashed: bool = False
    ) -> None:
        """Through these points."""
        self._axes.add_line(
            Line2D(
                [x for x, _ in points],
                [y for _, y in points],
                color=colour,
                linewidth=thickness * POINTS_AN_INCH / PIXELS_AN_INCH,
                linestyle=(0, (2.2, 1.6)) if dashed else "solid",
                solid_capstyle="round",
                solid_joinstyle="round",
                zorder=self._next(),
            )
        )

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
        written = Text(
            x,
            y,
            drawable(text),
            fontproperties=_font(bold=bold),
            fontsize=size * POINTS_AN_INCH / PIXELS_AN_INCH,
            color=colour,
            horizontalalignment=align,
            verticalalignment="baseline",
            zorder=self._next(),
            # A price in a title is no formula.
            parse_math=False,
        )
        self._axes.add_artist(written)
        self.texts.append(written)
        width = self._width(written)
        if within is not None and width > within:
            width = self._shorten(written, within)
        return width

    def width_of(self, text: str, size: float, *, bold: bool = False) -> float:
        """How wide it would be."""
        probe = Text(
            0,
            0,
            drawable(text),
            fontproperties=_font(bold=bold),
            fontsize=size * POINTS_AN_INCH / PIXELS_AN_INCH,
            parse_math=False,
        )
        probe.set_figure(self._figure)
        return self._width(probe)

    def _width(self, text: Text) -> float:
        return float(text.get_window_extent().width)

    def _shorten(self, text: Text, within: float) -> float:
        whole = text.get_text()
        fits, too_long = 0, len(whole)
        while too_long - fits > 1:
            middle = (fits + too_long) // 2
            text.set_text(_cut(whole, middle))
            if self._width(text) <= within:
                fits = middle
            else:
                too_long = middle
        text.set_text(_cut(whole, fits))
        return self._width(text)

    def _next(self) -> float:
        """Later things lie over earlier ones."""
        self._order += 1
        return self._order


def drawable(text: str) -> str:
    """The text without what the fonts have no shape for, such as emoji; empty when nothing is left."""
    shapes = _shapes()
    return " ".join("".join(char for char in text if char.isspace() or ord(char) in shapes).split())


def _cut(text: str, length: int) -> str:
    return text[:length].rstrip() + "…"


@cache
def _font(*, bold: bool) -> FontProperties:
    return FontProperties(fname=FONTS / ("DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"))


@cache
def _shapes() -> frozenset[int]:
    """The characters that both fonts have."""
    regular, bold = (FT2Font(str(FONTS / name)) for name in ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf"))
    return frozenset(regular.get_charmap()) & frozenset(bold.get_charmap()) - frozenset(VARIATIONS)
