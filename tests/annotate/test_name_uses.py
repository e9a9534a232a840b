"""What an article's own use of a name says: places, peoples, companies, agencies of datelines."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.annotate import name_uses


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
    assert "Kessaria" in name_uses.used_as_places(text)


@pytest.mark.parametrize(
    "text",
    [
        "A letter from Kessaria came.",
        "In Kessaria’s view it rained.",
        "HARWICK, May 18 – It rained.",
    ],
)
def test_what_is_said_of_people_too_makes_no_place(text):
    assert not {"Kessaria", "May"} & name_uses.used_as_places(text)


@pytest.mark.parametrize(
    "text",
    [
        "Castellan, a shipping company, left.",
        "It was bought by the company Castellan last year.",
    ],
)
def test_a_body_is_used_as_one(text):
    assert "Castellan" in name_uses.used_as_bodies(text)


def test_an_acronym_apposed_to_a_news_agency_is_its_name():
    assert name_uses.used_as_bodies("The state news agency, VRN, said so.") == {"VRN"}
    assert not name_uses.used_as_bodies("He left the news agency, Mara Quist, a friend, said.")


def test_what_is_all_capitals_and_reports_is_a_body():
    assert name_uses.used_as_bodies("It rained, VRN reported. VRK later quoted Quist.") == {
        "VRN",
        "VRK",
    }
    assert not name_uses.used_as_bodies("QUIST SAID NO. Quist reported losses. JFK said no.")


def test_a_lawyer_of_a_company_is_no_company():
    text = "The lawyer for the company, Beatrix Lorne, and Piers Lee, a company founder, left."
    assert not name_uses.used_as_bodies(text)


def test_datelines_name_a_place_and_an_agency():
    text = "LOWER TOLVA, March 5 (Mercury) – It rained.\nNATO said it snowed."
    assert [text[slice(*span)] for span in name_uses.find_datelines(text)] == ["LOWER TOLVA"]
    assert name_uses.find_agencies(text) == {"Mercury"}


def test_a_people_is_known_by_its_place():
    words = {"Kessaria", "Kessarians", "Marland", "Marlanders", "Quist"}
    peoples = {"Kessarians": "Kessaria", "Marlanders": "Marland"}
    assert name_uses.find_peoples(words) == peoples


SURNAMES = """
Modi Gandhi Pelosi Khamenei Salvini Messi Suzuki Audi Berlusconi Meloni Draghi Renzi Mancini Rossi
Ferrari Bianchi Qaddafi Rafsanjani Sistani Rouhani Ghani Karzai Zardari Sharifi Hariri Netanyahu
Abadi Maliki Barzani Talabani Mahathir Jokowi Honda Kishi Takaichi Ishiba Putin Stalin Chopin
Fillon Macron Sarkozy Orban Erdogan Merkel Olmert Khan Fisher Parker Hunter English Welsh
"""


@pytest.mark.parametrize("surname", SURNAMES.split())
def test_a_surname_is_no_people_of_itself(surname):
    assert name_uses.find_peoples({surname, "Quist", "Lind"}) == {}


@given(st.text(max_size=80))
def test_any_text_is_read(text):
    used = name_uses.used_as_places(text) | name_uses.used_as_bodies(text)
    assert all(word in text or word.upper() in text for word in used)


# ------------------------------------------------------------------ capitals for governments


def meant(marked: str) -> str:
    """Read the name after the asterisk."""
    start = marked.index("*")
    text = marked.replace("*", "")
    return name_uses.stands_for(text, start, start + re.match(r"\w+", text[start:]).end())


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
