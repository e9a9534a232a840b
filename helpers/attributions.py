"""Who said what: source, cue and content of every attribution, by rules over syntax and quotation marks.

A cue word with a complement proposes an attribution; `data/lexicons/cues.csv` holds how often each
cue with each complement is one. Quotation marks then decide what belongs together: a quotation is
never cut, one that goes on after "she said" or in the next paragraph is one attribution.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache

import pandas as pd

from helpers import lexicons, parse, quotations, schema

Span = tuple[int, int]

LEAST = 0.35  # a cue with a complement that is right less often than this proposes nothing
SCARE_WORDS = 3  # a quotation of fewer words without a cue is left alone
_VERBS = ("VERB", "AUX")
_EDGE = " \t\r\n,;:–—-"
_WORD = re.compile(r"\w+(?:[-’'.]\w+)*")
_ENDS = re.compile(r"[.!?…][\"”’')\]]*\s*$")
_EXPLETIVES = frozenset({"it", "there", "what", "that", "this", "which"})


@dataclass
class Found:
    """One attribution in the making: character spans into the text."""

    rule: str
    lemma: str
    cue: Span
    source: Span | None
    content: list[Span]
    confidence: float
    anchor: int = 0
    passive: bool = field(default=False)

    def covers(self, offset: int) -> bool:
        """Tell whether an offset lies in the content."""
        return any(start <= offset < end for start, end in self.content)


def find_attributions(articles: pd.DataFrame) -> pd.DataFrame:
    """Return the attributions of the articles: one row is one content with its cue and source.

    Needs the columns `article_id` and `text`. `text` of a row is the article's text from the first
    to the last character of the content; `spans` are its pieces without cue and source between
    them. Only the outermost attribution is given: nothing is sought inside quoted words.
    """
    rows = []
    parses = parse.parse_all(articles["text"])
    for article_id, found in zip(articles["article_id"], parses, strict=True):
        rows.extend(_row(article_id, found.text, item) for item in attributions_in(found))
    if not rows:
        return schema.empty("attributions")
    return pd.DataFrame(rows)[schema.TABLES["attributions"].columns.names]
