"""Proxies as people run them: HTTP (CONNECT, and absolute addresses), also over TLS, and SOCKS5; all with a login.

Like proxies abroad, they can resolve names that the bot's machine cannot.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import ipaddress
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeAlias
from urllib.parse import urlsplit

LOGIN, PASSWORD = "somebody", "p@ss/w:rd?#%"
WRITTEN_LOGIN = "somebody:p%40ss%2Fw%3Ard%3F%23%25"
"""The same as a part of an address."""

Reader: TypeAlias = asyncio.StreamReader
Writer: TypeAlias = asyncio.StreamWriter


class TestProxy:
    """A proxy on loopback that records the hosts it was asked for."""

    __test__ = False

    def __init__(self, names: dict[str, int]) -> None:
        """`names`: on which port of loopback each host is."""
        self.names = names
        self.asked: list[str] = []
        self.logins: list[str] = []
        self.port = 0

    async def connect(self, host: str) -> tuple[Reader, Writer]:
        """Connect to the host of this name; OSError when it is unknown."""
        self.asked.append(host)
        if host not in self.names:
            raise OSError
        return await asyncio.open_connection("127.0.0.1", self.names[host])

    def knows(self, login: str, password: str) -> bool:
        """Whether the login is right."""
        self.logins.append(login)
        return (login, password) == (LOGIN, PASSWORD)

    async def speak_http(self, reader: Reader, writer: Writer) -> None:
        """RFC 9110, 9.3.6, and RFC 9112, 3.2.2; one request a connection."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        request, *lines = head.split("\r\n")
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
        written = base64.b64decode(fields.get("proxy-authorization", "Basic Og==").removeprefix("Basic ")).decode()
        if not self.knows(*written.split(":", 1)):
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            return
        method, target, version = request.split(" ")
        host = urlsplit(target if "://" in target else f"//{target}").hostname or ""
        try:
            there = await self.connect(host)
        except OSError:
            writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
            return
        if method == "CONNECT":
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            path = urlsplit(target)._replace(scheme="", netloc="").geturl() or "/"
            kept = [line for line in lines if line and not line.lower().startswith(("proxy-", "connection:"))]
            there[1].write(
                "\r\n".join([f"{method} {path} {version}", *kept, "Connection: close", "", ""]).encode("latin-1")
            )
        await _join((reader, writer), there)

    async def speak_socks5(self, reader: Reader, writer: Writer) -> None:
        """RFC 1928 and RFC 1929. Refuses IPv4 addresses: a client that sends one resolved the name itself."""
        _, count = await reader.readexactly(2)
        if 2 not in await reader.readexactly(count):
            writer.write(b"\x05\xff")
            return
        writer.write(b"\x05\x02")
        _, length = await reader.readexactly(2)
        login = (await reader.readexactly(length)).decode()
        password = (await reader.readexactly((await reader.readexactly(1))[0])).decode()
        if not self.knows(login, password):
            writer.write(b"\x01\x01")
            return
        writer.write(b"\x01\x00")
        _, _, _, kind = await reader.readexactly(4)
        size = {1: 4, 4: 16}.get(kind) or (await reader.readexactly(1))[0]
        name = await reader.readexactly(size)
        await reader.readexactly(2)
        host = name.decode() if kind == 3 else str(ipaddress.ip_address(name))
        answer = struct.pack(">BBBBIH", 5, 0, 0, 1, 0, 0)
        try:
            there = await self.connect(host)
        except OSError:
            writer.write(b"\x05\x04" + answer[2:])
            return
        writer.write(answer)
        await _join((reader, writer), there)


@contextlib.asynccontextmanager
async def running(kind: str, names: dict[str, int], tls: ssl.SSLContext | None = None) -> AsyncIterator[TestProxy]:
    """A proxy for addresses that begin with `kind`."""
    proxy = TestProxy(names)
    speak: Callable[[Reader, Writer], Awaitable[None]] = (
        proxy.speak_socks5 if kind.startswith("socks5") else proxy.speak_http
    )

    async def serve(reader: Reader, writer: Writer) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await speak(reader, writer)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()


async def _join(one: tuple[Reader, Writer], other: tuple[Reader, Writer]) -> None:
    """Pass data in both directions until either side ends."""

    async def bring(reader: Reader, writer: Writer) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()

    _, pending = await asyncio.wait(
        [asyncio.ensure_future(bring(one[0], other[1])), asyncio.ensure_future(bring(other[0], one[1]))],  # noqa: TID251 - both are awaited here
        return_when=asyncio.FIRST_COMPLETED,
    )
    for task in pending:
        task.cancel()
    other[1].close()
