"""When Telegram rejects part of a message, send the message again without that part.

Parts that a server does not know (an HTML tag, a kind of button) or never accepts (buttons to some address) stay out of
all later messages until this process ends; a new process tries them again.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import structlog
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest
from aiogram.methods import TelegramMethod
from aiogram.types import InlineKeyboardMarkup, InputMediaPhoto, InputRichMessage, ReplyKeyboardMarkup

from bot.domain.operators import units

log = structlog.get_logger()

Method = TelegramMethod[Any]

MOST_TRIES = 6
NOT_MODIFIED = "message is not modified"
UNKNOWN_TAG = re.compile(r'unsupported start tag "([^"]{1,32})"', re.IGNORECASE)
QUOTED_URL = re.compile(r"url '([^']+)'", re.IGNORECASE)
TAG = re.compile(r"</?[a-zA-Z][^>]*>")
QUOTED = re.compile(r"""(?<!\w)'.*'(?!\w)|(?<!\w)'[^']*\Z|"(?P<name>[a-z-]{1,32})"|"[^"]*("|\Z)""", re.DOTALL)
"""Text in quotes; an apostrophe, as in “can't”, starts none. `name`: of a tag or a field, which stays."""
UNQUOTED = re.compile(r"\w+:(//|\+)\S+|\+?\d(?:[\s().-]*\d){6,}")
TELEGRAM_LINK = "https://t.me/"
COPY_TEXT = "copy_text"
LONGEST = {"text": 4096, "caption": 1024}
"""Units of UTF-16 (Bot API, `sendMessage`, `sendPhoto`)."""

# Parts of Telegram's error texts (Bot API server and TDLib sources), in lower case. The first matching group counts.
WEB_APP = ("web app", "webapp", "web_app", "only https links", "button_type_invalid")
COPY = ("copy_text", "copy text", "text buttons are unallowed")
LINK = ("wrong http url", "unsupported url protocol", "url host is empty", "button url", "button_url", "url_invalid")
BUTTONS = ("button", "keyboard", "reply markup", "reply_markup")
PREVIEW = ("webpage", "web page", "link preview", "link_preview")
EFFECT = ("effect",)
ENTITIES = ("entit", "tag")
_plain_note: ContextVar[str | None] = ContextVar("plain_note", default=None)


@contextmanager
def plainly(note: str) -> Iterator[None]:
    """Send messages as bare text within this, with `note` below."""
    token = _plain_note.set(note)
    try:
        yield
    finally:
        _plain_note.reset(token)


def is_plain() -> bool:
    """Return whether messages go out as bare text here."""
    return _plain_note.get() is not None


