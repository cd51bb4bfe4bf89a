"""Requests as strangers, broken programs and attackers send them, as bytes. A seed makes the same ones again."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from bot.sandbox.telegram.accounts import Account
from bot.sandbox.telegram.webapp import init_data

Json = dict[str, Any]

ODD_TEXTS = (
    "",
    "\0",
    "\u202e\u200b",
    "<script>alert(1)</script>",
    "' OR 1=1 --",
    "%00%ff",
    "../../etc/passwd",
    "ё" * 40,
    "🏠" * 20,
    "9" * 400,
    "-1",
    "1e309",
    "NaN",
    "\ud800",
    "{{7*7}}",
    "\r\nX-Injected: 1",
    "x" * 3000,
)
ODD_VALUES: tuple[object, ...] = (
    None,
    True,
    0,
    -1,
    2**31,
    2**53,
    2**63,
    10**30,
    1.5,
    float("inf"),
    [],
    {},
    [[[[]]]],
    {"id": {}},
    *ODD_TEXTS,
)
CHARSETS = ("utf-8", "windows-1251", "koi8-r", "utf-16", "utf-7", "zlib", "no-such", "ascii", "\0", "idna", "cp037")
TYPES = (
    "application/x-www-form-urlencoded",
    "application/json",
    "text/xml",
    "application/xml; charset=utf-16",
    "multipart/form-data; boundary=x",
    "multipart/form-data",
    "text/plain; charset=klingon",
    "application/octet-stream",
    ";;;",
    "",
)
METHODS = (
    "GET",
    "POST",
    "HEAD",
    "PUT",
    "DELETE",
    "PATCH",
    "OPTIONS",
    "TRACE",
    "CONNECT",
    "get",
    "BREW",
    "PRI",
    "X" * 60,
)
PATHS = (
    "/",
    "*",
    "/healthz",
    "/readyz",
    "/metrics",
    "/app",
    "/app/",
    "/app/session",
    "/app/state",
    "/app/console",
    "/app/console/gates",
    "/app/console/gate?id=1",
    "/app/console/act",
    "/telegram",
    "/smsc/",
    "/smsc/wrong",
    "/call/unknown",
    "/call/%00",
    "/call/%ED%A0%80",
    "/call/..%2F..%2Fetc%2Fpasswd",
    "/call/x/state",
    "/call/x/events",
    "/call/x/another",
    "/call/x/cancel",
    "/static/call/call.js",
    "/static/call/..%2f..%2fsettings.py",
    "/static/call/" + "a" * 500,
    "//evil.example/",
    "http://evil.example/healthz",
    "/" + "%2e%2e/" * 30,
    "/call/" + "x" * 5000,
    "/" + "a/" * 3000,
)
XML_BOMB = (
    '<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><c><phone>&b;</phone></c>'
)
UPDATE_KINDS = ("message", "edited_message", "callback_query", "chat_join_request", "chat_member", "my_chat_member")
CALL = {
    "waitcall": "1",
    "phone": "79260000000",
    "to": "74951234567",
    "mes": "[waitcall]",
    "id": "1",
    "ts": "1796000000",
}


@dataclass(frozen=True, slots=True)
class Request:
    """`data` as it goes out. `breaks_off`: the sender goes away without waiting for the answer."""

    data: bytes
    breaks_off: bool = False
    is_head: bool = False


@dataclass(frozen=True, slots=True)
class Aim:
    """What an attacker knows, who may have overheard everything."""

    callback_path: str
    webhook_secret: str
    bot_token: str
    now: Callable[[], float]


def hostile(chance: random.Random, aim: Aim) -> Request:
    """One request of a kind that is chosen by chance."""
    makers = (_callback, _callback, _callback, _update, _update, _update, _launch, _page, _page, _odd, _broken)
    made = chance.choice(makers)(chance, aim)
    if chance.random() < 0.03:
        return Request(made.data[: chance.randrange(len(made.data) + 1)], breaks_off=True)
    if chance.random() < 0.03:
        return Request(_flipped(chance, made.data), breaks_off=chance.random() < 0.5)
    return made


def written(
    method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None, *, length: int | None = None
) -> Request:
    """A request in HTTP/1.1; `length` is said to be that of the body."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body or length is not None or method in ("POST", "PUT", "PATCH"):
        lines.append(f"Content-Length: {len(body) if length is None else length}")
    head = "\r\n".join(lines).encode("utf-8", "surrogatepass")
    return Request(head + b"\r\n\r\n" + body, is_head=method == "HEAD")


def _from(chance: random.Random) -> dict[str, str]:
    """Each sender is another one: one address alone would soon hear nothing but 429."""
    return {"X-Forwarded-For": f"203.{chance.randrange(256)}.{chance.randrange(256)}.{chance.randrange(256)}"}


def _text(chance: random.Random) -> str:
    if chance.random() < 0.5:
        return chance.choice(ODD_TEXTS)
    return "".join(chr(chance.randrange(1, 0xD7FF)) for _ in range(chance.randrange(20)))


