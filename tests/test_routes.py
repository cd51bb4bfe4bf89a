"""The routes: what handlers take is supplied, and what only operators may use is for them alone."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from aiogram.types import Update

from bot import settings
from bot.domain.installation import OperatorAction
from bot.domain.operator_pages import OperatorPage
from bot.domain.panel import AdminActionKind
from bot.parts import Container
from bot.sandbox.clock import SandboxClock
from bot.telegram.commands import OPERATOR_COMMANDS
from bot.telegram.installation_buttons import InstallationButton
from bot.telegram.keyboards import PersonalAct, PersonalButton, RefreshButton, Subject
from bot.telegram.operator_buttons import SURE, OperatorButton
from bot.telegram.stats_buttons import StatsButton
from tests.domain.makers import NOW
from tests.storage.test_loop_queries import ENVIRONMENT

OPERATOR, STRANGER = 999, 5
SHARED = {"request_id": 1, "users": [{"user_id": 7, "first_name": "Anna"}]}
TEXTS = [
    {"text": f"/{command.name}", "entities": [{"type": "bot_command", "offset": 0, "length": len(command.name) + 1}]}
    for command in OPERATOR_COMMANDS
    if command.name != "gates"
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
    await parts.http.aclose()
    await parts.looking_after.close()


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


TRACES = {
    table: f"SELECT * FROM {table} ORDER BY 1, 2"
    for table in ("operators", "announcements", "access_overrides", "journal")
}


async def traces(bot: Container) -> list[list[dict[str, Any]]]:
    return [await rows(bot, query) for query in TRACES.values()]


@pytest.mark.parametrize(
    "said",
    [
        *TEXTS,
        {"users_shared": SHARED},
        {"caption": "/health", "audio": {"file_id": "1", "file_unique_id": "1", "duration": 1}},
    ],
    ids=str,
)
async def test_somebody_else_gets_the_answer_to_any_text(bot: Container, said: dict[str, Any]) -> None:
    before = await traces(bot)

    await says(bot, STRANGER, **said)

    assert await rows(bot, "SELECT user_id, face FROM screens") == [{"user_id": STRANGER, "face": "welcome"}]
    assert await rows(bot, "SELECT kind FROM tasks") == []
    assert await traces(bot) == before


@pytest.mark.parametrize("button", BUTTONS, ids=str)
async def test_somebody_else_does_not_know_the_button(bot: Container, button: Any) -> None:
    await says(bot, STRANGER, text="hello")
    before = await traces(bot)

    await presses(bot, STRANGER, button.pack())

    assert await rows(bot, "SELECT face FROM screens") == [{"face": "welcome"}]
    (task,) = await rows(bot, "SELECT kind, CAST(details AS TEXT) AS details FROM tasks")
    assert task["kind"] == "answer_button"
    assert '"unknown"' in task["details"]
    assert await traces(bot) == before


@pytest.mark.parametrize("said", [*TEXTS, {"users_shared": SHARED}], ids=str)
async def test_an_operator_gets_another_answer(bot: Container, said: dict[str, Any]) -> None:
    await says(bot, OPERATOR, **said)

    shown = await rows(bot, "SELECT face FROM screens WHERE face <> 'welcome'")
    assert shown or await rows(bot, "SELECT kind FROM tasks")
