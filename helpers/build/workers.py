"""Who does the work of a build: this process, a pool of processes, or a cluster of machines."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import chain, islice
from multiprocessing.connection import wait as wait_for
from typing import Any, Protocol

IN_FLIGHT = 2  # jobs handed to each worker: one at work, one waiting
PRELOADED = ["helpers.build.annotation"]


class WorkersError(RuntimeError):
    """A process that annotates has died; the message says what to do."""


class Workers(Protocol):
    """Runs a function over jobs; results come as they are ready, in no particular order."""

    def run(
        self, function: Callable[..., Any], jobs: Iterable[tuple], light: bool = False
    ) -> Iterator[Any]:
        """Yield `function(*job)` for every job; jobs are taken only when a worker is free.

        `light` jobs are not worth starting a process for.
        """
        ...


class ThisProcess:
    """One worker: the process itself."""

    def run(
        self, function: Callable[..., Any], jobs: Iterable[tuple], light: bool = False
    ) -> Iterator[Any]:
        """Yield `function(*job)` for every job, one after another."""
        for job in jobs:
            yield function(*job)


class Pool:
    """Some processes of this machine, started when there is more than one heavy job to do."""

    def __init__(self, count: int):
        self.count = count
        self.executor: ProcessPoolExecutor | None = None

    def run(
        self, function: Callable[..., Any], jobs: Iterable[tuple], light: bool = False
    ) -> Iterator[Any]:
        """Yield `function(*job)` for every job as it is done."""
        jobs = iter(jobs)
        if self.executor is None:
            first = list(islice(jobs, 2))
            jobs = chain(first, jobs)
            if light or len(first) < 2:
                yield from ThisProcess().run(function, jobs)
                return
            self.executor = _start(self.count)
        running: set[Future] = set()
        try:
            for job in jobs:
                running.add(self.executor.submit(function, *job))
                if len(running) >= IN_FLIGHT * self.count:
                    done, running = wait(running, return_when=FIRST_COMPLETED)
                    yield from (one.result() for one in done)
            while running:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                yield from (one.result() for one in done)
        except BrokenProcessPool as error:
            raise WorkersError(
                "a process that annotates was killed, most often because memory ran out: what is "
                "finished is kept; run the same command again with fewer --workers"
            ) from error

    def stop(self) -> None:
        """End the processes; jobs not begun are dropped."""
        if self.executor is not None:
            self.executor.shutdown(cancel_futures=True)


def _start(count: int) -> ProcessPoolExecutor:
    methods = multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")
    if "forkserver" in methods:
        context.set_forkserver_preload(PRELOADED)
    return ProcessPoolExecutor(count, mp_context=context, initializer=_begin)


def _begin() -> None:
    """Leave Ctrl-C to the parent, and end when the parent has died without a word."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    wait_for([sentinel])
    os._exit(1)


def processors() -> int:
    """Return how many processors this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def start_workers(count: int, scheduler: str = "", place: str = "") -> Iterator[Workers]:
    """Give workers for the length of a build: those of a Dask scheduler, else `count` processes.

    `place` is where the tables go, which the workers of a scheduler must see. Raises
    cluster.ClusterError when there is no such scheduler, or its workers cannot be used.
    """
    if scheduler:
        from helpers.build import cluster

        with cluster.connect(scheduler, place) as workers:
            yield workers
    elif count == 1:
        yield ThisProcess()
    else:
        pool = Pool(count)
        try:
            yield pool
        finally:
            pool.stop()
