"""The doctor: checks the configuration against the live services, and says what is wrong and how to fix it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from ipaddress import IPv4Address, IPv6Address
from statistics import median

import httpx
from aiogram import Bot
from aiogram.exceptions import (
    AiogramError,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)
from aiogram.types import WebhookInfo

from bot.clock import REAL_TIME, DateCheck
from bot.domain.gates import Gate
from bot.domain.gateway import GatewayError, GatewayReason
from bot.domain.incidents import CLOCK_DIFFERS
from bot.features.webhooks.http import RefusedAddressError, checked
from bot.gateway.api import CallGateway, VariableNames
from bot.i18n.texts import visible
from bot.proxies import Proxy, TelegramSession, client
from bot.setting_types import RANDOM
from bot.settings import Settings, strays, twice
from bot.telegram.api_errors import refusal
from bot.telegram.methods import UPDATE_TYPES, GetGuard, GuardedChat
from bot.telegram.webhook import WEBHOOK_PATH, host_of, same_address
from bot.web.rate_limit import TRUSTED
from bot.wiring.clients import BuildGateway
from storage.engine.database import Database, DatabaseError, NewerDatabaseError
from storage.engine.read_only import gates_on

HTTP, HTTPS = 80, 443
WIDEST = {4: 8, 6: 7}
"""The shortest prefix of a private network, by version: that of 10.0.0.0/8 and of fc00::/7."""
LOOPBACK: Mapping[str, IPv4Address | IPv6Address] = {
    "127.0.0.1": IPv4Address("127.0.0.1"),
    "localhost": IPv4Address("127.0.0.1"),
    "::1": IPv6Address("::1"),
}
BETWEEN_GATES = 0.2
PROXY_PATIENCE = 10.0
GATEWAY_PATIENCE = 15.0
"""Seconds, all three."""
SAYS = {
    GatewayReason.CREDENTIALS: "wrong key, login or password, or this machine's address is not allowed",
    GatewayReason.NO_MONEY: "no money on the account",
    GatewayReason.ADDRESS_BLOCKED: "this machine's address is blocked for a while",
    GatewayReason.UNAVAILABLE: "it cannot answer now",
}
FAILURES = {
    "ConnectError": "nothing listens there, its name is not known, or its certificate is wrong",
    "ConnectTimeout": "it cannot be connected to in time",
    "ReadTimeout": "it does not answer in time",
    "TimeoutError": "it does not answer in time",
    "ReadError": "the connection broke",
    "RemoteProtocolError": "what answers there is no web server, or broke off",
    "ProxyError": "the proxy refuses",
    "an answer nobody understands": "what answers there is not the gateway, maybe a page that says it is blocked",
}
"""By the name that the gateway's client uses."""
UPDATE = "update this program; to go back to an older one, restore the back-up of that time"
MENDS = {
    GatewayReason.CREDENTIALS: "check {credentials}, and that this machine's address is on the account's list of "
    "allowed ones",
    GatewayReason.NO_MONEY: "pay money into the gateway account",
    GatewayReason.ADDRESS_BLOCKED: "wait some minutes without asking; the gateway blocked this machine's address",
}
OTHER_MEND = "check the network and {url}; where the gateway is blocked, set {proxy}"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One result. `mend` says what to do when it is not right.

    With `is_optional` a failure is only a remark: the bot works without it.
    """

    what: str
    is_right: bool
    mend: str = ""
    is_optional: bool = False

    @property
    def is_well(self) -> bool:
        """Whether nothing needs fixing."""
        return self.is_right or self.is_optional

    def __str__(self) -> str:
        if self.is_right:
            return f"ok    {self.what}"
        return f"{'note ' if self.is_well else 'WRONG'} {self.what}\n      → {self.mend}"


async def examine(config: Settings, build_gateway: BuildGateway) -> AsyncIterator[CheckResult]:
    """Check everything; yield one finding after the other."""
    for finding in _configuration(config):
        yield finding
    async for finding in _telegram(config):
        yield finding
    ahead: list[float] = []
    gateway = build_gateway(config, dates=DateCheck(REAL_TIME, ahead.append), patience=GATEWAY_PATIENCE)
    try:
        async for finding in _gateway(gateway, ahead):
            yield finding
    finally:
        await gateway.close()
    async with client(timeout=10) as http:
        yield await _public_url(config, gateway, http)
    relay = gateway.settings.variables.relay_url, gateway.settings.relay_url
    for name, address in (("EVENTS_URL", config.EVENTS_URL), relay):
        if address is not None:
            yield await _own_system(name, address, allow_private=config.EVENTS_ALLOW_PRIVATE)
    database = await _database(config)
    yield database
    if database.is_right:
        async for finding in _guard_joins(config):
            yield finding


def _configuration(config: Settings) -> Iterator[CheckResult]:
    """Findings that need no network."""
    for stray in strays():
        if stray.meant is not None:
            yield CheckResult(
                f"{stray.name}, set in {stray.place}, has no effect: no variable has this name",
                is_right=False,
                mend=f"rename it to {stray.meant}",
            )
        else:
            yield CheckResult(
                f"What {stray.place} sets has no effect: no variable has this name",
                is_right=False,
                mend="take it out, or join it to the line before where it is the end of that one's value; .env.example "
                "holds every variable",
                is_optional=True,
            )
    for name in twice():
        yield CheckResult(
            f"{name} is set more than once in .env; the last value counts that is not empty",
            is_right=False,
            mend="keep one of the lines",
            is_optional=True,
        )
    for name in config.weak_secrets:
        yield CheckResult(
            f"{name} is short or easily guessed",
            is_right=False,
            mend=f"set a longer one, here and where it comes from; one is made by {RANDOM}",
            is_optional=True,
        )
    yield _trusted_proxies(config)
    yield CheckResult(
        f"HOME_COUNTRIES: phones without a country code are read as numbers of {', '.join(config.HOME_COUNTRIES)}, in "
        "this order",
        is_right=True,
    )
    if not config.OPERATORS:
        yield CheckResult(
            "OPERATORS is empty: the bot tells nobody of its troubles, and nobody may use /health or /balance",
            is_right=False,
            mend="set it to your Telegram user id (@userinfobot tells it), then write /start to the bot",
            is_optional=True,
        )


def _trusted_proxies(config: Settings) -> CheckResult:
    """Whether the bot trusts the proxies in front of it, and nobody else."""
    trusted = config.TRUSTED_PROXIES or TRUSTED
    named = ", ".join(map(str, config.TRUSTED_PROXIES)) or "this machine, private networks and 100.64.0.0/10"
    if wide := [str(network) for network in trusted if network.prefixlen < WIDEST[network.version]]:
        return CheckResult(
            f"TRUSTED_PROXIES believes {', '.join(wide)}: almost anybody can pretend to have another address",
            is_right=False,
            mend="name only the networks of your own proxies",
        )
    is_behind_own_proxy = config.PUBLIC_URL is not None and config.HTTP_HOST in LOOPBACK
    if is_behind_own_proxy and not any(LOOPBACK[config.HTTP_HOST] in network for network in trusted):
        return CheckResult(
            f"TRUSTED_PROXIES ({named}) leaves out this machine, while only a proxy on it can reach HTTP_HOST="
            f"{config.HTTP_HOST}: all visitors count as one, and are limited together",
            is_right=False,
            mend=f"add {LOOPBACK[config.HTTP_HOST]} to TRUSTED_PROXIES",
        )
    return CheckResult(f"TRUSTED_PROXIES: a visitor's address is believed from {named}", is_right=True)


def _clock(whose: str, ahead: Sequence[float]) -> Iterator[CheckResult]:
    """The difference between this machine's clock and that of a service that answered; nothing without an answer."""
    if not ahead:
        return
    seconds = round(median(ahead))
    if abs(seconds) <= CLOCK_DIFFERS:
        yield CheckResult(f"The clock agrees with {whose}", is_right=True)
        return
    where = "ahead of" if seconds > 0 else "behind"
    yield CheckResult(
        f"The clock of this machine is at least {abs(seconds)} seconds {where} {whose}",
        is_right=False,
        mend="switch on time synchronisation (NTP) on this machine; until then calls may not be recognised",
    )


