"""Form bodies as bytes: urlencoded and multipart. The caller decodes the bytes.

Both return (name, value) pairs in the order they arrived, at most `most`; a name may come twice.
"""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

MAX_FIELDS = 100

Pairs = list[tuple[bytes, bytes]]


class UnreadableError(ValueError):
    """Text that is not what it claims to be. The message names the fault, never the text."""


def urlencoded(raw: bytes, most: int = MAX_FIELDS) -> Pairs:
    """Return the pairs of a query string or an urlencoded body. A stray `%` stays as it is."""
    parts = [part for part in raw.strip().split(b"&") if part]
    if len(parts) > most:
        raise UnreadableError("the form has too many fields")
    halves = (part.replace(b"+", b" ").partition(b"=") for part in parts)
    return [(unquote_to_bytes(name), unquote_to_bytes(value)) for name, _, value in halves]


def multipart(raw: bytes, boundary: str, most: int = MAX_FIELDS) -> Pairs:
    """Return the pairs of a multipart/form-data body (RFC 7578). UnreadableError if it is malformed."""
    if not boundary:
        raise UnreadableError("the multipart body has no boundary")
    line = b"\r\n--" + boundary.encode("utf-8", "surrogatepass")
    _, *parts = (b"\r\n" + raw).split(line, most + 2)
    pairs: Pairs = []
    for part in parts:
        if part.startswith(b"--"):
            return pairs
        pairs.append(_part(part))
        if len(pairs) > most:
            raise UnreadableError("the form has too many fields")
    raise UnreadableError("the multipart body is cut off")


def parameter(header: str, name: str) -> str:
    """Return the parameter `name` of a header such as `text/xml; charset="utf-8"`; "" if it has none."""
    found = re.search(rf';\s*{name}\s*=\s*(?:"([^"]*)"|([^\s;"]*))', header, re.IGNORECASE)
    return (found[1] or found[2] or "") if found else ""


def _part(part: bytes) -> tuple[bytes, bytes]:
    rest, line_end, content = part.partition(b"\r\n")
    head, gap, value = (line_end + content).partition(b"\r\n\r\n")
    if rest.strip() or not gap:
        raise UnreadableError("a part of the multipart body is malformed")
    for header in head.split(b"\r\n"):
        title, _, text = header.partition(b":")
        if title.strip().lower() == b"content-disposition":
            # latin-1 maps each byte to one character and back: the name keeps its bytes.
            return parameter(text.decode("latin-1"), "name").encode("latin-1"), value
    raise UnreadableError("a part of the multipart body has no name")
