"""Telegram's HTML: a small dialect, read the way its server reads it, with its error texts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

STYLES = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
}
TAGS = {*STYLES, "a", "tg-emoji", "tg-time"}
NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
TAG_NAME = re.compile(r"[^\s>]*")
REFERENCE = re.compile(r"&(?:#x([0-9a-fA-F]{1,6})|#(\d{1,7})|([A-Za-z]+));?")
ATTRIBUTE = re.compile(r"""\s*([^\s=>]*)\s*(?:(=)\s*(?:"([^"]*)"|'([^']*)'|([A-Za-z0-9.\-]*)))?""")
DATE_FORMAT = re.compile(r"r|w?[dD]?[tT]?")
WEB_LINK = re.compile(r"(?:https?|ftp|tg|ton)://\S+|mailto:\S+", re.IGNORECASE)
BARE_LINK = re.compile(r"[\w-]+(?:\.[\w-]+)+(?:[/?#]\S*)?")
USER_LINK = re.compile(r"tg://user\?id=(\d+)", re.IGNORECASE)


class HtmlError(Exception):
    """Telegram's text after "can't parse entities:"."""


@dataclass(slots=True)
class _Open:
    tag: str
    attributes: dict[str, str]
    offset: int
    position: int


def parse_html(source: str, unknown_tags: frozenset[str] = frozenset()) -> tuple[str, list[Json]]:
    """The text without the tags, and its entities (offsets in UTF-16 units)."""
    if "<" not in source and "&" not in source:
        return source, []
    return _Parser(source, unknown_tags).parse()


