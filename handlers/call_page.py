"""The call screen: its page, its state, its event stream and its buttons."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

from aiohttp import web

from bot.clock import Clock
from bot.domain.errors import StorageUnavailableError
from bot.features.verification.call_buttons import PressCallButton, PressedCallButton
from bot.features.verification.call_page import CallScreen, read_calls
from bot.i18n.texts import Texts
from bot.web.call_page import HEADERS, TYPES, CallView, StaticFiles
from bot.web.pages import HEADERS as MESSAGE_HEADERS
from bot.web.pages import message_page
from bot.web.rate_limit import Rate
from bot.web.streams import Streams, TooManyStreamsError
from handlers.http import OWN_HEADER, address_of, body_of, count, nothing, too_often
from storage.store import Store, Transactions

TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}")
LARGEST_BODY = 1024
FOR_EVER = "public, max-age=31536000, immutable"
WRITE_BUFFER = 16 * 1024
STREAM_HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store, no-transform",
    "X-Accel-Buffering": "no",
    "X-Robots-Tag": "noindex",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}

Press = Callable[[Store, str], Awaitable[PressedCallButton | None]]


class CallPages:
    """All of `/call/…`: 404 for an unknown token, 410 when it is over, 429 for an address with too many requests."""

    def __init__(
        self,
        clock: Clock,
        transactions: Transactions,
        texts: Texts,
        view: CallView,
        streams: Streams,
        press_call_button: PressCallButton,
        announce: Callable[[], None],
    ) -> None:
        self._clock = clock
        self._transactions = transactions
        self._texts = texts
        self._view = view
        self._streams = streams
        self._press = press_call_button
        self._announce = announce
        self._rate = Rate()

    async def page(self, request: web.Request) -> web.Response:
        """The page."""
        try:
            token = self._token(request)
        except web.HTTPTooManyRequests as error:
            return too_often(error, self._texts.accepted(request.headers.get("Accept-Language", "")))
        screen = await self._screen(token)
        if screen is None:
            return self._message("", lambda words: words("There is no such page."), 404)
        if not screen.is_told(self._clock.now()):
            return self._message(screen.language, lambda words: words("This call is over."), 410)
        status = 200 if screen.is_running else 410
        return web.Response(text=self._view.page(screen), status=status, content_type="text/html", headers=HEADERS)

    async def state(self, request: web.Request) -> web.Response:
        """The screen's state, for browsers without the stream."""
        screen = await self._screen(self._token(request))
        if screen is None or not screen.is_told(self._clock.now()):
            return nothing(404 if screen is None else 410)
        return self._told(screen, 410 if screen.is_final(self._clock.now()) else 200)

    async def events(self, request: web.Request) -> web.StreamResponse:
        """The state, at once and at every change."""
        token = self._token(request)
        try:
            screen, stream = await self._streams.open(token, lambda: _cut(request)) if token else (None, None)
        except StorageUnavailableError:
            return web.Response(status=503, text="not now", headers={"Retry-After": "5"})
        except TooManyStreamsError:
            raise web.HTTPTooManyRequests(headers={"Retry-After": "60"}) from None
        if screen is None or not screen.is_told(self._clock.now()):
            if stream is not None:
                self._streams.close(stream)
            return nothing(404 if screen is None else 410)
        if stream is None:
            return self._told(screen, 410)
        response = web.StreamResponse(headers=STREAM_HEADERS)
        try:
            await response.prepare(request)
            if request.transport is not None:
                request.transport.set_write_buffer_limits(high=WRITE_BUFFER)
            while (news := await stream.next()) is not None:
                await response.write(news)
            response.force_close()
        except ConnectionError:
            # The reader has gone.
            return response
        finally:
            self._streams.close(stream)
        return response

    async def another(self, request: web.Request) -> web.Response:
        """Request another number, or try again."""
        return await self._pressed(request, self._press.another)

    async def cancel(self, request: web.Request) -> web.Response:
        """Cancel."""
        return await self._pressed(request, self._press.cancel)

    async def _pressed(self, request: web.Request, press: Press) -> web.Response:
        token = self._token(request)
        if OWN_HEADER not in request.headers:
            return nothing(403)
        await body_of(request, LARGEST_BODY)

        done = await self._transactions.transact(lambda store: press(store, token)) if token else None
        if done is None:
            return nothing(404)
        self._announce()
        return web.json_response(self._view.answer(done), headers={"Cache-Control": "no-store"})

    async def _screen(self, token: str) -> CallScreen | None:
        if not token:
            return None
        return (await self._transactions.transact(lambda store: read_calls(store, [token]))).get(token)

    def _token(self, request: web.Request) -> str:
        """The token; empty for an impossible one. 429 for an address with too many requests."""
        count(address_of(request), self._rate, self._clock.now())
        token = request.match_info["token"]
        # A database does not accept every text.
        return token if TOKEN.fullmatch(token) else ""

    def _told(self, screen: CallScreen, status: int) -> web.Response:
        return web.json_response(self._view.facts(screen), status=status, headers={"Cache-Control": "no-store"})

    def _message(self, language: str, said: Callable[..., str], status: int) -> web.Response:
        words = self._texts.in_language(language)
        text = message_page(said(words), words)
        return web.Response(text=text, status=status, content_type="text/html", headers=MESSAGE_HEADERS)


class CallFiles:
    """The files of the page. Browsers may cache an address with the right version for ever."""

    def __init__(self, static: StaticFiles) -> None:
        self._static = static

    async def handle(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        content = self._static.files.get(name)
        if content is None:
            return nothing(404)
        is_current = self._static.is_current(name, request.query.get("v", ""))
        return web.Response(
            body=content,
            content_type=TYPES[name[name.rindex(".") :]],
            charset="utf-8",
            headers={
                "Cache-Control": FOR_EVER if is_current else "no-cache",
                "X-Content-Type-Options": "nosniff",
            },
        )


def _cut(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()
