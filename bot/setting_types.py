"""Checks that several settings have in common.

Each returns the value to use. It raises ValueError, which says what to write and quotes nothing of the value.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Annotated
from urllib.parse import urlsplit

import idna
from pydantic import AfterValidator, SecretStr

from bot.domain.monitoring import is_host
from bot.proxies import Proxy

RANDOM = "python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"
LEAST_VARIETY = 6
"""The least number of different characters in a secret."""
ADDRESS = "must be an address such as https://example.org"


def split(value: str, what: str) -> list[str]:
    """The parts of a list, at least one; `what` says what to write."""
    parts = [part.strip() for part in value.split(",") if part.strip()]
    if not parts:
        raise ValueError(f"{what}; or take the line out")
    return parts


def http_url(value: str) -> str:
    """An address without credentials, query or fragment; returned in ASCII, without a slash at its end."""
    try:
        parts = urlsplit(value)
        host, port = parts.hostname or "", parts.port
        # Names in other alphabets travel in ASCII (RFC 5891). httpx and browsers refuse what this library refuses.
        ascii_host = host if host.isascii() else idna.encode(host, uts46=True).decode("ascii")
        if "xn--" in ascii_host:
            idna.decode(ascii_host)
    except ValueError:
        raise ValueError(ADDRESS) from None
    if parts.scheme not in ("http", "https") or port == 0 or not is_host(ascii_host):
        raise ValueError(ADDRESS)
    if parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError("must be a plain address, without credentials, ? or #")
    if re.search(r"[^\x21-\x7e]|[\\\"<>^`{|}]", parts.path):
        raise ValueError("must be an address without spaces; write other letters of its path as %D0%B1")
    authority = f"[{ascii_host}]" if ":" in ascii_host else ascii_host
    return f"{parts.scheme}://{authority}{'' if port is None else f':{port}'}{parts.path}".rstrip("/")


def unguessable(value: SecretStr) -> SecretStr:
    """A secret of our own, which nothing but the bot uses."""
    if not is_unguessable(value.get_secret_value(), least=0.25):
        raise ValueError(f"too easily guessed; make one by {RANDOM}")
    return value


def is_unguessable(secret: str, least: float = 0.5) -> bool:
    """Whether it looks random: no repetitions, few sequences of letters or digits.

    `least` is the share of its characters that do not continue a sequence such as `abc`, `321` or `aaa`. At 0.25 a key
    with words and a sequence of digits in it passes; at 0.5 it has to be as irregular as random ones are.
    """
    steps = [ord(b) - ord(a) for a, b in pairwise(secret)]
    surprises = sum(step != before for before, step in pairwise(steps))
    is_repeated = any(secret[period:] == secret[:-period] for period in range(1, len(secret) // 2 + 1))
    return len(set(secret)) >= LEAST_VARIETY and surprises >= len(secret) * least and not is_repeated


def path_token(value: SecretStr) -> SecretStr:
    """A part of a path that needs no escapes."""
    if not re.fullmatch(r"[\w.~-]+", value.get_secret_value(), re.ASCII):
        raise ValueError("may hold only letters, digits and - . _ ~, since it is part of an address")
    return value


def hook_url(value: str) -> str:
    """An address to post to, which may have a query; returned unchanged."""
    parts = urlsplit(value)
    # Unchanged: the last slash of the address may be intended.
    http_url(value.partition("?")[0])
    if parts.fragment:
        raise ValueError("must be a plain address, without #")
    return value


def proxy(value: SecretStr) -> SecretStr:
    """The address of a proxy; see `Proxy.parse`."""
    Proxy.parse(value.get_secret_value())
    return value


HttpUrl = Annotated[str, AfterValidator(http_url)]
ProxyUrl = Annotated[SecretStr, AfterValidator(proxy)]
