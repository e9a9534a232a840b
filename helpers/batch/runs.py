"""One run in a process of its own: papermill, a guard over its kernel, its notebook, its page."""

from __future__ import annotations

import importlib
import logging
import os
import shutil
import signal
import tempfile
import threading
import time
from dataclasses import replace
from datetime import datetime
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

import nbformat
import papermill
import psutil
from nbformat import NotebookNode
from papermill.exceptions import PapermillExecutionError

from helpers.batch import outcomes, report, subsets, warm
from helpers.batch.jobs import RUNNING, Job, Outcome, Run, describe
from helpers.store import tables

GLANCE = 0.1  # seconds between two looks at time and memory


def perform(job: Job, channel: Connection) -> None:
    """Do a run and send its outcome; what this process started ends with it.

    All that can be done beforehand is done before the channel says when the run was asked for.
    """
    os.setsid()  # Ctrl-C reaches the batch, which then ends its runs in order
    warm.silence()
    warm.adopt_orphans()
    logging.getLogger("papermill").setLevel(logging.CRITICAL)  # parameters were checked before
    logging.getLogger("traitlets").setLevel(logging.CRITICAL)
    if job.warm:  # at once, unless the process forked from was already there for something else
        importlib.import_module("helpers.batch.preload")
    kernel = warm.ForkedKernel(job.scratch, job.limits.memory) if job.warm else None
    guard = Guard(job)
    signal.signal(signal.SIGTERM, lambda *_: guard.abandon())
    warm.register()
    try:
        job = replace(job, asked=channel.recv())
    except (EOFError, OSError):  # the batch has ended
        guard.abandon()
    guard.start()
    try:
        outcome = _run(job, kernel, guard)
    except Exception as error:  # what cannot be shown or written fails this run only
        outcome = replace(
            describe(job.run),
            error=_shorten(f"{type(error).__name__}: {error}"),
            began=datetime.fromtimestamp(job.asked).astimezone(),
            seconds=time.time() - job.asked,
        )
    channel.send(outcome)
    channel.close()
    guard.end()


class Guard(threading.Thread):
    """Watches a run: its time, its kernel's memory, and whether the batch still lives."""

    def __init__(self, job: Job):
        super().__init__(daemon=True)
        self.job = job
        self.reason = ""
        self.memory = 0
        self._process = psutil.Process()
        self._batch = parent_process()

    def run(self) -> None:
        """Look until the run ends; kill the kernel when it goes beyond a limit."""
        until = time.monotonic() + self.job.limits.seconds
        while not wait([self._batch.sentinel], GLANCE):
            self.memory = max(self.memory, held := self._measure())
            if self.reason:
                continue
            if time.monotonic() > until:
                self.reason = (
                    f"stopped after {report.say_time(self.job.limits.seconds)} (--timeout)"
                )
            elif 0 < self.job.limits.memory < held:
                limit = self.job.limits.memory / 2**30
                self.reason = f"stopped: it held more than {limit:.3g} GB of memory (--memory)"
            if self.reason:
                self.kill()
        self.abandon()

    def _measure(self) -> int:
        held = 0
        for process in self._process.children(recursive=True):
            try:
                held += process.memory_info().rss
            except psutil.Error:  # it has just ended
                continue
        return held

    def kill(self) -> None:
        """Kill the kernel and everything that it has started."""
        started = self._process.children(recursive=True)
        for process in started:
            try:
                group = os.getpgid(process.pid)
                if group != os.getpgid(0):
                    os.killpg(group, signal.SIGKILL)
                process.kill()
            except (OSError, psutil.Error):
                continue

    def abandon(self) -> None:
        """End this process at once, leaving nothing behind."""
        self.kill()
        shutil.rmtree(self.job.scratch, ignore_errors=True)
        for scratch in self.job.folder.glob(f"{RUNNING}{self.job.run.name}-*"):
            shutil.rmtree(scratch, ignore_errors=True)
        os._exit(1)

    def end(self) -> None:
        """End what the notebook has left running."""
        self.kill()
        shutil.rmtree(self.job.scratch, ignore_errors=True)


