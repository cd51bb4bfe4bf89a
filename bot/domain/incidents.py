"""Incidents: which problems operators hear about, and how the bot detects them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from statistics import median

from bot.domain.error_text import shortened

CALM = timedelta(minutes=5)
"""How long a problem has to be gone before it is resolved, so that one that comes and goes is reported once."""
ERRORS_WITHIN = timedelta(minutes=15)
ERRORS_FROM = 5
"""Requests to the gateway from which on a share of failures means something."""
FLOODS_WITHIN = timedelta(minutes=5)
MANY_FLOODS = 10
SILENCE = timedelta(minutes=1)
"""How long Telegram has to be silent for an incident."""
STORAGE_WITHIN = timedelta(minutes=5)
SLOW = 1.0
"""Seconds that the median of transactions may take."""
SLOW_FROM = 5
"""Transactions from which on a median means something."""
MANY_UNKEPT = 3
QUEUE_PATIENCE = timedelta(minutes=2)
RIGHTS_PATIENCE = timedelta(minutes=10)
"""How long somebody who sets up a gate has to give all rights before operators hear of a missing one."""
OFF_FOR = timedelta(days=3)
"""How long a gate that went off is an incident; if nobody fixes it in that time, it was abandoned on purpose."""
OUTBOX_PATIENCE = timedelta(hours=1)
WEBHOOK_FRESH = timedelta(minutes=5)
DISK_FREE = 2**30
DISK_SHARE = 0.05
FEW_DAYS = 3
"""Days for which the money should last."""
UNREPORTED_FROM = 2
"""Calls found in the inbox alone, from which on the callback's address is suspected."""


CLOCK_DIFFERS = 30.0
"""Seconds. A call with a time counts from a minute before the request for its number
(`bot.domain.verification.CLOCK_TOLERANCE`), so half of that still does no harm."""
UNMATCHED_FROM, STRANGE_FROM, IN_VAIN_FROM = 2, 5, 3
"""From how many on it means something: people who wait and whose calls match nothing; other calls that match nothing,
and people who waited without success meanwhile."""


class IncidentKind(StrEnum):
    """Kinds of problems. Names are stored: never reuse one."""

    GATEWAY = "gateway"
    """It gives no numbers: the circuit breaker is open."""
    GATEWAY_ERRORS = "gateway_errors"
    MONEY_SHORT = "money_short"
    CALLBACK_SILENT = "callback_silent"
    """The gateway's inbox contains calls, and no callback reports any."""
    FLOODS = "floods"
    """Telegram says "too many requests" again and again."""
    TELEGRAM_SILENT = "telegram_silent"
    TELEGRAM_REFUSES = "telegram_refuses"
    """It answers, but refuses to say who the bot is or to deliver updates."""
    SECOND_PROGRAM = "second_program"
    """Another program uses the bot's token; the subject, a `TokenUse`, says what it did."""
    WEBHOOK = "webhook"
    PART_REFUSED = "part_refused"
    """Telegram rejects a button or a tag, so messages go out without it; the subject says which."""
    GATE_OFF = "gate_off"
    GATE_LACKS = "gate_lacks"
    """The bot lacks a right that the gate's settings need."""
    STORAGE_SLOW = "storage_slow"
    STORAGE_FAILING = "storage_failing"
    QUEUE_STUCK = "queue_stuck"
    DISK_SHORT = "disk_short"
    CLOCK = "clock"
    """Our clock differs from that of Telegram or of the gateway."""
    CALLS_UNMATCHED = "calls_unmatched"
    """Reported calls match nobody who waits."""
    OUTBOX_FAILING = "outbox_failing"
    OUTBOX_GONE = "outbox_gone"
    """The receiver said that it wants nothing more."""


class TokenUse(StrEnum):
    """What another program did with the bot's token. Names are stored: never reuse one."""

    WEBHOOK_SET = "webhook_set"
    """It set a webhook although this bot polls."""
    WEBHOOK_REMOVED = "webhook_removed"
    WEBHOOK_REPLACED = "webhook_replaced"
    WEBHOOK_UPDATES = "webhook_updates"
    """It requested other kinds of updates, or fewer connections."""
    WEBHOOK_ADDRESS = "webhook_address"
    """It redirected the updates for our address to another machine."""
    WEBHOOK_SECRET = "webhook_secret"  # noqa: S105 - no secret, the name of what was done
    POLLING = "polling"
    COMMANDS = "commands"


