"""The settings: a frozen value, and its loader from the environment and `.env`."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from bot.usecases.forget_old import Keep

SHORTEST_KEY, LONGEST_KEY = 24, 64
"""Bytes (Standard Webhooks, "Signature scheme")."""
LOCAL_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
WEBHOOK_PORTS = frozenset({443, 80, 88, 8443})
"""To which Telegram brings updates (Bot API, setWebhook, notes); a Bot API server of one's own uses any."""


class ConfigurationError(Exception):
    """The configuration cannot be used. `problems` holds one line for each, naming the variable."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def _split(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _http_url(value: str) -> str:
    parts = urlsplit(value)
    try:
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError:
        port_is_fine = False
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_fine:
        raise ValueError("must be an address such as https://example.org")
    if parts.query or parts.fragment or parts.username:
        raise ValueError("must be a plain address, without credentials, ? or #")
    return value.rstrip("/")


def _public_url(value: str) -> str:
    value = _http_url(value)
    parts = urlsplit(value)
    if parts.scheme != "https" and parts.hostname not in LOCAL_HOSTS:
        raise ValueError("must begin with https:// (plain http is accepted for 127.0.0.1 and localhost only)")
    return value


def _database_url(value: SecretStr) -> SecretStr:
    try:
        url = make_url(value.get_secret_value())
    except (ArgumentError, ValueError):
        # A port that is no number is a ValueError which quotes it; it may be a part of the password.
        raise ValueError("must look like sqlite:///data/callgate.db or postgresql://user:password@host/db") from None
    if url.get_backend_name() not in ("sqlite", "postgresql"):
        raise ValueError("must begin with sqlite:/// or postgresql://")
    if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
        raise ValueError("must name a file, as in sqlite:///data/callgate.db")
    if url.get_backend_name() == "postgresql" and not url.database:
        raise ValueError("must name a database, as in postgresql://user:password@host/db")
    return value


def _bot_token(value: SecretStr) -> SecretStr:
    if not re.fullmatch(r"\d+:[\w-]+", value.get_secret_value(), re.ASCII):
        raise ValueError("must look like 123456:ABC-DEF…, as BotFather gives it")
    return value


def _path_token(value: SecretStr) -> SecretStr:
    if not re.fullmatch(r"[\w.~-]+", value.get_secret_value(), re.ASCII):
        raise ValueError("may hold only letters, digits and - . _ ~, since it is part of an address")
    return value


def _header_secret(value: SecretStr) -> SecretStr:
    if not re.fullmatch(r"[\w-]{1,256}", value.get_secret_value(), re.ASCII):
        raise ValueError("may hold 1 to 256 letters, digits, - and _ (Bot API, setWebhook)")
    return value


def _hook_url(value: str) -> str:
    parts = urlsplit(value)
    # As it is given: whoever made the address may mean its last slash.
    _http_url(value.partition("?")[0])
    if parts.fragment:
        raise ValueError("must be a plain address, without #")
    return value


def _relay_url(value: str) -> str:
    if "?" in value:
        raise ValueError("must be an address without ?, since what stands behind that is the gateway's")
    return _hook_url(value)


def _secrets(value: SecretStr) -> SecretStr:
    for secret in value.get_secret_value().split():
        try:
            encoded = secret.removeprefix("whsec_").rstrip("=")
            key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
        except ValueError:
            raise ValueError("must be base64, with or without whsec_ before it; several are parted by spaces") from None
        if not SHORTEST_KEY <= len(key) <= LONGEST_KEY:
            raise ValueError(f"must be the base64 of {SHORTEST_KEY} to {LONGEST_KEY} random bytes")
    return value


TELEGRAM = "https://api.telegram.org"
HttpUrl = Annotated[str, AfterValidator(_http_url)]


class Settings(BaseModel):
    """All that can be set, under the names of the environment. Each is explained in `.env.example`."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    BOT_TOKEN: Annotated[SecretStr, AfterValidator(_bot_token)]
    TELEGRAM_API_URL: HttpUrl = TELEGRAM
    UPDATES: Literal["polling", "webhook"] = "polling"
    PUBLIC_URL: Annotated[str, AfterValidator(_public_url)] | None = None
    TELEGRAM_WEBHOOK_SECRET: Annotated[SecretStr, AfterValidator(_header_secret)] | None = None
    HTTP_HOST: str = "127.0.0.1"
    HTTP_PORT: Annotated[int, Field(ge=0, le=65535)] = 8080
    SMSC_URL: Annotated[tuple[HttpUrl, ...], BeforeValidator(_split), Field(min_length=1)] = ("https://smsc.ru",)
    SMSC_API_KEY: SecretStr | None = None
    SMSC_LOGIN: str | None = None
    SMSC_PASSWORD: SecretStr | None = None
    SMSC_CALLBACK_TOKEN: Annotated[SecretStr, Field(min_length=16), AfterValidator(_path_token)]
    SMSC_CALLBACK_SECRET: SecretStr | None = None
    SMSC_POLL_SECONDS: Annotated[float, Field(ge=0, le=3600)] = 20
    SMSC_RELAY_URL: Annotated[str, AfterValidator(_relay_url)] | None = None
    SMSC_LOW_BALANCE: Annotated[float, Field(ge=0)] = 50
    SMSC_PRICE: Annotated[Decimal, Field(gt=0, lt=1_000_000, allow_inf_nan=False)] | None = None
    DATABASE_URL: Annotated[SecretStr, AfterValidator(_database_url)] = SecretStr("sqlite:///data/callgate.db")
    SECRET_KEY: Annotated[SecretStr, Field(min_length=32)]
    OPERATORS: Annotated[tuple[Annotated[int, Field(gt=0, lt=2**52)], ...], BeforeValidator(_split)] = ()
    EVENTS_URL: Annotated[str, AfterValidator(_hook_url)] | None = None
    EVENTS_SECRET: Annotated[SecretStr, AfterValidator(_secrets)] | None = None
    EVENTS_ALLOW_PRIVATE: bool = False
    CALL_WINDOW: Annotated[int, Field(ge=1, le=86400)] = 900
    TELEGRAM_RATE: Annotated[float, Field(ge=0, le=10_000)] = 30
    KEEP_JOURNAL_DAYS: Annotated[int, Field(ge=1, le=36_500)] = 365
    KEEP_EVENTS_DAYS: Annotated[int, Field(ge=2, le=36_500)] = 90
    BACKUP_DIR: Path | None = None
    BACKUP_EVERY_HOURS: Annotated[float, Field(ge=0, le=8760)] = 24
    BACKUP_KEEP_DAYS: Annotated[float, Field(gt=0, le=3650)] = 7
    SCREENS: Literal["plain", "rich"] = "plain"
    LANGUAGE: Literal["ru", "en"] = "ru"
    LOG_FORMAT: Literal["console", "json"] = "console"

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if problems := _contradictions(self.model_dump(exclude_none=True)):
            raise ValueError("; ".join(problems))
        return self

    @property
    def call_window(self) -> timedelta:
        """How long a call number stays valid."""
        return timedelta(seconds=self.CALL_WINDOW)

    @property
    def keep(self) -> Keep:
        """For how long what happened is kept."""
        return Keep(timedelta(days=self.KEEP_JOURNAL_DAYS), timedelta(days=self.KEEP_EVENTS_DAYS))

    @property
    def app_url(self) -> str | None:
        """Where the Mini App is; None when there is none. Telegram opens https addresses only; another Bot API server
        may be less strict."""
        if self.PUBLIC_URL is None or (self.TELEGRAM_API_URL == TELEGRAM and not self.PUBLIC_URL.startswith("https:")):
            return None
        return f"{self.PUBLIC_URL}/app"

    @property
    def events_secrets(self) -> list[str]:
        """All by which events are signed."""
        return self.EVENTS_SECRET.get_secret_value().split() if self.EVENTS_SECRET is not None else []

    @property
    def callback_url(self) -> str | None:
        """The address to be entered at the gateway; None when nothing from outside reaches this machine."""
        if self.PUBLIC_URL is None:
            return None
        return f"{self.PUBLIC_URL}{self.callback_path}?charset=utf-8" + ("&md5" if self.SMSC_CALLBACK_SECRET else "")

    @property
    def callback_path(self) -> str:
        """Where the gateway reports calls."""
        return f"/smsc/{self.SMSC_CALLBACK_TOKEN.get_secret_value()}"


