"""The gateway's terms."""

from __future__ import annotations

import pytest

from bot.domain.gateway import AssignedNumber, EventKind, EventSource, GatewayError, GatewayEvent, GatewayReason


@pytest.mark.parametrize(
    ("number", "is_in"), [("+74950000001", True), ("+74950000002", True), ("+74950000003", False), ("", False)]
)
def test_an_offer_holds_its_number_and_those_it_might_have_been(number: str, is_in: bool) -> None:
    # A new string, like one that came over the network: equal, and not the same object.
    arrived = "".join(list(number))
    assert (arrived in AssignedNumber("+74950000001", ("+74950000002",))) is is_in


def test_an_error_says_its_reason_its_code_and_its_detail() -> None:
    error = GatewayError(GatewayReason.NO_MONEY, 3, "no money")

    assert str(error) == "no_money (code 3) no money"
    assert (error.reason, error.code, error.detail) == (GatewayReason.NO_MONEY, 3, "no money")
    assert str(GatewayError(GatewayReason.UNAVAILABLE)) == "unavailable (code None)"
    assert GatewayError(GatewayReason.UNAVAILABLE).detail == ""


def test_an_event_in_a_log_line_shows_neither_the_caller_nor_what_arrived() -> None:
    event = GatewayEvent(
        EventKind.CALL, EventSource.CALLBACK, "+79991231234", "+74950000001", None, "phone=+79991231234"
    )

    assert "9991231234" not in repr(event)
    assert dict(event.note) == {}
    assert event.inbox_id is None
