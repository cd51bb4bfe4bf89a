"""Numbers without a country code: read as people at home write them, and in any other way they may mean."""

from __future__ import annotations

import pytest

from bot.numbering import NumberingPlan
from tests.test_settings import good, problems


@pytest.mark.parametrize(
    ("written", "first"),
    [
        ("8 495 123-45-67", "+74951234567"),
        ("84951234567", "+74951234567"),
        ("8 (916) 555-03-01", "+79165550301"),
        ("916 555 03 01", "+79165550301"),
        ("9165550301", "+79165550301"),
        ("79165550301", "+79165550301"),
        ("+7 916 555 03 01", "+79165550301"),
        ("007 916 555 03 01", "+79165550301"),
        ("80291234567", "+375291234567"),
        ("291234567", "+375291234567"),
        ("8 029 123-45-67", "+375291234567"),
        ("8 701 234 56 78", "+77012345678"),
        ("447400123456", "+447400123456"),
        ("+84 95 123 45 67", "+84951234567"),
    ],
)
def test_the_first_reading_is_the_one_that_is_meant_at_home(written: str, first: str) -> None:
    assert NumberingPlan().readings(written)[0].e164 == first


def test_every_reading_is_there_once() -> None:
    both = [phone.e164 for phone in NumberingPlan().readings("8 495 123-45-67")]

    assert both == ["+74951234567", "+84951234567"]
    assert [phone.e164 for phone in NumberingPlan(["VN"]).readings("+84951234567")] == ["+84951234567"]


def test_home_is_where_it_is_said_to_be() -> None:
    ukraine = NumberingPlan(good(HOME_COUNTRIES="ua, ru").HOME_COUNTRIES)

    assert ukraine.readings("067 123 45 67")[0].e164 == "+380671234567"
    assert ukraine.readings("8 495 123-45-67")[0].e164 == "+74951234567"
    assert good().HOME_COUNTRIES == ("RU", "KZ", "BY")


@pytest.mark.parametrize("text", ["", "+", "phone", "1" * 33, "12"])
def test_what_is_no_number_has_no_reading(text: str) -> None:
    assert NumberingPlan().readings(text) == ()


@pytest.mark.parametrize("value", ["Russia", "RU;KZ", "XX", ","])
def test_countries_are_named_by_their_codes(value: str) -> None:
    (problem,) = problems(HOME_COUNTRIES=value)

    assert problem.startswith("HOME_COUNTRIES: ")
