"""A gate, the requests that wait at it, its admins' rights and their decisions about people."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.gate_settings import STANDARD, EntryMode, GateSettings, stricter
from bot.domain.statistics import EntryReason

FRESH_CHANCE = timedelta(hours=1)
"""The least time left to people who waited while their gate was off."""
REACHABLE_FOR = timedelta(minutes=5)
"""How long a join request lets the bot write to a stranger (Bot API: `ChatJoinRequest.user_chat_id`)."""
QUERY_ANSWERED_WITHIN = timedelta(seconds=9)
"""Less than the ten seconds after which Telegram makes a guard join an ordinary request (Bot API 10.1)."""
APP_PATIENCE = timedelta(seconds=12)
"""How long a guard join waits for its Mini App to open before the bot also writes to the person."""
OPEN_APP_PATIENCE = timedelta(minutes=3)
"""The same once it was opened; within REACHABLE_FOR, so that the bot can still write to somebody who closed it."""
STRICT_FOR = timedelta(hours=1)
"""How long a gate stays strict in response to a raid."""
APPEAL_EVERY = timedelta(days=1)
"""How often one person may ask the admins of one gate."""
LINK_LIVES = timedelta(hours=1)
"""How long a personal invite link works."""
ANONYMOUS_ADMIN = 1_087_968_824
"""The account that Telegram names (`GroupAnonymousBot`) when an admin acts as the group itself."""
FIRST_SUPERGROUP = -1_000_000_000_000
"""Ids of supergroups and channels are below this one, those of basic groups above (Bot API, "Dialog identifiers")."""


class GateMode(StrEnum):
    """What an admin has a gate do."""

    ON = "on"
    PAUSED = "paused"
    """The bot admits, declines, removes and writes to nobody; deadlines stand still."""
    OFF = "off"
    """The bot stays out of it: admins handle the requests."""


@dataclass(frozen=True, slots=True)
class Gate:
    """One chat that admits only verified people. `link` opens the chat for its members.

    `is_on`: the bot is in the chat and has the right without which it can do nothing there. `strict_until`: until when
    it is stricter than its settings. `raid_at`: when there last were so many requests that it counts as a raid.

    Evidence of whether it keeps people out: `request_seen_at`, when a join request showed that its link asks for
    approval; `tested_at`, when an admin tested the link and said so; `bypassed_at`, when somebody last joined past it,
    to the minute.
    """

    chat_id: int
    title: str
    username: str | None
    is_channel: bool
    is_on: bool
    switch: GateMode = GateMode.ON
    settings: GateSettings = STANDARD
    strict_until: datetime | None = None
    raid_at: datetime | None = None
    request_seen_at: datetime | None = None
    tested_at: datetime | None = None
    bypassed_at: datetime | None = None

    @property
    def works(self) -> bool:
        """Whether it admits people or turns them away."""
        return self.is_on and self.switch is GateMode.ON

    @property
    def mutes(self) -> bool:
        """Whether newcomers are muted until verified; Telegram restricts members of supergroups only."""
        is_supergroup = not self.is_channel and self.chat_id < FIRST_SUPERGROUP
        return is_supergroup and self.settings.way is EntryMode.MUTE and self.switch is not GateMode.OFF

    def rules(self, now: datetime) -> GateSettings:
        """The settings that hold now."""
        return stricter(self.settings) if self.is_strict(now) else self.settings

    def is_strict(self, now: datetime) -> bool:
        """Whether it is stricter than its settings now."""
        return self.strict_until is not None and now < self.strict_until

    def is_raided(self, now: datetime) -> bool:
        """Whether a raid goes on: enough requests came within the minutes that count."""
        return self.raid_at is not None and now < self.raid_at + timedelta(minutes=self.settings.raid_minutes)

    def looks_like(self, other: Gate) -> bool:
        """Whether Telegram's part is the same in both."""
        mine = (self.chat_id, self.title, self.username, self.is_channel, self.is_on)
        return mine == (other.chat_id, other.title, other.username, other.is_channel, other.is_on)

    @property
    def link(self) -> str:
        """An address that opens the chat for people who may see it."""
        if self.username:
            return f"https://t.me/{self.username}"
        return f"https://t.me/c/{str(self.chat_id).removeprefix('-100').removeprefix('-')}/1"


class RequestState(StrEnum):
    """The state of a join request."""

    WAITING = "waiting"
    """Its person has not verified yet."""
    APPROVED = "approved"
    """Admitted. The grant tells Telegram."""
    DECLINED = "declined"
    """Declined."""
    GONE = "gone"
    """Withdrawn, left, or handled by an admin."""


