"""/stats: a chart with the numbers of past events, for operators, and for admins of their own gates."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.features.statistics import chart_sheet
from bot.sandbox.people import Person
from bot.sandbox.telegram.state import Group, Message
from bot.sandbox.world import World
from tests.installation import Installation, verify
from tests.scenarios.conftest import Install
from tests.scenarios.story import DAY, all_is_carried, eventually, guarded

TASKS = "SELECT count(*) AS asked FROM tasks WHERE kind = 'stats'"


async def some_get_in(world: World, callgate: Installation, group: Group) -> None:
    """Three ask; Anna gets in, Boris shares somebody else's contact and then gives up, Clara does nothing. Anna then
    asks at another gate too, where she is known."""
    anna, boris, clara = (world.person(name, language="en") for name in ("Anna", "Boris", "Clara"))
    for person in (anna, boris, clara):
        await person.asks_to_join(group)
        await person.sees("Flat owners")
    await verify(anna)
    await boris.shares_contact_of(anna)
    await boris.sees("not your own")
    await boris.attaches_own_contact()
    await boris.sees("📞")
    await world.wait_until(lambda: anna.id in group.members)
    await all_is_carried(callgate)


async def becomes_known(admin: Person, group: Group) -> None:
    """Let the bot ask Telegram about this admin, as it does for everybody who presses a button of that gate."""
    message = [message for message in admin.chat.messages if message.sender.is_bot][-1]
    await admin.presses_button(message.id, f"g:open:{group.id}:card:")


def rows_of(message: Message) -> dict[str, str]:
    """Return the caption's lines, by the text before the colon."""
    lines = (line.partition(": ") for line in (message.text or "").splitlines())
    return {name: value for name, colon, value in lines if colon}


def is_png(message: Message) -> bool:
    return message.photo is not None and (message.photo.width, message.photo.data[:4]) == (1080, b"\x89PNG")


def bots_photos(person: Person) -> list[Message]:
    return [message for message in person.chat.messages if message.photo is not None]


async def test_the_numbers_are_those_of_what_happened(world: World, install: Install, operator: Person) -> None:
    brisk = await install(SMSC_PRICE="0.45")
    _, group = await guarded(world)
    await some_get_in(world, brisk, group)

    await operator.says("/stats")

    message = await operator.sees("All gates · 7 days")
    assert is_png(message)
    told = rows_of(message)
    assert (told["Asked"], told["Contact"], told["Number"]) == ("3", "2 · 67%", "2 · 67%")
    assert (told["Called"], told["In by call"], told["Came in"]) == ("1 · 33%", "1 · 33%", "1")
    assert told["Stopped"] == "somebody else's contact 1"
    assert told["Spent on numbers"] == "2 × 0.45 = 0.90"
    took = (await brisk.rows("SELECT took_ms FROM journal WHERE event = 'confirmed'"))[0]["took_ms"] / 1000
    half = re.match(r"half within (\d+) s, nine of ten within (\d+) s", told["From number to call"])
    assert half is not None
    assert abs(int(half.group(1)) - took) <= max(1, 0.1 * took)
    assert message.buttons == ["Today", "· 7 days ·", "30 days", "90 days", "All time"]


async def test_who_is_known_and_who_came_without_a_call_are_told_apart_from_the_funnel(
    world: World, brisk: Installation, operator: Person
) -> None:
    _, group = await guarded(world)
    anna = world.person("Anna", language="en")
    await verify(anna)
    await anna.asks_to_join(group)
    await world.wait_until(lambda: anna.id in group.members)
    await all_is_carried(brisk)

    await operator.says(f"/stats today {group.id}")

    told = rows_of(await operator.sees("Flat owners · Today"))
    assert (told["Asked"], told["In by call"], told["Came in"]) == ("0", "0", "1")
    assert told["Let in at once, verified before"] == "1"
    assert "Spent on numbers" not in told


