"""What operators see of the installation, made from what is true now."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from bot.domain.installation import (
    LATELY,
    AddedOperator,
    AddingOperator,
    AllGates,
    AnnouncementAsked,
    AnnouncementDropped,
    AnnouncementPreview,
    AnnouncementProgress,
    GateForOperators,
    GateVitals,
    InstallationPage,
    InstallationView,
    OperatorLine,
    OperatorList,
    RemovingOperator,
    Unfit,
    Unsendable,
)
from bot.usecases.operators import Operators
from bot.usecases.ports import Store
from bot.usecases.ports_delivery import ScreenRow

PER_PAGE = 8


class InstallationViews:
    """The page that a screen's row names; None for who is no operator, or not any more."""

    def __init__(self, operators: Operators) -> None:
        self._operators = operators

    async def __call__(self, store: Store, row: ScreenRow, now: datetime) -> InstallationView | None:
        """Raises KeyError or ValueError for a row that this version does not know."""
        if not await self._operators.is_operator(store, row.user_id):
            return None
        match InstallationPage(str(row.details["page"])):
            case InstallationPage.OPERATORS:
                unfit = row.details.get("unfit")
                return await self._list(store, None if unfit is None else Unfit(str(unfit)))
            case InstallationPage.ADDING:
                return AddingOperator()
            case InstallationPage.REMOVING:
                return await self._removing(store, row)
            case InstallationPage.GATES:
                return await _gates(store, row, now)
            case InstallationPage.GATE:
                return await _gate(store, row, now)
            case InstallationPage.ANNOUNCEMENT:
                return await _announcement(store, row)

    async def _list(self, store: Store, unfit: Unfit | None = None) -> OperatorList:
        added = {operator.user_id: operator for operator in await store.operators.all()}
        user_ids = await self._operators.now(store)
        reached = {user_id for user_id, one in (await store.people.get_many(user_ids)).items() if one.can_be_written}
        return OperatorList(tuple(self._line(user_id, added.get(user_id), reached) for user_id in user_ids), unfit)

    def _line(self, user_id: int, added: AddedOperator | None, reached: Collection[int]) -> OperatorLine:
        is_named = user_id in self._operators.named
        return OperatorLine(
            user_id, added.name if added is not None else "", None if is_named else added, user_id in reached
        )

    async def _removing(self, store: Store, row: ScreenRow) -> InstallationView:
        found = await self._list(store)
        meant = [line for line in found.operators if line.user_id == int(row.details["id"])]
        if not meant or meant[0].added is None:
            return found
        return RemovingOperator(meant[0], is_reader=meant[0].user_id == row.user_id)


async def _gates(store: Store, row: ScreenRow, now: datetime) -> AllGates:
    gates = in_order(await store.vitals.gates(now - LATELY), now)
    pages = max((len(gates) + PER_PAGE - 1) // PER_PAGE, 1)
    page = min(int(row.details.get("number", 0)), pages - 1)
    begin = page * PER_PAGE
    own = len(await store.admins.gates_of(row.user_id))
    return AllGates(tuple(gates[begin : begin + PER_PAGE]), page, pages, len(gates), begin + 1, own)


def in_order(gates: Collection[GateVitals], now: datetime) -> list[GateVitals]:
    """Those in trouble first, and of these who gave a sign of life last; all others by title."""
    alike = sorted(gates, key=lambda one: (one.gate.title.casefold(), one.gate.chat_id))
    troubled = [one for one in alike if one.state(now).is_trouble]
    troubled.sort(key=lambda one: (one.state(now), now - one.alive_at))
    return [*troubled, *sorted((one for one in alike if not one.state(now).is_trouble), key=lambda one: one.state(now))]


async def _gate(store: Store, row: ScreenRow, now: datetime) -> InstallationView:
    gate_id = int(row.details["id"])
    found = [one for one in await store.vitals.gates(now - LATELY) if one.gate.chat_id == gate_id]
    if not found:
        return await _gates(store, row, now)
    own = {gate.chat_id for gate in await store.admins.gates_of(row.user_id)}
    return GateForOperators(found[0], gate_id in own, int(row.details.get("number", 0)))


async def _announcement(store: Store, row: ScreenRow) -> InstallationView:
    if "id" not in row.details:
        problem = row.details.get("problem")
        return AnnouncementAsked(None if problem is None else Unsendable(str(problem)))
    announcement = await store.announcements.get(int(row.details["id"]))
    if announcement is None:
        return AnnouncementDropped()
    if announcement.sent_at is None:
        return AnnouncementPreview(announcement, await store.announcements.audience())
    return AnnouncementProgress(announcement)
