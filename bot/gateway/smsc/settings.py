"""The environment variables of SMSC."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, SecretStr

from bot.proxies import Proxy
from bot.setting_types import HttpUrl, ProxyUrl, hook_url, is_unguessable, path_token, split, unguessable

GATEWAYS = "must be addresses, comma separated, such as https://smsc.ru,https://www2.smsc.ru"
SHORTEST_WORD = 12


def _gateways(value: object) -> object:
    return split(value, GATEWAYS) if isinstance(value, str) else value


def _uncommented(value: SecretStr | str) -> SecretStr | str:
    """A name or key from the gateway."""
    if re.search(r"\s#", value if isinstance(value, str) else value.get_secret_value()):
        raise ValueError("must stand alone, without a comment behind it")
    return value


def _relay_url(value: str) -> str:
    if "?" in value:
        raise ValueError("must be an address without ?, since what stands behind that is the gateway's")
    return hook_url(value)


class SmscSettings(BaseModel):
    """The part of the settings that concerns SMSC. `.env.example` explains each."""

    SMSC_URL: Annotated[tuple[HttpUrl, ...], BeforeValidator(_gateways)] = ("https://smsc.ru",)
    SMSC_PROXY: ProxyUrl | None = None
    SMSC_API_KEY: Annotated[SecretStr, AfterValidator(_uncommented)] | None = None
    SMSC_LOGIN: Annotated[str, AfterValidator(_uncommented)] | None = None
    SMSC_PASSWORD: SecretStr | None = None
    SMSC_CALLBACK_TOKEN: (
        Annotated[SecretStr, Field(min_length=16), AfterValidator(path_token), AfterValidator(unguessable)] | None
    ) = None
    SMSC_CALLBACK_SECRET: SecretStr | None = None
    SMSC_POLL_SECONDS: Annotated[float, Field(ge=0, le=3600)] = 20
    SMSC_RELAY_URL: Annotated[str, AfterValidator(_relay_url)] | None = None
    SMSC_LOW_BALANCE: Annotated[float, Field(ge=0, lt=1_000_000_000)] = 50
    SMSC_PRICE: Annotated[Decimal, Field(gt=0, lt=1_000_000)] | None = None
    CALL_WINDOW: Annotated[int, Field(ge=1, le=86400)] = 900

    @property
    def call_window(self) -> timedelta:
        """How long a call number stays valid."""
        return timedelta(seconds=self.CALL_WINDOW)

    @property
    def smsc_proxy(self) -> Proxy | None:
        """The proxy for the gateway."""
        return Proxy.parse(self.SMSC_PROXY.get_secret_value()) if self.SMSC_PROXY is not None else None

    @property
    def weak_secrets(self) -> list[str]:
        """Easily guessed secrets that cannot be rejected, since other systems use them too."""
        word = self.SMSC_CALLBACK_SECRET.get_secret_value() if self.SMSC_CALLBACK_SECRET is not None else None
        is_strong = word is None or (len(word) >= SHORTEST_WORD and is_unguessable(word))
        return [] if is_strong else ["SMSC_CALLBACK_SECRET"]


def contradictions(given: Mapping[str, object]) -> list[str]:
    """Variables that are missing, and problems between others, each of which may be right alone."""
    token = [] if "SMSC_CALLBACK_TOKEN" in given else ["SMSC_CALLBACK_TOKEN: missing; it has to be set"]
    return token + _login(given)


def _login(given: Mapping[str, object]) -> list[str]:
    pair = [name for name in ("SMSC_LOGIN", "SMSC_PASSWORD") if name in given]
    if "SMSC_API_KEY" in given and pair:
        return ["SMSC_API_KEY: set either this or SMSC_LOGIN with SMSC_PASSWORD, not both"]
    if "SMSC_API_KEY" not in given and not pair:
        return ["SMSC_API_KEY: missing; set it, or SMSC_LOGIN and SMSC_PASSWORD"]
    if pair == ["SMSC_LOGIN"]:
        return ["SMSC_PASSWORD: missing, while SMSC_LOGIN is set"]
    if pair == ["SMSC_PASSWORD"]:
        return ["SMSC_LOGIN: missing, while SMSC_PASSWORD is set"]
    return []
