"""sms.ru as a `CallGateway`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from bot import proxies
from bot.clock import DateCheck
from bot.gateway.api import (
    TOKEN,
    CallbackAddress,
    CallbackRequest,
    GatewaySettings,
    ParsedCallback,
    ReadInbox,
    VariableNames,
)
from bot.gateway.smsru.callback import read_callback
from bot.gateway.smsru.client import SmsRuClient
from bot.gateway.smsru.settings import SmsRuSettings

STORED = "100"
"""sms.ru sends a callback again for any other answer."""

VALID_FOR = timedelta(minutes=5)
"""How long a check waits for its call (sms.ru documentation)."""

VARIABLES = VariableNames(
    url="SMSRU_URL",
    proxy="SMSRU_PROXY",
    credentials="SMSRU_API_ID",
    poll_seconds="SMSRU_POLL_SECONDS",
    price="SMSRU_PRICE",
)


class SmsRuGateway(SmsRuClient):
    """The client of one sms.ru account, with its settings and its callbacks."""

    read_inbox: ReadInbox | None = None

    def __init__(
        self,
        config: SmsRuSettings,
        *,
        dates: DateCheck,
        patience: float,
        may_ask: Callable[[], bool] = lambda: True,
    ) -> None:
        """`dates` compares the dates of its answers; `patience` and `may_ask`: see `SmsRuClient`. ValueError without
        the key or the token, which `contradictions` reports first."""
        if config.SMSRU_API_ID is None or config.SMSRU_CALLBACK_TOKEN is None:
            raise ValueError("sms.ru needs SMSRU_API_ID and SMSRU_CALLBACK_TOKEN")
        self._key = config.SMSRU_API_ID.get_secret_value()
        http = proxies.client(config.smsru_proxy, dates)
        super().__init__(config.SMSRU_URL, self._key, http, patience=patience, may_ask=may_ask)
        self.close = http.aclose
        self.settings = GatewaySettings(
            name="sms.ru",
            callback=CallbackAddress(
                path=f"/smsru/{TOKEN}",
                token=config.SMSRU_CALLBACK_TOKEN.get_secret_value(),
                variable="SMSRU_CALLBACK_TOKEN",
            ),
            call_window=VALID_FOR,
            poll_every=timedelta(seconds=config.SMSRU_POLL_SECONDS),
            relay_url=None,
            price=config.SMSRU_PRICE,
            low_balance=config.SMSRU_LOW_BALANCE,
            urls=(config.SMSRU_URL,),
            proxy=config.smsru_proxy,
            variables=VARIABLES,
        )

    def parse_callback(self, request: CallbackRequest) -> ParsedCallback:
        """See `read_callback`."""
        return ParsedCallback(read_callback(request, self._key), STORED)
