"""Phone numbers: the world's numbering plan, and keeping numbers unreadable."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Collection, Sequence

import phonenumbers
from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from bot.domain.phone import Fingerprint, NumberKind, Phone

BOUND = b"\x01"
"""The first byte of a phone that is bound to its verification; Fernet's begin with a letter."""
NONCE = 12
"""Bytes (NIST SP 800-38D, section 8.2)."""
HOME = ("RU", "KZ", "BY")
COUNTRIES = frozenset(phonenumbers.SUPPORTED_REGIONS)
"""The countries (ISO 3166) whose numbers are known."""
DIALLED_ABROAD = "00"
"""What stands before the code of a country in most of the world (ITU-T E.164)."""
RUSSIAN_TRUNK = "8"
RUSSIAN_LENGTH = 11
LONGEST_INPUT = 32
KINDS = {
    PhoneNumberType.MOBILE: NumberKind.MOBILE,
    PhoneNumberType.FIXED_LINE_OR_MOBILE: NumberKind.FIXED_OR_MOBILE,
    PhoneNumberType.FIXED_LINE: NumberKind.FIXED,
    PhoneNumberType.VOIP: NumberKind.VOIP,
    PhoneNumberType.TOLL_FREE: NumberKind.TOLL_FREE,
    PhoneNumberType.PREMIUM_RATE: NumberKind.PREMIUM,
    PhoneNumberType.SHARED_COST: NumberKind.SHARED_COST,
    PhoneNumberType.PERSONAL_NUMBER: NumberKind.PERSONAL,
    PhoneNumberType.PAGER: NumberKind.PAGER,
    PhoneNumberType.UAN: NumberKind.UAN,
    PhoneNumberType.VOICEMAIL: NumberKind.VOICEMAIL,
}


class NumberingPlan:
    """See `bot.usecases.ports.PhoneRules`. Built on Google's libphonenumber metadata."""

    def __init__(self, home: Sequence[str] = HOME) -> None:
        """`home`: the countries (ISO 3166) in which a number without the code of its country is looked for, in this
        order."""
        self._home = tuple(home)

    def readings(self, text: str, regions: Collection[str] = ()) -> tuple[Phone, ...]:
        text = text.strip()
        if len(text) > LONGEST_INPUT or not any(char.isdigit() for char in text):
            return ()
        digits = "".join(char for char in text if char in "0123456789")
        is_international = text.startswith("+") or digits.startswith(DIALLED_ABROAD)
        found = [] if is_international else [_national(digits, region) for region in regions or self._home]
        found.append(_parse("+" + digits.removeprefix(DIALLED_ABROAD) if is_international else "+" + digits))
        return tuple(dict.fromkeys(_phone(parsed) for parsed in found if parsed is not None))

    def parse(self, text: str) -> Phone | None:
        parsed = _parse(text)
        return None if parsed is None else _phone(parsed)

    def parse_mobile(self, text: str) -> Phone | None:
        parsed = _parse(text)
        if parsed is None or not phonenumbers.is_possible_number_for_type(parsed, PhoneNumberType.MOBILE):
            return None
        return _phone(parsed)

    def spelled(self, e164: str) -> str:
        """The number in groups, as people write it internationally; as it is when that is not known."""
        parsed = _parse(e164)
        if parsed is None:
            return e164
        return phonenumbers.format_number(parsed, PhoneNumberFormat.INTERNATIONAL)


