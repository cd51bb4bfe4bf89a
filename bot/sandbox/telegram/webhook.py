"""The webhook: posts every update until the bot accepts it, one at a time for each chat."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from bot.sandbox.clock import SandboxClock
from bot.sandbox.tasks import Tasks
from bot.sandbox.telegram.delivery import KEPT_SECONDS, Delivery, Update
from bot.sandbox.trace import Trace

Json = dict[str, Any]
LONGEST_DELAY = 60.0
TIMEOUT = aiohttp.ClientTimeout(total=60)


class Webhook:
    """One address the bot has set; `stop` ends it, the updates not taken yet stay in the queue."""

    def __init__(
        self,
        *,
        url: str,
        secret: str | None,
        max_connections: int,
        ip_address: str | None = None,
        delivery: Delivery,
        session: aiohttp.ClientSession,
        tasks: Tasks,
        clock: SandboxClock,
        trace: Trace,
    ) -> None:
        self.url = url
        self.secret = secret
        self.max_connections = max_connections
        self.ip_address = ip_address
        """The machine that gets all posts, whatever the address says."""
        self.last_error: tuple[int, str] | None = None
        self._delivery = delivery
        self._session = session
        self._tasks = tasks
        self._clock = clock
        self._trace = trace
        self._places = asyncio.Semaphore(max_connections)
        self._queues: dict[str, deque[Update]] = {}
        self._stopped = False
        for update in delivery.waiting.values():
            self.enqueue(update)

    def stop(self) -> None:
        """Post nothing more."""
        self._stopped = True

    def enqueue(self, update: Update) -> None:
        """Queue an update behind those of the same chat."""
        queue = self._queues.get(update.key)
        if queue is not None:
            queue.append(update)
            return
        self._queues[update.key] = deque([update])
        self._tasks.start(self._drain(update.key))

    async def _drain(self, key: str) -> None:
        queue = self._queues[key]
        while queue and not self._stopped:
            await self._deliver(queue[0])
            queue.popleft()
        del self._queues[key]

    async def _deliver(self, update: Update) -> None:
        delay = 0.0
        while not self._stopped and update.id in self._delivery.waiting:
            if self._clock.timestamp() - update.at > KEPT_SECONDS:
                self._delivery.waiting.pop(update.id, None)
                return
            async with self._places:
                error, retry_after = await self._post(update)
            if error is None:
                self._delivery.waiting.pop(update.id, None)
                return
            self.last_error = (int(self._clock.timestamp()), error)
            pause = retry_after or delay
            self._trace.add("update", f"webhook: {error}, again in {pause:g} s", {"update_id": update.id}, ok=False)
            await asyncio.sleep(pause)
            delay = min(delay * 2, LONGEST_DELAY) if delay else 1.0

    async def _post(self, update: Update) -> tuple[str | None, float]:
        """Post it once; return what went wrong, if anything, and how long the bot asks to wait."""
        headers, url = {"Content-Type": "application/json"}, self.url
        if self.ip_address is not None:
            parts = urlsplit(url)
            host = f"[{self.ip_address}]" if ":" in self.ip_address else self.ip_address
            headers["Host"] = parts.netloc
            url = parts._replace(netloc=f"{host}:{parts.port}" if parts.port else host).geturl()
        if self.secret:
            headers["X-Telegram-Bot-Api-Secret-Token"] = self.secret
        try:
            async with self._session.post(
                url, data=update.body.encode(), headers=headers, timeout=TIMEOUT, allow_redirects=False
            ) as answer:
                body = await answer.read()
                if 200 <= answer.status <= 299:
                    self._notice_method(body)
                    return None, 0.0
                wait = answer.headers.get("Retry-After", "")
                reason = f"Wrong response from the webhook: {answer.status} {answer.reason}"
                return reason, min(float(wait), 3600.0) if wait.isdigit() else 0.0
        except TimeoutError:
            return "Read timeout expired", 0.0
        except (aiohttp.ClientError, OSError) as error:
            return f"Connection failed: {type(error).__name__}", 0.0

    def _notice_method(self, body: bytes) -> None:
        """A method called in the webhook's answer is not carried out here: say so, so that nobody misses one."""
        if b'"method"' in body or b'name="method"' in body:
            self._trace.add(
                "fault",
                "a method in the webhook's answer was ignored",
                {"body": body.decode("utf-8", "replace")},
                ok=False,
            )
