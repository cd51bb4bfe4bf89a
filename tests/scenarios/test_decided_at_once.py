"""Two admins decide about the same person at the same moment."""

from __future__ import annotations

import asyncio

from bot.sandbox.world import World
from tests.installation import Installation
from tests.scenarios.appeals import appeals
from tests.scenarios.log_gates import full_gate
from tests.scenarios.story import all_is_carried, reads


async def test_of_two_admins_the_first_decides_and_the_other_is_told_so(world: World, brisk: Installation) -> None:
    owner, group = await full_gate(world)
    oleg = world.person("Oleg", language="en")
    await oleg.says("/start")
    await owner.adds(group, oleg)
    await owner.promotes(group, oleg)
    anna = world.person("Anna", language="en")
    await appeals(world, anna, group)
    (hers, his) = (await owner.sees("asks to be let in"), await oleg.sees("asks to be let in"))
    decline = next(b["callback_data"] for r in hers.inline_keyboard for b in r if "Decline" in b["text"])
    let_in = next(b["callback_data"] for r in his.inline_keyboard for b in r if "Let in" in b["text"])

    answers = await asyncio.gather(owner.presses_button(hers.id, decline), oleg.presses_button(his.id, let_in))

    texts = [answer["text"] for answer in answers]
    assert max(texts) == "Somebody already decided this."
    is_in = texts[1] == "Let in"
    await all_is_carried(brisk)
    assert (anna.id in group.members) is is_in
    assert anna.id not in group.requests
    for admin in (owner, oleg):
        assert ("Let in by" if is_in else "Declined by") in await reads(admin, "asked to be let in")
    assert await anna.sees("let you in" if is_in else "declined your request")
