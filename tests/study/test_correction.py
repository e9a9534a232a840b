"""Corrected shares: nearer the truth than uncorrected ones, and covered, in simulation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pytest import approx

from helpers.study import agreement

KINDS = np.array(["named person", "unnamed group", "document"])
TRUTH = np.array([0.55, 0.3, 0.15])
MISTAKES = np.array([[0.9, 0.07, 0.03], [0.45, 0.5, 0.05], [0.4, 0.1, 0.5]])
SPURIOUS = 0.08


def simulate(chance, articles=150, checked=150, stratified=False):
    """A corpus with the tool's and the true category of each row, and a coded sample of it."""
    sizes = 1 + chance.poisson(4, articles)
    article = np.repeat(np.arange(articles), sizes)
    own = chance.dirichlet(TRUTH * 8, articles)[article]
    true = (own.cumsum(1) > chance.random((len(article), 1))).argmax(1)
    found = (MISTAKES.cumsum(1)[true] > chance.random((len(article), 1))).argmax(1)
    value = np.where(chance.random(len(article)) < SPURIOUS, agreement.NOT_ONE, KINDS[true])
    rows = pd.DataFrame({"article_id": article, "kind": KINDS[found], "value": value})
    if stratified:
        drawn = rows.groupby("kind", group_keys=False).sample(checked // 3, random_state=1)
        weight = rows["kind"].map(rows["kind"].value_counts() / (checked // 3))
    else:
        drawn, weight = rows.sample(checked, random_state=1), pd.Series(1.0, index=rows.index)
    coded = drawn.assign(found=drawn["kind"], weight=weight.loc[drawn.index])
    return rows[["article_id", "kind"]], coded[["article_id", "found", "value", "weight"]]


@pytest.mark.parametrize("stratified", [False, True])
def test_corrected_shares_are_nearer_the_truth_and_covered(stratified):
    chance = np.random.default_rng(11)
    off, corrected_off, covered = [], [], []
    for _ in range(120):
        found = agreement.measure_corrected(*simulate(chance, stratified=stratified), "kind")
        found = found.set_index("kind").loc[KINDS]
        off.append((found["share"] - TRUTH).abs())
        corrected_off.append((found["corrected"] - TRUTH).abs())
        covered.append(
            (found["corrected_low"] <= TRUTH).to_numpy()
            & (found["corrected_high"] >= TRUTH).to_numpy()
        )
    print(f"off by {np.mean(off):.3f}, corrected {np.mean(corrected_off):.3f}", np.mean(covered))
    assert np.mean(corrected_off) < 0.6 * np.mean(off)
    assert 0.92 <= np.mean(covered) <= 0.98


def coded(*rows):
    return pd.DataFrame(rows, columns=["article_id", "found", "value"])


CORPUS = pd.DataFrame({"article_id": range(10), "kind": ["x"] * 6 + ["y"] * 4})


def test_a_right_tool_is_left_as_it_is():
    sample = coded(*[(n, kind, kind) for n, kind in CORPUS.itertuples(index=False)])
    found = agreement.measure_corrected(CORPUS, sample, "kind").set_index("kind")
    assert found["corrected"].to_dict() == approx({"x": 0.6, "y": 0.4})
    assert (found["corrected_low"] < found["corrected"]).all()
    assert (found["corrected"] < found["corrected_high"]).all()


def test_mistakes_are_moved_to_where_they_belong():
    sample = coded((0, "x", "x"), (1, "x", "y"), (7, "y", "y"), (8, "y", "y"))
    found = agreement.measure_corrected(CORPUS, sample, "kind").set_index("kind")
    assert found["corrected"].to_dict() == approx({"x": 0.3, "y": 0.7})
    assert found["share"].to_dict() == approx({"x": 0.6, "y": 0.4})


def test_what_is_no_statement_leaves_the_denominator():
    sample = coded((0, "x", agreement.NOT_ONE), (1, "x", "x"), (7, "y", "y"))
    found = agreement.measure_corrected(CORPUS, sample, "kind").set_index("kind")
    assert found["corrected"].to_dict() == approx({"x": 3 / 7, "y": 4 / 7})
    assert agreement.NOT_ONE not in found.index


def test_categories_that_nobody_checked_are_told():
    found = agreement.measure_corrected(CORPUS, coded((0, "x", "x"), (1, "x", "z")), "kind")
    assert found["unchecked"].tolist() == approx([0.4] * 3)
    assert found.set_index("kind").loc["z", "corrected"] == approx(0.3)
    assert found.set_index("kind").loc["z", "share"] == 0


def test_without_a_coded_unit_there_is_nothing_to_correct():
    nothing = coded().astype({"found": "str", "value": "str"})
    found = agreement.measure_corrected(CORPUS, nothing, "kind")
    assert found["corrected"].isna().all() and found["share"].sum() == 1
    assert agreement.measure_corrected(CORPUS.head(0), nothing, "kind").empty
