"""Agreement: coder against coder and tool against coder, finding units apart from coding them."""

from __future__ import annotations

import math
import re
import unicodedata
from difflib import SequenceMatcher

import pandas as pd
from nltk.metrics.agreement import AnnotationTask

MATCH = 0.5
_WORD = re.compile(r"\w+")
_SMALL = frozenset({"the", "a", "an", "of", "for", "in", "at", "and", "s", "to", "is", "on"})
_NO_NAME = frozenset(
    {"the", "a", "an", "of", "and", "for", "in", "at", "s", "jr", "sr", "ii", "iii"}
)


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
    pairs = []
    used: set[tuple[int, object]] = set()
    for overlap, one, other in sorted(candidates, key=lambda row: -row[0]):
        if (0, one) not in used and (1, other) not in used:
            used |= {(0, one), (1, other)}
            pairs.append({"first": one, "second": other, "overlap": overlap})
    return pd.DataFrame(pairs, columns=["first", "second", "overlap"])


def overlap_f1(one: list[list[int]], other: list[list[int]]) -> float:
    """Return the F1 of the characters that two lists of spans share."""
    total = _length(one) + _length(other)
    return 2 * _shared(one, other) / total if total else 0.0


def place_statement(statement: str, text: str) -> list[list[int]]:
    """Return the spans of a text in which a statement's words stand, marks and spacing apart.

    A statement that skips words of the text has several spans: runs of at least three of its words
    in their order, the longest first found. No span where less than half of its words are found.
    """
    words = [word.group().casefold() for word in _WORD.finditer(statement)]
    places = list(_WORD.finditer(text))
    written = [word.group().casefold() for word in places]
    matcher = SequenceMatcher(None, written, words, autojunk=False)
    blocks = [block for block in matcher.get_matching_blocks() if block.size >= min(3, len(words))]
    blocks = [block for block in blocks if block.size]
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
    return pd.DataFrame(rows, columns=["statement", "attribution", "covered", "inside"])


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
    total = len(first) + len(second)
    return pd.DataFrame(
        [
            {
                "found_by_both": len(pairs),
                "only_first": len(first) - len(pairs),
                "only_second": len(second) - len(pairs),
                "f1": 2 * len(pairs) / total if total else math.nan,
                "content_exact": float((pairs["overlap"] == 1).mean()) if len(pairs) else math.nan,
            }
        ]
    )


def measure_agreement(
    first: pd.DataFrame, second: pd.DataFrame, variables: list[str]
) -> pd.DataFrame:
    """Tell how far two codings agree on the attributions both found: one row per variable.

    `units` scored, `agreement` (share of units with the same value) and `alpha` (Krippendorff's,
    nominal; missing where the values do not vary, since alpha is then undefined).
    """
    pairs = pair_attributions(first, second)
    rows = []
    for variable in variables:
        ours = first.loc[pairs["first"], variable].tolist()
        theirs = second.loc[pairs["second"], variable].tolist()
        rows.append({"variable": variable, "units": len(pairs)} | _agreement(ours, theirs))
    return pd.DataFrame(rows, columns=["variable", "units", "agreement", "alpha"])


