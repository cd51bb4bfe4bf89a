"""Messages to the owner's own systems."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.webhooks import RETRY_AFTER, ForeignReport, next_try
from tests.domain.makers import NOW


def test_a_letter_is_tried_ten_times_in_three_days_and_then_given_up() -> None:
    """As in Standard Webhooks: at once, after 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h."""
    rests = [again_at - NOW for attempts in range(1, 20) if (again_at := next_try(attempts, NOW)) is not None]

    assert rests == list(RETRY_AFTER)
    assert [rest.total_seconds() for rest in rests[:3]] == [5, 300, 1800]
    assert [rest.total_seconds() / 3600 for rest in rests[3:]] == [2, 5, 10, 14, 20, 24]
    assert timedelta(days=3) < sum(rests, timedelta()) < timedelta(days=4)
    assert next_try(10, NOW) is None


@given(st.text(), st.text(), st.text(), st.binary())
def test_a_foreign_report_comes_out_as_it_went_in(method: str, query: str, content_type: str, body: bytes) -> None:
    report = ForeignReport(method, query, content_type, body)

    assert ForeignReport.unpacked(report.packed()) == report
