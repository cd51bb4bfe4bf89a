"""The content of the help."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bot.domain.outgoing import ScreenRow
from bot.domain.screens import Help
from bot.features.operators.registry import IsOperator
from storage.store import Store


def help_view(is_operator: IsOperator) -> Callable[[Store, ScreenRow], Awaitable[Help]]:
    """Return the builder of the help, which lists only commands that its reader may use when it is drawn."""

    async def view(store: Store, row: ScreenRow) -> Help:
        return Help(
            is_admin=bool(await store.admins.gates_of(row.user_id)),
            is_operator=await is_operator(store, row.user_id),
        )

    return view
