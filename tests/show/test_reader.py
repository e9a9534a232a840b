"""Reading closely: the right sentences, the whole text, and nothing an article says as markup."""

from __future__ import annotations

import re

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html
from tables_fixture import Story, make_tables, write_tables

from helpers.measure import counting
from helpers.show import publish, reader
from helpers.store import schema, tables

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)> & “$5 and $7” \u202e\x07 ‮ 🗞"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_tables(make_tables(), tmp_path_factory.mktemp("tables"))


def one_article(rows: dict[str, list[dict]], folder) -> pd.DataFrame:
    frames = {
        name: pd.DataFrame(rows[name], columns=table.columns.names) if rows[name] else None
        for name, table in schema.TABLES.items()
    }
    write_tables({n: schema.empty(n) if f is None else f for n, f in frames.items()}, folder)
    return tables.read_table("articles", folder)


# ------------------------------------------------------------------------------------- evidence


@pytest.mark.parametrize("name", ["attributions", "mentions", "replies", "sentences"])
def test_every_row_opens_its_own_words(folder, name):
    rows = tables.read_table(name, folder)
    texts = tables.read_table("articles", folder).set_index("article_id")["text"]
    opened = reader.evidence(rows, folder)
    assert len(opened) == len(rows) and opened.index.equals(rows.index)
    for row in opened.itertuples():
        text = texts[row.article_id]
        assert row.evidence == text[row.start : row.end]
        around = row.before + row.evidence + row.after
        begin = row.start - len(row.before)
        assert around == text[begin : begin + len(around)]


def test_evidence_shows_the_whole_sentence(folder):
    mention = tables.read_table("mentions", folder).head(1)
    row = reader.evidence(mention, folder).iloc[0]
    assert (row["before"] + row["evidence"] + row["after"]).endswith("there.")
    assert row["rule"] == "made up" and row["confidence"] == 0.9


def test_an_outlet_that_turns_letters_round_turns_nothing_else(folder):
    mention = tables.read_table("mentions", folder).head(1)
    row = reader.evidence(mention, folder).iloc[0]
    written = reader.write_passage({**row.to_dict(), "outlet": "Cou\u202erier"})
    assert f"\u2068Cou\u202erier{reader.CLOSE * 2}; " in written
    assert reader.isolate("Courier") == "Courier"


@pytest.mark.parametrize("top", [-5, "many", True, None, 1.5])
def test_a_number_of_rows_that_is_none_is_refused_by_its_name(folder, top):
    with pytest.raises(ValueError, match="top: expected a whole number of 1 or more"):
        publish.open_page(folder, top=top)


def test_evidence_tells_what_it_is_asked_to(folder):
    rows = tables.read_table("attributions", folder)
    opened = reader.evidence(rows, folder, top=2, told=["speaker", "tone"])
    assert list(opened.columns[:2]) == ["speaker", "tone"] and len(opened) == 2
    tone = f"tone {rows['tone'].iloc[0]:+.2f}".replace("-", "−")
    assert tone in opened._repr_html_()


def test_evidence_of_nothing_is_an_empty_frame(folder):
    opened = reader.evidence(tables.read_table("replies", folder).head(0), folder)
    assert opened.empty and "evidence" in opened
    assert opened._repr_html_() == "<p>No sentence to show.</p>"


@pytest.mark.parametrize(
    ("changed", "message"),
    [({"article_id": "gone"}, "no article 'gone'"), ({"end": 10**9}, "is no place in article")],
)
def test_evidence_that_points_nowhere_is_refused(folder, changed, message):
    rows = tables.read_table("mentions", folder).head(1).assign(**changed)
    with pytest.raises(ValueError, match=message):
        reader.evidence(rows, folder)


