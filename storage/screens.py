"""Screens: what each person should see in the private chat."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import BigInteger, Boolean, Row, String, bindparam, case, cast, func, not_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.outgoing import DeliveryResult, PendingScreen, ScreenRow
from bot.domain.screens import ScreenName
from storage.sql import tables
from storage.sql.statements import json_text, one_more, upsert
from storage.sql.unreadable import NoteUnreadable, details, pass_over, readable

S = tables.screens.c
ACTED, NEWCOMER, IN_CROWD = range(3)
"""The order in which people see their screens: those who wait for it, then newcomers, then those of a crowd."""
STALE = S.revision > S.shown_revision
KEY = ("user_id", "revision")
NEXT_REVISION = one_more(S.revision)
IS_THEIRS = S.user_id == bindparam("whose")
IS_ONE_OF_THEIRS = S.user_id.in_(bindparam("whose", expanding=True))
# The parameters' names are the columns that a statement sets.
TOUCH = (
    update(tables.screens)
    .where(IS_ONE_OF_THEIRS)
    .values(
        revision=NEXT_REVISION,
        attempts=0,
        # Members of a crowd also see later changes after everybody else; only acting themselves takes them out of it.
        turn=case((bindparam("is_acting", type_=Boolean), ACTED), (S.turn == IN_CROWD, IN_CROWD), else_=NEWCOMER),
    )
)
TOUCH_SOME = TOUCH.where(S.face.in_(bindparam("faces", expanding=True)))
POSTPONE = (
    update(tables.screens)
    .where(IS_THEIRS, STALE, S.turn != ACTED, S.due_at < bindparam("until"))
    .values(due_at=bindparam("until"))
)
HURRY = update(tables.screens).where(IS_THEIRS, STALE, S.due_at > bindparam("now")).values(due_at=bindparam("now"))
WANTED = select(S.user_id, S.revision, S.face, S.details).where(IS_THEIRS)
PROGRESS = select(S.user_id, S.revision, S.details).where(IS_ONE_OF_THEIRS, S.face == ScreenName.PROGRESS)
LIMITED = select(S.user_id, S.revision, S.details).where(IS_ONE_OF_THEIRS, S.face == ScreenName.LIMITED)
SHOWING = (
    select(S.user_id)
    .where(
        tables.OF_OTHERS,
        S.face.in_((ScreenName.GATE, ScreenName.INSTALLATION)),
        func.coalesce(json_text(S.details, "gate"), json_text(S.details, "id"))
        == cast(bindparam("gate", type_=BigInteger), String),
    )
    .order_by(S.user_id)
)
MAY_GO = (
    S.user_id.not_in(bindparam("busy", expanding=True)),
    S.chat_id.not_in(bindparam("resting", expanding=True)),
)
DUE = (
    select(tables.screens)
    # Turn by turn, so that only the due rows of each are read.
    .where(STALE, S.turn.in_((ACTED, NEWCOMER, IN_CROWD)), S.due_at <= bindparam("now"), *MAY_GO)
    .order_by(S.turn, S.due_at)
    .limit(bindparam("at_most"))
)
DUE_BEFORE_CROWD = DUE.where(S.turn < IN_CROWD)
DUE_IN_CROWD = DUE.where(S.turn == IN_CROWD)
REFRESHES = (
    select(tables.screens)
    .where(S.refresh_at <= bindparam("now"), not_(STALE), *MAY_GO)
    .order_by(S.refresh_at)
    .limit(bindparam("at_most"))
)
DRAWN = (
    update(tables.screens)
    # A revision that does not exist yet belongs to an earlier life of the same person, before they were erased.
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
RETRY = (
    update(tables.screens)
    .where(IS_THEIRS, S.revision == bindparam("failed_revision"))
    .values(
        due_at=bindparam("again_at"),
        # A failed refresh stays due, so that it is repeated and later ones follow.
        refresh_at=case((S.refresh_at.is_not(None), bindparam("again_at", type_=tables.Moment))),
        attempts=one_more(S.attempts),
    )
)
DROP = (
    update(tables.screens)
    .where(IS_ONE_OF_THEIRS, STALE, S.turn != ACTED)
    .values(shown_revision=S.revision, refresh_at=None)
)


class Screens:
    """What each person should see.

    Each change of it is a revision; a row is stale until the bot has shown the newest one.
    """

    def __init__(self, connection: AsyncConnection, note: NoteUnreadable = pass_over) -> None:
        self._connection = connection
        self._note = note

    async def show(
        self,
        user_id: int,
        chat_id: int,
        face: ScreenName,
        now: datetime,
        *,
        details: Mapping[str, str | int] | None = None,
        fresh: bool = False,
        acted: bool = True,
        crowd: bool = False,
        after: float = 0.0,
        reach_until: datetime | None = None,
    ) -> None:
        """Show the screen `face`. `fresh`: as a new message. `acted`: the person waits for it. `after`: delay in
        seconds.

        `crowd`: they are one of very many newcomers, and others come first.
        """
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
        counted = {"revision": NEXT_REVISION}
        if fresh:
            counted["fresh_revision"] = NEXT_REVISION
        await self._connection.execute(
            upsert(self._connection, tables.screens, *values, computed=counted), {"user_id": user_id, **first, **values}
        )

    async def touch(
        self, user_ids: Collection[int], now: datetime, *, acted: bool = True, faces: Collection[ScreenName] = ()
    ) -> None:
        """Mark these persons' screens as changed. `acted`: they wait for it. `faces`: only those screens."""
        if user_ids:
            values = {"whose": list(user_ids), "is_acting": acted, "due_at": now}
            if faces:
                await self._connection.execute(TOUCH_SOME, values | {"faces": list(faces)})
            else:
                await self._connection.execute(TOUCH, values)

    async def postpone(self, user_id: int, until: datetime) -> None:
        """Delay a pending screen that the person did not ask for until this moment."""
        await self._connection.execute(POSTPONE, {"whose": user_id, "until": until})

    async def hurry(self, user_id: int, now: datetime) -> None:
        """Show a delayed screen now."""
        await self._connection.execute(HURRY, {"whose": user_id, "now": now})

    async def wanted(self, user_id: int) -> tuple[ScreenName, Mapping[str, str | int]] | None:
        """What this person should see, and its details; None when nothing was ever shown."""
        rows = await self._connection.execute(WANTED, {"whose": user_id})
        found = readable(rows, lambda row: (ScreenName(row.face), details(row)), self._note, tables.screens, *KEY)
        return found[0] if found else None

    async def showing(self, gate_id: int) -> list[int]:
        """People whose screens show a page about this gate for its admins or for operators."""
        return list((await self._connection.execute(SHOWING, {"gate": gate_id})).scalars())

    async def progress_of(self, user_ids: Collection[int]) -> dict[int, Mapping[str, str | int]]:
        """The details of the progress screens of these persons."""
        rows = await self._connection.execute(PROGRESS, {"whose": list(user_ids)})
        return dict(readable(rows, lambda row: (row.user_id, details(row)), self._note, tables.screens, *KEY))

    async def limited_until(self, user_ids: Collection[int]) -> dict[int, datetime]:
        """When the next try opens, or opened, for those of these persons whose screen says so."""
        rows = await self._connection.execute(LIMITED, {"whose": list(user_ids)})
        return dict(readable(rows, _limited, self._note, tables.screens, *KEY))

    async def due(
        self,
        now: datetime,
        limit: int,
        busy: Collection[int],
        resting: Collection[int] = (),
        *,
        also_patient: bool = False,
    ) -> list[ScreenRow]:
        """Screens to show, in order of their turn; then those to refresh. None in `resting` chats.

        `also_patient`: the crowd's screens and the refreshes each have the limit to themselves.
        """
        values = {"now": now, "busy": list(busy), "resting": list(resting), "at_most": limit}
        queries = (DUE_BEFORE_CROWD, DUE_IN_CROWD) if also_patient else (DUE,)
        # An unreadable row takes up space in this cycle only: it is set aside at its end.
        rows = [(row, False) for query in queries for row in await self._connection.execute(query, values)]
        if also_patient or len(rows) < limit:
            found = [(row, True) for row in await self._connection.execute(REFRESHES, values)]
            rows += found if also_patient else found[: limit - len(rows)]
        return [
            screen
            for row, is_refresh in rows
            for screen in readable([row], partial(_screen, is_refresh=is_refresh), self._note, tables.screens, *KEY)
        ]

    async def drawn(self, receipt: DeliveryResult, refresh_at: datetime | None) -> bool:
        """Record that the screen was shown; return whether it is still current."""
        screen = receipt.item
        assert isinstance(screen, PendingScreen)  # noqa: S101 - the caller matched it
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
        """Retry later, unless it has changed meanwhile and is shown at once."""
        await self._connection.execute(RETRY, {"whose": user_id, "failed_revision": revision, "again_at": due_at})

    async def give_up(self, screens: Collection[tuple[int, int]]) -> None:
        """Give up these states of screens (person and revision)."""
        if screens:
            await self._connection.execute(
                GIVE_UP, [{"whose": user_id, "given_up": revision} for user_id, revision in screens]
            )

    async def drop(self, user_ids: Collection[int]) -> None:
        """Drop pending screens that these persons did not ask for."""
        await self._connection.execute(DROP, {"whose": list(user_ids)})


def _limited(row: Row[Any]) -> tuple[int, datetime]:
    return row.user_id, datetime.fromtimestamp(int(details(row)["until"]), UTC)


def _screen(row: Row[Any], *, is_refresh: bool) -> ScreenRow:
    return ScreenRow(
        user_id=row.user_id,
        chat_id=row.chat_id,
        face=ScreenName(row.face),
        details=details(row),
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
