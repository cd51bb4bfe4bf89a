"""The doctor says what is wrong, and how to fix it."""

from __future__ import annotations

import argparse
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import httpx
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot import settings
from bot.__main__ import doctor
from bot.clock import REAL_TIME
from bot.sandbox.world import World
from storage.engine.database import Database
from tests.installation import Installation
from tests.process import free_port
from tests.scenarios.story import eventually, guarded


async def findings(
    world: World, database_url: str, capsys: pytest.CaptureFixture[str], **environment: str
) -> tuple[int, list[tuple[str, str]]]:
    """The exit status and the findings: ok, note or WRONG, and the text with its fix."""
    variables = Installation(world, database_url, **environment).environment()
    config = settings.load({name: value for name, value in variables.items() if value}, None)
    status = await doctor(config, argparse.Namespace(json=False))
    found = re.split(r"^(ok|note|WRONG) +", capsys.readouterr().out, flags=re.MULTILINE)[1:]
    return status, [(label, text.strip()) for label, text in zip(found[::2], found[1::2], strict=True)]


async def examined(
    world: World, database_url: str, capsys: pytest.CaptureFixture[str], **environment: str
) -> tuple[int, list[str]]:
    """The exit status and the problems, each with its fix."""
    status, found = await findings(world, database_url, capsys, **environment)
    return status, [text for label, text in found if label == "WRONG"]


@pytest.fixture
def url(tmp_path: Path) -> str:
    """An empty database of the simplest kind."""
    return f"sqlite:///{tmp_path / 'callgate.db'}"


