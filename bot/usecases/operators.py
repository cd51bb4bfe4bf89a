"""Who runs this installation."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection

from bot.domain.delivery import PendingTask, TaskKind
from bot.domain.personal import FileKind
from storage.store import Store

IsOperator = Callable[[Store, int], Awaitable[bool]]


class Operators:
    """Those whom the configuration names, and those who were added since."""

    def __init__(self, named: Collection[int] = ()) -> None:
        self.named = tuple(dict.fromkeys(named))
        """Those of the configuration, who cannot be removed."""

    async def now(self, store: Store) -> list[int]:
        """Their Telegram user ids."""
        added = [operator.user_id for operator in await store.operators.all()]
        return list(dict.fromkeys((*self.named, *added)))

    async def is_operator(self, store: Store, user_id: int) -> bool:
        """Whether somebody is one of them."""
        return user_id in self.named or await store.operators.has(user_id)


def is_for_operators(task: PendingTask) -> bool:
    """Whether it tells what only operators may know."""
    match task.kind:
        case TaskKind.HEALTH | TaskKind.BALANCE:
            return True
        case TaskKind.MAKE_FILE:
            return task.details.get("file") != FileKind.MY_DATA
        case TaskKind.STATS:
            return bool(task.details.get("together"))
    return False
