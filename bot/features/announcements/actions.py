"""Announcements by operators to the admins of all gates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from bot.domain.journal import Event
from bot.domain.notifications import Notification, Notify, SendAnnouncement, Toast
from bot.domain.operators import LONGEST_ANNOUNCEMENT, Announcement, CannotSend, InstallationPage, units
from bot.domain.outgoing import DeliveryResult, DeliveryStatus, PendingTask
from bot.domain.people import Person
from bot.domain.screens import ScreenName
from bot.features.operators.registry import Operators
from bot.numbering import NumberingPlan, only_phone
from storage.store import Store

KEPT = timedelta(hours=48)
"""How long announcements stay stored, sent or not."""
TO_BE_WRITTEN, GIVEN_UP = 0, -1
"""In place of an announcement's id."""


class Announce:
    """Sends what an operator wrote, once confirmed, to each known and reachable admin of the active gates: once,
    whoever confirms it and however often.

    The bot does not ask Telegram again who the admins are: Telegram reports changes, and each check of a gate updates
    the list. Each message is a task of one job, after everything that anybody waits for. Unreachable admins are counted
    and not tried again. The screen of the operator who sent it shows the progress.
    """

    def __init__(self, operators: Operators, phones: NumberingPlan) -> None:
        self._operators = operators
        self._phones = phones

    async def write(self, store: Store, person: Person, text: str, html: str) -> None:
        """Show a preview, or why it cannot be sent; `html` is the same text with its formatting."""
        problem = self._problem(text)
        details: dict[str, str | int]
        if problem is None:
            details = {"id": await store.announcements.write(person.user_id, html, store.now)}
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
        """Refuse a message without text."""
        await self.show(store, person, {"problem": CannotSend.NO_TEXT})

    async def show(self, store: Store, person: Person, details: dict[str, str | int] | None = None) -> None:
        """Show the page as a new message."""
        shown = {"page": InstallationPage.ANNOUNCEMENT, **(details or {})}
        await store.screens.show(
            person.user_id, person.chat_id, ScreenName.INSTALLATION, store.now, details=shown, fresh=True
        )

    async def is_awaited(self, store: Store, user_id: int) -> bool:
        """Return whether the next message of this operator is an announcement: the bot has asked for one, or they look
        at one that they have not sent yet."""
        announcement_id = await _looked_at(store, user_id)
        if announcement_id is None:
            return False
        announcement = await store.announcements.get(announcement_id)
        return announcement_id == TO_BE_WRITTEN or (announcement is not None and announcement.sent_at is None)

    async def send(self, store: Store, user_id: int, announcement_id: int) -> Toast:
        """Send a confirmed announcement."""
        now = store.now
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
        await store.tasks.tell_many(SendAnnouncement(announcement_id), audience.admins, now, job=announcement.job)
        store.journal.add(Event.ANNOUNCED, now, actor_id=user_id)
        return Toast.NOTHING

    async def drop(self, store: Store, user_id: int, announcement_id: int) -> Toast:
        """Drop an announcement."""
        if announcement_id == TO_BE_WRITTEN:
            details: dict[str, str | int] = {"page": InstallationPage.ANNOUNCEMENT, "id": GIVEN_UP}
            await store.screens.show(user_id, user_id, ScreenName.INSTALLATION, store.now, details=details)
            return Toast.CANCELLED
        dropped = await store.announcements.drop(announcement_id)
        await store.screens.touch([user_id], store.now)
        return Toast.CANCELLED if dropped else Toast.DONE_BEFORE

    async def go_on(self, store: Store) -> None:
        """Show the progress (a step of the sweep). The operator who sent it sees the result on their page; if they
        leave it before it shows the result, they get a message instead."""
        now = store.now
        for announcement in await store.announcements.unreported():
            if announcement.over_at is None:
                parts, done = await store.tasks.job(announcement.job)
                if parts == done:
                    announcement = await store.announcements.over(announcement.id, now)  # noqa: PLW2901 - as it is now
                for user_id in {announcement.author_id, announcement.sent_by}:
                    if user_id is not None and await self._looks_at(store, user_id, announcement):
                        await store.screens.touch([user_id], now, acted=False)
            if announcement.over_at is not None:
                await self._report(store, announcement)
        await store.announcements.forget(now - KEPT)

    async def _report(self, store: Store, announcement: Announcement) -> None:
        """Send the result to an operator who has left the page; wait while the page has yet to show it."""
        sender = announcement.sent_by
        if sender is not None and await self._looks_at(store, sender, announcement):
            return
        if sender is not None and await self._operators.is_operator(store, sender):
            result = Notify(
                Notification.ANNOUNCED, sent=announcement.sent, total=announcement.total, missed=announcement.missed
            )
            await store.tasks.add(result, sender, store.now)
        await store.announcements.reported(announcement.id, store.now)

    async def _looks_at(self, store: Store, user_id: int, announcement: Announcement) -> bool:
        # A step of the sweep: they may have ceased to be one meanwhile.
        is_operator = await self._operators.is_operator(store, user_id)
        return is_operator and await _looked_at(store, user_id) == announcement.id


async def note_shown(store: Store, user_id: int, announcement: Announcement) -> None:
    """Record that somebody sees this state of an announcement: its sender needs no message about the result then."""
    if announcement.over_at is not None and announcement.sent_by == user_id:
        await store.announcements.reported(announcement.id, store.now)


async def note_announced(
    store: Store,
    task: PendingTask,
    work: SendAnnouncement,
    receipt: DeliveryResult,
) -> None:
    """Record that an admin got it, or cannot be written to."""
    await store.announcements.told(work.announcement_id, is_sent=receipt.result is DeliveryStatus.DONE)
    if receipt.result is DeliveryStatus.UNREACHABLE:
        await store.people.lost([task.chat_id])


async def with_texts(store: Store, tasks: Sequence[PendingTask]) -> list[PendingTask]:
    """Return the same tasks, with the texts of announcements, which are stored once for all tasks."""
    meant = {task.work.announcement_id for task in tasks if isinstance(task.work, SendAnnouncement)}
    texts = await store.announcements.texts(meant) if meant else {}
    return [
        replace(task, work=replace(task.work, text=texts.get(task.work.announcement_id, "")))
        if isinstance(task.work, SendAnnouncement)
        else task
        for task in tasks
    ]


async def _looked_at(store: Store, user_id: int) -> int | None:
    """Return the announcement on somebody's screen, TO_BE_WRITTEN if there is none yet; None if they see something
    else."""
    face, details = await store.screens.wanted(user_id) or (None, {})
    if face is not ScreenName.INSTALLATION or details.get("page") != InstallationPage.ANNOUNCEMENT:
        return None
    return int(details.get("id", TO_BE_WRITTEN))
