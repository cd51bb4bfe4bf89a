"""Reading statistics and sending them to people who may see them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.domain.delivery import TaskKind, Toast
from bot.domain.gate import Gate
from bot.domain.panel import AdminAction
from bot.domain.statistics import FunnelStep, Period, period
from bot.domain.summary import DEFAULT_PERIOD, StatisticsReport
from bot.domain.tasks import AskWhichGate, GateTitles, SayUnknownGate, SendChart, SendGateButtons
from bot.usecases.find_people import may_hold_phone
from bot.usecases.read_statistics import ReadStatistics
from storage.store import Store

WANTED_FOR = timedelta(minutes=10)
"""Whoever asked looks at it now, or asks again."""
GATES_TOLD = 8
"""Gates listed separately: those with the most requests."""
ON_A_PAGE = 8
LONGEST_TITLE = 64


class ShowStatistics:
    """Reads the numbers within the transaction of the request and stores them with the task. Only the newest request of
    a chat goes out. The caller checks who may see them."""

    def __init__(self, clock: Clock, read: ReadStatistics) -> None:
        self._clock = clock
        self._read = read

    async def chart(
        self,
        store: Store,
        chat_id: int,
        period_name: str,
        gate: Gate | None,
        gates: Sequence[Gate],
        message_id: int | None = None,
        *,
        together: bool,
    ) -> None:
        """Send the chart of one gate, or of all (None). `gates`: those offered as a choice; `together`: all of them,
        too; `message_id`: the message to replace."""
        asked = period(period_name, self._clock.now())
        if asked is None:
            raise ValueError(period_name)
        summary = await self._summary(store, period_name, asked, gate)
        work = SendChart(summary.packed(), others=len(gates) > 1, together=together, message_id=message_id)
        await self._send(store, chat_id, work)

    async def gates(
        self,
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
        await self._send(store, chat_id, work)

    async def choose(self, store: Store, chat_id: int, period_name: str, gates: Sequence[Gate]) -> None:
        """Ask which of these is meant; a long list is cut."""
        work = AskWhichGate(period_name, _listed(gates[:ON_A_PAGE]), max(0, len(gates) - ON_A_PAGE))
        await self._send(store, chat_id, work)

    async def unknown(self, store: Store, chat_id: int, asked: str, gates: Sequence[Gate]) -> None:
        """Say that no gate has that name. Text that may contain a phone number is not stored."""
        name = "" if may_hold_phone(asked) else asked[:LONGEST_TITLE]
        work = SayUnknownGate(name, _listed(gates[:ON_A_PAGE]), max(0, len(gates) - ON_A_PAGE))
        await self._send(store, chat_id, work)

    async def of_admin(self, store: Store, gate: Gate, act: AdminAction, now: datetime) -> Toast:
        """An `ActionHandler`: `key` names the period. `page`: list their gates, instead of numbers."""
        period_name = str(act.details.get("key") or DEFAULT_PERIOD)
        if period(period_name, now) is None:
            return Toast.UNKNOWN
        given = act.details.get("message_id")
        message_id = int(given) if given is not None else None
        gates = await store.admins.gates_of(act.admin_id)
        page = int(act.details.get("page", -1))
        if page >= 0:
            await self.gates(store, act.admin_id, period_name, gate.chat_id, gates, page, message_id, together=False)
        else:
            await self.chart(store, act.admin_id, period_name, gate, gates, message_id, together=False)
        return Toast.NOTHING

    async def _send(
        self, store: Store, chat_id: int, work: SendChart | SendGateButtons | AskWhichGate | SayUnknownGate
    ) -> None:
        """Add the task, in place of earlier ones."""
        now = self._clock.now()
        await store.tasks.cancel(TaskKind.STATS, chat_id, chat_id, now)
        await store.tasks.add(work, chat_id, now, expires_at=now + WANTED_FOR, user_id=chat_id)

    async def _summary(self, store: Store, name: str, asked: Period, gate: Gate | None) -> StatisticsReport:
        told = await self._read(store, asked, gate.chat_id if gate is not None else None)
        busiest = sorted(told.by_gate, key=lambda gate_id: -told.by_gate[gate_id][FunnelStep.ASKED])[:GATES_TOLD]
        told = replace(told, by_gate={gate_id: told.by_gate[gate_id] for gate_id in busiest})
        known = await store.gates.get_many(busiest) if busiest else {}
        titles = {gate_id: found.title[:LONGEST_TITLE] for gate_id, found in known.items()}
        return StatisticsReport(name, gate.title[:LONGEST_TITLE] if gate is not None else None, told, titles)


def _listed(gates: Sequence[Gate]) -> GateTitles:
    return tuple((gate.chat_id, gate.title[:LONGEST_TITLE]) for gate in gates)
