"""A pytest plugin that imports our packages with changed code, for the plugins that watch it run.

Such a plugin adds its step to `STEPS` when it is imported, and that is early enough: pytest imports plugins before the
tests and their conftest.py, which import the program. The command line names this plugin first.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import gc
import hashlib
import importlib.machinery
import importlib.util
import marshal
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from pathlib import Path
from types import CodeType, ModuleType

import pytest

PROJECT = Path(__file__).parent.parent
PACKAGES = ("bot", "handlers", "storage")
MIGRATIONS = "storage.migrations"
"""Not watched: migrations run for their own tests only."""
KEPT = PROJECT / "build" / "instrumented"
"""Where the compiled code is cached: otherwise each process of a test run would compile it again."""
LOCK = PROJECT / "requirements-dev.txt"


@dataclass(frozen=True)
class Step:
    """What a plugin does to a module: to its syntax tree, then to its code, then to the module before it runs."""

    tree: Callable[[ast.Module, str], ast.Module] = lambda tree, _: tree
    """Gets the tree and the file's path within the project. Its result depends only on the plugin and the locked
    libraries."""
    code: Callable[[CodeType], CodeType] = lambda code: code
    module: Callable[[ModuleType], object] = lambda _: None


STEPS: list[Step] = []


@functools.cache
def _tools() -> bytes:
    """A digest of what the compiled code depends on, except the source: Python, the plugins, and their libraries."""
    files = [LOCK, *(Path(step.tree.__code__.co_filename) for step in STEPS)]
    return hashlib.sha256(importlib.util.MAGIC_NUMBER + b"".join(file.read_bytes() for file in files)).digest()


class _Loader(importlib.machinery.SourceFileLoader):
    def get_code(self, fullname: str) -> CodeType:
        code = self._compiled(fullname)
        for step in STEPS:
            code = step.code(code)
        return code

    def _compiled(self, fullname: str) -> CodeType:
        """Compile the changed tree, or read what another process compiled from the same source."""
        source = self.get_data(self.path)
        digest = hashlib.sha256(self.path.encode() + source + _tools()).digest()
        kept = KEPT / fullname
        with contextlib.suppress(OSError, ValueError, EOFError, TypeError):
            content = kept.read_bytes()
            if content.startswith(digest):
                code: CodeType = marshal.loads(content[len(digest) :])
                return code
        tree = ast.parse(source)
        for step in STEPS:
            tree = step.tree(tree, Path(self.path).relative_to(PROJECT).as_posix())
        code = compile(tree, self.path, "exec", dont_inherit=True)
        # Another process may read it at any moment.
        written = kept.with_name(f"{fullname}.{os.getpid()}")
        written.write_bytes(digest + marshal.dumps(code))
        written.replace(kept)
        return code

    def exec_module(self, module: ModuleType) -> None:
        for step in STEPS:
            step.module(module)
        super().exec_module(module)


class _Finder(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: object, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname.partition(".")[0] not in PACKAGES or fullname.startswith(MIGRATIONS):
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path)  # type: ignore[arg-type] # as it came
        if spec is not None and isinstance(spec.loader, importlib.machinery.SourceFileLoader):
            spec.loader = _Loader(spec.loader.name, spec.loader.path)
        return spec


def install() -> None:
    """Change what is imported from now on."""
    KEPT.mkdir(parents=True, exist_ok=True)
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Skip the process that only hands out tests: compiling everything would take it seconds, without use."""
    if not getattr(early_config.known_args_namespace, "numprocesses", None):
        install()


if "PYTEST_XDIST_WORKER" in os.environ:
    install()
    # Until tests/conftest.py turns it on again: all that a process imports and collects stays to its end.
    gc.disable()
