"""The axes of a chart: where they end, their ticks, and which moments get a label."""

from __future__ import annotations

from collections.abc import Sequence

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
