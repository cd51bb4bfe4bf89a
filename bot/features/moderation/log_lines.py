"""The log chat of a gate: one line for each decision."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from aiogram import Bot
from aiogram.types import InlineKeyboardMarkup

from bot.domain.admin_actions import AdminActionKind
from bot.domain.journal import Event
from bot.domain.outgoing import DeliveryResult, DeliveryStatus, PendingLogBatch
from bot.domain.tasks import LogLine
from bot.features.moderation.screens import act_text
from bot.features.moderation.words import ICONS
from bot.i18n.formats import lasted
from bot.i18n.texts import Texts, Words, unbroken
from bot.telegram import keyboards
from bot.telegram.mentions import AdminNames, harmless_title, mention
from bot.telegram.methods import SendText

TIMEOUT = 15
MOST_LINES = 20
"""The most lines of one message; the rest is summed up."""
FROM_LOG = "log"
"""The `key` of the button under a single line."""
UNDO = {
    Event.GRANT_DONE: AdminActionKind.REVOKE,
    Event.ALLOWED: AdminActionKind.REVOKE,
    Event.JOIN_DECLINED: AdminActionKind.LET_IN,
    Event.JOIN_EXPIRED: AdminActionKind.LET_IN,
    Event.REMOVED: AdminActionKind.LET_IN,
    Event.BLOCKED: AdminActionKind.UNBLOCK,
    Event.REVOKED: AdminActionKind.RESTORE,
}
TOGETHER = ("raid", "many")
"""Reasons for turning many people away at once: always one summary line, however few they are."""


class LogSender:
    """Posts collected entries to a log chat."""

    def __init__(self, bot: Bot, texts: Texts, names: AdminNames) -> None:
        self._bot = bot
        self._texts = texts
        self._names = names

    async def tell(self, item: PendingLogBatch) -> DeliveryResult:
        """Send one message for all of them; a button can undo a single line. May raise what aiogram raises."""
        words = self._texts.in_language(item.language)
        found = [task.work for task in item.tasks if isinstance(task.work, LogLine)]
        singles = [line for line in found if not _is_summed(line)]
        summed = [line for line in found if _is_summed(line)]
        lines = [await self._line(line, words) for line in singles[:MOST_LINES]]
        lines += _sums(summed, words)
        if len(singles) > MOST_LINES:
            rest = singles[MOST_LINES:]
            lines.append(words("… and {count} more: {kinds}", count=len(rest), kinds=_kinds(rest, words)))
        method = SendText(
            chat_id=item.chat_id,
            text="\n".join(lines),
            reply_markup=_undo(singles[0], words) if len(item.tasks) == 1 and singles else None,
            message_thread_id=item.topic,
        )
        sent = await self._bot(method, request_timeout=TIMEOUT)
        return DeliveryResult(item, DeliveryStatus.DONE, message_id=sent.message_id)

    async def _line(self, line: LogLine, words: Words) -> str:
        """Return a line: icon, who, where, what and why, phone, duration, by whom."""
        parts = [mention(line.name, line.user_id)] if line.user_id else []
        if line.title:
            parts.append(harmless_title(line.title))
        parts.append(_what(line, words))
        if line.mask:
            parts.append(unbroken(line.mask))
        if line.seconds is not None:
            parts.append(lasted(timedelta(seconds=line.seconds), words))
        if line.admin_id is not None:
            admin = await self._names.admin(line.gate_id, line.admin_id, words)
            parts.append(words("by {admin}", admin=admin))
        return f"{ICONS.get(line.event, '•')} {' · '.join(parts)}"


def _is_summed(line: LogLine) -> bool:
    return line.count is None and line.reason in TOGETHER


def _what(line: LogLine, words: Words) -> str:  # noqa: C901 - one line a decision
    count = line.count or 1
    match line.event, line.reason:
        case Event.GRANT_DONE, "verified":
            return words("let in, verified")
        case Event.GRANT_DONE, "open":
            return words("let in without a call")
        case ((Event.GRANT_DONE | Event.ALLOWED), _):
            return words("let in by hand")
        case Event.EXEMPTED, _:
            return words("added by an administrator")
        case Event.JOIN_DECLINED, "many":
            return words.many("{count} declined together", "{count} declined together", count)
        case Event.JOIN_DECLINED, "deadline":
            return words("declined: did not verify in time")
        case Event.JOIN_DECLINED, "blocked":
            return words("declined: blocked")
        case Event.JOIN_DECLINED, _:
            return words("declined")
        case Event.REMOVED, "deadline":
            return words("removed: did not verify in time")
        case Event.REMOVED, "blocked":
            return words("removed: blocked")
        case Event.REMOVED, _:
            return words("removed")
        case Event.BLOCKED, _:
            return words("blocked")
        case Event.UNBLOCKED, _:
            return words("unblocked")
        case Event.REVOKED, _:
            return words("asked to verify again")
        case Event.RESTORED, _:
            return words("restored")
        case Event.RAID, _:
            return words("a flood of requests")
        case event, _:
            return str(event)


def _sums(lines: Sequence[LogLine], words: Words) -> list[str]:
    """Sum up the people turned away together, one line for each reason."""
    counted = Counter(line.reason for line in lines)
    sums = []
    for why, count in counted.items():
        if why == "raid":
            sums.append("🌊 " + words.many("{count} declined in a flood", "{count} declined in a flood", count))
        else:
            sums.append("🧹 " + words.many("{count} declined together", "{count} declined together", count))
    return sums


def _kinds(lines: Sequence[LogLine], words: Words) -> str:
    counted = Counter((ICONS.get(line.event, "•"), _what(line, words)) for line in lines)
    return ", ".join(f"{icon} {what}: {count}" for (icon, what), count in counted.most_common())


def _undo(line: LogLine, words: Words) -> InlineKeyboardMarkup | None:
    kind = UNDO.get(line.event)
    if line.reason == "blocked":
        kind = AdminActionKind.UNBLOCK
    if kind is None or not line.user_id:
        return None
    text = act_text(kind, words).partition(" ")[2]
    return keyboards.rows([keyboards.panel(f"↩️ {text}", kind, line.gate_id, FROM_LOG, str(line.user_id))])
