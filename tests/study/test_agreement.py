"""Agreement: the worked examples of the literature, the laws of alpha, coverage in simulation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nltk.metrics.agreement import AnnotationTask
from pytest import approx

from helpers.measure.select import lay_out
from helpers.study import agreement

# Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability": sections A to D; * is missing.
BINARY = ["0100000000", "1110010100"]
FOUR_CODERS = [
    ["1", "2", "3", "3", "2", "1", "4", "1", "2", "", "", ""],
    ["1", "2", "3", "3", "2", "2", "4", "1", "2", "5", "", "3"],
    ["", "3", "3", "3", "2", "3", "4", "2", "2", "5", "1", ""],
    ["1", "2", "3", "3", "2", "4", "4", "1", "2", "5", "1", ""],
]


def table(*coders) -> pd.DataFrame:
    """Units by coders; "" and "*" are missing."""
    frame = pd.DataFrame({str(n): list(values) for n, values in enumerate(coders)})
    return frame.replace({"": np.nan, "*": np.nan, " ": np.nan})


@pytest.mark.parametrize(("metric", "alpha"), [("nominal", 0.7434), ("ordinal", 0.8154)])
def test_krippendorffs_example_of_four_coders_with_missing_values(metric, alpha):
    """Krippendorff 2011, sections C and D: .743 and .815."""
    found = agreement.krippendorff_alpha(table(*FOUR_CODERS), metric)
    assert round(found, 4) == alpha


def test_krippendorffs_example_of_two_coders_and_two_values():
    """Krippendorff 2011, section A: .095."""
    found = agreement.krippendorff_alpha(table(*BINARY))
    assert round(found, 4) == 0.0952


def test_the_example_of_three_coders():
    """Three coders, fifteen units: 0.691, as fast-krippendorff's documentation has it."""
    coders = [
        ["*", "*", "*", "*", "*", "3", "4", "1", "2", "1", "1", "3", "3", "*", "3"],
        ["1", "*", "2", "1", "3", "3", "4", "3", "*", "*", "*", "*", "*", "*", "*"],
        ["*", "*", "2", "1", "3", "4", "4", "*", "2", "1", "1", "3", "3", "*", "4"],
    ]
    assert round(agreement.krippendorff_alpha(table(*coders)), 4) == 0.6914


coded = st.lists(st.tuples(*[st.sampled_from(["a", "b", "c", ""])] * 3), min_size=2, max_size=25)


@given(coded)
def test_alpha_is_nltks_alpha(rows):
    units = [row for row in rows if sum(value != "" for value in row) > 1]
    values = {value for row in units for value in row} - {""}
    alpha = agreement.krippendorff_alpha(table(*zip(*rows, strict=True)))
    if len(values) < 2:
        assert np.isnan(alpha)
        return
    told = [
        (coder, unit, value)
        for unit, row in enumerate(units)
        for coder, value in enumerate(row)
        if value
    ]
    assert alpha == approx(AnnotationTask(told).alpha())


def ratings(*coders, articles=None) -> pd.DataFrame:
    rows = [
        (f"u{unit}", f"a{unit if articles is None else articles[unit]}", str(coder), "type", value)
        for coder, values in enumerate(coders)
        for unit, value in enumerate(values)
    ]
    return lay_out("ratings", rows)


def test_agreement_tells_units_coders_and_why_alpha_is_undefined():
    found = agreement.measure_alpha(ratings("aabb", "aabc", ["a", "", "b", ""]), "type")
    assert (found.units, found.coders) == (4, 3) and found.note == ""
    same = agreement.measure_alpha(ratings("aaaa", "aaaa"), "type")
    assert np.isnan(same.alpha) and same.note == agreement.UNDEFINED
    assert same.agreement == 1
    alone = agreement.measure_alpha(ratings("abab"), "type")
    assert alone.units == 0 and alone.note == agreement.TOO_FEW


def test_perfect_agreement_of_few_units_is_not_certain():
    few = agreement.measure_alpha(ratings("abab", "abab"), "type")
    many = agreement.measure_alpha(ratings("ab" * 100, "ab" * 100), "type")
    assert few.alpha == many.alpha == 1 == many.high
    assert few.low < 0.5 < 0.95 < many.low < 1


