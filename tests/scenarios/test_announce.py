"""/announce: operators write to the admins of all gates, once, with progress."""

from __future__ import annotations

from bot.sandbox.people import Person
from bot.sandbox.telegram.state import Group, Message
from bot.sandbox.world import World
from tests.installation import Installation
from tests.scenarios.conftest import Install
from tests.scenarios.gates import is_swept
from tests.scenarios.panel_walk import admin_of
from tests.scenarios.story import DAY, all_is_carried, eventually, guarded

LINE = "📣 From the operator of this bot\n\n"
LATER = "Work on the line tonight, from 2 to 3."
SENT = "SELECT total, sent, missed FROM announcements"
JOURNAL = "SELECT actor_id FROM journal WHERE event = 'announced'"


def got(person: Person) -> list[str]:
    """Return the announcements that somebody got, without the previews."""
    texts = [message.text or "" for message in person.chat.messages if message.sender.is_bot]
    return [text.removeprefix(LINE) for text in texts if text.startswith(LINE)]


async def two_gates(world: World, callgate: Installation) -> tuple[Person, Person, Group]:
    """Make two gates: Olga runs both, and Boris one of them with her."""
    olga, group = await guarded(world)
    boris = await admin_of(world, olga, group)
    garage = world.group("Garage", owner=olga)
    await olga.makes_bot_admin(garage, can_invite_users=True)
    await eventually(callgate, "SELECT count(*) AS n FROM admins WHERE is_admin", [{"n": 3}])
    await all_is_carried(callgate)
    return olga, boris, garage


def flats(world: World) -> Group:
    """The gate that Olga and Boris run."""
    return next(group for group in world.telegram.groups.values() if group.title == "Flat owners")


async def writes_it(operator: Person, text: str = LATER) -> Message:
    """Start an announcement, and write the text as the next message; return the preview."""
    await operator.says("/announce")
    await operator.sees("Announcement")
    await operator.says(text)
    return await operator.sees("This is how it will look")


async def test_each_admin_gets_it_once_after_a_preview_and_the_same_message_tells_the_result(
    world: World, brisk: Installation, operator: Person
) -> None:
    olga, boris, _ = await two_gates(world, brisk)
    stranger = world.person("Anna", language="en")
    await stranger.says("hello")
    text = f"{LATER} <b>& sorry"

    preview = await writes_it(operator, text)
    assert "Administrators who get it: 2. Their groups: 2." in (preview.text or "")
    assert (preview.text or "").endswith(LINE + text)
    assert preview.buttons == ["📣 Send", "✖️ Cancel"]
    assert (got(olga), got(boris)) == ([], [])
    await operator.presses("Send")

    result = await operator.sees("The announcement is out: it reached 2 of 2.")
    assert result.id == preview.id
    assert (got(olga), got(boris), got(stranger)) == ([text], [text], [])
    assert await brisk.rows(SENT) == [{"total": 2, "sent": 2, "missed": 0}]
    assert await brisk.rows(JOURNAL) == [{"actor_id": operator.id}]


async def test_the_text_can_stand_behind_the_command_or_be_replied_to_and_be_written_anew(
    world: World, brisk: Installation, operator: Person
) -> None:
    olga, _, _ = await two_gates(world, brisk)
    said = await operator.says("From a message of before.")

    await operator.says("/announce Behind the command.")
    assert ((await operator.sees("This is how it will look")).text or "").endswith("Behind the command.")
    await operator.says("/announce", reply_to=said)
    await operator.sees("From a message of before.")
    await operator.says("Better so.")
    await operator.sees("Better so.")
    await operator.presses("Send")

    await operator.sees("it reached 2 of 2")
    assert got(olga) == ["Better so."]
    assert len(await brisk.rows(SENT)) == 1


async def test_it_speaks_to_each_in_their_language(world: World, brisk: Installation, operator: Person) -> None:
    olga, _, _ = await two_gates(world, brisk)
    olga.account.language_code = "ru"
    await olga.says("привет")
    await all_is_carried(brisk)

    await writes_it(operator)
    await operator.presses("Send")

    assert ((await olga.sees(LATER)).text or "").startswith("📣 От оператора бота\n\n")


