"""A gate's settings as a JSON file, and what may be wrong with one from outside."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Never

from pydantic import JsonValue, TypeAdapter, ValidationError

from bot.domain.gate_settings import GateSettings, InvalidSettingError, SettingProblem
from bot.domain.gates import Gate
from bot.domain.setting_choices import REFUSABLE
from bot.features.settings.parse import LONGEST_ABOUT
from bot.i18n.texts import LANGUAGES

VERSION = 1
SETTINGS = TypeAdapter(GateSettings)
NAMES = frozenset(field.name for field in fields(GateSettings))
PARTS = frozenset({"callgate", "gate", "settings"})


class JsonSettingsFile:
    """Settings as text, in files and between two of an admin's steps.

    A file from outside is not trusted: names, types and values must be right, each separately.
    """

    def written(self, gate: Gate) -> str:
        """Return a file that people can read and compare line by line."""
        settings_file = {
            "callgate": VERSION,
            "gate": {"id": gate.chat_id, "title": gate.title},
            "settings": _plain(gate.settings),
        }
        return json.dumps(settings_file, ensure_ascii=False, indent=2, sort_keys=True) + "\n"

    def read(self, text: str, present: GateSettings) -> tuple[int, GateSettings]:
        """Return the gate of a file (0 if it names none), and the settings with its changes."""
        settings_file = _loaded(text)
        if not isinstance(settings_file, dict) or "callgate" not in settings_file:
            raise InvalidSettingError(SettingProblem.FILE_FOREIGN)
        if type(settings_file["callgate"]) is not int or settings_file["callgate"] != VERSION:
            raise InvalidSettingError(SettingProblem.FILE_NEWER)
        given, origin = settings_file.get("settings"), settings_file.get("gate")
        if not isinstance(given, dict):
            raise InvalidSettingError(SettingProblem.FILE_FOREIGN)
        unknown = sorted((set(given) - NAMES) | (set(settings_file) - PARTS))
        if unknown:
            raise InvalidSettingError(SettingProblem.FILE_UNKNOWN, unknown[0][:LONGEST_ABOUT])
        settings = _made(_plain(present) | given, is_strict=True)
        for name, is_right in (
            ("language", settings.language in ("", *LANGUAGES)),
            ("refused_kinds", settings.refused_kinds <= REFUSABLE),
            ("welcome", "\0" not in settings.welcome),
        ):
            if not is_right:
                raise InvalidSettingError(SettingProblem.FILE_VALUE, name)
        gate_id = origin.get("id") if isinstance(origin, dict) else 0
        return gate_id if type(gate_id) is int and abs(gate_id) < 2**63 else 0, settings

    def changes(self, before: GateSettings, after: GateSettings) -> str:
        """Return the settings that differ, with their new values."""
        old, new = _plain(before), _plain(after)
        changed = {name: value for name, value in new.items() if old[name] != value}
        return json.dumps(changed, ensure_ascii=False, separators=(",", ":"))

    def applied(self, settings: GateSettings, changes: str) -> GateSettings:
        """Return the settings with these changes."""
        changed = json.loads(changes)
        return _made(_plain(settings) | changed, is_strict=False)


def _plain(settings: GateSettings) -> dict[str, Any]:
    plain: dict[str, Any] = SETTINGS.dump_python(settings, mode="json")
    # A set has no order of its own.
    return plain | {"refused_kinds": sorted(plain["refused_kinds"])}


def _loaded(text: str) -> JsonValue:
    def refuse(_constant: str) -> Never:
        raise InvalidSettingError(SettingProblem.FILE_NO_JSON)

    try:
        loaded: JsonValue = json.loads(text, parse_constant=refuse)
    except (ValueError, RecursionError):
        raise InvalidSettingError(SettingProblem.FILE_NO_JSON) from None
    return loaded


def _made(plain: Mapping[str, Any], *, is_strict: bool) -> GateSettings:
    try:
        return SETTINGS.validate_json(json.dumps(plain), strict=is_strict)
    except ValidationError as error:
        (first, *_) = error.errors()
        if isinstance(cause := first.get("ctx", {}).get("error"), InvalidSettingError):
            raise cause from None
        about = str(first["loc"][0]) if first["loc"] else ""
        raise InvalidSettingError(SettingProblem.FILE_VALUE, about) from None
    except RecursionError:
        raise InvalidSettingError(SettingProblem.FILE_VALUE) from None
