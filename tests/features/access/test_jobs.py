"""The sweep catches up on whatever time, a restart or an outage left undone."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.domain.outgoing import PendingTask, TaskKind
from bot.features.access import jobs
from storage.store import Store
from tests.domain.makers import WINDOW
from tests.features.rules import ANNA, BORIS, GATE, HOUR, MINUTE, OFF, OTHER_GATE, Rules, callback
from tests.tasks import said, work

DAY = 24 * HOUR


async def restarts(rules: Rules, after: float) -> None:
    """The bot was down for this long."""
    await rules.sweeps()
    rules.later(after)
    rules.is_started = False


async def test_a_window_closes_after_its_last_moment_and_its_person_sees_it(rules: Rules) -> None:
    await rules.gets_number()

    rules.later(WINDOW.total_seconds())
    await rules.sweeps()
    assert await rules.states() == ["open"]
    rules.later(0.001)
    await rules.sweeps()

    assert await rules.states() == ["expired"]
    assert (await rules.journal())[-1] == "expired"
    assert await rules.rows("SELECT user_id FROM screens WHERE revision > shown_revision") == [{"user_id": ANNA}]


async def test_an_attempt_that_waits_for_a_number_never_expires(rules: Rules) -> None:
    await rules.shares()

    rules.later(DAY)
    await rules.sweeps()

    assert await rules.states() == ["open"]


async def test_an_outage_does_not_count_against_those_who_wait(rules: Rules) -> None:
    await rules.asks_to_join()
    await restarts(rules, 2 * DAY)

    await rules.sweeps()
    assert await rules.requests() == ["waiting"]
    rules.later(DAY - MINUTE)
    await rules.sweeps()
    assert await rules.requests() == ["waiting"]
    rules.later(2 * MINUTE)
    await rules.sweeps()

    assert await rules.requests() == ["declined"]


async def test_a_silence_after_the_first_sweep_is_no_outage(rules: Rules) -> None:
    await rules.asks_to_join()
    await rules.sweeps()

    rules.later(DAY + 1)
    await rules.sweeps()

    assert await rules.requests() == ["declined"]


async def test_a_restart_within_a_minute_prolongs_nothing(rules: Rules) -> None:
    await rules.asks_to_join()
    before = await rules.rows("SELECT deadline_at FROM join_requests")
    await restarts(rules, MINUTE)

    await rules.sweeps()

    assert await rules.rows("SELECT deadline_at FROM join_requests") == before


async def test_a_request_past_its_deadline_is_declined_and_its_person_told_once(rules: Rules) -> None:
    await rules.asks_to_join()
    rules.later(DAY)
    await rules.sweeps()
    assert await rules.requests() == ["waiting"]

    rules.later(1)
    for _ in range(2):
        await rules.sweeps()

    assert await rules.requests() == ["declined"]
    assert (await rules.journal()).count("join_expired") == 1
    (task,) = [item for item in await rules.picks() if isinstance(item, PendingTask)]
    assert task.kind is TaskKind.DECLINE_JOIN
    assert said(task) == {"user_id": ANNA, "gate": GATE.chat_id, "why": "deadline"}
    assert await rules.face() == "deadline"


async def test_nobody_is_declined_in_the_middle_of_a_call_window(rules: Rules) -> None:
    await rules.asks_to_join()
    rules.later(DAY - MINUTE)
    await rules.gets_number()
    rules.later(2 * MINUTE)
    await rules.sweeps()
    assert await rules.requests() == ["waiting"]

    await rules.matches(callback())

    assert await rules.requests() == ["approved"]


async def test_nobody_is_declined_at_a_gate_that_is_off_and_on_again_it_gives_an_hour(rules: Rules) -> None:
    await rules.asks_to_join()
    await rules.becomes(OFF)
    rules.later(3 * DAY)
    await rules.sweeps()
    assert await rules.requests() == ["waiting"]

    await rules.becomes(GATE)
    rules.later(HOUR)
    await rules.sweeps()
    assert await rules.requests() == ["waiting"]
    rules.later(1)
    await rules.sweeps()

    assert await rules.requests() == ["declined"]


async def test_a_gate_off_for_a_moment_shortens_nobodys_day(rules: Rules) -> None:
    await rules.asks_to_join()
    await rules.becomes(OFF)
    await rules.becomes(GATE)

    rules.later(23 * HOUR)
    await rules.sweeps()

    assert await rules.requests() == ["waiting"]


async def test_who_verified_while_their_request_was_kept_comes_in(rules: Rules) -> None:
    await rules.verifies()
    await rules.asks_to_join(BORIS)
    await rules.asks_to_join()
    await rules.execute(f"UPDATE join_requests SET state = 'waiting' WHERE user_id = {ANNA}")
    await rules.execute("DELETE FROM grants")

    await rules.sweeps()

    assert await rules.requests() == ["approved", "waiting"]
    assert await rules.rows("SELECT user_id, state FROM grants") == [{"user_id": ANNA, "state": "due"}]


async def test_the_sealed_phone_of_a_failed_attempt_is_forgotten_after_an_hour(rules: Rules) -> None:
    await rules.gets_number()
    rules.later(WINDOW.total_seconds() + 1)
    await rules.sweeps()

    rules.later(HOUR)
    await rules.sweeps()
    assert await rules.rows("SELECT id FROM verifications WHERE encrypted IS NULL") == []
    rules.later(1)
    await rules.sweeps()

    assert len(await rules.rows("SELECT id FROM verifications WHERE encrypted IS NULL")) == 1


async def test_marks_of_updates_are_kept_twice_as_long_as_telegram_keeps_an_update(rules: Rules) -> None:
    await rules.database.transact(lambda store: store.seen.mark([1], rules.now))

    rules.later(2 * DAY)
    await rules.sweeps()
    assert await rules.database.transact(lambda store: store.seen.mark([1], rules.now)) == set()
    rules.later(1)
    await rules.sweeps()

    assert await rules.database.transact(lambda store: store.seen.mark([1], rules.now)) == {1}


async def test_an_answer_to_a_button_that_nobody_waits_for_any_more_is_dropped(rules: Rules) -> None:
    expires_at = rules.now
    await rules.database.transact(
        lambda store: store.tasks.add(work(TaskKind.ANSWER_BUTTON), ANNA, rules.now, expires_at=expires_at)
    )

    await rules.sweeps()

    assert await rules.rows("SELECT id FROM tasks WHERE done_at IS NULL") == []


async def test_a_request_decided_in_between_is_not_declined(rules: Rules) -> None:
    await rules.asks_to_join()
    await rules.verifies()
    rules.clock.advance(25 * 3600)

    declined = await rules.database.transact(
        lambda store: store.requests.decline_overdue(GATE.chat_id, ANNA, rules.now)
    )

    assert not declined
    assert await rules.requests() == ["approved"]


async def test_while_telegram_is_away_nobody_is_declined_and_then_all_that_time_is_given_back(rules: Rules) -> None:
    await rules.asks_to_join()
    await rules.sweeps()
    rules.is_telegram_there = False
    rules.later(2 * DAY)
    await rules.sweeps()
    assert await rules.requests() == ["waiting"]
    rules.is_telegram_there = True

    for _ in range(3):
        await rules.sweeps()
    assert await rules.requests() == ["waiting"]
    rules.later(DAY - MINUTE)
    await rules.sweeps()
    assert await rules.requests() == ["waiting"]
    rules.later(2 * MINUTE)
    await rules.sweeps()

    assert await rules.requests() == ["declined"]


async def test_other_processes_get_no_sign_of_one_from_which_nothing_goes_out(rules: Rules) -> None:
    await rules.sweeps()
    seen = await rules.database.transact(lambda store: store.gateway.alive_at())
    rules.is_sending = False
    rules.later(60)

    await rules.sweeps()

    assert await rules.database.transact(lambda store: store.gateway.alive_at()) == seen
    rules.is_sending = True
    await rules.sweeps()
    assert await rules.database.transact(lambda store: store.gateway.alive_at()) == rules.now


async def test_time_is_given_back_though_it_could_not_be_kept_at_first(rules: Rules) -> None:
    await rules.asks_to_join()
    await rules.sweeps()
    rules.is_telegram_there = False
    rules.later(2 * DAY)
    await rules.sweeps()
    rules.is_telegram_there = True

    async def fails(store: Store) -> None:
        await rules.sweep.track_outage(store)
        raise KeyError("the database would not have it")

    with pytest.raises(KeyError):
        await rules.database.transact(fails)
    await rules.sweeps()
    await rules.sweeps()

    assert await rules.requests() == ["waiting"]


async def test_an_outage_of_seconds_gives_nobody_more_time(rules: Rules) -> None:
    await rules.asks_to_join()
    await rules.sweeps()
    before = await rules.rows("SELECT deadline_at FROM join_requests")
    rules.is_telegram_there = False
    rules.later(30)
    await rules.sweeps()
    rules.is_telegram_there = True

    await rules.sweeps()

    assert await rules.rows("SELECT deadline_at FROM join_requests") == before


async def test_nobody_is_let_in_for_want_of_a_call_while_the_gate_is_strict_for_a_while(rules: Rules) -> None:
    await rules.asks_to_join()
    await rules.chooses(asks_call=False)
    until = rules.now + timedelta(hours=1)
    await rules.database.transact(lambda store: store.gates.set_strict(GATE.chat_id, until))
    await rules.sweeps()
    assert await rules.requests() == ["waiting"]

    rules.later(HOUR)
    await rules.sweeps()

    assert await rules.requests() == ["approved"]


async def test_a_decline_that_telegram_was_not_told_of_yet_does_not_meet_a_new_request(rules: Rules) -> None:
    await rules.asks_to_join(BORIS)
    await rules.asks_to_join()
    rules.later(DAY + 1)
    await rules.sweeps()
    assert await rules.requests() == ["declined", "declined"]

    await rules.asks_to_join()

    assert sorted(await rules.requests()) == ["declined", "waiting"]
    assert [task.user_id for task in await rules.tasks(TaskKind.DECLINE_JOIN)] == [BORIS]


async def test_whoever_is_verified_comes_in_though_it_was_not_noted_with_their_request(
    rules: Rules, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "CHECKED_AT_ONCE", 2)
    for user_id in range(100, 105):
        await rules.asks_to_join(user_id)
    await rules.gets_number()
    await rules.asks_to_join()
    await rules.matches(callback())
    # As if another transaction had stored the call while they asked.
    await rules.execute(f"UPDATE join_requests SET state = 'waiting', is_verified = FALSE WHERE user_id = {ANNA}")
    await rules.execute("UPDATE join_requests SET is_verified = TRUE WHERE user_id = 104")

    for _ in range(4):
        await rules.sweeps()

    noted = await rules.rows("SELECT user_id, state, is_verified FROM join_requests WHERE user_id IN (7, 104)")
    assert sorted((row["user_id"], row["state"], bool(row["is_verified"])) for row in noted) == [
        (ANNA, "approved", True),
        (104, "waiting", False),
    ]


async def test_it_is_noted_with_a_request_whether_its_person_is_verified(rules: Rules) -> None:
    async def noted() -> list[bool]:
        rows = await rules.rows(f"SELECT is_verified FROM join_requests WHERE user_id = {ANNA} ORDER BY gate_id")
        return [bool(row["is_verified"]) for row in rows]

    await rules.asks_to_join()
    assert await noted() == [False]
    await rules.verifies()
    assert await noted() == [True]
    await rules.asks_to_join(gate=OTHER_GATE)
    assert await noted() == [True, True]
    await rules.database.transact(lambda store: store.phones.drop(ANNA))
    assert await noted() == [False, False]
    await rules.asks_to_join()
    assert await noted() == [False, False]


async def test_a_flood_at_one_gate_keeps_nobody_waiting_at_another(
    rules: Rules, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "AT_ONCE", 4)
    for user_id in range(100, 110):
        await rules.asks_to_join(user_id)
    rules.later(MINUTE)
    await rules.asks_to_join(BORIS, OTHER_GATE)
    for gate in (GATE, OTHER_GATE):
        await rules.chooses(gate, asks_call=False)

    await rules.sweeps()

    assert await rules.rows("SELECT state FROM join_requests WHERE user_id = 8") == [{"state": "approved"}]
    assert (await rules.requests()).count("waiting") == 8


async def test_a_window_that_another_number_opened_keeps_the_attempt_open(rules: Rules) -> None:
    await rules.gets_number()
    rules.later(WINDOW.total_seconds() - MINUTE)
    (row,) = await rules.rows("SELECT id FROM verifications")

    async def ask_again(store: Store) -> None:
        verification = await store.verifications.get(row["id"])
        assert verification is not None
        await store.verifications.ask_number(verification, rules.now)

    await rules.database.transact(ask_again)
    rules.later(2 * MINUTE)
    await rules.sweeps()
    # Its first window has closed, and it waits for another number.
    assert await rules.states() == ["open"]
    await rules.is_given()
    rules.later(WINDOW.total_seconds())
    await rules.sweeps()
    assert await rules.states() == ["open"]
    rules.later(1)
    await rules.sweeps()

    assert await rules.states() == ["expired"]


async def test_a_window_closes_though_an_earlier_version_of_the_bot_gave_the_number(
    rules: Rules, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "CHECKED_AT_ONCE", 2)
    for user_id in range(100, 104):
        await rules.gets_number(user_id, f"+79991230{user_id}")
    await rules.execute("UPDATE verifications SET window_ends_at = NULL WHERE user_id = 103")

    rules.later(WINDOW.total_seconds() + 1)
    for _ in range(3):
        await rules.sweeps()

    assert await rules.states() == ["expired"] * 4
