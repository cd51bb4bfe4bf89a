"""Entries are counted as a person at the door would count them, whatever was requested, granted and used in between."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.crypto import TokenGenerator
from bot.domain.admin_actions import AdminActionKind
from bot.domain.gate_settings import EntryMode
from bot.domain.gates import Gate, GrantKind
from bot.domain.outgoing import DeliveryResult, DeliveryStatus
from bot.domain.statistics import FunnelStep, Period, Statistics
from bot.features.joining.links import ask_link, renew_links
from bot.features.statistics.actions import read_statistics
from bot.features.webhooks.events import PublishEvents
from storage.engine.database import Database
from storage.sql.tables import metadata
from tests.features.rules import ANNA, BORIS, GATE, OTHER_GATE, OTHER_PHONE, PHONE, Rules, frozen_clock

LINKS = Gate(-1001111111111, "By link", None, is_channel=False, is_on=True)
PHONES = {ANNA: PHONE, BORIS: OTHER_PHONE}
GATES = {gate.chat_id: gate for gate in (GATE, OTHER_GATE, LINKS)}

Whom = tuple[int, int]
"""A person at a gate."""


class Door:
    """Three chats and the people at their doors: GATE, by request, also gives links into OTHER_GATE; LINKS gives links
    on request.

    The use cases get the events, and the door counts what is visible from outside: who asked for what, who called, who
    walked in.
    """

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.inside: set[Whom] = set()
        self.links: set[Whom] = set()
        self.wishes: dict[Whom, bool] = {}
        """Requests not fulfilled yet; whether each came before the call."""
        self.called: set[int] = set()
        self.asked = 0
        self.came: Counter[tuple[int, int, str]] = Counter()

    async def opens(self) -> None:
        for gate in GATES.values():
            await self.rules.becomes(gate)
        await self.rules.chooses(GATE, further=(OTHER_GATE.chat_id,))
        await self.rules.chooses(LINKS, way=EntryMode.LINK)

    async def asks(self, user_id: int, gate: Gate) -> None:
        """Ask, for a link where the gate gives links; perhaps again, though they have one."""
        target_id = (user_id, gate.chat_id)
        if target_id in self.inside or (target_id in self.wishes and gate is not LINKS):
            return
        if target_id not in self.wishes:
            self.wishes[target_id] = user_id not in self.called
            self.asked += self.wishes[target_id]
        if gate is LINKS:
            person = await self.rules.meets(user_id)
            await self.rules.database.transact(lambda store: ask_link(store, person, gate.chat_id, ""))
        else:
            await self.rules.asks_to_join(user_id, gate)
        await self.is_carried()

    async def renews(self, user_id: int, _gate: Gate) -> None:
        person = await self.rules.meets(user_id)
        await self.rules.database.transact(lambda store: renew_links(store, person))
        await self.is_carried()

    async def calls(self, user_id: int, _gate: Gate) -> None:
        if user_id not in self.called:
            self.called.add(user_id)
            await self.rules.verifies(user_id, PHONES[user_id])
            await self.is_carried()

    async def uses_link(self, user_id: int, gate: Gate) -> None:
        target_id = (user_id, gate.chat_id)
        if target_id in self.links and target_id not in self.inside:
            self.links.discard(target_id)
            if gate is OTHER_GATE and (user_id, GATE.chat_id) not in self.inside:
                # The link was for members of GATE; without that it is a request like any other.
                self.wishes.setdefault(target_id, False)
            await self.rules.asks_to_join(user_id, gate, link="https://t.me/+link")
            await self.is_carried()

    async def leaves(self, user_id: int, gate: Gate) -> None:
        if (user_id, gate.chat_id) in self.inside:
            self.inside.discard((user_id, gate.chat_id))
            await self.rules.leaves(user_id, gate)

    async def is_carried(self) -> None:
        """Telegram does everything that is pending."""
        rules = self.rules
        while due := await rules.database.transact(lambda store: store.grants.due(rules.now, 100, ())):
            for grant in due:
                target_id = (grant.user_id, grant.gate_id)
                if grant.kind is GrantKind.LINK:
                    self.links.add(target_id)
                await rules.settles(DeliveryResult(grant, DeliveryStatus.DONE, answer={"detail": "https://t.me/+link"}))
                if grant.kind is GrantKind.JOIN:
                    self._walks_in(target_id)
                    await rules.joins(grant.user_id, GATES[grant.gate_id], asked=True)

    async def told(self, gate_id: int | None = None) -> Statistics:
        period = Period(None, self.rules.now.date())
        return await self.rules.database.transact(lambda store: read_statistics(store, period, gate_id))

    async def published(self) -> Counter[tuple[int, int, str]]:
        """Return the entries of which the owner's system got events."""
        rows = await self.rules.rows("SELECT body FROM outbox WHERE type = 'access.granted'")
        bodies = [json.loads(bytes(row["body"]))["data"] for row in rows]
        return Counter((data["person_id"], data["gate_id"], data["why"]) for data in bodies)

    def _walks_in(self, target_id: Whom) -> None:
        self.inside.add(target_id)
        if target_id in self.wishes:
            self.came[*target_id, "called" if self.wishes.pop(target_id) else "known"] += 1


Act = Callable[[Door, int, Gate], Awaitable[None]]
ACTS: tuple[Act, ...] = (Door.asks, Door.asks, Door.renews, Door.calls, Door.uses_link, Door.leaves)
acts = st.lists(
    st.tuples(st.sampled_from(ACTS), st.sampled_from((ANNA, BORIS)), st.sampled_from((GATE, OTHER_GATE, LINKS))),
    max_size=25,
)


