"""Another program uses the bot's token: the bot detects, repairs and reports what it changed at Telegram."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import httpx
import pytest

from bot.i18n.texts import LANGUAGES, Texts
from bot.sandbox.changes import WAIT_TIMEOUT
from bot.sandbox.people import Person
from bot.sandbox.world import World
from bot.telegram.commands import LOOKED_AT, OTHER_LANGUAGES
from bot.telegram.methods import UPDATE_TYPES
from handlers.middlewares import LoadPerson
from handlers.routes import build_dispatcher
from tests.installation import Installation
from tests.process import free_port
from tests.scenarios.conftest import Install
from tests.scenarios.story import eventually, looked, reads

HALF_A_MINUTE = 31
ELSEWHERE = "https://other.example/some-secret-path"


def webhook() -> dict[str, str]:
    """Return the settings of a bot with a webhook."""
    port = str(free_port())
    return {"UPDATES": "webhook", "HTTP_PORT": port, "PUBLIC_URL": f"http://127.0.0.1:{port}"}


@pytest.fixture
async def operator(operator: Person) -> Person:
    """An operator who has already written to the bot."""
    await operator.says("/start")
    return operator


@pytest.fixture
async def hooked(install: Install, operator: Person) -> Installation:
    """A bot with a webhook, whose operator has heard from it."""
    callgate = await install(**webhook())
    await operator.sees("👋")
    return callgate


async def second_program(world: World, method: str, **params: Any) -> Any:
    """Call Telegram as another program with the same token."""
    async with httpx.AsyncClient() as client:
        answer = await client.post(f"{world.url}/bot{world.bot_token}/{method}", json=params)
    return answer.json()["result"]


async def readiness(callgate: Installation, browser: httpx.AsyncClient) -> tuple[int, str]:
    """Return the answer of /readyz."""
    answer = await browser.get(f"{callgate.url}/readyz")
    return answer.status_code, answer.text


async def becomes(callgate: Installation, browser: httpx.AsyncClient, status: int, says: str) -> None:
    """Return once /readyz says so."""
    seen: list[tuple[int, str]] = []
    async with asyncio.timeout(2 * WAIT_TIMEOUT):
        while not seen or seen[-1][0] != status or says not in seen[-1][1]:
            seen.append(await readiness(callgate, browser))
            await asyncio.sleep(0.02)


async def answers(world: World) -> None:
    """Check that somebody new gets an answer."""
    anna = world.person("Anna", language="en")
    await anna.says("/start")
    await anna.sees("👋", within=2 * WAIT_TIMEOUT)


@pytest.mark.parametrize(
    ("method", "params", "reason", "told"),
    [
        ("deleteWebhook", {}, "another program removed the webhook", "another program removed my webhook"),
        ("setWebhook", {"url": ELSEWHERE}, "set the webhook to other.example;", "set my webhook to other.example;"),
        (
            "setWebhook",
            {"allowed_updates": ["message"]},
            "changed what the webhook brings",
            "changed what my webhook delivers",
        ),
        ("setWebhook", {"max_connections": 1}, "changed what the webhook brings", "changed what my webhook delivers"),
    ],
    ids=["removed", "elsewhere", "updates", "connections"],
)
async def test_a_webhook_that_another_program_changed_is_set_again(
    world: World,
    hooked: Installation,
    operator: Person,
    browser: httpx.AsyncClient,
    method: str,
    params: dict[str, Any],
    reason: str,
    told: str,
) -> None:
    ours = await second_program(world, "getWebhookInfo")
    assert await readiness(hooked, browser) == (200, "OK")
    if method == "setWebhook":
        params = {"url": ours["url"], "secret_token": world.telegram.webhook and world.telegram.webhook.secret} | params
    await second_program(world, method, **params)

    world.clock.advance(HALF_A_MINUTE)
    await becomes(hooked, browser, 503, reason)
    text = await reads(operator, told)
    assert "some-secret-path" not in text
    world.clock.advance(HALF_A_MINUTE)
    await becomes(hooked, browser, 200, "OK")

    assert await second_program(world, "getWebhookInfo") == ours
    await answers(world)
    assert sum(told in (message.text or "") for message in operator.chat.messages) == 1


async def test_a_webhook_that_another_program_had_brought_to_another_machine_is_set_again(
    world: World, hooked: Installation, operator: Person, browser: httpx.AsyncClient
) -> None:
    ours = await second_program(world, "getWebhookInfo")
    secret = world.telegram.webhook and world.telegram.webhook.secret
    await second_program(world, "setWebhook", url=ours["url"], secret_token=secret, ip_address="127.9.9.9")

    world.clock.advance(HALF_A_MINUTE)

    await becomes(hooked, browser, 503, "brought to another machine")
    await operator.sees("another program redirected my updates to another machine", within=2 * WAIT_TIMEOUT)
    assert await second_program(world, "getWebhookInfo") == ours
    world.clock.advance(HALF_A_MINUTE)
    await becomes(hooked, browser, 200, "OK")
    await answers(world)


@pytest.mark.parametrize(("found", "sets"), [(("127.0.0.1", "127.0.0.2"), 1), (("127.0.0.1",), 2)])
async def test_a_host_that_gets_another_address_is_no_other_program(
    world: World,
    hooked: Installation,
    browser: httpx.AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
    found: tuple[str],
    sets: int,
) -> None:
    """First this machine knows of it, then only Telegram does."""
    world.telegram.found_address = "127.0.0.2"

    async def known(_url: str) -> set[str]:
        return {*found}

    monkeypatch.setattr("bot.telegram.webhook.addresses_of", known)
    for _ in range(3):
        before = len(world.trace.titles("bot_api"))
        world.clock.advance(HALF_A_MINUTE)
        await world.wait_until(lambda: "getWebhookInfo" in world.trace.titles("bot_api")[before:], 2 * WAIT_TIMEOUT)  # noqa: B023
        assert await readiness(hooked, browser) == (200, "OK")

    assert world.trace.titles("bot_api").count("setWebhook") == sets


async def test_a_webhook_with_another_secret_is_known_by_what_telegram_and_we_refuse(
    world: World, hooked: Installation, operator: Person, browser: httpx.AsyncClient
) -> None:
    ours = await second_program(world, "getWebhookInfo")
    await second_program(world, "setWebhook", url=ours["url"], secret_token="another")
    anna = world.person("Anna", language="en")
    await anna.says("/start")
    await world.wait_until(lambda: world.telegram.webhook is not None and world.telegram.webhook.last_error is not None)

    world.clock.advance(HALF_A_MINUTE)

    await anna.sees("👋", within=2 * WAIT_TIMEOUT)
    await operator.sees("another program changed the secret of my webhook")
    world.clock.advance(HALF_A_MINUTE)
    await becomes(hooked, browser, 200, "OK")


async def test_a_stranger_without_the_secret_makes_nobody_set_the_webhook_again(
    world: World, hooked: Installation, browser: httpx.AsyncClient
) -> None:
    for _ in range(5):
        assert (await browser.post(f"{hooked.url}/telegram", json={"update_id": 1})).status_code == 401
    before = len(world.trace.titles("bot_api"))
    world.clock.advance(HALF_A_MINUTE)
    await world.wait_until(lambda: "getWebhookInfo" in world.trace.titles("bot_api")[before:], 2 * WAIT_TIMEOUT)

    assert await readiness(hooked, browser) == (200, "OK")
    assert world.trace.titles("bot_api").count("setWebhook") == 1


async def test_the_trouble_is_over_once_nobody_else_changes_anything(
    world: World, hooked: Installation, operator: Person, browser: httpx.AsyncClient
) -> None:
    await second_program(world, "deleteWebhook")
    world.clock.advance(HALF_A_MINUTE)
    await operator.sees("another program removed my webhook")
    await becomes(hooked, browser, 503, "removed")
    world.clock.advance(HALF_A_MINUTE)
    await becomes(hooked, browser, 200, "OK")

    for _ in range(12):
        await looked(hooked)
        if operator.shown("no other program uses my token") is not None:
            break
    await operator.sees("no other program uses my token")


async def test_menus_that_another_program_changed_are_set_again(
    world: World, brisk: Installation, operator: Person
) -> None:
    await operator.sees("👋")
    scope = {"type": "all_private_chats"}
    await world.wait_until(lambda: len(world.telegram.commands) == 6)
    ours = await second_program(world, "getMyCommands", scope=scope, language_code="ru")
    other = [{"command": "spin", "description": "another program's"}]
    await second_program(world, "setMyCommands", scope=scope, language_code="ru", commands=other)

    world.clock.advance(HALF_A_MINUTE)

    await operator.sees("another program changed my menu of commands")
    assert await second_program(world, "getMyCommands", scope=scope, language_code="ru") == ours


@pytest.mark.parametrize("scope", ["all_private_chats", "all_chat_administrators"])
@pytest.mark.parametrize("language", ["de", "uk"])
async def test_menus_that_another_program_set_in_further_languages_are_removed(
    world: World, brisk: Installation, operator: Person, scope: str, language: str
) -> None:
    await operator.sees("👋")
    await world.wait_until(lambda: len(world.telegram.commands) == 6)
    other = [{"command": "spin", "description": "another program's"}]
    where = {"scope": {"type": scope}, "language_code": language}
    await second_program(world, "setMyCommands", commands=other, **where)

    for _ in range(1 + len(OTHER_LANGUAGES) // LOOKED_AT):
        before = world.trace.titles("bot_api").count("getMyCommands")
        world.clock.advance(HALF_A_MINUTE)
        await world.wait_until(
            lambda: world.trace.titles("bot_api").count("getMyCommands") >= before + 2 * LOOKED_AT,  # noqa: B023
            2 * WAIT_TIMEOUT,
        )
        if (scope, language) not in world.telegram.commands:
            break

    await operator.sees("another program changed my menu of commands")
    assert await second_program(world, "getMyCommands", **where) == []


def test_menus_are_looked_at_in_every_language_there_is() -> None:
    assert len({*OTHER_LANGUAGES, *LANGUAGES}) == len(OTHER_LANGUAGES) + len(LANGUAGES) > 180
    assert all(re.fullmatch("[a-z]{2}", language) for language in OTHER_LANGUAGES)


async def test_a_webhook_that_another_program_sets_while_we_poll_is_removed(
    world: World, brisk: Installation, operator: Person, browser: httpx.AsyncClient
) -> None:
    await operator.sees("👋")
    await second_program(world, "setWebhook", url=ELSEWHERE)

    await operator.sees("another program set a webhook to other.example, which keeps updates from me; I removed it")

    await answers(world)
    await becomes(brisk, browser, 200, "OK")
    assert (await second_program(world, "getWebhookInfo"))["url"] == ""
    assert operator.shown("fetches my updates too") is None


async def test_while_the_other_programs_webhook_cannot_be_removed_readyz_names_its_host(
    world: World, brisk: Installation, operator: Person, browser: httpx.AsyncClient
) -> None:
    await operator.sees("👋")
    world.faults.add(where="telegram", kind="500", method="deleteWebhook", times=None)
    await second_program(world, "setWebhook", url=ELSEWHERE)

    await becomes(brisk, browser, 503, "another program set a webhook, other.example")

    world.faults.clear()
    await becomes(brisk, browser, 200, "OK")


async def test_a_second_poller_is_said_to_be_one(world: World, brisk: Installation, operator: Person) -> None:
    await operator.sees("👋")
    for _ in range(2):
        await world.wait_until(lambda: world.telegram.delivery._poll is not None, 2 * WAIT_TIMEOUT)
        await second_program(world, "getUpdates", timeout=0)

    await operator.sees("another program fetches my updates too", within=2 * WAIT_TIMEOUT)

    await answers(world)
    assert operator.shown("webhook") is None


async def test_one_poll_that_another_ended_is_no_trouble(world: World, brisk: Installation, operator: Person) -> None:
    await operator.sees("👋")
    await world.wait_until(lambda: world.telegram.delivery._poll is not None)
    await second_program(world, "getUpdates", timeout=0)

    await answers(world)

    await eventually(brisk, "SELECT name FROM incidents", [])


def test_telegram_is_asked_for_the_updates_that_handlers_exist_for(world: World) -> None:
    dispatcher = build_dispatcher(LoadPerson(Texts("en"), None), ())  # type: ignore[arg-type] # not used
    assert sorted(dispatcher.resolve_used_update_types()) == UPDATE_TYPES
