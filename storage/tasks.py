"""Tasks: one-off deliveries to Telegram."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, bindparam, func, not_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.outgoing import (
    MESSAGES,
    MOST_COUNTED,
    MOST_UNDONE,
    PACED,
    TASKS,
    Paced,
    PendingTask,
    Priority,
    StalledTask,
    TaskKind,
    Work,
    paced,
)
from bot.domain.tasks import CheckGateHealth
from storage.sql import tables
from storage.sql.statements import delete_some, insert_new, json_text, one_more
from storage.sql.task_json import other_person, read_task, write_task
from storage.sql.unreadable import NoteUnreadable, details, pass_over, readable

E = tables.tasks.c
P = tables.people.c
CROWD = 2
"""Added to the rank of a crowd's tasks: they follow all others of their priority."""
RANGES = {
    Priority.AT_ONCE: (-2, -1),
    Priority.SOON: (0, 1),
    Priority.LATER: (2, 3 + CROWD),
    Priority.PRESSING: (10, 11 + CROWD),
    Priority.LOG: (20, 20),
}
"""The ranks of each priority."""


IS_LEFT = E.done_at.is_(None)
LOOKED_THROUGH = 250
"""How many of the oldest due tasks of a rank are searched for tasks of other chats."""
DUE = (
    select(E.id, E.kind, E.rank, E.chat_id, E.details, E.attempts, E.user_id, P.language)
    .join(tables.people, P.user_id == E.chat_id, isouter=True)
    .where(
        IS_LEFT,
        # One by one, so that only the due rows of each rank are read.
        E.rank.in_(bindparam("ranks", expanding=True)),
        E.due_at <= bindparam("now"),
        or_(E.expires_at.is_(None), E.expires_at > bindparam("now")),
        E.id.not_in(bindparam("busy", expanding=True)),
        not_(and_(E.chat_id.in_(bindparam("resting", expanding=True)), E.kind.in_(MESSAGES))),
        E.kind.not_in(bindparam("full", expanding=True)),
    )
    .limit(bindparam("at_most"))
)
OLDEST_FIRST = DUE.order_by(E.rank, E.due_at, E.id)
NEWEST_FIRST = DUE.order_by(E.rank, E.due_at.desc(), E.id)
OLDEST_OF_RANK = (
    select(E.id)
    .where(IS_LEFT, E.rank == bindparam("rank"), E.due_at <= bindparam("now"))
    .order_by(E.due_at)
    .limit(LOOKED_THROUGH)
    .subquery()
)
OF_OTHERS = OLDEST_FIRST.where(
    E.id.in_(select(OLDEST_OF_RANK.c.id)), E.chat_id.not_in(bindparam("crowded", expanding=True))
)
CANCEL = (
    update(tables.tasks)
    .where(E.user_id == bindparam("whose"), E.chat_id == bindparam("where"), E.kind == bindparam("what"), IS_LEFT)
    .values(done_at=bindparam("now"))
)
CANCEL_RESTING = CANCEL.where(E.due_at > bindparam("now"))
ABOUT = select(E.user_id).where(
    E.chat_id == bindparam("where"), E.kind == bindparam("what"), IS_LEFT, E.user_id.is_not(None)
)
DONE = update(tables.tasks).where(E.id.in_(bindparam("which", expanding=True))).values(done_at=bindparam("now"))
RETRY = (
    update(tables.tasks)
    .where(E.id == bindparam("which"))
    .values(due_at=bindparam("again_at"), attempts=one_more(E.attempts), error=bindparam("said"))
)


def _counted(*where: ColumnElement[bool]) -> Select[int]:
    """The number of undone tasks of some kinds that meet these conditions, counted up to `at_most`."""
    is_of_kinds = E.kind.in_(bindparam("kinds", expanding=True))
    some = select(E.id).where(is_of_kinds, IS_LEFT, *where).limit(bindparam("at_most"))
    return select(func.count()).select_from(some.subquery())


