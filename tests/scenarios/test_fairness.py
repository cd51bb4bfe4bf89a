"""A person who asks a great deal of the bot delays nobody, and the bot calls Telegram no more often than it may."""

from __future__ import annotations

import pytest

from bot.domain.admin_actions import AdminActionKind
from bot.sandbox.people import Person
from bot.sandbox.world import World
from bot.telegram.keyboards import PanelButton
from tests.installation import verify
from tests.scenarios.conftest import Install
from tests.scenarios.story import all_is_carried, eventually, guarded

RATE = 20
PRESSES = 400
FIVE_MINUTES = 300.0


def press(person: Person, data: str, times: int) -> None:
    """Press a button so often, without waiting for an answer."""
    message = person.chat.messages[-1]
    for _ in range(times):
        person.press_without_waiting(message, data)


def calls(world: World) -> list[str]:
    return [entry.detail["method"] for entry in world.trace.of("bot_api")]


@pytest.mark.parametrize("known", [False, True])
async def test_hundreds_of_presses_of_one_account_do_not_delay_a_newcomer(
    world: World, install: Install, *, known: bool
) -> None:
    callgate = await install(TELEGRAM_RATE=str(RATE))
    _, group = await guarded(world)
    mallory, anna = world.person("Mallory", language="en"), world.person("Anna", language="en")
    await mallory.says("/start")
    await mallory.sees("1. ")
    await all_is_carried(callgate)
    gate_id = group.id if known else -1007777777777
    before = len(calls(world))

    press(mallory, PanelButton(act=AdminActionKind.CHECK, gate=gate_id).pack(), PRESSES)
    await eventually(
        callgate, "SELECT count(*) > 40 AS flooded FROM tasks WHERE kind = 'answer_button'", [{"flooded": 1}]
    )
    await verify(anna)

    during = calls(world)[before:]
    # Most of the presses still wait for their answer.
    assert during.count("answerCallbackQuery") < PRESSES / 2
    if not known:
        assert not {"getChatMember", "getChatAdministrators"} & set(during)


async def test_however_many_calls_a_delivery_takes_no_second_sees_too_many(world: World, install: Install) -> None:
    """Each card takes four calls, each admin one. Without a limit all would come within a fraction of a second."""
    callgate = await install(TELEGRAM_RATE=str(RATE))
    groups = [(await guarded(world, f"Group {number}"))[1] for number in range(4)]
    world.telegram.flood.moments.clear()
    admins = [world.person(f"Admin {number}", language="en") for number in range(12)]
    for admin in admins:
        await admin.says("/start")
        for group in groups:
            press(admin, PanelButton(act=AdminActionKind.CHECK, gate=group.id).pack(), 1)
    await all_is_carried(callgate, within=FIVE_MINUTES)

    assert len(world.telegram.flood.moments) > 4 * RATE
    # On a busy machine, delayed calls may arrive together.
    assert world.telegram.flood.most_within(1) <= 2 * RATE


async def test_two_groups_that_take_no_more_messages_do_not_keep_somebody_verified_out(
    world: World, install: Install
) -> None:
    callgate = await install(TELEGRAM_RATE=str(RATE))
    anna = world.person("Anna", language="en")
    await verify(anna)
    olga, group = await guarded(world)
    for number in range(3):
        full = world.group(f"Full {number}", owner=olga)
        await olga.makes_bot_admin(full, can_invite_users=True)
        world.telegram.flood.refuse_messages(full, 3600)
        await olga.says("/gate", full)
    await world.wait_until(lambda: world.telegram.flood.too_many >= 3)

    await anna.asks_to_join(group)

    await world.wait_until(lambda: anna.id in group.members)
    assert await callgate.rows("SELECT user_id FROM grants WHERE attempts > 0") == []


async def test_a_group_about_which_every_call_is_flooded_keeps_nobody_else_waiting(
    world: World, install: Install
) -> None:
    """Telegram also counts join requests, members and links by chat."""
    callgate = await install(TELEGRAM_RATE=str(RATE))
    anna, boris = (world.person(name, language="en") for name in ("Anna", "Boris"))
    await verify(anna)
    await verify(boris)
    _, group = await guarded(world)
    _, flooded = await guarded(world, "Flooded")
    await all_is_carried(callgate)
    world.telegram.flood.refuse_calls(flooded, 3600)
    await boris.asks_to_join(flooded)
    await eventually(callgate, "SELECT count(*) AS n FROM grants WHERE attempts > 0", [{"n": 1}])

    await anna.asks_to_join(group)

    await world.wait_until(lambda: anna.id in group.members)
    (row,) = await callgate.rows("SELECT state, error FROM grants WHERE user_id = :id", id=boris.id)
    assert (row["state"], row["error"]) == ("due", "flood control")


@pytest.mark.long
async def test_many_who_wait_at_a_flooded_group_make_few_calls_about_it(world: World, install: Install) -> None:
    callgate = await install(TELEGRAM_RATE=str(RATE))
    people = [world.person(f"Person {number}", language="en") for number in range(30)]
    for person in people:
        await verify(person)
    _, flooded = await guarded(world, "Flooded")
    await all_is_carried(callgate)
    world.telegram.flood.refuse_calls(flooded, 3600)
    await people[0].asks_to_join(flooded)
    await eventually(callgate, "SELECT count(*) AS n FROM grants WHERE attempts > 0", [{"n": 1}])
    before = calls(world).count("approveChatJoinRequest")

    for person in people[1:]:
        await person.asks_to_join(flooded)

    await eventually(callgate, "SELECT count(*) AS n FROM grants WHERE attempts > 0", [{"n": 30}])
    assert calls(world).count("approveChatJoinRequest") == before
