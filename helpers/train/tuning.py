"""Setting what is trained on held-out data: scores, calibration, threshold, and the card.

The measures are those of the public PolNeAR scorers in outline: tokens are runs of word
characters, an attribution is found when its content overlaps a gold one by F1 above one half and
its source agrees.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import minimize

from helpers.model import decoding, encoder
from helpers.store.paths import MODELS, fingerprint
from helpers.store.schema import POLARITIES
from helpers.store.tables import read_table
from helpers.study.pairing import Words, pair_contents

NOISE = 0.0075
FOLDS = 8
COVERAGE = 0.7
KEPT_SHARES = (0.98, 0.95, 0.92, 0.9, 0.85, 0.8)
PROBABILITIES = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9)
Sections = list[tuple[encoder.Words, encoder.Scores]]


def held_out() -> frozenset[str]:
    """Return the outlets no training may learn from, see ``data/models/held_out.csv``."""
    return frozenset(pd.read_csv(MODELS / "held_out.csv")["outlet"])


def read_mentions(folder: Path) -> dict[str, list[tuple]]:
    """Return the mentions of each article of some tables: start, end, text, label, entity_id."""
    columns = ["start", "end", "text", "label", "entity_id"]
    groups = read_table("mentions", folder).groupby("article_id")
    return {key: [*part[columns].itertuples(index=False, name=None)] for key, part in groups}


def fold(outlets: Sequence[str]) -> Iterator[np.ndarray]:
    """Yield which rows are kept out in each of FOLDS parts, an outlet's always together."""
    names = sorted(set(outlets))
    for number in range(min(FOLDS, len(names))):
        yield np.isin(outlets, names[number::FOLDS])


def learn_odds(shown: np.ndarray, right: np.ndarray, penalty: np.ndarray) -> np.ndarray:
    """Return the weights of the likeliest logistic regression, each squared weight with a price."""
    sign = np.where(right, 1.0, -1.0)

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        margin = sign * (shown @ weights)
        slope = shown.T @ (-sign / (1 + np.exp(np.minimum(margin, 500))))
        unlikely = np.logaddexp(0, -margin).sum() + penalty @ weights**2
        return unlikely, slope + 2 * penalty * weights

    return minimize(loss, np.zeros(shown.shape[1]), jac=True, method="L-BFGS-B").x


def find(text: str, sections: Sections, settings: decoding.Settings) -> list[dict]:
    """Return an article's attributions as character spans, with features and confidence."""
    rows = []
    for words, scores in sections:
        for found in decoding.find_attributions(text, words, scores, settings):
            rows.append(
                {
                    "content": [decoding.to_characters(words, span) for span in found.content],
                    "cue": [decoding.to_characters(words, found.cue)] if found.cue else [],
                    "source": [decoding.to_characters(words, found.source)] if found.source else [],
                    "features": found.features,
                    "confidence": found.confidence,
                    "rule": found.rule,
                }
            )
    return rows


def correct(text: str, gold: Sequence[dict], predicted: Sequence[dict]) -> np.ndarray:
    """Say of each predicted attribution whether its content is found and its source agrees."""
    words = Words(text)
    sides = [
        [
            {role: words.covered(row.get(role) or []) for role in ("content", "source")}
            for row in rows
        ]
        for rows in (gold, predicted)
    ]
    right = np.zeros(len(predicted), bool)
    for _, number, agrees in pair_contents(words, *sides):
        right[number] = agrees
    return right


def fit_logistic(features: np.ndarray, right: np.ndarray, penalty: float = 3.0) -> np.ndarray:
    """Return the weights of a penalised logistic regression (Newton's method); column 0 is 1."""
    mean, spread = features.mean(0), features.std(0) + 1e-6
    mean[0], spread[0] = 0, 1
    scaled = (features - mean) / spread
    ridge = np.full(features.shape[1], penalty)
    ridge[0] = 1e-6
    weights = np.zeros(features.shape[1])
    for _ in range(50):
        chance = 1 / (1 + np.exp(-scaled @ weights))
        gradient = scaled.T @ (chance - right) + ridge * weights
        curvature = (scaled * (chance * (1 - chance))[:, None]).T @ scaled + np.diag(ridge)
        step = np.linalg.solve(curvature, gradient)
        weights -= step
        if np.abs(step).max() < 1e-8:
            break
    weights = weights / spread
    weights[0] -= (weights[1:] * mean[1:]).sum()
    return weights


def calibration_error(chance: np.ndarray, right: np.ndarray, bins: int = 10) -> float:
    """Return the expected calibration error: mean gap of confidence and accuracy over bins."""
    number = np.minimum((chance * bins).astype(int), bins - 1)
    return float(
        sum(
            (number == b).mean() * abs(chance[number == b].mean() - right[number == b].mean())
            for b in np.unique(number)
        )
    )


def f1(right: int, predicted: int, gold: int) -> float:
    """Harmonic mean of precision and recall."""
    return 2 * right / (predicted + gold) if predicted + gold else 0.0


def scan_thresholds(
    articles: list[dict], found: list[list[dict]], chances: list[np.ndarray]
) -> dict[float, float]:
    """Return the F1 of keeping what is at least so sure, for each threshold."""
    gold = sum(len(article["attributions"]) for article in articles)
    scores = {}
    for threshold in (0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5):
        right = kept = 0
        for article, rows, chance in zip(articles, found, chances, strict=True):
            rows = [row for row, c in zip(rows, chance, strict=True) if c >= threshold]
            right += int(correct(article["text"], article["attributions"], rows).sum())
            kept += len(rows)
        scores[threshold] = f1(right, kept, gold)
    return scores


