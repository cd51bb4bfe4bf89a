"""Whether a verified phone opens a gate, and how the bot recognises its own restriction."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from bot.domain.gate_settings import CountryRule, GateSettings
from bot.domain.gates import AccessOverride, Gate, Ineligibility, Override
from bot.domain.phone import Fingerprint, NumberKind


class DecisionReason(StrEnum):
    """Why somebody was admitted or rejected, as in the journal and the log."""

    VERIFIED = "verified"
    OPEN = "open"
    """The gate requires no call."""
    BY_ADMIN = "by_hand"
    BLOCKED = "blocked"
    DEADLINE = "deadline"
    RAID = "raid"
    REVOKED = "revoked"
    """An admin wants them to verify again."""
    MANY = "many"
    """Part of a mass decline."""
    ERASED = "erased"
    """Everything about them was deleted."""


WAS_IN = "was_in"
"""The journal's code for a block of somebody who was in the chat already."""


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


MUTED_FOR = timedelta(days=360)
"""The shortest mute of a newcomer."""
MARKS = 4 * 24 * 3600 + 1
"""The number of signatures: each is a second added to MUTED_FOR. Together they stay below 366 days, since Telegram
treats a longer restriction as permanent (Bot API, `restrictChatMember`)."""


def muted_until(gate_id: int, user_id: int, now: datetime) -> datetime:
    """When the restriction of somebody who is muted now would end."""
    soonest = int((now + MUTED_FOR).timestamp()) + 1
    return datetime.fromtimestamp(soonest + (_mark(gate_id, user_id) - soonest) % MARKS, UTC)


def is_own_mute(gate_id: int, user_id: int, until: datetime) -> bool:
    """Whether a restriction that ends then is the bot's own."""
    return int(until.timestamp()) % MARKS == _mark(gate_id, user_id)


def _mark(gate_id: int, user_id: int) -> int:
    # Never 0: Telegram reports a restriction without an end as one that ended at the beginning of time.
    digest = hashlib.sha256(f"{gate_id}:{user_id}".encode()).digest()
    return 1 + int.from_bytes(digest[:8], "big") % (MARKS - 1)
