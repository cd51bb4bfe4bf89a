"""The buttons of the call screen."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from bot.domain.notifications import Toast
from bot.domain.people import Person
from bot.domain.verification import LONGEST_SPAN, next_opening
from bot.features.verification.attempt import RetryVerification, cancel_verification
from bot.features.verification.call_page import CallScreen, read_calls
from storage.store import Store

Press = Callable[[Store, Person, int], Awaitable[Toast]]


@dataclass(frozen=True, slots=True)
class PressedCallButton:
    """The effect of a button, and the state after it. `opens_at`: when the next number is possible, if the limits
    refused one; `next_token`: that of the call screen that continues this one, if there is another."""

    screen: CallScreen
    toast: Toast
    opens_at: datetime | None = None
    next_token: str = ""


class PressCallButton:
    """Acts as the person of a call screen for anybody who has its link, while the screen is visible. None for an
    unknown token, and for a screen that is over."""

    def __init__(self, ask_number_again: RetryVerification) -> None:
        self._ask_number_again = ask_number_again

    async def another(self, store: Store, token: str) -> PressedCallButton | None:
        """Request another number, or try again."""
        pressed = await self._press(store, token, self._ask_number_again)
        if pressed is None:
            return None
        toast, screen = pressed.toast, pressed.screen
        mine = await store.verifications.open_of(screen.user_id)
        if mine is not None and mine.token != token:
            return PressedCallButton(screen, toast, next_token=mine.token)
        if toast is Toast.LIMITED:
            return PressedCallButton(screen, toast, await self._opens_at(store, screen))
        return pressed

    async def cancel(self, store: Store, token: str) -> PressedCallButton | None:
        """Cancel the verification."""
        return await self._press(store, token, cancel_verification)

    async def _press(self, store: Store, token: str, press: Press) -> PressedCallButton | None:
        screen = (await read_calls(store, [token])).get(token)
        person = await store.people.lock(screen.user_id) if screen is not None else None
        if screen is None or person is None or not screen.is_told(store.now):
            return None
        toast = await press(store, person, screen.verification_id)
        return PressedCallButton((await read_calls(store, [token]))[token], toast)

    async def _opens_at(self, store: Store, screen: CallScreen) -> datetime | None:
        verification = await store.verifications.get(screen.verification_id)
        if verification is None:
            return None
        asked = await store.verifications.asked_since(
            screen.user_id, verification.fingerprint, store.now - LONGEST_SPAN
        )
        return next_opening(asked, store.now)
