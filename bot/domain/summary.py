"""Statistics for a reader: as text, and as a picture."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum

from bot.domain.statistics import Statistics

DEFAULT_PERIOD = "7d"


class StatsReply(StrEnum):
    """The answer to a request for statistics. Names are stored in tasks."""

    CHART = "chart"
    GATES = "gates"
    """The buttons of a chart become those of its gates, page by page."""
    CHOOSE = "choose"
    """Several gates are meant: which?"""
    UNKNOWN = "unknown"
    """There is no such period or gate."""


@dataclass(frozen=True, slots=True)
class StatisticsReport:
    """The report of a period, by its name, with titles of gates. `title`: of the requested gate; None: all gates."""

    period_name: str
    title: str | None
    statistics: Statistics
    titles: Mapping[int, str] = field(default_factory=dict)

    def packed(self) -> str:
        """As JSON, to be stored until it is shown."""
        return json.dumps(asdict(self), default=str, ensure_ascii=False)
