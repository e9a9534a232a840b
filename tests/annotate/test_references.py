"""Whom the words of a source refer to: names in them, and nouns that take up one named before."""

from __future__ import annotations

import pytest

from helpers.annotate import references
from helpers.annotate.antecedents import Cast
from helpers.annotate.noun_phrases import describe
from helpers.text.article import Article

PEOPLE = ("Helen Marr", "Mara Quist", "Bram Orr", "Lee")
BODIES = ("Castellan", "Dockers Union", "Harwick Port Authority", "Ferry Council")


def cast_of(text: str) -> Cast:
    """Return the cast of a text, with every name of the lists above that stands in it."""
    found = []
    for label, known in (("PERSON", PEOPLE), ("ORG", BODIES)):
        for name in known:
            start = text.find(name)
            while start >= 0:
                found.append((start, start + len(name), name, label, f"id-{name}"))
                start = text.find(name, start + 1)
    return Cast(Article(text), found, {})


def named(source: str, before: str = "") -> list[str]:
    text = f"{before}{source} said so."
    cast = cast_of(text)
    found = references.named(cast, len(before), len(before) + len(source))
    return [referent.speaker for referent in found]


@pytest.mark.parametrize(
    ("source", "speakers"),
    [
        ("Justice Helen Marr", ["Helen Marr"]),
        ("the operator, Castellan", ["Castellan"]),
        ("the Dockers Union and Castellan", ["Dockers Union", "Castellan"]),
        ("Mara Quist and Bram Orr", ["Mara Quist", "Bram Orr"]),
        ("Mara Quist, who met Bram Orr", ["Mara Quist"]),
        ("Minister for Ports Mara Quist", ["Mara Quist"]),
    ],
)
def test_who_is_named_in_the_words_speaks(source, speakers):
    assert named(source) == speakers


@pytest.mark.parametrize(
    "source",
    [
        "a friend of Bram Orr",
        "Bram Orr’s lawyer",
        "the man who met Bram Orr",
        "a clerk at Castellan",
        "the water was high",
    ],
)
def test_who_is_only_mentioned_does_not(source):
    assert named(source) == []


def test_the_parts_of_a_source_lie_between_commas_dashes_and_brackets():
    text = "Quist, a judge (of Harwick) — and a sailor"
    parts = [text[slice(*part)] for part in references.segments(text, 0, len(text))]
    assert parts == ["Quist", "a judge", "of Harwick", "and a sailor"]


def taken_up(before: str, words: str) -> str:
    cast = cast_of(f"{before} {words} said so.")
    referent = references.named_before(cast, len(before) + 1, describe(words))
    return referent.speaker if referent else ""


@pytest.mark.parametrize(
    ("before", "words", "speaker"),
    [
        ("Judge Helen Marr met Bram Orr.", "The judge", "Helen Marr"),
        ("Helen Marr, a judge, left. Bram Orr came.", "The judge", "Helen Marr"),
        ("Chief Lt. Judge Helen Marr met Bram Orr.", "The judge", "Helen Marr"),
        ("The Dockers Union wrote to Castellan.", "The union", "Dockers Union"),
        ("Helen Marr met Bram Orr.", "The judge", ""),
        ("Judge Helen Marr met Bram Orr.", "The judges", ""),
    ],
)
def test_a_noun_takes_up_whom_the_article_called_so(before, words, speaker):
    assert taken_up(before, words) == speaker


def test_a_sentence_before_does_not_say_what_a_name_is():
    assert taken_up("She saw the judge. Bram Orr left.", "The judge") == ""


def test_a_headline_calls_by_a_noun_whom_the_story_names():
    text = "Judge shuts port\n\nThe port of Harwick was shut by Judge Helen Marr."
    later = references.named_later(cast_of(text), 0, describe("Judge"))
    assert later.speaker == "Helen Marr"
    two = text + " Judge Bram Orr agreed."
    assert references.named_later(cast_of(two), 0, describe("Judge")) is None


def test_a_headline_calls_a_body_by_the_last_word_of_its_name():
    text = "Council shuts port\n\nThe port was shut by the Ferry Council."
    assert references.named_in_full(text, 0, describe("Council")).speaker == "Ferry Council"