def _run(job: Job, kernel: warm.ForkedKernel | None, guard: Guard) -> Outcome:
    """Run one notebook and write its page; a failure in the notebook is part of the outcome."""
    job = replace(job, run=_place_part(job))
    run, folder = job.run, job.folder
    tables_folder = Path(run.parameters.get("out") or folder / run.name)
    before = _list_files(tables_folder)
    outcomes.forget(run.name, folder)
    prefix = f"{RUNNING}{run.name}-"
    with tempfile.TemporaryDirectory(prefix=prefix, dir=folder) as scratch:
        kept = Path(scratch) / f"{run.name}.ipynb"
        error = _execute(job, kept, kernel)
        notebook = _read_kept(kept, run.notebook)
    after = _list_files(tables_folder)
    figure = report.first_figure(notebook)
    outcome = replace(
        describe(run),
        began=datetime.fromtimestamp(job.asked).astimezone(),
        title=run.title or report.first_heading(notebook) or run.name,
        startup=_first_cell(notebook, job.asked),
        error=guard.reason or error,
        finished=not (guard.reason or error),
        kept=True,
        memory=guard.memory,
        files=[
            path.relative_to(folder).as_posix()
            for path, written in sorted(after.items())
            if before.get(path) != written
        ],
        figure=figure and report.make_thumbnail(figure),
    )
    if "papermill" in notebook.metadata:
        notebook.metadata.papermill.output_path = str(folder / f"{run.name}.ipynb")
    tables.write_text(nbformat.writes(notebook), folder / f"{run.name}.ipynb")
    outcome = replace(outcome, seconds=time.time() - job.asked)
    page = report.render_page(notebook, outcome, run.batch, job.links)
    tables.write_text(page, folder / f"{run.name}.html")
    outcomes.write_record(outcome, job.fingerprint, folder)
    return outcome


def _read_kept(kept: Path, original: Path) -> NotebookNode:
    """Read the notebook that papermill wrote; the original when it could not write it whole."""
    try:
        return nbformat.read(kept, as_version=4)
    except (OSError, ValueError):
        return nbformat.read(original, as_version=4)


def _place_part(job: Job) -> Run:
    """Give a run that is for values of columns that no parameter takes its part of the tables."""
    if not job.run.subset:
        return job.run
    values = {column: job.run.stands_for[column] for column in job.run.subset}
    part = subsets.write_part(job.tables, values, str(job.folder))
    return replace(job.run, parameters=job.run.parameters | {"corpus": part})


def _list_files(folder: Path) -> dict[Path, int]:
    return {
        path: path.stat().st_mtime_ns
        for path in folder.rglob("*")
        if path.is_file() and not path.name.endswith(".part")
    }


def _first_cell(notebook: NotebookNode, asked: float) -> float:
    """Return how many seconds after `asked` the first code cell began; 0 when none did."""
    for cell in notebook.cells:
        began = cell.metadata.get("papermill", {}).get("start_time")
        if cell.cell_type == "code" and began:
            return max(0.0, datetime.fromisoformat(began).timestamp() - asked)
    return 0.0


def _execute(job: Job, kept: Path, kernel: warm.ForkedKernel | None) -> str:
    """Run the notebook into `kept`; return what stopped it, or ""."""
    warm.WarmManager.kernel = kernel
    options: dict[str, Any] = {
        "kernel_manager_class": warm.WarmManager if kernel else warm.ThisInterpreter
    }
    try:
        papermill.execute_notebook(
            _escape_braces(job.run.notebook),
            _escape_braces(kept),
            job.run.parameters,
            engine_name=warm.NAME,
            kernel_name="python3",
            language="python",
            progress_bar=False,
            cwd=job.folder,
            **options,
        )
    except PapermillExecutionError as error:
        return _shorten(f"{error.ename}: {error.evalue}" if error.evalue else error.ename)
    except Exception as error:  # a kernel that died or never started fails this run only
        ended = kernel.poll() if kernel else None
        if ended is not None and ended < 0:
            return f"the kernel died: {signal.Signals(-ended).name}"
        return _shorten(f"{type(error).__name__}: {error}")
    return ""


def _escape_braces(path: Path) -> str:
    """Papermill reads {} in a path as a place for a parameter."""
    return str(path).replace("{", "{{").replace("}", "}}")


def _shorten(message: str, limit: int = 500) -> str:
    message = " ".join(message.split())
    return message if len(message) <= limit else message[: limit - 1] + "…"
