"""How far people who wait at a gate have got."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from bot.domain.admission import VerifiedPhone
from bot.domain.gate import APPEAL_EVERY, JoinRequest
from bot.domain.people_pages import PendingApplicant, Stage
from bot.domain.screen import ScreenName
from bot.domain.verification import Verification, VerificationState
from storage.store import Store

ENDS = {
    VerificationState.EXPIRED: Stage.EXPIRED,
    VerificationState.CANCELLED: Stage.CANCELLED,
    VerificationState.REFUSED: Stage.GATEWAY_REFUSED,
}
Found = tuple[Stage, str, datetime | None]


async def applicants(store: Store, requests: Sequence[JoinRequest], now: datetime) -> list[PendingApplicant]:
    """Return each with the stage they have reached, in this order."""
    if not requests:
        return []
    user_ids = [request.user_id for request in requests]
    phones = await store.phones.of_many(user_ids)
    attempts = await store.verifications.latest_of_many(user_ids)
    people = await store.people.get_many(user_ids)
    appeals = await store.appeals.of_many(user_ids, now - APPEAL_EVERY)
    found = []
    for request in requests:
        user_id = request.user_id
        phone, person = phones.get(user_id), people.get(user_id)
        stage = _verified(request, phone)
        if stage is None:
            stage = await how_far(store, user_id, attempts.get(user_id), request.requested_at)
        if stage is None:
            wrote = person is not None and person.can_be_written
            stage = (Stage.WROTE if wrote else Stage.ASKED, "", None)
        has_appealed = appeals.get(user_id, {}).get(request.gate_id, False)
        mask = phone.mask if phone is not None else ""
        found.append(PendingApplicant(user_id, request.name, request.requested_at, *stage, has_appealed, mask))
    return found


def _verified(request: JoinRequest, phone: VerifiedPhone | None) -> Found | None:
    if phone is None or request.ineligibility is None:
        return None
    return Stage.HINDERED, request.ineligibility, None


async def how_far(
    store: Store, user_id: int, attempt: Verification | None, since: datetime | None = None
) -> Found | None:
    """Return the stage that somebody's screen shows, or that of their newest attempt unless it began before `since`;
    None if they have not begun."""
    if attempt is not None and attempt.is_open:
        if attempt.number is None:
            return Stage.SHARED, "", None
        return Stage.NUMBER_SHOWN, "", attempt.number.window_ends_at
    face, details = await store.screens.wanted(user_id) or (None, {})
    if face is ScreenName.CONTACT_REFUSED:
        return Stage.CONTACT_REFUSED, str(details.get("reason", "")), None
    if face is ScreenName.LIMITED:
        return Stage.LIMITED, "", datetime.fromtimestamp(int(details["until"]), UTC)
    if attempt is None or attempt.state not in ENDS or (since is not None and attempt.opened_at < since):
        return None
    return ENDS[attempt.state], attempt.reason or "", None
