"""Who runs this installation."""

from __future__ import annotations

from collections.abc import Collection

from bot.usecases.ports import Store


class Operators:
    """Those whom the configuration names."""

    def __init__(self, named: Collection[int] = ()) -> None:
        self._named = tuple(named)

    async def now(self, store: Store) -> list[int]:  # noqa: ARG002 - whoever is added at run time will be kept there
        """Their Telegram user ids."""
        return list(self._named)

    async def is_operator(self, store: Store, user_id: int) -> bool:
        """Whether somebody is one of them."""
        return user_id in await self.now(store)
