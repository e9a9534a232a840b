"""A build on many machines: the workers of a Dask scheduler, checked before they get work."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from helpers.store import versions
from helpers.store.storage import Storage

CONNECT_SECONDS = 10
WORKER_SECONDS = 20
TRIES = 3
IN_FLIGHT = 2


class ClusterError(RuntimeError):
    """A cluster cannot be used; the message says what to do."""


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
        count = 0
        for job in jobs:
            running.add(self.client.submit(function, *job, pure=False, retries=TRIES - 1))
            count += 1
            if count >= IN_FLIGHT * self._threads():
                yield self._result(next(running))
                count -= 1
        for future in running:
            yield self._result(future)

    def _threads(self) -> int:
        """Return how many jobs the cluster can do at once; workers may come and go."""
        return max(1, sum(self.client.nthreads().values()))

    @staticmethod
    def _result(future: Any) -> Any:
        from distributed.scheduler import KilledWorker

        try:
            return future.result()
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
            f"--scheduler needs {error.name}: run `pip install -e '.[cluster]'` in this environment"
        ) from error
    try:
        client = Client(scheduler, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ClusterError(
            f"no Dask scheduler answers at {scheduler}: start one with `dask scheduler` and give "
            "the address it prints"
        ) from error
    with client:
        try:
            client.wait_for_workers(1, timeout=WORKER_SECONDS)
        except TimeoutError as error:
            raise ClusterError(
                f"the scheduler at {scheduler} has no workers: start some with "
                f"`dask worker {scheduler} --nthreads 1`"
            ) from error
        _check_workers(client, place)
        yield DaskWorkers(client)


def _check_workers(client: Any, place: str) -> None:
    probe = f".probe-{os.urandom(6).hex()}"
    storage = Storage(place)
    storage.write(probe, b"Attributed")
    try:
        answers = client.run(_inspect, place, probe, on_error="return")
    finally:
        storage.delete([probe])
    expected = versions.engine_version()
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
    return versions.engine_version(), Storage(place).exists(probe)
