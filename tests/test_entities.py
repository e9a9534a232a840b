"""One name per person, place and body; ambiguous short names stay apart."""

from __future__ import annotations

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import entities, schema

SPELLINGS = st.sampled_from(
    [
        ("Mara Quist", "PERSON"),
        ("Lena Quist", "PERSON"),
        ("Quist", "PERSON"),
        ("Kim Jong Un", "PERSON"),
        ("Kim", "PERSON"),
        ("U.S.", "GPE"),
        ("United States", "GPE"),
        ("DPRK", "GPE"),
        ("North Koreans", "NORP"),
        ("HWU", "ORG"),
        ("Xinhua", "ORG"),
        ("Ünïon", "ORG"),
        ("…", "ORG"),
    ]
)


def articles(*texts: str) -> pd.DataFrame:
    return pd.DataFrame({"article_id": [f"a{i}" for i in range(len(texts))], "text": texts})


def mentions(*rows: tuple[str, str, str]) -> pd.DataFrame:
    """Build mentions from (article, text, label), one after the other."""
    table = pd.DataFrame(rows, columns=["article_id", "text", "label"])
    start = pd.Series(range(len(table)), dtype="int64") * 100
    length = table["text"].str.len().astype("int64")
    return table.assign(
        start=start,
        end=start + length,
        role="body",
        entity_id="",
        stands_for="",
        confidence=0.9,
        rule="test",
    )[schema.TABLES["mentions"].columns.names]


def named(found: pd.DataFrame, texts: pd.DataFrame) -> dict[str, str]:
    table = entities.find_entities(found, texts)
    added = entities.add_entity(found, texts, table)
    canonical = dict(zip(table["entity_id"], table["entity"], strict=True))
    return dict(zip(found["text"], added["entity_id"].map(canonical), strict=True))


def test_a_surname_joins_the_one_person_who_has_it():
    found = mentions(("a0", "Mara Quist", "PERSON"), ("a0", "Quist", "PERSON"))
    assert named(found, articles("")) == {"Mara Quist": "Mara Quist", "Quist": "Mara Quist"}


def test_a_surname_of_two_people_stays_apart_and_says_why():
    found = mentions(
        ("a0", "Mara Quist", "PERSON"), ("a0", "Lena Quist", "PERSON"), ("a0", "Quist", "PERSON")
    )
    table = entities.find_entities(found, articles("")).set_index("entity")
    assert set(table.index) == {"Mara Quist", "Lena Quist", "Quist"}
    assert table.loc["Quist", "merge_reason"].endswith("not joined")


def test_a_surname_does_not_reach_into_another_article():
    found = mentions(("a0", "Mara Quist", "PERSON"), ("a1", "Quist", "PERSON"))
    assert named(found, articles("", ""))["Quist"] == "Quist"


def test_a_family_name_in_front_joins():
    found = mentions(("a0", "Kim Jong Un", "PERSON"), ("a0", "Kim", "PERSON"))
    assert named(found, articles(""))["Kim"] == "Kim Jong Un"


def test_spellings_of_a_country_are_one_with_its_code():
    found = mentions(
        ("a0", "U.S.", "GPE"),
        ("a1", "US", "GPE"),
        ("a1", "United States", "GPE"),
        ("a1", "DPRK", "GPE"),
        ("a1", "North Korea", "GPE"),
    )
    table = entities.find_entities(found, articles("", "")).set_index("entity")
    assert set(table.index) == {"United States", "North Korea"}
    assert list(table.loc["United States", "aliases"]) == ["U.S.", "US"]
    assert table.loc["North Korea", "country"] == "PRK"


def test_peoples_have_their_country_and_are_not_the_country():
    found = mentions(("a0", "North Koreans", "NORP"), ("a0", "North Korea", "GPE"))
    table = entities.find_entities(found, articles(""))
    assert sorted(table["entity_id"]) == ["gpe-north-korea", "norp-north-korean"]
    assert set(table["country"]) == {"PRK"}


def test_an_acronym_joins_the_long_form_of_its_article():
    text = "The Harbour Workers’ Union (HWU) met."
    found = mentions(("a0", "Harbour Workers’ Union", "ORG"), ("a0", "HWU", "ORG"))
    assert set(named(found, articles(text)).values()) == {"Harbour Workers' Union"}


def test_the_same_full_name_is_one_over_the_corpus_whatever_the_accents():
    found = mentions(("a0", "José Marr", "PERSON"), ("a1", "Jose Marr", "PERSON"))
    assert len(entities.find_entities(found, articles("", ""))) == 1


def test_names_that_slug_alike_get_different_ids():
    found = mentions(("a0", "A & B", "ORG"), ("a0", "A B", "ORG"))
    assert entities.find_entities(found, articles(""))["entity_id"].is_unique


def test_no_mentions_give_no_entities():
    table = entities.find_entities(mentions(), articles())
    assert table.empty and list(table.columns) == schema.TABLES["entities"].columns.names
    assert entities.add_entity(mentions(), articles(), table).empty


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["a0", "a1"]), SPELLINGS), max_size=12))
def test_add_entity_keeps_rows_and_applying_twice_changes_nothing(rows):
    found = mentions(*[(article, text, label) for article, (text, label) in rows])
    found.index = range(5, 5 + len(found))
    texts = articles("The Harbour Workers’ Union (HWU) met.", "")
    before = found.copy()
    table = entities.find_entities(found, texts)
    schema.to_arrow("entities", table)
    once = entities.add_entity(found, texts, table)
    pd.testing.assert_frame_equal(found, before)
    pd.testing.assert_frame_equal(entities.add_entity(once, texts, table), once)
    pd.testing.assert_frame_equal(once.drop(columns="entity_id"), found.drop(columns="entity_id"))
    assert set(once["entity_id"]) <= set(table["entity_id"])
    assert (once["entity_id"] != "").all()
    assert set(table["entity_id"]) == set(once["entity_id"])
