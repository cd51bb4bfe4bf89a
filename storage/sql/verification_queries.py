"""Statements about verifications and their call numbers, each built once."""

from __future__ import annotations

from sqlalchemy import and_, bindparam, func, not_, or_, select, text, update

from bot.domain.gateway import NOT_THE_PERSONS
from bot.domain.verification import VerificationState
from storage.sql import tables

V = tables.verifications.c
N = tables.numbers.c

ASKED, GIVEN, FAILED, DROPPED = "asked", "given", "failed", "dropped"
# Dropped: its verification ended first. The gateway may have been asked all the same, so it counts towards the limits.
WITHOUT_ENCRYPTED = [column for column in tables.verifications.columns if column is not V.encrypted]
ATTEMPT = select(*WITHOUT_ENCRYPTED)
BY_ID = ATTEMPT.where(V.id == bindparam("which"))
BY_IDS = ATTEMPT.where(V.id.in_(bindparam("which", expanding=True)))
BY_TOKEN = ATTEMPT.where(V.token == bindparam("named"))
BY_TOKENS = ATTEMPT.where(V.token.in_(bindparam("named", expanding=True)))
OPEN_OF = ATTEMPT.where(V.user_id == bindparam("whose"), V.state == VerificationState.OPEN)
OPEN_BY_PHONE = ATTEMPT.where(V.fingerprint == bindparam("phone"), V.state == VerificationState.OPEN)
LATEST_OF = ATTEMPT.where(
    V.id.in_(
        select(func.max(V.id))
        .where(V.user_id.in_(bindparam("whose", expanding=True)))
        .group_by(V.user_id)
        .scalar_subquery()
    )
)
IS_AWAITED = or_(
    # An open one is never too old: the clock may have been set forward since.
    tables.IS_OPEN,
    and_(V.opened_at >= bindparam("since"), V.state == VerificationState.EXPIRED),
)
UNCONFIRMED_BY_PHONE = ATTEMPT.where(
    V.fingerprint == bindparam("phone"),
    IS_AWAITED,
).order_by(V.id.desc())
ADD = tables.verifications.insert().returning(V.id)
SAVE = update(tables.verifications).where(V.id == bindparam("which"))
ASK = tables.numbers.insert()
DROP_ASKS = update(tables.numbers).where(N.verification_id == bindparam("of"), N.state == ASKED).values(state=DROPPED)
NUMBERS_OF = (
    select(tables.numbers)
    .where(N.verification_id.in_(bindparam("of", expanding=True)), N.state.in_((ASKED, GIVEN)))
    .order_by(N.id)
)
FAILED_SINCE = select(func.count()).where(
    V.user_id == bindparam("whose"),
    V.ended_at > bindparam("since"),
    V.state.not_in((VerificationState.OPEN, VerificationState.CONFIRMED)),
)
ASKED_SINCE = select(N.id, N.asked_at).where(
    N.asked_at > bindparam("since"), not_(and_(N.state == FAILED, N.reason.in_(NOT_THE_PERSONS)))
)
ASKED_BY = ASKED_SINCE.where(N.user_id == bindparam("whose"))
ASKED_FOR = ASKED_SINCE.where(N.fingerprint == bindparam("phone"))
DUE_ASKS = (
    select(N.id, N.verification_id, V.encrypted)
    .join(tables.verifications, V.id == N.verification_id)
    .where(
        N.state == ASKED,
        N.asked_at <= bindparam("now"),
        N.id.not_in(bindparam("busy", expanding=True)),
        V.state == VerificationState.OPEN,
        V.encrypted.is_not(None),
    )
    .order_by(N.asked_at)
    .limit(bindparam("at_most"))
)
# The parameters' names are the columns that these set.
SETTLE_ASK = update(tables.numbers).where(N.id == bindparam("which"), N.state == ASKED)
BY_REFERENCE = select(N.verification_id).where(N.reference == bindparam("named"), N.state == GIVEN).distinct().limit(2)
LOCK_REFERENCE = text("SELECT pg_advisory_xact_lock(1, CAST(:named AS INTEGER))")
"""PostgreSQL keeps locks with a key of two parts apart from the bot's others, whose key has one."""
LAST_NUMBER = select(N.state, N.reason).where(N.verification_id == bindparam("of")).order_by(N.id.desc()).limit(1)
FAILED_LAST = select(N.verification_id).where(
    N.id.in_(
        select(func.max(N.id))
        .where(N.verification_id.in_(bindparam("of", expanding=True)))
        .group_by(N.verification_id)
        .scalar_subquery()
    ),
    N.state == FAILED,
)
NEAREST_WINDOW_END = (
    select(V.window_ends_at)
    .where(tables.MAY_BE_CALLED, V.window_ends_at > bindparam("after"))
    .order_by(V.window_ends_at)
    .limit(1)
)
OPEN_REFERENCES = (
    select(N.reference)
    .where(
        N.verification_id.in_(select(V.id).where(tables.MAY_BE_CALLED, V.window_ends_at > bindparam("after"))),
        N.reference.is_not(None),
        N.state == GIVEN,
        N.window_ends_at > bindparam("after"),
    )
    .order_by(N.id)
)
LAST_WINDOW = select(func.max(N.window_ends_at)).where(N.verification_id == V.id, N.state == GIVEN).scalar_subquery()
ITS_VERIFICATION = select(N.verification_id).where(N.id == bindparam("which"), N.state == GIVEN).scalar_subquery()
NOTE_WINDOW = update(tables.verifications).where(V.id == ITS_VERIFICATION).values(window_ends_at=LAST_WINDOW)
