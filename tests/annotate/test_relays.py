"""Relay phrases: which outlets carried words, found in invented sentences and random ones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.annotate import outlets, relays
from helpers.store import lexicons
from helpers.text.article import Article


def find(text: str, own: str = "") -> list[relays.Relay]:
    article = Article(text, outlet=own)
    return relays.find_relays(article, outlets.find_outlets(text), lexicons.read_codebook())


def found(text: str, own: str = "") -> list[tuple[str, str]]:
    return [(relay.kind, relay.outlet) for relay in find(text, own) if not relay.own]


@pytest.mark.parametrize(
    ("text", "kind", "outlet"),
    [
        ("“It rained,” said Mara Quist, as cited by TASS.", "carried", "TASS"),
        ("Quist said in a statement carried by KCNA that it rained.", "carried",
         "Korean Central News Agency"),
        ("Quist told CNN that it rained.", "told", "CNN"),
        ("Quist told Ann Howe of Fox News that it rained.", "told", "Fox News"),
        ("In an interview with Norland’s state network RT, Quist said so.", "told", "RT"),
        ("It rains more, according to a Reuters survey of farmers.", "document", "Reuters"),
        ("A Bloomberg poll shows that farmers worry.", "document", "Bloomberg News"),
        ("Quist said that it “rained”, Xinhua reported.", "reports", "Xinhua News Agency"),
        ("The New York Times reported, citing officials, that it rained.", "reports",
         "New York Times"),
        ("Quist said that it rained, according to VESTA, the state news agency.",
         "reports", "VESTA"),
        ("VESTA, the state news agency, met. It quoted Quist as saying that it rained.",
         "reports", "VESTA"),
    ],
)  # fmt: skip
def test_each_kind_of_phrase(text, kind, outlet):
    assert (kind, outlet) in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "The New York Times reported that it rained.",
        "CNN reported on Monday that it rained.",
        "Quist told the council that it rained.",
        "Quist watched CNN all day.",
        "Ann Howe, a writer for The Atlantic, said that it rained.",
        "Quist said that it rained.",
        "The new channel was dug last year, she said.",
    ],
)
def test_what_relays_nothing(text):
    assert not found(text)


def test_the_articles_own_outlet_is_marked():
    text = "Quist told the Clarion that it rained. The City Clarion is a paper."
    assert not found(text, own="City Clarion")


@pytest.mark.parametrize(
    ("text", "ownership"),
    [
        ("said Quist, as cited by TASS.", "state"),
        ("said Quist, as quoted by the state-run Lorvenian News Agency.", "state"),
        ("Quist told the public broadcaster Radio Norland so.", "public"),
        ("Quist told Radio Norland so.", "unknown"),
        ("Quist told CNN so.", "private"),
    ],
)
def test_who_owns_it(text, ownership):
    assert [relay.ownership for relay in find(text)] == [ownership]


PIECES = st.sampled_from(
    ["Quist said so", "as cited by TASS", ", ", ". ", "told CNN", "the newspaper", "\n", "“", "”",
     "Xinhua reported", "It quoted her", "according to a Reuters poll", "VESTA, the state agency"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=12).map(" ".join))
def test_phrases_are_spans_of_the_text_and_hold_their_outlet(text):
    for outlet in outlets.find_outlets(text):
        assert 0 <= outlet.start < outlet.end <= len(text)
    for relay in find(text):
        assert 0 <= relay.start < relay.end <= len(text)
        assert relay.kind in relays.NEARNESS
