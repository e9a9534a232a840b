"""How sources are described: heads, number, kind, gender, names, owners, the short form."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.annotate import noun_phrases
from helpers.annotate.noun_phrases import describe, is_plural, singular, stands_as
from helpers.store import lexicons


@pytest.mark.parametrize(
    ("text", "head", "plural", "name"),
    [
        ("the company's director", "director", False, ""),
        ("two of the people who worked there", "people", True, ""),
        ("One of them, a widow of 71", "widow", False, ""),
        ("A miner coming off shift", "miner", False, ""),
        ("A draft published last month by a website", "draft", False, ""),
        ("a memo seen by the Courier", "memo", False, ""),
        ("the operator, Castellan Ports", "operator", False, "Castellan Ports"),
        ("A group calling itself Paper Lantern", "group", False, "Paper Lantern"),
        ("A driver who gave her name only as Nadia", "driver", False, "Nadia"),
        ("Residents", "resident", True, ""),
        ("more than a dozen former and current employees", "employee", True, ""),
        ("U.S. Secretary of Education Ada Lindqvist", "", False, "Ada Lindqvist"),
        ("His most serious opponent", "opponent", False, ""),
    ],
)
def test_what_a_description_says(text, head, plural, name):
    described = describe(text)
    assert (described.head, described.plural, described.name) == (head, plural, name)


@pytest.mark.parametrize(
    ("text", "name", "stands"),
    [
        ("Castellan’s chief executive, Ada Lindqvist", "Castellan", "owner"),
        ("the operator, Castellan Ports", "Castellan Ports", "head"),
        ("a former Lumen Grid engineer", "Lumen Grid", "owner"),
        ("A spokesman for the White House", "White House", "owner"),
        ("Lindqvist, who lives there", "Lindqvist", "head"),
        ("Residents", "Lindqvist", ""),
    ],
)
def test_how_a_name_stands_in_a_description(text, name, stands):
    assert stands_as(text, name) == stands


@pytest.mark.parametrize(
    ("plural", "one"),
    [
        ("ministries", "ministry"),
        ("women", "woman"),
        ("spokesmen", "spokesman"),
        ("press", "press"),
        ("series", "series"),
        ("movies", "movie"),
        ("wives", "wife"),
        ("housewives", "housewife"),
        ("relatives", "relative"),
        ("detectives", "detective"),
        ("heroes", "hero"),
        ("shoes", "shoe"),
        ("churches", "church"),
        ("headaches", "headache"),
        ("viruses", "virus"),
        ("nurses", "nurse"),
        ("crises", "crisis"),
        ("attorneys-general", "attorney-general"),
        ("specimen", "specimen"),
        ("Officials", "Official"),
    ],
)
def test_the_singular(plural, one):
    assert singular(plural) == one


@given(st.text(max_size=80))
def test_every_text_can_be_described(text):
    assert describe(text).text == " ".join(text.split())


@given(st.text("ab_’ ,", max_size=12), st.text("ab", min_size=1, max_size=2))
def test_a_name_stands_where_no_word_runs_on_into_it(described, name):
    alone = re.search(rf"(?<!\w){name}(?!\w)", described)
    assert bool(stands_as(described, name)) == bool(alone)


@pytest.mark.parametrize(
    ("written", "noun", "plural", "kind"),
    [
        ("Two officials familiar with the talks", "official", True, "person"),
        ("A worker stacking the fruit", "worker", False, "person"),
        ("one of the officials", "official", False, "person"),
        ("the harbour master’s daily log", "log", False, "document"),
        ("The foreign ministry in Dravik", "ministry", False, "organisation"),
        ("A draft published last month by the website", "draft", False, "document"),
        ("town halls across the valley", "hall", True, "organisation"),
        ("The women", "woman", True, "person"),
        ("another", "", False, ""),
        ("", "", False, ""),
    ],
)
def test_a_phrase_is_read(written, noun, plural, kind):
    read = noun_phrases.describe(written)
    assert (read.noun, read.plural, read.kind) == (noun, plural, kind)


@pytest.mark.parametrize(
    ("written", "short"),
    [
        ("A nurse there, who declined to be named", "a nurse there"),
        ("A pilot who asked us not to use his name", "a pilot"),
        ("One of them, a widow of 71", "a widow of 71"),
        ("a diplomat who has read it", "a diplomat who has read it"),
        ("Two clerks speaking on condition of anonymity", "two clerks"),
        ("Russian officials", "Russian officials"),
        ("Ms Quist’s office", "Ms Quist’s office"),
        ("Residents", "residents"),
        ("The\n officials", "the officials"),
    ],
)
def test_a_description_is_kept_short(written, short):
    assert noun_phrases.shorten(written) == short


@pytest.mark.parametrize(
    ("noun", "gender"),
    [("widow", "female"), ("Mr", "male"), ("chairwoman", "female"), ("craftsman", "male")],
)
def test_nouns_that_tell_gender(noun, gender):
    assert noun_phrases.gender(noun) == gender


@pytest.mark.parametrize("noun", ["human", "German", "pilot", "person", ""])
def test_nouns_that_tell_none(noun):
    assert noun_phrases.gender(noun) == ""


def test_people_described_in_the_narrative_are_found():
    text = "It had rained. A dentist from Port Ansel rang while two men slept. The rain told."
    found = [text[low:high] for low, _, high, _ in noun_phrases.find_phrases(text, 0, len(text))]
    assert found == ["A dentist from Port Ansel", "two men"]


def test_a_name_that_goes_on_to_a_noun_is_not_the_head():
    assert noun_phrases.continues(" diplomat")
    assert not noun_phrases.continues(" of the institute")
    assert not noun_phrases.continues("")
    assert not noun_phrases.continues(" himself")


WORDS = st.lists(
    st.sampled_from(["the", "A", "two", "officials", "of", "Ansel", ",", "who", "said", "’s", "“"]),
    max_size=8,
).map(" ".join)


@given(WORDS)
def test_any_words_can_be_read(written):
    noun_phrases.describe(written)
    assert len(noun_phrases.shorten(written)) <= len(written)
    for low, head, high, _ in noun_phrases.find_phrases(written, 0, len(written)):
        assert 0 <= low < head <= high <= len(written)


@pytest.mark.parametrize(
    ("noun", "kind"),
    [
        ("dentist", "person"),
        ("bassist", "person"),
        ("cyclists", "person"),
        ("stylist", "person"),
        ("journalists", "person"),
        ("craftswomen", "person"),
        ("checklist", "document"),
        ("playlists", "document"),
        ("shortlist", "document"),
        ("blacklist", "document"),
        ("insist", ""),
        ("assist", ""),
        ("twist", ""),
    ],
)
def test_what_a_noun_denotes(noun, kind):
    assert noun_phrases.kind(noun) == kind


@pytest.mark.parametrize("written", ["WHO", "US", "IT", "SOME"])
def test_capitals_are_no_pronoun(written):
    assert describe(written).pronoun == ""
    assert describe(written.lower()).pronoun == written.lower()


@given(st.sampled_from(sorted(lexicons.read_lexicon("plurals")["plural"])))
def test_every_listed_plural_has_its_singular(plural):
    one = singular(plural)
    assert singular(one) == one or one == plural
    assert is_plural(plural) or one == plural
