"""What holds for the whole house: its sizes, its papers, its doctests, and how it is tested."""

from __future__ import annotations

import ast
import doctest
import importlib
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_layers import ROOMS, imported, modules, name_of

from helpers.__main__ import COMMANDS

PROJECT = Path(__file__).resolve().parent.parent
LONGEST = 600
# Still to be cut: a number here may only fall.
TESTS = sorted(set((PROJECT / "tests").rglob("*.py")))
PAPERS = sorted(
    file
    for pattern in ("*.md", "data/*.md", "data/models/*.md", "data/sample/**/*.md")
    for file in PROJECT.glob(pattern)
)
WITHOUT_RULES = {"rules"}
# A run's process begins with the environment of the batch; a library is told not to fork.
ENVIRONMENT = {"batch/pool", "model/encoder"}
# What is not there until somebody makes it.
THEIRS = ("data/tables",)
WRITING = (ast.Assign, ast.AugAssign, ast.Delete)
ENVIRONMENT_CALLS = {f"os.environ.{name}" for name in ("update", "pop", "setdefault", "clear")}
# Tests of private names that are still to be mended; one that is mended leaves the list.
OWED = {"test_charts", "test_duplicates", "test_reader"}


def each(items, named):
    """Return the cases of a test, one an item, by their names."""
    mark = pytest.mark.xfail(reason="still to be mended", strict=True)
    return [
        pytest.param(item, id=named(item), marks=[mark] if named(item) in OWED else [])
        for item in items
    ]


def own_nodes(source: str) -> Iterator[ast.AST]:
    """Yield what runs when a module is imported: all but the bodies of functions."""
    waiting: list[ast.AST] = [ast.parse(source)]
    while waiting:
        node = waiting.pop()
        yield node
        inside = ast.iter_child_nodes(node)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            inside = iter(getattr(node, "decorator_list", []))
        waiting += inside


# ---------------------------------------------------------------------------------- the modules


@pytest.mark.parametrize("file", modules(), ids=name_of)
def test_a_module_can_be_read_in_one_sitting(file: Path):
    assert len(file.read_text().splitlines()) <= LONGEST


@pytest.mark.parametrize("file", each(modules(), name_of))
def test_nothing_is_handed_on_behind_the_back_of_the_code(file: Path):
    if name_of(file) in ENVIRONMENT:
        return
    for node in ast.walk(ast.parse(file.read_text())):
        targets = getattr(node, "targets", [getattr(node, "target", None)])
        for target in filter(None, targets if isinstance(node, WRITING) else []):
            assert not ast.unparse(target).startswith("os.environ"), target.lineno
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            assert called not in ENVIRONMENT_CALLS, node.lineno
            if file.parent.name != "bench":  # whose rules and packages may be absent
                assert called != "importlib.import_module", node.lineno


@pytest.mark.parametrize("file", each(modules(), name_of))
def test_no_lexicon_is_read_when_a_module_is_imported(file: Path):
    for node in own_nodes(file.read_text()):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            assert not re.search(r"\bread_(?:lexicon|codebook|csv)$|lexicons\.\w+$", called), called


# ------------------------------------------------------------------------------------ the tests


def private_uses(source: str) -> set[str]:
    """Name what a test takes of a module of `helpers` that begins with an underscore."""
    tree = ast.parse(source)
    taken, known = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("helpers"):
            for alias in node.names:
                known.add(alias.asname or alias.name)
                if alias.name.startswith("_") and not alias.name.startswith("__"):
                    taken.add(alias.name)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            private = node.attr.startswith("_") and not node.attr.startswith("__")
            if private and node.value.id in known:
                taken.add(f"{node.value.id}.{node.attr}")
    return taken


@pytest.mark.parametrize("file", each(TESTS, lambda file: file.stem))
def test_private_names_are_not_tested(file: Path):
    assert not private_uses(file.read_text())


def test_a_private_name_is_seen():
    told = "from helpers.store import tables\nfrom helpers.read import _one\ntables._two()\n"
    assert private_uses(told) == {"_one", "tables._two"}


def annotators() -> list[str]:
    names = {file.stem for file in (PROJECT / "helpers" / "annotate").glob("*.py")}
    return sorted(names - {"__init__"} - WITHOUT_RULES)


@pytest.mark.parametrize("name", each(annotators(), str))
def test_a_module_with_rules_has_its_own_examples(name: str):
    file = PROJECT / "tests" / "annotate" / f"test_{name}.py"
    assert file.is_file(), f"write the examples of helpers/annotate/{name}.py into {file.name}"
    assert f"annotate/{name}" in imported(file.read_text())


@pytest.mark.parametrize(
    "file", [file for file in modules() if ">>>" in file.read_text()], ids=name_of
)
def test_examples_in_the_documentation_run(file: Path):
    if file.parent.name == "train":
        pytest.importorskip("torch", reason="the train extra is not installed")
    named = name_of(file).removesuffix("/__init__").replace("/", ".")
    module = importlib.import_module("helpers" if named == "__init__" else f"helpers.{named}")
    result = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert result.attempted and not result.failed


# ----------------------------------------------------------------------------------- the papers


def made() -> set[str]:
    """Name the targets of the Makefile."""
    return set(re.findall(r"^(\w+):", (PROJECT / "Makefile").read_text(), re.MULTILINE))


def missing(text: str) -> set[str]:
    """Name the commands, modules and paths that a paper names and the project lacks."""
    lacking = set()
    for line in re.findall(r"python3? -m (helpers\b[\w.]*(?: [a-z]+)?)", text):
        module, _, command = line.partition(" ")
        if module == "helpers" and command and command not in COMMANDS:
            lacking.add(line)
        lacking |= {module} if not is_module(module) else set()
    for name in re.findall(r"(?:from|import) (helpers(?:\.\w+)*)", text):
        lacking |= {name} if not is_module(name) else set()
    for target in re.findall(r"(?:`|^)make (\w+)", text, re.MULTILINE):
        lacking |= {f"make {target}"} if target not in made() else set()
    for path in re.findall(r"\b(?:helpers|tests|notebooks|data)/[\w./-]*\w", text):
        if not (PROJECT / path).exists() and not path.startswith(THEIRS):
            lacking.add(path)
    return lacking


def is_module(name: str) -> bool:
    path = PROJECT / name.replace(".", "/")
    return path.is_dir() or path.with_suffix(".py").is_file()


@pytest.mark.parametrize("file", PAPERS, ids=lambda file: file.relative_to(PROJECT).as_posix())
def test_every_command_and_path_that_a_paper_names_is_there(file: Path):
    text = file.read_text()
    if file.name == "CHANGELOG.md":  # names what used to be
        text = re.sub(r"what used to be .*", "", text)
    assert not missing(text)


def test_a_command_that_is_not_there_is_seen():
    told = "`python -m helpers sing`, `python -m helpers.songs.a`, `make tea`, helpers/songs.py"
    assert missing(told) == {"helpers sing", "helpers.songs.a", "make tea", "helpers/songs.py"}


def test_the_page_on_how_it_is_built_lists_every_room_in_order():
    told = (PROJECT / "ARCHITECTURE.md").read_text()
    assert tuple(re.findall(r"^\| `(\w+)` \|", told, re.MULTILINE)) == ROOMS


def test_every_extra_that_is_named_can_be_installed():
    extras = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    known = set(extras["optional-dependencies"])
    told = "\n".join(file.read_text() for file in PAPERS)
    named = set(re.findall(r"extra `(\w+)`", told)) | set(re.findall(r"\.\[(\w+)\]", told))
    assert named and named <= known
