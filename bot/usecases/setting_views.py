"""The settings pages, built from the current state."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

from bot.domain.choices import SETTING_PAGES, Page
from bot.domain.delivery import ScreenRow
from bot.domain.gate import Gate
from bot.domain.panel import ImportPage, SettingPage
from bot.domain.problem import SettingProblem
from storage.store import Store

SettingBuilder = Callable[[Store, Gate, ScreenRow, datetime], Awaitable[SettingPage | ImportPage]]
MOST_CHATS = 30


async def _setting(store: Store, gate: Gate, row: ScreenRow, now: datetime) -> SettingPage:  # noqa: ARG001 - a Builder
    page = Page(str(row.details["page"]))
    waiting = await store.requests.count_waiting(gate.chat_id)
    problem = row.details.get("problem")
    trouble = None if problem is None else (SettingProblem[str(problem)], str(row.details.get("about", "")))
    chats = await _chats(store, gate, row.user_id) if page in (Page.FURTHER, Page.GRANTED) else ()
    return SettingPage(gate, page, waiting, trouble, chats)


async def _chats(store: Store, gate: Gate, admin_id: int) -> tuple[tuple[int, str], ...]:
    """Return the other gates that the reader runs, and the extra chats already in the settings."""
    mine = [other for other in await store.admins.gates_of(admin_id) if other.chat_id != gate.chat_id]
    titles = {other.chat_id: other.title for other in mine[:MOST_CHATS]}
    given = await store.gates.get_many(gate.settings.further)
    titles |= {chat_id: given[chat_id].title if chat_id in given else "" for chat_id in gate.settings.further}
    return tuple(titles.items())


async def _import(store: Store, gate: Gate, row: ScreenRow, now: datetime) -> ImportPage:  # noqa: ARG001 - a Builder
    return ImportPage(
        gate,
        str(row.details["changes"]),
        await store.requests.count_waiting(gate.chat_id),
        is_foreign=bool(row.details["foreign"]),
        leaves_chats=bool(row.details["leaves"]),
        chats=await _chats(store, gate, row.user_id),
    )


SETTING_BUILDERS: dict[Page, SettingBuilder] = {**dict.fromkeys(SETTING_PAGES, _setting), Page.IMPORT: _import}
