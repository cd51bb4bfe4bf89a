"""The gateway's callback."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

import structlog
from aiohttp import web

from bot.domain.gateway import GatewayEvent
from bot.domain.webhooks import ForeignReport
from bot.features.verification.confirm import OnGatewayEvent, in_parts
from bot.features.webhooks.events import RelayReport
from bot.gateway.api import BadCallback, BadSignature, CallbackRequest, CallGateway
from bot.metrics import Metrics
from handlers.http import body_of, same
from storage.store import Store, Transactions

log = structlog.get_logger()

LARGEST = 64 * 1024


class CallbackHandler:
    """200, with the answer that the gateway expects, once every event of the request is stored, whether it concerns us
    or not; with `relay`, also once an unrelated one is in the outbox."""

    def __init__(
        self,
        gateway: CallGateway,
        transactions: Transactions,
        take: OnGatewayEvent,
        metrics: Metrics,
        wake: Callable[[], None],
        relay: RelayReport | None = None,
    ) -> None:
        self._gateway = gateway
        self._transactions = transactions
        self._take = take
        self._metrics = metrics
        self._wake = wake
        self._relay = relay

    async def handle(self, request: web.Request) -> web.Response:
        if not same(request.match_info["token"], self._gateway.settings.callback.token):
            raise web.HTTPNotFound
        arrived = CallbackRequest(
            method=request.method,
            query=request.rel_url.raw_query_string,
            content_type=request.headers.get("Content-Type", ""),
            body=await body_of(request, LARGEST),
        )
        try:
            parsed = self._gateway.parse_callback(arrived)
        except BadSignature:
            self._metrics.called_back("bad_signature")
            log.warning("callback_refused", reason="signature")
            raise web.HTTPForbidden(text="bad signature") from None
        except BadCallback as error:
            self._metrics.called_back("unreadable")
            log.warning("callback_refused", reason=str(error))
            raise web.HTTPBadRequest(text=str(error)) from None

        report = ForeignReport(arrived.method, arrived.query, arrived.content_type, arrived.body)
        is_relayed = False
        for part in in_parts(parsed.events):
            keep = functools.partial(self._keep, events=part, report=None if is_relayed else report)
            is_relayed = await self._transactions.transact(keep) or is_relayed
        for event in parsed.events:
            self._metrics.called_back(event.kind)
        self._wake()
        return web.Response(text=parsed.answer)

    async def _keep(self, store: Store, events: Sequence[GatewayEvent], report: ForeignReport | None) -> bool:
        """Store these; return whether the whole report now has to be relayed because of one of them."""
        foreign = await self._take.take_many(store, events)
        if self._relay is None or report is None or not any(foreign):
            return False
        await self._relay(store, report)
        return True
