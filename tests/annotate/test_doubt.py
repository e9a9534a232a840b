"""How sure the coding of each source is."""

from __future__ import annotations

import pytest

from helpers import build, read_table
from helpers.annotate import doubt

ROW = {
    "source_text": "Mara Quist",
    "speaker": "Mara Quist",
    "speaker_id": "p-1",
    "resolution": "name",
    "form": "direct",
    "cue": "said",
    "source_type": "named person",
    "affiliation": "police",
    "country": "NOR",
    "confidence": 0.95,
    "source_rule": "type: name 'Mara Quist'; affiliation: word 'officer'; country: home of it",
}
MENTIONS = [(0, 10, "Mara Quist", "PERSON", "p-1"), (50, 60, "Odo Lind", "PERSON", "p-2")]
NOBODY = {"source_text": "", "speaker": "", "speaker_id": "", "resolution": "none", "cue": ""}


@pytest.mark.parametrize(
    "change",
    [
        {"resolution": "pronoun", "source_text": "he"},
        {"resolution": "description", "source_text": "the officer"},
        NOBODY | {"source_type": "unnamed person", "source_rule": "type: no source"},
    ],
)
def test_a_name_as_written_is_surer_than_what_is_meant_or_missing(change):
    named, other = doubt.judge([ROW, ROW | change], MENTIONS)
    assert named.speaker_confidence > other.speaker_confidence
    assert all(0 <= chance <= 1 for chance in (*named, *other))


def test_a_rule_counts_by_its_name_and_not_by_the_words_it_saw():
    (shown,) = doubt.describe([ROW], MENTIONS)
    assert {"type by name", "affiliation by word", "country by home"} <= set(shown)
    other = ROW | {"source_rule": ROW["source_rule"].replace("officer", "detective")}
    assert doubt.describe([other], MENTIONS) == [shown]


def test_every_attribution_of_a_build_says_how_sure_it_is(tmp_path):
    articles = tmp_path / "articles"
    articles.mkdir()
    (articles / "a.txt").write_text("“It was late,” Mara Quist said. He added that it rained.")
    build(articles, tmp_path / "tables", workers=1)
    rows = read_table("attributions", tmp_path / "tables")
    assert len(rows) and rows[[*doubt.COLUMNS]].notna().all(axis=None)
