"""The pages of settings about notifications for admins and about service messages."""

from __future__ import annotations

from bot.domain.choices import NO, NONE, YES, Setting
from bot.domain.panel import SettingPage
from bot.domain.settings import RaidReaction
from bot.telegram import describe_settings, keyboards
from bot.telegram.deep_links import Start, payload
from bot.telegram.panel_frame import choice, framed
from bot.telegram.rendered import RenderedMessage
from bot.telegram.texts import Words

RAIDS = ((10, 5), (30, 5), (100, 10))
"""Requests, minutes."""


def render_log(view: SettingPage, words: Words, chat_url: str) -> RenderedMessage:
    """Show where the bot posts decisions. `chat_url` opens the private chat with the bot."""
    gate, settings = view.gate, view.gate.settings
    link = f"{chat_url}?startgroup={payload(Start.LOG, gate.chat_id)}"
    if settings.log_chat is None:
        state = words("Decisions are told nowhere; they are kept for you all the same.")
    elif settings.log_topic is None:
        state = words("Who is let in or turned away, and why, is told in the group that you chose.")
    else:
        state = words("Who is let in or turned away, and why, is told in the topic that you chose.")
    off = [choice(words("Tell it nowhere"), gate, Setting.LOG, NONE)] if settings.log_chat is not None else []
    return framed(
        view,
        words,
        words("📒 Log"),
        state,
        words(
            "Choose a group with the button. For a topic, or a group that I am in already: while you see this page, "
            "send /log there, as yourself."
        ),
        words("👥 What becomes of those who wait now ({count}) is told there too.", count=view.waiting),
        buttons=[[keyboards.link(words("📒 Choose a group"), link)], off],
    )


def render_raid(view: SettingPage, words: Words) -> RenderedMessage:
    """Show what counts as a raid, and what the gate does then."""
    gate, settings = view.gate, view.gate.settings
    names = {
        RaidReaction.OFF: words("Nothing"),
        RaidReaction.TELL: words("Tell the administrators"),
        RaidReaction.STRICT: words("Tell, and be strict for an hour"),
        RaidReaction.PAUSE: words("Tell, and pause the gate"),
    }
    size = (settings.raid_requests, settings.raid_minutes)
    sizes = [
        choice(
            words("{requests} in {minutes} min", requests=requests, minutes=minutes),
            gate,
            Setting.RAID_SIZE,
            f"{requests}/{minutes}",
            is_current=(requests, minutes) == size,
        )
        for requests, minutes in RAIDS
    ]
    return framed(
        view,
        words,
        words("🌊 Raids"),
        words(
            "A raid is <b>{raid}</b>. Then: <b>{reaction}</b>.",
            raid=describe_settings.raid_is(settings, words),
            reaction=describe_settings.raid(settings.raid, words),
        ),
        words("👥 For those who wait now ({count}) nothing changes until the next raid.", count=view.waiting),
        words("Choose, or write other numbers, such as 50 in 10."),
        buttons=[
            *[
                [choice(name, gate, Setting.RAID, reaction, is_current=reaction is settings.raid)]
                for reaction, name in names.items()
            ],
            sizes,
        ],
    )


def render_service_messages(view: SettingPage, words: Words) -> RenderedMessage:
    """Show whether the bot deletes join and leave messages."""
    gate, is_on = view.gate, view.gate.settings.tidies_joins
    return framed(
        view,
        words,
        words("🧹 Lines about who joined"),
        words(
            "Telegram's lines about who joined <b>{tidies}</b>. For deleting them I need the right “Delete messages”.",
            tidies=describe_settings.tidies(words, is_on=is_on),
        ),
        words("👥 For those who wait now ({count}) this changes nothing.", count=view.waiting),
        buttons=[
            [
                choice(words("Delete them"), gate, Setting.TIDIES, YES, is_current=is_on),
                choice(words("Leave them"), gate, Setting.TIDIES, NO, is_current=not is_on),
            ]
        ],
    )
