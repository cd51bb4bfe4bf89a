"""What operators can find, see and do: about anybody, at every gate; and nobody else can."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from bot.domain.admin_actions import AdminActionKind
from bot.domain.gate_settings import EntryMode
from bot.domain.gates import Gate
from bot.domain.notifications import Toast
from bot.domain.operator_pages import (
    Confirmation,
    Found,
    GatesToActAt,
    NoResults,
    NoResultsReason,
    OperatorPage,
    PersonCard,
    Recent,
    StuckItemKind,
)
from bot.domain.outgoing import DeliveryResult, DeliveryStatus, PendingScreen, PendingTask, TaskKind
from bot.domain.people_pages import Stage
from bot.domain.screens import View, Welcome
from bot.features.privacy.erase import AskDeletion
from bot.features.support.actions import OperatorDesk, OperatorRequest
from bot.features.support.search import FindPeople, Search
from tests.features.admin_panel import notes
from tests.features.rules import ANNA, BORIS, GATE, HOUR, OPERATOR, OTHER_GATE, OTHER_PHONE, PHONE, Rules
from tests.tasks import said

COLLEAGUE, STRANGER = 998, 5
QUERIES = itertools.count(1)


class Desk:
    """The operators' desk over the use cases."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.find = FindPeople(rules.plan, rules.phone_cipher)
        self.desk = OperatorDesk(self.find, AskDeletion(rules.operators))

    async def searches(self, asked: str) -> Search:
        return await self.rules.database.transact(lambda store: self.find(store, asked))

    async def looks_up(self, asked: str, who: int = OPERATOR) -> None:
        person = await self.rules.meets(who)
        return await self.rules.database.transact(lambda store: self.desk.look_up(store, person, asked, 77))

    async def recent(self, who: int = OPERATOR) -> None:
        person = await self.rules.meets(who)
        return await self.rules.database.transact(lambda store: self.desk.recent(store, person))

    async def presses(self, page: OperatorPage, who: int = OPERATOR, **what: Any) -> Toast:
        person, query_id = await self.rules.meets(who), f"query {next(QUERIES)}"
        pressed = OperatorRequest(page, **what)
        await self.rules.database.transact(lambda store: self.desk.press(store, person, query_id, pressed))
        answers = await self.rules.tasks(TaskKind.ANSWER_BUTTON)
        (answer,) = [task for task in answers if said(task)["query_id"] == query_id]
        return Toast(str(said(answer)["toast"]))

    async def does(
        self, act: AdminActionKind, about: int = ANNA, gate: Gate | None = None, who: int = OPERATOR
    ) -> Toast:
        """Press the button, with confirmation."""
        gate_id = gate.chat_id if gate is not None else 0
        return await self.presses(OperatorPage.CONFIRM, who, user_id=about, act=act, gate_id=gate_id, is_sure=True)

    async def sees(self, who: int = OPERATOR) -> View:
        """Return their current view."""
        self.rules.later(2)
        screens = [item for item in await self.rules.picks() if isinstance(item, PendingScreen)]
        (view,) = [screen.view for screen in screens if screen.user_id == who]
        return view

    async def card(self, about: int = ANNA) -> PersonCard:
        await self.looks_up(str(about))
        view = await self.sees()
        assert isinstance(view, PersonCard)
        return view


@pytest.fixture
def desk(rules: Rules) -> Desk:
    return Desk(rules)


async def open_gates(rules: Rules) -> None:
    for gate in (GATE, OTHER_GATE):
        await rules.becomes(gate)


async def comes_in(rules: Rules, user_id: int = ANNA, phone: str = PHONE, *gates: Gate) -> None:
    """Ask, verify, and be in at these gates."""
    for gate in gates or (GATE,):
        await rules.asks_to_join(user_id, gate)
    await rules.verifies(user_id, phone)
    for item in await rules.picks():
        if not isinstance(item, PendingScreen | PendingTask):
            await rules.settles(DeliveryResult(item, DeliveryStatus.DONE))


# Finding


