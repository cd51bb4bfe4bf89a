"""The panel: rights, the effect of each choice, and that two admins do not undo each other's."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.admin_actions import AdminAction, AdminActionKind, NoAdmin, PresetsPage, SettingPage
from bot.domain.gate_health import GateHealth
from bot.domain.gate_settings import (
    STANDARD,
    AtDeadline,
    CountryRule,
    EntryMode,
    GateSettings,
    Preset,
    RaidReaction,
    SettingProblem,
    preset,
)
from bot.domain.gates import NO_ADMIN, OWNER, Ineligibility
from bot.domain.notifications import Toast
from bot.domain.outgoing import TaskKind
from bot.domain.phone import NumberKind
from bot.domain.setting_choices import CONFIRMED, Page
from bot.features.admins.navigation import OnPanelText
from tests.features.admin_panel import acts, answered, changed, notes, runs, sets, settings, shown, view, writes
from tests.features.rules import ANNA, BORIS, GATE, MINUTE, OTHER_GATE, Rules
from tests.tasks import said

CAROL = 11


@pytest.mark.parametrize(
    ("setting", "value", "expected"),
    [
        ("way", "mute", replace(STANDARD, way=EntryMode.MUTE)),
        ("deadline", "90", replace(STANDARD, deadline=timedelta(minutes=90))),
        ("at_deadline", "leave", replace(STANDARD, at_deadline=AtDeadline.LEAVE)),
        ("countries", "+RU,+KZ,-BY", replace(STANDARD, countries=("RU", "KZ"))),
        ("country_rule", "all_but", replace(STANDARD, country_rule=CountryRule.ALL_BUT)),
        ("kind", "+voip", replace(STANDARD, refused_kinds=frozenset({NumberKind.VOIP}))),
        ("fresh", "30", replace(STANDARD, fresh_for=timedelta(days=30))),
        ("accounts", "3", replace(STANDARD, accounts=3)),
        ("language", "en", replace(STANDARD, language="en")),
        ("raid", "pause", replace(STANDARD, raid=RaidReaction.PAUSE)),
        ("raid_size", "100/10", replace(STANDARD, raid_requests=100, raid_minutes=10)),
        ("tidies", "yes", replace(STANDARD, tidies_joins=True)),
        ("prompts", "yes", replace(STANDARD, prompts_group=True)),
    ],
)
async def test_a_choice_changes_one_setting_and_is_journalled_with_who_made_it(
    rules: Rules, setting: str, value: str, expected: GateSettings
) -> None:
    await runs(rules)

    assert await sets(rules, setting, value) is Toast.SAVED

    assert await settings(rules) == expected
    assert await changed(rules) == [(BORIS, f"{setting}={value}")]
    assert await sets(rules, setting, value) is Toast.SAVED
    assert len(await changed(rules)) == 1


async def test_what_was_put_on_a_list_is_taken_off_it_again(rules: Rules) -> None:
    await runs(rules)
    for setting, value in (
        ("countries", "+RU"),
        ("country_rule", "only"),
        ("kind", "+voip"),
        ("kind", "+pager"),
        ("kind", "-voip"),
        ("fresh", "7"),
        ("fresh", "ever"),
        ("language", "ru"),
        ("language", "own"),
        ("tidies", "yes"),
        ("tidies", "no"),
    ):
        assert await sets(rules, setting, value) is Toast.SAVED
    assert await settings(rules) == replace(
        STANDARD,
        countries=("RU",),
        country_rule=CountryRule.ONLY,
        refused_kinds=frozenset({NumberKind.PAGER}),
    )

    await sets(rules, "kind", "-pager")
    await sets(rules, "countries", "none")

    assert await settings(rules) == STANDARD


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("colour", "red"),
        ("way", "window"),
        ("deadline", "soon"),
        ("deadline", "9" * 24),
        ("countries", "RU"),
        ("kind", "+mobile"),
        ("kind", "+"),
        ("fresh", ""),
        ("further", "+here"),
        ("language", "English"),
        ("log", "here"),
        ("raid_size", "10"),
        ("tidies", "perhaps"),
        ("prompts", ""),
    ],
)
async def test_a_button_that_nobody_made_changes_nothing(rules: Rules, setting: str, value: str) -> None:
    await runs(rules)

    assert await sets(rules, setting, value) is Toast.UNKNOWN

    assert await settings(rules) == STANDARD
    assert await changed(rules) == []


@pytest.mark.parametrize(
    ("kind", "key", "value"),
    [
        (AdminActionKind.OPEN, "cellar", ""),
        (AdminActionKind.PRESET, "", "lax"),
        (AdminActionKind.STRICT, "", ""),
    ],
)
async def test_old_buttons_of_other_sorts_are_answered_too(
    rules: Rules, kind: AdminActionKind, key: str, value: str
) -> None:
    await runs(rules)
    rules.desk._handlers = {k: done for k, done in rules.desk._handlers.items() if k is not AdminActionKind.STRICT}

    assert await acts(rules, kind, key, value) is Toast.UNKNOWN


@pytest.mark.parametrize(
    ("setting", "value", "problem"),
    [
        ("country_rule", "only", SettingProblem.NO_COUNTRIES),
        ("deadline", "1", SettingProblem.DEADLINE),
        ("accounts", "99", SettingProblem.ACCOUNTS),
        ("fresh", "0", SettingProblem.FRESH),
        ("raid_size", "0/5", SettingProblem.RAID),
        ("tag", "🎉", SettingProblem.TAG),
    ],
)
async def test_what_cannot_be_is_said_on_the_page_and_changes_nothing(
    rules: Rules, setting: str, value: str, problem: SettingProblem
) -> None:
    await runs(rules)

    alert = Toast.NO_COUNTRIES if problem is SettingProblem.NO_COUNTRIES else Toast.NOTHING
    assert await sets(rules, setting, value) is alert

    page = await view(rules)
    assert isinstance(page, SettingPage)
    assert page.trouble == (problem, "")
    assert await settings(rules) == STANDARD


@pytest.mark.parametrize("which", Preset)
async def test_a_preset_keeps_the_rest_of_the_settings(rules: Rules, which: Preset) -> None:
    await runs(rules)
    await sets(rules, "welcome", "Hello")
    await sets(rules, "way", "mute")

    await acts(rules, AdminActionKind.PRESET, CONFIRMED, which)

    assert await settings(rules) == preset(which, replace(STANDARD, welcome="Hello", way=EntryMode.MUTE))
    assert (await shown(rules))[0] == Page.CARD


async def test_only_a_preset_that_opens_the_gate_is_asked_about_first(rules: Rules) -> None:
    await runs(rules)

    for key in ("", "yes"):
        assert await acts(rules, AdminActionKind.PRESET, key, Preset.OPEN) is Toast.NOTHING
        assert await view(rules) == PresetsPage(GATE, 0, asks_to_open=True)
        assert await settings(rules) == STANDARD

    assert await acts(rules, AdminActionKind.PRESET, CONFIRMED, Preset.OPEN) is Toast.OPENED
    assert not (await settings(rules)).asks_call
    assert await acts(rules, AdminActionKind.PRESET, "", Preset.OPEN) is Toast.OPENED
    assert await acts(rules, AdminActionKind.PRESET, "", Preset.STRICT) is Toast.STRICT_APPLIED
    assert await acts(rules, AdminActionKind.PRESET, "", Preset.STANDARD) is Toast.STANDARD_APPLIED


async def test_two_admins_at_once_do_not_undo_each_others_choices(rules: Rules) -> None:
    await runs(rules)

    await asyncio.gather(
        sets(rules, "accounts", "5"),
        sets(rules, "fresh", "30", admin_id=ANNA),
        sets(rules, "countries", "+RU"),
        sets(rules, "countries", "+KZ", admin_id=ANNA),
        sets(rules, "tidies", "yes"),
    )

    now = await settings(rules)
    assert (now.accounts, now.fresh_for, set(now.countries), now.tidies_joins) == (
        5,
        timedelta(days=30),
        {"RU", "KZ"},
        True,
    )
    assert len(await changed(rules)) == 5


async def test_another_admin_who_looks_at_the_gate_sees_the_change(rules: Rules) -> None:
    await runs(rules)
    await acts(rules, AdminActionKind.OPEN, Page.ACCOUNTS, admin_id=ANNA)
    before = await rules.rows("SELECT revision FROM screens WHERE user_id = :id", id=ANNA)

    await sets(rules, "accounts", "2")

    after = await rules.rows("SELECT revision FROM screens WHERE user_id = :id", id=ANNA)
    assert after[0]["revision"] == before[0]["revision"] + 1
    page = await view(rules, ANNA)
    assert isinstance(page, SettingPage)
    assert page.gate.settings.accounts == 2


async def test_who_is_no_admin_any_more_changes_nothing_and_sees_nothing_of_the_gate(rules: Rules) -> None:
    await runs(rules)
    await acts(rules, AdminActionKind.OPEN, Page.CARD)
    await notes(rules, BORIS, is_admin=False)

    assert await sets(rules, "accounts", "5") is Toast.NOT_ADMIN

    assert await settings(rules) == STANDARD
    assert await view(rules) == NoAdmin()


async def test_after_a_minute_telegram_is_asked_first_and_the_choice_waits_as_a_row(rules: Rules) -> None:
    await runs(rules)
    rules.later(MINUTE + 1)
    with pytest.raises(ValueError, match="not enough values"):
        await sets(rules, "accounts", "5")
    assert await settings(rules) == STANDARD

    (chat_lookup,) = await rules.tasks(TaskKind.CHECK_ADMIN)
    await answered(rules, chat_lookup, rights={GATE.chat_id: OWNER})

    assert (await settings(rules)).accounts == 5
    assert [said(e)["toast"] for e in await rules.tasks(TaskKind.ANSWER_BUTTON)] == [Toast.SAVED]


async def test_of_somebody_who_was_demoted_meanwhile_nothing_is_done(rules: Rules) -> None:
    await runs(rules)
    await acts(rules, AdminActionKind.OPEN, Page.ACCOUNTS)
    rules.later(MINUTE + 1)
    await writes(rules, Page.ACCOUNTS, "5")

    (chat_lookup,) = await rules.tasks(TaskKind.CHECK_ADMIN)
    await answered(rules, chat_lookup, rights={int(said(chat_lookup)["gate"]): NO_ADMIN})

    assert await settings(rules) == STANDARD
    assert await view(rules) == NoAdmin()


async def test_what_telegram_was_asked_before_somebody_was_demoted_gives_them_no_say(rules: Rules) -> None:
    await runs(rules)
    rules.later(MINUTE + 1)
    await writes(rules, Page.ACCOUNTS, "5")
    await notes(rules, ANNA)
    await acts(rules, AdminActionKind.OPEN, Page.CARD, admin_id=ANNA)
    (mine,) = await rules.tasks(TaskKind.CHECK_ADMIN)
    all_of_them = (await rules.tasks(TaskKind.CHECK_GATE))[-1]

    await notes(rules, BORIS, is_admin=False)
    await answered(rules, mine, rights={GATE.chat_id: OWNER})
    await answered(rules, all_of_them, health=GateHealth(rules.now), admins={ANNA: OWNER, BORIS: OWNER})

    assert await sets(rules, "accounts", "5") is Toast.NOT_ADMIN
    assert await settings(rules) == STANDARD
    await notes(rules, BORIS)
    assert await sets(rules, "accounts", "5") is Toast.SAVED


async def test_what_telegram_was_asked_before_somebody_was_promoted_does_not_take_their_say(rules: Rules) -> None:
    await runs(rules)
    rules.later(MINUTE + 1)
    await writes(rules, Page.ACCOUNTS, "5")
    await notes(rules, ANNA)
    await acts(rules, AdminActionKind.OPEN, Page.CARD, admin_id=ANNA)
    (mine,) = await rules.tasks(TaskKind.CHECK_ADMIN)
    all_of_them = (await rules.tasks(TaskKind.CHECK_GATE))[-1]

    await notes(rules, BORIS)
    await answered(rules, mine, rights={int(said(mine)["gate"]): NO_ADMIN})
    await answered(rules, all_of_them, health=GateHealth(rules.now), admins={ANNA: OWNER})

    assert await settings(rules) == replace(STANDARD, accounts=5)
    assert await sets(rules, "accounts", "3") is Toast.SAVED
    rules.later(MINUTE + 1)
    await rules.database.transact(lambda store: store.admins.are(GATE.chat_id, {ANNA: OWNER}, rules.now))
    assert await sets(rules, "accounts", "6") is Toast.NOT_ADMIN


async def test_a_link_to_a_panel_of_a_gate_that_one_does_not_run_is_answered_on_the_screen(rules: Rules) -> None:
    await runs(rules)
    await rules.meets(CAROL)
    await follows_link(rules, CAROL, GATE.chat_id)
    assert await rules.rows("SELECT face FROM screens WHERE user_id = :id", id=CAROL) == []
    (chat_lookup,) = await rules.tasks(TaskKind.CHECK_ADMIN)

    await answered(rules, chat_lookup, rights={GATE.chat_id: NO_ADMIN})

    assert await view(rules, CAROL) == NoAdmin()


async def test_a_link_to_a_panel_of_an_unknown_gate_is_answered_without_asking_telegram(rules: Rules) -> None:
    await rules.meets(CAROL)

    await follows_link(rules, CAROL, -1)

    assert await rules.tasks(TaskKind.CHECK_ADMIN) == []
    assert await view(rules, CAROL) == NoAdmin()


async def follows_link(rules: Rules, user_id: int, gate_id: int) -> None:
    act = AdminAction(AdminActionKind.OPEN, gate_id, user_id, {"key": Page.CARD, "fresh": 1})
    await rules.database.transact(lambda store: rules.desk(store, act))


@pytest.mark.parametrize(
    ("page", "text", "expected"),
    [
        (Page.DEADLINE, "2 hours", replace(STANDARD, deadline=timedelta(hours=2))),
        (Page.FRESH, "45", replace(STANDARD, fresh_for=timedelta(days=45))),
        (Page.ACCOUNTS, "4", replace(STANDARD, accounts=4)),
        (Page.TAG, " neighbour ", replace(STANDARD, tag="neighbour")),
        (Page.WELCOME, "Read <b>the rules</b>", replace(STANDARD, welcome="Read <b>the rules</b>")),
        (Page.RAID, "50 in 10", replace(STANDARD, raid_requests=50, raid_minutes=10)),
        (Page.COUNTRIES, "France, Польша", replace(STANDARD, countries=("FR", "PL"))),
    ],
)
async def test_words_for_a_page_are_taken_and_deleted(
    rules: Rules, page: Page, text: str, expected: GateSettings
) -> None:
    await runs(rules)
    await acts(rules, AdminActionKind.OPEN, page)
    fresh = await rules.rows("SELECT fresh_revision FROM screens WHERE user_id = :id", id=BORIS)

    await writes(rules, page, text, message_id=50)

    assert await settings(rules) == expected
    assert [said(e)["message_id"] for e in await rules.tasks(TaskKind.DELETE_MESSAGE)] == [50]
    assert (await shown(rules))[0] == page
    assert await rules.rows("SELECT fresh_revision FROM screens WHERE user_id = :id", id=BORIS) == fresh


async def test_wrong_words_stay_until_they_are_written_better_and_the_page_says_what_to_do(rules: Rules) -> None:
    await runs(rules)
    await acts(rules, AdminActionKind.OPEN, Page.WELCOME)

    await writes(rules, Page.WELCOME, "w" * 501, message_id=50)

    page = await view(rules)
    assert isinstance(page, SettingPage)
    assert page.trouble == (SettingProblem.WELCOME, "")
    assert await settings(rules) == STANDARD
    assert await rules.tasks(TaskKind.DELETE_MESSAGE) == []
    await writes(rules, Page.WELCOME, "w" * 500, message_id=52)
    assert (await settings(rules)).welcome == "w" * 500
    assert {said(e)["message_id"] for e in await rules.tasks(TaskKind.DELETE_MESSAGE)} == {50, 52}
    page = await view(rules)
    assert isinstance(page, SettingPage)
    assert page.trouble is None


async def test_words_are_the_panels_only_while_a_page_asks_for_some(rules: Rules) -> None:
    await runs(rules)
    boris, take_words = await rules.meets(BORIS), OnPanelText(rules.desk)

    async def is_taken(text: str) -> bool:
        return await rules.database.transact(lambda store: take_words(store, boris, text, 50))

    assert not await is_taken("90 minutes")
    await acts(rules, AdminActionKind.OPEN, Page.DEADLINE)
    assert await is_taken("90 minutes")
    assert (await settings(rules)).deadline == timedelta(minutes=90)
    await acts(rules, AdminActionKind.OPEN, Page.KINDS)
    assert not await is_taken("voip")


async def test_links_are_given_to_chats_that_the_admin_runs_too(rules: Rules) -> None:
    await runs(rules)
    await rules.becomes(OTHER_GATE, actor_id=ANNA)
    value = f"+{OTHER_GATE.chat_id}"
    await notes(rules, ANNA, gate=OTHER_GATE)
    await notes(rules, BORIS, gate=OTHER_GATE, is_admin=False)

    assert await sets(rules, "further", value) is Toast.NOT_ADMIN_THERE
    assert await sets(rules, "further", f"+{GATE.chat_id}", admin_id=ANNA) is Toast.NOT_ADMIN
    assert await settings(rules) == STANDARD
    assert await sets(rules, "further", value, admin_id=ANNA) is Toast.SAVED
    assert (await settings(rules)).further == (OTHER_GATE.chat_id,)
    assert await sets(rules, "accounts", "2") is Toast.SAVED
    assert await sets(rules, "further", value.replace("+", "-")) is Toast.SAVED
    assert (await settings(rules)).further == ()


async def test_a_change_has_those_who_wait_looked_at_anew(rules: Rules) -> None:
    await rules.verifies(CAROL)
    await runs(rules)
    await sets(rules, "countries", "+RU")
    await sets(rules, "country_rule", "all_but")
    await rules.asks_to_join(CAROL)
    assert await rules.rows("SELECT ineligibility FROM join_requests") == [{"ineligibility": Ineligibility.COUNTRY}]

    await sets(rules, "country_rule", "any")
    await rules.sweeps()

    assert await rules.requests() == ["approved"]
