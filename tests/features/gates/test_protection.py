"""A gate counts as guarded only on evidence, and only until somebody bypasses it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.admin_actions import AdminActionKind, GateCard, LinkTestPage
from bot.domain.gate_health import LATELY, GateHealth, GateState, gate_state
from bot.domain.gate_settings import STANDARD, EntryMode, Preset, preset
from bot.domain.gates import ANONYMOUS_ADMIN, NO_ADMIN, OWNER, Gate, GateMode
from bot.domain.notifications import Notification, Toast
from bot.domain.outgoing import MOST_CHECKS, DeliveryResult, DeliveryStatus, TaskKind
from bot.domain.setting_choices import CONFIRMED, Page
from bot.features.joining.newcomers import Newcomer
from tests.domain.makers import NOW
from tests.features.admin_panel import acts, answered, notes, runs, view, writes
from tests.features.rules import ANNA, BORIS, GATE, Rules
from tests.tasks import said

CAROL, DAVE = 11, 12
HEALTH = GateHealth(NOW, can_invite=True, is_supergroup=True)
WEEK = LATELY.total_seconds()


async def joins(rules: Rules, user_id: int = CAROL, *, by: int | None = None, asked: bool = False) -> None:
    """Somebody joins, alone or added by somebody."""
    newcomer = Newcomer(
        user_id, "Carol", is_bot=False, is_admin=False, actor_id=user_id if by is None else by, asked=asked
    )
    await rules.database.transact(lambda store: rules.take_newcomer(store, GATE.chat_id, newcomer))


async def state(rules: Rules) -> GateState:
    """Return the state that the card shows."""
    await notes(rules, BORIS)
    await acts(rules, AdminActionKind.OPEN, Page.CARD)
    card = await view(rules)
    assert isinstance(card, GateCard)
    return card.state


async def looked_at(rules: Rules, health: GateHealth = HEALTH) -> None:
    """Telegram reports the gate's health."""
    await acts(rules, AdminActionKind.CHECK)
    chat_lookup = (await rules.tasks(TaskKind.CHECK_GATE))[-1]
    await answered(rules, chat_lookup, health=replace(health, checked_at=rules.now), admins={BORIS: OWNER, ANNA: OWNER})


async def link_is_made(rules: Rules, link: str | None = "https://t.me/+abc") -> None:
    """Telegram makes the requested link, or refuses."""
    (making,) = await rules.tasks(TaskKind.MAKE_LINK)
    if link is None:
        await rules.settles(DeliveryResult(making, DeliveryStatus.REFUSED, error="not enough rights"))
    else:
        await answered(rules, making, link=link)


async def told(rules: Rules) -> list[tuple[int, str]]:
    """Return the receivers of the message about a bypass, and its link."""
    return [
        (task.chat_id, str(said(task).get("link", "")))
        for task in await rules.tasks(TaskKind.NOTIFY)
        if said(task)["notice"] == Notification.GATE_BYPASSED
    ]


