"""The configured clients of Telegram and of the gateway, with metrics and availability."""

from __future__ import annotations

import functools
from typing import Any

from aiogram import Bot
from aiogram.exceptions import TelegramRetryAfter
from aiogram.methods import Response, TelegramMethod

from bot.domain.gateway import AssignedNumber, GatewayError
from bot.domain.phone import Phone
from bot.gateway.client import SmscClient, SmscCredentials
from bot.metrics import Metrics
from bot.proxies import TelegramSession
from bot.settings import Settings
from bot.telegram.connection import TelegramAvailability
from bot.telegram.deliveries import Deliveries
from bot.telegram.fallback import Fallback
from bot.telegram.rate_limit import RateLimitMiddleware
from bot.watch.runtime_stats import RuntimeStats


class CountedGateway:
    """The gateway, with counted answers."""

    def __init__(self, gateway: SmscClient, metrics: Metrics, runtime_stats: RuntimeStats) -> None:
        self._gateway = gateway
        self._metrics = metrics
        self._runtime_stats = runtime_stats

    async def request_number(self, phone: Phone) -> AssignedNumber:
        """See `bot.usecases.ports.NumberSource`."""
        try:
            offer = await self._gateway.request_number(phone)
        except GatewayError as error:
            self._count(error.reason)
            raise
        self._count("given")
        return offer

    def _count(self, outcome: str) -> None:
        self._metrics.asked_gateway(outcome)
        self._runtime_stats.asked_gateway(outcome)


def account(settings: Settings) -> SmscCredentials:
    """The gateway account of these settings."""
    password, api_key = settings.SMSC_PASSWORD, settings.SMSC_API_KEY
    return SmscCredentials(
        urls=settings.SMSC_URL,
        login=settings.SMSC_LOGIN,
        password=password.get_secret_value() if password else None,
        api_key=api_key.get_secret_value() if api_key else None,
    )


def telegram(
    settings: Settings,
    metrics: Metrics,
    connection: TelegramAvailability,
    deliveries: Deliveries,
    runtime_stats: RuntimeStats,
    fallback: Fallback,
    limit: RateLimitMiddleware,
) -> Bot:
    """The bot's client of Telegram."""
    session = TelegramSession(settings.TELEGRAM_API_URL, settings.telegram_proxy, runtime_stats.dates_of("telegram"))

    async def watched(make_request: Any, bot: Bot, method: TelegramMethod[Any]) -> Any:  # noqa: ANN401 - aiogram's signature
        _response_model(method.__returning__)
        try:
            with metrics.bot_api_call(method.__api_method__), connection.call(), deliveries.call(method):
                return await make_request(bot, method)
        except TelegramRetryAfter:
            runtime_stats.flooded()
            raise

    # First, so that what it sends again with less passes through the others too; and waiting is not a call yet.
    session.middleware(fallback)
    session.middleware(limit)
    session.middleware(watched)
    return Bot(settings.BOT_TOKEN.get_secret_value(), session=session)


@functools.cache
def _response_model(returned: Any) -> type[Response[Any]]:  # noqa: ANN401 - aiogram's own annotation of what a method returns
    """The model with which aiogram reads an answer with `returned`, stored for the life of the process.

    pydantic holds the classes of a generic model weakly: aiogram alone would build this one again for each answer.
    """
    return Response[returned]
