"""The settings: a frozen value, and its loader from the environment and `.env`."""

from __future__ import annotations

import base64
import os
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from difflib import get_close_matches
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError, model_validator

from bot.domain.monitoring import is_host
from bot.env_file import AROUND, line_number, lines, pairs, unreadable_lines
from bot.features.privacy.jobs import RetentionPolicy
from bot.gateway.smsc.settings import SmscSettings
from bot.gateway.smsc.settings import contradictions as smsc_contradictions
from bot.gateway.smsru.settings import SmsRuSettings
from bot.gateway.smsru.settings import contradictions as smsru_contradictions
from bot.numbering import COUNTRIES, HOME
from bot.proxies import Proxy
from bot.setting_types import HttpUrl, ProxyUrl, hook_url, http_url, is_unguessable, split, unguessable
from storage.engine import address

SHORTEST_KEY, LONGEST_KEY = 24, 64
"""Bytes (Standard Webhooks, "Signature scheme")."""
IDS = "must be Telegram user ids, comma separated, such as 123456789,987654321"
CODES = "must be ISO codes of countries, comma separated, such as RU,KZ,BY"
NETWORKS = "must be networks or addresses, comma separated, such as 203.0.113.7,2001:db8::/32"
SHORTEST_WEBHOOK_SECRET = 12
LANGUAGES = ("ru", "en")
NEAR = 0.8
"""How similar a name has to be to one of ours to count as a typo (difflib's ratio)."""
COMPOSE = ("COMPOSE_PROFILES", "POSTGRES_PASSWORD")
"""Variables that docker-compose.yml reads from the same file."""
LOCAL_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
WEBHOOK_PORTS = frozenset({443, 80, 88, 8443})
"""The ports to which Telegram posts updates (Bot API, setWebhook, notes); a private Bot API server uses any."""


SAYS = {
    **dict.fromkeys(("int_parsing", "int_from_float", "int_parsing_size"), "must be a whole number, such as 100"),
    **dict.fromkeys(
        ("float_parsing", "decimal_parsing", "finite_number"),
        "must be a number, with a point where it is not whole, such as 1.5",
    ),
    "bool_parsing": "must be 1 or 0",
}
"""Our messages in place of pydantic's, by the type of the error."""


