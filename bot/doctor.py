"""The doctor: holds the configuration against the live services, and says what is wrong and how to mend it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import (
    AiogramError,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)
from aiogram.types import WebhookInfo

from bot.domain.gate import Gate
from bot.domain.gateway import GatewayError, GatewayReason
from bot.gateway.client import Account, SmscClient
from bot.outbox.addresses import RefusedAddressError, checked
from bot.settings import Settings
from bot.telegram.methods import UPDATE_TYPES, GetGuard
from bot.telegram.refusals import refusal
from bot.telegram.texts import visible
from bot.telegram.webhook import WEBHOOK_PATH, host_of, same_address
from storage.database import Database, DatabaseError
from storage.peek import gates_on

HTTP, HTTPS = 80, 443
BETWEEN_GATES = 0.2
"""Seconds."""
MENDS = {
    GatewayReason.CREDENTIALS: "check SMSC_API_KEY (or SMSC_LOGIN and SMSC_PASSWORD), and that this machine's "
    "address is on the account's list of allowed ones",
    GatewayReason.NO_MONEY: "pay money into the gateway account",
    GatewayReason.ADDRESS_BLOCKED: "wait some minutes without asking; the gateway blocked this machine's address",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `mend` says what to do when it is not right.

    What `is_optional` is only noted when it is not so: the bot does its work without it.
    """

    what: str
    is_right: bool
    mend: str = ""
    is_optional: bool = False

    @property
    def is_well(self) -> bool:
        """Whether nothing has to be mended."""
        return self.is_right or self.is_optional

    def __str__(self) -> str:
        if self.is_right:
            return f"ok    {self.what}"
        return f"{'note ' if self.is_well else 'WRONG'} {self.what}\n      → {self.mend}"


async def examine(config: Settings, account: Account) -> AsyncIterator[Finding]:
    """Look at everything, one finding after the other."""
    async for finding in _telegram(config):
        yield finding
    async with httpx.AsyncClient(timeout=10) as http:
        yield await _gateway(SmscClient(account, http, patience=15))
        yield await _public_url(config, http)
    for name, address in (("EVENTS_URL", config.EVENTS_URL), ("SMSC_RELAY_URL", config.SMSC_RELAY_URL)):
        if address is not None:
            yield await _own_system(name, address, allow_private=config.EVENTS_ALLOW_PRIVATE)
    database = await _database(config)
    yield database
    if database.is_right:
        async for finding in _guard_joins(config):
            yield finding


def _bot(config: Settings) -> Bot:
    session = AiohttpSession(api=TelegramAPIServer.from_base(config.TELEGRAM_API_URL))
    return Bot(config.BOT_TOKEN.get_secret_value(), session=session)


async def _telegram(config: Settings) -> AsyncIterator[Finding]:
    async with _bot(config) as bot:
        try:
            me = await bot.get_me(request_timeout=10)
            webhook = await bot.get_webhook_info(request_timeout=10)
        except TelegramUnauthorizedError:
            yield Finding("Telegram refuses BOT_TOKEN", is_right=False, mend="copy the token from BotFather again")
            return
        except (AiogramError, OSError) as error:
            yield _no_telegram(error)
            return
        yield Finding(f"Telegram knows this bot as @{me.username}", is_right=True)
        yield Finding(
            "The bot may be added to groups" if me.can_join_groups else "The bot cannot be added to groups",
            is_right=bool(me.can_join_groups),
            mend="send /setjoingroups to BotFather and choose Enable",
        )
        async for finding in _updates(config, webhook):
            yield finding


def _no_telegram(error: Exception) -> Finding:
    words = refusal(error)
    if words is None:
        return Finding(
            f"Telegram does not answer ({type(error).__name__})",
            is_right=False,
            mend="check the network and TELEGRAM_API_URL",
        )
    return Finding(
        f"Telegram refuses: {words}",
        is_right=False,
        mend="check BOT_TOKEN and TELEGRAM_API_URL; a bot that logged out of Telegram's own server, or of another one, "
        "can come back there after ten minutes",
    )


