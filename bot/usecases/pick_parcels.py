"""What is due to be done outside, in the order of its importance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import zip_longest

from bot.clock import Clock
from bot.domain.contact import ContactRefusal
from bot.domain.delivery import Parcel, ScreenDue, Urgency
from bot.domain.gate import Gate, Grant, JoinRequest
from bot.domain.gateway import GatewayReason
from bot.domain.journal import Event
from bot.domain.screen import (
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
from bot.domain.verification import Verification, VerificationState
from bot.usecases.ports import ScreenRow, Store, VerifiedPhone


@dataclass(slots=True)
class Busy:
    """What is being delivered right now, and so must not be picked again."""

    grants: set[tuple[int, int]] = field(default_factory=set)
    errands: set[int] = field(default_factory=set)
    screens: set[int] = field(default_factory=set)


class PickParcels:
    """Guard joins and grants first, then answers to buttons and other small errands, then screens (of those who
    just acted before others), then declines and notices, then refreshes of screens. `limit` holds for each sort,
    so that none keeps the others from being looked at.

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
        return [
            *(parcel for pair in zip_longest(guards, grants) for parcel in pair if parcel is not None),
            *await store.errands.due(now, limit, busy.errands, Urgency.SOON),
            *(screen for screen in screens if not screen.is_refresh),
            *await store.errands.due(now, limit, busy.errands, Urgency.LATER),
            *(screen for screen in screens if screen.is_refresh),
        ]

    async def _screens(self, store: Store, rows: Sequence[ScreenRow], now: datetime) -> list[ScreenDue]:
        if not rows:
            return []
        user_ids = [row.user_id for row in rows]
        people = await store.people.get_many(user_ids)
        facts = await Facts.gather(store, user_ids)
        due = []
        for row in rows:
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

    @classmethod
    async def gather(cls, store: Store, user_ids: Sequence[int]) -> Facts:
        """Read them."""
        return cls(
            await store.verifications.latest_of_many(user_ids),
            await store.phones.of_many(user_ids),
            await store.requests.waiting_of_many(user_ids),
            await store.grants.of_many(user_ids),
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
                return Limited(int(verification_id) if verification_id is not None else None, until)
            case Face.DEADLINE:
                return DeadlinePassed(str(row.details["gate"]))
            case Face.WELCOME:
                return self._verified(row.user_id) or self._welcome(row.user_id)
            case Face.PROGRESS:
                return await self._progress(store, row, now)

    def _welcome(self, user_id: int, refusal: ContactRefusal | None = None) -> Welcome:
        gates = [gate.title for _, gate in self.waiting.get(user_id, ())]
        return Welcome(tuple(gates), refusal)

    def _verified(self, user_id: int) -> Verified | None:
        phone = self.phones.get(user_id)
        if phone is None:
            return None
        grants = [Granted(gate.title, gate.link, grant.state) for grant, gate in self.grants.get(user_id, ())]
        return Verified(phone.mask, tuple(grants))

    async def _progress(self, store: Store, row: ScreenRow, now: datetime) -> View:
        if (verified := self._verified(row.user_id)) is not None:
            return verified
        verification = self.verifications.get(row.user_id)
        if verification is None:
            return self._welcome(row.user_id)
        if verification.state is VerificationState.REFUSED:
            return Refused(verification.id, verification.reason or GatewayReason.UNAVAILABLE)
        if not verification.is_open:
            return Ended(verification.id, verification.state is VerificationState.CANCELLED)
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


def _moment(timestamp: str | int) -> datetime:
    return datetime.fromtimestamp(int(timestamp), UTC)
