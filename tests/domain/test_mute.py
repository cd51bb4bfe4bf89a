"""How the bot recognises its own restrictions."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.eligibility import is_own_mute, muted_until
from bot.domain.gate_settings import STANDARD, EntryMode
from bot.domain.gates import Gate, GateMode
from tests.domain.makers import NOW

GATE, OTHER_GATE, ANNA, BORIS = -1001234567890, -1001234567891, 7, 8
FOR_EVER = datetime(1970, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("user_id", range(1, 200))
def test_a_restriction_of_the_bot_is_its_own_whenever_it_was_set_and_never_counts_as_for_ever(user_id: int) -> None:
    for later in (timedelta(0), timedelta(seconds=1.5), timedelta(days=17, hours=3)):
        until = muted_until(GATE, user_id, NOW + later)

        assert is_own_mute(GATE, user_id, until)
        assert until.microsecond == 0
        assert timedelta(days=360) < until - NOW - later < timedelta(days=365)
    assert not is_own_mute(GATE, user_id, FOR_EVER)


def test_a_restriction_that_ends_at_any_other_second_or_is_about_somebody_else_is_not_the_bots() -> None:
    until = muted_until(GATE, ANNA, NOW)

    assert not is_own_mute(GATE, ANNA, until + timedelta(seconds=1))
    assert not is_own_mute(GATE, BORIS, until)
    assert not is_own_mute(OTHER_GATE, ANNA, until)


@pytest.mark.parametrize(
    ("changes", "mutes"),
    [
        ({}, True),
        ({"switch": GateMode.PAUSED}, True),
        ({"switch": GateMode.OFF}, False),
        ({"settings": STANDARD}, False),
        ({"is_channel": True}, False),
        ({"chat_id": -4567}, False),
    ],
)
def test_only_supergroups_that_want_it_mute_newcomers(changes: dict[str, object], mutes: bool) -> None:
    settings = replace(STANDARD, way=EntryMode.MUTE)
    gate = Gate(GATE, "Flat owners", None, is_channel=False, is_on=True, settings=settings)

    assert replace(gate, **changes).mutes is mutes  # type: ignore[arg-type] # of as many types as there are
