"""What an article says somebody is; names withheld, the words that say so and their reason."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.annotate import positions
from helpers.annotate.positions import find_country, find_title
from helpers.store import lexicons
from helpers.text.article import Article

BOOK = lexicons.read_codebook()


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Ukrainian President Ada Lindqvist said so.", "Ukrainian President"),
        ("“No,” said Ada Lindqvist, chairman of the harbour committee, on Monday.",
         "chairman of the harbour committee"),
        ("The union’s president, Ada Lindqvist, said so.", "union’s president"),
        ("Rep. Ada Lindqvist (D-Ohio) said so.", "Rep.; D-Ohio"),
        ("Ada Lindqvist, 41, a professor of geology at Harwick, said so.",
         "professor of geology at Harwick"),
        ("Ada Lindqvist, who chairs the board, said so.", "chairs the board"),
        ("Ada Lindqvist is the director of the fund. She said so.", "director of the fund"),
        ("She met Chinese President Odo Vel and Ada Lindqvist.", ""),
        ("Ada Lindqvist said that the president was ill.", ""),
    ],
)  # fmt: skip
def test_title(text, title):
    assert find_title(text, ("Ada Lindqvist", "Lindqvist")) == title


def test_country():
    assert find_country("Norwegian Prime Minister") == "NOR"
    assert find_country("chairman of the board") == ""


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_around_a_name_can_be_read(before, after):
    assert isinstance(find_title(f"{before}Ada Lindqvist{after}", ("Ada Lindqvist",)), str)


# ------------------------------------------------------------------- names that are withheld


def find(text: str) -> list[positions.Withheld]:
    return positions.find_withheld(Article(text), BOOK)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("A pilot, who asked not to be named because he feared for his job, said so.",
         "because he feared for his job"),
        ("An aide, who was not authorised to speak publicly, said so.",
         "was not authorised to speak publicly"),
        ("A nurse spoke on condition of anonymity to discuss private matters.",
         "to discuss private matters"),
        ("A clerk requested anonymity since the trial is on.", "since the trial is on"),
        ("An official who spoke on condition of anonymity said so.", ""),
        ("Unidentified pilots said that it rained.", ""),
        ("They wouldn’t go on the record.", ""),
        ("He did not want his name used.", ""),
    ],
)  # fmt: skip
def test_the_words_and_the_reason(text, reason):
    (withheld,) = find(text)
    assert withheld.reason == reason
    assert withheld.words and withheld.words in " ".join(text.split())


@pytest.mark.parametrize(
    "text",
    [
        "Officials said that it rained.",
        "He named nobody.",
        "The ship was not named until May, he said.",
        "The river is not named on any map, a guide said.",
        "The bridge, which was not named after her, is closed.",
        "Two streets had not been named when the town grew.",
    ],
)
def test_what_withholds_no_name(text):
    assert find(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "The officer was not named.",
        "The suspects were not named.",
        "She was not identified.",
        "A witness, who was not named, said so.",
        "Two residents had not been named when the trial began.",
    ],
)
def test_whose_name_is_withheld_is_a_person(text):
    (withheld,) = find(text)
    assert "not" in withheld.words


def test_words_in_capitals_are_found_and_expressions_may_mind_capitals():
    (shouted,) = find("A CLERK SPOKE ON CONDITION OF ANONYMITY.")
    assert shouted.words == "A CLERK SPOKE ON CONDITION OF ANONYMITY"
    words = replace(BOOK.anonymity, withheld=(r"Incognito\S*",))
    own = replace(BOOK, sha256="own", anonymity=words)
    (withheld,) = positions.find_withheld(Article("A clerk spoke incognito there."), own)
    assert "incognito" in withheld.words


def test_the_reason_ends_with_its_sentence_inside_a_quotation_too():
    said = "“I asked not to be named because Gov. Orr would mind. He always did,” a clerk said."
    (withheld,) = find(said)
    assert withheld.reason == "because Gov. Orr would mind"


PIECES = st.sampled_from(
    ["A pilot", ", who asked not to be named", " because he feared", "unidentified", " said so.",
     "\n", "“", "on condition of anonymity", ". ", "officials"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=10).map(" ".join))
def test_the_words_are_a_span_of_the_text(text):
    for withheld in find(text):
        assert 0 <= withheld.start < withheld.end <= len(text)
        assert withheld.words == " ".join(text[withheld.start : withheld.end].split()).strip(" ,.")
