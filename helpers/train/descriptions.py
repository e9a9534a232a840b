"""Training of the weights by which a description takes up a name: a conditional logit.

``python -m helpers train descriptions --gold GOLD.jsonl … --articles TEXTS.jsonl … --tables DIR …``
learns from coded articles (as the world and the wide set are) and from the tables that this project
builds of them, so that mentions and statements are those it will meet. Each outlet's articles are
also weighed by what was learnt from the other outlets: that share is printed beside the fitted one.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, compress
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.optimize import minimize

from helpers.annotate import speakers
from helpers.annotate.descriptions import Features
from helpers.store.paths import LEXICONS
from helpers.store.tables import read_table
from helpers.study.corpora import read_lines, read_texts
from helpers.study.pairing import MATCH, overlap_f1, same_source
from helpers.text.article import Article
from helpers.train import tuning

PENALTY = 1.5  # of the squared weights
SOURCE = (
    "learnt by `python -m helpers train descriptions` from statements coded by language models; "
    "see data/models/README.md"
)


class Case(NamedTuple):
    """One description of a coded statement: what each choice shows, and which are right.

    The last choice is nobody of a name.
    """

    outlet: str
    choices: list[Features]
    right: list[bool]


def read_cases(files: Iterable[Path], texts: dict[str, str], folder: Path) -> Iterator[Case]:
    """Yield the cases of the coded articles that lie in the tables of a folder."""
    coded = {texts[row["id"]]: row for file in files for row in read_lines(file)}
    names = ("articles", "attributions", "entities")
    articles, said, entities = (read_table(name, folder) for name in names)
    canonical = dict(zip(entities["entity_id"], entities["entity"], strict=True))
    named = tuning.read_mentions(folder)
    for article_id, rows in said.groupby("article_id"):
        one = articles.loc[articles["article_id"] == article_id].iloc[0]
        gold = coded.get(one["text"])
        if gold is None:
            continue
        article = Article(one["text"], article_id, one["markup"], one["outlet"])
        there = named.get(article_id, ())
        given = [rows[column].tolist() for column in speakers.ROW_COLUMNS]
        for asked, choice in speakers.weigh_descriptions(article, given, there, canonical):
            statement = _coded(asked.own, gold.get("statements") or gold["attributions"])
            if statement is None:
                continue
            name = statement["speaker"]
            right = [
                name[0].isupper() and same_source(referent.speaker, name, referent.kind == "person")
                for referent, _ in choice.candidates
            ]
            shown = [features for _, features in choice.candidates]
            yield Case(gold["outlet"], [*shown, choice.nobody], [*right, not any(right)])


def _coded(own: Sequence[Sequence[int]], statements: list[dict]) -> dict | None:
    """Return the coded statement whose content is about these words."""
    given = [list(span) for span in own]
    alike = (one for one in statements if overlap_f1(given, one["content"]) > MATCH)
    return next((one for one in alike if one.get("statement", True) and one.get("speaker")), None)


class Laid(NamedTuple):
    """Cases as arrays: a row a choice, with the number of its case and whether it is right."""

    shown: np.ndarray
    case: np.ndarray
    right: np.ndarray


def lay_out(cases: Sequence[Case], names: Sequence[str]) -> Laid:
    """Return cases as arrays, a column a feature."""
    choices = [features for case in cases for features in case.choices]
    shown = np.array([[features.get(name, 0.0) for name in names] for features in choices])
    number = np.repeat(np.arange(len(cases)), [len(case.choices) for case in cases])
    return Laid(shown, number, np.array([one for case in cases for one in case.right]))


def learn(laid: Laid) -> np.ndarray:
    """Return the weights under which the right choices are likeliest, the penalty counted."""
    number = laid.case[-1] + 1

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        scores = laid.shown @ weights
        highest = np.full(number, -np.inf)
        np.maximum.at(highest, laid.case, scores)
        odds = np.exp(scores - highest[laid.case])
        every = np.bincount(laid.case, odds, number)
        right = np.bincount(laid.case, odds * laid.right, number)
        pull = odds / every[laid.case] - odds * laid.right / right[laid.case]
        unlikely = -np.log(right / every).sum() + PENALTY * weights @ weights
        return unlikely, laid.shown.T @ pull + 2 * PENALTY * weights

    start = np.zeros(laid.shown.shape[1])
    return minimize(loss, start, jac=True, method="L-BFGS-B").x


def count_right(laid: Laid, weights: np.ndarray) -> int:
    """Return for how many cases the highest choice is right."""
    order = np.lexsort((-(laid.shown @ weights), laid.case))
    first = np.r_[True, np.diff(laid.case[order]) > 0]
    return int(laid.right[order][first].sum())


def main(argv: list[str] | None = None) -> int:
    """Learn the weights and write them into the word lists."""
    parser = argparse.ArgumentParser(prog="helpers train descriptions", description=main.__doc__)
    add = parser.add_argument
    add("--gold", nargs="+", type=Path, required=True, help="coded articles, JSON lines")
    add("--articles", nargs="+", type=Path, required=True, help="JSON lines: id, text")
    add("--tables", nargs="+", type=Path, required=True, help="what was built of those articles")
    add("--without", type=Path, help="list of outlets that are not learnt from, column `outlet`")
    add("--out", type=Path, default=LEXICONS / "description_weights.csv", help="file to write")
    given = parser.parse_args(argv)
    texts = read_texts(given.articles)
    without = set(pd.read_csv(given.without)["outlet"]) if given.without else set()
    found = (read_cases(given.gold, texts, folder) for folder in given.tables)
    cases = [case for case in chain.from_iterable(found) if case.outlet not in without]
    names = sorted({name for case in cases for features in case.choices for name in features})
    held = 0
    for kept_out in tuning.fold([case.outlet for case in cases]):
        apart, rest = (list(compress(cases, some)) for some in (kept_out, ~kept_out))
        held += count_right(lay_out(apart, names), learn(lay_out(rest, names)))
    laid = lay_out(cases, names)
    weights = learn(laid)
    table = pd.DataFrame({"feature": names, "weight": weights.round(3), "source": SOURCE})
    table.to_csv(given.out, index=False, lineterminator="\n")
    fitted = count_right(laid, weights)
    print(json.dumps({"cases": len(cases), "right, fitted": fitted, "right, held out": held}))
    return 0
