"""A receiver of the owner's, as anybody would write it: it verifies with the standard's own library."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER_SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"


@dataclass(frozen=True, slots=True)
class Arrived:
    """A request as it arrived."""

    method: str
    path: str
    query: str
    content_type: str
    host: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """Answers with `status`, after `delay` seconds; 401 if `secret` is set and did not sign the request."""

    url: str = ""
    secret: str | None = SECRET
    status: int = 200
    delay: float = 0.0
    location: str = ""
    arrived: list[Arrived] = field(default_factory=list)
    taken: list[dict[str, Any]] = field(default_factory=list)
    forged: int = 0

    @property
    def types(self) -> list[str]:
        """The types of the accepted events, in order."""
        return [event["type"] for event in self.taken]

    async def handle(self, request: web.Request) -> web.Response:
        """Accept one."""
        body = await request.read()
        self.arrived.append(
            Arrived(
                request.method,
                request.path,
                request.rel_url.raw_query_string,
                request.headers.get("Content-Type", ""),
                request.headers["Host"],
                dict(request.headers),
                body,
            )
        )
        await asyncio.sleep(self.delay)
        if self.status != 200:
            return web.Response(status=self.status, headers={"Location": self.location} if self.location else {})
        if self.secret is not None:
            try:
                Webhook(self.secret).verify(body, dict(request.headers))
            except WebhookVerificationError:
                self.forged += 1
                return web.Response(status=401)
            self.taken.append(json.loads(body))
        return web.Response(text="OK")


@asynccontextmanager
async def receiver(secret: str | None = SECRET) -> AsyncIterator[Receiver]:
    """A receiver that listens."""
    the_receiver = Receiver(secret=secret)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", the_receiver.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    the_receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook/"
    try:
        yield the_receiver
    finally:
        await runner.cleanup()
