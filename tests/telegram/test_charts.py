"""Charts are readable: no text leaves the picture or overlaps another, in any language, with any title or time."""

from __future__ import annotations

import io
import itertools
import math
from collections.abc import Sequence

import pytest
from PIL import Image, ImageChops, ImageColor, ImageFont

from bot.domain.statistics import FunnelStep
from bot.features.statistics import chart_sheet
from bot.features.statistics.chart import EDGE, EMPTY_HEIGHT, HEIGHT, WIDTH, chart, draw
from bot.features.statistics.chart_sheet import (
    ASKED,
    CALLED,
    CAME,
    FONTS,
    GROUND,
    INK,
    QUIET,
    SURFACE,
    TRACK,
    Box,
    Canvas,
    drawable,
)
from bot.i18n.texts import Texts, Words
from tests.papers import ROOT
from tests.telegram.summaries import GATES, empty, summary

ENGLISH, RUSSIAN = Texts("en").in_language("en"), Texts("en").in_language("ru")
HEBREW, LONG = "חברי הקיבוץ (קבוצה 2)", "ЖК «Речной», дом 5: собственники, жильцы, арендаторы и все остальные"

EVERY = {
    "today": summary("today", a_day=61),
    "7d": summary("7d"),
    "30d": summary("30d", a_day=1400),
    "90d": summary("90d", a_day=40),
    "all": summary("all", a_day=9000),
    "all of long": summary("all", months=80),
    "all of one month": summary("all", a_day=1, months=1),
    "hardly anybody": summary("7d", a_day=1, gates={1: "A"}, regions=0),
    "one gate": summary("30d", gate=(-5, LONG), regions=3),
    "one gate, from right to left": summary("today", gate=(-5, HEBREW)),
    "a title that cannot be drawn": summary("7d", gate=(-1005, "🏠🏡漢字")),
    "a title of heaps of marks": summary("7d", gate=(-5, "Z" + "\u0301\u0489\u0316" * 20)),
    "gates of heaps of marks": summary(
        "7d", gates={-1: "\u0488\u0489a" + "\u0310\u0323" * 20, -2: "ש" + "\u0591\u05b8" * 9}
    ),
    "one day in three months": summary("90d", a_day=1, peak=5000),
    "empty": empty(),
    "empty, one gate": empty("all", LONG),
}