def _callback(chance: random.Random, aim: Aim) -> Request:
    fields: dict[str, str] = {name: value for name, value in CALL.items() if chance.random() < 0.8}
    fields["phone"] = f"7926{chance.randrange(10**7):07}"
    if chance.random() < 0.5:
        fields[chance.choice([*CALL, "status", "md5", "sha1", "fmt", "charset", _text(chance)])] = _text(chance)
    path = aim.callback_path if chance.random() < 0.95 else "/smsc/" + quote(_text(chance), errors="replace")
    query = chance.choice(("", f"charset={quote(chance.choice(CHARSETS))}", f"fmt={chance.randrange(5)}&md5", "?&=&=;"))
    kind = chance.choice(TYPES)
    body = _body(chance, kind, fields)
    if chance.random() < 0.3:
        return written("GET", f"{path}?{query}&{urlencode(fields, errors='replace')}", headers=_from(chance))
    headers = _from(chance) | {"Content-Type": kind}
    if chance.random() < 0.05:
        headers["Content-Encoding"] = chance.choice(("gzip", "deflate", "br", "zstd", "nonsense"))
        body = gzip.compress(b"0" * 2**20, 9) if chance.random() < 0.2 else body
    return written("POST", f"{path}?{query}", body, headers)


def _body(chance: random.Random, kind: str, fields: dict[str, str]) -> bytes:
    if chance.random() < 0.1:
        return chance.randbytes(chance.randrange(2000))
    if "json" in kind:
        whole: object = chance.choice(
            (fields, [fields], [fields] * chance.randrange(50), {"a": [fields]}, _value(chance))
        )
        return json.dumps(whole, ensure_ascii=chance.random() < 0.5).encode("utf-8", "surrogatepass")
    if "xml" in kind:
        inner = "".join(f"<{name}>{value}</{name}>" for name, value in fields.items())
        return chance.choice((f"<callback>{inner}</callback>", f"<a>{inner}", XML_BOMB)).encode(
            "utf-8", "surrogatepass"
        )
    if "multipart" in kind:
        parts = "".join(f'--x\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n' for n, v in fields.items())
        return (parts + chance.choice(("--x--\r\n", ""))).encode("utf-8", "surrogatepass")
    return urlencode(fields, encoding=chance.choice(("utf-8", "cp1251", "utf-16")), errors="replace").encode()


def _value(chance: random.Random, depth: int = 0) -> object:
    if depth > 3 or chance.random() < 0.5:
        return chance.choice(ODD_VALUES)
    return {_text(chance): _value(chance, depth + 1) for _ in range(chance.randrange(4))}


def _update(chance: random.Random, aim: Aim) -> Request:
    update: Json = {"update_id": chance.randrange(1, 2**40)}
    kind = chance.choice(UPDATE_KINDS)
    update[kind] = _mutated(chance, _content(chance, kind)) if chance.random() < 0.7 else _content(chance, kind)
    if chance.random() < 0.05:
        update = _mutated(chance, update)
    headers = _from(chance) | {"Content-Type": "application/json"}
    draw = chance.random()
    if draw < 0.75:
        headers["X-Telegram-Bot-Api-Secret-Token"] = aim.webhook_secret
    elif draw < 0.9:
        headers["X-Telegram-Bot-Api-Secret-Token"] = chance.choice(("wrong", "тайна", aim.webhook_secret[:-1]))
    body = json.dumps(update).encode()
    if chance.random() < 0.1:
        body = chance.choice((b"", b"{", b"[" * 50_000, b"[]", b"null", b"\xff\xfe", b'"x"', b"1" * 50_000, body[:-3]))
    return written("POST", "/telegram", body, headers)


def _content(chance: random.Random, kind: str) -> Json:
    """A content as Telegram might send it, of somebody nobody knows."""
    number = chance.randrange(10**11, 10**12)
    user = {
        "id": number,
        "is_bot": False,
        "first_name": _text(chance) or "X",
        "language_code": chance.choice(("ru", "en", "zz")),
    }
    private = {"id": number, "type": "private", "first_name": "X"}
    group = {"id": -chance.randrange(10**12, 2 * 10**12), "type": "supergroup", "title": _text(chance)}
    message = {"message_id": chance.randrange(2**31), "date": 1796000000, "chat": private, "from": user}
    commands = ("/start", "/help", "/cancel", "/mydata", "/deleteme", "/gates", "/stats", "/erase 1", "/start gate_1")
    match kind:
        case "message" | "edited_message":
            contact = {"phone_number": f"7926{number % 10**7:07}", "first_name": "X", "user_id": number}
            said: Json = (
                {"text": chance.choice((*commands, _text(chance)))} if chance.random() < 0.7 else {"contact": contact}
            )
            return message | said | ({"chat": group} if chance.random() < 0.2 else {})
        case "callback_query":
            data = chance.choice((_text(chance)[:60], "v:another:1", "p:home", "g:block:1:1"))
            return {"id": str(number), "from": user, "chat_instance": "1", "data": data, "message": message}
        case "chat_join_request":
            return {"chat": group, "from": user, "user_chat_id": number, "date": 1796000000}
        case _:
            old, new = ({"status": chance.choice(("left", "member", "kicked")), "user": user} for _ in range(2))
            return {"chat": group, "from": user, "date": 1796000000, "old_chat_member": old, "new_chat_member": new}