def _bot(config: Settings, dates: DateCheck | None = None) -> Bot:
    session = TelegramSession(config.TELEGRAM_API_URL, config.telegram_proxy, dates)
    return Bot(config.BOT_TOKEN.get_secret_value(), session=session)


async def _proxy(name: str, proxy: Proxy | None, urls: Sequence[str]) -> CheckResult | None:
    """Whether one of the addresses is reachable through the proxy; None without a proxy."""
    if proxy is None:
        return None
    problem = ""
    for url in urls:
        to = httpx.URL(url)
        problem = await proxy.reach(to.host, to.port or (HTTPS if to.scheme == "https" else HTTP), PROXY_PATIENCE)
        if not problem:
            return CheckResult(f"{name}: {proxy} leads to {to.host}", is_right=True)
    return CheckResult(
        f"{name}: {proxy} does not lead to {httpx.URL(urls[0]).host}: {problem}",
        is_right=False,
        mend=f"check the address, the login and the password in {name}, and that the proxy runs and may connect there",
    )


async def _telegram(config: Settings) -> AsyncIterator[CheckResult]:
    through = await _proxy("TELEGRAM_PROXY", config.telegram_proxy, (config.TELEGRAM_API_URL,))
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
        for finding in _clock("Telegram's", ahead):
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