async def check(door: Door) -> None:
    """Check that the numbers equal those counted at the door."""
    told = await door.told()
    called = {target_id: n for target_id, n in door.came.items() if target_id[2] == "called"}
    assert told.funnel[FunnelStep.ASKED] == door.asked
    assert told.funnel[FunnelStep.CALLED] == len(door.called)
    assert told.funnel[FunnelStep.IN] == sum(called.values())
    assert told.known == door.came.total() - sum(called.values())
    assert told.other == 0
    assert sum(came for _, _, _, came in told.series) == door.came.total()
    for gate_id, funnel in told.by_gate.items():
        assert funnel[FunnelStep.IN] == sum(n for target_id, n in called.items() if target_id[1] == gate_id)
    assert await door.published() == door.came


@pytest.fixture
async def door(database_url: str) -> AsyncIterator[Door]:
    """An installation that sends events to its owner's system."""
    clock = frozen_clock()
    database = Database(database_url, clock.now, publish=PublishEvents(TokenGenerator()))
    await database.open()
    door = Door(Rules(database, clock))
    await door.opens()
    yield door
    await database.close()


async def test_who_asks_once_and_calls_once_is_in_once_though_they_get_a_link_into_a_further_chat(door: Door) -> None:
    await door.asks(ANNA, GATE)
    await door.calls(ANNA, GATE)
    await door.uses_link(ANNA, OTHER_GATE)

    funnel = (await door.told()).funnel
    assert (funnel[FunnelStep.ASKED], funnel[FunnelStep.CALLED], funnel[FunnelStep.IN]) == (1, 1, 1)
    assert (await door.told(OTHER_GATE.chat_id)).funnel[FunnelStep.IN] == 0
    assert await door.published() == {(ANNA, GATE.chat_id, "called"): 1}


async def test_a_link_into_a_further_chat_is_an_own_request_once_its_person_has_left(door: Door) -> None:
    await door.asks(ANNA, GATE)
    await door.calls(ANNA, GATE)
    await door.leaves(ANNA, GATE)

    await door.uses_link(ANNA, OTHER_GATE)

    told = await door.told()
    assert (told.funnel[FunnelStep.IN], told.known) == (1, 1)
    assert await door.published() == {(ANNA, GATE.chat_id, "called"): 1, (ANNA, OTHER_GATE.chat_id, "known"): 1}


async def test_who_is_known_and_takes_three_links_is_in_once_they_come_and_once(door: Door) -> None:
    await door.calls(ANNA, LINKS)
    for act in (door.asks, door.renews, door.asks):
        door.rules.later(60)
        await act(ANNA, LINKS)
    told = await door.told(LINKS.chat_id)
    assert (told.funnel[FunnelStep.ASKED], told.funnel[FunnelStep.IN], told.known) == (0, 0, 0)
    assert await door.published() == {}

    await door.uses_link(ANNA, LINKS)

    told = await door.told()
    assert (told.funnel[FunnelStep.ASKED], told.funnel[FunnelStep.CALLED], told.funnel[FunnelStep.IN], told.known) == (
        0,
        1,
        0,
        1,
    )
    assert await door.published() == {(ANNA, LINKS.chat_id, "known"): 1}


async def test_who_called_for_a_link_is_in_by_that_call_also_when_the_link_had_to_be_renewed(door: Door) -> None:
    await door.asks(ANNA, LINKS)
    door.rules.later(60)
    await door.calls(ANNA, LINKS)
    door.rules.later(7200)
    await door.renews(ANNA, LINKS)
    await door.uses_link(ANNA, LINKS)

    told = await door.told()
    assert (told.funnel[FunnelStep.ASKED], told.funnel[FunnelStep.CALLED], told.funnel[FunnelStep.IN], told.known) == (
        1,
        1,
        1,
        0,
    )


async def test_whom_an_admin_lets_in_by_a_link_came_in_without_a_call_also_when_it_was_renewed(door: Door) -> None:
    await door.asks(ANNA, GATE)
    await door.rules.wants(AdminActionKind.DECLINE)
    await door.rules.execute("UPDATE tasks SET done_at = 1")
    assert await door.rules.wants(AdminActionKind.LET_IN, key="log") == "let_in_later"
    await door.is_carried()
    door.rules.later(60)
    await door.renews(ANNA, GATE)
    await door.uses_link(ANNA, GATE)

    told = await door.told()
    assert (told.funnel[FunnelStep.IN], told.known, told.other) == (0, 0, 1)
    assert await door.published() == {(ANNA, GATE.chat_id, "other"): 1}


@settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(drawn=acts)
def test_whatever_people_do_those_who_came_in_are_counted_once_each(
    database_url: str, drawn: list[tuple[Act, int, Gate]]
) -> None:
    async def story() -> None:
        clock = frozen_clock()
        database = Database(database_url, clock.now, publish=PublishEvents(TokenGenerator()))
        await database.open()
        try:
            door = Door(Rules(database, clock))
            for table in reversed(metadata.sorted_tables):
                await door.rules.execute(f"DELETE FROM {table.name}")
            await door.opens()
            for act, user_id, gate in drawn:
                door.rules.later(60)
                await act(door, user_id, gate)
            await check(door)
        finally:
            await database.close()

    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        runner.run(story())
