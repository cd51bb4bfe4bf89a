"""A request for a file is fast: its content is read when the file is made."""

from __future__ import annotations

import pytest

from bot.domain.outgoing import TaskKind
from bot.features.privacy.my_data import ask_export
from storage.journal import Journal
from tests.features.rules import OPERATOR, Rules
from tests.tasks import said


async def test_who_asks_for_the_journal_has_nobody_wait_until_it_is_counted(
    rules: Rules, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(Journal, "count")
    operator = await rules.meets(OPERATOR)

    await rules.database.transact(lambda store: ask_export(store, operator, "2001-01-01..2001-01-02"))

    (task,) = await rules.tasks(TaskKind.MAKE_FILE)
    assert said(task) == {
        "file": "journal",
        "first": "2001-01-01",
        "last": "2001-01-02",
        "period": "2001-01-01..2001-01-02",
    }
