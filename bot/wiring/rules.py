"""The part of the composition root for rules of the features that several other parts call."""

from __future__ import annotations

from dataclasses import dataclass

from bot.features.access.jobs import Sweep
from bot.features.admins.authorize import AdminDesk
from bot.features.announcements.actions import Announce
from bot.features.gates.lifecycle import LookForRights, unlink_chats
from bot.features.moderation.mass_decline import continue_mass_declines
from bot.features.monitoring.actions import SetClockBack
from bot.features.privacy.erase import AskDeletion, finish_erasures
from bot.features.privacy.jobs import PurgeOld
from bot.features.raids.detect import end_strict_periods, follow_raids
from bot.features.settings.file_format import JsonSettingsFile
from bot.features.settings.words import read_typed
from bot.features.statistics.jobs import roll_up
from bot.features.verification.attempt import RetryVerification, StartVerification
from bot.features.verification.confirm import OnGatewayEvent
from bot.features.verification.inbox import ReadInbox
from bot.features.verification.numbers import RequestNumber
from bot.features.verification.statuses import ReadStatuses
from bot.features.webhooks.attempts import RecordAttempt
from bot.wiring.actions import action_handlers, elsewhere
from bot.wiring.base import Base
from bot.wiring.clients import counted


@dataclass(frozen=True, slots=True)
class Rules:
    """Rules with more than one caller, and those of the loops. `read_calls_missed`: None if the bot does not ask the
    gateway for calls."""

    start_verification: StartVerification
    retry_verification: RetryVerification
    request_number: RequestNumber
    take_event: OnGatewayEvent
    read_calls_missed: ReadInbox | ReadStatuses | None
    desk: AdminDesk
    announce: Announce
    ask_deletion: AskDeletion
    record_attempt: RecordAttempt
    sweep: Sweep


def build_rules(base: Base) -> Rules:
    """Build them."""
    phone_cipher = base.phone_cipher
    announce = Announce(base.operators, base.plan)
    record_attempt = RecordAttempt(base.notify_operators)
    sweep = _sweep(base, announce, record_attempt)
    take_event = OnGatewayEvent(base.plan, phone_cipher, base.token_generator, jumped=sweep.jumped)
    read_calls_missed = _read_calls_missed(base, take_event)
    start_verification = StartVerification(phone_cipher, base.token_generator)
    return Rules(
        start_verification=start_verification,
        retry_verification=RetryVerification(phone_cipher, start_verification),
        request_number=_request_number(base, read_calls_missed),
        take_event=take_event,
        read_calls_missed=read_calls_missed,
        desk=AdminDesk(
            action_handlers(read_typed, JsonSettingsFile()),
            elsewhere(JsonSettingsFile()),
        ),
        announce=announce,
        ask_deletion=AskDeletion(base.operators),
        record_attempt=record_attempt,
        sweep=sweep,
    )


def _sweep(base: Base, announce: Announce, record_attempt: RecordAttempt) -> Sweep:
    deliveries = base.deliveries
    return Sweep(
        base.clock,
        base.connection.is_there,
        continue_mass_declines,
        follow_raids,
        end_strict_periods,
        announce.go_on,
        roll_up,
        finish_erasures,
        unlink_chats,
        LookForRights(),
        purging=(record_attempt.forget, *PurgeOld(base.settings.keep).steps),
        on_step_back=SetClockBack(base.gateway.settings.call_window, base.notify_operators),
        is_sending=lambda: deliveries.stuck() is None and not deliveries.flooded(),
    )


def _read_calls_missed(base: Base, take_event: OnGatewayEvent) -> ReadInbox | ReadStatuses | None:
    gateway, transactions = base.gateway, base.leadership.transactions
    if not gateway.settings.poll_every:
        return None
    if gateway.read_inbox is not None:
        return ReadInbox(base.clock, transactions, gateway.read_inbox, take_event)
    if gateway.read_statuses is not None:
        return ReadStatuses(base.clock, transactions, gateway.read_statuses, take_event)
    return None


def _request_number(base: Base, reading: ReadInbox | ReadStatuses | None) -> RequestNumber:
    return RequestNumber(
        base.clock,
        base.leadership.transactions,
        counted(base.gateway, base.metrics, base.runtime_stats),
        base.phone_cipher,
        reading.mark if isinstance(reading, ReadInbox) else None,
        base.gateway.settings.call_window,
        base.notify_operators,
        base.plan,
    )
