"""What is kept of raids and of mass declines, as the use cases ask for it."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from bot.domain.gate import Gate
from bot.domain.raid import MassDecline, Raid


class Raids(Protocol):
    """The newest raid of each gate, until it is forgotten."""

    async def begin(self, gate_id: int, now: datetime, quiet_since: datetime) -> bool:
        """Note that there are as many requests as make a raid, unless one went on after `quiet_since`.

        False too while another transaction holds the gate: it begins the raid, or the next join does.
        """

    async def goes_on(self, gate_id: int, now: datetime) -> None:
        """Note that there still are as many; the next join does while another transaction holds the gate."""

    async def at(self, gate_id: int) -> Raid | None:
        """The raid, kept from other transactions until this one ends."""

    async def put(self, gate_id: int, raid: Raid | None) -> None:
        """Keep it, in place of the one before; None: keep none."""

    async def gates(self) -> list[Gate]:
        """Those with a raid that is kept."""

    async def strict_before(self, now: datetime) -> list[int]:
        """Gates that were to be strict until a moment that has passed."""


class MassDeclines(Protocol):
    """Many to be declined together, and which of these jobs have all of them chosen."""

    async def add(self, decline: MassDecline) -> bool:
        """Keep it; False if there is one of that name."""

    async def unchosen(self, gate_id: int | None = None) -> list[MassDecline]:
        """Those for which some may be left to choose, kept from other transactions; the oldest first."""

    async def is_chosen(self, job: str) -> bool:
        """Whether all are chosen, or the job is forgotten."""

    async def chosen(self, job: str, now: datetime) -> None:
        """Nobody is left to choose."""

    async def told(self) -> list[MassDecline]:
        """Those with nobody left to choose, of whom Telegram may not have been told all yet."""

    async def over(self, job: str, now: datetime) -> None:
        """Telegram has been told of all."""

    async def newest(self, gate_id: int) -> tuple[MassDecline, bool] | None:
        """The newest at a gate, and whether it is over."""

    async def forget(self, over_before: datetime) -> None: ...
