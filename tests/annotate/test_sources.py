"""Source types, affiliation, country, channel and relays, and the law of add_*."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.annotate import attributions, entities, mentions, relays, sources
from helpers.corpus import annotation
from helpers.store import codebook, schema

PIECES = st.sampled_from(
    [
        "“We will strike,” said Mara Quist, as cited by TASS state news agency.",
        "She added that it was late.",
        "A port official, who spoke on condition of anonymity, said it was closed.",
        "A survey found that it rained.",
        "Residents said so.",
        "Quist told CNN that it rained.",
        "“Nobody knows.”",
        "\n\n",
    ]
)
TEXTS = st.lists(PIECES, max_size=7).map(" ".join)


def prepared(*texts: str) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return attributions with their speakers, the articles and the entities."""
    articles = pd.DataFrame(
        {"article_id": [f"a{i}" for i in range(len(texts))], "text": list(texts)}, dtype=object
    )
    found = mentions.find_mentions(articles)
    named = entities.find_entities(found, articles)
    found = entities.add_entity(found, articles, named)
    said = attributions.find_attributions(articles)
    return annotation.add_sources(said, articles, found, named), articles, named


def last(text: str) -> pd.Series:
    return sources.add_source_type(*prepared(text)).iloc[-1]


@pytest.mark.parametrize(
    ("text", "source_type", "named"),
    [
        ("Mara Quist said that it rained.", "named person", True),
        ("Mara Quist, citing a report, said that it rained.", "named person", True),
        ("The White House said that it rained.", "named organisation", True),
        (
            "A spokesman for the White House said that it rained.",
            "named organisation",
            True,
        ),
        ("A survey of 900 farmers found that it rained.", "document", False),
        (
            "A port official, who spoke on condition of anonymity, said that it was closed.",
            "anonymous source",
            False,
        ),
        ("Unidentified port officials said that it was closed.", "anonymous source", False),
        ("A crane driver said that it was closed.", "unnamed person", False),
        ("Crane drivers said that it was closed.", "unnamed group", False),
    ],
)
def test_the_six_types(text, source_type, named):
    row = last(text)
    assert (row["source_type"], row["named"]) == (source_type, named)


def test_a_name_withheld_anywhere_counts_for_every_statement_of_that_source():
    text = (
        "A pilot said that it rained. The pilot, who asked not to be named because he feared for "
        "his job, said that it was cold. Three pilots said that it was dry."
    )
    table = sources.add_source_type(*prepared(text))
    assert list(table["source_type"]) == ["anonymous source"] * 2 + ["unnamed group"]
    assert set(table["anonymity_reason"][:2]) == {"because he feared for his job"}


def test_each_decision_says_what_decided_it():
    row = last("“It rained,” said Mara Quist, a professor of geology, as cited by TASS.")
    assert row["source_rule"].startswith("type: name 'Mara Quist'; affiliation: word 'professor'")
    assert row["source_rule"].endswith("relay: carried 'cited by TASS'")
    assert (row["title"], row["relay_chain"]) == ("professor of geology", ["TASS"])


def test_a_chain_of_outlets_runs_from_the_speaker_to_the_article():
    row = last("Mara Quist told CNN that it rained, Reuters reported.")
    assert (row["relay"], row["relay_chain"]) == ("CNN", ["CNN", "Reuters"])


def test_the_articles_own_outlet_is_no_relay():
    said, articles, named = prepared("Mara Quist told the Clarion that it rained.")
    articles["outlet"] = "City Clarion"
    row = sources.add_source_type(said, articles, named).iloc[-1]
    assert (row["relay"], row["channel"]) == ("", "told the outlet")


def test_an_edited_codebook_decides(tmp_path):
    own = codebook.CODEBOOK.read_text(encoding="utf-8")
    file = tmp_path / "codebook.yml"
    file.write_text(own.replace("    military:\n", "    military:\n      nouns: [docker]\n", 1))
    said = prepared("A docker said that it rained.")
    assert sources.add_source_type(*said)["affiliation"].iloc[-1] == "citizen or witness"
    edited = codebook.read_codebook(file)
    assert sources.add_source_type(*said, edited)["affiliation"].iloc[-1] == "military"


def test_anonymous_gives_the_words_of_the_reason():
    text = "A pilot, who asked not to be named because he feared for his job, said that it rained."
    assert last(text)["anonymity_reason"].endswith("because he feared for his job")
    text = "A pilot, who declined to be named because he feared for his job, said that it rained."
    assert last(text)["anonymity_reason"].endswith("because he feared for his job")
    assert last("Unidentified pilots said that it rained.")["anonymity_reason"] == ""


