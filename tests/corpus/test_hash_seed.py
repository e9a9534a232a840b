"""Tables do not hang on the order of sets: two hash seeds give the same rows."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd

from helpers.store import schema, tables

PROJECT = Path(__file__).resolve().parents[2]
ARTICLES = "data/sample/articles/harwick-courier"


def test_two_hash_seeds_give_the_same_tables(tmp_path):
    few = tmp_path / "articles"
    few.mkdir()
    for file in sorted((PROJECT / ARTICLES).iterdir())[:3]:
        (few / file.name).write_bytes(file.read_bytes())
    runs = []
    for seed in ("1", "2"):
        command = [sys.executable, "-m", "helpers", "build", str(few), "--workers", "1"]
        command += ["--quiet", "--out", str(tmp_path / seed)]
        environment = os.environ | {"PYTHONHASHSEED": seed}
        runs.append(subprocess.Popen(command, cwd=PROJECT, env=environment))
    assert [run.wait() for run in runs] == [0, 0]
    for name in schema.TABLES:
        one, other = (tables.read_table(name, tmp_path / seed) for seed in ("1", "2"))
        pd.testing.assert_frame_equal(one, other)
