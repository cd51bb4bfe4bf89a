"""Signed callbacks: what is accepted, what is rejected, and what a signature vouches for."""

from __future__ import annotations

import hashlib
import json
import zlib
from urllib.parse import urlencode

import pytest

from bot.domain.gateway import EventKind, GatewayEvent
from bot.gateway.api import BadSignature, CallbackRequest
from bot.gateway.smsc.callback import CallbackReader
from tests.gateway.test_callback import (
    CALLED,
    ENCODINGS,
    FILED_CALL,
    FORM,
    LIVE_CALL,
    MESSAGE,
    MOMENT,
    PHONE,
    STATUS,
    TS,
    Encode,
    body,
    form,
)

SECRET = "наше слово"
SHAPES = {
    "phone:ts": ("phone", "ts"),
    "phone:mes:to": ("phone", "mes", "to"),
    "id:phone:status": ("id", "phone", "status"),
}


def digest(
    fields: dict[str, str], shape: str, method: str = "md5", secret: str = SECRET, charset: str = "utf-8"
) -> str:
    text = ":".join([*(fields.get(name, "") for name in SHAPES[shape]), secret])
    return hashlib.new(method, text.encode(charset)).hexdigest()


def signed(fields: dict[str, str], shape: str, method: str = "md5", charset: str = "utf-8") -> dict[str, str]:
    return {**fields, method: digest(fields, shape, method, charset=charset)}


def read(request: CallbackRequest, secret: str | None = SECRET) -> GatewayEvent:
    (event,) = CallbackReader(secret).read(request)
    return event


def refused(request: CallbackRequest) -> None:
    with pytest.raises(BadSignature) as caught:
        CallbackReader(SECRET).read(request)
    assert str(caught.value) == "The callback is not signed with the secret of the account."


# What is accepted


@pytest.mark.parametrize("charset", ["windows-1251", "utf-8", "koi8-r"])
@pytest.mark.parametrize("method", ["md5", "sha1"])
@pytest.mark.parametrize("encode", ENCODINGS.values(), ids=ENCODINGS.keys())
@pytest.mark.parametrize(
    ("fields", "shape", "kind"),
    [
        (LIVE_CALL, "phone:ts", EventKind.CALL),
        (FILED_CALL, "phone:ts", EventKind.CALL),
        (FILED_CALL, "phone:mes:to", EventKind.CALL),
        (MESSAGE, "phone:mes:to", EventKind.MESSAGE),
        (STATUS, "id:phone:status", EventKind.STATUS),
    ],
)
def test_every_event_is_taken_with_its_signature_and_refused_with_any_other(
    fields: dict[str, str], shape: str, kind: EventKind, encode: Encode, method: str, charset: str
) -> None:
    good = signed(fields, shape, method, charset)
    assert read(encode(good, charset)).kind is kind
    for bad in (
        fields,
        {**fields, method: digest(fields, shape, method, secret="another", charset=charset)},
        {**good, "phone": "79990000000"},
        {**good, method: good[method][:-1] + ("0" if good[method][-1] != "0" else "1")},
        {**good, method: good[method][:-1]},
        {**good, method: good[method] + "0"},
    ):
        refused(encode(bad, charset))


def test_a_signature_is_taken_in_capitals_and_with_spaces_around() -> None:
    fields = signed(LIVE_CALL, "phone:ts")
    assert read(form(**{**fields, "md5": f" {fields['md5'].upper()} "})).kind is EventKind.CALL


def test_one_good_signature_is_enough() -> None:
    assert read(form(**signed(LIVE_CALL, "phone:ts", "sha1"), md5="0" * 32)).kind is EventKind.CALL
    assert read(form(**signed(LIVE_CALL, "phone:ts", "md5"), sha1="0" * 40)).kind is EventKind.CALL


def test_a_method_takes_only_its_own_digest() -> None:
    md5, sha1 = (digest(LIVE_CALL, "phone:ts", method) for method in ("md5", "sha1"))
    refused(form(**LIVE_CALL, md5=sha1, sha1=md5))


def test_a_signature_may_stand_in_the_query_and_the_switch_of_the_url_is_none() -> None:
    md5 = digest(LIVE_CALL, "phone:ts")
    assert read(body(urlencode(LIVE_CALL), FORM, f"md5={md5}")).kind is EventKind.CALL
    assert read(body(urlencode({**LIVE_CALL, "md5": md5}), FORM, "md5=1&sha1=1")).kind is EventKind.CALL
    refused(body(urlencode(LIVE_CALL), FORM, "md5=1&sha1=1"))


def test_crc32_is_never_enough() -> None:
    for names in SHAPES.values():
        text = ":".join([*(FILED_CALL.get(name, "") for name in names), SECRET])
        checksum = zlib.crc32(text.encode())
        for written in (str(checksum), f"{checksum:08x}"):
            refused(form(**FILED_CALL, crc32=written, md5=written, sha1=written))


def test_signatures_of_letters_beyond_any_charset_are_refused_quietly() -> None:
    refused(form(**{**MESSAGE, "mes": "日本"}, md5="0" * 32))
    refused(form(**{**MESSAGE, "md5": "é" * 32, "sha1": "１" * 40}))
    refused(body(json.dumps({**MESSAGE, "mes": "\ud800", "md5": "0" * 32})))


