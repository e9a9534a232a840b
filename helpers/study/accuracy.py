"""The instrument on public gold: its figures, its calibration and its worst errors.

But for the sample's own, the corpora are not part of the project. `data/corpora.csv` says how each
is got and in which form it is expected; what is absent is skipped and listed, what is damaged is
told as a problem. Attributions are scored by the tokens (runs of word characters) that their spans
cover, names by exact spans and type without leading articles and possessive endings, whom a name
names by pairs of mentions, statements loosely marked by what is found in them: see `pairing`.
"""

from __future__ import annotations

import json
import re
import tempfile
import zlib
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd

from helpers.measure.select import lay_out, types_of
from helpers.measure.shares import draw_clusters, expanded_tail, wilson_interval
from helpers.store import schema, tables
from helpers.store.paths import PEERS, RECORDED
from helpers.study import pairing
from helpers.study.corpora import (
    Corpus,
    name_type,
    place_statements,
    read_codings,
    read_corpora,
    read_gum,
    read_lines,
    read_names,
)
from helpers.text.article import Article

FIGURES, ITEMS = (list(types_of(f"gold {name}")) for name in ("figures", "items"))
NOTHING = "nothing is measured: no gold is here"
BINS = 10
SUREST = 0.7  # of the targets, those whose tone is surest
SOURCE_MEASURES = {"found": "statements found", "source type": "source type", "title": "title"}
RESOLVED = {
    "all": "right source named",
    "name": "source by name",
    "pronoun": "source by pronoun",
    "description": "source by description",
    "carried": "source carried on",
    "none": "source as written",
}
NOT_CODED = ("related", "credit", "boilerplate")
DAMAGED = (OSError, EOFError, ValueError, KeyError, zlib.error)
_ARTICLE = re.compile(r"(?:the|a|an)\s+", re.IGNORECASE)


@dataclass
class Measured:
    """What was measured: `figures` (rows of FIGURES), `items` (rows of ITEMS) and `problems`."""

    figures: list[dict] = field(default_factory=list)
    items: list[dict] = field(default_factory=list)
    problems: list[dict] = field(default_factory=list)


def measure_gold(gold: str | Path, parts: list[str] | None = None) -> Measured:
    """Run the instrument on every corpus that is there; `parts` limits it to some.

    A file that cannot be read is left out and told in `problems`. Raises ValueError when `gold` is
    given and is no folder, or a part is not known.
    """
    if str(gold) and not Path(gold).expanduser().is_dir():
        raise ValueError(f"there is no folder {gold}: give the folder that holds the corpora")
    corpora = read_corpora()
    known = {corpus.part for corpus in corpora}
    unknown = sorted(set(parts or ()) - known)
    if unknown:
        raise ValueError(f"{unknown[0]!r} is no part; there is: {', '.join(sorted(known))}")
    whole = Measured()
    for corpus in corpora:
        file = corpus.find(gold)
        if file is None or (parts and corpus.part not in parts):
            continue
        try:
            measured = TASKS[corpus.task](file, corpus)
        except DAMAGED as error:
            told = f"{corpus.file} cannot be read ({error}): put a whole copy there"
            whole.problems.append({"corpus": corpus.corpus, "problem": told})
        else:
            whole.figures += measured.figures
            whole.items += measured.items
    return whole


def list_problems(measured: Measured) -> pd.DataFrame:
    """List the corpora that are there and could not be read; one row is one."""
    return pd.DataFrame(measured.problems, columns=["corpus", "problem"])


def to_figures(measured: Measured) -> pd.DataFrame:
    """Return the figures as a frame; one row is one, in percent with its 95 % interval."""
    return lay_out("gold figures", measured.figures)


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
    both = pd.concat([ours, peers], ignore_index=True)
    both = lay_out("peers", both.reindex(columns=list(types_of("peers"))))
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
    return lay_out("gold items", measured.items)


