"""The handler of each admin action."""

from __future__ import annotations

from bot.domain.admin_actions import AdminActionKind
from bot.features.admins.authorize import ActionHandler, Elsewhere
from bot.features.admins.navigation import recheck_gate, send_panel_link
from bot.features.gates.switch import report_link_test, switch_gate
from bot.features.moderation.commands import RunCommand
from bot.features.moderation.decisions import DECIDERS, ByHand
from bot.features.moderation.mass_decline import decline_older
from bot.features.panel.actions import LogHere, MakeLink, OpenPage, log_place
from bot.features.raids.actions import RecordedInAlert, decline_recent, make_strict
from bot.features.settings.change import ApplyPreset, ApplyTypedSetting, ReadTyped, SetSetting, added_chats
from bot.features.settings.file_format import JsonSettingsFile
from bot.features.settings.files import ApplyFile, ExportSettings, TakeSettingsFile
from bot.features.statistics.actions import send_to_admin


def elsewhere(settings_file: JsonSettingsFile) -> dict[AdminActionKind, Elsewhere]:
    """Return, for each kind that may concern other chats, the function that names them."""
    return {
        AdminActionKind.SET: added_chats,
        AdminActionKind.APPLY: ApplyFile(settings_file).added_chats,
        AdminActionKind.LOG_HERE: log_place,
    }


def action_handlers(read_typed: ReadTyped, settings_file: JsonSettingsFile) -> dict[AdminActionKind, ActionHandler]:
    """Return one handler for each kind of admin action."""
    by_admin: dict[AdminActionKind, ActionHandler] = {kind: ByHand(decide) for kind, decide in DECIDERS.items()}
    return {
        **by_admin,
        AdminActionKind.COMMAND: RunCommand(by_admin),
        AdminActionKind.DECLINE_MANY: decline_older,
        AdminActionKind.OPEN: OpenPage(),
        AdminActionKind.CHECK: recheck_gate,
        AdminActionKind.SET: SetSetting(),
        AdminActionKind.PRESET: ApplyPreset(),
        AdminActionKind.TYPE: ApplyTypedSetting(read_typed),
        AdminActionKind.LINK: MakeLink(),
        AdminActionKind.LINK_TEST: report_link_test,
        AdminActionKind.EXPORT: ExportSettings(settings_file),
        AdminActionKind.IMPORT: TakeSettingsFile(settings_file),
        AdminActionKind.APPLY: ApplyFile(settings_file),
        AdminActionKind.LOG_HERE: LogHere(),
        AdminActionKind.STATS: send_to_admin,
        AdminActionKind.PRIVATE_CHAT_LINK: send_panel_link,
        AdminActionKind.SWITCH: RecordedInAlert(switch_gate),
        AdminActionKind.STRICT: RecordedInAlert(make_strict),
        AdminActionKind.DECLINE_RECENT: RecordedInAlert(decline_recent),
    }
