"""The routes: what handlers take is supplied, and what only operators may use is for them alone."""

from __future__ import annotations

import ast
import inspect
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from aiogram import Dispatcher
from aiogram.dispatcher.event.handler import HandlerObject
from aiogram.filters import Command
from aiogram.filters.callback_data import CallbackQueryFilter
from aiogram.types import CallbackQuery, Message, Update

from bot import settings
from bot.domain.admin_actions import AdminActionKind
from bot.domain.gates import AdminRights, Gate, Right
from bot.domain.operator_pages import OperatorPage
from bot.domain.operators import AddedOperator, OperatorAction
from bot.domain.screens import ScreenName
from bot.domain.setting_choices import Setting
from bot.features.statistics.screens import StatsButton
from bot.features.support.installation import InstallationButton
from bot.features.support.screens import SURE, OperatorButton
from bot.features.verification.attempt import RetryVerification, ShareContact
from bot.sandbox.clock import SandboxClock
from bot.telegram.commands import OPERATOR_COMMANDS
from bot.telegram.keyboards import (
    PanelButton,
    PersonalAct,
    PersonalButton,
    Place,
    PlaceButton,
    RefreshButton,
    Subject,
    VerificationAction,
    VerificationButton,
)
from bot.wiring.build import Container
from handlers.filters import IsAdmin
from handlers.routes import IN_GROUP
from storage.store import Store
from tests.domain.makers import NOW
from tests.storage.test_loop_queries import ENVIRONMENT

OPERATOR, STRANGER = 999, 5
GATE = Gate(-1001, "Flat owners", None, is_channel=False, is_on=True)
SHARED = {"request_id": 1, "users": [{"user_id": 7, "first_name": "Anna"}]}
CHANGED = ("operators", "announcements", "access_overrides", "journal")


def command(name: str) -> dict[str, Any]:
    """A message with this command."""
    return {"text": f"/{name}", "entities": [{"type": "bot_command", "offset": 0, "length": len(name) + 1}]}


SAID = [
    # Everybody has /gates.
    *(command(each.name) for each in OPERATOR_COMMANDS if each.name != "gates"),
    {"users_shared": SHARED},
    {"caption": "/health", "audio": {"file_id": "1", "file_unique_id": "1", "duration": 1}},
]
BUTTONS = [
    *(RefreshButton(what=what) for what in Subject),
    *(InstallationButton(want=want, about=OPERATOR) for want in OperatorAction),
    *(OperatorButton(page=page, user=7, act=AdminActionKind.BLOCK, how=SURE) for page in OperatorPage),
    *(OperatorButton(page=OperatorPage.CONFIRM, user=7, act=act, how=SURE) for act in AdminActionKind),
    PersonalButton(act=PersonalAct.ERASE, person=7),
    StatsButton(period="7d", gate=0),
]


@pytest.fixture
async def bot(database_url: str) -> AsyncIterator[Container]:
    """The whole bot, idle."""
    config = settings.load({**ENVIRONMENT, "DATABASE_URL": database_url}, None)

    async def is_ready() -> None:
        return None

    parts = Container(config, SandboxClock(rate=0, start=NOW), "https://telegram.example/script.js", is_ready)
    await parts.database.open()
    yield parts
    await parts.database.close()
    await parts.bot.session.close()
    await parts.gateway.close()
    await parts.looking_after.close()


# Wiring

FED = {"bot", "store"}
"""What the composition root passes with each update."""
BY_MIDDLEWARE = {
    "message": {"person", "gate_id"},
    "callback_query": {"person", "gate_id"},
    "chat_join_request": {"person"},
}
BY_FILTER = {Command: "command", CallbackQueryFilter: "callback_data", IsAdmin: "own_gates"}


def parameters(function: Callable[..., Any]) -> dict[str, bool]:
    """The parameters after the event, and whether each must be given."""
    given = list(inspect.signature(function).parameters.values())[1:]
    return {each.name: each.default is each.empty for each in given if each.kind is not each.VAR_KEYWORD}


def filters(handler: HandlerObject) -> list[Any]:
    """The filters of a route, as they were written."""
    return [each.magic if each.magic is not None else each.callback for each in handler.filters or ()]


