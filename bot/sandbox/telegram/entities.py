"""Text as the Bot API reads it: HTML to text and entities, and the entities that the server adds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from bot.sandbox.telegram.api_errors import bad_request
from bot.sandbox.telegram.html import HtmlError, parse_html

Json = dict[str, Any]

TEXT_LIMIT = 4096
# Plain text that the server makes tappable; first come, first served.
AUTOMATIC = (
    ("url", re.compile(r"\b(?:https?|tg|ftp)://[^\s<>\"']*[^\s<>\"'.,;:!?)\]»]", re.IGNORECASE)),
    ("email", re.compile(r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b")),
    (
        "url",
        re.compile(
            r"(?<![\w@./])(?:[a-z0-9-]+\.)+(?:com|org|net|ru|me|io|dev|рф)\b(?:/[^\s<>\"']*[\w/])?",
            re.IGNORECASE,
        ),
    ),
    ("mention", re.compile(r"(?<!\w)@[A-Za-z0-9_]{3,32}\b")),
    ("bot_command", re.compile(r"(?<![\w/<>])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?\b")),
    ("hashtag", re.compile(r"(?<!\w)#\w*[^\W\d]\w*")),
    ("phone_number", re.compile(r"(?<![\w+])\+\d{7,15}(?!\w)")),
)
HINTS = re.compile(r"[@/#+.]")
UNTOUCHABLE = {"code", "pre", "text_link", "text_mention", "custom_emoji", "phone_number", "email"}
NOT_FOR_BOTS = {"phone_number"}


@dataclass(frozen=True, slots=True)
class Text:
    """A text with its entities, offsets in UTF-16 units."""

    text: str
    entities: list[Json]


def read_text(
    text: str | None,
    parse_mode: str | None,
    entities: list[Json] | None = None,
    unknown_tags: frozenset[str] = frozenset(),
) -> Text:
    """The text of a message as Telegram would store it; refused as Telegram would refuse it.

    `unknown_tags` are those that the server is too old for.
    """
    if text is None or not text.strip():
        raise bad_request("message text is empty")
    if parse_mode is None or not parse_mode:
        parsed = Text(text, [entity for entity in entities or [] if entity["type"] not in NOT_FOR_BOTS])
        _check_bounds(parsed)
    elif parse_mode.lower() == "html":
        try:
            parsed = Text(*parse_html(text, unknown_tags))
        except HtmlError as error:
            raise bad_request(f"can't parse entities: {error}") from error
    else:
        # MarkdownV2 exists in reality; nothing in this project uses it, so the sandbox does not support it either.
        raise bad_request("unsupported parse_mode")
    return finished(parsed, TEXT_LIMIT)


def finished(parsed: Text, limit: int) -> Text:
    """The text as stored: without surrounding white space, with the entities that the server finds."""
    parsed = _stripped(parsed)
    if not parsed.text:
        raise bad_request("message text is empty")
    if len(parsed.text) > limit:
        raise bad_request("message is too long")
    return Text(parsed.text, with_automatic(parsed.text, parsed.entities))


def with_automatic(text: str, entities: list[Json]) -> list[Json]:
    """The entities, and those the server finds in the plain parts of the text."""
    if not HINTS.search(text):
        return sorted(entities, key=_order)
    taken = [
        (entity["offset"], entity["offset"] + entity["length"]) for entity in entities if entity["type"] in UNTOUCHABLE
    ]
    found: list[Json] = []
    for kind, pattern in AUTOMATIC:
        for match in pattern.finditer(text):
            start = utf16_length(text[: match.start()])
            end = start + utf16_length(match.group())
            if all(end <= other_start or start >= other_end for other_start, other_end in taken):
                taken.append((start, end))
                found.append({"type": kind, "offset": start, "length": end - start})
    return sorted([*entities, *found], key=_order)


def utf16_length(text: str) -> int:
    """How many UTF-16 units the text has: what Telegram counts offsets in."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def _order(entity: Json) -> tuple[int, int]:
    return entity["offset"], -entity["length"]


def _check_bounds(parsed: Text) -> None:
    length = utf16_length(parsed.text)
    for entity in parsed.entities:
        start, end = entity["offset"], entity["offset"] + entity["length"]
        if start < 0 or entity["length"] <= 0 or end > length:
            raise bad_request("can't parse MessageEntity: entity is out of the text")


def _stripped(parsed: Text) -> Text:
    """Without the white space around the text, the entities cut to what is left."""
    left = parsed.text.lstrip()
    shift = utf16_length(parsed.text) - utf16_length(left)
    text = left.rstrip()
    if len(text) == len(parsed.text):
        return parsed
    length = utf16_length(text)
    entities = []
    for entity in parsed.entities:
        start = max(0, entity["offset"] - shift)
        end = min(length, entity["offset"] + entity["length"] - shift)
        if end > start:
            entities.append(entity | {"offset": start, "length": end - start})
    return Text(text, entities)
