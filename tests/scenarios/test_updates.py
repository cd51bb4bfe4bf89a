"""Processing of updates: each is stored once, and acknowledged only then, by polling and by webhook."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest
from aiohttp import web

from bot.domain.errors import StorageUnavailableError
from bot.features.verification.attempt import show_screen
from bot.sandbox.people import Person
from bot.sandbox.world import World
from storage.engine.database import Database
from tests.installation import CALLBACK_TOKEN, OPERATOR, Installation, number_shown
from tests.process import free_port
from tests.scenarios.story import all_is_carried, eventually, guarded

SECRET = "the-secret-of-the-webhook"
HEADER = "X-Telegram-Bot-Api-Secret-Token"


def webhook() -> dict[str, str]:
    """Return the settings of a bot with a webhook."""
    port = str(free_port())
    return {
        "UPDATES": "webhook",
        "HTTP_PORT": port,
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "TELEGRAM_WEBHOOK_SECRET": SECRET,
    }


@pytest.fixture(params=["polling", "webhook"])
async def bot(request: pytest.FixtureRequest, world: World, database_url: str) -> AsyncIterator[Installation]:
    """A bot that receives updates in each way in turn."""
    installation = Installation(world, database_url, **(webhook() if request.param == "webhook" else {}))
    await installation.start()
    yield installation
    await installation.stop()


@pytest.fixture
async def hooked(world: World, database_url: str) -> AsyncIterator[Installation]:
    """A bot in webhook mode."""
    installation = Installation(world, database_url, **webhook())
    await installation.start()
    yield installation
    await installation.stop()


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient() as client:
        yield client


def says(person: Person, text: str, update_id: int) -> dict[str, Any]:
    """Return the update that Telegram makes of a message."""
    return {
        "update_id": update_id,
        "message": {
            "message_id": update_id,
            "date": 1_800_000_000,
            "chat": {"id": person.id, "type": "private", "first_name": person.name},
            "from": {"id": person.id, "is_bot": False, "first_name": person.name, "language_code": "en"},
            "text": text,
        },
    }


async def started(bot: Installation, times: int) -> None:
    """Return once the journal has so many persons' /start."""
    await eventually(bot, "SELECT count(*) AS n FROM journal WHERE event = 'started'", [{"n": times}])


