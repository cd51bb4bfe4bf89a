"""DATABASE_URL: where the database is and how to connect to it, in libpq's terms."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from urllib.parse import quote

import pytest
from sqlalchemy import text

from bot.clock import REAL_TIME
from storage.engine.address import parse
from storage.engine.checks import DatabaseError
from storage.engine.database import Database
from tests.process import run_command
from tests.test_settings import GOOD, problems

SERVER = "postgresql://u:p@127.0.0.1/db"


@pytest.mark.parametrize(
    ("query", "name", "value"),
    [
        ("application_name=gate%201", "server_settings", {"application_name": "gate 1"}),
        (
            "options=-c%20search_path%3Dx&application_name=gate",
            "server_settings",
            {"application_name": "gate", "options": "-c search_path=x"},
        ),
        ("connect_timeout=30", "timeout", 30),
        ("connect_timeout=1", "timeout", 2),
        ("connect_timeout=0", "timeout", None),
        ("target_session_attrs=read-write", "target_session_attrs", "read-write"),
        ("sslnegotiation=direct&sslmode=require", "direct_tls", True),
        ("host=/run/somewhere&port=5433", "host", ["/run/somewhere"]),
        ("port=5433&host=/run/somewhere", "port", 5433),
        ("host=one:1,two", "port", [1, 5432]),
        ("host=::1", "host", ["::1"]),
        ("user=somebody", "user", "somebody"),
        ("password=word", "password", "word"),
        ("statement_cache_size=0", "statement_cache_size", 0),
        ("prepared_statement_cache_size=0", "prepared_statement_cache_size", 0),
    ],
)
def test_a_word_of_libpq_is_what_asyncpg_calls_so(query: str, name: str, value: object) -> None:
    assert parse(f"{SERVER}?{query}").connect_args[name] == value


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("", ["sslmode=prefer", "ssl_min_protocol_version=TLSv1.2"]),
        ("?sslmode=disable", ["sslmode=disable"]),
        ("?ssl=true", ["sslmode=require"]),
        ("?ssl=verify-ca&sslrootcert={file}", ["sslmode=verify-ca", "sslrootcert={file}"]),
        ("?sslmode=require&channel_binding=prefer&gssencmode=disable&client_encoding=utf8", ["sslmode=require"]),
    ],
)
def test_how_it_is_encrypted_is_said_in_full(query: str, words: list[str], tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.touch()

    dsn = parse(SERVER + query.format(file=file)).connect_args["dsn"]

    for word in words:
        assert word.format(file=quote(str(file), safe="")) in dsn


@pytest.mark.parametrize("mode", ["", "&sslmode=verify-full"])
def test_the_authorities_of_the_machine_are_trusted_where_the_server_is_checked(
    mode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "authorities.pem"
    file.touch()
    monkeypatch.setattr("storage.engine.address.CERTIFICATES", (str(tmp_path / "nowhere"), str(file)))
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setattr("ssl.get_default_verify_paths", lambda: SimpleNamespace(cafile=None))

    dsn = parse(f"{SERVER}?sslrootcert=system{mode}").connect_args["dsn"]

    assert f"sslrootcert={quote(str(file), safe='')}" in dsn
    assert "sslmode=verify-full" in dsn
    file.unlink()
    with pytest.raises(ValueError, match=r"^sslrootcert: this machine has no file of trusted certificates"):
        parse(f"{SERVER}?sslrootcert=system{mode}")


def test_several_servers_are_read_as_libpq_reads_them() -> None:
    found = parse("postgresql://u:a,b%40@one:1,[::1]:2,three/db?target_session_attrs=primary").connect_args

    assert (found["host"], found["port"]) == (["one", "::1", "three"], [1, 2, 5432])
    assert (found["user"], found["password"]) == ("u", "a,b@")


def test_nothing_that_is_missing_is_left_for_others_to_find() -> None:
    found = parse("postgresql:///db").connect_args

    assert "localhost" in found["host"]
    assert {"user", "password", "port", "target_session_attrs", "direct_tls"} <= found.keys()
    assert found["password"] == ""
    assert None not in found.values()


@pytest.mark.parametrize(
    ("url", "says"),
    [
        (f"{SERVER}?sslmode=sometimes", "sslmode: must be disable or allow"),
        (f"{SERVER}?sslrootcert=system&sslmode=require", "sslrootcert: system goes with sslmode=verify-full only"),
        (f"{SERVER}?sslrootcert=/nowhere/ca.pem", "sslrootcert: there is no such file"),
        (f"{SERVER}?sslcert=/nowhere", "sslcert: there is no such file"),
        (f"{SERVER}?ssl_min_protocol_version=SSLv3", "ssl_min_protocol_version: must be"),
        (f"{SERVER}?sslnegotiation=maybe", "sslnegotiation: must be"),
        (f"{SERVER}?connect_timeout=soon", "connect_timeout: must be a whole number"),
        (f"{SERVER}?connect_timeout=-1", "connect_timeout: must be a whole number"),
        (f"{SERVER}?target_session_attrs=best", "target_session_attrs: must be"),
        (f"{SERVER}?port=0", "port: must be a whole number"),
        (f"{SERVER}?channel_binding=require", "channel_binding: only prefer or disable can be kept"),
        (f"{SERVER}?gssencmode=require", "gssencmode: only"),
        (f"{SERVER}?client_encoding=latin1", "client_encoding: only"),
        (f"{SERVER}?keepalives=1", "keepalives: it is not known to Callgate"),
        (f"{SERVER}?passfile=/x", "passfile: it is not known to Callgate"),
        (f"{SERVER}?service=x", "service: it is not known to Callgate"),
        (f"{SERVER}?nonsense=1", "nonsense: it is not known to Callgate"),
        (f"{SERVER}?sslmode", "must hold word=value"),
        ("postgresql://u:p@one:1,two:many/db", "must be a host"),
        ("postgresql://u:p@one:1,,two/db", "must be a host"),
        ("postgresql://u:p@one:1,two:99999/db", "must be a whole number"),
        ("postgres://u:p@host", "must name a database"),
        ("postgresql://u:p@127.0.0.1:70000/db", "must name a port from 1 to 65535"),
        ("postgresql://u:p@a..b/db", "must name a host"),
        (f"postgresql://u:p@{'a' * 64}.org/db", "must name a host"),
        ("postgresql://u:p@999.1.1.1/db", "must name a host"),
        ("postgresql://u:p@/db?host=a..b", "host: must name a host"),
        ("sqlite://host/a.db", "must have three slashes"),
        ("sqlite:////srv/callgate.db?mode=ro", "mode: an SQLite file takes no settings"),
        ("sqlite:///callgate.db?cache=shared&uri=true", "cache: an SQLite file takes no settings"),
        ("sqlite:///callgate.db?", "what stands after the ?: an SQLite file takes no settings"),
    ],
)
def test_what_cannot_be_kept_is_refused_by_the_name_of_the_variable_and_the_word(url: str, says: str) -> None:
    (problem,) = problems(DATABASE_URL=url)

    assert problem.startswith(f"DATABASE_URL: {says}")


@pytest.mark.parametrize("url", ["postgresql://u@host/db?hid-den=1", "postgresql://u:p?hidden!x=1@host"])
def test_a_password_that_is_cut_by_its_question_mark_is_not_quoted(url: str) -> None:
    with pytest.raises(ValueError, match=r"^(?!.*hid)"):
        parse(url)


@pytest.mark.parametrize("command", ["migrate", "doctor", "stats", "run"])
def test_the_commands_end_with_status_2(tmp_path: Path, command: str) -> None:
    ended = run_command(tmp_path, command, **GOOD, DATABASE_URL=f"{SERVER}?passfile=/x")

    assert (ended.returncode, ended.stdout) == (2, b"")
    assert ended.stderr.startswith(b"DATABASE_URL: passfile: ")
    assert len(ended.stderr.splitlines()) == 1


async def test_a_real_server_is_told_the_words(postgres_url: str) -> None:
    url = postgres_url.replace("postgresql://", "postgres://") + (
        "&application_name=gate&sslmode=prefer&connect_timeout=5&target_session_attrs=read-write"
        "&options=-c%20statement_timeout%3D1234&statement_cache_size=10"
    )
    database = Database(url, REAL_TIME.now)
    await database.open()
    async with database.begin() as connection:
        name = (await connection.execute(text("SHOW application_name"))).scalar_one()
        timeout = (await connection.execute(text("SHOW statement_timeout"))).scalar_one()
    await database.close()

    assert (name, timeout) == ("gate", "1234ms")


@pytest.mark.parametrize("words", ["sslmode=require", "sslmode=verify-full", "dbname=no_such_database"])
async def test_a_server_that_cannot_keep_them_is_one_line(postgres_url: str, words: str) -> None:
    # The server of the tests has no TLS; over TCP it would need it.
    database = Database(
        "postgresql://u:hidden@127.0.0.1:1/db?sslmode=require" if "ssl" in words else postgres_url + words,
        REAL_TIME.now,
    )

    with pytest.raises(DatabaseError, match=r"^DATABASE_URL: the database does not open: ") as told:
        await database.open()

    assert "hidden" not in str(told.value)
    assert "\n" not in str(told.value)
