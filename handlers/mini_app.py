"""The Mini App: its page, its session, and where its person stands."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from aiohttp import web

from bot.clock import Clock
from bot.domain.people import Claim
from bot.features.console.views import opens_console
from bot.features.verification.call_page import CallScreen, on_app_opened, read_app
from bot.i18n.texts import Texts, Words
from bot.telegram.init_data import InitDataVerifier
from bot.web.call_page import CallView, app_headers
from bot.web.rate_limit import Rate
from bot.web.sessions import Sessions
from handlers.http import ANSWER_HEADERS, OWN_HEADER, address_of, body_of, count, holder, nothing, open_again, too_often
from storage.store import Store, Transactions

LARGEST_BODY = 8 * 1024
LARGEST_INIT_DATA = 4 * 1024
NONCE = re.compile(r"[A-Za-z0-9_-]{16,64}")


class AppPages:
    """All of `/app…`. 429 after too many requests, counted by person with a session or a launch, else by address."""

    def __init__(
        self,
        clock: Clock,
        transactions: Transactions,
        texts: Texts,
        reader: InitDataVerifier,
        sessions: Sessions,
        view: CallView,
        telegram_script: str,
        chat: Callable[[], str],
        announce: Callable[[], None],
    ) -> None:
        """`chat` is the address of the chat with the bot, once that is known; empty before."""
        self._clock = clock
        self._transactions = transactions
        self._texts = texts
        self._reader = reader
        self._sessions = sessions
        self._view = view
        self._telegram_script = telegram_script
        self._headers = app_headers(telegram_script)
        self._chat = chat
        self._announce = announce
        self._rate = Rate()
        # The page is the same for everybody and cheap, and many people share one address.
        self._page_rate = Rate(burst=2000, a_second=100)

    async def page(self, request: web.Request) -> web.Response:
        """The page, the same for everybody."""
        try:
            count(address_of(request), self._page_rate, self._clock.now())
        except web.HTTPTooManyRequests as error:
            return too_often(error, self._words(request), in_frame=True)
        text = self._view.app_page(self._words(request), self._chat(), self._telegram_script)
        return web.Response(text=text, content_type="text/html", headers=self._headers)

    async def session(self, request: web.Request) -> web.Response:
        """Begin a session for a launch. 401 for a launch that is forged, old, or used by another page."""
        if OWN_HEADER not in request.headers:
            return nothing(403)
        init_data, nonce = _given(await body_of(request, LARGEST_BODY))
        launch = self._reader.read(init_data)
        # Requests without a launch are counted by address; a whole mobile network may share one.
        count(address_of(request) if launch is None else f"person {launch.user_id}", self._rate, self._clock.now())
        if launch is None:
            return self._refused(request)

        async def work(store: Store) -> tuple[Claim, CallScreen | None, bool]:
            claim = await on_app_opened(store, launch, nonce)
            if claim is Claim.TAKEN:
                return claim, None, False
            # A request to join is about the person who asks, even if they run other groups.
            is_console = launch.query_id is None and await opens_console(store, launch.user_id)
            return claim, await read_app(store, launch.user_id), is_console

        claim, screen, is_console = await self._transactions.transact(work)
        if screen is None:
            return self._refused(request)
        if claim is Claim.NEW:
            self._announce()
        told = {
            "session": self._sessions.begin(launch.user_id),
            "language": self._texts.pick(screen.language),
            "labels": self._view.app_labels(screen.language),
            "state": self._view.app_facts(screen),
            "console": is_console,
        }
        return web.json_response(told, headers=ANSWER_HEADERS)

    async def state(self, request: web.Request) -> web.Response:
        """What the Mini App shows now. 401 without a session."""
        user_id = holder(request, self._sessions)
        # Many people share one address behind the NAT of a mobile network, and all of them ask.
        count(address_of(request) if user_id is None else f"person {user_id}", self._rate, self._clock.now())
        if user_id is None:
            return self._refused(request)
        screen = await self._transactions.transact(lambda store: read_app(store, user_id))
        return web.json_response(self._view.app_facts(screen), headers=ANSWER_HEADERS)

    def _refused(self, request: web.Request) -> web.Response:
        return open_again(self._words(request))

    def _words(self, request: web.Request) -> Words:
        return self._texts.accepted(request.headers.get("Accept-Language", ""))


def _given(body: bytes) -> tuple[str, str]:
    """The init data and the nonce; 400 when they are not what a page of ours sends, 413 when they are too long."""
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        given = None
    init_data, nonce = (given.get("init_data"), given.get("nonce")) if isinstance(given, dict) else (None, None)
    if not isinstance(init_data, str) or not isinstance(nonce, str) or not NONCE.fullmatch(nonce):
        raise web.HTTPBadRequest(text="unreadable body")
    if len(init_data) > LARGEST_INIT_DATA:
        raise web.HTTPRequestEntityTooLarge(max_size=LARGEST_INIT_DATA, actual_size=len(init_data))
    return init_data, nonce
