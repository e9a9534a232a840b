"""How names are written: where they stand in a text."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.annotate import names

TEXTS = st.text("aAé_-’ 1.\n", max_size=30)


@pytest.mark.parametrize(
    ("text", "inside", "found"),
    [
        ("Ann, Anna and Ann", ("_", "-"), [0, 14]),
        ("Ann-Marie met Ann.", ("_", "-"), [14]),
        ("Ann-Marie met Ann.", ("_",), [0, 14]),
        ("nobody", ("_",), []),
    ],
)
def test_a_name_stands_where_no_word_runs_into_it(text, inside, found):
    assert list(names.places(text, "Ann", inside)) == found


@given(text=TEXTS, name=st.text("aAé’ .", min_size=1, max_size=3))
def test_names_stand_where_a_pattern_finds_them(text, name):
    pattern = rf"(?<![\w-]){re.escape(name)}(?![\w-])"
    assert list(names.places(text, name)) == [m.start() for m in re.finditer(pattern, text)]


@pytest.mark.parametrize(
    ("several", "one"),
    [
        ("North Koreans", "North Korean"),
        ("Serbs", "Serb"),
        ("Swedes", "Swede"),
        ("Finns", "Finn"),
        ("Kurds", "Kurd"),
        ("Uyghurs", "Uyghur"),
        ("Houthis", "Houthi"),
        ("Hutus", "Hutu"),
        ("Tories", "Tory"),
        ("Aussies", "Aussie"),
        ("Frenchmen", "Frenchman"),
        ("Swiss", "Swiss"),
        ("Chinese", "Chinese"),
    ],
)
def test_one_of_a_people(several, one):
    assert names.singular(several) == one
