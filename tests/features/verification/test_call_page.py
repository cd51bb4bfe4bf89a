"""What the call screens of ended attempts show, and for how long."""

from __future__ import annotations

import pytest

from bot.domain.screens import ScreenName
from bot.features.verification.call_page import CallScreen, read_calls
from tests.features.rules import ANNA, MINUTE, Rules
from tests.features.verification.test_attempt import WINDOW_AND_A_BIT, cancels, presses_again


async def screen(rules: Rules) -> CallScreen:
    """Read the call screen of the newest attempt."""
    (row,) = await rules.rows("SELECT token FROM verifications ORDER BY id DESC LIMIT 1")
    return (await rules.database.transact(lambda store: read_calls(store, [row["token"]])))[row["token"]]


async def is_limited_for(rules: Rules, minutes: float, user_id: int = ANNA) -> None:
    """The limits have refused this person another attempt for this long."""
    person = await rules.meets(user_id)
    details = {"until": int(rules.now.timestamp() + minutes * MINUTE)}
    await rules.database.transact(
        lambda store: store.screens.show(person.user_id, person.chat_id, ScreenName.LIMITED, rules.now, details=details)
    )


async def test_five_numbers_an_hour_whose_windows_have_closed_leave_none_to_show_even_before_the_sweep(
    rules: Rules,
) -> None:
    await rules.gets_number()
    for pause in (0, 0, 10 * MINUTE, 0):
        rules.later(pause)
        await presses_again(rules)
        await rules.is_given()
    rules.later(WINDOW_AND_A_BIT)
    assert (await screen(rules)).state == "expired"

    await presses_again(rules)

    assert await rules.face() == "limited"
    told = await screen(rules)
    assert told.state == "limited"
    assert told.until is not None
    assert 34 * MINUTE < (told.until - rules.now).total_seconds() <= 35 * MINUTE
    await rules.sweeps()
    assert ((await screen(rules)).state, await rules.face()) == ("limited", "limited")
    rules.later(35 * MINUTE)
    assert ((await screen(rules)).state, (await screen(rules)).until) == ("expired", None)


@pytest.mark.parametrize(
    ("limited", "told"),
    [(None, 10), (1, 11), (5, 15), (45, 55), (58, 60), (24 * 60, 60)],
)
async def test_an_ended_attempt_is_told_for_ten_minutes_and_longer_where_trying_again_is_to_wait_but_not_over_an_hour(
    rules: Rules, limited: int | None, told: int
) -> None:
    await rules.gets_number()
    await cancels(rules)
    if limited is not None:
        await is_limited_for(rules, limited)

    rules.later(told * MINUTE)
    assert (await screen(rules)).is_told(rules.now)
    rules.later(1)
    assert not (await screen(rules)).is_told(rules.now)


@pytest.mark.parametrize("limited", [None, 20])
async def test_an_ended_attempt_is_watched_for_two_minutes_and_a_limited_one_until_that_is_over(
    rules: Rules, limited: int | None
) -> None:
    await rules.gets_number()
    await cancels(rules)
    if limited is not None:
        await is_limited_for(rules, limited)

    rules.later((limited or 2) * MINUTE - 1)
    assert not (await screen(rules)).is_final(rules.now)
    rules.later(2)
    assert (await screen(rules)).state == "cancelled"
    assert (await screen(rules)).is_final(rules.now)
