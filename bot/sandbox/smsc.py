"""A strict emulation of the gateway: `wait_call.php`, `get.php`, `balance.php` and its callbacks."""

from __future__ import annotations

import itertools
import json
import time
from collections import defaultdict, deque
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, Literal
from urllib.parse import parse_qsl

import aiohttp
from aiohttp import web

from bot.sandbox import smsc_formats as formats
from bot.sandbox.clock import SandboxClock
from bot.sandbox.faults import Fault, Faults, hold_back, reset
from bot.sandbox.smsc_callback import Callbacks
from bot.sandbox.smsc_numbers import Spelling, digits, parsed, pool_for, spelled
from bot.sandbox.tasks import Tasks
from bot.sandbox.trace import Trace, masked

Json = dict[str, Any]
MOSCOW = timezone(timedelta(hours=3))
WINDOW = 15 * 60
IDENTICAL_A_MINUTE = 50
AT_ONCE = 15
BALANCES_A_MINUTE = 10
CREDENTIALS = {"login", "psw", "apikey", "fmt", "charset"}
KNOWN = {
    "wait_call": {"phone", *CREDENTIALS},
    "get": {"get_answers", "cnt", "hour", "after_id", "to_phone", *CREDENTIALS},
    "balance": {"cur", *CREDENTIALS},
}


class _Error(Exception):
    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class GatewayRequest:
    """One request the gateway received.

    `code` is the error it answered with, `number` the one it gave, `fault` the fault that happened.
    """

    endpoint: str
    phone: str
    fmt: int
    at: datetime
    code: int | None
    number: str | None
    fault: str | None


@dataclass(slots=True)
class Waiting:
    """A caller the gateway waits for."""

    number: str
    until: float


