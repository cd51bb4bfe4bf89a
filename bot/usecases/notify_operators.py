"""Notifying operators."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from bot.domain.delivery import TaskKind
from bot.usecases.operators import Operators
from storage.store import Store


class OperatorNotifier:
    """Writes to each operator in private. With a `key` each gets it once, however often it happens."""

    def __init__(self, operators: Operators) -> None:
        self._operators = operators

    async def __call__(
        self,
        store: Store,
        details: Mapping[str, str | int],
        now: datetime,
        key: str | None = None,
        but: Collection[int] = (),
    ) -> None:
        """Notify the operators. `details` are those of a NOTIFY task: the notification and its values. `but`: whom to
        skip."""
        about = int(details["user_id"]) if "user_id" in details else None
        for operator in await self._operators.now(store):
            if operator in but:
                continue
            of_their_own = f"{key}:{operator}" if key is not None else None
            await store.tasks.add(TaskKind.NOTIFY, operator, details, now, key=of_their_own, user_id=about)
