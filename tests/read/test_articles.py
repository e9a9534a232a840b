"""Reading articles: every format, every bad input, and the law that no file is lost."""

from __future__ import annotations

import codecs
import csv
import io
import json
import os
import random
import time
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from docx import Document as WordDocument
from docx.enum.style import WD_STYLE_TYPE
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from reading_fixture import read_corpus

from helpers.read import articles as reading
from helpers.read import files, records
from helpers.read.columns import choose_mapping, guess_mapping
from helpers.read.documents import Unreadable
from helpers.read.files import iter_files
from helpers.store import schema

STORY = (
    "Ferry fares to double\n\n"
    "PORT ANNING, Lorvenia – Fares on the island ferries will double in June, the council decided "
    "on Tuesday night after a debate of four hours.\n\n"
    "“We had no choice,” said the mayor, Ada Kell. “Nobody likes it.”\n"
)


PLAIN = "Fares on the island ferries will double in June, the council decided on Tuesday night."


def write(folder: Path, name: str, content: str | bytes = STORY) -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


def read_one(path: Path, mapping: dict[str, str] | None = None) -> pd.Series:
    """Read a corpus that holds one article and no problem."""
    articles, problems = read_corpus(path, mapping)
    assert list(problems["problem"]) == []
    assert len(articles) == 1
    return articles.iloc[0]


def problem_of(path: Path, mapping: dict[str, str] | None = None) -> str:
    """Read a corpus that gives one problem and no article."""
    articles, problems = read_corpus(path, mapping)
    assert len(articles) == 0
    assert len(problems) == 1
    return problems["problem"].item()


def hinted(article: pd.Series) -> list[tuple[str, str]]:
    return [
        (role, article["text"][start:end]) for start, end, role in json.loads(article["markup"])
    ]


# ---------------------------------------------------------------------------------- plain text


def test_a_text_file_is_one_article(tmp_path: Path):
    file = write(tmp_path, "herald_2025-03-04_ferry-fares.txt")
    article = read_one(file)
    assert article["text"] == STORY
    assert article["path"] == "herald_2025-03-04_ferry-fares.txt"
    assert article["outlet"] == "herald"
    assert article["published"] == pd.Timestamp("2025-03-04")
    assert article["language"] == "en"
    assert article["words"] == 40
    assert len(article["sha256"]) == 64


def test_tables_read_have_the_types_of_the_schema(tmp_path: Path):
    write(tmp_path, "a.txt")
    write(tmp_path, "b.exe", b"MZ")
    articles, problems = read_corpus(tmp_path)
    schema.to_arrow("articles", articles)
    schema.to_arrow("problems", problems)


@pytest.mark.parametrize("name", ["a.txt", "a.text", "a", "story 2.0 final", "a.TXT"])
def test_what_counts_as_plain_text(tmp_path: Path, name: str):
    assert read_one(write(tmp_path, name))["text"] == STORY


def test_newlines_and_spaces_are_kept(tmp_path: Path):
    text = "One line\r\nanother\rthird\n\n\n  indented\t\u00a0end \u2028 "
    assert read_one(write(tmp_path, "a.txt", text))["text"] == text


def test_script_in_plain_text_is_text(tmp_path: Path):
    text = 'He wrote "<script>alert(1)</script>" on the wall & left.'
    assert read_one(write(tmp_path, "a.txt", text))["text"] == text


def test_right_to_left_and_emoji_text_is_kept(tmp_path: Path):
    text = "قال الوزير إن القرار نهائي 🎉👩‍👩‍👧 שלום"
    article = read_one(write(tmp_path, "a.txt", text))
    assert article["text"] == text
    assert article["text"][27:28] == "🎉"


def test_the_same_file_has_the_same_id_everywhere(tmp_path: Path):
    first = read_one(write(tmp_path / "one", "a.txt"))
    again = read_one(write(tmp_path / "two", "a.txt"))
    assert first["article_id"] == again["article_id"] == reading.path_id("a.txt")
    assert first["article_id"].startswith("a") and len(first["article_id"]) == 12


def cpu_seconds(call: Callable[[], object]) -> float:
    """Return the least CPU time that a call took of three."""
    taken = []
    for _ in range(3):
        start = time.process_time()
        call()
        taken.append(time.process_time() - start)
    return min(taken)


def test_a_long_line_takes_as_much_longer_as_it_is(tmp_path: Path):
    sentence = "The council of the island said that it would think about the ferry. "
    short = write(tmp_path, "a.txt", sentence * 5_000)
    long = write(tmp_path, "b.txt", sentence * 20_000)
    assert read_one(long)["words"] == 13 * 20_000
    once = cpu_seconds(lambda: read_one(short))
    assert cpu_seconds(lambda: read_one(long)) < 8 * once


# ----------------------------------------------------------------------------------- encodings

ACCENTED = STORY + "The café’s owner, Zoë Núñez, paid £5 – no more – for the façade.\n"


@pytest.mark.parametrize(
    "raw",
    [
        codecs.BOM_UTF8 + ACCENTED.encode(),
        ACCENTED.encode("utf-16"),
        codecs.BOM_UTF16_BE + ACCENTED.encode("utf-16-be"),
        ACCENTED.encode("utf-32"),
    ],
)
def test_a_byte_order_mark_tells_the_encoding_and_is_dropped(tmp_path: Path, raw: bytes):
    assert read_one(write(tmp_path, "a.txt", raw))["text"] == ACCENTED


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16-le", "utf-16-be"])
def test_a_guessed_encoding_is_told(tmp_path: Path, encoding: str):
    write(tmp_path, "a.txt", ACCENTED.encode(encoding))
    articles, problems = read_corpus(tmp_path)
    assert articles["text"].item() == ACCENTED
    assert problems["step"].item() == "encoding"
    assert f"was read as {encoding}" in problems["problem"].item()


@pytest.mark.parametrize(
    "names",
    ["Señor Muñoz and Hélène Lefèvre", "Jürgen Groß and Søren Ågård", "São Paulo’s “Ação”"],
)
def test_english_with_foreign_names_is_windows_1252(tmp_path: Path, names: str):
    text = f"{names} met in the city of Arden. “It’s over,” said {names}.\n"
    write(tmp_path, "a.txt", text.encode("cp1252"))
    articles, problems = read_corpus(tmp_path)
    assert articles["text"].item() == text
    assert "was read as cp1252" in problems["problem"].item()


def test_another_script_is_guessed_from_its_bytes(tmp_path: Path):
    text = "Правительство заявило, что новый закон вступит в силу в следующем году. " * 20
    write(tmp_path, "a.txt", text.encode("cp1251"))
    articles, problems = read_corpus(tmp_path)
    assert articles["text"].item() == text
    assert set(problems["step"]) == {"encoding", "language"}