def list_worst(measured: Measured, top: int = 10, texts: bool = False) -> pd.DataFrame:
    """List the surest mistakes of each corpus; one row is one item that is wrong.

    Without `texts` the words that stand in the corpora are left out.
    """
    wrong = to_items(measured).query("not right")
    wrong = wrong.sort_values("confidence", ascending=False, kind="stable")
    worst = wrong.groupby("corpus", sort=False).head(top).reset_index(drop=True)
    return worst.drop(columns=["right", *([] if texts else ["text", "found"])])


def say_worst(measured: Measured, worst: pd.DataFrame) -> str:
    """Say how many mistakes there are, and how many of them `list_worst` shows."""
    items = to_items(measured)
    if items.empty:
        return ""
    return (
        f"Wrong by the gold: {(~items['right']).sum():,} of {len(items):,} items found; "
        f"listed are the surest {len(worst):,}."
    )


def say_ahead(peers: pd.DataFrame) -> str:
    """Say where this program is ahead of every other tool listed; "" where none is."""
    others = peers["kind"].isin(["measured", "published"])
    told = f"Ahead of every other tool listed: {name_ahead(peers)}."
    return told if others.any() else ""


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


def f1(counts: np.ndarray) -> np.ndarray:
    """Return the F1 of columns right, found, gold."""
    return _ratio(2 * counts[:, 0], counts[:, 1] + counts[:, 2])


def first_of_second(counts: np.ndarray) -> np.ndarray:
    """Return the share that the first column is of the second."""
    return _ratio(counts[:, 0], counts[:, 1])


def tell(corpus: Corpus, measure: str, counts: np.ndarray, of: Callable, unit: str) -> dict:
    """Return one figure in percent, a row of FIGURES.

    `of` makes it from counts, whose rows are articles; their last column adds up to `n`.
    """
    value = float(of(counts.sum(axis=0)[None])[0]) * 100
    low = high = np.nan
    if len(counts) > 1 and not np.isnan(value):
        drawn = of(draw_clusters(len(counts)) @ counts) * 100
        tail = expanded_tail(len(counts))
        low, high = (float(end) for end in np.nanquantile(drawn, [tail, 1 - tail]))
        low, high = min(low, value), max(high, value)
    n = int(counts[:, -1].sum())
    told = (corpus.part, corpus.corpus, measure, value, low, high, n, unit)
    return dict(zip(FIGURES, told, strict=True))


# ---------------------------------------------------------------------------------- attributions


def _form(content: frozenset[int], words: pairing.Words, quoted: bytearray) -> str:
    inside = sum(bool(quoted[words.starts[number]]) for number in content)
    return "direct" if inside == len(content) else "mixed" if inside else "indirect"


def _measure_attributions(file: Path, corpus: Corpus) -> Measured:
    from helpers.annotate.attributions import find_attributions

    coded = list(read_lines(file))
    if not coded:
        raise ValueError(f"{file.name} holds no article")
    articles = pd.DataFrame([{"article_id": c["id"], "text": c["text"]} for c in coded])
    said = dict(iter(find_attributions(articles).groupby("article_id")))
    counts, measured = [], Measured()
    for article in coded:
        ours = said.get(article["id"], schema.empty("attributions"))
        counted, right = count_attributions(article, ours)
        counts.append(counted)
        told = ours.assign(corpus=corpus.corpus, article=article["id"], gold="")
        told["found"] = told["source_text"] + " " + told["cue"]
        measured.items += told.loc[right.index].assign(right=right)[ITEMS].to_dict("records")
    table = np.array(counts, dtype=float)
    for place, name in enumerate(("end to end", "content exact", "content partial")):
        columns = table[:, [place, 3, 4]]
        measured.figures.append(tell(corpus, f"{name} F1", columns, f1, "attributions"))
    measured.figures.append(tell(corpus, "cue tokens F1", table[:, -3:], f1, "words of cues"))
    for place, form in enumerate(schema.FORMS):
        columns = table[:, [5 + 2 * place, 6 + 2 * place]]
        name = f"end to end recall {form}"
        measured.figures.append(tell(corpus, name, columns, first_of_second, form))
    return measured


