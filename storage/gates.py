"""Gates: what Telegram tells of them, and what their admins chose."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from pydantic import TypeAdapter
from sqlalchemy import Row, bindparam, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.gate import Gate, Switch
from bot.domain.health import Health
from bot.domain.settings import STANDARD, GateSettings
from bot.usecases.ports_gates import GateExtras
from storage import tables
from storage.statements import upsert

G = tables.gates.c
GATE_COLUMNS = (G.title, G.username, G.is_channel, G.is_on, G.switch, G.settings, G.strict_until)
GATE = select(tables.gates).where(G.chat_id == bindparam("which"))
SETTINGS = TypeAdapter(GateSettings)
HEALTH = TypeAdapter(Health)
MOVED = (
    tables.join_requests,
    tables.grants,
    tables.standings,
    tables.appeals,
    tables.admins,
)
"""What belongs to a gate, by `gate_id`."""


class SqlGates:
    """See `bot.usecases.ports_gates.Gates`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        # In a raid all the requests of a transaction ask for the same gate.
        self._read: dict[int, Gate | None] = {}

    async def get(self, chat_id: int) -> Gate | None:
        if chat_id not in self._read:
            row = (await self._connection.execute(GATE, {"which": chat_id})).one_or_none()
            self._read[chat_id] = None if row is None else gate(row.chat_id, row)
        return self._read[chat_id]

    async def get_many(self, chat_ids: Collection[int]) -> dict[int, Gate]:
        rows = await self._connection.execute(select(tables.gates).where(G.chat_id.in_(chat_ids)))
        return {row.chat_id: gate(row.chat_id, row) for row in rows}

    async def that_are_on(self) -> list[Gate]:
        """For the doctor, which reads beside the bot."""
        rows = await self._connection.execute(select(tables.gates).where(G.is_on).order_by(G.chat_id))
        return [gate(row.chat_id, row) for row in rows]

    async def titles(self) -> dict[int, str]:
        """Of all gates, also those that are off; for the command line."""
        rows = await self._connection.execute(select(G.chat_id, G.title))
        return {row.chat_id: row.title for row in rows}

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

    async def set_settings(self, chat_id: int, settings: GateSettings, now: datetime) -> None:
        await self._set(chat_id, settings=SETTINGS.dump_python(settings, mode="json"), changed_at=now)

    async def set_switch(self, chat_id: int, switch: Switch, now: datetime) -> None:
        await self._set(chat_id, switch=switch, changed_at=now)

    async def set_strict(self, chat_id: int, until: datetime | None) -> None:
        await self._set(chat_id, strict_until=until)

    async def extras(self, chat_id: int) -> GateExtras:
        row = (await self._connection.execute(GATE, {"which": chat_id})).one()
        return GateExtras(
            added_by=row.added_by,
            health=None if row.health is None else HEALTH.validate_python(row.health),
            request_link=row.request_link,
            prompt_message_id=row.prompt_message_id,
            prompt_at=row.prompt_at,
            raid_at=row.raid_at,
        )

    async def set_extras(self, chat_id: int, **news: object) -> None:
        if isinstance(health := news.get("health"), Health):
            news["health"] = HEALTH.dump_python(health, mode="json")
        await self._set(chat_id, **news)

    async def prompting(self) -> list[tuple[int, int]]:
        rows = await self._connection.execute(
            select(G.chat_id, G.prompt_message_id).where(G.prompt_message_id.is_not(None))
        )
        return [(row.chat_id, row.prompt_message_id) for row in rows]

    async def begin_raid(self, chat_id: int, now: datetime, quiet_since: datetime) -> bool:
        began = await self._connection.execute(
            update(tables.gates)
            .where(G.chat_id == chat_id, or_(G.raid_at.is_(None), G.raid_at <= quiet_since))
            .values(raid_at=now)
        )
        if not began.rowcount:
            await self._set(chat_id, raid_at=now)
        return bool(began.rowcount)

    async def move(self, old_id: int, new_id: int) -> None:
        old = (await self._connection.execute(GATE, {"which": old_id})).one_or_none()
        if old is None:
            return
        # Telegram may have told of the new chat before it told that the old one became it.
        kept = {**old._mapping, "chat_id": new_id}  # noqa: SLF001 - SQLAlchemy's public name for a row as a mapping
        await self._connection.execute(upsert(self._connection, tables.gates, *kept), kept)
        for table in MOVED:
            known = select(table.c.user_id).where(table.c.gate_id == new_id)
            await self._connection.execute(
                update(table).where(table.c.gate_id == old_id, table.c.user_id.not_in(known)).values(gate_id=new_id)
            )
            await self._connection.execute(table.delete().where(table.c.gate_id == old_id))
        errands, journal = tables.errands, tables.journal
        await self._connection.execute(
            update(errands).where(errands.c.chat_id == old_id, errands.c.done_at.is_(None)).values(chat_id=new_id)
        )
        await self._connection.execute(update(journal).where(journal.c.gate_id == old_id).values(gate_id=new_id))
        await self._connection.execute(tables.gates.delete().where(G.chat_id == old_id))
        self._read.clear()

    async def move_log(self, old_id: int, new_id: int) -> None:
        rows = await self._connection.execute(
            select(G.chat_id, G.settings).where(G.settings["log_chat"].as_integer() == old_id)
        )
        for row in rows.all():
            await self._set(row.chat_id, settings={**row.settings, "log_chat": new_id})

    async def _set(self, chat_id: int, **news: object) -> None:
        self._read.pop(chat_id, None)
        await self._connection.execute(update(tables.gates).where(G.chat_id == chat_id).values(**news))


def gate(chat_id: int, row: Row[tuple[object, ...]]) -> Gate:
    """The gate of a row that has GATE_COLUMNS."""
    return Gate(
        chat_id,
        row.title,
        row.username,
        row.is_channel,
        row.is_on,
        Switch(row.switch),
        SETTINGS.validate_python(row.settings) if row.settings else STANDARD,
        row.strict_until,
    )