@pytest.mark.parametrize(
    ("gate", "health", "expected"),
    [
        (GATE, None, GateState.UNCONFIRMED),
        (GATE, HEALTH, GateState.UNCONFIRMED),
        (replace(GATE, is_channel=True), HEALTH, GateState.UNCONFIRMED),
        (replace(GATE, settings=replace(STANDARD, way=EntryMode.LINK)), HEALTH, GateState.UNCONFIRMED),
        (GATE, replace(HEALTH, joins_by_request=True), GateState.ON),
        (GATE, replace(HEALTH, is_guarded=True), GateState.ON),
        (GATE, replace(HEALTH, is_open=True), GateState.BYPASSED),
        (GATE, replace(HEALTH, can_invite=False), GateState.HAS_ISSUES),
        (replace(GATE, request_seen_at=NOW), HEALTH, GateState.ON),
        (replace(GATE, tested_at=NOW), None, GateState.ON),
        (replace(GATE, bypassed_at=NOW), HEALTH, GateState.BYPASSED),
        (replace(GATE, bypassed_at=NOW, request_seen_at=NOW), HEALTH, GateState.BYPASSED),
        (replace(GATE, bypassed_at=NOW, tested_at=NOW + timedelta(seconds=1)), HEALTH, GateState.ON),
        # Evidence from before a bypass proves nothing, even if the bypass was long ago.
        (replace(GATE, bypassed_at=NOW - LATELY, tested_at=NOW - 2 * LATELY), HEALTH, GateState.UNCONFIRMED),
        (replace(GATE, bypassed_at=NOW - LATELY, request_seen_at=NOW), HEALTH, GateState.ON),
        (replace(GATE, bypassed_at=NOW, switch=GateMode.PAUSED), HEALTH, GateState.BYPASSED),
        (replace(GATE, switch=GateMode.PAUSED), HEALTH, GateState.PAUSED),
        (replace(GATE, switch=GateMode.OFF, bypassed_at=NOW), HEALTH, GateState.OFF),
        (replace(GATE, is_on=False, tested_at=NOW), HEALTH, GateState.UNGUARDED),
        (replace(GATE, settings=preset(Preset.OPEN, STANDARD), bypassed_at=NOW), HEALTH, GateState.OPEN),
        (replace(GATE, settings=replace(STANDARD, way=EntryMode.MUTE)), None, GateState.UNCONFIRMED),
        (replace(GATE, settings=replace(STANDARD, way=EntryMode.MUTE)), HEALTH, GateState.BYPASSED),
        (
            replace(GATE, settings=replace(STANDARD, way=EntryMode.MUTE), bypassed_at=NOW),
            replace(HEALTH, can_restrict=True),
            GateState.ON,
        ),
    ],
)
def test_the_state_follows_from_evidence(gate: Gate, health: GateHealth | None, expected: GateState) -> None:
    assert gate_state(gate, health, NOW + timedelta(seconds=2)) is expected


async def test_a_join_request_is_evidence(rules: Rules) -> None:
    await runs(rules)
    await looked_at(rules)
    assert await state(rules) is GateState.UNCONFIRMED

    await rules.asks_to_join(CAROL)

    assert await state(rules) is GateState.ON


async def test_who_comes_past_is_told_of_once_with_a_link_that_was_just_made(rules: Rules) -> None:
    await runs(rules)
    await looked_at(rules)
    await rules.database.transact(
        lambda store: store.gates.set_extras(GATE.chat_id, request_link="https://t.me/+revoked")
    )

    await joins(rules)
    assert await state(rules) is GateState.BYPASSED
    await link_is_made(rules)
    for user_id in range(20, 25):
        await joins(rules, user_id)
        rules.later(100)

    assert await rules.tasks(TaskKind.MAKE_LINK) == []
    assert await told(rules) == [(BORIS, "https://t.me/+abc")]
    rules.later(WEEK - 200)
    assert await state(rules) is GateState.BYPASSED
    rules.later(100)
    assert await state(rules) is GateState.UNCONFIRMED
    await joins(rules, DAVE)
    await link_is_made(rules)
    assert len(await told(rules)) == 2


async def test_without_a_link_the_steps_are_told_all_the_same(rules: Rules) -> None:
    await runs(rules)

    await joins(rules)
    await link_is_made(rules, None)

    assert await told(rules) == [(BORIS, "")]


async def says_who_added(rules: Rules, *, is_admin: bool) -> None:
    """Telegram says whether the person who added the newcomers is an admin."""
    for check in await rules.tasks(TaskKind.CHECK_ADMIN):
        await answered(rules, check, rights={GATE.chat_id: OWNER if is_admin else NO_ADMIN})


async def codes(rules: Rules) -> list[tuple[str, str]]:
    """Return how people came in according to the journal, oldest first."""
    rows = await rules.rows("SELECT event, code FROM journal WHERE event IN ('member_came', 'allowed') ORDER BY id")
    return [(row["event"], row["code"]) for row in rows]


async def bypasses_told(rules: Rules) -> list[tuple[int, str]]:
    """Return the receivers of the message about a bypass, and how it says people came."""
    return [
        (task.chat_id, str(said(task).get("how", "")))
        for task in await rules.tasks(TaskKind.NOTIFY)
        if said(task)["notice"] == Notification.GATE_BYPASSED
    ]