@pytest.mark.parametrize(
    "asked",
    [
        "+79991231234",
        "8 (999) 123-12-34",
        "7 999 123 12 34",
        "79991231234",
        "89991231234",
        "tel:+7-999-123-12-34",
        " +7.999.1231234 ",
    ],
)
async def test_a_phone_is_found_in_any_writing_and_its_message_deleted(rules: Rules, desk: Desk, asked: str) -> None:
    await rules.verifies()

    await desk.looks_up(asked)

    view = await desk.sees()
    assert isinstance(view, PersonCard)
    assert view.user_id == ANNA
    assert [said(task) for task in await rules.tasks(TaskKind.DELETE_MESSAGE)][-1] == {"message_id": 77}


async def test_who_only_tried_with_a_phone_is_found_by_it_too(rules: Rules, desk: Desk) -> None:
    await rules.gets_number()

    found = Search((ANNA,), NoResultsReason.PHONE, held_phone=True, phones=("+7 ••• ••• 12-34 RU",))
    assert await desk.searches(PHONE) == found


async def test_of_a_phone_with_many_accounts_all_are_found_the_verified_ones_first(rules: Rules, desk: Desk) -> None:
    await open_gates(rules)
    await rules.chooses(accounts=9)
    for user_id in (ANNA, BORIS):
        await rules.asks_to_join(user_id)
    await rules.verifies(ANNA)
    await rules.gets_number(BORIS)

    await desk.looks_up(PHONE)

    view = await desk.sees()
    assert isinstance(view, Found)
    assert [(one.user_id, one.verified_at is not None) for one in view.people] == [(ANNA, True), (BORIS, False)]


async def test_many_are_told_in_pages(rules: Rules, desk: Desk) -> None:
    await open_gates(rules)
    await rules.chooses(accounts=10)
    for user_id in range(20, 28):
        await rules.asks_to_join(user_id)
        await rules.verifies(user_id)
        # One phone may request only so many numbers a day.
        rules.later(25 * HOUR)
    await desk.looks_up(PHONE)
    first = await desk.sees()

    await desk.presses(OperatorPage.FOUND, at=1)

    second = await desk.sees()
    assert isinstance(first, Found)
    assert isinstance(second, Found)
    assert (first.total, first.pages, len(first.people)) == (8, 2, 6)
    assert [one.user_id for one in second.people] == [26, 27]


async def test_a_page_of_a_search_that_is_not_shown_any_more_is_over(rules: Rules, desk: Desk) -> None:
    await desk.recent()

    assert await desk.presses(OperatorPage.FOUND, at=1) is Toast.OVER


@pytest.mark.parametrize("asked", ["@Anna_1990", "anna_1990", "https://t.me/anna_1990", "t.me/ANNA_1990"])
async def test_a_user_name_is_found_by_its_digest(rules: Rules, desk: Desk, asked: str) -> None:
    digest = rules.phone_cipher.username_digest("anna_1990")
    await rules.database.transact(
        lambda store: store.people.meet(ANNA, ANNA, "en", rules.now, wrote=True, username=digest)
    )

    assert await desk.searches(asked) == Search((ANNA,))


async def test_digits_that_are_an_id_and_a_phone_find_both(rules: Rules, desk: Desk) -> None:
    await rules.verifies(ANNA)
    await rules.meets(79991231234)

    assert (await desk.searches("79991231234")).user_ids == (79991231234, ANNA)
    # The message stays if the id is nobody's phone.
    await rules.meets(79995556677)
    found = Search((79995556677,), NoResultsReason.NUMBER, phones=("+7 ••• ••• 66-77 RU",))
    assert await desk.searches("79995556677") == found


@pytest.mark.parametrize(
    ("asked", "why", "held_phone"),
    [
        ("", NoResultsReason.NOTHING_ASKED, False),
        ("  ", NoResultsReason.NOTHING_ASKED, False),
        ("12345", NoResultsReason.ID, False),
        ("0", NoResultsReason.ID, False),
        ("id 12345", NoResultsReason.ID, False),
        ("@nobody", NoResultsReason.NAME, False),
        (OTHER_PHONE, NoResultsReason.PHONE, True),
        ("79995556677", NoResultsReason.NUMBER, True),
        ("+7 999 12", NoResultsReason.UNREADABLE, True),
        ("+" + "9" * 60, NoResultsReason.UNREADABLE, True),
        ("٠٩٩٩١٢٣٤٥٦٧", NoResultsReason.UNREADABLE, True),
        ("who is this?", NoResultsReason.NOT_UNDERSTOOD, False),
        ("Anna +79995556677", NoResultsReason.NOT_UNDERSTOOD, True),
        ("…", NoResultsReason.NOT_UNDERSTOOD, False),
        ("x" * 4000, NoResultsReason.NOT_UNDERSTOOD, False),
        ("\0\u202e<b>", NoResultsReason.NOT_UNDERSTOOD, False),
    ],
)
async def test_nobody_found_is_told_why(
    rules: Rules, desk: Desk, asked: str, why: NoResultsReason, held_phone: bool
) -> None:
    phones = ("+7 ••• ••• 66-77 RU",) if why in (NoResultsReason.PHONE, NoResultsReason.NUMBER) else ()
    assert await desk.searches(asked) == Search((), why, held_phone, phones)
    await desk.looks_up(asked)
    assert await desk.sees() == NoResults(why, looked_for=phones)


