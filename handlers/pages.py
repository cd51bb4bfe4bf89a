"""Probes and metrics for machines."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web


class Probes:
    """Probes: liveness, and readiness: `not_ready` gives the reason, or None."""

    def __init__(self, not_ready: Callable[[], Awaitable[str | None]]) -> None:
        self._not_ready = not_ready

    async def live(self, _request: web.Request) -> web.Response:
        """200 while the process runs."""
        return web.Response(text="OK")

    async def ready(self, _request: web.Request) -> web.Response:
        """200, or 503 with the reason."""
        reason = await self._not_ready()
        return web.Response(text=reason or "OK", status=503 if reason else 200)


class MetricsPage:
    """Metrics in Prometheus' format."""

    def __init__(self, text: Callable[[], Awaitable[bytes]]) -> None:
        self._text = text

    async def handle(self, _request: web.Request) -> web.Response:
        return web.Response(
            body=await self._text(), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
        )
