"""What remains of a number: a mask and a fingerprint."""

from __future__ import annotations

import hashlib
import hmac
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.phone import Phone

KEY = b"a key"


@pytest.mark.parametrize(
    ("e164", "country_code", "mask"),
    [
        ("+79991231234", "7", "+7 ••• ••• 12-34"),
        ("+12025550143", "1", "+1 ••• ••• 01-43"),
        ("+375291234567", "375", "+375 ••• •• 45-67"),
        ("+998901234567", "998", "+998 ••• •• 45-67"),
        ("+4915112345678", "49", "+49 ••• ••• • 56-78"),
        ("+861381234567890", "86", "+86 ••• ••• ••• 78-90"),
        ("+2901234567", "290", "+290 ••• 45-67"),
        ("+290123456", "290", "+290 ••• • 56"),
        ("+29012345", "290", "+290 ••• 45"),
        ("+2901234", "290", "+290 •• 34"),
        ("+29012", "290", "+290 12"),
    ],
)
def test_a_mask_shows_the_country_and_the_last_digits(e164: str, country_code: str, mask: str) -> None:
    assert Phone(e164, country_code, "").mask == mask


@given(
    country_code=st.from_regex(r"[1-9][0-9]{0,2}", fullmatch=True),
    national=st.from_regex(r"[0-9]{4,12}", fullmatch=True),
)
def test_a_mask_keeps_the_length_and_never_more_than_four_digits_of_the_national_number(
    country_code: str, national: str
) -> None:
    mask = Phone(f"+{country_code}{national}", country_code, "").mask

    head, *rest = mask.split(" ")
    assert head == f"+{country_code}"
    shown = re.sub(r"\D", "", "".join(rest))
    assert national.endswith(shown)
    assert len(shown) == (4 if len(national) > 6 else 2)
    assert mask.count("•") == len(national) - len(shown)
    assert len(mask) <= 32


def test_a_fingerprint_is_keyed_and_tells_numbers_apart() -> None:
    anna, boris = Phone("+79991231234", "7", "RU"), Phone("+79991231235", "7", "RU")

    assert anna.fingerprint(KEY) == hmac.new(KEY, b"+79991231234", hashlib.sha256).hexdigest()
    assert len({anna.fingerprint(KEY), boris.fingerprint(KEY), anna.fingerprint(b"another key")}) == 3


def test_the_region_does_not_change_the_fingerprint() -> None:
    assert Phone("+77011231234", "7", "KZ").fingerprint(KEY) == Phone("+77011231234", "7", "RU").fingerprint(KEY)


def test_a_number_in_a_traceback_or_a_log_line_is_masked() -> None:
    phone = Phone("+79991231234", "7", "RU")

    assert repr(phone) == str(phone) == f"{phone}" == "Phone(+7 ••• ••• 12-34)"
