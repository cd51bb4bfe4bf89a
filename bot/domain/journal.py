"""The events of the append-only journal, from which statistics are made. Names are stored: never reuse one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

APPROVED = "approved"
"""How somebody came into a gate's chat, the codes of MEMBER_CAME: an admin approved the request. The values are stored:
never reuse one."""
JOINED = "joined"
"""Without a request, where people have to ask."""
ADDED = "added"
"""Somebody else added them."""
ADDED_BY_MEMBER = "added_by_member"
"""A member who is no admin added them, where people have to ask."""
JOINED_FREELY = "joined_freely"
"""Without a request, where nobody has to ask."""
APPROVED_BY_BOT = "approved_by_bot"
"""Another bot approved the request."""
PAST_THE_GATE = (JOINED, ADDED_BY_MEMBER, APPROVED_BY_BOT)
"""Those by which people join past a gate where they have to ask."""


class Event(StrEnum):
    """What happened to a person, a gate or the gateway."""

    STARTED = "started"
    JOIN_ASKED = "join_asked"
    AT_ONCE = "at_once"
    """An applicant was admitted at once: verified before, admitted by an admin, or at a gate that needs no call."""
    APP_OFFERED = "app_offered"
    APP_OPENED = "app_opened"
    JOIN_REACHED = "join_reached"
    JOIN_NOT_REACHED = "join_not_reached"
    JOIN_EXPIRED = "join_expired"
    JOIN_DECLINED = "join_declined"
    CONTACT_TAKEN = "contact_taken"
    CONTACT_REFUSED = "contact_refused"
    NUMBER_ASKED = "number_asked"
    NUMBER_GIVEN = "number_given"
    """The first number of an attempt; further ones are ANOTHER_GIVEN."""
    ANOTHER_GIVEN = "another_given"
    NUMBER_REFUSED = "number_refused"
    LIMITED = "limited"
    CONFIRMED = "confirmed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    PHONE_TAKEN = "phone_taken"
    PHONE_FREED = "phone_freed"
    """An operator took a verified phone from its person, so that it can verify another account."""
    GRANT_DUE = "grant_due"
    GRANT_DONE = "grant_done"
    GRANT_GONE = "grant_gone"
    GRANT_FAILED = "grant_failed"
    GATE_ON = "gate_on"
    GATE_OFF = "gate_off"
    GATE_CHANGED = "gate_changed"
    GATE_MOVED = "gate_moved"
    MEMBER_CAME = "member_came"
    """Somebody joined a gate without having asked: by mute, by another link, or added by a member."""
    MUTED = "muted"
    EXEMPTED = "left_alone"
    """A newcomer was exempted: added by an admin, or one themselves."""
    GONE = "gone"
    REMOVED = "removed"
    HINDERED = "hindered"
    """A verified phone does not open this gate."""
    ALLOWED = "allowed"
    DECLINED_BY_ADMIN = "declined_by_hand"
    BLOCKED = "blocked"
    UNBLOCKED = "unblocked"
    REVOKED = "revoked"
    RESTORED = "restored"
    APPEALED = "appealed"
    RAID = "raid"
    RAID_OVER = "raid_over"
    ERASED = "erased"
    """Everything about somebody was deleted."""
    CALL_UNMATCHED = "call_unmatched"
    CALL_HINTED = "call_hinted"
    """Somebody learnt why a call of theirs may have confirmed nothing."""
    GATEWAY_PAUSED = "gateway_paused"
    WEBHOOK_DROPPED = "letter_lost"
    """The owner's own system did not accept an event, or an unrelated report, for days."""
    OPERATOR_ADDED = "operator_added"
    OPERATOR_REMOVED = "operator_removed"
    ANNOUNCED = "announced"
    FAILURE = "failure"


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One entry of the journal."""

    id: int
    at: datetime
    event: Event
    user_id: int | None
    gate_id: int | None
    code: str
    actor_id: int | None


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
    """One exported entry. `at` is in microseconds since 1970; `gate` is its title, `mask` that of the attempt's phone,
    both empty where there is none."""

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
