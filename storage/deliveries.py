"""What is to be done and shown in Telegram: errands and screens."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import BigInteger, and_, bindparam, case, cast, func, literal, not_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.delivery import MESSAGES, ErrandDue, ErrandKind, Receipt, ScreenDue, Urgency
from bot.domain.screen import Face
from bot.usecases.ports_delivery import ErrandLeft, ScreenRow
from storage import tables
from storage.statements import delete_some, insert, upsert

E = tables.errands.c
S = tables.screens.c
P = tables.people.c
STALE = S.revision > S.shown_revision
DRAWN = (
    update(tables.screens)
    # One of a revision that is not there yet was drawn for an earlier life of the same person.
    .where(S.user_id == bindparam("whose"), S.revision >= bindparam("drawn_revision"))
    .values(
        message_id=bindparam("new_message_id"),
        is_editable=bindparam("new_is_editable"),
        shown_digest=bindparam("new_digest"),
        shown_revision=bindparam("drawn_revision"),
        refresh_at=bindparam("new_refresh_at"),
        attempts=0,
    )
    .returning(S.revision)
)
GIVE_UP = (
    update(tables.screens)
    .where(S.user_id == bindparam("whose"), S.revision == bindparam("given_up"))
    .values(shown_revision=bindparam("given_up"), refresh_at=None)
)

RANKS = {
    ErrandKind.OPEN_APP: -2,
    ErrandKind.QUEUE_JOIN: -1,
    ErrandKind.ANSWER_BUTTON: 0,
    ErrandKind.CHECK_ADMIN: 0,
    ErrandKind.POINT: 0,
    ErrandKind.ALERT: 0,
    ErrandKind.CHECK_GATE: 1,
    ErrandKind.CALL_ADMINS: 1,
    ErrandKind.STATS: 1,
    ErrandKind.HEALTH: 1,
    ErrandKind.BALANCE: 1,
    ErrandKind.SEND_FILE: 1,
    ErrandKind.MAKE_FILE: 1,
    ErrandKind.FETCH_FILE: 1,
    ErrandKind.MAKE_LINK: 1,
    ErrandKind.DELETE_MESSAGE: 1,
    ErrandKind.DECLINE_JOIN: 2,
    ErrandKind.KICK: 2,
    ErrandKind.UNTAG: 2,
    ErrandKind.TIDY: 2,
    ErrandKind.ANNOUNCE: 3,
    ErrandKind.NOTIFY: 3,
    ErrandKind.APPEAL: 3,
    ErrandKind.CLOSE_APPEAL: 3,
    ErrandKind.GROUP_PROMPT: 3,
    ErrandKind.MUTE: 10,
    ErrandKind.BAN: 10,
    ErrandKind.UNBAN: 10,
    ErrandKind.PROMPT: 11,
    ErrandKind.LOG: 20,
}
"""In which order errands of one urgency go out. Ranks are kept in rows: the numbers stay."""
CROWD = 2
"""So much later is the rank of one of very many: after all others of its urgency."""
RANGES = {
    Urgency.AT_ONCE: (-2, -1),
    Urgency.SOON: (0, 1),
    Urgency.LATER: (2, 3 + CROWD),
    Urgency.PRESSING: (10, 11 + CROWD),
    Urgency.LOG: (20, 20),
}
"""The ranks of each urgency."""
OTHERS = ("user_id", "admin_id", "by", "value", "text")
"""Under which of an errand's details somebody may stand whom it is not for, nor about."""
ACTED, NEWCOMER, IN_CROWD = range(3)
"""Whose turn it is to see their screen: who waits for it, then newcomers, and those of a crowd last."""


