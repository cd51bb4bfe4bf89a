"""Guarded groups: the query beside a request to join, its 10 seconds, its Mini App and its three results."""

from __future__ import annotations

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError
from aiogram.types import ChatJoinRequest

from bot.sandbox.people import NotSeen, Person
from bot.sandbox.telegram.app_user import NotAllowed
from bot.sandbox.telegram.state import Group
from bot.sandbox.world import World
from tests.sandbox.conftest import Poller

APP = "https://gate.example/app"


@pytest.fixture
async def guarded(group: Group, olga: Person) -> Group:
    await olga.assigns_guard(group)
    return group


async def asked(person: Person, group: Group, poller: Poller) -> ChatJoinRequest:
    """The person asks to join; return the bot's update."""
    await person.asks_to_join(group)
    request = (await poller.one()).chat_join_request
    assert request is not None
    return request


async def queried(person: Person, group: Group, poller: Poller) -> str:
    """The person asks to join a guarded group; return the id of the query."""
    query_id = (await asked(person, group, poller)).query_id
    assert query_id is not None
    return query_id


async def test_the_owner_chooses_the_bot_as_guard_and_telegram_says_so(bot: Bot, olga: Person, group: Group) -> None:
    assert (await bot.get_me()).supports_join_request_queries
    assert (await bot.get_chat(group.id)).guard_bot is None
    await olga.assigns_guard(group)
    guard = (await bot.get_chat(group.id)).guard_bot
    assert guard is not None
    assert guard.id == bot.id
    await olga.assigns_guard(group, on=False)
    assert (await bot.get_chat(group.id)).guard_bot is None


async def test_only_an_owner_chooses_and_only_a_bot_that_may_and_can(
    world: World, anna: Person, olga: Person, group: Group
) -> None:
    with pytest.raises(NotAllowed, match="Anna does not own Flat owners"):
        await anna.assigns_guard(group)
    with pytest.raises(NotAllowed, match="administrator that may invite users"):
        await olga.assigns_guard(world.group("Other", owner=olga))
    world.telegram.supports_join_request_queries = False
    with pytest.raises(NotAllowed, match="does not process join requests"):
        await olga.assigns_guard(group)
    assert not group.guarded


@pytest.mark.parametrize("loss", ["takes_rights", "demotes_bot", "removes_bot"])
async def test_a_bot_that_loses_its_right_is_no_guard_any_more_and_not_again_by_getting_it_back(
    olga: Person, guarded: Group, loss: str
) -> None:
    await getattr(olga, loss)(guarded)
    await olga.makes_bot_admin(guarded, can_invite_users=True)
    assert not guarded.guarded


async def test_requests_carry_a_query_in_guarded_groups_only(
    world: World, bot: Bot, anna: Person, olga: Person, group: Group, poller: Poller
) -> None:
    assert (await asked(anna, group, poller)).query_id is None
    await olga.assigns_guard(group)
    link = await bot.create_chat_invite_link(group.id, creates_join_request=True)
    ids = set()
    for name in ("Boris", "Vera"):
        await world.person(name).opens_link(link.invite_link)
        request = (await poller.one()).chat_join_request
        assert request is not None
        ids.add(request.query_id)
    assert None not in ids
    assert len(ids) == 2


async def test_approve_admits(bot: Bot, anna: Person, guarded: Group, poller: Poller) -> None:
    query_id = await queried(anna, guarded, poller)
    assert await bot.answer_chat_join_request_query(query_id, "approve")
    assert anna.id in guarded.members
    assert not guarded.requests
    change, line = await poller.take()
    assert change.chat_member is not None
    assert change.chat_member.via_join_request
    assert line.message is not None
    with pytest.raises(TelegramBadRequest, match="QUERY_ID_INVALID"):
        await bot.answer_chat_join_request_query(query_id, "approve")


async def test_decline_ends_the_request(bot: Bot, anna: Person, guarded: Group, poller: Poller) -> None:
    query_id = await queried(anna, guarded, poller)
    assert await bot.answer_chat_join_request_query(query_id, "decline")
    assert anna.id not in guarded.members
    with pytest.raises(TelegramBadRequest, match="HIDE_REQUESTER_MISSING"):
        await bot.approve_chat_join_request(guarded.id, anna.id)


async def test_queue_leaves_the_request_to_the_administrators(
    bot: Bot, anna: Person, olga: Person, guarded: Group, poller: Poller
) -> None:
    query_id = await queried(anna, guarded, poller)
    assert await bot.answer_chat_join_request_query(query_id, "queue")
    assert anna.id in guarded.requests
    with pytest.raises(TelegramBadRequest, match="QUERY_ID_INVALID"):
        await bot.send_chat_join_request_web_app(query_id, APP)
    await olga.approves(guarded, anna)
    assert anna.id in guarded.members


async def test_a_query_is_missed_after_ten_seconds_and_its_request_stays(
    world: World, bot: Bot, anna: Person, guarded: Group, poller: Poller
) -> None:
    query_id = await queried(anna, guarded, poller)
    world.clock.advance(10.1)
    with pytest.raises(TelegramBadRequest, match="QUERY_ID_INVALID"):
        await bot.answer_chat_join_request_query(query_id, "approve")
    with pytest.raises(TelegramBadRequest, match="QUERY_ID_INVALID"):
        await bot.send_chat_join_request_web_app(query_id, APP)
    assert await bot.approve_chat_join_request(guarded.id, anna.id)
    assert anna.id in guarded.members


