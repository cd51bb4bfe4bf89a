"""The pages of settings about what people get and read."""

from __future__ import annotations

from html import escape

from bot.domain.choices import OWN_LANGUAGE, Setting
from bot.domain.panel import AdminActionKind, Page, SettingPage
from bot.telegram import describe_settings, keyboards
from bot.telegram.panel_frame import choice, framed, toggle
from bot.telegram.rendered import RenderedMessage
from bot.telegram.texts import LANGUAGES, Words, shown, visible

BUTTON_LENGTH = 32


def render_granted(view: SettingPage, words: Words) -> RenderedMessage:
    """Show what people get when they come in."""
    gate, settings = view.gate, view.gate.settings
    titles = dict(view.chats)
    lines = [words("• entry"), words("• the tag: {tag}", tag=_tag(view, words))]
    further = ", ".join(f"<b>{shown(titles.get(chat, ''))}</b>" for chat in settings.further)
    lines.append(words("• a link into: {chats}", chats=further or words("none")))
    return framed(
        view,
        words,
        words("🎁 What is given"),
        words("Whoever comes in is given:") + "\n" + "\n".join(lines),
        _for_who_comes(view, words),
        buttons=[
            [
                keyboards.panel(words("🏷 Tag"), AdminActionKind.OPEN, gate.chat_id, Page.TAG),
                keyboards.panel(words("🔗 Further chats"), AdminActionKind.OPEN, gate.chat_id, Page.FURTHER),
            ]
        ],
    )


def render_tag(view: SettingPage, words: Words) -> RenderedMessage:
    """The tag."""
    clear = [choice(words("No tag"), view.gate, Setting.TAG, "")] if view.gate.settings.tag else []
    return framed(
        view,
        words,
        words("🏷 Tag"),
        words("Beside the name of whoever comes in stands: {tag}.", tag=_tag(view, words)),
        words("I need the right “Manage tags” for it, and members should not edit their own."),
        _for_who_comes(view, words),
        words("Write the tag: up to 16 characters, no emoji."),
        buttons=[clear],
        back=Page.GRANTED,
    )


def render_further(view: SettingPage, words: Words) -> RenderedMessage:
    """Show links to extra chats."""
    gate, given = view.gate, view.gate.settings.further
    toggles = [
        [toggle(visible(title, BUTTON_LENGTH), gate, Setting.FURTHER, str(chat), is_on=chat in given)]
        for chat, title in view.chats
    ]
    offer = (
        words("Whoever comes in gets an invite link of their own to each chat that is marked.")
        if toggles
        else words("You run no other group that I guard. Make me an administrator of one, and it appears here.")
    )
    return framed(
        view, words, words("🔗 Further chats"), offer, _for_who_comes(view, words), buttons=toggles, back=Page.GRANTED
    )


def render_language(view: SettingPage, words: Words) -> RenderedMessage:
    """Show the language that the bot uses when it cannot know the reader's."""
    gate, current = view.gate, view.gate.settings.language
    choices = [
        choice(describe_settings.language(code, words), gate, Setting.LANGUAGE, code, is_current=code == current)
        for code in LANGUAGES
    ]
    own = choice(describe_settings.language("", words), gate, Setting.LANGUAGE, OWN_LANGUAGE, is_current=not current)
    return framed(
        view,
        words,
        words("💬 Language"),
        words(
            "In the group and in the log I speak: <b>{language}</b>. In private everybody reads their own language.",
            language=describe_settings.language(current, words),
        ),
        words("👥 For those who wait now ({count}) nothing changes in private.", count=view.waiting),
        buttons=[choices, [own]],
    )


def render_welcome(view: SettingPage, words: Words) -> RenderedMessage:
    """Show the welcome message as verified people will see it."""
    welcome = view.gate.settings.welcome
    preview = (
        words("Whoever comes in reads this in private:") + f"\n<blockquote>{escape(welcome, quote=False)}</blockquote>"
        if welcome
        else words("Whoever comes in reads nothing more than that they are in.")
    )
    clear = [choice(words("No welcome"), view.gate, Setting.WELCOME, "")] if welcome else []
    return framed(
        view,
        words,
        words("👋 Welcome"),
        preview,
        words("👥 Those who wait now ({count}) will read it too, once they are in.", count=view.waiting),
        words("Write another text, up to 500 characters; it is shown as plain text."),
        buttons=[clear],
    )


def _tag(view: SettingPage, words: Words) -> str:
    tag = view.gate.settings.tag
    return f"<b>{shown(tag)}</b>" if tag else words("none")


def _for_who_comes(view: SettingPage, words: Words) -> str:
    return words(
        "👥 Those who wait now ({count}) are given it once they are in; who is in already is not.", count=view.waiting
    )
