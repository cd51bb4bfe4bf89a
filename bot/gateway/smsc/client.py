"""Requests to the gateway: a number to call, its inbox, its balance.

Every request is a POST with a form body, so that credentials never appear in a URL, and so in no access log.
(SMSC documentation: https://smsc.ru/api/http/miscellaneous/waitcall/)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import httpx

from bot.domain.errors import LeadershipLostError
from bot.domain.gateway import AssignedNumber, Balance, GatewayError, GatewayEvent
from bot.domain.phone import Phone
from bot.gateway.requests import TransientError, post, retried
from bot.gateway.smsc.answers import balance_of, inbox_of, offer_of
from bot.gateway.smsc.errors import TOO_MANY_REQUESTS
from bot.gateway.smsc.pace import RateLimit

T = TypeVar("T")

PATIENCE_SECONDS = 45.0
TRIES_PER_HOST = 2

INBOX_HOURS = 24
INBOX_ENTRIES = 5000
"""Half of what SMSC allows: so many full-length messages, each letter escaped, stay below the size limit."""


@dataclass(frozen=True, slots=True)
class _Endpoint:
    path: str
    max_bytes: int
    per_minute: int
    """Identical requests in a minute. SMSC's limits are 50 and, for the balance, 10 (SMSC documentation)."""


NUMBER = _Endpoint("wait_call.php", max_bytes=64 * 1024, per_minute=40)
INBOX = _Endpoint("get.php", max_bytes=8 * 1024 * 1024, per_minute=40)
BALANCE = _Endpoint("balance.php", max_bytes=64 * 1024, per_minute=10)


@dataclass(frozen=True, slots=True)
class SmscCredentials:
    """A gateway account: the hosts that serve it, in order, and its API key or its login and password.

    With both given the key is used. ValueError without any host, for a host that is no plain http(s) address
    (a login inside the URL would end up in logs), and without whole credentials.
    """

    urls: tuple[str, ...]
    login: str | None = field(repr=False)
    password: str | None = field(repr=False)
    api_key: str | None = field(repr=False)

    def __post_init__(self) -> None:
        if not self.urls:
            raise ValueError("a gateway account needs at least one URL")
        if not all(map(_is_plain, self.urls)):
            raise ValueError("a gateway URL has to be http(s)://host, without login, query or fragment")
        if not self.api_key and not (self.login and self.password):
            raise ValueError("a gateway account needs an API key, or a login and a password")

    def credentials(self) -> dict[str, str]:
        """Return the form fields that identify the account."""
        if self.api_key:
            return {"apikey": self.api_key}
        return {"login": self.login or "", "psw": self.password or ""}


class SmscClient:
    """The HTTP client of SMSC.

    Each call may take up to `patience` seconds, including waits and retries. The client retries only after a
    network failure, HTTP 408, 425, 429 or 5xx, and error code 9: twice at a host, then twice at the next, round and
    round. Any other answer, including codes 1 to 6, costs exactly one request. It does not follow redirects, which
    would carry the credentials elsewhere.

    The client neither configures nor closes `http`; it sets time-outs with each request.
    """

    def __init__(
        self,
        account: SmscCredentials,
        http: httpx.AsyncClient,
        *,
        patience: float = PATIENCE_SECONDS,
        pace: RateLimit | None = None,
        may_ask: Callable[[], bool] = lambda: True,
    ) -> None:
        """`may_ask`: whether this process is certain to be the one that asks for numbers, which cost money. A process
        that was stopped for a while may have been replaced."""
        self._hosts = [url.rstrip("/") for url in account.urls]
        self._credentials = account.credentials()
        self._http = http
        self._patience = patience
        self._pace = pace or RateLimit()
        self._may_ask = may_ask

    async def request_number(self, phone: Phone) -> AssignedNumber:
        """Return a number for `phone` to call within 15 minutes. Raises GatewayError, and LeadershipLostError when
        another process may ask for the same."""
        # With the leading + SMSC takes the number as it is instead of "correcting" it.
        return await self._ask(NUMBER, {"phone": phone.e164}, offer_of)

    async def read_inbox(self, after_id: int | None) -> list[GatewayEvent]:
        """Return the entries of the last 24 hours, by id ascending; with `after_id` only those with a greater id.

        Raises GatewayError.
        """
        form = {"get_answers": "1", "cnt": str(INBOX_ENTRIES), "hour": str(INBOX_HOURS)}
        if after_id is not None:
            form["after_id"] = str(after_id)
        return await self._ask(INBOX, form, inbox_of)

    async def balance(self) -> Balance:
        """Return the money left on the account. Raises GatewayError."""
        return await self._ask(BALANCE, {"cur": "1"}, balance_of)

    async def _ask(self, endpoint: _Endpoint, form: Mapping[str, str], read: Callable[[str], T]) -> T:
        async def ask(attempt: int) -> T:
            host = self._hosts[(attempt - 1) // TRIES_PER_HOST % len(self._hosts)]
            return await self._try(host, endpoint, form, read)

        return await retried(self._patience, ask)

    async def _try(self, host: str, endpoint: _Endpoint, form: Mapping[str, str], read: Callable[[str], T]) -> T:
        async with self._pace.turn(f"{endpoint.path} {form.get('phone', '')}", endpoint.per_minute):
            if endpoint is NUMBER and not self._may_ask():
                raise LeadershipLostError
            whole = {**self._credentials, "fmt": "3", "charset": "utf-8", **form}
            answer = await post(self._http, f"{host}/sys/{endpoint.path}", whole, endpoint.max_bytes)
        try:
            return read(answer)
        except GatewayError as error:
            if error.code == TOO_MANY_REQUESTS:
                raise TransientError(error.code) from None
            raise


def _is_plain(address: str) -> bool:
    try:
        url = httpx.URL(address)
    except httpx.InvalidURL:
        return False
    return url.scheme in ("http", "https") and bool(url.host) and not (url.userinfo or url.query or url.fragment)
