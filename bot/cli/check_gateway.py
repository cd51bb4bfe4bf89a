"""The doctor's checks of the gateway."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from decimal import Decimal

from bot.cli.checks import CheckResult, check_clock, check_proxy
from bot.domain.gateway import GatewayError, GatewayReason
from bot.gateway.api import CallGateway, VariableNames

SAYS = {
    GatewayReason.CREDENTIALS: "wrong key, login or password, or this machine's address is not allowed",
    GatewayReason.NO_MONEY: "no money on the account",
    GatewayReason.ADDRESS_BLOCKED: "this machine's address is blocked for a while",
    GatewayReason.UNAVAILABLE: "it cannot answer now",
}
FAILURES = {
    "ConnectError": "nothing listens there, its name is not known, or its certificate is wrong",
    "ConnectTimeout": "it cannot be connected to in time",
    "ReadTimeout": "it does not answer in time",
    "TimeoutError": "it does not answer in time",
    "ReadError": "the connection broke",
    "RemoteProtocolError": "what answers there is no web server, or broke off",
    "ProxyError": "the proxy refuses",
    "an answer nobody understands": "what answers there is not the gateway, maybe a page that says it is blocked",
}
"""By the name that the gateway's client uses."""
MENDS = {
    GatewayReason.CREDENTIALS: "check {credentials}, and that this machine's address is on the account's list of "
    "allowed ones",
    GatewayReason.NO_MONEY: "pay money into the gateway account",
    GatewayReason.ADDRESS_BLOCKED: "wait some minutes without asking; the gateway blocked this machine's address",
}
OTHER_MEND = "check the network and {url}; where the gateway is blocked, set {proxy}"


async def check_gateway(gateway: CallGateway, ahead: Sequence[float]) -> AsyncIterator[CheckResult]:
    """Check it. `ahead` gets the differences between the clocks, as it answers."""
    through = await check_proxy(gateway.settings.variables.proxy, gateway.settings.proxy, gateway.settings.urls)
    if through is not None:
        yield through
        if not through.is_right:
            return
    yield await _balance(gateway)
    for finding in check_clock("the gateway's", ahead):
        yield finding


async def _balance(gateway: CallGateway) -> CheckResult:
    name, names = f"The gateway {gateway.settings.name}", gateway.settings.variables
    try:
        balance = await gateway.balance()
    except GatewayError as error:
        mend = MENDS.get(error.reason, OTHER_MEND)
        mend = mend.format(url=names.url, proxy=names.proxy, credentials=names.credentials)
        return CheckResult(_refused(error, name, names), is_right=False, mend=mend)
    return CheckResult(
        f"{name} answers; {balance.amount} {balance.currency} on the account",
        is_right=Decimal(balance.amount) > 0,
        mend=MENDS[GatewayReason.NO_MONEY],
    )


def _refused(error: GatewayError, name: str, names: VariableNames) -> str:
    if error.code is not None:
        return f"{name} refuses: {SAYS.get(error.reason, error.reason)} (code {error.code})"
    if error.detail.startswith("HTTP "):
        return f"{name} answers {error.detail}: something else is at {names.url}, or stands before it"
    return f"{name} gives no answer: {FAILURES.get(error.detail, error.detail or 'it does not say why')}"