class ConfigurationError(Exception):
    """The configuration cannot be used. `problems` holds one line for each, naming the variable."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def _operators(value: object) -> object:
    if not isinstance(value, str):
        return value
    if not all(re.fullmatch(r"[1-9]\d{0,15}", part, re.ASCII) for part in split(value, IDS)):
        raise ValueError(IDS)
    return split(value, IDS)


def _folder(value: object) -> object:
    if isinstance(value, str) and re.search(r"\s#", value):
        raise ValueError("must be a folder, without a comment behind it")
    return value


def _language(value: object) -> object:
    """Also in the form of systems with a variable of the same name: `en_US:en` (GNU gettext manual, 2.3.3)."""
    if not isinstance(value, str):
        return value
    bases = [re.split(r"[_.@-]", part)[0].lower() for part in value.split(":")]
    return next((base for base in bases if base in LANGUAGES), value)


def _countries(value: object) -> object:
    if not isinstance(value, str):
        return value
    codes = [part.upper() for part in split(value, CODES)]
    if not COUNTRIES.issuperset(codes):
        raise ValueError(CODES)
    return codes


def _networks(value: object) -> object:
    if not isinstance(value, str):
        return value
    parts = split(value, NETWORKS)
    try:
        return [ip_network(part, strict=False) for part in parts]
    except ValueError:
        raise ValueError(NETWORKS) from None


def _host(value: str) -> str:
    """A host to listen on. IPv6 may have brackets."""
    bare = value[1:-1] if value.startswith("[") and value.endswith("]") else value
    if not is_host(bare):
        raise ValueError("must be an address or a name of this machine, such as 127.0.0.1, 0.0.0.0 or ::")
    return bare


def _public_url(value: str) -> str:
    value = http_url(value)
    parts = urlsplit(value)
    if parts.scheme != "https" and parts.hostname not in LOCAL_HOSTS:
        raise ValueError("must begin with https:// (plain http is accepted for 127.0.0.1 and localhost only)")
    return value


def _database_url(value: SecretStr) -> SecretStr:
    address.parse(value.get_secret_value())
    return value


def _bot_token(value: SecretStr) -> SecretStr:
    if not re.fullmatch(r"\d+:[\w-]+", value.get_secret_value(), re.ASCII):
        raise ValueError("must look like 123456:ABC-DEF…, as BotFather gives it")
    return value


def _header_secret(value: SecretStr) -> SecretStr:
    if not re.fullmatch(r"[\w-]{1,256}", value.get_secret_value(), re.ASCII):
        raise ValueError("may hold 1 to 256 letters, digits, - and _ (Bot API, setWebhook)")
    return value


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


def _gateway(value: str) -> str:
    name = value.lower()
    if name not in CONTRADICTIONS:
        raise ValueError(f"must be {' or '.join(CONTRADICTIONS)}; one of them")
    return name


TELEGRAM = "https://api.telegram.org"
SMSC = "smsc"
CONTRADICTIONS = {SMSC: smsc_contradictions, "smsru": smsru_contradictions}
"""By the name of the gateway: what is wrong with its variables together. Those of other gateways have no effect."""


class Settings(SmscSettings, SmsRuSettings):
    """All settings, under the names of the environment. `.env.example` explains each."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True, allow_inf_nan=False)

    BOT_TOKEN: Annotated[SecretStr, AfterValidator(_bot_token)]
    TELEGRAM_API_URL: HttpUrl = TELEGRAM
    TELEGRAM_PROXY: ProxyUrl | None = None
    GATEWAYS: Annotated[str, AfterValidator(_gateway)] = SMSC
    UPDATES: Literal["polling", "webhook"] = "polling"
    PUBLIC_URL: Annotated[str, AfterValidator(_public_url)] | None = None
    TELEGRAM_WEBHOOK_SECRET: (
        Annotated[
            SecretStr,
            Field(min_length=SHORTEST_WEBHOOK_SECRET),
            AfterValidator(_header_secret),
            AfterValidator(unguessable),
        ]
        | None
    ) = None
    HTTP_HOST: Annotated[str, AfterValidator(_host)] = "127.0.0.1"
    HTTP_PORT: Annotated[int, Field(ge=0, le=65535)] = 8080
    DATABASE_URL: Annotated[SecretStr, AfterValidator(_database_url)] = SecretStr("sqlite:///data/callgate.db")
    SECRET_KEY: Annotated[SecretStr, Field(min_length=32), AfterValidator(unguessable)]
    OPERATORS: Annotated[tuple[Annotated[int, Field(gt=0, lt=2**52)], ...], BeforeValidator(_operators)] = ()
    TRUSTED_PROXIES: Annotated[tuple[IPv4Network | IPv6Network, ...], BeforeValidator(_networks)] = ()
    EVENTS_URL: Annotated[str, AfterValidator(hook_url)] | None = None
    EVENTS_SECRET: Annotated[SecretStr, AfterValidator(_secrets)] | None = None
    EVENTS_ALLOW_PRIVATE: bool = False
    HOME_COUNTRIES: Annotated[tuple[str, ...], BeforeValidator(_countries)] = HOME
    TELEGRAM_RATE: Annotated[float, Field(ge=0, le=10_000)] = 30
    KEEP_JOURNAL_DAYS: Annotated[int, Field(ge=1, le=36_500)] = 365
    KEEP_EVENTS_DAYS: Annotated[int, Field(ge=2, le=36_500)] = 90
    BACKUP_DIR: Annotated[Path, BeforeValidator(_folder)] | None = None
    BACKUP_EVERY_HOURS: Annotated[float, Field(ge=0, le=8760)] = 24
    BACKUP_KEEP_DAYS: Annotated[float, Field(gt=0, le=3650)] = 7
    SCREENS: Literal["plain", "rich"] = "plain"
    LANGUAGE: Annotated[Literal["ru", "en"], BeforeValidator(_language)] = "ru"
    LOG_FORMAT: Literal["console", "json"] = "console"

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if problems := _contradictions(self.model_dump(exclude_none=True)):
            raise ValueError("; ".join(problems))
        return self

    @property
    def telegram_proxy(self) -> Proxy | None:
        """The proxy for Telegram."""
        return Proxy.parse(self.TELEGRAM_PROXY.get_secret_value()) if self.TELEGRAM_PROXY is not None else None

    @property
    def keep(self) -> RetentionPolicy:
        """How long stored events are kept."""
        return RetentionPolicy(timedelta(days=self.KEEP_JOURNAL_DAYS), timedelta(days=self.KEEP_EVENTS_DAYS))

    @property
    def app_url(self) -> str | None:
        """The address of the Mini App; None without one. Telegram opens https addresses only; another Bot API server
        may be less strict."""
        if self.PUBLIC_URL is None or (self.TELEGRAM_API_URL == TELEGRAM and not self.PUBLIC_URL.startswith("https:")):
            return None
        return f"{self.PUBLIC_URL}/app"

    @property
    def listens_at(self) -> str:
        """The address of the HTTP server, as it is written."""
        return f"[{self.HTTP_HOST}]:{self.HTTP_PORT}" if ":" in self.HTTP_HOST else f"{self.HTTP_HOST}:{self.HTTP_PORT}"

    @property
    def weak_secrets(self) -> list[str]:
        """Easily guessed secrets that cannot be rejected, since other systems use them too."""
        return super().weak_secrets + ([] if all(map(is_unguessable, self.events_secrets)) else ["EVENTS_SECRET"])

    @property
    def public_path(self) -> str:
        """The path of PUBLIC_URL, which the proxy removes: empty, or as /gate."""
        return urlsplit(self.PUBLIC_URL or "").path

    @property
    def events_secrets(self) -> list[str]:
        """All secrets that sign events."""
        return self.EVENTS_SECRET.get_secret_value().split() if self.EVENTS_SECRET is not None else []


