"""The call screen, as JSON for the page's script and as the page itself."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta
from html import escape
from pathlib import Path
from string import Template
from typing import Any

import segno

from bot.clock import Clock
from bot.domain.gates import GrantState
from bot.domain.gateway import GatewayReason
from bot.domain.notifications import Toast
from bot.domain.screens import CallHint
from bot.features.verification.call_buttons import PressedCallButton
from bot.features.verification.call_page import CallScreen, CallState
from bot.features.verification.words import (
    called_at_another_time,
    contact_refusal,
    from_another_number,
    gateway_refusal,
    hindered_at,
    number_hidden,
    other_number_called,
)
from bot.features.verification.words import toast as said
from bot.i18n.texts import Texts, Words, unbroken, visible
from bot.numbering import NumberingPlan

STATIC = Path(__file__).parent / "static"
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
MINUTE = timedelta(minutes=1)
QUIET_ZONE = 4
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex",
    "X-Content-Type-Options": "nosniff",
}
"""Headers of the page: it loads only our own files, and nothing is stored or passed on."""


def app_headers(telegram_script: str) -> dict[str, str]:
    """Return the headers of the Mini App's page: the same, but it may load Telegram's own script.

    Anybody may frame it, because Telegram's web clients do, on addresses of their own choice. The page shows nothing
    without init data that Telegram signed for the person who looks at it.
    """
    policy = HEADERS["Content-Security-Policy"].replace("script-src 'self'", f"script-src 'self' {telegram_script}")
    return HEADERS | {"Content-Security-Policy": framed(policy)}


def framed(policy: str) -> str:
    """Return the policy of a page that others may frame."""
    return policy.replace("; frame-ancestors 'none'", "")


class StaticFiles:
    """The page's files, read once. A file's address contains its `version`, so that it can be cached for ever.

    `root` is the path of PUBLIC_URL, which precedes all paths; the proxy removes it.
    """

    def __init__(self, root: str = "") -> None:
        self.root = root
        self.files = {file.name: file.read_bytes() for file in STATIC.iterdir() if file.suffix in TYPES}
        self._versions = {name: hashlib.sha256(content).hexdigest()[:12] for name, content in self.files.items()}

    def address(self, name: str) -> str:
        """Return the address of a file."""
        return f"{self.root}/static/call/{name}?v={self._versions[name]}"

    def is_current(self, name: str, version: str) -> bool:
        """Return whether `version` is the current one."""
        return self._versions.get(name) == version


class CallView:
    """Renders call screens in the person's language."""

    def __init__(self, clock: Clock, texts: Texts, plan: NumberingPlan, static: StaticFiles) -> None:
        self._clock = clock
        self._texts = texts
        self._plan = plan
        self._static = static
        self._page = Template((STATIC / "call.html").read_text(encoding="utf-8"))

    def facts(self, screen: CallScreen) -> dict[str, Any]:
        """Return the current state of the screen."""
        now = self._clock.now()
        words = self._texts.in_language(screen.language)
        number = screen.number or ""
        return {
            "state": screen.state,
            "number": number,
            "spelled": self._plan.spelled(number) if number else "",
            "mask": screen.mask,
            "began_at": _seconds(screen.began_at),
            "ends_at": _seconds(screen.ends_at),
            "until": _seconds(screen.until),
            "now": _seconds(now),
            "qr": qr_path(f"tel:{number}") if number else None,
            "gates": [
                {"title": visible(gate.title), "link": gate.link if gate.state is GrantState.DONE else ""}
                for gate in screen.gates
                if screen.state is CallState.CONFIRMED
            ],
            "final": screen.is_final(now),
            "texts": _sentences(screen, words, now),
        }

    def event(self, screen: CallScreen) -> bytes:
        """Return the same as a server-sent event."""
        return f"retry: 3000\nevent: state\ndata: {_json(self.facts(screen))}\n\n".encode()

    def answer(self, pressed: PressedCallButton) -> dict[str, Any]:
        """Return what a pressed button did, as a word and a sentence, and the current state."""
        words = self._texts.in_language(pressed.screen.language)
        if pressed.opens_at is not None:
            says = _opens(pressed.opens_at, self._clock.now(), words)
        elif pressed.toast is Toast.TRYING_AGAIN and not pressed.next_token:
            says = words("Please share your phone number in the chat once more.")
        else:
            says = said(pressed.toast, words)
        return {
            "result": pressed.toast,
            "says": says,
            "next": f"{self._static.root}/call/{pressed.next_token}" if pressed.next_token else "",
            "state": self.facts(pressed.screen),
        }

    def app_facts(self, screen: CallScreen) -> dict[str, Any]:
        """Return the current state of the Mini App, with the token of the call screen that continues it."""
        return {**self.facts(screen), "token": screen.token}

    def app_labels(self, language: str) -> dict[str, str]:
        """Return the texts of the Mini App that do not depend on the state."""
        return _labels(self._texts.in_language(language), in_app=True)

    def page(self, screen: CallScreen) -> str:
        """Return the page."""
        words = self._texts.in_language(screen.language)
        return self._drawn(self.facts(screen), words, _labels(words, in_app=False))

    def app_page(self, words: Words, chat: str, telegram_script: str) -> str:
        """Return the page of the Mini App; only its script will know whose it is. `chat` leads to the bot."""
        facts: dict[str, Any] = {
            "state": "opening",
            "number": "",
            "spelled": "",
            "ends_at": None,
            "now": _seconds(self._clock.now()),
            "qr": None,
            "gates": [],
            "final": True,
            "texts": {"lead": words("Opening…"), "note": "", "purpose": "", "mask": "", "call_hint": ""},
        }
        files = (
            f'<link rel="stylesheet" href="{self._static.address("app.css")}">\n'
            # app.js runs it once it has loaded, and waits for it with nothing: it may load late, or never.
            f'<link id="telegram" rel="preload" as="script" href="{escape(telegram_script)}">\n'
            f'<script src="{self._static.address("app.js")}" defer></script>'
        )
        return self._drawn(facts, words, _labels(words, in_app=True), files=files, chat=escape(chat))

    def _drawn(
        self, facts: dict[str, Any], words: Words, labels: dict[str, str], files: str = "", chat: str = ""
    ) -> str:
        texts, size, path = facts["texts"], 33, ""
        if facts["qr"]:
            size, path = facts["qr"]["size"], facts["qr"]["path"]
        left = int(facts["ends_at"] - facts["now"]) if facts["ends_at"] else 0
        return self._page.substitute(
            {name: escape(text) for name, text in labels.items()},
            language=words.language,
            root=escape(self._static.root),
            css=self._static.address("call.css"),
            desk_css=self._static.address("desk.css"),
            js=self._static.address("call.js"),
            icon=self._static.address("icon.svg"),
            files=files,
            chat_link=f' href="{chat}"' if chat else "",
            state=escape(facts["state"]),
            purpose=escape(texts["purpose"]),
            lead=escape(texts["lead"]),
            title=escape(texts["lead"]),
            note=escape(texts["note"]),
            call_hint=escape(texts["call_hint"]),
            mask=escape(texts["mask"]),
            spelled=escape(facts["spelled"]),
            tel=f' href="tel:{escape(facts["number"])}"' if facts["number"] else "",
            left=f"{max(0, left) // 60}:{max(0, left) % 60:02}",
            size=str(size),
            path=path,
            call_label=escape(words("Call {number}", number=facts["spelled"])),
            gates="".join(f"<li>{_gate(gate['title'], gate['link'])}</li>" for gate in facts["gates"]),
            facts=_json(facts).replace("<", "\\u003c"),
            labels=_json(labels).replace("<", "\\u003c"),
        )


