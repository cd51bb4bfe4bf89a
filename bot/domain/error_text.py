"""What others say about an error, short enough to keep and to show."""

from __future__ import annotations

import textwrap

LONGEST = 200
"""Characters that a notification quotes."""


def shortened(error: str, longest: int = LONGEST) -> str:
    """Return the text in one line, cut between words; within a word only if the first one is too long by itself."""
    line = " ".join(error.split())
    cut = textwrap.shorten(line, longest, placeholder="…")
    return cut if cut != "…" or len(line) <= longest else line[: longest - 1] + "…"
