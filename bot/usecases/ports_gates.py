"""What is kept of gates and of who asks to enter, as the use cases ask for it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from bot.domain.admission import VerifiedPhone
from bot.domain.choices import Setting
from bot.domain.delivery import PendingGrant, Toast
from bot.domain.gate import (
    AccessOverride,
    Gate,
    GateMode,
    Grant,
    GrantKind,
    GrantState,
    Ineligibility,
    JoinRequest,
    RequestState,
)
from bot.domain.health import GateHealth
from bot.domain.panel import Page
from bot.domain.rights import AdminRights
from bot.domain.settings import GateSettings
from bot.domain.statistics import EntryReason


@dataclass(frozen=True, slots=True)
class GateExtras:
    """What is kept of a gate that rules do not need: how Telegram last said it stands there, its own link for
    requests, and the message in the group that tells newcomers what to do."""

    added_by: int | None
    health: GateHealth | None
    request_link: str | None
    prompt_message_id: int | None
    prompt_at: datetime | None


@dataclass(frozen=True, slots=True)
class Applicant:
    """What is known of somebody at a gate: what an admin decided about them there, the phone that verified them,
    whether they are verifying right now, and whether Telegram is still to be told that a request was declined."""

    decision: AccessOverride | None
    phone: VerifiedPhone | None
    is_verifying: bool
    is_being_declined: bool


@dataclass(frozen=True, slots=True)
class Settled:
    """What is kept of a grant whose outcome was noted: whether it belongs on the person's screen, by which
    verification it was owed (0: by none), and how they come in by it, if they do."""

    is_told: bool
    verification_id: int
    how: EntryReason | None


class Gates(Protocol):
    """The chats guarded."""

    async def get(self, chat_id: int) -> Gate | None: ...

    async def current_id(self, chat_id: int) -> int:
        """The gate's present id, where `chat_id` is one it had before it moved; else `chat_id`. What was sent before
        names the old one: buttons and links."""

    async def lock(self, chat_id: int) -> Gate | None:
        """The gate as it is stored now, kept from other transactions until this one ends."""

    async def lock_if_free(self, chat_id: int) -> Gate | None:
        """The same; None while another transaction holds it."""

    async def save(self, gate: Gate, now: datetime, added_by: int | None = None) -> None:
        """Keep what Telegram tells of the chat; what its admins chose stays."""

    async def get_many(self, chat_ids: Collection[int]) -> dict[int, Gate]: ...

    async def all(self) -> list[Gate]:
        """All there ever were, on or off."""

    async def set_settings(self, chat_id: int, settings: GateSettings, now: datetime) -> None: ...

    async def link(self, chat_id: int, further: Collection[int], admin_id: int) -> None:
        """Note which admin had the gate give links into these further chats."""

    async def unlink(self, chat_id: int, further: Collection[int]) -> None:
        """They are linked no more."""

    async def abandoned_links(self) -> list[tuple[int, int]]:
        """Gates, and their further chats, that an admin linked of whom Telegram says now that they are no admin of the
        further chat."""

    async def set_switch(self, chat_id: int, switch: GateMode, now: datetime) -> None: ...

    async def set_strict(self, chat_id: int, until: datetime | None) -> None: ...

    async def extras(self, chat_id: int) -> GateExtras: ...

    async def set_extras(self, chat_id: int, **news: object) -> None:
        """Change some fields of `GateExtras`."""

    async def outdated_prompts(self) -> list[tuple[int, int]]:
        """Gates with a message that tells newcomers what to do, and its id, at which none of them waits any more."""

    async def shares_log(self, log_chat: int) -> bool:
        """Whether several gates tell their decisions there."""

    async def with_log(self, log_chat: int) -> list[Gate]:
        """Whose log chat this is."""

    async def move(self, old_id: int, new_id: int) -> None:
        """The group became a supergroup: everything of it is that one's from now on."""

    async def move_mentions(self, old_id: int, new_id: int, now: datetime) -> None:
        """What settings say of the old chat, as a log chat or as a further one, they say of the new one."""


WaitingKey = tuple[int, int, int]
"""Where a pass through all that wait has got to."""


