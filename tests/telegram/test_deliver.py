"""Each answer of Telegram becomes the right result."""

from __future__ import annotations

import asyncio
import dataclasses
from datetime import timedelta

import pytest
from aiogram import Bot

from bot.delivery.execute import TelegramExecutor, chat_of
from bot.delivery.screens import ScreenRenderer
from bot.domain.gates import GrantKind
from bot.domain.notifications import Notification, SendBalance, SendHealth, Toast
from bot.domain.outgoing import DeliveryResult, DeliveryStatus, PendingGrant, PendingScreen, PendingTask, TaskKind
from bot.domain.screens import Ended, Help, NumberShown, View, Welcome
from bot.domain.tasks import LogLine, SendExport, SendMyData
from bot.i18n.texts import Texts
from bot.sandbox.faults import Kind
from bot.sandbox.people import Person
from bot.sandbox.telegram.state import Group
from bot.sandbox.world import World
from bot.telegram.fallback import Fallback
from storage.sql.task_json import CLASSES
from tests.domain.makers import NOW, WINDOW
from tests.tasks import work

NOBODY = 4242
SHOWN = NumberShown(
    verification_id=1,
    token="t",
    number="+74950000001",
    mask="+7 ••• ••• 12-34",
    window_ends_at=NOW + WINDOW,
    left=None,
    is_asking_another=False,
    no_other=None,
    no_other_until=None,
)


@pytest.fixture
async def anna(world: World) -> Person:
    return world.person("Anna", language="en")


@pytest.fixture
async def group(world: World) -> Group:
    owner = world.person("Olga")
    group = world.group("Flat owners", owner=owner)
    await owner.makes_bot_admin(group, can_invite_users=True)
    return group


def owner(world: World) -> Person:
    return next(person for person in world.people.values() if person.name == "Olga")


def entry(group: Group, user_id: int) -> PendingGrant:
    return PendingGrant(group.id, user_id, GrantKind.JOIN, NOW, 0)


def task(kind: TaskKind, chat_id: int, **details: str | int) -> PendingTask:
    return PendingTask(1, work(kind, **details), chat_id, "en")


def screen(person: Person, view: View, last: DeliveryResult | None = None, *, fresh: bool = False) -> PendingScreen:
    """A screen to render; `last` is the result of the previous one."""
    return PendingScreen(
        user_id=person.id,
        chat_id=person.id,
        revision=1,
        view=view,
        language="en",
        message_id=last.message_id if last else None,
        is_editable=last.is_editable if last else False,
        is_fresh=fresh,
        shown_digest=last.digest if last else None,
        is_refresh=False,
        attempts=0,
    )


def refuses_edits(person: Person, shown: DeliveryResult) -> None:
    """Telegram rejects edits of this message from now on."""
    assert shown.message_id is not None
    person.chat.by_id[shown.message_id].other_markup = True


async def result(
    deliverer: TelegramExecutor, item: PendingGrant | PendingTask | PendingScreen
) -> tuple[DeliveryStatus, str]:
    receipt = await deliverer.deliver(item)
    assert receipt.item is item
    return receipt.result, receipt.error


async def test_who_asked_is_let_in(deliverer: TelegramExecutor, group: Group, anna: Person) -> None:
    await anna.asks_to_join(group)

    assert await result(deliverer, entry(group, anna.id)) == (DeliveryStatus.DONE, "")
    assert anna.id in group.members
    assert await result(deliverer, entry(group, anna.id)) == (DeliveryStatus.DONE, "")


async def test_a_request_that_is_gone_is_gone_and_done_when_its_person_is_in(
    world: World, deliverer: TelegramExecutor, group: Group, anna: Person
) -> None:
    assert (await result(deliverer, entry(group, anna.id)))[0] is DeliveryStatus.GONE

    await anna.asks_to_join(group)
    await owner(world).declines(group, anna)
    assert (await result(deliverer, entry(group, anna.id)))[0] is DeliveryStatus.GONE
    await anna.asks_to_join(group)
    await owner(world).approves(group, anna)
    assert await result(deliverer, entry(group, anna.id)) == (DeliveryStatus.DONE, "")


