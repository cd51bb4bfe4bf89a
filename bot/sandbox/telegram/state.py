"""What Telegram knows: messages, chats, requests to join, pressed buttons."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from bot.sandbox.changes import ChangeSignal
from bot.sandbox.telegram.accounts import Account
from bot.sandbox.telegram.joining import InviteLink, JoinQuery
from bot.sandbox.telegram.members import ADMIN_RIGHTS, Member, usual_permissions

Json = dict[str, Any]
ChatType = Literal["private", "group", "supergroup", "channel"]


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """A file on Telegram's servers."""

    file_id: str
    name: str
    data: bytes

    @property
    def path(self) -> str:
        """Where a bot fetches it, below its own address for files."""
        return f"documents/{self.file_id}"

    def as_json(self) -> Json:
        """A Bot API `Document`."""
        return {
            "file_id": self.file_id,
            "file_unique_id": f"unique{self.file_id}",
            "file_name": self.name,
            "file_size": len(self.data),
        }


@dataclass(frozen=True, slots=True, eq=False)
class Photo:
    """A picture on Telegram's servers, in its original size only; Telegram also makes smaller ones."""

    file_id: str
    data: bytes
    width: int
    height: int

    def as_json(self) -> list[Json]:
        """Bot API `PhotoSize`s."""
        size: Json = {"file_id": self.file_id, "file_unique_id": f"unique{self.file_id}", "file_size": len(self.data)}
        return [size | {"width": self.width, "height": self.height}]


@dataclass(slots=True, eq=False)
class Message:
    """A message as those in its chat see it now; an ephemeral one has the id 0 and a separate one."""

    id: int
    chat: Chat
    sender: Account
    date: int
    # The text, or the caption under a document or a photo.
    text: str | None = None
    entities: list[Json] = field(default_factory=list)
    # Sent as a rich message. Telegram would give `rich_message` instead of the text; here both kinds look alike.
    rich: bool = False
    contact: Json | None = None
    # What somebody picked with a button that asks for users.
    users_shared: Json | None = None
    document: Document | None = None
    photo: Photo | None = None
    forward_origin: Json | None = None
    inline_keyboard: list[list[Json]] = field(default_factory=list)
    other_markup: bool = False
    edit_date: int | None = None
    # Its place among all messages of the world, which the ids of ephemeral ones do not show.
    order: int = 0
    # Its writer, whom Telegram hides when an administrator writes as the group.
    author: Account | None = None
    as_group: bool = False
    sender_tag: str | None = None
    thread_id: int | None = None
    in_topic: bool = False
    reply_to: Message | None = None
    receiver: Account | None = None
    ephemeral_id: int | None = None
    lost: bool = False
    # What service messages say.
    new_chat_members: list[Account] = field(default_factory=list)
    left_chat_member: Account | None = None
    # The community from which its writer joined.
    community_joined: Json | None = None
    topic_created: str | None = None
    migrate_to_chat_id: int | None = None
    migrate_from_chat_id: int | None = None

    @property
    def service(self) -> bool:
        """Whether it is a service message of Telegram."""
        return bool(
            self.new_chat_members
            or self.left_chat_member
            or self.community_joined
            or self.topic_created
            or self.migrate_to_chat_id
            or self.migrate_from_chat_id
        )

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

    def seen_by(self, account: Account) -> bool:
        """Whether this account may see it, as far as the message decides that."""
        return self.ephemeral_id is None or (not self.lost and account in (self.receiver, self.sender))

    def as_json(self, *, inside_reply: bool = False) -> Json:
        """A Bot API `Message`; what it replies to is in it, without what that replied to."""
        message: Json = {"message_id": self.id, "date": self.date, "chat": self.chat.as_json()}
        if self.chat.type != "channel":
            message["from"] = self.sender.as_json()
        if self.chat.type == "channel" or self.as_group:
            message["sender_chat"] = message["chat"]
        if self.reply_to is not None and not inside_reply:
            message["reply_to_message"] = self.reply_to.as_json(inside_reply=True)
        if self.receiver is not None:
            message["receiver_user"] = self.receiver.as_json()
        if self.inline_keyboard:
            message["reply_markup"] = {"inline_keyboard": self.inline_keyboard}
        if self.document is not None or self.photo is not None:
            message |= {"caption": self.text, "caption_entities": self.entities}
            message["document"] = self.document and self.document.as_json()
            message["photo"] = self.photo and self.photo.as_json()
        else:
            message |= {"text": self.text, "entities": self.entities}
        message |= {
            "ephemeral_message_id": self.ephemeral_id,
            "sender_tag": self.sender_tag,
            "message_thread_id": self.thread_id,
            "is_topic_message": self.in_topic or None,
            "contact": self.contact,
            "users_shared": self.users_shared,
            "forward_origin": self.forward_origin,
            "community_chat_joined": {"community": self.community_joined} if self.community_joined else None,
            "new_chat_members": [member.as_json() for member in self.new_chat_members],
            "left_chat_member": self.left_chat_member and self.left_chat_member.as_json(),
            "migrate_to_chat_id": self.migrate_to_chat_id,
            "migrate_from_chat_id": self.migrate_from_chat_id,
            "edit_date": self.edit_date,
        }
        if self.topic_created is not None:
            message["forum_topic_created"] = {"name": self.topic_created, "icon_color": 7322096}
        return {name: value for name, value in message.items() if value is not None and value != []}


