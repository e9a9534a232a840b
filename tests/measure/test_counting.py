"""Referential gender: an article's own pronouns, where there is no doubt whom they mean."""

from __future__ import annotations

import re

import pandas as pd

from helpers.measure import counting


def read(text: str, *people: str) -> tuple[pd.DataFrame, ...]:
    articles = pd.DataFrame({"article_id": ["a"], "text": [text]})
    cuts = [m.span() for m in re.finditer(r"[^.\n]+\.?", text)]
    sentences = pd.DataFrame([("a", *cut) for cut in cuts], columns=["article_id", "start", "end"])
    rows = [
        ("a", m.start(), m.end(), "PERSON", name.lower(), name)
        for name in people
        for m in re.finditer(name, text)
    ]
    columns = ["article_id", "start", "end", "label", "entity_id", "entity"]
    return articles, sentences, pd.DataFrame(rows, columns=columns)


def references(text: str, *people: str) -> list[tuple[str, str]]:
    found = counting.find_references(*read(text, *people))
    assert all(text[row.start : row.end] == row.text for row in found.itertuples())
    return list(zip(found["text"], found["entity_id"], strict=True))


def test_a_pronoun_after_the_one_person_of_the_paragraph_is_theirs():
    assert references("Quist spoke. She left her car.", "Quist") == [
        ("She", "quist"),
        ("her", "quist"),
    ]


def test_two_people_or_nobody_before_it_leave_it_out():
    assert references("Quist met Marr. He left.", "Quist", "Marr") == []
    assert references("She left. Quist spoke.", "Quist") == []
    assert references("Quist spoke.\nShe left.", "Quist") == []


def test_words_in_quotation_marks_are_somebody_elses():
    assert references("Quist spoke. “She left,” said Quist.", "Quist") == []


def test_they_counts_only_where_it_is_stated():
    assert references("Quist spoke. They left.", "Quist") == []
    assert references("Quist, who uses they/them pronouns, spoke.", "Quist") == [("they", "quist")]


def test_unknown_is_shown_and_nothing_is_read_from_a_name():
    text = "Mary spoke. John left. He ran.\nJohn ran. He fell."
    articles, sentences, people = read(text, "Mary", "John")
    said = people.head(1)[["article_id", "start", "end"]].assign(speaker_id="mary", words=10)
    table = counting.measure_gender(counting.find_referred(people, said, articles, sentences))
    counted = table.set_index("pronoun")["people"].to_dict()
    assert counted == {"he": 1, "she": 0, "they": 0, "mixed": 0, "unknown": 1}
    assert table["share_of_people"].sum() == 1 and table["share_of_words"].sum() == 1


def test_unless_asked_nothing_is_told():
    articles, _, people = read("Mary spoke. She left.", "Mary")
    said = pd.DataFrame({"speaker_id": [], "words": []})
    assert counting.read_referred("nothing is read", people, said, articles, asked=False).empty
