"""/operators: the list, adding by picking, and removing while the bot runs; nobody else learns of it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bot.domain.operators import AddedOperator
from bot.features.privacy.export import JournalFiles
from bot.sandbox.people import Person
from bot.sandbox.telegram.app_user import NotAllowed
from bot.sandbox.world import World
from storage.store import Store
from tests.installation import Installation
from tests.scenarios.story import all_is_carried, eventually, guarded

KEPT = "SELECT user_id, name, added_by FROM operators"
JOURNAL = "SELECT event, user_id, actor_id FROM journal WHERE event LIKE 'operator%' ORDER BY id"


async def acquainted(world: World, name: str) -> Person:
    """Make somebody who has written to the bot."""
    person = world.person(name, language="en")
    await person.says("hello")
    await person.sees("👋")
    return person


async def adds(operator: Person, *target_id: Person) -> None:
    """Add somebody with the button and Telegram's own list."""
    await operator.says("/operators")
    await operator.presses("Add an operator")
    await operator.picks_users(*target_id)


async def made(world: World, operator: Person, name: str = "Pavel") -> Person:
    """Make another operator, who got the message about it."""
    person = await acquainted(world, name)
    await adds(operator, person)
    await person.sees("made you an operator")
    await operator.sees(f"Operators of this bot: 2\n\n• id {operator.id}")
    return person


def shared(person: Person, *users: dict[str, Any]) -> dict[str, Any]:
    """Return the update after somebody picked these, whatever their keyboard offered."""
    return {
        "message": {
            "message_id": 900_000,
            "date": 1_800_000_000,
            "chat": {"id": person.id, "type": "private", "first_name": person.name},
            "from": {"id": person.id, "is_bot": False, "first_name": person.name, "language_code": "en"},
            "users_shared": {"request_id": 1, "users": list(users)},
        }
    }


async def test_who_is_picked_is_an_operator_at_once_and_is_told_what_they_can_do(
    world: World, brisk: Installation, operator: Person
) -> None:
    await guarded(world)
    pavel = await acquainted(world, "Pavel <b>")

    await adds(operator, pavel)

    told = (await pavel.sees("Oleg made you an operator")).text or ""
    assert all(f"/{name} — " in told for name in ("stats", "gates", "operators", "announce"))
    page = (await operator.sees("Operators of this bot: 2")).text or ""
    assert "listed in OPERATORS, cannot be removed here" in page
    assert f"Pavel b · id {pavel.id}" in page
    assert f"by id {operator.id}" in page
    assert await brisk.rows(KEPT) == [{"user_id": pavel.id, "name": "Pavel <b>", "added_by": operator.id}]
    assert await brisk.rows(JOURNAL) == [
        {"event": "operator_added", "user_id": pavel.id, "actor_id": operator.id},
    ]
    await pavel.says("/stats")
    await pavel.sees("All gates · 7 days")
    await pavel.says("/operators")
    assert (await pavel.sees("Operators of this bot: 2")).buttons == ["✖️ Remove Pavel b", "➕ Add an operator"]


async def test_troubles_and_newcomers_among_them_are_told_to_operators_that_were_added(
    world: World, brisk: Installation, operator: Person
) -> None:
    owner, group = await guarded(world)
    pavel = await made(world, operator)
    quentin = await acquainted(world, "Quentin")

    await adds(pavel, quentin)

    assert "Pavel made Quentin an operator" in ((await operator.sees("an operator.")).text or "")
    assert pavel.shown("Pavel made Quentin") is None
    await owner.removes_bot(group)
    for one in (operator, pavel, quentin):
        await one.sees("is no longer guarded")


async def test_who_is_removed_is_none_at_once_and_what_they_saw_is_gone(
    world: World, brisk: Installation, operator: Person
) -> None:
    await guarded(world)
    pavel = await made(world, operator)
    quentin = await acquainted(world, "Quentin")
    await adds(pavel, quentin)
    await quentin.says("/gates")
    old = await quentin.sees("All groups: 1")
    data = [button["callback_data"] for row in old.inline_keyboard for button in row if "callback_data" in button]

    await operator.says("/operators")
    await operator.presses("Remove Quentin")
    await operator.sees("Remove Quentin from the operators?")
    assert (await operator.presses("Yes, remove"))["text"] == "Done"

    await quentin.sees("You are no longer an operator of this bot")
    await quentin.sees("👋")
    await pavel.sees("Oleg removed Quentin from the operators")
    await operator.sees("Operators of this bot: 2")
    await world.wait_until(lambda: old not in quentin.chat.messages)
    for pressed in data:
        answer = await quentin.presses_under(old, pressed)
        assert answer["text"] == "I do not know this button any more. Send /start."
    for command in ("/operators", "/announce hello", "/stats", "/announce"):
        await quentin.says(command)
        await all_is_carried(brisk)
        assert [message.text for message in quentin.chat.messages if message.sender.is_bot][-1] == (
            (await quentin.sees("👋")).text
        )
    assert (await brisk.rows(JOURNAL))[-1] == {
        "event": "operator_removed",
        "user_id": quentin.id,
        "actor_id": operator.id,
    }
    assert await brisk.rows("SELECT count(*) AS n FROM announcements") == [{"n": 0}]


