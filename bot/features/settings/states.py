"""A gate's state, what is missing there, and how to fix it, in words."""

from __future__ import annotations

from bot.domain.gate_health import BY_REQUEST, GateIssue, GateState
from bot.domain.gates import Gate
from bot.i18n.texts import Words, shown


def issue(what: GateIssue, joined_unverified: int, words: Words) -> str:  # noqa: C901 - one line an ailment
    """Return what is missing, and where in Telegram to fix it."""
    match what:
        case GateIssue.NOT_THERE:
            return words(
                "I am not an administrator there. Open the group, then Edit → Administrators → Add "
                "administrator, and choose me."
            )
        case GateIssue.CANNOT_INVITE:
            return words("I cannot let anybody in. Edit → Administrators → me: switch on “Invite users via link”.")
        case GateIssue.CANNOT_RESTRICT:
            return words("I cannot mute or remove anybody. Edit → Administrators → me: switch on “Ban users”.")
        case GateIssue.CANNOT_TAG:
            return words("I cannot give the tag. Edit → Administrators → me: switch on “Manage tags”.")
        case GateIssue.CANNOT_DELETE:
            return words(
                "I cannot delete “Joined the group” lines. Edit → Administrators → me: switch on “Delete messages”."
            )
        case GateIssue.NO_APPROVAL:
            return words("Anybody can join without asking. Edit → Group type: switch on “Approve new members”.")
        case GateIssue.OPEN_LINK:
            return words.many(
                "{count} person got in without verifying this week. Edit → Invite links: revoke "
                "those without “Request admin approval”. Edit → Permissions: switch off “Add "
                "members”.",
                "{count} people got in without verifying this week. Edit → Invite links: revoke "
                "those without “Request admin approval”. Edit → Permissions: switch off “Add "
                "members”.",
                joined_unverified,
            )
        case GateIssue.OPEN_COMMENTS:
            return words(
                "Anyone who reads the linked channel can write here without joining. Edit → Group "
                "type → “Who can send messages”: choose “Only members”."
            )
        case GateIssue.NO_GUARD:
            return words("I am not the guard. Edit → Process join requests: the owner chooses me.")
        case GateIssue.NO_GUARD_HERE:
            return words("I cannot be the guard here, so I message everyone who asks to join in private instead.")
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


SIGNS = {
    GateState.BYPASSED: "⚠️",
    GateState.HAS_ISSUES: "⚠️",
    GateState.UNGUARDED: "⛔",
    GateState.UNCONFIRMED: "🟡",
    GateState.OPEN: "🔓",
    GateState.PAUSED: "⏸",
    GateState.OFF: "⏹",
    GateState.STRICT: "🛡",
    GateState.ON: "✅",
}


def state_name(state: GateState, words: Words) -> str:
    """Return the state in a few words."""
    match state:
        case GateState.BYPASSED:
            return words("on, but people can get in without verifying")
        case GateState.HAS_ISSUES:
            return words("on, something is missing")
        case GateState.UNGUARDED:
            return words("not guarded: no right to let people in")
        case GateState.UNCONFIRMED:
            return words("on, no proof yet that people have to ask")
        case GateState.OPEN:
            return words("open to everybody, no call needed")
        case GateState.PAUSED:
            return words("paused")
        case GateState.OFF:
            return words("switched off")
        case GateState.STRICT:
            return words("on, strict for now")
        case GateState.ON:
            return words("guarded")


def unconfirmed(gate: Gate, words: Words) -> str:
    """List the steps until there is evidence that the gate keeps people out."""
    title = f"<b>{shown(gate.title)}</b>"
    if gate.settings.way not in BY_REQUEST:
        return words("🟡 {gate}: I am asking Telegram what I may do there.", gate=title)
    return words(
        "🟡 {gate}: one step left. Turn on “Request admin approval” for the link you share, or use mine.", gate=title
    )


def guard_joins(words: Words, *, are_on: bool, are_possible: bool) -> str:
    """Return whether people can verify in the request window, or what that takes, for the admin who switched on.

    `are_possible`: this installation can open its Mini App, and Telegram lets owners choose the bot as a guard.
    """
    if not are_possible:
        return words(
            "⚡ Guard joins are not possible yet. With them people verify in the same window where "
            "they ask to join. “python -m bot doctor” shows the operator what is missing."
        )
    if are_on:
        return words("⚡ Guard joins are on: people verify in the same window where they ask to join.")
    return words(
        "⚡ Guard joins are off. With them people verify in the same window where they ask to join: "
        "in the group's settings, under “Process join requests”, its owner chooses this bot."
    )
