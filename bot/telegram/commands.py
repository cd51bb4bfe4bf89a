"""The commands, declared once: menus, help and routes all come from this list."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog
from aiogram import Bot
from aiogram.exceptions import AiogramError
from aiogram.types import BotCommand, BotCommandScopeAllChatAdministrators, BotCommandScopeAllPrivateChats

from bot.clock import Clock
from bot.domain.incidents import Finding, IncidentKind, TokenUse
from bot.i18n.texts import LANGUAGES, Texts, Words, _
from bot.telegram.api_errors import refusal

log = structlog.get_logger()

CHECK_EVERY = 30.0
"""Seconds between two comparisons of the menus with what the bot set."""
TIMEOUT = 10
Scope = BotCommandScopeAllPrivateChats | BotCommandScopeAllChatAdministrators
NONE_OF_OURS: str | None = None
"""The menu for people who speak none of our languages has no language code."""
# The languages of Telegram's apps, then all others of ISO 639-1.
_CODES = (
    "uk de es fr it pt pl tr fa ar uz kk be nl id ko zh ja he hu cs ro sr sk ca fi sv nb hr az hy ka tg ky tk vi th ms "
    "bg el da no lt lv et sl hi bn ur sw am my km lo mn ne si ta te ml mr gu kn pa sq mk bs gl eu af is ga cy mt eo tt "
    "ba cv os ab aa ae ak an as av ay bh bi bm bo br ce ch co cr cu dv dz ee ff fj fo fy gd gn gv ha ho ht hz ia ie ig "
    "ii ik io iu jv kg ki kj kl kr ks ku kv kw la lb lg li ln lu mg mh mi na nd ng nn nr nv ny oc oj om or pi ps qu rm "
    "rn rw sa sc sd se sg sm sn so ss st su tl tn to ts tw ty ug ve vo wa wo xh yi yo za zu"
)
OTHER_LANGUAGES = tuple(_CODES.split())
"""The bot sets nothing in these. A menu that another program sets in one of them hides ours from people who speak it
(Bot API, "Determining list of commands")."""
LOOKED_AT = 2
"""How many of them each comparison checks, with two calls each; the next comparison checks others."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command. `does`: the English text that says what it does. `is_ephemeral`: in a group only its sender and the
    bot see it (Bot API 10.2)."""

    name: str
    does: str
    is_ephemeral: bool = False


START = Command("start", _("start, or show my progress"))
CANCEL = Command("cancel", _("stop this verification"))
HELP = Command("help", _("how this works"))
PRIVACY = Command("privacy", _("what the bot keeps about me"))
GATES = Command("gates", _("groups I manage"))
MY_DATA = Command("mydata", _("download my data"))
DELETE_ME = Command("deleteme", _("delete my data"))
COMMANDS = (START, CANCEL, HELP, PRIVACY, GATES, MY_DATA, DELETE_ME)
"""Commands of the private chat."""
GATE = Command("gate", _("the settings of this group"), is_ephemeral=True)
LOG = Command("log", _("post each decision here"))
PENDING = Command("pending", _("people waiting: let in or decline"), is_ephemeral=True)
WHO = Command("who", _("what I know about a person"), is_ephemeral=True)
REVOKE = Command("revoke", _("ask a person to verify again"), is_ephemeral=True)
BLOCK = Command("block", _("keep a person out"), is_ephemeral=True)
UNBLOCK = Command("unblock", _("lift a block"), is_ephemeral=True)
PEOPLE_COMMANDS = (WHO, REVOKE, BLOCK, UNBLOCK)
"""Commands that name somebody."""
ADMIN_COMMANDS = (GATE, PENDING, *PEOPLE_COMMANDS, LOG)
"""Commands of admins, in their groups; all but `/gate` and `/log` in private too."""
STATS = Command("stats", _("how many got in: /stats [today|7d|30d|90d|all] [gate]"))
RECENT = Command("recent", _("the latest arrivals, refusals and decisions"))
FIND = Command("find", _("look somebody up: /find id, @name or phone"))
PERSON = Command("person", _("one person at all groups: /person id"))
EXPORT = Command("export", _("the journal of a period, as files"))
ERASE = Command("erase", _("delete a person's data"))
HEALTH = Command("health", _("my state: problems, queues, connections"))
BALANCE = Command("balance", _("balance at the gateway"))
ALL_GATES = Command("gates", _("all groups and their state"))
ANNOUNCE = Command("announce", _("write to the administrators of all groups"))
OPERATORS = Command("operators", _("operators: list, add, remove"))
OPERATOR_COMMANDS = (
    STATS,
    RECENT,
    FIND,
    PERSON,
    EXPORT,
    ERASE,
    HEALTH,
    BALANCE,
    ALL_GATES,
    ANNOUNCE,
    OPERATORS,
)
"""In no menu: people who may not use them do not learn that they exist."""


def of_admins(*, is_operator: bool) -> tuple[Command, ...]:
    """Return the commands that the help lists for admins; `/stats` only if the list for operators does not follow."""
    return ADMIN_COMMANDS if is_operator else (*ADMIN_COMMANDS, STATS)


def menu(words: Words, commands: Sequence[Command] = COMMANDS) -> list[BotCommand]:
    """Return the menu of commands in one language."""
    return [
        BotCommand(command=command.name, description=words(command.does), is_ephemeral=command.is_ephemeral or None)
        for command in commands
    ]


class Menus:
    """The bot's menus at Telegram, in each of our languages and for everybody else. Sets them again when another
    program changed them, and removes a menu that it set in another language."""

    def __init__(self, bot: Bot, texts: Texts, clock: Clock, report: Callable[[Finding], None]) -> None:
        """`report` is called when another program changed a menu."""
        self._bot = bot
        self._clock = clock
        self._report = report
        scopes: tuple[tuple[Scope, tuple[Command, ...]], ...] = (
            (BotCommandScopeAllPrivateChats(), COMMANDS),
            (BotCommandScopeAllChatAdministrators(), ADMIN_COMMANDS),
        )
        self._menus = {
            (scope.type, language): (scope, menu(texts.in_language(language or ""), commands))
            for scope, commands in scopes
            for language in (*LANGUAGES, NONE_OF_OURS)
        }
        self._scopes = tuple(scope for scope, _ in scopes)
        self._agreed: dict[tuple[str, str | None], list[tuple[str, str]]] = {}
        self._next_language = 0

    async def keep(self, stop: asyncio.Event) -> None:
        """Until `stop`: set the menus that are not set yet, and compare the others."""
        while not stop.is_set():
            try:
                await self._compare()
            except (AiogramError, OSError) as error:
                log.warning("menus_not_compared", error=refusal(error) or type(error).__name__)
            await self._clock.pause(CHECK_EVERY, stop)

    async def _compare(self) -> None:
        is_changed = await self._remove_others() if self._agreed.keys() == self._menus.keys() else False
        for key, (scope, commands) in self._menus.items():
            found = await self._read(scope, key[1]) if key in self._agreed else None
            if found is not None and found == self._agreed[key]:
                continue
            await self._bot.set_my_commands(commands, scope=scope, language_code=key[1], request_timeout=TIMEOUT)
            self._agreed[key] = [(command.command, command.description) for command in commands]
            if found is not None:
                # Telegram may store a menu in a form of its own; then the previous comparison found the same.
                self._agreed[key] = await self._read(scope, key[1])
                is_changed |= self._agreed[key] != found
        if is_changed:
            log.error("menu_changed", advice="another program uses this BOT_TOKEN; stop it")
            self._report(Finding(IncidentKind.SECOND_PROGRAM, TokenUse.COMMANDS))

    async def _remove_others(self) -> bool:
        """Check a few languages in which this bot sets nothing; return whether another program had set a menu."""
        first = self._next_language
        self._next_language = (first + LOOKED_AT) % len(OTHER_LANGUAGES)
        is_changed = False
        for language in OTHER_LANGUAGES[first : first + LOOKED_AT]:
            for scope in self._scopes:
                if await self._read(scope, language):
                    await self._bot.delete_my_commands(scope=scope, language_code=language, request_timeout=TIMEOUT)
                    is_changed = True
        return is_changed

    async def _read(self, scope: Scope, language: str | None) -> list[tuple[str, str]]:
        found = await self._bot.get_my_commands(scope=scope, language_code=language, request_timeout=TIMEOUT)
        return [(command.command, command.description) for command in found]


def listed(words: Words, commands: Sequence[Command] = COMMANDS) -> str:
    """Return the commands as lines of the help."""
    return "\n".join(f"/{command.name} — {words(command.does)}" for command in commands)
