"""What the use cases need from outside, named by role. `storage`, `bot.gateway` and others fit these shapes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol, TypeVar

from bot.domain.breaker import CircuitBreaker
from bot.domain.gateway import AssignedNumber, EventSource, GatewayEvent
from bot.domain.journal import Event
from bot.domain.phone import Fingerprint, Phone
from bot.domain.statistics import Granularity, Period, Rollup
from bot.domain.verification import Call, Verification
from bot.usecases.ports_delivery import DueTimes, Screens, Tasks
from bot.usecases.ports_gates import Admins, Appeals, Gates, Grants, JoinRequests, Overrides
from bot.usecases.ports_installation import AddedOperators, Announcements
from bot.usecases.ports_people import People, Verifications, VerifiedPhones
from bot.usecases.ports_personal import Erasures, PersonalData
from bot.usecases.ports_raids import MassDeclines, Raids
from bot.usecases.ports_watch import Incidents, MonitoringQueries, Outbox

T = TypeVar("T")


class PhoneRules(Protocol):
    """The world's numbering plan."""

    def parse(self, text: str) -> Phone | None:
        """The number in `text` (international, with or without `+`), or None when it cannot be one."""

    def readings(self, text: str, regions: Collection[str] = ()) -> tuple[Phone, ...]:
        """Every number that `text` may be: first as people write it within these countries (those of the installation
        when none are named), then with the code of its country. None of them twice."""

    def parse_mobile(self, text: str) -> Phone | None:
        """Like `parse`, and None too when the number cannot be a mobile one."""


class NumberSpelling(Protocol):
    """How numbers are written for people."""

    def spelled(self, e164: str) -> str:
        """The number in groups; as it is when they are not known."""


class PhoneCipher(Protocol):
    """Keeps phone numbers unreadable without the installation's key."""

    def fingerprint(self, phone: Phone) -> Fingerprint: ...

    def seal(self, phone: Phone, token: str) -> bytes:
        """The number, encrypted and bound to the verification that has this token."""

    def unseal(self, sealed: bytes, token: str) -> Phone | None:
        """The number; None when it was sealed with another key, or for another verification."""

    def username_digest(self, username: str) -> str:
        """A keyed digest of a user name, in small letters."""

    def report_digest(self, identity: str) -> str:
        """A keyed digest of what tells one report of the gateway from others; it may hold a phone number."""

    def earlier_digest(self, text: str) -> str:
        """The digest that versions made of either which had one key for all; rows of theirs still have it."""

    def seal_bytes(self, plain: bytes) -> bytes:
        """What may hold phone numbers, encrypted."""

    def unseal_bytes(self, sealed: bytes) -> bytes | None:
        """What was sealed; None when that was done with another key."""


class TokenGenerator(Protocol):
    """Unguessable and merely unique names."""

    def token(self) -> str:
        """At least 128 unguessable bits, safe in a URL."""

    def error_id(self) -> str:
        """A short name by which a failure is found again."""


class NumberSource(Protocol):
    """The gateway, as far as numbers go. Raises `GatewayError`."""

    async def request_number(self, phone: Phone) -> AssignedNumber: ...


class InboxSource(Protocol):
    """The gateway's list of what it received. Raises `GatewayError`."""

    async def read_inbox(self, after_id: int | None) -> list[GatewayEvent]: ...


@dataclass(frozen=True, slots=True)
class HeardCall:
    """A call that was kept, with its number as it arrived. `inbox_id`: of its entry in the gateway's inbox."""

    event_id: int
    call: Call
    inbox_id: int | None


class GatewayEvents(Protocol):
    """All that the gateway reported."""

    async def keep(
        self, event: GatewayEvent, digest: str, fingerprint: Fingerprint | None, mask: str, now: datetime
    ) -> int | None:
        """Keep an event; its id, or None when it was kept before."""

    async def keep_many(self, events: Collection[NewGatewayEvent], now: datetime) -> set[str]:
        """Keep events that need nothing more, by one statement; the digests of those that were not kept before."""

    async def kept(self, digests: Collection[str]) -> set[str]:
        """Those of these digests with which there is an event."""

    async def is_kept(self, digest: str) -> bool:
        """Whether there is an event with this digest."""

    async def forget_foreign(self, before: datetime) -> None:
        """Delete what was received earlier and is no call."""

    async def unused_calls(self, fingerprint: Fingerprint, since: datetime) -> list[HeardCall]:
        """The calls of this phone that were received since then and confirmed nothing, oldest first."""

    async def used_for(self, event_id: int, verification_id: int) -> None: ...

    async def pair_with_twin(
        self, event_id: int, fingerprint: Fingerprint, source: EventSource, since: datetime
    ) -> bool:
        """Whether a call of this phone, reported by the other source, is the same one; then they are paired."""


