"""A page that says one thing, in the reader's language."""

from __future__ import annotations

import base64
import hashlib
from html import escape

from bot.i18n.texts import Words

STYLE = """
:root{color-scheme:light dark;--ink:#231d26;--soft:#695f6f;--paper:#eeebf0}
@media(prefers-color-scheme:dark){:root{--ink:#f1ecf2;--soft:#aaa0b0;--paper:#110f12}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;background:var(--paper);color:var(--ink);
font:1.05rem/1.5 system-ui,sans-serif;text-align:center}
main{padding:2rem 1.25rem;max-width:26rem}
h1{font-size:1.15rem;font-weight:600;margin:0 0 1.25rem}
p{margin:.6rem 0;color:var(--soft)}
"""
STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{STYLE_HASH}'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex",
    "X-Content-Type-Options": "nosniff",
}
"""Headers of every page: it loads only our own style, and nothing is stored or passed on."""


def message_page(text: str, words: Words) -> str:
    """Return a page that says one thing."""
    advice = words("Go back to Telegram and send /start.")
    return _page(text, f"<h1>{escape(text)}</h1><p>{escape(advice)}</p>", words)


def _page(title: str, body: str, words: Words) -> str:
    return (
        f'<!doctype html><html lang="{words.language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body><main>{body}</main></body></html>"
    )
