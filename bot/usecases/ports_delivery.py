"""What is to be done and shown in Telegram, as the use cases ask for it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.domain.delivery import DeliveryResult, PendingTask, Priority, TaskKind
from bot.domain.screen import ScreenName


@dataclass(frozen=True, slots=True)
class ScreenRow:
    """What should be shown to a person, and what was last shown."""

    user_id: int
    chat_id: int
    face: ScreenName
    details: Mapping[str, str | int]
    revision: int
    message_id: int | None
    is_editable: bool
    is_fresh: bool
    shown_digest: str | None
    is_refresh: bool
    reach_until: datetime | None
    attempts: int
    is_crowd: bool = False


@dataclass(frozen=True, slots=True)
class StalledTask:
    """One that is still to be run: since when, how often it was tried, and what came of it last."""

    kind: TaskKind
    chat_id: int
    since: datetime
    attempts: int
    error: str


@dataclass(frozen=True, slots=True)
class DueTimes:
    """When the first of each sort of delivery is due; None where there is none."""

    tasks: Mapping[Priority, datetime]
    grants: datetime | None
    screens: datetime | None

    def first(self) -> datetime | None:
        """When the first of all is due."""
        return min((at for at in (*self.tasks.values(), self.grants, self.screens) if at is not None), default=None)


class Tasks(Protocol):
    """One-off deliveries."""

    async def add(
        self,
        kind: TaskKind,
        chat_id: int,
        details: Mapping[str, str | int],
        now: datetime,
        *,
        key: str | None = None,
        expires_at: datetime | None = None,
        user_id: int | None = None,
        job: str | None = None,
        after: float = 0.0,
        crowd: bool = False,
    ) -> None:
        """Put it in the queue. A `key` that is there already, done or not, makes it a repeat: nothing is added.

        One that a person makes by pressing, writing or coming is due later if they, or in a group those of whom it is
        not known, have many to be run; of what they ask for it adds no more than MOST_UNDONE. See
        `bot.domain.delivery.PACED`.

        `user_id`: whom it is about. `job`: the name of what it is a part of. `after`: seconds to rest.
        `crowd`: one of very many, which goes after all others of its urgency.
        """

    async def add_many(
        self,
        kind: TaskKind,
        chat_id: int,
        about: Sequence[tuple[int, Mapping[str, str | int]]],
        now: datetime,
        *,
        job: str,
    ) -> None:
        """Put a crowd in the queue: whom each is about, and its details."""

    async def tell_many(
        self, kind: TaskKind, chat_ids: Collection[int], details: Mapping[str, str | int], now: datetime, *, job: str
    ) -> None:
        """Put a crowd in the queue that goes to a chat each, with the same details."""

    async def due(
        self,
        now: datetime,
        limit: int,
        busy: Collection[int],
        urgency: Priority,
        resting: Collection[int] = (),
        full: Collection[TaskKind] = (),
    ) -> list[PendingTask]:
        """Those of one urgency; no messages to chats that are `resting`, and none of the kinds in `full`."""

    async def due_of_others(
        self,
        now: datetime,
        limit: int,
        busy: Collection[int],
        urgency: Priority,
        crowded: Collection[int],
        resting: Collection[int] = (),
        full: Collection[TaskKind] = (),
    ) -> list[PendingTask]:
        """The same of each rank of that urgency, `limit` of each, without the chats that are `crowded`."""

    async def cancel(self, kind: TaskKind, chat_id: int, user_id: int, now: datetime, *, resting: bool = False) -> bool:
        """Do not run what was not run yet; whether there was any. `resting`: only what cannot be under way."""

    async def about(self, kind: TaskKind, chat_id: int) -> set[int]:
        """Whom those are about that are still to be done."""

    async def left_about(self, user_id: int, kinds: Collection[TaskKind]) -> list[StalledTask]:
        """Those of these kinds about a person that are still to be run, oldest first."""

    async def undone(self, kinds: Collection[TaskKind], chat_id: int) -> int:
        """How many of these kinds are still to be run in a chat; counted to `MOST_UNDONE`."""

    async def ask_again(self, job: str, news: Mapping[str, str | int]) -> bool:
        """Note of the parts of a job that are still to be run that it was asked for once more, with these details too;
        whether there are any."""

    async def asked_since(self, task: PendingTask) -> Mapping[str, str | int] | None:
        """The details with which it was asked for once more since this was picked; None when it was not. Whoever asks
        from now on waits for the end of the transaction, and finds it done if it was."""

    async def job(self, name: str) -> tuple[int, int]:
        """How many parts a job has, and how many are done."""

    async def cancel_job(self, name: str, now: datetime) -> None:
        """Do not run the parts of a job that were not run yet."""

    async def asked_at(self, job: str) -> datetime | None:
        """When the newest part of a job was added."""

    async def done(self, task_ids: Sequence[int], now: datetime) -> None: ...

    async def expire(self, now: datetime) -> None:
        """Give up those past their time."""

    async def forget(self, done_before: datetime) -> None:
        """Delete those done earlier."""

    async def retry(self, task_id: int, due_at: datetime, error: str) -> None: ...

    async def move(self, old_id: int, new_id: int) -> None:
        """What is still to be done in, or about, the old chat is to be done in the new one."""

    async def redirect(self, task_id: int, details: Mapping[str, str | int]) -> None:
        """Run it with these details from now on."""


class Screens(Protocol):
    """What each person should see."""

    async def show(
        self,
        user_id: int,
        chat_id: int,
        face: ScreenName,
        now: datetime,
        *,
        details: Mapping[str, str | int] | None = None,
        fresh: bool = False,
        acted: bool = True,
        crowd: bool = False,
        after: float = 0.0,
        reach_until: datetime | None = None,
    ) -> None:
        """Show `face`. `fresh`: as a new message. `acted`: the person waits for it. `after`: seconds to rest.

        `crowd`: they are one of very many newcomers, and others come first.
        """

    async def touch(
        self, user_ids: Collection[int], now: datetime, *, acted: bool = True, faces: Collection[ScreenName] = ()
    ) -> None:
        """What these persons' screens tell has changed. `acted`: they wait for it. `faces`: only those screens."""

    async def postpone(self, user_id: int, until: datetime) -> None:
        """What was not asked for by the person is drawn no sooner than this, if it is not drawn yet."""

    async def hurry(self, user_id: int, now: datetime) -> None:
        """What rests is drawn now, if it is not drawn yet."""

    async def wanted(self, user_id: int) -> tuple[ScreenName, Mapping[str, str | int]] | None:
        """What this person should see, and its details; None when nothing was ever shown."""

    async def showing(self, gate_id: int) -> list[int]:
        """Whose screens show a page about this gate that is for its admins, or for operators."""

    async def progress_of(self, user_ids: Collection[int]) -> dict[int, Mapping[str, str | int]]:
        """The details of the screens of those of these persons who see how their verification goes."""

    async def limited_until(self, user_ids: Collection[int]) -> dict[int, datetime]:
        """When the next try opens, or opened, for those of these persons whose screen says so."""

    async def due(
        self,
        now: datetime,
        limit: int,
        busy: Collection[int],
        resting: Collection[int] = (),
        *,
        also_patient: bool = False,
    ) -> list[ScreenRow]:
        """Those to be drawn, whose turn it is first; then those to be refreshed. None of chats that are `resting`.

        `also_patient`: the limit holds for those of a crowd, and for refreshes, by themselves.
        """

    async def drawn(self, receipt: DeliveryResult, refresh_at: datetime | None) -> bool:
        """The screen was shown; whether that is still what should be shown."""

    async def retry(self, user_id: int, revision: int, due_at: datetime) -> None:
        """Draw it later, unless it has changed meanwhile and is drawn anew at once."""

    async def give_up(self, screens: Collection[tuple[int, int]]) -> None:
        """These states of screens (person and revision) cannot be shown."""

    async def drop(self, user_ids: Collection[int]) -> None:
        """What these persons did not ask for, and was not drawn yet, is not drawn any more."""
