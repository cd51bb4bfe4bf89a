"""What the use cases need from outside, named by role. `storage`, `bot.gateway` and others fit these shapes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeVar

from bot.domain.breaker import Breaker
from bot.domain.delivery import ErrandDue, ErrandKind, GrantDue, Receipt, Urgency
from bot.domain.gate import Gate, Grant, GrantKind, GrantState, JoinRequest, RequestState
from bot.domain.gateway import EventSource, GatewayEvent, GatewayReason, NumberOffer
from bot.domain.journal import Event
from bot.domain.phone import Fingerprint, Phone
from bot.domain.screen import Face
from bot.domain.verification import Verification

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Person:
    """Someone the bot has met. `can_be_written` once they wrote to the bot and have not blocked it since."""

    user_id: int
    chat_id: int
    language: str
    can_be_written: bool


@dataclass(frozen=True, slots=True)
class VerifiedPhone:
    """The phone that verified a person."""

    user_id: int
    fingerprint: Fingerprint
    mask: str
    verification_id: int


@dataclass(frozen=True, slots=True)
class NumberAsk:
    """A call number somebody waits for, not given yet."""

    id: int
    verification: Verification
    sealed: bytes


@dataclass(frozen=True, slots=True)
class ScreenRow:
    """What should be shown to a person, and what was last shown."""

    user_id: int
    chat_id: int
    face: Face
    details: Mapping[str, str | int]
    revision: int
    message_id: int | None
    is_editable: bool
    is_fresh: bool
    shown_digest: str | None
    is_refresh: bool
    reach_until: datetime | None
    attempts: int


class PhoneRules(Protocol):
    """The world's numbering plan."""

    def parse(self, text: str) -> Phone | None:
        """The number in `text` (international, with or without `+`), or None when it cannot be one."""

    def parse_mobile(self, text: str) -> Phone | None:
        """Like `parse`, and None too when the number cannot be a mobile one."""


class NumberSpelling(Protocol):
    """How numbers are written for people."""

    def spelled(self, e164: str) -> str:
        """The number in groups; as it is when they are not known."""


class Vault(Protocol):
    """Keeps phone numbers unreadable without the installation's key."""

    def fingerprint(self, phone: Phone) -> Fingerprint: ...

    def seal(self, phone: Phone) -> bytes:
        """The number, encrypted."""

    def unseal(self, sealed: bytes) -> Phone | None:
        """The number; None when it was sealed with another key."""

    def digest(self, text: str) -> str:
        """A keyed digest of a text that may hold a phone number."""


class Randomness(Protocol):
    """Unguessable and merely unique names."""

    def token(self) -> str:
        """At least 128 unguessable bits, safe in a URL."""

    def error_id(self) -> str:
        """A short name by which a failure is found again."""


class NumberSource(Protocol):
    """The gateway, as far as numbers go. Raises `GatewayError`."""

    async def request_number(self, phone: Phone) -> NumberOffer: ...


class InboxSource(Protocol):
    """The gateway's list of what it received. Raises `GatewayError`."""

    async def read_inbox(self, after_id: int | None) -> list[GatewayEvent]: ...


class People(Protocol):
    """Everyone the bot has met."""

    async def meet(self, user_id: int, chat_id: int, language: str, now: datetime, *, wrote: bool) -> Person:
        """Keep (and lock, for this transaction) a person. `wrote`: they just wrote to the bot in private."""

    async def lock(self, user_id: int) -> Person | None:
        """The person, kept from other transactions until this one ends."""

    async def get_many(self, user_ids: Collection[int]) -> dict[int, Person]: ...

    async def lost(self, user_ids: Collection[int]) -> None:
        """These can no longer be written to."""


class VerifiedPhones(Protocol):
    """Which phone verified whom; one phone, one person."""

    async def of(self, user_id: int) -> VerifiedPhone | None: ...

    async def of_many(self, user_ids: Collection[int]) -> dict[int, VerifiedPhone]: ...

    async def owner(self, fingerprint: Fingerprint) -> int | None: ...

    async def add(self, phone: VerifiedPhone, region: str, now: datetime) -> None: ...


