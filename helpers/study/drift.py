"""Drift: what moved a measure between two builds, told apart by reading a sample of articles again.

Articles that only one build holds are counted. What moved in the others is due to the codebook, the
lexicons, the models or the code, where their hashes differ; where several do and the program that
made the earlier build is at hand, a sample is read with its codebook in place of this one, then
with its lexicons too, and so on, and each step is the move of what it changed.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from helpers.measure import comparisons
from helpers.measure.comparisons import Build
from helpers.measure.select import lay_out
from helpers.measure.shares import SEED
from helpers.store import tables
from helpers.store.paths import PROJECT

CODE = "code"
REST = "names joined with other articles"
COUNTED, NOT_TOLD = "counted in both builds", "not told apart: give the earlier program as version"
Rebuild = Callable[[Path, Path, Sequence[str]], Build]


def explain_drift(
    before: Build,
    now: Build,
    measure: str,
    folder: str | Path,
    version: str | Path = "",
    sampled: int = 50,
    rebuild: Rebuild | None = None,
) -> pd.DataFrame:
    """Tell what moved a measure since an earlier build; one row is one cause.

    Parameters
    ----------
    before, now, measure
        As for `comparisons.explain_move`.
    folder
        The tables of the later build, which hold the texts that are read again.
    version
        The folder of the program that made the earlier build; "" where it is not at hand.
    sampled
        How many of the articles that both builds hold are read again, at random, fixed seed.
    rebuild
        What reads them (`read_again`).

    Returns
    -------
    Columns: cause, moved (now less before; they add up to the whole move), articles (other, or read
    in another way), n (of so many) and how it was found out. No row when there is nothing to
    compare with.

    Raises
    ------
    FileNotFoundError, RuntimeError
        When `version` holds no program, or it cannot read the sample.
    """
    causes = comparisons.explain_move(before, now, measure)
    if causes.empty:
        return lay_out("drift")
    (_, other, only), (_, reading, differ) = causes.itertuples(index=False, name=None)
    hashes = [set(one.articles["sha256"]) for one in (before, now)]
    both = sorted(hashes[0] & hashes[1])
    rows = [(comparisons.CAUSES[0], other, only, len(hashes[0] | hashes[1]), COUNTED)]
    kinds = _changed(before, now)
    if len(kinds) < 2 or not str(version) or not both:
        cause, how = " and ".join(kinds) or REST, COUNTED if len(kinds) < 2 else NOT_TOLD
        return lay_out("drift", [*rows, (cause, reading, differ, len(both), how)])
    chosen = np.random.default_rng(SEED).permutation(both)[:sampled]
    builds = _read_each(folder, chosen, Path(version), kinds, rebuild or read_again)
    counts = [_count(build, measure) for build in builds]
    shares = [one["sum"].sum() / max(one["size"].sum(), 1) for one in counts]
    for place, kind in enumerate(kinds):
        ours, theirs = counts[place].align(counts[place + 1], fill_value=0)
        other_way = int((ours != theirs).any(axis=1).sum())
        moved = shares[place] - shares[place + 1]
        rows.append((kind, moved, other_way, len(chosen), f"{len(chosen):,} articles read again"))
        reading -= moved
    rest = f"{REST}, and the sample's chance"
    return lay_out("drift", [*rows, (rest, reading, differ, len(both), "what is left")])


def _changed(before: Build, now: Build) -> list[str]:
    """Return the kinds of things that the builds were made with and that differ, code last."""
    found = set(comparisons.compare_manifests(before, now)["kind"])
    return [kind for kind in [*sorted(comparisons.KINDS.values()), CODE] if kind in found]


def _count(build: Build, measure: str) -> pd.DataFrame:
    rows = comparisons.select_rows(build, measure)
    return rows.groupby("article_id")["holds"].agg(["sum", "size"]).astype("int64")


def _read_each(
    folder: str | Path, chosen: Sequence[str], version: Path, kinds: list[str], rebuild: Rebuild
) -> list[Build]:
    """Read the chosen articles with none, one, … all of the kinds as the earlier program has."""
    columns = ["article_id", "outlet", "text", "sha256"]
    rows = tables.read_table("articles", folder, columns, {"sha256": list(chosen)})
    told = rows.rename(columns={"article_id": "id"}).drop(columns="sha256")
    with tempfile.TemporaryDirectory(prefix="drift-") as work:
        file = Path(work) / "articles.jsonl"
        lines = (json.dumps(one) for one in told.to_dict("records"))
        file.write_text("\n".join(lines), encoding="utf-8")
        return [rebuild(file, version, kinds[:number]) for number in range(len(kinds) + 1)]


def read_again(file: Path, version: Path, kinds: Sequence[str]) -> Build:
    """Build a file of articles with this program, but for what `kinds` names as `version` has it.

    Raises FileNotFoundError when `version` holds no program, RuntimeError when it fails.
    """
    if not (version / "helpers" / "__main__.py").is_file():
        raise FileNotFoundError(f"{version} holds no program: give the folder of a checkout of it")
    with tempfile.TemporaryDirectory(prefix="drift-") as work:
        program = version.resolve() if CODE in kinds else _compose(Path(work), version, kinds)
        out = Path(work) / "tables"
        command = [sys.executable, "-m", "helpers", "build", str(file), "--out", str(out)]
        environment = os.environ | {"PYTHONPATH": str(program)}
        done = subprocess.run(
            [*command, "--quiet"], cwd=program, env=environment, capture_output=True, text=True
        )
        if done.returncode:
            said = (done.stderr.strip() or "it said nothing").splitlines()[-1]
            what = ", ".join(kinds) or "nothing"
            raise RuntimeError(f"with {what} of {version} the sample cannot be read: {said}")
        return comparisons.read_build(out, incomplete=True)


def _compose(work: Path, version: Path, kinds: Sequence[str]) -> Path:
    """Make a program of this one, with the data of some kinds from another; return its folder."""
    program = work / "program"
    shutil.copytree(PROJECT / "helpers", program / "helpers")
    (program / "data").mkdir()
    earlier = {start.split("/")[1] for start, kind in comparisons.KINDS.items() if kind in kinds}
    for entry in (PROJECT / "data").iterdir():
        theirs = any(name and entry.name.startswith(name) for name in earlier)
        source = version.resolve() / "data" / entry.name if theirs else entry
        (program / "data" / entry.name).symlink_to(source)
    return program