async def test_an_answer_that_was_lost_is_found_again(
    world: World, deliverer: TelegramExecutor, group: Group, anna: Person
) -> None:
    await anna.asks_to_join(group)
    world.faults.add(where="telegram", kind="reset_after", method="approveChatJoinRequest")

    assert (await result(deliverer, entry(group, anna.id)))[0] is DeliveryStatus.RETRY
    assert (await result(deliverer, entry(group, anna.id)))[0] is DeliveryStatus.DONE


async def guard_join(world: World, group: Group, anna: Person, attempts: int = 0) -> PendingGrant:
    """Anna asked to join the guarded group; return her grant."""
    await owner(world).assigns_guard(group)
    await anna.asks_to_join(group)
    query = group.requests[anna.id].query
    assert query is not None
    return dataclasses.replace(entry(group, anna.id), query_id=query.id, attempts=attempts)


def asked(world: World) -> list[str]:
    """Return the methods called about the request, in order."""
    methods = [entry.detail["method"] for entry in world.trace.last(100) if entry.kind in ("bot_api", "fault")]
    return [method for method in methods if method in ("answerChatJoinRequestQuery", "approveChatJoinRequest")]


async def test_a_guard_join_is_answered_by_its_query(
    world: World, deliverer: TelegramExecutor, group: Group, anna: Person
) -> None:
    assert await result(deliverer, await guard_join(world, group, anna)) == (DeliveryStatus.DONE, "")

    assert anna.id in group.members
    assert asked(world) == ["answerChatJoinRequestQuery"]


async def test_a_guard_join_tried_before_is_approved_like_any_other_request(
    world: World, deliverer: TelegramExecutor, group: Group, anna: Person
) -> None:
    assert await result(deliverer, await guard_join(world, group, anna, attempts=1)) == (DeliveryStatus.DONE, "")

    assert anna.id in group.members
    assert asked(world) == ["approveChatJoinRequest"]


async def test_a_query_that_telegram_refuses_for_any_reason_does_not_keep_the_person_out(
    world: World, deliverer: TelegramExecutor, group: Group, anna: Person
) -> None:
    grant = await guard_join(world, group, anna)
    world.faults.add(where="telegram", kind="400", method="answerChatJoinRequestQuery")

    assert await result(deliverer, grant) == (DeliveryStatus.DONE, "")
    assert anna.id in group.members


async def test_who_is_in_too_many_chats_is_told_apart(world: World, deliverer: TelegramExecutor, group: Group) -> None:
    busy = world.person("Boris", too_many_chats=True)
    await busy.asks_to_join(group)

    what, error = await result(deliverer, entry(group, busy.id))

    assert (what, "USER_CHANNELS_TOO_MUCH" in error) == (DeliveryStatus.TOO_MANY_CHATS, True)


async def test_without_the_right_or_the_chat_a_grant_is_refused(
    world: World, deliverer: TelegramExecutor, group: Group, anna: Person
) -> None:
    await anna.asks_to_join(group)
    await owner(world).takes_rights(group)
    what, error = await result(deliverer, entry(group, anna.id))
    assert (what, "not enough rights" in error) == (DeliveryStatus.REFUSED, True)

    await owner(world).removes_bot(group)
    assert (await result(deliverer, entry(group, anna.id)))[0] is DeliveryStatus.REFUSED


@pytest.mark.parametrize("kind", ["500", "reset_before", "reset_after"])
async def test_what_may_pass_is_tried_again(
    world: World, deliverer: TelegramExecutor, anna: Person, kind: Kind
) -> None:
    await anna.says("/start")
    world.faults.add(where="telegram", kind=kind, method="sendMessage")

    receipt = await deliverer.deliver(screen(anna, Welcome()))

    assert (receipt.result, receipt.retry_after) == (DeliveryStatus.RETRY, None)
    assert receipt.error in ("TelegramServerError", "TelegramNetworkError")


async def test_flood_control_is_obeyed_to_the_second(world: World, deliverer: TelegramExecutor, anna: Person) -> None:
    await anna.says("/start")
    world.faults.add(where="telegram", kind="429", method="sendMessage", seconds=17)

    receipt = await deliverer.deliver(screen(anna, Welcome()))

    assert (receipt.result, receipt.retry_after) == (DeliveryStatus.RETRY, 17)


