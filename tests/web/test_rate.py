from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.web.rate import Rate, sender

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def test_after_the_burst_an_address_waits_and_others_do_not() -> None:
    rate = Rate(burst=2, a_second=0.5)

    assert [rate.wait("a", NOW) for _ in range(3)] == [0, 0, 2]
    assert rate.wait("b", NOW) == 0
    assert rate.wait("a", NOW + timedelta(seconds=2)) == 0
    assert rate.wait("a", NOW + timedelta(seconds=2)) == 2


def test_the_longest_unused_address_is_forgotten_first() -> None:
    rate = Rate(burst=1, a_second=1, remembered=2)
    for address in ("a", "b", "a", "c"):
        rate.wait(address, NOW)

    assert [rate.wait(address, NOW) for address in ("a", "c")] == [1, 1]
    assert rate.wait("b", NOW) == 0


@pytest.mark.parametrize(
    ("peer", "forwarded", "counted"),
    [
        ("9.9.9.9", None, "9.9.9.9"),
        ("9.9.9.9", "8.8.8.8", "9.9.9.9"),
        ("127.0.0.1", None, "127.0.0.1"),
        ("127.0.0.1", "8.8.8.8", "8.8.8.8"),
        ("127.0.0.1", "1.1.1.1, 8.8.8.8", "8.8.8.8"),
        ("10.0.0.2", "8.8.8.8, 10.0.0.1", "8.8.8.8"),
        ("127.0.0.1", "nonsense", "127.0.0.1"),
        ("127.0.0.1", "8.8.8.8, nonsense", "127.0.0.1"),
        (None, None, ""),
    ],
)
def test_the_address_counted_is_the_nearest_that_is_not_a_proxy_of_ours(
    peer: str | None, forwarded: str | None, counted: str
) -> None:
    assert sender(peer, forwarded) == counted


def test_a_network_of_ipv6_addresses_counts_as_one() -> None:
    assert sender("2606:4700::1", None) == sender("2606:4700::2:3", None) != sender("2606:4700:1:1::1", None)