def load(environment: Mapping[str, str] | None = None, env_file: Path | None = Path(".env")) -> Settings:
    """Read the settings; the environment goes before the file, and an empty value counts as not set.

    Raises ConfigurationError with every problem found.
    """
    try:
        from_file = dotenv_values(env_file, interpolate=False) if env_file else {}
    except (UnicodeDecodeError, OSError) as error:
        raise ConfigurationError([f"{env_file}: cannot be read ({type(error).__name__}); save it as UTF-8"]) from None
    given = _set_ones(from_file) | _set_ones(os.environ if environment is None else environment)
    try:
        return Settings.model_validate({name: given[name] for name in Settings.model_fields if name in given})
    except ValidationError as error:
        raise ConfigurationError(sorted({*_problems(error), *_contradictions(given)})) from None


def _set_ones(values: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value.strip() for name, value in values.items() if value is not None and value.strip()}


def _contradictions(given: Mapping[str, object]) -> list[str]:
    """What is wrong between variables, each of which may be right by itself."""
    problems = []
    if given.get("UPDATES") == "webhook" and "PUBLIC_URL" not in given:
        problems.append("PUBLIC_URL: missing; it is needed with UPDATES=webhook")
    if given.get("UPDATES") == "webhook" and not _webhook_port_is_fine(given):
        problems.append(
            "PUBLIC_URL: with UPDATES=webhook its port has to be 443, 80, 88 or 8443; Telegram uses no other"
        )
    if "EVENTS_URL" in given and "EVENTS_SECRET" not in given:
        problems.append("EVENTS_SECRET: missing; it is needed with EVENTS_URL")
    pair = [name for name in ("SMSC_LOGIN", "SMSC_PASSWORD") if name in given]
    if "SMSC_API_KEY" in given and pair:
        problems.append("SMSC_API_KEY: set either this or SMSC_LOGIN with SMSC_PASSWORD, not both")
    elif "SMSC_API_KEY" not in given and not pair:
        problems.append("SMSC_API_KEY: missing; set it, or SMSC_LOGIN and SMSC_PASSWORD")
    elif pair == ["SMSC_LOGIN"]:
        problems.append("SMSC_PASSWORD: missing, while SMSC_LOGIN is set")
    elif pair == ["SMSC_PASSWORD"]:
        problems.append("SMSC_LOGIN: missing, while SMSC_PASSWORD is set")
    return problems


def _webhook_port_is_fine(given: Mapping[str, object]) -> bool:
    """Also where the address is wrong altogether, or Telegram is not Telegram's own: that is none of this."""
    try:
        parts = urlsplit(str(given.get("PUBLIC_URL", "")))
        port = parts.port
    except ValueError:
        return True
    telegram = str(given.get("TELEGRAM_API_URL", TELEGRAM)).rstrip("/")
    return port is None or port in WEBHOOK_PORTS or parts.hostname in LOCAL_HOSTS or telegram != TELEGRAM


def _problems(error: ValidationError) -> list[str]:
    problems = []
    for problem in error.errors(include_url=False, include_input=False):
        name = str(problem["loc"][0]) if problem["loc"] else ""
        match problem["type"]:
            case "missing":
                text = "missing; it has to be set"
            case "string_too_short" | "too_short":
                text = f"too short; at least {problem['ctx']['min_length']} characters are needed"
            case "value_error":
                text = str(problem["ctx"]["error"])
            case _:
                text = problem["msg"][0].lower() + problem["msg"][1:]
        if name:
            problems.append(f"{name}: {text}")
    return problems
