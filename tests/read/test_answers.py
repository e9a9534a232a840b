"""Answers of newspapers' and archives' programs: what they announce, which page they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from reading_fixture import read_corpus

from helpers.read.answers import Answer, settle
from helpers.read.articles import Note, iter_records
from helpers.read.files import iter_files

TEXT = "Fares on the island ferries will double in June, the council decided on Tuesday night."


def articles(number: int, first: int = 1) -> list[dict[str, Any]]:
    return [
        {"title": f"Fares {one}", "text": f"{one}: {TEXT}", "url": f"https://vale.example/{one}"}
        for one in range(first, first + number)
    ]


def guardian(number: int, first: int = 1, **told: int) -> dict[str, Any]:
    told = {"total": number, "pages": 1, "currentPage": 1, "pageSize": 2, **told}
    found = [{"fields": {"headline": one["title"]}, **one} for one in articles(number, first)]
    return {"response": {"status": "ok", "startIndex": 1, **told, "results": found}}


ANSWERS: dict[str, tuple[dict[str, Any], Answer]] = {
    "Guardian": (guardian(2, total=386, pages=193), Answer(386, 2, 1, 193)),
    "NYT": (
        {"status": "OK", "response": {"docs": articles(2), "metadata": {"hits": 41, "offset": 0}}},
        Answer(41, 2),
    ),
    "NewsAPI": ({"status": "ok", "totalResults": 3812, "articles": articles(2)}, Answer(3812, 2)),
    "mediastack": (
        {"pagination": {"limit": 2, "offset": 0, "count": 2, "total": 293}, "data": articles(2)},
        Answer(293, 2),
    ),
    "Media Cloud": ({"stories": articles(2), "pagination_token": "b64"}, Answer(0, 2, more=True)),
    "Event Registry": (
        {"articles": {"results": articles(2), "totalResults": 9, "page": 1, "pages": 5}},
        Answer(9, 2, 1, 5),
    ),
    "Elasticsearch": (
        {"took": 3, "hits": {"total": {"value": 12}, "hits": [{"_source": articles(1)[0]}] * 2}},
        Answer(12, 2),
    ),
    "Webz": (
        {"posts": articles(2), "totalResults": 100, "moreResultsAvailable": 98, "next": "/f?ts=1"},
        Answer(100, 2, more=True),
    ),
    "Lexis": ({"@odata.count": 30, "value": articles(2)}, Answer(30, 2)),
}  # fmt: skip


def write(folder: Path, name: str, content: Any) -> Path:
    (folder / name).write_text(content if isinstance(content, str) else json.dumps(content))
    return folder


def answers_of(path: Path) -> list[Answer]:
    items = (item for source in iter_files(path) for item in iter_records(source))
    return [item.answer for item in items if isinstance(item, Note) and item.answer]


@pytest.mark.parametrize("program", ANSWERS)
def test_an_answer_of_which_more_exists_is_a_problem_that_says_what_to_do(
    tmp_path: Path, program: str
):
    content, told = ANSWERS[program]
    found, problems = read_corpus(write(tmp_path, "answer.json", content))
    assert len(found) == 2 and answers_of(tmp_path) == [told]
    problem = problems["problem"].item()
    assert "2 of which it lists; ask for " in problem and "save each answer here" in problem
    if told.announced:
        assert f"announces {told.announced:,} articles" in problem
    if told.pages:
        assert f"page 1 of {told.pages}" in problem and f"pages 2 to {told.pages}" in problem


def test_a_whole_answer_is_no_problem(tmp_path: Path):
    write(tmp_path, "a.json", guardian(2))
    write(tmp_path, "b.json", {"stories": articles(2, 5), "pagination_token": None})
    write(tmp_path, "c.json", articles(2, 8))
    found, problems = read_corpus(tmp_path)
    assert len(found) == 6 and problems.empty


def test_pages_beside_each_other_are_one_answer(tmp_path: Path):
    for page, number in ((1, 2), (2, 2), (3, 1)):
        content = guardian(number, 2 * page, total=5, pages=3, currentPage=page)
        write(tmp_path, f"page-{page}.json", content)
    assert read_corpus(tmp_path)[1].empty
    (tmp_path / "page-2.json").unlink()
    problems = read_corpus(tmp_path)[1]
    assert problems["path"].item() == "page-1.json"
    assert "with the 1 other beside it 3 are here; ask for page 2 too" in problems["problem"].item()


@pytest.mark.parametrize("several", [json.dumps, lambda pages: "\n".join(map(json.dumps, pages))])
def test_answers_behind_each_other_in_one_file(tmp_path: Path, several: Any):
    pages = [guardian(2, 2 * page, total=4, pages=2, currentPage=page) for page in (1, 2)]
    name = "all.json" if several is json.dumps else "all.jsonl"
    found, problems = read_corpus(write(tmp_path, name, several(pages)))
    assert found["headline"].tolist() == ["Fares 2", "Fares 3", "Fares 4", "Fares 5"]
    assert found["path"].tolist() == [f"{name}#{one}" for one in (1, 2, 3, 4)] and problems.empty
    assert settle(("a", one) for one in answers_of(tmp_path)) == ({}, {"a": 4})


def test_an_answer_that_is_an_error_or_empty_says_so(tmp_path: Path):
    write(tmp_path, "a.json", {"status": "error", "message": "Too many requests"})
    write(tmp_path, "b.json", {"status": "ok", "totalResults": 0, "articles": [], "nextPage": None})
    found, problems = read_corpus(tmp_path)
    said = dict(zip(problems["path"], problems["problem"], strict=True))
    assert found.empty and "is an error and holds no articles (Too many requests)" in said["a.json"]
    assert "ask again" in said["b.json"]


def test_a_list_joined_with_its_pages_still_says_what_lacks(tmp_path: Path):
    body = f"<p>{TEXT}</p>" * 9
    page = f'<link rel="canonical" href="https://vale.example/1"><h1>Fares</h1>{body}'
    write(tmp_path, "page.html", f"<html><body>{page}</body></html>")
    listed = [{**articles(1)[0], "text": None}]
    write(tmp_path, "list.json", {"totalResults": 70, "articles": listed})
    found, problems = read_corpus(tmp_path)
    assert found["headline"].tolist() == ["Fares 1"]
    assert "announces 70 articles, 1 of which it lists" in problems["problem"].item()


def test_two_answers_of_one_folder_are_not_one():
    small, large = Answer(12, 6, 1, 2), Answer(900, 10, 1, 90)
    problems, announced = settle([("a", small), ("b", large), ("c", Answer(4, 4))])
    assert set(problems) == {"a", "b"} and announced == {"a": 12, "b": 900, "c": 4}
    drifted = [("a", small), ("b", Answer(12, 6, 2, 2)), ("c", large), ("d", Answer(903, 893, 2))]
    assert settle(drifted)[0] == {}
