"""Flood limits run on real time and answer 429.

Here that time passes only when told to: slow calls of a busy machine would otherwise earn more.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramRetryAfter
from aiogram.types import ChatPermissions, EphemeralMessageParameters

from bot.sandbox.telegram import flood
from bot.sandbox.world import World
from tests.sandbox.conftest import bot_for


class RealTime:
    """The time that the limits use."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds


@pytest.fixture
def real_time(monkeypatch: pytest.MonkeyPatch) -> RealTime:
    real_time = RealTime()
    monkeypatch.setattr(flood, "time", real_time)
    return real_time


@pytest.fixture
async def world(real_time: RealTime) -> AsyncIterator[World]:
    async with World(flood_limits=True) as world:
        yield world


async def send_until_refused(bot: Bot, chat_id: int, most: int) -> tuple[int, int]:
    for number in range(most):
        try:
            await bot.send_message(chat_id, f"{number}")
        except TelegramRetryAfter as refusal:
            return number, refusal.retry_after
    raise AssertionError("never refused")


async def test_a_private_chat_takes_a_short_burst_then_one_message_a_second(
    world: World, bot: Bot, real_time: RealTime
) -> None:
    anna = world.person("Anna")
    await anna.says("/start")
    assert await send_until_refused(bot, anna.id, 10) == (4, 1)
    assert world.telegram.too_many == 1
    assert len(anna.chat.messages) == 5
    world.clock.advance(3600)
    with pytest.raises(TelegramRetryAfter):
        await bot.send_message(anna.id, "the sandbox clock does not buy anything")
    real_time.seconds += 1
    await bot.send_message(anna.id, "a second later")
    with pytest.raises(TelegramRetryAfter):
        await bot.send_message(anna.id, "and one more")


async def test_a_group_takes_20_messages_in_any_minute(world: World, bot: Bot, real_time: RealTime) -> None:
    olga = world.person("Olga")
    group = world.group("Flat owners", owner=olga)
    await olga.makes_bot_admin(group)
    count, wait = await send_until_refused(bot, group.id, 25)
    assert (count, wait) == (20, 60)
    real_time.seconds += 59
    assert await send_until_refused(bot, group.id, 1 + 1) == (0, 1)
    real_time.seconds += 1
    assert await send_until_refused(bot, group.id, 25) == (20, 60)


async def test_a_chat_that_is_to_rest_takes_no_message_while_others_do(
    world: World, bot: Bot, real_time: RealTime
) -> None:
    anna, boris = world.person("Anna"), world.person("Boris")
    for person in (anna, boris):
        await person.says("/start")
    world.telegram.flood.refuse_messages(anna.chat, 30)
    assert await send_until_refused(bot, anna.id, 2) == (0, 30)
    await bot.send_message(boris.id, "x")
    real_time.seconds += 30
    await bot.send_message(anna.id, "x")


async def test_every_call_that_arrives_is_counted_with_its_moment(world: World, bot: Bot, real_time: RealTime) -> None:
    for seconds in (0.0, 0.0, 0.9, 1.0, 1.9):
        real_time.seconds = seconds
        await bot.get_me()
    assert list(world.telegram.flood.moments) == [0.0, 0.0, 0.9, 1.0, 1.9]
    assert world.telegram.flood.most_within(1) == 3


async def test_the_whole_bot_has_30_calls_a_second(world: World, bot: Bot) -> None:
    people = [world.person(f"P{number}") for number in range(45)]
    for person in people:
        await person.says("/start")
    refused = 0
    for person in people:
        try:
            await bot.send_message(person.id, "x")
        except TelegramRetryAfter:
            refused += 1
    assert refused == 15
    for _ in range(40):
        await bot.get_me()


async def test_join_decisions_share_the_whole_bots_budget(world: World, bot: Bot) -> None:
    olga = world.person("Olga")
    group = world.group("Flat owners", owner=olga)
    await olga.makes_bot_admin(group, can_invite_users=True)
    people = [world.person(f"P{number}") for number in range(45)]
    for person in people:
        await person.asks_to_join(group)
    results = await asyncio.gather(
        *(bot.approve_chat_join_request(group.id, person.id) for person in people), return_exceptions=True
    )
    refused = [result for result in results if isinstance(result, TelegramRetryAfter)]
    assert len(refused) == world.telegram.too_many == 15
    assert len(group.requests) == len(refused)


async def test_ephemeral_messages_share_their_groups_budget(world: World, bot: Bot) -> None:
    olga = world.person("Olga")
    group = world.group("Flat owners", owner=olga)
    await olga.makes_bot_admin(group)
    parameters = EphemeralMessageParameters(receiver_user_id=olga.id)
    for number in range(19):
        await bot.send_message(group.id, f"{number}", ephemeral_message_parameters=parameters)
    assert await send_until_refused(bot, group.id, 5) == (1, 60)
    with pytest.raises(TelegramRetryAfter):
        await bot.send_message(group.id, "x", ephemeral_message_parameters=parameters)


async def test_what_is_done_to_members_shares_the_whole_bots_budget(world: World, bot: Bot) -> None:
    olga, anna = world.person("Olga"), world.person("Anna")
    group = world.group("Flat owners", owner=olga, approves=False)
    await olga.makes_bot_admin(group, can_restrict_members=True, can_manage_tags=True, can_invite_users=True)
    await anna.joins(group)
    for number in range(10):
        await bot.restrict_chat_member(group.id, anna.id, ChatPermissions(can_send_messages=bool(number % 2)))
        await bot.set_chat_member_tag(group.id, anna.id, f"{number}")
        await bot.create_chat_invite_link(group.id)
    for call in (
        bot.ban_chat_member(group.id, anna.id),
        bot.unban_chat_member(group.id, anna.id),
        bot.set_chat_member_tag(group.id, anna.id, "x"),
        bot.create_chat_invite_link(group.id),
    ):
        with pytest.raises(TelegramRetryAfter):
            await call
    assert group.member(anna.account).tag == "9"


async def test_limits_can_be_off(world: World) -> None:
    async with World(flood_limits=False) as free, bot_for(free) as bot:
        anna = free.person("Anna")
        await anna.says("/start")
        for number in range(50):
            await bot.send_message(anna.id, f"{number}")
        assert free.telegram.too_many == 0
