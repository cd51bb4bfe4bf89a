"""Sentences about people for admins: how far they got, why no further, and what happened."""

from __future__ import annotations

from datetime import datetime

from bot.domain.gates import AccessOverride, GrantKind, Override, RequestState
from bot.domain.journal import Event
from bot.domain.people_pages import HistoryEntry, MemberCard, Stage
from bot.i18n.formats import lasted
from bot.i18n.reasons import NO_CHECK, REASONS
from bot.i18n.texts import Words, _
from bot.telegram.mentions import mention

ICONS = {
    Event.CONFIRMED: "📞",
    Event.EXPIRED: "⌛",
    Event.CANCELLED: "✖️",
    Event.CONTACT_REFUSED: "⚠️",
    Event.NUMBER_REFUSED: "⚠️",
    Event.PHONE_TAKEN: "⚠️",
    Event.HINDERED: "⚠️",
    Event.PHONE_FREED: "📱",
    Event.GRANT_DONE: "✅",
    Event.GRANT_FAILED: "⚠️",
    Event.ALLOWED: "✅",
    Event.EXEMPTED: "✅",
    Event.DECLINED_BY_ADMIN: "✖️",
    Event.JOIN_DECLINED: "✖️",
    Event.JOIN_EXPIRED: "⌛",
    Event.REMOVED: "🚪",
    Event.BLOCKED: "⛔",
    Event.UNBLOCKED: "🔓",
    Event.REVOKED: "♻️",
    Event.RESTORED: "↩️",
    Event.RAID: "🌊",
}
"""The outcome at a glance."""
EVENTS = {
    Event.STARTED: _("sent /start"),
    Event.JOIN_ASKED: _("asked to join"),
    Event.AT_ONCE: _("need not verify"),
    Event.OPERATOR_ADDED: _("became an operator"),
    Event.OPERATOR_REMOVED: _("no longer an operator"),
    Event.MEMBER_CAME: _("joined"),
    Event.MUTED: _("muted until verified"),
    Event.EXEMPTED: _("joined without verifying"),
    Event.JOIN_NOT_REACHED: _("I could not message them"),
    Event.APP_OPENED: _("opened the app"),
    Event.CONTACT_TAKEN: _("shared their contact"),
    Event.CONTACT_REFUSED: _("contact not taken: {why}"),
    Event.NUMBER_GIVEN: _("was shown a number"),
    Event.ANOTHER_GIVEN: _("was shown another number"),
    Event.NUMBER_REFUSED: _("got no number: {why}"),
    Event.LIMITED: _("tried too often"),
    Event.CONFIRMED: _("verified"),
    Event.CALL_HINTED: _("called, but the call does not count"),
    Event.EXPIRED: _("did not call in time"),
    Event.CANCELLED: _("gave up"),
    Event.PHONE_FREED: _("the phone was freed"),
    Event.PHONE_TAKEN: _("called, but the phone has verified another account"),
    Event.HINDERED: _("verified, but {why}"),
    Event.GRANT_GONE: _("no request left to approve"),
    Event.GRANT_FAILED: _("could not be let in"),
    Event.JOIN_EXPIRED: _("the deadline passed"),
    Event.JOIN_DECLINED: _("request declined"),
    Event.REMOVED: _("removed"),
    Event.GONE: _("left"),
    Event.ALLOWED: _("let in by hand"),
    Event.BLOCKED: _("blocked"),
    Event.UNBLOCKED: _("unblocked"),
    Event.REVOKED: _("asked to verify again"),
    Event.RESTORED: _("restored"),
    Event.DECLINED_BY_ADMIN: _("declined by hand"),
    Event.APPEALED: _("asked the administrators"),
}
"""What happened; `{why}`: the reason in a few words."""


def stage(what: Stage, why: str, until: datetime | None, words: Words, now: datetime) -> str:  # noqa: C901 - one line a stage
    """Return how far a waiting person got; `until` is None where the moment should not be shown."""
    moment = words.moment(until, now) if until is not None else None
    match what:
        case Stage.ASKED:
            return words("has not opened the private chat")
        case Stage.WROTE:
            return words("wrote to the bot")
        case Stage.SHARED:
            return words("shared their contact")
        case Stage.NUMBER_SHOWN if moment is None:
            return words("was shown a number")
        case Stage.NUMBER_SHOWN:
            return words("was shown a number; time ends {moment}", moment=moment)
        case Stage.EXPIRED:
            return words("did not call in time")
        case Stage.CANCELLED:
            return words("gave up")
        case Stage.GATEWAY_REFUSED:
            return words("got no number: {why}", why=refused(why, words))
        case Stage.CONTACT_REFUSED:
            return words("contact not taken: {why}", why=refused(why, words))
        case Stage.LIMITED if moment is None:
            return words("tried too often")
        case Stage.LIMITED:
            return words("tried too often; the next try opens {moment}", moment=moment)
        case Stage.HINDERED:
            return words("verified, but {why}", why=refused(why, words))


def override(view: MemberCard, words: Words, now: datetime) -> str:
    """Return somebody's state at a gate."""
    if view.is_admin:
        return words("administrator: I cannot act on them here")
    if not view.is_known:
        return words("never asked to come in here")
    if view.applicant is not None:
        applicant = view.applicant
        what = stage(applicant.stage, applicant.why, applicant.until, words, now)
        return words("waits for {age}: {stage}", age=lasted(now - applicant.since, words), stage=what)
    match view.state:
        case RequestState.APPROVED:
            return words("let in")
        case RequestState.DECLINED:
            return words("declined")
        case _:
            return words("not in, no request")


def decision(made: AccessOverride, words: Words, now: datetime) -> str:
    """Return the decision about somebody at a gate, and who made it."""
    age, admin = lasted(now - made.at, words), mention(words("administrator"), made.admin_id)
    match made.override:
        case Override.ALLOWED:
            return words("An administrator let them in {age} ago: {admin}", age=age, admin=admin)
        case Override.BLOCKED:
            return words("Blocked {age} ago, by {admin}", age=age, admin=admin)
        case Override.REVOKED:
            return words("Must verify again: access revoked {age} ago by {admin}", age=age, admin=admin)


def refused(code: str, words: Words) -> str:
    """Return the reason in a few words; an unknown code means that the check was not available."""
    return words(REASONS[code].phrase if code in REASONS else NO_CHECK)


def happened(what: HistoryEntry, words: Words) -> str:
    """Return one event of a person's history; with the admin who caused it, if one did."""
    text = _event(what, words)
    if what.actor_id is None:
        return text
    return words("{what}, by {admin}", what=text, admin=mention(words("administrator"), what.actor_id))


def _event(what: HistoryEntry, words: Words) -> str:
    if what.event is Event.GRANT_DONE:
        return _given(what.code, words)
    if what.event is Event.DECLINED_BY_ADMIN and what.code == "blocked":
        return words("turned away as blocked")
    text = EVENTS.get(what.event)
    return words(text, why=refused(what.code, words)) if text is not None else str(what.event)


def _given(code: str, words: Words) -> str:
    match code:
        case GrantKind.TAG:
            return words("got the tag")
        case GrantKind.LINK:
            return words("got a link")
        case _:
            return words("let in")
