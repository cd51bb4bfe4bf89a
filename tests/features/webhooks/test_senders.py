"""One message, one request."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from bot.clock import SystemClock
from bot.crypto import PhoneCipher
from bot.domain.webhooks import AttemptResult, DeliveryAttempt, Destination, ForeignReport, OutboxMessage
from bot.features.webhooks import http
from bot.features.webhooks.http import EventSender, RelaySender, SafeHttpClient
from bot.sandbox.changes import WAIT_TIMEOUT
from tests.features.webhooks.receiver import OTHER_SECRET, SECRET, Receiver, receiver

BODY = '{"type":"access.granted","data":{"gate":"Häuser & Gärten"}}'.encode()
EVENT = OutboxMessage(1, Destination.EVENTS, "msg_abc", "access.granted", BODY, 0)


@pytest.fixture
async def owners() -> AsyncIterator[Receiver]:
    async with receiver() as the_receiver:
        yield the_receiver


@pytest.fixture
async def wire() -> AsyncIterator[SafeHttpClient]:
    the_wire = SafeHttpClient(allow_private=True)
    yield the_wire
    await the_wire.close()


async def bring(wire: SafeHttpClient, url: str, *secrets: str) -> DeliveryAttempt:
    return await EventSender(wire, url, secrets or (SECRET,), SystemClock())(EVENT)


async def test_an_event_is_taken_by_a_receiver_made_with_the_schemes_own_library(
    owners: Receiver, wire: SafeHttpClient
) -> None:
    assert await bring(wire, owners.url) == DeliveryAttempt(AttemptResult.TAKEN)

    (arrived,) = owners.arrived
    assert owners.taken == [{"type": "access.granted", "data": {"gate": "Häuser & Gärten"}}]
    assert (arrived.method, arrived.path, arrived.content_type) == ("POST", "/hook/", "application/json")
    assert arrived.headers["webhook-id"] == "msg_abc"
    assert f"http://{arrived.host}/hook/" == owners.url


async def test_while_a_secret_is_replaced_receivers_of_both_take_it(owners: Receiver, wire: SafeHttpClient) -> None:
    for known in (SECRET, OTHER_SECRET):
        owners.secret = known
        assert await bring(wire, owners.url, OTHER_SECRET, SECRET) == DeliveryAttempt(AttemptResult.TAKEN)

    owners.secret = SECRET
    assert await bring(wire, owners.url, OTHER_SECRET) == DeliveryAttempt(AttemptResult.FAILED, "HTTP 401")


async def test_what_was_changed_on_the_way_is_not_taken_for_ours(owners: Receiver, wire: SafeHttpClient) -> None:
    await bring(wire, owners.url)
    (arrived,) = owners.arrived

    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(arrived.body + b" ", arrived.headers)


@pytest.mark.parametrize(
    ("status", "delivery"),
    [
        (201, DeliveryAttempt(AttemptResult.TAKEN)),
        (204, DeliveryAttempt(AttemptResult.TAKEN)),
        (400, DeliveryAttempt(AttemptResult.FAILED, "HTTP 400")),
        (404, DeliveryAttempt(AttemptResult.FAILED, "HTTP 404")),
        (410, DeliveryAttempt(AttemptResult.GONE, "HTTP 410")),
        (429, DeliveryAttempt(AttemptResult.FAILED, "HTTP 429")),
        (503, DeliveryAttempt(AttemptResult.FAILED, "HTTP 503")),
    ],
)
async def test_only_a_success_counts_as_taken(
    owners: Receiver, wire: SafeHttpClient, status: int, delivery: DeliveryAttempt
) -> None:
    owners.status = status

    assert await bring(wire, owners.url) == delivery


async def test_a_redirect_is_not_followed(owners: Receiver, wire: SafeHttpClient) -> None:
    async with receiver() as elsewhere:
        owners.status, owners.location = 307, elsewhere.url

        assert await bring(wire, owners.url) == DeliveryAttempt(AttemptResult.FAILED, "HTTP 307")
        assert elsewhere.arrived == []


async def test_a_private_address_is_not_even_connected_to(owners: Receiver) -> None:
    careful = SafeHttpClient(allow_private=False)

    delivery = await bring(careful, owners.url)

    assert delivery == DeliveryAttempt(AttemptResult.FAILED, "it leads to a private address")
    assert owners.arrived == []
    await careful.close()


async def test_what_is_connected_to_is_the_address_that_was_checked(
    owners: Receiver, wire: SafeHttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name is never looked up a second time: it could lead elsewhere by then."""
    looked_up = []

    def getaddrinfo(host: str, *_: Any, **__: Any) -> list[Any]:
        looked_up.append(host)
        return [(0, 0, 0, "", ("127.0.0.1", 0))]

    async def of_the_loop(host: str, *_: Any, **__: Any) -> list[Any]:
        return getaddrinfo(host)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", of_the_loop)

    delivery = await bring(wire, owners.url.replace("127.0.0.1", "hooks.example"))

    assert delivery == DeliveryAttempt(AttemptResult.TAKEN)
    assert looked_up[0] == "hooks.example"
    assert "hooks.example" not in looked_up[1:]
    (arrived,) = owners.arrived
    assert arrived.host.startswith("hooks.example:")


