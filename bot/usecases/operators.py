"""The operators of this installation."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection

from bot.domain.delivery import PendingTask
from bot.domain.tasks import SendBalance, SendChart, SendExport, SendGateButtons, SendHealth
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
    match task.work:
        case SendHealth() | SendBalance() | SendExport():
            return True
        case SendChart(together=together) | SendGateButtons(together=together):
            return together
    return False
