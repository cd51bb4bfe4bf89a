"""Gates: what Telegram says about them, and what their admins chose."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import ColumnElement, Row, bindparam, delete, func, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.gate_health import GateExtras, GateHealth
from bot.domain.gate_settings import STANDARD, GateSettings, stricter
from bot.domain.gates import Gate, GateMode
from bot.domain.incidents import UnreadableRow
from storage.sql import tables
from storage.sql.statements import insert, is_none, json_text, one_more, upsert
from storage.sql.unreadable import NoteUnreadable, known, pass_over

G = tables.gates.c
X = tables.extra_chats.c
GATE_COLUMNS = (
    G.title,
    G.username,
    G.is_channel,
    G.is_on,
    G.switch,
    G.settings,
    G.strict_until,
    G.raid_at,
    G.request_seen_at,
    G.tested_at,
    G.bypassed_at,
)
GATE = select(tables.gates).where(G.chat_id == bindparam("which"))
LOCKED_GATE = GATE.with_for_update(key_share=True)
"""Joins go on beside it: each holds a key share of the gate it refers to."""
MOVED_GATE = select(G.chat_id).where(G.moved_from == bindparam("which"))
FREE_GATE = GATE.with_for_update(key_share=True, skip_locked=True)
SETTINGS = TypeAdapter(GateSettings)
HEALTH = TypeAdapter(GateHealth)
MOVED = (
    tables.join_requests,
    tables.grants,
    tables.access_overrides,
    tables.appeals,
    tables.admins,
)
"""What belongs to a gate, by `gate_id`."""


class Gates:
    """The chats guarded."""

    def __init__(self, connection: AsyncConnection, note: NoteUnreadable = pass_over) -> None:
        self._connection = connection
        self.note = note
        # During a raid, all the requests of a transaction need the same gate.
        self._read: dict[int, Gate | None] = {}
        self._sharing: dict[int, bool] = {}

    async def get(self, chat_id: int) -> Gate | None:
        if chat_id not in self._read:
            row = (await self._connection.execute(GATE, {"which": chat_id})).one_or_none()
            self._read[chat_id] = None if row is None else gate(row.chat_id, row, self.note)
        return self._read[chat_id]

    async def current_id(self, chat_id: int) -> int:
        """The gate's present id for one it had before it moved, as in older buttons and links; else `chat_id`."""
        if not chat_id or await self.get(chat_id) is not None:
            return chat_id
        found = await self._connection.execute(MOVED_GATE, {"which": chat_id})
        return found.scalars().first() or chat_id

    async def lock(self, chat_id: int) -> Gate | None:
        """The gate as stored now, locked until this transaction ends."""
        row = (await self._connection.execute(LOCKED_GATE, {"which": chat_id})).one_or_none()
        self._read[chat_id] = None if row is None else gate(row.chat_id, row, self.note)
        return self._read[chat_id]

    async def lock_if_free(self, chat_id: int) -> Gate | None:
        """The same; None while another transaction holds it."""
        row = (await self._connection.execute(FREE_GATE, {"which": chat_id})).one_or_none()
        if row is None:
            return None
        self._read[chat_id] = found = gate(row.chat_id, row)
        return found

    async def get_many(self, chat_ids: Collection[int]) -> dict[int, Gate]:
        rows = await self._connection.execute(select(tables.gates).where(G.chat_id.in_(chat_ids)))
        return {row.chat_id: gate(row.chat_id, row, self.note) for row in rows}

    async def all(self) -> list[Gate]:
        """All gates ever, on or off."""
        rows = await self._connection.execute(select(tables.gates).order_by(G.chat_id))
        return [gate(row.chat_id, row, self.note) for row in rows]

    async def that_are_on(self) -> list[Gate]:
        """For the doctor, which reads while the bot runs."""
        rows = await self._connection.execute(select(tables.gates).where(G.is_on).order_by(G.chat_id))
        return [gate(row.chat_id, row, self.note) for row in rows]

    async def titles(self) -> dict[int, str]:
        """All gates, including those that are off; for the command line."""
        rows = await self._connection.execute(select(G.chat_id, G.title))
        return {row.chat_id: row.title for row in rows}

    async def save(self, gate: Gate, now: datetime, added_by: int | None = None) -> None:
        """Store what Telegram says about the chat; leave what its admins chose."""
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

    async def link(self, chat_id: int, further: Collection[int], admin_id: int) -> None:
        """Record which admin had the gate give links into these extra chats."""
        statement = upsert(self._connection, tables.extra_chats, "user_id")
        for linked in further:
            await self._connection.execute(statement, {"gate_id": chat_id, "chat_id": linked, "user_id": admin_id})

    async def unlink(self, chat_id: int, further: Collection[int]) -> None:
        """Unlink them."""
        await self._connection.execute(delete(tables.extra_chats).where(X.gate_id == chat_id, X.chat_id.in_(further)))

    async def abandoned_links(self) -> list[tuple[int, int]]:
        """Gates and their extra chats whose linking admin is, according to Telegram, no longer an admin there."""
        admins = tables.admins.c
        rows = await self._connection.execute(
            select(X.gate_id, X.chat_id)
            .join(tables.admins, (admins.gate_id == X.chat_id) & (admins.user_id == X.user_id))
            .where(~admins.is_admin)
            .order_by(X.gate_id, X.chat_id)
        )
        return [(row.gate_id, row.chat_id) for row in rows]

    async def set_switch(self, chat_id: int, switch: GateMode, now: datetime) -> None:
        await self._set(chat_id, switch=switch, changed_at=now)

    async def set_strict(self, chat_id: int, until: datetime | None) -> None:
        await self._set(chat_id, strict_until=until)

    async def extras(self, chat_id: int) -> GateExtras:
        row = (await self._connection.execute(GATE, {"which": chat_id})).one()
        return GateExtras(
            added_by=row.added_by,
            health=health(row, self.note),
            request_link=row.request_link,
            prompt_message_id=row.prompt_message_id,
            prompt_at=row.prompt_at,
        )

    async def set_extras(self, chat_id: int, **news: object) -> None:
        """Change some fields of `GateExtras`."""
        if isinstance(health := news.get("health"), GateHealth):
            news["health"] = HEALTH.dump_python(health, mode="json")
        await self._set(chat_id, **news)

    async def outdated_prompts(self) -> list[tuple[int, int]]:
        """Gates with a message that prompts newcomers, and its id, at which none of them waits now."""
        muted = tables.join_requests.c
        waiting = select(muted.user_id).where(muted.gate_id == G.chat_id, tables.IS_WAITING_MUTED)
        rows = await self._connection.execute(
            select(G.chat_id, G.prompt_message_id).where(
                G.prompt_message_id.is_not(None), is_none(waiting.order_by(muted.reach))
            )
        )
        return [(row.chat_id, row.prompt_message_id) for row in rows]

    async def shares_log(self, log_chat: int) -> bool:
        """Whether several gates log their decisions there."""
        if log_chat not in self._sharing:
            found = await self._connection.execute(select(func.count()).where(_logs_to(log_chat)))
            self._sharing[log_chat] = found.scalar_one() > 1
        return self._sharing[log_chat]

    async def with_log(self, log_chat: int) -> list[Gate]:
        """Gates whose log chat this is."""
        rows = await self._connection.execute(select(tables.gates).where(_logs_to(log_chat)).order_by(G.chat_id))
        return [gate(row.chat_id, row, self.note) for row in rows]

    async def move(self, old_id: int, new_id: int) -> None:
        """Transfer everything of a group to the supergroup that it became."""
        old = (await self._connection.execute(GATE, {"which": old_id})).one_or_none()
        if old is None:
            return
        # Telegram may have reported the new chat before the migration.
        kept = {**old._mapping, "chat_id": new_id, "moved_from": old_id}  # noqa: SLF001 - SQLAlchemy's public name for a row as a mapping
        await self._connection.execute(upsert(self._connection, tables.gates, *kept), kept)
        for table in MOVED:
            known = select(table.c.user_id).where(table.c.gate_id == new_id)
            await self._connection.execute(
                update(table).where(table.c.gate_id == old_id, table.c.user_id.not_in(known)).values(gate_id=new_id)
            )
            await self._connection.execute(table.delete().where(table.c.gate_id == old_id))
        await self._move_screens(old_id, new_id)
        await self._move_sums(old_id, new_id)
        await self._connection.execute(delete(tables.extra_chats).where(X.gate_id == new_id))
        await self._connection.execute(update(tables.extra_chats).where(X.gate_id == old_id).values(gate_id=new_id))
        for table in (tables.journal, tables.mass_declines):
            await self._connection.execute(update(table).where(table.c.gate_id == old_id).values(gate_id=new_id))
        await self._connection.execute(tables.gates.delete().where(G.chat_id == old_id))
        self._read.clear()

    async def _move_screens(self, old_id: int, new_id: int) -> None:
        """Move screens that show the gate."""
        screens = tables.screens.c
        rows = await self._connection.execute(
            select(screens.user_id, screens.details).where(json_text(screens.details, "gate") == str(old_id))
        )
        for row in rows.all():
            await self._connection.execute(
                update(tables.screens)
                .where(screens.user_id == row.user_id)
                .values(details={**row.details, "gate": new_id}, revision=one_more(screens.revision))
            )

    async def _move_sums(self, old_id: int, new_id: int) -> None:
        """Move its statistics; the new chat may already have some."""
        sums = tables.sums
        old = select(literal(new_id), *(column for column in sums.c if column is not sums.c.gate_id))
        statement = insert(self._connection, sums).from_select(sums.c.keys(), old.where(sums.c.gate_id == old_id))
        added = {"count": sums.c["count"] + statement.excluded["count"]}
        await self._connection.execute(
            statement.on_conflict_do_update(index_elements=list(sums.primary_key.columns), set_=added)
        )
        await self._connection.execute(delete(sums).where(sums.c.gate_id == old_id))

    async def move_mentions(self, old_id: int, new_id: int, now: datetime) -> None:
        """Replace the old chat in settings, where it is a log chat or an extra chat."""
        linking = select(X.gate_id).where(X.chat_id == new_id)
        await self._connection.execute(
            update(tables.extra_chats).where(X.chat_id == old_id, X.gate_id.not_in(linking)).values(chat_id=new_id)
        )
        rows = await self._connection.execute(select(G.chat_id, G.settings).where(G.settings.is_not(None)))
        for row in rows.all():
            try:
                settings = SETTINGS.validate_python(row.settings)
            except ValidationError:
                # They stay as they are until somebody fixes them.
                continue
            further = tuple(new_id if chat_id == old_id else chat_id for chat_id in settings.further)
            log_chat = new_id if settings.log_chat == old_id else settings.log_chat
            moved = replace(settings, further=further, log_chat=log_chat)
            if moved != settings:
                await self.set_settings(row.chat_id, moved, now)

    def look_anew(self, chat_id: int) -> None:
        """Drop the cached gate: another part of this transaction changed it."""
        self._read.pop(chat_id, None)

    async def _set(self, chat_id: int, **news: object) -> None:
        self._read.pop(chat_id, None)
        await self._connection.execute(update(tables.gates).where(G.chat_id == chat_id).values(**news))


