"""The operators of this installation."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection

from bot.domain.delivery import PendingTask, TaskKind
from bot.domain.personal import FileKind
from storage.store import Store

IsOperator = Callable[[Store, int], Awaitable[bool]]


class Operators:
    """Operators from the configuration, and those added at runtime."""

    def __init__(self, named: Collection[int] = ()) -> None:
        self.named = tuple(dict.fromkeys(named))
        """Those of the configuration; they cannot be removed."""

    async def now(self, store: Store) -> list[int]:
        """Return their Telegram user ids."""
        added = [operator.user_id for operator in await store.operators.all()]
        return list(dict.fromkeys((*self.named, *added)))

    async def is_operator(self, store: Store, user_id: int) -> bool:
        """Return whether somebody is an operator."""
        return user_id in self.named or await store.operators.has(user_id)


def is_for_operators(task: PendingTask) -> bool:
    """Return whether the task's message is for operators only."""
    match task.kind:
        case TaskKind.HEALTH | TaskKind.BALANCE:
            return True
        case TaskKind.MAKE_FILE:
            return task.details.get("file") != FileKind.MY_DATA
        case TaskKind.STATS:
            return bool(task.details.get("together"))
    return False
