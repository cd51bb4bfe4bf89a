"""The gateway's inbox: the calls the callback may have missed, filed among incoming messages.

An entry is `{id, received, phone, message, to_phone, sent}` (SMSC documentation). Its dates name no time
zone, so the bot never takes the moment of a call from them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from bot.domain.gateway import EventKind, EventSource, GatewayEvent
from bot.gateway.smsc.callback_text import is_call_text, number, plain

_ID = re.compile(r"[0-9]{1,18}")
"""Up to what a 64 bit column holds."""

_NOTED = ("id", "received", "sent")


def events_of(entries: Iterable[object]) -> list[GatewayEvent]:
    """Return the entries of the inbox as events, by id ascending.

    An entry without a numeric id is skipped: it could not be identified, and no cursor could pass it. An entry that
    lacks anything else still counts, so that its id moves the cursor and it is not fetched for ever.
    """
    events = [event for entry in entries if isinstance(entry, dict) and (event := _event(entry))]
    return sorted(events, key=lambda event: event.inbox_id or 0)


def _event(entry: dict[object, object]) -> GatewayEvent | None:
    fields = {str(name): value for name, value in entry.items() if isinstance(value, str)}
    written_id = fields.get("id", "").strip()
    if not _ID.fullmatch(written_id):
        return None
    inbox_id = int(written_id)
    return GatewayEvent(
        kind=_kind(fields.get("message")),
        source=EventSource.INBOX,
        caller=number(fields.get("phone", "")),
        called=number(fields.get("to_phone", "")),
        placed_at=None,
        identity=f"inbox:{inbox_id}",
        inbox_id=inbox_id,
        note={name: plain(fields[name]) for name in _NOTED if name in fields},
    )


def _kind(message: str | None) -> EventKind:
    if message is None:
        return EventKind.UNKNOWN
    return EventKind.CALL if is_call_text(message) else EventKind.MESSAGE
