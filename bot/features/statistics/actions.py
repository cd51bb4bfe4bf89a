"""Somebody asks for statistics: which ones, and the numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

from bot.domain.admin_actions import AdminAction, AdminActionKind
from bot.domain.gates import Gate
from bot.domain.notifications import Toast
from bot.domain.outgoing import TaskKind
from bot.domain.people import Person
from bot.domain.statistics import (
    DEFAULT_PERIOD,
    NO_GATE,
    PERIODS,
    FunnelStep,
    Granularity,
    Period,
    Statistics,
    StatisticsReport,
    period,
    statistics,
)
from bot.domain.tasks import AskWhichGate, GateTitles, SayUnknownGate, SendChart, SendGateButtons
from bot.features.admins.authorize import AdminDesk
from bot.features.admins.popups import answer_button
from bot.numbering import may_hold_phone
from storage.store import Store

MOST_DAYS = 120
"""For longer periods, monthly sums are read, for the months they touch."""


async def read_statistics(store: Store, period: Period, gate_id: int | None = None) -> Statistics:
    """Read the statistics of all gates, or of one."""
    is_short = period.first is not None and (period.last - period.first).days < MOST_DAYS
    grain = Granularity.DAY if is_short else Granularity.MONTH
    sums = await store.sums.read(period, gate_id, grain)
    return statistics(period, NO_GATE if gate_id is None else gate_id, sums, grain)


WANTED_FOR = timedelta(minutes=10)
"""Whoever asked looks at it now, or asks again."""
GATES_TOLD = 8
"""Gates listed separately: those with the most requests."""
ON_A_PAGE = 8
LONGEST_TITLE = 64


async def send_chart(
    store: Store,
    chat_id: int,
    period_name: str,
    gate: Gate | None,
    gates: Sequence[Gate],
    message_id: int | None = None,
    *,
    together: bool,
) -> None:
    """Send the chart of one gate, or of all (None); of several requests of a chat only the newest goes out. The numbers
    are those of now. The caller checks who may see them. `gates`: those offered as a choice; `together`: all of them,
    too; `message_id`: the message to replace."""
    asked = period(period_name, store.now)
    if asked is None:
        raise ValueError(period_name)
    summary = await _summary(store, period_name, asked, gate)
    work = SendChart(summary.packed(), others=len(gates) > 1, together=together, message_id=message_id)
    await _send(store, chat_id, work)


async def send_gate_buttons(
    store: Store,
    chat_id: int,
    period_name: str,
    gate_id: int,
    gates: Sequence[Gate],
    page: int,
    message_id: int | None,
    *,
    together: bool,
) -> None:
    """Replace the buttons of the chart, which is of `gate_id`, by a page of these gates."""
    pages = max(1, -(-len(gates) // ON_A_PAGE))
    page = min(page, pages - 1)
    listed = _listed(gates[page * ON_A_PAGE : (page + 1) * ON_A_PAGE])
    work = SendGateButtons(period_name, gate_id, listed, page, pages, together, message_id)
    await _send(store, chat_id, work)


async def ask_which_gate(store: Store, chat_id: int, period_name: str, gates: Sequence[Gate]) -> None:
    """Ask which of these is meant; a long list is cut."""
    work = AskWhichGate(period_name, _listed(gates[:ON_A_PAGE]), max(0, len(gates) - ON_A_PAGE))
    await _send(store, chat_id, work)


async def say_unknown_gate(store: Store, chat_id: int, asked: str, gates: Sequence[Gate]) -> None:
    """Say that no gate has that name. Text that may contain a phone number is not stored."""
    name = "" if may_hold_phone(asked) else asked[:LONGEST_TITLE]
    work = SayUnknownGate(name, _listed(gates[:ON_A_PAGE]), max(0, len(gates) - ON_A_PAGE))
    await _send(store, chat_id, work)


async def send_to_admin(store: Store, gate: Gate, act: AdminAction) -> Toast:
    """An `ActionHandler`: `key` names the period. `page`: list their gates, instead of numbers."""
    period_name = str(act.details.get("key") or DEFAULT_PERIOD)
    if period(period_name, store.now) is None:
        return Toast.UNKNOWN
    given = act.details.get("message_id")
    message_id = int(given) if given is not None else None
    gates = await store.admins.gates_of(act.admin_id)
    page = int(act.details.get("page", -1))
    if page >= 0:
        await send_gate_buttons(store, act.admin_id, period_name, gate.chat_id, gates, page, message_id, together=False)
    else:
        await send_chart(store, act.admin_id, period_name, gate, gates, message_id, together=False)
    return Toast.NOTHING


async def _send(store: Store, chat_id: int, work: SendChart | SendGateButtons | AskWhichGate | SayUnknownGate) -> None:
    """Add the task, in place of earlier ones."""
    now = store.now
    await store.tasks.cancel(TaskKind.STATS, chat_id, chat_id, now)
    await store.tasks.add(work, chat_id, now, expires_at=now + WANTED_FOR, user_id=chat_id)


async def _summary(store: Store, name: str, asked: Period, gate: Gate | None) -> StatisticsReport:
    gate_id = gate.chat_id if gate is not None else None
    told = await read_statistics(store, asked, gate_id)
    busiest = sorted(told.by_gate, key=lambda gate_id: -told.by_gate[gate_id][FunnelStep.ASKED])[:GATES_TOLD]
    told = replace(told, by_gate={gate_id: told.by_gate[gate_id] for gate_id in busiest})
    known = await store.gates.get_many(busiest) if busiest else {}
    titles = {gate_id: found.title[:LONGEST_TITLE] for gate_id, found in known.items()}
    before = await read_statistics(store, asked.before, gate_id) if asked.before is not None else None
    title = gate.title[:LONGEST_TITLE] if gate is not None else None
    return StatisticsReport(name, title, told, titles, before.entered if before is not None else None)


def _listed(gates: Sequence[Gate]) -> GateTitles:
    return tuple((gate.chat_id, gate.title[:LONGEST_TITLE]) for gate in gates)


class AskStatistics:
    """Operators see statistics of all gates together and of each, admins those of their own gates.

    A gate is named by its id, its @name or a part of its title; a full title wins over part of another.
    """

    def __init__(self, desk: AdminDesk) -> None:
        self._desk = desk

    async def of_all(self, store: Store, person: Person, asked: str) -> None:
        """Answer an operator's command. `asked`: a period, a gate, both or nothing."""
        gates = _by_title(await store.gates.all())
        period_name, named = _split(asked)
        found = _matching(gates, named)
        if not named:
            await send_chart(store, person.chat_id, period_name, None, gates, together=True)
        elif not found:
            await say_unknown_gate(store, person.chat_id, named, gates)
        elif len(found) > 1:
            await ask_which_gate(store, person.chat_id, period_name, found)
        else:
            await send_chart(store, person.chat_id, period_name, found[0], gates, together=True)

    async def of_own(self, store: Store, person: Person, own_gates: Sequence[Gate], asked: str) -> None:
        """Answer an admin's command about `own_gates`, at least one. Telegram is asked again whether they are an
        admin."""
        gates = _by_title(own_gates)
        period_name, named = _split(asked)
        found = _matching(gates, named) if named else gates
        if not found:
            await say_unknown_gate(store, person.chat_id, named, gates)
        elif len(found) > 1:
            await ask_which_gate(store, person.chat_id, period_name, found)
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
            await send_gate_buttons(store, person.chat_id, period_name, gate_id, gates, page, message_id, together=True)
        else:
            gates = _by_title(await store.gates.all())
            await send_chart(store, person.chat_id, period_name, gate, gates, message_id, together=True)
        await answer_button(store, person.user_id, query_id, toast)

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
            await answer_button(store, person.user_id, query_id, Toast.UNKNOWN)
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