def calibrate(articles: list[dict], found: list[list[dict]], folds: int = 6) -> dict:
    """Fit confidence on all articles; the F1 and error reported are cross-validated by article.

    The threshold is the lowest within ``NOISE`` of the best F1: among equals, miss less.
    """
    right = [
        correct(article["text"], article["attributions"], rows).astype(float)
        for article, rows in zip(articles, found, strict=True)
    ]
    features = [
        np.array([row["features"] for row in rows]).reshape(len(rows), len(decoding.FEATURES))
        for rows in found
    ]
    ruled = [np.array([row["rule"] != "model" for row in rows], bool) for rows in found]
    fixed = [np.array([row["confidence"] for row in rows]) for rows in found]

    def fit(numbers: list[int]) -> np.ndarray:
        return fit_logistic(
            np.concatenate([features[n][~ruled[n]] for n in numbers]),
            np.concatenate([right[n][~ruled[n]] for n in numbers]),
        )

    chances: list[np.ndarray] = [np.zeros(0)] * len(articles)
    for fold in range(folds):
        weights = fit([n for n in range(len(articles)) if n % folds != fold])
        for n in range(fold, len(articles), folds):
            chances[n] = np.where(ruled[n], fixed[n], 1 / (1 + np.exp(-features[n] @ weights)))
    scores = scan_thresholds(articles, found, chances)
    best = max(scores.values())
    threshold = min(key for key, score in scores.items() if score >= best - NOISE)
    return {
        "threshold": threshold,
        "weights": [round(float(weight), 5) for weight in fit(list(range(len(articles))))],
        "f1": {str(key): round(score, 4) for key, score in scores.items()},
        "cross_validated_f1": round(scores[threshold], 4),
        "calibration_error": round(
            calibration_error(np.concatenate(chances), np.concatenate(right)), 4
        ),
    }


# ------------------------------------------------------------------------------------------ tone


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities over the last axis."""
    raised = np.exp(logits - logits.max(-1, keepdims=True))
    return raised / raised.sum(-1, keepdims=True)


def macro_f1(gold: np.ndarray, found: np.ndarray) -> float:
    """Return the mean F1 of the three polarities."""
    scores = []
    for polarity in range(len(POLARITIES)):
        right = np.sum((gold == polarity) & (found == polarity))
        scores.append(2 * right / max(np.sum(gold == polarity) + np.sum(found == polarity), 1))
    return float(np.mean(scores))


def measure(logits: np.ndarray, gold: np.ndarray) -> dict[str, float]:
    """Return macro-F1 over all and over the 70 % surest targets, accuracy, calibration error."""
    shares = softmax(logits)
    found = shares.argmax(1)
    surest = np.argsort(-shares.max(1), kind="stable")[: round(COVERAGE * len(gold))]
    scores = {
        "macro_f1": macro_f1(gold, found),
        "macro_f1_at_70": macro_f1(gold[surest], found[surest]),
        "accuracy": float(np.mean(found == gold)),
        "calibration_error": calibration_error(shares.max(1), found == gold),
    }
    return {name: round(score, 4) for name, score in scores.items()}


def measure_coverage(shares: np.ndarray, gold: np.ndarray) -> list[list[float]]:
    """Return rows of probability asked for, part judged so surely, accuracy and macro-F1 there."""
    best, found = shares.max(1), shares.argmax(1)
    rows = []
    for asked in PROBABILITIES:
        sure = best >= asked
        if sure.any():
            scores = np.mean(found[sure] == gold[sure]), macro_f1(gold[sure], found[sure])
            rows.append([asked, *(round(float(part), 3) for part in (sure.mean(), *scores))])
    return rows


def measure_mentioned(shares: np.ndarray, target: np.ndarray) -> list[list[float]]:
    """Return rows of threshold, part of the targets kept, part of those kept that are none."""
    rows = []
    for threshold in np.quantile(shares[target], KEPT_SHARES):
        kept = shares <= threshold
        parts = threshold, kept[target].mean(), np.mean(~target[kept])
        rows.append([round(float(part), 3) for part in parts])
    return rows


def fit_temperature(logits: np.ndarray, gold: np.ndarray) -> float:
    """Return the divisor of the logits of least log loss, between a quarter and four.

    Temperature scaling: Guo, Pleiss, Sun and Weinberger 2017, "On calibration of modern neural
    networks", ICML. Additions to each polarity
    do not help: those that fit sentences with one target are wrong for those with several.
    """
    tried = np.exp(np.linspace(-np.log(4), np.log(4), 1001))
    right = np.arange(len(gold)), gold
    losses = [-np.mean(np.log(softmax(logits / one)[right])) for one in tried]
    return round(float(tried[np.argmin(losses)]), 4)


def cross_calibrated(logits: np.ndarray, gold: np.ndarray, folds: int = 5) -> np.ndarray:
    """Return the logits calibrated on the other folds, for figures that do not flatter."""
    fold = np.random.default_rng(0).permutation(len(gold)) % folds
    result = np.zeros_like(logits)
    for number in range(folds):
        result[fold == number] = logits[fold == number] / fit_temperature(
            logits[fold != number], gold[fold != number]
        )
    return result


# ---------------------------------------------------------------------------------------- cards


def hash_file(path: Path) -> str:
    """Return the sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_card(folder: Path, settings: dict) -> None:
    """Write what seals a model: its hashes, its settings, its card, and the hash of these."""
    text = json.dumps(settings | {"sealed": fingerprint(settings)}, indent=1) + "\n"
    (folder / "model.json").write_text(text, encoding="utf-8")


def make_card(settings: Any) -> dict:
    """Return a model's card: the settings it was trained with, and the day."""
    return {"settings": asdict(settings), "trained": time.strftime("%Y-%m-%d")}