class Fallback:
    """A session middleware; put it first, so that those behind it see every call that is made."""

    def __init__(self, refused: Callable[[str], None]) -> None:
        """`refused` is called with the name of each part that stays out from now on."""
        self._refused = refused
        self._left_out: set[str] = set()

    @property
    def count(self) -> int:
        """Return how many parts stay out by now."""
        return len(self._left_out)

    def takes_link(self, url: str) -> bool:
        """Return whether buttons may lead to this address, as far as is known."""
        return _origin(url) not in self._left_out

    async def __call__(self, make_request: Any, bot: Bot, method: Method) -> Any:  # noqa: ANN401 - aiogram's signature
        """Make the call, and repeat it with less as long as Telegram rejects a part that can be left out."""
        note = _plain_note.get()
        method = _as_text(method, note) if note is not None else self._without_known(method)
        for _ in range(MOST_TRIES):
            try:
                return await make_request(bot, method)
            except TelegramBadRequest as error:
                less = self._without_refused(method, error.message)
                if less is None:
                    raise
                log.warning("message_part_refused", method=method.__api_method__, error=without_quotes(error.message))
                method = less
        return await make_request(bot, method)

    def _without_known(self, method: Method) -> Method:
        for part in self._left_out:
            if part.startswith("<"):
                method = _with_texts(method, partial(_without_tag, tag=part))
        return _with_buttons(method, lambda button: not self._is_left_out(button)) or method

    def _is_left_out(self, button: Any) -> bool:  # noqa: ANN401 - of either keyboard
        address = _address(button)
        if address is not None and _origin(address) in self._left_out:
            return True
        return COPY_TEXT in self._left_out and getattr(button, COPY_TEXT, None) is not None

    def _without_refused(self, method: Method, words: str) -> Method | None:
        """Return the method without the part that these words reject; None if nothing can be left out."""
        said = words.lower()
        if NOT_MODIFIED in said:
            # It names the reply markup, which has not changed.
            return None
        if unknown := UNKNOWN_TAG.search(said):
            tag = f"<{unknown[1]}>"
            return self._changed(method, _with_texts(method, partial(_without_tag, tag=tag)), tag)
        if _any(WEB_APP, said) and (less := self._without_links(method, words, "web_app")):
            return less
        if _any(COPY, said) and (less := _with_buttons(method, lambda one: getattr(one, COPY_TEXT, None) is None)):
            self._leave_out(COPY_TEXT)
            return less
        if _any(LINK, said) and (less := self._without_links(method, words, "url")):
            return less
        if _any(BUTTONS, said):
            plain = _with_buttons(method, lambda one: getattr(one, "callback_data", None) or _is_request(one))
            return plain or _without(method, "reply_markup")
        if _any(PREVIEW, said):
            return _without(method, "link_preview_options")
        if _any(EFFECT, said):
            return _without(method, "message_effect_id")
        if _any(ENTITIES, said):
            return self._changed(method, _with_texts(method, lambda text: html.escape(_bare(text), quote=False)))
        return None

    def _without_links(self, method: Method, words: str, kind: str) -> Method | None:
        """Return the method without the button that Telegram names, or else without all buttons of that kind."""
        named = QUOTED_URL.search(words)
        refused = {_address(one) for one in _buttons(method) if getattr(one, kind, None) is not None}
        if named and named[1] in refused:
            refused = {named[1]}
        less = _with_buttons(method, lambda one: _address(one) not in refused)
        for address in refused:
            # Telegram may accept its own addresses another time.
            if less is not None and address and not address.startswith(TELEGRAM_LINK):
                self._leave_out(_origin(address))
        return less

    def _changed(self, method: Method, less: Method, part: str | None = None) -> Method | None:
        if less is method:
            return None
        if part is not None:
            self._leave_out(part)
        return less

    def _leave_out(self, part: str) -> None:
        if part not in self._left_out:
            self._left_out.add(part)
            self._refused(part)


def without_quotes(words: str) -> str:
    """Return Telegram's error text without its quotes of the message, which may be personal; also without addresses and
    phones outside quotes."""
    return UNQUOTED.sub("…", QUOTED.sub(lambda quote: quote[0] if quote["name"] else "'…'", words))


def is_message(method: Method) -> bool:
    """Return whether the call sends something that can be reduced to bare text."""
    return _texts_of(method) != []


def _as_text(method: Method, note: str) -> Method:
    if not is_message(method):
        return method
    end = f"\n\n{note}" if note else ""
    update: dict[str, Any] = {"parse_mode": None}
    for field in ("text", "caption"):
        if text := getattr(method, field, None):
            bare = _bare(text) if getattr(method, "parse_mode", None) == "HTML" else text
            update[field] = _cut(bare, LONGEST[field] - units(end)) + end
    for field in ("reply_markup", "link_preview_options", "message_effect_id"):
        if getattr(method, field, None) is not None:
            update[field] = None
    media = getattr(method, "media", None)
    if isinstance(media, InputMediaPhoto):
        caption = _cut(_bare(media.caption or ""), LONGEST["caption"] - units(end)) + end
        update["media"] = media.model_copy(update={"caption": caption, "parse_mode": None})
    known = type(method).model_fields
    return method.model_copy(update={name: value for name, value in update.items() if name in known})


