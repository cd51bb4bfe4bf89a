"""SMSC as a `CallGateway`."""

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
    ReadStatuses,
    VariableNames,
)
from bot.gateway.smsc.callback import CallbackReader
from bot.gateway.smsc.client import PATIENCE_SECONDS, SmscClient, SmscCredentials
from bot.gateway.smsc.settings import SmscSettings

STORED = "OK"
"""What programs that are known to work answer to a callback (docs/gateway.md)."""

VARIABLES = VariableNames(
    url="SMSC_URL",
    proxy="SMSC_PROXY",
    credentials="SMSC_API_KEY (SMSC_LOGIN, SMSC_PASSWORD)",
    poll_seconds="SMSC_POLL_SECONDS",
    relay_url="SMSC_RELAY_URL",
    price="SMSC_PRICE",
)


class SmscGateway(SmscClient):
    """The client of one SMSC account, with its settings and its callbacks."""

    read_statuses: ReadStatuses | None = None

    def __init__(
        self,
        config: SmscSettings,
        *,
        dates: DateCheck,
        patience: float = PATIENCE_SECONDS,
        may_ask: Callable[[], bool] = lambda: True,
    ) -> None:
        """`dates` compares the dates of its answers; `patience` and `may_ask`: see `SmscClient`. ValueError
        without the token, which `contradictions` reports first."""
        if config.SMSC_CALLBACK_TOKEN is None:
            raise ValueError("SMSC needs SMSC_CALLBACK_TOKEN")
        key, password, secret = (
            given.get_secret_value() if given else None
            for given in (config.SMSC_API_KEY, config.SMSC_PASSWORD, config.SMSC_CALLBACK_SECRET)
        )
        account = SmscCredentials(config.SMSC_URL, config.SMSC_LOGIN, password, key)
        http = proxies.client(config.smsc_proxy, dates)
        super().__init__(account, http, patience=patience, may_ask=may_ask)
        self._reader = CallbackReader(secret)
        self.close = http.aclose
        self.settings = GatewaySettings(
            name="SMSC",
            callback=CallbackAddress(
                path=f"/smsc/{TOKEN}",
                token=config.SMSC_CALLBACK_TOKEN.get_secret_value(),
                variable="SMSC_CALLBACK_TOKEN",
                query="charset=utf-8" + ("&md5" if secret else ""),
            ),
            call_window=config.call_window,
            poll_every=timedelta(seconds=config.SMSC_POLL_SECONDS),
            relay_url=config.SMSC_RELAY_URL,
            price=config.SMSC_PRICE,
            low_balance=config.SMSC_LOW_BALANCE,
            urls=config.SMSC_URL,
            proxy=config.smsc_proxy,
            variables=VARIABLES,
        )

    def parse_callback(self, request: CallbackRequest) -> ParsedCallback:
        """See `CallbackReader.read`."""
        return ParsedCallback(self._reader.read(request), STORED)
