"""What a run is asked to do and what became of it, kept in files beside the reports."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

from helpers import tables
from helpers.batchfile import PROJECT, Run

RECORDS, LOG, LOCK, RUNNING = ".records", "log.jsonl", ".lock", ".running-"
CODE = ("helpers/*.py", "helpers/templates/**/*", "data/lexicons/*", "data/codebook.yml")
PARTS = ("notebook", "parameters", "inputs", "code")
NEW, FAILED, CURRENT = "new", "failed before", "up to date"


@dataclass(frozen=True)
class Figure:
    """A PNG picture in base64 and the sentence that says what it shows."""

    png: str
    alt: str


@dataclass(frozen=True)
class Outcome:
    """What became of one run: finished, failed (`error` says how), or neither (not run)."""

    name: str
    title: str
    notebook: str
    parameters: dict[str, Any] = field(default_factory=dict)
    began: datetime | None = None
    seconds: float = 0.0
    error: str = ""
    finished: bool = False
    kept: bool = False  # whether its notebook and its page were written
    files: list[str] = field(default_factory=list)  # tables and figures, relative to the index
    figure: Figure | None = None
    startup: float = 0.0  # seconds from asking for the run to its first cell
    memory: int = 0  # bytes at the most, of its kernel and what that started
    of: str = ""  # the outlet, month or other value it stands for, when it was expanded
    resumed: bool = False  # whether an earlier batch did it


@dataclass(frozen=True)
class Limits:
    """How long a run may take and how much memory its kernel may hold."""

    seconds: float
    memory: int


@dataclass(frozen=True)
class Job:
    """One run with all that the process which does it needs to know."""

    run: Run
    folder: Path
    scratch: Path
    limits: Limits
    fingerprint: dict[str, str]
    links: dict[str, str]
    asked: float  # when, in seconds since 1970
    tables: str = ""  # folder of the corpus's tables, when they could be built
    warm: bool = True


def describe(run: Run) -> Outcome:
    """Return the outcome of a run that has not been run."""
    return Outcome(
        name=run.name,
        title=run.title,
        notebook=run.notebook.name,
        parameters=run.parameters,
        of=", ".join(run.values.values()),
    )


# --------------------------------------------------------------------------------- fingerprints


def take_fingerprint(run: Run, inputs: str, code: str) -> dict[str, str]:
    """Return a hash of each thing on which a run's report depends.

    `inputs` stands for the corpus; files that parameters name are added to it here.
    """
    named = [_hash_path(value) for value in run.parameters.values() if isinstance(value, str)]
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
    written = json.dumps(record, default=_plain, ensure_ascii=False, indent=1)
    tables.write_text(written, folder / RECORDS / f"{outcome.name}.json")


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


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


def sweep(folder: Path, names: Iterable[str]) -> None:
    """Remove what a killed batch left unfinished: its scratch folders and unfinished files."""
    for scratch in folder.glob(f"{RUNNING}*"):
        shutil.rmtree(scratch, ignore_errors=True)
    for place in (folder, folder / RECORDS, *(folder / name for name in names)):
        for part in place.glob(".*.part") if place.is_dir() else ():
            part.unlink(missing_ok=True)


# ------------------------------------------------------------------------------------------- log


def write_log(folder: Path, event: str, **told: Any) -> None:
    """Append one event to `log.jsonl` as a line of JSON, in one write."""
    moment = datetime.now().astimezone().isoformat(timespec="milliseconds")
    line = json.dumps({"time": moment, "event": event, **told}, default=_plain, ensure_ascii=False)
    path = folder / LOG
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
    try:
        size = os.fstat(file).st_size
        cut = size and os.pread(file, 1, size - 1) != b"\n"  # an earlier line that a kill cut short
        os.write(file, ("\n" * bool(cut) + line + "\n").encode("utf-8", "replace"))
    finally:
        os.close(file)