def test_a_letter_the_charset_lacks_is_not_taken_for_a_question_mark() -> None:
    refused(form(**{**signed({**MESSAGE, "mes": "?"}, "phone:mes:to"), "mes": "日"}))


@pytest.mark.parametrize("secret", [None, ""])
def test_without_a_secret_signatures_are_not_looked_at(secret: str | None) -> None:
    event = read(form(**FILED_CALL, md5="0" * 32), secret)
    assert (event.kind, event.called, event.placed_at) == (EventKind.CALL, CALLED, MOMENT)


def test_one_unsigned_event_among_several_refuses_them_all() -> None:
    good = signed(LIVE_CALL, "phone:ts")
    assert len(CallbackReader(SECRET).read(body(json.dumps([good, good])))) == 2
    refused(body(json.dumps([good, LIVE_CALL])))


def test_an_event_of_no_known_kind_cannot_be_signed() -> None:
    refused(form(**signed({"phone": PHONE, "ts": TS}, "phone:ts")))
    refused(form(**signed({"phone": PHONE, "to": CALLED}, "phone:mes:to")))
    refused(form(**signed({"phone": PHONE, "id": "1"}, "id:phone:status")))


# What a signature vouches for


def test_a_call_signed_over_phone_and_ts_is_trusted_for_these_only() -> None:
    event = read(form(**signed(FILED_CALL, "phone:ts")))
    assert (event.caller, event.called, event.placed_at) == (PHONE, "", MOMENT)
    assert event.note["to"] == CALLED
    assert event.identity == f'callback:{{"phone": "{PHONE}", "ts": "{TS}"}}'


def test_nothing_added_makes_a_call_signed_over_phone_and_ts_look_new() -> None:
    fields = signed(LIVE_CALL, "phone:ts")
    again = read(form(**fields, id="99", time="later"))
    assert again.identity == read(form(**fields)).identity


def test_a_call_signed_over_phone_mes_and_to_is_not_trusted_for_its_moment() -> None:
    event = read(form(**signed(FILED_CALL, "phone:mes:to")))
    assert (event.kind, event.caller, event.called, event.placed_at) == (EventKind.CALL, PHONE, CALLED, None)
    assert event.note["ts"] == TS
    assert event.identity == "callback:" + json.dumps(FILED_CALL, sort_keys=True)


def test_a_call_worded_in_both_ways_is_taken_with_either_signature() -> None:
    both = {**LIVE_CALL, **FILED_CALL}
    over_ts = read(form(**signed(both, "phone:ts")))
    over_mes = read(form(**signed(both, "phone:mes:to")))
    assert (over_ts.kind, over_ts.called, over_ts.placed_at) == (EventKind.CALL, "", MOMENT)
    assert (over_mes.kind, over_mes.called, over_mes.placed_at) == (EventKind.CALL, CALLED, None)


def test_a_call_without_the_number_called_is_signed_over_nothing_in_its_place() -> None:
    fields = {name: text for name, text in FILED_CALL.items() if name != "to"}
    event = read(form(**signed(fields, "phone:mes:to")))
    assert (event.kind, event.called) == (EventKind.CALL, "")


def test_a_call_without_a_caller_is_signed_over_nothing_in_its_place() -> None:
    event = read(form(**signed({"waitcall": "1", "ts": TS}, "phone:ts")))
    assert (event.kind, event.caller, event.placed_at) == (EventKind.CALL, "", MOMENT)


def test_a_flag_added_to_a_signed_message_or_status_makes_no_call_of_it() -> None:
    message = read(form(**signed(MESSAGE, "phone:mes:to"), waitcall="1"))
    assert message.kind is EventKind.MESSAGE
    status = read(form(**signed(STATUS, "id:phone:status"), waitcall="1", mes="[waitcall]"))
    assert (status.kind, status.placed_at) == (EventKind.STATUS, None)


def test_a_signed_status_keeps_nothing_it_is_not_vouched_for() -> None:
    event = read(form(**signed(STATUS, "id:phone:status"), to=CALLED))
    assert (event.caller, event.called, event.placed_at) == (PHONE, "", None)


@pytest.mark.parametrize("ts", ["", "soon", f"{TS}.5", "9" * 12])
def test_a_call_signed_over_a_time_that_is_none_is_refused(ts: str) -> None:
    refused(form(**signed({**LIVE_CALL, "ts": ts}, "phone:ts")))


def test_a_message_cannot_be_cut_elsewhere_to_pose_as_a_call() -> None:
    """Colons join the signed text: the sender chooses where fields begin and end."""
    text = {"phone": "79990000000", "mes": f"x:{TS}", "to": ""}
    md5 = hashlib.md5(f"79990000000:x:{TS}:{SECRET}".encode()).hexdigest()
    refused(form(waitcall="1", phone="79990000000:x", ts=TS, md5=md5))
    refused(form(waitcall="1", phone="79990000000", ts=f"x:{TS}", md5=md5))
    assert read(form(**{**text, "mes": "x", "to": TS}, md5=md5)).kind is EventKind.MESSAGE
    nested = hashlib.md5(f"79990000000:7:[waitcall]:{CALLED}:{SECRET}".encode()).hexdigest()
    event = read(form(phone="79990000000:7", mes="[waitcall]", to=CALLED, md5=nested))
    assert event.kind is EventKind.MESSAGE
