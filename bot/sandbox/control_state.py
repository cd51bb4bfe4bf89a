"""The world as one person's phone shows it: the JSON behind the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.sandbox.people import Person
from bot.sandbox.telegram.state import Account, App, Group, Message, Photo, PrivateChat, ReplyKeyboard

if TYPE_CHECKING:
    from bot.sandbox.world import World

Json = dict[str, Any]
SHOWN_MESSAGES = 200


def state(world: World, me: Person) -> Json:
    """Everything the page draws, as `me` sees it."""
    bot = world.telegram.bot
    return {
        "clock": {"now": world.clock.timestamp(), "rate": world.clock.rate},
        "bot": {
            "id": bot.id,
            "name": bot.first_name,
            "username": bot.username,
            "polling": world.telegram.listens,
        },
        "people": [person_json(person) for person in world.people.values()],
        "me": person_json(me),
        "app": _app(me.account.offered),
        "chats": [_private(world, me), *(_group(group, me) for group in world.telegram.groups.values())],
        "faults": [fault.as_json() for fault in world.faults.waiting()],
    }


def person_json(person: Person) -> Json:
    """One person in the list of those whose phone one can hold."""
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


def _private(world: World, me: Person) -> Json:
    bot, chat = world.telegram.bot, me.chat
    messages = chat.messages
    last_own = max((message.id for message in messages if message.sender is me.account), default=0)
    return {
        "id": chat.id,
        "type": "private",
        "title": bot.first_name,
        "username": bot.username,
        "about": _for_language(world.telegram.descriptions, "description", me.account) or "",
        "members": 2,
        "my_state": "member" if me.account.wrote_to_bot else "none",
        "can_write": not me.account.blocked_bot,
        "blocked": me.account.blocked_bot,
        "unread": sum(message.id > last_own for message in messages),
        "messages": [_message(message, me.account) for message in messages[-SHOWN_MESSAGES:]],
        "reply_keyboard": _keyboard(chat.reply_keyboard),
        "folded_keyboard": _folded(chat),
        "commands": _commands(world, me.account),
    }


def _group(group: Group, me: Person) -> Json:
    member = group.member(me.account)
    inside = member.status not in ("left", "kicked")
    runs = member.status in ("creator", "administrator")
    standing = "requested" if me.id in group.requests else "admin" if runs else "member" if inside else "none"
    visible = inside or group.username is not None
    return {
        "id": group.id,
        "type": group.type,
        "title": group.title,
        "username": group.username,
        "about": group.about,
        "guarded": group.guarded,
        "members": len(group.members) + group.crowd,
        "my_state": standing,
        "can_write": runs if group.type == "channel" else inside,
        "unread": 0,
        "messages": [_message(message, me.account) for message in group.messages[-SHOWN_MESSAGES:]] if visible else [],
        "reply_keyboard": None,
        "commands": [],
    }


def _message(message: Message, me: Account) -> Json:
    service = bool(message.new_chat_members)
    text = message.text or ""
    if service:
        names = ", ".join(member.first_name for member in message.new_chat_members)
        text = f"{names} joined the group"
    return {
        "id": message.id,
        "from": {
            "id": message.sender.id,
            "name": message.sender.first_name,
            "is_bot": message.sender.is_bot,
        },
        "mine": message.sender is me,
        "date": message.date,
        "edited": message.edit_date is not None,
        "service": service,
        "text": text,
        "entities": message.entities,
        "contact": message.contact,
        "photo": _photo(message.photo),
        "forwarded": message.forward_origin is not None,
        "inline_keyboard": [[_button(button) for button in row] for row in message.inline_keyboard],
    }


def _photo(photo: Photo | None) -> Json | None:
    if photo is None:
        return None
    return {"url": f"/sandbox/photo/{photo.file_id}", "width": photo.width, "height": photo.height}


def _button(button: Json) -> Json:
    shown: Json = {"text": button["text"], "kind": "other"}
    if "callback_data" in button:
        shown |= {"kind": "callback", "data": button["callback_data"]}
    elif "url" in button:
        shown |= {"kind": "url", "url": button["url"]}
    elif "copy_text" in button:
        shown |= {"kind": "copy", "copy": button["copy_text"]["text"]}
    elif "web_app" in button:
        shown |= {"kind": "web_app", "url": button["web_app"]["url"]}
    return shown


def _keyboard(keyboard: ReplyKeyboard | None) -> Json | None:
    if keyboard is None:
        return None
    rows = [
        [{"text": button["text"], "request_contact": bool(button.get("request_contact"))} for button in row]
        for row in keyboard.rows
    ]
    return {"rows": rows, "one_time": keyboard.one_time}


def _folded(chat: PrivateChat) -> Json | None:
    """A one-time keyboard after use: apps keep it behind a small button beside the input field."""
    return _keyboard(chat.keyboard) if chat.keyboard and chat.keyboard.folded else None


def _commands(world: World, me: Account) -> list[Json]:
    """The menu Telegram shows this person: the narrowest scope first, the person's language before none."""
    menus = world.telegram.commands
    for scope in (f"chat {me.id}", "all_private_chats", "default"):
        for language in (me.language_code or "", ""):
            menu = menus.get((scope, language))
            if menu:
                return menu
    return []


def _for_language(texts: dict[tuple[str, str], str], kind: str, me: Account) -> str | None:
    return texts.get((kind, me.language_code or "")) or texts.get((kind, ""))
