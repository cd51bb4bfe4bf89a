"""The use cases over a real database, with a clock that the test moves."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text

from bot.crypto import PhoneCipher, TokenGenerator
from bot.delivery.results import ApplyResults, SettleTask
from bot.delivery.select import InFlight, SelectOutgoing
from bot.delivery.views import ViewOf
from bot.domain.admin_actions import AdminAction, AdminActionKind
from bot.domain.gate_health import GateIssue
from bot.domain.gate_settings import STANDARD
from bot.domain.gates import OWNER, Gate
from bot.domain.gateway import AssignedNumber, EventKind, EventSource, GatewayEvent
from bot.domain.incidents import Measurements
from bot.domain.outgoing import TASKS, DeliveryResult, Outgoing, PendingGrant, PendingTask, Priority, TaskKind
from bot.domain.people import Person
from bot.domain.phone import SharedContact
from bot.domain.screens import ScreenName
from bot.domain.webhooks import Destination
from bot.features.access.grant_results import SettleGrant
from bot.features.access.jobs import Sweep
from bot.features.admins.authorize import AdminDesk
from bot.features.announcements.actions import Announce
from bot.features.gates.lifecycle import FollowRights, LookForRights, unlink_chats
from bot.features.joining.newcomers import Newcomer, on_member_joined, on_member_left, on_member_restricted
from bot.features.joining.requests import OnJoinRequest
from bot.features.moderation.mass_decline import continue_mass_declines
from bot.features.monitoring.actions import SetClockBack
from bot.features.monitoring.incidents import CheckInstallation
from bot.features.operators.registry import OperatorNotifier, Operators, ReportFailure
from bot.features.privacy.erase import ErasureViews, finish_erasures
from bot.features.privacy.jobs import PurgeOld, RetentionPolicy
from bot.features.raids.alerts import OnAlertResult
from bot.features.raids.detect import end_strict_periods, follow_raids
from bot.features.settings.file_format import JsonSettingsFile
from bot.features.settings.words import read_typed
from bot.features.statistics.jobs import roll_up
from bot.features.support.installation_views import InstallationViews
from bot.features.support.operators import AppointOperators
from bot.features.support.views import OperatorViews
from bot.features.verification.attempt import RetryVerification, ShareContact, StartVerification
from bot.features.verification.confirm import OnGatewayEvent
from bot.features.verification.views import help_view
from bot.features.webhooks.attempts import RecordAttempt
from bot.numbering import NumberingPlan
from bot.sandbox.clock import SandboxClock
from bot.wiring.actions import action_handlers, elsewhere
from storage.engine.database import Database
from storage.store import Store
from tests.domain.makers import NOW, WINDOW
from tests.tasks import said

ANNA, BORIS, OPERATOR = 7, 8, 999
PHONE, OTHER_PHONE = "+79991231234", "+79995556677"
CALL_NUMBER = "+74950000001"
GATE = Gate(-1001234567890, "Flat owners", None, is_channel=False, is_on=True)
OTHER_GATE = Gate(-1009876543210, "Garage", None, is_channel=False, is_on=True)
OFF = Gate(GATE.chat_id, GATE.title, None, is_channel=False, is_on=False)
MINUTE, HOUR = 60.0, 3600.0
NOTHING = Measurements()


def frozen_clock() -> SandboxClock:
    """Return a clock that stands still until the test moves it."""
    return SandboxClock(rate=0, start=NOW)


class Rules:
    """Possible events, each in a transaction of its own."""

    def __init__(self, database: Database, clock: SandboxClock) -> None:
        """`clock` is the one that the database has."""
        self.database = database
        self.clock = clock
        self.phone_cipher, self.plan, token_generator = (
            PhoneCipher("the key of these tests"),
            NumberingPlan(),
            TokenGenerator(),
        )
        self.operators = Operators([OPERATOR])
        self.notify_operators = OperatorNotifier(self.operators)
        self.opens = StartVerification(self.phone_cipher, token_generator)
        self.take_contact = ShareContact(self.plan, self.opens)
        self.ask_again = RetryVerification(self.phone_cipher, self.opens)
        self.take_event = OnGatewayEvent(self.plan, self.phone_cipher, token_generator, jumped=self.jumped)
        self.take_request = OnJoinRequest(has_app=True)
        self.take_newcomer = on_member_joined
        self.take_restriction = on_member_restricted
        self.rights = FollowRights(self.notify_operators)
        self.is_operator = self.operators.is_operator
        views: dict[ScreenName, ViewOf] = {
            ScreenName.OPERATOR: OperatorViews(self.is_operator),
            ScreenName.INSTALLATION: InstallationViews(self.operators),
            ScreenName.ERASE: ErasureViews(self.operators),
            ScreenName.HELP: help_view(self.is_operator),
        }
        self.pick = SelectOutgoing(views, self.is_operator)
        self.settings_file = JsonSettingsFile()
        self.desk = AdminDesk(
            action_handlers(read_typed, self.settings_file),
            elsewhere(self.settings_file),
        )
        self.report = ReportFailure(self.notify_operators)
        self.settle = ApplyResults(
            SettleGrant(self.notify_operators),
            SettleTask(self.desk, OnAlertResult(self.operators), self.operators),
            self.report,
        )
        self.announce = Announce(self.operators, self.plan)
        self.appoint = AppointOperators(self.operators, self.notify_operators)
        self.is_telegram_there = self.is_sending = True
        self.sweep = Sweep(
            self.clock,
            lambda: self.is_telegram_there,
            continue_mass_declines,
            follow_raids,
            end_strict_periods,
            roll_up,
            self.announce.go_on,
            finish_erasures,
            unlink_chats,
            LookForRights(),
            RecordAttempt(self.notify_operators).forget,
            *PurgeOld(RetentionPolicy()).steps,
            on_step_back=SetClockBack(WINDOW, self.notify_operators),
            is_sending=lambda: self.is_sending,
        )
        self.watch = CheckInstallation(self.notify_operators, expects_callback=True, targets=tuple(Destination))
        self.is_started = False

    @property
    def now(self) -> datetime:
        return self.clock.now()

    def jumped(self) -> float:
        return self.sweep.jumped()

    def later(self, seconds: float) -> None:
        self.clock.advance(seconds)

    async def rows(self, query: str, **values: object) -> list[Mapping[str, Any]]:
        async with self.database.begin() as connection:
            return [dict(row) for row in (await connection.execute(text(query), values)).mappings()]

    async def execute(self, statement: str) -> None:
        async with self.database.begin() as connection:
            await connection.execute(text(statement))

    async def journal(self) -> list[str]:
        return [row["event"] for row in await self.rows("SELECT event FROM journal ORDER BY id")]

    async def states(self) -> list[str]:
        """Return the states of all attempts, oldest first."""
        return [row["state"] for row in await self.rows("SELECT state FROM verifications ORDER BY id")]

    async def face(self, user_id: int = ANNA) -> str:
        """Return the name of the person's screen."""
        (row,) = await self.rows("SELECT face FROM screens WHERE user_id = :id", id=user_id)
        return str(row["face"])

    async def notifications(self) -> list[str]:
        """Return pending notifications, oldest first."""
        due = await self.database.transact(
            lambda store: store.tasks.due(self.now + timedelta(days=9), 100, (), Priority.LATER)
        )
        return [str(said(task)["notice"]) for task in due]

    async def grant(self, user_id: int = ANNA) -> PendingGrant:
        """Return the person's pending grant."""
        due = await self.database.transact(lambda store: store.grants.due(self.now + timedelta(days=9), 100, ()))
        (grant,) = [grant for grant in due if grant.user_id == user_id]
        return grant

    async def meets(self, user_id: int = ANNA, *, wrote: bool = True) -> Person:
        return await self.database.transact(
            lambda store: store.people.meet(user_id, user_id, "en", self.now, wrote=wrote)
        )

    async def shares(self, user_id: int = ANNA, phone: str = PHONE) -> None:
        """Share one's own contact."""
        person = await self.meets(user_id)
        contact = SharedContact(user_id, user_id, is_forwarded=False, number=phone)
        await self.database.transact(lambda store: self.take_contact(store, person, contact, 1))

    async def asks(self) -> list[int]:
        """Return the pending number requests."""
        rows = await self.rows("SELECT id FROM numbers WHERE state = 'asked' ORDER BY id")
        return [row["id"] for row in rows]

    async def is_given(self, number: str = CALL_NUMBER, inbox_after: int | None = None) -> None:
        """The gateway assigns the requested number."""
        (ask,) = await self.asks()
        await self.database.transact(
            lambda store: store.verifications.give_number(ask, AssignedNumber(number), self.now + WINDOW, inbox_after)
        )

    async def gets_number(self, user_id: int = ANNA, phone: str = PHONE, inbox_after: int | None = None) -> None:
        await self.shares(user_id, phone)
        await self.is_given(inbox_after=inbox_after)

    async def matches(self, event: GatewayEvent) -> None:
        await self.database.transact(lambda store: self.take_event(store, event))

    async def verifies(self, user_id: int = ANNA, phone: str = PHONE) -> None:
        await self.gets_number(user_id, phone)
        await self.matches(callback(phone, identity=f"{user_id} calls at {self.now}"))

    async def asks_to_join(
        self,
        user_id: int = ANNA,
        gate: Gate = GATE,
        *,
        wrote: bool = True,
        query_id: str | None = None,
        asked_at: datetime | None = None,
        link: str = "",
    ) -> None:
        person = await self.meets(user_id, wrote=wrote)
        await self.database.transact(
            lambda store: self.take_request(store, person, gate, query_id, asked_at, link=link)
        )

    async def joins(self, user_id: int = ANNA, gate: Gate = GATE, **how: Any) -> None:
        """Join the chat of a gate, alone unless stated otherwise."""
        told: dict[str, Any] = {
            "actor_id": user_id,
            "name": "",
            "is_bot": False,
            "is_admin": False,
            "asked": False,
        } | how
        newcomer = Newcomer(user_id=user_id, **told)
        await self.database.transact(lambda store: self.take_newcomer(store, gate.chat_id, newcomer))

    async def leaves(self, user_id: int = ANNA, gate: Gate = GATE, *, by_bot: bool = False) -> None:
        """Leave the chat of a gate, or be removed from it."""
        await self.database.transact(lambda store: on_member_left(store, gate.chat_id, user_id, by_bot=by_bot))

    async def chooses(self, gate: Gate = GATE, **changes: Any) -> None:
        """Give the gate the standard settings with these changes."""
        settings = replace(STANDARD, **changes)
        await self.database.transact(lambda store: store.gates.set_settings(gate.chat_id, settings, self.now))

    async def becomes(
        self, gate: Gate, actor_id: int | None = BORIS, *, is_admin: bool = True, fixed: Collection[GateIssue] = ()
    ) -> None:
        """The bot's rights in the chat are now these."""
        await self.database.transact(lambda store: self.rights(store, gate, actor_id, is_admin=is_admin, fixed=fixed))

    async def tasks(self, kind: TaskKind) -> list[PendingTask]:
        """Return tasks of a kind that run within a minute, oldest first."""
        due = await self.database.transact(
            lambda store: store.tasks.due(self.now + timedelta(minutes=1), 100, (), TASKS[kind].priority)
        )
        return [task for task in due if task.kind is kind]

    async def wants(self, kind: AdminActionKind, about: int | str = ANNA, key: str = "", admin_id: int = BORIS) -> str:
        """An admin of the gate presses a button about somebody; return the answer."""
        act = AdminAction(kind, GATE.chat_id, admin_id, {"key": key, "value": str(about)}, f"query {self.now} {kind}")

        async def press(store: Store) -> None:
            await store.admins.note(GATE.chat_id, admin_id, self.now, OWNER)
            await self.desk(store, act)

        await self.database.transact(press)
        rows = await self.rows("SELECT details FROM tasks WHERE kind = 'answer_button' ORDER BY id DESC LIMIT 1")
        (details,) = [row["details"] for row in rows]
        return str((json.loads(details) if isinstance(details, str) else details)["toast"])

    async def undone(self) -> list[str]:
        """Return pending tasks, except answers to buttons."""
        rows = await self.rows("SELECT kind FROM tasks WHERE done_at IS NULL AND kind <> 'answer_button' ORDER BY id")
        return [row["kind"] for row in rows]

    async def picks(self, limit: int = 50, busy: InFlight | None = None) -> list[Outgoing]:
        picked = await self.database.transact(lambda store: self.pick(store, limit, busy or InFlight()))
        return picked.items

    async def settles(self, *receipts: DeliveryResult) -> None:
        await self.database.transact(lambda store: self.settle(store, receipts))

    async def sweeps(self) -> None:
        """Run a sweep, the first time with the step of the start."""
        if not self.is_started:
            await self.database.transact(self.sweep.make_up_for_outage)
        self.is_started = True
        for step in self.sweep.steps:
            await self.database.transact(step)

    async def watches(self, readings: Measurements = NOTHING) -> None:
        """Run one check of the monitor."""
        await self.database.transact(lambda store: self.watch(store, readings))

    async def requests(self) -> list[str]:
        """Return the states of all join requests."""
        return [row["state"] for row in await self.rows("SELECT state FROM join_requests ORDER BY gate_id, user_id")]


def callback(
    caller: str = PHONE,
    placed_at: datetime | None = None,
    identity: str | None = "a report",
    called: str = "",
    kind: EventKind = EventKind.CALL,
) -> GatewayEvent:
    """Return a report by callback."""
    return GatewayEvent(kind, EventSource.CALLBACK, caller, called, placed_at, identity)


def inbox_entry(inbox_id: int, caller: str = PHONE, placed_at: datetime | None = None) -> GatewayEvent:
    """Return an entry of the inbox."""
    return GatewayEvent(
        EventKind.CALL, EventSource.INBOX, caller, "", placed_at, f"inbox entry {inbox_id}", inbox_id=inbox_id
    )
