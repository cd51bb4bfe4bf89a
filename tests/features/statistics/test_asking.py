"""Which statistics operators and admins see, and how to name the gates."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.gates import NO_ADMIN, OWNER, AdminRights, Gate
from bot.domain.journal import Event
from bot.domain.notifications import Toast
from bot.domain.outgoing import PendingTask, Priority, TaskKind
from bot.domain.statistics import NO_GATE, FunnelStep, StatsReply
from bot.domain.tasks import CheckAdminRights
from bot.features.statistics.actions import ON_A_PAGE, AskStatistics
from bot.features.statistics.screens import SUMMARY
from storage.store import Store
from tests.features.rules import ANNA, BORIS, GATE, OPERATOR, OTHER_GATE, Rules
from tests.tasks import said

STREET = Gate(-1003, "Flat owners, 3 Hill Road", "HillRoad", is_channel=False, is_on=False)


def answer_of(task: PendingTask) -> dict[str, Any]:
    """Return what the row holds; of a chart, the period and the gate too."""
    answer: dict[str, Any] = {"more": 0, **said(task)}
    if "summary" in answer:
        summary = json.loads(answer["summary"])
        answer |= {"period": summary["period_name"], "gate": summary["statistics"]["gate_id"] or NO_GATE}
    return answer


class Asking:
    """People who ask, over one database."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.desk = rules.desk
        self.ask = AskStatistics(rules.desk)

    async def says(self, user_id: int, asked: str) -> None:
        """Send the command, as the operator or as an admin."""
        person = await self.rules.meets(user_id)

        async def answer(store: Store) -> None:
            if user_id == OPERATOR:
                await self.ask.of_all(store, person, asked)
            else:
                await self.ask.of_own(store, person, await store.admins.gates_of(user_id), asked)

        await self.rules.database.transact(answer)

    async def presses(
        self, user_id: int, period: str, gate_id: int, page: int = -1, message_id: int | None = 5
    ) -> None:
        person = await self.rules.meets(user_id)
        press = self.ask.press_of_all if user_id == OPERATOR else self.ask.press_of_own
        await self.rules.database.transact(
            lambda store: press(store, person, "query", period, gate_id, page, message_id)
        )

    async def keeps(self, gate: Gate) -> None:
        """Store this gate."""
        await self.rules.database.transact(lambda store: store.gates.save(gate, self.rules.now))

    async def runs(self, user_id: int, gate: Gate, *, is_admin: bool = True) -> None:
        """Telegram has just confirmed it."""
        now = self.rules.now
        await self.rules.database.transact(
            lambda store: store.admins.note(gate.chat_id, user_id, now, OWNER if is_admin else NO_ADMIN)
        )

    async def is_told(self, store: Store, check: PendingTask, rights: AdminRights) -> None:
        """Telegram reports their rights at the gate."""
        assert isinstance(check.work, CheckAdminRights)
        await self.desk.told(store, check.work, {GATE.chat_id: rights})

    async def tasks(self, kind: TaskKind = TaskKind.STATS) -> list[PendingTask]:
        due = await self.rules.database.transact(lambda store: store.tasks.due(self.rules.now, 100, (), Priority.SOON))
        return [task for task in due if task.kind is kind]

    async def answer(self) -> dict[str, Any]:
        """Return the answer."""
        (task,) = await self.tasks()
        return answer_of(task)

    async def toasts(self) -> list[str]:
        return [str(said(task)["toast"]) for task in await self.tasks(TaskKind.ANSWER_BUTTON)]


@pytest.fixture
async def asking(rules: Rules) -> Asking:
    """Three gates exist."""
    for gate in (GATE, OTHER_GATE, STREET):
        await Asking(rules).keeps(gate)
    return Asking(rules)


async def test_operators_see_all_gates_together(asking: Asking) -> None:
    await asking.rules.asks_to_join()

    await asking.says(OPERATOR, "")

    answer = await asking.answer()
    summary = json.loads(answer["summary"])
    assert (answer["answer"], answer["period"], answer["gate"]) == (StatsReply.CHART, "7d", 0)
    assert summary["statistics"]["funnel"][FunnelStep.ASKED] == 1
    assert summary["titles"] == {str(GATE.chat_id): GATE.title}


