"""Announcements by operators: rendering and sending."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from aiogram import Bot
from aiogram.types import MessageEntity
from aiogram.utils.text_decorations import html_decoration

from bot.domain.notifications import SendAnnouncement
from bot.domain.operators import units
from bot.domain.outgoing import DeliveryResult, DeliveryStatus, PendingTask
from bot.i18n.texts import Texts, Words
from bot.telegram.methods import SendText

TIMEOUT = 15
SIMPLE = frozenset(
    {
        "bold",
        "italic",
        "underline",
        "strikethrough",
        "spoiler",
        "code",
        "pre",
        "blockquote",
        "expandable_blockquote",
        "text_link",
    }
)
"""The formatting that stays: only how the text looks and where a link leads."""


class AnnouncementSender:
    """Sends an announcement to one admin."""

    def __init__(self, bot: Bot, texts: Texts) -> None:
        self._bot = bot
        self._texts = texts

    async def tell(self, task: PendingTask, work: SendAnnouncement) -> DeliveryResult:
        """Send it. May raise what aiogram raises."""
        if not work.text:
            # It was deleted meanwhile.
            return DeliveryResult(task, DeliveryStatus.GONE)
        text = announced(work.text, self._texts.in_language(task.language))
        await self._bot(SendText(chat_id=task.chat_id, text=text), request_timeout=TIMEOUT)
        return DeliveryResult(task, DeliveryStatus.DONE)


def announced(html: str, words: Words) -> str:
    """Return the message: who sends it, and what they wrote."""
    return words("📣 <i>From the operator of this bot</i>") + f"\n\n{html}"


def as_html(text: str, entities: Sequence[MessageEntity], skipped: str = "") -> str:
    """Return the text as HTML with its simple formatting. `skipped`: what precedes `text` in the message that the
    entities refer to."""
    before = units(skipped)
    kept = [
        entity.model_copy(
            update={
                "offset": entity.offset - before,
                "language": None,
                "url": escape(entity.url) if entity.url is not None else None,
            }
        )
        for entity in entities
        if entity.type in SIMPLE and entity.offset >= before
    ]
    return html_decoration.unparse(text, kept)