class Smsc:
    """The gateway account: its settings, the requests to it, and the calls it got.

    `fail_with`, `balance`, `blacklist`, `answers_in_fmt` and `spelling` decide how it answers, `callback` how it
    reports calls.
    """

    def __init__(self, *, clock: SandboxClock, trace: Trace, faults: Faults, tasks: Tasks) -> None:
        self.login = "callgate"
        self.password = "sandbox-password"  # noqa: S105 - an emulated account's password protects nothing
        self.api_key = "sandbox-api-key"
        self.balance = Decimal("100.00")
        self.blacklist: set[str] = set()
        self.answers_in_fmt: int | None = None
        self.spelling: Spelling = "international"
        self.own_limits = True
        self.inbox_hears_calls = True
        self.says_empty_with_error = False
        self.requests: list[GatewayRequest] = []
        self.waiting: dict[str, Waiting] = {}
        self.inbox: list[Json] = []
        self.sound: Literal["dropped", "number unavailable"] | None = None
        self.callback = Callbacks(clock=clock, trace=trace, faults=faults, tasks=tasks)
        self._clock = clock
        self._trace = trace
        self._faults = faults
        self._at_once = 0
        self._identical: defaultdict[str, deque[float]] = defaultdict(deque)
        self._balances: deque[float] = deque()
        self._ids = itertools.count(1001)
        self._turn: dict[str, int] = {}

    def use(self, session: aiohttp.ClientSession | None) -> None:
        """Send callbacks through this session."""
        self.callback.session = session

    def fail_with(self, code: int | None, times: int | None = None, endpoint: str | None = "wait_call") -> None:
        """Answer the next `times` (None: all) requests of one endpoint (None: any) with an error code.

        A `code` of None ends that.
        """
        if code is None:
            self._faults.remove("code")
        else:
            self._faults.add(where="gateway", kind="code", method=endpoint, times=times, code=code)

    def pool(self, phone: str) -> list[str]:
        """The numbers a caller may be given, as people dial them: `+` and digits."""
        return [f"+{number}" for number in pool_for(phone)]

    @property
    def wait_calls(self) -> list[GatewayRequest]:
        """The requests for a call number, including refused ones."""
        return [request for request in self.requests if request.endpoint == "wait_call"]

    async def sends_event(self, **fields: object) -> int | None:
        """Report anything else, a delivery status or an SMS; return the handler's HTTP status."""
        return await self.callback.send({name: str(value) for name, value in fields.items()}, "event")

    async def repeat_last_callback(self) -> int | None:
        """Send the last callback once more, exactly as it was."""
        return await self.callback.again()

    # The requests

    def routes(self) -> list[web.RouteDef]:
        """Where it listens."""
        return [web.route("*", "/sys/{endpoint}.php", self.handle)]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        endpoint = request.match_info["endpoint"]
        if endpoint not in KNOWN or request.method not in ("GET", "POST"):
            return web.Response(status=404, text="404 Not Found")
        started = time.perf_counter()
        try:
            given = await _parameters(request)
        except ConnectionError:
            # The bot died in the middle of its request.
            return reset(request)
        fault = self._faults.take("gateway", endpoint)
        self._at_once += 1
        try:
            await hold_back(fault)
            broken = reset(request) if fault and fault.kind == "reset_before" else _broken(fault)
            if fault is not None and broken is not None:
                self._remember(endpoint, given, None, None, fault.kind)
                self._record(endpoint, given, "", f": {fault.kind}", started)
                return broken
            answer = self._answer(endpoint, given, started, fault)
        finally:
            self._at_once -= 1
        if fault is not None and fault.kind == "reset_after":
            return reset(request)
        return answer

    def _answer(self, endpoint: str, given: dict[str, str], started: float, fault: Fault | None) -> web.Response:
        shown = _fmt(given) if self.answers_in_fmt is None else self.answers_in_fmt
        code: int | None = None
        number: str | None = None
        try:
            self._check(endpoint, given, fault.code if fault else None)
            if endpoint == "wait_call":
                numbers = self._assign(given.get("phone", ""))
                number = numbers[0]
                written = [spelled(one, self.spelling) for one in numbers]
                body, kind = formats.assigned(written[0], written, shown)
            elif endpoint == "get":
                body, kind = json.dumps(self._read_inbox(given), ensure_ascii=False), formats.JSON_TYPE
            else:
                body, kind = self._tell_balance(given), formats.JSON_TYPE
        except _Error as error:
            code = error.code
            body, kind = formats.error(code, shown)
        self._remember(endpoint, given, code, number, fault.kind if fault else None)
        self._record(endpoint, given, body, f": error {code}" if code else f" → +{number}" if number else "", started)
        return web.Response(body=body.encode(), content_type=kind, charset="utf-8")

    def _check(self, endpoint: str, given: dict[str, str], failure: int | None) -> None:
        if failure is not None:
            raise _Error(failure)
        with_key = given.get("apikey") == self.api_key and not {"login", "psw"} & set(given)
        with_password = (given.get("login"), given.get("psw")) == (self.login, self.password)
        if not with_key and not (with_password and "apikey" not in given):
            raise _Error(2)
        if set(given) - KNOWN[endpoint] or given.get("fmt", "0") not in ("0", "1", "2", "3"):
            raise _Error(1)
        if self.own_limits and self._at_once >= AT_ONCE:
            raise _Error(9)

    def _assign(self, phone: str) -> list[str]:
        """The numbers for a caller, the one to call first; the next request gets the next one."""
        number = parsed(phone)
        if number is None:
            raise _Error(1)
        caller = digits(number)
        if self.own_limits and _too_many_a_minute(self._identical[caller], IDENTICAL_A_MINUTE):
            raise _Error(9)
        if self.balance <= 0:
            raise _Error(3)
        if caller in {entry.lstrip("+") for entry in self.blacklist}:
            raise _Error(5)
        pool = pool_for(caller)
        if not pool:
            raise _Error(6)
        turn = self._turn.get(caller, 0)
        self._turn[caller] = turn + 1
        first = turn % len(pool)
        numbers = [*pool[first:], *pool[:first]]
        self.waiting[caller] = Waiting(numbers[0], self._clock.timestamp() + WINDOW)
        return numbers

    def _read_inbox(self, given: dict[str, str]) -> list[Json]:
        if given.get("get_answers") != "1" or given.get("fmt") != "3":
            raise _Error(1)
        count = _number(given, "cnt", 1000, 10_000)
        hours = _number(given, "hour", 24, 168)
        after = _number(given, "after_id", 0, 2**63)
        oldest = self._clock.timestamp() - hours * 3600
        wanted = given.get("to_phone", "").lstrip("+")
        found = [
            {name: value for name, value in entry.items() if name != "at"}
            for entry in self.inbox
            if int(entry["id"]) > after and entry["at"] >= oldest and wanted in ("", entry["to_phone"])
        ][:count]
        if not found and self.says_empty_with_error:
            raise _Error(3)
        return found

    def _tell_balance(self, given: dict[str, str]) -> str:
        if given.get("fmt") != "3":
            raise _Error(1)
        if self.own_limits and _too_many_a_minute(self._balances, BALANCES_A_MINUTE):
            raise _Error(9)
        balance = {"balance": f"{self.balance:.2f}"}
        return json.dumps(balance | ({"currency": "RUR"} if given.get("cur") == "1" else {}))

    def _remember(
        self, endpoint: str, given: dict[str, str], code: int | None, number: str | None, fault: str | None
    ) -> None:
        request = GatewayRequest(endpoint, given.get("phone", ""), _fmt(given), self._clock.now(), code, number, fault)
        self.requests.append(request)

    def _record(self, endpoint: str, given: dict[str, str], body: str, outcome: str, started: float) -> None:
        shown = {name: value for name, value in given.items() if name not in ("psw", "apikey")}
        who = f" {masked(given['phone'])}" if "phone" in given else ""
        ms = (time.perf_counter() - started) * 1000
        detail = {"params": shown, "answer": body}
        self._trace.add("gateway", f"{endpoint}{who}{outcome}", detail, ok=not outcome.startswith(":"), ms=ms)

    # The calls

    def receive_call(self, caller: str | None, called: str) -> str:
        """A phone rings at `called`, from `caller` (None: hidden); return what the phone hears."""
        target = parsed(called)
        to = digits(target) if target else called.lstrip("+")
        origin = parsed(caller) if caller else None
        phone = digits(origin) if origin else ""
        # The pool a number belongs to follows from the number itself: callers from abroad reach it too.
        known = to in pool_for(to) or to in pool_for(phone)
        if not known:
            return "no such number"
        now = self._clock.now()
        number = next(self._ids)
        stamp = now.astimezone(MOSCOW).strftime("%d.%m.%Y %H:%M:%S")
        if self.inbox_hears_calls:
            entry = {
                "id": number,
                "received": stamp,
                "phone": phone,
                "message": "[waitcall]",
                "to_phone": to,
                "sent": stamp,
            }
            self.inbox.append(entry | {"at": now.timestamp()})
        caller_written, called_written = spelled(phone, self.spelling), spelled(to, self.spelling)
        self.callback.report_call(number, caller_written, called_written, stamp, int(now.timestamp()))
        return self.sound or ("dropped" if int(to[-1]) % 2 else "number unavailable")


