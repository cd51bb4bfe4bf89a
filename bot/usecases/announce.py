"""Operators announce something to the admins of all gates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.domain.delivery import DeliveryResult, DeliveryStatus, Notification, PendingTask, TaskKind, Toast
from bot.domain.installation import (
    LONGEST_ANNOUNCEMENT,
    Announcement,
    CannotSend,
    InstallationPage,
    units,
)
from bot.domain.journal import Event
from bot.domain.people import Person
from bot.domain.screen import ScreenName
from bot.numbering import NumberingPlan
from bot.usecases.find_people import only_phone
from bot.usecases.operators import Operators
from storage.store import Store

KEPT = timedelta(hours=48)
"""How long what was not sent, or was sent, is kept."""
TO_BE_WRITTEN, GIVEN_UP = 0, -1
"""In place of an announcement's id."""
MOST_ID = 2**63
"""No row has this number, nor a higher one."""


class Announce:
    """What an operator writes goes, once it is confirmed, to each admin of the gates that are on, as far as they are
    known and can be written to: once, whoever confirms it and however often.

    Telegram is not asked anew who the admins are: it tells by itself who becomes one and who is one no more, and at
    each look at a gate. Each message is a task of one job, after all that anybody waits for; who cannot be written
    to is counted and not tried again. How far it is stands on the screen of who had it sent.
    """

    def __init__(self, clock: Clock, operators: Operators, phones: NumberingPlan) -> None:
        self._clock = clock
        self._operators = operators
        self._phones = phones

    async def write(self, store: Store, person: Person, text: str, html: str) -> None:
        """Show what it will look like, or why it cannot be sent; `html` is the same text as it is to look."""
        problem = self._problem(text)
        details: dict[str, str | int]
        if problem is None:
            details = {"id": await store.announcements.write(person.user_id, html, self._clock.now())}
        else:
            details = {"problem": problem}
        await self.show(store, person, details)

    def _problem(self, text: str) -> CannotSend | None:
        if not any(char.isprintable() and not char.isspace() for char in text):
            return CannotSend.EMPTY
        if units(text) > LONGEST_ANNOUNCEMENT:
            return CannotSend.TOO_LONG
        return CannotSend.PHONE if only_phone(text, self._phones) is not None else None

    async def refuse(self, store: Store, person: Person) -> None:
        """What was sent is no text."""
        await self.show(store, person, {"problem": CannotSend.NO_TEXT})

    async def show(self, store: Store, person: Person, details: dict[str, str | int] | None = None) -> None:
        """The page, as a new message."""
        shown = {"page": InstallationPage.ANNOUNCEMENT, **(details or {})}
        now = self._clock.now()
        await store.screens.show(
            person.user_id, person.chat_id, ScreenName.INSTALLATION, now, details=shown, fresh=True
        )

    async def is_awaited(self, store: Store, user_id: int) -> bool:
        """Whether what this person writes now is to be announced: they are asked for it, or look at what they wrote
        and did not send yet."""
        announcement_id = await _looked_at(store, user_id)
        if announcement_id is None or not await self._operators.is_operator(store, user_id):
            return False
        announcement = await store.announcements.get(announcement_id)
        return announcement_id == TO_BE_WRITTEN or (announcement is not None and announcement.sent_at is None)

    async def send(self, store: Store, user_id: int, announcement_id: int, now: datetime) -> Toast:
        """It is confirmed."""
        audience = await store.announcements.audience()
        if not audience.admins:
            await store.screens.touch([user_id], now)
            return Toast.NOTHING
        is_begun = await store.announcements.begin(announcement_id, user_id, now)
        await store.screens.touch([user_id], now)
        announcement = await store.announcements.get(announcement_id)
        if announcement is None or not is_begun:
            return Toast.OVER if announcement is None else Toast.DONE_BEFORE
        await store.announcements.goes_to(announcement_id, len(audience.admins))
        await store.tasks.tell_many(
            TaskKind.ANNOUNCE, audience.admins, {"announcement": announcement_id}, now, job=announcement.job
        )
        store.journal.add(Event.ANNOUNCED, now, actor_id=user_id)
        return Toast.NOTHING

    async def drop(self, store: Store, user_id: int, announcement_id: int, now: datetime) -> Toast:
        """It is not to be sent."""
        if announcement_id == TO_BE_WRITTEN:
            details: dict[str, str | int] = {"page": InstallationPage.ANNOUNCEMENT, "id": GIVEN_UP}
            await store.screens.show(user_id, user_id, ScreenName.INSTALLATION, now, details=details)
            return Toast.CANCELLED
        dropped = await store.announcements.drop(announcement_id)
        await store.screens.touch([user_id], now)
        return Toast.CANCELLED if dropped else Toast.DONE_BEFORE

    async def go_on(self, store: Store) -> None:
        """A step of the sweep: show how far they are; who had one sent and looks elsewhere is told the result."""
        now = self._clock.now()
        for announcement in await store.announcements.under_way():
            parts, done = await store.tasks.job(announcement.job)
            if parts == done:
                announcement = await store.announcements.over(announcement.id, now)  # noqa: PLW2901 - as it is now
            await self._tell(store, announcement, now, is_over=parts == done)
        await store.announcements.forget(now - KEPT)

    async def _tell(self, store: Store, announcement: Announcement, now: datetime, *, is_over: bool) -> None:
        for user_id in {announcement.author_id, announcement.sent_by}:
            if user_id is None or not await self._operators.is_operator(store, user_id):
                continue
            if await _looked_at(store, user_id) == announcement.id:
                await store.screens.touch([user_id], now, acted=False)
            elif is_over and user_id == announcement.sent_by:
                said: dict[str, str | int] = {
                    "notice": Notification.ANNOUNCED,
                    "sent": announcement.sent,
                    "total": announcement.total,
                    "missed": announcement.missed,
                }
                await store.tasks.add(TaskKind.NOTIFY, user_id, said, now)


async def note_announced(store: Store, task: PendingTask, receipt: DeliveryResult) -> None:
    """An admin has it, or cannot be written to."""
    await store.announcements.told(int(task.details["announcement"]), is_sent=receipt.result is DeliveryStatus.DONE)
    if receipt.result is DeliveryStatus.UNREACHABLE:
        await store.people.lost([task.chat_id])


def announcement_of(task: PendingTask) -> int:
    """Which announcement it brings. Raises KeyError, TypeError or ValueError where its details do not say."""
    announcement_id = int(task.details["announcement"])
    if not 0 < announcement_id < MOST_ID:
        raise ValueError(announcement_id)
    return announcement_id


async def with_texts(store: Store, tasks: Sequence[PendingTask]) -> list[PendingTask]:
    """The same tasks; those of an announcement with what it says, which is kept once for all of them."""
    meant = {announcement_of(task) for task in tasks if task.kind is TaskKind.ANNOUNCE}
    texts = await store.announcements.texts(meant) if meant else {}
    return [
        replace(task, details={**task.details, "text": texts.get(announcement_of(task), "")})
        if task.kind is TaskKind.ANNOUNCE
        else task
        for task in tasks
    ]


async def _looked_at(store: Store, user_id: int) -> int | None:
    """The announcement on somebody's screen, TO_BE_WRITTEN where there is none yet; None where they see something
    else."""
    face, details = await store.screens.wanted(user_id) or (None, {})
    if face is not ScreenName.INSTALLATION or details.get("page") != InstallationPage.ANNOUNCEMENT:
        return None
    return int(details.get("id", TO_BE_WRITTEN))
