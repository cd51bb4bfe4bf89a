"""The content of each screen, built from the current state when it is drawn."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.domain.eligibility import VerifiedPhone
from bot.domain.gate_settings import EntryMode
from bot.domain.gates import APPEAL_EVERY, Gate, Grant, Ineligibility, JoinRequest
from bot.domain.gateway import GatewayReason
from bot.domain.outgoing import (
    ScreenRow,
)
from bot.domain.phone import ContactRefusal
from bot.domain.screens import (
    Appeal,
    Asking,
    CallHint,
    DeadlinePassed,
    Decided,
    Ended,
    Granted,
    Limited,
    NumberShown,
    Outcome,
    Privacy,
    Refused,
    ScreenName,
    Verified,
    View,
    Welcome,
    last_refresh_passed,
)
from bot.domain.verification import Verification, VerificationState
from bot.features.panel.views import panel_view
from bot.features.privacy.erase import deletion_view
from bot.features.verification.hints import hint_in
from storage.store import Store

TWICE = 2
"""After this many failed attempts, the person may ask an admin."""


ViewOf = Callable[[Store, ScreenRow], Awaitable[View | None]]
"""Makes the view of a screen; None for people who may not see it."""


@dataclass(frozen=True, slots=True)
class PersonContext:
    """The current state of some people, read in as few statements as there are kinds of data."""

    verifications: dict[int, Verification]
    phones: dict[int, VerifiedPhone]
    waiting: dict[int, list[tuple[JoinRequest, Gate]]]
    grants: dict[int, list[tuple[Grant, Gate]]]
    appeals: dict[int, dict[int, bool]]

    @classmethod
    async def gather(cls, store: Store, user_ids: Sequence[int], now: datetime) -> PersonContext:
        """Read it."""
        return cls(
            await store.verifications.latest_of_many(user_ids),
            await store.phones.of_many(user_ids),
            await store.requests.waiting_of_many(user_ids),
            await store.grants.of_many(user_ids),
            await store.appeals.of_many(user_ids, now - APPEAL_EVERY),
        )

    def verification_id(self, user_id: int) -> int | None:
        """Return the newest attempt of this person."""
        verification = self.verifications.get(user_id)
        return None if verification is None else verification.id

    async def view(self, store: Store, row: ScreenRow, by_rights: Mapping[ScreenName, ViewOf]) -> View:
        """Return the view of `row`. Raises anything if its details do not fit its screen name, for example after an
        upgrade."""
        if row.face in by_rights:
            # A former operator sees their own status.
            return await by_rights[row.face](store, row) or self._home(row.user_id)
        return await self._view(store, row)

    async def _view(self, store: Store, row: ScreenRow) -> View:
        match row.face:
            case ScreenName.PRIVACY:
                return Privacy()
            case ScreenName.CONTACT_REFUSED:
                return self._welcome(row.user_id, ContactRefusal(str(row.details["reason"])))
            case ScreenName.LIMITED:
                return self._limited(row)
            case ScreenName.DEADLINE:
                return DeadlinePassed(
                    str(row.details["gate"]), EntryMode(str(row.details.get("way", EntryMode.REQUEST)))
                )
            case ScreenName.DECIDED:
                return await self._decided(store, row)
            case ScreenName.WELCOME:
                return self._home(row.user_id)
            case ScreenName.PROGRESS:
                return await self._progress(store, row)
            case ScreenName.DELETE_ME:
                return await deletion_view(store, row)
            case ScreenName.GATES | ScreenName.GATE:
                return await panel_view(store, row)
            case _:
                # The builders of `by_rights` have all others.
                raise ValueError(row.face)

    def _limited(self, row: ScreenRow) -> Limited:
        verification_id = row.details.get("verification")
        verification_id = int(verification_id) if verification_id is not None else None
        return Limited(verification_id, _moment(row.details["until"]), self._appeal(row.user_id))

    def _home(self, user_id: int) -> View:
        return self._verified(user_id) or self._welcome(user_id)

    def _welcome(self, user_id: int, refusal: ContactRefusal | None = None) -> Welcome:
        gates = [gate.title for _, gate in self.waiting.get(user_id, ())]
        is_known = user_id in self.phones
        appeal = self._appeal(user_id)
        if refusal is None and appeal is Appeal.CAN_ASK:
            # They have not tried yet.
            appeal = Appeal.NONE
        return Welcome(tuple(gates), refusal, is_known, appeal)

    def _verified(self, user_id: int) -> Verified | None:
        """Return None if they are not verified, or a gate requires another call."""
        phone = self.phones.get(user_id)
        waiting = self.waiting.get(user_id, ())
        if phone is None or any(request.ineligibility is Ineligibility.STALE for request, _ in waiting):
            return None
        grants = [
            Granted(gate.title, gate.link, grant.state, grant.kind, grant.detail, gate.settings.welcome)
            for grant, gate in self.grants.get(user_id, ())
        ]
        ineligible = [
            (gate.title, request.ineligibility) for request, gate in waiting if request.ineligibility is not None
        ]
        appeal = self._appeal(user_id) if ineligible else Appeal.NONE
        return Verified(phone.mask, tuple(grants), tuple(ineligible), appeal)

    def _appeal(self, user_id: int) -> Appeal:
        """Return whether the person may ask, or has asked, the admins of the gates at which they wait."""
        asked = self.appeals.get(user_id, {})
        waiting = [gate.chat_id for _, gate in self.waiting.get(user_id, ())]
        if any(gate_id not in asked for gate_id in waiting):
            return Appeal.CAN_ASK
        return Appeal.ASKED if any(asked[gate_id] for gate_id in waiting) else Appeal.NONE

    async def _decided(self, store: Store, row: ScreenRow) -> Decided:
        user_id, gate_id = row.user_id, int(row.details["gate"])
        gate = await store.gates.get(gate_id)
        outcome = Outcome(str(row.details["outcome"]))
        granted = [
            Granted(its_gate.title, its_gate.link, grant.state, grant.kind, grant.detail, its_gate.settings.welcome)
            for grant, its_gate in self.grants.get(user_id, ())
            if its_gate.chat_id == gate_id
        ]
        attempt = self.verifications.get(user_id)
        goes_on = bool(self.waiting.get(user_id)) or (attempt is not None and attempt.is_open)
        is_in = outcome is Outcome.LET_IN and bool(granted)
        return Decided(gate.title if gate is not None else "", outcome, granted[0] if is_in else None, goes_on)

    async def _progress(self, store: Store, row: ScreenRow) -> View:
        now = store.now
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
        hint, hint_at = hint_in(row.details, verification.id, now)
        return NumberShown(
            verification_id=verification.id,
            token=verification.token,
            number=number.offer.number,
            mask=verification.mask,
            window_ends_at=number.window_ends_at,
            left=last_refresh_passed(number.asked_at, number.window_ends_at, now),
            is_asking_another=verification.asking,
            no_other=None if verification.asking else await store.verifications.last_failure(verification.id),
            no_other_until=None if until is None or _moment(until) <= now else _moment(until),
            hint=hint,
            digits=str(row.details.get("digits", "")) if hint is CallHint.OTHER_NUMBER else "",
            hint_at=hint_at,
            appeal=self._appeal(user_id) if hint in (CallHint.UNCLEAR, CallHint.OTHER_TIME) else Appeal.NONE,
        )


def has_come(at: datetime | None, now: datetime) -> bool:
    """Return whether the moment is set and not in the future."""
    return at is not None and at <= now


def _moment(timestamp: str | int) -> datetime:
    return datetime.fromtimestamp(int(timestamp), UTC)
