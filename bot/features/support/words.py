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
from bot.i18n.texts import Words, apart, unbroken, visible

NAMED = 5
ERROR_LENGTH = 80
TITLE_LENGTH = 28


def asked(view: Confirmation, who: str, gates: Sequence[str], words: Words) -> str:
    """Ask for confirmation and name the consequences. `who` and `gates` are ready to show."""
    where = named(gates, words)
    match view.act:
        case AdminActionKind.LET_IN:
            return words(
                "Let {who} in at {where}?\n\n"
                "If they are waiting I let them in now, otherwise as soon as they ask. This lifts "
                "any block. It does not mark their phone as verified.",
                who=who,
                where=where,
            )
        case AdminActionKind.DECLINE:
            return words(
                "Decline {who} at {where}?\n\nI tell them, and they can ask again at any time.", who=who, where=where
            )
        case AdminActionKind.REVOKE:
            return words(
                "Ask {who} to verify again at {where}?\n\n"
                "I remove them, or mute them where newcomers are muted, until they call again, and "
                "tell them so.",
                who=who,
                where=where,
            )
        case AdminActionKind.RESTORE:
            return words(
                "Stop asking {who} to verify again at {where}?\n\n"
                "Their earlier verification counts again: I let them back in, or send a link.",
                who=who,
                where=where,
            )
        case AdminActionKind.BLOCK:
            text = words(
                "Block {who} at {where}?\n\nI ban them if they are in, and decline every new request.",
                who=who,
                where=where,
            )
            return text if view.gate_id else f"{text} {_later_ones(words)}"
        case AdminActionKind.UNBLOCK:
            return words(
                "Unblock {who} at {where}?\n\nThey can ask again, and verify like anybody else.",
                who=who,
                where=where,
            )
        case _:
            return "\n\n".join(_free(view, who, where, words))


def _later_ones(words: Words) -> str:
    return words("Groups added later are not included.")


def _free(view: Confirmation, who: str, where: str, words: Words) -> list[str]:
    asked = [
        words("Free the phone {mask} of {who}?", mask=unbroken(view.mask), who=who),
        words("Their verification ends, and another account can verify with this phone."),
    ]
    if view.gates:
        asked.append(
            words(
                "They joined with it at {where}: there I remove them, or mute them where newcomers "
                "are muted, until they verify again, and tell them so. Access that an administrator "
                "gave stays.",
                where=where,
            )
        )
    else:
        asked.append(words("They joined nowhere with it, so I remove nobody."))
    if view.others:
        more = words.many(
            "{count} other account stays verified with it: each group takes only as many accounts "
            "per phone as its settings allow.",
            "{count} other accounts stay verified with it: each group takes only as many accounts "
            "per phone as its settings allow.",
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
            return words("♻️ Yes, verify again")
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
            return words("⏳ tag still pending") if what.what == GrantKind.TAG else words("⏳ entry still pending")
        case StuckItemKind.GRANT_FAILED:
            return words("⚠️ got no tag") if what.what == GrantKind.TAG else words("⚠️ I could not let them in")
        case StuckItemKind.TOO_MANY_CHATS:
            return words("⚠️ is in too many chats: has to leave one")
        case StuckItemKind.FAILURE:
            return words("⚠️ error {error}", error=f"<code>{_error(what.error)}</code>")
        case StuckItemKind.TASK_DUE:
            return _task(what.what, words)


def _task(what: str, words: Words) -> str:
    match what:
        case TaskKind.MUTE:
            return words("⏳ mute still pending")
        case TaskKind.BAN:
            return words("⏳ ban still pending")
        case TaskKind.UNBAN:
            return words("⏳ unban still pending")
        case TaskKind.DECLINE_JOIN:
            return words("⏳ decline still pending")
        case TaskKind.KICK:
            return words("⏳ removal still pending")
        case TaskKind.REVOKE_LINK:
            return words("⏳ link still to revoke")
        case _:
            return words("⏳ tag removal still pending")


def _error(error: str) -> str:
    return escape(visible(error, ERROR_LENGTH), quote=False)
