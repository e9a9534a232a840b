"""Names in text: spans, labels, the lexicons' corrections, and the law of find_*."""

from __future__ import annotations

import re

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.annotate import mentions, names
from helpers.model import decoding
from helpers.store import schema
from helpers.text.article import Article

PIECES = st.sampled_from(
    [
        "Mara Quist",
        "the Harbour Workers’ Union (HWU)",
        "“We know,” said Mr. Quist.",
        "U.S.-led",
        "North Koreans",
        "KYIV, Ukraine –",
        "\n\n",
        "\u2028",
        "🙂",
        "مرحبا",
        "\x00",
        "Quist’s",
        "…",
    ]
)
TEXTS = st.lists(st.one_of(PIECES, st.text(max_size=12)), max_size=8).map(" ".join)


def frame(*texts: str) -> pd.DataFrame:
    return pd.DataFrame({"article_id": [f"a{i}" for i in range(len(texts))], "text": texts})


def found(text: str) -> list[tuple[str, str]]:
    table = mentions.find_mentions(frame(text))
    return list(zip(table["text"], table["label"], strict=True))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The U.S. and the United States signed it.", ("U.S.", "GPE")),
        ("U.S.-supplied trucks arrived in the town.", ("U.S.", "GPE")),
        ("North Korean officials met them.", ("North Korean", "NORP")),
        ("North Koreans voted.", ("North Koreans", "NORP")),
        ("North Korea’s ministers met.", ("North Korea", "GPE")),
        ("The report reached Pyongyang on Monday.", ("Pyongyang", "GPE")),
        ("He spoke to Xinhua on Monday.", ("Xinhua", "ORG")),
        ("Japan’s broadcaster NHK said so.", ("NHK", "ORG")),
        ("According to The New York Times, it rained.", ("New York Times", "ORG")),
        ("Odo Brandvik praised it, the state-run ODR reported.", ("ODR", "ORG")),
        ("Prime Minister Odo Brandvik spoke.", ("Odo Brandvik", "PERSON")),
        ("She joined the Ministry of Fisheries and Ports in May.", None),
    ],
)
def test_names_are_found_and_labelled(text, expected):
    if expected is None:
        expected = ("Ministry of Fisheries and Ports", "ORG")
    assert expected in found(text)


def test_a_surname_alone_is_the_person_named_in_full():
    text = "Odo Brandvik runs the port of Sennock. On Monday Brandvik closed it."
    assert ("Brandvik", "PERSON") in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "HARWICK, Marland – Talks broke down. Marland has asked for more.",
        "Marland’s biggest port is shut. Marland has asked for more.",
        "He is a citizen of Marland. Marland has asked for more.",
        "Marland and Norway signed a treaty. Marland has asked for more.",
    ],
)
def test_a_place_is_known_by_the_use_an_article_makes_of_its_name(text):
    assert {label for name, label in found(text) if name == "Marland"} == {"GPE"}


def names_read(text: str, *read: tuple[str, str, float]) -> list[tuple[str, str]]:
    """The names of a text of which the reader has given the ones told, with label and chance."""
    named = tuple(
        decoding.Name(text.index(word), text.index(word) + len(word), label, chance)
        for word, label, chance in read
    )
    article = Article(text, reading=decoding.Reading(named, ()))
    return [(text[n.start : n.end], n.label) for n in mentions.find_mentions_in(article)]


@pytest.mark.parametrize(
    ("text", "read", "names"),
    [
        (
            "The gang goes by the name of Paper Lantern.",
            ("Paper", "ORG", 0.45),
            [("Paper Lantern", "ORG")],
        ),
        ("Mum Jutta was there.", ("Mum", "PERSON", 0.4), [("Mum", "PERSON")]),
        ("He wrote to Maeng Do-un. Maeng Do-un left.", ("Maeng Do", "PERSON", 0.9),
         [("Maeng Do-un", "PERSON")]),
        ("Castellan Ports’ pay fell.", ("Castellan", "PERSON", 0.9), [("Castellan Ports", "ORG")]),
        ("It told the Mercury so.\nOSLO (Mercury) – Rain.", ("Mercury", "GPE", 0.9),
         [("Mercury", "ORG")]),
    ],
)  # fmt: skip
def test_what_the_reader_cut_or_took_for_a_name(text, read, names):
    found = names_read(text, read)
    assert set(names) <= set(found)
    assert read[:2] in names or read[:2] not in found


def test_a_family_name_in_front_stands_for_the_person():
    text = "Director Maeng Do-un resigned. The board thanked Maeng on Friday."
    assert ("Maeng", "PERSON") in found(text)


