"""A gateway over real HTTP on loopback, which gives the answers that a test sets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl

import httpx
import pytest
import stamina
from aiohttp import web

from bot.domain.phone import Phone
from bot.gateway.smsc.client import SmscClient, SmscCredentials
from bot.gateway.smsc.pace import RateLimit

PHONE = Phone("+79991234567", "7", "RU")
OFFER = '{"phone": "+74951112233", "all_phones": ["+74951112233", "+74951112244"]}'

LOGIN, PASSWORD, API_KEY = "login-of-ours", "p4ssw0rd-of-ours", "api-key-of-ours"

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Asked:
    """A request as the gateway saw it."""

    method: str
    path: str
    query: str
    form: dict[str, str]
    headers: Mapping[str, str]


@dataclass
class FakeGateway:
    """Gives its answers in order, then the last one for ever."""

    url: str = ""
    answers: list[Answer] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    under_way: int = 0
    most_under_way: int = 0

    def will(self, *answers: Answer | str | int) -> FakeGateway:
        self.answers = [answer if callable(answer) else fixed(answer) for answer in answers]
        return self

    async def handle(self, request: web.Request) -> web.StreamResponse:
        form = dict(parse_qsl((await request.read()).decode(), strict_parsing=True, keep_blank_values=True))
        self.asked.append(Asked(request.method, request.path, request.query_string, form, request.headers))
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        try:
            return await answer(request)
        finally:
            self.under_way -= 1


def fixed(answer: str | int) -> Answer:
    """A body sent with 200, or a bare status."""

    async def give(_: web.Request) -> web.StreamResponse:
        if isinstance(answer, int):
            return web.Response(status=answer, text=OFFER, headers={"Location": "/sys/elsewhere.php"})
        return web.Response(text=answer)

    return give


async def hang_up(request: web.Request) -> web.StreamResponse:
    """Reset the connection instead of answering."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def keep_silent(_: web.Request) -> web.StreamResponse:
    """Never answer; the client has to leave."""
    await asyncio.Event().wait()
    raise AssertionError("unreachable")


@pytest.fixture
async def start_gateway() -> AsyncIterator[Callable[[], Awaitable[FakeGateway]]]:
    async with AsyncExitStack() as stack:

        async def start() -> FakeGateway:
            gateway = FakeGateway()
            app = web.Application()
            app.router.add_route("*", "/sys/{endpoint}", gateway.handle)
            runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            gateway.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            return gateway.will(OFFER)

        yield start


@pytest.fixture
async def gateway(start_gateway: Callable[[], Awaitable[FakeGateway]]) -> FakeGateway:
    return await start_gateway()


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False) as client:
        yield client


MakeClient = Callable[..., SmscClient]


@pytest.fixture
def make_client(http: httpx.AsyncClient) -> MakeClient:
    """Makes clients of the given gateways."""

    def make(
        *gateways: FakeGateway,
        patience: float = 20.0,
        pace: RateLimit | None = None,
        may_ask: Callable[[], bool] = lambda: True,
    ) -> SmscClient:
        account = SmscCredentials(tuple(one.url for one in gateways), LOGIN, PASSWORD, None)
        return SmscClient(account, http, patience=patience, pace=pace, may_ask=may_ask)

    return make


@pytest.fixture
def client(gateway: FakeGateway, make_client: MakeClient) -> SmscClient:
    return make_client(gateway)


@pytest.fixture
def three_tries() -> Iterator[None]:
    """Three tries in all, without pauses."""
    with stamina.set_testing(True, attempts=3):
        yield


class JumpingClock:
    """Stands still until someone waits on it; then it jumps."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 1, 1, tzinfo=UTC)
        self.pauses: list[float] = []

    def now(self) -> datetime:
        return self.moment

    def lived(self) -> float:
        return self.moment.timestamp()

    async def pause(self, seconds: float | None, wake: asyncio.Event | None = None) -> None:
        assert seconds is not None
        self.pauses.append(seconds)
        self.moment += timedelta(seconds=seconds)
        await asyncio.sleep(0)


@pytest.fixture
def clock() -> JumpingClock:
    return JumpingClock()
