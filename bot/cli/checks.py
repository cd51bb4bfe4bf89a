"""The result of a check of the doctor, and the clocks and proxies, which several checks share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

import httpx

from bot.domain.incidents import CLOCK_DIFFERS
from bot.proxies import Proxy

HTTP, HTTPS = 80, 443
PROXY_PATIENCE = 10.0
"""Seconds."""
UPDATE = "update this program; to go back to an older one, restore the back-up of that time"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One result. `mend` says what to do when it is not right.

    With `is_optional` a failure is only a remark: the bot works without it.
    """

    what: str
    is_right: bool
    mend: str = ""
    is_optional: bool = False

    @property
    def is_well(self) -> bool:
        """Whether nothing needs fixing."""
        return self.is_right or self.is_optional

    def __str__(self) -> str:
        if self.is_right:
            return f"ok    {self.what}"
        return f"{'note ' if self.is_well else 'WRONG'} {self.what}\n      → {self.mend}"


def check_clock(whose: str, ahead: Sequence[float]) -> Iterator[CheckResult]:
    """The difference between this machine's clock and that of a service that answered; nothing without an answer."""
    if not ahead:
        return
    seconds = round(median(ahead))
    if abs(seconds) <= CLOCK_DIFFERS:
        yield CheckResult(f"The clock agrees with {whose}", is_right=True)
        return
    where = "ahead of" if seconds > 0 else "behind"
    yield CheckResult(
        f"The clock of this machine is at least {abs(seconds)} seconds {where} {whose}",
        is_right=False,
        mend="switch on time synchronisation (NTP) on this machine; until then calls may not be recognised",
    )


async def check_proxy(name: str, proxy: Proxy | None, urls: Sequence[str]) -> CheckResult | None:
    """Whether one of the addresses is reachable through the proxy; None without a proxy."""
    if proxy is None:
        return None
    problem = ""
    for url in urls:
        to = httpx.URL(url)
        problem = await proxy.reach(to.host, to.port or (HTTPS if to.scheme == "https" else HTTP), PROXY_PATIENCE)
        if not problem:
            return CheckResult(f"{name}: {proxy} leads to {to.host}", is_right=True)
    return CheckResult(
        f"{name}: {proxy} does not lead to {httpx.URL(urls[0]).host}: {problem}",
        is_right=False,
        mend=f"check the address, the login and the password in {name}, and that the proxy runs and may connect there",
    )