class Stretched(Words):
    """A language whose texts are half as long again."""

    def __init__(self) -> None:
        super().__init__("ru", RUSSIAN._catalogue)

    def __call__(self, text: str, /, **values: object) -> str:
        text = super().__call__(text, **values)
        return text + "ш" * (len(text) // 2)


LANGUAGES = {"en": ENGLISH, "ru": RUSSIAN, "a long one": Stretched()}


CASES = [
    *((name, "a long one") for name in EVERY),
    *((name, "ru") for name in ("today", "7d", "30d", "90d", "all", "one gate")),
    *((name, "en") for name in ("7d", "90d", "all", "empty")),
]
"""Where longer texts fit, shorter ones do too, except for those placed by the width of their neighbours."""


LAYOUTS = [ImageFont.Layout.BASIC, chart_sheet.LAYOUT]
"""The layout that every machine has, and the best that this one has."""


def boxes(sheet: Canvas) -> list[tuple[str, Box]]:
    return [(written.text, written.box) for written in sheet.texts if written.text]


def overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def picture_of(sheet: Canvas) -> Image.Image:
    return Image.open(io.BytesIO(sheet.png()))


def rgb(colour: str) -> tuple[int, ...]:
    return ImageColor.getrgb(colour)


def row_of(picture: Image.Image, y: float) -> list[tuple[int, ...]]:
    return [colour_at(picture, x, round(y)) for x in range(picture.width)]


def column_of(picture: Image.Image, x: float) -> list[tuple[int, ...]]:
    return [colour_at(picture, round(x), y) for y in range(picture.height)]


def colour_at(picture: Image.Image, x: int, y: int) -> tuple[int, ...]:
    colour = picture.getpixel((x, y))
    assert isinstance(colour, tuple)
    return colour


def box_of(sheet: Canvas, text: str) -> Box:
    """Return where it first appears."""
    return next(box for found, box in boxes(sheet) if found == text)


def said(sheet: Canvas) -> list[str]:
    return [written.text for written in sheet.texts]


@pytest.mark.parametrize(("name", "language"), CASES)
def test_no_word_lies_on_another_and_all_are_within(name: str, language: str) -> None:
    check_words(draw(EVERY[name], LANGUAGES[language]))


@pytest.mark.parametrize("name", EVERY)
def test_so_it_is_where_the_system_helps_with_no_layout(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chart_sheet, "LAYOUT", ImageFont.Layout.BASIC)

    check_words(draw(EVERY[name], RUSSIAN))


def check_words(sheet: Canvas) -> None:
    found = boxes(sheet)
    assert len(found) > 3
    for text, (left, upper, right, lower) in found:
        assert left >= 30, text
        assert right <= WIDTH - 30, text
        assert upper >= 20, text
        assert lower <= sheet.height - 20, text
    for (one, box), (other, another) in itertools.combinations(found, 2):
        assert not overlap(box, another), (one, other)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("align", chart_sheet.ANCHORS)
@pytest.mark.parametrize("text", ["Заявки, 12", HEBREW, "مجموعة الحي الجديد"])
def test_words_stand_where_their_box_says(
    text: str, align: chart_sheet.Align, layout: ImageFont.Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chart_sheet, "LAYOUT", layout)
    sheet, bare = Canvas(900, 100), Canvas(900, 100)

    width = sheet.text(450, 60, text, 30, align=align)

    inked = ImageChops.difference(picture_of(sheet), picture_of(bare)).getbbox()
    ((_, box),) = boxes(sheet)
    assert inked is not None
    assert all(abs(one - other) <= 5 for one, other in zip(inked, box, strict=True))
    assert box[0] <= inked[0] + 1
    assert box[1] <= inked[1] + 1
    assert box[2] >= inked[2] - 1
    assert box[3] >= inked[3] - 1
    begin = {"left": 450.0, "center": 450 - width / 2, "right": 450 - width}[align]
    assert abs(box[0] - begin) <= 5
    assert abs(box[2] - begin - width) <= 5


@pytest.mark.parametrize(("name", "height"), [("today", HEIGHT), ("90d", HEIGHT), ("empty", EMPTY_HEIGHT)])
def test_the_picture_has_its_size_and_holds_something(name: str, height: int) -> None:
    png = chart(EVERY[name], ENGLISH)

    picture = Image.open(io.BytesIO(png))
    assert (picture.format, picture.mode, picture.size) == ("PNG", "RGB", (WIDTH, height))
    colours = picture.getcolors(WIDTH * HEIGHT)
    assert colours is not None
    assert len(colours) > 50
    assert colour_at(picture, 0, 0) == rgb(GROUND)
    assert colour_at(picture, EDGE + 40, height - 60) == rgb(SURFACE)


@pytest.mark.parametrize("words", [ENGLISH, RUSSIAN])
def test_the_funnels_bars_are_as_long_as_their_numbers(words: Words) -> None:
    told = summary("30d", a_day=1400)
    sheet = draw(told, words)
    picture = picture_of(sheet)

    for step, name in zip(FunnelStep, said(sheet)[2::3], strict=False):
        _, upper, _, lower = box_of(sheet, name)
        shown = row_of(picture, (upper + lower) / 2)
        filled = [shown.count(rgb(colour)) for colour in (ASKED, CALLED, CAME)]
        whole = sum(filled) + shown.count(rgb(TRACK))
        assert whole > 300
        assert abs(sum(filled) / whole - told.statistics.funnel[step] / told.statistics.funnel[FunnelStep.ASKED]) < 0.02
        colour = {FunnelStep.CALLED: 1, FunnelStep.IN: 2}.get(step, 0)
        assert [place for place, pixels in enumerate(filled) if pixels > 20] == [colour]


def test_columns_are_as_high_as_their_numbers_and_stand_over_their_day() -> None:
    told = summary("7d")
    sheet = draw(told, ENGLISH)
    picture = picture_of(sheet)
    axis = [box_of(sheet, label) for label in ("0", "160")]
    floor, top = ((upper + lower) / 2 for _, upper, _, lower in axis)

    for label, (_, asked, called, came) in zip(
        ("Feb 23", "Feb 24", "Feb 25", "Feb 26", "Feb 27", "Feb 28", "Mar 1"), told.statistics.series, strict=True
    ):
        left, _, right, _ = box_of(sheet, label)
        middle = column_of(picture, (left + right) / 2)[round(top) - 5 : round(floor) + 5]
        side = column_of(picture, (left + right) / 2 - 35)[round(top) - 5 : round(floor) + 5]
        a_person = (floor - top) / 160
        assert abs((len(side) - 5 - side.index(rgb(ASKED))) - asked * a_person) <= 3
        assert middle[-8] == rgb(CAME)
        assert abs((len(middle) - 5 - middle.index(rgb(CALLED))) - called * a_person) <= 6
        assert came > called


@pytest.mark.parametrize(("peak", "thick"), [(0, 6), (40, 6), (400, 4), (4000, 2)])
def test_a_stroke_hides_no_low_column_and_ends_at_the_axis(peak: int, thick: int) -> None:
    sheet = draw(summary("7d", a_day=10, peak=peak), ENGLISH)
    _, upper, _, lower = box_of(sheet, "0")
    floor = round((upper + lower) / 2)
    left, _, right, _ = box_of(sheet, "Feb 24")
    plot = picture_of(sheet).crop((0, floor - 200, WIDTH, floor + 20))

    side = column_of(plot, (left + right) / 2 - 35)

    assert side.count(rgb(CALLED)) == thick
    assert rgb(ASKED) in side
    assert rgb(CALLED) not in side[200:]


@pytest.mark.parametrize(("name", "is_line"), [("30d", False), ("90d", True)])
def test_the_legend_shows_each_step_as_it_is_drawn(name: str, is_line: bool) -> None:
    sheet = draw(EVERY[name], ENGLISH)
    picture = picture_of(sheet)

    pixels = {}
    for step, colour in (("asked", ASKED), ("called", CALLED), ("in", CAME)):
        left, upper, _, lower = box_of(sheet, step)
        mark = picture.crop((round(left) - 34, round(upper) - 4, round(left) - 4, round(lower) + 4))
        rows = [row_of(mark, y) for y in range(mark.height)]
        pixels[step] = (sum(rgb(colour) in row for row in rows), max(row.count(rgb(colour)) for row in rows))
    assert pixels["asked"] == (22, 22)
    assert pixels["called"][0] <= 6
    assert (pixels["in"][0] <= 6) is is_line
    # Dashes have gaps, a stroke has none.
    assert (pixels["called"][1] < 20) is is_line


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("30d", ["Jan 31", "Feb 5", "Feb 10", "Feb 15", "Feb 20", "Feb 25"]),
        ("90d", ["Dec 2", "Dec 16", "Dec 30", "Jan 13", "Jan 27", "Feb 10", "Feb 24"]),
        ("all", ["Feb 2024", "Aug 2024", "Feb 2025", "Aug 2025", "Feb 2026"]),
        ("today", [f"{hour:02}" for hour in range(0, 24, 2)]),
    ],
)
def test_the_moments_are_labelled_at_even_steps(name: str, labels: list[str]) -> None:
    sheet = draw(EVERY[name], ENGLISH)
    middles = [(left + right) / 2 for left, _, right, _ in (box_of(sheet, label) for label in labels)]

    shown = said(sheet)
    assert shown[(first := shown.index(labels[0])) : first + len(labels)] == labels
    # Only the first and the last may move, to stay within the picture.
    apart = [after - before for before, after in itertools.pairwise(middles[1:-1])]
    assert max(apart) - min(apart) <= 5


