"""The profile of a source: evidence from each place of an article that means one speaker."""

from __future__ import annotations

from helpers import build, read_table
from helpers.annotate import profiles
from helpers.model.profile_model import load_profile_model
from helpers.text.article import Article

TEXT = "Mara Quist, a geologist, said that it rained. The harbour was closed."
ROW = {"spans": [(30, 44)], "cue_spans": [(25, 29)], "source_spans": [(0, 23)]}
NAMED = {"start": 0, "end": 10, "label": "PERSON"}


def test_each_place_is_read_once_in_the_order_of_the_text():
    rows = profiles.find_rows(Article(TEXT, "a"), [ROW, ROW], [NAMED, NAMED | {"label": "DATE"}])
    assert [(row["start"], row["end"]) for row in rows] == [(0, 10), (0, 23)]
    answers = len(load_profile_model().affiliations) + 1
    assert {len(row["evidence"]) for row in rows} == {answers}
    assert profiles.find_rows(Article("", "a"), [], []) == []


def test_a_source_shows_in_its_words_else_in_its_cue_else_in_what_is_said():
    assert profiles.own_place(ROW) == [(0, 23)]
    assert profiles.own_place(ROW | {"source_spans": []}) == [(25, 29)]
    assert profiles.own_place(ROW | {"source_spans": [], "cue_spans": []}) == [(30, 44)]


def test_without_evidence_the_rules_stand():
    row = ROW | {"speaker_id": "", "form": "indirect", "source_text": "x"}
    nobody = profiles.Profiles([], [])
    assert nobody.affiliation(row, "", "unnamed person", "police") == "police"


def test_what_is_said_of_a_speaker_anywhere_counts_for_all_that_he_says(tmp_path):
    text = (
        "Odo Brandvik said that the harbour would be closed.\n\n"
        "Brandvik, a member of parliament for the Farmers Party, said that it was late.\n\n"
        "“We shall vote against it,” Brandvik said."
    )
    articles = tmp_path / "articles"
    articles.mkdir()
    (articles / "a.txt").write_text(text)
    build(articles, tmp_path / "tables", workers=1)
    rows = read_table("attributions", tmp_path / "tables")
    assert len(rows) == 3
    assert set(rows["affiliation"]) == {"legislature or party"}
