"""Comparisons: shares within their intervals, moves that add up, news and instrument apart."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tables_fixture import make_tables, write_tables

from helpers.batch import plan
from helpers.measure import comparisons
from helpers.measure.comparisons import Build
from helpers.measure.select import types_of
from helpers.show import charts
from helpers.store import tables

MADE = {"engine": {"helpers/a.py": "1" * 64}, "packages": {"pandas": "3"}, "parameters": {}}


def build(*said: tuple[str, str, str, bool], manifest: dict | None = None) -> Build:
    """A build of one-statement rows: sha256 of the article, outlet, speaker, named."""
    statements = pd.DataFrame(
        [
            {
                "article_id": sha,
                "sha256": sha,
                "outlet": outlet,
                "published": pd.Timestamp("2026-03-05"),
                "speaker": speaker,
                "named": named,
                "source_type": "named person" if named else "anonymous source",
                "affiliation": "government",
                "relay": "",
                "form": "direct",
                "words": 5,
                "role": "body",
            }
            for sha, outlet, speaker, named in said
        ],
        columns=[*list(types_of("compared statements"))[:-2], "sha256", "outlet", "published"],
    )
    articles = statements[list(types_of("compared articles"))[:-2]].drop_duplicates()
    return Build(articles, statements, MADE if manifest is None else manifest)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return write_tables(make_tables(articles=12), tmp_path_factory.mktemp("corpus"))


def test_every_measure_lies_inside_its_interval(folder):
    now = comparisons.read_build(folder)
    assert len(now.statements) and set(now.statements["outlet"]) == set(now.articles["outlet"])
    for table in (comparisons.measure_headlines(now), comparisons.measure_headlines(now, "outlet")):
        drawn = table.dropna(subset=["share"])
        assert ((drawn["low"] <= drawn["share"]) & (drawn["share"] <= drawn["high"])).all()
        assert ((drawn["low"] >= 0) & (drawn["high"] <= 1)).all()
        assert set(table["measure"]) == set(comparisons.MEASURES)
    assert (comparisons.measure_headlines(now, "outlet").groupby("measure")["n"].sum() > 0).all()


def test_counts_by_outlet_and_month_add_up(folder):
    rows = comparisons.select_rows(comparisons.read_build(folder), "named sources")
    assert comparisons.measure_by(rows, "outlet")["n"].sum() == len(rows)
    assert comparisons.measure_by(rows)["count"].sum() == rows["holds"].sum()
    months = comparisons.measure_periods(rows)
    assert months["n"].sum() == rows["published"].notna().sum()
    assert not months.duplicated(["outlet", "month"]).any()


def test_a_measure_that_holds_nowhere_is_zero_of_n():
    rows = comparisons.select_rows(
        build(("a", "X", "", False), ("b", "Y", "", False)), "named sources"
    )
    found = comparisons.measure_by(rows)
    assert found[["count", "n", "share", "low"]].iloc[0].tolist() == [0, 2, 0, 0]
    assert 0 < found["high"].iloc[0] <= 1


def test_single_source_articles_are_articles():
    said = build(
        ("a", "X", "Ida", True),
        ("a", "X", "Ida", True),
        ("b", "X", "Ida", True),
        ("b", "X", "Bo", True),
    )
    rows = comparisons.select_rows(said, "single-source articles")
    assert rows.set_index("article_id")["holds"].to_dict() == {"a": True, "b": False}


def test_an_unknown_measure_is_refused(folder):
    with pytest.raises(ValueError, match="no measure 'tone'; there is: named sources"):
        comparisons.select_rows(comparisons.read_build(folder), "tone")


def test_sources_are_new_vanished_or_stayed():
    before = build(("a", "X", "Ida", True), ("b", "X", "Bo", True), ("b", "X", "official", False))
    now = build(("b", "X", "Bo", True), ("c", "X", "Cem", True), ("d", "X", "Cem", True))
    found = comparisons.compare_sources(before, now)
    assert found.to_dict("records") == [
        {"speaker": "Cem", "change": "new", "before": 0, "now": 2},
        {"speaker": "Ida", "change": "vanished", "before": 1, "now": 0},
        {"speaker": "Bo", "change": "stayed", "before": 1, "now": 1},
    ]


def test_the_same_articles_read_in_another_way_are_the_instruments_move():
    before = build(("a", "X", "Ida", False), ("b", "X", "Bo", False))
    now = build(("a", "X", "Ida", True), ("b", "X", "Bo", False))
    causes = comparisons.explain_move(before, now, "named sources").set_index("cause")
    assert causes["moved"].tolist() == [0, 0.5] and causes["articles"].tolist() == [0, 1]


def test_other_articles_are_the_news_move():
    before = build(("a", "X", "Ida", False))
    now = build(("a", "X", "Ida", False), ("b", "X", "Bo", True))
    causes = comparisons.explain_move(before, now, "named sources")
    assert causes["moved"].tolist() == [0.5, 0] and causes["articles"].tolist() == [1, 0]


said = st.lists(
    st.tuples(st.sampled_from("abcd"), st.just("X"), st.sampled_from(["Ida", "Bo"]), st.booleans()),
    min_size=1,
    max_size=12,
)


@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(said, said)
def test_the_causes_of_a_move_add_up_to_it(old, new):
    before, now = build(*old), build(*new)
    moves = comparisons.compare_shares(before, now).set_index("measure").loc["named sources"]
    causes = comparisons.explain_move(before, now, "named sources")
    assert np.isclose(causes["moved"].sum(), moves["moved"])
    assert moves["low"] <= moves["moved"] <= moves["high"]
    people = comparisons.compare_sources(before, now)
    assert (people["now"] > 0).sum() == now.statements.query("named")["speaker"].nunique()


def test_what_the_builds_were_made_with_is_compared():
    old = {
        "engine": {"helpers/a.py": "1" * 64, "data/lexicons/cues.csv": "2" * 64},
        "packages": {"pandas": "2"},
        "parameters": {"mapping": {}},
    }
    new = {
        "engine": {"helpers/a.py": "3" * 64, "data/models/m.onnx": "4" * 64},
        "packages": {"pandas": "3"},
        "parameters": {"mapping": {}},
    }
    made = comparisons.compare_manifests(build(manifest=old), build(manifest=new))
    assert made[["kind", "change"]].to_numpy().tolist() == [
        ["lexicon", "gone"],
        ["model", "new"],
        ["code", "changed"],
        ["package", "changed"],
    ]
    assert comparisons.compare_manifests(build(manifest=new), build(manifest=new)).empty


def test_with_nothing_to_compare_with_there_are_no_rows(folder):
    nothing, now = comparisons.read_build(""), comparisons.read_build(folder)
    assert not nothing.exists
    assert comparisons.compare_shares(nothing, now).empty
    assert comparisons.compare_sources(nothing, now).empty
    assert comparisons.explain_move(nothing, now, "named sources").empty
    assert comparisons.compare_manifests(nothing, now).empty
    assert comparisons.name_causes(comparisons.explain_move(nothing, now, "named sources"), nothing)


def test_a_snapshot_reads_like_the_tables_and_holds_no_text(folder, tmp_path):
    comparisons.write_snapshot(folder, tmp_path)
    one, other = comparisons.read_build(folder), comparisons.read_build(tmp_path)
    pd.testing.assert_frame_equal(one.statements, other.statements, check_dtype=False)
    assert one.manifest == other.manifest
    text = tables.read_table("articles", folder, ["text"])["text"].iloc[0]
    assert all(text.encode()[:60] not in path.read_bytes() for path in tmp_path.iterdir())


def test_an_article_that_is_here_in_part_is_compared_only_when_asked_for(tmp_path):
    made = make_tables(articles=12)
    made["articles"].loc[:3, ["complete", "incomplete_reason"]] = ["no", "a summary"]
    folder, snapshot = write_tables(made, tmp_path / "tables"), tmp_path / "snapshot"
    comparisons.write_snapshot(folder, snapshot)
    for place in (folder, snapshot):
        assert len(comparisons.read_build(place).articles) == 8
        assert len(comparisons.read_build(place, incomplete=True).articles) == 12


def test_a_snapshot_is_kept_once_and_the_previous_one_is_another(folder, tmp_path):
    plan.keep_snapshot(tmp_path, str(folder))
    plan.keep_snapshot(tmp_path, str(folder))
    kept = list((tmp_path / ".snapshots").glob("*/*"))
    assert len(kept) == 1
    digest = kept[0].name[-12:]
    assert plan.find_previous(tmp_path, str(folder), digest + "more") == ""
    assert plan.find_previous(tmp_path, str(folder), "other") == str(kept[0])
    assert json.loads((kept[0] / "manifest.json").read_text())


def test_a_share_over_time_breaks_where_there_is_too_little():
    months = pd.date_range("2026-01-01", periods=4, freq="MS")
    frame = pd.DataFrame({"outlet": "X", "month": months, "n": [9, 2, 9, 9], "share": 0.5})
    frame = frame.assign(low=0.4, high=0.6)
    before = frame.copy()
    axes = charts.plot_share_timeline(frame, by="outlet")
    assert np.isnan(axes.lines[-1].get_ydata()).tolist() == [False, True, False, False]
    assert axes.get_title(loc="left") == "X, n = 29"
    pd.testing.assert_frame_equal(frame, before)
    assert charts.plot_share_timeline(frame.assign(n=1), by="outlet").texts
    assert charts.plot_share_timeline(frame.head(0), by="outlet").texts


def test_moves_are_drawn_around_zero_and_only_clear_ones_in_blue():
    before = build(*[(f"a{n}", "X", "Ida", False) for n in range(30)])
    now = build(*[(f"b{n}", "X", "Ida", True) for n in range(30)])
    moves = comparisons.compare_shares(before, now)
    axes = charts.plot_moves(moves, "measure")
    low, high = axes.get_xlim()
    assert low == -high
    assert axes.texts[0].get_text() == "0% to 100%"
    assert comparisons.name_moves(moves, before).startswith("named sources +100.0 points")
    assert charts.plot_moves(moves.head(0), "measure").texts