async def test_who_is_added_by_a_member_came_past_the_gate_and_admins_hear_of_it_once(rules: Rules) -> None:
    await runs(rules)
    await looked_at(rules)

    await joins(rules, CAROL, by=30)
    assert await codes(rules) == []
    await says_who_added(rules, is_admin=False)
    for user_id in range(20, 25):
        await joins(rules, user_id, by=CAROL)
        await says_who_added(rules, is_admin=False)
        rules.later(100)

    assert await codes(rules) == 6 * [("member_came", "added_by_member")]
    assert await bypasses_told(rules) == [(BORIS, "added_by_member")]
    assert await rules.tasks(TaskKind.MAKE_LINK) == []
    assert await state(rules) is GateState.BYPASSED
    card = await view(rules)
    assert isinstance(card, GateCard)
    (monitoring,) = await rules.database.transact(lambda store: store.monitoring.gates(rules.now - LATELY))
    assert (card.joined_unverified, monitoring.joined_unverified) == (6, 6)


async def test_an_admin_vouches_for_whom_they_add_also_one_of_whom_telegram_is_asked_first(rules: Rules) -> None:
    await runs(rules)
    await looked_at(rules)
    rules.later(3600)

    await joins(rules, CAROL, by=BORIS)
    await says_who_added(rules, is_admin=True)
    await joins(rules, DAVE, by=ANONYMOUS_ADMIN)

    assert await codes(rules) == 2 * [("member_came", "added")]
    assert await bypasses_told(rules) == []
    assert await rules.rows("SELECT bypassed_at FROM gates") == [{"bypassed_at": None}]


async def test_an_admin_of_before_vouches_for_nobody(rules: Rules) -> None:
    await runs(rules)
    await looked_at(rules)
    rules.later(3600)

    await joins(rules, CAROL, by=ANNA)
    await says_who_added(rules, is_admin=False)

    assert await bypasses_told(rules) == [(BORIS, "added_by_member")]


@pytest.mark.parametrize("is_admin", [False, True])
async def test_who_had_asked_was_let_in_by_whoever_added_them_only_if_that_is_an_admin(
    rules: Rules, is_admin: bool
) -> None:
    await runs(rules)
    await rules.asks_to_join(CAROL)
    rules.later(1)

    await joins(rules, CAROL, by=30)
    await says_who_added(rules, is_admin=is_admin)

    assert await codes(rules) == [("allowed", "added") if is_admin else ("member_came", "added_by_member")]
    assert await bypasses_told(rules) == ([] if is_admin else [(BORIS, "added_by_member")])
    assert await rules.rows("SELECT state FROM join_requests") == [{"state": "approved"}]


@pytest.mark.parametrize("is_admin", [False, True])
async def test_somebody_who_adds_very_many_has_telegram_asked_so_often_only(rules: Rules, is_admin: bool) -> None:
    await runs(rules)
    await looked_at(rules)

    for user_id in range(100, 100 + MOST_CHECKS + 3):
        await joins(rules, user_id, by=30)

    assert len(await rules.tasks(TaskKind.CHECK_ADMIN)) == MOST_CHECKS
    assert await codes(rules) == 3 * [("member_came", "added")]
    assert await bypasses_told(rules) == []
    await says_who_added(rules, is_admin=is_admin)
    assert await bypasses_told(rules) == ([] if is_admin else [(BORIS, "added_by_member")])


async def test_whoever_presses_many_buttons_hides_nobody_whom_they_add(rules: Rules) -> None:
    await runs(rules)
    await looked_at(rules)
    for _ in range(MOST_CHECKS + 1):
        await writes(rules, Page.TAG, "x", admin_id=30)

    await joins(rules, CAROL, by=30)
    await says_who_added(rules, is_admin=False)

    assert await bypasses_told(rules) == [(BORIS, "added_by_member")]


