"""Delays after failed deliveries."""

from __future__ import annotations

import pytest

from bot.domain.gates import GrantKind
from bot.domain.outgoing import DeliveryResult, DeliveryStatus, PendingGrant, pause_after
from tests.domain.makers import NOW


@pytest.mark.parametrize(
    ("attempts", "seconds"), [(1, 1), (2, 2), (3, 5), (4, 15), (5, 30), (6, 60), (7, 60), (1000, 60)]
)
def test_the_rest_grows_with_each_failure_to_a_minute(attempts: int, seconds: int) -> None:
    assert pause_after(attempts).total_seconds() == seconds


def test_a_receipt_says_nothing_that_it_was_not_told() -> None:
    receipt = DeliveryResult(PendingGrant(-100, 7, GrantKind.JOIN, NOW, 0), DeliveryStatus.DONE)

    assert (receipt.retry_after, receipt.error, receipt.message_id, receipt.digest) == (None, "", None, None)
    assert (receipt.is_editable, receipt.replaced) == (True, ())