UNDONE = _counted(E.chat_id == bindparam("where"))
UNDONE_OF_NOBODY = _counted(E.chat_id == bindparam("where"), E.user_id.is_(None))
UNDONE_IN_GROUPS = _counted(E.user_id == bindparam("whose"), E.chat_id < 0)
CHATS = "also"
"""The detail of a task that names several chats, separated by spaces."""
LEFT_OF_JOB = (
    select(E.id, E.kind, E.details)
    .where(E.job == bindparam("name"), IS_LEFT)
    .order_by(E.id)
    .with_for_update(key_share=True)
)
LOCKED = select(E.id, E.kind, E.details).where(E.id == bindparam("which")).with_for_update(key_share=True)


class Tasks:
    """One-off deliveries."""

    def __init__(self, connection: AsyncConnection, note: NoteUnreadable = pass_over) -> None:
        self._connection = connection
        self._note = note

    async def add(
        self,
        work: Work,
        chat_id: int,
        now: datetime,
        *,
        key: str | None = None,
        expires_at: datetime | None = None,
        user_id: int | None = None,
        job: str | None = None,
        after: float = 0.0,
        crowd: bool = False,
    ) -> None:
        """Add a task. If the `key` exists, done or not, it is a repeat: nothing is added.

        A task that a person causes by pressing, writing or joining is due later if many of theirs (in a group, where
        the person is unknown: of the group's) are undone; beyond MOST_UNDONE it adds none of what they ask for. See
        `bot.domain.outgoing.PACED`.

        `user_id`: whom it is about. `job`: the name of the job it is part of. `after`: delay in seconds. `crowd`: one
        of very many, which follows all others of its priority.
        """
        later = await self._paced(work.kind, chat_id, user_id)
        if later is None:
            return
        details = write_task(work)
        await self._connection.execute(
            insert_new(self._connection, tables.tasks),
            {
                "kind": work.kind,
                "rank": TASKS[work.kind].rank + (CROWD if crowd else 0),
                "chat_id": chat_id,
                "details": details,
                "unique_key": key,
                "created_at": now,
                "due_at": now + timedelta(seconds=after) + later,
                "expires_at": expires_at,
                "user_id": user_id,
                "other_id": other_person(details, chat_id, user_id),
                "job": job,
            },
        )

    async def add_many(self, chat_id: int, about: Sequence[tuple[int, Work]], now: datetime, *, job: str) -> None:
        """Add a crowd of tasks: whom each is about, and what it says."""
        if not about:
            return
        written = [(user_id, work.kind, write_task(work)) for user_id, work in about]
        await self._connection.execute(
            tables.tasks.insert(),
            [
                {
                    "kind": kind,
                    "rank": TASKS[kind].rank + CROWD,
                    "chat_id": chat_id,
                    "details": details,
                    "created_at": now,
                    "due_at": now,
                    "user_id": user_id,
                    "other_id": other_person(details, chat_id, user_id),
                    "job": job,
                }
                for user_id, kind, details in written
            ],
        )

    async def tell_many(self, work: Work, chat_ids: Collection[int], now: datetime, *, job: str) -> None:
        """Add a crowd of equal tasks, one for each chat."""
        if not chat_ids:
            return
        rank = TASKS[work.kind].rank + CROWD
        shared = {"kind": work.kind, "rank": rank, "details": write_task(work), "created_at": now}
        await self._connection.execute(
            tables.tasks.insert(),
            [{**shared, "chat_id": chat_id, "due_at": now, "job": job} for chat_id in chat_ids],
        )

    async def due(
        self,
        now: datetime,
        limit: int,
        busy: Collection[int],
        urgency: Priority,
        resting: Collection[int] = (),
        full: Collection[TaskKind] = (),
    ) -> list[PendingTask]:
        """Due tasks of one priority; no messages to `resting` chats, and none of the kinds in `full`."""
        lowest, highest = RANGES[urgency]
        ranks = range(lowest, highest + 1)
        if urgency is not Priority.AT_ONCE:
            return await self._due(OLDEST_FIRST, now, limit, busy, ranks, resting, full)
        # Telegram waits only seconds for these, so the newest go first, while it still does. No index has this order.
        found: list[PendingTask] = []
        for rank in ranks:
            found += await self._due(NEWEST_FIRST, now, limit - len(found), busy, (rank,), resting, full)
        return found

    async def due_of_others(
        self,
        now: datetime,
        limit: int,
        busy: Collection[int],
        urgency: Priority,
        crowded: Collection[int],
        resting: Collection[int] = (),
        full: Collection[TaskKind] = (),
    ) -> list[PendingTask]:
        """The same for each rank of that priority, `limit` of each, without `crowded` chats."""
        lowest, highest = RANGES[urgency]
        found: list[PendingTask] = []
        for rank in range(lowest, highest + 1):
            found += await self._due(OF_OTHERS, now, limit, busy, (rank,), resting, full, rank=rank, crowded=crowded)
        return found

    async def _due(
        self,
        query: Select[Any],
        now: datetime,
        limit: int,
        busy: Collection[int],
        ranks: Sequence[int],
        resting: Collection[int],
        full: Collection[TaskKind],
        *,
        rank: int | None = None,
        crowded: Collection[int] = (),
    ) -> list[PendingTask]:
        left_out = {"busy": list(busy), "resting": list(resting), "full": list(full)}
        if rank is not None:
            left_out |= {"rank": rank, "crowded": list(crowded)}
        rows = await self._connection.execute(query, {"ranks": list(ranks), "now": now, "at_most": limit, **left_out})
        return readable(rows, _task, self._note, tables.tasks)

    async def cancel(self, kind: TaskKind, chat_id: int, user_id: int, now: datetime, *, resting: bool = False) -> bool:
        """Cancel what has not run yet; return whether there was any. `resting`: only what cannot be in flight."""
        cancelled = await self._connection.execute(
            CANCEL_RESTING if resting else CANCEL, {"whose": user_id, "where": chat_id, "what": kind, "now": now}
        )
        return bool(cancelled.rowcount)

    async def about(self, kind: TaskKind, chat_id: int) -> set[int]:
        """The people whom the undone tasks of this kind in a chat are about."""
        found = await self._connection.execute(ABOUT, {"where": chat_id, "what": kind})
        return set(found.scalars())

    async def left_about(self, user_id: int, kinds: Collection[TaskKind]) -> list[StalledTask]:
        """Undone tasks of these kinds about a person, oldest first."""
        rows = await self._connection.execute(
            select(E.id, E.kind, E.chat_id, E.created_at, E.attempts, E.error)
            .where(E.user_id == user_id, E.kind.in_(kinds), E.done_at.is_(None))
            .order_by(E.id)
        )
        return readable(rows, _left, self._note, tables.tasks)

    async def undone(self, kinds: Collection[TaskKind], chat_id: int) -> int:
        """How many tasks of these kinds are undone in a chat, counted up to `MOST_UNDONE`."""
        return await self._count(UNDONE, kinds, MOST_UNDONE, where=chat_id)

    async def _paced(self, kind: TaskKind, chat_id: int, user_id: int | None) -> timedelta | None:
        """How much to delay it because of undone tasks of its person or group; None to drop it."""
        group = TASKS[kind].paced
        if group is None:
            return timedelta()
        kinds, most = PACED[group], MOST_UNDONE if group is Paced.REQUESTS else MOST_COUNTED
        if chat_id > 0:
            undone = await self._count(UNDONE, kinds, most, where=chat_id)
        elif user_id is not None:
            undone = await self._count(UNDONE_IN_GROUPS, kinds, most, whose=user_id)
        else:
            undone = await self._count(UNDONE_OF_NOBODY, kinds, most, where=chat_id)
        if group is Paced.REQUESTS and undone >= MOST_UNDONE:
            return None
        return paced(undone, in_group=chat_id < 0 and user_id is None)

    async def _count(self, query: Select[int], kinds: Collection[TaskKind], at_most: int, **where: int) -> int:
        found = await self._connection.execute(query, {"kinds": list(kinds), "at_most": at_most, **where})
        count: int = found.scalar_one()
        return count

    async def ask_again(self, job: str, news: CheckGateHealth) -> bool:
        """Record on a job's undone checks of a gate that another was requested. Return whether there are any."""
        rows = (await self._connection.execute(LEFT_OF_JOB, {"name": job})).all()
        found = readable(rows, _check, self._note, tables.tasks)
        for task_id, check in found:
            again = replace(
                check,
                notify_admins=check.notify_admins or news.notify_admins,
                answer_to=check.answer_to if news.answer_to is None else news.answer_to,
                repeats=check.repeats + 1,
            )
            await self._connection.execute(
                update(tables.tasks).where(E.id == task_id).values(details=write_task(again))
            )
        return bool(found)

    async def asked_since(self, task_id: int, check: CheckGateHealth) -> CheckGateHealth | None:
        """The check that was requested again since this one was picked; None when there was none. A later request waits
        for the end of the transaction, and finds the task done if it was."""
        rows = await self._connection.execute(LOCKED, {"which": task_id})
        found = readable(rows.all(), _check, self._note, tables.tasks)
        return next((now for _, now in found if now.repeats != check.repeats), None)

    async def job(self, name: str) -> tuple[int, int]:
        """How many parts a job has, and how many are done."""
        found = await self._connection.execute(select(func.count(), func.count(E.done_at)).where(E.job == name))
        parts, done = found.one()
        return parts, done

    async def cancel_job(self, name: str, now: datetime) -> None:
        """Cancel the parts of a job that have not run yet."""
        await self._connection.execute(
            update(tables.tasks).where(E.job == name, E.done_at.is_(None)).values(done_at=now)
        )

    async def asked_at(self, job: str) -> datetime | None:
        """When the newest part of a job was added."""
        newest = await self._connection.execute(select(func.max(E.created_at)).where(E.job == job))
        at: datetime | None = newest.scalar_one()
        return at

    async def done(self, task_ids: Sequence[int], now: datetime) -> None:
        await self._connection.execute(DONE, {"which": list(task_ids), "now": now})

    async def expire(self, now: datetime) -> None:
        """Give up tasks past their expiry."""
        await self._connection.execute(
            update(tables.tasks).where(E.done_at.is_(None), E.expires_at <= now).values(done_at=now)
        )

    async def forget(self, done_before: datetime) -> None:
        """Delete those done earlier."""
        await delete_some(self._connection, tables.tasks, E.done_at, E.done_at < done_before)

    async def retry(self, task_id: int, due_at: datetime, error: str) -> None:
        await self._connection.execute(RETRY, {"which": task_id, "again_at": due_at, "said": error})

    async def move(self, old_id: int, new_id: int) -> None:
        """Move undone tasks in, or about, the old chat to the new one."""
        is_about = or_(
            *(json_text(E.details, name) == str(old_id) for name in ("gate", "chat")),
            json_text(E.details, CHATS).contains(str(old_id)),
        )
        rows = await self._connection.execute(
            select(E.id, E.chat_id, E.details).where(E.done_at.is_(None), or_(E.chat_id == old_id, is_about))
        )
        found = readable(rows.all(), lambda row: (row.id, row.chat_id, details(row)), self._note, tables.tasks)
        for task_id, chat_id, said in found:
            moved = {name: new_id if value == old_id else value for name, value in said.items()}
            if CHATS in said:
                chats = str(said[CHATS]).split()
                moved[CHATS] = " ".join(str(new_id) if chat == str(old_id) else chat for chat in chats)
            await self._connection.execute(
                update(tables.tasks)
                .where(E.id == task_id)
                .values(chat_id=new_id if chat_id == old_id else chat_id, details=moved)
            )


def _task(row: Row[Any]) -> PendingTask:
    work = read_task(TaskKind(row.kind), details(row))
    is_crowd = row.rank >= TASKS[work.kind].rank + CROWD
    return PendingTask(row.id, work, row.chat_id, row.language or "", row.attempts, row.user_id, is_crowd=is_crowd)


def _check(row: Row[Any]) -> tuple[int, CheckGateHealth]:
    """The id and what the check says. Raises ValueError if it is another task, or unreadable."""
    check = read_task(TaskKind(row.kind), details(row))
    if not isinstance(check, CheckGateHealth):
        raise ValueError(f"{check.kind} is no check")  # noqa: TRY004 - of a row, not of an argument
    return row.id, check


def _left(row: Row[Any]) -> StalledTask:
    return StalledTask(TaskKind(row.kind), row.chat_id, row.created_at, row.attempts, row.error or "")
