"""Drift: a move is split into its causes, which add up to it."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from tables_fixture import make_tables, write_tables

from helpers.measure import comparisons
from helpers.measure.comparisons import Build
from helpers.store.paths import PROJECT
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
        changed = dict.fromkeys(("codebook", "lexicons")[: len(kinds)], "2")
        return made(folder, 12, {0: 0, 1: 1, 2: 4}[len(kinds)], **changed)

    found = drift.explain_drift(before, now, MEASURE, folder, "earlier", 12, rebuild)
    assert asked == [[], ["codebook"], ["codebook", "lexicon"]]
    by_cause = found.set_index("cause")
    assert by_cause.loc["codebook", "articles"] == 1 and by_cause.loc["lexicon", "articles"] == 3
    assert found["moved"].sum() == pytest.approx(together["moved"].sum())
    assert found["moved"].iloc[-1] == pytest.approx(0), "the whole corpus was the sample"


def test_what_cannot_be_read_without_the_next_step_is_told_with_it(folder):
    changed = {"codebook": "2", "lexicons": "2", "helpers": "2"}
    now, before = made(folder), made(folder, 12, 4, **changed)

    def rebuild(file, version, kinds) -> Build:
        if kinds[-1:] == ["lexicon"]:
            raise RuntimeError("this code wants another word in it")
        known = changed if kinds[-1:] == ["code"] else {}
        return made(folder, 12, len(kinds), **known)

    found = drift.explain_drift(before, now, MEASURE, folder, "earlier", 12, rebuild)
    assert found["cause"].tolist()[1:3] == ["codebook", "lexicon and code"]
    assert found["articles"].tolist()[1:3] == [1, 2]

    def refuse(file, version, kinds) -> Build:
        if kinds:
            raise RuntimeError("none can be read")
        return now

    with pytest.raises(RuntimeError, match="none can be read"):
        drift.explain_drift(before, now, MEASURE, folder, "earlier", 12, refuse)


def test_another_program_than_the_earlier_is_refused(folder):
    now, before = made(folder), made(folder, lexicons="2", codebook="2")
    with pytest.raises(RuntimeError, match="not the program that made the earlier build"):
        drift.explain_drift(before, now, MEASURE, folder, "other", 12, lambda *_: now)


def test_a_codebook_of_ones_own_is_a_cause(folder):
    now, before = made(folder), made(folder, unnamed=3)
    own = {"codebook": {"file": "own.yml", "sha256": "5"}}
    before = replace(before, manifest=before.manifest | own)
    assert drift.explain_drift(before, now, MEASURE, folder)["cause"].tolist()[1:] == ["codebook"]
    both = replace(before, manifest=made(folder, lexicons="2").manifest | own)
    told = drift.explain_drift(both, now, MEASURE, folder, "earlier")
    assert told["how"].tolist()[1:] == [drift.OWN_CODEBOOK]


@pytest.fixture(scope="module")
def earlier(tmp_path_factory) -> tuple[Path, Path]:
    """A program as this one, that has another name for an agency; and an article."""
    version = tmp_path_factory.mktemp("earlier")
    (version / "helpers").symlink_to(PROJECT / "helpers")
    shutil.copytree(PROJECT / "data" / "lexicons", version / "data" / "lexicons")
    words = version / "data" / "lexicons" / "outlets.csv"
    words.write_text(words.read_text("utf-8").replace("Adnkronos,,", "Adn Prime,Adnkronos,"))
    odd = version / "data" / "lexicons" / "affiliations.csv"
    odd.write_text("a,table,of,another,time\n")
    shutil.copytree(PROJECT / "data" / "models" / "tone", version / "data" / "models" / "tone")
    model = version / "data" / "models" / "tone" / "model.json"
    model.write_text("{}")
    told = "The pier will close in May, Ann Quill told the news agency Adnkronos."
    file = version / "article.jsonl"
    file.write_text(json.dumps({"id": "a", "outlet": "The Vale Echo", "text": told}))
    return version, file


def test_an_article_is_read_with_the_lexicons_of_another_program(earlier):
    """Those that have the columns that this program reads; the others go with its code."""
    version, file = earlier
    said = drift.read_again(file, version, ["lexicon"]).statements
    assert list(said["relay"]) == ["Adn Prime"]


@pytest.mark.skipif("ATTRIBUTED_SLOW" not in os.environ, reason="slow: set ATTRIBUTED_SLOW")
def test_a_program_that_cannot_read_with_a_model_of_another_says_so(earlier):
    version, file = earlier
    with pytest.raises(RuntimeError, match="with lexicon, model of .*without this step"):
        drift.read_again(file, version, ["lexicon", "model"])


def test_a_folder_without_a_program_is_refused(folder, tmp_path):
    with pytest.raises(FileNotFoundError, match="holds no program"):
        drift.read_again(tmp_path / "a.jsonl", tmp_path, [])
