"""Reads the file `.env`, and finds its lines that would have no effect."""

from __future__ import annotations

import re
from collections.abc import Collection
from io import StringIO
from pathlib import Path

from dotenv.parser import Binding, parse_stream

AROUND = r"\A[\s\ufeff\u200b]+|[\s\ufeff\u200b]+\Z"
"""Spaces, line ends, and invisible characters from copying."""
UNREADABLE_LINE = (
    "cannot be read; write NAME=value, close a quote on the line on which it opens, and begin a comment with #"
)


def lines(env_file: Path | None) -> list[Binding]:
    """The statements of the file, in its order; one of them is one line, or several within quotes. Raises OSError and
    UnicodeError."""
    if env_file is None or not env_file.exists():
        return []
    # Editors on Windows begin a file with a byte order mark.
    text = env_file.read_text("utf-8-sig")
    if "\0" in text:
        raise UnicodeError("UTF-16 without such a mark")
    return list(parse_stream(StringIO(text)))


def pairs(env_file: Path | None) -> list[tuple[str, str | None]]:
    """The variables of the file, in their order. Raises OSError and UnicodeError."""
    # An invisible mark stands before a name where two files were joined.
    return [(re.sub(AROUND, "", line.key), line.value) for line in lines(env_file) if line.key is not None]


def line_number(line: Binding) -> int:
    """The line in the file; empty lines before it belong to it."""
    text = line.original.string
    before = text[: len(text) - len(text.lstrip())]
    return line.original.line + len(re.findall(r"\r\n|\n|\r", before))


def unreadable_lines(env_file: Path | None, names: Collection[str]) -> list[str]:
    """Return a problem for each line that would have no effect, or remove the effect of others: the line may set a
    secret without which the bot believes anybody. A problem names only variables of `names`, and never quotes the line.

    Raises OSError and UnicodeError.
    """
    problems = []
    ours = "|".join(names)
    for line in lines(env_file):
        text = line.original.string
        named = re.match(rf"\s*(?:export\s+)?({ours})\b", text, re.IGNORECASE)
        swallows = re.search(rf"[\r\n]\s*(?:export\s+)?(?:{ours})\s*=", text.strip())
        if named is not None:
            is_right = line.value is None or re.search(r"[\r\n]", text.strip()) is None
        else:
            is_right = line.key is None or line.value is not None
        if line.error or swallows or not is_right:
            number = line_number(line)
            where = (
                f"{named[1].upper()}: line {number} of {env_file}"
                if named is not None
                else f"{env_file}: line {number}"
            )
            problems.append(f"{where} {UNREADABLE_LINE}")
    return problems
