"""Updates that Telegram posts."""

from __future__ import annotations

import json
from collections.abc import Callable

import structlog
from aiohttp import web

from handlers.http import body_of, same
from handlers.updates import UpdateProcessor

log = structlog.get_logger()

LARGEST = 1024 * 1024
HEADER = "X-Telegram-Bot-Api-Secret-Token"


class WebhookHandler:
    """200 only once the update is stored; 401 without the secret, before anything is read."""

    def __init__(
        self, secret: str, intake: UpdateProcessor, rejected: Callable[[], None], arrived: Callable[[], None]
    ) -> None:
        """The bot calls `rejected` for each request without the secret, and `arrived` for each stored update."""
        self._secret = secret
        self._intake = intake
        self._rejected = rejected
        self._arrived = arrived

    async def handle(self, request: web.Request) -> web.Response:
        if not same(request.headers.get(HEADER, ""), self._secret):
            self._rejected()
            raise web.HTTPUnauthorized(text="unauthorized")
        body = await body_of(request, LARGEST)
        try:
            raw_update = json.loads(body)
        except (ValueError, RecursionError):
            raise web.HTTPBadRequest(text="not JSON") from None
        if not isinstance(raw_update, dict):
            raise web.HTTPBadRequest(text="not an update")
        await self._intake.take([raw_update])
        self._arrived()
        return web.Response(text="OK")
