"""Every setting, every page of settings and every value has its words."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import fields, replace
from enum import StrEnum
from typing import Any

import pytest

from bot.domain.gate_settings import (
    STANDARD,
    AtDeadline,
    CountryRule,
    EntryMode,
    GateSettings,
    InvalidSettingError,
    RaidReaction,
    SettingProblem,
)
from bot.domain.gates import Ineligibility
from bot.domain.gateway import GatewayReason
from bot.domain.phone import ContactRefusal, NumberKind
from bot.domain.setting_choices import SETTING_PAGES, SETTINGS, Setting, chosen
from bot.features.settings.parse import PROBLEMS
from bot.features.settings.words import (
    AT_DEADLINE,
    COUNTRY_RULES,
    PAGE_WORDS,
    RAID_REACTIONS,
    SETTING_WORDS,
    WAYS,
    WAYS_EXPLAINED,
    changed_lines,
)
from bot.i18n.reasons import CONTACT_REFUSALS, GATEWAY_REASONS, INELIGIBILITIES, NUMBER_KINDS
from bot.i18n.texts import Texts
from tests.telegram.test_panel import CHATS, FULL, GATE, choices

WORDS = Texts("en").in_language("en")


@pytest.mark.parametrize(
    ("table", "needed"),
    [
        (SETTING_WORDS, Setting),
        (PAGE_WORDS, SETTING_PAGES),
        (WAYS, EntryMode),
        (WAYS_EXPLAINED, EntryMode),
        (AT_DEADLINE, AtDeadline),
        (COUNTRY_RULES, CountryRule),
        (NUMBER_KINDS, NumberKind),
        (CONTACT_REFUSALS, ContactRefusal),
        (INELIGIBILITIES, Ineligibility),
        (GATEWAY_REASONS, GatewayReason),
        (RAID_REACTIONS, RaidReaction),
        (PROBLEMS, SettingProblem),
    ],
)
def test_a_table_has_all_its_entries(table: Mapping[StrEnum, object], needed: Collection[StrEnum]) -> None:
    assert set(table) == set(needed)


def test_a_button_changes_only_the_fields_of_its_setting() -> None:
    for gate in (GATE, replace(GATE, settings=FULL)):
        for page in SETTING_PAGES:
            for _, data in choices(page, gate, CHATS):
                setting = Setting(data.key)
                assert SETTINGS[setting].page is page
                try:
                    after = chosen(gate.settings, setting, data.value)
                except InvalidSettingError:
                    continue
                assert _changed(gate.settings, after) <= set(SETTINGS[setting].fields)


def test_every_setting_can_be_chosen_on_its_page() -> None:
    full = replace(GATE, settings=replace(FULL, way=EntryMode.MUTE))
    offered = {data.key for page in SETTING_PAGES for _, data in choices(page, full, CHATS)}
    assert offered == set(Setting)


@pytest.mark.parametrize("name", [field.name for field in fields(GateSettings)])
def test_a_change_of_any_field_is_one_line(name: str) -> None:
    before = replace(STANDARD, countries=("RU",))
    change: dict[str, Any] = {name: False if name == "asks_call" else getattr(FULL, name)}
    after = replace(before, **change)
    assert len(changed_lines(before, after, WORDS, dict(CHATS))) == 1


def _changed(before: GateSettings, after: GateSettings) -> set[str]:
    return {field.name for field in fields(GateSettings) if getattr(before, field.name) != getattr(after, field.name)}
