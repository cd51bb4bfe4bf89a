"""Whether a verified phone opens a gate."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from bot.domain.gate import AccessOverride, Gate, Ineligibility, Override
from bot.domain.phone import Fingerprint, NumberKind
from bot.domain.settings import CountryRule, GateSettings


@dataclass(frozen=True, slots=True)
class VerifiedPhone:
    """The phone that verified a person. `rank`: 1 for the first account that this phone verified, and so on."""

    user_id: int
    fingerprint: Fingerprint = field(repr=False)
    mask: str
    verification_id: int
    region: str
    kind: NumberKind
    rank: int
    verified_at: datetime


def ineligibility(
    gate: Gate, phone: VerifiedPhone, decision: AccessOverride | None, now: datetime
) -> Ineligibility | None:
    """Why this phone does not open this gate now; None when it does.

    Reasons that no call can fix come first, so that nobody calls without effect.
    """
    rules = gate.rules(now)
    if (about_number := number_ineligibility(rules, phone.region, phone.kind)) is not None:
        return about_number
    if phone.rank > rules.accounts:
        return Ineligibility.ACCOUNTS
    is_revoked = decision is not None and decision.override is Override.REVOKED and phone.verified_at <= decision.at
    is_old = rules.fresh_for is not None and phone.verified_at + rules.fresh_for <= now
    return Ineligibility.STALE if is_revoked or is_old else None


def number_ineligibility(rules: GateSettings, region: str, kind: NumberKind) -> Ineligibility | None:
    """The same for what a number shows before anybody has called."""
    match rules.country_rule:
        case CountryRule.ONLY if region not in rules.countries:
            return Ineligibility.COUNTRY
        case CountryRule.ALL_BUT if region in rules.countries:
            return Ineligibility.COUNTRY
    return Ineligibility.KIND if kind in rules.refused_kinds else None


@dataclass(frozen=True, slots=True)
class Applicant:
    """What is known of somebody at a gate: an admin's decision about them there, the phone that verified them, whether
    they are verifying right now, and whether Telegram has still to get the decline of a request."""

    decision: AccessOverride | None
    phone: VerifiedPhone | None
    is_verifying: bool
    is_being_declined: bool
