"""Shared fixtures: where outside data lie; the sample's tables and reports made once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from attack_fixture import attack  # noqa: F401
from filelock import FileLock
from hypothesis import settings

PROJECT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((PROJECT / "notebooks").glob("*.ipynb"))
LONGEST = (
    "test_growth.py", "test_notebooks.py", "test_browser.py", "test_runs.py", "test_accuracy.py",
    "test_build.py", "test_annotation.py", "test_attributions.py", "test_workers.py",
    "test_ownership.py", "test_attack.py",
)  # fmt: skip


def outside(variable: str, default: Path) -> Path:
    """Return a folder outside the project, or skip the test, saying which is missing."""
    folder = Path(os.environ.get(variable, default))
    if not folder.is_dir():
        pytest.skip(f"{folder} is absent: set {variable} to the folder that holds it")
    return folder


# no test has a limit in seconds; ATTRIBUTED_SLOW tries each law on more examples
settings.register_profile("shared cores", deadline=None, max_examples=30)
settings.register_profile("slow", deadline=None, max_examples=200)
settings.load_profile("slow" if "ATTRIBUTED_SLOW" in os.environ else "shared cores")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest, so that no process is left with one at the end."""
    place = {name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path.name, len(LONGEST)))


@pytest.fixture(scope="session")
def gold() -> Path:
    return outside("GOLD", PROJECT.parent / "shared" / "gold")


@pytest.fixture(scope="session")
def stories() -> Path:
    return outside("ATTRIBUTED_ARTICLES", PROJECT.parent / "shared" / "articles")


@pytest.fixture(scope="session")
def sample_tables() -> Path:
    """The tables of the sample corpus, built where `make demo` builds them too."""
    from helpers.corpus import build as corpus

    return corpus.open_corpus("sample")


@pytest.fixture(scope="session")
def sample_reports(sample_tables: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reports of a batch of every notebook on the sample, made once for all processes."""
    root = tmp_path_factory.getbasetemp()
    root = root.parent if "PYTEST_XDIST_WORKER" in os.environ else root
    codings = ["data/sample/gold/pass_a", "data/sample/gold/pass_b"]
    own = {
        "entity_counts": {"gender": True},
        "source_breakdown": {"gender": True},
        "comparison": {"before": str(sample_tables), "codings": codings},
        "reliability": {"codings": [*codings]},  # YAML would write an alias of one list
    }
    runs = [
        {"name": file.stem, "notebook": file.stem, "parameters": own.get(file.stem, {})}
        for file in NOTEBOOKS
    ]
    batch = {"title": "The sample", "parameters": {"corpus": str(sample_tables)}, "runs": runs}
    file, out = root / "sample.yml", root / "sample"
    with FileLock(root / "sample.lock"):
        if not file.is_file():
            command = [sys.executable, "-m", "helpers", "batch", str(file), "--out", str(out)]
            file.write_text(yaml.safe_dump(batch))
            done = subprocess.run(command, capture_output=True, text=True, cwd=PROJECT)
            (root / "sample.errors").write_text("" if done.returncode == 0 else done.stderr)
    errors = (root / "sample.errors").read_text()
    assert not errors, errors[-2000:]
    return out
