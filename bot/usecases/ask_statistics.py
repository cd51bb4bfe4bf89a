"""Somebody asks for statistics."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bot.clock import Clock
from bot.domain.delivery import Toast
from bot.domain.gate import Gate
from bot.domain.panel import AdminAction, AdminActionKind
from bot.domain.people import Person
from bot.domain.statistics import NO_GATE, PERIODS
from bot.domain.summary import DEFAULT_PERIOD
from bot.usecases.admin_desk import AdminDesk
from bot.usecases.answer_button import answer_button
from bot.usecases.show_statistics import ShowStatistics
from storage.store import Store


class AskStatistics:
    """Operators see statistics of all gates together and of each, admins those of their own gates.

    A gate is named by its id, its @name or a part of its title; a full title wins over part of another.
    """

    def __init__(self, clock: Clock, desk: AdminDesk, show: ShowStatistics) -> None:
        self._clock = clock
        self._desk = desk
        self._show = show

    async def of_all(self, store: Store, person: Person, asked: str) -> None:
        """Answer an operator's command. `asked`: a period, a gate, both or nothing."""
        gates = _by_title(await store.gates.all())
        period_name, named = _split(asked)
        found = _matching(gates, named)
        if not named:
            await self._show.chart(store, person.chat_id, period_name, None, gates, together=True)
        elif not found:
            await self._show.unknown(store, person.chat_id, named, gates)
        elif len(found) > 1:
            await self._show.choose(store, person.chat_id, period_name, found)
        else:
            await self._show.chart(store, person.chat_id, period_name, found[0], gates, together=True)

    async def of_own(self, store: Store, person: Person, own_gates: Sequence[Gate], asked: str) -> None:
        """Answer an admin's command about `own_gates`, at least one. Telegram is asked again whether they are an
        admin."""
        gates = _by_title(own_gates)
        period_name, named = _split(asked)
        found = _matching(gates, named) if named else gates
        if not found:
            await self._show.unknown(store, person.chat_id, named, gates)
        elif len(found) > 1:
            await self._show.choose(store, person.chat_id, period_name, found)
        else:
            details: dict[str, str | int] = {"key": period_name}
            await self._desk(store, AdminAction(AdminActionKind.STATS, found[0].chat_id, person.user_id, details))

    async def press_of_all(
        self,
        store: Store,
        person: Person,
        query_id: str,
        period_name: str,
        gate_id: int,
        page: int,
        message_id: int | None,
    ) -> None:
        """Handle an operator's button under a chart: another period or gate, or, if `page` is not negative, a page of
        gates."""
        gate = await store.gates.get(gate_id) if gate_id != NO_GATE else None
        toast = Toast.NOTHING
        if period_name not in PERIODS or (gate is None and gate_id != NO_GATE):
            toast = Toast.UNKNOWN
        elif page >= 0:
            gates = _by_title(await store.gates.all())
            await self._show.gates(store, person.chat_id, period_name, gate_id, gates, page, message_id, together=True)
        else:
            gates = _by_title(await store.gates.all())
            await self._show.chart(store, person.chat_id, period_name, gate, gates, message_id, together=True)
        await answer_button(store, person.user_id, query_id, toast, self._clock.now())

    async def press_of_own(
        self,
        store: Store,
        person: Person,
        query_id: str,
        period_name: str,
        gate_id: int,
        page: int,
        message_id: int | None,
    ) -> None:
        """Handle the same button of anybody else; only an admin of the gate gets an answer."""
        if period_name not in PERIODS or await store.gates.get(gate_id) is None:
            await answer_button(store, person.user_id, query_id, Toast.UNKNOWN, self._clock.now())
            return
        details: dict[str, str | int] = {"key": period_name, "page": page}
        if message_id is not None:
            details["message_id"] = message_id
        await self._desk(store, AdminAction(AdminActionKind.STATS, gate_id, person.user_id, details, query_id))


def _by_title(gates: Sequence[Gate]) -> list[Gate]:
    return sorted(gates, key=lambda gate: (gate.title.casefold(), gate.chat_id))


def _split(asked: str) -> tuple[str, str]:
    """Split into the period and the name of a gate. The period may come first or last."""
    words = asked.split()
    for place in (0, -1):
        if words and words[place].casefold() in PERIODS:
            return words.pop(place).casefold(), " ".join(words)
    return DEFAULT_PERIOD, " ".join(words)


def _matching(gates: Sequence[Gate], named: str) -> list[Gate]:
    wanted = named.casefold()
    tests: tuple[Callable[[Gate], bool], ...] = (
        lambda gate: wanted == str(gate.chat_id),
        lambda gate: gate.username is not None and wanted == f"@{gate.username}".casefold(),
        lambda gate: wanted == " ".join(gate.title.split()).casefold(),
        lambda gate: wanted in " ".join(gate.title.split()).casefold(),
    )
    return next((found for test in tests if (found := [gate for gate in gates if test(gate)])), [])
