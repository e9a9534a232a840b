"""One name per person, place and body; ambiguous short names stay apart."""

from __future__ import annotations

import time
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.annotate import entities, names
from helpers.store import schema
from helpers.study import corpora, pairing
from helpers.text.article import Article

SAMPLE = Path(__file__).resolve().parents[2] / "data" / "sample"

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


def in_full(name: str, *numbers: int) -> list[tuple[str, str, str]]:
    return [(f"a{number}", name, "PERSON") for number in numbers]


def test_a_surname_alone_is_the_person_whom_the_other_articles_name_in_full():
    alone = [("a8", "Quist", "PERSON"), ("a9", "Mr. Quist", "PERSON")]
    found = mentions(*in_full("Mara Quist", 0, 1, 2), *alone)
    texts = articles(*[""] * 10)
    table = entities.find_entities(found, texts)
    assert list(table["entity"]) == ["Mara Quist"]
    assert "in 3 of 3 articles that name one in full" in table["merge_reason"][0]
    assert set(entities.add_entity(found, texts, table)["entity_id"]) == {"person-mara-quist"}


def test_a_surname_alone_that_others_bear_too_is_nobody_else():
    found = mentions(
        *in_full("Mara Quist", 0, 1, 2), *in_full("Lena Quist", 3), ("a9", "Quist", "PERSON")
    )
    assert named(found, articles(*[""] * 10))["Quist"] == "Quist"


def test_a_surname_that_its_own_article_leaves_open_is_not_the_known_persons():
    both = [("a9", name, "PERSON") for name in ("Mara Quist", "Lena Quist", "Quist")]
    found = mentions(*in_full("Mara Quist", *range(8)), ("a10", "Quist", "PERSON"), *both)
    texts = articles(*[""] * 11)
    table = entities.find_entities(found, texts)
    added = entities.add_entity(found, texts, table).set_index(["article_id", "text"])["entity_id"]
    assert added["a10", "Quist"] == "person-mara-quist"
    assert added["a9", "Quist"] == "person-quist"


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


@pytest.mark.parametrize(
    ("spelled", "entity"),
    [
        ([("Joe Biden", "PERSON"), ("U.S. President Joe Biden", "PERSON"), ("Biden", "PERSON")], 1),
        ([("Volodymyr Zelensky", "PERSON"), ("Volodymyr Zelenskyy", "PERSON")], 1),
        ([("Volodymyr Zelensky", "PERSON"), ("Zelenskyy", "PERSON")], 1),
        ([("Joseph Marr", "PERSON"), ("Joe Marr", "PERSON"), ("Marr’s", "PERSON")], 1),
        ([("Enrique Peña Nieto", "PERSON"), ("Pena Nieto", "PERSON"), ("Nieto", "PERSON")], 1),
        ([("Sam Hill Jr.", "PERSON"), ("Sam Hill Sr.", "PERSON")], 2),
        ([("George W. Bush", "PERSON"), ("George H.W. Bush", "PERSON")], 2),
        ([("Harbour Union", "ORG"), ("Harbour Union Inc.", "ORG")], 1),
        ([("Chinese Foreign Ministry", "ORG"), ("China’s Foreign Ministry", "ORG")], 1),
        ([("Russian Foreign Ministry", "ORG"), ("Foreign Ministry", "ORG")], 1),
        ([("White House", "ORG"), ("House", "ORG")], 2),
        ([("Bank of Kessaria Stadium", "ORG"), ("Bank of Kessaria", "ORG")], 2),
        ([("Harbour Workers Union", "ORG"), ("HWU", "ORG")], 1),
        ([("Kursk Oblast", "GPE"), ("Kursk", "GPE")], 1),
        ([("Kessarian", "NORP"), ("Kessarians", "NORP")], 1),
        ([("ORLENZ", "GPE"), ("Orlenz", "GPE")], 1),
        ([("New York University", "ORG"), ("West Virginia University", "ORG")], 2),
    ],
)
def test_what_an_article_calls_one_thing_is_one(spelled, entity):
    found = mentions(*[("a0", text, label) for text, label in spelled])
    assert len(set(named(found, articles("")).values())) == entity


def test_the_north_is_the_country_of_the_article():
    found = mentions(("a0", "North Korea", "GPE"), ("a0", "North", "ORG"), ("a1", "North", "LOC"))
    added = entities.add_entity(
        found, articles("", ""), entities.find_entities(found, articles("", ""))
    )
    assert list(added["entity_id"]) == ["gpe-north-korea", "gpe-north-korea", "loc-north"]


def test_the_north_of_an_article_with_two_stays_apart():
    found = mentions(
        ("a0", "North Korea", "GPE"), ("a0", "North Macedonia", "GPE"), ("a0", "North", "LOC")
    )
    table = entities.find_entities(found, articles("")).set_index("entity")
    assert table.loc["North", "merge_reason"].endswith("not joined")