def _mutated(chance: random.Random, content: Json) -> Json:
    """The content with one thing in it changed, dropped or added."""
    changed = json.loads(json.dumps(content))
    place = changed
    while nested := [value for value in place.values() if isinstance(value, dict) and value]:
        if chance.random() < 0.5:
            break
        place = chance.choice(nested)
    name = chance.choice([*place, _text(chance)]) if place else "x"
    if chance.random() < 0.3:
        place.pop(name, None)
    else:
        place[name] = _value(chance)
    return dict(changed)


def _launch(chance: random.Random, aim: Aim) -> Request:
    """A Mini App's launch: forged, old, cut off, or true and of somebody nobody knows."""
    account = Account(chance.randrange(10**11, 10**12), _text(chance) or "X", language_code=chance.choice(("en", "\0")))
    token = aim.bot_token if chance.random() < 0.5 else "42:forged"
    query = str(chance.randrange(10**9)) if chance.random() < 0.3 else None
    age = chance.choice((0, 0, 200, 4000, -4000, 10**9))
    try:
        data = init_data(token, aim.now() - age, account, query_id=query)
    except UnicodeEncodeError:
        data = "user=%ED%A0%80"
    if chance.random() < 0.3:
        data = chance.choice((data[:50], data + "&" + data, data.replace("%", ""), _text(chance), "&" * 4000))
    given: object = {"init_data": data, "nonce": f"page-number-{chance.randrange(10**6):06}"}
    if chance.random() < 0.2:
        given = _value(chance)
    headers = _from(chance) | {"Content-Type": "application/json", "X-Callgate": "app"}
    if chance.random() < 0.2:
        return written(
            "GET", "/app/state", headers=headers | {"Authorization": f"Bearer {quote(_text(chance), errors='replace')}"}
        )
    return written("POST", "/app/session", json.dumps(given).encode(), headers)


def _page(chance: random.Random, aim: Aim) -> Request:
    path = chance.choice(PATHS)
    if chance.random() < 0.2:
        path = f"/call/{quote(_text(chance), errors='replace')}{chance.choice(('', '/events', '/state'))}"
    headers = _from(chance) | {"Accept-Language": chance.choice(("ru", "en;q=9", "*" * 900, ",,,;;"))}
    return written(chance.choice(("GET", "GET", "POST")), path, headers=headers)


def _odd(chance: random.Random, aim: Aim) -> Request:
    """Odd methods, and headers that are huge, many, doubled or contradict each other."""
    path = chance.choice((*PATHS, aim.callback_path))
    headers = _from(chance)
    match chance.randrange(7):
        case 0:
            headers["X-Huge"] = "h" * chance.choice((8000, 9000, 70_000))
        case 1:
            headers |= {f"X-{number}": "1" for number in range(chance.choice((50, 500)))}
        case 2:
            headers["X-Forwarded-For"] = ", ".join([chance.choice(("1.2.3.4", "::1", "unknown", "[", "ё"))] * 100)
        case 3:
            headers |= {
                "Transfer-Encoding": chance.choice(("chunked", "gzip", "chunked, identity")),
                "Expect": "100-continue",
            }
        case 4:
            headers |= {
                "Connection": "Upgrade",
                "Upgrade": chance.choice(("websocket", "h2c")),
                "Sec-WebSocket-Version": "13",
            }
        case 5:
            headers |= {
                "Cookie": "=" * 500,
                "Range": "bytes=0-,-1",
                "If-Modified-Since": _text(chance)[:50].replace("\r\n", ""),
            }
        case _:
            headers["Content-Type"] = chance.choice(TYPES)
    length = chance.choice((None, None, 0, -1, 2**63, 10))
    made = written(chance.choice(METHODS), path, chance.randbytes(10), headers, length=length)
    return Request(made.data, breaks_off=length not in (None, 10), is_head=made.is_head)


def _broken(chance: random.Random, aim: Aim) -> Request:
    """Requests that are not HTTP, or only just."""
    lines = (
        chance.randbytes(chance.randrange(1, 600)),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + chance.randbytes(100),
        b"GET /healthz\r\n\r\n",
        b"GET /healthz HTTP/9.9\r\n\r\n",
        b"GET /healthz HTTP/1.1\nHost: x\n\n",
        b"GET  /healthz  HTTP/1.1\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET /" + b"\xff" * 50 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /telegram HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        b"POST /telegram HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n",
        b"POST /telegram HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\n folded: 1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nBad Name: 1\r\n\0: 2\r\n\r\n",
        b"\r\n" * 50 + b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
        b"A" * 70_000,
    )
    return Request(chance.choice(lines), breaks_off=chance.random() < 0.3)


def _flipped(chance: random.Random, data: bytes) -> bytes:
    flipped = bytearray(data)
    for _ in range(chance.randint(1, 8)):
        flipped[chance.randrange(len(flipped))] = chance.randrange(256)
    return bytes(flipped)
