"""A person with rows in every table, and delivering what is due about them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from bot.domain.admin_actions import AdminActionKind
from bot.domain.gate_health import GateHealth
from bot.domain.gates import NO_ADMIN, OWNER, AccessOverride, GateMode, Override
from bot.domain.journal import Event
from bot.domain.notifications import Notification, Notify, SendAlert, Toast
from bot.domain.operators import AddedOperator
from bot.domain.outgoing import DeliveryResult, DeliveryStatus, PendingGrant, PendingTask, TaskKind
from bot.domain.raids import AlertMessage, MassDecline, Raid, RaidResponse
from bot.domain.screens import ScreenName
from bot.domain.tasks import LogLine
from bot.domain.webhooks import Destination
from storage.store import Store
from tests.domain.makers import NOW
from tests.features.rules import BORIS, GATE, OPERATOR, OTHER_GATE, PHONE, Rules, callback

ID = 7_000_000_123
"""An id that is no part of any other value, and longer than 32 bits."""
FRIEND = 7_000_000_456
NAME = "digest of a user name"


async def carries(rules: Rules, result: DeliveryStatus = DeliveryStatus.DONE) -> list[str]:
    """Deliver everything that is due, as the delivery worker does; return the kinds."""
    carried = []
    while items := await rules.picks():
        carried += [item.kind if isinstance(item, PendingTask | PendingGrant) else "screen" for item in items]
        await rules.settles(*(receipt(item, result) for item in items))
    return carried


def receipt(item: Any, result: DeliveryStatus = DeliveryStatus.DONE) -> DeliveryResult:
    answers: dict[TaskKind, dict[str, Any]] = {
        TaskKind.CHECK_ADMIN: {"rights": {GATE.chat_id: OWNER}},
        TaskKind.CHECK_GATE: {"health": GateHealth(NOW)},
    }
    answer = answers.get(item.kind, {}) if isinstance(item, PendingTask) else {}
    return DeliveryResult(item, result, message_id=77, digest="d", answer=answer)


async def lives(rules: Rules) -> tuple[str, str]:
    """Create a person with rows in every table; return their fingerprint and mask."""
    await rules.becomes(GATE, actor_id=ID)
    await rules.becomes(OTHER_GATE)
    await rules.asks_to_join(ID)
    await rules.verifies(ID)
    await carries(rules)
    await rules.matches(callback(PHONE, identity="one call more"))
    await rules.asks_to_join(FRIEND, OTHER_GATE)
    person = await rules.meets(ID)

    async def more(store: Store) -> None:
        await store.people.meet(ID, ID, "en", rules.now, wrote=True, username=NAME)
        await store.admins.note(GATE.chat_id, ID, rules.now, OWNER)
        await store.admins.note(GATE.chat_id, BORIS, rules.now, OWNER)
        await store.admins.note(OTHER_GATE.chat_id, ID, rules.now, NO_ADMIN)
        await store.gates.link(GATE.chat_id, [OTHER_GATE.chat_id], ID)
        await store.appeals.open(GATE.chat_id, ID, rules.now, timedelta(days=1))
        await store.overrides.put(GATE.chat_id, ID, AccessOverride(Override.ALLOWED, rules.now, BORIS))
        await store.overrides.put(OTHER_GATE.chat_id, ID, AccessOverride(Override.BLOCKED, rules.now, BORIS))
        await store.overrides.put(GATE.chat_id, FRIEND, AccessOverride(Override.BLOCKED, rules.now, ID))
        await store.people.meet(BORIS, BORIS, "en", rules.now, wrote=True)
        details: dict[str, str | int] = {"gate": GATE.chat_id, "page": "who", "value": ID}
        await store.screens.show(BORIS, BORIS, ScreenName.GATE, rules.now, details=details)
        told = Notify(Notification.GRANT_FAILED, title="Flats", user_id=ID, error="no")
        await store.tasks.add(told, OPERATOR, rules.now, key=f"about {ID}")
        store.journal.add(Event.ALLOWED, rules.now, user_id=FRIEND, gate_id=GATE.chat_id, actor_id=ID)
        await rules.report(store, "abcd1234", "trouble", ID)
        await store.appeals.open(GATE.chat_id, FRIEND, rules.now, timedelta(days=1))
        await store.appeals.close(GATE.chat_id, FRIEND, Toast.DECLINED, rules.now, ID)
        await store.appeals.open(OTHER_GATE.chat_id, FRIEND, rules.now, timedelta(days=1))
        for admin_id in (ID, BORIS):
            await store.appeals.told(OTHER_GATE.chat_id, FRIEND, admin_id, 8)
        store.journal.add(Event.REVOKED, rules.now, user_id=FRIEND, gate_id=GATE.chat_id, code="x", actor_id=ID)
        await store.mass_declines.add(MassDecline("many", GATE.chat_id, ID, "raid", None, rules.now))
        await store.outbox.add(
            Destination.EVENTS, "msg_1", "access.granted", b'{"data":{"person_id":%d}}' % ID, rules.now, user_id=ID
        )
        message = b'{"type":"access.revoked","data":{"person_id":%d,"admin_id":%d}}' % (FRIEND, ID)
        await store.outbox.add(
            Destination.EVENTS, "msg_2", "access.revoked", message, rules.now, user_id=FRIEND, admin_id=ID
        )
        await store.operators.add(AddedOperator(ID, "Ida", OPERATOR, rules.now))
        await store.operators.add(AddedOperator(FRIEND, "Freda", ID, rules.now))
        text = await store.announcements.write(ID, "Words for all", rules.now)
        await store.announcements.begin(text, ID, rules.now)
        line = LogLine(Event.BLOCKED, GATE.chat_id, user_id=FRIEND, admin_id=ID)
        await store.tasks.add(line, GATE.chat_id, rules.now, user_id=FRIEND)
        said = SendAlert(GATE.chat_id, 5, "Chess", "en", 24, 2, GateMode.PAUSED, asks_call=True, switch_by=ID)
        messages = (AlertMessage(ID, 5), AlertMessage(BORIS, 6))
        raid = Raid(GATE.chat_id, rules.now, rules.now, messages=messages, said=said)
        await store.raids.put(GATE.chat_id, raid.with_deed(RaidResponse(AdminActionKind.SWITCH, "pause", ID)))

    await rules.database.transact(more)
    assert person.user_id == ID
    (row,) = await rules.rows("SELECT fingerprint, mask FROM verified_phones")
    return row["fingerprint"], row["mask"]
