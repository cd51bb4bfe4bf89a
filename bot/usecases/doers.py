"""Who does what admins want done."""

from __future__ import annotations

from bot.domain.panel import ActKind
from bot.usecases.admin_desk import Doer, Elsewhere
from bot.usecases.by_hand import DECIDERS
from bot.usecases.call_panel import LogHere, MakeLink, PointToPanel, log_place
from bot.usecases.decide_by_hand import ByHand
from bot.usecases.decline_many import DeclineMany
from bot.usecases.decline_older import DeclineOlder
from bot.usecases.open_panel import CheckGate, OpenPage
from bot.usecases.ports_gates import SettingsPaper, TypedWords
from bot.usecases.protect import TestLink
from bot.usecases.raid_doers import DeclineRecent, MakeStrict, ToldOfRaid
from bot.usecases.set_settings import SetSetting, TakePreset, TakeTyped, added_chats
from bot.usecases.settings_files import ApplyFile, ExportSettings, TakeSettingsFile
from bot.usecases.show_statistics import ShowStatistics
from bot.usecases.switch_gate import SwitchGate
from bot.usecases.take_command import TakeCommand


def elsewhere(paper: SettingsPaper) -> dict[ActKind, Elsewhere]:
    """What says which other chats an act concerns, for the kinds that may concern any."""
    return {
        ActKind.SET: added_chats,
        ActKind.APPLY: ApplyFile(paper).added_chats,
        ActKind.LOG_HERE: log_place,
    }


def doers(
    typed: TypedWords, paper: SettingsPaper, decline_many: DeclineMany, show_statistics: ShowStatistics
) -> dict[ActKind, Doer]:
    """One for each kind of act."""
    by_hand: dict[ActKind, Doer] = {kind: ByHand(decide) for kind, decide in DECIDERS.items()}
    return {
        **by_hand,
        ActKind.COMMAND: TakeCommand(by_hand),
        ActKind.DECLINE_MANY: DeclineOlder(decline_many),
        ActKind.OPEN: OpenPage(),
        ActKind.CHECK: CheckGate(),
        ActKind.SET: SetSetting(),
        ActKind.PRESET: TakePreset(),
        ActKind.TYPE: TakeTyped(typed),
        ActKind.LINK: MakeLink(),
        ActKind.LINK_TEST: TestLink(),
        ActKind.EXPORT: ExportSettings(paper),
        ActKind.IMPORT: TakeSettingsFile(paper),
        ActKind.APPLY: ApplyFile(paper),
        ActKind.LOG_HERE: LogHere(),
        ActKind.STATS: show_statistics.of_admin,
        ActKind.POINT: PointToPanel(),
        ActKind.SWITCH: ToldOfRaid(SwitchGate()),
        ActKind.STRICT: ToldOfRaid(MakeStrict()),
        ActKind.DECLINE_RECENT: ToldOfRaid(DeclineRecent(decline_many)),
    }
