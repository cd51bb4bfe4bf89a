"""Whether a verified phone opens a gate."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.eligibility import VerifiedPhone, ineligibility
from bot.domain.gate_settings import STANDARD, CountryRule
from bot.domain.gates import AccessOverride, Gate, Ineligibility, Override
from bot.domain.phone import NumberKind
from tests.domain.makers import FINGERPRINT, NOW

GATE = Gate(-1001234567890, "Flat owners", None, is_channel=False, is_on=True)
PHONE = VerifiedPhone(7, FINGERPRINT, "+7 ••• ••• 00-01", 1, "RU", NumberKind.MOBILE, 1, NOW)
DAY, TICK = timedelta(days=1), timedelta(microseconds=1)


def wanting(**changes: Any) -> Gate:
    return replace(GATE, settings=replace(STANDARD, **changes))


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({}, None),
        ({"country_rule": CountryRule.ONLY, "countries": ("RU", "KZ")}, None),
        ({"country_rule": CountryRule.ONLY, "countries": ("KZ",)}, Ineligibility.COUNTRY),
        ({"country_rule": CountryRule.ALL_BUT, "countries": ("RU",)}, Ineligibility.COUNTRY),
        ({"country_rule": CountryRule.ALL_BUT, "countries": ("KZ",)}, None),
        ({"country_rule": CountryRule.ANY, "countries": ("RU",)}, None),
        ({"refused_kinds": frozenset({NumberKind.VOIP})}, None),
        ({"refused_kinds": frozenset({NumberKind.MOBILE})}, Ineligibility.KIND),
    ],
)
def test_a_number_that_a_gate_does_not_take_opens_it_never(
    changes: dict[str, Any], found: Ineligibility | None
) -> None:
    assert ineligibility(wanting(**changes), PHONE, None, NOW) is found


def test_a_verification_is_good_for_as_long_as_the_gate_says() -> None:
    gate = wanting(fresh_for=DAY)

    assert ineligibility(gate, PHONE, None, NOW + DAY - TICK) is None
    assert ineligibility(gate, PHONE, None, NOW + DAY) is Ineligibility.STALE
    assert ineligibility(GATE, PHONE, None, NOW + 3000 * DAY) is None


def test_one_phone_brings_in_as_many_accounts_as_the_gate_says() -> None:
    assert ineligibility(GATE, replace(PHONE, rank=2), None, NOW) is Ineligibility.ACCOUNTS
    assert ineligibility(wanting(accounts=2), replace(PHONE, rank=2), None, NOW) is None
    assert ineligibility(wanting(accounts=2), replace(PHONE, rank=3), None, NOW) is Ineligibility.ACCOUNTS


def test_only_a_later_call_makes_up_for_a_revocation() -> None:
    revoked = AccessOverride(Override.REVOKED, NOW, 1)

    assert ineligibility(GATE, PHONE, revoked, NOW) is Ineligibility.STALE
    assert ineligibility(GATE, replace(PHONE, verified_at=NOW + TICK), revoked, NOW) is None


def test_what_no_call_can_mend_is_told_first() -> None:
    gate = wanting(fresh_for=DAY, refused_kinds=frozenset({NumberKind.MOBILE}))

    assert ineligibility(gate, replace(PHONE, rank=2), None, NOW + 2 * DAY) is Ineligibility.KIND


def test_while_a_gate_is_strict_its_own_rules_are_sharpened() -> None:
    gate = replace(wanting(accounts=3), strict_until=NOW + DAY)
    rented = replace(PHONE, kind=NumberKind.VOIP, rank=2)

    assert ineligibility(gate, rented, None, NOW) is Ineligibility.KIND
    assert ineligibility(gate, replace(rented, kind=NumberKind.MOBILE), None, NOW) is Ineligibility.ACCOUNTS
    assert ineligibility(gate, rented, None, NOW + DAY) is None
