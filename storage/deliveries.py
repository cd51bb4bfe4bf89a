"""What is to be done and shown in Telegram: errands and screens."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import bindparam, case, func, literal, not_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.delivery import URGENCY, ErrandDue, ErrandKind, Receipt, ScreenDue, Urgency
from bot.domain.screen import Face
from bot.usecases.ports_delivery import ScreenRow
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

RANKS = {
    ErrandKind.OPEN_APP: -2,
    ErrandKind.QUEUE_JOIN: -1,
    ErrandKind.ANSWER_BUTTON: 0,
    ErrandKind.CHECK_ADMIN: 0,
    ErrandKind.POINT: 0,
    ErrandKind.CHECK_GATE: 1,
    ErrandKind.CALL_ADMINS: 1,
    ErrandKind.SEND_FILE: 1,
    ErrandKind.FETCH_FILE: 1,
    ErrandKind.MAKE_LINK: 1,
    ErrandKind.DELETE_MESSAGE: 1,
    ErrandKind.DECLINE_JOIN: 2,
    ErrandKind.KICK: 2,
    ErrandKind.UNTAG: 2,
    ErrandKind.NOTIFY: 3,
    ErrandKind.GROUP_PROMPT: 3,
    ErrandKind.MUTE: 10,
    ErrandKind.BAN: 10,
    ErrandKind.UNBAN: 10,
    ErrandKind.PROMPT: 11,
    ErrandKind.LOG: 20,
}
"""In which order errands of one urgency go out. Ranks are kept in rows: the numbers stay."""


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
    ) -> None:
        await self._connection.execute(
            insert(self._connection, tables.errands).on_conflict_do_nothing(),
            {
                "kind": kind,
                "rank": RANKS[kind],
                "chat_id": chat_id,
                "details": dict(details),
                "unique_key": key,
                "created_at": now,
                "due_at": now + timedelta(seconds=after),
                "expires_at": expires_at,
                "user_id": user_id,
                "job": job,
            },
        )

    async def due(self, now: datetime, limit: int, busy: Collection[int], urgency: Urgency) -> list[ErrandDue]:
        ranks = [rank for kind, rank in RANKS.items() if URGENCY[kind] is urgency]
        rows = await self._connection.execute(
            select(E.id, E.kind, E.chat_id, E.details, E.attempts, E.user_id, P.language)
            .join(tables.people, P.user_id == E.chat_id, isouter=True)
            .where(
                E.done_at.is_(None),
                E.rank.between(min(ranks), max(ranks)),
                E.due_at <= now,
                or_(E.expires_at.is_(None), E.expires_at > now),
                E.id.not_in(busy),
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

    async def job(self, name: str) -> tuple[int, int]:
        found = await self._connection.execute(select(func.count(), func.count(E.done_at)).where(E.job == name))
        parts, done = found.one()
        return parts, done

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
        after: float = 0.0,
        reach_until: datetime | None = None,
    ) -> None:
        values: dict[str, object] = {
            "chat_id": chat_id,
            "face": face,
            "details": dict(details or {}),
            "has_acted": acted,
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

    async def touch(self, user_ids: Collection[int], now: datetime, *, acted: bool = True) -> None:
        if user_ids:
            await self._connection.execute(
                update(tables.screens)
                .where(S.user_id.in_(user_ids))
                .values(revision=S.revision + 1, has_acted=acted, due_at=now, attempts=0)
            )

    async def postpone(self, user_id: int, until: datetime) -> None:
        await self._connection.execute(
            update(tables.screens)
            .where(S.user_id == user_id, STALE, not_(S.has_acted), S.due_at < until)
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

    async def due(self, now: datetime, limit: int, busy: Collection[int]) -> list[ScreenRow]:
        stale = await self._connection.execute(
            select(tables.screens)
            .where(STALE, S.due_at <= now, S.user_id.not_in(busy))
            .order_by(S.has_acted.desc(), S.due_at)
            .limit(limit)
        )
        rows = [(row, False) for row in stale]
        if len(rows) < limit:
            refreshes = await self._connection.execute(
                select(tables.screens)
                .where(S.refresh_at <= now, not_(STALE), S.user_id.not_in(busy))
                .order_by(S.refresh_at)
                .limit(limit - len(rows))
            )
            rows += [(row, True) for row in refreshes]
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

    async def give_up(self, user_id: int, revision: int) -> None:
        await self._connection.execute(
            update(tables.screens)
            .where(S.user_id == user_id, S.revision == revision)
            .values(shown_revision=revision, refresh_at=None)
        )
