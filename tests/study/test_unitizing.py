"""Agreement on units: the book's example, a count character by character, and the laws."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pytest import approx

from helpers.study import unitizing

# Krippendorff 2019, figure 12.11 (also in Krippendorff and others 2016): 60 characters, 3 coders.
ALEX = [(0, 7, "1"), (7, 13, "2"), (30, 32, "5"), (32, 37, "6"), (37, 44, "6"), (44, 60, "7")]
PAUL = [(0, 7, "1"), (7, 13, "3"), (13, 21, "5"), (32, 44, "6")]
SUZAN = [(0, 7, "1"), (7, 13, "4"), (13, 21, "5"), (32, 37, "6"), (37, 41, "6"), (41, 44, "6")]


def lay(*coders, article="a") -> pd.DataFrame:
    rows = [
        (f"c{place}", article, start, end, value)
        for place, units in enumerate(coders)
        for start, end, value in units
    ]
    return pd.DataFrame(rows, columns=["coder", "article_id", "start", "end", "value"])


def scope(**ends) -> pd.DataFrame:
    rows = [(name, 0, end) for name, end in ends.items()]
    return pd.DataFrame(rows, columns=["article_id", "start", "end"])


def alphas(units, texts) -> np.ndarray:
    ones = np.ones((1, len(texts)))
    return unitizing.find_alphas(unitizing.measure_lengths(units, texts), ones)[0]


def by_character(coders, length) -> list[float]:
    """The three coefficients counted character by character, with nothing but loops."""
    values = sorted({value for units in coders for *_, value in units})
    m, held = len(coders), []
    for units in coders:
        line = [("gap", at) for at in range(length)]  # a gap has no units: each character is one
        for number, (start, end, value) in enumerate(units):
            line[start:end] = [(value, f"unit {number}")] * (end - start)
        held.append(line)
    found = []
    for kind in ("bu", "u", "cu"):
        seen = {v: 0.0 for v in ["gap", *values]}
        same = total = 0.0
        alike = {v: 0.0 for v in seen}
        for i, one in enumerate(held):
            lengths: dict = {}
            for at in range(length):
                others = [held[j][at][0] for j in range(m) if j != i]
                if kind == "cu":
                    others = [v for v in others if v != "gap"] if one[at][0] != "gap" else []
                part = len(others) / (m - 1)
                value = one[at][0]
                seen[value] += part
                total += part
                label = (lambda v: v == "gap") if kind == "bu" else (lambda v: v)
                same += sum(label(v) == label(value) for v in others) / (m - 1)
                lengths[one[at]] = lengths.get(one[at], 0.0) + part
            for (value, _), size in lengths.items():
                alike[value] += size**2
        own = sum(alike.values())
        groups = [["gap"], values] if kind == "bu" else [[v] for v in seen]
        pairs = sum(sum(seen[v] for v in g) ** 2 - sum(alike[v] for v in g) for g in groups)
        expected = total - total * pairs / (total**2 - own) if total**2 > own else 0.0
        found.append(1 - (total - same) / expected if expected > 1e-9 else np.nan)
    return found


def test_the_published_example_of_three_coders():
    """.413, .510 and .724 in the book; exact arithmetic gives .4136 for the first."""
    found = alphas(lay(ALEX, PAUL, SUZAN), scope(a=60))
    assert found == approx([0.413, 0.510, 0.724], abs=0.0007)
    assert found == approx(by_character([ALEX, PAUL, SUZAN], 60))


@st.composite
def marked(draw):
    cuts = sorted(draw(st.sets(st.integers(0, 30), min_size=2, max_size=8)))
    chosen = [draw(st.sampled_from(["", "a", "b"])) for _ in cuts[1:]]
    return [(s, e, v) for s, e, v in zip(cuts, cuts[1:], chosen, strict=False) if v]


@settings(deadline=None, max_examples=40)
@given(st.lists(marked(), min_size=2, max_size=3))
def test_it_is_what_a_count_by_character_gives(coders):
    kept = [units or [(0, 1, "a")] for units in coders]
    found = alphas(lay(*kept), scope(a=30))
    assert found == approx(by_character(kept, 30), nan_ok=True)


def test_the_same_units_agree_and_other_values_do_not():
    same = alphas(lay(ALEX, ALEX), scope(a=60))
    assert same == approx([1, 1, 1])
    other = [(start, end, "z" if value == "6" else value) for start, end, value in ALEX]
    changed = alphas(lay(ALEX, other), scope(a=60))
    assert changed[0] == approx(1) and changed[1] < 1 > changed[2]


def test_what_lies_inside_another_unit_and_outside_the_text_is_cut():
    nested = [(0, 20, "a"), (5, 10, "b"), (50, 90, "a")]
    flat = [(0, 5, "a"), (5, 10, "b"), (50, 60, "a")]
    lengths = unitizing.measure_lengths(lay(nested, flat), scope(a=60))
    assert lengths.shared.sum() == 2 * 60
    assert lengths.shared[0].trace() == 2 * 60 - 2 * 10


def test_texts_one_after_another_are_one_continuum_and_are_resampled():
    """Two texts whose border is a border of units are the one text that they were."""
    cut = lay(*[[u for u in c if u[1] <= 30] for c in (ALEX, PAUL, SUZAN)])
    rest = lay(*[[(s - 30, e - 30, v) for s, e, v in c if s >= 30] for c in (ALEX, PAUL, SUZAN)],
               article="b")  # fmt: skip
    parts = pd.concat([cut, rest])
    assert alphas(parts, scope(a=30, b=30)) == approx(alphas(lay(ALEX, PAUL, SUZAN), scope(a=60)))
    many = pd.concat([parts.assign(article_id=parts["article_id"] + str(n)) for n in range(8)])
    texts = pd.concat([scope(**{f"a{n}": 30, f"b{n}": 30}) for n in range(8)], ignore_index=True)
    found = unitizing.measure_units(many, texts).set_index(["coders", "coefficient"])
    assert len(found) == 4 * 3 and (found["characters"] == 480).all()
    assert (found["low"] <= found["alpha"]).all() and (found["alpha"] <= found["high"]).all()
    assert (found["low"] < found["high"]).any()


def test_one_coder_alone_agrees_with_nobody():
    assert unitizing.measure_units(lay(ALEX), scope(a=60)).empty


@pytest.mark.parametrize("length", [61, 600])
def test_gaps_are_no_units(length):
    """The longer the text without units, the less is agreed by chance."""
    longer = alphas(lay(ALEX, PAUL, SUZAN), scope(a=length))
    assert longer[0] > alphas(lay(ALEX, PAUL, SUZAN), scope(a=60))[0]