def test_alpha_is_covered_in_95_of_100():
    """Coders who guess one time in four; truth from a very large coding."""
    chance = np.random.default_rng(3)

    def code(units):
        truth = chance.choice(list("abc"), units, p=[0.5, 0.3, 0.2])
        guess = chance.choice(list("abc"), (2, units), p=[0.5, 0.3, 0.2])
        return np.where(chance.random((2, units)) < 0.25, guess, truth)

    truth = agreement.krippendorff_alpha(table(*code(200_000)))
    covered = []
    for _ in range(130):
        found = agreement.measure_alpha(ratings(*code(120), articles=np.arange(120) // 3), "type")
        covered.append(found.low <= truth <= found.high)
    assert 0.92 <= np.mean(covered) <= 0.98


def test_ordinal_values_outside_the_order_are_refused():
    with pytest.raises(ValueError, match="'c' is none of"):
        agreement.krippendorff_alpha(table("abc", "abb"), "ordinal", ["a", "b"])


def test_confusion_counts_each_pair_of_coders_once():
    counts = agreement.count_confusion(ratings("aab", "abb"), "type")
    assert counts.to_numpy().tolist() == [["a", "a", 1], ["a", "b", 1], ["b", "b", 1]]
    assert agreement.count_confusion(ratings("aab"), "type").empty


def test_majority_settles_and_a_tie_does_not():
    settled = agreement.settle(ratings("aab", "abb", ["a", "b", ""])).set_index("unit")
    assert settled["value"].tolist() == ["a", "b", "b"]
    assert settled["divided"].tolist() == [False, True, False]
    assert agreement.settle(ratings("a", "b"))["value"].tolist() == [""]


def test_accuracy_by_category_and_weight():
    coded = pd.DataFrame(
        {
            "article_id": list("abcd"),
            "value": ["x", "x", "y", "y"],
            "found": ["x", "y", "y", "x"],
            "weight": [3.0, 1.0, 1.0, 1.0],
        }
    )
    found = agreement.measure_accuracy(coded).set_index("category")
    assert found.loc["x", ["precision", "recall", "f1"]].tolist() == [0.75, 0.75, 0.75]
    assert found.loc["y", ["precision", "recall"]].tolist() == [0.5, 0.5]
    assert found.loc["all", "precision"] == approx(4 / 6)
    assert (found.precision_low <= found.precision).all()
    empty = agreement.measure_accuracy(coded.head(0))
    assert empty["category"].tolist() == ["all"] and np.isnan(empty["precision"][0])


def test_a_table_coded_elsewhere_is_measured(tmp_path):
    """Krippendorff 2011 again, as a CSV of units by coders, and as one row for each code."""
    wide = table(*FOUR_CODERS).rename(columns="coder {}".format)
    wide.insert(0, "sentence", [f"s{n}" for n in range(len(wide))])
    wide.to_csv(tmp_path / "wide.csv", index=False)
    found = agreement.measure_table(tmp_path / "wide.csv").iloc[0]
    assert round(found["alpha"], 4) == 0.7434 and found["variable"] == "wide"
    assert (found["units"], found["coders"]) == (11, 4)
    ordered = agreement.measure_table(tmp_path / "wide.csv", list("12345")).iloc[0]
    assert round(ordered["alpha"], 4) == 0.8154
    long = wide.rename(columns={"sentence": "unit"}).melt("unit", var_name="coder").dropna()
    long.assign(variable="kind").to_csv(tmp_path / "long.csv", index=False)
    again = agreement.measure_table(tmp_path / "long.csv").iloc[0]
    assert again["alpha"] == found["alpha"] and again["variable"] == "kind"


@pytest.mark.parametrize(
    ("rows", "message"), [("unit,anna\n1,a\n", "no two coders"), ("u,a,b\n1,x,y\n1,x,y\n", "twice")]
)
def test_a_table_without_two_coders_or_with_a_unit_twice_is_refused(tmp_path, rows, message):
    (tmp_path / "codes.csv").write_text(rows)
    with pytest.raises(ValueError, match=message):
        agreement.measure_table(tmp_path / "codes.csv")
