"""Call numbers: another one, how many, for how long, and what happens if there is none."""

from __future__ import annotations

import functools

import pytest

from bot.domain.gateway import AssignedNumber
from bot.gateway.smsc.client import SmscClient
from bot.sandbox.people import Person
from bot.sandbox.world import World
from bot.wiring.workers import AFTER_FAILURE, TRIES
from tests.installation import Installation, number_shown
from tests.scenarios.story import DAY, WINDOW, all_is_carried, eventually, gets_number, moments, reads, verifications

HOUR, MINUTE = 3600, 60


async def asks_another(world: World, person: Person) -> str:
    """Press "another number" and wait for it."""
    before, asked = await number_shown(person), len(world.smsc.wait_calls)
    await person.presses("🔄 Another")
    await world.wait_until(lambda: len(world.smsc.wait_calls) > asked and person.shown(before) is None)
    return await number_shown(person)


def has_asked(world: World, count: int) -> bool:
    """Return whether the gateway got so many number requests."""
    return len(world.smsc.wait_calls) == count


async def first_asked(callgate: Installation) -> int:
    """Return when the first number was requested, in unix seconds."""
    (row,) = await callgate.rows("SELECT min(asked_at) AS at FROM numbers")
    return int(row["at"]) // 10**6


@pytest.mark.parametrize("which", [0, 1])
async def test_a_call_to_any_number_given_counts(world: World, brisk: Installation, which: int) -> None:
    anna = world.person("Anna", language="en")
    first = await gets_number(anna)

    second = await asks_another(world, anna)
    await anna.calls((first, second)[which])

    assert first != second
    await anna.sees("✅")
    assert await verifications(brisk, anna) == ["confirmed"]


async def test_another_number_has_a_window_of_its_own(world: World, brisk: Installation) -> None:
    anna = world.person("Anna", language="en")
    await gets_number(anna)
    world.clock.advance(10 * MINUTE)
    second = await asks_another(world, anna)

    world.clock.advance(10 * MINUTE)
    await anna.calls(second)

    await anna.sees("✅")


async def test_the_fourth_number_within_ten_minutes_waits_and_the_person_sees_until_when(
    world: World, brisk: Installation
) -> None:
    anna = world.person("Anna", language="en")
    await gets_number(anna)
    for _ in range(2):
        await asks_another(world, anna)

    answer = await anna.presses("🔄 Another")

    assert "Too many" in answer["text"]
    await anna.sees("⏸")
    assert await first_asked(brisk) + 10 * MINUTE in moments(anna, "⏸")
    assert len(world.smsc.wait_calls) == 3
    world.clock.advance(10 * MINUTE)
    await anna.presses("🔄")
    await world.wait_until(lambda: len(world.smsc.wait_calls) == 4)
    await number_shown(anna)


async def test_who_is_limited_keeps_the_number_that_still_works(world: World, brisk: Installation) -> None:
    anna = world.person("Anna", language="en")
    await gets_number(anna)
    for _ in range(2):
        number = await asks_another(world, anna)

    await anna.presses("🔄 Another")

    assert number in await reads(anna, "⏸")
    await anna.calls(number)
    await anna.sees("✅")


async def test_the_sixth_number_within_an_hour_and_the_eleventh_within_a_day_wait(
    world: World, brisk: Installation
) -> None:
    anna = world.person("Anna", language="en")
    await gets_number(anna)
    await asks_another(world, anna)
    for _ in range(3):
        world.clock.advance(6 * MINUTE)
        await asks_another(world, anna)
    world.clock.advance(6 * MINUTE)

    await anna.presses("🔄 Another")
    await anna.sees("⏸")
    assert await first_asked(brisk) + HOUR in moments(anna, "⏸")

    for asked in range(5, 10):
        world.clock.advance(HOUR)
        await eventually(brisk, "SELECT id FROM verifications WHERE state = 'open'", [])
        await anna.attaches_own_contact()
        await world.wait_until(functools.partial(has_asked, world, asked + 1))
        # Until then the button is that of the previous attempt.
        await all_is_carried(brisk)
        await number_shown(anna)
        await anna.presses("✖️")
        await anna.sees("Cancelled")
    world.clock.advance(HOUR)
    await anna.attaches_own_contact()
    await anna.sees("⏸")
    assert moments(anna, "⏸") == [await first_asked(brisk) + DAY]
    assert len(world.smsc.wait_calls) == 10


