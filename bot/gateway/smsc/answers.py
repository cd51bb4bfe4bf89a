"""SMSC's answers, in whichever of its formats they come.

`fmt=3` (JSON) is what the client asks for, but an error raised before SMSC has read `fmt` may come in another
format, so the client reads all eight shapes of the documentation:

    fmt  success                                                  error
    0    phone = <phone>, all_phones = <phones>                   ERROR = N (description)
    1    <phones>                                                 0,-N
    2    <result><phone/><all_phones><phone/>…</all_phones>       <result><error/><error_code/>
    3    {"phone": …, "all_phones": […]}                          {"error": …, "error_code": N}

Which JSON types carry the values is not documented: strings and numbers, lists and comma separated strings
are all accepted. (SMSC documentation: https://smsc.ru/api/http/miscellaneous/waitcall/)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from xml.etree.ElementTree import Element  # only the type, never the parser

from bot.domain.gateway import AssignedNumber, Balance, GatewayError, GatewayEvent, GatewayReason
from bot.gateway.forms import UnreadableError
from bot.gateway.requests import unreadable_answer
from bot.gateway.smsc.callback_text import plain, seen
from bot.gateway.smsc.errors import ACCOUNT_REASONS, NOTHING_FOUND, NUMBER_REASONS, refusal
from bot.gateway.smsc.formats import json_of, xml_of
from bot.gateway.smsc.inbox import events_of

_TEXT_ERROR = re.compile(r"ERROR\s*=\s*([0-9]{1,4})\b", re.IGNORECASE)
_TEXT_OFFER = re.compile(r"phone\s*+=([^,=]*),\s*+all_phones\s*+=(.*)", re.IGNORECASE | re.DOTALL)
_NUMBERS_ERROR = re.compile(r"0\s*,\s*-\s*([0-9]{1,4})")
_NUMBERS_OFFER = re.compile(r"[+0-9(),;\s-]+")
_CODE = re.compile(r"-?([0-9]{1,4})")
LONGEST_AMOUNT = 40
_MONEY = r"(?:(?!(?i:тыс|млн|млрд|коп|к|k|mln|mio|mil|bn|tsd|cents?|ct)\b)[^\W\d_]{1,6}\.?|[^\W\d_]{0,3}[₽$€₸₴])?"
"""The currency's name; nothing that changes the amount."""
_AMOUNT = re.compile(
    rf"{_MONEY}\s*([-+]?)\s*([0-9](?:[0-9.,'’\s]*[0-9])?)(?:[.,][-\N{{EN DASH}}\N{{EM DASH}}])?\s*{_MONEY}"
)
_SPACES = re.compile(r"[\s'’]")
_WRITINGS = tuple(
    re.compile(writing)
    for writing in (
        r"([1-9][0-9]{0,2}(?: [0-9]{3}){1,4})(?:[.,]([0-9]{1,10}))?",
        # Three digits behind a comma are thousands: money has two, or SMSC's point.
        r"([1-9][0-9]{0,2}(?:,[0-9]{3}){1,4})(?:\.([0-9]{1,10}))?",
        r"([1-9][0-9]{0,2}(?:\.[0-9]{3}){1,4}),([0-9]{1,10})",
        r"([1-9][0-9]{0,2}(?:\.[0-9]{3}){2,4})()",
        r"([0-9]{1,15})(?:[.,]([0-9]{1,10}))?",
    )
)
"""Whole and fraction, as 1 234,56 and 1,234.56 and 1.234,56 and 1.234.567 and 1234.56."""
_PHONE = re.compile(r"\+?([0-9]{5,15})")
_SEPARATORS = re.compile(r"[,;\n]")
_ORNAMENTS = re.compile(r"[\s()\-\u2010-\u2015\u2212]")


def offer_of(answer: str) -> AssignedNumber:
    """Return the call number in an answer of `wait_call.php`: `+` and digits, alternatives in SMSC's order.

    If `phone` is missing or not a number, the first of `all_phones` is the one to call. Raises GatewayError.
    """
    value = _object(answer, NUMBER_REASONS)
    every = _numbers(value.get("all_phones"))
    first = _numbers(value.get("phone"))[:1] or every[:1]
    if not first:
        raise unreadable_answer()
    return AssignedNumber(first[0], every)


