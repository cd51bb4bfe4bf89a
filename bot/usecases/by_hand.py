"""All that an admin can decide about one person."""

from __future__ import annotations

from collections.abc import Mapping

from bot.domain.panel import ActKind
from bot.usecases.block import block, unblock
from bot.usecases.decide_by_hand import Decider
from bot.usecases.decline_by_hand import decline_by_hand
from bot.usecases.let_in_by_hand import let_in_by_hand
from bot.usecases.revoke import restore, revoke

DECIDERS: Mapping[ActKind, Decider] = {
    ActKind.LET_IN: let_in_by_hand,
    ActKind.DECLINE: decline_by_hand,
    ActKind.BLOCK: block,
    ActKind.UNBLOCK: unblock,
    ActKind.REVOKE: revoke,
    ActKind.RESTORE: restore,
}
