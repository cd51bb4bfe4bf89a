"""Gates that give invite links on request, and links to further chats."""

from __future__ import annotations

from bot.domain.settings import CountryRule, WayIn
from bot.sandbox.people import Person
from bot.sandbox.telegram.client import Impossible
from bot.sandbox.telegram.state import Group
from bot.sandbox.world import World
from tests.installation import Installation, number_shown, verify
from tests.scenarios.gates import WAITING, calls, changes, may_write, muting, place, with_gate
from tests.scenarios.story import DAY, all_is_carried, eventually, guarded, reads

HOUR = 3600
LINK = "https://t.me/callgate_bot?start=in_{}"


async def giving_links(world: World, callgate: Installation, **settings: object) -> tuple[Person, Group]:
    """An owner, and their group into which the bot gives links."""
    owner = world.person("Olga", language="en")
    group = world.group("Flat owners", owner)
    await with_gate(world, callgate, group, owner, ("can_manage_tags",), **({"way": WayIn.LINK} | settings))
    return owner, group


async def gets_link(person: Person, title: str = "Flat owners") -> str:
    """The address behind the button, once it is there."""
    return str((await person.presses(f"Join “{title}”"))["url"])


async def is_expired(person: Person, url: str) -> bool:
    try:
        await person.opens_link(url)
    except Impossible:
        return True
    return False


async def test_a_stranger_asks_for_a_link_verifies_and_gets_one_that_works_once(
    world: World, brisk: Installation
) -> None:
    _, group = await giving_links(world, brisk, tag="verified")
    anna, boris = world.person("Anna", language="en"), world.person("Boris", language="en")
    await anna.opens_deep_link(LINK.format(group.id))
    await anna.sees("To enter Flat owners")
    assert await brisk.rows(WAITING) == [{"n": 1}]
    await anna.shares_contact()
    await anna.calls(await number_shown(anna))

    assert "works once, within an hour" in await reads(anna, "✅")
    url = await gets_link(anna)
    await anna.opens_link(url)

    await anna.sees("You are in: Flat owners")
    await world.wait_until(lambda: place(group, anna).tag == "verified")
    await all_is_carried(brisk)
    assert "works once" not in await reads(anna, "✅")
    assert await is_expired(boris, url)
    assert [(call["chat_id"], call["member_limit"]) for call in calls(world, "createChatInviteLink")] == [
        (str(group.id), "1")
    ]


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
    assert place(group, anna).inside


async def test_who_may_not_come_in_any_more_gets_no_new_link_and_is_told_why(world: World, brisk: Installation) -> None:
    _, group = await giving_links(world, brisk)
    anna = world.person("Anna", language="en")
    await verify(anna)
    await anna.opens_deep_link(LINK.format(group.id))
    await gets_link(anna)
    await changes(brisk, group, country_rule=CountryRule.ONLY, countries=("KZ",))

    await anna.presses("New link")

    await anna.sees("numbers of your country are not accepted there")
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
