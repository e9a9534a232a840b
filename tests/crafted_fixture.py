"""Small files made to cost much: each is under 1 MB and held to the same law as any other."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
import zlib
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


def xlsx_with_strings(count: int) -> bytes:
    """A workbook with as many strings beside its sheet."""
    with zipfile.ZipFile(io.BytesIO(xlsx(HEAD + STORY))) as archive:
        members: dict[str, str | bytes] = {one: archive.read(one) for one in archive.namelist()}
    members["xl/sharedStrings.xml"] = f'<sst xmlns="{BOOK}">{"<si><t>x</t></si>" * count}</sst>'
    return zipped(members)


MERGED = '<mergeCell ref="A1:XFD1048576"/>'
OPEN = "urn:oasis:names:tc:opendocument:xmlns:"


def ods(rows: str, cells: str = "") -> bytes:
    """A sheet of LibreOffice whose last row, and last cell of each, have these attributes."""
    one = '<table:table-cell office:value-type="string" {}><text:p>{}</text:p></table:table-cell>'
    head = f"<table:table-row>{one.format('', 'text')}{one.format('', 'title')}</table:table-row>"
    line = (
        f"<table:table-row {rows}>{one.format('', TEXT)}{one.format(cells, 'x')}</table:table-row>"
    )
    names = " ".join(f'xmlns:{name}="{OPEN}{name}:1.0"' for name in ("office", "table", "text"))
    content = (
        f"<office:document-content {names}><office:body><office:spreadsheet>"
        f'<table:table table:name="N">{head}{line}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    return zipped(
        {
            "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
            "META-INF/manifest.xml": f'<m:manifest xmlns:m="{OPEN}manifest:1.0"/>',
            "content.xml": content,
        }
    )


def deep(levels: int) -> pa.Array:
    value: object = 1
    for _ in range(levels):
        value = {"a": value}
    return pa.array([value])


def pdf_packed(content: bytes) -> bytes:
    """A PDF of one page whose content is packed."""
    packed = zlib.compress(content, 9)
    old = pdf(1)
    start, end = old.index(b"4 0 obj"), old.index(b"5 0 obj")
    head = b"4 0 obj\n<< /Filter /FlateDecode /Length %d >>\nstream\n" % len(packed)
    return old[:start] + head + packed + b"\nendstream\nendobj\n" + old[end:]


def epub(pages: int) -> bytes:
    items = "".join(f'<item id="i{n}" href="a.html"/>' for n in range(pages))
    spine = "".join(f'<itemref idref="i{n}"/>' for n in range(pages))
    return zipped(
        {
            "META-INF/container.xml": '<c><rootfile full-path="b.opf"/></c>',
            "b.opf": f"<package><manifest>{items}</manifest><spine>{spine}</spine></package>",
            "a.html": page(""),
        }
    )


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
    "xlsx shared strings": ("a.xlsx", lambda: xlsx_with_strings(200_000)),
    "xlsx one cell of 900k": ("a.xlsx", lambda: xlsx(HEAD + STORY.replace("One", "x" * 900_000))),
    "xlsx 100,000 rows": (
        "a.xlsx",
        lambda: xlsx(HEAD + "".join(f"<row>{cell('', 'x')}</row>" for _ in range(100_000))),
    ),
    "xlsx merged cells": (
        "a.xlsx",
        lambda: xlsx(HEAD + STORY + "</sheetData><mergeCells>" + MERGED * 20_000 + "</mergeCells>"),
    ),
    "xlsx formulas": (
        "a.xlsx",
        lambda: xlsx(HEAD + "".join(f"<row><c><f>A{n}</f></c></row>" for n in range(60_000))),
    ),
    "xlsx deep": ("a.xlsx", lambda: xlsx("<row><c>" + "<is>" * 100_000)),
    "xlsx row numbers that fall": (
        "a.xlsx",
        lambda: xlsx(HEAD + "".join(f'<row r="{n % 3}"/>' for n in range(100_000)) + STORY),
    ),
    "ods repeated rows": ("a.ods", lambda: ods('table:number-rows-repeated="2000000000"')),
    "ods repeated columns": (
        "a.ods",
        lambda: ods("", 'table:number-columns-repeated="2000000000"'),
    ),
    "ods 1,000,000 columns": ("a.ods", lambda: ods("", 'table:number-columns-repeated="1000000"')),
    "ods both repeated": (
        "a.ods",
        lambda: ods('table:number-rows-repeated="100000"', 'table:number-columns-repeated="16000"'),
    ),
    "xls of random sectors": (
        "a.xls",
        lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(900_000),
    ),
    "xls chain of sectors": (
        "a.xls",
        lambda: (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + b"\x3e\0\3\0\xfe\xff\t\0" * 90_000
        ),
    ),
    "docx one paragraph of runs": (
        "a.docx",
        lambda: docx(f"<w:p>{'<w:r><w:t>x </w:t></w:r>' * 200_000}</w:p>"),
    ),
    "docx 20,000 tables": (
        "a.docx",
        lambda: docx(para(TEXT) + table(f"<w:tr><w:tc>{para('x')}</w:tc></w:tr>") * 20_000),
    ),
    "docx wide table": (
        "a.docx",
        lambda: docx(
            para(TEXT) + table("<w:tr>" + f"<w:tc>{para(chr(120))}</w:tc>" * 20_000 + "</w:tr>")
        ),
    ),
    "docx tabs and breaks": (
        "a.docx",
        lambda: docx(para(TEXT) + f"<w:p><w:r>{'<w:tab/><w:br/>' * 200_000}</w:r></w:p>"),
    ),
    "docx text boxes": ("a.docx", lambda: docx("<w:p><w:r><w:pict>" * 3_000 + para(TEXT))),
    "docx entities": (
        "a.docx",
        lambda: docx(para(TEXT)).replace(b"<w:document", b"<!DOCTYPE a><w:document"),
    ),
    "docx links": (
        "a.docx",
        lambda: docx(
            para(TEXT)
            + '<w:p><w:hyperlink r:id="x"><w:r><w:t>x</w:t></w:r></w:hyperlink></w:p>' * 60_000
        ),
    ),
    "parquet long text": ("a.parquet", lambda: parquet({"text": pa.array(["x " * 20_000_000])})),
    "parquet 100,000 row groups": (
        "a.parquet",
        lambda: parquet({"text": pa.array(["x"] * 10_000)}, row_group_size=10),
    ),
    "parquet deep structs": (
        "a.parquet",
        lambda: parquet({"text": pa.array([TEXT]), "x": deep(60)}),
    ),
    "parquet list of a million": (
        "a.parquet",
        lambda: parquet({"text": pa.array([TEXT]), "x": pa.array([[1] * 3_000_000])}),
    ),
    "parquet nulls": ("a.parquet", lambda: parquet({"text": pa.nulls(20_000_000, pa.string())})),
    "pdf 20,000 objects": (
        "a.pdf",
        lambda: pdf(1) + b"".join(b"%d 0 obj\n1\nendobj\n" % n for n in range(9, 40_000)),
    ),
    "pdf long content": (
        "a.pdf",
        lambda: pdf(1).replace(b"Tj ET", b"Tj " + b"(x) Tj " * 100_000 + b"ET"),
    ),
    "pdf nested arrays": (
        "a.pdf",
        lambda: pdf(1).replace(b"/Font <<", b"/X " + b"[" * 50_000 + b"]" * 50_000 + b" /Font <<"),
    ),
    "pdf without end": ("a.pdf", lambda: pdf(1)[:-200] + b"% " * 400_000),
    "pdf packed 100 MB": (
        "a.pdf",
        lambda: pdf_packed(b"BT /F1 12 Tf " + b"(x) Tj " * 14_000_000 + b"ET"),
    ),
    "pdf packed spaces": ("a.pdf", lambda: pdf_packed(b" " * 200_000_000)),
    "html deep lists": ("a.html", lambda: page("<ul><li>" * 30_000)),
    "html deep tables": ("a.html", lambda: page("<table><tr><td>" * 10_000)),
    "html quotes": ("a.html", lambda: page("<blockquote><p>“x”</p></blockquote>" * 25_000)),
    "html links of one paragraph": (
        "a.html",
        lambda: page(f"<p>{'<a href=x>y</a> ' * 50_000}</p>"),
    ),
    "html times": ("a.html", lambda: page("<time datetime=2024-03-05>5 March</time>" * 20_000)),
    "html unknown tags": (
        "a.html",
        lambda: page("".join(f"<x{n}>y</x{n}>" for n in range(40_000))),
    ),
    "html forms": ("a.html", lambda: page("<form><input><select><option>x" * 20_000)),
    "html scripts": ("a.html", lambda: page("<script>var a=1</script>" * 35_000)),
    "html comments": ("a.html", lambda: page("<!-- x -->" * 80_000)),
    "html closing tags": ("a.html", lambda: page("</p></div>" * 80_000)),
    "html frames": ("a.html", lambda: page("<iframe src=x></iframe>" * 40_000)),
    "html one word": ("a.html", lambda: page(f"<p>{'x' * 900_000}</p>")),
    "html capital words": ("a.html", lambda: page(f"<p>{'Ann Smith ' * 90_000}</p>")),
    "html of dates": ("a.html", lambda: page(f"<p>{'5 March 2024 ' * 60_000}</p>")),
    "html classes": ("a.html", lambda: page('<div class="share related byline">x</div>' * 20_000)),
    "html equal blocks": ("a.html", lambda: page(f"<p>{TEXT}</p>" * 9_000)),
    "html lines in pre": ("a.html", lambda: page("<pre>" + "x\n" * 400_000 + "</pre>")),
    "md links": ("a.md", lambda: (TEXT + "\n\n" + "[x](y)" * 100_000).encode()),
    "md brackets": ("a.md", lambda: (TEXT + "\n\n" + "[" * 400_000).encode()),
    "md stars": ("a.md", lambda: (TEXT + "\n\n" + "*a **b " * 100_000).encode()),
    "md tables": ("a.md", lambda: (TEXT + "\n\n" + "| a | b |\n" * 80_000).encode()),
    "md quotes": ("a.md", lambda: (TEXT + "\n\n" + "> " * 300_000).encode()),
    "md breaks off in front": ("a.md", lambda: b"---\n" + b"title: x\n" * 90_000),
    "csv of long cells": ("a.csv", lambda: b"text,title\n" + b"x" * 900_000 + b",y"),
    "csv of carriage returns": ("a.csv", lambda: b"text,title\r" + b"x,y\r" * 200_000),
    "csv of NUL": ("a.csv", lambda: b"text,title\n" + b"\0" * 900_000),
    "csv of titles": ("a.csv", lambda: b"Export\n" * 100_000 + b"text,title\nx,y"),
    "csv of open quotes": ("a.csv", lambda: b"text,title\n" + b'"x\n' * 200_000),
    "json of strings": ("a.json", lambda: json.dumps(["x"] * 200_000).encode()),
    "json escapes": ("a.json", lambda: b'[{"text": "' + rb"\u0041" * 140_000 + b'"}]'),
    "json equal keys": ("a.json", lambda: b"{" + b'"a":1,' * 150_000 + b'"text":"x"}'),
    "json deep objects": ("a.json", lambda: b'{"a":' * 150_000 + b"1" + b"}" * 150_000),
    "jsonl deep": ("a.jsonl", lambda: (b"[" * 5_000 + b"\n") * 150),
    "rss deep text": ("a.rss", lambda: b"<rss><channel><item><description>" + b"<p>" * 200_000),
    "atom of links": ("a.atom", lambda: b"<feed><entry>" + b'<link href="x"/>' * 50_000),
    "rtf unicode": ("a.rtf", lambda: b"{\\rtf1 " + b"\\u8217?" * 100_000 + b"}"),
    "rtf controls": ("a.rtf", lambda: b"{\\rtf1 " + b"\\b\\i" * 150_000 + TEXT.encode() + b"}"),
    "mail deep parts": (
        "a.eml",
        lambda: b"".join(
            b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(3_000)
        ),
    ),
    "mail folded header": (
        "a.eml",
        lambda: b"Subject: x" + b"\n x" * 200_000 + b"\n\n" + TEXT.encode(),
    ),
    "mail encoded words": (
        "a.eml",
        lambda: b"Subject: " + b"=?utf-8?q?x?= " * 50_000 + b"\n\n" + TEXT.encode(),
    ),
    "warc one header": ("a.warc", lambda: b"WARC/1.0\r\n" + b"X: y\r\n" * 120_000),
    "epub of 20,000 pages": ("a.epub", lambda: epub(3_000)),
    "epub bomb": ("a.epub", lambda: zipped({"META-INF/container.xml": b" " * 200_000_000})),
    "gzip of many members": ("a.txt.gz", lambda: gzip.compress(b"x") * 40_000),
    "zip of long names": (
        "a.zip",
        lambda: zipped({f"{'a/' * 2_000}{n}.txt": "x" for n in range(100)}),
    ),
    "zip of equal contents": ("a.zip", lambda: zipped({f"{n}.txt": TEXT for n in range(3_000)})),
    "list of spreadsheets": ("a.zip", lambda: zipped({f"{n}.xlsx": b"PK" for n in range(5_000)})),
    "metadata of 200,000 rows": (
        "metadata.csv",
        lambda: b"file,outlet\n" + b"x.txt,Echo\n" * 80_000,
    ),
    "metadata of quotes": ("metadata.csv", lambda: b'file,outlet\n"' + b'""' * 400_000),
    "outlets of many names": ("outlets.csv", lambda: b"outlet,aliases\nEcho," + b"a|" * 400_000),
    "settings deep": ("articles.yml", lambda: b"a: " + b"{a: " * 10_000),
    "txt full names": ("a.txt", lambda: b"Ann Smith, " * 80_000),
    "txt quotation marks": ("a.txt", lambda: "“a” ".encode() * 110_000),
    "txt of every sign": ("a.txt", lambda: "".join(map(chr, range(32, 50_000))).encode() * 6),
    "txt not UTF-8": ("a.txt", lambda: (TEXT + "\xe9").encode("latin-1") * 9_000),
    "txt UTF-16 without mark": ("a.txt", lambda: (TEXT * 5_000).encode("utf-16-le")),
    "txt directions": ("a.txt", lambda: "\u202e\u2066x".encode() * 120_000),
    "txt marks on letters": ("a.txt", lambda: ("e" + "\u0301" * 400_000).encode()),
    "txt copyright lines": ("a.txt", lambda: b"Copyright 2024 Echo\n\n" * 40_000),
    "txt load dates": ("a.txt", lambda: b"LOAD-DATE: March 5, 2024\n\n" * 30_000),
}
