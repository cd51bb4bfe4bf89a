"""A small emulation of sms.ru's callcheck: a gateway whose reports name only the id of a check.

It listens on a port of its own. (sms.ru/api/callcheck, and public programs that use it: docs/gateway.md)
"""

from __future__ import annotations

import hashlib
import itertools
import json
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

import aiohttp
from aiohttp import web

from bot.sandbox.clock import SandboxClock

Json = dict[str, object]
WINDOW = 5 * 60
"""Seconds from `callcheck/add` in which the call counts."""
WAITING, CONFIRMED, OVER = "400", "401", "402"
OK, NO_KEY, NO_MONEY, BAD_PHONE = 100, 200, 201, 202
KNOWN = {"callcheck/add": {"phone"}, "callcheck/status": {"check_id"}, "my/balance": frozenset[str]()}
"""What each method takes besides the key and `json`."""
CALL_PHONE = "78005008275"
"""One number for everybody: only the check tells two callers apart."""
TEXTS = {
    NO_KEY: "Неправильный api_id",
    NO_MONEY: "Не хватает средств на лицевом счету",
    BAD_PHONE: "Неправильно указан номер телефона получателя",
}


@dataclass(slots=True)
class Check:
    """One request for a number."""

    id: str
    phone: str
    until: float
    status: str = WAITING


@dataclass(frozen=True, slots=True)
class Report:
    """One callback as sent, and what the handler answered."""

    body: bytes
    content_type: str
    status: int
    answer: str

    @property
    def is_taken(self) -> bool:
        """Whether the gateway counts it as delivered. Otherwise it comes again."""
        return (self.status, self.answer) == (web.HTTPOk.status_code, "100")


class SmsRu:
    """One account of sms.ru, while it is entered with `async with`.

    `callback_url` and `shape` decide where and how it reports calls; `sent` lists the reports. Without `balance` it
    assigns no number.
    """

    def __init__(self, clock: SandboxClock) -> None:
        self.api_id = "sandbox-api-id"
        self.balance = Decimal("100.00")
        self.callback_url: str | None = None
        self.shape: Literal["multipart", "form"] = "multipart"
        self.checks: dict[str, Check] = {}
        self.sent: list[Report] = []
        self.url = ""
        self._clock = clock
        self._ids = itertools.count(1)
        self._session: aiohttp.ClientSession | None = None
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> SmsRu:
        self._session = aiohttp.ClientSession()
        app = web.Application()
        app.router.add_route("*", "/{area}/{method}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
        if self._session is not None:
            await self._session.close()

    # The requests

    async def _handle(self, request: web.Request) -> web.Response:
        method = f"{request.match_info['area']}/{request.match_info['method']}"
        if method not in KNOWN or request.method not in ("GET", "POST"):
            return web.Response(status=404)
        form = await request.post() if request.method == "POST" else request.query
        given = {name: str(value) for name, value in form.items()}
        answer = self._answer(method, given)
        if isinstance(answer, int):
            answer = {"status": "ERROR", "status_code": answer, "status_text": TEXTS[answer]}
        else:
            answer = {"status": "OK", "status_code": OK, **answer}
        return web.Response(body=json.dumps(answer, ensure_ascii=False).encode(), content_type="application/json")

    def _answer(self, method: str, given: dict[str, str]) -> Json | int:
        """Return what this method answers, or the number of an error."""
        if given.pop("api_id", None) != self.api_id or given.pop("json", None) != "1" or given.keys() != KNOWN[method]:
            return NO_KEY
        if method == "my/balance":
            return {"balance": f"{self.balance:.2f}"}
        if method == "callcheck/status":
            check = self.checks.get(given["check_id"])
            return {"check_status": self._status(check)}
        if not re.fullmatch(r"7[0-9]{10}", given["phone"]):
            return BAD_PHONE
        if self.balance <= 0:
            return NO_MONEY
        check = Check(f"201737-{next(self._ids)}", given["phone"], self._clock.timestamp() + WINDOW)
        self.checks[check.id] = check
        return {"check_id": check.id, "call_phone": CALL_PHONE, "call_phone_pretty": "+7 (800) 500-8275"}

    def _status(self, check: Check | None) -> str:
        if check is None or (check.status == WAITING and self._clock.timestamp() > check.until):
            return OVER
        return check.status

    # The calls

    async def receive_call(self, caller: str, called: str) -> str:
        """A phone rings at `called`, from `caller`; return what the phone hears, once the call is reported."""
        if called.lstrip("+") != CALL_PHONE:
            return "no such number"
        waiting = [
            check
            for check in self.checks.values()
            if check.phone == caller.lstrip("+") and self._status(check) == WAITING
        ]
        if waiting:
            waiting[-1].status = CONFIRMED
            await self.report(waiting[-1].id, CONFIRMED)
        return "dropped"

    async def report(self, check_id: str, status: str, *, api_id: str | None = None) -> Report | None:
        """Report this status of a check, signed with the account's key or with `api_id`."""
        entry = "\n".join(("callcheck_status", check_id, status, str(int(self._clock.timestamp()))))
        return await self.report_entries(entry, api_id=api_id)

    async def report_entries(self, *entries: str, api_id: str | None = None) -> Report | None:
        """Send these entries in one callback; nothing without an address."""
        if self.callback_url is None:
            return None
        signed = hashlib.sha256("".join([api_id or self.api_id, *entries]).encode()).hexdigest()
        data = aiohttp.FormData(quote_fields=False, default_to_multipart=self.shape == "multipart")
        for number, entry in enumerate(entries, 1):
            data.add_field(f"data[{number}]", entry)
        data.add_field("hash", signed)
        payload = data()
        return await self._post(await payload.as_bytes(), payload.content_type)

    async def again(self) -> Report:
        """Send the last callback once more, byte for byte."""
        return await self._post(self.sent[-1].body, self.sent[-1].content_type)

    async def _post(self, body: bytes, content_type: str) -> Report:
        if self._session is None or self.callback_url is None:
            raise RuntimeError("the gateway has not started, or has no address to report to")
        async with self._session.post(self.callback_url, data=body, headers={"Content-Type": content_type}) as answer:
            self.sent.append(Report(body, content_type, answer.status, await answer.text()))
        return self.sent[-1]
