"""The log chat of a gate: one line for each decision."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from aiogram import Bot
from aiogram.types import InlineKeyboardMarkup

from bot.domain.delivery import DeliveryResult, DeliveryStatus, PendingLogBatch, PendingTask
from bot.domain.journal import Event
from bot.domain.panel import AdminActionKind
from bot.telegram import keyboards
from bot.telegram.mentions import harmless_title, mention
from bot.telegram.methods import SendText
from bot.telegram.names import AdminNames
from bot.telegram.numbers import lasted
from bot.telegram.panel_people import act_text
from bot.telegram.people_words import ICONS
from bot.telegram.texts import Texts, Words

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
        singles = [line for line in item.tasks if not _is_summed(line)]
        summed = [line for line in item.tasks if _is_summed(line)]
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

    async def _line(self, line: PendingTask, words: Words) -> str:
        """Return a line: icon, who, where, what and why, phone, duration, by whom."""
        details = line.details
        user_id = int(details.get("user_id", 0))
        parts = [mention(str(details.get("name", "")), user_id)] if user_id else []
        if details.get("title"):
            parts.append(harmless_title(str(details["title"])))
        parts.append(_what(line, words))
        if details.get("mask"):
            parts.append(str(details["mask"]))
        if "seconds" in details:
            parts.append(lasted(timedelta(seconds=int(details["seconds"])), words))
        if "admin_id" in details:
            admin = await self._names.admin(int(details["gate"]), int(details["admin_id"]), words)
            parts.append(words("by {admin}", admin=admin))
        return f"{ICONS.get(_event(line), '•')} {' · '.join(parts)}"


def _event(line: PendingTask) -> Event:
    return Event(str(line.details["event"]))


def _is_summed(line: PendingTask) -> bool:
    return "count" not in line.details and line.details.get("why") in TOGETHER


def _what(line: PendingTask, words: Words) -> str:  # noqa: C901 - one line a decision
    why = str(line.details.get("why", ""))
    count = int(line.details.get("count", 1))
    match _event(line), why:
        case Event.GRANT_DONE, "verified":
            return words("let in, verified")
        case Event.GRANT_DONE, "open":
            return words("let in: no call is asked for")
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
            return words("has to verify anew")
        case Event.RESTORED, _:
            return words("restored")
        case Event.RAID, _:
            return words("a flood of requests")
        case event, _:
            return str(event)


def _sums(lines: Sequence[PendingTask], words: Words) -> list[str]:
    """Sum up the people turned away together, one line for each reason."""
    counted = Counter(str(line.details["why"]) for line in lines)
    sums = []
    for why, count in counted.items():
        if why == "raid":
            sums.append("🌊 " + words.many("{count} declined in a flood", "{count} declined in a flood", count))
        else:
            sums.append("🧹 " + words.many("{count} declined together", "{count} declined together", count))
    return sums


def _kinds(lines: Sequence[PendingTask], words: Words) -> str:
    counted = Counter((ICONS.get(_event(line), "•"), _what(line, words)) for line in lines)
    return ", ".join(f"{icon} {what}: {count}" for (icon, what), count in counted.most_common())


def _undo(line: PendingTask, words: Words) -> InlineKeyboardMarkup | None:
    kind = UNDO.get(_event(line))
    if line.details.get("why") == "blocked":
        kind = AdminActionKind.UNBLOCK
    if kind is None or not int(line.details.get("user_id", 0)):
        return None
    gate_id, value = int(line.details["gate"]), str(line.details["user_id"])
    text = act_text(kind, words).partition(" ")[2]
    return keyboards.rows([keyboards.panel(f"↩️ {text}", kind, gate_id, FROM_LOG, value)])
