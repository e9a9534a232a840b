"""Structured news: feeds, NITF, NewsML-G2, ninjs, mail, MHTML, WARC, and any of it in gzip."""

from __future__ import annotations

import gzip
import json
import zipfile
import zlib
from email.message import EmailMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from pathlib import Path

import pandas as pd
import pytest
from reading_fixture import read_corpus

FIRST = "Fares on the island ferries will double in June, the council decided on Tuesday night."
SECOND = "“We had no choice,” said the mayor, Ada Kell, after a debate of four hours in the hall."
TEXT = f"{FIRST}\n\n{SECOND}"
HTML = f"<p>{FIRST}</p><p>{SECOND}</p>"
PAGE = (
    "<html><head><title>Fares to double | Vale Echo</title>"
    '<meta property="article:published_time" content="2024-02-12T14:19:42Z"></head>'
    f"<body><article><h1>Fares to double</h1>{HTML}</article></body></html>"
)


def read(folder: Path, name: str, content: str | bytes) -> tuple[pd.DataFrame, pd.DataFrame]:
    file = folder / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_corpus(file)


def check(articles: pd.DataFrame, **known: str) -> None:
    """Compare the whole text and the fields of the first article."""
    known = {"headline": "Fares to double", "published": "2024-02-12 14:19:42"} | known
    row = articles.iloc[0]
    assert row["text"].removeprefix("Fares to double\n\n") == TEXT
    assert row["complete"] == "yes"
    assert {name: str(row[name]) for name in known} == known


# ----------------------------------------------------------------------------------------- XML

RSS = f"""<?xml version="1.0"?><rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"
xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><title>Vale Echo</title>
<item><title>Fares to double</title><link>https://echo.example/1</link><dc:creator>Mara Quist
</dc:creator><pubDate>Mon, 12 Feb 2024 14:19:42 GMT</pubDate><category>Islands</category>
<description>In short.</description><content:encoded><![CDATA[{HTML}]]></content:encoded></item>
<item><title>Roof mended</title><description>The roof of the school was mended.</description>
<pubDate>Tue, 13 Feb 2024 08:00:00 GMT</pubDate></item></channel></rss>"""
ATOM = f"""<feed xmlns="http://www.w3.org/2005/Atom"><title>Vale Echo</title><entry>
<title>Fares to double</title><link href="https://echo.example/1"/><author><name>Mara Quist</name>
<email>m@echo.example</email></author><published>2024-02-12T14:19:42Z</published>
<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">{HTML}</div></content></entry>
</feed>"""
NITF = f"""<nitf><head><title>x</title><docdata><date.issue norm="20240212T141942Z"/></docdata>
</head><body><body.head><hedline><hl1>Fares to double</hl1></hedline><byline>Mara Quist</byline>
</body.head><body.content>{HTML}</body.content></body></nitf>"""
NEWSML = f"""<newsItem xmlns="http://iptc.org/std/nar/2006-10-01/" guid="urn:1"><itemMeta>
<provider literal="Vale Echo"/><versionCreated>2024-02-12T14:19:42Z</versionCreated></itemMeta>
<contentMeta><headline>Fares to double</headline><by>Mara Quist</by></contentMeta>
<contentSet><inlineXML contenttype="application/nitf+xml">{NITF.replace("20240212", "20240101")}
</inlineXML></contentSet></newsItem>"""
LIST = f"""<articles><article><title>Fares to double</title><author>Mara Quist</author>
<date>2024-02-12T14:19:42Z</date><body>{FIRST}

{SECOND}</body></article></articles>"""


@pytest.mark.parametrize(
    ("name", "content", "outlet"),
    [
        ("a.rss", RSS, "Vale Echo"),
        ("a.atom", ATOM, "Vale Echo"),
        ("a.nitf", NITF, ""),
        ("a.xml", NEWSML, "Vale Echo"),
        ("b.xml", LIST, ""),
    ],
)
def test_articles_in_xml(tmp_path: Path, name: str, content: str, outlet: str):
    articles, _ = read(tmp_path, name, content)
    check(articles, byline="Mara Quist", outlet=outlet)


