"""DATABASE_URL: which database it names, and how to connect to it."""

from __future__ import annotations

import getpass
import re
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlencode

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from bot.domain.monitoring import is_host

CONNECT_SECONDS = 10.0
COMMAND_SECONDS = 30.0
LOOKS_LIKE = "must look like sqlite:///data/callgate.db or postgresql://user:password@host/db"
TLS_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
TLS_VERSIONS = ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
SERVERS = ("any", "primary", "standby", "read-write", "read-only", "prefer-standby")
SOCKETS = ("/run/postgresql", "/var/run/postgresql", "/tmp")  # noqa: S108 - where PostgreSQL listens
POSTGRESQL_PORT = 5432
LAST_PORT = 65535
SYSTEM = "system"
CERTIFICATES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
"""Where systems keep the certificate authorities that they trust, in one file."""


@dataclass(frozen=True, slots=True)
class DatabaseAddress:
    """A database. `connect_args` are for `create_async_engine`; empty for SQLite."""

    url: URL
    connect_args: dict[str, Any]

    @property
    def is_sqlite(self) -> bool:
        """Whether it is an SQLite file."""
        return self.url.get_backend_name() == "sqlite"


def parse(address: str) -> DatabaseAddress:
    """Read DATABASE_URL. Raises ValueError with what is wrong, without quoting any part of a login.

    Nothing missing is taken from elsewhere: neither from libpq's variables nor from its password file.
    """
    scheme, colon, rest = address.partition("://")
    if not colon:
        _refuse(LOOKS_LIKE)
    # The drivers, whichever ones the address names.
    backend = scheme.partition("+")[0].lower()
    if backend == "sqlite":
        return _sqlite(f"sqlite+aiosqlite://{rest}")
    if backend in ("postgresql", "postgres"):
        return _postgresql(rest)
    raise ValueError("must begin with sqlite:/// or postgresql://")


def _sqlite(address: str) -> DatabaseAddress:
    url = _made(address)
    if url.host:
        _refuse("must have three slashes before a relative path, as in sqlite:///data/callgate.db, four before another")
    if url.database in (None, "", ":memory:"):
        _refuse("must name a file, as in sqlite:///data/callgate.db")
    if "\0" in str(url.database):
        _refuse("must name a file that can be made; take the %00 out")
    if "?" in address:
        _refuse(f"{_shown(next(iter(url.query), ''))}: an SQLite file takes no settings after the ?; take it out")
    return DatabaseAddress(url, {})


def _postgresql(rest: str) -> DatabaseAddress:
    # SQLAlchemy cannot read several hosts written as libpq writes them.
    several = re.match(r"((?:[^:/@]*(?::[^@]*)?@)?)([^/?@]*,[^/?@]*)", rest)
    if several is not None:
        rest = f"{several[1]}several{rest[several.end() :]}"
    url = _made(f"postgresql+asyncpg://{rest}")
    if not all("=" in word for word in rest.rpartition("@")[2].partition("?")[2].split("&") if word):
        _refuse("must hold word=value after the ?, parted by &")
    given: dict[str, Any] = _hosts(several[2]) if several is not None else {}
    tls = {"sslmode": "prefer", "ssl_min_protocol_version": "TLSv1.2"}
    for word, values in url.query.items():
        value = values if isinstance(values, str) else values[-1]
        try:
            if word in TLS_WORDS:
                name, check = TLS_WORDS[word]
                tls[name] = check(value)
            elif word in WORDS:
                for name, read in WORDS[word](value).items():
                    given[name] = {**given.get(name, {}), **read} if isinstance(read, dict) else read
            else:
                _refuse("it is not known to Callgate; take it out")
        except ValueError as error:
            raise ValueError(f"{_shown(word)}: {error}") from None
    _check_authorities(url, tls)
    url = url.set(
        username=given.pop("user", url.username),
        password=given.pop("password", url.password),
        database=given.pop("database", url.database or None),
        # SQLAlchemy knows these.
        query={word: value for word, value in url.query.items() if word in ("host", "port")},
    )
    _check_server(url)
    if not url.database:
        _refuse("must name a database, as in postgresql://user:password@host/db")
    if not url.host and "host" not in given:
        given["host"] = [*SOCKETS, "localhost"]
    return DatabaseAddress(url, _connect_args(url, given, tls))


def _check_authorities(url: URL, tls: dict[str, str]) -> None:
    """As in libpq: a certificate from a public authority does not prove that this is the intended server."""
    if url.query.get("sslrootcert") != SYSTEM:
        return
    if tls["sslmode"] != "verify-full" and {"sslmode", "ssl"} & url.query.keys():
        _refuse("sslrootcert: system goes with sslmode=verify-full only")
    tls["sslmode"] = "verify-full"


def _check_server(url: URL) -> None:
    if url.host:
        _host(url.host)
    if url.port is not None and not 1 <= url.port <= LAST_PORT:
        _refuse(f"must name a port from 1 to {LAST_PORT}")


def _connect_args(url: URL, given: Mapping[str, Any], tls: Mapping[str, str]) -> dict[str, Any]:
    return {
        # asyncpg would look for whatever is None in the environment and in libpq's files.
        "user": url.username or getpass.getuser(),
        "password": url.password or "",
        "port": url.port or POSTGRESQL_PORT,
        "timeout": CONNECT_SECONDS,
        "command_timeout": COMMAND_SECONDS,
        "target_session_attrs": "any",
        "direct_tls": False,
        **given,
        # asyncpg understands these in an address only.
        "dsn": f"postgresql://?{urlencode(tls)}",
    }


