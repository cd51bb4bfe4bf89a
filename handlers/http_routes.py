"""The HTTP server: which address goes where."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web

from bot.web.rate_limit import TRUSTED, Network
from handlers.call_page import CallPages
from handlers.console import ConsolePages
from handlers.http import PROXIES, STREAM, Handler, guarded, harden
from handlers.mini_app import AppPages


def build_http(
    *,
    callback_path: str,
    callback: Handler,
    telegram: Handler | None,
    call: CallPages,
    mini_app: AppPages,
    console: ConsolePages,
    call_file: Handler,
    health: Handler,
    ready: Handler,
    metrics: Handler,
    proxies: Sequence[Network] = TRUSTED,
) -> web.Application:
    """Build the application. `callback_path`: a pattern with `{token}`. `telegram`: None if the bot polls. `proxies`:
    those whose forwarded address counts."""
    app = web.Application(middlewares=[guarded])
    app[PROXIES] = proxies
    app.on_response_prepare.append(harden)
    # People type these themselves, and may end them with a slash.
    for end in ("", "/"):
        app.router.add_get(f"{callback_path}{end}", callback, allow_head=False)
        app.router.add_post(f"{callback_path}{end}", callback)
        app.router.add_get(f"/app{end}", mini_app.page)
    if telegram is not None:
        app.router.add_post("/telegram", telegram)
    app.router.add_get("/call/{token}", call.page)
    app.router.add_get("/call/{token}/state", call.state)
    app.router.add_get("/call/{token}/events", call.events, name=STREAM, allow_head=False)
    app.router.add_post("/call/{token}/another", call.another)
    app.router.add_post("/call/{token}/cancel", call.cancel)
    app.router.add_post("/app/session", mini_app.session)
    app.router.add_get("/app/state", mini_app.state)
    app.router.add_get("/app/console", console.page)
    app.router.add_get("/app/console/gates", console.gates)
    app.router.add_get("/app/console/gate", console.gate)
    app.router.add_get("/app/console/statistics", console.statistics)
    app.router.add_post("/app/console/act", console.act)
    app.router.add_get("/static/call/{name}", call_file)
    app.router.add_get("/healthz", health)
    app.router.add_get("/readyz", ready)
    app.router.add_get("/metrics", metrics)
    return app
