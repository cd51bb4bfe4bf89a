"""The condition of the installation and the balance of the gateway account, as operators see them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from ipaddress import ip_address

from bot.domain.gate_health import GateState
from bot.domain.gateway import CircuitBreaker, GatewayReason
from bot.domain.incidents import VISIBLE_AFTER_END, Finding, Incident, Measurements, Queue, noticed
from bot.domain.webhooks import Destination, DestinationStatus, RetryStats


@dataclass(frozen=True, slots=True)
class Process:
    """The process that took these measurements. `is_alone`: it is the database's only one. `leads_since` is None when
    it does not lead. `backed_up_at`: the time of the newest back-up, if there is one."""

    version: str
    host: str
    pid: int
    since: datetime
    leads_since: datetime | None
    is_alone: bool
    backed_up_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class GatewayNames:
    """What operators know the gateway by: its name, and the names of its environment variables."""

    name: str
    credentials: str
    price: str
    poll_seconds: str


@dataclass(frozen=True, slots=True)
class Capabilities:
    """How this installation is configured: which gateway it has, whether Telegram posts updates, whether the gateway
    has an address to report calls to, whether the bot also asks it for calls and makes back-ups, and which of the
    owner's systems get events."""

    gateway: GatewayNames
    has_webhook: bool
    has_callback: bool
    polls_inbox: bool
    backs_up: bool = False
    targets: Sequence[Destination] = ()


@dataclass(frozen=True, slots=True)
class StoredHealth:
    """What the database says about the whole installation, whichever process reads it. `size` is in bytes."""

    size: int
    incidents: Sequence[Incident]
    queues: Sequence[Queue]
    notifications: RetryStats | None
    """Messages to operators and admins that did not go out at once."""
    outgoing: Sequence[DestinationStatus]
    breaker: CircuitBreaker
    called_back_at: datetime | None
    inbox_read_at: datetime | None
    gates: Mapping[GateState, int] = field(default_factory=dict)
    """How many gates are in each condition."""


@dataclass(frozen=True, slots=True)
class HealthReport:
    """Everything at one moment. `kept` is None when the database gave no answer; `budget_left` is the unspent share of
    the rate limit for Telegram."""

    at: datetime
    process: Process
    ways: Capabilities
    readings: Measurements
    budget_left: float
    kept: StoredHealth | None

    @property
    def unnoted(self) -> list[Finding]:
        """Problems in the measurements without an incident yet, except those that keep the bot from reporting them."""
        known = {incident.name for incident in self.kept.incidents} if self.kept is not None else set()
        found = (finding for finding in noticed(self.readings, self.at) if finding.trouble not in VISIBLE_AFTER_END)
        return [finding for finding in found if finding.name not in known]


@dataclass(frozen=True, slots=True)
class Spending:
    """The cost of numbers: today, and in the last week including today; whole days in UTC."""

    today: Decimal
    week: Decimal
    days: int = 7

    @property
    def a_day(self) -> Decimal:
        """The average of a day."""
        return self.week / self.days


@dataclass(frozen=True, slots=True)
class BalanceReading:
    """What the gateway last said of its account: the money, or why it said nothing. `money` is then the older amount,
    from `told_at`. `left_alone_until`: the bot does not ask it sooner."""

    asked_at: datetime | None = None
    money: Decimal | None = None
    currency: str = ""
    told_at: datetime | None = None
    reason: GatewayReason | None = None
    code: int | None = None
    left_alone_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class BalanceReport:
    """The gateway account as operators see it. Below `low` they get an incident. Without `has_price` the spending is
    unknown; with it, `spending` is None when the database gave no answer."""

    at: datetime
    gateway: GatewayNames
    statement: BalanceReading
    low: Decimal
    has_price: bool
    spending: Spending | None

    @property
    def days(self) -> int | None:
        """For how many days the money lasts at the cost of the last week."""
        money = self.statement.money
        if money is None or self.spending is None or not self.spending.week:
            return None
        return int(max(money, Decimal(0)) / self.spending.a_day)


LONGEST_HOST = 253
_LABEL = r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)"
_NAME = re.compile(rf"{_LABEL}(\.{_LABEL})*\.?", re.ASCII)
_NUMBER = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*", re.ASCII)


def is_host(host: str) -> bool:
    """Whether it is an IP address, or a DNS name (RFC 1123, with the _ of containers).

    A name whose last part is a number would be read as an IPv4 address
    (https://url.spec.whatwg.org/#ends-in-a-number-checker).
    """
    try:
        ip_address(host)
    except ValueError:
        ends_in_number = _NUMBER.fullmatch(host.rstrip(".").rpartition(".")[2])
        return len(host) <= LONGEST_HOST and not ends_in_number and _NAME.fullmatch(host) is not None
    return True
