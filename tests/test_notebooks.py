"""Notebooks: thin, typed, stripped, and run by papermill from any folder on any corpus."""

from __future__ import annotations

import ast
import json
import os
import re
import tokenize
from io import StringIO
from pathlib import Path

import nbformat
import pandas as pd
import papermill
import pytest
from nbformat import NotebookNode
from PIL import Image
from tables_fixture import make_tables, write_tables
from test_layers import NOTEBOOKS_MAY_IMPORT as ALLOWED

from helpers.show import publish
from helpers.store import schema, tables
from helpers.study import registered

PROJECT = Path(__file__).resolve().parent.parent
FILES = sorted((PROJECT / "notebooks").glob("*.ipynb"))
COMMON = ["corpus", "outlets", "since", "until", "roles", "top", "out"]
WHOLE = ("article_reader", "reliability", "speaker_sentiment")  # have the most parameters already
LONGEST_CELL = 12
MACHINERY = (
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
    ast.Lambda,
    ast.For,
    ast.While,
    ast.If,
    ast.Try,
    ast.With,
    ast.ListComp,
    ast.DictComp,
    ast.SetComp,
)
EVERY_NOTEBOOK = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)


def read(file: Path) -> NotebookNode:
    return nbformat.read(file, as_version=4)


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def comments(source: str) -> dict[int, str]:
    tokens = tokenize.generate_tokens(StringIO(source).readline)
    return {t.start[0]: t.string.lstrip("# ") for t in tokens if t.type == tokenize.COMMENT}


# ------------------------------------------------------------------------------------ as written


@EVERY_NOTEBOOK
def test_cells_are_short_and_hold_no_machinery(file):
    for cell in code_cells(read(file)):
        assert len(cell.source.splitlines()) <= LONGEST_CELL, cell.id
        found = [node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, MACHINERY)]
        assert not found, f"{cell.id}, line {found[0].lineno}: put it in a helper"


