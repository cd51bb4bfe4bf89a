"""Proxies: TELEGRAM_PROXY and the gateway's, for each of the libraries that make connections."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Coroutine
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, Self, TypeVar
from urllib.parse import unquote, urlsplit

import aiohttp
import certifi
import httpx
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiohttp_socks import ProxyConnectionError, ProxyConnector, ProxyError, ProxyTimeoutError
from python_socks import ProxyConnectionError as UnreachableProxyError
from python_socks import ProxyError as RefusingProxyError
from python_socks import ProxyTimeoutError as SlowProxyError
from python_socks import ProxyType
from python_socks.async_.asyncio.v2 import Proxy as SocksProxy
from socksio import SOCKSError

from bot.clock import DateCheck
from bot.domain.monitoring import is_host

PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}
"""The schemes, and the default port of each."""
LONGEST_LOGIN = 255
"""Bytes (RFC 1929)."""

CLOSED_WITHIN = 0.1
"""Seconds that a connection nobody waits for may take to close properly."""

Opened = TypeVar("Opened")

BROKEN = (OSError, EOFError, asyncio.LimitOverrunError)
"""What is raised for a proxy that closes the connection, or talks without end, in the middle of its answer."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy. It resolves host names itself, whatever its scheme: here they may be unknown."""

    scheme: str
    host: str
    port: int
    login: str = field(repr=False)
    password: str = field(repr=False)

    @classmethod
    def parse(cls, url: str) -> Self:
        """Read `scheme://login:password@host:port`. Raises ValueError, which quotes nothing of it."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            raise ValueError("must be an address such as socks5://login:password@host:1080") from None
        if parts.scheme not in PORTS:
            raise ValueError(f"must begin with {', '.join(f'{scheme}://' for scheme in PORTS)}")
        if not host or not is_host(host) or port == 0:
            raise ValueError("must name a host and a port, as in socks5://login:password@host:1080")
        if parts.path not in ("", "/") or parts.query or parts.fragment:
            raise ValueError("must end after the port; write / ? # @ of a password as %2F %3F %23 %40")
        login, password = unquote(parts.username or ""), unquote(parts.password or "")
        if not (login + password).isascii() or not (login + password + "x").isprintable() or ":" in login:
            raise ValueError("may hold only ASCII in the login and the password, and no : in the login")
        if max(len(login), len(password)) > LONGEST_LOGIN or (password and not login):
            raise ValueError(f"must have a login before the password, each of {LONGEST_LOGIN} characters at most")
        return cls(parts.scheme, host, port or PORTS[parts.scheme], login, password)

    def __str__(self) -> str:
        """Its address without the login, whatever this is written into."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"

    def for_httpx(self) -> httpx.Proxy:
        """In httpx's form."""
        return httpx.Proxy(
            str(self),
            auth=(self.login, self.password) if self.login else None,
            ssl_context=_tls() if self.scheme == "https" else None,
        )

    def for_sockets(self) -> dict[str, Any]:
        """In the form of python-socks and aiohttp-socks."""
        return {
            "proxy_type": ProxyType.SOCKS5 if self.scheme.startswith("socks5") else ProxyType.HTTP,
            "host": self.host,
            "port": self.port,
            "username": self.login or None,
            "password": (self.password or "") if self.login else None,
            "rdns": True,
            "proxy_ssl": _tls() if self.scheme == "https" else None,
        }

    async def reach(self, host: str, port: int, patience: float) -> str:
        """Why `host` is unreachable through it within `patience` seconds; empty if it is reachable."""
        try:
            async with asyncio.timeout(patience):
                stream = await _given_up_at_once(SocksProxy(**self.for_sockets()).connect(host, port))
        except (UnreachableProxyError, ssl.SSLError) as error:
            return f"the proxy cannot be connected to ({getattr(error, 'strerror', None) or type(error).__name__})"
        except RefusingProxyError as error:
            return f"the proxy refuses: {error}"
        except (SlowProxyError, TimeoutError):
            return "the proxy does not answer in time"
        except BROKEN as error:
            return f"the connection broke ({type(error).__name__})"
        stream.writer.transport.abort()
        return ""


class _Connector(ProxyConnector):
    """Fails as any other connector of aiohttp does, which is what aiogram and the bot understand."""

    async def _wrap_create_connection(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - aiohttp's signature
        try:
            return await _given_up_at_once(super()._wrap_create_connection(*args, **kwargs))
        except (ProxyConnectionError, ProxyError, ProxyTimeoutError, *BROKEN) as error:
            raise aiohttp.ClientConnectionError(f"through the proxy: {error}") from error


class _ProxyTransport(httpx.AsyncHTTPTransport):
    """Fails as any other transport of httpx does, also where its SOCKS library does not understand the proxy."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """See httpx."""
        try:
            return await super().handle_async_request(request)
        except SOCKSError as error:
            raise httpx.ProxyError(f"{type(error).__name__}: {error}", request=request) from error


class TelegramSession(AiohttpSession):
    """aiogram's session, for every call and file; through `proxy`, if given. `dates` compares each answer's date."""

    def __init__(self, api_url: str, proxy: Proxy | None, dates: DateCheck | None = None) -> None:
        super().__init__(api=TelegramAPIServer.from_base(api_url), limit=100)
        self._dates = dates
        if proxy is not None:
            # aiogram's own `proxy` knows neither https nor socks5h, and loses the certificates and the limit.
            self._connector_type = _Connector
            self._connector_init |= proxy.for_sockets()

    async def create_session(self) -> aiohttp.ClientSession:
        """See aiogram."""
        session = await super().create_session()
        if self._dates is not None and not session.trace_configs:
            session.trace_configs.append(_traced(self._dates))
        return session


def _traced(dates: DateCheck) -> aiohttp.TraceConfig:
    async def began(_: aiohttp.ClientSession, request: SimpleNamespace, __: aiohttp.TraceRequestStartParams) -> None:
        request.began = dates.began()

    async def ended(_: aiohttp.ClientSession, request: SimpleNamespace, end: aiohttp.TraceRequestEndParams) -> None:
        dates.answered(request.began, end.response.headers.get("Date"))

    config = aiohttp.TraceConfig()
    config.on_request_start.append(began)
    config.on_request_end.append(ended)
    config.freeze()
    return config


def client(proxy: Proxy | None = None, dates: DateCheck | None = None, **given: Any) -> httpx.AsyncClient:  # noqa: ANN401 - httpx's own
    """An HTTP client, through `proxy` or direct whatever the environment says. `dates` compares the date of each
    answer."""
    if dates is not None:

        async def began(request: httpx.Request) -> None:
            request.extensions["began"] = dates.began()

        async def ended(response: httpx.Response) -> None:
            dates.answered(response.request.extensions["began"], response.headers.get("Date"))

        given["event_hooks"] = {"request": [began], "response": [ended]}
    if proxy is not None:
        given["transport"] = _ProxyTransport(proxy=proxy.for_httpx(), trust_env=False)
    return httpx.AsyncClient(trust_env=False, **given)


async def _given_up_at_once(opening: Coroutine[Any, Any, Opened]) -> Opened:
    """Return what `opening` returns. A cancellation ends it at once: python-socks itself, once cancelled, waits up to a
    minute for the end of a connection whose TLS hangs; a second cancellation cuts that short."""
    task = asyncio.ensure_future(opening)  # noqa: TID251 - awaited here
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=CLOSED_WITHIN)
        raise


def _tls() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certifi.where())
