"""Who is named by the words of a source, and who is only mentioned in them."""

from __future__ import annotations

import pytest
from sources_fixture import cast_of

from helpers.annotate import source_names


def named(source: str, before: str = "") -> list[str]:
    text = f"{before}{source} said so."
    cast = cast_of(text)
    found = source_names.named(cast, len(before), len(before) + len(source))
    return [referent.speaker for referent in found]


@pytest.mark.parametrize(
    ("source", "speakers"),
    [
        ("Justice Helen Marr", ["Helen Marr"]),
        ("the operator, Castellan", ["Castellan"]),
        ("the Dockers Union and Castellan", ["Dockers Union", "Castellan"]),
        ("Mara Quist and Bram Orr", ["Mara Quist", "Bram Orr"]),
        ("Mara Quist, who met Bram Orr", ["Mara Quist"]),
        ("Minister for Ports Mara Quist", ["Mara Quist"]),
        ("Castellan (CST) chair Mara Quist", ["Mara Quist"]),
        ("the chair of Castellan (CST), Mara Quist", ["Mara Quist"]),
        ("Mara Quist (Harwick) and former mayor Bram Orr", ["Mara Quist", "Bram Orr"]),
        (
            "Mara Quist, Helen Marr and Judge Bram Orr of Harwick",
            ["Mara Quist", "Helen Marr", "Bram Orr"],
        ),
        ("Mara Quist and the Dockers Union", ["Mara Quist", "Dockers Union"]),
        ("a specialist in tidal waters Mara Quist", ["Mara Quist"]),
    ],
)
def test_who_is_named_in_the_words_speaks(source, speakers):
    assert named(source) == speakers


@pytest.mark.parametrize(
    "source",
    [
        "a friend of Bram Orr",
        "Bram Orr’s lawyer",
        "the man who met Bram Orr",
        "a friend of actor Bram Orr",
        "an anti-Quist group",
        "several, including Bram Orr",
        "a clerk at Castellan",
        "the water was high",
    ],
)
def test_who_is_only_mentioned_does_not(source):
    assert named(source) == []


def test_the_parts_of_a_source_lie_between_commas_and_dashes_outside_brackets():
    text = "Quist, a judge (of Harwick) — and a sailor"
    parts = [text[slice(*part)] for part in source_names.segments(text, 0, len(text))]
    assert parts == ["Quist", "a judge (of Harwick)", "and a sailor"]
