"""An account with a Telegram app."""

from __future__ import annotations

from bot.sandbox.telegram.accounts import Account
from bot.sandbox.telegram.bot_api import Telegram
from bot.sandbox.telegram.client import Client
from bot.sandbox.telegram.state import PrivateChat


class AppUser:
    """An account that uses Telegram by an app."""

    def __init__(self, tg: Telegram, account: Account) -> None:
        self._tg = tg
        self._client = Client(tg, account)
        self.account = account

    @property
    def id(self) -> int:
        """The Telegram user id, which is the id of the private chat too."""
        return self.account.id

    @property
    def name(self) -> str:
        """The first name."""
        return self.account.first_name

    @property
    def chat(self) -> PrivateChat:
        """The private chat with the bot."""
        return self._client.chat


def account_of(user: AppUser | Account) -> Account:
    """The account of somebody whom a story names by either."""
    return user if isinstance(user, Account) else user.account
