"""Whom a pronoun means: agreement first, then prominence."""

from __future__ import annotations

import re

import pytest

from helpers.annotate import pronouns
from helpers.annotate.pronouns import HE, IT, SHE, THEY, Discourse, Referent
from helpers.store import lexicons


def discourse(text: str, *cast: tuple[str, str, float]) -> Discourse:
    """Return the memory of a text whose names are given with what they are and their gender."""
    memory = Discourse(text)
    for name, kind, male in cast:
        referent = Referent(name, f"id-{name}", kind, plural=kind == "group", male=male)
        for match in re.finditer(re.escape(name), text):
            memory.add(match.start(), match.end(), referent)
    return memory


def meant(memory: Discourse, pronoun: str, own=()) -> str:
    low = len(memory.text) - 1
    find = {IT: memory.thing, THEY: memory.group}.get(pronoun)
    referent = find(low, own) if find else memory.person(low, pronoun, own)
    return referent.speaker if referent else ""


def test_the_subject_of_the_sentence_before_is_meant():
    memory = discourse(
        "Quist met Marr at the gate. He spoke. x", ("Quist", "person", 0.0), ("Marr", "person", 0.0)
    )
    assert meant(memory, HE) == "Quist"


def test_gender_decides_before_nearness():
    memory = discourse(
        "Quist spoke first. Marr was late. x", ("Quist", "person", -4.0), ("Marr", "person", 4.0)
    )
    assert meant(memory, SHE) == "Quist"
    assert meant(memory, HE) == "Marr"


def test_nobody_of_the_other_gender_is_ever_meant():
    memory = discourse("Quist spoke first. x", ("Quist", "person", -4.0))
    assert meant(memory, HE) == ""


def test_the_last_to_speak_is_meant():
    cast = ("Quist", "person", 0.0), ("Marr", "person", 0.0)
    memory = discourse("Marr came. Quist said so to Marr. x", *cast)
    memory.speak(memory.places[1].referent, 12)
    assert meant(memory, HE) == "Quist"


@pytest.mark.parametrize(("whom", "meant_by_he"), [("a dentist", "a dentist"), ("the man", "Marr")])
def test_the_only_one_of_the_sentence_before_is_meant_though_another_spoke_last(whom, meant_by_he):
    text = f"Marr said so. It was sold to {whom}. "
    memory = discourse(f"{text}He left.", ("Marr", "person", 0.0))
    described = Referent(whom, "", "person")
    memory.add(text.index(whom), text.index(whom) + len(whom), described)
    memory.speak(memory.places[0].referent, 4)
    assert memory.person(len(text), HE, []).speaker == meant_by_he


def test_a_name_inside_a_quotation_counts_for_less():
    cast = ("Quist", "person", 0.0), ("Marr", "person", 0.0)
    assert meant(discourse("Quist rang. “Marr is late.” x", *cast), HE) == "Quist"


def test_the_words_said_do_not_name_who_says_them():
    memory = discourse("Quist is late, x", ("Quist", "person", 0.0))
    assert meant(memory, HE, own=[(0, 13)]) == ""


def test_it_is_a_body_and_they_are_several():
    cast = ("Union", "body", 0.0), ("Quist", "person", 0.0), ("pilots", "group", 0.0)
    memory = discourse("The Union met. Quist slept. The pilots left. x", *cast)
    assert meant(memory, IT) == "Union"
    assert meant(memory, THEY) == "pilots"


def test_an_outlet_that_opens_the_sentence_before_is_meant():
    memory = discourse("The Courier went further. X", ("Courier", "body", 0.0))
    memory.places[0].referent.outlet = True
    assert meant(memory, IT) == "Courier"


def test_another_outlet_is_meant_only_once_it_has_spoken():
    memory = discourse("Nobody met the Courier. x", ("Courier", "body", 0.0))
    memory.places[0].referent.outlet = True
    assert meant(memory, IT) == ""
    memory.speak(memory.places[0].referent, 22)
    assert meant(memory, IT) == "Courier"


@pytest.mark.parametrize(
    ("text", "sign"),
    [("Ms. Lee", -1), ("his widow, Lee", -1), ("Sir Lee", 1), ("the pilot Lee", 0), ("Lee", 0)],
)
def test_titles_and_nouns_before_a_name_tell_gender(text, sign):
    found = pronouns.gender_before(text, text.index("Lee"))
    assert (found > 0) - (found < 0) == sign


def test_an_apposition_tells_gender():
    assert pronouns.gender_after("Lee, a widow of 71, said", 3) < 0
    assert pronouns.gender_after("Lee, a pilot, said", 3) == 0


def test_given_names_are_evidence_only():
    assert pronouns.given_name("Mary Quist") == -pronouns.GIVEN_NAME
    assert pronouns.given_name("John Quist") == pronouns.GIVEN_NAME
    assert pronouns.given_name("Quist") == pronouns.given_name("Zzyx Quist") == 0
    assert pronouns.GIVEN_NAME < -pronouns.DISAGREES  # a title or the story's own words outweigh it


def test_pronouns_beside_a_lone_name_are_evidence():
    memory = discourse(
        "Quist lost her keys. Marr slept.", ("Quist", "person", 0), ("Marr", "person", 0)
    )
    pronouns.read_gender(memory)
    assert [place.referent.male for place in memory.places] == [-pronouns.NEARBY, 0]


def test_the_pronoun_of_who_speaks_tells_nothing_of_a_name_in_what_is_said():
    memory = discourse("Odo Tesk took none of her calls, she said. x", ("Tesk", "person", 0.0))
    pronouns.read_gender(memory)
    assert memory.places[0].referent.male == 0


def test_every_given_name_has_one_gender():
    table = lexicons.read_lexicon("given_names")
    assert table["name"].is_unique
    assert set(table["gender"]) == {"male", "female"}
    nouns = lexicons.read_lexicon("gendered_nouns")
    assert nouns["noun"].is_unique and set(nouns["gender"]) == {"male", "female"}


def test_an_empty_article_means_nobody():
    memory = Discourse("")
    assert memory.person(0, HE, []) is memory.thing(0, []) is memory.group(0, []) is None
