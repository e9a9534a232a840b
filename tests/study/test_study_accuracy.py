"""The accuracy figures: scored as the corpora's own scorers do; what is absent is skipped."""

from __future__ import annotations

import gzip
import importlib.util
import json
import sys
from io import StringIO

import nbformat
import numpy as np
import pandas as pd
import papermill
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest import approx

from helpers.store.paths import PROJECT
from helpers.study import accuracy, corpora

TEXT = "“The boats were empty,” Ada Lindqvist said on Monday. Officials denied it was so."


def corpus(name="Small", part="attributions"):
    return accuracy.Corpus(name, part, "", "", "")


def write_lines(path, rows, packed=False):
    text = "\n".join(json.dumps(row) for row in rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    if packed:
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text)
    return path


def test_without_a_folder_all_but_the_sample_is_skipped_and_told():
    listed = corpora.list_corpora("")
    assert listed.loc[listed["there"], "corpus"].tolist() == ["The sample"]
    assert listed["how"].str.len().min() > 40
    measured = accuracy.measure_gold("", ["names", "tone", "sources", "attributions"])
    assert accuracy.to_figures(measured).empty
    assert accuracy.join_peers(accuracy.to_figures(measured)).empty
    assert accuracy.measure_calibration(measured).empty
    assert accuracy.list_worst(measured).empty


@pytest.mark.parametrize(
    ("gold", "parts", "message"),
    [("nowhere/at/all", [], "there is no folder"), ("", ["songs"], "'songs' is no part")],
)
def test_what_is_not_there_is_said(gold, parts, message):
    with pytest.raises(ValueError, match=message):
        accuracy.measure_gold(gold, parts)


def test_attributions_are_counted_by_hand(tmp_path):
    said = {"source": [[24, 37]], "cue": [[38, 42]], "content": [[0, 23]]}
    denied = {"source": [[54, 63]], "cue": [[64, 70]], "content": [[71, 80]]}
    article = {"id": "a", "text": TEXT, "attributions": [said, denied]}
    ours = pd.DataFrame(
        [
            {
                "spans": [[0, 22]],
                "source_spans": [[28, 37]],
                "cue_spans": [],
                "start": 0,
                "end": 22,
            },
            {
                "spans": [[71, 80]],
                "source_spans": [[24, 37]],
                "cue_spans": [[64, 70]],
                "start": 71,
                "end": 80,
            },
        ]
    ).assign(source_text="", cue="", confidence=0.9, text="")
    counts, right = accuracy.count_attributions(article, ours)
    assert counts == [1, 2, 2, 2, 2, 1, 1, 0, 0, 0, 1, 1, 1, 2]
    assert right.tolist() == [True, False]


def test_tone_is_scored_by_target(tmp_path):
    sentence = {"sentence_normalized": "Ada praised the crew but blamed the board."}
    targets = [
        {"from": 12, "to": 20, "polarity": 6.0, "Input.gid": "1"},
        {"from": 32, "to": 41, "polarity": 2.0, "Input.gid": "2"},
    ]
    lines = [sentence | {"primary_gid": str(n), "targets": targets} for n in range(3)]
    write_lines(tmp_path / "newsmtsc" / "rw_dev.jsonl", lines)
    measured = accuracy.measure_gold(tmp_path, ["tone"])
    figures = accuracy.to_figures(measured).set_index("measure")
    assert figures.loc["macro F1", "n"] == 6 and 0 <= figures.loc["same label", "value"] <= 100
    assert len(measured.items) == 6
    calibration = accuracy.measure_calibration(measured)
    assert calibration["n"].sum() == 6


def test_names_are_read_with_their_types(tmp_path):
    lines = [
        "# text = The Harbour Board met Ada.",
        "1\tThe\tO",
        "2\tHarbour\tB-ORG",
        "3\tBoard\tI-ORG",
    ]
    lines += ["4\tmet\tO", "5\tAda\tB-PER", "6\t.\tO", ""]
    file = tmp_path / "n.iob2.gz"
    file.write_bytes(gzip.compress("\n".join(lines).encode()))
    [(text, names)] = corpora.read_names(file)
    assert names == {(4, 17, "ORG"), (22, 25, "PER")}
    conll = tmp_path / "n.conll.gz"
    conll.write_bytes(gzip.compress(b"Ada I-PER\nmet O\n\nOslo I-LOC\n"))
    read = list(corpora.read_names(conll))
    assert [names for _, names in read] == [{(0, 3, "PER")}, {(0, 4, "LOC")}]


