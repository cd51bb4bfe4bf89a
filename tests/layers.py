"""Which modules of the features hold rules, and which know Telegram, texts or the network."""

from __future__ import annotations

from pathlib import PurePosixPath

FEATURES = "bot/features/"
PRESENTATION = frozenset(
    {
        "screens",
        "tasks",
        "words",
        "chart",
        "chart_sheet",
        "frame",
        "installation",
        "log_lines",
        "file_format",
        "parse",
        "states",
        "troubles",
    }
)
"""What people see, and the calls to Telegram."""
OUTWARD = frozenset(
    {
        "monitoring/balance",
        "monitoring/monitor",
        "monitoring/runtime_stats",
        "privacy/export",
        "webhooks/http",
        "webhooks/worker",
    }
)
"""Loops, measurements and clients: they know libraries, and have tests of their own."""
DELIVERY_RULES = frozenset(
    {"bot/delivery/lookups.py", "bot/delivery/results.py", "bot/delivery/select.py", "bot/delivery/views.py"}
)


def holds_rules(path: str) -> bool:
    """Return whether the module at this path, from the project's folder, holds rules: plain Python over the store."""
    if path in DELIVERY_RULES:
        return True
    return path.startswith(FEATURES) and PurePosixPath(path).stem not in PRESENTATION and not is_outward(path)


def is_outward(path: str) -> bool:
    """Return whether the module is one of `OUTWARD`."""
    place = PurePosixPath(path)
    return path.startswith(FEATURES) and f"{place.parent.name}/{place.stem}" in OUTWARD
