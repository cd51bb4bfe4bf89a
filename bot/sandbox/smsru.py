"""A strict emulation of sms.ru's callcheck: a gateway whose reports name only the id of a check.

(sms.ru/api/callcheck, and public programs that use it: docs/gateway.md)
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

import aiohttp
from aiohttp import web

from bot.sandbox.clock import SandboxClock
from bot.sandbox.faults import Fault, Faults, hold_back, reset
from bot.sandbox.tasks import Tasks
from bot.sandbox.trace import Trace, masked

Json = dict[str, object]
WINDOW = 5 * 60
"""Seconds from `callcheck/add` in which the call counts."""
WAITING, CONFIRMED, OVER = "400", "401", "402"
OK, NO_KEY, NO_MONEY, BAD_PHONE, FOREIGN = 100, 200, 201, 202, 214
KNOWN = {"callcheck/add": {"phone"}, "callcheck/status": {"check_id"}, "my/balance": frozenset[str]()}
"""What each method takes besides the key and `json`."""
CALL_PHONE = "78005008275"
"""One number for everybody: only the check tells two callers apart."""
TEXTS = {
    NO_KEY: "Неправильный api_id",
    NO_MONEY: "Не хватает средств на лицевом счету",
    BAD_PHONE: "Неправильно указан номер телефона получателя",
    FOREIGN: "Номер находится зарубежом",
}
TIMEOUT = aiohttp.ClientTimeout(total=30)
AGAIN_AFTER = 60
"""Seconds of the sandbox's clock after which a report that was not taken comes again. The real pause is not known."""
TRIES = 5


@dataclass(slots=True)
class Check:
    """One request for a number."""

    id: str
    phone: str
    until: float
    status: str = WAITING


@dataclass(frozen=True, slots=True)
class Report:
    """One callback as sent, and what the handler answered; the status is None without an answer."""

    body: bytes
    content_type: str
    status: int | None
    answer: str

    @property
    def is_taken(self) -> bool:
        """Whether the gateway counts it as delivered. Otherwise it comes again."""
        return (self.status, self.answer) == (web.HTTPOk.status_code, "100")


