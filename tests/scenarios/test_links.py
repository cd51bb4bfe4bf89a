"""Gates that give invite links on request, and links to extra chats."""

from __future__ import annotations

from typing import Any

from bot.domain.gate_settings import CountryRule, EntryMode
from bot.domain.gates import GateMode
from bot.sandbox.people import Person
from bot.sandbox.telegram.app_user import NotAllowed
from bot.sandbox.telegram.state import Group
from bot.sandbox.world import World
from tests.installation import Installation, number_shown, verify
from tests.scenarios.gates import WAITING, calls, changes, may_write, muting, place, switches, with_gate
from tests.scenarios.story import DAY, all_is_carried, eventually, guarded, reads

HOUR = 3600
LINK = "https://t.me/callgate_bot?start=in_{}"


async def giving_links(world: World, callgate: Installation, **settings: object) -> tuple[Person, Group]:
    """Make an owner, and their group for which the bot gives links."""
    owner = world.person("Olga", language="en")
    group = world.group("Flat owners", owner)
    await with_gate(world, callgate, group, owner, ("can_manage_tags",), **({"way": EntryMode.LINK} | settings))
    return owner, group


async def gets_link(person: Person, title: str = "Flat owners") -> str:
    """Return the address of the button, once it is there."""
    return str((await person.presses(f"Join “{title}”"))["url"])


async def is_expired(person: Person, url: str) -> bool:
    try:
        await person.opens_link(url)
    except NotAllowed:
        return True
    return False


async def test_a_stranger_asks_for_a_link_verifies_and_gets_one_that_works_once(
    world: World, brisk: Installation
) -> None:
    _, group = await giving_links(world, brisk, tag="verified")
    anna, boris = world.person("Anna", language="en"), world.person("Boris", language="en")
    await anna.opens_deep_link(LINK.format(group.id))
    await anna.sees("To join Flat owners")
    assert await brisk.rows(WAITING) == [{"n": 1}]
    await anna.shares_contact()
    await anna.calls(await number_shown(anna))

    assert "works once, for an hour" in await reads(anna, "✅")
    url = await gets_link(anna)
    await anna.opens_link(url)

    await anna.sees("You are in: Flat owners")
    await world.wait_until(lambda: place(group, anna).tag == "verified")
    await all_is_carried(brisk)
    assert "works once" not in await reads(anna, "✅")
    assert await is_expired(boris, url)
    made = calls(world, "createChatInviteLink")
    assert [(call["chat_id"], call["creates_join_request"]) for call in made] == [(str(group.id), "true")]
    assert [call["invite_link"] for call in calls(world, "revokeChatInviteLink")] == [url]


async def test_by_somebody_elses_link_a_stranger_waits_like_any_other(world: World, brisk: Installation) -> None:
    _, group = await giving_links(world, brisk)
    anna, boris = world.person("Anna", language="en"), world.person("Boris", language="en")
    await verify(anna)
    await anna.opens_deep_link(LINK.format(group.id))
    url = await gets_link(anna)

    await boris.opens_link(url)

    await boris.sees("To join Flat owners")
    await all_is_carried(brisk)
    assert not place(group, boris).inside
    assert await brisk.rows(WAITING) == [{"n": 1}]
    # That did not use it up.
    await anna.opens_link(url)
    await anna.sees("You are in: Flat owners")
    await boris.shares_contact()
    await boris.calls(await number_shown(boris))
    await boris.sees("You are in: Flat owners")


async def test_who_is_blocked_since_does_not_come_in_by_the_link_that_they_had(
    world: World, brisk: Installation
) -> None:
    owner, group = await giving_links(world, brisk)
    anna = world.person("Anna", language="en")
    await verify(anna)
    await anna.opens_deep_link(LINK.format(group.id))
    url = await gets_link(anna)
    await owner.says(f"/block {anna.id}", group)
    await eventually(brisk, "SELECT override FROM access_overrides", [{"override": "blocked"}])
    await all_is_carried(brisk)

    assert await is_expired(anna, url)
    assert [call["invite_link"] for call in calls(world, "revokeChatInviteLink")] == [url]