async def test_an_operator_resigns_and_those_of_the_configuration_stay(
    world: World, brisk: Installation, operator: Person
) -> None:
    pavel = await made(world, operator)
    await pavel.says("/operators")
    page = await pavel.sees("Operators of this bot")

    answer = await pavel.presses_button(page.id, f"i:remove:{operator.id}:0")
    assert answer["text"] == "The configuration names this operator: that is where to remove them."
    await pavel.presses("Remove Pavel")
    await pavel.sees("Stop being an operator?")
    await pavel.presses("Yes, remove")

    await pavel.sees("👋")
    await operator.sees("Pavel removed Pavel from the operators")
    assert await brisk.rows(KEPT) == []


async def test_of_two_who_remove_somebody_at_once_the_first_does(
    world: World, brisk: Installation, operator: Person
) -> None:
    pavel = await made(world, operator)
    quentin = await acquainted(world, "Quentin")
    await adds(pavel, quentin)
    for one in (operator, pavel):
        await one.says("/operators")
        await one.presses("Remove Quentin")

    first = await operator.presses("Yes, remove")
    second = await pavel.presses("Yes, remove")

    assert [first["text"], second["text"]] == ["Done", "Already done."]
    assert [row["event"] for row in await brisk.rows(JOURNAL)].count("operator_removed") == 1


async def test_who_cannot_be_one_is_refused_in_one_sentence(
    world: World, brisk: Installation, operator: Person
) -> None:
    pavel = await made(world, operator)
    robot = world.telegram.add_account("Robot", username="helper_bot", language=None, phone=None, is_bot=True)

    await adds(operator, operator)
    await operator.sees("⚠️ That is you: you are already an operator.")
    await adds(operator, pavel)
    await operator.sees("⚠️ They are already an operator.")
    await adds(pavel, operator)
    await pavel.sees("⚠️ They are already an operator.")
    await operator.says("/operators")
    await operator.presses("Add an operator")
    with pytest.raises(NotAllowed, match="is not among those to choose from"):
        await operator.picks_users(robot)
    for users in (
        [{"user_id": robot.id, "first_name": "Robot", "username": "helper_bot"}],
        [{"user_id": world.telegram.bot.id, "username": "callgate_bot"}],
    ):
        world.telegram.push_raw(shared(operator, *users))
        await operator.sees("⚠️ A bot cannot be an operator: choose a person.")
        await operator.says("/operators")
    world.telegram.push_raw(shared(operator, {"user_id": 5}, {"user_id": 6}))
    await operator.sees("⚠️ One person at a time, please.")

    assert [row["user_id"] for row in await brisk.rows(KEPT)] == [pavel.id]


async def test_who_never_wrote_to_the_bot_is_one_too_and_the_list_says_that_they_hear_of_nothing(
    world: World, brisk: Installation, operator: Person
) -> None:
    pavel = world.person("Pavel", language="en")

    await adds(operator, pavel)

    assert "I cannot message them" in ((await operator.sees("Operators of this bot: 2")).text or "")
    await all_is_carried(brisk)
    assert pavel.chat.messages == []
    await pavel.says("/operators")
    assert "I cannot message them" not in ((await pavel.sees("Operators of this bot: 2")).text or "")


async def test_strangers_do_not_learn_that_there_are_operators(
    world: World, brisk: Installation, operator: Person
) -> None:
    await guarded(world)
    await made(world, operator)
    anna = world.person("Anna", language="en")
    await anna.says("hello")
    as_any_text = (await anna.sees("👋")).text

    for words in ("/operators", "/announce", "/announce hello"):
        await anna.says(words)
        await all_is_carried(brisk)
        assert [message.text for message in anna.chat.messages if message.sender.is_bot] == [as_any_text]
    world.telegram.push_raw(shared(anna, {"user_id": anna.id}))
    await all_is_carried(brisk)
    assert [message.text for message in anna.chat.messages if message.sender.is_bot] == [as_any_text]
    message = await anna.sees("👋")
    for data in ("i:operators:0:0", f"i:remove:{operator.id}:0", "i:send:1:0", "i:gates:0:0"):
        assert "do not know this button" in (await anna.presses_button(message.id, data))["text"]
    menus = str(world.telegram.commands)
    assert "operators" not in menus
    assert "announce" not in menus
    assert len(await brisk.rows(KEPT)) == 1


