"""Renders each state as text and buttons."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from html import escape
from typing import Any, TypeVar

from aiogram.types import InlineKeyboardButton

from bot.domain.admin_actions import GateCard, GateList, ImportPage, LinkTestPage, NoAdmin, SettingPage
from bot.domain.gate_settings import EntryMode
from bot.domain.gates import GrantState
from bot.domain.operator_pages import Confirmation, Found, GatesToActAt, NoResults, PersonCard, Recent
from bot.domain.operators import (
    AddingOperator,
    AllGates,
    AnnouncementAsked,
    AnnouncementDropped,
    AnnouncementPreview,
    AnnouncementProgress,
    GateForOperators,
    OperatorList,
    RemovingOperator,
)
from bot.domain.people import DeletionScreen
from bot.domain.people_pages import DeclineChoice, GateChoice, MemberCard, PendingList, UnknownTarget
from bot.domain.screens import (
    Appeal,
    Asking,
    CallHint,
    DeadlinePassed,
    Decided,
    Ended,
    Help,
    Limited,
    NumberShown,
    Privacy,
    Refused,
    Verified,
    View,
    Welcome,
)
from bot.features.access.screens import grant_line, render_decided, try_again, way_in
from bot.features.moderation.screens import (
    render_decline_choice,
    render_gate_choice,
    render_member,
    render_pending_list,
    render_unknown_target,
)
from bot.features.panel.screens import render_card, render_gate_list, render_no_admin
from bot.features.privacy.screens import render_deletion
from bot.features.settings.screens import render_import, render_link_test
from bot.features.settings.words import render_page
from bot.features.support.installation import (
    render_adding_operator,
    render_all_gates,
    render_announcement_asked,
    render_announcement_dropped,
    render_announcement_preview,
    render_announcement_progress,
    render_gate,
    render_operators,
    render_removing_operator,
)
from bot.features.support.screens import (
    render_confirmation,
    render_found,
    render_gates_to_act_at,
    render_no_results,
    render_person,
    render_recent,
)
from bot.features.verification.words import (
    called_at_another_time,
    contact_refusal,
    from_another_number,
    gateway_refusal,
    hindered_at,
    number_hidden,
    other_number_called,
)
from bot.i18n.texts import Words, shown
from bot.telegram import keyboards
from bot.telegram.commands import listed
from bot.telegram.keyboards import Place, VerificationAction, appeal_text
from bot.telegram.rendered import RenderedMessage

MINUTE = timedelta(minutes=1)
NAMED_GATES = 5

V = TypeVar("V", bound=View)
Screens = dict[type, Callable[[Any, Words, datetime], RenderedMessage]]
"""How to render each kind of view."""
Row = tuple[type, Callable[[Any, Words, datetime], RenderedMessage]]


def timed(view: type[V], render: Callable[[V, Words, datetime], RenderedMessage]) -> Row:
    """A row of the table; `render` needs the time."""
    return view, render


def screen(view: type[V], render: Callable[[V, Words], RenderedMessage]) -> Row:
    """A row of the table."""
    return view, lambda shown, words, _: render(shown, words)


class ScreenRenderer:
    """Renders views. `public_url`: where the call screen lives. `app_url`: the Mini App. None where there is none."""

    def __init__(
        self,
        public_url: str | None,
        app_url: str | None = None,
        *,
        rich: bool = False,
        takes_link: Callable[[str], bool] = lambda _: True,
    ) -> None:
        """`takes_link`: whether Telegram accepts buttons that lead there, as far as is known."""
        self._public_url = public_url
        self._app_url = app_url
        self._takes_link = takes_link
        self.is_rich = rich
        """Whether to render numbers for rich messages too; switched off once Telegram rejects those."""
        self.chat_url = ""
        """The private chat with the bot, once Telegram has given the bot's username."""
        self._screens: Screens = SCREENS | dict(
            (
                timed(NumberShown, self._number),
                screen(Help, lambda _, words: _help(words, self._app_url)),
                screen(GateCard, lambda view, words: render_card(view, words, self.chat_url)),
                screen(SettingPage, lambda view, words: render_page(view, words, self.chat_url)),
            )
        )

    def draw(self, view: View, words: Words, now: datetime) -> RenderedMessage:
        """Return the view in these words."""
        return self._screens[type(view)](view, words, now)

    def _number(self, view: NumberShown, words: Words, now: datetime) -> RenderedMessage:
        lines = [
            words("📞 <b>Call this number</b>"),
            "",
            view.number,
            "",
            words("from your phone {mask}", mask=view.mask),
            words("⏱ Time runs out {moment}", moment=words.moment(view.window_ends_at, now)),
        ]
        if view.left is not None:
            lines.append(_left(view.left, words))
        lines += _call_hint(view, words)
        lines += [
            "",
            words(
                "You will hear a short ring or “unavailable”, then the call drops: that is right. "
                "It is free, and nobody answers."
            ),
        ]
        public_url = self._public_url
        if public_url is not None and not self._takes_link(public_url):
            public_url = None
        if public_url is not None:
            lines.append(words("💻 At a computer? The call button shows a QR code to scan with your phone."))
        if view.is_asking_another:
            lines += ["", words("⏳ Getting another number… This one still works.")]
        elif view.no_other_until is not None:
            until = words.moment(view.no_other_until, now)
            lines += ["", words("⏸ The next number can be had {moment}. This one still works.", moment=until)]
        elif view.no_other is not None:
            lines += ["", words("There is no other number right now. This one still works.")]
        call = []
        if public_url is not None:
            call = [keyboards.link(words("📞 Call"), f"{public_url}/call/{view.token}")]
        return RenderedMessage(
            "\n".join(lines),
            keyboards.rows(
                call,
                [keyboards.copy(words("📋 Copy the number"), view.number)],
                [
                    keyboards.step(words("🔄 Another number"), VerificationAction.ANOTHER, view.verification_id),
                    keyboards.step(words("✖️ Cancel"), VerificationAction.CANCEL, view.verification_id),
                ],
                _appeal(view.appeal, words),
            ),
            _rich(lines, view.number) if self.is_rich else None,
        )


