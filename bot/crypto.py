"""Encryption, fingerprints and pseudonyms of phone numbers and names, and random names."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bot.domain.phone import Fingerprint, NumberKind, Phone

BOUND = b"\x01"
"""The first byte of a phone that is bound to its verification; Fernet's begin with a letter."""
NONCE = 12
"""Bytes (NIST SP 800-38D, section 8.2)."""


class PhoneCipher:
    """Encrypts and fingerprints phone numbers.

    Each purpose has its own key, derived from the installation's.
    """

    def __init__(self, secret_key: str) -> None:
        self._fingerprint_key = derived_key(secret_key, "phone fingerprint")
        self._username_key = derived_key(secret_key, "username digest")
        self._report_key = derived_key(secret_key, "gateway report digest")
        self._phone_cipher = AESGCM(derived_key(secret_key, "phone of a verification"))
        self._fernet = Fernet(base64.urlsafe_b64encode(derived_key(secret_key, "phone seal")))

    def fingerprint(self, phone: Phone) -> Fingerprint:
        """A keyed digest of the number, equal for equal numbers."""
        return phone.fingerprint(self._fingerprint_key)

    def encrypt(self, phone: Phone, token: str) -> bytes:
        """The number, encrypted and bound to the verification that has this token."""
        nonce, plain = secrets.token_bytes(NONCE), [phone.e164, phone.country_code, phone.region, phone.kind]
        return BOUND + nonce + self._phone_cipher.encrypt(nonce, json.dumps(plain).encode(), token.encode())

    def decrypt(self, encrypted: bytes, token: str) -> Phone | None:
        """The number; None if it was encrypted with another key, or for another verification."""
        try:
            if encrypted.startswith(BOUND):
                nonce, secret = encrypted[1 : 1 + NONCE], encrypted[1 + NONCE :]
                plain = self._phone_cipher.decrypt(nonce, secret, token.encode())
            else:
                # Encrypted by a version that did not bind it.
                plain = self._fernet.decrypt(encrypted)
            e164, country_code, region, *kind = json.loads(plain)
        except (InvalidToken, InvalidTag, ValueError):
            return None
        # Older versions stored no kind.
        return Phone(e164, country_code, region, NumberKind(kind[0]) if kind else NumberKind.UNKNOWN)

    def encrypt_bytes(self, plain: bytes) -> bytes:
        """The bytes, encrypted, since they may contain phone numbers."""
        return self._fernet.encrypt(plain)

    def decrypt_bytes(self, encrypted: bytes) -> bytes | None:
        """The decrypted bytes; None if they were encrypted with another key."""
        try:
            return self._fernet.decrypt(encrypted)
        except InvalidToken:
            return None

    def username_digest(self, username: str) -> str:
        """A keyed digest of a user name, in small letters."""
        return _hex_mac(self._username_key, username)

    def report_digest(self, identity: str) -> str:
        """A keyed digest of what identifies a report of the gateway; that may contain a phone number."""
        return _hex_mac(self._report_key, identity)

    def earlier_digest(self, text: str) -> str:
        """The digest of either by older versions, which had one key for all; their rows still have it."""
        return _hex_mac(self._fingerprint_key, text)


class Pseudonymizer:
    """Makes pseudonyms of erased people and phones.

    It has its own key: a fingerprint, for example in a back-up, leads to no pseudonym without it.
    """

    def __init__(self, secret_key: str) -> None:
        self._key = derived_key(secret_key, "marks of the erased")

    def phone(self, fingerprint: Fingerprint) -> str:
        """A pseudonym which shows that somebody used this phone."""
        return self._mac(f"phone {fingerprint}").hex()

    def owner(self, fingerprint: Fingerprint, user_id: int) -> str:
        """A pseudonym which shows that this account used this phone."""
        return self._mac(f"owner {fingerprint} {user_id}").hex()

    def person(self, user_id: int) -> int:
        """A number below zero in place of this account's id."""
        return -1 - (int.from_bytes(self._mac(f"person {user_id}")[:8], "big") >> 1)

    def _mac(self, text: str) -> bytes:
        return hmac.new(self._key, text.encode(), hashlib.sha256).digest()


class TokenGenerator:
    """Makes unguessable names, and names that are merely unique."""

    def token(self) -> str:
        """At least 128 unguessable bits, safe in a URL."""
        return secrets.token_urlsafe(24)

    def error_id(self) -> str:
        """A short error id."""
        return secrets.token_hex(4)


def _hex_mac(key: bytes, text: str) -> str:
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def derived_key(secret_key: str, purpose: str) -> bytes:
    """32 bytes for one purpose; they reveal nothing of SECRET_KEY or of the other keys."""
    return hmac.new(secret_key.encode(), purpose.encode(), hashlib.sha256).digest()
