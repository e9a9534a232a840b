"""Countries from open data: sources filled, names added, nothing taken away."""

from __future__ import annotations

import importlib.util

import pandas as pd

from helpers.store import lexicons

script = importlib.util.spec_from_file_location("update", lexicons.LEXICONS / "update.py")
countries = importlib.util.module_from_spec(script)
script.loader.exec_module(countries)

FACTS = [
    countries.Fact("Korea, Republic", "country", "KOR", "CLDR"),
    countries.Fact("Republic of Peru", "country", "PER", "ISO 3166-1 via pycountry 1"),
    countries.Fact("Lima", "capital", "PER", "GeoNames"),
    countries.Fact("US", "country", "USA", "CLDR"),
    countries.Fact("Peruvian", "people", "PER", "countryinfo"),
    countries.Fact("Limean", "people", "PER", "countryinfo"),
]
UNREAD = "general knowledge, not read at a source"


def test_a_confirmed_row_names_its_source_and_another_keeps_its_own():
    rows = [
        ("Lima", "capital", "PER", "Lima", UNREAD),
        ("U.S.", "country", "USA", "United States", UNREAD),
        ("Cusco", "city", "PER", "Cusco", UNREAD),
        ("US", "region", "PER", "US", UNREAD),
    ]
    places = pd.DataFrame(rows, columns=["name", "kind", "country", "place", "source"])
    updated = countries.update_places(places, FACTS).set_index(["name", "kind"])["source"]
    assert updated["Lima", "capital"] == "GeoNames"
    assert updated["U.S.", "country"] == "CLDR"
    assert updated["Cusco", "city"] == updated["US", "region"] == UNREAD
    assert "pycountry" in updated["Republic of Peru", "country"]
    assert len(updated) == len(rows) + 1


def test_plurals_rest_on_their_singular_and_new_peoples_are_added():
    rows = [("Peruvians", "PER", "Peru", UNREAD), ("Finns", "FIN", "Finland", UNREAD)]
    demonyms = pd.DataFrame(rows, columns=["demonym", "country", "place", "source"])
    updated = countries.update_demonyms(demonyms, FACTS).set_index("demonym")["source"]
    assert updated["Peruvians"] == "plural of Peruvian, countryinfo"
    assert updated["Finns"] == UNREAD and "Limean" in updated


def test_most_countries_capitals_and_peoples_rest_on_open_data():
    places = lexicons.read_lexicon("places")
    places = places[places["kind"].isin(["country", "capital"])]
    assert places["source"].str.startswith("general knowledge").mean() < 0.1
    demonyms = lexicons.read_lexicon("demonyms")
    assert demonyms["source"].str.startswith("general knowledge").mean() < 0.25
