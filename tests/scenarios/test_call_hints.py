"""A call that confirms nothing gets an answer: the caller learns what may be wrong, and nothing else."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from bot.sandbox.people import Person
from bot.sandbox.world import World
from tests.installation import Installation
from tests.scenarios.conftest import Install
from tests.scenarios.story import all_is_carried, eventually, gets_number, guarded, reads, sent_to

OTHER_SIM = "+79165550193"


@pytest.fixture
def anna(world: World) -> Person:
    return world.person("Anna", phone="+79991233456", language="en")


def number_of_screens(person: Person) -> int:
    """Return how many messages with a call number the person has."""
    return sum("📞" in (message.text or "") for message in person.chat.messages)


async def unmatched(callgate: Installation, times: int) -> None:
    """Return once the bot has stored so many calls that confirm nothing."""
    query = "SELECT count(*) AS n FROM journal WHERE event = 'call_unmatched'"
    await eventually(callgate, query, [{"n": times}])
    await all_is_carried(callgate)


async def test_a_call_from_another_number_is_told_at_once_with_its_last_two_digits(
    world: World, brisk: Installation, anna: Person
) -> None:
    number = await gets_number(anna)
    before = sent_to(world, anna)

    await anna.calls(number, from_number=OTHER_SIM)

    text = await reads(anna, "from another number (…93)")
    assert "Call from the SIM that ends in 34-56" in text
    assert number in text
    assert "193" not in text.replace(number, "")
    assert (sent_to(world, anna), number_of_screens(anna)) == (before, 1)
    stored = await brisk.rows("SELECT details FROM screens WHERE user_id = :id", id=anna.id)
    assert "0193" not in str(stored)
    await anna.calls(number)
    await anna.sees("✅")
    assert anna.shown("another number (") is None


async def test_a_hidden_caller_is_told_so(brisk: Installation, anna: Person) -> None:
    number = await gets_number(anna)

    await anna.calls(number, hidden=True)

    await anna.sees("its number was hidden. Allow it in the phone's settings")
    await anna.calls(number)
    await anna.sees("✅")


async def test_the_same_call_found_in_the_inbox_too_is_told_once(world: World, install: Install, anna: Person) -> None:
    callgate = await install(SMSC_POLL_SECONDS="1")
    number = await gets_number(anna)
    await anna.calls(number, from_number=OTHER_SIM)
    await anna.sees("from another number (…93)")
    edits = [title for title in world.trace.titles("bot_api") if title.startswith("editMessageText")]

    await unmatched(callgate, 2)

    assert [title for title in world.trace.titles("bot_api") if title.startswith("editMessageText")] == edits


async def test_another_number_takes_the_hint_away(brisk: Installation, anna: Person) -> None:
    await anna.calls(await gets_number(anna), hidden=True)
    await anna.sees("its number was hidden")

    await anna.presses("Another number")

    await anna.sees("Getting another number")
    assert anna.shown("hidden. Allow") is None


async def test_where_several_wait_on_one_number_all_get_the_causes_after_a_minute(
    world: World, install: Install, anna: Person
) -> None:
    callgate = await install(SMSC_POLL_SECONDS="0")
    _, group = await guarded(world)
    boris = world.person("Boris", language="en")
    for person in (anna, boris):
        await person.asks_to_join(group)
    number = await gets_number(anna)
    assert await gets_number(boris) == number

    await anna.calls(number, from_number=OTHER_SIM)
    await unmatched(callgate, 1)
    world.clock.advance(40)
    await anna.calls(number, from_number=OTHER_SIM)
    await unmatched(callgate, 2)
    assert anna.shown("93)") is None
    assert anna.shown("nothing happened") is None
    await boris.calls(number)
    await boris.sees("✅")

    world.clock.advance(30)

    text = await reads(anna, "Called, and nothing happened?")
    assert "Call from the SIM that ends in 34-56" in text
    assert not re.search(r"…\d", text)
    await anna.presses("Ask an administrator")
    await anna.sees("I have asked the administrators")
    assert boris.shown("nothing happened") is None


async def test_a_call_that_let_somebody_in_and_is_reported_again_tells_nobody_of_their_number(
    world: World, install: Install, anna: Person
) -> None:
    callgate = await install(SMSC_POLL_SECONDS="1")
    boris = world.person("Boris", phone="+79165550193", language="en")
    number = await gets_number(anna)
    assert await gets_number(boris) == number
    await boris.calls(number)
    await boris.sees("✅")
    await unmatched(callgate, 1)
    await boris.calls(number)
    await unmatched(callgate, 3)

    assert anna.shown("A call came") is None
    assert anna.shown("nothing happened") is None


OTHER_CALLED = "Your call came, but to another number. Call exactly the number on this screen."


@pytest.mark.parametrize("written", ["+74951234599", "84951234599", "4951234599"])
async def test_who_calls_another_number_from_the_right_phone_hears_so(
    world: World, brisk: Installation, anna: Person, written: str
) -> None:
    boris = world.person("Boris", phone="+79165550193", language="en")
    number = await gets_number(anna)
    assert await gets_number(boris) == number
    before = sent_to(world, anna)

    await world.smsc.sends_event(id="77", phone="79991233456", mes="[waitcall]", to=written, time="x")

    text = await reads(anna, OTHER_CALLED)
    assert number in text
    assert "599" not in text
    await unmatched(brisk, 1)
    world.clock.advance(61)
    await all_is_carried(brisk)
    assert (sent_to(world, anna), number_of_screens(anna)) == (before, 1)
    assert boris.shown("call came") is None
    assert boris.shown("nothing happened") is None
    await anna.calls(number)
    await anna.sees("✅")
    assert anna.shown(OTHER_CALLED) is None


async def test_who_calls_a_number_that_cannot_be_read_gets_the_causes_after_a_minute(
    world: World, brisk: Installation, anna: Person
) -> None:
    await gets_number(anna)

    await world.smsc.sends_event(id="77", phone="79991233456", mes="[waitcall]", to="reception", time="x")
    await unmatched(brisk, 1)
    assert anna.shown("nothing happened") is None
    world.clock.advance(61)

    await anna.sees("Called, and nothing happened?")


@pytest.mark.parametrize("minutes", [-180, -5, 180])
async def test_who_calls_at_a_time_that_does_not_count_hears_so_and_may_ask_an_administrator(
    world: World, install: Install, anna: Person, minutes: int
) -> None:
    callgate = await install(SMSC_POLL_SECONDS="0")
    _, group = await guarded(world)
    await anna.asks_to_join(group)
    boris = world.person("Boris", language="en")
    number = await gets_number(anna)
    assert await gets_number(boris) == number
    world.smsc.callback.clock_offset = timedelta(minutes=minutes)

    await anna.calls(number)

    await anna.sees("Your call came, but outside the time in which it counts")
    world.clock.advance(61)
    await all_is_carried(callgate)
    assert boris.shown("nothing happened") is None
    await anna.presses("Ask an administrator")
    await anna.sees("I have asked the administrators")
    world.smsc.callback.clock_offset = timedelta()
    await anna.calls(number)
    await anna.sees("✅")


async def test_a_call_from_another_phone_at_a_time_that_does_not_count_gives_the_causes_after_a_minute(
    world: World, install: Install, anna: Person
) -> None:
    callgate = await install(SMSC_POLL_SECONDS="0")
    number = await gets_number(anna)
    world.smsc.callback.clock_offset = timedelta(minutes=-5)

    await anna.calls(number, from_number=OTHER_SIM)
    await unmatched(callgate, 1)
    assert anna.shown("nothing happened") is None
    world.clock.advance(61)

    assert not re.search(r"…\d", await reads(anna, "Called, and nothing happened?"))


@pytest.mark.parametrize("poll", ["0", "1"])
@pytest.mark.parametrize("hidden", [False, True])
async def test_a_report_without_the_called_number_gives_all_who_wait_the_causes_after_a_minute(
    world: World, install: Install, anna: Person, poll: str, hidden: bool
) -> None:
    world.smsc.callback.shape = "waitcall"
    callgate = await install(SMSC_POLL_SECONDS=poll)
    boris = world.person("Boris", language="en")
    number = await gets_number(anna)
    await gets_number(boris)

    if hidden:
        await world.smsc.sends_event(waitcall="1", phone="", ts=int(world.clock.timestamp()))
    else:
        await anna.calls(number, from_number=OTHER_SIM)
    event = "SELECT DISTINCT event FROM journal WHERE event = 'call_unmatched'"
    await eventually(callgate, event, [{"event": "call_unmatched"}])
    await all_is_carried(callgate)
    assert boris.shown("nothing happened") is None
    world.clock.advance(61)

    for person in (anna, boris):
        assert not re.search(r"…\d", await reads(person, "Called, and nothing happened?"))


async def test_a_report_without_the_called_number_of_somebody_just_verified_tells_nobody(
    world: World, install: Install, anna: Person
) -> None:
    world.smsc.callback.shape = "waitcall"
    callgate = await install(SMSC_POLL_SECONDS="0")
    boris = world.person("Boris", language="en")
    number = await gets_number(anna)
    await gets_number(boris)
    await anna.calls(number)
    await anna.sees("✅")

    # In the same second it would be the same report.
    world.clock.advance(5)
    await anna.calls(number)
    await unmatched(callgate, 1)
    world.clock.advance(61)
    await all_is_carried(callgate)

    assert boris.shown("nothing happened") is None


@pytest.mark.parametrize("ended", ["verified", "cancelled", "another number"])
async def test_who_does_not_wait_on_the_called_number_is_told_nothing(
    brisk: Installation, anna: Person, world: World, ended: str
) -> None:
    boris = world.person("Boris", language="en")
    number = await gets_number(anna)
    called = number
    if ended == "cancelled":
        await anna.presses("Cancel")
        await anna.sees("Cancelled")
    elif ended == "another number":
        called = "+74951234568"
    else:
        await anna.calls(number)
        await anna.sees("✅")
    await boris.calls(called)
    await unmatched(brisk, 1)

    assert anna.shown("A call came") is None


@pytest.mark.parametrize("caller", ["８９１６５５５０１９３", "sip:89165550193@203.0.113.7:5060"])
async def test_a_call_from_another_number_is_told_with_its_own_last_digits(
    world: World, brisk: Installation, anna: Person, caller: str
) -> None:
    number = await gets_number(anna)
    world.smsc.callback.fmt = "json"
    world.smsc.callback.url = f"{world.smsc.callback.url}&fmt=3"

    await world.smsc.sends_event(id="77", phone=caller, mes="[waitcall]", to=number, time="x")

    await anna.sees("from another number (…93)")


async def test_a_hidden_caller_is_told_so_also_where_the_gateway_gives_an_address(
    world: World, brisk: Installation, anna: Person
) -> None:
    number = await gets_number(anna)

    await world.smsc.sends_event(id="77", phone="sip:anonymous@10.11.12.13:5060", mes="[waitcall]", to=number, time="x")

    await anna.sees("its number was hidden")
