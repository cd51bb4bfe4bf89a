"""Notifications about stored data: deleted, or exported."""

from __future__ import annotations

from collections.abc import Callable

from bot.domain.delivery import Notification
from bot.domain.periods import PeriodProblem
from bot.domain.tasks import Notify
from bot.telegram.texts import Words, shown


def spaced(number: int) -> str:
    """Return a number in groups of three digits."""
    return f"{number:,}".replace(",", "\u202f")


def _no_period(notice: Notify, words: Words) -> str:
    match notice.problem or PeriodProblem.UNKNOWN:
        case PeriodProblem.UNKNOWN:
            what = words("I do not know that time.")
        case PeriodProblem.NO_DAY:
            what = words("There is no such day.")
        case PeriodProblem.REVERSED:
            what = words("That time would end before it begins.")
    how = words("Write one of today, 7d, 30d, 90d, all, or two days: {example}", example="2026-01-01..2026-01-31")
    return f"{what} {how}"


def _export_huge(notice: Notify, words: Words) -> str:
    return words(
        "That is more than {most} entries, too much for a chat. Choose a shorter time, or export from a shell: "
        "{command}",
        most=spaced(notice.most),
        command=f"<code>python -m bot export --period {shown(notice.period)}</code>",
    )


DATA_NOTIFICATIONS: dict[Notification, Callable[[Notify, Words], str]] = {
    Notification.ERASED: lambda _, words: words(
        "🗑 Deleted. What was kept about you is gone; what was under way goes within minutes. I do not know you "
        "any more: if you write to me, we begin anew."
    ),
    Notification.MY_DATA_ASKED: lambda _, words: words(
        "You asked for that a moment ago: the file is here, or on its way. In a minute you can ask anew."
    ),
    Notification.EXPORT_PERIOD: _no_period,
    Notification.EXPORT_BUSY: lambda _, words: words(
        "Your last export is not finished yet. Ask again when it is there."
    ),
    Notification.EXPORT_EMPTY: lambda _, words: words("Nothing happened in that time."),
    Notification.EXPORT_HUGE: _export_huge,
    Notification.EXPORT_FAILED: lambda _, words: words(
        "⚠️ The export could not be sent. Ask for it again, or export from a shell."
    ),
    Notification.MY_DATA_FAILED: lambda _, words: words(
        "⚠️ The file with your data could not be sent. Please ask for it again: /mydata"
    ),
    Notification.MY_DATA_TOO_LARGE: lambda _, words: words(
        "⚠️ What is kept about you is too much for a chat. Please ask those who run this bot for it."
    ),
}
"""The text of each notification about data."""
