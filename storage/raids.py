"""Raids, and the mass declines that end them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, Row, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.gates import Gate
from bot.domain.incidents import UnreadableRow
from bot.domain.notifications import SendAlert
from bot.domain.outgoing import TaskKind
from bot.domain.raids import MassDecline, Raid
from storage.gates import G, Gates, gate
from storage.sql import tables
from storage.sql.statements import insert
from storage.sql.task_json import read_task, write_task

D = tables.mass_declines.c
RAID = TypeAdapter(Raid)


def read_raid(kept: Any, gate_id: int) -> Raid:  # noqa: ANN401 - whatever the row holds
    """Return the raid of a gate's row; the group may have become a supergroup since. Raises ValueError if this version
    cannot read it."""
    if not isinstance(kept, dict):
        raise ValueError(f"a raid is {type(kept).__name__}")  # noqa: TRY004 - of a row, not of an argument
    said = read_task(TaskKind.ALERT, kept["said"]) if kept.get("said") else None
    raid = RAID.validate_python({**kept, "said": None})
    return replace(raid, gate_id=gate_id, said=said if isinstance(said, SendAlert) else None)


class Raids:
    """The newest raid of each gate, until it is purged."""

    def __init__(self, connection: AsyncConnection, gates: Gates) -> None:
        self._connection = connection
        self._gates = gates

    async def begin(self, gate_id: int, now: datetime, quiet_since: datetime) -> bool:
        """Record that the requests amount to a raid, unless one went on after `quiet_since`.

        Also False while another transaction holds the gate: that one begins the raid, or the next join does.
        """
        return await self._set_raid_at(gate_id, now, or_(G.raid_at.is_(None), G.raid_at <= quiet_since))

    async def goes_on(self, gate_id: int, now: datetime) -> None:
        """Record that the raid continues; while another transaction holds the gate, the next join does."""
        await self._set_raid_at(gate_id, now, G.raid_at < now)

    async def at(self, gate_id: int) -> Raid | None:
        """The raid, locked until this transaction ends."""
        found = await self._connection.execute(
            select(G.raid).where(G.chat_id == gate_id).with_for_update(key_share=True)
        )
        kept = found.scalar_one_or_none()
        try:
            return None if kept is None else read_raid(kept, gate_id)
        except (AttributeError, TypeError, ValueError) as error:
            self._gates.note(UnreadableRow(tables.gates.name, (gate_id,), type(error).__name__, error))
            return None

    async def put(self, gate_id: int, raid: Raid | None) -> None:
        """Store it, in place of the one before; None: store none."""
        kept = None
        if raid is not None:
            said = {} if raid.said is None else write_task(raid.said)
            kept = {**RAID.dump_python(replace(raid, said=None), mode="json"), "said": said}
        await self._connection.execute(update(tables.gates).where(G.chat_id == gate_id).values(raid=kept))

    async def _set_raid_at(self, gate_id: int, now: datetime, condition: ColumnElement[bool]) -> bool:
        """Return whether it was set. It is not if another transaction holds the gate's row, since all joins of a raid
        come here and would queue for it."""
        free = await self._connection.execute(
            select(G.chat_id).where(G.chat_id == gate_id, condition).with_for_update(key_share=True, skip_locked=True)
        )
        self._gates.look_anew(gate_id)
        if free.one_or_none() is None:
            return False
        await self._connection.execute(update(tables.gates).where(G.chat_id == gate_id).values(raid_at=now))
        return True

    async def gates(self) -> list[Gate]:
        """Gates with a stored raid."""
        rows = await self._connection.execute(select(tables.gates).where(G.raid.is_not(None)).order_by(G.chat_id))
        return [gate(row.chat_id, row) for row in rows]

    async def strict_before(self, now: datetime) -> list[int]:
        """Gates whose strict period is over."""
        return list(await self._connection.scalars(select(G.chat_id).where(G.strict_until <= now)))


class MassDeclines:
    """Mass declines, and which of them have selected everybody."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, decline: MassDecline) -> bool:
        """Store it; False if one of that name exists."""
        added = await self._connection.execute(
            insert(self._connection, tables.mass_declines)
            .values(
                job=decline.job,
                gate_id=decline.gate_id,
                admin_id=decline.admin_id,
                why=decline.why,
                since=decline.since,
                before=decline.before,
            )
            .on_conflict_do_nothing()
        )
        return bool(added.rowcount)

    async def unchosen(self, gate_id: int | None = None) -> list[MassDecline]:
        """Those that may still have people to select, locked; the oldest first."""
        where = [] if gate_id is None else [D.gate_id == gate_id]
        rows = await self._connection.execute(
            select(tables.mass_declines)
            .where(D.chosen_at.is_(None), *where)
            .order_by(D.before, D.job)
            .with_for_update(key_share=True)
        )
        return [_decline(row) for row in rows]

    async def is_chosen(self, job: str) -> bool:
        """Whether everybody is selected, or the mass decline is purged."""
        found = await self._connection.execute(select(D.chosen_at).where(D.job == job))
        row = found.one_or_none()
        return row is None or row.chosen_at is not None

    async def chosen(self, job: str, now: datetime) -> None:
        """Record that everybody is selected."""
        await self._connection.execute(update(tables.mass_declines).where(D.job == job).values(chosen_at=now))

    async def told(self) -> list[MassDecline]:
        """Those that have selected everybody, but may not have sent all declines to Telegram."""
        rows = await self._connection.execute(
            select(tables.mass_declines).where(D.chosen_at.is_not(None), D.over_at.is_(None)).order_by(D.before, D.job)
        )
        return [_decline(row) for row in rows]

    async def over(self, job: str, now: datetime) -> None:
        """Record that Telegram has all declines."""
        await self._connection.execute(update(tables.mass_declines).where(D.job == job).values(over_at=now))

    async def newest(self, gate_id: int) -> tuple[MassDecline, bool] | None:
        """The newest at a gate, and whether it is over."""
        rows = await self._connection.execute(
            select(tables.mass_declines).where(D.gate_id == gate_id).order_by(D.before.desc(), D.job).limit(1)
        )
        row = rows.one_or_none()
        return None if row is None else (_decline(row), row.over_at is not None)

    async def forget(self, over_before: datetime) -> None:
        await self._connection.execute(delete(tables.mass_declines).where(D.over_at < over_before))


def _decline(row: Row[tuple[object, ...]]) -> MassDecline:
    return MassDecline(row.job, row.gate_id, row.admin_id, row.why, row.since, row.before)
