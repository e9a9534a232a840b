"""What an article's own use of a name says: places, peoples, companies, agencies of datelines."""

from __future__ import annotations

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
        "The chief executive of Castellan left.",
        "Castellan’s late chairman had left.",
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
