"""Requests for comment that brought none, and who was asked."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.annotate import entities, mentions, replies
from helpers.store import schema

PIECES = st.sampled_from(
    [
        "Mara Quist did not respond to a request for comment.",
        "Both Moscow and Oslo declined to comment",
        "could not be reached",
        "who did not immediately confirm it.",
        "\n\n",
    ]
)
TEXTS = st.lists(st.one_of(PIECES, st.text(max_size=10)), max_size=6).map(" ".join)


def read(*texts: str) -> pd.DataFrame:
    articles = pd.DataFrame(
        {"article_id": [f"a{i}" for i in range(len(texts))], "text": list(texts)}, dtype=object
    )
    found = mentions.find_mentions(articles)
    named = entities.find_entities(found, articles)
    return replies.find_replies(articles, entities.add_entity(found, articles, named))


@pytest.mark.parametrize(
    ("text", "kind", "entity_id", "phrase"),
    [
        (
            "Mara Quist did not respond to a request for comment.",
            "no response",
            "person-mara-quist",
            "did not respond to a request for comment",
        ),
        (
            "Mara Quist didn’t immediately reply to several messages.",
            "no response",
            "person-mara-quist",
            "didn’t immediately reply to several messages",
        ),
        (
            "The White House declined to comment.",
            "declined to comment",
            "org-white-house",
            "declined to comment",
        ),
        (
            "Mara Quist could not be reached.",
            "not reached",
            "person-mara-quist",
            "could not be reached",
        ),
        (
            "Mara Quist said it rained, but did not comment on the reports.",
            "did not comment",
            "person-mara-quist",
            "did not comment on the reports",
        ),
        (
            "Mara Quist said it rained, without confirming the report.",
            "did not comment",
            "person-mara-quist",
            "without confirming the report",
        ),
        (
            "The owner could not be reached.",
            "not reached",
            "",
            "could not be reached",
        ),
    ],
)
def test_kind_who_and_phrase(text, kind, entity_id, phrase):
    table = read(text)
    assert table[["kind", "entity_id", "text"]].to_numpy().tolist() == [[kind, entity_id, phrase]]


def test_two_who_share_a_phrase_are_two_rows():
    table = read("Both Moscow and Pyongyang had not responded to the report.")
    assert list(table["entity_id"]) == ["gpe-moscow", "gpe-pyongyang"]


@pytest.mark.parametrize(
    "text",
    [
        "She did not return to the country.",
        "No response is an answer too.",
        "The pilots responded at once and commented freely.",
    ],
)
def test_other_words_are_no_reply(text):
    assert read(text).empty


@given(st.lists(TEXTS, max_size=3))
def test_every_reply_is_what_stands_in_the_text(texts):
    table = read(*texts)
    schema.to_arrow("replies", table)
    for row in table.itertuples():
        assert row.text == texts[int(row.article_id[1:])][row.start : row.end]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("The mayor refused to discuss it.", "declined to comment"),
        ("The mayor gave NO COMMENT.", "declined to comment"),
        ("Efforts to reach the mayor failed.", "not reached"),
        ("The mayor was unavailable for an interview.", "not reached"),
        ("The mayor ignored letters.", "no response"),
        ("The mayor has yet to reply.", "no response"),
        ("The mayor left town and calls went unanswered.", "no response"),
        ("The mayor would neither confirm nor deny it.", "did not comment"),
    ],
)
def test_each_kind_is_found_among_other_sentences(text, kind):
    assert list(read(f"It rained.\n{text}\nİt rained again.")["kind"]) == [kind]


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("It rained. A clerk for Col. Orr did not respond.", "A clerk for Col. Orr"),
        ("“It rained. The mayor” could not be reached.", "The mayor"),
    ],
)
def test_who_was_asked_stands_in_the_same_sentence(text, who):
    assert list(read(text)["who"]) == [who]
