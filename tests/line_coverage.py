"""A pytest plugin that measures which lines and branches of the program the tests run (`-p tests.line_coverage`).

SlipCover measures: it puts probes into the code on import, which cost next to nothing while tests run. At the end of a
run the plugin prints what no test ran, and fails the run if that includes too much of the rules.
"""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
import slipcover  # type: ignore[import-untyped]
from slipcover.branch import preinstrument  # type: ignore[import-untyped]

from tests.instrumented import MIGRATIONS, PACKAGES, PROJECT, STEPS, Step
from tests.layers import holds_rules

OF_RULES = ("bot/domain/", "bot/gateway/")
"""Folders where a branch that no test takes fails the run, besides the rules of the features."""
BOUND = 95
"""Percent of the lines and branches of these that have to run."""

NEVER = 2**31 - 1
"""How often a probe runs before SlipCover removes it, which costs more than all probes together."""
EXCLUDED = [r"if TYPE_CHECKING:", r"\.\.\.$"]
"""Lines that never run: those for type checkers only, and the bodies of protocols' methods."""

OUTPUT = "line_coverage"
REPORT = pytest.StashKey[str]()

_measuring = slipcover.Slipcover(branch=True, d_miss_threshold=NEVER, exclude_lines=EXCLUDED)
_merged: list[dict[str, Any]] = []
"""The measurements of each process of pytest-xdist, as SlipCover writes them."""


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: object) -> None:
    """Add the measurements of a process of pytest-xdist."""
    if measured := getattr(node, "workeroutput", {}).get(OUTPUT):
        _merged.append(json.loads(measured))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output[OUTPUT] = json.dumps(_measuring.get_coverage())
        return
    everything = _measuring.get_coverage()
    for measured in _merged:
        slipcover.merge_coverage(everything, measured)
    # Files that nothing imported. The others are known by now, and reading them again takes seconds.
    unseen = slipcover.Slipcover(
        branch=True,
        source=[str(PROJECT / package) for package in PACKAGES],
        omit=[f"{MIGRATIONS.replace('.', '/')}/*", *everything["files"]],
        exclude_lines=EXCLUDED,
    ).get_coverage()
    slipcover.merge_coverage(everything, unseen)
    rules = everything | {
        "files": {
            file: of for file, of in everything["files"].items() if file.startswith(OF_RULES) or holds_rules(file)
        }
    }
    slipcover.merge_coverage(rules, rules | {"files": {}})
    report = io.StringIO()
    slipcover.print_coverage(everything, outfile=report, skip_covered=True, missing_width=60)
    percent = rules["summary"]["percent_covered"]
    report.write(f"\n{percent:.1f} % of the rules ran; at least {BOUND} % have to\n")
    session.config.stash[REPORT] = report.getvalue()
    if percent < BOUND and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    terminalreporter.write(config.stash.get(REPORT, ""))


STEPS.append(Step(tree=lambda tree, _: preinstrument(tree), code=_measuring.instrument))