def inbox_of(answer: str) -> list[GatewayEvent]:
    """Return the entries in an answer of `get.php?get_answers=1`, by id ascending. Raises GatewayError."""
    try:
        value = _value(answer, ACCOUNT_REASONS)
    except GatewayError as error:
        if error.code == NOTHING_FOUND:
            return []
        raise
    if not isinstance(value, list):
        raise unreadable_answer()
    return events_of(value)


def balance_of(answer: str) -> Balance:
    """Return the money in an answer of `balance.php`, including the account's credit. Raises GatewayError."""
    value = _object(answer, ACCOUNT_REASONS)
    amount, credit, currency = _amount(value.get("balance")), _amount(value.get("credit")), value.get("currency")
    if amount is None:
        raise unreadable_answer()
    money = amount if credit is None else str(Decimal(amount) + Decimal(credit))
    return Balance(money, plain(currency) if isinstance(currency, str) else "")


def _amount(written: object) -> str | None:
    """Return an amount with a point, in any country's notation, with or without a currency; None if it is not an
    amount, or ambiguous."""
    if not isinstance(written, str):
        return None
    text = seen(written).replace("\N{MINUS SIGN}", "-").strip().strip("\"'").strip()
    if text.startswith("."):
        text = f"0{text}"
    found = _AMOUNT.fullmatch(text) if len(text) <= LONGEST_AMOUNT else None
    if found is None:
        return None
    digits = _SPACES.sub(" ", found[2])
    for writing in _WRITINGS:
        if parts := writing.fullmatch(digits):
            whole = re.sub("[^0-9]", "", parts[1])
            amount = f"{whole}.{parts[2]}" if parts[2] else whole
            return f"-{amount}" if found[1] == "-" and Decimal(amount) else amount
    return None


def _object(answer: str, reasons: Mapping[int, GatewayReason]) -> dict[str, object]:
    value = _value(answer, reasons)
    if not isinstance(value, dict):
        raise unreadable_answer()
    return value


def _value(answer: str, reasons: Mapping[int, GatewayReason]) -> object:
    """Return the answer in the shape of its JSON format. Raises the error that it reports, if any."""
    try:
        value = _as_json(answer.strip())
    except UnreadableError:
        raise unreadable_answer() from None
    if isinstance(value, dict) and not _says_no_error(value):
        code = value.get("error_code")
        digits = _CODE.fullmatch(code.strip()) if isinstance(code, str) else None
        raise refusal(int(digits[1]) if digits else None, reasons)
    return value


def _says_no_error(value: Mapping[str, object]) -> bool:
    """Return whether it has no error field, or an empty one with a code of 0 or none."""
    if "error" not in value:
        return "error_code" not in value
    return value["error"] in (None, False, "") and value.get("error_code") in (None, False, "", "0")


def _as_json(answer: str) -> object:
    if answer.startswith(("{", "[")):
        return json_of(answer)
    if answer.startswith("<"):
        return {child.tag: _content(child) for child in xml_of(answer)}
    if error := _TEXT_ERROR.match(answer) or _NUMBERS_ERROR.fullmatch(answer):
        return {"error_code": error[1]}
    if offer := _TEXT_OFFER.fullmatch(answer):
        return {"phone": offer[1].strip(), "all_phones": offer[2]}
    if _NUMBERS_OFFER.fullmatch(answer):
        return {"all_phones": answer}
    raise UnreadableError("none of the documented shapes")


def _content(element: Element) -> object:
    return [child.text for child in element] if len(element) else element.text


def _numbers(value: object) -> tuple[str, ...]:
    """Return all phone numbers in a list, an object's values or a separated string, normalised, without duplicates."""
    parts: list[object] = []
    if isinstance(value, str):
        parts.extend(_SEPARATORS.split(value))
    elif isinstance(value, dict):
        # PHP writes a list whose indices have a gap as an object.
        parts.extend(value.values())
    elif isinstance(value, list):
        parts.extend(value)
    found = (_PHONE.fullmatch(_undecorated(part)) for part in parts if isinstance(part, str))
    return tuple(dict.fromkeys(f"+{digits[1]}" for digits in found if digits))


def _undecorated(part: str) -> str:
    """Return a number without the signs that people put between digits. A single dot may mark a fraction."""
    digits = _ORNAMENTS.sub("", seen(part))
    return digits.replace(".", "") if digits.count(".") > 1 else digits
