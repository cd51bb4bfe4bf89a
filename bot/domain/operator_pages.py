"""What operators see of people at all gates. Names are stored and stand in old buttons: never reuse one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.admin_actions import AdminActionKind
from bot.domain.journal import Event
from bot.domain.people_pages import HistoryEntry, MemberCard, Stage
from bot.domain.phone import NumberKind

INSIDE = frozenset(
    {
        Event.ANNOUNCED,
        Event.APP_OFFERED,
        Event.AT_ONCE,
        Event.ERASED,
        Event.FAILURE,
        Event.GRANT_DUE,
        Event.JOIN_REACHED,
        Event.WEBHOOK_DROPPED,
        Event.NUMBER_ASKED,
    }
)
"""Internal events, and those about nobody in particular; a person's page shows failures separately."""
HISTORY = frozenset(Event) - INSIDE
ENDS = frozenset(
    {
        Event.CONFIRMED,
        Event.EXPIRED,
        Event.CANCELLED,
        Event.CONTACT_REFUSED,
        Event.NUMBER_REFUSED,
        Event.PHONE_TAKEN,
        Event.PHONE_FREED,
        Event.HINDERED,
        Event.GRANT_DONE,
        Event.GRANT_FAILED,
        Event.JOIN_EXPIRED,
        Event.DECLINED_BY_ADMIN,
        Event.ALLOWED,
        Event.BLOCKED,
        Event.UNBLOCKED,
        Event.REVOKED,
        Event.RESTORED,
        Event.REMOVED,
    }
)
"""Outcomes of verifications, and decisions."""


class OperatorPage(StrEnum):
    """A page that operators see."""

    RECENT = "recent"
    FOUND = "found"
    """The result of a search: several people, or why there is nobody."""
    PERSON = "person"
    GATES = "gates"
    """The question at which gate to act."""
    CONFIRM = "confirm"


AT_A_GATE = (
    AdminActionKind.LET_IN,
    AdminActionKind.DECLINE,
    AdminActionKind.REVOKE,
    AdminActionKind.RESTORE,
    AdminActionKind.BLOCK,
    AdminActionKind.UNBLOCK,
)
"""Actions at a gate, as its admins do them."""
EVERYWHERE = frozenset({AdminActionKind.REVOKE, AdminActionKind.BLOCK, AdminActionKind.UNBLOCK})
"""Actions for all gates at once."""
TO_STRANGERS = frozenset({AdminActionKind.LET_IN, AdminActionKind.BLOCK})
"""Actions at a gate that the person has nothing to do with."""


@dataclass(frozen=True, slots=True)
class RecentEntry:
    """An event in a person's history. `gate` is its title, empty if it happened at none."""

    user_id: int
    name: str
    mask: str
    what: HistoryEntry


@dataclass(frozen=True, slots=True)
class Recent:
    """What happened lately, newest first. `newer` and `older`: the journal entries where those pages begin, or None."""

    entries: tuple[RecentEntry, ...]
    newer: int | None = None
    older: int | None = None


@dataclass(frozen=True, slots=True)
class FoundPerson:
    """A search result; `mask` and `verified_at` are those of their verified phone."""

    user_id: int
    name: str
    mask: str = ""
    verified_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A page of search results."""

    people: tuple[FoundPerson, ...]
    page: int
    pages: int
    total: int
    first: int = 1
    """The number of the first one on this page."""


class NoResultsReason(StrEnum):
    """Why nobody was found."""

    NOTHING_ASKED = "nothing_asked"
    NOT_UNDERSTOOD = "not_understood"
    """Neither an id nor a name nor a phone number."""
    UNREADABLE = "unreadable"
    """It looks like a phone number and is not one."""
    ID = "id"
    NAME = "name"
    PHONE = "phone"
    NUMBER = "number"
    """Neither an id nor a phone number matches these digits."""


@dataclass(frozen=True, slots=True)
class NoResults:
    """There is nobody to show. `said`: the toast for what the reader has just done. `looked_for`: the phones that the
    bot searched for, masked and with their countries."""

    why: NoResultsReason
    said: str = ""
    looked_for: tuple[str, ...] = ()


class StuckItemKind(StrEnum):
    """A grant or task that is still unfinished for a person."""

    GRANT_DUE = "grant_due"
    GRANT_FAILED = "grant_failed"
    TOO_MANY_CHATS = "too_many_chats"
    TASK_DUE = "task_due"
    FAILURE = "failure"
    """An unforeseen failure, or a rejection by Telegram; `error` is its id, or the message."""


@dataclass(frozen=True, slots=True)
class StuckItem:
    """One undone thing: `what` (the kind of grant or task), at which gate, how often it was tried, the last error."""

    kind: StuckItemKind
    at: datetime | None
    gate: str = ""
    what: str = ""
    attempts: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True)
class KnownPhone:
    """The visible part of a phone: the verified one, with when that was and its account number among those it verified;
    else that of the newest attempt."""

    mask: str
    region: str
    kind: NumberKind
    rank: int = 0
    verified_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PersonCard:
    """One person at all gates.

    `can_be_written` is None for somebody who never met the bot. `stage`: how far their attempt got, where that is
    shown. `gates`: those where they have anything. `possible`: the actions that are possible now. `page` is one of
    `history`: 0 has the newest, which stands last. `said`: the toast for what the reader has just done.
    """

    user_id: int
    name: str
    can_be_written: bool | None = None
    phone: KnownPhone | None = None
    stage: Stage | None = None
    why: str = ""
    until: datetime | None = None
    gates: tuple[MemberCard, ...] = ()
    troubles: tuple[StuckItem, ...] = ()
    history: tuple[HistoryEntry, ...] = ()
    page: int = 0
    has_older: bool = False
    possible: tuple[AdminActionKind, ...] = ()
    said: str = ""


@dataclass(frozen=True, slots=True)
class GatesToActAt:
    """At which gate: a page of those where `act` is possible for a person."""

    user_id: int
    name: str
    act: AdminActionKind
    gates: tuple[tuple[int, str], ...]
    page: int
    pages: int
    total: int

    @property
    def everywhere(self) -> bool:
        """Whether it is possible at all of them together."""
        return self.act in EVERYWHERE and self.total > 1


@dataclass(frozen=True, slots=True)
class Confirmation:
    """The question whether to go on.

    `gates`: the titles of the gates concerned; `gate_id`: which one that is, 0 for all of them or for what is done at
    none. `mask` is that of the phone that would be free, `others` how many other accounts it has verified.
    """

    user_id: int
    name: str
    act: AdminActionKind
    gates: tuple[str, ...] = ()
    gate_id: int = 0
    mask: str = ""
    others: int = 0


OperatorView = Recent | Found | NoResults | PersonCard | GatesToActAt | Confirmation
