"""What admins do at the panel, and what it shows. Names are stored and stand in old buttons: never reuse one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from bot.domain.gate_health import GateHealth, GateIssue, GateState
from bot.domain.gate_settings import SettingProblem
from bot.domain.gates import Gate
from bot.domain.setting_choices import Page

ADMIN_KNOWN_FOR = timedelta(minutes=1)
"""How long Telegram's word that somebody is an admin is good, unless something changes meanwhile."""


EXPECTS_FILE = frozenset({Page.FILE, Page.IMPORT})


class AdminActionKind(StrEnum):
    """What an admin wants to do."""

    OPEN = "open"
    """See a page."""
    SET = "set"
    """Change a setting: `key` and `value`."""
    SWITCH = "switch"
    PRESET = "preset"
    TYPE = "type"
    """Apply the text written to a page that asks for some."""
    CHECK = "check"
    LINK = "link"
    EXPORT = "export"
    IMPORT = "import"
    APPLY = "apply"
    """Apply an imported file."""
    LOG_HERE = "log_here"
    PRIVATE_CHAT_LINK = "point"
    """Get the link from the group to the panel."""
    LET_IN = "let_in"
    DECLINE = "decline"
    BLOCK = "block"
    UNBLOCK = "unblock"
    REVOKE = "revoke"
    RESTORE = "restore"
    """Undo a revocation."""
    DECLINE_MANY = "decline_many"
    DECLINE_RECENT = "decline_recent"
    """Decline everybody unverified who asked in a raid (`value` is its key), or else in the last minutes."""
    COMMAND = "command"
    """Run a command: `key` is its name, `value` whom it is about."""
    STRICT = "strict"
    """`value`: on, for an hour, or off."""
    STATS = "stats"
    """See statistics: `key` is the period."""
    FREE_PHONE = "free_phone"
    """Of operators: let a verified phone verify another account."""
    ERASE = "erase"
    """Of operators: delete everything about a person."""
    LINK_TEST = "link_test"
    """Report what the link that they share showed: `key`, see `LinkTest`."""


ON_BUTTONS = frozenset(AdminActionKind) - {
    AdminActionKind.TYPE,
    AdminActionKind.IMPORT,
    AdminActionKind.LOG_HERE,
    AdminActionKind.PRIVATE_CHAT_LINK,
    AdminActionKind.FREE_PHONE,
    AdminActionKind.ERASE,
}
"""What a button of the panel can ask for. Everything else needs a message, so a button that asks for it was forged."""


class LinkTest(StrEnum):
    """What the button under a group's name says to a non-member who opens its link."""

    ASKS = "asks"
    """To request to join."""
    JOINS = "joins"
    """To join, at once."""


@dataclass(frozen=True, slots=True)
class AdminAction:
    """An admin action at a gate. `details` depend on the kind.

    `query_id` is that of the pressed button, which the bot has to answer.
    """

    kind: AdminActionKind
    gate_id: int
    admin_id: int
    details: Mapping[str, str | int] = field(default_factory=dict)
    query_id: str | None = None

    @property
    def person_id(self) -> int | None:
        """Whom it is about: the id in its `value`; None when it is none."""
        return id_in(str(self.details.get("value", "")))


def id_in(value: str) -> int | None:
    """The id of a person in this text; None when it is none that a column can hold."""
    return int(value) if value.isascii() and value.isdigit() and 0 < int(value) < 2**63 else None


@dataclass(frozen=True, slots=True)
class GateLine:
    """One gate in the list of those that a person administers."""

    gate_id: int
    title: str
    state: GateState
    waiting: int


@dataclass(frozen=True, slots=True)
class GateList:
    """The gates whose admin the reader is. `more`: how many others there are."""

    gates: tuple[GateLine, ...]
    more: int = 0


@dataclass(frozen=True, slots=True)
class GateCard:
    """What a gate does, what is missing and how many wait. `health` is None until Telegram has reported it.

    `joined_unverified`: how many joined by links without approval lately. `link` is the gate's own, once there is one.
    """

    gate: Gate
    health: GateHealth | None
    issues: tuple[GateIssue, ...]
    waiting: int
    joined_unverified: int = 0
    link: str = ""
    state: GateState = GateState.UNCONFIRMED


@dataclass(frozen=True, slots=True)
class SettingsPage:
    """All settings of a gate, a line each. `health` is None until Telegram has reported it."""

    gate: Gate
    health: GateHealth | None


@dataclass(frozen=True, slots=True)
class PresetsPage:
    """The presets. `asks_to_open`: ask first whether to open the gate to everybody."""

    gate: Gate
    waiting: int
    asks_to_open: bool = False


@dataclass(frozen=True, slots=True)
class LinkTestPage:
    """How to test the link by which people come. `link` is the gate's own, once there is one; `outcome`: what the
    reader said that theirs showed."""

    gate: Gate
    link: str
    outcome: LinkTest | None = None


@dataclass(frozen=True, slots=True)
class SettingPage:
    """A page that shows and changes settings. `chats`: others that the reader administers, by id and title.

    `trouble`: why the last text or choice was rejected, and which part of it.
    """

    gate: Gate
    page: Page
    waiting: int
    trouble: tuple[SettingProblem, str] | None = None
    chats: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ImportPage:
    """What a file would change in the settings. `is_foreign`: it is of another gate; `leaves_chats`: it skips some
    chats."""

    gate: Gate
    changes: str
    waiting: int
    is_foreign: bool = False
    leaves_chats: bool = False
    chats: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class NoAdmin:
    """The reader is not, or no longer, an admin of that gate."""


PanelView = GateList | GateCard | SettingsPage | PresetsPage | LinkTestPage | SettingPage | ImportPage | NoAdmin
