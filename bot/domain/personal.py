"""What people, and operators for them, see of what is kept about a person and of its deletion."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

ERASURE_JOB = "farewell"
"""The job of tasks that outlive an erasure: what Telegram has yet to be told of somebody who is forgotten."""
CARRIED_WITHIN = timedelta(minutes=2)
"""What was under way to Telegram when a person was erased has come back by then, and with it what it left."""


class Deletion(StrEnum):
    """How far it has come."""

    ASKED = "asked"
    """What would go is told; it has to be confirmed."""
    DONE = "done"
    NOBODY = "nobody"
    """Nothing is kept of who it is about."""
    OPERATOR = "operator"
    """They run the installation, so only they can do it."""
    UNCLEAR = "unclear"
    """No id was named."""


@dataclass(frozen=True, slots=True)
class DeletionScreen:
    """Everything about a person is to be deleted, by themselves (`user_id` 0) or by an operator.

    `waiting` are gates at which their request would be withdrawn, `muted` those from which they would be removed;
    `is_operator`: they were added as one, and would be none any more.
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
    """Everything kept about who asks."""
    JOURNAL = "journal"
    """The journal of a period, for an operator."""
