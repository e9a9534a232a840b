"""What one coding found paired with what another did: statements, and names that name the same.

Names are scored by pairs of mentions of one document, as in the pairwise measure of
Hatzivassiloglou and McKeown (1993, ACL): a pair is right when tool and gold both say that the two
name the same. Only proper names that both found are paired, so that finding names is not scored a
second time.
"""

from __future__ import annotations

import math
import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from itertools import combinations

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment

from helpers.measure.select import lay_out
from helpers.store.lexicons import read_words

MATCH = 0.5
_WORD = re.compile(r"\w+")


class Words:
    """The words of a text, and which of them a list of spans covers."""

    def __init__(self, text: str):
        matches = list(_WORD.finditer(text))
        self.starts = [match.start() for match in matches]
        self.ends = [match.end() for match in matches]
        self.words = [match.group().lower() for match in matches]

    def covered(self, spans: list[list[int]]) -> frozenset[int]:
        """Return the numbers of the words that the spans touch."""
        found: set[int] = set()
        for start, end in spans:
            found.update(range(bisect_right(self.ends, start), bisect_left(self.starts, end)))
        return frozenset(found)

    def roles(self, rows: Iterable[dict]) -> list[dict[str, frozenset[int]]]:
        """Return the words of content, source and cue of each row whose content covers a word."""
        roles = ("content", "source", "cue")
        covered = [{role: self.covered(row.get(role) or []) for role in roles} for row in rows]
        return [row for row in covered if row["content"]]

    def agree(self, one: frozenset[int], other: frozenset[int]) -> bool:
        """Whether two sources share a word other than a function word, or both are empty."""
        if not one or not other:
            return not one and not other
        common = read_words("common_words", "sources")
        strong = [
            {number for number in side if self.words[number] not in common} for side in (one, other)
        ]
        return bool(strong[0] & strong[1] if all(strong) else one & other)


def overlap(one: frozenset[int], other: frozenset[int]) -> float:
    """Return the F1 of two sets of words."""
    return 2 * len(one & other) / (len(one) + len(other)) if one or other else 0.0


def pair_contents(
    words: Words, gold: list[dict[str, frozenset]], found: list[dict[str, frozenset]]
) -> list[tuple[int, int, bool]]:
    """Pair contents one to one; each pair is (gold, found, whether the sources agree)."""
    weights = np.zeros((len(gold), len(found)))
    agree = np.zeros(weights.shape, dtype=bool)
    for i, one in enumerate(gold):
        for j, other in enumerate(found):
            f1 = overlap(one["content"], other["content"])
            if f1 > MATCH:
                agree[i, j] = words.agree(one["source"], other["source"])
                weights[i, j] = f1 + 0.001 * agree[i, j]
    rows, columns = linear_sum_assignment(weights, maximize=True)
    return [
        (int(i), int(j), bool(agree[i, j]))
        for i, j in zip(rows, columns, strict=True)
        if weights[i, j]
    ]


