"""Erasing people: what becomes of each table's rows about a person."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, cast, delete, exists, func, or_, select, union, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.crypto import Pseudonymizer
from bot.domain.gates import GrantKind, GrantState, Override
from bot.domain.outgoing import TASKS, TaskKind
from bot.domain.people import ERASURE_JOB
from bot.domain.phone import Fingerprint
from bot.domain.screens import ScreenName
from storage.raids import read_raid
from storage.sql import tables
from storage.sql.statements import insert, upsert

V = tables.verifications.c
P = tables.verified_phones.c
A = tables.grants.c
AP = tables.appeals.c
G = tables.gates.c
O = tables.outbox.c  # noqa: E741 - a capital letter a table, as elsewhere
EV = tables.gateway_events.c
ST = tables.access_overrides.c
E = tables.tasks.c
S = tables.screens.c
J = tables.journal.c
X = tables.erasures.c

DELETED = (
    tables.numbers,
    tables.verifications,
    tables.verified_phones,
    tables.join_requests,
    tables.grants,
    tables.appeals,
    tables.admins,
    tables.extra_chats,
    tables.screens,
    tables.outbox,
    tables.operators,
    tables.people,
)
"""Tables whose rows of a person (`user_id`) are deleted. The order matters: numbers refer to verifications."""
UNUSABLE = (LookupError, TypeError, ValueError, AttributeError)
"""What a damaged value in somebody else's row raises. The value is dropped, so that the person can be erased."""
SURVIVING = [kind for kind, its_type in TASKS.items() if its_type.survives_erasure]
NOBODY = 0