def test_more_moments_are_an_area_and_two_lines_one_of_them_dashed() -> None:
    sheet = draw(summary("90d", a_day=40), ENGLISH)
    _, upper, left, _ = box_of(sheet, "70")
    _, _, _, lower = box_of(sheet, "0")
    plot = picture_of(sheet).crop((round(left) + 28, round(upper), WIDTH - EDGE - 46, round(lower) - 10))

    columns = [set(column_of(plot, x)) for x in range(plot.width)]
    assert all(rgb(ASKED) in colours for colours in columns)
    dashes = [rgb(CALLED) in colours for colours in columns]
    assert 0.4 < sum(dashes) / len(dashes) < 0.9
    assert sum(one != other for one, other in itertools.pairwise(dashes)) > 90
    assert sum(rgb(CAME) in colours for colours in columns) > 0.9 * len(columns)


def test_the_busiest_hour_stands_out() -> None:
    told = summary("30d")
    sheet = draw(told, ENGLISH)
    picture = picture_of(sheet)
    counts = told.statistics.by_hour

    for hour in range(0, 24, 3):
        left, upper, right, _ = box_of(sheet, f"{hour:02}")
        colour = colour_at(picture, round((left + right) / 2), round(upper) - 18)
        assert colour == rgb(INK if counts[hour] == max(counts) else ASKED)