def _asking(view: Asking, words: Words) -> RenderedMessage:
    cancel = keyboards.step(words("✖️ Cancel"), VerificationAction.CANCEL, view.verification_id)
    return RenderedMessage(words("⏳ Getting a number for you…"), keyboards.rows([cancel]))


def _call_hint(view: NumberShown, words: Words) -> list[str]:
    """Explain a call that came and confirmed nothing."""
    tail, asked = view.mask.rpartition(" ")[2], [_asked(words)] if view.appeal is Appeal.ASKED else []
    match view.hint:
        case CallHint.OTHER_NUMBER:
            return ["", from_another_number(view.digits, tail, words)]
        case CallHint.HIDDEN:
            return ["", number_hidden(words)]
        case CallHint.OTHER_CALLED:
            return ["", other_number_called(words)]
        case CallHint.OTHER_TIME:
            return ["", called_at_another_time(words), *asked]
        case CallHint.UNCLEAR:
            return [
                "",
                words("❓ <b>Called, and nothing happened?</b>"),
                words("• Call from the SIM that ends in {tail}.", tail=tail),
                words("• Do not hide your number: allow it in the phone's settings. Roaming can hide it too."),
                *asked,
            ]
        case None:
            return []


def _rich(lines: list[str], number: str) -> str:
    """Return the lines as HTML of a rich message: each a paragraph, the number a link that dials.

    The Bot API page (10.3, "Rich HTML style") lists `p`, `b`, `tg-time` and `a href="tel:…"`, and puts text without
    block tags on one line. It shows `br` only in quotations, so none is used. How clients render it has not been tested
    on any device.
    """
    link = f'<a href="tel:{number}">{number}</a>'
    return "".join(f"<p>{link if line == number else line}</p>" for line in lines if line)


