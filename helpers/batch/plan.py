"""The plan of a batch: its runs, each with its corpus, its fingerprint, and whether it is stale."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from helpers.batch import outcomes, snapshots, subsets
from helpers.batch.batchfile import BEFORE, PREVIOUS, BatchError, expand_run, read_batch
from helpers.batch.jobs import Plan, Run, Step


def make_plan(file: str, out: str) -> Plan:
    """Read a batch file, make its corpora ready, expand its runs and look at what is there."""
    try:
        return Plan(tuple(_steps(Path(file), Path(out).resolve())))
    except BatchError as error:
        return Plan(refused=str(error))


def _steps(file: Path, folder: Path) -> Iterator[Step]:
    written = read_batch(file, folder)
    wanted: dict[str, set[tuple]] = {}
    for run in written:
        if isinstance(corpus := run.given("corpus"), str):
            wanted.setdefault(corpus, set()).update([_request(run)] if run.for_each else [])
    corpora = subsets.prepare_all(wanted)
    runs = [one for run in written for one in _expand(file, run, corpora, folder)]
    _refuse_doubles(file, runs)
    code = outcomes.hash_code()
    for run in runs:
        prepared = corpora.get(run.given("corpus"), subsets.Prepared())
        if run.given(BEFORE) == PREVIOUS:
            earlier = snapshots.find_previous(folder, prepared.folder, prepared.digest)
            run = replace(run, parameters=run.parameters | {BEFORE: earlier})
        inputs = prepared.digest + prepared.problem
        fingerprint = outcomes.take_fingerprint(run, inputs, code)
        state, known = outcomes.find_state(run, fingerprint, folder)
        yield Step(run, fingerprint, state, known, prepared.folder)


def _request(run: Run) -> tuple:
    """Return what decides the values of a run's `for_each` columns."""
    outlets = tuple(run.given("outlets") or ())
    return run.for_each, outlets, run.given("since") or "", run.given("until") or ""


def _expand(
    file: Path, run: Run, corpora: dict[str, subsets.Prepared], folder: Path
) -> Iterator[Run]:
    if not run.for_each:
        return [run]
    prepared = corpora[run.given("corpus")]
    place = f"line {run.line}, run {run.name!r}: "
    if prepared.problem:
        raise BatchError(file, [place + prepared.problem])
    found = prepared.values[_request(run)]
    if not found:
        raise BatchError(file, [f"{place}no article has a {' and a '.join(run.for_each)}"])
    return expand_run(run, found, folder)


def _refuse_doubles(file: Path, runs: list[Run]) -> None:
    """Refuse two runs of one name, which may arise when runs are expanded."""
    counts = Counter(run.name.casefold() for run in runs)
    doubled = [run for run in runs if counts[run.name.casefold()] > 1]
    if doubled:
        problems = [f"line {run.line}: a run is called {run.name!r} twice" for run in doubled]
        raise BatchError(file, problems)
