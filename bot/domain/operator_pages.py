"""What operators see of people, at all gates together. Names are stored and stand in old buttons: never reuse one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.journal import Event
from bot.domain.panel import AdminActionKind
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
"""What happens inside, or to nobody in particular; of failures a person's page tells by itself."""
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
"""What became of verifications, and what was decided."""


class OperatorPage(StrEnum):
    """A page that operators see."""

    RECENT = "recent"
    FOUND = "found"
    """Who was looked for, where that may be several; or why there is nobody."""
    PERSON = "person"
    GATES = "gates"
    """The question at which gate something is to be done."""
    CONFIRM = "confirm"


AT_A_GATE = (
    AdminActionKind.LET_IN,
    AdminActionKind.DECLINE,
    AdminActionKind.REVOKE,
    AdminActionKind.RESTORE,
    AdminActionKind.BLOCK,
    AdminActionKind.UNBLOCK,
)
"""What is done at a gate, as its admins do it."""
EVERYWHERE = frozenset({AdminActionKind.REVOKE, AdminActionKind.BLOCK, AdminActionKind.UNBLOCK})
"""What can be done at all gates together."""
TO_STRANGERS = frozenset({AdminActionKind.LET_IN, AdminActionKind.BLOCK})
"""What can be done at a gate of which the person has nothing."""


@dataclass(frozen=True, slots=True)
class RecentEntry:
    """What became of somebody. `gate` is its title, empty where it was at none."""

    user_id: int
    name: str
    mask: str
    what: HistoryEntry


@dataclass(frozen=True, slots=True)
class Recent:
    """What happened lately, newest first. `newer` and `older`: the entries of the journal from which those pages go on;
    None where there is nothing."""

    entries: tuple[RecentEntry, ...]
    newer: int | None = None
    older: int | None = None


@dataclass(frozen=True, slots=True)
class FoundPerson:
    """Somebody who was found; `mask` and `verified_at` are those of their verified phone."""

    user_id: int
    name: str
    mask: str = ""
    verified_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A page of those who were found."""

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
    """What looks like a phone number is none."""
    ID = "id"
    NAME = "name"
    PHONE = "phone"
    NUMBER = "number"
    """Neither the id nor the phone that these digits could be."""


@dataclass(frozen=True, slots=True)
class NoResults:
    """There is nobody to be told of. `said`: the toast for what the reader has just done. `looked_for`: the phones that
    were looked for, masked and with their countries."""

    why: NoResultsReason
    said: str = ""
    looked_for: tuple[str, ...] = ()


class StuckItemKind(StrEnum):
    """What is not done about a person."""

    GRANT_DUE = "grant_due"
    GRANT_FAILED = "grant_failed"
    TOO_MANY_CHATS = "too_many_chats"
    TASK_DUE = "task_due"
    FAILURE = "failure"
    """Something nobody foresaw, or that Telegram refused; `error` is its id, or what was said."""


@dataclass(frozen=True, slots=True)
class StuckItem:
    """One thing that is not done: `what` (the kind of grant or task) and at which gate, how often it was tried, and
    what was said last."""

    kind: StuckItemKind
    at: datetime | None
    gate: str = ""
    what: str = ""
    attempts: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True)
class KnownPhone:
    """A phone as far as it may be told: the verified one, with when that was and the how manieth account it verified;
    else that of the newest attempt."""

    mask: str
    region: str
    kind: NumberKind
    rank: int = 0
    verified_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PersonCard:
    """One person at all gates.

    `can_be_written` is None of who never met the bot. `stage`: how far their attempt got, where that is to be told.
    `gates`: those where there is anything of theirs. `possible`: what can be done about them now. `page` is one of
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
    """At which gate: a page of those where `act` can be done about a person."""

    user_id: int
    name: str
    act: AdminActionKind
    gates: tuple[tuple[int, str], ...]
    page: int
    pages: int
    total: int

    @property
    def everywhere(self) -> bool:
        """Whether it can be done at all of them together."""
        return self.act in EVERYWHERE and self.total > 1


@dataclass(frozen=True, slots=True)
class Confirmation:
    """The question whether it is really meant.

    `gates`: the titles of those where it would be done; `gate_id`: which one that is, 0 for all of them or for what is
    done at none. `mask` is that of the phone that would be free, `others` how many other accounts it has verified.
    """

    user_id: int
    name: str
    act: AdminActionKind
    gates: tuple[str, ...] = ()
    gate_id: int = 0
    mask: str = ""
    others: int = 0


OperatorView = Recent | Found | NoResults | PersonCard | GatesToActAt | Confirmation
