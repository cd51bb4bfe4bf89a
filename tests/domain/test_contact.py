"""Which cards prove nothing, judged by the card alone."""

from __future__ import annotations

import pytest

from bot.domain.phone import ContactRefusal, SharedContact

ANNA, BORIS = 7, 8


def card(number: str = "79991231234", owner_id: int | None = ANNA, *, is_forwarded: bool = False) -> SharedContact:
    return SharedContact(ANNA, owner_id, is_forwarded, number)


def test_ones_own_card_is_taken() -> None:
    assert card().refusal() is None
    # As in two fields of one message: equal, and not the same object.
    big = 2**52
    assert SharedContact(big, int(str(big)), is_forwarded=False, number="79991231234").refusal() is None


@pytest.mark.parametrize("owner_id", [BORIS, None, 0])
def test_a_card_of_somebody_else_or_of_nobody_is_refused(owner_id: int | None) -> None:
    assert card(owner_id=owner_id).refusal() is ContactRefusal.NOT_OWN


@pytest.mark.parametrize("owner_id", [ANNA, BORIS, None])
def test_a_forwarded_card_is_refused_whosever_it_is(owner_id: int | None) -> None:
    assert card(owner_id=owner_id, is_forwarded=True).refusal() is ContactRefusal.FORWARDED


@pytest.mark.parametrize("number", ["88801234567", "+88801234567", "+888 0123 4567", "00888 0123 4567"])
def test_a_number_that_lives_in_telegram_only_is_refused_however_it_is_written(number: str) -> None:
    assert card(number).refusal() is ContactRefusal.ANONYMOUS


@pytest.mark.parametrize("number", ["89991231234", "78881231234", "+12888012345", "X888", ""])
def test_888_elsewhere_in_a_number_means_nothing(number: str) -> None:
    assert card(number).refusal() is None


def test_somebody_elses_anonymous_card_is_first_of_all_somebody_elses() -> None:
    assert card("88801234567", BORIS).refusal() is ContactRefusal.NOT_OWN


def test_a_card_in_a_log_line_shows_no_number() -> None:
    assert "9991231234" not in repr(card())
