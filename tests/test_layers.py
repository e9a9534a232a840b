"""Imports point one way, from room to room, and nothing that runs needs what trains."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import nbformat
import pytest

PROJECT = Path(__file__).resolve().parent.parent

# A room may import from itself and from rooms that stand before it, nearer the ground.
ROOMS = (
    "store", "read", "text", "model", "annotate", "corpus", "measure", "show", "study", "batch",
    "train", "bench",
)  # fmt: skip
NOTEBOOKS_MAY_IMPORT = {"store", "measure", "show", "study"}
TRAINING = {"torch", "onnx", "safetensors", "spacy"}


def modules() -> list[Path]:
    return sorted((PROJECT / "helpers").rglob("*.py"))


def name_of(file: Path) -> str:
    return file.relative_to(PROJECT / "helpers").with_suffix("").as_posix()


@cache
def imported(source: str) -> set[str]:
    """Name the modules of `helpers` that a source imports, as `room/module`; a room alone too."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    ours = [name.split(".")[1:3] for name in names if name.startswith("helpers.")]
    return {"/".join(parts) for parts in ours if not parts[0].startswith("__")}


def rooms_imported(source: str) -> set[str]:
    return {name.split("/")[0] for name in imported(source)}


def test_the_rooms_are_these():
    there = {file.parent.name for file in modules()} - {"helpers"}
    assert there == set(ROOMS)


@pytest.mark.parametrize("file", modules(), ids=name_of)
def test_imports_point_one_way(file: Path):
    found = rooms_imported(file.read_text())
    assert found <= set(ROOMS), "a module is imported from its room"
    if file.parent.name in ROOMS:
        allowed = ROOMS[: ROOMS.index(file.parent.name) + 1]
        assert found <= set(allowed), f"{name_of(file)} may import from {allowed}"


def test_no_module_imports_itself_by_way_of_others():
    known = {name_of(file): imported(file.read_text()) for file in modules()}
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]):
        assert name not in path, " → ".join([*path, name])
        if name not in done:
            for other in sorted(known.get(name, set()) & set(known)):
                visit(other, (*path, name))
            done.add(name)

    for name in known:
        visit(name, ())


@pytest.mark.parametrize("file", modules(), ids=name_of)
def test_first_line_says_what_lives_in_the_module(file: Path):
    first = ast.get_docstring(ast.parse(file.read_text()))
    assert first and first.splitlines()[0].endswith(".")


def test_nothing_that_runs_needs_what_trains():
    for file in modules():
        if file.parent.name not in ("train", "bench"):
            loaded = set(re.findall(r"^\s*(?:import|from) (\w+)", file.read_text(), re.M))
            assert not loaded & TRAINING, name_of(file)


@pytest.mark.parametrize(
    "file", sorted((PROJECT / "notebooks").glob("*.ipynb")), ids=lambda file: file.stem
)
def test_notebooks_import_only_the_reading_side(file: Path):
    cells = nbformat.read(file, as_version=4).cells
    source = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    assert rooms_imported(source) <= NOTEBOOKS_MAY_IMPORT