def _made(address: str) -> URL:
    try:
        return make_url(address)
    except (ArgumentError, ValueError):
        # For a port that is not a number, SQLAlchemy raises a ValueError which quotes it; it may be part of the
        # password.
        raise ValueError(LOOKS_LIKE) from None


def _refuse(text: str) -> NoReturn:
    raise ValueError(text)


def _shown(word: str) -> str:
    """A word of the address; if it is not one, the ? may be part of the password."""
    return word if re.fullmatch(r"\w{1,40}", word, re.ASCII) else "what stands after the ?"


def _hosts(written: str) -> dict[str, Any]:
    hosts, ports = [], []
    for part in written.split(","):
        found = re.fullmatch(r"(?:\[([^\[\]]+)\]|([^:\[\]]+))(?::(\d{1,5}))?", f"[{part}]" if _is_ipv6(part) else part)
        if found is None:
            raise ValueError("must be a host, or several parted by commas")
        hosts.append(_host(found[1] or found[2]))
        ports.append(_port(found[3]) if found[3] else None)
    if not any(ports):
        return {"host": hosts}
    return {"host": hosts, "port": [port or POSTGRESQL_PORT for port in ports]}


def _host(written: str) -> str:
    """A folder with a socket, or a machine."""
    if not written.startswith(("/", "@")) and not is_host(written.partition("%")[0]):
        raise ValueError("must name a host that can be looked up")
    return written


def _is_ipv6(written: str) -> bool:
    return written.count(":") > 1 and not written.startswith("[")


def _ports(written: str) -> dict[str, Any]:
    ports = [_port(part) for part in written.split(",")]
    return {"port": ports if len(ports) > 1 else ports[0]}


def _port(written: str) -> int:
    return _whole(written, 1, LAST_PORT)


def _whole(written: str, least: int, most: int) -> int:
    if not re.fullmatch(r"\d{1,9}", written, re.ASCII) or not least <= int(written) <= most:
        raise ValueError(f"must be a whole number, {least} to {most}")
    return int(written)


def _one_of(*allowed: str) -> Callable[[str], str]:
    def check(value: str) -> str:
        if value not in allowed:
            raise ValueError(f"must be {' or '.join(allowed)}")
        return value

    return check


def _file(value: str) -> str:
    if not Path(value).is_file():
        raise ValueError("there is no such file")
    return value


def _authorities(value: str) -> str:
    """A file of certificates. `system` means the machine's own (libpq 16), which asyncpg does not know."""
    if value != SYSTEM:
        return _file(value)
    files = [file for file in (ssl.get_default_verify_paths().cafile, *CERTIFICATES) if file and Path(file).is_file()]
    if not files:
        raise ValueError("this machine has no file of trusted certificates; install ca-certificates or name a file")
    return files[0]


def _mode(value: str) -> str:
    return "require" if value == "true" else _one_of(*TLS_MODES)(value)


def _timeout(value: str) -> dict[str, Any]:
    # libpq waits for ever at 0, and never less than 2 seconds.
    return {"timeout": max(_whole(value, 0, 3600), 2) if value != "0" else None}


def _setting(name: str) -> Callable[[str], dict[str, Any]]:
    return lambda value: {"server_settings": {name: value}}


def _argument(name: str, check: Callable[[str], Any] = str) -> Callable[[str], dict[str, Any]]:
    return lambda value: {name: check(value)}


def _only(*allowed: str) -> Callable[[str], dict[str, Any]]:
    """What asyncpg cannot change: the values at which its behaviour stays the same."""

    def check(value: str) -> dict[str, Any]:
        if value not in allowed:
            raise ValueError(f"only {' or '.join(allowed)} can be kept; take it out")
        return {}

    return check


# Both tables: https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS
TLS_WORDS: dict[str, tuple[str, Callable[[str], str]]] = {
    "sslmode": ("sslmode", _mode),
    "ssl": ("sslmode", _mode),
    "sslrootcert": ("sslrootcert", _authorities),
    "sslcert": ("sslcert", _file),
    "sslkey": ("sslkey", _file),
    "sslcrl": ("sslcrl", _file),
    "sslpassword": ("sslpassword", str),
    "ssl_min_protocol_version": ("ssl_min_protocol_version", _one_of(*TLS_VERSIONS)),
    "ssl_max_protocol_version": ("ssl_max_protocol_version", _one_of(*TLS_VERSIONS)),
}
WORDS: dict[str, Callable[[str], dict[str, Any]]] = {
    "host": _hosts,
    "port": _ports,
    "dbname": _argument("database"),
    "user": _argument("user"),
    "password": _argument("password"),
    "connect_timeout": _timeout,
    "target_session_attrs": _argument("target_session_attrs", _one_of(*SERVERS)),
    "sslnegotiation": lambda value: {"direct_tls": _one_of("postgres", "direct")(value) == "direct"},
    "krbsrvname": _argument("krbsrvname"),
    "gsslib": _argument("gsslib", _one_of("gssapi", "sspi")),
    "application_name": _setting("application_name"),
    "options": _setting("options"),
    "client_encoding": _only("utf8", "UTF8", "auto"),
    "channel_binding": _only("prefer", "disable"),
    "gssencmode": _only("prefer", "disable"),
    "sslcompression": _only("0"),
    "sslsni": _only("1"),
    "load_balance_hosts": _only("disable"),
    # asyncpg's own; a PgBouncer in front of the server may need it.
    "statement_cache_size": _argument("statement_cache_size", lambda value: _whole(value, 0, 10_000)),
    "prepared_statement_cache_size": _argument("prepared_statement_cache_size", lambda value: _whole(value, 0, 10_000)),
}
