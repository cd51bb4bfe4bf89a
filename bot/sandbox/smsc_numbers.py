"""The gateway's numbers: a few in every country, which people call and nobody answers."""

from __future__ import annotations

from functools import cache
from typing import Literal

import phonenumbers
from phonenumbers import PhoneNumberType

Spelling = Literal["international", "national", "bare"]

OWN = {
    "RU": ["74951234567", "74951234568", "74951234569", "74951234570", "74951234571"],
    "KZ": ["77272345601", "77272345602", "77272345603"],
}


def parsed(phone: str) -> phonenumbers.PhoneNumber | None:
    """The number the gateway understands in `phone`, with or without its plus; None for nonsense."""
    try:
        number = phonenumbers.parse("+" + phone.lstrip("+"))
    except phonenumbers.NumberParseException:
        return None
    return number if phonenumbers.is_possible_number(number) else None


def digits(number: phonenumbers.PhoneNumber) -> str:
    """International digits without the plus, as the gateway writes them."""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164).lstrip("+")


def spelled(phone: str, spelling: Spelling) -> str:
    """Digits of a number as the gateway may write them: with the code of the country, as people of the country dial
    them (8 495 …), or without the prefix that they dial first."""
    number = parsed(phone)
    if number is None or spelling == "international":
        return phone
    if spelling == "bare":
        return phonenumbers.national_significant_number(number)
    national = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
    return "".join(filter(str.isdigit, national))


@cache
def pool_for(phone: str) -> tuple[str, ...]:
    """The numbers that callers like `phone` may be given; empty where the gateway has none."""
    number = parsed(phone)
    region = phonenumbers.region_code_for_number(number) if number else None
    if region is None and number is not None and number.country_code == 7:
        region = "RU"
    if region is None:
        return ()
    if region in OWN:
        return tuple(OWN[region])
    example = phonenumbers.example_number_for_type(region, PhoneNumberType.FIXED_LINE)
    if example is None:
        return ()
    first = int(digits(example)) // 10 * 10
    return tuple(str(first + last) for last in (1, 2, 3))
