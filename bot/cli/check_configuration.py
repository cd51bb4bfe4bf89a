"""The doctor's checks that need no network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address, IPv6Address

from bot.cli.checks import CheckResult
from bot.setting_types import RANDOM
from bot.settings import Settings, strays, twice
from bot.web.rate_limit import TRUSTED

WIDEST = {4: 8, 6: 7}
"""The shortest prefix of a private network, by version: that of 10.0.0.0/8 and of fc00::/7."""
LOOPBACK: Mapping[str, IPv4Address | IPv6Address] = {
    "127.0.0.1": IPv4Address("127.0.0.1"),
    "localhost": IPv4Address("127.0.0.1"),
    "::1": IPv6Address("::1"),
}


def check_configuration(config: Settings) -> Iterator[CheckResult]:
    """Findings that need no network."""
    for stray in strays():
        if stray.meant is not None:
            yield CheckResult(
                f"{stray.name}, set in {stray.place}, has no effect: no variable has this name",
                is_right=False,
                mend=f"rename it to {stray.meant}",
            )
        else:
            yield CheckResult(
                f"What {stray.place} sets has no effect: no variable has this name",
                is_right=False,
                mend="take it out, or join it to the line before where it is the end of that one's value; .env.example "
                "holds every variable",
                is_optional=True,
            )
    for name in twice():
        yield CheckResult(
            f"{name} is set more than once in .env; the last value counts that is not empty",
            is_right=False,
            mend="keep one of the lines",
            is_optional=True,
        )
    for name in config.weak_secrets:
        yield CheckResult(
            f"{name} is short or easily guessed",
            is_right=False,
            mend=f"set a longer one, here and where it comes from; one is made by {RANDOM}",
            is_optional=True,
        )
    yield _trusted_proxies(config)
    yield CheckResult(
        f"HOME_COUNTRIES: phones without a country code are read as numbers of {', '.join(config.HOME_COUNTRIES)}, in "
        "this order",
        is_right=True,
    )
    if not config.OPERATORS:
        yield CheckResult(
            "OPERATORS is empty: the bot tells nobody of its troubles, and nobody may use /health or /balance",
            is_right=False,
            mend="set it to your Telegram user id (@userinfobot tells it), then write /start to the bot",
            is_optional=True,
        )


def _trusted_proxies(config: Settings) -> CheckResult:
    """Whether the bot trusts the proxies in front of it, and nobody else."""
    trusted = config.TRUSTED_PROXIES or TRUSTED
    named = ", ".join(map(str, config.TRUSTED_PROXIES)) or "this machine, private networks and 100.64.0.0/10"
    if wide := [str(network) for network in trusted if network.prefixlen < WIDEST[network.version]]:
        return CheckResult(
            f"TRUSTED_PROXIES believes {', '.join(wide)}: almost anybody can pretend to have another address",
            is_right=False,
            mend="name only the networks of your own proxies",
        )
    is_behind_own_proxy = config.PUBLIC_URL is not None and config.HTTP_HOST in LOOPBACK
    if is_behind_own_proxy and not any(LOOPBACK[config.HTTP_HOST] in network for network in trusted):
        return CheckResult(
            f"TRUSTED_PROXIES ({named}) leaves out this machine, while only a proxy on it can reach HTTP_HOST="
            f"{config.HTTP_HOST}: all visitors count as one, and are limited together",
            is_right=False,
            mend=f"add {LOOPBACK[config.HTTP_HOST]} to TRUSTED_PROXIES",
        )
    return CheckResult(f"TRUSTED_PROXIES: a visitor's address is believed from {named}", is_right=True)
