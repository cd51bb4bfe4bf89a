"""The commands, declared once: the menus, the help and the routes are made from this list."""

from __future__ import annotations

from dataclasses import dataclass

from aiogram.types import BotCommand

from bot.telegram.texts import Words


@dataclass(frozen=True, slots=True)
class Command:
    """A command of the private chat. `does` is the English text that says what it does."""

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
MY_DATA = Command("mydata", _("a file with all that is kept about me"))
DELETE_ME = Command("deleteme", _("delete everything about me"))
COMMANDS = (START, CANCEL, HELP, PRIVACY, GATES, MY_DATA, DELETE_ME)

EXPORT = Command("export", _("the journal of a period, as files"))
ERASE = Command("erase", _("delete everything about a person"))
OPERATOR_COMMANDS = (EXPORT, ERASE)
"""Known to operators only: in no menu, and answered to nobody else."""


def menu(words: Words) -> list[BotCommand]:
    """The menu of commands in one language."""
    return [BotCommand(command=command.name, description=words(command.does)) for command in COMMANDS]


def listed(words: Words) -> str:
    """The commands as lines of the help."""
    return "\n".join(f"/{command.name} — {words(command.does)}" for command in COMMANDS)
