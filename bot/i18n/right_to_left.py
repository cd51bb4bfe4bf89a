"""Hebrew and Arabic in the order and shapes that a picture needs, from left to right.

Pillow does this itself where the system has the FriBiDi library. Its wheels do not bring that, and small images and
servers have none. This follows the Unicode bidirectional algorithm (https://www.unicode.org/reports/tr9/) for one short
line without explicit controls, and joins Arabic letters with the presentation forms of Unicode.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import cache

BRACKETS = {"(": ")", "[": "]", "{": "}"}
MIRRORED = {
    **(pairs := BRACKETS | {"<": ">", "«": "»", "‹": "›", "≤": "≥"}),
    **{closing: opening for opening, closing in pairs.items()},
}
JOINERS = frozenset("\u0640\u200d")
"""They join the letters on both sides: the stretched line and the invisible joiner."""

Forms = dict[str, str]
"""The forms of a letter: "isolated", "initial", "medial" and "final". Some letters have no "initial": they do not join
the next one."""

KINDS = {"L": "L", "R": "R", "AL": "A", "EN": "E", "AN": "N", "ES": "s", "CS": "c", "ET": "t"}
"""The bidirectional classes of a line, as one letter for each character; all others are `o`, neutral."""

FORM = {(False, False): "isolated", (False, True): "initial", (True, True): "medial", (True, False): "final"}
"""Forms by whether a letter joins the previous one and the next one."""


def visual_order(text: str) -> str:
    """Return the characters in the order in which a picture shows them; other scripts stay unchanged."""
    if not any(unicodedata.bidirectional(char) in ("R", "AL", "AN") for char in text):
        return text
    shown = _clusters(_joined(text))
    levels = _levels(shown)
    shown = [
        MIRRORED.get(cluster, cluster) if level % 2 else cluster for cluster, level in zip(shown, levels, strict=True)
    ]
    for least in range(max(levels, default=0), 0, -1):
        high = "".join("h" if level >= least else "-" for level in levels)
        for run in re.finditer("h+", high):
            part = slice(*run.span())
            shown[part], levels[part] = reversed(shown[part]), reversed(levels[part])
    return "".join(shown)


def _clusters(text: str) -> list[str]:
    """Return each letter with its marks, without control characters. Hebrew and Arabic marks, which a simple renderer
    puts beside their letters, are left out: words are commonly written without them."""
    clusters: list[str] = []
    for char in text:
        if unicodedata.category(char) == "Cf":
            continue
        if not clusters or unicodedata.bidirectional(char) != "NSM":
            clusters.append(char)
        elif unicodedata.bidirectional(clusters[-1][0]) not in ("R", "AL"):
            clusters[-1] += char
    return clusters


def _levels(clusters: Sequence[str]) -> list[int]:
    """Return the nesting level of each cluster; odd levels run from right to left."""
    kinds = "".join(KINDS.get(unicodedata.bidirectional(cluster[0]), "o") for cluster in clusters)
    first = re.search("[LRA]", kinds)
    base = "R" if first and first[0] != "L" else "L"
    kinds = _with_brackets(clusters, _with_numbers(kinds, base), base)
    kinds = re.sub("o+", lambda run: _between(run, base) * len(run[0]), kinds)
    deep = {"R": 1, "L": 2} if base == "R" else {"L": 0, "R": 1}
    return [deep.get(kind, 2) for kind in kinds]


def _with_numbers(kinds: str, base: str) -> str:
    """Reduce to L, R, E, N and o: rules W2 to W7."""
    kinds = re.sub("A[^LR]*", lambda after: after[0].replace("E", "N"), kinds).replace("A", "R")
    kinds = re.sub("(?<=E)[sc](?=E)", "E", kinds)
    kinds = re.sub("(?<=N)c(?=N)", "N", kinds)
    kinds = re.sub("t+(?=E)|(?<=E)t+", lambda signs: "E" * len(signs[0]), kinds)
    kinds = re.sub("[sct]", "o", kinds)
    return re.sub("L[^R]*", lambda after: after[0].replace("E", "L"), base + kinds)[1:]


def _with_brackets(clusters: Sequence[str], kinds: str, base: str) -> str:
    """Give brackets the direction of what is in them: rule N0."""
    for opening, closing in _pairs(clusters, kinds):
        inside = {_side(kind) for kind in kinds[opening:closing] if kind != "o"}
        if not inside:
            continue
        before = (base + kinds[:opening]).replace("o", "")[-1]
        side = base if base in inside else _side(before)
        kinds = kinds[:opening] + side + kinds[opening + 1 : closing] + side + kinds[closing + 1 :]
    return kinds


def _pairs(clusters: Sequence[str], kinds: str) -> list[tuple[int, int]]:
    """Return where brackets open and close, in the order in which they open."""
    pairs: list[tuple[int, int]] = []
    still_open: list[int] = []
    for place, (cluster, kind) in enumerate(zip(clusters, kinds, strict=True)):
        if kind != "o":
            continue
        if cluster in BRACKETS:
            still_open.append(place)
        elif matching := [opening for opening in still_open if BRACKETS[clusters[opening]] == cluster]:
            pairs.append((matching[-1], place))
            del still_open[still_open.index(matching[-1]) :]
    return sorted(pairs)


def _between(neutral: re.Match[str], base: str) -> str:
    """Resolve neutral characters: as both sides, or else as the line. Rules N1 and N2."""
    around = base + neutral.string + base
    before, after = _side(around[neutral.start()]), _side(around[neutral.end() + 1])
    return before if before == after else base


def _side(kind: str) -> str:
    """Numbers count as from right to left."""
    return "L" if kind == "L" else "R"


def _joined(text: str) -> str:
    """Return Arabic letters in the form that their neighbours require; lam with alef becomes one."""
    forms = _forms()
    letters: list[str] = []
    for char in text:
        if letters and letters[-1] + char in forms:
            letters[-1] += char
        else:
            letters.append(char)
    # Marks belong to letters and do not separate them.
    solid = [place for place, letter in enumerate(letters) if unicodedata.category(letter[0]) != "Mn"]
    neighbours = ["", *(letters[place] for place in solid), ""]
    for place, before, after in zip(solid, neighbours, neighbours[2:], strict=False):
        letter = letters[place]
        if letter in forms:
            form = FORM[_joins_next(before) and _joins_previous(letter), _joins_next(letter) and _joins_previous(after)]
            letters[place] = forms[letter].get(form, letter)
    return "".join(letters)


def _joins_next(letter: str) -> bool:
    return letter in JOINERS or "initial" in _forms().get(letter, {})


def _joins_previous(letter: str) -> bool:
    return letter in JOINERS or "final" in _forms().get(letter, {})


@cache
def _forms() -> dict[str, Forms]:
    """Return the forms by letter, and by lam with an alef."""
    forms: dict[str, Forms] = {}
    for code in (*range(0xFB50, 0xFC00), *range(0xFE80, 0xFEFD)):
        form, *letters = unicodedata.decomposition(chr(code)).split() or [""]
        letter = "".join(chr(int(number, 16)) for number in letters)
        # Other two-letter forms are a matter of taste.
        if len(letter) == 1 or (code >= 0xFEF5 and letter):
            forms.setdefault(letter, {})[form.strip("<>")] = chr(code)
    return forms