class GatewayState(Protocol):
    """The breaker and the place reached in the inbox."""

    async def breaker(self) -> CircuitBreaker: ...

    async def set_breaker(self, breaker: CircuitBreaker) -> None: ...

    async def inbox_cursor(self) -> tuple[int | None, datetime | None]:
        """The newest entry read, and when."""

    async def set_inbox_cursor(self, entry_id: int, read_at: datetime | None) -> None:
        """How far the inbox was taken. `read_at`: when it was read to its end; None while something is left of it."""

    async def alive(self, now: datetime) -> datetime | None:
        """Note that the bot is alive; when it last was."""

    async def probe(self) -> None:
        """Write to the database, and change nothing."""

    async def alive_at(self) -> datetime | None:
        """When the process that leads last noted that it is alive."""


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One line of the record."""

    id: int
    at: datetime
    event: Event
    user_id: int | None
    gate_id: int | None
    code: str
    actor_id: int | None


@dataclass(frozen=True, slots=True)
class NewGatewayEvent:
    """An event to be kept: by what it is known when it comes again, and whose phone it names, masked."""

    event: GatewayEvent
    digest: str
    fingerprint: Fingerprint | None
    mask: str


@dataclass(frozen=True, slots=True)
class UnreadableRow:
    """A row that this version cannot decode or use: where it is, and what its decoding raised."""

    table: str
    key: tuple[int | str, ...]
    """Its primary key; of a screen the revision too."""
    error: str
    cause: Exception | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class NewEntry:
    """An entry that this transaction adds. `took`: seconds."""

    event: Event
    at: datetime
    user_id: int | None = None
    gate_id: int | None = None
    verification_id: int | None = None
    code: str = ""
    actor_id: int | None = None
    region: str = ""
    took: float | None = None


@dataclass(frozen=True, slots=True)
class JournalRow:
    """One line of the record as it is exported. `at` is in microseconds since 1970; `gate` is its title, `mask` that
    of the attempt's phone, both empty where there is none."""

    id: int
    at: int
    event: str
    user_id: int | None
    gate_id: int | None
    gate: str
    verification_id: int | None
    mask: str
    region: str
    code: str
    took_ms: int | None
    actor_id: int | None


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
        actor_id: int | None = None,
    ) -> None:
        """`actor_id`: the admin who did it."""

    def about(
        self, event: Event, now: datetime, verification: Verification, *, code: str = "", took: float | None = None
    ) -> None:
        """The same for what happened to an attempt: its person, gate and country are noted with it. `took`: seconds."""

    async def of(self, gate_id: int, user_id: int, limit: int) -> list[JournalEntry]:
        """What happened to a person at a gate, or at none in particular, newest first."""

    async def of_person(
        self, user_id: int, events: Collection[Event], limit: int, offset: int = 0
    ) -> list[JournalEntry]:
        """Those of these events that happened to a person anywhere, newest first."""

    async def lately(
        self, events: Collection[Event], limit: int, *, before: int | None = None, after: int | None = None
    ) -> list[JournalEntry]:
        """Those of these events that happened to anybody anywhere, newest first. `before`: only earlier ones than this
        entry; `after`: the first ones that came after it."""

    async def links_made(self, gate_id: int, user_id: int, since: datetime) -> list[datetime]:
        """When invite links were made for this person at this gate, oldest first."""

    async def came_round(self, gate_id: int, since: datetime) -> int:
        """How many have come past a gate since then, in whichever way."""

    async def has_come(self, gate_id: int, how: str, since: datetime) -> bool:
        """Whether anybody joined a gate's chat in this way since then; see MEMBER_CAME. What the transaction itself
        adds does not count."""

    async def count(self, period: Period, most: int) -> int:
        """How many entries a period has; no further than `most` are counted."""

    async def page(self, period: Period, after: JournalRow | None, limit: int) -> list[JournalRow]:
        """The entries of a period that come next, oldest first."""

    async def newest(self) -> int:
        """The id of the newest entry; 0 when there is none."""

    async def since(self, entry_id: int, limit: int) -> list[tuple[int, int | None]]:
        """Id and person of the entries after this one, oldest first."""


