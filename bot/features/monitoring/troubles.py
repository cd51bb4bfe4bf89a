"""Incidents, queues and missing rights in a few words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from bot.domain.error_text import shortened
from bot.domain.gate_health import GateIssue
from bot.domain.incidents import EPHEMERAL, IncidentKind, TokenUse
from bot.domain.webhooks import Destination
from bot.i18n import formats
from bot.i18n.reasons import REASONS
from bot.i18n.texts import LONGEST_NAME, Words, shown

Details = Mapping[str, str | int]


def wrong(trouble: IncidentKind, details: Details, words: Words) -> str:
    """Return the incident in a few words, while it lasts."""
    gate = f"<b>{shown(str(details.get('title', '')))}</b>"
    match trouble:
        case (
            IncidentKind.GATEWAY | IncidentKind.GATEWAY_ERRORS | IncidentKind.MONEY_SHORT | IncidentKind.CALLBACK_SILENT
        ):
            return _wrong_at_gateway(trouble, details, words)
        case IncidentKind.SECOND_PROGRAM:
            return token_use(details, words)
        case (
            IncidentKind.FLOODS
            | IncidentKind.TELEGRAM_SILENT
            | IncidentKind.TELEGRAM_REFUSES
            | IncidentKind.PART_REFUSED
            | IncidentKind.WEBHOOK
        ):
            return _wrong_with_telegram(trouble, details, words)
        case IncidentKind.GATE_OFF:
            return words("{gate} is not guarded", gate=gate)
        case IncidentKind.GATE_LACKS:
            missing = ", ".join(right(name, words) for name in str(details.get("missing", "")).split())
            return words("I lack rights in {gate}: {missing}", gate=gate, missing=missing)
        case _:
            return _wrong_with_us(trouble, details, words)


def _wrong_with_telegram(trouble: IncidentKind, details: Details, words: Words) -> str:
    error = shown(shortened(str(details.get("error", "")), LONGEST_NAME))
    match trouble:
        case IncidentKind.FLOODS:
            return words("Telegram keeps asking me to slow down")
        case IncidentKind.TELEGRAM_SILENT:
            return words("Telegram did not answer")
        case IncidentKind.TELEGRAM_REFUSES:
            return words("Telegram refuses my calls ({error})", error=error)
        case IncidentKind.PART_REFUSED if details.get("subject") == EPHEMERAL:
            return words("The Bot API server cannot send messages that one person alone sees")
        case IncidentKind.PART_REFUSED:
            part = shown(str(details.get("subject", "")))
            return words("Telegram refuses a part of my messages, which go out without it: {part}", part=part)
        case _ if "undelivered" in details:
            return words.many(
                "Telegram holds {count} update and does not deliver it",
                "Telegram holds {count} updates and does not deliver them",
                int(details["undelivered"]),
            )
        case _:
            return words("Telegram cannot deliver updates to the webhook ({error})", error=error)


def token_use(details: Details, words: Words) -> str:
    """Return what another program did with the bot's token."""
    host = shown(str(details.get("host", "")))
    match str(details.get("subject", "")):
        case TokenUse.WEBHOOK_SET:
            return words(
                "another program set a webhook to {host}, which keeps updates from me; I removed it", host=host
            )
        case TokenUse.WEBHOOK_REMOVED:
            return words("another program removed my webhook; I set it again")
        case TokenUse.WEBHOOK_REPLACED:
            return words("another program set my webhook to {host}; I set it back", host=host)
        case TokenUse.WEBHOOK_UPDATES:
            return words("another program changed what my webhook delivers; I set it back")
        case TokenUse.WEBHOOK_ADDRESS:
            return words("another program redirected my updates to another machine; I set my webhook again")
        case TokenUse.WEBHOOK_SECRET:
            return words("another program changed the secret of my webhook; I set it back")
        case TokenUse.COMMANDS:
            return words("another program changed my menu of commands; I set it back")
        case _:
            return words("another program fetches my updates too, so each of us gets only some of them")


def _wrong_at_gateway(trouble: IncidentKind, details: Details, words: Words) -> str:
    match trouble:
        case IncidentKind.GATEWAY:
            return words("nobody gets a number: {why}", why=words(REASONS[str(details["reason"])].label))
        case IncidentKind.GATEWAY_ERRORS:
            return words(
                "the gateway failed {failed} of {asked} requests", failed=details["failed"], asked=details["asked"]
            )
        case IncidentKind.MONEY_SHORT:
            return words(
                "the gateway account has only {amount} {currency} left",
                amount=details["amount"],
                currency=shown(str(details["currency"])),
            )
        case _:
            return words("call reports do not reach the callback URL")


def _wrong_with_us(trouble: IncidentKind, details: Details, words: Words) -> str:
    subject = str(details.get("subject", ""))
    match trouble:
        case IncidentKind.STORAGE_SLOW:
            return words("the database is slow")
        case IncidentKind.STORAGE_FAILING:
            return words("the database fails to save")
        case IncidentKind.QUEUE_STUCK:
            return words("I am falling behind: {queue}", queue=queue_name(subject, words))
        case IncidentKind.DISK_SHORT:
            return words("the disk with the database is nearly full")
        case IncidentKind.CLOCK:
            return clock_difference(subject, int(details.get("ahead", 0)), words)
        case IncidentKind.CALLS_UNMATCHED:
            return words("the gateway reports calls that match nobody")
        case IncidentKind.OUTBOX_FAILING:
            return words("{name} accepts nothing", name=variable_of(subject))
        case IncidentKind.OUTBOX_GONE:
            return words("{name} refuses all events (410)", name=variable_of(subject))
        case _:
            return words("something is wrong: {what}", what=trouble)


def clock_difference(source: str, ahead: int, words: Words) -> str:
    """Return by how much our clock is ahead of, or behind, that of `telegram` or of the `gateway`."""
    span = formats.span(timedelta(seconds=abs(ahead)), words.language)
    if source == "telegram":
        if ahead > 0:
            return words("my clock is {span} ahead of Telegram's", span=span)
        return words("my clock is {span} behind Telegram's", span=span)
    if ahead > 0:
        return words("my clock is {span} ahead of the gateway's", span=span)
    return words("my clock is {span} behind the gateway's", span=span)


def queue_name(name: str, words: Words) -> str:
    """Return the name of a queue."""
    match name:
        case "numbers":
            return words("call numbers")
        case "grants":
            return words("people waiting for entry")
        case "screens":
            return words("screens")
        case "tasks_at_once":
            return words("guard joins")
        case "tasks_soon":
            return words("answers")
        case "tasks_pressing":
            return words("mutes and bans")
        case "tasks_later":
            return words("messages and declines")
        case "tasks_log":
            return words("lines for log chats")
        case _:
            return name


def variable_of(target: str) -> str:
    """Return the variable that configures one of the owner's own systems."""
    return "EVENTS_URL" if target == Destination.EVENTS else "SMSC_RELAY_URL"


def right(name: str, words: Words) -> str:
    """Return the name of a right that is missing at a gate."""
    match GateIssue(name):
        case GateIssue.CANNOT_INVITE:
            return words("the right “Invite users via link”")
        case GateIssue.CANNOT_RESTRICT:
            return words("the right “Ban users”")
        case GateIssue.CANNOT_TAG:
            return words("the right to set members' tags")
        case _:
            return words("I am not an administrator there")
