"""Changing the settings of a gate: the one place that does it, its pages, and the effects."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from bot.domain.admin_actions import AdminAction, AdminActionKind, ImportPage, SettingPage
from bot.domain.gate_settings import AtDeadline, GateSettings, InvalidSettingError, Preset, SettingProblem, preset
from bot.domain.gates import FRESH_CHANCE, Gate, Right
from bot.domain.journal import Event
from bot.domain.notifications import Toast
from bot.domain.outgoing import ScreenRow
from bot.domain.setting_choices import CONFIRMED, SETTING_PAGES, SETTINGS, Page, Setting, chosen, is_changed
from bot.domain.tasks import DeleteMessage
from bot.features.admins.navigation import page_shown, redraw_panels, show_page
from bot.features.admins.rights import NEEDED
from storage.store import Store


async def settings_changed(store: Store, before: Gate, after: Gate) -> None:
    """Apply a change at once to people who wait. Call it with every stored change, whoever made it.

    People whom the old rules kept out are checked again. If overdue requests were left waiting and are now declined,
    everybody gets an hour. The rest needs nothing here: the sweep admits people who are eligible now, and unmutes those
    whom no gate wants muted; new grants and deadlines apply to people who come from now on.
    """
    old, new = before.settings, after.settings
    if any(spec.affects_phones and is_changed(setting, old, new) for setting, spec in SETTINGS.items()):
        await store.requests.clear_ineligibility(gate_id=after.chat_id)
    if old.at_deadline is AtDeadline.LEAVE and new.at_deadline is AtDeadline.TURN_AWAY:
        await store.requests.extend_deadlines(after.chat_id, store.now + FRESH_CHANCE)


async def change_settings(store: Store, gate: Gate, settings: GateSettings, admin_id: int | None, what: str) -> None:
    """Store the settings and apply them at once; `what` says in the journal what changed, as `key=value`. `admin_id` is
    None if the change follows from something else.

    All admins who look at the gate see it. `gate` has to be as stored now, and locked.
    """
    if settings == gate.settings:
        return
    await store.gates.set_settings(gate.chat_id, settings, store.now)
    before, after = set(gate.settings.further), set(settings.further)
    if before - after:
        await store.gates.unlink(gate.chat_id, before - after)
    if admin_id is not None and after - before:
        await store.gates.link(gate.chat_id, after - before, admin_id)
    store.journal.add(Event.GATE_CHANGED, store.now, gate_id=gate.chat_id, code=what, actor_id=admin_id)
    await settings_changed(store, gate, replace(gate, settings=settings))
    await redraw_panels(store, gate.chat_id)


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

    async def __call__(self, store: Store, gate: Gate, act: AdminAction) -> Toast:
        key, value = str(act.details.get("key", "")), str(act.details.get("value", ""))
        gate = await store.gates.lock(gate.chat_id) or gate
        try:
            setting = Setting(key)
            settings = chosen(gate.settings, setting, value)
        except InvalidSettingError as error:
            await show_page(store, gate, act.admin_id, SETTINGS[Setting(key)].page, trouble(error))
            return Toast.NO_COUNTRIES if error.problem is SettingProblem.NO_COUNTRIES else Toast.NOTHING
        except ValueError:
            return Toast.UNKNOWN
        added = set(settings.further) - set(gate.settings.further)
        if not added <= (await store.gates.get_many(added)).keys() - {gate.chat_id}:
            return Toast.NOT_ADMIN
        await change_settings(store, gate, settings, act.admin_id, f"{key}={value}")
        await show_page(store, gate, act.admin_id, SETTINGS[setting].page)
        return Toast.SAVED


PRESET_APPLIED = {
    Preset.OPEN: Toast.OPENED,
    Preset.STANDARD: Toast.STANDARD_APPLIED,
    Preset.STRICT: Toast.STRICT_APPLIED,
}


class ApplyPreset:
    """An `ActionHandler`: applies the preset named by `value`. Before one that opens the gate it asks; `key` says that
    the admin has confirmed."""

    async def __call__(self, store: Store, gate: Gate, act: AdminAction) -> Toast:
        gate = await store.gates.lock(gate.chat_id) or gate
        try:
            which = Preset(str(act.details.get("value", "")))
        except ValueError:
            return Toast.UNKNOWN
        settings = preset(which, gate.settings)
        if gate.settings.asks_call and not settings.asks_call and act.details.get("key") != CONFIRMED:
            await show_page(store, gate, act.admin_id, Page.PRESETS, {"value": which})
            return Toast.NOTHING
        await change_settings(store, gate, settings, act.admin_id, f"preset={which}")
        await show_page(store, gate, act.admin_id, Page.CARD)
        return PRESET_APPLIED[which]


class ApplyTypedSetting:
    """An `ActionHandler`: applies what an admin wrote (`text`, in `message`) to a `page` that asks for text.

    Accepted text is deleted, and the page shows the result. For invalid text a new page appears below it; the text
    stays until the admin sends a better one.
    """

    def __init__(self, read_typed: ReadTyped) -> None:
        self._read_typed = read_typed

    async def __call__(self, store: Store, gate: Gate, act: AdminAction) -> Toast:
        gate = await store.gates.lock(gate.chat_id) or gate
        page, message_id = Page(str(act.details["page"])), int(act.details["message"])
        await self._delete_last(store, act)
        try:
            setting, value = self._read_typed(page, str(act.details["text"]))
            settings = chosen(gate.settings, setting, value)
        except ValueError as error:
            found = error if isinstance(error, InvalidSettingError) else InvalidSettingError(SettingProblem.NUMBER)
            details = trouble(found) | {"wrote": message_id}
            await show_page(store, gate, act.admin_id, page, details, fresh=True)
            return Toast.NOTHING
        await store.tasks.add(DeleteMessage(message_id), act.admin_id, store.now)
        await change_settings(store, gate, settings, act.admin_id, f"{setting}={value}")
        await show_page(store, gate, act.admin_id, page)
        return Toast.SAVED

    async def _delete_last(self, store: Store, act: AdminAction) -> None:
        """Delete their previous text, which was invalid."""
        shown = await page_shown(store, act.admin_id)
        if shown is not None and "wrote" in shown[2]:
            await store.tasks.add(DeleteMessage(int(shown[2]["wrote"])), act.admin_id, store.now)


def trouble(error: InvalidSettingError) -> dict[str, str | int]:
    """Return the details of a page that shows the problem."""
    return {"problem": error.problem.name, "about": error.about}


SettingBuilder = Callable[[Store, Gate, ScreenRow], Awaitable[SettingPage | ImportPage]]
MOST_CHATS = 30


async def _setting(store: Store, gate: Gate, row: ScreenRow) -> SettingPage:
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


async def _import(store: Store, gate: Gate, row: ScreenRow) -> ImportPage:
    return ImportPage(
        gate,
        str(row.details["changes"]),
        await store.requests.count_waiting(gate.chat_id),
        is_foreign=bool(row.details["foreign"]),
        leaves_chats=bool(row.details["leaves"]),
        chats=await _chats(store, gate, row.user_id),
    )


SETTING_BUILDERS: dict[Page, SettingBuilder] = {**dict.fromkeys(SETTING_PAGES, _setting), Page.IMPORT: _import}

ReadTyped = Callable[[Page, str], tuple[Setting, str]]
"""Reads what an admin wrote to a page: returns the setting and its new value. Raises InvalidSettingError."""
