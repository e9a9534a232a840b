"""Stems: no match without one of them, whatever the expression."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.store import codebook, stems

PIECES = st.sampled_from(
    ["ab", "B", "c d", r"\b", "[ab]", ".", r"\w+", "(?:ab|cd)", "(?:ab|.)", "(cb)?", "(?:bd)+"]
    + ["d{2}", "(?=ac)", "(?!b)", "a*?", "(?:a(?:bc|Bd) )"]
)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (r"\bunnamed\b", {"unnamed"}),
        (r"(?:on|for) (?:condition of )?anonymity", {"anonymity"}),
        (r"(?: not|n[’']t) (?:allowed|permitted) to", {"allowed", "permitted"}),
        (r"[ab]+", set()),
        (r"(?:name)?", set()),
        (r"(?:name|\w+)", set()),
    ],
)
def test_stems_are_told_from_the_expression(pattern: str, expected: set[str]):
    assert stems.find_stems(pattern) == expected


@given(st.lists(PIECES, min_size=1, max_size=5).map("".join), st.text("abcd ABCD", max_size=12))
def test_nothing_matches_without_a_stem(pattern: str, text: str):
    if re.search(pattern, text, re.IGNORECASE):
        assert stems.may_match(stems.find_stems(pattern), text)


@given(
    st.lists(st.text("abß", min_size=1, max_size=3), max_size=3),
    st.text("abcAB ßİ", max_size=24),
    st.lists(st.integers(0, 24), max_size=8),
)
def test_the_spans_that_may_match_are_those_told_one_by_one(known, text, edges):
    edges = sorted(edges)
    spans = list(zip(edges[::2], edges[1::2], strict=False))
    expected = [span for span in spans if stems.may_match(known, text[slice(*span)])]
    assert stems.keep_spans(known, text, spans) == expected


def test_every_expression_for_a_withheld_name_has_stems():
    for pattern in codebook.read_codebook().anonymity["withheld"]:
        assert min(map(len, stems.find_stems(pattern)), default=0) >= 3, pattern
