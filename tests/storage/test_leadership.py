"""Several replicas on one PostgreSQL database: all accept updates, one leads, and another takes over when it dies."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from aiohttp import web
from sqlalchemy import text

from bot.clock import REAL_TIME
from bot.domain.errors import LeadershipLostError, StorageUnavailableError
from bot.sandbox.changes import WAIT_TIMEOUT
from bot.sandbox.clock import SandboxClock
from bot.sandbox.world import World
from storage.engine import database as database_module
from storage.engine import leadership as leadership_module
from storage.engine.database import Database
from storage.engine.leadership import ADVISORY_KEY, Leadership, leadership
from storage.store import Store
from tests.installation import CALLBACK_TOKEN, number_shown
from tests.process import BotProcess, free_port


class Balancer:
    """Passes each request to the next replica; one that is down costs the sender a 502."""

    def __init__(self, replicas: list[BotProcess]) -> None:
        self._turns = itertools.cycle(replicas)
        self._http = httpx.AsyncClient()
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._pass_on)
        self._runner = web.AppRunner(app, access_log=None)
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"

    async def start(self) -> None:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()

    async def stop(self) -> None:
        await self._runner.cleanup()
        await self._http.aclose()

    async def _pass_on(self, request: web.Request) -> web.Response:
        names = ("Content-Type", "X-Telegram-Bot-Api-Secret-Token")
        headers = {name: request.headers[name] for name in names if name in request.headers}
        try:
            answer = await self._http.request(
                request.method,
                next(self._turns).url + str(request.rel_url),
                content=await request.read(),
                headers=headers,
            )
        except httpx.TransportError:
            return web.Response(status=502)
        return web.Response(status=answer.status_code, body=answer.content)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with World(clock=SandboxClock(), flood_limits=False) as world:
        yield world


@pytest.fixture
async def replicas(world: World, postgres_url: str, tmp_path: Path) -> AsyncIterator[list[BotProcess]]:
    """Two replicas behind one address."""
    replicas = [BotProcess(world, postgres_url, tmp_path, UPDATES="webhook", TELEGRAM_RATE="0") for _ in range(2)]
    balancer = Balancer(replicas)
    await balancer.start()
    for replica in replicas:
        await replica.start(PUBLIC_URL=balancer.url)
    world.smsc.callback.url = f"{balancer.url}/smsc/{CALLBACK_TOKEN}?charset=utf-8"
    yield replicas
    for replica in replicas:
        await replica.clean_up()
    await balancer.stop()


def _leads(replica: BotProcess) -> bool:
    return "leading" in replica.output()


async def _updates_kept(replica: BotProcess) -> int:
    async with httpx.AsyncClient() as http:
        lines = (await http.get(f"{replica.url}/metrics")).text.splitlines()
    return sum(int(float(line.split()[-1])) for line in lines if line.startswith("callgate_updates_total{"))


async def test_all_replicas_take_updates_and_when_the_leader_is_killed_another_finishes_what_was_due(
    world: World, replicas: list[BotProcess]
) -> None:
    owner, anna = world.person("Olga", language="en"), world.person("Anna", language="en")
    group = world.group("Flat owners", owner=owner)
    await owner.says("/start")
    # Two updates from the webhook may be processed side by side: a person not known yet gets the notice in the group.
    await owner.sees("1. ")
    await owner.makes_bot_admin(group, can_invite_users=True)
    await owner.sees("Flat owners")
    await anna.asks_to_join(group)
    await anna.shares_contact()
    number = await number_shown(anna)
    assert sorted(map(_leads, replicas)) == [False, True]
    kept = [await _updates_kept(replica) for replica in replicas]
    assert min(kept) > 0
    assert sum(kept) == 4

    not_sent = world.faults.add(where="telegram", kind="reset_before", method="approveChatJoinRequest")
    await anna.calls(number)
    await world.wait_until(lambda: not_sent.times == 0)
    leader, other = sorted(replicas, key=_leads, reverse=True)
    await leader.kill()

    await world.wait_until(lambda: anna.id in group.members)
    await anna.sees("You are in")
    assert _leads(other)
    # Every second update reaches the dead replica first, and is sent again.
    for command in ("/help", "/privacy"):
        await anna.says(command)
    await anna.sees("fingerprint")


async def test_a_leader_that_stops_hands_over_at_once(world: World, replicas: list[BotProcess]) -> None:
    await world.wait_until(lambda: any(map(_leads, replicas)))
    leader, other = sorted(replicas, key=_leads, reverse=True)

    await leader.stop()

    await world.wait_until(lambda: _leads(other))


async def test_one_leads_at_a_time_and_only_until_its_connection_ends(postgres_url: str) -> None:
    databases = [Database(postgres_url, REAL_TIME.now) for _ in range(2)]
    for database in databases:
        await database.open()
    first, second = map(leadership, databases)

    assert await first.acquire()
    assert not await second.acquire()
    assert await first.still_held()
    assert not await second.still_held()
    await first.release()
    assert not await first.still_held()
    assert await second.acquire()

    await second.release()
    for database in databases:
        await database.close()


@pytest.fixture
async def rivals(postgres_url: str) -> AsyncIterator[list[Database]]:
    """Two processes' `Database` objects on one database."""
    databases = [Database(postgres_url, REAL_TIME.now) for _ in range(2)]
    for database in databases:
        await database.open()
    yield databases
    for database in databases:
        await database.close()


