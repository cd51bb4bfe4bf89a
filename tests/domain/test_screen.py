"""When the screen refreshes the time left."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.screens import REFRESHED_BEFORE_END, last_refresh_passed, next_refresh
from tests.domain.makers import NOW, TICK

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
MOMENTS = [timedelta(seconds=seconds) for seconds in (300, 120, 60, 30)]
LEFT = st.timedeltas(timedelta(minutes=-5), timedelta(minutes=20))


def test_the_moments_are_five_two_and_one_minute_and_half_a_minute_before_the_end() -> None:
    assert list(REFRESHED_BEFORE_END) == MOMENTS


@pytest.mark.parametrize(
    ("left", "passed", "following"),
    [
        (900 * SECOND, None, 300),
        (300 * SECOND + TICK, None, 300),
        (300 * SECOND, 300, 120),
        (120 * SECOND + TICK, 300, 120),
        (120 * SECOND, 120, 60),
        (60 * SECOND, 60, 30),
        (30 * SECOND + TICK, 60, 30),
        (30 * SECOND, 30, None),
        (0 * SECOND, 30, None),
        (-60 * SECOND, 30, None),
    ],
)
def test_with_so_much_left_this_moment_has_passed_and_that_one_follows(
    left: timedelta, passed: int | None, following: int | None
) -> None:
    now = NOW - left

    assert last_refresh_passed(NOW - DAY, NOW, now) == (None if passed is None else passed * SECOND)
    assert next_refresh(NOW, now) == (None if following is None else NOW - following * SECOND)


@given(left=LEFT)
def test_at_the_next_moment_the_screen_says_something_new_and_never_before(left: timedelta) -> None:
    now = NOW - left
    said, following = last_refresh_passed(NOW - DAY, NOW, now), next_refresh(NOW, now)

    if following is None:
        assert last_refresh_passed(NOW - DAY, NOW, NOW) == said
    else:
        assert following > now
        assert last_refresh_passed(NOW - DAY, NOW, following - TICK) == said
        assert last_refresh_passed(NOW - DAY, NOW, following) == NOW - following
        assert NOW - following != said


@given(left=LEFT)
def test_who_follows_the_moments_sees_each_of_those_ahead_once(left: timedelta) -> None:
    now, said = NOW - left, list[timedelta]()
    while (following := next_refresh(NOW, now)) is not None:
        now = following
        passed = last_refresh_passed(NOW - DAY, NOW, now)
        assert passed is not None
        said.append(passed)

    assert said == [moment for moment in MOMENTS if moment < left]


@pytest.mark.parametrize(("left", "passed"), [(300, None), (151, None), (120, 120), (30, 30)])
def test_a_short_window_has_no_moment_in_its_first_half(left: int, passed: int | None) -> None:
    said = last_refresh_passed(NOW - 300 * SECOND, NOW, NOW - left * SECOND)

    assert said == (None if passed is None else passed * SECOND)
