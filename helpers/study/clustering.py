"""Agreement on who is who: mentions grouped into entities by the tool against a coreference gold.

Scored are pairs of mentions of one document, as in the pairwise measure of Hatzivassiloglou and
McKeown (1993, ACL): a pair is right when tool and gold both say that the two name the same. Only
proper names that both found are paired, so that finding names is not scored a second time.
"""

from __future__ import annotations

import gzip
import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path

import pandas as pd

GUM_LABELS = {"person": "PERSON", "organization": "ORG", "place": "GPE"}
NAMES = ["article_id", "start", "end", "text", "label", "gold", "parts"]
MEASURED = ["label", "names", "matched", "gold_pairs", "found_pairs", "right_pairs"]
# Relations that hold a name together in Universal Dependencies.
_PARTS = ("flat", "compound", "nmod:desc", "goeswith", "nmod:unmarked")


@dataclass
class _Token:
    start: int
    end: int
    upos: str
    head: int
    relation: str


@dataclass
class _Document:
    """One document while it is read."""

    name: str
    fields: list[str]
    text: str = ""
    tokens: list[_Token] = field(default_factory=list)
    open: dict[str, list[tuple[int, str]]] = field(default_factory=lambda: defaultdict(list))
    spans: list[tuple[int, int, str, str]] = field(default_factory=list)


