"""Statements about join requests, each built once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Select, bindparam, exists, func, or_, select, update

from bot.domain.gate_settings import EntryMode
from bot.domain.gates import GateMode, Reachability, RequestState
from bot.domain.outgoing import TaskKind
from bot.domain.verification import VerificationState
from storage.sql import tables
from storage.sql.statements import is_none, json_text

G = tables.gates.c
R = tables.join_requests.c
E = tables.tasks.c
P = tables.verified_phones.c
WORKS = (G.is_on, G.switch == GateMode.ON)
NOT_IN_CALL_WINDOW = is_none(
    select(tables.verifications.c.user_id).where(
        tables.verifications.c.user_id == R.user_id, tables.verifications.c.state == VerificationState.OPEN
    )
)
NOT_VERIFIED = is_none(select(P.user_id).where(P.user_id == R.user_id))
HAS_PHONE = {"is_verified": select(exists().where(P.user_id == bindparam("whose"))).scalar_subquery()}
IS_THE_ONE = (R.gate_id == bindparam("at_gate"), R.user_id == bindparam("whose"))
THE_ONE = select(tables.join_requests).where(*IS_THE_ONE)
OF_PERSON = select(tables.join_requests).where(R.user_id == bindparam("whose")).order_by(R.requested_at.desc())
NAMES = (
    select(R.user_id, R.name)
    .where(R.user_id.in_(bindparam("whose", expanding=True)), R.name != "")
    .order_by(R.requested_at)
)
# The parameters' names are the columns that this sets.
CHANGE = update(tables.join_requests).where(*IS_THE_ONE)
DECIDE = CHANGE.values(state=bindparam("decided_state"), decided_at=bindparam("now"))
CLAIM = DECIDE.where(tables.IS_WAITING)
DECLINE_OVERDUE = CLAIM.where(R.deadline_at < bindparam("now"))
CLEAR_INELIGIBILITY = (
    update(tables.join_requests).where(tables.IS_WAITING, R.ineligibility.is_not(None)).values(ineligibility=None)
)
CLEAR_INELIGIBILITY_AT = CLEAR_INELIGIBILITY.where(R.gate_id == bindparam("at_gate"))
CLEAR_THEIR_INELIGIBILITY = CLEAR_INELIGIBILITY.where(R.user_id == bindparam("whose"))
CLEAR_ONE_INELIGIBILITY = CLEAR_INELIGIBILITY.where(*IS_THE_ONE)
EXTEND_DEADLINES = (
    update(tables.join_requests)
    .where(R.gate_id == bindparam("at_gate"), tables.IS_WAITING, R.deadline_at < bindparam("until"))
    .values(deadline_at=bindparam("until"))
)
COUNT_WAITING = select(func.count()).where(R.gate_id == bindparam("at_gate"), tables.IS_WAITING)
REACH = (
    update(tables.join_requests)
    .where(
        R.user_id.in_(bindparam("whose", expanding=True)),
        R.state == RequestState.WAITING,
        R.reach.in_(bindparam("before", expanding=True)),
    )
    .values(reach=bindparam("found"))
    .returning(R.gate_id, R.user_id)
)
REACH_THERE = REACH.where(R.gate_id == bindparam("at_gate"))
SETTINGS = tables.gates.c.settings
ASKS_NO_CALL = func.coalesce(json_text(SETTINGS, "asks_call"), "true") == "false"
# Where the entry mode cannot be read nobody is unmuted: nobody called.
MUTES_NOBODY = or_(
    G.switch == GateMode.OFF,
    func.coalesce(json_text(SETTINGS, "way"), EntryMode.REQUEST.value).in_(
        [way for way in EntryMode if way is not EntryMode.MUTE]
    ),
)
RECENT = select(func.count()).where(R.gate_id == bindparam("at_gate"), R.requested_at >= bindparam("since"))
TURNED_AWAY = (TaskKind.DECLINE_JOIN, TaskKind.KICK)
BEING_TURNED_AWAY = (
    select(tables.join_requests, E.details.label("refusal"))
    .join(tables.tasks, (E.user_id == R.user_id) & (E.chat_id == R.gate_id))
    .where(
        R.user_id == bindparam("whose"),
        R.state == RequestState.DECLINED,
        E.kind.in_(TURNED_AWAY),
        E.done_at.is_(None),
    )
    .with_for_update(key_share=True, of=tables.join_requests)
)


def gates_to_prompt(joined_before: datetime) -> Select[int, datetime, datetime]:
    """Gates with newcomers to prompt, and when the newest joined: `lost`, of unreachable ones; `silent`, of others."""
    muted = select(R.requested_at).where(R.gate_id == G.chat_id, tables.IS_WAITING_MUTED)
    newest = muted.order_by(R.requested_at.desc()).limit(1)
    lost = newest.where(R.reach == Reachability.NOT_REACHED).scalar_subquery()
    silent = newest.where(
        R.reach == Reachability.PENDING,
        R.requested_at < joined_before,
        json_text(SETTINGS, "prompts_group") == "true",
    ).scalar_subquery()
    return select(G.chat_id, lost.label("lost"), silent.label("silent")).where(
        *WORKS, or_(lost.is_not(None), silent.is_not(None))
    )
