"""Import contracts of pyproject.toml: the code keeps them, and breaking one is detected."""

from __future__ import annotations

import graphlib
import shutil
import subprocess
import sys
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("bot", "handlers", "storage")

OFFENCES = {
    "bot/utils.py": ("", "bot: one direction"),
    "handlers/helpers.py": ("", "handlers: one direction"),
    "storage/common.py": ("", "storage: one direction"),
    "bot/domain/offence.py": ("import bot.clock", "The domain knows nobody"),
    "bot/usecases/offence.py": ("import storage.tables", "Use cases see the store, and nothing of how it is opened"),
    "bot/telegram/offence.py": (
        "import bot.gateway.smsc.client",
        "What speaks outward does not know each other",
    ),
    "bot/gateway/offence.py": ("import sqlalchemy", "Libraries of databases: storage"),
    "bot/outbox/offence.py": ("import aiogram", "Libraries of Telegram: telegram, the handlers, and what wires them"),
    "bot/doctor.py": ("import bot.gateway.smsc.client", "A gateway is chosen in one place"),
    "bot/web/offence.py": ("import PIL", "Libraries of pictures and languages: telegram"),
    "bot/telegram/second.py": ("import httpx", "An HTTP client: the gateway, the outbox, and what tries them"),
    "bot/outbox/second.py": ("import stamina", "Libraries of the gateway's answers: the gateway"),
    "bot/usecases/second.py": ("import phonenumbers", "A library of numbers: the numbering plan"),
    "storage/schema.py": ("import cryptography", "Libraries of keys and signatures: crypto, sessions, the outbox"),
    "bot/gateway/second.py": ("import python_socks", "Libraries of proxies: proxies"),
    "storage/statements.py": ("import bot.settings", "Storage knows the domain, and the keys"),
    "handlers/person.py": ("import bot.telegram.delivery_worker", "Handlers take what came and call a use case"),
    "bot/watch/offence.py": ("import handlers.http", "Handlers are wired in the composition root"),
    "bot/workers.py": ("import storage.database", "The database is opened in the composition root"),
    "handlers/pages.py": ("import bot.app", "The composition root is for the command line"),
    "bot/report.py": ("import bot.parts", "What the bot is made of is for the bot"),
    "bot/app.py": ("import bot.sandbox.world", "The sandbox is for the demo"),
    "bot/sandbox/offence.py": ("import bot.domain.phone", "The sandbox knows nothing of the bot"),
}
"""A file, the line added to it, and the contract that this breaks."""


def lint_imports(folder: Path) -> str:
    """The output of lint-imports for the code in `folder`; each contract's line ends with KEPT or BROKEN."""
    program = Path(sys.executable).with_name("lint-imports")
    outcome = subprocess.run(
        [program, "--no-logo", "--no-cache"], cwd=folder, capture_output=True, text=True, check=False
    )
    return outcome.stdout + outcome.stderr


@pytest.fixture(scope="module")
def verdict_on_offences(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Its output for a copy of the code with every offence."""
    copy = tmp_path_factory.mktemp("offended")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, copy / package, ignore=shutil.ignore_patterns("__pycache__", "page"))
    shutil.copy(ROOT / "pyproject.toml", copy)
    for name, (line, _) in OFFENCES.items():
        with (copy / name).open("a", encoding="utf-8") as file:
            file.write(f"\n{line}\n")
    return lint_imports(copy)


def test_the_code_keeps_every_contract() -> None:
    verdict = lint_imports(ROOT)

    assert " 0 broken." in verdict, verdict


@pytest.mark.parametrize(("name", "contract"), [(name, contract) for name, (_, contract) in OFFENCES.items()])
def test_an_offence_is_caught(verdict_on_offences: str, name: str, contract: str) -> None:
    module = name.removesuffix(".py").replace("/", ".")

    assert any(line.startswith(f"{contract} BROKEN") for line in verdict_on_offences.splitlines()), verdict_on_offences
    _, _, details = verdict_on_offences.partition("Broken contracts")
    assert module in details


def test_every_contract_is_shown_to_catch_something(verdict_on_offences: str) -> None:
    assert " 0 kept, " in verdict_on_offences


def test_the_rules_import_nothing_beyond_the_standard_library() -> None:
    graph = grimp.build_graph(*PACKAGES, include_external_packages=True, cache_dir=None)
    rules = [*graph.find_descendants("bot.domain"), *graph.find_descendants("bot.usecases"), "bot.clock"]

    imported = {other.split(".")[0] for module in rules for other in graph.find_modules_directly_imported_by(module)}

    assert imported - sys.stdlib_module_names == {"bot", "storage"}


def import_circle(*packages: str) -> list[str]:
    """Modules that import each other in a circle, first and last the same; imports for type checking count too."""
    graph = grimp.build_graph(*packages, cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    try:
        graphlib.TopologicalSorter(imports).prepare()
    except graphlib.CycleError as error:
        return list(error.args[1])
    return []


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert import_circle(*PACKAGES) == []


def test_an_import_circle_for_type_checking_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "circular"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "first.py").write_text("import circular.second\n")
    (package / "second.py").write_text(
        "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    import circular.first\n"
    )
    monkeypatch.syspath_prepend(tmp_path)

    assert set(import_circle("circular")) == {"circular.first", "circular.second"}
