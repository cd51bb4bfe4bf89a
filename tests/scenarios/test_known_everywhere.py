"""A verified person is known at every gate, unless a gate wants a newer call, or other phones."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest

from bot.domain.gate_settings import CountryRule, EntryMode
from bot.domain.phone import NumberKind
from bot.sandbox.people import Person
from bot.sandbox.telegram.state import Group
from bot.sandbox.world import World
from tests.installation import Installation, number_shown, verify
from tests.scenarios.conftest import Install
from tests.scenarios.gates import is_freed, is_muted, muting, with_gate
from tests.scenarios.mini_apps import opened
from tests.scenarios.story import DAY, WINDOW, all_is_carried, eventually, gets_number, guarded, reads

NEWER = "asks for a new call"
KAZAKH, GERMAN = "+77011234567", "+4915112345678"


async def wanting(world: World, callgate: Installation, title: str = "Strict", **settings: Any) -> Group:
    """Make a gate with these settings."""
    owner = world.person("Oleg", language="en")
    group = world.group(title, owner)
    await with_gate(world, callgate, group, owner, **settings)
    return group


async def stale_one(world: World, callgate: Installation) -> tuple[Person, Group]:
    """Make somebody who verified two days ago, and asks to join where one day is too long."""
    group = await wanting(world, callgate, fresh_for=timedelta(days=1))
    anna = world.person("Anna", language="en")
    await verify(anna)
    world.clock.advance(2 * DAY)
    await anna.asks_to_join(group)
    return anna, group


async def test_a_gate_that_wants_it_fresher_asks_for_another_call_and_others_do_not(
    world: World, brisk: Installation
) -> None:
    anna, group = await stale_one(world, brisk)
    await anna.sees(NEWER)
    _, other = await guarded(world, "Easy")
    await anna.asks_to_join(other)
    await world.wait_until(lambda: anna.id in other.members)
    assert anna.id in group.requests

    await verify(anna)

    await world.wait_until(lambda: anna.id in group.members)
    await anna.sees("You are in: Strict")


async def test_at_a_gate_that_mutes_who_is_not_fresh_enough_is_muted_and_asked(
    world: World, brisk: Installation
) -> None:
    _, group = await muting(world, brisk, fresh_for=timedelta(days=1))
    anna = world.person("Anna", language="en")
    await verify(anna)
    world.clock.advance(2 * DAY)

    await anna.joins(group)

    await is_muted(world, group, anna)
    await anna.sees(NEWER)
    await verify(anna)
    await is_freed(world, group, anna)


async def test_a_newer_call_that_is_reported_late_counts(world: World, install: Install) -> None:
    callgate = await install(SMSC_POLL_SECONDS="0")
    anna, group = await stale_one(world, callgate)
    await anna.sees(NEWER)
    number = await gets_number(anna)
    world.faults.add(where="callback", kind="late", seconds=2 * WINDOW)
    await anna.calls(number)
    world.clock.advance(WINDOW + 1)
    await anna.sees("Time is up")

    world.clock.advance(WINDOW)

    await world.wait_until(lambda: anna.id in group.members)


async def test_the_mini_app_asks_for_the_newer_call_and_then_tells_that_they_are_in(
    world: World, install: Install, browser: httpx.AsyncClient
) -> None:
    callgate = await install(PUBLIC_URL="http://localhost:8080")
    anna, group = await stale_one(world, callgate)
    await anna.sees(NEWER)
    app = await opened(callgate, browser, anna)
    assert app.told["state"]["state"] == "contact"
    assert "asks for a new call" in app.told["state"]["texts"]["note"]
    assert "Strict" in app.told["state"]["texts"]["purpose"]
    await anna.shares_contact_in_app()
    number = await number_shown(anna)
    assert (await app.state())["number"] == number

    await anna.calls(number)

    await world.wait_until(lambda: anna.id in group.members)
    await all_is_carried(callgate)
    state = await app.state()
    assert (state["state"], [gate["title"] for gate in state["gates"]]) == ("confirmed", ["Strict"])


@pytest.mark.parametrize("rule", [CountryRule.ONLY, CountryRule.ALL_BUT])
async def test_a_number_of_a_country_that_is_refused_is_not_called_for(
    world: World, brisk: Installation, rule: CountryRule
) -> None:
    countries = ("RU", "KZ") if rule is CountryRule.ONLY else ("DE",)
    group = await wanting(world, brisk, country_rule=rule, countries=countries)
    anna, boris = (
        world.person(name, phone=phone, language="en") for name, phone in (("Anna", KAZAKH), ("Boris", GERMAN))
    )
    for person in (anna, boris):
        await person.asks_to_join(group)
    await boris.shares_contact()
    await boris.sees("This group does not accept numbers of your country")
    assert world.smsc.wait_calls == []

    await verify(anna)

    await world.wait_until(lambda: anna.id in group.members)


async def test_a_number_of_a_kind_that_is_refused_is_not_called_for_unless_another_gate_takes_it(
    world: World, brisk: Installation
) -> None:
    strict = await wanting(world, brisk, refused_kinds=frozenset({NumberKind.MOBILE}))
    anna = world.person("Anna", language="en")
    await anna.asks_to_join(strict)
    await anna.shares_contact()
    await anna.sees("This group does not accept numbers of this kind")
    assert world.smsc.wait_calls == []
    _, easy = await guarded(world, "Easy")
    await anna.asks_to_join(easy)
    await anna.sees("Easy")

    await verify(anna)

    await world.wait_until(lambda: anna.id in easy.members)
    text = await reads(anna, "You are in: Easy")
    assert "Strict does not accept numbers of this kind" in text
    assert anna.id in strict.requests


async def test_a_verified_phone_of_another_country_does_not_open_the_gate_and_its_person_is_told(
    world: World, install: Install, browser: httpx.AsyncClient
) -> None:
    callgate = await install(PUBLIC_URL="http://localhost:8080")
    group = await wanting(world, callgate, country_rule=CountryRule.ONLY, countries=("KZ",))
    anna = world.person("Anna", language="en")
    await verify(anna)

    await anna.asks_to_join(group)

    await anna.sees("does not accept numbers of your country")
    state = (await opened(callgate, browser, anna)).told["state"]
    assert (state["state"], state["texts"]["lead"], state["gates"]) == ("confirmed", "Your phone is verified", [])
    assert state["texts"]["note"] == "Strict does not accept numbers of your country."
    assert state["final"]
    assert anna.id in group.requests


async def test_one_phone_brings_in_as_many_accounts_as_the_gate_says(world: World, brisk: Installation) -> None:
    group = await wanting(world, brisk, accounts=2, way=EntryMode.REQUEST)
    _, easy = await guarded(world, "Easy")
    phone = "+79161234567"
    anna, spare, third = (world.person(name, phone=phone, language="en") for name in ("Anna", "Spare", "Third"))
    await verify(anna)
    await spare.says("/start")
    await spare.shares_contact()
    await spare.sees("This phone has already verified another account")
    await spare.asks_to_join(group)
    await spare.sees("Strict")
    await verify(spare)
    await world.wait_until(lambda: spare.id in group.members)
    await anna.asks_to_join(group)
    await world.wait_until(lambda: anna.id in group.members)

    await third.asks_to_join(group)
    await third.sees("Strict")
    await third.shares_contact()

    await third.sees("This phone has already verified another account")
    await spare.asks_to_join(easy)
    await spare.sees("Easy: another account already joined with your phone")
    await anna.asks_to_join(easy)
    await world.wait_until(lambda: anna.id in easy.members)
    await eventually(
        brisk,
        "SELECT user_id, rank FROM verified_phones ORDER BY rank",
        [{"user_id": anna.id, "rank": 1}, {"user_id": spare.id, "rank": 2}],
    )
