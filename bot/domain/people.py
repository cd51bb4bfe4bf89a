"""People as the bot knows them: who they are, what they request, and what is left of those it erased."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bot.domain.verification import Verification


@dataclass(frozen=True, slots=True)
class Person:
    """Someone the bot has met. `can_be_written` once they wrote to the bot and have not blocked it since."""

    user_id: int
    chat_id: int
    language: str
    can_be_written: bool


@dataclass(frozen=True, slots=True)
class NumberRequest:
    """A call number that somebody waits for."""

    id: int
    verification: Verification
    encrypted: bytes


@dataclass(frozen=True, slots=True)
class ErasedOwner:
    """An account that a phone verified before it was erased. `is_same`: it is the account in question."""

    rank: int
    is_same: bool


class Claim(StrEnum):
    """The result of claiming a launch."""

    NEW = "new"
    AGAIN = "again"
    """By the same page."""
    TAKEN = "taken"
    """By another page: a replay."""
