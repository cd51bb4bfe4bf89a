"""What is kept of phones, names and reports is bound to its purpose, and what earlier versions kept is still read."""

from __future__ import annotations

import base64
import json

from cryptography.fernet import Fernet

from bot.crypto import PhoneCipher, derived_key
from bot.domain.gateway import EventKind, EventSource, GatewayEvent
from bot.domain.phone import NumberKind, Phone
from bot.usecases.find_people import find_by_username
from tests.usecases.rules import ANNA, CALL_NUMBER, PHONE, Rules, callback

SECRET = "the key of these tests"
NUMBER = Phone("+79991231234", "7", "RU", NumberKind.MOBILE)
VAULT = PhoneCipher(SECRET)


def sealed_before(phone: Phone) -> bytes:
    """As versions sealed it that bound it to nothing."""
    fernet = Fernet(base64.urlsafe_b64encode(derived_key(SECRET, "phone seal")))
    return fernet.encrypt(json.dumps([phone.e164, phone.country_code, phone.region, phone.kind]).encode())


def test_a_phone_is_read_for_its_own_verification_only() -> None:
    sealed = VAULT.seal(NUMBER, "token")

    assert VAULT.unseal(sealed, "token") == NUMBER
    assert VAULT.unseal(sealed, "another") is None
    assert PhoneCipher("another key").unseal(sealed, "token") is None
    assert NUMBER.e164.encode() not in sealed
    assert VAULT.seal(NUMBER, "token") != sealed


def test_what_was_changed_or_cut_is_not_read() -> None:
    sealed = VAULT.seal(NUMBER, "token")
    for broken in (b"", sealed[:1], sealed[:12], sealed[:-1], sealed[:-1] + bytes([sealed[-1] ^ 1]), b"\x00" + sealed):
        assert VAULT.unseal(broken, "token") is None


def test_a_phone_that_an_earlier_version_sealed_is_read() -> None:
    assert VAULT.unseal(sealed_before(NUMBER), "token") == NUMBER


def test_a_name_a_report_and_a_phone_have_digests_of_their_own() -> None:
    digests = {VAULT.username_digest(PHONE), VAULT.report_digest(PHONE), VAULT.earlier_digest(PHONE)}

    assert len(digests) == 3


async def is_called(rules: Rules, user_id: int, digest: str) -> None:
    """Somebody writes, and has a user name of which this is the digest."""
    await rules.database.transact(
        lambda store: store.people.meet(user_id, user_id, "en", rules.now, wrote=True, username=digest)
    )


async def test_a_name_that_an_earlier_version_kept_is_found_until_somebody_else_has_it(rules: Rules) -> None:
    vault = rules.vault
    earlier, other = vault.earlier_digest("anna_1990"), ANNA + 1
    await is_called(rules, ANNA, earlier)
    await is_called(rules, other, "")
    assert await rules.database.transact(lambda store: find_by_username(store, vault, "Anna_1990")) == ANNA

    await is_called(rules, other, vault.username_digest("anna_1990"))

    assert await rules.database.transact(lambda store: find_by_username(store, vault, "Anna_1990")) == other


async def test_a_report_that_an_earlier_version_kept_counts_once(rules: Rules) -> None:
    await rules.gets_number()
    event = callback(PHONE, identity="the report")
    digest = rules.vault.earlier_digest("the report")
    stranger = GatewayEvent(EventKind.CALL, EventSource.CALLBACK, "+79990000000", CALL_NUMBER, None, event.identity)
    await rules.database.transact(lambda store: store.events.keep(stranger, digest, None, "", rules.now))

    await rules.hears(event)

    assert await rules.rows("SELECT count(*) AS n FROM gateway_events") == [{"n": 1}]
    assert await rules.states() == ["open"]


async def test_a_phone_moved_to_another_verification_is_not_called_for(rules: Rules) -> None:
    await rules.shares()
    await rules.shares(ANNA + 1, "+79995556677")
    (mine, other) = await rules.rows("SELECT id, token, sealed FROM verifications ORDER BY id")

    assert rules.vault.unseal(mine["sealed"], mine["token"]) is not None
    assert rules.vault.unseal(mine["sealed"], other["token"]) is None