async def comes_to_lead(rival: Leadership) -> None:
    """Return once this one leads."""
    deadline = time.monotonic() + WAIT_TIMEOUT
    while not await rival.acquire():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


async def note_alive(store: Store) -> None:
    await store.gateway.alive(datetime(2026, 7, 1, tzinfo=UTC))


async def test_a_leader_that_another_has_replaced_can_neither_read_what_is_due_nor_keep_anything(
    rivals: list[Database],
) -> None:
    first, second = map(leadership, rivals)
    assert await first.acquire()
    await first.transactions.transact(lambda store: store.gateway.probe())
    async with rivals[1].begin() as connection:
        # As the server does when the leader's connection is silent, or its machine is cut off.
        query = f"SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = {ADVISORY_KEY}"
        await connection.execute(text(query))
    await comes_to_lead(second)

    # It has not noticed yet.
    with pytest.raises(LeadershipLostError):
        await first.transactions.transact(lambda store: store.due_times())
    with pytest.raises(LeadershipLostError):
        await first.transactions.transact(note_alive)

    assert await rivals[1].transact(lambda store: store.gateway.alive_at()) is None
    await second.transactions.transact(note_alive)
    assert not await first.still_held()
    await first.release()
    assert not await first.acquire()
    await second.release()


async def test_a_leader_that_lost_only_its_connection_can_still_note_what_it_has_sent(
    rivals: list[Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leadership_module, "HANDOVER", 2.0)
    first, second = map(leadership, rivals)
    assert await first.acquire()
    assert not await second.acquire()
    holder = f"SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = {ADVISORY_KEY} AND granted"

    async def holding(pid: int | None) -> int | None:
        async with rivals[1].begin() as connection:
            found: int | None = (await connection.execute(text(holder))).scalar_one_or_none()
            if found is not None and found != pid:
                return found
            await connection.execute(text(f"SELECT pg_terminate_backend({pid or 0}, 5000)"))
            return None

    lost = await holding(None)
    replacing = asyncio.ensure_future(comes_to_lead(second))  # noqa: TID251 - it is awaited below
    while await holding(lost) is None:
        await REAL_TIME.pause(0.01)

    await first.transactions.transact(note_alive)

    await replacing
    with pytest.raises(LeadershipLostError):
        await first.transactions.transact(note_alive)
    for rival in (first, second):
        await rival.release()


async def test_a_leader_that_was_stopped_for_long_is_not_certain_until_the_server_has_answered(
    rivals: list[Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = leadership(rivals[0])
    assert not first.is_certain()
    assert await first.acquire()
    assert first.is_certain()

    monkeypatch.setattr(leadership_module, "LEASE", 0.0)
    assert not first.is_certain()

    monkeypatch.undo()
    assert await first.still_held()
    assert first.is_certain()
    await first.release()
    assert not first.is_certain()


async def test_a_leader_that_is_silent_is_replaced_although_its_connection_stands(
    rivals: list[Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leadership_module, "LEASE", 0.5)
    first, second = map(leadership, rivals)
    assert await first.acquire()
    assert not await second.acquire()

    await comes_to_lead(second)

    assert not await first.still_held()
    for rival in (first, second):
        await rival.release()


async def test_a_transaction_that_hangs_does_not_keep_another_from_leading(
    postgres_url: str, rivals: list[Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leadership_module, "LEASE", 0.5)
    monkeypatch.setattr(database_module, "LONGEST_SILENCE", 0.5)
    frozen = Database(postgres_url, REAL_TIME.now)
    await frozen.open()
    first, second = leadership(frozen), leadership(rivals[0])
    assert await first.acquire()
    begun, ended = asyncio.Event(), asyncio.Event()

    async def hang(store: Store) -> None:
        await note_alive(store)
        begun.set()
        await ended.wait()

    async def replace() -> None:
        await begun.wait()
        await comes_to_lead(second)
        ended.set()

    with pytest.raises(StorageUnavailableError):
        await asyncio.gather(first.transactions.transact(hang), replace())
    await asyncio.wait_for(ended.wait(), WAIT_TIMEOUT)
    assert await rivals[0].transact(lambda store: store.gateway.alive_at()) is None
    for rival in (first, second):
        await rival.release()
    await frozen.close()
