"""Messages for the owner's own systems: events, and reports of calls that are not ours."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

from bot.crypto import PhoneCipher, TokenGenerator
from bot.domain.eligibility import WAS_IN, DecisionReason, VerifiedPhone
from bot.domain.journal import Event, NewEntry
from bot.domain.statistics import ENTERED
from bot.domain.verification import Verification, VerificationState
from bot.domain.webhooks import Destination, EventType, ForeignReport, NewMessage
from storage.store import Store

OF_VERIFICATIONS = {
    Event.CONFIRMED: EventType.VERIFICATION_CONFIRMED,
    Event.EXPIRED: EventType.VERIFICATION_EXPIRED,
    Event.NUMBER_REFUSED: EventType.VERIFICATION_REFUSED,
}
OF_ACCESS = {
    Event.GRANT_DONE: EventType.ACCESS_GRANTED,
    Event.REVOKED: EventType.ACCESS_REVOKED,
    Event.BLOCKED: EventType.ACCESS_REVOKED,
    Event.JOIN_DECLINED: EventType.ACCESS_DECLINED,
    Event.REMOVED: EventType.ACCESS_REMOVED,
}

Fields = dict[str, object]


class PublishEvents:
    """Writes events as rows in the transaction in which they happened, so an event is sent if, and only if, it
    happened. It holds the phone's mask and country, never the number.

    Others read these events: fields may be added, never changed.
    """

    def __init__(self, token_generator: TokenGenerator) -> None:
        self._token_generator = token_generator

    async def __call__(self, store: Store, noted: Sequence[NewEntry]) -> None:
        attempts = [entry for entry in noted if entry.event in OF_VERIFICATIONS]
        access = [entry for entry in noted if _is_of_access(entry)]
        # One read for all entries, since every transaction waits for it.
        found = (
            await store.verifications.get_many(_ids(entry.verification_id for entry in attempts)) if attempts else {}
        )
        phones = await store.phones.of_many(_ids(entry.user_id for entry in access)) if access else {}
        told = [_verification(entry, found) for entry in attempts] + [_access(entry, phones) for entry in access]
        await store.outbox.add_many(Destination.EVENTS, [self._outbox_message(*one) for one in told if one is not None])

    def _outbox_message(self, entry: NewEntry, kind: EventType, data: Fields) -> NewMessage:
        payload = {"type": kind, "timestamp": entry.at.isoformat(), "data": data}
        body = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
        admin_id = entry.actor_id if "admin_id" in data else None
        return NewMessage(f"msg_{self._token_generator.token()}", kind, body, entry.at, entry.user_id, admin_id)


def _is_of_access(entry: NewEntry) -> bool:
    match entry.event:
        case Event.GRANT_DONE:
            return entry.code in ENTERED
        case Event.BLOCKED:
            return entry.code == WAS_IN
        case event:
            return event in OF_ACCESS


def _ids(ids: Iterable[int | None]) -> set[int]:
    return {one for one in ids if one is not None}


def _verification(entry: NewEntry, found: Mapping[int, Verification]) -> tuple[NewEntry, EventType, Fields] | None:
    verification = found.get(entry.verification_id or 0)
    if verification is None:
        return None
    if entry.event is Event.NUMBER_REFUSED and verification.state is not VerificationState.REFUSED:
        # The verification has a number already, and continues with it.
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
    return entry, OF_VERIFICATIONS[entry.event], data


def _access(entry: NewEntry, phones: Mapping[int, VerifiedPhone]) -> tuple[NewEntry, EventType, Fields]:
    phone = phones.get(entry.user_id or 0)
    data: Fields = {
        "person_id": entry.user_id,
        "gate_id": entry.gate_id,
        "why": DecisionReason.BLOCKED if entry.event is Event.BLOCKED else entry.code,
        "phone": None if phone is None else {"mask": phone.mask, "country": phone.region},
    }
    if entry.actor_id is not None:
        data["admin_id"] = entry.actor_id
    return entry, OF_ACCESS[entry.event], data


FOREIGN = "foreign"


class RelayReport:
    """Stores the report, unchanged, until it is passed on. It may hold strangers' phones: it is encrypted, and its
    content is deleted as soon as it is accepted or given up."""

    def __init__(self, phone_cipher: PhoneCipher, token_generator: TokenGenerator) -> None:
        self._phone_cipher = phone_cipher
        self._token_generator = token_generator

    async def __call__(self, store: Store, report: ForeignReport) -> None:
        message_id = f"rel_{self._token_generator.token()}"
        body = self._phone_cipher.encrypt_bytes(report.packed())
        await store.outbox.add(Destination.RELAY, message_id, FOREIGN, body, store.now)