async def _gateway(gateway: CallGateway, ahead: Sequence[float]) -> AsyncIterator[CheckResult]:
    """Check it. `ahead` gets the differences between the clocks, as it answers."""
    through = await _proxy(gateway.settings.variables.proxy, gateway.settings.proxy, gateway.settings.urls)
    if through is not None:
        yield through
        if not through.is_right:
            return
    yield await _balance(gateway)
    for finding in _clock("the gateway's", ahead):
        yield finding


async def _balance(gateway: CallGateway) -> CheckResult:
    names = gateway.settings.variables
    try:
        balance = await gateway.balance()
    except GatewayError as error:
        mend = MENDS.get(error.reason, OTHER_MEND)
        mend = mend.format(url=names.url, proxy=names.proxy, credentials=names.credentials)
        return CheckResult(_refused(error, names), is_right=False, mend=mend)
    return CheckResult(
        f"The gateway answers; {balance.amount} {balance.currency} on the account",
        is_right=Decimal(balance.amount) > 0,
        mend=MENDS[GatewayReason.NO_MONEY],
    )


def _refused(error: GatewayError, names: VariableNames) -> str:
    if error.code is not None:
        return f"The gateway refuses: {SAYS.get(error.reason, error.reason)} (code {error.code})"
    if error.detail.startswith("HTTP "):
        return f"The gateway answers {error.detail}: something else is at {names.url}, or stands before it"
    return f"The gateway gives no answer: {FAILURES.get(error.detail, error.detail or 'it does not say why')}"


async def _public_url(config: Settings, gateway: CallGateway, http: httpx.AsyncClient) -> CheckResult:
    if config.PUBLIC_URL is None and gateway.read_inbox is None:
        return CheckResult(
            "PUBLIC_URL is not set: no call screen, and the gateway cannot report calls",
            is_right=False,
            mend="set PUBLIC_URL",
        )
    if config.PUBLIC_URL is None:
        return CheckResult(
            "PUBLIC_URL is not set: no call screen, and calls are found only by reading the gateway's inbox",
            is_right=bool(gateway.settings.poll_every),
            mend=f"set PUBLIC_URL, or {gateway.settings.variables.poll_seconds} above 0",
        )
    try:
        answer = await http.get(f"{config.PUBLIC_URL}/healthz")
    except httpx.HTTPError as error:
        answer_is_right, said = False, type(error).__name__
    else:
        answer_is_right, said = answer.status_code == httpx.codes.OK, str(answer.status_code)
    return CheckResult(
        f"{config.PUBLIC_URL} reaches the running bot; the gateway's handler is "
        f"{gateway.settings.callback.url_without_token(config.PUBLIC_URL)}"
        if answer_is_right
        else f"{config.PUBLIC_URL}/healthz does not reach the bot ({said})",
        is_right=answer_is_right,
        mend=f"start the bot, and let your proxy pass {config.PUBLIC_URL} to {config.listens_at}",
    )


async def _own_system(name: str, address: str, *, allow_private: bool) -> CheckResult:
    """Whether a connection is possible. Sends nothing, since the receiver would take it for an event."""
    url = httpx.URL(address)
    try:
        async with asyncio.timeout(10):
            found = await checked(url.host, url.port or HTTPS, allow_private=allow_private)
            _, writer = await asyncio.open_connection(found[0], url.port or (HTTPS if url.scheme == "https" else HTTP))
            writer.close()
    except RefusedAddressError as error:
        mend = "correct the address; if it is meant to be in your own network, set EVENTS_ALLOW_PRIVATE=1"
        return CheckResult(f"{name} cannot be used: {error}", is_right=False, mend=mend)
    except (OSError, TimeoutError) as error:
        mend = "start what listens there, and let this machine reach it"
        return CheckResult(f"{name}: nothing listens there ({type(error).__name__})", is_right=False, mend=mend)
    return CheckResult(f"{name} can be reached", is_right=True)


async def _database(config: Settings) -> CheckResult:
    database = Database(config.DATABASE_URL.get_secret_value())
    try:
        await database.open()
    except NewerDatabaseError as error:
        return CheckResult(str(error), is_right=False, mend=UPDATE)
    except DatabaseError as error:
        is_running = "in use by another" in str(error)
        return CheckResult(
            "The database is held by the running bot" if is_running else str(error),
            is_right=is_running,
            mend="check DATABASE_URL, and that the server or the folder is there",
        )
    await database.close()
    return CheckResult("The database opens", is_right=True)


async def _guard_joins(config: Settings) -> AsyncIterator[CheckResult]:
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
