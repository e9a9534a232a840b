"""The cast of an article: what its names are, who bears a surname, names without a mention."""

from __future__ import annotations

import re

from helpers.annotate.cast import Cast, together
from helpers.annotate.pronouns import Referent


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
    return Cast(text, sorted(mentions), canonical, outlet)


def kinds(found: Cast) -> dict[str, str]:
    return {referent.speaker: referent.kind for referent in found.referents}


def test_a_person_with_a_chief_executive_is_a_body():
    found = cast("Quist met Ferrow’s chief executive.", PERSON="Quist|Ferrow")
    assert kinds(found) == {"Quist": "person", "Ferrow": "body"}


def test_a_firm_called_after_somebody_is_a_body():
    found = cast("Lena Marr runs Marr Minerals.", PERSON="Lena Marr|Marr Minerals")
    assert kinds(found) == {"Lena Marr": "person", "Marr Minerals": "body"}


def test_a_person_who_is_called_a_company_and_has_an_age_stays_a_person():
    found = cast("The firm Ferrow, 34, spoke.", PERSON="Ferrow")
    assert kinds(found) == {"Ferrow": "person"}


def test_a_word_for_people_is_no_name():
    found = cast(
        "Pensioner spoke. Baker came. Mara Baker left.", PERSON="Pensioner|Baker|Mara Baker"
    )
    assert kinds(found) == {"Pensioner": "", "Baker": "person", "Mara Baker": "person"}


def test_a_surname_under_another_label_is_its_bearer():
    found = cast("Osric Dane came. Captain Dane left.", PERSON="Osric Dane", NORP="Dane")
    assert {mention.referent.speaker for mention in found.mentions} == {"Osric Dane"}


def test_a_surname_that_two_bear_is_the_last_named_fully():
    text = "Mara Quist and John Quist came. Ms Quist spoke. Then John Quist left. Quist waved."
    found = cast(text, PERSON="Mara Quist|John Quist|Quist")
    short = [mention for mention in found.mentions if mention.text == "Quist"]
    assert [found.which(mention).speaker for mention in short] == ["Mara Quist", "John Quist"]


def test_bodies_without_a_mention_are_added():
    found = cast("They told the operator, Ferrow Ports, and Radio Ansel. Police Friday left.")
    assert {m.referent.speaker for m in found.mentions if m.label == "ORG"} == {
        "Ferrow Ports", "Radio Ansel"
    }  # fmt: skip


def test_the_article_s_own_outlet_and_known_ones_are_outlets():
    found = cast(
        "The Clarion met Reuters and Ferrow.", "City Clarion", ORG="Clarion|Reuters|Ferrow"
    )
    assert [r.speaker for r in found.referents if r.outlet] == ["Clarion", "Reuters"]


def test_several_who_speak_as_one_keep_the_order_of_their_ids():
    both = together([Referent("Ferrow", "org-1", "body"), Referent("its workers", "", "person")])
    assert (both.speaker, both.speaker_id) == ("Ferrow and its workers", "org-1;")
