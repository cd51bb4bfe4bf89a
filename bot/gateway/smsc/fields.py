"""Splits a request to the callback address into the fields of the events it reports.

The account's handler URL decides how SMSC calls (SMSC documentation): `charset=` names the charset, `fmt=2`
or `fmt=3` asks for XML or JSON instead of a form, `md5`, `sha1` or `crc32` ask for a signature. These stand
in the query beside the fields of a GET callback. SMSC's real content type is unknown, so a body that plainly is
JSON or XML is read as that, whatever its header says.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree.ElementTree import Element  # only the type, never the parser

from bot.gateway.forms import MAX_FIELDS, Pairs, UnreadableError, multipart, parameter, urlencoded
from bot.gateway.smsc import charsets
from bot.gateway.smsc.formats import json_of, xml_of

MAX_EVENTS = 1000

SWITCHES = frozenset({"charset", "fmt", "md5", "sha1", "crc32"})
"""Requests a format or carries a signature; not part of a report."""

Fields = dict[str, str]

_DECLARED = re.compile(rb"""<\?xml[^>]*?\sencoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_JSON_BODY = re.compile(rb"\s*[{\[]")
_XML_BODY = re.compile(rb"\s*<")


def read_events(method: str, query: str, content_type: str, body: bytes) -> list[Fields]:
    """Return the fields of each event in a request; one that reports nothing is no event.

    Fields of the body win over fields of the query, and later ones over earlier ones of the same name. The body of a
    GET is ignored. Raises UnreadableError.
    """
    pairs = urlencoded(_query_bytes(query))
    named = _named_charset(pairs, content_type)
    common = _fields(pairs, [named] if named else charsets.DEFAULT)
    told = _body_events(content_type, body, named) if method.upper() != "GET" and body.strip() else []
    if len(told) > MAX_EVENTS:
        raise UnreadableError("too many events at once")
    events = [common | event for event in told or [{}]]
    if any(len(event) > MAX_FIELDS for event in events):
        raise UnreadableError("an event has too many fields")
    return [event for event in events if event.keys() - SWITCHES]


def _query_bytes(query: str) -> bytes:
    try:
        # Servers pass bytes that are not text on as lone surrogates.
        return query.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise UnreadableError("the query is no text") from None


def _named_charset(pairs: Pairs, content_type: str) -> str | None:
    in_url = next((value for name, value in pairs if name == b"charset"), b"")
    name = in_url.decode("latin-1") or parameter(content_type, "charset")
    return charsets.codec(name) if name else None


def _fields(pairs: Pairs, codecs: Sequence[str]) -> Fields:
    texts = charsets.decode([piece for pair in pairs for piece in pair], codecs)
    return dict(zip(texts[::2], texts[1::2], strict=True))


def _body_events(content_type: str, body: bytes, named: str | None) -> list[Fields]:
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type == "multipart/form-data":
        pairs = multipart(body, parameter(content_type, "boundary"))
        return [_fields(pairs, [named] if named else charsets.DEFAULT)]
    raw, codecs = charsets.without_mark(body, [named] if named else [])
    if _JSON_BODY.match(raw) or media_type.endswith("json"):
        return _json_events(json_of(charsets.decode([raw], codecs or ["utf-8"])[0]))
    if _XML_BODY.match(raw) or media_type.endswith("xml"):
        return _xml_events(xml_of(charsets.decode([raw], codecs or _declared(raw))[0].lstrip()))
    return [_fields(urlencoded(raw), codecs or charsets.DEFAULT)]


def _declared(raw: bytes) -> Sequence[str]:
    found = _DECLARED.match(raw.lstrip())
    return [charsets.codec(found[1].decode("ascii"))] if found else charsets.DEFAULT


def _json_events(document: object) -> list[Fields]:
    events: list[Fields] = []
    for event in document if isinstance(document, list) else [document]:
        if not isinstance(event, dict):
            raise UnreadableError("the JSON holds no events")
        events.append({name: text for name, value in event.items() if (text := _text(value)) is not None})
    return events


def _text(value: object) -> str | None:
    """Return a JSON value as a form would have it; None for null and for nested values, which no known event has."""
    if isinstance(value, bool):
        return "1" if value else "0"
    return value if isinstance(value, str) else None


def _xml_events(root: Element) -> list[Fields]:
    """One event with a child per field, or a list of such; fields may be attributes too."""
    listed = [child for child in root if len(child) or (child.attrib and not (child.text or "").strip())]
    return [_xml_fields(element) for element in listed or [root]]


def _xml_fields(element: Element) -> Fields:
    children = {child.tag: child.text or "" for child in element if not len(child)}
    return {tag.rpartition("}")[2]: text for tag, text in (element.attrib | children).items()}
