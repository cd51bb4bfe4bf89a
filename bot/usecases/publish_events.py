"""Telling the owner's own system what happened."""

from __future__ import annotations

import json
from collections.abc import Sequence

from bot.domain.gate import GrantKind
from bot.domain.journal import Event
from bot.domain.outbox import EventType, Target
from bot.domain.verification import VerificationState
from bot.usecases.ports import Noted, Randomness, Store

OF_VERIFICATIONS = {
    Event.CONFIRMED: EventType.VERIFICATION_CONFIRMED,
    Event.EXPIRED: EventType.VERIFICATION_EXPIRED,
    Event.NUMBER_REFUSED: EventType.VERIFICATION_REFUSED,
}
OF_ACCESS = {
    Event.GRANT_DONE: EventType.ACCESS_GRANTED,
    Event.REVOKED: EventType.ACCESS_REVOKED,
    Event.JOIN_DECLINED: EventType.ACCESS_DECLINED,
    Event.REMOVED: EventType.ACCESS_REMOVED,
}

Fields = dict[str, object]


class PublishEvents:
    """What others are told of becomes a row in the transaction in which it happened: it is told if, and only if, it
    did happen. Of the phone its mask and country are told, never the number.

    What an event says is only ever added to, since others read it.
    """

    def __init__(self, randomness: Randomness) -> None:
        self._randomness = randomness

    async def __call__(self, store: Store, noted: Sequence[Noted]) -> None:
        for entry in noted:
            if entry.event in OF_VERIFICATIONS:
                told = await self._verification(store, entry)
            elif entry.event in OF_ACCESS and entry.code != GrantKind.TAG:
                told = OF_ACCESS[entry.event], await self._access(store, entry)
            else:
                continue
            if told is not None:
                await self._add(store, entry, *told)

    async def _add(self, store: Store, entry: Noted, kind: EventType, data: Fields) -> None:
        payload = {"type": kind, "timestamp": entry.at.isoformat(), "data": data}
        body = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
        message_id = f"msg_{self._randomness.token()}"
        admin_id = entry.actor_id if "admin_id" in data else None
        await store.outbox.add(
            Target.EVENTS, message_id, kind, body, entry.at, user_id=entry.user_id, admin_id=admin_id
        )

    @staticmethod
    async def _verification(store: Store, entry: Noted) -> tuple[EventType, Fields] | None:
        verification = await store.verifications.get(entry.verification_id or 0)
        if verification is None:
            return None
        if entry.event is Event.NUMBER_REFUSED and verification.state is not VerificationState.REFUSED:
            # It has a number already, and goes on with that one.
            return None
        data: Fields = {
            "verification_id": verification.id,
            "person_id": verification.user_id,
            "gate_id": verification.gate_id,
            "phone": {"mask": verification.mask, "country": verification.region},
        }
        match entry.event:
            case Event.CONFIRMED:
                data |= {"how": entry.code, "seconds": entry.took}
            case Event.NUMBER_REFUSED:
                data |= {"reason": verification.reason}
        return OF_VERIFICATIONS[entry.event], data

    @staticmethod
    async def _access(store: Store, entry: Noted) -> Fields:
        phone = await store.phones.of(entry.user_id) if entry.user_id is not None else None
        data: Fields = {
            "person_id": entry.user_id,
            "gate_id": entry.gate_id,
            "why": entry.code,
            "phone": None if phone is None else {"mask": phone.mask, "country": phone.region},
        }
        return data if entry.actor_id is None else data | {"admin_id": entry.actor_id}
