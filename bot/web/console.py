"""The page of the admin console. Its script asks for everything that it shows."""

from __future__ import annotations

from html import escape
from string import Template

from bot.i18n.texts import Words
from bot.web.call_page import STATIC, StaticFiles

NAME, STYLE, SCRIPT = "console.html", "console.css", "console.js"
STATISTICS_STYLE, STATISTICS_SCRIPT = "console_statistics.css", "console_statistics.js"


class ConsolePage:
    """Renders the page, the same for everybody. `telegram_script`: where it loads Telegram's script from."""

    def __init__(self, static: StaticFiles, telegram_script: str) -> None:
        self._static = static
        self._telegram_script = telegram_script
        self._page = Template((STATIC / NAME).read_text(encoding="utf-8"))

    def __call__(self, words: Words) -> str:
        """Return the page."""
        return self._page.substitute(
            language=words.language,
            root=escape(self._static.root),
            css=self._static.address(STYLE),
            js=self._static.address(SCRIPT),
            statistics_css=self._static.address(STATISTICS_STYLE),
            statistics_js=self._static.address(STATISTICS_SCRIPT),
            icon=self._static.address("icon.svg"),
            telegram=escape(self._telegram_script),
            title=escape(words("Your groups")),
            opening=escape(words("Opening…")),
            outside=escape(words("Open this again from Telegram")),
            offline=escape(words("No connection. Trying again…")),
        )
