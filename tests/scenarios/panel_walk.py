"""How an admin walks through the panel."""

from __future__ import annotations

from bot.sandbox.people import Person
from bot.sandbox.telegram.state import Group, Message
from bot.sandbox.world import World
from tests.installation import Installation, verify
from tests.scenarios.story import all_is_carried, eventually


async def opens(admin: Person, button: str, heading: str) -> str:
    """Open a page with a button of the card; return its text."""
    await admin.presses(button)
    return (await admin.sees(heading)).text or ""


async def opens_setting(admin: Person, button: str, heading: str) -> str:
    """Open a page of settings from the card; return its text."""
    await admin.presses("⚙️ Settings")
    return await opens(admin, button, heading)


async def applies_preset(admin: Person, name: str) -> str:
    """Apply a preset from the card; return the popup."""
    await admin.presses("⚙️ Settings")
    await admin.presses("🎛 Presets")
    return (await admin.presses(name))["text"] or ""


async def chooses(admin: Person, button: str) -> None:
    """Press a choice; the bot accepts it."""
    answer = await admin.presses(button)
    assert answer["text"] == "Saved"


async def writes(world: World, admin: Person, text: str, *, then: str) -> Message:
    """Write to the open page, and return it once the bot has accepted the text and deleted it."""
    said = await admin.says(text)
    page = await admin.sees(then)
    await world.wait_until(lambda: said not in admin.chat.messages)
    return page


def screens(admin: Person) -> list[Message]:
    """Return the bot's messages in the private chat."""
    return [message for message in admin.chat.messages if message.sender.is_bot]


async def comes_in(world: World, group: Group, name: str = "Anna", phone: str | None = None) -> Person:
    """Let somebody ask to join, verify, and come in."""
    newcomer = world.person(name, phone, language="en")
    await newcomer.asks_to_join(group)
    await newcomer.sees(group.title)
    await verify(newcomer)
    await world.wait_until(lambda: newcomer.id in group.members)
    return newcomer


async def switched_on(world: World, callgate: Installation, owner: Person, group: Group, **rights: bool) -> None:
    """The owner makes the bot an admin with these rights; return once the gate is on and checked."""
    await owner.makes_bot_admin(group, can_invite_users=True, **rights)
    await eventually(callgate, "SELECT count(*) AS n FROM gates WHERE health IS NOT NULL", [{"n": 1}])
    await all_is_carried(callgate)


async def menus_are_set(world: World) -> None:
    """Return once the bot has told Telegram its commands."""
    await world.wait_until(lambda: ("all_chat_administrators", "") in world.telegram.commands)


async def admin_of(world: World, owner: Person, group: Group, name: str = "Boris") -> Person:
    """Make somebody an administrator of a group who has written to the bot."""
    admin = world.person(name, language="en")
    await admin.says("/start")
    await admin.sees("👋")
    await owner.adds(group, admin)
    await owner.promotes(group, admin)
    return admin
