"""A message as one person's phone shows it."""

from __future__ import annotations

from typing import Any

from bot.sandbox.telegram.accounts import Account
from bot.sandbox.telegram.state import Group, Message, Photo

Json = dict[str, Any]
SHOWN_MESSAGES = 200
QUOTED = 120


def message_json(message: Message, me: Account) -> Json:
    """One message, numbered below zero when only one member sees it; `order` is its place among all."""
    alone = message.ephemeral_id is not None
    document = message.document
    return {
        "id": -(message.ephemeral_id or 0) if alone else message.id,
        "order": message.order,
        "from": _sender(message),
        "mine": message.author is me,
        "date": message.date,
        "edited": message.edit_date is not None,
        "service": message.service,
        "alone": ("received" if message.receiver is me else "sent") if alone else None,
        "topic": message.thread_id if message.in_topic else None,
        "reply_to": None if message.reply_to is None else _quote(message.reply_to),
        "text": _text(message),
        "entities": message.entities,
        "contact": message.contact,
        "photo": _photo(message.photo),
        "document": document and {"id": document.file_id, "name": document.name, "size": len(document.data)},
        "forwarded": message.forward_origin is not None,
        "inline_keyboard": [[_button(button) for button in row] for row in message.inline_keyboard],
    }


def _text(message: Message) -> str:
    if message.users_shared is not None:
        names = [user.get("first_name") or f"id {user['user_id']}" for user in message.users_shared["users"]]
        return f"Chosen: {', '.join(names)}"
    return _happened(message) if message.service else message.text or ""


def _photo(photo: Photo | None) -> Json | None:
    if photo is None:
        return None
    return {"url": f"/sandbox/photo/{photo.file_id}", "width": photo.width, "height": photo.height}


def _sender(message: Message) -> Json:
    """The name above it, with the tag, or the title of an administrator."""
    chat, account = message.chat, message.sender
    if not isinstance(chat, Group):
        return {"id": account.id, "name": account.first_name, "is_bot": account.is_bot}
    if message.as_group:
        return {"id": chat.id, "name": chat.title, "is_bot": False}
    status = chat.member(account).status
    standing = {"creator": "owner", "administrator": "admin"}.get(status)
    label = {"tag": message.sender_tag, "standing": standing}
    return {"id": account.id, "name": account.first_name, "is_bot": account.is_bot} | label


def _quote(message: Message) -> Json:
    text = message.text or (message.document.name if message.document else "Contact")
    return {"name": _sender(message)["name"], "text": text[:QUOTED]}


def _happened(message: Message) -> str:
    """What a service message says."""
    who = _sender(message)["name"]
    if message.community_joined:
        return f"{who} joined from {message.community_joined['name']}"
    if message.new_chat_members:
        others = ", ".join(account.first_name for account in message.new_chat_members)
        return f"{others} joined the group" if message.author in message.new_chat_members else f"{who} added {others}"
    if message.left_chat_member is not None:
        gone = message.left_chat_member
        return f"{who} left the group" if message.author is gone else f"{who} removed {gone.first_name}"
    if message.topic_created is not None:
        return f"The topic “{message.topic_created}” begins here"
    if message.migrate_to_chat_id is not None:
        return "This group was upgraded to a supergroup"
    return "This supergroup was a basic group before"


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
