"""What short forms, acronyms and spellings of bodies, places and peoples stand for."""

from __future__ import annotations

import pytest

from helpers.annotate import bodies


def entities_of(text: str = "", **named: list[str]) -> dict[str, str]:
    """Return the entity of each written name, given the names of each label."""
    counts = {label: dict.fromkeys(written, 1) for label, written in named.items()}
    found = bodies.name_things(counts, text)
    return {written: naming.entity for (written, _), naming in found.items()}


@pytest.mark.parametrize(
    ("label", "short", "whole"),
    [
        ("ORG", "Northern Ferry", "Northern Ferry Company of Marland"),  # its beginning
        ("ORG", "Castellan", "Castellan Holdings"),  # without the legal form
        ("ORG", "HPA", "Harwick Port Authority"),  # the first letters
        ("EVENT", "Harwick Regatta", "Harwick Regatta Week"),
    ],
)
def test_a_short_form_stands_for_the_one_longer_name(label, short, whole):
    found = entities_of(**{label: [short, whole]})
    assert found[short] == found[whole]


@pytest.mark.parametrize(
    ("short", "others"),
    [
        ("Harwick", ["Harwick Ferries", "Harwick Mills"]),  # could be either
        ("House", ["Green House"]),  # no noun for a body
        ("Christian", ["Christian Ferry Group"]),  # begins many names
    ],
)
def test_a_short_form_of_several_or_of_none_stays_as_it_is(short, others):
    assert entities_of(ORG=[short, *others])[short] == short


def test_what_a_short_form_could_be_is_told():
    counts = {"ORG": dict.fromkeys(["Harwick", "Harwick Ferries", "Harwick Mills"], 1)}
    reason = bodies.name_things(counts, "")["Harwick", "ORG"].reason
    assert "Harwick Ferries" in reason and "Harwick Mills" in reason


def test_a_word_that_is_only_the_beginning_of_a_weapon_is_not_short_for_an_army():
    names = ["Marland Army", "Army"]
    assert entities_of("The Army said so.", ORG=names)["Army"] == "Marland Army"
    assert entities_of("It has Army Tactical Missiles.", ORG=names)["Army"] == "Army"


def test_an_acronym_defined_in_the_article_comes_before_its_letters():
    text = "The Harbour Pilots Association (HPA) struck. The Harwick Port Authority waited."
    found = entities_of(text, ORG=["HPA", "Harbour Pilots Association", "Harwick Port Authority"])
    assert found["HPA"] == "Harbour Pilots Association"


def test_the_spelling_in_capitals_is_not_the_one_shown():
    assert set(entities_of(ORG=["CASTELLAN", "Castellan"]).values()) == {"Castellan"}


def test_the_north_is_the_one_country_named_so():
    assert entities_of(GPE=["North Korea"], LOC=["the North"])["the North"] == "North Korea"
    assert entities_of(GPE=["Norway"], LOC=["the North"])["the North"] == "North"


@pytest.mark.parametrize(
    ("one", "other", "label"),
    [
        ("Chinese Foreign Ministry", "China’s Foreign Ministry", "ORG"),
        ("Castellan Inc.", "Castellan", "ORG"),
        ("Kursk Oblast", "Kursk", "GPE"),
        ("Norwegians", "Norwegian", "NORP"),
    ],
)
def test_two_ways_of_writing_one_name_have_one_core(one, other, label):
    assert bodies.core_of(one, label) == bodies.core_of(other, label)


def test_the_country_at_the_front_of_a_name_is_told_apart():
    assert bodies.split_country("Chinese Foreign Ministry") == ("CHN", "Foreign Ministry")
    assert bodies.split_country("Foreign Ministry") == ("", "Foreign Ministry")
    assert bodies.own_country("Norwegian Coast Guard") == "NOR"


def test_acronyms_of_a_name_take_small_words_or_leave_them():
    assert bodies.acronyms_of("Union of Harbour Workers") == {"UHW", "UOHW"}
    assert bodies.acronyms_among(["UHW", "Union of Harbour Workers", "HPA"]) == {"UHW"}
