"""Telling operators of a trouble, once, and that it is over, once."""

from __future__ import annotations

from datetime import datetime

from bot.domain.delivery import Notification
from bot.domain.trouble import VISIBLE_AFTER_END, Finding, IncidentKind
from bot.usecases.notify_operators import OperatorNotifier
from storage.store import Store

NOTIFICATIONS = {IncidentKind.GATEWAY: Notification.GATEWAY_TROUBLE, IncidentKind.GATE_OFF: Notification.GATE_OFF}
"""The troubles whose first word is a notice of their own."""


class OpenIncident:
    """A trouble is there. Operators are told when that is news: not of one they know of and that is not over, however
    often it is seen, by whichever process, and across restarts."""

    def __init__(self, notify_operators: OperatorNotifier) -> None:
        self._notify_operators = notify_operators

    async def __call__(self, store: Store, finding: Finding, now: datetime) -> bool:
        """Whether it was news."""
        if not await store.incidents.sight(finding, now):
            return False
        if finding.trouble not in VISIBLE_AFTER_END:
            notification = NOTIFICATIONS.get(finding.trouble, Notification.ALARM)
            details = _details(finding.trouble, finding.subject)
            await self._notify_operators(store, {**details, **finding.details, "notice": notification}, now)
        return True


class ResolveIncident:
    """A trouble is over: operators are told once, with how long it lasted."""

    def __init__(self, notify_operators: OperatorNotifier) -> None:
        self._notify_operators = notify_operators

    async def __call__(self, store: Store, name: str, seen_before: datetime, now: datetime) -> bool:
        """Unless it was seen since `seen_before`; whether there was anything to clear."""
        incident = await store.incidents.clear(name, seen_before, now)
        if incident is None:
            return False
        lasted = int((incident.seen_at - incident.since).total_seconds())
        details = _details(incident.trouble, incident.subject)
        await self._notify_operators(
            store, {**details, **incident.details, "notice": Notification.ALL_CLEAR, "seconds_lasted": lasted}, now
        )
        return True


def _details(trouble: IncidentKind, subject: str) -> dict[str, str | int]:
    return {"trouble": trouble, "subject": subject}
