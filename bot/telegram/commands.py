"""The commands, declared once: the menus, the help and the routes are made from this list."""

from __future__ import annotations

from dataclasses import dataclass

from aiogram.types import BotCommand

from bot.telegram.texts import Words


@dataclass(frozen=True, slots=True)
class Command:
    """A command. `does` is the English text that says what it does."""

    name: str
    does: str


def _(text: str) -> str:
    """Mark a text for the catalogues; it is translated where it is shown."""
    return text


START = Command("start", _("where I stand, or begin"))
CANCEL = Command("cancel", _("give up this attempt"))
HELP = Command("help", _("how this works"))
PRIVACY = Command("privacy", _("what is kept about me"))
GATES = Command("gates", _("the groups I run"))
COMMANDS = (START, CANCEL, HELP, PRIVACY, GATES)
PENDING = Command("pending", _("who waits, and let in or decline"))
WHO = Command("who", _("what I know of somebody here"))
REVOKE = Command("revoke", _("have somebody verify anew"))
BLOCK = Command("block", _("let somebody in no more"))
UNBLOCK = Command("unblock", _("take a block back"))
ADMIN_COMMANDS = (PENDING, WHO, REVOKE, BLOCK, UNBLOCK)
"""Of administrators, in their groups and in private. Telegram shows what they write in a group to nobody else."""
PEOPLE_COMMANDS = (WHO, REVOKE, BLOCK, UNBLOCK)
"""Those that name somebody."""


def menu(words: Words) -> list[BotCommand]:
    """The menu of commands in one language."""
    return [BotCommand(command=command.name, description=words(command.does)) for command in COMMANDS]


def admin_menu(words: Words) -> list[BotCommand]:
    """What administrators of groups are shown there."""
    return [
        BotCommand(command=command.name, description=words(command.does), is_ephemeral=True)
        for command in ADMIN_COMMANDS
    ]


def listed(words: Words) -> str:
    """The commands as lines of the help."""
    return "\n".join(f"/{command.name} — {words(command.does)}" for command in COMMANDS)
