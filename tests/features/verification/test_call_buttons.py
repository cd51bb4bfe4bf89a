"""The buttons of the call screen."""

from __future__ import annotations

from datetime import timedelta

from bot.domain.notifications import Toast
from bot.features.verification.call_buttons import PressCallButton
from tests.features.rules import MINUTE, Rules
from tests.features.verification.test_call_page import screen


async def test_the_button_says_when_the_next_number_is_possible(rules: Rules) -> None:
    await rules.gets_number()
    token = (await screen(rules)).token
    buttons = PressCallButton(rules.ask_again)
    begun = rules.now
    for _ in range(2):
        rules.later(MINUTE)
        pressed = await rules.database.transact(lambda store: buttons.another(store, token))
        assert pressed is not None
        assert pressed.opens_at is None
        await rules.is_given()

    refused = await rules.database.transact(lambda store: buttons.another(store, token))

    assert refused is not None
    assert (refused.toast, refused.opens_at) == (Toast.LIMITED, begun + timedelta(minutes=10))
    assert await rules.database.transact(lambda store: buttons.another(store, "unknown")) is None
