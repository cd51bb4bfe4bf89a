"""Opening a Mini App: the address, and the data that Telegram puts into it.

The form is that of https://core.telegram.org/bots/webapps#validating-data-received-via-the-mini-app.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from typing import Any
from urllib.parse import urlencode

from bot.sandbox.telegram.accounts import Account
from bot.sandbox.telegram.bot_api import Telegram
from bot.sandbox.telegram.state import App, Group, JoinRequest

Json = dict[str, Any]
VERSION = "9.6"
PLATFORMS = {"phone": "android", "desktop": "tdesktop"}
# The light colours the page's stand-in script starts with, before the page around it sends its own.
THEME = {
    "bg_color": "#ffffff",
    "secondary_bg_color": "#f1f1f4",
    "text_color": "#000000",
    "hint_color": "#6d6d72",
    "link_color": "#2481cc",
    "button_color": "#2481cc",
    "button_text_color": "#ffffff",
    "header_bg_color": "#ffffff",
    "section_bg_color": "#ffffff",
    "accent_text_color": "#2481cc",
    "destructive_text_color": "#d14e4e",
}


def launch(tg: Telegram, account: Account, url: str, request: JoinRequest | None = None) -> App:
    """A Mini App opened now: from a button, or for a request to join with a query."""
    group = request.group if request else None
    query_id = request.query.id if request and request.query else None
    data = init_data(tg.token, tg.clock.timestamp(), account, query_id=query_id, chat=group)
    return App(launch_url(url, data, PLATFORMS[account.device]), data, group, query_id)


def launch_url(url: str, data: str, platform: str) -> str:
    """The address the client opens: Telegram's data is in the fragment, which no server sees."""
    fragment = urlencode(
        {
            "tgWebAppData": data,
            "tgWebAppVersion": VERSION,
            "tgWebAppPlatform": platform,
            "tgWebAppThemeParams": _dumps(THEME),
        }
    )
    return f"{url}{'&' if '#' in url else '#'}{fragment}"


def init_data(
    token: str,
    now: float,
    account: Account,
    *,
    query_id: str | None = None,
    chat: Group | None = None,
    start_param: str | None = None,
) -> str:
    """Who opened the app, when (unix seconds) and for which request to join, signed with the bot's token."""
    user: Json = {"id": account.id, "first_name": account.first_name, "last_name": ""}
    if account.username:
        user["username"] = account.username
    if account.language_code:
        user["language_code"] = account.language_code
    if account.wrote_to_bot and not account.blocked_bot:
        user["allows_write_to_pm"] = True
    fields = {"user": _dumps(user), "auth_date": str(int(now))}
    if query_id is not None:
        fields["chat_join_request_query_id"] = query_id
    if chat is not None:
        fields["chat"] = _dumps(chat.as_json())
    if start_param is not None:
        fields["start_param"] = start_param
    # Telegram signs for third parties with a separate key. Nobody can check this one; the hash covers it too.
    fields["signature"] = secrets.token_urlsafe(64)
    checked = "\n".join(f"{name}={fields[name]}" for name in sorted(fields))
    secret = hmac.digest(b"WebAppData", token.encode(), hashlib.sha256)
    fields["hash"] = hmac.digest(secret, checked.encode(), hashlib.sha256).hex()
    return urlencode(fields)


def _dumps(thing: Json) -> str:
    return json.dumps(thing, ensure_ascii=False, separators=(",", ":"))
