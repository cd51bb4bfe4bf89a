"""Who does what admins want done."""

from __future__ import annotations

from bot.domain.panel import AdminActionKind
from bot.usecases.admin_desk import Doer, Elsewhere
from bot.usecases.by_hand import DECIDERS
from bot.usecases.call_panel import LogHere, MakeLink, PointToPanel, log_place
from bot.usecases.decide_by_hand import ByHand
from bot.usecases.decline_many import DeclineMany
from bot.usecases.decline_older import DeclineOlder
from bot.usecases.open_panel import CheckGate, OpenPage
from bot.usecases.ports import SettingsPaper, TypedWords
from bot.usecases.protect import TestLink
from bot.usecases.raid_doers import DeclineRecent, MakeStrict, ToldOfRaid
from bot.usecases.set_settings import ApplyPreset, ApplyTypedSetting, SetSetting, added_chats
from bot.usecases.settings_files import ApplyFile, ExportSettings, TakeSettingsFile
from bot.usecases.show_statistics import ShowStatistics
from bot.usecases.switch_gate import SwitchGate
from bot.usecases.take_command import RunCommand


def elsewhere(paper: SettingsPaper) -> dict[AdminActionKind, Elsewhere]:
    """What says which other chats an act concerns, for the kinds that may concern any."""
    return {
        AdminActionKind.SET: added_chats,
        AdminActionKind.APPLY: ApplyFile(paper).added_chats,
        AdminActionKind.LOG_HERE: log_place,
    }


def doers(
    typed: TypedWords, paper: SettingsPaper, decline_many: DeclineMany, show_statistics: ShowStatistics
) -> dict[AdminActionKind, Doer]:
    """One for each kind of act."""
    by_hand: dict[AdminActionKind, Doer] = {kind: ByHand(decide) for kind, decide in DECIDERS.items()}
    return {
        **by_hand,
        AdminActionKind.COMMAND: RunCommand(by_hand),
        AdminActionKind.DECLINE_MANY: DeclineOlder(decline_many),
        AdminActionKind.OPEN: OpenPage(),
        AdminActionKind.CHECK: CheckGate(),
        AdminActionKind.SET: SetSetting(),
        AdminActionKind.PRESET: ApplyPreset(),
        AdminActionKind.TYPE: ApplyTypedSetting(typed),
        AdminActionKind.LINK: MakeLink(),
        AdminActionKind.LINK_TEST: TestLink(),
        AdminActionKind.EXPORT: ExportSettings(paper),
        AdminActionKind.IMPORT: TakeSettingsFile(paper),
        AdminActionKind.APPLY: ApplyFile(paper),
        AdminActionKind.LOG_HERE: LogHere(),
        AdminActionKind.STATS: show_statistics.of_admin,
        AdminActionKind.POINT: PointToPanel(),
        AdminActionKind.SWITCH: ToldOfRaid(SwitchGate()),
        AdminActionKind.STRICT: ToldOfRaid(MakeStrict()),
        AdminActionKind.DECLINE_RECENT: ToldOfRaid(DeclineRecent(decline_many)),
    }
