"""Charts can be read: all words are within, none lies on another, in every language, with any title, of any time."""

from __future__ import annotations

import io
import itertools
import subprocess
from typing import Any

import matplotlib.image
import numpy as np
import pytest

from bot.domain.statistics import Step
from bot.telegram import chart_sheet
from bot.telegram.chart_sheet import ASKED, CALLED, CAME, GROUND, INK, QUIET, SURFACE, Sheet, drawable
from bot.telegram.charts import EMPTY_HEIGHT, HEIGHT, WIDTH, chart, draw
from bot.telegram.stats import SUMMARY, draw_apart
from bot.telegram.texts import Texts, Words
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
    "empty": empty(),
    "empty, one gate": empty("all", LONG),
}


class Stretched(Words):
    """A language in which everything takes half as much room again."""

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
"""Where the longer words fit the shorter ones do, but for what is placed by how wide its neighbours are."""


def boxes(sheet: Sheet) -> list[tuple[str, Any]]:
    return [(text.get_text(), text.get_window_extent()) for text in sheet.texts if text.get_text()]


def pixels(png: bytes) -> Any:
    return matplotlib.image.imread(io.BytesIO(png))


def said(sheet: Sheet) -> list[str]:
    return [text.get_text() for text in sheet.texts]


@pytest.mark.parametrize(("name", "language"), CASES)
def test_no_word_lies_on_another_and_all_are_within(name: str, language: str) -> None:
    sheet = draw(EVERY[name], LANGUAGES[language])

    found = boxes(sheet)
    assert len(found) > 3
    for text, box in found:
        assert box.x0 >= 30, text
        assert box.x1 <= WIDTH - 30, text
        assert box.y0 >= 20, text
        assert box.y1 <= sheet.height - 20, text
    for (one, box), (other, another) in itertools.combinations(found, 2):
        assert not box.overlaps(another), (one, other)


@pytest.mark.parametrize(("name", "height"), [("today", HEIGHT), ("90d", HEIGHT), ("empty", EMPTY_HEIGHT)])
def test_the_picture_has_its_size_and_holds_something(name: str, height: int) -> None:
    picture = pixels(chart(EVERY[name], ENGLISH))

    assert picture.shape[:2] == (height, WIDTH)
    assert len(np.unique(picture.reshape(-1, picture.shape[2]), axis=0)) > 50
    assert picture[:, :, 3].min() == 1.0
    corner = [int(part * 255 + 0.5) for part in picture[0, 0, :3]]
    assert "#" + "".join(f"{part:02x}" for part in corner) == GROUND


def test_it_tells_the_numbers() -> None:
    told = summary("7d")

    shown = said(draw(told, ENGLISH))

    for step in Step:
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

    assert "Nothing to tell yet" in shown
    assert len(shown) == 4


def test_titles_keep_their_letters_and_lose_what_no_font_has() -> None:
    shown = said(draw(summary("7d"), ENGLISH))

    assert {GATES[-1002000000003], GATES[-1002000000004]} <= set(shown)
    assert "-1002000000005" in shown
    assert drawable("🏠 Дом 5 ⚡️ 漢字 $1 $2") == "Дом 5 ⚡ $1 $2"


def test_what_is_too_long_is_shortened_to_what_fits() -> None:
    sheet = Sheet(600, 100)

    width = sheet.text(20, 50, "w" * 200, 30, within=400)

    (text,) = said(sheet)
    assert text.endswith("…")
    assert 350 < width <= 400
    assert sheet.text(20, 50, "w" * 3, 30, within=400) < 400
    assert said(sheet)[1] == "www"


def luminance(colour: str) -> float:
    return float(np.dot((0.2126, 0.7152, 0.0722), linear(colour)))


def linear(colour: str) -> Any:
    parts = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("ground", [GROUND, SURFACE])
def test_words_and_shapes_stand_out(ground: str) -> None:
    assert min(contrast(colour, ground) for colour in (INK, QUIET, CAME)) >= 4.5
    assert min(contrast(colour, ground) for colour in (ASKED, CALLED, CAME)) >= 3


SEEN_AS = {
    # Machado, Oliveira, Fernandes (2009): what is left of linear RGB without one of the three kinds of cones.
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.01182, 0.04294, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.3039)),
}
XYZ = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))


def lab(linear_rgb: Any) -> Any:
    """CIELAB, in which distances are about what eyes make of them."""
    x, y, z = np.cbrt(np.array(XYZ) @ np.clip(linear_rgb, 0.01, 1) / np.array((0.9505, 1, 1.089)))
    return np.array((116 * y - 16, 500 * (x - y), 200 * (y - z)))


@pytest.mark.parametrize("eyes", SEEN_AS)
def test_who_sees_few_colours_can_tell_them_apart(eyes: str) -> None:
    seen = [lab(np.array(SEEN_AS[eyes]) @ linear(colour)) for colour in (ASKED, CALLED, CAME)]

    assert min(np.linalg.norm(one - other) for one, other in itertools.combinations(seen, 2)) > 25


def test_a_process_of_its_own_draws_the_same() -> None:
    told = summary("7d")

    assert SUMMARY.validate_json(told.packed()) == told
    assert draw_apart(told.packed(), "ru") == chart(told, RUSSIAN)


def test_what_cannot_be_drawn_there_is_an_error() -> None:
    with pytest.raises(subprocess.CalledProcessError):
        draw_apart("no summary", "en")


def test_the_fonts_are_those_that_come_with_the_library() -> None:
    assert str(chart_sheet._font(bold=False).get_file()).endswith("mpl-data/fonts/ttf/DejaVuSans.ttf")