def test_a_word_is_short_for_a_body_only_where_it_stands_alone():
    found = mentions(("a0", "Korean People’s Army", "ORG"), ("a0", "Army", "ORG"))
    weapon = "The Korean People’s Army fears Army Tactical Missile Systems."
    assert len(set(named(found, articles(weapon)).values())) == 2
    alone = "The Korean People’s Army marched. The Army won."
    assert set(named(found, articles(alone)).values()) == {"Korean People's Army"}


def test_a_surname_goes_on_meaning_whom_it_meant_before_another_was_named():
    rows = ["Ted Quist", "Quist", "Quist", "Heidi Quist", "Quist"]
    found = mentions(*[("a0", text, "PERSON") for text in rows])
    added = entities.add_entity(found, articles(""), entities.find_entities(found, articles("")))
    assert list(added["entity_id"]) == ["person-ted-quist"] * 3 + [
        "person-heidi-quist",
        "person-ted-quist",
    ]


def test_two_people_of_one_surname_named_before_it_leave_it_open():
    rows = ["Ted Quist", "Heidi Quist", "Quist"]
    found = mentions(*[("a0", text, "PERSON") for text in rows])
    assert named(found, articles(""))["Quist"] == "Quist"


def test_two_people_of_one_name_in_one_article_are_one_row_and_nothing_breaks():
    found = mentions(("a0", "Sam Hill", "PERSON"), ("a0", "Sam Hill", "PERSON"))
    assert entities.find_entities(found, articles("Sam Hill, 34, and Sam Hill, 61, met."))[
        "entity"
    ].tolist() == ["Sam Hill"]


def test_one_and_several_of_a_people_are_one_over_the_corpus():
    found = mentions(("a0", "Kessarian", "NORP"), ("a1", "Kessarians", "NORP"))
    assert len(entities.find_entities(found, articles("", ""))) == 1


def test_a_body_is_called_by_its_long_form_however_often_its_acronym_stands():
    text = "The Harbour Workers’ Union (HWU) met."
    rows = [("a0", "Harbour Workers’ Union", "ORG"), ("a0", "HWU", "ORG")]
    rows += [(article, "HWU", "ORG") for article in ("a1", "a2", "a2")]
    table = entities.find_entities(mentions(*rows), articles(text, "HWU met.", "HWU and HWU."))
    assert table["entity"].tolist() == ["Harbour Workers' Union"]


def test_an_acronym_defined_elsewhere_joins_where_all_articles_agree():
    text = "The Harbour Workers’ Union (HWU) met."
    rows = [("a0", "Harbour Workers’ Union", "ORG"), ("a0", "HWU", "ORG"), ("a1", "HWU", "ORG")]
    table = entities.find_entities(mentions(*rows), articles(text, "HWU met."))
    assert table["entity"].tolist() == ["Harbour Workers' Union"]
    assert "HWU: acronym defined in 1 other article" in table["merge_reason"].item()
    other = "The Hill Walkers’ Union (HWU) met."
    rows += [("a2", "Hill Walkers’ Union", "ORG"), ("a2", "HWU", "ORG")]
    table = entities.find_entities(mentions(*rows), articles(text, "HWU met.", other))
    reasons = table.set_index("entity")["merge_reason"]
    assert "Harbour Workers' Union or Hill Walkers' Union: not joined" in reasons["HWU"]


def test_a_bare_name_that_fits_two_people_of_the_corpus_joins_neither():
    rows = ["George W. Bush", "George H.W. Bush", "George Bush"]
    found = mentions(*[(f"a{at}", text, "PERSON") for at, text in enumerate(rows)])
    table = entities.find_entities(found, articles("", "", "")).set_index("entity")
    assert len(table) == 3
    assert table.loc["George Bush", "merge_reason"].endswith("not joined")


def test_bodies_that_name_their_country_have_it():
    found = mentions(("a0", "Japanese Fisheries Agency", "ORG"), ("a0", "Xinhua", "ORG"))
    assert set(entities.find_entities(found, articles(""))["country"]) == {"JPN", "CHN"}


@given(st.lists(st.tuples(st.sampled_from(["a0", "a1", "a2"]), SPELLINGS), max_size=14))
def test_names_summed_up_part_by_part_merge_as_the_whole(rows):
    found = mentions(*[(article, text, label) for article, (text, label) in rows])
    texts = articles("The Harbour Workers’ Union (HWU) met.", "", "HWU")
    parts = [
        entities.summarise_names(found[found["article_id"] == one], texts)
        for one in ("a2", "a0", "a1")
    ]
    whole = entities.find_entities(found, texts)
    pd.testing.assert_frame_equal(entities.find_entities_from(parts), whole)
    assert sum(part["mentions"].sum() for part in parts) == len(found)


