"""What decides the rows of the tables: the fingerprints of code, lexicons, models and packages."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from helpers import __version__
from helpers.store.paths import PROJECT

ENGINE_ROOMS = ("store", "read", "text", "model", "annotate", "corpus")
ENGINE_FILES = (
    *(f"helpers/{room}/*.py" for room in ENGINE_ROOMS),
    "data/lexicons/*.csv", "data/models/*/*", "data/codebook.yml",
)  # fmt: skip
ENGINE_PACKAGES = ("nltk", "onnxruntime", "tokenizers", "trafilatura", "vadersentiment")


class EngineError(RuntimeError):
    """A process has another version of this package than the build it works for."""


def engine_hashes() -> dict[str, str]:
    """Return a SHA-256 per file that decides what the tables hold: code, lexicons, models."""
    files = (file for pattern in ENGINE_FILES for file in sorted(PROJECT.glob(pattern)))
    return {
        file.relative_to(PROJECT).as_posix(): _file_hash(file, file.stat().st_mtime_ns)
        for file in files
        if file.is_file()
    }


@cache
def engine_version() -> str:
    """Return the version of this package with a fingerprint of its engine, as this process has it.

    Read once: a process goes on with the code it has loaded, whatever becomes of the files.
    """
    return f"{__version__}+{fingerprint(engine_hashes())[:12]}"


def check_engine(expected: str) -> None:
    """Raise EngineError when this process would not annotate as the build expects."""
    if expected and engine_version() != expected:
        raise EngineError(
            f"a worker has version {engine_version()} of this package and the build has "
            f"{expected}: install the same version on every worker and start them again"
        )


def package_versions(packages: Iterable[str] = ENGINE_PACKAGES) -> dict[str, str]:
    """Return the version of each of these packages that is installed."""
    versions = {}
    for name in packages:
        with suppress(PackageNotFoundError):
            versions[name] = version(name)
    return versions


@cache
def _file_hash(file: Path, changed: int) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def fingerprint(*values: Any) -> str:
    """Return the SHA-256 of values that JSON can hold."""
    written = json.dumps(values, sort_keys=True, default=str, ensure_ascii=False)
    return hashlib.sha256(written.encode("utf-8", "surrogatepass")).hexdigest()
