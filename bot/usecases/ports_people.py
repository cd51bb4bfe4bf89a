"""What is kept of people, their phones and their attempts, as the use cases ask for it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.domain.admission import VerifiedPhone
from bot.domain.gateway import AssignedNumber, GatewayReason
from bot.domain.phone import Fingerprint, Phone
from bot.domain.verification import Verification
from bot.usecases.ports_personal import ErasedOwner


@dataclass(frozen=True, slots=True)
class Person:
    """Someone the bot has met. `can_be_written` once they wrote to the bot and have not blocked it since."""

    user_id: int
    chat_id: int
    language: str
    can_be_written: bool


@dataclass(frozen=True, slots=True)
class NumberRequest:
    """A call number somebody waits for, not given yet."""

    id: int
    verification: Verification
    sealed: bytes


class People(Protocol):
    """Everyone the bot has met."""

    async def meet(
        self, user_id: int, chat_id: int, language: str, now: datetime, *, wrote: bool, username: str | None = None
    ) -> Person:
        """Keep (and lock, for this transaction) a person. `wrote`: they just wrote to the bot in private.

        `username` is a digest of it, by which they are found, and empty when they have none; the name is not kept.
        Whoever had it before has it no more: names change hands.
        """

    async def by_username(self, digest: str) -> int | None:
        """Who has this user name."""

    async def lock(self, user_id: int) -> Person | None:
        """The person, kept from other transactions until this one ends."""

    async def get_many(self, user_ids: Collection[int]) -> dict[int, Person]: ...

    async def lost(self, user_ids: Collection[int]) -> None:
        """These can no longer be written to."""


class VerifiedPhones(Protocol):
    """Which phone verified whom; one phone, one person."""

    async def of(self, user_id: int) -> VerifiedPhone | None: ...

    async def of_many(self, user_ids: Collection[int]) -> dict[int, VerifiedPhone]: ...

    async def owners(self, fingerprint: Fingerprint) -> list[VerifiedPhone]:
        """All whom this phone verified, by rank."""

    async def forgotten_owners(self, fingerprint: Fingerprint, user_id: int) -> list[ErasedOwner]:
        """Those whom it verified and who were erased since, by rank; whether one is `user_id` come back is told."""

    async def put(self, phone: VerifiedPhone) -> None:
        """Keep it, in place of the one that verified this person before."""

    async def drop(self, user_id: int) -> None:
        """This person has no verified phone any more."""


class Verifications(Protocol):
    """All attempts and their call numbers."""

    async def add(
        self,
        token: str,
        user_id: int,
        phone: Phone,
        fingerprint: Fingerprint,
        sealed: bytes,
        now: datetime,
        gate_id: int | None = None,
    ) -> Verification:
        """Open one, with its first number asked for. `gate_id`: where the person waits longest."""

    async def get(self, verification_id: int) -> Verification | None: ...

    async def get_many(self, verification_ids: Collection[int]) -> dict[int, Verification]: ...

    async def by_token(self, token: str) -> Verification | None: ...

    async def by_tokens(self, tokens: Collection[str]) -> list[Verification]: ...

    async def open_of(self, user_id: int) -> Verification | None: ...

    async def open_by_phone(self, fingerprint: Fingerprint) -> Verification | None: ...

    async def latest_of_many(self, user_ids: Collection[int]) -> dict[int, Verification]: ...

    async def awaited_regions(self, since: datetime) -> set[str]:
        """The countries of the phones that calls are waited for from, in attempts begun since then."""

    async def unconfirmed_by_phone(self, fingerprint: Fingerprint, since: datetime) -> list[Verification]:
        """Open or expired ones opened after `since`, newest first."""

    async def awaiting(self, called: str | None, now: datetime, limit: int) -> list[Verification]:
        """Open ones that show the number `called` (`+` and digits), or showed it, and in whose window it is."""

    async def tried_by_phone(self, fingerprint: Fingerprint, limit: int) -> list[int]:
        """Who tried to verify with this phone, or did; who tried last comes first."""

    async def save(self, verification: Verification) -> None:
        """Write its state. Confirmed and cancelled ones lose their sealed phone at once."""

    async def sealed(self, verification_id: int) -> bytes | None: ...

    async def ask_number(self, verification: Verification, now: datetime) -> None: ...

    async def failed_since(self, user_id: int, since: datetime) -> int:
        """How many attempts of this person ended without a call since then."""

    async def asked_since(self, user_id: int, fingerprint: Fingerprint, since: datetime) -> list[datetime]:
        """When this person or this phone asked for numbers that count for the limits."""

    async def due_asks(self, now: datetime, limit: int, busy: Collection[int]) -> list[NumberRequest]: ...

    async def give_number(
        self,
        ask_id: int,
        offer: AssignedNumber,
        window_ends_at: datetime,
        inbox_after: int | None,
    ) -> None: ...

    async def fail_ask(self, ask_id: int, reason: GatewayReason) -> None: ...

    async def last_failure(self, verification_id: int) -> GatewayReason | None:
        """Why the newest number asked for was not given, when it was not."""

    async def failed_last(self, verification_ids: Collection[int]) -> set[int]:
        """Those of these whose newest number asked for was not given."""

    async def overdue(self, now: datetime, limit: int) -> list[Verification]:
        """Open ones whose every window has closed and that wait for no number."""

    async def prolong(self, seconds: float, now: datetime) -> list[int]:
        """Add time that nobody lived through to every window that was open before it; whose they are."""

    async def check_windows(self, after: int, limit: int) -> int:
        """Make it right when the windows of open ones close, should another version of the bot have given a number;
        of the next few after that id. The id at which to go on; 0 after the last."""

    async def nearest_window_end(self, after: datetime) -> datetime | None:
        """The first end after `after` of a window whose verification is not confirmed or given up; None: no such."""

    async def forget_phones(self, ended_before: datetime) -> None:
        """Drop the sealed phones of attempts that ended earlier."""
