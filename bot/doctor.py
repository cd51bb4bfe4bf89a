"""The doctor: holds the configuration against the live services, and says what is wrong and how to mend it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import AiogramError, TelegramUnauthorizedError

from bot.domain.gateway import GatewayError, GatewayReason
from bot.gateway.client import Account, SmscClient
from bot.settings import Settings
from storage.database import Database, DatabaseError

MENDS = {
    GatewayReason.CREDENTIALS: "check SMSC_API_KEY (or SMSC_LOGIN and SMSC_PASSWORD), and that this machine's "
    "address is on the account's list of allowed ones",
    GatewayReason.NO_MONEY: "pay money into the gateway account",
    GatewayReason.ADDRESS_BLOCKED: "wait some minutes without asking; the gateway blocked this machine's address",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `mend` says what to do when it is not right."""

    what: str
    is_right: bool
    mend: str = ""

    def __str__(self) -> str:
        return f"ok    {self.what}" if self.is_right else f"WRONG {self.what}\n      → {self.mend}"


async def examine(config: Settings, account: Account) -> AsyncIterator[Finding]:
    """Look at everything, one finding after the other."""
    async for finding in _telegram(config):
        yield finding
    async with httpx.AsyncClient(timeout=10) as http:
        yield await _gateway(SmscClient(account, http, patience=15))
        yield await _public_url(config, http)
    yield await _database(config)


async def _telegram(config: Settings) -> AsyncIterator[Finding]:
    session = AiohttpSession(api=TelegramAPIServer.from_base(config.TELEGRAM_API_URL))
    async with Bot(config.BOT_TOKEN.get_secret_value(), session=session) as bot:
        try:
            me = await bot.get_me(request_timeout=10)
            webhook = await bot.get_webhook_info(request_timeout=10)
        except TelegramUnauthorizedError:
            yield Finding("Telegram refuses BOT_TOKEN", is_right=False, mend="copy the token from BotFather again")
            return
        except (AiogramError, OSError) as error:
            yield Finding(
                f"Telegram does not answer ({type(error).__name__})",
                is_right=False,
                mend="check the network and TELEGRAM_API_URL",
            )
            return
        yield Finding(f"Telegram knows this bot as @{me.username}", is_right=True)
        yield Finding(
            "The bot may be added to groups" if me.can_join_groups else "The bot cannot be added to groups",
            is_right=bool(me.can_join_groups),
            mend="send /setjoingroups to BotFather and choose Enable",
        )
        if webhook.last_error_message and config.UPDATES == "webhook":
            yield Finding(
                f"Telegram could not deliver updates: {webhook.last_error_message}",
                is_right=False,
                mend=f"make {config.PUBLIC_URL}/telegram reachable from outside",
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
