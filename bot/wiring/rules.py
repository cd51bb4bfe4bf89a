"""The part of the composition root for rules of the features that several other parts call."""

from __future__ import annotations

from dataclasses import dataclass

from bot.features.access.jobs import Sweep
from bot.features.admins.authorize import AdminDesk
from bot.features.announcements.actions import Announce
from bot.features.gates.lifecycle import LookForRights, UnlinkChats
from bot.features.moderation.mass_decline import DeclineMany
from bot.features.monitoring.actions import SetClockBack
from bot.features.privacy.erase import AskDeletion, FinishErasures
from bot.features.privacy.jobs import PurgeOld
from bot.features.raids.detect import FollowRaids
from bot.features.settings.file_format import JsonSettingsFile
from bot.features.settings.words import read_typed
from bot.features.statistics.actions import ReadStatistics, ShowStatistics
from bot.features.statistics.jobs import RollUp
from bot.features.verification.attempt import CancelVerification, RetryVerification, StartVerification
from bot.features.verification.call_page import ReadCalls
from bot.features.verification.confirm import OnGatewayEvent
from bot.features.verification.inbox import ReadInbox
from bot.features.verification.numbers import RequestNumber
from bot.features.webhooks.attempts import RecordAttempt
from bot.wiring.actions import action_handlers, elsewhere
from bot.wiring.base import Base
from bot.wiring.clients import counted


@dataclass(frozen=True, slots=True)
class Rules:
    """Rules with more than one caller, and those of the loops. `read_inbox`: None if the bot reads no inbox."""

    start_verification: StartVerification
    retry_verification: RetryVerification
    cancel_verification: CancelVerification
    read_calls: ReadCalls
    request_number: RequestNumber
    take_event: OnGatewayEvent
    read_inbox: ReadInbox | None
    desk: AdminDesk
    show_statistics: ShowStatistics
    announce: Announce
    ask_deletion: AskDeletion
    record_attempt: RecordAttempt
    sweep: Sweep


def build_rules(base: Base) -> Rules:
    """Build them."""
    clock, phone_cipher = base.clock, base.phone_cipher
    decline_many, show_statistics = DeclineMany(clock), ShowStatistics(clock, ReadStatistics())
    announce = Announce(clock, base.operators, base.plan)
    record_attempt = RecordAttempt(clock, base.notify_operators)
    sweep = _sweep(base, decline_many, announce, record_attempt)
    take_event = OnGatewayEvent(clock, base.plan, phone_cipher, base.token_generator, jumped=sweep.jumped)
    read_inbox = _read_inbox(base, take_event)
    start_verification = StartVerification(clock, phone_cipher, base.token_generator)
    return Rules(
        start_verification=start_verification,
        retry_verification=RetryVerification(clock, phone_cipher, start_verification),
        cancel_verification=CancelVerification(clock),
        read_calls=ReadCalls(clock),
        request_number=_request_number(base, read_inbox),
        take_event=take_event,
        read_inbox=read_inbox,
        desk=AdminDesk(
            clock,
            action_handlers(read_typed, JsonSettingsFile(), decline_many, show_statistics),
            elsewhere(JsonSettingsFile()),
        ),
        show_statistics=show_statistics,
        announce=announce,
        ask_deletion=AskDeletion(clock, base.operators),
        record_attempt=record_attempt,
        sweep=sweep,
    )


def _sweep(base: Base, decline_many: DeclineMany, announce: Announce, record_attempt: RecordAttempt) -> Sweep:
    clock, deliveries, raids = base.clock, base.deliveries, FollowRaids(base.clock)
    return Sweep(
        clock,
        base.connection.is_there,
        decline_many.go_on,
        raids.follow,
        raids.relax,
        announce.go_on,
        RollUp(clock),
        FinishErasures(clock),
        UnlinkChats(clock),
        LookForRights(clock),
        purging=(record_attempt.forget, *PurgeOld(clock, base.settings.keep).steps),
        on_step_back=SetClockBack(base.gateway.settings.call_window, base.notify_operators),
        is_sending=lambda: deliveries.stuck() is None and not deliveries.flooded(),
    )


def _read_inbox(base: Base, take_event: OnGatewayEvent) -> ReadInbox | None:
    gateway = base.gateway
    if gateway.read_inbox is None or not gateway.settings.poll_every:
        return None
    return ReadInbox(base.clock, base.leadership.transactions, gateway.read_inbox, take_event)


def _request_number(base: Base, read_inbox: ReadInbox | None) -> RequestNumber:
    return RequestNumber(
        base.clock,
        base.leadership.transactions,
        counted(base.gateway, base.metrics, base.runtime_stats),
        base.phone_cipher,
        read_inbox.mark if read_inbox is not None else None,
        base.gateway.settings.call_window,
        base.notify_operators,
        base.plan,
    )
