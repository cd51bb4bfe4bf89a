"""Opening the Mini App: its effects, and what it then shows."""

from __future__ import annotations

import itertools

import pytest

from bot.domain.admin_actions import AdminActionKind
from bot.domain.gates import APP_PATIENCE, OPEN_APP_PATIENCE, GrantState
from bot.domain.outgoing import DeliveryResult, DeliveryStatus
from bot.domain.people import Claim, InitData
from bot.domain.screens import ScreenName
from bot.features.verification.call_page import CallScreen, CallState, on_app_opened, read_app
from tests.features.rules import ANNA, BORIS, GATE, HOUR, MINUTE, OFF, OTHER_GATE, Rules

QUERY = "the query of a guard join"
USED_INIT_DATA = itertools.count()


async def opens_app(
    rules: Rules, query_id: str | None = None, language: str = "en", digest: str = "", nonce: str = "a page"
) -> Claim:
    launch = InitData(digest or f"launch {next(USED_INIT_DATA)}", ANNA, language, query_id)
    return await rules.database.transact(lambda store: on_app_opened(store, launch, nonce))


async def shown(rules: Rules, user_id: int = ANNA) -> CallScreen:
    return await rules.database.transact(lambda store: read_app(store, user_id))


async def due_in(rules: Rules) -> float:
    """Return the seconds until the person's screen is drawn."""
    (row,) = await rules.rows("SELECT due_at FROM screens WHERE user_id = :id", id=ANNA)
    return float(round(row["due_at"] / 10**6 - rules.now.timestamp(), 3))


async def test_a_launch_serves_the_page_that_used_it_first(rules: Rules) -> None:
    assert await opens_app(rules, digest="one", nonce="a page") is Claim.NEW
    assert await opens_app(rules, digest="one", nonce="a page") is Claim.AGAIN
    assert await opens_app(rules, digest="one", nonce="another page") is Claim.TAKEN
    assert await opens_app(rules, digest="two", nonce="another page") is Claim.NEW

    assert (await rules.journal()).count("app_opened") == 2
    rules.later(HOUR + 1)
    await rules.sweeps()
    assert await rules.rows("SELECT digest FROM used_init_data") == []


async def test_a_guard_join_in_its_app_is_reached_and_its_message_waits_three_minutes_from_the_request(
    rules: Rules,
) -> None:
    await rules.asks_to_join(wrote=False, query_id=QUERY)
    assert await due_in(rules) == APP_PATIENCE.total_seconds()
    rules.later(5)

    await opens_app(rules, QUERY)

    assert await due_in(rules) == OPEN_APP_PATIENCE.total_seconds() - 5
    assert await rules.rows("SELECT reach FROM join_requests") == [{"reach": "reached"}]
    rules.later(10)
    await opens_app(rules, QUERY)
    assert await due_in(rules) == OPEN_APP_PATIENCE.total_seconds() - 15, "opening it again does not prolong it"
    assert (await rules.journal())[-3:] == ["app_opened", "join_reached", "app_opened"]


@pytest.mark.parametrize("query_id", [None, "the query of an older guard join"])
async def test_an_app_opened_for_anything_else_keeps_no_message_back(rules: Rules, query_id: str | None) -> None:
    await rules.asks_to_join(wrote=False, query_id=QUERY)
    await rules.asks_to_join(gate=OTHER_GATE, wrote=False)
    before = await due_in(rules)

    await opens_app(rules, query_id)

    assert await due_in(rules) == before


async def test_a_message_drawn_already_stays_as_it_is(rules: Rules) -> None:
    await rules.asks_to_join(wrote=False, query_id=QUERY)
    await rules.execute("UPDATE screens SET shown_revision = revision")
    rules.later(30)

    await opens_app(rules, QUERY)

    assert await due_in(rules) == APP_PATIENCE.total_seconds() - 30


async def test_a_verified_person_who_waits_comes_in_at_once_where_the_gate_is_on(rules: Rules) -> None:
    await rules.asks_to_join()
    await rules.asks_to_join(gate=OTHER_GATE)
    await rules.becomes(OFF)
    await rules.verifies()
    await rules.execute("UPDATE join_requests SET state = 'waiting'")
    await rules.execute("DELETE FROM grants")

    await opens_app(rules)

    assert await rules.requests() == ["approved", "waiting"]
    assert (await rules.grant()).gate_id == OTHER_GATE.chat_id
    screen = await shown(rules)
    assert [(gate.title, gate.state) for gate in screen.gates] == [(OTHER_GATE.title, "due")]
    assert not screen.is_final(rules.now)


async def test_who_is_known_keeps_what_a_launch_does_not_tell(rules: Rules) -> None:
    await rules.meets()

    await opens_app(rules, language="")
    assert await rules.rows("SELECT language, can_be_written FROM people") == [
        {"language": "en", "can_be_written": True}
    ]

    await opens_app(rules, language="ru")
    assert await rules.rows("SELECT language FROM people") == [{"language": "ru"}]


async def test_nobody_knows_anything_yet(rules: Rules) -> None:
    screen = await shown(rules)

    assert (screen.state, screen.token, screen.gates, screen.refusal, screen.language) == ("contact", "", (), None, "")


async def test_the_gates_that_wait_are_named_before_the_contact_is_shared(rules: Rules) -> None:
    await rules.asks_to_join()
    await rules.asks_to_join(gate=OTHER_GATE)
    await rules.asks_to_join(BORIS)

    assert [gate.title for gate in (await shown(rules)).gates] == [GATE.title, OTHER_GATE.title]


async def test_a_gate_asked_for_anew_is_told_once(rules: Rules) -> None:
    await rules.asks_to_join()
    await rules.verifies()
    await rules.execute("UPDATE grants SET state = 'done'")
    assert [gate.state for gate in (await shown(rules)).gates] == ["done"]

    await rules.execute("UPDATE join_requests SET state = 'waiting'")

    assert [gate.state for gate in (await shown(rules)).gates] == ["due"]


async def test_an_end_is_shown_until_the_chat_asks_for_the_contact_anew(rules: Rules) -> None:
    await rules.gets_number()
    token = (await shown(rules)).token
    rules.later(16 * MINUTE)
    ended = await shown(rules)
    assert (ended.state, ended.token) == ("expired", token)
    await rules.sweeps()
    assert (await shown(rules)).state == "expired"

    await rules.asks_to_join()

    assert (await rules.face(), (await shown(rules)).state) == ("welcome", "contact")


@pytest.mark.parametrize("face", [ScreenName.HELP, ScreenName.PRIVACY])
async def test_what_is_read_in_the_chat_meanwhile_hides_nothing(rules: Rules, face: ScreenName) -> None:
    await rules.gets_number()
    rules.later(16 * MINUTE)

    await rules.database.transact(lambda store: store.screens.show(ANNA, ANNA, face, rules.now))

    assert (await shown(rules)).state == "expired"


async def test_whom_an_admin_let_in_is_asked_for_nothing(rules: Rules) -> None:
    await rules.asks_to_join()
    await rules.wants(AdminActionKind.LET_IN)
    assert (await shown(rules)).state is CallState.CONFIRMED
    assert [granted.state for granted in (await shown(rules)).gates] == [GrantState.DUE]

    await rules.settles(DeliveryResult(await rules.grant(), DeliveryStatus.DONE))
    assert [(granted.title, granted.state) for granted in (await shown(rules)).gates] == [(GATE.title, GrantState.DONE)]

    await rules.asks_to_join(gate=OTHER_GATE)
    assert (await shown(rules)).state is CallState.CONTACT
