"""The plan of a batch: its corpora made ready, its runs for each value, and which are stale.

A run is stale when anything changed on which its report depends. What became of a run is kept in
its record, which is written last and so says that all of its files are there.
"""

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
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path
from typing import Any

import pandas as pd
from filelock import FileLock

from helpers.batch.jobs import BEFORE, CURRENT, PREVIOUS, RECORDS, BatchError, Figure, Outcome, Run
from helpers.corpus.build import open_corpus
from helpers.measure import comparisons, select
from helpers.store import schema, tables
from helpers.store.paths import PACKAGE, PROJECT, fingerprint, package_versions
from helpers.store.storage import seal, unseal

READ = ("lexicons", "models", "sample")  # folders of data that notebooks read beside their corpus
UNREAD = ("bench.csv", "dependencies.csv", "figures.csv")  # files of data that no notebook reads
MONTH = "month"
MOST_RUNS = 5_000
PARTS, SNAPSHOTS = ".tables", ".snapshots"
KEPT = 24  # snapshots of each corpus


@dataclass(frozen=True)
class Step:
    """One run of a plan: what its report depends on, and what is known of it from before."""

    run: Run
    fingerprint: dict[str, str]
    state: str  # new, failed before, stale, or up to date
    known: Outcome | None
    tables: str  # folder of its corpus's tables; "" when they could not be built


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
    counts = Counter(run.name.casefold() for run in runs)
    doubled = [run for run in runs if counts[run.name.casefold()] > 1]
    if doubled:  # which may arise when runs are expanded
        problems = [f"line {run.line}: a run is called {run.name!r} twice" for run in doubled]
        raise BatchError(file, problems)
    code = hash_code()
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
    parts = take_fingerprint(run, prepared.digest + prepared.problem, code)
    return Step(run, parts, *find_state(run, parts, folder), prepared.folder)


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
    runs: dict[str, Run] = {}
    for values in found:
        said = [value or "none" for value in values.values()]
        name = stem = f"{run.name[:60]}-{make_slug('-'.join(said))}"
        number = 1
        while name in runs:
            name = f"{stem}-{(number := number + 1)}"
        placed = {column: _place_value(run, column, value) for column, value in values.items()}
        given = {key: one for some in placed.values() for key, one in (some or {}).items()}
        if out := run.parameters.get("out"):
            own = Path(out) == folder / run.name
            given["out"] = str(folder / name if own else Path(out) / name)
        title = run.title if not run.title or "{value}" in run.title else run.title + ": {value}"
        runs[name] = replace(
            run,
            name=name,
            title=title.replace("{value}", ", ".join(said)),
            parameters=run.parameters | given,
            for_each=(),
            stands_for=dict(values),
            subset=tuple(column for column, some in placed.items() if some is None),
        )
    return list(runs.values())


def make_slug(text: str, most: int = 38) -> str:
    """Turn a value into part of a file name: "City Clarion" becomes "city-clarion"."""
    ascii_ = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().casefold()
    return re.sub(r"[^a-z0-9]+", "-", ascii_).strip("-")[:most].strip("-") or "other"


def _place_value(run: Run, column: str, value: str) -> dict[str, Any] | None:
    """Return the parameters that select a value, or None when the notebook has none for it."""
    if column == MONTH and {"since", "until"} <= set(run.defaults):
        last = calendar.monthrange(int(value[:4]), int(value[5:7]))[1]
        first, end = f"{value}-01", f"{value}-{last:02}"
        since, until = run.given("since") or first, run.given("until") or end
        return {"since": max(first, since), "until": min(end, until)}
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
    """Return a hash of what the tables hold: of their manifest without what tells of times."""
    manifest = tables.read_manifest(folder)
    return fingerprint({k: told for k, told in manifest.items() if k not in ("built", "signature")})


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
    key = fingerprint(folder, values)[:8]
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
        told = {"part_of": digest, "part": values, "counts": counts, "catalogue": ""}
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


# ------------------------------------------------------------ what a run depends on, and its record


