"""The plan of a batch: its corpora made ready, its runs for each value, and which are stale."""

from __future__ import annotations

import calendar
import contextlib
import hashlib
import io
import json
import os
import re
import shutil
import tempfile
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
from filelock import FileLock

from helpers.batch import jobs
from helpers.batch.file import BEFORE, PREVIOUS, BatchError
from helpers.batch.jobs import Run, Step
from helpers.corpus.build import open_corpus
from helpers.measure import comparisons
from helpers.store import schema, tables

MONTH = "month"
MOST_RUNS = 5_000
PARTS, SNAPSHOTS = ".tables", ".snapshots"
KEPT = 24  # snapshots of each corpus


@dataclass(frozen=True)
class Prepared:
    """A corpus that runs read: where its tables are, a hash of what they hold, or what failed.

    `combinations` holds the values that runs are made for, under the request for them.
    """

    folder: str = ""
    digest: str = ""
    problem: str = ""
    combinations: dict[tuple, list[dict[str, str]]] = field(default_factory=dict)


def make_plan(file: str, written: list[Run], folder: Path) -> list[Step]:
    """Make the corpora of a batch ready, expand its runs and look at what there is of them.

    Raises BatchError when a run cannot be expanded.
    """
    wanted: dict[tuple[str, str], set[tuple]] = {}
    for run in written:
        if isinstance(run.given("corpus"), str):
            wanted.setdefault(_corpus(run), set()).update([_request(run)] if run.for_each else [])
    corpora = {corpus: prepare(*corpus, requests) for corpus, requests in wanted.items()}
    runs = [one for run in written for one in _expand(file, run, corpora, folder)]
    _refuse_doubles(file, runs)
    code = jobs.hash_code()
    return [_look_at(run, corpora.get(_corpus(run), Prepared()), code, folder) for run in runs]


def _corpus(run: Run) -> tuple[str, str]:
    """Return the corpus of a run and the codebook with which its tables are made."""
    return run.given("corpus"), run.given("codebook") or ""


def _request(run: Run) -> tuple:
    """Return what decides the values of a run's `for_each` columns."""
    outlets = tuple(run.given("outlets") or ())
    return run.for_each, outlets, run.given("since") or "", run.given("until") or ""


def _look_at(run: Run, prepared: Prepared, code: str, folder: Path) -> Step:
    if run.given(BEFORE) == PREVIOUS:
        earlier = find_previous(folder, prepared.folder, prepared.digest)
        run = replace(run, parameters=run.parameters | {BEFORE: earlier})
    fingerprint = jobs.take_fingerprint(run, prepared.digest + prepared.problem, code)
    state, known = jobs.find_state(run, fingerprint, folder)
    return Step(run, fingerprint, state, known, prepared.folder)


def _refuse_doubles(file: str, runs: list[Run]) -> None:
    """Refuse two runs of one name, which may arise when runs are expanded."""
    counts = Counter(run.name.casefold() for run in runs)
    doubled = [run for run in runs if counts[run.name.casefold()] > 1]
    if doubled:
        problems = [f"line {run.line}: a run is called {run.name!r} twice" for run in doubled]
        raise BatchError(file, problems)


# ------------------------------------------------------------------------- one run for each value


def _expand(
    file: str, run: Run, corpora: dict[tuple[str, str], Prepared], folder: Path
) -> Sequence[Run]:
    if not run.for_each:
        return [run]
    prepared = corpora[_corpus(run)]
    place = f"line {run.line}, run {run.name!r}: "
    if prepared.problem:
        raise BatchError(file, [place + prepared.problem])
    found = prepared.combinations[_request(run)]
    if not found:
        raise BatchError(file, [f"{place}no article has a {' and a '.join(run.for_each)}"])
    return expand_run(run, found, folder)


