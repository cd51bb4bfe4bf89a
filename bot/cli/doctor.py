"""The doctor: checks the configuration against the live services, and says what is wrong and how to fix it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx

from bot.cli.check_configuration import check_configuration
from bot.cli.check_gateway import check_gateway
from bot.cli.check_telegram import check_guard_joins, check_telegram
from bot.cli.checks import HTTP, HTTPS, UPDATE, CheckResult
from bot.clock import REAL_TIME, DateCheck
from bot.features.webhooks.http import RefusedAddressError, checked
from bot.gateway.api import CallGateway
from bot.proxies import client
from bot.settings import Settings
from bot.wiring.clients import build_gateway
from storage.engine.checks import DatabaseError, NewerDatabaseError
from storage.engine.database import Database

GATEWAY_PATIENCE = 15.0
"""Seconds."""


async def examine(config: Settings) -> AsyncIterator[CheckResult]:
    """Check everything; yield one finding after the other."""
    for finding in check_configuration(config):
        yield finding
    async for finding in check_telegram(config):
        yield finding
    ahead: list[float] = []
    gateway = build_gateway(config, dates=DateCheck(REAL_TIME, ahead.append), patience=GATEWAY_PATIENCE)
    try:
        async for finding in check_gateway(gateway, ahead):
            yield finding
    finally:
        await gateway.close()
    async with client(timeout=10) as http:
        yield await _public_url(config, gateway, http)
    relay = gateway.settings.variables.relay_url, gateway.settings.relay_url
    for name, address in (("EVENTS_URL", config.EVENTS_URL), relay):
        if address is not None:
            yield await _own_system(name, address, allow_private=config.EVENTS_ALLOW_PRIVATE)
    database = await _database(config)
    yield database
    if database.is_right:
        async for finding in check_guard_joins(config):
            yield finding


async def _public_url(config: Settings, gateway: CallGateway, http: httpx.AsyncClient) -> CheckResult:
    if config.PUBLIC_URL is None:
        return CheckResult(
            "PUBLIC_URL is not set: no call screen, and calls are found only by asking the gateway",
            is_right=bool(gateway.settings.poll_every),
            mend=f"set PUBLIC_URL, or {gateway.settings.variables.poll_seconds} above 0",
        )
    try:
        answer = await http.get(f"{config.PUBLIC_URL}/healthz")
    except httpx.HTTPError as error:
        answer_is_right, said = False, type(error).__name__
    else:
        answer_is_right, said = answer.status_code == httpx.codes.OK, str(answer.status_code)
    return CheckResult(
        f"{config.PUBLIC_URL} reaches the running bot; the gateway's handler is "
        f"{gateway.settings.callback.url_without_token(config.PUBLIC_URL)}"
        if answer_is_right
        else f"{config.PUBLIC_URL}/healthz does not reach the bot ({said})",
        is_right=answer_is_right,
        mend=f"start the bot, and let your proxy pass {config.PUBLIC_URL} to {config.listens_at}",
    )


async def _own_system(name: str, address: str, *, allow_private: bool) -> CheckResult:
    """Whether a connection is possible. Sends nothing, since the receiver would take it for an event."""
    url = httpx.URL(address)
    try:
        async with asyncio.timeout(10):
            found = await checked(url.host, url.port or HTTPS, allow_private=allow_private)
            _, writer = await asyncio.open_connection(found[0], url.port or (HTTPS if url.scheme == "https" else HTTP))
            writer.close()
    except RefusedAddressError as error:
        mend = "correct the address; if it is meant to be in your own network, set EVENTS_ALLOW_PRIVATE=1"
        return CheckResult(f"{name} cannot be used: {error}", is_right=False, mend=mend)
    except (OSError, TimeoutError) as error:
        mend = "start what listens there, and let this machine reach it"
        return CheckResult(f"{name}: nothing listens there ({type(error).__name__})", is_right=False, mend=mend)
    return CheckResult(f"{name} can be reached", is_right=True)


async def _database(config: Settings) -> CheckResult:
    database = Database(config.DATABASE_URL.get_secret_value(), REAL_TIME.now)
    try:
        await database.open()
    except NewerDatabaseError as error:
        return CheckResult(str(error), is_right=False, mend=UPDATE)
    except DatabaseError as error:
        is_running = "in use by another" in str(error)
        return CheckResult(
            "The database is held by the running bot" if is_running else str(error),
            is_right=is_running,
            mend="check DATABASE_URL, and that the server or the folder is there",
        )
    await database.close()
    return CheckResult("The database opens", is_right=True)
