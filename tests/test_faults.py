"""Faults: whatever ends or starves a build or a batch, the next one mends it or says what to do."""

from __future__ import annotations

import shutil
from pathlib import Path
from random import Random

import pytest
from attack_fixture import REPORT, SEED, Attack, how_many
from fault_fixture import (
    FAILURES,
    Failing,
    Undisturbed,
    broken_runs,
    differing,
    kill_again,
    left_in,
    tells,
    write_batch,
)

from helpers.corpus import build as corpus
from helpers.store import storage
from helpers.store.storage import BuildError

pytestmark = pytest.mark.attack
WRITES = 40  # of a build, about


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(corpus, "LEAST_PART", 2)
        yield Undisturbed(tmp_path_factory.mktemp("undisturbed"))


def test_a_write_that_fails_anywhere_loses_nothing(
    attack: Attack, undisturbed: Undisturbed, tmp_path: Path
):
    """A full, read-only or broken disk, a folder that vanishes, Ctrl-C, at any write of a build."""
    attack.on("faults: a write of a build fails")
    failed = 0
    for case in range(how_many(6, 66)):
        dice, out = Random(SEED * 1000 + case), tmp_path / str(case)
        given = undisturbed.changed
        if case % 2:  # there are tables from before the change
            undisturbed.copy(out)
        failing = Failing(dice.randrange(1, WRITES), FAILURES[case % len(FAILURES)], out)
        broke = []
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(storage, "whole_file", failing.whole_file)
            try:
                undisturbed.build(given, out)
                broke.append(differing(out, undisturbed.rows(given)))
            except KeyboardInterrupt:
                failed += 1
            except (BuildError, OSError) as error:
                failed += 1
                broke.append(tells(error))
        if failing.how != "vanishes" and (out / storage.MANIFEST).exists():
            old = undisturbed.rows(undisturbed.given)
            broke.append(differing(out, old, undisturbed.rows(given)))
        undisturbed.build(given, out)
        attack.take(
            f"{case}: {failing.how} at {failing.at} of {failing.count}",
            *broke, differing(out, undisturbed.rows(given)), left_in(out),
        )  # fmt: skip
        shutil.rmtree(out)
    attack.notes = f"{failed} builds failed"
    attack.check()


@pytest.mark.skipif(not REPORT, reason="whole in `make attack`: one is killed in test_build too")
def test_killed_builds_lose_nothing_and_leave_nothing(
    attack: Attack, undisturbed: Undisturbed, tmp_path: Path
):
    attack.on("faults: builds killed")
    given, out = undisturbed.given, tmp_path / "out"
    words = ["build", given, "--out", out, "--quiet", "--workers", 2]
    look = lambda: differing(out, undisturbed.rows(given))  # noqa: E731
    attack.notes = kill_again(attack, words, how_many(1, 24), out, look)
    attack.check()


@pytest.mark.skipif(not REPORT, reason="whole in `make attack`: one is killed in test_runs too")
def test_killed_batches_lose_nothing_and_leave_nothing(attack: Attack, tmp_path: Path):
    attack.on("faults: batches killed")
    out = tmp_path / "out"
    words = ["batch", write_batch(tmp_path), "--out", out, "--resume", "--quiet", "--workers", 2]
    attack.notes = kill_again(attack, words, how_many(1, 24), out, lambda: broken_runs(out))
    attack.check()