async def _updates(config: Settings, webhook: WebhookInfo) -> AsyncIterator[Finding]:
    """Whether what Telegram keeps of the webhook is what the bot sets."""
    host = host_of(webhook.url)
    if config.UPDATES == "polling":
        if host:
            yield Finding(
                f"Telegram brings updates to a webhook at {host}, although UPDATES=polling",
                is_right=False,
                mend="stop the other program that uses BOT_TOKEN; the running bot removes the webhook by itself",
            )
        return
    ours = f"{config.PUBLIC_URL}{WEBHOOK_PATH}"
    if not host:
        yield Finding(
            "Telegram has no webhook for this bot",
            is_right=False,
            mend="start the bot, which sets it; while it runs, another program removes it: stop that one",
        )
    elif not same_address(webhook.url, ours):
        yield Finding(
            f"Telegram brings updates to {host} instead of {ours}",
            is_right=False,
            mend="stop the other program that uses BOT_TOKEN; the running bot sets its webhook again by itself",
        )
    elif missing := set(UPDATE_TYPES) - set(webhook.allowed_updates or ()):
        yield Finding(
            f"The webhook does not bring everything; missing: {', '.join(sorted(missing))}",
            is_right=False,
            mend="stop the other program that uses BOT_TOKEN, or bring the Bot API server up to date",
        )
    if webhook.last_error_message:
        is_secret = "401" in webhook.last_error_message
        yield Finding(
            f"Telegram could not deliver updates: {webhook.last_error_message}",
            is_right=False,
            mend="another program may have set the webhook with its own secret, or a proxy before the bot asks for one"
            if is_secret
            else f"make {ours} reachable from outside",
        )
    elif webhook.pending_update_count:
        yield Finding(
            f"Updates that wait at Telegram: {webhook.pending_update_count}",
            is_right=False,
            mend="none if the bot has only just started; else see its log",
            is_optional=True,
        )


async def _gateway(gateway: SmscClient) -> Finding:
    try:
        balance = await gateway.balance()
    except GatewayError as error:
        mend = MENDS.get(error.reason, "check the network and SMSC_URL")
        return Finding(f"The gateway refuses: {error.reason} (code {error.code})", is_right=False, mend=mend)
    has_money = any(digit in "123456789" for digit in balance.amount) and not balance.amount.startswith("-")
    return Finding(
        f"The gateway answers; {balance.amount} {balance.currency} on the account",
        is_right=has_money,
        mend=MENDS[GatewayReason.NO_MONEY],
    )


async def _public_url(config: Settings, http: httpx.AsyncClient) -> Finding:
    path = "/smsc/<SMSC_CALLBACK_TOKEN>?charset=utf-8" + ("&md5" if config.SMSC_CALLBACK_SECRET else "")
    if config.PUBLIC_URL is None:
        return Finding(
            "PUBLIC_URL is not set: no call screen, and calls are found only by reading the gateway's inbox",
            is_right=config.SMSC_POLL_SECONDS > 0,
            mend="set PUBLIC_URL, or SMSC_POLL_SECONDS above 0",
        )
    try:
        answer = await http.get(f"{config.PUBLIC_URL}/healthz")
    except httpx.HTTPError as error:
        answer_is_right, said = False, type(error).__name__
    else:
        answer_is_right, said = answer.status_code == httpx.codes.OK, str(answer.status_code)
    return Finding(
        f"{config.PUBLIC_URL} reaches the running bot; the gateway's handler is {config.PUBLIC_URL}{path}"
        if answer_is_right
        else f"{config.PUBLIC_URL}/healthz does not reach the bot ({said})",
        is_right=answer_is_right,
        mend=f"start the bot, and let your proxy pass {config.PUBLIC_URL} to {config.HTTP_HOST}:{config.HTTP_PORT}",
    )


