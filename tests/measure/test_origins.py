"""Origins: the same words in several articles, who had them first, and where they came from."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from helpers.measure import findings, origins

WHOLE = "we will open the bridge on Monday, and nobody will have to pay for it before the summer"
CUT = "we will open the bridge on Monday, and nobody will have to pay for it"
OTHER = "the school roof was mended last week by the same firm that had built it in the spring"


def press(*rows: dict) -> tuple[pd.DataFrame, pd.DataFrame]:
    """One statement and one article for each row, of one speaker where none is given."""
    usual = {"text": WHOLE, "speaker": "Ada Lee", "speaker_id": "", "named": True, "relay": ""}
    usual |= {"source_type": "named person", "channel": "unknown", "outlet": "Gazette", "day": ""}
    usual |= {"wire": "", "duplicate_of": "", "spans": None, "form": "direct"}
    made = pd.DataFrame([usual | row for row in rows])
    made["article_id"] = [f"a{n}" for n in range(len(made))]
    made["attribution_id"] = [f"s{n}" for n in range(len(made))]
    made["published"] = pd.to_datetime(made.pop("day"))
    made = made.assign(
        start=0, end=made["text"].str.len(), words=made["text"].str.split().str.len()
    )
    whole = zip(made["spans"], made["end"], strict=True)
    made["spans"] = [spans or [[0, end]] for spans, end in whole]
    made["headline"] = "About " + made["article_id"]
    return made, made[["article_id", "wire", "duplicate_of", "headline"]]


def found(*rows: dict) -> pd.DataFrame:
    return origins.find_versions(*press(*rows))


def test_words_of_one_speaker_are_one_statement_also_where_some_are_left_out():
    versions = found(
        {"day": "2026-03-02"},
        {"text": CUT, "outlet": "Clarion", "day": "2026-03-01"},
        {"text": OTHER},
    )
    assert list(versions["article_id"]) == ["a1", "a0"], "the earliest first"
    assert set(versions["statement_id"]) == {"s0"}, "the fullest gives it its name"
    assert list(versions["kept"]) == [15 / 18, 1]
    (statement,) = origins.count_statements(versions).to_dict("records")
    assert statement["had_first"] == "Clarion" and statement["day"] == pd.Timestamp("2026-03-01")
    assert statement["articles"] == 2 and statement["said"] == WHOLE


def test_words_between_the_pieces_of_a_statement_are_not_its_words():
    said = f"{CUT}, said Lee, {WHOLE[len(CUT) :]}"
    spans = [[0, len(CUT)], [len(said) - len(WHOLE) + len(CUT), len(said)]]
    assert list(found({}, {"text": said, "spans": spans})["kept"]) == [1, 1]


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ({"speaker": "A. Lee"}, True),
        ({"speaker": "Bo Fox"}, False),
        ({"speaker": "the mayor", "named": False, "source_type": "unnamed person"}, True),
        ({"speaker": "Town Hall", "source_type": "named organisation"}, True),
        ({"speaker": "Bo Fox", "speaker_id": "p1;p2"}, True),
    ],
)
def test_speakers_of_one_statement_can_be_one(other: dict, same: bool):
    rows = {"speaker_id": "p1" if "speaker_id" in other else ""}, other
    assert (len(found(*rows)) > 0) is same


def test_short_words_need_quotation_marks_and_the_same_speaker():
    short = {"text": "to open the bridge on Monday"}
    assert len(found(short, short)) == 2
    assert found(short, short | {"form": "indirect"}).empty
    assert found(short, short | {"speaker": "the mayor", "named": False}).empty


def test_nothing_that_one_article_alone_says_is_shared():
    made, articles = press({}, {})
    versions = origins.find_versions(made.assign(article_id="a0"), articles.head(1))
    assert versions.empty and origins.count_stories(versions).empty
    assert findings.say_origins(origins.count_stories(versions)) == ""
    assert origins.choose_statement(versions) == ""
    assert origins.align_versions(versions, "").empty


@pytest.mark.parametrize(
    ("rows", "whence"),
    [
        ([{}, {"outlet": "Clarion"}], {"Gazette", "Clarion"}),
        ([{"wire": "Reuters"}, {"outlet": "Clarion", "wire": "Reuters"}], {"Reuters"}),
        ([{"relay": "Clarion"}, {"outlet": "Clarion"}], {"Clarion"}),
        (
            [{"wire": "TASS", "channel": "speech"}, {"outlet": "Clarion", "wire": "TASS"}],
            {"TASS"},
        ),
        ([{"channel": "speech"}, {"outlet": "Clarion", "relay": "TASS"}], {"Ada Lee (speech)"}),
        (
            [{"channel": "interview"}, {"outlet": "Clarion", "channel": "told the outlet"}],
            {"Gazette", "Clarion"},
        ),
        ([{"channel": "interview", "relay": "TASS"}, {"outlet": "Clarion"}], {"TASS"}),
        ([{}, {"outlet": "Clarion", "duplicate_of": "a0"}], {"Gazette"}),
        ([{"relay": "Clarion"}, {"outlet": "Clarion", "wire": "Reuters"}], {"Reuters"}),
    ],
)
def test_agencies_relays_releases_and_copies_are_folded(rows: list[dict], whence: set[str]):
    assert set(found(*rows)["origin"]) == whence


def test_a_story_is_tied_by_the_same_words_within_a_week():
    days = "2026-03-01", "2026-03-05", "2026-03-30", "2026-04-01"
    rows = [
        {"day": day, "wire": wire} for day, wire in zip(days, ("Reuters", "", "", ""), strict=True)
    ]
    rows[3]["text"] = OTHER
    versions = found(*rows, {"text": OTHER, "day": "2026-04-02", "outlet": "Clarion"})
    stories = origins.count_stories(versions).set_index("about")
    assert list(stories.index) == ["About a3", "About a0"], "a2 came weeks later"
    assert list(stories["articles"]) == [2, 2] and list(stories["origins"]) == [2, 1]
    told = findings.say_origins(stories)
    assert told == "Told most widely: 2 articles, 2 origins at most (Gazette and Clarion)."


def test_versions_are_set_beside_the_fullest():
    versions = found({}, {"text": CUT, "outlet": "Clarion"})
    chosen = origins.choose_statement(versions)
    aligned = origins.align_versions(versions, chosen).set_index("outlet")
    ((first, last),) = aligned.loc["Clarion", "spans"]
    assert aligned.loc["Clarion", "said"][first:last] == CUT
    told = findings.say_cut(aligned.reset_index(), versions)
    assert told == "Ada Lee: 1 of 2 versions leave words out; Clarion keeps 83%"


def made_up(articles: int, sources: int, chance: np.random.Generator) -> pd.DataFrame:
    """Articles of an outlet with three statements each, two of them of one source."""
    said = np.repeat(chance.integers(sources, size=(articles, 2)), (2, 1) * articles).astype(str)
    ids = np.repeat(np.arange(articles), 3).astype(str)
    return pd.DataFrame({"outlet": "Gazette", "article_id": ids, "named": True, "speaker": said})


def test_concentration_is_how_often_two_articles_have_one_source():
    said = pd.DataFrame({"article_id": ["a", "a", "b", "c"], "speaker": ["x", "y", "x", "z"]})
    row = origins.measure_concentration(said.assign(outlet="G", named=True, speaker_id="")).iloc[0]
    assert row["share"] == pytest.approx(1 / 6), "x meets x in half of one pair of three"
    assert row["n"] == row["sources"] == 3 and np.isnan(row["low"])


def test_the_interval_of_concentration_holds_what_it_says():
    chance, sources, held = np.random.default_rng(1), 8, 0
    for _ in range(200):
        said = made_up(40, sources, chance).assign(speaker_id="")
        row = origins.measure_concentration(said).iloc[0]
        assert 0 <= row["low"] <= row["share"] <= row["high"] <= 1
        held += row["low"] <= 1 / sources <= row["high"]
    assert held >= 180, held
