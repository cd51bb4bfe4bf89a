"""JSON and XML from strangers, read so that no input can do more than be rejected."""

from __future__ import annotations

import json
from typing import NoReturn
from xml.etree.ElementTree import Element, ParseError, TreeBuilder  # defusedxml does the parsing

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from bot.gateway.forms import UnreadableError

MAX_DEPTH = 5
"""Containers within containers. SMSC needs three: a list of objects, one of which holds a list."""


def json_of(text: str) -> object:
    """Return the JSON document in `text`: dict, list, str, bool or None.

    Numbers stay text as they arrived: nobody calculates with a phone number or an id, and a signature covers its
    digits. Raises UnreadableError for anything malformed, for NaN and Infinity, and for more than MAX_DEPTH levels.
    """
    try:
        value: object = json.loads(text, parse_int=str, parse_float=str, parse_constant=_no_constant)
    except RecursionError:
        raise UnreadableError("the JSON is nested too deep") from None
    except ValueError:
        raise UnreadableError("the JSON is malformed") from None
    _measure(value, MAX_DEPTH)
    return value


def xml_of(text: str) -> Element:
    """Return the root element of the XML document in `text`, whatever encoding its declaration names.

    Raises UnreadableError for anything malformed, for a DTD (and so for every custom entity, expanding or external),
    and for more than MAX_DEPTH levels.
    """
    parser = DefusedXMLParser(target=_ShallowBuilder(), forbid_dtd=True)
    try:
        parser.feed(text)
        root: Element = parser.close()
    except ParseError:
        raise UnreadableError("the XML is malformed") from None
    except DefusedXmlException:
        raise UnreadableError("the XML brings definitions of its own") from None
    return root


def _no_constant(_: str) -> NoReturn:
    raise ValueError


def _measure(value: object, room: int) -> None:
    if not isinstance(value, dict | list):
        return
    if not room:
        raise UnreadableError("the JSON is nested too deep")
    for inner in value.values() if isinstance(value, dict) else value:
        _measure(inner, room - 1)


class _ShallowBuilder(TreeBuilder):
    """Builds a tree, and stops the parser in mid-text when it grows too deep."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = 0

    def start(self, tag: str, attrs: dict[str, str], /) -> Element:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise UnreadableError("the XML is nested too deep")
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> Element:
        self._depth -= 1
        return super().end(tag)
