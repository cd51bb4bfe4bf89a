"""People on their way in, while the bot comes and goes."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from bot.clock import REAL_TIME
from bot.sandbox.people import NotSeen, Person
from bot.sandbox.telegram.app_user import NotAllowed
from bot.sandbox.telegram.state import Group, Message
from bot.sandbox.world import World
from tests.installation import NUMBER
from tests.torture.plan import Habit, Newcomer, Way

PATIENCE = 240.0
"""Seconds of waiting for an answer after which it will not come any more."""
TRIES = 3
"""How often somebody tries again whom the gateway gave no number."""
NO_NUMBER = re.compile("⚠️|⏸|⌛")


@dataclass(slots=True)
class Walker:
    """A newcomer with what they did, as far as it matters at the end."""

    newcomer: Newcomer
    person: Person
    group: Group
    has_shared: bool = False
    has_cancelled: bool = False
    has_withdrawn: bool = False
    has_blocked: bool = False
    waited_in_vain: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.person} ({self.newcomer.way}, {self.newcomer.habit})"


async def walk(world: World, walker: Walker) -> None:
    """Go the whole way; what never came is noted."""
    try:
        await REAL_TIME.pause(walker.newcomer.comes_after)
        if walker.newcomer.way is Way.KNOWN:
            await walker.person.says("/start")
        else:
            await _enters(walker)
        if walker.newcomer.habit is not Habit.JOINS_ONLY:
            await _verifies(world, walker)
        if walker.newcomer.way is Way.KNOWN:
            await _enters(walker)
    except NotSeen as error:
        walker.waited_in_vain.append(str(error).splitlines()[0])


async def _enters(walker: Walker) -> None:
    if walker.newcomer.way is Way.MUTE:
        await walker.person.joins(walker.group)
    else:
        await walker.person.asks_to_join(walker.group)


async def _verifies(world: World, walker: Walker) -> None:
    await _shares_contact(world, walker)
    if walker.newcomer.habit is Habit.SHARES_ONLY:
        return
    number = await _number(world, walker)
    if number is None:
        return
    await HABITS.get(walker.newcomer.habit, _calls)(walker, number)


async def _shares_contact(world: World, walker: Walker) -> None:
    person, newcomer = walker.person, walker.newcomer
    if newcomer.way is Way.MUTE or newcomer.habit is Habit.STARTS_TWICE:
        await person.says("/start")
    await REAL_TIME.pause(newcomer.step)
    if newcomer.habit is Habit.STARTS_TWICE:
        await person.says("/start")

    def can_share() -> bool:
        return person.asked_for_contact() or person.chat.offered_app is not None

    await person._until(can_share, "a way to share the contact", PATIENCE)
    await REAL_TIME.pause(newcomer.step)
    walker.has_shared = True
    if person.chat.offered_app is not None:
        await person.shares_contact_in_app()
    else:
        await person.shares_contact(PATIENCE)


async def _number(world: World, walker: Walker) -> str | None:
    """The call number, once it is shown; None when there was none after some tries."""
    person = walker.person
    for _ in range(TRIES):
        await person._until(lambda: _goes_on(person), "a number", PATIENCE)
        number = _screen(person, "📞")
        await REAL_TIME.pause(walker.newcomer.step)
        if number is not None:
            return number
        if not _failed(person):
            return None
        await _presses(person, "🔄 Try again")
    return None


def _goes_on(person: Person) -> bool:
    screen = newest(person)
    is_in = screen is not None and "✅" in (screen.text or "")
    return _screen(person, "📞") is not None or _failed(person) or is_in


def _screen(person: Person, mark: str) -> str | None:
    screen = newest(person)
    found = NUMBER.search(screen.text or "") if screen is not None and mark in (screen.text or "") else None
    return found.group() if found else None


def _failed(person: Person) -> bool:
    screen = newest(person)
    return screen is not None and NO_NUMBER.match(screen.text or "") is not None


def newest(person: Person) -> Message | None:
    """The newest message of the bot in somebody's private chat."""
    return next((message for message in reversed(person.chat.messages) if message.sender.is_bot), None)


async def _presses(person: Person, button: str) -> None:
    """Press a button if it is still there; the answer may be lost with the bot."""
    message = person._with_button(button)
    found = message.button(button) if message is not None else None
    if message is not None and found is not None:
        try:
            person.press_without_waiting(message, found["callback_data"])
        except NotAllowed:
            return


async def _calls(walker: Walker, number: str) -> None:
    await walker.person.calls(number)


async def _calls_twice(walker: Walker, number: str) -> None:
    await walker.person.calls(number)
    await REAL_TIME.pause(walker.newcomer.step)
    await walker.person.calls(number)


async def _calls_another(walker: Walker, number: str) -> None:
    await _presses(walker.person, "🔄 Another")
    await REAL_TIME.pause(walker.newcomer.step * 2)
    await walker.person.calls(_screen(walker.person, "📞") or number)


async def _blocks(walker: Walker, number: str) -> None:
    walker.has_blocked = True
    await walker.person.blocks_bot()
    await REAL_TIME.pause(walker.newcomer.step)
    await walker.person.calls(number)


async def _calls_from_another(walker: Walker, number: str) -> None:
    await walker.person.calls(number, from_number=f"+7926{walker.person.id % 10_000_000:07}")


async def _cancels(walker: Walker, _number: str) -> None:
    walker.has_cancelled = True
    await _presses(walker.person, "✖️ Cancel")


async def _withdraws(walker: Walker, number: str) -> None:
    if walker.newcomer.way not in (Way.REQUEST, Way.GUARD):
        await _calls(walker, number)
        return
    walker.has_withdrawn = True
    try:
        await walker.person.withdraws_request(walker.group)
    except NotAllowed:
        return


HABITS: dict[Habit, Callable[[Walker, str], Awaitable[None]]] = {
    Habit.CALLS_TWICE: _calls_twice,
    Habit.ASKS_ANOTHER: _calls_another,
    Habit.BLOCKS: _blocks,
    Habit.CALLS_FROM_ANOTHER: _calls_from_another,
    Habit.CANCELS: _cancels,
    Habit.WITHDRAWS: _withdraws,
}