class SmsRu:
    """One account of sms.ru: its settings, the checks, and the reports it sent.

    `callback_url` and `shape` decide where and how it reports calls; `sent` lists the reports, `requests` the methods
    asked. Without `balance` it assigns no number. While `hold` is set, answers of `callcheck/add` wait for it.
    """

    def __init__(self, *, clock: SandboxClock, trace: Trace, faults: Faults, tasks: Tasks) -> None:
        self.api_id = "5A2D0B0C-7E11-4F3A-9C1D-5A4D424F5831"
        self.balance = Decimal("100.00")
        self.callback_url: str | None = None
        self.shape: Literal["multipart", "form"] = "multipart"
        self.hold: asyncio.Event | None = None
        self.checks: dict[str, Check] = {}
        self.requests: list[str] = []
        self.sent: list[Report] = []
        self._clock = clock
        self._trace = trace
        self._faults = faults
        self._tasks = tasks
        self._ids = itertools.count(1)
        self._session: aiohttp.ClientSession | None = None

    def use(self, session: aiohttp.ClientSession | None) -> None:
        """Send callbacks through this session."""
        self._session = session

    # The requests

    def routes(self) -> list[web.RouteDef]:
        """Where it listens."""
        return [web.route("*", f"/{method}", self._handle) for method in KNOWN]

    async def _handle(self, request: web.Request) -> web.Response:
        method = request.path.removeprefix("/")
        if request.method not in ("GET", "POST"):
            return web.Response(status=404)
        started = time.perf_counter()
        try:
            form = await request.post() if request.method == "POST" else request.query
        except ConnectionError:
            return reset(request)
        given = {name: str(value) for name, value in form.items()}
        self.requests.append(method)
        fault = self._faults.take("gateway", method)
        await hold_back(fault)
        if fault is not None and fault.kind == "reset_before":
            return reset(request)
        if fault is not None and fault.kind in ("429", "500"):
            return web.Response(status=int(fault.kind), text="<html>nginx</html>", content_type="text/html")
        answer = self._whole(method, given, fault)
        self._record(method, given, answer, started)
        if fault is not None and fault.kind == "reset_after":
            return reset(request)
        if method == "callcheck/add" and self.hold is not None:
            await self.hold.wait()
        return web.Response(body=json.dumps(answer, ensure_ascii=False).encode(), content_type="application/json")

    def _whole(self, method: str, given: Mapping[str, str], fault: Fault | None) -> Json:
        answer = fault.code if fault is not None and fault.code is not None else self._answer(method, given)
        if isinstance(answer, int):
            return {"status": "ERROR", "status_code": answer, "status_text": TEXTS.get(answer, "Ошибка")}
        return {"status": "OK", "status_code": OK, **answer}

    def _answer(self, method: str, given: Mapping[str, str]) -> Json | int:
        """Return what this method answers, or the number of an error."""
        if (given.get("api_id"), given.get("json")) != (self.api_id, "1"):
            return NO_KEY
        if given.keys() != {"api_id", "json", *KNOWN[method]}:
            return NO_KEY
        if method == "my/balance":
            return {"balance": f"{self.balance:.2f}"}
        if method == "callcheck/status":
            return {"check_status": self._status(self.checks.get(given["check_id"])), "check_status_text": "…"}
        if not re.fullmatch(r"[0-9]{10,15}", given["phone"]):
            return BAD_PHONE
        if not re.fullmatch(r"7[0-9]{10}", given["phone"]):
            return FOREIGN
        if self.balance <= 0:
            return NO_MONEY
        check = Check(f"201737-{next(self._ids)}", given["phone"], self._clock.timestamp() + WINDOW)
        self.checks[check.id] = check
        return {
            "check_id": check.id,
            "call_phone": CALL_PHONE,
            "call_phone_pretty": "+7 (800) 500-8275",
            "call_phone_html": f'<a href="callto:{CALL_PHONE}">+7 (800) 500-8275</a>',
        }

    def _status(self, check: Check | None) -> str:
        if check is None or (check.status == WAITING and self._clock.timestamp() > check.until):
            return OVER
        return check.status

    def _record(self, method: str, given: Mapping[str, str], answer: Json, started: float) -> None:
        shown = {name: value for name, value in given.items() if name != "api_id"}
        who = f" {masked(given['phone'])}" if "phone" in given else ""
        is_fine = answer["status"] == "OK"
        outcome = "" if is_fine else f": error {answer['status_code']}"
        ms = (time.perf_counter() - started) * 1000
        self._trace.add("gateway", f"{method}{who}{outcome}", {"params": shown, "answer": answer}, ok=is_fine, ms=ms)

    # The calls

    def receive_call(self, caller: str | None, called: str) -> str:
        """A phone rings at `called`, from `caller` (None: hidden); return what the phone hears. A call that no check
        waits for is reported to nobody."""
        if called.lstrip("+") != CALL_PHONE:
            return "no such number"
        waiting = [
            check
            for check in self.checks.values()
            if caller is not None and check.phone == caller.lstrip("+") and self._status(check) == WAITING
        ]
        if waiting:
            waiting[-1].status = CONFIRMED
            self._report_soon(waiting[-1].id)
        return "dropped"

    def _report_soon(self, check_id: str) -> None:
        fault = self._faults.take("callback", "callcheck")
        kind = fault.kind if fault else ""
        if kind == "lost":
            return
        late = fault.seconds if fault is not None and kind == "late" else 0.0
        self._tasks.start(self._keep_reporting(_entry(check_id, CONFIRMED, self._clock.timestamp()), late, kind))

    async def _keep_reporting(self, entry: str, late: float, kind: str) -> None:
        await self._clock.pause(late)
        for _ in range(TRIES):
            report = await self.report_entries(entry)
            if report is None:
                return
            if report.is_taken:
                break
            await self._clock.pause(AGAIN_AFTER)
        if kind == "doubled":
            await self.again()

    async def report(self, check_id: str, status: str, *, api_id: str | None = None) -> Report:
        """Report this status of a check once, signed with the account's key or with `api_id`."""
        report = await self.report_entries(_entry(check_id, status, self._clock.timestamp()), api_id=api_id)
        if report is None:
            raise RuntimeError("the gateway has no address to report to")
        return report

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
        status, text = None, ""
        try:
            async with self._session.post(
                self.callback_url, data=body, headers={"Content-Type": content_type}, timeout=TIMEOUT
            ) as answer:
                status, text = answer.status, (await answer.text(errors="replace"))[:200]
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            text = type(error).__name__
        report = Report(body, content_type, status, text)
        self.sent.append(report)
        detail = {"url": self.callback_url, "status": status, "answer": text}
        self._trace.add("callback", f"callback of sms.ru → {status or 'no answer'} {text}", detail, ok=report.is_taken)
        return report


def _entry(check_id: str, status: str, moment: float) -> str:
    return "\n".join(("callcheck_status", check_id, status, str(int(moment))))
