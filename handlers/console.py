"""The admin console in the Mini App: its page, what it shows, and what its buttons do."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from bot.clock import Clock
from bot.domain.admin_actions import AdminActionKind
from bot.domain.notifications import Toast
from bot.domain.statistics import DEFAULT_PERIOD, PERIODS, Statistics
from bot.features.admins.authorize import AdminDesk
from bot.features.console.actions import REFUSED, ConsoleOutcome, run_console_action
from bot.features.console.chart import render_statistics
from bot.features.console.screens import render_gate, render_gates, render_outcome, render_refusal
from bot.features.console.views import ConsoleGate, language_of, read_gate, read_gate_statistics, read_gates
from bot.i18n.texts import Texts, Words
from bot.web.call_page import app_headers
from bot.web.console import ConsolePage
from bot.web.rate_limit import Rate
from bot.web.sessions import Sessions
from handlers.http import ANSWER_HEADERS, OWN_HEADER, address_of, body_of, count, holder, nothing, open_again, too_often
from storage.store import Store, Transactions

LARGEST_BODY = 1024
LONGEST_SEARCH = 64
SHOWN, MOST_SHOWN = 25, 100
ID = re.compile(r"-?[0-9]{1,19}")
LARGEST_ID = 2**63
CHECKING = 202
"""The bot is asking Telegram for the reader's rights; nothing has been shown or done, and the page comes again."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a button of the console asks for."""

    gate_id: int
    kind: AdminActionKind
    person_id: int
    is_undo: bool


class ConsolePages:
    """All of `/app/console…`. Each request names its reader by their session, and their rights are checked each time.
    429 after too many requests of one person, or of one address without a session."""

    def __init__(
        self,
        clock: Clock,
        transactions: Transactions,
        texts: Texts,
        sessions: Sessions,
        desk: AdminDesk,
        draw: ConsolePage,
        telegram_script: str,
        announce: Callable[[], None],
    ) -> None:
        self._clock = clock
        self._transactions = transactions
        self._texts = texts
        self._sessions = sessions
        self._desk = desk
        self._draw = draw
        self._headers = app_headers(telegram_script)
        self._announce = announce
        self._rate = Rate()
        self._page_rate = Rate(burst=2000, a_second=100)

    async def page(self, request: web.Request) -> web.Response:
        """The page, the same for everybody."""
        try:
            count(address_of(request), self._page_rate, self._clock.now())
        except web.HTTPTooManyRequests as error:
            return too_often(error, self._words(request), in_frame=True)
        text = self._draw(self._words(request))
        return web.Response(text=text, content_type="text/html", headers=self._headers)

    async def gates(self, request: web.Request) -> web.Response:
        """The reader's gates."""
        user_id = self._reader(request)
        if user_id is None:
            return open_again(self._words(request))
        view = await self._transactions.transact(lambda store: read_gates(store, self._desk, user_id))
        if view.unchecked:
            self._announce()
        return _json(render_gates(view, self._texts.in_language(view.language)))

    async def gate(self, request: web.Request) -> web.Response:
        """One gate and who waits there. 202 while the bot asks Telegram, 403 for anybody but its admins."""
        user_id = self._reader(request)
        if user_id is None:
            return open_again(self._words(request))
        gate_id, limit = _id(request.query.get("id", "")), _id(request.query.get("limit", str(SHOWN)))
        search = request.query.get("search", "").strip()
        if gate_id is None or limit is None or len(search) > LONGEST_SEARCH:
            raise web.HTTPBadRequest(text="unreadable address")
        limit = min(max(limit, 1), MOST_SHOWN)

        async def work(store: Store) -> tuple[ConsoleGate | Toast | None, str]:
            found = await read_gate(store, self._desk, user_id, gate_id, search, limit)
            return found, await language_of(store, user_id)

        view, language = await self._transactions.transact(work)
        if isinstance(view, ConsoleGate):
            return _json(render_gate(view, self._texts.in_language(language), self._clock.now()))
        return self._unanswered(view, language)

    async def statistics(self, request: web.Request) -> web.Response:
        """The statistics of one gate. 202 and 403 as for `gate`."""
        user_id = self._reader(request)
        if user_id is None:
            return open_again(self._words(request))
        gate_id, period = _id(request.query.get("id", "")), request.query.get("period", DEFAULT_PERIOD)
        if gate_id is None or period not in PERIODS:
            raise web.HTTPBadRequest(text="unreadable address")

        async def work(store: Store) -> tuple[Statistics | Toast | None, str]:
            found = await read_gate_statistics(store, self._desk, user_id, gate_id, period)
            return found, await language_of(store, user_id)

        told, language = await self._transactions.transact(work)
        if isinstance(told, Statistics):
            return _json(render_statistics(told, period, self._texts.in_language(language)))
        return self._unanswered(told, language)

    async def act(self, request: web.Request) -> web.Response:
        """Press a button. 202 and 403 as for `gate`; then nothing has changed."""
        if OWN_HEADER not in request.headers or _is_foreign(request):
            return nothing(403)
        user_id = self._reader(request)
        if user_id is None:
            return open_again(self._words(request))
        asked = _asked(await body_of(request, LARGEST_BODY))

        async def work(store: Store) -> tuple[ConsoleOutcome | None, str]:
            outcome = await run_console_action(
                store, self._desk, user_id, asked.gate_id, asked.kind, asked.person_id, is_undo=asked.is_undo
            )
            return outcome, await language_of(store, user_id)

        outcome, language = await self._transactions.transact(work)
        if outcome is None or outcome.toast in REFUSED:
            return self._unanswered(None if outcome is None else outcome.toast, language)
        self._announce()
        return _json(render_outcome(outcome, self._texts.in_language(language)))

    def _unanswered(self, why: Toast | None, language: str) -> web.Response:
        if why is not None:
            return _json(render_refusal(why, self._texts.in_language(language)), status=403)
        self._announce()
        return _json({}, status=CHECKING)

    def _reader(self, request: web.Request) -> int | None:
        """Return whose session it is; 429 after too many requests."""
        user_id = holder(request, self._sessions)
        count(address_of(request) if user_id is None else f"person {user_id}", self._rate, self._clock.now())
        return user_id

    def _words(self, request: web.Request) -> Words:
        return self._texts.accepted(request.headers.get("Accept-Language", ""))


def _json(answer: object, status: int = 200) -> web.Response:
    return web.json_response(answer, status=status, headers=ANSWER_HEADERS)


def _is_foreign(request: web.Request) -> bool:
    """Return whether a browser says that a page of another site sent this. Others than browsers say nothing."""
    return request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none")


def _id(text: str) -> int | None:
    """Return an id that a column can hold."""
    return int(text) if ID.fullmatch(text) and abs(int(text)) < LARGEST_ID else None


def _asked(body: bytes) -> Asked:
    """Read what a button asks for; 400 for anything that no page of ours sends."""
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict):
        raise web.HTTPBadRequest(text="unreadable body")
    gate_id, person_id, kind = given.get("gate"), given.get("person", 0), given.get("kind")
    is_undo = given.get("undo", False)
    # `True` is an int too.
    if (
        type(gate_id) is not int
        or type(person_id) is not int
        or not isinstance(kind, str)
        or not isinstance(is_undo, bool)
    ):
        raise web.HTTPBadRequest(text="unreadable body")
    if abs(gate_id) >= LARGEST_ID or not 0 <= person_id < LARGEST_ID or kind not in frozenset(AdminActionKind):
        raise web.HTTPBadRequest(text="unreadable body")
    return Asked(gate_id, AdminActionKind(kind), person_id, is_undo)