def test_what_an_article_says_is_never_markup(tmp_path):
    story = Story("a1", "<b>Clarion</b>", None)
    start = story.write(HOSTILE, "body")
    story.mention(start, "<script>", "x", "PERSON")
    story.say("<i>Tom</i>", "said", HOSTILE, form="mixed")
    rows = story.finish(byline="<u>By Eve</u>")
    rows["mentions"][0]["entity_id"] = ""
    article = one_article(rows, tmp_path)
    said = tables.read_table("attributions", tmp_path)
    pages = [
        reader.reader(article, tmp_path)._repr_html_(),
        reader.evidence(said, tmp_path, told=["speaker", "cue"])._repr_html_(),
    ]
    for page in pages:
        tags = {element.tag for element in html.fromstring(f"<div>{page}</div>").iter()}
        assert tags <= {"div", "article", "p", "span", "mark", "small", "b", "br"}
        assert "\x07" not in page and "\u202e" not in page


# --------------------------------------------------------------------------------------- reader


def visible(page: str) -> str:
    """The article's own words on a page: without head, legend, roles and labels."""
    tree = html.fromstring(page.replace("<br>", "\n"))
    paragraphs = tree.xpath("//div/p")
    for tag in tree.xpath("//span[contains(@style, '0.68em')]"):
        tag.text = ""
    return "\n".join(paragraph.text_content() for paragraph in paragraphs)


def test_reader_shows_the_whole_text_once(folder):
    articles = tables.read_table("articles", folder)
    for place in range(0, len(articles), 7):
        article = articles.iloc[[place]]
        page = reader.reader(article, folder).html
        assert visible(page).split() == article["text"].iloc[0].split()


def test_reader_marks_in_words_as_well_as_in_colour(folder):
    articles = tables.read_table("articles", folder)
    said = tables.read_table("attributions", folder)
    article = reader.choose_article(articles, said)
    page = html.fromstring(reader.reader(article, folder).html).text_content()
    numbered = reader.attributions_of(article, folder)
    assert re.findall(r"\[(\d+) (\w+)\]", page) == [
        (str(row.no), row.form) for row in numbered.itertuples()
    ]
    assert "headline" in page and "caption" in page and "PERSON" in page


def marked(page: str, style: str) -> list[bool]:
    """Whether each letter of a paragraph carries a style; tags count as no letters."""
    carried = []
    for text in html.fromstring(page).xpath("//p//text()[not(contains(../@style, '0.68em'))]"):
        span = text.getparent() if text.is_text else text.getparent().getparent()
        carried += [style in span.get("style", "")] * len(text)
    return carried


@given(
    text=st.text("ab<&é🗞", min_size=1, max_size=40),
    cut=st.tuples(st.integers(0, 8), st.integers(1, 40)),
    spans=st.lists(st.tuples(st.integers(0, 39), st.integers(1, 12)), max_size=8),
)
def test_overlapping_marks_cover_their_letters_and_lose_none(text, cut, spans):
    start = min(cut[0], len(text) - 1)
    end = min(start + cut[1], len(text))
    layers = [
        reader._Layer(first, min(first + length, len(text)), style, "note")
        for (first, length), style in zip(spans, reader._STYLES * 2, strict=False)
        if first < len(text)
    ]
    block = pd.DataFrame([{"start": start, "end": end, "role": "body"}])
    page = reader._paragraph(text, next(block.itertuples(index=False)), layers)
    assert visible(f"<article>{page}</article>") == text[start:end]
    for style in reader._STYLES:
        covered = {n for x in layers if x.style == style for n in range(x.start, x.end)}
        assert marked(page, style) == [n in covered for n in range(start, end)]


def test_reader_of_nothing_says_so(folder):
    nobody = tables.read_table("articles", folder).head(0)
    said = tables.read_table("attributions", folder)
    chosen = reader.choose_article(nobody, said, "")
    assert reader.reader(chosen, folder).html == "<p>Nothing to read: there is no article.</p>"
    assert reader.attributions_of(chosen, folder).empty


# ------------------------------------------------------------------------------------- choosing