class JoinRequests(Protocol):
    """Who asked to enter which gate."""

    async def keep(self, request: JoinRequest) -> None:
        """Keep a new request, in place of an older one of the same person at the same gate."""

    async def get(self, gate_id: int, user_id: int) -> JoinRequest | None: ...

    async def of_person(self, user_id: int) -> list[JoinRequest]:
        """The newest at each gate, newest first."""

    async def names(self, user_ids: Collection[int]) -> dict[int, str]:
        """What these persons were called when they asked last, as far as that is kept."""

    async def waiting_of_many(self, user_ids: Collection[int]) -> dict[int, list[tuple[JoinRequest, Gate]]]: ...

    async def set_state(self, gate_id: int, user_id: int, state: RequestState, now: datetime) -> None: ...

    async def claim(self, gate_id: int, user_id: int, state: RequestState, now: datetime) -> bool:
        """Decide about a request if it still waits; whether it did. Of several who decide at once the first wins."""

    async def set_hindrance(self, gate_id: int, user_id: int, hindrance: Ineligibility | None) -> None: ...

    async def reconsider(self, *, gate_id: int | None = None, user_id: int | None = None) -> None:
        """Forget why verified phones did not open this gate, or those of this person: it is looked at anew."""

    async def recent(self, gate_id: int, since: datetime, enough: int) -> int:
        """How many asked, or joined, since then. Up to `enough` it may be a few more than there were."""

    async def tally(self, gate_id: int, since: datetime, until: datetime) -> dict[RequestState, int]:
        """How it stands with those who asked, or joined, between these moments."""

    async def waiting_at(self, gate_id: int, limit: int, offset: int = 0) -> list[JoinRequest]:
        """Who waits at a gate, longest first."""

    async def count_waiting(self, gate_id: int) -> int: ...

    async def has_muted(self, gate_id: int) -> bool:
        """Whether anybody who is muted until verified waits at this gate."""

    async def count_declinable(self, gate_id: int, before: datetime) -> int:
        """How many `decline_many` would decline."""

    async def decline_many(
        self, gate_id: int, now: datetime, limit: int, *, before: datetime | None = None, since: datetime | None = None
    ) -> list[JoinRequest]:
        """Decline those who asked before, or since, a moment, are not in a call window and not verified."""

    async def reopen(self, user_id: int, now: datetime) -> list[JoinRequest]:
        """Requests of this person that were declined, or whose person was to be removed, by no admin and with Telegram
        not told yet: it is not told any more, and they wait again."""

    async def unprompted(self, joined_before: datetime) -> list[tuple[int, datetime]]:
        """Gates with muted newcomers of whom the group is to be told, and when the newest of those joined: those who
        could not be told alone how to verify, and at gates with `prompts_group` also those who joined before and have
        not come to the private chat."""

    async def forget_names(self, decided_before: datetime) -> None:
        """Drop the names of those who were decided about earlier."""

    async def forget_query(self, gate_id: int, user_id: int) -> None:
        """Telegram no longer waits for a word about this request."""

    async def reached(
        self, user_ids: Collection[int], *, reached: bool, gate_id: int | None = None
    ) -> list[tuple[int, int]]:
        """Note whether these persons could be told of their pending requests, or of that at one gate; gate and person
        where that was news."""

    async def waiting_in_vain(self, now: datetime, limit: int) -> list[tuple[JoinRequest, Gate]]:
        """Who waits at gates that work with a verified phone, and was not found hindered there; or at gates that ask
        nobody for a call."""

    async def muted_in_vain(self, limit: int) -> list[JoinRequest]:
        """Who was muted and waits at gates where the bot is, but that mute nobody any more."""

    async def check_verified(self, after: WaitingKey | None, limit: int) -> WaitingKey | None:
        """Make it right whether those who wait count as verified, should a phone have been kept or dropped while they
        asked; of the next few after that key. The key at which to go on; None after the last."""

    async def wait_on(self, gate_id: int, user_id: int, deadline_at: datetime) -> None:
        """Somebody whose request was declined waits again."""

    async def overdue(self, now: datetime, limit: int) -> list[tuple[JoinRequest, Gate]]:
        """Waiting past their deadline at gates that work and turn away, their person not in a call window."""

    async def decline_overdue(self, gate_id: int, user_id: int, now: datetime) -> bool:
        """Decline a request if it still waits past its deadline; whether it did."""

    async def give_chance(self, gate_id: int, deadline_at: datetime) -> None:
        """No waiting request of this gate ends before `deadline_at`."""

    async def prolong(self, seconds: float) -> None:
        """Add an outage to the deadline of all that wait."""


