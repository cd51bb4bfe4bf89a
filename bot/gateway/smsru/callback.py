"""The callback: reads and checks what sms.ru reports to our address.

A POST with the fields `data[1]`, `data[2]`… and `hash`. Each entry is lines: `callcheck_status`, the check id, `401` or
`402`, and a unix time. Entries of other kinds, such as `sms_status`, concern other users of the account.
(sms.ru documentation: https://sms.ru/api/callback; public programs)
"""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import UTC, datetime

from bot.domain.gateway import EventKind, EventSource, GatewayEvent
from bot.gateway.api import BadCallback, BadSignature, CallbackRequest
from bot.gateway.forms import Pairs, UnreadableError, multipart, parameter, urlencoded
from bot.gateway.smsru.client import CHECK_ID, CONFIRMED

MAX_ENTRIES = 1000
"""sms.ru sends up to 100 entries at once."""
KIND = "callcheck_status"
LINES = 4
_DATA = re.compile(rb"data(\[[0-9]{0,6}\])?")
_SECONDS = re.compile(r"[0-9]{1,11}")
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC).timestamp()
_LATEST = datetime(2100, 1, 1, tzinfo=UTC).timestamp()


def read_callback(request: CallbackRequest, api_id: str) -> list[GatewayEvent]:
    """Return the events in a request, in their order.

    Raises BadCallback for what cannot be read, and BadSignature unless `hash` is the SHA-256 of the key and all
    entries.
    """
    if request.method.upper() != "POST":
        raise BadSignature("The callback is no POST, and so not signed.")
    try:
        pairs = _pairs(request)
    except UnreadableError as fault:
        raise BadCallback(f"The callback cannot be read: {fault}.") from None
    entries = [value for name, value in pairs if _DATA.fullmatch(name)]
    signatures = [value for name, value in pairs if name == b"hash"]
    expected = hashlib.sha256(b"".join([api_id.encode(), *entries])).hexdigest().encode()
    if len(signatures) != 1 or not hmac.compare_digest(signatures[0].strip().lower(), expected):
        raise BadSignature("The callback is not signed with the key of the account.")
    return [_event(entry) for entry in entries]


def _pairs(request: CallbackRequest) -> Pairs:
    if request.content_type.lower().startswith("multipart/"):
        return multipart(request.body, parameter(request.content_type, "boundary"), MAX_ENTRIES)
    return urlencoded(request.body, MAX_ENTRIES)


def _event(entry: bytes) -> GatewayEvent:
    kind, check_id, status, seconds = _lines(entry)
    is_check = kind == KIND and CHECK_ID.fullmatch(check_id) is not None
    if not is_check or not _SECONDS.fullmatch(seconds) or not _EARLIEST <= int(seconds) < _LATEST:
        # Without a time, or with a wrong one, an entry proves nothing: the status is asked for anyway.
        return GatewayEvent(
            kind=EventKind.UNKNOWN,
            source=EventSource.CALLBACK,
            caller="",
            called="",
            placed_at=None,
            identity=f"smsru callback:{entry.hex()}",
        )
    return GatewayEvent(
        kind=EventKind.CALL if status == CONFIRMED else EventKind.STATUS,
        source=EventSource.CALLBACK,
        caller="",
        called="",
        placed_at=datetime.fromtimestamp(int(seconds), UTC),
        identity=f"smsru callback:{check_id} {status} {seconds}",
        reference=check_id,
        note={"status": status[:16], "time": seconds},
    )


def _lines(entry: bytes) -> tuple[str, str, str, str]:
    lines = [line.strip() for line in entry.decode("utf-8", "replace").strip().split("\n")]
    return (lines[0], lines[1], lines[2], lines[3]) if len(lines) == LINES else ("", "", "", "")
