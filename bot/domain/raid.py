"""A raid: more people ask to join a gate within minutes than its admins think right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot.domain.panel import AdminActionKind

NOTED_EVERY = timedelta(seconds=10)
"""How often it is noted that a raid goes on: each note is a write that all the requests of the gate would wait for."""
TOLD_EVERY = timedelta(seconds=10)
"""How often the figures in its messages are brought up to date."""
RAID_KEPT = timedelta(hours=48)
"""How long after its end the buttons under its messages work."""
ITSELF = 0
"""In place of an admin's id: the bot did it by itself."""


@dataclass(frozen=True, slots=True)
class RaidResponse:
    """What was done about a raid, and by which admin."""

    act: AdminActionKind
    value: str
    admin_id: int


@dataclass(frozen=True, slots=True)
class AlertMessage:
    """A message that tells of a raid."""

    chat_id: int
    message_id: int
    topic: int | None = None


@dataclass(frozen=True, slots=True)
class Raid:
    """One raid. Who asked at `since` or later is of it; `over_at` is None while it goes on.

    `deeds` are the newest of each kind, `job` is the newest mass decline, `messages` are where it is told. `said` is
    what they say, `said_at` since when.
    """

    gate_id: int
    since: datetime
    said_at: datetime
    over_at: datetime | None = None
    deeds: tuple[RaidResponse, ...] = ()
    job: str = ""
    messages: tuple[AlertMessage, ...] = ()
    said: Mapping[str, str | int] = field(default_factory=dict)

    @property
    def mark(self) -> int:
        """By which its buttons and tasks know it."""
        return int(self.since.timestamp())

    @property
    def name(self) -> str:
        """The job of the tasks that tell of it."""
        return f"raid{self.gate_id}:{self.mark}"

    def with_deed(self, deed: RaidResponse, job: str = "") -> Raid:
        """The same, with this done last; `job`: by a mass decline of that name."""
        others = [done for done in self.deeds if done.act is not deed.act]
        return replace(self, deeds=(*others, deed), job=job or self.job)

    def by(self, act: AdminActionKind, value: str | None = None) -> int | None:
        """Who did this last, if it was done at all, and to this value if one is given."""
        return next(
            (deed.admin_id for deed in self.deeds if deed.act is act and value in (None, deed.value)),
            None,
        )


@dataclass(frozen=True, slots=True)
class MassDecline:
    """Many to be declined together: who asked at `since` or later, and before `before`; None: at any time before.

    They are chosen some at a time; `job` is the name of all of it.
    """

    job: str
    gate_id: int
    admin_id: int
    why: str
    since: datetime | None
    before: datetime
