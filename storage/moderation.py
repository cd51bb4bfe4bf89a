"""Admins, their decisions about people, and the appeals to them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Row, and_, bindparam, cast, delete, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.crypto import Pseudonymizer
from bot.domain.admin_actions import ADMIN_KNOWN_FOR
from bot.domain.eligibility import Applicant
from bot.domain.gates import NO_ADMIN, AccessOverride, AdminRights, Gate, Override, Right
from bot.domain.notifications import Toast
from bot.domain.outgoing import TaskKind
from bot.domain.verification import VerificationState
from storage.gates import MOVED_GATE, G, gate
from storage.people import PHONES, phone
from storage.sql import tables
from storage.sql.statements import insert, upsert
from storage.sql.unreadable import known

S = tables.access_overrides.c
AP = tables.appeals.c
AD = tables.admins.c
V = tables.verifications.c
E = tables.tasks.c
PHONE_COLUMNS = [column for column in PHONES if column is not PHONES.user_id]
# A pseudonym is below zero, so a decision made since the person came back sorts first.
IS_THEIRS = S.user_id.in_((bindparam("whose"), bindparam("under_mark")))
STANDING = (
    select(tables.access_overrides)
    .where(S.gate_id == bindparam("at_gate"), IS_THEIRS)
    .order_by(S.user_id.desc())
    .limit(1)
)
WHO = select(cast(bindparam("whose"), BigInteger).label("user_id")).subquery()
VERIFYING = exists().where(V.user_id == WHO.c.user_id, V.state == VerificationState.OPEN)
BEING_DECLINED = exists().where(
    E.user_id == WHO.c.user_id,
    E.chat_id == bindparam("at_gate"),
    E.kind == TaskKind.DECLINE_JOIN,
    E.done_at.is_(None),
)
FACTS = [
    *(WHO.c.user_id, S.override, S.at, S.admin_id, *PHONE_COLUMNS),
    VERIFYING.label("is_verifying"),
    BEING_DECLINED.label("is_being_declined"),
]
KNOWN = (
    select(*FACTS)
    .select_from(
        WHO.outerjoin(tables.access_overrides, (S.gate_id == bindparam("at_gate")) & IS_THEIRS).outerjoin(
            tables.verified_phones, PHONES.user_id == WHO.c.user_id
        )
    )
    .order_by(S.user_id.desc())
    .limit(1)
)
DECISIONS = select(tables.access_overrides).where(S.user_id == bindparam("whose"))
APPEALS_SINCE = select(AP.gate_id, AP.user_id, AP.decided_at).where(
    AP.user_id.in_(bindparam("whose", expanding=True)), AP.asked_at > bindparam("since")
)
WHOSE = (AD.gate_id == bindparam("at_gate"), AD.user_id == bindparam("whose"))
IS_ADMIN = select(AD.is_admin).where(*WHOSE)
RIGHTS = select(AD.is_admin, AD.rights).where(*WHOSE, AD.checked_at >= bindparam("since"))
ADMINS_AT = select(AD.user_id).where(AD.gate_id == bindparam("at_gate"), AD.is_admin).order_by(AD.user_id)
TO_ASK = (
    select(AD.gate_id)
    .where(AD.user_id == bindparam("whose"), AD.checked_at < bindparam("since"))
    .order_by(AD.checked_at, AD.gate_id)
)


class Overrides:
    """What admins decided about people at their gates.

    A decision about an erased person may be stored under their pseudonym.
    """

    def __init__(self, connection: AsyncConnection, pseudonymizer: Pseudonymizer | None = None) -> None:
        self._connection = connection
        self._pseudonymizer = pseudonymizer

    async def get(self, gate_id: int, user_id: int) -> AccessOverride | None:
        mark = self._mark(user_id)
        found = await self._connection.execute(STANDING, {"at_gate": gate_id, "whose": user_id, "under_mark": mark})
        row = found.one_or_none()
        return None if row is None else _decision(row)

    async def known(self, gate_id: int, user_id: int) -> Applicant:
        """Return what is known of somebody who comes to a gate. Read for everybody who comes, so in one statement."""
        row = (
            await self._connection.execute(
                KNOWN, {"at_gate": gate_id, "whose": user_id, "under_mark": self._mark(user_id)}
            )
        ).one()
        return Applicant(
            _decision(row) if row.override is not None else None,
            phone(row) if row.fingerprint is not None else None,
            row.is_verifying,
            row.is_being_declined,
        )

    async def of_person(self, user_id: int) -> dict[int, AccessOverride]:
        """By gate."""
        rows = await self._connection.execute(DECISIONS, {"whose": user_id})
        return {row.gate_id: _decision(row) for row in rows}

    async def put(self, gate_id: int, user_id: int, decision: AccessOverride) -> None:
        values: dict[str, object] = {
            "override": decision.override,
            "at": decision.at,
            "admin_id": decision.admin_id,
        }
        await self._connection.execute(
            upsert(self._connection, tables.access_overrides, *values),
            {"gate_id": gate_id, "user_id": user_id, **values},
        )

    async def drop(self, gate_id: int, user_id: int) -> None:
        whose = (user_id, self._mark(user_id))
        await self._connection.execute(
            delete(tables.access_overrides).where(S.gate_id == gate_id, S.user_id.in_(whose))
        )

    def _mark(self, user_id: int) -> int:
        return user_id if self._pseudonymizer is None else self._pseudonymizer.person(user_id)


class Appeals:
    """Appeals: who asked the admins of a gate to let them in."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def open(self, gate_id: int, user_id: int, now: datetime, every: timedelta) -> bool:
        """Store the appeal; False when the last one is less than `every` ago."""
        asked = await self._connection.execute(
            insert(self._connection, tables.appeals)
            .values(gate_id=gate_id, user_id=user_id, asked_at=now)
            .on_conflict_do_update(
                index_elements=[AP.gate_id, AP.user_id],
                set_={"asked_at": now, **dict.fromkeys(("decided_at", "outcome", "decided_by", "messages"))},
                where=AP.asked_at <= now - every,
            )
        )
        return bool(asked.rowcount)

    async def of_many(self, user_ids: Collection[int], since: datetime) -> dict[int, dict[int, bool]]:
        """At which gates these persons have appealed since then, and whether the admins have still to decide there."""
        rows = await self._connection.execute(APPEALS_SINCE, {"whose": list(user_ids), "since": since})
        asked: dict[int, dict[int, bool]] = defaultdict(dict)
        for row in rows:
            asked[row.user_id][row.gate_id] = row.decided_at is None
        return asked

    async def told(self, gate_id: int, user_id: int, chat_id: int, message_id: int) -> tuple[Toast, int | None] | None:
        """Record a message that notifies admins of it. Return the decision made meanwhile and by whom, if any."""
        row = await self._locked(gate_id, user_id)
        if row is None:
            # The gate may have moved to a new chat before, or while this transaction waited for the row.
            moved = (await self._connection.execute(MOVED_GATE, {"which": gate_id})).scalars().first()
            gate_id = gate_id if moved is None else moved
            row = None if moved is None else await self._locked(gate_id, user_id)
        if row is None or row.decided_at is not None:
            return (Toast.DECIDED_ALREADY, None) if row is None else (Toast(row.outcome), row.decided_by)
        erased = await self._connection.execute(select(exists().where(tables.erasures.c.user_id == chat_id)))
        if erased.scalar_one():
            # The message was in flight when that admin was erased.
            return None
        messages = [*(row.messages or []), [chat_id, message_id]]
        await self._connection.execute(
            update(tables.appeals).where(AP.gate_id == gate_id, AP.user_id == user_id).values(messages=messages)
        )
        return None

    async def _locked(self, gate_id: int, user_id: int) -> Row[Any] | None:
        of_this = (AP.gate_id == gate_id, AP.user_id == user_id)
        found = await self._connection.execute(select(tables.appeals).where(*of_this).with_for_update(key_share=True))
        return found.one_or_none()

    async def close(
        self, gate_id: int, user_id: int, outcome: Toast, now: datetime, admin_id: int | None
    ) -> list[tuple[int, int]]:
        """Record the decision. Return chat and id of the messages that announced the appeal, the first time only."""
        told = await self._connection.execute(
            select(AP.messages)
            .where(AP.gate_id == gate_id, AP.user_id == user_id, AP.decided_at.is_(None))
            .with_for_update(key_share=True)
        )
        messages = told.scalar_one_or_none()
        closed = await self._connection.execute(
            update(tables.appeals)
            .where(AP.gate_id == gate_id, AP.user_id == user_id, AP.decided_at.is_(None))
            .values(decided_at=now, outcome=outcome, decided_by=admin_id, messages=None)
        )
        return [(chat_id, message_id) for chat_id, message_id in messages or []] if closed.rowcount else []


