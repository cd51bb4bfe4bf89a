"""Notifications about stored data: deleted, or exported."""

from __future__ import annotations

from bot.domain.delivery import Notification
from bot.domain.periods import PeriodProblem
from bot.domain.tasks import Notify
from bot.telegram.texts import Words, shown


def data_notification(notice: Notify, words: Words) -> str:
    """Return the HTML of a notification about data. Raises ValueError for any other."""
    match notice.notice:
        case Notification.ERASED:
            return words(
                "🗑 Deleted. What was kept about you is gone; what was under way goes within minutes. I do not know you "
                "any more: if you write to me, we begin anew."
            )
        case Notification.MY_DATA_ASKED:
            return words(
                "You asked for that a moment ago: the file is here, or on its way. In a minute you can ask anew."
            )
        case Notification.EXPORT_PERIOD:
            return _no_period(notice.problem or PeriodProblem.UNKNOWN, words)
        case Notification.EXPORT_BUSY:
            return words("Your last export is not finished yet. Ask again when it is there.")
        case Notification.EXPORT_EMPTY:
            return words("Nothing happened in that time.")
        case Notification.EXPORT_HUGE:
            return words(
                "That is more than {most} entries, too much for a chat. Choose a shorter time, or export from a shell: "
                "{command}",
                most=spaced(notice.most),
                command=f"<code>python -m bot export --period {shown(notice.period)}</code>",
            )
        case Notification.EXPORT_FAILED:
            return words("⚠️ The export could not be sent. Ask for it again, or export from a shell.")
        case Notification.MY_DATA_FAILED:
            return words("⚠️ The file with your data could not be sent. Please ask for it again: /mydata")
        case Notification.MY_DATA_TOO_LARGE:
            return words("⚠️ What is kept about you is too much for a chat. Please ask those who run this bot for it.")
        case what:
            raise ValueError(f"{what} is no notice about data")


def spaced(number: int) -> str:
    """Return a number in groups of three digits."""
    return f"{number:,}".replace(",", "\u202f")


def _no_period(problem: PeriodProblem, words: Words) -> str:
    match problem:
        case PeriodProblem.UNKNOWN:
            what = words("I do not know that time.")
        case PeriodProblem.NO_DAY:
            what = words("There is no such day.")
        case PeriodProblem.REVERSED:
            what = words("That time would end before it begins.")
    how = words("Write one of today, 7d, 30d, 90d, all, or two days: {example}", example="2026-01-01..2026-01-31")
    return f"{what} {how}"