def take_fingerprint(run: Run, inputs: str, code: str) -> dict[str, str]:
    """Return a hash of each thing on which a run's report depends.

    `inputs` stands for the corpus. Files and folders that parameters name, alone or in a list, are
    added to it here.
    """
    given = run.defaults | run.parameters
    named = [_hash_named(given[name]) for name in sorted(given) if name not in ("corpus", "out")]
    return dict(
        notebook=fingerprint(run.notebook.read_bytes().hex()),
        parameters=fingerprint(run.title, run.batch, run.parameters),
        inputs=fingerprint(inputs, *filter(None, named)),
        code=code,
    )


def find_nothing(run: Run, folder: str) -> str:
    """Say why a run has no article to read; "" where it has some or its tables are not there."""
    if not folder:
        return ""
    articles = tables.read_table("articles", folder, ["outlet", "published", "complete"])
    whole = len(articles)
    outlets, since, until = (run.given(name) or "" for name in ("outlets", "since", "until"))
    articles = select.keep_articles(articles, outlets, since, until, incomplete=True)
    left = f"of {whole:,}, by outlets, since and until, {len(articles):,} are left"
    if whole and len(articles) and not run.given("incomplete"):
        articles = select.keep_whole(articles, False)
        left += ", of which only a part is here: incomplete: true counts them"
    if len(articles):
        return ""
    return f"no article to read: {left}" if whole else "no article to read: the corpus has none"


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
        told = [(str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in inside]
        return fingerprint(told)
    except (OSError, TypeError, ValueError):
        return ""


def hash_code() -> str:
    """Return one hash of the code, word lists, models and package versions that a run uses."""
    data = PROJECT / "data"
    found = {*PACKAGE.rglob("*"), *data.glob("*.csv"), *data.glob("*.yml")}
    found |= {file for name in READ for file in (data / name).rglob("*")}
    found = {file for file in found if file.name not in UNREAD and file.suffix != ".pyc"}
    files = sorted(file for file in found if file.is_file())
    told = [
        (file.relative_to(PROJECT).as_posix(), hashlib.sha256(file.read_bytes()).hexdigest())
        for file in files
    ]
    needed: list[str] = []
    with contextlib.suppress(PackageNotFoundError):
        needed = [line for line in requires("attributed") or () if "extra ==" not in line]
    return fingerprint(told, package_versions(re.split(r"[^\w.-]", line)[0] for line in needed))


def _record(name: str, folder: Path) -> Path:
    return folder / RECORDS / f"{name}.json"


def write_record(outcome: Outcome, parts: dict[str, str], folder: Path) -> None:
    """Write what became of a run, with its fingerprint and the hashes of what it wrote."""
    began = outcome.began and outcome.began.isoformat()
    record = asdict(outcome) | {"began": began, "fingerprint": parts}
    record["hashes"] = {name: _hash_named(folder / name) for name in _written(outcome)}
    plain = json.loads(json.dumps(record, default=str))
    tables.write_bytes(seal(plain, indent=1), _record(outcome.name, folder))


def _written(outcome: Outcome) -> list[str]:
    return [f"{outcome.name}.html", f"{outcome.name}.ipynb", *outcome.files]


def forget(name: str, folder: Path) -> None:
    """Remove the record of a run that is about to be run again."""
    _record(name, folder).unlink(missing_ok=True)


def read_record(name: str, folder: Path) -> tuple[Outcome, dict[str, str], dict[str, str]] | None:
    """Read what became of a run, its fingerprint, its files' hashes; None when that is unknown."""
    try:
        record = unseal(_record(name, folder).read_bytes())
        parts, hashes = record.pop("fingerprint"), record.pop("hashes")
        figure, began = record.pop("figure"), record.pop("began")
        record["figure"] = Figure(**figure) if figure else None
        record["began"] = datetime.fromisoformat(began) if began else None
        return Outcome(**record), parts, hashes
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def find_state(run: Run, parts: dict[str, str], folder: Path) -> tuple[str, Outcome | None]:
    """Say whether a run must be run: `new`, `failed before`, what changed, or `up to date`."""
    known = read_record(run.name, folder)
    if known is None:
        return "new", None
    outcome, before, hashes = known
    if not outcome.finished:
        return "failed before", outcome
    changed = [part for part in parts if before.get(part) != parts[part]]
    if changed:
        return f"stale: {' and '.join(changed)} changed", outcome
    for file in _written(outcome):
        if (found := _hash_named(folder / file)) != hashes.get(file):
            return f"stale: {file} {'was changed' if found else 'is missing'}", outcome
    return CURRENT, replace(outcome, resumed=True)
