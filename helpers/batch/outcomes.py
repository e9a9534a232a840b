"""What became of a run, kept beside the reports: its record, and whether it is out of date."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import datetime
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

from helpers.batch.jobs import PROJECT, RECORDS, Figure, Outcome, Run, plain
from helpers.store import tables

CODE = ("helpers/**/*.py", "helpers/templates/**/*", "data/lexicons/*", "data/codebook.yml")
PARTS = ("notebook", "parameters", "inputs", "code")
NEW, FAILED, CURRENT = "new", "failed before", "up to date"


# --------------------------------------------------------------------------------- fingerprints


def take_fingerprint(run: Run, inputs: str, code: str) -> dict[str, str]:
    """Return a hash of each thing on which a run's report depends.

    `inputs` stands for the corpus; files that parameters name are added to it here.
    """
    named = [
        _hash_path(value)
        for name, value in sorted(run.parameters.items())
        if isinstance(value, str) and name not in ("corpus", "out")
    ]
    return {
        "notebook": _hash(run.notebook.read_bytes().hex()),
        "parameters": _hash(run.title, run.batch, run.parameters),
        "inputs": _hash(inputs, *filter(None, named)),
        "code": code,
    }


def _hash_path(value: str) -> str:
    """Return a hash of a file; of a folder its files' sizes and times; "" of anything else."""
    try:
        path = Path(value)
        if not path.is_absolute() or not path.exists():
            return ""
        if path.is_file():
            return hashlib.sha256(path.read_bytes()).hexdigest()
        found = sorted(file for file in path.rglob("*.parquet") if file.is_file())
        states = [(str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in found]
    except (OSError, ValueError):
        return ""
    return _hash(states)


def hash_code() -> str:
    """Return one hash of the code, lexicons and package versions that a run uses."""
    files = sorted({file for pattern in CODE for file in PROJECT.glob(pattern) if file.is_file()})
    hashed = [
        (file.relative_to(PROJECT).as_posix(), hashlib.sha256(file.read_bytes()).hexdigest())
        for file in files
    ]
    return _hash(hashed, sorted(_versions()))


def _versions() -> Iterator[tuple[str, str]]:
    with contextlib.suppress(PackageNotFoundError):
        for line in requires("attributed") or ():
            if "extra ==" not in line:
                name = line.split(">")[0].split("=")[0].split("<")[0].split(";")[0].strip()
                with contextlib.suppress(PackageNotFoundError):
                    yield name, version(name)


def _hash(*values: Any) -> str:
    written = json.dumps(values, sort_keys=True, default=str)
    return hashlib.sha256(written.encode()).hexdigest()


# --------------------------------------------------------------------------------------- records


def write_record(outcome: Outcome, fingerprint: dict[str, str], folder: Path) -> None:
    """Write what became of a run; written last, it says that all of its files are there."""
    record = asdict(outcome) | {"fingerprint": fingerprint}
    written = json.dumps(record, default=plain, ensure_ascii=False, indent=1)
    tables.write_text(written, folder / RECORDS / f"{outcome.name}.json")


def forget(name: str, folder: Path) -> None:
    """Remove the record of a run that is about to be run again."""
    (folder / RECORDS / f"{name}.json").unlink(missing_ok=True)


def read_record(name: str, folder: Path) -> tuple[Outcome, dict[str, str]] | None:
    """Read what became of a run in an earlier batch and its fingerprint; None when unknown."""
    try:
        record = json.loads((folder / RECORDS / f"{name}.json").read_text(encoding="utf-8"))
        fingerprint = record.pop("fingerprint")
        figure = record.pop("figure")
        began = record.pop("began")
        outcome = Outcome(
            **record,
            figure=Figure(**figure) if figure else None,
            began=datetime.fromisoformat(began) if began else None,
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return outcome, fingerprint


def find_state(run: Run, fingerprint: dict[str, str], folder: Path) -> tuple[str, Outcome | None]:
    """Say whether a run must be run: `new`, `failed before`, what changed, or `up to date`."""
    known = read_record(run.name, folder)
    if known is None:
        return NEW, None
    outcome, before = known
    if not outcome.finished:
        return FAILED, outcome
    changed = [part for part in PARTS if before.get(part) != fingerprint[part]]
    if changed:
        return f"stale: {' and '.join(changed)} changed", outcome
    files = [f"{run.name}.html", f"{run.name}.ipynb", *outcome.files]
    missing = [file for file in files if not (folder / file).is_file()]
    if missing:
        return f"stale: {missing[0]} is missing", outcome
    return CURRENT, replace(outcome, resumed=True)