async def test_with_a_token_that_telegram_refuses_everything_stays_owed(
    world: World, deliverer: TelegramExecutor, group: Group, anna: Person
) -> None:
    await anna.asks_to_join(group)
    world.telegram.token = "42:ANOTHER-token-of-the-sandbox"

    assert (await result(deliverer, entry(group, anna.id)))[0] is DeliveryStatus.RETRY
    assert (await result(deliverer, screen(anna, Welcome())))[0] is DeliveryStatus.RETRY


async def test_who_blocked_the_bot_or_never_wrote_cannot_be_reached(
    world: World, deliverer: TelegramExecutor, anna: Person
) -> None:
    assert (await result(deliverer, screen(anna, Welcome())))[0] is DeliveryStatus.UNREACHABLE
    await anna.says("/start")
    assert (await result(deliverer, screen(anna, Welcome())))[0] is DeliveryStatus.DONE
    await anna.blocks_bot()
    notify = task(TaskKind.NOTIFY, anna.id, notice=Notification.FAILURE, error="e", error_id="1")

    assert (await result(deliverer, screen(anna, Help())))[0] is DeliveryStatus.UNREACHABLE
    assert (await result(deliverer, notify))[0] is DeliveryStatus.UNREACHABLE
    nobody = task(TaskKind.NOTIFY, NOBODY, notice=Notification.FAILURE, error="e", error_id="1")
    assert (await result(deliverer, nobody))[0] is DeliveryStatus.UNREACHABLE


async def test_a_screen_is_edited_in_place_and_not_at_all_when_it_looks_the_same(
    world: World, deliverer: TelegramExecutor, anna: Person
) -> None:
    await anna.says("/start")
    first = await deliverer.deliver(screen(anna, Help()))
    second = await deliverer.deliver(screen(anna, Ended(1, is_cancelled=True), first))
    calls = len(world.trace.last(1000))

    third = await deliverer.deliver(screen(anna, Ended(1, is_cancelled=True), second))

    assert first.message_id == second.message_id == third.message_id
    assert (second.replaced, third.replaced) == ((), ())
    assert second.digest == third.digest != first.digest
    assert len(world.trace.last(1000)) == calls
    await anna.sees("Cancelled")


async def test_an_edit_that_changes_nothing_at_telegram_is_done(deliverer: TelegramExecutor, anna: Person) -> None:
    await anna.says("/start")
    first = await deliverer.deliver(screen(anna, Help()))
    lost = DeliveryResult(first.item, DeliveryStatus.DONE, message_id=first.message_id, is_editable=True, digest="lost")

    again = await deliverer.deliver(screen(anna, Help(), lost))

    assert (again.result, again.message_id, again.digest) == (DeliveryStatus.DONE, first.message_id, first.digest)


async def test_a_message_that_is_gone_or_brought_a_keyboard_is_replaced(
    bot: Bot, deliverer: TelegramExecutor, anna: Person
) -> None:
    await anna.says("/start")
    welcome = await deliverer.deliver(screen(anna, Welcome()))
    helped = await deliverer.deliver(screen(anna, Help(), welcome))
    assert not welcome.is_editable
    assert helped.replaced == (welcome.message_id,)

    assert helped.message_id is not None
    await bot.delete_message(anna.id, helped.message_id)
    ended = await deliverer.deliver(screen(anna, Ended(1, is_cancelled=True), helped))

    assert (ended.result, ended.replaced) == (DeliveryStatus.DONE, (helped.message_id,))
    assert ended.message_id != helped.message_id


async def test_a_message_that_may_not_change_its_kind_is_replaced(world: World, bot: Bot, anna: Person) -> None:
    await anna.says("/start")
    deliverer = TelegramExecutor(bot, world.clock, Texts("en"), ScreenRenderer(None, rich=True), None)
    plain = await deliverer.deliver(screen(anna, Help()))
    refuses_edits(anna, plain)
    rich = await deliverer.deliver(screen(anna, SHOWN, plain))
    assert (rich.result, rich.replaced) == (DeliveryStatus.DONE, (plain.message_id,))
    assert (await anna.sees("📞")).rich

    refuses_edits(anna, rich)
    ended = await deliverer.deliver(screen(anna, Ended(1, is_cancelled=True), rich))

    assert (ended.result, ended.replaced) == (DeliveryStatus.DONE, (rich.message_id,))
    assert not (await anna.sees("Cancelled")).rich
    assert (await deliverer.deliver(screen(anna, SHOWN))).digest == rich.digest


