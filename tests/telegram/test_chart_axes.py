"""Axes end with round numbers, have whole steps, and have evenly spaced labels."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.features.statistics.chart_sheet import DAY_STEPS, HOUR_STEPS, MONTH_STEPS, label_step, ticks


@pytest.mark.parametrize(
    ("largest", "expected"),
    [
        (0, (0, 1)),
        (1, (0, 1)),
        (2, (0, 1, 2)),
        (3, (0, 1, 2, 3)),
        (5, (0, 3, 6)),
        (7, (0, 4, 8)),
        (9, (0, 3, 6, 9)),
        (10, (0, 5, 10)),
        (11, (0, 6, 12)),
        (158, (0, 80, 160)),
        (2083, (0, 1200, 2400)),
        (1_000_000, (0, 500_000, 1_000_000)),
        (1_000_001, (0, 600_000, 1_200_000)),
    ],
)
def test_an_axis_ends_with_a_round_number_and_is_divided_into_whole_ones(
    largest: int, expected: tuple[int, ...]
) -> None:
    assert ticks(largest) == expected


@given(st.integers(min_value=2, max_value=10**12))
def test_an_axis_holds_what_is_largest_and_little_more(largest: int) -> None:
    axis = ticks(largest)

    assert axis[0] == 0
    assert 3 <= len(axis) <= 4
    assert len({after - before for before, after in pairwise(axis)}) == 1
    assert largest <= axis[-1] <= largest * 1.34
    assert len(str(axis[-1]).rstrip("0")) <= 2


@pytest.mark.parametrize(
    ("needed", "steps", "expected"),
    [
        (0.3, DAY_STEPS, 1),
        (1.2, DAY_STEPS, 2),
        (4.9, DAY_STEPS, 5),
        (12.1, DAY_STEPS, 14),
        (29, DAY_STEPS, 56),
        (2.1, HOUR_STEPS, 3),
        (4.5, MONTH_STEPS, 6),
        (12, MONTH_STEPS, 12),
        (25, MONTH_STEPS, 36),
    ],
)
def test_labels_stand_at_even_steps(needed: float, steps: tuple[int, ...], expected: int) -> None:
    assert label_step(needed, steps) == expected
