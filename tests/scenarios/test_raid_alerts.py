"""A group is raided: its admins get one alert, end the raid with one button, and see the result."""

from __future__ import annotations

import asyncio

import pytest

from bot.domain.admin_actions import AdminActionKind
from bot.domain.setting_choices import Page
from bot.sandbox.world import World
from bot.telegram.keyboards import PanelButton
from tests.installation import Installation, number_shown, verify
from tests.process import BotProcess
from tests.scenarios.raids import alerts, asking, raid, raided
from tests.scenarios.story import eventually, guarded

MINUTE = 60.0
SOON = 15.0
"""Real seconds within which somebody is served although thousands of others wait."""


async def is_told(callgate: Installation, gate_id: int, **news: object) -> None:
    """Set the gate's settings to these."""
    settings = ", ".join(f"'{name}', {value!r}" for name, value in news.items())
    is_sqlite = callgate.database_url.startswith("sqlite")
    made = f"json_object({settings})" if is_sqlite else f"json_build_object({settings})"
    assert callgate.app is not None
    async with callgate.app._parts.database.begin() as connection:
        await connection.exec_driver_sql(f"UPDATE gates SET settings = {made} WHERE chat_id = {gate_id}")


async def test_all_admins_hear_of_a_raid_once_and_one_of_them_declines_it_by_one_button(
    world: World, brisk: Installation
) -> None:
    owner, group = await guarded(world)
    pavel, stranger = world.person("Pavel", language="ru"), world.person("Igor", language="en")
    await owner.adds(group, pavel)
    await owner.promotes(group, pavel, can_invite_users=True)
    await pavel.says("/start")
    await stranger.asks_to_join(group)
    known = world.person("Klara", language="en")
    await verify(known)
    world.clock.advance(10 * MINUTE)

    crowd = await raid(world, group, 40)
    await known.asks_to_join(group)
    await owner.sees("is being raided")
    await world.wait_until(lambda: alerts(pavel))
    await world.wait_until(lambda: known.id in group.members)
    calling = crowd[0]
    await calling.shares_contact()
    number = await number_shown(calling)

    assert (await owner.presses("Decline unverified of"))["text"] == "Done"
    await world.wait_until(lambda: asking(group, crowd) == {calling.name})
    await owner.sees("Declined: 39. An administrator chose this.")
    await world.wait_until(lambda: "39" in (alerts(pavel)[0].text or ""))
    assert (await owner.presses("Decline "))["text"] == "Already done."

    # Earlier requests are not part of the raid, and people who were about to call still come in.
    assert asking(group, [stranger]) == {"Igor"}
    await calling.calls(number)
    await world.wait_until(lambda: calling.id in group.members)
    assert len(alerts(owner)) == len(alerts(pavel)) == 1
    assert [m for m in group.messages if m.sender.is_bot] == []


async def test_an_admin_pauses_the_gate_and_has_it_on_again_and_both_stand_in_the_message(
    world: World, brisk: Installation
) -> None:
    owner, group, _ = await raided(world, 35)
    await owner.sees("is being raided")

    await owner.presses("Pause the gate")
    await owner.sees("The gate is paused: I let in, decline and message nobody. An administrator chose this.")
    known = world.person("Klara", language="en")
    await verify(known)
    await known.asks_to_join(group)
    await brisk_settles(world)
    assert known.id not in group.members

    await owner.presses("Switch the gate on")
    await owner.sees("The gate is on. An administrator chose this.")
    await world.wait_until(lambda: known.id in group.members)


async def brisk_settles(world: World) -> None:
    """Return once what came in is processed."""
    await world.wait_until(lambda: not world.telegram.delivery.waiting)


