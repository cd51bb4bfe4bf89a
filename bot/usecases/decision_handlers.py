"""All decisions that an admin can make about one person."""

from __future__ import annotations

from collections.abc import Mapping

from bot.domain.panel import AdminActionKind
from bot.usecases.admit_by_admin import admit_by_admin
from bot.usecases.block import block, unblock
from bot.usecases.decide_by_admin import Decider
from bot.usecases.decline_by_admin import decline_by_admin
from bot.usecases.revoke import restore, revoke

DECIDERS: Mapping[AdminActionKind, Decider] = {
    AdminActionKind.LET_IN: admit_by_admin,
    AdminActionKind.DECLINE: decline_by_admin,
    AdminActionKind.BLOCK: block,
    AdminActionKind.UNBLOCK: unblock,
    AdminActionKind.REVOKE: revoke,
    AdminActionKind.RESTORE: restore,
}
