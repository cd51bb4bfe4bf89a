"""What Telegram lets an admin of a chat do, as far as admin actions need it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Right(StrEnum):
    """A right of an administrator, by its name in the Bot API (`ChatMemberAdministrator`)."""

    INVITE = "can_invite_users"
    """To admit, decline, and make links."""
    RESTRICT = "can_restrict_members"
    """To block, remove, and revoke verification."""
    CHANGE_INFO = "can_change_info"
    """To change settings, also by file, and the log chat."""


@dataclass(frozen=True, slots=True)
class AdminRights:
    """What somebody may do in a chat. `held` is None for an admin whose rights Telegram has not sent."""

    is_admin: bool
    held: frozenset[Right] | None

    def lacks(self, needed: Iterable[Right]) -> Right | None:
        """The first of these that they lack, or are not known to have."""
        held = self.held or frozenset()
        return next((right for right in needed if right not in held), None)


NO_ADMIN = AdminRights(is_admin=False, held=frozenset())
SOME_ADMIN = AdminRights(is_admin=True, held=None)
OWNER = AdminRights(is_admin=True, held=frozenset(Right))
"""The owner of a chat may do everything."""