async def test_where_all_is_well_nothing_is_wrong(
    world: World, empty_database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await examined(world, empty_database_url, capsys) == (0, [])


async def test_beside_the_running_bot_all_is_well_too(
    world: World, callgate: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await examined(world, callgate.database_url, capsys, PUBLIC_URL=callgate.url) == (0, [])


@pytest.mark.parametrize(
    ("seconds", "words"), [(-120, r"(11\d|120) seconds ahead of"), (600, r"(59\d|600) seconds behind")]
)
async def test_a_clock_that_is_wrong(
    world: World, url: str, capsys: pytest.CaptureFixture[str], seconds: int, words: str
) -> None:
    world.date_offset = timedelta(seconds=seconds)

    status, (by_telegram, by_gateway) = await examined(world, url, capsys)

    assert status == 1
    assert re.search(words + " Telegram's", by_telegram)
    assert re.search(words + " the gateway's", by_gateway)
    assert "NTP" in by_telegram


@pytest.mark.parametrize(
    ("variables", "label", "words"),
    [
        ({}, "ok", "TRUSTED_PROXIES: a visitor's address is believed from this machine, private networks"),
        ({"TRUSTED_PROXIES": "203.0.113.0/24"}, "ok", "believed from 203.0.113.0/24"),
        ({"TRUSTED_PROXIES": "10.0.0.0/8,0.0.0.0/0"}, "WRONG", "0.0.0.0/0: almost anybody can pretend"),
        ({"TRUSTED_PROXIES": "::/0"}, "WRONG", "::/0: almost anybody can pretend"),
        (
            {"TRUSTED_PROXIES": "10.0.0.0/8", "PUBLIC_URL": "http://localhost:1"},
            "WRONG",
            "add 127.0.0.1 to TRUSTED_PROXIES",
        ),
        (
            {"TRUSTED_PROXIES": "127.0.0.1,10.0.0.0/8", "PUBLIC_URL": "http://localhost:1"},
            "ok",
            "believed from 127.0.0.1/32, 10.0.0.0/8",
        ),
        ({}, "ok", "HOME_COUNTRIES: phones without a country code are read as numbers of RU, KZ, BY"),
        ({"HOME_COUNTRIES": "DE"}, "ok", "read as numbers of DE"),
    ],
)
async def test_who_is_believed_and_how_phones_are_read_is_told(
    world: World,
    url: str,
    capsys: pytest.CaptureFixture[str],
    variables: dict[str, str],
    label: str,
    words: str,
) -> None:
    _, found = await findings(world, url, capsys, **variables)

    assert [one for one, text in found if words in text] == [label]


async def test_a_gate_in_a_community_is_named(
    world: World, callgate: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    _, group = await guarded(world)
    group.community = {"id": 7, "name": "Our\x1b[31m house"}

    _, found = await findings(world, callgate.database_url, capsys)

    notes = [text for label, text in found if label == "note" and "community" in text]
    assert len(notes) == 1
    assert "“Flat owners”" in notes[0]
    assert "“Our[31m house”" in notes[0]


async def test_a_token_that_telegram_refuses(world: World, url: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, (wrong,) = await examined(world, url, capsys, BOT_TOKEN="43:ANOTHER-token-of-the-sandbox")

    assert status == 1
    assert "BOT_TOKEN" in wrong
    assert "copy the token from BotFather" in wrong


async def test_telegrams_own_words_are_told_when_it_refuses(
    world: World, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    world.telegram.logged_out = True

    status, (wrong,) = await examined(world, url, capsys)

    assert (status, "Telegram refuses: Logged out" in wrong) == (1, True)
    assert "does not answer" not in wrong


@pytest.mark.parametrize(
    ("found", "wrong"),
    [
        ({}, "Telegram has no webhook for this bot"),
        ({"url": "https://other.example/secret"}, "Telegram brings updates to other.example instead of"),
        ({"allowed_updates": ["message"]}, "missing: callback_query, chat_join_request, chat_member, my_chat_member"),
    ],
    ids=["removed", "elsewhere", "updates"],
)
async def test_what_telegram_keeps_of_the_webhook_is_compared(
    world: World, url: str, capsys: pytest.CaptureFixture[str], found: dict[str, object], wrong: str
) -> None:
    port = free_port()
    hooked = {"UPDATES": "webhook", "HTTP_PORT": str(port), "PUBLIC_URL": f"http://127.0.0.1:{port}"}
    bot = Installation(world, url, **hooked)
    await bot.start()
    async with httpx.AsyncClient() as other:
        while (await other.get(f"{bot.url}/readyz")).status_code != 200:
            pass
        # Stop the bot's clock: it has compared the webhook by now, and would set it again at the next comparison.
        world.clock.set_rate(0)
        assert await examined(world, url, capsys, **hooked) == (0, [])
        method = "setWebhook" if found else "deleteWebhook"
        params = {"url": f"{hooked['PUBLIC_URL']}/telegram"} | found if found else {}
        await other.post(f"{world.url}/bot{world.bot_token}/{method}", json=params)

    status, told = await examined(world, url, capsys, **hooked)
    await bot.stop()

    assert (status, len(told)) == (1, 1)
    assert wrong in told[0]
    assert "secret" not in told[0]


async def test_a_webhook_that_another_program_set_is_found_where_updates_are_polled(
    world: World, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async with httpx.AsyncClient() as other:
        await other.post(
            f"{world.url}/bot{world.bot_token}/setWebhook", json={"url": "https://other.example:8443/secret"}
        )

    status, (wrong,) = await examined(world, url, capsys)

    assert (status, "a webhook at other.example:8443" in wrong) == (1, True)


async def test_a_telegram_that_does_not_answer(world: World, url: str, capsys: pytest.CaptureFixture[str]) -> None:
    dead = f"http://127.0.0.1:{free_port()}"

    status, (wrong,) = await examined(world, url, capsys, TELEGRAM_API_URL=dead)

    assert (status, "TELEGRAM_API_URL" in wrong) == (1, True)


@pytest.mark.parametrize(
    ("code", "mend"), [(2, "check SMSC_API_KEY"), (3, "pay money into the gateway account"), (4, "wait some minutes")]
)
async def test_a_gateway_that_refuses(
    world: World, url: str, capsys: pytest.CaptureFixture[str], code: int, mend: str
) -> None:
    world.smsc.fail_with(code, endpoint="balance")

    status, (wrong,) = await examined(world, url, capsys)

    assert status == 1
    assert f"code {code}" in wrong
    assert mend in wrong


@pytest.mark.parametrize("money", ["0", "-3.5"])
async def test_an_account_without_money(world: World, url: str, capsys: pytest.CaptureFixture[str], money: str) -> None:
    world.smsc.balance = Decimal(money)

    status, (wrong,) = await examined(world, url, capsys)

    assert (status, "pay money into the gateway account" in wrong) == (1, True)


async def test_a_public_address_that_leads_nowhere(world: World, url: str, capsys: pytest.CaptureFixture[str]) -> None:
    dead = f"http://127.0.0.1:{free_port()}"

    status, (wrong,) = await examined(world, url, capsys, PUBLIC_URL=dead)

    assert status == 1
    assert f"{dead}/healthz does not reach the bot" in wrong
    assert "let your proxy pass" in wrong


async def test_a_public_address_at_which_somebody_else_answers(
    world: World, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, (wrong,) = await examined(world, url, capsys, PUBLIC_URL=world.url)

    assert (status, "does not reach the bot (404)" in wrong) == (1, True)


async def test_a_bot_that_could_hear_of_no_call_at_all(
    world: World, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, (wrong,) = await examined(world, url, capsys, SMSC_POLL_SECONDS="0")

    assert (status, "set PUBLIC_URL, or SMSC_POLL_SECONDS above 0" in wrong) == (1, True)


async def test_a_database_held_by_the_running_bot_is_right(
    world: World, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    database = Database(url, REAL_TIME.now)
    await database.open()

    assert await examined(world, url, capsys) == (0, [])

    await database.close()


async def test_a_database_that_is_not_there(world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    for url in (
        f"postgresql://somebody:hidden@127.0.0.1:{free_port()}/db",
        f"sqlite:///{tmp_path / 'file' / 'callgate.db'}",
    ):
        status, (wrong,) = await examined(world, url, capsys)
        assert status == 1
        assert "check DATABASE_URL" in wrong
        assert "hidden" not in wrong


async def of_gates(
    world: World, callgate: Installation, capsys: pytest.CaptureFixture[str], **environment: str
) -> tuple[int, list[tuple[str, str]]]:
    """The exit status, and the findings about gates."""
    status, found = await findings(world, callgate.database_url, capsys, **environment)
    return status, [(label, text) for label, text in found if text.startswith("The gate “")]


async def test_each_gate_tells_whether_this_bot_guards_it_and_how_to_have_it_so(
    world: World, callgate: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    owner, group = await guarded(world)

    status, ((label, text),) = await of_gates(world, callgate, capsys)
    assert (status, label) == (0, "note")
    assert "“Flat owners”" in text
    assert "nobody" in text
    assert "Process join requests" in text

    await owner.assigns_guard(group)
    status, ((label, text),) = await of_gates(world, callgate, capsys)
    assert (status, label) == (0, "ok")
    assert "has this bot process its join requests" in text


async def test_of_a_channel_nothing_is_asked_that_telegram_has_for_groups_only(
    world: World, callgate: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    await guarded(world, "News", channel=True)

    status, ((label, text),) = await of_gates(world, callgate, capsys)

    assert (status, label, "is a channel" in text) == (0, "ok", True)


async def test_a_gate_that_the_bot_has_lost_meanwhile_is_found_out(
    world: World, callgate: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    owner, group = await guarded(world)
    await guarded(world, "Garden")
    await callgate.stop()
    await owner.removes_bot(group)

    status, found = await of_gates(world, callgate, capsys)
    (lost, text), (other, _) = sorted(found)

    assert (status, lost, other) == (1, "WRONG", "note")
    assert "“Flat owners”" in text
    assert "kicked" in text
    assert "administrator there again" in text


async def test_a_gate_that_cannot_be_asked_right_now_is_nobodys_fault(
    world: World, callgate: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    await guarded(world)
    await callgate.stop()
    world.faults.add(where="telegram", kind="429", method="getChat", seconds=3)

    status, ((label, text),) = await of_gates(world, callgate, capsys)

    assert (status, label, "could not be asked now" in text) == (0, "note", True)


async def test_a_gate_that_is_off_is_not_asked(
    world: World, callgate: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    owner, group = await guarded(world)
    await owner.takes_rights(group)
    await eventually(callgate, "SELECT is_on FROM gates", [{"is_on": False}])

    assert await of_gates(world, callgate, capsys) == (0, [])


async def test_the_name_of_a_gate_cannot_play_with_the_terminal(
    world: World, callgate: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    await guarded(world, "Flats\x1b[2J\r\nok    all is well")

    _, ((_, text),) = await of_gates(world, callgate, capsys)

    assert "“Flats[2J ok all is well”" in text


async def test_a_bot_that_may_not_process_join_requests_is_told_where_to_look(
    world: World, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    world.telegram.supports_join_request_queries = False

    status, found = await findings(world, url, capsys)

    (note,) = [text for label, text in found if label == "note" and "Telegram does not let" in text]
    assert (status, "BotFather" in note) == (0, True)


async def test_without_a_public_address_it_is_said_that_no_mini_app_can_be_opened(
    world: World, callgate: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    without = await findings(world, callgate.database_url, capsys)
    assert [text for label, text in without[1] if label == "note" and "cannot open the Mini App" in text]

    having = await findings(world, callgate.database_url, capsys, PUBLIC_URL=callgate.url)
    assert (having[0], {label for label, _ in having[1]}) == (0, {"ok"})


async def test_a_database_of_another_version_is_found_out(
    world: World, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as database:
        database.execute("CREATE TABLE gates (chat_id INTEGER)")
        database.execute("CREATE TABLE alembic_version (version_num VARCHAR(32))")
        database.execute("INSERT INTO alembic_version VALUES ('0001')")
        database.commit()

    status, (wrong,) = await examined(world, url, capsys)

    assert (status, "python -m bot migrate" in wrong) == (1, True)


async def test_a_database_of_another_program_is_found_out(
    world: World, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as database:
        database.execute("CREATE TABLE songs (title TEXT)")

    status, (wrong,) = await examined(world, url, capsys)

    assert (status, "is the database of another program" in wrong) == (1, True)


async def test_an_own_system_that_can_be_reached_and_one_that_cannot(
    world: World, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    own = {"EVENTS_URL": f"{world.url}/hook", "EVENTS_SECRET": "a" * 32}

    assert await examined(world, url, capsys, **own, EVENTS_ALLOW_PRIVATE="1") == (0, [])
    status, wrong = await examined(world, url, capsys, **own)
    assert (status, len(wrong)) == (1, 1)
    assert "EVENTS_URL cannot be used: it leads to a private address" in wrong[0]
    assert "EVENTS_ALLOW_PRIVATE=1" in wrong[0]
    status, wrong = await examined(world, url, capsys, SMSC_RELAY_URL="http://127.0.0.1:1/", EVENTS_ALLOW_PRIVATE="1")
    assert (status, len(wrong)) == (1, 1)
    assert "SMSC_RELAY_URL: nothing listens there" in wrong[0]


async def test_variables_whose_names_are_wrong_are_named(
    world: World, url: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPERATOR", "42")
    (tmp_path / ".env").write_text("SMSC_POOL_SECONDS=5\nMY_OWN=1\nLANGUAGE=en\nLANGUAGE=ru\n")

    status, found = await findings(world, url, capsys)

    wrong = [text for label, text in found if label == "WRONG"]
    assert (status, len(wrong)) == (1, 2)
    assert re.match(r"OPERATOR, set in the environment, has no effect(.|\n)*rename it to OPERATORS", wrong[0])
    assert re.match(
        r"SMSC_POOL_SECONDS, set in line 1 of \.env, has no effect(.|\n)*rename it to SMSC_POLL_SECONDS", wrong[1]
    )
    notes = [text for label, text in found if label == "note"]
    assert any(text.startswith("What line 2 of .env sets has no effect") for text in notes)
    assert any(text.startswith("LANGUAGE is set more than once in .env") for text in notes)


@pytest.mark.parametrize(
    "end", ["qHiddenTail=", "qHidden=Tail", "export qHiddenTail==", "q.Hidden-Tail=", "QHIDDENTAIL="]
)
async def test_a_secret_that_goes_on_in_the_next_line_is_not_shown(
    world: World,
    url: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    end: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text(f"\n\nSMSC_RELAY_URL=\n{end}\n{end}\n")

    _, found = await findings(world, url, capsys)
    said = " ".join(text for _, text in found).lower()

    assert "line 4 of .env" in said
    assert "hidden" not in said
    assert "tail" not in said


async def test_what_it_means_that_there_are_no_operators(
    world: World, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, found = await findings(world, url, capsys, OPERATORS="", SMSC_CALLBACK_SECRET="word")

    notes = [text for label, text in found if label == "note"]
    assert status == 0
    assert any(text.startswith("OPERATORS is empty: the bot tells nobody of its troubles") for text in notes)
    assert any(text.startswith("SMSC_CALLBACK_SECRET is short or easily guessed") for text in notes)


@pytest.mark.parametrize(
    ("break_it", "says"),
    [
        (
            lambda world: {"SMSC_URL": f"http://127.0.0.1:{free_port()}"},
            "The gateway SMSC gives no answer: nothing listens",
        ),
        (lambda world: {"SMSC_URL": f"{world.url}/nowhere"}, "The gateway SMSC answers HTTP 404: something else is at"),
    ],
)
async def test_what_happened_at_the_gateway_is_told_in_words(
    world: World, url: str, capsys: pytest.CaptureFixture[str], break_it: Callable[[World], dict[str, str]], says: str
) -> None:
    status, (wrong,) = await examined(world, url, capsys, **break_it(world))

    assert (status, wrong[: len(says)]) == (1, says)
    assert "None" not in wrong


async def test_a_page_that_blocks_the_gateway_is_told_apart(
    world: World, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async def blocked(_request: web.Request) -> web.Response:
        return web.Response(text="<html><body>This site is blocked.</body></html>", content_type="text/html")

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", blocked)
    async with TestServer(app) as server:
        _, (wrong,) = await examined(world, url, capsys, SMSC_URL=str(server.make_url("")).rstrip("/"))

    assert wrong.startswith("The gateway SMSC gives no answer: what answers there is not the gateway")
