"""The wall around each file: whatever reading it does, it is a problem of that file alone."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from crafted_fixture import CASES

from helpers.corpus import wall as walls
from helpers.corpus.parts import FileRecord
from helpers.corpus.wall import Wall
from helpers.read.articles import LIMIT, Problem, iter_records
from helpers.read.files import iter_files
from helpers.read.source import SourceFile

TEXT = "Fares on the island ferries will double in June, the council decided on Tuesday night."
QUICK = (
    "xlsx last row, wide dimension", "docx gridSpan 2e9", "parquet dictionary bomb",
    "parquet 3e7 rows in runs", "parquet nanoseconds", "pdf deep tree of pages", "xml entities",
    "csv 100,000 empty columns", "csv 3,000 equal columns", "json deep", "gzip bomb", "zip bomb",
    "docx nested tables",
)  # fmt: skip


class Spins(SourceFile):
    def open(self) -> Any:
        while True:
            pass


class Grows(SourceFile):
    def open(self) -> Any:
        held = []
        while True:
            held.append(bytearray(1 << 20))
            time.sleep(0.001)


class Sleeps(SourceFile):
    def open(self) -> Any:
        time.sleep(3600)


class Dies(SourceFile):
    def open(self) -> Any:
        os.kill(os.getpid(), signal.SIGKILL)


class Leaves(SourceFile):
    def open(self) -> Any:
        os._exit(3)


@pytest.fixture(scope="module")
def wall():
    with Wall() as one:
        yield one


def ordinary(folder: Path) -> SourceFile:
    (folder / "a.txt").write_text(TEXT)
    return next(iter_files(folder / "a.txt"))


@pytest.mark.parametrize(
    ("kind", "times", "told"),
    [
        (Spins, 0.01, "seconds of the processor"),
        (Grows, 0.05, "MB of memory"),
        (Sleeps, 1, "nothing came of it"),
        (Dies, 1, "was ended by SIGKILL"),
        (Leaves, 1, "ended with 3"),
    ],
)
def test_what_ends_or_stalls_reading_is_a_problem_of_that_file(
    kind, times, told, wall, tmp_path, monkeypatch
):
    monkeypatch.setattr(walls, "SILENCE", 0.5 if kind is Sleeps else 600)
    monkeypatch.setattr(walls, "SECONDS", 10.0 if kind is Spins else 1e9)
    monkeypatch.setattr(walls, "MEMORY", 1 << (30 if kind is Grows else 50))
    monkeypatch.setattr(wall, "times", times)
    (problem,) = wall.read(kind("bad.txt.gz", tmp_path, size=1))  # one in gzip is not tried first
    assert isinstance(problem, Problem) and problem.step == LIMIT
    assert problem.path == "bad.txt.gz" and told in problem.problem
    monkeypatch.setattr(wall, "times", 1000)
    assert list(wall.read(ordinary(tmp_path))) == list(iter_records(ordinary(tmp_path)))


def test_what_is_told_beside_articles_is_read_behind_the_wall_too(wall, tmp_path, monkeypatch):
    for file, name in (("a.parquet", "parquet dictionary bomb"), ("b.xlsx", "xlsx far column")):
        (tmp_path / file).write_bytes(CASES[name][1]())
    (tmp_path / "a.html").write_bytes(CASES["html marks"][1]()[:300])
    (tmp_path / "metadata.csv").write_text("file,outlet\na.html,Echo\n" + "x,y\n" * 100_000)
    begun = time.process_time()
    found = {one.path: one for one in wall.met(tmp_path)}
    assert time.process_time() - begun < 5
    assert found["a.html"].listed == {"outlet": "Echo"}
    monkeypatch.setattr(walls, "SECONDS", 0.0)
    found = {one.path: one for one in wall.met(tmp_path)}
    (problem,) = found["metadata.csv"].problems
    assert "what it tells was not read: it was given up: more than 0 seconds" in problem
    assert found["a.html"].listed == {} and not found["a.parquet"].problems


def test_long_waits_are_said(tmp_path, monkeypatch):
    monkeypatch.setattr(walls, "SILENCE", 0.7)
    monkeypatch.setattr(walls, "SAID_AFTER", 0.2)
    said: list[str] = []
    with Wall(1, said.append) as wall:
        list(wall.read(Sleeps("slow.txt.gz", tmp_path, size=1)))
    assert said and "still reading slow.txt.gz" in said[0]


def test_more_text_than_a_file_may_hold_ends_its_reading(wall, tmp_path, monkeypatch):
    monkeypatch.setattr(walls, "OUTPUT", 1000)
    monkeypatch.setattr(walls, "MORE_OUTPUT", 0)
    rows = (f'"{TEXT} {number}",Title\n' for number in range(200))
    (tmp_path / "a.csv").write_text("text,title\n" + "".join(rows))
    *read, last = wall.read(next(iter_files(tmp_path)))
    assert "more than 1,000 characters" in last.problem and last.step == LIMIT


def test_a_script_without_a_guard_is_not_run_again(tmp_path):
    import subprocess
    import sys

    (tmp_path / "a.txt").write_text(TEXT)
    script = tmp_path / "script.py"
    script.write_text(
        "print('begun', flush=True)\nfrom helpers.corpus.wall import Wall\n"
        "from helpers.read.files import iter_files\nwall = Wall()\n"
        f"print(len(list(wall.read(next(iter_files({str(tmp_path / 'a.txt')!r}))))))\nwall.stop()\n"
    )
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True)
    assert done.stdout.split() == ["begun", "1"], done.stderr


def test_a_file_that_took_too_much_is_tried_again_with_higher_limits():
    problem = {"article_id": "", "path": "a", "step": LIMIT, "problem": ""}
    record = FileRecord("a", "s", problems=[problem], limits=2)
    assert record.stands_for("s", 1) and record.stands_for("s", 2)
    assert not record.stands_for("s", 3)
    assert FileRecord("a", "s", limits=2).stands_for("s", 3)


@pytest.mark.parametrize("name", QUICK)
def test_a_file_made_to_cost_much_costs_little_and_is_in_the_ledger(name, wall, tmp_path):
    file, make = CASES[name]
    (tmp_path / file).write_bytes(make())
    items = [item for one in iter_files(tmp_path) for item in wall.read(one)]
    assert items
    problems = [item.problem for item in items if isinstance(item, Problem)]
    assert not any("given up" in problem for problem in problems), problems


def test_ctrl_c_while_the_process_starts_is_no_other_error(monkeypatch, tmp_path):
    class Stopped:
        def start(self):
            raise KeyboardInterrupt

    processes = SimpleNamespace(Pipe=multiprocessing.Pipe, Process=lambda **_: Stopped())
    monkeypatch.setattr(walls, "context", lambda: processes)
    (tmp_path / "a.txt").write_text("It rained.")
    with pytest.raises(KeyboardInterrupt), Wall() as wall:
        list(wall.read(next(wall.met(tmp_path))))
