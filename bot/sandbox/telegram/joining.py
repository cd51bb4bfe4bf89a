"""The ways into a group: queries to a guard, invite links."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from bot.sandbox.telegram.accounts import Account

Json = dict[str, Any]
JoinResult = Literal["approve", "decline", "queue"]


@dataclass(slots=True, eq=False)
class JoinQuery:
    """A guarded group's query to the bot about one request; moments are unix seconds.

    The Bot API page says for how long it can be answered; nothing says for how long once an app was offered.
    """

    ANSWERABLE = 10
    ANSWERABLE_WITH_APP = 600

    id: str
    asked_at: float
    app_url: str | None = None
    offered_at: float | None = None
    result: JoinResult | None = None

    def open(self, now: float) -> bool:
        """Whether the bot may still answer it."""
        if self.result is not None:
            return False
        if self.offered_at is None:
            return now - self.asked_at <= self.ANSWERABLE
        return now - self.offered_at <= self.ANSWERABLE_WITH_APP


@dataclass(slots=True, eq=False)
class InviteLink:
    """A link into a group."""

    url: str
    creator: Account
    creates_join_request: bool = False
    name: str | None = None
    expire_date: int | None = None
    member_limit: int | None = None
    primary: bool = False
    revoked: bool = False
    used: int = 0

    def works(self, now: int) -> bool:
        """Whether it still admits people, or lets them ask."""
        if self.revoked or (self.expire_date is not None and self.expire_date <= now):
            return False
        return self.member_limit is None or self.used < self.member_limit

    def as_json(self, reader: Account) -> Json:
        """A Bot API `ChatInviteLink`; a bot sees only part of others' links."""
        link: Json = {
            "invite_link": self.url if self.creator is reader else f"{self.url[:-8]}…",
            "creator": self.creator.as_json(),
            "creates_join_request": self.creates_join_request,
            "is_primary": self.primary,
            "is_revoked": self.revoked,
        }
        optional = {"name": self.name, "expire_date": self.expire_date, "member_limit": self.member_limit}
        return link | {key: value for key, value in optional.items() if value is not None}
