"""What is told beside articles: outlets.csv, articles.yml, and a look at it before a build."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from reading_fixture import read_corpus

from helpers.__main__ import main
from helpers.read.articles import preview
from helpers.read.files import iter_files

TEXT = "Fares on the island ferries will double in June, the council decided on Tuesday night."
OUTLETS = "outlet,aliases,address\nThe Vale Echo,vale-echo|Echo (Vale),valeecho.example\n"


def write(folder: Path, name: str, content: str | bytes) -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


# ---------------------------------------------------------------------------------- outlets.csv


def test_one_outlet_whatever_its_spelling(tmp_path: Path):
    write(tmp_path, "outlets.csv", OUTLETS)
    write(tmp_path, "vale-echo/1.txt", TEXT)
    write(tmp_path, "courier/2.txt", TEXT + " Two.")
    rows = "text,outlet,url\n" + "".join(
        f'"{TEXT} {number}",{outlet},{url}\n'
        for number, (outlet, url) in enumerate(
            [("ECHO (VALE)", ""), ("", "https://www.valeecho.example/1"), ("Mercury", "")]
        )
    )
    write(tmp_path, "table.csv", rows)
    articles, problems = read_corpus(tmp_path)
    found = dict(zip(articles["path"], articles["outlet"], strict=True))
    assert found == {
        "vale-echo/1.txt": "The Vale Echo",
        "courier/2.txt": "courier",
        "table.csv#1": "The Vale Echo",
        "table.csv#2": "The Vale Echo",
        "table.csv#3": "Mercury",
    }
    assert problems.empty
    written = articles.set_index("path")["metadata"]["table.csv#1"]
    assert '"outlet_as_written": "ECHO (VALE)"' in written


def test_folders_of_topics_countries_and_years(tmp_path: Path):
    folders = (
        "train/Germany/Bild",
        "train/Germany/Die Zeit 2023",
        "test/us-politics/The Vale Echo",
    )
    for folder in folders:
        write(tmp_path, f"{folder}/1.txt", f"{TEXT} {folder}")
    articles, _ = read_corpus(tmp_path)
    assert articles["outlet"].tolist() == ["The Vale Echo", "Bild", "Die Zeit"]
    assert articles["section"].tolist() == ["us-politics", "Germany", "Germany"]


def test_an_outlets_csv_of_a_folder_is_for_that_folder(tmp_path: Path):
    write(tmp_path, "a/outlets.csv", "outlet,aliases\nThe Vale Echo,a\n")
    for folder in ("a", "b"):
        write(tmp_path, f"{folder}/1.txt", f"{TEXT} {folder}")
    articles, _ = read_corpus(tmp_path)
    assert articles["outlet"].tolist() == ["The Vale Echo", "b"]


def test_an_outlets_csv_tells_what_kind_an_outlet_is(tmp_path: Path):
    table = "outlet,aliases,kind,country,ownership\nNorlink,NL|norlink.example,agency,FIN,public\n"
    write(tmp_path, "outlets.csv", table + "Echo,E,,FIN,\n")
    (one,) = iter_files(write(tmp_path, "a.txt", TEXT).parent)
    assert one.described == {"Norlink": ["NL|norlink.example", "agency", "FIN", "public"]}
    assert one.outlets == {
        "norlink": "Norlink", "nl": "Norlink", "norlinkexample": "Norlink", "echo": "Echo",
        "e": "Echo",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("outlet,kind\nNorlink,wire\n", "the kind of 'Norlink' is 'wire'; write one of agency, "),
        ("paper,short\nEcho,E\nMercury,E\n", "'e' stands for 'Echo' and 'Mercury'"),
        ("a,b\n1,2\n", "no column of it names the outlet"),
        (b"\xff\xd8\xff\0", "the outlets were not read"),
    ],
)
def test_an_outlets_csv_that_is_wrong_is_said(tmp_path: Path, content: str | bytes, problem: str):
    write(tmp_path, "outlets.csv", content)
    write(tmp_path, "a.txt", TEXT)
    articles, problems = read_corpus(tmp_path)
    assert len(articles) == 1
    assert problems["path"].tolist() == ["outlets.csv"]
    assert problem in problems["problem"].item()


# --------------------------------------------------------------------------------- articles.yml

TABLE = f"kop~lopende tekst~dag~note\nFares~{TEXT}~03/04/2024~1\nRoof~Über {TEXT}~05/06/2024~2\n"
YAML = """columns:
  text: lopende tekst
  title: kop
  published: dag
