"""The operators' pages, built from the current state."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TypeVar

from bot.domain.gate_health import LATELY
from bot.domain.operators import (
    AddingOperator,
    AllGates,
    AnnouncementAsked,
    AnnouncementDropped,
    AnnouncementPreview,
    AnnouncementProgress,
    CannotAppoint,
    CannotSend,
    GateForOperators,
    GateOverview,
    InstallationPage,
    InstallationView,
    OperatorLine,
    OperatorList,
    RemovingOperator,
)
from bot.domain.outgoing import ScreenRow
from bot.features.operators.registry import Operators
from storage.store import Store

T = TypeVar("T")

PER_PAGE = 8


class InstallationViews:
    """The page that a screen's row names; None for anyone who is not an operator."""

    def __init__(self, operators: Operators) -> None:
        self._operators = operators

    async def __call__(self, store: Store, row: ScreenRow) -> InstallationView | None:
        """Raises KeyError or ValueError for a row that this version does not know."""
        # They may have ceased to be one since the page was opened.
        if not await self._operators.is_operator(store, row.user_id):
            return None
        match InstallationPage(str(row.details["page"])):
            case InstallationPage.OPERATORS:
                return await self._list(store, row)
            case InstallationPage.ADDING:
                return AddingOperator()
            case InstallationPage.REMOVING:
                return await self._removing(store, row)
            case InstallationPage.GATES:
                return await _gates(store, row)
            case InstallationPage.GATE:
                return await _gate(store, row)
            case InstallationPage.ANNOUNCEMENT:
                return await _announcement(store, row)

    async def _list(self, store: Store, row: ScreenRow) -> OperatorList:
        unfit = row.details.get("unfit")
        lines = await self._lines(store)
        shown, page, pages = _page(lines, row)
        return OperatorList(tuple(shown), page, pages, len(lines), None if unfit is None else CannotAppoint(str(unfit)))

    async def _lines(self, store: Store) -> list[OperatorLine]:
        added = {operator.user_id: operator for operator in await store.operators.all()}
        user_ids = await self._operators.now(store)
        reached = {user_id for user_id, one in (await store.people.get_many(user_ids)).items() if one.can_be_written}
        return [
            OperatorLine(
                user_id,
                added[user_id].name if user_id in added else "",
                added.get(user_id),
                user_id in reached,
                is_named=user_id in self._operators.named,
            )
            for user_id in user_ids
        ]

    async def _removing(self, store: Store, row: ScreenRow) -> InstallationView:
        meant = [line for line in await self._lines(store) if line.user_id == int(row.details["id"])]
        if not meant or meant[0].added is None:
            return await self._list(store, row)
        return RemovingOperator(meant[0], meant[0].user_id == row.user_id, int(row.details.get("number", 0)))


def _page(everything: Sequence[T], row: ScreenRow) -> tuple[Sequence[T], int, int]:
    """Return the items of the page that the row names, or else of the last one; its number, and how many pages there
    are."""
    pages = max((len(everything) + PER_PAGE - 1) // PER_PAGE, 1)
    page = min(int(row.details.get("number", 0)), pages - 1)
    return everything[page * PER_PAGE : (page + 1) * PER_PAGE], page, pages


async def _gates(store: Store, row: ScreenRow) -> AllGates:
    gates = in_order(await store.monitoring.gates(store.now - LATELY), store.now)
    shown, page, pages = _page(gates, row)
    own = len(await store.admins.gates_of(row.user_id))
    return AllGates(tuple(shown), page, pages, len(gates), page * PER_PAGE + 1, own)


def in_order(gates: Collection[GateOverview], now: datetime) -> list[GateOverview]:
    """Sort gates in trouble first, the most recently active of them first; all others by title."""
    alike = sorted(gates, key=lambda one: (one.gate.title.casefold(), one.gate.chat_id))
    troubled = [one for one in alike if one.state(now).is_trouble]
    troubled.sort(key=lambda one: (one.state(now), now - one.alive_at))
    return [*troubled, *sorted((one for one in alike if not one.state(now).is_trouble), key=lambda one: one.state(now))]


async def _gate(store: Store, row: ScreenRow) -> InstallationView:
    gate_id = int(row.details["id"])
    found = [one for one in await store.monitoring.gates(store.now - LATELY) if one.gate.chat_id == gate_id]
    if not found:
        return await _gates(store, row)
    own = {gate.chat_id for gate in await store.admins.gates_of(row.user_id)}
    return GateForOperators(found[0], gate_id in own, int(row.details.get("number", 0)))


async def _announcement(store: Store, row: ScreenRow) -> InstallationView:
    if "id" not in row.details:
        problem = row.details.get("problem")
        return AnnouncementAsked(None if problem is None else CannotSend(str(problem)))
    announcement = await store.announcements.get(int(row.details["id"]))
    if announcement is None:
        return AnnouncementDropped()
    if announcement.sent_at is None:
        return AnnouncementPreview(announcement, await store.announcements.audience())
    return AnnouncementProgress(announcement)
