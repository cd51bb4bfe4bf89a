"""SMSC as the rest of the bot sees it: what an operator has set, and where calls are reported."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from decimal import Decimal

import pytest

from bot.clock import REAL_TIME, DateCheck
from bot.gateway.api import CallbackRequest, CallGateway
from bot.gateway.smsc.settings import SmscSettings
from bot.settings import load
from bot.wiring.clients import build_gateway

TOKEN = "hidden-callback-token"
ENVIRONMENT = {
    "BOT_TOKEN": "42:TEST",
    "SMSC_API_KEY": "key",
    "SMSC_CALLBACK_TOKEN": TOKEN,
    "SECRET_KEY": "a secret key that only the tests know",
}

Make = Callable[..., CallGateway]


@pytest.fixture
async def make() -> AsyncIterator[Make]:
    """Makes the gateway of an environment."""
    made: list[CallGateway] = []

    def of(**environment: str) -> CallGateway:
        dates = DateCheck(REAL_TIME, lambda _: None)
        made.append(build_gateway(load(ENVIRONMENT | environment, None), dates=dates, patience=1))
        return made[-1]

    yield of
    for gateway in made:
        await gateway.close()


@pytest.mark.parametrize(("variables", "query"), [({}, ""), ({"SMSC_CALLBACK_SECRET": "word"}, "&md5")])
async def test_the_address_to_enter_at_the_gateway_asks_for_a_signature_when_there_is_a_word_for_it(
    make: Make, variables: dict[str, str], query: str
) -> None:
    address = make(**variables).settings.callback

    assert address.url("https://call.example") == f"https://call.example/smsc/{TOKEN}?charset=utf-8{query}"
    assert (
        address.url_without_token("https://call.example")
        == f"https://call.example/smsc/<SMSC_CALLBACK_TOKEN>?charset=utf-8{query}"
    )
    assert TOKEN not in repr(make(**variables).settings)


async def test_what_an_operator_sets_for_it(make: Make) -> None:
    usual = make().settings
    assert (usual.call_window, usual.poll_every) == (timedelta(minutes=15), timedelta(seconds=20))
    assert (usual.relay_url, usual.price, usual.low_balance, usual.proxy) == (None, None, 50, None)
    assert list(usual.urls) == ["https://smsc.ru"]

    given = make(
        CALL_WINDOW="60",
        SMSC_POLL_SECONDS="0",
        SMSC_RELAY_URL="https://other.example/in",
        SMSC_PRICE="0.45",
        SMSC_LOW_BALANCE="7",
        SMSC_URL="https://smsc.kz,https://www2.smsc.kz",
        SMSC_PROXY="socks5://proxy.example:1080",
    ).settings
    assert (given.call_window, given.poll_every) == (timedelta(minutes=1), timedelta(0))
    assert (given.relay_url, given.price, given.low_balance) == ("https://other.example/in", Decimal("0.45"), 7)
    assert list(given.urls) == ["https://smsc.kz", "https://www2.smsc.kz"]
    assert str(given.proxy) == "socks5://proxy.example:1080"


async def test_a_callback_is_answered_with_ok(make: Make) -> None:
    request = CallbackRequest("GET", "waitcall=1&phone=79991234567&ts=1700000000", "", b"")

    parsed = make().parse_callback(request)

    assert (len(parsed.events), parsed.answer) == (1, "OK")


async def test_every_variable_that_the_doctor_names_is_a_setting(make: Make) -> None:
    names = make().settings.variables

    named = f"{names.url} {names.proxy} {names.credentials} {names.poll_seconds} {names.relay_url} {names.price}"

    words = {word.strip("(),") for word in named.split()}
    assert words <= SmscSettings.model_fields.keys()
    assert make().settings.callback.variable in SmscSettings.model_fields