class SqlErrands:
    """See `bot.usecases.ports.Errands`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(
        self,
        kind: ErrandKind,
        chat_id: int,
        details: Mapping[str, str | int],
        now: datetime,
        *,
        key: str | None = None,
        expires_at: datetime | None = None,
        user_id: int | None = None,
        job: str | None = None,
        after: float = 0.0,
        crowd: bool = False,
    ) -> None:
        await self._connection.execute(
            insert(self._connection, tables.errands).on_conflict_do_nothing(),
            {
                "kind": kind,
                "rank": RANKS[kind] + (CROWD if crowd else 0),
                "chat_id": chat_id,
                "details": dict(details),
                "unique_key": key,
                "created_at": now,
                "due_at": now + timedelta(seconds=after),
                "expires_at": expires_at,
                "user_id": user_id,
                "other_id": _other(details, chat_id, user_id),
                "job": job,
            },
        )

    async def add_many(
        self,
        kind: ErrandKind,
        chat_id: int,
        about: Sequence[tuple[int, Mapping[str, str | int]]],
        now: datetime,
        *,
        job: str,
    ) -> None:
        if not about:
            return
        await self._connection.execute(
            tables.errands.insert(),
            [
                {
                    "kind": kind,
                    "rank": RANKS[kind] + CROWD,
                    "chat_id": chat_id,
                    "details": dict(details),
                    "created_at": now,
                    "due_at": now,
                    "user_id": user_id,
                    "other_id": _other(details, chat_id, user_id),
                    "job": job,
                }
                for user_id, details in about
            ],
        )

    async def tell_many(
        self, kind: ErrandKind, chat_ids: Collection[int], details: Mapping[str, str | int], now: datetime, *, job: str
    ) -> None:
        if not chat_ids:
            return
        shared = {"kind": kind, "rank": RANKS[kind] + CROWD, "details": dict(details), "created_at": now}
        await self._connection.execute(
            tables.errands.insert(),
            [{**shared, "chat_id": chat_id, "due_at": now, "job": job} for chat_id in chat_ids],
        )

    async def due(
        self, now: datetime, limit: int, busy: Collection[int], urgency: Urgency, resting: Collection[int] = ()
    ) -> list[ErrandDue]:
        where = [not_(and_(E.chat_id.in_(resting), E.kind.in_(MESSAGES)))] if resting else []
        rows = await self._connection.execute(
            select(E.id, E.kind, E.chat_id, E.details, E.attempts, E.user_id, P.language)
            .join(tables.people, P.user_id == E.chat_id, isouter=True)
            .where(
                E.done_at.is_(None),
                E.rank.between(*RANGES[urgency]),
                E.due_at <= now,
                or_(E.expires_at.is_(None), E.expires_at > now),
                E.id.not_in(busy),
                *where,
            )
            # What Telegram waits seconds for is sent while it still does: the newest first.
            .order_by(E.rank, E.due_at.desc() if urgency is Urgency.AT_ONCE else E.due_at, E.id)
            .limit(limit)
        )
        return [
            ErrandDue(
                row.id, ErrandKind(row.kind), row.chat_id, row.language or "", row.details, row.attempts, row.user_id
            )
            for row in rows
        ]

    async def cancel(
        self, kind: ErrandKind, chat_id: int, user_id: int, now: datetime, *, resting: bool = False
    ) -> bool:
        when = [E.due_at > now] if resting else []
        cancelled = await self._connection.execute(
            update(tables.errands)
            .where(E.user_id == user_id, E.chat_id == chat_id, E.kind == kind, E.done_at.is_(None), *when)
            .values(done_at=now)
        )
        return bool(cancelled.rowcount)

    async def about(self, kind: ErrandKind, chat_id: int) -> set[int]:
        found = await self._connection.execute(
            select(E.user_id).where(E.chat_id == chat_id, E.kind == kind, E.done_at.is_(None), E.user_id.is_not(None))
        )
        return set(found.scalars())

    async def left_about(self, user_id: int, kinds: Collection[ErrandKind]) -> list[ErrandLeft]:
        rows = await self._connection.execute(
            select(E.kind, E.chat_id, E.created_at, E.attempts, E.error)
            .where(E.user_id == user_id, E.kind.in_(kinds), E.done_at.is_(None))
            .order_by(E.id)
        )
        return [
            ErrandLeft(ErrandKind(row.kind), row.chat_id, row.created_at, row.attempts, row.error or "") for row in rows
        ]

    async def job(self, name: str) -> tuple[int, int]:
        found = await self._connection.execute(select(func.count(), func.count(E.done_at)).where(E.job == name))
        parts, done = found.one()
        return parts, done

    async def cancel_job(self, name: str, now: datetime) -> None:
        await self._connection.execute(
            update(tables.errands).where(E.job == name, E.done_at.is_(None)).values(done_at=now)
        )

    async def asked_at(self, job: str) -> datetime | None:
        newest = await self._connection.execute(select(func.max(E.created_at)).where(E.job == job))
        at: datetime | None = newest.scalar_one()
        return at

    async def done(self, errand_ids: Sequence[int], now: datetime) -> None:
        await self._connection.execute(update(tables.errands).where(E.id.in_(errand_ids)).values(done_at=now))

    async def drop(self, now: datetime, *, done_before: datetime) -> None:
        await self._connection.execute(
            update(tables.errands).where(E.done_at.is_(None), E.expires_at <= now).values(done_at=now)
        )
        await delete_some(self._connection, tables.errands, E.done_at, E.done_at < done_before)

    async def retry(self, errand_id: int, due_at: datetime, error: str) -> None:
        await self._connection.execute(
            update(tables.errands).where(E.id == errand_id).values(due_at=due_at, attempts=E.attempts + 1, error=error)
        )

    async def move(self, old_id: int, new_id: int) -> None:
        about = cast(E.details["gate"].as_string(), BigInteger)
        rows = await self._connection.execute(
            select(E.id, E.chat_id, E.details).where(E.done_at.is_(None), or_(E.chat_id == old_id, about == old_id))
        )
        for row in rows.all():
            details = {name: new_id if value == old_id else value for name, value in row.details.items()}
            await self._connection.execute(
                update(tables.errands)
                .where(E.id == row.id)
                .values(chat_id=new_id if row.chat_id == old_id else row.chat_id, details=details)
            )

    async def redirect(self, errand_id: int, details: Mapping[str, str | int]) -> None:
        await self._connection.execute(update(tables.errands).where(E.id == errand_id).values(details=dict(details)))


def _other(details: Mapping[str, str | int], *known: int | None) -> int | None:
    """Whom these details name besides those who are known; or a number that may be somebody's, as typed."""
    for value in (details.get(key) for key in OTHERS):
        number = int(str(value)) if re.fullmatch(r"\d{1,16}", str(value), re.ASCII) else 0
        if number and number not in known:
            return number
    return None


