"""Tables as a reader sees them: no index, no empty cell that says so, units, words for columns."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from helpers.show import grids

SHARES = pd.DataFrame(
    {
        "entity_id": ["a", "b"],
        "source_type": ["did_not_answer", "<b>$5 & $6</b>"],
        "share": [0.472, 0.001],
        "low": [0.41, 0.0],
        "high": [0.53, 0.02],
        "n": [1102, 1102],
        "named": [True, False],
        "relay": ["", ""],
        "last": [pd.Timestamp("2026-03-02"), pd.NaT],
        "tone": [-0.4, np.nan],
    }
)


def cells(frame: pd.DataFrame, **how) -> list[list[str]]:
    page = html.fromstring(grids.write(frame, **how))
    return [[cell.text_content() for cell in row] for row in page.xpath("//tr")]


def test_a_table_is_written_in_words_and_units():
    head, first, second = cells(SHARES)
    assert head == ["type of source", "share", "named", "last", "tone score"]
    assert first == ["did not answer", "47\xa0% (41 to 53)", "yes", "2\xa0March\xa02026", "−0.40"]
    assert second == ["<b>$5 & $6</b>", "<1\xa0% (0 to 2)", "no", "", ""]


def test_what_was_counted_and_what_is_left_out_stand_below():
    assert "n = 1,102" in grids.write(SHARES)
    told = grids.write(SHARES, 134, "shares.csv", "n = 7 articles")
    assert "n = 7 articles; and 134 more: shares.csv" in told and "1,102" not in told


def test_no_article_is_read_as_mathematics():
    assert html.fromstring(grids.write(SHARES)).get("class") == "mathjax_ignore tex2jax_ignore"


def test_the_index_is_shown_only_where_it_has_a_name():
    frame = pd.DataFrame({"count": [3]}, index=pd.Index(["a"], name="outlet"))
    assert cells(frame)[0] == ["outlet", "number"]
    assert cells(frame.reset_index(drop=True))[0] == ["number"]


def test_countries_and_languages_have_their_names():
    frame = pd.DataFrame({"country": ["NOR", "", "XX"], "language": ["nb", "pt", "zz-9"]})
    assert cells(frame)[1:] == [
        ["Norway", "Norwegian Bokmål"], ["", "Portuguese"], ["XX", "zz-9"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("outlet", "name"), [("rfa", "Radio Free Asia"), ("af_afrol", "af_afrol"), ("BBC", "BBC")]
)
def test_an_outlet_is_called_by_its_name_where_that_is_known(outlet, name):
    assert cells(pd.DataFrame({"outlet": [outlet]}))[1] == [name]


VALUES = st.one_of(st.none(), st.booleans(), st.floats(), st.integers(), st.text(), st.just(pd.NaT))


@given(st.lists(VALUES, min_size=1, max_size=6))
def test_no_cell_shows_what_only_programs_say(values):
    frame = pd.DataFrame({"one": pd.Series(values, dtype=object), "two": range(len(values))})
    written = [row[0] for row in cells(frame)[1:] if len(row) > 1]
    texts = {value for value in values if isinstance(value, str)}
    assert not {"nan", "NaN", "NaT", "None", "True", "False"} & (set(written) - texts)
