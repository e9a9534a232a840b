"""Training of the head that tells statements from what is nobody's: a logistic regression.

``python -m helpers train statements --gold GOLD.jsonl … --articles TEXTS.jsonl …`` learns from
coded articles: those with `statements` say of the texts marked whether they are one (as the wide
set does), those with `attributions` hold all there are (as the world set does). Each outlet's
articles are also judged by what was learnt from the others: these figures are printed, and set
the threshold.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np

from helpers.annotate import rules, statements
from helpers.annotate.attributions import find_attributions_in
from helpers.model import decoding, encoder, target_model
from helpers.study.corpora import read_lines, read_texts
from helpers.study.pairing import MATCH, overlap_f1
from helpers.text.article import Article
from helpers.train import tuning


@dataclass
class StatementSettings:
    """Everything that decides what a run learns; written into its card."""

    penalty: float = 300.0  # of the squared weights, features of spread one
    lost: float = 0.02  # share of statements that may be taken for none


@dataclass
class Coding:
    """What coders say of one article: spans of statements, of what is none, of the unsure."""

    outlet: str
    stated: list = field(default_factory=list)
    none: list = field(default_factory=list)
    unsure: list = field(default_factory=list)
    whole: bool = False  # all statements of the article are there

    def judge(self, spans: Sequence[Sequence[int]]) -> bool | None:
        """Tell whether the words of some spans are a statement; None where the coders do not."""
        given = [list(span) for span in spans]
        for coded, answer in ((self.stated, True), (self.none, False), (self.unsure, None)):
            if any(overlap_f1(given, one) > MATCH for one in coded):
                return answer
        touched = any(overlap_f1(given, one) > 0 for one in self.stated)
        return False if self.whole and not touched else None


class Laid(NamedTuple):
    """What is learnt from: a row of features a marked text, whether it is none, its outlet."""

    shown: np.ndarray
    none: np.ndarray
    outlet: np.ndarray


def read_codings(files: Iterable[Path], texts: dict[str, str]) -> dict[str, Coding]:
    """Return the coding of each article by its text; several files may code one article."""
    codings: dict[str, Coding] = {}
    for row in (row for file in files for row in read_lines(file)):
        coding = codings.setdefault(texts[row["id"]], Coding(row["outlet"]))
        coding.whole |= "attributions" in row
        for one in row.get("statements") or row["attributions"]:
            answer = one.get("statement", True)
            kept = {True: coding.stated, False: coding.none, None: coding.unsure}[answer]
            kept.append(one["content"])
    return codings


def read_cases(codings: dict[str, Coding]) -> Iterator[Laid]:
    """Yield what the reader marks in each article and the coders judge, as far as they do."""
    for text, coding in codings.items():
        article = Article(text)
        with rules.without("only what is stated"):
            found = find_attributions_in(article)
        answers = [coding.judge(item.content) for item in found]
        judged = [item for item, answer in zip(found, answers, strict=True) if answer is not None]
        states = decoding.read(article).states
        if judged and states is not None:
            none = np.array([not answer for answer in answers if answer is not None])
            shown = statements.read_features(states, judged)
            yield Laid(shown, none, np.repeat(coding.outlet, len(judged)))


def learn(shown: np.ndarray, none: np.ndarray, penalty: float) -> np.ndarray:
    """Return the weights of the features, then the constant, of the likeliest regression.

    The features are brought to mean 0 and spread 1 first; the weights are of them as they were.
    """
    mean, spread = shown.mean(0), shown.std(0) + 1e-3
    evened = np.c_[(shown - mean) / spread, np.ones(len(shown))]
    found = tuning.learn_odds(evened, none, np.r_[np.full(shown.shape[1], penalty), 0.0])
    own = found[:-1] / spread
    return np.r_[own, found[-1] - own @ mean]


def chances(shown: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return of each row the probability of being none."""
    return 1 / (1 + np.exp(-(shown @ weights[:-1] + weights[-1])))


def judge_apart(laid: Laid, penalty: float) -> np.ndarray:
    """Return the probability of each row by what the other outlets taught."""
    found = np.zeros(len(laid.none))
    for apart in tuning.fold(laid.outlet.tolist()):
        weights = learn(laid.shown[~apart], laid.none[~apart], penalty)
        found[apart] = chances(laid.shown[apart], weights)
    return found


def tell(found: np.ndarray, none: np.ndarray, threshold: float) -> dict[str, float]:
    """Return which share of what is none is left out, and which of the statements is lost."""
    out = found > threshold
    shares = {"none left out": out[none].mean(), "statements lost": out[~none].mean()}
    return {name: round(float(share), 3) for name, share in shares.items()}


def main(argv: list[str] | None = None) -> int:
    """Learn the head, print how it does on outlets it did not see, and write it."""
    parser = argparse.ArgumentParser(prog="helpers train statements", description=main.__doc__)
    add, settings = parser.add_argument, StatementSettings()
    add("--gold", nargs="+", type=Path, required=True, help="coded articles, JSON lines")
    add("--articles", nargs="+", type=Path, required=True, help="JSON lines: id, text")
    for name, value in asdict(settings).items():
        add(f"--{name}", type=float, default=value)
    add("--model", type=Path, default=encoder.MODELS / statements.MODEL, help="folder to write")
    given = parser.parse_args(argv)
    settings = StatementSettings(given.penalty, given.lost)
    texts = read_texts(given.articles)
    codings = read_codings(given.gold, texts)
    without = tuning.held_out()
    learnt = {text: one for text, one in codings.items() if one.outlet not in without}
    laid = Laid(*(np.concatenate(column) for column in zip(*read_cases(learnt), strict=True)))
    apart = judge_apart(laid, settings.penalty)
    threshold = round(float(np.quantile(apart[~laid.none], 1 - settings.lost)), 3)
    weights = learn(laid.shown, laid.none, settings.penalty).astype(np.float16)
    figures = {
        "cases": len(laid.none),
        "none": int(laid.none.sum()),
        "held out": tell(apart, laid.none, threshold),
        "fitted": tell(chances(laid.shown, weights.astype(float)), laid.none, threshold),
    }
    given.model.mkdir(parents=True, exist_ok=True)
    np.save(given.model / statements.WEIGHTS, weights)
    card = {
        "sha256": {statements.WEIGHTS: tuning.hash_file(given.model / statements.WEIGHTS)},
        "probe": np.round(target_model.probe(encoder.load_encoder()), 2).tolist(),
        "threshold": threshold,
        "card": tuning.make_card(settings) | figures,
    }
    tuning.write_card(given.model, card)
    print(json.dumps(figures))
    return 0
