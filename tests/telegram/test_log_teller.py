"""The lines of a log chat, and their buttons."""

from __future__ import annotations

import pytest
from aiogram import Bot

from bot.delivery.execute import TelegramExecutor
from bot.domain.journal import Event
from bot.domain.outgoing import DeliveryStatus, PendingLogBatch, PendingTask, TaskKind
from bot.features.moderation.log_lines import UNDO, LogSender
from bot.i18n.texts import Texts, unbroken
from bot.sandbox.people import Person
from bot.sandbox.telegram.state import Group, Message
from bot.sandbox.world import World
from bot.telegram.mentions import AdminNames
from tests.tasks import work

ANNA = 7000000042


@pytest.fixture
async def owner(world: World) -> Person:
    return world.person("Olga", language="en")


@pytest.fixture
async def log(world: World, owner: Person) -> Group:
    log = world.group("Log", owner=owner)
    await owner.makes_bot_admin(log, can_delete_messages=True)
    return log


def line(log: Group, event: Event, why: str = "", **details: str | int) -> PendingTask:
    told: dict[str, str | int] = {
        "event": event,
        "gate": log.id,
        "title": "",
        "user_id": ANNA,
        "name": "Anna",
        "why": why,
        "mask": "",
    }
    return PendingTask(1, work(TaskKind.LOG, **(told | details)), log.id)


async def tells(bot: Bot, log: Group, *lines: PendingTask, language: str = "en") -> Message:
    teller = LogSender(bot, Texts("en"), AdminNames(bot))
    receipt = await teller.tell(PendingLogBatch(log.id, None, language, lines))
    assert receipt.result is DeliveryStatus.DONE
    return log.by_id[receipt.message_id or 0]


async def test_a_line_says_who_where_what_why_phone_time_and_by_whom(bot: Bot, log: Group, owner: Person) -> None:
    one = line(
        log, Event.GRANT_DONE, "by_hand", title="<Flats>", mask="+7 ••• ••• 12-34", seconds=125, admin_id=owner.id
    )

    message = await tells(bot, log, one)

    assert message.text == f"✅ Anna · <Flats> · let in by hand · {unbroken('+7 ••• ••• 12-34')} · 2 min · by Olga"
    assert message.buttons == ["↩️ Verify again"]


@pytest.mark.parametrize(
    ("event", "why", "button"),
    [
        (Event.GRANT_DONE, "verified", "revoke"),
        (Event.JOIN_DECLINED, "deadline", "let_in"),
        (Event.JOIN_DECLINED, "by_hand", "let_in"),
        (Event.JOIN_DECLINED, "blocked", "unblock"),
        (Event.REMOVED, "deadline", "let_in"),
        (Event.BLOCKED, "", "unblock"),
        (Event.REVOKED, "", "restore"),
        (Event.UNBLOCKED, "", None),
        (Event.RESTORED, "", None),
        (Event.EXEMPTED, "by_hand", None),
    ],
)
async def test_a_single_line_can_be_undone_where_that_makes_sense(
    bot: Bot, log: Group, event: Event, why: str, button: str | None
) -> None:
    message = await tells(bot, log, line(log, event, why))

    data = [button["callback_data"] for row in message.inline_keyboard for button in row]
    assert data == ([f"g:{button}:{log.id}:log:{ANNA}"] if button else [])


async def test_what_gathered_is_one_message_of_twenty_lines_with_the_rest_counted_by_kind(bot: Bot, log: Group) -> None:
    lines = [line(log, Event.GRANT_DONE, "verified") for _ in range(22)]
    lines += [line(log, Event.JOIN_DECLINED, "deadline") for _ in range(3)]

    message = await tells(bot, log, *lines)

    told = (message.text or "").splitlines()
    assert len(told) == 21
    assert told[-1] == "… and 5 more: ✖️ declined: did not verify in time: 3, ✅ let in, verified: 2"
    assert message.buttons == []


async def test_a_flood_is_one_line_and_what_an_admin_did_to_many_another(bot: Bot, log: Group, owner: Person) -> None:
    lines = [line(log, Event.JOIN_DECLINED, "raid") for _ in range(300)]
    many = line(log, Event.JOIN_DECLINED, "many", user_id=0, count=120, admin_id=owner.id)

    message = await tells(bot, log, line(log, Event.GRANT_DONE, "verified"), *lines, many)

    assert (message.text or "").splitlines() == [
        "✅ Anna · let in, verified",
        "✖️ 120 declined together · by Olga",
        "🌊 300 declined in a flood",
    ]


async def test_an_admin_telegram_does_not_name_is_an_administrator(bot: Bot, log: Group) -> None:
    message = await tells(bot, log, line(log, Event.BLOCKED, admin_id=424242))

    assert (message.text or "").endswith("by administrator")


@pytest.mark.parametrize("event", Event)
async def test_every_event_can_be_told(bot: Bot, log: Group, event: Event) -> None:
    message = await tells(bot, log, line(log, event, name="<b>" * 40), language="ru")

    assert (message.text or "").count("\n") == 0
    assert not UNDO.get(event) or message.buttons


@pytest.mark.parametrize("how", ["removed", "muted", "deleted"])
async def test_a_log_chat_in_which_the_bot_may_not_write_is_out_of_reach(
    world: World, deliverer: TelegramExecutor, log: Group, owner: Person, how: str
) -> None:
    if how == "removed":
        await owner.removes_bot(log)
    elif how == "deleted":
        await owner.deletes(log)
    else:
        await owner.demotes_bot(log)
        await owner.permits(log, can_send_messages=False)

    receipt = await deliverer.deliver(PendingLogBatch(log.id, None, "en", (line(log, Event.BLOCKED),)))

    assert receipt.result is DeliveryStatus.UNREACHABLE


async def test_a_topic_that_is_gone_is_out_of_reach_too(
    world: World, deliverer: TelegramExecutor, owner: Person
) -> None:
    log = world.group("Log", owner=owner, forum=True)
    await owner.makes_bot_admin(log, can_delete_messages=True)
    topic = await owner.opens_topic(log, "Decisions")
    await owner.deletes_topic(log, topic)

    receipt = await deliverer.deliver(PendingLogBatch(log.id, topic, "en", (line(log, Event.BLOCKED),)))

    assert receipt.result is DeliveryStatus.UNREACHABLE
