"""`python -m tests.fuzz`: hostile requests of every kind at a real process, and true calls in between."""

from __future__ import annotations

import argparse
import secrets
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import uvloop

from tests.databases import keep_in_memory, postgres_server
from tests.fuzz.attack import attack


def main() -> int:
    """Send them all; 1 when anything was wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--requests", type=int, default=20_000, help="how many (20000)")
    parser.add_argument("--seed", type=int, help="which ones; new ones unless told")
    parser.add_argument("--at-once", type=int, default=16, help="connections at a time (16)")
    parser.add_argument("--seconds", type=float, default=1800.0, help="none is sent after so many (1800)")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite", help="of which kind (sqlite)")
    chosen = parser.parse_args()
    seed = chosen.seed if chosen.seed is not None else secrets.randbelow(1_000_000)
    keep_in_memory()
    sys.stdout.write(f"seed {seed}\n")
    sys.stdout.flush()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="callgate-fuzz-")))
        url = f"sqlite:///{folder / 'callgate.db'}"
        if chosen.database == "postgresql":
            url = stack.enter_context(stack.enter_context(postgres_server()).database(migrated=True))
        calls = max(2, chosen.requests // 2000)
        found = uvloop.run(attack(url, folder, chosen.requests, seed, chosen.at_once, calls, chosen.seconds))
    statuses = ", ".join(f"{status or 'no answer'}: {count}" for status, count in sorted(found.statuses.items()))
    memory = " ".join(f"{mib:.0f}" for mib in found.mib)
    sys.stdout.write(
        f"{found.requests} requests in {found.seconds:.0f} s; {statuses}\n"
        f"{found.calls} true calls served; MiB: {memory}\n"
        + "".join(f"WRONG: {wrong}\n" for wrong in found.wrong[:50])
        + f"{len(found.wrong)} violations\n"
    )
    return 1 if found.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
