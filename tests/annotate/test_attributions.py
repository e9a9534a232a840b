"""Who said what: direct, mixed and indirect, continued and interrupted, and the law of find_*."""

from __future__ import annotations

import time

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.annotate import attributions, outlets
from helpers.model import decoding
from helpers.store import lexicons, schema
from helpers.text.article import Article

PIECES = st.sampled_from(
    [
        "“We will strike,” said Mara Quist.",
        "“And we will win.”",
        "“It goes on",
        "Quist said that the port was closed.",
        "According to the union, it rained.",
        "he added.",
        "QUIST: We strike.",
        "― Mara Quist",
        "\n\n",
        "‘Enough,’ she said.",
        "OSLO, Norway –",
        "«Oui»",
        '"',
        "\x00",
        "🙂",
    ]
)
TEXTS = st.lists(st.one_of(PIECES, st.text(max_size=10)), max_size=9).map(" ".join)


def read(text: str) -> pd.DataFrame:
    return attributions.find_attributions(pd.DataFrame({"article_id": ["a0"], "text": [text]}))


def only(text: str) -> pd.Series:
    table = read(text)
    assert len(table) == 1, table[["source_text", "cue", "text"]]
    return table.iloc[0]


@pytest.mark.parametrize(
    ("text", "source", "cue", "content", "form"),
    [
        (
            "“The port is closed,” said Mara Quist.",
            "Mara Quist",
            "said",
            "“The port is closed,”",
            "direct",
        ),
        (
            "Mara Quist said that the port was closed.",
            "Mara Quist",
            "said",
            "that the port was closed",
            "indirect",
        ),
        (
            "Mara Quist said on Monday the port was “shut for good”.",
            "Mara Quist",
            "said",
            "the port was “shut for good”",
            "mixed",
        ),
        (
            "The port will close in May, according to the harbour board.",
            "the harbour board",
            "according to",
            "The port will close in May",
            "indirect",
        ),
        (
            "The port will close in May, the Harwick Courier reported on Monday.",
            "the Harwick Courier",
            "reported on Monday",
            "The port will close in May",
            "indirect",
        ),
        (
            "Quist accused the board of lying.",
            "Quist",
            "accused",
            "the board of lying",
            "indirect",
        ),
    ],
)
def test_source_cue_content_and_form(text, source, cue, content, form):
    row = only(text)
    assert (row["source_text"], row["cue"], row["text"], row["form"]) == (
        source,
        cue,
        content,
        form,
    )


def test_an_interrupted_quotation_is_one_attribution_of_two_pieces():
    text = "“The port is closed,” said Mara Quist. “It stays closed. Nobody is paid.”"
    row = only(text)
    pieces = [text[start:end] for start, end in row["spans"]]
    assert pieces == ["“The port is closed,”", "“It stays closed. Nobody is paid.”"]
    assert row["words"] == 10


def test_a_quotation_that_runs_over_paragraphs_is_one_attribution():
    text = "“The port is closed,” Quist said. “It stays closed.\n\n“Nobody is paid.”"
    assert len(only(text)["spans"]) == 3


def test_a_quotation_that_starts_anew_in_the_next_paragraph_is_one_of_its_own():
    text = "“The port is closed,” Quist said.\n\n“Nobody has been paid for a month.”"
    first, second = read(text).to_dict("records")
    assert first["text"] == "“The port is closed,”"
    assert second["text"] == "“Nobody has been paid for a month.”"
    assert second["source_text"] == "Quist"


def test_a_quotation_that_nobody_was_given_floats_to_the_one_before():
    text = "“The port is closed,” Quist said.\n\n“Nobody has been paid for a month.”"
    said = decoding.Attribution(((0, 21),), ((28, 32),), ((22, 27),), 0.9, "model")
    article = Article(text, reading=decoding.Reading((), (said,)))
    first, second = attributions.find_attributions([article]).to_dict("records")
    assert first["rule"] == "model"
    assert (second["rule"], second["source_text"], second["cue"]) == ("carried", "", "")


def test_words_in_scare_quotes_are_no_attribution():
    assert read("The “port” has two cranes.").empty


def test_only_the_outermost_is_given():
    row = only("Mara Quist said that the board believed that it would rain.")
    assert row["source_text"] == "Mara Quist"
    row = only("Mara Quist worries that the board said that it would rain.")
    assert row["source_text"] == "Mara Quist"


def test_a_second_verb_after_a_comma_has_the_same_source():
    table = read("Quist said the port was closed, adding that nobody would be paid.")
    assert list(table["source_text"]) == ["Quist", "Quist"]
    assert table["text"].iloc[0] == "the port was closed"


def test_a_dateline_is_not_said():
    row = only("OSLO, Norway – The port will close, the Harwick Courier reported.")
    assert row["text"] == "The port will close"


