"""What people, and operators for them, see of their stored data and of its deletion."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

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