async def test_six_came_in_three_of_them_by_a_call_and_two_in_the_week_before(asking: Asking) -> None:
    now, days_ago = asking.rules.now, {"called": (0, 0, 1, 7, 14), "known": (1, 6, 13), "other": (6,)}

    async def come_in(store: Store) -> None:
        for code, days in days_ago.items():
            for day in days:
                at = now - timedelta(days=day)
                store.journal.add(Event.GRANT_DONE, at, user_id=1, gate_id=GATE.chat_id, code=code)

    await asking.rules.database.transact(come_in)
    await asking.says(OPERATOR, f"7d {GATE.chat_id}")

    report = SUMMARY.validate_json((await asking.answer())["summary"])
    assert (report.statistics.entered, report.statistics.funnel[FunnelStep.IN], report.entered_before) == (6, 3, 2)


@pytest.mark.parametrize("name", ["today", "all"])
async def test_a_day_that_is_not_over_and_all_time_are_compared_with_nothing(asking: Asking, name: str) -> None:
    await asking.says(OPERATOR, name)

    assert json.loads((await asking.answer())["summary"])["entered_before"] is None


@pytest.mark.parametrize(
    ("asked", "period", "gate"),
    [
        (f"{GATE.chat_id}", "7d", GATE),
        (f"today {GATE.chat_id}", "today", GATE),
        ("90D hill road", "90d", STREET),
        ("@hillroad all", "all", STREET),
        ("flat   OWNERS,", "7d", STREET),
        ("GARA", "7d", OTHER_GATE),
        ("Flat owners", "7d", GATE),
    ],
)
async def test_a_gate_is_named_by_id_name_or_title_and_the_whole_title_goes_before_a_part(
    asking: Asking, asked: str, period: str, gate: Gate
) -> None:
    await asking.says(OPERATOR, asked)

    answer = await asking.answer()
    assert (answer["answer"], answer["period"], answer["gate"]) == (StatsReply.CHART, period, gate.chat_id)
    assert json.loads(answer["summary"])["title"] == gate.title


@pytest.mark.parametrize("asked", ["yesterday", "12d", "7d basement", "-100", "@nobody", "today 7d", "%", "_"])
async def test_what_is_neither_a_period_nor_a_gate_is_answered_with_what_there_is(asking: Asking, asked: str) -> None:
    await asking.says(OPERATOR, asked)

    answer = await asking.answer()
    assert answer["answer"] == StatsReply.UNKNOWN
    assert [title for _, title in json.loads(answer["gates"])] == [GATE.title, STREET.title, OTHER_GATE.title]


@pytest.mark.parametrize("asked", ["+79991234567", "7d 8 (999) 123-45-67", "Anna +7 999 123 45 67"])
async def test_a_phone_that_is_asked_for_by_mistake_is_kept_nowhere(asking: Asking, asked: str) -> None:
    await asking.says(OPERATOR, asked)

    answer = await asking.answer()
    assert (answer["answer"], answer["asked"]) == (StatsReply.UNKNOWN, "")


async def test_a_name_of_several_gates_is_asked_back(asking: Asking) -> None:
    await asking.says(OPERATOR, "30d owner")

    answer = await asking.answer()
    assert (answer["answer"], answer["period"], answer["more"]) == (StatsReply.CHOOSE, "30d", 0)
    assert [gate_id for gate_id, _ in json.loads(answer["gates"])] == [GATE.chat_id, STREET.chat_id]


async def test_an_admin_sees_their_own_gate_only(asking: Asking) -> None:
    await asking.runs(BORIS, GATE)

    await asking.says(BORIS, "")
    assert (await asking.answer())["gate"] == GATE.chat_id
    await asking.says(BORIS, OTHER_GATE.title)
    assert (await asking.answer())["answer"] == StatsReply.UNKNOWN
    assert OTHER_GATE.title not in (await asking.answer())["gates"]


