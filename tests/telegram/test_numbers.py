"""Spans of time, each as its place needs it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.i18n import formats
from bot.i18n.texts import Texts

WORDS = Texts("en").in_language("en")
SECOND, MINUTE, HOUR, DAY = (timedelta(seconds=n) for n in (1, 60, 3600, 86400))


@pytest.mark.parametrize(
    ("length", "whole", "short", "rounded", "exact"),
    [
        (5 * MINUTE, "5 minutes", "5 min", "5 minutes", "5 min 0 s"),
        (90 * MINUTE, "90 minutes", "1 h", "90 minutes", "90 min 0 s"),
        (HOUR + 30 * SECOND, "1 hour", "1 h", "60 minutes", "60 min 30 s"),
        (2 * HOUR, "2 hours", "2 h", "2 hours", "120 min 0 s"),
        (50 * HOUR, "50 hours", "2 d", "50 hours", "3000 min 0 s"),
        (3 * DAY, "3 days", "3 d", "72 hours", "4320 min 0 s"),
    ],
)
def test_a_span_in_each_form(length: timedelta, whole: str, short: str, rounded: str, exact: str) -> None:
    assert formats.whole_span(length, WORDS) == whole
    assert formats.lasted(length, WORDS) == short
    assert formats.rounded_span(length, WORDS) == rounded
    assert formats.exact_span(length.total_seconds(), WORDS) == exact


def test_a_span_of_seconds() -> None:
    assert formats.lasted(59 * SECOND, WORDS) == "59 s"
    assert formats.lasted(-SECOND, WORDS) == "0 s"
    assert formats.rounded_span(119 * SECOND, WORDS) == "119 seconds"
    assert formats.exact_span(0.2, WORDS) == "1 s"
    assert formats.exact_span(59.4, WORDS) == "59 s"
