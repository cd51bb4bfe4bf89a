"""Several replicas on one PostgreSQL database: all take updates, one leads, and dying hands that on."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from aiohttp import web

from bot.sandbox.clock import SandboxClock
from bot.sandbox.world import World
from storage.database import Database
from storage.leadership import leadership
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
    """Two of them, behind one address."""
    replicas = [BotProcess(world, postgres_url, tmp_path, UPDATES="webhook", TELEGRAM_RATE="0") for _ in range(2)]
    balancer = Balancer(replicas)
    await balancer.start()
    for replica in replicas:
        await replica.start(PUBLIC_URL=balancer.url)
    world.smsc.callback_url = f"{balancer.url}/smsc/{CALLBACK_TOKEN}?charset=utf-8"
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
    # By webhook two updates may be taken side by side: whoever is not known yet is told in the group.
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
    # Every second update meets the dead replica first, and is brought again.
    for text in ("/help", "/privacy"):
        await anna.says(text)
    await anna.sees("fingerprint")


async def test_a_leader_that_stops_hands_over_at_once(world: World, replicas: list[BotProcess]) -> None:
    await world.wait_until(lambda: any(map(_leads, replicas)))
    leader, other = sorted(replicas, key=_leads, reverse=True)

    await leader.stop()

    await world.wait_until(lambda: _leads(other))


async def test_one_leads_at_a_time_and_only_until_its_connection_ends(postgres_url: str) -> None:
    databases = [Database(postgres_url) for _ in range(2)]
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
