"""Telegram's webhook: set it, compare it every half minute, and set it again when another program changed it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import structlog
from aiogram import Bot
from aiogram.exceptions import AiogramError
from aiogram.types import WebhookInfo

from bot.clock import Clock
from bot.domain.error_text import shortened
from bot.domain.incidents import Finding, IncidentKind, TokenUse
from bot.i18n.texts import visible
from bot.telegram.api_errors import refusal

log = structlog.get_logger()

CHECK_EVERY = timedelta(seconds=30)
RECHECK_AFTER = timedelta(seconds=5)
"""How soon to compare a webhook that was set again or may have another secret; until then the bot does not trust it."""
LOOK_EVERY = 1.0
TIMEOUT = 10
WEBHOOK_PATH = "/telegram"
"""Where this bot receives updates, below PUBLIC_URL."""
STALLED_CHECKS = 4
"""Checks in a row at which as many updates waited as before, or more, and none had arrived."""
STALLED_FOR = (STALLED_CHECKS - 1) * CHECK_EVERY
"""For how long no update has arrived by then."""
NOT_PASSED_ON = "503"
"""Part of Telegram's last error when a balancer has no process that is ready. If that alone kept this process from
being ready, the balancer would pass nothing on, and no update would ever arrive."""
ERROR_FRESH = timedelta(minutes=5)
UNAUTHORIZED = "401"
"""Part of Telegram's last error when our handler did not know the secret."""

Report = Callable[[Finding], None]


class Webhook:
    """The webhook of this bot, and whether it is still as the bot set it.

    `problem` says for `/readyz` why updates do not arrive here; None while they do. Each process compares for itself,
    since only the one that Telegram called with a wrong secret knows of it.
    """

    def __init__(
        self, bot: Bot, url: str, secret: str, allowed_updates: list[str], clock: Clock, report: Report
    ) -> None:
        """`report` is called with what another program did, and with Telegram's rejections."""
        self.url = url
        self._bot = bot
        self._secret = secret
        self._allowed_updates = allowed_updates
        self._clock = clock
        self._report = report
        self._info: WebhookInfo | None = None
        self._agreed: WebhookInfo | None = None
        """What Telegram stored, which must stay: an older server drops update types that it does not know."""
        self._checked_at = clock.now()
        self._rejected = self._arrived = self._stalled = 0
        self.problem: str | None = "the webhook is not set yet"
        self.is_known = False
        """Whether Telegram answered the latest question about the webhook."""

    def rejected(self) -> None:
        """A request came without the secret: from anybody, or from Telegram after another program changed it."""
        self._rejected += 1

    def arrived(self) -> None:
        """Telegram brought an update, and it is stored."""
        self._arrived += 1

    async def set(self) -> None:
        """Set it, and compare at once. Raises what aiogram raises if it cannot be set; a failed comparison does not
        stop the start."""
        self._agreed = None
        await self._bot.set_webhook(self.url, secret_token=self._secret, allowed_updates=self._allowed_updates)
        self.problem = "Telegram does not say yet how it stands with the webhook"
        try:
            self._agreed = await self._bot.get_webhook_info(request_timeout=TIMEOUT)
            await self.check()
        except (AiogramError, OSError) as error:
            log.warning("webhook_not_compared", error=refusal(error) or type(error).__name__)

    async def watch(self, stop: asyncio.Event) -> None:
        """Compare until `stop`."""
        while not stop.is_set():
            await self._clock.pause(LOOK_EVERY, stop)
            is_urgent = self.problem is not None or self._rejected or self.undelivered
            if stop.is_set() or self._clock.now() - self._checked_at < (RECHECK_AFTER if is_urgent else CHECK_EVERY):
                continue
            try:
                await self.check()
            except (AiogramError, OSError) as error:
                words = refusal(error)
                if words is not None:
                    self.problem = f"Telegram refuses: {words}"
                    self._report(Finding(IncidentKind.TELEGRAM_REFUSES, details={"error": shortened(words)}))
                log.warning("webhook_not_compared", error=words or type(error).__name__)

    async def check(self) -> None:
        """Compare once, and set it again if another program changed it. Raises what aiogram raises."""
        self._checked_at = self._clock.now()
        self.is_known = False
        info = await self._bot.get_webhook_info(request_timeout=TIMEOUT)
        self.is_known = True
        use = self._changed(info) or await self._moved(info)
        self._count(info)
        self._info, self._rejected, self._arrived = info, 0, 0
        if use is None:
            self.problem = None
            self._agreed = self._agreed or info
            return
        host = host_of(info.url)
        self.problem = _PROBLEMS[use].format(host=host)
        log.error("webhook_changed", how=use, host=host, advice="another program uses this BOT_TOKEN; stop it")
        self._report(Finding(IncidentKind.SECOND_PROGRAM, use, variant=host, details={"host": host}))
        if use is not TokenUse.WEBHOOK_ADDRESS:
            await self._set_again()

    async def _set_again(self) -> WebhookInfo:
        """Set it again and return what Telegram stored."""
        self._agreed = None
        await self._bot.set_webhook(self.url, secret_token=self._secret, allowed_updates=self._allowed_updates)
        self._agreed = await self._bot.get_webhook_info(request_timeout=TIMEOUT)
        return self._agreed

    async def _moved(self, info: WebhookInfo) -> TokenUse | None:
        """Return whether another program fixed the machine that gets updates (setWebhook, `ip_address`). Telegram does
        not say whether it found the address through the name, whose address may change, so the bot sets the webhook
        again: only a fixed address changes by that."""
        agreed = self._agreed
        if agreed is None or not info.ip_address or not agreed.ip_address or info.ip_address == agreed.ip_address:
            return None
        if info.ip_address in await addresses_of(self.url):
            self._agreed = info
            return None
        again = await self._set_again()
        return TokenUse.WEBHOOK_ADDRESS if again.ip_address != info.ip_address else None

    @property
    def last_failure(self) -> tuple[datetime | None, str]:
        """Return when Telegram last failed to bring an update, if ever, and why."""
        if self._info is None:
            return None, ""
        return self._info.last_error_date, self._info.last_error_message or ""

    @property
    def undelivered(self) -> int:
        """Return how many updates Telegram holds back; 0 while it brings some."""
        if self._info is None or self._stalled < STALLED_CHECKS or self._arrived:
            return 0
        return self._info.pending_update_count

    @property
    def backlog(self) -> str | None:
        """For `/readyz`: say that Telegram holds updates back, with its own words of why, if it has any.

        None also when a balancer kept them from this process, as its answer shows.
        """
        if not self.undelivered:
            return None
        at, words = self.last_failure
        is_fresh = at is not None and abs(self._clock.now() - at) < ERROR_FRESH
        if is_fresh and NOT_PASSED_ON in words:
            return None
        held = f"Telegram holds {self.undelivered} updates and does not deliver them"
        return f"{held}: {visible(words, longest=200)}" if is_fresh else held

    def _changed(self, info: WebhookInfo) -> TokenUse | None:
        if not info.url:
            return TokenUse.WEBHOOK_REMOVED
        if not same_address(info.url, self.url):
            return TokenUse.WEBHOOK_REPLACED
        agreed = self._agreed
        if agreed is None or not same_address(agreed.url, self.url):
            return None
        if set(info.allowed_updates or ()) != set(agreed.allowed_updates or ()):
            return TokenUse.WEBHOOK_UPDATES
        if info.max_connections != agreed.max_connections:
            return TokenUse.WEBHOOK_UPDATES
        is_new = info.last_error_date is not None and info.last_error_date != agreed.last_error_date
        # Both are needed: a stranger can send us requests, and a proxy before us may ask for a password of its own.
        if self._rejected and is_new and UNAUTHORIZED in (info.last_error_message or ""):
            return TokenUse.WEBHOOK_SECRET
        return None

    def _count(self, info: WebhookInfo) -> None:
        before = self._info.pending_update_count if self._info is not None else 0
        waits = info.pending_update_count > 0 and info.pending_update_count >= before and not self._arrived
        self._stalled = self._stalled + 1 if waits else 0