class Grants(Protocol):
    """What confirmed persons are given."""

    async def owe(
        self,
        gate_id: int,
        user_id: int,
        kind: GrantKind,
        verification_id: int,
        now: datetime,
        *,
        told: bool,
        detail: str = "",
        how: EntryReason | None = None,
        due_at: datetime | None = None,
    ) -> None:
        """Make it due, also when it was made, or failed, before; at once, or else at `due_at`. `verification_id` is 0
        when there was none. `how` they come in by it; None when it lets nobody in whom the gate kept out."""

    async def made(self, gate_id: int, user_id: int, kind: GrantKind, now: datetime) -> None:
        """Note as done what an admin did by hand."""

    async def get(self, gate_id: int, user_id: int) -> list[Grant]: ...

    async def of_person(self, user_id: int) -> list[Grant]:
        """All that are made, due or failed, at every gate."""

    async def take_back(self, gate_id: int, user_id: int, kind: GrantKind | None = None) -> list[Grant]:
        """These, or the one of this kind, are granted no more; those that were made come back, for the world to
        follow."""

    async def of_many(self, user_ids: Collection[int]) -> dict[int, list[tuple[Grant, Gate]]]:
        """The newest few of each person, newest first."""

    async def due(self, now: datetime, limit: int, busy: Collection[tuple[int, int]]) -> list[PendingGrant]: ...

    async def settle(
        self, grant: PendingGrant, state: GrantState, now: datetime, error: str, detail: str | None = None
    ) -> Settled | None:
        """Note the outcome. None: it is owed anew meanwhile."""

    async def retry(self, grant: PendingGrant, due_at: datetime, error: str) -> None: ...

    async def owe_again(self, now: datetime, *, user_id: int | None = None, gate_id: int | None = None) -> int:
        """Make those due again that failed for good, or for too many chats; how many."""

    async def lacking_rights(self) -> list[int]:
        """Gates at which grants failed for want of a right of the bot's, as Telegram said; lowest id first."""

    async def owe_again_with(
        self, gate_id: int, kinds: Collection[GrantKind], now: datetime, asked_at: datetime
    ) -> int:
        """Make those of these kinds due again that had failed at the gate for want of a right when Telegram was asked
        about its rights, at `asked_at`; how many."""


class Overrides(Protocol):
    """What admins decided about people at their gates."""

    async def get(self, gate_id: int, user_id: int) -> AccessOverride | None: ...

    async def known(self, gate_id: int, user_id: int) -> Applicant:
        """What is known of somebody who comes to a gate: asked of each, and so in one statement."""

    async def of_person(self, user_id: int) -> dict[int, AccessOverride]:
        """By gate."""

    async def put(self, gate_id: int, user_id: int, decision: AccessOverride) -> None: ...

    async def drop(self, gate_id: int, user_id: int) -> None: ...


class Appeals(Protocol):
    """Who asked the admins of a gate to let them in."""

    async def open(self, gate_id: int, user_id: int, now: datetime, every: timedelta) -> bool:
        """Ask; False when the last time is less than `every` ago."""

    async def of_many(self, user_ids: Collection[int], since: datetime) -> dict[int, dict[int, bool]]:
        """At which gates these persons have asked since then, and whether the admins have still to decide there."""

    async def told(self, gate_id: int, user_id: int, chat_id: int, message_id: int) -> tuple[Toast, int | None] | None:
        """Note a message that tells admins of it. What was decided meanwhile, and by whom; None: nothing yet."""

    async def close(
        self, gate_id: int, user_id: int, outcome: Toast, now: datetime, admin_id: int | None
    ) -> list[tuple[int, int]]:
        """It is decided; chat and id of the messages that told of it, the first time only."""


class Admins(Protocol):
    """Who Telegram said is an admin of a gate, with which rights, and when."""

    async def rights_of(self, gate_id: int, user_id: int, since: datetime) -> AdminRights | None:
        """What they may do there, as Telegram said since then; None when it has to be asked."""

    async def is_admin(self, gate_id: int, user_id: int) -> bool | None:
        """Whether they are one, as Telegram said last, whenever that was; None when it never did."""

    async def note(self, gate_id: int, user_id: int, now: datetime, rights: AdminRights) -> None:
        """Telegram tells by itself what they may do from now on."""

    async def answered(self, gate_id: int, user_id: int, now: datetime, rights: AdminRights) -> None:
        """Telegram was asked. That may have been before the latest news: what it told by itself within the last minute
        stands against any answer, which then only adds what was not told."""

    async def are(self, gate_id: int, admins: Mapping[int, AdminRights], now: datetime) -> None:
        """Telegram was asked, see `answered`: these are the admins of a gate, and nobody else is."""

    async def at(self, gate_id: int) -> list[int]:
        """The admins of a gate, as far as is known."""

    async def to_ask(self, user_id: int, since: datetime) -> list[int]:
        """Gates at which this person is or ever was an admin, and about which Telegram has not said since then whether
        they are."""

    async def gates_of(self, user_id: int) -> list[Gate]:
        """Gates whose admin this person is, or was when it was last asked; newest first."""


class TypedWords(Protocol):
    """Understands what admins write to a page."""

    def read(self, page: Page, text: str) -> tuple[Setting, str]:
        """Which setting is to become what. Raises ProblemError."""


class SettingsPaper(Protocol):
    """Settings as text, in files and between two of an admin's steps."""

    def written(self, gate: Gate) -> str:
        """The file with a gate's settings."""

    def read(self, text: str, present: GateSettings) -> tuple[int, GateSettings]:
        """Of which gate a file is, and what the settings become by it; what it does not name stays as it is.

        Raises ProblemError.
        """

    def changes(self, before: GateSettings, after: GateSettings) -> str:
        """What differs; empty when nothing does."""

    def applied(self, settings: GateSettings, changes: str) -> GateSettings:
        """Settings with these changes. Raises ProblemError."""
