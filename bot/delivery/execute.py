"""One item, one or two Bot API calls, one result."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
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
from bot.delivery.notifications import notification
from bot.delivery.screens import ScreenRenderer
from bot.domain import notifications, tasks
from bot.domain.notifications import ALERTS
from bot.domain.outgoing import (
    MESSAGES,
    DeliveryResult,
    DeliveryStatus,
    Outgoing,
    PendingGrant,
    PendingLogBatch,
    PendingScreen,
    PendingTask,
    Work,
)
from bot.features.access.tasks import QUERY_TIMEOUT, Members, Prompts
from bot.features.announcements.screens import AnnouncementSender
from bot.features.gates.tasks import ChatLookups
from bot.features.moderation.log_lines import LogSender
from bot.features.moderation.tasks import AppealMessages
from bot.features.raids.screens import Alerts
from bot.features.settings.tasks import Files
from bot.features.statistics.screens import StatsSender
from bot.features.verification.words import toast
from bot.i18n.texts import Texts, storable
from bot.telegram.api_errors import (
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
from bot.telegram.fallback import is_message, is_plain, plainly, without_quotes
from bot.telegram.mentions import AdminNames
from bot.telegram.methods import EditRich, EditText, SendRich, SendText
from bot.telegram.rendered import RenderedMessage, TaskRunner

log = structlog.get_logger()

TIMEOUT = 15
GONE: Mapping[type[Work], tuple[str, ...]] = {
    tasks.DeleteMessage: NO_MESSAGE,
    tasks.RemoveServiceMessage: NO_MESSAGE,
    tasks.RevokeLink: NO_LINK,
    tasks.DeclineJoin: (*NO_REQUEST, *ALREADY_IN),
}
"""Errors that say that there is nothing left to do."""


class TelegramExecutor:
    """Runs items against Telegram. Never raises: the result says what happened."""

    def __init__(
        self,
        bot: Bot,
        clock: Clock,
        texts: Texts,
        screens: ScreenRenderer,
        app_url: str | None,
        callback_url: str | None = None,
        price: Decimal | None = None,
        others: Mapping[type[Work], TaskRunner] | None = None,
        new_error_id: Callable[[], str] = lambda: secrets.token_hex(4),
        has_ephemeral: Callable[[bool], None] = lambda _: None,
    ) -> None:
        """`callback_url`: what the operator enters at the gateway; a secret, so no row holds it. `price`: of one call
        number, if operators have set it. `others`: runs tasks that need more than Telegram. `new_error_id`: makes an id
        for a message that went out as bare text, or for a failure. `has_ephemeral` is called with whether the Bot API
        server knows messages that only one person sees."""
        self._bot = bot
        self._clock = clock
        self._texts = texts
        self._screens = screens
        self._app_url = app_url
        self._new_error_id = new_error_id
        self._callback_url = callback_url
        self._members = Members(bot, clock)
        names = AdminNames(bot)
        self._log = LogSender(bot, texts, names)
        appeals, files = AppealMessages(bot, clock, texts, names), Files(bot, texts)
        chat_lookups, prompts = ChatLookups(bot, clock, app_url), Prompts(bot, clock, texts, has_ephemeral)
        stats = StatsSender(bot, texts, price, new_error_id)
        self.runners: Mapping[type[Work], TaskRunner] = self._own_runners() | {
            notifications.SendAnnouncement: AnnouncementSender(bot, texts).tell,
            notifications.SendAlert: Alerts(bot, clock, texts).tell,
            tasks.CheckAdminRights: chat_lookups.check_admin,
            tasks.CheckWhoAdded: chat_lookups.check_who_added,
            tasks.CheckGateHealth: chat_lookups.check_gate,
            tasks.CallAdmins: chat_lookups.call_admins,
            tasks.CallRaidAdmins: chat_lookups.call_admins,
            tasks.MakeJoinLink: chat_lookups.make_link,
            tasks.SendFile: files.send,
            tasks.FetchFile: files.fetch,
            notifications.SendAppeal: appeals.tell,
            notifications.CloseAppeal: appeals.close,
            tasks.SendPrivateLink: prompts.point,
            tasks.Prompt: prompts.prompt,
            tasks.GroupPrompt: prompts.group_prompt,
            tasks.SendChart: stats.chart,
            tasks.SendGateButtons: stats.gates,
            tasks.AskWhichGate: stats.choose,
            tasks.SayUnknownGate: stats.unknown,
            **(others or {}),
        }
        """The runner of each class of work. A log line goes out in a batch instead."""

    def _own_runners(self) -> dict[type[Work], TaskRunner]:
        return {
            tasks.AnswerButton: self._answer_button,
            tasks.OpenApp: self._open_app,
            tasks.QueueJoin: self._queue_join,
            tasks.DeleteMessage: self._delete_message,
            tasks.RemoveServiceMessage: self._delete_message,
            notifications.Notify: self._notify,
            notifications.NotifyIncident: self._notify,
            tasks.DeclineJoin: self._members.decline,
            tasks.Mute: self._members.mute,
            tasks.Kick: self._members.kick,
            tasks.Ban: self._members.ban,
            tasks.Unban: self._members.unban,
            tasks.Untag: self._members.untag,
            tasks.RevokeLink: self._members.revoke_link,
        }

    def draw(self, screen: PendingScreen) -> RenderedMessage:
        """Return the screen as it should look now."""
        return self._screens.draw(screen.view, self._texts.in_language(screen.language), self._clock.now())

    async def deliver(self, item: Outgoing) -> DeliveryResult:
        """Run the item and return the result. A message that Telegram rejects goes out as bare text."""
        receipt = await self._deliver(item)
        # Telegram's error text may quote a message, with personal data or characters that no database stores as text.
        return replace(receipt, error=storable(without_quotes(receipt.error))) if receipt.error else receipt

    async def _deliver(self, item: Outgoing) -> DeliveryResult:  # noqa: C901 - one line a kind of failure
        try:
            match item:
                case PendingGrant():
                    return await self._members.grant(item)
                case PendingTask():
                    return await self._run(item)
                case PendingLogBatch():
                    return await self._log.tell(item)
                case PendingScreen():
                    return await self._screen(item)
        except TelegramRetryAfter as error:
            return DeliveryResult(item, DeliveryStatus.RETRY, retry_after=error.retry_after, error="flood control")
        except (TelegramNetworkError, TelegramServerError, ClientDecodeError, TimeoutError) as error:
            return DeliveryResult(item, DeliveryStatus.RETRY, error=type(error).__name__)
        except TelegramUnauthorizedError as error:
            # The token may be replaced, or Telegram may be wrong: the item stays pending.
            return DeliveryResult(item, DeliveryStatus.RETRY, error=error.message)
        except TelegramForbiddenError as error:
            result = DeliveryStatus.REFUSED if isinstance(item, PendingGrant) else DeliveryStatus.UNREACHABLE
            return DeliveryResult(item, result, error=error.message)
        except TelegramMigrateToChat as error:
            # The call names its chat: an item may be about several.
            moved = {"from": getattr(error.method, "chat_id", None), "to": error.migrate_to_chat_id}
            return DeliveryResult(item, DeliveryStatus.MOVED, error=error.message, answer=moved)
        except (TelegramBadRequest, TelegramNotFound) as error:
            result = _final(item, error)
            if result is DeliveryStatus.REFUSED and not is_plain() and _can_be_barer(error):
                return await self._give_up(item, error)
            return DeliveryResult(item, result, error=error.message)
        except TelegramAPIError as error:
            # An answer without an exception class of its own, such as 429 without retry_after.
            return DeliveryResult(item, DeliveryStatus.RETRY, error=error.message)
        except Exception as error:
            error_id = self._new_error_id()
            log.exception("delivery_failed", item=type(item).__name__, error_id=error_id)
            return DeliveryResult(
                item, DeliveryStatus.REFUSED, error=type(error).__name__, error_id=error_id, is_our_fault=True
            )

    async def _give_up(self, item: Outgoing, error: TelegramAPIError) -> DeliveryResult:
        """Send the bare text of a message, with an error id; operators get the reason under the same id."""
        error_id, said = self._new_error_id(), without_quotes(error.message)
        log.error("message_given_up", item=type(item).__name__, error_id=error_id, error=said)
        words = self._texts.in_language("" if isinstance(item, PendingGrant | PendingLogBatch) else item.language)
        note = words(
            "⚠️ Telegram refused this message as it should look. If something is missing, name this error: {error_id}",
            error_id=error_id,
        )
        with plainly(note):
            receipt = await self._deliver(item)
        return replace(receipt, error_id=error_id, error=said)

    async def _run(self, task: PendingTask) -> DeliveryResult:
        return await self.runners[type(task.work)](task, task.work)

    async def _answer_button(self, task: PendingTask, work: tasks.AnswerButton) -> DeliveryResult:
        text = toast(work.toast, self._texts.in_language(task.language))
        await self._bot.answer_callback_query(
            work.query_id, text=text or None, show_alert=work.toast in ALERTS or None, request_timeout=TIMEOUT
        )
        return DeliveryResult(task, DeliveryStatus.DONE)

    async def _open_app(self, task: PendingTask, work: tasks.OpenApp) -> DeliveryResult:
        app_url = self._app_url or ""
        await self._bot.send_chat_join_request_web_app(work.query_id, app_url, request_timeout=QUERY_TIMEOUT)
        return DeliveryResult(task, DeliveryStatus.DONE)

    async def _queue_join(self, task: PendingTask, work: tasks.QueueJoin) -> DeliveryResult:
        await self._bot.answer_chat_join_request_query(work.query_id, "queue", request_timeout=QUERY_TIMEOUT)
        return DeliveryResult(task, DeliveryStatus.DONE)

    async def _delete_message(
        self, task: PendingTask, work: tasks.DeleteMessage | tasks.RemoveServiceMessage
    ) -> DeliveryResult:
        await self._bot.delete_message(task.chat_id, work.message_id, request_timeout=TIMEOUT)
        return DeliveryResult(task, DeliveryStatus.DONE)

    async def _notify(
        self, task: PendingTask, work: notifications.Notify | notifications.NotifyIncident
    ) -> DeliveryResult:
        language, topic = (work.language, work.topic) if isinstance(work, notifications.Notify) else ("", None)
        words = self._texts.in_language(language or task.language)
        method = SendText(
            chat_id=task.chat_id, text=notification(work, words, self._callback_url), message_thread_id=topic
        )
        await self._bot(method, request_timeout=TIMEOUT)
        return DeliveryResult(task, DeliveryStatus.DONE)

    async def _screen(self, screen: PendingScreen, drawing: RenderedMessage | None = None) -> DeliveryResult:
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
            # Telegram rejected this kind of message, not this one.
            if self._screens.is_rich:
                log.warning("rich_messages_refused", error=without_quotes(error.message))
            self._screens.is_rich = False
            return receipt
        replaced = () if screen.message_id is None else (screen.message_id,)
        return _shown(screen, drawing, sent.message_id, replaced)

    async def _redraw(self, screen: PendingScreen, sent: RenderedMessage, message_id: int) -> RenderedMessage:
        """If Telegram has just rejected a button, remove the words that mention it."""
        again = self.draw(screen)
        if again.digest == sent.digest or not again.is_editable or sent.rich is not None:
            return sent
        return again if await self._edit(message_id, screen, again) else sent

    async def _edit(self, message_id: int, screen: PendingScreen, drawing: RenderedMessage) -> bool:
        """Edit the message in place; return False when that is impossible and a new message is needed.

        The reason does not matter: it is gone, too old, or a rich message that may not become a text.
        """
        try:
            await self._bot(_edit(message_id, screen, drawing), request_timeout=TIMEOUT)
        except TelegramBadRequest as error:
            if says(error, UNREACHABLE):
                raise
            return says(error, NOTHING_CHANGED)
        return True


def _can_be_barer(error: TelegramAPIError) -> bool:
    """Return whether Telegram rejected a message for its content rather than for its destination."""
    return is_message(error.method) and not says(error, (*UNREACHABLE, *NO_WRITING, *NOTHING_CHANGED, *NO_PLACE))


def chat_of(item: Outgoing) -> int | None:
    """Return the chat whose message budget the item spends; None for calls that send no message."""
    match item:
        case PendingScreen():
            return item.chat_id
        case PendingTask(kind=kind) if kind in MESSAGES:
            return item.chat_id
        case PendingLogBatch():
            return item.chat_id
        case _:
            return None


def _new(screen: PendingScreen, drawing: RenderedMessage) -> SendText | SendRich:
    chat_id, keyboard = screen.chat_id, drawing.keyboard
    if drawing.rich is None:
        return SendText(chat_id=chat_id, text=drawing.text, reply_markup=keyboard)
    return SendRich(chat_id=chat_id, rich_message=InputRichMessage(html=drawing.rich), reply_markup=keyboard)


def _edit(message_id: int, screen: PendingScreen, drawing: RenderedMessage) -> EditText | EditRich:
    chat_id, keyboard = screen.chat_id, drawing.keyboard
    if drawing.rich is None:
        return EditText(chat_id=chat_id, message_id=message_id, text=drawing.text, reply_markup=keyboard)
    rich = InputRichMessage(html=drawing.rich)
    return EditRich(chat_id=chat_id, message_id=message_id, rich_message=rich, reply_markup=keyboard)


def _shown(
    screen: PendingScreen, drawing: RenderedMessage, message_id: int, replaced: tuple[int, ...] = ()
) -> DeliveryResult:
    return DeliveryResult(
        screen,
        DeliveryStatus.DONE,
        message_id=message_id,
        is_editable=drawing.is_editable,
        digest=drawing.digest,
        replaced=replaced,
    )


def _final(item: Outgoing, error: TelegramAPIError) -> DeliveryStatus:
    if isinstance(item, PendingTask) and says(error, GONE.get(type(item.work), ())):
        return DeliveryStatus.GONE
    if not isinstance(item, PendingGrant) and says(error, UNREACHABLE):
        return DeliveryStatus.UNREACHABLE
    tells_log = isinstance(item, PendingLogBatch) or (
        isinstance(item, PendingTask) and isinstance(item.work, notifications.SendAppeal)
    )
    if tells_log and says(error, NO_WRITING):
        return DeliveryStatus.UNREACHABLE
    return DeliveryStatus.REFUSED
