"""What a person can see. A screen names the state; the renderer chooses the words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.admin_actions import PanelView
from bot.domain.gate_settings import EntryMode
from bot.domain.gates import GrantKind, GrantState, Ineligibility
from bot.domain.gateway import GatewayReason
from bot.domain.operator_pages import OperatorView
from bot.domain.operators import InstallationView
from bot.domain.people import DeletionScreen
from bot.domain.people_pages import PeopleView
from bot.domain.phone import ContactRefusal

REFRESHED_BEFORE_END = (
    timedelta(minutes=5),
    timedelta(minutes=2),
    timedelta(minutes=1),
    timedelta(seconds=30),
)
"""The times before the end of a window at which the screen is refreshed."""


class ScreenName(StrEnum):
    """Which screen a person should see. PROGRESS follows their verification."""

    WELCOME = "welcome"
    PROGRESS = "progress"
    HELP = "help"
    PRIVACY = "privacy"
    CONTACT_REFUSED = "contact_refused"
    LIMITED = "limited"
    DEADLINE = "deadline"
    DECIDED = "decided"
    """An admin's decision about them."""
    DELETE_ME = "delete_me"
    """What an erasure would delete, and a button to do it."""
    ERASE = "erase"
    """For operators: the same about somebody else."""
    GATES = "gates"
    """For admins: the gates they administer."""
    GATE = "gate"
    """For admins: a page of a gate's panel."""
    OPERATOR = "operator"
    """For operators: who did what lately, and one person at all gates."""
    INSTALLATION = "installation"
    """For operators: operators, all gates, announcements."""


class Appeal(StrEnum):
    """Whether the person can appeal to the admins."""

    NONE = "none"
    """They wait nowhere, or have not tried yet."""
    CAN_ASK = "can_ask"
    ASKED = "asked"
    """They have asked today; the admins have not decided."""


class Outcome(StrEnum):
    """An admin's decision, as the person sees it."""

    LET_IN = "let_in"
    DECLINED = "declined"
    REVOKED = "revoked"
    """They were removed, and may return once they verify again."""


@dataclass(frozen=True, slots=True)
class Welcome:
    """The invitation to share one's contact; `refusal` says why the last one was rejected. `is_known`: they are
    verified, and a gate wants a newer call."""

    gates: tuple[str, ...] = ()
    refusal: ContactRefusal | None = None
    is_known: bool = False
    appeal: Appeal = Appeal.NONE


@dataclass(frozen=True, slots=True)
class Asking:
    """The bot is requesting a number from the gateway."""

    verification_id: int


class CallHint(StrEnum):
    """Why a call that arrived may have confirmed nothing."""

    OTHER_NUMBER = "other_number"
    HIDDEN = "hidden"
    OTHER_CALLED = "other_called"
    """It came from the person's phone, and went to another number."""
    OTHER_TIME = "other_time"
    """It came from the person's phone, with a time at which it does not count."""
    UNCLEAR = "unclear"
    """The caller is unknown: several people wait on the number that was called, or the number was not reported."""


@dataclass(frozen=True, slots=True)
class NumberShown:
    """The call number, and until when it may be called.

    `left` is the last refresh moment passed, if any; `no_other` why another number was not given; `no_other_until` when
    the limits allow the next one. `hint` explains a call that confirmed nothing, `digits` how its number ends;
    `hint_at` is when there will be such a hint.
    """

    verification_id: int
    token: str
    number: str
    mask: str
    window_ends_at: datetime
    left: timedelta | None
    is_asking_another: bool
    no_other: GatewayReason | None
    no_other_until: datetime | None
    hint: CallHint | None = None
    digits: str = ""
    hint_at: datetime | None = None
    appeal: Appeal = Appeal.NONE


@dataclass(frozen=True, slots=True)
class Granted:
    """One line of a verified person's screen: a gate and whether they are in.

    `detail` is their invite link, if they get one; `welcome` the text of the gate's admins.
    """

    title: str
    link: str
    state: GrantState
    kind: GrantKind = GrantKind.JOIN
    detail: str = ""
    welcome: str = ""


@dataclass(frozen=True, slots=True)
class Verified:
    """The person is verified. `ineligible`: gates at which they still wait, and why."""

    mask: str
    grants: tuple[Granted, ...] = ()
    ineligible: tuple[tuple[str, Ineligibility], ...] = ()
    appeal: Appeal = Appeal.NONE


@dataclass(frozen=True, slots=True)
class Ended:
    """The window closed without a call, or the person cancelled."""

    verification_id: int
    is_cancelled: bool
    appeal: Appeal = Appeal.NONE


@dataclass(frozen=True, slots=True)
class Refused:
    """The gateway gave no number."""

    verification_id: int
    reason: GatewayReason
    appeal: Appeal = Appeal.NONE


@dataclass(frozen=True, slots=True)
class Limited:
    """The person requested too many numbers; the next try opens at `until`."""

    verification_id: int | None
    until: datetime
    appeal: Appeal = Appeal.NONE


@dataclass(frozen=True, slots=True)
class DeadlinePassed:
    """Somebody waited too long: their request was declined, or they were removed and may return."""

    gate: str
    way: EntryMode = EntryMode.REQUEST


@dataclass(frozen=True, slots=True)
class Decided:
    """An admin decided about the person. `granted` is set during and after their admission. `goes_on`: they wait
    elsewhere, or are in the middle of a verification."""

    gate: str
    outcome: Outcome
    granted: Granted | None = None
    goes_on: bool = False


@dataclass(frozen=True, slots=True)
class Help:
    """What the bot does, and the commands that this person may use."""

    is_admin: bool = False
    is_operator: bool = False


@dataclass(frozen=True, slots=True)
class Privacy:
    """What the bot stores, and what it does not."""


View = (
    Welcome
    | Asking
    | NumberShown
    | Verified
    | Ended
    | Refused
    | Limited
    | DeadlinePassed
    | Decided
    | Help
    | Privacy
    | DeletionScreen
    | PanelView
    | PeopleView
    | OperatorView
    | InstallationView
)


def last_refresh_passed(asked_at: datetime, window_ends_at: datetime, now: datetime) -> timedelta | None:
    """The latest of the refresh moments that `now` has reached, or None before the first. A short window has none in
    its first half: nobody needs a warning as soon as they have the number."""
    left, half = window_ends_at - now, (window_ends_at - asked_at) / 2
    return min((moment for moment in REFRESHED_BEFORE_END if left <= moment <= half), default=None)


def next_refresh(window_ends_at: datetime, now: datetime) -> datetime | None:
    """When to refresh the time left on the screen; None after the last moment."""
    moments = (window_ends_at - moment for moment in REFRESHED_BEFORE_END)
    return min((moment for moment in moments if moment > now), default=None)
