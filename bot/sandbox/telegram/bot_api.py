"""Telegram itself: users and chats, and who may write to whom."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from typing import Any

import aiohttp

from bot.sandbox.clock import SandboxClock
from bot.sandbox.tasks import Tasks
from bot.sandbox.telegram.accounts import Account
from bot.sandbox.telegram.api_errors import ApiError, bad_request, forbidden, upgraded
from bot.sandbox.telegram.delivery import Delivery
from bot.sandbox.telegram.flood import Flood
from bot.sandbox.telegram.joining import InviteLink
from bot.sandbox.telegram.markup import ButtonRules
from bot.sandbox.telegram.members import Member
from bot.sandbox.telegram.state import (
    CallbackQuery,
    Chat,
    ChatType,
    Document,
    Group,
    JoinRequest,
    Message,
    Photo,
    PrivateChat,
)
from bot.sandbox.telegram.webhook import Webhook
from bot.sandbox.trace import Trace

Json = dict[str, Any]
JOIN_REQUEST_OPENS_CHAT = 300
ANSWERABLE = 150
# The account Telegram names when an administrator writes or acts as the group itself.
AS_GROUP = 1_087_968_824


class Telegram:
    """The state behind the Bot API and the people's apps."""

    def __init__(
        self, *, clock: SandboxClock, trace: Trace, tasks: Tasks, token: str, username: str, flood_limits: bool
    ) -> None:
        self.clock = clock
        self.trace = trace
        self.tasks = tasks
        self.token = token
        self.bot = Account(int(token.partition(":")[0]), "Callgate", is_bot=True, username=username)
        self.as_group = Account(AS_GROUP, "Group", is_bot=True, username="GroupAnonymousBot")
        self.accounts: dict[int, Account] = {AS_GROUP: self.as_group}
        self.private: dict[int, PrivateChat] = {}
        self.groups: dict[int, Group] = {}
        # Groups that were deleted, and basic groups that are supergroups now.
        self.gone: dict[int, Group] = {}
        self.documents: dict[str, Document] = {}
        self.photos: dict[str, Photo] = {}
        self.pending: dict[int, dict[int, JoinRequest]] = {}
        # The pressed buttons that wait for an answer, and all others.
        self.queries: dict[str, CallbackQuery] = {}
        self.pressed: dict[str, CallbackQuery] = {}
        self.join_queries: dict[str, JoinRequest] = {}
        self.delivery = Delivery(clock, trace)
        self.webhook: Webhook | None = None
        self.found_address = "127.0.0.1"
        """The addresses that Telegram resolves for the host of a webhook."""
        self.flood = Flood(on=flood_limits)
        self.commands: dict[tuple[str, str], list[Json]] = {}
        self.menu_buttons: dict[int | None, Json] = {}
        self.descriptions: dict[tuple[str, str], str] = {}
        self.session: aiohttp.ClientSession | None = None
        # What @BotFather or the server's age decide: whether owners can choose the bot as a guard at all, and whether
        # the server knows rich messages.
        self.supports_join_request_queries = True
        self.rich_messages = True
        # Whether it knows ephemeral messages; a server that does not ignores the parameters for one.
        self.ephemeral_messages = True
        # HTML tags that a server of a certain age does not know yet.
        self.unknown_tags: frozenset[str] = frozenset()
        # Whether the bot has left this server by `logOut`: it refuses everything then.
        self.logged_out = False
        self.button_rules = ButtonRules()
        # Parts with which a new message is refused, and the error texts: a kind of button, "reply_markup", "entities"
        # or "link_preview_options".
        self.refused_parts: dict[str, str] = {}
        # Called after every change that an app could show.
        self.listeners: list[Callable[[], None]] = []
        self._private_ids = itertools.count(1)
        self._query_ids = itertools.count(4_000_000_000_000_001)
        self._people_ids = itertools.count(7_000_000_001)
        self._group_ids = itertools.count(-1_002_000_000_001, -1)
        self._basic_ids = itertools.count(-4_001_234, -1)
        self._ephemeral_ids = itertools.count(29_000_001)
        self._file_ids = itertools.count(1)
        self._order = itertools.count(1)

    # For tests

    @property
    def too_many(self) -> int:
        """How many calls the flood limits refused."""
        return self.flood.too_many

    @property
    def unanswered_queries(self) -> list[CallbackQuery]:
        """The pressed buttons that the bot never answered."""
        return list(self.queries.values())

    @property
    def listens(self) -> bool:
        """Whether a bot takes updates: it polls, or has set a webhook."""
        return self.webhook is not None or self.delivery.polled

    def push_raw(self, update: Json | str) -> int:
        """Put any raw update into the queue: a dict without (or with) its id, or the text as it travels."""
        return self.delivery.push_raw(update)

    # How the bot gets updates

    def set_webhook(self, url: str, secret: str | None, max_connections: int, ip_address: str | None = None) -> None:
        """Post updates to this address from now on, waiting ones first."""
        if self.session is None:
            raise RuntimeError("the world has not started")
        self.webhook = Webhook(
            url=url,
            secret=secret,
            max_connections=max_connections,
            ip_address=ip_address,
            delivery=self.delivery,
            session=self.session,
            tasks=self.tasks,
            clock=self.clock,
            trace=self.trace,
        )
        self.delivery.by_webhook = self.webhook.enqueue

    def end_webhook(self) -> None:
        """Remove the webhook; updates not taken yet wait for getUpdates."""
        if self.webhook is not None:
            self.webhook.stop()
        self.webhook = None
        self.delivery.by_webhook = None

    def start(self, session: aiohttp.ClientSession) -> None:
        """Make connections through this session; an earlier webhook continues."""
        self.session = session
        if self.webhook is not None:
            hook = self.webhook
            self.set_webhook(hook.url, hook.secret, hook.max_connections, hook.ip_address)

    # Who exists

    def now(self) -> int:
        """The present moment as Telegram writes it."""
        return int(self.clock.timestamp())

    def add_account(
        self, first_name: str, *, username: str | None, language: str | None, phone: str | None, is_bot: bool = False
    ) -> Account:
        """A new user, or another bot."""
        account = Account(next(self._people_ids), first_name, is_bot, username, language, phone)
        self.accounts[account.id] = account
        self._changed()
        return account

    def add_group(self, kind: ChatType, title: str, owner: Account, username: str | None, about: str) -> Group:
        """A new group or channel; newcomers of supergroups and channels need approval."""
        number = next(self._basic_ids if kind == "group" else self._group_ids)
        group = Group(number, kind, title=title, now=self.now, username=username, about=about)
        group.approves_new_members = kind != "group"
        group.members[owner.id] = Member(owner, "creator")
        self.groups[group.id] = group
        return group

    def add_document(self, name: str, data: bytes) -> Document:
        """A file stored here."""
        document = Document(f"file{next(self._file_ids)}", name, data)
        self.documents[document.file_id] = document
        return document

    def add_photo(self, data: bytes, width: int, height: int) -> Photo:
        """A picture stored here."""
        photo = Photo(f"photo{next(self._file_ids)}", data, width, height)
        self.photos[photo.file_id] = photo
        return photo

    def private_chat(self, account: Account) -> PrivateChat:
        """The account's chat with the bot, empty at first."""
        chat = self.private.get(account.id)
        if chat is None:
            chat = self.private[account.id] = PrivateChat(account.id, "private", account=account)
        return chat

    def find_chat(self, chat_id: int | str | None) -> Chat:
        """The chat a call names by id or @username."""
        if chat_id is None or not str(chat_id).strip():
            raise bad_request("chat_id is empty")
        if isinstance(chat_id, str) and not re.fullmatch(r"-?\d+", chat_id):
            for group in self.groups.values():
                if group.username and chat_id.lower() == f"@{group.username}".lower():
                    return group
            raise bad_request("chat not found")
        number = int(chat_id)
        if number in self.accounts:
            return self.private_chat(self.accounts[number])
        if number in self.groups:
            return self.groups[number]
        if number in self.gone:
            raise self._gone(self.gone[number])
        raise bad_request("chat not found")

    def _gone(self, group: Group) -> ApiError:
        """Why nothing can be done in a group now."""
        if group.upgraded_to is not None:
            return upgraded(group.upgraded_to.id)
        if group.type == "group":
            return forbidden("the group chat was deleted")
        return forbidden(f"bot was kicked from the {group.type} chat")

    def find_group(self, chat_id: int | str) -> Group:
        """The group or channel a call names."""
        chat = self.find_chat(chat_id)
        if not isinstance(chat, Group):
            raise bad_request("method is available for supergroup and channel chats only")
        return chat

    def find_account(self, user_id: int) -> Account:
        """The user or bot a call names."""
        if user_id == self.bot.id:
            return self.bot
        account = self.accounts.get(user_id)
        if account is None:
            raise bad_request("user not found" if user_id > 0 else "invalid user_id specified")
        return account

    def name_of(self, chat_id: object) -> str:
        """A name for the trace."""
        try:
            number = int(str(chat_id))
        except ValueError:
            return str(chat_id)
        if number in self.accounts:
            return self.accounts[number].first_name
        if number == self.bot.id:
            return self.bot.first_name
        group = self.groups.get(number) or self.gone.get(number)
        return group.title if group else str(number)

    # What the bot may do

    def bot_in(self, group: Group) -> Member:
        """The bot's place in a group; refused when it has none."""
        member = group.member(self.bot)
        if member.status == "kicked":
            raise forbidden(f"bot was kicked from the {group.type} chat")
        if member.status == "left":
            raise forbidden(f"bot is not a member of the {group.type} chat")
        return member

    def check_may_write(self, chat: Chat) -> None:
        """Refuse a new message to people who never wrote and to chats without the bot."""
        if isinstance(chat, Group):
            member = self.bot_in(chat)
            if chat.type == "channel" and not member.may("can_post_messages"):
                raise bad_request("need administrator rights in the channel chat")
            if not chat.allows(self.bot, "can_send_messages"):
                raise bad_request("not enough rights to send text messages to the chat")
        elif isinstance(chat, PrivateChat):
            self._check_may_write_to(chat.account)

    def _check_may_write_to(self, account: Account) -> None:
        if account.is_bot:
            raise forbidden("bot can't send messages to bots")
        if account.blocked_bot:
            raise forbidden("bot was blocked by the user")
        if account.wrote_to_bot:
            return
        oldest = self.clock.timestamp() - JOIN_REQUEST_OPENS_CHAT
        for request in self.pending.get(account.id, {}).values():
            if request.date >= oldest and request.group.member(self.bot).may("can_invite_users"):
                return
        raise forbidden("bot can't initiate conversation with a user")

    # What happens

    def new_message(self, chat: Chat, sender: Account, **parts: Any) -> Message:  # noqa: ANN401 - Message's own fields
        """Put a message into a chat."""
        if isinstance(chat, Group):
            number = chat.next_message_id
            chat.next_message_id += 1
        else:
            number = next(self._private_ids)
        parts.setdefault("author", sender)
        message = chat.by_id[number] = Message(number, chat, sender, self.now(), order=next(self._order), **parts)
        self.touch(chat)
        return message

    def new_ephemeral(self, group: Group, sender: Account, receiver: Account, **parts: Any) -> Message:  # noqa: ANN401 - Message's own fields
        """Put a message into a group that only two see: its sender and its receiver."""
        number = next(self._ephemeral_ids)
        message = group.ephemeral[number] = Message(
            0,
            group,
            sender,
            self.now(),
            order=next(self._order),
            author=sender,
            receiver=receiver,
            ephemeral_id=number,
            lost=receiver.loses_ephemeral,
            **parts,
        )
        self.touch(group)
        return message

    def delete(self, message: Message) -> None:
        """Remove a message, and its keyboard."""
        chat = message.chat
        if isinstance(chat, Group) and message.ephemeral_id is not None:
            chat.ephemeral.pop(message.ephemeral_id, None)
        else:
            chat.by_id.pop(message.id, None)
        if isinstance(chat, PrivateChat) and chat.keyboard and chat.keyboard.message_id == message.id:
            chat.keyboard = None
        self.touch(chat)

    def touch(self, chat: Chat) -> None:
        """Notify those who look at a chat of a change."""
        chat.changed.notify()
        self._changed()

    def _changed(self) -> None:
        for listener in self.listeners:
            listener()

    def push_message(self, message: Message) -> None:
        """Send the bot an update about a message."""
        where = message.sender.first_name
        if isinstance(message.chat, Group):
            where = f"{where} in {message.chat.title}"
        self.delivery.push("message", message.as_json(), key=f"chat {message.chat.id}", who=where)

    def push_member(
        self,
        chat: Chat,
        actor: Account,
        old: Json,
        new: Json,
        *,
        link: InviteLink | None = None,
        via_join_request: bool = False,
    ) -> None:
        """Send the bot an update about a changed place in a chat, its own or another's."""
        mine = new["user"]["id"] == self.bot.id
        kind = "my_chat_member" if mine else "chat_member"
        if not mine and not (isinstance(chat, Group) and chat.member(self.bot).status == "administrator"):
            return
        content: Json = {
            "chat": chat.as_json(),
            "from": actor.as_json(),
            "date": self.now(),
            "old_chat_member": old,
            "new_chat_member": new,
        }
        if link is not None:
            content["invite_link"] = link.as_json(self.bot)
        if via_join_request:
            content["via_join_request"] = True
        who = f"{new['user']['first_name']} is {new['status']}"
        self.delivery.push(kind, content, key=f"{kind} {chat.id}", who=who)

    def next_query_id(self) -> str:
        """An id for a pressed button, or for a question about a request to join."""
        return str(next(self._query_ids))
