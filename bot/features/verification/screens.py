"""The screens of somebody who verifies."""

from __future__ import annotations

from datetime import datetime, timedelta
from html import escape

from aiogram.types import InlineKeyboardButton

from bot.domain.gate_settings import EntryMode
from bot.domain.gates import GrantState
from bot.domain.screens import (
    Appeal,
    Asking,
    CallHint,
    DeadlinePassed,
    Ended,
    Help,
    Limited,
    NumberShown,
    Refused,
    Verified,
    Welcome,
)
from bot.features.access.screens import grant_line, try_again, way_in
from bot.features.verification.words import (
    called_at_another_time,
    contact_refusal,
    from_another_number,
    gateway_refusal,
    hindered_at,
    number_hidden,
    other_number_called,
)
from bot.i18n.texts import Words, shown, unbroken
from bot.telegram import commands, keyboards
from bot.telegram.commands import listed
from bot.telegram.keyboards import Place, VerificationAction, appeal_text
from bot.telegram.rendered import RenderedMessage

MINUTE = timedelta(minutes=1)
NAMED_GATES = 5


def render_asking(view: Asking, words: Words) -> RenderedMessage:
    """Return the screen while the gateway is asked for a number."""
    cancel = keyboards.step(words("✖️ Cancel"), VerificationAction.CANCEL, view.verification_id)
    return RenderedMessage(words("⏳ Getting a number for you…"), keyboards.rows([cancel]))


def render_number(
    view: NumberShown, words: Words, now: datetime, *, public_url: str | None, is_rich: bool
) -> RenderedMessage:
    """Return the screen with the call number. `public_url`: where the call screen lives, None for no button to it."""
    lines = [
        words("📞 <b>Call this number</b>"),
        "",
        view.number,
        "",
        words("from your phone {mask}", mask=unbroken(view.mask)),
        words("⏱ This number expires {moment}", moment=words.moment(view.window_ends_at, now)),
    ]
    if view.left is not None:
        lines.append(_left(view.left, words))
    lines += _call_hint(view, words)
    lines += [
        "",
        words("One short ring or “unavailable”, then it hangs up. That's how it works, and it's free."),
    ]
    if public_url is not None:
        lines.append(words("💻 At a computer? The call button shows a QR code: scan it with your phone."))
    if view.is_asking_another:
        lines += ["", words("⏳ Getting another number… This one still works.")]
    elif view.no_other_until is not None:
        until = words.moment(view.no_other_until, now)
        lines += ["", words("⏸ You can get a new number {moment}. This one still works.", moment=until)]
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
        _rich(lines, view.number) if is_rich else None,
    )


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


def render_welcome(view: Welcome, words: Words) -> RenderedMessage:
    """Return the first screen: what this is for, and what to do."""
    lines = []
    if view.refusal is not None:
        lines += ["⚠️ " + contact_refusal(view.refusal, words), ""]
    elif view.is_known:
        lines += [_again_for(view.gates, words), ""]
    else:
        lines += [_purpose(view.gates, words), ""]
    lines += [
        words("1. Share your phone number with the button below."),
        words("2. Call the number you get. It's free: the call hangs up by itself."),
        "",
        words("🔒 Nobody will ever ask you for a code or a password here."),
    ]
    if view.appeal is Appeal.ASKED:
        lines += ["", _asked(words)]
    return RenderedMessage("\n".join(lines), keyboards.share_contact(words, appeal=view.appeal is Appeal.CAN_ASK))


def _again_for(gates: tuple[str, ...], words: Words) -> str:
    return words(
        "👋 You are verified, but {gates} asks for a new call. It is free, as before.", gates=_names(gates, words)
    )


def _purpose(gates: tuple[str, ...], words: Words) -> str:
    if not gates:
        return words("👋 Confirm your phone here with one free call, and the groups that ask for it let you in.")
    return words("👋 To join {gates}, confirm your phone with one free call.", gates=_names(gates, words))


