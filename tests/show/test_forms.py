"""Forms: the same answers in widgets as on a static page, escaped, and no error without words."""

from __future__ import annotations

import pytest
from lxml import html
from tables_fixture import make_tables, write_tables

from helpers.show import concordance, forms, reading

MADE = make_tables(articles=60)
ARTICLES, SAID = MADE["articles"], MADE["attributions"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_tables(MADE, tmp_path_factory.mktemp("tables"))


@pytest.fixture(scope="module")
def looking(folder):
    return forms.look_up(concordance.Texts(folder, ARTICLES), ARTICLES, "offer")


def displayed(form, monkeypatch, in_front: bool) -> object:
    shown = []
    monkeypatch.setattr(forms, "can_edit", lambda: in_front)
    monkeypatch.setattr(forms, "display", shown.append)
    monkeypatch.setattr(forms, "show_editor", shown.append)
    form._ipython_display_()
    return shown[0]


def test_where_nobody_sits_in_front_a_form_is_a_page(folder, looking, monkeypatch):
    for form in (looking, reading.read_article(ARTICLES, SAID, folder)):
        page = displayed(form, monkeypatch, in_front=False).data
        assert not html.fromstring(f"<div>{page}</div>").xpath("//script|//form|//input")


def test_in_the_lab_the_page_follows_the_form(looking, monkeypatch):
    row, steps, page = displayed(looking, monkeypatch, in_front=True).children
    word = row.children[0]
    before = page.value
    word.value = "borders"
    assert page.value != before and "borders" in page.value


def test_an_article_is_chosen_from_a_list(folder):
    chosen = reading.read_article(ARTICLES, SAID, folder, "a017")
    assert (chosen.values["article"], chosen.values["words"]) == ("a017", "")
    assert len(chosen.choices(chosen.values)) == len(ARTICLES)
    assert "Harbour talks enter round 3" in chosen.reply({"article": "a003"})
    typed = {"article": "a003", "words": "enter round 5"}
    assert "Harbour talks enter round 5" in chosen.reply(typed)


def test_the_list_is_followed_again_after_words_were_typed(folder):
    row, steps, page = reading.read_article(ARTICLES, SAID, folder, "a017").to_widgets().children
    listed, words = row.children[:2]
    words.value = "enter round 5"
    assert "Harbour talks enter round 5" in page.value
    listed.value = "a003"
    assert words.value == "" and "Harbour talks enter round 3" in page.value


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
    nothing = reading.read_article(ARTICLES.head(0), SAID.head(0), folder)
    assert "there is no article" in nothing.reply(nothing.values)


def test_the_next_article_and_filters_move_what_follows(folder):
    form = reading.read_article(ARTICLES, SAID, folder, "a017")
    seen = []
    form.views.append(lambda values: seen.append(form.chosen(values)["article_id"].iloc[0]))
    row, steps, page = form.to_widgets().children
    listed, words, outlet = row.children[:3]
    ids = form.among(form.values)["article_id"].tolist()
    steps.children[1].click()
    assert listed.value == seen[-1] == ids[ids.index("a017") + 1]
    steps.children[0].click()
    assert listed.value == seen[-1] == "a017"
    outlet.value = "Clarion"
    left = ARTICLES.loc[ARTICLES["outlet"] == "Clarion", "article_id"]
    assert {value for _, value in listed.options} == set(left)
    assert f"{len(left)} articles to choose from" in page.value and seen[-1] == listed.value


def test_a_concordance_is_turned_over_to_its_last_line(looking, monkeypatch):
    row, steps, page = displayed(looking, monkeypatch, in_front=True).children
    places = int(page.value.split(" ")[0].removeprefix("<p>").replace(",", ""))
    assert places > 30 and f"Save {places:,} lines as CSV" in page.value
    pages = [page.value]
    for _ in range(-(-places // 15)):
        steps.children[1].click()
        pages.append(page.value)
    assert f"to {places:,}. " in pages[-1] and pages[-1] == pages[-2]
    lines = sum(len(html.fromstring(one).xpath("//tbody/tr")) for one in pages[:-1])
    assert lines == places