def test_an_item_of_a_feed_with_a_summary_alone_is_not_complete(tmp_path: Path):
    articles, problems = read(tmp_path, "feed.xml", RSS)
    assert articles["complete"].tolist() == ["yes", "no"]
    assert articles["url"].tolist() == ["https://echo.example/1", ""]
    assert articles["section"].tolist() == ["Islands", ""]
    assert "only a summary is here, from 'description'" in problems["problem"].item()


def test_xml_that_breaks_off_is_read_so_far_and_said(tmp_path: Path):
    articles, problems = read(tmp_path, "feed.xml", RSS[: RSS.index("<item><title>Roof")])
    check(articles)
    assert problems["problem"].str.contains("the XML is damaged in line").any()


def test_names_of_xml_that_are_none_are_read_past(tmp_path: Path):
    undeclared = LIST.replace("<title>", "<x:y>Z</x:y><_4>Z</_4><title>")
    articles, _ = read(tmp_path, "a.xml", undeclared)
    check(articles)


@pytest.mark.parametrize("content", ["", "<", "no XML", "<svg><path/></svg>", "<rss/>", "\0\0"])
def test_what_holds_no_articles_is_a_problem(tmp_path: Path, content: str):
    articles, problems = read(tmp_path, "a.xml", content)
    assert articles.empty and len(problems) == 1


def test_entities_are_not_expanded_and_no_file_is_opened(tmp_path: Path):
    (tmp_path / "secret").write_text("secret words")
    entities = f'<!ENTITY a "{"x" * 1000}"><!ENTITY b "{"&a;" * 1000}"><!ENTITY c "{"&b;" * 1000}">'
    outside = f'<!ENTITY d SYSTEM "file://{tmp_path}/secret">'
    content = f"<!DOCTYPE a [{entities}{outside}]>{LIST.replace('</body>', ' &c; &d;</body>')}"
    articles, _ = read(tmp_path, "a.xml", content)
    assert all("secret" not in text and len(text) < 1000 for text in articles["text"])


# ----------------------------------------------------------------------------------------- JSON

NINJS1 = {"headline": "Fares to double", "body_xhtml": HTML, "byline": "Mara Quist"}
NINJS3 = {
    "headlines": [{"role": "main", "value": "Fares to double"}, {"role": "x", "value": "Fares"}],
    "bodies": [{"role": "main", "value": HTML}, {"role": "short", "value": "Fares"}],
    "by": "Mara Quist",
}
WHEN = {"versioncreated": "2024-02-12T14:19:42Z"}


@pytest.mark.parametrize("record", [NINJS1, NINJS3])
@pytest.mark.parametrize("wrapped", [lambda one: one, lambda one: {"item": [one]}])
def test_ninjs(tmp_path: Path, record: dict, wrapped):
    articles, _ = read(tmp_path, "a.json", json.dumps(wrapped(record | WHEN)))
    check(articles, byline="Mara Quist")


def test_an_answer_of_newsapi(tmp_path: Path):
    one = {
        "source": {"id": None, "name": "Vale Echo"},
        "title": "Fares to double",
        "description": "In short.",
        "publishedAt": "2024-02-12T14:19:42Z",
        "content": f"{FIRST} The council… [+2001 chars]",
    }
    answer = {"status": "ok", "totalResults": 1, "articles": [one]}
    articles, problems = read(tmp_path, "a.json", json.dumps(answer))
    assert articles[["outlet", "complete"]].to_numpy().tolist() == [["Vale Echo", "no"]]
    assert "[+2001 chars]" in problems["problem"].item()


# ------------------------------------------------------------------------------ mail and pages


