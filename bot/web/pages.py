"""The call screen as a page: the number as a link to dial, in the reader's language."""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime
from html import escape

from bot.domain.verification import CallNumber
from bot.telegram.texts import Words

STYLE = """
:root{color-scheme:light dark;--ink:#14213d;--soft:#5b6785;--paper:#fff;--act:#1a7f5a;--on-act:#fff}
@media(prefers-color-scheme:dark){:root{--ink:#eef1f8;--soft:#a3adc4;--paper:#10141f;--act:#35c08d;--on-act:#06140e}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;background:var(--paper);color:var(--ink);
font:1.05rem/1.5 system-ui,sans-serif;text-align:center}
main{padding:2rem 1.25rem;max-width:26rem}
h1{font-size:1.15rem;font-weight:600;margin:0 0 1.25rem}
.number{display:block;font-size:clamp(1.6rem,8vw,2.2rem);font-weight:700;letter-spacing:.01em;white-space:nowrap;
color:inherit;text-decoration:none}
.call{display:block;margin:1.5rem 0;padding:1rem;border-radius:1rem;background:var(--act);color:var(--on-act);
font-size:1.2rem;font-weight:600;text-decoration:none}
p{margin:.6rem 0;color:var(--soft)}
"""
STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{STYLE_HASH}'; base-uri 'none'; "
    "form-action 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex",
    "X-Content-Type-Options": "nosniff",
}
"""Sent with every page: nothing but our own style is loaded, nothing is kept or passed on."""


def call_page(number: CallNumber, spelled: str, mask: str, now: datetime, words: Words) -> str:
    """The page with the number; `spelled` is the number as people write it."""
    dial = escape(f"tel:{number.offer.number}", quote=True)
    minutes = max(1, -(-int((number.window_ends_at - now).total_seconds()) // 60))
    left = words.many("{count} minute is left.", "{count} minutes are left.", minutes)
    lines = (
        words("from your phone {mask}", mask=mask),
        left,
        words("The call drops by itself: that is right. It is free, and nobody answers."),
        words("Then go back to Telegram."),
    )
    call_this, call = words("Call this number"), words("📞 Call")
    body = (
        f"<h1>{escape(call_this)}</h1>"
        f'<a class="number" href="{dial}">{escape(spelled)}</a>'
        f'<a class="call" href="{dial}">{escape(call)}</a>' + "".join(f"<p>{escape(line)}</p>" for line in lines)
    )
    return _page(call_this, body, words)


def message_page(text: str, words: Words) -> str:
    """A page that says one thing."""
    advice = words("Go back to Telegram and send /start.")
    return _page(text, f"<h1>{escape(text)}</h1><p>{escape(advice)}</p>", words)


def _page(title: str, body: str, words: Words) -> str:
    return (
        f'<!doctype html><html lang="{words.language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body><main>{body}</main></body></html>"
    )