async def test_nothing_of_a_phone_that_was_looked_for_is_kept(rules: Rules, desk: Desk) -> None:
    await desk.looks_up("8 (999) 555-66-77")
    await desk.looks_up("+7 999 555")
    await desk.sees()

    traces = ("5556677", "555-66", "999 555", rules.phone_cipher.fingerprint(rules.plan.parse(OTHER_PHONE)))  # type: ignore[arg-type]
    for table in ("screens", "tasks", "journal", "people", "verifications", "seen_updates"):
        kept = str(await rules.rows(f"SELECT * FROM {table}"))
        assert not any(trace in kept for trace in traces), table


# Strangers


async def test_who_is_no_operator_any_more_sees_where_they_stand_themselves(rules: Rules, desk: Desk) -> None:
    await rules.verifies()
    await desk.looks_up(str(ANNA), COLLEAGUE)

    # These screens are drawn by use cases that know only one operator.
    assert isinstance(await desk.sees(COLLEAGUE), Welcome)


# Views


async def test_the_card_tells_phone_state_gates_and_history(rules: Rules, desk: Desk) -> None:
    await open_gates(rules)
    await comes_in(rules)
    await rules.asks_to_join(BORIS)

    card = await desk.card()

    assert card.phone is not None
    assert (card.phone.mask, card.phone.region, card.phone.rank) == ("+7 ••• ••• 12-34", "RU", 1)
    assert card.can_be_written
    assert [(at.gate.title, at.state) for at in card.gates] == [("Flat owners", "approved")]
    assert [what.event for what in card.history][-2:] == ["confirmed", "grant_done"]
    assert card.possible == (
        AdminActionKind.LET_IN,
        AdminActionKind.REVOKE,
        AdminActionKind.BLOCK,
        AdminActionKind.FREE_PHONE,
        AdminActionKind.ERASE,
    )
    assert card.troubles == ()


async def test_the_card_of_who_verifies_tells_how_far_they_got_and_with_which_phone(rules: Rules, desk: Desk) -> None:
    await open_gates(rules)
    await rules.asks_to_join()
    await rules.gets_number()

    card = await desk.card()

    assert card.stage is Stage.NUMBER_SHOWN
    assert card.phone is not None
    assert (card.phone.mask, card.phone.verified_at) == ("+7 ••• ••• 12-34", None)
    assert AdminActionKind.FREE_PHONE not in card.possible


async def test_the_card_tells_what_is_due_and_what_failed(rules: Rules, desk: Desk) -> None:
    await open_gates(rules)
    await rules.asks_to_join()
    await rules.asks_to_join(ANNA, OTHER_GATE)
    await rules.verifies()
    grants = [await rules.database.transact(lambda store: store.grants.due(rules.now, 9, ()))]
    first, second = grants[0]
    await rules.settles(
        DeliveryResult(first, DeliveryStatus.REFUSED, error="Bad Request: no"),
        DeliveryResult(second, DeliveryStatus.RETRY, error="slow"),
    )
    await rules.database.transact(lambda store: rules.report(store, "1a2b3c4d", "KeyError", ANNA))

    troubles = {trouble.kind: trouble for trouble in (await desk.card()).troubles}

    assert troubles[StuckItemKind.GRANT_FAILED].error == "Bad Request: no"
    assert (troubles[StuckItemKind.GRANT_DUE].error, troubles[StuckItemKind.GRANT_DUE].attempts) == ("slow", 1)
    assert troubles[StuckItemKind.FAILURE].error == "1a2b3c4d"


