"""The health of the installation and the balance of the gateway account, in words for operators."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from html import unescape
from pathlib import Path

import pytest

from bot.domain.gate_health import GateState
from bot.domain.gateway import CircuitBreaker, GatewayReason
from bot.domain.incidents import DiskSpace, Incident, IncidentKind, Measurements, Queue
from bot.domain.monitoring import (
    BalanceReading,
    BalanceReport,
    Capabilities,
    GatewayNames,
    HealthReport,
    Process,
    Spending,
    StoredHealth,
)
from bot.domain.outgoing import Priority
from bot.domain.webhooks import Destination, DestinationStatus, RetryStats
from bot.features.monitoring.screens import health_text
from bot.features.monitoring.words import balance_text
from bot.i18n.texts import Texts, Words
from tests.domain.makers import NOW

TEXTS = Texts("en")
ENGLISH, RUSSIAN = TEXTS.in_language("en"), TEXTS.in_language("ru")
MOST = 4096
DOCS = Path(__file__).parents[2] / "docs"
EARLIER = NOW - timedelta(minutes=10)
STARTED = NOW - timedelta(days=3)
QUEUES = ("numbers", "grants", "screens", *(f"tasks_{priority.name.lower()}" for priority in Priority))
HOSTILE = "<b>&\u202e" * 30
DETAILS: dict[str, str | int] = {
    "reason": GatewayReason.CREDENTIALS,
    "code": 2,
    "failed": 6,
    "asked": 7,
    "amount": "1.00",
    "currency": HOSTILE,
    "title": HOSTILE,
    "error": HOSTILE,
    "missing": "cannot_invite cannot_restrict cannot_tag",
}
SMSC = GatewayNames("SMSC", "SMSC_API_KEY", "SMSC_PRICE", "SMSC_POLL_SECONDS")
WELL = HealthReport(
    NOW,
    Process("0.1.0", "gatehouse", 7, STARTED, STARTED, is_alone=True, backed_up_at=EARLIER),
    Capabilities(
        SMSC, has_webhook=False, has_callback=True, polls_inbox=True, backs_up=True, targets=(Destination.EVENTS,)
    ),
    Measurements(
        transactions=(0.002, 0.004, 0.07),
        answered_at=NOW,
        asked=40,
        failed=2,
        asked_at=EARLIER,
        outcome="given",
        disk=DiskSpace(2**35, 2**36),
        clock_ahead={"telegram": 0.0, "gateway": 0.0},
    ),
    0.97,
    StoredHealth(
        12 * 2**20,
        (),
        [Queue(name, 3 if name == "screens" else 0, NOW - timedelta(seconds=2)) for name in QUEUES],
        None,
        [
            DestinationStatus(
                Destination.EVENTS, 4, EARLIER, RetryStats(4, 3, NOW + timedelta(minutes=25), "HTTP 500"), STARTED
            )
        ],
        CircuitBreaker(),
        EARLIER,
        EARLIER,
        {GateState.ON: 3},
    ),
)


def incident(trouble: IncidentKind, subject: str = "") -> Incident:
    return Incident(trouble, subject, EARLIER, NOW, DETAILS)


def worst() -> HealthReport:
    """Everything wrong at once, in as many words as possible."""
    retries = RetryStats(99_999, 10, NOW, HOSTILE)
    assert WELL.kept is not None
    kept = replace(
        WELL.kept,
        incidents=[
            *(
                incident(trouble, "grants" if trouble is IncidentKind.QUEUE_STUCK else "events")
                for trouble in IncidentKind
            ),
            *(replace(incident(IncidentKind.GATE_LACKS, str(number)), seen_at=EARLIER) for number in range(200)),
        ],
        queues=[Queue(name, 99_999, EARLIER) for name in QUEUES],
        notifications=retries,
        outgoing=[DestinationStatus(target, 99_999, EARLIER, retries, EARLIER) for target in Destination],
        breaker=CircuitBreaker(GatewayReason.BLACKLISTED, NOW + timedelta(days=1), 9),
    )
    return replace(
        WELL,
        process=replace(WELL.process, host=HOSTILE, is_alone=False),
        ways=Capabilities(SMSC, has_webhook=True, has_callback=False, polls_inbox=False, targets=tuple(Destination)),
        readings=replace(
            WELL.readings,
            unkept=10_000,
            floods=10_000,
            silent_since=EARLIER,
            outcome=GatewayReason.BLACKLISTED,
            webhook_error_at=EARLIER,
            webhook_error=HOSTILE,
            undelivered=10_000,
        ),
        kept=kept,
    )


def shown_length(html: str) -> int:
    """Return the length as Telegram counts it, after parsing the markup."""
    return len(unescape(re.sub(r"<[^>]+>", "", html)).encode("utf-16-le")) // 2


def plain(html: str) -> list[str]:
    """Return the lines as people read them, with moments as old clients show them."""
    return re.sub(r"<[^>]+>", "", html).splitlines()


def test_an_installation_that_is_well_is_told_as_the_documents_show() -> None:
    page = (DOCS / "operations.md").read_text(encoding="utf-8")
    shown = page.partition("## How it is doing")[2].partition("```\n")[2].partition("\n```")[0]

    assert plain(health_text(WELL, ENGLISH)) == shown.splitlines()


@pytest.mark.parametrize("words", [ENGLISH, RUSSIAN], ids=["en", "ru"])
def test_the_worst_is_within_what_telegram_takes_escaped_and_says_how_much_more_there_is(words: Words) -> None:
    told = worst()

    text = health_text(told, words)

    assert shown_length(text) <= MOST
    assert text.count("<tg-time") < 100
    assert "<b>&" not in text.replace("<b>&lt;", "")
    assert "\u202e" not in text
    assert told.kept is not None
    count = len(told.kept.incidents) + len(told.unnoted)
    verdict = text.split("\n\n")[0].splitlines()
    assert (str(count) in verdict[0], len(verdict), str(count - 10) in verdict[-1]) == (True, 12, True)


@pytest.mark.parametrize("trouble", list(IncidentKind))
@pytest.mark.parametrize("words", [ENGLISH, RUSSIAN], ids=["en", "ru"])
def test_every_trouble_is_told_in_words_of_its_own(trouble: IncidentKind, words: Words) -> None:
    assert WELL.kept is not None
    subject = "grants" if trouble is IncidentKind.QUEUE_STUCK else "events"

    text = health_text(replace(WELL, kept=replace(WELL.kept, incidents=[incident(trouble, subject)])), words)

    line = plain(text)[1]
    assert line.startswith("• ")
    assert "_" not in line.replace("EVENTS_URL", "")
    assert words("something is wrong: {what}", what=trouble) not in line


@pytest.mark.parametrize("name", QUEUES)
def test_every_queue_is_told_in_words_of_its_own_with_how_long_the_oldest_waits(name: str) -> None:
    assert WELL.kept is not None
    kept = replace(WELL.kept, queues=[Queue(name, 3, NOW - timedelta(seconds=200))])

    lines = plain(health_text(replace(WELL, kept=kept), ENGLISH))
    line = lines[lines.index("Waiting") + 1]

    assert line.endswith(": 3, the oldest for 3 min")
    assert "_" not in line


def test_updates_that_telegram_holds_are_told() -> None:
    readings = replace(WELL.readings, undelivered=3)

    assert "Telegram holds 3 updates and does not deliver them" in plain(
        health_text(replace(WELL, readings=readings), ENGLISH)
    )


def test_what_rests_until_later_is_told_without_an_age() -> None:
    assert WELL.kept is not None
    kept = replace(WELL.kept, queues=[Queue("tasks_pressing", 2, NOW + timedelta(hours=1))])

    assert "mutes and bans: 2" in plain(health_text(replace(WELL, kept=kept), ENGLISH))


def test_a_trouble_that_is_noticed_is_told_before_there_is_an_incident_and_not_twice() -> None:
    assert WELL.kept is not None
    flooded = replace(WELL, readings=replace(WELL.readings, floods=50))
    assert plain(health_text(flooded, ENGLISH))[1] == "• Telegram keeps asking me to slow down; just now"

    known = replace(flooded, kept=replace(WELL.kept, incidents=[incident(IncidentKind.FLOODS)]))

    assert plain(health_text(known, ENGLISH))[0] == "🚨 1 trouble"


def test_a_silence_of_telegrams_is_over_when_it_is_told_through_telegram() -> None:
    text = health_text(replace(WELL, readings=replace(WELL.readings, silent_since=EARLIER)), ENGLISH)

    assert text.startswith("✅")
    assert f"Has not answered since {ENGLISH.clock(EARLIER, NOW)}" in plain(text)


def test_without_the_database_the_rest_is_told() -> None:
    lines = plain(health_text(replace(WELL, kept=None), ENGLISH))

    assert lines[:2] == ["🚨 1 trouble", "• the database does not answer"]
    assert "Storage · SQLite" in lines
    assert "Waiting" not in lines


def test_an_own_system_that_wants_nothing_more_is_not_said_to_be_tried() -> None:
    assert WELL.kept is not None
    outgoing = DestinationStatus(Destination.RELAY, 2, EARLIER, RetryStats(2, 1, NOW, "HTTP 410"), None)
    kept = replace(WELL.kept, incidents=[incident(IncidentKind.OUTBOX_GONE, Destination.RELAY)], outgoing=[outgoing])

    lines = plain(health_text(replace(WELL, kept=kept), ENGLISH))

    assert "SMSC_RELAY_URL: 2 wait, the oldest for 10 min. I try nothing until you restart me." in lines


def account(reason: GatewayReason | None = None, code: int | None = None) -> BalanceReport:
    statement = BalanceReading(NOW, Decimal("1234.5"), "RUR", EARLIER, reason, code)
    return BalanceReport(NOW, SMSC, statement, Decimal(50), has_price=True, spending=Spending(Decimal(5), Decimal(70)))


def test_the_account_is_told_with_a_forecast() -> None:
    assert plain(balance_text(account(), ENGLISH)) == [
        "💰 Balance at SMSC: 1,234.50 RUR",
        "Spent on numbers: 5.00 RUR today, 70.00 RUR in 7 days",
        "At this pace it lasts for: 123 days",
        "I warn you below: 50.00 RUR",
        f"Checked: {ENGLISH.clock(NOW, NOW)}",
    ]
    assert "1\xa0234,50 RUR" in balance_text(account(), RUSSIAN)


def test_without_spending_there_is_no_forecast_and_a_debt_lasts_for_no_day() -> None:
    nothing = replace(account(), spending=Spending(Decimal(0), Decimal(0)))
    assert "lasts for" not in balance_text(nothing, ENGLISH)
    debt = replace(account(), statement=replace(account().statement, money=Decimal("-3.5")))
    assert "At this pace it lasts for: 0 days" in balance_text(debt, ENGLISH)
    unread = balance_text(replace(account(), spending=None), ENGLISH)
    assert "the database does not answer" in unread


@pytest.mark.parametrize("reason", list(GatewayReason))
@pytest.mark.parametrize("words", [ENGLISH, RUSSIAN], ids=["en", "ru"])
def test_every_refusal_is_told_in_a_sentence_with_the_code_and_what_was_known(
    reason: GatewayReason, words: Words
) -> None:
    text = balance_text(account(reason, 7), words)

    assert text.startswith("⚠️ ")
    assert "7)" in text.splitlines()[0]
    assert reason not in text
    assert words.moment(EARLIER, NOW) in text


def test_before_the_gateway_ever_told_anything() -> None:
    blocked = BalanceReading(reason=GatewayReason.ADDRESS_BLOCKED, left_alone_until=NOW + timedelta(minutes=5))

    lines = plain(balance_text(BalanceReport(NOW, SMSC, blocked, Decimal(0), has_price=False, spending=None), ENGLISH))

    assert lines[0].endswith("pause for a while.")
    assert lines[-1] == f"Next check at the earliest: {ENGLISH.clock(NOW + timedelta(minutes=5), NOW)}"
    assert not any("warn you below" in line or "Checked: " in line for line in lines)