def read_gum(path: str | Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read documents of the GUM corpus (CoNLL-U, may be gzipped): articles, and their names.

    Articles have article_id and text, paragraphs parted by an empty line. One row of the names is
    one mention of a person, an organisation or a place whose head is a proper noun: article_id,
    start, end, text, label, `gold` (whom it names, an identity within the document) and `parts`
    (the spans of the words that make up the name itself). Raises OSError or ValueError when the
    file is damaged or holds no document.
    """
    path = Path(path)
    raw = path.read_bytes()
    if path.suffix == ".gz":
        raw = gzip.decompress(raw)
    documents = list(_documents(raw.decode("utf-8").splitlines()))
    if not documents:
        raise ValueError(f"{path} holds no document: it is damaged or no CoNLL-U")
    articles = pd.DataFrame([{"article_id": d.name, "text": d.text} for d in documents])
    rows = [row for document in documents for row in _names_of(document)]
    return articles, pd.DataFrame(rows, columns=NAMES)


def _documents(lines: Iterable[str]) -> Iterator[_Document]:
    document: _Document | None = None
    fields: list[str] = []
    first = 0
    space, joined_until, joined_space = "", 0, ""
    for line in lines:
        if line.startswith("# newdoc"):
            if document is not None:
                yield document
            document = _Document(line.partition("=")[2].strip(), fields)
            space = ""
        elif line.startswith("# global.Entity") and document is not None:
            document.fields = fields = line.partition("=")[2].strip().split("-")
        elif line.startswith("# newpar") and document is not None and document.text:
            space = "\n\n"
        elif document is None or line.startswith("#"):
            continue
        elif not line.strip():
            first = len(document.tokens)
            joined_until = 0
        else:
            cells = line.split("\t")
            if "." in cells[0]:
                continue
            after = "" if "SpaceAfter=No" in cells[9] else " "
            if "-" in cells[0]:
                joined_until, joined_space = int(cells[0].partition("-")[2]), after
                continue
            number = int(cells[0])
            if number <= joined_until:
                after = joined_space if number == joined_until else ""
            document.text += space
            start = len(document.text)
            document.text += cells[1]
            space = after
            head = first + int(cells[6]) - 1 if cells[6] not in ("0", "_") else -1
            token = _Token(start, len(document.text), cells[3], head, cells[7])
            document.tokens.append(token)
            _read_marks(document, cells[9])
    if document is not None:
        yield document


def _read_marks(document: _Document, misc: str) -> None:
    """Open and close the entities that the last token's Entity mark names."""
    marks = re.search(r"(?:^|\|)Entity=([^|]+)", misc)
    if not marks:
        return
    at = len(document.tokens) - 1
    for piece in re.finditer(r"\([^()]+\)?|[^()]+\)", marks.group(1)):
        written = piece.group()
        opens, closes = written.startswith("("), written.endswith(")")
        cells = written.strip("()").split("-", max(len(document.fields) - 1, 1))
        group = re.sub(r"\[.*\]", "", cells[0])
        if opens:
            kinds = dict(zip(document.fields, cells, strict=False))
            document.open[group].append((at, kinds.get("etype", cells[1] if cells[1:] else "")))
        if closes and document.open[group]:
            start, kind = document.open[group].pop()
            document.spans.append((start, at, group, kind))


def _names_of(document: _Document) -> Iterator[dict]:
    tokens = document.tokens
    for first, last, group, kind in sorted(document.spans, key=lambda span: (span[0], -span[1])):
        label = GUM_LABELS.get(kind)
        inside = range(first, last + 1)
        heads = [at for at in inside if tokens[at].head not in inside]
        if label is None or not heads or tokens[heads[0]].upos != "PROPN":
            continue
        start, end = tokens[first].start, tokens[last].end
        parts = sorted(_parts(tokens, heads[0], inside))
        yield {
            "article_id": document.name,
            "start": start,
            "end": end,
            "text": document.text[start:end],
            "label": label,
            "gold": group,
            "parts": [[tokens[at].start, tokens[at].end] for at in parts],
        }


def _parts(tokens: list[_Token], head: int, inside: range) -> set[int]:
    """Return the tokens of a name: its head and what flat and compound relations tie to it."""
    parts = {head}
    grown = True
    while grown:
        more = {
            at
            for at in inside
            if at not in parts
            and tokens[at].head in parts
            and tokens[at].relation.startswith(_PARTS)
            and tokens[at].upos in ("PROPN", "NUM", "X")
        }
        grown = bool(more)
        parts |= more
    return parts


# ----------------------------------------------------------------------------------- the measure


def match_names(gold: pd.DataFrame, mentions: pd.DataFrame) -> pd.DataFrame:
    """Pair the tool's mentions with the gold's names; one row is one pair.

    A mention is the smallest gold name that holds it, when it has a part of the name itself in it
    ("Joe Biden" is "U.S. President Joe Biden", "U.S." is not). Each is used once, the longest
    mention first. Columns: article_id, label, gold, entity_id, text, and `merge` keys start, end.
    """
    theirs: dict[str, list] = defaultdict(list)
    for row in gold.itertuples():
        theirs[row.article_id].append(row)
    rows = []
    columns = ["article_id", "start", "end", "text", "entity_id"]
    ours = mentions[mentions["article_id"].isin(theirs)][columns]
    for article_id, found in ours.groupby("article_id", sort=True):
        names = sorted(theirs[article_id], key=lambda name: (name.start, -name.end))
        used: set[int] = set()
        order = sorted(found.itertuples(), key=lambda m: (m.start - m.end, m.start))
        for mention in order:
            name = _smallest(names, mention.start, mention.end)
            if name is None or name.Index in used:
                continue
            used.add(name.Index)
            rows.append(
                {
                    "article_id": article_id,
                    "start": mention.start,
                    "end": mention.end,
                    "text": mention.text,
                    "label": name.label,
                    "gold": name.gold,
                    "entity_id": mention.entity_id or f"none {mention.Index}",
                }
            )
    columns = ["article_id", "start", "end", "text", "label", "gold", "entity_id"]
    return pd.DataFrame(rows, columns=columns).sort_values(["article_id", "start"])


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
    tallies: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for one, other in _pairs(matched):
        same_gold, same_found = one.gold == other.gold, one.entity_id == other.entity_id
        counted = ["all", one.label] if one.label == other.label else ["all"]
        for label in counted:
            tally = tallies[label]
            tally[0] += same_gold
            tally[1] += same_found
            tally[2] += same_gold and same_found
    rows = []
    for label in ["all", *sorted(gold["label"].unique())]:
        of_gold, found, right = tallies[label]
        named = gold if label == "all" else gold[gold["label"] == label]
        met = matched if label == "all" else matched[matched["label"] == label]
        rows.append((label, len(named), len(met), of_gold, found, right))
    table = pd.DataFrame(rows, columns=MEASURED)
    precision = table["right_pairs"] / table["found_pairs"].where(table["found_pairs"] > 0)
    recall = table["right_pairs"] / table["gold_pairs"].where(table["gold_pairs"] > 0)
    f1 = (
        2
        * table["right_pairs"]
        / (table["found_pairs"] + table["gold_pairs"]).where(
            table["found_pairs"] + table["gold_pairs"] > 0
        )
    )
    return table.assign(precision=precision, recall=recall, f1=f1)


def _pairs(matched: pd.DataFrame) -> Iterator[tuple]:
    for _, found in matched.groupby("article_id", sort=True):
        yield from combinations(found.itertuples(), 2)


def list_errors(gold: pd.DataFrame, mentions: pd.DataFrame, entities: pd.DataFrame) -> pd.DataFrame:
    """List the wrong and the missed merges by kind; one row is two ways of writing in a document.

    `error` is "wrong merge" or "missed merge", `kind` what the two ways of writing have to do with
    each other, `pairs` how many pairs of mentions it costs.
    """
    reason = dict(zip(entities["entity_id"], entities["merge_reason"], strict=True))
    counts: dict[tuple[str, ...], int] = defaultdict(int)
    for one, other in _pairs(match_names(gold, mentions)):
        same_gold, same_found = one.gold == other.gold, one.entity_id == other.entity_id
        if same_gold != same_found:
            error = "wrong merge" if same_found else "missed merge"
            texts = sorted((one.text, other.text))
            open_ends = [reason.get(m.entity_id, "").endswith("not joined") for m in (one, other)]
            kind = "left open as ambiguous" if any(open_ends) and same_gold else _kind(*texts)
            counts[error, kind, one.label, one.article_id, texts[0], texts[1]] += 1
    rows = [(*key, number) for key, number in counts.items()]
    columns = ["error", "kind", "label", "article_id", "one", "other", "pairs"]
    listed = pd.DataFrame(rows, columns=columns)
    order = ["error", "pairs", "kind", "article_id", "one", "other"]
    return listed.sort_values(order, ascending=[True, False, True, True, True, True])


def _kind(one: str, other: str) -> str:
    """Say what two ways of writing have to do with each other."""
    words = [text.replace("’", "'").removesuffix("'s").casefold().split() for text in (one, other)]
    if words[0] == words[1]:
        return "written alike"
    shorter, longer = sorted(words, key=len)
    initials = "".join(word[0] for word in longer)
    if len(shorter) == 1 and shorter[0].replace(".", "") in (
        initials,
        "".join(w[0] for w in longer if w not in ("of", "the", "and", "for")),
    ):
        return "acronym"
    if set(shorter) <= set(longer):
        return "short form"
    return "another name" if not set(shorter) & set(longer) else "shared words"
