"""Noun phrases: head, number, kind, gender, and the short form that is kept."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.annotate import descriptions


@pytest.mark.parametrize(
    ("written", "head", "plural", "kind"),
    [
        ("Two officials familiar with the talks", "officials", True, "person"),
        ("A worker stacking the fruit", "worker", False, "person"),
        ("one of the officials", "officials", False, "person"),
        ("the harbour master’s daily log", "log", False, "document"),
        ("The foreign ministry in Dravik", "ministry", False, "organisation"),
        ("A draft published last month by the website", "draft", False, "document"),
        ("town halls across the valley", "halls", True, "organisation"),
        ("The women", "women", True, "person"),
        ("another", "", False, ""),
        ("", "", False, ""),
    ],
)
def test_a_phrase_is_read(written, head, plural, kind):
    read = descriptions.describe(written)
    assert (read.head, read.plural, read.kind) == (head, plural, kind)


@pytest.mark.parametrize(
    ("written", "short"),
    [
        ("A nurse there, who declined to be named", "a nurse there"),
        ("A pilot who asked us not to use his name", "a pilot"),
        ("One of them, a widow of 71", "a widow of 71"),
        ("a diplomat who has read it", "a diplomat who has read it"),
        ("Two clerks speaking on condition of anonymity", "two clerks"),
        ("Russian officials", "Russian officials"),
        ("Ms Quist’s office", "Ms Quist’s office"),
        ("Residents", "residents"),
        ("The\n officials", "the officials"),
    ],
)
def test_a_description_is_kept_short(written, short):
    assert descriptions.shorten(written) == short


@pytest.mark.parametrize(
    ("noun", "gender"),
    [("widow", "female"), ("Mr", "male"), ("chairwoman", "female"), ("craftsman", "male")],
)
def test_nouns_that_tell_gender(noun, gender):
    assert descriptions.gender(noun) == gender


@pytest.mark.parametrize("noun", ["human", "German", "pilot", "person", ""])
def test_nouns_that_tell_none(noun):
    assert descriptions.gender(noun) == ""


def test_people_described_in_the_narrative_are_found():
    text = "It had rained. A dentist from Port Ansel rang while two men slept. The rain told."
    found = [text[low:high] for low, high, _ in descriptions.find_phrases(text, 0, len(text))]
    assert found == ["A dentist from Port Ansel", "two men"]


def test_a_name_that_goes_on_to_a_noun_is_not_the_head():
    assert descriptions.continues(" diplomat")
    assert not descriptions.continues(" of the institute")
    assert not descriptions.continues("")
    assert not descriptions.continues(" himself")


WORDS = st.lists(
    st.sampled_from(["the", "A", "two", "officials", "of", "Ansel", ",", "who", "said", "’s", "“"]),
    max_size=8,
).map(" ".join)


@given(WORDS)
def test_any_words_can_be_read(written):
    assert descriptions.head_end(written) <= len(written)
    descriptions.describe(written)
    assert len(descriptions.shorten(written)) <= len(written)
    for low, high, _ in descriptions.find_phrases(written, 0, len(written)):
        assert 0 <= low < high <= len(written)
