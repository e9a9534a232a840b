"""What a run is asked to do and what became of it: its record, whether it is stale, and the log.

Nothing heavy is imported here or in `pool`: that is done once, by the process that runs are forked
from.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from functools import partial
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

from helpers.store.paths import PROJECT, whole_file

RECORDS, LOG, LOCK, RUNNING = ".records", "log.jsonl", ".lock", ".running-"
READ = (  # what a notebook reads beside its corpus and its parameters
    "helpers/**/*.py helpers/templates/**/* data/*.csv data/codebook.yml data/lexicons/* "
    "data/models/**/* data/sample/**/*"
)
PICTURES = ("image/png", "image/jpeg", "application/pdf")
NEW, FAILED, CURRENT = "new", "failed before", "up to date"


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
class Step:
    """One run of a plan: what its report depends on, and what is known of it from before."""

    run: Run
    fingerprint: dict[str, str]
    state: str  # new, failed before, stale, or up to date
    known: Outcome | None
    tables: str  # folder of its corpus's tables; "" when they could not be built


@dataclass(frozen=True)
class Job:
    """One run with all that the process which does it needs to know."""

    run: Run
    folder: Path
    scratch: Path
    seconds: float  # that it may take
    memory: int  # bytes that its kernel may hold
    fingerprint: dict[str, str]
    links: dict[str, str]
    tables: str = ""  # folder of the corpus's tables, when they could be built
    warm: bool = True
    asked: float = 0.0  # when, in seconds since 1970


def not_run(run: Run, folder: Path) -> Outcome:
    """Return the outcome of a run that has not been run; it names no folder of this machine."""
    return Outcome(
        name=run.name,
        title=run.title,
        notebook=run.notebook.name,
        parameters=hide_folders(run.parameters, run, folder),
        of=", ".join(run.stands_for.values()),
    )


def failed(job: Job, error: str) -> Outcome:
    """Return the outcome of a run that failed just now, before it could tell of itself."""
    began = datetime.fromtimestamp(job.asked).astimezone()
    known = not_run(job.run, job.folder)
    error = hide_folders(error, job.run, job.folder)
    return replace(known, error=error, began=began, seconds=time.time() - job.asked)


def hide_folders(value: Any, run: Run, folder: Path) -> Any:
    """Return a value, or what a run left, with no path from the root of this machine in it.

    Paths below the reports, the project, the working folder, the home folder, this Python and
    the folders of the run's parameters are shown from there; pictures are left as they are.
    """
    named = [value for value in run.parameters.values() if isinstance(value, str)]
    parents = {Path(path).parent for path in named if os.path.isabs(path)}
    roots = {parent for parent in parents if folder not in parent.parents}
    roots |= {folder, PROJECT, Path.cwd(), Path(os.path.expanduser("~")), Path(sys.prefix)}
    roots |= {run.notebook.parent, *(root.resolve() for root in roots)}
    known = {str(root): root.name for root in roots if root.is_absolute() and root.name}
    ordered = "|".join(map(re.escape, sorted(known, key=len, reverse=True)))
    pattern = re.compile(rf"(^|[^\w.~-]|\x1b\[[\d;]{{0,12}}m)({ordered})(?:([/\\])|(?![\w.-]))")
    return _replace_in(value, lambda text: pattern.sub(partial(_say_path, known), text))


def _say_path(known: dict[str, str], found: re.Match[str]) -> str:
    return found[1] + ("" if found[3] else known[found[2]])


def _replace_in(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_replace_in(item, change) for item in value]
    if isinstance(value, dict):
        kept = {name: item for name, item in value.items() if str(name) in PICTURES}
        changed = {name: _replace_in(item, change) for name, item in value.items()}
        return type(value)(changed | kept)
    return value


def sweep(folder: Path, names: Iterable[str]) -> None:
    """Remove what a killed batch left unfinished: its scratch folders and unfinished files."""
    for scratch in folder.glob(f"{RUNNING}*"):
        shutil.rmtree(scratch, ignore_errors=True)
    for place in (folder, folder / RECORDS, *(folder / name for name in names)):
        for part in place.glob(".*.part") if place.is_dir() else ():
            part.unlink(missing_ok=True)


def write_log(folder: Path, event: str, **told: Any) -> None:
    """Append one event to `log.jsonl` as a line of JSON, in one write."""
    moment = datetime.now().astimezone().isoformat(timespec="milliseconds")
    line = json.dumps({"time": moment, "event": event, **told}, default=str, ensure_ascii=False)
    with open(folder / LOG, "a+b", buffering=0) as file:
        cut = ""  # an earlier line that a kill cut short
        if file.tell():
            file.seek(-1, os.SEEK_END)
            cut = "" if file.read(1) == b"\n" else "\n"
        file.write(f"{cut}{line}\n".encode("utf-8", "replace"))


# --------------------------------------------------------------------------------- fingerprints


def take_fingerprint(run: Run, inputs: str, code: str) -> dict[str, str]:
    """Return a hash of each thing on which a run's report depends.

    `inputs` stands for the corpus. Files and folders that parameters name, alone or in a list, are
    added to it here.
    """
    given = run.defaults | run.parameters
    named = [_hash_named(given[name]) for name in sorted(given) if name not in ("corpus", "out")]
    return {
        "notebook": _hash(run.notebook.read_bytes().hex()),
        "parameters": _hash(run.title, run.batch, run.parameters),
        "inputs": _hash(inputs, *filter(None, named)),
        "code": code,
    }


def _hash_named(value: Any) -> str:
    """Return a hash of a file; of a folder its files' sizes and times; "" of what names none."""
    if isinstance(value, list):
        return "".join(map(_hash_named, value))
    try:
        path = Path(value)
        if not path.is_absolute() or not path.exists():
            return ""
        if path.is_file():
            return hashlib.sha256(path.read_bytes()).hexdigest()
        inside = sorted(file for file in path.rglob("*") if file.is_file())
        return _hash([(str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in inside])
    except (OSError, TypeError, ValueError):
        return ""


def hash_code() -> str:
    """Return one hash of the code, word lists, models and package versions that a run uses."""
    files = {file for pattern in READ.split() for file in PROJECT.glob(pattern) if file.is_file()}
    hashed = [
        (file.relative_to(PROJECT).as_posix(), hashlib.sha256(file.read_bytes()).hexdigest())
        for file in sorted(files)
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
    record["began"] = outcome.began and outcome.began.isoformat()
    written = json.dumps(record, default=str, ensure_ascii=False, indent=1)
    with whole_file(_record(outcome.name, folder)) as temporary:
        temporary.write_text(written, encoding="utf-8", errors="surrogatepass")


def _record(name: str, folder: Path) -> Path:
    return folder / RECORDS / f"{name}.json"


def forget(name: str, folder: Path) -> None:
    """Remove the record of a run that is about to be run again."""
    _record(name, folder).unlink(missing_ok=True)


def read_record(name: str, folder: Path) -> tuple[Outcome, dict[str, str]] | None:
    """Read what became of a run in an earlier batch and its fingerprint; None when unknown."""
    try:
        record = json.loads(_record(name, folder).read_text(encoding="utf-8"))
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
    changed = [part for part in fingerprint if before.get(part) != fingerprint[part]]
    if changed:
        return f"stale: {' and '.join(changed)} changed", outcome
    files = [f"{run.name}.html", f"{run.name}.ipynb", *outcome.files]
    missing = [file for file in files if not (folder / file).is_file()]
    if missing:
        return f"stale: {missing[0]} is missing", outcome
    return CURRENT, replace(outcome, resumed=True)
