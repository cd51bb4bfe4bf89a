"""All that an admin can decide about one person."""

from __future__ import annotations

from collections.abc import Mapping

from bot.domain.panel import AdminActionKind
from bot.usecases.block import block, unblock
from bot.usecases.decide_by_hand import Decider
from bot.usecases.decline_by_hand import decline_by_hand
from bot.usecases.let_in_by_hand import let_in_by_hand
from bot.usecases.revoke import restore, revoke

DECIDERS: Mapping[AdminActionKind, Decider] = {
    AdminActionKind.LET_IN: let_in_by_hand,
    AdminActionKind.DECLINE: decline_by_hand,
    AdminActionKind.BLOCK: block,
    AdminActionKind.UNBLOCK: unblock,
    AdminActionKind.REVOKE: revoke,
    AdminActionKind.RESTORE: restore,
}
