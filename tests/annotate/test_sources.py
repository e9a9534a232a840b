"""Source types, affiliation, country, channel and relays, and the law of add_*."""

from __future__ import annotations

import itertools
import sys

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sources_fixture import read_texts

from helpers.annotate import outlets, positions, sources
from helpers.store import lexicons, schema
from helpers.text.article import Article

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


def last(text: str, outlet: str = "") -> pd.Series:
    return read_texts(text, outlet=outlet).iloc[-1]


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
    table = read_texts(text)
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
    row = last("Mara Quist told the Clarion that it rained.", outlet="City Clarion")
    assert (row["relay"], row["channel"]) == ("", "told the outlet")


def typed(source: str, book: lexicons.Codebook, rest: str = " said that it rained.") -> tuple:
    """Return source type and affiliation of one who speaks, by some lexicons."""
    text = f"{source}{rest}"
    at = text.index("that it rained")
    row = {
        "start": at, "spans": [[at, at + 14]], "form": "indirect", "cue": "said",
        "cue_spans": [[at - 5, at - 1]], "source_text": source, "source_spans": [[0, len(source)]],
        "speaker": source, "speaker_id": "", "resolution": "none", "rule": "model",
    }  # fmt: skip
    (found,) = sources.find_sources(Article(text), [row], {}, book)
    return found.source_type, found.affiliation


def edited(tmp_path, before: str, after: str) -> lexicons.Codebook:
    own = lexicons.CODEBOOK.read_text(encoding="utf-8")
    assert before in own
    file = tmp_path / "codebook.yml"
    file.write_text(own.replace(before, after, 1), encoding="utf-8")
    return lexicons.read_codebook(file)


def test_an_edited_codebook_decides(tmp_path):
    assert typed("A docker", lexicons.read_codebook())[1] == "citizen or witness"
    own = edited(tmp_path, "    military:\n", "    military:\n      nouns: [docker]\n")
    assert typed("A docker", own)[1] == "military"


def test_an_edited_codebook_decides_what_withholds_a_name(tmp_path):
    words, rest = "A pilot", " said that it rained. The pilot kept his name to himself."
    assert typed(words, lexicons.read_codebook(), rest)[0] == "unnamed person"
    line = "    - '\\bunidentified\\b'\n"
    own = edited(tmp_path, line, "    - '\\bkept his name to himself\\b'\n")
    assert typed(words, own, rest)[0] == "anonymous source"
    assert typed("Unidentified pilots", lexicons.read_codebook())[0] == "anonymous source"
    assert typed("Unidentified pilots", own)[0] == "unnamed group"


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
    table = read_texts(text)
    assert list(table["relay"]) == ["TASS", "TASS", ""]


@given(st.lists(TEXTS, max_size=2))
def test_every_attribution_has_one_source_whatever_the_order_of_the_rows(texts):
    once = read_texts(*texts)
    pd.testing.assert_frame_equal(read_texts(*texts), once)
    schema.to_arrow("attributions", once)
    assert (once["named"] == once["source_type"].str.startswith("named")).all()
    assert ((once["relay"] == "") == (once["relay_ownership"] == "")).all()
    assert (once["relay_chain"].str.len().gt(0) == (once["relay"] != "")).all()
    for article_id, own in once.groupby("article_id"):
        article = Article(texts[int(article_id[1:])])
        rows = own[list(sources.ROW_COLUMNS)].to_dict("records")
        book = lexicons.read_codebook()
        forth = sources.find_sources(article, rows, {}, book)
        assert forth == sources.find_sources(article, rows[::-1], {}, book)[::-1]


def test_the_work_grows_with_the_length_of_an_article_and_not_with_its_square():
    said = "“We will strike,” said Mara Quist, as cited by TASS.\n"
    book, calls = lexicons.read_codebook(), []
    for times in (4, 4, 32):  # the first time, what is read once is read
        rows = read_texts(said * times)
        assert len(rows) == times and set(rows["relay"]) == {"TASS"}
        records = rows[list(sources.ROW_COLUMNS)].to_dict("records")
        article, count = Article(said * times), itertools.count()
        sys.setprofile(lambda *_, count=count: next(count))
        sources.find_sources(article, records, {}, book)
        sys.setprofile(None)
        calls.append(next(count))
    assert calls[2] < 10 * calls[1]


def test_the_outlets_of_an_article_are_sought_once_for_speakers_and_once_with_its_names(
    monkeypatch,
):
    sought, find = [], outlets.find_outlets
    monkeypatch.setattr(outlets, "find_outlets", lambda *given: sought.append(1) or find(*given))
    rows = read_texts("Mara Quist said so, VESTA, the news agency, reported.")
    assert len(rows) and len(sought) <= 2


def test_spellings_of_one_length_stand_in_the_order_of_the_alphabet():
    entity = positions.Entity("Quist", "PERSON", "", ("Mara Quist", "Quits", "Quilt", "Ada Quist"))
    assert entity.spellings == ("Mara Quist", "Ada Quist", "Quilt", "Quist", "Quits")


def test_sources_of_which_nothing_is_said_are_at_home():
    opening = "Oslo was wet, and so was the rest of Norway. "
    assert last(opening + "Odo Brandvik said that it would clear up.")["country"] == "NOR"
    row = last(opening + "Residents of Bergen said that it would clear up.")
    assert "home of the article" in row["source_rule"]
    assert last(opening + "Japan said that it would pay.")["country"] == "JPN"
    assert last(opening + "The United Nations said that it would pay.")["country"] == ""
