"""Which database a test needs, read from its fixtures."""

from __future__ import annotations

import pytest

DATABASES = ("sqlite", "postgresql")


def database_of(item: pytest.Item) -> str:
    """Return the kind of database that a test runs on; empty if it needs none."""
    needs = set(getattr(item, "fixturenames", ()))
    chosen = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
    for fixture in ("database_url", "empty_database_url"):
        if fixture in chosen:
            return str(chosen[fixture])
    if "postgres" in needs:
        return "postgresql"
    return "sqlite" if needs & {"sqlite_path", "migrated_file", "database_url"} else ""
