"""Starting, retrying, cancelling: the current state decides, whatever button was pressed."""

from __future__ import annotations

import pytest

from bot.domain.notifications import Toast
from bot.domain.outgoing import DeliveryResult, DeliveryStatus, PendingGrant
from bot.domain.phone import SharedContact
from bot.domain.screens import ScreenName
from bot.features.access.grant_results import retry_entry
from bot.features.verification.attempt import cancel_verification, show_screen
from tests.features.rules import ANNA, BORIS, GATE, HOUR, OTHER_PHONE, PHONE, Rules

WINDOW_AND_A_BIT = 15 * 60 + 1.0


async def presses_again(rules: Rules, verification_id: int = 1, user_id: int = ANNA) -> Toast:
    person = await rules.meets(user_id)
    return await rules.database.transact(lambda store: rules.ask_again(store, person, verification_id))


async def cancels(rules: Rules, verification_id: int | None = None, user_id: int = ANNA) -> Toast:
    person = await rules.meets(user_id)
    return await rules.database.transact(lambda store: cancel_verification(store, person, verification_id))


async def wants(rules: Rules, face: ScreenName, *, fresh: bool, started: bool = False) -> None:
    person = await rules.meets()
    await rules.database.transact(lambda store: show_screen(store, person, face, fresh=fresh, started=started))


async def test_a_phone_that_another_account_is_verifying_is_busy_and_one_that_verified_it_is_taken(
    rules: Rules,
) -> None:
    await rules.gets_number(ANNA)
    await rules.shares(BORIS)
    assert await rules.rows("SELECT code FROM journal WHERE event = 'contact_refused'") == [{"code": "busy"}]

    await rules.execute("DELETE FROM numbers")
    await rules.execute("DELETE FROM verifications")
    await rules.verifies(ANNA)
    await rules.shares(BORIS)

    refusals = await rules.rows("SELECT code FROM journal WHERE event = 'contact_refused' ORDER BY id")
    assert [row["code"] for row in refusals] == ["busy", "taken"]
    assert await rules.face(BORIS) == "contact_refused"


async def test_the_same_contact_again_shows_the_same_attempt_and_another_begins_anew(rules: Rules) -> None:
    await rules.gets_number()
    await rules.shares()
    assert await rules.states() == ["open"]

    await rules.shares(phone=OTHER_PHONE)

    assert await rules.states() == ["cancelled", "open"]


async def test_who_is_verified_sees_so_when_sharing_the_contact_again(rules: Rules) -> None:
    await rules.verifies()

    await rules.shares()

    assert await rules.states() == ["confirmed"]
    assert await rules.face() == "welcome"


@pytest.mark.parametrize(
    ("owner", "number", "code"),
    [(BORIS, PHONE, "not_own"), (ANNA, "88801234567", "anonymous"), (ANNA, "12", "not_mobile")],
)
async def test_a_refused_contact_is_deleted_all_the_same(rules: Rules, owner: int, number: str, code: str) -> None:
    person = await rules.meets()
    contact = SharedContact(ANNA, owner, is_forwarded=False, number=number)

    await rules.database.transact(lambda store: rules.take_contact(store, person, contact, 5))

    assert await rules.rows("SELECT code FROM journal") == [{"code": code}]
    assert await rules.rows("SELECT kind FROM tasks") == [{"kind": "delete_message"}]
    assert await rules.states() == []


async def test_the_fourth_number_in_ten_minutes_is_limited_and_the_one_shown_stays(rules: Rules) -> None:
    await rules.gets_number()
    for _ in range(2):
        assert await presses_again(rules) is Toast.ASKING
        assert await presses_again(rules) is Toast.NOTHING
        await rules.is_given()

    assert await presses_again(rules) is Toast.LIMITED

    assert (await rules.journal())[-1] == "limited"
    assert await rules.face() == "progress"
    rules.later(600)
    assert await presses_again(rules) is Toast.ASKING


async def test_limits_hold_for_a_new_attempt_too_and_for_a_phone_that_changes_hands(rules: Rules) -> None:
    for _ in range(3):
        await rules.gets_number()
        await cancels(rules)

    await rules.shares()
    await rules.shares(BORIS)

    assert await rules.states() == ["cancelled"] * 3
    assert (await rules.face(ANNA), await rules.face(BORIS)) == ("limited", "limited")


async def test_try_again_takes_one_tap_while_the_phone_is_kept_and_the_contact_after_that(rules: Rules) -> None:
    await rules.gets_number()
    rules.later(WINDOW_AND_A_BIT)
    await rules.sweeps()
    assert await presses_again(rules) is Toast.TRYING_AGAIN
    assert await rules.states() == ["expired", "open"]

    await cancels(rules)
    rules.later(HOUR)
    assert await presses_again(rules, 2) is Toast.TRYING_AGAIN

    assert await rules.states() == ["expired", "cancelled"]
    assert await rules.face() == "welcome"


async def test_old_and_foreign_buttons_change_nothing(rules: Rules) -> None:
    await rules.gets_number()
    await rules.meets(BORIS)

    assert await presses_again(rules, 4242) is Toast.OVER
    assert await presses_again(rules, 1, BORIS) is Toast.NOT_YOURS
    assert await cancels(rules, 1, BORIS) is Toast.NOT_YOURS
    assert await cancels(rules, 4242) is Toast.OVER
    assert await rules.states() == ["open"]


async def test_a_button_of_an_earlier_attempt_shows_the_one_under_way(rules: Rules) -> None:
    await rules.gets_number()
    await rules.gets_number(phone=OTHER_PHONE)

    assert await presses_again(rules, 1) is Toast.NOTHING
    assert await cancels(rules, 1) is Toast.OVER
    assert await rules.states() == ["cancelled", "open"]


async def test_who_is_verified_is_told_so_by_any_button(rules: Rules) -> None:
    await rules.verifies()

    assert await presses_again(rules) is Toast.ALREADY_VERIFIED
    assert await cancels(rules) is Toast.OVER


async def test_the_home_screen_is_where_one_stands(rules: Rules) -> None:
    await wants(rules, ScreenName.WELCOME, fresh=True, started=True)
    assert (await rules.face(), await rules.journal()) == ("welcome", ["started"])
    await rules.gets_number()

    await wants(rules, ScreenName.HELP, fresh=False)
    assert await rules.face() == "help"
    await wants(rules, ScreenName.WELCOME, fresh=False)

    assert await rules.face() == "progress"
    assert (await rules.journal()).count("started") == 1


async def test_who_left_a_chat_is_let_in_by_a_tap(rules: Rules) -> None:
    await rules.asks_to_join()
    await rules.verifies()
    await rules.settles(
        DeliveryResult(await rules.grant(), DeliveryStatus.TOO_MANY_CHATS, error="USER_CHANNELS_TOO_MUCH")
    )
    person = await rules.meets()

    assert await rules.database.transact(lambda store: retry_entry(store, person)) is Toast.TRYING_AGAIN
    assert await rules.database.transact(lambda store: retry_entry(store, person)) is Toast.OVER

    (grant,) = [item for item in await rules.picks() if isinstance(item, PendingGrant)]
    assert (grant.gate_id, grant.user_id, grant.attempts) == (GATE.chat_id, ANNA, 0)


async def test_giving_up_before_the_number_arrives_does_not_get_round_the_limits(rules: Rules) -> None:
    for _ in range(5):
        await rules.shares()
        await cancels(rules)

    assert await rules.states() == ["cancelled"] * 3
    assert (await rules.journal()).count("limited") == 2
