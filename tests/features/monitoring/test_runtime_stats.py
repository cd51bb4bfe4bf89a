"""The measurements of a process."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.domain.incidents import Measurements
from bot.features.monitoring.runtime_stats import MOST, RuntimeStats
from bot.sandbox.clock import SandboxClock
from tests.domain.makers import NOW


def test_what_was_noticed_is_read_and_forgotten_after_minutes() -> None:
    clock = SandboxClock(rate=0, start=NOW)
    runtime_stats = RuntimeStats(clock)
    runtime_stats.transacted(0.5, True)
    runtime_stats.transacted(9.0, False)
    runtime_stats.flooded()
    for outcome in ("given", "unavailable", "no_money", "blacklisted"):
        runtime_stats.asked_gateway(outcome)

    last = Measurements(asked_at=NOW, outcome="blacklisted")
    assert runtime_stats.readings() == replace(last, transactions=(0.5,), unkept=1, floods=1, asked=4, failed=2)
    clock.advance(5 * 60 + 1)
    assert runtime_stats.readings() == replace(last, asked=4, failed=2)
    clock.advance(10 * 60)
    assert runtime_stats.readings() == last


def test_silence_lasts_from_the_first_failure_to_the_next_answer() -> None:
    clock = SandboxClock(rate=0, start=NOW)
    runtime_stats = RuntimeStats(clock)
    runtime_stats.answers(False)
    clock.advance(30)
    runtime_stats.answers(False)
    assert (runtime_stats.readings().silent_since, runtime_stats.readings().answered_at) == (NOW, None)

    runtime_stats.answers(True)
    clock.advance(30)
    runtime_stats.answers(False)
    assert runtime_stats.readings().silent_since == NOW + timedelta(seconds=60)
    assert runtime_stats.readings().answered_at == NOW + timedelta(seconds=30)


def test_however_much_passes_through_the_memory_is_bounded() -> None:
    runtime_stats = RuntimeStats(SandboxClock(rate=0, start=NOW))
    for _ in range(2 * MOST):
        runtime_stats.transacted(0.01, True)

    assert len(runtime_stats.readings().transactions) == MOST
