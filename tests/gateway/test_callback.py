"""Callbacks of every shape, by every method and encoding, in every charset."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from urllib.parse import urlencode
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.gateway import EventKind, EventSource, GatewayEvent
from bot.gateway.api import BadCallback, BadSignature, CallbackRequest
from bot.gateway.smsc.callback import CallbackReader

MOMENT = datetime(2026, 11, 22, 16, 20, 1, tzinfo=UTC)
TS = str(int(MOMENT.timestamp()))
PHONE, CALLED = "79991234567", "74951112233"

LIVE_CALL = {"waitcall": "1", "phone": PHONE, "ts": TS}
FILED_CALL = {
    "id": "17",
    "sms_id": "170",
    "phone": PHONE,
    "mes": "[waitcall]",
    "to": CALLED,
    "time": "22.11.2026 19:20:01",
    "sent": "22.11.2026 19:20:00",
    "ts": TS,
}
MESSAGE = {"id": "18", "phone": PHONE, "mes": "Привет, а когда открыто?", "to": CALLED, "ts": TS}
STATUS = {
    "id": "19",
    "phone": PHONE,
    "status": "1",
    "time": "22.11.2026 19:20:01",
    "ts": TS,
    "err": "0",
    "cnt": "1",
    "cost": "1.50",
    "type": "0",
    "flag": "2",
    "sender_id": "shop",
}
FORM = "application/x-www-form-urlencoded"

Encode = Callable[[Mapping[str, str], str], CallbackRequest]


def multipart_body(fields: Mapping[str, str], charset: str, boundary: str = "b0und") -> bytes:
    parts = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    )
    return ("".join(parts) + f"--{boundary}--\r\n").encode(charset)


def xml_body(fields: Mapping[str, str]) -> str:
    return "<callback>" + "".join(f"<{n}>{escape(v)}</{n}>" for n, v in fields.items()) + "</callback>"


ENCODINGS: dict[str, Encode] = {
    "GET query": lambda fields, charset: CallbackRequest(
        "GET", urlencode({"charset": charset, "fmt": "1", **fields}, encoding=charset), "", b""
    ),
    "POST query": lambda fields, charset: CallbackRequest(
        "POST", urlencode({"charset": charset, **fields}, encoding=charset), "", b""
    ),
    "POST form, charset in the URL": lambda fields, charset: CallbackRequest(
        "POST", f"charset={charset}&md5=1", FORM, urlencode(fields, encoding=charset).encode()
    ),
    "POST form, charset in the content type": lambda fields, charset: CallbackRequest(
        "POST", "", f"{FORM}; Charset={charset.upper()}", urlencode(fields, encoding=charset).encode()
    ),
    "POST form, raw bytes": lambda fields, charset: CallbackRequest(
        "POST", f"charset={charset}", "", "&".join(f"{n}={v}" for n, v in fields.items()).encode(charset)
    ),
    "POST multipart": lambda fields, charset: CallbackRequest(
        "POST", f"charset={charset}", "multipart/form-data; boundary=b0und", multipart_body(fields, charset)
    ),
    "POST multipart, quoted boundary, charset in the content type": lambda fields, charset: CallbackRequest(
        "POST",
        "",
        f'Multipart/Form-Data; boundary="b0 und"; charset="{charset}"',
        multipart_body(fields, charset, "b0 und"),
    ),
    "POST JSON": lambda fields, charset: CallbackRequest(
        "POST",
        f"charset={charset}&fmt=3",
        "application/json",
        json.dumps(fields, ensure_ascii=False).encode(charset),
    ),
    "POST JSON, charset in the content type": lambda fields, charset: CallbackRequest(
        "POST",
        "",
        f"application/json; charset={charset}",
        json.dumps(fields, ensure_ascii=False).encode(charset),
    ),
    "POST JSON, escaped": lambda fields, _: CallbackRequest(
        "POST", "fmt=3", "application/json", json.dumps(fields).encode()
    ),
    "POST JSON, called a form": lambda fields, charset: CallbackRequest(
        "POST", f"charset={charset}", FORM, json.dumps([fields], ensure_ascii=False).encode(charset)
    ),
    "POST XML": lambda fields, charset: CallbackRequest(
        "POST", f"charset={charset}&fmt=2", "text/xml", xml_body(fields).encode(charset)
    ),
    "POST XML, charset declared": lambda fields, charset: CallbackRequest(
        "POST",
        "fmt=2",
        "application/xml",
        f'<?xml version="1.0" encoding="{charset}"?>\n{xml_body(fields)}'.encode(charset),
    ),
    "POST XML, declared otherwise than the URL says": lambda fields, charset: CallbackRequest(
        "POST",
        f"charset={charset}",
        "",
        f'\n<?xml version="1.0" encoding="utf-16"?>{xml_body(fields)}'.encode(charset),
    ),
}
CHARSETS = ["windows-1251", "utf-8", "koi8-r"]


def read(request: CallbackRequest) -> GatewayEvent:
    (event,) = CallbackReader(None).read(request)
    return event


def form(*pairs: tuple[str, str], **fields: str) -> CallbackRequest:
    return CallbackRequest("POST", "", FORM, urlencode([*pairs, *fields.items()]).encode())


def body(content: bytes | str, content_type: str = "", query: str = "") -> CallbackRequest:
    raw = content.encode() if isinstance(content, str) else content
    return CallbackRequest("POST", query, content_type, raw)


def unreadable(request: CallbackRequest) -> str:
    with pytest.raises(BadCallback) as caught:
        CallbackReader(None).read(request)
    with pytest.raises(BadCallback):
        CallbackReader("secret").read(request)
    assert caught.value.__suppress_context__
    return str(caught.value)


# Shapes


@pytest.mark.parametrize("charset", CHARSETS)
@pytest.mark.parametrize("encode", ENCODINGS.values(), ids=ENCODINGS.keys())
def test_a_call_as_live_handlers_see_it(encode: Encode, charset: str) -> None:
    assert read(encode(LIVE_CALL, charset)) == GatewayEvent(
        kind=EventKind.CALL,
        source=EventSource.CALLBACK,
        caller=PHONE,
        called="",
        placed_at=MOMENT,
        identity=f'callback:{{"phone": "{PHONE}", "ts": "{TS}", "waitcall": "1"}}',
        inbox_id=None,
        note={"ts": TS},
    )


@pytest.mark.parametrize("charset", CHARSETS)
@pytest.mark.parametrize("encode", ENCODINGS.values(), ids=ENCODINGS.keys())
def test_a_call_as_the_documentation_words_it(encode: Encode, charset: str) -> None:
    assert read(encode(FILED_CALL, charset)) == GatewayEvent(
        kind=EventKind.CALL,
        source=EventSource.CALLBACK,
        caller=PHONE,
        called=CALLED,
        placed_at=MOMENT,
        identity="callback:" + json.dumps(FILED_CALL, sort_keys=True),
        inbox_id=None,
        note={name: FILED_CALL[name] for name in ("id", "sms_id", "time", "sent", "ts", "to")},
    )


@pytest.mark.parametrize("charset", CHARSETS)
@pytest.mark.parametrize("encode", ENCODINGS.values(), ids=ENCODINGS.keys())
def test_an_incoming_message_in_every_charset(encode: Encode, charset: str) -> None:
    event = read(encode(MESSAGE, charset))
    assert (event.kind, event.caller, event.called, event.placed_at) == (
        EventKind.MESSAGE,
        PHONE,
        CALLED,
        MOMENT,
    )
    assert event.identity == "callback:" + json.dumps(MESSAGE, sort_keys=True)
    assert event.note == {"id": "18", "ts": TS, "to": CALLED}


@pytest.mark.parametrize("encode", ENCODINGS.values(), ids=ENCODINGS.keys())
def test_a_delivery_status(encode: Encode) -> None:
    event = read(encode(STATUS, "windows-1251"))
    assert (event.kind, event.caller, event.called) == (EventKind.STATUS, PHONE, "")
    assert event.note == {name: text for name, text in STATUS.items() if name not in ("phone", "sender_id")}


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"waitcall": "1"}, EventKind.CALL),
        ({"waitcall": " True "}, EventKind.CALL),
        ({"waitcall": "YES"}, EventKind.CALL),
        ({"waitcall": "1", "mes": "hello"}, EventKind.CALL),
        ({"waitcall": "1", "status": "1"}, EventKind.CALL),
        ({"waitcall": "0", "mes": " [WAITCALL]\r\n"}, EventKind.CALL),
        ({"waitcall": "0"}, EventKind.UNKNOWN),
        ({"waitcall": ""}, EventKind.UNKNOWN),
        ({"waitcall": "2", "status": "1"}, EventKind.STATUS),
        ({"mes": "waitcall"}, EventKind.MESSAGE),
        ({"mes": "", "status": "1"}, EventKind.MESSAGE),
        ({"status": ""}, EventKind.STATUS),
        ({"phone": PHONE}, EventKind.UNKNOWN),
        ({"Mes": "[waitcall]"}, EventKind.UNKNOWN),
    ],
)
def test_what_an_event_is_follows_from_its_fields(fields: dict[str, str], kind: EventKind) -> None:
    assert read(form(**fields)).kind is kind


# Values


@pytest.mark.parametrize(
    ("ts", "moment"),
    [
        ("946684800", datetime(2000, 1, 1, tzinfo=UTC)),
        ("946684799", None),
        ("4102444799", datetime(2099, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("4102444800", None),
        (f" {TS} ", MOMENT),
        ("0" + TS, MOMENT),
        ("00" + TS, None),
        (TS + "000", None),
        (f"-{TS}", None),
        (f"{TS}.5", None),
        ("", None),
        ("now", None),
        ("٤", None),
        ("9" * 5000, None),
    ],
)
def test_a_moment_is_unix_seconds_of_this_century(ts: str, moment: datetime | None) -> None:
    assert read(form(phone=PHONE, waitcall="1", ts=ts)).placed_at == moment


@pytest.mark.parametrize("name", ["id", "sms_id", "ts", "time", "sent"])
def test_one_field_that_tells_reports_apart_is_enough_for_an_identity(name: str) -> None:
    request = form(("phone", PHONE), (name, "7"))
    assert read(request).identity == "callback:" + json.dumps({name: "7", "phone": PHONE}, sort_keys=True)


@pytest.mark.parametrize("fields", [{}, {"id": ""}, {"ts": "  "}, {"status": "1", "to": CALLED}])
def test_without_any_of_them_there_is_no_identity(fields: dict[str, str]) -> None:
    assert read(form(phone=PHONE, waitcall="1", **fields)).identity is None


def test_the_same_report_has_one_identity_however_it_comes() -> None:
    identities = {read(encode(MESSAGE, charset)).identity for encode in ENCODINGS.values() for charset in CHARSETS}
    identities.add(read(form(**dict(reversed(MESSAGE.items())), md5="f" * 32, sha1="0" * 40, crc32="7")).identity)
    assert len(identities) == 1
    assert read(form(**(MESSAGE | {"id": "20"}))).identity not in identities


def test_a_note_holds_neither_the_phone_nor_the_text_and_an_event_shows_neither() -> None:
    event = read(
        form(
            **MESSAGE,
            sender_id="shop",
            err="e" * 100,
            cost="1\x002\ud800".encode("utf-8", "replace").decode(),
        )
    )
    assert event.note == {"id": "18", "to": CALLED, "ts": TS, "err": "e" * 64, "cost": "12?"}
    assert PHONE not in repr(event)
    assert "Привет" not in repr(event)


def test_what_no_database_column_takes_is_left_out() -> None:
    event = read(body(b'{"phone": "\\u0000799\\ud800", "to": "\\u00007", "id": "\\ud8001", "waitcall": 1}'))
    assert (event.caller, event.called, event.note) == ("799", "7", {"id": "1", "to": "7"})
    assert event.identity is not None
    assert event.identity.isascii()
    assert event.identity.isprintable()


def test_a_request_does_not_show_what_it_carries() -> None:
    request = CallbackRequest("POST", f"phone={PHONE}", FORM, f"phone={PHONE}".encode())
    assert PHONE not in repr(request)


# Fields


def test_fields_of_the_body_win_over_fields_of_the_query_and_both_are_read() -> None:
    request = body(f"phone={PHONE}&to=", FORM, f"waitcall=1&phone=1&to=2&ts={TS}")
    event = read(request)
    assert (event.kind, event.caller, event.called, event.placed_at) == (EventKind.CALL, PHONE, "", MOMENT)


@pytest.mark.parametrize("method", ["GET", "get"])
def test_the_body_of_a_get_is_ignored(method: str) -> None:
    event = read(CallbackRequest(method, "phone=1&id=2", "application/json", b"{broken"))
    assert event.caller == "1"


def test_of_a_repeated_field_the_last_counts() -> None:
    assert read(form(("phone", "1"), ("phone", "2"))).caller == "2"
    assert read(CallbackRequest("GET", "phone=1&phone=2", "", b"")).caller == "2"
    assert read(body('{"phone": "1", "phone": "2"}')).caller == "2"
    assert read(body("<c><phone>1</phone><phone>2</phone></c>")).caller == "2"


def test_stray_signs_in_a_form_are_no_fault() -> None:
    event = read(body("&&id=7%&phone=%2B7+999&flag&=&err=a=b&\r\n"))
    assert (event.caller, event.note) == ("+7 999", {"id": "7%", "err": "a=b"})


@pytest.mark.parametrize(
    "request_",
    [
        CallbackRequest("GET", "", "", b""),
        CallbackRequest("GET", "charset=utf-8&fmt=3&md5=1&crc32=1", "", b""),
        CallbackRequest("GET", f"md5={'0' * 32}&sha1=", "", b""),
        CallbackRequest("POST", "", FORM, b""),
        CallbackRequest("POST", "", "application/json", b" \r\n"),
        CallbackRequest("POST", "", "application/json", b"[]"),
        CallbackRequest("POST", "", "application/json", b"[{}, {}]"),
        CallbackRequest("POST", "", "text/xml", b"<callbacks/>"),
        CallbackRequest("POST", "", "multipart/form-data; boundary=x", b"--x--"),
    ],
)
@pytest.mark.parametrize("secret", [None, "secret"])
def test_a_request_that_reports_nothing_has_no_events(request_: CallbackRequest, secret: str | None) -> None:
    assert CallbackReader(secret).read(request_) == []


# JSON and XML


def test_a_json_list_holds_several_events_which_share_the_fields_of_the_query() -> None:
    events = CallbackReader(None).read(body(json.dumps([LIVE_CALL, STATUS, {}]), query="err=7"))
    assert [(event.kind, event.note["err"]) for event in events] == [
        (EventKind.CALL, "7"),
        (EventKind.STATUS, "0"),
        (EventKind.UNKNOWN, "7"),
    ]


def test_json_values_are_read_as_a_form_would_have_them() -> None:
    text = '{"waitcall": true, "phone": 79991234567, "ts": %s, "cost": 1.50, "flag": false, "mes": null, "x": []'
    event = read(body(text % TS + "}"))
    assert event.kind is EventKind.CALL
    assert event.caller == PHONE
    assert event.placed_at == MOMENT
    assert event.note == {"ts": TS, "cost": "1.50", "flag": "0"}
    assert event.identity == (
        f'callback:{{"cost": "1.50", "flag": "0", "phone": "{PHONE}", "ts": "{TS}", "waitcall": "1"}}'
    )


@pytest.mark.parametrize(
    "document",
    [
        "<list><one><phone>1</phone><id>8</id></one><one><phone>2</phone><id>9</id></one></list>",
        '<list count="2"><one phone="1" id="8"/><one phone="2" id="9"> </one></list>',
        '<list><all>2</all><one id="8"><phone>1</phone></one><one id="9"><phone>2</phone></one></list>',
        '<list xmlns:a="u:x"><a:one a:id="8" phone="1"/><a:one a:id="9"><a:phone>2</a:phone></a:one></list>',
    ],
)
def test_xml_holds_several_events(document: str) -> None:
    events = CallbackReader(None).read(body(document, "text/xml"))
    assert [(event.caller, event.note["id"]) for event in events] == [("1", "8"), ("2", "9")]


@pytest.mark.parametrize(
    "document",
    [
        '<event phone="1" id="8"/>',
        '<event id="8"><phone kind="mobile">1</phone></event>',
        "<event><id>8</id><!-- a note --><phone><![CDATA[1]]></phone><mes/></event>",
        "<event><id>8</id><phone>&#49;</phone></event>",
    ],
)
def test_xml_fields_are_children_or_attributes(document: str) -> None:
    event = read(body(document))
    assert (event.caller, event.note) == ("1", {"id": "8"})


def test_an_empty_xml_field_is_empty() -> None:
    event = read(body("<event><id>8</id><mes/></event>"))
    assert (event.kind, event.identity) == (EventKind.MESSAGE, 'callback:{"id": "8", "mes": ""}')


def test_a_call_without_a_caller_has_an_empty_one() -> None:
    event = read(form(waitcall="1"))
    assert (event.kind, event.caller, event.called, event.placed_at) == (EventKind.CALL, "", "", None)


# Charsets


@pytest.mark.parametrize("mark_in", ["json", "xml", "form"])
@pytest.mark.parametrize("query", ["", "charset=utf-8", "charset=windows-1251"])
def test_a_byte_order_mark_is_no_part_of_the_text_and_means_utf_8(mark_in: str, query: str) -> None:
    contents = {
        "json": json.dumps(MESSAGE, ensure_ascii=False),
        "xml": xml_body(MESSAGE),
        "form": "&".join(f"{name}={value}" for name, value in MESSAGE.items()),
    }
    event = read(body("\ufeff" + contents[mark_in], query=query))
    assert event.identity == "callback:" + json.dumps(MESSAGE, sort_keys=True)


@pytest.mark.parametrize("content_type", ["", FORM, "text/xml"])
def test_without_a_charset_windows_1251_and_utf_8_are_told_apart(content_type: str) -> None:
    def text_of(mes: str, charset: str) -> str:
        fields = {"id": "1", "mes": mes}
        content = xml_body(fields) if content_type == "text/xml" else f"id=1&mes={mes}"
        identity = read(body(content.encode(charset), content_type)).identity
        assert identity is not None
        return str(json.loads(identity.removeprefix("callback:"))["mes"])

    assert text_of("Игра", "cp1251") == "Игра"
    assert text_of("Игра", "utf-8") == "Игра"


def test_the_charset_of_the_url_outweighs_the_content_type() -> None:
    request = body("id=1&mes=да".encode("koi8-r"), f"{FORM}; charset=utf-8", "charset=koi8-r")
    assert read(request).identity == "callback:" + json.dumps({"id": "1", "mes": "да"})


@pytest.mark.parametrize("name", ["US-ASCII", "iso-8859-1", "latin1", " utf8 ", "CP1251", "win-1251", "koi8r"])
def test_a_charset_goes_by_several_names(name: str) -> None:
    assert read(body("phone=7", "", urlencode({"charset": name}))).caller == "7"


@pytest.mark.parametrize("name", ["zlib", "idna", "cp866", "windows-1252", "rot13", "x" * 9999, "a\x00"])
def test_under_an_unknown_charset_ascii_is_read_and_nothing_else(name: str) -> None:
    fault = "The callback cannot be read: the text is not in the charset it is said to be in."
    assert read(body("phone=7&mes=[waitcall]", "", urlencode({"charset": name}))).caller == "7"
    assert unreadable(body("phone=7&mes=да".encode("cp1251"), "", urlencode({"charset": name}))) == fault


@pytest.mark.parametrize("name", ["utf-7", "utf-16", "UTF-16LE", "utf32", "iso-2022-jp"])
def test_a_charset_in_which_ascii_means_something_else_is_refused(name: str) -> None:
    fault = "The callback cannot be read: the charset is unknown."
    assert unreadable(body("phone=7", "", urlencode({"charset": name}))) == fault
    assert unreadable(body("phone=7", f"{FORM}; charset={name}")) == fault


@pytest.mark.parametrize(
    "request_",
    [
        CallbackRequest("GET", "charset=utf-8&mes=%FF", "", b""),
        CallbackRequest("GET", "mes=%98%D0", "", b""),
        CallbackRequest("GET", "mes=\udcff&charset=utf-8", "", b""),
        CallbackRequest("GET", "mes=\ud800", "", b""),
        body(b"mes=\xff", f"{FORM}; charset=utf-8"),
        body(b'{"mes": "\xff"}'),
        body(b"\xef\xbb\xbfmes=\xff"),
        body(b"\xff\xfe<\x00a\x00/\x00>\x00", "text/xml; charset=utf-8"),
        body(b"<mes>\xff</mes>", query="charset=utf-8"),
        body(b'<?xml version="1.0" encoding="utf-8"?><mes>\xff</mes>'),
        body(b'<?xml version="1.0" encoding="utf-16"?><mes>1</mes>'),
        body(multipart_body({"mes": "\xff"}, "latin-1"), "multipart/form-data; boundary=b0und; charset=utf-8"),
    ],
)
def test_broken_encodings_are_refused(request_: CallbackRequest) -> None:
    assert unreadable(request_) in (
        "The callback cannot be read: the text is not in the charset it is said to be in.",
        "The callback cannot be read: the charset is unknown.",
        "The callback cannot be read: the query is no text.",
    )


def test_bytes_which_a_server_handed_through_undecoded_are_read_too() -> None:
    raw = "mes=Да&id=1".encode("cp1251").decode("utf-8", "surrogateescape")
    event = read(CallbackRequest("GET", raw, "", b""))
    assert event.identity == "callback:" + json.dumps({"id": "1", "mes": "Да"})


def test_a_declared_charset_counts_also_behind_empty_lines() -> None:
    document = '\r\n<?xml version="1.0" encoding="koi8-r"?><c><id>1</id><mes>Да</mes></c>'
    assert read(body(document.encode("koi8-r"))).identity == "callback:" + json.dumps({"id": "1", "mes": "Да"})


# Hostile bodies

MULTIPART = "multipart/form-data; boundary=x"
PART = b'--x\r\nContent-Disposition: form-data; name="id"\r\n\r\n7\r\n'


@pytest.mark.parametrize(
    ("request_", "fault"),
    [
        (body("{"), "the JSON is malformed"),
        (body('{"phone": "7"} x'), "the JSON is malformed"),
        (body('{"phone": NaN}'), "the JSON is malformed"),
        (body("hello", "application/json"), "the JSON is malformed"),
        (body("hello", "application/problem+json; charset=utf-8"), "the JSON is malformed"),
        (body("7", "application/json"), "the JSON holds no events"),
        (body('["phone"]'), "the JSON holds no events"),
        (body("[" * 50_000), "the JSON is nested too deep"),
        (body('{"a":' * 50_000), "the JSON is nested too deep"),
        (body('[{"a": [[[[1]]]]}]'), "the JSON is nested too deep"),
        (body('{"a": {"a": {"a": {"a": {"a": {}}}}}}'), "the JSON is nested too deep"),
        (body("[" + "{}," * 1000 + "{}]"), "too many events at once"),
        (body(json.dumps({str(number): "" for number in range(101)})), "an event has too many fields"),
        (
            body(json.dumps(dict.fromkeys("abcdef", "")), query="&".join(f"x{n}" for n in range(95))),
            "an event has too many fields",
        ),
        (body("&".join(f"x{number}" for number in range(101))), "the form has too many fields"),
        (
            CallbackRequest("GET", "&".join(f"x{number}=" for number in range(101)), "", b""),
            "the form has too many fields",
        ),
        (body("<phone>"), "the XML is malformed"),
        (body("<phone>\x00</phone>"), "the XML is malformed"),
        (body("<a/><b/>"), "the XML is malformed"),
        (body("hello", "text/xml"), "the XML is malformed"),
        (body("hello", "application/soap+xml"), "the XML is malformed"),
        (body("<phone>&unknown;</phone>"), "the XML is malformed"),
        (body("<a>" * 50_000), "the XML is nested too deep"),
        (body("<a><a><a><a><a><a/></a></a></a></a></a>"), "the XML is nested too deep"),
        (body("<a><b><c/><c><d><e><f/></e></d></c></b></a>"), "the XML is nested too deep"),
        (body("<a>" + "<b><c/></b>" * 1001 + "</a>"), "too many events at once"),
        (body("<a>" + "".join(f"<x{n}/>" for n in range(101)) + "</a>"), "an event has too many fields"),
        (body("<a " + " ".join(f'x{n}=""' for n in range(101)) + "/>"), "an event has too many fields"),
        (
            body('<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><a>&c;</a>'),
            "the XML brings definitions of its own",
        ),
        (
            body('<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'),
            "the XML brings definitions of its own",
        ),
        (body('<!DOCTYPE a SYSTEM "http://127.0.0.1/a.dtd"><a/>'), "the XML brings definitions of its own"),
        (body("<!DOCTYPE a><a/>"), "the XML brings definitions of its own"),
        (body(PART + b"--x--", "multipart/form-data"), "the multipart body has no boundary"),
        (body(PART + b"--x--", 'multipart/form-data; boundary=""'), "the multipart body has no boundary"),
        (body(PART, MULTIPART), "the multipart body is cut off"),
        (body(PART + b"--x--", "multipart/form-data; boundary=\ud800"), "the multipart body is cut off"),
        (body(b"nothing of that kind", MULTIPART), "the multipart body is cut off"),
        (body(PART * 101 + b"--x--", MULTIPART), "the form has too many fields"),
        (body(PART * 5000 + b"--x--", MULTIPART), "the form has too many fields"),
        (
            body(b"--x\r\nContent-Type: text/plain\r\n\r\n7\r\n--x--", MULTIPART),
            "a part of the multipart body has no name",
        ),
        (body(b"--x\r\n\r\n7\r\n--x--", MULTIPART), "a part of the multipart body has no name"),
        (
            body(PART.replace(b"\r\n\r\n", b"\r\n") + b"--x--", MULTIPART),
            "a part of the multipart body is malformed",
        ),
        (
            body(PART.replace(b"--x", b"--xyz") + b"--x--", MULTIPART),
            "a part of the multipart body is malformed",
        ),
    ],
)
def test_a_hostile_body_is_refused_in_one_sentence(request_: CallbackRequest, fault: str) -> None:
    assert unreadable(request_) == f"The callback cannot be read: {fault}."


def test_limits_are_still_within_the_limits() -> None:
    hundred = {f"x{number}": "1" for number in range(100)}
    for request in (
        form(**hundred),
        CallbackRequest("GET", urlencode(hundred), "", b""),
        body(json.dumps(hundred)),
        body(xml_body(hundred)),
        body(multipart_body(hundred, "utf-8"), "multipart/form-data; boundary=b0und"),
    ):
        assert len(CallbackReader(None).read(request)) == 1
    assert len(CallbackReader(None).read(body(json.dumps([{"id": "1"}] * 1000)))) == 1000
    assert read(body('[{"id": "1", "a": [[[1]]]}]')).note == {"id": "1"}
    assert read(body("<a><b><c><d><e/></d></c></b><b><id>7</id></b></a>")).note == {"id": "7"}


def test_multipart_is_taken_with_all_its_freedoms() -> None:
    raw = (
        b"preamble\r\n--x \t\r\nContent-Type: text/plain\r\nCONTENT-DISPOSITION :"
        b"form-data; filename=f; name=phone\r\n\r\n7\r\n"
        b"--x\r\nContent-Disposition: form-data\r\nX: y\r\n\r\nnameless\r\n"
        b'--x\r\nContent-Disposition: form-data; name="a:b"\r\n\r\n9\r\n'
        b'--x\r\nContent-Disposition: form-data; name="id"\r\n\r\n\r\n--y\r\n\r\n8\r\n--x--\r\nepilogue'
    )
    event = read(body(raw, 'multipart/form-data; a="b"; boundary=x'))
    assert event.caller == "7"
    assert event.note == {"id": "--y8"}
    assert event.identity == 'callback:{"": "nameless", "a:b": "9", "id": "\\r\\n--y\\r\\n\\r\\n8", "phone": "7"}'


NAMES = st.sampled_from(["phone", "mes", "to", "ts", "id", "status", "waitcall", "md5", "sha1", "charset", "fmt"])
FIELDS = st.dictionaries(NAMES | st.text(), st.text() | st.sampled_from(["1", "[waitcall]", "0" * 32, TS]))
BODIES = (
    st.binary()
    | FIELDS.map(lambda fields: json.dumps(fields).encode())
    | st.lists(FIELDS).map(lambda events: json.dumps(events).encode())
    | FIELDS.map(lambda fields: urlencode(fields, errors="replace").encode())
    | FIELDS.map(lambda fields: multipart_body(fields, "utf-8", "x") if str(fields).isascii() else b"--x--")
    | st.text(alphabet="<>/!?[]{}:,\"'= ab&;#x1\\").map(str.encode)
    | st.from_regex(rb"\A(<\?xml[^>]{0,20}\?>)?<a>.{0,50}</a>\Z")
    | st.from_regex(rb"\A--x.{0,9}(\r\n[a-zA-Z;=\" -]{0,30}:?.{0,9}){0,5}\r\n\r\n.{0,9}\r\n--x(--)?")
)
QUERIES = st.text() | FIELDS.map(lambda fields: urlencode(fields, errors="replace")) | st.text(alphabet="%&=+a1;")
TYPES = (
    st.sampled_from(
        [
            "",
            FORM,
            "application/json",
            "text/xml",
            MULTIPART,
            "multipart/form-data",
            "text/xml; charset=utf-8",
        ]
    )
    | st.text()
)


@given(st.sampled_from(["GET", "POST"]) | st.text(), QUERIES, TYPES, BODIES, st.sampled_from([None, "secret"]))
def test_no_request_raises_anything_but_what_is_declared(
    method: str, query: str, content_type: str, content: bytes, secret: str | None
) -> None:
    try:
        events = CallbackReader(secret).read(CallbackRequest(method, query, content_type, content))
    except (BadCallback, BadSignature):
        return
    for event in events:
        assert secret is None
        assert event.caller.isprintable()
        assert event.called.isprintable()
        assert all(text.isprintable() and len(text) <= 64 for text in event.note.values())
        assert event.identity is None or event.identity.isascii()


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("７９９９１２３４５６７", PHONE),
        ("٧٩٩٩١٢٣٤٥٦٧", PHONE),
        ("%2B79991234567", f"+{PHONE}"),
        ("\u202a+79991234567\u202c", f"+{PHONE}"),
        ("sip:79991234567@203.0.113.7", PHONE),
        ("SIPS:+79991234567@203.0.113.7:5061", f"+{PHONE}"),
        ("tel:+79991234567;phone-context=+7", f"+{PHONE}"),
        ("79991234567@gateway", PHONE),
        ("sip:anonymous@203.0.113.7:5060", "anonymous"),
        ("anonymous@203.0.113.7", "anonymous"),
    ],
)
def test_a_phone_is_read_in_every_script_and_from_an_address(written: str, number: str) -> None:
    body = json.dumps({"id": "1", "phone": written, "mes": "[waitcall]", "to": written}, ensure_ascii=False)

    (event,) = CallbackReader(None).read(CallbackRequest("POST", "", "application/json", body.encode()))

    assert (event.caller, event.called) == (number, number)
