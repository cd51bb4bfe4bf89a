"""The callback: reads and checks what the gateway reports to our address.

One handler address serves the whole SMSC account, so delivery statuses and incoming messages arrive there
beside the calls. A call comes in one of two wordings, and the bot accepts both:

- an incoming message whose text is `[waitcall]`: `phone`, `mes`, `to`, `id`… (SMSC documentation)
- `waitcall=1` with `phone` and `ts` (seen in live handlers)
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime

from bot.domain.gateway import EventKind, EventSource, GatewayEvent
from bot.gateway.api import BadCallback, BadSignature, CallbackRequest
from bot.gateway.forms import UnreadableError
from bot.gateway.smsc.callback_text import is_call_text, number, plain
from bot.gateway.smsc.fields import SWITCHES, Fields, read_events
from bot.gateway.smsc.signature import CALL, MESSAGE, STATUS, vouched

_TELLING_APART = ("id", "sms_id", "ts", "time", "sent")
"""Without any of these, two calls of one person are indistinguishable, and so is a repeated report."""

_NOTED = ("id", "sms_id", "status", "err", "time", "sent", "ts", "to", "type", "flag", "cnt", "cost")
"""What may be stored of any event: neither a phone nor the text of a message."""

_TRUE = frozenset({"1", "true", "yes"})
_TS = re.compile(r"[0-9]{1,11}")
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC).timestamp()
_LATEST = datetime(2100, 1, 1, tzinfo=UTC).timestamp()


class CallbackReader:
    """Turns requests into events. With a `secret`, it accepts only what is signed with it."""

    def __init__(self, secret: str | None) -> None:
        self._secret = secret or None

    def read(self, request: CallbackRequest) -> list[GatewayEvent]:
        """Return the events in a request, in their order; none when it has no field at all.

        Raises BadCallback for what cannot be read, and BadSignature when a secret is set and any of the
        events lacks a valid signature; all of them are then rejected.

        With a secret an event holds only what its signature vouches for:

        - signed over `phone:ts`: a call from `phone` at `ts`. `to` is not vouched for and left empty;
          `identity` is made of these two fields, so that no addition makes an old report look new.
        - signed over `phone:mes:to`: a message, or a call if `mes` says so. `ts` is not vouched for, so
          `placed_at` stays None.
        - signed over `id:phone:status`: a delivery status.

        `note` may hold more, for it is only looked at.
        """
        try:
            events = read_events(request.method, request.query, request.content_type, request.body)
        except UnreadableError as fault:
            raise BadCallback(f"The callback cannot be read: {fault}.") from None
        if self._secret is None:
            return [_event(fields, _told_kind(fields), fields) for fields in events]
        return [_signed_event(fields, self._secret) for fields in events]


def _told_kind(fields: Fields) -> EventKind:
    if _flagged(fields) or is_call_text(fields.get("mes", "")):
        return EventKind.CALL
    if "mes" in fields:
        return EventKind.MESSAGE
    return EventKind.STATUS if "status" in fields else EventKind.UNKNOWN


def _signed_event(fields: Fields, secret: str) -> GatewayEvent:
    phone, mes = fields.get("phone", ""), fields.get("mes", "")
    # Joining by colons makes "1:2" and "3" look like "1" and "2:3". A phone without a colon, a text known
    # exactly and a time of digits leave one way of reading, so no foreign message can pose as a call.
    whole = ":" not in phone
    if (
        whole
        and _TS.fullmatch(fields.get("ts", "").strip())
        and (_flagged(fields) or is_call_text(mes))
        and vouched(fields, CALL, secret)
    ):
        return _event(fields, EventKind.CALL, _only(fields, CALL))
    if "mes" in fields and vouched(fields, MESSAGE, secret):
        kind = EventKind.CALL if whole and is_call_text(mes) else EventKind.MESSAGE
        return _event(fields, kind, _only(fields, MESSAGE))
    if "status" in fields and vouched(fields, STATUS, secret):
        return _event(fields, EventKind.STATUS, _only(fields, STATUS))
    raise BadSignature("The callback is not signed with the secret of the account.")


def _event(fields: Fields, kind: EventKind, trusted: Mapping[str, str]) -> GatewayEvent:
    return GatewayEvent(
        kind=kind,
        source=EventSource.CALLBACK,
        caller=number(trusted.get("phone", "")),
        called=number(trusted.get("to", "")),
        placed_at=_moment(trusted.get("ts", "")),
        identity=_identity(trusted if "ts" in trusted else fields),
        note={name: text for name in _NOTED if (text := plain(fields.get(name, "")))},
    )


def _only(fields: Fields, names: tuple[str, ...]) -> Fields:
    return {name: fields[name] for name in names if name in fields}


def _flagged(fields: Fields) -> bool:
    return fields.get("waitcall", "").strip().lower() in _TRUE


def _moment(ts: str) -> datetime | None:
    """Return Unix seconds as a moment; None for anything else, and for years that no call of ours can be from."""
    if not _TS.fullmatch(ts.strip()) or not _EARLIEST <= int(ts) < _LATEST:
        return None
    return datetime.fromtimestamp(int(ts), UTC)


def _identity(fields: Mapping[str, str]) -> str | None:
    """Return the whole report, sorted, as ASCII JSON: equal for equal reports in any encoding."""
    if not any(fields.get(name, "").strip() for name in _TELLING_APART):
        return None
    reported = {name: text for name, text in fields.items() if name not in SWITCHES}
    return "callback:" + json.dumps(reported, sort_keys=True)
