"""Operators look people up and decide about them, in private; nobody else can see any of it."""

from __future__ import annotations

import asyncio

import pytest

from bot.i18n.texts import unbroken
from bot.sandbox.people import Person
from bot.sandbox.telegram.state import Group
from bot.sandbox.world import World
from tests.installation import Installation, verify
from tests.scenarios.conftest import Install
from tests.scenarios.log_gates import RIGHTS, full_gate
from tests.scenarios.panel_walk import screens
from tests.scenarios.story import all_is_carried, eventually, gets_number, guarded, reads


async def comes_in(world: World, group: Group, name: str = "Anna") -> Person:
    """Let somebody ask, verify and come in."""
    person = world.person(name, language="en")
    await person.asks_to_join(group)
    await verify(person)
    await world.wait_until(lambda: person.id in group.members)
    await person.sees("You are in")
    return person


async def test_a_phone_opens_the_person_and_is_seen_nowhere_any_more(
    world: World, brisk: Installation, operator: Person
) -> None:
    _, group = await full_gate(world)
    anna = await comes_in(world, group)
    digits = anna.phone.removeprefix("+7")
    said = await operator.says(f"/find 8 ({digits[:3]}) {digits[3:6]}-{digits[6:8]}-{digits[8:]}")

    page = await reads(operator, "What happened")

    assert f"Anna · id {anna.id}" in page
    assert unbroken(f"••• {digits[6:8]}-{digits[8:]}") in page
    assert "• Flat owners: let in" in page
    assert [line.partition(" · ")[2] for line in page.partition("UTC\n")[2].splitlines()] == [
        "asked to join",
        "sent /start",
        "shared their contact",
        "was shown a number",
        "verified",
        "let in",
    ]
    await world.wait_until(lambda: said not in operator.chat.messages)
    for table in ("screens", "tasks", "journal"):
        assert digits not in str(await brisk.rows(f"SELECT * FROM {table}"))


async def test_what_happened_lately_leads_to_each_person_in_one_message(
    world: World, brisk: Installation, operator: Person
) -> None:
    _, group = await full_gate(world)
    for name in ("Anna", "Boris", "Clara", "Dina"):
        await comes_in(world, group, name)
    await all_is_carried(brisk)

    await operator.says("/recent")
    first = await operator.sees("Recent")
    assert "1. ✅ Dina: let in" in (first.text or "")
    await operator.presses("Older ›")
    await operator.sees("Anna: verified")
    await operator.presses("‹ Newer")
    await operator.sees("1. ✅ Dina: let in")
    await operator.presses("3")

    card = await operator.sees("👤 Clara")
    assert card.id == first.id
    assert screens(operator) == [card]


async def test_an_operator_who_is_no_admin_blocks_after_being_asked_and_the_person_is_told(
    world: World, brisk: Installation, operator: Person
) -> None:
    _, group = await full_gate(world)
    anna = world.person("Anna", language="en")
    await anna.asks_to_join(group)
    await gets_number(anna)
    await operator.says(f"/person {anna.id}")
    await operator.sees("📞 Verifying: was shown a number")

    await operator.presses("Block…")
    question = await operator.sees("Block Anna at Flat owners?")
    assert await brisk.rows("SELECT * FROM access_overrides") == []
    answer = await operator.presses("Yes, block")

    assert answer["text"] == "Blocked"
    await operator.sees("• Flat owners: Blocked")
    assert question.id == screens(operator)[-1].id
    await world.wait_until(lambda: anna.id not in group.requests)
    await anna.sees("declined")
    rows = await brisk.rows("SELECT event FROM journal WHERE actor_id = :id ORDER BY id", id=operator.id)
    assert [row["event"] for row in rows] == ["blocked", "declined_by_hand"]
    await operator.presses("Unblock…")
    assert (await operator.presses("Yes, unblock"))["text"] == "Unblocked"
    assert await brisk.rows("SELECT * FROM access_overrides") == []


async def test_of_several_gates_one_is_chosen_or_all(world: World, brisk: Installation, operator: Person) -> None:
    owner, flats = await full_gate(world)
    garage = world.group("Garage", owner=owner)
    await owner.makes_bot_admin(garage, **RIGHTS)
    anna = await comes_in(world, flats)
    await anna.asks_to_join(garage)
    await world.wait_until(lambda: anna.id in garage.members)
    await all_is_carried(brisk)
    await operator.says(f"/person {anna.id}")

    await operator.presses("Verify again…")
    where = await operator.sees("In which group?")
    assert where.buttons == ["Everywhere (2)", "Garage", "Flat owners", "‹ Back"]
    await operator.presses("Garage")
    await operator.presses("Yes, verify again")
    await world.wait_until(lambda: anna.id not in garage.members)
    assert anna.id in flats.members
    await anna.sees("asks you to verify again")

    await operator.presses("Block…")
    await operator.presses("Everywhere (2)")
    await operator.sees("Block Anna at")
    await operator.presses("Yes, block")

    await world.wait_until(lambda: all(group.member(anna.account).status == "kicked" for group in (flats, garage)))


