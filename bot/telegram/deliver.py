"""One parcel, one or two Bot API calls, one receipt."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from decimal import Decimal

import structlog
from aiogram import Bot
from aiogram.exceptions import (
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
from bot.domain.delivery import (
    MESSAGES,
    ErrandDue,
    ErrandKind,
    GrantDue,
    LogDue,
    Parcel,
    Receipt,
    Result,
    ScreenDue,
    Toast,
)
from bot.telegram.alerts import Alerts
from bot.telegram.announcements import Announcer
from bot.telegram.appeals import Appeals
from bot.telegram.drawing import Drawing
from bot.telegram.fallback import is_message, is_plain, plainly, without_quotes
from bot.telegram.files import Files
from bot.telegram.inquiries import Inquiries
from bot.telegram.log import LogTeller
from bot.telegram.members import QUERY_TIMEOUT, Members
from bot.telegram.methods import EditRich, EditText, SendRich, SendText
from bot.telegram.names import Names
from bot.telegram.notices import notice
from bot.telegram.prompts import Prompts
from bot.telegram.refusals import (
    ALREADY_IN,
    NO_LINK,
    NO_MESSAGE,
    NO_PLACE,
    NO_REQUEST,
    NO_WRITING,
    NOTHING_CHANGED,
    UNREACHABLE,
    says,
)
from bot.telegram.screens import Screens
from bot.telegram.sentences import toast
from bot.telegram.stats import StatsTeller
from bot.telegram.texts import Texts, storable

log = structlog.get_logger()

TIMEOUT = 15

ErrandRunner = Callable[[ErrandDue], Awaitable[Receipt]]


class Deliverer:
    """Carries parcels to Telegram. Never raises: whatever happens is in the receipt."""

    def __init__(
        self,
        bot: Bot,
        clock: Clock,
        texts: Texts,
        screens: Screens,
        app_url: str | None,
        callback_url: str | None = None,
        price: Decimal | None = None,
        others: Mapping[ErrandKind, ErrandRunner] | None = None,
        new_error_id: Callable[[], str] = lambda: secrets.token_hex(4),
        has_ephemeral: Callable[[bool], None] = lambda _: None,
    ) -> None:
        """`callback_url`: what is to be entered at the gateway; a secret, so it is in no row. `price`: what one call
        number costs, where the operators have said. `others`: what runs errands that need more than Telegram.
        `new_error_id`: a name for a message that was given up as it was meant, or for a failure. `has_ephemeral` hears
        whether the Bot API server knows messages that one person alone sees."""
        self._bot = bot
        self._clock = clock
        self._texts = texts
        self._screens = screens
        self._app_url = app_url
        self._new_error_id = new_error_id
        self._callback_url = callback_url
        self._members = Members(bot, clock)
        names = Names(bot)
        self._log = LogTeller(bot, texts, names)
        appeals, files = Appeals(bot, clock, texts, names), Files(bot, texts)
        inquiries, prompts = Inquiries(bot, clock, app_url), Prompts(bot, clock, texts, has_ephemeral)
        self._runners: dict[ErrandKind, ErrandRunner] = {
            ErrandKind.ANSWER_BUTTON: self._answer_button,
            ErrandKind.OPEN_APP: self._open_app,
            ErrandKind.QUEUE_JOIN: self._queue_join,
            ErrandKind.DELETE_MESSAGE: self._delete_message,
            ErrandKind.TIDY: self._delete_message,
            ErrandKind.NOTIFY: self._notify,
            ErrandKind.ANNOUNCE: Announcer(bot, texts).tell,
            ErrandKind.ALERT: Alerts(bot, clock, texts).tell,
            ErrandKind.CHECK_ADMIN: inquiries.check_admin,
            ErrandKind.CHECK_GATE: inquiries.check_gate,
            ErrandKind.CALL_ADMINS: inquiries.call_admins,
            ErrandKind.MAKE_LINK: inquiries.make_link,
            ErrandKind.SEND_FILE: files.send,
            ErrandKind.FETCH_FILE: files.fetch,
            ErrandKind.DECLINE_JOIN: self._members.decline,
            ErrandKind.MUTE: self._members.mute,
            ErrandKind.KICK: self._members.kick,
            ErrandKind.BAN: self._members.ban,
            ErrandKind.UNBAN: self._members.unban,
            ErrandKind.UNTAG: self._members.untag,
            ErrandKind.REVOKE_LINK: self._members.revoke_link,
            ErrandKind.APPEAL: appeals.tell,
            ErrandKind.CLOSE_APPEAL: appeals.close,
            ErrandKind.POINT: prompts.point,
            ErrandKind.PROMPT: prompts.prompt,
            ErrandKind.GROUP_PROMPT: prompts.group_prompt,
            ErrandKind.STATS: StatsTeller(bot, texts, price, new_error_id).tell,
            **(others or {}),
        }

    def draw(self, screen: ScreenDue) -> Drawing:
        """The screen as it should look now."""
        return self._screens.draw(screen.view, self._texts.in_language(screen.language), self._clock.now())

    async def deliver(self, parcel: Parcel) -> Receipt:
        """Do it, and say what came of it. A message that Telegram refuses as it is goes out as bare text."""
        receipt = await self._deliver(parcel)
        # Telegram's words may quote a message, with what is somebody's own, or what no database keeps as text.
        return replace(receipt, error=storable(without_quotes(receipt.error))) if receipt.error else receipt

    async def _deliver(self, parcel: Parcel) -> Receipt:  # noqa: C901 - one line a kind of failure
        try:
            match parcel:
                case GrantDue():
                    return await self._members.grant(parcel)
                case ErrandDue():
                    return await self._run(parcel)
                case LogDue():
                    return await self._log.tell(parcel)
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
        except TelegramMigrateToChat as error:
            # The call says which chat it was: a parcel may be about several.
            moved = {"from": getattr(error.method, "chat_id", None), "to": error.migrate_to_chat_id}
            return Receipt(parcel, Result.MOVED, error=error.message, answer=moved)
        except (TelegramBadRequest, TelegramNotFound) as error:
            result = _final(parcel, error)
            if result is Result.REFUSED and not is_plain() and _can_be_barer(error):
                return await self._give_up(parcel, error)
            return Receipt(parcel, result, error=error.message)
        except TelegramAPIError as error:
            # An answer without a class of its own, such as 429 without retry_after.
            return Receipt(parcel, Result.RETRY, error=error.message)
        except Exception as error:
            error_id = self._new_error_id()
            log.exception("delivery_failed", parcel=type(parcel).__name__, error_id=error_id)
            return Receipt(parcel, Result.REFUSED, error=type(error).__name__, error_id=error_id, is_our_fault=True)

    async def _give_up(self, parcel: Parcel, error: TelegramAPIError) -> Receipt:
        """Send the bare text of a message, with an id under which operators are told why."""
        error_id, said = self._new_error_id(), without_quotes(error.message)
        log.error("message_given_up", parcel=type(parcel).__name__, error_id=error_id, error=said)
        words = self._texts.in_language("" if isinstance(parcel, GrantDue | LogDue) else parcel.language)
        note = words(
            "⚠️ Telegram refused this message as it should look. If something is missing, name this error: {error_id}",
            error_id=error_id,
        )
        with plainly(note):
            receipt = await self._deliver(parcel)
        return replace(receipt, error_id=error_id, error=said)

    async def _run(self, errand: ErrandDue) -> Receipt:
        return await self._runners[errand.kind](errand)

    async def _answer_button(self, errand: ErrandDue) -> Receipt:
        text = toast(Toast(str(errand.details["toast"])), self._texts.in_language(errand.language))
        query_id = str(errand.details["query_id"])
        await self._bot.answer_callback_query(query_id, text=text or None, request_timeout=TIMEOUT)
        return Receipt(errand, Result.DONE)

    async def _open_app(self, errand: ErrandDue) -> Receipt:
        query_id = str(errand.details["query_id"])
        await self._bot.send_chat_join_request_web_app(query_id, self._app_url or "", request_timeout=QUERY_TIMEOUT)
        return Receipt(errand, Result.DONE)

    async def _queue_join(self, errand: ErrandDue) -> Receipt:
        query_id = str(errand.details["query_id"])
        await self._bot.answer_chat_join_request_query(query_id, "queue", request_timeout=QUERY_TIMEOUT)
        return Receipt(errand, Result.DONE)

    async def _delete_message(self, errand: ErrandDue) -> Receipt:
        await self._bot.delete_message(errand.chat_id, int(errand.details["message_id"]), request_timeout=TIMEOUT)
        return Receipt(errand, Result.DONE)

    async def _notify(self, errand: ErrandDue) -> Receipt:
        words = self._texts.in_language(str(errand.details.get("language") or errand.language))
        topic = errand.details.get("topic")
        method = SendText(
            chat_id=errand.chat_id,
            text=notice(errand.details, words, self._callback_url),
            message_thread_id=int(topic) if topic is not None else None,
        )
        await self._bot(method, request_timeout=TIMEOUT)
        return Receipt(errand, Result.DONE)

    async def _screen(self, screen: ScreenDue, drawing: Drawing | None = None) -> Receipt:
        drawing = drawing or self.draw(screen)
        if is_plain():
            drawing = replace(drawing, rich=None)
        if not screen.is_fresh and screen.message_id is not None:
            if drawing.digest == screen.shown_digest:
                return _shown(screen, drawing, screen.message_id)
            if screen.is_editable and drawing.is_editable and await self._edit(screen.message_id, screen, drawing):
                return _shown(screen, drawing, screen.message_id)
        try:
            sent = await self._bot(_new(screen, drawing), request_timeout=TIMEOUT)
            drawing = await self._redraw(screen, drawing, sent.message_id)
        except (TelegramBadRequest, TelegramNotFound) as error:
            if drawing.rich is None or says(error, UNREACHABLE):
                raise
            receipt = await self._screen(screen, replace(drawing, rich=None))
            # It was the kind of message that was refused, not this one.
            if self._screens.is_rich:
                log.warning("rich_messages_refused", error=without_quotes(error.message))
            self._screens.is_rich = False
            return receipt
        replaced = () if screen.message_id is None else (screen.message_id,)
        return _shown(screen, drawing, sent.message_id, replaced)

    async def _redraw(self, screen: ScreenDue, sent: Drawing, message_id: int) -> Drawing:
        """Where a button was refused just now, take out the words that tell of it."""
        again = self.draw(screen)
        if again.digest == sent.digest or not again.is_editable or sent.rich is not None:
            return sent
        return again if await self._edit(message_id, screen, again) else sent

    async def _edit(self, message_id: int, screen: ScreenDue, drawing: Drawing) -> bool:
        """Edit the message in place; False when it cannot be, and a new one is needed.

        Why it cannot be is all one: it is gone, or too old, or a rich message that may not become a text.
        """
        try:
            await self._bot(_edit(message_id, screen, drawing), request_timeout=TIMEOUT)
        except TelegramBadRequest as error:
            if says(error, UNREACHABLE):
                raise
            return says(error, NOTHING_CHANGED)
        return True


def _can_be_barer(error: TelegramAPIError) -> bool:
    """Whether it was a message, and refused for what it is rather than for where it goes."""
    return is_message(error.method) and not says(error, (*UNREACHABLE, *NO_WRITING, *NOTHING_CHANGED, *NO_PLACE))


def chat_of(parcel: Parcel) -> int | None:
    """The chat whose message budget the parcel spends; None for calls that are no messages."""
    match parcel:
        case ScreenDue():
            return parcel.chat_id
        case ErrandDue(kind=kind) if kind in MESSAGES:
            return parcel.chat_id
        case LogDue():
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
        if parcel.kind in (ErrandKind.DELETE_MESSAGE, ErrandKind.TIDY) and says(error, NO_MESSAGE):
            return Result.GONE
        if parcel.kind is ErrandKind.REVOKE_LINK and says(error, NO_LINK):
            return Result.GONE
        if parcel.kind is ErrandKind.DECLINE_JOIN and says(error, (*NO_REQUEST, *ALREADY_IN)):
            return Result.GONE
    if not isinstance(parcel, GrantDue) and says(error, UNREACHABLE):
        return Result.UNREACHABLE
    tells_log = isinstance(parcel, LogDue) or (isinstance(parcel, ErrandDue) and parcel.kind is ErrandKind.APPEAL)
    if tells_log and says(error, NO_WRITING):
        return Result.UNREACHABLE
    return Result.REFUSED
