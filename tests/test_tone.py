"""Lexical tone of what is said and of the words around a target."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import schema, tone

TEXTS = st.lists(
    st.one_of(
        st.sampled_from(["Quist", "great", "terrible!", "not", "but", "war", "port", ",", "🙂"]),
        st.text(max_size=8),
    ),
    max_size=10,
).map(" ".join)


def said(*texts: str) -> pd.DataFrame:
    """Build attributions whose content is the whole text."""
    table = schema.empty("attributions").reindex(range(len(texts)))
    return table.assign(
        attribution_id=[f"a0-{i}" for i in range(len(texts))],
        article_id="a0",
        start=0,
        end=[len(text) for text in texts],
        text=list(texts),
        spans=[[[0, len(text)]] for text in texts],
    )


def test_tone_has_the_sign_of_its_words():
    table = tone.add_tone(said("A great day.", "A terrible war.", "A port in May."))
    assert list(table["tone_label"]) == ["positive", "negative", "neutral"]
    assert table["tone"].between(-1, 1).all()
    assert table["tone"].iloc[2] == 0


def test_tone_is_what_the_reference_package_gives():
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    text = "The talks were good, but the war is a terrible disaster."
    expected = SentimentIntensityAnalyzer().polarity_scores(text)["compound"]
    assert tone.add_tone(said(text))["tone"].iloc[0] == pytest.approx(expected, abs=1e-3)


def test_tone_is_of_the_pieces_of_the_content_only():
    table = said("great, she said of the terrible war, day")
    table["spans"] = [[[0, 5], [37, 40]]]
    assert tone.add_tone(table)["tone_label"].iloc[0] == "positive"


def test_agreement_is_the_share_of_words_with_the_sign_of_the_label():
    table = tone.add_tone(said("war, murder and a gift", "port", "", "It isn’t good."))
    assert table["tone_agreement"].iloc[0] == pytest.approx(2 / 3)
    assert math.isnan(table["tone_agreement"].iloc[1])
    assert math.isnan(table["tone_agreement"].iloc[2])
    assert table["tone_label"].iloc[3] == "negative"
    assert table["tone_agreement"].iloc[3] == 0


def test_target_tone_is_of_the_clause_around_the_target():
    text = "Quist praised the great crew, but Brandvik was a disaster and a liar."
    frame = pd.DataFrame({"text": [text] * 2, "start": [0, text.index("Brandvik")], "end": [5, 42]})
    assert list(tone.add_target_tone(frame)["polarity"]) == ["positive", "negative"]


def test_targets_are_the_names_inside_what_is_said():
    table = said("Quist is a terrible liar")
    table["start"], table["end"], table["spans"] = 10, 34, [[[10, 34]]]
    names = pd.DataFrame(
        {
            "article_id": ["a0", "a0", "a1"],
            "start": [10, 40, 10],
            "end": [15, 45, 15],
            "entity_id": ["person-quist", "person-other", "person-quist"],
        }
    )
    targets = tone.find_targets(table, names)
    schema.to_arrow("targets", targets)
    assert targets[["start", "end", "entity_id", "polarity"]].to_numpy().tolist() == [
        [10, 15, "person-quist", "negative"]
    ]
    assert 1 / 3 <= targets["confidence"].iloc[0] <= 1


def test_no_rows_are_fine():
    empty = schema.empty("attributions")
    schema.to_arrow("attributions", tone.add_tone(empty))
    assert tone.find_targets(empty, schema.empty("mentions")).empty
    assert tone.add_target_tone(pd.DataFrame({"text": [], "start": [], "end": []})).empty


@settings(max_examples=60, deadline=None)
@given(st.lists(TEXTS, max_size=4))
def test_add_tone_keeps_rows_and_applying_twice_changes_nothing(texts):
    table = said(*texts)
    table.index = range(7, 7 + len(table))
    before = table.copy(deep=True)
    once = tone.add_tone(table)
    pd.testing.assert_frame_equal(table, before)
    pd.testing.assert_frame_equal(tone.add_tone(once), once)
    assert once["tone"].between(-1, 1).all()
    assert once["tone_label"].isin(schema.POLARITIES).all()
    assert once["tone_agreement"].dropna().between(0, 1).all()


@settings(max_examples=60, deadline=None)
@given(st.lists(TEXTS.filter(bool), max_size=4), st.randoms(use_true_random=False))
def test_target_probabilities_add_up_and_the_likeliest_is_the_polarity(texts, chance):
    starts = [chance.randrange(len(text)) for text in texts]
    ends = [chance.randint(start + 1, len(text)) for start, text in zip(starts, texts, strict=True)]
    frame = pd.DataFrame({"text": texts, "start": starts, "end": ends})
    once = tone.add_target_tone(frame)
    pd.testing.assert_frame_equal(tone.add_target_tone(once), once)
    shares = once[[f"p_{polarity}" for polarity in schema.POLARITIES]]
    if len(once):
        assert shares.sum(axis=1).to_numpy() == pytest.approx(1)
        assert (shares.idxmax(axis=1).str[2:] == once["polarity"]).all()
