"""Configuration problems: one line each, naming the variable."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.env_file import UNREADABLE_LINE
from bot.setting_types import is_unguessable
from bot.settings import ConfigurationError, Settings, load, strays, twice
from tests.process import PATIENCE, run_command

ROOT = Path(__file__).parent.parent
GOOD = {
    "BOT_TOKEN": "42:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw",
    "SMSC_API_KEY": "hidden-key",
    "SMSC_CALLBACK_TOKEN": "hidden-callback-token",
    "SECRET_KEY": "a hidden key of at least 32 characters",
}
MISSING_CREDENTIALS = "SMSC_API_KEY: missing; set it, or SMSC_LOGIN and SMSC_PASSWORD"


def problems(**changes: str) -> list[str]:
    """The problems of a good configuration with these changes."""
    with pytest.raises(ConfigurationError) as told:
        load({**GOOD, **changes}, None)
    assert str(told.value) == "\n".join(told.value.problems)
    assert "hidden" not in str(told.value)
    return told.value.problems


NUMBERS = (
    "HTTP_PORT",
    "SMSC_POLL_SECONDS",
    "SMSC_LOW_BALANCE",
    "SMSC_PRICE",
    "CALL_WINDOW",
    "TELEGRAM_RATE",
    "KEEP_JOURNAL_DAYS",
    "KEEP_EVENTS_DAYS",
    "BACKUP_EVERY_HOURS",
    "BACKUP_KEEP_DAYS",
)


def good(**changes: str) -> Settings:
    return load({**GOOD, **changes}, None)


def test_an_empty_environment_lacks_exactly_what_is_required() -> None:
    with pytest.raises(ConfigurationError) as told:
        load({}, None)

    assert told.value.problems == [
        "BOT_TOKEN: missing; it has to be set",
        "SECRET_KEY: missing; it has to be set",
        MISSING_CREDENTIALS,
        "SMSC_CALLBACK_TOKEN: missing; it has to be set",
    ]


@pytest.mark.parametrize("name", ["BOT_TOKEN", "SECRET_KEY", "SMSC_CALLBACK_TOKEN"])
@pytest.mark.parametrize("value", ["", "   ", "\t\n"])
def test_an_empty_value_counts_as_none(name: str, value: str) -> None:
    assert problems(**{name: value}) == [f"{name}: missing; it has to be set"]


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("BOT_TOKEN", "no token", ""),
        ("BOT_TOKEN", "42:", ""),
        ("TELEGRAM_API_URL", "api.telegram.org", "must be an address"),
        ("TELEGRAM_API_URL", "ftp://api.telegram.org", "must be an address"),
        ("TELEGRAM_API_URL", "https://", "must be an address"),
        ("TELEGRAM_API_URL", "https://host:99999", "must be an address"),
        ("TELEGRAM_API_URL", "https://user:hidden@host", "plain address"),
        ("TELEGRAM_API_URL", "https://host/?a=1", "plain address"),
        ("TELEGRAM_API_URL", "https://[host", ""),
        ("UPDATES", "carrier pigeon", ""),
        ("PUBLIC_URL", "http://example.org", "must begin with https://"),
        ("PUBLIC_URL", "example.org", "must be an address"),
        ("TELEGRAM_WEBHOOK_SECRET", "hidden words", "1 to 256"),
        ("TELEGRAM_WEBHOOK_SECRET", "s" * 257, "1 to 256"),
        ("TELEGRAM_WEBHOOK_SECRET", "s", "too short; at least 12 characters"),
        ("TELEGRAM_WEBHOOK_SECRET", "abababababab", "too easily guessed"),
        ("SMSC_CALLBACK_TOKEN", "s" * 40, "too easily guessed"),
        ("SMSC_CALLBACK_TOKEN", "1234567890123456", "too easily guessed"),
        ("SECRET_KEY", "a" * 32, "too easily guessed"),
        ("SECRET_KEY", "changeme" * 5, "too easily guessed"),
        ("SECRET_KEY", "abcdefghijklmnopqrstuvwxyz0123456789", "too easily guessed"),
        ("SECRET_KEY", "aaaaaaaabbbbbbbbccccccccddddddddeeeeeeee", "too easily guessed"),
        ("PUBLIC_URL", "https://exa mple.org", "must be an address"),
        ("PUBLIC_URL", "https://бот..рф", "must be an address"),
        ("PUBLIC_URL", "https://exa_mple..org", "must be an address"),
        ("PUBLIC_URL", "https://-example.org", "must be an address"),
        ("PUBLIC_URL", f"https://{'a' * 64}.org", "must be an address"),
        ("PUBLIC_URL", "https://example.org/ga te", "must be an address without spaces"),
        ("PUBLIC_URL", "https://example.org/ворота", "must be an address without spaces"),
        ("PUBLIC_URL", "https://[::1", "must be an address"),
        ("PUBLIC_URL", "https://example.org:0", "must be an address"),
        ("SMSC_URL", "https://sm sc.ru", "must be an address"),
        ("EVENTS_URL", "https://hooks..example", "must be an address"),
        ("SMSC_RELAY_URL", "https://ho oks.example", "must be an address"),
        ("HTTP_HOST", "my host", "must be an address"),
        ("HTTP_HOST", "[::1", "must be an address"),
        ("HTTP_HOST", "http://127.0.0.1", "must be an address"),
        ("TRUSTED_PROXIES", "my proxy", "must be networks"),
        ("TRUSTED_PROXIES", "10.0.0.0/33", "must be networks"),
        ("OPERATORS", "111 222", "must be Telegram user ids, comma separated"),
        ("OPERATORS", "@anna", "must be Telegram user ids, comma separated"),
        ("OPERATORS", "1;2", "must be Telegram user ids, comma separated"),
        ("OPERATORS", "1.5", "must be Telegram user ids, comma separated"),
        ("HTTP_PORT", "eighty", ""),
        ("HTTP_PORT", "-1", ""),
        ("HTTP_PORT", "65536", ""),
        ("SMSC_URL", "smsc.ru", "must be an address"),
        ("SMSC_URL", "https://smsc.ru,smsc.kz", "must be an address"),
        ("SMSC_URL", ",", "must be addresses, comma separated"),
        ("HOME_COUNTRIES", " , ,", "must be ISO codes of countries, comma separated"),
        ("OPERATORS", ",", "must be Telegram user ids, comma separated"),
        ("TRUSTED_PROXIES", ",,", "must be networks or addresses, comma separated"),
        ("HTTP_HOST", "300.1.1.1", "must be an address or a name of this machine"),
        ("HTTP_HOST", "1.2.3", "must be an address or a name of this machine"),
        ("HTTP_PORT", "80 # the usual one", "must be a whole number"),
        ("SMSC_PRICE", "1,5", "must be a number, with a point"),
        ("SMSC_API_KEY", "key # of the gateway", "must stand alone"),
        ("SMSC_API_KEY", '"key"', "stands in quotes"),
        ("HTTP_PORT", "'80'", "stands in quotes"),
        ("BACKUP_DIR", "copies # here", "must be a folder"),
        ("EVENTS_ALLOW_PRIVATE", "perhaps", "must be 1 or 0"),
        *(
            (name, value, "must be")
            for name in NUMBERS
            for value in ("inf", "nan", "-inf", "1e400", "9" * 30, "-1", "five")
        ),
        ("SMSC_CALLBACK_TOKEN", "s" * 15, "too short; at least 16 characters"),
        ("SMSC_CALLBACK_TOKEN", "hidden/with/slashes", "letters, digits"),
        ("SMSC_CALLBACK_TOKEN", "секретсекретсекрет", "letters, digits"),
        ("SMSC_POLL_SECONDS", "-1", ""),
        ("SMSC_POLL_SECONDS", "3601", ""),
        ("SMSC_POLL_SECONDS", "often", ""),
        ("DATABASE_URL", "callgate.db", "must look like"),
        ("DATABASE_URL", "mysql://somebody:hidden@host/db", "must begin with"),
        ("DATABASE_URL", "postgresql://somebody:word@host:hidden/db", "must look like"),
        ("DATABASE_URL", "nothing", "must look like"),
        ("DATABASE_URL", "nosuch://somebody:hidden@host/db", ""),
        ("DATABASE_URL", "sqlite://", "must name a file"),
        ("DATABASE_URL", "sqlite:///:memory:", "must name a file"),
        ("DATABASE_URL", "postgresql://somebody:hidden@host", "must name a database"),
        ("SECRET_KEY", "hidden" * 5, "too short; at least 32 characters"),
        ("OPERATORS", "anna", ""),
        ("OPERATORS", "1,0", ""),
        ("OPERATORS", "-5", ""),
        ("CALL_WINDOW", "0", ""),
        ("CALL_WINDOW", "86401", ""),
        ("CALL_WINDOW", "15 minutes", ""),
        ("TELEGRAM_RATE", "-1", ""),
        ("TELEGRAM_RATE", "10001", ""),
        ("KEEP_JOURNAL_DAYS", "0", ""),
        ("KEEP_EVENTS_DAYS", "1", ""),
        ("BACKUP_EVERY_HOURS", "-1", ""),
        ("BACKUP_EVERY_HOURS", "daily", ""),
        ("BACKUP_KEEP_DAYS", "0", ""),
        ("LANGUAGE", "english", "must be 'ru' or 'en'"),
        ("LOG_FORMAT", "xml", ""),
    ],
)
def test_a_value_that_cannot_be_used_is_one_line_that_names_its_variable(name: str, value: str, says: str) -> None:
    (problem,) = problems(**{name: value, **({"EVENTS_SECRET": "a" * 32} if name == "EVENTS_URL" else {})})

    assert problem.startswith(f"{name}: {says}" if not says.startswith(("1 to", "letters", "plain")) else f"{name}: ")
    assert says in problem
    assert "\n" not in problem
    assert problem != f"{name}: "


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"SMSC_API_KEY": ""}, MISSING_CREDENTIALS),
        ({"SMSC_API_KEY": "", "SMSC_LOGIN": "me"}, "SMSC_PASSWORD: missing, while SMSC_LOGIN is set"),
        ({"SMSC_API_KEY": "", "SMSC_PASSWORD": "hidden"}, "SMSC_LOGIN: missing, while SMSC_PASSWORD is set"),
        (
            {"SMSC_LOGIN": "me", "SMSC_PASSWORD": "hidden"},
            "SMSC_API_KEY: set either this or SMSC_LOGIN with SMSC_PASSWORD, not both",
        ),
        ({"SMSC_LOGIN": "me"}, "SMSC_API_KEY: set either this or SMSC_LOGIN with SMSC_PASSWORD, not both"),
        ({"UPDATES": "webhook"}, "PUBLIC_URL: missing; it is needed with UPDATES=webhook"),
        (
            {"UPDATES": "webhook", "PUBLIC_URL": "https://call.example:8080"},
            "PUBLIC_URL: with UPDATES=webhook its port has to be 443, 80, 88 or 8443; Telegram uses no other",
        ),
    ],
)
def test_variables_that_contradict_each_other_are_named(changes: dict[str, str], problem: str) -> None:
    assert problems(**changes) == [problem]


def test_every_problem_is_told_at_once_contradictions_too() -> None:
    told = problems(BOT_TOKEN="", SMSC_API_KEY="", UPDATES="webhook", CALL_WINDOW="never")

    assert [line.split(":")[0] for line in told] == ["BOT_TOKEN", "CALL_WINDOW", "PUBLIC_URL", "SMSC_API_KEY"]


def test_what_is_not_set_has_the_defaults_of_the_contract() -> None:
    config = good()

    assert (config.TELEGRAM_API_URL, config.UPDATES, config.PUBLIC_URL) == (
        "https://api.telegram.org",
        "polling",
        None,
    )
    assert (config.HTTP_HOST, config.HTTP_PORT) == ("127.0.0.1", 8080)
    assert (config.SMSC_URL, config.SMSC_POLL_SECONDS) == (("https://smsc.ru",), 20)
    assert config.DATABASE_URL.get_secret_value() == "sqlite:///data/callgate.db"
    assert (config.OPERATORS, config.call_window.total_seconds(), config.TELEGRAM_RATE) == ((), 900, 30)
    assert (config.LANGUAGE, config.LOG_FORMAT) == ("ru", "console")
    assert config.TELEGRAM_WEBHOOK_SECRET is config.SMSC_CALLBACK_SECRET is None


def test_values_are_read_as_they_are_meant() -> None:
    config = good(
        OPERATORS=" 7, 8 ,,",
        SMSC_URL="https://smsc.ru/, https://www2.smsc.ru",
        PUBLIC_URL="http://localhost:8080/",
        HTTP_PORT=" 0 ",
        TELEGRAM_RATE="0",
        SMSC_POLL_SECONDS="0",
    )

    assert config.OPERATORS == (7, 8)
    assert config.SMSC_URL == ("https://smsc.ru", "https://www2.smsc.ru")
    assert (config.PUBLIC_URL, config.HTTP_PORT, config.TELEGRAM_RATE) == ("http://localhost:8080", 0, 0)


def test_login_and_password_serve_instead_of_a_key() -> None:
    config = good(SMSC_API_KEY="", SMSC_LOGIN="me", SMSC_PASSWORD="hidden")

    assert (config.SMSC_API_KEY, config.SMSC_LOGIN) == (None, "me")


@given(st.dictionaries(st.sampled_from(sorted(Settings.model_fields)), st.text(max_size=40)))
def test_whatever_is_set_is_accepted_or_told_line_by_line(changes: dict[str, str]) -> None:
    told: list[str] = []
    try:
        load({**GOOD, **changes}, None)
    except ConfigurationError as error:
        told = error.problems
    for line in told:
        assert line.split(":")[0] in Settings.model_fields, line
        assert "\n" not in line


def test_no_secret_is_seen_in_a_log_line() -> None:
    config = good(
        SMSC_API_KEY="",
        SMSC_LOGIN="me",
        SMSC_PASSWORD="hidden",
        SMSC_CALLBACK_SECRET="hidden word",
        TELEGRAM_WEBHOOK_SECRET="hidden-header",
        DATABASE_URL="postgresql://somebody:hidden@host/db",
    )

    for shown in (repr(config), str(config), f"{config}"):
        assert "hidden" not in shown
        assert "AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw" not in shown


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        good().HTTP_PORT = 1  # type: ignore[misc] # what mypy knows, a running program must know too


def test_the_file_is_read_and_the_environment_goes_before_it(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text("".join(f'{name}="{value}"\n' for name, value in GOOD.items()) + "HTTP_PORT=1\nLANGUAGE=en\n")

    assert load({}, env_file).HTTP_PORT == 1
    config = load({"HTTP_PORT": "2"}, env_file)
    assert (config.HTTP_PORT, config.LANGUAGE) == (2, "en")


@pytest.mark.parametrize(
    ("name", "written", "meant"),
    [
        ("HTTP_HOST", "[::]", "::"),
        ("HTTP_HOST", "::", "::"),
        ("HTTP_HOST", "0.0.0.0", "0.0.0.0"),
        ("HTTP_HOST", "my-host", "my-host"),
        ("PUBLIC_URL", "https://бот.рф/gate/", "https://xn--90a0am.xn--p1ai/gate"),
        ("PUBLIC_URL", "https://EXAMPLE.org:8443", "https://example.org:8443"),
        ("PUBLIC_URL", "https://[2001:db8::1]:443/x", "https://[2001:db8::1]:443/x"),
        ("LANGUAGE", "en_US:en", "en"),
        ("LANGUAGE", "de_DE.UTF-8:ru:en", "ru"),
        ("LANGUAGE", "RU", "ru"),
    ],
)
def test_a_value_is_taken_in_its_usual_writings(name: str, written: str, meant: str) -> None:
    assert getattr(good(**{name: written}), name) == meant


@pytest.mark.parametrize("language", ["de", "de_DE.UTF-8", "de:fr", "C", "C.UTF-8", "POSIX", "pt_BR:pt", "tlh"])
def test_a_language_for_all_programs_of_the_machine_that_is_none_of_ours_changes_nothing(
    tmp_path: Path, language: str
) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text("LANGUAGE=en\n")

    assert good(LANGUAGE=language).LANGUAGE == "ru"
    assert load(GOOD | {"LANGUAGE": language}, env_file).LANGUAGE == "en"
    assert load(GOOD | {"LANGUAGE": "ru_RU:ru"}, env_file).LANGUAGE == "en"
    assert load(GOOD | {"LANGUAGE": "ru"}, env_file).LANGUAGE == "ru"


def test_a_language_that_the_file_names_must_be_one_of_ours(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text("LANGUAGE=de\n")

    with pytest.raises(ConfigurationError, match=r"^LANGUAGE: must be 'ru' or 'en'$"):
        load(GOOD, env_file)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_file_of_any_editor_is_read(tmp_path: Path, end: str, encoding: str) -> None:
    env_file = tmp_path / ".env"
    env_file.write_bytes(end.join(f"{name}={value}" for name, value in GOOD.items()).encode(encoding))

    assert load({}, env_file) == good()


def test_marks_around_a_value_that_nobody_sees_are_no_part_of_it() -> None:
    assert good(SMSC_API_KEY="\ufeffkey\u00a0\r\n") == good(SMSC_API_KEY="key")


def test_a_key_with_quotes_stays_the_same_key() -> None:
    quoted = f'"{GOOD["SECRET_KEY"]}"'

    assert good(SECRET_KEY=quoted).SECRET_KEY.get_secret_value() == quoted


def test_an_address_of_ipv6_is_written_in_brackets() -> None:
    assert good(HTTP_HOST="::", HTTP_PORT="80").listens_at == "[::]:80"
    assert good(HTTP_PORT="80").listens_at == "127.0.0.1:80"


def test_networks_of_proxies_are_read_with_and_without_their_length() -> None:
    config = good(TRUSTED_PROXIES="203.0.113.7, 198.51.100.9/24,2001:db8::/32")

    assert [str(network) for network in config.TRUSTED_PROXIES] == [
        "203.0.113.7/32",
        "198.51.100.0/24",
        "2001:db8::/32",
    ]


@given(st.binary(min_size=24, max_size=64))
def test_what_is_made_at_random_is_unguessable(random: bytes) -> None:
    if len(set(random)) > len(random) / 2:
        assert is_unguessable(base64.urlsafe_b64encode(random).decode())


def test_a_secret_that_others_chose_is_only_called_weak() -> None:
    assert good(SMSC_CALLBACK_SECRET="word", EVENTS_SECRET="a" * 32).weak_secrets == [
        "SMSC_CALLBACK_SECRET",
        "EVENTS_SECRET",
    ]
    long_ones = good(
        SMSC_CALLBACK_SECRET="Xk3-o9Qe_21zP", EVENTS_SECRET="b7Yw" + "Kd81mVq0Zs3TnL5xHc9RpJ2fGa6u" + "eN4o"
    )
    assert good().weak_secrets == long_ones.weak_secrets == []


def test_a_variable_that_stands_twice_in_the_file_keeps_the_value_that_is_not_empty(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    lines = [f"{name}='{value}'" for name, value in GOOD.items()]
    env_file.write_text("\n".join([*lines, "OPERATORS=7", "HTTP_PORT=1", "OPERATORS=", "HTTP_PORT=2"]))

    config = load({}, env_file)

    assert (config.OPERATORS, config.HTTP_PORT) == ((7,), 2)
    assert twice(env_file) == ["HTTP_PORT", "OPERATORS"]


@pytest.mark.parametrize(
    ("lines", "where"),
    [
        (['SMSC_CALLBACK_SECRET="word', "{good}"], "SMSC_CALLBACK_SECRET: line 1 of {file}"),
        (["{good}", "", "OPERATORS='7", "HTTP_PORT=1"], "OPERATORS: line 6 of {file}"),
        (["{good}", "export EVENTS_URL: https://call.example"], "EVENTS_URL: line 5 of {file}"),
        (['LANGUAGE="en', "{good}", 'SCREENS="'], "LANGUAGE: line 1 of {file}"),
        (['MY_OWN="x', "{good}", 'y"'], "{file}: line 1"),
        (["set HTTP_PORT=1", "{good}"], "{file}: line 1"),
        (["{good}", "<<<<<<< hidden"], "{file}: line 5"),
        (["OPERATORS=1,\\", "hidden", "{good}"], "{file}: line 2"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_line_that_cannot_be_read_is_not_passed_over(tmp_path: Path, lines: list[str], where: str, end: str) -> None:
    env_file = tmp_path / ".env"
    text = "\n".join(lines).format(good="\n".join(f"{name}={value}" for name, value in GOOD.items()))
    env_file.write_bytes(text.replace("\n", end).encode())

    with pytest.raises(ConfigurationError) as told:
        load({}, env_file)

    assert told.value.problems[0] == f"{where.format(file=env_file)} {UNREADABLE_LINE}"
    assert "hidden" not in str(told.value)


def test_what_others_keep_in_the_file_is_left_to_them(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    others = ["# don't", "export MY_OWN='two", "lines' # of theirs", "OTHER=", "", "BOT_TOKEN", "\tEND = 1"]
    env_file.write_text("\n".join([*others, *(f"{name}={value}" for name, value in GOOD.items())]))

    assert load({}, env_file) == good()


def test_a_mark_that_nobody_sees_before_a_name_is_no_part_of_it(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text("\n\ufeff".join(f"\u200b{name}={value}" for name, value in GOOD.items()), "utf-8")

    assert load({}, env_file) == good()
    assert strays({}, env_file) == []


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1251"])
def test_a_file_in_another_encoding_is_refused_as_one(tmp_path: Path, encoding: str) -> None:
    env_file = tmp_path / ".env"
    env_file.write_bytes("\n".join(["# привет", *(f"{name}={value}" for name, value in GOOD.items())]).encode(encoding))

    with pytest.raises(ConfigurationError, match="save it as UTF-8"):
        load({}, env_file)


def test_what_has_no_effect_is_found_with_what_was_meant(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text("SMSC_POOL_SECONDS=5\nMY_OWN=1\nCOMPOSE_PROFILES=postgres\nBOT_TOKEN=42:x\n")

    found = strays({"OPERATOR": "42", "databaseurl": "x", "HTTP_PROXY": "x", "HOME": "/", "OPERATORS": "1"}, env_file)

    assert {(stray.name, stray.meant, stray.line) for stray in found} == {
        ("OPERATOR", "OPERATORS", None),
        ("databaseurl", "DATABASE_URL", None),
        ("SMSC_POOL_SECONDS", "SMSC_POLL_SECONDS", 1),
        ("MY_OWN", None, 2),
    }
    assert "MY_OWN" not in str(found)


def run_bot(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command itself in an empty environment, without a fork; `tests.process.run_command` is much quicker."""
    return subprocess.run(
        [sys.executable, "-m", "bot", *arguments],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environment},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def test_the_command_ends_with_status_2_and_one_line_a_problem(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"BOT_TOKEN={GOOD['BOT_TOKEN']}\n")

    ended = run_bot(tmp_path, "run", SECRET_KEY="short")

    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.splitlines() == [
        "SECRET_KEY: too short; at least 32 characters are needed",
        MISSING_CREDENTIALS,
        "SMSC_CALLBACK_TOKEN: missing; it has to be set",
    ]


