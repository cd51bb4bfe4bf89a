"""Faults on demand."""

from __future__ import annotations

import asyncio
import socket
import struct
from dataclasses import dataclass
from typing import Any, Literal, get_args

from aiohttp import web

from bot.sandbox.trace import Trace

Where = Literal["telegram", "gateway", "callback"]
Kind = Literal["delay", "400", "429", "500", "reset_before", "reset_after", "lost", "doubled", "late", "code"]
OF_CALLBACKS = {"lost", "doubled", "late"}
TIMED = {"delay", "429", "late"}


@dataclass(slots=True)
class Fault:
    """A fault of the next `times` calls (None: until cleared)."""

    where: Where
    kind: Kind
    method: str | None = None
    times: int | None = 1
    seconds: float = 1.0
    code: int | None = None

    def as_json(self) -> dict[str, Any]:
        """The fault as the page gets it."""
        return {
            "where": self.where,
            "kind": self.kind,
            "method": self.method,
            "times": self.times,
            "seconds": self.seconds if self.kind in TIMED else None,
            "code": self.code,
        }


class Faults:
    """The faults that wait to happen, and the number of those that did."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._waiting: list[Fault] = []
        self.happened = 0

    def add(
        self,
        *,
        where: Where,
        kind: Kind,
        method: str | None = None,
        times: int | None = 1,
        seconds: float = 1.0,
        code: int | None = None,
    ) -> Fault:
        """Let `kind` happen at `where`, to one method or to any.

        `delay` holds the request back for `seconds` of real time, `late` the callback for `seconds` of the sandbox's
        clock; `429` asks to retry after `seconds`, `400` is a final rejection by Telegram. `reset_before` closes the
        connection before the work is done, `reset_after` when it is done and only the answer is lost. `code` is an
        error of the gateway, with its `code`.
        """
        if where not in get_args(Where) or kind not in get_args(Kind):
            raise ValueError(f"no such fault: {where} {kind}")
        if (kind in OF_CALLBACKS) != (where == "callback") or (
            where != {"code": "gateway", "400": "telegram"}.get(kind, where)
        ):
            raise ValueError(f"{kind} cannot happen to {where}")
        if (kind == "code") != (code is not None):
            raise ValueError("a fault has a code if, and only if, its kind is code")
        if (times is not None and times < 1) or seconds < 0:
            raise ValueError("times is at least 1, seconds at least 0")
        fault = Fault(where, kind, method.lower() if method else None, times, seconds, code)
        self._waiting.append(fault)
        return fault

    def remove(self, kind: Kind) -> None:
        """Clear faults of this kind."""
        self._waiting = [fault for fault in self._waiting if fault.kind != kind]

    def clear(self) -> None:
        """Clear all faults."""
        self._waiting.clear()

    def waiting(self) -> list[Fault]:
        """The remaining faults."""
        return list(self._waiting)

    def unreachable(self, where: Where) -> bool:
        """Whether nothing gets through until somebody clears the fault, so nothing that is waited for does either."""
        return any(
            fault.where == where and fault.kind == "reset_before" and fault.method is None and fault.times is None
            for fault in self._waiting
        )

    def take(self, where: Where, method: str = "") -> Fault | None:
        """The fault that happens to this call, if any; this uses it up."""
        if not self._waiting:
            return None
        for fault in self._waiting:
            if fault.where == where and fault.method in (None, method.lower()):
                if fault.times is not None:
                    fault.times -= 1
                    if not fault.times:
                        self._waiting.remove(fault)
                self.happened += 1
                self._trace.add("fault", f"{fault.kind} at {where} {method}".rstrip(), fault.as_json(), ok=False)
                return fault
        return None


async def hold_back(fault: Fault | None) -> None:
    """Wait for the end of a delay."""
    if fault is not None and fault.kind == "delay":
        await asyncio.sleep(fault.seconds)


def reset(request: web.Request) -> web.Response:
    """Close the connection as a crashed server does; the response returned goes nowhere."""
    transport = request.transport
    if transport is not None:
        connection = transport.get_extra_info("socket")
        if connection is not None:
            # Without lingering the kernel sends RST, which is what "connection reset by peer" looks like.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    return web.Response()
