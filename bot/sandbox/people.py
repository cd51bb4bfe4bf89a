"""The words of a story: what a person does with Telegram and with a phone."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

import phonenumbers

from bot.sandbox.changes import WAIT_TIMEOUT
from bot.sandbox.screen_assertions import NotSeen, ScreenAssertions
from bot.sandbox.telegram.accounts import Account, Device
from bot.sandbox.telegram.admin_actions import AdminActions
from bot.sandbox.telegram.app_user import NotAllowed, account_of
from bot.sandbox.telegram.bot_api import Telegram
from bot.sandbox.telegram.members import ADMIN_RIGHTS
from bot.sandbox.telegram.membership import MembershipActions
from bot.sandbox.telegram.state import App, Chat, Group, Message
from bot.sandbox.trace import masked

__all__ = ["NotSeen", "Person", "Role"]

Json = dict[str, Any]
Role = Literal["newcomer", "owner", "operator", "stranger"]
PAYLOAD = re.compile(r"[A-Za-z0-9_-]{1,64}")

Ring = Callable[[str | None, str], str]


class Person(AdminActions, MembershipActions, ScreenAssertions):
    """Somebody with a Telegram account and a phone.

    Everything here is what a real app or phone would do: the bot learns of it through Telegram's and the gateway's HTTP
    only. An action that the app does not allow raises `NotAllowed`. Waiting is in real seconds.
    """

    def __init__(self, tg: Telegram, ring: Ring, account: Account, role: Role) -> None:
        """`ring` takes who calls (None: hidden) and the number called, and returns what the phone hears."""
        super().__init__(tg, account)
        self._ring = ring
        self.role: Role = role
        self.contact_phone: str | None = None

    def __repr__(self) -> str:
        return f"<{self.name} {self.id}>"

    @property
    def phone(self) -> str:
        """The phone's own number, `+` and digits."""
        return self.account.phone or ""

    @property
    def device(self) -> Device:
        """The platform of the person's Telegram; calls always use the phone."""
        return self.account.device

    @device.setter
    def device(self, device: Device) -> None:
        self.account.device = device
        self._tg.touch(self.chat)

    # In the private chat

    async def opens_deep_link(self, url: str, group: Group | None = None) -> Message | None:
        """Follow `t.me/<bot>?start=…`, or `?startgroup` or `?startchannel` and choose a chat; return what it sends.

        With `&admin=` in it, the link makes the bot an administrator of the group with the rights it names.
        """
        parts = urlsplit(url)
        asked = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        bot = self._tg.bot
        if (
            parts.hostname not in ("t.me", "telegram.me")
            or parts.path.strip("/").lower() != (bot.username or "").lower()
        ):
            raise NotAllowed("That is no link to the bot.")
        for name in ("start", "startgroup"):
            if asked.get(name) and not PAYLOAD.fullmatch(asked[name]):
                raise NotAllowed("The link says what no link to a bot can say.")
        if "startchannel" in asked:
            if group is None or group.type != "channel":
                raise NotAllowed("The link asks for a channel.")
            if not asked.get("admin"):
                raise NotAllowed("A bot is in a channel as an administrator only.")
            await self._take_bot_along(group, asked["admin"])
            return None
        if "startgroup" not in asked:
            return await self.says(f"/start {asked.get('start', '')}")
        if group is None or group.type == "channel":
            raise NotAllowed("The link asks for a group.")
        await self._take_bot_along(group, asked.get("admin", ""))
        if not asked["startgroup"]:
            return None
        return await self.says(f"/start@{bot.username} {asked['startgroup']}", group)

    async def _take_bot_along(self, group: Group, rights: str) -> None:
        """Add the bot to the group, as an administrator if the link names rights for it."""
        if rights:
            named = [f"can_{right}" for right in rights.replace("+", " ").split()]
            await self.makes_bot_admin(group, **{right: True for right in named if right in ADMIN_RIGHTS})
        elif not group.member(self._tg.bot).inside:
            await self.adds(group, self._tg.bot)

    async def shares_contact(self, within: float = WAIT_TIMEOUT) -> Message:
        """Press the button that asks for the contact, as soon as there is one."""
        await self._until(self.asked_for_contact, "a button that asks for the contact", within)
        return self._share_own_contact(self.contact())

    def asked_for_contact(self) -> bool:
        """Whether a button asks for the contact, even on a folded keyboard."""
        keyboard = self.chat.keyboard
        return keyboard is not None and keyboard.asking_for("request_contact") is not None

    async def picks_users(self, *whom: Person | Account, within: float = WAIT_TIMEOUT) -> Message:
        """Press the button that asks for users, as soon as there is one, and choose these from the app's own list."""
        await self._until(self.asked_for_users, "a button that asks for people", within)
        return self._pick_users([account_of(user) for user in whom])

    def asked_for_users(self) -> bool:
        """Whether a button asks for users, even on a folded keyboard."""
        keyboard = self.chat.keyboard
        return keyboard is not None and keyboard.asking_for("request_users") is not None

    async def attaches_own_contact(self) -> Message:
        """Send one's own card unasked."""
        return self._send_contact(self.contact())

    async def shares_contact_of(self, other: Person) -> Message:
        """Send somebody else's card."""
        return self._send_contact(other.contact())

    async def forwards_contact_of(self, other: Person) -> Message:
        """Forward a message that holds somebody's card, written by them."""
        return self._send_contact(other.contact(), forwarded_from=other.account)

    async def sends_contact(self, phone: str, user_id: int | None = None) -> Message:
        """Send a card with any number, of a user of Telegram or of nobody."""
        card: Json = {"phone_number": phone, "first_name": "Card"}
        return self._send_contact(card | ({} if user_id is None else {"user_id": user_id}))

    def contact(self) -> Json:
        """One's own card; the phone as Telegram writes it, without a plus, unless `contact_phone` is set."""
        phone = self.contact_phone if self.contact_phone is not None else self.phone.lstrip("+")
        return {"phone_number": phone, "first_name": self.name, "user_id": self.id}

    async def presses(self, text: str, within: float = WAIT_TIMEOUT, chat: Chat | None = None) -> Json:
        """Press the inline button whose text contains `text` (any case), in the newest message that has it.

        In a group, `chat`, it is a message this person sees there, perhaps alone. Returns the answer: `{text,
        show_alert}` for a callback button, which the bot must answer within `within` seconds; `url`, `copied` or
        `web_app` for the buttons that need no bot.
        """
        await self._until(lambda: self._with_button(text, chat) is not None, f"a button {text!r}", within, chat)
        message = self._with_button(text, chat)
        button = message.button(text) if message else None
        if message is None or button is None:
            raise NotSeen(f"the button {text!r} went away")
        if "callback_data" in button:
            return await self.presses_under(message, button["callback_data"], within)
        shown = {"text": None, "show_alert": False}
        if "copy_text" in button:
            return shown | {"copied": button["copy_text"]["text"]}
        return shown | {name: button[name] for name in ("url", "web_app") if name in button}

    async def presses_button(
        self, message_id: int, callback_data: str, within: float = WAIT_TIMEOUT, chat: Chat | None = None
    ) -> Json:
        """Press a button that was once under a message, even if it has gone since."""
        message = (chat or self.chat).by_id.get(message_id)
        if message is None:
            raise NotAllowed("That message is gone.")
        return await self.presses_under(message, callback_data, within)

    async def presses_under(self, message: Message, callback_data: str, within: float = WAIT_TIMEOUT) -> Json:
        """The same for this message, which may be ephemeral or gone."""
        query = self.press_without_waiting(message, callback_data)
        deadline = time.monotonic() + within
        while not query.answer.done():
            if not await query.message.chat.changed.wait(max(0.0, deadline - time.monotonic())):
                break
        if not query.answer.done():
            raise NotSeen(
                f"the button {query.data!r} was not answered in {within:g} s\n{self.transcript(query.message.chat)}"
            )
        return query.answer.result()

    # Mini Apps

    async def sees_app(self, within: float = WAIT_TIMEOUT) -> App:
        """The Mini App Telegram opens for the newest request to join a guarded group, once the bot offered one."""
        await self._until(lambda: self.chat.offered_app is not None, "a Mini App", within)
        if self.chat.offered_app is None:
            raise NotSeen(f"the Mini App went away\n{self.transcript()}")
        return self.chat.offered_app

    async def shares_contact_in_app(self) -> Message:
        """Agree when a Mini App asks for the phone number: the app sends one's own card to the bot."""
        return self._send_contact(self.contact())

    # The phone

    async def calls(self, number: str, from_number: str | None = None, *, hidden: bool = False) -> str:
        """Dial a number, from one's own phone or another; return what the phone hears."""
        caller = None if hidden else from_number or self.phone
        dialled = "".join(character for character in number if character.isdigit() or character == "+")
        if not dialled.startswith("+"):
            try:
                parsed = phonenumbers.parse(dialled, "RU")
            except phonenumbers.NumberParseException:
                raise NotAllowed("That cannot be dialled.") from None
            dialled = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
        heard = self._ring(caller, dialled)
        origin = masked(caller) if caller else "hidden number"
        self._tg.trace.add(
            "phone",
            f"{self.name} ({origin}) calls {dialled}: {heard}",
            {"from": caller, "to": dialled, "hears": heard},
            ok=heard != "no such number",
        )
        return heard
