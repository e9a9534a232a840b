"""Desks: the same answers in a widget as on a static page, escaped, and no error without words."""

from __future__ import annotations

import pytest
from lxml import html
from tables_fixture import make_tables, write_tables

from helpers import concordance, desk

MADE = make_tables(articles=60)
ARTICLES, SAID = MADE["articles"], MADE["attributions"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_tables(MADE, tmp_path_factory.mktemp("tables"))


@pytest.fixture(scope="module")
def looking(folder):
    return desk.look_up(concordance.Texts(folder, ARTICLES), ARTICLES, "offer")


@pytest.fixture
def in_lab(monkeypatch):
    monkeypatch.setenv(desk.IN_LAB, "reader.ipynb")
    pytest.importorskip("anywidget")


def test_outside_the_lab_a_desk_is_a_page(folder, looking, monkeypatch):
    monkeypatch.delenv(desk.IN_LAB, raising=False)
    for one in (looking, desk.read_article(ARTICLES, SAID, folder)):
        shown = one._repr_mimebundle_()
        assert set(shown) == {"text/html", "text/plain"}
        assert not html.fromstring(f"<div>{shown['text/html']}</div>").xpath("//script|//form")


def test_in_the_lab_a_desk_is_a_widget_that_answers(looking, in_lab):
    shown = looking._repr_mimebundle_()
    bundle = shown[0] if isinstance(shown, tuple) else shown
    assert "application/vnd.jupyter.widget-view+json" in bundle
    widget = looking.widget()
    before = widget.page
    widget.values = {**looking.values, "word": "borders"}
    assert widget.page != before and "borders" in widget.page


def test_an_article_is_chosen_from_a_list(folder):
    reading = desk.read_article(ARTICLES, SAID, folder, "a017")
    assert reading.values == {"article": "a017"}
    assert len(reading.fields[0]["choices"]) == len(ARTICLES)
    assert "Harbour talks enter round 3" in reading.reply({"article": "a003"})


@pytest.mark.parametrize(
    ("changed", "fewer"),
    [({"outlet": "Clarion"}, True), ({"role": "caption"}, True), ({"since": "2026-04-10"}, True)],
)
def test_what_is_looked_up_is_filtered(looking, changed, fewer):
    number = int(looking.reply(looking.values).split(" ")[0].removeprefix("<p>").replace(",", ""))
    page = looking.reply({**looking.values, **changed})
    assert int(page.split(" ")[0].removeprefix("<p>").replace(",", "")) < number


def test_mistakes_are_answered_in_words(looking):
    page = looking.reply({**looking.values, "kind": "entity", "word": "<b>Nobody</b>"})
    assert "no entity is called" in page and "<b>" not in page
    assert "is not a day" in looking.reply({**looking.values, "since": "May"})
    assert "0 places" in looking.reply({**looking.values, "word": ""})


def test_nothing_to_read_says_so(folder):
    nothing = desk.read_article(ARTICLES.head(0), SAID.head(0), folder)
    assert "there is no article" in nothing.reply(nothing.values)


def test_the_script_asks_for_nothing_from_outside():
    assert "http" not in desk.SCRIPT + desk.STYLE and "import " not in desk.SCRIPT
