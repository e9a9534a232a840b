"""Batches run: N workers fork a run each from a warm process; then the pages about them."""

from __future__ import annotations

import contextlib
import importlib
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

import psutil
from filelock import FileLock, Timeout
from tqdm import tqdm

from helpers import outcomes, tables
from helpers.batchfile import BatchError, Run, expand_run, read_batch
from helpers.outcomes import Job, Limits, Outcome

FINISHED, A_RUN_FAILED, REFUSED, INTERRUPTED = 0, 1, 2, 130
GRACE = 20  # seconds a run may take beyond its limit to write what it has
TIMEOUT = 3600.0
PREVIOUS = "previous"
LONGEST_SOCKET = 80  # a Unix socket's path is short

__all__ = ["BatchError", "Options", "Run", "read_batch", "run_batch"]


@dataclass(frozen=True)
class Options:
    """How a batch is run; 0 leaves the choice to the machine."""

    workers: int = 0
    timeout: float = TIMEOUT  # seconds, of each run
    memory: float = 0  # GB, of each run
    resume: bool = False
    dry_run: bool = False
    cold: bool = False  # start every kernel afresh
    quiet: bool = False

    def settle(self) -> Options:
        """Return these options with every choice made."""
        workers = self.workers or os.cpu_count() or 1
        share = psutil.virtual_memory().total * 0.8 / workers / 2**30
        return replace(self, workers=workers, memory=self.memory or share)


def run_batch(file: str | Path, out: str | Path, options: Options | None = None) -> int:
    """Run every notebook of a batch and write the pages, the tables and `index.html` to `out`.

    Returns the exit code: 0 all finished, 1 a run failed (the others were still run), 2 refused
    before anything ran, 130 interrupted by Ctrl-C (the index shows what was done until then).
    """
    options = (options or Options()).settle()
    try:
        runs = read_batch(file, out)
        folder = Path(out).resolve()
        if options.dry_run:
            return _show_plan(_Plan(Path(file), runs, folder, options))
        with _own_folder(Path(file), folder):
            return _run_all(_Plan(Path(file), runs, folder, options))
    except BatchError as error:
        print(error, file=sys.stderr)
        return REFUSED


@contextlib.contextmanager
def _own_folder(file: Path, folder: Path) -> Iterator[None]:
    """Make the folder and hold it against other batches; raises BatchError when it cannot."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(bytes(65536))  # a full disk shows only when something is written
            probe.flush()
        lock = FileLock(folder / outcomes.LOCK, timeout=0)
        lock.acquire()
    except OSError as error:
        raise BatchError(file, [f"cannot write to {folder}: {error.strerror}"]) from None
    except Timeout:
        raise BatchError(file, [f"another batch is writing to {folder}; wait for its end"]) from None
    try:
        yield
    finally:
        lock.release()


# ------------------------------------------------------------------------------------ the plan


class _Plan:
    """The runs of a batch, expanded, each with its fingerprint and whether it must be run."""

    def __init__(self, file: Path, runs: list[Run], folder: Path, options: Options):
        self.file, self.folder, self.options = file, folder, options
        self.context = _context(options)
        self.corpora = self._prepare(runs)
        self.runs = [one for run in runs for one in self._expand(run)]
        self._refuse_doubles()
        code = outcomes.hash_code()
        self.fingerprints = {
            run.name: outcomes.take_fingerprint(run, self._digest(run), code) for run in self.runs
        }
        self.states = {
            run.name: outcomes.find_state(run, self.fingerprints[run.name], folder)
            for run in self.runs
        }

    def _prepare(self, runs: list[Run]) -> dict[str, Any]:
        """Open each corpus once, in a process of its own, before the runs need it."""
        wanted: dict[str, set[tuple]] = {}
        for run in runs:
            if isinstance(corpus := run.given("corpus"), str):
                wanted.setdefault(corpus, set()).update([_request(run)] if run.for_each else [])
        call = _Call(self.context, "subsets", "prepare_all", wanted)
        with _ending(call):
            return call.result()

    def _expand(self, run: Run) -> list[Run]:
        if not run.for_each:
            return [run]
        prepared = self.corpora[run.given("corpus")]
        if prepared.problem:
            raise BatchError(self.file, [f"line {run.line}, run {run.name!r}: {prepared.problem}"])
        return expand_run(run, prepared.values[_request(run)], self.folder)

    def _refuse_doubles(self) -> None:
        seen: dict[str, Run] = {}
        for run in self.runs:
            other = seen.setdefault(run.name.casefold(), run)
            if other is not run:
                problem = f"line {run.line}: {run.name!r} is also made on line {other.line}"
                raise BatchError(self.file, [problem])

    def _digest(self, run: Run) -> str:
        prepared = self.corpora.get(run.given("corpus"))
        return prepared.digest + prepared.problem if prepared else ""

    def must_run(self, run: Run) -> bool:
        """Whether a run is asked for: always, but for `--resume` only when something changed."""
        return not (self.options.resume and self.states[run.name][0] == outcomes.CURRENT)

    def jobs(self, scratch: Path) -> list[Job]:
        """Return what is to be done, in order."""
        links = {run.notebook.name: f"{run.name}.html" for run in reversed(self.runs)}
        limits = Limits(self.options.timeout, int(self.options.memory * 2**30))
        return [
            Job(
                run=run,
                folder=self.folder,
                scratch=scratch / str(number),
                limits=limits,
                fingerprint=self.fingerprints[run.name],
                links=links | {run.notebook.name: f"{run.name}.html"},
                asked=0.0,
                tables=getattr(self.corpora.get(run.given("corpus")), "folder", ""),
                warm=_can_fork(self.options),
            )
            for number, run in enumerate(self.runs)
            if self.must_run(run)
        ]


def _request(run: Run) -> tuple:
    """Return what decides the values of a run's `for_each` columns."""
    outlets = tuple(run.given("outlets") or ())
    return run.for_each, outlets, run.given("since") or "", run.given("until") or ""


