"""What Telegram lets an admin of a chat do, as far as an act of theirs asks for it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Right(StrEnum):
    """A right of an administrator, by its name in the Bot API (`ChatMemberAdministrator`)."""

    INVITE = "can_invite_users"
    """To let in, decline, and make links."""
    RESTRICT = "can_restrict_members"
    """To block, remove, and have verify anew."""
    CHANGE_INFO = "can_change_info"
    """To change settings, in files too, and where decisions are told."""


@dataclass(frozen=True, slots=True)
class AdminRights:
    """What somebody may do in a chat. `held` is None for an admin of whose rights Telegram has not told."""

    is_admin: bool
    held: frozenset[Right] | None

    def lacks(self, needed: Iterable[Right]) -> Right | None:
        """The first of these that is not theirs, or not known to be."""
        held = self.held or frozenset()
        return next((right for right in needed if right not in held), None)


NO_ADMIN = AdminRights(is_admin=False, held=frozenset())
SOME_ADMIN = AdminRights(is_admin=True, held=None)
OWNER = AdminRights(is_admin=True, held=frozenset(Right))
"""The owner of a chat may do everything."""
