"""Requests to any gateway: posts of a form, with time-outs, limits of size and tries again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import TypeVar

import httpx
import stamina

from bot.domain.gateway import GatewayError, GatewayReason

T = TypeVar("T")

REQUEST_SECONDS = 10.0
CONNECT_SECONDS = 5.0

FIRST_BACKOFF_SECONDS = 0.2
BACKOFF_JITTER_SECONDS = 0.2
LONGEST_BACKOFF_SECONDS = 5.0

PASSING_STATUS = frozenset({408, 425, 429})
NETWORK_FAILURES = (
    TimeoutError,
    httpx.TimeoutException,
    httpx.NetworkError,
    httpx.RemoteProtocolError,
    httpx.ProxyError,
)


class TransientError(GatewayError):
    """A failure that may have passed by the next try."""

    def __init__(self, code: int | None = None, detail: str = "") -> None:
        super().__init__(GatewayReason.UNAVAILABLE, code, detail)


async def retried(patience: float, ask: Callable[[int], Awaitable[T]]) -> T:
    """Return what `ask` returns; it gets the number of the try, from 1. After a TransientError ask again, with growing
    pauses, for `patience` seconds in all. Raises GatewayError."""
    failure = TransientError(detail="no answer within the time allowed")
    with suppress(TimeoutError):
        async with asyncio.timeout(patience):
            # Only the time-out around this ends the tries: it also cuts a request short.
            async for attempt in stamina.retry_context(
                on=TransientError,
                attempts=None,
                timeout=None,
                wait_initial=FIRST_BACKOFF_SECONDS,
                wait_jitter=BACKOFF_JITTER_SECONDS,
                wait_max=LONGEST_BACKOFF_SECONDS,
            ):
                with attempt:
                    try:
                        return await ask(attempt.num)
                    except TransientError as passing:
                        failure = passing
                        raise
    raise failure


async def post(http: httpx.AsyncClient, url: str, form: Mapping[str, str], max_bytes: int) -> str:
    """Return the text of the answer. Does not follow redirects, which would carry the credentials elsewhere.

    Raises TransientError and GatewayError, which keep only the name of a failure: httpx's exceptions hold the request.
    """
    try:
        async with (
            asyncio.timeout(REQUEST_SECONDS),
            http.stream(
                "POST",
                url,
                data=form,
                # Read as it comes: a few compressed bytes could unfold to more than fits the limit.
                headers={"Accept-Encoding": "identity"},
                timeout=httpx.Timeout(REQUEST_SECONDS, connect=CONNECT_SECONDS),
                follow_redirects=False,
            ) as response,
        ):
            _check(response.status_code)
            return await _text(response, max_bytes)
    except NETWORK_FAILURES as failure:
        raise TransientError(detail=type(failure).__name__) from None
    except httpx.HTTPError as failure:
        raise GatewayError(GatewayReason.UNAVAILABLE, detail=type(failure).__name__) from None


def unreadable_answer() -> GatewayError:
    """Return the error for an answer in none of the shapes that the gateway documents."""
    return GatewayError(GatewayReason.UNAVAILABLE, detail="an answer nobody understands")


def _check(status: int) -> None:
    detail = f"HTTP {status}"
    if status in PASSING_STATUS or status >= httpx.codes.INTERNAL_SERVER_ERROR:
        raise TransientError(detail=detail)
    if not httpx.codes.is_success(status):
        raise GatewayError(GatewayReason.UNAVAILABLE, detail=detail)


async def _text(response: httpx.Response, max_bytes: int) -> str:
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > max_bytes:
            raise GatewayError(GatewayReason.UNAVAILABLE, detail=f"an answer above {max_bytes} bytes")
    # Only a description can have broken letters, and nobody reads it.
    return body.decode("utf-8-sig", errors="replace")
