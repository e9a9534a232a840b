"""Stance of the reporting words: what *said*, *claimed* or *admitted* tells about the statement.

The classes and their words are in `lexicons/verb_stance.csv`, written for this project: neutral
(*said*), doubting (*claimed*), conceding (*admitted*), confirming (*revealed*), arguing
(*believes*), warning, accusing (*condemned*), denying, approving (*praised*), demanding, promising,
feeling (*fears*), relaying (*according to*). What is not listed is *other*, no word at all is
*none*.
"""

from __future__ import annotations

import re
from functools import lru_cache

import pandas as pd

from helpers.store import lexicons

OTHER, NONE = "other", "none"
TELLING = ("neutral", "doubting", "conceding", "confirming", "arguing", "warning", "denying",
           "promising", "demanding", "accusing")  # fmt: skip
_WORD = re.compile(r"[^\W\d_]+")


def add_stance(attributions: pd.DataFrame) -> pd.DataFrame:
    """Return the attributions with the stance of their cue in the column `stance`.

    The last listed word of a cue decides ("declined to say" is neutral, "said it denied"
    denying); two listed words that stand together ("according to") come before one.
    """
    stances = attributions["cue"].map(find_stance)
    return attributions.assign(stance=stances.astype(object))


@lru_cache(maxsize=20_000)
def find_stance(cue: str) -> str:
    """Return the stance of a cue as written."""
    known = _known()
    words = [word.lower() for word in _WORD.findall(cue)]
    for end in range(len(words), 0, -1):
        for begin in (end - 2, end - 1):
            found = known.get(" ".join(words[max(begin, 0) : end]))
            if found:
                return found
    return OTHER if words else NONE


@lru_cache(maxsize=8)
def saying_verbs(stances: tuple[str, ...] = TELLING) -> frozenset[str]:
    """Return the finite forms of the verbs that report a statement: "says", "said", "warned".

    Verbs of more than one word, infinitives and forms in -ing are left out.

    >>> sorted(verb for verb in saying_verbs(("neutral",)) if verb.startswith(("sa", "t")))
    ['said', 'says', 'talked', 'talks', 'tells', 'told', 'tweeted', 'tweets']
    """
    listed = lexicons.read_lexicon("verb_stance")
    verbs = listed[listed["stance"].isin(stances) & ~listed["lemma"].str.contains(" ")]
    return frozenset(
        form
        for lemma, forms in zip(verbs["lemma"], verbs["forms"].str.split("|"), strict=True)
        if any(form.endswith("ing") for form in forms)
        for form in forms
        if form != lemma and not form.endswith("ing")
    )


@lru_cache(maxsize=8)
def saying_pattern(stances: tuple[str, ...] = TELLING) -> str:
    """Return an expression for the verbs of `saying_verbs`, to stand inside another."""
    return f"(?:{'|'.join(sorted(saying_verbs(stances)))})"


@lru_cache(maxsize=1)
def _known() -> dict[str, str]:
    listed = lexicons.read_lexicon("verb_stance")
    return {
        form: row.stance for row in listed.itertuples(index=False) for form in row.forms.split("|")
    }