@pytest.mark.parametrize(
    "raw",
    [
        bytes(range(256)) * 20,
        b"\x89PNG\r\n\x1a\n" + bytes(random.Random(1).randbytes(5000)),
        b"An article with\0 NUL bytes in\0 the middle of it, in no known encoding." * 5,
        b"\x01\x02\x03 hidden \x04\x05\x06" * 50,
        "späte NUL".encode() + b"x" * (2 << 20) + b"\0",
        b"\xff\xfe\x00\xd8",
    ],
)
def test_binary_files_are_problems(tmp_path: Path, raw: bytes):
    assert "save it again" in problem_of(write(tmp_path, "a.txt", raw))


# ------------------------------------------------------------------------------------ Markdown

MARKDOWN = """---
title: Fares to double
outlet: The Sound Herald
date: 2025-03-04 09:30:00 -05:00
authors: [Mara Quist, Teo Brandt]
section: Islands
url: https://soundherald.example/fares
tags: [ferry, money]
---

# Ferry fares to double

By Mara Quist

![A ferry](ferry.jpg "at dusk")
*The evening ferry.*

Fares will double in June.

## What islanders say

```
# no heading
```

Later
-----

They *booed*.
"""


def test_markdown_keeps_its_text_and_gives_fields_and_hints(tmp_path: Path):
    article = read_one(write(tmp_path, "a.md", MARKDOWN))
    assert article["text"] == MARKDOWN
    assert article["headline"] == "Fares to double"
    assert article["outlet"] == "The Sound Herald"
    assert article["byline"] == "Mara Quist, Teo Brandt"
    assert article["section"] == "Islands"
    assert article["url"] == "https://soundherald.example/fares"
    assert article["published"] == pd.Timestamp("2025-03-04 14:30")
    assert json.loads(article["metadata"]) == {"tags": ["ferry", "money"]}
    assert hinted(article)[1:] == [
        ("headline", "# Ferry fares to double"),
        ("caption", '![A ferry](ferry.jpg "at dusk")'),
        ("caption", "*The evening ferry.*"),
        ("subhead", "## What islanders say"),
        ("subhead", "Later\n-----"),
    ]
    role, front = hinted(article)[0]
    assert role == "boilerplate" and front.startswith("---\ntitle") and front.endswith("]\n---")


def test_markdown_without_front_matter(tmp_path: Path):
    article = read_one(write(tmp_path, "a.markdown", "# Swans return #\r\n\r\nThey came.\r\n"))
    assert article["headline"] == "Swans return"
    assert hinted(article) == [("headline", "# Swans return #")]


@pytest.mark.parametrize("front", ["a: [1", "a: &x [1]\nb: *x"])
def test_bad_front_matter_is_told_and_the_article_kept(tmp_path: Path, front: str):
    write(tmp_path, "a.md", f"---\n{front}\n---\n\nThey came back.\n")
    articles, problems = read_corpus(tmp_path)
    assert articles["text"].item().endswith("They came back.\n")
    assert problems["step"].item() == "metadata"
    assert "front matter" in problems["problem"].item()


def test_an_impossible_date_in_front_matter_is_quoted(tmp_path: Path):
    write(tmp_path, "a.md", "---\ntitle: Swans\ndate: 2025-02-31\n---\n\nThey came back.\n")
    articles, problems = read_corpus(tmp_path)
    assert articles["headline"].item() == "Swans"
    assert "'2025-02-31' is not a day of the calendar" in problems["problem"].item()


# --------------------------------------------------------------------------------------- tables

ROWS = [
    {
        "Headline": "Ferry fares to double",
        "Publication": "The Sound Herald",
        "Pub Date": "2025-03-04",
        "Body": "Fares will double in June, the council said.",
        "Link": "https://soundherald.example/fares",
        "Byline": "Mara Quist",
        "ID": "sh-1",
        "Desk": "Islands",
        "Circulation": "4000",
    },
    {
        "Headline": "Swans return",
        "Publication": "Mill News",
        "Pub Date": "",
        "Body": "The mayor said:\n“I counted them, all of them.”\r\nHe resigned.",
        "Link": "",
        "Byline": "",
        "ID": "mn-7",
        "Desk": "",
        "Circulation": "",
    },
]


def as_csv(rows: list[dict], delimiter: str = ",") -> bytes:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, rows[0], delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def as_xlsx(rows: list[dict], more_sheets: int = 0) -> bytes:
    book = Workbook()
    book.create_sheet("empty", 0)
    sheet = book.worksheets[1]
    sheet.append(list(rows[0]))
    for row in rows:
        sheet.append(list(row.values()))
    for number in range(more_sheets):
        book.create_sheet(f"more{number}").append(["text", "date"])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def as_parquet(rows: list[dict]) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv", as_csv(ROWS)),
        ("t.csv", as_csv(ROWS, ";")),
        ("t.csv", codecs.BOM_UTF8 + as_csv(ROWS, "\t")),
        ("t.tsv", as_csv(ROWS, "\t")),
        ("t.jsonl", "\n".join(map(json.dumps, ROWS)).encode()),
        ("t.ndjson", "\r\n".join(map(json.dumps, ROWS)).encode()),
        ("t.json", json.dumps(ROWS).encode()),
        ("t.json", json.dumps({"total": 2, "articles": ROWS}).encode()),
        ("t.parquet", as_parquet(ROWS)),
        ("t.xlsx", as_xlsx(ROWS)),
    ],
)
def test_tables_of_every_format_give_the_same_articles(tmp_path: Path, name: str, content: bytes):
    articles, problems = read_corpus(write(tmp_path, name, content))
    assert list(problems["problem"]) == []
    assert list(articles["text"]) == [row["Body"] for row in ROWS]
    assert list(articles["article_id"]) == ["sh-1", "mn-7"]
    assert list(articles["path"]) == [f"{name}#1", f"{name}#2"]
    first = articles.iloc[0]
    assert first["headline"] == "Ferry fares to double"
    assert first["outlet"] == "The Sound Herald"
    assert first["published"] == pd.Timestamp("2025-03-04")
    assert first["url"] == "https://soundherald.example/fares"
    assert first["byline"] == "Mara Quist"
    assert first["section"] == "Islands"
    assert json.loads(first["metadata"]) == {"Circulation": "4000"}
    assert first["markup"] == ""
    assert pd.isna(articles["published"].iloc[1])


