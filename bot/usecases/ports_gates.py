"""What is kept of gates and of who asks to enter, as the use cases ask for it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from bot.domain.delivery import GrantDue
from bot.domain.gate import (
    Decision,
    Gate,
    Grant,
    GrantKind,
    GrantState,
    Hindrance,
    JoinRequest,
    RequestState,
    Switch,
)
from bot.domain.health import Health
from bot.domain.settings import GateSettings, WayIn


@dataclass(frozen=True, slots=True)
class GateExtras:
    """What is kept of a gate that rules do not need: how Telegram last said it stands there, its own link for
    requests, the message in the group that tells newcomers what to do, and since when it raids."""

    added_by: int | None
    health: Health | None
    request_link: str | None
    prompt_message_id: int | None
    prompt_at: datetime | None
    raid_at: datetime | None


class Gates(Protocol):
    """The chats guarded."""

    async def get(self, chat_id: int) -> Gate | None: ...

    async def save(self, gate: Gate, now: datetime, added_by: int | None = None) -> None:
        """Keep what Telegram tells of the chat; what its admins chose stays."""

    async def get_many(self, chat_ids: Collection[int]) -> dict[int, Gate]: ...

    async def all(self) -> list[Gate]:
        """All there ever were, on or off."""

    async def set_settings(self, chat_id: int, settings: GateSettings, now: datetime) -> None: ...

    async def set_switch(self, chat_id: int, switch: Switch, now: datetime) -> None: ...

    async def set_strict(self, chat_id: int, until: datetime | None) -> None: ...

    async def extras(self, chat_id: int) -> GateExtras: ...

    async def set_extras(self, chat_id: int, **news: object) -> None:
        """Change some fields of `GateExtras`."""

    async def prompting(self) -> list[tuple[int, int]]:
        """Gates with a message that tells newcomers what to do, and its id."""

    async def begin_raid(self, chat_id: int, now: datetime, quiet_since: datetime) -> bool:
        """Note that a raid goes on; whether it is a new one: there was none after `quiet_since`."""

    async def move(self, old_id: int, new_id: int) -> None:
        """The group became a supergroup: everything of it is that one's from now on."""

    async def move_log(self, old_id: int, new_id: int) -> None:
        """The log chat of some gates became a supergroup."""


class JoinRequests(Protocol):
    """Who asked to enter which gate."""

    async def keep(self, request: JoinRequest) -> None:
        """Keep a new request, in place of an older one of the same person at the same gate."""

    async def get(self, gate_id: int, user_id: int) -> JoinRequest | None: ...

    async def waiting_of_many(self, user_ids: Collection[int]) -> dict[int, list[tuple[JoinRequest, Gate]]]: ...

    async def set_state(self, gate_id: int, user_id: int, state: RequestState, now: datetime) -> None: ...

    async def set_hindrance(self, gate_id: int, user_id: int, hindrance: Hindrance | None) -> None: ...

    async def reconsider(self, *, gate_id: int | None = None, user_id: int | None = None) -> None:
        """Forget why verified phones did not open this gate, or those of this person: it is looked at anew."""

    async def recent(self, gate_id: int, since: datetime) -> int:
        """How many asked, or joined, since then."""

    async def waiting_at(self, gate_id: int, limit: int, offset: int = 0) -> list[JoinRequest]:
        """Who waits at a gate, longest first."""

    async def count_waiting(self, gate_id: int, way: WayIn | None = None) -> int: ...

    async def decline_many(
        self, gate_id: int, now: datetime, limit: int, *, before: datetime | None = None, since: datetime | None = None
    ) -> list[JoinRequest]:
        """Decline those who asked before, or since, a moment, are not in a call window and not verified."""

    async def reopen(self, user_id: int, now: datetime) -> list[JoinRequest]:
        """Requests of this person that were declined, or whose person was to be removed, with Telegram not told yet:
        it is not told any more, and they wait again."""

    async def unprompted(self, joined_before: datetime) -> list[tuple[int, datetime]]:
        """Gates with muted newcomers who are not known to have been told how to verify, and when the newest of those
        joined: who could not be told, or joined before and has not come to the private chat."""

    async def forget_names(self, decided_before: datetime) -> None:
        """Drop the names of those who were decided about earlier."""

    async def forget_query(self, gate_id: int, user_id: int) -> None:
        """Telegram no longer waits for a word about this request."""

    async def reached(self, user_ids: Collection[int], *, reached: bool) -> list[tuple[int, int]]:
        """Note whether these persons could be told of their pending requests; gate and person where that was news."""

    async def waiting_though_verified(self, limit: int) -> list[tuple[JoinRequest, Gate]]:
        """Who waits at gates that work with a verified phone, and was not found hindered there."""

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
    ) -> None:
        """Make it due, also when it was made, or failed, before. `verification_id` is 0 when there was none."""

    async def made(self, gate_id: int, user_id: int, kind: GrantKind, now: datetime) -> None:
        """Note as done what an admin did by hand."""

    async def get(self, gate_id: int, user_id: int) -> list[Grant]: ...

    async def take_back(self, gate_id: int, user_id: int) -> list[Grant]:
        """These are granted no more; those that were made come back, for the world to follow."""

    async def of_many(self, user_ids: Collection[int]) -> dict[int, list[tuple[Grant, Gate]]]:
        """The newest few of each person, newest first."""

    async def due(self, now: datetime, limit: int, busy: Collection[tuple[int, int]]) -> list[GrantDue]: ...

    async def settle(
        self, grant: GrantDue, state: GrantState, now: datetime, error: str, detail: str | None = None
    ) -> tuple[bool, int] | None:
        """Note the outcome; whether it belongs on the person's screen, and by which verification it was owed (0: by
        none). None: it is owed anew meanwhile."""

    async def retry(self, grant: GrantDue, due_at: datetime, error: str) -> None: ...

    async def owe_again(self, now: datetime, *, user_id: int | None = None, gate_id: int | None = None) -> int:
        """Make those due again that failed for good, or for too many chats; how many."""


class Standings(Protocol):
    """What admins decided about people at their gates."""

    async def get(self, gate_id: int, user_id: int) -> Decision | None: ...

    async def put(self, gate_id: int, user_id: int, decision: Decision) -> None: ...

    async def drop(self, gate_id: int, user_id: int) -> None: ...


class Appeals(Protocol):
    """Who asked the admins of a gate to let them in."""

    async def open(self, gate_id: int, user_id: int, now: datetime, every: timedelta) -> bool:
        """Ask; False when the last time is less than `every` ago."""

    async def of_many(self, user_ids: Collection[int], since: datetime) -> dict[int, set[int]]:
        """At which gates these persons have asked since then."""


class Admins(Protocol):
    """Who Telegram said is an admin of a gate, and when."""

    async def of(self, gate_id: int, user_id: int, since: datetime) -> bool | None:
        """Whether they are, as Telegram said since then; None when it has to be asked."""

    async def note(self, gate_id: int, user_id: int, now: datetime, *, is_admin: bool) -> None: ...

    async def forget(self, gate_id: int, user_id: int | None = None) -> None:
        """Something changed about this person there, or about anybody: it has to be asked anew."""

    async def gates_of(self, user_id: int) -> list[Gate]:
        """Gates whose admin this person is, or was when it was last asked; newest first."""
