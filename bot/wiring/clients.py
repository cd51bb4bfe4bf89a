"""The configured clients of Telegram and of the gateway, with metrics and availability; and which gateway it is."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from aiogram import Bot
from aiogram.exceptions import TelegramRetryAfter
from aiogram.methods import Response, TelegramMethod

from bot.clock import DateCheck
from bot.delivery.call_health import Deliveries
from bot.delivery.rate_limit import RateLimitMiddleware
from bot.domain.gateway import AssignedNumber, GatewayError
from bot.domain.phone import Phone
from bot.features.monitoring.runtime_stats import RuntimeStats
from bot.gateway.api import CallGateway
from bot.gateway.smsc.gateway import SmscGateway
from bot.gateway.smsru.gateway import SmsRuGateway
from bot.metrics import Metrics
from bot.proxies import TelegramSession
from bot.settings import Settings
from bot.telegram.connection import TelegramAvailability
from bot.telegram.fallback import Fallback

RequestNumber = Callable[[Phone], Awaitable[AssignedNumber]]


class BuildGateway(Protocol):
    """Makes a gateway of the settings."""

    def __call__(
        self, config: Settings, /, *, dates: DateCheck, patience: float, may_ask: Callable[[], bool] = ...
    ) -> CallGateway:
        """`dates` compares the dates of its answers. `patience`: seconds that a request may take. `may_ask`: whether
        this process is certain to be the one that asks for numbers, which cost money."""


GATEWAYS: Mapping[str, BuildGateway] = {"smsc": SmscGateway, "smsru": SmsRuGateway}
"""By the name in the variable of the same name."""


def build_gateway(
    config: Settings, *, dates: DateCheck, patience: float, may_ask: Callable[[], bool] = lambda: True
) -> CallGateway:
    """The gateway that the settings choose; for the rest see `BuildGateway`."""
    return GATEWAYS[config.GATEWAYS](config, dates=dates, patience=patience, may_ask=may_ask)


def counted(gateway: CallGateway, metrics: Metrics, runtime_stats: RuntimeStats) -> RequestNumber:
    """The gateway's `request_number`, with counted answers."""

    def count(outcome: str) -> None:
        metrics.asked_gateway(outcome)
        runtime_stats.asked_gateway(outcome)

    async def request_number(phone: Phone) -> AssignedNumber:
        try:
            number = await gateway.request_number(phone)
        except GatewayError as error:
            count(error.reason)
            raise
        count("given")
        return number

    return request_number


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
