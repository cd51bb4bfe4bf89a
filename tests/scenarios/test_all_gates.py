"""/gates of an operator: all gates with the state of each; for everybody else nothing changes."""

from __future__ import annotations

from bot.domain.gates import GateMode
from bot.sandbox.people import Person
from bot.sandbox.world import World
from tests.installation import Installation
from tests.scenarios.gates import switches
from tests.scenarios.story import all_is_carried, eventually, guarded


async def test_all_gates_are_listed_those_in_trouble_first_and_each_has_a_card(
    world: World, brisk: Installation, operator: Person
) -> None:
    _, fine = await guarded(world, "Flats <b>")
    owner, lost = await guarded(world, "Lost")
    paused_by, paused = await guarded(world, "Paused")
    anna = world.person("Anna", language="en")
    await anna.asks_to_join(fine)
    await anna.sees("Flats")
    await owner.removes_bot(lost)
    await eventually(brisk, "SELECT title FROM gates WHERE NOT is_on", [{"title": "Lost"}])
    await switches(brisk, paused, GateMode.PAUSED, paused_by)

    await operator.says("/gates")
    page = await operator.sees("All groups: 3")
    text = page.text or ""
    assert page.buttons == ["⛔ Lost", "⏸ Paused", "✅ Flats <b>", "🔄 Refresh"]
    assert "1. ⛔ Lost · not guarded: no right to let people in · 1 administrator" in text
    assert "3. ✅ Flats <b> · guarded · 1 waits · 1 administrator · last active" in text

    await operator.presses("Flats")
    card = await operator.sees("Way in: they ask to join")
    await operator.sees("nothing is missing.")
    text = card.text or ""
    assert card.id == page.id
    assert str(fine.id) in text
    assert "1 waits" in text
    assert "Added by id " in text
    assert not any("Settings" in button for button in card.buttons)
    assert (await operator.presses("Check again"))["text"] == "Checking…"
    await operator.presses("Statistics")
    await operator.sees("Flats <b> · 7 days")
    await operator.presses("All groups")
    assert (await operator.sees("All groups: 3")).id == page.id


async def test_what_a_gate_lacks_stands_on_its_card(world: World, brisk: Installation, operator: Person) -> None:
    _, group = await guarded(world)
    group.username, group.approves_new_members = "flats", False

    await operator.says("/gates")
    await operator.presses("Flat owners")

    await operator.sees("Anybody can join without asking")
    await operator.sees("people can get in without verifying")
    await operator.presses("All groups")
    await operator.sees("1. ⚠️ Flat owners · on, but people can get in without verifying")


async def test_many_gates_have_pages(world: World, brisk: Installation, operator: Person) -> None:
    for number in range(10, 19):
        await guarded(world, f"Group {number}")

    await operator.says("/gates")
    page = await operator.sees("All groups: 9")
    assert [button for button in page.buttons if "Group" in button] == [f"✅ Group {n}" for n in range(10, 18)]
    await operator.presses("›")
    await operator.sees("9. ✅ Group 18")
    await operator.presses("Group 18")
    await operator.sees("Way in")
    await operator.presses("All groups")

    await operator.sees("9. ✅ Group 18")


async def test_an_operator_who_runs_gates_reaches_their_own_panel(
    world: World, brisk: Installation, operator: Person
) -> None:
    await guarded(world, "Garage")
    group = world.group("Flat owners", owner=operator)
    await operator.says("/start")
    await operator.makes_bot_admin(group, can_invite_users=True)
    await operator.sees("guarded now")

    await operator.says("/gates")
    await operator.sees("All groups: 2")
    await operator.presses("My groups: 1")
    await operator.sees("Your groups")
    await operator.says("/gates")
    await operator.sees("All groups: 2")
    await operator.presses("Flat owners")
    await operator.presses("Settings")

    await operator.sees("Flat owners is guarded now")


async def test_for_others_the_command_is_as_it_was(world: World, brisk: Installation, operator: Person) -> None:
    olga, _ = await guarded(world)
    await guarded(world, "Garage")
    anna = world.person("Anna", language="en")

    await olga.says("/gates")
    assert (await olga.sees("Your groups")).buttons == ["✅ Flat owners"]
    await anna.says("/gates")
    await anna.sees("You manage no group that I guard")
    await all_is_carried(brisk)
    message = await anna.sees("You manage no group")
    for data in ("i:gates:0:0", f"i:gate:{-100}:0", f"i:stats:{-100}:0"):
        assert "do not know this button" in (await anna.presses_button(message.id, data))["text"]

    assert anna.shown("All groups") is None


async def test_a_button_of_a_gate_that_is_not_there_shows_the_list(
    world: World, brisk: Installation, operator: Person
) -> None:
    await guarded(world)
    await operator.says("/gates")
    page = await operator.sees("All groups: 1")

    await operator.presses_under(page, "i:gate:-5:9999")
    assert (await operator.presses_under(page, "i:check:-5:0"))[
        "text"
    ] == "I do not know this button any more. Send /start."
    await all_is_carried(brisk)

    await operator.sees("All groups: 1")
