"""What all tasks of a kind have in common."""

from __future__ import annotations

from bot.domain.outgoing import TASKS, TaskKind
from storage.tasks import RANGES


def test_every_kind_of_task_has_its_type() -> None:
    assert set(TASKS) == set(TaskKind)


def test_every_rank_belongs_to_the_priority_of_its_kind() -> None:
    for kind, its_type in TASKS.items():
        lowest, highest = RANGES[its_type.priority]
        assert lowest <= its_type.rank <= highest, kind
