"""Report pages: readable, offline, safe, and still saying what each picture shows."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html
from nbformat import NotebookNode
from notebook_fixture import PARAMETERS, PIXEL, code, notebook, shown, text

from helpers.batch import pages
from helpers.batch.jobs import Figure, Outcome
from helpers.show import reader
from helpers.store.paths import TEMPLATES

NOON = datetime(2026, 3, 1, 12, 5)
EVIL = "</title></style><script>document.title='PWN'</script><img src=x onerror=alert(1)>\"'"
DONE = Outcome(
    name="one",
    title="Who is in the news?",
    notebook="entity_counts.ipynb",
    parameters={"corpus": "sample", "top": 3, "out": "/somewhere/reports/one"},
    began=NOON,
    seconds=125,
    finished=True,
    kept=True,
    files=["one/entity_counts.csv"],
    figure=Figure(PIXEL, "Dot chart: Mara Quill leads."),
)


def page(*cells: NotebookNode, links: dict[str, str] | None = None, **changes: object) -> str:
    return pages.render_page(notebook(*cells), replace(DONE, **changes), "Monthly", links or {})


def tree(content: str) -> html.HtmlElement:
    return html.document_fromstring(content)


def result(frame: pd.DataFrame) -> NotebookNode:
    return code("frame", outputs=[shown(**{"text/html": frame._repr_html_()})])


# one page


def test_the_policy_is_the_first_thing_in_the_head():
    for content in (page(text("# Who?")), pages.render_index("Monthly", [DONE], NOON)):
        assert re.search(r"<head>\s*<meta [^>]*Content-Security-Policy", content)
        first = tree(content).xpath("//head/*[1]")[0]
        assert first.get("http-equiv") == "Content-Security-Policy"
        assert first.get("content") == pages.SAFETY
        assert "default-src 'none'" in pages.SAFETY
        assert tree(content).xpath("//script|//link|//iframe") == []


def test_a_page_shows_words_tables_and_pictures_but_no_code():
    content = page(
        text("# Who is in the news?\n\nOne question."),
        code(PARAMETERS, "parameters"),
        code("corpus = 'injected'", "injected-parameters"),
        text("## Which articles?"),
        code("secret = 1", outputs=[shown()]),
    )
    words = tree(content).xpath("string(//main)")
    assert "One question." in words
    assert "injected" not in words
    assert "secret" not in words
    assert [h.tag for h in tree(content).xpath("//h1|//h2")] == ["h1", "h2"]
    assert tree(content).xpath("//img/@alt") == ["Dot chart: Mara Quill leads."]
    assert tree(content).xpath("//img/@src") == [f"data:image/png;base64,{PIXEL}"]


def test_parameters_stand_in_a_table_with_value_and_meaning():
    content = tree(page(code(PARAMETERS, "parameters")))
    rows = [
        [cell.text_content() for cell in row]
        for row in content.xpath("//table[contains(@class, 'parameters')]/tbody/tr")
    ]
    assert rows[0] == ["corpus", "sample", "name under data/ or path to articles"]
    assert rows[1] == ["outlets", "(empty)", "outlets to keep; empty for all"]
    assert rows[2] == ["top", "3", "rows to show"]
    assert rows[-1][:2] == ["out", "one/"]
    bold = content.xpath("//td[contains(@class, 'set')]")
    assert [cell.text_content() for cell in bold] == ["3"]


def test_a_picture_without_words_says_so_and_never_in_nbconverts_words():
    content = page(
        code("show()", outputs=[shown(alt=None)]),
        code("show()", outputs=[shown(**{"text/html": f'<img src="data:x;base64,{PIXEL}">'})]),
    )
    assert tree(content).xpath("//img/@alt") == [pages.NO_ALT] * 2
    assert "No description has been provided" not in content


def test_the_links_of_a_page_lead_to_what_lies_beside_it():
    content = tree(
        page(
            text("See [reliability](reliability.ipynb), [codebook](../data/README.md), [top](#a)."),
            text("Or <https://example.org/>."),
            links={"reliability.ipynb": "how-good.html"},
        )
    )
    assert content.xpath("//div[@id='content']//a/@href") == [
        "how-good.html",
        "#a",
        "https://example.org/",
    ]
    assert content.xpath("//nav/a/@href") == ["index.html"]
    assert "one.ipynb" in content.xpath("//main//a/@href")
    assert "one/entity_counts.csv" in content.xpath("//footer//a/@href")


def test_tables_scroll_by_themselves_and_can_be_reached_with_the_keyboard():
    counts = pd.DataFrame({"entity": ["Mara Quill", "Tom"], "share": [0.5, 0.25], "n": [1200, 9]})
    content = tree(page(result(counts), result(counts.set_index("entity"))))
    areas = content.xpath("//div[@role='group'][@tabindex='0'][table]")
    assert [area.get("aria-label") for area in areas] == ["Table 1", "Table 2"]
    numbers = areas[0].xpath(".//tbody//td[contains(@class, 'number')]")
    assert [cell.text for cell in numbers] == ["0.50", "1200", "0.25", "9"]
    head = [cell.text_content().strip() for cell in areas[1].xpath("./table/thead/tr/*")]
    assert head == ["entity", "share", "n"]
    assert {th.get("scope") for th in content.xpath("//thead//th")} == {"col"}
    assert {th.get("scope") for th in content.xpath("//tbody//th")} == {"row"}
    assert content.xpath("//th[not(normalize-space())]") == []


def test_tables_with_joined_cells_are_left_as_they_are():
    wide = pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_product([["tone"], ["low", "high"]]))
    content = tree(page(result(wide)))
    assert content.xpath("//th[@colspan='2']/text()") == ["tone"]


def test_a_failed_run_says_so_in_words_and_shows_where():
    error = nbformat.v4.new_output(
        "error", ename="ValueError", evalue="no row <b>", traceback=["\x1b[31mline\x1b[0m <1>"]
    )
    content = tree(
        page(
            text("# Who?"),
            code("fail()", outputs=[error]),
            error="ValueError: no row <b>",
            finished=False,
        )
    )
    said = [node.text_content() for node in content.xpath("//*[@class='failed']")]
    assert said == ["This run failed: ValueError: no row <b>", "ValueError: no row <b>"]
    assert content.xpath("//pre/text()") == ["line <1>\n"]


def test_what_papermill_adds_about_an_error_is_left_out():
    banner = text('<span style="color:red">An Exception was encountered</span>')
    banner.metadata["tags"] = ["papermill-error-cell-tag"]
    assert "An Exception" not in page(banner, text("# Who?"))
    assert pages.first_heading(notebook(banner, text("# Who?"))) == "Who?"


def test_messages_are_kept_folded_away_and_results_in_text_are_shown():
    content = tree(
        page(
            code(
                "run()",
                outputs=[
                    nbformat.v4.new_output("stream", name="stderr", text="building tables"),
                    nbformat.v4.new_output("stream", name="stdout", text="31 articles"),
                    shown(**{"text/plain": "<Result>"}),
                    shown(**{"text/markdown": "**bold**"}),
                ],
            )
        )
    )
    assert content.xpath("//details/pre/text()") == ["building tables"]
    assert content.xpath("//div[@id='content']/pre/text()") == ["31 articles", "<Result>"]
    assert content.xpath("//strong/text()") == ["bold"]


ACTIVE = [
    "<script>alert(1)</script>",
    '<meta http-equiv="refresh" content="0;url=https://example.org">',
    '<iframe src="https://example.org"></iframe>',
    '<base href="https://example.org/">',
    '<link rel="stylesheet" href="https://example.org/x.css">',
    '<form action="https://example.org"><p>stays</p></form>',
    '<p onclick="alert(1)">stays</p>',
    '<a href=" java\nscript:alert(1)">stays</a>',
    '<img src="https://example.org/x.png" srcset="https://example.org/y.png" alt="a map">',
    '<svg><a xlink:href="javascript:alert(1)"><text>stays</text></a></svg>',
    '<a href="vbscript:x">stays</a><a href="data:text/html,x">stays</a><a href="http://[">x</a>',
    '<object data="https://example.org"></object><embed src="https://example.org">',
]


@pytest.mark.parametrize("planted", ACTIVE)
@pytest.mark.parametrize("where", ["text", "output"])
def test_nothing_planted_can_run_load_or_redirect(planted: str, where: str):
    cell = text(planted) if where == "text" else code("", outputs=[shown(**{"text/html": planted})])
    content = tree(page(text("# Who?"), cell))
    inside = content.get_element_by_id("content")
    assert inside.xpath(".//script|.//meta|.//iframe|.//base|.//link|.//object|.//embed") == []
    names = {name for element in inside.iter() for name in element.attrib}
    assert not {name for name in names if name.startswith("on") or name == "srcset"}
    addresses = inside.xpath(".//@*")
    assert not [
        a for a in addresses if re.search(r"script:|data:|example\.org", re.sub(r"\s", "", a))
    ]


def test_a_picture_from_elsewhere_is_named_instead():
    content = page(text("![a map](https://example.org/map.png)"))
    assert "(picture left out: a map)" in content


# the index


def test_the_index_lists_each_run_with_title_parameters_figure_and_links():
    content = tree(pages.render_index("Monthly", [DONE], NOON))
    assert content.xpath("string(//h1)") == "Monthly"
    assert "1 March 2026, 12:05" in content.xpath("string(//main/p)")
    assert "1 run: 1 finished, 0 failed; 2 min 05 s of work" in content.xpath("string(//main/p)")
    run = content.xpath("//li")[0]
    assert run.xpath("./h3/a/text()") == ["Who is in the news?"]
    told = dict(zip(run.xpath(".//dt/text()"), run.xpath(".//dd/text()"), strict=True))
    assert told == {
        "run": "one",
        "corpus": "sample",
        "top": "3",
        "time taken": "2 min 05 s",
    }
    assert run.xpath(".//img/@alt") == ["Dot chart: Mara Quill leads."]
    assert run.xpath("string(.//figcaption)") == "Dot chart: Mara Quill leads."
    assert run.xpath(".//a/@href")[1:] == ["one.html", "one.ipynb", "one/entity_counts.csv"]


@pytest.mark.parametrize(
    "name", ["A\u202eB", "\u2067A\u202eB", "\u2069\u202eA", "A\u202a\u2066B\u202c"]
)
def test_what_turns_letters_round_stays_within_its_own_text(name: str):
    """Whatever opens, or closes what is not its own: behind the text all is closed."""
    written = page(text(f"# Who?\n\n{name}"))
    for content in (written, pages.render_index("Monthly", [replace(DONE, title=name)], NOON)):
        turned = [one for one in tree(content).xpath("//text()") if set(one) & reader.DIRECTIONS]
        assert turned and any(name in one for one in turned)
        for one in turned:
            assert one.strip().startswith("\u2068") or one.startswith("\u2068")
            assert one.endswith(reader.CLOSE * (1 + sum(s in reader.DIRECTIONS for s in name)))


def test_the_index_tells_failed_and_missing_runs_in_words():
    failed = replace(DONE, name="two", error="ValueError: no row", finished=False, figure=None)
    not_run = Outcome(name="three", title="", notebook="x.ipynb")
    content = tree(pages.render_index("Monthly", [DONE, failed, not_run], NOON))
    assert "3 runs: 1 finished, 1 failed, 1 not run" in content.xpath("string(//main/p)")
    assert content.xpath("//div[@class='notice']//a/@href") == ["#two"]
    said = [node.text_content() for node in content.xpath("//li/p[@class='failed']")]
    assert said == ["Failed: ValueError: no row", "Not run: the batch was interrupted."]
    assert content.xpath("//li[@id='three']//a") == []


@pytest.mark.parametrize("field", ["title", "error", "notebook", "parameters", "files", "figure"])
def test_nothing_on_the_pages_is_markup_that_came_from_outside(field: str):
    value = {"parameters": {EVIL: [EVIL]}, "files": [EVIL], "figure": Figure(PIXEL, EVIL)}
    outcome = replace(DONE, **{field: value.get(field, EVIL)})
    evil_cells = code(PARAMETERS, "parameters"), code("", outputs=[shown(alt=EVIL)])
    for content in (
        pages.render_index(EVIL, [outcome], NOON),
        pages.render_page(notebook(text("# Who?"), *evil_cells), outcome, EVIL, {}),
    ):
        assert tree(content).xpath("//script") == []
        assert tree(content).xpath("//*[@onerror]") == []
        assert len(tree(content).xpath("//title")) == 1


def test_a_parameter_is_shown_letter_by_letter():
    content = tree(page(code(PARAMETERS, "parameters"), parameters={"corpus": EVIL}))
    assert content.xpath("//td[contains(@class, 'set')]")[0].text_content() == EVIL


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"])))
def test_any_alt_sentence_arrives_on_the_index_as_it_was_written(alt: str):
    index = pages.render_index("Monthly", [replace(DONE, figure=Figure(PIXEL, alt))], NOON)
    assert html.document_fromstring(index.encode()).xpath("//img/@alt") == [alt]


# words


def test_durations_are_said_in_words():
    said = [pages.say_time(seconds) for seconds in (0.2, 8.4, 59.6, 125, 4320)]
    assert said == ["less than 1 s", "8 s", "1 min 00 s", "2 min 05 s", "1 h 12 min"]


def test_files_are_counted_by_kind():
    assert pages.say_files(["a.csv"]) == "1 table"
    assert pages.say_files(["a.csv", "b.csv", "a.png"]) == "2 tables, 1 figure file"
    assert pages.say_files(["a.csv", "evidence.html"]) == "1 table, 1 page"


def test_a_page_links_to_its_evidence_before_anything_else():
    """Only where the run wrote it."""
    outcome = Outcome(name="one", title="Who?", notebook="n.ipynb", kept=True)
    cells = [text("# Who?"), code(PARAMETERS, "parameters")]
    for files in ([], ["one/evidence.html", "one/trace.csv"]):
        told = replace(outcome, files=files)
        page = html.fromstring(pages.render_page(notebook(*cells), told, "Monthly", {}))
        assert page.xpath("//main/p/a[text()='evidence']/@href") == files[:1]


def test_values_are_said_as_a_reader_writes_them():
    said = [pages.say_value(value) for value in ("", "a", [], ["a", "b"], 3, True, {"a": [1]})]
    assert said == ["(empty)", "a", "(empty)", "a, b", "3", "true", '{"a": [1]}']


def test_the_first_figure_is_the_first_picture_shown():
    cells = code("table", outputs=[shown(**{"text/html": "<b>"})]), code("", outputs=[shown()])
    assert pages.first_figure(notebook(text("# Who?"), *cells)) == DONE.figure
    assert pages.first_figure(notebook(text("# Who?"))) is None


def test_a_chart_drawn_anew_for_narrow_screens_stands_beside_its_picture_and_on_the_index():
    told = {"image/png": {"alt": "Dots.", "small": f"<div class='narrow'>Quill 4{EVIL}</div>"}}
    cells = [text("# Who?"), code("", outputs=[shown()])]
    cells[1].outputs[0].metadata = told
    figure = pages.make_thumbnail(pages.first_figure(notebook(*cells)))
    index = pages.render_index("Monthly", [replace(DONE, figure=figure)], NOON)
    for written in (pages.render_page(notebook(*cells), DONE, "Monthly", {}), index):
        assert "Quill 4" in tree(written).xpath("string(//div[@class='narrow'])")
        assert not tree(written).xpath("//script|//*[@onerror]")
    assert not tree(index).xpath("//img[@src]")


def test_the_style_sheet_takes_nothing_from_elsewhere():
    css = (TEMPLATES / "report" / "report.css").read_text()
    assert "url(" not in css
    assert "@import" not in css
    assert Path(TEMPLATES / "report" / "conf.json").exists()


def test_a_date_in_a_table_stays_on_one_line():
    frame = pd.DataFrame({"day": ["2026-11-23", "a day in 2026-11"]})
    cells = text("# Who?"), code("", outputs=[shown(None, **{"text/html": frame._repr_html_()})])
    dates = html.fromstring(page(*cells)).xpath("//td[contains(@class, 'date')]/text()")
    assert dates == ["2026-11-23"]


def test_wide_tables_are_set_smaller_and_leave_ids_out():
    """What only programs need stays in the exported tables."""
    names = ["entity_id", "who", "did_not_answer", *(f"c{n}" for n in range(8))]
    frame = pd.DataFrame([["org-x", "X", *range(9)]], columns=names)
    outcome = Outcome(name="one", title="Who?", notebook="n.ipynb", kept=True)
    shows = {"wide": frame, "narrow": frame[["who", "c1"]]}
    for kind, some in shows.items():
        cells = [
            text("# Who?"),
            code("", outputs=[shown(None, **{"text/html": some._repr_html_()})]),
        ]
        page = html.fromstring(pages.render_page(notebook(*cells), outcome, "Monthly", {}))
        (table,) = page.xpath("//div[@id='content']//table")
        assert ("dense" in table.classes) == (kind == "wide")
        head = [cell.text_content() for cell in table.xpath("./thead/tr/*")]
        assert head == ["", *(name for name in some if name != "entity_id")]
        assert "org-x" not in table.text_content()
        assert len(table.xpath(".//wbr")) == (2 if kind == "wide" else 0)
