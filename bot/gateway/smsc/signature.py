"""Whether a callback was signed with the account's secret word, and what that signature vouches for.

A signature is the md5 or sha1, in hex, of some fields and the secret joined by colons (SMSC documentation names the
methods; which fields are joined was seen in live handlers). It vouches for these fields only: anybody who has seen one
signed callback can send it again with any other field changed.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from contextlib import suppress

from bot.gateway.smsc.charsets import SIGNED

CALL = ("phone", "ts")
MESSAGE = ("phone", "mes", "to")
STATUS = ("id", "phone", "status")

# crc32 is not among them: anyone can compute a text that has a given one.
_METHODS = {"md5": re.compile(r"[0-9a-f]{32}"), "sha1": re.compile(r"[0-9a-f]{40}")}


def signatures(fields: Mapping[str, str]) -> dict[str, str]:
    """Return the signatures of an event, method → lower case hex.

    `md5=1` and the like are switches of the handler URL, not signatures.
    """
    found = {method: fields.get(method, "").strip().lower() for method in _METHODS}
    return {method: text for method, text in found.items() if _METHODS[method].fullmatch(text)}


def vouched(fields: Mapping[str, str], names: tuple[str, ...], secret: str) -> bool:
    """Return whether a signature of the event is that of the fields `names`, in this order; a missing one is empty.

    The comparison takes the same time wherever the difference lies. The signed bytes depend on the charset the gateway
    wrote in, so each possible one is tried: for digits and `[waitcall]` they are all the same.
    """
    text = ":".join([*(fields.get(name, "") for name in names), secret])
    right = False
    for method, given in signatures(fields).items():
        for signed in _encodings(text):
            digest = hashlib.new(method, signed, usedforsecurity=False).hexdigest()
            right |= hmac.compare_digest(digest.encode(), given.encode())
    return right


def _encodings(text: str) -> set[bytes]:
    encodings: set[bytes] = set()
    for charset in SIGNED:
        # A text with a letter that the charset lacks was never signed in it.
        with suppress(UnicodeEncodeError):
            encodings.add(text.encode(charset))
    return encodings
