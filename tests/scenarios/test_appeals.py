"""People who cannot get in with a call ask an admin, who decides."""

from __future__ import annotations

import pytest

from bot.domain.gate_settings import AtDeadline
from bot.sandbox.people import Person
from bot.sandbox.world import World
from tests.installation import Installation, number_shown, verify
from tests.scenarios.appeals import ASK, appeals, runs_out_of_time
from tests.scenarios.log_gates import choose, full_gate, logged_gate
from tests.scenarios.story import DAY, all_is_carried, eventually, guarded, reads


async def test_an_admin_is_asked_in_private_lets_them_in_and_the_person_learns_it(
    world: World, brisk: Installation
) -> None:
    owner, group = await full_gate(world)
    anna = world.person("Anna", language="en")

    await appeals(world, anna, group)
    await anna.sees("I have asked the administrators. Their answer comes here.")
    asked = await reads(owner, "asks to be let in")
    assert "Anna" in asked
    assert "Flat owners" in asked
    assert "did not call in time" in asked
    answer = await owner.presses("Let in")

    assert answer["text"] == "Let in"
    await world.wait_until(lambda: anna.id in group.members)
    await anna.sees("An administrator let you in: Flat owners")
    await anna.sees("You are in: Flat owners")
    assert "Let in by Olga" in await reads(owner, "asked to be let in")
    rows = await brisk.rows("SELECT actor_id FROM journal WHERE event = 'allowed'")
    assert rows == [{"actor_id": owner.id}]
    assert await brisk.rows("SELECT user_id FROM verified_phones") == []


async def test_who_is_declined_learns_it_and_may_verify_after_all(world: World, brisk: Installation) -> None:
    owner, group = await full_gate(world)
    anna = world.person("Anna", language="en")
    await appeals(world, anna, group)
    await owner.sees("asks to be let in")

    await owner.presses("Decline")

    await anna.sees("An administrator declined your request")
    await world.wait_until(lambda: anna.id not in group.requests)
    assert "Declined by Olga" in await reads(owner, "asked to be let in")
    await anna.asks_to_join(group)
    await verify(anna)
    await world.wait_until(lambda: anna.id in group.members)


async def test_who_is_blocked_hears_no_more_than_a_decline_and_is_turned_away_from_now_on(
    world: World, brisk: Installation
) -> None:
    owner, group = await full_gate(world)
    anna = world.person("Anna", language="en")
    await appeals(world, anna, group)
    await owner.sees("asks to be let in")

    await owner.presses("Block")

    await anna.sees("An administrator declined your request")
    assert "Blocked by Olga" in await reads(owner, "asked to be let in")
    await world.wait_until(lambda: anna.id not in group.requests)
    await verify(anna)
    await anna.asks_to_join(group)
    await world.wait_until(lambda: anna.id not in group.requests)
    await all_is_carried(brisk)
    assert anna.id not in group.members


async def test_one_appeal_a_day_at_each_gate(world: World, brisk: Installation) -> None:
    owner, group = await full_gate(world)
    anna = world.person("Anna", language="en")
    await runs_out_of_time(world, anna, group)
    data = next(
        button["callback_data"]
        for row in (await anna.sees("Time is up")).inline_keyboard
        for button in row
        if ASK in button["text"]
    )
    await anna.presses(ASK)
    await owner.sees("asks to be let in")
    screen = await anna.sees("have asked")
    assert not any(ASK in text for text in screen.buttons)

    again = await anna.presses_button(screen.id, data)

    assert again["text"] == "You have already asked. You can ask once a day."
    await all_is_carried(brisk)
    assert len([message for message in owner.chat.messages if "asks to be let in" in (message.text or "")]) == 1
    assert (await brisk.journal()).count("appealed") == 1


@pytest.mark.parametrize(("language", "text"), [("en", "🙋 Ask an administrator"), ("ru", None)])
async def test_the_second_button_of_the_keyboard_asks_too_in_each_language(
    world: World, brisk: Installation, language: str, text: str | None
) -> None:
    owner, group = await full_gate(world)
    anna, boris = world.person("Anna", language=language), world.person("Boris", language="en")
    await anna.asks_to_join(group)
    await anna.says("/start")
    await anna.sees("1. ")
    await anna.shares_contact_of(boris)
    await world.wait_until(lambda: anna.chat.keyboard is not None and len(anna.chat.keyboard.buttons) == 2)
    assert anna.chat.keyboard is not None
    button = anna.chat.keyboard.buttons[1]["text"]
    assert text is None or button == text

    await anna.says(button)

    assert "somebody else's contact" in await reads(owner, "asks to be let in")
    await all_is_carried(brisk)
    assert anna.chat.keyboard is not None
    assert len(anna.chat.keyboard.buttons) == 1


