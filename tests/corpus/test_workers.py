"""Builds into an object store and on a Dask cluster give the rows that a local build gives."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pandas as pd
import pytest

from helpers.corpus import annotation
from helpers.corpus import build as corpus
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


@pytest.fixture
def bucket(monkeypatch, tmp_path):
    pytest.importorskip("s3fs", reason="stores need the extra `cluster`")
    server = pytest.importorskip("moto.server", reason="the store of the tests is moto's")
    import s3fs

    running = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    s3fs.S3FileSystem.clear_instance_cache()
    name = f"newsroom-{abs(hash(tmp_path))}"
    s3fs.S3FileSystem().mkdir(name)
    yield f"s3://{name}"
    s3fs.S3FileSystem.clear_instance_cache()
    running.stop()


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
    monkeypatch.setattr(annotation, "CONNECT_SECONDS", 1)
    with (
        silence() as port,
        pytest.raises(annotation.ClusterError, match="no Dask scheduler answers"),
    ):
        corpus.build(
            articles, tmp_path / "out", progress=False, scheduler=f"tcp://127.0.0.1:{port}"
        )


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


def worker(address: str, **environment: str):
    given = ["--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1"]
    return running("worker", address, *given, **environment)


def test_two_workers_one_killed_give_the_rows_of_a_local_build(
    articles, local, scheduler, tmp_path, monkeypatch
):
    monkeypatch.setattr(corpus, "LEAST_PART", 1)
    monkeypatch.setattr(annotation, "CONNECT_SECONDS", 60)
    monkeypatch.setattr(annotation, "WORKER_SECONDS", 60)
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


def test_a_scheduler_that_is_not_there_is_refused(articles, tmp_path, monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr(annotation, "CONNECT_SECONDS", 1)
    address = f"tcp://127.0.0.1:{free_port()}"
    with pytest.raises(annotation.ClusterError, match="no Dask scheduler answers"):
        corpus.build(articles, tmp_path / "out", progress=False, scheduler=address)


def test_a_scheduler_without_workers_is_refused(articles, scheduler, tmp_path, monkeypatch):
    monkeypatch.setattr(annotation, "CONNECT_SECONDS", 60)
    monkeypatch.setattr(annotation, "WORKER_SECONDS", 1)
    with pytest.raises(annotation.ClusterError, match="has no workers: start some with"):
        corpus.build(articles, tmp_path / "out", progress=False, scheduler=scheduler)


def test_a_worker_of_another_version_is_refused(articles, scheduler, tmp_path, monkeypatch):
    monkeypatch.setattr(annotation, "CONNECT_SECONDS", 60)
    monkeypatch.setattr(annotation, "WORKER_SECONDS", 60)
    other = tmp_path / "other"
    shutil.copytree(PROJECT / "helpers", other / "helpers")
    (other / "data").mkdir()
    for name in ("lexicons", "models"):
        (other / "data" / name).symlink_to(PROJECT / "data" / name)
    with (other / "helpers" / "annotate" / "tone.py").open("a") as file:
        file.write("# changed\n")
    with (
        worker(scheduler, PYTHONPATH=str(other)),
        pytest.raises(annotation.ClusterError, match="has version .* install the same version"),
    ):
        corpus.build(articles, tmp_path / "out", progress=False, scheduler=scheduler)


def test_without_the_extra_the_scheduler_is_refused(articles, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(annotation.ClusterError, match="pip install -e"):
        corpus.build(articles, tmp_path / "out", progress=False, scheduler="tcp://127.0.0.1:1")


def test_a_path_on_another_machine_is_refused(monkeypatch, tmp_path):
    class Client:
        def run(self, function, *arguments, **options):
            return {"tcp://10.0.0.7:1": (annotation.engine_version(), False)}

    with pytest.raises(annotation.ClusterError, match="does not see .* folder that all machines"):
        annotation.check_workers(Client(), str(tmp_path))
    assert list(tmp_path.iterdir()) == []
