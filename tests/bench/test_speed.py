"""The bench measures what it says: articles that differ, rows that are missed, memory of a tree."""

from __future__ import annotations

import sys

import pandas as pd
import pytest
from tables_fixture import make_tables, write_tables

from helpers.bench import history, made_up, speed
from helpers.store import tables

TEXT = "The mayor said 3 boats came. “It is late,” he said. Nobody else spoke. The end came at 9."


def test_articles_made_from_one_text_all_differ():
    made = [made_up.vary(TEXT, number, 0) for number in range(50)]
    assert len(set(made)) == 50
    assert all("Nobody else spoke." in text for text in made)


def test_a_varied_article_keeps_its_paragraphs():
    text = TEXT.replace(". “It", ".\n\n“It").replace(". Nobody", ".\nNobody")
    for number in range(9):
        assert made_up.vary(text, number, 0).count("\n") == text.count("\n") == 3


def test_an_article_is_cut_after_the_sentence_that_reaches_its_length():
    assert len(made_up.vary(TEXT, 0, 6).split()) < len(TEXT.split())


def test_memory_and_processor_time_of_descendants_count():
    child = "x = bytearray(120_000_000); import time; time.sleep(2)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    run = speed.measure([sys.executable, "-c", parent])
    assert run.peak > 120e6 and run.cpu > 0


def test_made_up_tables_open_as_a_build(tmp_path):
    small = write_tables(make_tables(12), tmp_path / "small")
    made_up.write_large_tables(tmp_path / "large", small, 30)
    ids = tables.read_table("articles", tmp_path / "large")["article_id"]
    assert len(ids) == ids.nunique() == 30
    for name, key in (("mentions", "entity_id"), ("attributions", "speaker_id")):
        few, many = (tables.read_table(name, tmp_path / size) for size in ("small", "large"))
        half = few["article_id"].isin(tables.read_table("articles", small)["article_id"][:6])
        assert len(many) == 2 * len(few) + half.sum()
        assert set(many[key]) - {""} <= set(
            tables.read_table("entities", tmp_path / "large")["entity_id"]
        )


def test_a_plot_is_drawn_of_every_measure_with_a_floor(tmp_path):
    rows = [
        speed.Measured("speed", 1.5, 1.3, 2.5),
        speed.Measured("memory", 3.0, 2.5, 1.2),
        speed.Measured("words", 9),
    ]
    speed.plot_ratios(pd.DataFrame(rows), tmp_path / "bench.png")
    assert (tmp_path / "bench.png").stat().st_size > 5000


def test_a_run_that_fails_is_told():
    with pytest.raises(RuntimeError, match="the build ended with exit code 3"):
        speed.measure([sys.executable, "-c", "raise SystemExit(3)"], "the build")


def test_without_gold_the_sample_is_read_whatever_its_encodings(monkeypatch):
    monkeypatch.delenv("GOLD", raising=False)
    texts = speed.read_texts()
    assert len(texts) > 20 and all(text.strip() for text in texts)


def test_a_value_that_changed_is_kept_with_its_commit_the_last_ten():
    known = history.read_history().iloc[:0]
    for number in range(12):
        rows = [speed.Measured("quick", 1.0 + number), speed.Measured("same", 2.0)]
        rows += [speed.Measured("nearly", 3.0 + number / 100), speed.Measured("none", None)]
        known = history.add_measured(known, pd.DataFrame(rows), f"c{number}")
    assert history.say_earlier("same", known) == "2 (c0)"
    assert history.say_earlier("nearly", known) == "3 (c0)"
    assert list(known.loc[known["measure"] == "quick", "commit"]) == [f"c{n}" for n in range(2, 12)]
    assert history.say_earlier("none", known) == ""