@pytest.mark.parametrize(
    "wanted", ["a017", "courier/a017.txt", "a017.txt", "Harbour talks enter round 17", "ROUND 17"]
)
def test_an_article_is_found_by_id_path_or_headline(folder, wanted):
    articles = tables.read_table("articles", folder)
    said = tables.read_table("attributions", folder)
    assert reader.choose_article(articles, said, wanted)["article_id"].tolist() == ["a017"]


@pytest.mark.parametrize(
    ("wanted", "message"),
    [("Harbour talks", "40 articles fit 'Harbour talks'"), ("Lunch", "no article fits 'Lunch'")],
)
def test_a_wish_that_fits_none_or_many_is_refused(folder, wanted, message):
    articles = tables.read_table("articles", folder)
    with pytest.raises(ValueError, match=message):
        reader.choose_article(articles, tables.read_table("attributions", folder), wanted)


def test_without_a_wish_the_most_attributed_article_is_chosen(folder):
    said = tables.read_table("attributions", folder)
    chosen = reader.choose_article(tables.read_table("articles", folder), said)
    numbers = said["article_id"].value_counts()
    assert numbers[chosen["article_id"].iloc[0]] == numbers.max()


def test_a_folder_of_tables_opens_as_it_is(folder, capsys):
    assert publish.open_page(folder).folder == folder.resolve()
    assert "Using the tables" in capsys.readouterr().out


def test_articles_that_are_here_in_part_are_counted_only_when_asked_for(tmp_path, capsys):
    made = make_tables(articles=12)
    made["articles"].loc[:3, ["complete", "incomplete_reason"]] = ["no", "a summary"]
    folder = write_tables(made, tmp_path)
    page, whole = publish.open_page(folder), publish.open_page(folder, incomplete=True)
    assert (len(page.articles), len(page.incomplete)) == (8, 4)
    assert (len(whole.articles), len(whole.incomplete)) == (12, 4)
    assert not set(page.read("attributions")["article_id"]) & set(page.incomplete["article_id"])
    with pytest.raises(ValueError, match="incomplete: expected true or false"):
        publish.open_page(folder, incomplete="no")


def test_each_file_opens_to_what_is_wrong_with_it(tmp_path):
    made = make_tables(articles=12)
    made["articles"]["path"] = [f"export.csv#{row}" for row in range(1, 11)] + ["b.txt", "<c>.txt"]
    made["articles"].loc[10:, "complete"] = "no"
    told = ["announces 12 articles, and 10 were read", "no text", "no text"]
    rows = [
        ("", path, "read", told[n]) for n, path in enumerate(["export.csv", "a.csv#1", "a.csv#2"])
    ]
    made["problems"] = schema.frame("problems", (schema.row("problems", *one) for one in rows))
    folder = write_tables(made, tmp_path)
    problems = counting.add_file(tables.read_table("problems", folder))
    counts = counting.count_files(
        tables.read_table("articles", folder), problems, {"export.csv": 12}
    )
    assert counts.fillna(0).to_dict("split")["data"] == [
        ["a.csv", 0, 0, 0, 2],
        ["export.csv", 10, 12, 0, 1],
        ["<c>.txt", 1, 0, 1, 0],
        ["b.txt", 1, 0, 1, 0],
    ]
    written = reader.write_files(counts, problems, ["dates were read <day first>"], 0).html
    page = html.fromstring(f"<div>{written}</div>")
    assert [one.text_content() for one in page.iter("summary")] == [
        "a.csv: 0 articles, 2 problems",
        "export.csv: 10 articles of 12 announced, 1 problem",
        "Other files without a problem",
        "Decided while reading",
    ]
    assert [one.text_content() for one in page.iter("li")] == [
        "no text (2 times)",
        told[0],
        "<c>.txt: 1 article, 1 of them in part",
        "b.txt: 1 article, 1 of them in part",
        "dates were read <day first>",
    ]
    assert "And 1 file more" in reader.write_files(counts, problems, [], 1).html
