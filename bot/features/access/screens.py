"""What a person got at a gate, as a line and as buttons; and what an admin decided."""

from __future__ import annotations

from aiogram.types import InlineKeyboardButton

from bot.domain.gates import GrantKind, GrantState
from bot.domain.screens import Decided, Granted, Outcome
from bot.i18n.texts import Words, shown, visible
from bot.telegram import keyboards
from bot.telegram.keyboards import Place
from bot.telegram.rendered import RenderedMessage

BUTTON_LENGTH = 32


def way_in(grant: Granted, words: Words) -> list[InlineKeyboardButton]:
    """Return the buttons for somebody who is in."""
    title = visible(grant.title, BUTTON_LENGTH)
    if grant.kind is GrantKind.LINK:
        return [
            keyboards.link(words("Join “{title}”", title=title), grant.detail),
            keyboards.place(words("🔄 New link"), Place.LINK),
        ]
    return [keyboards.link(words("Open “{title}”", title=title), grant.link)]


def try_again(words: Words) -> list[InlineKeyboardButton]:
    """Return the button for somebody whom Telegram did not let in."""
    return [keyboards.place(words("🔄 Let me in now"), Place.ENTER)]


def grant_line(grant: Granted, words: Words) -> str:
    """Return the state of the grant."""
    title = f"<b>{shown(grant.title)}</b>"
    match grant.state:
        case GrantState.DONE if grant.kind is GrantKind.LINK:
            return words("Your link to {gate} works once, for an hour.", gate=title)
        case GrantState.DONE:
            return words("You are in: {gate}", gate=title)
        case GrantState.TOO_MANY_CHATS:
            return words(
                "{gate}: you are in too many groups. Leave one you do not need, then press the button below.",
                gate=title,
            )
        case GrantState.FAILED:
            return words("{gate}: Telegram did not let me add you. I have told the operators.", gate=title)
        case GrantState.DUE | GrantState.GONE:
            return words("Letting you in: {gate}…", gate=title)


def render_decided(view: Decided, words: Words) -> RenderedMessage:
    """Render an admin's decision for the person it is about."""
    gate = f"<b>{shown(view.gate)}</b>"
    buttons: list[list[InlineKeyboardButton]] = []
    match view.outcome:
        case Outcome.LET_IN:
            lines = [words("✅ An administrator let you in: {gate}", gate=gate)]
            if view.granted is not None:
                lines += ["", grant_line(view.granted, words)]
                if view.granted.state is GrantState.DONE:
                    buttons.append(way_in(view.granted, words))
                elif view.granted.state in (GrantState.TOO_MANY_CHATS, GrantState.FAILED):
                    buttons.append(try_again(words))
        case Outcome.DECLINED:
            lines = [
                words(
                    "✖️ An administrator declined your request to join {gate}. You can ask again at any time.",
                    gate=gate,
                )
            ]
        case Outcome.REVOKED:
            lines = [
                words(
                    "♻️ An administrator of {gate} asks you to verify again. You are out of the "
                    "group: ask to join once more, and make one more free call.",
                    gate=gate,
                )
            ]
    if view.goes_on:
        buttons.append([keyboards.place(words("‹ Back"), Place.HOME)])
    return RenderedMessage("\n".join(lines), keyboards.rows(*buttons) if buttons else None)
