"""Grants: what people get at gates."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, bindparam, exists, func, literal_column, not_, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.gates import Gate, Grant, GrantKind, GrantState, Settled
from bot.domain.outgoing import PendingGrant, TaskKind
from bot.domain.statistics import EntryReason
from storage.gates import GATE_COLUMNS, G, gate
from storage.sql import tables
from storage.sql.statements import one_more, upsert
from storage.sql.unreadable import NoteUnreadable, known, pass_over, readable

A = tables.grants.c
R = tables.join_requests.c
E = tables.tasks.c
SHOWN_GRANTS = 5
SETTLE = (
    update(tables.grants)
    .where(
        A.gate_id == bindparam("at_gate"),
        A.user_id == bindparam("whose"),
        A.kind == bindparam("what"),
        A.state == GrantState.DUE,
        A.requested_at == bindparam("since"),
    )
    .values(
        state=bindparam("settled_state"),
        settled_at=bindparam("now"),
        error=bindparam("said"),
        detail=func.coalesce(bindparam("made"), A.detail),
    )
    .returning(A.is_told, A.verification_id, A.how)
)
RIGHT_WORDS = (
    "right",
    "admin_required",
    "administrator",
    "not a member",
    "kicked",
    "chat not found",
    "not participant",
)
"""Parts of Telegram's error messages, in lower case, that mean that the bot lacks a right or the chat."""
# Spelled as in the index: SQLite does not use a partial index for a parameter.
HAS_FAILED = A.state == literal_column(f"'{GrantState.FAILED}'")
LACKED_RIGHT = or_(*(func.lower(A.error).contains(word) for word in RIGHT_WORDS))
# Never unmute a newcomer before they were muted: the mute in flight would come last, and stay.
IS_BEING_MUTED = and_(
    A.kind == GrantKind.UNMUTE,
    exists().where(E.user_id == A.user_id, E.chat_id == A.gate_id, E.kind == TaskKind.MUTE, E.done_at.is_(None)),
)
GRANTS_OF = select(tables.grants).where(A.user_id == bindparam("whose"))
AT_GATE = GRANTS_OF.where(A.gate_id == bindparam("at_gate")).order_by(A.requested_at)
NOT_GONE = GRANTS_OF.where(A.state != GrantState.GONE).order_by(A.requested_at)
TAKE_BACK = (
    update(tables.grants)
    .where(
        A.gate_id == bindparam("at_gate"),
        A.user_id == bindparam("whose"),
        A.kind.in_(bindparam("kinds", expanding=True)),
    )
    .values(state=GrantState.GONE)
)
WITH_GATES = (
    select(tables.grants, *GATE_COLUMNS)
    .join(tables.gates, G.chat_id == A.gate_id)
    .where(A.user_id.in_(bindparam("whose", expanding=True)), A.state != GrantState.GONE, A.kind != GrantKind.TAG)
    .order_by(A.requested_at.desc())
)
DUE = (
    select(A.gate_id, A.user_id, A.kind, A.requested_at, A.attempts, A.detail, A.verification_id, R.query_id)
    .join(tables.join_requests, (R.gate_id == A.gate_id) & (R.user_id == A.user_id), isouter=True)
    .where(A.state == GrantState.DUE, A.due_at <= bindparam("now"), not_(IS_BEING_MUTED))
    .order_by(A.due_at)
    .limit(bindparam("at_most"))
)
DUE_BESIDE = DUE.where(tuple_(A.gate_id, A.user_id).not_in(bindparam("busy", expanding=True)))
RETRY = (
    update(tables.grants)
    .where(
        A.gate_id == bindparam("at_gate"),
        A.user_id == bindparam("whose"),
        A.kind == bindparam("what"),
        A.requested_at == bindparam("since"),
    )
    .values(due_at=bindparam("again_at"), attempts=one_more(A.attempts), error=bindparam("said"))
)