async def test_the_limit_counts_for_the_phone_whatever_account_asks(world: World, brisk: Installation) -> None:
    anna = world.person("Anna", language="en")
    twin = world.person("Anna's other account", phone=anna.phone, language="en")
    await gets_number(anna)
    for _ in range(2):
        await asks_another(world, anna)
    await anna.presses("✖️")

    await twin.says("/start")
    await twin.shares_contact()

    await twin.sees("⏸")
    assert moments(twin, "⏸") == [await first_asked(brisk) + 10 * MINUTE]
    assert len(world.smsc.wait_calls) == 3


async def test_the_limit_counts_for_the_person_whatever_phone_they_share(world: World, brisk: Installation) -> None:
    anna = world.person("Anna", language="en")
    await gets_number(anna)
    for _ in range(2):
        await asks_another(world, anna)
    await anna.presses("✖️")
    anna.contact_phone = "79167654321"

    await anna.attaches_own_contact()

    await anna.sees("⏸")
    assert moments(anna, "⏸") == [await first_asked(brisk) + 10 * MINUTE]
    assert [request.phone for request in world.smsc.wait_calls] == [anna.phone] * 3


async def test_when_the_window_closes_the_same_message_says_so(world: World, brisk: Installation) -> None:
    anna = world.person("Anna", language="en")
    await gets_number(anna)
    screen = await anna.sees("📞")

    world.clock.advance(WINDOW + 1)

    ended = await anna.sees("⌛")
    assert ended.id == screen.id
    assert await verifications(brisk, anna) == ["expired"]


async def test_within_an_hour_trying_again_takes_one_tap(world: World, brisk: Installation) -> None:
    anna = world.person("Anna", language="en")
    await gets_number(anna)
    world.clock.advance(WINDOW + 1)
    await anna.sees("⌛")
    world.clock.advance(50 * MINUTE)

    await anna.presses("Try again")

    await anna.calls(await number_shown(anna))
    await anna.sees("✅")
    assert await verifications(brisk, anna) == ["expired", "confirmed"]


async def test_after_an_hour_the_phone_is_forgotten_and_trying_again_takes_the_contact(
    world: World, brisk: Installation
) -> None:
    anna = world.person("Anna", language="en")
    await gets_number(anna)
    world.clock.advance(WINDOW + 1)
    await anna.sees("⌛")
    world.clock.advance(HOUR + 1)
    await eventually(brisk, "SELECT count(encrypted) AS kept FROM verifications", [{"kept": 0}])

    await anna.presses("Try again")

    await anna.sees("👋")
    assert len(world.smsc.wait_calls) == 1
    await anna.shares_contact()
    await anna.calls(await number_shown(anna))
    await anna.sees("✅")


async def test_near_the_end_the_screen_says_how_much_is_left(world: World, brisk: Installation) -> None:
    anna = world.person("Anna", language="en")
    number = await gets_number(anna)
    screen = await anna.sees(number)
    assert "⚠️" not in (screen.text or "")
    await all_is_carried(brisk)

    for ahead, left in (
        (WINDOW - 5 * MINUTE, "than 5 minutes"),
        (3 * MINUTE, "than 2 minutes"),
        (MINUTE, "than a minute"),
        (30, "30 seconds"),
    ):
        world.clock.advance(ahead)
        refreshed = await anna.sees(left)
        assert refreshed.id == screen.id
        assert number in (refreshed.text or "")
        now = int(world.clock.timestamp() * 10**6)
        await eventually(brisk, "SELECT count(*) AS due FROM screens WHERE refresh_at <= :now", [{"due": 0}], now=now)
    await anna.calls(number)
    await anna.sees("✅")


