"""The metrics count events, name nobody, and show the present state."""

from __future__ import annotations

import re

import httpx
import pytest

from bot import VERSION
from bot.domain.errors import StorageUnavailableError
from bot.domain.journal import Event, NewEntry
from bot.metrics import CODES, Metrics, code_class
from bot.sandbox.world import World
from storage.engine.database import Database
from tests.domain.makers import NOW
from tests.installation import Installation, verify
from tests.papers import ROOT
from tests.scenarios.story import all_is_carried, guarded


async def told(callgate: Installation) -> dict[str, float]:
    """The contents of /metrics, by series."""
    async with httpx.AsyncClient() as http:
        text = (await http.get(f"{callgate.url}/metrics")).text
    return {
        name: float(value) for name, value in re.findall(r"^(callgate_\S+(?: \S+=\S+)*) (\S+)$", text, re.MULTILINE)
    }


async def test_a_story_is_counted_step_by_step(world: World, callgate: Installation) -> None:
    _, group = await guarded(world)
    anna = world.person("Anna", language="en")
    await anna.asks_to_join(group)
    await verify(anna)
    await world.wait_until(lambda: anna.id in group.members)
    await all_is_carried(callgate)

    series = await told(callgate)

    for event, code in (
        ("join_asked", ""),
        ("contact_taken", "other"),
        ("number_given", ""),
        ("confirmed", "callback"),
        ("grant_done", "called"),
    ):
        assert series[f'callgate_steps_total{{code="{code}",event="{event}"}}'] == 1
    assert series["callgate_number_to_call_seconds_count"] == 1
    assert series['callgate_gateway_requests_total{outcome="given"}'] == 1
    assert series['callgate_transaction_seconds_count{outcome="kept"}'] > 5
    assert series["callgate_gateway_callback_timestamp_seconds"] == pytest.approx(world.clock.timestamp(), abs=60)
    assert series['callgate_queue_length{queue="grants"}'] == 0
    assert 0 <= series["callgate_budget_left_ratio"] <= 1
    assert series[f'callgate_build_info{{version="{VERSION}"}}'] == 1


async def test_nothing_that_is_told_names_anybody(world: World, callgate: Installation) -> None:
    _, group = await guarded(world, "Very secret society")
    anna = world.person("Annabella", language="en")
    await anna.asks_to_join(group)
    await verify(anna)

    text = "\n".join(await told(callgate))

    for private in (str(anna.id), str(group.id).lstrip("-"), (anna.account.phone or "")[-7:], "Annabella", "society"):
        assert private not in text


async def test_what_waits_is_told_with_its_age(world: World, callgate: Installation) -> None:
    _, group = await guarded(world)
    anna = world.person("Anna", language="en")
    await anna.asks_to_join(group)
    await anna.sees("Flat owners")
    world.faults.add(where="telegram", kind="500", method="approveChatJoinRequest", times=None)
    await verify(anna)
    world.clock.advance(100)

    series = await told(callgate)

    assert series['callgate_queue_length{queue="grants"}'] == 1
    assert series['callgate_queue_age_seconds{queue="grants"}'] >= 100


async def test_the_metrics_are_told_also_while_storage_does_not_answer(
    world: World, callgate: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: object) -> None:
        raise StorageUnavailableError

    monkeypatch.setattr(Database, "transact", fails)

    assert f'callgate_build_info{{version="{VERSION}"}}' in await told(callgate)


@pytest.mark.parametrize(
    ("code", "label"),
    [
        ("", ""),
        ("callback", "callback"),
        ("no_money:3", "no_money"),
        ("unavailable:", "unavailable"),
        ("Bad Request: not enough rights", "other"),
        ("7d1c0ffe", "other"),
        ("RU", "other"),
    ],
)
def test_a_code_that_may_be_anything_is_no_label(code: str, label: str) -> None:
    assert code_class(code) == label


def test_labels_are_of_bounded_number() -> None:
    metrics = Metrics()
    metrics.noted([NewEntry(Event.FAILURE, NOW, code=f"{number:08x}") for number in range(1000)])
    series = re.findall(r"^callgate_steps_total\{", metrics.text().decode(), re.MULTILINE)

    assert len(series) == 1
    assert len(CODES) < 60


def test_the_version_told_is_that_of_the_project() -> None:
    assert f'\nversion = "{VERSION}"\n' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