class _Parser:
    def __init__(self, source: str, unknown_tags: frozenset[str]) -> None:
        self._source = source
        self._tags = TAGS - unknown_tags
        self._parts: list[str] = []
        self._length = 0
        self._open: list[_Open] = []
        self._entities: list[Json] = []

    def parse(self) -> tuple[str, list[Json]]:
        at = 0
        while at < len(self._source):
            tag = self._source.find("<", at)
            self._add(self._decoded(self._source[at : tag if tag >= 0 else None]))
            if tag < 0:
                break
            closing = self._source.startswith("</", tag)
            at = self._end_tag(tag) if closing else self._start_tag(tag)
        if self._open:
            last = self._open[-1]
            raise HtmlError(f'Can\'t find end tag corresponding to start tag "{last.tag}"')
        return "".join(self._parts), self._entities

    def _add(self, text: str) -> None:
        self._parts.append(text)
        self._length += len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2

    def _byte(self, at: int) -> int:
        return len(self._source[:at].encode("utf-8", "surrogatepass"))

    def _decoded(self, text: str) -> str:
        return REFERENCE.sub(self._character, text) if "&" in text else text

    def _character(self, match: re.Match[str]) -> str:
        hexadecimal, decimal, name = match.groups()
        if name is not None:
            if name in NAMED:
                return NAMED[name]
            if match.group().endswith(";"):
                # The real server leaves such a text unchanged, which nobody wants to read either.
                raise HtmlError(f'Unsupported named entity "&{name};"')
            return match.group()
        code = int(hexadecimal, 16) if hexadecimal else int(decimal)
        return chr(code) if 0 < code < 0x10FFFF and not 0xD800 <= code <= 0xDFFF else match.group()

    def _start_tag(self, begin: int) -> int:
        name = TAG_NAME.match(self._source, begin + 1)
        end = name.end() if name else begin + 1
        tag = self._source[begin + 1 : end].lower()
        if end >= len(self._source):
            raise HtmlError(f"Unclosed start tag at byte offset {self._byte(begin)}")
        if tag not in self._tags:
            raise HtmlError(f'Unsupported start tag "{tag}" at byte offset {self._byte(begin)}')
        attributes, end = self._attributes(tag, begin, end)
        if tag == "span" and attributes.get("class") != "tg-spoiler":
            raise HtmlError(f'Tag "span" must have class "tg-spoiler" at byte offset {self._byte(begin)}')
        self._open.append(_Open(tag, attributes, self._length, len(self._parts)))
        return end

    def _attributes(self, tag: str, begin: int, at: int) -> tuple[dict[str, str], int]:
        attributes: dict[str, str] = {}
        while True:
            while at < len(self._source) and self._source[at].isspace():
                at += 1
            if at >= len(self._source):
                raise HtmlError(f"Unclosed start tag at byte offset {self._byte(begin)}")
            if self._source[at] == ">":
                return attributes, at + 1
            match = ATTRIBUTE.match(self._source, at)
            name = match.group(1).lower() if match else ""
            if match is None or not name:
                raise HtmlError(f'Empty attribute name in the tag "{tag}" at byte offset {self._byte(begin)}')
            if match.group(2) is None and not (tag == "blockquote" and name == "expandable"):
                raise HtmlError(
                    "Expected equal sign in declaration of an attribute of the tag "
                    f'"{tag}" at byte offset {self._byte(begin)}'
                )
            quoted = next((value for value in match.groups()[2:4] if value is not None), None)
            value = self._decoded(quoted) if quoted is not None else (match.group(5) or "").lower()
            attributes[name] = value
            at = match.end()

    def _end_tag(self, begin: int) -> int:
        end = self._source.find(">", begin)
        if not self._open:
            raise HtmlError(f"Unexpected end tag at byte offset {self._byte(begin)}")
        if end < 0:
            raise HtmlError(f"Unclosed end tag at byte offset {self._byte(begin)}")
        tag = self._source[begin + 2 : end].strip().lower()
        opened = self._open.pop()
        if tag and tag != opened.tag:
            raise HtmlError(
                f'Unmatched end tag at byte offset {self._byte(begin)}, expected "</{opened.tag}>", found "</{tag}>"'
            )
        if self._length > opened.offset:
            self._entity(opened)
        return end + 1

    def _entity(self, opened: _Open) -> None:
        entity: Json = {
            "type": STYLES.get(opened.tag, ""),
            "offset": opened.offset,
            "length": self._length - opened.offset,
        }
        if opened.tag == "a":
            link = link_to(opened.attributes.get("href") or "".join(self._parts[opened.position :]))
            if link is None:
                return
            entity |= link
        elif opened.tag == "tg-emoji":
            if not opened.attributes.get("emoji-id", "").isdigit():
                raise HtmlError("Invalid custom emoji identifier specified")
            entity |= {"type": "custom_emoji", "custom_emoji_id": opened.attributes["emoji-id"]}
        elif opened.tag == "tg-time":
            entity |= date_time(opened.attributes)
        elif opened.tag == "blockquote" and "expandable" in opened.attributes:
            entity["type"] = "expandable_blockquote"
        elif opened.tag in ("code", "pre"):
            self._code(opened, entity)
            return
        self._entities.append(entity)

    def _code(self, opened: _Open, entity: Json) -> None:
        """`<pre><code class="language-x">` is one entity, `pre` with a language."""
        language = opened.attributes.get("class", "")
        if opened.tag == "code" and language.startswith("language-"):
            entity["language"] = language.removeprefix("language-")
        last = self._entities[-1] if self._entities else None
        same = last is not None and (last["offset"], last["length"]) == (entity["offset"], entity["length"])
        if opened.tag == "pre" and last is not None and same and last["type"] == "code":
            last["type"] = "pre"
            return
        if opened.tag == "code" and not (self._open and self._open[-1].tag == "pre"):
            entity.pop("language", None)
        self._entities.append(entity)


def link_to(target: str) -> Json | None:
    """The entity of a link; None for what is not a link to Telegram (`tel:` is not): plain text remains."""
    user = USER_LINK.fullmatch(target)
    if user:
        return {"type": "text_mention", "user": {"id": int(user[1]), "is_bot": False, "first_name": ""}}
    if WEB_LINK.fullmatch(target):
        return {"type": "text_link", "url": target}
    if BARE_LINK.fullmatch(target):
        return {"type": "text_link", "url": f"http://{target}"}
    return None


def date_time(attributes: dict[str, str]) -> Json:
    """The entity of a moment."""
    moment, form = attributes.get("unix", ""), attributes.get("format", "")
    if not moment.isdigit() or not 0 < int(moment) < 2**31:
        raise HtmlError("Invalid Unix time specified")
    if not DATE_FORMAT.fullmatch(form):
        raise HtmlError("Invalid date-time format specified")
    return {"type": "date_time", "unix_time": int(moment), "date_time_format": form}
