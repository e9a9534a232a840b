"""Tables as people have them: titles above the header, dates of one order, texts that are cut."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from crafted_fixture import HEAD, xlsx
from openpyxl import Workbook
from reading_fixture import read_corpus

from helpers.read.articles import Note, iter_records
from helpers.read.dates import find_orders, in_order
from helpers.read.files import iter_files

TEXT = "Fares on the island ferries will double in June, the council decided on Tuesday night."
LONG = f"{TEXT} {TEXT}"

OPEN = ("office", "table", "text")  # parts of the format of LibreOffice


def write(folder: Path, name: str, content: str | bytes | list | dict) -> Path:
    file = folder / name
    if isinstance(content, list | dict):
        content = json.dumps(content)
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


def notes_of(file: Path) -> str:
    items = (item for source in iter_files(file) for item in iter_records(source))
    return "\n".join(item.text for item in items if isinstance(item, Note))


# --------------------------------------------------------------------- texts that are not whole


@pytest.mark.parametrize(
    "ending",
    [
        "The council met… [+2001 chars]",
        "The council met […]",
        "Continue reading",
        "Subscribe now to continue reading this story.",
        "To read the full story, sign in or become a member.",
        "This article is for subscribers only. Already a subscriber? Log in.",
        "The post Fares to double appeared first on Vale Echo.",
        "The council met... [2041 chars]",
        "Read the full article at vale.example",
        "To read the rest of this article you need a subscription.",
        "You have reached your limit of free articles this month.",
    ],
)
def test_a_text_that_says_more_follows_is_not_complete(tmp_path: Path, ending: str):
    articles, problems = read_corpus(write(tmp_path, "a.txt", f"{TEXT}\n\n{ending}\n"))
    assert articles["complete"].item() == "no"
    assert "only its beginning is here" in articles["incomplete_reason"].item()
    assert problems["step"].tolist() == ["text"]


@pytest.mark.parametrize(
    "ending",
    [
        "“Read more,” she told the pupils, and they did.",
        "The minister urged parents to sign up to read to their children, and left.",
        "The paper asks readers to subscribe.",
        "The children should continue reading.",
        "",
    ],
)
def test_a_whole_text_is_complete(tmp_path: Path, ending: str):
    articles, problems = read_corpus(write(tmp_path, "a.txt", f"{TEXT}\n\n{ending}\n"))
    assert articles["complete"].item() == "yes"
    assert articles["incomplete_reason"].item() == "" and problems.empty


def test_a_list_of_summaries_is_read_as_what_it_is(tmp_path: Path):
    docs = [{"headline": {"main": "Fares"}, "abstract": TEXT, "pub_date": "2024-02-12"}] * 2
    articles, problems = read_corpus(write(tmp_path, "a.json", {"response": {"docs": docs}}))
    assert articles["complete"].tolist() == ["no", "no"]
    assert articles["headline"].tolist() == ["Fares", "Fares"]
    assert problems["problem"].str.contains("only a summary is here, from 'abstract'").all()


def test_a_page_for_subscribers_with_little_text_is_not_complete(tmp_path: Path):
    data = '{"@type": "NewsArticle", "isAccessibleForFree": false, "headline": "Fares to double"}'
    head = f'<script type="application/ld+json">{data}</script>'
    for name, times, complete in (("stub.html", 3, "no"), ("whole.html", 20, "yes")):
        body = "".join(f"<p>{number}: {TEXT}</p>" for number in range(times))
        page = f"<html><head>{head}</head><body><h1>Fares to double</h1>{body}</body></html>"
        articles, _ = read_corpus(write(tmp_path, name, page))
        assert articles["complete"].item() == complete


def test_a_list_without_texts_says_how_to_bring_them(tmp_path: Path):
    rows = "stories_id,title,url,publish_date,media_name\n1,Fares,https://a.example/1,2024-02-12,Echo\n"
    articles, problems = read_corpus(write(tmp_path, "mediacloud.csv", rows))
    assert articles.empty
    assert "save the pages that 'url' names" in problems["problem"].item()


@pytest.mark.parametrize(("length", "whose"), [(32_767, "Excel's"), (65_535, "a database's")])
def test_a_text_as_long_as_a_cell_may_be_is_not_complete(tmp_path: Path, length: int, whose: str):
    file = write(tmp_path, "a.csv", f'text,title\n"{(TEXT * 999)[:length]}",Fares\n')
    articles, problems = read_corpus(file)
    assert articles["complete"].item() == "no" and whose in problems["problem"].iloc[0]


# ------------------------------------------------------------------------------ order of dates


def test_one_date_of_a_column_tells_the_order_of_all(tmp_path: Path):
    rows = [
        ("03/04/2024", "2024-04-03"),
        ("25/04/2024", "2024-04-25"),
        ("5/6/24 9:30", "2024-06-05"),
    ]
    table = "text,date\n" + "".join(f'"{TEXT}",{written}\n' for written, _ in rows)
    file = write(tmp_path, "a.csv", table)
    articles, problems = read_corpus(file)
    assert [f"{day:%Y-%m-%d}" for day in articles["published"]] == [day for _, day in rows]
    assert problems.empty
    assert "dates in 'date' were read day first" in notes_of(file)


def test_a_late_date_tells_the_order_too(tmp_path: Path):
    days = ["03/04/2024"] * 120 + ["04/25/2024"]
    rows = [{"text": f"{number}. {TEXT}", "date": day} for number, day in enumerate(days)]
    articles, _ = read_corpus(write(tmp_path, "a.json", rows))
    assert articles["published"].iloc[0] == pd.Timestamp("2024-03-04")


def test_dates_of_both_orders_are_said_and_none_is_guessed(tmp_path: Path):
    days = ["03/04/2024", "25/04/2024", "04/25/2024"]
    table = "text,date\n" + "".join(f'"{TEXT}",{day}\n' for day in days)
    articles, problems = read_corpus(write(tmp_path, "a.csv", table))
    assert articles["published"].isna().tolist() == [True, False, False]
    assert problems["problem"].str.contains("some dates in 'date' have the day first").any()


@pytest.mark.parametrize("value", ["2024-03-04", "3 April 2024", "25/04/2024", "", None, 5])
def test_what_has_one_reading_stays_as_it_is(value: object):
    assert in_order(value, "day first") == value


def test_orders_are_told_by_days_after_the_twelfth():
    assert find_orders(["03/04/2024", "yesterday", ""]) == set()
    assert find_orders(["03/04/2024", "13.04.24"]) == {"day first"}
    assert find_orders(["13/04/2024", "04/13/2024"]) == {"day first", "month first"}


# ------------------------------------------------------------------------- dialects of tables


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize(
    "titles", [["Export of the Vale Echo"], ["Vale Echo", "", "Query: ferries"], []]
)
def test_titles_above_the_header_are_passed_over_and_said(
    tmp_path: Path, separator: str, titles: list[str]
):
    rows = [["title", "text", "outlet", "date"]]
    rows += [
        [f"Fares {n}", f'"{TEXT} ""Yes""; {n}, | or so."', "Echo", "2024-02-12"] for n in (1, 2)
    ]
    lines = titles + [separator.join(row) for row in rows]
    articles, problems = read_corpus(write(tmp_path, "a.csv", "\n".join(lines)))
    assert articles["headline"].tolist() == ["Fares 1", "Fares 2"]
    assert articles["outlet"].tolist() == ["Echo", "Echo"]
    assert all(title in "".join(problems["problem"]) for title in titles)
    assert len(problems) == bool(titles)


def test_titles_above_the_header_of_a_sheet(tmp_path: Path):
    book, out = Workbook(), io.BytesIO()
    for row in (["Export"], [], ["Title", "Text", "Date"], ["Fares", TEXT, "2024-02-12"]):
        book.active.append(row)
    book.save(out)
    articles, problems = read_corpus(write(tmp_path, "a.xlsx", out.getvalue()))
    assert articles["headline"].tolist() == ["Fares"]
    assert "'Export'" in problems["problem"].item()


def test_a_header_shorter_than_its_rows_is_still_the_header(tmp_path: Path):
    table = "title,text\n" + "".join(
        f"Fares {n},Ferry fares will double, in June\n" for n in (1, 2)
    )
    articles, problems = read_corpus(write(tmp_path, "a.csv", table))
    assert articles["headline"].tolist() == ["Fares 1", "Fares 2"]
    assert problems["problem"].str.contains("has 3 cells and the header 2").all()


@pytest.mark.parametrize(
    "content",
    [
        "sep=;\ntitle;text;date\nFares;'{text}'; 2024-02-12\n".replace("'", '"'),
        "title,text,date\nFares,'{text}',2024-02-12\nRoof,'So, as \"they\" said','2024-02-13'\n",
        'title, text, date\nFares, "{text}", 2024-02-12\n',
        'Fares,"{text}",2024-02-12\nRoof,"{text}",2024-02-13\n',
    ],
)
def test_other_dialects_of_tables(tmp_path: Path, content: str):
    articles, problems = read_corpus(write(tmp_path, "a.csv", content.replace("{text}", LONG)))
    assert articles["text"].iloc[0] == LONG
    named = content.lower().startswith(("sep", "title"))
    assert articles["headline"].iloc[0] == "Fares" * named
    assert problems["problem"].str.contains("no row names the columns").sum() == (not named)


def test_names_inside_objects_are_found_whatever_their_case(tmp_path: Path):
    record = {"Title": "Fares", "Source": {"Name": "Vale Echo"}, "Author": 3}
    record |= {"Document": {"Id": "9", "Content": f"<p>{LONG}</p>"}}
    articles, _ = read_corpus(write(tmp_path, "a.json", {"value": [record]}))
    row = articles.iloc[0]
    assert (row["headline"], row["outlet"], row["byline"]) == ("Fares", "Vale Echo", "")
    assert row["text"] == LONG


def test_a_table_of_libreoffice_is_read(tmp_path: Path):
    names = {prefix: f"urn:oasis:names:tc:opendocument:xmlns:{prefix}:1.0" for prefix in OPEN}
    told = " ".join(f'xmlns:{prefix}="{name}"' for prefix, name in names.items())
    rows = [["title", "text", "date"], ["Fares", TEXT, "2024-03-05"], ["Mill", TEXT, "2024-03-06"]]
    cell = '<table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell>'
    lines = "".join(
        f"<table:table-row>{''.join(map(cell.format, row))}</table:table-row>" for row in rows
    )
    table = f'<table:table table:name="News">{lines}</table:table>'
    body = f"<office:body><office:spreadsheet>{table}</office:spreadsheet></office:body>"
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    with zipfile.ZipFile(tmp_path / "a.ods", "w") as book:
        book.writestr("mimetype", kind)
        manifest = f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/>'
        named = 'xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"'
        whole = f"<manifest:manifest {named}>{manifest}</manifest:manifest>"
        book.writestr("META-INF/manifest.xml", whole)
        book.writestr(
            "content.xml", f"<office:document-content {told}>{body}</office:document-content>"
        )
    (tmp_path / "b.xls").write_bytes(b"no workbook at all")
    articles, problems = read_corpus(tmp_path)
    assert list(articles["headline"]) == ["Fares", "Mill"] and set(articles["text"]) == {TEXT}
    assert problems["path"].item() == "b.xls"
    assert "it is no sound workbook" in problems["problem"].item()


def test_a_cell_that_cannot_be_read_is_named_and_the_rest_is_kept(tmp_path: Path):
    columns = {"text": pa.array([TEXT, TEXT]), "date": pa.array([1, 2**31 - 1], pa.date32())}
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    articles, problems = read_corpus(tmp_path)
    assert articles["published"].notna().tolist() == [True, False]
    assert problems["path"].tolist() == ["a.parquet#2"]
    assert "its 'date' was left out (days=2147483647" in problems["problem"].item()
    (tmp_path / "a.parquet").unlink()
    story = '<row r="2"><c r="A2" t="d"><v>2024-13-45</v></c></row>'
    (tmp_path / "a.xlsx").write_bytes(xlsx(HEAD + story))
    articles, problems = read_corpus(tmp_path)
    assert "row 2 holds a cell that cannot be read (" in problems["problem"].item()
    assert "correct it and save it again" in problems["problem"].item() and articles.empty


ROWS = [{"Titel": "A", "Text": TEXT}, {"Titel": "B", "Text": f"{TEXT} B"}]


@pytest.mark.parametrize("orient", ["index", "columns", "split"])
def test_json_as_pandas_writes_it(tmp_path: Path, orient: str):
    pd.DataFrame(ROWS).to_json(tmp_path / "a.json", orient=orient)
    articles, problems = read_corpus(tmp_path)
    assert articles["headline"].tolist() == ["A", "B"] and problems.empty


def test_sheets_of_the_same_columns_are_read_together(tmp_path: Path):
    with pd.ExcelWriter(tmp_path / "a.xlsx") as book:
        pd.DataFrame({"note": ["read me first"]}).to_excel(book, sheet_name="about", index=False)
        for number, row in enumerate(ROWS):
            pd.DataFrame([row]).to_excel(book, sheet_name=f"part {number}", index=False)
    articles, problems = read_corpus(tmp_path)
    assert articles["headline"].tolist() == ["A", "B"]
    assert '"sheet": "part 1"' in articles["metadata"][1]
    assert problems["problem"].item().startswith("the sheet 'about' was not read, only 'part 0'")


def test_columns_named_in_german_and_days_as_excel_counts_them(tmp_path: Path):
    table = f'Titel;Datum;Zeitung;Autorin;Text\nA;45355;Echo;Ada Lee;"{TEXT}"\n'
    (tmp_path / "a.csv").write_text(table)
    one = read_corpus(tmp_path)[0].iloc[0]
    assert (one["headline"], one["outlet"], one["byline"]) == ("A", "Echo", "Ada Lee")
    assert f"{one['published']:%Y-%m-%d}" == "2024-03-04"