def test_a_surname_inside_a_longer_name_is_no_person():
    text = "Henry Salter spoke on Monday. The Salter Dock Company refused, Salter said."
    assert found(text) == [
        ("Henry Salter", "PERSON"),
        ("Salter Dock Company", "ORG"),
        ("Salter", "PERSON"),
    ]


def test_a_name_may_begin_with_a_figure():
    text = "The match was broadcast on 4QR. Radio station 4QR is owned by Coastal Media."
    assert [name for name, label in found(text) if label == "ORG"] == [
        "4QR",
        "4QR",
        "Coastal Media",
    ]


def test_what_follows_a_role_may_be_a_body():
    text = "The station was bought by its current owner Southern Cross Broadcasting in 2006."
    assert found(text) == [("Southern Cross Broadcasting", "ORG")]


def test_an_acronym_defined_in_the_text_has_the_label_of_its_long_form():
    text = "The Harbour Workers’ Union (HWU) met. The HWU will strike."
    assert found(text).count(("HWU", "ORG")) == 2


def test_image_slugs_and_lower_case_words_are_no_names():
    text = "north-korea-missile_11182024_2 The harbour was quiet."
    assert all(not name.islower() for name, _ in found(text))


def test_no_articles_give_no_mentions():
    empty = mentions.find_mentions(frame())
    assert list(empty.columns) == schema.TABLES["mentions"].columns.names
    assert empty.empty


@given(st.lists(TEXTS, max_size=3))
def test_every_mention_is_what_stands_in_the_text(texts):
    articles = frame(*texts)
    table = mentions.find_mentions(articles)
    schema.to_arrow("mentions", table)
    by_id = dict(zip(articles["article_id"], articles["text"], strict=True))
    for row in table.itertuples():
        assert row.text == by_id[row.article_id][row.start : row.end]
    for _, rows in table.groupby("article_id"):
        assert (rows["start"].iloc[1:].to_numpy() >= rows["end"].iloc[:-1].to_numpy()).all()


def test_the_same_articles_give_the_same_mentions_and_stay_as_they_were():
    articles = frame("Odo Brandvik met the HWU in Oslo.")
    before = articles.copy()
    first, second = mentions.find_mentions(articles), mentions.find_mentions(articles)
    pd.testing.assert_frame_equal(first, second)
    pd.testing.assert_frame_equal(articles, before)


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("the  United\nStates’", "United States"),
        ("U.S.", "US"),
        ("Harbour Workers’ Union", "Harbour Workers' Union"),
        ("Lena’s", "Lena"),
    ],
)
def test_plain_names_compare_alike(written, plain):
    assert names.plain(written) == plain


def test_acronyms_need_agreeing_initials():
    text = "Korea Central News Agency, or KCNA, and the Old Mill (HWU) met the Port Board (PB)."
    assert set(names.find_acronyms(text)) == {"KCNA", "PB"}


def test_a_nickname_stands_inside_a_name_and_a_title_alone_is_none():
    text = "Bram “Bo” Orr rang. The Crown Prince called. His voice broke."
    read = [("Bram", "PERSON", 0.9), ("Crown Prince", "PERSON", 0.9), ("His", "PERSON", 0.9)]
    assert names_read(text, *read) == [("Bram “Bo” Orr", "PERSON")]


def test_letters_of_a_word_in_capitals_are_letters_of_an_acronym():
    assert "UNHCR" in names.find_acronyms("The UN High Commissioner for Refugees (UNHCR) left.")


@pytest.mark.parametrize(
    ("written", "bare"),
    [("Gen Orr", "Orr"), ("Gen. Orr", "Orr"), ("Gen Z", "Gen Z"), ("Datuk Seri Orr", "Orr")],
)
def test_titles_go_with_and_without_a_point(written, bare):
    assert written[names.strip_titles(written, 0, len(written)) :] == bare


def test_ambiguous_names_are_not_taken_on_sight():
    text = "Jordan Pell bought Time and an Apple."
    assert not list(names.find_known(text))


def test_two_surnames_joined_by_a_hyphen_are_two_people():
    text = "Odo Brandvik met Lena Quist.\n\nBrandvik-Quist talks\n\nBrandvik left first."
    table = mentions.find_mentions(frame(text))
    start = text.index("Brandvik-Quist")
    inside = table[(table["start"] >= start) & (table["end"] <= start + len("Brandvik-Quist"))]
    assert list(inside["text"]) == ["Brandvik", "Quist"]
    assert set(inside["label"]) == {"PERSON"}


# ------------------------------------------------------------------------ what uses of a name tell


@pytest.mark.parametrize(
    "text",
    [
        "They met in Kessaria on Monday.",
        "Kessaria’s foreign minister left.",
        "A student from Kessaria was held.",
        "HARWICK, Kessaria – It rained.",
        "HARWICK, Kessaria, May 18 (Mercury) – It rained.",
        "KESSARIA, May 18 (Mercury) – It rained.",
        "Kessaria, Marland’s capital, was quiet.",
        "He crossed the Kessaria border at noon.",
    ],
)
def test_a_place_is_used_as_one(text):
    assert "Kessaria" in mentions.used_as("place", text)


