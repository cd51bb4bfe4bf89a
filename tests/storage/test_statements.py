"""Statements of each update, and of each look for work, are built once and not at each call."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from sqlalchemy import ClauseElement, event

from bot.clock import REAL_TIME
from bot.domain.gates import Gate, JoinRequest, RequestState
from bot.domain.gateway import CircuitBreaker
from bot.domain.journal import Event
from bot.domain.outgoing import Priority, TaskKind
from bot.domain.phone import Fingerprint, Phone
from bot.domain.screens import ScreenName
from bot.domain.verification import VerificationState
from storage.engine.database import Database
from storage.store import Store
from tests.compiled_cache import CACHE
from tests.domain.makers import NOW
from tests.tasks import work

ANNA = 7
GATE = Gate(1, "Flat owners", None, is_channel=False, is_on=True)
PHONE = Fingerprint("f" * 64)
Calls = list[Callable[[Store], Awaitable[object]]]

READS: Calls = [
    lambda store: store.admins.rights_of(1, ANNA, NOW),
    lambda store: store.appeals.of_many([ANNA], NOW),
    lambda store: store.tasks.about(TaskKind.MUTE, 1),
    lambda store: store.tasks.due(NOW, 5, [], Priority.AT_ONCE),
    lambda store: store.tasks.due(NOW, 5, [1, 2], Priority.LATER, [3]),
    lambda store: store.gateway.alive(NOW),
    lambda store: store.gateway.breaker(),
    lambda store: store.gateway.inbox_cursor(),
    lambda store: store.grants.due(NOW, 5, []),
    lambda store: store.grants.due(NOW, 5, [(1, ANNA), (2, ANNA)]),
    lambda store: store.grants.get(1, ANNA),
    lambda store: store.grants.of_many([ANNA]),
    lambda store: store.grants.of_person(ANNA),
    lambda store: store.journal.joined_unverified(1, NOW),
    lambda store: store.journal.has_come(1, "joined", NOW),
    lambda store: store.people.by_username("digest"),
    lambda store: store.people.get_many([ANNA, 8]),
    lambda store: store.phones.of_many([ANNA]),
    lambda store: store.phones.owners(PHONE),
    lambda store: store.requests.count_waiting(1),
    lambda store: store.requests.get(1, ANNA),
    lambda store: store.requests.names([ANNA]),
    lambda store: store.requests.of_person(ANNA),
    lambda store: store.requests.undo_pending_rejections(ANNA, NOW),
    lambda store: store.requests.waiting_of_many([ANNA]),
    lambda store: store.screens.due(NOW, 5, [], []),
    lambda store: store.screens.due(NOW, 5, [ANNA], [ANNA], also_patient=True),
    lambda store: store.screens.limited_until([ANNA]),
    lambda store: store.screens.wanted(ANNA),
    lambda store: store.seen.newest(),
    lambda store: store.sums.rolled_until(),
    lambda store: store.verifications.asked_since(ANNA, PHONE, NOW),
    lambda store: store.verifications.due_asks(NOW, 5, [1]),
    lambda store: store.verifications.failed_last([1]),
    lambda store: store.verifications.failed_since(ANNA, NOW),
    lambda store: store.verifications.last_failure(1),
    lambda store: store.verifications.latest_of_many([ANNA]),
    lambda store: store.verifications.nearest_window_end(NOW),
    lambda store: store.verifications.open_by_phone(PHONE),
    lambda store: store.verifications.open_of(ANNA),
    lambda store: store.verifications.unconfirmed_by_phone(PHONE, NOW),
]


async def _meet(store: Store) -> None:
    await store.people.meet(ANNA, ANNA, "en", NOW, wrote=True, username="digest")


async def _ask_to_join(store: Store) -> None:
    await store.requests.keep(JoinRequest(1, ANNA, NOW, NOW, RequestState.WAITING))
    await store.requests.decide_if_waiting(1, ANNA, RequestState.DECLINED, NOW)
    await store.requests.reopen_until(1, ANNA, NOW)
    await store.requests.set_ineligibility(1, ANNA, None)
    await store.requests.forget_query(1, ANNA)
    await store.requests.clear_ineligibility(user_id=ANNA)
    await store.requests.extend_deadlines(1, NOW)


async def _verify(store: Store) -> None:
    token = str(len(await store.verifications.by_tokens(["0", "1", "2"])))
    attempt = await store.verifications.add(token, ANNA, Phone("+70000000000", "7", "RU"), PHONE, b"", NOW)
    assert await store.verifications.by_token(token) is not None
    assert await store.verifications.get(attempt.id) is not None
    await store.verifications.save(replace(attempt, state=VerificationState.CANCELLED, ended_at=NOW))


async def _show(store: Store) -> None:
    await store.screens.show(ANNA, ANNA, ScreenName.HELP, NOW, fresh=True)
    await store.screens.touch([ANNA], NOW)
    await store.screens.touch([ANNA], NOW, faces=[ScreenName.HELP])
    await store.screens.postpone(ANNA, NOW)
    await store.screens.hurry(ANNA, NOW)
    await store.screens.retry(ANNA, 1, NOW)
    await store.screens.drop([ANNA])


async def _run_tasks(store: Store) -> None:
    await store.tasks.add(work(TaskKind.KICK), 1, NOW, user_id=ANNA)
    await store.tasks.cancel(TaskKind.KICK, 1, ANNA, NOW)
    await store.tasks.retry(1, NOW, "said")
    await store.tasks.done([1], NOW)


async def _note(store: Store) -> None:
    await store.seen.mark([1, 2], NOW)
    await store.gateway.set_breaker(CircuitBreaker())
    store.journal.add(Event.STARTED, NOW)
    await store.journal.write()


@pytest.mark.parametrize("calls", [READS, [_meet], [_ask_to_join], [_verify], [_show], [_run_tasks], [_note]])
async def test_the_same_statements_are_run_at_each_call(database: Database, calls: Calls) -> None:
    run: list[ClauseElement] = []

    def note(_connection: object, statement: ClauseElement, *_rest: object) -> None:
        run.append(statement)

    async def call(store: Store) -> None:
        await store.gates.save(GATE, NOW)
        for each in calls:
            await each(store)

    await database.transact(call)
    event.listen(database.engine.sync_engine, "before_execute", note)
    await database.transact(call)
    first = list(run)
    run.clear()
    await database.transact(call)

    assert len(first) > len(calls)
    assert [str(anew) for anew, before in zip(run, first, strict=True) if anew is not before] == []


async def test_engines_of_one_kind_share_what_they_compiled(database_url: str) -> None:
    async def read(store: Store) -> None:
        for each in READS:
            await each(store)

    known = []
    for _ in range(2):
        database = Database(database_url, REAL_TIME.now)
        await database.open()
        await database.transact(read)
        await database.close()
        known.append(len(CACHE))

    assert known[0] == known[1] > len(READS)
