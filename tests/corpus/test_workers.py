"""Builds into an object store and on a Dask cluster give the rows that a local build gives."""

from __future__ import annotations

import io
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest
from attack_fixture import REPORT, SEED, how_many
from fault_fixture import differing, rows_of, tells

from helpers.corpus import build as corpus
from helpers.corpus import workers
from helpers.store import schema, storage, tables
from helpers.store.storage import Storage, StorageError

PROJECT = Path(__file__).resolve().parents[2]
STORY = """Ferry line cuts night crossings

PORT ELLEN, Marland – The Northern Ferry Company will end night crossings in May, it said on Monday.

“We cannot fill the boats,” said Ada Lindqvist, the company's director. “Nobody travels at three.”
"""


@pytest.fixture(scope="module")
def articles(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus") / "articles"
    folder.mkdir()
    for number in range(8):
        text = STORY.replace("Monday", f"day {number}").replace("May", f"May {number + 1}")
        (folder / f"story-{number}.txt").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def local(articles, tmp_path_factory):
    out = tmp_path_factory.mktemp("local") / "out"
    corpus.build(articles, out, workers=1, progress=False)
    return out


def same_tables(one, other):
    for name in schema.TABLES:
        pd.testing.assert_frame_equal(tables.read_table(name, one), tables.read_table(name, other))


# ------------------------------------------------------------------------------- object stores


class Faults:
    """A store that fails now and then: refuses, is slow, cuts what it sends, takes half."""

    def __init__(self, store):
        self.store, self.dice, self.chance, self.count = store, random.Random(SEED), 0.0, 0

    def __call__(self, environ, start):
        if self.dice.random() >= self.chance:
            return self.store(environ, start)
        self.count += 1
        how = self.dice.choice(("500", "503", "slow", "half", "half"))
        if how == "slow":
            time.sleep(0.5)
            return self.store(environ, start)
        if how == "half":
            if environ["REQUEST_METHOD"] in ("PUT", "POST"):
                environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0) // 2)
                raise ConnectionAbortedError
            sent = b"".join(self.store(environ, start))
            return [sent[: len(sent) // 2]]
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        start(f"{how} Trouble", [("Content-Length", "0")])
        return [b""]


@pytest.fixture
def faults(monkeypatch, tmp_path):
    pytest.importorskip("s3fs", reason="stores need the extra `cluster`")
    moto = pytest.importorskip("moto.moto_server.werkzeug_app", reason="the store is moto's")
    serving = pytest.importorskip("werkzeug.serving", reason="the store is served by it")
    import s3fs

    faults = Faults(moto.DomainDispatcherApplication(moto.create_backend_app))
    server = serving.make_server(
        "127.0.0.1", 0, faults, True, request_handler=moto.MotoRequestHandler
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    s3fs.S3FileSystem.clear_instance_cache()
    name = f"newsroom-{abs(hash(tmp_path))}"
    s3fs.S3FileSystem().mkdir(name)
    faults.bucket = f"s3://{name}"
    yield faults
    s3fs.S3FileSystem.clear_instance_cache()
    server.shutdown()


@pytest.fixture
def bucket(faults):
    return faults.bucket


def test_a_build_in_a_store_has_the_rows_of_a_local_one(articles, local, bucket, tmp_path):
    out = f"{bucket}/tables"
    manifest = corpus.build(articles, out, workers=1, progress=False)
    assert manifest["counts"]["articles"] == 8
    same_tables(local, out)
    grown = tmp_path / "articles"
    shutil.copytree(articles, grown)
    (grown / "story-3.txt").write_text(STORY.replace("Lindqvist", "Achterberg"), encoding="utf-8")
    corpus.build(grown, out, workers=1, progress=False)
    corpus.build(grown, tmp_path / "fresh", workers=1, progress=False)
    same_tables(tmp_path / "fresh", out)
    assert corpus.open_corpus(out) == out


@pytest.mark.attack
@pytest.mark.skipif(not REPORT, reason="whole in `make attack`: who tries again waits between")
def test_a_store_that_fails_now_and_then_loses_nothing(
    attack, articles, local, faults, monkeypatch
):
    monkeypatch.setattr(storage, "DEADLINE", 4.0)  # of uploads, which the store takes half of
    attack.on("faults: builds into a store that fails now and then")
    right, stopped = rows_of(local), 0
    for case in range(how_many(1, 8)):
        out, broke = f"{faults.bucket}/{case}", []
        for chance in (0.2, 0.1, 0.05, 0.0):
            faults.chance = chance
            try:
                corpus.build(articles, out, workers=1, progress=False)
            except StorageError as error:
                stopped += 1
                broke.append(tells(error))
                continue
            faults.chance = 0.0
            break
        attack.take(case, *broke, differing(out, right))
    attack.notes = f"{faults.count} requests failed, {stopped} builds stopped with a sentence"
    assert faults.count
    attack.check()


def test_a_process_whose_starter_dies_before_its_orders_says_nothing():
    left = (
        "import os; from multiprocessing import forkserver; from helpers.corpus import workers\n"
        "workers.context(); forkserver.connect_to_new_process([]); os._exit(0)"
    )
    ended = subprocess.run([sys.executable, "-c", left], capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_bucket_that_is_not_there_is_refused(articles, bucket):
    with pytest.raises(StorageError, match="s3://nowhere.*(bucket|store)"):
        corpus.build(articles, "s3://nowhere/tables", workers=1, progress=False)


def test_a_store_of_an_unknown_kind_is_refused(articles):
    pytest.importorskip("fsspec")
    with pytest.raises(StorageError, match="cannot be reached"):
        Storage("nosuchstore://bucket/tables")


@contextmanager
def silence():
    """Give the port of one who takes every call and never says a word."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(64)
        yield listening.getsockname()[1]


def test_a_store_that_says_nothing_is_not_waited_for(monkeypatch):
    s3fs = pytest.importorskip("s3fs", reason="stores need the extra `cluster`")
    short = storage.PATIENCE | {"connect_timeout": 0.5, "read_timeout": 0.5}
    monkeypatch.setattr(storage, "PATIENCE", short)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, "testing")
    with silence() as port:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
        s3fs.S3FileSystem.clear_instance_cache()
        with pytest.raises(StorageError, match="cannot read s3://newsroom/tables.*check the"):
            Storage("s3://newsroom/tables").read("manifest.json")
    s3fs.S3FileSystem.clear_instance_cache()


def test_what_listens_and_says_nothing_is_no_scheduler(articles, tmp_path, monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr(workers, "CONNECT_SECONDS", 1)
    with (
        silence() as port,
        pytest.raises(workers.ClusterError, match="no Dask scheduler answers"),
    ):
        corpus.build(
            articles, tmp_path / "out", progress=False, scheduler=f"tcp://127.0.0.1:{port}"
        )


class Heard(io.StringIO):
    """Standard error that knows when something was said, and how long nothing was."""

    def __init__(self):
        super().__init__()
        self.said = [time.monotonic()]

    def write(self, text):
        self.said.append(time.monotonic())
        return super().write(text)

    def longest(self):
        return max(b - a for a, b in pairwise([*self.said, time.monotonic()]))


@pytest.mark.attack
@pytest.mark.skipif(not REPORT, reason="whole in `make attack`: it waits for the silent")
@pytest.mark.parametrize("peer", ["scheduler", "store"])
def test_who_says_nothing_is_waited_for_a_minute_at_most_and_not_in_silence(
    peer, attack, articles, tmp_path, monkeypatch
):
    attack.on(f"a {peer} that says nothing: 10 s without a word, or waited for over 60 s")
    s3fs = pytest.importorskip("s3fs", reason="stores need the extra `cluster`")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, "testing")
    s3fs.S3FileSystem.clear_instance_cache()
    monkeypatch.setattr(sys, "stderr", heard := Heard())
    with silence() as port, pytest.raises((workers.ClusterError, StorageError)):
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
        given = {"scheduler": f"tcp://127.0.0.1:{port}"} if peer == "scheduler" else {}
        out = tmp_path / "out" if given else "s3://newsroom/tables"
        corpus.build(articles, out, workers=1, progress=False, **given)
    waited, silent = time.monotonic() - heard.said[0], heard.longest()
    s3fs.S3FileSystem.clear_instance_cache()
    late = f"waited for {waited:.0f} s" if waited > 60 else ""
    attack.take(peer, late, f"{silent:.0f} s of silence" if silent > 11 else "")
    attack.notes = f"waited for {waited:.0f} s, at most {silent:.0f} s without a word"
    attack.check()


# --------------------------------------------------------------------------------------- Dask


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@contextmanager
def running(*command: str, **environment: str):
    started = subprocess.Popen(
        [sys.executable, "-m", "dask", *command],
        cwd=tempfile.gettempdir(),
        env={**os.environ, "PYTHONPATH": str(PROJECT), "OMP_NUM_THREADS": "1", **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield started
    finally:
        started.kill()
        started.wait()


@pytest.fixture(scope="module")
def scheduler():
    pytest.importorskip("distributed", reason="clusters need the extra `cluster`")
    address = f"tcp://127.0.0.1:{(port := free_port())}"
    with running("scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"):
        yield address


def wait_for(port: int) -> None:
    """Return when something listens at a port."""
    for _ in range(600):
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"nothing listens at {port}")


def worker(address: str, **environment: str):
    given = ["--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1"]
    return running("worker", address, *given, **environment)


def test_two_workers_one_killed_give_the_rows_of_a_local_build(
    articles, local, scheduler, tmp_path, monkeypatch
):
    monkeypatch.setattr(corpus, "LEAST_PART", 1)
    monkeypatch.setattr(workers, "CONNECT_SECONDS", 60)
    monkeypatch.setattr(workers, "WORKER_SECONDS", 60)
    out = tmp_path / "out"
    with ExitStack() as stack:
        first = stack.enter_context(worker(scheduler))
        stack.enter_context(worker(scheduler))
        take, killed = corpus.PartStore.take, []

        def kill_after_one(store, index):
            take(store, index)
            if not killed:
                os.kill(first.pid, signal.SIGKILL)
                killed.append(first.pid)

        monkeypatch.setattr(corpus.PartStore, "take", kill_after_one)
        manifest = corpus.build(articles, out, progress=False, scheduler=scheduler)
    assert killed and manifest["counts"]["articles"] == 8
    same_tables(local, out)


@pytest.mark.attack
@pytest.mark.skipif(not REPORT, reason="whole in `make attack`: it waits for the dead")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM])
def test_a_scheduler_that_ends_or_falls_silent_is_not_waited_for(
    how, attack, articles, local, tmp_path, monkeypatch, capfd
):
    attack.on(f"faults: the scheduler gets {how.name}; seconds until it is said, at most 60")
    monkeypatch.setattr(corpus, "LEAST_PART", 1)
    monkeypatch.setattr(workers, "WORKER_SECONDS", 60)
    given, address = ["--host", "127.0.0.1", "--no-dashboard"], f"tcp://127.0.0.1:{free_port()}"
    with ExitStack() as stack:
        port = address.rpartition(":")[2]
        dask = stack.enter_context(running("scheduler", *given, "--port", port))
        wait_for(int(port))
        stack.enter_context(worker(address))
        take, ended = corpus.PartStore.take, []

        def end_after_one(store, index):
            take(store, index)
            if not ended:
                ended.append(time.monotonic())
                dask.send_signal(how)

        monkeypatch.setattr(corpus.PartStore, "take", end_after_one)
        with pytest.raises(workers.ClusterError, match="gone: start them again and run"):
            corpus.build(articles, tmp_path / "out", progress=False, scheduler=address)
        waited = time.monotonic() - ended[0]
    corpus.build(articles, tmp_path / "out", workers=1, progress=False)
    late = f"{waited:.0f} s" if waited > 60 else ""
    attack.take(how.name, differing(tmp_path / "out", rows_of(local)), late)
    attack.notes = f"{waited:.0f} s; {capfd.readouterr().err.count('waiting for')} times said"
    attack.check()


def test_a_scheduler_that_is_not_there_is_refused(articles, tmp_path, monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr(workers, "CONNECT_SECONDS", 1)
    address = f"tcp://127.0.0.1:{free_port()}"
    with pytest.raises(workers.ClusterError, match="no Dask scheduler answers"):
        corpus.build(articles, tmp_path / "out", progress=False, scheduler=address)


def test_a_scheduler_without_workers_is_refused(articles, scheduler, tmp_path, monkeypatch):
    monkeypatch.setattr(workers, "CONNECT_SECONDS", 60)
    monkeypatch.setattr(workers, "WORKER_SECONDS", 1)
    with pytest.raises(workers.ClusterError, match="has no workers: start some with"):
        corpus.build(articles, tmp_path / "out", progress=False, scheduler=scheduler)


def test_a_worker_of_another_version_is_refused(articles, scheduler, tmp_path, monkeypatch):
    monkeypatch.setattr(workers, "CONNECT_SECONDS", 60)
    monkeypatch.setattr(workers, "WORKER_SECONDS", 60)
    other = tmp_path / "other"
    shutil.copytree(PROJECT / "helpers", other / "helpers")
    (other / "data").mkdir()
    for name in ("lexicons", "models"):
        (other / "data" / name).symlink_to(PROJECT / "data" / name)
    with (other / "helpers" / "annotate" / "tone.py").open("a") as file:
        file.write("# changed\n")
    with (
        worker(scheduler, PYTHONPATH=str(other)),
        pytest.raises(workers.ClusterError, match="has version .* install the same version"),
    ):
        corpus.build(articles, tmp_path / "out", progress=False, scheduler=scheduler)


def test_without_the_extra_the_scheduler_is_refused(articles, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(workers.ClusterError, match="make cluster"):
        corpus.build(articles, tmp_path / "out", progress=False, scheduler="tcp://127.0.0.1:1")


def test_a_path_on_another_machine_is_refused(monkeypatch, tmp_path):
    class Client:
        def run(self, function, *arguments, **options):
            return {"tcp://10.0.0.7:1": (workers.engine_version(), False)}

    with pytest.raises(workers.ClusterError, match="does not see .* folder that all machines"):
        workers.check_workers(Client(), str(tmp_path))
    assert list(tmp_path.iterdir()) == []
