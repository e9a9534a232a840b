"""Small files made to cost much: each is under 1 MB and held to the same law as any other."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

TEXT = "Fares on the island ferries will double in June, the council decided on Tuesday night."
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
BOOK = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def zipped(members: dict[str, str | bytes], packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", packing) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def xlsx(sheet: str, dimension: str = "") -> bytes:
    """A workbook whose only sheet holds these rows of XML."""
    from openpyxl import Workbook

    book, out = Workbook(), io.BytesIO()
    book.active.append(["text", "title"])
    book.save(out)
    with zipfile.ZipFile(out) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    told = f'<dimension ref="{dimension}"/>' if dimension else ""
    members["xl/worksheets/sheet1.xml"] = (
        f'<worksheet xmlns="{BOOK}">{told}<sheetData>{sheet}</sheetData></worksheet>'
    )
    return zipped(members)


def cell(place: str, text: str) -> str:
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


HEAD = f'<row r="1">{cell("A1", "text")}{cell("B1", "title")}</row>'
STORY = f'<row r="2">{cell("A2", TEXT)}{cell("B2", "One")}</row>'


def docx(body: str) -> bytes:
    """A Word document whose body is this XML."""
    from docx import Document

    out = io.BytesIO()
    Document().save(out)
    with zipfile.ZipFile(out) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    told = f'<w:document xmlns:w="{WORD}"><w:body>{body}</w:body></w:document>'
    members["word/document.xml"] = told
    return zipped(members)


def para(text: str) -> str:
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


def table(cells: str) -> str:
    return f"<w:tbl><w:tblPr/><w:tblGrid/>{cells}</w:tbl>"


def merged_down(rows: int) -> str:
    first = '<w:tcPr><w:vMerge w:val="restart"/></w:tcPr>'
    more = "<w:tcPr><w:vMerge/></w:tcPr>"
    made = (
        f"<w:tr><w:tc>{first if n == 0 else more}{para('x')}</w:tc></w:tr>" for n in range(rows)
    )
    return table("".join(made))


def parquet(columns: dict[str, pa.Array], **how: object) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out, **how)
    return out.getvalue()


def dictionary_bomb() -> bytes:
    words = pa.array(["x" * 1_000_000])
    codes = pa.array(np.zeros(1_000_000, np.int32))
    column = pa.DictionaryArray.from_arrays(codes, words)
    return parquet({"text": column, "title": column}, compression="zstd")


def long_runs() -> bytes:
    column = pa.DictionaryArray.from_arrays(pa.array(np.zeros(30_000_000, np.int8)), pa.array([""]))
    return parquet({"text": column}, compression="zstd")


def pdf(kids: int, nested: int = 0) -> bytes:
    """A PDF that shows one page again and again, or holds a tree of pages that is deep."""
    text = f"BT /F1 12 Tf 50 700 Td ({TEXT}) Tj ET".encode()
    shown = b" ".join([b"3 0 R"] * kids)
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [%s] /Count %d >>" % (shown, kids),
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(text), text),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    if nested:
        objects[1] = b"<< /Type /Pages /Kids [6 0 R] /Count 1 >>"
        for n in range(nested):
            child = b"3 0 R" if n == nested - 1 else b"%d 0 R" % (n + 7)
            objects.append(b"<< /Type /Pages /Parent 2 0 R /Kids [%s] /Count 1 >>" % child)
    out, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table_at = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % (
        len(objects) + 1, table_at,
    )  # fmt: skip
    return out


def page(body: str, head: str = "") -> bytes:
    body = f"<h1>Fares double</h1><p>{TEXT * 4}</p>{body}"
    return f"<html><head><title>Fares</title>{head}</head><body><article>{body}".encode()


def front(yaml: str) -> bytes:
    return f"---\n{yaml}\n---\n\n# Fares\n\n{TEXT}\n".encode()


def nested_json(depth: int) -> bytes:
    return b'[{"text": ' + b"[" * depth + b"]" * depth + b"}]"


Case = tuple[str, Callable[[], bytes]]  # the name of the file, and what makes it

CASES: dict[str, Case] = {
    "xlsx row 2e9": ("a.xlsx", lambda: xlsx(HEAD + STORY.replace('r="2"', 'r="2000000000"', 1))),
    "xlsx last row, wide dimension": (
        "a.xlsx",
        lambda: xlsx(
            HEAD + STORY.replace('r="2"', 'r="1048576"', 1).replace("2", "1048576", 1),
            "A1:XFD1048576",
        ),
    ),
    "xlsx far column": (
        "a.xlsx",
        lambda: xlsx(HEAD + STORY + f'<row r="3">{cell("ZZZ3", "x")}</row>'),
    ),
    "xlsx rows backwards": (
        "a.xlsx",
        lambda: xlsx(HEAD + "".join(f'<row r="{n}"/>' for n in range(30_000, 1, -1)) + STORY),
    ),
    "xlsx 100,000 columns": (
        "a.xlsx",
        lambda: xlsx(f'<row r="1">{"".join(cell("", "x") for _ in range(20_000))}</row>'),
    ),
    "docx gridSpan 2e9": (
        "a.docx",
        lambda: docx(
            para(TEXT)
            + table(
                '<w:tr><w:tc><w:tcPr><w:gridSpan w:val="2000000000"/></w:tcPr>'
                f"{para('x')}</w:tc></w:tr>"
            )
        ),
    ),
    "docx 20,000 vMerge": ("a.docx", lambda: docx(para(TEXT) + merged_down(20_000))),
    "docx 100,000 paragraphs": ("a.docx", lambda: docx(para(TEXT) + para("x") * 100_000)),
    "docx 100,000 empty runs": (
        "a.docx",
        lambda: docx(f"<w:p>{'<w:r><w:t/></w:r>' * 100_000}</w:p>" + para(TEXT)),
    ),
    "docx nested tables": (
        "a.docx",
        lambda: docx(
            para(TEXT) + "<w:tbl><w:tr><w:tc>" * 200 + para("x") + "</w:tc></w:tr></w:tbl>" * 200
        ),
    ),
    "docx 100,000 unknown styles": (
        "a.docx",
        lambda: docx(
            para(TEXT)
            + '<w:p><w:pPr><w:pStyle w:val="none"/></w:pPr><w:r><w:t>x</w:t></w:r></w:p>' * 100_000
        ),
    ),
    "parquet dictionary bomb": ("a.parquet", dictionary_bomb),
    "parquet 3e7 rows in runs": ("a.parquet", long_runs),
    "parquet nanoseconds": (
        "a.parquet",
        lambda: parquet({"text": pa.array([TEXT]), "date": pa.array([2**62], pa.timestamp("ns"))}),
    ),
    "parquet 10,000 columns": (
        "a.parquet",
        lambda: parquet({f"c{n}": pa.array([TEXT]) for n in range(3_000)}),
    ),
    "parquet nested lists": (
        "a.parquet",
        lambda: parquet({"text": pa.array([TEXT]), "x": pa.array([[[[[[["y"]]]]]]])}),
    ),
    "pdf one page 20,000 times": ("a.pdf", lambda: pdf(20_000)),
    "pdf deep tree of pages": ("a.pdf", lambda: pdf(1, 3_000)),
    "pdf that points to itself": (
        "a.pdf",
        lambda: pdf(1).replace(b"/Contents 4 0 R", b"/Contents 3 0 R"),
    ),
    "html 100,000 by-lines": ("a.html", lambda: page('<a rel="author">Mara Quist</a>' * 20_000)),
    "html 100,000 by-line paragraphs": ("a.html", lambda: page("<p>By Mara Quist</p>" * 40_000)),
    "html 100,000 tails of svg": ("a.html", lambda: page("<svg></svg>x" * 70_000)),
    "html nested comments": ("a.html", lambda: page("<div>" * 250 + "<!-- x -->" * 60_000)),
    "html list of links": (
        "a.html",
        lambda: page("<ul>" + '<li><a href="/x">Read on here</a></li>' * 20_000),
    ),
    "html deep": ("a.html", lambda: page("<div>" * 100_000 + "x")),
    "html deep spans": ("a.html", lambda: page("<span>x" * 50_000)),
    "html wide table": ("a.html", lambda: page("<table><tr>" + "<td>x</td>" * 60_000)),
    "html rows": ("a.html", lambda: page("<table>" + "<tr><td>x</td></tr>" * 30_000)),
    "html 100,000 paragraphs": ("a.html", lambda: page("<p>x</p>" * 100_000)),
    "html line breaks": ("a.html", lambda: page("x<br>" * 100_000)),
    "html one attribute": ("a.html", lambda: page(f'<p class="{"a " * 300_000}">x</p>')),
    "html 20,000 attributes": (
        "a.html",
        lambda: page(f"<p {' '.join(f'a{n}=1' for n in range(40_000))}>x</p>"),
    ),
    "html open tags": ("a.html", lambda: page("<p><b><i><a>" * 20_000)),
    "html marks": ("a.html", lambda: page("<" * 500_000)),
    "html entities": ("a.html", lambda: page("&amp;" * 150_000)),
    "html 50,000 meta": (
        "a.html",
        lambda: page("", '<meta name="author" content="Mara Quist">' * 15_000),
    ),
    "html linked data": (
        "a.html",
        lambda: page(
            "",
            '<script type="application/ld+json">' + "[" * 50_000 + "]" * 50_000 + "</script>",
        ),
    ),
    "html linked data, many": (
        "a.html",
        lambda: page("", '<script type="application/ld+json">{"@type":"X"}</script>' * 12_000),
    ),
    "html images": (
        "a.html",
        lambda: page('<figure><img src="x"><figcaption>A</figcaption></figure>' * 12_000),
    ),
    "html headings": ("a.html", lambda: page("<h2>x</h2>" * 60_000)),
    "html asides": ("a.html", lambda: page("<aside><p>x</p></aside>" * 30_000)),
    "md yaml flow 900k": ("a.md", lambda: front("a: [" + "[],".join([""] * 290_000) + "]")),
    "md yaml list": ("a.md", lambda: front("a:\n" + "- b\n" * 200_000)),
    "md yaml deep": ("a.md", lambda: front("a: " + "[" * 100_000)),
    "md yaml keys": ("a.md", lambda: front("\n".join(f"k{n}: v" for n in range(80_000)))),
    "md headings": ("a.md", lambda: (TEXT + "\n\n" + "# x\n" * 200_000).encode()),
    "md underlines": ("a.md", lambda: (TEXT + "\n\n" + "x\n===\n" * 120_000).encode()),
    "md fences": ("a.md", lambda: (TEXT + "\n\n" + "```\n" * 200_000).encode()),
    "csv 100,000 columns": (
        "a.csv",
        lambda: (",".join(f"c{n}" for n in range(100_000)) + "\n" + TEXT).encode(),
    ),
    "csv 100,000 empty columns": ("a.csv", lambda: b"text" + b"," * 100_000 + b"\nx\n"),
    "csv 3,000 equal columns": ("a.csv", lambda: b",".join([b"x"] * 3_000) + b"\ny\n"),
    "csv of quotation marks": ("a.csv", lambda: b'text,title\n"' + b'""' * 400_000),
    "csv of backslashes": ("a.csv", lambda: b"text,title\n" + b'\\"' * 400_000),
    "csv of separators": ("a.csv", lambda: b"text,title\n" + (b"," * 1_000 + b"\n") * 900),
    "csv of empty lines": ("a.csv", lambda: b"text,title\n" + b"\n" * 900_000 + TEXT.encode()),
    "csv of rows without text": ("a.csv", lambda: b"text,title\n" + b",x\n" * 100_000),
    "csv of dates": (
        "a.csv",
        lambda: (
            b"text,published\n"
            + b"".join(b"x,%d/%d/2024\n" % (n % 13, n % 29) for n in range(50_000))
        ),
    ),
    "tsv one row": ("a.tsv", lambda: b"text\ttitle\n" + b"\t".join([b"x"] * 400_000)),
    "json deep": ("a.json", lambda: nested_json(100_000)),
    "json wide": ("a.json", lambda: json.dumps([{f"k{n}": n for n in range(50_000)}]).encode()),
    "json many lists": (
        "a.json",
        lambda: json.dumps({f"k{n}": [{}] for n in range(40_000)}).encode(),
    ),
    "json of nothing": ("a.json", lambda: b"[" + b"[]," * 300_000 + b"[]]"),
    "json many columns": (
        "a.json",
        lambda: json.dumps([{f"k{n}": 1, "text": TEXT} for n in range(7_000)]).encode(),
    ),
    "jsonl of wrong lines": ("a.jsonl", lambda: b"{\n" * 100_000),
    "jsonl large numbers": ("a.jsonl", lambda: b'{"text": ' + b"9" * 900_000 + b"}"),
    "json lists packed 150 MB": (
        "a.zip",
        lambda: zipped({"a.json": b"[" + b"[]," * 50_000_000 + b"[]]"}),
    ),
    "xml entities": (
        "a.xml",
        lambda: (
            '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
            + "".join(f'<!ENTITY b{n} "{"&a;" * 1000}">' for n in range(50))
            + f"]><rss><channel><item><title>x</title><description>{TEXT}&b1;</description></item>"
        ).encode(),
    ),
    "xml 60,000 items": ("a.rss", lambda: b"<rss><channel>" + b"<item/>" * 100_000),
    "xml deep": ("a.xml", lambda: b"<rss><channel><item>" + b"<a>" * 200_000),
    "xml one item of many": (
        "a.rss",
        lambda: b"<rss><channel><item>" + b"<a>x</a>" * 100_000 + b"</item>",
    ),
    "gzip bomb": ("a.txt.gz", lambda: gzip.compress(b"x" * 300_000_000)),
    "gzip of gzip": ("a.gz.gz", lambda: gzip.compress(gzip.compress(TEXT.encode()))),
    "zip 60,000 members": (
        "a.zip",
        lambda: zipped({f"{n}.txt": "" for n in range(8_000)}, zipfile.ZIP_STORED),
    ),
    "zip bomb": ("a.zip", lambda: zipped({"a.txt": b"x" * 200_000_000})),
    "metadata of 100,000 columns": (
        "metadata.csv",
        lambda: ("file," + ",".join(f"c{n}" for n in range(100_000))).encode(),
    ),
    "outlets of 100,000 rows": (
        "outlets.csv",
        lambda: b"outlet,aliases\n" + b"".join(b"o%d,a%d\n" % (n, n) for n in range(50_000)),
    ),
    "settings of 900k": ("articles.yml", lambda: b"a: [" + b"[]," * 290_000 + b"]"),
    "rtf groups": ("a.rtf", lambda: b"{\\rtf1 " + b"{" * 400_000 + TEXT.encode()),
    "rtf words": ("a.rtf", lambda: b"{\\rtf1 " + TEXT.encode() + b"\\par x" * 150_000),
    "mail of parts": (
        "a.eml",
        lambda: (
            b"Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n"
            + b"--b\nContent-Type: text/plain\n\nx\n" * 20_000
        ),
    ),
    "mail of headers": ("a.eml", lambda: b"X-A: b\n" * 100_000 + b"\n" + TEXT.encode()),
    "mail of addresses": (
        "a.eml",
        lambda: b"From: " + b", ".join([b"a@b.example"] * 30_000) + b"\n\n" + TEXT.encode(),
    ),
    "mhtml of parts": (
        "a.mhtml",
        lambda: (
            b"Content-Type: multipart/related; boundary=b\n\n"
            + b"--b\nContent-Type: text/css\n\nx\n" * 20_000
        ),
    ),
    "warc of records": (
        "a.warc",
        lambda: b"WARC/1.0\r\nWARC-Type: response\r\nContent-Length: 0\r\n\r\n\r\n" * 10_000,
    ),
    "txt one letter": ("a.txt", lambda: b"A" * 900_000),
    "txt full stops": ("a.txt", lambda: b"." * 900_000),
    "txt lines": ("a.txt", lambda: b"x\n" * 400_000),
    "txt End of Document": ("a.txt", lambda: b"Body\n\nx\n\nEnd of Document\n\n" * 30_000),
    "txt rules": ("a.txt", lambda: (b"_" * 60 + b"\nTitle: x\nFull text: y\n") * 8_000),
    "txt labels": ("a.txt", lambda: b"HD x\nWC 1 words\nPD 1 May 2024\nLP y\n" * 20_000),
    "txt numbered": (
        "a.txt",
        lambda: b"".join(b"%d of 9999 DOCUMENTS\n\nx\n\n" % n for n in range(25_000)),
    ),
    "txt dates": ("a.txt", lambda: b"1 May 2024 " * 80_000),
}