def test_a_variable_that_is_written_otherwise_is_named_when_one_is_missing(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("bot_token=42:hidden-token-of-somebody\n\nSecret-Key=hidden\n")
    others = {name: value for name, value in GOOD.items() if name not in ("BOT_TOKEN", "SECRET_KEY")}

    ended = run_command(tmp_path, "run", **others)

    assert ended.returncode == 2
    assert ended.stderr.decode().splitlines() == [
        "BOT_TOKEN: missing; it has to be set",
        "SECRET_KEY: missing; it has to be set",
        "SECRET_KEY: Secret-Key, set in line 3 of .env, has no effect; rename it to SECRET_KEY",
        "BOT_TOKEN: bot_token, set in line 1 of .env, has no effect; rename it to BOT_TOKEN",
    ]


def test_a_command_that_works_names_a_variable_that_is_written_otherwise_in_one_line(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("operators=4242\nqHiddenTail=\n")

    ended = run_command(tmp_path, "migrate", **GOOD)

    assert ended.returncode == 0
    (line,) = ended.stderr.decode().splitlines()
    assert "OPERATORS: operators, set in line 1 of .env, has no effect; rename it to OPERATORS" in line


def test_an_unknown_command_ends_with_status_2_and_names_the_known_ones(tmp_path: Path) -> None:
    ended = run_command(tmp_path, "dance")

    assert ended.returncode == 2
    assert b"dance" in ended.stderr
    assert b"doctor" in ended.stderr
    assert b"Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("public", "telegram", "app"),
    [
        ("https://gate.example/bot", "https://api.telegram.org", "https://gate.example/bot/app"),
        ("http://localhost:8080", "https://api.telegram.org", None),
        ("http://localhost:8080", "http://localhost:8081", "http://localhost:8080/app"),
        (None, "http://localhost:8081", None),
    ],
)
def test_there_is_a_mini_app_where_telegram_would_open_it(public: str | None, telegram: str, app: str | None) -> None:
    config = good(TELEGRAM_API_URL=telegram, **({"PUBLIC_URL": public} if public else {}))

    assert config.app_url == app


@pytest.mark.parametrize("name", ["PUBLIC_URL", "SMSC_URL", "EVENTS_URL", "TELEGRAM_API_URL"])
@pytest.mark.parametrize("host", ["999.1.1.1", "1.2.3", "gate.0x7f", "xn--a.org", "💩.la", "a..b", f"{'a' * 64}.org"])
def test_a_host_that_no_library_would_look_up_is_refused_by_the_name_of_its_variable(name: str, host: str) -> None:
    found = problems(**{name: f"https://{host}", "EVENTS_SECRET": f"whsec_{'a' * 32}"})

    assert [problem for problem in found if problem.startswith(f"{name}: ")]


def test_a_name_in_another_alphabet_travels_in_ascii() -> None:
    assert good(PUBLIC_URL="https://пример.рф").PUBLIC_URL == "https://xn--e1afmkfd.xn--p1ai"


def test_where_events_go_needs_what_they_are_signed_with() -> None:
    assert problems(EVENTS_URL="https://hooks.example/in") == ["EVENTS_SECRET: missing; it is needed with EVENTS_URL"]


@pytest.mark.parametrize(
    ("secret", "says"),
    [
        ("whsec_hidden!", "must be base64"),
        ("whsec_" + "a" * 8, "must be the base64 of 24 to 64 random bytes"),
        ("a" * 100, "must be the base64 of 24 to 64 random bytes"),
        (f"whsec_{'a' * 32} hidden", "must be the base64 of 24 to 64 random bytes"),
    ],
)
def test_a_secret_that_is_no_secret_is_refused_by_the_name_of_its_variable(secret: str, says: str) -> None:
    (problem,) = problems(EVENTS_URL="https://hooks.example/in", EVENTS_SECRET=secret)

    assert problem.startswith(f"EVENTS_SECRET: {says}")
    assert secret not in problem


def test_several_secrets_are_told_apart_with_and_without_their_prefix() -> None:
    one, other, unpadded = "whsec_" + "a" * 32, "b" * 36, "c" * 42

    assert good(EVENTS_SECRET=f"{one}  {other} {unpadded}").events_secrets == [one, other, unpadded]
    assert good().events_secrets == []


@pytest.mark.parametrize(
    "url", ["hooks.example", "ftp://hooks.example", "https://user:hidden@hooks.example", "https://hooks.example/#part"]
)
@pytest.mark.parametrize("name", ["EVENTS_URL", "SMSC_RELAY_URL"])
def test_an_address_of_an_own_system_that_is_none_is_refused(name: str, url: str) -> None:
    (problem,) = problems(**{name: url, "EVENTS_SECRET": "a" * 32})

    assert problem.startswith(f"{name}: must be")


def test_an_address_of_an_own_system_is_kept_as_it_is_given() -> None:
    config = good(EVENTS_URL="https://hooks.example/in/?key=1", EVENTS_SECRET="a" * 32, SMSC_RELAY_URL="http://a.b/c/")

    assert (config.EVENTS_URL, config.SMSC_RELAY_URL) == ("https://hooks.example/in/?key=1", "http://a.b/c/")


def test_where_reports_are_passed_on_to_has_no_query_since_theirs_goes_there() -> None:
    (problem,) = problems(SMSC_RELAY_URL="https://other.example/?a=1")

    assert problem.startswith("SMSC_RELAY_URL: must be an address without ?")


@pytest.mark.parametrize(
    "variables",
    [
        *({"PUBLIC_URL": f"https://call.example:{port}"} for port in (443, 80, 88, 8443)),
        {"PUBLIC_URL": "http://127.0.0.1:8080"},
        {"PUBLIC_URL": "http://localhost:8080/gate"},
        {"PUBLIC_URL": "https://call.example:8080", "TELEGRAM_API_URL": "http://127.0.0.1:8081"},
        {"PUBLIC_URL": "https://call.example:8080", "UPDATES": "polling"},
    ],
)
def test_a_port_that_telegram_brings_no_updates_to_matters_only_to_its_own_webhook(variables: dict[str, str]) -> None:
    assert variables["PUBLIC_URL"] == good(**{"UPDATES": "webhook"} | variables).PUBLIC_URL