def test_a_page_saved_as_mhtml(tmp_path: Path):
    message = MIMEMultipart("related")
    page = MIMEText(PAGE, "html", "utf-8")
    page["Content-Location"] = "https://echo.example/1"
    for part in (page, MIMEText("p {}", "css")):
        message.attach(part)
    articles, problems = read(tmp_path, "a.mhtml", message.as_bytes())
    check(articles, outlet="Vale Echo", url="https://echo.example/1")
    assert problems.empty


@pytest.mark.parametrize("subtype", ["plain", "html"])
def test_a_message(tmp_path: Path, subtype: str):
    message = EmailMessage()
    message["Subject"], message["From"] = "Fares to double", "Mara Quist <m@echo.example>"
    message["Date"] = "Mon, 12 Feb 2024 14:19:42 +0000"
    message.set_content(HTML if subtype == "html" else TEXT, subtype=subtype)
    message.add_attachment(b"%PDF", maintype="application", subtype="pdf")
    articles, _ = read(tmp_path, "a.eml", bytes(message))
    articles["text"] = articles["text"].str.rstrip()
    check(articles, byline="Mara Quist")


@pytest.mark.parametrize("name", ["a.eml", "a.mhtml"])
@pytest.mark.parametrize("content", [b"", b"\xff\0", b"Subject: x\n\n", b"Content-Type: a/b\n\nx"])
def test_a_message_without_text_is_a_problem(tmp_path: Path, name: str, content: bytes):
    articles, problems = read(tmp_path, name, content)
    assert articles.empty and len(problems) == 1


# ---------------------------------------------------------------------------------------- WARC


def record(kind: str, block: bytes, address: str = "https://echo.example/1") -> bytes:
    head = f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Target-URI: {address}\r\n"
    return f"{head}Content-Length: {len(block)}\r\n\r\n".encode() + block + b"\r\n\r\n"


def answer(body: bytes, *headers: str) -> bytes:
    lines = ["HTTP/1.1 200 OK", "Content-Type: text/html; charset=utf-8", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def chunked(body: bytes) -> bytes:
    pieces = [body[start : start + 100] for start in range(0, len(body), 100)]
    return b"".join(b"%x\r\n%s\r\n" % (len(one), one) for one in pieces) + b"0\r\n\r\n"


ANSWERS = [
    answer(PAGE.encode()),
    answer(chunked(PAGE.encode()), "Transfer-Encoding: chunked"),
    answer(gzip.compress(PAGE.encode()), "Content-Encoding: gzip"),
    answer(zlib.compress(PAGE.encode()), "Content-Encoding: deflate"),
]


@pytest.mark.parametrize("block", ANSWERS)
@pytest.mark.parametrize("packed", [bytes, gzip.compress])
def test_the_pages_of_a_web_archive(tmp_path: Path, block: bytes, packed):
    records = [record("warcinfo", b"software: x"), record("response", block)]
    name = "a.warc" if packed is bytes else "a.warc.gz"
    articles, problems = read(tmp_path, name, b"".join(map(packed, records)))
    check(articles, url="https://echo.example/1", outlet="Vale Echo")
    assert len(articles) == 1 and problems.empty


def test_damaged_records_and_pages_without_article_are_problems(tmp_path: Path):
    good, menu = record("response", ANSWERS[0]), record("response", answer(b"<p>Menu"), "https://m")
    damaged = good.replace(b"Content-Length: ", b"Content-Length: x")
    articles, problems = read(tmp_path, "a.warc", damaged + menu + good)
    check(articles)
    assert len(articles) == 1
    assert problems["problem"].str.contains("is damaged").sum() == 1
    assert problems["problem"].str.contains("https://m: no article was found").sum() == 1


def test_an_archive_without_pages_is_a_problem(tmp_path: Path):
    _, problems = read(tmp_path, "a.warc", record("request", b"GET /"))
    assert "holds no pages" in problems["problem"].item()


# ---------------------------------------------------------------------------------------- gzip


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.txt", f"Fares to double\n\n{TEXT}"),
        ("a.html", PAGE),
        ("a.jsonl", json.dumps({"text": TEXT, "title": "Fares to double"})),
        ("a.csv", f'text,title\n"{TEXT}",Fares to double\n'),
        ("a.xml", LIST),
    ],
)
def test_any_format_in_gzip(tmp_path: Path, name: str, content: str):
    plain, _ = read(tmp_path, name, content)
    packed, problems = read(tmp_path, f"{name}.gz", gzip.compress(content.encode()))
    assert packed["text"].tolist() == plain["text"].tolist() and problems.empty


