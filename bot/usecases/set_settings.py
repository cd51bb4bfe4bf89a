"""Admin actions on settings: by a button, a preset, or text."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from bot.domain.choices import SETTINGS, Page, Setting, chosen
from bot.domain.delivery import Toast
from bot.domain.gate import Gate
from bot.domain.panel import AdminAction, AdminActionKind
from bot.domain.problem import InvalidSettingError, SettingProblem
from bot.domain.rights import Right
from bot.domain.settings import Preset, preset
from bot.domain.tasks import DeleteMessage
from bot.usecases.change_settings import change_settings
from bot.usecases.needed_rights import NEEDED
from bot.usecases.open_panel import page_shown, show_page
from bot.usecases.ports import ReadTyped
from storage.store import Store


async def added_chats(store: Store, gate: Gate, act: AdminAction) -> Mapping[int, tuple[Right, ...]]:
    """Return the extra chat that a press adds: only people who may make links there can add it. Nobody counts as an
    admin of a chat that is not a gate."""
    if act.details.get("key") != Setting.FURTHER:
        return {}
    gate = await store.gates.lock(gate.chat_id) or gate
    try:
        settings = chosen(gate.settings, Setting.FURTHER, str(act.details.get("value", "")))
    except ValueError:
        return {}
    return dict.fromkeys(set(settings.further) - set(gate.settings.further), NEEDED[AdminActionKind.LINK])


class SetSetting:
    """An `ActionHandler`: sets `key` to `value`. All other settings stay as stored now, whatever the page showed. If
    the value is invalid, the page says so, and nothing changes."""

    async def __call__(self, store: Store, gate: Gate, act: AdminAction, now: datetime) -> Toast:
        key, value = str(act.details.get("key", "")), str(act.details.get("value", ""))
        gate = await store.gates.lock(gate.chat_id) or gate
        try:
            setting = Setting(key)
            settings = chosen(gate.settings, setting, value)
        except InvalidSettingError as error:
            await show_page(store, gate, act.admin_id, SETTINGS[Setting(key)].page, now, trouble(error))
            return Toast.NOTHING
        except ValueError:
            return Toast.UNKNOWN
        added = set(settings.further) - set(gate.settings.further)
        if not added <= (await store.gates.get_many(added)).keys() - {gate.chat_id}:
            return Toast.NOT_ADMIN
        await change_settings(store, gate, settings, now, act.admin_id, f"{key}={value}")
        await show_page(store, gate, act.admin_id, SETTINGS[setting].page, now)
        return Toast.SAVED


class ApplyPreset:
    """An `ActionHandler`: applies the preset named by `value`."""

    async def __call__(self, store: Store, gate: Gate, act: AdminAction, now: datetime) -> Toast:
        gate = await store.gates.lock(gate.chat_id) or gate
        try:
            which = Preset(str(act.details.get("value", "")))
        except ValueError:
            return Toast.UNKNOWN
        await change_settings(store, gate, preset(which, gate.settings), now, act.admin_id, f"preset={which}")
        await show_page(store, gate, act.admin_id, Page.CARD, now)
        return Toast.SAVED


class ApplyTypedSetting:
    """An `ActionHandler`: applies what an admin wrote (`text`, in `message`) to a `page` that asks for text.

    Accepted text is deleted, and the page shows the result. For invalid text a new page appears below it; the text
    stays until the admin sends a better one.
    """

    def __init__(self, read_typed: ReadTyped) -> None:
        self._read_typed = read_typed

    async def __call__(self, store: Store, gate: Gate, act: AdminAction, now: datetime) -> Toast:
        gate = await store.gates.lock(gate.chat_id) or gate
        page, message_id = Page(str(act.details["page"])), int(act.details["message"])
        await self._delete_last(store, act, now)
        try:
            setting, value = self._read_typed(page, str(act.details["text"]))
            settings = chosen(gate.settings, setting, value)
        except ValueError as error:
            found = error if isinstance(error, InvalidSettingError) else InvalidSettingError(SettingProblem.NUMBER)
            details = trouble(found) | {"wrote": message_id}
            await show_page(store, gate, act.admin_id, page, now, details, fresh=True)
            return Toast.NOTHING
        await store.tasks.add(DeleteMessage(message_id), act.admin_id, now)
        await change_settings(store, gate, settings, now, act.admin_id, f"{setting}={value}")
        await show_page(store, gate, act.admin_id, page, now)
        return Toast.SAVED

    async def _delete_last(self, store: Store, act: AdminAction, now: datetime) -> None:
        """Delete their previous text, which was invalid."""
        shown = await page_shown(store, act.admin_id)
        if shown is not None and "wrote" in shown[2]:
            await store.tasks.add(DeleteMessage(int(shown[2]["wrote"])), act.admin_id, now)


def trouble(error: InvalidSettingError) -> dict[str, str | int]:
    """Return the details of a page that shows the problem."""
    return {"problem": error.problem.name, "about": error.about}
