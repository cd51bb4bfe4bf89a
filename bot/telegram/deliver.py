"""One parcel, one or two Bot API calls, one receipt."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import structlog
from aiogram import Bot
from aiogram.exceptions import (
    AiogramError,
    ClientDecodeError,
    TelegramAPIError,
    TelegramBadRequest,
    TelegramForbiddenError,
    TelegramMigrateToChat,
    TelegramNetworkError,
    TelegramNotFound,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)
from aiogram.types import InputRichMessage

from bot.clock import Clock
from bot.domain.delivery import ErrandDue, ErrandKind, GrantDue, Notice, Parcel, Receipt, Result, ScreenDue, Toast
from bot.telegram.methods import EditRich, EditText, GetGuard, SendRich, SendText
from bot.telegram.notices import guard_joins, notice
from bot.telegram.screens import Drawing, Screens
from bot.telegram.sentences import toast
from bot.telegram.texts import Texts, Words

log = structlog.get_logger()

TIMEOUT = 15
QUERY_TIMEOUT = 4
"""Seconds; a guard join has ten in all, and a second try should fit in."""
PRESENT = frozenset({"creator", "administrator", "member", "restricted"})

# Parts of Telegram's own error texts (Bot API server and TDLib sources), in lower case.
NOTHING_CHANGED = "message is not modified"
UNREACHABLE = (
    "chat not found",
    "user is deactivated",
    "bot was blocked",
    "can't initiate conversation",
    "peer_id_invalid",
)
NO_REQUEST = ("hide_requester_missing", "user_id_invalid", "participant_id_invalid")
ALREADY_IN = ("user_already_participant",)
TOO_MANY = ("user_channels_too_much", "channels_too_much")
NO_MESSAGE = ("message to delete not found", "message can't be deleted", "message_id_invalid")


class Deliverer:
    """Carries parcels to Telegram. Never raises: whatever happens is in the receipt."""

    def __init__(self, bot: Bot, clock: Clock, texts: Texts, screens: Screens, app_url: str | None) -> None:
        self._bot = bot
        self._clock = clock
        self._texts = texts
        self._screens = screens
        self._app_url = app_url

    def draw(self, screen: ScreenDue) -> Drawing:
        """The screen as it should look now."""
        return self._screens.draw(screen.view, self._texts.in_language(screen.language), self._clock.now())

    async def deliver(self, parcel: Parcel) -> Receipt:  # noqa: C901 - one line a kind of failure
        """Do it, and say what came of it."""
        try:
            match parcel:
                case GrantDue():
                    return await self._grant(parcel)
                case ErrandDue():
                    return await self._errand(parcel)
                case ScreenDue():
                    return await self._screen(parcel)
        except TelegramRetryAfter as error:
            return Receipt(parcel, Result.RETRY, retry_after=error.retry_after, error="flood control")
        except (TelegramNetworkError, TelegramServerError, ClientDecodeError, TimeoutError) as error:
            return Receipt(parcel, Result.RETRY, error=type(error).__name__)
        except TelegramUnauthorizedError as error:
            # The token may be replaced, or Telegram may err: what is owed stays owed.
            return Receipt(parcel, Result.RETRY, error=error.message)
        except TelegramForbiddenError as error:
            result = Result.REFUSED if isinstance(parcel, GrantDue) else Result.UNREACHABLE
            return Receipt(parcel, result, error=error.message)
        except (TelegramBadRequest, TelegramNotFound, TelegramMigrateToChat) as error:
            return Receipt(parcel, _final(parcel, error), error=error.message)
        except TelegramAPIError as error:
            # An answer without a class of its own, such as 429 without retry_after.
            return Receipt(parcel, Result.RETRY, error=error.message)
        except Exception as error:
            log.exception("delivery_failed", parcel=type(parcel).__name__)
            return Receipt(parcel, Result.REFUSED, error=type(error).__name__)

    async def _grant(self, grant: GrantDue) -> Receipt:
        try:
            if not await self._answered_query(grant.query_id, "approve", grant.attempts):
                await self._bot.approve_chat_join_request(grant.gate_id, grant.user_id, request_timeout=TIMEOUT)
        except TelegramBadRequest as error:
            if _says(error, ALREADY_IN):
                return Receipt(grant, Result.DONE)
            if _says(error, TOO_MANY):
                return Receipt(grant, Result.TOO_MANY_CHATS, error=error.message)
            if _says(error, NO_REQUEST):
                return await self._look(grant, error)
            raise
        return Receipt(grant, Result.DONE)

    async def _answered_query(self, query_id: str | None, result: Literal["approve", "decline"], attempts: int) -> bool:
        """Answer a guard join. False when there is none, or its query is gone: how long one lives is written down
        nowhere. Tried once; after that the request is decided like any other, which works at any time."""
        if query_id is None or attempts:
            return False
        try:
            await self._bot.answer_chat_join_request_query(query_id, result, request_timeout=QUERY_TIMEOUT)
        except TelegramBadRequest as error:
            if _says(error, TOO_MANY):
                raise
            return False
        except (TelegramNotFound, TelegramForbiddenError):
            # Also: a Bot API server that does not know guard joins any more.
            return False
        return True

    async def _look(self, grant: GrantDue, error: TelegramBadRequest) -> Receipt:
        """The request was handled before, perhaps by us with the answer lost: is the person in?"""
        try:
            member = await self._bot.get_chat_member(grant.gate_id, grant.user_id, request_timeout=TIMEOUT)
        except (TelegramBadRequest, TelegramForbiddenError):
            return Receipt(grant, Result.GONE, error=error.message)
        is_in = member.status in PRESENT and getattr(member, "is_member", True)
        return Receipt(grant, Result.DONE if is_in else Result.GONE, error="" if is_in else error.message)

    async def _errand(self, errand: ErrandDue) -> Receipt:
        words = self._texts.in_language(errand.language)
        details = errand.details
        match errand.kind:
            case ErrandKind.ANSWER_BUTTON:
                text = toast(Toast(str(details["toast"])), words)
                await self._bot.answer_callback_query(
                    str(details["query_id"]), text=text or None, request_timeout=TIMEOUT
                )
            case ErrandKind.OPEN_APP:
                await self._bot.send_chat_join_request_web_app(
                    str(details["query_id"]), self._app_url or "", request_timeout=QUERY_TIMEOUT
                )
            case ErrandKind.QUEUE_JOIN:
                await self._bot.answer_chat_join_request_query(
                    str(details["query_id"]), "queue", request_timeout=QUERY_TIMEOUT
                )
            case ErrandKind.DECLINE_JOIN:
                query_id = str(details["query_id"]) if "query_id" in details else None
                if await self._answered_query(query_id, "decline", errand.attempts):
                    return Receipt(errand, Result.DONE)
                await self._bot.decline_chat_join_request(
                    int(details["gate"]), int(details["user_id"]), request_timeout=TIMEOUT
                )
            case ErrandKind.DELETE_MESSAGE:
                await self._bot.delete_message(errand.chat_id, int(details["message_id"]), request_timeout=TIMEOUT)
            case ErrandKind.NOTIFY:
                text = notice(details, words)
                if details["notice"] == Notice.GATE_ON and (gate := details.get("gate")) is not None:
                    text = "\n\n".join([text, *await self._guard_joins(int(gate), words)])
                await self._bot(SendText(chat_id=errand.chat_id, text=text), request_timeout=TIMEOUT)
        return Receipt(errand, Result.DONE)

    async def _guard_joins(self, gate_id: int, words: Words) -> list[str]:
        """How it stands with guard joins at a gate, in a paragraph; none when Telegram does not say."""
        try:
            me = await self._bot.get_me(request_timeout=TIMEOUT)
            chat = await self._bot(GetGuard(chat_id=gate_id), request_timeout=TIMEOUT)
        except AiogramError:
            return []
        are_on = chat.guard_bot is not None and chat.guard_bot.id == me.id
        if chat.type == "channel" and not are_on:
            # Guards are for groups (TDLib: toggleSupergroupJoinByRequest).
            return []
        are_possible = self._app_url is not None and bool(me.supports_join_request_queries)
        return [guard_joins(words, are_on=are_on, are_possible=are_possible)]

    async def _screen(self, screen: ScreenDue, drawing: Drawing | None = None) -> Receipt:
        drawing = drawing or self.draw(screen)
        if not screen.is_fresh and screen.message_id is not None:
            if drawing.digest == screen.shown_digest:
                return _shown(screen, drawing, screen.message_id)
            if screen.is_editable and drawing.is_editable and await self._edit(screen.message_id, screen, drawing):
                return _shown(screen, drawing, screen.message_id)
        try:
            sent = await self._bot(_new(screen, drawing), request_timeout=TIMEOUT)
        except (TelegramBadRequest, TelegramNotFound) as error:
            if drawing.rich is None or _says(error, UNREACHABLE):
                raise
            receipt = await self._screen(screen, replace(drawing, rich=None))
            # It was the kind of message that was refused, not this one.
            if self._screens.is_rich:
                log.warning("rich_messages_refused", error=error.message)
            self._screens.is_rich = False
            return receipt
        replaced = () if screen.message_id is None else (screen.message_id,)
        return _shown(screen, drawing, sent.message_id, replaced)

    async def _edit(self, message_id: int, screen: ScreenDue, drawing: Drawing) -> bool:
        """Edit the message in place; False when it cannot be, and a new one is needed.

        Why it cannot be is all one: it is gone, or too old, or a rich message that may not become a text.
        """
        try:
            await self._bot(_edit(message_id, screen, drawing), request_timeout=TIMEOUT)
        except TelegramBadRequest as error:
            if _says(error, UNREACHABLE):
                raise
            return _says(error, (NOTHING_CHANGED,))
        return True


def chat_of(parcel: Parcel) -> int | None:
    """The chat whose message budget the parcel spends; None for calls that are no messages."""
    match parcel:
        case ScreenDue():
            return parcel.chat_id
        case ErrandDue(kind=ErrandKind.NOTIFY):
            return parcel.chat_id
        case _:
            return None


def _new(screen: ScreenDue, drawing: Drawing) -> SendText | SendRich:
    chat_id, keyboard = screen.chat_id, drawing.keyboard
    if drawing.rich is None:
        return SendText(chat_id=chat_id, text=drawing.text, reply_markup=keyboard)
    return SendRich(chat_id=chat_id, rich_message=InputRichMessage(html=drawing.rich), reply_markup=keyboard)


def _edit(message_id: int, screen: ScreenDue, drawing: Drawing) -> EditText | EditRich:
    chat_id, keyboard = screen.chat_id, drawing.keyboard
    if drawing.rich is None:
        return EditText(chat_id=chat_id, message_id=message_id, text=drawing.text, reply_markup=keyboard)
    rich = InputRichMessage(html=drawing.rich)
    return EditRich(chat_id=chat_id, message_id=message_id, rich_message=rich, reply_markup=keyboard)


def _shown(screen: ScreenDue, drawing: Drawing, message_id: int, replaced: tuple[int, ...] = ()) -> Receipt:
    return Receipt(
        screen,
        Result.DONE,
        message_id=message_id,
        is_editable=drawing.is_editable,
        digest=drawing.digest,
        replaced=replaced,
    )


def _final(parcel: Parcel, error: TelegramAPIError) -> Result:
    if isinstance(parcel, ErrandDue):
        if parcel.kind is ErrandKind.DELETE_MESSAGE and _says(error, NO_MESSAGE):
            return Result.GONE
        if parcel.kind is ErrandKind.DECLINE_JOIN and _says(error, (*NO_REQUEST, *ALREADY_IN)):
            return Result.GONE
    if not isinstance(parcel, GrantDue) and _says(error, UNREACHABLE):
        return Result.UNREACHABLE
    return Result.REFUSED


def _says(error: TelegramAPIError, parts: tuple[str, ...]) -> bool:
    text = error.message.lower()
    return any(part in text for part in parts)