def test_typed_cells_are_read(tmp_path: Path):
    rows = [
        {
            "text": "Fares will double.",
            "date": datetime(2025, 3, 4, 9, 30),
            "id": 12.0,
            "authors": ["Mara Quist", "Teo Brandt"],
            "source": {"id": None, "name": "Herald"},
            "score": float("nan"),
        }
    ]
    article = read_one(write(tmp_path, "t.parquet", as_parquet(rows)))
    assert article["published"] == pd.Timestamp("2025-03-04 09:30")
    assert article["article_id"] == "12"
    assert article["byline"] == "Mara Quist, Teo Brandt"
    assert article["outlet"] == "Herald"
    assert json.loads(article["metadata"]) == {"score": None}


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_times_of_any_unit_are_read(tmp_path: Path, unit: str):
    moment = pd.Timestamp("2025-03-04 09:30:01.123456789")
    columns = {
        "text": pa.array(["Fares will double.", "Swans return."]),
        "date": pa.array([moment.value, None], pa.int64()).cast(pa.timestamp("ns")),
        "seen": pa.array([moment.value, None], pa.int64()).cast(pa.timestamp("ns")),
    }
    columns["date"] = columns["date"].cast(pa.timestamp(unit), safe=False)
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out)
    articles, problems = read_corpus(write(tmp_path, "t.parquet", out.getvalue()))
    assert problems.empty
    schema.to_arrow("articles", articles)
    assert articles["published"].iloc[0].floor("s") == moment.floor("s")
    assert pd.isna(articles["published"].iloc[1])


def test_one_json_record_is_one_article(tmp_path: Path):
    article = read_one(write(tmp_path, "a.json", json.dumps(ROWS[0])))
    assert article["path"] == "a.json#1"
    assert article["text"] == ROWS[0]["Body"]


def test_the_mapping_is_guessed_by_name_then_by_length():
    assert guess_mapping(["Date Published", "SOURCE", "main_text", "Título"]) == {
        "text": "main_text",
        "outlet": "SOURCE",
        "published": "Date Published",
        "title": "Título",
    }
    long = "word " * 40
    sample = [{"a": "x", "b": long, "title": "A headline"}]
    assert guess_mapping(["a", "b", "title"], sample) == {"text": "b", "title": "title"}
    assert "text" not in guess_mapping(["a", "c"], [{"a": "x", "c": "short"}])
    cut = [{"text": "Fares will dou… [+900 chars]", "body": long}]
    assert guess_mapping(["text", "body"], cut)["text"] == "body"


def test_a_mapping_overrides_the_guess_and_is_told(tmp_path: Path):
    rows = [{"text": "a summary", "full": "The whole story of the ferry.", "where": "Herald"}]
    file = write(tmp_path, "t.csv", as_csv(rows))
    source = next(iter_files(file))
    note, article = reading.iter_records(source, {"text": "full", "outlet": "Where"})
    assert article["text"] == "The whole story of the ferry."
    assert article["outlet"] == "Herald"
    assert json.loads(article["metadata"]) == {"text": "a summary"}
    assert note.text == "t.csv: text from column 'full', outlet from 'where'"


def test_a_mapping_to_an_absent_column_lists_those_there_are(tmp_path: Path):
    file = write(tmp_path, "t.csv", as_csv(ROWS))
    problem = problem_of(file, {"text": "Story"})
    assert "no column 'Story' to take the text from" in problem
    assert "'Headline', 'Publication', 'Pub Date', 'Body'" in problem


def test_a_mapping_of_an_unknown_role_is_refused(tmp_path: Path):
    with pytest.raises(ValueError, match="cannot name 'body'; the roles are text, title, outlet"):
        read_corpus(write(tmp_path, "t.csv", as_csv(ROWS)), {"body": "Body"})


def test_a_table_without_text_says_how_to_map(tmp_path: Path):
    problem = problem_of(write(tmp_path, "t.csv", "town,people\nAnning,4000\n"))
    assert "its columns are 'town', 'people'" in problem
    assert "text=COLUMN" in problem


def test_choosing_a_mapping_never_uses_a_column_twice():
    mapping = choose_mapping(["text", "title"], [], {"text": "title"})
    assert mapping == {"text": "title"}
    with pytest.raises(Unreadable):
        choose_mapping(["a"], [], {})


def test_empty_rows_are_passed_over(tmp_path: Path):
    file = write(tmp_path, "t.csv", "id,text\n\n1,Fares will double.\n,\n2,Swans return.\n,\n")
    articles, problems = read_corpus(file)
    assert list(articles["path"]) == ["t.csv#1", "t.csv#2"]
    assert problems.empty


def test_rows_without_text_are_problems(tmp_path: Path):
    file = write(tmp_path, "t.csv", "id,text\n1,Fares will double.\n2,  \n3,Swans return.\n")
    articles, problems = read_corpus(file)
    assert list(articles["article_id"]) == ["1", "3"]
    assert problems["path"].item() == "t.csv#2"
    assert "no text in column 'text'" in problems["problem"].item()


def test_a_row_with_too_many_cells_is_kept_and_told(tmp_path: Path):
    file = write(
        tmp_path, "t.csv", "id,text\n1,Fares will double, said the mayor\n2,Swans return.\n"
    )
    articles, problems = read_corpus(file)
    assert len(articles) == 2
    assert "3 cells and the header 2" in problems["problem"].item()


def test_an_unclosed_cell_is_told(tmp_path: Path):
    file = write(tmp_path, "t.csv", 'id,text\n1,"Fares will double\n2,Swans return.\n3,More.\n')
    articles, problems = read_corpus(file)
    assert len(articles) == 1
    assert "odd number of quotation marks" in problems["problem"].item()
    assert "line 2" in problems["problem"].item()


def test_a_damaged_json_line_is_one_problem(tmp_path: Path):
    file = write(
        tmp_path, "t.jsonl", '{"text": "One."}\n{"text": "Two."\n["x"]\n{"text": "Four."}\n'
    )
    articles, problems = read_corpus(file)
    assert list(articles["path"]) == ["t.jsonl#1", "t.jsonl#4"]
    assert list(problems["path"]) == ["t.jsonl#2", "t.jsonl#3"]


def test_marks_escaped_by_a_backslash_are_read(tmp_path: Path):
    said = 'It opens in June. "It is done, at last," said Ola Brandt.'
    escaped = said.replace('"', '\\"')
    file = write(tmp_path, "t.csv", f'id,text,n\n1,"{escaped}",a\n2,"{escaped}",b\n3,Swans.,c\n')
    articles, problems = read_corpus(file)
    assert list(articles["text"]) == [said, said, "Swans."]
    assert problems.empty


def test_backslashes_that_escape_nothing_are_kept(tmp_path: Path):
    text = 'It lies in C:\\ferry\\, "by the door".'
    article = read_one(write(tmp_path, "t.csv", as_csv([{"text": text, "id": "1"}])))
    assert article["text"] == text


