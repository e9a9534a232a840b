"""Batches run: N workers fork a run each from a warm process; then the page about them.

What a batch that is refused does not need is imported where it is used.
"""

from __future__ import annotations

import contextlib
import json
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
from typing import TYPE_CHECKING, Any

from helpers.batch import jobs
from helpers.batch.jobs import CURRENT, LOG, RUNNING, BatchError, Job, Outcome, read_batch
from helpers.store.paths import Ticking, say_error, start_forkserver, start_whole

if TYPE_CHECKING:
    from helpers.batch.plan import Step

FINISHED, A_RUN_FAILED, REFUSED, INTERRUPTED = 0, 1, 2, 130
LOCK = ".lock"
GRACE = 120  # seconds a run may take beyond its limit to write what it has
QUIET_SECONDS = 0.3  # without an end of a run, before a process is made ready for the next
TIMEOUT = 3600.0
TOLD = 1.0  # seconds between two signs of life
LONGEST_SOCKET = 80  # letters: a Unix socket's path is short


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
        import psutil

        workers = self.workers or os.cpu_count() or 1
        share = psutil.virtual_memory().total * 0.8 / workers / 2**30
        return replace(self, workers=workers, memory=self.memory or share)


def run_batch(file: str | Path, out: str | Path, options: Options | None = None) -> int:
    """Run every notebook of a batch and write the pages, the tables and `index.html` to `out`.

    Returns the exit code: 0 all finished, 1 a run failed (the others were still run), 2 refused
    before anything ran, 130 interrupted by Ctrl-C (the index shows what was done until then).
    """
    folder = Path(out).resolve()
    try:
        written = read_batch(file, folder)
        options = (options or Options()).settle()
        # what is up to date is asked once no other batch can change it any more
        with contextlib.nullcontext() if options.dry_run else _own_folder(file, folder):
            with _say_waiting("Making the corpora ready", options.quiet):
                context = _make_context()
                steps = _ask(context, "plan", str(file), written, folder)
            if options.dry_run:
                return _show_plan(steps, options)
            return _Batch(str(file), folder, steps, options, context).run()
    except BatchError as error:
        print(error, file=sys.stderr)
        return REFUSED


@contextlib.contextmanager
def _own_folder(file: str | Path, folder: Path) -> Iterator[None]:
    """Make the folder and hold it against other batches; raises BatchError when it cannot."""
    from filelock import FileLock, Timeout

    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(bytes(65536))  # a full disk shows only when something is written
            probe.flush()
        lock = FileLock(folder / LOCK, timeout=0)
        lock.acquire()
    except Timeout:
        busy = f"another batch is writing to {folder}; wait for its end"
        raise BatchError(file, [busy]) from None
    except OSError as error:
        told = say_error(OSError(error.errno, error.strerror))
        raise BatchError(file, [f"cannot write to {folder}: {told}"]) from None
    try:
        yield
    finally:
        lock.release()


def _must_run(step: Step, options: Options) -> bool:
    """Whether a run is asked for: always, but for `--resume` only when something changed."""
    return not (options.resume and step.state == CURRENT)


def _show_plan(steps: list[Step], options: Options) -> int:
    """Print what would be run and why, and run nothing."""
    for step in steps:
        does = "run " if _must_run(step, options) else "skip"
        given = ", ".join(f"{key}={value!r}" for key, value in step.run.parameters.items())
        print(f"{does} {step.run.name}: {step.run.notebook.name}({given}) [{step.state}]")
    asked = sum(_must_run(step, options) for step in steps)
    print(f"{asked} of {len(steps)} runs would be run, {options.workers} at a time")
    return FINISHED


# --------------------------------------------------------------------------------- the workers


CAN_FORK = "forkserver" in multiprocessing.get_all_start_methods()


def _make_context() -> multiprocessing.context.BaseContext:
    """Return how processes are made: forked from a warm one, where the system can."""
    if not CAN_FORK:
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["helpers.store.orders", "helpers.batch.run"])
    start_forkserver()
    return context


def _work(channel: Connection, environment: dict[str, str], task: str, *given: Any) -> None:
    """Be the process that does one thing; what that needs is imported here, not in the batch."""
    os.environ.clear()
    os.environ.update(environment)
    if hasattr(os, "setsid"):  # Ctrl-C reaches the batch, which then ends its runs in order
        os.setsid()
    else:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    from helpers.batch import pages, plan, run
    from helpers.corpus.workers import begin

    if task == "run":
        (job,) = given
        run.perform(job, channel)
        return
    begin()
    found: Any
    try:
        found = (plan.make_plan if task == "plan" else pages.write_index)(*given)
    except Exception as error:
        found = error
    with contextlib.suppress(OSError):  # the batch has ended
        channel.send(found)


def _ask(context: Any, task: str, *given: Any) -> Any:
    """Have one thing done by a process of its own; raises what it raises."""
    call = _Call(context, task, *given)
    try:
        found = call.take()
        call.process.join()
    finally:
        call.end()
    if isinstance(found, Exception):
        raise found
    if found is None:
        raise RuntimeError(f"a process of the batch died: {_say_end(call.process.exitcode)}")
    return found


