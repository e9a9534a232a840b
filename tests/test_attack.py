"""The attack: what is read may be damaged, made to cost much, or killed; nothing is lost by it.

A little of each kind here; all of it with `make attack`.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path

import psutil
import pytest
from attack_fixture import SEED, Attack, how_many
from crafted_fixture import CASES
from mutants_fixture import WHOLE, mutant

from helpers.corpus import build as corpus
from helpers.corpus.wall import MB, Wall
from helpers.read.articles import LIMIT, LeftOut, Problem
from helpers.store import schema, tables

pytestmark = pytest.mark.attack
MUTANTS = 250  # files of a build
SECONDS, MEMORY = 20.0, 2 << 30  # that a file under 1 MB may take


class Watch(threading.Thread):
    """Looks how much memory this process and its children hold at the most."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.most, self.over = 0, threading.Event()

    def run(self) -> None:
        while not self.over.wait(0.5):
            held = 0
            for one in [psutil.Process(), *psutil.Process().children(recursive=True)]:
                try:
                    held = max(held, one.memory_info().rss)
                except psutil.Error:
                    continue
            self.most = max(self.most, held)

    def __enter__(self) -> Watch:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.join()


def ledger(out: Path) -> set[str]:
    """Return every path in `articles`, `problems` and `left_out`, and what they lie in."""
    tables.forget(out)
    found: set[str] = set()
    for name in ("articles", "problems", "left_out"):
        for path in tables.read_table(name, out)["path"]:
            parts = path.split("/")
            found |= {"/".join(parts[:end]).rpartition("#")[0] for end in range(1, len(parts) + 1)}
            found |= {"/".join(parts[:end]) for end in range(1, len(parts) + 1)}
    return found


def test_mutated_files_are_all_in_the_ledger_and_stop_no_build(attack: Attack, tmp_path: Path):
    attack.on("mutated inputs, every format")
    wanted, given_up, most = how_many(2 * len(WHOLE), 10_000), 0, 0
    for begin in range(0, wanted, MUTANTS):
        folder, out = tmp_path / f"in-{begin}", tmp_path / f"out-{begin}"
        seeds = range(begin, min(wanted, begin + MUTANTS))
        for seed in seeds:
            name, raw = mutant(SEED * 1_000_000 + seed)
            place = folder / str(seed)  # what is told beside articles concerns its folder only
            place.mkdir(parents=True)
            (place / name).write_bytes(raw)
            if not name.startswith("a."):
                (place / "a.txt").write_text("Rain\n\nIt rained.")
        with Watch() as watch:
            try:
                manifest = corpus.build(folder, out, progress=False)
            except Exception as error:
                attack.take(f"build of {begin}", f"{type(error).__name__}: {error}")
                continue
        most = max(most, watch.most)
        known = ledger(out)
        for seed in seeds:
            lost = [one.name for one in (folder / str(seed)).iterdir()]
            lost = [one for one in lost if f"{seed}/{one}" not in known]
            attack.take(
                f"{seed} {mutant(SEED * 1_000_000 + seed)[0]}", *map("lost {}".format, lost)
            )
        problems = tables.read_table("problems", out)
        given_up += int((problems["step"] == LIMIT).sum())
        for row in problems[problems["problem"].str.contains(r"could not be read \(")].itertuples():
            attack.notes += f"{row.path}: {row.problem[:150]}\n"
        assert manifest["counts"]["articles"] and set(schema.TABLES) <= set(manifest["counts"])
        if watch.most > MEMORY:
            attack.take(f"build of {begin}", f"{watch.most / MB:,.0f} MB")
    attack.notes = f"{given_up} given up; at most {most / MB:,.0f} MB\n{attack.notes}"
    attack.check()


QUICK = ("xlsx far column", "json of nothing", "csv of dates")


def test_crafted_files_cost_little_and_are_in_the_ledger(attack: Attack, tmp_path: Path):
    attack.on("files made to cost much")
    names = list(CASES) if how_many(1, 2) > 1 else QUICK
    names = names[: how_many(len(QUICK), len(CASES))]
    given_up = []
    for number, name in enumerate(names):
        folder = tmp_path / str(number)
        folder.mkdir()
        file, make = CASES[name]
        (folder / file).write_bytes(make())
        begun = time.process_time()
        with Wall() as wall, Watch() as watch:
            items = [item for one in wall.met(folder) for item in wall.read(one)]
        spent = time.process_time() - begun
        told = {item["path"] if isinstance(item, dict) else item.path for item in items}
        if any(isinstance(item, Problem) and "given up" in item.problem for item in items):
            given_up.append(name)
        attack.take(
            name,
            "" if any(path.startswith(file) for path in told) else "not in the ledger",
            f"{spent:.0f} s before the wall" if spent > SECONDS else "",
            f"{watch.most / MB:,.0f} MB" if watch.most > MEMORY else "",
        )
        assert all(isinstance(item, dict | Problem | LeftOut) or item.path for item in items)
    attack.notes = "given up: " + ", ".join(given_up)
    attack.check()
