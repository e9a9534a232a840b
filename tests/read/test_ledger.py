"""The ledger: whatever lies in a corpus is in articles, in problems or in left_out."""

from __future__ import annotations

import io
import json
import os
import random
import zipfile
from collections import Counter
from pathlib import Path

import pytest
from reading_fixture import read_corpus

from helpers.read.articles import LeftOut, iter_records
from helpers.read.files import iter_met
from helpers.store import schema

TEXT = "Fares on the island ferries will double in June, the council decided on Tuesday night."
NAMES = (
    "a.txt", "b.md", "c.jpg", "empty.txt", "README.md", "readme", ".hidden", "~$draft.docx",
    ".~lock.a.txt#", "Thumbs.db", "metadata.csv", "outlets.csv", "articles.yml", "rows.csv",
    "bad.zip", "page.html", "noise.bin",
)  # fmt: skip
FOLDERS = ("", "opinion", ".git", "__MACOSX", "page_files", "2026/03", "articles", "articles/x")
CONTENTS = {
    "empty.txt": b"",
    "metadata.csv": b"file,outlet\na.txt,Echo\nghost.txt,Echo\n",
    "outlets.csv": b"outlet,alias\nEcho,E\n",
    "articles.yml": b"outlet: Echo\n",
    "rows.csv": f'text,title\n"{TEXT}",One\n,Two\n'.encode(),
    "page.html": f"<html><title>A</title><body><article><p>{TEXT * 9}</p></article>".encode(),
    "noise.bin": b"\0\1\2",
}


def some_files(seed: int) -> dict[str, bytes]:
    chance = random.Random(seed)
    chosen = {
        (chance.choice(FOLDERS[: 6 + 2 * (seed % 2)]), chance.choice(NAMES)) for _ in range(25)
    }
    return {
        f"{folder}/{name}".strip("/"): CONTENTS.get(name, f"{TEXT} {number}".encode())
        for number, (folder, name) in enumerate(sorted(chosen))
    }


def left_out(path: Path) -> list[LeftOut]:
    items = (item for one in iter_met(path) for item in iter_records(one))
    return [item for item in items if isinstance(item, LeftOut)]


def check_ledger(corpus: Path, files: set[str]) -> None:
    """Every file is read, is a problem or is left out, and their numbers add up."""
    met = list(iter_met(corpus))
    read = [one for one in met if not one.left_out]
    rows = left_out(corpus)
    assert sum(row.files for row in rows) + len(read) == len(files)
    assert {row.reason for row in rows} <= {*schema.REASONS}
    articles, problems = read_corpus(corpus)
    paths = [*articles["path"], *problems["path"]]
    assert {one.path for one in read} <= {path.rpartition("#")[0] for path in paths} | {*paths}
    assert max(Counter(one.path for one in met if not one.left_out).values(), default=1) == 1


@pytest.mark.parametrize("seed", range(6))
def test_every_file_of_a_folder_and_of_a_zip_is_in_the_ledger(seed: int, tmp_path: Path):
    files = some_files(seed)
    for name, content in files.items():
        (tmp_path / "corpus" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "corpus" / name).write_bytes(content)
    with zipfile.ZipFile(tmp_path / "corpus.zip", "w") as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    check_ledger(tmp_path / "corpus", {*files})
    check_ledger(tmp_path / "corpus.zip", {*files})


def test_what_is_left_out_has_its_reason(tmp_path: Path):
    for name in (
        "articles/a.txt", "b.txt", "opinion/c.txt", "README.txt", "articles/.hidden",
        "articles/~$a.docx", "articles/page.html", "articles/page_files/1.png", ".git/x/HEAD",
        ".git/config", "articles/outlets.csv", "articles/metadata.csv", "articles/thumbs.db",
    ):  # fmt: skip
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(CONTENTS.get(file.name, f"{TEXT} {name}".encode()))
    assert {row.path: (row.reason, row.files) for row in left_out(tmp_path)} == {
        "b.txt": ("beside articles/", 1),
        "opinion/c.txt": ("beside articles/", 1),
        "README.txt": ("README", 1),
        ".hidden": ("hidden", 1),
        "~$a.docx": ("lock file", 1),
        "page_files/": ("part of a saved page", 1),
        ".git/": ("hidden", 2),
        "outlets.csv": ("tells of articles", 1),
        "thumbs.db": ("system file", 1),
    }
    articles, problems = read_corpus(tmp_path)
    assert set(articles["path"]) == {"a.txt", "page.html"}
    assert problems["path"].tolist() == ["metadata.csv"]


def test_links_inside_and_outside_are_in_the_ledger(tmp_path: Path):
    for name in ("out/secret.txt", "corpus/articles/a.txt", "corpus/other/b.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"{TEXT} {name}")
    os.symlink(tmp_path / "out", tmp_path / "corpus/articles/folder")
    os.symlink(tmp_path / "out/secret.txt", tmp_path / "corpus/articles/file.txt")
    os.symlink(tmp_path / "out", tmp_path / "corpus/beside")
    articles, problems = read_corpus(tmp_path / "corpus")
    assert articles["path"].tolist() == ["a.txt"]
    assert set(problems["path"]) == {"folder", "file.txt"}
    assert {row.path for row in left_out(tmp_path / "corpus")} == {"other/b.txt", "beside"}


def test_the_lists_of_a_json_file_that_are_not_read_are_said(tmp_path: Path):
    two = {"articles": [{"text": TEXT}], "news": [{"text": TEXT}] * 2, "tags": ["x"]}
    for name, content in (("a", two), ("b", {"response": {"results": two["articles"]} | two})):
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
    articles, problems = read_corpus(tmp_path)
    assert articles["path"].tolist() == ["a.json#1", "b.json#1"]
    assert all("of 2 records was not read" in one for one in problems["problem"] if "news" in one)
    assert set(problems["path"]) == {"a.json", "b.json"}


def test_a_zip_of_nothing_but_what_is_left_out_says_both(tmp_path: Path):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(".hidden", TEXT)
        archive.writestr("empty/", "")
    (tmp_path / "a.zip").write_bytes(packed.getvalue())
    articles, problems = read_corpus(tmp_path)
    assert articles.empty and problems["path"].tolist() == ["a.zip"]
    assert [row.path for row in left_out(tmp_path)] == ["a.zip/.hidden"]