async def test_no_more_than_three_links_an_hour_are_made_however_often_one_is_asked_for(
    world: World, brisk: Installation
) -> None:
    _, group = await giving_links(world, brisk)
    anna = world.person("Anna", language="en")
    await verify(anna)
    await anna.opens_deep_link(LINK.format(group.id))
    urls = [await gets_link(anna)]
    for _ in range(2):
        await anna.presses("New link")
        await all_is_carried(brisk)
        urls.append(await gets_link(anna))

    for _ in range(5):
        await anna.presses("New link")
        await anna.opens_deep_link(LINK.format(group.id))
    await all_is_carried(brisk)

    assert len(set(urls)) == 3
    assert len(calls(world, "createChatInviteLink")) == 3
    assert [await is_expired(world.person("Boris"), url) for url in urls] == [True, True, False]
    assert await gets_link(anna) == urls[-1]
    world.clock.advance(HOUR + 1)
    await anna.presses("New link")
    await all_is_carried(brisk)
    assert await gets_link(anna) not in urls


async def test_who_is_verified_gets_a_link_at_once(world: World, brisk: Installation) -> None:
    _, group = await giving_links(world, brisk)
    anna = world.person("Anna", language="en")
    await verify(anna)

    await anna.opens_deep_link(LINK.format(group.id))

    await anna.opens_link(await gets_link(anna))
    await anna.sees("You are in: Flat owners")


async def test_a_link_that_was_not_used_within_an_hour_is_renewed_by_a_button(
    world: World, brisk: Installation
) -> None:
    _, group = await giving_links(world, brisk)
    anna = world.person("Anna", language="en")
    await verify(anna)
    await anna.opens_deep_link(LINK.format(group.id))
    old = await gets_link(anna)
    world.clock.advance(HOUR + 1)
    assert await is_expired(anna, old)

    await anna.presses("New link")
    await all_is_carried(brisk)

    new = await gets_link(anna)
    assert new != old
    await anna.opens_link(new)
    await anna.sees("You are in: Flat owners")


async def test_who_may_not_come_in_any_more_gets_no_new_link_and_is_told_why(world: World, brisk: Installation) -> None:
    _, group = await giving_links(world, brisk)
    anna = world.person("Anna", language="en")
    await verify(anna)
    await anna.opens_deep_link(LINK.format(group.id))
    await gets_link(anna)
    await changes(brisk, group, country_rule=CountryRule.ONLY, countries=("KZ",))

    await anna.presses("New link")

    await anna.sees("does not accept numbers of your country")
    await all_is_carried(brisk)
    assert "New link" not in (await anna.sees("✅")).buttons
    assert len(calls(world, "createChatInviteLink")) == 1


async def test_gates_of_another_way_and_chats_that_are_no_gates_give_no_links(
    world: World, brisk: Installation
) -> None:
    _, group = await guarded(world)
    anna = world.person("Anna", language="en")
    await verify(anna)

    for number in (group.id, -1001, 0, "nonsense"):
        await anna.opens_deep_link(LINK.format(number))
    await all_is_carried(brisk)

    assert calls(world, "createChatInviteLink") == []
    assert await brisk.rows("SELECT user_id FROM join_requests") == []
    assert "Flat owners" not in await reads(anna, "✅")


async def test_who_asked_for_a_link_and_did_not_verify_in_time_is_told(world: World, brisk: Installation) -> None:
    _, group = await giving_links(world, brisk)
    anna = world.person("Anna", language="en")
    await anna.opens_deep_link(LINK.format(group.id))
    await anna.sees("Flat owners")
    await all_is_carried(brisk)

    world.clock.advance(DAY + 1)

    await anna.sees("waited too long")
    assert await brisk.rows(WAITING) == [{"n": 0}]
    assert calls(world, "declineChatJoinRequest") == []


