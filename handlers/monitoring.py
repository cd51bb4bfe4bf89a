"""The condition of the installation for operators, and the probes and metrics for their tools."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from aiogram.types import CallbackQuery, Message
from aiohttp import web

from bot.domain.notifications import SendBalance, SendHealth
from bot.domain.people import Person
from bot.features.monitoring.actions import AskCondition
from bot.telegram.keyboards import RefreshButton, Subject
from storage.store import Store

ANSWERS: Mapping[Subject, type[SendHealth | SendBalance]] = {Subject.HEALTH: SendHealth, Subject.BALANCE: SendBalance}


async def health(message: Message, store: Store, person: Person, ask_condition: AskCondition) -> None:  # noqa: ARG001 - aiogram passes the event
    """/health: the condition of the installation."""
    await ask_condition(store, person, SendHealth())


async def balance(message: Message, store: Store, person: Person, ask_condition: AskCondition) -> None:  # noqa: ARG001 - aiogram passes the event
    """/balance: the balance of the gateway account."""
    await ask_condition(store, person, SendBalance())


async def refresh(
    query: CallbackQuery, store: Store, person: Person, callback_data: RefreshButton, ask_condition: AskCondition
) -> None:
    """The button below either."""
    message_id = query.message.message_id if query.message and query.message.chat.id == person.chat_id else None
    await ask_condition.press(store, person, query.id, ANSWERS[callback_data.what](message_id))


class Probes:
    """Probes: liveness, and readiness: `not_ready` gives the reason, or None."""

    def __init__(self, not_ready: Callable[[], Awaitable[str | None]]) -> None:
        self._not_ready = not_ready

    async def live(self, _request: web.Request) -> web.Response:
        """200 while the process runs."""
        return web.Response(text="OK")

    async def ready(self, _request: web.Request) -> web.Response:
        """200, or 503 with the reason."""
        reason = await self._not_ready()
        return web.Response(text=reason or "OK", status=503 if reason else 200)


class MetricsPage:
    """Metrics in Prometheus' format."""

    def __init__(self, text: Callable[[], Awaitable[bytes]]) -> None:
        self._text = text

    async def handle(self, _request: web.Request) -> web.Response:
        return web.Response(
            body=await self._text(), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
        )
