"""Gates, the requests that wait at them, and what confirmed persons are granted there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import BigInteger, ColumnElement, Row, bindparam, exists, literal, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.delivery import GrantDue
from bot.domain.gate import Gate, Grant, GrantKind, GrantState, JoinRequest, Reach, RequestState
from bot.domain.verification import VerificationState
from storage import tables
from storage.statements import upsert

G = tables.gates.c
R = tables.join_requests.c
A = tables.grants.c
GATE_COLUMNS = (G.title, G.username, G.is_channel, G.is_on)
SHOWN_GRANTS = 5
GATE = select(tables.gates).where(G.chat_id == bindparam("which"))
DECIDE = (
    update(tables.join_requests)
    .where(R.gate_id == bindparam("at_gate"), R.user_id == bindparam("whose"))
    .values(state=bindparam("decided_state"), decided_at=bindparam("now"))
)
REACH = (
    update(tables.join_requests)
    .where(
        R.user_id.in_(bindparam("whose", expanding=True)),
        R.state == RequestState.WAITING,
        R.reach.in_(bindparam("before", expanding=True)),
    )
    .values(reach=bindparam("found"))
    .returning(R.gate_id, R.user_id)
)
SETTLE = (
    update(tables.grants)
    .where(
        A.gate_id == bindparam("at_gate"),
        A.user_id == bindparam("whose"),
        A.kind == bindparam("what"),
        A.state == GrantState.DUE,
        A.owed_at == bindparam("since"),
    )
    .values(state=bindparam("settled_state"), settled_at=bindparam("now"), error=bindparam("said"))
    .returning(A.is_told)
)


class SqlGates:
    """See `bot.usecases.ports.Gates`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        # In a raid all the requests of a transaction ask for the same gate.
        self._read: dict[int, Gate | None] = {}

    async def get(self, chat_id: int) -> Gate | None:
        if chat_id not in self._read:
            row = (await self._connection.execute(GATE, {"which": chat_id})).one_or_none()
            self._read[chat_id] = None if row is None else _gate(row.chat_id, row)
        return self._read[chat_id]

    async def that_are_on(self) -> list[Gate]:
        """For the doctor, which reads beside the bot."""
        rows = await self._connection.execute(select(tables.gates).where(G.is_on).order_by(G.chat_id))
        return [_gate(row.chat_id, row) for row in rows]

    async def save(self, gate: Gate, now: datetime, added_by: int | None = None) -> None:
        self._read.pop(gate.chat_id, None)
        values: dict[str, object] = {
            "title": gate.title,
            "username": gate.username,
            "is_channel": gate.is_channel,
            "is_on": gate.is_on,
            "changed_at": now,
        }
        if added_by is not None:
            values["added_by"] = added_by
        await self._connection.execute(
            upsert(self._connection, tables.gates, *values), {"chat_id": gate.chat_id, "created_at": now, **values}
        )


