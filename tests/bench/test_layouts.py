"""Exports made up after those of the archives are read right, also with their ends torn off."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.bench import layouts

STORIES = layouts.make_stories(12, layouts.SEED)


def write(folder: Path, layout: str, language: str) -> Path:
    file = folder / f"export{layouts.LAYOUTS[layout][0]}"
    file.write_bytes(layouts.make_export(layout, len(STORIES), language))
    return file


@pytest.mark.parametrize(
    ("layout", "language"),
    [
        (layout, layouts.languages()[place % len(layouts.languages())])
        for place, layout in enumerate(layouts.LAYOUTS)
    ],
)
def test_every_article_of_a_layout_is_read_right(tmp_path: Path, layout: str, language: str):
    right, problems = layouts.count_right(STORIES, write(tmp_path, layout, language))
    assert dict(zip(layouts.words("parts"), right, strict=True)) == dict.fromkeys(
        layouts.words("parts"), 12
    )
    assert problems == []


@pytest.mark.parametrize("layout", [name for name in layouts.LAYOUTS if "docx" not in name])
def test_a_torn_end_is_said_and_costs_one_article(tmp_path: Path, layout: str):
    file = write(tmp_path, layout, "en")
    raw = file.read_bytes()
    file.write_bytes(raw[: raw.rindex(b"numbered 7 of")])
    right, problems = layouts.count_right(STORIES, file)
    assert right[0] == 8 and min(right[1:5]) >= 7 and right[5] == 7
    said = ("breaks off", "were read", "is damaged", "holds no text")
    assert any(one in problem for problem in problems for one in said)


def test_an_error_in_place_of_an_article_is_said(tmp_path: Path):
    file = write(tmp_path, "numbered page", "en")
    error = "<DIV>We are sorry but there is an error in this document.</DIV>"
    file.write_text(file.read_text().replace(" of 12 DOC", " of 13 DOC") + error)
    right, problems = layouts.count_right(STORIES, file)
    assert min(right) == 12
    assert "announces 13 articles, and 12 were read" in " ".join(problems)
