"""What Telegram knows: accounts, chats, messages, requests to join, pressed buttons."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any, Literal

from bot.sandbox.pulse import Pulse

Json = dict[str, Any]
ChatType = Literal["private", "supergroup", "channel"]
Status = Literal["creator", "administrator", "member", "left", "kicked"]
Device = Literal["phone", "desktop"]
JoinResult = Literal["approve", "decline", "queue"]

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


@dataclass(slots=True, eq=False)
class Account:
    """A user of Telegram, or the bot."""

    id: int
    first_name: str
    is_bot: bool = False
    username: str | None = None
    language_code: str | None = None
    phone: str | None = None
    wrote_to_bot: bool = False
    blocked_bot: bool = False
    too_many_chats: bool = False
    device: Device = "phone"
    # The Mini App that a group's guard has opened on this account's screen, until it is closed.
    offered: App | None = None

    def as_json(self) -> Json:
        """A Bot API `User`."""
        user: Json = {"id": self.id, "is_bot": self.is_bot, "first_name": self.first_name}
        if self.username:
            user["username"] = self.username
        if self.language_code:
            user["language_code"] = self.language_code
        return user


@dataclass(slots=True, eq=False)
class Message:
    """A message as everybody in its chat sees it now."""

    id: int
    chat: Chat
    sender: Account
    date: int
    text: str | None = None
    entities: list[Json] = field(default_factory=list)
    # Sent as a rich message. Telegram would give `rich_message` instead of the text; here both kinds look alike.
    rich: bool = False
    contact: Json | None = None
    forward_origin: Json | None = None
    new_chat_members: list[Account] = field(default_factory=list)
    inline_keyboard: list[list[Json]] = field(default_factory=list)
    other_markup: bool = False
    edit_date: int | None = None

    @property
    def buttons(self) -> list[str]:
        """The texts of the inline buttons, row by row."""
        return [button["text"] for row in self.inline_keyboard for button in row]

    def button(self, text: str) -> Json | None:
        """The first inline button whose text contains `text`, whatever the case; None if there is none."""
        wanted = text.casefold()
        for row in self.inline_keyboard:
            for button in row:
                if wanted in button["text"].casefold():
                    return button
        return None

    def entity_texts(self, kind: str) -> list[str]:
        """The parts of the text that entities of one type cover."""
        units = (self.text or "").encode("utf-16-le")
        return [
            units[2 * entity["offset"] : 2 * (entity["offset"] + entity["length"])].decode("utf-16-le")
            for entity in self.entities
            if entity["type"] == kind
        ]

    def as_json(self) -> Json:
        """A Bot API `Message`."""
        message: Json = {"message_id": self.id, "date": self.date, "chat": self.chat.as_json()}
        if self.chat.type == "channel":
            message["sender_chat"] = message["chat"]
        else:
            message["from"] = self.sender.as_json()
        if self.text is not None:
            message["text"] = self.text
        if self.entities:
            message["entities"] = self.entities
        if self.contact is not None:
            message["contact"] = self.contact
        if self.forward_origin is not None:
            message["forward_origin"] = self.forward_origin
        if self.new_chat_members:
            message["new_chat_members"] = [member.as_json() for member in self.new_chat_members]
        if self.inline_keyboard:
            message["reply_markup"] = {"inline_keyboard": self.inline_keyboard}
        if self.edit_date is not None:
            message["edit_date"] = self.edit_date
        return message


@dataclass(slots=True, eq=False)
class ReplyKeyboard:
    """The buttons under a person's input field; a one-time keyboard folds away once it was used."""

    rows: list[list[Json]]
    one_time: bool
    message_id: int
    folded: bool = False

    @property
    def buttons(self) -> list[Json]:
        """All buttons, row by row."""
        return [button for row in self.rows for button in row]


@dataclass(slots=True, eq=False)
class Chat:
    """What private chats, groups and channels share."""

    id: int
    type: ChatType
    by_id: dict[int, Message] = field(default_factory=dict)
    changed: Pulse = field(default_factory=Pulse)

    @property
    def messages(self) -> list[Message]:
        """The visible messages, oldest first."""
        return list(self.by_id.values())

    def as_json(self) -> Json:
        """A Bot API `Chat`."""
        raise NotImplementedError


