"""The coding desk: blind, kept at once, gone on with, a sheet for each coder."""

from __future__ import annotations

import ipywidgets as widgets
import pandas as pd
import pytest
from tables_fixture import make_tables

from helpers.measure import select
from helpers.study import desk, sheets, study

MADE = make_tables(articles=60)
ARTICLES = MADE["articles"]
SAID = select.join_articles(MADE["attributions"], ARTICLES, ["body"])


@pytest.fixture
def coding(tmp_path):
    key, _ = sheets.draw_statements(SAID, ARTICLES, 12, ["outlet"])
    passages = sheets.draw_passages(ARTICLES.head(0).assign(role="", start=0, end=0), ARTICLES, 0)[
        0
    ]
    sheets.write_sheets(key, passages, ARTICLES, tmp_path)
    return desk.Desk(key, ARTICLES, tmp_path)


def sit_down(coding: desk.Desk, coder: str) -> tuple[dict, list, widgets.VBox]:
    """Say one's name; return the fields by their names, the two buttons, and the desk."""
    name, body = coding.to_widgets().children
    name.value = coder
    _, _, *fields, buttons = body.children[0].children
    return {one.description: one for one in fields}, buttons.children, body.children[0]


def test_what_is_chosen_is_kept_at_once_and_gone_on_with(coding, tmp_path):
    fields, (_, on), shown = sit_down(coding, "Anna K.")
    fields["statement"].value = "yes"
    fields["source type"].value = "document"
    fields["speaker"].value = "=the report"
    kept = sheets.read_sheet(tmp_path / "Anna-K.csv")
    assert kept.codes.query("variable == 'source_type'")["value"].tolist() == ["document"]
    assert "=the report" in kept.codes["value"].tolist() and kept.problems.empty
    on.click()
    assert fields["statement"].value is None and "Statement 2 of 12" in shown.children[0].value
    fields["statement"].value = "no"
    again, (back, _), shown = sit_down(coding, "Anna K.")
    assert "Statement 3 of 12; 2 coded" in shown.children[0].value
    back.click()
    back.click()
    assert again["source type"].value == "document" and again["speaker"].value == "=the report"


def test_each_coder_has_a_sheet_and_the_next_run_reads_them(coding, tmp_path):
    assert study.part_codings([], tmp_path) == ([], [])
    for coder, answer in (("anna", "yes"), ("ben", "no")):
        fields, _, _ = sit_down(coding, coder)
        fields["statement"].value = answer
    found, _ = study.part_codings([], tmp_path)
    assert [file.name for file in found] == ["anna.csv", "ben.csv"]
    coded = study.read_sample(found, ARTICLES, SAID)
    assert coded.coders == ["anna", "ben"] and len(coded.ratings.query("value != ''")) == 2


def test_only_the_words_and_their_article_are_shown(tmp_path):
    text = "A <b>minister</b> said & wrote that the mill would close."
    articles = pd.DataFrame({"article_id": ["a"], "text": [text]})
    key = pd.DataFrame({"unit": ["u0001"], "article_id": ["a"], "start": [35], "end": [59]})
    shown = desk.Desk(key, articles, tmp_path).show(0)
    assert "&lt;b&gt;minister&lt;/b&gt; said &amp; wrote" in shown and "<b>" not in shown
    assert shown.count(f"<mark>{text[35:59]}</mark>") == 2


def test_without_a_folder_or_without_jupyterlab_there_is_no_desk(coding, capsys, monkeypatch):
    told: list = []
    monkeypatch.setattr(desk, "display", told.append)
    desk.Desk(coding.key, ARTICLES, "")._ipython_display_()
    coding._ipython_display_()
    assert "name a folder" in told[0].data and "in JupyterLab" in told[1].data