def test_gzip_that_breaks_off_or_unpacks_to_far_too_much_is_a_problem(tmp_path: Path):
    sound = gzip.compress(TEXT.encode() * 50)
    for content, problem in (
        (sound[:-20], "no sound gzip file"),
        (b"no gzip", "no sound gzip file"),
        (gzip.compress(bytes(300 << 20), 9), "as zip bombs do"),
    ):
        articles, problems = read(tmp_path, "a.txt.gz", content)
        assert articles.empty and problem in problems["problem"].item()


# --------------------------------------------------------------------------------------- EPUB

CHAPTER = (
    '<?xml version="1.0" encoding="utf-8"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title>'
    "{0}</title></head><body><h1>{0}</h1>"
    "<p>The council of the island said on Tuesday that it would "
    "think about the ferry again.</p><p>“We had no choice,” said the mayor, Ada Kell, whom nobody "
    "had asked about the fares before that day.</p></body></html>"
)
BOOK = {
    "META-INF/container.xml": '<container xmlns="urn:x"><rootfiles>'
    '<rootfile full-path="OEBPS/b.opf"/></rootfiles></container>',
    "OEBPS/b.opf": '<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="urn:dc"><metadata>'
    "<dc:publisher>Vale Press</dc:publisher><dc:date>2024-03-05</dc:date></metadata>"
    "<manifest>"
    '<item id="a" href="one%20a.xhtml"/><item id="b" href="b.xhtml"/>'
    '<item id="n" href="nav.xhtml"/>'
    '</manifest><spine><itemref idref="b"/><itemref idref="a"/><itemref idref="n"/></spine>'
    "</package>",
    "OEBPS/one a.xhtml": CHAPTER.format("First"),
    "OEBPS/b.xhtml": CHAPTER.format("Second"),
    "OEBPS/nav.xhtml": "<html><body><ol><li>First</li></ol></body></html>",
}


def write_book(file: Path, members: dict[str, str]) -> Path:
    with zipfile.ZipFile(file, "w") as book:
        for name, content in members.items():
            book.writestr(name, content)
    return file


def test_an_e_book_gives_the_articles_of_its_spine(tmp_path: Path):
    articles, problems = read_corpus(write_book(tmp_path / "paper.epub", BOOK))
    assert list(articles["headline"]) == ["Second", "First"]
    assert set(articles["outlet"]) == {"Vale Press"}
    assert set(articles["published"].dt.strftime("%Y-%m-%d")) == {"2024-03-05"}
    assert list(problems["path"]) == ["paper.epub#3"]


def test_an_e_book_that_is_locked_or_damaged_is_told(tmp_path: Path):
    locked = '<encryption><CipherReference URI="OEBPS/a.xhtml"/></encryption>'
    write_book(tmp_path / "locked.epub", BOOK | {"META-INF/encryption.xml": locked})
    write_book(tmp_path / "damaged.epub", BOOK | {"META-INF/container.xml": "<container/>"})
    write_book(tmp_path / "none.epub", BOOK | {"OEBPS/b.opf": "<package/>"})
    articles, problems = read_corpus(tmp_path)
    assert articles.empty
    assert list(problems["problem"].str.partition(" (")[0]) == [
        "it is no sound e-book",
        "the e-book is locked; ask for one that is not, or for its text",
        "nothing in it is an article; if that is right, leave it out",
    ]