class Verifications(Protocol):
    """All attempts and their call numbers."""

    async def add(
        self, token: str, user_id: int, phone: Phone, fingerprint: Fingerprint, sealed: bytes, now: datetime
    ) -> Verification:
        """Open one, with its first number asked for."""

    async def get(self, verification_id: int) -> Verification | None: ...

    async def by_token(self, token: str) -> Verification | None: ...

    async def by_tokens(self, tokens: Collection[str]) -> list[Verification]: ...

    async def open_of(self, user_id: int) -> Verification | None: ...

    async def open_by_phone(self, fingerprint: Fingerprint) -> Verification | None: ...

    async def latest_of_many(self, user_ids: Collection[int]) -> dict[int, Verification]: ...

    async def unconfirmed_by_phone(self, fingerprint: Fingerprint, since: datetime) -> list[Verification]:
        """Open or expired ones opened after `since`, newest first."""

    async def save(self, verification: Verification) -> None:
        """Write its state. Confirmed and cancelled ones lose their sealed phone at once."""

    async def sealed(self, verification_id: int) -> bytes | None: ...

    async def ask_number(self, verification: Verification, now: datetime) -> None: ...

    async def asked_since(self, user_id: int, fingerprint: Fingerprint, since: datetime) -> list[datetime]:
        """When this person or this phone asked for numbers that count for the limits."""

    async def due_asks(self, now: datetime, limit: int, busy: Collection[int]) -> list[NumberAsk]: ...

    async def give_number(
        self,
        ask_id: int,
        offer: NumberOffer,
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

    async def nearest_window_end(self, after: datetime) -> datetime | None:
        """The first end after `after` of a window whose verification is not confirmed or given up; None: no such."""

    async def forget_phones(self, ended_before: datetime) -> None:
        """Drop the sealed phones of attempts that ended earlier."""


class Gates(Protocol):
    """The chats guarded."""

    async def get(self, chat_id: int) -> Gate | None: ...

    async def save(self, gate: Gate, now: datetime, added_by: int | None = None) -> None: ...


class JoinRequests(Protocol):
    """Who asked to enter which gate."""

    async def keep(self, request: JoinRequest) -> None:
        """Keep a new request, in place of an older one of the same person at the same gate."""

    async def get(self, gate_id: int, user_id: int) -> JoinRequest | None: ...

    async def waiting_of_many(self, user_ids: Collection[int]) -> dict[int, list[tuple[JoinRequest, Gate]]]: ...

    async def set_state(self, gate_id: int, user_id: int, state: RequestState, now: datetime) -> None: ...

    async def forget_query(self, gate_id: int, user_id: int) -> None:
        """Telegram no longer waits for a word about this request."""

    async def reached(self, user_ids: Collection[int], *, reached: bool) -> list[tuple[int, int]]:
        """Note whether these persons could be told of their pending requests; gate and person where that was news."""

    async def waiting_though_verified(self, limit: int) -> list[JoinRequest]: ...

    async def overdue(self, now: datetime, limit: int) -> list[tuple[JoinRequest, Gate]]:
        """Waiting past their deadline at gates that are on, their person not in a call window."""

    async def decline_overdue(self, gate_id: int, user_id: int, now: datetime) -> bool:
        """Decline a request if it still waits past its deadline; whether it did."""

    async def give_chance(self, gate_id: int, deadline_at: datetime) -> None:
        """No waiting request of this gate ends before `deadline_at`."""

    async def prolong(self, seconds: float) -> None:
        """Add an outage to the deadline of all that wait."""


class Grants(Protocol):
    """What confirmed persons are given."""

    async def owe(
        self, gate_id: int, user_id: int, kind: GrantKind, verification_id: int, now: datetime, *, told: bool
    ) -> None:
        """Make it due, also when it was made, or failed, before."""

    async def of_many(self, user_ids: Collection[int]) -> dict[int, list[tuple[Grant, Gate]]]:
        """The newest few of each person, newest first."""

    async def due(self, now: datetime, limit: int, busy: Collection[tuple[int, int]]) -> list[GrantDue]: ...

    async def settle(self, grant: GrantDue, state: GrantState, now: datetime, error: str) -> bool | None:
        """Note the outcome; whether it belongs on the person's screen. None: it is owed anew meanwhile."""

    async def retry(self, grant: GrantDue, due_at: datetime, error: str) -> None: ...

    async def owe_again(self, now: datetime, *, user_id: int | None = None, gate_id: int | None = None) -> int:
        """Make those due again that failed for good, or for too many chats; how many."""


class Errands(Protocol):
    """One-off deliveries."""

    async def add(
        self,
        kind: ErrandKind,
        chat_id: int,
        details: Mapping[str, str | int],
        now: datetime,
        *,
        key: str | None = None,
        expires_at: datetime | None = None,
    ) -> None:
        """Put it in the queue. A `key` that is there already, done or not, makes it a repeat: nothing is added."""

    async def due(self, now: datetime, limit: int, busy: Collection[int], urgency: Urgency) -> list[ErrandDue]:
        """Those of one urgency."""

    async def done(self, errand_ids: Sequence[int], now: datetime) -> None: ...

    async def drop(self, now: datetime, *, done_before: datetime) -> None:
        """Give up those past their time, and forget those done long ago."""

    async def retry(self, errand_id: int, due_at: datetime, error: str) -> None: ...


class Screens(Protocol):
    """What each person should see."""

    async def show(
        self,
        user_id: int,
        chat_id: int,
        face: Face,
        now: datetime,
        *,
        details: Mapping[str, str | int] | None = None,
        fresh: bool = False,
        acted: bool = True,
        after: float = 0.0,
        reach_until: datetime | None = None,
    ) -> None:
        """Show `face`. `fresh`: as a new message. `acted`: the person waits for it. `after`: seconds to rest."""

    async def touch(self, user_ids: Collection[int], now: datetime, *, acted: bool = True) -> None:
        """What these persons' screens tell has changed. `acted`: they wait for it."""

    async def postpone(self, user_id: int, until: datetime) -> None:
        """What was not asked for by the person is drawn no sooner than this, if it is not drawn yet."""

    async def hurry(self, user_id: int, now: datetime) -> None:
        """What rests is drawn now, if it is not drawn yet."""

    async def wanted(self, user_id: int) -> tuple[Face, Mapping[str, str | int]] | None:
        """What this person should see, and its details; None when nothing was ever shown."""

    async def limited_until(self, user_ids: Collection[int]) -> dict[int, datetime]:
        """When the next try opens, or opened, for those of these persons whose screen says so."""

    async def due(self, now: datetime, limit: int, busy: Collection[int]) -> list[ScreenRow]: ...

    async def drawn(self, receipt: Receipt, refresh_at: datetime | None) -> bool:
        """The screen was shown; whether that is still what should be shown."""

    async def retry(self, user_id: int, revision: int, due_at: datetime) -> None:
        """Draw it later, unless it has changed meanwhile and is drawn anew at once."""

    async def give_up(self, user_id: int, revision: int) -> None:
        """This state of the screen cannot be shown."""


class GatewayEvents(Protocol):
    """All that the gateway reported."""

    async def keep(
        self, event: GatewayEvent, digest: str, fingerprint: Fingerprint | None, mask: str, now: datetime
    ) -> int | None:
        """Keep an event; its id, or None when it was kept before."""

    async def forget_foreign(self, before: datetime) -> None:
        """Delete what was received earlier and is no call."""

    async def used_for(self, event_id: int, verification_id: int) -> None: ...

    async def pair_with_twin(
        self, event_id: int, fingerprint: Fingerprint, source: EventSource, since: datetime
    ) -> bool:
        """Whether a call of this phone, reported by the other source, is the same one; then they are paired."""


class GatewayState(Protocol):
    """The breaker and the place reached in the inbox."""

    async def breaker(self) -> Breaker: ...

    async def set_breaker(self, breaker: Breaker) -> None: ...

    async def inbox_cursor(self) -> tuple[int | None, datetime | None]:
        """The newest entry read, and when."""

    async def set_inbox_cursor(self, entry_id: int, read_at: datetime) -> None: ...

    async def alive(self, now: datetime) -> datetime | None:
        """Note that the bot is alive; when it last was."""


class Journal(Protocol):
    """The append-only record."""

    def add(
        self,
        event: Event,
        now: datetime,
        *,
        user_id: int | None = None,
        gate_id: int | None = None,
        verification_id: int | None = None,
        code: str = "",
    ) -> None: ...

    async def newest(self) -> int:
        """The id of the newest entry; 0 when there is none."""

    async def since(self, entry_id: int, limit: int) -> list[tuple[int, int | None]]:
        """Id and person of the entries after this one, oldest first."""


class Seen(Protocol):
    """Updates already handled."""

    async def mark(self, update_ids: Sequence[int], now: datetime) -> set[int]:
        """Mark them; those that were new."""

    async def forget(self, before: datetime) -> None: ...


class Claim(StrEnum):
    """What came of claiming a launch."""

    NEW = "new"
    AGAIN = "again"
    """By the same page."""
    TAKEN = "taken"
    """By another page: a replay."""


class Launches(Protocol):
    """Launches of the Mini App that were used."""

    async def claim(self, digest: str, nonce: str, now: datetime) -> Claim:
        """Use a launch, known by its digest, for the page that made up `nonce`."""

    async def forget(self, before: datetime) -> None: ...


class Store(Protocol):
    """Everything kept, within one transaction."""

    @property
    def people(self) -> People: ...
    @property
    def phones(self) -> VerifiedPhones: ...
    @property
    def verifications(self) -> Verifications: ...
    @property
    def gates(self) -> Gates: ...
    @property
    def requests(self) -> JoinRequests: ...
    @property
    def grants(self) -> Grants: ...
    @property
    def errands(self) -> Errands: ...
    @property
    def screens(self) -> Screens: ...
    @property
    def events(self) -> GatewayEvents: ...
    @property
    def gateway(self) -> GatewayState: ...
    @property
    def journal(self) -> Journal: ...
    @property
    def launches(self) -> Launches: ...
    @property
    def seen(self) -> Seen: ...


class StorageUnavailableError(Exception):
    """A transaction could not be kept; trying again later may help."""


class Transactions(Protocol):
    """Runs work in transactions. All of a work's writes are kept, or none."""

    async def transact(self, work: Callable[[Store], Awaitable[T]]) -> T:
        """Run `work` and commit. It may be run more than once, so it talks to nobody but the store.

        Raises what `work` raises, and StorageUnavailableError when its writes are not kept.
        """