class Storage:
    """The bot's database, which fails and recovers."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.is_down = False
        self.refused = 0
        transact = Database.transact

        async def perhaps(database: Database, work: Callable[[Any], Awaitable[Any]]) -> Any:
            if self.is_down:
                self.refused += 1
                raise StorageUnavailableError("down")
            return await transact(database, work)

        monkeypatch.setattr(Database, "transact", perhaps)


@pytest.fixture
def storage(monkeypatch: pytest.MonkeyPatch) -> Storage:
    return Storage(monkeypatch)


async def test_an_update_that_comes_again_is_handled_once(world: World, bot: Installation) -> None:
    anna = world.person("Anna", language="en")
    await anna.says("/start")
    await anna.sees("👋")
    (update,) = [entry.detail for entry in world.trace.of("update") if "message" in entry.detail]
    await world.wait_until(lambda: not world.telegram.delivery.waiting)

    world.telegram.push_raw(dict(update))
    await anna.says("/help")

    await anna.sees("/privacy")
    await world.wait_until(lambda: not world.telegram.delivery.waiting)
    assert (await bot.journal()).count("started") == 1


async def test_ids_that_go_backwards_are_no_repeats(world: World, bot: Installation) -> None:
    people = [world.person(f"Person {number}", language="en") for number in range(3)]
    for person in people:
        await person.says("/help")
        await person.sees("/privacy")

    # After a week without updates Telegram may start its ids again, anywhere.
    for update_id, person in zip((500_000_000, 300, 200_000), people, strict=True):
        world.telegram.push_raw(says(person, "/start", update_id))
        await person.sees("👋")

    await started(bot, 3)


async def test_one_update_that_fails_costs_none_of_its_batch_and_is_told_under_one_id(
    world: World, bot: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    operator = world.person("Operator", language="en")
    await bot.restart(OPERATORS=str(operator.id))
    await operator.says("/help")
    await operator.sees("/privacy")
    people = [world.person(f"Person {number}", language="en") for number in range(9)]
    unlucky = people[4]
    await unlucky.says("/privacy")
    await unlucky.sees("fingerprint")

    async def fail_for_one(store: Any, person: Any, *rest: Any, **more: Any) -> None:
        await show_screen(store, person, *rest, **more)
        if person.user_id == unlucky.id:
            raise ZeroDivisionError("a bug")

    monkeypatch.setattr("handlers.verification.show_screen", fail_for_one)
    for person in people:
        await person.says("/start")

    for person in people:
        if person is not unlucky:
            await person.sees("👋")
    told = await unlucky.sees("went wrong")
    error_id = told.text.split()[-1] if told.text else ""
    assert error_id in ((await operator.sees("Something failed")).text or "")
    assert "ZeroDivisionError" in ((await operator.sees("Something failed")).text or "")
    assert unlucky.shown("👋") is None
    await started(bot, 8)

    # The bug is fixed, and the person tries again.
    monkeypatch.undo()
    await unlucky.says("/start")
    await unlucky.sees("👋")


async def test_without_the_secret_header_nothing_is_taken(
    world: World, hooked: Installation, http: httpx.AsyncClient
) -> None:
    anna = world.person("Anna", language="en")
    update = says(anna, "/start", 1)
    assert (await http.post(f"{hooked.url}/telegram", json=update)).status_code == 401
    for wrong in (b"", SECRET[:-1].encode(), "ключ".encode(), b"\xff\xfe"):
        answer = await http.post(f"{hooked.url}/telegram", json=update, headers=[(HEADER.encode(), wrong)])
        assert answer.status_code == 401

    assert await hooked.rows("SELECT update_id FROM seen_updates") == []
    answer = await http.post(f"{hooked.url}/telegram", json=update, headers={HEADER: SECRET})
    assert answer.status_code == 200
    assert await hooked.rows("SELECT update_id FROM seen_updates") == [{"update_id": 1}]


async def test_an_answer_of_200_means_that_the_update_is_kept(
    world: World, hooked: Installation, http: httpx.AsyncClient
) -> None:
    people = [world.person(f"Person {number}", language="en") for number in range(20)]
    for number, person in enumerate(people, 1):
        answer = await http.post(
            f"{hooked.url}/telegram", json=says(person, "/start", number), headers={HEADER: SECRET}
        )
        assert answer.status_code == 200
        assert await hooked.rows("SELECT update_id FROM seen_updates WHERE update_id = :id", id=number)
    assert (await hooked.journal()).count("started") == 20


async def test_while_storage_is_down_nothing_is_acknowledged_and_afterwards_nothing_is_missing(
    world: World, bot: Installation, storage: Storage, http: httpx.AsyncClient
) -> None:
    anna = world.person("Anna", language="en")
    _, group = await guarded(world)
    await anna.asks_to_join(group)
    await anna.shares_contact()
    number = await number_shown(anna)
    await all_is_carried(bot)

    storage.is_down = True
    await anna.calls(number)
    await world.wait_until(lambda: [sent.status for sent in world.smsc.callback.sent] == [503])
    await anna.says("/help")
    refused = storage.refused
    await world.wait_until(lambda: storage.refused > refused + 3)
    assert world.telegram.delivery.waiting
    assert (await http.get(f"{bot.url}/healthz")).status_code == 200
    assert (await http.get(f"{bot.url}/readyz")).status_code == 503
    storage.is_down = False

    await anna.sees("/privacy")
    assert await world.smsc.repeat_last_callback() == 200
    await world.wait_until(lambda: anna.id in group.members)


async def test_the_webhook_answers_503_while_storage_is_down(
    world: World, hooked: Installation, storage: Storage, http: httpx.AsyncClient
) -> None:
    anna = world.person("Anna", language="en")
    storage.is_down = True
    update = says(anna, "/start", 1)
    answer = await http.post(f"{hooked.url}/telegram", json=update, headers={HEADER: SECRET})
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]

    storage.is_down = False

    answer = await http.post(f"{hooked.url}/telegram", json=update, headers={HEADER: SECRET})
    assert answer.status_code == 200
    await started(hooked, 1)


async def test_another_poller_is_put_up_with(world: World, callgate: Installation, http: httpx.AsyncClient) -> None:
    anna = world.person("Anna", language="en")
    for _ in range(3):
        await world.wait_until(lambda: world.telegram.delivery._poll is not None)
        await http.get(f"{world.url}/bot{world.bot_token}/getUpdates", params={"timeout": 0})
    await world.wait_until(lambda: any("terminated by other" in title for title in world.trace.titles("bot_api")))

    await anna.says("/start")

    await anna.sees("👋")
    assert (await http.get(f"{callgate.url}/readyz")).status_code == 200


@pytest.mark.parametrize("way", ["polling", "webhook"])
async def test_a_bot_that_starts_while_telegram_is_down_is_ready_once_telegram_answers(
    world: World, database_url: str, http: httpx.AsyncClient, way: str
) -> None:
    world.faults.add(where="telegram", kind="reset_before", times=None)
    bot = Installation(world, database_url, **(webhook() if way == "webhook" else {}))
    await bot.start()
    await world.wait_until(lambda: world.faults.happened > 1)
    assert (await http.get(f"{bot.url}/healthz")).status_code == 200
    answer = await http.get(f"{bot.url}/readyz")
    assert (answer.status_code, answer.text) == (503, "Telegram does not answer yet")

    world.faults.clear()
    anna = world.person("Anna", language="en")
    await anna.says("/start")

    await anna.sees("👋")
    assert (await http.get(f"{bot.url}/readyz")).status_code == 200
    await bot.stop()


async def test_a_callback_with_a_wrong_token_is_not_taken_for_storage_trouble(
    callgate: Installation, storage: Storage, http: httpx.AsyncClient
) -> None:
    storage.is_down = True
    call = {"phone": "79991234567", "mes": "[waitcall]", "to": "74951234567", "id": "1"}
    assert (await http.post(f"{callgate.url}/smsc/wrong-{CALLBACK_TOKEN}", data=call)).status_code == 404
    assert (await http.post(f"{callgate.url}/smsc/{CALLBACK_TOKEN}", data=call)).status_code == 503
    storage.is_down = False
    assert (await http.post(f"{callgate.url}/smsc/{CALLBACK_TOKEN}", data=call)).status_code == 200
    assert (await callgate.journal()).count("call_unmatched") == 1


async def test_an_operator_who_never_wrote_costs_nobody_anything(world: World, callgate: Installation) -> None:
    assert OPERATOR not in world.people
    owner, group = await guarded(world)
    await owner.takes_rights(group)
    await eventually(callgate, "SELECT is_on FROM gates", [{"is_on": False}])
    anna = world.person("Anna", language="en")

    await anna.says("/start")

    await anna.sees("👋")
    await all_is_carried(callgate)


@pytest.mark.parametrize(
    "body",
    ["17", '"text"', "null", "[" * 400 + "]" * 400, '{"update_id": "x"}'],
    ids=["number", "text", "null", "deep", "id"],
)
async def test_what_is_no_update_at_all_does_not_keep_those_behind_it(
    world: World, database_url: str, body: str
) -> None:
    bot = Installation(world, database_url)
    anna = world.person("Anna", language="en")
    world.telegram.push_raw(body)
    await anna.says("/start")
    await bot.start()

    await anna.sees("👋")

    await bot.stop()


async def test_a_deeply_nested_update_is_passed_over(world: World, database_url: str) -> None:
    bot = Installation(world, database_url)
    anna = world.person("Anna", language="en")
    nested: dict[str, Any] = {}
    for _ in range(400):
        nested = {"message": nested}
    world.telegram.push_raw({"message": nested})
    await anna.says("/start")
    await bot.start()

    await anna.sees("👋")

    await bot.stop()


async def test_a_proxys_error_page_in_telegrams_place_is_waited_out(world: World, database_url: str) -> None:
    answers = [b"<html>502 Bad Gateway</html>"] * 2

    async def telegram(request: web.Request) -> web.Response:
        if answers:
            return web.Response(status=502, body=answers.pop(), content_type="text/html")
        async with httpx.AsyncClient(timeout=40) as client:
            passed_on = await client.post(
                f"{world.url}{request.rel_url}",
                content=await request.read(),
                headers={"Content-Type": request.headers.get("Content-Type", "")},
            )
        return web.Response(status=passed_on.status_code, body=passed_on.content, content_type="application/json")

    app = web.Application()
    app.router.add_post("/{rest:.*}", telegram)
    # A fetch may still pass through when the bot has ended.
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    bot = Installation(world, database_url, TELEGRAM_API_URL=f"http://127.0.0.1:{runner.addresses[0][1]}")
    await bot.start()
    anna = world.person("Anna", language="en")
    await anna.says("/start")

    await anna.sees("👋")

    assert answers == []
    await bot.stop()
    await runner.cleanup()


async def test_a_sign_that_no_database_keeps_costs_no_update(world: World, bot: Installation) -> None:
    owner, group = await guarded(world)
    group.title = "Flats\0 of ours"
    anna = world.person("An\0na", language="en")

    await anna.asks_to_join(group)

    page = await anna.sees("Flats")
    assert "\0" not in (page.text or "")
    await owner.says("/gates")
    await owner.sees("Your groups")
    assert await bot.rows("SELECT * FROM journal WHERE event = 'failure'") == []


@pytest.mark.parametrize("broken", ["\ud800", "\udfff\0", "\0"])
async def test_half_a_character_costs_no_update(
    world: World, hooked: Installation, http: httpx.AsyncClient, broken: str
) -> None:
    anna = world.person("Anna", language="en")
    await anna.says("/help")
    await anna.sees("/privacy")
    update = says(anna, "/start", 900_000_000)
    update["message"]["from"]["first_name"] = broken

    # In ASCII, as JSON writes it.
    body = json.dumps(update).encode()
    answer = await http.post(f"{hooked.url}/telegram", content=body, headers={HEADER: SECRET})

    assert answer.status_code == 200
    await anna.sees("👋")


async def test_a_private_message_of_nobody_is_passed_over(world: World, bot: Installation) -> None:
    anna = world.person("Anna", language="en")
    nobodys = says(anna, "/start", 900_000_000)
    del nobodys["message"]["from"]
    world.telegram.push_raw(nobodys)

    await anna.says("/start")
    await anna.sees("👋")

    await started(bot, 1)
    assert await bot.rows("SELECT * FROM journal WHERE event = 'failure'") == []
