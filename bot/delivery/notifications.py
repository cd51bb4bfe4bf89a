"""Messages that are not screens: to operators, to the admin who set up a gate, and about failures."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from bot.domain.error_text import shortened
from bot.domain.gate_health import Protection
from bot.domain.gateway import GatewayReason
from bot.domain.journal import ADDED_BY_MEMBER, APPROVED_BY_BOT
from bot.domain.notifications import Notification, Notify, NotifyIncident
from bot.features.monitoring.words import all_clear, incident
from bot.features.privacy.screens import DATA_NOTIFICATIONS
from bot.features.settings.states import issue
from bot.features.support.installation import announcement_result
from bot.features.verification.words import toast
from bot.i18n.formats import lasted
from bot.i18n.reasons import GATEWAY_TROUBLES
from bot.i18n.texts import Words, shown
from bot.telegram.commands import OPERATOR_COMMANDS, listed
from bot.telegram.mentions import harmless_title, mention

LONGEST_ERROR = 200


def notification(work: Notify | NotifyIncident, words: Words, callback_url: str | None = None) -> str:
    """Return the HTML of a notification. `callback_url`: what the operator enters at the gateway."""
    if isinstance(work, Notify):
        return NOTIFICATIONS[work.notice](work, words)
    facts = {**work.facts, "subject": work.subject, "seconds_lasted": work.seconds_lasted}
    match work.notice:
        case Notification.GATE_OFF:
            return _gate_off(str(facts.get("title", "")), words)
        case Notification.GATEWAY_TROUBLE:
            return _gateway_trouble(GatewayReason(str(facts["reason"])), int(facts["code"]), words)
        case Notification.ALL_CLEAR:
            return all_clear(work.trouble, facts, words)
        case _:
            return incident(work.trouble, facts, words, callback_url)


def _title(notice: Notify) -> str:
    return f"<b>{shown(notice.title)}</b>"


def _gate_on(notice: Notify, words: Words) -> str:
    title = _title(notice)
    match notice.protection:
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
        "I message everyone who asks to join and let them in after one free call. I post nothing in the group."
    )
    return f"{state}\n\n{what}\n\n/gates"


def _gate_bypassed(notice: Notify, words: Words) -> str:
    title = _title(notice)
    if notice.how == ADDED_BY_MEMBER:
        return "\n\n".join(
            [
                words("⚠️ {gate}: a member added somebody, and they got in without verifying.", gate=title),
                words(
                    "1. Open the group → Edit → Permissions: switch off “Add members”. Administrators can still add "
                    "people, and vouch for them."
                ),
                words("2. Open /gates, choose the group and press “Test my link”."),
            ]
        )
    if notice.how == APPROVED_BY_BOT:
        return "\n\n".join(
            [
                words("⚠️ {gate}: another bot let in somebody who is not verified.", gate=title),
                words(
                    "1. Have that bot approve no requests; or open the group → Edit → Administrators → the other bot: "
                    "switch off “Invite users via link”."
                ),
                words("2. Open /gates, choose the group and press “Test my link”."),
            ]
        )
    lines = [
        words(
            "⚠️ {gate}: somebody joined without asking, through a link without “Request admin approval”.",
            gate=title,
        )
    ]
    if link := shown(notice.link):
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


def _by(notice: Notify) -> str:
    """Return the operator who did it."""
    return mention(notice.by_name, notice.by)


def _who(notice: Notify) -> str:
    """Return whom it is about."""
    return mention(notice.name, notice.user_id or 0)


def _gateway_trouble(reason: GatewayReason, code: int, words: Words) -> str:
    trouble = GATEWAY_TROUBLES.get(reason, GATEWAY_TROUBLES[GatewayReason.ADDRESS_BLOCKED])
    return words(
        "🚨 Nobody can verify: the gateway gives no numbers, because {what} (code {code}). I keep "
        "retrying and will tell you when it works.",
        what=words(trouble.cause),
        code=code,
    )


def _gate_lacks_right(notice: Notify, words: Words) -> str:
    return words(
        "⚠️ In {gate} I lack the right “Invite users via link”, so I cannot let anybody in. Give me "
        "this right and I start at once.",
        gate=_title(notice),
    )


def _gate_off(title: str, words: Words) -> str:
    return words(
        "⚠️ {gate} is no longer guarded: I lost the chat, or the right to invite users. Join "
        "requests wait for its administrators.",
        gate=f"<b>{shown(title)}</b>",
    )


def _gate_has_issues(notice: Notify, words: Words) -> str:
    lines = "\n\n".join("⚠️ " + issue(each, 0, words) for each in notice.issues)
    return words("{gate}: please check this.", gate=_title(notice)) + f"\n\n{lines}\n\n/gates"


def _log_here(notice: Notify, words: Words) -> str:
    # Its readers did not choose the title.
    title = f"<b>{harmless_title(notice.title)}</b>"
    return words("📒 From now on I post here whom I let in to {gate}, whom I do not, and why.", gate=title)


def _gateway_wrong_parameters(_: Notify, words: Words) -> str:
    return words(
        "⚠️ The gateway rejected a request as invalid (code 1). I told the person that I cannot "
        "check their number. If this goes on, run “python -m bot doctor”."
    )


def _grant_failed(notice: Notify, words: Words) -> str:
    return words(
        "⚠️ {gate}: I could not let in a verified person (id {user_id}).\nTelegram said: {error}",
        gate=_title(notice),
        user_id=notice.user_id,
        error=shown(shortened(notice.error), LONGEST_ERROR),
    )


def _log_lost(notice: Notify, words: Words) -> str:
    return words(
        "⚠️ I can no longer write to the log chat of {gate}, so I post no decisions there. Choose "
        "another chat in the settings.",
        gate=_title(notice),
    )


def _not_allowed(notice: Notify, words: Words) -> str:
    return words("⚠️ {gate}: I did nothing. {why}", gate=_title(notice), why=toast(notice.why, words))


def _not_removed(notice: Notify, words: Words) -> str:
    return words(
        "⚠️ {gate}: I could not remove {who}; give me the right “Ban users”, or remove them yourself.\n"
        "Telegram said: {error}",
        gate=_title(notice),
        who=_who(notice),
        error=shown(shortened(notice.error), LONGEST_ERROR),
    )


def _webhook_dropped(notice: Notify, words: Words) -> str:
    return words(
        "⚠️ I gave up on an event for your own system ({target}) after days of trying: {error}. See "
        "docs/operations.md, “Events for your own system”.",
        target=notice.target,
        error=shown(shortened(notice.error), LONGEST_ERROR),
    )


def _now_operator(notice: Notify, words: Words) -> str:
    told = words("🛠 {operator} made you an operator of this bot. What you can do here:", operator=_by(notice))
    return f"{told}\n\n{listed(words, OPERATOR_COMMANDS)}"


def _no_operator(_: Notify, words: Words) -> str:
    return words("🛠 You are no longer an operator of this bot.")


def _operator_added(notice: Notify, words: Words) -> str:
    return words("🛠 {operator} made {who} an operator.", operator=_by(notice), who=_who(notice))


def _operator_removed(notice: Notify, words: Words) -> str:
    return words("🛠 {operator} removed {who} from the operators.", operator=_by(notice), who=_who(notice))


def _operator_erased(_: Notify, words: Words) -> str:
    return words("🛠 An operator deleted their data, and is no longer an operator. See who is left: /operators")


def _announced(notice: Notify, words: Words) -> str:
    return announcement_result(notice.total, notice.sent, notice.missed, words)


def _clock_set_back(notice: Notify, words: Words) -> str:
    return words(
        "🕰 The clock of my machine went back by {time}. I go on without waiting for it to catch up. "
        "Make sure that NTP sets the clock.",
        time=lasted(timedelta(seconds=notice.seconds), words),
    )


def _failure(notice: Notify, words: Words) -> str:
    return words(
        "⚠️ Something failed: {error}\nError id: <code>{error_id}</code>, see the log.",
        error=shown(shortened(notice.error), LONGEST_ERROR),
        error_id=notice.error_id,
    )


def _failure_for_person(notice: Notify, words: Words) -> str:
    return words(
        "Something went wrong on our side; the operators know. Please try again. If it keeps "
        "failing, give them this error id: <code>{error_id}</code>",
        error_id=notice.error_id,
    )


NOTIFICATIONS: dict[Notification, Callable[[Notify, Words], str]] = {
    Notification.GATE_ON: _gate_on,
    Notification.GATE_BYPASSED: _gate_bypassed,
    Notification.GATE_LACKS_RIGHT: _gate_lacks_right,
    Notification.GATE_HAS_ISSUES: _gate_has_issues,
    Notification.LOG_HERE: _log_here,
    Notification.LOG_LOST: _log_lost,
    Notification.NOT_ALLOWED: _not_allowed,
    Notification.NOT_REMOVED: _not_removed,
    Notification.GATEWAY_WRONG_PARAMETERS: _gateway_wrong_parameters,
    Notification.GRANT_FAILED: _grant_failed,
    Notification.WEBHOOK_DROPPED: _webhook_dropped,
    Notification.CLOCK_SET_BACK: _clock_set_back,
    Notification.FAILURE: _failure,
    Notification.FAILURE_FOR_PERSON: _failure_for_person,
    Notification.NOW_OPERATOR: _now_operator,
    Notification.NO_OPERATOR: _no_operator,
    Notification.OPERATOR_ADDED: _operator_added,
    Notification.OPERATOR_REMOVED: _operator_removed,
    Notification.OPERATOR_ERASED: _operator_erased,
    Notification.ANNOUNCED: _announced,
    **DATA_NOTIFICATIONS,
}
"""The text of each notification that is not about an incident."""