EPHEMERAL = "ephemeral"
"""The subject of PART_REFUSED when the Bot API server does not know messages that one person alone sees."""
VISIBLE_AFTER_END = frozenset({IncidentKind.TELEGRAM_SILENT, IncidentKind.TELEGRAM_REFUSES})
"""Problems that keep the bot from reporting them; their resolution says how long they lasted."""
REPORTED = frozenset({IncidentKind.GATE_OFF, IncidentKind.OUTBOX_GONE})
"""Problems that the part of the bot that notices them reports once; the monitor checks whether they last."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A present problem. `subject` distinguishes several of a kind (a gate's id); when `variant` changes, operators get
    a new message. `details` are what its message says."""

    trouble: IncidentKind
    subject: str = ""
    variant: str = ""
    details: Mapping[str, str | int] = field(default_factory=dict)
    since: datetime | None = None

    @property
    def name(self) -> str:
        """The key of its incident."""
        return f"{self.trouble}:{self.subject}" if self.subject else self.trouble


@dataclass(frozen=True, slots=True)
class Incident:
    """An open incident, of which operators were notified."""

    trouble: IncidentKind
    subject: str
    since: datetime
    seen_at: datetime
    details: Mapping[str, str | int]

    @property
    def name(self) -> str:
        """Its key."""
        return f"{self.trouble}:{self.subject}" if self.subject else self.trouble


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue: its length, and since when its oldest item has been due."""

    name: str
    length: int
    oldest: datetime | None

    def age(self, now: datetime) -> timedelta:
        """How long the oldest has waited; zero while none is due."""
        return max(now - self.oldest, timedelta()) if self.oldest is not None else timedelta()


@dataclass(frozen=True, slots=True)
class DiskSpace:
    """Room where the database file lies, in bytes."""

    free: int
    total: int


@dataclass(frozen=True, slots=True)
class Measurements:
    """Measurements of this process, and answers from outside. `money` is None when unknown.

    `unknown`: problems about which these say nothing, since a service gave no answer; they may exist or not.
    """

    transactions: tuple[float, ...] = ()
    """How many seconds each took lately."""
    unkept: int = 0
    """Transactions lately that storage did not store."""
    floods: int = 0
    silent_since: datetime | None = None
    """Since when Telegram gives no answer."""
    answered_at: datetime | None = None
    """When it last gave one."""
    refused_parts: tuple[str, ...] = ()
    """Parts that messages go out without, since Telegram rejects them."""
    asked: int = 0
    failed: int = 0
    """Requests to the gateway lately, and those of them that failed for reasons that lie not with the person."""
    asked_at: datetime | None = None
    outcome: str = ""
    """When the bot last asked the gateway for a number, and the result: `given`, or the reason."""
    money: float | None = None
    currency: str = ""
    low_money: float = 0.0
    """The amount below which the money is short; 0: never."""
    spent: float | None = None
    """The cost of a day, by the last week; None when prices are unknown."""
    disk: DiskSpace | None = None
    clock_ahead: Mapping[str, float] = field(default_factory=dict)
    """By how many seconds our clock is ahead of `telegram`'s and the `gateway`'s; negative when it is behind."""
    webhook_error_at: datetime | None = None
    webhook_error: str = ""
    undelivered: int = 0
    """Updates that Telegram holds back from the webhook; 0 while it delivers some."""
    unknown: frozenset[IncidentKind] = frozenset()


def noticed(readings: Measurements, now: datetime) -> list[Finding]:
    """The problems that these measurements show."""
    found = [
        _gateway_errors(readings),
        _money(readings),
        Finding(IncidentKind.FLOODS, details={"count": readings.floods}) if readings.floods >= MANY_FLOODS else None,
        _silence(readings, now),
        _webhook(readings, now),
        _slow(readings),
        Finding(IncidentKind.STORAGE_FAILING, details={"count": readings.unkept})
        if readings.unkept >= MANY_UNKEPT
        else None,
        _disk(readings),
        _clock(readings),
        *(Finding(IncidentKind.PART_REFUSED, part[:100]) for part in readings.refused_parts),
    ]
    return [finding for finding in found if finding is not None]


def stuck(queues: Iterable[Queue], now: datetime) -> list[Finding]:
    """Queues whose oldest item has waited too long."""
    return [
        Finding(
            IncidentKind.QUEUE_STUCK, queue.name, details={"length": queue.length, "seconds": int(age.total_seconds())}
        )
        for queue in queues
        if (age := queue.age(now)) > QUEUE_PATIENCE
    ]


def days_left(readings: Measurements) -> int | None:
    """For how many days the money lasts at the cost of the last week."""
    if readings.money is None or not readings.spent:
        return None
    return int(max(readings.money, 0.0) / readings.spent)


def _gateway_errors(readings: Measurements) -> Finding | None:
    if readings.asked < ERRORS_FROM or readings.failed * 2 <= readings.asked:
        return None
    return Finding(IncidentKind.GATEWAY_ERRORS, details={"failed": readings.failed, "asked": readings.asked})


def _money(readings: Measurements) -> Finding | None:
    days = days_left(readings)
    if readings.money is None or (readings.money >= readings.low_money and (days is None or days >= FEW_DAYS)):
        return None
    details: dict[str, str | int] = {"amount": f"{readings.money:.2f}", "currency": readings.currency}
    return Finding(IncidentKind.MONEY_SHORT, details=details if days is None else details | {"days": days})


def _silence(readings: Measurements, now: datetime) -> Finding | None:
    since = readings.silent_since
    if since is None or now - since < SILENCE:
        return None
    return Finding(IncidentKind.TELEGRAM_SILENT, since=since)


def _webhook(readings: Measurements, now: datetime) -> Finding | None:
    at = readings.webhook_error_at
    if at is not None and now - at <= WEBHOOK_FRESH:
        return Finding(IncidentKind.WEBHOOK, details={"error": shortened(readings.webhook_error)})
    if readings.undelivered:
        return Finding(IncidentKind.WEBHOOK, details={"undelivered": readings.undelivered})
    return None


def _slow(readings: Measurements) -> Finding | None:
    if len(readings.transactions) < SLOW_FROM or (middle := median(readings.transactions)) <= SLOW:
        return None
    return Finding(IncidentKind.STORAGE_SLOW, details={"seconds": f"{middle:.1f}"})


def _disk(readings: Measurements) -> Finding | None:
    disk = readings.disk
    if disk is None or (disk.free >= DISK_FREE and disk.free >= disk.total * DISK_SHARE):
        return None
    return Finding(
        IncidentKind.DISK_SHORT, details={"free": disk.free // 2**20, "percent": 100 * disk.free // disk.total}
    )


def _clock(readings: Measurements) -> Finding | None:
    """If Telegram's clock agrees with ours, the gateway's is wrong."""
    for source in ("telegram", "gateway"):
        ahead = readings.clock_ahead.get(source, 0.0)
        if abs(ahead) > CLOCK_DIFFERS:
            return Finding(IncidentKind.CLOCK, source, details={"ahead": round(ahead)})
    return None


@dataclass(frozen=True, slots=True)
class Unmatched:
    """Outcomes of the calls reported lately: how many people wait whose call matched nothing (`awaited`), how many
    other calls matched nothing (`strange`), how many confirmed, and how many people's time ran out (`in_vain`)."""

    awaited: int
    strange: int
    confirmed: int
    in_vain: int

    def finding(self) -> Finding | None:
        """The problem, if this shows one. On a shared account, calls that concern somebody else come in all the time,
        so alone they show none."""
        is_awaited = self.awaited >= UNMATCHED_FROM and self.awaited > self.confirmed
        is_strange = self.strange >= STRANGE_FROM and self.in_vain >= IN_VAIN_FROM and not self.confirmed
        if not is_awaited and not is_strange:
            return None
        return Finding(IncidentKind.CALLS_UNMATCHED, details={"count": self.awaited if is_awaited else self.strange})


@dataclass(frozen=True, slots=True)
class UnreadableRow:
    """A row that this version cannot decode or use: where it is, and which error it raised."""

    table: str
    key: tuple[int | str, ...]
    """Its primary key; of a screen the revision too."""
    error: str
    cause: Exception | None = field(default=None, compare=False, repr=False)
