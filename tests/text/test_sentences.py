"""Sentence boundaries: abbreviations that end no sentence, and what ends one all the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.text import sentences
from helpers.text.article import Article


def sentences_of(text: str) -> list[str]:
    return [text[start:end] for start, end, _ in Article(text).sentences]


@pytest.mark.parametrize(
    "sentence",
    [
        "The U.S. Army left at 5 p.m. Monday with Lt. Gen. Ada J. Quist of Marland.",
        "It met on Nov. 16 in St. Osmer, Mass., and paid No. 5 about 3.5 million.",
        "Dr. Orr of Brandt Corp. left, e.g. by the door of www.x.example/a.b for good.",
        "Mr. Orr waited ... and then left the U.S. Embassy.",
        "“We waited. We froze. Nobody came,” she said on Monday.",
        "“Will it hold?” Quist asked.",
        "‘We waited. We froze,’ she said.",
        "He shouted “Stop! Go back!” and left for the D.C. Council.",
        "The Yahoo! News report was wrong.",
    ],
)
def test_one_sentence_stays_whole(sentence):
    assert sentences_of(f"{sentence} Then it rained.") == [sentence, "Then it rained."]


@pytest.mark.parametrize(
    "sentences",
    [
        ["It rained in the U.S.", "The council met."],
        ["“We waited.", "Nobody came, she said.", "Then it rained."],
        ["He left at 5 p.m.", "Quist stayed."],
        ["“It is over.”", "Quist left."],
        ["It is “over.”", "(Nobody believed it.)", "Then it rained!"],
        ["Is it?", "No.", "It is not."],
        ["اكتمل العمل.", "ثم هطل المطر."],
        ["“We won,” said Orr.", "“It was hard. It was cold.”"],
    ],
)
def test_sentences_end(sentences):
    assert sentences_of(" ".join(sentences)) == sentences


@pytest.mark.parametrize(
    "sentence",
    [
        "Prof. Ada Quist met Asst. Prof. Orr and Mmes. Hale and Wren.",  # titles
        "Lt. Col. Bram Orr, Sgt. Maj. Hale, Vice Adm. Wren and Pte. Dunn left.",  # ranks
        "Dep. Chief Orr asked Dist. Atty. Hale and Insp. Gen. Wren.",  # offices
        "The Rt. Hon. Ada Quist spoke to Cllr. Orr.",
        "It rained on Jan. 5, Sept. 11 and in Dec. 2025.",  # months
        "Brandt Inc. Chairman Orr met Hale Bros. Pictures and Wren Pty. Ltd. Directors.",
        "Article No. 5 replaced nos. 3 and 4 of Sect. 9, pp. 5-7.",  # numbers
        "J.D. Farrow, J. K. Orr and Ada B. Quist voted.",  # initials
        "U.S. President Orr met the U.N. Secretary-General.",
        "He flew from St. Louis to Ft. Osmer and Mt. Wren.",
        "Firms, e.g. Brandt, and traders, i.e. Orr, closed.",
        "The court heard Quist v. Orr and Hale vs. Wren.",
        "They met at 9 a.m. on Tuesday and at 4 p.m. Friday.",
        "Quist et al. studied it with Pell & Co. in spring.",
        "Rep. Orr (D-Conn.) and Sen. Hale (R-Pa.) voted.",
        "She was born c. 1850 and 5 ft. 4 tall.",
    ],
)
def test_no_sentence_ends_at_an_abbreviation(sentence):
    assert sentences_of(f"It rained. {sentence} Then it rained.") == [
        "It rained.",
        sentence,
        "Then it rained.",
    ]


@pytest.mark.parametrize(
    "sentences",
    [
        ["He works for Brandt Inc.", "He left."],
        ["It ended in Jan.", "The rest was dry."],
        ["He left at 5 p.m.", "Police came."],
        ["She lives on Fifth Ave.", "He does not."],
        ["He likes apples, pears, etc.", "The pears rot."],
        ["Did he come?", "No.", "He did not."],
        ["He voted with the D.C. Council and the U.S.", "Then it ended."],
    ],
)
def test_a_sentence_may_end_with_an_abbreviation(sentences):
    assert sentences_of(" ".join(sentences)) == sentences


TEXT = "It rained. “We waited for Lt. Gen. Orr. He came.” Then\nQuist left. Nobody spoke."


@pytest.mark.parametrize(
    ("at", "begun", "ended"),
    [
        ("rained", "It", "rained."),
        ("Orr", "“We", "Orr."),
        ("came", "He", "came.”"),
        ("left", "Quist", "left."),
        ("spoke", "Nobody", "spoke."),
    ],
)
def test_a_sentence_is_found_around_a_place_inside_quotations_too(at, begun, ended):
    place = TEXT.index(at)
    assert sentences.begin(TEXT, 0, place) == TEXT.index(begun)
    assert sentences.finish(TEXT, place, len(TEXT)) == TEXT.index(ended) + len(ended)


@given(st.text("aB. \n?”", min_size=1, max_size=40), st.data())
def test_the_sentence_around_a_place_holds_it(text, data):
    low, at, high = sorted(data.draw(st.tuples(*[st.integers(0, len(text) - 1)] * 3)))
    assert low <= sentences.begin(text, low, at) <= at
    assert at <= sentences.finish(text, at, high) <= high


@given(st.text("aÄİßẞǅ ", max_size=9))
def test_lower_case_keeps_every_place(text):
    lowered = sentences.lower(text)
    assert len(lowered) == len(text)
    for one, other in zip(text, lowered, strict=True):
        assert other in (one, one.lower())
