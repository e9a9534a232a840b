"""Whom a statement speaks about: names and pronouns inside it, its own speaker outside it."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.annotate import targets
from helpers.corpus import build as corpus
from helpers.measure import attitudes
from helpers.store import schema, tables

STORY = (
    "Mira Quist said: “Brandvik lied to the harbour board. He must go.”\n\n"
    "Lind welcomed the vote, and Quist called Lind a fool."
)


def article(text: str = STORY) -> pd.DataFrame:
    return pd.DataFrame({"article_id": ["a0"], "text": [text]})


def names(text: str, *written: str, label: str = "PERSON") -> pd.DataFrame:
    """Every place where one of the names stands."""
    found = []
    for name in written:
        at = text.find(name)
        while at >= 0:
            found.append(("a0", at, at + len(name), label, name.split()[-1].lower()))
            at = text.find(name, at + 1)
    columns = ["article_id", "start", "end", "label", "entity_id"]
    return pd.DataFrame(found, columns=columns)


def statements(text: str, *said: tuple[str, str]) -> pd.DataFrame:
    """Statements of (source, content), each at the first place it stands."""
    rows = []
    for number, (source, content) in enumerate(said):
        start, at = text.index(content), text.index(source)
        rows.append(
            {
                "attribution_id": f"s{number}",
                "article_id": "a0",
                "start": start,
                "end": start + len(content),
                "spans": [[start, start + len(content)]],
                "source_spans": [[at, at + len(source)]],
            }
        )
    columns = ["attribution_id", "article_id", "start", "end", "spans", "source_spans"]
    return pd.DataFrame(rows, columns=columns)


@pytest.fixture
def found() -> pd.DataFrame:
    quote = "“Brandvik lied to the harbour board. He must go.”"
    said = statements(STORY, ("Mira Quist", quote), ("Quist called", "Lind a fool"))
    return targets.find_targets(said, names(STORY, "Mira Quist", "Brandvik", "Lind"), article())


def told(found: pd.DataFrame, voice: str) -> list[tuple]:
    rows = found[found["voice"] == voice]
    words = [STORY[start:end] for start, end in zip(rows["start"], rows["end"], strict=True)]
    return list(zip(rows["attribution_id"], words, rows["entity_id"], strict=True))


def test_the_speaker_speaks_about_names_and_about_the_one_person_a_pronoun_can_mean(found):
    schema.to_arrow("targets", found)
    assert told(found, "speaker") == [
        ("s0", "Brandvik", "brandvik"),
        ("s0", "He", "brandvik"),
        ("s1", "Lind", "lind"),
    ]


def test_the_speakers_own_name_is_a_target_of_the_reporter(found):
    assert told(found, "reporter") == [("s0", "Mira Quist", "quist")]


def test_a_pronoun_that_could_mean_two_is_left_out():
    text = "Quist said: “Brandvik met Lind. He lied.”"
    said = statements(text, ("Quist", "“Brandvik met Lind. He lied.”"))
    found = targets.find_targets(said, names(text, "Quist", "Brandvik", "Lind"), article(text))
    speaker = found[found["voice"] == "speaker"]
    assert list(speaker["entity_id"]) == ["brandvik", "lind"]


def test_a_name_quoted_within_a_quotation_belongs_to_the_inner_statement():
    text = "Quist said that Lind had told her Brandvik was a liar."
    said = statements(
        text, ("Quist", "Lind had told her Brandvik was a liar"), ("Lind", "Brandvik was a liar")
    )
    found = targets.find_targets(said, names(text, "Quist", "Lind", "Brandvik"), article(text))
    spoken = found[found["voice"] == "speaker"]
    assert list(zip(spoken["attribution_id"], spoken["entity_id"], strict=True)) == [
        ("s0", "lind"),
        ("s1", "brandvik"),
    ]


def test_a_target_finds_its_entity_when_the_corpus_is_read():
    text = "Quist said Brandvik lied."
    said = statements(text, ("Quist", "Brandvik lied"))
    known = names(text, "Quist", "Brandvik")
    found = targets.find_targets(said, known.assign(entity_id=""), article(text))
    assert list(found["entity_id"]) == ["at 11-19", "at 0-5"]
    filled = targets.add_entity(found, known)
    assert list(filled["entity_id"]) == ["brandvik", "quist"]
    pd.testing.assert_frame_equal(targets.add_entity(filled, known), filled)
    nobody = targets.add_entity(found, known.iloc[:0])
    assert list(nobody["entity_id"]) == ["", ""]


def test_no_rows_are_fine():
    nothing = targets.find_targets(statements(STORY), names(STORY, "Nobody"), article())
    assert nothing.empty and list(nothing) == schema.TABLES["targets"].columns.names
    assert targets.add_entity(nothing, names(STORY, "Nobody")).empty


PIECES = st.lists(
    st.sampled_from(["Quist", "Brandvik", "“", "”", "said", "he", "her", ".", "\n", "war"]),
    min_size=1,
    max_size=25,
).map(" ".join)


@given(PIECES, st.data())
def test_every_target_lies_in_its_statement_or_names_its_speaker(text, data):
    spans = st.tuples(st.integers(0, len(text) - 1), st.integers(0, len(text) - 1)).map(
        lambda pair: (min(pair), max(pair) + 1)
    )
    said = pd.DataFrame(
        [
            {
                "attribution_id": f"s{number}",
                "article_id": "a0",
                "spans": [list(data.draw(spans))],
                "source_spans": [list(data.draw(spans))],
            }
            for number in range(data.draw(st.integers(1, 3)))
        ]
    )
    found = targets.find_targets(said, names(text, "Quist", "Brandvik"), article(text))
    schema.to_arrow("targets", found)
    held = said.set_index("attribution_id")
    for row in found.itertuples():
        column = "spans" if row.voice == "speaker" else "source_spans"
        low, high = held.loc[row.attribution_id, column][0]
        assert low <= row.start < row.end <= high
        assert 1 / 3 <= row.confidence <= 1


def test_the_story_is_told_as_a_person_reads_it(stories, tmp_path):
    """The White House condemns Russia's war; Kim, who takes Russia's part, does not blame it."""
    corpus.build(stories, tmp_path / "tables", progress=False)
    read = {
        name: tables.read_table(name, tmp_path / "tables")
        for name in ("targets", "attributions", "entities")
    }
    aimed = attitudes.join_targets(read["targets"], read["attributions"], read["entities"])
    grid = attitudes.measure_targets(aimed, minimum=2)
    cells = grid.set_index(["speaker", "target"])
    assert cells.loc[("White House", "Russia"), "negative"] >= 1
    assert not cells.loc[("White House", "Russia"), "positive"]
    assert cells.loc[("Kim Jong Un", "Russia"), "balance"] != -1
    assert not grid.loc[grid["target"] == "Ukraine", "negative"].any()
    silent = grid.loc[grid["speaker"].str.contains("Zelenskyy"), "abstained"]
    assert len(silent) and (silent != "").all()