def _show_plan(plan: _Plan) -> int:
    """Print what would be run and why, and run nothing."""
    asked = [run for run in plan.runs if plan.must_run(run)]
    for run in plan.runs:
        state, _ = plan.states[run.name]
        does = "run " if plan.must_run(run) else "skip"
        given = ", ".join(f"{key}={value!r}" for key, value in run.parameters.items())
        print(f"{does} {run.name}: {run.notebook.name}({given}) [{state}]")
    print(f"{len(asked)} of {len(plan.runs)} runs would be run, {plan.options.workers} at a time")
    return FINISHED


# --------------------------------------------------------------------------------- the workers


def _can_fork(options: Options) -> bool:
    return not options.cold and "forkserver" in multiprocessing.get_all_start_methods()


def _context(options: Options) -> multiprocessing.context.BaseContext:
    """Return how processes are made: forked from a warm one, where the system can."""
    if not _can_fork(options):
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["helpers.preload"])
    return context


def _work(
    channel: Connection, environment: dict[str, str], module: str, name: str, *given: Any
) -> None:
    """Be the process that does one thing; the module is imported here, not in the batch."""
    os.environ.clear()
    os.environ.update(environment)
    function = getattr(importlib.import_module(f"helpers.{module}"), name)
    if name == "perform":
        function(*given, channel)
        return
    os.setsid()
    try:
        channel.send(function(*given))
    except Exception as error:
        channel.send(error)


class _Call:
    """A function at work in a process of its own."""

    def __init__(self, context: Any, module: str, name: str, *given: Any):
        self.channel, theirs = context.Pipe(duplex=False)
        work = (theirs, dict(os.environ), module, name, *given)
        self.process = context.Process(target=_work, args=work)
        self.process.start()
        theirs.close()
        self.began = time.monotonic()

    def take(self) -> Any:
        """Return what it sent, or None when it died without a word."""
        with contextlib.suppress(EOFError, OSError):
            return self.channel.recv()
        return None

    def result(self) -> Any:
        """Wait for its result; raises what it raised, and RuntimeError when it died."""
        found = self.take()
        self.process.join()
        if isinstance(found, Exception):
            raise found
        if found is None:
            raise RuntimeError(f"a process of the batch died: {_say_end(self.process.exitcode)}")
        return found

    def end(self) -> None:
        """End the process, politely and then not, and what it has started."""
        if self.process.is_alive():
            self.process.terminate()
            self.process.join(3)
        if self.process.is_alive():
            with contextlib.suppress(psutil.Error):
                for child in psutil.Process(self.process.pid).children(recursive=True):
                    child.kill()
            self.process.kill()
        self.process.join()
        self.channel.close()


@contextlib.contextmanager
def _ending(call: _Call) -> Iterator[None]:
    try:
        yield
    finally:
        call.end()


def _say_end(code: int | None) -> str:
    return signal.Signals(-code).name if code is not None and code < 0 else f"exit code {code}"


@dataclass
class _Pool:
    """Does jobs, so many at a time, and tells each outcome as it comes."""

    context: Any
    workers: int
    running: dict[str, tuple[_Call, Job]] = field(default_factory=dict)

    def do(self, jobs: list[Job], started: Callable[[Job], None]) -> Iterator[Outcome]:
        """Yield the outcome of each job; on the way out nothing is left running."""
        waiting = deque(jobs)
        try:
            while waiting or self.running:
                while waiting and len(self.running) < self.workers:
                    job = replace(waiting.popleft(), asked=time.time())
                    job.scratch.mkdir(mode=0o700)
                    started(job)
                    call = _Call(self.context, "runs", "perform", job)
                    self.running[job.run.name] = call, job
                yield from self._gather()
        finally:
            for call, _ in self.running.values():
                call.end()

    def _gather(self) -> Iterator[Outcome]:
        ready = wait([call.channel for call, _ in self.running.values()], timeout=1)
        for name, (call, job) in list(self.running.items()):
            late = time.monotonic() - call.began > job.limits.seconds + GRACE
            if call.channel not in ready and not late:
                continue
            outcome = None if late else call.take()
            call.process.join(3)
            ended = _say_end(call.process.exitcode)
            call.end()
            del self.running[name]
            yield outcome or _say_lost(job, "it did not stop" if late else ended)


