"""Adding and removing operators at runtime."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.journal import Event
from bot.domain.notifications import Notification, Notify, Toast
from bot.domain.operators import AddedOperator, CannotAppoint, InstallationPage, PickedUser
from bot.domain.outgoing import TaskKind
from bot.domain.people import FileKind, Person
from bot.domain.screens import ScreenName
from bot.features.operators.registry import OperatorNotifier, Operators
from bot.features.support.pages import show_installation
from storage.store import Store

LONGEST_NAME = 64
LAST_PAGE = 9999
"""The newest operator is on the last page; no list has more pages."""
SEEN_BY_OPERATORS = (ScreenName.INSTALLATION, ScreenName.OPERATOR, ScreenName.ERASE, ScreenName.HELP)
FOR_OPERATORS = (TaskKind.HEALTH, TaskKind.BALANCE, TaskKind.STATS)


class AppointOperators:
    """Any operator may add others, and remove added ones, including themselves. Operators named in the configuration
    stay operators, but their added entry can be removed. A change holds at once, and the journal records who made it.

    The bot notifies the person concerned, if it can write to them, and the other operators. A removed operator loses
    the operators' pages, and pending answers to what they asked for.
    """

    def __init__(self, operators: Operators, notify_operators: OperatorNotifier) -> None:
        self._operators = operators
        self._notify_operators = notify_operators

    async def pick(self, store: Store, operator: Person, name: str, picked: Sequence[PickedUser]) -> None:
        """Add the picked user, and show the operator, whose name is `name`, the list or why nobody was added."""
        unfit = await self.add(store, operator.user_id, name, picked)
        await show_operators(store, operator.user_id, unfit, LAST_PAGE if unfit is None else 0)

    async def press_remove(self, store: Store, operator: Person, name: str, user_id: int, number: int) -> Toast:
        """Remove an operator for another one, whose name is `name`, and show page `number` of the list; return the
        toast for the button."""
        toast = await self.remove(store, operator.user_id, name, user_id)
        # They may have removed themselves.
        if await self._operators.is_operator(store, operator.user_id):
            await show_installation(store, operator, InstallationPage.OPERATORS, about=user_id, number=number)
        return toast

    async def add(self, store: Store, actor_id: int, actor: str, picked: Sequence[PickedUser]) -> CannotAppoint | None:
        """Add an operator; return why nobody was added, if so. `actor`: the name of the operator who adds them."""
        if len(picked) != 1:
            return CannotAppoint.SEVERAL
        (someone,) = picked
        if someone.is_bot:
            return CannotAppoint.BOT
        if someone.user_id == actor_id:
            return CannotAppoint.ONESELF
        added = AddedOperator(someone.user_id, someone.name[:LONGEST_NAME], actor_id, store.now)
        if someone.user_id in self._operators.named or not await store.operators.add(added):
            return CannotAppoint.ALREADY
        store.journal.add(Event.OPERATOR_ADDED, store.now, user_id=someone.user_id, actor_id=actor_id)
        await self._tell(store, someone.user_id, _said(Notification.NOW_OPERATOR, added, actor_id, actor))
        notice = _said(Notification.OPERATOR_ADDED, added, actor_id, actor)
        await self._notify_operators(store, notice, but=(actor_id, someone.user_id))
        return None

    async def remove(self, store: Store, actor_id: int, actor: str, user_id: int) -> Toast:
        """Remove an operator; return the toast for the button."""
        is_named = user_id in self._operators.named
        removed = await store.operators.remove(user_id)
        if removed is None:
            return Toast.CONFIGURED if is_named else Toast.DONE_BEFORE
        store.journal.add(Event.OPERATOR_REMOVED, store.now, user_id=user_id, actor_id=actor_id)
        if is_named:
            return Toast.DONE
        await self._tell(store, user_id, _said(Notification.NO_OPERATOR, removed, actor_id, actor))
        notice = _said(Notification.OPERATOR_REMOVED, removed, actor_id, actor)
        await self._notify_operators(store, notice, but=(actor_id, user_id))
        await close_pages(store, user_id)
        await _drop_answers(store, user_id)
        return Toast.DONE

    @staticmethod
    async def _tell(store: Store, user_id: int, notice: Notify) -> None:
        person = (await store.people.get_many([user_id])).get(user_id)
        if person is not None and person.can_be_written:
            await store.tasks.add(notice, person.chat_id, store.now)


async def close_pages(store: Store, user_id: int) -> None:
    """Replace the operators' pages on a non-operator's screen with their own status."""
    shown = await store.screens.wanted(user_id)
    if shown is not None and shown[0] in SEEN_BY_OPERATORS:
        await store.screens.show(user_id, user_id, ScreenName.WELCOME, store.now, acted=False)


async def _drop_answers(store: Store, user_id: int) -> None:
    """Cancel pending answers to a person who is no longer an operator."""
    for kind in FOR_OPERATORS:
        await store.tasks.cancel(kind, user_id, user_id, store.now)
    await store.tasks.cancel_job(f"{FileKind.JOURNAL}:{user_id}", store.now)


async def show_operators(store: Store, user_id: int, unfit: CannotAppoint | None = None, number: int = 0) -> None:
    """Show a page of the list, as a new message."""
    details: dict[str, str | int] = {"page": InstallationPage.OPERATORS, "number": number}
    if unfit is not None:
        details["unfit"] = unfit
    await store.screens.show(user_id, user_id, ScreenName.INSTALLATION, store.now, details=details, fresh=True)


def _said(notification: Notification, operator: AddedOperator, actor_id: int, actor: str) -> Notify:
    name = actor[:LONGEST_NAME]
    return Notify(notification, user_id=operator.user_id, name=operator.name, by=actor_id, by_name=name)
