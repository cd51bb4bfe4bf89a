"""Opening and resolving incidents; operators are notified once of each."""

from __future__ import annotations

from datetime import datetime

from bot.domain.delivery import Notification
from bot.domain.tasks import NotifyIncident
from bot.domain.trouble import VISIBLE_AFTER_END, Finding, IncidentKind
from bot.usecases.notify_operators import OperatorNotifier
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
            await self._notify_operators(store, notice, now)
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
        await self._notify_operators(store, notice, now)
        return True
