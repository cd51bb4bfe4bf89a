"""Rich messages, as far as they are supported: their HTML, read into the text and the entities of a text message.

The tags and the links are those of https://core.telegram.org/bots/api#rich-message-formatting-options, which does not
say how the real server reads white space: here it is HTML's way, a line break is `<br>` or a paragraph.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

from aiogram.types import InputRichMessage

from bot.sandbox.telegram.api_errors import bad_request
from bot.sandbox.telegram.entities import Text, finished, utf16_length
from bot.sandbox.telegram.html import STYLES, HtmlError, date_time, link_to

Json = dict[str, Any]
LIMIT = 32768
INLINE = {"b", "i", "u", "s", "code", "a", "tg-time"}
LINKS = {"http", "https", "tg", "tel", "mailto"}
SPACE = re.compile(r"[ \t\r\n\f]+")


def read_rich(message: InputRichMessage) -> Text:
    """The content of a rich message; refused when it is not in HTML or has unsupported tags."""
    if message.html is None or len(message.model_dump(exclude_none=True)) > 1:
        raise bad_request("the sandbox supports rich messages in html only, with no other field")
    parser = _Parser()
    try:
        parser.feed(message.html)
        parser.close()
    except HtmlError as error:
        raise bad_request(f"can't parse rich message: {error}") from error
    return finished(Text(parser.text, parser.entities), LIMIT)


@dataclass(frozen=True, slots=True)
class _Open:
    tag: str
    attributes: dict[str, str]
    start: int


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text = ""
        self.entities: list[Json] = []
        self._open: list[_Open] = []
        self._gap = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "br":
            self._write("\n")
            return
        if tag == "p":
            if self._open:
                raise HtmlError(f'a paragraph cannot stand inside "{self._open[-1].tag}"')
            self._gap = True
        elif tag not in INLINE:
            raise HtmlError(f'the sandbox does not support the tag "{tag}"')
        else:
            self._write("")
        self._open.append(_Open(tag, {name: value or "" for name, value in attrs}, len(self.text)))

    def handle_endtag(self, tag: str) -> None:
        if tag == "br":
            return
        if not self._open or self._open[-1].tag != tag:
            raise HtmlError(f'unexpected end tag "{tag}"')
        opened = self._open.pop()
        if tag == "p":
            self._gap = True
        elif len(self.text) > opened.start:
            start = utf16_length(self.text[: opened.start])
            place: Json = {"offset": start, "length": utf16_length(self.text) - start}
            self.entities.append(_entity(opened, self.text[opened.start :]) | place)

    def handle_data(self, data: str) -> None:
        data = SPACE.sub(" ", data)
        if self._gap or not self.text or self.text[-1] in " \n":
            data = data.removeprefix(" ")
        if data:
            self._write(data)

    def handle_comment(self, data: str) -> None:
        raise HtmlError(f'the sandbox does not support "{data}"')

    def handle_decl(self, decl: str) -> None:
        self.handle_comment(decl)

    handle_pi = unknown_decl = handle_comment

    def close(self) -> None:
        super().close()
        if self._open:
            raise HtmlError(f'the tag "{self._open[-1].tag}" has no end')

    def _write(self, piece: str) -> None:
        """Add to the text, after the empty line between two paragraphs if one is due."""
        if self._gap and self.text:
            self.text = f"{self.text.rstrip()}\n\n"
        self._gap = False
        self.text += piece


def _entity(opened: _Open, text: str) -> Json:
    if opened.tag == "tg-time":
        return date_time(opened.attributes)
    if opened.tag != "a":
        return {"type": STYLES[opened.tag]}
    target = opened.attributes.get("href", "")
    scheme, _, rest = target.partition(":")
    found = {"type": "text_link", "url": target} if scheme == "tel" and rest else link_to(target)
    if scheme.lower() not in LINKS or found is None:
        raise HtmlError(f'the link "{target}" is not supported')
    # As plain text, a number or an address is one that clients make tappable.
    if scheme == "tel" and _dialled(rest) == _dialled(text):
        return {"type": "phone_number"}
    if scheme == "mailto" and rest == text:
        return {"type": "email"}
    return found


def _dialled(number: str) -> str:
    return re.sub(r"[^\d+]", "", number)