async def test_old_failures_are_told_no_more_and_tasks_until_they_are_done(rules: Rules, desk: Desk) -> None:
    await open_gates(rules)
    await rules.database.transact(lambda store: rules.report(store, "1a2b3c4d", "KeyError", ANNA))
    rules.later(8 * 24 * 3600)
    await comes_in(rules)
    await desk.does(AdminActionKind.BLOCK, gate=GATE)

    (trouble,) = (await desk.card()).troubles
    assert (trouble.kind, trouble.what) == (StuckItemKind.TASK_DUE, TaskKind.BAN)

    (ban,) = await rules.tasks(TaskKind.BAN)
    await rules.settles(DeliveryResult(ban, DeliveryStatus.DONE))
    assert (await desk.card()).troubles == ()


async def test_a_long_history_is_told_in_pages_the_newest_first_and_last(rules: Rules, desk: Desk) -> None:
    await open_gates(rules)
    for _ in range(12):
        await rules.asks_to_join()
        rules.later(60)

    newest = await desk.card()
    await desk.presses(OperatorPage.PERSON, user_id=ANNA, at=1)
    older = await desk.sees()

    assert isinstance(older, PersonCard)
    assert (len(newest.history), newest.has_older, len(older.history), older.has_older) == (10, True, 2, False)
    moments = [what.at for what in (*older.history, *newest.history)]
    assert moments == sorted(moments)


async def test_an_unknown_person_is_said_to_be_unknown(rules: Rules, desk: Desk) -> None:
    await desk.presses(OperatorPage.PERSON, user_id=123)

    assert await desk.sees() == NoResults(NoResultsReason.ID)


async def test_recent_tells_ends_and_decisions_newest_first_and_turns_by_entries(rules: Rules, desk: Desk) -> None:
    await open_gates(rules)
    for at in range(5):
        await comes_in(rules, 20 + at, f"+7999000000{at}")
    await desk.recent()
    first = await desk.sees()
    assert isinstance(first, Recent)
    assert [(line.user_id, line.what.event) for line in first.entries[:3]] == [
        (24, "grant_done"),
        (24, "confirmed"),
        (23, "grant_done"),
    ]
    assert {line.mask for line in first.entries} == {"+7 ••• ••• 00-04", "+7 ••• ••• 00-03", "+7 ••• ••• 00-02"}
    assert first.newer is None
    assert first.older is not None

    # Later events move no page.
    await comes_in(rules, 30, "+79990000030")
    await desk.presses(OperatorPage.RECENT, at=first.older, turn="before")
    second = await desk.sees()
    assert isinstance(second, Recent)
    assert [line.user_id for line in second.entries] == [21, 21, 20, 20]
    assert second.older is None
    assert second.newer is not None

    await desk.presses(OperatorPage.RECENT, at=second.newer, turn="after")
    third = await desk.sees()
    assert isinstance(third, Recent)
    assert third.entries == first.entries
    assert third.newer is not None
    await desk.presses(OperatorPage.RECENT, at=third.newer, turn="after")
    newest = await desk.sees()
    assert isinstance(newest, Recent)
    assert (newest.entries[0].user_id, len(newest.entries), newest.newer) == (30, 6, None)


# Actions


@pytest.mark.parametrize("act", [AdminActionKind.LET_IN, AdminActionKind.DECLINE, AdminActionKind.BLOCK])
async def test_what_operators_decide_is_what_admins_decide_and_names_who_did(
    rules: Rules, desk: Desk, act: AdminActionKind
) -> None:
    await open_gates(rules)
    await rules.asks_to_join()

    toast = await desk.does(act, gate=GATE)

    assert toast.value == {"let_in": "let_in", "decline": "declined", "block": "blocked"}[act]
    assert await rules.requests() == ["approved" if act is AdminActionKind.LET_IN else "declined"]
    (entry,) = await rules.rows(
        "SELECT actor_id, gate_id FROM journal WHERE event IN ('allowed', 'blocked') OR code = 'by_hand'"
        " AND event = 'declined_by_hand'"
    )
    assert entry == {"actor_id": OPERATOR, "gate_id": GATE.chat_id}
    assert await rules.face(ANNA) == "decided"
    card = await desk.sees()
    assert isinstance(card, PersonCard)
    assert card.said == toast


