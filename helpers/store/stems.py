"""What a text must hold for a regular expression to match in it, told from the expression."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from functools import lru_cache
from re import _constants as code  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined] # the standard library's own reading of an expression
from typing import Any


@lru_cache(maxsize=256)
def find_stems(pattern: str) -> frozenset[str]:
    """Return case-folded pieces of text of which each match holds at least one; empty: none known.

    Looking for some pieces is many times quicker than trying an expression at every place. What
    cannot be told (a class of characters, a back reference) is passed over.
    """
    return _read(parser.parse(pattern))


def find_common_stems(patterns: Iterable[str]) -> frozenset[str]:
    """Return the stems of several expressions together; empty when those of one are not known."""
    known = [find_stems(pattern) for pattern in patterns]
    return frozenset().union(*known) if all(known) else frozenset()


def may_match(stems: Iterable[str], text: str) -> bool:
    """Tell whether a text holds one of the stems; without stems anything may match."""
    folded = text.casefold()
    return not stems or any(stem in folded for stem in stems)


def keep_spans(
    stems: Iterable[str], text: str, spans: Sequence[tuple[int, int]]
) -> list[tuple[int, int]]:
    """Return the spans of a text, which are in order, that hold one of the stems.

    As ``may_match`` tells of each span, but the text is looked through once.
    """
    stems = list(stems)
    folded = text.casefold()
    if not stems or len(folded) != len(text):
        return [span for span in spans if may_match(stems, text[slice(*span)])]
    held, starts = set(), [start for start, _ in spans]
    for stem in stems:
        at = folded.find(stem)
        while at >= 0:
            place = bisect_right(starts, at) - 1
            if place >= 0 and at + len(stem) <= spans[place][1]:
                held.add(place)
            at = folded.find(stem, at + 1)
    return [spans[place] for place in sorted(held)]


def _read(parts: Iterable[tuple[Any, Any]]) -> frozenset[str]:
    """Return the stems of the part of a sequence that is hardest to meet: the longest ones."""
    found: list[frozenset[str]] = [frozenset()]
    run = ""
    for kind, value in parts:
        if kind is code.LITERAL:
            run += chr(value).casefold()
            continue
        if kind is code.AT:  # a word's edge takes no place
            continue
        found.append(frozenset({run} - {""}))
        run = ""
        if kind is code.SUBPATTERN:
            found.append(_read(value[-1]))
        elif kind is code.BRANCH:
            branches = [_read(branch) for branch in value[1]]
            found.append(frozenset().union(*branches) if all(branches) else frozenset())
        elif kind in (code.MAX_REPEAT, code.MIN_REPEAT) and value[0]:
            found.append(_read(value[2]))
    found.append(frozenset({run} - {""}))
    return max(found, key=lambda stems: min(map(len, stems), default=0))