class Grants:
    """The grants of verified people."""

    def __init__(self, connection: AsyncConnection, note: NoteUnreadable = pass_over) -> None:
        self._connection = connection
        self._note = note

    async def request(
        self,
        gate_id: int,
        user_id: int,
        kind: GrantKind,
        verification_id: int,
        now: datetime,
        *,
        told: bool,
        detail: str = "",
        how: EntryReason | None = None,
        due_at: datetime | None = None,
    ) -> None:
        """Make it pending, even if it is done or failed; due at once, or at `due_at`. `verification_id` is 0 when there
        was none. `how`: how they enter by it; None for a grant that admits nobody."""
        values: dict[str, object] = {
            "verification_id": verification_id,
            "state": GrantState.DUE,
            "is_told": told,
            "requested_at": due_at or now,
            "due_at": due_at or now,
            "settled_at": None,
            "attempts": 0,
            "error": None,
            "detail": detail,
            "how": how,
        }
        await self._connection.execute(
            upsert(self._connection, tables.grants, *values),
            {"gate_id": gate_id, "user_id": user_id, "kind": kind, **values},
        )

    async def made(self, gate_id: int, user_id: int, kind: GrantKind, now: datetime) -> None:
        """Record as done what an admin did themselves."""
        values: dict[str, object] = {
            "verification_id": 0,
            "state": GrantState.DONE,
            "is_told": True,
            "requested_at": now,
            "due_at": now,
            "settled_at": now,
            "attempts": 0,
            "error": None,
            "detail": "",
            "how": None,
        }
        await self._connection.execute(
            upsert(self._connection, tables.grants, *values),
            {"gate_id": gate_id, "user_id": user_id, "kind": kind, **values},
        )

    async def get(self, gate_id: int, user_id: int) -> list[Grant]:
        rows = await self._connection.execute(AT_GATE, {"at_gate": gate_id, "whose": user_id})
        return readable(rows, _grant, self._note, tables.grants)

    async def of_person(self, user_id: int) -> list[Grant]:
        """All that are done, pending or failed, at every gate."""
        rows = await self._connection.execute(NOT_GONE, {"whose": user_id})
        return readable(rows, _grant, self._note, tables.grants)

    async def take_back(self, gate_id: int, user_id: int, kind: GrantKind | None = None) -> list[Grant]:
        """Revoke these, or the one of this kind. Return those not revoked before, so that Telegram can follow."""
        kinds = set(GrantKind) if kind is None else {kind}
        grants = [
            grant
            for grant in await self.get(gate_id, user_id)
            if grant.state is not GrantState.GONE and grant.kind in kinds
        ]
        await self._connection.execute(TAKE_BACK, {"at_gate": gate_id, "whose": user_id, "kinds": list(kinds)})
        return grants

    async def of_many(self, user_ids: Collection[int]) -> dict[int, list[tuple[Grant, Gate]]]:
        """The newest few of each person, newest first."""
        rows = await self._connection.execute(WITH_GATES, {"whose": list(user_ids)})
        grants: dict[int, list[tuple[Grant, Gate]]] = defaultdict(list)
        for grant, its_gate in readable(rows, self._with_gate, self._note, tables.grants):
            if len(grants[grant.user_id]) < SHOWN_GRANTS:
                grants[grant.user_id].append((grant, its_gate))
        return grants

    async def due(self, now: datetime, limit: int, busy: Collection[tuple[int, int]]) -> list[PendingGrant]:
        values: dict[str, object] = {"now": now, "at_most": limit}
        if busy:
            rows = await self._connection.execute(DUE_BESIDE, values | {"busy": list(busy)})
        else:
            rows = await self._connection.execute(DUE, values)
        return readable(rows, _due, self._note, tables.grants)

    def _with_gate(self, row: Row[Any]) -> tuple[Grant, Gate]:
        return _grant(row), gate(row.gate_id, row, self._note)

    async def settle(
        self, grant: PendingGrant, state: GrantState, now: datetime, error: str, detail: str | None = None
    ) -> Settled | None:
        """Record the outcome. Return None if it was requested again meanwhile."""
        settled = await self._connection.execute(
            SETTLE,
            {
                "at_gate": grant.gate_id,
                "whose": grant.user_id,
                "what": grant.kind,
                "since": grant.requested_at,
                "settled_state": state,
                "now": now,
                "said": error or None,
                "made": detail,
            },
        )
        row = settled.one_or_none()
        return None if row is None else Settled(row.is_told, row.verification_id, _how(row))

    async def retry(self, grant: PendingGrant, due_at: datetime, error: str) -> None:
        await self._connection.execute(
            RETRY,
            {
                "at_gate": grant.gate_id,
                "whose": grant.user_id,
                "what": grant.kind,
                "since": grant.requested_at,
                "again_at": due_at,
                "said": error or None,
            },
        )

    async def retry_failed(self, now: datetime, *, user_id: int | None = None, gate_id: int | None = None) -> int:
        """Retry those that failed for good or for too many chats. Return how many."""
        query = update(tables.grants).where(A.state.in_((GrantState.FAILED, GrantState.TOO_MANY_CHATS)))
        if user_id is not None:
            query = query.where(A.user_id == user_id)
        if gate_id is not None:
            query = query.where(A.gate_id == gate_id)
        owed = await self._connection.execute(
            query.values(state=GrantState.DUE, requested_at=now, due_at=now, attempts=0)
        )
        return owed.rowcount

    async def lacking_rights(self) -> list[int]:
        """Gates at which grants failed because the bot lacked a right, according to Telegram; lowest id first."""
        rows = await self._connection.execute(
            select(A.gate_id).where(HAS_FAILED, LACKED_RIGHT).group_by(A.gate_id).order_by(A.gate_id)
        )
        return list(rows.scalars())

    async def retry_failed_with(
        self, gate_id: int, kinds: Collection[GrantKind], now: datetime, asked_at: datetime
    ) -> int:
        """Retry those of these kinds that failed at the gate for lack of a right when the bot asked Telegram about its
        rights, at `asked_at`. Return how many."""
        owed = await self._connection.execute(
            update(tables.grants)
            .where(HAS_FAILED, LACKED_RIGHT, A.gate_id == gate_id, A.kind.in_(kinds), A.settled_at <= asked_at)
            .values(state=GrantState.DUE, requested_at=now, due_at=now, attempts=0)
        )
        return owed.rowcount


def _due(row: Row[Any]) -> PendingGrant:
    return PendingGrant(
        row.gate_id,
        row.user_id,
        GrantKind(row.kind),
        row.requested_at,
        row.attempts,
        row.query_id if row.kind == GrantKind.JOIN else None,
        row.detail if row.kind == GrantKind.TAG else "",
        row.verification_id or None,
    )


def _grant(row: Row[Any]) -> Grant:
    return Grant(
        row.gate_id,
        row.user_id,
        GrantKind(row.kind),
        GrantState(row.state),
        row.detail,
        row.settled_at,
        row.verification_id,
        row.attempts,
        row.error or "",
        _how(row),
    )


def _how(row: Row[tuple[object, ...]]) -> EntryReason | None:
    return known(EntryReason, row.how, EntryReason.OTHER) if row.how else None
