"""The events of the append-only journal, from which statistics are made. Names are stored: never reuse one."""

from __future__ import annotations

from enum import StrEnum


class Event(StrEnum):
    """What happened to a person, a gate or the gateway."""

    STARTED = "started"
    JOIN_ASKED = "join_asked"
    APP_OFFERED = "app_offered"
    APP_OPENED = "app_opened"
    JOIN_REACHED = "join_reached"
    JOIN_NOT_REACHED = "join_not_reached"
    JOIN_EXPIRED = "join_expired"
    JOIN_DECLINED = "join_declined"
    CONTACT_TAKEN = "contact_taken"
    CONTACT_REFUSED = "contact_refused"
    NUMBER_ASKED = "number_asked"
    NUMBER_GIVEN = "number_given"
    NUMBER_REFUSED = "number_refused"
    LIMITED = "limited"
    CONFIRMED = "confirmed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    PHONE_TAKEN = "phone_taken"
    GRANT_DUE = "grant_due"
    GRANT_DONE = "grant_done"
    GRANT_GONE = "grant_gone"
    GRANT_FAILED = "grant_failed"
    GATE_ON = "gate_on"
    GATE_OFF = "gate_off"
    CALL_UNMATCHED = "call_unmatched"
    GATEWAY_PAUSED = "gateway_paused"
    FAILURE = "failure"
