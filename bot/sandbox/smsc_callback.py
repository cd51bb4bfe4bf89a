"""How the gateway reports calls to the account's one handler."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

import aiohttp

from bot.sandbox.clock import SandboxClock
from bot.sandbox.faults import Faults
from bot.sandbox.smsc_formats import Fields, HandlerUrl, callback_body, signed
from bot.sandbox.tasks import Tasks
from bot.sandbox.trace import Trace, masked

TIMEOUT = aiohttp.ClientTimeout(total=30)
DEFAULT_CHARSET = "windows-1251"


@dataclass(frozen=True, slots=True)
class Sent:
    """One callback as sent, and the status of the answer (None: no answer)."""

    method: str
    url: str
    body: bytes
    content_type: str
    fields: Fields
    status: int | None


class Callbacks:
    """Builds, signs and sends callbacks; `sent` lists those that were answered, or never will be."""

    def __init__(self, *, clock: SandboxClock, trace: Trace, faults: Faults, tasks: Tasks) -> None:
        # The handler's URL as set in the account; None reports nothing.
        self.url: str | None = None
        # The wording of a reported call.
        self.shape: Literal["waitcall", "message"] = "message"
        self.method: Literal["GET", "POST"] = "POST"
        # The body of a POST, unless the URL says `fmt=2` or `fmt=3`.
        self.fmt: Literal["form", "json", "xml"] = "form"
        # The secret word of the account.
        self.secret: str | None = None
        self.delay = 0.02
        # The error of the clock that gives the times of calls.
        self.clock_offset = timedelta()
        self.session: aiohttp.ClientSession | None = None
        self.sent: list[Sent] = []
        self._last: Sent | None = None
        self._clock = clock
        self._trace = trace
        self._faults = faults
        self._tasks = tasks

    def report_call(self, number: int, phone: str, to: str, stamp: str, timestamp: int) -> None:
        """Report a call, soon."""
        timestamp += int(self.clock_offset.total_seconds())
        if self.shape == "waitcall":
            fields = {"waitcall": "1", "phone": phone, "ts": str(timestamp)}
        else:
            fields = {
                "id": str(number),
                "sms_id": str(number),
                "phone": phone,
                "mes": "[waitcall]",
                "to": to,
                "time": stamp,
                "ts": str(timestamp),
            }
        fault = self._faults.take("callback", "waitcall")
        kind = fault.kind if fault else ""
        if kind == "lost":
            return
        late = fault.seconds if fault and kind == "late" else 0.0
        self._tasks.start(self._soon(fields, self._clock.timestamp() + late, twice=kind == "doubled"))

    async def _soon(self, fields: Fields, due: float, *, twice: bool) -> None:
        await asyncio.sleep(self.delay)
        # Its lateness counts from the call, also when time has jumped since.
        await self._clock.pause(due - self._clock.timestamp())
        await self.send(fields, "[waitcall]")
        if twice:
            await self.again()

    async def send(self, fields: Fields, what: str) -> int | None:
        """Send these fields as the settings and the handler's URL ask; None when nobody answered."""
        if not self.url:
            return None
        handler = HandlerUrl(self.url)
        charset = handler.charset or DEFAULT_CHARSET
        fields = signed(fields, handler.algorithm, self.secret, charset)
        if self.method == "GET":
            sent = Sent("GET", handler.with_fields(fields, charset), b"", "", fields, None)
        else:
            body, kind = callback_body(fields, handler.body or self.fmt, charset)
            sent = Sent("POST", self.url, body, kind, fields, None)
        return await self._transmit(sent, what)

    async def again(self) -> int | None:
        """Send the last callback once more, byte for byte."""
        if self._last is None:
            raise LookupError("no callback was sent yet")
        return await self._transmit(self._last, "again")

    async def _transmit(self, sent: Sent, what: str) -> int | None:
        if self.session is None:
            raise RuntimeError("the world has not started")
        self._last = sent
        started = time.perf_counter()
        status: int | None = None
        headers = {"Content-Type": sent.content_type} if sent.content_type else {}
        try:
            async with self.session.request(
                sent.method, sent.url, data=sent.body or None, headers=headers, timeout=TIMEOUT
            ) as answer:
                text = (await answer.text(errors="replace"))[:200]
                status = answer.status
                outcome = f"{status} {text.strip().splitlines()[0] if text.strip() else answer.reason}"
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            outcome = f"no answer ({type(error).__name__})"
        self.sent.append(Sent(sent.method, sent.url, sent.body, sent.content_type, sent.fields, status))
        who = f" {masked(sent.fields.get('phone', ''))}"
        self._trace.add(
            "callback",
            f"callback {what}{who} → {outcome}",
            {"method": sent.method, "url": sent.url, "fields": sent.fields, "status": status},
            ok=status is not None and 200 <= status <= 299,
            ms=(time.perf_counter() - started) * 1000,
        )
        return status
