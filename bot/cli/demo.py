"""The demo: the real bot in the sandbox. No account, no money, no network."""

from __future__ import annotations

import asyncio
import re
import secrets
import socket
import sys
import tempfile
from pathlib import Path

from bot import logs, settings
from bot.app import App
from bot.sandbox.clock import SandboxClock
from bot.sandbox.emulator import Tour
from bot.sandbox.people import Person
from bot.sandbox.telegram.state import Group
from bot.sandbox.world import World

PORT = 8090
HOST = "127.0.0.1"


async def demo(stop: asyncio.Event, port: int | None = None) -> None:
    """Run until `stop`; print the one address to open. `port`: of that address; by default 8090 if it is free."""
    logs.configure("console", quiet=True)
    world = World(clock=SandboxClock())
    with tempfile.TemporaryDirectory(prefix="callgate-demo-") as folder:
        await world.start(port=_free_port(PORT) if port is None else port, host=HOST)
        bot_port = _free_port(0)
        callback_token = secrets.token_urlsafe(24)
        people(world)
        operator = next(person for person in world.people.values() if person.role == "operator")
        config = settings.load(
            {
                "BOT_TOKEN": world.bot_token,
                "TELEGRAM_API_URL": world.url,
                "PUBLIC_URL": f"http://{HOST}:{bot_port}",
                "HTTP_PORT": str(bot_port),
                "SMSC_URL": world.url,
                "SMSC_API_KEY": world.smsc.api_key,
                "SMSC_CALLBACK_TOKEN": callback_token,
                "SMSC_CALLBACK_SECRET": world.smsc.callback.secret or "",
                "SECRET_KEY": secrets.token_urlsafe(32),
                "DATABASE_URL": f"sqlite:///{Path(folder) / 'callgate.db'}",
                "OPERATORS": str(operator.id),
                "SMSC_PRICE": "0.45",
                "LANGUAGE": "en",
                "BACKUP_EVERY_HOURS": "0",
            },
            None,
        )
        world.smsc.callback.url = f"http://{HOST}:{bot_port}/smsc/{callback_token}?charset=utf-8&md5"
        app = App(config, world.clock, telegram_script=f"{world.url}/js/telegram-web-app.js")
        app.let_frame(world.url)
        await app.start()
        try:
            elsewhere = (
                f"  Port {PORT} is taken. To choose one: make demo PORT=8100\n"
                if port is None and not world.url.endswith(f":{PORT}")
                else ""
            )
            sys.stdout.write(f"\n  Callgate demo: open {world.url}\n{elsewhere}  Press Ctrl+C to end it.\n\n")
            sys.stdout.flush()
            async with asyncio.TaskGroup() as group:
                scene = group.create_task(_set_scene_once_opened(world))
                await stop.wait()
                scene.cancel()
        finally:
            await app.stop()
            await world.stop()


async def _set_scene_once_opened(world: World) -> None:
    """Set the scene in the language of the first browser that opens the page."""
    await world.opened.wait()
    await set_scene(world, "ru" if world.browser_languages.lower().startswith("ru") else "en")


def people(world: World) -> None:
    """The inhabitants of the demo."""
    world.person("Anna", phone="+79161234512", language="en")
    world.person("Ben", phone="+447400123456", language="en")
    world.person("Clara", phone="+447400654321", language="en")
    world.person("Olga (owner)", phone="+79031112233", language="en", role="owner")
    world.person("Oscar (operator)", language="en", role="operator")


async def set_scene(world: World, language: str) -> None:
    """Groups whose owner has just made the bot their administrator, one for each entry mode; an operator it has met.

    The bot guards the second; in the third, which everybody enters, it has every right that a gate can need. It is a
    member of one more, for the log. Clara has verified; the guide leads Anna into the first group, in `language`.
    """
    for person in world.people.values():
        person.account.language_code = language
    owner = next(person for person in world.people.values() if person.role == "owner")
    operator = next(person for person in world.people.values() if person.role == "operator")
    group = world.group(
        "Flat owners, 12 River Street", owner=owner, about="Neighbours only: repairs, meetings, lost cats.", crowd=127
    )
    await owner.says("/start")
    await operator.says("/start")
    await owner.makes_bot_admin(group, can_invite_users=True)
    guarded = world.group(
        "Allotment gardens, lot 7", owner=owner, about="Water days, seeds to swap, whose hose this is.", crowd=41
    )
    await owner.makes_bot_admin(guarded, can_invite_users=True)
    await owner.assigns_guard(guarded)
    entered = world.group(
        "Chess club, Thursdays", owner=owner, about="Come in, look on, bring a board.", crowd=63, approves=False
    )
    rights = ("can_invite_users", "can_restrict_members", "can_delete_messages", "can_manage_tags")
    await owner.makes_bot_admin(entered, **dict.fromkeys(rights, True))
    log = world.group("Callgate log", owner=owner, approves=False, secret=True)
    await owner.adds(log, world.telegram.bot)
    anna, clara = (next(each for each in world.people.values() if each.name == name) for name in ("Anna", "Clara"))
    await _get_in(clara, group)
    world.tour = Tour(anna, group, since=world.trace.last(1)[0].seq)
    world.telegram.touch(anna.chat)


async def _get_in(person: Person, group: Group) -> None:
    """Verify as everybody does."""
    await person.asks_to_join(group)
    await person.shares_contact()
    number = re.search(r"\+\d{8,15}", (await person.sees("📞")).text or "")
    if number is None:
        raise RuntimeError("the bot shows no number")
    await person.calls(number.group())
    await person.sees("✅")


def _free_port(wanted: int) -> int:
    for port in (wanted, 0):
        with socket.socket() as probe:
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("no free port")