def _cut(text: str, most: int) -> str:
    """Return the beginning, if the text has more units of UTF-16 than `most`."""
    if units(text) <= most:
        return text
    return text.encode("utf-16-le")[: 2 * (most - 1)].decode("utf-16-le", "ignore") + "…"


def _with_texts(method: Method, change: Callable[[str], str]) -> Method:
    """Return the method with every text in it changed, or the method itself if nothing changes."""
    update: dict[str, Any] = {}
    for field, text in _texts_of(method):
        if (other := change(text)) != text:
            match getattr(method, field):
                case InputMediaPhoto() as media:
                    update[field] = media.model_copy(update={"caption": other})
                case InputRichMessage() as rich:
                    update[field] = rich.model_copy(update={"html": other})
                case _:
                    update[field] = other
    return method.model_copy(update=update) if update else method


def _texts_of(method: Method) -> list[tuple[str, str]]:
    """Return the HTML texts of a message, each with its field."""
    found = [(field, getattr(method, field, None)) for field in ("text", "caption")]
    media, rich = getattr(method, "media", None), getattr(method, "rich_message", None)
    if isinstance(media, InputMediaPhoto):
        found.append(("media", media.caption))
    if isinstance(rich, InputRichMessage):
        found.append(("rich_message", rich.html))
    # The answer to a button has a text too, but is not a message.
    return [(field, text) for field, text in found if isinstance(text, str) and hasattr(method, "chat_id")]


def _buttons(method: Method) -> list[Any]:
    return [button for row in _rows(method) for button in row]


def _rows(method: Method) -> list[list[Any]]:
    match getattr(method, "reply_markup", None):
        case InlineKeyboardMarkup(inline_keyboard=rows) | ReplyKeyboardMarkup(keyboard=rows):
            return list(rows)
        case _:
            return []


def _with_buttons(method: Method, keep: Callable[[Any], object]) -> Method | None:
    """Return the method with only these buttons; None if none goes. Links into Telegram move into the text."""
    rows = _rows(method)
    kept = [line for row in rows if (line := [button for button in row if keep(button)])]
    dropped = [button for row in rows for button in row if not keep(button)]
    if not dropped:
        return None
    markup = getattr(method, "reply_markup")  # noqa: B009 - of whichever method
    field = "inline_keyboard" if isinstance(markup, InlineKeyboardMarkup) else "keyboard"
    less = method.model_copy(update={"reply_markup": markup.model_copy(update={field: kept}) if kept else None})
    links = [f"{one.text}: {one.url}" for one in dropped if str(getattr(one, "url", "")).startswith(TELEGRAM_LINK)]
    lines = html.escape("\n".join(links), quote=False)
    return _with_texts(less, lambda text: f"{text}\n\n{lines}") if links else less


def _without(method: Method, field: str) -> Method | None:
    return method.model_copy(update={field: None}) if getattr(method, field, None) is not None else None


def _is_request(button: Any) -> bool:  # noqa: ANN401 - of either keyboard
    """Return whether it is an ordinary button below the input field."""
    return not hasattr(button, "callback_data") and getattr(button, "web_app", None) is None


def _address(button: Any) -> str | None:  # noqa: ANN401 - of either keyboard
    app = getattr(button, "web_app", None)
    return app.url if app is not None else getattr(button, "url", None)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _without_tag(text: str, tag: str) -> str:
    name = re.escape(tag.strip("<>"))
    return re.sub(rf"</?{name}(?:\s[^>]*)?>", "", text, flags=re.IGNORECASE)


def _bare(text: str) -> str:
    return html.unescape(TAG.sub("", re.sub(r"</p>", "\n", text)))


def _any(parts: tuple[str, ...], said: str) -> bool:
    return any(part in said for part in parts)
