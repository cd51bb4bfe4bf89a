"""People as the bot knows them: who they are, what they request, their files, and what is left of those it erased."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from bot.domain.verification import Verification


@dataclass(frozen=True, slots=True)
class InitData:
    """One launch of the Mini App, as signed by Telegram.

    `digest` is the same for the same launch, however it is encoded. `language` is empty if Telegram does not report it;
    `query_id` is there when the app was opened for a guard join.
    """

    digest: str
    user_id: int
    language: str
    query_id: str | None


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


ERASURE_JOB = "farewell"
"""The job of tasks that outlive an erasure: what Telegram has still to get about an erased person."""
CARRIED_WITHIN = timedelta(minutes=2)
"""Whatever was in flight to Telegram when a person was erased has returned by then, with its results."""


class Deletion(StrEnum):
    """The step of the erasure."""

    ASKED = "asked"
    """The screen lists what would go; the reader has to confirm it."""
    DONE = "done"
    NOBODY = "nobody"
    """Nothing is stored about the person."""
    OPERATOR = "operator"
    """They run the installation, so only they can do it."""
    UNCLEAR = "unclear"
    """The command contains no id."""


@dataclass(frozen=True, slots=True)
class DeletionScreen:
    """Deletion of everything about a person, by themselves (`user_id` 0) or by an operator.

    `waiting` are gates at which their request would be withdrawn, `muted` those from which they would be removed;
    `is_operator`: they were added as one, and would no longer be one.
    """

    deletion: Deletion
    user_id: int = 0
    is_verified: bool = False
    is_calling: bool = False
    waiting: tuple[str, ...] = ()
    muted: tuple[str, ...] = ()
    is_operator: bool = False


class FileKind(StrEnum):
    """The file that a MAKE_FILE task makes when it is sent. Names are stored: never reuse one."""

    MY_DATA = "my_data"
    """Everything stored about the person who asks."""
    JOURNAL = "journal"
    """The journal of a period, for an operator."""
