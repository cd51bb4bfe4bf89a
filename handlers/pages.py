"""Page views, and the questions of machines."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

from aiohttp import web

from bot.clock import Clock
from bot.domain.verification import Verification
from bot.phones import NumberingPlan
from bot.telegram.texts import Texts
from bot.usecases.ports import Person, Store, Transactions
from bot.web.pages import HEADERS, call_page, message_page

TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}")


class CallPage:
    """The number of one verification: 404 for an unknown token, 410 when it is over."""

    def __init__(self, clock: Clock, transactions: Transactions, texts: Texts, plan: NumberingPlan) -> None:
        self._clock = clock
        self._transactions = transactions
        self._texts = texts
        self._plan = plan

    async def handle(self, request: web.Request) -> web.Response:
        token = request.match_info["token"]
        if not TOKEN.fullmatch(token):
            # Not every text can be asked of a database.
            return self._unknown()

        async def read(store: Store) -> tuple[Verification | None, Person | None]:
            verification = await store.verifications.by_token(token)
            if verification is None:
                return None, None
            return verification, (await store.people.get_many([verification.user_id])).get(verification.user_id)

        verification, person = await self._transactions.transact(read)
        words = self._texts.in_language(person.language if person else "")
        now = self._clock.now()
        number = verification.number if verification else None
        if verification is None:
            return self._unknown()
        if number is None or not verification.is_open or now > number.window_ends_at:
            return _html(message_page(words("This call is over."), words), 410)
        spelled = self._plan.spelled(number.offer.number)
        return _html(call_page(number, spelled, verification.mask, now, words), 200)

    def _unknown(self) -> web.Response:
        words = self._texts.in_language("")
        return _html(message_page(words("There is no such page."), words), 404)


class Health:
    """Lives, and whether it is ready: `not_ready` gives the reason, or None."""

    def __init__(self, not_ready: Callable[[], Awaitable[str | None]]) -> None:
        self._not_ready = not_ready

    async def live(self, _request: web.Request) -> web.Response:
        """200 while the process lives."""
        return web.Response(text="OK")

    async def ready(self, _request: web.Request) -> web.Response:
        """200, or 503 with the reason."""
        reason = await self._not_ready()
        return web.Response(text=reason or "OK", status=503 if reason else 200)


class MetricsPage:
    """Prometheus' text."""

    def __init__(self, text: Callable[[], bytes]) -> None:
        self._text = text

    async def handle(self, _request: web.Request) -> web.Response:
        return web.Response(body=self._text(), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})


def _html(page: str, status: int) -> web.Response:
    return web.Response(text=page, status=status, content_type="text/html", headers=HEADERS)
