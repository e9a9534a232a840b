"""Intervals: their ends on known cases, their coverage in simulation, their speed."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pytest import approx

from helpers.measure import intervals, measures


def test_a_difference_takes_newcombes_interval():
    """Newcombe 1998, table II, method 10: 56 of 70 less 48 of 80 is 0.2000, 0.0524 to 0.3339."""
    sides = [(hits / n, *intervals.wilson_interval(hits, n)) for hits, n in ((56, 70), (48, 80))]
    low, high = intervals.difference_interval(*sides)
    assert (float(low), float(high)) == (approx(0.0524, abs=5e-5), approx(0.3339, abs=5e-5))


def test_a_stricter_level_is_wider():
    assert intervals.wilson_interval(3, 10, 0.99)[0] < intervals.wilson_interval(3, 10)[0]
    strict, usual = (intervals.clustered_interval(0.3, 30, 20, level) for level in (0.99, 0.95))
    assert strict[0] < usual[0] and usual[1] < strict[1]


def test_groups_resampled_together_are_as_if_alone():
    chance = np.random.default_rng(7)
    groups = chance.integers(0, 40, 3_000)
    sums, sizes = chance.normal(0, 1, 3_000), np.ones(3_000)
    low, high = intervals.resampled_intervals(sums, sizes, groups, 41)
    for group in (0, 13, 39):
        alone = intervals.resampled_interval(sums[groups == group], sizes[groups == group])
        assert (low[group], high[group]) == approx(alone)
    assert np.isnan([low[40], high[40]]).all()


groups_of_articles = st.lists(
    st.tuples(st.integers(0, 5), st.floats(-1, 1), st.integers(1, 9)), max_size=60
)


@settings(deadline=None, max_examples=60)
@given(groups_of_articles)
def test_means_lie_inside_and_order_does_not_matter(rows):
    groups = np.array([row[0] for row in rows], dtype=int)
    sizes = np.array([row[2] for row in rows], dtype=float)
    sums = np.array([row[1] for row in rows]) * sizes
    low, high = intervals.resampled_intervals(sums, sizes, groups, 6)
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
        row = measures.measure_shares(rows, "naming").set_index("naming").loc["named"]
        covered.append(row["low"] <= share <= row["high"])
    assert 0.92 <= np.mean(covered) <= 0.98


def test_means_of_clustered_rows_are_covered_in_95_of_100():
    chance = np.random.default_rng(9)
    groups, articles = 1_500, 25
    sizes = 1.0 + chance.poisson(2, (groups, articles))
    own = chance.normal(0.1, 0.3, (groups, articles))
    sums = sizes * own + np.sqrt(sizes) * chance.normal(0, 0.3, (groups, articles))
    code = np.repeat(np.arange(groups), articles)
    low, high = intervals.resampled_intervals(sums.ravel(), sizes.ravel(), code, groups)
    assert 0.92 <= np.mean((low <= 0.1) & (high >= 0.1)) <= 0.98


def test_differences_of_outlets_are_covered_in_95_of_100():
    chance = np.random.default_rng(10)
    covered = []
    for _ in range(75):
        one = clustered_rows(chance, 60, 0.35, 4).assign(outlet="Courier")
        other = clustered_rows(chance, 90, 0.25, 4).assign(outlet="Clarion")
        other["article_id"] += 1_000
        found = measures.measure_differences(pd.concat([one, other]), "naming", "outlet")
        row = found.query("outlet == 'Courier' and naming == 'named'").iloc[0]
        covered.append(row["low"] <= 0.1 <= row["high"])
    assert 0.92 <= np.mean(covered) <= 0.98


# ---------------------------------------------------------------------------------- differences


def test_a_difference_is_ours_less_theirs():
    rows = pd.DataFrame(
        {
            "article_id": np.arange(160) // 2,
            "outlet": np.repeat(["A", "B"], 80),
            "form": np.repeat(["direct", "indirect", "direct", "indirect"], [60, 20, 20, 60]),
        }
    )
    found = measures.measure_differences(rows, "form", "outlet").set_index(["outlet", "form"])
    assert found.loc[("A", "direct"), "difference"] == approx(0.75 - 0.25)
    assert found.loc[("B", "direct"), "difference"] == approx(0.25 - 0.75)
    assert (found["tests"] == 4).all()
    assert found.loc[("A", "direct"), "low"] > 0 and found.loc[("A", "direct"), "clear"]


def test_where_there_is_too_little_nothing_is_compared():
    rows = pd.DataFrame({"article_id": range(12), "outlet": ["A"] * 10 + ["B"] * 2, "form": "x"})
    found = measures.measure_differences(rows, "form", "outlet", minimum=5)
    assert found["difference"].isna().all() and not found["clear"].any()
    assert measures.measure_differences(rows.head(0), "form", "outlet").empty
    assert "Nothing is compared" in measures.note_comparisons(found.head(0))


def test_chance_alone_makes_few_differences_clear():
    """Without any difference, one comparison in twenty misses zero; "clear" hardly ever does."""
    chance = np.random.default_rng(11)
    missed, clear = [], []
    for _ in range(25):
        rows = clustered_rows(chance, 80, 0.3, 4)
        outlets = chance.choice(["A", "B", "C", "D"], 80)
        found = measures.measure_differences(
            rows.assign(outlet=outlets[rows["article_id"]]), "naming", "outlet"
        )
        missed += [(found["low"] > 0) | (found["high"] < 0)]
        clear += [found["clear"].any()]
    assert 0 < np.mean(missed) < 0.09 and np.mean(clear) < 0.1
    assert "Bonferroni" in measures.note_comparisons(found)


# ---------------------------------------------------------------------------------------- speed


def test_2000_resamples_of_200_000_attributions_take_less_than_5_cpu_seconds():
    chance = np.random.default_rng(1)
    speaker = chance.zipf(1.4, 200_000) % 20_000
    rows = pd.DataFrame(
        {
            "article_id": chance.integers(0, 60_000, 200_000),
            "speaker": speaker,
            "tone": chance.normal(0, 0.4, 200_000).clip(-1, 1),
            "tone_label": "neutral",
        }
    )
    began = time.process_time()
    tones = measures.measure_tone(rows)
    spent = time.process_time() - began
    print(f"\n{len(tones):,} speakers: {spent:.1f} CPU s")
    assert tones["low"].notna().sum() > 2_500 and spent < 5