_PROBLEMS = {
    TokenUse.WEBHOOK_REMOVED: "another program removed the webhook; it is being set again",
    TokenUse.WEBHOOK_REPLACED: "another program set the webhook to {host}; it is being set again",
    TokenUse.WEBHOOK_UPDATES: "another program changed what the webhook brings; it is being set again",
    TokenUse.WEBHOOK_ADDRESS: "another program had updates brought to another machine; the webhook is set again",
    TokenUse.WEBHOOK_SECRET: "another program changed the secret of the webhook; it is being set again",
}


def same_address(one: str, other: str) -> bool:
    """Return whether two addresses are equal, however each is written (case, default port, international names)."""
    return _parts(one) == _parts(other)


async def addresses_of(url: str) -> set[str]:
    """Return all addresses of a URL's host that this machine finds in time."""
    host = urlsplit(url).hostname or ""
    try:
        async with asyncio.timeout(TIMEOUT):
            found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, TimeoutError):
        return set()
    return {str(address[0]) for *_, address in found}


def host_of(url: str) -> str:
    """Return the host of a foreign address, safe to show; its path may be a secret."""
    try:
        return visible(urlsplit(url).netloc.rpartition("@")[2], longest=100) if url else ""
    except ValueError:
        return "?"


def _parts(url: str) -> tuple[str, str, int | None, str, str]:
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return "", url, None, "", ""
    with suppress(UnicodeError):
        host = host.encode("idna").decode()
    default = {"https": 443, "http": 80}.get(parts.scheme)
    return parts.scheme, host, port or default, parts.path, parts.query
