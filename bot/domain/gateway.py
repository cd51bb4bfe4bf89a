"""The gateway's answers in Callgate's terms (a call number, a refusal, a report of a call), and the circuit breaker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.phone import Fingerprint


class GatewayReason(StrEnum):
    """Why the gateway gave no number."""

    NUMBER_UNUSABLE = "number_unusable"
    """This phone cannot be checked at all."""
    CREDENTIALS = "credentials"
    """The gateway rejects the login, the key or our address: an operator has to act."""
    NO_MONEY = "no_money"
    """The account is empty: an operator has to act."""
    ADDRESS_BLOCKED = "address_blocked"
    """The gateway blocks our address for a while; repeating makes it longer."""
    BLACKLISTED = "blacklisted"
    """The phone is on the account's blacklist."""
    COUNTRY_REFUSED = "country_refused"
    """The account's settings do not allow this country, these numbers or these hours."""
    UNAVAILABLE = "unavailable"
    """No answer, a failure on the gateway's side, too many requests, or an unintelligible answer."""

    @property
    def needs_operator(self) -> bool:
        """Whether nobody gets a number until an operator acts, so that further requests only do harm."""
        return self in (GatewayReason.CREDENTIALS, GatewayReason.NO_MONEY, GatewayReason.ADDRESS_BLOCKED)


NOT_THE_PERSONS = frozenset(
    {
        GatewayReason.CREDENTIALS,
        GatewayReason.NO_MONEY,
        GatewayReason.ADDRESS_BLOCKED,
        GatewayReason.UNAVAILABLE,
    }
)
"""Reasons that lie with us or the gateway: such a failed request counts towards nobody's limits."""


class GatewayError(Exception):
    """The gateway gave no number. `code` is its own error number, if it gave one."""

    def __init__(self, reason: GatewayReason, code: int | None = None, detail: str = "") -> None:
        super().__init__(f"{reason} (code {code}) {detail}".strip())
        self.reason = reason
        self.code = code
        self.detail = detail


LONGEST_REFERENCE = 64
"""Characters."""


def is_reference(text: str) -> bool:
    """Whether it can be stored whole as the reference of a number: short enough, and printable. Empty text can."""
    return len(text) <= LONGEST_REFERENCE and text.isprintable()


@dataclass(frozen=True, slots=True)
class AssignedNumber:
    """The number to call, and all that the gateway might have assigned. `+` and digits.

    `reference` is the gateway's own id of this number, another one for each request, of at most `LONGEST_REFERENCE`
    printable characters. Only a report that names it counts as a call to the number. Empty for a gateway whose reports
    name the caller.
    """

    number: str
    alternatives: tuple[str, ...] = ()
    reference: str = ""

    def __contains__(self, number: str) -> bool:
        return number == self.number or number in self.alternatives


class EventKind(StrEnum):
    """The subject of a gateway event. Only calls concern us; the account's callback gets the others too."""

    CALL = "call"
    MESSAGE = "message"
    STATUS = "status"
    UNKNOWN = "unknown"


class EventSource(StrEnum):
    """How an event reached us."""

    CALLBACK = "callback"
    INBOX = "inbox"
    """Because we asked: in the gateway's inbox, or as the status of a number."""


@dataclass(frozen=True, slots=True)
class GatewayEvent:
    """One report of the gateway, whose signature is already checked.

    `caller` and `called` are as they arrived (digits, perhaps `+`; empty when absent). `placed_at` is the moment of the
    call if the gateway gave a unix time, else None: its written dates name no time zone. `identity` is the whole report
    in a canonical form, which recognises a repeated report; None when nothing in it (no id, no time of any kind) could
    distinguish two reports. `inbox_id` is the gateway's id of an inbox entry. `reference` is that of the number which
    was called, in gateways that give one (`AssignedNumber.reference`); such a report need not name the caller. `note`
    is the part of it that may be stored: never the phone, never the text of an unrelated message.
    """

    kind: EventKind
    source: EventSource
    caller: str = field(repr=False)
    called: str
    placed_at: datetime | None
    identity: str | None = field(repr=False)
    inbox_id: int | None = None
    reference: str = ""
    note: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Balance:
    """Spendable money on the gateway account, with a decimal point."""

    amount: str
    currency: str


@dataclass(frozen=True, slots=True)
class NewGatewayEvent:
    """An event to store: what identifies it when it comes again, and whose phone it names, masked."""

    event: GatewayEvent
    digest: str
    fingerprint: Fingerprint | None
    mask: str


FIRST_PAUSE = timedelta(seconds=30)
SILENT_PAUSE = timedelta(seconds=5)
"""A gateway that does not answer may be back at any moment; meanwhile nobody waits for it."""
BLOCKED_PAUSE = timedelta(minutes=5)
"""Requests from a blocked address make the block longer."""
FIRST_PAUSES = {GatewayReason.ADDRESS_BLOCKED: BLOCKED_PAUSE, GatewayReason.UNAVAILABLE: SILENT_PAUSE}
LONGEST_PAUSE = timedelta(minutes=15)
LONGEST_SILENT_PAUSE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class CircuitBreaker:
    """Closed while `reason` is None. While open, there is no request before `retry_at`; then one tests the gateway."""

    reason: GatewayReason | None = None
    retry_at: datetime | None = None
    trips: int = 0

    def allows(self, now: datetime) -> bool:
        """Whether the gateway may be asked now."""
        return self.retry_at is None or now >= self.retry_at

    def open(self, reason: GatewayReason, now: datetime) -> CircuitBreaker:
        """Open, or open longer: each failed try doubles the pause.

        Requests that were in flight when it opened fail for the same reason and change nothing.
        """
        if reason is self.reason and not self.allows(now):
            return self
        first = FIRST_PAUSES.get(reason, FIRST_PAUSE)
        longest = LONGEST_SILENT_PAUSE if reason is GatewayReason.UNAVAILABLE else LONGEST_PAUSE
        pause = min(first * 2 ** min(self.trips, 10), longest)
        return CircuitBreaker(reason, now + pause, self.trips + 1)

    def is_new_reason(self, reason: GatewayReason) -> bool:
        """Whether operators do not know this reason yet."""
        return self.reason is not reason