@pytest.mark.parametrize(
    ("text", "affiliation", "country"),
    [
        ("Norwegian Prime Minister Odo Brandvik said that it rained.", "government", "NOR"),
        ("Gen. Odo Brandvik said that it rained.", "military", ""),
        ("Mara Quist, a professor of geology, said that it rained.", "academic or expert", ""),
        ("The Pentagon said that it rained.", "military", "USA"),
        ("Japan said that it would pay.", "government", "JPN"),
        ("Xinhua said that it rained.", "state media", "CHN"),
        ("Residents said that it rained.", "citizen or witness", ""),
        ("Some French lawmakers said that it rained.", "legislature or party", "FRA"),
    ],
)
def test_affiliation_and_country(text, affiliation, country):
    row = last(text)
    assert (row["affiliation"], row["country"]) == (affiliation, country)


@pytest.mark.parametrize(
    ("text", "channel"),
    [
        ("In a statement, Mara Quist said that it rained.", "statement"),
        ("Mara Quist told reporters that it rained.", "press conference"),
        ("Mara Quist said in an interview that it rained.", "interview"),
        ("Mara Quist said in a speech that it rained.", "speech"),
        ("Mara Quist said on Twitter that it rained.", "social media"),
        ("Mara Quist said that it rained.", "unknown"),
    ],
)
def test_channel(text, channel):
    assert last(text)["channel"] == channel


@pytest.mark.parametrize(
    ("text", "relay", "ownership"),
    [
        (
            "“It rained,” said Mara Quist, as cited by TASS state news agency.",
            "TASS",
            "state",
        ),
        (
            "Mara Quist said that it had “rained for a week”, Xinhua reported.",
            "Xinhua News Agency",
            "state",
        ),
        ("Mara Quist told CNN that it rained.", "CNN", "private"),
        (
            "It rained, The New York Times reported, citing unidentified port officials.",
            "New York Times",
            "private",
        ),
        (
            "“It rained,” said Mara Quist, as quoted by the state-run Lorvenian News Agency.",
            "Lorvenian News Agency",
            "state",
        ),
        ("The New York Times said that it rained.", "", ""),
        ("Mara Quist said that it rained.", "", ""),
    ],
)
def test_relay_and_who_owns_it(text, relay, ownership):
    row = last(text)
    assert (row["relay"], row["relay_ownership"]) == (relay, ownership)


def test_the_next_words_of_the_same_speaker_keep_the_relay():
    text = (
        "“It rained,” said Mara Quist, as cited by TASS.\n\n“It rained a lot,” she added.\n\n"
        "Odo Brandvik said that it was dry."
    )
    table = sources.add_source_type(*prepared(text))
    assert list(table["relay"]) == ["TASS", "TASS", ""]


@settings(max_examples=40, deadline=None)
@given(st.lists(TEXTS, max_size=2))
def test_add_source_type_keeps_rows_and_applying_twice_changes_nothing(texts):
    said, articles, named = prepared(*texts)
    said.index = range(3, 3 + len(said))
    before = said.copy(deep=True)
    once = sources.add_source_type(said, articles, named)
    pd.testing.assert_frame_equal(said, before)
    pd.testing.assert_frame_equal(sources.add_source_type(once, articles, named), once)
    filled = list(sources.COLUMNS)
    pd.testing.assert_frame_equal(once.drop(columns=filled), said.drop(columns=filled))
    schema.to_arrow("attributions", once)
    assert (once["named"] == once["source_type"].str.startswith("named")).all()
    assert ((once["relay"] == "") == (once["relay_ownership"] == "")).all()


def test_each_attribution_is_held_against_the_phrases_of_its_own_sentences(monkeypatch):
    """Otherwise a long article takes the square of its length."""
    held = []
    concerns = sources._Article._concerns

    def counted(article, source, relay):
        held.append(relay)
        return concerns(article, source, relay)

    monkeypatch.setattr(sources._Article, "_concerns", counted)
    said = "“We will strike,” said Mara Quist, as cited by TASS state news agency.\n"
    rows = sources.add_source_type(*prepared(said * 12))
    assert len(rows) == 12 and set(rows["relay"]) == {"TASS"}
    assert len(held) <= 2 * len(rows)


def test_the_outlets_of_an_article_are_sought_once_for_speakers_and_once_with_its_names(
    monkeypatch,
):
    sought = []
    owned = relays._owned
    monkeypatch.setattr(relays, "_owned", lambda *words: sought.append(1) or owned(*words))
    rows = sources.add_source_type(
        *prepared("Mara Quist said so, VESTA, the news agency, reported.")
    )
    assert len(rows) and len(sought) <= 2
