"""Personal links: how often, until when, and what ends them."""

from __future__ import annotations

import pytest

from bot.domain.admin_actions import AdminActionKind
from bot.domain.gate_settings import EntryMode
from bot.domain.gates import GrantKind
from bot.domain.notifications import Toast
from bot.domain.outgoing import DeliveryResult, DeliveryStatus, PendingGrant, TaskKind
from bot.features.joining.links import ask_link, renew_links
from tests.features.rules import ANNA, GATE, HOUR, OTHER_GATE, Rules
from tests.tasks import said


async def giving_links(rules: Rules) -> None:
    """Anna is verified, and the gate gives links."""
    await rules.becomes(GATE)
    await rules.chooses(GATE, way=EntryMode.LINK)
    await rules.verifies()


async def asks(rules: Rules) -> None:
    person = await rules.meets(ANNA)
    await rules.database.transact(lambda store: ask_link(store, person, GATE.chat_id, "Anna"))


async def renews(rules: Rules) -> Toast:
    person = await rules.meets(ANNA)
    return await rules.database.transact(lambda store: renew_links(store, person))


async def due(rules: Rules) -> list[PendingGrant]:
    return await rules.database.transact(lambda store: store.grants.due(rules.now, 100, ()))


async def is_made(rules: Rules, url: str) -> None:
    """Telegram makes the link that is due."""
    (link,) = await due(rules)
    assert link.kind is GrantKind.LINK
    await rules.settles(DeliveryResult(link, DeliveryStatus.DONE, answer={"detail": url}))


async def revoked(rules: Rules) -> list[str]:
    return [str(said(task)["link"]) for task in await rules.tasks(TaskKind.REVOKE_LINK)]


async def test_a_fourth_link_within_an_hour_waits_for_its_hour(rules: Rules) -> None:
    await giving_links(rules)
    await asks(rules)
    for number in range(3):
        await is_made(rules, f"link {number}")
        rules.later(60)
        if number < 2:
            assert await renews(rules) is Toast.TRYING_AGAIN
    assert await renews(rules) is Toast.LINKS_LIMITED
    assert await due(rules) == []
    assert await revoked(rules) == ["link 0", "link 1"]

    # She comes in by the newest, leaves, and asks again.
    await rules.asks_to_join(link="link 2")
    (join,) = await due(rules)
    await rules.settles(DeliveryResult(join, DeliveryStatus.DONE))
    await rules.joins(asked=True)
    await rules.leaves()
    await asks(rules)

    assert await due(rules) == []
    rules.later(HOUR - 180)
    assert [grant.kind for grant in await due(rules)] == [GrantKind.LINK]


async def test_a_link_that_nobody_is_to_have_any_more_when_it_is_made_is_revoked(rules: Rules) -> None:
    await giving_links(rules)
    await asks(rules)
    (link,) = await due(rules)
    await rules.wants(AdminActionKind.BLOCK)

    await rules.settles(DeliveryResult(link, DeliveryStatus.DONE, answer={"detail": "a link"}))

    assert await revoked(rules) == ["a link"]
    assert await due(rules) == []


@pytest.mark.parametrize("act", [AdminActionKind.BLOCK, AdminActionKind.REVOKE])
async def test_who_is_no_more_in_is_given_no_links_into_further_chats_also_none_under_way(
    rules: Rules, act: AdminActionKind
) -> None:
    await rules.becomes(OTHER_GATE)
    await rules.becomes(GATE)
    await rules.chooses(GATE, further=(OTHER_GATE.chat_id,))
    await rules.asks_to_join()
    await rules.verifies()
    (join,) = await due(rules)
    await rules.settles(DeliveryResult(join, DeliveryStatus.DONE))
    (extra,) = await due(rules)
    assert (extra.gate_id, extra.kind) == (OTHER_GATE.chat_id, GrantKind.LINK)

    await rules.wants(act)
    await rules.settles(DeliveryResult(extra, DeliveryStatus.DONE, answer={"detail": "a link"}))

    assert await revoked(rules) == ["a link"]
    rows = await rules.rows("SELECT state FROM grants WHERE gate_id = :id", id=OTHER_GATE.chat_id)
    assert [row["state"] for row in rows] == ["gone"]


async def test_by_somebody_elses_link_one_is_asked_for_a_call_like_anybody(rules: Rules) -> None:
    await giving_links(rules)
    await asks(rules)
    await is_made(rules, "a link")

    await rules.asks_to_join(8, link="a link")

    assert await due(rules) == []
    rows = await rules.rows("SELECT user_id, state FROM join_requests ORDER BY user_id")
    assert [(row["user_id"], row["state"]) for row in rows] == [(ANNA, "approved"), (8, "waiting")]
