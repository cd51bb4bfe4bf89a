"""What is kept about one person, all of it: to be told, and to be erased, as the use cases ask for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from bot.domain.gate import GrantKind
from bot.domain.phone import Fingerprint


class Pseudonymizer(Protocol):
    """Marks by which what was erased is recognised when it comes back; without the key they lead to nobody."""

    def phone(self, fingerprint: Fingerprint) -> str:
        """That this phone was used by somebody, whoever it was."""

    def owner(self, fingerprint: Fingerprint, user_id: int) -> str:
        """That this account used this phone."""

    def person(self, user_id: int) -> int:
        """A number below zero in place of this account's id."""


@dataclass(frozen=True, slots=True)
class ErasedOwner:
    """An account that a phone verified before it was erased. `is_same`: it is the one asked about."""

    rank: int
    is_same: bool


class Erasures(Protocol):
    """Erasing people, in two steps: at once, and again when nothing is under way any more."""

    async def knows(self, user_id: int) -> bool:
        """Whether anything is kept about this person."""

    async def is_being_erased(self, user_id: int) -> bool:
        """Whether they were erased a moment ago: what was under way may still come back."""

    async def entering(self, user_id: int) -> list[tuple[int, GrantKind]]:
        """Gates that are to let them in, or could not, and by which grant."""

    async def erase(self, user_id: int, now: datetime) -> int | None:
        """Delete, or make nameless, everything about a person; the message that showed their screen.

        What stays: the journal without names, marks of their phone and of blocks, and, as the job FAREWELL, what
        Telegram has yet to be told.
        """

    async def leftovers(self, erased_before: datetime, limit: int) -> list[int]:
        """Who was erased earlier than this, with nothing of their farewell left to carry; the first of them."""

    async def finish(self, user_id: int) -> None:
        """Delete what came back since, and that there was an erasure. Who returned meanwhile keeps their new life."""


class PersonalData(Protocol):
    """Everything kept about one person, to be told to them."""

    async def of(self, user_id: int, limit: int) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        """Rows by what they are, mostly the table's name; newest first, at most `limit` of each."""