async def _own_system(name: str, address: str, *, allow_private: bool) -> Finding:
    """Whether it may be connected to; nothing is sent, since what is sent is taken for something that happened."""
    url = httpx.URL(address)
    try:
        async with asyncio.timeout(10):
            found = await checked(url.host, url.port or HTTPS, allow_private=allow_private)
            _, writer = await asyncio.open_connection(found[0], url.port or (HTTPS if url.scheme == "https" else HTTP))
            writer.close()
    except RefusedAddressError as error:
        mend = "correct the address; if it is meant to be in your own network, set EVENTS_ALLOW_PRIVATE=1"
        return Finding(f"{name} cannot be used: {error}", is_right=False, mend=mend)
    except (OSError, TimeoutError) as error:
        mend = "start what listens there, and let this machine reach it"
        return Finding(f"{name}: nothing listens there ({type(error).__name__})", is_right=False, mend=mend)
    return Finding(f"{name} can be reached", is_right=True)


async def _database(config: Settings) -> Finding:
    database = Database(config.DATABASE_URL.get_secret_value())
    try:
        await database.open()
    except DatabaseError as error:
        is_running = "in use by another" in str(error)
        return Finding(
            "The database is held by the running bot" if is_running else str(error),
            is_right=is_running,
            mend="check DATABASE_URL, and that the server or the folder is there",
        )
    await database.close()
    return Finding("The database opens", is_right=True)


async def _guard_joins(config: Settings) -> AsyncIterator[Finding]:
    """Whether people can verify in the window in which they ask to join: in general, and at each gate that is on."""
    try:
        gates = await gates_on(config.DATABASE_URL.get_secret_value())
    except DatabaseError as error:
        yield Finding(str(error), is_right=False, mend="run `python -m bot migrate`")
        return
    async with _bot(config) as bot:
        try:
            me = await bot.get_me(request_timeout=10)
        except (AiogramError, OSError):
            # This was said before.
            return
        yield Finding(
            "Telegram lets this bot process join requests (guard joins)"
            if me.supports_join_request_queries
            else "Telegram does not let this bot process join requests: no guard joins",
            is_right=bool(me.supports_join_request_queries),
            mend="look in BotFather's settings of this bot for join requests; Telegram does not say how the switch is "
            "called, see docs/telegram.md",
            is_optional=True,
        )
        if config.app_url is None:
            yield Finding(
                "Without PUBLIC_URL guard joins cannot open the Mini App: who asks to join is written to in private",
                is_right=False,
                mend="set PUBLIC_URL to an https address",
                is_optional=True,
            )
        for gate in gates:
            yield await _guard(bot, gate)
            # The running bot needs the same budget.
            await asyncio.sleep(BETWEEN_GATES)


async def _guard(bot: Bot, gate: Gate) -> Finding:
    # It goes to a terminal, and anybody may have named it.
    title = f"“{''.join(filter(str.isprintable, visible(gate.title)))}” ({gate.chat_id})"
    try:
        chat = await bot(GetGuard(chat_id=gate.chat_id), request_timeout=10)
    except (TelegramRetryAfter, TelegramNetworkError, TelegramServerError, OSError) as error:
        return Finding(
            f"The gate {title} could not be asked now: {type(error).__name__}",
            is_right=False,
            mend="ask the doctor again later",
            is_optional=True,
        )
    except AiogramError as error:
        return Finding(
            f"The gate {title} cannot be asked: {getattr(error, 'message', type(error).__name__)}",
            is_right=False,
            mend="make the bot an administrator there again, with the right “Invite users via link”",
        )
    if chat.guard_bot is not None and chat.guard_bot.id == bot.id:
        return Finding(f"The gate {title} has this bot process its join requests", is_right=True)
    if gate.is_channel:
        return Finding(f"The gate {title} is a channel; guard joins are for groups", is_right=True)
    return Finding(
        f"The gate {title} has {'nobody' if chat.guard_bot is None else 'another bot'} process its join requests",
        is_right=False,
        mend="its owner chooses this bot in the group's settings, under “Process join requests”",
        is_optional=True,
    )
