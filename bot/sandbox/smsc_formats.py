"""The forms of the gateway's answers and callbacks: four formats, three bodies, three signatures."""

from __future__ import annotations

import hashlib
import json
import zlib
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit
from xml.sax.saxutils import escape

Fields = dict[str, str]
ERRORS = {
    1: "parameters error",
    2: "authorise error",
    3: "no money",
    4: "ip is blocked",
    5: "number is blacklisted",
    6: "message is denied",
    9: "too many requests",
}
JSON_TYPE, XML_TYPE, TEXT_TYPE = "application/json", "text/xml", "text/plain"


def assigned(phone: str, numbers: list[str], fmt: int) -> tuple[str, str]:
    """wait_call.php's success: the body and its type; the first number is the one to call."""
    if fmt == 1:
        return ",".join(numbers), TEXT_TYPE
    if fmt == 2:
        phones = "".join(f"<phone>{number}</phone>" for number in numbers)
        return f"<result><phone>{phone}</phone><all_phones>{phones}</all_phones></result>", XML_TYPE
    if fmt == 3:
        return json.dumps({"phone": phone, "all_phones": numbers}), JSON_TYPE
    return f"phone = {phone}, all_phones = {','.join(numbers)}", TEXT_TYPE


def error(code: int, fmt: int) -> tuple[str, str]:
    """Any method's error: the body and its type."""
    text = ERRORS.get(code, "error")
    if fmt == 1:
        return f"0,-{code}", TEXT_TYPE
    if fmt == 2:
        return f"<result><error>{text}</error><error_code>{code}</error_code></result>", XML_TYPE
    if fmt == 3:
        return json.dumps({"error": text, "error_code": code}), JSON_TYPE
    return f"ERROR = {code} ({text})", TEXT_TYPE


def signed(fields: Fields, algorithm: str | None, secret: str | None, charset: str) -> Fields:
    """The fields with their signature, when the handler's URL asks for one and the account has a secret."""
    if algorithm is None or not secret:
        return fields
    if "status" in fields:
        parts = [fields.get("id", ""), fields.get("phone", ""), fields["status"]]
    elif "mes" in fields:
        parts = [fields.get("phone", ""), fields["mes"], fields.get("to", "")]
    else:
        parts = [fields.get("phone", ""), fields.get("ts", "")]
    text = ":".join([*parts, secret]).encode(charset, "replace")
    if algorithm == "crc32":
        return fields | {"crc32": f"{zlib.crc32(text):08x}"}
    return fields | {algorithm: hashlib.new(algorithm, text, usedforsecurity=False).hexdigest()}


class HandlerUrl:
    """The handler's URL as set in the account, and what it asks for."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._parts = urlsplit(url)
        self._options = dict(parse_qsl(self._parts.query, keep_blank_values=True))

    @property
    def charset(self) -> str | None:
        """The charset it wants, if it says so."""
        return self._options.get("charset") or None

    @property
    def algorithm(self) -> str | None:
        """The signature it wants, if any."""
        return next((name for name in ("md5", "sha1", "crc32") if name in self._options), None)

    @property
    def body(self) -> str | None:
        """The body it wants, if it says so."""
        return {"2": "xml", "3": "json"}.get(self._options.get("fmt", ""))

    def with_fields(self, fields: Fields, charset: str) -> str:
        """The URL of a GET: the fields join the options, a signature takes the place of its option."""
        query = {name: value for name, value in self._options.items() if name not in fields} | fields
        return urlunsplit(self._parts._replace(query=urlencode(query, encoding=charset, errors="replace")))


def callback_body(fields: Fields, body: str, charset: str) -> tuple[bytes, str]:
    """The body of a POST and its content type."""
    if body == "json":
        return json.dumps(fields, ensure_ascii=False).encode(charset, "replace"), f"{JSON_TYPE}; charset={charset}"
    if body == "xml":
        inner = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in fields.items())
        text = f'<?xml version="1.0" encoding="{charset}"?>\n<callback>{inner}</callback>'
        return text.encode(charset, "xmlcharrefreplace"), f"{XML_TYPE}; charset={charset}"
    form = urlencode(fields, encoding=charset, errors="replace")
    return form.encode("ascii"), "application/x-www-form-urlencoded"