async def test_a_name_server_that_hangs_holds_one_thread_and_none_of_the_event_loops(
    owners: Receiver, wire: SafeHttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loop uses a few threads to look up the names of Telegram and the gateway."""
    answers, looked_up = threading.Event(), []

    def getaddrinfo(host: str, *_: Any, **__: Any) -> list[Any]:
        looked_up.append(host)
        assert answers.wait(WAIT_TIMEOUT)
        return [(0, 0, 0, "", ("127.0.0.1", 0))]

    async def of_the_loop(*_: Any, **__: Any) -> list[Any]:
        pytest.fail("the event loop looked a name up")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", of_the_loop)
    url = owners.url.replace("127.0.0.1", "hooks.example")
    with monkeypatch.context() as patch:
        patch.setattr(http, "PATIENCE", 0.05)
        for _ in range(3):
            several = await asyncio.gather(*(bring(wire, url) for _ in range(5)))
            assert {delivery.reply for delivery in several} == {AttemptResult.FAILED}
    assert looked_up == ["hooks.example"]

    answers.set()

    assert await bring(wire, url) == DeliveryAttempt(AttemptResult.TAKEN)


async def test_the_certificate_has_to_be_of_the_name_and_not_of_the_address(
    wire: SafeHttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    async def checked(*_: Any, **__: Any) -> list[str]:
        return ["127.0.0.1"]

    def wrap_bio(*_: Any, server_hostname: object = None, **__: Any) -> Any:
        asked.append(server_hostname)
        raise ssl.SSLError("enough")

    monkeypatch.setattr(http, "checked", checked)
    monkeypatch.setattr(ssl.SSLContext, "wrap_bio", wrap_bio)
    async with receiver() as anybody:
        port = anybody.url.split(":")[2].partition("/")[0]
        delivery = await bring(wire, f"https://hooks.example:{port}/")

    assert delivery.reply is AttemptResult.FAILED
    assert asked == [b"hooks.example"]


async def test_the_next_address_is_tried_when_one_cannot_be_connected_to(
    owners: Receiver, wire: SafeHttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def checked(*_: Any, **__: Any) -> list[str]:
        return ["127.0.0.2", "127.0.0.1"]

    monkeypatch.setattr(http, "checked", checked)

    assert await bring(wire, owners.url) == DeliveryAttempt(AttemptResult.TAKEN)


async def test_nobody_waits_for_a_receiver_that_does_not_answer(
    owners: Receiver, wire: SafeHttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "PATIENCE", 0.2)
    owners.delay = 30.0

    assert await bring(wire, owners.url) == DeliveryAttempt(AttemptResult.FAILED, "no answer within 0.2 seconds")


async def test_where_nobody_listens_that_is_said(wire: SafeHttpClient) -> None:
    async with receiver() as gone:
        url = gone.url

    assert await bring(wire, url) == DeliveryAttempt(AttemptResult.FAILED, "ConnectError")


async def test_proxies_of_the_environment_are_not_used(owners: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    async with receiver() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("ALL_PROXY", proxy.url)
        direct = SafeHttpClient(allow_private=True)

        assert await bring(direct, owners.url) == DeliveryAttempt(AttemptResult.TAKEN)
        assert proxy.arrived == []
        await direct.close()


@pytest.mark.parametrize(
    "report",
    [
        ForeignReport("POST", "charset=utf-8&md5", "application/x-www-form-urlencoded", b"phone=7999&mes=%CF\xff\x00"),
        ForeignReport("GET", "phone=7999&mes=%D0%BF+%D1%80&md5=ab", "", b""),
        ForeignReport("POST", "", 'multipart/form-data; boundary="x"', b"--x\r\n\r\n"),
        ForeignReport("POST", "", "text/plain; name=Отчёт", b"phone=7999&mes=x"),
        ForeignReport("POST", "", b"text/plain; name=\xc8\xff".decode("utf-8", "surrogateescape"), b"phone=7999&mes=x"),
    ],
    ids=["form", "get", "multipart", "utf-8 kind", "kind of any bytes"],
)
async def test_a_foreign_report_arrives_as_it_came(wire: SafeHttpClient, report: ForeignReport) -> None:
    phone_cipher = PhoneCipher("the key of these tests")
    message = OutboxMessage(1, Destination.RELAY, "rel_1", "foreign", phone_cipher.encrypt_bytes(report.packed()), 0)
    async with receiver(secret=None) as theirs:
        assert await RelaySender(wire, theirs.url, phone_cipher)(message) == DeliveryAttempt(AttemptResult.TAKEN)

    (arrived,) = theirs.arrived
    assert (arrived.method, arrived.query, arrived.content_type, arrived.body) == (
        report.method,
        report.query,
        report.content_type,
        report.body,
    )


async def test_what_was_sealed_with_another_key_is_not_brought(wire: SafeHttpClient) -> None:
    encrypted = PhoneCipher("another key").encrypt_bytes(ForeignReport("GET", "", "", b"").packed())
    message = OutboxMessage(1, Destination.RELAY, "rel_1", "foreign", encrypted, 0)
    async with receiver(secret=None) as theirs:
        delivery = await RelaySender(wire, theirs.url, PhoneCipher("the key of these tests"))(message)

    assert delivery == DeliveryAttempt(AttemptResult.FAILED, http.UNREADABLE)
    assert theirs.arrived == []