def expand_run(run: Run, found: Sequence[dict[str, str]], folder: Path) -> list[Run]:
    """Make one run for each of the combinations of values found for its `for_each` columns.

    An outlet is given to the parameter `outlets`, a month to `since` and `until`, any other column
    to the parameter of its name or plural. Where the notebook has none, the run is marked to be
    given a part of the tables. `{value}` in the title becomes the value; else it is added.
    """
    runs: list[Run] = []
    names: set[str] = set()
    for values in found:
        said = ", ".join(value or "none" for value in values.values())
        ending = make_slug("-".join(value or "none" for value in values.values()))
        name = stem = f"{run.name[:60]}-{ending}"
        number = 1
        while name.casefold() in names:
            name = f"{stem}-{(number := number + 1)}"
        names.add(name.casefold())
        placed = {column: _place_value(run, column, value) for column, value in values.items()}
        given = {key: one for some in placed.values() for key, one in (some or {}).items()}
        out = run.parameters.get("out")
        if out:
            given["out"] = str(
                folder / name if Path(out) == folder / run.name else Path(out) / name
            )
        title = run.title.replace("{value}", said) if "{value}" in run.title else ""
        runs.append(
            replace(
                run,
                name=name,
                title=title or (f"{run.title}: {said}" if run.title else ""),
                parameters=run.parameters | given,
                for_each=(),
                stands_for=dict(values),
                subset=tuple(column for column, some in placed.items() if some is None),
            )
        )
    return runs


def make_slug(text: str, most: int = 38) -> str:
    """Turn a value into part of a file name: "City Clarion" becomes "city-clarion"."""
    ascii_ = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().casefold()
    return re.sub(r"[^a-z0-9]+", "-", ascii_).strip("-")[:most].strip("-") or "other"


def _place_value(run: Run, column: str, value: str) -> dict[str, Any] | None:
    """Return the parameters that select a value, or None when the notebook has none for it."""
    if column == MONTH and {"since", "until"} <= set(run.defaults):
        year, month = int(value[:4]), int(value[5:7])
        last = calendar.monthrange(year, month)[1]
        first, end = f"{value}-01", f"{value}-{last:02}"
        return {
            "since": max(first, run.given("since") or first),
            "until": min(end, run.given("until") or end),
        }
    for name in (f"{column}s", column):
        default = run.defaults.get(name)
        if isinstance(default, list):
            return {name: [value]}
        if isinstance(default, str) and name != "corpus":
            return {name: value}
    return None


# ------------------------------------------------------------------------------------ the corpora


def prepare(corpus: str, codebook: str, wanted: Iterable[tuple]) -> Prepared:
    """Build a corpus's tables if need be; find the values of columns that runs are made for.

    `wanted` holds, for each run to expand: columns, outlets, since, until. The values that occur
    together are found under the same key, in order.
    """
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            folder = open_corpus(corpus, codebook)
        found = {one: find_values(folder, *one) for one in wanted}
    except Exception as error:  # each run that needs this corpus will say so
        return Prepared(problem=f"{type(error).__name__}: {error}")
    return Prepared(str(folder), hash_tables(folder), combinations=found)


def hash_tables(folder: str | Path) -> str:
    """Return a hash of what the tables hold: of their manifest without the time of the build."""
    manifest = tables.read_manifest(folder)
    manifest.pop("built", None)
    written = json.dumps(manifest, sort_keys=True, default=str)
    return hashlib.sha256(written.encode()).hexdigest()


def find_values(
    folder: str | Path,
    columns: tuple[str, ...],
    outlets: tuple[str, ...] = (),
    since: str = "",
    until: str = "",
) -> list[dict[str, str]]:
    """Find the values of columns of articles that occur together, in order; "" is one of them.

    Raises ValueError for a column that articles do not have, and for more values than a batch can
    have runs.
    """
    known = [MONTH, *schema.TABLES["articles"].columns.names]
    unknown = [column for column in columns if column not in known]
    if unknown:
        raise ValueError(f"articles have no column {unknown[0]!r}; there is: {', '.join(known)}")
    needed = {"outlet", "published", *columns} - {MONTH}
    articles = tables.read_table("articles", folder, sorted(needed))
    articles = tables.keep_dates(tables.keep(articles, outlet=outlets), since, until)
    found = _say_values(articles, columns)
    if MONTH in columns:
        found = found[found[MONTH] != ""]  # an article without a date is in no month
    found = found.drop_duplicates().sort_values(list(columns))
    if len(found) > MOST_RUNS:
        raise ValueError(
            f"{' and '.join(columns)} have {len(found):,} values, too many to run each"
        )
    return found.to_dict("records")


