"""What a person sees on the screen."""

from __future__ import annotations

import time
from collections.abc import Callable

from bot.sandbox.changes import WAIT_TIMEOUT
from bot.sandbox.telegram.app_user import AppUser
from bot.sandbox.telegram.state import Chat, Group, Message


class NotSeen(AssertionError):  # noqa: N818 - a failed expectation, not an error
    """Something that a story waited for did not come; the text shows what was there instead."""


class ScreenAssertions(AppUser):
    """Somebody with a Telegram app in view of its chats; waiting is in real seconds."""

    # The private chat

    async def sees(self, text: str, within: float = WAIT_TIMEOUT) -> Message:
        """The bot's newest message in the private chat that contains `text` (any case), once it is there."""
        await self._until(lambda: self.shown(text) is not None, repr(text), within)
        message = self.shown(text)
        if message is None:
            raise NotSeen(f"{text!r} went away\n{self.transcript()}")
        return message

    def shown(self, text: str) -> Message | None:
        """The newest message of the bot that contains `text` now."""
        return _newest(text, [message for message in self.chat.messages if message.sender.is_bot])

    # Groups

    async def sees_in(self, group: Group, text: str, within: float = WAIT_TIMEOUT) -> Message:
        """The newest message of others in a group that contains `text` (any case), once this person sees it there."""
        await self._until(lambda: self.shown_in(group, text) is not None, repr(text), within, group)
        message = self.shown_in(group, text)
        if message is None:
            raise NotSeen(f"{text!r} went away\n{self.transcript(group)}")
        return message

    def shown_in(self, group: Group, text: str) -> Message | None:
        """The newest message of others that contains `text` and that this person sees in a group now."""
        return _newest(text, [message for message in self.sees_of(group) if message.author is not self.account])

    def sees_of(self, group: Group) -> list[Message]:
        """What this person sees in a group, oldest first, including messages that nobody else sees."""
        return group.seen_by(self.account)

    def transcript(self, chat: Chat | None = None) -> str:
        """A chat as text, for a failing test's message; by default the private one."""
        where = (
            f"{chat.title} as {self.name} sees it:" if isinstance(chat, Group) else f"{self.name}'s chat with the bot:"
        )
        lines = [where]
        for message in self._messages(chat):
            content = message.text if message.text is not None else message.contact
            alone = " (only for them)" if message.ephemeral_id is not None else ""
            lines.append(
                f"  {message.id} {message.sender.first_name}{alone}: {content} {message.buttons or ''}".rstrip()
            )
        return "\n".join(lines)

    def _messages(self, chat: Chat | None) -> list[Message]:
        return self.sees_of(chat) if isinstance(chat, Group) else self.chat.messages

    def _with_button(self, text: str, chat: Chat | None = None) -> Message | None:
        for message in reversed(self._messages(chat)):
            if message.button(text) is not None:
                return message
        return None

    async def _until(self, ready: Callable[[], bool], what: str, within: float, chat: Chat | None = None) -> None:
        deadline = time.monotonic() + within
        changed = (chat or self.chat).changed
        while not ready():
            if not await changed.wait(max(0.0, deadline - time.monotonic())) and not ready():
                raise NotSeen(f"{self.name} did not see {what} in {within:g} s\n{self.transcript(chat)}")


def _newest(text: str, messages: list[Message]) -> Message | None:
    wanted = text.casefold()
    for message in reversed(messages):
        if message.text and wanted in message.text.casefold():
            return message
    return None
