"""Opening the operators' pages about the installation."""

from __future__ import annotations

from bot.domain.notifications import Toast
from bot.domain.operators import InstallationPage
from bot.domain.outgoing import TaskKind
from bot.domain.tasks import CheckGateHealth
from bot.features.support.pages import check_gate, show_installation
from tests.features.rules import GATE, OPERATOR, Rules


async def test_opening_the_page_of_a_gate_also_checks_the_gate(rules: Rules) -> None:
    await rules.becomes(GATE)
    operator = await rules.meets(OPERATOR)
    await rules.database.transact(
        lambda store: show_installation(store, operator, InstallationPage.GATE, about=GATE.chat_id)
    )

    assert await rules.face(OPERATOR) == "installation"
    (check,) = [task.work for task in await rules.tasks(TaskKind.CHECK_GATE)]
    assert isinstance(check, CheckGateHealth)
    assert check.repeats == 1


async def test_a_gate_that_is_gone_is_not_checked(rules: Rules) -> None:
    operator = await rules.meets(OPERATOR)

    answer = await rules.database.transact(lambda store: check_gate(store, operator, -5))

    assert answer is Toast.UNKNOWN
    assert await rules.tasks(TaskKind.CHECK_GATE) == []
