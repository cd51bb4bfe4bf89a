"""The condition of a gate at Telegram: what works, and what is missing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum

from bot.domain.gate_settings import EntryMode
from bot.domain.gates import Gate, GateMode

LATELY = timedelta(days=7)
"""For how long people who joined by links without approval count as an issue of a gate."""
BY_REQUEST = (EntryMode.REQUEST, EntryMode.GUARD, EntryMode.LINK)
"""Entry modes in which nobody is in before the bot admits them."""


class GateIssue(StrEnum):
    """What keeps a gate from doing what its settings say, or lets people bypass it."""

    NOT_THERE = "not_there"
    """The bot is not in the chat, or no administrator of it."""
    CANNOT_INVITE = "cannot_invite"
    CANNOT_RESTRICT = "cannot_restrict"
    CANNOT_TAG = "cannot_tag"
    CANNOT_DELETE = "cannot_delete"
    NO_APPROVAL = "no_approval"
    """Anybody can join without asking: new members need no approval."""
    OPEN_LINK = "open_link"
    """People joined lately by an invite link that needs no approval."""
    OPEN_COMMENTS = "open_comments"
    """Readers of the channel to which the group is linked can write in it without joining."""
    NO_GUARD = "no_guard"
    """The settings want the group's guard, and its owner has not chosen the bot."""
    NO_GUARD_HERE = "no_guard_here"
    """Guard joins are not possible with this installation, or in this chat."""
    NOT_A_SUPERGROUP = "not_a_supergroup"
    """Only in supergroups can newcomers be muted."""
    OWN_TAGS = "own_tags"
    """Members may give themselves any tag, so one proves nothing."""


RIGHTS = frozenset({GateIssue.NOT_THERE, GateIssue.CANNOT_INVITE, GateIssue.CANNOT_RESTRICT, GateIssue.CANNOT_TAG})
"""Issues that a right in Telegram fixes."""


@dataclass(frozen=True, slots=True)
class GateHealth:
    """What Telegram said of the chat, and when.

    `is_open`: people can join without approval, by its public name or its main link. `joins_by_request`: people who
    join without a link need approval (Bot API, `ChatFullInfo.join_by_request`). `guard_possible`: the bot can be chosen
    as its guard. `own_tags`: members may give themselves any tag. `open_comments`: non-members can write in it, since
    it is linked to a channel (Bot API, `ChatFullInfo.join_to_send_messages`). `lacks_since`: since when the bot has
    noticed that a right is missing that the gate needs; None while none is.
    """

    checked_at: datetime
    is_there: bool = True
    can_invite: bool = False
    can_restrict: bool = False
    can_tag: bool = False
    can_delete: bool = False
    is_open: bool = False
    is_supergroup: bool = False
    is_guarded: bool = False
    guard_possible: bool = False
    own_tags: bool = False
    joins_by_request: bool = False
    open_comments: bool = False
    lacks_since: datetime | None = None


def issues(gate: Gate, health: GateHealth, joined_unverified: int) -> list[GateIssue]:
    """Return the issues of the gate, the worst first. Its settings decide which rights it needs."""
    if not health.is_there:
        return [GateIssue.NOT_THERE]
    settings, way = gate.settings, gate.settings.way
    is_by_request = way in BY_REQUEST
    found = {
        GateIssue.CANNOT_INVITE: not health.can_invite,
        GateIssue.NOT_A_SUPERGROUP: way is EntryMode.MUTE and not health.is_supergroup,
        GateIssue.CANNOT_RESTRICT: way is EntryMode.MUTE and not health.can_restrict,
        GateIssue.NO_APPROVAL: is_by_request and health.is_open,
        GateIssue.OPEN_LINK: is_by_request and joined_unverified > 0,
        GateIssue.OPEN_COMMENTS: settings.asks_call and health.open_comments,
        GateIssue.NO_GUARD_HERE: way is EntryMode.GUARD and not health.guard_possible,
        GateIssue.NO_GUARD: way is EntryMode.GUARD and health.guard_possible and not health.is_guarded,
        GateIssue.CANNOT_TAG: bool(settings.tag) and not health.can_tag,
        GateIssue.OWN_TAGS: bool(settings.tag) and health.own_tags,
        GateIssue.CANNOT_DELETE: settings.tidies_joins and not health.can_delete,
    }
    return [issue for issue, is_there in found.items() if is_there]