def _say_lost(job: Job, ended: str) -> Outcome:
    return replace(
        outcomes.describe(job.run),
        error=f"the process of this run died: {ended}",
        began=datetime.fromtimestamp(job.asked).astimezone(),
        seconds=time.time() - job.asked,
    )


# ----------------------------------------------------------------------------------- the batch


def _run_all(plan: _Plan) -> int:
    began = datetime.now().astimezone()
    folder = plan.folder
    outcomes.sweep(folder, [run.name for run in plan.runs])
    scratch = _make_scratch()
    jobs = plan.jobs(scratch)
    done = {name: known for name, (_, known) in plan.states.items() if known}
    done = {run.name: done[run.name] for run in plan.runs if not plan.must_run(run)}
    log = _Log(plan, len(jobs))
    code = FINISHED
    try:
        pool = _Pool(plan.context, plan.options.workers)
        for outcome in pool.do(jobs, log.begin):
            done[outcome.name] = outcome
            log.finish(outcome)
    except KeyboardInterrupt:
        log.say("interrupted; writing the index of what is done")
        code = INTERRUPTED
        outcomes.sweep(folder, [run.name for run in plan.runs])
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        log.close()
    found = [done.get(run.name) or outcomes.describe(run) for run in plan.runs]
    if any(outcome.error for outcome in found):
        code = code or A_RUN_FAILED
    wrote = _write_index(plan, found, began)
    log.end(found, code)
    for outcome in found:
        if outcome.error:
            print(f"failed: {outcome.name}: {outcome.error}", file=sys.stderr)
    finished = sum(outcome.finished for outcome in found)
    resumed = sum(outcome.resumed for outcome in found)
    told = f" ({resumed} were up to date)" if resumed else ""
    print(f"{finished} of {len(found)} runs finished{told}: {folder / 'index.html'}")
    return code if wrote else code or A_RUN_FAILED


def _make_scratch() -> Path:
    """Make a folder for the kernels' sockets, whose paths must be short."""
    scratch = Path(tempfile.mkdtemp(prefix="attributed-"))
    if len(str(scratch)) > LONGEST_SOCKET:
        scratch.rmdir()
        scratch = Path(tempfile.mkdtemp(prefix="attributed-", dir="/tmp"))
    return scratch


def _write_index(plan: _Plan, found: list[Outcome], began: datetime) -> bool:
    """Write `index.html`; say why when it cannot be written."""
    corpora = {
        run.name: getattr(plan.corpora.get(run.given("corpus")), "folder", "") for run in plan.runs
    }
    try:
        call = _Call(
            plan.context, "overview", "write_index", plan.runs, found, corpora, began, plan.folder
        )
        with _ending(call):
            call.result()
    except (OSError, RuntimeError, ValueError) as error:
        print(f"error: the index was not written: {error}", file=sys.stderr)
        return False
    return True


class _Log:
    """Tells how far a batch is: a progress bar for people, `log.jsonl` for programs."""

    def __init__(self, plan: _Plan, jobs: int):
        self.folder = plan.folder
        self.failed = 0
        self.bar = tqdm(total=jobs, unit="run", file=sys.stderr, disable=plan.options.quiet)
        self.began = time.monotonic()
        self.write(
            "batch began",
            file=str(plan.file),
            runs=len(plan.runs),
            to_run=jobs,
            workers=plan.options.workers,
            memory_gb=round(plan.options.memory, 3),
            timeout=plan.options.timeout,
        )

    def write(self, event: str, **told: Any) -> None:
        """Append to the log; a batch goes on when it cannot."""
        with contextlib.suppress(OSError):
            outcomes.write_log(self.folder, event, **told)

    def begin(self, job: Job) -> None:
        self.write("run began", run=job.run.name)

    def finish(self, outcome: Outcome) -> None:
        self.failed += bool(outcome.error)
        self.bar.set_postfix_str(f"{self.failed} failed" if self.failed else "", refresh=False)
        self.bar.update()
        self.write(
            "run failed" if outcome.error else "run finished",
            run=outcome.name,
            seconds=round(outcome.seconds, 3),
            startup=round(outcome.startup, 3),
            memory=outcome.memory,
            error=outcome.error,
            files=outcome.files,
        )

    def say(self, words: str) -> None:
        self.bar.close()
        print(f"\n{words}", file=sys.stderr)

    def close(self) -> None:
        self.bar.close()

    def end(self, found: list[Outcome], code: int) -> None:
        self.write(
            "batch ended",
            code=code,
            seconds=round(time.monotonic() - self.began, 3),
            finished=sum(outcome.finished for outcome in found),
            failed=sum(bool(outcome.error) for outcome in found),
            resumed=sum(outcome.resumed for outcome in found),
        )
