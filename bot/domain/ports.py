"""Interfaces that the use cases need from Telegram's side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from bot.domain.gate_settings import GateSettings
from bot.domain.gates import Gate
from bot.domain.setting_choices import Page, Setting

ReadTyped = Callable[[Page, str], tuple[Setting, str]]
"""Reads what an admin wrote to a page: returns the setting and its new value. Raises InvalidSettingError."""


class SettingsFile(Protocol):
    """Settings as text, in files and between two of an admin's steps."""

    def written(self, gate: Gate) -> str:
        """Return the file with a gate's settings."""

    def read(self, text: str, present: GateSettings) -> tuple[int, GateSettings]:
        """Return the gate of a file, and the settings after applying it; what it does not name stays as it is. Raises
        InvalidSettingError."""

    def changes(self, before: GateSettings, after: GateSettings) -> str:
        """Return the differences; empty if there are none."""

    def applied(self, settings: GateSettings, changes: str) -> GateSettings:
        """Return settings with these changes. Raises InvalidSettingError."""
