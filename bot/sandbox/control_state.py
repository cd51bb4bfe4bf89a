"""The world as one person's phone shows it: the JSON behind the page."""

from __future__ import annotations

from typing import Any

from bot.sandbox.emulator import Emulator
from bot.sandbox.group_state import group_json, info_json, knows_of
from bot.sandbox.message_state import SHOWN_MESSAGES, message_json
from bot.sandbox.people import Person
from bot.sandbox.telegram.accounts import Account
from bot.sandbox.telegram.bot_api import Telegram
from bot.sandbox.telegram.commands import menu
from bot.sandbox.telegram.state import App, PrivateChat, ReplyKeyboard

Json = dict[str, Any]


def state(world: Emulator, me: Person, info: int = 0) -> Json:
    """Everything the page draws, as `me` sees it; `info` is the group whose sheet is open, if any."""
    tg = world.telegram
    bot, asked = tg.bot, tg.groups.get(info)
    known = [group for group in tg.groups.values() if knows_of(group, me)]
    tour = world.tour
    return {
        "tour": tour and {"person": tour.person.id, "group": tour.group.id, "since": tour.since},
        "clock": {"now": world.clock.timestamp(), "rate": world.clock.rate},
        "bot": {
            "id": bot.id,
            "name": bot.first_name,
            "username": bot.username,
            "polling": tg.listens,
        },
        "people": [person_json(person) for person in world.people.values()],
        "crowd": [{"id": stranger.id, "name": stranger.name} for stranger in world.raids.strangers.values()],
        "raid": world.raids.last and world.raids.last.as_json(),
        "me": person_json(me),
        "app": _app(me.chat.offered_app),
        "chats": [_private(tg, me), *(group_json(tg, group, me) for group in known)],
        "info": info_json(tg, asked, me) if asked is not None and asked in known else None,
        "faults": [fault.as_json() for fault in world.faults.waiting()],
    }


def person_json(person: Person) -> Json:
    """One person in the list of selectable phones."""
    return {
        "id": person.id,
        "name": person.name,
        "language": person.account.language_code,
        "phone": person.phone,
        "role": person.role,
        "device": person.device,
    }


def _app(app: App | None) -> Json | None:
    """The Mini App a guard has opened on this phone, until it is closed."""
    if app is None or app.group is None:
        return None
    return {"url": app.url, "group": app.group.id, "title": app.group.title, "query": app.query_id}


def _private(tg: Telegram, me: Person) -> Json:
    bot, chat = tg.bot, me.chat
    messages = chat.messages
    last_own = max((message.id for message in messages if message.sender is me.account), default=0)
    return {
        "id": chat.id,
        "type": "private",
        "title": bot.first_name,
        "username": bot.username,
        "about": _for_language(tg.descriptions, "description", me.account) or "",
        "members": 2,
        "my_state": "member" if me.account.wrote_to_bot else "none",
        "can_write": not me.account.blocked_bot,
        "blocked": me.account.blocked_bot,
        "unread": sum(message.id > last_own for message in messages),
        "messages": [message_json(message, me.account) for message in messages[-SHOWN_MESSAGES:]],
        "reply_keyboard": _keyboard(chat.reply_keyboard),
        "folded_keyboard": _folded(chat),
        "commands": menu(tg, chat, me.account),
    }


def _keyboard(keyboard: ReplyKeyboard | None) -> Json | None:
    if keyboard is None:
        return None
    rows = [[_key(button) for button in row] for row in keyboard.rows]
    return {"rows": rows, "one_time": keyboard.one_time}


def _key(button: Json) -> Json:
    key: Json = {"text": button["text"], "request_contact": bool(button.get("request_contact"))}
    return key | ({"request_users": True} if "request_users" in button else {})


def _folded(chat: PrivateChat) -> Json | None:
    """A one-time keyboard after use: apps keep it behind a small button beside the input field."""
    return _keyboard(chat.keyboard) if chat.keyboard and chat.keyboard.folded else None


def _for_language(texts: dict[tuple[str, str], str], kind: str, me: Account) -> str | None:
    return texts.get((kind, me.language_code or "")) or texts.get((kind, ""))
