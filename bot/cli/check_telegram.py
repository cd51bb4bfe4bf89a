"""The doctor's checks of Telegram: the bot, where updates go, and each gate."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from aiogram import Bot
from aiogram.exceptions import (
    AiogramError,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)
from aiogram.types import WebhookInfo

from bot.cli.checks import UPDATE, CheckResult, check_clock, check_proxy
from bot.clock import REAL_TIME, DateCheck
from bot.domain.gates import Gate
from bot.i18n.texts import visible
from bot.proxies import TelegramSession
from bot.settings import Settings
from bot.telegram.api_errors import refusal
from bot.telegram.methods import UPDATE_TYPES, GetGuard, GuardedChat
from bot.telegram.webhook import WEBHOOK_PATH, host_of, same_address
from storage.engine.checks import DatabaseError, NewerDatabaseError
from storage.engine.read_only import gates_on

BETWEEN_GATES = 0.2
"""Seconds."""


async def check_telegram(config: Settings) -> AsyncIterator[CheckResult]:
    """Whether Telegram answers, and brings updates where the bot expects them."""
    through = await check_proxy("TELEGRAM_PROXY", config.telegram_proxy, (config.TELEGRAM_API_URL,))
    if through is not None:
        yield through
        if not through.is_right:
            return
    ahead: list[float] = []
    async with _bot(config, DateCheck(REAL_TIME, ahead.append)) as bot:
        try:
            me = await bot.get_me(request_timeout=10)
            webhook = await bot.get_webhook_info(request_timeout=10)
        except TelegramUnauthorizedError:
            yield CheckResult("Telegram refuses BOT_TOKEN", is_right=False, mend="copy the token from BotFather again")
            return
        except (AiogramError, OSError) as error:
            yield _no_telegram(error)
            return
        yield CheckResult(f"Telegram knows this bot as @{me.username}", is_right=True)
        yield CheckResult(
            "The bot may be added to groups" if me.can_join_groups else "The bot cannot be added to groups",
            is_right=bool(me.can_join_groups),
            mend="send /setjoingroups to BotFather and choose Enable",
        )
        async for finding in _updates(config, webhook):
            yield finding
        for finding in check_clock("Telegram's", ahead):
            yield finding


def _no_telegram(error: Exception) -> CheckResult:
    words = refusal(error)
    if words is None:
        return CheckResult(
            f"Telegram does not answer ({type(error).__name__})",
            is_right=False,
            mend="check the network and TELEGRAM_API_URL; where Telegram is blocked, set TELEGRAM_PROXY",
        )
    return CheckResult(
        f"Telegram refuses: {words}",
        is_right=False,
        mend="check BOT_TOKEN and TELEGRAM_API_URL; a bot that logged out of Telegram's own server, or of another one, "
        "can come back there after ten minutes",
    )


async def _updates(config: Settings, webhook: WebhookInfo) -> AsyncIterator[CheckResult]:
    """Whether the webhook stored at Telegram is the one that the bot sets."""
    host = host_of(webhook.url)
    if config.UPDATES == "polling":
        if host:
            yield CheckResult(
                f"Telegram brings updates to a webhook at {host}, although UPDATES=polling",
                is_right=False,
                mend="stop the other program that uses BOT_TOKEN; the running bot removes the webhook by itself",
            )
        return
    ours = f"{config.PUBLIC_URL}{WEBHOOK_PATH}"
    if not host:
        yield CheckResult(
            "Telegram has no webhook for this bot",
            is_right=False,
            mend="start the bot, which sets it; while it runs, another program removes it: stop that one",
        )
    elif not same_address(webhook.url, ours):
        yield CheckResult(
            f"Telegram brings updates to {host} instead of {ours}",
            is_right=False,
            mend="stop the other program that uses BOT_TOKEN; the running bot sets its webhook again by itself",
        )
    elif missing := set(UPDATE_TYPES) - set(webhook.allowed_updates or ()):
        yield CheckResult(
            f"The webhook does not bring everything; missing: {', '.join(sorted(missing))}",
            is_right=False,
            mend="stop the other program that uses BOT_TOKEN, or bring the Bot API server up to date",
        )
    if webhook.last_error_message:
        is_secret = "401" in webhook.last_error_message
        yield CheckResult(
            f"Telegram could not deliver updates: {webhook.last_error_message}",
            is_right=False,
            mend="another program may have set the webhook with its own secret, or a proxy before the bot asks for one"
            if is_secret
            else f"make {ours} reachable from outside",
        )
    elif webhook.pending_update_count:
        yield CheckResult(
            f"Updates that wait at Telegram: {webhook.pending_update_count}",
            is_right=False,
            mend="none if the bot has only just started; else see its log",
            is_optional=True,
        )


async def check_guard_joins(config: Settings) -> AsyncIterator[CheckResult]:
    """Whether people can verify in the window in which they ask to join: in general, and at each active gate."""
    try:
        gates = await gates_on(config.DATABASE_URL.get_secret_value())
    except NewerDatabaseError as error:
        yield CheckResult(str(error), is_right=False, mend=UPDATE)
        return
    except DatabaseError as error:
        yield CheckResult(
            str(error), is_right=False, mend="make the database usable; `python -m bot migrate` makes a new one"
        )
        return
    async with _bot(config) as bot:
        try:
            me = await bot.get_me(request_timeout=10)
        except (AiogramError, OSError):
            # Already reported above.
            return
        yield CheckResult(
            "Telegram lets this bot process join requests (guard joins)"
            if me.supports_join_request_queries
            else "Telegram does not let this bot process join requests: no guard joins",
            is_right=bool(me.supports_join_request_queries),
            mend="look in BotFather's settings of this bot for join requests; Telegram does not say how the switch is "
            "called, see docs/telegram.md",
            is_optional=True,
        )
        if config.app_url is None:
            yield CheckResult(
                "Without PUBLIC_URL guard joins cannot open the Mini App: who asks to join is written to in private",
                is_right=False,
                mend="set PUBLIC_URL to an https address",
                is_optional=True,
            )
        for gate in gates:
            async for finding in _gate(bot, gate):
                yield finding
            # The running bot needs the same rate limit.
            await asyncio.sleep(BETWEEN_GATES)


async def _gate(bot: Bot, gate: Gate) -> AsyncIterator[CheckResult]:
    title = f"{_quoted(gate.title)} ({gate.chat_id})"
    try:
        chat = await bot(GetGuard(chat_id=gate.chat_id), request_timeout=10)
    except (TelegramRetryAfter, TelegramNetworkError, TelegramServerError, OSError) as error:
        yield CheckResult(
            f"The gate {title} could not be asked now: {type(error).__name__}",
            is_right=False,
            mend="ask the doctor again later",
            is_optional=True,
        )
        return
    except AiogramError as error:
        yield CheckResult(
            f"The gate {title} cannot be asked: {getattr(error, 'message', type(error).__name__)}",
            is_right=False,
            mend="make the bot an administrator there again, with the right “Invite users via link”",
        )
        return
    if chat.community is not None:
        yield CheckResult(
            f"The gate {title} belongs to the community {_quoted(chat.community.name)}, whose members find it there",
            is_right=False,
            mend="make sure that they have to ask (Edit → Group type → “Approve new members”), and press “Test my "
            "link” on its card at /gates",
            is_optional=True,
        )
    yield _guard(bot, gate, chat, title)


def _quoted(name: str) -> str:
    """A name that anybody may have chosen, made safe for a terminal."""
    return f"“{''.join(filter(str.isprintable, visible(name)))}”"


def _guard(bot: Bot, gate: Gate, chat: GuardedChat, title: str) -> CheckResult:
    if chat.guard_bot is not None and chat.guard_bot.id == bot.id:
        return CheckResult(f"The gate {title} has this bot process its join requests", is_right=True)
    if gate.is_channel:
        return CheckResult(f"The gate {title} is a channel; guard joins are for groups", is_right=True)
    return CheckResult(
        f"The gate {title} has {'nobody' if chat.guard_bot is None else 'another bot'} process its join requests",
        is_right=False,
        mend="its owner chooses this bot in the group's settings, under “Process join requests”",
        is_optional=True,
    )


def _bot(config: Settings, dates: DateCheck | None = None) -> Bot:
    session = TelegramSession(config.TELEGRAM_API_URL, config.telegram_proxy, dates)
    return Bot(config.BOT_TOKEN.get_secret_value(), session=session)
