"""`python -m tests.torture`, which `make torture` runs."""

from __future__ import annotations

import argparse
import secrets
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import uvloop

from tests.databases import Postgres, keep_in_memory, migrate_now, postgres_server
from tests.torture.plan import Round, rounds
from tests.torture.storm import Outcome, play

KILLS_A_ROUND = 20


def main() -> int:
    """Play all rounds; 1 when anything was wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument("--database", default="sqlite", help="sqlite, postgresql, or the address of an empty database")
    parser.add_argument("--kills", type=int, default=100, help="how often a process is killed (100)")
    parser.add_argument("--people", type=int, default=24, help="how many come in a round (24)")
    parser.add_argument("--seed", type=int, help="the plan; a new one unless told")
    parser.add_argument("--seconds", type=float, default=1200.0, help="no round begins after so many (1200)")
    parser.add_argument("--round", type=int, help="of the plan, this round alone")
    chosen = parser.parse_args()
    seed = chosen.seed if chosen.seed is not None else secrets.randbelow(1_000_000)
    kind = "postgresql" if chosen.database.startswith("postgresql") else "sqlite"
    plans = rounds(seed, chosen.kills, chosen.people, kind, KILLS_A_ROUND)
    if chosen.round is not None:
        plans = [plans[chosen.round]]
    keep_in_memory()
    _say(f"seed {seed}: {len(plans)} rounds on {kind}")
    outcomes = []
    until = time.monotonic() + chosen.seconds
    with ExitStack() as stack:
        server = stack.enter_context(postgres_server()) if chosen.database == "postgresql" else None
        for plan in plans:
            if time.monotonic() > until:
                break
            outcomes.append(_played(plan, chosen.database, server, until))
            _say(_line(outcomes[-1]))
    _say(_summary(outcomes))
    return 1 if any(outcome.violations for outcome in outcomes) else 0


def _played(plan: Round, database: str, server: Postgres | None, until: float) -> Outcome:
    with tempfile.TemporaryDirectory(prefix="callgate-torture-") as name, ExitStack() as stack:
        folder = Path(name)
        if server is not None:
            url = stack.enter_context(server.database(migrated=plan.is_migrated))
        elif database == "sqlite":
            url = f"sqlite:///{folder / 'callgate.db'}"
            if plan.is_migrated:
                migrate_now(url)
        else:
            url = database
        return uvloop.run(play(plan, url, folder, until))


def _line(outcome: Outcome) -> str:
    plan = outcome.round
    lines = [
        f"round {plan.number} ({plan.updates}, {plan.processes} at once): {_figures([outcome])}",
        *(f"  WRONG: {wrong}" for wrong in outcome.violations),
    ]
    if outcome.violations:
        kept = Path(tempfile.gettempdir()) / f"callgate-torture-{plan.number}-{secrets.token_hex(3)}.txt"
        kept.write_text(outcome.story, encoding="utf-8")
        lines.append(f"  all that travelled, and the logs: {kept}")
    return "\n".join(lines)


def _summary(outcomes: list[Outcome]) -> str:
    wrong = sum(len(outcome.violations) for outcome in outcomes)
    return f"{len(outcomes)} rounds: {_figures(outcomes)}\n{wrong} violations"


def _figures(outcomes: list[Outcome]) -> str:
    def total(name: str) -> int:
        return sum(int(getattr(outcome, name)) for outcome in outcomes)

    return (
        f"{total('kills')} kills, {total('terminations')} SIGTERM, {total('freezes')} frozen, "
        f"{total('starts')} starts, {total('faults')} faults, {total('people')} people, {total('calls')} calls, "
        f"{total('let_in')} let in, {total('unsure')} called without an acknowledgement, "
        f"{total('sent_twice')} sent again after a crash, "
        f"{max(outcome.peak_mib for outcome in outcomes):.0f} MiB at most, "
        f"{sum(outcome.seconds for outcome in outcomes):.0f} s"
    )


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
