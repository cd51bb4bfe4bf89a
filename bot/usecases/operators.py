"""Who runs this installation."""

from __future__ import annotations

from collections.abc import Collection

from bot.usecases.ports import Store


class Operators:
    """Whether somebody is an operator: one of those that the configuration names."""

    def __init__(self, named: Collection[int]) -> None:
        self._named = frozenset(named)

    async def is_operator(self, store: Store, user_id: int) -> bool:  # noqa: ARG002 - asked within a transaction, of whatever is kept there
        return user_id in self._named
