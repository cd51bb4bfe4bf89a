"""The self-test: an admin looks at their public link the way a non-member would."""

from __future__ import annotations

from bot.domain.choices import Page
from bot.domain.panel import AdminActionKind, LinkTest, LinkTestPage
from bot.telegram import keyboards
from bot.telegram.panel_frame import back_to
from bot.telegram.rendered import RenderedMessage
from bot.telegram.texts import Words, shown


def render_link_test(view: LinkTestPage, words: Words) -> RenderedMessage:
    """Return the steps, and what to do about a link that lets people in at once."""
    gate = view.gate
    heading = "<b>" + words("🧪 Test your link") + f"</b> · {shown(gate.title)}"
    if view.outcome is LinkTest.JOINS:
        lines = [
            heading,
            words("⚠️ Your link lets everybody in without verifying. To mend it:"),
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
