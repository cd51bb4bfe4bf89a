"""How it stands with a gate at Telegram: what works, and what is missing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.gate import Gate
from bot.domain.settings import WayIn


class Ailment(StrEnum):
    """What keeps a gate from doing what its settings say, or lets people go round it."""

    NOT_THERE = "not_there"
    """The bot is not in the chat, or no administrator of it."""
    CANNOT_INVITE = "cannot_invite"
    CANNOT_RESTRICT = "cannot_restrict"
    CANNOT_TAG = "cannot_tag"
    CANNOT_DELETE = "cannot_delete"
    NO_APPROVAL = "no_approval"
    """Anybody can join without asking: new members need no approval."""
    OPEN_LINK = "open_link"
    """People came in by an invite link that needs no approval, lately."""
    NO_GUARD = "no_guard"
    """The gate is to be the group's guard, and its owner has not chosen the bot."""
    NO_GUARD_HERE = "no_guard_here"
    """Guard joins are not possible with this installation, or in this chat."""
    NOT_A_SUPERGROUP = "not_a_supergroup"
    """Only in supergroups can newcomers be muted."""
    OWN_TAGS = "own_tags"
    """Members may give themselves any tag, so one proves nothing."""


@dataclass(frozen=True, slots=True)
class Health:
    """What Telegram said of the chat, and when.

    `is_open`: one can join without approval, by its public name or its main link. `guard_possible`: the bot can be
    chosen as its guard. `own_tags`: members may give themselves any tag.
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


def ailments(gate: Gate, health: Health, came_round: int) -> list[Ailment]:
    """What is wrong with the gate, the worst first; by its settings, since not each needs every right."""
    if not health.is_there:
        return [Ailment.NOT_THERE]
    settings, way = gate.settings, gate.settings.way
    is_by_request = way in (WayIn.REQUEST, WayIn.GUARD, WayIn.LINK)
    found = {
        Ailment.CANNOT_INVITE: not health.can_invite,
        Ailment.NOT_A_SUPERGROUP: way is WayIn.MUTE and not health.is_supergroup,
        Ailment.CANNOT_RESTRICT: way is WayIn.MUTE and not health.can_restrict,
        Ailment.NO_APPROVAL: is_by_request and health.is_open,
        Ailment.OPEN_LINK: is_by_request and came_round > 0,
        Ailment.NO_GUARD_HERE: way is WayIn.GUARD and not health.guard_possible,
        Ailment.NO_GUARD: way is WayIn.GUARD and health.guard_possible and not health.is_guarded,
        Ailment.CANNOT_TAG: bool(settings.tag) and not health.can_tag,
        Ailment.OWN_TAGS: bool(settings.tag) and health.own_tags,
        Ailment.CANNOT_DELETE: settings.tidies_joins and not health.can_delete,
    }
    return [ailment for ailment, is_there in found.items() if is_there]
