"""Training of how sure the coding of each source is: four logistic regressions.

``python -m helpers train doubt --gold GOLD.jsonl … --articles TEXTS.jsonl … --tables DIR …`` learns
from coded articles and the tables that this project builds of them. What found and coded these
sources has learnt from the same articles and is surer there than elsewhere: slope and constant of
each regression are set on articles that nothing learnt from (`--dev`), the other weights on the
rest. Printed are figures of the former, each outlet judged by what the others taught.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from helpers.annotate import doubt
from helpers.store.lexicons import read_lexicon
from helpers.store.paths import LEXICONS
from helpers.store.tables import read_table
from helpers.study.corpora import read_lines, read_texts
from helpers.study.pairing import MATCH, find_closest, same_source
from helpers.train import tuning

PENALTY = 1.0
SURE = 0.9
LEAST = 20
SOURCE = (
    "learnt by `python -m helpers train doubt` from statements coded by language models; "
    "see data/models/README.md"
)


class Case(NamedTuple):
    """One coded statement that was found: what its row shows, and which columns are right.

    A column of which the coders say nothing is None.
    """

    outlet: str
    shown: dict[str, float]
    right: dict[str, bool | None]


def read_cases(files: Iterable[Path], texts: dict[str, str], folder: Path) -> Iterator[Case]:
    """Yield the cases of the coded articles that lie in the tables of a folder."""
    coded = {texts[row["id"]]: row for file in files for row in read_lines(file)}
    articles, said = (read_table(name, folder) for name in ("articles", "attributions"))
    named = tuning.read_mentions(folder)
    gold_of = {row.article_id: coded.get(row.text) for row in articles.itertuples()}
    for article_id, part in said.groupby("article_id"):
        gold = gold_of[article_id]
        if gold is None:
            continue
        rows = part.to_dict("records")
        statements = gold.get("statements") or gold["attributions"]
        contents = [one["content"] for one in statements]
        for row, shown in zip(rows, doubt.describe(rows, named.get(article_id, ())), strict=True):
            place, alike = find_closest(row["spans"], contents)
            if alike > MATCH and statements[place].get("statement", True):
                yield Case(gold["outlet"], shown, tell_right(row, statements[place]))


def tell_right(row: Mapping, coded: Mapping) -> dict[str, bool | None]:
    """Tell of each column whether it is what the coders say, None where they say nothing."""
    right: dict[str, bool | None] = {
        column: None if coded.get(column) is None else row[column] == coded[column]
        for column in doubt.COLUMNS.values()
    }
    speaker, person = coded.get("speaker"), coded.get("source_type") == "named person"
    right["speaker"] = same_source(row["speaker"], speaker, person) if speaker else None
    return right


def lay_out(cases: Iterable[Case], names: list[str]) -> np.ndarray:
    """Return what cases show, a row a case and a column a feature."""
    return np.array([[case.shown.get(name, 0.0) for name in names] for case in cases])


def settle(scores: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return the slope and the constant by which scores become the likeliest log-odds."""
    return tuning.learn_odds(np.c_[scores, np.ones(len(scores))], right, np.zeros(2))


def tell(scores: np.ndarray, right: np.ndarray, outlets: list[str]) -> dict[str, float]:
    """Return how far the chances of some rows hold, settled on the other outlets' rows."""
    chance = np.zeros(len(right))
    for apart in tuning.fold(outlets):
        slope, constant = settle(scores[~apart], right[~apart])
        chance[apart] = 1 / (1 + np.exp(-(slope * scores[apart] + constant)))
    sure, unclear = chance >= SURE, chance < doubt.UNCLEAR
    figures = {
        "right": right.mean(),
        "calibration error": tuning.calibration_error(chance, right),
        f"share at {SURE}": sure.mean(),
        f"right at {SURE}": right[sure].sum() / max(1, sure.sum()),
        "unclear": unclear.mean(),
        "right of unclear": right[unclear].sum() / max(1, unclear.sum()),
    }
    return {name: round(float(value), 3) for name, value in figures.items()}


def main(argv: list[str] | None = None) -> int:
    """Learn the weights, print how far they hold on other outlets, and write them."""
    parser = argparse.ArgumentParser(prog="helpers train doubt", description=main.__doc__)
    add = parser.add_argument
    add("--gold", nargs="+", type=Path, required=True, help="coded articles, JSON lines")
    add("--dev", nargs="+", type=Path, required=True, help="the same, never learnt from")
    add("--articles", nargs="+", type=Path, required=True, help="JSON lines: id, text")
    add("--tables", nargs="+", type=Path, required=True, help="what was built of those articles")
    add("--least", type=int, default=LEAST, help="rows that show a feature, for it to be weighed")
    add("--out", type=Path, default=LEXICONS / f"{doubt.WEIGHTS}.csv", help="file to write")
    given = parser.parse_args(argv)
    texts = read_texts(given.articles)
    learnt, held = (
        [case for folder in given.tables for case in read_cases(files, texts, folder)]
        for files in (given.gold, given.dev)
    )
    kept_out = tuning.held_out()
    learnt = [case for case in learnt if case.outlet not in kept_out]
    seen = pd.Series(list(chain.from_iterable(case.shown for case in learnt))).value_counts()
    names, rows = sorted(seen.index[seen >= given.least]), []
    for column, told in doubt.COLUMNS.items():
        taught, kept = ([c for c in cases if c.right[told] is not None] for cases in (learnt, held))
        right, held_right = (
            np.array([case.right[told] for case in cases], dtype=bool) for cases in (taught, kept)
        )
        price = np.full(len(names), PENALTY)
        weights = tuning.learn_odds(lay_out(taught, names), right, price)
        scores = lay_out(kept, names) @ weights
        slope, constant = settle(scores, held_right)
        weights = slope * weights + constant * (np.array(names) == doubt.CONSTANT)
        rows += [(column, *pair, SOURCE) for pair in zip(names, weights.round(3), strict=True)]
        figures = tell(scores, held_right, [case.outlet for case in kept])
        print(json.dumps({column: figures}))
    table = pd.DataFrame(rows, columns=read_lexicon(doubt.WEIGHTS).columns)
    table.to_csv(given.out, index=False, lineterminator="\n")
    return 0
