"""Selecting the due items for Telegram, in order of priority."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import zip_longest
from operator import attrgetter, itemgetter

from bot.delivery.views import PersonContext, ViewOf, has_come
from bot.domain.incidents import UnreadableRow
from bot.domain.journal import Event
from bot.domain.outgoing import (
    TASKS,
    Outgoing,
    PendingLogBatch,
    PendingScreen,
    PendingTask,
    Priority,
    ScreenRow,
    TaskKind,
)
from bot.domain.people import Person
from bot.domain.screens import (
    ScreenName,
)
from bot.domain.tasks import LogLine
from bot.features.announcements.actions import with_texts
from bot.features.operators.registry import IsOperator, is_for_operators
from storage.store import Store

MOST_LINES = 500
"""Log lines in one cycle."""
MOST_SMALL = 60
"""Small tasks read in one cycle; those of chats with none before them go first."""
CROWDED = 4
"""A chat with more than this fraction of a full cycle crowds out the others: a second query looks for theirs."""
MOST_LATE = 500
"""Screens too late to show that are given up in one transaction."""
PATIENT_SHARE = 5
"""Every so many cycles, deferrable items go first, so that a flood of others never starves them."""


@dataclass(slots=True)
class InFlight:
    """Items in flight, which must not be picked again; chats that the rate limit holds back; kinds of tasks that have
    reached their limit."""

    grants: set[tuple[int, int]] = field(default_factory=set)
    tasks: set[int] = field(default_factory=set)
    screens: set[int] = field(default_factory=set)
    resting: frozenset[int] = frozenset()
    full: frozenset[TaskKind] = frozenset()


@dataclass(frozen=True, slots=True)
class Selection:
    """The due items, and when the earliest of all pending items is or was due; None if there are none."""

    items: list[Outgoing]
    due_at: datetime | None


class SelectOutgoing:
    """Selects guard joins and grants first, then answers to buttons, alerts and other small tasks, then screens (first
    those of people who have just acted) alternating with mutes. In every other cycle screens and mutes come before the
    small tasks, since a few people can cause many small tasks. Among tasks, one of each chat goes before the second of
    any, and within a chat one of each person before their second. Deferrable items come last, in turn: declines and
    notifications, the log, screens of a raid's crowd, refreshes. `limit` applies to each kind, so that none hides the
    others; a kind with nothing due is not queried.

    Telegram gives guard joins ten seconds, so they go first; they alternate with grants, so that a flood of newcomers
    does not delay people who have called. Often only one item can go at once, so the lane that begins changes with
    `look`, the number of cycles before.

    A screen row names a state; the view is built here from the current state, so ten changes become one edit. A screen
    that can no longer reach anybody (a stranger's five minutes are over) is not picked: the person counts as not
    reached. Messages for operators are dropped if the reader is not one.
    """

    def __init__(self, by_rights: Mapping[ScreenName, ViewOf], is_operator: IsOperator) -> None:
        """`by_rights`: the builders of screens whose content depends on who is an operator."""
        self._by_rights = by_rights
        self._is_operator = is_operator

    async def __call__(self, store: Store, limit: int, busy: InFlight, look: int = 0) -> Selection:
        due, now = await store.due_times(), store.now
        screens = (
            await self._screens(store, limit, busy, also_patient=patient_first(look))
            if has_come(due.screens, now)
            else []
        )
        grants = await store.grants.due(now, limit, busy.grants) if has_come(due.grants, now) else []
        guards, soon, pressing, later, lines = [
            await self._tasks(store, limit, busy, urgency) if has_come(due.tasks.get(urgency), now) else []
            for urgency in (Priority.AT_ONCE, Priority.SOON, Priority.PRESSING, Priority.LATER, Priority.LOG)
        ]
        soon = await self._permitted(store, soon)
        urgent = _in_turn(look, pressing, [screen for screen in screens if not is_patient(screen)])
        crowd = [screen for screen in screens if screen.is_crowd and not screen.is_refresh]
        patient = _in_turn(
            look // PATIENT_SHARE,
            await with_texts(store, later),
            self._logs(lines),
            crowd,
            [s for s in screens if s.is_refresh],
        )
        rest = [*soon, *urgent] if look % 2 == 0 else [*urgent, *soon]
        rest = [*patient, *rest] if patient_first(look) else [*rest, *patient]
        return Selection([*_in_turn(look, guards, grants), *rest], due.first())

    @staticmethod
    async def _tasks(store: Store, limit: int, busy: InFlight, urgency: Priority) -> list[PendingTask]:
        """Return the due tasks of one priority. If there are more than fit, add tasks of chats that have only a few."""
        most = {Priority.LOG: MOST_LINES, Priority.SOON: max(limit, MOST_SMALL)}.get(urgency, limit)
        found = await store.tasks.due(store.now, most, busy.tasks, urgency, busy.resting, busy.full)
        if urgency in (Priority.AT_ONCE, Priority.LOG):
            # Telegram waits for the newest guard joins; the log lines of a chat become one message.
            return found
        if len(found) >= most:
            of_chat = Counter(task.chat_id for task in found)
            crowded = [chat_id for chat_id, count in of_chat.items() if count > most // CROWDED]
            found += await store.tasks.due_of_others(
                store.now, limit, busy.tasks, urgency, crowded, busy.resting, busy.full
            )
        return _by_turns(list({task.id: task for task in found}.values()))[:limit]

    async def _permitted(self, store: Store, tasks: Sequence[PendingTask]) -> list[PendingTask]:
        """Drop tasks for operators whose reader is not one."""
        asked_by = {task.id: task.user_id or task.chat_id for task in tasks if is_for_operators(task)}
        stay = {user_id for user_id in {*asked_by.values()} if await self._is_operator(store, user_id)}
        dropped = {task_id for task_id, user_id in asked_by.items() if user_id not in stay}
        if dropped:
            await store.tasks.done(list(dropped), store.now)
        return [task for task in tasks if task.id not in dropped]

    @staticmethod
    def _logs(lines: Sequence[PendingTask]) -> list[PendingLogBatch]:
        """Group the lines of each log chat into one message."""
        gathered: dict[tuple[int, int | None, str], list[PendingTask]] = defaultdict(list)
        for line in lines:
            if isinstance(line.work, LogLine):
                gathered[line.chat_id, line.work.topic, line.work.language].append(line)
        return [PendingLogBatch(chat, topic, language, tuple(due)) for (chat, topic, language), due in gathered.items()]

    async def _screens(self, store: Store, limit: int, busy: InFlight, *, also_patient: bool) -> list[PendingScreen]:
        size = limit
        while rows := await store.screens.due(store.now, size, busy.screens, busy.resting, also_patient=also_patient):
            people = await store.people.get_many([row.user_id for row in rows])
            late = [row for row in rows if _is_late(row, people, store.now)]
            if not late and size == limit:
                return await self._drawable(store, rows, people)
            await self._give_up(store, late)
            size = MOST_LATE if late else limit
        return []

    @staticmethod
    async def _give_up(store: Store, rows: Sequence[ScreenRow]) -> None:
        await store.screens.give_up([(row.user_id, row.revision) for row in rows])
        for gate_id, user_id in await store.requests.reached([row.user_id for row in rows], reached=False):
            store.journal.add(Event.JOIN_NOT_REACHED, store.now, user_id=user_id, gate_id=gate_id)

    async def _drawable(
        self, store: Store, rows: Sequence[ScreenRow], people: Mapping[int, Person]
    ) -> list[PendingScreen]:
        """Build all screens together; if one cannot be built, each separately, so that only that one is set aside."""
        found, error = await store.attempt(partial(self._due, store, rows, people))
        if error is None:
            return found or []
        drawable: list[PendingScreen] = []
        for row in rows:
            found, error = await store.attempt(partial(self._due, store, [row], people))
            drawable += found or []
            if error is not None:
                key = (row.user_id, row.revision)
                store.note_unreadable(UnreadableRow("screens", key, type(error).__name__, error))
        return drawable

    async def _due(self, store: Store, rows: Sequence[ScreenRow], people: Mapping[int, Person]) -> list[PendingScreen]:
        facts = await PersonContext.gather(store, [row.user_id for row in rows], store.now)
        due = []
        for row in rows:
            if row.user_id not in people:
                # The person was erased after the screen was requested.
                await store.screens.give_up([(row.user_id, row.revision)])
                continue
            view = await facts.view(store, row, self._by_rights)
            due.append(
                PendingScreen(
                    user_id=row.user_id,
                    chat_id=row.chat_id,
                    revision=row.revision,
                    view=view,
                    language=people[row.user_id].language,
                    message_id=row.message_id,
                    is_editable=row.is_editable,
                    is_fresh=row.is_fresh,
                    shown_digest=row.shown_digest,
                    is_refresh=row.is_refresh,
                    attempts=row.attempts,
                    is_crowd=row.is_crowd,
                    verification_id=facts.verification_id(row.user_id),
                )
            )
        return due


def is_patient(item: Outgoing) -> bool:
    """Return whether the item is deferrable."""
    match item:
        case PendingTask(kind=kind):
            return TASKS[kind].priority is Priority.LATER
        case PendingScreen():
            return item.is_refresh or item.is_crowd
    return isinstance(item, PendingLogBatch)


def patient_first(look: int) -> bool:
    """Return whether deferrable items go first in this cycle."""
    return look % PATIENT_SHARE == PATIENT_SHARE - 1


def _in_turn(look: int, *sorts: Sequence[Outgoing]) -> list[Outgoing]:
    """Alternate between the lanes, so that a flood in one does not delay the others. The lane that begins changes with
    each cycle; empty lanes do not count."""
    there = [sort for sort in sorts if sort]
    first = look % len(there) if there else 0
    turns = zip_longest(*there[first:], *there[:first])
    return [item for turn in turns for item in turn if item is not None]


def _by_turns(tasks: Sequence[PendingTask]) -> list[PendingTask]:
    """Order tasks by chat in turn, and within a chat by person in turn. Those of a raid's crowd come last."""
    for whose in (attrgetter("chat_id", "user_id"), attrgetter("chat_id")):
        turns, seen = list[int](), Counter[object]()
        for task in tasks:
            turns.append(seen[whose(task)])
            seen[whose(task)] += 1
        tasks = [task for _, task in sorted(zip(turns, tasks, strict=True), key=itemgetter(0))]
    return sorted(tasks, key=attrgetter("is_crowd"))


def _is_late(row: ScreenRow, people: Mapping[int, Person], now: datetime) -> bool:
    """Return whether it can no longer reach anybody."""
    person = people.get(row.user_id)
    return row.reach_until is not None and now > row.reach_until and person is not None and not person.can_be_written
