"""What is missing at a gate, and how to fix it."""

from __future__ import annotations

from bot.domain.health import GateIssue
from bot.telegram.texts import Words


def issue(what: GateIssue, joined_unverified: int, words: Words) -> str:  # noqa: C901 - one line an ailment
    """Return what is missing, and where in Telegram to fix it."""
    match what:
        case GateIssue.NOT_THERE:
            return words(
                "I am no administrator there. Open the group, then Edit → Administrators → Add administrator, and "
                "choose me."
            )
        case GateIssue.CANNOT_INVITE:
            return words("I cannot let anybody in. Edit → Administrators → me: switch on “Invite users via link”.")
        case GateIssue.CANNOT_RESTRICT:
            return words("I cannot mute or remove anybody. Edit → Administrators → me: switch on “Ban users”.")
        case GateIssue.CANNOT_TAG:
            return words("I cannot give the tag. Edit → Administrators → me: switch on “Manage tags”.")
        case GateIssue.CANNOT_DELETE:
            return words(
                "I cannot delete the lines about who joined. Edit → Administrators → me: switch on “Delete messages”."
            )
        case GateIssue.NO_APPROVAL:
            return words("Anybody can join without asking. Edit → Group type: switch on “Approve new members”.")
        case GateIssue.OPEN_LINK:
            return words.many(
                "{count} person came round the gate in a week. Edit → Invite links: revoke those without “Request "
                "admin approval”. Edit → Permissions: switch off “Add members”.",
                "{count} people came round the gate in a week. Edit → Invite links: revoke those without “Request "
                "admin approval”. Edit → Permissions: switch off “Add members”.",
                joined_unverified,
            )
        case GateIssue.OPEN_COMMENTS:
            return words(
                "Whoever reads the linked channel can write here without joining. Edit → Group type → “Who can send "
                "messages”: choose “Only members”."
            )
        case GateIssue.NO_GUARD:
            return words("I am not the guard. Edit → Process join requests: the owner chooses me.")
        case GateIssue.NO_GUARD_HERE:
            return words("I cannot be the guard here, so who asks to join is written to in private instead.")
        case GateIssue.NOT_A_SUPERGROUP:
            return words(
                "Newcomers can be muted in supergroups only. Edit → Chat history for new members → Visible makes "
                "it one."
            )
        case GateIssue.OWN_TAGS:
            return words(
                "Members may give themselves any tag, so it proves nothing. Edit → Permissions: switch off “Edit own "
                "tag”."
            )
