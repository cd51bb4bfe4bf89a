"""Every setting of a gate has its rules, and every field of the settings belongs to one."""

from __future__ import annotations

from dataclasses import fields

from bot.domain.gate_settings import GateSettings
from bot.domain.setting_choices import SETTINGS, TYPED, Setting

PRESETS_ONLY = {"asks_call"}
"""Fields that only a preset changes."""


def test_every_setting_has_its_rules() -> None:
    assert set(SETTINGS) == set(Setting)


def test_every_field_of_the_settings_belongs_to_a_setting() -> None:
    ruled = {name for spec in SETTINGS.values() for name in spec.fields}
    assert ruled == {field.name for field in fields(GateSettings)} - PRESETS_ONLY


def test_a_page_asks_for_the_text_of_one_setting_only() -> None:
    assert sorted(TYPED.values()) == sorted(setting for setting, spec in SETTINGS.items() if spec.is_typed)
