"""Sentences for both the screens in the chat and the pages."""

from __future__ import annotations

from bot.domain.gates import Ineligibility
from bot.domain.gateway import GatewayReason
from bot.domain.notifications import Toast
from bot.domain.phone import ContactRefusal
from bot.i18n.reasons import CONTACT_REFUSALS, GATEWAY_REASONS, INELIGIBILITIES
from bot.i18n.texts import Words


def contact_refusal(refusal: ContactRefusal, words: Words) -> str:
    """Return why the bot did not accept a contact, and what to do now."""
    return words(CONTACT_REFUSALS[refusal].sentence)


def hindered_at(gate: str, ineligibility: Ineligibility, words: Words) -> str:
    """Return why a verified person still waits at a gate; `gate` is the title, ready to show."""
    return words(INELIGIBILITIES[ineligibility].sentence, gate=gate)


def gateway_refusal(reason: GatewayReason, words: Words) -> str:
    """Return why the gateway gave no number, as far as it concerns the person."""
    return words(GATEWAY_REASONS[reason].sentence)


def toast(what: Toast, words: Words) -> str:  # noqa: C901 - one line a toast
    """Return the short answer to a pressed button; empty for none."""
    match what:
        case Toast.NOTHING:
            return ""
        case Toast.OVER:
            return words("This is over already.")
        case Toast.NOT_YOURS:
            return words("This button belongs to somebody else.")
        case Toast.CANCELLED:
            return words("Cancelled")
        case Toast.ASKING:
            return words("Getting another number…")
        case Toast.TRYING_AGAIN:
            return words("Trying again…")
        case Toast.ALREADY_VERIFIED:
            return words("You are verified already.")
        case Toast.LIMITED:
            return words("Too many attempts for now.")
        case Toast.LINKS_LIMITED:
            return words("You had three links within an hour. Use the newest one, or press again later.")
        case Toast.TOO_FAST:
            return words("Too fast: wait a few seconds, and press again.")
        case Toast.UNKNOWN:
            return words("I do not know this button any more. Send /start.")
        case Toast.NOT_ADMIN:
            return words("Only administrators of that group can do this.")
        case Toast.NOT_ADMIN_THERE:
            return words("For this you have to be an administrator of the other chat as well.")
        case Toast.NEEDS_INVITE:
            return words("For this you need the right “Invite users via link” in that group. Ask its owner for it.")
        case Toast.NEEDS_RESTRICT:
            return words("For this you need the right “Ban users” in that group. Ask its owner for it.")
        case Toast.NEEDS_CHANGE_INFO:
            return words("For this you need the right “Change group info” in that group. Ask its owner for it.")
        case Toast.SAVED:
            return words("Saved")
        case Toast.NO_COUNTRIES:
            return words("With an empty list nobody could join. Mark a country first.")
        case Toast.OPENED:
            return words("🔓 Open to everybody: no call needed.")
        case Toast.STANDARD_APPLIED:
            return words("Standard: one free call within a day.")
        case Toast.STRICT_APPLIED:
            return words("Strict: a call within an hour, no rented numbers.")
        case Toast.CHECKING:
            return words("Checking…")
        case Toast.ASKED_ADMINS:
            return words("I have asked the administrators.")
        case Toast.ASKED_BEFORE:
            return words("You have already asked. You can ask once a day.")
        case Toast.DONE:
            return words("Done")
        case Toast.CONFIGURED:
            return words("The configuration names this operator: that is where to remove them.")
        case Toast.DONE_BEFORE:
            return words("Already done.")
        case _:
            return _decided(what, words)


def _decided(what: Toast, words: Words) -> str:  # noqa: C901 - one line a toast
    """Return the result of an admin's decision about people."""
    match what:
        case Toast.LET_IN:
            return words("Let in")
        case Toast.LET_IN_LATER:
            return words("I let them in as soon as they ask.")
        case Toast.DECLINED:
            return words("Declined")
        case Toast.BLOCKED:
            return words("Blocked")
        case Toast.UNBLOCKED:
            return words("Unblocked")
        case Toast.NOT_BLOCKED:
            return words("They are not blocked.")
        case Toast.REVOKED:
            return words("They must verify again.")
        case Toast.RESTORED:
            return words("Restored")
        case Toast.IS_ADMIN:
            return words("That is an administrator: I cannot act on them here.")
        case Toast.IN_ALREADY:
            return words("They are already in.")
        case Toast.DECLINING:
            return words("Declining…")
        case Toast.DECLINING_ALREADY:
            return words("I am already declining many; wait until that is done.")
        case Toast.NOBODY_WAITS:
            return words("There is nobody to decline.")
        case Toast.PHONE_FREED:
            return words("The phone is free.")
        case _:
            return words("Somebody already decided this.")


def from_another_number(digits: str, tail: str, words: Words) -> str:
    """Say that a call came from a number that ends in these digits and should end in `tail`."""
    return words(
        "☎️ A call came, but from another number (…{digits}). Call from the SIM that ends in {tail}.",
        digits=digits,
        tail=tail,
    )


def number_hidden(words: Words) -> str:
    """Say that a call came with a hidden number."""
    return words("☎️ A call came, but its number was hidden. Allow it in the phone's settings and call again.")


def other_number_called(words: Words) -> str:
    """Say that the person's phone called a number that it was not given."""
    return words("☎️ Your call came, but to another number. Call exactly the number on this screen.")


def called_at_another_time(words: Words) -> str:
    """Say that the gateway reported a call from the person's phone with a time outside the window."""
    return words(
        "☎️ Your call came, but outside the time in which it counts. Call once more; if that does "
        "not help, ask an administrator."
    )
