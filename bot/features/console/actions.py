"""What an admin does in the console: the same actions as in the chat, with the same rights."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.admin_actions import AdminAction, AdminActionKind
from bot.domain.notifications import Toast
from bot.domain.people_pages import INVERSE, OlderThan
from bot.features.admins.authorize import AdminDesk
from bot.features.moderation.decisions import FROM_CONSOLE, FROM_PENDING
from storage.store import Store

OFFERED = frozenset({AdminActionKind.LET_IN, AdminActionKind.DECLINE, AdminActionKind.DECLINE_MANY})
UNDOING = frozenset({AdminActionKind.LET_IN, AdminActionKind.REVOKE, AdminActionKind.RESTORE})
UNDOABLE = frozenset({Toast.LET_IN, Toast.LET_IN_LATER, Toast.DECLINED, Toast.REVOKED, Toast.RESTORED})
REFUSED = frozenset({Toast.NOT_ADMIN, Toast.NEEDS_INVITE, Toast.NEEDS_RESTRICT, Toast.NEEDS_CHANGE_INFO, Toast.UNKNOWN})


@dataclass(frozen=True, slots=True)
class ConsoleOutcome:
    """What an action did. `undo`: what takes it back."""

    toast: Toast
    undo: AdminActionKind | None = None


async def run_console_action(
    store: Store,
    desk: AdminDesk,
    user_id: int,
    gate_id: int,
    kind: AdminActionKind,
    person_id: int,
    *,
    is_undo: bool,
) -> ConsoleOutcome | None:
    """Run an action of `OFFERED`, or with `is_undo` one of `UNDOING`; None while the bot asks Telegram for the rights,
    and then nothing has changed.

    The buttons of the list are only about people who still wait, as in the chat; those that undo reach people decided
    about meanwhile, unless somebody has decided again.
    """
    if kind not in (UNDOING if is_undo else OFFERED):
        return ConsoleOutcome(Toast.UNKNOWN)
    details: dict[str, str | int] = {"key": FROM_CONSOLE if is_undo else FROM_PENDING, "value": str(person_id)}
    if kind is AdminActionKind.DECLINE_MANY:
        details = {"key": FROM_CONSOLE, "value": OlderThan.ALL}
    toast = await desk.run_now(store, AdminAction(kind, gate_id, user_id, details))
    if toast is None:
        return None
    return ConsoleOutcome(toast, INVERSE.get(kind) if toast in UNDOABLE else None)