def _left(left: timedelta, words: Words) -> str:
    if left < MINUTE:
        return words("⚠️ Less than {seconds} seconds left", seconds=int(left.total_seconds()))
    return words.many("⚠️ Less than a minute left", "⚠️ Less than {count} minutes left", left // MINUTE)


def _welcome(view: Welcome, words: Words) -> RenderedMessage:
    lines = []
    if view.refusal is not None:
        lines += ["⚠️ " + contact_refusal(view.refusal, words), ""]
    elif view.is_known:
        lines += [_again_for(view.gates, words), ""]
    else:
        lines += [_purpose(view.gates, words), ""]
    lines += [
        words("1. Share your phone number with the button below."),
        words("2. Call the number you get. The call is free: it drops by itself."),
        "",
        words("🔒 Nobody will ever ask you for a code or a password here."),
    ]
    if view.appeal is Appeal.ASKED:
        lines += ["", _asked(words)]
    return RenderedMessage("\n".join(lines), keyboards.share_contact(words, appeal=view.appeal is Appeal.CAN_ASK))


def _again_for(gates: tuple[str, ...], words: Words) -> str:
    return words(
        "👋 You are verified, but {gates} wants a newer call. It is free as before.", gates=_names(gates, words)
    )


def _purpose(gates: tuple[str, ...], words: Words) -> str:
    if not gates:
        return words("👋 Here you confirm your phone with one free call. Groups that ask for it then let you in.")
    return words("👋 To enter {gates}, confirm your phone with one free call.", gates=_names(gates, words))


def _names(gates: tuple[str, ...], words: Words) -> str:
    names = ", ".join(f"<b>{shown(title)}</b>" for title in gates[:NAMED_GATES])
    if len(gates) > NAMED_GATES:
        names += words.many(" and {count} more", " and {count} more", len(gates) - NAMED_GATES)
    return names


def _verified(view: Verified, words: Words) -> RenderedMessage:
    lines = [words("✅ <b>Your phone is verified</b>"), view.mask]
    if view.grants or view.ineligible:
        lines += ["", *(grant_line(grant, words) for grant in view.grants)]
    else:
        lines += ["", words("Groups that ask for it will now let you in at once.")]
    lines += [hindered_at(f"<b>{shown(title)}</b>", ineligibility, words) for title, ineligibility in view.ineligible]
    for grant in view.grants:
        if grant.state is GrantState.DONE and grant.welcome:
            lines += ["", f"<blockquote>{escape(grant.welcome, quote=False)}</blockquote>"]
    if view.appeal is Appeal.ASKED:
        lines += ["", _asked(words)]
    buttons = [way_in(grant, words) for grant in view.grants if grant.state is GrantState.DONE]
    if any(grant.state in (GrantState.TOO_MANY_CHATS, GrantState.FAILED) for grant in view.grants):
        buttons.append(try_again(words))
    buttons.append(_appeal(view.appeal, words))
    return RenderedMessage("\n".join(lines), keyboards.rows(*buttons) if any(buttons) else None)


def _appeal(appeal: Appeal, words: Words) -> list[InlineKeyboardButton]:
    return [keyboards.place(appeal_text(words), Place.APPEAL)] if appeal is Appeal.CAN_ASK else []


def _asked(words: Words) -> str:
    return words("🙋 The administrators were asked; you will hear from them here.")


def _ended(view: Ended, words: Words) -> RenderedMessage:
    text = (
        words("✖️ <b>Cancelled.</b> Nothing was checked.")
        if view.is_cancelled
        else words(
            "⌛ <b>Time is up:</b> no call arrived from your number.\n\n"
            "Call from the phone of this Telegram account, with your number shown; roaming can hide it."
        )
    )
    return _with_appeal(text, view.verification_id, view.appeal, words)


def _refused(view: Refused, words: Words) -> RenderedMessage:
    return _with_appeal("⚠️ " + gateway_refusal(view.reason, words), view.verification_id, view.appeal, words)


def _limited(view: Limited, words: Words, now: datetime) -> RenderedMessage:
    text = words(
        "⏸ That was many numbers in a short time. The next try opens {moment}.",
        moment=words.moment(view.until, now),
    )
    return _with_appeal(text, view.verification_id, view.appeal, words)


def _deadline(view: DeadlinePassed, words: Words) -> RenderedMessage:
    gate = f"<b>{shown(view.gate)}</b>"
    if view.way is EntryMode.MUTE:
        return RenderedMessage(
            words(
                "⌛ You did not verify in time, so you were removed from {gate}. You may come again at any time.",
                gate=gate,
            ),
            None,
        )
    return RenderedMessage(
        words(
            "⌛ Your request to enter {gate} waited too long and was declined. You may ask to enter again at any time.",
            gate=gate,
        ),
        None,
    )


def _with_appeal(text: str, verification_id: int | None, appeal: Appeal, words: Words) -> RenderedMessage:
    """Render an end after which the person can try again, or ask the admins."""
    if appeal is Appeal.ASKED:
        text = f"{text}\n\n{_asked(words)}"
    again = words("🔄 Try again")
    button = (
        keyboards.place(again, Place.HOME)
        if verification_id is None
        else keyboards.step(again, VerificationAction.AGAIN, verification_id)
    )
    return RenderedMessage(text, keyboards.rows([button], _appeal(appeal, words)))


def _help(words: Words, app_url: str | None) -> RenderedMessage:
    text = words(
        "<b>How this works</b>\n\n"
        "Groups that use this bot let people in after one free call. You share your own number, call the "
        "number you get, and the call drops by itself. No code, no password, no cost.\n\n"
        "<b>It did not work?</b>\n"
        "• Call from the phone of this Telegram account.\n"
        "• Do not hide your number; roaming can hide it too.\n"
        "• Ask for another number, or ask an administrator of the group to let you in."
    )
    app = []
    if app_url is not None:
        app = [keyboards.mini_app(words("📞 Open the call screen"), app_url)]
    return RenderedMessage(
        f"{text}\n\n{listed(words)}",
        keyboards.rows(
            app,
            [
                keyboards.place(words("‹ Back"), Place.HOME),
                keyboards.place(words("🔒 Privacy"), Place.PRIVACY),
            ],
        ),
    )


def _privacy(_: Privacy, words: Words) -> RenderedMessage:
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


SCREENS: Screens = dict(
    (
        # What a person sees.
        screen(Welcome, _welcome),
        screen(Asking, _asking),
        screen(Verified, _verified),
        screen(Ended, _ended),
        screen(Refused, _refused),
        timed(Limited, _limited),
        screen(DeadlinePassed, _deadline),
        screen(Decided, render_decided),
        screen(Privacy, _privacy),
        screen(DeletionScreen, render_deletion),
        # Panel.
        screen(GateList, render_gate_list),
        screen(LinkTestPage, render_link_test),
        screen(ImportPage, render_import),
        screen(NoAdmin, render_no_admin),
        timed(PendingList, render_pending_list),
        screen(DeclineChoice, render_decline_choice),
        timed(MemberCard, render_member),
        screen(UnknownTarget, render_unknown_target),
        screen(GateChoice, render_gate_choice),
        # Operators: people.
        timed(Recent, render_recent),
        timed(Found, render_found),
        screen(NoResults, render_no_results),
        timed(PersonCard, render_person),
        screen(GatesToActAt, render_gates_to_act_at),
        screen(Confirmation, render_confirmation),
        # Operators: the installation.
        timed(OperatorList, render_operators),
        screen(AddingOperator, render_adding_operator),
        screen(RemovingOperator, render_removing_operator),
        timed(AllGates, render_all_gates),
        timed(GateForOperators, render_gate),
        screen(AnnouncementAsked, render_announcement_asked),
        screen(AnnouncementPreview, render_announcement_preview),
        screen(AnnouncementProgress, render_announcement_progress),
        screen(AnnouncementDropped, render_announcement_dropped),
    )
)
"""The screens that need nothing of this installation; a renderer adds the others."""