def count_attributions(article: dict, ours: pd.DataFrame) -> tuple[list[int], pd.Series]:
    """Count end to end, exact, partial, found, gold; right and gold of each form; cues' words.

    The words of cues are those of both, of the tool's and of the gold's. Also say of each of the
    tool's attributions that covers a word whether it is right.
    """
    words, quoted = pairing.Words(article["text"]), Article(article["text"]).quoted
    rows = [
        {"content": row.spans, "source": row.source_spans, "cue": row.cue_spans}
        for row in ours.itertuples()
    ]
    kept = [bool(words.covered(row["content"])) for row in rows]
    found, gold = words.roles(rows), words.roles(article["attributions"])
    pairs = pairing.pair_contents(words, gold, found)
    right = {j for _, j, agree in pairs if agree}
    exact = sum(gold[i]["content"] == found[j]["content"] for i, j, _ in pairs)
    forms = [_form(row["content"], words, quoted) for row in gold]
    by_form = []
    for form in schema.FORMS:
        hits = sum(agree and forms[i] == form for i, _, agree in pairs)
        by_form += [hits, forms.count(form)]
    ours_cued, gold_cued = (
        {word for row in side for word in words.covered(row["cue"])}
        for side in (rows, article["attributions"])
    )
    cues = [len(ours_cued & gold_cued), len(ours_cued), len(gold_cued)]
    counts = [len(right), exact, len(pairs), len(found), len(gold), *by_form, *cues]
    return counts, pd.Series([j in right for j in range(len(found))], ours.index[kept], dtype=bool)


# ----------------------------------------------------------------------------------------- names


def _measure_names(file: Path, corpus: Corpus) -> Measured:
    from helpers.annotate.mentions import find_mentions
    from helpers.model.decoding import trim

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
            if kind := name_type(row.label):
                start, end = trim(text, row.start, row.end)
                ours[start, end, kind] = row
        counts.append([len(gold & set(ours)), len(ours), len(gold)])
        for (start, end, kind), row in ours.items():
            meant = [k for s, e, k in gold if s < end and start < e]
            place = corpus.corpus, f"sentence {number + 1}", start, end
            right = (start, end, kind) in gold
            told = *place, kind, ", ".join(meant), right, row.confidence, text[start:end]
            measured.items.append(dict(zip(ITEMS, told, strict=True)))
    table = np.array(counts, dtype=float).reshape(-1, 3)
    measured.figures = [
        tell(corpus, "names F1", table, f1, "names"),
        tell(corpus, "names precision", table, first_of_second, "names"),
        tell(corpus, "names recall", table[:, [0, 2]], first_of_second, "names"),
    ]
    return measured


def _measure_grouping(file: Path, corpus: Corpus) -> Measured:
    """Measure whether names of one document that name the same are put together."""
    from helpers.annotate.entities import add_entity, find_entities
    from helpers.annotate.mentions import find_mentions

    articles, names = read_gum(file)
    found = find_mentions(articles)
    found = add_entity(found, articles, find_entities(found, articles))
    counts = []
    for key, gold in names.groupby("article_id"):
        table = pairing.measure_clustering(gold, found[found["article_id"] == key])
        counts.append(table.loc[0, ["right_pairs", "found_pairs", "gold_pairs"]].tolist())
    return Measured(
        [tell(corpus, "same name pairs F1", np.array(counts, dtype=float), f1, "pairs")]
    )


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
    toned = add_target_tone(pd.DataFrame(rows))
    sure = toned[[f"p_{name}" for name in names.values()]].max(axis=1)
    surest = toned.loc[sure.sort_values(ascending=False, kind="stable").index]
    counts = _count_polarities(toned)
    kept = _count_polarities(surest.head(round(SUREST * len(toned))))
    told = toned.assign(corpus=corpus.corpus, found=toned["polarity"], confidence=sure)
    told = told.assign(right=toned["polarity"] == toned["gold"])
    return Measured(
        [
            tell(corpus, "macro F1", counts, _macro_f1, "targets"),
            tell(corpus, f"macro F1, surest {SUREST:.0%}", kept, _macro_f1, "targets"),
            tell(corpus, "same label", counts, _same, "targets"),
        ],
        told[ITEMS].to_dict("records"),
    )


