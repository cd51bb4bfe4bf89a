"""How often one address may ask, and which address that is."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address, ip_address

BURST = 120.0
A_SECOND = 5.0
"""Many people share one address where a mobile network translates them."""
REMEMBERED = 20_000
V6_NETWORK = 64
"""Who has an IPv6 address has a whole network of them."""


class Rate:
    """A bucket of tokens an address. The longest unused are forgotten first, so that the table stays small."""

    def __init__(self, burst: float = BURST, a_second: float = A_SECOND, remembered: int = REMEMBERED) -> None:
        self._burst = burst
        self._a_second = a_second
        self._remembered = remembered
        self._buckets: OrderedDict[str, tuple[float, datetime]] = OrderedDict()

    def wait(self, address: str, now: datetime) -> float:
        """Take a token: 0 when there was one, else the seconds until the next."""
        tokens, since = self._buckets.pop(address, (self._burst, now))
        tokens = min(self._burst, tokens + max(0.0, (now - since).total_seconds()) * self._a_second)
        allowed = tokens >= 1
        self._buckets[address] = (tokens - 1 if allowed else tokens, now)
        if len(self._buckets) > self._remembered:
            self._buckets.popitem(last=False)
        return 0.0 if allowed else (1 - tokens) / self._a_second


def sender(peer: str | None, forwarded: str | None) -> str:
    """The address to count: the socket's, or what a proxy on a private network says of it.

    Of `X-Forwarded-For` the last address counts that is not such a proxy's: those before it are the sender's own words.
    """
    found = peer or ""
    for hop in [*reversed((forwarded or "").split(",")), ""]:
        if not _is_near(found):
            break
        if _parsed(hop) is None:
            break
        found = hop.strip()
    address = _parsed(found)
    if isinstance(address, IPv6Address):
        return f"{int(address) >> (128 - V6_NETWORK):x}::"
    return str(address) if address else found


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text.strip())
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _is_near(text: str) -> bool:
    address = _parsed(text)
    return address is not None and (address.is_loopback or address.is_private)
