"""From the words that name a source to one speaker, and the law of add_*."""

from __future__ import annotations

import re

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.annotate import antecedents, attributions, doubt, entities, mentions, sources, speakers
from helpers.corpus import annotation
from helpers.store import schema
from helpers.text.article import Article

PIECES = st.sampled_from(
    [
        "“We will strike,” said Mara Quist.",
        "She added that it was late.",
        "The union said it would not.",
        "Odo Brandvik and Mara Quist said that they agreed.",
        "The officials noted that it rained.",
        "KNA reported, citing two unidentified city officials, that it rained.",
        "“Nobody knows.”",
        "\n\n",
    ]
)
TEXTS = st.lists(PIECES, max_size=7).map(" ".join)


def tables(*texts: str) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return attributions, articles, mentions with their entities, and entities."""
    articles = pd.DataFrame(
        {"article_id": [f"a{i}" for i in range(len(texts))], "text": list(texts)}, dtype=object
    )
    found = mentions.find_mentions(articles)
    named = entities.find_entities(found, articles)
    found = entities.add_entity(found, articles, named)
    return attributions.find_attributions(articles), articles, found, named


def resolved(text: str) -> list[tuple[str, str]]:
    table = annotation.add_sources(*tables(text))
    return list(zip(table["speaker"], table["resolution"], strict=True))


@pytest.mark.parametrize(
    ("text", "last"),
    [
        ("Mara Quist said that it rained.", ("Mara Quist", "name")),
        (
            "Mara Quist runs the port. “It is closed,” Ms. Quist said.",
            ("Mara Quist", "name"),
        ),
        (
            "“It is closed,” said Mara Quist. She added that it would stay so.",
            ("Mara Quist", "pronoun"),
        ),
        (
            "The New York Times reported that it rained.\n\nThe newspaper said it would last.",
            ("New York Times", "description"),
        ),
        (
            "Public broadcaster NHK reported that it rained.\n\nThe broadcaster said it was late.",
            ("NHK", "description"),
        ),
        (
            "Two retired harbour pilots met.\n\nThe pilots said that the port was closed.",
            ("two retired harbour pilots", "description"),
        ),
        (
            "“The port is closed,” said Mara Quist.\n\n“Nobody has been paid for a month.”",
            ("Mara Quist", "carried"),
        ),
        (
            "A crane driver said that it rained. He said nobody had come.",
            ("a crane driver", "pronoun"),
        ),
        (
            "Residents said that the port was closed.",
            ("residents", "none"),
        ),
        (
            "A spokesman for the Harbour Workers’ Union said that it would strike.",
            ("Harbour Workers' Union", "name"),
        ),
        ("The U.S. and Norway said that they agreed.", ("United States and Norway", "name")),
    ],
)
def test_the_speaker_and_how_it_was_found(text, last):
    assert resolved(text)[-1] == last


@pytest.mark.parametrize(
    ("text", "content", "speaker"),
    [
        (
            "State news agency BRN called Quist a spy, and claimed that he had been found with "
            "drawings of the approaches to the old railway bridge and of the harbour beside it, "
            "citing a police source.",
            "that he had been found",
            "a police source",
        ),
    ],
)
def test_who_is_meant_where_the_article_tells_it_elsewhere(text, content, speaker):
    found = tables(text)[0]["text"].tolist()
    (place,) = [at for at, said in enumerate(found) if said.startswith(content)]
    assert resolved(text)[place][0] == speaker


def test_a_headline_without_a_source_quotes_the_story():
    text = "# “He went for the lamps”\n\n“He went for the lamps,” said Lena Marr."
    head, quote, cue = text.index("“He"), text.rindex("“He"), text.index("said")
    columns = [
        [[], [[cue + 5, cue + 14]]],
        [[[head, head + 23]], [[quote, quote + 25]]],
        ["", "said"],
        ["direct", "direct"],
        [[], [[cue, cue + 4]]],
    ]
    named = [(cue + 5, cue + 14, "Lena Marr", "PERSON", "m")]
    found = speakers.find_speakers(Article(text), columns, named, {"m": "Lena Marr"})
    assert [(one.speaker, one.resolution) for one in found] == [
        ("Lena Marr", "carried"),
        ("Lena Marr", "name"),
    ]


def test_a_title_that_tells_gender_guides_the_pronoun():
    text = (
        "Chairwoman Lena Marr met Mr. Odo Brandvik on Monday. She said that the port would close."
    )
    assert resolved(text)[-1] == ("Lena Marr", "pronoun")


def placed(text: str, *rows: tuple[str, str, str], **labels: str) -> list[str]:
    """Return the speakers of statements given as source, cue and content, all words of the text.

    `labels` are the names, "|" between them, by their label.
    """
    at = [[[[text.index(words), text.index(words) + len(words)]] for words in row] for row in rows]
    columns = [[*(one[0] for one in at)], [one[2] for one in at], [row[1] for row in rows],
               ["indirect"] * len(rows), [one[1] for one in at]]  # fmt: skip
    named = [
        (*match.span(), name, label, name)
        for label, listed in labels.items()
        for name in listed.split("|")
        for match in re.finditer(rf"\b{re.escape(name)}\b", text)
    ]
    canonical = {mention[2]: mention[2] for mention in named}
    return [one.speaker for one in speakers.find_speakers(Article(text), columns, named, canonical)]


MARKS = [("“", "”"), ("‘", "’"), ("«", "»"), ("„", "“"), ('"', '"'), ("'", "'")]


@given(st.sampled_from(MARKS), st.sampled_from(["Marr", "Mr Marr"]), st.booleans())
def test_every_style_of_quotation_mark_gives_the_same_speakers(marks, inner, twice):
    text = "Quist rang at nine. <{} is late again.> He said that it rained. <So it goes,> he added."
    text = text.format(inner) + (" <It is late,> he warned." if twice else "")
    rows = [("He", "said", "that it rained"), ("he added"[:2], "added", "So it goes")]
    styled = text.replace("<", marks[0]).replace(">", marks[1])
    assert placed(styled, *rows, PERSON="Quist|Marr") == ["Quist", "Quist"]


@pytest.mark.parametrize(("source", "speaker"), [("WHO", "WHO"), ("US", "US"), ("IT", "IT")])
def test_capitals_are_no_pronoun(source, speaker):
    text = f"The Union and its members met. Odo Brandvik of the {source} came. {source} said so."
    low = text.rindex(source)
    columns = [[[[low, low + len(source)]]], [[[low + len(source) + 6, len(text) - 1]]], ["said"],
               ["indirect"], [[[low + len(source) + 1, low + len(source) + 5]]]]  # fmt: skip
    named = [(4, 9, "Union", "ORG", "u"), (31, 43, "Odo Brandvik", "PERSON", "o")]
    found = speakers.find_speakers(Article(text), columns, named, {"u": "Union", "o": "Brandvik"})
    assert (found[0].speaker, found[0].resolution) == (speaker, "none")


@pytest.mark.parametrize(
    ("text", "source", "speaker"),
    [
        ("Replying to Finance Minister Odo Tesk, Lena Marr spoke.", "the minister", "Odo Tesk"),
        ("Finance Minister Odo Tesk met Lena Marr.", "the minister", "Odo Tesk"),
        ("The minister, Odo Tesk, met Lena Marr.", "the minister", "Odo Tesk"),
    ],
)
def test_the_title_before_one_name_is_not_that_of_the_next(text, source, speaker):
    text = f"{text} In answer {source} said that no port would close."
    row = (f"{source} said"[: len(source)], "said", "no port would close")
    found = placed(text, (text[text.rindex(source) :][: len(source)], *row[1:]),
                   PERSON="Odo Tesk|Lena Marr")  # fmt: skip
    assert found == [speaker]


@pytest.mark.parametrize(
    "opening", ["Speaking after Mr Tesk", "Replying to Mr Tesk", "Asked by Mr Tesk of the Union"]
)
def test_who_is_addressed_does_not_speak(opening):
    text = f"{opening}, Lena Marr said she was tired."
    for source in (f"{opening}, Lena Marr", text[text.index("Mr Tesk") : text.index(" said")]):
        row = (source, "said", "she was tired")
        assert placed(text, row, PERSON="Tesk|Lena Marr") == ["Lena Marr"]


def test_one_who_calls_another_names_is_not_the_other():
    text = "A woman in the crowd called Ned Trask “an illegitimate mayor”."
    row = ("A woman in the crowd", "called", "an illegitimate mayor")
    assert placed(text, row, PERSON="Ned Trask") == ["a woman in the crowd"]


def test_an_office_with_a_preposition_stands_before_its_holder_s_name():
    text = "Former minister for Ports and Fisheries Nella Ostrow said the review had been rushed."
    row = (text[: text.index(" said")], "said", "the review had been rushed")
    assert placed(text, row, PERSON="Nella Ostrow") == ["Nella Ostrow"]


def test_who_an_outlet_reports_is_the_speaker():
    text = (
        "Odo Brandvik spoke on Friday. "
        "Brandvik said that the talks had “been fair”, Xinhua reported."
    )
    assert resolved(text)[-1] == ("Odo Brandvik", "name")


def test_who_an_outlet_cites_is_the_speaker():
    text = "The port will close, The New York Times reported, citing unidentified port officials."
    assert resolved(text)[-1] == ("unidentified port officials", "description")


def test_somebody_else_of_a_person_is_not_that_person():
    assert resolved("A lawyer for Mara Quist said that she would appeal.")[-1][1] == "none"
    assert resolved("Mara Quist’s lawyer said that she would appeal.")[-1][1] == "none"


def test_a_modified_description_is_not_the_first_body_of_that_kind():
    text = (
        "The Interior Ministry said that it rained.\n\nThe foreign ministry said that it was dry."
    )
    assert resolved(text)[-1] == ("the foreign ministry", "none")


def test_nobody_to_mean_leaves_the_pronoun_as_written():
    assert resolved("She said that it rained.") == [("She", "none")]


@pytest.mark.parametrize(
    ("text", "speaker"),
    [
        (
            "The map came from the mapping company Terravue.\n\nThe company said it was new.",
            "Terravue",
        ),
        (
            "A letter from the ministry, which the paper has seen, gives a reason. “We cannot "
            "write,” it says.",
            "a letter from the ministry",
        ),
        (
            "Its president, Dara Quill, and shop steward Tomas Renn came down to the slipway. "
            "The union would help, they said.",
            "Dara Quill and Tomas Renn",
        ),
        (
            "“He always took the cabin,” says skipper\n\nSkipper Ines Dahl took him out in May.",
            "Ines Dahl",
        ),
        (
            "One woman at the meeting asked about it. Another said it was theft.",
            "another woman at the meeting",
        ),
        (
            "A man who would give only his first name, Stevan, was loading rice. He said that he "
            "would vote at eight.",
            "Stevan",
        ),
        (
            "The paper went to Number Nine, the prime minister’s office.\n\n"
            "“All options are open,” it said.",
            "Number Nine",
        ),
    ],
)
def test_whom_the_sentence_before_is_about(text, speaker):
    assert resolved(text)[-1][0] == speaker


@pytest.mark.parametrize(
    ("text", "speaker"),
    [
        (
            "Bram Orr won.\n\n“I believe that rain will come,” Mara Quist said.\n",
            "Mara Quist",
        ),
        (
            "Mara Quist builds boats.\n\nQ1: Why boats?\nA1: Boats float.\n\n"
            "I believe that the harbour will grow.\n",
            "Mara Quist",
        ),
        (
            "The harbour is closed.\n\nI believe that it will open again.\n\n"
            "Mara Quist is the author of a book on harbours.\n",
            "Mara Quist",
        ),
        ("The harbour is closed.\n\nI believe that it will open again.\n", "the author"),
    ],
)
def test_i_is_who_speaks_answers_or_signs(text, speaker):
    rows = [("I", "believe", "will")]
    if "said" in text:
        rows.append(("Mara Quist", "said", "I believe that rain will come"))
    assert set(placed(text, *rows, PERSON="Mara Quist|Bram Orr")) == {speaker}


def test_whose_plan_is_told_speaks():
    text = "The RID’s plan foresees that the river rises."
    assert placed(text, ("The RID’s", "plan", "the river rises"), ORG="RID") == ["RID"]


def test_a_court_that_hears_does_not_speak():
    assert resolved("The minister had slept on the yacht, a court heard on Wednesday.") in (
        [],
        [("", "none")],
    )


def test_whose_report_a_report_is():
    text = "The Harbour Union published its report on Monday. The report said that it rained."
    assert resolved(text)[-1] == ("Harbour Union’s report", "description")


@pytest.mark.parametrize("day", ["Friday", "March"])
def test_a_day_owns_no_report(day):
    text = f"The court read {day}’s affidavit. The affidavit said that it rained."
    assert resolved(text)[-1][0] == "the affidavit"


@pytest.mark.parametrize(
    ("text", "speaker"),
    [
        ("Justice Helen Marr said that it rained.", "Helen Marr"),
        ("The operator, Ferrow Ports, said that it rained.", "Ferrow Ports"),
        ("A friend of Mara Quist said that it rained.", "a friend of Mara Quist"),
        ("One pilot said that it rained. Another said that it snowed.", "another pilot"),
        ("A pilot said that it rained. The pilot said that it snowed.", "a pilot"),
        (
            "Mara Quist and Odo Brandvik came. They said that it rained.",
            "Mara Quist and Odo Brandvik",
        ),
    ],
)
def test_who_speaks(text, speaker):
    assert resolved(text)[-1][0] == speaker


STORY = {
    "The U.S. and South Korea": "United States and South Korea",
    "The newspaper": "New York Times",
    "The officials": "unidentified American officials",
    "some senior Russian officials": "some senior Russian officials",
    "Zelenskyy": "Volodymyr Zelenskyy",
    "the White House": "White House",
    "the U.S. and its allies": "the U.S. and its allies",
    "Xi": "Xi Jinping",
    "North Korean leader Kim Jong Un": "Kim Jong Un",
    "Kim": "Kim Jong Un",
    "he": "Kim Jong Un",
    "Japan’s public broadcaster NHK": "NHK",
    "Japan": "Japan",
    "it": "Japan",
    "the broadcaster": "NHK",
}


def test_every_speaker_of_the_story(stories):
    texts = [file.read_bytes().decode() for file in sorted(stories.glob("*.txt"))]
    said = annotation.add_sources(*tables(*texts))
    known = said[said["source_text"].isin(STORY)]
    assert len(known) >= 20 and set(known["source_text"]) == set(STORY)
    assert known["speaker"].tolist() == [STORY[written] for written in known["source_text"]]
    cited = said["source_text"].eq("The New York Times") & said["speaker"].ne("New York Times")
    assert said.loc[cited, "speaker"].tolist() == ["unidentified American officials"]


@given(st.lists(TEXTS, max_size=2))
def test_adding_speakers_keeps_rows_and_applying_twice_changes_nothing(texts):
    said, articles, found, named = tables(*texts)
    said.index = range(3, 3 + len(said))
    before = said.copy(deep=True)
    once = annotation.add_sources(said, articles, found, named)
    twice = annotation.add_sources(once, articles, found, named)
    pd.testing.assert_frame_equal(said, before)
    pd.testing.assert_frame_equal(twice, once)
    filled = [*speakers.Resolved._fields, *sources.COLUMNS, *doubt.Sure._fields]
    pd.testing.assert_frame_equal(once.drop(columns=filled), said.drop(columns=filled))
    schema.to_arrow("attributions", once)
    ids = once["speaker_id"].str.split(antecedents.IDS).explode()
    assert set(ids.dropna()) <= {"", *named["entity_id"]}
    assert (once.loc[once["resolution"] != "none", "speaker"] != "").all()