class Rollups(Protocol):
    """What the journal adds up to. Entries before `rolled_until` are in the sums, later ones are not yet."""

    async def rolled_until(self) -> datetime | None: ...

    async def roll(self, until: datetime) -> int:
        """Add the entries of before `until` that are not in yet; how many those were."""

    async def oldest_unrolled(self) -> datetime | None:
        """When the first entry was made that is not in yet."""

    async def read(self, period: Period, gate_id: int | None, grain: Granularity) -> dict[Rollup, int]:
        """The sums of a period, with what is not rolled yet: of one gate, or of all and each (None). Spans are told
        apart where the totals of what was asked for are, and else added up, as span 0."""


class Retention(Protocol):
    """Deleting what is old: at most `limit` rows at once, the oldest first; how many those were."""

    async def forget_journal(self, before: datetime, limit: int) -> int: ...

    async def forget_calls(self, before: datetime, limit: int) -> int: ...

    async def forget_attempts(self, before: datetime, limit: int) -> int:
        """Those that ended earlier, with their numbers, but for those by which somebody is verified now."""

    async def forget_requests(self, before: datetime, limit: int) -> int:
        """Those decided earlier that came to nothing."""

    async def forget_grants(self, before: datetime, limit: int) -> int:
        """Those owed earlier that are granted no more."""

    async def forget_appeals(self, before: datetime, limit: int) -> int: ...


class ProcessedUpdates(Protocol):
    """Updates already handled."""

    async def mark(self, update_ids: Sequence[int], now: datetime) -> set[int]:
        """Mark them; those that were new."""

    async def newest(self) -> datetime | None:
        """When the last one was handled, by any process; None when none was lately."""

    async def forget(self, before: datetime) -> None: ...


class Claim(StrEnum):
    """What came of claiming a launch."""

    NEW = "new"
    AGAIN = "again"
    """By the same page."""
    TAKEN = "taken"
    """By another page: a replay."""


class UsedInitData(Protocol):
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
    def overrides(self) -> Overrides: ...
    @property
    def appeals(self) -> Appeals: ...
    @property
    def admins(self) -> Admins: ...
    @property
    def raids(self) -> Raids: ...
    @property
    def mass_declines(self) -> MassDeclines: ...
    @property
    def erasures(self) -> Erasures: ...
    @property
    def personal(self) -> PersonalData: ...
    @property
    def tasks(self) -> Tasks: ...
    @property
    def screens(self) -> Screens: ...
    @property
    def events(self) -> GatewayEvents: ...
    @property
    def gateway(self) -> GatewayState: ...
    @property
    def journal(self) -> Journal: ...
    @property
    def sums(self) -> Rollups: ...
    @property
    def retention(self) -> Retention: ...
    @property
    def used_init_data(self) -> UsedInitData: ...
    @property
    def seen(self) -> ProcessedUpdates: ...
    @property
    def incidents(self) -> Incidents: ...
    @property
    def outbox(self) -> Outbox: ...
    @property
    def monitoring(self) -> MonitoringQueries: ...
    @property
    def operators(self) -> AddedOperators: ...
    @property
    def announcements(self) -> Announcements: ...

    def note_unreadable(self, row: UnreadableRow) -> None:
        """At the end of the transaction it is set aside, and operators are told."""

    async def take_out(self, row: UnreadableRow, now: datetime) -> bool | None:
        """Have nobody find this row due any more. False: somebody did it before. None: nothing looks for such rows
        again and again, so it stays."""

    async def attempt(self, work: Callable[[], Awaitable[T]]) -> tuple[T | None, Exception | None]:
        """What `work` returns; or what it raises, and then none of its writes is kept. Raises what is no fault of
        `work`'s, such as a database that is gone."""

    async def pull_back(self, now: datetime, call_window: timedelta) -> None:
        """The clock was ahead, and is right again: what lies further ahead than its own longest pause is due now, what
        ends later than it may ends after its longest time, and nothing has happened later than now."""

    async def due_times(self) -> DueTimes:
        """When the first delivery of each sort is due, be it under way or not."""


class StorageUnavailableError(Exception):
    """A transaction could not be kept; trying again later may help."""


class LeadershipLostError(StorageUnavailableError):
    """Another process leads: what this one would have kept as the leader is the other's to do."""


class Transactions(Protocol):
    """Runs work in transactions. All of a work's writes are kept, or none."""

    async def transact(self, work: Callable[[Store], Awaitable[T]]) -> T:
        """Run `work` and commit. It may be run more than once, so it talks to nobody but the store.

        Raises what `work` raises, and StorageUnavailableError when its writes are not kept.
        """
