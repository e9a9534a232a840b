"""How sources are described: heads, number, names, owners."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.annotate import noun_phrases
from helpers.annotate.noun_phrases import describe, singular, stands_as


@pytest.mark.parametrize(
    ("text", "head", "plural", "name"),
    [
        ("the company's director", "director", False, ""),
        ("two of the people who worked there", "people", True, ""),
        ("One of them, a widow of 71", "widow", False, ""),
        ("A miner coming off shift", "miner", False, ""),
        ("A draft published last month by a website", "draft", False, ""),
        ("a memo seen by the Courier", "memo", False, ""),
        ("the operator, Castellan Ports", "operator", False, "Castellan Ports"),
        ("A group calling itself Paper Lantern", "group", False, "Paper Lantern"),
        ("A driver who gave her name only as Nadia", "driver", False, "Nadia"),
        ("Residents", "resident", True, ""),
        ("more than a dozen former and current employees", "employee", True, ""),
        ("U.S. Secretary of Education Ada Lindqvist", "", False, "Ada Lindqvist"),
        ("His most serious opponent", "opponent", False, ""),
    ],
)
def test_what_a_description_says(text, head, plural, name):
    described = describe(text)
    assert (described.head, described.plural, described.name) == (head, plural, name)


@pytest.mark.parametrize(
    ("text", "name", "stands"),
    [
        ("Castellan’s chief executive, Ada Lindqvist", "Castellan", "owner"),
        ("the operator, Castellan Ports", "Castellan Ports", "head"),
        ("a former Lumen Grid engineer", "Lumen Grid", "owner"),
        ("A spokesman for the White House", "White House", "owner"),
        ("Lindqvist, who lives there", "Lindqvist", "head"),
        ("Residents", "Lindqvist", ""),
    ],
)
def test_how_a_name_stands_in_a_description(text, name, stands):
    assert stands_as(text, name) == stands


@pytest.mark.parametrize(
    ("plural", "one"),
    [
        ("ministries", "ministry"),
        ("women", "woman"),
        ("spokesmen", "spokesman"),
        ("press", "press"),
    ],
)
def test_the_singular(plural, one):
    assert singular(plural) == one


@given(st.text(max_size=80))
def test_every_text_can_be_described(text):
    assert describe(text).text == " ".join(text.split())


@given(st.text("ab_’ ,", max_size=12), st.text("ab", min_size=1, max_size=2))
def test_a_name_stands_where_no_word_runs_on_into_it(described, name):
    found = [match.start() for match in re.finditer(rf"(?<!\w)(?={name})", described)]
    assert list(noun_phrases._places(described, name)) == found
    alone = re.search(rf"(?<!\w){name}(?!\w)", described)
    assert bool(stands_as(described, name)) == bool(alone)
