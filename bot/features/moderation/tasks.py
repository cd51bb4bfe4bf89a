"""The messages that ask admins to let somebody in."""

from __future__ import annotations

from datetime import timedelta

from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest

from bot.clock import Clock
from bot.domain.admin_actions import AdminActionKind
from bot.domain.notifications import CloseAppeal, SendAppeal, Toast
from bot.domain.outgoing import DeliveryResult, DeliveryStatus, PendingTask
from bot.features.moderation.screens import act_text
from bot.features.moderation.words import stage
from bot.i18n.formats import lasted
from bot.i18n.texts import Texts, Words, unbroken
from bot.telegram import keyboards
from bot.telegram.mentions import AdminNames, harmless_title, mention
from bot.telegram.methods import EditText, SendText

TIMEOUT = 15
FROM_APPEAL = "appeal"
"""The `key` of the buttons under such a message."""
DECIDING = (AdminActionKind.LET_IN, AdminActionKind.DECLINE, AdminActionKind.BLOCK)


class AppealMessages:
    """Each method runs one task, and may raise what aiogram raises."""

    def __init__(self, bot: Bot, clock: Clock, texts: Texts, names: AdminNames) -> None:
        self._bot = bot
        self._clock = clock
        self._texts = texts
        self._names = names

    async def tell(self, task: PendingTask, work: SendAppeal) -> DeliveryResult:
        """Send who asks, why, how long they have waited, and buttons (not to operators: they cannot decide)."""
        words = self._texts.in_language(work.language or task.language)
        lines = [words("🙋 {who} asks to be let in: {gate}", **_about(work))]
        why = stage(work.stage, work.why, None, words, self._clock.now())
        waited = lasted(timedelta(seconds=work.seconds), words)
        lines.append(words("Waits for {age}: {stage}", age=waited, stage=why))
        if work.mask:
            lines.append(words("Phone: {mask}", mask=unbroken(work.mask)))
        keyboard = None
        if work.is_for_operator:
            lines += [
                "",
                words("I cannot message any administrator of that group: one of them has to write to me first."),
            ]
        else:
            gate_id, value = work.gate_id, str(work.user_id)
            keyboard = keyboards.rows(
                [keyboards.panel(act_text(kind, words), kind, gate_id, FROM_APPEAL, value) for kind in DECIDING]
            )
        method = SendText(
            chat_id=task.chat_id,
            text="\n".join(lines),
            reply_markup=keyboard,
            message_thread_id=work.topic,
        )
        sent = await self._bot(method, request_timeout=TIMEOUT)
        return DeliveryResult(task, DeliveryStatus.DONE, message_id=sent.message_id)

    async def close(self, task: PendingTask, work: CloseAppeal) -> DeliveryResult:
        """Replace the buttons with the decision and who made it. A deleted message needs no update."""
        words = self._texts.in_language(work.language or task.language)
        text = words("🙋 {who} asked to be let in: {gate}", **_about(work))
        text += "\n" + await self._decided(work, words)
        method = EditText(chat_id=task.chat_id, message_id=work.message_id, text=text)
        try:
            await self._bot(method, request_timeout=TIMEOUT)
        except TelegramBadRequest as error:
            return DeliveryResult(task, DeliveryStatus.GONE, error=error.message)
        return DeliveryResult(task, DeliveryStatus.DONE)

    async def _decided(self, work: CloseAppeal, words: Words) -> str:
        if work.admin_id is None:
            return words("Somebody already decided this.")
        admin = await self._names.admin(work.gate_id, work.admin_id, words)
        match work.outcome:
            case Toast.LET_IN:
                return words("✅ Let in by {admin}", admin=admin)
            case Toast.BLOCKED:
                return words("⛔ Blocked by {admin}", admin=admin)
            case _:
                return words("✖️ Declined by {admin}", admin=admin)


def _about(work: SendAppeal | CloseAppeal) -> dict[str, str]:
    return {"who": mention(work.name, work.user_id), "gate": f"<b>{harmless_title(work.title)}</b>"}