async def test_the_log_chat_is_asked_and_not_the_admins_one_by_one(world: World, brisk: Installation) -> None:
    owner, group, log = await logged_gate(world, brisk)
    anna = world.person("Anna", language="en")

    await appeals(world, anna, group)

    await owner.sees_in(log, "asks to be let in")
    await all_is_carried(brisk)
    assert owner.shown("asks to be let in") is None
    answer = await owner.presses("Let in", chat=log)
    assert answer["text"] == "Let in"
    await world.wait_until(lambda: anna.id in group.members)
    await owner.sees_in(log, "Let in by Olga")


async def test_somebody_in_the_log_chat_who_is_no_admin_of_the_gate_decides_nothing(
    world: World, brisk: Installation
) -> None:
    owner, group, log = await logged_gate(world, brisk)
    anna, boris = world.person("Anna", language="en"), world.person("Boris", language="en")
    await owner.adds(log, boris)
    await appeals(world, anna, group)
    await boris.sees_in(log, "asks to be let in")

    answer = await boris.presses("Let in", chat=log)

    assert answer["text"] == "Only administrators of that group can do this."
    await all_is_carried(brisk)
    assert anna.id in group.requests


async def test_who_verified_meanwhile_is_decided_already(world: World, brisk: Installation) -> None:
    owner, group = await full_gate(world)
    anna = world.person("Anna", language="en")
    await appeals(world, anna, group)
    await owner.sees("asks to be let in")
    await anna.presses("Try again")
    await anna.calls(await number_shown(anna))
    await world.wait_until(lambda: anna.id in group.members)

    answer = await owner.presses("Decline")

    assert answer["text"] == "Somebody already decided this."
    assert "already decided" in await reads(owner, "asked to be let in")
    await all_is_carried(brisk)
    assert anna.id in group.members


async def test_when_no_admin_can_be_written_to_the_operators_hear_of_it(
    world: World, brisk: Installation, operator: Person
) -> None:
    await operator.says("/start")
    owner = world.person("Olga", language="en")
    group = world.group("Flat owners", owner=owner)
    await owner.makes_bot_admin(group, can_invite_users=True)
    anna = world.person("Anna", language="en")

    await appeals(world, anna, group)

    told = await operator.sees("asks to be let in")
    assert "I cannot message any administrator" in (told.text or "")
    assert told.buttons == []


async def test_a_log_chat_that_is_gone_is_told_to_the_admins_who_are_then_asked_themselves(
    world: World, brisk: Installation
) -> None:
    owner, group, log = await logged_gate(world, brisk)
    await owner.removes_bot(log)
    anna = world.person("Anna", language="en")

    await appeals(world, anna, group)

    await owner.sees("asks to be let in")
    await owner.sees("no longer write to the log chat of Flat owners")
    await all_is_carried(brisk)
    assert (await brisk.journal()).count("gate_changed") == 1


async def test_names_that_are_adverts_are_made_harmless(world: World, brisk: Installation) -> None:
    owner, group = await full_gate(world)
    anna = world.person("Buy <b>now</b> at t.me/spam +7 999 123-45-67 @spam", language="en")

    await appeals(world, anna, group)

    message = await owner.sees("asks to be let in")
    assert (message.text or "").startswith("🙋 Buy b now b at… asks")
    assert message.entity_texts("text_mention") == ["Buy b now b at…"]
    assert not {entity["type"] for entity in message.entities} & {"url", "mention", "phone_number", "text_link"}


async def test_who_waits_nowhere_asks_nobody(world: World, brisk: Installation) -> None:
    await guarded(world)
    anna = world.person("Anna", language="en")
    await anna.says("/start")
    await anna.sees("👋")

    await anna.says("🙋 Ask an administrator")

    await all_is_carried(brisk)
    assert "appealed" not in await brisk.journal()
    await anna.sees("👋")


async def test_a_day_later_they_may_ask_again(world: World, brisk: Installation) -> None:
    owner, group = await full_gate(world)
    await choose(brisk, group, at_deadline=AtDeadline.LEAVE)
    anna = world.person("Anna", language="en")
    await appeals(world, anna, group)
    await owner.sees("asks to be let in")
    world.clock.advance(DAY + 1)

    await anna.says("🙋 Ask an administrator")

    await eventually(brisk, "SELECT count(*) AS n FROM journal WHERE event = 'appealed'", [{"n": 2}])


async def test_an_appeal_follows_a_log_chat_that_became_a_supergroup(world: World, brisk: Installation) -> None:
    owner, group = await full_gate(world)
    log = world.basic_group("Log", owner=owner)
    await owner.makes_bot_admin(log, can_delete_messages=True)
    await choose(brisk, group, log_chat=log.id, language="en")
    new = await owner.upgrades(log)
    anna = world.person("Anna", language="en")

    await appeals(world, anna, group)

    await owner.sees_in(new, "asks to be let in")
    await owner.presses("Let in", chat=new)
    await world.wait_until(lambda: anna.id in group.members)
    assert await brisk.rows("SELECT count(*) AS n FROM gates WHERE chat_id = :id", id=group.id) == [{"n": 1}]
