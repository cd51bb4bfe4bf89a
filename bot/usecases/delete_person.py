"""Requests for deletion: by a person of their own data, or by an operator of somebody's."""

from __future__ import annotations

import re
from datetime import datetime

from bot.clock import Clock
from bot.domain.delivery import ScreenRow, Toast
from bot.domain.people import Person
from bot.domain.personal import Deletion, DeletionScreen
from bot.domain.screen import ScreenName
from bot.domain.settings import EntryMode
from bot.usecases.erase_person import ErasePerson, not_in_yet
from bot.usecases.operators import Operators
from storage.store import Store

LARGEST_ID = 2**52
"""Ids of Telegram's users have at most 52 significant bits (Bot API, `User.id`)."""


class AskDeletion:
    """Shows what would be deleted, and asks for confirmation."""

    def __init__(self, clock: Clock, operators: Operators) -> None:
        self._clock = clock
        self._operators = operators

    async def own(self, store: Store, person: Person) -> None:
        """Ask about the person's own data."""
        await store.screens.show(person.user_id, person.chat_id, ScreenName.DELETE_ME, self._clock.now(), fresh=True)

    async def of(self, store: Store, operator: Person, written: str, *, fresh: bool = True) -> None:
        """Ask about the person whose id an operator gave. `fresh`: in a new message."""
        user_id = int(written) if re.fullmatch(r"\d{1,16}", written, re.ASCII) else 0
        user_id = user_id if user_id < LARGEST_ID else 0
        details: dict[str, str | int] = {"person": user_id, "deletion": Deletion.ASKED if user_id else Deletion.UNCLEAR}
        if await self._operators.is_operator(store, user_id):
            details["deletion"] = Deletion.OPERATOR
        now = self._clock.now()
        await store.screens.show(
            operator.user_id, operator.chat_id, ScreenName.ERASE, now, details=details, fresh=fresh
        )


class ConfirmDeletion:
    """Deletes after confirmation. Nobody else can erase an operator: they are removed from the operators first, or do
    it themselves."""

    def __init__(self, clock: Clock, erase: ErasePerson, operators: Operators) -> None:
        self._clock = clock
        self._erase = erase
        self._operators = operators

    async def own(self, store: Store, person: Person) -> Toast:
        """Delete the person's own data."""
        await self._erase(store, person.user_id)
        return Toast.DONE

    async def of(self, store: Store, operator: Person, user_id: int) -> Toast:
        """Delete somebody else's data. The operator's screen then confirms it without naming the person."""
        deletion = Deletion.OPERATOR
        if not await self._operators.is_operator(store, user_id):
            is_erased = await self._erase(store, user_id, operator_id=operator.user_id)
            deletion = Deletion.DONE if is_erased else Deletion.NOBODY
        details: dict[str, str | int] = {"person": 0, "deletion": deletion}
        await store.screens.show(
            operator.user_id, operator.chat_id, ScreenName.ERASE, self._clock.now(), details=details
        )
        return Toast.DONE if deletion is Deletion.DONE else Toast.OVER


class ErasureViews:
    """The view in which an operator confirms an erasure; None for anyone who is not an operator."""

    def __init__(self, operators: Operators) -> None:
        self._operators = operators

    async def __call__(self, store: Store, row: ScreenRow, now: datetime) -> DeletionScreen | None:  # noqa: ARG002 - as other views
        """Raises KeyError or ValueError for a state that this version does not know."""
        # They may have ceased to be one since the page was opened.
        if not await self._operators.is_operator(store, row.user_id):
            return None
        return await deletion_view(store, row)


async def deletion_view(store: Store, row: ScreenRow) -> DeletionScreen:
    """Build the screen from the current state. Raises ValueError for a state that this version does not know."""
    is_own = row.face is ScreenName.DELETE_ME
    user_id = row.user_id if is_own else int(row.details["person"])
    deletion = Deletion.ASKED if is_own else Deletion(str(row.details["deletion"]))
    if deletion is not Deletion.ASKED:
        return DeletionScreen(deletion)
    if not await store.erasures.knows(user_id):
        return DeletionScreen(Deletion.NOBODY)
    gates = await not_in_yet(store, user_id)
    return DeletionScreen(
        deletion,
        0 if is_own else user_id,
        is_verified=await store.phones.of(user_id) is not None,
        is_calling=await store.verifications.open_of(user_id) is not None,
        waiting=tuple(gate.title for way, gate, _ in gates if way is EntryMode.REQUEST),
        muted=tuple(gate.title for way, gate, _ in gates if way is EntryMode.MUTE),
        is_operator=await store.operators.has(user_id),
    )