@dataclass(frozen=True, slots=True)
class Stray:
    """A variable without effect. `meant`: our variable with a similar name; without one the name must not be shown,
    since it may be the end of a secret that went on in the next line. `line`: in the file; None in the environment."""

    name: str = field(repr=False)
    meant: str | None
    line: int | None

    @property
    def place(self) -> str:
        """Where it is set."""
        return "the environment" if self.line is None else f"line {self.line} of .env"


def strays(environment: Mapping[str, str] | None = None, env_file: Path | None = Path(".env")) -> list[Stray]:
    """Variables with unknown names: every one in the file, and those in the environment that resemble a known name."""
    set_at: dict[str, int | None] = {}
    for line in lines(env_file):
        if line.key is not None:
            set_at.setdefault(re.sub(AROUND, "", line.key), line_number(line))
    set_at |= {name: None for name in (os.environ if environment is None else environment) if name not in set_at}
    ours, found = Settings.model_fields, []
    for name in sorted(set_at.keys() - {*ours, *COMPOSE}):
        near = get_close_matches(name.upper(), ours, n=1, cutoff=NEAR)
        is_proxy = re.fullmatch(r"(ALL|HTTPS?|NO|FTP)_PROXY", name.upper()) is not None
        meant = near[0] if near and not is_proxy else None
        if meant or set_at[name] is not None:
            found.append(Stray(name, meant, set_at[name]))
    return found


def misnamed(environment: Mapping[str, str] | None = None, env_file: Path | None = Path(".env")) -> list[str]:
    """One sentence for each misspelt variable of ours."""
    return [
        f"{stray.meant}: {stray.name}, set in {stray.place}, has no effect; rename it to {stray.meant}"
        for stray in strays(environment, env_file)
        if stray.meant is not None
    ]


def twice(env_file: Path | None = Path(".env")) -> list[str]:
    """Variables of ours that the file sets more than once."""
    times = Counter(name for name, _ in pairs(env_file))
    return sorted(name for name in times.keys() & {*Settings.model_fields, *COMPOSE} if times[name] > 1)


