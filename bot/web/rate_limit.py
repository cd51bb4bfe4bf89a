"""Rate limits by address, and which address counts."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

BURST = 120.0
A_SECOND = 5.0
"""Many people share one address behind a mobile network's NAT."""
MOST_LINES, LONGEST_LINE = 8, 1024
"""Only the last lines of a header, and the last characters of a line, are read: the nearest proxies wrote those."""
REMEMBERED = 20_000
V6_NETWORK = 64
"""Anybody with an IPv6 address has a whole network of them."""

Network = IPv4Network | IPv6Network

TRUSTED: tuple[Network, ...] = tuple(
    ip_network(written)
    for written in (
        "127.0.0.0/8",
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "169.254.0.0/16",
        "100.64.0.0/10",
        "::1/128",
        "fc00::/7",
        "fe80::/10",
    )
)
"""Trusted proxies when none are configured: this machine and private networks."""

_BRACKETED = re.compile(r"\[([^\[\]]*)\](?::\w+)?")
_WITH_PORT = re.compile(r"([^:]*):\w+")


class Rate:
    """One bucket of tokens for each address. The longest unused are dropped first, so that the table stays small."""

    def __init__(self, burst: float = BURST, a_second: float = A_SECOND, remembered: int = REMEMBERED) -> None:
        self._burst = burst
        self._a_second = a_second
        self._remembered = remembered
        self._buckets: OrderedDict[str, tuple[float, datetime]] = OrderedDict()

    def wait(self, address: str, now: datetime) -> float:
        """Take a token: return 0 if there was one, else the seconds until the next."""
        tokens, since = self._buckets.pop(address, (self._burst, now))
        tokens = min(self._burst, tokens + max(0.0, (now - since).total_seconds()) * self._a_second)
        allowed = tokens >= 1
        self._buckets[address] = (tokens - 1 if allowed else tokens, now)
        if len(self._buckets) > self._remembered:
            self._buckets.popitem(last=False)
        return 0.0 if allowed else (1 - tokens) / self._a_second


def sender(
    peer: str | None,
    x_forwarded_for: Sequence[str] = (),
    forwarded: Sequence[str] = (),
    trusted: Sequence[Network] = TRUSTED,
) -> str:
    """Return the address to count: the socket's, or the one that a proxy in a `trusted` network reports.

    `x_forwarded_for` and `forwarded` are all lines of these headers, in their order (RFC 7239, and what proxies wrote
    before it). The last address that is not such a proxy's counts: the sender can invent those before it. If the two
    headers disagree, the sender made one of them up, and neither counts.
    """
    lists = [
        [hop for line in lines[-MOST_LINES:] for hop in read(line[-LONGEST_LINE:])]
        for lines, read in ((x_forwarded_for, _hops), (forwarded, _forwarded_hops))
        if lines
    ]
    found = {_nearest(peer or "", hops, trusted) for hops in lists}
    address = found.pop() if len(found) == 1 else peer or ""
    parsed = parse_address(address)
    if isinstance(parsed, IPv6Address):
        return f"{int(parsed) >> (128 - V6_NETWORK):x}::"
    return str(parsed) if parsed else address


def parse_address(text: str) -> IPv4Address | IPv6Address | None:
    """Read an address in any usual notation: with a port, in brackets, in quotes, with a zone, IPv4 as IPv6."""
    text = text.strip().strip('"').strip()
    found = _BRACKETED.fullmatch(text) or _WITH_PORT.fullmatch(text)
    try:
        address = ip_address((found[1] if found else text).partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _nearest(peer: str, hops: Sequence[str], trusted: Sequence[Network]) -> str:
    found = peer
    for hop in [*reversed(hops), ""]:
        address = parse_address(found)
        if address is None or not any(address in network for network in trusted):
            break
        if parse_address(hop) is None:
            break
        found = str(parse_address(hop))
    return found


def _hops(line: str) -> list[str]:
    return [hop for hop in line.split(",") if hop.strip()]


def _forwarded_hops(line: str) -> list[str]:
    """Return the `for` of each hop; empty where it has none."""
    hops = _outside_quotes(line, ",")
    fors = [[pair for pair in _outside_quotes(hop, ";") if pair.strip().lower().startswith("for=")] for hop in hops]
    return [found[0].partition("=")[2] if found else "" for found in fors]


def _outside_quotes(text: str, separator: str) -> list[str]:
    """Split where the separator is not quoted; from the end, where the nearest proxy wrote, whatever stands before."""
    parts, end, is_quoted = [], len(text), False
    for place in range(len(text) - 1, -1, -1):
        if text[place] == '"':
            is_quoted = not is_quoted
        elif text[place] == separator and not is_quoted:
            parts.append(text[place + 1 : end])
            end = place
    return [text[:end], *reversed(parts)]
