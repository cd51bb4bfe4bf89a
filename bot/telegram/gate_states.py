"""The state of a gate as one sign and a few words, the same wherever it appears."""

from __future__ import annotations

from bot.domain.health import GateState
from bot.telegram.texts import Words

SIGNS = {
    GateState.BYPASSED: "⚠️",
    GateState.HAS_ISSUES: "⚠️",
    GateState.UNGUARDED: "⛔",
    GateState.UNCONFIRMED: "🟡",
    GateState.OPEN: "🔓",
    GateState.PAUSED: "⏸",
    GateState.OFF: "⏹",
    GateState.STRICT: "🛡",
    GateState.ON: "✅",
}


def state_name(state: GateState, words: Words) -> str:
    """Return the state in a few words."""
    match state:
        case GateState.BYPASSED:
            return words("on, but people can get in without verifying")
        case GateState.HAS_ISSUES:
            return words("on, something is missing")
        case GateState.UNGUARDED:
            return words("not guarded: no right to let people in")
        case GateState.UNCONFIRMED:
            return words("on, not confirmed yet that people have to ask")
        case GateState.OPEN:
            return words("open to everybody, no call needed")
        case GateState.PAUSED:
            return words("paused")
        case GateState.OFF:
            return words("switched off")
        case GateState.STRICT:
            return words("on, strict for now")
        case GateState.ON:
            return words("guarded")