async def test_who_comes_in_gets_links_to_the_further_chats_and_is_not_muted_there(
    world: World, brisk: Installation
) -> None:
    _, parking = await muting(world, brisk, "Parking")
    owner = world.person("Oleg", language="en")
    group = world.group("Flat owners", owner)
    await with_gate(world, brisk, group, owner, further=(parking.id, -1001))
    anna = world.person("Anna", language="en")
    await anna.asks_to_join(group)
    await verify(anna)

    await anna.sees("You are in: Flat owners")
    await anna.opens_link(await gets_link(anna, "Parking"))

    await anna.sees("You are in: Parking")
    await all_is_carried(brisk)
    assert may_write(parking, anna)
    await eventually(brisk, "SELECT kind FROM grants WHERE state = 'done' ORDER BY kind", [{"kind": "join"}] * 2)


async def with_parking(world: World, brisk: Installation, **settings: Any) -> tuple[Person, Group, Group]:
    """Make an owner, their group, and another chat of theirs to which people get a link when they come in."""
    owner = world.person("Oleg", language="en")
    parking = world.group("Parking", owner)
    await with_gate(world, brisk, parking, owner, **settings)
    group = world.group("Flat owners", owner)
    await with_gate(world, brisk, group, owner, further=(parking.id,))
    return owner, group, parking


async def test_a_link_into_a_further_chat_that_is_off_lets_in_who_has_it_and_nobody_else(
    world: World, brisk: Installation
) -> None:
    owner, group, parking = await with_parking(world, brisk)
    anna, boris = world.person("Anna", language="en"), world.person("Boris", language="en")
    await anna.asks_to_join(group)
    await verify(anna)
    await verify(boris)
    url = await gets_link(anna, "Parking")
    await switches(brisk, parking, GateMode.OFF, owner)

    await boris.opens_link(url)
    await anna.opens_link(url)

    await anna.sees("You are in: Parking")
    await all_is_carried(brisk)
    assert not place(parking, boris).inside
    assert boris.account.id in parking.requests


async def test_a_further_chat_that_is_listed_no_more_is_opened_by_no_link(world: World, brisk: Installation) -> None:
    _, group, parking = await with_parking(world, brisk, country_rule=CountryRule.ONLY, countries=("KZ",))
    anna = world.person("Anna", language="en")
    await anna.asks_to_join(group)
    await verify(anna)
    url = await gets_link(anna, "Parking")
    await changes(brisk, group, further=())

    await anna.opens_link(url)
    await all_is_carried(brisk)
    assert not place(parking, anna).inside
    await anna.presses("New link")
    await all_is_carried(brisk)

    assert len(calls(world, "createChatInviteLink")) == 1
    assert "New link" not in (await anna.sees("✅")).buttons


async def test_who_was_revoked_or_has_left_gets_no_further_links_anew(world: World, brisk: Installation) -> None:
    owner, group, parking = await with_parking(world, brisk, country_rule=CountryRule.ONLY, countries=("KZ",))
    anna, boris = world.person("Anna", language="en"), world.person("Boris", language="en")
    urls = {}
    for one in (anna, boris):
        await one.asks_to_join(group)
        await verify(one)
        urls[one.id] = await gets_link(one, "Parking")

    await owner.says(f"/revoke {anna.id}", group)
    await eventually(brisk, "SELECT override FROM access_overrides", [{"override": "revoked"}])
    await boris.leaves(group)
    await all_is_carried(brisk)

    assert await is_expired(anna, urls[anna.id])
    await boris.presses("New link")
    await all_is_carried(brisk)
    assert len(calls(world, "createChatInviteLink")) == 2
    assert sorted(call["invite_link"] for call in calls(world, "revokeChatInviteLink")) == sorted(urls.values())
    assert not place(parking, anna).inside
    assert not place(parking, boris).inside