async def test_strict_for_an_hour_keeps_rented_numbers_out_until_the_hour_has_passed(
    world: World, brisk: Installation
) -> None:
    owner, group, _ = await raided(world, 35)
    await owner.sees("is being raided")
    assert (await owner.presses("Strict for an hour"))["text"] == "Done"
    await owner.sees("The gate is strict until")
    landline = world.person("Lidia", phone="+74951234567", language="en")
    await landline.asks_to_join(group)
    await landline.sees("Flat owners")
    rows = await brisk.rows(
        "SELECT deadline_at - requested_at AS left FROM join_requests WHERE user_id = :id", id=landline.id
    )
    assert rows == [{"left": 3600 * 10**6}]
    assert (await owner.presses("End strict mode"))["text"] == "Done"
    await owner.sees("The gate is no longer strict. An administrator chose this.")


@pytest.mark.parametrize(
    ("reaction", "told", "undo"),
    [
        (
            "pause",
            "The gate is paused: I let in, decline and message nobody. I did this by myself.",
            "Switch the gate on",
        ),
        ("strict", "I did this by myself.", "End strict mode"),
    ],
)
async def test_what_a_gate_does_by_itself_is_told_with_a_button_to_undo_it(
    world: World, brisk: Installation, reaction: str, told: str, undo: str
) -> None:
    owner, group = await guarded(world)
    await is_told(brisk, group.id, raid=reaction)

    await raid(world, group, 35)

    await owner.sees(told)
    await owner.presses(undo)
    await owner.sees("An administrator chose this.")


async def test_with_a_log_chat_the_raid_is_told_in_its_topic_and_who_is_no_admin_presses_in_vain(
    world: World, brisk: Installation
) -> None:
    owner, group = await guarded(world)
    log = world.group("Admins", owner=owner, forum=True)
    await owner.makes_bot_admin(log)
    topic = await owner.opens_topic(log, "Raids")
    member = world.person("Maria", language="en")
    await owner.adds(log, member)
    await is_told(brisk, group.id, log_chat=log.id, log_topic=topic)

    crowd = await raid(world, group, 35)

    message = await owner.sees_in(log, "🚨")
    assert message.thread_id == topic
    assert alerts(owner) == []
    assert "dministrator" in (await member.presses("🚫", chat=log))["text"]
    assert len(asking(group, crowd)) == 35
    await owner.presses("🚫", chat=log)
    await world.wait_until(lambda: asking(group, crowd) == set())


async def test_when_a_raid_is_over_its_admins_learn_how_it_went_and_the_next_one_is_told_again(
    world: World, brisk: Installation
) -> None:
    owner, group, crowd = await raided(world, 35)
    await owner.sees("is being raided")
    await verify(crowd[0])
    await world.wait_until(lambda: crowd[0].id in group.members)

    world.clock.advance(6 * MINUTE)
    over = await owner.sees("The raid on Flat owners is over")
    assert "35 people asked to join. Let in: 1, declined: 0, waiting: 34." in (over.text or "")
    await world.wait_until(lambda: alerts(owner)[0].inline_keyboard == [])
    await owner.presses("Decline the unverified")
    await world.wait_until(lambda: asking(group, crowd) == set())
    await owner.sees("Declined: 34.")

    await raid(world, group, 35)
    await world.wait_until(lambda: len(alerts(owner)) == 2)


async def test_a_title_with_markup_is_told_as_it_is(world: World, brisk: Installation) -> None:
    owner, _, _ = await raided(world, 35, title="<b>Flats & co")

    await owner.sees("<b>Flats & co is being raided")


async def test_a_raid_that_ends_while_the_bot_is_down_is_told_to_be_over_once(
    world: World, brisk: Installation
) -> None:
    owner, _, _ = await raided(world, 35)
    await owner.sees("is being raided")
    await brisk.stop()
    world.clock.advance(6 * MINUTE)

    for _ in range(2):
        await brisk.start()
        await owner.sees("The raid on Flat owners is over")
        await eventually(brisk, "SELECT count(*) AS n FROM tasks WHERE done_at IS NULL AND kind = 'alert'", [{"n": 0}])
        await brisk.stop()

    told = [message for message in owner.chat.messages if "is over" in (message.text or "")]
    assert (len(alerts(owner)), len(told)) == (1, 1)


