"""The documents agree with the program: everything they name exists, and they name everything that they should."""

from __future__ import annotations

import importlib
import os
import re
from pathlib import Path

import pytest

from bot import settings
from bot.gateway.smsc.errors import NUMBER_REASONS
from bot.metrics import Metrics
from bot.settings import ConfigurationError, Settings
from bot.telegram.commands import OPERATOR_COMMANDS
from storage.sql.tables import metadata
from tests.browser.demo import CHROMIUM
from tests.papers import README, ROOT, VARIABLES, bot_commands, chat_commands, documents, make_targets, routes

DOCUMENTS = documents()
DOCS = ROOT / "docs"
DECISIONS = sorted((DOCS / "adr").glob("*.md"))
EXAMPLE = ROOT / ".env.example"
REQUIRED = {
    "BOT_TOKEN": "1:a",
    "SMSC_API_KEY": "key",
    "SMSC_CALLBACK_TOKEN": "a-callback-token",
    "SECRET_KEY": "a-key-of-at-least-32-characters-or-more",
}

BOTFATHERS = {"/newbot", "/setjoingroups"}
FOLDERS = {"/data"}
CAPITALS = {
    "CHAT_CREATOR_REQUIRED",
    "HIDE_REQUESTER_MISSING",
    "NOT_THE_PERSONS",
    "USER_ALREADY_PARTICIPANT",
    "USER_CHANNELS_TOO_MUCH",
}
"""Telegram's errors, and a name of the code: no variables."""
NOBODYS = {"incidents", "gateway_state", "leadership", "sums", "cursors"}
"""Tables without data about any person."""


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def spans(path: Path) -> list[str]:
    """Everything in code format: spans within a line, and the lines of blocks."""
    parts = re.split(r"^```\w*$", text_of(path), flags=re.MULTILINE)
    inline = [span for part in parts[::2] for span in re.findall(r"`([^`\n]+)`", part)]
    return inline + [line for part in parts[1::2] for line in part.splitlines() if line]


