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
        "settings/file_format",
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
    place = PurePosixPath(path)
    return (
        path.startswith(FEATURES)
        and place.stem not in PRESENTATION
        and f"{place.parent.name}/{place.stem}" not in OUTWARD
    )