async def test_a_button_asks_first_and_where_when_there_are_several_gates(rules: Rules, desk: Desk) -> None:
    await open_gates(rules)
    await comes_in(rules, ANNA, PHONE, GATE, OTHER_GATE)

    await desk.presses(OperatorPage.GATES, user_id=ANNA, act=AdminActionKind.REVOKE)
    where = await desk.sees()
    await desk.presses(OperatorPage.CONFIRM, user_id=ANNA, act=AdminActionKind.REVOKE, gate_id=OTHER_GATE.chat_id)
    question = await desk.sees()

    assert isinstance(where, GatesToActAt)
    assert where.everywhere
    assert {gate for gate, _ in where.gates} == {GATE.chat_id, OTHER_GATE.chat_id}
    assert question == Confirmation(ANNA, "", AdminActionKind.REVOKE, ("Garage",), OTHER_GATE.chat_id)
    assert await rules.rows("SELECT * FROM access_overrides") == []


async def test_of_one_gate_it_is_not_asked_which(rules: Rules, desk: Desk) -> None:
    await rules.becomes(GATE)
    await rules.asks_to_join()

    await desk.presses(OperatorPage.GATES, user_id=ANNA, act=AdminActionKind.LET_IN)

    assert await desk.sees() == Confirmation(ANNA, "", AdminActionKind.LET_IN, ("Flat owners",), GATE.chat_id)


async def test_somebody_is_blocked_everywhere_and_unblocked_everywhere(rules: Rules, desk: Desk) -> None:
    await open_gates(rules)
    await comes_in(rules)

    assert await desk.does(AdminActionKind.BLOCK) is Toast.BLOCKED
    blocked = await rules.rows("SELECT gate_id, override, admin_id FROM access_overrides ORDER BY gate_id")
    assert [row["override"] for row in blocked] == ["blocked", "blocked"]
    assert {row["admin_id"] for row in blocked} == {OPERATOR}
    assert await desk.does(AdminActionKind.BLOCK, who=COLLEAGUE) is Toast.DECIDED_ALREADY

    assert await desk.does(AdminActionKind.UNBLOCK) is Toast.UNBLOCKED
    assert await rules.rows("SELECT * FROM access_overrides") == []


async def test_letting_in_everywhere_is_not_offered_and_not_done(rules: Rules, desk: Desk) -> None:
    await open_gates(rules)
    await rules.asks_to_join()

    await desk.does(AdminActionKind.LET_IN)

    assert await rules.requests() == ["waiting"]


async def test_of_two_operators_each_gets_one_clear_answer(rules: Rules, desk: Desk) -> None:
    await open_gates(rules)
    await rules.asks_to_join()
    for who in (OPERATOR, COLLEAGUE):
        await desk.presses(OperatorPage.GATES, who, user_id=ANNA, act=AdminActionKind.DECLINE)

    toasts = [await desk.does(AdminActionKind.DECLINE, gate=GATE, who=who) for who in (OPERATOR, COLLEAGUE)]

    assert toasts == [Toast.DECLINED, Toast.DECIDED_ALREADY]
    assert (await rules.journal()).count("declined_by_hand") == 1
    # The same answer comes for anyone who asks only now.
    again = await desk.presses(OperatorPage.GATES, COLLEAGUE, user_id=ANNA, act=AdminActionKind.DECLINE)
    assert again is Toast.DECIDED_ALREADY


async def test_nothing_harmful_is_done_to_an_admin_of_the_gate(rules: Rules, desk: Desk) -> None:
    await rules.becomes(GATE)
    await rules.asks_to_join()
    await notes(rules, ANNA)

    assert await desk.does(AdminActionKind.BLOCK, gate=GATE) is Toast.IS_ADMIN

    assert await rules.rows("SELECT * FROM access_overrides") == []