async def test_who_cannot_be_reached_is_no_reason_to_give_rich_messages_up(
    world: World, bot: Bot, anna: Person
) -> None:
    screens = ScreenRenderer(None, rich=True)
    deliverer = TelegramExecutor(bot, world.clock, Texts("en"), screens, None)

    stranger, nobody = screen(anna, SHOWN), dataclasses.replace(screen(anna, SHOWN), chat_id=NOBODY)
    assert (await result(deliverer, stranger))[0] is DeliveryStatus.UNREACHABLE
    assert (await result(deliverer, nobody))[0] is DeliveryStatus.UNREACHABLE

    await anna.says("/start")
    assert (await result(deliverer, screen(anna, SHOWN)))[0] is DeliveryStatus.DONE
    assert screens.is_rich


async def test_a_message_that_telegram_takes_in_no_kind_is_no_reason_either(
    world: World, bot: Bot, anna: Person
) -> None:
    await anna.says("/start")
    screens = ScreenRenderer(None, rich=True)
    deliverer = TelegramExecutor(bot, world.clock, Texts("en"), screens, None)
    world.faults.add(where="telegram", kind="400", method="sendRichMessage")
    world.faults.add(where="telegram", kind="400", method="sendMessage", times=2)

    assert (await result(deliverer, screen(anna, SHOWN)))[0] is DeliveryStatus.REFUSED
    assert screens.is_rich
    world.faults.add(where="telegram", kind="400", method="sendRichMessage")
    assert (await result(deliverer, screen(anna, SHOWN)))[0] is DeliveryStatus.DONE
    assert not screens.is_rich


@pytest.mark.parametrize(("kind", "seconds"), [("429", 17), ("500", None), ("reset_before", None)])
async def test_a_rich_message_that_may_pass_later_is_tried_again_as_such(
    world: World, bot: Bot, anna: Person, kind: Kind, seconds: float | None
) -> None:
    await anna.says("/start")
    deliverer = TelegramExecutor(bot, world.clock, Texts("en"), ScreenRenderer(None, rich=True), None)
    world.faults.add(where="telegram", kind=kind, method="sendRichMessage", seconds=seconds or 1)

    receipt = await deliverer.deliver(screen(anna, SHOWN))
    assert (receipt.result, receipt.retry_after) == (DeliveryStatus.RETRY, seconds)

    await deliverer.deliver(screen(anna, SHOWN))
    assert (await anna.sees("📞")).rich


async def test_a_fresh_screen_is_a_new_message_that_replaces_the_old_one(
    deliverer: TelegramExecutor, anna: Person
) -> None:
    await anna.says("/start")
    first = await deliverer.deliver(screen(anna, Help()))

    second = await deliverer.deliver(screen(anna, Help(), first, fresh=True))

    assert second.replaced == (first.message_id,)
    assert second.message_id != first.message_id


async def test_a_message_is_deleted_once_and_then_gone_and_an_old_one_cannot_be(
    world: World, deliverer: TelegramExecutor, anna: Person
) -> None:
    await anna.says("/start")
    first, second = [(await deliverer.deliver(screen(anna, Help()))).message_id for _ in range(2)]
    assert first is not None
    assert second is not None

    assert (await result(deliverer, task(TaskKind.DELETE_MESSAGE, anna.id, message_id=first)))[0] is DeliveryStatus.DONE
    assert (await result(deliverer, task(TaskKind.DELETE_MESSAGE, anna.id, message_id=first)))[0] is DeliveryStatus.GONE
    world.clock.advance(timedelta(days=3).total_seconds())
    assert (await result(deliverer, task(TaskKind.DELETE_MESSAGE, anna.id, message_id=second)))[
        0
    ] is DeliveryStatus.GONE


async def test_a_request_is_declined_once_and_then_gone(
    deliverer: TelegramExecutor, group: Group, anna: Person
) -> None:
    await anna.asks_to_join(group)
    decline = task(TaskKind.DECLINE_JOIN, group.id, gate=group.id, user_id=anna.id)

    assert (await result(deliverer, decline))[0] is DeliveryStatus.DONE
    assert group.requests == {}
    assert (await result(deliverer, decline))[0] is DeliveryStatus.GONE


