"""Hints about calls that confirm nothing, for the person who seems to have placed them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.domain.journal import Event
from bot.domain.phone import Fingerprint
from bot.domain.screens import CallHint, ScreenName
from bot.domain.verification import LATE_REPORT, Call, Verification
from storage.store import Store

UNCLEAR_AFTER = timedelta(seconds=60)
"""How long several people who wait on one number have to call before all of them get the hint."""
MOST_WAITING = 20
"""People on one number who get a hint; with more, one call would change many screens."""
LAST_DIGITS = 2
"""All that anybody learns of somebody else's number."""
SHORTEST_PHONE = 7
"""Digits; anything shorter stands for a hidden number."""


async def hint_caller(
    store: Store, verification: Verification, call: Call, inbox_id: int | None, *, is_readable: bool
) -> None:
    """Tell a person whose own phone called without effect what was wrong with that call: the number, or its time.

    `call.called` is as it was given to them, if it can be that number. `is_readable`: the gateway reported a number
    there; if not, the person gets the usual causes after a minute.
    """
    if verification.asking or not any(store.now <= number.window_ends_at for number in verification.numbers):
        # A number that they know already may be on its way to us, or all windows have closed.
        return
    if verification.matching_number(call, inbox_id) is not None:
        # A duplicate report of a call that has confirmed something already.
        return
    anywhere = replace(call, called="", placed_at=None)
    if not any(number.matches(anywhere, inbox_id) for number in verification.numbers):
        # An old entry of the inbox.
        return
    if not call.called or any(call.called in number.offer for number in verification.numbers):
        await _show(store, verification, {"hint": CallHint.OTHER_TIME})
    elif is_readable:
        await _show(store, verification, {"hint": CallHint.OTHER_CALLED})
    else:
        await _show(store, verification, _unclear(store.now))


async def hint_call(store: Store, call: Call, caller: str, inbox_id: int | None) -> None:
    """Tell the one person who waits on the called number, at once; several get the usual causes after a minute. So do
    all who wait if the call's time is wrong, or the gateway did not report which number was called.

    `caller` is the number as the gateway wrote it. Nobody gets a hint if the caller is one of those who wait, or a
    person whom a call to this number has just verified (a duplicate report).
    """
    found = await store.verifications.awaiting(call.called or None, store.now, MOST_WAITING + 1)
    if len(found) > MOST_WAITING:
        return
    waiting = _hearing(found, call, inbox_id)
    is_clear = bool(call.called) and len(waiting) == 1
    if not waiting:
        waiting = _hearing(found, replace(call, placed_at=None), inbox_id)
    if not waiting or await _is_explained(store, call, waiting):
        return
    if is_clear:
        digits = "".join(filter(str.isdecimal, caller))
        is_hidden = len(digits) < SHORTEST_PHONE
        details: dict[str, str | int] = {"hint": CallHint.HIDDEN if is_hidden else CallHint.OTHER_NUMBER}
        await _show(store, waiting[0], details if is_hidden else details | {"digits": digits[-LAST_DIGITS:]})
        return
    for verification in waiting:
        await _show(store, verification, _unclear(store.now))


def _unclear(now: datetime) -> dict[str, str | int]:
    return {"hint": CallHint.UNCLEAR, "hint_at": int((now + UNCLEAR_AFTER).timestamp())}


def _hearing(found: Sequence[Verification], call: Call, inbox_id: int | None) -> list[Verification]:
    """Return the verifications that such a call would confirm, were it from their phone."""
    return [
        verification
        for verification in found
        if any(
            (not call.called or number.offer.number == call.called) and number.matches(call, inbox_id)
            for number in verification.numbers
        )
    ]


async def _is_explained(store: Store, call: Call, waiting: Sequence[Verification]) -> bool:
    if any(verification.fingerprint == call.caller for verification in waiting):
        return True
    for phone in await store.phones.owners(call.caller) if call.caller else []:
        if not call.called and store.now - phone.verified_at <= LATE_REPORT:
            return True
        verified = await store.verifications.get(phone.verification_id)
        if verified is not None and any(call.called in number.offer for number in verified.numbers):
            return True
    return False


async def _show(store: Store, verification: Verification, hint: dict[str, str | int]) -> None:
    user_id = verification.user_id
    face, details = await store.screens.wanted(user_id) or (ScreenName.PROGRESS, {})
    of_this = details if face is ScreenName.PROGRESS and details.get("hint_of") == verification.id else {}
    if hint["hint"] == CallHint.UNCLEAR and "hint" in of_this:
        # It is shown or planned already; and a certain hint says more.
        return
    until = {"until": details["until"]} if face is ScreenName.PROGRESS and "until" in details else {}
    person = (await store.people.get_many([user_id])).get(user_id)
    if person is not None:
        await store.screens.show(
            user_id,
            person.chat_id,
            ScreenName.PROGRESS,
            store.now,
            details={**until, **hint, "hint_of": verification.id},
        )
        # This entry wakes the call screen.
        store.journal.about(Event.CALL_HINTED, store.now, verification, code=str(hint["hint"]))


def hint_in(
    details: Mapping[str, str | int], verification_id: int, now: datetime
) -> tuple[CallHint | None, datetime | None]:
    """Read the hint from a screen's details; or the moment when it becomes due."""
    if details.get("hint_of") != verification_id:
        return None, None
    at = details.get("hint_at")
    if at is not None and (moment := datetime.fromtimestamp(int(at), UTC)) > now:
        return None, moment
    return CallHint(str(details["hint"])), None


NOBODY = Fingerprint("")
"""In place of a caller whose number is hidden."""
