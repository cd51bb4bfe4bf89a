"""Raid alerts for admins, and their buttons."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import pytest
from aiogram.types import InlineKeyboardMarkup

from bot.delivery.execute import TelegramExecutor
from bot.domain.admin_actions import AdminActionKind
from bot.domain.gates import GateMode
from bot.domain.outgoing import DeliveryStatus, PendingTask, TaskKind
from bot.features.raids.screens import render_alert
from bot.i18n.texts import LANGUAGES, Texts
from bot.sandbox.telegram.html import parse_html
from bot.sandbox.world import World
from bot.telegram.keyboards import PanelButton
from bot.telegram.rendered import RenderedMessage
from tests.domain.makers import NOW
from tests.tasks import alert, work

GATE_ID = -1002147483647
SAID: dict[str, str | int] = {
    "gate": GATE_ID,
    "raid": int(NOW.timestamp()),
    "title": "<b>Flats & co",
    "language": "",
    "count": 412,
    "minutes": 5,
    "switch": GateMode.ON,
    "asks_call": 1,
}
STRICT: dict[str, str | int] = {"strict_until": int(NOW.timestamp()) + 3600}
DECLINES: dict[str, str | int] = {"total": 400, "done": 100, "is_chosen": 1, "decline_by": 55}
OVER: dict[str, str | int] = {"over": 1, "approved": 3, "declined": 400, "waiting": 9}


def buttons(drawing: RenderedMessage) -> list[tuple[AdminActionKind, str]]:
    if drawing.keyboard is None:
        return []
    assert isinstance(drawing.keyboard, InlineKeyboardMarkup)
    data = [button.callback_data or "" for row in drawing.keyboard.inline_keyboard for button in row]
    assert all(len(each.encode()) <= 64 for each in data)
    return [(button.act, button.value) for button in map(PanelButton.unpack, data)]


def drawn(said: Mapping[str, str | int], language: str = "en") -> RenderedMessage:
    return render_alert(alert(**said), Texts("en").in_language(language), NOW)


@pytest.mark.parametrize("language", LANGUAGES)
def test_whatever_is_true_telegram_takes_the_text(language: str) -> None:
    choices: list[list[dict[str, str | int]]] = [
        [{}, OVER],
        [{}, STRICT, STRICT | {"strict_by": 0}, {"strict_by": 55}],
        [{}, DECLINES, DECLINES | {"done": 400}],
        [{}, {"switch_by": 55}, {"switch_by": 0}],
        [{"switch": switch} for switch in GateMode],
        [{}, {"closed": 1}, {"asks_call": 0}],
    ]
    for parts in itertools.product(*choices):
        said = dict(SAID)
        for part in parts:
            said |= part
        drawing = drawn(said, language)
        text, _ = parse_html(drawing.text)
        assert "<b>Flats & co" in text
        assert len(text) < 1000
        assert ("closed" in said) is (drawing.keyboard is None)
        buttons(drawing)


def test_a_raid_that_goes_on_has_the_three_buttons() -> None:
    drawing = drawn(SAID)

    assert "412 requests to join within 5 min" in drawing.text
    assert buttons(drawing) == [
        (AdminActionKind.SWITCH, "paused"),
        (AdminActionKind.DECLINE_RECENT, str(SAID["raid"])),
        (AdminActionKind.STRICT, "on"),
    ]


def test_what_was_done_is_told_with_who_did_it_and_can_be_undone() -> None:
    drawing = drawn({**SAID, **STRICT, "switch": "paused", "switch_by": 55, "strict_by": 0})

    assert '<a href="tg://user?id=55">An administrator</a>' in drawing.text
    assert "I did this by myself." in drawing.text
    assert buttons(drawing) == [
        (AdminActionKind.SWITCH, "on"),
        (AdminActionKind.DECLINE_RECENT, str(SAID["raid"])),
        (AdminActionKind.STRICT, "off"),
    ]


def test_of_declines_it_is_told_how_far_they_are() -> None:
    assert "Declining: 100 of 400." in drawn({**SAID, **DECLINES}).text
    assert "Declining: 400 of 400." in drawn({**SAID, **DECLINES, "done": 400, "is_chosen": 0}).text
    assert "Declined: 400." in drawn({**SAID, **DECLINES, "done": 400}).text


def test_a_gate_that_asks_for_no_call_is_said_to_let_all_of_them_in() -> None:
    assert "everyone gets in" in drawn({**SAID, "asks_call": 0}).text


def test_over_it_has_buttons_only_for_what_is_left_to_do() -> None:
    drawing = drawn({**SAID, **OVER})

    assert "412 people asked to join. Let in: 3, declined: 400, waiting: 9." in drawing.text
    assert buttons(drawing) == [(AdminActionKind.DECLINE_RECENT, str(SAID["raid"]))]
    assert buttons(drawn({**SAID, **OVER, "waiting": 0})) == []


async def test_an_alert_is_sent_once_and_then_edited_in_place(world: World, deliverer: TelegramExecutor) -> None:
    olga = world.person("Olga", language="en")
    await olga.says("/start")

    def alert(**details: str | int) -> PendingTask:
        return PendingTask(1, work(TaskKind.ALERT, **{**SAID, **details}), olga.id, "en")

    sent = await deliverer.deliver(alert())
    assert sent.message_id is not None
    for _ in range(2):
        edited = await deliverer.deliver(alert(message_id=sent.message_id, count=500))
        assert (edited.result, edited.message_id) == (DeliveryStatus.DONE, sent.message_id)

    assert "500 requests" in ((await olga.sees("is being raided")).text or "")
    gone = await deliverer.deliver(alert(message_id=sent.message_id + 1))
    assert gone.result is DeliveryStatus.REFUSED
