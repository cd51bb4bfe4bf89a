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
        "<b>What is kept about you</b>\n\n"
        "• a fingerprint of your phone number, from which nobody can get the number back;\n"
        "• a mask of it, such as +7 ••• ••• 12-34;\n"
        "• your Telegram id and language;\n"
        "• which groups you asked to enter, and when things happened;\n"
        "• your name while you wait there, and a week longer, so that administrators know whom they decide about.\n\n"
        "/mydata sends you all of it, /deleteme deletes it.\n\n"
        "<b>What is not</b>\n\n"
        "• Your number itself. While you verify it is held encrypted, and one hour after at the latest it is gone.\n"
        "• Your messages, your contacts.\n\n"
        "Administrators of the groups you ask to enter see the mask, and what happened there; who runs this bot sees "
        "it of all groups. "
        "The gateway that hears the call learns your number, as any phone company does."
    )
    return RenderedMessage(text, keyboards.rows([keyboards.place(words("‹ Back"), Place.HOME)]))


def render_deletion(view: DeletionScreen, words: Words) -> RenderedMessage:
    """Return the screen in these words."""
    match view.deletion:
        case Deletion.DONE:
            return RenderedMessage(
                words(
                    "🗑 Erased. What Telegram has yet to be told about them goes out now; within some minutes nothing "
                    "of theirs is left. Statistics keep counts only."
                ),
                None,
            )
        case Deletion.NOBODY:
            return RenderedMessage(words("Nothing is kept about them."), None)
        case Deletion.OPERATOR:
            return RenderedMessage(
                words(
                    "That is an operator. Remove them first: by /operators if they were added there, from OPERATORS "
                    "if the configuration names them. Or let them send /deleteme themselves."
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
            "<b>What goes:</b> your id, language and screen here, the traces of your phone, your attempts and calls, "
            "which groups you asked to enter and what was decided."
        )
    ]
    if view.is_calling:
        lines.append(words("• The attempt that is under way is cancelled."))
    if view.waiting:
        lines.append(words("• Your requests are withdrawn: {gates}", gates=_gates(view.waiting)))
    if view.muted:
        lines.append(words("• You are removed, and may come again: {gates}", gates=_gates(view.muted)))
    if view.is_operator:
        lines.append(words("• You are an operator no more, unless the configuration of this bot names you."))
    lines += [
        "",
        words(
            "<b>What stays:</b> groups you are in, you stay in. Statistics keep counts, without you. A mark says that "
            "a phone was used, not whose, so that it verifies no other account; you can verify with it again. If the "
            "administrators of a group blocked you, a mark keeps that. Nobody can read a number or an id from a mark."
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
        lines.append(words("• They are in the middle of an attempt: it is cancelled."))
    if view.waiting:
        lines.append(words("• Their requests are declined: {gates}", gates=_gates(view.waiting)))
    if view.muted:
        lines.append(words("• They are removed, and may come again: {gates}", gates=_gates(view.muted)))
    lines += [
        "",
        words("It cannot be undone. They are not told; groups they are in, they stay in."),
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
