"""Corrected shares: nearer the truth than uncorrected ones, and covered, in simulation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pytest import approx

from helpers.bench import coverage
from helpers.study import agreement, correction

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
        found = correction.measure_corrected(*simulate(chance, stratified=stratified), "kind")
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
    found = correction.measure_corrected(CORPUS, sample, "kind").set_index("kind")
    assert found["corrected"].to_dict() == approx({"x": 0.6, "y": 0.4})
    assert (found["corrected_low"] < found["corrected"]).all()
    assert (found["corrected"] < found["corrected_high"]).all()


def test_mistakes_are_moved_to_where_they_belong():
    sample = coded((0, "x", "x"), (1, "x", "y"), (7, "y", "y"), (8, "y", "y"))
    found = correction.measure_corrected(CORPUS, sample, "kind").set_index("kind")
    assert found["corrected"].to_dict() == approx({"x": 0.3, "y": 0.7})
    assert found["share"].to_dict() == approx({"x": 0.6, "y": 0.4})


def test_what_is_no_statement_leaves_the_denominator():
    sample = coded((0, "x", agreement.NOT_ONE), (1, "x", "x"), (7, "y", "y"))
    found = correction.measure_corrected(CORPUS, sample, "kind").set_index("kind")
    assert found["corrected"].to_dict() == approx({"x": 3 / 7, "y": 4 / 7})
    assert agreement.NOT_ONE not in found.index


def test_categories_that_nobody_checked_are_told():
    found = correction.measure_corrected(CORPUS, coded((0, "x", "x"), (1, "x", "z")), "kind")
    assert found["unchecked"].tolist() == approx([0.4] * 3)
    assert found.set_index("kind").loc["z", "corrected"] == approx(0.3)
    assert found.set_index("kind").loc["z", "share"] == 0


def test_without_a_coded_unit_there_is_nothing_to_correct():
    nothing = coded().astype({"found": "str", "value": "str"})
    found = correction.measure_corrected(CORPUS, nothing, "kind")
    assert found["corrected"].isna().all() and found["share"].sum() == 1
    assert correction.measure_corrected(CORPUS.head(0), nothing, "kind").empty


# ------------------------------------------------------------------------ differences and trends

# ppi_py 0.2.3 on the data of `known_data`, alpha 0.05:
#   ppi_mean_pointestimate(Y, Yhat, Yhat_all, lam=1), ppi_mean_ci(the same), and without lam;
#   ppi_ols_pointestimate(X, Y, Yhat, X_all, Yhat_all), ppi_ols_ci(the same): intercept and month.
PPI_MEAN_1 = (0.47515, 0.42296648, 0.52733352)
PPI_MEAN_TUNED = (0.44052645, 0.39127426, 0.48977864)
PPI_OLS_TUNED = (0.01786368, 0.00404024, 0.03185189)


def known_data(articles=20_000, coded=200):
    """A code that rises by month, and a program that errs; the same on every machine."""
    at = np.arange(articles)
    true = (at * 7919) % 1000 < 300 + 20 * (at % 12)
    found = true ^ ((at * 104729) % 1000 < np.where(true, 200, 100))
    days = pd.to_datetime([f"2025-{month + 1:02}-15" for month in range(12)])
    words = np.array(["no", "yes"])
    rows = pd.DataFrame({"article_id": at, "kind": words[found.astype(int)]})
    rows = rows.assign(published=days[at % 12], outlet=np.where(at % 24 < 12, "A", "B"))
    sample = rows[["article_id"]].assign(found=rows["kind"], value=words[true.astype(int)])
    return rows, sample.iloc[np.sort((np.arange(coded) * 97 + 13) % articles)]


def test_power_tuning_gives_what_ppi_py_gives():
    rows, sample = known_data()
    found = correction.measure_corrected(rows, sample, "kind").set_index("kind").loc["yes"]
    assert found["tuned"] == approx(PPI_MEAN_TUNED[0], abs=0.01)
    width = PPI_MEAN_TUNED[2] - PPI_MEAN_TUNED[1]
    assert found["tuned_high"] - found["tuned_low"] == approx(width, rel=0.02)
    trend = correction.measure_contrasts(rows, sample, "kind", {"yes": {"yes": 1.0}})
    trend = trend[trend["contrast"] == "trend"].iloc[0]
    assert trend["of"] == "all" and trend["ppi"] == approx(PPI_OLS_TUNED[0], abs=0.002)
    width = PPI_OLS_TUNED[2] - PPI_OLS_TUNED[1]
    assert trend["ppi_high"] - trend["ppi_low"] == approx(width, rel=0.08)


def test_a_program_that_is_trusted_whole_is_corrected_by_its_mean_error():
    """With every power 1 PPI++ is the mean of the program plus its mean error in the sample."""
    rows, sample = known_data()
    error = (sample["value"] == "yes").mean() - (sample["found"] == "yes").mean()
    assert (rows["kind"] == "yes").mean() + error == approx(PPI_MEAN_1[0])


def test_differences_and_trends_are_those_of_the_coded_where_all_are_coded():
    """With every statement coded nothing of the program is left, in either way."""
    rows, sample = known_data(1_200, 1_200)
    truth = rows.assign(holds=(sample.set_index("article_id")["value"] == "yes"))
    means = truth.groupby("outlet")["holds"].mean()
    month = rows["published"].dt.month
    slope = np.polyfit(month, truth["holds"].astype(float), 1)[0]
    found = correction.measure_contrasts(rows, sample, "kind", {"yes": {"yes": 1.0}})
    found = found.set_index(["contrast", "of"])
    first, second = found.index[0][1].split(" less ")
    for way in ("dsl", "ppi"):
        assert found.loc["difference", way].item() == approx(means[first] - means[second])
        assert found.loc[("trend", "all"), way] == approx(slope)
    assert found.loc["difference", "checked"].item() == 1_200


def test_weights_say_how_many_each_coded_statement_stands_for():
    """A sample with twice the chance for one category, weighted, is as good as an even one."""
    rows, sample = known_data(4_000, 4_000)
    often = sample[(sample["value"] == "yes") | (sample["article_id"] % 2 == 0)]
    weight = np.where(often["value"] == "yes", 1.0, 2.0)
    truth = (sample["value"] == "yes").mean()
    for given, off in ((often.assign(weight=weight), 0.02), (often, None)):
        found = correction.measure_corrected(rows, given, "kind").set_index("kind").loc["yes"]
        gap = max(abs(found["corrected"] - truth), abs(found["tuned"] - truth))
        assert gap < off if off else gap > 0.05


def test_too_few_coded_statements_correct_no_difference():
    rows, sample = known_data(400, 8)
    found = correction.measure_contrasts(rows, sample, "kind", {"yes": {"yes": 1.0}})
    differences = found[found["contrast"] == "difference"]
    assert differences["counted"].notna().all() and differences["dsl"].isna().all()
    assert correction.name_clear(differences).endswith("nothing is corrected")


def test_a_trend_is_in_doubt_also_where_all_coded_statements_are_alike():
    days = pd.to_datetime(["2025-01-15", "2025-02-15", "2025-03-15", "2025-04-15"] * 30)
    rows = pd.DataFrame({"article_id": range(120), "outlet": "A", "published": days})
    rows = rows.assign(kind=np.where(rows["article_id"] % 3 == 0, "yes", "no"))
    sample = rows.head(20).assign(found=rows["kind"], value="no")
    found = correction.measure_contrasts(rows, sample, "kind", {"yes": {"yes": 1.0}})
    trend = found[found["contrast"] == "trend"].iloc[0]
    assert trend["ppi_low"] < -0.03 and trend["ppi_high"] > 0.03
    assert trend["dsl_low"] < -0.03 and trend["dsl_high"] > 0.03


def test_the_balance_of_tone_is_a_level_too():
    outcomes = correction.score_categories("tone_label", ["positive", "negative", "neutral"])
    assert list(outcomes)[0] == correction.BALANCE
    rows, sample = coverage.simulate(np.random.default_rng(3), 300)
    found = correction.measure_contrasts(rows, sample, "tone_label", outcomes)
    level = found[found["contrast"] == "level"].set_index("of")
    shares = rows.groupby("outlet")["tone_label"].value_counts(normalize=True)
    assert level.loc["A", "counted"] == approx(shares["A", "positive"] - shares["A", "negative"])
    assert (level["dsl"] > level["counted"]).all()  # the program takes too much for negative


def test_intervals_hold_the_truth_where_the_program_errs_by_outlet():
    """`python -m helpers.bench.coverage` is the long form: 93 to 97 of 100."""
    found = coverage.cover(60, 24).set_index("way")["covered"].groupby("way").mean()
    assert found.drop("counted").between(0.92, 0.99).all() and found["counted"] < 0.6


def test_the_plan_reaches_what_it_promises():
    """Half the width of a share's interval is what was planned, if the program errs as assumed."""
    chance = np.random.default_rng(5)
    rows, _ = coverage.simulate(chance, 10)
    plan = correction.plan_size(rows, "tone_label", 100, wanted=[0.08], right=[0.75])
    share = plan[plan["what"].str.startswith("share") & plan["assumed"].isna()].iloc[0]
    halves = []
    for _ in range(12):
        rows, sample = coverage.simulate(chance, int(share["needed"]))
        found = correction.measure_corrected(rows, sample, "tone_label").set_index("tone_label")
        low, high = found.loc["negative", ["tuned_low", "tuned_high"]]
        halves.append((high - low) / 2)
    assert 0.6 * 0.08 < np.mean(halves) < 1.05 * 0.08
    laid = correction.lay_plan(plan)
    assert len(laid) == 3 and laid.iloc[0, 0] == share["what"]
