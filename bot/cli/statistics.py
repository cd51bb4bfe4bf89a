"""Output of the command line: statistics in tables, or as JSON for machines."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from bot.cli.checks import CheckResult
from bot.domain.statistics import FunnelStep, Statistics
from bot.i18n.texts import visible

STEPS = {
    FunnelStep.ASKED: "asked to join",
    FunnelStep.CONTACT: "shared their contact",
    FunnelStep.NUMBER: "got a number",
    FunnelStep.CALLED: "called",
    FunnelStep.IN: "came in by the call",
}
MOST_ROWS = 20


def statistics_json(told: Statistics, titles: Mapping[int, str]) -> str:
    """The statistics as one JSON object. Spans are in seconds, days in UTC."""
    first = told.period.first
    return json.dumps(
        {
            "period": {"first": None if first is None else first.isoformat(), "last": told.period.last.isoformat()},
            "gate": told.gate_id or None,
            "funnel": {step.value: told.funnel[step] for step in FunnelStep},
            "entered": told.entered,
            "known": told.known,
            "other": told.other,
            "numbers": told.numbers,
            "seconds_to_call": {"median": told.median, "ninetieth": told.ninetieth},
            "refusals": dict(told.refusals),
            "by_gate": {
                str(gate_id): {"title": titles.get(gate_id, ""), **{step.value: of[step] for step in FunnelStep}}
                for gate_id, of in told.by_gate.items()
            },
            "by_country": dict(told.by_region),
            "by_hour": list(told.by_hour),
            "series": [
                {"first": day.isoformat(), "asked": asked, "called": called, "in": came}
                for day, asked, called, came in told.series
            ],
        },
        ensure_ascii=False,
    )


def statistics_tables(told: Statistics, titles: Mapping[int, str], console: Console) -> None:
    """The statistics as tables for people."""
    first = told.period.first
    since = "since the beginning" if first is None else f"{first} to {told.period.last}"
    console.print(Text(f"{since}, days in UTC", style="bold"))
    console.print(_funnel(told))
    if told.by_gate:
        console.print(_gates(told, titles))
    for title, counts in (("Refusals and failures", told.refusals), ("Called, by country", told.by_region)):
        if counts:
            console.print(_counts(title, counts))


def findings_json(findings: Iterable[CheckResult]) -> str:
    """The doctor's findings, as a JSON list."""
    return json.dumps(
        [
            {
                "what": found.what,
                "is_right": found.is_right,
                "is_well": found.is_well,
                "mend": None if found.is_right else found.mend,
            }
            for found in findings
        ],
        ensure_ascii=False,
    )


def _funnel(told: Statistics) -> RenderableType:
    table = _table("Step", "People", "Share")
    asked = told.funnel[FunnelStep.ASKED]
    for step, name in STEPS.items():
        table.add_row(name, str(told.funnel[step]), _share(told.funnel[step], asked))
    came = f"came in: {told.entered}, by a call {told.funnel[FunnelStep.IN]}, verified before {told.known}"
    lines = [f"{came}, without a call {told.other} · numbers given: {told.numbers}"]
    if told.median is not None and told.ninetieth is not None:
        lines.append(
            f"from number to call: half within {_span(told.median)}, nine of ten within {_span(told.ninetieth)}"
        )
    return Group(table, *(Text(line) for line in lines))


def _gates(told: Statistics, titles: Mapping[int, str]) -> RenderableType:
    table = _table("Gate", *STEPS.values())
    most = sorted(told.by_gate.items(), key=lambda gate: -gate[1][FunnelStep.ASKED])
    for gate_id, of in most[:MOST_ROWS]:
        # It goes to a terminal, and anybody may have chosen the name.
        title = "".join(filter(str.isprintable, visible(titles.get(gate_id, "")))) if gate_id in titles else ""
        table.add_row(Text(f"{title} {gate_id}".strip()), *(str(of[step]) for step in STEPS))
    return table


def _counts(title: str, counts: Mapping[str, int]) -> RenderableType:
    table = _table(title, "Times")
    for name, count in sorted(counts.items(), key=lambda item: -item[1])[:MOST_ROWS]:
        table.add_row(Text("".join(filter(str.isprintable, name)) or "unknown"), str(count))
    return table


def _table(first: str, *numbers: str) -> Table:
    table = Table(first)
    for number in numbers:
        table.add_column(number, justify="right")
    return table


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else ""


def _span(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