@pytest.mark.parametrize("how", ["paused", "open", "muted"])
async def test_a_member_who_adds_somebody_where_nobody_has_to_ask_leads_nobody_past_the_gate(
    rules: Rules, how: str
) -> None:
    await runs(rules)
    await looked_at(rules, replace(HEALTH, can_restrict=True))
    if how == "paused":
        await acts(rules, AdminActionKind.SWITCH, value=GateMode.PAUSED)
    elif how == "open":
        await acts(rules, AdminActionKind.PRESET, CONFIRMED, Preset.OPEN)
    else:
        await rules.chooses(GATE, way=EntryMode.MUTE)

    await joins(rules, by=30)

    assert await rules.tasks(TaskKind.CHECK_ADMIN) == []
    assert await codes(rules) == [("member_came", "added")]
    assert await rules.rows("SELECT bypassed_at FROM gates") == [{"bypassed_at": None}]


@pytest.mark.parametrize("how", ["added", "approved", "paused", "open", "muted"])
async def test_who_comes_another_way_is_not_past_the_gate(rules: Rules, how: str) -> None:
    await runs(rules)
    await looked_at(rules, replace(HEALTH, can_restrict=True))
    if how == "paused":
        await acts(rules, AdminActionKind.SWITCH, value=GateMode.PAUSED)
    elif how == "open":
        await acts(rules, AdminActionKind.PRESET, CONFIRMED, Preset.OPEN)
    elif how == "muted":
        await rules.chooses(GATE, way=EntryMode.MUTE)

    await joins(rules, by=BORIS if how == "added" else None, asked=how == "approved")

    assert await rules.tasks(TaskKind.MAKE_LINK) == []
    assert await rules.rows("SELECT bypassed_at FROM gates") == [{"bypassed_at": None}]


async def test_who_waits_or_is_blocked_and_finds_an_open_link_is_past_it_too(rules: Rules) -> None:
    await runs(rules)
    await rules.asks_to_join(CAROL)
    rules.later(1)

    await joins(rules, CAROL)

    assert await state(rules) is GateState.BYPASSED
    await link_is_made(rules)
    rules.later(1)
    await acts(rules, AdminActionKind.LINK_TEST, "asks")
    assert await state(rules) is GateState.ON
    await rules.meets(DAVE)
    await acts(rules, AdminActionKind.BLOCK, value=str(DAVE))
    rules.later(1)
    await joins(rules, DAVE)
    assert await state(rules) is GateState.BYPASSED


async def test_the_word_of_an_admin_after_the_test_is_evidence_until_somebody_comes_past(rules: Rules) -> None:
    await runs(rules)
    await looked_at(rules)
    await acts(rules, AdminActionKind.OPEN, Page.LINK_TEST)
    assert isinstance(await view(rules), LinkTestPage)

    assert await acts(rules, AdminActionKind.LINK_TEST, "asks") is Toast.SAVED

    card = await view(rules)
    assert isinstance(card, GateCard)
    assert card.state is GateState.ON
    rules.later(1)
    await joins(rules)
    assert await state(rules) is GateState.BYPASSED
    await link_is_made(rules)
    rules.later(1)
    await acts(rules, AdminActionKind.LINK_TEST, "asks")
    card = await view(rules)
    assert isinstance(card, GateCard)
    assert (card.state, card.joined_unverified, card.issues) == (GateState.ON, 0, ())
    (monitoring,) = await rules.database.transact(lambda store: store.monitoring.gates(rules.now - LATELY))
    assert (monitoring.state(rules.now), monitoring.joined_unverified) == (GateState.ON, 0)


async def test_a_link_that_lets_in_at_once_is_answered_with_one_that_does_not(rules: Rules) -> None:
    await runs(rules)

    await acts(rules, AdminActionKind.LINK_TEST, "joins")
    await link_is_made(rules)

    page = await view(rules)
    assert isinstance(page, LinkTestPage)
    assert (page.outcome, page.link) == ("joins", "https://t.me/+abc")
    assert await rules.rows("SELECT tested_at FROM gates") == [{"tested_at": None}]
    assert await acts(rules, AdminActionKind.LINK_TEST, "perhaps") is Toast.UNKNOWN
    assert await told(rules) == []