async def test_an_app_offered_in_time_gives_ten_minutes(
    world: World, bot: Bot, anna: Person, guarded: Group, poller: Poller
) -> None:
    boris = world.person("Boris")
    in_time, too_late = await queried(anna, guarded, poller), await queried(boris, guarded, poller)
    for query_id in (in_time, too_late):
        assert await bot.send_chat_join_request_web_app(query_id, APP)
    world.clock.advance(590)
    assert await bot.answer_chat_join_request_query(in_time, "approve")
    world.clock.advance(20)
    with pytest.raises(TelegramBadRequest, match="QUERY_ID_INVALID"):
        await bot.answer_chat_join_request_query(too_late, "approve")
    assert boris.id in guarded.requests


async def test_an_app_is_offered_once_and_at_a_safe_address_only(
    bot: Bot, anna: Person, guarded: Group, poller: Poller
) -> None:
    query_id = await queried(anna, guarded, poller)
    for url in ("http://gate.example/app", "tg://resolve", "https://", "javascript:alert(1)"):
        with pytest.raises(TelegramBadRequest, match="Only HTTPS links are allowed"):
            await bot.send_chat_join_request_web_app(query_id, url)
    with pytest.raises(NotSeen, match="a Mini App"):
        await anna.sees_app(within=0.05)
    assert await bot.send_chat_join_request_web_app(query_id, "http://127.0.0.1:8080/app")
    with pytest.raises(TelegramBadRequest, match="QUERY_ID_INVALID"):
        await bot.send_chat_join_request_web_app(query_id, APP)
    assert (await anna.sees_app()).url.startswith("http://127.0.0.1:8080/app#tgWebAppData=")


async def test_the_ordinary_decisions_work_while_the_query_lives_and_end_it(
    world: World, bot: Bot, anna: Person, guarded: Group, poller: Poller
) -> None:
    boris, vera = world.person("Boris"), world.person("Vera")
    ids = [await queried(person, guarded, poller) for person in (anna, boris, vera)]
    await bot.approve_chat_join_request(guarded.id, anna.id)
    await bot.decline_chat_join_request(guarded.id, boris.id)
    await vera.withdraws_request(guarded)
    for query_id in [*ids, "unknown"]:
        with pytest.raises(TelegramBadRequest, match="QUERY_ID_INVALID"):
            await bot.answer_chat_join_request_query(query_id, "approve")
    assert anna.id in guarded.members
    assert not {boris.id, vera.id} & guarded.members.keys()


async def test_a_person_in_too_many_chats_cannot_be_admitted_and_the_query_lives_on(
    world: World, bot: Bot, guarded: Group, poller: Poller
) -> None:
    busy = world.person("Busy", too_many_chats=True)
    query_id = await queried(busy, guarded, poller)
    with pytest.raises(TelegramBadRequest, match="USER_CHANNELS_TOO_MUCH"):
        await bot.answer_chat_join_request_query(query_id, "approve")
    assert await bot.answer_chat_join_request_query(query_id, "queue")
    assert busy.id in guarded.requests


async def test_a_query_needs_the_right_to_invite_and_a_result_that_exists(
    bot: Bot, anna: Person, olga: Person, guarded: Group, poller: Poller
) -> None:
    query_id = await queried(anna, guarded, poller)
    with pytest.raises(TelegramBadRequest, match="invalid chat join request query result"):
        await bot.answer_chat_join_request_query(query_id, "perhaps")
    await olga.takes_rights(guarded)
    with pytest.raises(TelegramBadRequest, match="not enough rights to manage chat join requests"):
        await bot.answer_chat_join_request_query(query_id, "approve")
    await olga.removes_bot(guarded)
    with pytest.raises(TelegramForbiddenError, match="bot was kicked"):
        await bot.send_chat_join_request_web_app(query_id, APP)
    assert anna.id in guarded.requests


async def test_the_app_stays_open_after_the_decision_until_it_is_closed(
    world: World, bot: Bot, anna: Person, olga: Person, guarded: Group, poller: Poller
) -> None:
    query_id = await queried(anna, guarded, poller)
    await bot.send_chat_join_request_web_app(query_id, APP)
    app = await anna.sees_app()
    assert (app.group, app.query_id) == (guarded, query_id)
    await bot.answer_chat_join_request_query(query_id, "approve")
    assert await anna.sees_app() is app
    await anna.closes_app()
    with pytest.raises(NotSeen, match="a Mini App"):
        await anna.sees_app(within=0.05)


async def test_another_request_closes_the_app_of_the_one_before(
    world: World, bot: Bot, anna: Person, olga: Person, guarded: Group, poller: Poller
) -> None:
    other = world.group("Other", owner=olga)
    await olga.makes_bot_admin(other, can_invite_users=True)
    await olga.assigns_guard(other)
    await poller.take()
    await bot.send_chat_join_request_web_app(await queried(anna, guarded, poller), APP)
    await anna.sees_app()
    second = await queried(anna, other, poller)
    with pytest.raises(NotSeen, match="a Mini App"):
        await anna.sees_app(within=0.05)
    await bot.send_chat_join_request_web_app(second, APP)
    assert (await anna.sees_app()).group is other