def _too_many_a_minute(moments: deque[float], limit: int) -> bool:
    """Count one more; return whether there were more than `limit` in the last minute of real time."""
    now = time.monotonic()
    while moments and now - moments[0] > 60:
        moments.popleft()
    moments.append(now)
    return len(moments) > limit


def _number(given: dict[str, str], name: str, default: int, most: int) -> int:
    text = given.get(name, "")
    if not text:
        return default
    if not text.isdigit() or int(text) > most:
        raise _Error(1)
    return int(text)


def _fmt(given: dict[str, str]) -> int:
    """The requested format; the gateway's default for an unknown one."""
    return int(given["fmt"]) if given.get("fmt") in ("0", "1", "2", "3") else 0


def _broken(fault: Fault | None) -> web.Response | None:
    if fault is not None and fault.kind == "429":
        return web.Response(status=429, headers={"Retry-After": str(max(1, round(fault.seconds)))})
    if fault is not None and fault.kind == "500":
        return web.Response(status=500, text="<html>500 Internal Server Error</html>", content_type="text/html")
    return None


async def _parameters(request: web.Request) -> dict[str, str]:
    """Query and form, in the charset the request names (windows-1251 when it names none)."""
    given = dict(request.query)
    if request.method == "POST":
        if request.content_type == "multipart/form-data":
            return given | {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
        body = (await request.read()).decode("ascii", "replace")
        charset = dict(parse_qsl(body)).get("charset", "") or given.get("charset", "") or "windows-1251"
        try:
            given |= parse_qsl(body, keep_blank_values=True, encoding=charset, errors="replace")
        except LookupError:
            given |= {"charset": charset, "unknown charset": "1"}
    return given