def _labels(words: Words, *, in_app: bool) -> dict[str, str]:
    """Return the texts of the page that do not depend on the state, and those of its script."""
    back = words("Then come back here.") if in_app else words("Then go back to Telegram.")
    labels = {
        "scan": words("Point the camera of your phone here: it dials the number."),
        "qr_code": words("A QR code that dials the number"),
        "hint": " ".join([words("One short ring, then it hangs up. That's how it works, and it's free."), back]),
        "call": words("Call"),
        "copy": words("Copy the number"),
        "another": words("Another number"),
        "again": words("Try again"),
        "cancel": words("Cancel"),
        "share": words("Share my phone number"),
        "chat": words("Open the chat with the bot"),
        "copied": words("Copied"),
        "offline": words("No connection. Trying again…"),
        "failed": words("That did not work. Please try again."),
        "call_number": words("Call {number}", number="{number}"),
        "reopens": _reopens("{moment}", words),
    }
    if in_app:
        labels |= {
            "loading": words("One moment…"),
            "taking": words("Reading your phone number…"),
            "denied": words("Without your number we can't verify you. Admins see only its last 4 digits."),
            "outside": words("Open this again from Telegram"),
            "outside_note": words("Only Telegram can open this page for you."),
            "closing": words("It is open for you. This closes by itself."),
        }
    return labels


def qr_path(content: str) -> dict[str, Any]:
    """Return a QR code as one SVG path, with the quiet zone that readers need around it."""
    code = segno.make_qr(content, error="m", boost_error=False)
    size = code.symbol_size(scale=1, border=QUIET_ZONE)[0]
    runs = []
    for y, row in enumerate(code.matrix, QUIET_ZONE):
        x = 0
        while x < len(row):
            length = 1
            while x + length < len(row) and row[x + length] == row[x]:
                length += 1
            if row[x]:
                runs.append(f"M{x + QUIET_ZONE} {y}h{length}v1h-{length}z")
            x += length
    return {"size": size, "path": "".join(runs)}


