"""Imports point one way, annotators do not import one another, nothing that runs needs training."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import nbformat
import pytest

PROJECT = Path(__file__).resolve().parent.parent

# Every module may import only what stands above it; modules on one line do not import one another.
LAYERS = [
    {"schema", "intervals", "storage", "engine", "lab", "stems"},
    {"tables", "lexicons", "quotations"},
    {"documents", "dates"},
    {"encodings", "columns", "archives", "imprint", "pageblocks"},
    {"pages", "records"},
    {"files", "formats", "duplicates"},
    {"ingest"},
    {"sentences", "furniture"},
    {"layout"},
    {"structure"},
    {"names", "encoder", "codebook"},
    {"decoding", "persons", "capitals", "phrases", "targetmodel"},
    {"descriptions"},
    {"bodies", "pronouns", "relays", "anonymity", "positions", "sourcespans", "nameuses"},
    {"cast"},
    {"sourcenames"},
    {"callings"},
    {"mentions", "entities", "attributions", "speakers", "sources", "replies", "tone", "stance"},
    {"targets", "aliases"},
    {"parts"},
    {"annotation"},
    {"cluster"},
    {"workers"},
    {"corpus"},
    {"codings", "reliability", "agreement", "sampling", "clustering", "gender"},
    {"sheets"},
    {"measures"},
    {"tones", "sourcing"},
    {"charts", "evidence", "passages", "correction"},
    {"coding", "concordance", "benchmarks", "bundle"},
    {"study"},
    {"appendix"},
    {"explore"},
    {"desk"},
    {"forms"},
    {"network", "examples"},
    {"export", "tuning"},
    {"train"},
    {"teachers"},
    {"train_targets"},
    {"comparisons"},
    {"parameters", "jobs"},
    {"batchfile", "outcomes"},
    {"subsets", "report", "warm"},
    {"snapshots"},
    {"runs", "overview", "plan"},
    {"preload"},
    {"batch"},
    {"bench_batch"},
    {"bench"},
    {"__main__", "countries"},
]
RANK = {name: rank for rank, layer in enumerate(LAYERS) for name in layer}
NOTEBOOKS_MAY_IMPORT = {
    "tables", "measures", "tones", "sourcing", "reliability", "charts", "explore", "desk", "study",
    "concordance", "benchmarks", "comparisons", "forms",
}  # fmt: skip


def modules() -> list[Path]:
    return [file for file in (PROJECT / "helpers").glob("*.py") if file.stem != "__init__"]


def helpers_imported(source: str) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module == "helpers":
            names |= {alias.name for alias in node.names if not alias.name.startswith("__")}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("helpers."):
            names.add(node.module.split(".")[1])
        elif isinstance(node, ast.Import):
            names |= {a.name.split(".")[1] for a in node.names if a.name.startswith("helpers.")}
    return names


@pytest.mark.parametrize("file", modules(), ids=lambda file: file.stem)
def test_imports_point_one_way(file: Path):
    assert file.stem in RANK, f"give helpers/{file.name} a place in LAYERS"
    for name in helpers_imported(file.read_text()):
        assert RANK[name] < RANK[file.stem], f"{file.stem} may not import {name}"


def test_every_layer_names_a_module():
    assert set(RANK) <= {file.stem for file in modules()}


@pytest.mark.parametrize("file", modules(), ids=lambda file: file.stem)
def test_first_line_says_what_lives_in_the_module(file: Path):
    first = ast.get_docstring(ast.parse(file.read_text()))
    assert first and first.splitlines()[0].endswith(".")


TRAINING = {"network", "examples", "export", "tuning", "train", "teachers", "train_targets"}


def test_nothing_that_runs_needs_what_trains():
    for file in modules():
        if file.stem not in TRAINING:
            imported = set(re.findall(r"^\s*(?:import|from) (\w+)", file.read_text(), re.M))
            assert not imported & {"torch", "onnx", "safetensors", "spacy"}, file.stem
            assert file.stem == "__main__" or not helpers_imported(file.read_text()) & TRAINING


@pytest.mark.parametrize(
    "file", sorted((PROJECT / "notebooks").glob("*.ipynb")), ids=lambda file: file.stem
)
def test_notebooks_import_only_the_reading_side(file: Path):
    cells = nbformat.read(file, as_version=4).cells
    source = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    assert helpers_imported(source) <= NOTEBOOKS_MAY_IMPORT