async def test_a_pressed_period_and_gate_change_the_message_in_place(
    world: World, brisk: Installation, operator: Person
) -> None:
    _, group = await guarded(world)
    _, garage = await guarded(world, "Garage")
    await some_get_in(world, brisk, group)
    await operator.says("/stats")
    message = await operator.sees("All gates · 7 days")
    before = message.photo

    await operator.presses("Today")
    assert (await operator.sees("All gates · Today")).id == message.id
    assert message.photo is not before
    await operator.presses("Another gate")
    await world.wait_until(lambda: message.buttons == ["All gates", "Flat owners", "Garage", "Back"])
    assert "All gates · Today" in (message.text or "")
    await operator.presses("Garage")
    assert (await operator.sees("Garage · Today")).id == message.id
    assert "Nobody asked" in (message.text or "")
    await operator.presses("All gates")
    await operator.sees("All gates · Today")
    await operator.presses("30 days")

    assert (await operator.sees("All gates · 30 days")).id == message.id
    assert "· 30 days ·" in message.buttons
    assert len(bots_photos(operator)) == 1
    assert world.telegram.unanswered_queries == []
    assert garage.messages == []


async def test_a_message_that_cannot_be_edited_is_replaced_by_a_new_one(
    world: World, brisk: Installation, operator: Person
) -> None:
    await guarded(world)
    await guarded(world, "Garage")
    await operator.says("/stats")
    message = await operator.sees("All gates · 7 days")
    gone = message.button("30 days")
    assert gone is not None
    world.faults.add(where="telegram", kind="400", method="editMessageMedia", times=1)

    await operator.presses("30 days")

    assert (await operator.sees("All gates · 30 days")).id != message.id
    world.faults.add(where="telegram", kind="400", method="editMessageReplyMarkup", times=1)
    await operator.presses("Another gate")
    chosen = await operator.sees("Of which gate?")
    await operator.presses("Garage")
    assert (await operator.sees("Garage · 30 days")).id == chosen.id


async def test_days_long_gone_are_in_longer_periods_only(world: World, brisk: Installation, operator: Person) -> None:
    _, group = await guarded(world)
    await some_get_in(world, brisk, group)
    world.clock.advance(40 * DAY)
    await world.person("Dora", language="en").asks_to_join(group)
    await all_is_carried(brisk)

    asked = {}
    for period, name in (("today", "Today"), ("30d", "30 days"), ("90d", "90 days"), ("all", "All time")):
        await operator.says(f"/stats {period}")
        asked[period] = rows_of(await operator.sees(f"All gates · {name}"))["Asked"]

    assert asked == {"today": "1", "30d": "1", "90d": "4", "all": "4"}


async def test_an_admin_sees_their_own_gates_and_nothing_else(
    world: World, brisk: Installation, operator: Person
) -> None:
    olga, group = await guarded(world)
    await becomes_known(olga, group)
    petra = world.person("Petra", language="en")
    garage = world.group("Garage", owner=petra)
    await petra.says("/start")
    await petra.makes_bot_admin(garage, can_invite_users=True)
    await petra.sees("guarded now")
    await some_get_in(world, brisk, group)

    await olga.says("/stats")
    message = await olga.sees("Flat owners · 7 days")
    assert (is_png(message), rows_of(message)["Asked"]) == (True, "3")
    assert message.buttons == ["Today", "· 7 days ·", "30 days", "90 days", "All time"]
    await olga.presses("Today")
    assert (await olga.sees("Flat owners · Today")).id == message.id
    assert await olga.presses_button(message.id, "s:7d:0:-1") == {
        "text": "I do not know this button any more. Send /start.",
        "show_alert": False,
    }
    answer = await olga.presses_button(message.id, f"s:7d:{garage.id}:-1")
    assert "Only administrators" in answer["text"]
    await olga.says("/stats Garage")
    assert "Flat owners" in ((await olga.sees("is neither a period")).text or "")

    assert olga.shown("Garage ·") is None
    assert len(bots_photos(olga)) == 1


async def test_an_admin_of_several_gates_chooses_among_them(world: World, brisk: Installation) -> None:
    olga, flats = await guarded(world)
    garage = world.group("Garage", owner=olga)
    await olga.makes_bot_admin(garage, can_invite_users=True)
    await olga.sees("Garage")
    for group in (flats, garage):
        await becomes_known(olga, group)

    await olga.says("/stats 30d")
    message = await olga.sees("Of which gate?")
    assert message.buttons == ["Flat owners", "Garage"]
    await olga.presses("Garage")

    assert (await olga.sees("Garage · 30 days")).id == message.id
    await olga.presses("Another gate")
    await world.wait_until(lambda: message.buttons[-1] == "Back")
    assert sorted(message.buttons[:-1]) == ["Flat owners", "Garage"]