@contextlib.contextmanager
def _say_waiting(what: str, quiet: bool) -> Iterator[None]:
    """Say what is waited for and for how long, in one line that is gone at the end."""
    began = time.monotonic()

    def tell() -> None:
        told = f"\r{what}: {time.monotonic() - began:.0f} s"
        print(told, end="", file=sys.stderr, flush=True)

    if quiet:
        yield
        return
    tell()
    with Ticking(tell, TOLD):
        yield
    print("\r" + " " * (len(what) + 12), end="\r", file=sys.stderr, flush=True)


class _Call:
    """A function at work in a process of its own."""

    def __init__(self, context: Any, task: str, *given: Any):
        self.channel, theirs = context.Pipe()
        work = (theirs, dict(os.environ), task, *given)
        self.process = context.Process(target=_work, args=work)
        start_whole(self.process.start)
        theirs.close()
        self.began = time.monotonic()

    def go(self, asked: float) -> None:
        """Let the process of a run begin; its time counts from here."""
        self.began = time.monotonic()
        with contextlib.suppress(OSError):  # one that has died is noticed when it is waited for
            self.channel.send(asked)

    def take(self) -> Any:
        """Return what it sent, or None when it died without a word."""
        with contextlib.suppress(EOFError, OSError):
            return self.channel.recv()
        return None

    def end(self) -> None:
        """End the process, politely and then not, and what it has started."""
        import psutil

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


def _say_end(code: int | None) -> str:
    return signal.Signals(-code).name if code is not None and code < 0 else f"exit code {code}"


@dataclass
class _Pool:
    """Does jobs, so many at a time, and tells each outcome as it comes.

    While all workers are busy, as many processes are made `ready` for the jobs that come next.
    """

    context: Any
    workers: int
    running: dict[str, tuple[_Call, Job]] = field(default_factory=dict)
    ready: deque[tuple[_Call, Job]] = field(default_factory=deque)

    def do(self, jobs: list[Job], started: Callable[[Job], None]) -> Iterator[Outcome]:
        """Yield the outcome of each job; on the way out nothing is left running."""
        waiting = deque(jobs)
        try:
            while waiting or self.ready or self.running:
                while (waiting or self.ready) and len(self.running) < self.workers:
                    asked = time.time()
                    call, job = self.ready.popleft() if self.ready else self._prepare(waiting)
                    job = replace(job, asked=asked)
                    started(job)
                    call.go(asked)
                    self.running[job.run.name] = call, job
                ended = self._wait()
                if not ended and waiting and len(self.ready) < self.workers:
                    self.ready.append(self._prepare(waiting))
                yield from self._gather(ended)
        finally:
            for call, _ in [*self.running.values(), *self.ready]:
                call.end()

    def _prepare(self, waiting: deque[Job]) -> tuple[_Call, Job]:
        """Start the process of the next job, which waits for the word to go."""
        job = waiting.popleft()
        job.scratch.mkdir(mode=0o700)
        return _Call(self.context, "run", job), job

    def _wait(self) -> list[Any]:
        """Return the channels of the runs that have ended, after a while none."""
        idle = len(self.ready) >= self.workers
        channels = [call.channel for call, _ in self.running.values()]
        return wait(channels, timeout=1 if idle else QUIET_SECONDS)

    def _gather(self, ended: list[Any]) -> Iterator[Outcome]:
        for name, (call, job) in list(self.running.items()):
            late = time.monotonic() - call.began > job.seconds + GRACE
            if call.channel not in ended and not late:
                continue
            outcome = None if late else call.take()
            call.process.join(3)
            how = "it did not stop" if late else _say_end(call.process.exitcode)
            call.end()
            del self.running[name]
            yield outcome or jobs.failed(job, f"the process of this run died: {how}")


# ----------------------------------------------------------------------------------- the batch


def _make_scratch() -> Path:
    """Make a folder for sockets, named after this process; remove those of batches that died."""
    import psutil

    prefix, shared = "attributed-batch-", Path("/tmp") if CAN_FORK else Path(tempfile.gettempdir())
    for folder in {Path(tempfile.gettempdir()), shared}:
        for left in folder.glob(f"{prefix}*-*"):
            process = left.name.removeprefix(prefix).partition("-")[0]
            if process.isdecimal() and not psutil.pid_exists(int(process)):
                shutil.rmtree(left, ignore_errors=True)
    scratch = Path(tempfile.mkdtemp(prefix=f"{prefix}{os.getpid()}-"))
    if CAN_FORK and len(str(scratch)) > LONGEST_SOCKET:
        scratch.rmdir()
        scratch = Path(tempfile.mkdtemp(prefix=f"{prefix}{os.getpid()}-", dir=shared))
    return scratch


