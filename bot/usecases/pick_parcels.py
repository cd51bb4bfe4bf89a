"""What is due to be done outside, in the order of its importance."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import zip_longest

from bot.clock import Clock
from bot.domain.admission import VerifiedPhone
from bot.domain.contact import ContactRefusal
from bot.domain.delivery import ErrandDue, LogDue, Parcel, ScreenDue, Urgency
from bot.domain.gate import APPEAL_EVERY, Gate, Grant, Hindrance, JoinRequest
from bot.domain.gateway import GatewayReason
from bot.domain.journal import Event
from bot.domain.screen import (
    Appeal,
    Asking,
    DeadlinePassed,
    Ended,
    Face,
    Granted,
    Help,
    Limited,
    NumberShown,
    Privacy,
    Refused,
    Verified,
    View,
    Welcome,
    last_refresh_passed,
)
from bot.domain.settings import WayIn
from bot.domain.verification import Verification, VerificationState
from bot.usecases.delete_person import deletion_view
from bot.usecases.panel_views import panel_view
from bot.usecases.ports import Store
from bot.usecases.ports_delivery import ScreenRow

TWICE = 2
"""After so many attempts given up, the person may ask an admin."""
MOST_LINES = 500
"""Decisions told to log chats in one look."""


@dataclass(slots=True)
class Busy:
    """What is being delivered right now, and so must not be picked again."""

    grants: set[tuple[int, int]] = field(default_factory=set)
    errands: set[int] = field(default_factory=set)
    screens: set[int] = field(default_factory=set)


class PickParcels:
    """Guard joins and grants first, then answers to buttons and other small errands, then screens (of those who
    just acted before others) in turn with mutes, then declines and notices in turn with the log, then refreshes of
    screens. `limit` holds for each sort, so that none keeps the others from being looked at.

    Telegram gives guard joins ten seconds, so they begin; grants take turns with them, lest a flood of newcomers
    keep those waiting who have called.

    A screen row names a state; the view is made here from what is true now, so that ten changes become one
    edit. A screen that would reach nobody any more (a stranger's five minutes are over) is not picked:
    the person counts as not reached.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def __call__(self, store: Store, limit: int, busy: Busy) -> list[Parcel]:
        now = self._clock.now()
        rows = await store.screens.due(now, limit, busy.screens)
        screens = await self._screens(store, rows, now)
        guards = await store.errands.due(now, limit, busy.errands, Urgency.AT_ONCE)
        grants = await store.grants.due(now, limit, busy.grants)
        soon = await store.errands.due(now, limit, busy.errands, Urgency.SOON)
        pressing = await store.errands.due(now, limit, busy.errands, Urgency.PRESSING)
        later = await store.errands.due(now, limit, busy.errands, Urgency.LATER)
        lines = await store.errands.due(now, MOST_LINES, busy.errands, Urgency.LOG)
        return [
            *_in_turn(guards, grants),
            *soon,
            *_in_turn(pressing, [screen for screen in screens if not screen.is_refresh]),
            *_in_turn(later, self._logs(lines)),
            *(screen for screen in screens if screen.is_refresh),
        ]

    @staticmethod
    def _logs(lines: Sequence[ErrandDue]) -> list[LogDue]:
        """What has gathered for each log chat, as one message each."""
        gathered: dict[tuple[int, int | None, str], list[ErrandDue]] = defaultdict(list)
        for line in lines:
            topic = line.details.get("topic")
            place = (line.chat_id, int(topic) if topic is not None else None, str(line.details.get("language", "")))
            gathered[place].append(line)
        return [LogDue(chat, topic, language, tuple(due)) for (chat, topic, language), due in gathered.items()]

    async def _screens(self, store: Store, rows: Sequence[ScreenRow], now: datetime) -> list[ScreenDue]:
        if not rows:
            return []
        user_ids = [row.user_id for row in rows]
        people = await store.people.get_many(user_ids)
        facts = await Facts.gather(store, user_ids, now)
        due = []
        for row in rows:
            if row.user_id not in people:
                # They were erased; whatever wanted to show them something came too late.
                await store.screens.give_up(row.user_id, row.revision)
                continue
            too_late = row.reach_until is not None and now > row.reach_until
            if too_late and not people[row.user_id].can_be_written:
                await store.screens.give_up(row.user_id, row.revision)
                for gate_id, user_id in await store.requests.reached([row.user_id], reached=False):
                    store.journal.add(Event.JOIN_NOT_REACHED, now, user_id=user_id, gate_id=gate_id)
                continue
            view = await facts.view(store, row, now)
            if view is None:
                await store.screens.give_up(row.user_id, row.revision)
                store.journal.add(Event.FAILURE, now, user_id=row.user_id, code=f"no view of {row.face}")
                continue
            due.append(
                ScreenDue(
                    user_id=row.user_id,
                    chat_id=row.chat_id,
                    revision=row.revision,
                    view=view,
                    language=people[row.user_id].language,
                    message_id=row.message_id,
                    is_editable=row.is_editable,
                    is_fresh=row.is_fresh,
                    shown_digest=row.shown_digest,
                    is_refresh=row.is_refresh,
                    attempts=row.attempts,
                )
            )
        return due


@dataclass(frozen=True, slots=True)
class Facts:
    """What is true now of some persons, read in as few statements as there are sorts of facts."""

    verifications: dict[int, Verification]
    phones: dict[int, VerifiedPhone]
    waiting: dict[int, list[tuple[JoinRequest, Gate]]]
    grants: dict[int, list[tuple[Grant, Gate]]]
    appeals: dict[int, set[int]]

    @classmethod
    async def gather(cls, store: Store, user_ids: Sequence[int], now: datetime) -> Facts:
        """Read them."""
        return cls(
            await store.verifications.latest_of_many(user_ids),
            await store.phones.of_many(user_ids),
            await store.requests.waiting_of_many(user_ids),
            await store.grants.of_many(user_ids),
            await store.appeals.of_many(user_ids, now - APPEAL_EVERY),
        )

    async def view(self, store: Store, row: ScreenRow, now: datetime) -> View | None:
        """What `row` should show; None when its details are not what its face needs, say after an upgrade."""
        try:
            return await self._view(store, row, now)
        except (KeyError, ValueError):
            return None

    async def _view(self, store: Store, row: ScreenRow, now: datetime) -> View:
        match row.face:
            case Face.HELP:
                return Help()
            case Face.PRIVACY:
                return Privacy()
            case Face.CONTACT_REFUSED:
                return self._welcome(row.user_id, ContactRefusal(str(row.details["reason"])))
            case Face.LIMITED:
                until = _moment(row.details["until"])
                verification_id = row.details.get("verification")
                verification_id = int(verification_id) if verification_id is not None else None
                return Limited(verification_id, until, self._appeal(row.user_id))
            case Face.DEADLINE:
                return DeadlinePassed(str(row.details["gate"]), WayIn(str(row.details.get("way", WayIn.REQUEST))))
            case Face.WELCOME:
                return self._verified(row.user_id) or self._welcome(row.user_id)
            case Face.PROGRESS:
                return await self._progress(store, row, now)
            case Face.DELETE_ME | Face.ERASE:
                return await deletion_view(store, row)
            case Face.GATES | Face.GATE:
                return await panel_view(store, row, now)

    def _welcome(self, user_id: int, refusal: ContactRefusal | None = None) -> Welcome:
        gates = [gate.title for _, gate in self.waiting.get(user_id, ())]
        is_known = user_id in self.phones
        return Welcome(tuple(gates), refusal, is_known, self._appeal(user_id) if refusal is not None else Appeal.NONE)

    def _verified(self, user_id: int) -> Verified | None:
        """None when they are not verified, or a gate wants another call of them."""
        phone = self.phones.get(user_id)
        waiting = self.waiting.get(user_id, ())
        if phone is None or any(request.hindrance is Hindrance.STALE for request, _ in waiting):
            return None
        grants = [
            Granted(gate.title, gate.link, grant.state, grant.kind, grant.detail, gate.settings.welcome)
            for grant, gate in self.grants.get(user_id, ())
        ]
        hindered = [(gate.title, request.hindrance) for request, gate in waiting if request.hindrance is not None]
        appeal = self._appeal(user_id) if hindered else Appeal.NONE
        return Verified(phone.mask, tuple(grants), tuple(hindered), appeal)

    def _appeal(self, user_id: int) -> Appeal:
        """Whether the person may ask the admins of the gates at which they wait."""
        waiting = {gate.chat_id for _, gate in self.waiting.get(user_id, ())}
        if not waiting:
            return Appeal.NONE
        return Appeal.CAN_ASK if waiting - self.appeals.get(user_id, set()) else Appeal.ASKED

    async def _progress(self, store: Store, row: ScreenRow, now: datetime) -> View:
        user_id = row.user_id
        verification = self.verifications.get(user_id)
        is_open = verification is not None and verification.is_open
        if not is_open and (verified := self._verified(user_id)) is not None:
            return verified
        if verification is None or verification.state is VerificationState.CONFIRMED:
            return self._welcome(user_id)
        if verification.state is VerificationState.REFUSED:
            reason = verification.reason or GatewayReason.UNAVAILABLE
            return Refused(verification.id, reason, self._appeal(user_id))
        if not verification.is_open:
            is_cancelled = verification.state is VerificationState.CANCELLED
            failed = await store.verifications.failed_since(user_id, now - APPEAL_EVERY) if is_cancelled else TWICE
            return Ended(verification.id, is_cancelled, self._appeal(user_id) if failed >= TWICE else Appeal.NONE)
        number, ends_at = verification.number, verification.window_ends_at
        if number is None or ends_at is None:
            return Asking(verification.id)
        until = row.details.get("until")
        return NumberShown(
            verification_id=verification.id,
            token=verification.token,
            number=number.offer.number,
            mask=verification.mask,
            window_ends_at=number.window_ends_at,
            left=last_refresh_passed(number.window_ends_at, now),
            is_asking_another=verification.asking,
            no_other=None if verification.asking else await store.verifications.last_failure(verification.id),
            no_other_until=None if until is None or _moment(until) <= now else _moment(until),
        )


def _in_turn(one: Sequence[Parcel], other: Sequence[Parcel]) -> list[Parcel]:
    """One of these, one of those: a flood of either does not keep the other waiting."""
    return [parcel for pair in zip_longest(one, other) for parcel in pair if parcel is not None]


def _moment(timestamp: str | int) -> datetime:
    return datetime.fromtimestamp(int(timestamp), UTC)
