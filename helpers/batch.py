"""Batches run: each notebook with its parameters through papermill, then the pages about them."""

from __future__ import annotations

import logging
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import nbformat
import papermill
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpec
from papermill.exceptions import PapermillExecutionError
from tqdm import tqdm
from traitlets import default

from helpers import report, tables
from helpers.batchfile import BatchError, Run, read_batch

FINISHED, A_RUN_FAILED, REFUSED, INTERRUPTED = 0, 1, 2, 130
QUIET = "--log-level=CRITICAL"  # else the kernel logs the interrupt with which it is shut down

__all__ = ["BatchError", "Run", "read_batch", "run_batch"]


def run_batch(file: str | Path, out: str | Path) -> int:
    """Run every notebook of a batch and write the pages, the tables and `index.html` to `out`.

    Returns the exit code: 0 all finished, 1 a run failed (the others were still run), 2 refused
    before anything ran, 130 interrupted by Ctrl-C (the index shows what was done until then).
    """
    try:
        runs = read_batch(file, out)
        folder = _make_folder(Path(file), Path(out).resolve())
    except BatchError as error:
        print(error, file=sys.stderr)
        return REFUSED
    began = datetime.now().astimezone()
    outcomes: list[report.Outcome] = []
    try:
        for run in (bar := tqdm(runs, unit="run", file=sys.stderr)):
            bar.set_description(run.name)
            outcomes.append(_run_guarded(run, folder, runs))
    except KeyboardInterrupt:
        print("\ninterrupted; writing the index of what is done", file=sys.stderr)
        code = INTERRUPTED
    else:
        code = A_RUN_FAILED if any(outcome.error for outcome in outcomes) else FINISHED
    done = {outcome.name for outcome in outcomes}
    outcomes += [_describe(run) for run in runs if run.name not in done]
    index = report.render_index(runs[0].batch, outcomes, began)
    tables.write_text(index, folder / "index.html")
    for outcome in outcomes:
        if outcome.error:
            print(f"failed: {outcome.name}: {outcome.error}", file=sys.stderr)
    finished = sum(outcome.finished for outcome in outcomes)
    print(f"{finished} of {len(runs)} runs finished: {folder / 'index.html'}")
    return code


def _make_folder(file: Path, folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError as error:
        raise BatchError(file, [f"cannot write to {folder}: {error.strerror}"]) from None


def _describe(run: Run) -> report.Outcome:
    return report.Outcome(
        name=run.name, title=run.title, notebook=run.notebook.name, parameters=run.parameters
    )


def _run_guarded(run: Run, folder: Path, runs: list[Run]) -> report.Outcome:
    try:
        return _run(run, folder, runs)
    except Exception as error:  # what cannot be shown or written fails this run only
        return replace(_describe(run), error=_shorten(f"{type(error).__name__}: {error}"))


def _run(run: Run, folder: Path, runs: list[Run]) -> report.Outcome:
    """Run one notebook and write its page; a failure in the notebook is part of the outcome."""
    start = time.perf_counter()
    began = datetime.now().astimezone()
    tables_folder = Path(run.parameters.get("out") or folder / run.name)
    before = _list_files(tables_folder)
    with tempfile.TemporaryDirectory(prefix=".running-", dir=folder) as scratch:
        kept = Path(scratch) / f"{run.name}.ipynb"
        error = _execute(run, kept, folder)
        notebook = nbformat.read(kept if kept.exists() else run.notebook, as_version=4)
    after = _list_files(tables_folder)
    outcome = replace(
        _describe(run),
        began=began,
        title=run.title or report.first_heading(notebook) or run.name,
        seconds=time.perf_counter() - start,
        error=error,
        finished=not error,
        kept=True,
        files=[
            path.relative_to(folder).as_posix()
            for path, written in sorted(after.items())
            if before.get(path) != written
        ],
        figure=report.first_figure(notebook),
    )
    if "papermill" in notebook.metadata:
        notebook.metadata.papermill.output_path = str(folder / f"{run.name}.ipynb")
    tables.write_text(nbformat.writes(notebook), folder / f"{run.name}.ipynb")
    links = {other.notebook.name: f"{other.name}.html" for other in reversed(runs)}
    page = report.render_page(notebook, outcome, runs[0].batch, links)
    tables.write_text(page, folder / f"{run.name}.html")
    return outcome


def _list_files(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


class ThisInterpreter(AsyncKernelManager):
    """Starts kernels with the running Python, whatever kernels Jupyter knows by name.

    The connection is encrypted, which also keeps ipykernel from warning that it is not. What a
    kernel logs of itself, such as an error on being shut down, stays out of the batch's log; what
    a notebook prints or raises reaches it through papermill all the same.
    """

    async def start_kernel(self, **options: Any) -> None:
        """Start a kernel with its standard error closed."""
        await super().start_kernel(**options, stderr=subprocess.DEVNULL)

    @property
    def kernel_spec(self) -> KernelSpec:
        """Describe the kernel that this Python would install."""
        return KernelSpec(
            argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}", QUIET],
            display_name="Python 3",
            language="python",
            metadata={"supported_encryption": ["curve"]},
        )

    @default("transport_encryption")
    def _encrypt(self) -> str:
        return "auto"


def _execute(run: Run, kept: Path, folder: Path) -> str:
    """Run the notebook into `kept`; return what stopped it, or ""."""
    try:
        with _quiet_papermill():
            papermill.execute_notebook(
                _escape_braces(run.notebook),
                _escape_braces(kept),
                run.parameters,
                kernel_name="python3",
                language="python",
                kernel_manager_class=ThisInterpreter,
                progress_bar=False,
                cwd=folder,
            )
    except PapermillExecutionError as error:
        return _shorten(f"{error.ename}: {error.evalue}" if error.evalue else error.ename)
    except Exception as error:  # a kernel that died or never started fails this run only
        return _shorten(f"{type(error).__name__}: {error}")
    return ""


@contextmanager
def _quiet_papermill() -> Iterator[None]:
    """Parameters were checked against the notebook; papermill's own check misses some."""
    logger = logging.getLogger("papermill")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def _escape_braces(path: Path) -> str:
    """Papermill reads {} in a path as a place for a parameter."""
    return str(path).replace("{", "{{").replace("}", "}}")


def _shorten(message: str, limit: int = 500) -> str:
    message = " ".join(message.split())
    return message if len(message) <= limit else message[: limit - 1] + "…"