@dataclass
class _Batch:
    """One batch being run."""

    file: str
    folder: Path
    steps: list[Step]
    options: Options
    context: Any

    def run(self) -> int:
        """Do what is to be done, write the index, say how it went; return the exit code."""
        began = datetime.now().astimezone()
        self._sweep()
        scratch = _make_scratch()
        asked = self._jobs(scratch)
        log = _Log(self, len(asked))
        done = {
            step.run.name: step.known for step in self.steps if not _must_run(step, self.options)
        }
        code = FINISHED
        try:
            with Ticking(log.bar.refresh, TOLD):
                for outcome in _Pool(self.context, self.options.workers).do(asked, log.begin):
                    done[outcome.name] = outcome
                    log.finish(outcome)
        except KeyboardInterrupt:
            log.bar.close()
            print("\ninterrupted; writing the index of what is done", file=sys.stderr)
            code = INTERRUPTED
            self._sweep()
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
            log.bar.close()
        found = [
            done.get(step.run.name) or jobs.not_run(step.run, self.folder) for step in self.steps
        ]
        wrote = self._write_index(found, began)
        if not wrote or any(outcome.error for outcome in found):
            code = code or A_RUN_FAILED
        log.end(found, code)
        for outcome in found:
            if outcome.error:
                print(f"failed: {outcome.name}: {outcome.error}", file=sys.stderr)
        resumed = sum(outcome.resumed for outcome in found)
        told = f" ({resumed} were up to date)" if resumed else ""
        finished = f"{sum(outcome.finished for outcome in found)} of {len(found)} runs finished"
        print(f"{finished}{told}: {self.folder / 'index.html'}")
        return code

    def _sweep(self) -> None:
        """Remove what a killed batch left unfinished: its scratch folders and unfinished files."""
        for scratch in self.folder.glob(f"{RUNNING}*"):
            shutil.rmtree(scratch, ignore_errors=True)
        names = [jobs.RECORDS, *(step.run.name for step in self.steps)]
        for place in (self.folder, *(self.folder / name for name in names)):
            for part in place.glob(".*.part"):
                part.unlink(missing_ok=True)

    def _jobs(self, scratch: Path) -> list[Job]:
        """Return what is to be done, in order."""
        links: dict[tuple, dict[str, str]] = {}
        for step in reversed(self.steps):  # a report links to the reports of its own outlet first
            for group in ((), tuple(step.run.stands_for.items())):
                link = {step.run.notebook.name: f"{step.run.name}.html"}
                links[group] = links.get(group, {}) | link
        return [
            Job(
                run=step.run,
                folder=self.folder,
                scratch=scratch / str(number),
                seconds=self.options.timeout,
                memory=int(self.options.memory * 2**30),
                fingerprint=step.fingerprint,
                links=links[()] | links[tuple(step.run.stands_for.items())],
                tables=step.tables,
                warm=CAN_FORK and not self.options.cold,
            )
            for number, step in enumerate(self.steps)
            if _must_run(step, self.options)
        ]

    def _write_index(self, found: list[Outcome], began: datetime) -> bool:
        """Write `index.html`; say why when it cannot be written."""
        runs = [step.run for step in self.steps]
        corpora = {step.run.name: step.tables for step in self.steps}
        told = (runs, found, corpora, began, self.folder)
        try:
            with _say_waiting("Writing the index", self.options.quiet):
                return _ask(self.context, "index", *told)
        except Exception as error:  # the reports are there all the same
            why = say_error(error) if isinstance(error, OSError) else error
            print(f"error: the index was not written: {why}", file=sys.stderr)
            return False


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


class _Log:
    """Tells how far a batch is: a progress bar for people, `log.jsonl` for programs."""

    def __init__(self, batch: _Batch, asked: int):
        from tqdm import tqdm

        self.folder = batch.folder
        self.failed = 0
        self.began = time.monotonic()
        self.bar = tqdm(total=asked, unit="run", file=sys.stderr, disable=batch.options.quiet)
        self.write(
            "batch began",
            file=Path(batch.file).name,
            runs=len(batch.steps),
            to_run=asked,
            workers=batch.options.workers,
            memory_gb=round(batch.options.memory, 3),
            timeout=batch.options.timeout,
        )

    def write(self, event: str, **told: Any) -> None:
        """Append to the log; a batch goes on when it cannot."""
        with contextlib.suppress(OSError):
            write_log(self.folder, event, **told)

    def begin(self, job: Job) -> None:
        """Tell that a run was begun."""
        self.write("run began", run=job.run.name)

    def finish(self, outcome: Outcome) -> None:
        """Tell what became of a run."""
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

    def end(self, found: list[Outcome], code: int) -> None:
        """Tell how the batch ended."""
        self.write(
            "batch ended",
            code=code,
            seconds=round(time.monotonic() - self.began, 3),
            finished=sum(outcome.finished for outcome in found),
            failed=sum(bool(outcome.error) for outcome in found),
            resumed=sum(outcome.resumed for outcome in found),
        )
