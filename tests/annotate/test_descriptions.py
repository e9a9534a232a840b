"""Descriptions: whom "the senator" takes up, and when nobody of a name is meant."""

from __future__ import annotations

import pytest

from helpers.annotate.antecedents import Cast
from helpers.annotate.descriptions import Asked, Descriptions, body_called, named_later, takes_up
from helpers.annotate.noun_phrases import describe
from helpers.text.article import Article

NAMES = {
    "Helen Marr": "PERSON",
    "Bram Orr": "PERSON",
    "Dockers Union": "ORG",
    "Castellan": "ORG",
    "Canal Council": "ORG",
}


def cast_of(text: str) -> Cast:
    found = [
        (at, at + len(name), name, label, name)
        for name, label in NAMES.items()
        for at in range(len(text))
        if text.startswith(name, at)
    ]
    return Cast(Article(text), found, {})


def taken_up(before: str, words: str, seen: bool = False, said: str = "it was shut") -> str:
    text = f"{before} {words} said {said}."
    low, own = len(before) + 1, [[text.index(said), len(text) - 1]]
    described = Descriptions(cast_of(text))
    asked = Asked(low, low + len(words), describe(words), own)
    found = described.meant(asked, seen)
    return found.speaker if found else ""


@pytest.mark.parametrize(
    ("before", "words", "speaker"),
    [
        ("Judge Helen Marr met Bram Orr.", "The judge", "Helen Marr"),
        ("Helen Marr, a judge, left. Bram Orr came.", "The judge", "Helen Marr"),
        ("Helen Marr, a judge in Harwick, left. Bram Orr came.", "The Harwick judge", "Helen Marr"),
    ],
)
def test_a_noun_takes_up_whom_the_article_called_so(before, words, speaker):
    assert taken_up(before, words) == speaker


def test_whom_the_words_are_about_is_rarely_the_one_who_says_them():
    before = "Helen Marr, a judge, met the judge Bram Orr."
    assert taken_up(before, "The judge") == "Helen Marr"
    assert taken_up(before, "The judge", said="Helen Marr was ill") == "Bram Orr"


def test_one_described_before_without_a_name_is_taken_up_before_a_name():
    before = "An official spoke after Bram Orr and Helen Marr had left the Castellan port."
    assert taken_up(before, "The official", seen=True) == ""


def test_several_a_document_and_somebody_new_take_up_nobody():
    for words in ("The judges", "The report", "A judge", "Judges"):
        assert not takes_up(describe(words))
    assert takes_up(describe("The judge")) and takes_up(describe("That Vermont Republican"))


def test_a_noun_for_bodies_takes_up_the_last_that_it_fits():
    text = "The Dockers Union wrote to Castellan. The union said so."
    found = body_called(cast_of(text), text.index("The union"), describe("The union"))
    assert found.speaker == "Dockers Union"


def test_a_candidate_shows_how_it_stands_and_what_it_is_called():
    text = "Judge Helen Marr came. The judge said it was shut."
    low = text.index("The judge")
    asked = Asked(low, low + 9, describe("The judge"), [[len(text) - 4, len(text)]])
    choice = Descriptions(cast_of(text)).choose(asked, seen=True)
    ((referent, shown),) = choice.candidates
    assert referent.speaker == "Helen Marr"
    assert shown["called"] == shown["nearest"] == shown["most"] == 1
    assert "ahead" not in shown and "named in the words" not in shown
    assert choice.nobody["nobody: described before"] == 1


def test_a_headline_calls_by_a_noun_whom_the_story_names():
    text = "Judge shuts port\n\nThe port of Harwick was shut by Judge Helen Marr."
    later = named_later(cast_of(text), 0, describe("Judge"))
    assert later.speaker == "Helen Marr"
    two = text + " Judge Bram Orr agreed."
    assert named_later(cast_of(two), 0, describe("Judge")) is None


def test_a_headline_calls_a_body_by_the_last_word_of_its_name():
    text = "Council shuts port\n\nThe port was shut by the Canal Council."
    assert named_later(cast_of(text), 0, describe("Council")).speaker == "Canal Council"
