"""The short form of `python -m tests.fuzz`."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.fuzz.attack import attack
from tests.fuzz.hostile import Aim, hostile

REQUESTS = 400


@pytest.mark.long
async def test_hostile_requests_hurt_nothing_and_calls_are_served_meanwhile(database_url: str, tmp_path: Path) -> None:
    findings = await attack(database_url, tmp_path, REQUESTS, seed=1, at_once=8, calls=2, seconds=600)

    assert findings.wrong == []
    assert findings.requests == REQUESTS
    assert findings.calls == 2
    assert {200, 400, 401, 404, 405} <= set(findings.statuses)


def test_a_seed_makes_the_same_requests_again_and_another_seed_others() -> None:
    aim = Aim("/smsc/token", "secret", "42:token", lambda: 1_796_000_000.0)

    def some(seed: int) -> list[bytes]:
        chance = random.Random(seed)
        # Launches hold a nonce of their own.
        return [made.data for _ in range(100) if b"init_data" not in (made := hostile(chance, aim)).data]

    assert some(1) == some(1)
    assert some(1) != some(2)
