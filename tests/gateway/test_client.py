"""The client against a gateway on real HTTP."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import socket
from collections.abc import Awaitable, Callable
from datetime import timedelta

import httpx
import pytest
import stamina
from aiohttp import web
from structlog.testing import capture_logs

from bot.domain.errors import LeadershipLostError
from bot.domain.gateway import AssignedNumber, Balance, EventKind, GatewayError, GatewayReason
from bot.domain.phone import Phone
from bot.gateway import requests
from bot.gateway.smsc.client import SmscClient, SmscCredentials
from bot.gateway.smsc.pace import RateLimit
from tests.gateway.conftest import (
    API_KEY,
    LOGIN,
    OFFER,
    PASSWORD,
    PHONE,
    Answer,
    FakeGateway,
    JumpingClock,
    MakeClient,
    hang_up,
    keep_silent,
)
from tests.gateway.test_answers import OFFERS, ONE, REASONS, TWO, errors

OFFERED = AssignedNumber(ONE, (ONE, TWO))
Ask = Callable[[], Awaitable[object]]
StartGateway = Callable[[], Awaitable[FakeGateway]]


def unused_url() -> str:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{server.getsockname()[1]}"


def sends(body: bytes, **headers: str) -> Answer:
    async def give(_: web.Request) -> web.StreamResponse:
        return web.Response(body=body, headers=headers)

    return give


# Requests


async def test_a_process_that_was_replaced_asks_for_no_number_not_even_once_more(
    gateway: FakeGateway, make_client: MakeClient, three_tries: None
) -> None:
    may = iter([True, False])
    client = make_client(gateway.will(500, OFFER), may_ask=lambda: next(may))

    with pytest.raises(LeadershipLostError):
        await client.request_number(PHONE)

    assert len(gateway.asked) == 1


async def test_a_number_is_asked_for_by_a_post_form(client: SmscClient, gateway: FakeGateway) -> None:
    assert await client.request_number(PHONE) == OFFERED
    (asked,) = gateway.asked
    assert (asked.method, asked.path, asked.query) == ("POST", "/sys/wait_call.php", "")
    assert asked.form == {
        "login": LOGIN,
        "psw": PASSWORD,
        "phone": "+79991234567",
        "fmt": "3",
        "charset": "utf-8",
    }
    assert asked.headers["Content-Type"] == "application/x-www-form-urlencoded"


async def test_an_api_key_takes_the_place_of_login_and_password(gateway: FakeGateway, http: httpx.AsyncClient) -> None:
    account = SmscCredentials((gateway.url + "/",), LOGIN, PASSWORD, API_KEY)
    await SmscClient(account, http).request_number(PHONE)
    assert gateway.asked[0].path == "/sys/wait_call.php"
    assert gateway.asked[0].form.items() >= {"apikey": API_KEY}.items()
    assert gateway.asked[0].form.keys().isdisjoint({"login", "psw"})


@pytest.mark.parametrize(("after_id", "sent"), [(None, {}), (0, {"after_id": "0"}), (41, {"after_id": "41"})])
async def test_the_inbox_is_asked_for_what_came_after_an_id(
    client: SmscClient, gateway: FakeGateway, after_id: int | None, sent: dict[str, str]
) -> None:
    gateway.will(json.dumps([{"id": 43, "message": "hi"}, {"id": 42, "message": "[waitcall]"}]))
    events = await client.read_inbox(after_id)
    assert [(event.inbox_id, event.kind) for event in events] == [
        (42, EventKind.CALL),
        (43, EventKind.MESSAGE),
    ]
    (asked,) = gateway.asked
    assert (asked.method, asked.path, asked.query) == ("POST", "/sys/get.php", "")
    assert (
        asked.form
        == {
            "login": LOGIN,
            "psw": PASSWORD,
            "get_answers": "1",
            "cnt": "5000",
            "hour": "24",
            "fmt": "3",
            "charset": "utf-8",
        }
        | sent
    )


async def test_the_balance_is_asked_for_with_its_currency(client: SmscClient, gateway: FakeGateway) -> None:
    gateway.will('{"balance": "100.25", "currency": "RUR"}')
    assert await client.balance() == Balance("100.25", "RUR")
    (asked,) = gateway.asked
    assert (asked.method, asked.path, asked.query) == ("POST", "/sys/balance.php", "")
    assert asked.form == {"login": LOGIN, "psw": PASSWORD, "cur": "1", "fmt": "3", "charset": "utf-8"}


# Answers


@pytest.mark.parametrize("answer", OFFERS.values(), ids=OFFERS.keys())
async def test_each_shape_of_success_is_understood(client: SmscClient, gateway: FakeGateway, answer: str) -> None:
    gateway.will(answer)
    assert await client.request_number(PHONE) == OFFERED


@pytest.mark.parametrize("shape", errors(0).keys())
@pytest.mark.parametrize("code", [1, 2, 3, 4, 5, 6, 7, 8])
async def test_a_refusal_costs_exactly_one_request(
    client: SmscClient, gateway: FakeGateway, code: int, shape: str
) -> None:
    gateway.will(errors(code)[shape])
    with pytest.raises(GatewayError) as caught:
        await client.request_number(PHONE)
    assert (caught.value.reason, caught.value.code) == (REASONS.get(code, GatewayReason.UNAVAILABLE), code)
    assert len(gateway.asked) == 1


@pytest.mark.parametrize("code", [1, 2, 4, 5, 6])
async def test_a_refusal_of_inbox_or_balance_costs_one_request_too(
    client: SmscClient, gateway: FakeGateway, code: int
) -> None:
    gateway.will(errors(code)["fmt 3"])
    methods: list[Ask] = [lambda: client.read_inbox(7), client.balance]
    for ask in methods:
        with pytest.raises(GatewayError):
            await ask()
    assert len(gateway.asked) == 2


async def test_nothing_found_is_an_empty_inbox(client: SmscClient, gateway: FakeGateway) -> None:
    gateway.will(errors(3)["fmt 3"])
    assert await client.read_inbox(None) == []
    assert len(gateway.asked) == 1


async def test_a_refusal_is_not_taken_to_the_next_host(start_gateway: StartGateway, make_client: MakeClient) -> None:
    first, second = await start_gateway(), await start_gateway()
    first.will(errors(2)["fmt 3"])
    with pytest.raises(GatewayError):
        await make_client(first, second).request_number(PHONE)
    assert (len(first.asked), len(second.asked)) == (1, 0)


async def test_what_nobody_understands_costs_one_request(client: SmscClient, gateway: FakeGateway) -> None:
    gateway.will("<html>hello</html>")
    with pytest.raises(GatewayError, match="nobody understands"):
        await client.request_number(PHONE)
    assert len(gateway.asked) == 1


@pytest.mark.parametrize("status", [204, 301, 302, 307, 308, 400, 401, 403, 404, 413, 426, 499])
async def test_other_statuses_are_final_and_a_redirect_is_not_followed(
    gateway: FakeGateway, make_client: MakeClient, status: int
) -> None:
    gateway.will(status)
    async with httpx.AsyncClient(trust_env=False, follow_redirects=True) as http:
        client = SmscClient(SmscCredentials((gateway.url,), None, None, API_KEY), http)
        with pytest.raises(GatewayError) as caught:
            await client.request_number(PHONE)
    assert (caught.value.reason, caught.value.code) == (GatewayReason.UNAVAILABLE, None)
    assert status == 204 or caught.value.detail == f"HTTP {status}"
    assert len(gateway.asked) == 1


async def test_a_mark_at_the_beginning_and_broken_letters_do_no_harm(client: SmscClient, gateway: FakeGateway) -> None:
    gateway.will(sends(b'\xef\xbb\xbf{"error": "\xff\xfe", "error_code": 5}'))
    with pytest.raises(GatewayError) as caught:
        await client.request_number(PHONE)
    assert caught.value.reason is GatewayReason.BLACKLISTED


# Sizes


@pytest.mark.parametrize(("limit", "method"), [(64 * 1024, "number"), (64 * 1024, "balance"), (8 * 1024**2, "inbox")])
async def test_an_answer_is_read_up_to_its_limit_and_refused_above(
    client: SmscClient, gateway: FakeGateway, limit: int, method: str
) -> None:
    methods: dict[str, tuple[Ask, str]] = {
        "number": (lambda: client.request_number(PHONE), OFFER),
        "balance": (client.balance, '{"balance": "1"}'),
        "inbox": (lambda: client.read_inbox(None), "[]"),
    }
    ask, answer = methods[method]
    gateway.will(answer.ljust(limit), answer.ljust(limit + 1))
    await ask()
    with pytest.raises(GatewayError, match=f"above {limit} bytes") as caught:
        await ask()
    assert caught.value.reason is GatewayReason.UNAVAILABLE
    assert len(gateway.asked) == 2


async def test_a_compressed_answer_is_neither_asked_for_nor_unfolded(client: SmscClient, gateway: FakeGateway) -> None:
    gateway.will(sends(gzip.compress(OFFER.encode()), **{"Content-Encoding": "gzip"}))
    with pytest.raises(GatewayError, match="nobody understands"):
        await client.request_number(PHONE)
    assert gateway.asked[0].headers["Accept-Encoding"] == "identity"


# Trying again


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 599])
async def test_a_passing_status_is_tried_again(
    gateway: FakeGateway, client: SmscClient, three_tries: None, status: int
) -> None:
    gateway.will(status, OFFER)
    assert await client.request_number(PHONE) == OFFERED
    assert len(gateway.asked) == 2


@pytest.mark.parametrize("status", [408, 500])
async def test_a_status_that_does_not_pass_is_unavailable(
    gateway: FakeGateway, client: SmscClient, three_tries: None, status: int
) -> None:
    gateway.will(status)
    with pytest.raises(GatewayError) as caught:
        await client.request_number(PHONE)
    assert (caught.value.reason, caught.value.code, caught.value.detail) == (
        GatewayReason.UNAVAILABLE,
        None,
        f"HTTP {status}",
    )
    assert len(gateway.asked) == 3


@pytest.mark.parametrize("shape", errors(9).keys())
async def test_too_many_requests_is_tried_again(
    gateway: FakeGateway, client: SmscClient, three_tries: None, shape: str
) -> None:
    gateway.will(errors(9)[shape], OFFER)
    assert await client.request_number(PHONE) == OFFERED
    assert len(gateway.asked) == 2


async def test_too_many_requests_without_end_is_unavailable_with_its_code(
    gateway: FakeGateway, client: SmscClient, three_tries: None
) -> None:
    gateway.will(errors(9)["fmt 3"])
    methods: list[Ask] = [
        lambda: client.request_number(PHONE),
        lambda: client.read_inbox(None),
        client.balance,
    ]
    for ask in methods:
        gateway.asked.clear()
        with pytest.raises(GatewayError) as caught:
            await ask()
        error = caught.value
        assert (error.reason, error.code, error.detail) == (GatewayReason.UNAVAILABLE, 9, "")
        assert len(gateway.asked) == 3


async def test_a_reset_connection_is_tried_again(gateway: FakeGateway, client: SmscClient, three_tries: None) -> None:
    gateway.will(hang_up, hang_up, OFFER)
    assert await client.request_number(PHONE) == OFFERED
    assert len(gateway.asked) == 3


async def test_a_connection_lost_in_the_middle_of_an_answer_is_tried_again(
    gateway: FakeGateway, client: SmscClient, three_tries: None
) -> None:
    async def break_off(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b'{"phone": ')
        return await hang_up(request)

    gateway.will(break_off, OFFER)
    assert await client.request_number(PHONE) == OFFERED
    assert len(gateway.asked) == 2


async def test_a_slow_answer_is_tried_again(
    gateway: FakeGateway, client: SmscClient, three_tries: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests, "REQUEST_SECONDS", 1.0)
    gateway.will(keep_silent, OFFER)
    assert await client.request_number(PHONE) == OFFERED
    assert len(gateway.asked) == 2


async def test_an_answer_that_drips_is_given_up_like_a_slow_one(
    gateway: FakeGateway, client: SmscClient, three_tries: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b" ")
            await asyncio.sleep(0.05)

    monkeypatch.setattr(requests, "REQUEST_SECONDS", 1.0)
    gateway.will(drip, OFFER)
    assert await client.request_number(PHONE) == OFFERED
    assert len(gateway.asked) == 2


async def test_each_request_has_10_seconds_and_5_to_connect(gateway: FakeGateway) -> None:
    seen: list[object] = []

    async def look(request: httpx.Request) -> None:
        seen.append(request.extensions["timeout"])

    async with httpx.AsyncClient(trust_env=False, timeout=None, event_hooks={"request": [look]}) as http:
        await SmscClient(SmscCredentials((gateway.url,), None, None, API_KEY), http).request_number(PHONE)
    assert seen == [{"connect": 5.0, "read": 10.0, "write": 10.0, "pool": 10.0}]


async def test_after_two_tries_at_a_host_comes_the_next_and_then_the_first_again(
    start_gateway: StartGateway, make_client: MakeClient
) -> None:
    order: list[str] = []

    def named(name: str) -> Answer:
        async def fail(_: web.Request) -> web.StreamResponse:
            order.append(name)
            return web.Response(status=503)

        return fail

    gateways = [await start_gateway() for _ in range(3)]
    for name, gateway in zip("abc", gateways, strict=True):
        gateway.will(named(name))
    with stamina.set_testing(True, attempts=8), pytest.raises(GatewayError):
        await make_client(*gateways).request_number(PHONE)
    assert "".join(order) == "aabbccaa"


async def test_a_host_that_is_not_there_is_left_for_the_next(
    gateway: FakeGateway, http: httpx.AsyncClient, three_tries: None
) -> None:
    account = SmscCredentials((unused_url(), gateway.url), None, None, API_KEY)
    assert await SmscClient(account, http).request_number(PHONE) == OFFERED
    assert len(gateway.asked) == 1


async def test_the_first_host_is_asked_first_each_time(start_gateway: StartGateway, make_client: MakeClient) -> None:
    first, second = await start_gateway(), await start_gateway()
    client = make_client(first, second)
    for _ in range(3):
        await client.request_number(PHONE)
    assert (len(first.asked), len(second.asked)) == (3, 0)


async def test_trying_goes_on_for_as_long_as_the_patience_lasts_and_its_last_failure_is_told(
    gateway: FakeGateway, make_client: MakeClient
) -> None:
    gateway.will(errors(9)["fmt 3"])
    with pytest.raises(GatewayError) as caught:
        await make_client(gateway, patience=2.0).request_number(PHONE)
    assert (caught.value.reason, caught.value.code) == (GatewayReason.UNAVAILABLE, 9)
    assert len(gateway.asked) >= 2


async def test_patience_ends_a_request_under_way(gateway: FakeGateway, make_client: MakeClient) -> None:
    gateway.will(keep_silent)
    with pytest.raises(GatewayError, match="no answer within the time allowed") as caught:
        await make_client(gateway, patience=1.0).request_number(PHONE)
    assert (caught.value.reason, caught.value.code) == (GatewayReason.UNAVAILABLE, None)
    assert len(gateway.asked) == 1


async def test_waiting_for_a_turn_counts_against_the_patience(gateway: FakeGateway, make_client: MakeClient) -> None:
    pace = RateLimit(at_once=1)
    async with pace.turn("somebody else's", 1):
        with pytest.raises(GatewayError, match="no answer within the time allowed"):
            await make_client(gateway, patience=0.1, pace=pace).request_number(PHONE)
    assert gateway.asked == []


async def test_the_pauses_grow_from_a_fifth_of_a_second_with_jitter(
    gateway: FakeGateway, client: SmscClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []

    async def note(seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr("stamina._core._smart_sleep", note)
    gateway.will(*[503] * 20, OFFER)
    await client.request_number(PHONE)
    bases = [0.2, 0.4, 0.8, 1.6, 3.2, *[5.0] * 15]
    assert len(pauses) == len(bases)
    assert all(base <= pause <= min(base + 0.2, 5.0) for base, pause in zip(bases, pauses, strict=True))
    assert pauses[:5] != bases[:5]


async def test_a_failure_that_is_none_of_the_network_is_final() -> None:
    tries = 0

    async def fail(request: httpx.Request) -> httpx.Response:
        nonlocal tries
        tries += 1
        raise httpx.DecodingError(f"repeats {PASSWORD}", request=request)

    async with httpx.AsyncClient(transport=httpx.MockTransport(fail)) as http:
        client = SmscClient(SmscCredentials(("http://gateway",), LOGIN, PASSWORD, None), http)
        with pytest.raises(GatewayError) as caught:
            await client.request_number(PHONE)
    assert (caught.value.reason, caught.value.detail) == (GatewayReason.UNAVAILABLE, "DecodingError")
    assert tries == 1


@pytest.mark.parametrize(
    "failure",
    [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.WriteError, httpx.ProxyError],
)
async def test_each_failure_of_the_network_is_tried_again(
    failure: type[httpx.TransportError], three_tries: None
) -> None:
    tries = 0

    async def fail(request: httpx.Request) -> httpx.Response:
        nonlocal tries
        tries += 1
        raise failure(f"repeats {API_KEY}", request=request)

    async with httpx.AsyncClient(transport=httpx.MockTransport(fail)) as http:
        with pytest.raises(GatewayError) as caught:
            await SmscClient(SmscCredentials(("http://gateway",), None, None, API_KEY), http).balance()
    assert (caught.value.reason, caught.value.detail) == (GatewayReason.UNAVAILABLE, failure.__name__)
    assert tries == 3


# Pace


async def test_never_more_than_ten_requests_are_under_way_over_all_methods(
    gateway: FakeGateway, client: SmscClient
) -> None:
    full, go = asyncio.Event(), asyncio.Event()

    async def wait(request: web.Request) -> web.StreamResponse:
        if gateway.under_way == 10:
            full.set()
        await go.wait()
        answers = {"get.php": "[]", "balance.php": '{"balance": 1}'}
        return web.Response(text=answers.get(request.match_info["endpoint"], OFFER))

    gateway.will(wait)
    async with asyncio.TaskGroup() as tasks:
        for number in range(20):
            tasks.create_task(client.request_number(Phone(f"+7999123450{number}", "7", "RU")))
        for _ in range(5):
            tasks.create_task(client.read_inbox(None))
            tasks.create_task(client.balance())
        async with asyncio.timeout(10):
            await full.wait()
        # A request beyond the ten would have gone out by now: the loop has been idle since.
        await asyncio.sleep(0.2)
        assert gateway.under_way == 10
        go.set()
    assert len(gateway.asked) == 30
    assert gateway.most_under_way == 10


@pytest.mark.parametrize(("method", "limit"), [("number", 40), ("inbox", 40), ("balance", 10)])
async def test_identical_requests_are_kept_below_the_limit_of_a_minute(
    gateway: FakeGateway, make_client: MakeClient, clock: JumpingClock, method: str, limit: int
) -> None:
    client = make_client(gateway, pace=RateLimit(clock))
    methods: dict[str, tuple[Ask, str]] = {
        "number": (lambda: client.request_number(PHONE), OFFER),
        "balance": (client.balance, '{"balance": "1"}'),
        "inbox": (lambda: client.read_inbox(len(gateway.asked)), "[]"),
    }
    ask, answer = methods[method]
    gateway.will(answer)
    for _ in range(limit):
        await ask()
    assert clock.pauses == []
    await ask()
    assert clock.pauses == [60.0]


async def test_requests_for_other_phones_and_other_endpoints_are_not_identical(
    gateway: FakeGateway, make_client: MakeClient, clock: JumpingClock
) -> None:
    client = make_client(gateway, pace=RateLimit(clock))
    for _ in range(40):
        await client.request_number(PHONE)
    await client.request_number(Phone("+79991234568", "7", "RU"))
    gateway.will("[]")
    await client.read_inbox(None)
    assert clock.pauses == []


async def test_tries_count_as_requests(gateway: FakeGateway, make_client: MakeClient, clock: JumpingClock) -> None:
    started = clock.moment
    client = make_client(gateway, pace=RateLimit(clock))
    gateway.will(503)
    with stamina.set_testing(True, attempts=41), pytest.raises(GatewayError):
        await client.request_number(PHONE)
    assert clock.moment - started == timedelta(minutes=1)


# Secrets

SECRETS = (LOGIN, PASSWORD, API_KEY, PHONE.e164, PHONE.e164.removeprefix("+"))


def test_an_account_does_not_show_its_secrets() -> None:
    account = SmscCredentials(("https://smsc.ru",), LOGIN, PASSWORD, API_KEY)
    assert not any(secret in repr(account) for secret in SECRETS)
    assert "https://smsc.ru" in repr(account)


@pytest.mark.parametrize(
    ("login", "password", "api_key"),
    [(None, None, None), (LOGIN, None, None), (None, PASSWORD, None), ("", "", ""), (LOGIN, "", "")],
)
def test_an_account_without_whole_credentials_cannot_be_made(
    login: str | None, password: str | None, api_key: str | None
) -> None:
    with pytest.raises(ValueError, match="an API key, or a login and a password"):
        SmscCredentials(("https://smsc.ru",), login, password, api_key)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "smsc.ru",
        "ftp://smsc.ru",
        "https://",
        f"https://{LOGIN}:{PASSWORD}@smsc.ru",
        f"https://smsc.ru/?login={LOGIN}",
        f"https://smsc.ru/#{LOGIN}",
        "https://smsc.ru:port",
    ],
)
def test_an_account_takes_only_plain_hosts(url: str) -> None:
    with pytest.raises(ValueError, match="has to be http") as caught:
        SmscCredentials(("https://smsc.ru", url), None, None, API_KEY)
    assert not any(secret in str(caught.value) for secret in SECRETS)


def test_an_account_needs_a_host() -> None:
    with pytest.raises(ValueError, match="at least one URL"):
        SmscCredentials((), None, None, API_KEY)


async def test_secrets_and_phones_reach_neither_logs_nor_exceptions_nor_urls(
    gateway: FakeGateway,
    http: httpx.AsyncClient,
    three_tries: None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    # An earlier command in this process may have silenced it.
    caplog.set_level(logging.DEBUG, logger="httpx")
    told: list[str] = []
    echo = f"{LOGIN} {PASSWORD} {API_KEY} {PHONE.e164}"
    accounts = [
        SmscCredentials((gateway.url, unused_url()), LOGIN, PASSWORD, None),
        SmscCredentials((gateway.url, unused_url()), None, None, API_KEY),
    ]
    with capture_logs() as records:
        for account in accounts:
            client = SmscClient(account, http)
            for answer in (OFFER, 503, 403, 302, hang_up, echo, f"ERROR = 2 ({echo})", f"ERROR = 9 ({echo})"):
                gateway.will(answer)
                try:
                    await client.request_number(PHONE)
                except GatewayError as error:
                    told.append(f"{error} {error!r} {error.detail} {error.__cause__!r}")
                    told.append(logging.Formatter().formatException((type(error), error, error.__traceback__)))
    told += [record.getMessage() for record in caplog.records if not record.name.startswith("aiohttp")]
    told += [str(record) for record in records]
    told += [f"{asked.path}?{asked.query}" for asked in gateway.asked]
    assert [record["event"] for record in records]
    assert any("HTTP Request: POST" in line for line in told)
    assert not [line for line in told for secret in SECRETS if secret in line]
