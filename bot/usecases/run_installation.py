"""The operators' pages: operators, all gates, announcements."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.clock import Clock
from bot.domain.delivery import Toast
from bot.domain.installation import InstallationPage, OperatorAction, PickedUser
from bot.domain.people import Person
from bot.domain.screen import ScreenName
from bot.usecases.announce import Announce
from bot.usecases.answer_button import answer_button
from bot.usecases.appoint_operators import AppointOperators, close_pages, show_operators
from bot.usecases.ask_statistics import AskStatistics
from bot.usecases.open_panel import ask_health
from bot.usecases.operators import Operators
from storage.store import Store

LAST_PAGE = 9999
"""The newest operator is on the last page; no list has more pages."""
PAGES = {
    OperatorAction.OPERATORS: InstallationPage.OPERATORS,
    OperatorAction.ADD: InstallationPage.ADDING,
    OperatorAction.ASK: InstallationPage.REMOVING,
    OperatorAction.GATES: InstallationPage.GATES,
    OperatorAction.GATE: InstallationPage.GATE,
}


class RunInstallation:
    """For operators only: each method returns whether the person is one, and does nothing for others, so that they do
    not learn that it exists. Their buttons count as unknown."""

    def __init__(
        self,
        clock: Clock,
        operators: Operators,
        appoint: AppointOperators,
        announce: Announce,
        ask_statistics: AskStatistics,
    ) -> None:
        self._clock = clock
        self._operators = operators
        self._appoint = appoint
        self._announce = announce
        self._ask_statistics = ask_statistics

    async def operators(self, store: Store, person: Person) -> bool:
        """Show the operators."""
        if not await self._operators.is_operator(store, person.user_id):
            return False
        await show_operators(store, person.user_id, self._clock.now())
        return True

    async def picked(self, store: Store, person: Person, name: str, picked: Sequence[PickedUser]) -> bool:
        """Add the picked user; `name` is that of the operator who picked."""
        if not await self._operators.is_operator(store, person.user_id):
            return False
        now = self._clock.now()
        unfit = await self._appoint.add(store, person.user_id, name, picked, now)
        await show_operators(store, person.user_id, now, unfit, LAST_PAGE if unfit is None else 0)
        return True

    async def gates(self, store: Store, person: Person) -> bool:
        """Show all gates."""
        if not await self._operators.is_operator(store, person.user_id):
            return False
        details: dict[str, str | int] = {"page": InstallationPage.GATES}
        now = self._clock.now()
        await store.screens.show(
            person.user_id, person.chat_id, ScreenName.INSTALLATION, now, details=details, fresh=True
        )
        return True

    async def announce(self, store: Store, person: Person, text: str, html: str) -> bool:
        """Preview this announcement, or ask for its text if there is none."""
        if not await self._operators.is_operator(store, person.user_id):
            return False
        if text:
            await self._announce.write(store, person, text, html)
        else:
            await self._announce.show(store, person)
        return True

    async def wrote(self, store: Store, person: Person, text: str | None, html: str = "") -> bool:
        """Handle a message, with or without text: an announcement, if the bot asked for one."""
        if not await self._announce.is_awaited(store, person.user_id):
            return False
        if text is None:
            await self._announce.refuse(store, person)
        else:
            await self._announce.write(store, person, text, html)
        return True

    async def press(
        self, store: Store, person: Person, query_id: str, name: str, want: OperatorAction, about: int, number: int
    ) -> None:
        """Handle a button. `about`: an operator, a gate or an announcement; `number`: a page; `name`: that of the
        operator."""
        now = self._clock.now()
        if await self._operators.is_operator(store, person.user_id):
            toast = await self._do(store, person, name, want, about, number, now)
        else:
            await close_pages(store, person.user_id, now)
            toast = Toast.UNKNOWN
        await answer_button(store, person.user_id, query_id, toast, now)

    async def _do(
        self, store: Store, person: Person, name: str, want: OperatorAction, about: int, number: int, now: datetime
    ) -> Toast:
        user_id = person.user_id
        match want:
            case OperatorAction.REMOVE:
                toast = await self._appoint.remove(store, user_id, name, about, now)
                if await self._operators.is_operator(store, user_id):
                    await self._show(store, person, InstallationPage.OPERATORS, about, number, now)
                return toast
            case OperatorAction.SEND:
                return await self._announce.send(store, user_id, about, now)
            case OperatorAction.DROP:
                return await self._announce.drop(store, user_id, about, now)
            case OperatorAction.STATS:
                await self._ask_statistics(store, person, str(about))
                return Toast.NOTHING
            case OperatorAction.CHECK:
                if await store.gates.get(about) is None:
                    return Toast.UNKNOWN
                await ask_health(store, about, user_id, now)
                return Toast.CHECKING
            case _:
                await self._show(store, person, PAGES[want], about, number, now)
                if want is OperatorAction.GATE and await store.gates.get(about) is not None:
                    await ask_health(store, about, user_id, now)
                return Toast.NOTHING

    @staticmethod
    async def _show(
        store: Store, person: Person, page: InstallationPage, about: int, number: int, now: datetime
    ) -> None:
        details: dict[str, str | int] = {"page": page, "id": about, "number": number}
        await store.screens.show(person.user_id, person.chat_id, ScreenName.INSTALLATION, now, details=details)