def _gate(title: str, link: str) -> str:
    text = escape(title)
    return f'<a href="{escape(link, quote=True)}" rel="noreferrer">{text}</a>' if link else text


def _sentences(screen: CallScreen, words: Words, now: datetime) -> dict[str, str]:
    lead, note = _told(screen, words, now)
    is_ahead = screen.is_running or screen.state is CallState.CONTACT
    titles = ", ".join(words("“{title}”", title=visible(gate.title)) for gate in screen.gates[:3])
    return {
        "lead": lead,
        "note": note,
        "purpose": words("To join {gates}", gates=titles) if titles and is_ahead else "",
        "mask": words("from your phone {mask}", mask=unbroken(screen.mask)) if screen.mask else "",
        "call_hint": _call_hint(screen, words),
    }


def _told(screen: CallScreen, words: Words, now: datetime) -> tuple[str, str]:
    match screen.state:
        case CallState.CONTACT:
            return words("Confirm your phone"), _invited(screen, words)
        case CallState.ASKING:
            return words("Getting a number for you…"), words("It takes a few seconds.")
        case CallState.WAITING:
            return words("Call this number"), _of_another(screen, words)
        case CallState.CONFIRMED:
            return _confirmed(screen, words)
        case CallState.EXPIRED:
            return words("Time is up"), words(
                "No call came from your number. Call from the phone of this Telegram account, with "
                "your number shown; roaming can hide it."
            )
        case CallState.CANCELLED:
            return words("Cancelled"), words("You can start again at any time.")
        case CallState.REFUSED:
            return words("No number this time"), gateway_refusal(screen.reason or GatewayReason.UNAVAILABLE, words)
        case CallState.LIMITED:
            moment = words.clock(screen.until or now, now)
            return words("Too many attempts"), _reopens(moment, words)


def _invited(screen: CallScreen, words: Words) -> str:
    if screen.refusal is not None:
        return contact_refusal(screen.refusal, words)
    if screen.is_known:
        return words("You are verified, but this group asks for a new call. It is free, as before.")
    return words("Share your number, then call the one you get. It's free: the call hangs up by itself.")


def _of_another(screen: CallScreen, words: Words) -> str:
    if screen.is_asking_another:
        return words("Getting another number… This one still works.")
    if screen.no_other:
        return words("There is no other number right now. This one still works.")
    return ""


def _call_hint(screen: CallScreen, words: Words) -> str:
    """Explain what may be wrong with a call that came and confirmed nothing."""
    tail = screen.mask.rpartition(" ")[2]
    match screen.hint:
        case CallHint.OTHER_NUMBER:
            return from_another_number(screen.digits, tail, words)
        case CallHint.HIDDEN:
            return number_hidden(words)
        case CallHint.OTHER_CALLED:
            return other_number_called(words)
        case CallHint.OTHER_TIME:
            return called_at_another_time(words)
        case CallHint.UNCLEAR:
            return words(
                "❓ Called, and nothing happened? Call from the SIM that ends in {tail}, with your number shown; "
                "roaming can hide it.",
                tail=tail,
            )
        case None:
            return ""


def _confirmed(screen: CallScreen, words: Words) -> tuple[str, str]:
    states = {gate.state for gate in screen.gates}
    if GrantState.DUE in states:
        return words("Letting you in…"), words("I heard your call.") if screen.mask else ""
    lead = words("You are in") if GrantState.DONE in states else words("Your phone is verified")
    if GrantState.TOO_MANY_CHATS in states:
        return lead, _except_for(GrantState.TOO_MANY_CHATS, screen, words) + words(
            "You are in too many groups. Leave one you do not need, then press the button in the chat."
        )
    if GrantState.FAILED in states:
        return lead, _except_for(GrantState.FAILED, screen, words) + words(
            "Telegram did not let me add you. I have told the operators."
        )
    if screen.ineligible:
        return lead, " ".join(
            hindered_at(visible(title), ineligibility, words) for title, ineligibility in screen.ineligible[:3]
        )
    if GrantState.DONE in states:
        return lead, words("Go back to Telegram: it is open for you.")
    return words("Your phone is verified"), words("Groups that ask for it now let you in at once.")


def _except_for(state: GrantState, screen: CallScreen, words: Words) -> str:
    """Return the gates that a sentence is about."""
    titles = [words("“{title}”", title=visible(gate.title)) for gate in screen.gates if gate.state is state]
    return ", ".join(titles[:3]) + ": "


def _reopens(moment: str, words: Words) -> str:
    return words("You can try again after {moment}.", moment=moment)


def _opens(opens_at: datetime, now: datetime, words: Words) -> str:
    minutes = max(1, -(-int((opens_at - now).total_seconds()) // 60))
    return words.many(
        "You can get a new number in {count} minute.", "You can get a new number in {count} minutes.", minutes
    )


def _seconds(moment: datetime | None) -> float | None:
    return None if moment is None else round(moment.timestamp(), 3)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
