"""Operators are added and removed at runtime; a removed one sees and gets nothing more of theirs."""

from __future__ import annotations

import pytest

from bot.domain.journal import Event
from bot.domain.notifications import Toast
from bot.domain.operator_pages import OperatorPage
from bot.domain.operators import AddedOperator, AllGates, GateForOperators, InstallationPage, OperatorList
from bot.domain.outgoing import PendingScreen, PendingTask, TaskKind
from bot.domain.people import DeletionScreen, FileKind
from bot.domain.screens import ScreenName, Welcome
from bot.features.operators.registry import Operators
from bot.features.privacy.erase import AskDeletion, ConfirmDeletion, ErasePerson
from bot.features.privacy.my_data import ask_export, ask_my_data
from bot.features.statistics.actions import send_chart
from storage.store import Store
from tests.features.rules import ANNA, BORIS, GATE, OPERATOR, Rules
from tests.tasks import said, work

PAVEL = 7_000_000_321
SEEN: dict[ScreenName, dict[str, str | int]] = {
    ScreenName.INSTALLATION: {"page": InstallationPage.OPERATORS},
    ScreenName.OPERATOR: {"page": OperatorPage.PERSON, "user": ANNA},
    ScreenName.ERASE: {"person": ANNA, "deletion": "asked"},
}


async def is_added(rules: Rules, *user_ids: int) -> None:
    """These are operators, and have written to the bot."""
    for user_id in user_ids:
        await rules.meets(user_id)
        added = AddedOperator(user_id, "Pavel", OPERATOR, rules.now)
        await rules.database.transact(lambda store, added=added: store.operators.add(added))  # type: ignore[misc]


async def removes(rules: Rules, user_id: int = PAVEL) -> Toast:
    return await rules.database.transact(lambda store: rules.appoint.remove(store, OPERATOR, "Oleg", user_id))


async def asks_for_everything(rules: Rules) -> None:
    """Request everything that an operator gets through a task, and their own data."""
    person = await rules.meets(PAVEL)

    async def ask(store: Store) -> None:
        store.journal.add(Event.STARTED, rules.now, user_id=PAVEL)
        for kind in (TaskKind.HEALTH, TaskKind.BALANCE):
            await store.tasks.add(work(kind), PAVEL, rules.now, user_id=PAVEL)
        await send_chart(store, PAVEL, "7d", None, (), together=True)
        await ask_my_data(store, person)

    await rules.database.transact(ask)
    await rules.database.transact(lambda store: ask_export(store, person, "all"))


async def picked(rules: Rules) -> list[str]:
    """Return what goes out to Pavel, except messages; files by their kind."""
    return [
        str(said(item).get("file", item.kind))
        for item in await rules.picks()
        if isinstance(item, PendingTask) and item.chat_id == PAVEL and item.kind is not TaskKind.NOTIFY
    ]


@pytest.mark.parametrize("face", [*SEEN, ScreenName.HELP])
async def test_who_is_removed_sees_nothing_that_operators_see(rules: Rules, face: ScreenName) -> None:
    await is_added(rules, PAVEL)
    await rules.meets(ANNA)
    details = SEEN.get(face)
    await rules.database.transact(lambda store: store.screens.show(PAVEL, PAVEL, face, rules.now, details=details))

    await removes(rules)

    assert await rules.face(PAVEL) == ScreenName.WELCOME


@pytest.mark.parametrize("face", SEEN)
async def test_a_page_of_operators_is_drawn_for_operators_only(rules: Rules, face: ScreenName) -> None:
    await rules.meets(ANNA)
    await rules.meets(PAVEL)
    await rules.database.transact(lambda store: store.screens.show(PAVEL, PAVEL, face, rules.now, details=SEEN[face]))

    (screen,) = [item for item in await rules.picks() if isinstance(item, PendingScreen)]

    assert isinstance(screen.view, Welcome)


async def test_who_is_removed_gets_nothing_any_more_that_they_asked_for_as_an_operator(rules: Rules) -> None:
    await is_added(rules, PAVEL)
    await asks_for_everything(rules)
    assert set(await picked(rules)) == {"health", "balance", "stats", FileKind.MY_DATA, FileKind.JOURNAL}

    await removes(rules)
    # Added again, they ask again.
    await is_added(rules, PAVEL)

    assert await picked(rules) == [FileKind.MY_DATA]


async def test_nor_does_who_was_taken_from_the_configuration(rules: Rules) -> None:
    await rules.meets(PAVEL)
    await asks_for_everything(rules)

    assert await picked(rules) == [FileKind.MY_DATA]
    assert await rules.undone() == [TaskKind.MAKE_FILE]


