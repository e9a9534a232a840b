"""What each hand rule is worth: each named rule turned off in turn, on all gold that is at hand.

The network reads a text once; then the rules run again without one of them, only in the articles
and steps in which it changed something. A rule is worth what a measure loses without it, in points
of a hundred. Each article is read alone, so that figures may differ a little from those of built
tables. Run again, the command goes on where it stopped.
"""

from __future__ import annotations

import argparse
import fnmatch
import importlib
import os
import pkgutil
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from helpers import annotate
from helpers.annotate import attributions, entities, mentions, rules
from helpers.corpus import annotation
from helpers.corpus.decisions import Decided
from helpers.model import decoding
from helpers.store import schema, tables
from helpers.store.lexicons import VARIABLES
from helpers.store.paths import PROJECT, WRITTEN, engine_version
from helpers.study import accuracy, corpora, pairing
from helpers.text.article import Article

STEPS = ("mentions", "attributions", "speakers")
CODED = (*VARIABLES, "speaker", "country", "relay")
LEAST = 0.05  # points that are told

Frames = dict[str, pd.DataFrame]
Counts = Counter[tuple[str, str]]  # of a measure, what is "right" and what that is a share "of"


@dataclass(frozen=True)
class GoldArticle:
    """One article of a gold set: its text, and what people coded in it."""

    id: str
    text: str
    outlet: str = ""
    names: list[tuple[int, int, str]] = field(default_factory=list)
    statements: list[dict] = field(default_factory=list)


class Worth(NamedTuple):
    """What one measure of one gold set is with all rules and without some, in percent."""

    engine: str
    rule: str
    module: str
    set: str
    measure: str
    kept: float
    lost: float
    worth: float  # the first less the second
    n: int  # what the share is of


@dataclass(frozen=True)
class GoldSet:
    """One gold set: its file in the folder of gold, how it is read and counted.

    `steps` are those whose rules can change what is measured.
    """

    name: str
    file: str
    read: Callable[[Path], Iterator[GoldArticle]]
    count: Callable[[GoldArticle, Frames], Counts]
    steps: tuple[str, ...] = STEPS

    def find(self, gold: str) -> Path:
        """Return its file; the sample lies in the project."""
        return (PROJECT if self.file == SAMPLE else Path(gold)) / self.file


# ------------------------------------------------------------------------------- reading the gold


def _names(file: Path) -> Iterator[GoldArticle]:
    if ".iob2" in file.name:
        for number, (text, names) in enumerate(corpora.read_names(file)):
            yield GoldArticle(str(number), text, names=list(names))
    else:
        for row in corpora.read_lines(file):
            spans = [(start, end, corpora.name_type(label)) for start, end, label in row["spans"]]
            yield GoldArticle(row["id"], row["text"], row.get("outlet", ""), spans)


def _coded(file: Path) -> Iterator[GoldArticle]:
    for row in corpora.read_lines(file):
        text = row["text"] if "text" in row else _texts(file.parents[1])[row["id"]]
        yield GoldArticle(row["id"], text, row.get("outlet", ""), statements=row["attributions"])


def _wide(file: Path) -> Iterator[GoldArticle]:
    for row in corpora.read_lines(file):
        told = [one for one in row["statements"] if one["statement"]]
        told = [one | {"speaker": one.get("speaker") or None} for one in told]
        yield GoldArticle(
            row["id"], _texts(file.parents[1])[row["id"]], row["outlet"], statements=told
        )


@cache
def _texts(gold: Path) -> dict[str, str]:
    files = ("ner/worldwide_train.jsonl.gz", "polnear/train.jsonl.gz")
    rows = (row for file in files for row in corpora.read_lines(gold / file))
    return {row["id"]: row["text"] for row in rows}


def _told(file: Path) -> Iterator[GoldArticle]:
    for row in corpora.read_lines(file):
        told = corpora.place_statements(row).assign(path=row["id"]).to_dict("records")
        yield GoldArticle(row["id"], row["text"], statements=told)


def _sample(file: Path) -> Iterator[GoldArticle]:
    articles = file.parents[1] / "articles"
    coded = corpora.read_codings(file.parent / "agreed", articles).attributions
    coded = coded.assign(content=coded["spans"], source=coded["source_spans"])
    for path, rows in coded.groupby("path"):
        text = (articles / path).read_text(encoding="utf-8")
        outlet = Path(path).parent.name.replace("-", " ").title()
        yield GoldArticle(path, text, outlet, statements=rows.to_dict("records"))


# ------------------------------------------------------------------------------------- measuring


def _count_names(article: GoldArticle, found: Frames) -> Counts:
    """Count names of equal span and type, leading articles and possessive endings apart."""
    ours = found["mentions"][["start", "end", "label"]].itertuples(index=False, name=None)
    typed = [(start, end, corpora.name_type(label)) for start, end, label in ours]
    gold, mine = (
        {(*decoding.trim(article.text, *span), kind) for *span, kind in side if kind}
        for side in (article.names, typed)
    )
    return _counts({"names F1": (2 * len(gold & mine), len(gold) + len(mine))})


