"""The screens and notifications about what is kept, deleting it and exporting it."""

from __future__ import annotations

from collections.abc import Callable

from bot.domain.notifications import Notification, Notify
from bot.domain.people import Deletion, DeletionScreen
from bot.domain.screens import Privacy
from bot.domain.statistics import PeriodProblem
from bot.i18n.texts import Words, shown
from bot.telegram import keyboards
from bot.telegram.keyboards import PersonalAct, Place
from bot.telegram.rendered import RenderedMessage

NAMED_GATES = 5


def render_privacy(_: Privacy, words: Words) -> RenderedMessage:
    """Return what /privacy shows."""
    text = words(
        "<b>What I keep about you</b>\n\n"
        "• a fingerprint of your phone number, from which nobody can get the number back;\n"
        "• a mask of it, such as +7\u00a0•••\u00a0•••\u00a012\u201134;\n"
        "• your Telegram id and language;\n"
        "• which groups you asked to join, and when things happened;\n"
        "• your name while you wait there, and a week longer, so that administrators know whom they "
        "decide about.\n\n"
        "/mydata sends you all of it, /deleteme deletes it.\n\n"
        "<b>What I do not keep</b>\n\n"
        "• Your number itself. While you verify I hold it encrypted, and delete it within an hour "
        "after.\n"
        "• Your messages, your contacts.\n\n"
        "Administrators of the groups you ask to join see the mask and what happened there. The "
        "bot's operator sees the same for all groups. The gateway that hears the call learns your "
        "number, as any phone company does."
    )
    return RenderedMessage(text, keyboards.rows([keyboards.place(words("‹ Back"), Place.HOME)]))


def render_deletion(view: DeletionScreen, words: Words) -> RenderedMessage:
    """Return the screen in these words."""
    match view.deletion:
        case Deletion.DONE:
            return RenderedMessage(
                words(
                    "🗑 Erased. I send Telegram the last changes now; within minutes nothing about "
                    "them is left. Statistics keep counts only."
                ),
                None,
            )
        case Deletion.NOBODY:
            return RenderedMessage(words("I keep nothing about them."), None)
        case Deletion.OPERATOR:
            return RenderedMessage(
                words(
                    "That is an operator. Remove them first: in /operators if somebody added them "
                    "there, or from OPERATORS. Or let them send /deleteme themselves."
                ),
                None,
            )
        case Deletion.UNCLEAR:
            return RenderedMessage(words("Name the person by their Telegram id: <code>/erase 123456789</code>"), None)
        case Deletion.ASKED:
            return _own(view, words) if view.user_id == 0 else _of_another(view, words)


def _own(view: DeletionScreen, words: Words) -> RenderedMessage:
    lines = [
        words(
            "🗑 <b>Delete everything about you?</b>\n\n"
            "<b>I delete:</b> your id, language and screen here, the traces of your phone, your "
            "attempts and calls, your requests and what admins decided about them."
        )
    ]
    if view.is_calling:
        lines.append(words("• The current verification is cancelled."))
    if view.waiting:
        lines.append(words("• Your requests are withdrawn: {gates}", gates=_gates(view.waiting)))
    if view.muted:
        lines.append(words("• You leave these groups, and may come back: {gates}", gates=_gates(view.muted)))
    if view.is_operator:
        lines.append(words("• You stop being an operator, unless OPERATORS lists you."))
    lines += [
        "",
        words(
            "<b>What stays:</b> you stay in the groups you are in. Statistics keep counts, without "
            "you. An anonymous mark stays: no other account can use this phone; you can. If a "
            "group's admins blocked you, a mark keeps that too. Nobody can read a number or an id "
            "from a mark."
        ),
    ]
    return RenderedMessage(
        "\n".join(lines),
        keyboards.rows(
            [keyboards.personal(words("🗑 Delete everything"), PersonalAct.DELETE_ME)],
            [keyboards.place(words("‹ Back"), Place.HOME)],
        ),
    )


def _of_another(view: DeletionScreen, words: Words) -> RenderedMessage:
    lines = [words("🗑 <b>Erase everything about {user_id}?</b>", user_id=f"<code>{view.user_id}</code>"), ""]
    lines.append(words("• They are verified.") if view.is_verified else words("• They are not verified."))
    if view.is_calling:
        lines.append(words("• Their current verification is cancelled."))
    if view.waiting:
        lines.append(words("• Their requests are declined: {gates}", gates=_gates(view.waiting)))
    if view.muted:
        lines.append(words("• I remove them; they can come back: {gates}", gates=_gates(view.muted)))
    lines += [
        "",
        words("You cannot undo it. I tell them nothing, and they stay in the groups they are in."),
    ]
    return RenderedMessage(
        "\n".join(lines),
        keyboards.rows([keyboards.personal(words("🗑 Erase"), PersonalAct.ERASE, view.user_id)]),
    )


def _gates(titles: tuple[str, ...]) -> str:
    named = ", ".join(f"<b>{shown(title)}</b>" for title in titles[:NAMED_GATES])
    return f"{named} …" if len(titles) > NAMED_GATES else named


def spaced(number: int) -> str:
    """Return a number in groups of three digits."""
    return f"{number:,}".replace(",", "\u202f")


def _no_period(notice: Notify, words: Words) -> str:
    match notice.problem or PeriodProblem.UNKNOWN:
        case PeriodProblem.UNKNOWN:
            what = words("I do not know that period.")
        case PeriodProblem.NO_DAY:
            what = words("There is no such day.")
        case PeriodProblem.REVERSED:
            what = words("That period would end before it begins.")
    how = words("Write one of today, 7d, 30d, 90d, all, or two days: {example}", example="2026-01-01..2026-01-31")
    return f"{what} {how}"


def _export_huge(notice: Notify, words: Words) -> str:
    return words(
        "That is more than {most} entries, too many for a chat. Choose a shorter period, or export "
        "from a shell: {command}",
        most=spaced(notice.most),
        command=f"<code>python -m bot export --period {shown(notice.period)}</code>",
    )


DATA_NOTIFICATIONS: dict[Notification, Callable[[Notify, Words], str]] = {
    Notification.ERASED: lambda _, words: words(
        "🗑 Deleted. Anything still in progress goes within minutes. If you write to me again, we "
        "start from the beginning."
    ),
    Notification.MY_DATA_ASKED: lambda _, words: words(
        "You asked a moment ago: the file is here, or on its way. You can ask again in a minute."
    ),
    Notification.EXPORT_PERIOD: _no_period,
    Notification.EXPORT_BUSY: lambda _, words: words(
        "Your last export is not finished yet. Ask again when it is there."
    ),
    Notification.EXPORT_EMPTY: lambda _, words: words("Nothing happened in that period."),
    Notification.EXPORT_HUGE: _export_huge,
    Notification.EXPORT_FAILED: lambda _, words: words(
        "⚠️ I could not send the export. Ask again, or export from a shell."
    ),
    Notification.MY_DATA_FAILED: lambda _, words: words(
        "⚠️ I could not send the file with your data. Please ask again: /mydata"
    ),
    Notification.MY_DATA_TOO_LARGE: lambda _, words: words(
        "⚠️ Your data is too large for a chat. Please ask the operator of this bot for it."
    ),
}
"""The text of each notification about data."""