def test_who_is_cited_stays_outside_the_content():
    row = only("The port will close, the Harwick Courier reported, citing two officials.")
    assert row["text"] == "The port will close"


def test_who_is_cited_without_anything_else_said_is_kept():
    table = read("The Harwick Courier published a list, quoting two port officials.")
    assert len(table) <= 1


@pytest.mark.parametrize(
    ("text", "source", "content"),
    [
        (
            "Quist said the port would close in May, the Harwick Courier reported on Monday.",
            "Quist",
            "the port would close in May",
        ),
        (
            "“The port will close,” said Quist, as cited by the state news agency PNA.",
            "Quist",
            "“The port will close,”",
        ),
        (
            "Quist told the board that the port would close, according to the Harwick Courier.",
            "Quist",
            "that the port would close",
        ),
        (
            "Quist hailed the closing as a victory for the town, the Harwick Courier reported.",
            "Quist",
            "the closing as a victory for the town",
        ),
    ],
)
def test_an_outlet_that_relays_is_not_the_source(text, source, content):
    row = only(text)
    assert (row["source_text"], row["text"]) == (source, content)


def test_what_an_outlet_reports_of_a_deed_is_its_own():
    row = only("Oslo had also decided to close the port in May, the broadcaster added.")
    assert row["source_text"] == "the broadcaster"


def test_an_outlet_that_reports_by_itself_is_the_source():
    row = only("The Harwick Courier reported on Monday that Quist said nothing.")
    assert row["source_text"] == "The Harwick Courier"


def test_no_answer_is_no_attribution():
    assert read("The board did not respond to a request for comment on Monday.").empty


def test_a_source_that_says_it_will_not_answer_is_an_attribution():
    row = only("A port official said he could not answer the questions.")
    assert row["source_text"] == "A port official"


@pytest.mark.parametrize(
    ("text", "source", "cue"),
    [
        ("Officials have been warned that the port is shut.", "Officials", "have been warned"),
        ("The court heard that it rained.", "The court", "heard"),
    ],
)
def test_who_is_told_is_no_source(text, source, cue):
    at = text.index("that")
    said = ((at, len(text) - 1),), ((text.index(cue), at - 1),), ((0, len(source)),)
    reading = decoding.Reading((), (decoding.Attribution(*said, 0.9, "model"),))
    (row,) = attributions.find_attributions([Article(text, reading=reading)]).to_dict("records")
    assert (row["source_text"], row["cue"]) == ("", cue)


def test_allies_keep_whose_they_are():
    row = only("Norway and its allies fear that the port could close.")
    assert row["source_text"] == "Norway and its allies"


def test_a_transcript_gives_one_attribution_a_turn():
    table = read("HOST: Will you strike?\nQUIST: We will.")
    assert list(table["source_text"]) == ["HOST", "QUIST"]


def test_a_signature_under_a_quotation_is_its_source():
    assert only("“The port was my whole life, all of it.”\n\n― Mara Quist")["source_text"] == (
        "Mara Quist"
    )


def test_what_is_not_known_yet_says_so():
    row = only("Quist said that the port was closed.")
    assert (row["resolution"], row["channel"], row["relay"], row["tone_label"]) == (
        "none",
        "unknown",
        "",
        "",
    )


def test_no_articles_and_empty_articles_give_no_attributions():
    none = pd.DataFrame({"article_id": [], "text": []})
    assert attributions.find_attributions(none).empty
    assert list(read("").columns) == schema.TABLES["attributions"].columns.names


@given(TEXTS)
def test_every_attribution_is_what_stands_in_the_text(text):
    articles = pd.DataFrame({"article_id": ["a0"], "text": [text]})
    before = articles.copy()
    table = attributions.find_attributions(articles)
    pd.testing.assert_frame_equal(articles, before)
    pd.testing.assert_frame_equal(attributions.find_attributions(articles), table)
    schema.to_arrow("attributions", table)
    for row in table.itertuples():
        assert row.text == text[row.start : row.end]
        assert row.attribution_id == f"a0-{row.start}-{row.end}"
        assert (row.spans[0][0], row.spans[-1][1]) == (row.start, row.end)
        assert 0 <= row.confidence <= 1 and row.rule
        end = -1
        for start, stop in row.spans:
            assert end < start < stop
            end = stop
        for spans, written in ((row.cue_spans, row.cue), (row.source_spans, row.source_text)):
            assert "".join(text[start:stop] for start, stop in spans) == written


def test_a_long_line_takes_time_in_proportion():
    said, taken = "“The port is closed,” said Mara Quist. She said that it would rain. ", []
    for times in (100, 100, 400):  # the first time, what is read once is read
        start = time.process_time()
        assert len(read(said * times)) > times
        taken.append(time.process_time() - start)
    assert taken[2] < 8 * taken[1]