class SqlJoinRequests:
    """See `bot.usecases.ports.JoinRequests`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def keep(self, request: JoinRequest) -> None:
        values: dict[str, object] = {
            "state": request.state,
            "reach": Reach.PENDING,
            "requested_at": request.requested_at,
            "deadline_at": request.deadline_at,
            "decided_at": None,
            "query_id": request.query_id,
        }
        await self._connection.execute(
            upsert(self._connection, tables.join_requests, *values),
            {"gate_id": request.gate_id, "user_id": request.user_id, **values},
        )

    async def get(self, gate_id: int, user_id: int) -> JoinRequest | None:
        found = await self._connection.execute(
            select(tables.join_requests).where(R.gate_id == gate_id, R.user_id == user_id)
        )
        row = found.one_or_none()
        return None if row is None else _request(row)

    async def waiting_of_many(self, user_ids: Collection[int]) -> dict[int, list[tuple[JoinRequest, Gate]]]:
        rows = await self._connection.execute(
            select(tables.join_requests, *GATE_COLUMNS)
            .join(tables.gates, G.chat_id == R.gate_id)
            .where(R.user_id.in_(user_ids), R.state == RequestState.WAITING)
            .order_by(R.requested_at)
        )
        waiting: dict[int, list[tuple[JoinRequest, Gate]]] = defaultdict(list)
        for row in rows:
            waiting[row.user_id].append((_request(row), _gate(row.gate_id, row)))
        return waiting

    async def set_state(self, gate_id: int, user_id: int, state: RequestState, now: datetime) -> None:
        await self._connection.execute(
            DECIDE, {"at_gate": gate_id, "whose": user_id, "decided_state": state, "now": now}
        )

    async def forget_query(self, gate_id: int, user_id: int) -> None:
        await self._connection.execute(
            update(tables.join_requests).where(R.gate_id == gate_id, R.user_id == user_id).values(query_id=None)
        )

    async def reached(self, user_ids: Collection[int], *, reached: bool) -> list[tuple[int, int]]:
        if not user_ids:
            return []
        reach = Reach.REACHED if reached else Reach.NOT_REACHED
        # Who was not reached at first may be reached later; not the other way round.
        before = [Reach.PENDING, Reach.NOT_REACHED] if reached else [Reach.PENDING]
        rows = await self._connection.execute(REACH, {"whose": list(user_ids), "found": reach, "before": before})
        return [(row.gate_id, row.user_id) for row in rows]

    async def waiting_though_verified(self, limit: int) -> list[JoinRequest]:
        rows = await self._connection.execute(
            select(tables.join_requests)
            .join(tables.verified_phones, tables.verified_phones.c.user_id == R.user_id)
            .join(tables.gates, G.chat_id == R.gate_id)
            .where(R.state == RequestState.WAITING, G.is_on)
            .limit(limit)
        )
        return [_request(row) for row in rows]

    async def overdue(self, now: datetime, limit: int) -> list[tuple[JoinRequest, Gate]]:
        in_call_window = exists().where(
            tables.verifications.c.user_id == R.user_id,
            tables.verifications.c.state == VerificationState.OPEN,
        )
        rows = await self._connection.execute(
            select(tables.join_requests, *GATE_COLUMNS)
            .join(tables.gates, G.chat_id == R.gate_id)
            .where(R.state == RequestState.WAITING, R.deadline_at < now, G.is_on, ~in_call_window)
            .order_by(R.deadline_at)
            .limit(limit)
        )
        return [(_request(row), _gate(row.gate_id, row)) for row in rows]

    async def decline_overdue(self, gate_id: int, user_id: int, now: datetime) -> bool:
        # What was read before may be over: on PostgreSQL a confirmation can come in between.
        declined = await self._connection.execute(
            update(tables.join_requests)
            .where(R.gate_id == gate_id, R.user_id == user_id, R.state == RequestState.WAITING, R.deadline_at < now)
            .values(state=RequestState.DECLINED, decided_at=now)
        )
        return bool(declined.rowcount)

    async def give_chance(self, gate_id: int, deadline_at: datetime) -> None:
        await self._connection.execute(
            update(tables.join_requests)
            .where(R.gate_id == gate_id, R.state == RequestState.WAITING, R.deadline_at < deadline_at)
            .values(deadline_at=deadline_at)
        )

    async def prolong(self, seconds: float) -> None:
        await self._connection.execute(
            update(tables.join_requests)
            .where(R.state == RequestState.WAITING)
            .values(
                deadline_at=R.deadline_at.op("+")(literal(timedelta(seconds=seconds) // tables.MICROSECOND, BigInteger))
            )
        )


class SqlGrants:
    """See `bot.usecases.ports.Grants`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def owe(
        self, gate_id: int, user_id: int, kind: GrantKind, verification_id: int, now: datetime, *, told: bool
    ) -> None:
        values: dict[str, object] = {
            "verification_id": verification_id,
            "state": GrantState.DUE,
            "is_told": told,
            "owed_at": now,
            "due_at": now,
            "settled_at": None,
            "attempts": 0,
            "error": None,
        }
        await self._connection.execute(
            upsert(self._connection, tables.grants, *values),
            {"gate_id": gate_id, "user_id": user_id, "kind": kind, **values},
        )

    async def of_many(self, user_ids: Collection[int]) -> dict[int, list[tuple[Grant, Gate]]]:
        rows = await self._connection.execute(
            select(tables.grants, *GATE_COLUMNS)
            .join(tables.gates, G.chat_id == A.gate_id)
            .where(A.user_id.in_(user_ids), A.state != GrantState.GONE)
            .order_by(A.owed_at.desc())
        )
        grants: dict[int, list[tuple[Grant, Gate]]] = defaultdict(list)
        for row in rows:
            if len(grants[row.user_id]) < SHOWN_GRANTS:
                grant = Grant(row.gate_id, row.user_id, GrantKind(row.kind), GrantState(row.state))
                grants[row.user_id].append((grant, _gate(row.gate_id, row)))
        return grants

    async def due(self, now: datetime, limit: int, busy: Collection[tuple[int, int]]) -> list[GrantDue]:
        query = (
            select(A.gate_id, A.user_id, A.kind, A.owed_at, A.attempts, R.query_id)
            .join(tables.join_requests, (R.gate_id == A.gate_id) & (R.user_id == A.user_id), isouter=True)
            .where(A.state == GrantState.DUE, A.due_at <= now)
        )
        if busy:
            query = query.where(tuple_(A.gate_id, A.user_id).not_in(busy))
        rows = await self._connection.execute(query.order_by(A.due_at).limit(limit))
        return [
            GrantDue(row.gate_id, row.user_id, GrantKind(row.kind), row.owed_at, row.attempts, row.query_id)
            for row in rows
        ]

    async def settle(self, grant: GrantDue, state: GrantState, now: datetime, error: str) -> bool | None:
        settled = await self._connection.execute(
            SETTLE,
            {
                "at_gate": grant.gate_id,
                "whose": grant.user_id,
                "what": grant.kind,
                "since": grant.owed_at,
                "settled_state": state,
                "now": now,
                "said": error or None,
            },
        )
        is_told: bool | None = settled.scalar_one_or_none()
        return is_told

    async def retry(self, grant: GrantDue, due_at: datetime, error: str) -> None:
        await self._connection.execute(
            update(tables.grants).where(*_is(grant)).values(due_at=due_at, attempts=A.attempts + 1, error=error or None)
        )

    async def owe_again(self, now: datetime, *, user_id: int | None = None, gate_id: int | None = None) -> int:
        query = update(tables.grants).where(A.state.in_((GrantState.FAILED, GrantState.TOO_MANY_CHATS)))
        if user_id is not None:
            query = query.where(A.user_id == user_id)
        if gate_id is not None:
            query = query.where(A.gate_id == gate_id)
        owed = await self._connection.execute(query.values(state=GrantState.DUE, owed_at=now, due_at=now, attempts=0))
        return owed.rowcount


def _is(grant: GrantDue) -> tuple[ColumnElement[bool], ...]:
    return (
        A.gate_id == grant.gate_id,
        A.user_id == grant.user_id,
        A.kind == grant.kind,
        A.owed_at == grant.owed_at,
    )


def _gate(chat_id: int, row: Row[tuple[object, ...]]) -> Gate:
    return Gate(chat_id, row.title, row.username, row.is_channel, row.is_on)


def _request(row: Row[tuple[object, ...]]) -> JoinRequest:
    return JoinRequest(
        row.gate_id, row.user_id, row.requested_at, row.deadline_at, RequestState(row.state), row.query_id
    )
