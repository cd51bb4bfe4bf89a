"""Join requests: who asked to enter which gate, or joined and waits there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Row,
    TextClause,
    and_,
    bindparam,
    exists,
    func,
    literal,
    not_,
    select,
    tuple_,
    type_coerce,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.gate_settings import AtDeadline, EntryMode
from bot.domain.gates import Gate, Ineligibility, JoinRequest, Reachability, RequestState, WaitingKey
from storage.gates import GATE_COLUMNS, G, gate
from storage.sql import join_request_queries as queries
from storage.sql import tables
from storage.sql.join_request_queries import NOT_IN_CALL_WINDOW, NOT_VERIFIED, SETTINGS, TURNED_AWAY, WORKS
from storage.sql.statements import is_none, json_text, upsert
from storage.sql.unreadable import NoteUnreadable, one_readable, pass_over, readable

R = tables.join_requests.c
E = tables.tasks.c
STATES = {state.value for state in RequestState}
WAITING_WITH_GATES = (
    select(tables.join_requests, *GATE_COLUMNS)
    .join(tables.gates, G.chat_id == R.gate_id)
    .where(R.state == RequestState.WAITING, R.user_id.in_(bindparam("whose", expanding=True)))
    .order_by(R.requested_at, R.gate_id.desc())
)


class JoinRequests:
    """The join requests of all gates."""

    def __init__(self, connection: AsyncConnection, note: NoteUnreadable = pass_over) -> None:
        self._connection = connection
        self._note = note
        # During a raid, every request of a transaction asks how many came before it: the count is read once and then
        # incremented here. Somebody who asks again then counts twice.
        self._recent: dict[int, int] = {}
        self._kept: set[tuple[int, int]] = set()

    async def keep(self, request: JoinRequest) -> None:
        """Store a new request, in place of an older one of the same person at the same gate."""
        values: dict[str, object] = {
            "state": request.state,
            "reach": Reachability.PENDING,
            "requested_at": request.requested_at,
            "deadline_at": request.deadline_at,
            "decided_at": None,
            "query_id": request.query_id,
            "way": request.way,
            "name": request.name,
            "ineligibility": request.ineligibility,
        }
        await self._connection.execute(
            upsert(self._connection, tables.join_requests, *values, *queries.HAS_PHONE, derived=queries.HAS_PHONE),
            {"gate_id": request.gate_id, "user_id": request.user_id, "whose": request.user_id, **values},
        )
        key = (request.gate_id, request.user_id)
        if request.gate_id in self._recent and key not in self._kept:
            self._recent[request.gate_id] += 1
        self._kept.add(key)

    async def get(self, gate_id: int, user_id: int) -> JoinRequest | None:
        found = await self._connection.execute(queries.THE_ONE, {"at_gate": gate_id, "whose": user_id})
        row = found.one_or_none()
        return one_readable(row, _request, self._note, tables.join_requests)

    async def of_person(self, user_id: int) -> list[JoinRequest]:
        """The newest at each gate, newest first."""
        rows = await self._connection.execute(queries.OF_PERSON, {"whose": user_id})
        return self._readable(rows)

    async def names(self, user_ids: Collection[int]) -> dict[int, str]:
        """The names of these persons in their last requests, as far as they are stored."""
        rows = await self._connection.execute(queries.NAMES, {"whose": list(user_ids)})
        return {row.user_id: row.name for row in rows}

    async def waiting_of_many(self, user_ids: Collection[int]) -> dict[int, list[tuple[JoinRequest, Gate]]]:
        waiting: dict[int, list[tuple[JoinRequest, Gate]]] = defaultdict(list)
        rows = await self._connection.execute(WAITING_WITH_GATES, {"whose": list(user_ids)})
        for request, its_gate in readable(rows, self._with_gate, self._note, tables.join_requests):
            waiting[request.user_id].append((request, its_gate))
        return waiting

    async def set_state(self, gate_id: int, user_id: int, state: RequestState, now: datetime) -> None:
        await self._connection.execute(
            queries.DECIDE, {"at_gate": gate_id, "whose": user_id, "decided_state": state, "now": now}
        )

    async def decide_if_waiting(self, gate_id: int, user_id: int, state: RequestState, now: datetime) -> bool:
        """Decide about a request if it still waits; return whether it did. If several decide, the first wins."""
        claimed = await self._connection.execute(
            queries.CLAIM, {"at_gate": gate_id, "whose": user_id, "decided_state": state, "now": now}
        )
        return bool(claimed.rowcount)

    async def set_ineligibility(self, gate_id: int, user_id: int, ineligibility: Ineligibility | None) -> None:
        await self._connection.execute(
            queries.CHANGE, {"at_gate": gate_id, "whose": user_id, "ineligibility": ineligibility}
        )

    async def clear_ineligibility(self, *, gate_id: int | None = None, user_id: int | None = None) -> None:
        """Clear why verified phones did not open this gate, or any gate for this person; the bot then checks again."""
        if gate_id is None:
            query = queries.CLEAR_INELIGIBILITY if user_id is None else queries.CLEAR_THEIR_INELIGIBILITY
        else:
            query = queries.CLEAR_INELIGIBILITY_AT if user_id is None else queries.CLEAR_ONE_INELIGIBILITY
        await self._connection.execute(query, {"at_gate": gate_id, "whose": user_id})

    async def recent(self, gate_id: int, since: datetime, enough: int) -> int:
        """How many asked, or joined, since then. Up to `enough` it may be slightly too high."""
        if gate_id not in self._recent or self._recent[gate_id] > enough:
            found = await self._connection.execute(queries.RECENT, {"at_gate": gate_id, "since": since})
            self._recent[gate_id] = found.scalar_one()
        return self._recent[gate_id]

    async def tally(self, gate_id: int, since: datetime, until: datetime) -> dict[RequestState, int]:
        """The states of the requests made between these moments."""
        rows = await self._connection.execute(
            select(R.state, func.count().label("many"))
            .where(R.gate_id == gate_id, R.requested_at.between(since, until))
            .group_by(R.state)
        )
        return {RequestState(row.state): row.many for row in rows if row.state in STATES}

    async def waiting_at(self, gate_id: int, limit: int, offset: int = 0) -> list[JoinRequest]:
        """The waiting requests of a gate, longest first."""
        rows = await self._connection.execute(
            select(tables.join_requests)
            .where(R.gate_id == gate_id, tables.IS_WAITING)
            .order_by(R.requested_at, R.user_id)
            .limit(limit)
            .offset(offset)
        )
        return self._readable(rows)

    async def count_waiting(self, gate_id: int) -> int:
        found = await self._connection.execute(queries.COUNT_WAITING, {"at_gate": gate_id})
        return found.scalar_one()

    async def has_muted(self, gate_id: int) -> bool:
        """Whether a muted newcomer waits at this gate."""
        is_muted = exists().select_from(tables.join_requests).where(R.gate_id == gate_id, tables.IS_WAITING_MUTED)
        return bool((await self._connection.execute(select(is_muted))).scalar_one())

    async def count_declinable(self, gate_id: int, before: datetime) -> int:
        """How many `decline_many` would decline."""
        found = await self._connection.execute(
            select(func.count()).where(
                R.gate_id == gate_id,
                R.state == RequestState.WAITING,
                R.requested_at < before,
                NOT_IN_CALL_WINDOW,
                NOT_VERIFIED,
            )
        )
        return found.scalar_one()

    async def decline_many(
        self, gate_id: int, now: datetime, limit: int, *, before: datetime | None = None, since: datetime | None = None
    ) -> list[JoinRequest]:
        """Decline those who asked before, or since, a moment, are not in a call window and not verified."""
        when = [] if before is None else [R.requested_at < before]
        when += [] if since is None else [R.requested_at >= since]
        rows = await self._connection.execute(
            select(tables.join_requests)
            .where(R.gate_id == gate_id, tables.IS_WAITING, NOT_IN_CALL_WINDOW, NOT_VERIFIED, *when)
            .order_by(R.requested_at)
            .limit(limit)
            .with_for_update(key_share=True, skip_locked=True)
        )
        found = self._readable(rows)
        if found:
            await self._connection.execute(
                update(tables.join_requests)
                .where(R.gate_id == gate_id, R.user_id.in_([request.user_id for request in found]))
                .values(state=RequestState.DECLINED, decided_at=now)
            )
        return found

    async def undo_pending_rejections(self, user_id: int, now: datetime) -> list[JoinRequest]:
        """Reopen this person's requests that no admin declined and whose decline or removal has not reached Telegram
        yet, and cancel that decline."""
        rows = (await self._connection.execute(queries.BEING_TURNED_AWAY, {"whose": user_id})).all()
        # An admin's decision stands, even if it has not reached Telegram yet.
        by_admin = {row.gate_id for row in rows if "admin_id" in (row.refusal or ())}
        found = self._readable([row for row in rows if row.gate_id not in by_admin])
        if found:
            gate_ids = [request.gate_id for request in found]
            await self._connection.execute(
                update(tables.tasks)
                .where(E.user_id == user_id, E.chat_id.in_(gate_ids), E.kind.in_(TURNED_AWAY), E.done_at.is_(None))
                .values(done_at=now)
            )
            await self._connection.execute(
                update(tables.join_requests)
                .where(R.user_id == user_id, R.gate_id.in_(gate_ids))
                .values(state=RequestState.WAITING, decided_at=None)
            )
        return found

    async def not_yet_notified(self, joined_before: datetime) -> list[tuple[int, datetime]]:
        """Gates whose group should be prompted because of muted newcomers, and when the newest of those joined:
        newcomers whom the bot could not reach privately, and at gates with `prompts_group` also those who joined before
        and have not come to the private chat."""
        rows = await self._connection.execute(queries.gates_to_prompt(joined_before))
        return [(row.chat_id, max(at for at in (row.lost, row.silent) if at is not None)) for row in rows]

    async def forget_names(self, decided_before: datetime) -> None:
        """Drop the names in requests decided earlier."""
        await self._connection.execute(
            update(tables.join_requests).where(R.name != "", R.decided_at < decided_before).values(name="")
        )

    async def forget_query(self, gate_id: int, user_id: int) -> None:
        """Drop the query: Telegram no longer waits for an answer to this request."""
        await self._connection.execute(queries.CHANGE, {"at_gate": gate_id, "whose": user_id, "query_id": None})

    async def reached(
        self, user_ids: Collection[int], *, reached: bool, gate_id: int | None = None
    ) -> list[tuple[int, int]]:
        """Record whether the bot could notify these persons of their pending requests, or of the one at one gate.
        Return gate and person where that is new."""
        if not user_ids:
            return []
        reach = Reachability.REACHED if reached else Reachability.NOT_REACHED
        # Somebody unreached may be reached later, but not the other way round.
        before = [Reachability.PENDING, Reachability.NOT_REACHED] if reached else [Reachability.PENDING]
        values: dict[str, object] = {"whose": list(user_ids), "found": reach, "before": before}
        if gate_id is None:
            rows = await self._connection.execute(queries.REACH, values)
        else:
            rows = await self._connection.execute(queries.REACH_THERE, values | {"at_gate": gate_id})
        return [(row.gate_id, row.user_id) for row in rows]

    async def eligible_but_waiting(self, now: datetime, limit: int) -> list[tuple[JoinRequest, Gate]]:
        """Waiting people whose verified phone was not found ineligible, at active gates; and all waiting people at
        gates that need no call."""
        is_strict = and_(G.strict_until.is_not(None), G.strict_until > now)
        lets_all_in = and_(queries.ASKS_NO_CALL, ~is_strict)
        found = await self._at_gates(limit, (*WORKS, lets_all_in), tables.IS_WAITING, order=R.requested_at)
        found += await self._at_gates(limit, (*WORKS, ~lets_all_in), tables.IS_WAITING_VERIFIED, order=R.requested_at)
        return found[:limit]

    async def muted_without_reason(self, limit: int) -> list[JoinRequest]:
        """Muted people who wait at gates that no longer mute."""
        found = await self._at_gates(limit, (G.is_on, queries.MUTES_NOBODY), tables.IS_WAITING_MUTED, order=R.reach)
        return [request for request, _ in found]

    async def reopen_until(self, gate_id: int, user_id: int, deadline_at: datetime) -> None:
        """Let a declined person wait again."""
        await self._connection.execute(
            queries.CHANGE,
            {
                "at_gate": gate_id,
                "whose": user_id,
                "state": RequestState.WAITING,
                "decided_at": None,
                "deadline_at": deadline_at,
            },
        )

    async def overdue(self, now: datetime, limit: int) -> list[tuple[JoinRequest, Gate]]:
        """Overdue waiting requests at active gates that turn people away, except of people in a call window."""
        is_left = json_text(SETTINGS, "at_deadline") == AtDeadline.LEAVE
        turns_away = func.coalesce(~is_left, literal(True))  # noqa: FBT003 - SQL's
        return await self._at_gates(
            limit,
            (*WORKS, turns_away),
            tables.IS_WAITING,
            R.deadline_at < now,
            NOT_IN_CALL_WINDOW,
            order=R.deadline_at,
        )

    async def check_verified(self, after: WaitingKey | None, limit: int) -> WaitingKey | None:
        """Correct the copy of "is verified" in waiting requests, in case a phone was stored or removed at the same
        moment, for the next few after that key. Return the key at which to go on; None after the last."""
        key = tuple_(R.gate_id, R.deadline_at, R.user_id)
        rest = [] if after is None else [key > tuple_(*(literal(part, BigInteger) for part in after))]
        rows = await self._connection.execute(
            select(
                R.gate_id,
                type_coerce(R.deadline_at, BigInteger),
                R.user_id,
                R.is_verified,
                not_(NOT_VERIFIED),
            )
            .where(tables.IS_WAITING, *rest)
            .order_by(R.gate_id, R.deadline_at, R.user_id)
            .limit(limit)
        )
        checked: list[tuple[WaitingKey, bool, bool]] = [((row[0], row[1], row[2]), row[3], row[4]) for row in rows]
        wrong = [key[2] for key, is_noted, is_verified in checked if is_noted != is_verified]
        if wrong:
            await self._connection.execute(
                update(tables.join_requests).where(R.user_id.in_(wrong)).values(is_verified=not_(NOT_VERIFIED))
            )
        return checked[-1][0] if len(checked) == limit else None

    async def decline_overdue(self, gate_id: int, user_id: int, now: datetime) -> bool:
        """Decline a request if it still waits past its deadline; return whether it did."""
        # The earlier read may be stale: on PostgreSQL a confirmation can come in between.
        declined = await self._connection.execute(
            queries.DECLINE_OVERDUE,
            {"at_gate": gate_id, "whose": user_id, "decided_state": RequestState.DECLINED, "now": now},
        )
        return bool(declined.rowcount)

    async def extend_deadlines(self, gate_id: int, deadline_at: datetime) -> None:
        """Extend the deadlines of this gate's waiting requests to at least `deadline_at`."""
        await self._connection.execute(queries.EXTEND_DEADLINES, {"at_gate": gate_id, "until": deadline_at})

    async def shift_deadlines(self, seconds: float) -> None:
        """Add an outage to the deadline of everybody who waits."""
        await self._connection.execute(
            update(tables.join_requests)
            # A damaged deadline beyond the calendar cannot be extended.
            .where(R.state == RequestState.WAITING, type_coerce(R.deadline_at, BigInteger) < tables.LAST)
            .values(
                deadline_at=R.deadline_at.op("+")(literal(timedelta(seconds=seconds) // tables.MICROSECOND, BigInteger))
            )
        )

    async def _at_gates(
        self,
        limit: int,
        of_gate: Sequence[ColumnElement[bool]],
        *of_request: ColumnElement[bool] | TextClause,
        order: ColumnElement[Any],
    ) -> list[tuple[JoinRequest, Gate]]:
        """Requests with their gates. Each gate has its share, so that a flood at one does not delay the others.

        It reads the gates first, of which there are few, and never reads the requests of others.
        """
        # In the order of the index, or PostgreSQL may look for the first one in the whole table.
        nobody = is_none(select(R.user_id).where(R.gate_id == G.chat_id, *of_request).order_by(order))
        rows = await self._connection.execute(
            select(tables.gates).where(*of_gate, not_(nobody)).order_by(func.random()).limit(limit)
        )
        gates = [gate(row.chat_id, row, self._note) for row in rows]
        requests: list[tuple[JoinRequest, Gate]] = []
        for its_gate in gates:
            rows = await self._connection.execute(
                select(tables.join_requests)
                .where(R.gate_id == its_gate.chat_id, *of_request)
                .order_by(order)
                .limit(-(-limit // len(gates)))
            )
            requests += [(request, its_gate) for request in self._readable(rows)]
        return requests[:limit]

    def _with_gate(self, row: Row[Any]) -> tuple[JoinRequest, Gate]:
        return _request(row), gate(row.gate_id, row, self._note)

    def _readable(self, rows: Iterable[Row[Any]]) -> list[JoinRequest]:
        return readable(rows, _request, self._note, tables.join_requests)


def _request(row: Row[tuple[object, ...]]) -> JoinRequest:
    return JoinRequest(
        row.gate_id,
        row.user_id,
        row.requested_at,
        row.deadline_at,
        RequestState(row.state),
        row.query_id,
        EntryMode(row.way),
        row.name,
        Ineligibility(row.ineligibility) if row.ineligibility else None,
    )