@dataclass(slots=True, eq=False)
class PrivateChat(Chat):
    """One person's chat with the bot."""

    account: Account = field(kw_only=True)
    keyboard: ReplyKeyboard | None = None

    @property
    def reply_keyboard(self) -> ReplyKeyboard | None:
        """The keyboard on the screen: None when there is none, or when it has folded away after use."""
        return None if self.keyboard is None or self.keyboard.folded else self.keyboard

    def as_json(self) -> Json:
        """A Bot API `Chat`."""
        chat: Json = {"id": self.id, "type": self.type, "first_name": self.account.first_name}
        if self.account.username:
            chat["username"] = self.account.username
        return chat


@dataclass(slots=True, eq=False)
class Member:
    """Somebody's place in a group or channel."""

    account: Account
    status: Status
    rights: dict[str, bool] = field(default_factory=dict)

    def may(self, right: str) -> bool:
        """Whether this member holds an administrator's right."""
        return self.status == "creator" or (self.status == "administrator" and self.rights.get(right, False))

    def as_json(self) -> Json:
        """A Bot API `ChatMember`."""
        member: Json = {"status": self.status, "user": self.account.as_json()}
        if self.status == "creator":
            member["is_anonymous"] = False
        elif self.status == "administrator":
            member |= {"can_be_edited": False, "is_anonymous": False}
            member |= {right: self.rights.get(right, False) for right in ADMIN_RIGHTS}
        elif self.status == "kicked":
            member["until_date"] = 0
        return member


@dataclass(slots=True, eq=False)
class JoinQuery:
    """A guarded group's question to the bot about one request; moments are unix seconds.

    For how long it can be answered says the Bot API page; for how long once an app was offered, nobody does.
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
class JoinRequest:
    """A request that nobody has decided about yet; with a query when the bot guards the group."""

    group: Group
    account: Account
    date: int
    query: JoinQuery | None = None


@dataclass(frozen=True, slots=True, eq=False)
class App:
    """A Mini App as it was opened: `url` with its fragment; the group and the query of a guard's app."""

    url: str
    init_data: str
    group: Group | None = None
    query_id: str | None = None


@dataclass(slots=True, eq=False)
class InviteLink:
    """A link into a group."""

    url: str
    creator: Account
    creates_join_request: bool = False
    name: str | None = None
    expire_date: int | None = None
    member_limit: int | None = None
    used: int = 0

    def as_json(self) -> Json:
        """A Bot API `ChatInviteLink`."""
        link: Json = {
            "invite_link": self.url,
            "creator": self.creator.as_json(),
            "creates_join_request": self.creates_join_request,
            "is_primary": False,
            "is_revoked": False,
        }
        optional = {"name": self.name, "expire_date": self.expire_date, "member_limit": self.member_limit}
        return link | {key: value for key, value in optional.items() if value is not None}


@dataclass(slots=True, eq=False)
class Group(Chat):
    """A supergroup or a channel."""

    title: str = field(kw_only=True)
    username: str | None = None
    about: str = ""
    approves_new_members: bool = True
    # The owner chose the bot under "Process join requests".
    guarded: bool = False
    members: dict[int, Member] = field(default_factory=dict)
    removed: dict[int, Member] = field(default_factory=dict)
    requests: dict[int, JoinRequest] = field(default_factory=dict)
    links: dict[str, InviteLink] = field(default_factory=dict)
    next_message_id: int = 1
    # Members nobody needs to know one by one: they only count.
    crowd: int = 0

    def member(self, account: Account) -> Member:
        """The account's place here, `left` when it has none."""
        return self.members.get(account.id) or self.removed.get(account.id) or Member(account, "left")

    def as_json(self) -> Json:
        """A Bot API `Chat`."""
        chat: Json = {"id": self.id, "type": self.type, "title": self.title}
        if self.username:
            chat["username"] = self.username
        return chat


@dataclass(slots=True, eq=False)
class CallbackQuery:
    """A pressed inline button; `answer` is what the bot said to it."""

    id: str
    account: Account
    message: Message
    data: str
    asked_at: float
    answer: asyncio.Future[Json]
