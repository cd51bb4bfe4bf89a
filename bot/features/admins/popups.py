"""Answering a pressed button, so that the client stops waiting."""

from __future__ import annotations

from datetime import timedelta

from bot.domain.notifications import Toast
from bot.domain.tasks import AnswerButton
from storage.store import Store

ANSWERABLE_FOR = timedelta(seconds=150)
"""How long Telegram accepts an answer to a pressed button."""


async def answer_button(store: Store, user_id: int, query_id: str, toast: Toast, *, job: str | None = None) -> None:
    """Request the answer. `job`: the job that the answer belongs to, if it has to go with that."""
    await store.tasks.add(
        AnswerButton(query_id, toast),
        user_id,
        store.now,
        expires_at=store.now + ANSWERABLE_FOR,
        user_id=user_id if job is not None else None,
        job=job,
    )
