"""How a call is reported, and which calls count."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from bot.sandbox.people import Person
from bot.sandbox.smsc_numbers import pool_for
from bot.sandbox.world import World
from tests.installation import CALLBACK_TOKEN, Installation, number_shown
from tests.scenarios.conftest import Install
from tests.scenarios.story import WINDOW, eventually, gets_number, verifications

SECRET = "the secret word of the account"
EVENTS = "SELECT kind, source, mask, verification_id IS NOT NULL AS counted FROM gateway_events ORDER BY id"
UNMATCHED = "SELECT count(*) AS n FROM journal WHERE event = 'call_unmatched'"
Shape = Literal["waitcall", "message"]


@pytest.fixture
async def deaf(install: Install) -> Installation:
    """A bot that learns of calls only from the callback."""
    return await install(SMSC_POLL_SECONDS="0")


async def is_not_let_in(callgate: Installation, person: Person) -> None:
    """Check that the bot stored the call and did not count it."""
    await eventually(callgate, UNMATCHED, [{"n": 1}])
    assert "confirmed" not in await verifications(callgate, person)
    assert person.shown("✅") is None


@pytest.mark.parametrize(
    ("shape", "method", "fmt", "options"),
    [
        ("waitcall", "GET", "form", ""),
        ("waitcall", "POST", "form", "charset=utf-8"),
        ("waitcall", "POST", "json", "charset=utf-8&fmt=3"),
        ("message", "GET", "form", "charset=utf-8"),
        ("message", "POST", "form", "charset=koi8-r"),
        ("message", "POST", "xml", "fmt=2"),
    ],
)
@pytest.mark.parametrize("signature", [None, "md5", "sha1"])
async def test_a_call_confirms_however_it_is_reported(
    world: World,
    install: Install,
    shape: Shape,
    method: Literal["GET", "POST"],
    fmt: Literal["form", "json", "xml"],
    options: str,
    signature: str | None,
) -> None:
    secret = {"SMSC_CALLBACK_SECRET": SECRET} if signature else {}
    callgate = await install(SMSC_POLL_SECONDS="0", **secret)
    world.smsc.callback.shape, world.smsc.callback.method, world.smsc.callback.fmt = shape, method, fmt
    world.smsc.callback.secret = SECRET if signature else None
    options = "&".join(filter(None, (options, signature)))
    world.smsc.callback.url = f"{callgate.url}/smsc/{CALLBACK_TOKEN}?{options}"
    anna = world.person("Anna", language="en")

    await anna.calls(await gets_number(anna))

    await anna.sees("✅")
    await world.wait_until(lambda: [sent.status for sent in world.smsc.callback.sent] == [200])
    assert await callgate.rows(EVENTS) == [
        {"kind": "call", "source": "callback", "mask": "+7 ••• ••• 00-02", "counted": 1}
    ]


@pytest.mark.parametrize("secret", [None, "a wrong word"])
async def test_where_a_secret_is_set_a_call_without_its_signature_does_not_count(
    world: World, install: Install, secret: str | None
) -> None:
    callgate = await install(SMSC_POLL_SECONDS="0", SMSC_CALLBACK_SECRET=SECRET)
    world.smsc.callback.url = f"{callgate.url}/smsc/{CALLBACK_TOKEN}?charset=utf-8&md5"
    world.smsc.callback.secret = secret
    anna = world.person("Anna", language="en")

    await anna.calls(await gets_number(anna))

    await world.wait_until(lambda: world.smsc.callback.sent)
    assert [sent.status for sent in world.smsc.callback.sent] == [403]
    assert await callgate.rows(EVENTS) == []
    assert await verifications(callgate, anna) == ["open"]


@pytest.mark.parametrize("shape", ["waitcall", "message"])
async def test_a_call_from_another_phone_does_not_count(world: World, deaf: Installation, shape: Shape) -> None:
    world.smsc.callback.shape = shape
    anna = world.person("Anna", language="en")

    await anna.calls(await gets_number(anna), from_number="+79035554433")

    await is_not_let_in(deaf, anna)
    assert await deaf.rows(EVENTS) == [{"kind": "call", "source": "callback", "mask": "+7 ••• ••• 44-33", "counted": 0}]


@pytest.mark.parametrize("shape", ["waitcall", "message"])
async def test_a_call_with_the_number_hidden_does_not_count(world: World, deaf: Installation, shape: Shape) -> None:
    world.smsc.callback.shape = shape
    anna = world.person("Anna", language="en")

    await anna.calls(await gets_number(anna), hidden=True)

    await is_not_let_in(deaf, anna)


async def test_a_call_to_a_number_that_was_not_assigned_does_not_count(world: World, deaf: Installation) -> None:
    anna = world.person("Anna", language="en")
    await gets_number(anna)

    await anna.calls("+77272345601")

    await is_not_let_in(deaf, anna)


async def test_a_call_of_somebody_who_never_asked_for_a_number_does_not_count(world: World, deaf: Installation) -> None:
    anna, boris = world.person("Anna", language="en"), world.person("Boris", language="en")
    number = await gets_number(anna)

    await boris.calls(number)

    await is_not_let_in(deaf, anna)
    assert boris.chat.messages == []


@pytest.mark.parametrize("shape", ["waitcall", "message"])
async def test_a_call_after_the_window_does_not_count(world: World, deaf: Installation, shape: Shape) -> None:
    world.smsc.callback.shape = shape
    anna = world.person("Anna", language="en")
    number = await gets_number(anna)
    world.clock.advance(WINDOW + 2)
    await anna.sees("⌛")

    await anna.calls(number)

    await is_not_let_in(deaf, anna)
    assert await verifications(deaf, anna) == ["expired"]


@pytest.mark.parametrize("shape", ["waitcall", "message"])
async def test_a_call_in_time_counts_though_it_is_reported_late(world: World, deaf: Installation, shape: Shape) -> None:
    world.smsc.callback.shape = shape
    world.faults.add(where="callback", kind="late", seconds=2 * WINDOW)
    anna = world.person("Anna", language="en")
    number = await gets_number(anna)
    world.clock.advance(WINDOW - 60)
    await anna.calls(number)
    world.clock.advance(120)
    screen = await anna.sees("⌛")

    world.clock.advance(2 * WINDOW)

    assert (await anna.sees("✅")).id == screen.id
    assert await verifications(deaf, anna) == ["confirmed"]


async def test_a_callback_that_comes_twice_counts_once(world: World, deaf: Installation) -> None:
    world.faults.add(where="callback", kind="doubled")
    anna = world.person("Anna", language="en")

    await anna.calls(await gets_number(anna))

    await anna.sees("✅")
    await world.wait_until(lambda: len(world.smsc.callback.sent) == 2)
    assert [sent.status for sent in world.smsc.callback.sent] == [200, 200]
    assert len(await deaf.rows(EVENTS)) == 1
    assert (await deaf.journal()).count("confirmed") == 1


async def test_a_call_whose_callback_is_lost_is_found_in_the_inbox(world: World, brisk: Installation) -> None:
    world.faults.add(where="callback", kind="lost")
    anna = world.person("Anna", language="en")
    await anna.calls(await gets_number(anna))

    world.clock.advance(20)

    await anna.sees("✅")
    assert world.smsc.callback.sent == []
    assert [row["source"] for row in await brisk.rows(EVENTS)] == ["inbox"]


async def test_a_call_found_in_the_inbox_and_called_back_later_counts_once(world: World, brisk: Installation) -> None:
    world.smsc.callback.shape = "waitcall"
    world.faults.add(where="callback", kind="late", seconds=300)
    anna, boris = world.person("Anna", language="en"), world.person("Boris", language="en")
    await anna.calls(await gets_number(anna))
    world.clock.advance(20)
    await anna.sees("✅")
    await gets_number(boris)

    world.clock.advance(300)

    await world.wait_until(lambda: world.smsc.callback.sent)
    assert [(row["source"], row["counted"]) for row in await brisk.rows(EVENTS)] == [("inbox", 1), ("callback", 0)]
    assert (await brisk.journal()).count("confirmed") == 1
    assert await verifications(brisk, boris) == ["open"]


async def test_the_inbox_is_left_alone_while_nobody_waits(world: World, brisk: Installation) -> None:
    anna = world.person("Anna", language="en")
    await anna.calls(await gets_number(anna))
    await anna.sees("✅")
    asked = len(world.smsc.requests)

    for _ in range(3):
        world.clock.advance(60)
        await anna.says("/start")
        await anna.sees("✅")

    assert len(world.smsc.requests) == asked


async def test_an_entry_older_than_the_number_does_not_count(world: World, install: Install) -> None:
    callgate = await install()
    world.faults.add(where="callback", kind="lost", times=None)
    anna = world.person("Anna", language="en")
    await anna.calls(world.smsc.pool(anna.phone)[0])

    await gets_number(anna)
    world.clock.advance(21)
    await eventually(callgate, UNMATCHED, [{"n": 1}])

    assert await verifications(callgate, anna) == ["open"]


@pytest.mark.parametrize("changed", [{}, {"id": "77"}])
async def test_an_old_callback_replayed_for_a_new_attempt_does_not_count(
    world: World, deaf: Installation, changed: dict[str, str]
) -> None:
    anna = world.person("Anna", language="en")
    number = await gets_number(anna)
    world.clock.advance(WINDOW + 2)
    await anna.sees("⌛")
    await anna.calls(number)
    await is_not_let_in(deaf, anna)
    world.clock.advance(120)
    await anna.presses("Try again")
    await anna.sees("📞")
    fields: dict[str, Any] = world.smsc.callback.sent[-1].fields

    status = await world.smsc.sends_event(**fields | changed) if changed else await world.smsc.repeat_last_callback()

    assert status == 200
    assert await verifications(deaf, anna) == ["expired", "open"]
    assert len(await deaf.rows(EVENTS)) == (2 if changed else 1)


async def test_events_that_are_no_calls_are_answered_and_kept_without_phone_and_text(
    world: World, deaf: Installation
) -> None:
    anna = world.person("Anna", phone="+79161234567", language="en")
    await gets_number(anna)

    answers = [
        await world.smsc.sends_event(id=7, phone="79161234567", status=1, time="22.11.2026 10:00:00", err=0),
        await world.smsc.sends_event(id=8, phone="79161234567", mes="I am 79161234567", to="74951234567"),
        await world.smsc.sends_event(something="else", phone="79161234567"),
    ]

    assert answers == [200, 200, 200]
    rows = await deaf.rows("SELECT * FROM gateway_events ORDER BY id")
    assert [(row["kind"], row["mask"]) for row in rows] == [
        ("status", "+7 ••• ••• 45-67"),
        ("message", "+7 ••• ••• 45-67"),
        ("unknown", "+7 ••• ••• 45-67"),
    ]
    assert "9161234567" not in str(rows)
    assert "I am" not in str(rows)
    assert await verifications(deaf, anna) == ["open"]


@pytest.mark.parametrize("spelling", ["national", "bare"])
@pytest.mark.parametrize("shape", ["waitcall", "message"])
@pytest.mark.parametrize("phone", ["+79165550202", "+375291234567", "+380671234567"])
async def test_numbers_count_however_the_gateway_writes_them(
    world: World, install: Install, spelling: Literal["national", "bare"], shape: Shape, phone: str
) -> None:
    await install(SMSC_POLL_SECONDS="0")
    world.smsc.spelling, world.smsc.callback.shape = spelling, shape
    anna = world.person("Anna", phone=phone, language="en")

    await anna.says("/start")
    await anna.shares_contact()
    number = await number_shown(anna)
    assert number.startswith(phone[:2] if phone.startswith("+7") else phone[:4])
    await anna.calls(number)

    await anna.sees("✅")


async def test_a_number_of_another_country_is_not_shown(
    world: World, install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    await install()
    monkeypatch.setattr("bot.sandbox.smsc.spelled", lambda _number, _spelling: "84281234567890"[:11])
    anna = world.person("Anna", phone="+447400123456", language="en")

    await anna.says("/start")
    await anna.shares_contact()

    await anna.sees("try again")
    assert anna.shown("📞") is None


async def test_a_number_of_another_country_keeps_only_its_person_waiting(
    world: World, install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    callgate = await install()
    monkeypatch.setattr(
        "bot.sandbox.smsc.pool_for", lambda phone: ("79000000001",) if phone.startswith("998") else pool_for(phone)
    )
    dilshod = world.person("Dilshod", phone="+998901234567", language="en")
    await dilshod.says("/start")
    await dilshod.shares_contact()
    await eventually(callgate, "SELECT state FROM verifications", [{"state": "refused"}])

    anna = world.person("Anna", language="en")
    await anna.says("/start")
    await anna.shares_contact()

    assert await number_shown(anna)
    assert await callgate.rows("SELECT name FROM incidents") == []


async def test_two_people_who_may_both_be_meant_are_not_mixed_up(world: World, install: Install) -> None:
    """The gateway leaves out the country, and people in two countries have these digits."""
    callgate = await install(SMSC_POLL_SECONDS="0")
    anna = world.person("Anna", phone="+79165550202", language="en")
    ben = world.person("Ben", phone="+19165550202", language="en")
    for person in (anna, ben):
        await person.says("/start")
        await person.shares_contact()
        await number_shown(person)

    world.smsc.spelling, world.smsc.callback.shape = "bare", "waitcall"
    await anna.calls(await number_shown(anna))

    await is_not_let_in(callgate, anna)
    await is_not_let_in(callgate, ben)
