"""Lexical tone of what is said, the words that drive it, and tone toward a target."""

from __future__ import annotations

import math
from functools import cache
from importlib import resources

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.annotate import tone
from helpers.measure import attitudes
from helpers.store import schema

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
        form="indirect",
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


VADERS = [
    "good",
    "bad",
    "GREAT",
    "not",
    "never",
    "so",
    "this",
    "least",
    "at",
    "very",
    "kind",
    "of",
    "but",
    "the",
    "ship",
    "KILLED",
    "war,",
    "'war'",
    "!!war",
    "war?!",
    "don't",
    "don't,",
    ":)",
    "a",
    "I",
    "...",
    "!?",
    "best!!",
    "HORRIBLE,",
    "hand",
    "to",
    "mouth",
    "yeah",
    "right",
    "sort",
    "café!",
    "(good)",
]


@cache
def nltk_analyser():
    """NLTK's VADER with the list of the package vaderSentiment; it would refuse to read it."""
    from nltk.sentiment.vader import SentimentIntensityAnalyzer, VaderConstants

    analyser = SentimentIntensityAnalyzer.__new__(SentimentIntensityAnalyzer)
    analyser.constants = VaderConstants()
    package = resources.files("vaderSentiment")
    analyser.lexicon_file = (package / "vader_lexicon.txt").read_text(encoding="utf-8").strip()
    analyser.lexicon = analyser.make_lex_dict()
    return analyser


@given(st.lists(st.lists(st.sampled_from(VADERS), max_size=12).map(" ".join), max_size=20))
def test_tone_is_nltks_to_the_last_digit(texts):
    score = nltk_analyser().polarity_scores
    expected = [score(text)["compound"] if text else 0.0 for text in texts]
    assert list(tone.add_tone(said(*texts))["tone"]) == expected


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
    assert table["tone_agreement"].iloc[3] == 1


def test_a_negated_word_counts_for_the_other_side():
    words = tone.driving_words(said("It was not a success."))
    assert list(words["word"]) == ["success"] * 2 and (words["weight"] < 0).all()
    assert set(words["lexicon"]) == {"vader", "news"}


def test_the_strongest_words_come_first_with_their_place_in_the_article():
    text = "A port, a terrible murder and a gift."
    table = said(text)
    table[["start", "end"]] += 100
    table["spans"] = [[[100, 100 + len(text)]]]
    words = tone.driving_words(table)
    assert set(words["word"]) == {"terrible", "murder", "gift"}
    assert words["weight"].abs().is_monotonic_decreasing
    assert all(
        text[start - 100 : end - 100] == word
        for start, end, word in zip(words["start"], words["end"], words["word"], strict=True)
    )


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("“They called us ‘traitors’ for it.”", "direct"),
        ("They called us “traitors” for it.", "direct"),
        ("the so-called traitors left", "indirect"),
    ],
)
def test_words_quoted_from_others_or_kept_at_a_distance_are_not_the_speakers(text, form):
    table = tone.add_tone(said(text).assign(form=form))
    assert table["tone"].iloc[0] == 0 and math.isnan(table["news_tone"].iloc[0])


def test_a_quoted_word_in_reported_speech_is_the_speakers():
    table = tone.add_tone(said("it was a “disgrace” to vote").assign(form="mixed"))
    assert table["tone"].iloc[0] < 0 and table["news_tone"].iloc[0] < 0


def test_the_second_list_knows_words_of_the_news():
    table = tone.add_tone(said("They condemn it.", "They hailed it.", "They said it."))
    assert list(np.sign(table["news_tone"].iloc[:2])) == [-1, 1]
    assert math.isnan(table["news_tone"].iloc[2])


CLEAR = [
    ("Quist condemned Brandvik as a corrupt liar and a disgrace.", "Brandvik", "negative"),
    ("Quist praised Brandvik as a brilliant and honest leader.", "Brandvik", "positive"),
    ("Quist met Brandvik at the station on Monday.", "Brandvik", "neutral"),
    ("Quist condemned North Korea’s decision to send troops.", "North Korea", "negative"),
    ("“Brandvik is not an honest man,” Quist said.", "Brandvik", "negative"),
]


@pytest.mark.parametrize(("text", "target", "polarity"), CLEAR)
def test_tone_toward_a_target(text, target, polarity):
    start = text.index(target)
    frame = pd.DataFrame({"text": [text], "start": [start], "end": [start + len(target)]})
    assert tone.add_target_tone(frame)["polarity"].iloc[0] == polarity


def test_of_a_negation_without_marks_the_model_is_not_sure():
    frame = pd.DataFrame({"text": ["Brandvik is not an honest man, Quist said."]})
    judged = tone.add_target_tone(frame.assign(start=0, end=8)).iloc[0]
    assert judged["polarity"] != "positive" and judged["p_neutral"] < attitudes.SURE
    assert judged["p_negative"] > judged["p_positive"]


@pytest.mark.parametrize(
    ("text", "polarities"),
    [
        ("Lind was praised for her courage. Brandvik is a corrupt liar.", ["positive", "negative"]),
        (
            "Lind spoke at the harbour on Monday, where Quist called Brandvik a corrupt liar.",
            ["neutral", "negative"],
        ),
    ],
)
def test_two_targets_of_one_text_are_told_apart(text, polarities):
    starts = [text.index("Lind"), text.index("Brandvik")]
    frame = pd.DataFrame({"text": text, "start": starts, "end": [starts[0] + 4, starts[1] + 8]})
    assert list(tone.add_target_tone(frame)["polarity"]) == polarities


def test_what_is_quoted_within_a_quotation_is_not_toward_the_one_who_quotes_it():
    text = "“Lind told me that Brandvik was ‘a crook’,” Quist said."
    starts = [text.index("Brandvik"), text.index("Quist")]
    frame = pd.DataFrame({"text": text, "start": starts, "end": [starts[0] + 8, starts[1] + 5]})
    assert list(tone.add_target_tone(frame)["polarity"]) == ["negative", "neutral"]


def test_no_rows_are_fine():
    empty = schema.empty("attributions")
    schema.to_arrow("attributions", tone.add_tone(empty))
    assert tone.driving_words(empty).empty
    assert tone.add_target_tone(pd.DataFrame({"text": [], "start": [], "end": []})).empty


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


@settings(max_examples=25, deadline=None)
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