async def test_an_answer_to_a_button_nobody_pressed_is_refused(deliverer: TelegramExecutor, anna: Person) -> None:
    answer = task(TaskKind.ANSWER_BUTTON, anna.id, query_id="1", toast=Toast.OVER)

    assert (await result(deliverer, answer))[0] is DeliveryStatus.REFUSED


async def test_a_notice_kept_by_a_version_that_did_not_note_the_gate_is_still_sent(
    deliverer: TelegramExecutor, anna: Person
) -> None:
    await anna.says("/start")
    notify = task(TaskKind.NOTIFY, anna.id, notice=Notification.GATE_ON, title="Flat owners")

    assert (await result(deliverer, notify))[0] is DeliveryStatus.DONE
    assert "Guard joins" not in ((await anna.sees("one step left")).text or "")


async def test_an_task_that_makes_no_sense_is_given_up_and_stops_nobody(
    deliverer: TelegramExecutor, anna: Person
) -> None:
    assert await result(deliverer, task(TaskKind.LOG, anna.id)) == (DeliveryStatus.REFUSED, "KeyError")


def test_every_class_of_work_is_run_by_something(deliverer: TelegramExecutor) -> None:
    made_elsewhere = {SendMyData, SendExport, SendHealth, SendBalance}

    assert {*deliverer.runners, *made_elsewhere, LogLine} == set(CLASSES)
    assert not made_elsewhere & set(deliverer.runners)


async def test_of_telegrams_words_only_what_a_database_keeps_is_told_on(
    world: World, deliverer: TelegramExecutor, anna: Person
) -> None:
    await anna.says("/start")
    for part in ("entities", "reply_markup", "link_preview_options"):
        world.telegram.refused_parts[part] = "no such thing: \0 \ud800 ы"

    receipt = await deliverer.deliver(screen(anna, Help()))

    assert receipt.error_id
    assert receipt.error == "Bad Request: no such thing: \ufffd \ufffd ы"


async def test_a_message_that_is_too_long_arrives_cut(deliverer: TelegramExecutor, bot: Bot, anna: Person) -> None:
    bot.session.middleware(Fallback(lambda _: None))
    await anna.says("/start")

    receipt = await deliverer.deliver(task(TaskKind.ANNOUNCE, anna.id, text="<b>Begin</b> " + 5000 * "x"))

    assert (receipt.result, receipt.error) == (DeliveryStatus.DONE, "Bad Request: message is too long")
    text = (await anna.sees("Begin xxx")).text or ""
    assert "xxx…" in text
    assert receipt.error_id
    assert text.endswith(receipt.error_id)


def test_only_messages_spend_a_chats_budget() -> None:
    assert chat_of(PendingGrant(-100, 7, GrantKind.JOIN, NOW, 0)) is None
    spending = {kind: chat_of(task(kind, 7)) for kind in TaskKind}
    assert {kind for kind, chat in spending.items() if chat is not None} == {
        TaskKind.ALERT,
        TaskKind.ANNOUNCE,
        TaskKind.LOG,
        TaskKind.APPEAL,
        TaskKind.CLOSE_APPEAL,
        TaskKind.NOTIFY,
        TaskKind.PRIVATE_CHAT_LINK,
        TaskKind.STATS,
        TaskKind.HEALTH,
        TaskKind.BALANCE,
        TaskKind.PROMPT,
        TaskKind.GROUP_PROMPT,
        TaskKind.SEND_FILE,
        TaskKind.MAKE_FILE,
    }


@pytest.mark.parametrize("knows", [False, True], ids=["old server", "new server"])
async def test_of_many_who_are_told_alone_one_at_most_is_shown_to_everybody(
    world: World, deliverer: TelegramExecutor, group: Group, knows: bool
) -> None:
    world.telegram.ephemeral_messages = knows
    prompt = dataclasses.replace(task(TaskKind.PROMPT, group.id), user_id=owner(world).id)
    before = [message.id for message in group.messages]

    receipts = await asyncio.gather(*(deliverer.deliver(prompt) for _ in range(5)))

    assert [receipt.result for receipt in receipts] == 5 * [DeliveryStatus.DONE if knows else DeliveryStatus.REFUSED]
    calls = [title for title in world.trace.titles("bot_api") if title.startswith("sendMessage")]
    assert len(calls) == (5 if knows else 1)
    assert [message.id for message in group.messages] == before
