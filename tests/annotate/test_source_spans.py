"""The words that name a source: cut noun phrases, relative clauses, hearers, subjects taken up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.annotate import source_spans


def span(text: str, words: str) -> tuple[int, int]:
    start = text.index(words)
    return start, start + len(words)


def found(text: str, source: str, cue: str, content: str) -> str | None:
    whole = source_spans.find_source(text, span(text, source), span(text, cue), span(text, content))
    return text[slice(*whole)] if whole else None


@pytest.mark.parametrize(
    ("text", "source", "cue", "whole"),
    [
        (
            "Charities for disabled people reported many calls.",
            "Charities for disabled",
            "reported",
            "Charities for disabled people",
        ),
        (
            "It was a result that his main challenger said was false.",
            "his",
            "said",
            "his main challenger",
        ),
        (
            "A nurse there, who asked that no name be printed, said it rained.",
            "who",
            "said",
            "A nurse there, who asked that no name be printed",
        ),
        ("The nurse who said it rained left.", "who", "said", "who"),
        (
            "She is angry. The government has never said that it rained.",
            "She",
            "has never said",
            "The government",
        ),
        ("She is angry. Also said was that it rained.", "She", "said", "She"),
        ("Odo Brandvik often said it rained.", "Odo Brandvik", "said", "Odo Brandvik"),
    ],
)
def test_a_source_is_a_whole_noun_phrase(text, source, cue, whole):
    content = text[text.index(cue) + len(cue) :].strip(" .")
    assert found(text, source, cue, content) == whole


@pytest.mark.parametrize(
    ("source", "cue", "told"),
    [
        ("officials", "have been warned", None),
        ("a court", "heard", None),
        ("A widow", "heard", "A widow"),
        ("the minister", "was told by", "the minister"),
        ("the team", "is assured of", "the team"),
        ("officials", "warned", "officials"),
    ],
)
def test_who_is_told_is_no_source(source, cue, told):
    assert found(f"In May {source} {cue} it rained.", source, cue, "it rained") == told


@given(st.text(max_size=60), st.data())
def test_a_source_is_a_span_of_the_text(text, data):
    ends = [data.draw(st.integers(0, len(text))) for _ in range(6)]
    source, cue, content = (tuple(sorted(ends[at : at + 2])) for at in (0, 2, 4))
    whole = source_spans.find_source(text, source, cue, content)
    assert whole is None or 0 <= whole[0] <= whole[1] <= len(text)
