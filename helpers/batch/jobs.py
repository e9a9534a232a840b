"""What a run is asked to do, what became of it, and the log: all that the batch itself must know.

Nothing heavy is imported here or in `batch`: that is done once, by the process that runs are
forked from.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[2]
RECORDS, LOG, LOCK, RUNNING = ".records", "log.jsonl", ".lock", ".running-"


@dataclass(frozen=True)
class Run:
    """One notebook with one set of parameters."""

    name: str
    notebook: Path
    parameters: dict[str, Any] = field(default_factory=dict)
    title: str = ""
    batch: str = ""  # title of the batch it belongs to
    line: int = 0  # where it stands in the batch file
    defaults: dict[str, Any] = field(default_factory=dict)  # of all its notebook's parameters
    for_each: tuple[str, ...] = ()  # columns of articles: one run for each of their values
    stands_for: dict[str, str] = field(default_factory=dict)  # the value of each of these columns
    subset: tuple[str, ...] = ()  # columns that no parameter takes: it runs on a part of the tables

    def given(self, name: str) -> Any:
        """Return the value that the notebook will have for one of its parameters, or None."""
        return self.parameters.get(name, self.defaults.get(name))


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


@dataclass(frozen=True)
class Step:
    """One run of a plan: what its report depends on, and what is known of it from before."""

    run: Run
    fingerprint: dict[str, str]
    state: str  # new, failed before, stale, or up to date
    known: Outcome | None
    tables: str  # folder of its corpus's tables; "" when they could not be built


@dataclass(frozen=True)
class Plan:
    """The steps of a batch in order, or why it was refused."""

    steps: tuple[Step, ...] = ()
    refused: str = ""


def describe(run: Run) -> Outcome:
    """Return the outcome of a run that has not been run."""
    return Outcome(
        name=run.name,
        title=run.title,
        notebook=run.notebook.name,
        parameters=run.parameters,
        of=", ".join(run.stands_for.values()),
    )


def sweep(folder: Path, names: Iterable[str]) -> None:
    """Remove what a killed batch left unfinished: its scratch folders and unfinished files."""
    for scratch in folder.glob(f"{RUNNING}*"):
        shutil.rmtree(scratch, ignore_errors=True)
    for place in (folder, folder / RECORDS, *(folder / name for name in names)):
        for part in place.glob(".*.part") if place.is_dir() else ():
            part.unlink(missing_ok=True)


def plain(value: Any) -> str:
    """Write for JSON what it has no word for."""
    return value.isoformat() if isinstance(value, datetime) else str(value)


def write_log(folder: Path, event: str, **told: Any) -> None:
    """Append one event to `log.jsonl` as a line of JSON, in one write."""
    moment = datetime.now().astimezone().isoformat(timespec="milliseconds")
    line = json.dumps({"time": moment, "event": event, **told}, default=plain, ensure_ascii=False)
    path = folder / LOG
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
    try:
        size = os.fstat(file).st_size
        cut = size and os.pread(file, 1, size - 1) != b"\n"  # an earlier line that a kill cut short
        os.write(file, ("\n" * bool(cut) + line + "\n").encode("utf-8", "replace"))
    finally:
        os.close(file)