def measure_roles(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """Tell how far two codings give every character of the articles the same role: one row.

    Both frames have path, start, end and role. `units` are characters that both gave a role.
    """
    ours, theirs = _roles_by_character(first), _roles_by_character(second)
    both = sorted(ours.keys() & theirs.keys())
    agreed = _agreement([ours[unit] for unit in both], [theirs[unit] for unit in both])
    return pd.DataFrame([{"variable": "role", "units": len(both)} | agreed])


def _roles_by_character(blocks: pd.DataFrame) -> dict[tuple[str, int], str]:
    return {
        (block.path, place): block.role
        for block in blocks.itertuples()
        for place in range(block.start, block.end)
    }


def measure_names(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """Tell how far two codings list the same entities and label them alike: one row.

    Both frames have path, entity and label. An entity is found by both when article and canonical
    name are the same, letter case apart.
    """
    ours, theirs = _labels(first), _labels(second)
    both = sorted(ours.keys() & theirs.keys())
    agreed = _agreement([ours[unit] for unit in both], [theirs[unit] for unit in both])
    total = len(ours) + len(theirs)
    f1 = 2 * len(both) / total if total else math.nan
    return pd.DataFrame([{"variable": "label", "units": len(both), "f1": f1} | agreed])


def _labels(entities: pd.DataFrame) -> dict[tuple[str, str], str]:
    return {(row.path, row.entity.casefold()): row.label for row in entities.itertuples()}


def _agreement(ours: list[str], theirs: list[str]) -> dict[str, float]:
    if not ours:
        return {"agreement": math.nan, "alpha": math.nan}
    same = sum(one == other for one, other in zip(ours, theirs, strict=True))
    return {"agreement": same / len(ours), "alpha": krippendorff_alpha(ours, theirs)}


def krippendorff_alpha(ours: list[str], theirs: list[str]) -> float:
    """Return Krippendorff's alpha (nominal) of two codings of the same units; NaN when undefined.

    Alpha is 1 - observed / expected disagreement (Krippendorff, Content Analysis, 4th ed., ch. 12),
    computed by NLTK. It is undefined when every value is the same.
    """
    if len(set(ours) | set(theirs)) < 2:
        return math.nan
    rows = [("first", unit, value) for unit, value in enumerate(ours)]
    rows += [("second", unit, value) for unit, value in enumerate(theirs)]
    return AnnotationTask(rows).alpha()


def measure_source_names(attributions: pd.DataFrame, statements: pd.DataFrame) -> pd.DataFrame:
    """Tell how often the attribution found for a statement has the source the coder names.

    `attributions` has path, spans, speaker and resolution; `statements` path, spans, source_type
    and name (statements without a name are not scored). One row is one way of resolving, and
    "all": `statements` found and named, `right` (see `same_source`), `share`.
    """
    matched = match_statements(attributions, statements)
    scored = pd.DataFrame(
        {
            "name": statements.loc[matched["statement"], "name"].to_numpy(),
            "person": statements.loc[matched["statement"], "source_type"].eq("named person").array,
            "speaker": attributions.loc[matched["attribution"], "speaker"].to_numpy(),
            "resolution": attributions.loc[matched["attribution"], "resolution"].to_numpy(),
        }
    )
    scored = scored[scored["name"] != ""]
    right = [
        same_source(speaker, name, person)
        for speaker, name, person in scored[["speaker", "name", "person"]].itertuples(index=False)
    ]
    scored = scored.assign(right=pd.Series(right, index=scored.index, dtype=bool))
    rows = [("all", scored), *scored.groupby("resolution")]
    return pd.DataFrame(
        [
            {
                "resolution": resolution,
                "statements": len(some),
                "right": int(some["right"].sum()),
                "share": some["right"].mean() if len(some) else math.nan,
            }
            for resolution, some in rows
        ],
        columns=["resolution", "statements", "right", "share"],
    )


def measure_source_coding(attributions: pd.DataFrame, statements: pd.DataFrame) -> pd.DataFrame:
    """Tell how sourced statements are found and coded; one row is one measure.

    `attributions` has path, spans, source_type and title; `statements` path, spans, source_type
    and title, "" where the coder gave none. Rows: *found* (see `match_statements`), *source type*
    and *majority type* of those found, and *title* (of the found that have one, see `has_title`);
    each with count, n and share.
    """
    matched = match_statements(attributions, statements)
    ours = attributions.loc[matched["attribution"]].reset_index(drop=True)
    theirs = statements.loc[matched["statement"]].reset_index(drop=True)
    typed, titled = theirs["source_type"] != "", theirs["title"] != ""
    most = theirs.loc[typed, "source_type"].value_counts().max() if typed.any() else 0
    same = (ours["source_type"] == theirs["source_type"])[typed]
    titles = [has_title(*pair) for pair in zip(ours["title"], theirs["title"], strict=True)]
    rows = [
        ("found", len(matched), len(statements)),
        ("source type", int(same.sum()), len(same)),
        ("majority type", int(most), len(same)),
        ("title", int(pd.Series(titles, dtype=bool)[titled].sum()), int(titled.sum())),
    ]
    measured = pd.DataFrame(rows, columns=["measure", "count", "n"])
    return measured.assign(share=measured["count"] / measured["n"].where(measured["n"] > 0))


def has_title(found: str, coded: str) -> bool:
    """Tell whether a title holds half of the words of the one a coder wrote, small words apart."""
    said, wanted = (set(_WORD.findall(text.casefold())) - _SMALL for text in (found, coded))
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
    return [word for word in _WORD.findall(plain) if word not in _NO_NAME]
