"""A corpus read at once, with its copies marked, as a build does it part by part."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from helpers.read import duplicates
from helpers.read.answers import settle
from helpers.read.articles import Note, Problem, iter_records, separate_ids
from helpers.read.files import iter_met
from helpers.store import schema


def read_corpus(
    path: str | Path, mapping: Mapping[str, str] | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the tables `articles` and `problems` of a file, folder or zip."""
    taken: dict[str, str] = {}
    items = [
        item
        for source in iter_met(path)
        for item in separate_ids(iter_records(source, mapping), taken)
    ]
    articles = schema.frame("articles", (item for item in items if isinstance(item, dict)))
    answers = ((one.path, one.answer) for one in items if isinstance(one, Note) and one.answer)
    items += [Problem("", path, "read", lacking) for path, lacking in settle(answers)[0].items()]
    problems = schema.frame("problems", (one.row() for one in items if isinstance(one, Problem)))
    return mark_duplicates(_checked("articles", articles)), _checked("problems", problems)


def _checked(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    return schema.to_frame(schema.to_arrow(name, frame))


def mark_duplicates(articles: pd.DataFrame) -> pd.DataFrame:
    """Fill `duplicate_of` and `duplicate_kind`; same rows, same order."""
    texts = dict(zip(articles["article_id"], articles["text"], strict=True))
    sketches = duplicates.sketch(articles)
    found, _ = duplicates.find_duplicates(
        sketches, lambda wanted: ((one, texts[one]) for one in wanted), {}
    )
    return duplicates.add_duplicates(articles, found)
