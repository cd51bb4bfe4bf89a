"""What the console shows, in the reader's words: plain values that its page receives as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import TypedDict

from bot.domain.gate_health import GateState
from bot.domain.notifications import Toast
from bot.domain.people_pages import PendingApplicant
from bot.features.console.actions import ConsoleOutcome
from bot.features.console.views import ConsoleGate, ConsoleGates
from bot.features.moderation.words import stage
from bot.features.settings.states import issue
from bot.features.verification.words import toast as said
from bot.i18n.formats import lasted
from bot.i18n.texts import Words, visible

TONES = {
    GateState.ON: "good",
    GateState.STRICT: "good",
    GateState.UNGUARDED: "bad",
    GateState.PAUSED: "off",
    GateState.OFF: "off",
}
"""All other states warn."""


class Heading(TypedDict):
    """A gate and its state, in words and as a tone: good, warning, bad or off."""

    id: int
    title: str
    tone: str
    name: str


class Line(Heading):
    """A gate in the list."""

    waiting: int
    waits: str


class GatesJson(TypedDict):
    """The list of gates, with the texts of the page."""

    language: str
    labels: dict[str, str]
    gates: list[Line]
    unchecked: int
    more: str


class PersonJson(TypedDict):
    """A person who waits."""

    id: int
    name: str
    asked: int
    since: str
    stage: str
    mask: str
    appealed: bool


class GateJson(Heading):
    """A gate and the people who wait there; `refusals`: why a button is missing, by its action."""

    advice: list[str]
    people: list[PersonJson]
    found: int
    waits: str
    declinable: int
    confirm: str
    progress: str
    refusals: dict[str, str]


class OutcomeJson(TypedDict):
    """What an action did; `undo` is the action that takes it back, if any."""

    result: str
    says: str
    undo: str


def render_gates(view: ConsoleGates, words: Words) -> GatesJson:
    """Render the reader's gates."""
    left_out = ""
    if view.more:
        left_out = words.many("{count} more group is not shown.", "{count} more groups are not shown.", view.more)
    lines: list[Line] = [
        {
            **_heading(line.gate_id, line.title, line.state, words),
            "waiting": line.waiting,
            "waits": _waits(line.waiting, words),
        }
        for line in view.gates
    ]
    return {
        "language": words.language,
        "labels": _labels(words),
        "gates": lines,
        "unchecked": view.unchecked,
        "more": left_out,
    }


def render_gate(view: ConsoleGate, words: Words, now: datetime) -> GateJson:
    """Render one gate, and the people who wait there."""
    progress = ""
    if view.done is not None and view.of is not None:
        progress = _bare(words("🧹 Declined: {done} of {total}", done=view.done, total=view.of))
    return {
        **_heading(view.gate.chat_id, view.gate.title, view.state, words),
        "advice": _advice(view, words),
        "people": [_person(applicant, words, now) for applicant in view.applicants],
        "found": view.found,
        "waits": _waits(view.found, words),
        "declinable": view.declinable,
        "confirm": words.many("Decline {count} request?", "Decline {count} requests?", view.declinable),
        "progress": progress,
        "refusals": {kind: said(why, words) for kind, why in view.refusals.items()},
    }


def render_outcome(outcome: ConsoleOutcome, words: Words) -> OutcomeJson:
    """Render what an action did."""
    return {"result": outcome.toast, "says": said(outcome.toast, words), "undo": outcome.undo or ""}


def render_refusal(why: Toast, words: Words) -> dict[str, str]:
    """Render why the reader may not see or do something."""
    return {"says": said(why, words)}


def _person(applicant: PendingApplicant, words: Words, now: datetime) -> PersonJson:
    return {
        "id": applicant.user_id,
        "name": visible(applicant.name) if applicant.name else f"id {applicant.user_id}",
        "asked": int(applicant.since.timestamp()),
        "since": lasted(now - applicant.since, words),
        # Without the moment: it would be Telegram's markup.
        "stage": stage(applicant.stage, applicant.why, None, words, now),
        "mask": applicant.mask,
        "appealed": applicant.has_appealed,
    }


def _heading(gate_id: int, title: str, state: GateState, words: Words) -> Heading:
    return {
        "id": gate_id,
        "title": visible(title),
        "tone": TONES.get(state, "warning"),
        "name": _state_name(state, words),
    }


def _bare(text: str) -> str:
    """Return a text of the chat without the sign before it."""
    return text.partition(" ")[2]


def _waits(count: int, words: Words) -> str:
    if not count:
        return words("Nobody is waiting.")
    return words.many("{count} person waits", "{count} people wait", count)


def _state_name(state: GateState, words: Words) -> str:
    match state:
        case GateState.BYPASSED:
            return words("People get in unverified")
        case GateState.HAS_ISSUES:
            return words("Something is missing")
        case GateState.UNGUARDED:
            return words("Not guarded")
        case GateState.UNCONFIRMED:
            return words("One step left")
        case GateState.OPEN:
            return words("Open to everybody")
        case GateState.PAUSED:
            return words("Paused")
        case GateState.OFF:
            return words("Off")
        case GateState.STRICT:
            return words("Guarded, strict for now")
        case GateState.ON:
            return words("Guarded")


def _advice(view: ConsoleGate, words: Words) -> list[str]:
    """Return what to do in Telegram, so that the gate does what its settings say."""
    advice = [issue(each, view.joined_unverified, words) for each in view.issues]
    if view.state is GateState.UNCONFIRMED:
        advice.append(words("Turn on “Request admin approval” for the link you share, or use mine."))
    return advice


def _labels(words: Words) -> dict[str, str]:
    return {
        "title": words("Your groups"),
        "back": words("‹ All my groups"),
        "choose": words("Choose a group to see who waits there."),
        "no_gates": words("You manage no group that I guard. Make me an administrator of one, and it appears here."),
        "waiting": words("Waiting"),
        "statistics": _bare(words("📊 Statistics")),
        "funnel": words("From request to entry"),
        "countries": words("Calls by country"),
        "no_calls": words("No calls yet"),
        "period": words("Period"),
        "search": words("Search by name"),
        "nobody": words("Nobody is waiting."),
        "nobody_found": words("Nobody with this name waits."),
        "let_in": _bare(words("✅ Let in")),
        "decline": _bare(words("✖️ Decline")),
        "undo": _bare(words("↩️ Undo")),
        "appealed": words("Asks you to let them in"),
        "decline_all": words("Decline all unverified…"),
        "stays": words("People who are verified or in the middle of a call stay. The others may ask again any time."),
        "keep": words("Keep them waiting"),
        "more": words("Show more"),
        "checking": words("Asking Telegram about your rights…"),
        "offline": words("No connection. Trying again…"),
        "failed": words("That did not work. Please try again."),
        "outside": words("Open this again from Telegram"),
    }