@pytest.mark.parametrize(
    ("end", "problem"),
    [
        ("… [+2001 chars]", "ends in '[+2001 chars]'"),
        (" The ferry […]", "ends in '[…]'"),
        (" Continue reading…", "ends in 'Continue reading…'"),
        ("x" * (32_767 - len(STORY)), "Excel's limit of 32,767 characters"),
    ],
)
def test_a_text_that_is_cut_off_is_told(tmp_path: Path, end: str, problem: str):
    articles, problems = read_corpus(
        write(tmp_path, "t.csv", as_csv([{"text": STORY + end, "id": "1"}, {"text": STORY}]))
    )
    assert len(articles) == 2
    assert problems["article_id"].item() == "1" and problem in problems["problem"].item()


HTML = (
    '<a href="/1"><img src="a.jpg"/></a><p>Fares will rise in June &amp; July, the mayor said.</p>'
    "<h2>Why</h2><p>&ldquo;It is too much,&rdquo; said Rosa&nbsp;Lind.<br>She left.</p>"
    "<figure><img src=b.jpg><figcaption>The quay. Photograph: Una Marsh/PA</figcaption></figure>"
)


def test_html_in_a_column_is_made_plain(tmp_path: Path):
    article = read_one(write(tmp_path, "t.csv", as_csv([{"text": HTML, "id": "1"}])))
    assert article["text"] == (
        "Fares will rise in June & July, the mayor said.\n\nWhy\n\n"
        "“It is too much,” said Rosa\xa0Lind.\nShe left.\n\nThe quay. Photograph: Una Marsh/PA"
    )
    assert hinted(article) == [
        ("subhead", "Why"),
        ("caption", "The quay. Photograph: Una Marsh/PA"),
    ]


@pytest.mark.parametrize("text", ["a < b and c > d & e", "He wrote <p> on the wall.", "AT&T; I"])
def test_signs_that_are_no_html_are_kept(tmp_path: Path, text: str):
    assert read_one(write(tmp_path, "t.csv", as_csv([{"text": text, "id": "1"}])))["text"] == text


def test_answers_of_newspapers_are_read(tmp_path: Path):
    guardian = {
        "id": "world/1",
        "sectionName": "World news",
        "webPublicationDate": "2024-02-12T14:19:42Z",
        "webUrl": "https://echo.example/1",
        "fields": {"headline": "Swans", "byline": "Mara Quist", "bodyText": STORY},
    }
    wordpress = {
        "id": 7,
        "date": "2024-02-12T14:19:42",
        "title": {"rendered": "Swans"},
        "content": {"rendered": f"<p>{PLAIN}</p><p>{PLAIN}</p>"},
    }
    answers = {"response": {"status": "ok", "total": 1, "tags": [], "results": [guardian]}}
    article = read_one(write(tmp_path / "1", "a.json", json.dumps(answers)))
    assert (article["headline"], article["byline"]) == ("Swans", "Mara Quist")
    assert (article["section"], article["url"]) == ("World news", "https://echo.example/1")
    assert article["published"] == pd.Timestamp("2024-02-12 14:19:42")
    assert article["text"] == STORY
    article = read_one(write(tmp_path / "2", "a.json", json.dumps([wordpress])))
    assert (article["article_id"], article["headline"]) == ("7", "Swans")
    assert article["text"] == f"{PLAIN}\n\n{PLAIN}"


def test_huge_cells_are_read(tmp_path: Path):
    text = "word " * 60_000
    assert read_one(write(tmp_path, "t.csv", as_csv([{"text": text, "id": "1"}])))["text"] == text


def test_a_table_in_another_encoding_is_read_and_told(tmp_path: Path):
    rows = [{"text": f"The café number {number} is shut.", "id": number} for number in range(3000)]
    write(tmp_path, "t.csv", as_csv(rows).decode().encode("cp1252"))
    articles, problems = read_corpus(tmp_path)
    assert articles["text"].iloc[2999] == "The café number 2999 is shut."
    assert problems["step"].item() == "encoding"


def test_further_sheets_are_told(tmp_path: Path):
    articles, problems = read_corpus(write(tmp_path, "t.xlsx", as_xlsx(ROWS, 1)))
    assert len(articles) == 2
    assert "the sheet 'more0' was not read" in problems["problem"].item()


def test_half_characters_are_replaced_and_told(tmp_path: Path):
    write(
        tmp_path, "t.jsonl", '{"text": "Swans \\ud83e return", "title": "\\ud83e", "x": "\\ud83e"}'
    )
    articles, problems = read_corpus(tmp_path)
    assert articles["text"].item() == "Swans \ufffd return"
    assert problems["step"].item() == "encoding"
    schema.to_arrow("articles", articles)


def test_tables_are_read_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    read: list[int] = []

    def counted(stream):
        for number in range(1, 10_000):
            read.append(number)
            yield records.Row(number, {"text": f"Story {number}."})

    monkeypatch.setitem(records.TABLES, ".jsonl", counted)
    source = next(iter_files(write(tmp_path, "t.jsonl", "x")))
    items = reading.iter_records(source)
    next(items), next(items)
    assert len(read) == 50


# ----------------------------------------------------------------------------------- DOCX, PDF


def as_docx(*paragraphs: tuple[str, str], cells: list[list[str]] | None = None) -> bytes:
    word = WordDocument()
    word.styles.add_style("Photo text", WD_STYLE_TYPE.PARAGRAPH)
    for style, text in paragraphs:
        word.add_paragraph(text, style=style)
    if cells:
        table = word.add_table(len(cells), len(cells[0]))
        for row, values in zip(table.rows, cells, strict=True):
            for cell, value in zip(row.cells, values, strict=True):
                cell.text = value
    word.core_properties.author = "Desk"
    out = io.BytesIO()
    word.save(out)
    return out.getvalue()


def test_word_styles_are_hints(tmp_path: Path):
    content = as_docx(
        ("Title", "Swans return"),
        ("Subtitle", "The mayor had promised otherwise"),
        ("Normal", "By Nina Farr"),
        ("Normal", ""),
        ("Normal", "The mayor resigned."),
        ("Heading 1", "What the law says"),
        ("Normal", "Swans are protected."),
        ("Caption", "Swans on the pond."),
        cells=[["Year", "Swans"], ["2023", "12"]],
    )
    article = read_one(write(tmp_path, "a.docx", content))
    assert article["text"] == (
        "Swans return\n\nThe mayor had promised otherwise\n\nBy Nina Farr\n\n"
        "The mayor resigned.\n\nWhat the law says\n\nSwans are protected.\n\n"
        "Swans on the pond.\n\nYear | Swans\n2023 | 12"
    )
    assert hinted(article) == [
        ("headline", "Swans return"),
        ("standfirst", "The mayor had promised otherwise"),
        ("subhead", "What the law says"),
        ("caption", "Swans on the pond."),
    ]
    assert article["headline"] == "Swans return"
    assert article["byline"] == ""
    assert json.loads(article["metadata"])["document_author"] == "Desk"