outlet: Vale Echo
date_order: month first
encoding: cp850
separator: "~"
"""


@pytest.mark.parametrize("alone", [True, False])
def test_how_a_table_is_read_is_kept_beside_it(tmp_path: Path, alone: bool):
    write(tmp_path, "articles.yml", YAML)
    file = write(tmp_path, "a.csv", TABLE.encode("cp850"))
    articles, problems = read_corpus(file if alone else tmp_path)
    assert problems.empty
    assert articles["headline"].tolist() == ["Fares", "Roof"]
    assert [f"{day:%m-%d}" for day in articles["published"]] == ["03-04", "05-06"]
    assert articles["outlet"].tolist() == ["Vale Echo", "Vale Echo"]
    assert articles["text"][1].startswith("Über")


def test_what_is_given_wins_over_what_is_kept(tmp_path: Path):
    write(tmp_path, "articles.yml", "columns: {title: note, text: lopende tekst}\nseparator: '~'\n")
    write(tmp_path, "a.csv", TABLE)
    articles, _ = read_corpus(tmp_path, {"title": "kop"})
    assert articles["headline"].tolist() == ["Fares", "Roof"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("colums: {}\n", "'colums' is no setting; the settings are columns"),
        ("date_order: dmy\n", "date_order is 'dmy'; write"),
        ("columns: {body: x}\n", "a mapping cannot name 'body'"),
        ("columns: [x]\n", "the settings were not read"),
        ("encoding: nonesuch\n", "unknown encoding"),
        ("outlet: &a [x]\nsection: *a\n", "aliases are not allowed"),
        ("a: [\n", "the settings were not read"),
        ("a: " + "[" * 3000, "its lists lie too deep in each other"),
    ],
)
def test_settings_that_are_wrong_are_said(tmp_path: Path, content: str, problem: str):
    write(tmp_path, "articles.yml", content)
    file = write(tmp_path, "a.txt", TEXT)
    for place in (file, tmp_path):
        articles, problems = read_corpus(place)
        assert articles["text"].tolist() == [TEXT]
        assert problems["path"].tolist() == ["articles.yml"]
        assert problem in problems["problem"].item()


def test_a_wrong_encoding_is_a_problem_of_the_file(tmp_path: Path):
    write(tmp_path, "articles.yml", "encoding: utf-8\n")
    write(tmp_path, "a.txt", TEXT.encode() + b"\xff\xfe")
    articles, problems = read_corpus(tmp_path)
    assert articles.empty and "it is not utf-8, as articles.yml says" in problems["problem"].item()


def test_a_file_counts_as_changed_when_what_is_told_beside_it_changes(tmp_path: Path):
    write(tmp_path, "vale-echo/a.txt", TEXT)
    seen = set()
    for name, content in (
        ("outlets.csv", OUTLETS),
        ("outlets.csv", OUTLETS + "Mercury,m,\n"),
        ("articles.yml", "outlet: Mercury\n"),
    ):
        seen |= {file.changed for file in iter_files(tmp_path)}
        write(tmp_path, name, content)
    assert len(seen | {file.changed for file in iter_files(tmp_path)}) == 4


# --------------------------------------------------------------------------------- a look at it


def test_the_first_articles_are_shown_as_they_would_be_read(tmp_path: Path):
    rows = "".join(f"Fares {number},{TEXT.replace(',', '')}\n" for number in range(9))
    file = write(tmp_path, "a.csv", "title,text\n" + rows)
    shown, said = preview(file)
    assert shown["headline"].tolist() == [f"Fares {number}" for number in range(5)]
    assert said == ["a.csv: text from column 'text', title from 'title'"]


def test_show_prints_and_builds_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    file = write(tmp_path, "a.csv", f'title,text,date\nFares,"{TEXT}",13/13/2024\n')
    assert main(["build", str(file), "--show", "--out", str(tmp_path / "out")]) == 0
    told = capsys.readouterr().out
    assert "Fares" in told and "not a day of the calendar" in told
    assert "title from 'title'" in told and "\\n" not in told
    assert not (tmp_path / "out").exists()
    assert main(["build", str(write(tmp_path, "b.csv", "")), "--show"]) == 1


def test_a_date_that_only_the_address_has(tmp_path: Path):
    rows = f'text,url\n"{TEXT}",https://echo.example/2024/03/05/fares\n"{TEXT} 2",https://e.example/20\n'
    days = read_corpus(write(tmp_path, "a.csv", rows))[0]["published"]
    assert f"{days[0]:%Y-%m-%d}" == "2024-03-05" and days[1] is pd.NaT
