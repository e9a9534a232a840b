"""environment.yml, pyproject.toml and the lock say the same, and every import is declared."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from contextlib import suppress
from datetime import date
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from itertools import combinations
from pathlib import Path

import dependencies
import nbformat
import pytest
import yaml
from dependencies import LOCKS, WITH_LAB, entries, known
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

PROJECT = Path(__file__).resolve().parent.parent

# PyPI name -> conda-forge name, where they differ.
CONDA_NAMES = {
    "jupyter-client": "jupyter_client",
    "matplotlib": "matplotlib-base",
    "nbconvert": "nbconvert-core",
    "duckdb": "python-duckdb",
    "playwright": "playwright-python",
}
CONDA_ONLY = {"python", "pip"}
OWN = {
    "helpers", "tables_fixture", "sources_fixture", "notebook_fixture", "disk_fixture",
    "reading_fixture", "ledger_fixture", "pages_fixture", "crafted_fixture",
    "texts_fixture", "regex_fixture", "attack_fixture", "mutants_fixture", "fault_fixture",
    "invariants_fixture", "conftest", "test_layers", "test_browser", "dependencies",
}  # fmt: skip


USED_WITHOUT_IMPORT = {
    "flask": "the server of moto", "flask-cors": "the server of moto", "jupyterlab": "make lab",
    "matplotlib-inline": "the pictures of a kernel", "moto": "the store of the tests",
    "mypy": "make lint", "nbstripout": "make lint", "playwright": "the browser of the tests",
    "pytest-xdist": "make test", "ruff": "make lint", "setuptools": "the package is built",
}  # fmt: skip


def asked(*extras: str) -> dict[str, Requirement]:
    """Return what reading needs, and these extras."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    lines = project["dependencies"] + sum(map(project["optional-dependencies"].get, extras), [])
    return {canonicalize_name(Requirement(line).name): Requirement(line) for line in lines}


def declared() -> dict[str, Requirement]:
    return asked(*sum(LOCKS.values(), ()))


def extra_names() -> set[str]:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    lines = sum(project["optional-dependencies"].values(), [])
    return {canonicalize_name(Requirement(line).name) for line in lines}


def conda_specs() -> dict[str, str]:
    lines = yaml.safe_load((PROJECT / "environment.yml").read_text())["dependencies"]
    names = [line for line in lines if isinstance(line, str)]
    return {line.split()[0]: "".join(line.split()[1:]) for line in names}


def locked(*locks: Path) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for entry in (entry for lock in locks or LOCKS for entry in entries(lock)):
        name, _, version = entry.split(maxsplit=1)[0].partition("==")
        found.setdefault(canonicalize_name(name), set()).add(version)
    return found


def test_conda_and_pip_name_the_same_packages():
    pip_names = {CONDA_NAMES.get(name, name) for name in declared()}
    assert pip_names == set(conda_specs()) - CONDA_ONLY


@pytest.mark.parametrize("name", sorted(declared()))
def test_conda_and_pip_ask_for_the_same_versions(name):
    spec = conda_specs()[CONDA_NAMES.get(name, name)]
    spec = re.sub(r"^=(?!=)", "==", spec)
    assert SpecifierSet(spec) == declared()[name].specifier


@pytest.mark.parametrize("name", sorted(declared()))
def test_locked_version_is_one_that_was_asked_for(name):
    assert locked()[name], f"{name} is not in requirements.lock: run `make lock`"
    assert all(declared()[name].specifier.contains(version) for version in locked()[name])


def test_every_locked_package_has_hashes_and_no_address():
    for entry in (entry for lock in LOCKS for entry in entries(lock)):
        assert "--hash=sha256:" in entry and "://" not in entry


def test_the_first_lock_is_whole_and_light():
    """What reading asks for is in it, with what that asks for here, and little else."""
    first, known_here = locked(next(iter(LOCKS))), {}
    for name in first:
        with suppress(PackageNotFoundError):  # what another system needs
            known_here[name] = map(Requirement, requires(name) or ())
    wanted = {
        canonicalize_name(one.name)
        for asked_for in (asked("setup").values(), *known_here.values())
        for one in asked_for
        if not one.marker or one.marker.evaluate({"extra": ""})
    }
    assert wanted - WITH_LAB - {"huggingface-hub"} <= set(first)
    assert len(known_here) <= 125
    beyond = {"jupyterlab", "dask", "distributed", "moto", "botocore", "playwright", "pytest"}
    assert not beyond & set(first)


def test_a_package_of_two_locks_has_one_version():
    for lock, other in combinations(LOCKS, 2):
        for name in set(locked(lock)) & set(locked(other)):
            assert locked(lock)[name] == locked(other)[name], name


def test_what_is_known_of_each_locked_package_is_complete_and_none_is_copyleft_alone():
    told = known()
    assert set(told) == set(locked())
    for package, row in told.items():
        assert row["licence"] and date.fromisoformat(row["released"]) and row["advisories"]
        assert date.fromisoformat(row["checked"]) <= date.today()
        ways = re.split(r"\s+OR\s+", row["licence"])
        assert any(not re.search(r"\bA?GPL", way) for way in ways), package


def test_the_list_of_packages_says_what_is_amiss(capsys):
    assert dependencies.main() == 0
    shown = capsys.readouterr()
    assert len(shown.out.splitlines()) == len(locked())
    if any(row["advisories"] == "unknown" for row in known().values()):
        assert "advisories are not known: run with --refresh" in shown.err


def imported_names(source: str) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module.split(".")[0])
    return names


def sources() -> list[str]:
    modules = [
        file.read_text()
        for folder in ("helpers", "tests")
        for file in (PROJECT / folder).rglob("*.py")
    ]
    notebooks = [
        cell.source
        for file in (PROJECT / "notebooks").glob("*.ipynb")
        for cell in nbformat.read(file, as_version=4).cells
        if cell.cell_type == "code"
    ]
    return modules + notebooks


def test_every_import_is_declared_and_what_is_declared_is_used():
    by_module = packages_distributions()
    imported = set().union(*(imported_names(source) for source in sources()))
    third_party = imported - set(sys.stdlib_module_names) - OWN
    undeclared = {
        name
        for name in third_party
        if not {canonicalize_name(package) for package in by_module.get(name, [name])}
        & (set(declared()) | extra_names())
    }
    assert not undeclared, f"imported but not in pyproject.toml: {undeclared}"
    used = {canonicalize_name(one) for name in third_party for one in by_module.get(name, [name])}
    assert set(declared()) - used <= set(USED_WITHOUT_IMPORT), "not used: delete it"
