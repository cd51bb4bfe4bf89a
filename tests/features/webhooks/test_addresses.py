"""Which addresses the bot may connect to, whoever chose them: its configuration, or whoever answers for a name."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from bot.features.webhooks.http import RefusedAddressError, checked, is_private


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.9.9.9",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "255.255.255.255",
        "224.0.0.1",
        "240.0.0.1",
        "::1",
        "::",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "fd12:3456::1",
        "ff02::1",
        "ff0e::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
        "2002:c0a8:101::1",
        "fec0::1",
        "::7f00:1",
        "::808:808",
        "64:ff9b:1::808:808",
        "5f00::1",
        "3fff::1",
        "2001:db8::1",
        "2001::1",
        "2001:10::1",
        "100::1",
        "4000::1",
        "2d00::1",
        "192.88.99.1",
        "192.0.2.1",
        "198.18.0.1",
        "203.0.113.1",
    ],
)
def test_an_address_of_this_machine_or_network_is_private_however_it_is_written(address: str) -> None:
    assert is_private(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.216.34", "2606:4700::1111", "2a00:1450::1", "64:ff9b::808:808"])
def test_an_address_of_the_world_is_not(address: str) -> None:
    assert not is_private(address)


def _answering(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    def getaddrinfo(*_: Any, **__: Any) -> list[Any]:
        return [(0, 0, 0, "", (address, 443)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


async def test_one_private_address_among_others_spoils_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    _answering(monkeypatch, "8.8.8.8", "10.0.0.1")

    with pytest.raises(RefusedAddressError, match="private"):
        await checked("rebinding.example", 443, allow_private=False)

    assert await checked("rebinding.example", 443, allow_private=True) == ["8.8.8.8", "10.0.0.1"]


@pytest.mark.parametrize("host", ["no-such-name.invalid", "a" * 300, "...", "a\0b"])
async def test_a_name_that_leads_nowhere_is_said_to(host: str) -> None:
    with pytest.raises(RefusedAddressError, match="not known"):
        await checked(host, 443, allow_private=True)
