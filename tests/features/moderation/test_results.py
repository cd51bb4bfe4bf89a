"""Results around an admin's decision: a lost log chat, a refused removal, a name in a command."""

from __future__ import annotations

import pytest

from bot.domain.admin_actions import AdminActionKind
from bot.domain.gates import OWNER, Gate
from bot.domain.notifications import Notification, Notify
from bot.domain.outgoing import DeliveryResult, DeliveryStatus, MemberFound, MemberStatus, PendingLogBatch, TaskKind
from bot.domain.people_pages import TargetError
from bot.domain.tasks import CallAdmins
from bot.features.moderation.commands import CommandInPrivate, TargetRef
from storage.store import Store
from tests.features.rules import ANNA, BORIS, GATE, OTHER_GATE, Rules

LOG, NAME = -1005, "anna_1990"


async def test_a_log_chat_that_cannot_be_written_to_is_given_up_and_the_admins_are_asked_for(rules: Rules) -> None:
    await rules.becomes(GATE)
    await rules.chooses(GATE, log_chat=LOG, log_topic=3)
    await rules.verifies()
    await rules.asks_to_join()
    await rules.settles(DeliveryResult(await rules.grant(), DeliveryStatus.DONE))
    rules.later(60)
    (batch,) = [item for item in await rules.picks() if isinstance(item, PendingLogBatch)]

    await rules.settles(DeliveryResult(batch, DeliveryStatus.UNREACHABLE, error="Forbidden: bot was kicked"))

    gate = await rules.database.transact(lambda store: store.gates.get(GATE.chat_id))
    assert gate is not None
    assert (gate.settings.log_chat, gate.settings.log_topic) == (None, None)
    assert [task.work for task in await rules.tasks(TaskKind.CALL_ADMINS) if isinstance(task.work, CallAdmins)]
    assert "gate_changed" in await rules.journal()


async def blocked(rules: Rules) -> DeliveryResult:
    """An admin blocks Anna, who is in; return the result of the removal, still to be filled."""
    await rules.becomes(GATE)
    await rules.joins(asked=False)
    await rules.wants(AdminActionKind.BLOCK)
    (ban,) = await rules.tasks(TaskKind.BAN)
    return DeliveryResult(ban, DeliveryStatus.REFUSED, error="Bad Request: not enough rights")


async def test_an_admin_learns_that_telegram_refused_the_removal(rules: Rules) -> None:
    await rules.settles(await blocked(rules))

    notices = [task.work for task in await rules.tasks(TaskKind.NOTIFY) if task.chat_id == BORIS]
    (notice,) = [work for work in notices if isinstance(work, Notify) and work.notice is Notification.NOT_REMOVED]
    assert (notice.user_id, notice.error) == (ANNA, "Bad Request: not enough rights")


async def test_a_decision_about_somebody_who_has_become_an_admin_is_dropped(rules: Rules) -> None:
    refused = await blocked(rules)

    await rules.settles(DeliveryResult(refused.item, DeliveryStatus.GONE, member=MemberFound(MemberStatus.ADMIN)))

    assert await rules.rows("SELECT * FROM access_overrides") == []
    assert "restored" in await rules.journal()


@pytest.mark.parametrize(
    ("named", "gate", "value"),
    [
        (TargetRef(username=NAME), GATE, ANNA),
        (TargetRef(username=NAME), OTHER_GATE, TargetError.UNKNOWN),
        (TargetRef(username="nobody_here"), GATE, TargetError.UNKNOWN),
        (TargetRef(user_id=77), GATE, 77),
        (TargetRef(missing=TargetError.NOBODY_NAMED), GATE, TargetError.NOBODY_NAMED),
    ],
)
async def test_a_command_names_somebody_known_at_the_gates_of_its_admin(
    rules: Rules, named: TargetRef, gate: Gate, value: object
) -> None:
    await rules.becomes(GATE)
    await rules.becomes(OTHER_GATE, actor_id=99)
    digest = rules.phone_cipher.username_digest(NAME)
    await rules.database.transact(
        lambda store: store.people.meet(ANNA, ANNA, "en", rules.now, wrote=True, username=digest)
    )
    await rules.asks_to_join(ANNA, gate)
    boris = await rules.meets(BORIS)
    command = CommandInPrivate(rules.desk, rules.phone_cipher)
    rules.later(1)

    async def run(store: Store) -> None:
        await store.admins.note(GATE.chat_id, BORIS, rules.now, OWNER)
        await command(store, boris, "who", named)

    await rules.database.transact(run)

    (_, details) = await rules.database.transact(lambda store: store.screens.wanted(BORIS)) or (None, {})
    assert details["value"] == value
