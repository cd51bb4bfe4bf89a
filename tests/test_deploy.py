"""The dashboard and the alert rules in `deploy` use only existing metrics and labels."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from ruamel.yaml import YAML

from bot.domain.incidents import IncidentKind
from bot.domain.journal import Event
from bot.metrics import Metrics
from tests.papers import ROOT

DASHBOARD = ROOT / "deploy" / "grafana" / "callgate.json"
RULES = ROOT / "deploy" / "prometheus" / "alerts.yml"
SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "gauge": ("",), "info": ("_info",)}
OF_PROMETHEUS = {"le", "instance", "job"}
WIDTH = 24
"""Columns of a Grafana dashboard."""


def collectors() -> Iterator[tuple[Any, Any]]:
    """Each metric and its collector."""
    for collector in Metrics().registry._collector_to_names:
        described: Any = collector
        for metric in described.describe():
            yield metric, described


def known() -> dict[str, set[str]]:
    """Every series that queries may use, with its labels."""
    found: dict[str, set[str]] = {}
    for metric, collector in collectors():
        labels = {*collector._labelnames, *(collector._value if metric.type == "info" else ())}
        found |= {metric.name + suffix: labels for suffix in SUFFIXES[metric.type]}
    return found


def dashboard() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    return content


def rules() -> list[dict[str, Any]]:
    content = YAML(typ="safe").load(RULES)
    return [rule for group in content["groups"] for rule in group["rules"]]


def expressions() -> Iterator[tuple[str, str, str]]:
    """Each expression: where it is, itself, and the text that names its labels."""
    for panel in dashboard()["panels"]:
        for target in panel.get("targets", ()):
            yield f"panel {panel['title']}", target["expr"], target["legendFormat"]
    for rule in rules():
        yield f"alert {rule['alert']}", rule["expr"], " ".join(rule["annotations"].values())


EXPRESSIONS = [pytest.param(expr, legend, id=where) for where, expr, legend in expressions()]


@pytest.mark.parametrize(("expr", "legend"), EXPRESSIONS)
def test_an_expression_names_metrics_that_exist_with_labels_that_they_have(expr: str, legend: str) -> None:
    series = known()
    named = re.findall(r"(callgate_\w+)(?:\{([^}]*)\})?", expr)

    assert named
    assert {name for name, _ in named} <= series.keys()
    labels = set.union(*(series[name] for name, _ in named)) | OF_PROMETHEUS
    for name, selector in named:
        assert set(re.findall(r"(\w+)\s*(?:=~|!=|!~|=)", selector)) <= series[name] | OF_PROMETHEUS
    for grouped in re.findall(r"(?:by|without) \(([^)]*)\)", expr):
        assert {label.strip() for label in grouped.split(",")} <= labels
    assert set(re.findall(r"\{\{ ?(?:\$labels\.)?(\w+) ?\}\}", legend)) <= labels


@pytest.mark.parametrize(("expr", "legend"), EXPRESSIONS)
def test_an_expression_is_closed_and_names_values_that_are_told(expr: str, legend: str) -> None:
    assert all(expr.count(opened) == expr.count(closed) for opened, closed in ("()", "{}", "[]"))
    events = {name for value in re.findall(r'event=~?"([^"]*)"', expr) for name in value.split("|")}
    queues = {name for value in re.findall(r'queue=~"([^"]*)"', expr) for name in value.split("|")}

    assert events <= {event.value for event in Event}
    assert queues <= {"grants", "screens", "numbers", "outbox_.*"}


def test_every_metric_is_shown() -> None:
    shown = " ".join(expr for where, expr, _ in expressions() if where.startswith("panel"))
    names = {metric.name for metric, _ in collectors()}

    assert {name for name in names if name not in shown} == set()


def test_panels_have_ids_of_their_own_fit_the_width_and_do_not_lie_on_each_other() -> None:
    panels = dashboard()["panels"]
    places = [
        (x, y)
        for panel in panels
        for place in [panel["gridPos"]]
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]

    assert len({panel["id"] for panel in panels}) == len(panels)
    assert len(places) == len(set(places))
    assert max(x for x, _ in places) < WIDTH


def test_every_panel_asks_the_data_source_that_is_chosen() -> None:
    (chosen,) = dashboard()["templating"]["list"]
    sources = [part["datasource"] for panel in dashboard()["panels"] for part in panel.get("targets", ())]

    assert chosen["type"] == "datasource"
    assert {json.dumps(source) for source in sources} == {'{"type": "prometheus", "uid": "${datasource}"}'}


def test_every_alert_is_complete() -> None:
    for rule in rules():
        assert rule.keys() - {"for"} == {"alert", "expr", "labels", "annotations"}
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert rule["annotations"].keys() == {"summary", "description"}
        assert re.fullmatch(r"\d+[smh]", rule.get("for", "1m"))
    assert len({rule["alert"] for rule in rules()}) == len(rules())


def test_every_trouble_is_told_from_the_start_so_that_its_absence_is_seen() -> None:
    told = set(re.findall(r'callgate_alarms\{trouble="(\w+)"\} 0\.0', Metrics().text().decode()))

    assert told == {trouble.value for trouble in IncidentKind}