def _count_statements(article: GoldArticle, found: Frames) -> Counts:
    """Count statements, contents and sources as in `accuracy`, what else is coded by equality."""
    rows = found["attributions"].to_dict("records")
    words = pairing.Words(article.text)
    mine = [
        {"content": words.covered(row["spans"]), "source": words.covered(row["source_spans"])}
        for row in rows
    ]
    gold = [
        {role: words.covered(row.get(role) or []) for role in ("content", "source")}
        for row in article.statements
    ]
    pairs = pairing.pair_contents(words, gold, mine)
    counted = {"found": (len(pairs), len(gold))}
    if any("source" in row for row in article.statements):
        both = len(mine) + len(gold)
        counted["precision"] = len(pairs), len(mine)
        counted["end to end F1"] = 2 * sum(agree for *_, agree in pairs), both
    for column in CODED:
        told = [(article.statements[one].get(column), rows[two][column]) for one, two, _ in pairs]
        same = [_same(column, *pair) for pair in told if pair[0] is not None]
        counted[column] = sum(same), len(same)
    return _counts(counted)


def _same(column: str, gold: Any, found: Any) -> bool:
    """Tell whether a value is that of the gold; of two speakers one may be the fuller name."""
    if column != "speaker":
        return gold == found
    one, other = accuracy.plain_name(gold), accuracy.plain_name(found)
    ours, theirs = (set(re.findall(r"\w+", name)) - {"of", "and"} for name in (one, other))
    part = bool(ours and theirs) and (ours <= theirs or theirs <= ours)
    return one == other or part and 2 * len(ours & theirs) >= max(len(ours), len(theirs))


def _count_told(article: GoldArticle, found: Frames) -> Counts:
    """Count statements that were marked loosely: those found, their type, title and speaker."""
    mine, told = found["attributions"].assign(path=article.id), pd.DataFrame(article.statements)
    coding = pairing.measure_source_coding(mine, told)
    counted = {row.measure: (row.count, row.n) for row in coding.itertuples(name="Row")}
    names = pairing.measure_source_names(mine, told).set_index("resolution")
    if "all" in names.index:
        counted["speaker"] = tuple(names.loc["all", ["right", "statements"]])
    return _counts(counted)


def _counts(counted: dict[str, tuple[int, int]]) -> Counts:
    sides = (dict(zip(("right", "of"), pair, strict=True)) for pair in counted.values())
    pairs = zip(counted, sides, strict=True)
    return Counter({(measure, side): n for measure, both in pairs for side, n in both.items()})


SAMPLE = "data/sample/gold/README.md"
SETS = (
    GoldSet("sample", SAMPLE, _sample, _count_statements),
    GoldSet("UNER dev", "ner/uner_ewt_dev.iob2.gz", _names, _count_names, STEPS[:1]),
    GoldSet("worldwide dev", "ner/worldwide_dev.jsonl.gz", _names, _count_names, STEPS[:1]),
    GoldSet("PolNeAR dev", "polnear/dev.jsonl.gz", _coded, _count_statements, STEPS[1:2]),
    GoldSet("wide spans dev", "wide/spans_dev.jsonl.gz", _coded, _count_statements, STEPS[1:2]),
    GoldSet("world dev", "world/dev.jsonl", _coded, _count_statements),
    GoldSet("world train", "world/train.jsonl", _coded, _count_statements),
    GoldSet("wide dev", "wide/dev.jsonl.gz", _wide, _count_statements),
    GoldSet("SCU even", "scu_sources/scu_even.jsonl", _told, _count_told),
    GoldSet("wide train", "wide/train.jsonl.gz", _wide, _count_statements),
)


# ------------------------------------------------------------------------------------ the program


class Rerun:
    """The program on one article; what its steps gave with all rules is kept."""

    def __init__(self, gold: GoldSet, coded: GoldArticle):
        self.gold, self.coded = gold, coded
        self.article = Article(coded.text, coded.id, outlet=coded.outlet)
        row = {"article_id": coded.id, "text": coded.text, "outlet": coded.outlet}
        self.articles = pd.DataFrame([row]).assign(path="")
        self.article.reading = replace(decoding.read(self.article), states=None)
        self.kept: Frames = {}
        self.felt: dict[str, set[str]] = {}  # the rules that changed something in each step
        for step in gold.steps:
            with rules.felt() as self.felt[step]:
                self.do(step, self.kept)
        self.counts = gold.count(coded, self.kept)

    def count_without(self, names: Sequence[str]) -> Counts:
        """Count with some rules off; steps in which they changed nothing are not run again."""
        again = {step for step, felt in self.felt.items() if not felt.isdisjoint(names)}
        if not again:
            return self.counts
        frames = dict(self.kept)
        with rules.without(*names):
            for step in self.gold.steps:
                if step in again or step == STEPS[-1]:  # which goes on from the others
                    self.do(step, frames)
        return self.gold.count(self.coded, frames)

    def do(self, step: str, frames: Frames) -> None:
        """Do a step and put what it gives into the frames."""
        self.article.mentions = self.article.attributions = None
        if step == "mentions":
            frames["mentions"] = mentions.find_mentions([self.article])
            frames["names"] = entities.find_entities(frames["mentions"], self.articles)
        elif step == "attributions":
            said = attributions.find_attributions([self.article])
            said["role"] = [self.article.role_at(start) for start in said["start"]]
            aside = said["role"].isin(accuracy.NOT_CODED if self.gold.file == SAMPLE else ())
            frames["read"] = frames["attributions"] = said[~aside].reset_index(drop=True)
        else:
            given = {name: schema.empty(name) for name in ("targets", "problems")}
            given |= {**frames, "articles": self.articles, "attributions": frames["read"]}
            joined = annotation.join_corpus(given, frames["names"], Decided(frames["names"]))
            frames["attributions"] = joined["attributions"]


