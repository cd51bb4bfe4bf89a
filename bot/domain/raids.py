"""A raid: more people ask to join a gate within minutes than its admins allow."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.admin_actions import AdminActionKind
from bot.domain.notifications import SendAlert

NOTED_EVERY = timedelta(seconds=10)
"""How often the bot records that a raid goes on: all the gate's requests have to wait for that write."""
TOLD_EVERY = timedelta(seconds=10)
"""How often the bot updates the figures in a raid's messages."""
RAID_KEPT = timedelta(hours=48)
"""How long after its end the buttons under its messages work."""
ITSELF = 0
"""In place of an admin's id: the bot itself did it."""


@dataclass(frozen=True, slots=True)
class RaidResponse:
    """A response to a raid, and which admin chose it."""

    act: AdminActionKind
    value: str
    admin_id: int


@dataclass(frozen=True, slots=True)
class AlertMessage:
    """A message about a raid."""

    chat_id: int
    message_id: int
    topic: int | None = None


@dataclass(frozen=True, slots=True)
class Raid:
    """One raid. Everybody who asked at `since` or later belongs to it; `over_at` is None while it goes on.

    `deeds` are the newest of each kind, `job` is the newest mass decline, `messages` are those about it. `said` is what
    they say, `said_at` since when; None: nothing yet.
    """

    gate_id: int
    since: datetime
    said_at: datetime
    over_at: datetime | None = None
    deeds: tuple[RaidResponse, ...] = ()
    job: str = ""
    messages: tuple[AlertMessage, ...] = ()
    said: SendAlert | None = None

    @property
    def mark(self) -> int:
        """The name by which its buttons and tasks refer to it."""
        return int(self.since.timestamp())

    @property
    def name(self) -> str:
        """The job of the tasks with its messages."""
        return f"raid{self.gate_id}:{self.mark}"

    def with_deed(self, deed: RaidResponse, job: str = "") -> Raid:
        """The raid with this as its latest response; `job`: by a mass decline of that name."""
        others = [done for done in self.deeds if done.act is not deed.act]
        return replace(self, deeds=(*others, deed), job=job or self.job)

    def by(self, act: AdminActionKind, value: str | None = None) -> int | None:
        """Who did this last, if anybody did, and to this value if one is given."""
        return next(
            (deed.admin_id for deed in self.deeds if deed.act is act and value in (None, deed.value)),
            None,
        )


@dataclass(frozen=True, slots=True)
class MassDecline:
    """A mass decline: of everybody who asked at `since` or later, and before `before`; None: at any time before.

    It selects people in steps; `job` is the name of the whole.
    """

    job: str
    gate_id: int
    admin_id: int
    why: str
    since: datetime | None
    before: datetime
