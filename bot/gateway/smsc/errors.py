"""What SMSC's error numbers mean."""

from __future__ import annotations

from collections.abc import Mapping

from bot.domain.gateway import GatewayError, GatewayReason

TOO_MANY_REQUESTS = 9
"""Too many identical requests a minute, or too many at once from one login: the only code to retry."""

NOTHING_FOUND = 3
"""What `get.php` means by the code that is "no money" elsewhere."""

# SMSC documentation: https://smsc.ru/api/http/miscellaneous/waitcall/ ("errors" of wait_call.php).
# 2, 3 and 4 speak about the account and mean the same at every endpoint; 1, 5 and 6 about the number.
ACCOUNT_REASONS: Mapping[int, GatewayReason] = {
    2: GatewayReason.CREDENTIALS,
    3: GatewayReason.NO_MONEY,
    4: GatewayReason.ADDRESS_BLOCKED,
    TOO_MANY_REQUESTS: GatewayReason.UNAVAILABLE,
}
NUMBER_REASONS: Mapping[int, GatewayReason] = {
    **ACCOUNT_REASONS,
    1: GatewayReason.NUMBER_UNUSABLE,
    5: GatewayReason.BLACKLISTED,
    6: GatewayReason.COUNTRY_REFUSED,
}


def refusal(code: int | None, reasons: Mapping[int, GatewayReason]) -> GatewayError:
    """Return the error for SMSC's number `code` (None: it named none), by one of the tables above.

    A number that is not in the table is UNAVAILABLE. SMSC's own sentence is left out on purpose: it may repeat what was
    sent to it, including the login.
    """
    if code is None:
        return GatewayError(GatewayReason.UNAVAILABLE, detail="the gateway named no error number")
    return GatewayError(reasons.get(code, GatewayReason.UNAVAILABLE), code)
