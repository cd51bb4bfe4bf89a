"""Drive two gates with random events in any order, and check the invariants after each calm.

Nobody verified stays out, nobody unverified gets in unless an admin lets them in, nobody else's restriction is lifted
or changed, and everyone who waits has a deadline.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from bot.domain.admin_actions import AdminActionKind
from bot.domain.gate_settings import EntryMode
from bot.sandbox.clock import SandboxClock
from bot.sandbox.people import Person
from bot.sandbox.telegram.app_user import NotAllowed
from bot.sandbox.telegram.state import Group
from bot.sandbox.world import World
from bot.telegram.keyboards import PanelButton
from tests.installation import NUMBER, Installation
from tests.scenarios.gates import chooses
from tests.scenarios.story import all_is_carried, eventually

NAMES = ("Anna", "Boris", "Vera")
HOUR, DAY = 3600.0, 24 * 3600.0
who = st.integers(0, len(NAMES) - 1)
where = st.sampled_from(("asking", "muting"))


class AnyOrder(RuleBasedStateMachine):
    """The real bot in the sandbox; each rule is something that people, admins, time or faults do."""

    migrated_file: Path

    def __init__(self) -> None:
        super().__init__()
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self._folder = Path(tempfile.mkdtemp(prefix="callgate-any-order-"))
        # What admins decided: whom they let in where, and whom they restricted how.
        self.by_admin: set[tuple[str, int]] = set()
        self.blocked: set[tuple[str, int]] = set()
        self.revoked: set[tuple[str, int]] = set()
        self.restricted: dict[int, int] = {}

    def _do(self, job: Coroutine[Any, Any, None]) -> None:
        self._runner.run(job)

    # How it begins and ends

    @initialize()
    def set_scene(self) -> None:
        self._do(self._set_scene())

    async def _set_scene(self) -> None:
        self.world = World(clock=SandboxClock(rate=20), flood_limits=False)
        await self.world.start()
        file = Path(shutil.copyfile(self.migrated_file, self._folder / "callgate.db"))
        self.callgate = Installation(self.world, f"sqlite:///{file}", TELEGRAM_RATE="0", SMSC_POLL_SECONDS="0")
        await self.callgate.start()
        self.olga = self.world.person("Olga", language="en")
        self.people = [self.world.person(name, language="en") for name in NAMES]
        await self.olga.says("/start")
        await self.olga.sees("👋")
        self.groups = {
            "asking": self.world.group("Flat owners", owner=self.olga),
            "muting": self.world.group("Garden", owner=self.olga, approves=False),
        }
        for group in self.groups.values():
            await self.olga.makes_bot_admin(group, can_invite_users=True, can_restrict_members=True)
        await eventually(self.callgate, "SELECT count(*) AS n FROM gates WHERE is_on", [{"n": 2}])
        await chooses(self.callgate, self.groups["muting"], way=EntryMode.MUTE)

    def teardown(self) -> None:
        if hasattr(self, "callgate"):
            self._do(self._end())
        self._runner.close()
        shutil.rmtree(self._folder)

    async def _end(self) -> None:
        try:
            await self._settle()
        finally:
            await self.callgate.stop()
            await self.world.stop()

    # What newcomers do

    @rule(n=who)
    def asks_to_join(self, n: int) -> None:
        self._do(self._may(lambda: self.people[n].asks_to_join(self.groups["asking"])))

    @rule(n=who)
    def joins(self, n: int) -> None:
        self._do(self._may(lambda: self.people[n].joins(self.groups["muting"])))

    @rule(n=who, place=where)
    def leaves(self, n: int, place: str) -> None:
        self._do(self._may(lambda: self.people[n].leaves(self.groups[place])))

    @rule(n=who)
    def withdraws(self, n: int) -> None:
        self._do(self._may(lambda: self.people[n].withdraws_request(self.groups["asking"])))

    @rule(n=who)
    def shares_contact(self, n: int) -> None:
        self._do(self._share(self.people[n]))

    async def _share(self, person: Person) -> None:
        await person.says("/start")
        await self._calm()
        if person.asked_for_contact():
            await person.shares_contact()
        await self._calm()

    @rule(n=who)
    def calls(self, n: int) -> None:
        self._do(self._call(self.people[n]))

    async def _call(self, person: Person) -> None:
        await self._calm()
        screen = person.shown("📞")
        number = NUMBER.search(screen.text or "") if screen is not None else None
        if number is not None:
            await person.calls(number.group())
        await self._calm()

    # What admins do

    @rule(n=who)
    def approves_by_hand(self, n: int) -> None:
        async def approve() -> None:
            await self.olga.approves(self.groups["asking"], self.people[n])
            self.by_admin.add(("asking", n))

        self._do(self._may(approve))

    @rule(n=who)
    def declines_by_hand(self, n: int) -> None:
        self._do(self._may(lambda: self.olga.declines(self.groups["asking"], self.people[n])))

    @rule(n=who)
    def adds(self, n: int) -> None:
        async def add() -> None:
            await self.olga.adds(self.groups["muting"], self.people[n])
            self.by_admin.add(("muting", n))

        self._do(self._may(add))

    @rule(n=who, span=st.sampled_from((0, 2 * HOUR, 30 * DAY)))
    def restricts(self, n: int, span: float) -> None:
        async def restrict() -> None:
            until = int(self.world.clock.timestamp() + span) if span else None
            await self.olga.restricts(self.groups["muting"], self.people[n], until=until)
            self.restricted[n] = until or 0

        self._do(self._may(restrict))

    @rule(n=who)
    def frees(self, n: int) -> None:
        async def free() -> None:
            await self.olga.frees(self.groups["muting"], self.people[n])
            self.restricted.pop(n, None)
            self.by_admin.add(("muting", n))

        self._do(self._may(free))

    @rule(
        n=who,
        place=where,
        act=st.sampled_from(
            (
                AdminActionKind.LET_IN,
                AdminActionKind.DECLINE,
                AdminActionKind.BLOCK,
                AdminActionKind.UNBLOCK,
                AdminActionKind.REVOKE,
            )
        ),
    )
    def decides(self, n: int, place: str, act: AdminActionKind) -> None:
        self._do(self._decide(n, place, act))

    async def _decide(self, n: int, place: str, act: AdminActionKind) -> None:
        await self._calm()
        key = (place, n)
        match act:
            case AdminActionKind.LET_IN:
                self.by_admin.add(key)
                self.blocked.discard(key)
                self.revoked.discard(key)
            case AdminActionKind.BLOCK:
                self.blocked.add(key)
                self.by_admin.discard(key)
            case AdminActionKind.UNBLOCK:
                self.blocked.discard(key)
                self.revoked.discard(key)
            case AdminActionKind.REVOKE:
                self.revoked.add(key)
                self.blocked.discard(key)
                self.by_admin.discard(key)
        button = PanelButton(act=act, gate=self.groups[place].id, value=str(self.people[n].id))
        message = self.olga.chat.messages[-1]
        await self.olga.presses_button(message.id, button.pack())
        await self._calm()

    # What time and faults do

    @rule(span=st.sampled_from((60.0, 20 * 60.0, 3 * HOUR, 25 * HOUR)))
    def time_passes(self, span: float) -> None:
        async def pass_time() -> None:
            await self._calm()
            self.world.clock.advance(span)

        self._do(pass_time())

    @rule()
    def restarts(self) -> None:
        self._do(self.callgate.restart())

    @rule(span=st.sampled_from((60.0, 3 * HOUR, 25 * HOUR)))
    def is_away(self, span: float) -> None:
        async def away() -> None:
            await self.callgate.stop()
            self.world.clock.advance(span)
            await self.callgate.start()

        self._do(away())

    @rule(method=st.sampled_from((None, "approveChatJoinRequest", "restrictChatMember", "sendMessage")))
    def telegram_stumbles(self, method: str | None) -> None:
        self.world.faults.add(where="telegram", kind="500", method=method, times=2)

    @precondition(lambda self: self.world.faults.waiting() == [])
    @rule(method=st.sampled_from(("approveChatJoinRequest", "restrictChatMember", "banChatMember")))
    def an_answer_is_lost(self, method: str) -> None:
        self.world.faults.add(where="telegram", kind="reset_after", method=method, times=1)

    @rule()
    def all_is_calm(self) -> None:
        self._do(self._settle())

    async def _may(self, act: Callable[[], Awaitable[object]]) -> None:
        """Skip what the app does not allow now."""
        try:
            await act()
        except NotAllowed:
            return
        await self._calm()

    async def _calm(self) -> None:
        self.world.faults.clear()
        await all_is_carried(self.callgate)

    # Invariants

    async def _settle(self) -> None:
        await self._calm()
        verified = {row["user_id"] for row in await self.callgate.rows("SELECT user_id FROM verified_phones")}
        waiting = {
            (row["gate_id"], row["user_id"]): row
            for row in await self.callgate.rows("SELECT * FROM join_requests WHERE state = 'waiting'")
        }
        for n, person in enumerate(self.people):
            self._look_at_asking(n, person, verified, waiting)
            self._look_at_muting(n, person, verified, waiting)
        for row in waiting.values():
            assert row["deadline_at"] is not None

    def _look_at_asking(self, n: int, person: Person, verified: set[int], waiting: dict[Any, Any]) -> None:
        group, key = self.groups["asking"], ("asking", n)
        if person.id in group.requests:
            assert (group.id, person.id) in waiting, f"{person} asks, and nobody remembers"
            if person.id in verified:
                assert key in self.revoked | self.blocked, f"{person} is verified and stays out"
        if self._is_in(group, person) and person.id not in verified:
            assert key in self.by_admin, f"{person} got in unverified"

    def _look_at_muting(self, n: int, person: Person, verified: set[int], waiting: dict[Any, Any]) -> None:
        group, key = self.groups["muting"], ("muting", n)
        member = group.member(person.account)
        now = self.world.clock.timestamp()
        if n in self.restricted and (not self.restricted[n] or self.restricted[n] > now) and member.inside:
            assert member.status == "restricted", f"somebody else's restriction of {person} was lifted"
            assert member.until_date == self.restricted[n], f"somebody else's restriction of {person} was changed"
            return
        if not member.inside:
            return
        if member.status == "restricted":
            assert (group.id, person.id) in waiting, f"{person} is muted, and nobody will ever look again"
            if person.id in verified:
                assert key in self.revoked | self.blocked, f"{person} is verified and stays muted"
        elif person.id not in verified:
            assert key in self.by_admin, f"{person} writes unverified"

    @staticmethod
    def _is_in(group: Group, person: Person) -> bool:
        return group.member(person.account).inside


@pytest.mark.long
def test_whatever_happens_in_any_order(migrated_file: Path) -> None:
    AnyOrder.migrated_file = migrated_file
    AnyOrder.TestCase.settings = settings(
        max_examples=8,
        stateful_step_count=20,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    AnyOrder.TestCase("runTest").debug()