async def test_strangers_do_not_learn_that_there_is_such_a_command(world: World, brisk: Installation) -> None:
    _, group = await guarded(world)
    anna = world.person("Anna", language="en")
    await anna.says("hello")
    as_any_text = (await anna.sees("👋")).text

    for words in ("/stats", f"/stats all {group.id}", "/stats nonsense"):
        await anna.says(words)
        await all_is_carried(brisk)
        assert [message.text for message in anna.chat.messages if message.sender.is_bot] == [as_any_text]

    assert await brisk.rows(TASKS) == [{"asked": 0}]
    assert all("stats" not in str(menu) for menu in world.telegram.commands.values())
    await anna.says("/help")
    assert "/stats" not in ((await anna.sees("/privacy")).text or "")
    answer = await anna.presses_button((await anna.sees("/privacy")).id, "s:7d:0:-1")
    assert "do not know this button" in answer["text"]


async def test_who_is_no_admin_any_more_is_answered_as_a_stranger(world: World, brisk: Installation) -> None:
    olga, group = await guarded(world)
    ivan = world.person("Ivan", language="en")
    await ivan.says("/start")
    await ivan.sees("👋")
    await ivan.asks_to_join(group)
    await olga.approves(group, ivan)
    await olga.promotes(group, ivan)
    await becomes_known(ivan, group)
    await ivan.says("/stats")
    await ivan.sees("Flat owners · 7 days")
    await olga.demotes(group, ivan)
    world.clock.advance(120)

    await ivan.says("/stats")

    await ivan.sees("👋")
    await all_is_carried(brisk)
    assert len(bots_photos(ivan)) == 1


@pytest.mark.parametrize("asked", ["yesterday", "7d <i>&"])
async def test_an_unknown_period_or_gate_is_answered_by_one_sentence_that_names_the_possible_ones(
    world: World, brisk: Installation, operator: Person, asked: str
) -> None:
    await guarded(world, "Flats <b>& more")

    await operator.says(f"/stats {asked}")

    text = (await operator.sees("is neither a period")).text or ""
    assert text.startswith(f"“{asked.removeprefix('7d ')}”")
    assert "today, 7d, 30d, 90d, all" in text
    assert "Flats <b>& more." in text
    assert bots_photos(operator) == []


async def test_a_name_of_several_gates_gets_buttons_and_the_whole_title_goes_before_a_part(
    world: World, brisk: Installation, operator: Person
) -> None:
    for title in ("Garage", "Garage, level 2", "Flats"):
        await guarded(world, title)

    await operator.says("/stats gara")
    message = await operator.sees("Of which gate?")
    assert message.buttons == ["Garage", "Garage, level 2"]
    await operator.presses("level 2")
    assert (await operator.sees("Garage, level 2 · 7 days")).id == message.id

    await operator.says("/stats Garage today")
    await operator.sees("Garage · Today")


async def test_of_several_charts_asked_for_at_once_the_last_one_stays(
    world: World, brisk: Installation, operator: Person
) -> None:
    _, group = await guarded(world)
    await some_get_in(world, brisk, group)
    await operator.says("/stats")
    message = await operator.sees("All gates · 7 days")

    for button in ("Today", "30 days", "90 days", "All time"):
        await operator.presses(button)

    await operator.sees("All gates · All time")
    await all_is_carried(brisk)
    assert (message.text or "").startswith("All gates · All time")
    await eventually(brisk, f"{TASKS} AND done_at IS NULL", [{"asked": 0}])


async def test_where_no_chart_can_be_drawn_its_words_go_out_and_operators_are_told(
    world: World, brisk: Installation, operator: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, group = await guarded(world)
    await some_get_in(world, brisk, group)
    # As in a checkout that lost its fonts.
    monkeypatch.setattr(chart_sheet, "FONTS", tmp_path)
    chart_sheet._font.cache_clear()

    await operator.says("/stats")

    message = await operator.sees("All gates · 7 days")
    assert rows_of(message)["Asked"] == "3"
    assert message.buttons == ["Today", "· 7 days ·", "30 days", "90 days", "All time"]
    assert bots_photos(operator) == []
    told = (await operator.sees("Error id")).text or ""
    assert "A delivery failed (OSError)" in told
    monkeypatch.undo()
    await operator.presses("30 days")
    assert is_png(await operator.sees("All gates · 30 days"))
