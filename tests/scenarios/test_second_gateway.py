"""The bot with another gateway than SMSC, whose reports name only the id of a check."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Literal

import httpx
import pytest

from bot import settings
from bot.cli.doctor import examine
from bot.sandbox.people import Person
from bot.sandbox.smsru import CALL_PHONE, OVER, WINDOW, SmsRu
from bot.sandbox.world import World
from tests.installation import CALLBACK_TOKEN as SMSC_TOKEN
from tests.installation import Installation
from tests.scenarios.story import eventually, gets_number, guarded, verifications
from tests.second_gateway.gateway import CALLBACK_TOKEN, second_gateway

EVENTS = "SELECT kind, reference, verification_id IS NOT NULL AS counted FROM gateway_events ORDER BY id"


@pytest.fixture
async def smsru(world: World) -> AsyncIterator[SmsRu]:
    async with SmsRu(world.clock) as gateway:
        yield gateway


@pytest.fixture
async def second(world: World, smsru: SmsRu, database_url: str) -> AsyncIterator[Installation]:
    """A bot whose gateway is the second one."""
    world.telegram.flood.on = False
    installation = Installation(world, database_url, TELEGRAM_RATE="0")
    installation.build_gateway = second_gateway(smsru.url, smsru.api_id)
    await installation.start()
    smsru.callback_url = f"{installation.url}/second/{CALLBACK_TOKEN}"
    yield installation
    await installation.stop()


async def is_not_let_in(second: Installation, person: Person, stored: int) -> None:
    """Check that the bot has stored so many reports, and that none confirmed this person."""
    await eventually(second, "SELECT count(*) AS n FROM gateway_events", [{"n": stored}])
    assert await verifications(second, person) == ["open"]


@pytest.mark.parametrize("shape", ["multipart", "form"])
async def test_a_person_calls_and_is_let_in(
    world: World, second: Installation, smsru: SmsRu, shape: Literal["multipart", "form"]
) -> None:
    smsru.shape = shape
    _, group = await guarded(world)
    anna = world.person("Anna", language="en")
    await anna.asks_to_join(group)
    number = await gets_number(anna)

    assert await smsru.receive_call(anna.phone, number) == "dropped"

    await world.wait_until(lambda: anna.id in group.members)
    await anna.sees("You are in: Flat owners")
    assert [(report.status, report.answer) for report in smsru.sent] == [(200, "100")]
    assert await second.rows(EVENTS) == [{"kind": "call", "reference": "201737-1", "counted": 1}]
    assert world.smsc.requests == []


async def test_of_two_who_wait_on_the_same_number_the_one_who_calls_gets_in(
    world: World, second: Installation, smsru: SmsRu
) -> None:
    anna, boris = world.person("Anna", language="en"), world.person("Boris", language="en")
    assert await gets_number(anna) == await gets_number(boris) == f"+{CALL_PHONE}"

    await smsru.receive_call(boris.phone, f"+{CALL_PHONE}")

    await boris.sees("✅")
    await is_not_let_in(second, anna, 1)
    await smsru.receive_call(anna.phone, f"+{CALL_PHONE}")
    await anna.sees("✅")


async def test_a_report_with_another_key_is_refused(world: World, second: Installation, smsru: SmsRu) -> None:
    anna = world.person("Anna", language="en")
    await gets_number(anna)

    report = await smsru.report("201737-1", "401", api_id="a guessed key")

    assert report is not None
    assert (report.status, report.is_taken) == (403, False)
    await is_not_let_in(second, anna, 0)


async def test_what_is_no_confirmed_check_of_ours_is_stored_and_lets_nobody_in(
    world: World, second: Installation, smsru: SmsRu
) -> None:
    anna = world.person("Anna", language="en")
    await gets_number(anna)

    for report in (
        await smsru.report("201737-1", OVER),
        await smsru.report("201737-2", "401"),
        await smsru.report_entries("sms_status\n201737-1\n103\n1700000000"),
    ):
        assert report is not None
        assert report.is_taken

    await is_not_let_in(second, anna, 3)


async def test_a_report_that_comes_again_counts_once(world: World, second: Installation, smsru: SmsRu) -> None:
    anna = world.person("Anna", language="en")
    await smsru.receive_call(anna.phone, await gets_number(anna))
    await anna.sees("✅")

    assert (await smsru.again()).is_taken

    assert await second.rows(EVENTS) == [{"kind": "call", "reference": "201737-1", "counted": 1}]


async def test_a_number_can_be_called_for_as_long_as_this_gateway_says(
    world: World, second: Installation, smsru: SmsRu
) -> None:
    anna = world.person("Anna", language="en")
    number = await gets_number(anna)

    world.clock.advance(WINDOW + 1)

    await eventually(second, "SELECT state FROM verifications", [{"state": "expired"}])
    await smsru.receive_call(anna.phone, number)
    assert smsru.sent == []


@pytest.mark.parametrize(("balance", "phone"), [("0", None), ("100", "+4915123456789")])
async def test_a_refusal_of_this_gateway_reaches_the_person(
    world: World, second: Installation, smsru: SmsRu, balance: str, phone: str | None
) -> None:
    smsru.balance = Decimal(balance)
    anna = world.person("Anna", phone, language="en")
    await anna.says("/start")

    await anna.shares_contact()

    await eventually(second, "SELECT state FROM verifications", [{"state": "refused"}])


async def test_only_the_address_of_this_gateway_is_served(second: Installation) -> None:
    async with httpx.AsyncClient() as http:
        statuses = [
            (await http.post(f"{second.url}{path}")).status_code
            for path in (f"/smsc/{SMSC_TOKEN}", "/second/another-callback-token", f"/second/{CALLBACK_TOKEN}")
        ]

    assert statuses == [404, 404, 403]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_the_doctor_checks_this_gateway(world: World, smsru: SmsRu, database_url: str) -> None:
    variables = Installation(world, database_url).environment()
    config = settings.load({name: value for name, value in variables.items() if value}, None)

    async def findings(api_id: str) -> list[str]:
        return [str(finding) async for finding in examine(config, second_gateway(smsru.url, api_id))]

    assert "ok    The gateway answers; 100.00 RUB on the account" in await findings(smsru.api_id)
    refused = next(finding for finding in await findings("wrong") if "The gateway" in finding)
    assert refused.startswith("WRONG The gateway refuses: wrong key")
    assert "check SECOND_API_ID, and that this machine" in refused
    without = next(finding for finding in await findings(smsru.api_id) if "PUBLIC_URL is not set" in finding)
    assert without == (
        "WRONG PUBLIC_URL is not set: no call screen, and the gateway cannot report calls\n      → set PUBLIC_URL"
    )
