"""Reasons and kinds of numbers in words: each value in a short form and in longer ones."""

from __future__ import annotations

from typing import NamedTuple

from bot.domain.gates import Ineligibility
from bot.domain.gateway import GatewayReason
from bot.domain.phone import ContactRefusal, NumberKind
from bot.i18n.texts import _


class Reason(NamedTuple):
    """Why somebody has to wait: `label` in a list of counts, `phrase` in a sentence for admins, `sentence` for the
    person, with what to do now."""

    label: str
    phrase: str
    sentence: str


CONTACT_REFUSALS = {
    ContactRefusal.NOT_OWN: Reason(
        _("somebody else's contact"),
        _("somebody else's contact"),
        _("That contact is not your own. Please share yours with the button below."),
    ),
    ContactRefusal.FORWARDED: Reason(
        _("forwarded contact"),
        _("a forwarded contact"),
        _("A forwarded contact proves nothing. Please share yours with the button below."),
    ),
    ContactRefusal.ANONYMOUS: Reason(
        _("anonymous number"),
        _("an anonymous number (+888)"),
        _(
            "Numbers that begin with +888 cannot place calls. Use an account with a mobile number, "
            "or ask an administrator of the group to let you in."
        ),
    ),
    ContactRefusal.NOT_MOBILE: Reason(
        _("no mobile number"),
        _("no mobile number"),
        _(
            "This does not look like a mobile number. Use an account with a mobile number, "
            "or ask an administrator of the group to let you in."
        ),
    ),
    ContactRefusal.TAKEN: Reason(
        _("phone of another account"),
        _("the phone has verified another account"),
        _(
            "This phone has already verified another account. Use that account, "
            "or ask an administrator of the group to let you in."
        ),
    ),
    ContactRefusal.BUSY: Reason(
        _("phone being verified elsewhere"),
        _("another account is verifying this phone"),
        _("Another account is verifying this phone right now. Finish or cancel it there, or try again in 15 minutes."),
    ),
    ContactRefusal.COUNTRY: Reason(
        _("country not accepted"),
        _("a country this group does not accept"),
        _("This group does not accept numbers of your country. You can ask an administrator to let you in."),
    ),
    ContactRefusal.KIND: Reason(
        _("kind of number not accepted"),
        _("a kind of number this group does not accept"),
        _(
            "This group does not accept numbers of this kind: use an account with a mobile number of "
            "your own, or ask an administrator to let you in."
        ),
    ),
}
INELIGIBILITIES = {
    Ineligibility.STALE: Reason(_("verified too long ago"), _("needs a new call"), _("{gate} asks for a new call.")),
    Ineligibility.COUNTRY: Reason(
        _("country not accepted"),
        _("a country this group does not accept"),
        _("{gate} does not accept numbers of your country."),
    ),
    Ineligibility.KIND: Reason(
        _("kind of number not accepted"),
        _("a kind of number this group does not accept"),
        _("{gate} does not accept numbers of this kind."),
    ),
    Ineligibility.ACCOUNTS: Reason(
        _("phone of too many accounts"),
        _("other accounts joined with this phone"),
        _("{gate}: another account already joined with your phone."),
    ),
}
"""Each sentence is about one `gate`."""
NO_CHECK = _("the gateway gave no numbers")
TRY_LATER = _("Verification by call is unavailable right now. Please try again in a few minutes.")
GATEWAY_REASONS = {
    GatewayReason.NUMBER_UNUSABLE: Reason(
        _("the gateway cannot check the phone"),
        _("the gateway cannot check this number by a call"),
        _("I cannot verify this number by a call. Please ask an administrator of the group."),
    ),
    GatewayReason.CREDENTIALS: Reason(_("gateway refuses our key"), NO_CHECK, TRY_LATER),
    GatewayReason.NO_MONEY: Reason(_("gateway account is empty"), NO_CHECK, TRY_LATER),
    GatewayReason.ADDRESS_BLOCKED: Reason(_("gateway blocks our address"), NO_CHECK, TRY_LATER),
    GatewayReason.BLACKLISTED: Reason(
        _("phone on the gateway's blacklist"),
        _("this number is on the gateway's blacklist"),
        _("The gateway refused this number. Please ask an administrator of the group."),
    ),
    GatewayReason.COUNTRY_REFUSED: Reason(
        _("gateway refuses the country"),
        _("no calls from this country"),
        _("The gateway takes no calls from this country. Please ask an administrator of the group."),
    ),
    GatewayReason.UNAVAILABLE: Reason(_("gateway does not answer"), NO_CHECK, TRY_LATER),
}
REASONS = dict[str, Reason]([*GATEWAY_REASONS.items(), *CONTACT_REFUSALS.items(), *INELIGIBILITIES.items()])
"""By the code in the journal, for labels and phrases: a refused contact and an ineligible phone share two codes."""


class GatewayTrouble(NamedTuple):
    """What keeps the gateway from working: `cause` in a notification, `advice` on the page of the balance, with a
    `code`. Both are for operators."""

    cause: str
    advice: str


GATEWAY_TROUBLES = {
    GatewayReason.CREDENTIALS: GatewayTrouble(
        _("it refuses our login or key, or our address is not on the account's list"),
        _(
            "⚠️ The gateway refuses our login: check {credentials}, "
            "and that the account allows the address of this machine.{code}"
        ),
    ),
    GatewayReason.NO_MONEY: GatewayTrouble(
        _("the account is out of money"), _("⚠️ The gateway says that the account is empty. Top it up.{code}")
    ),
    GatewayReason.ADDRESS_BLOCKED: GatewayTrouble(
        _("it blocks our address for a while"),
        _(
            "⚠️ The gateway blocks the address of this machine. Each request prolongs that, so I "
            "pause for a while.{code}"
        ),
    ),
    GatewayReason.UNAVAILABLE: GatewayTrouble(
        _("it does not answer, or not properly"),
        _("⚠️ The gateway did not answer, or not clearly. Try again in a moment.{code}"),
    ),
}


class KindOfNumber(NamedTuple):
    """A kind of number: `short` in a list of kinds, `full` for the number of one person."""

    short: str
    full: str


NUMBER_KINDS = {
    NumberKind.MOBILE: KindOfNumber(_("mobile"), _("mobile number")),
    NumberKind.FIXED_OR_MOBILE: KindOfNumber(_("landline or mobile"), _("landline or mobile number")),
    NumberKind.FIXED: KindOfNumber(_("landline"), _("landline number")),
    NumberKind.VOIP: KindOfNumber(_("internet (VoIP)"), _("internet number (VoIP)")),
    NumberKind.TOLL_FREE: KindOfNumber(_("toll-free"), _("toll-free number")),
    NumberKind.PREMIUM: KindOfNumber(_("premium-rate"), _("premium-rate number")),
    NumberKind.SHARED_COST: KindOfNumber(_("shared cost"), _("shared-cost number")),
    NumberKind.PERSONAL: KindOfNumber(_("personal number"), _("personal number of a forwarding service")),
    NumberKind.PAGER: KindOfNumber(_("pager"), _("pager number")),
    NumberKind.UAN: KindOfNumber(_("company number"), _("number of a company")),
    NumberKind.VOICEMAIL: KindOfNumber(_("voicemail"), _("voicemail number")),
    NumberKind.UNKNOWN: KindOfNumber(_("unknown"), _("number of an unknown kind")),
}
