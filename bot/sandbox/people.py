"""The words of a story: what a person does with Telegram and with a phone."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

import phonenumbers

from bot.sandbox.pulse import PATIENCE
from bot.sandbox.telegram.client import Client, Impossible
from bot.sandbox.telegram.state import Account, App, Chat, Device, Group, Member, Message, PrivateChat
from bot.sandbox.trace import masked

if TYPE_CHECKING:
    from bot.sandbox.world import World

Json = dict[str, Any]
Role = Literal["newcomer", "owner", "operator"]


class NotSeen(AssertionError):  # noqa: N818 - a failed expectation, not an error
    """What a story waited for did not come; the text shows what was there instead."""


class Person:
    """Somebody with a Telegram account and a phone.

    Everything here is what a real app or phone would do: the bot hears of it through Telegram's and the
    gateway's HTTP only. What the app does not allow raises `Impossible`. Waiting is in real seconds.
    """

    def __init__(self, world: World, account: Account, role: Role) -> None:
        self._world = world
        self._client = Client(world.telegram, account)
        self.account = account
        self.role: Role = role
        self.contact_phone: str | None = None

    def __repr__(self) -> str:
        return f"<{self.name} {self.id}>"

    @property
    def id(self) -> int:
        """The Telegram user id, which is the id of the private chat too."""
        return self.account.id

    @property
    def name(self) -> str:
        """The first name."""
        return self.account.first_name

    @property
    def phone(self) -> str:
        """The phone's own number, `+` and digits."""
        return self.account.phone or ""

    @property
    def device(self) -> Device:
        """What the person's Telegram runs on; a call is made with the phone in any case."""
        return self.account.device

    @device.setter
    def device(self, device: Device) -> None:
        self.account.device = device
        self._world.telegram.touch(self.chat)

    @property
    def chat(self) -> PrivateChat:
        """The private chat with the bot."""
        return self._client.chat

    # In the private chat

    async def says(self, text: str, chat: Chat | None = None) -> Message:
        """Write to the bot, or in a group; `/start` to a blocked bot unblocks it first."""
        return self._client.say(text, chat)

    async def shares_contact(self, within: float = PATIENCE) -> Message:
        """Press the button that asks for the contact, as soon as there is one."""
        await self._until(self.asked_for_contact, "a button that asks for the contact", within)
        return self._client.share_own_contact(self.contact())

    def asked_for_contact(self) -> bool:
        """Whether a button asks for the contact, be its keyboard folded away or not."""
        keyboard = self.chat.keyboard
        return keyboard is not None and any(button.get("request_contact") for button in keyboard.buttons)

    async def attaches_own_contact(self) -> Message:
        """Send one's own card without being asked."""
        return self._client.send_contact(self.contact())

    async def shares_contact_of(self, other: Person) -> Message:
        """Send somebody else's card."""
        return self._client.send_contact(other.contact())

    async def forwards_contact_of(self, other: Person) -> Message:
        """Forward a message that holds somebody's card, written by them."""
        return self._client.send_contact(other.contact(), forwarded_from=other.account)

    async def sends_contact(self, phone: str, user_id: int | None = None) -> Message:
        """Send a card with any number, of a user of Telegram or of nobody."""
        card: Json = {"phone_number": phone, "first_name": "Card"}
        return self._client.send_contact(card | ({} if user_id is None else {"user_id": user_id}))

    def contact(self) -> Json:
        """One's own card; the phone as Telegram writes it, without a plus, unless `contact_phone` is set."""
        phone = self.contact_phone if self.contact_phone is not None else self.phone.lstrip("+")
        return {"phone_number": phone, "first_name": self.name, "user_id": self.id}

    async def presses(self, text: str, within: float = PATIENCE) -> Json:
        """Press the inline button whose text contains `text` (any case), in the newest message that has it.

        The answer comes back: `{text, show_alert}` for a callback button, which the bot must answer within
        `within` seconds; `url`, `copied` or `web_app` for the buttons that need no bot.
        """
        await self._until(lambda: self._with_button(text) is not None, f"a button {text!r}", within)
        message = self._with_button(text)
        button = message.button(text) if message else None
        if message is None or button is None:
            raise NotSeen(f"the button {text!r} went away")
        if "callback_data" in button:
            return await self.presses_button(message.id, button["callback_data"], within)
        shown = {"text": None, "show_alert": False}
        if "copy_text" in button:
            return shown | {"copied": button["copy_text"]["text"]}
        return shown | {name: button[name] for name in ("url", "web_app") if name in button}

    async def presses_button(
        self, message_id: int, callback_data: str, within: float = PATIENCE, chat: Chat | None = None
    ) -> Json:
        """Press a button as it once stood under a message, also one that has gone since."""
        query = self._client.press(chat or self.chat, message_id, callback_data)
        deadline = time.monotonic() + within
        while not query.answer.done():
            if not await query.message.chat.changed.next(max(0.0, deadline - time.monotonic())):
                break
        if not query.answer.done():
            raise NotSeen(f"the button {callback_data!r} was not answered in {within:g} s\n{self.transcript()}")
        return query.answer.result()

    async def sees(self, text: str, within: float = PATIENCE) -> Message:
        """The bot's newest message in the private chat that contains `text` (any case), once it is there."""
        await self._until(lambda: self.shown(text) is not None, repr(text), within)
        message = self.shown(text)
        if message is None:
            raise NotSeen(f"{text!r} went away\n{self.transcript()}")
        return message

    def shown(self, text: str) -> Message | None:
        """The newest message of the bot that contains `text` now."""
        wanted = text.casefold()
        for message in reversed(self.chat.by_id.values()):
            if message.sender.is_bot and message.text and wanted in message.text.casefold():
                return message
        return None

    def transcript(self) -> str:
        """The private chat as text, for a failing test's message."""
        lines = [f"{self.name}'s chat with the bot:"]
        for message in self.chat.messages:
            content = message.text if message.text is not None else message.contact
            lines.append(f"  {message.id} {message.sender.first_name}: {content} {message.buttons or ''}".rstrip())
        return "\n".join(lines)

    def _with_button(self, text: str) -> Message | None:
        for message in reversed(self.chat.by_id.values()):
            if message.button(text) is not None:
                return message
        return None

    async def _until(self, ready: Callable[[], bool], what: str, within: float) -> None:
        deadline = time.monotonic() + within
        while not ready():
            if not await self.chat.changed.next(max(0.0, deadline - time.monotonic())) and not ready():
                raise NotSeen(f"{self.name} did not see {what} in {within:g} s\n{self.transcript()}")

    async def blocks_bot(self) -> None:
        """Block the bot."""
        self._client.block()

    async def unblocks_bot(self) -> None:
        """Unblock the bot without writing to it."""
        self._client.unblock()

    # Mini Apps

    async def sees_app(self, within: float = PATIENCE) -> App:
        """The Mini App Telegram opens for the newest request to join a guarded group, once the bot offered one."""
        await self._until(lambda: self.account.offered is not None, "a Mini App", within)
        if self.account.offered is None:
            raise NotSeen(f"the Mini App went away\n{self.transcript()}")
        return self.account.offered

    async def opens_app(self, url: str) -> App:
        """Open the Mini App behind a button, by the address `presses` gave."""
        return self._client.open_app(url)

    async def closes_app(self) -> None:
        """Close the Mini App a guard has opened; the request to join stays."""
        self._client.close_app()

    async def shares_contact_in_app(self) -> Message:
        """Agree when a Mini App asks for the phone number: one's own card is sent to the bot."""
        return self._client.send_contact(self.contact())

    # Groups and channels

    async def asks_to_join(self, group: Group) -> None:
        """Press "Request to join"."""
        self._client.ask_to_join(group)

    async def withdraws_request(self, group: Group) -> None:
        """Take the request back."""
        self._client.withdraw(group)

    async def opens_link(self, url: str) -> None:
        """Follow an invite link."""
        self._client.open_link(url)

    async def leaves(self, group: Group) -> None:
        """Leave a group."""
        self._client.leave(group)

    # As one who runs a group

    async def makes_bot_admin(self, group: Group, **rights: bool) -> None:
        """Make the bot an administrator with the rights given, e.g. `can_invite_users=True`."""
        self._client.set_bot_rights(group, rights)

    async def takes_rights(self, group: Group) -> None:
        """Leave the bot an administrator who may not invite users."""
        self._client.take_bot_right(group, "can_invite_users")

    async def assigns_guard(self, group: Group, on: bool = True) -> None:  # noqa: FBT001, FBT002 - a story's word
        """Choose the bot under "Process join requests", or nobody; for owners."""
        self._client.set_guard(group, on=on)

    async def demotes_bot(self, group: Group) -> None:
        """Make the bot an ordinary member."""
        self._client.set_bot_status(group, Member(self._world.telegram.bot, "member"))

    async def removes_bot(self, group: Group) -> None:
        """Remove the bot from the group."""
        self._client.set_bot_status(group, Member(self._world.telegram.bot, "kicked"))

    async def approves(self, group: Group, other: Person) -> None:
        """Let somebody in by hand."""
        self._client.decide(group, other.account, approve=True)

    async def declines(self, group: Group, other: Person) -> None:
        """Turn somebody down by hand."""
        self._client.decide(group, other.account, approve=False)

    async def removes(self, group: Group, other: Person) -> None:
        """Remove somebody from the group."""
        self._client.remove(group, other.account)

    # The phone

    async def calls(self, number: str, from_number: str | None = None, *, hidden: bool = False) -> str:
        """Dial a number, from one's own phone or another; what is heard comes back."""
        caller = None if hidden else from_number or self.phone
        dialled = "".join(character for character in number if character.isdigit() or character == "+")
        if not dialled.startswith("+"):
            try:
                parsed = phonenumbers.parse(dialled, "RU")
            except phonenumbers.NumberParseException:
                raise Impossible("That cannot be dialled.") from None
            dialled = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
        heard = self._world.smsc.hear(caller, dialled)
        origin = masked(caller) if caller else "hidden number"
        self._world.trace.add(
            "phone",
            f"{self.name} ({origin}) calls {dialled}: {heard}",
            {"from": caller, "to": dialled, "hears": heard},
            ok=heard != "no such number",
        )
        return heard
