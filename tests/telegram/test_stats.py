"""Statistics as they go out: text below the chart, buttons, and what happens when a chart cannot be drawn."""

from __future__ import annotations

import asyncio
import json
import re
import threading
from dataclasses import replace
from decimal import Decimal

import pytest
from aiogram import Bot
from aiogram.types import InlineKeyboardMarkup

from bot.delivery.execute import chat_of
from bot.domain.gates import Ineligibility
from bot.domain.gateway import GatewayReason
from bot.domain.outgoing import DeliveryResult, DeliveryStatus, PendingTask, TaskKind
from bot.domain.phone import ContactRefusal
from bot.domain.statistics import PERIODS, FunnelStep, StatisticsReport, StatsReply
from bot.domain.tasks import SendChart, SendGateButtons
from bot.features.statistics import screens
from bot.features.statistics.chart import chart
from bot.features.statistics.screens import MOST_WAITING, StatsSender
from bot.features.statistics.words import caption, unknown
from bot.i18n.texts import Texts, Words
from bot.sandbox.people import Person
from bot.sandbox.world import World
from tests.sandbox.test_photos import png
from tests.tasks import work
from tests.telegram.summaries import GATES, empty, summary

TEXTS = Texts("en")
ENGLISH, RUSSIAN = TEXTS.in_language("en"), TEXTS.in_language("ru")
LONGEST_CAPTION = 1024


def task(told: StatisticsReport, chat_id: int, **details: str | int) -> PendingTask:
    details = {"answer": StatsReply.CHART, "summary": told.packed(), "others": 1, "together": 1, **details}
    return PendingTask(1, work(TaskKind.STATS, **details), chat_id, "en")


async def tells(sender: StatsSender, task: PendingTask) -> DeliveryResult:
    """Run a task with a chart, or with the gates to choose from."""
    if isinstance(task.work, SendGateButtons):
        return await sender.gates(task, task.work)
    assert isinstance(task.work, SendChart)
    return await sender.chart(task, task.work)


@pytest.fixture
async def anna(world: World) -> Person:
    anna = world.person("Anna", language="en")
    await anna.says("/start")
    return anna


def teller(bot: Bot) -> StatsSender:
    return StatsSender(bot, TEXTS, None, lambda: "beef", lambda told, words: png(4, 3))


def shown_length(html: str) -> int:
    """Return the length as Telegram counts it, without the markup."""
    return len(re.sub(r"<[^>]+>", "", html).encode("utf-16-le")) // 2


def test_the_words_tell_the_numbers() -> None:
    assert caption(summary("7d"), ENGLISH, Decimal("0.455")).splitlines() == [
        "<b>All gates</b> · 7 days",
        "Came in: <b>703</b>",
        "Asked: <b>844</b>",
        "Contact: <b>768</b> · 91%",
        "Number: <b>742</b> · 88%",
        "Called: <b>666</b> · 79%",
        "In by call: <b>658</b> · 78%",
        "",
        "Let in at once, verified before: 42",
        "Let in without a call: 3",
        "From number to call: half within 21 s, nine of ten within 1 min 24 s",
        "Stopped: gateway does not answer (code 9) 12; somebody else's contact 7; country not accepted 4",
        "Spent on numbers: 844 × 0.455 = 384.02",
    ]


@pytest.mark.parametrize(
    ("before", "says"),
    [
        (None, "Came in: <b>703</b>"),
        (19, "Came in: <b>703</b>"),
        (20, "Came in: <b>703</b> · ↑ 3,415% on the period before"),
        (628, "Came in: <b>703</b> · ↑ 12% on the period before"),
        (703, "Came in: <b>703</b> · as many as before"),
        (1406, "Came in: <b>703</b> · ↓ 50% on the period before"),
    ],
)
def test_a_period_is_compared_with_the_one_before_if_enough_came_in(before: int | None, says: str) -> None:
    assert caption(replace(summary("7d"), entered_before=before), ENGLISH, None).splitlines()[1] == says


def test_numbers_are_written_as_the_reader_does() -> None:
    told = caption(summary("30d", a_day=1400), RUSSIAN, Decimal("0.45"))

    assert re.search("<b>\\d\\d\xa0\\d{3}</b> · 91\xa0%", told)
    assert "0,45" in told