def _names(gates: tuple[str, ...], words: Words) -> str:
    names = ", ".join(f"<b>{shown(title)}</b>" for title in gates[:NAMED_GATES])
    if len(gates) > NAMED_GATES:
        names += words.many(" and {count} more", " and {count} more", len(gates) - NAMED_GATES)
    return names


def render_verified(view: Verified, words: Words) -> RenderedMessage:
    """Return the screen of somebody verified: what they were given, and what could not be."""
    lines = [words("✅ <b>Your phone is verified</b>"), unbroken(view.mask)]
    if view.grants or view.ineligible:
        lines += ["", *(grant_line(grant, words) for grant in view.grants)]
    else:
        lines += ["", words("Groups that ask for it now let you in at once.")]
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
    return words("🙋 I have asked the administrators. Their answer comes here.")


def render_ended(view: Ended, words: Words) -> RenderedMessage:
    """Return the screen after a verification that was cancelled, or whose time ran out."""
    text = (
        words("✖️ <b>Cancelled.</b> You can start again at any time.")
        if view.is_cancelled
        else words(
            "⌛ <b>Time is up:</b> no call came from your number.\n\n"
            "Call from the phone of this Telegram account, with your number shown; roaming can hide "
            "it."
        )
    )
    return _with_appeal(text, view.verification_id, view.appeal, words)


def render_refused(view: Refused, words: Words) -> RenderedMessage:
    """Return the screen after the gateway gave no number."""
    return _with_appeal("⚠️ " + gateway_refusal(view.reason, words), view.verification_id, view.appeal, words)


def render_limited(view: Limited, words: Words, now: datetime) -> RenderedMessage:
    """Return the screen of somebody who asked for too many numbers."""
    text = words(
        "⏸ Too many attempts. Try again {moment}.",
        moment=words.moment(view.until, now),
    )
    return _with_appeal(text, view.verification_id, view.appeal, words)


def render_deadline(view: DeadlinePassed, words: Words) -> RenderedMessage:
    """Return the screen of somebody who did not verify in time at a gate."""
    gate = f"<b>{shown(view.gate)}</b>"
    if view.way is EntryMode.MUTE:
        return RenderedMessage(
            words(
                "⌛ You did not verify in time, so I removed you from {gate}. You can come back at any time.",
                gate=gate,
            ),
            None,
        )
    return RenderedMessage(
        words(
            "⌛ Your request to join {gate} waited too long, so I declined it. You can ask again at any time.",
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


def render_help(view: Help, words: Words, app_url: str | None, chat_url: str) -> RenderedMessage:
    """Return what /help shows. `app_url`: of the Mini App, None where there is none. `chat_url` opens the private chat
    with the bot."""
    text = words(
        "<b>How this works</b>\n\n"
        "Groups that use this bot let people in after one free call. You share your own number, call "
        "the number you get, and the call hangs up by itself. No code, no password, no cost.\n\n"
        "<b>It did not work?</b>\n"
        "• Call from the phone of this Telegram account.\n"
        "• Do not hide your number; roaming can hide it too.\n"
        "• Ask for another number, or ask an administrator of the group to let you in."
    )
    parts = [text, listed(words)]
    if view.is_admin:
        of_admins = commands.of_admins(is_operator=view.is_operator)
        parts.append(words("<b>For administrators</b>") + "\n" + listed(words, of_admins))
    if view.is_operator:
        parts.append(words("<b>For operators</b>") + "\n" + listed(words, commands.OPERATOR_COMMANDS))
    app = []
    if app_url is not None:
        app = [keyboards.mini_app(words("📞 Open the call screen"), app_url)]
    return RenderedMessage(
        "\n\n".join(parts),
        keyboards.rows(
            app,
            *(keyboards.add_bot(words, chat_url) if view.is_admin else []),
            [
                keyboards.place(words("‹ Back"), Place.HOME),
                keyboards.place(words("🔒 Privacy"), Place.PRIVACY),
            ],
        ),
    )
