"""Links from a group to a page in the private chat."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.domain.tasks import SendPrivateLink
from storage.store import Store

LINK_SHOWN_FOR = 30.0
"""Seconds after which the bot deletes a link that everybody sees."""
WANTED_FOR = timedelta(minutes=2)


async def send_private_chat_link(
    store: Store,
    chat_id: int,
    start: str,
    now: datetime,
    *,
    user_id: int | None = None,
    topic: int | None = None,
    language: str = "",
) -> None:
    """Send a button that opens the private chat with `start` (see `bot.telegram.deep_links`).

    Only `user_id` sees it. Without one, as for an anonymous admin, everybody does, for half a minute.
    """
    work = SendPrivateLink(start, language, topic)
    await store.tasks.add(work, chat_id, now, expires_at=now + WANTED_FOR, user_id=user_id)
