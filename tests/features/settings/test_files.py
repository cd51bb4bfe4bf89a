"""Exporting settings as files, importing them as differences, and what a file cannot do."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.admin_actions import AdminActionKind, ImportPage, NoAdmin, SettingPage
from bot.domain.gate_settings import STANDARD, CountryRule, GateSettings, SettingProblem
from bot.domain.notifications import Toast
from bot.domain.outgoing import DeliveryResult, DeliveryStatus, TaskKind
from bot.domain.setting_choices import Page
from bot.features.admins.navigation import OnPanelText
from bot.features.gates.lifecycle import move_chat
from bot.features.settings.files import LARGEST_FILE
from tests.features.admin_panel import acts, answered, changed, notes, runs, sets, settings, view
from tests.features.rules import ANNA, BORIS, GATE, OTHER_GATE, Rules
from tests.tasks import said

FAR = -1005556667778
NEW_ID = -1004443332221


async def sends(rules: Rules, text: str, *, size: int | None = None) -> None:
    """Boris sends a file while he sees the page for it, and Telegram delivers it."""
    await acts(rules, AdminActionKind.OPEN, Page.FILE)
    boris, take_words = await rules.meets(BORIS), OnPanelText(rules.desk)
    length = len(text) if size is None else size
    assert await rules.database.transact(lambda store: take_words.file(store, boris, "file1", length))
    for fetching in await rules.tasks(TaskKind.FETCH_FILE):
        await answered(rules, fetching, text=text)


def settings_file(given: dict[str, Any], gate_id: int = GATE.chat_id, **other: Any) -> str:
    """A file."""
    return json.dumps({"callgate": 1, "gate": {"id": gate_id, "title": "Flats"}, "settings": given} | other)


async def imported(rules: Rules) -> GateSettings:
    """Return the settings as the page says they would become."""
    page = await view(rules)
    assert isinstance(page, ImportPage)
    return rules.settings_file.applied(page.gate.settings, page.changes)


async def test_what_was_exported_changes_everything_back_once_it_is_applied(rules: Rules) -> None:
    await runs(rules)
    for setting, value in (("accounts", "3"), ("countries", "+RU,+KZ"), ("country_rule", "only"), ("tag", "in")):
        await sets(rules, setting, value)
    before = await settings(rules)
    assert await acts(rules, AdminActionKind.EXPORT) is Toast.DONE
    (sending,) = await rules.tasks(TaskKind.SEND_FILE)
    await acts(rules, AdminActionKind.PRESET, value="strict")
    await sets(rules, "tag", "")
    count = len(await changed(rules))

    await sends(rules, str(said(sending)["text"]))

    assert await imported(rules) == before
    assert await settings(rules) != before
    assert await acts(rules, AdminActionKind.APPLY) is Toast.SAVED
    assert await settings(rules) == before
    assert (await changed(rules))[count:] == [(BORIS, "file")]
    assert await acts(rules, AdminActionKind.APPLY) is Toast.OVER


async def test_what_a_file_does_not_name_stays_and_what_others_chose_meanwhile_too(rules: Rules) -> None:
    await runs(rules)
    await sets(rules, "accounts", "3")
    await sends(rules, settings_file({"deadline": "PT1H"}))
    await sets(rules, "fresh", "30", admin_id=ANNA)

    await acts(rules, AdminActionKind.APPLY)

    assert await settings(rules) == replace(
        STANDARD, accounts=3, deadline=timedelta(hours=1), fresh_for=timedelta(days=30)
    )


async def test_what_cannot_be_together_with_what_others_chose_meanwhile_is_not_applied(rules: Rules) -> None:
    await runs(rules)
    await sets(rules, "countries", "+RU")
    await sends(rules, settings_file({"country_rule": "only"}))
    await sets(rules, "countries", "none", admin_id=ANNA)

    assert await acts(rules, AdminActionKind.APPLY) is Toast.NOTHING

    assert (await settings(rules)).country_rule is CountryRule.ANY
    page = await view(rules)
    assert isinstance(page, SettingPage)
    assert page.trouble == (SettingProblem.NO_COUNTRIES, "")


async def test_chats_are_taken_over_from_a_file_only_within_the_admins_reach(rules: Rules) -> None:
    await runs(rules)
    await rules.becomes(OTHER_GATE)
    given = {"further": [OTHER_GATE.chat_id, FAR], "log_chat": FAR, "log_topic": 4, "accounts": 2}

    await sends(rules, settings_file(given))

    assert await imported(rules) == replace(STANDARD, further=(OTHER_GATE.chat_id,), accounts=2)
    page = await view(rules)
    assert isinstance(page, ImportPage)
    assert (page.is_foreign, page.leaves_chats) == (False, True)
    for gate_id in (FAR, 0):
        await sends(rules, settings_file(given, gate_id))
        assert await imported(rules) == replace(STANDARD, accounts=2)
        page = await view(rules)
        assert isinstance(page, ImportPage)
        assert (page.is_foreign, page.leaves_chats) == (True, True)


@pytest.mark.parametrize(
    ("text", "problem", "about"),
    [
        ("", SettingProblem.FILE_NO_JSON, ""),
        ("not JSON", SettingProblem.FILE_NO_JSON, ""),
        ("[" * 60_000, SettingProblem.FILE_NO_JSON, ""),
        ('{"callgate": NaN}', SettingProblem.FILE_NO_JSON, ""),
        ('{"callgate": ' + "9" * 5000 + "}", SettingProblem.FILE_NO_JSON, ""),
        ("[]", SettingProblem.FILE_FOREIGN, ""),
        ('"callgate"', SettingProblem.FILE_FOREIGN, ""),
        ("{}", SettingProblem.FILE_FOREIGN, ""),
        ('{"callgate": 1}', SettingProblem.FILE_FOREIGN, ""),
        (settings_file({}, settings=[]), SettingProblem.FILE_FOREIGN, ""),
        (settings_file({}, callgate=2), SettingProblem.FILE_NEWER, ""),
        (settings_file({}, callgate=True), SettingProblem.FILE_NEWER, ""),
        (settings_file({"colour": "red", "accounts": 1}), SettingProblem.FILE_UNKNOWN, "colour"),
        (settings_file({}, deadline="PT1H"), SettingProblem.FILE_UNKNOWN, "deadline"),
        (settings_file({"<b>" * 50: 1}), SettingProblem.FILE_UNKNOWN, ("<b>" * 50)[:40]),
        (settings_file({"accounts": "2"}), SettingProblem.FILE_VALUE, "accounts"),
        (settings_file({"accounts": True}), SettingProblem.FILE_VALUE, "accounts"),
        (settings_file({"accounts": 2.0}), SettingProblem.FILE_VALUE, "accounts"),
        (settings_file({"accounts": None}), SettingProblem.FILE_VALUE, "accounts"),
        (settings_file({"way": "window"}), SettingProblem.FILE_VALUE, "way"),
        (settings_file({"refused_kinds": ["mobile"]}), SettingProblem.FILE_VALUE, "refused_kinds"),
        (settings_file({"language": "klingon"}), SettingProblem.FILE_VALUE, "language"),
        (settings_file({"welcome": "a\0b"}), SettingProblem.FILE_VALUE, "welcome"),
        (settings_file({"further": [[[]]]}), SettingProblem.FILE_VALUE, "further"),
        (settings_file({"accounts": 11}), SettingProblem.ACCOUNTS, ""),
        (settings_file({"welcome": "w" * 501}), SettingProblem.WELCOME, ""),
        (settings_file({"country_rule": "only"}), SettingProblem.NO_COUNTRIES, ""),
        (settings_file({"tag": "two\nlines"}), SettingProblem.TAG, ""),
    ],
)
async def test_a_wrong_file_changes_nothing_and_is_answered(
    rules: Rules, text: str, problem: SettingProblem, about: str
) -> None:
    await runs(rules)

    await sends(rules, text)

    page = await view(rules)
    assert isinstance(page, SettingPage)
    assert (page.page, page.trouble) == (Page.FILE, (problem, about))
    assert await settings(rules) == STANDARD


async def test_a_lone_surrogate_is_no_value(rules: Rules) -> None:
    await runs(rules)

    await sends(rules, settings_file({}).replace('"settings": {}', '"settings": {"welcome": "\\ud800"}'))

    page = await view(rules)
    assert isinstance(page, SettingPage)
    assert page.trouble is not None
    assert page.trouble[0] is SettingProblem.FILE_VALUE


async def test_a_huge_file_is_not_even_fetched(rules: Rules) -> None:
    await runs(rules)

    await sends(rules, settings_file({"accounts": 2}), size=LARGEST_FILE + 1)

    page = await view(rules)
    assert isinstance(page, SettingPage)
    assert page.trouble == (SettingProblem.FILE_BIG, "")
    assert await rules.tasks(TaskKind.FETCH_FILE) == []


async def test_a_file_that_cannot_be_fetched_is_answered(rules: Rules) -> None:
    await runs(rules)
    await acts(rules, AdminActionKind.OPEN, Page.FILE)
    boris, take_words = await rules.meets(BORIS), OnPanelText(rules.desk)
    await rules.database.transact(lambda store: take_words.file(store, boris, "file1", 10))
    (fetching,) = await rules.tasks(TaskKind.FETCH_FILE)

    await rules.settles(DeliveryResult(fetching, DeliveryStatus.REFUSED, error="wrong file_id"))

    page = await view(rules)
    assert isinstance(page, SettingPage)
    assert page.trouble == (SettingProblem.FILE_UNREACHABLE, "")


async def test_a_file_of_somebody_who_is_no_admin_any_more_is_shown_to_nobody(rules: Rules) -> None:
    await runs(rules)
    await acts(rules, AdminActionKind.OPEN, Page.FILE)
    boris, take_words = await rules.meets(BORIS), OnPanelText(rules.desk)
    await rules.database.transact(lambda store: take_words.file(store, boris, "file1", 10))
    (fetching,) = await rules.tasks(TaskKind.FETCH_FILE)
    await notes(rules, BORIS, is_admin=False)

    await answered(rules, fetching, text=settings_file({"accounts": 2}))

    assert await view(rules) == NoAdmin()


async def test_files_are_the_panels_only_on_the_page_for_them(rules: Rules) -> None:
    await runs(rules)
    await acts(rules, AdminActionKind.OPEN, Page.WELCOME)
    boris, take_words = await rules.meets(BORIS), OnPanelText(rules.desk)

    assert not await rules.database.transact(lambda store: take_words.file(store, boris, "file1", 10))


def test_a_file_is_sorted_readable_and_the_same_for_the_same_settings(rules: Rules) -> None:
    text = rules.settings_file.written(replace(GATE, title="Дом «7»"))

    assert "Дом «7»" in text
    lines = [line.strip().split(":")[0] for line in text.splitlines() if line.startswith("    ")]
    inner = lines[lines.index('"title"') + 1 :]
    assert inner == sorted(inner)
    assert rules.settings_file.read(text, STANDARD) == (GATE.chat_id, STANDARD)


async def test_an_old_page_links_no_chat_that_its_reader_runs_no_more(rules: Rules) -> None:
    await runs(rules)
    await rules.becomes(OTHER_GATE)
    await notes(rules, BORIS, gate=OTHER_GATE)
    await sends(rules, settings_file({"further": [OTHER_GATE.chat_id]}))
    assert (await imported(rules)).further == (OTHER_GATE.chat_id,)

    await notes(rules, BORIS, gate=OTHER_GATE, is_admin=False)

    assert await acts(rules, AdminActionKind.APPLY) is Toast.NOT_ADMIN_THERE
    assert await settings(rules) == STANDARD
    rules.later(1)
    await notes(rules, BORIS, gate=OTHER_GATE)
    assert await acts(rules, AdminActionKind.APPLY) is Toast.SAVED
    assert (await settings(rules)).further == (OTHER_GATE.chat_id,)


async def test_a_further_chat_leaves_the_list_when_who_linked_it_is_its_admin_no_more(rules: Rules) -> None:
    await runs(rules)
    await rules.becomes(OTHER_GATE)
    for admin in (ANNA, BORIS):
        await notes(rules, admin, gate=OTHER_GATE)
    assert await sets(rules, "further", f"+{OTHER_GATE.chat_id}", admin_id=ANNA) is Toast.SAVED
    await notes(rules, BORIS, gate=OTHER_GATE, is_admin=False)
    await rules.sweeps()
    assert (await settings(rules)).further == (OTHER_GATE.chat_id,)

    await notes(rules, ANNA, gate=OTHER_GATE, is_admin=False)
    await rules.sweeps()

    assert (await settings(rules)).further == ()
    assert (await changed(rules))[-1] == (None, f"further=-{OTHER_GATE.chat_id}")
    # Its admin adds it again, and it stays.
    await notes(rules, BORIS, gate=OTHER_GATE)
    assert await sets(rules, "further", f"+{OTHER_GATE.chat_id}") is Toast.SAVED
    await rules.sweeps()
    assert (await settings(rules)).further == (OTHER_GATE.chat_id,)


async def test_a_further_chat_that_became_a_supergroup_leaves_the_list_all_the_same(rules: Rules) -> None:
    await runs(rules)
    await rules.becomes(OTHER_GATE)
    await notes(rules, BORIS, gate=OTHER_GATE)
    assert await sets(rules, "further", f"+{OTHER_GATE.chat_id}") is Toast.SAVED
    await rules.database.transact(lambda store: move_chat(store, OTHER_GATE.chat_id, NEW_ID))
    assert (await settings(rules)).further == (NEW_ID,)

    await notes(rules, BORIS, gate=replace(OTHER_GATE, chat_id=NEW_ID), is_admin=False)
    await rules.sweeps()

    assert (await settings(rules)).further == ()