def test_a_first_heading_is_the_headline(tmp_path: Path):
    content = as_docx(
        ("Heading 1", "Swans return"), ("Normal", "He resigned."), ("Heading 1", "Why")
    )
    assert hinted(read_one(write(tmp_path, "a.docx", content))) == [
        ("headline", "Swans return"),
        ("subhead", "Why"),
    ]


def test_an_rtf_document_gives_its_text(tmp_path: Path):
    content = (
        rb"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0 Times;}}{\*\generator X;}\f0\fs24 Swans \b "
        rb"return\b0\par\par \ldblquote They\'92re back,\rdblquote  said \{M\u252\'fcller\} "
        rb"\u-10179?\u-8704?.\line So it goes.\par{\footer Page 1}}"
    )
    article = read_one(write(tmp_path, "a.rtf", content))
    assert article["text"] == "Swans return\n\n“They’re back,” said {Müller} 😀.\nSo it goes."


@pytest.mark.parametrize(
    ("content", "problem"), [(b"no rtf", "no RTF"), (rb"{\rtf1 {\info x}}", "holds no text")]
)
def test_bad_rtf_is_a_problem(tmp_path: Path, content: bytes, problem: str):
    assert problem in problem_of(write(tmp_path, "a.rtf", content))


def test_bad_word_documents_are_problems(tmp_path: Path):
    assert "no text" in problem_of(write(tmp_path / "1", "a.docx", as_docx(("Normal", " "))))
    assert "damaged" in problem_of(write(tmp_path / "2", "a.docx", b"no zip at all"))
    assert "no Word document" in problem_of(write(tmp_path / "3", "a.docx", as_zip({"a": b"b"})))


def as_pdf(pages: list[list[str]]) -> bytes:
    """Write a PDF with one line of Helvetica per string."""
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(len(pages)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for number, lines in enumerate(pages):
        shown = " ".join(f"({line}) Tj 0 -20 Td" for line in lines)
        stream = f"BT /F1 12 Tf 50 750 Td {shown} ET"
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents {5 + 2 * number} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>"
        )
        objects.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
    body, offsets = "%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        offsets.append(len(body))
        body += f"{number} 0 obj\n{content}\nendobj\n"
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    return (
        f"{body}xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}"
        f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(body)}\n%%EOF"
    ).encode()


def test_a_pdf_gives_its_text_layer(tmp_path: Path):
    pages = [
        ["The Sound Herald", "Ferry fares to double", "Fares will double in June.", "1"],
        ["The Sound Herald", "The mayor said so on Tuesday.", "She voted for it.", "2"],
        ["The Sound Herald", "Nobody clapped when she did.", "Not one of them.", "3"],
    ]
    article = read_one(write(tmp_path, "a.pdf", as_pdf(pages)))
    assert article["text"] == "\n\n".join("\n".join(page) + "\n" for page in pages)
    assert hinted(article) == [
        item
        for number in (1, 2, 3)
        for item in (("boilerplate", "The Sound Herald"), ("boilerplate", str(number)))
    ]


def test_bad_pdfs_are_problems(tmp_path: Path):
    assert "no text layer" in problem_of(write(tmp_path / "1", "a.pdf", as_pdf([[]])))
    assert "damaged" in problem_of(write(tmp_path / "2", "a.pdf", b"%PDF-1.7\njunk"))


# ------------------------------------------------------------------------------------- folders


def test_a_folder_is_read_in_order_of_path(tmp_path: Path):
    for name in ("b.txt", "a/z.txt", "a/b/c.md", ".hidden.txt", ".git/x.txt", "README.md"):
        write(tmp_path, name, f"A story for {name}.")
    write(tmp_path, "page.html", "<p>no article</p>")
    write(tmp_path, "page_files/style.css", "p {}")
    assert [file.path for file in iter_files(tmp_path)] == [
        "a/b/c.md",
        "a/z.txt",
        "b.txt",
        "page.html",
    ]


def test_a_subfolder_articles_is_the_corpus(tmp_path: Path):
    write(tmp_path, "notes.txt")
    write(tmp_path, "gold/a.csv", "x")
    write(tmp_path, "articles/herald/a.txt")
    write(tmp_path, "articles/post/b.txt")
    articles, problems = read_corpus(tmp_path)
    assert list(articles["path"]) == ["herald/a.txt", "post/b.txt"]
    assert list(articles["outlet"]) == ["herald", "post"]
    assert problems.empty


@pytest.mark.parametrize(
    ("name", "outlet", "published"),
    [
        ("herald_2025-03-04_fares.txt", "herald", "2025-03-04"),
        ("sound-herald_20250304.txt", "sound-herald", "2025-03-04"),
        ("2025-03-04_fares.txt", "", "2025-03-04"),
        ("fares-2025_03_04.txt", "", "2025-03-04"),
        ("2025-03-04/fares.txt", "", "2025-03-04"),
        ("fares-2025-02-31.txt", "", ""),
        ("fares_20259999.txt", "", ""),
        ("fares_120250304.txt", "", ""),
    ],
)
def test_names_tell_outlet_and_date(tmp_path: Path, name: str, outlet: str, published: str):
    write(tmp_path, name)
    named = next(iter_files(tmp_path)).named
    assert named == {"outlet": outlet, "section": "", "published": published}


def test_folders_of_years_and_formats_are_no_outlets(tmp_path: Path):
    for name in ("2023/11/a.txt", "2024/b.txt", "html/c.txt", "herald/2024/d.txt", "post/e.txt"):
        write(tmp_path, name, f"A story for {name}.")
    named = {file.path: file.named["outlet"] for file in iter_files(tmp_path)}
    assert named == {
        "2023/11/a.txt": "",
        "2024/b.txt": "",
        "html/c.txt": "",
        "herald/2024/d.txt": "herald",
        "post/e.txt": "post",
    }


def test_folders_of_topics_are_sections(tmp_path: Path):
    write(tmp_path, "herald/Politics/a.txt")
    write(tmp_path, "post/sport/b.txt")
    write(tmp_path, "business/c.txt")
    named = {file.path: file.named for file in iter_files(tmp_path)}
    assert [(one["outlet"], one["section"]) for _, one in sorted(named.items())] == [
        ("", "business"),
        ("herald", "Politics"),
        ("post", "sport"),
    ]


