"""The ordered record of everything that travelled between the worlds."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import phonenumbers

from bot.sandbox.clock import SandboxClock

Kind = Literal["update", "bot_api", "gateway", "callback", "phone", "fault"]
KEPT = 50_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that travelled; `detail` is JSON-able, `ms` is how long its answer took."""

    seq: int
    timestamp: float
    kind: Kind
    title: str
    detail: dict[str, Any]
    ok: bool
    ms: float | None

    def as_json(self) -> dict[str, Any]:
        """The entry as the page gets it."""
        return {
            "seq": self.seq,
            "at": datetime.fromtimestamp(self.timestamp, UTC).isoformat(),
            "kind": self.kind,
            "title": self.title,
            "detail": self.detail,
            "ok": self.ok,
            "ms": self.ms,
        }


class Trace:
    """Entries in the order they happened; the oldest are dropped after `KEPT`."""

    def __init__(self, clock: SandboxClock) -> None:
        self._clock = clock
        self._entries: deque[Entry] = deque(maxlen=KEPT)
        self._seq = 0
        self._held: list[tuple[Kind, str, dict[str, Any], bool]] | None = None
        self.listeners: list[Callable[[Entry], None]] = []

    def add(self, kind: Kind, title: str, detail: dict[str, Any], *, ok: bool = True, ms: float | None = None) -> None:
        """Record one thing that travelled."""
        if self._held is not None:
            self._held.append((kind, title, detail, ok))
            return
        self._seq += 1
        entry = Entry(self._seq, self._clock.timestamp(), kind, title, detail, ok, ms)
        self._entries.append(entry)
        for listener in self.listeners:
            listener(entry)

    def hold(self) -> None:
        """Hold back entries added from here on: the call that begins now comes first."""
        self._held = []

    def release(self) -> Callable[[], None]:
        """End that; return a function that adds the held back entries."""
        held, self._held = self._held or [], None

        def add_held() -> None:
            for kind, title, detail, ok in held:
                self.add(kind, title, detail, ok=ok)

        return add_held

    def of(self, kind: Kind) -> list[Entry]:
        """The entries of one kind."""
        return [entry for entry in self._entries if entry.kind == kind]

    def titles(self, kind: Kind | None = None) -> list[str]:
        """One line per entry, of one kind or of all."""
        return [entry.title for entry in self._entries if kind in (None, entry.kind)]

    def calls_of(self, method: str) -> list[dict[str, Any]]:
        """The parameters of every Bot API call of `method`, including refused ones."""
        return [entry.detail["params"] for entry in self.of("bot_api") if entry.detail.get("method") == method]

    def last(self, count: int) -> list[Entry]:
        """The newest `count` entries, oldest first."""
        return list(self._entries)[-count:]

    def __iter__(self) -> Iterator[Entry]:
        return iter(list(self._entries))

    def __len__(self) -> int:
        return len(self._entries)


def masked(phone: str) -> str:
    """`+79991234512` as `+7 ••• ••• 45-12`: enough to recognise one's own number, no more."""
    digits = "".join(filter(str.isdigit, phone))
    if len(digits) < 7:
        return "(hidden)" if not digits else "•••"
    try:
        code = str(phonenumbers.parse(f"+{digits}").country_code)
    except phonenumbers.NumberParseException:
        code = ""
    return f"+{code} ••• ••• {digits[-4:-2]}-{digits[-2:]}"