async def test_nothing_is_sent_when_it_is_cancelled(world: World, brisk: Installation, operator: Person) -> None:
    olga, _, _ = await two_gates(world, brisk)
    preview = await writes_it(operator)
    (send, _) = [button["callback_data"] for button in preview.inline_keyboard[0]]

    assert (await operator.presses("Cancel"))["text"] == "Cancelled"
    await operator.sees("I sent nothing.")
    assert (await operator.presses_under(preview, send))["text"] == "This is over already."
    await operator.says("This is not to be announced.")
    await operator.sees("👋")
    await operator.says("/announce")
    await operator.presses("Cancel")
    await operator.sees("I sent nothing.")
    await operator.says("Nor is this.")

    await operator.sees("👋")
    await all_is_carried(brisk)
    assert got(olga) == []
    assert await brisk.rows(SENT) == []


async def test_pressed_twice_and_by_two_operators_at_once_it_is_sent_once(world: World, install: Install) -> None:
    oleg, petra = (world.person(name, language="en") for name in ("Oleg", "Petra"))
    callgate = await install(OPERATORS=f"{oleg.id},{petra.id}")
    olga, boris, _ = await two_gates(world, callgate)
    preview = await writes_it(oleg)
    await petra.says("/announce")
    asked = await petra.sees("Announcement")
    (send, _) = [button["callback_data"] for button in preview.inline_keyboard[0]]

    answers = [
        await oleg.presses_under(preview, send),
        await petra.presses_under(asked, send),
        await oleg.presses_under(preview, send),
    ]

    assert [answer["text"] for answer in answers] == [
        None,
        "Already done.",
        "Already done.",
    ]
    await oleg.sees("it reached 2 of 2")
    await all_is_carried(callgate)
    assert (got(olga), got(boris)) == ([LATER], [LATER])
    assert await callgate.rows(JOURNAL) == [{"actor_id": oleg.id}]


async def test_who_is_removed_from_the_configuration_before_they_press_announces_nothing(
    world: World, brisk: Installation, operator: Person
) -> None:
    olga, _, _ = await two_gates(world, brisk)
    preview = await writes_it(operator)
    (send, _) = [button["callback_data"] for button in preview.inline_keyboard[0]]

    await brisk.restart(OPERATORS="424242")
    answer = await operator.presses_under(preview, send)
    await operator.says("And this is not announced either.")

    assert "do not know this button" in answer["text"]
    await operator.sees("👋")
    await all_is_carried(brisk)
    assert got(olga) == []
    assert [row["total"] for row in await brisk.rows(SENT)] == [0]


async def test_who_cannot_be_written_to_is_counted_and_not_tried_again(
    world: World, brisk: Installation, operator: Person
) -> None:
    olga, boris, _ = await two_gates(world, brisk)
    ivan = world.person("Ivan", language="en")
    await olga.adds(flats(world), ivan)
    await olga.promotes(flats(world), ivan)
    await eventually(brisk, "SELECT count(*) AS n FROM admins WHERE is_admin", [{"n": 4}])

    preview = await writes_it(operator)
    assert "Administrators I cannot write to: 1." in (preview.text or "")
    # The bot does not know it yet.
    boris.account.blocked_bot = True
    await operator.presses("Send")

    result = await operator.sees("it reached 1 of 2")
    assert "I could not message: 1" in (result.text or "")
    assert got(olga) == [LATER]
    again = await writes_it(operator, "And once more.")
    assert "Administrators who get it: 1." in (again.text or "")
    assert "Administrators I cannot write to: 2." in (again.text or "")
    assert ivan.chat.messages == []


async def test_where_nobody_is_reached_there_is_nothing_to_press(
    world: World, brisk: Installation, operator: Person
) -> None:
    preview_of_nothing = "I can reach nobody with it."
    await operator.says("/announce hello")

    assert (await operator.sees(preview_of_nothing)).buttons == ["✖️ Cancel"]
    page = await operator.sees(preview_of_nothing)
    (drop,) = [button["callback_data"] for button in page.inline_keyboard[0]]
    await operator.presses_under(page, drop.replace("drop", "send"))
    await all_is_carried(brisk)
    assert await brisk.rows("SELECT sent_at FROM announcements") == [{"sent_at": None}]


