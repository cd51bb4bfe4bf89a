"""Counters for Prometheus. Labels are of bounded number and name nobody."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest


class Metrics:
    """The installation's counters, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._updates = Counter("callgate_updates", "Telegram updates by outcome", ["outcome"], registry=self.registry)
        self._calls = Counter(
            "callgate_bot_api_calls",
            "Bot API calls by method and outcome",
            ["method", "outcome"],
            registry=self.registry,
        )
        self._call_seconds = Histogram(
            "callgate_bot_api_seconds", "How long Bot API calls take", ["method"], registry=self.registry
        )
        self._gateway = Counter(
            "callgate_gateway_requests",
            "Requests for a call number by outcome",
            ["outcome"],
            registry=self.registry,
        )
        self._callbacks = Counter(
            "callgate_gateway_callbacks", "Gateway callbacks by outcome", ["outcome"], registry=self.registry
        )

        self._streams = Gauge("callgate_open_streams", "Call screens that are open now", registry=self.registry)

    def watch_streams(self, count: Callable[[], int]) -> None:
        """Ask `count` how many call screens are open, whenever that is told."""
        self._streams.set_function(count)

    def taken(self, outcome: str, count: int = 1) -> None:
        """Updates came in."""
        self._updates.labels(outcome).inc(count)

    def called_back(self, outcome: str) -> None:
        """The gateway called back."""
        self._callbacks.labels(outcome).inc()

    def asked_gateway(self, outcome: str) -> None:
        """The gateway was asked for a number."""
        self._gateway.labels(outcome).inc()

    @contextmanager
    def bot_api_call(self, method: str) -> Iterator[None]:
        """A Bot API call is made."""
        with self._call_seconds.labels(method).time():
            try:
                yield
            except Exception as error:
                self._calls.labels(method, type(error).__name__).inc()
                raise
            self._calls.labels(method, "ok").inc()

    def text(self) -> bytes:
        """All of them in Prometheus' text format."""
        return generate_latest(self.registry)
