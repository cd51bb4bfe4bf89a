"""Which hosts are valid in an address."""

from __future__ import annotations

import re
from ipaddress import ip_address

LONGEST_HOST = 253
_LABEL = r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)"
_NAME = re.compile(rf"{_LABEL}(\.{_LABEL})*\.?", re.ASCII)
_NUMBER = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*", re.ASCII)


def is_host(host: str) -> bool:
    """Whether it is an IP address, or a DNS name (RFC 1123, with the _ of containers).

    A name whose last part is a number would be read as an IPv4 address
    (https://url.spec.whatwg.org/#ends-in-a-number-checker).
    """
    try:
        ip_address(host)
    except ValueError:
        ends_in_number = _NUMBER.fullmatch(host.rstrip(".").rpartition(".")[2])
        return len(host) <= LONGEST_HOST and not ends_in_number and _NAME.fullmatch(host) is not None
    return True