def test_shares_are_told_only_where_somebody_asked_and_small_ones_more_exactly() -> None:
    told = summary("7d")
    nobody = replace(told.statistics, funnel={**told.statistics.funnel, FunnelStep.ASKED: 0})
    few = replace(told.statistics, funnel={**told.statistics.funnel, FunnelStep.ASKED: 100_000, FunnelStep.IN: 1234})

    assert "%" not in caption(replace(told, statistics=nobody), ENGLISH, None)
    assert "In by call: <b>1,234</b> · 1.2%" in caption(replace(told, statistics=few), ENGLISH, None)


@pytest.mark.parametrize("code", [*GatewayReason, *ContactRefusal, *Ineligibility, "no_money:3"])
def test_every_code_of_ours_is_told_in_words(code: str) -> None:
    told = summary("7d")

    text = caption(replace(told, statistics=replace(told.statistics, refusals={code: 5})), ENGLISH, None)

    (line,) = [line for line in text.splitlines() if line.startswith("Stopped: ")]
    assert re.fullmatch(r"Stopped: [\w' ]{12,}( \(code 3\))? 5", line)
    assert "_" not in line


def test_the_longest_words_are_within_what_telegram_takes_and_escaped() -> None:
    told = summary("all", a_day=90_000, gate=(-5, "<&>" * 40))
    codes = {f"Bad Request: <{number}> & {'x' * 20}"[:32]: number for number in range(50)}

    for words in (ENGLISH, RUSSIAN):
        text = caption(replace(told, statistics=replace(told.statistics, refusals=codes)), words, Decimal("123456.789"))
        assert shown_length(text) <= LONGEST_CAPTION
        assert "<&>" not in text
        assert "&lt;49&gt; &amp; x" in text


def test_nothing_is_told_in_a_sentence() -> None:
    assert caption(empty("90d", "Flats"), ENGLISH, Decimal(1)) == (
        "<b>Flats</b> · 90 days\nNobody asked to join in this period."
    )


def test_a_long_list_of_possible_gates_says_how_many_more_there_are() -> None:
    text = unknown("<b>", ["A", "B & C"], 7, ENGLISH)

    assert text == (
        "“&lt;b&gt;” is neither a period (today, 7d, 30d, 90d, all) nor one of the gates: "
        "<b>A</b>, <b>B &amp; C</b>, 7 more."
    )


def data(keyboard: InlineKeyboardMarkup) -> list[list[tuple[str, str]]]:
    return [[(button.text, button.callback_data or "") for button in row] for row in keyboard.inline_keyboard]


def test_every_button_fits_telegram_and_marks_what_is_shown() -> None:
    longest = -1009999999999999
    for period in PERIODS:
        rows = data(screens.of_chart(ENGLISH, period, longest, others=True, together=True))
        marked = [text for text, _ in [*rows[0], *rows[1]]]
        assert [place for place, text in enumerate(marked) if text.startswith("· ")] == [list(PERIODS).index(period)]
        assert all(len(sent.encode()) <= 64 for row in rows for _, sent in row)
        assert [text for text, _ in rows[2]] == ["Another gate…", "All gates"]
    alone = data(screens.of_chart(ENGLISH, "7d", longest, others=False, together=False))
    assert [len(row) for row in alone] == [3, 2]


def test_pages_of_gates_lead_to_each_other_and_back() -> None:
    gates = list(GATES.items())[:2]
    pages = [data(screens.of_gates(ENGLISH, "7d", -5, gates, page, 3, together=True))[-1] for page in range(3)]

    assert pages == [
        [("Back", "s:7d:-5:-1"), ("›", "s:7d:-5:1")],
        [("‹", "s:7d:-5:0"), ("Back", "s:7d:-5:-1"), ("›", "s:7d:-5:2")],
        [("‹", "s:7d:-5:1"), ("Back", "s:7d:-5:-1")],
    ]
    of_admin = data(screens.of_gates(ENGLISH, "7d", -5, gates, 0, 1, together=False))
    assert [row[0][1] for row in of_admin] == [*(f"s:7d:{gate_id}:-1" for gate_id in list(GATES)[:2]), "s:7d:-5:-1"]


async def test_a_chart_goes_out_and_changes_in_place(bot: Bot, anna: Person) -> None:
    sent = await tells(teller(bot), task(summary("7d"), anna.id))
    message = await anna.sees("All gates · 7 days")
    assert (sent.result, sent.message_id) == (DeliveryStatus.DONE, message.id)

    again = await tells(teller(bot), task(summary("90d"), anna.id, message_id=message.id))

    assert (again.result, again.message_id) == (DeliveryStatus.DONE, message.id)
    assert (message.text or "").startswith("All gates · 90 days")
    assert chat_of(again.item) == anna.id


