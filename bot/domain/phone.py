"""A phone number, and the two traces of it that may be stored: a fingerprint and a mask."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
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
