"""Titles chosen by others advertise nothing in the bot's messages, and otherwise stay as they are."""

from __future__ import annotations

import pytest

from bot.telegram.mentions import harmless_title


@pytest.mark.parametrize(
    ("title", "told"),
    [
        ("Flat owners, Lenina 12/3 (2026)", "Flat owners, Lenina 12/3 (2026)"),
        ("<b>Flats & co", "&lt;b&gt;Flats &amp; co"),
        ("v. 2.5", "v. 2.5"),
        ("Join t.me/bait", "Join t me bait"),
        ("https://evil.example/x?y", "https evil example x?y"),
        ("бот.рф и bait。com", "бот рф и bait com"),
        ("@bait #bait $BAIT /start", "bait bait BAIT start"),
        ("me@evil.example", "me evil example"),
        ("Call +7 999 123-45-67", "Call"),
        ("@", "…"),
    ],
)
def test_a_title_links_nowhere(title: str, told: str) -> None:
    assert harmless_title(title) == told