class Admins:
    """Who Telegram said is an admin of a gate, with which rights, and when."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def rights_of(self, gate_id: int, user_id: int, since: datetime) -> AdminRights | None:
        """What they may do there, as Telegram said since then; None when the bot has to ask Telegram."""
        found = await self._connection.execute(RIGHTS, {"at_gate": gate_id, "whose": user_id, "since": since})
        row = found.one_or_none()
        if row is None or (row.is_admin and row.rights is None):
            return None
        return AdminRights(row.is_admin, _held(row.rights)) if row.is_admin else NO_ADMIN

    async def is_admin(self, gate_id: int, user_id: int) -> bool | None:
        """Whether they were an admin when Telegram last said so, however long ago; None when it never did."""
        found = await self._connection.execute(IS_ADMIN, {"at_gate": gate_id, "whose": user_id})
        is_admin: bool | None = found.scalar_one_or_none()
        return is_admin

    async def note(self, gate_id: int, user_id: int, now: datetime, rights: AdminRights) -> None:
        """Record rights that Telegram sent unasked."""
        values: dict[str, object] = {
            "is_admin": rights.is_admin,
            "rights": _written(rights),
            "checked_at": now,
            "told_at": now,
        }
        await self._connection.execute(
            upsert(self._connection, tables.admins, *values), {"gate_id": gate_id, "user_id": user_id, **values}
        )

    async def answered(self, gate_id: int, user_id: int, now: datetime, rights: AdminRights) -> None:
        """Record an answer of Telegram. It may be older than the latest update: what Telegram sent unasked within the
        last minute wins over any answer, which then only adds what is missing."""
        statement = insert(self._connection, tables.admins)
        columns = {column: statement.excluded[column] for column in ("is_admin", "rights", "checked_at")}
        adds_rights = and_(AD.is_admin, AD.rights.is_(None), statement.excluded.is_admin)
        await self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=[AD.gate_id, AD.user_id],
                set_=columns,
                where=or_(_no_news_since(now - ADMIN_KNOWN_FOR), adds_rights),
            ),
            {
                "gate_id": gate_id,
                "user_id": user_id,
                "is_admin": rights.is_admin,
                "rights": _written(rights),
                "checked_at": now,
            },
        )

    async def are(self, gate_id: int, admins: Mapping[int, AdminRights], now: datetime) -> None:
        """Record an answer of Telegram (see `answered`): these are the admins of a gate, and nobody else is."""
        await self._connection.execute(
            update(tables.admins)
            .where(AD.gate_id == gate_id, AD.user_id.not_in(admins), _no_news_since(now - ADMIN_KNOWN_FOR))
            .values(is_admin=False, rights=None, checked_at=now)
        )
        for user_id, rights in admins.items():
            await self.answered(gate_id, user_id, now, rights)

    async def at(self, gate_id: int) -> list[int]:
        """The known admins of a gate."""
        rows = await self._connection.execute(ADMINS_AT, {"at_gate": gate_id})
        return list(rows.scalars())

    async def to_ask(self, user_id: int, since: datetime) -> list[int]:
        """Gates where Telegram was last asked before `since` whether this person is an admin."""
        rows = await self._connection.execute(TO_ASK, {"whose": user_id, "since": since})
        return list(rows.scalars())

    async def gates_of(self, user_id: int) -> list[Gate]:
        """Gates whose admin this person is, or was when Telegram was last asked; newest first."""
        rows = await self._connection.execute(
            select(tables.gates)
            .join(tables.admins, AD.gate_id == G.chat_id)
            .where(AD.user_id == user_id, AD.is_admin)
            .order_by(G.created_at.desc(), G.chat_id)
        )
        return [gate(row.chat_id, row) for row in rows]


def _decision(row: Row[Any]) -> AccessOverride:
    """Treat a decision that this version does not know as a block, since it might be one."""
    return AccessOverride(known(Override, row.override, Override.BLOCKED), row.at, row.admin_id)


def _no_news_since(since: datetime) -> ColumnElement[bool]:
    return or_(AD.told_at.is_(None), AD.told_at < since)


def _written(rights: AdminRights) -> str | None:
    return " ".join(sorted(rights.held)) if rights.is_admin and rights.held is not None else None


def _held(written: str) -> frozenset[Right]:
    # Ignore rights that only a newer version knows: this one never asks for them.
    return frozenset(Right(name) for name in written.split() if name in set(Right))
