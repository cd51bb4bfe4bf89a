"""Exporting and importing settings as files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from bot.domain.admin_actions import AdminAction, AdminActionKind
from bot.domain.gate_settings import GateSettings, InvalidSettingError, SettingProblem
from bot.domain.gates import Gate, Right
from bot.domain.notifications import Toast
from bot.domain.setting_choices import Page
from bot.domain.tasks import FetchFile, SendFile
from bot.features.admins.navigation import page_shown, show_page
from bot.features.admins.rights import NEEDED
from bot.features.settings.change import change_settings, trouble
from bot.features.settings.file_format import JsonSettingsFile
from storage.store import Store

LARGEST_FILE = 64 * 1024
"""Bytes; a file with every possible choice has a few thousand."""


class ExportSettings:
    """An `ActionHandler`: sends the admin the settings as a file."""

    def __init__(self, settings_file: JsonSettingsFile) -> None:
        self._settings_file = settings_file

    async def __call__(self, store: Store, gate: Gate, act: AdminAction) -> Toast:
        await store.tasks.add(SendFile(gate.title, self._settings_file.written(gate)), act.admin_id, store.now)
        return Toast.DONE


class TakeSettingsFile:
    """An `ActionHandler`: fetches the file (`file_id`, of `size` bytes) that an admin has sent to its page. Its `text`
    arrives as another action, and so does a failure to fetch it.

    The page shows what the file would change; nothing changes yet. Links to extra chats are imported only from a file
    of the same gate, and only to chats that the admin runs: anybody can write a file. The log chat is never imported.
    """

    def __init__(self, settings_file: JsonSettingsFile) -> None:
        self._settings_file = settings_file

    async def __call__(self, store: Store, gate: Gate, act: AdminAction) -> Toast:
        admin_id = act.admin_id
        if "file_id" not in act.details:
            await self._take(store, gate, admin_id, act.details.get("text"))
        elif int(act.details["size"]) > LARGEST_FILE:
            await self._refuse(store, gate, admin_id, InvalidSettingError(SettingProblem.FILE_BIG))
        else:
            await store.tasks.add(FetchFile(gate.chat_id, str(act.details["file_id"])), admin_id, store.now)
        return Toast.NOTHING

    async def _take(self, store: Store, gate: Gate, admin_id: int, text: str | int | None) -> None:
        """Show the changes of a file, or that it could not be fetched (None)."""
        if text is None:
            await self._refuse(store, gate, admin_id, InvalidSettingError(SettingProblem.FILE_UNREACHABLE))
            return
        try:
            origin, settings = self._settings_file.read(str(text), gate.settings)
        except InvalidSettingError as error:
            await self._refuse(store, gate, admin_id, error)
            return
        is_own = await store.gates.current_id(origin) == gate.chat_id
        after = await self._within_reach(store, gate, admin_id, settings, is_own=is_own)
        details: dict[str, str | int] = {
            "changes": self._settings_file.changes(gate.settings, after),
            "foreign": int(not is_own),
            "leaves": int((after.further, after.log_chat) != (settings.further, settings.log_chat)),
        }
        await show_page(store, gate, admin_id, Page.IMPORT, details, fresh=True)

    @staticmethod
    async def _within_reach(
        store: Store, gate: Gate, admin_id: int, settings: GateSettings, *, is_own: bool
    ) -> GateSettings:
        present = gate.settings
        runs = {other.chat_id for other in await store.admins.gates_of(admin_id)} - {gate.chat_id}
        allowed = runs | set(present.further)
        further = tuple(chat_id for chat_id in settings.further if chat_id in allowed) if is_own else present.further
        return replace(settings, further=further, log_chat=present.log_chat, log_topic=present.log_topic)

    @staticmethod
    async def _refuse(store: Store, gate: Gate, admin_id: int, error: InvalidSettingError) -> None:
        await show_page(store, gate, admin_id, Page.FILE, trouble(error), fresh=True)


class ApplyFile:
    """An `ActionHandler`: applies the changes of a file that the page shows. What others changed meanwhile stays,
    unless the file changes it too."""

    def __init__(self, settings_file: JsonSettingsFile) -> None:
        self._settings_file = settings_file

    async def added_chats(self, store: Store, gate: Gate, act: AdminAction) -> Mapping[int, tuple[Right, ...]]:
        """Return the extra chats that it adds now: the page may be old."""
        changes = await self._shown(store, gate, act.admin_id)
        if changes is None:
            return {}
        gate = await store.gates.lock(gate.chat_id) or gate
        try:
            settings = self._settings_file.applied(gate.settings, changes)
        except InvalidSettingError:
            return {}
        return dict.fromkeys(set(settings.further) - set(gate.settings.further), NEEDED[AdminActionKind.LINK])

    async def __call__(self, store: Store, gate: Gate, act: AdminAction) -> Toast:
        changes = await self._shown(store, gate, act.admin_id)
        if changes is None:
            return Toast.OVER
        gate = await store.gates.lock(gate.chat_id) or gate
        try:
            settings = self._settings_file.applied(gate.settings, changes)
        except InvalidSettingError as error:
            # It is invalid together with what others chose meanwhile.
            await show_page(store, gate, act.admin_id, Page.FILE, trouble(error))
            return Toast.NOTHING
        await change_settings(store, gate, settings, act.admin_id, "file")
        await show_page(store, gate, act.admin_id, Page.CARD)
        return Toast.SAVED

    @staticmethod
    async def _shown(store: Store, gate: Gate, admin_id: int) -> str | None:
        shown = await page_shown(store, admin_id)
        if shown is None or shown[:2] != (gate.chat_id, Page.IMPORT):
            return None
        return str(shown[2].get("changes", "")) or None
