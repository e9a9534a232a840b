"""A wall around each file: it is read by a process apart, within limits, and may not stop a build.

The process is started once and only works while it is waited for. Whatever ends it, or takes more
than its file may, is a problem of that file, and the next file has a new process.
"""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import ModuleType
from typing import Any

import psutil

from helpers.corpus.workers import begin, context
from helpers.read.articles import LIMIT, Item, Problem, iter_records
from helpers.read.columns import check_roles
from helpers.read.documents import Unreadable
from helpers.read.files import iter_met
from helpers.read.source import SourceFile
from helpers.store.paths import SAID_AFTER, start_whole

SECONDS = 10.0  # of the processor for any file, and as many more for each MB
MEMORY = 1 << 30  # bytes for any file, and MORE_MEMORY for each of its own
MORE_MEMORY = 20
OUTPUT = 50_000_000  # characters for any file, and MORE_OUTPUT for each byte
MORE_OUTPUT = 1000
SILENCE = 60.0  # seconds without any work, as of a disk that no longer answers
GLANCE = 0.1
PLAIN = 1 << 16  # bytes of text that cost less to read than a process does
KEPT = 1 << 29  # bytes that a process may hold on to between two files
BATCH = 50  # articles sent at once, at most
BATCH_CHARACTERS = 500_000
MB = 1 << 20


