"""Drift: a move is split into its causes, which add up to it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tables_fixture import make_tables, write_tables

from helpers.measure import comparisons
from helpers.measure.comparisons import Build
from helpers.study import drift

MEASURE = "named sources"
HASHES = {"data/codebook.yml": "1", "data/lexicons/cues.csv": "1", "helpers/a.py": "1"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return write_tables(make_tables(articles=12), tmp_path_factory.mktemp("corpus"))


def made(folder: Path, articles: int = 12, unnamed: int = 0, **changed: str) -> Build:
    """A build of the first articles, in which the sources of some are read as without a name."""
    whole = comparisons.read_build(folder, incomplete=True)
    kept = whole.articles.head(articles)
    said = whole.statements[whole.statements["article_id"].isin(kept["article_id"])]
    holds = comparisons.MEASURES[MEASURE].holds(said).astype(bool)
    other = said["article_id"].isin(said.loc[holds, "article_id"].drop_duplicates().head(unnamed))
    kinds = said["source_type"].astype("str").mask(other, "unnamed person")
    said = said.assign(source_type=kinds, named=said["named"].astype(bool) & ~other)
    names = {name.replace("_", "/"): value for name, value in changed.items()}
    engine = {
        key: next((v for n, v in names.items() if n in key), one) for key, one in HASHES.items()
    }
    return replace(whole, articles=kept, statements=said, manifest={"engine": engine})


def test_causes_add_up_to_the_move(folder):
    now, before = made(folder), made(folder, 8, 3, lexicons="2")
    found = drift.explain_drift(before, now, MEASURE, folder)
    assert list(found["cause"]) == [comparisons.CAUSES[0], "lexicon"]
    whole = comparisons.compare_shares(before, now).set_index("measure").loc[MEASURE, "moved"]
    assert found["moved"].sum() == pytest.approx(whole)
    assert drift.explain_drift(comparisons.read_build(""), now, MEASURE, folder).empty


def test_where_several_things_changed_a_sample_tells_them_apart(folder):
    now, before = made(folder), made(folder, 12, 4, lexicons="2", codebook="2")
    together = drift.explain_drift(before, now, MEASURE, folder)
    assert list(together["how"]) == [drift.COUNTED, drift.NOT_TOLD]
    asked = []

    def rebuild(file, version, kinds) -> Build:
        asked.append(list(kinds))
        return made(folder, 12, {0: 0, 1: 1, 2: 4}[len(kinds)])

    found = drift.explain_drift(before, now, MEASURE, folder, "earlier", 12, rebuild)
    assert asked == [[], ["codebook"], ["codebook", "lexicon"]]
    by_cause = found.set_index("cause")
    assert by_cause.loc["codebook", "articles"] == 1 and by_cause.loc["lexicon", "articles"] == 3
    assert found["moved"].sum() == pytest.approx(together["moved"].sum())
    assert found["moved"].iloc[-1] == pytest.approx(0), "the whole corpus was the sample"


def test_a_folder_without_a_program_is_refused(folder, tmp_path):
    with pytest.raises(FileNotFoundError, match="holds no program"):
        drift.read_again(tmp_path / "a.jsonl", tmp_path, [])
