"""Who does the jobs of a build: this process, a pool of this machine, or a Dask cluster."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    wait,
)
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import chain, islice
from multiprocessing.connection import wait as wait_for
from typing import Any, Protocol

from helpers.store.paths import SAID_AFTER, engine_version, say_waiting, start_forkserver
from helpers.store.storage import Storage

IN_FLIGHT = 2  # jobs handed to each worker: one at work, one waiting
CONNECT_SECONDS = 10
WORKER_SECONDS = 20
TRIES = 3  # of a job whose worker dies
GLANCE, DEAD_AFTER = 0.02, 30  # seconds between two looks, and without a scheduler or workers
GONE = (
    "the Dask scheduler or all of its workers are gone: start them again and run the same command "
    "again; what is finished is kept"
)
PRELOADED = ["helpers.store.orders", "helpers.corpus.annotation", "trafilatura"]


class WorkersError(RuntimeError):
    """A process that annotates has died; the message says what to do."""


class ClusterError(RuntimeError):
    """A cluster cannot be used; the message says what to do."""


class Workers(Protocol):
    """Runs a function over jobs; results come as they are ready, in no particular order."""

    def run(
        self, function: Callable[..., Any], jobs: Iterable[tuple], light: bool = False
    ) -> Iterator[Any]:
        """Yield `function(*job)` for every job; jobs are taken only when a worker is free.

        `light` jobs are not worth starting a process for.
        """
        ...


class Pool:
    """Some processes of this machine, started when there is more than one heavy job to do.

    A pool of one is this process, which takes a job when it is done with the one before.
    """

    def __init__(self, count: int):
        self.count = count
        self.executor: ProcessPoolExecutor | None = None

    def run(
        self, function: Callable[..., Any], jobs: Iterable[tuple], light: bool = False
    ) -> Iterator[Any]:
        """Yield `function(*job)` for every job as it is done."""
        jobs = iter(jobs)
        if self.executor is None:
            first = list(islice(jobs, 2)) if self.count > 1 else []
            jobs = chain(first, jobs)
            if light or len(first) < 2:
                yield from (function(*job) for job in jobs)
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
    return ProcessPoolExecutor(count, mp_context=context(), initializer=begin)


def context() -> Any:
    """Return how processes are started that have what annotating needs imported already."""
    methods = multiprocessing.get_all_start_methods()
    found = multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")
    if "forkserver" in methods:
        found.set_forkserver_preload(PRELOADED)
        start_forkserver()
    return found


def begin() -> None:
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
    ClusterError when there is no such scheduler, or its workers cannot be used.
    """
    if scheduler:
        with connect(scheduler, place) as workers:
            yield workers
        return
    pool = Pool(count)
    try:
        yield pool
    finally:
        pool.stop()


# -------------------------------------------------------------------------- on many machines


class DaskWorkers:
    """The workers of a Dask scheduler; a job whose worker dies is done by another."""

    def __init__(self, client: Any):
        self.client = client

    def run(
        self, function: Callable[..., Any], jobs: Iterable[tuple], light: bool = False
    ) -> Iterator[Any]:
        """Yield `function(*job)` for every job as it is done; few are handed out ahead."""
        from distributed import as_completed

        running = as_completed(loop=self.client.loop)
        for job in jobs:
            running.add(self.client.submit(function, *job, pure=False, retries=TRIES - 1))
            if running.count() >= IN_FLIGHT * max(1, self._threads()):
                yield self._next(running)
        while running.count():
            yield self._next(running)

    def _threads(self) -> int:
        """Return how many jobs the cluster can do at once; workers may come and go."""
        try:
            call = self.client.scheduler.ncores
            return sum(self.client.sync(call, callback_timeout=SAID_AFTER).values())
        except (OSError, TimeoutError):  # it does not answer
            return 0

    def _next(self, running: Any) -> Any:
        """Return what the next job gives that is done, as long as somebody is there to do it."""
        looked = answered = time.monotonic()
        while not running.has_ready():
            time.sleep(GLANCE)
            if (now := time.monotonic()) < looked + SAID_AFTER / 2:
                continue
            looked, there = now, self._threads()
            answered = looked if there else answered
            if looked > answered + DEAD_AFTER:
                raise ClusterError(GONE)
            if not there:
                print("waiting for the scheduler and its workers", file=sys.stderr, flush=True)
        return self._result(next(running))

    @staticmethod
    def _result(future: Any) -> Any:
        from distributed.client import FutureCancelledError
        from distributed.scheduler import KilledWorker

        try:
            return future.result()
        except FutureCancelledError as error:
            raise ClusterError(GONE) from error
        except KilledWorker as error:
            raise ClusterError(
                f"a part killed {TRIES} workers, most often because their memory ran out: start "
                "workers with more memory and run the same command again; what is finished is kept"
            ) from error
        finally:
            future.release()


