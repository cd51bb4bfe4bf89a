"""Which Telegram rights an admin action needs."""

from __future__ import annotations

from collections.abc import Mapping

from bot.domain.admin_actions import AdminAction, AdminActionKind
from bot.domain.gate_settings import EntryMode
from bot.domain.gates import AdminRights, Gate, Override, Right
from bot.domain.notifications import Toast
from storage.store import Store

LOOKS: tuple[Right, ...] = ()
"""Every admin may look."""
NEEDED: Mapping[AdminActionKind, tuple[Right, ...]] = {
    AdminActionKind.OPEN: LOOKS,
    AdminActionKind.CHECK: LOOKS,
    AdminActionKind.PRIVATE_CHAT_LINK: LOOKS,
    AdminActionKind.STATS: LOOKS,
    # A command's effect needs what the same button needs.
    AdminActionKind.COMMAND: LOOKS,
    AdminActionKind.LET_IN: (Right.INVITE,),
    AdminActionKind.DECLINE: (Right.INVITE,),
    AdminActionKind.DECLINE_MANY: (Right.INVITE,),
    AdminActionKind.DECLINE_RECENT: (Right.INVITE,),
    AdminActionKind.LINK: (Right.INVITE,),
    AdminActionKind.BLOCK: (Right.RESTRICT,),
    AdminActionKind.UNBLOCK: (Right.RESTRICT,),
    AdminActionKind.REVOKE: (Right.RESTRICT,),
    AdminActionKind.RESTORE: (Right.RESTRICT,),
    AdminActionKind.LINK_TEST: (Right.CHANGE_INFO,),
    AdminActionKind.SET: (Right.CHANGE_INFO,),
    AdminActionKind.SWITCH: (Right.CHANGE_INFO,),
    AdminActionKind.STRICT: (Right.CHANGE_INFO,),
    AdminActionKind.PRESET: (Right.CHANGE_INFO,),
    AdminActionKind.TYPE: (Right.CHANGE_INFO,),
    AdminActionKind.EXPORT: (Right.CHANGE_INFO,),
    AdminActionKind.IMPORT: (Right.CHANGE_INFO,),
    AdminActionKind.APPLY: (Right.CHANGE_INFO,),
    AdminActionKind.LOG_HERE: (Right.CHANGE_INFO,),
}
MISSING = {
    Right.INVITE: Toast.NEEDS_INVITE,
    Right.RESTRICT: Toast.NEEDS_RESTRICT,
    Right.CHANGE_INFO: Toast.NEEDS_CHANGE_INFO,
}


async def refusal_of(store: Store, gate: Gate, act: AdminAction, rights: AdminRights) -> Toast | None:
    """Return why somebody with these rights may not do this at the gate; None if they may."""
    if not rights.is_admin:
        return Toast.NOT_ADMIN
    missing = rights.lacks(await _needed(store, gate, act))
    return None if missing is None else MISSING[missing]


async def _needed(store: Store, gate: Gate, act: AdminAction) -> tuple[Right, ...]:
    # An action that is not in the table needs every right.
    needed = NEEDED.get(act.kind, tuple(Right))
    match act.kind:
        case AdminActionKind.DECLINE if (user_id := act.person_id) is not None:
            request = await store.requests.get(gate.chat_id, user_id)
            # A muted newcomer is in already, and gets removed.
            return (Right.RESTRICT,) if request is not None and request.way is EntryMode.MUTE else needed
        case AdminActionKind.DECLINE_MANY | AdminActionKind.DECLINE_RECENT:
            return (*needed, Right.RESTRICT) if await store.requests.has_muted(gate.chat_id) else needed
        case AdminActionKind.LET_IN if (user_id := act.person_id) is not None:
            decision = await store.overrides.get(gate.chat_id, user_id)
            # Admitting them lifts the block.
            is_blocked = decision is not None and decision.override is Override.BLOCKED
            return (*needed, Right.RESTRICT) if is_blocked else needed
    return needed
