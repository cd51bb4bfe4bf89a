"""Raid alerts for admins."""

from __future__ import annotations

from datetime import UTC, datetime

from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import InlineKeyboardButton

from bot.clock import Clock
from bot.domain.admin_actions import AdminActionKind
from bot.domain.gates import GateMode
from bot.domain.notifications import SendAlert
from bot.domain.outgoing import DeliveryResult, DeliveryStatus, PendingTask
from bot.domain.raids import ITSELF
from bot.i18n.texts import Texts, Words
from bot.telegram import keyboards
from bot.telegram.api_errors import NOTHING_CHANGED, says
from bot.telegram.mentions import harmless_title
from bot.telegram.methods import EditText, SendText
from bot.telegram.rendered import RenderedMessage

TIMEOUT = 15


class Alerts:
    """Sends raid alerts and updates them."""

    def __init__(self, bot: Bot, clock: Clock, texts: Texts) -> None:
        self._bot = bot
        self._clock = clock
        self._texts = texts

    async def tell(self, task: PendingTask, said: SendAlert) -> DeliveryResult:
        """Send a new alert or edit an existing one. May raise what aiogram raises."""
        words = self._texts.in_language(task.language or said.language)
        drawing = render_alert(said, words, self._clock.now())
        message_id = said.message_id
        if message_id is None:
            method = SendText(
                chat_id=task.chat_id,
                text=drawing.text,
                reply_markup=drawing.keyboard,
                message_thread_id=said.topic,
            )
            sent = await self._bot(method, request_timeout=TIMEOUT)
            return DeliveryResult(task, DeliveryStatus.DONE, message_id=sent.message_id)
        try:
            await self._bot(
                EditText(chat_id=task.chat_id, message_id=message_id, text=drawing.text, reply_markup=drawing.keyboard),
                request_timeout=TIMEOUT,
            )
        except TelegramBadRequest as error:
            if not says(error, NOTHING_CHANGED):
                raise
        return DeliveryResult(task, DeliveryStatus.DONE, message_id=message_id)


def render_alert(said: SendAlert, words: Words, now: datetime) -> RenderedMessage:
    """Render the message of an ALERT task."""
    lines = [_over(said, words) if said.over else _goes_on(said, words), *_done(said, words, now)]
    if said.closed:
        return RenderedMessage("\n\n".join(lines), None)
    return RenderedMessage("\n\n".join(lines), keyboards.rows(*_buttons(said, words)))


def _goes_on(said: SendAlert, words: Words) -> str:
    begins = words(
        "🚨 {gate} is being raided: {count} requests to join within {minutes} min.",
        gate=_title(said),
        count=said.count,
        minutes=said.minutes,
    )
    if not said.asks_call:
        return f"{begins}\n" + words("This gate needs no call: everyone gets in.")
    if said.switch == GateMode.PAUSED:
        return begins
    return f"{begins}\n" + words("Nobody unverified gets in. You can wait; “Decline” clears their requests.")


def _over(said: SendAlert, words: Words) -> str:
    return words(
        "✅ The raid on {gate} is over. In {minutes} min {count} people asked to join. Let in: "
        "{approved}, declined: {declined}, waiting: {waiting}.",
        gate=_title(said),
        minutes=said.minutes,
        count=said.count,
        approved=said.approved,
        declined=said.declined,
        waiting=said.waiting,
    )


def _done(said: SendAlert, words: Words, now: datetime) -> list[str]:
    """Return what the gate does because of the raid, and who ordered it."""
    lines = []
    by = _who(said.switch_by, words)
    match said.switch:
        case GateMode.PAUSED:
            lines.append(words("⏸ The gate is paused: I let in, decline and message nobody.") + by)
        case GateMode.OFF:
            lines.append(words("⏹ The gate is off: you decide on requests.") + by)
        case _ if by:
            lines.append(words("▶️ The gate is on.") + by)
    by = _who(said.strict_by, words)
    if said.strict_until is not None:
        until = words.moment(datetime.fromtimestamp(said.strict_until, UTC), now)
        strict = words(
            "🛡 The gate is strict until {until}: a call from an ordinary mobile number, within an hour.", until=until
        )
        lines.append(strict + by)
    elif by:
        lines.append(words("🛡 The gate is no longer strict.") + by)
    if said.total is not None:
        lines.append(_declined(said, said.total, words) + _who(said.decline_by, words))
    return lines


def _declined(said: SendAlert, total: int, words: Words) -> str:
    done = said.done
    if done == total and said.is_chosen:
        return words("🚫 Declined: {total}.", total=total)
    return words("🚫 Declining: {done} of {total}.", done=done, total=total)


def _who(admin_id: int | None, words: Words) -> str:
    """Return the end of the line that names the admin; empty when nobody did it for the raid."""
    if admin_id is None:
        return ""
    if admin_id == ITSELF:
        return " " + words("I did this by myself.")
    return " " + words('<a href="tg://user?id={admin_id}">An administrator</a> chose this.', admin_id=admin_id)


def _buttons(said: SendAlert, words: Words) -> list[list[InlineKeyboardButton]]:
    gate_id, is_over = said.gate_id, said.over

    def button(text: str, act: AdminActionKind, value: str) -> list[InlineKeyboardButton]:
        return [keyboards.panel(text, act, gate_id, value=value)]

    rows = []
    if said.switch != GateMode.ON:
        rows.append(button(words("▶️ Switch the gate on"), AdminActionKind.SWITCH, GateMode.ON))
    elif not is_over:
        rows.append(button(words("⏸ Pause the gate"), AdminActionKind.SWITCH, GateMode.PAUSED))
    if not is_over or said.waiting:
        decline = (
            words("🚫 Decline the unverified")
            if is_over
            else words("🚫 Decline unverified of {minutes} min", minutes=said.minutes)
        )
        rows.append(button(decline, AdminActionKind.DECLINE_RECENT, str(said.raid)))
    if said.strict_until is not None:
        rows.append(button(words("🛡 End strict mode"), AdminActionKind.STRICT, "off"))
    elif not is_over:
        rows.append(button(words("🛡 Strict for an hour"), AdminActionKind.STRICT, "on"))
    return rows


def _title(said: SendAlert) -> str:
    return f"<b>{harmless_title(said.title)}</b>"
