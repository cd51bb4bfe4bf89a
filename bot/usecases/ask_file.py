"""Files on request: a person's own data, or, for an operator, the journal of a period."""

from __future__ import annotations

from datetime import timedelta

from bot.clock import Clock
from bot.domain.delivery import Notification
from bot.domain.people import Person
from bot.domain.periods import PeriodProblem, parse_period
from bot.domain.personal import FileKind
from bot.domain.tasks import Notify, SendExport, SendMyData
from storage.store import Store

MY_DATA_EVERY = timedelta(minutes=1)
"""Minimum time between two files of the same person's data."""

BY_DEFAULT = "7d"
"""The period of an export that names none."""


class AskMyData:
    """Requests the file. If the person asks again before it is sent, or within a minute, the bot sends it once and says
    so, at most once a minute."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def __call__(self, store: Store, person: Person) -> None:
        now, job = self._clock.now(), f"{FileKind.MY_DATA}:{person.user_id}"
        asked_at = await store.tasks.asked_at(job)
        if await is_being_made(store, job) or (asked_at is not None and now < asked_at + MY_DATA_EVERY):
            key = f"{Notification.MY_DATA_ASKED}:{person.user_id}:{now:%Y-%m-%dT%H:%M}"
            await store.tasks.add(Notify(Notification.MY_DATA_ASKED), person.chat_id, now, key=key)
            return
        await store.tasks.add(SendMyData(person.language), person.chat_id, now, user_id=person.user_id, job=job)


class AskExport:
    """A period is written as for the statistics, or as its first and last day; the answer to anything else explains the
    format. Entries are counted when the files are made: counting many takes a while, and here everybody who writes to
    the bot would wait for it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def __call__(self, store: Store, operator: Person, written: str) -> None:
        now, job = self._clock.now(), f"{FileKind.JOURNAL}:{operator.user_id}"
        period = parse_period(written or BY_DEFAULT, now)
        if isinstance(period, PeriodProblem):
            await self._say(store, operator, Notify(Notification.EXPORT_PERIOD, problem=period))
            return
        if await is_being_made(store, job):
            await self._say(store, operator, Notify(Notification.EXPORT_BUSY))
            return
        work = SendExport(period.first, period.last, written or BY_DEFAULT)
        await store.tasks.add(work, operator.chat_id, now, user_id=operator.user_id, job=job)

    async def _say(self, store: Store, operator: Person, notice: Notify) -> None:
        await store.tasks.add(notice, operator.chat_id, self._clock.now())


async def is_being_made(store: Store, job: str) -> bool:
    """Return whether a file of this job is requested and not sent yet."""
    asked, sent = await store.tasks.job(job)
    return asked > sent
