"""The operators' pages about people: text and buttons."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Literal

from aiogram.filters.callback_data import CallbackData
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup
from pydantic import Field

from bot.domain.admin_actions import AdminActionKind
from bot.domain.gates import Override, RequestState
from bot.domain.notifications import Toast
from bot.domain.operator_pages import (
    Confirmation,
    Found,
    GatesToActAt,
    KnownPhone,
    NoResults,
    NoResultsReason,
    OperatorPage,
    PersonCard,
    Recent,
    RecentEntry,
)
from bot.domain.people_pages import HistoryEntry, MemberCard, Stage
from bot.features.moderation.screens import act_text
from bot.features.moderation.words import ICONS, decision, happened, override, stage
from bot.features.support.words import asked, sure, title, trouble
from bot.features.verification.words import toast
from bot.i18n.countries import country, flag
from bot.i18n.formats import lasted
from bot.i18n.reasons import NUMBER_KINDS
from bot.i18n.texts import Words, unbroken, visible
from bot.telegram import keyboards
from bot.telegram.mentions import harmless, mention
from bot.telegram.rendered import RenderedMessage

SURE = "sure"


class OperatorButton(CallbackData, prefix="o"):
    """The page to show, and about whom; `act`: what to do at which gate. `how`: that it is confirmed, or the direction
    in which a list continues from `at`."""

    page: OperatorPage
    # Anybody can send any data: values that no column can hold must not reach the database.
    user: Annotated[int, Field(ge=0, lt=2**53)] = 0
    act: AdminActionKind | None = None
    gate: Annotated[int, Field(gt=-(2**63), lt=2**63)] = 0
    at: Annotated[int, Field(ge=0, lt=2**63)] = 0
    how: Literal["", "before", "after", "sure"] = ""


def button(
    text: str,
    page: OperatorPage,
    user_id: int = 0,
    act: AdminActionKind | None = None,
    gate_id: int = 0,
    *,
    at: int = 0,
    how: Literal["", "before", "after", "sure"] = "",
) -> InlineKeyboardButton:
    """Return a button for operators."""
    data = OperatorButton(page=page, user=user_id, act=act, gate=gate_id, at=at, how=how)
    return InlineKeyboardButton(text=text, callback_data=data.pack())


BUTTON_LENGTH = 32
SHORT_TITLE = 16
"""Keeps each line to one line on a phone."""
MOST_GATES = 10
A_YEAR_AGO = timedelta(days=300)


def render_recent(view: Recent, words: Words, now: datetime) -> RenderedMessage:
    """Render what happened lately."""
    lines = [words("🕘 <b>Recent</b> · UTC")]
    if not view.entries:
        lines += ["", words("Nothing has happened yet.")]
    for number, entry in enumerate(view.entries, 1):
        icon, who = ICONS[entry.what.event], mention(entry.name, entry.user_id)
        lines += ["", f"{number}. {icon} {who}: {happened(entry.what, words)}"]
        lines.append(" · ".join(_beside(entry, now)))
    numbers = [button(str(at), OperatorPage.PERSON, entry.user_id) for at, entry in enumerate(view.entries, 1)]
    turns = []
    if view.newer is not None:
        turns.append(button(words("‹ Newer"), OperatorPage.RECENT, at=view.newer, how="after"))
    if view.older is not None:
        turns.append(button(words("Older ›"), OperatorPage.RECENT, at=view.older, how="before"))
    again = button(words("🔄 Refresh"), OperatorPage.RECENT)
    return RenderedMessage("\n".join(lines), keyboards.rows(numbers, turns, [again]))


def _beside(entry: RecentEntry, now: datetime) -> list[str]:
    """Return when, where, and with which phone."""
    gate = [title(entry.what.gate, SHORT_TITLE)] if entry.what.gate else []
    return [_clock(entry.what.at, now), *gate, *_mask(entry.mask)]


def _mask(mask: str) -> list[str]:
    return [unbroken(mask)] if mask else []


def render_found(view: Found, words: Words, now: datetime) -> RenderedMessage:
    """Render the people found."""
    lines = [words("🔎 <b>Found</b>: {count}", count=view.total), ""]
    buttons = []
    for number, person in enumerate(view.people, view.first):
        verified = words("not verified")
        if person.verified_at is not None:
            verified = words("verified {age} ago", age=lasted(now - person.verified_at, words))
        told = [mention(person.name, person.user_id), *_mask(person.mask), verified]
        lines.append(f"{number}. {' · '.join(told)}")
        text = f"{number}. {harmless(person.name, person.user_id)}"
        buttons.append([button(text, OperatorPage.PERSON, person.user_id)])
    return RenderedMessage(
        "\n".join(lines), keyboards.rows(*buttons, _turns(OperatorPage.FOUND, view.page, view.pages))
    )


def _turns(
    page: OperatorPage, at: int, pages: int, user_id: int = 0, act: AdminActionKind | None = None
) -> list[InlineKeyboardButton]:
    back = [button("‹", page, user_id, act, at=at - 1)] if at > 0 else []
    on = [button("›", page, user_id, act, at=at + 1)] if at + 1 < pages else []
    return back + on


def render_no_results(view: NoResults, words: Words) -> RenderedMessage:
    """Render why nobody was found."""
    text = _nobody(view.why, words) + _looked_for(view.looked_for, words)
    return RenderedMessage("\n".join([*_said(view.said, words), text]), None)


def _nobody(why: NoResultsReason, words: Words) -> str:
    match why:
        case NoResultsReason.NOTHING_ASKED:
            return words("Send an id, @name or phone number, such as /find @name.")
        case NoResultsReason.NOT_UNDERSTOOD:
            return words("I look for a Telegram id, an @name or a phone number: write one of them.")
        case NoResultsReason.UNREADABLE:
            return words("I cannot read this phone number. Write it with its country code.")
        case NoResultsReason.ID:
            return words("Unknown person: I keep nothing about anybody with this id.")
        case NoResultsReason.NAME:
            return words("Unknown person: nobody with this name has written to me or asked to join.")
        case NoResultsReason.PHONE:
            return words("Unknown person: nobody verified, or tried to, with this phone.")
        case NoResultsReason.NUMBER:
            return words(
                "Unknown person: this is nobody's id, and nobody has verified, or tried to, with such a phone."
            )


def _looked_for(phones: Sequence[str], words: Words) -> str:
    return " " + words("I looked for {phones}.", phones=", ".join(phones)) if phones else ""


def _said(said: str, words: Words) -> list[str]:
    return [f"<b>{toast(Toast(said), words)}</b>", ""] if said else []


def render_person(view: PersonCard, words: Words, now: datetime) -> RenderedMessage:
    """Render one person."""
    lines = [*_said(view.said, words), f"👤 {mention(view.name, view.user_id)} · id {view.user_id}"]
    lines += [_verified(view, words, now), *_phone(view.phone, words)]
    if view.can_be_written is False:
        lines.append(words("🔇 I cannot message them."))
    if view.gates:
        lines += ["", words("<b>Groups</b>")]
        lines += [f"• {title(at.gate.title)}: {_at(at, words, now)}" for at in view.gates[:MOST_GATES]]
        if (more := len(view.gates) - MOST_GATES) > 0:
            lines.append(words.many("• and {count} more", "• and {count} more", more))
    if view.troubles:
        lines += ["", words("<b>Pending</b>")]
        lines += [f"• {trouble(what, words, now)}" for what in view.troubles]
    if view.history:
        lines += ["", words("<b>What happened</b> · UTC")]
        lines += [_line(what, words, now) for what in view.history]
    return RenderedMessage("\n".join(lines), _person_buttons(view, words))


def _verified(view: PersonCard, words: Words, now: datetime) -> str:
    """Return whether they are verified, or how far their attempt got."""
    verified_at = view.phone.verified_at if view.phone is not None else None
    reached = stage(view.stage, view.why, view.until, words, now) if view.stage is not None else ""
    if view.stage in (Stage.SHARED, Stage.NUMBER_SHOWN):
        return words("📞 Verifying: {stage}", stage=reached)
    if verified_at is not None:
        return words("✅ Verified {age} ago", age=lasted(now - verified_at, words))
    return words("Not verified: {stage}", stage=reached) if reached else words("Not verified.")


def _phone(phone: KnownPhone | None, words: Words) -> list[str]:
    if phone is None:
        return []
    told = [words(NUMBER_KINDS[phone.kind].full)]
    if phone.region:
        told.insert(0, f"{flag(phone.region)} {country(phone.region, words.language)}")
    if phone.rank > 1:
        told.append(words("account no. {number} of this phone", number=phone.rank))
    return [f"📱 {unbroken(phone.mask)}", " · ".join(told)]


def _at(at: MemberCard, words: Words, now: datetime) -> str:
    """Return their state at this gate; unless they wait, the decision about them says it all."""
    if at.decision is None:
        return override(at, words, now)
    made = decision(at.decision, words, now)
    is_in = at.state is RequestState.APPROVED
    if at.applicant is None and not at.is_admin and (at.decision.override is not Override.REVOKED or not is_in):
        return made
    return f"{override(at, words, now)}. {made}"


def _line(what: HistoryEntry, words: Words, now: datetime) -> str:
    where = f" · {title(what.gate, SHORT_TITLE)}" if what.gate else ""
    return f"{_clock(what.at, now)} · {happened(what, words)}{where}"


def _clock(moment: datetime, now: datetime) -> str:
    """Format a moment in UTC, with as much of the date as it needs."""
    if moment.date() == now.date():
        return f"{moment:%H:%M}"
    return f"{moment:%d.%m %H:%M}" if now - moment < A_YEAR_AGO else f"{moment:%d.%m.%Y}"


def _person_buttons(view: PersonCard, words: Words) -> InlineKeyboardMarkup:
    turns = []
    if view.has_older:
        turns.append(button(words("‹ Older"), OperatorPage.PERSON, view.user_id, at=view.page + 1))
    if view.page > 0:
        turns.append(button(words("Newer ›"), OperatorPage.PERSON, view.user_id, at=view.page - 1))
    acts = [button(f"{_act(act, words)}…", OperatorPage.GATES, view.user_id, act) for act in view.possible]
    again = button(words("🔄 Refresh"), OperatorPage.PERSON, view.user_id)
    return keyboards.rows(turns, *keyboards.in_rows(acts), [again, button(words("🕘 Recent"), OperatorPage.RECENT)])


def _act(act: AdminActionKind, words: Words) -> str:
    """Return the label of the button that starts it."""
    match act:
        case AdminActionKind.FREE_PHONE:
            return words("📱 Free the phone")
        case AdminActionKind.ERASE:
            return words("🗑 Erase")
        case _:
            return act_text(act, words)


def render_gates_to_act_at(view: GatesToActAt, words: Words) -> RenderedMessage:
    """Render the question at which gate to act."""
    who = mention(view.name, view.user_id)
    lines = [f"<b>{_act(view.act, words)}</b> · {who}", "", words("<b>In which group?</b>")]
    buttons = [
        [button(visible(gate, BUTTON_LENGTH), OperatorPage.CONFIRM, view.user_id, view.act, gate_id)]
        for gate_id, gate in view.gates
    ]
    everywhere = []
    if view.everywhere:
        text = words("Everywhere ({count})", count=view.total)
        everywhere = [button(text, OperatorPage.CONFIRM, view.user_id, view.act)]
    turns = _turns(OperatorPage.GATES, view.page, view.pages, view.user_id, view.act)
    return RenderedMessage("\n".join(lines), keyboards.rows(everywhere, *buttons, turns, [_back(view.user_id, words)]))


def render_confirmation(view: Confirmation, words: Words) -> RenderedMessage:
    """Render the question whether to go on."""
    yes = button(sure(view.act, words), OperatorPage.CONFIRM, view.user_id, view.act, view.gate_id, how="sure")
    text = asked(view, mention(view.name, view.user_id), [title(gate) for gate in view.gates], words)
    return RenderedMessage(text, keyboards.rows([_back(view.user_id, words)], [yes]))


def _back(user_id: int, words: Words) -> InlineKeyboardButton:
    return button(words("‹ Back"), OperatorPage.PERSON, user_id)