async def test_a_freed_phone_verifies_another_account(world: World, brisk: Installation, operator: Person) -> None:
    _, group = await full_gate(world)
    anna = await comes_in(world, group)
    await operator.says(f"/find {anna.phone}")
    await operator.presses("Free the phone…")
    question = await reads(operator, "Free the phone")
    assert "They joined with it at Flat owners: there I remove them" in question

    assert (await operator.presses("Yes, free it"))["text"] == "The phone is free."

    assert "Not verified." in await reads(operator, "👤 Anna")
    await world.wait_until(lambda: anna.id not in group.members)
    await anna.sees("asks you to verify again")
    again = world.person("Anna's new account", phone=anna.phone, language="en")
    await again.asks_to_join(group)
    await verify(again)
    await world.wait_until(lambda: again.id in group.members)
    await operator.says(f"/find {anna.phone}")
    found = await operator.sees("Found: 2")
    assert "1. Anna's new acco… · " in (found.text or "")
    await operator.presses("2. Anna")
    await operator.sees(f"Anna · id {anna.id}")


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("/find", "Send an id, @name or phone number"),
        ("/person", "Send an id, @name or phone number"),
        ("/person 123456", "Unknown person"),
        ("/find @nobody_knows", "Unknown person"),
        ("/find +79995550000", "Unknown person"),
        ("/find +7 12", "I cannot read this phone number"),
        ("/find <b>somebody</b> & me", "write one of them"),
    ],
)
async def test_who_is_not_found_gets_one_sentence(
    world: World, brisk: Installation, operator: Person, words: str, answer: str
) -> None:
    await operator.says(words)

    text = await reads(operator, answer)
    assert "\n" not in text


async def test_somebody_is_found_by_a_name_that_is_not_kept(
    world: World, brisk: Installation, operator: Person
) -> None:
    anna = world.person("Anna", language="en")
    anna.account.username = "Anna_1990"
    await anna.says("/start")
    await anna.sees("👋")

    await operator.says("/find @ANNA_1990")

    page = await reads(operator, f"id {anna.id}")
    assert "Not verified." in page
    assert "Anna_1990" not in str(await brisk.rows("SELECT * FROM people"))


async def test_strangers_and_admins_do_not_learn_that_there_are_such_commands_and_buttons(
    world: World, brisk: Installation, operator: Person
) -> None:
    owner, group = await guarded(world)
    anna = await comes_in(world, group)
    await all_is_carried(brisk)
    await owner.says("hello")
    as_any_text = (await owner.sees("👋")).text

    for words in ("/recent", f"/find {anna.phone}", f"/person {anna.id}", "/find"):
        said = await owner.says(words)
        await all_is_carried(brisk)
        assert [message.text for message in screens(owner)] == [as_any_text]
        assert said in owner.chat.messages
    for data in (
        f"o:person:{anna.id}::0:0:",
        f"o:confirm:{anna.id}:block:{group.id}:0:sure",
        f"o:confirm:{anna.id}:free_phone:0:0:sure",
        "o:recent:0::0:0:",
    ):
        answer = await owner.presses_button(screens(owner)[-1].id, data)
        assert "do not know this button" in answer["text"]

    assert [message.text for message in screens(owner)] == [as_any_text]
    assert anna.id in group.members
    assert all(name not in str(menu) for menu in world.telegram.commands.values() for name in ("recent", "find"))


async def test_who_is_no_operator_any_more_has_no_buttons_and_no_page(
    world: World, install: Install, operator: Person
) -> None:
    brisk = await install()
    _, group = await full_gate(world)
    anna = await comes_in(world, group)
    await operator.says(f"/person {anna.id}")
    await operator.presses("Block…")
    await operator.sees("Block Anna at")
    await brisk.restart(OPERATORS="1")

    answer = await operator.presses("Yes, block")

    assert "do not know this button" in answer["text"]
    assert await brisk.rows("SELECT * FROM access_overrides") == []
    await operator.says("/recent")
    await operator.sees("👋")
    await eventually(brisk, "SELECT face FROM screens WHERE user_id = :id", [{"face": "welcome"}], id=operator.id)


async def test_two_operators_at_once_decide_once(world: World, install: Install, operator: Person) -> None:
    vera = world.person("Vera", language="en")
    brisk = await install(OPERATORS=f"{operator.id},{vera.id}")
    _, group = await full_gate(world)
    anna = await comes_in(world, group)
    for one in (operator, vera):
        await one.says(f"/person {anna.id}")
        await one.presses("Block…")
        await one.sees("Block Anna at Flat owners?")

    answers = await asyncio.gather(operator.presses("Yes, block"), vera.presses("Yes, block"))

    assert sorted(answer["text"] for answer in answers) == ["Blocked", "Somebody already decided this."]
    assert (await brisk.journal()).count("blocked") == 1
    for one in (operator, vera):
        await one.sees("• Flat owners: Blocked")


async def test_names_of_people_and_groups_are_text_and_nothing_else(
    world: World, brisk: Installation, operator: Person
) -> None:
    _, group = await full_gate(world, "<b>Flats</b> & חניון")
    eve = await comes_in(world, group, "<i>Eve</i> t.me/spam")

    await operator.says("/recent")
    text = await reads(operator, "Recent")
    await operator.says(f"/person {eve.id}")
    page = await reads(operator, "👤")

    assert "t.me" not in text + page
    assert "<b>Flats</b> &…" in text
    assert "• \u2068<b>Flats</b> & חניון\u2069: let in" in page


@pytest.mark.parametrize("written", ["8 495 123-45-67", "84951234567"])
async def test_who_is_not_found_by_a_phone_was_looked_for_by_every_number_it_may_be(
    world: World, brisk: Installation, operator: Person, written: str
) -> None:
    await operator.says(f"/find {written}")

    page = await reads(operator, "Unknown person")

    assert "I looked for +7 ••• ••• 45-67 RU, +84 ••• •• 45-67 VN." in page


@pytest.mark.parametrize("written", ["{bare}", "8{bare}", "7{bare}", "+7{bare}", "tel:8{bare}"])
async def test_a_phone_is_found_as_people_at_home_write_it(
    world: World, brisk: Installation, operator: Person, written: str
) -> None:
    _, group = await full_gate(world)
    anna = await comes_in(world, group)

    await operator.says(f"/find {written.format(bare=anna.phone.removeprefix('+7'))}")

    assert f"Anna · id {anna.id}" in await reads(operator, "What happened")