def _trials(pattern: str) -> list[tuple[str, str, list[str]]]:
    """Return what to turn off: each rule by itself, then all of each module together."""
    for found in pkgutil.iter_modules(annotate.__path__):
        importlib.import_module(f"helpers.annotate.{found.name}")
    modules: dict[str, list[str]] = {}
    for name, module in rules.list_rules().items():
        modules.setdefault(module.rpartition(".")[2], []).append(name)
    trials = [(name, module, [name]) for module, names in modules.items() for name in names]
    trials += [(f"all of {module}", module, names) for module, names in modules.items()]
    return [one for one in trials if any(fnmatch.fnmatch(word, pattern) for word in one[:2])]


def ablate(gold: str, out: Path, pattern: str = "*", sets: Sequence[str] = ()) -> pd.DataFrame:
    """Measure what rules are worth and write it to `out`/ablation.csv; return all it holds.

    One row is one `Worth`. `gold` is the folder of gold corpora, "" to measure on the project's
    sample alone. Rows of an earlier run of the same code are kept.
    """
    file, engine = out / "ablation.csv", engine_version()
    rows = pd.read_csv(file) if file.is_file() else pd.DataFrame(columns=Worth._fields)
    rows = rows[rows["engine"] == engine]
    done = set(zip(rows["rule"], rows["set"], strict=True))
    for one in SETS:
        if (sets and one.name not in sets) or not (gold or one.file == SAMPLE):
            continue
        if not one.find(gold).is_file():
            print(f"{one.name}: left out, there is no {one.find(gold)}", file=sys.stderr)
            continue
        trials = [trial for trial in _trials(pattern) if (trial[0], one.name) not in done]
        read = [Rerun(one, coded) for coded in one.read(one.find(gold))] if trials else []
        base = sum((reader.counts for reader in read), Counter())
        found = []
        for name, module, off in trials:
            counts = sum((reader.count_without(off) for reader in read), Counter())
            for measure in dict.fromkeys(measure for measure, _ in base):
                kept, lost, n = _share(base, measure), _share(counts, measure), base[measure, "of"]
                told = engine, name, module, one.name, measure, kept, lost, kept - lost, n
                found.append(Worth(*told))
        rows = pd.concat([rows, pd.DataFrame(found, columns=Worth._fields)], ignore_index=True)
        tables.write_text(rows.round(3).to_csv(index=False), file)
    return rows


def _share(counts: Counts, measure: str) -> float:
    return 100 * counts[measure, "right"] / max(1, counts[measure, "of"])


def tell(rows: pd.DataFrame) -> str:
    """Return a line a rule: what it is worth on each set and measure that feels it."""
    lines = []
    for (module, rule), own in rows.groupby(["module", "rule"], sort=False):
        felt = own[own["worth"].abs() >= LEAST]
        parts = [f"{row.set} {row.measure} {row.worth:+.2f}" for row in felt.itertuples()]
        lines.append(f"{module}: {rule}: {'; '.join(parts) or 'worth nothing'}")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Turn each rule off in turn; print and write what each is worth."""
    parser = argparse.ArgumentParser(prog="python -m helpers bench --ablate", description=__doc__)
    parser.add_argument("--gold", default=os.environ.get("GOLD", ""), help="folder of gold ($GOLD)")
    parser.add_argument("--out", type=Path, default=WRITTEN / "reports" / "bench")
    parser.add_argument("--rules", default="*", metavar="PATTERN", help="rules, or their module")
    names = [one.name for one in SETS]
    parser.add_argument("--sets", nargs="*", default=(), metavar="SET", choices=names)
    given = parser.parse_args(arguments)
    if not given.gold:
        print(
            "GOLD is not set: the sample alone is measured, which rules were written in sight of."
        )
    print(tell(ablate(given.gold, given.out, given.rules, given.sets)))
    print(f"Written to {given.out / 'ablation.csv'}")
    return 0
