"""Settings are exported as a file and imported again, through Telegram."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.sandbox.people import Person
from bot.sandbox.world import World
from tests.installation import Installation
from tests.scenarios.panel_walk import chooses, opens_setting, screens, writes
from tests.scenarios.story import all_is_carried, guarded, reads

BIG = b" " * (64 * 1024)


def kept(settings: str | dict[str, Any]) -> dict[str, Any]:
    """Return settings as a row stores them; a set has no order of its own."""
    read = json.loads(settings) if isinstance(settings, str) else settings
    return read | {"refused_kinds": sorted(read["refused_kinds"])}


async def exported(world: World, admin: Person) -> tuple[str, bytes]:
    """Press Export; return the name and the contents of the file."""
    await admin.presses("💾 Export")
    await world.wait_until(lambda: any(message.document for message in screens(admin)))
    (document,) = [message.document for message in screens(admin) if message.document]
    return document.name, document.data


async def test_what_one_gate_exports_another_imports(world: World, brisk: Installation) -> None:
    owner, _ = await guarded(world)
    await opens_setting(owner, "👋 Welcome", "I only say that they are in")
    await writes(world, owner, "Hello", then="Hello")
    await owner.presses("‹ Back")
    await owner.presses("🎛 Presets")
    await owner.presses("Strict")
    await owner.sees("is guarded now")
    await opens_setting(owner, "💾 Export and import", "to keep or to use in another group")
    name, data = await exported(world, owner)
    assert name == "callgate-Flat-owners.json"
    assert json.loads(data)["gate"]["title"] == "Flat owners"

    garden = world.group("Garden", owner=owner)
    await owner.makes_bot_admin(garden, can_invite_users=True)
    await owner.sees("Garden is guarded now")
    await opens_setting(owner, "💾 Export and import", "to keep or to use in another group")
    await owner.sends_document(name, data)
    difference = await reads(owner, "This file would change")
    assert "This file is of another group." in difference
    assert "• Deadline: 1 day → 1 hour" in difference
    assert "• Welcome: none → Hello" in difference
    rows = await brisk.rows("SELECT title, settings FROM gates ORDER BY title")
    assert [(row["title"], row["settings"] is None) for row in rows] == [("Flat owners", False), ("Garden", True)]

    await chooses(owner, "✅ Apply")

    await owner.sees("Garden is guarded now")
    one, other = [kept(row["settings"]) for row in await brisk.rows("SELECT settings FROM gates")]
    assert one == other


async def test_a_file_that_is_left_changes_nothing(world: World, brisk: Installation) -> None:
    owner, _ = await guarded(world)
    await opens_setting(owner, "💾 Export and import", "to keep or to use in another group")
    await owner.sends_document("x.json", json.dumps({"callgate": 1, "settings": {"accounts": 3}}).encode())
    await owner.sees("Accounts per phone: 1 → 3")

    await owner.presses("Leave it")

    await owner.sees("to keep or to use in another group")
    assert await brisk.rows("SELECT settings FROM gates") == [{"settings": None}]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"\xff\xfe\x00", "not JSON"),
        (b"{", "not JSON"),
        (b"[" * 60_000, "not JSON"),
        (b"{}", "holds no settings"),
        (b'{"callgate": 2, "settings": {}}', "Another version"),
        (b'{"callgate": 1, "settings": {"<b>": 1}}', "I do not know the setting <b>"),
        (b'{"callgate": 1, "settings": {"accounts": "1"}}', "The value of accounts"),
        (b'{"callgate": 1, "settings": {"accounts": 11}}', "1 to 10 accounts"),
        (BIG + b"{}", "too big"),
    ],
    ids=["no text", "not JSON", "deep", "not ours", "newer", "unknown", "wrong type", "wrong value", "huge"],
)
async def test_a_wrong_file_gets_one_clear_sentence(world: World, brisk: Installation, data: bytes, says: str) -> None:
    owner, _ = await guarded(world)
    await opens_setting(owner, "💾 Export and import", "to keep or to use in another group")

    await owner.sends_document("settings.json", data)

    page = await owner.sees("⚠️")
    assert says in (page.text or "")
    await all_is_carried(brisk)
    assert await brisk.rows("SELECT settings FROM gates") == [{"settings": None}]
    assert len(screens(owner)) == 1
    assert any(entry.detail.get("method") == "file" for entry in world.trace.last(500)) is (says != "too big")


async def test_a_file_is_fetched_although_telegram_stumbles(world: World, brisk: Installation) -> None:
    owner, _ = await guarded(world)
    await opens_setting(owner, "💾 Export and import", "to keep or to use in another group")
    world.faults.add(where="telegram", kind="reset_before", method="file")
    world.faults.add(where="telegram", kind="500", method="getFile")

    await owner.sends_document("x.json", json.dumps({"callgate": 1, "settings": {"accounts": 3}}).encode())

    await owner.sees("Accounts per phone: 1 → 3")


async def test_where_telegram_refuses_the_file_its_admin_is_told(world: World, brisk: Installation) -> None:
    owner, _ = await guarded(world)
    await opens_setting(owner, "💾 Export and import", "to keep or to use in another group")
    world.faults.add(where="telegram", kind="400", method="sendDocument")

    await owner.presses("Export")

    await owner.sees("Telegram refused the file with the settings")
    name, _data = await exported(world, owner)
    assert name == "callgate-Flat-owners.json"
