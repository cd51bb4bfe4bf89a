"""The world's numbering plan."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from bot.domain.phone import NumberKind, Phone

PHONE_DIGITS = 7
"""With fewer it is no phone number."""
TEL = re.compile(r"^tel:", re.IGNORECASE)


def may_hold_phone(text: str) -> bool:
    """Return whether the text may contain a phone number."""
    return sum(char.isdigit() for char in text) >= PHONE_DIGITS


def only_phone(text: str, phones: NumberingPlan) -> Phone | None:
    """Return the phone if the text is one and nothing else; otherwise None."""
    number = TEL.sub("", text.strip())
    return None if any(char.isalpha() for char in number) else next(iter(phones.readings(number)), None)


HOME = ("RU", "KZ", "BY")
COUNTRIES = frozenset(phonenumbers.SUPPORTED_REGIONS)
"""The countries (ISO 3166) whose numbers are known."""
DIALLED_ABROAD = "00"
"""The usual prefix of a country code in most of the world (ITU-T E.164)."""
RUSSIAN_TRUNK = "8"
RUSSIAN_LENGTH = 11
LONGEST_INPUT = 32
KINDS = {
    PhoneNumberType.MOBILE: NumberKind.MOBILE,
    PhoneNumberType.FIXED_LINE_OR_MOBILE: NumberKind.FIXED_OR_MOBILE,
    PhoneNumberType.FIXED_LINE: NumberKind.FIXED,
    PhoneNumberType.VOIP: NumberKind.VOIP,
    PhoneNumberType.TOLL_FREE: NumberKind.TOLL_FREE,
    PhoneNumberType.PREMIUM_RATE: NumberKind.PREMIUM,
    PhoneNumberType.SHARED_COST: NumberKind.SHARED_COST,
    PhoneNumberType.PERSONAL_NUMBER: NumberKind.PERSONAL,
    PhoneNumberType.PAGER: NumberKind.PAGER,
    PhoneNumberType.UAN: NumberKind.UAN,
    PhoneNumberType.VOICEMAIL: NumberKind.VOICEMAIL,
}


class NumberingPlan:
    """The world's numbering plan, and how people write numbers. Built on Google's libphonenumber metadata."""

    def __init__(self, home: Sequence[str] = HOME) -> None:
        """`home`: the countries (ISO 3166) in which to look for a number without a country code, in this order."""
        self._home = tuple(home)

    def readings(self, text: str, regions: Collection[str] = ()) -> tuple[Phone, ...]:
        """Every number that `text` may be, without duplicates: first as people write it within these countries (by
        default those of the installation), then with a country code."""
        text = text.strip()
        if len(text) > LONGEST_INPUT or not any(char.isdigit() for char in text):
            return ()
        digits = "".join(char for char in text if char in "0123456789")
        is_international = text.startswith("+") or digits.startswith(DIALLED_ABROAD)
        found = [] if is_international else [_national(digits, region) for region in regions or self._home]
        found.append(_parse("+" + digits.removeprefix(DIALLED_ABROAD) if is_international else "+" + digits))
        return tuple(dict.fromkeys(_phone(parsed) for parsed in found if parsed is not None))

    def parse(self, text: str) -> Phone | None:
        """The number in `text` (international, with or without `+`), or None when it cannot be one."""
        parsed = _parse(text)
        return None if parsed is None else _phone(parsed)

    def parse_mobile(self, text: str) -> Phone | None:
        """Like `parse`, and None too if it cannot be a mobile number."""
        parsed = _parse(text)
        if parsed is None or not phonenumbers.is_possible_number_for_type(parsed, PhoneNumberType.MOBILE):
            return None
        return _phone(parsed)

    def spelled(self, e164: str) -> str:
        """The number in groups, as people write it internationally; unchanged when that is unknown."""
        parsed = _parse(e164)
        if parsed is None:
            return e164
        return phonenumbers.format_number(parsed, PhoneNumberFormat.INTERNATIONAL)


def _parse(text: str) -> phonenumbers.PhoneNumber | None:
    text = text.strip()
    if not text or len(text) > LONGEST_INPUT:
        return None
    digits = "".join(char for char in text if char in "0123456789")
    attempts: list[tuple[str, str | None]] = [("+" + digits, None)]
    if digits.startswith(RUSSIAN_TRUNK) and len(digits) == RUSSIAN_LENGTH and not text.startswith("+"):
        attempts.append((digits, "RU"))
    for candidate, region in attempts:
        try:
            parsed = phonenumbers.parse(candidate, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_possible_number(parsed):
            return parsed
    return None


def _national(digits: str, region: str) -> phonenumbers.PhoneNumber | None:
    """The number as people of this country write it among themselves, if they have such a form."""
    try:
        parsed = phonenumbers.parse(digits, region)
    except phonenumbers.NumberParseException:
        return None
    is_there = parsed.country_code == phonenumbers.country_code_for_region(region)
    return parsed if is_there and phonenumbers.is_valid_number(parsed) else None


def _phone(parsed: phonenumbers.PhoneNumber) -> Phone:
    region = phonenumbers.region_code_for_number(parsed) or ""
    return Phone(
        e164=phonenumbers.format_number(parsed, PhoneNumberFormat.E164),
        country_code=str(parsed.country_code),
        region="" if region == phonenumbers.UNKNOWN_REGION else region[:3],
        kind=KINDS.get(phonenumbers.number_type(parsed), NumberKind.UNKNOWN),
    )