def anchors(path: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", text_of(path), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def each_document(paths: list[Path]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("path", [pytest.param(path, id=str(path.relative_to(ROOT))) for path in paths])


@each_document(DOCUMENTS)
def test_every_link_and_picture_leads_somewhere(path: Path) -> None:
    text = text_of(path)
    targets = [*re.findall(r"\]\(([^)\s]+)\)", text), *re.findall(r'(?:src|srcset)="([^"]+)"', text)]
    for target in targets:
        if target.startswith("https://"):
            continue
        name, _, anchor = target.partition("#")
        file = (path.parent / name) if name else path
        assert file.exists(), target
        assert not anchor or anchor in anchors(file), target


@each_document(DOCUMENTS)
def test_every_command_named_exists(path: Path) -> None:
    for span in spans(path):
        for command in re.findall(r"(?:-m bot|--rm callgate) ([a-z]+)", span):
            assert command in bot_commands(), span
        for target in re.findall(r"^make ([a-z]+)", span):
            assert target in make_targets(), span


@each_document(DOCUMENTS)
def test_every_address_named_is_served_or_is_a_command_of_the_chat(path: Path) -> None:
    known = routes() | chat_commands() | BOTFATHERS | FOLDERS
    named = [span for span in spans(path) if re.fullmatch(r"/[a-z{][\w{}/]*", span)]

    assert set(named) <= known


@each_document(DOCUMENTS)
def test_every_variable_named_exists(path: Path) -> None:
    named = {
        name for span in spans(path) for name in re.findall(r"(?<![\w./-])[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+(?![\w*])", span)
    }

    assert named - CAPITALS <= VARIABLES


@each_document(DOCUMENTS)
def test_every_file_and_module_named_exists(path: Path) -> None:
    for span in spans(path):
        if re.fullmatch(r"(bot|handlers|storage|tests|docs)/[\w/.-]*", span):
            assert (ROOT / span).exists(), span
        elif re.fullmatch(r"(bot|handlers|storage)(\.[A-Za-z_]+)+", span):
            importlib.import_module(span)


def test_the_operators_page_tells_every_command_address_and_metric() -> None:
    told = text_of(DOCS / "operations.md")
    metrics = set(re.findall(r"^# TYPE (\w+) ", Metrics().text().decode(), re.MULTILINE))

    assert set(re.findall(r"`python -m bot ([a-z]+)", told)) == bot_commands()
    assert {route for route in routes() if f"`{route}`" not in told} == set()
    assert set(re.findall(r"callgate_[a-z_]+[a-z]", told)) == {
        name for name in metrics if not name.endswith("_created")
    }


def test_the_operators_page_lists_every_command_for_operators() -> None:
    table = text_of(DOCS / "operations.md").partition("## Commands for operators")[2].partition("\n## ")[0]

    assert re.findall(r"^\| `/(\w+)` ", table, re.MULTILINE) == [command.name for command in OPERATOR_COMMANDS]


def test_every_log_event_worth_an_alert_is_one_that_is_logged() -> None:
    table = text_of(DOCS / "operations.md").partition("## Logs")[2].partition("\n## ")[0]
    code = "\n".join(text_of(file) for folder in ("bot", "handlers") for file in (ROOT / folder).rglob("*.py"))
    events = {name for row in re.findall(r"^\| (`.+?) \|", table, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)}

    assert events
    assert {event for event in events if f'"{event}"' not in code} == set()


def test_every_gateway_code_is_told_with_what_happens() -> None:
    told = {int(code) for code in re.findall(r"^\| (\d) \|", text_of(DOCS / "gateway.md"), re.MULTILINE)}

    assert told == set(NUMBER_REASONS)


def glossary() -> dict[str, str]:
    """Code word → Russian word."""
    rows = re.findall(r"^\| [^|]+ \| ([^|]+) \| `(\w+)` \| [^|]+ \|$", text_of(DOCS / "glossary.md"), re.MULTILINE)
    return {code: russian for russian, code in rows}


def test_every_code_word_of_the_glossary_is_in_the_code() -> None:
    folders = ("bot", "handlers", "storage", "tests")
    code = "\n".join(text_of(file) for folder in folders for file in (ROOT / folder).rglob("*.py"))
    used = set(re.findall(r"\w+", code))

    assert set(glossary()) - used == set()


def test_every_word_of_the_glossary_has_a_russian_one_of_its_own() -> None:
    russian = list(glossary().values())

    assert all(re.search("[а-я]", word) for word in russian)
    assert len(set(russian)) == len(russian)


def test_both_readmes_have_the_same_sections_commands_pictures_and_links() -> None:
    english, russian = (text_of(README[language]) for language in ("en", "ru"))

    def outline(text: str) -> list[object]:
        """The levels of headings, the commands, the pictures and what is linked to, without the language of each."""
        return [
            re.findall(r"^#+(?: \d\.)?", text, re.MULTILINE),
            re.findall(r"^```\n(.*?)^```", text, re.MULTILINE | re.DOTALL),
            sorted(re.sub(r"-(en|ru)\.", ".", name) for name in re.findall(r"docs/pictures/[\w.-]+", text)),
            sorted(re.sub(r"README(\.ru)?\.md", "README", target) for target in re.findall(r"\]\((.+?)\)", text)),
            sorted(set(re.findall(r"`([A-Z_]{4,}|/\w+|make [^`]+)`", text))),
        ]

    assert outline(russian) == outline(english)


@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_pictures_of_a_readme_are_in_its_language_and_the_moving_one_is_small(language: str) -> None:
    pictures = set(re.findall(r"docs/pictures/[\w.-]+", text_of(README[language])))

    assert all(Path(name).stem.endswith(f"-{language}") for name in pictures)
    (moving,) = (ROOT / name for name in pictures if name.endswith(".webp"))
    assert moving.stat().st_size <= 3_000_000


@pytest.mark.parametrize("language", ["en", "ru"])
def test_a_readme_makes_the_configuration_before_it_is_filled_in_and_checks_it_before_the_start(language: str) -> None:
    text = text_of(README[language])

    assert text.index("cp .env.example .env") < text.index("`.env`")
    assert text.index("make doctor") < text.index("make run")
    assert text.index("@userinfobot") < text.index("`OPERATORS`")


@each_document(DECISIONS)
def test_a_decision_has_its_four_parts_and_is_listed(path: Path) -> None:
    text = text_of(path)

    assert re.match(rf"# {int(path.name[:4])}\. ", text)
    parts = [text.find(part) for part in ("**Status:**", "## Context", "## Decision", "## Consequence")]
    assert parts == sorted(parts)
    assert -1 not in parts
    assert f"adr/{path.name}" in text_of(DOCS / "architecture.md")


def test_decisions_are_numbered_without_a_gap() -> None:
    assert [int(path.name[:4]) for path in DECISIONS] == list(range(1, len(DECISIONS) + 1))


def example() -> list[tuple[str, str, str]]:
    """The example's variables: the comment before each, its name, its value."""
    found = re.findall(r"((?:^# .+\n)+)^#?([A-Z_]+)=(.*)$", text_of(EXAMPLE), re.MULTILINE)
    return [(said, name, value) for said, name, value in found]


def test_the_example_configuration_explains_every_variable_once() -> None:
    names = [name for _, name, _ in example()]

    assert sorted(names) == sorted(VARIABLES)
    assert len(re.findall(r"^#?[A-Z_]+=", text_of(EXAMPLE), re.MULTILINE)) == len(names)
    assert all(said.rstrip().endswith(".") for said, _, _ in example())


def test_the_example_configuration_shows_the_defaults() -> None:
    given = dict(REQUIRED)
    by_default = settings.load(given, None)

    shown = settings.load(given | {name: value for _, name, value in example() if value}, None)

    assert shown == by_default
    unset = {name for name in VARIABLES - set(REQUIRED) if getattr(by_default, name) in (None, ())}
    assert {name for _, name, value in example() if not value} == unset | set(REQUIRED)


def test_a_copy_of_the_example_needs_the_required_variables_only(tmp_path: Path) -> None:
    copy = tmp_path / ".env"
    copy.write_text(text_of(EXAMPLE), encoding="utf-8")

    with pytest.raises(ConfigurationError) as refusal:
        settings.load({}, copy)
    assert {problem.partition(":")[0] for problem in refusal.value.problems} == set(REQUIRED)

    for name, value in REQUIRED.items():
        copy.write_text(text_of(copy).replace(f"\n{name}=\n", f"\n{name}={value}\n"), encoding="utf-8")
    assert settings.load({}, copy) == Settings.model_validate(REQUIRED)


def test_the_privacy_page_names_every_table_that_holds_something_of_a_person() -> None:
    told = set(re.findall(r"^\| [^|]+ \| `(\w+)", text_of(DOCS / "privacy.md"), re.MULTILINE))
    told |= set(re.findall(r"`(\w+)`, `(\w+)`", text_of(DOCS / "privacy.md"))[0])

    assert told == set(metadata.tables) - NOBODYS


def test_what_the_tests_run_with_is_what_the_bot_runs_with() -> None:
    locked = [
        set(re.findall(r"^([\w.\[\]-]+==[^ \\]+)", text_of(ROOT / name), re.MULTILINE))
        for name in ("requirements.txt", "requirements-dev.txt")
    ]

    assert locked[0] <= locked[1]


def test_continuous_integration_runs_what_a_developer_runs() -> None:
    script = ROOT / ".ci" / "run"

    assert os.access(script, os.X_OK)
    assert text_of(script).rstrip().endswith("exec make test")
    assert "test" in make_targets()


def test_make_looks_for_the_browsers_that_the_tests_look_for() -> None:
    named = re.search(r"^BROWSERS := (.+)$", text_of(ROOT / "Makefile"), re.MULTILINE)

    assert named is not None
    assert tuple(named.group(1).split()) == CHROMIUM
