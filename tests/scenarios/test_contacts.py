"""Which contacts the bot accepts, and what it says about the others."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from bot.sandbox.people import Person
from bot.sandbox.world import World
from tests.installation import Installation, number_shown, verify
from tests.scenarios.story import all_is_carried, gets_number, verifications

Shares = Callable[[Person, Person], Awaitable[object]]


def own_card(phone: str) -> Shares:
    """Share one's own contact, in which the phone is written like this."""

    async def share(person: Person, _other: Person) -> None:
        person.contact_phone = phone
        await person.shares_contact()

    return share


REFUSALS: dict[str, tuple[Shares, str, str]] = {
    "somebody else's": (lambda anna, boris: anna.shares_contact_of(boris), "not your own", "not_own"),
    "forwarded": (lambda anna, boris: anna.forwards_contact_of(boris), "forwarded", "forwarded"),
    "own, but forwarded": (lambda anna, _: anna.forwards_contact_of(anna), "forwarded", "forwarded"),
    "of nobody": (lambda anna, _: anna.sends_contact(anna.phone), "not your own", "not_own"),
    "anonymous": (own_card("+888 0123 4567"), "+888", "anonymous"),
    "anonymous, no plus": (own_card("88801234567"), "+888", "anonymous"),
    "too short": (own_card("+79161"), "does not look like a mobile", "not_mobile"),
    "too long": (own_card("+791612345678901"), "does not look like a mobile", "not_mobile"),
    "of no country": (own_card("+9991234567"), "does not look like a mobile", "not_mobile"),
    "no digits": (own_card("call me"), "does not look like a mobile", "not_mobile"),
    "absurd": (own_card("+7" * 2000), "does not look like a mobile", "not_mobile"),
}


@pytest.mark.parametrize(("shares", "says", "code"), REFUSALS.values(), ids=REFUSALS)
async def test_a_contact_that_proves_nothing_is_refused_with_its_own_sentence(
    world: World, brisk: Installation, shares: Shares, says: str, code: str
) -> None:
    anna, boris = world.person("Anna", language="en"), world.person("Boris")
    await anna.says("/start")
    await anna.sees("👋")

    await shares(anna, boris)

    refusal = await anna.sees("⚠️")
    assert says in (refusal.text or "")
    assert anna.chat.reply_keyboard is not None
    assert [button.get("request_contact") for button in anna.chat.reply_keyboard.buttons] == [True]
    await all_is_carried(brisk)
    assert [message.text for message in anna.chat.messages if message.sender.is_bot] == [(refusal.text or "")]
    assert [message.contact for message in anna.chat.messages if message.contact] == []
    assert await brisk.rows("SELECT code FROM journal WHERE event = 'contact_refused'") == [{"code": code}]
    assert world.smsc.requests == []


async def test_after_a_refusal_ones_own_contact_is_taken(world: World, brisk: Installation) -> None:
    anna, boris = world.person("Anna", language="en"), world.person("Boris")
    await anna.says("/start")
    await anna.sees("👋")
    await anna.shares_contact_of(boris)
    await anna.sees("not your own")

    await anna.shares_contact()

    await anna.calls(await number_shown(anna))
    await anna.sees("✅")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("79161234567", "+79161234567"),
        ("+7 (916) 123-45-67", "+79161234567"),
        ("89161234567", "+79161234567"),
        ("+77012345678", "+77012345678"),
        ("4915112345678", "+4915112345678"),
        ("+1 201 555 0123", "+12015550123"),
    ],
)
async def test_however_the_phone_is_written_the_gateway_is_asked_about_the_one_meant(
    world: World, brisk: Installation, written: str, meant: str
) -> None:
    anna = world.person("Anna", phone=meant, language="en")
    anna.contact_phone = written

    await anna.calls(await gets_number(anna))

    await anna.sees("✅")
    assert [request.phone for request in world.smsc.wait_calls] == [meant]
    assert [message for message in anna.chat.messages if message.contact] == []


async def test_a_contact_is_taken_without_a_start_before_it(world: World, brisk: Installation) -> None:
    anna = world.person("Anna", language="en")

    await anna.attaches_own_contact()

    await anna.calls(await number_shown(anna))
    await anna.sees("✅")


async def test_a_phone_that_verified_one_account_is_refused_to_another(world: World, brisk: Installation) -> None:
    anna = world.person("Anna", language="en")
    await verify(anna)
    twin = world.person("Anna's other account", phone=anna.phone, language="en")

    await twin.says("/start")
    await twin.shares_contact()

    await twin.sees("already verified another account")
    await all_is_carried(brisk)
    assert [message for message in twin.chat.messages if message.contact] == []
    assert await verifications(brisk, twin) == []
    assert len(world.smsc.wait_calls) == 1


async def test_a_phone_that_is_being_verified_is_refused_to_another_account_until_that_is_over(
    world: World, brisk: Installation
) -> None:
    anna = world.person("Anna", language="en")
    twin = world.person("Anna's other account", phone=anna.phone, language="en")
    await gets_number(anna)

    await twin.says("/start")
    await twin.shares_contact()
    await twin.sees("is verifying this phone right now")
    await anna.presses("✖️")
    await twin.shares_contact()

    await twin.calls(await number_shown(twin))
    await twin.sees("✅")
    await all_is_carried(brisk)
    assert anna.shown("✅") is None
    assert await verifications(brisk, anna) == ["cancelled"]


async def test_sharing_the_same_contact_twice_keeps_the_number(world: World, brisk: Installation) -> None:
    anna = world.person("Anna", language="en")
    number = await gets_number(anna)

    await anna.attaches_own_contact()

    await all_is_carried(brisk)
    (screen,) = [message for message in anna.chat.messages if message.sender.is_bot]
    assert number in (screen.text or "")
    assert len(world.smsc.wait_calls) == 1


async def test_sharing_another_phone_begins_anew_with_that_one(world: World, brisk: Installation) -> None:
    anna = world.person("Anna", phone="+79161234567", language="en")
    await gets_number(anna)
    anna.account.phone = "+79167654321"

    await anna.attaches_own_contact()

    await anna.sees("43\N{NON-BREAKING HYPHEN}21")
    await anna.calls(await number_shown(anna))
    await anna.sees("✅")
    assert await verifications(brisk, anna) == ["cancelled", "confirmed"]


async def test_a_verified_person_who_shares_a_contact_again_is_told_that_all_is_done(
    world: World, brisk: Installation
) -> None:
    anna = world.person("Anna", language="en")
    await verify(anna)

    await anna.attaches_own_contact()

    await all_is_carried(brisk)
    assert [message.contact for message in anna.chat.messages if message.contact] == []
    assert await verifications(brisk, anna) == ["confirmed"]
    assert "✅" in (anna.chat.messages[-1].text or "")


async def test_who_shares_a_taken_phone_twice_is_answered_twice(world: World, brisk: Installation) -> None:
    anna = world.person("Anna", phone="+79161234567", language="en")
    boris = world.person("Boris", phone="+79161234567", language="en")
    await verify(anna)
    await boris.says("/start")
    await boris.shares_contact()
    first = await boris.sees("already verified another")

    await boris.shares_contact()

    await world.wait_until(lambda: (shown := boris.shown("already verified another")) and shown.id != first.id)
    # Their own /start, and one answer.
    await world.wait_until(lambda: len(boris.chat.messages) == 2)
