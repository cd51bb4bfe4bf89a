"""The page for importing settings."""

from __future__ import annotations

from bot.domain.choices import Page
from bot.domain.panel import AdminActionKind, ImportPage, SettingPage
from bot.domain.problem import InvalidSettingError
from bot.telegram import keyboards
from bot.telegram.panel_frame import framed
from bot.telegram.rendered import RenderedMessage
from bot.telegram.setting_words import changed_lines, render_file
from bot.telegram.settings_file import JsonSettingsFile
from bot.telegram.texts import Words

SETTINGS_FILE = JsonSettingsFile()


def render_import(view: ImportPage, words: Words) -> RenderedMessage:
    """Show what a file would change, line by line."""
    gate, titles = view.gate, dict(view.chats)
    page = SettingPage(gate, Page.FILE, view.waiting)
    try:
        after = SETTINGS_FILE.applied(gate.settings, view.changes)
    except InvalidSettingError as error:
        # Other settings have changed meanwhile, and the file does not go with them.
        return render_file(SettingPage(gate, Page.FILE, view.waiting, (error.problem, error.about)), words)
    lines = changed_lines(gate.settings, after, words, titles)
    notes = [words("This file is of another group.")] if view.is_foreign else []
    if view.leaves_chats:
        notes.append(words("The log and chats that you do not run are not taken over."))
    changes = words("This file would change:") + "\n" + "\n".join(lines)
    leave = keyboards.panel(words("Leave it"), AdminActionKind.OPEN, gate.chat_id, Page.FILE)
    apply = keyboards.panel(words("✅ Apply"), AdminActionKind.APPLY, gate.chat_id)
    return framed(
        page,
        words,
        words("💾 Import"),
        " ".join(notes),
        changes if lines else words("This file changes nothing: everything is so already."),
        words("👥 Those who wait now ({count}) are held against it once you apply it.", count=view.waiting)
        if lines
        else "",
        buttons=[[apply, leave] if lines else []],
        back=Page.FILE,
    )
