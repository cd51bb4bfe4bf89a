"""The state of call screens, on their page and in the Mini App."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from bot.domain.gates import OPEN_APP_PATIENCE, Gate, Grant, GrantState, Ineligibility, JoinRequest
from bot.domain.gateway import GatewayReason
from bot.domain.journal import Event
from bot.domain.people import Claim, InitData
from bot.domain.phone import ContactRefusal
from bot.domain.screens import CallHint, Granted, ScreenName
from bot.domain.verification import PHONE_KEPT, Verification, VerificationState
from bot.features.access.decide import decide
from bot.features.verification.hints import hint_in
from storage.store import Store

VISIBLE_AFTER_END = timedelta(minutes=10)
"""How long after its end a verification is shown; then the link stops working."""
LATE_NEWS = timedelta(minutes=2)
"""How long after its end an unconfirmed one is still watched: the report of a call may be on its way, and another
attempt may be refused."""


class CallState(StrEnum):
    """State of a call screen. CONTACT comes before any verification, and only in the Mini App."""

    CONTACT = "contact"
    ASKING = "asking"
    WAITING = "waiting"
    CONFIRMED = "confirmed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    REFUSED = "refused"
    LIMITED = "limited"


UNCONFIRMED = frozenset({CallState.EXPIRED, CallState.CANCELLED, CallState.REFUSED})
"""Ends after which the person may try again."""


@dataclass(frozen=True, slots=True)
class CallScreen:
    """One verification, as its call screen shows it. `number` and `ends_at` are there while the number can be called.

    `gates` are those to enter, and once confirmed those entered; `ineligible` those at which a verified person still
    waits, and why. `is_known`: they are verified, and a gate requires a more recent call. `until` is when the next
    attempt is possible, while another is refused; `visible_until` when the link stops working, once that is known.
    `refusal` is why the last contact was refused. In the Mini App there may be no verification: then `verification_id`
    is 0 and `token` empty. `hint` is about a call that confirmed nothing, `digits` are the last digits of its number;
    `hint_at` is when the hint becomes due.
    """

    verification_id: int
    user_id: int
    token: str
    language: str
    state: CallState
    mask: str
    number: str | None = None
    began_at: datetime | None = None
    ends_at: datetime | None = None
    ended_at: datetime | None = None
    reason: GatewayReason | None = None
    is_asking_another: bool = False
    no_other: bool = False
    until: datetime | None = None
    visible_until: datetime | None = None
    refusal: ContactRefusal | None = None
    gates: tuple[Granted, ...] = ()
    ineligible: tuple[tuple[str, Ineligibility], ...] = ()
    is_known: bool = False
    hint: CallHint | None = None
    digits: str = ""
    hint_at: datetime | None = None

    @property
    def is_running(self) -> bool:
        """Whether a number is requested or can be called."""
        return self.state in (CallState.ASKING, CallState.WAITING)

    def is_final(self, now: datetime) -> bool:
        """Return whether the screen will not change again."""
        match self.state:
            case CallState.CONTACT | CallState.ASKING | CallState.WAITING:
                return False
            case CallState.CONFIRMED:
                return all(gate.state is not GrantState.DUE for gate in self.gates)
            case CallState.LIMITED:
                return not self.is_told(now)
            case CallState.EXPIRED | CallState.CANCELLED | CallState.REFUSED:
                return self.ended_at is not None and now > self.ended_at + LATE_NEWS

    def is_told(self, now: datetime) -> bool:
        """Return whether its end is recent enough to show."""
        return self.visible_until is None or now <= self.visible_until


async def read_calls(store: Store, tokens: Collection[str]) -> dict[str, CallScreen]:
    """Read call screens by token, without unknown ones, in as few statements as there are kinds of data.

    A closed window counts as expired even before the sweeper has recorded it. A verification that ended without a call
    is limited for as long as the person's screen refuses another attempt.
    """
    now = store.now
    verifications = await store.verifications.by_tokens(tokens)
    if not verifications:
        return {}
    user_ids = {verification.user_id for verification in verifications}
    people = await store.people.get_many(user_ids)
    waiting = await store.requests.waiting_of_many(user_ids)
    grants = await store.grants.of_many(user_ids)
    failed = await store.verifications.failed_last([verification.id for verification in verifications])
    states = {verification.id: _state(verification, now) for verification in verifications}
    ended = {verification.user_id for verification in verifications if states[verification.id] in UNCONFIRMED}
    limited_until = await store.screens.limited_until(ended) if ended else {}
    calling = {one.user_id for one in verifications if states[one.id] is CallState.WAITING}
    progress = await store.screens.progress_of(calling) if calling else {}
    screens = {}
    for verification in verifications:
        user_id, state = verification.user_id, states[verification.id]
        is_confirmed = state is CallState.CONFIRMED
        number = verification.number if state is CallState.WAITING else None
        ended_at = verification.ended_at
        if state is CallState.EXPIRED and ended_at is None:
            ended_at = verification.window_ends_at
        until = limited_until.get(user_id) if state in UNCONFIRMED else None
        visible_until = _visible_until(ended_at, until)
        if until is not None and until > now:
            state = CallState.LIMITED
        hint, hint_at, digits = None, None, ""
        if number is not None:
            details = progress.get(user_id, {})
            hint, hint_at = hint_in(details, verification.id, now)
            digits = str(details.get("digits", "")) if hint is CallHint.OTHER_NUMBER else ""
        screens[verification.token] = CallScreen(
            verification_id=verification.id,
            user_id=user_id,
            token=verification.token,
            language=people[user_id].language if user_id in people else "",
            state=state,
            mask=verification.mask,
            number=number.offer.number if number else None,
            began_at=number.asked_at if number else None,
            ends_at=number.window_ends_at if number else None,
            ended_at=ended_at,
            reason=verification.reason,
            until=until if state is CallState.LIMITED else None,
            visible_until=visible_until,
            is_asking_another=verification.asking and number is not None,
            no_other=number is not None and not verification.asking and verification.id in failed,
            gates=_granted(grants.get(user_id, ())) if is_confirmed else _hoped_for(waiting.get(user_id, ())),
            ineligible=hindered_at(waiting.get(user_id, ())) if is_confirmed else (),
            hint=hint,
            digits=digits,
            hint_at=hint_at,
        )
    return screens


def _granted(grants: Iterable[tuple[Grant, Gate]]) -> tuple[Granted, ...]:
    return tuple(Granted(gate.title, gate.link, grant.state) for grant, gate in grants)


def _hoped_for(waiting: Iterable[tuple[JoinRequest, Gate]]) -> tuple[Granted, ...]:
    return tuple(Granted(gate.title, gate.link, GrantState.DUE) for _, gate in waiting)


def hindered_at(waiting: Iterable[tuple[JoinRequest, Gate]]) -> tuple[tuple[str, Ineligibility], ...]:
    """Return where a verified person still waits, and why."""
    return tuple((gate.title, request.ineligibility) for request, gate in waiting if request.ineligibility is not None)


def _visible_until(ended_at: datetime | None, until: datetime | None) -> datetime | None:
    if ended_at is None:
        return None
    visible_until = ended_at + VISIBLE_AFTER_END
    if until is None:
        return visible_until
    # Anyone who has to wait can try again from here, while that takes one tap.
    return max(visible_until, min(until + VISIBLE_AFTER_END, ended_at + PHONE_KEPT))


def _state(verification: Verification, now: datetime) -> CallState:
    match verification.state:
        case VerificationState.CONFIRMED:
            return CallState.CONFIRMED
        case VerificationState.EXPIRED:
            return CallState.EXPIRED
        case VerificationState.CANCELLED:
            return CallState.CANCELLED
        case VerificationState.REFUSED:
            return CallState.REFUSED
        case VerificationState.OPEN:
            number = verification.number
            if number is not None and now <= number.window_ends_at:
                return CallState.WAITING
            return CallState.ASKING if verification.asking or number is None else CallState.EXPIRED


ASKING_FOR_CONTACT = (ScreenName.WELCOME, ScreenName.CONTACT_REFUSED)
"""What the chat shows when an earlier attempt no longer matters there."""


async def read_app(store: Store, user_id: int) -> CallScreen:
    """A verified person sees their grants, pending ones too, and what keeps them out, unless a gate requires a more
    recent call. Otherwise the newest attempt is shown while it runs and, as on its own call screen, for a while after
    its end, unless the chat already asks for the contact again; otherwise an active limit; otherwise the request for
    the contact, with the reason why the last one was refused.

    Nothing is asked of people who wait nowhere and were admitted without a call, for example by an admin. Only attempts
    have a token: that of their call screen.
    """
    now = store.now
    person = (await store.people.get_many([user_id])).get(user_id)
    waiting = (await store.requests.waiting_of_many([user_id])).get(user_id, [])
    nothing = CallScreen(
        verification_id=0,
        user_id=user_id,
        token="",
        language=person.language if person else "",
        state=CallState.CONTACT,
        mask="",
        gates=_hoped_for(waiting),
    )
    phone = await store.phones.of(user_id)
    is_stale = any(request.ineligibility is Ineligibility.STALE for request, _ in waiting)
    if phone is not None and not is_stale:
        entering = {gate.chat_id: gate for request, gate in waiting if gate.works and request.ineligibility is None}
        granted = (await store.grants.of_many([user_id])).get(user_id, [])
        gates = [Granted(gate.title, gate.link, GrantState.DUE) for gate in entering.values()]
        gates += [
            Granted(gate.title, gate.link, grant.state) for grant, gate in granted if gate.chat_id not in entering
        ]
        ineligible = hindered_at(waiting)
        return replace(nothing, state=CallState.CONFIRMED, mask=phone.mask, gates=tuple(gates), ineligible=ineligible)
    nothing = replace(nothing, is_known=phone is not None)
    face, details = await store.screens.wanted(user_id) or (ScreenName.WELCOME, {})
    latest = (await store.verifications.latest_of_many([user_id])).get(user_id)
    if latest is not None and latest.state is not VerificationState.CONFIRMED:
        screen = (await read_calls(store, [latest.token]))[latest.token]
        if screen.is_running or (screen.is_told(now) and face not in ASKING_FOR_CONTACT):
            return screen
    until = datetime.fromtimestamp(int(details["until"]), UTC) if face is ScreenName.LIMITED else now
    if until > now:
        return replace(nothing, state=CallState.LIMITED, until=until)
    let_in = [] if waiting else (await store.grants.of_many([user_id])).get(user_id, [])
    if let_in:
        gates = [Granted(gate.title, gate.link, grant.state) for grant, gate in let_in]
        return replace(nothing, state=CallState.CONFIRMED, gates=tuple(gates))
    refusal = ContactRefusal(str(details["reason"])) if face is ScreenName.CONTACT_REFUSED else None
    return replace(nothing, refusal=refusal)


async def on_app_opened(store: Store, launch: InitData, nonce: str) -> Claim:
    """Claim the launch; do nothing else unless it is new. A launch serves one page, identified by its `nonce`; the same
    page may come again.

    A person with the app open counts as reached; while they are busy with a guard join the private message waits. A
    verified person who still waits at a gate comes in at once.
    """
    now, user_id = store.now, launch.user_id
    claim = await store.used_init_data.claim(launch.digest, nonce, now)
    if claim is not Claim.NEW:
        return claim
    known = await store.people.lock(user_id)
    chat_id = known.chat_id if known else user_id
    language = launch.language or (known.language if known else "")
    await store.people.meet(user_id, chat_id, language, now, wrote=False)
    store.journal.add(Event.APP_OPENED, now, user_id=user_id)
    for gate_id, _ in await store.requests.reached([user_id], reached=True):
        store.journal.add(Event.JOIN_REACHED, now, user_id=user_id, gate_id=gate_id)
    for request, gate in (await store.requests.waiting_of_many([user_id])).get(user_id, []):
        if await decide(store, gate, request, told=False):
            continue
        if launch.query_id is not None and request.query_id == launch.query_id:
            await store.screens.postpone(user_id, request.requested_at + OPEN_APP_PATIENCE)
    return claim