async def test_a_phone_that_is_freed_verifies_another_account_and_closes_what_it_opened(
    rules: Rules, desk: Desk
) -> None:
    await open_gates(rules)
    await comes_in(rules, ANNA, PHONE, GATE)

    assert await desk.does(AdminActionKind.FREE_PHONE) is Toast.PHONE_FREED

    assert await rules.rows("SELECT * FROM verified_phones") == []
    (kick,) = await rules.tasks(TaskKind.KICK)
    assert (kick.chat_id, kick.user_id) == (GATE.chat_id, ANNA)
    assert await rules.face(ANNA) == "decided"
    rows = await rules.rows(
        "SELECT event, actor_id FROM journal WHERE actor_id IS NOT NULL AND actor_id <> :b", b=BORIS
    )
    assert rows == [{"event": event, "actor_id": OPERATOR} for event in ("phone_freed", "revoked")]
    assert await desk.does(AdminActionKind.FREE_PHONE, who=COLLEAGUE) is Toast.DONE_BEFORE
    await rules.asks_to_join(BORIS, OTHER_GATE)
    await rules.verifies(BORIS)
    assert [row["user_id"] for row in await rules.rows("SELECT user_id FROM verified_phones")] == [BORIS]


async def test_who_was_let_in_by_hand_stays_when_their_phone_is_freed(rules: Rules, desk: Desk) -> None:
    await open_gates(rules)
    await rules.asks_to_join()
    await desk.does(AdminActionKind.LET_IN, gate=GATE)
    await rules.settles(DeliveryResult(await rules.grant(), DeliveryStatus.DONE))
    await rules.verifies()
    await desk.presses(OperatorPage.CONFIRM, user_id=ANNA, act=AdminActionKind.FREE_PHONE)
    question = await desk.sees()

    await desk.does(AdminActionKind.FREE_PHONE)

    assert isinstance(question, Confirmation)
    assert question.gates == ()
    assert await rules.tasks(TaskKind.KICK) == []
    assert await rules.requests() == ["approved"]


async def test_an_attempt_under_way_with_a_freed_phone_ends_so_that_another_account_can_begin(
    rules: Rules, desk: Desk
) -> None:
    await open_gates(rules)
    await rules.verifies()
    await rules.chooses(way=EntryMode.REQUEST)
    await rules.asks_to_join()
    await rules.execute("UPDATE join_requests SET state = 'waiting', ineligibility = 'stale'")
    await rules.gets_number()

    await desk.does(AdminActionKind.FREE_PHONE)

    assert await rules.states() == ["confirmed", "cancelled"]
    assert await rules.rows("SELECT ineligibility FROM join_requests") == [{"ineligibility": None}]


async def test_the_question_about_a_phone_tells_what_follows(rules: Rules, desk: Desk) -> None:
    await open_gates(rules)
    await rules.chooses(accounts=2)
    await rules.asks_to_join(BORIS)
    await rules.verifies(BORIS)
    await comes_in(rules, ANNA, PHONE, GATE)

    await desk.presses(OperatorPage.GATES, user_id=ANNA, act=AdminActionKind.FREE_PHONE)

    assert await desk.sees() == Confirmation(
        ANNA, "", AdminActionKind.FREE_PHONE, ("Flat owners",), 0, "+7 ••• ••• 12-34", others=1
    )


async def test_the_button_to_erase_somebody_asks_as_the_command_does(rules: Rules, desk: Desk) -> None:
    await rules.verifies()
    await desk.recent()

    assert await desk.presses(OperatorPage.GATES, user_id=ANNA, act=AdminActionKind.ERASE) is Toast.NOTHING

    (shown,) = await rules.rows(f"SELECT face, details FROM screens WHERE user_id = {OPERATOR}")
    assert shown["face"] == "erase"
    assert str(ANNA) in str(shown["details"])
    assert await desk.does(AdminActionKind.ERASE) is Toast.UNKNOWN
    assert len(await rules.rows("SELECT * FROM verified_phones")) == 1


async def test_what_no_operator_does_is_no_button(rules: Rules, desk: Desk) -> None:
    await open_gates(rules)
    await rules.asks_to_join()

    for act in (AdminActionKind.SWITCH, AdminActionKind.DECLINE_MANY, AdminActionKind.EXPORT):
        assert await desk.does(act, gate=GATE) is Toast.UNKNOWN
    assert await desk.does(AdminActionKind.BLOCK, gate=Gate(-100999, "Nowhere", None, is_channel=False, is_on=True))
    assert await desk.presses(OperatorPage.CONFIRM, user_id=ANNA) is Toast.UNKNOWN
    assert await rules.rows("SELECT * FROM access_overrides") == []
