"""What sms.ru's status codes mean."""

from __future__ import annotations

from collections.abc import Mapping

from bot.domain.gateway import GatewayError, GatewayReason
from bot.gateway.requests import TransientError

OK = 100

# sms.ru's list of codes for all its methods: https://sms.ru/api/status. It does not say which of them callcheck uses.
PASSING = frozenset({220, 500})
"""Their trouble: try again."""
REASONS: Mapping[int, GatewayReason] = {
    # The key, or the login and password; 300 also after the address of this machine has changed.
    **dict.fromkeys((200, 300, 301, 302), GatewayReason.CREDENTIALS),
    201: GatewayReason.NO_MONEY,
    # A wrong number; no route to it; too many requests for this number, which must not stop everybody else.
    **dict.fromkeys((202, 207, 230, 231, 232, 233), GatewayReason.NUMBER_UNUSABLE),
    206: GatewayReason.UNAVAILABLE,
    **dict.fromkeys((209, 215), GatewayReason.BLACKLISTED),
    214: GatewayReason.COUNTRY_REFUSED,
    **dict.fromkeys((505, 506, 507), GatewayReason.ADDRESS_BLOCKED),
}


def refusal(code: int) -> GatewayError:
    """Return the error for sms.ru's `code`. A code that is not in the table is UNAVAILABLE. Its sentence is left out on
    purpose: it may repeat what was sent to it."""
    if code in PASSING:
        return TransientError(code)
    return GatewayError(REASONS.get(code, GatewayReason.UNAVAILABLE), code)