def _say_values(articles: pd.DataFrame, columns: Iterable[str]) -> pd.DataFrame:
    """Write the values of columns as text; months as 2026-03."""
    said = {}
    for column in columns:
        if column == MONTH:
            said[column] = articles["published"].dt.strftime("%Y-%m").fillna("")
        elif pd.api.types.is_datetime64_any_dtype(articles[column]):
            said[column] = articles[column].dt.strftime("%Y-%m-%d").fillna("")
        else:
            said[column] = articles[column].astype(str)
    return pd.DataFrame(said)


def write_part(folder: str, values: dict[str, str], out: str) -> str:
    """Write the part of the tables whose articles have these values; return its folder.

    Notebooks open it as they open any folder of tables. It is written whole or not at all, and
    only when the tables it is a part of have changed.
    """
    named = "-".join(value or "none" for value in values.values())
    key = hashlib.sha256(json.dumps([folder, values]).encode()).hexdigest()[:8]
    place = Path(out) / PARTS / f"{make_slug(named)}-{key}"
    digest = hash_tables(folder)
    place.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{place}.lock"):
        return _write_part(folder, values, place, digest)


def _write_part(folder: str, values: dict[str, str], place: Path, digest: str) -> str:
    with contextlib.suppress(FileNotFoundError, ValueError):
        if tables.read_manifest(place).get("part_of") == digest:  # another run has written it
            return str(place)
    with _whole_folder(place) as scratch:
        counts = _write_rows(folder, values, scratch)
        told = {"part_of": digest, "part": values, "counts": counts}
        tables.write_manifest(tables.read_manifest(folder) | told, scratch)
    tables.forget(place)
    return str(place)


def _write_rows(folder: str, values: dict[str, str], out: Path) -> dict[str, int]:
    articles = tables.read_table("articles", folder)
    held = _say_values(articles, values)
    kept = (held == pd.Series(values)).all(axis=1)
    chosen = {"article_id": {*articles.loc[kept, "article_id"]}, "attribution_id": set()}
    counts = {}
    for name in schema.TABLES:  # attributions come before the tables that point at them
        frame = tables.read_table(name, folder)
        key = next((key for key in chosen if key in frame), "")
        if key:
            of_nobody = frame[key] == "" if name == "problems" else False
            frame = frame[frame[key].isin(chosen[key]) | of_nobody].reset_index(drop=True)
        if name == "attributions":
            chosen["attribution_id"] = set(frame["attribution_id"])
        tables.write_table(frame, name, out)
        counts[name] = len(frame)
    return counts


# -------------------------------------------------------- what comparisons need of earlier builds


def keep_snapshot(folder: Path, tables_folder: str) -> None:
    """Keep a snapshot of these tables, unless there is one of what they hold; drop the oldest."""
    digest = hash_tables(tables_folder)
    place = _snapshots_of(folder, tables_folder)
    if any(path.name.endswith(digest[:12]) for path in _list_snapshots(place)):
        return
    place.mkdir(parents=True, exist_ok=True)
    target = place / f"{datetime.now():%Y%m%d-%H%M%S-%f}-{digest[:12]}"
    with _whole_folder(target) as scratch:
        comparisons.write_snapshot(tables_folder, scratch)
    for old in _list_snapshots(place)[:-KEPT]:
        shutil.rmtree(old, ignore_errors=True)


def find_previous(folder: Path, tables_folder: str, digest: str) -> str:
    """Return the newest snapshot of these tables that holds something else; "" without one."""
    kept = _list_snapshots(_snapshots_of(folder, tables_folder)) if tables_folder else []
    other = [path for path in kept if not path.name.endswith(digest[:12])]
    return str(other[-1]) if other else ""


def _snapshots_of(folder: Path, tables_folder: str) -> Path:
    return folder / SNAPSHOTS / make_slug(Path(tables_folder).name, 80)


def _list_snapshots(place: Path) -> list[Path]:
    """Return the snapshots of a corpus, the oldest first."""
    return sorted(path for path in place.glob("[0-9]*") if path.is_dir())


@contextlib.contextmanager
def _whole_folder(target: Path) -> Iterator[Path]:
    """Yield a folder that takes the place of `target` at the end, or leaves no trace."""
    scratch = Path(tempfile.mkdtemp(prefix=".part-", dir=target.parent))
    try:
        yield scratch
        shutil.rmtree(target, ignore_errors=True)
        os.replace(scratch, target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