def test_peers_are_facts_with_a_source():
    peers = accuracy.read_peers()
    assert peers.notna().all().all() and peers["value"].between(0, 100).all()
    assert set(peers["kind"]) == {"measured", "published", "people"}
    known = {one.corpus for one in accuracy.read_corpora()}
    assert set(peers["corpus"]) <= known


def test_recorded_figures_say_when_and_by_which_command_they_were_measured():
    recorded = accuracy.read_recorded()
    columns = ["part", "measure", "value", "floor", "date", "command"]
    assert list(recorded.columns) == columns and not recorded["measure"].duplicated().any()
    assert set(recorded["part"]) <= {one.part for one in accuracy.read_corpora()}
    assert pd.to_numeric(recorded["value"]).gt(0).all()
    assert recorded["floor"].str.fullmatch(r"|[≥≤] [\d.]+( \(.+\))?").all()
    assert (pd.to_datetime(recorded["date"], format="%Y-%m-%d").dt.year >= 2026).all()
    assert (recorded["command"].str.len() > 10).all()


def test_the_size_recorded_is_that_of_the_files_that_ship():
    recorded = accuracy.read_recorded().set_index("measure")["value"]
    files = (PROJECT / "data" / "models").glob("*/*")
    size = sum(file.stat().st_size for file in files) / 1e6
    told = recorded["model files that ship, reader and tone, MB"]
    assert float(told) == approx(size, abs=0.05)


def test_the_notebook_shows_every_recorded_figure_and_corpus_whole(tmp_path):
    """A cell longer than the widest that is shown would end in dots."""
    out = tmp_path / "accuracy.ipynb"
    parameters = {"gold": "", "parts": ["tone"], "corpus": "sample"}
    papermill.execute_notebook(
        PROJECT / "notebooks" / "accuracy.ipynb",
        out,
        parameters,
        cwd=PROJECT / "notebooks",
        progress_bar=False,
    )
    cells = {cell.id: cell for cell in nbformat.read(out, as_version=4).cells}
    shown = {
        name: pd.read_html(StringIO(cells[name].outputs[-1]["data"]["text/html"]), index_col=0)[0]
        for name in ("recorded", "corpora")
    }
    recorded, listed = accuracy.read_recorded(), corpora.list_corpora("")
    told = shown["recorded"].astype({"value": float})
    assert told["command"].tolist() == recorded["command"].tolist()
    assert told["measure"].tolist() == recorded["measure"].tolist()
    assert told["value"].tolist() == recorded["value"].astype(float).tolist()
    assert shown["corpora"]["how"].tolist() == listed["how"].tolist()


def test_sources_are_scored_by_the_way_they_are_named(tmp_path):
    """As `pairing` scores them; a statement found nowhere in its text is not found."""
    text = (
        "Mayor Ada Lindqvist said the boats were empty on Monday night. "
        "She said the harbour would stay closed until Friday.\n"
    )
    coded = {"type": "named person", "name": "Ada Lindqvist", "title": "Mayor"}
    said = [
        "the boats were empty on Monday night",
        "the harbour would stay closed until Friday",
        "nobody ever wrote such words as these here",
    ]
    article = {"id": 7, "text": text, "statements": [coded | {"statement": one} for one in said]}
    file = tmp_path / "scu_sources" / "scu_even.jsonl"
    write_lines(file, [article, article | {"id": 8}])
    measured = accuracy.measure_gold(tmp_path, ["sources"])
    figures = accuracy.to_figures(measured).set_index("measure")
    assert figures["n"].to_dict() == {
        "statements found": 6,
        "source type": 4,
        "title": 4,
        "right source named": 4,
        "source by name": 2,
        "source by pronoun": 2,
    }
    told = {*accuracy.SOURCE_MEASURES.values(), *accuracy.RESOLVED.values()}
    assert set(figures.index) <= told
    assert max(len(f"Santa Clara sources, {label}") for label in told) <= 44  # a chart's row names
    assert figures.loc["statements found", "value"] == approx(200 / 3)
    assert figures.loc["source by pronoun", "value"] == 100
    items = accuracy.to_items(measured)
    assert len(items) == 4 and items["right"].all()
    assert items["text"].tolist()[:2] == said[:2]


