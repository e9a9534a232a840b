"""Faults: whatever ends or starves a build or a batch, the next one mends it or says what to do."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from random import Random

import pytest
from attack_fixture import REPORT, SEED, Attack, how_many
from disk_fixture import on_a_small_disk
from fault_fixture import (
    FAILURES,
    Failing,
    Started,
    Undisturbed,
    broken_runs,
    damage,
    differing,
    kill_again,
    left_in,
    tells,
    write_batch,
)

from helpers.batch import jobs, plan
from helpers.batch.pool import Options, run_batch
from helpers.corpus import build as corpus
from helpers.model import encoder
from helpers.store import storage
from helpers.store.paths import PROJECT
from helpers.store.storage import BuildError

pytestmark = pytest.mark.attack
WRITES = 40  # of a build, about
BUSY = "another batch is writing to"


def are_alike(one: bytes, other: bytes) -> bool:
    """Tell whether two JSON files say the same: white space says nothing."""
    return json.loads(one) == json.loads(other)


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


@pytest.mark.skipif(not REPORT, reason="whole in `make attack`")
def test_two_that_write_into_one_folder_do_not_mix(
    attack: Attack, undisturbed: Undisturbed, tmp_path: Path
):
    attack.on("faults: two builds, and two batches, in one folder")
    given = (undisturbed.given, undisturbed.changed)
    for case in range(how_many(1, 5)):
        out, scratch = tmp_path / f"tables-{case}", tmp_path / f"scratch-{case}"
        words = ("--out", out, "--quiet", "--workers", 1 + case % 2)
        both = [Started("build", one, *words, scratch=scratch / one.name) for one in given]
        broke = [said for one in both for said in one.wait()]
        attack.take(case, *broke, differing(out, *map(undisturbed.rows, given)), left_in(out))
    file = write_batch(tmp_path)
    for case in range(how_many(1, 4)):
        out, scratch = tmp_path / f"reports-{case}", tmp_path / f"scratch-b{case}"
        words = ("batch", file, "--out", out, "--resume", "--quiet", "--workers", 2)
        both = [Started(*words, scratch=scratch / name) for name in ("one", "other")]
        broke = [said for one in both for said in one.wait() if BUSY not in said]
        attack.take(f"batches {case}", *broke, broken_runs(out), left_in(out, scratch))
    attack.check()


def test_a_disk_that_is_full_or_a_file_too_large_is_said(
    attack: Attack, undisturbed: Undisturbed, tmp_path: Path
):
    if not REPORT:
        pytest.skip("whole in `make attack`: a full disk is tried in test_build too")
    attack.on("faults: builds on a disk that fills up, or files that may not grow")
    given = undisturbed.changed
    for case in range(how_many(1, 8)):
        out, scratch = tmp_path / f"tables-{case}", tmp_path / f"scratch-{case}"
        running = Started(
            "build", given, "--out", out, "--quiet", "--workers", 1,
            scratch=scratch, largest=600 * (case + 1),
        )  # fmt: skip
        broke = [one for one in running.wait() if not one.startswith("ended with 2")]
        broke.append(tells(running.said.read_text()) if running.process.returncode else "")
        undisturbed.build(given, out)
        right = undisturbed.rows(given)
        attack.take(f"files of {600 * (case + 1)}", *broke, differing(out, right), left_in(out))
    for case in range(how_many(1, 8)):
        folder, size = tmp_path / f"disk-{case}", f"{24 * (case + 1)}k"
        folder.mkdir()
        command = f"{sys.executable} -m helpers build {given} --out {folder}/out --quiet"
        ended = on_a_small_disk(folder, size, f"cd {PROJECT} && {command} --workers 1")
        broke = [tells(ended.stderr)] if ended.returncode else []
        broke += ["traceback"] * ("Traceback" in ended.stderr)
        undisturbed.build(given, folder / "seen")
        left = left_in(folder / "seen")
        attack.take(size, *broke, differing(folder / "seen", undisturbed.rows(given)), left)
    attack.check()


def test_a_clock_set_back_hides_no_change(attack: Attack, undisturbed: Undisturbed, tmp_path: Path):
    """Files of tables from the future, changed articles from before, or of the same moment."""
    attack.on("faults: clock set back")
    for case in range(how_many(3, 12)):
        given, out = shutil.copytree(undisturbed.given, tmp_path / f"in-{case}"), tmp_path / "out"
        undisturbed.build(given, out)
        changed = given / "0.txt"
        before = changed.stat()
        changed.write_bytes((undisturbed.changed / "0.txt").read_bytes())
        assert changed.stat().st_size == before.st_size
        moment = before.st_mtime_ns + (0, -(10**18), 10**18)[case % 3]
        os.utime(changed, ns=(moment, moment))
        for file in out.rglob("*") if case % 2 else ():
            os.utime(file, ns=(2 * 10**18, 2 * 10**18))
        undisturbed.build(given, out)
        attack.take(case, differing(out, undisturbed.rows(undisturbed.changed)), left_in(out))
        shutil.rmtree(out)
    attack.check()


def test_a_damaged_model_refuses_to_start(
    attack: Attack, undisturbed: Undisturbed, tmp_path: Path, monkeypatch
):
    attack.on("damaged models that are used, or said badly")
    models, dice = shutil.copytree(encoder.MODELS, tmp_path / "models"), Random(SEED)
    monkeypatch.setattr(encoder, "MODELS", models)
    files = sorted(models.glob("*/*"))
    for case in range(how_many(len(files), 70)):
        file = files[case % len(files)]
        content = file.read_bytes()
        file.write_bytes(damage(content, dice))
        try:
            encoder.check_models()
            same = file.name == "model.json" and are_alike(file.read_bytes(), content)
            attack.take(file, "" if same else "was not refused")
        except encoder.ModelError as error:
            named = "" if str(file) in str(error) else f"names it not: {error}"
            attack.take(file, tells(error), named)
        file.write_bytes(content)
    files[0].write_bytes(b"{}")
    out = undisturbed.copy(tmp_path / "out")
    with pytest.raises(encoder.ModelError):
        undisturbed.build(undisturbed.changed, out)
    attack.take("a build", differing(out, undisturbed.rows(undisturbed.given)))
    attack.check()


@pytest.mark.skipif(not REPORT, reason="whole in `make attack`: one of each is in test_runs")
def test_whatever_a_run_wrote_is_written_again_when_it_is_damaged(attack: Attack, tmp_path: Path):
    attack.on("damaged outputs of runs, logs and records that pass for up to date")
    file, out, dice = write_batch(tmp_path), (tmp_path / "out").resolve(), Random(SEED)
    assert run_batch(file, out, Options(workers=2, quiet=True)) == 0
    steps = plan.make_plan(str(file), jobs.read_batch(file, out), out)
    assert [step.state for step in steps] == [jobs.CURRENT] * len(steps)
    for case in range(how_many(1, 120)):
        step = dice.choice(steps)
        name = step.run.name
        kinds = (f"{name}.html", f"{name}.ipynb", f"{name}/table.csv", f".records/{name}.json")
        damaged = out / kinds[case % len(kinds)]
        content = damaged.read_bytes()
        damaged.write_bytes(damage(content, dice))
        state, _ = plan.find_state(step.run, step.fingerprint, out)
        unsaid = state == jobs.CURRENT and (
            damaged.suffix != ".json" or not are_alike(damaged.read_bytes(), content)
        )
        attack.take(damaged.name, "passes for up to date" if unsaid else "")
        if case:
            damaged.write_bytes(content)
    assert run_batch(file, out, Options(workers=2, quiet=True, resume=True)) == 0
    attack.take("resumed", broken_runs(out, 2))
    attack.check()