def test_beside_the_words_nothing_has_their_colour() -> None:
    sheet = draw(summary("90d"), RUSSIAN)
    picture = picture_of(sheet)

    for _, (left, upper, right, lower) in boxes(sheet):
        picture.paste(GROUND, (math.floor(left) - 1, math.floor(upper) - 1, math.ceil(right) + 1, math.ceil(lower) + 1))

    left_over = {colour for _, colour in picture.getcolors(WIDTH * HEIGHT) or []}
    assert rgb(SURFACE) in left_over
    assert rgb(QUIET) not in left_over


@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_is_written_from_right_to_left_begins_at_the_right(
    layout: ImageFont.Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chart_sheet, "LAYOUT", layout)
    word, first, last = (Canvas(400, 100) for _ in range(3))
    word.text(300, 60, "שלום", 40, align="right")
    first.text(300, 60, "ש", 40, align="right")
    last.text(300, 60, "ם", 40, align="right")

    ((_, (left, _, right, _)),) = boxes(first)
    whole, begins, ends = (
        picture_of(sheet).crop((math.floor(left), 0, math.ceil(right), 100)) for sheet in (word, first, last)
    )

    assert difference(whole, begins) < difference(whole, ends) / 2


def difference(one: Image.Image, other: Image.Image) -> int:
    return sum(value * count for value, count in enumerate(ImageChops.difference(one, other).convert("L").histogram()))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_arabic_letters_are_joined(layout: ImageFont.Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chart_sheet, "LAYOUT", layout)
    sheet = Canvas(400, 100)

    assert sheet.width_of("ببب", 40) < 2 * sheet.width_of("ب", 40)
    assert sheet.width_of("ااا", 40) == pytest.approx(3 * sheet.width_of("ا", 40), abs=2)


def test_what_no_font_has_leaves_no_trace() -> None:
    with_it, without = Canvas(400, 100), Canvas(400, 100)
    with_it.text(20, 60, "🏠 Дом\ufe0f 漢字 5", 30)
    without.text(20, 60, "Дом 5", 30)

    assert with_it.png() == without.png()


def test_it_tells_the_numbers() -> None:
    told = summary("7d")

    shown = said(draw(told, ENGLISH))

    for step in FunnelStep:
        assert f"{told.statistics.funnel[step]:,}" in shown
    assert {"100%", "91%", "78%", "Asked", "Contact", "Number", "Called", "In"} <= set(shown)
    assert {"Russia", "Kazakhstan", "By day", "Feb 23", "Mar 1", "All gates"} <= set(shown)
    assert "Россия" in said(draw(told, RUSSIAN))


def test_one_day_is_told_by_hours_and_all_time_by_months() -> None:
    day, ever = said(draw(summary("today"), ENGLISH)), said(draw(summary("all", months=6), ENGLISH))

    assert {"By hour, UTC", "00", "12"} <= set(day)
    assert not any("by hour of the day" in text for text in day)
    assert {"By month", "Oct 2025", "Mar 2026"} <= set(ever)