def _count_polarities(judged: pd.DataFrame) -> np.ndarray:
    """Count, a row a sentence, right, found and gold targets of each polarity, then all targets."""
    sentence, ids = pd.factorize(judged["article"])
    counts = np.zeros((len(ids), 3 * len(schema.POLARITIES) + 1))
    for place, name in enumerate(schema.POLARITIES):
        sides = judged["polarity"] == name, judged["gold"] == name
        for column, held in enumerate((sides[0] & sides[1], *sides)):
            np.add.at(counts[:, 3 * place + column], sentence, held.to_numpy())
    np.add.at(counts[:, -1], sentence, 1)
    return counts


def _macro_f1(counts: np.ndarray) -> np.ndarray:
    return np.mean([f1(counts[:, 3 * n : 3 * n + 3]) for n in range(3)], axis=0)


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
        coding = pairing.measure_source_coding(ours, statements).set_index("measure")
        counts.append(coding.loc[list(SOURCE_MEASURES), ["count", "n"]].to_numpy())
        names = pairing.measure_source_names(ours, statements).set_index("resolution")
        named.append(names.reindex(RESOLVED, fill_value=0)[["right", "statements"]].to_numpy())
        measured.items += _list_sources(article, ours, statements, corpus)
    labels = [*SOURCE_MEASURES.values(), *RESOLVED.values()]
    table = np.concatenate([np.array(counts), np.array(named)], axis=1).astype(float)
    for place, label in enumerate(labels):
        pairs = table[:, place]
        if pairs[:, 1].any():
            measured.figures.append(tell(corpus, label, pairs, first_of_second, "statements"))
    return measured


def _list_sources(
    article: dict, ours: pd.DataFrame, statements: pd.DataFrame, corpus: Corpus
) -> list[dict]:
    """List the statements found as rows of ITEMS; right is the source type that was coded."""
    matched = pairing.match_statements(ours, statements)
    found = ours.loc[matched["attribution"]].reset_index(drop=True)
    coded = statements.loc[matched["statement"]].reset_index(drop=True)
    typed = coded["source_type"] != ""
    rows = pd.DataFrame(
        {
            "corpus": corpus.corpus,
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

    sample = file.parents[1]
    gold = read_codings(file.parent / "agreed", sample / "articles").attributions
    with redirect_stdout(StringIO()):  # what it tells of a corpus is told of the page's own
        folder = open_corpus("sample")
    articles = tables.read_table("articles", folder, ["article_id", "path"])
    said = tables.read_table("attributions", folder).merge(articles, on="article_id")
    said = said[said["path"].isin(gold["path"]) & ~said["role"].isin(NOT_CODED)]
    said, gold = said.reset_index(drop=True), gold.reset_index(drop=True)
    pairs = pairing.pair_attributions(said, gold)
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
    measured = Measured([tell(corpus, "statements F1", found, f1, "statements")])
    for name, held in same.items():
        right = held.groupby(ours["path"]).sum().reindex(paths, fill_value=0)
        counts = np.column_stack([right, paired]).astype(float)
        measured.figures.append(tell(corpus, name, counts, first_of_second, "statements"))
    told = ours.assign(corpus=corpus.corpus, article=ours["path"], right=same["speaker"])
    told = told.assign(found=ours["speaker"], gold=theirs["speaker"])
    measured.items = told[ITEMS].to_dict("records")
    return measured


def plain_name(speaker: str) -> str:
    """Write a speaker without leading article and letter case; an outlet under its one name."""
    from helpers.annotate.names import known

    outlet = known(speaker)
    plain = (outlet.name if outlet else speaker).casefold().replace("’", "'")
    return _ARTICLE.sub("", plain, count=1) if _ARTICLE.match(plain) else plain


TASKS: dict[str, Callable[[Path, Corpus], Measured]] = {
    "sample": _measure_sample,
    "attributions": _measure_attributions,
    "names": _measure_names,
    "grouping": _measure_grouping,
    "tone": _measure_tone,
    "sources": _measure_sources,
}
