"""The link test, and importing a settings file: text and buttons."""

from __future__ import annotations

from bot.domain.admin_actions import AdminActionKind, ImportPage, LinkTest, LinkTestPage, SettingPage
from bot.domain.gate_settings import InvalidSettingError
from bot.domain.setting_choices import Page
from bot.features.settings.file_format import JsonSettingsFile
from bot.features.settings.frame import back_to, framed
from bot.features.settings.words import changed_lines, render_file
from bot.i18n.texts import Words, shown
from bot.telegram import keyboards
from bot.telegram.rendered import RenderedMessage

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
        notes.append(words("I do not take over the log, or chats that you do not manage."))
    changes = words("This file would change:") + "\n" + "\n".join(lines)
    leave = keyboards.panel(words("Leave it"), AdminActionKind.OPEN, gate.chat_id, Page.FILE)
    apply = keyboards.panel(words("✅ Apply"), AdminActionKind.APPLY, gate.chat_id)
    return framed(
        page,
        words,
        words("💾 Import"),
        " ".join(notes),
        changes if lines else words("This file changes nothing: these are your settings already."),
        words("👥 Once you apply it, it also holds for the people waiting: {count}.", count=view.waiting)
        if lines and view.waiting
        else "",
        buttons=[[apply, leave] if lines else []],
        back=Page.FILE,
    )


def render_link_test(view: LinkTestPage, words: Words) -> RenderedMessage:
    """Return the steps, and what to do about a link that lets people in at once."""
    gate = view.gate
    heading = "<b>" + words("🧪 Test your link") + f"</b> · {shown(gate.title)}"
    if view.outcome is LinkTest.JOINS:
        lines = [
            heading,
            words("⚠️ Your link lets everybody in without verifying. To fix it:"),
            words(
                "1. Open the group → Edit → Invite links → your link, and switch on “Request admin approval”. Where it "
                "cannot be switched on, revoke the link. Of a public group: Edit → Group type → “Approve new members”."
            ),
            words("2. Share this link instead, which asks for approval: {link}", link=view.link)
            if view.link
            else words("2. I am making a link for you that asks for approval…"),
            words("3. Test again."),
        ]
        rows = [
            [keyboards.copy(words("📋 Copy the link"), view.link)] if view.link else [],
            [keyboards.panel(words("🧪 Test again"), AdminActionKind.OPEN, gate.chat_id, Page.LINK_TEST)],
        ]
    else:
        lines = [
            heading,
            words("1. Open the link that you share from an account that is no member: a friend's, or your second one."),
            words("2. Look at the button under the group's name. You need not press it."),
            words("3. Tell me what it says. If somebody presses “Request to Join”, I see that by myself."),
        ]
        rows = [
            [keyboards.panel(words("✋ “Request to Join”"), AdminActionKind.LINK_TEST, gate.chat_id, LinkTest.ASKS)],
            [keyboards.panel(words("🚪 “Join”"), AdminActionKind.LINK_TEST, gate.chat_id, LinkTest.JOINS)],
        ]
    return RenderedMessage("\n\n".join(lines), keyboards.rows(*rows, [back_to(gate, Page.CARD, words)]))