class Protection(StrEnum):
    """Whether a gate keeps unverified people out, as far as there is evidence."""

    OPEN = "open"
    """It asks nobody to call."""
    UNCONFIRMED = "unconfirmed"
    """There is no evidence yet that people cannot join without asking."""
    CONFIRMED = "confirmed"
    BYPASSED = "bypassed"
    """People joined past it lately, or can."""


UNPROTECTED_BY = frozenset({GateIssue.NO_APPROVAL, GateIssue.NOT_A_SUPERGROUP, GateIssue.CANNOT_RESTRICT})
"""Issues that let unverified people in."""
LETS_NOBODY_IN = frozenset({GateIssue.NOT_THERE, GateIssue.CANNOT_INVITE})
"""With these the bot can admit nobody."""


def protection(gate: Gate, health: GateHealth | None, now: datetime) -> Protection:
    """Whether the gate keeps people out, according to its settings, Telegram and experience.

    Evidence from before somebody joined past it proves nothing.
    """
    if not gate.settings.asks_call:
        return Protection.OPEN
    found = issues(gate, health, joined_unverified=0) if health is not None else []
    if UNPROTECTED_BY.intersection(found) or is_bypassed(gate, now):
        return Protection.BYPASSED
    if gate.settings.way not in BY_REQUEST:
        return Protection.CONFIRMED if health is not None and health.is_there else Protection.UNCONFIRMED
    seen = [gate.request_seen_at, gate.tested_at]
    if health is not None and health.is_there and (health.is_guarded or health.joins_by_request):
        seen.append(health.checked_at)
    since = gate.bypassed_at
    is_proven = any(at is not None and (since is None or at > since) for at in seen)
    return Protection.CONFIRMED if is_proven else Protection.UNCONFIRMED


def is_bypassed(gate: Gate, now: datetime) -> bool:
    """Whether people joined past the gate lately, and no admin has tested its link since."""
    at = gate.bypassed_at
    if at is None or gate.settings.way not in BY_REQUEST:
        return False
    return now - at < LATELY and (gate.tested_at is None or gate.tested_at <= at)


def bypasses_since(gate: Gate, now: datetime) -> datetime:
    """Since when people who joined past the gate are counted."""
    return max(now - LATELY, gate.tested_at or now - LATELY)


class GateState(IntEnum):
    """The condition of a gate, the most urgent first."""

    BYPASSED = 0
    """People join past it, or can."""
    HAS_ISSUES = 1
    """It lacks something that its settings need."""
    UNGUARDED = 2
    """The bot lost the chat, or the right to admit people."""
    UNCONFIRMED = 3
    """There is no evidence yet that people cannot join without asking."""
    OPEN = 4
    """It asks nobody to call."""
    PAUSED = 5
    OFF = 6
    STRICT = 7
    ON = 8

    @property
    def is_trouble(self) -> bool:
        """Whether it does not do what its admins want."""
        return self in (GateState.BYPASSED, GateState.HAS_ISSUES, GateState.UNGUARDED)


def gate_state(gate: Gate, health: GateHealth | None, now: datetime) -> GateState:
    """The condition of a gate: the same wherever it is shown."""
    if not gate.is_on:
        return GateState.UNGUARDED
    if gate.switch is GateMode.OFF:
        return GateState.OFF
    shield = protection(gate, health, now)
    if shield is Protection.BYPASSED:
        return GateState.BYPASSED
    found = issues(gate, health, joined_unverified=0) if health is not None else []
    if shield is Protection.UNCONFIRMED and gate.switch is GateMode.ON and not LETS_NOBODY_IN.intersection(found):
        return GateState.UNCONFIRMED
    if found:
        return GateState.HAS_ISSUES
    if gate.switch is GateMode.PAUSED:
        return GateState.PAUSED
    if shield is Protection.OPEN:
        return GateState.OPEN
    return GateState.STRICT if gate.is_strict(now) else GateState.ON


@dataclass(frozen=True, slots=True)
class GateExtras:
    """What the rules do not need of a gate: what Telegram last said of it, its own link for requests, and the message
    in the group that prompts newcomers."""

    added_by: int | None
    health: GateHealth | None
    request_link: str | None
    prompt_message_id: int | None
    prompt_at: datetime | None
