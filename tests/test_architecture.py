"""Import contracts of pyproject.toml: the code keeps them, and breaking one is detected."""

from __future__ import annotations

import graphlib
import shutil
import subprocess
import sys
from pathlib import Path

import grimp
import pytest

from tests.layers import DELIVERY_RULES, OUTWARD, PRESENTATION, holds_rules, is_outward

ROOT = Path(__file__).parent.parent
PACKAGES = ("bot", "handlers", "storage")

OFFENCES = {
    "bot/utils.py": ("", "bot: one direction"),
    "bot/features/misc/__init__.py": ("", "features: one direction"),
    "handlers/helpers.py": ("", "handlers: one direction"),
    "storage/common.py": ("", "storage: one direction"),
    "bot/domain/offence.py": ("import bot.clock", "The domain knows nobody"),
    "bot/features/raids/offence.py": (
        "import storage.sql.tables",
        "Features see the store, and nothing of how it is opened",
    ),
    "bot/telegram/offence.py": (
        "import bot.gateway.smsc.client",
        "What speaks outward does not know each other",
    ),
    "bot/gateway/offence.py": ("import sqlalchemy", "Libraries of databases: storage"),
    "bot/features/access/offence.py": (
        "import aiogram",
        "Libraries of Telegram: telegram, the handlers, and what features show and send",
    ),
    "bot/web/offence.py": ("import PIL", "Libraries of pictures: charts and texts"),
    "bot/web/second.py": ("import babel", "A library of languages: i18n"),
    "bot/telegram/second.py": ("import httpx", "An HTTP client: the gateway, the webhooks, and what tries them"),
    "bot/features/webhooks/second.py": ("import stamina", "Libraries of the gateway's answers: the gateway"),
    "bot/features/joining/second.py": ("import phonenumbers", "A library of numbers: the numbering plan"),
    "storage/engine/schema.py": (
        "import cryptography",
        "Libraries of keys and signatures: crypto, sessions, the webhooks",
    ),
    "bot/gateway/second.py": ("import python_socks", "Libraries of proxies: proxies"),
    "storage/sql/statements.py": ("import bot.settings", "Storage knows the domain, and the keys"),
    "handlers/verification.py": ("import bot.delivery.worker", "Handlers take what came and call a rule"),
    "bot/features/monitoring/offence.py": ("import handlers.http", "Handlers are wired in one place"),
    "bot/delivery/offence.py": (
        "import storage.engine.database",
        "The database is opened where the parts are built, and by the command line",
    ),
    "bot/cli/doctor.py": ("import bot.gateway.smsc.client", "A gateway is chosen in one place"),
    "handlers/monitoring.py": ("import bot.app", "The app is for the command line"),
    "bot/backups.py": ("import bot.wiring.build", "What builds the parts is for the app and the command line"),
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
        (copy / name).parent.mkdir(exist_ok=True)
        with (copy / name).open("a", encoding="utf-8") as file:
            file.write(f"\n{line}\n")
    return lint_imports(copy)


def test_the_code_keeps_every_contract() -> None:
    verdict = lint_imports(ROOT)

    assert " 0 broken." in verdict, verdict


@pytest.mark.parametrize(("name", "contract"), [(name, contract) for name, (_, contract) in OFFENCES.items()])
def test_an_offence_is_caught(verdict_on_offences: str, name: str, contract: str) -> None:
    module = name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    assert any(line.startswith(f"{contract} BROKEN") for line in verdict_on_offences.splitlines()), verdict_on_offences
    _, _, details = verdict_on_offences.partition("Broken contracts")
    assert module in details


def test_every_contract_is_shown_to_catch_something(verdict_on_offences: str) -> None:
    assert " 0 kept, " in verdict_on_offences


RULES_USE = (
    "bot.clock",
    "bot.crypto",
    "bot.domain",
    "bot.numbering",
    "storage.store",
    "bot.features.settings.file_format",
)
"""What rules may import of the project besides each other."""
KNOW_NO_SCREENS = ("bot.gateway", "bot.i18n", "bot.telegram", "bot.web")


def path_of(module: str) -> str:
    return f"{module.replace('.', '/')}.py"


def wrong_imports(graph: grimp.ImportGraph) -> list[str]:
    """Return imports with which a rule, a loop or a client of a feature knows what only screens and tasks may know."""
    wrong = []
    for module in graph.modules:
        imported = graph.find_modules_directly_imported_by(module)
        if holds_rules(path_of(module)) and not graph.find_children(module):
            wrong += [
                f"{module} -> {other}"
                for other in imported
                if other.startswith(PACKAGES) and not (other.startswith(RULES_USE) or holds_rules(path_of(other)))
            ]
            libraries = {other.split(".")[0] for other in imported} - sys.stdlib_module_names - set(PACKAGES)
            wrong += [f"{module} -> {library}" for library in libraries]
        elif is_outward(path_of(module)):
            wrong += [f"{module} -> {other}" for other in imported if other.startswith(KNOW_NO_SCREENS)]
    return wrong


def test_rules_are_plain_python_over_the_store() -> None:
    graph = grimp.build_graph(*PACKAGES, include_external_packages=True, cache_dir=None)
    assert wrong_imports(graph) == []

    graph.add_import(importer="bot.features.raids.detect", imported="bot.telegram.keyboards")
    graph.add_import(importer="bot.features.raids.detect", imported="aiogram")
    graph.add_import(importer="bot.features.raids.detect", imported="bot.features.raids.screens")
    graph.add_import(importer="bot.features.webhooks.http", imported="bot.telegram.methods")
    assert len(wrong_imports(graph)) == 4


def test_the_domain_imports_nothing_beyond_the_standard_library() -> None:
    graph = grimp.build_graph(*PACKAGES, include_external_packages=True, cache_dir=None)
    modules = [*graph.find_descendants("bot.domain"), "bot.clock"]

    imported = {other.split(".")[0] for module in modules for other in graph.find_modules_directly_imported_by(module)}

    assert imported - sys.stdlib_module_names == {"bot"}


def test_the_lists_of_modules_that_hold_no_rules_name_modules_that_exist() -> None:
    modules = [path.relative_to(ROOT / "bot/features") for path in (ROOT / "bot/features").rglob("*.py")]

    assert {module.stem for module in modules} >= PRESENTATION
    assert {str(module.with_suffix("")) for module in modules} >= OUTWARD
    assert all((ROOT / path).exists() for path in DELIVERY_RULES)


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


NOT_FEATURES = {
    "handlers": {
        "routes",
        "http_routes",
        "http",
        "middlewares",
        "filters",
        "polling",
        "updates",
        "call_page",
        "mini_app",
        "gateway",
        "telegram",
    },
    "storage": {
        "store",
        "due",
        "people",
        "gateway",
        "tasks",
        "screens",
        "journal",
        "erasures",
        "retention",
        "engine",
        "sql",
        "migrations",
        "gates",
    },
    "tests/features": {"conftest", "rules", "lives", "admin_panel", "test_delivery_select", "test_delivery_results"},
}
"""What several features share."""


@pytest.mark.parametrize("folder", NOT_FEATURES)
def test_a_feature_has_the_same_name_everywhere(folder: str) -> None:
    features = {path.name for path in (ROOT / "bot/features").iterdir() if (path / "__init__.py").exists()}
    names = {path.stem for path in (ROOT / folder).iterdir() if not path.name.startswith("__")}

    assert names - features == NOT_FEATURES[folder] - features