def test_who_is_cited_before_what_they_say_is_no_part_of_it():
    row = only("Reuters reported, citing two port officials, that the port would close.")
    assert row["source_text"] == "two port officials" and row["cue"] == "citing"
    assert row["text"] == "that the port would close"


def test_the_marks_of_a_markdown_headline_are_no_part_of_what_is_said():
    table = read(
        "# Army drivers told to stand by for port, sources say\n\n"
        "The army has a plan, sources told the Courier."
    )
    assert table["text"].iloc[0] == "Army drivers told to stand by for port"


@pytest.mark.parametrize(
    ("told", "cue", "rule"),
    [("she settled early.", "", "carried"), ("“she settled early.”", "thinks", "model")],
)
def test_a_quotation_is_not_given_to_the_next_paragraph_which_says_something_else(told, cue, rule):
    text = f"“I owe her.”\n\nRenn thinks {told}"
    at = text.index("thinks")
    pieces = (0, 12), (at + 7, len(text) - told.endswith("."))
    read = [
        decoding.Attribution((piece,), ((at, at + 6),), ((14, 18),), 0.9, "model")
        for piece in pieces
    ]
    article = Article(text, reading=decoding.Reading((), tuple(read)))
    first, second = attributions.find_rows(article)
    assert (first["cue"], first["rule"]) == (cue, rule)
    assert (second["cue"], second["rule"]) == ("thinks", "model")


# ---------------------------------------------------------------------------- which outlet carried


def relays_in(text: str, own: str = "") -> list[attributions.Relay]:
    article = Article(text, outlet=own)
    return attributions.find_relays(article, outlets.find_outlets(text), lexicons.read_codebook())


def found(text: str, own: str = "") -> list[tuple[str, str]]:
    return [(relay.kind, relay.outlet) for relay in relays_in(text, own) if not relay.own]


@pytest.mark.parametrize(
    ("text", "kind", "outlet"),
    [
        ("“It rained,” said Mara Quist, as cited by TASS.", "carried", "TASS"),
        ("Quist said in a statement carried by KCNA that it rained.", "carried",
         "Korean Central News Agency"),
        ("Quist told CNN that it rained.", "told", "CNN"),
        ("Quist told Ann Howe of Fox News that it rained.", "told", "Fox News"),
        ("In an interview with Norland’s state network RT, Quist said so.", "told", "RT"),
        ("It rains more, according to a Reuters survey of farmers.", "document", "Reuters"),
        ("A Bloomberg poll shows that farmers worry.", "document", "Bloomberg News"),
        ("Quist said that it “rained”, Xinhua reported.", "reports", "Xinhua News Agency"),
        ("The New York Times reported, citing officials, that it rained.", "reports",
         "New York Times"),
        ("Quist said that it rained, according to VESTA, the state news agency.",
         "reports", "VESTA"),
        ("VESTA, the state news agency, met. It quoted Quist as saying that it rained.",
         "reports", "VESTA"),
    ],
)  # fmt: skip
def test_each_kind_of_phrase(text, kind, outlet):
    assert (kind, outlet) in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "The New York Times reported that it rained.",
        "CNN reported on Monday that it rained.",
        "Quist told the council that it rained.",
        "Quist watched CNN all day.",
        "Ann Howe, a writer for The Atlantic, said that it rained.",
        "Quist said that it rained.",
        "The new channel was dug last year, she said.",
    ],
)
def test_what_relays_nothing(text):
    assert not found(text)


def test_the_articles_own_outlet_is_marked():
    text = "Quist told the Clarion that it rained. The City Clarion is a paper."
    assert not found(text, own="City Clarion")


@pytest.mark.parametrize(
    ("text", "ownership"),
    [
        ("said Quist, as cited by TASS.", "state"),
        ("said Quist, as quoted by the state-run Lorvenian News Agency.", "state"),
        ("Quist told the public broadcaster Radio Norland so.", "public"),
        ("Quist told Radio Norland so.", "unknown"),
        ("Quist told CNN so.", "private"),
    ],
)
def test_who_owns_it(text, ownership):
    assert [relay.ownership for relay in relays_in(text)] == [ownership]


RELAYED = st.sampled_from(
    ["Quist said so", "as cited by TASS", ", ", ". ", "told CNN", "the newspaper", "\n", "“", "”",
     "Xinhua reported", "It quoted her", "according to a Reuters poll", "VESTA, the state agency"]
)  # fmt: skip


@given(st.lists(RELAYED, max_size=12).map(" ".join))
def test_phrases_are_spans_of_the_text_and_hold_their_outlet(text):
    for outlet in outlets.find_outlets(text):
        assert 0 <= outlet.start < outlet.end <= len(text)
    for relay in relays_in(text):
        assert 0 <= relay.start < relay.end <= len(text)
        assert relay.kind in attributions.NEARNESS
