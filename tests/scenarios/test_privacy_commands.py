"""People see their stored data and can delete it; operators can do it for them; nobody else can."""

from __future__ import annotations

import json
import re
from typing import Any

from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from bot.domain.people import CARRIED_WITHIN
from bot.sandbox.faults import Fault
from bot.sandbox.people import Person
from bot.sandbox.world import World
from bot.telegram.keyboards import PersonalAct, PersonalButton
from storage.engine.checks import driver_url
from storage.sql.tables import metadata
from tests.installation import Installation, number_shown, verify
from tests.process import BotProcess
from tests.scenarios.conftest import Install
from tests.scenarios.story import all_is_carried, eventually, guarded, reads

DELETE = "Delete everything"


async def tables_with(callgate: Installation, *words: str) -> set[str]:
    """Return every table with a row that holds one of these words, as a value or within one."""
    engine = create_async_engine(driver_url(callgate.database_url), poolclass=NullPool)
    found = set()
    async with engine.connect() as connection:
        for table in metadata.sorted_tables:
            for row in await connection.execute(table.select()):
                if any(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", str(value)) for value in row for word in words):
                    found.add(table.name)
    await engine.dispose()
    return found


async def is_forgotten(callgate: Installation, person: Person, *words: str) -> None:
    """Return once no table knows the person, after what was in flight has come back."""
    await all_is_carried(callgate)
    callgate.world.clock.advance(CARRIED_WITHIN.total_seconds() + 1)
    await eventually(callgate, "SELECT count(*) AS n FROM erasures", [{"n": 0}])
    assert await tables_with(callgate, str(person.id)) == set()
    # The gateway's inbox may report the call once more later; by then it is a stranger's.
    assert await tables_with(callgate, *words) <= {"gateway_events"}


async def data_of(person: Person) -> dict[str, Any]:
    """Return the contents of the file that the bot sent last."""
    message = await person.sees("Everything I keep about you")
    assert message.document is not None
    assert message.document.name == "callgate-my-data.json"
    document: dict[str, Any] = json.loads(message.document.data)
    return document


async def test_a_person_gets_all_that_is_kept_about_them_as_a_file(world: World, brisk: Installation) -> None:
    _, group = await guarded(world)
    anna = world.person("Anna", language="en")
    await anna.asks_to_join(group)
    await verify(anna)
    await world.wait_until(lambda: anna.id in group.members)

    await anna.says("/mydata")

    document = await data_of(anna)
    assert document["you"][0]["telegram_id"] == anna.id
    assert document["verified_phone"][0]["phone_masked"].endswith(f"{anna.phone[-4:-2]}-{anna.phone[-2:]}")
    assert document["requests_to_enter"][0]["gate"] == group.title
    assert "confirmed" in {entry["event"] for entry in document["journal"]}
    assert anna.phone not in json.dumps(document)


async def test_everything_is_deleted_once_that_is_confirmed_and_they_are_met_anew(
    world: World, brisk: Installation
) -> None:
    _, group = await guarded(world)
    anna = world.person("Anna", language="en")
    await anna.asks_to_join(group)
    await verify(anna)
    await world.wait_until(lambda: anna.id in group.members)
    (phone,) = await brisk.rows("SELECT fingerprint, mask FROM verified_phones")

    await anna.says("/deleteme")
    assert "What stays" in await reads(anna, "Delete everything about you?")
    await anna.presses(DELETE)

    await anna.sees("Deleted.")
    await is_forgotten(brisk, anna, phone["fingerprint"], phone["mask"])
    assert await brisk.rows("SELECT count(*) AS n FROM gateway_events WHERE source = 'callback'") == [{"n": 0}]
    assert anna.id in group.members
    await anna.says("/start")
    await anna.sees("👋")
    (met,) = await brisk.rows("SELECT count(*) AS n FROM journal WHERE user_id = :id", id=anna.id)
    assert met == {"n": 1}


async def test_in_a_call_window_with_a_request_pending_both_end(world: World, brisk: Installation) -> None:
    _, group = await guarded(world)
    anna = world.person("Anna", language="en")
    await anna.asks_to_join(group)
    await anna.shares_contact()
    number = await number_shown(anna)

    await anna.says("/deleteme")
    text = await reads(anna, "Delete everything about you?")
    assert "The current verification is cancelled" in text
    assert "Your requests are withdrawn: Flat owners" in text
    await anna.presses(DELETE)
    await anna.sees("Deleted.")
    await world.wait_until(lambda: anna.id not in group.requests)
    await anna.calls(number)

    await eventually(brisk, "SELECT event FROM journal WHERE event = 'call_unmatched'", [{"event": "call_unmatched"}])
    assert anna.id not in group.members
    await is_forgotten(brisk, anna)


async def test_changing_ones_mind_leads_back_and_deletes_nothing(world: World, brisk: Installation) -> None:
    anna = world.person("Anna", language="en")
    await verify(anna)

    await anna.says("/deleteme")
    await anna.presses("Back")

    await anna.sees("✅")
    assert (await brisk.rows("SELECT user_id FROM verified_phones")) == [{"user_id": anna.id}]


async def test_the_phone_of_the_deleted_verifies_them_again_and_nobody_else(world: World, brisk: Installation) -> None:
    anna, boris = world.person("Anna", language="en"), world.person("Boris", language="en")
    await verify(anna)
    await anna.says("/deleteme")
    await anna.presses(DELETE)
    await anna.sees("Deleted.")
    boris.account.phone = anna.phone

    await boris.says("/start")
    await boris.shares_contact()
    await boris.sees("already verified another account")
    await verify(anna)

    assert (await brisk.rows("SELECT user_id FROM verified_phones")) == [{"user_id": anna.id}]


async def test_an_operator_erases_somebody_by_their_id(world: World, brisk: Installation, operator: Person) -> None:
    _, group = await guarded(world)
    anna = world.person("Anna", language="en")
    await anna.asks_to_join(group)
    await anna.sees("Flat owners")
    await operator.says("/start")

    await operator.says(f"/erase {anna.id}")
    text = await reads(operator, "Erase everything about")
    assert str(anna.id) in text
    assert "Flat owners" in text
    await operator.presses("Erase")

    await operator.sees("Erased.")
    await world.wait_until(lambda: anna.id not in group.requests)
    assert anna.shown("Deleted") is None
    await is_forgotten(brisk, anna)


async def test_an_operator_who_names_nobody_or_an_operator_is_told_so(
    world: World, brisk: Installation, operator: Person
) -> None:
    for written, answer in (
        ("/erase", "by their Telegram id"),
        ("/erase Anna", "by their Telegram id"),
        ("/erase 12345", "I keep nothing"),
        (f"/erase {operator.id}", "That is an operator"),
    ):
        await operator.says(written)
        await operator.sees(answer)


async def test_strangers_do_not_learn_that_operators_have_commands(world: World, brisk: Installation) -> None:
    anna, boris = world.person("Anna", language="en"), world.person("Boris", language="en")
    await verify(boris)
    for written in (f"/erase {boris.id}", "/export", "/export all"):
        await anna.says(written)
        await anna.sees("👋")
    message = await anna.sees("👋")

    forged = PersonalButton(act=PersonalAct.ERASE, person=boris.id).pack()
    answer = await anna.presses_button(message.id, forged)

    assert "I do not know this button" in answer["text"]
    assert await brisk.rows("SELECT user_id FROM verified_phones") == [{"user_id": boris.id}]
    await all_is_carried(brisk)
    assert not any("rase" in (shown.text or "") for shown in anna.chat.messages if shown.sender.is_bot)


async def test_killed_in_the_middle_of_a_deletion_it_is_brought_to_its_end(
    fast_world: World, process: BotProcess
) -> None:
    world, bot = fast_world, process
    await bot.start()
    _, group = await guarded(world)
    anna = world.person("Anna", language="en")
    await anna.asks_to_join(group)
    await anna.sees("Flat owners")
    held: Fault = world.faults.add(where="telegram", kind="reset_before", method="declineChatJoinRequest")
    await anna.says("/deleteme")
    await anna.presses(DELETE)
    await world.wait_until(lambda: held.times == 0)

    await bot.kill()
    await bot.start()

    await world.wait_until(lambda: anna.id not in group.requests)
    await anna.sees("Deleted.")


async def test_both_commands_are_in_the_menu_and_on_the_privacy_screen(world: World, install: Install) -> None:
    await install()
    anna = world.person("Anna", language="en")
    await anna.says("/privacy")

    text = await reads(anna, "What I keep about you")

    assert "/mydata" in text
    assert "/deleteme" in text
    await anna.says("/help")
    listed = await reads(anna, "/mydata")
    assert "/deleteme" in listed
    assert "/erase" not in listed
