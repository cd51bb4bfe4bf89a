"""A phone number, the two traces of it that may be stored (a fingerprint and a mask), and refused contacts."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType

Fingerprint = NewType("Fingerprint", str)
"""HMAC-SHA256 of an E.164 number in hex. Without the key nobody can reverse it by trying all numbers."""

HIDDEN = "•"
GROUP = 3
VISIBLE = 4
SHORT_VISIBLE = 2
SHORT_NUMBER = 6


class NumberKind(StrEnum):
    """The kind of number, according to the numbering plan (libphonenumber, `PhoneNumberType`)."""

    MOBILE = "mobile"
    FIXED_OR_MOBILE = "fixed_or_mobile"
    """The country does not distinguish them, for example the USA."""
    FIXED = "fixed"
    VOIP = "voip"
    TOLL_FREE = "toll_free"
    PREMIUM = "premium"
    SHARED_COST = "shared_cost"
    PERSONAL = "personal"
    PAGER = "pager"
    UAN = "uan"
    """A company's one number for many places."""
    VOICEMAIL = "voicemail"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Phone:
    """A full number, held in memory only while it is needed.

    `e164` is `+` and digits, `country_code` the calling code without `+` ("7"), `region` the ISO 3166 code of
    the country ("RU", "KZ") or "" when the numbering plan names none.
    """

    e164: str
    country_code: str
    region: str
    kind: NumberKind = NumberKind.UNKNOWN

    @property
    def mask(self) -> str:
        """The number as it may be shown and stored: country code and last digits, `+7 ••• ••• 12-34`.

        Of national numbers of six digits or fewer only the last two remain.
        """
        national = self.e164.removeprefix("+" + self.country_code)
        visible = VISIBLE if len(national) > SHORT_NUMBER else SHORT_VISIBLE
        hidden, shown = len(national) - visible, national[-visible:]
        groups = [HIDDEN * min(GROUP, hidden - at) for at in range(0, hidden, GROUP)]
        tail = f"{shown[:2]}-{shown[2:]}" if visible == VISIBLE else shown
        return " ".join([f"+{self.country_code}", *groups, tail])

    def fingerprint(self, key: bytes) -> Fingerprint:
        """The keyed fingerprint that recognises this number."""
        return Fingerprint(hmac.new(key, self.e164.encode(), hashlib.sha256).hexdigest())

    def __repr__(self) -> str:
        """Masked: a number in a traceback or a log line would be a leak."""
        return f"Phone({self.mask})"


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
