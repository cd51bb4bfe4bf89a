"""Messages that are not screens: to operators, to the admin who set up a gate, and about failures."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from bot.domain.delivery import Notification, Toast
from bot.domain.gate import Gate
from bot.domain.gateway import GatewayReason
from bot.domain.health import BY_REQUEST, GateIssue, Protection
from bot.domain.journal import ADDED_BY_MEMBER, APPROVED_BY_BOT
from bot.domain.trouble import IncidentKind
from bot.telegram.commands import OPERATOR_COMMANDS, listed
from bot.telegram.data_notifications import data_notification
from bot.telegram.gate_issues import issue
from bot.telegram.incidents import all_clear, incident
from bot.telegram.installation import announcement_result
from bot.telegram.mentions import harmless_title, mention
from bot.telegram.numbers import lasted
from bot.telegram.reasons import GATEWAY_TROUBLES
from bot.telegram.sentences import toast
from bot.telegram.texts import Words, shown

LONGEST_ERROR = 200


def notification(details: Mapping[str, str | int], words: Words, callback_url: str | None = None) -> str:  # noqa: C901 - one line a notice
    """Return the HTML of a NOTIFY task. `callback_url`: what the operator enters at the gateway."""
    title = f"<b>{shown(str(details.get('title', '')))}</b>"
    match Notification(str(details["notice"])):
        case Notification.GATE_ON:
            return _gate_on(details, words)
        case Notification.GATE_BYPASSED:
            return _gate_bypassed(details, words)
        case Notification.GATE_LACKS_RIGHT:
            return words(
                "⚠️ In {gate} I lack the right “Invite users via link”, so I cannot let anybody in. "
                "Give me this right and I begin at once.",
                gate=title,
            )
        case Notification.GATE_OFF:
            return words(
                "⚠️ {gate} is not guarded any more: I lost the chat, or the right to invite users. "
                "Requests to join wait for its administrators.",
                gate=title,
            )
        case Notification.GATE_HAS_ISSUES:
            found = [GateIssue(name) for name in str(details.get("ailments", "")).split()]
            lines = "\n\n".join("⚠️ " + issue(each, 0, words) for each in found)
            return words("Something changed in {gate}:", gate=title) + f"\n\n{lines}\n\n/gates"
        case Notification.LOG_HERE:
            # Its readers did not choose the title.
            title = f"<b>{harmless_title(str(details['title']))}</b>"
            return words("📒 From now on I tell here who is let in to {gate}, who is not, and why.", gate=title)
        case Notification.GATEWAY_TROUBLE:
            return _gateway_trouble(GatewayReason(str(details["reason"])), int(details["code"]), words)
        case Notification.GATEWAY_WRONG_PARAMETERS:
            return words(
                "⚠️ The gateway calls a request wrong (code 1). The person was told that their number cannot be "
                "checked. If this goes on, run “python -m bot doctor”."
            )
        case Notification.GRANT_FAILED:
            return words(
                "⚠️ {gate}: a verified person (id {user_id}) could not be let in.\nTelegram said: {error}",
                gate=title,
                user_id=details["user_id"],
                error=shown(str(details["error"])),
            )
        case Notification.LOG_LOST:
            return words(
                "⚠️ I cannot write to the log chat of {gate} any more, so decisions are not told there now. "
                "Choose another one in the settings.",
                gate=title,
            )
        case Notification.NOT_ALLOWED:
            why = toast(Toast(str(details.get("why", Toast.NOT_ADMIN))), words)
            return words("⚠️ {gate}: nothing was done. {why}", gate=title, why=why)
        case Notification.NOT_REMOVED:
            return words(
                "⚠️ {gate}: I could not remove {who}; give me the right “Ban users”, or remove them yourself.\n"
                "Telegram said: {error}",
                gate=title,
                who=mention(str(details.get("name", "")), int(details["user_id"])),
                error=shown(str(details["error"])),
            )
        case Notification.WEBHOOK_DROPPED:
            return words(
                "⚠️ What your own system ({target}) was to be told was given up after days of trying: {error}. "
                "See docs/operations.md, “Events for your own system”.",
                target=details["target"],
                error=shown(str(details["error"])),
            )
        case Notification.ALARM:
            return incident(IncidentKind(str(details["trouble"])), details, words, callback_url)
        case Notification.ALL_CLEAR:
            return all_clear(IncidentKind(str(details["trouble"])), details, words)
        case Notification.NOW_OPERATOR:
            told = words("🛠 {operator} made you an operator of this bot. What you can do here:", operator=_by(details))
            return f"{told}\n\n{listed(words, OPERATOR_COMMANDS)}"
        case Notification.NO_OPERATOR:
            return words("🛠 You are no operator of this bot any more.")
        case Notification.OPERATOR_ADDED:
            return words("🛠 {operator} made {who} an operator.", operator=_by(details), who=_who(details))
        case Notification.OPERATOR_REMOVED:
            return words("🛠 {operator} removed {who} from the operators.", operator=_by(details), who=_who(details))
        case Notification.OPERATOR_ERASED:
            return words(
                "🛠 An operator deleted everything about themselves, so they are none any more. Who is left: /operators"
            )
        case Notification.ANNOUNCED:
            figures = [int(details[name]) for name in ("total", "sent", "missed")]
            return announcement_result(figures[0], figures[1], figures[2], words)
        case Notification.CLOCK_SET_BACK:
            return words(
                "🕰 The clock of my machine was set back by {time}. What it would have kept waiting goes on now. "
                "Make sure that NTP sets the clock.",
                time=lasted(timedelta(seconds=int(details["seconds"])), words),
            )
        case Notification.FAILURE:
            return words(
                "⚠️ Something failed: {error}\nError id: <code>{error_id}</code>, see the log.",
                error=shown(str(details["error"]), LONGEST_ERROR),
                error_id=details["error_id"],
            )
        case Notification.FAILURE_FOR_PERSON:
            return words(
                "Something went wrong on our side; the operators know. Please try once more, and if it goes on, "
                "name this error: <code>{error_id}</code>",
                error_id=details["error_id"],
            )
        case what:
            return data_notification(what, details, words)


def unconfirmed(gate: Gate, words: Words) -> str:
    """List the steps until there is evidence that the gate keeps people out."""
    title = f"<b>{shown(gate.title)}</b>"
    if gate.settings.way not in BY_REQUEST:
        return words("🟡 {gate}: I am asking Telegram what I may do there.", gate=title)
    return words(
        "🟡 {gate}: one step left. Turn on “Request admin approval” for the link you share, or use mine.", gate=title
    )


def _gate_on(details: Mapping[str, str | int], words: Words) -> str:
    title = f"<b>{shown(str(details.get('title', '')))}</b>"
    match details.get("protection"):
        case Protection.OPEN:
            return words("🔓 {gate} is open to everybody: no call needed.", gate=title) + "\n\n/gates"
        case Protection.CONFIRMED:
            state = words("✅ {gate} is guarded now.", gate=title)
        case _:
            state = words(
                "🟡 {gate}: one step left. Turn on “Request admin approval” for the link you share, or use mine.",
                gate=title,
            )
    what = words(
        "Who asks to join is written to in private and let in after one free call. In the group nothing is posted."
    )
    return f"{state}\n\n{what}\n\n/gates"


def _gate_bypassed(details: Mapping[str, str | int], words: Words) -> str:
    title = f"<b>{shown(str(details.get('title', '')))}</b>"
    if details.get("how") == ADDED_BY_MEMBER:
        return "\n\n".join(
            [
                words("⚠️ {gate}: a member added somebody, who is in without asking.", gate=title),
                words(
                    "1. Open the group → Edit → Permissions: switch off “Add members”. Administrators can still add "
                    "people, and vouch for them."
                ),
                words("2. Open /gates, choose the group and press “Test my link”."),
            ]
        )
    if details.get("how") == APPROVED_BY_BOT:
        return "\n\n".join(
            [
                words("⚠️ {gate}: another bot let somebody in who has not verified.", gate=title),
                words(
                    "1. Have that bot approve no requests; or open the group → Edit → Administrators → the other bot: "
                    "switch off “Invite users via link”."
                ),
                words("2. Open /gates, choose the group and press “Test my link”."),
            ]
        )
    lines = [
        words(
            "⚠️ {gate}: somebody joined without asking. A link that people use does not ask for approval.",
            gate=title,
        )
    ]
    if link := shown(str(details.get("link", ""))):
        lines.append(words("1. Share this link instead, which asks for approval: {link}", link=link))
    else:
        lines.append(words("1. Open /gates and press “Make a link”: share that link instead."))
    lines += [
        words(
            "2. Open the group → Edit → Invite links: revoke the others, or switch on “Request admin approval” for "
            "each. Of a public group: Edit → Group type → “Approve new members”. Edit → Permissions: switch off “Add "
            "members”."
        ),
        words("3. Open /gates, choose the group and press “Test my link”."),
    ]
    return "\n\n".join(lines)


def _by(details: Mapping[str, str | int]) -> str:
    """Return the operator who did it."""
    return mention(str(details["by_name"]), int(details["by"]))


def _who(details: Mapping[str, str | int]) -> str:
    """Return whom it is about."""
    return mention(str(details["name"]), int(details["user_id"]))


def guard_joins(words: Words, *, are_on: bool, are_possible: bool) -> str:
    """Return whether people can verify in the request window, or what that takes, for the admin who switched on.

    `are_possible`: this installation can open its Mini App, and Telegram lets owners choose the bot as a guard.
    """
    if not are_possible:
        return words(
            "⚡ Guard joins are not possible yet. With them people verify in the very window in which they ask to "
            "join; what is missing for that “python -m bot doctor” tells the operator."
        )
    if are_on:
        return words("⚡ Guard joins are on: people verify in the very window in which they ask to join.")
    return words(
        "⚡ Guard joins are off. With them people verify in the very window in which they ask to join: in the group's "
        "settings, under “Process join requests”, its owner chooses this bot."
    )


def _gateway_trouble(reason: GatewayReason, code: int, words: Words) -> str:
    trouble = GATEWAY_TROUBLES.get(reason, GATEWAY_TROUBLES[GatewayReason.ADDRESS_BLOCKED])
    return words(
        "🚨 Nobody can verify: the gateway gives no numbers, because {what} (code {code}). "
        "I ask it again from time to time by myself.",
        what=words(trouble.cause),
        code=code,
    )