async def test_of_an_operator_who_deletes_themselves_the_others_hear_but_not_who_it_was(rules: Rules) -> None:
    await rules.meets(OPERATOR)
    await is_added(rules, PAVEL, BORIS)
    pavel = await rules.meets(PAVEL)
    await rules.database.transact(lambda store: AskDeletion(rules.operators).own(store, pavel))
    (screen,) = [item for item in await rules.picks() if isinstance(item, PendingScreen)]
    assert isinstance(screen.view, DeletionScreen)
    assert screen.view.is_operator

    confirm = ConfirmDeletion(ErasePerson(rules.operators), rules.operators)
    await rules.database.transact(lambda store: confirm.own(store, pavel))

    assert await rules.rows("SELECT event, user_id, actor_id FROM journal ORDER BY id") == [
        {"event": "operator_removed", "user_id": None, "actor_id": None},
        {"event": "erased", "user_id": None, "actor_id": None},
    ]
    told = [one for one in await rules.tasks(TaskKind.NOTIFY) if said(one)["notice"] == "operator_erased"]
    assert {one.chat_id for one in told} == {OPERATOR, BORIS}
    assert all(dict(said(one)) == {"notice": "operator_erased"} for one in told)


async def test_who_was_no_operator_is_deleted_without_a_word_to_them(rules: Rules) -> None:
    await rules.meets(PAVEL)
    await is_added(rules, OPERATOR)
    erase = ErasePerson(rules.operators)

    await rules.database.transact(lambda store: erase(store, PAVEL))
    # Being named in the configuration makes them an operator.
    await rules.database.transact(lambda store: erase(store, OPERATOR))

    assert await rules.journal() == ["erased", "erased"]
    assert set(await rules.notifications()) == {"erased"}


async def test_an_operator_who_was_added_is_erased_by_nobody_else(rules: Rules) -> None:
    operator = await rules.meets(OPERATOR)
    await is_added(rules, PAVEL)
    confirm = ConfirmDeletion(ErasePerson(rules.operators), rules.operators)

    assert await rules.database.transact(lambda store: confirm.of(store, operator, PAVEL)) is Toast.OVER

    assert await rules.rows("SELECT user_id FROM operators") == [{"user_id": PAVEL}]


async def test_each_of_many_operators_stands_on_some_page(rules: Rules) -> None:
    many = [PAVEL + number for number in range(25)]
    await rules.meets(OPERATOR)
    await is_added(rules, *many)
    found: list[int] = []

    for page in range(9):
        details: dict[str, str | int] = {"page": InstallationPage.OPERATORS, "number": page}
        await rules.database.transact(
            lambda store, details=details: store.screens.show(  # type: ignore[misc]
                OPERATOR, OPERATOR, ScreenName.INSTALLATION, rules.now, details=details
            )
        )
        (view,) = [item.view for item in await rules.picks() if isinstance(item, PendingScreen)]
        assert isinstance(view, OperatorList)
        assert view.total == 26
        if view.page == page:
            found += [line.user_id for line in view.operators]

    assert found == [OPERATOR, *many]


async def test_operators_see_one_gate_and_all_of_them_once_it_is_unknown(rules: Rules) -> None:
    await rules.meets(OPERATOR)
    await rules.becomes(GATE)

    async def see(gate_id: int) -> object:
        details: dict[str, str | int] = {"page": InstallationPage.GATE, "id": gate_id}
        await rules.database.transact(
            lambda store: store.screens.show(OPERATOR, OPERATOR, ScreenName.INSTALLATION, rules.now, details=details)
        )
        (view,) = [item.view for item in await rules.picks() if isinstance(item, PendingScreen)]
        return view

    gate = await see(GATE.chat_id)
    assert isinstance(gate, GateForOperators)
    assert gate.monitoring.gate.chat_id == GATE.chat_id
    assert isinstance(await see(GATE.chat_id - 1), AllGates)


async def test_what_was_added_of_one_whom_the_configuration_names_can_be_removed_and_they_stay(rules: Rules) -> None:
    await is_added(rules, OPERATOR)
    await rules.database.transact(
        lambda store: store.screens.show(
            OPERATOR, OPERATOR, ScreenName.OPERATOR, rules.now, details=SEEN[ScreenName.OPERATOR]
        )
    )

    assert [await removes(rules, OPERATOR) for _ in range(2)] == [Toast.DONE, Toast.CONFIGURED]

    assert await rules.rows("SELECT user_id FROM operators") == []
    assert await rules.journal() == ["operator_removed"]
    assert await rules.face(OPERATOR) == ScreenName.OPERATOR
    assert await rules.notifications() == []
    assert not await rules.database.transact(lambda store: Operators().is_operator(store, OPERATOR))