def test_eight_times_the_names_take_about_eight_times_as_long():
    given, family = [f"G{i}" for i in range(90)], [f"Fam{i}" for i in range(700)]

    def seconds(number: int) -> float:
        rows = [
            (f"a{at // 100}", (f"{given[at % 90]} " if at % 3 else "") + family[at % 700], "PERSON")
            for at in range(number)
        ]
        found, texts = mentions(*rows), articles(*[""] * (number // 100))
        start = time.process_time()
        entities.add_entity(found, texts, entities.find_entities(found, texts))
        return time.process_time() - start

    assert seconds(24_000) < 20 * min(seconds(3_000) for _ in range(3))


def test_no_mentions_give_no_entities():
    table = entities.find_entities(mentions(), articles())
    assert table.empty and list(table.columns) == schema.TABLES["entities"].columns.names
    assert entities.add_entity(mentions(), articles(), table).empty


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


# ------------------------------------------------------------- against what careful readers count

# The story in headline, standfirst and body, counted by hand by name: every country, person, news
# agency or outlet and body.
STORY = {
    "GPE": {
        "Russia": 17,
        "United States": 16,
        "North Korea": 12,
        "Ukraine": 12,
        "China": 5,
        "Japan": 5,
        "Kursk": 3,
        "Moscow": 2,
        "Pyongyang": 2,
        "South Korea": 2,
        "Kyiv": 1,
        "Peru": 1,
        "Tokyo": 1,
        "Washington": 1,
    },
    "PERSON": {
        "Kim Jong Un": 5,
        "Joe Biden": 4,
        "Xi Jinping": 3,
        "Volodymyr Zelenskyy": 2,
        "Leonid Slutsky": 1,
    },
    "ORG": {
        "Korean Central News Agency": 2,
        "White House": 2,
        "Xinhua News Agency": 2,
        "G7": 1,
        "Korean People's Army": 1,
        "NHK": 1,
        "New York Times": 1,
        "State Duma": 1,
        "TASS": 1,
    },
}
REGIONS = {"Asia-Pacific", "Europe", "Indo-Pacific", "Korean Peninsula", "West"}


@pytest.fixture(scope="module")
def story(stories) -> pd.DataFrame:
    """The names in the story that are counted by default, each with its entity."""
    from helpers.annotate import mentions as reader

    text = (stories / "rfa_2024-11-18_long-range-missiles.txt").read_text(encoding="utf-8")
    texts = pd.DataFrame({"article_id": ["a"], "text": [text]})
    article = Article(text, "a")
    found = reader.find_mentions([article])
    found["role"] = found["start"].map(article.role_at)
    table = entities.find_entities(found, texts)
    found = entities.add_entity(found, texts, table).drop(columns="label")
    found = found[found["role"].isin(schema.DEFAULT_ROLES)]
    return found.merge(table, on="entity_id", validate="many_to_one")


@pytest.mark.parametrize("label", STORY)
def test_the_story_is_counted_as_a_careful_reader_counts(story, label):
    counts = story.loc[story["label"] == label, "entity"].value_counts().to_dict()
    assert {name: n for name, n in counts.items() if name not in REGIONS} == STORY[label]


def test_no_photographer_editor_or_slug_is_counted_in_the_story(story):
    assert not story["entity"].str.contains("Millis|Firn|Reuters|russia_", regex=True).any()


def test_capitals_that_act_in_the_story_stand_for_governments(story):
    acting = story.loc[story["stands_for"] == "government", "entity"]
    assert set(acting) == {"Moscow", "Pyongyang", "Kyiv", "Washington", "Tokyo"}


@pytest.fixture(scope="module")
def sample_names() -> tuple[pd.DataFrame, pd.DataFrame]:
    """The names of the hand-coded sample articles, by their coders and by the tool."""
    from helpers.annotate import mentions as reader

    articles_folder = SAMPLE / "articles"
    coded = corpora.read_codings(SAMPLE / "gold" / "agreed", articles_folder).entities
    texts = pd.DataFrame(
        [(path, (articles_folder / path).read_bytes().decode()) for path in coded["path"].unique()],
        columns=["article_id", "text"],
    )
    found = reader.find_mentions(texts)
    found = entities.add_entity(found, texts, entities.find_entities(found, texts))
    forms = pd.DataFrame(
        {
            (row.path, names.plain(form), row.label, row.entity)
            for row in coded.itertuples()
            for form in (row.entity, *row.forms)
        },
        columns=["article_id", "form", "label", "gold"],
    ).drop_duplicates(["article_id", "form"], keep=False)
    gold = found.drop(columns="label").assign(form=found["text"].map(names.plain))
    gold = gold.merge(forms, on=["article_id", "form"], validate="many_to_one")
    gold["parts"] = gold[["start", "end"]].to_numpy().tolist()
    return gold.assign(parts=gold["parts"].map(lambda part: [part])), found


def test_names_of_the_sample_are_grouped_as_its_coders_group_them(sample_names):
    scores = pairing.measure_clustering(*sample_names).set_index("label")
    print(f"\nSample gold, names grouped within a document\n{scores.to_string()}")
    assert scores.loc["all", "precision"] >= 0.98
    assert scores.loc["all", "f1"] >= 0.97
    assert scores.loc["PERSON", "f1"] >= 0.96 and scores.loc["ORG", "f1"] >= 0.98