async def test_admins_of_gates_that_are_not_on_hear_nothing(
    world: World, brisk: Installation, operator: Person
) -> None:
    olga, boris, _ = await two_gates(world, brisk)
    await olga.removes_bot(flats(world))
    await eventually(brisk, "SELECT count(*) AS n FROM gates WHERE is_on", [{"n": 1}])

    assert "Administrators who get it: 1. Their groups: 1." in ((await writes_it(operator)).text or "")
    await operator.presses("Send")

    await operator.sees("it reached 1 of 1")
    assert (got(olga), got(boris)) == ([LATER], [])


async def test_what_cannot_be_announced_is_refused_in_one_sentence(
    world: World, brisk: Installation, operator: Person
) -> None:
    olga, _, _ = await two_gates(world, brisk)
    await operator.says("/announce")
    await operator.sees("Announcement")

    await operator.says("😀" * 1900)
    await operator.sees("⚠️ That is too long: an announcement has at most 3600 characters.")
    await operator.says("\u2060\u200b")
    await operator.sees("⚠️ That message has no text.")
    await operator.sends_document("plan.txt", b"words")
    await operator.sees("⚠️ I can announce text only, no pictures or files.")
    await operator.says("+7 999 123-45-67")
    await operator.sees("⚠️ That is only a phone number, so I did not keep it.")
    await operator.says("/announce " + "x" * 3601)
    await operator.sees("⚠️ That is too long")
    await operator.says("😀" * 1800)
    await operator.sees("This is how it will look")
    await operator.presses("Send")

    await operator.sees("it reached 2 of 2")
    assert got(olga) == ["😀" * 1800]


async def test_it_goes_on_after_a_restart_and_who_looks_elsewhere_is_told_the_result(
    world: World, brisk: Installation, operator: Person
) -> None:
    olga, boris, _ = await two_gates(world, brisk)
    await writes_it(operator)
    world.faults.add(where="telegram", kind="500", method="sendMessage", times=None)
    await operator.presses("Send")
    await eventually(brisk, "SELECT count(*) AS n FROM tasks WHERE attempts > 0 AND job IS NOT NULL", [{"n": 2}])
    await operator.sees("Sending: 0 of 2")

    await brisk.stop()
    world.faults.clear()
    await operator.says("/help")
    await brisk.start()
    # However often it was tried before, it is due again by then.
    world.clock.advance(300)

    await operator.sees("How this works")
    await world.wait_until(lambda: (got(olga), got(boris)) == ([LATER], [LATER]))
    await operator.sees("The announcement is out: it reached 2 of 2.")
    await all_is_carried(brisk)
    assert (got(olga), got(boris)) == ([LATER], [LATER])
    assert len([m for m in operator.chat.messages if "announcement is out" in (m.text or "")]) == 1


async def test_an_operator_who_leaves_the_page_before_it_shows_the_result_gets_a_message(
    world: World, brisk: Installation, operator: Person
) -> None:
    olga, boris, _ = await two_gates(world, brisk)
    await writes_it(operator)
    world.faults.add(where="telegram", kind="500", method="editMessageText", times=None)
    await operator.presses("Send")
    await world.wait_until(lambda: (got(olga), got(boris)) == ([LATER], [LATER]))
    await eventually(brisk, "SELECT count(over_at) AS finished FROM announcements", [{"finished": 1}])
    await is_swept(brisk)

    await operator.says("/help")
    await operator.sees("How this works")
    world.faults.clear()

    await operator.sees("The announcement is out: it reached 2 of 2.")
    await is_swept(brisk)
    assert len([m for m in operator.chat.messages if "announcement is out" in (m.text or "")]) == 1


async def test_what_was_announced_is_forgotten_after_two_days(
    world: World, brisk: Installation, operator: Person
) -> None:
    await two_gates(world, brisk)
    await writes_it(operator)
    await operator.presses("Send")
    await operator.sees("it reached 2 of 2")
    await writes_it(operator, "Never sent.")

    world.clock.advance(2 * DAY + 60)
    await is_swept(brisk)

    assert await brisk.rows(SENT) == []