def test_nothing_is_told_in_a_sentence_and_without_empty_axes() -> None:
    shown = said(draw(empty(), ENGLISH))

    assert "No data yet" in shown
    assert len(shown) == 4


def test_titles_keep_their_letters_and_lose_what_no_font_has() -> None:
    shown = said(draw(summary("7d"), ENGLISH))

    assert {GATES[-1002000000003], GATES[-1002000000004]} <= set(shown)
    assert "-1002000000005" in shown
    assert drawable("🏠 Дом 5 ⚡️ 漢字 $1 $2") == "Дом 5 ⚡ $1 $2"
    assert drawable("и\u0306") == "й"
    assert drawable("🏠漢字") == ""


@pytest.mark.parametrize("title", ["🏠漢字", "漢字 (東京)", "«漢»", "\u202e🏠\u202c!", "\u0301\u0302"])
def test_a_gate_goes_by_its_id_where_no_letter_of_its_title_can_be_drawn(title: str) -> None:
    assert said(draw(summary("7d", gate=(-1005, title)), ENGLISH))[0] == "-1005"
    assert "-1005" in said(draw(summary("7d", gates={-1005: title}), ENGLISH))


def test_a_letter_keeps_one_mark_and_nothing_else_has_any() -> None:
    assert drawable("Z" + "\u0335\u0336" * 30 + "o") == "Z\u0335o"
    assert drawable("\u0301a \u0302b漢\u0303c") == "a bc"
    assert drawable("за\u0301мок") == "за\u0301мок"


def test_what_is_too_long_is_shortened_to_what_fits() -> None:
    sheet = Canvas(600, 100)

    width = sheet.text(20, 50, "w" * 200, 30, within=400)

    (text,) = said(sheet)
    assert text.endswith("…")
    assert 350 < width <= 400
    assert sheet.text(20, 50, "w" * 3, 30, within=400) < 400
    assert said(sheet)[1] == "www"


def luminance(colour: str) -> float:
    return sum(times([(0.2126, 0.7152, 0.0722)], linear(colour)))


def linear(colour: str) -> list[float]:
    parts = [part / 255 for part in rgb(colour)]
    return [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("ground", [GROUND, SURFACE])
def test_words_and_shapes_stand_out(ground: str) -> None:
    assert min(contrast(colour, ground) for colour in (INK, QUIET, CAME)) >= 4.5
    assert min(contrast(colour, ground) for colour in (ASKED, CALLED, CAME)) >= 3


SEEN_AS = {
    # Machado, Oliveira, Fernandes (2009): what remains of linear RGB without one of the three kinds of cones.
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.01182, 0.04294, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.3039)),
}
XYZ = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))


def lab(linear_rgb: Sequence[float]) -> tuple[float, float, float]:
    """CIELAB, in which distances roughly match what people see."""
    clipped = [min(1, max(0.01, part)) for part in linear_rgb]
    x, y, z = (math.cbrt(part / white) for part, white in zip(times(XYZ, clipped), (0.9505, 1, 1.089), strict=True))
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def times(matrix: Sequence[Sequence[float]], vector: Sequence[float]) -> list[float]:
    return [sum(one * other for one, other in zip(row, vector, strict=True)) for row in matrix]


@pytest.mark.parametrize("eyes", SEEN_AS)
def test_who_sees_few_colours_can_tell_them_apart(eyes: str) -> None:
    seen = [lab(times(SEEN_AS[eyes], linear(colour))) for colour in (ASKED, CALLED, CAME)]

    assert min(math.dist(one, other) for one, other in itertools.combinations(seen, 2)) > 25


def test_the_fonts_come_with_the_bot_and_their_licence_with_them() -> None:
    assert FONTS.is_relative_to(ROOT / "bot")
    assert {path.name for path in FONTS.iterdir()} == {"DejaVuSans.ttf", "DejaVuSans-Bold.ttf", "LICENSE_DEJAVU"}
    assert "Bitstream Vera" in (FONTS / "LICENSE_DEJAVU").read_text(encoding="utf-8")
    assert "bot/features/statistics/fonts" in (ROOT / "README.md").read_text(encoding="utf-8")