@pytest.mark.parametrize(
    ("top", "published"),
    [
        ("Swans return\n\nBy Mara Quist\n12 February 2024\n\nThey came.", "2024-02-12"),
        ("Swans return\n\nPublished: February 13, 2024, 6:12 AM ET\nUpdated: May 1, 2024\n\nThey.",
         "2024-02-13 11:12"),
        ("Swans return\n\nHARWICK, Feb 15, 2024 (Reuters) - The swans came.", "2024-02-15"),
        ("Swans return\n\nMara Quist | 3 May 2023 | Nature\n\nThey came.", "2023-05-03"),
        ("Swans return\n\nThey came on 3 May 2023, said the mayor.", ""),
        ("Swans return\n\nArden, May 3, 2023 was the day of the swans.", ""),
    ],
)  # fmt: skip
def test_a_printed_date_is_read(tmp_path: Path, top: str, published: str):
    article = read_one(write(tmp_path, "a.txt", top))
    assert (
        article["published"] is pd.NaT
        if not published
        else (article["published"] == pd.Timestamp(published))
    )


def test_a_single_folder_is_no_outlet(tmp_path: Path):
    write(tmp_path, "stories/a.txt")
    assert next(iter_files(tmp_path)).named["outlet"] == ""


def test_metadata_csv_is_joined_and_wins_over_names(tmp_path: Path):
    write(tmp_path, "herald_2025-03-04_a.txt")
    write(tmp_path, "sub/b.txt", STORY + "More.")
    write(
        tmp_path,
        "metadata.csv",
        "filename,Outlet,Date,Title,region\n"
        "herald_2025-03-04_a.txt,The Sound Herald,2025-03-05,Fares,north\n"
        "sub/b.txt,Mill News,,Swans,\n",
    )
    articles, problems = read_corpus(tmp_path)
    assert problems.empty
    assert list(articles["outlet"]) == ["The Sound Herald", "Mill News"]
    assert list(articles["headline"]) == ["Fares", "Swans"]
    assert articles["published"].iloc[0] == pd.Timestamp("2025-03-05")
    assert json.loads(articles["metadata"].iloc[0]) == {"region": "north"}


def test_the_nearest_metadata_csv_wins(tmp_path: Path):
    write(tmp_path, "sub/b.txt")
    write(tmp_path, "metadata.csv", "file,outlet,section\nsub/b.txt,Far,Far\n")
    write(tmp_path, "sub/metadata.csv", "file;outlet\nb.txt;Near\n")
    article = read_one(tmp_path)
    assert (article["outlet"], article["section"]) == ("Near", "Far")


def test_metadata_csv_beside_a_single_file(tmp_path: Path):
    write(tmp_path, "metadata.csv", "file,outlet\na.txt,Herald\nb.txt,Post\n")
    assert read_one(write(tmp_path, "a.txt"))["outlet"] == "Herald"


@pytest.mark.parametrize(
    ("listing", "problem"),
    [
        ("file,outlet\na.txt,Herald\nlost.txt,Herald\n", "a row for 'lost.txt', which does not"),
        ("name,outlet\na.txt,Herald\n", "no column of it names the file"),
        ("file,outlet\na.txt,Herald\na.txt,Post\n", "more than one row"),
        (b"\0\1\2", "the metadata was not read"),
    ],
)
def test_what_is_wrong_with_metadata_csv_is_told(tmp_path: Path, listing: str, problem: str):
    write(tmp_path, "a.txt")
    write(tmp_path, "metadata.csv", listing)
    articles, problems = read_corpus(tmp_path)
    assert len(articles) == 1
    assert problems["path"].item() == "metadata.csv"
    assert problem in problems["problem"].item()


def test_a_file_counts_as_changed_when_its_metadata_does(tmp_path: Path):
    write(tmp_path, "a.txt")
    write(tmp_path, "b.txt")
    before = {file.path: file.changed for file in iter_files(tmp_path)}
    assert before == {file.path: file.changed for file in iter_files(tmp_path)}
    write(tmp_path, "metadata.csv", "file,outlet\na.txt,Herald\n")
    after = {file.path: file.changed for file in iter_files(tmp_path)}
    assert after["a.txt"] != before["a.txt"]
    assert after["b.txt"] == before["b.txt"]


def test_links_are_followed_inside_the_folder_only(tmp_path: Path):
    outside = write(tmp_path / "outside", "secret.txt")
    corpus = tmp_path / "corpus"
    write(corpus, "a.txt")
    (corpus / "b.txt").symlink_to(corpus / "a.txt")
    (corpus / "c.txt").symlink_to(outside)
    (corpus / "d.txt").symlink_to(corpus / "nowhere.txt")
    (corpus / "e").symlink_to(outside.parent)
    (corpus / "g.txt").symlink_to(corpus / "g.txt")
    (corpus / "h.txt").symlink_to(corpus / "i.txt")
    (corpus / "i.txt").symlink_to(corpus / "h.txt")
    (corpus / "articles").symlink_to(outside.parent)
    os.mkfifo(corpus / "f.txt")
    articles, problems = read_corpus(corpus)
    assert list(articles["path"]) == ["a.txt", "b.txt"]
    loop = "it cannot be opened (Too many levels of symbolic links); copy the file here again"
    assert dict(zip(problems["path"], problems["problem"], strict=True)) == {
        "articles": "a link to a folder is not followed; copy the folder here",
        "g.txt": loop,
        "h.txt": loop,
        "i.txt": loop,
        "c.txt": "it is a link that points outside the folder; copy the file here",
        "d.txt": "it cannot be opened (No such file or directory); copy the file here again",
        "e": "a link to a folder is not followed; copy the folder here",
        "f.txt": "it is no ordinary file; leave it out of the folder",
    }


# ---------------------------------------------------------------------------------------- zips