@pytest.mark.parametrize("error", [OSError("no font"), MemoryError(), ValueError("a bug")])
async def test_where_the_chart_cannot_be_drawn_the_words_go_out_alone(bot: Bot, anna: Person, error: Exception) -> None:
    def fail(told: StatisticsReport, words: Words) -> bytes:
        raise error

    receipt = await tells(StatsSender(bot, TEXTS, None, lambda: "beef", fail), task(summary("7d"), anna.id))

    assert (receipt.result, receipt.error_id) == (DeliveryStatus.DONE, "beef")
    assert (receipt.error, receipt.is_our_fault) == (type(error).__name__, True)
    message = await anna.sees("All gates · 7 days")
    assert receipt.message_id == message.id
    assert message.photo is None
    assert "· 7 days ·" in message.buttons


async def test_where_telegram_refuses_the_chart_the_words_go_out_alone(world: World, bot: Bot, anna: Person) -> None:
    sent = await tells(teller(bot), task(summary("7d"), anna.id))
    world.faults.add(where="telegram", kind="400", method="editMessageMedia", times=None)
    world.faults.add(where="telegram", kind="400", method="sendPhoto", times=None)

    for given in (task(summary("30d"), anna.id), task(summary("90d"), anna.id, message_id=sent.message_id or 0)):
        receipt = await tells(teller(bot), given)

        assert receipt.result is DeliveryStatus.DONE
        assert receipt.error_id
        assert "asked to refuse" in receipt.error
    for days in (30, 90):
        assert (await anna.sees(f"All gates · {days} days")).photo is None


async def test_charts_are_drawn_one_at_a_time_and_more_than_a_few_come_again_later(bot: Bot, anna: Person) -> None:
    at_work, begun, go_on = [], threading.Event(), threading.Event()

    def slowly(told: StatisticsReport, words: Words) -> bytes:
        at_work.append(told)
        begun.set()
        assert go_on.wait(30)
        return png(4, 3)

    one_by_one = StatsSender(bot, TEXTS, None, lambda: "beef", slowly)
    async with asyncio.TaskGroup() as group:
        told = [group.create_task(tells(one_by_one, task(summary("7d"), anna.id))) for _ in range(MOST_WAITING + 2)]
        pending = set(told)
        while len(pending) > MOST_WAITING:
            _, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        assert await asyncio.to_thread(begun.wait, 30)
        assert len(at_work) == 1
        go_on.set()

    receipts: list[DeliveryResult] = [task.result() for task in told]
    assert [receipt.result for receipt in receipts] == [DeliveryStatus.DONE] * MOST_WAITING + [DeliveryStatus.RETRY] * 2
    assert len(at_work) == MOST_WAITING


async def test_the_loop_runs_on_while_a_chart_is_drawn(bot: Bot, anna: Person) -> None:
    begun, go_on = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def draw(told: StatisticsReport, words: Words) -> bytes:
        loop.call_soon_threadsafe(begun.set)
        assert go_on.wait(30)
        return chart(told, words)

    sender = StatsSender(bot, TEXTS, None, lambda: "beef", draw)
    carried = loop.create_task(tells(sender, task(summary("7d"), anna.id)))
    await begun.wait()
    go_on.set()

    assert (await carried).result is DeliveryStatus.DONE
    photo = (await anna.sees("All gates · 7 days")).photo
    assert photo is not None
    assert photo.data == chart(summary("7d"), ENGLISH)


async def test_a_list_of_gates_takes_the_place_of_the_buttons(bot: Bot, anna: Person) -> None:
    await tells(teller(bot), task(summary("7d"), anna.id))
    message = await anna.sees("All gates · 7 days")
    gates = json.dumps([[-1, "A"], [-2, "B"]])
    listed = task(
        summary(),
        anna.id,
        answer=StatsReply.GATES,
        gates=gates,
        period="7d",
        gate=0,
        page=0,
        pages=1,
        message_id=message.id,
    )

    await tells(teller(bot), listed)

    assert message.buttons == ["All gates", "A", "B", "Back"]
    assert message.photo is not None
