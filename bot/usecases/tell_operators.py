"""Telling those who run the installation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.domain.delivery import ErrandKind
from bot.usecases.ports import Store


class OperatorsList:
    """Who runs this installation: those whom the environment names."""

    def __init__(self, from_environment: Sequence[int] = ()) -> None:
        self._from_environment = tuple(from_environment)

    async def now(self, store: Store) -> list[int]:  # noqa: ARG002 - whoever is added at run time will be kept there
        """Their Telegram user ids."""
        return list(self._from_environment)


class TellOperators:
    """Write to each operator in private. With a `key` each is told once, however often it happens."""

    def __init__(self, operators: OperatorsList) -> None:
        self._operators = operators

    async def __call__(
        self, store: Store, details: Mapping[str, str | int], now: datetime, key: str | None = None
    ) -> None:
        """`details` are those of a NOTIFY errand: the notice, and what it says."""
        for operator in await self._operators.now(store):
            of_their_own = f"{key}:{operator}" if key is not None else None
            await store.errands.add(ErrandKind.NOTIFY, operator, details, now, key=of_their_own)
