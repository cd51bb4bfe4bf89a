"""The handler of each admin action."""

from __future__ import annotations

from bot.domain.panel import AdminActionKind
from bot.usecases.admin_desk import ActionHandler, Elsewhere
from bot.usecases.call_panel import LogHere, MakeLink, SendPanelLink, log_place
from bot.usecases.decide_by_admin import ByHand
from bot.usecases.decision_handlers import DECIDERS
from bot.usecases.decline_many import DeclineMany
from bot.usecases.decline_older import DeclineOlder
from bot.usecases.open_panel import CheckGate, OpenPage
from bot.usecases.ports import ReadTyped, SettingsFile
from bot.usecases.protect import TestLink
from bot.usecases.raid_actions import DeclineRecent, MakeStrict, RecordedInAlert
from bot.usecases.set_settings import ApplyPreset, ApplyTypedSetting, SetSetting, added_chats
from bot.usecases.settings_files import ApplyFile, ExportSettings, TakeSettingsFile
from bot.usecases.show_statistics import ShowStatistics
from bot.usecases.switch_gate import SwitchGate
from bot.usecases.take_command import RunCommand


def elsewhere(settings_file: SettingsFile) -> dict[AdminActionKind, Elsewhere]:
    """Return, for each kind that may concern other chats, the function that names them."""
    return {
        AdminActionKind.SET: added_chats,
        AdminActionKind.APPLY: ApplyFile(settings_file).added_chats,
        AdminActionKind.LOG_HERE: log_place,
    }


def action_handlers(
    read_typed: ReadTyped, settings_file: SettingsFile, decline_many: DeclineMany, show_statistics: ShowStatistics
) -> dict[AdminActionKind, ActionHandler]:
    """Return one handler for each kind of admin action."""
    by_admin: dict[AdminActionKind, ActionHandler] = {kind: ByHand(decide) for kind, decide in DECIDERS.items()}
    return {
        **by_admin,
        AdminActionKind.COMMAND: RunCommand(by_admin),
        AdminActionKind.DECLINE_MANY: DeclineOlder(decline_many),
        AdminActionKind.OPEN: OpenPage(),
        AdminActionKind.CHECK: CheckGate(),
        AdminActionKind.SET: SetSetting(),
        AdminActionKind.PRESET: ApplyPreset(),
        AdminActionKind.TYPE: ApplyTypedSetting(read_typed),
        AdminActionKind.LINK: MakeLink(),
        AdminActionKind.LINK_TEST: TestLink(),
        AdminActionKind.EXPORT: ExportSettings(settings_file),
        AdminActionKind.IMPORT: TakeSettingsFile(settings_file),
        AdminActionKind.APPLY: ApplyFile(settings_file),
        AdminActionKind.LOG_HERE: LogHere(),
        AdminActionKind.STATS: show_statistics.of_admin,
        AdminActionKind.PRIVATE_CHAT_LINK: SendPanelLink(),
        AdminActionKind.SWITCH: RecordedInAlert(SwitchGate()),
        AdminActionKind.STRICT: RecordedInAlert(MakeStrict()),
        AdminActionKind.DECLINE_RECENT: RecordedInAlert(DeclineRecent(decline_many)),
    }