def takers(dispatcher: Dispatcher) -> Iterator[tuple[str, Callable[..., Any], set[str]]]:
    """All handlers and filters of our own: the name, the function, and what it could take besides the workflow data."""
    for name, observer in dispatcher.observers.items():
        for handler in observer.handlers:
            given = set(FED)
            for each in filters(handler):
                if type(each).__module__.startswith("handlers."):
                    yield type(each).__name__, each.__call__, set(given)
                given |= {supplied for kind, supplied in BY_FILTER.items() if isinstance(each, kind)}
            given |= BY_MIDDLEWARE.get(name, set())
            if any(each is IN_GROUP for each in filters(handler)):
                # A group is nobody's private chat.
                given.discard("person")
            yield f"{handler.callback.__module__}.{handler.callback.__name__}", handler.callback, given


def unsupplied(dispatcher: Dispatcher) -> list[str]:
    """The parameters that nothing supplies."""
    return [
        f"{name}: {parameter}"
        for name, function, given in takers(dispatcher)
        for parameter, is_required in parameters(function).items()
        if is_required and parameter not in given | dispatcher.workflow_data.keys()
    ]


def untaken(dispatcher: Dispatcher) -> set[str]:
    """The workflow data that nothing takes."""
    taken = {parameter for _, function, _ in takers(dispatcher) for parameter in parameters(function)}
    return set(dispatcher.workflow_data) - taken


def mistyped(dispatcher: Dispatcher) -> list[str]:
    """The workflow data that is no instance of what a handler says it takes."""
    return [
        f"{name}: {parameter}"
        for name, function, _ in takers(dispatcher)
        for parameter, kind in get_type_hints(function).items()
        if parameter in dispatcher.workflow_data
        and not getattr(kind, "_is_protocol", False)
        and not isinstance(dispatcher.workflow_data[parameter], kind)
    ]


async def test_all_that_a_handler_or_a_filter_takes_is_supplied(bot: Container) -> None:
    assert len(list(takers(bot.dispatcher))) > 50
    assert unsupplied(bot.dispatcher) == []
    assert mistyped(bot.dispatcher) == []


async def test_all_that_is_supplied_is_taken(bot: Container) -> None:
    assert untaken(bot.dispatcher) == set()


async def test_a_mistake_in_the_wiring_would_be_seen(bot: Container) -> None:
    async def misspelt(message: Message, show_scren: ShareContact) -> None: ...

    async def in_group(message: Message, person: object) -> None: ...

    async def of_another_type(message: Message, take_contact: RetryVerification) -> None: ...

    dispatcher = bot.dispatcher
    for handler in (misspelt, of_another_type):
        dispatcher.message.register(handler)
    dispatcher.message.register(in_group, IN_GROUP)
    dispatcher.workflow_data["ask_anything"] = object()

    assert unsupplied(dispatcher) == ["tests.test_routes.misspelt: show_scren", "tests.test_routes.in_group: person"]
    assert mistyped(dispatcher) == ["tests.test_routes.of_another_type: take_contact"]
    assert untaken(dispatcher) == {"ask_anything"}


# Buttons


async def routes_of(bot: Container, data: str) -> list[str]:
    """The handlers of a button with this data, whoever presses it, in their order."""
    query = CallbackQuery.model_validate({"id": "1", "from": user(STRANGER), "chat_instance": "1", "data": data})

    async def leads_to(handler: HandlerObject) -> bool:
        return all([await each(query) for each in filters(handler) if isinstance(each, CallbackQueryFilter)])

    handlers = bot.dispatcher.callback_query.handlers
    return [handler.callback.__name__ for handler in handlers if await leads_to(handler)]


async def test_every_button_that_the_bot_makes_has_a_route(bot: Container) -> None:
    made = [
        *(VerificationButton(step=step, id=1) for step in VerificationAction),
        *(PlaceButton(place=place) for place in Place),
        *(PersonalButton(act=act) for act in PersonalAct),
        *(PanelButton(act=act, gate=-1) for act in AdminActionKind),
        *BUTTONS,
    ]

    first = {button.pack(): (await routes_of(bot, button.pack()))[0] for button in made}

    assert {data for data, name in first.items() if name in ("unknown_button", "lost_button")} == set()
    assert await routes_of(bot, "from a version long gone") == ["unknown_button"]


async def test_a_chat_whose_id_no_column_can_hold_is_an_unknown_choice(bot: Container) -> None:
    async def runs(store: Store) -> None:
        await store.gates.save(GATE, NOW)
        await store.admins.note(GATE.chat_id, STRANGER, NOW, AdminRights(is_admin=True, held=frozenset(Right)))

    await bot.database.transact(runs)
    chosen = [f"{sign}{chat_id}" for sign in "+-" for chat_id in (2**63, -(2**63), 10**21)]
    chosen = [
        PanelButton(act=AdminActionKind.SET, gate=GATE.chat_id, key=Setting.FURTHER, value=value).pack()
        for value in chosen
    ]

    for data in chosen:
        await presses(bot, STRANGER, data)

    assert await toasts(bot) == dict.fromkeys(chosen, "unknown")


