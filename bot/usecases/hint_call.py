"""A call came that confirms nothing: whoever seems to have placed it learns what may be wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from bot.domain.journal import Event
from bot.domain.phone import Fingerprint
from bot.domain.screen import CallHint, Face
from bot.domain.verification import Call, Verification
from bot.usecases.ports import Store

UNCLEAR_AFTER = timedelta(seconds=60)
"""How long several people who wait on one number are given to call before all of them are told what may be wrong."""
MOST_WAITING = 20
"""People on one number who are told; with more, one call would change many screens."""
LAST_DIGITS = 2
"""All that anybody learns of somebody else's number."""
SHORTEST_PHONE = 7
"""Digits; what has fewer stands for a number that is hidden."""


async def hint_call(store: Store, call: Call, caller: str, inbox_id: int | None, now: datetime) -> None:
    """Tell the one person who waits on the called number, at once; several get the usual causes after a minute.

    `caller` is the number as the gateway wrote it. Nobody is told anything when the call is somebody's own: of a
    person who waits, or of one whom a call to this number has just verified, reported once more.
    """
    if not call.called:
        return
    waiting = [
        verification
        for verification in await store.verifications.awaiting(call.called, now, MOST_WAITING + 1)
        if any(n.offer.number == call.called and n.hears(call, inbox_id) for n in verification.numbers)
    ]
    if not 0 < len(waiting) <= MOST_WAITING or await _is_explained(store, call, waiting):
        return
    if len(waiting) == 1:
        digits = "".join(filter(str.isdecimal, caller))
        is_hidden = len(digits) < SHORTEST_PHONE
        details: dict[str, str | int] = {"hint": CallHint.HIDDEN if is_hidden else CallHint.OTHER_NUMBER}
        await _show(store, waiting[0], details if is_hidden else details | {"digits": digits[-LAST_DIGITS:]}, now)
        return
    later = int((now + UNCLEAR_AFTER).timestamp())
    for verification in waiting:
        await _show(store, verification, {"hint": CallHint.UNCLEAR, "hint_at": later}, now)


async def _is_explained(store: Store, call: Call, waiting: Sequence[Verification]) -> bool:
    if any(verification.fingerprint == call.caller for verification in waiting):
        return True
    for phone in await store.phones.owners(call.caller) if call.caller else []:
        verified = await store.verifications.get(phone.verification_id)
        if verified is not None and any(call.called in number.offer for number in verified.numbers):
            return True
    return False


async def _show(store: Store, verification: Verification, hint: dict[str, str | int], now: datetime) -> None:
    user_id = verification.user_id
    face, details = await store.screens.wanted(user_id) or (Face.PROGRESS, {})
    of_this = details if face is Face.PROGRESS and details.get("hint_of") == verification.id else {}
    if hint["hint"] == CallHint.UNCLEAR and "hint" in of_this:
        # It is told already, or will be; and what is known for sure says more.
        return
    until = {"until": details["until"]} if face is Face.PROGRESS and "until" in details else {}
    person = (await store.people.get_many([user_id])).get(user_id)
    if person is not None:
        await store.screens.show(
            user_id, person.chat_id, Face.PROGRESS, now, details={**until, **hint, "hint_of": verification.id}
        )
        # By this the call screen hears of it.
        store.journal.about(Event.CALL_HINTED, now, verification, code=str(hint["hint"]))


def hint_in(
    details: Mapping[str, str | int], verification_id: int, now: datetime
) -> tuple[CallHint | None, datetime | None]:
    """What the details of a screen say of a call that confirmed nothing; or when that is to be said."""
    if details.get("hint_of") != verification_id:
        return None, None
    at = details.get("hint_at")
    if at is not None and (moment := datetime.fromtimestamp(int(at), UTC)) > now:
        return None, moment
    return CallHint(str(details["hint"])), None


NOBODY = Fingerprint("")
"""In place of a caller whose number is hidden."""