def test_ours_stand_before_the_others():
    figures = pd.DataFrame(
        [("attributions", "PolNeAR dev", "end to end F1", 75.0, 72.0, 78.0, 2192, "attributions")],
        columns=accuracy.FIGURES,
    )
    both = accuracy.join_peers(figures)
    assert both["system"].iloc[0] == "this program" and both["value"].iloc[1] == 77.0
    assert len(both) == 6


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9)), min_size=2))
def test_figures_lie_inside_their_intervals(rows):
    table = np.array(rows, dtype=float)
    table[:, 0] = np.minimum(table[:, 0], table[:, 1:].min(axis=1))
    figure = accuracy.tell(corpus(), "F1", table, accuracy.f1, "x")
    if not np.isnan(figure["value"]):
        assert figure["low"] <= figure["value"] <= figure["high"]


def test_attributions_are_scored_as_the_corpus_scorer_does(gold):
    """On PolNeAR dev, with the gold itself, shifted, as what was found."""
    name = gold / "score_attributions.py"
    spec = importlib.util.spec_from_file_location("score_attributions", name)
    scorer = sys.modules["score_attributions"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(scorer)
    lines = accuracy.read_lines(gold / "polnear" / "dev.jsonl.gz")
    coded = {row["id"]: row for _, row in zip(range(12), lines, strict=False)}
    found = {
        key: [
            {
                role: [[s + n % 9, e + n % 5] for s, e in said[role]]
                for role in ("content", "source", "cue")
            }
            for n, said in enumerate(row["attributions"])
            if n % 7
        ]
        for key, row in coded.items()
    }
    theirs = scorer.score(coded, {k: {"id": k, "attributions": v} for k, v in found.items()})
    counts = []
    for key, row in coded.items():
        ours = pd.DataFrame(
            [
                {"spans": said["content"], "source_spans": said["source"], "cue_spans": []}
                for said in found[key]
            ]
        ).assign(start=0, end=1, source_text="", cue="", confidence=1.0, text="")
        counts.append(accuracy.count_attributions(row, ours)[0])
    right, exact, partial, said, meant = np.sum(counts, axis=0)[:5]
    assert 2 * right / (said + meant) == approx(theirs["end_to_end"]["f1"], abs=0.002)
    assert 2 * partial / (said + meant) == approx(theirs["partial"]["f1"], abs=0.002)
    assert 2 * exact / (said + meant) == approx(theirs["exact"]["f1"], abs=0.01)


DAMAGES = {
    "an empty member and zero bytes": gzip.compress(b"") + bytes(4096),
    "cut short": gzip.compress(b"# newdoc id = one\n" * 500)[:60],
    "no gzip": b"# newdoc",
    "no text": gzip.compress(b"\xff\xfe\x00" * 50),
}


@pytest.mark.parametrize("content", DAMAGES.values(), ids=DAMAGES)
@pytest.mark.parametrize("file", ["gum/gum_news.conllu.gz", "polnear/dev.jsonl.gz"])
def test_a_damaged_file_is_told_and_does_not_stop_the_rest(tmp_path, content, file):
    (tmp_path / file).parent.mkdir()
    (tmp_path / file).write_bytes(content)
    part = "names" if file.startswith("gum") else "attributions"
    measured = accuracy.measure_gold(tmp_path, [part])
    assert measured.figures == []
    (problem,) = accuracy.list_problems(measured)["problem"]
    assert file in problem and "put a whole copy there" in problem


def test_the_sample_is_measured_as_its_own_test_does():
    """The floors of test_sample; the speaker is a figure of who speaks, not of what is said."""
    measured = accuracy.measure_gold("", ["speakers"])
    figures = accuracy.to_figures(measured).set_index("measure")
    assert (figures["corpus"] == "The sample").all()
    assert figures.loc["statements F1", "value"] >= 85
    assert figures.loc["source type", "value"] >= 90 and figures.loc["relay", "value"] >= 95
    assert figures.loc["speaker", "value"] >= 89
    assert (figures["low"] < figures["value"]).all() and (figures["value"] <= figures["high"]).all()
    items = accuracy.to_items(measured)
    assert items["right"].mean() * 100 == approx(figures.loc["speaker", "value"])


def test_kinds_of_social_media_names_are_put_into_three(tmp_path):
    tagged = ["Empire B-location", "State I-location", "saw O", "Acme B-corporation"]
    lines = "\n".join([*tagged, "", "Her B-creative-work", ""]).replace(" ", "\t")
    file = tmp_path / "wnut17_train.conll.gz"
    file.write_bytes(gzip.compress(lines.encode()))
    sentences = list(corpora.read_names(file))
    assert sentences[0] == ("Empire State saw Acme", {(0, 12, "LOC"), (17, 21, "ORG")})
    assert sentences[1] == ("Her", set())
