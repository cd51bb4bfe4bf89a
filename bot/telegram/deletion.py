"""The screens for deleting a person's data: for the person, and for an operator."""

from __future__ import annotations

from bot.domain.personal import Deletion, DeletionScreen
from bot.telegram import keyboards
from bot.telegram.keyboards import PersonalAct, Place
from bot.telegram.rendered import RenderedMessage
from bot.telegram.texts import Words, shown

NAMED_GATES = 5


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