def _logs_to(chat_id: int) -> ColumnElement[bool]:
    return json_text(G.settings, "log_chat") == str(chat_id)


def gate(chat_id: int, row: Row[Any], note: NoteUnreadable = pass_over) -> Gate:
    """The gate of a row that has GATE_COLUMNS."""
    return Gate(
        chat_id,
        row.title,
        row.username,
        row.is_channel,
        row.is_on,
        # With a mode that this version does not know, nobody is admitted or declined.
        known(GateMode, row.switch, GateMode.PAUSED),
        _settings(chat_id, row.settings, note) if row.settings else STANDARD,
        row.strict_until,
        row.raid_at,
        row.request_seen_at,
        row.tested_at,
        row.bypassed_at,
    )


def health(row: Row[Any], note: NoteUnreadable = pass_over) -> GateHealth | None:
    """The previous state of the gate of this row; None where it is unknown or unreadable."""
    if row.health is None:
        return None
    try:
        return HEALTH.validate_python(row.health)
    except ValidationError as error:
        note(UnreadableRow(tables.gates.name, (row.chat_id,), type(error).__name__, error))
        return None


def _settings(chat_id: int, kept: Any, note: NoteUnreadable) -> GateSettings:  # noqa: ANN401 - whatever was stored
    """The settings, with the strict value for each one that this version cannot read, so that nobody gets in by
    mistake."""
    try:
        return SETTINGS.validate_python(kept)
    except ValidationError as error:
        note(UnreadableRow(tables.gates.name, (chat_id,), type(error).__name__, error))
        unfit = {str(problem["loc"][0]) for problem in error.errors() if problem["loc"]}
    if not isinstance(kept, dict):
        return stricter(STANDARD)
    try:
        return stricter(SETTINGS.validate_python({name: kept[name] for name in kept if name not in unfit}))
    except ValidationError:
        return stricter(STANDARD)
