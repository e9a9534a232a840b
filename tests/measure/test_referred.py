"""As what articles refer to people: by their own words, where there is no doubt whom they mean."""

from __future__ import annotations

import re

import pandas as pd

from helpers.measure import referred

SAID = ["article_id", "start", "end", "source_text", "source_spans", "resolution", "speaker_id"]


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


def said(*statements: tuple[str, str, str]) -> pd.DataFrame:
    """Statements of people: the source as written, how it was found, and who it is."""
    rows = [
        ("a", 900 + place, 901 + place, source, [[800 + place, 801 + place]], resolution, speaker)
        for place, (source, resolution, speaker) in enumerate(statements)
    ]
    return pd.DataFrame(rows, columns=SAID).assign(source_type="named person", words=10)


def references(text: str, *people: str) -> list[tuple[str, str, str]]:
    found = referred.find_references(*read(text, *people), said())
    assert all(text[row.start : row.end] == row.text for row in found.itertuples())
    columns = found[["text", "referred_as", "entity_id"]]
    return list(columns.itertuples(index=False, name=None))


def test_a_pronoun_after_the_one_person_of_the_paragraph_is_theirs():
    assert references("Quist spoke. She left her car.", "Quist") == [
        ("She", "woman", "quist"),
        ("her", "woman", "quist"),
    ]


def test_two_people_or_nobody_before_it_leave_it_out():
    assert references("Quist met Marr. He left.", "Quist", "Marr") == []
    assert references("She left. Quist spoke.", "Quist") == []
    assert references("Quist spoke.\nShe left.", "Quist") == []


def test_words_in_quotation_marks_are_somebody_elses():
    assert references("Quist spoke. “She left,” said Quist.", "Quist") == []


def test_they_counts_only_where_it_is_stated():
    assert references("Quist spoke. They left.", "Quist") == []
    stated = references("Quist, who uses they/them pronouns, spoke.", "Quist")
    assert stated == [("they", "they", "quist")]


def test_a_title_or_noun_right_before_a_name_tells_and_a_surname_does_not():
    found = references(
        "Mr. Quist met its spokeswoman, Marr, and Bergman Roe.", "Quist", "Marr", "Roe"
    )
    assert found == [("Mr.", "man", "quist"), ("spokeswoman", "woman", "marr")]


def test_pronouns_outweigh_other_words_and_what_is_divided_is_mixed():
    text = "The chairman, Quist, spoke. She left.\nMs Marr left.\nRoe came. He saw. She won."
    told = referred.tell_people(
        referred.find_references(*read(text, "Quist", "Marr", "Roe"), said())
    )
    assert told.to_dict() == {"quist": "woman", "marr": "woman", "roe": "mixed"}


def test_who_is_quoted_is_told_by_the_articles_words_and_else_unknown():
    text = "Mary spoke. John left.\nJohn ran. He fell. Roe met Marr."
    statements = said(
        ("he", "pronoun", "marr"),
        ("Mary", "name", "mary"),
        ("John", "name", "john"),
        ("Roe and Marr", "name", "roe;marr"),
        ("John and Marr", "name", "john;marr"),
        ("a spokeswoman for the town", "none", ""),
        ("two men", "none", ""),
        ("He", "pronoun", ""),
    )
    found = referred.find_references(*read(text, "Mary", "John", "Roe", "Marr"), statements)
    quoted = referred.find_quoted(statements, found)
    assert quoted["referred_as"].tolist() == [
        *("man", "unknown", "man", "unknown", "man", "woman", "unknown", "man")
    ]
    assert referred.say_unknown(quoted) == (
        "Not known, as no article says it, in 38% of 8 statements of people; of the other 5 women "
        "make 1 (20%) and men 4 (80%)."
    )


def test_unknown_is_shown_and_nothing_is_read_from_a_name():
    text = "Mary spoke. John left. He ran.\nJohn ran. He fell."
    articles, sentences, people = read(text, "Mary", "John")
    spoken = said(("Mary", "name", "mary"))
    found = referred.find_references(articles, sentences, people, spoken)
    table = referred.measure_mentioned(referred.find_mentioned(people, spoken, found, True))
    counted = table.set_index("referred_as")["people"].to_dict()
    assert counted == {"woman": 0, "man": 1, "they": 0, "mixed": 0, "unknown": 1}
    assert table["share_of_people"].sum() == 1 and table["share_of_words"].sum() == 1


def test_unless_asked_nothing_is_told():
    _, _, people = read("Mary spoke. She left.", "Mary")
    none = referred.read_references("nothing is read", people, asked=False)
    spoken = said(("she", "pronoun", "mary"))
    assert none.empty
    assert referred.find_mentioned(people, spoken, none, asked=False).empty
    assert referred.find_quoted(spoken, none, asked=False).empty
