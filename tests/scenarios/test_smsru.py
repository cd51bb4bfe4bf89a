"""The bot with sms.ru, whose reports name only the id of a check."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Literal

import httpx
import pytest

from bot import settings
from bot.cli.doctor import examine
from bot.sandbox.people import Person
from bot.sandbox.smsru import AGAIN_AFTER, CALL_PHONE, OVER, WINDOW, SmsRu
from bot.sandbox.world import World
from tests.installation import CALLBACK_TOKEN as SMSC_TOKEN
from tests.installation import Installation
from tests.scenarios.story import eventually, gets_number, guarded, moments, reads, verifications

TOKEN = "sms-ru-callback-token-of-the-tests"
EVENTS = "SELECT source, kind, reference, verification_id IS NOT NULL AS counted FROM gateway_events ORDER BY id"
CONFIRMED = {"kind": "call", "reference": "201737-1", "counted": 1}


def variables(world: World, **more: str) -> dict[str, str]:
    """Those of sms.ru, and none of SMSC."""
    return {
        "SMSC_URL": "",
        "SMSC_API_KEY": "",
        "SMSC_CALLBACK_TOKEN": "",
        "GATEWAYS": "smsru",
        "SMSRU_URL": world.url,
        "SMSRU_API_ID": world.smsru.api_id,
        "SMSRU_CALLBACK_TOKEN": TOKEN,
        "TELEGRAM_RATE": "0",
        **more,
    }


@pytest.fixture
async def bot(world: World, database_url: str) -> AsyncIterator[Installation]:
    """A bot whose gateway is sms.ru, which it asks for statuses only at the end of a window."""
    world.telegram.flood.on = False
    installation = Installation(world, database_url, **variables(world, SMSRU_POLL_SECONDS="3600"))
    await installation.start()
    world.smsru.callback_url = f"{installation.url}/smsru/{TOKEN}"
    yield installation
    await installation.stop()


@pytest.fixture
def smsru(world: World) -> SmsRu:
    return world.smsru


async def is_not_let_in(bot: Installation, person: Person, stored: int) -> None:
    """Check that the bot has stored so many reports, and that none confirmed this person."""
    await eventually(bot, "SELECT count(*) AS n FROM gateway_events", [{"n": stored}])
    assert await verifications(bot, person) == ["open"]


@pytest.mark.parametrize("shape", ["multipart", "form"])
async def test_a_person_calls_and_is_let_in(
    world: World, bot: Installation, smsru: SmsRu, shape: Literal["multipart", "form"]
) -> None:
    smsru.shape = shape
    _, group = await guarded(world)
    anna = world.person("Anna", language="en")
    await anna.asks_to_join(group)
    number = await gets_number(anna)
    window = await bot.rows("SELECT window_ends_at - asked_at AS window FROM numbers")
    assert WINDOW <= window[0]["window"] / 1_000_000 < WINDOW + 60
    (ends,) = moments(anna, "📞")
    assert ends <= world.clock.timestamp() + WINDOW
    assert "minutes left" not in await reads(anna, "📞")

    assert await anna.calls(number) == "dropped"

    await world.wait_until(lambda: anna.id in group.members)
    await anna.sees("You are in: Flat owners")
    assert [(report.status, report.answer) for report in smsru.sent] == [(200, "100")]
    assert await bot.rows(EVENTS) == [{"source": "callback", **CONFIRMED}]
    assert world.smsc.requests == []


async def test_of_two_who_wait_on_the_same_number_the_one_who_calls_gets_in(world: World, bot: Installation) -> None:
    anna, boris = world.person("Anna", language="en"), world.person("Boris", language="en")
    number = await gets_number(anna)
    assert await gets_number(boris) == number == f"+{CALL_PHONE}"

    await boris.calls(number)

    await boris.sees("✅")
    await is_not_let_in(bot, anna, 1)
    await anna.calls(number)
    await anna.sees("✅")


async def test_a_lost_callback_costs_seconds(world: World, bot: Installation, smsru: SmsRu) -> None:
    await bot.restart(SMSRU_POLL_SECONDS="10")
    world.faults.add(where="callback", kind="lost")
    anna, boris = world.person("Anna", language="en"), world.person("Boris", language="en")
    number = await gets_number(anna)
    await gets_number(boris)
    await anna.calls(number)

    world.clock.advance(11)

    await anna.sees("✅")
    assert smsru.sent == []
    assert await bot.rows(EVENTS) == [{"source": "inbox", **CONFIRMED}]
    assert await verifications(bot, boris) == ["open"]


async def test_a_call_whose_report_was_lost_counts_also_after_the_window_if_the_gateway_was_silent(
    world: World, bot: Installation
) -> None:
    world.faults.add(where="callback", kind="lost")
    anna = world.person("Anna", language="en")
    await anna.calls(await gets_number(anna))
    world.faults.add(where="gateway", kind="code", method="callcheck/status", code=201, times=1)

    world.clock.advance(WINDOW + 2)
    await world.wait_until(lambda: "callcheck/status" in world.smsru.requests)
    world.clock.advance(10)

    await anna.sees("✅")
    assert await verifications(bot, anna) == ["confirmed"]


async def test_a_report_after_the_status_counts_once(world: World, bot: Installation, smsru: SmsRu) -> None:
    await bot.restart(SMSRU_POLL_SECONDS="10")
    smsru.callback_url = f"{bot.url}/smsru/{TOKEN}"
    world.faults.add(where="callback", kind="late", seconds=60)
    anna = world.person("Anna", language="en")
    await anna.calls(await gets_number(anna))
    world.clock.advance(11)
    await anna.sees("✅")

    world.clock.advance(60)

    await world.wait_until(lambda: smsru.sent)
    assert smsru.sent[0].is_taken
    assert [row["counted"] for row in await bot.rows(EVENTS)] == [1, 0]
    assert await verifications(bot, anna) == ["confirmed"]


async def test_a_report_before_the_answer_counts_once_the_number_is_known(
    world: World, bot: Installation, smsru: SmsRu
) -> None:
    smsru.hold = asyncio.Event()
    anna = world.person("Anna", language="en")
    await anna.says("/start")
    await anna.shares_contact()
    await world.wait_until(lambda: smsru.checks)

    await anna.calls(f"+{CALL_PHONE}")
    await world.wait_until(lambda: smsru.sent)
    await is_not_let_in(bot, anna, 1)
    smsru.hold.set()

    await anna.sees("✅")


async def test_a_callback_that_could_not_be_stored_comes_again(world: World, bot: Installation, smsru: SmsRu) -> None:
    anna = world.person("Anna", language="en")
    number = await gets_number(anna)
    right, smsru.callback_url = smsru.callback_url, f"{bot.url}/smsru/of-another-installation"
    await anna.calls(number)
    await world.wait_until(lambda: [report.status for report in smsru.sent] == [404])

    smsru.callback_url = right
    world.clock.advance(AGAIN_AFTER)

    await anna.sees("✅")
    assert [report.is_taken for report in smsru.sent] == [False, True]


async def test_a_report_with_another_key_is_refused(world: World, bot: Installation, smsru: SmsRu) -> None:
    anna = world.person("Anna", language="en")
    await gets_number(anna)

    report = await smsru.report("201737-1", "401", api_id="a guessed key")

    assert (report.status, report.is_taken) == (403, False)
    await is_not_let_in(bot, anna, 0)


async def test_what_is_no_confirmed_check_of_ours_is_stored_and_lets_nobody_in(
    world: World, bot: Installation, smsru: SmsRu
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

    await is_not_let_in(bot, anna, 3)


async def test_a_report_that_comes_again_counts_once(world: World, bot: Installation, smsru: SmsRu) -> None:
    anna = world.person("Anna", language="en")
    await anna.calls(await gets_number(anna))
    await anna.sees("✅")

    assert (await smsru.again()).is_taken

    assert await bot.rows(EVENTS) == [{"source": "callback", **CONFIRMED}]


async def test_a_call_from_another_number_confirms_nobody(world: World, bot: Installation, smsru: SmsRu) -> None:
    anna = world.person("Anna", language="en")
    number = await gets_number(anna)

    assert await anna.calls(number, from_number="+79995550101") == "dropped"
    assert await anna.calls(number, hidden=True) == "dropped"

    world.clock.advance(WINDOW + 1)
    await eventually(bot, "SELECT state FROM verifications", [{"state": "expired"}])
    assert smsru.sent == []


async def test_a_call_after_the_five_minutes_confirms_nothing(world: World, bot: Installation, smsru: SmsRu) -> None:
    anna = world.person("Anna", language="en")
    number = await gets_number(anna)

    world.clock.advance(WINDOW + 1)

    await eventually(bot, "SELECT state FROM verifications", [{"state": "expired"}])
    await anna.calls(number)
    assert smsru.sent == []
    await bot.restart(SMSRU_POLL_SECONDS="10")
    world.clock.advance(11)
    assert await verifications(bot, anna) == ["expired"]


@pytest.mark.parametrize(("balance", "phone"), [("0", None), ("100", "+4915123456789")])
async def test_a_refusal_reaches_the_person(
    world: World, bot: Installation, smsru: SmsRu, balance: str, phone: str | None
) -> None:
    smsru.balance = Decimal(balance)
    anna = world.person("Anna", phone, language="en")
    await anna.says("/start")

    await anna.shares_contact()

    await eventually(bot, "SELECT state FROM verifications", [{"state": "refused"}])


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_operators_read_the_name_of_the_gateway(world: World, bot: Installation) -> None:
    operator = world.person("Olivia", language="en")
    await bot.restart(OPERATORS=str(operator.id))

    await operator.says("/balance")
    assert "SMSRU_PRICE" in await reads(operator, "sms.ru")
    await operator.says("/health")
    assert "SMSC" not in await reads(operator, "sms.ru")


async def test_only_the_address_of_this_gateway_is_served(bot: Installation) -> None:
    async with httpx.AsyncClient() as http:
        statuses = [
            (await http.post(f"{bot.url}{path}")).status_code
            for path in (f"/smsc/{SMSC_TOKEN}", "/smsru/another-callback-token", f"/smsru/{TOKEN}")
        ]
        statuses.append((await http.get(f"{bot.url}/smsru/{TOKEN}")).status_code)

    assert statuses == [404, 404, 403, 403]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_the_doctor_checks_this_gateway(world: World, database_url: str) -> None:
    async def findings(**more: str) -> list[str]:
        given = Installation(world, database_url, **variables(world, **more)).environment()
        config = settings.load({name: value for name, value in given.items() if value}, None)
        return [str(finding) async for finding in examine(config)]

    right = await findings()
    assert "ok    The gateway sms.ru answers; 100.00 RUB on the account" in right
    without = next(finding for finding in right if "PUBLIC_URL is not set" in finding)
    assert without.startswith("ok    PUBLIC_URL is not set: no call screen, and calls are found only by asking")
    deaf = next(finding for finding in await findings(SMSRU_POLL_SECONDS="0") if "PUBLIC_URL is not set" in finding)
    assert "→ set PUBLIC_URL, or SMSRU_POLL_SECONDS above 0" in deaf
    wrong = await findings(SMSRU_API_ID="0000-1111-2222-3333")
    refused = next(finding for finding in wrong if "The gateway" in finding)
    assert refused.startswith("WRONG The gateway sms.ru refuses: wrong key")
    assert "check SMSRU_API_ID, and that this machine" in refused
