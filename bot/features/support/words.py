"""Sentences about people for operators: questions and results."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from html import escape

from bot.domain.admin_actions import AdminActionKind
from bot.domain.gates import GrantKind
from bot.domain.operator_pages import Confirmation, StuckItem, StuckItemKind
from bot.domain.outgoing import TaskKind
from bot.i18n.formats import lasted
from bot.i18n.texts import Words, apart, visible

NAMED = 5
ERROR_LENGTH = 80
TITLE_LENGTH = 28


def asked(view: Confirmation, who: str, gates: Sequence[str], words: Words) -> str:
    """Ask for confirmation and name the consequences. `who` and `gates` are ready to show."""
    where = named(gates, words)
    match view.act:
        case AdminActionKind.LET_IN:
            return words(
                "Let {who} in at {where}?\n\nWho waits comes in now, others as soon as they ask; a block ends. Their "
                "phone counts as verified by that nowhere.",
                who=who,
                where=where,
            )
        case AdminActionKind.DECLINE:
            return words(
                "Decline {who} at {where}?\n\nThey are told, and may ask again at any time.", who=who, where=where
            )
        case AdminActionKind.REVOKE:
            return words(
                "Have {who} verify anew at {where}?\n\nThey are removed, or muted where newcomers are muted, until "
                "they call again. They are told.",
                who=who,
                where=where,
            )
        case AdminActionKind.RESTORE:
            return words(
                "Take back that {who} has to verify anew at {where}?\n\nIt is as if it had not been wanted; they are "
                "brought back, or get a link.",
                who=who,
                where=where,
            )
        case AdminActionKind.BLOCK:
            text = words(
                "Block {who} at {where}?\n\nWho is in is banned; from now on they are turned away whenever they ask.",
                who=who,
                where=where,
            )
            return text if view.gate_id else f"{text} {_later_ones(words)}"
        case AdminActionKind.UNBLOCK:
            return words(
                "Unblock {who} at {where}?\n\nThey may ask again, and have to verify like anybody else.",
                who=who,
                where=where,
            )
        case _:
            return "\n\n".join(_free(view, who, where, words))


def _later_ones(words: Words) -> str:
    return words("Groups that come later are not among these.")


def _free(view: Confirmation, who: str, where: str, words: Words) -> list[str]:
    asked = [
        words("Free the phone {mask} of {who}?", mask=view.mask, who=who),
        words("They are not verified any more, and another account can be verified with it."),
    ]
    if view.gates:
        asked.append(
            words(
                "They came in with it at {where}: there they are removed, or muted where newcomers are muted, until "
                "they verify anew. They are told. Who was let in by hand stays.",
                where=where,
            )
        )
    else:
        asked.append(words("They have come in with it nowhere, so nobody is removed."))
    if view.others:
        more = words.many(
            "{count} other account stays verified with it: a group takes no more accounts of one phone than it is set "
            "to.",
            "{count} other accounts stay verified with it: a group takes no more accounts of one phone than it is set "
            "to.",
            view.others,
        )
        asked.append(more)
    return asked


def sure(act: AdminActionKind, words: Words) -> str:
    """Return the label of the button that confirms."""
    match act:
        case AdminActionKind.LET_IN:
            return words("✅ Yes, let in")
        case AdminActionKind.DECLINE:
            return words("✖️ Yes, decline")
        case AdminActionKind.REVOKE:
            return words("♻️ Yes, verify anew")
        case AdminActionKind.RESTORE:
            return words("↩️ Yes, restore")
        case AdminActionKind.BLOCK:
            return words("⛔ Yes, block")
        case AdminActionKind.UNBLOCK:
            return words("🔓 Yes, unblock")
        case _:
            return words("📱 Yes, free it")


def title(gate: str, longest: int = TITLE_LENGTH) -> str:
    """Return a gate's title, shortened, as HTML."""
    return apart(escape(visible(gate, longest), quote=False))


def named(gates: Sequence[str], words: Words) -> str:
    """Return the titles of some gates in bold; of many only the first ones, and how many more."""
    names = ", ".join(f"<b>{gate}</b>" for gate in gates[:NAMED])
    more = len(gates) - NAMED
    return names + words.many(" and {count} more", " and {count} more", more) if more > 0 else names


def trouble(what: StuckItem, words: Words, now: datetime) -> str:
    """Return one thing about a person that is still to be done."""
    told = [_what(what, words)]
    if what.gate:
        told.append(title(what.gate))
    if what.kind is StuckItemKind.FAILURE and what.at is not None:
        told.append(words("{age} ago", age=lasted(now - what.at, words)))
    if what.attempts:
        told.append(words.many("tried {count} time", "tried {count} times", what.attempts))
    if what.error and what.kind is not StuckItemKind.FAILURE:
        told.append(_error(what.error))
    return " · ".join(told)


def _what(what: StuckItem, words: Words) -> str:
    match what.kind:
        case StuckItemKind.GRANT_DUE:
            return words("⏳ to be given the tag") if what.what == GrantKind.TAG else words("⏳ to be let in")
        case StuckItemKind.GRANT_FAILED:
            return words("⚠️ got no tag") if what.what == GrantKind.TAG else words("⚠️ could not be let in")
        case StuckItemKind.TOO_MANY_CHATS:
            return words("⚠️ is in too many chats: has to leave one")
        case StuckItemKind.FAILURE:
            return words("⚠️ error {error}", error=f"<code>{_error(what.error)}</code>")
        case StuckItemKind.TASK_DUE:
            return _task(what.what, words)


def _task(what: str, words: Words) -> str:
    match what:
        case TaskKind.MUTE:
            return words("⏳ to be muted")
        case TaskKind.BAN:
            return words("⏳ to be banned")
        case TaskKind.UNBAN:
            return words("⏳ to be unbanned")
        case TaskKind.DECLINE_JOIN:
            return words("⏳ request to be declined")
        case TaskKind.KICK:
            return words("⏳ to be removed")
        case TaskKind.REVOKE_LINK:
            return words("⏳ link to be revoked")
        case _:
            return words("⏳ tag to be taken away")


def _error(error: str) -> str:
    return escape(visible(error, ERROR_LENGTH), quote=False)
