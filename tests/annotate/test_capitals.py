"""Capitals that stand for governments, told by what is said of them."""

from __future__ import annotations

import re

import pytest

from helpers.annotate import capitals


def meant(marked: str) -> str:
    """Read the name after the asterisk."""
    start = marked.index("*")
    text = marked.replace("*", "")
    return capitals.stands_for(text, start, start + re.match(r"\w+", text[start:]).end())


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
