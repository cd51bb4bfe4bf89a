"""The gateway's inbox as events."""

from __future__ import annotations

import json

import pytest

from bot.domain.gateway import EventKind, EventSource, GatewayError, GatewayEvent
from bot.gateway.smsc.answers import inbox_of

ENTRY = {
    "id": 42,
    "received": "22.11.2026 16:20:01",
    "phone": "79991234567",
    "message": "[waitcall]",
    "to_phone": "74951112233",
    "sent": "22.11.2026 16:20:00",
}


def events(*entries: object) -> list[GatewayEvent]:
    return inbox_of(json.dumps(entries))


def test_a_call_in_the_inbox_becomes_an_event_without_a_moment() -> None:
    assert events(ENTRY) == [
        GatewayEvent(
            kind=EventKind.CALL,
            source=EventSource.INBOX,
            caller="79991234567",
            called="74951112233",
            placed_at=None,
            identity="inbox:42",
            inbox_id=42,
            note={"id": "42", "received": "22.11.2026 16:20:01", "sent": "22.11.2026 16:20:00"},
        )
    ]


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("[waitcall]", EventKind.CALL),
        ("  [WaitCall]\n", EventKind.CALL),
        ("[waitcall] please", EventKind.MESSAGE),
        ("waitcall", EventKind.MESSAGE),
        ("", EventKind.MESSAGE),
        (7, EventKind.MESSAGE),
        (None, EventKind.UNKNOWN),
        (["[waitcall]"], EventKind.UNKNOWN),
    ],
)
def test_only_the_text_of_a_call_makes_a_call(message: object, kind: EventKind) -> None:
    assert [event.kind for event in events(ENTRY | {"message": message})] == [kind]


def test_the_text_of_a_message_is_not_kept() -> None:
    (event,) = events(ENTRY | {"message": "private words"})
    assert "private" not in str(event.note)
    assert "79991234567" not in f"{event.note} {event!r}"


def test_events_come_by_id_whatever_the_order_of_the_entries() -> None:
    ids = [event.inbox_id for event in events(*({"id": number} for number in ("9", 10, 2, " 33 ")))]
    assert ids == [2, 9, 10, 33]


@pytest.mark.parametrize(
    "entry",
    [
        None,
        "text",
        7,
        [],
        {},
        {"id": None},
        {"id": ""},
        {"id": "x1"},
        {"id": -1},
        {"id": 1.5},
        {"id": True},
        {"id": [1]},
        {"id": "١"},
        {"id": 10**18},
    ],
)
def test_an_entry_without_a_usable_id_is_passed_over(entry: object) -> None:
    assert [event.inbox_id for event in events(entry, ENTRY)] == [42]


def test_an_entry_with_nothing_but_an_id_still_moves_us_past_it() -> None:
    (event,) = events({"id": 10**18 - 1, "phone": None, "to_phone": {}})
    assert (event.inbox_id, event.kind, event.caller, event.called, event.note) == (
        10**18 - 1,
        EventKind.UNKNOWN,
        "",
        "",
        {"id": "9" * 18},
    )


def test_numbers_are_taken_as_numbers_and_as_text() -> None:
    (event,) = events(ENTRY | {"phone": 79991234567, "to_phone": 74951112233})
    assert (event.caller, event.called) == ("79991234567", "74951112233")


def test_what_no_database_column_takes_is_left_out() -> None:
    (event,) = events(ENTRY | {"phone": "\x007999\ud800", "received": "9" * 100, "sent": "a\x00b"})
    assert event.caller == "7999"
    assert event.note == {"id": "42", "received": "9" * 64, "sent": "ab"}


@pytest.mark.parametrize("answer", ["[]", " [ ] "])
def test_an_empty_inbox_is_empty(answer: str) -> None:
    assert inbox_of(answer) == []


@pytest.mark.parametrize("answer", ["", "{}", "null", "OK", '{"id": 1}', "<result/>", "[1", "+74951112233"])
def test_what_is_no_list_is_not_understood(answer: str) -> None:
    with pytest.raises(GatewayError, match="nobody understands"):
        inbox_of(answer)
