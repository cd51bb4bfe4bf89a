"""What a notification quotes of an error ends with a whole word."""

from __future__ import annotations

import pytest

from bot.domain.error_text import LONGEST, shortened


@pytest.mark.parametrize(
    ("error", "kept"),
    [
        ("Bad Request: chat not found", "Bad Request: chat not found"),
        ("Bad Request:\n chat  not found", "Bad Request: chat not found"),
        ("one two three", "one two…"),
        ("", ""),
        ("x" * 20, "x" * 11 + "…"),
    ],
)
def test_it_is_cut_between_words(error: str, kept: str) -> None:
    assert shortened(error, 12 if len(error) < 25 and "Bad" not in error else LONGEST) == kept


@pytest.mark.parametrize("words", range(1, 80))
def test_whatever_its_length_no_word_is_cut(words: int) -> None:
    error = " ".join(["administrator"] * words)
    cut = shortened(error)
    assert len(cut) <= LONGEST
    assert set(cut.removesuffix("…").split()) == {"administrator"}
