"""The environment variables of sms.ru."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field, SecretStr

from bot.proxies import Proxy
from bot.setting_types import HttpUrl, ProxyUrl, path_token, unguessable


def _api_id(value: SecretStr) -> SecretStr:
    if not re.fullmatch(r"[\w-]{16,64}", value.get_secret_value(), re.ASCII):
        raise ValueError("must be the api_id of your account, as sms.ru shows it; it stands alone, without a comment")
    return value


class SmsRuSettings(BaseModel):
    """The part of the settings that concerns sms.ru. `.env.example` explains each."""

    SMSRU_URL: HttpUrl = "https://sms.ru"
    SMSRU_PROXY: ProxyUrl | None = None
    SMSRU_API_ID: Annotated[SecretStr, AfterValidator(_api_id)] | None = None
    SMSRU_CALLBACK_TOKEN: (
        Annotated[SecretStr, Field(min_length=16), AfterValidator(path_token), AfterValidator(unguessable)] | None
    ) = None
    SMSRU_POLL_SECONDS: Annotated[float, Field(ge=0, le=3600)] = 10
    SMSRU_LOW_BALANCE: Annotated[float, Field(ge=0, lt=1_000_000_000)] = 50
    SMSRU_PRICE: Annotated[Decimal, Field(gt=0, lt=1_000_000)] | None = None

    @property
    def smsru_proxy(self) -> Proxy | None:
        """The proxy for the gateway."""
        return Proxy.parse(self.SMSRU_PROXY.get_secret_value()) if self.SMSRU_PROXY is not None else None


def contradictions(given: Mapping[str, object]) -> list[str]:
    """Variables that are missing."""
    return [
        f"{name}: missing; it is needed with GATEWAYS=smsru"
        for name in ("SMSRU_API_ID", "SMSRU_CALLBACK_TOKEN")
        if name not in given
    ]
