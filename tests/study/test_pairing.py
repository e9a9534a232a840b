"""What two codings found is paired: statements, sources, names; published values and laws."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.study import pairing


def coding(*spans, path="a.txt", **columns):
    frame = pd.DataFrame({"path": path, "spans": [[list(span)] for span in spans]})
    return frame.assign(**columns)


def test_attributions_pair_by_the_overlap_of_their_content():
    first = coding((0, 10), (20, 40))
    second = coding((22, 40), (100, 110))
    pairs = pairing.pair_attributions(first, second)
    assert pairs[["first", "second"]].to_numpy().tolist() == [[1, 0]]
    assert pairs["overlap"][0] == pytest.approx(36 / 38)


def test_each_attribution_is_used_once_and_the_larger_overlap_wins():
    pairs = pairing.pair_attributions(coding((0, 10)), coding((0, 8), (0, 10)))
    assert pairs[["first", "second"]].to_numpy().tolist() == [[0, 1]]


def test_attributions_of_different_articles_never_pair():
    assert pairing.pair_attributions(coding((0, 9)), coding((0, 9), path="b.txt")).empty


def test_a_statement_is_placed_by_its_words():
    text = "“It rained,” said\u00a0Quist. Then nobody spoke. “The port,” she said, “is closed now.”"
    (span,) = pairing.place_statement('"It rained", said Quist', text)
    assert text[slice(*span)] == "It rained,” said\u00a0Quist"
    spans = pairing.place_statement("It rained, said Quist ... The port, she said", text)
    assert [text[slice(*span)] for span in spans][1] == "The port,” she said"
    assert pairing.place_statement("something else altogether", text) == []
    assert pairing.place_statement("", text) == []


def test_a_statement_is_found_by_half_of_either():
    statements = coding((0, 100), (200, 300), (400, 500), (600, 700))
    said = coding((10, 20), (190, 260), (440, 900))
    matched = pairing.match_statements(said, statements)
    assert matched.to_numpy().tolist() == [
        [0, 0, 0.1, 1.0],
        [1, 1, 0.6, pytest.approx(60 / 70)],
        [2, 2, 0.6, pytest.approx(60 / 460)],
        [3, 2, 1.0, pytest.approx(100 / 460)],
    ]


def test_the_attribution_with_most_in_common_counts():
    matched = pairing.match_statements(coding((0, 10), (10, 40)), coding((0, 50)))
    assert matched[["statement", "attribution"]].to_numpy().tolist() == [[0, 1]]
    assert pairing.match_statements(coding((0, 10)), coding((0, 9), path="b.txt")).empty
    assert pairing.match_statements(coding((0, 9)), coding((40, 50))).empty
    assert pairing.match_statements(coding(), coding()).empty


@pytest.mark.parametrize(
    ("speaker", "name", "person"),
    [
        ("Ana Muñoz", "Ana Mun\u0303oz", True),
        ("Dr. Quist", "Mara Quist Jr., harbour master", True),
        ("HWU", "Harbour Workers Union", False),
        ("the police", "Police of Ansel", False),
        ("Ansel Institute’s report", "The Ansel Institute", False),
    ],
)
def test_a_speaker_is_the_source_a_coder_names(speaker, name, person):
    assert pairing.same_source(speaker, name, person)


@pytest.mark.parametrize(
    ("speaker", "name", "person"),
    [
        ("Mara", "Mara Quist", True),
        ("", "Mara Quist", True),
        ("union leaders", "Harbour Workers Union", False),
        ("the report", "The Ansel Institute", False),
    ],
)
def test_a_speaker_is_not_the_source_a_coder_names(speaker, name, person):
    assert not pairing.same_source(speaker, name, person)


def test_source_names_are_scored_by_the_way_they_were_resolved():
    statements = coding((0, 10), (20, 30), (40, 50), (60, 70)).assign(
        name=["Mara Quist", "Odo Brandvik", "", "HWU"], source_type="named person"
    )
    said = coding((0, 10), (20, 30), (40, 50)).assign(
        speaker=["Mara Quist", "Mara Quist", "HWU"], resolution=["name", "pronoun", "name"]
    )
    scores = pairing.measure_source_names(said, statements).set_index("resolution")
    assert scores["statements"].to_dict() == {"all": 2, "name": 1, "pronoun": 1}
    assert scores["right"].to_dict() == {"all": 1, "name": 1, "pronoun": 0}
    nothing = pairing.measure_source_names(said.iloc[:0], statements)
    assert nothing["statements"].tolist() == [0]


def test_finding_is_scored_apart_from_coding():
    first = coding((0, 10), (20, 30), form=["direct", "mixed"])
    second = coding((0, 10), (50, 60), form=["direct", "direct"])
    found = pairing.measure_unitising(first, second).iloc[0]
    assert found.to_dict() == {
        "found_by_both": 1, "only_first": 1, "only_second": 1, "f1": 0.5, "content_exact": 1.0
    }  # fmt: skip


spans = st.lists(st.tuples(st.integers(0, 50), st.integers(1, 20)), max_size=8).map(
    lambda rows: coding(*[(start, start + length) for start, length in rows])
)


@given(spans, spans)
def test_pairs_use_every_attribution_at_most_once(first, second):
    pairs = pairing.pair_attributions(first, second)
    assert pairs["first"].is_unique and pairs["second"].is_unique
    assert pairs["overlap"].between(pairing.MATCH, 1).all()
    row = pairing.measure_unitising(first, second).iloc[0]
    assert row["found_by_both"] + row["only_first"] == len(first)
    assert row["found_by_both"] + row["only_second"] == len(second)


def test_coding_of_sources_is_measured_on_the_statements_found():
    found = pd.DataFrame(
        {
            "path": ["p"] * 2,
            "spans": [[[0, 20]], [[40, 60]]],
            "source_type": ["named person", "document"],
            "title": ["director of the harbour board", ""],
        }
    )
    coded = pd.DataFrame(
        {
            "path": ["p"] * 3,
            "spans": [[[0, 22]], [[40, 58]], [[90, 99]]],
            "source_type": ["named person", "unnamed group", "named person"],
            "title": ["Director, Harbour Board", "", "Mayor"],
        }
    )
    measured = pairing.measure_source_coding(found, coded).set_index("measure")
    assert dict(measured["count"]) == {"found": 2, "source type": 1, "majority type": 1, "title": 1}
    assert dict(measured["n"]) == {"found": 3, "source type": 2, "majority type": 2, "title": 1}


@pytest.mark.parametrize(
    ("found", "coded", "same"),
    [
        ("chair of the board", "Chair of the Board of Trade", True),
        ("chair", "Chair of the Board of Trade", False),
        ("", "Mayor", False),
        ("Mayor", "", False),
    ],
)
def test_a_title_is_there_when_half_of_its_words_are(found, coded, same):
    assert pairing.has_title(found, coded) == same
