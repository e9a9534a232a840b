"""Shared fixtures: where outside data lie, and the sample's tables built once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

PROJECT = Path(__file__).resolve().parent.parent


def outside(variable: str, default: Path) -> Path:
    """Return a folder outside the project, or skip the test, saying which is missing."""
    folder = Path(os.environ.get(variable, default))
    if not folder.is_dir():
        pytest.skip(f"{folder} is absent: set {variable} to the folder that holds it")
    return folder


settings.register_profile("shared cores", deadline=None)  # no test has a limit in seconds
settings.load_profile("shared cores")


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
