"""Counters for Prometheus. The number of labels is bounded, and none names a person."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, generate_latest

from bot import VERSION
from bot.domain.eligibility import DecisionReason
from bot.domain.gate_health import GateState
from bot.domain.gates import GrantKind, Ineligibility
from bot.domain.gateway import EventSource, GatewayReason
from bot.domain.incidents import Incident, IncidentKind, Queue
from bot.domain.journal import Event, NewEntry
from bot.domain.phone import ContactRefusal
from bot.domain.statistics import EntryReason
from bot.domain.webhooks import Destination, DestinationStatus

CODES = frozenset(
    code.value
    for codes in (ContactRefusal, GatewayReason, EventSource, Ineligibility, GrantKind, EntryReason, DecisionReason)
    for code in codes
)
"""The journal's codes with a label of their own; all others may be anything, such as messages of Telegram."""
CALL_SECONDS = (5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600, 900, 1800)
TRANSACTION_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics:
    """The installation's counters, in their own registry."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        Info("callgate_build", "The version that runs", registry=registry).info({"version": VERSION})
        self._steps = Counter(
            "callgate_steps", "What happened, by event of the journal", ["event", "code"], registry=registry
        )
        self._number_to_call = Histogram(
            "callgate_number_to_call_seconds",
            "From asking for the number to the report of the call",
            buckets=CALL_SECONDS,
            registry=registry,
        )
        self._updates = Counter("callgate_updates", "Telegram updates by outcome", ["outcome"], registry=registry)
        self._calls = Counter(
            "callgate_bot_api_calls", "Bot API calls by method and outcome", ["method", "outcome"], registry=registry
        )
        self._call_seconds = Histogram(
            "callgate_bot_api_seconds", "How long Bot API calls take", ["method"], registry=registry
        )
        self._budget = Gauge("callgate_budget_left_ratio", "Unspent share of the budget for calls", registry=registry)
        self._gateway = Counter(
            "callgate_gateway_requests", "Requests for a call number by outcome", ["outcome"], registry=registry
        )
        self._callbacks = Counter(
            "callgate_gateway_callbacks", "Gateway callbacks by outcome", ["outcome"], registry=registry
        )
        self._called_back_at = Gauge(
            "callgate_gateway_callback_timestamp_seconds",
            "When a call was last reported by callback",
            registry=registry,
        )
        self._money = Gauge(
            "callgate_gateway_balance", "Money on the gateway account when it was last asked", registry=registry
        )
        self._transactions = Histogram(
            "callgate_transaction_seconds",
            "How long transactions take, waiting included",
            ["outcome"],
            buckets=TRANSACTION_SECONDS,
            registry=registry,
        )
        self._lengths = Gauge("callgate_queue_length", "What waits to be done", ["queue"], registry=registry)
        self._ages = Gauge(
            "callgate_queue_age_seconds", "How long the oldest of it has waited", ["queue"], registry=registry
        )
        self._letters = Counter(
            "callgate_outbox_deliveries", "Letters to the owner's systems", ["target", "outcome"], registry=registry
        )
        self._incidents = Gauge("callgate_alarms", "Troubles that are not over", ["trouble"], registry=registry)
        self._gates = Gauge("callgate_gates", "Gates by how they are doing", ["state"], registry=registry)
        self._streams = Gauge("callgate_open_streams", "Call screens that are open now", registry=registry)
        for trouble in IncidentKind:
            self._incidents.labels(trouble)
        self.show_gates({})
        for outcome in ("kept", "lost"):
            self._transactions.labels(outcome)

    def watch_streams(self, count: Callable[[], int]) -> None:
        """Call `count` for the number of open call screens, at each scrape."""
        self._streams.set_function(count)

    def watch_budget(self, left: Callable[[], float]) -> None:
        """Call `left` for the unspent share of the rate limit, at each scrape."""
        self._budget.set_function(left)

    def watch_money(self, money: Callable[[], float | None]) -> None:
        """Call `money` for the balance, at each scrape."""

        def known() -> float:
            left = money()
            return float("nan") if left is None else left

        self._money.set_function(known)

    def noted(self, entries: Sequence[NewEntry]) -> None:
        """Count these stored journal entries."""
        for entry in entries:
            self._steps.labels(entry.event, code_class(entry.code)).inc()
            if entry.event is Event.CONFIRMED and entry.took is not None:
                self._number_to_call.observe(entry.took)

    def transacted(self, seconds: float, is_kept: bool) -> None:  # noqa: FBT001 - the shape of storage's listeners
        """Record a transaction's duration, and whether it was stored."""
        self._transactions.labels("kept" if is_kept else "lost").observe(seconds)

    def taken(self, outcome: str, count: int = 1) -> None:
        """Count arrived updates."""
        self._updates.labels(outcome).inc(count)

    def called_back(self, outcome: str) -> None:
        """Count a callback of the gateway."""
        self._callbacks.labels(outcome).inc()

    def asked_gateway(self, outcome: str) -> None:
        """Count a request for a number."""
        self._gateway.labels(outcome).inc()

    def delivered(self, target: str, outcome: str) -> None:
        """Count a delivered or failed message of the outbox."""
        self._letters.labels(target, outcome).inc()

    def show(
        self,
        queues: Iterable[Queue],
        outgoing: Iterable[DestinationStatus],
        incidents: Iterable[Incident],
        called_back_at: datetime | None,
        now: datetime,
    ) -> None:
        """Set the gauges to a reading of the database."""
        waiting: Mapping[str, DestinationStatus] = {f"outbox_{outgo.target}": outgo for outgo in outgoing}
        for queue in (*queues, *(_queue(f"outbox_{target}", waiting) for target in Destination)):
            self._lengths.labels(queue.name).set(queue.length)
            self._ages.labels(queue.name).set(queue.age(now).total_seconds())
        there = [incident.trouble for incident in incidents]
        for trouble in IncidentKind:
            self._incidents.labels(trouble).set(there.count(trouble))
        if called_back_at is not None:
            self._called_back_at.set(called_back_at.timestamp())

    def show_gates(self, states: Mapping[GateState, int]) -> None:
        """Set how many gates are in each state."""
        for state in GateState:
            self._gates.labels(state.name.lower()).set(states.get(state, 0))

    @contextmanager
    def bot_api_call(self, method: str) -> Iterator[None]:
        """Count a Bot API call."""
        with self._call_seconds.labels(method).time():
            try:
                yield
            except Exception as error:
                self._calls.labels(method, type(error).__name__).inc()
                raise
            self._calls.labels(method, "ok").inc()

    def text(self) -> bytes:
        """All metrics in Prometheus' text format."""
        return generate_latest(self.registry)


def code_class(code: str) -> str:
    """The code of a journal entry as a label: empty, one of CODES, or `other`."""
    name = code.partition(":")[0]
    return name if not name or name in CODES else "other"


def _queue(name: str, outgoing: Mapping[str, DestinationStatus]) -> Queue:
    outgo = outgoing.get(name)
    return Queue(name, outgo.queued if outgo else 0, outgo.oldest if outgo else None)