async def test_telegram_is_asked_first_whether_they_still_are_an_admin(asking: Asking) -> None:
    await asking.runs(BORIS, GATE)
    asking.rules.later(61)

    await asking.says(BORIS, "today")
    (check,) = await asking.tasks(TaskKind.CHECK_ADMIN)
    assert await asking.tasks() == []
    await asking.rules.database.transact(lambda store: asking.is_told(store, check, OWNER))

    answer = await asking.answer()
    assert (answer["period"], answer["gate"], "message_id" in answer) == ("today", GATE.chat_id, False)


async def test_who_is_no_admin_any_more_is_shown_where_they_stand(asking: Asking) -> None:
    await asking.runs(BORIS, GATE)
    asking.rules.later(61)
    await asking.says(BORIS, "")
    (check,) = await asking.tasks(TaskKind.CHECK_ADMIN)

    await asking.rules.database.transact(lambda store: asking.is_told(store, check, NO_ADMIN))

    assert await asking.tasks() == []
    assert await asking.rules.face(BORIS) == "welcome"


async def test_a_pressed_button_changes_its_message(asking: Asking) -> None:
    await asking.presses(OPERATOR, "90d", GATE.chat_id)

    answer = await asking.answer()
    assert (answer["period"], answer["gate"], answer["message_id"]) == ("90d", GATE.chat_id, 5)
    assert await asking.toasts() == [Toast.NOTHING]


@pytest.mark.parametrize(
    ("user_id", "period", "gate_id"),
    [(OPERATOR, "1y", 0), (OPERATOR, "7d", -404), (BORIS, "7d", 0), (ANNA, "7d", 0), (BORIS, "1y", GATE.chat_id)],
)
async def test_a_button_that_nobody_made_for_them_does_nothing(
    asking: Asking, user_id: int, period: str, gate_id: int
) -> None:
    await asking.runs(BORIS, GATE)

    await asking.presses(user_id, period, gate_id)

    assert await asking.tasks() == []
    assert await asking.toasts() == [Toast.UNKNOWN]


async def test_another_admins_button_does_nothing(asking: Asking) -> None:
    await asking.runs(BORIS, GATE)
    await asking.runs(BORIS, OTHER_GATE, is_admin=False)

    await asking.presses(BORIS, "7d", OTHER_GATE.chat_id)

    assert await asking.tasks() == []
    assert await asking.toasts() == [Toast.NOT_ADMIN]


async def test_many_gates_are_listed_page_by_page(asking: Asking) -> None:
    for number in range(ON_A_PAGE):
        gate = Gate(-2000 - number, f"Zoo {number}", None, is_channel=False, is_on=True)
        await asking.keeps(gate)

    pages = []
    for page in (0, 1, 99):
        await asking.presses(OPERATOR, "7d", 0, page)
        answer = await asking.answer()
        assert (answer["answer"], answer["pages"]) == (StatsReply.GATES, 2)
        pages.append((answer["page"], [title for _, title in json.loads(answer["gates"])]))

    assert pages[0] == (0, [GATE.title, STREET.title, OTHER_GATE.title, *(f"Zoo {n}" for n in range(5))])
    assert pages[1] == pages[2] == (1, ["Zoo 5", "Zoo 6", "Zoo 7"])
    await asking.says(OPERATOR, "zoo")
    assert (await asking.answer())["more"] == 0
    await asking.says(OPERATOR, "o")
    assert (await asking.answer())["more"] == 2


async def test_only_the_newest_of_what_a_chat_asked_for_goes_out(asking: Asking) -> None:
    for period in ("today", "7d", "all"):
        await asking.presses(OPERATOR, period, 0)
    await asking.runs(BORIS, GATE)
    await asking.says(BORIS, "30d")

    assert [answer_of(task)["period"] for task in await asking.tasks()] == ["all", "30d"]


async def test_nobody_is_shown_what_they_asked_for_long_ago(asking: Asking) -> None:
    await asking.says(OPERATOR, "")

    asking.rules.later(11 * 60)

    assert await asking.tasks() == []
