"""What no text says: wording that hides who acts, or that readers stumble over. One table, for both languages."""

from __future__ import annotations

import re
from collections.abc import Iterator

ENGLISH, RUSSIAN = "en", "ru"
BEGIN = r"(?:^|[.!?:;]\s+|[—–]\s+|\n)[^\w“«(<{]*(?:<\w+>)?"
"""Where a sentence or a clause begins: signs such as 👥 and marks such as <b> may stand before its first word."""

RULES: tuple[tuple[str, str, str], ...] = (
    (ENGLISH, BEGIN + r"(?i:who|whoever)\b[^?\n]*(?:[.:!]|$)", "begins with “who …”: name the person who acts"),
    (RUSSIAN, BEGIN + r"[Кк]то\b(?!-)[^?\n]*(?:[.:!]|$)", "begins with «Кто …»: name the person who acts"),
    (ENGLISH, r"\b(?:is|are|was|were) told\b", "says “is told”: say who tells whom"),
    (ENGLISH, r"\b(?:is|are|was|were) noted\b", "says “is noted”: say who records it"),
    (ENGLISH, r"\b(?:is|are|was|were) to be\b|^\W*to be\b", "says “is to be”: say what happens, and who does it"),
    (ENGLISH, r"\banew\b", "says “anew”: write “again”"),
    (ENGLISH, r"\b(?:came|comes?) (?:past|round)\b", "says “came past”: write “joined without verifying”"),
    (ENGLISH, r"\bblack list\b|\bno administrator of\b|\bno more\b", "uses a clumsy negation or spelling"),
    (RUSSIAN, r"в обход проверки|отбой", "uses a word that the texts have given up"),
    (RUSSIAN, r"набег|немот", "uses another word than the texts: «налёт», «только чтение»"),
    (ENGLISH, r"(?<![ .][a-z])(?<!\.\.)[.!?] [a-z]", "begins a sentence with a small letter"),
    (RUSSIAN, r"(?<! [а-я])[.!?] [а-яё]", "begins a sentence with a small letter"),
    (ENGLISH, r"\+\d{1,3} •", "has a mask that can break across lines"),
    (RUSSIAN, r"\+\d{1,3} •", "has a mask that can break across lines"),
)
"""The language, what its texts must not hold, and what is wrong with it."""

LONGEST_IN_A_ROW = 24
"""Letters of a label that shares its row: a phone shows no more of half a row."""
LONGEST_WORD_OF_THREE = 9
"""Letters of a word on one of three buttons in a row."""


def offences(text: str, language: str) -> Iterator[str]:
    """Yield a sentence for each rule that the text breaks."""
    for of, pattern, fault in RULES:
        found = re.search(pattern, text) if of == language else None
        if found:
            yield f"{language}: “{text}” {fault} (“{found.group().strip()}”)."


def row_offences(labels: list[str]) -> Iterator[str]:
    """Yield a sentence for each button of one row that a phone would cut."""
    if len(labels) < 2:
        return
    for label in labels:
        if len(label) > LONGEST_IN_A_ROW:
            yield f"The button “{label}” has {len(label)} letters and shares its row: shorten it, or give it the row."
    for word in (word for label in labels for word in re.findall(r"[^\W\d]+", label)):
        if len(labels) > 2 and len(word) > LONGEST_WORD_OF_THREE:
            yield f"“{word}” stands on one of {len(labels)} buttons in a row: put at most two there."


def page_offences(text: str) -> Iterator[str]:
    """Yield a sentence for what only a rendered page shows: a count of 0, a mask that breaks."""
    if "(0)" in text:
        yield f"“{text}” counts nobody: leave the count out at 0."
    if re.search(r"\+\d{1,3} •|• \d", text):
        yield f"“{text}” has a mask that can break across lines."