# Rights


async def comes(bot: Container, **what: Any) -> None:
    """Telegram reports an update."""
    update = Update.model_validate({"update_id": 1, **what}, context={"bot": bot.bot})
    await bot.database.transact(lambda store: bot.dispatcher.feed_update(bot.bot, update, store=store))


def user(user_id: int) -> Mapping[str, Any]:
    return {"id": user_id, "is_bot": False, "first_name": "Olga", "language_code": "en"}


async def says(bot: Container, user_id: int, **what: Any) -> None:
    chat = {"id": user_id, "type": "private"}
    await comes(bot, message={"message_id": 1, "date": 0, "chat": chat, "from": user(user_id), **what})


async def presses(bot: Container, user_id: int, data: str) -> None:
    await comes(bot, callback_query={"id": data, "from": user(user_id), "chat_instance": "1", "data": data})


async def rows(bot: Container, query: str) -> list[dict[str, Any]]:
    async with bot.database.begin() as connection:
        return [dict(row) for row in (await connection.exec_driver_sql(query)).mappings()]


async def toasts(bot: Container) -> dict[str, str]:
    """The answers to buttons, by their data."""
    tasks = await rows(bot, "SELECT CAST(details AS TEXT) AS details FROM tasks WHERE kind = 'answer_button'")
    return {told["query_id"]: told["toast"] for told in (json.loads(task["details"]) for task in tasks)}


async def traces(bot: Container) -> list[list[dict[str, Any]]]:
    """What an operator's command or button could change."""
    return [await rows(bot, f"SELECT * FROM {table} ORDER BY 1, 2") for table in CHANGED]


async def test_an_operators_command_of_somebody_else_is_any_text(bot: Container) -> None:
    before = await traces(bot)

    for said in SAID:
        await says(bot, STRANGER, **said)
        assert await rows(bot, "SELECT face FROM screens") == [{"face": "welcome"}], said
        await bot.database.transact(lambda store: store.screens.show(STRANGER, STRANGER, ScreenName.HELP, NOW))

    assert await rows(bot, "SELECT kind FROM tasks") == []
    assert await traces(bot) == before


async def test_nobody_else_knows_an_operators_button(bot: Container) -> None:
    await says(bot, STRANGER, text="hello")
    before = await traces(bot)

    for button in BUTTONS:
        await presses(bot, STRANGER, button.pack())

    assert await rows(bot, "SELECT face FROM screens") == [{"face": "welcome"}]
    assert {task["kind"] for task in await rows(bot, "SELECT kind FROM tasks")} == {"answer_button"}
    assert await toasts(bot) == {button.pack(): "unknown" for button in BUTTONS}
    assert await traces(bot) == before


async def test_an_operator_gets_another_answer(bot: Container) -> None:
    for said in SAID:
        await bot.database.transact(lambda store: store.screens.show(OPERATOR, OPERATOR, ScreenName.HELP, NOW))
        tasks = len(await rows(bot, "SELECT id FROM tasks"))

        await says(bot, OPERATOR, **said)

        (screen,) = await rows(bot, "SELECT face FROM screens")
        assert screen["face"] not in {"help", "welcome"} or len(await rows(bot, "SELECT id FROM tasks")) > tasks, said


async def test_who_has_just_ceased_to_be_an_operator_has_no_rights_and_no_page_left(bot: Container) -> None:
    added = AddedOperator(STRANGER, "Olga", OPERATOR, NOW)
    await bot.database.transact(lambda store: store.operators.add(added))
    await says(bot, STRANGER, **command("announce"))
    assert await rows(bot, "SELECT face FROM screens") == [{"face": "installation"}]

    await bot.database.transact(lambda store: store.operators.remove(STRANGER))
    await says(bot, STRANGER, text="Water is off tomorrow")

    assert await rows(bot, "SELECT face FROM screens") == [{"face": "welcome"}]
    assert await rows(bot, "SELECT * FROM announcements") == []


def test_handlers_leave_the_store_to_use_cases() -> None:
    # These record the update, find the person and the gate, and check rights, before a handler runs.
    before = {"middlewares.py", "filters.py", "updates.py"}
    used = [
        f"{file.name}:{node.lineno}: {ast.unparse(node)}"
        for file in (Path(__file__).parent.parent / "handlers").glob("*.py")
        if file.name not in before
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "store"
    ]

    assert used == []