class Ineligibility(StrEnum):
    """Why a verified phone does not open a gate."""

    STALE = "stale"
    """It was verified too long ago, or before an admin revoked the access: another call opens the gate."""
    COUNTRY = "country"
    KIND = "kind"
    """The gate refuses this kind of number."""
    ACCOUNTS = "accounts"
    """The phone has brought in as many accounts as it may."""


class Reachability(StrEnum):
    """Whether the bot could write to the person of a request."""

    PENDING = "pending"
    REACHED = "reached"
    NOT_REACHED = "not_reached"


@dataclass(frozen=True, slots=True)
class JoinRequest:
    """One person's wish to enter one gate. Telegram cannot list requests, so the bot stores them.

    `query_id` is set when Telegram waits for the bot's answer (a guard join). `way` is REQUEST, MUTE or LINK. `name` is
    the person's name, stored while they wait so that admins know whom they decide about.
    """

    gate_id: int
    user_id: int
    requested_at: datetime
    deadline_at: datetime
    state: RequestState
    query_id: str | None = None
    way: EntryMode = EntryMode.REQUEST
    name: str = ""
    ineligibility: Ineligibility | None = None


class GrantKind(StrEnum):
    """The kinds of grants that a verified person gets."""

    JOIN = "join"
    """The request to join is approved."""
    UNMUTE = "unmute"
    """The bot's own restriction is lifted."""
    TAG = "tag"
    LINK = "link"
    """An invite link of their own."""


GRANT_OF = {EntryMode.REQUEST: GrantKind.JOIN, EntryMode.MUTE: GrantKind.UNMUTE, EntryMode.LINK: GrantKind.LINK}
"""The grants that admit somebody, by entry mode."""


class GrantState(StrEnum):
    """Whether the grant has taken effect in Telegram."""

    DUE = "due"
    DONE = "done"
    TOO_MANY_CHATS = "too_many_chats"
    """The person has to leave a chat first, then can ask for it again."""
    FAILED = "failed"
    """A final rejection by Telegram; operators know."""
    GONE = "gone"
    """There is nothing left to grant: the request was withdrawn or declined by an admin."""


@dataclass(frozen=True, slots=True)
class Grant:
    """One thing one person gets at one gate. The three together are its key.

    `detail` is the tag's text, or the invite link once there is one. `verification_id`: the verification that earned
    it; 0 for none. `error` is Telegram's last error. `how` they enter by it; None for a grant that admits nobody: a
    tag, or a link into an extra chat.
    """

    gate_id: int
    user_id: int
    kind: GrantKind
    state: GrantState
    detail: str = ""
    settled_at: datetime | None = None
    verification_id: int = 0
    attempts: int = 0
    error: str = ""
    how: EntryReason | None = None


class Override(StrEnum):
    """An admin's decision about a person at a gate; it overrides any verification."""

    ALLOWED = "allowed"
    """Admitted by an admin. That verifies their phone nowhere."""
    BLOCKED = "blocked"
    REVOKED = "revoked"
    """Only a later verification opens this gate."""


@dataclass(frozen=True, slots=True)
class AccessOverride:
    """An override, since when, and by whom."""

    override: Override
    at: datetime
    admin_id: int


@dataclass(frozen=True, slots=True)
class Settled:
    """What remains of a grant whose outcome is recorded: whether it belongs on the person's screen, which verification
    earned it (0: none), and how they enter by it, if they do."""

    is_told: bool
    verification_id: int
    how: EntryReason | None


WaitingKey = tuple[int, int, int]
"""How far a pass through all waiting requests has got."""


class Right(StrEnum):
    """A right of an administrator, by its name in the Bot API (`ChatMemberAdministrator`)."""

    INVITE = "can_invite_users"
    """To admit, decline, and make links."""
    RESTRICT = "can_restrict_members"
    """To block, remove, and revoke verification."""
    CHANGE_INFO = "can_change_info"
    """To change settings, also by file, and the log chat."""


@dataclass(frozen=True, slots=True)
class AdminRights:
    """What somebody may do in a chat. `held` is None for an admin whose rights Telegram has not sent."""

    is_admin: bool
    held: frozenset[Right] | None

    def lacks(self, needed: Iterable[Right]) -> Right | None:
        """The first of these that they lack, or are not known to have."""
        held = self.held or frozenset()
        return next((right for right in needed if right not in held), None)


NO_ADMIN = AdminRights(is_admin=False, held=frozenset())
SOME_ADMIN = AdminRights(is_admin=True, held=None)
OWNER = AdminRights(is_admin=True, held=frozenset(Right))
"""The owner of a chat may do everything."""
