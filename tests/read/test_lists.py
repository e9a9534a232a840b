"""Lists of articles without their texts, joined with saved pages by address."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from reading_fixture import read_corpus

from helpers.read.articles import Note, iter_records, preview
from helpers.read.beside import normal_address
from helpers.read.files import iter_met

BODY = "<p>The council of the island said on Tuesday that it would think about the ferry again.</p>"
TEXT = "The council of the island said on Tuesday that it would think about the ferry again. "
PLACE = "https://www.vale.example/2024/ferry/"


def save(folder: Path, name: str, head: str, number: int = 1) -> None:
    text = BODY * 4 + f"<p>Nothing else was said on day {number} of the long debate.</p>"
    page = f"<html><head><title>Ferry | Own</title>{head}</head><body><h1>Ferry</h1>{text}</body>"
    (folder / name).write_text(page, encoding="utf-8")


def canonical(address: str) -> str:
    return f'<link rel="canonical" href="{address}">'


@pytest.mark.parametrize(
    "other",
    [
        "http://vale.example/2024/ferry",
        "https://m.vale.example/2024/ferry/?utm_source=rss&utm_medium=x#top",
        "https://WWW.vale.example/2024/ferry/index.html",
        "https://www.vale.example/2024/ferry/amp/",
        "https://www.vale.example/2024/ferry?fbclid=1&ref=home",
    ],
)
def test_addresses_of_one_page_are_one(other: str):
    assert normal_address(other) == normal_address(PLACE) == "vale.example/2024/ferry"


def test_addresses_of_two_pages_are_two():
    assert normal_address(f"{PLACE}?id=1") != normal_address(f"{PLACE}?id=2")
    assert normal_address(f"{PLACE}?b=2&a=1") == normal_address(f"{PLACE}?a=1&b=2")
    assert normal_address("ferry.html") == normal_address("http://[") == ""


LISTS = {
    "list.csv": "stories_id,title,url,publish_date,media_name\n"
    "1,Fares rise,{0},2024-03-05,The Vale Echo\n2,Gone,https://vale.example/gone,2024-03-06,Echo\n",
    "answer.json": json.dumps(
        {
            "articles": [
                {"source": {"name": "The Vale Echo"}, "title": "Fares rise", "url": "{0}",
                 "publishedAt": "2024-03-05T00:00:00Z", "content": "The council… [+2001 chars]"},
                {"source": {"name": "Echo"}, "title": "Gone", "url": "https://vale.example/gone",
                 "publishedAt": "2024-03-06T00:00:00Z", "content": "It went… [+90 chars]"},
            ]
        }
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LISTS)
def test_a_list_tells_of_the_pages_it_names(tmp_path: Path, name: str):
    save(tmp_path, "one.html", canonical("https://vale.example/2024/ferry"))
    save(tmp_path, "two.html", canonical("https://vale.example/other"), 2)
    (tmp_path / name).write_text(LISTS[name].replace("{0}", f"{PLACE}?utm_source=a"))
    articles, problems = read_corpus(tmp_path)
    one, two = articles.itertuples()
    assert (one.headline, one.outlet, f"{one.published:%Y-%m-%d}") == (
        "Fares rise",
        "The Vale Echo",
        "2024-03-05",
    )
    assert "day 1 of" in one.text and one.complete == "yes"
    assert (two.headline, two.outlet) == ("Ferry", "Own")
    assert set(problems["path"]) == {name} and len(problems) == 2
    assert problems["problem"].str.contains("no saved page has the address https://vale.").any()
    assert problems["problem"].str.contains("the page 'two.html' has an address").any()


def test_a_page_saved_in_one_file_is_joined_too(tmp_path: Path):
    mail = (
        "From: <Saved>\nSnapshot-Content-Location: https://vale.example/2024/ferry\n"
        'MIME-Version: 1.0\nContent-Type: multipart/related; boundary="b"\n\n--b\n'
        "Content-Type: text/html; charset=utf-8\nContent-Location: https://vale.example/2024/ferry"
        f"\n\n<html><body><h1>Ferry</h1>{BODY * 4}</body></html>\n--b--\n"
    )
    (tmp_path / "page.mhtml").write_text(mail, encoding="utf-8")
    (tmp_path / "list.csv").write_text(LISTS["list.csv"].format(PLACE).rpartition("2,Gone")[0])
    articles, problems = read_corpus(tmp_path)
    assert list(articles["outlet"]) == ["The Vale Echo"] and problems.empty


def as_warc(pages: dict[str, str]) -> bytes:
    """Write a web archive with a style sheet and some pages."""
    records = []
    kinds = {"https://vale.example/a.css": "text/css"}
    for address, page in {"https://vale.example/a.css": "p {}", **pages}.items():
        http = f"HTTP/1.1 200 OK\r\nContent-Type: {kinds.get(address, 'text/html')}\r\n\r\n{page}"
        head = f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: <{address}>\r\n"
        records.append(f"{head}Content-Length: {len(http.encode())}\r\n\r\n{http}\r\n\r\n")
    return "".join(records).encode()


def test_the_pages_of_a_web_archive_are_joined(tmp_path: Path):
    page = f"<html><body><h1>Ferry</h1>{BODY * 4}<p>On day {{}}.</p></body></html>"
    pages = {PLACE: page.format(1), "https://vale.example/other": page.format(2)}
    (tmp_path / "web.warc.gz").write_bytes(gzip.compress(as_warc(pages)))
    (tmp_path / "list.csv").write_text(LISTS["list.csv"].format(PLACE))
    articles, problems = read_corpus(tmp_path)
    assert list(articles["outlet"]) == ["The Vale Echo", ""]
    assert list(articles["headline"]) == ["Fares rise", "Ferry"]
    assert problems["problem"].str.contains("no saved page has the address https://vale.").any()
    told = "1 of the pages in 'web.warc.gz' have addresses that are in no row"
    assert problems["problem"].str.contains(told).any() and len(problems) == 2


def test_a_mailed_page_and_a_packed_one_are_joined(tmp_path: Path):
    head = "From: a@vale.example\nSubject: Ferry\nContent-Type: text/"
    (tmp_path / "one.eml").write_text(f"{head}plain\n\n{PLACE}\n\n{TEXT * 4}")
    page = f"{canonical('https://vale.example/gone')}<body><h1>Gone</h1>{BODY * 4}</body>"
    (tmp_path / "two.html.gz").write_bytes(gzip.compress(page.encode()))
    (tmp_path / "list.csv").write_text(LISTS["list.csv"].format(PLACE))
    articles, problems = read_corpus(tmp_path)
    assert list(articles["headline"]) == ["Fares rise", "Gone"] and problems.empty
    assert list(articles["outlet"]) == ["The Vale Echo", "Echo"]


@pytest.mark.parametrize("name", ["list.csv", "metadata.csv"])
def test_the_column_of_a_list_tells_the_order_of_its_dates(tmp_path: Path, name: str):
    save(tmp_path, "one.html", canonical("https://vale.example/1"))
    save(tmp_path, "two.html", canonical("https://vale.example/2"), 2)
    rows = [f"https://vale.example/{n},{n}.html,{{}}\n" for n in (1, 2)]
    table = "url,file,date\n" + "".join(rows).format("03/04/2024", "25/04/2024")
    table = table.replace("1.html", "one.html").replace("2.html", "two.html")
    (tmp_path / name).write_text(table)
    articles, problems = read_corpus(tmp_path)
    assert [f"{day:%m-%d}" for day in articles["published"]] == ["04-03", "04-25"]
    items = [item for one in iter_met(tmp_path) for item in iter_records(one)]
    notes = [item.text for item in items if isinstance(item, Note)]
    told = "dates in 'date' were read day first, as its other dates are"
    assert notes == [f"{name}: {told}"] and problems.empty
    (tmp_path / name).write_text(
        table.replace("25/04", "04/25") + "https://x.example,x.html,13/01/2024"
    )
    assert read_corpus(tmp_path)[1]["problem"].str.contains("some dates in 'date' have").any()
    (tmp_path / "articles.yml").write_text("date_order: month first\n")
    articles, _ = read_corpus(tmp_path)
    assert [f"{day:%m-%d}" for day in articles["published"]] == ["03-04", "04-25"]


def test_a_list_of_which_no_page_is_here_is_read_itself(tmp_path: Path):
    save(tmp_path, "one.html", canonical("https://elsewhere.example/1"))
    docs = [{"headline": {"main": "Fares"}, "web_url": PLACE, "lead_paragraph": TEXT * 2}]
    (tmp_path / "answer.json").write_text(json.dumps({"response": {"docs": docs}}))
    (tmp_path / "list.csv").write_text(LISTS["list.csv"].format(PLACE))
    articles, problems = read_corpus(tmp_path)
    assert list(articles["headline"]) == ["Ferry", "Fares"]
    assert list(articles["complete"]) == ["yes", "no"]
    assert set(problems["path"]) == {"answer.json#1", "list.csv"} and len(problems) == 2


def test_a_list_alone_says_what_it_lists_and_what_to_do(tmp_path: Path):
    (tmp_path / "list.csv").write_text(LISTS["list.csv"].format(PLACE))
    articles, problems = read_corpus(tmp_path)
    assert articles.empty
    shown, said = preview(tmp_path)
    assert list(shown["headline"]) == ["Fares rise", "Gone"]
    assert list(shown["outlet"]) == ["The Vale Echo", "Echo"]
    assert shown["text"].iloc[0] == f"(not here) {PLACE}" and len(said) == 1
    told = "it lists 2 articles of 2 outlets, from 2024-03-05 to 2024-03-06, without their texts"
    assert told in problems["problem"].item() and "'url'" in problems["problem"].item()
