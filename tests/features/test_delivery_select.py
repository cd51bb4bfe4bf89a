"""Due items go out by priority, and none hides others."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta

import pytest
from sqlalchemy import event

from bot.delivery.select import InFlight, Selection
from bot.domain.gates import NO_ADMIN, AdminRights
from bot.domain.incidents import UnreadableRow
from bot.domain.notifications import Toast
from bot.domain.outgoing import (
    MOST_UNDONE,
    PACE,
    TASKS,
    UNPACED,
    DeliveryResult,
    DeliveryStatus,
    DueTimes,
    PendingGrant,
    PendingLogBatch,
    PendingScreen,
    PendingTask,
    Priority,
    TaskKind,
)
from bot.domain.screens import (
    Asking,
    DeadlinePassed,
    Ended,
    Help,
    Limited,
    NumberShown,
    Privacy,
    Refused,
    ScreenName,
    Verified,
    Welcome,
)
from bot.features.admins.popups import answer_button
from storage.store import Store
from tests.features.rules import ANNA, BORIS, CALL_NUMBER, GATE, HOUR, MINUTE, OPERATOR, OTHER_PHONE, Rules
from tests.tasks import work

CAROL, DMITRI, EVA = 11, 12, 13


async def screen_of(rules: Rules, user_id: int = ANNA) -> PendingScreen:
    rules.later(2)
    (screen,) = [p for p in await rules.picks() if isinstance(p, PendingScreen) and p.user_id == user_id]
    return screen


async def is_drawn(rules: Rules, screen: PendingScreen, message_id: int = 1) -> None:
    await rules.settles(DeliveryResult(screen, DeliveryStatus.DONE, message_id=message_id, digest="looks so"))


async def a_bit_of_everything(rules: Rules) -> None:
    """A grant, a task, screens of people who acted and who did not, a notification, a refresh."""
    await rules.gets_number(DMITRI)
    await is_drawn(rules, await screen_of(rules, DMITRI))
    rules.later(13 * MINUTE)
    await rules.verifies(CAROL, OTHER_PHONE)
    await rules.asks_to_join(CAROL)
    await rules.asks_to_join(EVA)
    await rules.database.transact(lambda store: store.tasks.add(work(TaskKind.NOTIFY), OPERATOR, rules.now))
    rules.later(2)


def name_of(item: object) -> str:
    match item:
        case PendingGrant():
            return "grant"
        case PendingTask():
            return item.kind
        case PendingScreen(is_refresh=True):
            return "refresh"
        case PendingScreen():
            return f"screen of {item.user_id}"
        case _:
            raise AssertionError(item)


async def test_grants_go_first_then_small_tasks_then_who_acted_then_in_turn_notices_and_refreshes(
    rules: Rules,
) -> None:
    await a_bit_of_everything(rules)

    assert [name_of(item) for item in await rules.picks()] == [
        "grant",
        "delete_message",
        "delete_message",
        f"screen of {CAROL}",
        f"screen of {EVA}",
        "notify",
        "refresh",
    ]


async def test_the_limit_holds_for_each_sort_so_that_none_hides_another(rules: Rules) -> None:
    await a_bit_of_everything(rules)

    async def many_more(store: Store) -> None:
        for number in range(30):
            await store.tasks.add(work(TaskKind.NOTIFY, error=str(number)), OPERATOR, rules.now)

    await rules.database.transact(many_more)

    names = [name_of(item) for item in await rules.picks(limit=3)]

    assert names == [
        "grant",
        "delete_message",
        "delete_message",
        f"screen of {CAROL}",
        f"screen of {EVA}",
        "notify",
        "refresh",
        *["notify"] * 2,
    ]


async def flood(rules: Rules) -> None:
    """More of everything than can go out soon: declines, log lines, screens of a crowd and of others, mutes."""

    async def add(store: Store) -> None:
        for number in range(30):
            for kind in (TaskKind.DECLINE_JOIN, TaskKind.MUTE, TaskKind.OPEN_APP):
                await store.tasks.add(work(kind, user_id=100 + number), GATE.chat_id, rules.now)
            await store.people.meet(100 + number, 100 + number, "en", rules.now, wrote=True)
            await store.screens.show(
                100 + number, 100 + number, ScreenName.WELCOME, rules.now, crowd=number < 15, acted=False
            )
        await store.tasks.add(work(TaskKind.LOG), -1005, rules.now)

    await rules.database.transact(add)


async def first_of(rules: Rules, look: int) -> str:
    """Return what goes out in a cycle with room for one item."""
    picked = await rules.database.transact(lambda store: rules.pick(store, 10, InFlight(), look))
    match picked.items[0]:
        case PendingLogBatch():
            return "log"
        case PendingScreen(is_crowd=True):
            return "crowd"
        case PendingScreen(is_refresh=False):
            return "screen"
        case other:
            return name_of(other)


async def test_when_one_at_a_time_can_go_out_each_sort_has_its_turn(rules: Rules) -> None:
    await rules.gets_number(DMITRI)
    await is_drawn(rules, await screen_of(rules, DMITRI))
    rules.later(13 * MINUTE)
    await flood(rules)
    await rules.verifies(CAROL, OTHER_PHONE)
    await rules.asks_to_join(CAROL)
    assert {await first_of(rules, look) for look in range(2)} == {"open_app", "grant"}
    await rules.settles(DeliveryResult(await rules.grant(CAROL), DeliveryStatus.DONE))
    await rules.execute("UPDATE tasks SET done_at = 1 WHERE kind IN ('open_app', 'delete_message')")

    firsts = [await first_of(rules, look) for look in range(20)]

    assert firsts[:5] == ["mute", "screen", "mute", "screen", "decline_join"]
    assert firsts[4::5] == ["decline_join", "log", "crowd", "refresh"]


async def test_what_became_of_a_crowd_is_told_after_the_first_screens_of_others_and_of_the_crowd(rules: Rules) -> None:
    async def come(store: Store) -> None:
        for user_id in (BORIS, CAROL, DMITRI):
            await store.people.meet(user_id, user_id, "en", rules.now, wrote=True)
            await store.screens.show(user_id, user_id, ScreenName.WELCOME, rules.now, crowd=True, acted=False)

    await rules.database.transact(come)
    await is_drawn(rules, await screen_of(rules, BORIS), 1)
    await is_drawn(rules, await screen_of(rules, CAROL), 2)
    await rules.database.transact(lambda store: store.screens.touch([BORIS], rules.now, acted=False))
    await rules.database.transact(lambda store: store.screens.touch([CAROL], rules.now))
    rules.later(1)
    await rules.asks_to_join(EVA)
    rules.later(2)

    picked = [item.user_id for item in await rules.picks() if isinstance(item, PendingScreen)]

    assert picked == [CAROL, EVA, DMITRI, BORIS]


async def test_messages_to_a_chat_that_rests_hide_none_to_another(rules: Rules) -> None:
    async def add(store: Store) -> None:
        for number in range(20):
            for kind in (TaskKind.PROMPT, TaskKind.LOG, TaskKind.NOTIFY):
                await store.tasks.add(work(kind), -1001, rules.now, user_id=number)
        for kind in (TaskKind.PROMPT, TaskKind.LOG, TaskKind.NOTIFY, TaskKind.MUTE):
            await store.tasks.add(work(kind), -1002, rules.now)
        await store.tasks.add(work(TaskKind.MUTE), -1001, rules.now)

    await rules.database.transact(add)

    picked = await rules.picks(5, InFlight(resting=frozenset({-1001})))

    found = {(item.kind, item.chat_id) for item in picked if isinstance(item, PendingTask)}
    assert found == {
        (TaskKind.MUTE, -1001),
        (TaskKind.MUTE, -1002),
        (TaskKind.PROMPT, -1002),
        (TaskKind.NOTIFY, -1002),
    }
    assert [item.chat_id for item in picked if isinstance(item, PendingLogBatch)] == [-1002]


async def test_notices_and_other_declines_go_before_those_of_many(rules: Rules) -> None:
    async def add(store: Store) -> None:
        decline = work(TaskKind.DECLINE_JOIN)
        await store.tasks.add_many(GATE.chat_id, [(1, decline), (2, decline)], rules.now, job="many")
        await store.tasks.add(work(TaskKind.NOTIFY), OPERATOR, rules.now)
        await store.tasks.add(decline, GATE.chat_id, rules.now, user_id=3)

    await rules.database.transact(add)

    picked = [item for item in await rules.picks() if isinstance(item, PendingTask)]
    assert [(item.kind, item.user_id) for item in picked] == [
        (TaskKind.DECLINE_JOIN, 3),
        (TaskKind.NOTIFY, None),
        (TaskKind.DECLINE_JOIN, 1),
        (TaskKind.DECLINE_JOIN, 2),
    ]


async def test_with_many_screens_due_refreshes_wait(rules: Rules) -> None:
    await a_bit_of_everything(rules)

    names = [name_of(item) for item in await rules.picks(limit=2)]

    assert "refresh" not in names
    assert names.count(f"screen of {CAROL}") == names.count(f"screen of {EVA}") == 1


async def test_what_is_under_way_is_not_picked_again(rules: Rules) -> None:
    await a_bit_of_everything(rules)
    picked = await rules.picks()
    busy = InFlight()
    for item in picked:
        match item:
            case PendingGrant():
                busy.grants.add((item.gate_id, item.user_id))
            case PendingTask():
                busy.tasks.add(item.id)
            case PendingScreen():
                busy.screens.add(item.user_id)

    assert await rules.picks(busy=busy) == []


async def test_a_chat_that_telegram_asked_to_leave_alone_does_not_keep_others_waiting(rules: Rules) -> None:
    for user_id in range(100, 110):
        await rules.asks_to_join(user_id)
    flooded = await rules.picks(limit=5)
    await rules.settles(*(DeliveryResult(item, DeliveryStatus.RETRY, retry_after=30) for item in flooded))

    others = await rules.picks(limit=5)

    assert len(flooded) == len(others) == 5
    assert {p.user_id for p in others if isinstance(p, PendingScreen)} == set(range(100, 110)) - {
        p.user_id for p in flooded if isinstance(p, PendingScreen)
    }
    rules.later(30)
    assert len(await rules.picks()) == 10


async def test_a_stranger_is_written_to_for_five_minutes_and_then_counts_as_not_reached(rules: Rules) -> None:
    await rules.asks_to_join(ANNA, wrote=False)
    await rules.asks_to_join(BORIS, wrote=False)
    rules.later(5 * MINUTE)

    assert {p.user_id for p in await rules.picks() if isinstance(p, PendingScreen)} == {ANNA, BORIS}
    rules.later(1)
    await rules.meets(BORIS)
    assert {p.user_id for p in await rules.picks() if isinstance(p, PendingScreen)} == {BORIS}

    assert await rules.rows("SELECT user_id, state, reach FROM join_requests ORDER BY user_id") == [
        {"user_id": ANNA, "state": "waiting", "reach": "not_reached"},
        {"user_id": BORIS, "state": "waiting", "reach": "pending"},
    ]
    assert len(await rules.picks()) == 1


async def shows(rules: Rules, face: ScreenName, details: dict[str, str | int] | None = None) -> object:
    await rules.database.transact(lambda store: store.screens.show(ANNA, ANNA, face, rules.now, details=details))
    return (await screen_of(rules)).view


async def test_the_help_knows_what_its_reader_is_at_the_moment_it_is_drawn(rules: Rules) -> None:
    await rules.becomes(GATE)
    await rules.meets()
    gate_id = GATE.chat_id

    async def becomes(rights: AdminRights) -> None:
        await rules.database.transact(lambda store: store.admins.note(gate_id, ANNA, rules.now, rights))

    await becomes(AdminRights(is_admin=True, held=None))
    assert await shows(rules, ScreenName.HELP) == Help(is_admin=True)
    await becomes(NO_ADMIN)
    assert await shows(rules, ScreenName.HELP) == Help()


async def test_each_face_shows_what_is_true_now(rules: Rules) -> None:
    until = int(rules.now.timestamp()) + 600
    await rules.meets()

    assert await shows(rules, ScreenName.PRIVACY) == Privacy()
    assert await shows(rules, ScreenName.DEADLINE, {"gate": "Garage"}) == DeadlinePassed("Garage")
    assert await shows(rules, ScreenName.WELCOME) == await shows(rules, ScreenName.PROGRESS) == Welcome()
    limited = await shows(rules, ScreenName.LIMITED, {"until": until})
    assert isinstance(limited, Limited)
    assert (limited.verification_id, limited.until.timestamp()) == (None, until)
    assert await shows(rules, ScreenName.LIMITED, {"until": until, "verification": 5}) == dataclasses.replace(
        limited, verification_id=5
    )
    await rules.asks_to_join()
    refused = await shows(rules, ScreenName.CONTACT_REFUSED, {"reason": "busy"})
    assert isinstance(refused, Welcome)
    assert (refused.gates, refused.refusal) == ((GATE.title,), "busy")
    assert await shows(rules, ScreenName.WELCOME) == Welcome((GATE.title,))


async def test_progress_follows_an_attempt_from_the_first_wait_to_its_end(rules: Rules) -> None:
    await rules.shares()
    assert await shows(rules, ScreenName.PROGRESS) == Asking(1)

    await rules.is_given()
    shown = await shows(rules, ScreenName.PROGRESS)
    assert isinstance(shown, NumberShown)
    assert (shown.number, shown.left, shown.is_asking_another, shown.no_other) == (CALL_NUMBER, None, False, None)

    rules.later(HOUR)
    await rules.sweeps()
    assert await shows(rules, ScreenName.PROGRESS) == Ended(shown.verification_id, is_cancelled=False)

    await rules.verifies()
    assert (
        await shows(rules, ScreenName.WELCOME)
        == await shows(rules, ScreenName.PROGRESS)
        == Verified("+7 ••• ••• 12-34")
    )


@pytest.mark.parametrize(("kept", "shown"), [("blacklisted", "blacklisted"), (None, "unavailable")])
async def test_a_refused_attempt_shows_why(rules: Rules, kept: str | None, shown: str) -> None:
    await rules.shares()
    reason = "NULL" if kept is None else f"'{kept}'"
    await rules.execute(f"UPDATE verifications SET state = 'refused', reason = {reason}")

    view = await shows(rules, ScreenName.PROGRESS)

    assert isinstance(view, Refused)
    assert view.reason == shown


async def test_a_drawn_grant_names_its_gate(rules: Rules) -> None:
    await rules.asks_to_join()
    await rules.verifies()
    await rules.settles(DeliveryResult(await rules.grant(), DeliveryStatus.DONE))

    view = (await screen_of(rules)).view

    assert isinstance(view, Verified)
    assert [(grant.title, grant.link, grant.state) for grant in view.grants] == [(GATE.title, GATE.link, "done")]


async def test_a_screen_whose_details_are_not_what_its_face_needs_does_not_keep_the_others(rules: Rules) -> None:
    await rules.asks_to_join(ANNA)
    await rules.asks_to_join(BORIS)
    await rules.execute(f"UPDATE screens SET face = 'limited' WHERE user_id = {ANNA}")

    async def pick(store: Store) -> tuple[Selection, list[UnreadableRow]]:
        return await rules.pick(store, 10, InFlight()), store.unreadable

    picked, unreadable = await rules.database.transact(pick)

    assert [item.user_id for item in picked.items if isinstance(item, PendingScreen)] == [BORIS]
    assert unreadable == [UnreadableRow("screens", (ANNA, 1), "KeyError")]


async def test_where_nothing_is_due_one_statement_finds_that_out_and_when_something_will_be(rules: Rules) -> None:
    asked: list[str] = []
    event.listen(
        rules.database.engine.sync_engine,
        "before_cursor_execute",
        lambda _c, _k, statement, *_: asked.append(statement),
    )
    await rules.database.transact(
        lambda store: store.tasks.add(work(TaskKind.NOTIFY), OPERATOR, rules.now, after=MINUTE)
    )
    due_at = rules.now + timedelta(minutes=1)
    asked.clear()

    picked = await rules.database.transact(lambda store: rules.pick(store, 10, InFlight()))

    assert picked == Selection([], due_at)
    assert sum(statement.startswith("SELECT") for statement in asked) == 1
    rules.later(MINUTE)
    assert [name_of(item) for item in await rules.picks()] == [TaskKind.NOTIFY]


async def test_an_task_of_any_kind_is_found_by_when_it_is_due(rules: Rules) -> None:
    found: list[tuple[TaskKind, dict[Priority, datetime]]] = []

    async def one_after_the_other(store: Store) -> None:
        for kind in TaskKind:
            for crowd in (False, True) if TASKS[kind].priority in {Priority.LATER, Priority.PRESSING} else (False,):
                await store.tasks.add(work(kind), GATE.chat_id, rules.now, job="one", crowd=crowd)
                found.append((kind, dict((await store.due_times()).tasks)))
                await store.tasks.cancel_job("one", rules.now)

    await rules.database.transact(one_after_the_other)

    assert found
    assert [kind for kind, due in found if due != {TASKS[kind].priority: rules.now}] == []


async def test_screens_refreshes_and_grants_are_found_by_when_they_are_due(rules: Rules) -> None:
    async def due() -> DueTimes:
        return await rules.database.transact(lambda store: store.due_times())

    assert await due() == DueTimes({}, None, None)
    await rules.gets_number(DMITRI)
    assert (await due()).screens is not None
    await is_drawn(rules, await screen_of(rules, DMITRI))
    refresh_at = (await due()).screens
    assert refresh_at is not None
    assert refresh_at > rules.now
    await rules.verifies(CAROL, OTHER_PHONE)
    await rules.asks_to_join(CAROL)
    assert (await due()).grants == rules.now


async def presses(rules: Rules, user_id: int, times: int) -> None:
    """Somebody presses buttons that each need an answer."""

    async def add(store: Store) -> None:
        for number in range(times):
            await answer_button(store, user_id, f"{user_id} {number}", Toast.NOTHING)

    await rules.database.transact(add)


async def test_however_often_somebody_presses_others_are_answered_and_see_their_screens_first(rules: Rules) -> None:
    await presses(rules, BORIS, 2000)
    await rules.meets(CAROL)
    await presses(rules, CAROL, 1)
    await rules.database.transact(lambda store: store.screens.show(CAROL, CAROL, ScreenName.WELCOME, rules.now))

    picked = await rules.picks(limit=5)

    target_id = [item.chat_id for item in picked if isinstance(item, PendingTask | PendingScreen)]
    assert target_id[:3] == [BORIS, CAROL, BORIS]
    assert len(picked) == 6
    assert isinstance(picked[-1], PendingScreen)
    rows = await rules.rows("SELECT count(*) AS n FROM tasks")
    assert rows == [{"n": MOST_UNDONE + 1}]


async def test_what_somebody_has_too_much_of_is_due_bit_by_bit(rules: Rules) -> None:
    await presses(rules, BORIS, MOST_UNDONE)
    assert len(await rules.picks()) == UNPACED

    rules.later(10 * PACE.total_seconds())
    assert len(await rules.picks()) == UNPACED + 10
    await rules.execute("UPDATE tasks SET done_at = 1")
    await presses(rules, BORIS, UNPACED)
    assert len(await rules.picks()) == UNPACED


async def test_very_many_people_who_press_do_not_keep_screens_from_being_drawn(rules: Rules) -> None:
    for user_id in range(1000, 1050):
        await presses(rules, user_id, 2)
    await rules.meets(CAROL)
    await rules.database.transact(lambda store: store.screens.show(CAROL, CAROL, ScreenName.WELCOME, rules.now))

    firsts = [await first_of(rules, look) for look in range(4)]

    assert firsts == ["answer_button", "screen", "answer_button", "screen"]


async def test_what_operators_are_told_is_never_paced(rules: Rules) -> None:
    async def add(store: Store) -> None:
        for _ in range(MOST_UNDONE + 20):
            await store.tasks.add(work(TaskKind.NOTIFY), OPERATOR, rules.now)

    await rules.database.transact(add)

    assert len(await rules.picks(limit=1000)) == MOST_UNDONE + 20


GROUP, OTHER_GROUP = -1007, -1008
FLOODS = {
    "deletions in private": (TaskKind.DELETE_MESSAGE, BORIS, None),
    "deletions in a group": (TaskKind.DELETE_MESSAGE, GROUP, BORIS),
    "the way from a group": (TaskKind.PRIVATE_CHAT_LINK, GROUP, BORIS),
    "deletions of nobody": (TaskKind.DELETE_MESSAGE, GROUP, None),
}


async def adds(rules: Rules, kind: TaskKind, chat_id: int, times: int, user_id: int | None = None) -> None:
    async def add(store: Store) -> None:
        for number in range(times):
            await store.tasks.add(work(kind, message_id=number), chat_id, rules.now, user_id=user_id)

    await rules.database.transact(add)


@pytest.mark.parametrize("flood", FLOODS)
@pytest.mark.parametrize("chat_id", [CAROL, GROUP, OTHER_GROUP])
async def test_no_flood_of_one_person_or_chat_hides_anothers(rules: Rules, flood: str, chat_id: int) -> None:
    kind, where, user_id = FLOODS[flood]
    await adds(rules, kind, where, 400, user_id)
    await adds(rules, TaskKind.MAKE_FILE if chat_id > 0 else kind, chat_id, 1, CAROL)

    picked = await rules.picks(limit=10)

    others = [item for item in picked if isinstance(item, PendingTask) and CAROL in (item.user_id, item.chat_id)]
    assert len(others) == 1
    rules.later(20)
    assert len(await rules.picks(limit=10)) == 10


async def test_every_message_is_deleted_in_the_end_and_delays_no_answer(rules: Rules) -> None:
    await adds(rules, TaskKind.DELETE_MESSAGE, BORIS, 3 * MOST_UNDONE)
    await presses(rules, BORIS, 1)

    picked = await rules.picks(limit=1000)

    assert [item.kind for item in picked if isinstance(item, PendingTask)] == [
        TaskKind.ANSWER_BUTTON,
        *[TaskKind.DELETE_MESSAGE] * UNPACED,
    ]
    rules.later(3 * MOST_UNDONE * PACE.total_seconds())
    assert len(await rules.picks(limit=1000)) == 3 * MOST_UNDONE + 1


async def test_lines_about_who_joined_one_group_hide_neither_notices_nor_those_of_another(rules: Rules) -> None:
    await adds(rules, TaskKind.SERVICE_MESSAGES, GROUP, 400)
    await adds(rules, TaskKind.SERVICE_MESSAGES, OTHER_GROUP, 1)
    await adds(rules, TaskKind.NOTIFY, OPERATOR, 1)
    rules.later(30)

    picked = await rules.picks(limit=5)

    assert {GROUP, OTHER_GROUP, OPERATOR} == {item.chat_id for item in picked if isinstance(item, PendingTask)}


@pytest.mark.parametrize("kind", [TaskKind.DECLINE_JOIN, TaskKind.KICK, TaskKind.MUTE, TaskKind.BAN])
async def test_what_is_done_to_many_at_one_gate_keeps_no_other_gate_waiting(rules: Rules, kind: TaskKind) -> None:
    for user_id in range(1000, 1100):
        await adds(rules, kind, GROUP, 1, user_id)
    await adds(rules, kind, OTHER_GROUP, 1, CAROL)

    picked = await rules.picks(limit=5)

    assert OTHER_GROUP in [item.chat_id for item in picked if isinstance(item, PendingTask)][:2]


async def test_one_person_at_a_gate_does_not_go_before_all_others_there(rules: Rules) -> None:
    for _ in range(4):
        await adds(rules, TaskKind.MUTE, GROUP, 1, BORIS)
    await adds(rules, TaskKind.MUTE, GROUP, 1, CAROL)

    picked = await rules.picks(limit=5)

    target_id = [item.user_id for item in picked if isinstance(item, PendingTask)]
    assert target_id == [BORIS, CAROL, BORIS, BORIS, BORIS]