@pytest.mark.parametrize(
    "text",
    [
        "A letter from Kessaria came.",
        "In Kessaria’s view it rained.",
        "HARWICK, May 18 – It rained.",
    ],
)
def test_what_is_said_of_people_too_makes_no_place(text):
    assert not {"Kessaria", "May"} & mentions.used_as("place", text)


@pytest.mark.parametrize(
    "text",
    [
        "Castellan, a shipping company, left.",
        "It was bought by the company Castellan last year.",
    ],
)
def test_a_body_is_used_as_one(text):
    assert "Castellan" in mentions.used_as("body", text)


def test_an_acronym_apposed_to_a_news_agency_is_its_name():
    assert mentions.used_as("body", "The state news agency, VRN, said so.") == {"VRN"}
    assert not mentions.used_as("body", "He left the news agency, Mara Quist, a friend, said.")


def test_what_is_all_capitals_and_reports_is_a_body():
    assert mentions.used_as("body", "It rained, VRN reported. VRK later quoted Quist.") == {
        "VRN",
        "VRK",
    }
    assert not mentions.used_as("body", "QUIST SAID NO. Quist reported losses. JFK said no.")


def test_a_lawyer_of_a_company_is_no_company():
    text = "The lawyer for the company, Beatrix Lorne, and Piers Lee, a company founder, left."
    assert not mentions.used_as("body", text)


def test_datelines_name_a_place_and_an_agency():
    text = "LOWER TOLVA, March 5 (Mercury) – It rained.\nNATO said it snowed."
    assert [text[slice(*span)] for span in mentions.find_datelines(text)] == ["LOWER TOLVA"]
    assert mentions.find_agencies(text) == {"Mercury"}


def test_a_people_is_known_by_its_place():
    words = {"Kessaria", "Kessarians", "Marland", "Marlanders", "Quist"}
    peoples = {"Kessarians": "Kessaria", "Marlanders": "Marland"}
    assert mentions.find_peoples(words) == peoples


SURNAMES = """
Modi Gandhi Pelosi Khamenei Salvini Messi Suzuki Audi Berlusconi Meloni Draghi Renzi Mancini Rossi
Ferrari Bianchi Qaddafi Rafsanjani Sistani Rouhani Ghani Karzai Zardari Sharifi Hariri Netanyahu
Abadi Maliki Barzani Talabani Mahathir Jokowi Honda Kishi Takaichi Ishiba Putin Stalin Chopin
Fillon Macron Sarkozy Orban Erdogan Merkel Olmert Khan Fisher Parker Hunter English Welsh
"""


@pytest.mark.parametrize("surname", SURNAMES.split())
def test_a_surname_is_no_people_of_itself(surname):
    assert mentions.find_peoples({surname, "Quist", "Lind"}) == {}


@given(st.text(max_size=80))
def test_any_text_is_read(text):
    used = mentions.used_as("place", text) | mentions.used_as("body", text)
    assert all(word in text or word.upper() in text for word in used)


# ------------------------------------------------------------------ capitals for governments


def meant(marked: str) -> str:
    """Read the name after the asterisk."""
    start = marked.index("*")
    text = marked.replace("*", "")
    return mentions.stands_for(text, start, start + re.match(r"\w+", text[start:]).end())


@pytest.mark.parametrize(
    "marked",
    [
        "*Moscow had not responded to the report.",
        "Both *Moscow and Pyongyang had not responded.",
        "Both Moscow and *Pyongyang had not responded.",
        "*Tokyo had also decided to coordinate.",
        "The decision to let *Kyiv strike was late.",
        "The scope of *Washington’s military intervention is wide.",
        "Sanctions against *Moscow and Pyongyang",
        "Sanctions against Moscow and *Pyongyang",
        "Talks between Washington and *Tehran.",
        "*Seoul, which has sought talks, said it would wait.",
    ],
)
def test_what_governments_do_own_and_are_done_to(marked):
    assert meant(marked) == "government"


@pytest.mark.parametrize(
    "marked",
    [
        "They met in *Lima, Peru, on Friday.",
        "She lives in *Paris.",
        "*London is a city.",
        "*Berlin residents said so.",
        "The mayor of *London said so.",
        "*Washington Post reporters",
        "He flew to *Rome on Monday.",
        "*Harwick warned of floods.",
        "*China warned of floods.",
        "*Singapore warned of floods.",
    ],
)
def test_places_and_countries_stand_for_themselves(marked):
    assert meant(marked) == ""
