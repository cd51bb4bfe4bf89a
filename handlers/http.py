"""The rules for all addresses of the HTTP server; `handlers/http_routes.py` lists the addresses."""

from __future__ import annotations

import asyncio
import hmac
import math
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

import structlog
from aiohttp import ClientError, web

from bot.i18n.texts import Words
from bot.web.call_page import framed
from bot.web.connections import answering
from bot.web.pages import HEADERS as MESSAGE_HEADERS
from bot.web.pages import message_page
from bot.web.rate_limit import Network, Rate, sender
from bot.web.sessions import Sessions

log = structlog.get_logger()

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

STREAM = "stream"
"""The name of the route whose answers stay open."""
OWN_HEADER = "X-Callgate"
"""The scripts of our own pages send it. Browsers do not let a page of another site send it without our permission."""
ANSWER_HEADERS = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex"}
"""Headers of every answer in JSON: nothing is stored or listed."""
PROXIES = web.AppKey("proxies", Sequence[Network])
"""The networks of trusted proxies."""
BODY_TIMEOUT = 10.0
"""Seconds that a sender has to send its body."""
ANSWER_TIMEOUT = 20.0
"""Seconds an answer may take."""


async def body_of(request: web.Request, largest: int) -> bytes:
    """The body; 413 when it is larger than `largest` bytes, 408 when it does not come."""
    if request.content_length is not None and request.content_length > largest:
        raise web.HTTPRequestEntityTooLarge(max_size=largest, actual_size=request.content_length)
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_TIMEOUT):
            async for chunk in request.content.iter_chunked(16 * 1024):
                body += chunk
                if len(body) > largest:
                    raise web.HTTPRequestEntityTooLarge(max_size=largest, actual_size=len(body))
    except TimeoutError:
        raise web.HTTPRequestTimeout from None
    except (web.RequestPayloadError, ClientError, ConnectionError):
        # The body does not match its headers, or is cut off.
        raise web.HTTPBadRequest(text="unreadable body") from None
    return bytes(body)


def address_of(request: web.Request) -> str:
    """Whose requests are counted together; see `bot.web.rate_limit.sender`."""
    peer = request.transport.get_extra_info("peername") if request.transport else None
    return sender(
        peer[0] if peer else None,
        request.headers.getall("X-Forwarded-For", ()),
        request.headers.getall("Forwarded", ()),
        request.app[PROXIES],
    )


def count(who: str, rate: Rate, now: datetime) -> None:
    """Count a request; 429 after too many."""
    wait = rate.wait(who, now)
    if wait:
        raise web.HTTPTooManyRequests(headers={"Retry-After": str(math.ceil(wait))})


def too_often(error: web.HTTPTooManyRequests, words: Words, *, in_frame: bool = False) -> web.Response:
    """Add the headers for a page that people look at; `in_frame`, where Telegram shows it."""
    text = message_page(words("Too many requests. Please try again in a moment."), words)
    headers = MESSAGE_HEADERS | {"Retry-After": error.headers["Retry-After"]}
    if in_frame:
        headers["Content-Security-Policy"] = framed(headers["Content-Security-Policy"])
    response = web.Response(text=text, status=error.status, content_type="text/html", headers=headers)
    response.force_close()
    return response


def holder(request: web.Request, sessions: Sessions) -> int | None:
    """Return whose session of the Mini App a request carries; None without one."""
    scheme, _, session = request.headers.get("Authorization", "").partition(" ")
    return sessions.holder(session) if scheme == "Bearer" else None


def open_again(words: Words) -> web.Response:
    """The answer to a request without a session, or with init data that begins none."""
    headers = ANSWER_HEADERS | {"WWW-Authenticate": "Bearer"}
    return web.json_response({"says": words("Open this again from Telegram")}, status=401, headers=headers)


def nothing(status: int) -> web.Response:
    """An answer with nothing but its status."""
    return web.json_response({}, status=status, headers=ANSWER_HEADERS)


def same(given: str, expected: str) -> bool:
    """Equality that takes the same time wherever they differ; any characters are accepted."""
    return hmac.compare_digest(given.encode(errors="surrogateescape"), expected.encode())


async def harden(_request: web.Request, response: web.StreamResponse) -> None:
    """Browsers take every answer for what it says it is, and nobody is told what answers."""
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.popall("Server", None)


@web.middleware
async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Whatever fails inside is not the sender's fault: 503, so that it comes again. Nothing is told of why."""
    try:
        with answering(request.transport):
            if request.match_info.route.name == STREAM:
                return await handler(request)
            async with asyncio.timeout(ANSWER_TIMEOUT):
                return await handler(request)
    except web.HTTPTooManyRequests as error:
        # There is no point in answering whatever else it has sent already.
        error.force_close()
        raise
    except web.HTTPException:
        raise
    except Exception:
        resource = request.match_info.route.resource
        log.exception("request_failed", route=resource.canonical if resource else None)
        return web.Response(status=503, text="not now", headers={"Retry-After": "5"})