class Erasures:
    """Erases people in two steps: at once, and again when nothing is in flight."""

    def __init__(
        self,
        connection: AsyncConnection,
        pseudonymizer: Pseudonymizer | None,
        write_journal: Callable[[], Awaitable[None]],
    ) -> None:
        """`write_journal` writes what this transaction has recorded so far, so that it is anonymised too."""
        self._connection = connection
        self._pseudonymizer = pseudonymizer
        self._write_journal = write_journal

    async def knows(self, user_id: int) -> bool:
        """Whether anything is stored about this person."""
        held = [exists().where(table.c.user_id == user_id) for table in DELETED if "user_id" in table.c]
        found = await self._connection.execute(select(or_(*held)))
        return bool(found.scalar_one())

    async def is_being_erased(self, user_id: int) -> bool:
        """Whether they were erased moments ago, so that something in flight may still arrive."""
        found = await self._connection.execute(select(exists().where(X.user_id == user_id)))
        return bool(found.scalar_one())

    async def entering(self, user_id: int) -> list[tuple[int, GrantKind]]:
        """Gates with a pending or failed grant that lets them in, and its kind."""
        rows = await self._connection.execute(
            select(A.gate_id, A.kind).where(
                A.user_id == user_id,
                A.kind.in_((GrantKind.JOIN, GrantKind.UNMUTE)),
                A.state.in_((GrantState.DUE, GrantState.TOO_MANY_CHATS, GrantState.FAILED)),
            )
        )
        return [(row.gate_id, GrantKind(row.kind)) for row in rows]

    async def erase(self, user_id: int, now: datetime) -> int | None:
        """Delete or anonymise everything about a person. Return the message that showed their screen.

        What stays: the journal without names, pseudonyms of their phone and of blocks, and the unfinished tasks for
        Telegram, as the job ERASURE_JOB.
        """
        await self._write_journal()
        message = await self._connection.execute(select(S.message_id).where(S.user_id == user_id))
        message_id: int | None = message.scalar_one_or_none()
        about = await self._tasks_about(user_id)
        await self._leave_marks(user_id)
        await self._forget(user_id)
        # A row that may be in flight stays until its result is saved: another one could be given its id.
        carried = [row_id for row_id, kind, is_done in about if not is_done and kind in SURVIVING]
        dropped = [row_id for row_id, kind, is_done in about if not is_done and kind not in SURVIVING]
        await self._set_tasks(carried, job=ERASURE_JOB, user_id=user_id)
        await self._set_tasks(dropped, done_at=now, job=ERASURE_JOB, user_id=user_id)
        # By then nothing else may connect these with the person.
        await self._set_tasks([row_id for row_id, _, is_done in about if is_done], user_id=user_id)
        await self._connection.execute(upsert(self._connection, tables.erasures, "at"), {"user_id": user_id, "at": now})
        return message_id

    async def pending(self, erased_before: datetime, limit: int) -> list[int]:
        """The first of those who were erased before this and have no unfinished ERASURE_JOB task."""
        is_under_way = exists().where(E.user_id == X.user_id, E.job == ERASURE_JOB, E.done_at.is_(None))
        rows = await self._connection.execute(
            select(X.user_id).where(X.at < erased_before, ~is_under_way).order_by(X.at, X.user_id).limit(limit)
        )
        return list(rows.scalars())

    async def finish(self, user_id: int) -> None:
        """Delete what arrived since, and the record of the erasure. Data from after a return stays."""
        came_back = await self._came_back(user_id)
        about = [row_id for row_id, _, is_done in await self._tasks_about(user_id, came_back) if is_done]
        if came_back is None:
            await self._leave_marks(user_id)
            await self._forget(user_id)
        else:
            await self._make_nameless(user_id, J.at < came_back)
        await self._connection.execute(delete(tables.tasks).where(E.id.in_(about)))
        await self._connection.execute(delete(tables.erasures).where(X.user_id == user_id))

    async def _came_back(self, user_id: int) -> datetime | None:
        """When the erased person first wrote to the bot, joined a group or became an operator again."""
        erased_at = select(X.at).where(X.user_id == user_id).scalar_subquery()
        met = select(tables.people.c.met_at.label("at")).where(tables.people.c.user_id == user_id)
        requests = tables.join_requests.c
        joined = select(requests.requested_at.label("at")).where(
            requests.user_id == user_id, requests.requested_at >= erased_at
        )
        operators = tables.operators.c
        appointed = select(operators.added_at.label("at")).where(
            operators.user_id == user_id, operators.added_at >= erased_at
        )
        lives = union(met, joined, appointed).subquery()
        came: datetime | None = (await self._connection.execute(select(func.min(lives.c.at)))).scalar_one()
        return came

    async def _leave_marks(self, user_id: int) -> None:
        """Store pseudonyms, so that a phone still counts as one account and a block stays."""
        if self._pseudonymizer is None:
            raise RuntimeError("nobody can be erased without the installation's key")
        phones = await self._connection.execute(select(P.fingerprint, P.rank).where(P.user_id == user_id))
        for row in phones.all():
            fingerprint = Fingerprint(row.fingerprint)
            await self._connection.execute(
                upsert(self._connection, tables.erased_phones, "rank"),
                {
                    "owner_mark": self._pseudonymizer.owner(fingerprint, user_id),
                    "phone_mark": self._pseudonymizer.phone(fingerprint),
                    "rank": row.rank,
                },
            )
        columns = [column for column in tables.access_overrides.columns if column is not ST.user_id]
        blocks = await self._connection.execute(
            select(*columns).where(ST.user_id == user_id, ST.override == Override.BLOCKED)
        )
        for block in blocks.mappings().all():
            await self._connection.execute(
                insert(self._connection, tables.access_overrides).on_conflict_do_nothing(),
                {**block, "user_id": self._pseudonymizer.person(user_id)},
            )
        await self._connection.execute(delete(tables.access_overrides).where(ST.user_id == user_id))

    async def _forget(self, user_id: int) -> None:
        attempts = select(V.id).where(V.user_id == user_id)
        phones = union(
            select(V.fingerprint).where(V.user_id == user_id), select(P.fingerprint).where(P.user_id == user_id)
        )
        # Calls that confirmed another account of the same phone belong to that account.
        await self._connection.execute(
            delete(tables.gateway_events).where(
                EV.fingerprint.in_(phones), or_(EV.verification_id.is_(None), EV.verification_id.in_(attempts))
            )
        )
        await self._forget_appeals(user_id)
        for table in DELETED:
            await self._connection.execute(delete(table).where(table.c.user_id == user_id))
        await self._make_nameless(user_id)
        for column, nobody in (
            (tables.gates.c.added_by, None),
            (tables.access_overrides.c.admin_id, NOBODY),
            (tables.mass_declines.c.admin_id, NOBODY),
            (tables.appeals.c.decided_by, None),
            (tables.operators.c.added_by, NOBODY),
            (tables.announcements.c.author_id, NOBODY),
            (tables.announcements.c.sent_by, NOBODY),
        ):
            await self._connection.execute(update(column.table).where(column == user_id).values({column: nobody}))
        await self._forget_raids(user_id)
        await self._forget_messages(user_id)
        await self._look_away(user_id)

    async def _forget_raids(self, user_id: int) -> None:
        """Remove the admin from what was done about a raid, and from the messages about it."""
        raids = await self._connection.execute(
            select(G.chat_id, G.raid).where(G.raid.is_not(None), cast(G.raid, Text).contains(str(user_id)))
        )
        for row in raids.all():
            try:
                told = [message for message in row.raid["messages"] if message["chat_id"] != user_id]
                raid = _nameless({**row.raid, "messages": told}, user_id)
            except UNUSABLE:
                raid = None
            await self._connection.execute(update(tables.gates).where(G.chat_id == row.chat_id).values(raid=raid))

    async def _forget_appeals(self, user_id: int) -> None:
        """Remove the admin's messages about people who appealed."""
        told = await self._connection.execute(
            select(AP.gate_id, AP.user_id, AP.messages).where(
                AP.gate_id.in_(_gates_of(user_id)),
                AP.messages.is_not(None),
                cast(AP.messages, Text).contains(str(user_id)),
            )
        )
        for row in told.all():
            try:
                messages = [message for message in row.messages if message[0] != user_id]
            except UNUSABLE:
                messages = []
            await self._connection.execute(
                update(tables.appeals)
                .where(AP.gate_id == row.gate_id, AP.user_id == row.user_id)
                .values(messages=messages or None)
            )

    async def _forget_messages(self, user_id: int) -> None:
        """Remove the admin who decided from outbox messages about others."""
        messages = await self._connection.execute(select(O.id, O.body).where(O.admin_id == user_id))
        for row in messages.all():
            try:
                said = json.loads(row.body)
                said["data"].pop("admin_id", None)
            except UNUSABLE:
                # The name cannot be taken out of it.
                await self._connection.execute(delete(tables.outbox).where(O.id == row.id))
                continue
            body = json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()
            await self._connection.execute(update(tables.outbox).where(O.id == row.id).values(admin_id=None, body=body))

    async def _make_nameless(self, user_id: int, *when: ColumnElement[bool]) -> None:
        """Anonymise journal entries; statistics still count them."""
        await self._connection.execute(
            update(tables.journal).where(J.user_id == user_id, *when).values(user_id=None, verification_id=None)
        )
        await self._connection.execute(update(tables.journal).where(J.actor_id == user_id, *when).values(actor_id=None))

    async def _look_away(self, user_id: int) -> None:
        """Show the welcome screen to everybody whose screen shows this person."""
        seen = await self._connection.execute(
            select(S.user_id, S.details).where(tables.OF_OTHERS, cast(S.details, Text).contains(str(user_id)))
        )
        whose = [row.user_id for row in seen if names(row.details, user_id)]
        await self._connection.execute(
            update(tables.screens).where(S.user_id.in_(whose)).values(face=ScreenName.WELCOME, details={})
        )

    async def _tasks_about(self, user_id: int, before: datetime | None = None) -> list[tuple[int, str, bool]]:
        """Id and kind of tasks for, about or by this person, and whether they are done. A raid's alerts name several
        admins, and are found by the raid."""
        when = [] if before is None else [E.created_at < before]
        found = select(E.id, E.kind, E.done_at)
        rows = await self._connection.execute(
            found.where(or_(E.chat_id == user_id, E.user_id == user_id, E.other_id == user_id), *when)
        )
        about = {row.id: row for row in rows}
        jobs = await self._raids_of(user_id)
        if jobs:
            alerts = await self._connection.execute(
                found.add_columns(E.details).where(
                    E.job.in_(jobs), E.kind == TaskKind.ALERT, cast(E.details, Text).contains(str(user_id)), *when
                )
            )
            about |= {row.id: row for row in alerts if names(row.details, user_id)}
        return [(row.id, row.kind, row.done_at is not None) for row in about.values()]

    async def _raids_of(self, user_id: int) -> set[str]:
        """The jobs of alerts about raids at gates that this person runs, or to which they responded."""
        raids = await self._connection.execute(
            select(G.chat_id, G.raid).where(
                G.raid.is_not(None), or_(G.chat_id.in_(_gates_of(user_id)), cast(G.raid, Text).contains(str(user_id)))
            )
        )
        names_of_jobs = set()
        for row in raids:
            with suppress(*UNUSABLE):
                names_of_jobs.add(read_raid(row.raid, row.chat_id).name)
        return names_of_jobs

    async def _set_tasks(self, task_ids: Iterable[int], **news: object) -> None:
        await self._connection.execute(update(tables.tasks).where(E.id.in_(list(task_ids))).values(**news))


def _gates_of(user_id: int) -> Select[tuple[int]]:
    """Gates at which they are, or ever were, an admin."""
    return select(tables.admins.c.gate_id).where(tables.admins.c.user_id == user_id)


def names(value: object, user_id: int) -> bool:
    """Whether this id occurs in a value, as a number or within a text."""
    written = value if isinstance(value, str) else json.dumps(value)
    return re.search(rf"(?<![\w-]){user_id}(?!\w)", written) is not None


def _nameless(value: Any, user_id: int) -> Any:  # noqa: ANN401 - whatever JSON holds
    """The JSON value without this id."""
    if isinstance(value, dict):
        return {key: _nameless(held, user_id) for key, held in value.items()}
    if isinstance(value, list):
        return [_nameless(held, user_id) for held in value]
    return NOBODY if value == user_id and value is not True else value
