"""How updates reach the bot: stored for 24 hours, fetched by getUpdates or posted to the webhook."""

from __future__ import annotations

import asyncio
import json
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiogram.methods import GetUpdates

from bot.sandbox.clock import SandboxClock
from bot.sandbox.telegram.api_errors import conflict
from bot.sandbox.trace import Trace

Json = dict[str, Any]
KEPT_SECONDS = 24 * 3600
LONGEST_POLL = 50
ONLY_WHEN_ASKED = {"chat_member", "message_reaction", "message_reaction_count"}
OTHER_POLLER = "terminated by other getUpdates request; make sure that only one bot instance is running"

WEBHOOK_ACTIVE = "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"


@dataclass(frozen=True, slots=True)
class Update:
    """One update, written out once; updates with the same key reach a webhook one after the other."""

    id: int
    kind: str
    body: str
    key: str
    at: float


class Delivery:
    """The queue between Telegram and the bot."""

    def __init__(self, clock: SandboxClock, trace: Trace) -> None:
        self._clock = clock
        self._trace = trace
        self._next_id = 100_000_001
        self._poll: asyncio.Future[None] | None = None
        self._polled_at: float | None = None
        self.waiting: OrderedDict[int, Update] = OrderedDict()
        self.allowed: list[str] = []
        self.by_webhook: Callable[[Update], None] | None = None

    @property
    def polled(self) -> bool:
        """Whether a bot is polling now."""
        if self._poll is not None:
            return True
        return self._polled_at is not None and time.monotonic() - self._polled_at < 10

    def wants(self, kind: str) -> bool:
        """Whether the bot asked for updates of this kind."""
        return kind in self.allowed if self.allowed else kind not in ONLY_WHEN_ASKED

    def push(self, kind: str, content: Json, *, key: str, who: str) -> None:
        """Put an update into the queue, if the bot wants its kind."""
        if self.wants(kind):
            self.push_raw({kind: content}, key=key, title=f"{kind} ← {who}")

    def push_raw(self, update: Json | str, *, key: str = "raw", title: str = "raw update") -> int:
        """Put anything into the queue: a whole update without its id, or the text to send."""
        detail: Json
        if isinstance(update, str):
            update_id, body, kind = self._next_id, update, ""
            detail = {"body": update}
        else:
            detail = update = {"update_id": self._next_id} | update
            update_id = update["update_id"]
            body = json.dumps(update, ensure_ascii=False, separators=(",", ":"))
            kind = next((name for name in update if name != "update_id"), "")
        self._next_id = max(self._next_id, update_id) + 1
        entry = Update(update_id, kind, body, key, self._clock.timestamp())
        self.waiting[update_id] = entry
        self._trace.add("update", title, detail)
        if self.by_webhook is not None:
            self.by_webhook(entry)
        elif self._poll is not None and not self._poll.done():
            self._poll.set_result(None)
        return update_id

    def drop(self) -> None:
        """Drop waiting updates."""
        self.waiting.clear()

    def end_poll(self, reason: str) -> None:
        """Answer the poll in progress, if there is one, with 409."""
        if self._poll is not None and not self._poll.done():
            self._poll.set_exception(conflict(reason))
        self._poll = None

    async def get_updates(self, call: GetUpdates) -> str:
        """The JSON list for one getUpdates; it ends an older poll that still waits, as in reality."""
        if self.by_webhook is not None:
            raise conflict(WEBHOOK_ACTIVE)
        self.end_poll(OTHER_POLLER)
        self._polled_at = time.monotonic()
        if call.allowed_updates is not None:
            self.allowed = list(call.allowed_updates)
        self._confirm(call.offset or 0)
        limit = call.limit if call.limit and 1 <= call.limit <= 100 else 100
        if not self.waiting and call.timeout and call.timeout > 0:
            await self._arrival(min(call.timeout, LONGEST_POLL))
        batch = []
        for update in self.waiting.values():
            batch.append(update.body)
            if len(batch) == limit:
                break
        return f"[{','.join(batch)}]"

    async def _arrival(self, seconds: float) -> None:
        poll = self._poll = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(seconds):
                await poll
        except TimeoutError:
            return
        finally:
            if self._poll is poll:
                self._poll = None
            self._polled_at = time.monotonic()

    def _confirm(self, offset: int) -> None:
        waiting = self.waiting
        if offset < 0:
            while len(waiting) > -offset:
                waiting.popitem(last=False)
        too_old = self._clock.timestamp() - KEPT_SECONDS
        while waiting:
            oldest = waiting[next(iter(waiting))]
            if oldest.id >= offset and oldest.at >= too_old:
                return
            waiting.popitem(last=False)
