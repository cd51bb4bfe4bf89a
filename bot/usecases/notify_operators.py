"""Notifying operators."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from bot.domain.tasks import Notify, NotifyIncident
from bot.usecases.operators import Operators
from storage.store import Store


class OperatorNotifier:
    """Writes to each operator in private. With a `key` each gets it once, however often it happens."""

    def __init__(self, operators: Operators) -> None:
        self._operators = operators

    async def __call__(
        self,
        store: Store,
        notice: Notify | NotifyIncident,
        now: datetime,
        key: str | None = None,
        but: Collection[int] = (),
    ) -> None:
        """Notify the operators. `but`: whom to skip."""
        about = notice.user_id if isinstance(notice, Notify) else None
        for operator in await self._operators.now(store):
            if operator in but:
                continue
            of_their_own = f"{key}:{operator}" if key is not None else None
            await store.tasks.add(notice, operator, now, key=of_their_own, user_id=about)
