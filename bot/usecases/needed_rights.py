"""Which rights in Telegram an act of an admin needs."""

from __future__ import annotations

from collections.abc import Mapping

from bot.domain.delivery import Toast
from bot.domain.gate import Gate, Standing
from bot.domain.panel import Act, ActKind
from bot.domain.rights import AdminRights, Right
from bot.domain.settings import WayIn
from bot.usecases.ports import Store

LOOKS: tuple[Right, ...] = ()
"""Every admin may look."""
NEEDED: Mapping[ActKind, tuple[Right, ...]] = {
    ActKind.OPEN: LOOKS,
    ActKind.CHECK: LOOKS,
    ActKind.POINT: LOOKS,
    ActKind.STATS: LOOKS,
    # What a command does needs what the same button needs.
    ActKind.COMMAND: LOOKS,
    ActKind.LET_IN: (Right.INVITE,),
    ActKind.DECLINE: (Right.INVITE,),
    ActKind.DECLINE_MANY: (Right.INVITE,),
    ActKind.DECLINE_RECENT: (Right.INVITE,),
    ActKind.LINK: (Right.INVITE,),
    ActKind.BLOCK: (Right.RESTRICT,),
    ActKind.UNBLOCK: (Right.RESTRICT,),
    ActKind.REVOKE: (Right.RESTRICT,),
    ActKind.RESTORE: (Right.RESTRICT,),
    ActKind.LINK_TEST: (Right.CHANGE_INFO,),
    ActKind.SET: (Right.CHANGE_INFO,),
    ActKind.SWITCH: (Right.CHANGE_INFO,),
    ActKind.STRICT: (Right.CHANGE_INFO,),
    ActKind.PRESET: (Right.CHANGE_INFO,),
    ActKind.TYPE: (Right.CHANGE_INFO,),
    ActKind.EXPORT: (Right.CHANGE_INFO,),
    ActKind.IMPORT: (Right.CHANGE_INFO,),
    ActKind.APPLY: (Right.CHANGE_INFO,),
    ActKind.LOG_HERE: (Right.CHANGE_INFO,),
}
MISSING = {
    Right.INVITE: Toast.NEEDS_INVITE,
    Right.RESTRICT: Toast.NEEDS_RESTRICT,
    Right.CHANGE_INFO: Toast.NEEDS_CHANGE_INFO,
}


async def refusal_of(store: Store, gate: Gate, act: Act, rights: AdminRights) -> Toast | None:
    """Why somebody with these rights may not do this at the gate; None if they may."""
    if not rights.is_admin:
        return Toast.NOT_ADMIN
    missing = rights.lacks(await _needed(store, gate, act))
    return None if missing is None else MISSING[missing]


async def _needed(store: Store, gate: Gate, act: Act) -> tuple[Right, ...]:
    # What is in no table needs everything.
    needed = NEEDED.get(act.kind, tuple(Right))
    match act.kind:
        case ActKind.DECLINE if (user_id := act.person_id) is not None:
            request = await store.requests.get(gate.chat_id, user_id)
            # Who is in already, and muted, is removed.
            return (Right.RESTRICT,) if request is not None and request.way is WayIn.MUTE else needed
        case ActKind.DECLINE_MANY | ActKind.DECLINE_RECENT:
            return (*needed, Right.RESTRICT) if await store.requests.has_muted(gate.chat_id) else needed
        case ActKind.LET_IN if (user_id := act.person_id) is not None:
            decision = await store.standings.get(gate.chat_id, user_id)
            # Their block ends by it.
            is_blocked = decision is not None and decision.standing is Standing.BLOCKED
            return (*needed, Right.RESTRICT) if is_blocked else needed
    return needed
