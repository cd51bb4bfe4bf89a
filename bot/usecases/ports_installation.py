"""What is kept of operators and of what they announce, as the use cases ask for it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from bot.domain.installation import AddedOperator, Announcement, Audience


class AddedOperators(Protocol):
    """Those who were made operators at run time. Whether somebody is one is for `bot.usecases.operators` to say."""

    async def all(self) -> list[AddedOperator]:
        """Who was added first comes first."""

    async def has(self, user_id: int) -> bool: ...

    async def add(self, operator: AddedOperator) -> bool:
        """Keep them; False if they are one already."""

    async def remove(self, user_id: int) -> AddedOperator | None:
        """Keep them no more; None if they were none. Of several who remove at once the first does."""


class Announcements(Protocol):
    """Words to all admins: written, being sent, and sent."""

    async def audience(self) -> Audience:
        """The admins, as far as is known, of gates that are on, each once."""

    async def write(self, author_id: int, text: str, now: datetime) -> int:
        """Keep what is to be sent once that is confirmed, in place of what they wrote before and did not send; its
        id."""

    async def get(self, announcement_id: int) -> Announcement | None: ...

    async def texts(self, announcement_ids: Collection[int]) -> dict[int, str]:
        """What these say."""

    async def drop(self, announcement_id: int) -> bool:
        """Not send it; False if it is being sent, or gone."""

    async def begin(self, announcement_id: int, sent_by: int, now: datetime) -> bool:
        """Whether it is sent now. Of several who want that the first has it sent."""

    async def goes_to(self, announcement_id: int, total: int) -> None:
        """To how many it goes."""

    async def told(self, announcement_id: int, *, is_sent: bool) -> None:
        """One of these has it, or could not be written to. Once it is over nothing is counted."""

    async def under_way(self) -> list[Announcement]:
        """Those being sent."""

    async def over(self, announcement_id: int, now: datetime) -> Announcement:
        """All were told, or could not be: whoever does not have it now was missed, such as who was erased meanwhile."""

    async def forget(self, before: datetime) -> None:
        """Delete what was written earlier and not sent, or was over earlier."""