def load(environment: Mapping[str, str] | None = None, env_file: Path | None = Path(".env")) -> Settings:
    """Read the settings; the environment overrides the file, and an empty value counts as not set.

    Raises ConfigurationError with every problem found, first those of unreadable lines.
    """
    try:
        unreadable = unreadable_lines(env_file, (*Settings.model_fields, *COMPOSE))
        from_file: dict[str, str] = {}
        for name, value in pairs(env_file):
            # An empty variable does not remove an earlier one.
            from_file |= _set_ones({name: value})
    except (UnicodeError, OSError) as error:
        raise ConfigurationError([f"{env_file}: cannot be read ({type(error).__name__}); save it as UTF-8"]) from None
    if unreadable:
        raise ConfigurationError(unreadable)
    outside = _set_ones(os.environ if environment is None else environment)
    if "LANGUAGE" in outside and _is_of_the_system(outside["LANGUAGE"], is_in_file="LANGUAGE" in from_file):
        del outside["LANGUAGE"]
    # A SECRET_KEY that was stored with its quotes must not become another one.
    may_be_quoted = Settings.model_fields.keys() & outside.keys() - {"SECRET_KEY"}
    quoted = sorted(name for name in may_be_quoted if re.fullmatch(r"([\"']).*\1", outside[name], re.DOTALL))
    if quoted:
        raise ConfigurationError(
            [f"{name}: stands in quotes in the environment; write it without them" for name in quoted]
        )
    given = from_file | outside
    try:
        return Settings.model_validate({name: given[name] for name in Settings.model_fields if name in given})
    except ValidationError as error:
        problems = sorted({*_problems(error), *_contradictions(given)})
        raise ConfigurationError([*problems, *misnamed(environment, env_file)]) from None


def _is_of_the_system(language: str, *, is_in_file: bool) -> bool:
    """Whether it is the system's variable of the same name, with which people choose the languages of all programs (GNU
    gettext manual, 2.3.3), and has no meaning here: none of its languages is ours, or the file sets one."""
    is_ours = language.lower() in LANGUAGES
    a_language = r"(C|POSIX|[A-Za-z]{2,3})([_.@-][\w.@-]*)?"
    is_list = all(re.fullmatch(a_language, part, re.ASCII) for part in language.split(":") if part)
    return is_list and not is_ours and (is_in_file or _language(language) not in LANGUAGES)


def _set_ones(values: Mapping[str, str | None]) -> dict[str, str]:
    """Those that are not empty, without surrounding invisible characters."""
    stripped = {
        # Those characters were part of this key, and it must not become another one.
        name: value.strip() if name == "SECRET_KEY" else re.sub(AROUND, "", value)
        for name, value in values.items()
        if value is not None
    }
    return {name: value for name, value in stripped.items() if value}


def _contradictions(given: Mapping[str, object]) -> list[str]:
    """Problems between variables, each of which may be right alone."""
    problems = []
    if given.get("UPDATES") == "webhook" and "PUBLIC_URL" not in given:
        problems.append("PUBLIC_URL: missing; it is needed with UPDATES=webhook")
    if given.get("UPDATES") == "webhook" and not _webhook_port_is_fine(given):
        problems.append(
            "PUBLIC_URL: with UPDATES=webhook its port has to be 443, 80, 88 or 8443; Telegram uses no other"
        )
    if "EVENTS_URL" in given and "EVENTS_SECRET" not in given:
        problems.append("EVENTS_SECRET: missing; it is needed with EVENTS_URL")
    return problems + _of_gateway(given)


def _of_gateway(given: Mapping[str, object]) -> list[str]:
    """Problems between the variables of the gateway that is chosen."""
    if "GATEWAYS" not in given and "SMSRU_API_ID" in given and not {"SMSC_API_KEY", "SMSC_LOGIN"} & given.keys():
        return ["GATEWAYS: missing; SMSRU_API_ID has an effect only with GATEWAYS=smsru"]
    contradictions = CONTRADICTIONS.get(str(given.get("GATEWAYS", SMSC)).lower())
    return contradictions(given) if contradictions is not None else []


def _webhook_port_is_fine(given: Mapping[str, object]) -> bool:
    """Also where the address is entirely wrong, or a private Bot API server is used: neither is a problem here."""
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
                said = problem["msg"].replace("Input should be", "must be", 1)
                text = SAYS.get(problem["type"], said[0].lower() + said[1:])
        if name:
            problems.append(f"{name}: {text}")
    return problems
