"""Appeals: a person asks the admins, the admins get messages, and these show the outcome."""

from __future__ import annotations

from collections.abc import Mapping

from bot.domain.gates import APPEAL_EVERY, AdminRights, Gate, GateMode, JoinRequest, RequestState
from bot.domain.journal import Event
from bot.domain.notifications import CloseAppeal, Notification, Notify, SendAppeal, Toast
from bot.domain.outgoing import DeliveryResult
from bot.domain.people import Person
from bot.domain.screens import ScreenName
from bot.domain.tasks import AdminsWantedFor, CallAdmins
from bot.features.moderation.views import applicants
from bot.features.operators.registry import Operators
from storage.store import Store


async def announce(store: Store, gate: Gate, request: JoinRequest) -> None:
    """Post to the gate's log chat, if it has one; else ask Telegram for its admins and write to them in private."""
    log_chat = gate.settings.log_chat
    if log_chat is not None:
        await _tell(store, gate, request, log_chat)
    else:
        await call_admins(store, gate, AdminsWantedFor.APPEAL, request.user_id)


async def call_admins(store: Store, gate: Gate, purpose: AdminsWantedFor, user_id: int = 0) -> None:
    """Ask Telegram who the admins are; `called` continues from there."""
    await store.tasks.add(CallAdmins(gate.chat_id, purpose, user_id), gate.chat_id, store.now, user_id=user_id or None)


async def called(store: Store, call: CallAdmins, receipt: DeliveryResult, operators: Operators) -> None:
    """Continue once Telegram has named the admins, or refused. If none can be written to, notify the operators."""
    gate = await store.gates.get(call.gate_id)
    if gate is None:
        return
    admins: Mapping[int, AdminRights] = receipt.answer.get("admins", {})
    for admin_id, rights in admins.items():
        await store.admins.answered(gate.chat_id, admin_id, store.now, rights)
    people = await store.people.get_many(admins)
    reachable = [admin_id for admin_id in admins if admin_id in people and people[admin_id].can_be_written]
    if call.purpose is AdminsWantedFor.LOG:
        for admin_id in reachable:
            await store.tasks.add(Notify(Notification.LOG_LOST, title=gate.title), admin_id, store.now)
        return
    request = await store.requests.get(gate.chat_id, call.user_id)
    if request is None or request.state is not RequestState.WAITING:
        return
    for admin_id in reachable:
        await _tell(store, gate, request, admin_id)
    if not reachable:
        await _notify_operators(store, gate, request, operators)


async def not_told(store: Store, chat_id: int, appeal: SendAppeal, operators: Operators) -> None:
    """Handle an appeal message that could not be delivered: write to the admins in place of the log chat, or to the
    operators when the last admin is unreachable."""
    gate_id, user_id = await store.gates.current_id(appeal.gate_id), appeal.user_id
    gate, request = await store.gates.get(gate_id), await store.requests.get(gate_id, user_id)
    if gate is None or request is None or request.state is not RequestState.WAITING:
        return
    if chat_id == gate.settings.log_chat or chat_id < 0:
        await call_admins(store, gate, AdminsWantedFor.APPEAL, user_id)
        return
    if appeal.is_for_operator:
        return
    await store.people.lost([chat_id])
    people = await store.people.get_many(await store.admins.at(gate_id))
    if not any(person.can_be_written for person in people.values()):
        await _notify_operators(store, gate, request, operators)


async def close_appeal(store: Store, gate: Gate, user_id: int, outcome: Toast, admin_id: int | None = None) -> None:
    """Resolve an appeal: update its messages with the outcome and the admin."""
    for chat_id, message_id in await store.appeals.close(gate.chat_id, user_id, outcome, store.now, admin_id):
        await _say_decided(store, gate, user_id, (chat_id, message_id), outcome, admin_id)


async def told(store: Store, chat_id: int, appeal: SendAppeal, message_id: int) -> None:
    """Record the message of an appeal; if it has been decided meanwhile, update it at once."""
    user_id = appeal.user_id
    gate = await store.gates.get(await store.gates.current_id(appeal.gate_id))
    if gate is None or appeal.is_for_operator:
        return
    decided = await store.appeals.told(gate.chat_id, user_id, chat_id, message_id)
    if decided is not None:
        outcome, admin_id = decided
        await _say_decided(store, gate, user_id, (chat_id, message_id), outcome, admin_id)


async def _say_decided(
    store: Store, gate: Gate, user_id: int, message: tuple[int, int], outcome: Toast, admin_id: int | None
) -> None:
    chat_id, message_id = message
    request = await store.requests.get(gate.chat_id, user_id)
    name, language = request.name if request is not None else "", _language(gate, chat_id)
    work = CloseAppeal(gate.chat_id, gate.title, user_id, name, message_id, outcome, language, admin_id)
    await store.tasks.add(work, chat_id, store.now, user_id=user_id)


async def _notify_operators(store: Store, gate: Gate, request: JoinRequest, operators: Operators) -> None:
    for operator_id in await operators.now(store):
        await _tell(store, gate, request, operator_id, is_for_operator=True)


async def _tell(store: Store, gate: Gate, request: JoinRequest, chat_id: int, *, is_for_operator: bool = False) -> None:
    (applicant,) = await applicants(store, [request])
    work = SendAppeal(
        gate_id=gate.chat_id,
        title=gate.title,
        user_id=request.user_id,
        name=request.name,
        stage=applicant.stage,
        why=applicant.why,
        mask=applicant.mask,
        seconds=int((store.now - request.requested_at).total_seconds()),
        language=_language(gate, chat_id),
        topic=gate.settings.log_topic if chat_id == gate.settings.log_chat else None,
        is_for_operator=is_for_operator,
    )
    await store.tasks.add(work, chat_id, store.now, user_id=request.user_id)


def _language(gate: Gate, chat_id: int) -> str:
    """Return the gate's language for a log chat; in private the reader's own is known."""
    return gate.settings.language if chat_id < 0 else ""


async def ask_admins(store: Store, person: Person, *, fresh: bool) -> Toast:
    """Send the person's appeals: at most once a day at each gate, while the bot can decide there. Their screen then
    says that they asked. `fresh`: the screen comes as a new message, because they wrote one."""
    now, user_id = store.now, person.user_id
    waiting = (await store.requests.waiting_of_many([user_id])).get(user_id, [])
    asked = 0
    for request, gate in waiting:
        if not gate.is_on or gate.switch is GateMode.OFF:
            continue
        if await store.appeals.open(gate.chat_id, user_id, now, APPEAL_EVERY):
            store.journal.add(Event.APPEALED, now, user_id=user_id, gate_id=gate.chat_id)
            await announce(store, gate, request)
            asked += 1
    if fresh:
        face, details = await store.screens.wanted(user_id) or (ScreenName.WELCOME, {})
        await store.screens.show(user_id, person.chat_id, face, now, details=details, fresh=True)
    else:
        await store.screens.touch([user_id], now)
    if asked:
        return Toast.ASKED_ADMINS
    return Toast.ASKED_BEFORE if waiting else Toast.OVER
