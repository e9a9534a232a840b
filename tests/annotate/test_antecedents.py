"""Whom a pronoun means: agreement first, then prominence; and the cast they are found in."""

from __future__ import annotations

import re

import pytest

from helpers.annotate import antecedents
from helpers.annotate.antecedents import HE, IT, SHE, THEY, Cast, Discourse, Referent, together
from helpers.store import lexicons
from helpers.text.article import Article


def discourse(text: str, *cast: tuple[str, str, float]) -> Discourse:
    """Return the memory of a text whose names are given with what they are and their gender."""
    memory = Discourse(Article(text))
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
    found = antecedents.gender_before(text, text.index("Lee"))
    assert (found > 0) - (found < 0) == sign


def test_given_names_are_evidence_only():
    assert antecedents.given_name("Mary Quist") == -antecedents.GIVEN_NAME
    assert antecedents.given_name("John Quist") == antecedents.GIVEN_NAME
    assert antecedents.given_name("Quist") == antecedents.given_name("Zzyx Quist") == 0
    assert (
        antecedents.GIVEN_NAME < -antecedents.DISAGREES
    )  # a title or the story's own words outweigh it


def test_every_given_name_has_one_gender():
    table = lexicons.read_lexicon("given_names")
    assert table["name"].is_unique
    assert set(table["gender"]) == {"male", "female"}
    nouns = lexicons.read_lexicon("gendered_nouns")
    assert nouns["noun"].is_unique and set(nouns["gender"]) == {"male", "female"}


def test_an_empty_article_means_nobody():
    memory = Discourse(Article(""))
    assert memory.person(0, HE, []) is memory.thing(0, []) is memory.group(0, []) is None


# --------------------------------------------------------------------------------------- cast


def cast(text: str, outlet: str = "", **labels: str) -> Cast:
    """Return the cast of a text; each label is given with the names that have it, "|" between."""
    named = [(name, label) for label, names in labels.items() for name in names.split("|")]
    mentions, taken = [], set()
    for name, label in sorted(named, key=lambda pair: -len(pair[0])):
        for match in re.finditer(rf"\b{re.escape(name)}\b", text):
            if not taken & set(range(*match.span())):
                taken |= set(range(*match.span()))
                mentions.append((*match.span(), name, label, f"{label}-{name}"))
    canonical = {mention[4]: mention[2] for mention in mentions}
    return Cast(Article(text, outlet=outlet), mentions, canonical)


def kinds(found: Cast) -> dict[str, str]:
    return {referent.speaker: referent.kind for referent in found.referents}


def test_the_article_s_own_outlet_and_known_ones_are_outlets():
    found = cast(
        "The Clarion met Reuters and Ferrow.", "City Clarion", ORG="Clarion|Reuters|Ferrow"
    )
    assert [r.speaker for r in found.referents if r.outlet] == ["Clarion", "Reuters"]


def test_several_who_speak_as_one_keep_the_order_of_their_ids():
    both = together([Referent("Ferrow", "org-1", "body"), Referent("its workers", "", "person")])
    assert (both.speaker, both.speaker_id) == ("Ferrow and its workers", "org-1;")


MARKS = [("“", "”"), ("‘", "’"), ("«", "»"), ("„", "“"), ('"', '"'), ("'", "'"), ("»", "«")]


@pytest.mark.parametrize("marks", MARKS, ids="".join)
def test_what_stands_in_quotation_marks_of_any_style_is_known_to_be_quoted(marks):
    opening, closing = marks
    text = f"Quist rang. {opening}Marr is late, and Marr is rude,{closing} Quist said."
    memory = Discourse(Article(text))
    quoted = range(text.index(opening), text.rindex(closing) + 1)
    assert all(memory.in_quotes(offset) == (offset in quoted) for offset in range(len(text)))