@dataclass(slots=True, eq=False)
class ReplyKeyboard:
    """The buttons under a person's input field; a one-time keyboard folds away after use."""

    rows: list[list[Json]]
    one_time: bool
    message_id: int
    folded: bool = False

    @property
    def buttons(self) -> list[Json]:
        """All buttons, row by row."""
        return [button for row in self.rows for button in row]

    def asking_for(self, what: Literal["request_contact", "request_users"]) -> Json | None:
        """The first button that asks for the contact, or for users; None if there is none."""
        return next((button for button in self.buttons if button.get(what)), None)


@dataclass(slots=True, eq=False)
class ChatBase:
    """What private chats, groups and channels share."""

    id: int
    type: ChatType
    by_id: dict[int, Message] = field(default_factory=dict)
    changed: ChangeSignal = field(default_factory=ChangeSignal)

    @property
    def messages(self) -> list[Message]:
        """The visible messages, oldest first."""
        return list(self.by_id.values())


@dataclass(slots=True, eq=False)
class PrivateChat(ChatBase):
    """One person's chat with the bot."""

    account: Account = field(kw_only=True)
    keyboard: ReplyKeyboard | None = None
    # The Mini App that a group's guard has opened on the person's screen, until it is closed.
    offered_app: App | None = None

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
class Group(ChatBase):
    """A basic group, a supergroup or a channel."""

    title: str = field(kw_only=True)
    now: Callable[[], int] = field(kw_only=True)
    username: str | None = None
    about: str = ""
    approves_new_members: bool = True
    is_forum: bool = False
    # Members are hidden from each other; service messages about who comes and goes are not shown then.
    hides_members: bool = False
    # Outsiders do not know of it until somebody adds them or gives them a link.
    secret: bool = False
    permissions: dict[str, bool] = field(default_factory=usual_permissions)
    # The owner chose the bot under "Process join requests".
    guarded: bool = False
    # The channel whose posts are discussed in it, and whether non-members may write there.
    linked_channel: int | None = None
    open_comments: bool = True
    # The community to which the chat belongs, and whose members find it there.
    community: Json | None = None
    members: dict[int, Member] = field(default_factory=dict)
    # Outsiders with a place here nevertheless: removed, or restricted when they left.
    outside: dict[int, Member] = field(default_factory=dict)
    requests: dict[int, JoinRequest] = field(default_factory=dict)
    links: dict[str, InviteLink] = field(default_factory=dict)
    topics: dict[int, str] = field(default_factory=dict)
    ephemeral: dict[int, Message] = field(default_factory=dict)
    next_message_id: int = 1
    # Further members, who only count.
    crowd: int = 0
    upgraded_to: Group | None = None
    deleted: bool = False

    def member(self, account: Account) -> Member:
        """The account's place here now, `left` when it has none."""
        for places in (self.members, self.outside):
            kept = places.get(account.id)
            if kept is not None:
                member = kept.at(self.now())
                if member is not kept:
                    del places[account.id]
                    if member.inside:
                        self.members[account.id] = member
                return member
        return Member(account, "left")

    def allows(self, account: Account, permission: str) -> bool:
        """Whether somebody may do what ordinary members need a permission for."""
        member = self.member(account)
        if member.is_admin:
            return permission not in ADMIN_RIGHTS or member.may(permission)
        if not member.inside or not self.permissions.get(permission, False):
            return False
        return member.status == "member" or member.permissions.get(permission, False)

    def seen_by(self, account: Account) -> list[Message]:
        """What one account sees here, oldest first: nothing from outside a private group."""
        if not self.member(account).inside and self.username is None:
            return []
        mine = [message for message in self.ephemeral.values() if message.seen_by(account)]
        return sorted([*self.by_id.values(), *mine], key=lambda message: message.order)

    def as_json(self) -> Json:
        """A Bot API `Chat`."""
        chat: Json = {"id": self.id, "type": self.type, "title": self.title}
        if self.username:
            chat["username"] = self.username
        if self.is_forum:
            chat["is_forum"] = True
        return chat


Chat = PrivateChat | Group


@dataclass(slots=True, eq=False)
class JoinRequest:
    """A request that nobody has decided yet; with a query when the bot guards the group."""

    group: Group
    account: Account
    date: int
    query: JoinQuery | None = None
    link: InviteLink | None = None


@dataclass(frozen=True, slots=True, eq=False)
class App:
    """A Mini App as it was opened: `url` with its fragment; the group and the query of a guard's app."""

    url: str
    init_data: str
    group: Group | None = None
    query_id: str | None = None


@dataclass(slots=True, eq=False)
class CallbackQuery:
    """A pressed inline button; `answer` is what the bot said to it."""

    id: str
    account: Account
    message: Message
    data: str
    asked_at: float
    answer: asyncio.Future[Json]
