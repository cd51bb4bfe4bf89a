"""Somebody's place in a group: status, administrator's rights, permissions of ordinary members."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from bot.sandbox.telegram.accounts import Account

Json = dict[str, Any]
Status = Literal["creator", "administrator", "member", "restricted", "left", "kicked"]

ADMIN_RIGHTS = (
    "can_manage_chat",
    "can_delete_messages",
    "can_manage_video_chats",
    "can_restrict_members",
    "can_promote_members",
    "can_change_info",
    "can_invite_users",
    "can_post_stories",
    "can_edit_stories",
    "can_delete_stories",
    "can_send_welcome_messages",
    "can_post_messages",
    "can_edit_messages",
    "can_pin_messages",
    "can_manage_topics",
    "can_manage_direct_messages",
    "can_manage_tags",
)
MEDIA = (
    "can_send_messages",
    "can_send_audios",
    "can_send_documents",
    "can_send_photos",
    "can_send_videos",
    "can_send_video_notes",
    "can_send_voice_notes",
)
PERMISSIONS = (
    *MEDIA,
    "can_send_polls",
    "can_send_other_messages",
    "can_add_web_page_previews",
    "can_react_to_messages",
    "can_edit_tag",
    "can_change_info",
    "can_invite_users",
    "can_pin_messages",
    "can_manage_topics",
)
# What a new group lets its members do; everything else is for administrators by default.
FOR_ADMINISTRATORS = {"can_change_info", "can_pin_messages", "can_manage_topics"}
SHORTEST, LONGEST = 30, 366 * 24 * 3600


def usual_permissions(*, edit_tags: bool = True) -> dict[str, bool]:
    """What members may do in a new group."""
    allowed = {permission: permission not in FOR_ADMINISTRATORS for permission in PERMISSIONS}
    return allowed | {"can_edit_tag": edit_tags}


def only(permissions: Mapping[str, bool]) -> dict[str, bool]:
    """All permissions, withholding those not named."""
    return {permission: permissions.get(permission, False) for permission in PERMISSIONS}


def ends_at(until: int | None, now: int) -> int:
    """The moment as Telegram stores it: 0, which is for ever, when it is too near or too far."""
    return until if until and SHORTEST <= until - now <= LONGEST else 0


@dataclass(slots=True, eq=False)
class Member:
    """Somebody's place in a group or channel; `until_date` ends a ban or a restriction, 0 is for ever."""

    account: Account
    status: Status
    # An administrator's.
    rights: dict[str, bool] = field(default_factory=dict)
    anonymous: bool = False
    # Those of a restricted person, who may be outside the group meanwhile.
    permissions: dict[str, bool] = field(default_factory=dict)
    is_member: bool = True
    until_date: int = 0
    tag: str | None = None

    @property
    def inside(self) -> bool:
        """Whether the account is in the chat."""
        return self.is_member if self.status == "restricted" else self.status not in ("left", "kicked")

    @property
    def is_admin(self) -> bool:
        """Whether the account is the owner or an administrator."""
        return self.status in ("creator", "administrator")

    def may(self, right: str) -> bool:
        """Whether this member holds an administrator's right."""
        return self.status == "creator" or (self.status == "administrator" and self.rights.get(right, False))

    def at(self, now: int) -> Member:
        """The place as it is now, without an expired restriction or ban."""
        if not self.until_date or self.until_date > now:
            return self
        return self.freed()

    def freed(self) -> Member:
        """The same without restriction or ban."""
        return Member(self.account, "member" if self.inside else "left", tag=self.tag if self.inside else None)

    def as_json(self) -> Json:
        """A Bot API `ChatMember`."""
        member: Json = {"status": self.status, "user": self.account.as_json()}
        if self.status == "creator":
            member["is_anonymous"] = self.anonymous
        elif self.status == "administrator":
            member |= {"can_be_edited": False, "is_anonymous": self.anonymous}
            member |= {right: self.rights.get(right, False) for right in ADMIN_RIGHTS}
        elif self.status == "restricted":
            member |= only(self.permissions) | {"is_member": self.is_member, "until_date": self.until_date}
        elif self.status == "kicked":
            member["until_date"] = self.until_date
        if self.tag and self.status in ("member", "restricted"):
            member["tag"] = self.tag
        return member