class SqlScreens:
    """See `bot.usecases.ports.Screens`.

    Each change of what should be shown is a revision; a row is stale until its newest one was drawn.
    """

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def show(
        self,
        user_id: int,
        chat_id: int,
        face: Face,
        now: datetime,
        *,
        details: Mapping[str, str | int] | None = None,
        fresh: bool = False,
        acted: bool = True,
        crowd: bool = False,
        after: float = 0.0,
        reach_until: datetime | None = None,
    ) -> None:
        values: dict[str, object] = {
            "chat_id": chat_id,
            "face": face,
            "details": dict(details or {}),
            "turn": ACTED if acted else IN_CROWD if crowd else NEWCOMER,
            "due_at": now + timedelta(seconds=after),
            "refresh_at": None,
            "reach_until": reach_until,
            "attempts": 0,
        }
        first = {"revision": 1, "shown_revision": 0, "fresh_revision": int(fresh), "is_editable": False}
        counted = {"revision": S.revision + 1}
        if fresh:
            counted["fresh_revision"] = S.revision + 1
        await self._connection.execute(
            upsert(self._connection, tables.screens, *values, **counted), {"user_id": user_id, **first, **values}
        )

    async def touch(
        self, user_ids: Collection[int], now: datetime, *, acted: bool = True, faces: Collection[Face] = ()
    ) -> None:
        if user_ids:
            which = [S.face.in_(faces)] if faces else []
            await self._connection.execute(
                update(tables.screens)
                .where(S.user_id.in_(user_ids), *which)
                .values(revision=S.revision + 1, turn=ACTED if acted else NEWCOMER, due_at=now, attempts=0)
            )

    async def postpone(self, user_id: int, until: datetime) -> None:
        await self._connection.execute(
            update(tables.screens)
            .where(S.user_id == user_id, STALE, S.turn != ACTED, S.due_at < until)
            .values(due_at=until)
        )

    async def hurry(self, user_id: int, now: datetime) -> None:
        await self._connection.execute(
            update(tables.screens).where(S.user_id == user_id, STALE, S.due_at > now).values(due_at=now)
        )

    async def wanted(self, user_id: int) -> tuple[Face, Mapping[str, str | int]] | None:
        found = await self._connection.execute(select(S.face, S.details).where(S.user_id == user_id))
        row = found.one_or_none()
        return None if row is None else (Face(row.face), row.details)

    async def limited_until(self, user_ids: Collection[int]) -> dict[int, datetime]:
        rows = await self._connection.execute(
            select(S.user_id, S.details).where(S.user_id.in_(user_ids), S.face == Face.LIMITED)
        )
        return {row.user_id: datetime.fromtimestamp(int(row.details["until"]), UTC) for row in rows}

    async def due(
        self,
        now: datetime,
        limit: int,
        busy: Collection[int],
        resting: Collection[int] = (),
        *,
        also_patient: bool = False,
    ) -> list[ScreenRow]:
        may_go = (S.user_id.not_in(busy), S.chat_id.not_in(resting))
        stale = select(tables.screens).where(STALE, S.due_at <= now, *may_go).order_by(S.turn, S.due_at)
        refreshes = (
            select(tables.screens).where(S.refresh_at <= now, not_(STALE), *may_go).order_by(S.refresh_at).limit(limit)
        )
        if also_patient:
            queries = [stale.where(S.turn < IN_CROWD).limit(limit), stale.where(S.turn == IN_CROWD).limit(limit)]
            rows = [(row, False) for query in queries for row in await self._connection.execute(query)]
        else:
            rows = [(row, False) for row in await self._connection.execute(stale.limit(limit))]
        if also_patient or len(rows) < limit:
            found = [(row, True) for row in await self._connection.execute(refreshes)]
            rows += found if also_patient else found[: limit - len(rows)]
        return [
            ScreenRow(
                user_id=row.user_id,
                chat_id=row.chat_id,
                face=Face(row.face),
                details=row.details,
                revision=row.revision,
                message_id=row.message_id,
                is_editable=row.is_editable,
                is_fresh=row.fresh_revision > row.shown_revision,
                shown_digest=row.shown_digest,
                is_refresh=is_refresh,
                reach_until=row.reach_until,
                attempts=row.attempts,
                is_crowd=row.turn == IN_CROWD,
            )
            for row, is_refresh in rows
        ]

    async def drawn(self, receipt: Receipt, refresh_at: datetime | None) -> bool:
        screen = receipt.parcel
        assert isinstance(screen, ScreenDue)  # noqa: S101 - the caller matched it
        drawn = await self._connection.execute(
            DRAWN,
            {
                "whose": screen.user_id,
                "new_message_id": receipt.message_id,
                "new_is_editable": receipt.is_editable,
                "new_digest": receipt.digest,
                "drawn_revision": screen.revision,
                "new_refresh_at": refresh_at,
            },
        )
        return bool(drawn.scalar_one_or_none() == screen.revision)

    async def retry(self, user_id: int, revision: int, due_at: datetime) -> None:
        await self._connection.execute(
            update(tables.screens)
            .where(S.user_id == user_id, S.revision == revision)
            .values(
                due_at=due_at,
                # A refresh stays due, so that it is made up for and the later ones follow.
                refresh_at=case((S.refresh_at.is_not(None), literal(due_at, tables.Moment))),
                attempts=S.attempts + 1,
            )
        )

    async def give_up(self, screens: Collection[tuple[int, int]]) -> None:
        if screens:
            await self._connection.execute(
                GIVE_UP, [{"whose": user_id, "given_up": revision} for user_id, revision in screens]
            )

    async def drop(self, user_ids: Collection[int]) -> None:
        await self._connection.execute(
            update(tables.screens)
            .where(S.user_id.in_(user_ids), STALE, S.turn != ACTED)
            .values(shown_revision=S.revision, refresh_at=None)
        )
