"""How often 95 % intervals hold the truth, where the program errs otherwise in each outlet.

`python -m helpers.bench.coverage` simulates corpora of two outlets over a year, of which the truth
is known, with a program that errs more in one of them, and ever more as the year goes on; coders
code some of its statements. Told are shares, the difference between the outlets and the change a
month, as counted and corrected in both ways.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from helpers.measure import origins
from helpers.measure.shares import resampled_intervals
from helpers.store import schema, tables
from helpers.study.agreement import NOT_ONE
from helpers.study.correction import Sample, fit_all, score_categories
from helpers.study.unitizing import measure_units

KINDS = np.array(["negative", "neutral", "positive"])
SHARES = np.array([[0.5, 0.3, 0.2], [0.35, 0.4, 0.25]])  # of each outlet
DRIFT = np.array([0.012, -0.012, 0.0])  # a month
RIGHT = np.array(
    [
        [[0.95, 0.03, 0.02], [0.15, 0.8, 0.05], [0.1, 0.05, 0.85]],
        [[0.75, 0.2, 0.05], [0.3, 0.65, 0.05], [0.3, 0.1, 0.6]],
    ]
)
WORSE, SPURIOUS, MONTHS, SEED = 0.02, 0.06, 12, 7
WAYS = ("counted", "corrected (DSL)", "tuned (PPI++)")


def simulate(chance: np.random.Generator, coded: int, articles: int = 400) -> tuple:
    """Make one corpus (article_id, outlet, published, tone_label), and its coded sample."""
    outlet = np.arange(articles) % 2
    month = chance.integers(MONTHS, size=articles)
    wanted = SHARES[outlet] + (month - (MONTHS - 1) / 2)[:, None] * DRIFT
    own = chance.gamma(wanted * 8)
    own /= own.sum(axis=1, keepdims=True)
    article = np.repeat(np.arange(articles), 1 + chance.poisson(4, articles))
    true = _draw(chance, own[article])
    found = _draw(chance, RIGHT[outlet[article], true])
    found[(true == 1) & (chance.random(len(article)) < WORSE * month[article])] = 0
    value = np.where(chance.random(len(article)) < SPURIOUS, NOT_ONE, KINDS[true])
    days = pd.to_datetime([f"2025-{number + 1:02}-15" for number in range(MONTHS)])
    rows = pd.DataFrame(
        {
            "article_id": article,
            "outlet": np.array(["A", "B"])[outlet[article]],
            "published": days[month[article]],
            "tone_label": KINDS[found],
        }
    )
    drawn = chance.permutation(len(rows))[:coded]
    sample = {"article_id": article, "found": KINDS[found], "value": value}
    return rows, pd.DataFrame(sample).iloc[drawn].assign(weight=len(rows) / coded)


def _draw(chance: np.random.Generator, parts: np.ndarray) -> np.ndarray:
    return (parts.cumsum(axis=1) > chance.random((len(parts), 1))).argmax(axis=1)


def cover(coded: int, times: int, seed: int = SEED) -> pd.DataFrame:
    """Tell how often intervals hold the truth; one row is one estimand and way.

    Columns: what, way, coded, covered (share of the intervals), width (their mean).
    """
    chance = np.random.default_rng(seed)
    told = [row for _ in range(times) for row in _try(*simulate(chance, coded))]
    found = pd.DataFrame(told, columns=["what", "way", "covered", "width"])
    means = found.groupby(["what", "way"], sort=False).mean().reset_index()
    return means.assign(coded=coded)


def _try(rows: pd.DataFrame, coded: pd.DataFrame) -> Iterator[tuple]:
    sample = Sample(rows, coded, "tone_label")
    first = (sample.articles["outlet"] == "A").to_numpy()
    every = np.ones(len(first), dtype=bool)
    for name, scores in score_categories("tone_label", KINDS).items():
        weights = np.array([scores.get(kind, 0.0) for kind in KINDS])
        share = min(scores.values()) >= 0
        one, other = (fit_all(sample, scores, held) for held in (first, ~first))
        truths = (SHARES @ weights, DRIFT @ weights)
        fits = {
            "share": (fit_all(sample, scores, every), truths[0].mean()),
            "change a month": (fit_all(sample, scores, every, slope=True), truths[1]),
        }
        for what, (each, truth) in fits.items():
            for way, fit in zip(WAYS, each[:3], strict=True):
                _, low, high = fit.reach(share and what == "share")
                yield f"{what}, {name}", way, low <= truth <= high, high - low
        truth = truths[0][0] - truths[0][1]
        for way, a, b in zip(WAYS, one[:3], other[:3], strict=True):
            _, low, high = a.less(b).reach(share=False)
            yield f"difference, {name}", way, low <= truth <= high, high - low


def time_resampling(articles: int = 20_000, statements: int = 200_000) -> dict[str, float]:
    """Return the seconds of processor time that intervals over many statements take.

    One of a mean tone, one of the agreement of two coders on units and values.
    """
    chance = np.random.default_rng(SEED)
    article = np.sort(chance.integers(articles, size=statements))
    start = (np.arange(statements) - np.searchsorted(article, article)) * 100
    value = chance.choice(KINDS, statements)
    first = pd.DataFrame({"article_id": article, "start": start, "end": start + 60, "value": value})
    other = first.assign(start=start + chance.integers(20, size=statements))
    units = pd.concat([first.assign(coder="one"), other.assign(coder="two")], ignore_index=True)
    scope = pd.DataFrame({"article_id": np.arange(articles), "start": 0, "end": 4_000})
    tone = np.bincount(article, chance.normal(size=statements), articles)
    sizes, groups = np.bincount(article, minlength=articles), np.arange(articles) % 4
    steps = {
        "a mean by outlet": lambda: resampled_intervals(tone, sizes, groups, 4),
        "agreement on units": lambda: measure_units(units, scope),
    }
    spent = {}
    for name, step in steps.items():
        began = time.process_time()
        step()
        spent[name] = time.process_time() - began
    return spent


def find_origins(folder: Path) -> pd.DataFrame:
    """Return the stories that same statements tie in the tables of a corpus, with their origins."""
    articles = tables.read_table("articles", folder, light=True)
    return origins.count_stories(origins.read_versions(folder, articles, schema.DEFAULT_ROLES))


def main(arguments: Sequence[str] | None = None) -> int:
    """Simulate and print."""
    parser = argparse.ArgumentParser(prog="python -m helpers.bench.coverage", description=__doc__)
    parser.add_argument("--coded", type=int, nargs="*", default=[50, 100, 200])
    parser.add_argument("--times", type=int, default=1_000, help="corpora simulated (1,000)")
    parser.add_argument("--origins", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.origins:
        print(f"{len(find_origins(given.origins)):,} stories")
        return 0
    for coded in given.coded:
        table = cover(coded, given.times)
        wide = table.pivot_table(index="what", columns="way", values="covered", sort=False)
        print(f"{coded} coded, {given.times:,} corpora\n{wide[list(WAYS)].round(3)}\n", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
