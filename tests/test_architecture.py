"""Who may import whom, as pyproject.toml says: it holds, and what would break it is caught."""

from __future__ import annotations

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
    "bot/domain/offence.py": ("import httpx", "The domain needs the standard library only"),
    "bot/usecases/offence.py": ("import storage.tables", "Use cases need the domain and the clock only"),
    "bot/telegram/offence.py": (
        "import bot.gateway.client",
        "What speaks outward, and storage, do not know each other",
    ),
    "bot/gateway/offence.py": ("import sqlalchemy", "The gateway uses its own library"),
    "bot/outbox/offence.py": ("import sqlalchemy", "The outbox uses its own libraries"),
    "bot/web/offence.py": ("import httpx", "Telegram uses its own library"),
    "storage/statements.py": (
        "import bot.settings",
        "Storage uses its own library, and of the bot the domain and the ports",
    ),
    "handlers/person.py": ("import bot.telegram.delivery_worker", "Handlers take what came and call a use case"),
    "bot/workers.py": ("import storage.database", "Handlers and storage are wired in the composition root"),
    "handlers/pages.py": ("import bot.app", "The composition root is for the command line"),
    "bot/report.py": ("import bot.parts", "What the bot is made of is for the bot"),
    "bot/app.py": ("import bot.sandbox.world", "The sandbox is for the demo"),
    "bot/sandbox/offence.py": ("import bot.domain.phone", "The sandbox knows nothing of the bot"),
}
"""A file, the line added to it, and the contract which that breaks."""


def lint_imports(folder: Path) -> str:
    """What lint-imports says of the code in `folder`; each contract's line ends with KEPT or BROKEN."""
    program = Path(sys.executable).with_name("lint-imports")
    outcome = subprocess.run(
        [program, "--no-logo", "--no-cache"], cwd=folder, capture_output=True, text=True, check=False
    )
    return outcome.stdout + outcome.stderr


@pytest.fixture(scope="module")
def verdict_on_offences(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What is said of a copy of the code in which every offence was committed."""
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

    assert imported - sys.stdlib_module_names == {"bot"}