@EVERY_NOTEBOOK
def test_only_the_reading_side_is_imported(file):
    imports = [
        node
        for cell in code_cells(read(file))
        for node in ast.walk(ast.parse(cell.source))
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert {(node.module, node.level) for node in imports} <= {
        (f"helpers.{room}", 0) for room in ALLOWED
    }


@EVERY_NOTEBOOK
def test_parameters_are_typed_literals_each_with_a_comment(file):
    cell = code_cells(read(file))[0]
    assert cell.metadata.get("tags") == ["parameters"]
    lines = ast.parse(cell.source).body
    said = comments(cell.source)
    for line in lines:
        assert isinstance(line, ast.AnnAssign), f"line {line.lineno} has no type"
        assert isinstance(line.annotation, ast.Name), f"{line.target.id} is not of a plain type"
        value = ast.literal_eval(line.value)
        assert type(value).__name__ == line.annotation.id, line.target.id
        assert len(said[line.lineno]) > 10, f"{line.target.id} is not explained"
    written = [line.target.id for line in lines]
    assert written[: len(COMMON)] == COMMON
    assert ("incomplete" in written) == (file.stem not in WHOLE)
    seen = papermill.inspect_notebook(str(file))
    assert list(seen) == written
    assert all(seen[name]["help"] and seen[name]["inferred_type_name"] for name in written)


@EVERY_NOTEBOOK
def test_notebooks_are_stripped_and_keep_their_cell_ids(file):
    notebook = read(file)
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", name) for name in ids)
    for cell in code_cells(notebook):
        assert not cell.outputs and cell.execution_count is None
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert set(notebook.metadata.language_info) == {"name"}


@EVERY_NOTEBOOK
def test_a_notebook_is_an_argument(file):
    texts = [cell.source for cell in read(file).cells if cell.cell_type == "markdown"]
    assert texts[0].startswith("# ") and "| Reads |" in texts[0] and "| Takes |" in texts[0]
    headings = [line for text in texts for line in text.splitlines() if line.startswith("#")]
    assert all(heading.endswith("?") for heading in headings[:-1])
    assert headings[-1] == "## What this cannot tell you"
    assert code_cells(read(file))[-1].source == "page.close()"


@EVERY_NOTEBOOK
def test_prose_holds_no_findings(file):
    """A number typed into the text would be false at the next run."""
    for cell in read(file).cells:
        if cell.cell_type == "markdown":
            assert not re.search(r"\d+ ?%|\b\d{3,}\b", cell.source.replace("ISO 3166", "")), cell.id


# --------------------------------------------------------------------------------------- as run


def figures(notebook: NotebookNode) -> list[NotebookNode]:
    return [
        output
        for cell in code_cells(notebook)
        for output in cell.outputs
        if "image/png" in output.get("data", {})
    ]


def check_bottom_line(notebook: NotebookNode) -> None:
    """Every sentence at the top leads to a place further down."""
    shown = [
        "".join(output.data["text/html"])
        for cell in code_cells(notebook)
        for output in cell.outputs
        if "text/html" in output.get("data", {})
    ]
    top = [page for page in shown if 'class="bottom-line"' in page]
    assert len(top) == 1
    places = set(re.findall(r'<span id="([\w-]+)"></span>', "".join(shown)))
    assert set(re.findall(r'href="#([\w-]+)"', top[0])) <= places
    if any("page.say(" in cell.source for cell in code_cells(notebook)):
        assert "<li>" in top[0]


def check_run(ran: Path, written: Path) -> None:
    notebook = read(ran)
    pictures = figures(notebook)
    assert len(list(written.glob("*.png"))) == len(list(written.glob("*.svg"))) == len(pictures)
    alts = {Image.open(path).text["Description"] for path in written.glob("*.png")}
    assert alts == {picture.metadata["image/png"]["alt"] for picture in pictures}
    exports = [pd.read_csv(path) for path in written.glob("*.csv")]
    assert exports and any(len(table) for table in exports)
    check_bottom_line(notebook)
    said = [o.text for c in code_cells(notebook) for o in c.outputs if "text" in o]
    assert not [text for text in said if "Warning" in text]


@EVERY_NOTEBOOK
def test_a_notebook_runs_on_the_sample_and_writes_what_it_shows(file, sample_reports):
    check_run(sample_reports / file.name, sample_reports / file.stem)


def test_papermill_alone_runs_a_notebook_from_any_folder(sample_tables, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    papermill.execute_notebook(
        str(PROJECT / "notebooks" / "corpus_overview.ipynb"),
        "run.ipynb",
        parameters={"corpus": str(sample_tables), "out": "written"},
        progress_bar=False,
    )
    check_run(tmp_path / "run.ipynb", tmp_path / "written")


CORPORA = {
    "no article": {"articles": 0},
    "one silent undated article": {"articles": 1, "dated": False, "speech": False},
    "two articles without a name": {"articles": 2, "seed": 4, "outlets": 1},
}
MORE = {
    "twelve articles": {"articles": 12, "outlets": 1},
    "one article": {"articles": 1, "seed": 4},
    "two undated articles": {"articles": 2, "dated": False},
    "twelve undated articles": {"articles": 12, "dated": False},
    "twelve silent articles": {"articles": 12, "speech": False},
    "twelve articles without a name": {"articles": 12},
}
NAMED = ("mentions", "entities", "targets")
SMALL = [  # accuracy reads gold, whatever the corpus
    pytest.param(file, kind, id=f"{kind}-{file.stem}")
    for kind in CORPORA
    for file in FILES
    if kind == "no article" or file.stem != "accuracy"
]


def run_cells(file: Path, **given: object) -> dict[str, object]:
    """Run a notebook's cells in this process: the same code, without the start of a kernel."""
    names: dict[str, object] = {}
    for cell in code_cells(read(file)):
        exec(compile(cell.source, cell.id, "exec"), names)
        if cell.id == "parameters":
            names |= {name: value for name, value in given.items() if name in names}
    return names


def run_made_up(file: Path, made: dict[str, pd.DataFrame], folder: Path, without: str = "") -> Path:
    """Run a notebook on made-up tables; return where it wrote."""
    made |= {name: made[name].head(0) for name in NAMED if "without a name" in without}
    corpus, out = str(write_tables(made, folder / "corpus")), folder / "out"
    run_cells(file, corpus=corpus, before=corpus, out=str(out), gender=True)
    return out


@pytest.mark.parametrize(("file", "kind"), SMALL)
def test_a_notebook_publishes_what_a_small_corpus_has_and_none_of_the_rest(
    file, kind, tmp_path, capsys, monkeypatch
):
    """A table without rows is a line that says so, and a file with its header."""
    shown: list[object] = []
    monkeypatch.setattr(publish, "display", lambda one, **_: shown.append(one))
    out = run_made_up(file, make_tables(**CORPORA[kind]), tmp_path, kind)
    told = [Image.open(path).text["Description"] for path in out.glob("*.png")]
    assert not [alt for alt in told if "too few" in alt.lower() or "nothing to" in alt.lower()]
    assert "Using the tables" in capsys.readouterr().out
    written = {path.stem: pd.read_csv(path) for path in out.glob("*.csv")}
    assert all(len(table.columns) for table in written.values())
    if "silent" in kind and file.stem == "source_breakdown":
        assert written["source_types"].empty
        assert f"<p>{publish.NONE}</p>" in [getattr(one, "data", "") for one in shown]


@pytest.mark.skipif("ATTRIBUTED_SLOW" not in os.environ, reason="slow: set ATTRIBUTED_SLOW")
@EVERY_NOTEBOOK
@pytest.mark.parametrize("kind", MORE)
def test_a_notebook_runs_on_any_small_corpus(file, kind, tmp_path):
    assert list(run_made_up(file, make_tables(**MORE[kind]), tmp_path, kind).glob("*.csv"))


# ------------------------------------------------------------------------------- a worked study

GOLD = PROJECT / "data" / "sample" / "gold"


@pytest.fixture(scope="module")
def coded_corpus(sample_tables, tmp_path_factory) -> Path:
    """The tables of the sample's articles that two coders read whole."""
    made = {name: tables.read_table(name, sample_tables) for name in schema.TABLES}
    paths = (GOLD / "to_code.txt").read_text().split()
    kept = made["articles"].loc[made["articles"]["path"].isin(paths), "article_id"]
    own = {name: "article_id" in frame and name != "problems" for name, frame in made.items()}
    made = {
        name: frame[frame["article_id"].isin(kept)] if own[name] else frame
        for name, frame in made.items()
    }
    folder = write_tables(made, tmp_path_factory.mktemp("coded"))
    manifest = tables.read_manifest(sample_tables)
    manifest["counts"] = {name: len(frame) for name, frame in made.items()}
    del manifest["catalogue"]
    (folder / tables.MANIFEST).write_text(json.dumps(manifest))
    return folder


def test_a_study_goes_from_a_drawn_sheet_to_a_corrected_difference(
    coded_corpus, tmp_path, monkeypatch
):
    """Planned, drawn by chance, coded by two, and read back by the notebook, on one page."""
    study, page = tmp_path / "study", tmp_path / "page"
    coders = [GOLD / "pass_a", GOLD / "pass_b"]
    files = registered.run_study(coded_corpus, "Who names sources?", study, 120, 5, coders)
    assert {"contrasts.csv", "corrected.csv", "methods.md"} <= set(files)
    shown: list[object] = []
    monkeypatch.setattr(publish, "display", lambda one, **_: shown.append(one))
    sheets = [str(study / "codings")]
    ran = run_cells(
        PROJECT / "notebooks" / "reliability.ipynb",
        corpus=str(coded_corpus), codings=sheets, out=str(page),
    )  # fmt: skip
    key = pd.read_csv(study / "sampling_key.csv")
    assert len(key) == 120 and key["weight"].sum() == pytest.approx(len(ran["attributions"]))
    assert list(ran["key"]["unit"]) == list(key["unit"]), "the sheets are read with their own key"
    assert ran["coded"].told == ["pass a (language model)", "pass b (language model)"]
    assert ran["coded"].problems.empty
    ratings = ran["coded"].ratings
    assert set(ratings.loc[ratings["variable"] == "statement", "value"]) == {"yes", "no"}
    assert ran["agreed"].set_index("variable").loc["source_type", "alpha"] > 0.67
    columns = ["outcome", "of", "counted", "dsl", "dsl_low", "dsl_high", "ppi"]
    found, planned = (
        pd.read_csv(file).query("contrast == 'difference'")[columns].reset_index(drop=True)
        for file in (page / "reliability_contrasts.csv", study / "contrasts.csv")
    )
    pd.testing.assert_frame_equal(found, planned)
    named = found[found["outcome"] == "named person"]
    assert len(named) == 3 and named.notna().all(axis=None)
    assert (named["dsl"] - named["counted"]).abs().max() > 0.01
    assert (named["dsl_high"] - named["dsl_low"]).min() > 0.1
    assert (page / "reliability_contrasts.png").is_file() and len(shown) > 10
