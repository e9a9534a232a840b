"""Intervals: their ends on known cases, their coverage in simulation, their speed."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest import approx

from helpers.measure import attitudes, shares


def test_a_difference_takes_newcombes_interval():
    """Newcombe 1998, table II, method 10: 56 of 70 less 48 of 80 is 0.2000, 0.0524 to 0.3339."""
    sides = [(hits / n, *shares.wilson_interval(hits, n)) for hits, n in ((56, 70), (48, 80))]
    low, high = shares.difference_interval(*sides)
    assert (float(low), float(high)) == (approx(0.0524, abs=5e-5), approx(0.3339, abs=5e-5))


def test_groups_resampled_together_are_as_if_alone():
    chance = np.random.default_rng(7)
    groups = chance.integers(0, 40, 3_000)
    sums, sizes = chance.normal(0, 1, 3_000), np.ones(3_000)
    low, high = shares.resampled_intervals(sums, sizes, groups, 41)
    for group in (0, 13, 39):
        mine = groups == group
        alone = shares.resampled_intervals(sums[mine], sizes[mine], np.zeros(mine.sum()), 1)
        assert (low[group], high[group]) == approx(np.ravel(alone))
    assert np.isnan([low[40], high[40]]).all()


groups_of_articles = st.lists(
    st.tuples(st.integers(0, 5), st.floats(-1, 1), st.integers(1, 9)), max_size=60
)


@given(groups_of_articles)
def test_means_lie_inside_and_order_does_not_matter(rows):
    groups = np.array([row[0] for row in rows], dtype=int)
    sizes = np.array([row[2] for row in rows], dtype=float)
    sums = np.array([row[1] for row in rows]) * sizes
    low, high = shares.resampled_intervals(sums, sizes, groups, 6)
    for group in range(6):
        mine = groups == group
        if mine.sum() < 2:
            assert np.isnan(low[group])
        else:
            mean = sums[mine].sum() / sizes[mine].sum()
            assert low[group] <= mean + 1e-12 and mean <= high[group] + 1e-12


# ------------------------------------------------------------------------------------- coverage


def clustered_rows(chance, articles: int, share: float, spread: float) -> pd.DataFrame:
    """Attributions of articles whose own shares vary around `share` (beta distributed)."""
    own = chance.beta(share * spread, (1 - share) * spread, articles)
    sizes = 1 + chance.poisson(5, articles)
    article = np.repeat(np.arange(articles), sizes)
    named = np.where(chance.random(len(article)) < own[article], "named", "unnamed")
    return pd.DataFrame({"article_id": article, "naming": named})


@pytest.mark.parametrize(("articles", "share"), [(60, 0.3), (200, 0.1)])
def test_shares_of_clustered_rows_are_covered_in_95_of_100(articles, share):
    """Each article's number of rows is independent of its share: the truth is `share`."""
    chance = np.random.default_rng(8)
    covered = []
    for _ in range(130):
        rows = clustered_rows(chance, articles, share, spread=4)
        row = shares.measure_shares(rows, "naming").set_index("naming").loc["named"]
        covered.append(row["low"] <= share <= row["high"])
    assert 0.92 <= np.mean(covered) <= 0.98


def test_means_of_clustered_rows_are_covered_in_95_of_100():
    chance = np.random.default_rng(9)
    groups, articles = 1_500, 25
    sizes = 1.0 + chance.poisson(2, (groups, articles))
    own = chance.normal(0.1, 0.3, (groups, articles))
    sums = sizes * own + np.sqrt(sizes) * chance.normal(0, 0.3, (groups, articles))
    code = np.repeat(np.arange(groups), articles)
    low, high = shares.resampled_intervals(sums.ravel(), sizes.ravel(), code, groups)
    assert 0.92 <= np.mean((low <= 0.1) & (high >= 0.1)) <= 0.98


# ---------------------------------------------------------------------------------------- speed


def spent_on(statements: int) -> float:
    """CPU seconds for the tones of many speakers, their articles resampled 2,000 times."""
    chance = np.random.default_rng(1)
    rows = pd.DataFrame(
        {
            "article_id": chance.integers(0, statements // 3, statements),
            "speaker": chance.zipf(1.4, statements) % (statements // 10),
            "tone": chance.normal(0, 0.4, statements).clip(-1, 1),
            "tone_label": "neutral",
        }
    )
    began = time.process_time()
    assert attitudes.measure_tone(rows)["low"].notna().any()
    return time.process_time() - began


def test_four_times_as_many_statements_take_not_much_longer_to_resample():
    """Speakers with as many articles share their draws: the work grows slower than the rows."""
    assert spent_on(100_000) < 6 * max(spent_on(25_000), 0.05)


def test_small_shares_are_told_apart_and_never_rounded_to_nothing_or_all():
    told = [shares.percent(share, 1) for share in (0, 0.0004, 0.0123, 0.9996, 1)]
    assert told == ["0.0%", "<0.1%", "1.2%", ">99.9%", "100.0%"]
    assert [shares.percent(share) for share in (0.004, 0.25, 0.996)] == ["<1%", "25%", ">99%"]


def test_what_is_hardly_known_is_not_drawn():
    few = pd.DataFrame({"kind": ["a", "unknown"], "share": [0.05, 0.95]})
    assert shares.hardly_known(few, "kind")
    assert not shares.hardly_known(few.assign(share=[0.5, 0.5]), "kind")
    assert not shares.hardly_known(few.assign(kind=["a", "b"]), "kind")
