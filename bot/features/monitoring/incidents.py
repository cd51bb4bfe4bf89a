"""Detecting problems before people complain: opens an incident for each, and resolves it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from decimal import Decimal

from bot.domain.gate_health import RIGHTS, issues
from bot.domain.incidents import (
    CALM,
    OFF_FOR,
    OUTBOX_PATIENCE,
    RIGHTS_PATIENCE,
    UNREPORTED_FROM,
    VISIBLE_AFTER_END,
    Finding,
    Incident,
    IncidentKind,
    Measurements,
    noticed,
    stuck,
)
from bot.domain.monitoring import Spending
from bot.domain.notifications import Notification, NotifyIncident
from bot.domain.statistics import Period
from bot.domain.webhooks import Destination
from bot.features.operators.registry import OperatorNotifier
from bot.features.statistics.actions import read_statistics
from storage.store import Store

NOTIFICATIONS = {IncidentKind.GATEWAY: Notification.GATEWAY_TROUBLE, IncidentKind.GATE_OFF: Notification.GATE_OFF}
"""Incidents that open with a notification of their own."""


class OpenIncident:
    """Opens an incident. Operators are notified only if it is new: not of an open incident, however often, by whichever
    process and across restarts it is seen."""

    def __init__(self, notify_operators: OperatorNotifier) -> None:
        self._notify_operators = notify_operators

    async def __call__(self, store: Store, finding: Finding, now: datetime) -> bool:
        """Return whether it was new."""
        if not await store.incidents.sight(finding, now):
            return False
        if finding.trouble not in VISIBLE_AFTER_END:
            notification = NOTIFICATIONS.get(finding.trouble, Notification.ALARM)
            notice = NotifyIncident(notification, finding.trouble, finding.subject, facts=finding.details)
            await self._notify_operators(store, notice)
        return True


class ResolveIncident:
    """Resolves an incident: operators are notified once, with its duration."""

    def __init__(self, notify_operators: OperatorNotifier) -> None:
        self._notify_operators = notify_operators

    async def __call__(self, store: Store, name: str, seen_before: datetime, now: datetime) -> bool:
        """Resolve it unless it was seen since `seen_before`; return whether there was one to resolve."""
        incident = await store.incidents.clear(name, seen_before, now)
        if incident is None:
            return False
        lasted = int((incident.seen_at - incident.since).total_seconds())
        notice = NotifyIncident(
            Notification.ALL_CLEAR, incident.trouble, incident.subject, lasted, facts=incident.details
        )
        await self._notify_operators(store, notice)
        return True


UNREPORTED_WITHIN = timedelta(hours=6)
UNMATCHED_WITHIN = timedelta(hours=1)
REPORT_TAKES = timedelta(minutes=2)
"""How much later than the inbox a callback may report the same call."""
REPORT_BEFORE = timedelta(minutes=15)
"""A callback this shortly before the first such call still shows that the address is right."""
STUCK_FOR = timedelta(seconds=20)
"""Less than the time between two checks."""
WEEK = 7
"""Days."""
WATCHED_QUEUES = ("numbers", "grants", "screens")
"""Queues in which somebody waits for the bot; others may wait."""


class ReadSpending:
    """Reads the cost of the numbers of today and of the last week; None if their price is unknown."""

    def __init__(self, price: Decimal | None) -> None:
        self._price = price

    async def __call__(self, store: Store) -> Spending | None:
        if self._price is None:
            return None
        now = store.now
        today, week = [await read_statistics(store, Period.of_days(days, now)) for days in (1, WEEK)]
        return Spending(today.numbers * self._price, week.numbers * self._price, WEEK)


class CheckInstallation:
    """Opens an incident for each new problem, every half a minute, and resolves it once the problem has been gone for a
    while. An incident that ended without a fix, for example at an abandoned gate, closes without a message; what cannot
    be checked now stays as it is.

    `expects_callback`: the gateway has an address for reports. `targets`: the owner's own systems that get events.
    """

    def __init__(
        self, notify_operators: OperatorNotifier, *, expects_callback: bool, targets: Collection[Destination]
    ) -> None:
        self._raise = OpenIncident(notify_operators)
        self._clear = ResolveIncident(notify_operators)
        self._expects_callback = expects_callback
        self._targets = targets
        self._stuck_since: dict[str, datetime] = {}

    async def __call__(self, store: Store, readings: Measurements) -> None:
        now = store.now
        active = await store.incidents.active()
        findings = [
            *noticed(readings, now),
            *await self._gateway(store),
            *await self._gates(store, active),
            *await self._queues(store),
            *await self._outbox(store, active),
        ]
        for finding in findings:
            await self._raise(store, finding, now)
        there = {finding.name for finding in findings}
        for incident in active:
            if incident.name in there or incident.trouble in readings.unknown:
                continue
            if await self._is_fixed(store, incident):
                await self._clear(store, incident.name, now - CALM, now)
            else:
                await store.incidents.clear(incident.name, now - CALM, now)

    @staticmethod
    async def _is_fixed(store: Store, incident: Incident) -> bool:
        """Return whether the problem is fixed, rather than irrelevant."""
        match incident.trouble:
            case IncidentKind.GATE_OFF:
                gate = await store.gates.get(int(incident.subject))
                return gate is not None and gate.is_on
            case IncidentKind.GATE_LACKS:
                gate = await store.gates.get(int(incident.subject))
                return gate is not None and gate.works
            case IncidentKind.OUTBOX_FAILING:
                taken = {outgoing.target: outgoing.delivered_at for outgoing in await store.outbox.outgoing()}
                taken_at = taken.get(Destination(incident.subject))
                return taken_at is not None and taken_at >= incident.seen_at
            case IncidentKind.OUTBOX_GONE:
                # The webhook worker resolves it once something is accepted.
                return False
            case _:
                return True

    async def _queues(self, store: Store) -> list[Finding]:
        """Return queues that are stuck now and were at the last check: after a jump of the clock, or a pause of the
        machine, everything looks old."""
        now = store.now
        found = stuck([queue for queue in await store.monitoring.queues() if queue.name in WATCHED_QUEUES], now)
        self._stuck_since = {finding.name: self._stuck_since.get(finding.name, now) for finding in found}
        return [finding for finding in found if now - self._stuck_since[finding.name] >= STUCK_FOR]

    async def _gateway(self, store: Store) -> list[Finding]:
        now = store.now
        found = []
        breaker = await store.gateway.breaker()
        if breaker.reason is not None:
            details: dict[str, str | int] = {"reason": breaker.reason, "code": 0}
            found.append(Finding(IncidentKind.GATEWAY, variant=breaker.reason, details=details))
        if self._expects_callback:
            count, first = await store.monitoring.unreported(now - UNREPORTED_WITHIN, now - REPORT_TAKES)
            reported = await store.monitoring.called_back_at()
            if count >= UNREPORTED_FROM and first is not None:
                is_reported = reported is not None and reported >= first - REPORT_BEFORE
                found += [] if is_reported else [Finding(IncidentKind.CALLBACK_SILENT, details={"count": count})]
        unmatched = (await store.monitoring.unmatched(now - UNMATCHED_WITHIN, now)).finding()
        return found if unmatched is None else [*found, unmatched]

    async def _gates(self, store: Store, active: list[Incident]) -> list[Finding]:
        off = [
            int(incident.subject)
            for incident in active
            if incident.trouble is IncidentKind.GATE_OFF and store.now - incident.since < OFF_FOR
        ]
        gates = await store.gates.get_many(off) if off else {}
        found = [Finding(IncidentKind.GATE_OFF, str(gate.chat_id)) for gate in gates.values() if not gate.is_on]
        for gate, health in await store.monitoring.rights():
            missing = [issue for issue in issues(gate, health, joined_unverified=0) if issue in RIGHTS]
            if missing and store.now - (health.lacks_since or health.checked_at) >= RIGHTS_PATIENCE:
                details: dict[str, str | int] = {"title": gate.title, "missing": " ".join(missing)}
                found.append(Finding(IncidentKind.GATE_LACKS, str(gate.chat_id), details=details))
        return found

    async def _outbox(self, store: Store, active: list[Incident]) -> list[Finding]:
        gone = {Destination(incident.subject) for incident in active if incident.trouble is IncidentKind.OUTBOX_GONE}
        if gone:
            gone &= {outgoing.target for outgoing in await store.outbox.outgoing() if outgoing.queued}
        found = [Finding(IncidentKind.OUTBOX_GONE, target) for target in gone if target in self._targets]
        for target, since in (await store.outbox.failing_since()).items():
            if target in self._targets and target not in gone and store.now - since > OUTBOX_PATIENCE:
                found.append(Finding(IncidentKind.OUTBOX_FAILING, target, since=since))
        return found