async def test_a_call_after_cancelling_does_not_confirm(world: World, brisk: Installation) -> None:
    anna = world.person("Anna", language="en")
    number = await gets_number(anna)
    screen = await anna.sees(number)

    answer = await anna.presses("✖️")
    await anna.calls(number)

    assert answer["text"] == "Cancelled"
    await eventually(brisk, "SELECT event FROM journal WHERE event = 'call_unmatched'", [{"event": "call_unmatched"}])
    assert (await anna.sees("✖️")).id == screen.id
    assert await verifications(brisk, anna) == ["cancelled"]


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (1, "cannot verify this number"),
        (2, "is unavailable right now"),
        (3, "is unavailable right now"),
        (4, "is unavailable right now"),
        (5, "refused this number"),
        (6, "from this country"),
    ],
)
async def test_a_gateway_refusal_is_one_sentence_and_costs_one_request(
    world: World, brisk: Installation, code: int, says: str
) -> None:
    anna = world.person("Anna", language="en")
    world.smsc.fail_with(code)

    await anna.says("/start")
    await anna.shares_contact()

    screen = await anna.sees("⚠️")
    assert says in (screen.text or "")
    assert "error" not in (screen.text or "").casefold()
    await all_is_carried(brisk)
    assert [message.text for message in anna.chat.messages if message.sender.is_bot] == [(screen.text or "")]
    assert await verifications(brisk, anna) == ["refused"]
    assert len(world.smsc.wait_calls) == 1


async def test_a_gateway_that_is_asked_too_often_is_asked_again_while_the_person_waits(
    world: World, brisk: Installation
) -> None:
    anna = world.person("Anna", language="en")
    world.smsc.fail_with(9, times=2)

    await anna.calls(await gets_number(anna))

    await anna.sees("✅")
    assert [request.code for request in world.smsc.wait_calls] == [9, 9, None]


@pytest.mark.parametrize(("code", "pause"), [(2, 30), (3, 30), (4, 300)])
async def test_trouble_of_the_account_stops_the_asking_and_reaches_the_operators_once(
    world: World, brisk: Installation, operator: Person, code: int, pause: int
) -> None:
    await operator.says("/start")
    anna, boris, vera = (world.person(name, language="en") for name in ("Anna", "Boris", "Vera"))
    world.smsc.fail_with(code)
    await anna.says("/start")
    await anna.shares_contact()
    await anna.sees("is unavailable right now")

    for other in (boris, vera):
        await other.says("/start")
        await other.shares_contact()
        await other.sees("is unavailable right now")
    assert len(world.smsc.wait_calls) == 1
    world.clock.advance(pause + 1)
    await anna.presses("Try again")
    await world.wait_until(lambda: len(world.smsc.wait_calls) == 2)
    await anna.sees("is unavailable right now")

    await operator.sees(f"code {code}")
    await all_is_carried(brisk)
    assert sum("🚨" in (message.text or "") for message in operator.chat.messages) == 1


async def test_once_the_account_is_mended_numbers_are_given_again(world: World, brisk: Installation) -> None:
    anna, boris = world.person("Anna", language="en"), world.person("Boris", language="en")
    world.smsc.fail_with(3)
    await anna.says("/start")
    await anna.shares_contact()
    await anna.sees("is unavailable right now")
    world.smsc.fail_with(None)
    world.clock.advance(31)

    await anna.presses("Try again")

    await anna.calls(await number_shown(anna))
    await anna.sees("✅")
    await gets_number(boris)
    assert len(world.smsc.wait_calls) == 3


async def test_when_another_number_is_refused_the_first_still_works(world: World, brisk: Installation) -> None:
    anna = world.person("Anna", language="en")
    number = await gets_number(anna)
    world.smsc.fail_with(3)

    await anna.presses("🔄 Another")

    assert number in await reads(anna, "no other number")
    await anna.calls(number)
    await anna.sees("✅")


async def test_when_asking_fails_again_and_again_the_person_may_try_anew_and_operators_learn_of_it(
    world: World, brisk: Installation, operator: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    await operator.says("/start")
    await operator.sees("👋")
    asked = 0

    async def breaks(*_: object) -> AssignedNumber:
        nonlocal asked
        asked += 1
        raise RuntimeError("nobody foresaw this")

    with monkeypatch.context() as broken:
        broken.setattr(SmscClient, "request_number", breaks)
        anna = world.person("Anna", language="en")
        await anna.says("/start")
        await anna.shares_contact()
        for tries in range(1, TRIES + 1):
            await world.wait_until(lambda: asked == tries)  # noqa: B023
            assert anna.shown("is unavailable") is None
            world.clock.advance(AFTER_FAILURE)

        await eventually(brisk, "SELECT state FROM numbers", [{"state": "failed"}])
        assert await verifications(brisk, anna) == ["refused"]
        await operator.sees("A row of numbers cannot be read (RuntimeError)")
        assert asked == TRIES
        assert "cannot be read" not in (anna.chat.messages[-1].text or "")

    await anna.presses("🔄 Try again")
    assert await number_shown(anna)