async def test_an_operator_of_the_configuration_that_is_there_no_more_sees_nothing_either(
    world: World, brisk: Installation, operator: Person
) -> None:
    pavel = await made(world, operator)
    await operator.says("/operators")
    page = await operator.sees("Operators of this bot")

    await brisk.restart(OPERATORS="424242")

    answer = await operator.presses_button(page.id, "i:operators:0:0")
    assert "do not know this button" in answer["text"]
    await operator.sees("👋")
    await pavel.says("/operators")
    assert "id 424242" in ((await pavel.sees("Operators of this bot: 2")).text or "")
    await eventually(brisk, "SELECT count(*) AS n FROM operators", [{"n": 1}])


async def test_somebody_far_down_a_long_list_is_found_by_turning_pages_and_removed(
    world: World, brisk: Installation, operator: Person
) -> None:
    at = world.clock.now()
    many = [AddedOperator(7_100_000_000 + number, f"Op {number}", operator.id, at) for number in range(22)]

    async def add(store: Store) -> None:
        for one in many:
            await store.operators.add(one)

    assert brisk.app is not None
    await brisk.app._parts.database.transact(add)
    await operator.says("/operators")
    await operator.sees("Operators of this bot: 23")
    await operator.presses("›")
    await operator.sees("Op 8")
    await operator.presses("›")
    await operator.sees("Op 21")
    await operator.presses("Remove Op 21")
    await operator.sees("Remove Op 21 from the operators?")
    await operator.presses("Back")
    await operator.sees("Op 21")
    await operator.presses("Remove Op 21")
    await operator.presses("Yes, remove")

    page = await operator.sees("Operators of this bot: 22")
    assert "Remove Op 20" in " ".join(page.buttons)
    assert many[-1].user_id not in [row["user_id"] for row in await brisk.rows(KEPT)]


async def test_who_was_added_and_is_named_since_can_be_one_by_the_configuration_alone(
    world: World, brisk: Installation, operator: Person
) -> None:
    pavel = await made(world, operator)
    await brisk.restart(OPERATORS=f"{operator.id},{pavel.id}")

    await operator.says("/operators")
    await operator.sees("listed in OPERATORS, and also:")
    await operator.presses("Remove Pavel")
    await operator.sees("they stay an operator")
    assert (await operator.presses("Yes, remove"))["text"] == "Done"

    await world.wait_until(lambda: operator.shown("and also:") is None and operator.shown("they stay") is None)
    assert (await operator.sees("Operators of this bot: 2")).buttons == ["➕ Add an operator"]
    assert await brisk.rows(KEPT) == []
    await pavel.says("/operators")
    await pavel.sees("Operators of this bot: 2")
    assert pavel.shown("You are no longer an operator") is None


async def test_an_export_that_is_being_made_does_not_go_to_who_was_removed_meanwhile(
    world: World, brisk: Installation, operator: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    pavel = await made(world, operator)
    begun, removed = asyncio.Event(), asyncio.Event()
    made_files = JournalFiles.__call__

    async def slowly(self: JournalFiles, *how: Any) -> Any:
        begun.set()
        await removed.wait()
        return await made_files(self, *how)

    monkeypatch.setattr(JournalFiles, "__call__", slowly)
    await pavel.says("/export all")
    await begun.wait()

    await operator.says("/operators")
    await operator.presses("Remove Pavel")
    await operator.presses("Yes, remove")
    await pavel.sees("You are no longer an operator of this bot")
    removed.set()

    await world.wait_until(lambda: pavel.shown("Exporting") is None)
    await all_is_carried(brisk)
    assert [message for message in pavel.chat.messages if message.document is not None] == []


async def test_an_operator_who_deletes_everything_about_themselves_is_told_of_it_before_and_is_none_after(
    world: World, brisk: Installation, operator: Person
) -> None:
    pavel = await made(world, operator)

    await pavel.says("/deleteme")
    assert "You stop being an operator" in ((await pavel.sees("Delete everything about you?")).text or "")
    await pavel.presses("Delete everything")

    await operator.sees("An operator deleted their data")
    await pavel.sees("Deleted.")
    assert await brisk.rows(KEPT) == []
    assert (await brisk.rows(JOURNAL))[-1] == {"event": "operator_removed", "user_id": None, "actor_id": None}