@pytest.mark.long
async def test_killed_in_the_middle_of_a_raid_the_bot_tells_of_it_once(fast_world: World, process: BotProcess) -> None:
    world, bot = fast_world, process
    await bot.start()
    owner, group = await guarded(world)
    world.faults.add(where="telegram", kind="reset_before", method="getChatAdministrators", times=None)
    await raid(world, group, 35)
    await eventually(bot, "SELECT count(*) AS n FROM tasks WHERE kind = 'call_admins' AND attempts > 0", [{"n": 1}])
    await bot.kill()
    world.faults.clear()
    await bot.start()

    await owner.sees("is being raided")
    # A message that was sent but not saved is sent again; no messenger can avoid that.
    await eventually(bot, "SELECT count(*) > 0 AS n FROM tasks WHERE kind = 'alert' AND done_at > 0", [{"n": True}])
    await raid(world, group, 35)
    await eventually(bot, "SELECT count(*) AS n FROM join_requests", [{"n": 70}])
    await bot.kill()
    await bot.start()

    await owner.sees("70 requests to join")
    assert len(alerts(owner)) == 1
    assert await bot.rows("SELECT count(*) AS n FROM journal WHERE event = 'raid'") == [{"n": 1}]


async def test_killed_in_the_middle_of_a_mass_decline_the_bot_declines_the_rest_and_nobody_twice(
    fast_world: World, process: BotProcess
) -> None:
    world, bot = fast_world, process
    # Slow, so that it dies with many of them chosen and few declined.
    await bot.start(TELEGRAM_RATE="60")
    owner, group, crowd = await raided(world, 620)
    await owner.sees("is being raided")
    await eventually(bot, "SELECT count(*) AS n FROM join_requests", [{"n": len(crowd)}])

    await owner.presses("Decline ")
    await world.wait_until(lambda: len(asking(group, crowd)) < len(crowd) - 20)
    await bot.kill()
    left = len(asking(group, crowd))
    await bot.start(TELEGRAM_RATE="0")

    assert 0 < left < len(crowd)
    await world.wait_until(lambda: asking(group, crowd) == set())
    await owner.sees(f"Declined: {len(crowd)}.", within=MINUTE)
    counted = await bot.rows("SELECT count(*) AS n FROM tasks WHERE kind = 'decline_join'")
    assert counted == [{"n": len(crowd)}]


async def test_two_raided_groups_keep_nobody_waiting_at_a_third(world: World, database_url: str) -> None:
    callgate = Installation(world, database_url, TELEGRAM_RATE="30")
    await callgate.start()
    owner, quiet = await guarded(world, "Quiet")
    groups = [(await guarded(world, title))[1] for title in ("Raided", "Raided too")]
    guest = world.person("Anna", language="en")

    crowds = await asyncio.gather(*(raid(world, group, 300) for group in groups))
    await eventually(callgate, "SELECT count(*) AS n FROM gates WHERE raid IS NOT NULL", [{"n": 2}])
    await guest.asks_to_join(quiet)
    await guest.sees("Quiet", within=SOON)
    await guest.shares_contact()
    await guest.calls(await number_shown(guest))
    await world.wait_until(lambda: guest.id in quiet.members, within=SOON)
    page = PanelButton(act=AdminActionKind.OPEN, gate=quiet.id, key=Page.DEADLINE).pack()
    message = await owner.sees("Quiet is guarded")
    await owner.presses_button(message.id, page, within=SOON)
    await world.wait_until(lambda: owner.shown("Quiet is guarded") is None, within=SOON)

    # All this while most people at the other gates still wait for a message.
    written_to = sum(bool(person.shown("Raided")) for crowd in crowds for person in crowd)
    assert written_to < 450
    assert world.telegram.too_many == 0
    await callgate.stop()