class KeyedPhoneCipher:
    """See `bot.usecases.ports.Vault`. Each purpose has a key of its own, drawn from the installation's."""

    def __init__(self, secret_key: str) -> None:
        self._fingerprint_key = derived_key(secret_key, "phone fingerprint")
        self._username_key = derived_key(secret_key, "username digest")
        self._report_key = derived_key(secret_key, "gateway report digest")
        self._phone_cipher = AESGCM(derived_key(secret_key, "phone of a verification"))
        self._fernet = Fernet(base64.urlsafe_b64encode(derived_key(secret_key, "phone seal")))

    def fingerprint(self, phone: Phone) -> Fingerprint:
        return phone.fingerprint(self._fingerprint_key)

    def seal(self, phone: Phone, token: str) -> bytes:
        nonce, plain = secrets.token_bytes(NONCE), [phone.e164, phone.country_code, phone.region, phone.kind]
        return BOUND + nonce + self._phone_cipher.encrypt(nonce, json.dumps(plain).encode(), token.encode())

    def unseal(self, sealed: bytes, token: str) -> Phone | None:
        try:
            if sealed.startswith(BOUND):
                nonce, secret = sealed[1 : 1 + NONCE], sealed[1 + NONCE :]
                plain = self._phone_cipher.decrypt(nonce, secret, token.encode())
            else:
                # Sealed by a version that bound it to nothing.
                plain = self._fernet.decrypt(sealed)
            e164, country_code, region, *kind = json.loads(plain)
        except (InvalidToken, InvalidTag, ValueError):
            return None
        # Versions that did not tell kinds apart sealed none.
        return Phone(e164, country_code, region, NumberKind(kind[0]) if kind else NumberKind.UNKNOWN)

    def seal_bytes(self, plain: bytes) -> bytes:
        return self._fernet.encrypt(plain)

    def unseal_bytes(self, sealed: bytes) -> bytes | None:
        try:
            return self._fernet.decrypt(sealed)
        except InvalidToken:
            return None

    def username_digest(self, username: str) -> str:
        return _hex_mac(self._username_key, username)

    def report_digest(self, identity: str) -> str:
        return _hex_mac(self._report_key, identity)

    def earlier_digest(self, text: str) -> str:
        return _hex_mac(self._fingerprint_key, text)


class KeyedPseudonymizer:
    """See `bot.usecases.ports_personal.Marker`. It has a key of its own: a fingerprint, say in a back-up, leads to no
    mark without it."""

    def __init__(self, secret_key: str) -> None:
        self._key = derived_key(secret_key, "marks of the erased")

    def phone(self, fingerprint: Fingerprint) -> str:
        return self._mac(f"phone {fingerprint}").hex()

    def owner(self, fingerprint: Fingerprint, user_id: int) -> str:
        return self._mac(f"owner {fingerprint} {user_id}").hex()

    def person(self, user_id: int) -> int:
        return -1 - (int.from_bytes(self._mac(f"person {user_id}")[:8], "big") >> 1)

    def _mac(self, text: str) -> bytes:
        return hmac.new(self._key, text.encode(), hashlib.sha256).digest()


class SystemTokenGenerator:
    """See `bot.usecases.ports.Randomness`."""

    def token(self) -> str:
        return secrets.token_urlsafe(24)

    def error_id(self) -> str:
        return secrets.token_hex(4)


def _hex_mac(key: bytes, text: str) -> str:
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def derived_key(secret_key: str, purpose: str) -> bytes:
    """32 bytes for one purpose; knowing them tells nothing of SECRET_KEY or of the other keys."""
    return hmac.new(secret_key.encode(), purpose.encode(), hashlib.sha256).digest()


def _parse(text: str) -> phonenumbers.PhoneNumber | None:
    text = text.strip()
    if not text or len(text) > LONGEST_INPUT:
        return None
    digits = "".join(char for char in text if char in "0123456789")
    attempts: list[tuple[str, str | None]] = [("+" + digits, None)]
    if digits.startswith(RUSSIAN_TRUNK) and len(digits) == RUSSIAN_LENGTH and not text.startswith("+"):
        attempts.append((digits, "RU"))
    for candidate, region in attempts:
        try:
            parsed = phonenumbers.parse(candidate, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_possible_number(parsed):
            return parsed
    return None


def _national(digits: str, region: str) -> phonenumbers.PhoneNumber | None:
    """The number as people of this country write it among themselves, if there is one."""
    try:
        parsed = phonenumbers.parse(digits, region)
    except phonenumbers.NumberParseException:
        return None
    is_there = parsed.country_code == phonenumbers.country_code_for_region(region)
    return parsed if is_there and phonenumbers.is_valid_number(parsed) else None


def _phone(parsed: phonenumbers.PhoneNumber) -> Phone:
    region = phonenumbers.region_code_for_number(parsed) or ""
    return Phone(
        e164=phonenumbers.format_number(parsed, PhoneNumberFormat.E164),
        country_code=str(parsed.country_code),
        region="" if region == phonenumbers.UNKNOWN_REGION else region[:3],
        kind=KINDS.get(phonenumbers.number_type(parsed), NumberKind.UNKNOWN),
    )
