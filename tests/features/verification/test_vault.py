"""Stored phones, names and reports are bound to their purpose, and data of earlier versions is still readable."""

from __future__ import annotations

import base64
import json

from cryptography.fernet import Fernet

from bot.crypto import PhoneCipher, derived_key
from bot.domain.gateway import EventKind, EventSource, GatewayEvent
from bot.domain.phone import NumberKind, Phone
from bot.features.operators.registry import find_by_username
from tests.features.rules import ANNA, CALL_NUMBER, PHONE, Rules, callback

SECRET = "the key of these tests"
NUMBER = Phone("+79991231234", "7", "RU", NumberKind.MOBILE)
VAULT = PhoneCipher(SECRET)


def sealed_before(phone: Phone) -> bytes:
    """Encrypt as earlier versions did, bound to nothing."""
    fernet = Fernet(base64.urlsafe_b64encode(derived_key(SECRET, "phone seal")))
    return fernet.encrypt(json.dumps([phone.e164, phone.country_code, phone.region, phone.kind]).encode())


def test_a_phone_is_read_for_its_own_verification_only() -> None:
    encrypted = VAULT.encrypt(NUMBER, "token")

    assert VAULT.decrypt(encrypted, "token") == NUMBER
    assert VAULT.decrypt(encrypted, "another") is None
    assert PhoneCipher("another key").decrypt(encrypted, "token") is None
    assert NUMBER.e164.encode() not in encrypted
    assert VAULT.encrypt(NUMBER, "token") != encrypted


def test_what_was_changed_or_cut_is_not_read() -> None:
    encrypted = VAULT.encrypt(NUMBER, "token")
    for broken in (
        b"",
        encrypted[:1],
        encrypted[:12],
        encrypted[:-1],
        encrypted[:-1] + bytes([encrypted[-1] ^ 1]),
        b"\x00" + encrypted,
    ):
        assert VAULT.decrypt(broken, "token") is None


def test_a_phone_that_an_earlier_version_sealed_is_read() -> None:
    assert VAULT.decrypt(sealed_before(NUMBER), "token") == NUMBER


def test_a_name_a_report_and_a_phone_have_digests_of_their_own() -> None:
    digests = {VAULT.username_digest(PHONE), VAULT.report_digest(PHONE), VAULT.earlier_digest(PHONE)}

    assert len(digests) == 3


async def is_called(rules: Rules, user_id: int, digest: str) -> None:
    """Somebody writes whose user name has this digest."""
    await rules.database.transact(
        lambda store: store.people.meet(user_id, user_id, "en", rules.now, wrote=True, username=digest)
    )


async def test_a_name_that_an_earlier_version_kept_is_found_until_somebody_else_has_it(rules: Rules) -> None:
    phone_cipher = rules.phone_cipher
    earlier, other = phone_cipher.earlier_digest("anna_1990"), ANNA + 1
    await is_called(rules, ANNA, earlier)
    await is_called(rules, other, "")
    assert await rules.database.transact(lambda store: find_by_username(store, phone_cipher, "Anna_1990")) == ANNA

    await is_called(rules, other, phone_cipher.username_digest("anna_1990"))

    assert await rules.database.transact(lambda store: find_by_username(store, phone_cipher, "Anna_1990")) == other


async def test_a_report_that_an_earlier_version_kept_counts_once(rules: Rules) -> None:
    await rules.gets_number()
    event = callback(PHONE, identity="the report")
    digest = rules.phone_cipher.earlier_digest("the report")
    stranger = GatewayEvent(EventKind.CALL, EventSource.CALLBACK, "+79990000000", CALL_NUMBER, None, event.identity)
    await rules.database.transact(lambda store: store.events.keep(stranger, digest, None, "", rules.now))

    await rules.matches(event)

    assert await rules.rows("SELECT count(*) AS n FROM gateway_events") == [{"n": 1}]
    assert await rules.states() == ["open"]


async def test_a_phone_moved_to_another_verification_is_not_called_for(rules: Rules) -> None:
    await rules.shares()
    await rules.shares(ANNA + 1, "+79995556677")
    (mine, other) = await rules.rows("SELECT id, token, encrypted FROM verifications ORDER BY id")

    assert rules.phone_cipher.decrypt(mine["encrypted"], mine["token"]) is not None
    assert rules.phone_cipher.decrypt(mine["encrypted"], other["token"]) is None