@contextmanager
def connect(scheduler: str, place: str) -> Iterator[DaskWorkers]:
    """Give the workers of a scheduler for the length of a build whose tables go to `place`.

    Raises ClusterError when the extra `cluster` is not installed, nothing answers at the address,
    there are no workers, or one of them lacks this package, has another version of it, or cannot
    read what is written at `place`.
    """
    try:
        from distributed import Client
    except ModuleNotFoundError as error:
        raise ClusterError(
            f"--scheduler needs {error.name}: run `make cluster`, or install the extra `cluster`"
        ) from error
    try:
        with say_waiting(f"the scheduler at {scheduler}"), ThreadPoolExecutor(1) as asking:
            asking.submit(asyncio.run, _ask(scheduler)).result()  # a notebook has its own loop
            client = Client(scheduler, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ClusterError(
            f"no Dask scheduler answers at {scheduler}: start one with `dask scheduler` and give "
            "the address it prints"
        ) from error
    with client:
        try:
            with say_waiting(f"workers of the scheduler at {scheduler}"):
                client.wait_for_workers(1, timeout=WORKER_SECONDS)
        except TimeoutError as error:
            raise ClusterError(
                f"the scheduler at {scheduler} has no workers: start some with "
                f"`dask worker {scheduler} --nthreads 1`"
            ) from error
        check_workers(client, place)
        yield DaskWorkers(client)


async def _ask(scheduler: str) -> None:
    """Raise OSError when what listens at an address does not speak as a scheduler in time.

    A client alone would wait for it for ever.
    """
    from distributed.comm import connect
    from distributed.security import Security

    how = Security().get_connection_args("client")
    answer = connect(scheduler, timeout=CONNECT_SECONDS, **how)
    await (await asyncio.wait_for(answer, CONNECT_SECONDS)).close()


def check_workers(client: Any, place: str) -> None:
    """Raise ClusterError for a worker that could not do its part of a build at `place`."""
    probe = f".probe-{os.urandom(6).hex()}"
    storage = Storage(place)
    storage.write(probe, b"Attributed")
    try:
        answers = client.run(_inspect, place, probe, on_error="return")
    finally:
        storage.delete([probe])
    expected = engine_version()
    for worker, answer in answers.items():
        if isinstance(answer, Exception):
            raise ClusterError(
                f"the worker {worker} cannot use this package ({type(answer).__name__}: {answer}): "
                "install the same version there as here and start it again"
            )
        version, sees = answer
        if version != expected:
            raise ClusterError(
                f"the worker {worker} has version {version} of this package and this is "
                f"{expected}: install the same version there and start it again"
            )
        if not sees:
            raise ClusterError(
                f"the worker {worker} does not see {place}: give a folder that all machines share "
                "or the URL of a store, such as --out s3://bucket/tables"
            )


def _inspect(place: str, probe: str) -> tuple[str, bool]:
    """Return the version a worker has, and whether it sees a file written just now."""
    return engine_version(), Storage(place).exists(probe)
