"""A gate's address."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.domain.gate_settings import STANDARD
from bot.domain.gates import FRESH_CHANCE, REACHABLE_FOR, Gate


@pytest.mark.parametrize(
    ("chat_id", "username", "link"),
    [
        (-1001234567890, None, "https://t.me/c/1234567890/1"),
        (-1001234567890, "", "https://t.me/c/1234567890/1"),
        (-1001001001, None, "https://t.me/c/1001001/1"),
        (-4567, None, "https://t.me/c/4567/1"),
        (-1001234567890, "flat_owners", "https://t.me/flat_owners"),
    ],
)
def test_a_gates_link_opens_its_chat(chat_id: int, username: str | None, link: str) -> None:
    assert Gate(chat_id, "Flat owners", username, is_channel=False, is_on=True).link == link


def test_a_request_waits_a_day_and_a_stranger_can_be_written_to_for_five_minutes() -> None:
    assert STANDARD.deadline == timedelta(hours=24)
    assert timedelta(hours=1) == FRESH_CHANCE
    assert timedelta(minutes=5) == REACHABLE_FOR
