"""What each person is to see in the private chat."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, case, literal, not_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.delivery import Receipt, ScreenDue
from bot.domain.screen import Face
from bot.usecases.ports_delivery import ScreenRow
from storage import tables
from storage.statements import upsert

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
ACTED, NEWCOMER, IN_CROWD = range(3)
"""Whose turn it is to see their screen: who waits for it, then newcomers, and those of a crowd last."""


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
        counted: dict[str, Any] = {"revision": S.revision + 1}
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
        # Turn by turn, so that of each those alone are read that are due.
        is_due = (STALE, S.turn.in_((ACTED, NEWCOMER, IN_CROWD)), S.due_at <= now)
        stale = select(tables.screens).where(*is_due, *may_go).order_by(S.turn, S.due_at)
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