class Wall:
    """Reads files behind a wall; `times` stretches all limits, `tell` is told of long waits."""

    def __init__(self, times: float = 1.0, tell: Callable[[str], None] | None = None):
        self.times, self.tell = times, tell or (lambda line: None)
        self._here: SourceFile | None = None
        self._process: BaseProcess | None = None
        self._pipe: Connection

    def __enter__(self) -> Wall:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def let_in(self, files: Sequence[SourceFile]) -> None:
        """Read a lone short text in this process, which is also the one that will annotate it."""
        lone = files[0] if len(files) == 1 and not files[0].member else None
        if lone and lone.path.endswith((".txt", ".md")) and lone.size <= PLAIN:
            self._here = lone

    def read(self, source: SourceFile, mapping: Mapping[str, str] | None = None) -> Iterator[Item]:
        """Yield what `iter_records` gives of a file; what ends its reading is a Problem.

        Raises ValueError when `mapping` names a role there is not.
        """
        check_roles(mapping or {})
        if source.problems or source.left_out or source is self._here or _is_shut(source):
            yield from iter_records(source, mapping)
            return
        watch = _Watch(source, self.times, self.tell)
        place = ""
        try:
            for batch in self._batches((iter_records, source, dict(mapping or {})), watch):
                for item in batch:
                    place = item["path"] if isinstance(item, dict) else place
                    yield item
        except _Ended as ended:
            self.stop()
            behind = f", behind {place}" if place else ""
            yield Problem("", source.path, LIMIT, f"it was given up{behind}: {ended}")
        except GeneratorExit:
            self.stop()
            raise
        else:
            if watch.process.memory_info().rss > KEPT:
                self.stop()

    def met(self, path: str | Path) -> Iterator[SourceFile]:
        """Yield what `iter_met` does; what is told beside articles is read behind the wall too."""
        return iter_met(path, self.look)

    def look(self, find: Callable[[SourceFile], Any], source: SourceFile) -> Any:
        """Return what a function finds in a file. Raises Unreadable when that takes too much."""
        if source.path.endswith((".csv", ".tsv", ".yml")) and source.size <= PLAIN:
            return find(source)
        watch = _Watch(source, self.times, self.tell)
        try:
            ((found,),) = self._batches((_found, find, source), watch)
        except _Ended as ended:
            self.stop()
            raise Unreadable(f"it was given up: {ended}") from None
        return found

    def _batches(self, job: tuple, watch: _Watch) -> Iterator[list[Item]]:
        if self._process is None or not self._process.is_alive():
            self._start()
        assert self._process is not None
        with suppress(BrokenPipeError):
            self._pipe.send(job)
        while (batch := watch.wait(self._process, self._pipe)) is not None:
            yield batch
            with suppress(BrokenPipeError):
                self._pipe.send(True)

    def _start(self) -> None:
        processes = context()
        self._pipe, theirs = processes.Pipe()
        process = processes.Process(target=_serve, args=(theirs,), daemon=True)
        main = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")  # a script is not to be run again there
        try:
            start_whole(process.start)
        finally:
            sys.modules["__main__"] = main
        self._process = process
        theirs.close()

    def stop(self) -> None:
        """End the process; the next file starts another."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._pipe.close()
        self._process = None


def _is_shut(source: SourceFile) -> bool:
    """Tell whether a file cannot be opened for what is outside it; one in gzip is not tried."""
    try:
        if not source.path.lower().endswith(".gz"):
            source.open().close()
    except OSError:
        return True
    except Exception:  # a damaged zip makes zipfile raise nearly anything
        return False
    return False


class _Ended(Exception):
    """Reading a file has ended before its end; the message says why and what to do."""


class _Watch:
    """Waits for what a process has read of one file, and looks whether it keeps to the limits."""

    def __init__(self, source: SourceFile, times: float, tell: Callable[[str], None]):
        self.path, self.tell = source.path, tell
        self.seconds = times * SECONDS * (1 + source.packed / MB)
        self.memory = times * (MEMORY + MORE_MEMORY * source.packed)
        self.output = times * (OUTPUT + MORE_OUTPUT * source.packed)
        self.advice = f"split it or save it anew, or build with --limits {times * 10:g}"
        self.asked = self.moved = self.looked = time.monotonic()
        self.said = self.characters = 0
        self.spent = 0.0
        self.process: psutil.Process

    def wait(self, process: BaseProcess, pipe: Connection) -> list[Item] | None:
        """Return the next articles, None when there are no more. Raises _Ended."""
        self.asked = self.moved = time.monotonic()
        self.said = 0
        if not self.spent:
            self._look_first(process)
        try:
            while not pipe.poll(GLANCE) or time.monotonic() > self.looked + GLANCE:
                self._look()
            batch = pipe.recv()
        except (EOFError, OSError, psutil.NoSuchProcess):
            process.join()
            raise _Ended(
                f"the process that read it {_how(process.exitcode)}; {self.advice}"
            ) from None
        self.moved = time.monotonic()
        self.characters += sum(len(item["text"]) for item in batch or () if isinstance(item, dict))
        if self.characters > self.output:
            raise _Ended(f"more than {self.output:,.0f} characters; {self.advice}")
        return batch

    def _look_first(self, process: BaseProcess) -> None:
        with suppress(psutil.NoSuchProcess):
            self.process = psutil.Process(process.pid)
            self.first = self._cpu()
            self.memory += self.process.memory_info().rss

    def _cpu(self) -> float:
        return sum(self.process.cpu_times()[:2])

    def _look(self) -> None:
        spent, now = self._cpu() - self.first, time.monotonic()
        self.looked = now
        self.moved = now if spent > self.spent else self.moved
        self.spent = spent
        if spent > self.seconds:
            raise _Ended(f"more than {self.seconds:,.0f} seconds of the processor; {self.advice}")
        if self.process.memory_info().rss > self.memory:
            raise _Ended(f"more than {self.memory / MB:,.0f} MB of memory; {self.advice}")
        if now - self.moved > SILENCE:
            raise _Ended(
                f"nothing came of it for {SILENCE:.0f} seconds; look whether the disk answers"
            )
        if (waited := int((now - self.asked) / SAID_AFTER)) > self.said:
            self.said = waited
            self.tell(f"still reading {self.path} ({now - self.asked:.0f} s)")


def _how(code: int | None) -> str:
    if code is not None and code < 0:
        with suppress(ValueError):
            return f"was ended by {signal.Signals(-code).name}"
    return f"ended with {code}"


def _serve(pipe: Connection) -> None:
    """Read files, one after another, as long as somebody asks for them."""
    begin()
    with suppress(EOFError, OSError):
        while True:
            read, *given = pipe.recv()
            for batch in _together(read(*given)):
                pipe.send(batch)
                pipe.recv()
            pipe.send(None)


def _found(find: Callable[[SourceFile], Any], source: SourceFile) -> Iterator[Any]:
    yield find(source)


def _together(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Yield items some at a time, so many that sending them costs little."""
    batch: list[Any] = []
    characters = 0
    for item in items:
        batch.append(item)
        characters += len(item["text"]) if isinstance(item, dict) else 0
        if len(batch) >= BATCH or characters > BATCH_CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch
