"""A shared contact, and reasons to reject one."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class ContactRefusal(StrEnum):
    """Why a shared contact does not start a verification."""

    NOT_OWN = "not_own"
    """Somebody else's card, or one whose owner Telegram does not name."""
    FORWARDED = "forwarded"
    """Forwarded from another chat: it proves nothing."""
    ANONYMOUS = "anonymous"
    """A +888 number: it exists only inside Telegram and cannot call."""
    NOT_MOBILE = "not_mobile"
    """Not a possible mobile number."""
    TAKEN = "taken"
    """This phone has verified another account."""
    BUSY = "busy"
    """This phone is being verified by another account right now."""
    COUNTRY = "country"
    """No gate at which the person waits accepts numbers of this country."""
    KIND = "kind"
    """No gate at which the person waits accepts numbers of this kind."""


@dataclass(frozen=True, slots=True)
class SharedContact:
    """What a person sent. `owner_id` is the account the card belongs to, as Telegram set it."""

    sender_id: int
    owner_id: int | None
    is_forwarded: bool
    number: str = field(repr=False)

    def refusal(self) -> ContactRefusal | None:
        """Why this card does not prove its sender's number, judged by the card alone."""
        if self.is_forwarded:
            return ContactRefusal.FORWARDED
        if self.owner_id != self.sender_id:
            return ContactRefusal.NOT_OWN
        if self.number.lstrip("+ 0").startswith("888"):
            return ContactRefusal.ANONYMOUS
        return None
