"""How the installation is doing, and what is on the gateway account, as operators ask for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from bot.domain.breaker import CircuitBreaker
from bot.domain.gateway import GatewayReason
from bot.domain.health import GateState
from bot.domain.outbox import Destination, DestinationStatus, RetryStats
from bot.domain.trouble import VISIBLE_AFTER_END, Finding, Incident, Measurements, Queue, noticed


@dataclass(frozen=True, slots=True)
class Process:
    """The process whose readings these are. `is_alone`: its database serves no other one. `leads_since` is None when
    it does not lead any more. `backed_up_at`: when the newest back-up was made, if there is one."""

    version: str
    host: str
    pid: int
    since: datetime
    leads_since: datetime | None
    is_alone: bool
    backed_up_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Capabilities:
    """How this installation is reached, as it is configured: whether Telegram brings updates, whether the gateway has
    an address to report calls to, whether its inbox is read, whether the bot makes back-ups, and which own systems are
    told."""

    has_webhook: bool
    has_callback: bool
    polls_inbox: bool
    backs_up: bool = False
    targets: Sequence[Destination] = ()


@dataclass(frozen=True, slots=True)
class StoredHealth:
    """What the database tells; of the whole installation, whichever process reads it. `size` is in bytes."""

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
    """How many gates are doing how."""


@dataclass(frozen=True, slots=True)
class HealthReport:
    """All of it, at one moment. `kept` is None when the database gave no answer; `budget_left` is the unspent share of
    what may be asked of Telegram."""

    at: datetime
    process: Process
    ways: Capabilities
    readings: Measurements
    budget_left: float
    kept: StoredHealth | None

    @property
    def unnoted(self) -> list[Finding]:
        """Troubles that the readings show and of which there is no alarm yet; but for those that are over once this
        can be told."""
        known = {incident.name for incident in self.kept.incidents} if self.kept is not None else set()
        found = (finding for finding in noticed(self.readings, self.at) if finding.trouble not in VISIBLE_AFTER_END)
        return [finding for finding in found if finding.name not in known]


@dataclass(frozen=True, slots=True)
class Spending:
    """What the numbers given cost: today, and in the last week with today; whole days in UTC."""

    today: Decimal
    week: Decimal
    days: int = 7

    @property
    def a_day(self) -> Decimal:
        """On average."""
        return self.week / self.days


@dataclass(frozen=True, slots=True)
class BalanceReading:
    """What the gateway told of its account when it was last asked: the money, or why it told nothing. `money` is then
    what it told before, at `told_at`. `left_alone_until`: it is not asked sooner."""

    asked_at: datetime | None = None
    money: Decimal | None = None
    currency: str = ""
    told_at: datetime | None = None
    reason: GatewayReason | None = None
    code: int | None = None
    left_alone_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class BalanceReport:
    """The gateway account, as operators are told of it. `low` is the amount below which they are alarmed. Without
    `has_price` nobody can tell what is spent; with it, `spending` is None when the database gave no answer."""

    at: datetime
    statement: BalanceReading
    low: Decimal
    has_price: bool
    spending: Spending | None

    @property
    def days(self) -> int | None:
        """For how many days the money lasts, by what the last week cost."""
        money = self.statement.money
        if money is None or self.spending is None or not self.spending.week:
            return None
        return int(max(money, Decimal(0)) / self.spending.a_day)
