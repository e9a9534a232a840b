"""Speeds of batches, as ratios within one run: `python -m helpers.bench.batches OUT`.

Twenty-four runs, six notebooks for each of four outlets of the sample, are done as a batch and by
the papermill command one after another, both writing their tables and figures. Then batches of
small runs are killed at random moments and resumed.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
import yaml

from helpers.batch import jobs, plan
from helpers.batch.file import read_batch
from helpers.store.paths import NOTEBOOKS

BATCH = NOTEBOOKS / "batches" / "every_outlet.yml"
COMMAND = (sys.executable, "-m", "helpers", "batch")
ADOPT = 36  # PR_SET_CHILD_SUBREAPER of Linux's prctl(2)
KILLS, SMALL_RUNS = 20, 12
COLUMNS = ["measure", "value", "floor", "aim", "holds"]


def measure_batch(out: Path, baseline: int = 24, kills: int = KILLS) -> pd.DataFrame:
    """Measure batches; one row is one measure: value, floor, aim, whether the floor is held.

    `baseline` runs are done by papermill alone, evenly chosen among the 24, and scaled to all.
    """
    out = Path(out)
    warm = _time([*COMMAND, str(BATCH), "--out", str(out / "batch"), "--quiet"])
    steps = plan.make_plan(str(BATCH), read_batch(BATCH, out / "batch"), out / "batch")
    chosen = steps[:: max(1, len(steps) // baseline)]
    alone = [_time(_papermill(step.run, out / "alone")) for step in chosen]
    scale = len(steps) / len(chosen)
    records = [jobs.read_record(step.run.name, out / "batch") for step in steps]
    startups = pd.Series([record[0].startup for record in records if record])
    lost = count_lost(out / "kills", kills)
    name = f"{len(steps)} runs ÷ the same by papermill one after another"
    of = "" if scale == 1 else f" ({len(chosen)} of them, scaled)"
    rows = [
        (f"{name}{of}, wall", warm[0] / (scale * sum(wall for wall, _ in alone)), 0.30, 0.12),
        (f"{name}{of}, CPU", warm[1] / (scale * sum(cpu for _, cpu in alone)), None, None),
        ("seconds to the first cell of a warm run, median", startups.median(), 0.5, 0.15),
        ("seconds to the first cell of a warm run, at most", startups.max(), None, None),
        (f"runs lost or doubled after {kills} kills of a batch", lost, 0, 0),
    ]
    table = pd.DataFrame(rows, columns=COLUMNS[:-1])
    return table.assign(holds=table["floor"].isna() | (table["value"] <= table["floor"]))


def _time(command: Sequence[str]) -> tuple[float, float]:
    """Return wall and CPU seconds of a command and all that it starts."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(ADOPT, 1)  # what outlives the command is waited for here
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wall = time.perf_counter() - began
    with suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _papermill(run: jobs.Run, out: Path) -> list[str]:
    """Return the papermill command that does a run."""
    out.mkdir(parents=True, exist_ok=True)
    given: dict[str, Any] = run.parameters | {"out": str(out / run.name)}
    command = [sys.executable, "-m", "papermill", str(run.notebook), str(out / f"{run.name}.ipynb")]
    return [*command, "-y", yaml.safe_dump(given), "--kernel", "python3", "--no-progress-bar"]


def count_lost(out: Path, kills: int = KILLS, seed: int = 20260101) -> int:
    """Kill a batch of small runs again and again and resume it; count runs lost or done twice.

    A run is lost when it has no whole notebook, page and table at the end, and doubled when it was
    run again although its record said that it had finished.
    """
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    file = _small_batch(out)
    draw = random.Random(seed)
    wrong, killed = 0, 0
    while killed < kills:
        finished = _finished(out / "reports")
        if len(finished) == SMALL_RUNS:  # begin anew
            wrong += _count_broken(out / "reports")
            shutil.rmtree(out / "reports")
            finished = set()
        command = [*COMMAND, str(file), "--out", str(out / "reports"), "--resume", "--quiet"]
        batches = _count_batches(out / "reports")
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        while process.poll() is None and _count_batches(out / "reports") == batches:
            time.sleep(0.02)
        with suppress(subprocess.TimeoutExpired):
            process.wait(draw.uniform(0, 5))
        killed += process.poll() is None
        process.kill()
        process.wait()
        wrong += len(finished & _begun(out / "reports"))
    subprocess.run([*COMMAND, str(file), "--out", str(out / "reports"), "--resume", "--quiet"])
    return wrong + _count_broken(out / "reports")


def _small_batch(out: Path) -> Path:
    cells = [
        nbformat.v4.new_code_cell('out: str = ""  # where', metadata={"tags": ["parameters"]}),
        nbformat.v4.new_code_cell(
            "import time\nimport pandas as pd\nfrom helpers.store import tables\ntime.sleep(0.1)\n"
            "tables.export(pd.DataFrame({'n': range(1000)}), 'table', out)"
        ),
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), out / "small.ipynb")
    runs = [{"name": f"run{number}", "notebook": "small"} for number in range(SMALL_RUNS)]
    file = out / "small.yml"
    file.write_text(yaml.safe_dump(runs))
    return file


def _count_batches(reports: Path) -> int:
    with suppress(OSError):
        return (reports / jobs.LOG).read_text().count('"event": "batch began"')
    return 0


def _begun(reports: Path) -> set[str]:
    """Return the runs that the last batch has begun."""
    begun: set[str] = set()
    with suppress(OSError):
        for line in (reports / jobs.LOG).read_text().splitlines():
            with suppress(ValueError):
                event = json.loads(line)
                begun = set() if event["event"] == "batch began" else begun
                begun |= {event["run"]} if event["event"] == "run began" else set()
    return begun


def _finished(reports: Path) -> set[str]:
    found = [jobs.read_record(f"run{number}", reports) for number in range(SMALL_RUNS)]
    return {record[0].name for record in found if record and record[0].finished}


def _count_broken(reports: Path) -> int:
    """Count runs without a whole notebook, page and table, and files left unfinished."""
    broken = SMALL_RUNS - len(_finished(reports))
    for name in _finished(reports):
        whole = (reports / f"{name}.html").read_text().rstrip().endswith("</html>")
        rows = len(pd.read_csv(reports / name / "table.csv"))
        cells = nbformat.read(reports / f"{name}.ipynb", 4).cells
        done = all(cell.metadata.papermill.status == "completed" for cell in cells)
        broken += not (whole and rows == 1000 and done)
    left = [*reports.rglob("*.part"), *reports.glob(f"{jobs.RUNNING}*")]
    return broken + len(left)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the table and write it as `batch.csv`; return 0 when every floor holds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, metavar="OUT")
    parser.add_argument("--baseline", type=int, default=24, help="runs by papermill alone (24)")
    parser.add_argument("--kills", type=int, default=KILLS)
    given = parser.parse_args(arguments)
    table = measure_batch(given.out, given.baseline, given.kills)
    table.to_csv(given.out / "batch.csv", index=False)
    print(table.to_string(index=False))
    return int(not table["holds"].all())


if __name__ == "__main__":
    sys.exit(main())
