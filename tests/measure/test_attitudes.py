"""Who speaks how about whom: cells that add up, and reasons to be silent."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tables_fixture import make_tables

from helpers.measure import attitudes
from helpers.store import schema

TABLES = make_tables()
AIMED = attitudes.join_targets(*(TABLES[name] for name in ("targets", "attributions", "entities")))
COLUMNS = {
    "article_id": "a0",
    "speaker": "Quist",
    "target": "Lind",
    "confidence": 0.9,
    "polarity": "negative",
    "tone": -0.5,
    "news_tone": -0.2,
}


def aimed(*rows: dict) -> pd.DataFrame:
    frame = pd.DataFrame([COLUMNS | row for row in rows], columns=list(COLUMNS))
    return frame.astype({"confidence": float, "tone": float, "news_tone": float})


def cell(*rows: dict, **how) -> pd.Series:
    (row,) = attitudes.measure_targets(aimed(*rows), **how).itertuples(index=False)
    return row


def test_a_cell_is_the_balance_of_its_judged_statements():
    found = cell({}, {}, {"polarity": "positive"}, {"polarity": "neutral", "confidence": 0.4})
    assert (found.count, found.judged, found.abstained) == (4, 3, "")
    assert found.balance == pytest.approx(-1 / 3)


@pytest.mark.parametrize(
    ("rows", "how", "why"),
    [
        ([{}], {"minimum": 2}, "too few"),
        ([{}, {"confidence": 0.3}, {"confidence": 0.3}], {}, "unsure"),
        ([{"tone": 0.5, "news_tone": 0.5}], {"agreement": 0.5}, "instruments disagree"),
        ([{"tone": 0.5}], {"agreement": 0.5}, ""),
        ([{"confidence": 0.3}], {}, "too few"),
        ([{}], {}, ""),
    ],
)
def test_a_cell_says_why_it_is_silent(rows, how, why):
    found = cell(*rows, **how)
    assert found.abstained == why
    assert np.isnan(found.balance) == bool(why)


def test_a_title_about_pairs_gives_counts_and_no_judgement():
    grid = attitudes.measure_targets(aimed({}, {}, {"target": "Arno"}), minimum=2)
    told = "Most often: Quist about Lind (2 statements); Quist about Arno (1 statement)"
    assert attitudes.name_pairs(grid) == told


def test_one_statement_counts_once_for_a_target_and_not_for_its_speaker():
    entities = pd.DataFrame(
        {"entity_id": ["q", "l"], "entity": ["Quist", "Lind"], "label": "PERSON"}
    )
    said = pd.DataFrame({"attribution_id": ["s"], "article_id": ["a"], "speaker_id": ["q"]})
    rows = [(0, 4, "l", "neutral", 0.5), (9, 13, "l", "negative", 0.8), (20, 25, "q", "neutral", 1)]
    columns = ["start", "end", "entity_id", "polarity", "confidence"]
    targets = pd.DataFrame(rows, columns=columns).assign(
        attribution_id="s", article_id="a", voice="speaker"
    )
    joined = attitudes.join_targets(targets, said, entities)
    assert joined[["target", "polarity", "start"]].to_numpy().tolist() == [["Lind", "negative", 9]]
    with pytest.raises(ValueError, match="voice is one of speaker, reporter"):
        attitudes.join_targets(targets, said, entities, voice="editor")


def test_a_nationality_counts_for_its_country_where_that_is_named():
    columns = ["entity_id", "entity", "label"]
    rows = [("r", "Russia", "GPE"), ("n", "Russian", "NORP"), ("d", "Danish", "NORP")]
    said = pd.DataFrame({"attribution_id": ["s"], "article_id": ["a"], "speaker_id": ["q"]})
    targets = pd.DataFrame({"start": [0, 9], "end": [4, 12], "entity_id": ["n", "d"]}).assign(
        attribution_id="s", article_id="a", voice="speaker", polarity="negative", confidence=0.9
    )
    joined = attitudes.join_targets(targets, said, pd.DataFrame(rows, columns=columns))
    assert list(joined["target"]) == ["Russia", "Danish"]


def test_the_surest_judgement_is_read_first():
    rows = attitudes.rank_cell(
        aimed({"confidence": 0.7}, {"polarity": "neutral"}, {"confidence": 0.95}), "Quist", "Lind"
    )
    assert list(rows["confidence"]) == [0.95, 0.7, 0.9]
    with pytest.raises(ValueError, match="Nobody"):
        attitudes.rank_cell(aimed({}), speaker="Nobody")


def test_words_behind_a_tone_are_counted_and_told():
    table = (
        TABLES["attributions"]
        .head(2)
        .assign(text=["a great war", "no terrible day"], start=0, form="indirect")
    )
    table["spans"] = [[[0, len(text)]] for text in table["text"]]
    words = attitudes.count_words(attitudes.find_words(table, EMPTY["mentions"]))
    words = words[words["lexicon"] == "vader"]
    assert set(words["word"]) == {"great", "war", "terrible", "no"}
    assert dict(zip(words["word"], words["also"], strict=True))["war"] == "the same"
    place = {"article_id": table["article_id"].iloc[0], "start": 0, "end": 7}
    named = attitudes.find_words(table.head(1), pd.DataFrame([place]))
    assert set(named["word"]) == {"war"}


def test_the_instruments_stand_side_by_side():
    said = AIMED.assign(tone=-0.5, news_tone=-0.2)
    each = attitudes.find_instruments(said, said.assign(polarity="negative"))
    found = attitudes.measure_instruments(each, minimum=2)
    assert set(found["instrument"]) == set(attitudes.INSTRUMENTS.values())
    assert "lean the same way for" in attitudes.say_agreement(found)
    nobody = attitudes.measure_instruments(each, minimum=10_000)
    assert (
        attitudes.say_agreement(nobody) == "Nobody has enough statements for all three instruments."
    )


def test_asking_for_more_probability_judges_fewer_and_is_right_more_often():
    table = attitudes.read_coverage()
    assert table["coverage"].is_monotonic_decreasing and table["coverage"].iloc[0] == 1
    assert table["accuracy"].iloc[-1] > table["accuracy"].iloc[0]


EMPTY = {name: schema.empty(name) for name in schema.TABLES}


def test_no_rows_are_fine():
    nothing = attitudes.join_targets(EMPTY["targets"], EMPTY["attributions"], EMPTY["entities"])
    grid = attitudes.measure_targets(nothing)
    assert grid.empty and attitudes.rank_cell(nothing).empty
    assert attitudes.name_pairs(grid) == "No statement about a named target"
    words = attitudes.find_words(EMPTY["attributions"], EMPTY["mentions"])
    assert attitudes.count_words(words).empty
    found = attitudes.measure_instruments(
        attitudes.find_instruments(EMPTY["attributions"], nothing)
    )
    assert found.empty
    assert attitudes.say_agreement(found).startswith("Nobody")


@given(
    st.integers(0, 6),
    st.floats(0, 1),
    st.floats(0, 1),
    st.lists(st.booleans(), max_size=len(AIMED)),
)
def test_cells_add_up(minimum, probability, agreement, kept):
    rows = AIMED[np.resize(np.array([*kept, True]), len(AIMED))].assign(tone=0.1, news_tone=-0.1)
    grid = attitudes.measure_targets(rows, minimum, probability, agreement)
    assert grid["count"].sum() == len(rows)
    judged = grid[["negative", "neutral", "positive"]].sum(axis=1)
    assert (judged == grid["judged"]).all() and (judged <= grid["count"]).all()
    assert (grid["balance"].isna() == (grid["abstained"] != "")).all()
    assert grid["balance"].dropna().between(-1, 1).all()