def as_zip(members: dict[str, bytes], packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", packing) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def test_a_zip_is_read_like_a_folder(tmp_path: Path):
    members = {
        "corpus/articles/herald/a.txt": STORY.encode(),
        "corpus/articles/post/t.csv": as_csv(ROWS),
        "corpus/articles/post/p.parquet": as_parquet([{"text": "Third story.", "id": "p"}]),
        "corpus/articles/metadata.csv": b"file,section\nherald/a.txt,Islands\n",
        "corpus/articles/.DS_Store": b"x",
        "corpus/gold/a.txt": b"gold",
        "corpus/README.md": b"about",
        "__MACOSX/x.txt": b"x",
    }
    file = write(tmp_path, "c.zip", as_zip(members))
    articles, problems = read_corpus(file)
    assert problems.empty
    assert list(articles["path"]) == [
        "c.zip/corpus/articles/herald/a.txt",
        "c.zip/corpus/articles/post/p.parquet#1",
        "c.zip/corpus/articles/post/t.csv#1",
        "c.zip/corpus/articles/post/t.csv#2",
    ]
    assert articles["outlet"].iloc[0] == "herald"
    assert articles["section"].iloc[0] == "Islands"


def test_a_zip_inside_a_folder(tmp_path: Path):
    write(tmp_path, "more.zip", as_zip({"b.txt": b"Another story."}))
    write(tmp_path, "a.txt")
    articles, _ = read_corpus(tmp_path)
    assert list(articles["path"]) == ["a.txt", "more.zip/b.txt"]


def test_dangerous_zips_are_problems(tmp_path: Path):
    members = {
        "../../evil.txt": b"x",
        "/etc/evil.txt": b"x",
        "C:\\evil.txt": b"x",
        "inner.zip": as_zip({"a.txt": b"x"}),
        "bomb.txt": b"0" * (8 << 20),
        "good.txt": STORY.encode(),
    }
    articles, problems = read_corpus(write(tmp_path, "c.zip", as_zip(members)))
    assert list(articles["path"]) == ["c.zip/good.txt"]
    assert {
        path.removeprefix("c.zip/"): words
        for path, words in zip(problems["path"], problems["problem"].str[:34], strict=True)
    } == {
        "../../evil.txt": "its name in the zip points outside",
        "/etc/evil.txt": "its name in the zip points outside",
        "C:\\evil.txt": "its name in the zip points outside",
        "inner.zip": "a zip inside a zip is not opened; ",
        "bomb.txt": problems["problem"][problems["path"] == "c.zip/bomb.txt"].item()[:34],
    }
    assert problems["problem"].str.contains("as zip bombs do").sum() == 1


def test_too_large_zips_are_problems(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(files, "LARGEST_ARCHIVE", 100)
    assert "would unpack to" in problem_of(write(tmp_path, "c.zip", as_zip({"a.txt": b"x" * 101})))


def test_broken_and_empty_zips_are_problems(tmp_path: Path):
    assert "no sound zip" in problem_of(write(tmp_path / "1", "c.zip", b"PK\x03\x04 broken"))
    assert "holds no files" in problem_of(write(tmp_path / "2", "c.zip", as_zip({})))
    whole = as_zip({"a.txt": STORY.encode() * 50}, zipfile.ZIP_STORED)
    changed = whole.replace(b"Ferry fares", b"FERRY FARES", 1)
    assert "could not be read" in problem_of(write(tmp_path / "3", "c.zip", changed))


@pytest.mark.parametrize("name", ["metadata.csv", "b.txt"])
@pytest.mark.parametrize("packing", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
@pytest.mark.parametrize("damage", ["content", "method", "patched", "cut"])
def test_a_damaged_member_is_one_problem(tmp_path: Path, name: str, packing: int, damage: str):
    listing = "file,outlet\n" + "a.txt,Herald\n" + "".join(f"{n}.txt,Post\n" for n in range(99))
    members = {"a.txt": STORY.encode(), name: listing.encode()}
    raw = bytearray(as_zip(members, packing))
    local, central = raw.rindex(b"PK\x03\x04"), raw.rindex(b"PK\x01\x02")
    if damage == "content":
        start = local + 30 + len(name)
        raw[start : start + 12] = bytes(byte ^ 0xFF for byte in raw[start : start + 12])
    elif damage == "method":
        raw[central + 10] = raw[local + 8] = 99
    elif damage == "patched":
        raw[central + 8] |= 1 << 5
        raw[local + 6] |= 1 << 5
    else:
        raw[local : local + 4] = b"NONE"
    articles, problems = read_corpus(write(tmp_path, "c.zip", bytes(raw)))
    assert list(articles["path"]) == ["c.zip/a.txt"]
    assert list(problems["path"]) == [f"c.zip/{name}"]
    assert "pack the zip again" in problems["problem"].item()


def test_a_member_without_a_name_is_told(tmp_path: Path):
    content = as_zip({"a.txt": STORY.encode()}).replace(b"a.txt", b"\0.txt")
    assert "no name" in problem_of(write(tmp_path, "c.zip", content))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_twice_in_a_zip_is_told(tmp_path: Path):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.txt", "First story.")
        archive.writestr("a.txt", "Second story.")
    articles, problems = read_corpus(write(tmp_path, "c.zip", out.getvalue()))
    assert list(articles["text"]) == ["Second story."]
    assert "more than once" in problems["problem"].item()


# ----------------------------------------------------------------------------------- bad input


def test_a_missing_path_says_what_to_do(tmp_path: Path):
    with pytest.raises(FileNotFoundError, match="give a file, folder or zip of articles"):
        read_corpus(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("a.txt", b"", "the file is empty"),
        ("a.txt", b" \n\t", "only white space"),
        ("a.csv", b"text,title\n", "no rows"),
        ("a.csv", b"\n", "no rows"),
        ("a.json", b"{not json", "it is not JSON"),
        ("a.json", b"[" * 100_000, "it is not JSON"),
        ("a.json", b"[]", "no rows"),
        ("a.json", b'["one", "two"]', "not a record"),
        ("a.xlsx", b"PK", "damaged"),
        ("a.parquet", b"PAR1", "no sound Parquet table"),
        ("a.xyz", b"\xff\xd8", "files of type .xyz are not read; those that are: .atom, .csv"),
        ("a.jpg", b"\xff\xd8", "files of type .jpg are not read; recognise its text first"),
        ("a.xls", b"\xd0\xcf", "it is no sound workbook"),
        ("a.doc", b"\xd0\xcf", "files of type .doc are not read; open it in Word"),
        ("a.gz", b"\x1f\x8b", "files of type .gz are not read; unpack it"),
        ("a.jsonl.gz", b"\x1f\x8b", "it is no sound gzip file"),
        ("a.mhtml", b"From: x", "it holds no page; open it in a browser"),
        ("a.html", b"<html></html>", "no article was found"),
    ],
)
def test_bad_files_are_problems(tmp_path: Path, name: str, content: bytes, problem: str):
    file = write(tmp_path, name, content)
    articles, problems = read_corpus(file)
    assert articles.empty
    assert problems["path"].str.startswith(name).all()
    assert problem in problems["problem"].iloc[0]


def test_an_impossible_date_is_told_and_the_article_kept(tmp_path: Path):
    write(tmp_path, "t.csv", "text,date\nFares will double.,31 February 2025\nSwans.,03/04/2025\n")
    articles, problems = read_corpus(tmp_path)
    assert articles["published"].isna().all() and len(articles) == 2
    assert list(problems["step"]) == ["date", "date"]
    assert "'31 February 2025' is not a day of the calendar" in problems["problem"].iloc[0]
    assert "can be 2025-03-04 or 2025-04-03" in problems["problem"].iloc[1]


def test_repeated_ids_are_told_and_both_articles_kept(tmp_path: Path):
    write(tmp_path, "a.csv", "id,text\n7,Fares will double.\n7,Swans return.\n")
    write(tmp_path, "b.csv", "id,text\n7,The dam stays shut.\n8,The light is sold.\n")
    articles, problems = read_corpus(tmp_path)
    assert list(articles["article_id"]) == [
        "7",
        reading.path_id("a.csv#2"),
        reading.path_id("b.csv#1"),
        "8",
    ]
    assert list(problems["step"]) == ["identity", "identity"]
    assert "the id '7' is already used in a.csv#1" in problems["problem"].iloc[0]


def test_an_id_made_from_a_path_may_be_taken_too(tmp_path: Path):
    write(tmp_path, "a.csv", f"id,text\n{reading.path_id('b.csv#1')},One.\n7,Two.\n")
    write(tmp_path, "b.csv", "id,text\n7,Three.\n")
    articles, _ = read_corpus(tmp_path)
    assert articles["article_id"].is_unique


def test_problems_of_an_article_with_a_repeated_id_name_the_new_one(tmp_path: Path):
    write(tmp_path, "a.csv", "id,text,date\n7,Fares will double.,\n7,Swans return.,2025-02-31\n")
    _, problems = read_corpus(tmp_path)
    assert list(problems["step"]) == ["identity", "date"]
    assert set(problems["article_id"]) == {reading.path_id("a.csv#2")}


def test_another_language_is_told_and_the_article_kept(tmp_path: Path):
    text = (
        "Le conseil municipal a décidé mardi soir, après quatre heures de débat, de doubler le "
        "prix des billets de bateau, a déclaré la maire de la ville."
    )
    write(tmp_path, "a.txt", text)
    write(tmp_path, "b.txt", "Trop court.")
    articles, problems = read_corpus(tmp_path)
    assert list(articles["language"]) == ["fr", ""]
    assert problems["problem"].item() == "reads as fr; the tool reads English only"


def test_a_name_that_is_not_utf8_is_written_out(tmp_path: Path):
    (tmp_path / os.fsdecode(b"caf\xe9.txt")).write_text(STORY)
    articles, _ = read_corpus(tmp_path)
    schema.to_arrow("articles", articles)
    assert articles["path"].item() == "caf\\udce9.txt"


# --------------------------------------------------------------------------------- laws, speed

SUFFIXES = ["", ".txt", ".md", ".html", ".json", ".jsonl", ".csv", ".tsv", ".xlsx", ".parquet"]
SUFFIXES += [".docx", ".pdf", ".rtf", ".zip", ".ndjson", ".exe"]
CONTENT = st.one_of(
    st.binary(max_size=400),
    st.text(max_size=400).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.sampled_from(
        [
            STORY.encode(),
            MARKDOWN.encode(),
            as_csv(ROWS),
            json.dumps(ROWS).encode(),
            as_xlsx(ROWS),
            as_parquet(ROWS),
            as_docx(("Title", "Swans"), ("Normal", "They came.")),
            as_pdf([["Fares will double in June."]]),
            as_zip({"a.txt": STORY.encode(), "t.csv": as_csv(ROWS)}),
        ]
    ).flatmap(
        lambda whole: st.tuples(st.integers(0, len(whole)), st.binary(max_size=3)).map(
            lambda cut: whole[: cut[0]] + cut[1] + whole[cut[0] + len(cut[1]) :]
        )
    ),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(files=st.lists(st.tuples(st.sampled_from(SUFFIXES), CONTENT), min_size=1, max_size=3))
def test_every_file_is_an_article_or_a_problem(tmp_path_factory, files: list[tuple[str, bytes]]):
    folder = tmp_path_factory.mktemp("corpus")
    for number, (suffix, content) in enumerate(files):
        write(folder, f"file{number}{suffix}", content)
    articles, problems = read_corpus(folder)
    schema.to_arrow("articles", articles)
    schema.to_arrow("problems", problems)
    seen = [*articles["path"], *problems["path"]]
    for number, (suffix, _) in enumerate(files):
        name = f"file{number}{suffix}"
        assert any(path == name or path.startswith((f"{name}#", f"{name}/")) for path in seen)
    assert set(problems["article_id"]) <= {"", *articles["article_id"]}
    assert (problems["problem"].str.len() > 10).all()


@given(text=st.text(min_size=1, alphabet=st.characters(exclude_categories=["Cs", "Cc"])))
def test_text_survives_the_way_through_a_file_and_a_table(tmp_path_factory, text: str):
    folder = tmp_path_factory.mktemp("corpus")
    write(folder, "a.txt", text)
    write(folder, "b.csv", as_csv([{"text": text, "n": 1}]))
    articles, problems = read_corpus(folder)
    expected = [text.removeprefix("\ufeff"), text] if text.strip("\ufeff \n").strip() else []
    if expected:
        assert list(articles["text"]) == expected
    else:
        assert len(articles) + len(problems) >= 2


def test_many_small_files_take_as_much_longer_as_they_are_more(tmp_path: Path):
    for number in range(400):
        folder = tmp_path / "many" if number >= 100 else tmp_path / "many" / "few"
        write(folder, f"{number}.txt", f"{STORY} This is the story number {number}.")

    def read(folder: Path) -> int:
        return sum(1 for file in iter_files(folder) for _ in reading.iter_records(file))

    assert read(tmp_path / "many") == 400
    few = cpu_seconds(lambda: read(tmp_path / "many" / "few"))
    assert cpu_seconds(lambda: read(tmp_path / "many")) < 8 * few


@pytest.mark.parametrize("sign", ["Muńoz", "ďWe", "donâ€™t", "MuÃ±oz", "Â£12", "donÕt", "ÒWe"])
def test_signs_of_a_wrong_encoding_are_told(tmp_path: Path, sign: str):
    text = f"The council of Port Anning met on Tuesday. {sign} was what the minutes said about it."
    (tmp_path / "a.txt").write_text(text, encoding="utf-8")
    articles, problems = read_corpus(tmp_path)
    assert articles["text"].item() == text
    assert problems["step"].item() == "encoding" and repr(sign) in problems["problem"].item()


def test_names_of_other_languages_are_no_sign_of_a_wrong_encoding(tmp_path: Path):
    text = (
        "Poznań, Gdańsk, São Tomé, Ďurica and Âge d'or: the council of Port Anning heard of them."
    )
    (tmp_path / "a.txt").write_text(text, encoding="utf-8")
    assert read_corpus(tmp_path)[1].empty


def test_quotation_marks_of_an_old_mac(tmp_path: Path):
    text = "The mayor of Port Anning spoke. “We can’t pay,” she said. “It isn’t ours.” They left."
    (tmp_path / "a.txt").write_bytes(text.encode("mac-roman"))
    articles, problems = read_corpus(tmp_path)
    assert articles["text"].item() == text
    assert "was read as mac-roman" in problems["problem"].item()
