"""The interface of a gateway of calls.

A gateway assigns a number to a phone. The person calls the number, and the gateway reports the call: by a callback, and
to who asks: by an inbox, or by the status of each number. docs/gateway.md says how to add a gateway.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Protocol

from bot.domain.gateway import AssignedNumber, Balance, GatewayEvent
from bot.domain.phone import Phone
from bot.proxies import Proxy

TOKEN = "{token}"  # noqa: S105 - a place in a path, not a secret
"""Where the path of the callback has its token."""

ReadInbox = Callable[[int | None], Awaitable[list[GatewayEvent]]]
"""Takes the id of the newest entry that was read (None: none yet). Returns the later ones, by id ascending. Raises
GatewayError."""

ReadStatuses = Callable[[Sequence[str]], Awaitable[list[GatewayEvent]]]
"""Takes the references of numbers that somebody may be calling. Returns the calls to them. Raises GatewayError."""


class BadCallback(Exception):  # noqa: N818  # named for what the request is
    """Nothing readable arrived. The message is one sentence and repeats nothing of what arrived."""


class BadSignature(Exception):  # noqa: N818  # named for what it lacks
    """The request is not signed with the secret that is set. The message repeats nothing either."""


@dataclass(frozen=True, slots=True)
class CallbackRequest:
    """A request to the callback address, as it came: nothing decoded, `query` percent-encoded without `?`."""

    method: str
    query: str = field(repr=False)
    content_type: str
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ParsedCallback:
    """The events of a callback in their order, and the body of the 200 that tells the gateway that they are stored."""

    events: Sequence[GatewayEvent]
    answer: str


@dataclass(frozen=True, slots=True)
class CallbackAddress:
    """Where the gateway reports calls.

    `path` is a pattern with `{token}`. Whoever requests it has to name `token`, the value of the environment variable
    `variable`; the handler compares the two. `query` is what an operator adds to the address.
    """

    path: str
    token: str = field(repr=False)
    variable: str
    query: str = ""

    def url(self, public_url: str) -> str:
        """Return the address that an operator enters at the gateway. It is a secret."""
        return self._url(public_url, self.token)

    def url_without_token(self, public_url: str) -> str:
        """Return the same address for a terminal: with the name of the variable in place of the token."""
        return self._url(public_url, f"<{self.variable}>")

    def _url(self, public_url: str, token: str) -> str:
        address = f"{public_url}{self.path.replace(TOKEN, token)}"
        return f"{address}?{self.query}" if self.query else address


@dataclass(frozen=True, slots=True)
class VariableNames:
    """The names of this gateway's environment variables, for messages of the doctor; empty where it has none."""

    url: str
    proxy: str
    credentials: str
    poll_seconds: str = ""
    relay_url: str = ""
    price: str = ""


@dataclass(frozen=True, slots=True)
class GatewaySettings:
    """The operator's settings of this gateway, as far as the rest of the bot needs them.

    `name` is the gateway's own. `call_window`: how long a number can be called. `poll_every`: how often to read the
    inbox, or the statuses, while somebody waits; zero: never. `relay_url`: where to pass on reports that do not concern
    the bot. `price` of one number, and `low_balance` below which operators get an incident: both in the currency of the
    account. `urls`: the hosts of the gateway in order, which the bot reaches through `proxy`.
    """

    name: str
    callback: CallbackAddress
    call_window: timedelta
    poll_every: timedelta
    relay_url: str | None
    price: Decimal | None
    low_balance: float
    urls: Sequence[str]
    proxy: Proxy | None
    variables: VariableNames


class CallGateway(Protocol):
    """A gateway of calls. It holds connections until `close`."""

    @property
    def settings(self) -> GatewaySettings:
        """The operator's settings of it."""

    @property
    def read_inbox(self) -> ReadInbox | None:
        """Reads the calls that the gateway has stored; None if it stores none."""

    @property
    def read_statuses(self) -> ReadStatuses | None:
        """Reads what became of numbers with a reference; None if the gateway tells that to nobody."""

    async def request_number(self, phone: Phone) -> AssignedNumber:
        """Return a number for `phone` to call. Raises GatewayError, and LeadershipLostError when another process may
        ask for the same."""

    async def balance(self) -> Balance:
        """Return the money left on the account. Raises GatewayError."""

    def parse_callback(self, request: CallbackRequest) -> ParsedCallback:
        """Return what a request to the callback address reports.

        Raises BadCallback for what cannot be read, and BadSignature for what does not prove that the gateway sent it.
        """

    async def close(self) -> None:
        """Close its connections."""
