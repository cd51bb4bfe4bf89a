from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_network

import pytest

from bot.web.rate_limit import Rate, sender

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
    ("peer", "lines", "counted"),
    [
        ("9.9.9.9", [], "9.9.9.9"),
        ("9.9.9.9", ["8.8.8.8"], "9.9.9.9"),
        ("127.0.0.1", [], "127.0.0.1"),
        ("127.0.0.1", ["8.8.8.8"], "8.8.8.8"),
        ("127.0.0.1", ["8.8.8.8:51234"], "8.8.8.8"),
        ("127.0.0.1", ["[2606:4700::1]:51234"], "26064700::"),
        ("127.0.0.1", ["[2606:4700::1]"], "26064700::"),
        ("127.0.0.1", ["2606:4700::1"], "26064700::"),
        ("127.0.0.1", ['"8.8.8.8:51234"'], "8.8.8.8"),
        ("127.0.0.1", ["::ffff:8.8.8.8"], "8.8.8.8"),
        ("127.0.0.1", ["[::ffff:8.8.8.8]:1"], "8.8.8.8"),
        ("127.0.0.1", ["1.1.1.1, 8.8.8.8"], "8.8.8.8"),
        ("127.0.0.1", ["1.1.1.1,8.8.8.8,"], "8.8.8.8"),
        ("127.0.0.1", ["1.1.1.1", "8.8.8.8"], "8.8.8.8"),
        ("127.0.0.1", ["1.1.1.1", "8.8.8.8", "10.0.0.9"], "8.8.8.8"),
        ("10.0.0.2", ["8.8.8.8, 10.0.0.1"], "8.8.8.8"),
        ("10.0.0.2", ["8.8.8.8, 10.0.0.1:80"], "8.8.8.8"),
        ("100.64.0.7", ["8.8.8.8, 100.127.0.1"], "8.8.8.8"),
        ("::1", ["8.8.8.8"], "8.8.8.8"),
        ("::ffff:127.0.0.1", ["8.8.8.8"], "8.8.8.8"),
        ("fe80::1%eth0", ["8.8.8.8, fd00::1"], "8.8.8.8"),
        ("127.0.0.1", ["nonsense"], "127.0.0.1"),
        ("127.0.0.1", ["8.8.8.8, nonsense"], "127.0.0.1"),
        ("127.0.0.1", ["8.8.8.8, unknown, 10.0.0.1"], "10.0.0.1"),
        (None, [], ""),
    ],
)
def test_the_address_counted_is_the_nearest_that_is_not_a_proxy_of_ours(
    peer: str | None, lines: list[str], counted: str
) -> None:
    expected = "2606470000000000::" if counted == "26064700::" else counted

    assert sender(peer, lines) == expected


@pytest.mark.parametrize(
    ("lines", "counted"),
    [
        (["for=8.8.8.8"], "8.8.8.8"),
        (['for="8.8.8.8:51234";proto=https;by=10.0.0.1'], "8.8.8.8"),
        (['proto=https;For="[2606:4700::1]:4711"'], "2606470000000000::"),
        (["for=1.1.1.1, for=8.8.8.8"], "8.8.8.8"),
        (["for=1.1.1.1", "for=8.8.8.8, for=10.0.0.3"], "8.8.8.8"),
        (['for="a,b", for=8.8.8.8'], "8.8.8.8"),
        (["for=8.8.8.8, for=_hidden"], "127.0.0.1"),
        (["for=8.8.8.8, proto=https"], "127.0.0.1"),
        (["nonsense"], "127.0.0.1"),
    ],
)
def test_what_proxies_say_in_the_standard_header_counts_as_well(lines: list[str], counted: str) -> None:
    assert sender("127.0.0.1", (), lines) == counted


def test_a_header_that_the_sender_made_up_beside_the_proxys_own_does_not_count() -> None:
    assert sender("127.0.0.1", ["8.8.8.8"], ["for=9.9.9.9"]) == "127.0.0.1"
    assert sender("127.0.0.1", ["8.8.8.8"], ["for=8.8.8.8"]) == "8.8.8.8"


def test_proxies_are_trusted_where_they_are_said_to_be() -> None:
    named = [ip_network("203.0.113.0/24")]

    assert sender("203.0.113.7", ["8.8.8.8, 203.0.113.9"], (), named) == "8.8.8.8"
    assert sender("203.0.113.7", ["8.8.8.8"]) == "203.0.113.7"
    assert sender("127.0.0.1", ["8.8.8.8"], (), named) == "127.0.0.1"


def test_a_network_of_ipv6_addresses_counts_as_one() -> None:
    assert sender("2606:4700::1") == sender("2606:4700::2:3") != sender("2606:4700:1:1::1")


def test_of_long_headers_the_end_is_read_where_the_nearest_proxy_wrote() -> None:
    made_up = '",' * 50_000
    lines = [made_up] * 100 + [f"{made_up}for=203.0.113.7"]

    assert sender("10.0.0.1", (), lines) == "203.0.113.7"
    assert sender("10.0.0.1", [*lines, f"{made_up},203.0.113.8"]) == "203.0.113.8"
    assert sender("203.0.113.9", (), lines) == "203.0.113.9"


@pytest.mark.parametrize(
    "line", ['for="evil, for=203.0.113.7', 'for="[2001:db8::1]:80", for=203.0.113.7', 'by="a,b;c";for=203.0.113.7']
)
def test_what_is_quoted_ends_no_hop_and_a_quote_left_open_hides_none(line: str) -> None:
    assert sender("10.0.0.1", (), [line]) == "203.0.113.7"