def pair_attributions(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """Pair the attributions of two codings of the same articles by the overlap of their content.

    Both frames have `path`, `spans` (list of [start, end] of the content). Two attributions pair
    when the F1 of their shared characters exceeds 0.5; each is used once, the largest overlap
    first. One row is one pair: `first` and `second` are index labels, `overlap` is the F1.
    """
    candidates = [
        (overlap, one, other)
        for path, ours in first.groupby("path")
        for one, spans in ours["spans"].items()
        for other, theirs in second.loc[second["path"] == path, "spans"].items()
        if (overlap := overlap_f1(spans, theirs)) > MATCH
    ]
    pairs, used = [], set()
    for overlap, one, other in sorted(candidates, key=lambda row: -row[0]):
        if not used & {(0, one), (1, other)}:
            used |= {(0, one), (1, other)}
            pairs.append((one, other, overlap))
    return pd.DataFrame(pairs, columns=["first", "second", "overlap"])


def overlap_f1(one: list[list[int]], other: list[list[int]]) -> float:
    """Return the F1 of the characters that two lists of spans share."""
    total = _length(one) + _length(other)
    return 2 * _shared(one, other) / total if total else 0.0


def find_closest(spans: list[list[int]], others: Sequence[list[list[int]]]) -> tuple[int, float]:
    """Return the place of the spans that share most with some, and the F1; (-1, 0) if none do."""
    alike = [overlap_f1(spans, other) for other in others]
    best = max(alike, default=0.0)
    return (alike.index(best), best) if best else (-1, 0.0)


def place_statement(statement: str, text: str) -> list[list[int]]:
    """Return the spans of a text in which a statement's words stand, marks and spacing apart.

    A statement that skips words of the text has several spans: runs of at least three of its words
    in their order, the longest first found. No span where less than half of its words are found.
    """
    words = [word.group().casefold() for word in _WORD.finditer(statement)]
    places = list(_WORD.finditer(text))
    written = [word.group().casefold() for word in places]
    matcher = SequenceMatcher(None, written, words, autojunk=False)
    least = max(min(3, len(words)), 1)
    blocks = [block for block in matcher.get_matching_blocks() if block.size >= least]
    if sum(block.size for block in blocks) < MATCH * len(words):
        return []
    return [[places[block.a].start(), places[block.a + block.size - 1].end()] for block in blocks]


def match_statements(attributions: pd.DataFrame, statements: pd.DataFrame) -> pd.DataFrame:
    """Match sourced statements, which a coder marked loosely, with the attributions found in them.

    Both frames have `path` and `spans` (of the content, or of the statement). A statement is found
    when the content of an attribution covers half of its characters, or when half of the content's
    characters lie in the statement; of several attributions the one with the most characters in
    common counts. One row is one found statement: `statement` and `attribution` are index labels,
    `covered` the share of the statement, `inside` the share of the content. An attribution may
    serve several statements.
    """
    rows = []
    for path, theirs in statements.groupby("path", sort=False):
        ours = attributions.loc[attributions["path"] == path, "spans"]
        for label, spans in theirs["spans"].items():
            shared = {key: _shared(found, spans) for key, found in ours.items()}
            shares = {
                key: (shared[key] / max(1, _length(spans)), shared[key] / max(1, _length(found)))
                for key, found in ours.items()
                if shared[key]
            }
            enough = [key for key in shares if max(shares[key]) >= MATCH]
            if enough:
                best = max(enough, key=lambda key: (shared[key], shares[key][1]))
                rows.append((label, best, *shares[best]))
    return lay_out("contents covered", rows)


def _length(spans: list[list[int]]) -> int:
    return sum(end - start for start, end in spans)


def _shared(one: list[list[int]], other: list[list[int]]) -> int:
    return sum(
        max(0, min(end, ends) - max(start, starts)) for start, end in one for starts, ends in other
    )


def measure_unitising(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """Tell how far two codings found the same attributions: one row.

    `found_by_both`, `only_first`, `only_second`, and `f1` (twice the pairs over all attributions,
    which does not depend on who is called first); `content_exact` is the share of the pairs whose
    content spans are the same.
    """
    pairs = pair_attributions(first, second)
    both, total = len(pairs), len(first) + len(second)
    exact = float((pairs["overlap"] == 1).mean()) if both else math.nan
    f1 = 2 * both / total if total else math.nan
    return lay_out("unitising", [(both, len(first) - both, len(second) - both, f1, exact)])


def measure_source_names(attributions: pd.DataFrame, statements: pd.DataFrame) -> pd.DataFrame:
    """Tell how often the attribution found for a statement has the source the coder names.

    `attributions` has path, spans, speaker and resolution; `statements` path, spans, source_type
    and name (statements without a name are not scored). One row is one way of resolving, and
    "all": `statements` found and named, `right` (see `same_source`), `share`.
    """
    ours, theirs = matched_rows(attributions, statements)
    scored = ours[["speaker", "resolution"]].join(theirs[["name", "source_type"]])
    scored = scored[scored["name"] != ""]
    told = scored[["speaker", "name", "source_type"]].itertuples(index=False, name=None)
    right = [same_source(speaker, name, kind == "named person") for speaker, name, kind in told]
    scored = scored.assign(right=pd.Series(right, index=scored.index, dtype=bool))
    rows = [
        (
            resolution,
            len(some),
            some["right"].sum(),
            some["right"].mean() if len(some) else math.nan,
        )
        for resolution, some in [("all", scored), *scored.groupby("resolution")]
    ]
    return lay_out("source names", rows)


def matched_rows(
    attributions: pd.DataFrame, statements: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the attributions and the statements of `match_statements`, row by row."""
    matched = match_statements(attributions, statements)
    ours = attributions.loc[matched["attribution"]].reset_index(drop=True)
    return ours, statements.loc[matched["statement"]].reset_index(drop=True)


def measure_source_coding(attributions: pd.DataFrame, statements: pd.DataFrame) -> pd.DataFrame:
    """Tell how sourced statements are found and coded; one row is one measure.

    `attributions` has path, spans, source_type and title; `statements` path, spans, source_type
    and title, "" where the coder gave none. Rows: *found* (see `match_statements`), *source type*
    and *majority type* of those found, and *title* (of the found that have one, see `has_title`);
    each with count, n and share.
    """
    ours, theirs = matched_rows(attributions, statements)
    typed, titled = theirs["source_type"] != "", theirs["title"] != ""
    most = theirs.loc[typed, "source_type"].value_counts().max() if typed.any() else 0
    same = (ours["source_type"] == theirs["source_type"])[typed]
    titles = [has_title(*pair) for pair in zip(ours["title"], theirs["title"], strict=True)]
    rows = [
        ("found", len(ours), len(statements)),
        ("source type", int(same.sum()), len(same)),
        ("majority type", int(most), len(same)),
        ("title", int(pd.Series(titles, dtype=bool)[titled].sum()), int(titled.sum())),
    ]
    measured = pd.DataFrame(rows, columns=["measure", "count", "n"])
    return measured.assign(share=measured["count"] / measured["n"].where(measured["n"] > 0))


def has_title(found: str, coded: str) -> bool:
    """Tell whether a title holds half of the words of the one a coder wrote, small words apart."""
    small = read_words("common_words", "titles")
    said, wanted = (set(_WORD.findall(text.casefold())) - small for text in (found, coded))
    return bool(wanted) and len(said & wanted) >= MATCH * len(wanted)


def same_source(speaker: str, name: str, person: bool) -> bool:
    """Tell whether a speaker is the source a coder names.

    Of a person the surname must be there; of a body all words of its name, or its initials
    ("HWU"), or some of its words and no others ("the police" for "Police of Ansel"). Accents,
    case, articles, "Jr." and what follows a comma do not count.
    """
    said, wanted = _name_words(speaker), _name_words(name)
    if not said or not wanted:
        return False
    if person:
        return wanted[-1] in said
    initials = "".join(word[0] for word in wanted)
    return set(wanted) <= set(said) or set(said) <= set(wanted) or initials in said


def _name_words(name: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", name.partition(",")[0]).casefold()
    plain = "".join(mark for mark in plain if not unicodedata.combining(mark))
    no_name = read_words("common_words", "names")
    return [word for word in _WORD.findall(plain) if word not in no_name]


# ------------------------------------------------------------------- names that name the same


def match_names(gold: pd.DataFrame, mentions: pd.DataFrame) -> pd.DataFrame:
    """Pair the tool's mentions with the gold's names; one row is one pair.

    A mention is the smallest gold name that holds it, when it has a part of the name itself in it
    ("Joe Biden" is "U.S. President Joe Biden", "U.S." is not). Each is used once, the longest
    mention first. Columns: article_id, start, end, text, label, gold, entity_id.
    """
    theirs: dict[str, list] = defaultdict(list)
    for row in gold.sort_values(["start", "end"], ascending=[True, False]).itertuples():
        theirs[row.article_id].append(row)
    rows = []
    for article_id, found in mentions[mentions["article_id"].isin(theirs)].groupby("article_id"):
        used: set[int] = set()
        for mention in sorted(found.itertuples(), key=lambda m: (m.start - m.end, m.start)):
            name = _smallest(theirs[article_id], mention.start, mention.end)
            if name is not None and name.Index not in used:
                used.add(name.Index)
                entity = mention.entity_id or f"none {mention.Index}"
                span = mention.start, mention.end, mention.text
                rows.append((article_id, *span, name.label, name.gold, entity))
    return lay_out("names matched", rows).sort_values(["article_id", "start"])


def _smallest(names: list, start: int, end: int):
    starts = [name.start for name in names]
    holding = [name for name in names[: bisect_right(starts, start)] if name.end >= end]
    fitting = min(holding, key=lambda name: name.end - name.start, default=None)
    if fitting is None:
        return None
    return fitting if any(low < end and high > start for low, high in fitting.parts) else None


def measure_clustering(gold: pd.DataFrame, mentions: pd.DataFrame) -> pd.DataFrame:
    """Measure how far tool and gold group the same names alike: a row "all" and one a label.

    `names` of the gold, `matched` by the tool's mentions, pairs that name the same by the gold,
    by the tool (found) and by both (right), precision, recall and f1. A pair counts for the label
    of the gold; one of two labels (only the tool can make it) counts for "all" alone.
    """
    matched = match_names(gold, mentions)
    counts: Counter[tuple[str, str]] = Counter()
    for _, found in matched.groupby("article_id", sort=True):
        for one, other in combinations(found.itertuples(), 2):
            held = {"gold": one.gold == other.gold, "found": one.entity_id == other.entity_id}
            held["right"] = all(held.values())
            for label in {"all", one.label if one.label == other.label else "all"}:
                counts.update((label, side) for side, same in held.items() if same)
    rows = []
    for label in ["all", *sorted(gold["label"].unique())]:
        sizes = [len(side[(side["label"] == label) | (label == "all")]) for side in (gold, matched)]
        rows.append((label, *sizes, *(counts[label, side] for side in ("gold", "found", "right"))))
    table = lay_out("grouping", rows)
    right, found, true = (table[f"{side}_pairs"] for side in ("right", "found", "gold"))
    return table.assign(
        precision=right / found.where(found > 0),
        recall=right / true.where(true > 0),
        f1=2 * right / (found + true).where(found + true > 0),
    )
