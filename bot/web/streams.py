"""The event streams of open call screens: one loop serves all of them; see docs/adr/0009."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from bot.clock import REAL_TIME, Clock
from bot.domain.errors import StorageUnavailableError
from bot.features.verification.call_page import CallScreen, read_calls
from storage.store import Store, Transactions

log = structlog.get_logger()

LOOK_EVERY = 1.0
AT_LEAST_APART = 0.05
"""The least seconds between two checks, however often something happens."""
AT_ONCE = 1000
"""Screens read in one check."""
ENTRIES = 5000
"""Journal entries read in one check."""
OVERLAP = 200
"""Entries read again: on PostgreSQL a smaller id may be committed after a larger one."""
ROUND = 20
"""Seconds after which every stream gets a heartbeat, and every screen is read again whatever the journal says."""
PATIENCE = 10.0
MISSES = 2
"""Heartbeats after which a reader that takes nothing is dropped."""
HEARTBEAT = b": still here\n\n"
TABS = 20
"""Streams of one screen. Without a limit anybody with its link could use up all connections, from any number of
addresses."""


class TooManyStreamsError(Exception):
    """This screen has its maximum of streams; its state can still be requested."""


class Stream:
    """What one reader gets next: only the newest message."""

    __slots__ = ("_abort", "_news", "_waiter", "beat", "is_over", "misses", "token")

    def __init__(self, token: str, beat: int, abort: Callable[[], None]) -> None:
        self.token = token
        self.beat = beat
        self.is_over = False
        self.misses = 0
        self._abort = abort
        self._news: bytes | None = None
        self._waiter: asyncio.Future[None] | None = None

    def offer(self, news: bytes) -> None:
        """Send this next, in place of anything unsent."""
        self._news = news
        self._wake()

    def keep_alive(self) -> None:
        """Send a heartbeat if nothing else waits; drop a reader that does not read."""
        if self._waiter is not None:
            self.misses = 0
            self.offer(HEARTBEAT)
        else:
            self.misses += 1
            if self.misses > MISSES:
                self.end()
                self._abort()

    def end(self) -> None:
        """End the stream after what waits."""
        self.is_over = True
        self._wake()

    async def next(self) -> bytes | None:
        """Return the next message once there is one; None at the end."""
        while self._news is None and not self.is_over:
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        news, self._news = self._news, None
        return news

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


@dataclass(slots=True)
class Watched:
    """A screen in the state that its readers last got, and those readers."""

    screen: CallScreen
    streams: set[Stream] = field(default_factory=set)


class Streams:
    """All open streams. `run` checks every second, and at once when `wake` is set, which journal entries are new and
    what the screens of their persons show now. Each change is written once and offered to every reader of that
    screen."""

    def __init__(self, clock: Clock, transactions: Transactions, written: Callable[[CallScreen], bytes]) -> None:
        self._clock = clock
        self._transactions = transactions
        self._written = written
        self._watched: dict[str, Watched] = {}
        self._tokens_of: dict[int, set[str]] = {}
        self._newcomers: dict[str, list[asyncio.Future[CallScreen | None]]] = {}
        self._beats: list[set[Stream]] = [set() for _ in range(ROUND)]
        self._opened = 0
        self._cursor: int | None = None
        self._seen: set[int] = set()
        self._stale: dict[str, None] = {}
        self._limited: dict[str, datetime] = {}
        self._over = asyncio.Event()
        self.wake = asyncio.Event()

    def __len__(self) -> int:
        return sum(map(len, self._beats))

    async def open(self, token: str, abort: Callable[[], None]) -> tuple[CallScreen | None, Stream | None]:
        """Return the screen of this token, and its stream unless it is final. `abort` cuts a reader off.

        Raises StorageUnavailableError when it cannot be read now, TooManyStreamsError when there are `TABS` already.
        """
        if self._over.is_set():
            raise StorageUnavailableError("stopping")
        newcomer: asyncio.Future[CallScreen | None] = asyncio.get_running_loop().create_future()
        self._newcomers.setdefault(token, []).append(newcomer)
        self.wake.set()
        try:
            async with asyncio.timeout(PATIENCE):
                screen = await newcomer
        except TimeoutError:
            raise StorageUnavailableError("no look was possible") from None
        if screen is None or screen.is_final(self._clock.now()):
            return screen, None
        if token in self._watched and len(self._watched[token].streams) >= TABS:
            raise TooManyStreamsError
        self._opened += 1
        stream = Stream(token, self._opened % ROUND, abort)
        self._beats[stream.beat].add(stream)
        # Another check may have run meanwhile: use what it found.
        watched = self._watched.setdefault(token, Watched(screen))
        watched.streams.add(stream)
        self._tokens_of.setdefault(screen.user_id, set()).add(token)
        self._time(watched.screen)
        stream.offer(self._written(watched.screen))
        if self._over.is_set():
            stream.end()
        return watched.screen, stream

    def close(self, stream: Stream) -> None:
        """Remove a stream whose reader is gone."""
        self._beats[stream.beat].discard(stream)
        watched = self._watched.get(stream.token)
        if watched is None:
            return
        watched.streams.discard(stream)
        if not watched.streams:
            del self._watched[stream.token]
            self._limited.pop(stream.token, None)
            tokens = self._tokens_of[watched.screen.user_id]
            tokens.discard(stream.token)
            if not tokens:
                del self._tokens_of[watched.screen.user_id]

    def end(self) -> None:
        """End all streams, now."""
        self._over.set()
        for streams in self._beats:
            for stream in streams:
                stream.end()
        self.wake.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop`."""
        loop = asyncio.get_running_loop()
        second = int(loop.time())
        while not stop.is_set() and not self._over.is_set():
            self.wake.clear()
            now = int(loop.time())
            for beat in range(max(second, now - ROUND) + 1, now + 1):
                self._round(beat % ROUND)
            second = now
            if self._watched or self._newcomers:
                await self._look()
            else:
                self._cursor = None
            await REAL_TIME.pause(AT_LEAST_APART, stop)
            await REAL_TIME.pause(0 if self._newcomers or self._stale else LOOK_EVERY, self.wake)
        self.end()

    def _round(self, beat: int) -> None:
        for stream in list(self._beats[beat]):
            stream.keep_alive()
            self._stale[stream.token] = None

    async def _look(self) -> None:
        newcomers = list(self._newcomers)[:AT_ONCE]
        cursor, now = self._cursor, self._clock.now()
        past = [token for token, until in self._limited.items() if until <= now]

        async def look(store: Store) -> tuple[int, set[int], list[str], dict[str, CallScreen]]:
            entries = [] if cursor is None else await store.journal.since(max(0, cursor - OVERLAP), ENTRIES)
            reached = await store.journal.newest() if cursor is None else max([cursor, *(e for e, _ in entries)])
            changed = {user for entry, user in entries if entry not in self._seen and user in self._tokens_of}
            stale = [token for user in changed if user is not None for token in self._tokens_of[user]]
            stale = list(dict.fromkeys([*stale, *past, *self._stale]))
            tokens = [*newcomers, *stale][: max(AT_ONCE, len(newcomers))]
            screens = await read_calls(store, tokens) if tokens else {}
            return reached, {entry for entry, _ in entries}, stale, screens

        try:
            reached, seen, stale, screens = await self._transactions.transact(look)
        except StorageUnavailableError as error:
            log.warning("call_screens_not_read", error=str(error))
            return
        self._cursor, self._seen = reached, {entry for entry in seen if entry > reached - OVERLAP}
        self._stale = dict.fromkeys(stale[max(0, AT_ONCE - len(newcomers)) :])
        for token in newcomers:
            for newcomer in self._newcomers.pop(token):
                if not newcomer.done():
                    newcomer.set_result(screens.get(token))
        for token, screen in screens.items():
            self._tell(token, screen)

    def _tell(self, token: str, screen: CallScreen) -> None:
        watched = self._watched.get(token)
        if watched is None:
            return
        is_final = screen.is_final(self._clock.now())
        if screen != watched.screen or is_final:
            watched.screen = screen
            self._time(screen)
            news = self._written(screen)
            for stream in watched.streams:
                stream.offer(news)
                if is_final:
                    stream.end()

    def _time(self, screen: CallScreen) -> None:
        """Notice that a limit has passed or a hint is due: only the time tells, since the journal has no entry for
        it."""
        moment = screen.until or screen.hint_at
        if moment is None:
            self._limited.pop(screen.token, None)
        else:
            self._limited[screen.token] = moment
