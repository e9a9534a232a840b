"""Which outlets carried words before an article did: the phrases that say so, read from its text.

"said X, as cited by TASS", "told CNN", "Xinhua reported", "in a statement carried by KCNA",
"according to a Reuters tally": each names an outlet that had the words first. The words of the
phrases are the codebook's.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from helpers.annotate import outlets, stance
from helpers.annotate.outlets import Outlet
from helpers.annotate.rules import rule
from helpers.store.lexicons import Codebook
from helpers.text.article import Article

Span = tuple[int, int]

# Nearest to the speaker first: words are told, then carried, then reported.
NEARNESS = {"told": 0, "document": 1, "carried": 2, "reports": 3}
BEFORE = 120  # characters before an outlet's name in which a phrase may begin
_FINDS = re.compile(
    r"\baccording to\b|"
    r"\b(?:show|found|find|say|said|suggest|put|indicat|estimat|reveal|conclud|giv)"
)
_CITES = re.compile(r"\b(?:cit|quot)(?:ed|es|ing)\b|\baccording to\b|\bas saying\b")


@dataclass(frozen=True)
class Relay:
    """One phrase that says which outlet carried words: the span, the outlet and how it had them.

    `kind` is told, carried, reports or document; `own` says that the outlet is the article's
    own, which is no relay.
    """

    start: int
    end: int
    outlet: str
    ownership: str
    kind: str
    own: bool = False


def find_relays(
    article: Article, named: Sequence[Outlet], book: Codebook, cues: Sequence[Span] = ()
) -> list[Relay]:
    """Find the phrases of an article that name an outlet as having carried words before it.

    `named` are the places where it names an outlet, `cues` those of its attributions, sorted:
    beside one of them an outlet that "reported" carried the words of somebody else. A phrase is
    not yet an attribution: "told CNN" counts wherever it stands.
    """
    found = []
    for outlet in named:
        phrase = _phrase(article, outlet, _patterns(book), cues)
        if phrase:
            own = bool(article.outlet) and outlets.same_outlet(outlet.name, article.outlet)
            found.append(Relay(*phrase[0], outlet.name, outlet.ownership, phrase[1], own))
    return found


def _phrase(
    article: Article, outlet: Outlet, patterns: Patterns, cues: Sequence[Span]
) -> tuple[Span, str] | None:
    """Return the span and kind of the relay phrase around an outlet's name, None where none is."""
    low, high = article.sentences_around(outlet.start, outlet.end)
    text = article.text
    for kind, before, after in patterns:
        head = before.search(text[max(low, outlet.start - BEFORE) : outlet.start])
        tail = after.match(text, outlet.end, high) if head else None
        if tail:
            start = outlet.start - len(head.group())
            asked = _BESIDES.get(kind)
            if asked is None or asked(text, (low, high), (start, tail.end()), outlet, cues):
                return (start, tail.end()), kind
    return None


# ------------------------------------------------------------- what a sentence must hold besides


@rule("an outlet's document says something", lambda *given: True)
def _tells(text: str, sentence: Span, phrase: Span, outlet: Outlet, cues: Sequence[Span]) -> bool:
    return bool(_FINDS.search(text, *sentence)) or _cue_beside(sentence, phrase, cues)


@rule("an outlet reports somebody else", lambda *given: True)
def _of_another(
    text: str, sentence: Span, phrase: Span, outlet: Outlet, cues: Sequence[Span]
) -> bool:
    """Tell whether a sentence has somebody besides the outlet whom it cites or who speaks."""
    around = text[sentence[0] : phrase[0]], text[outlet.end : sentence[1]]
    cites = any(_CITES.search(words) for words in around)
    return cites or _said(around[0]) or _cue_beside(sentence, phrase, cues)


_BESIDES = {"document": _tells, "reports": _of_another}


def _said(words: str) -> bool:
    return any(word in stance.saying_verbs() for word in re.findall(r"[a-z]+", words))


def _cue_beside(sentence: Span, phrase: Span, cues: Sequence[Span]) -> bool:
    """Tell whether a sentence holds a cue besides the phrase itself."""
    (low, high), (start, end) = sentence, phrase
    inside = cues[bisect_left(cues, (low, low)) : bisect_left(cues, (high, high))]
    return any(last <= start or first >= end for first, last in inside)


# -------------------------------------------------------------------------------- the phrases

Patterns = tuple[tuple[str, re.Pattern[str], re.Pattern[str]], ...]


@lru_cache(maxsize=8)
def _patterns(book: Codebook) -> Patterns:
    """Return kind, what stands before an outlet's name and what behind it, of each phrase."""
    known = vars(book.relay)
    words = {key: outlets.any_of(known[key]) for key in NEARNESS if key in known}
    words["document"] = outlets.any_of(book.relay.documents)
    lead = r"(?:(?:the|a|an|its|his|her|their|our|\w+[’']s)\s+)?(?:[\w’'-]+\s+){0,5}?[“\"‘']*$"
    person = r"(?:[A-Z][\w.’'-]+\s+){1,4}(?:of|from|at|on)\s+(?:the\s+)?[“\"‘']*$"
    phrases = (
        ("carried",
         rf"\b{words['carried']}\s+(?:\w+\s+){{0,3}}?(?:by|on|in|through|via)\s+{lead}", ""),
        ("told", rf"\b{words['told']}\s+(?:{person}|{lead})", ""),
        ("document", r"\b(?i:an?|the|its|latest|new|recent|previous)\s+(?:[\w-]+\s+){0,3}"
         r"(?:[\w.]+[/–-])?$",
         rf"(?:[’']s)?(?:[/–-](?:[A-Z][\w.]*\s*)+)?\s+(?:[\w-]+\s+){{0,3}}?{words['document']}s?\b"),
        ("reports", r"(?<!\bfor )(?<!\bof )(?<!\bat )(?<!\bfrom )(?<!\bin )(?:[Tt]he )?$",
         rf"(?:[’']s)?[,”\"]*(?:\s+(?:state\s+)?[a-z][a-z ]{{2,25}}|\s+[a-z][^,\n]{{3,60}},)?,?\s+"
         rf"(?:also\s+|later\s+|had\s+)?{words['reports']}\b"),
        ("reports", r"\b[Aa]ccording to\s+(?:[\w’'-]+\s+){0,5}?$", ""),
    )  # fmt: skip
    return tuple((kind, re.compile(before), re.compile(after)) for kind, before, after in phrases)
