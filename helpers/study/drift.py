"""Drift: what moved a measure between two builds, told apart by reading a sample of articles again.

Articles that only one build holds are counted. What moved in the others is due to the codebook, the
lexicons, the models or the code, where their hashes differ; where several do and the program that
made the earlier build is at hand, a sample is read with its codebook in place of this one, then
with its lexicons too, and so on, and each step is the move of what it changed. What code and data
changed together, such as the columns of a lexicon, is the code's; what cannot be read at all
without the next step is told together with it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from helpers.measure import comparisons
from helpers.measure.comparisons import Build
from helpers.measure.select import lay_out
from helpers.measure.shares import SEED, enumerate_names
from helpers.store import lexicons, tables
from helpers.store.paths import PACKAGE, PROJECT, engine_hashes

CODE = "code"
REST = "names joined with other articles"
COUNTED, NOT_TOLD = "counted in both builds", "not told apart: give the earlier program as version"
OWN_CODEBOOK = "not told apart: a codebook of one's own comes with no program"
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
        When `version` holds no program or another one, or it cannot read the sample.
    """
    causes = comparisons.explain_move(before, now, measure)
    if causes.empty:
        return lay_out("drift")
    (_, other, only), (_, reading, differ) = causes.itertuples(index=False, name=None)
    hashes = [set(one.articles["sha256"]) for one in (before, now)]
    both = sorted(hashes[0] & hashes[1])
    rows = [(comparisons.CAUSES[0], other, only, len(hashes[0] | hashes[1]), COUNTED)]
    kinds, book = _changed(before, now), lexicons.CODEBOOK.name
    own = {one.manifest.get("codebook", {}).get("file", book) for one in (before, now)} != {book}
    if len(kinds) < 2 or own or not str(version) or not both:
        cause = enumerate_names(kinds, len(kinds)) if kinds else REST
        how = COUNTED if len(kinds) < 2 else OWN_CODEBOOK if own else NOT_TOLD
        return lay_out("drift", [*rows, (cause, reading, differ, len(both), how)])
    chosen = np.random.default_rng(SEED).permutation(both)[:sampled]
    steps = _read_each(folder, chosen, Path(version), kinds, rebuild or read_again)
    _check_program(steps[-1][1], before, version)
    for (_, later), (cause, earlier) in pairwise(steps):
        ours, theirs = (_count(build, measure) for build in (later, earlier))
        moved = _share(ours) - _share(theirs)
        ours, theirs = ours.align(theirs, fill_value=0)
        other_way = int((ours != theirs).any(axis=1).sum())
        rows.append((cause, moved, other_way, len(chosen), f"{len(chosen):,} articles read again"))
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


def _share(counts: pd.DataFrame) -> float:
    return counts["sum"].sum() / max(counts["size"].sum(), 1)


def _check_program(read: Build, before: Build, version: str | Path) -> None:
    """Refuse a program that is not the one that made the earlier build."""
    made, there = (build.manifest.get("engine", {}) for build in (before, read))
    other = [name for name in made if made[name] != there.get(name)]
    if other:
        raise RuntimeError(
            f"{version} is not the program that made the earlier build: {other[0]} and "
            f"{len(other) - 1:,} other files differ; check out the version that its manifest names"
        )


def _read_each(
    folder: str | Path, chosen: Sequence[str], version: Path, kinds: list[str], rebuild: Rebuild
) -> list[tuple[str, Build]]:
    """Read the chosen articles with none, one, … all of the kinds as the earlier program has.

    Each build comes with what it has of that program and the one before has not. Kinds that are
    of no use to the code without the next are with that.
    """
    columns = ["article_id", "outlet", "text", "sha256"]
    rows = tables.read_table("articles", folder, columns, {"sha256": list(chosen)})
    told = rows.rename(columns={"article_id": "id"}).drop(columns="sha256")
    with tempfile.TemporaryDirectory(prefix="drift-") as work:
        file = Path(work) / "articles.jsonl"
        lines = (json.dumps(one) for one in told.to_dict("records"))
        file.write_text("\n".join(lines), encoding="utf-8")
        steps, waiting = [("", rebuild(file, version, []))], []
        for number, kind in enumerate(kinds, start=1):
            waiting.append(kind)
            try:
                build = rebuild(file, version, kinds[:number])
            except RuntimeError:
                if number == len(kinds):
                    raise
                continue
            steps.append((enumerate_names(waiting, len(waiting)), build))
            waiting = []
        return steps


def read_again(file: Path, version: Path, kinds: Sequence[str]) -> Build:
    """Build a file of articles with this program, but for what `kinds` names as `version` has it.

    Raises FileNotFoundError when `version` holds no program, RuntimeError when the articles cannot
    be read so.
    """
    if not (version / "helpers" / "__main__.py").is_file():
        raise FileNotFoundError(f"{version} holds no program: give the folder of a checkout of it")
    with tempfile.TemporaryDirectory(prefix="drift-") as work:
        program = version.resolve() if CODE in kinds else _compose(Path(work), version, kinds)
        out = Path(work) / "tables"
        command = [sys.executable, "-m", "helpers", "build", str(file), "--out", str(out)]
        environment = os.environ | {"PYTHONPATH": str(program), lexicons.VARIABLE: ""}
        done = subprocess.run(
            [*command, "--quiet"], cwd=program, env=environment, capture_output=True, text=True
        )
        said = (done.stderr.strip() or "it said nothing").splitlines()[-1]
        if not done.returncode:
            problems = tables.read_table("problems", out)
            failed = problems.loc[problems["step"] != "read", "problem"]
            if failed.empty or CODE in kinds:
                return comparisons.read_build(out, incomplete=True)
            said = failed.iloc[0]
        what = ", ".join(kinds) or "nothing"
        raise RuntimeError(f"with {what} of {version} the sample cannot be read: {said}")


def _compose(work: Path, version: Path, kinds: Sequence[str]) -> Path:
    """Make a program of this one, with the data of some kinds from another; return its folder.

    A table with other columns than this program's goes with the code, and is not taken.
    """
    program = work / "program"
    shutil.copytree(
        PACKAGE, program / "helpers", ignore=shutil.ignore_patterns("data", "notebooks")
    )
    earlier = tuple(start for start, kind in comparisons.KINDS.items() if kind in kinds)
    for name in engine_hashes():
        ours, theirs = (folder.resolve() / name for folder in (PROJECT, version))
        if name.startswith("data/"):
            taken = name.startswith(earlier) and theirs.is_file() and _alike(ours, theirs)
            (program / name).parent.mkdir(parents=True, exist_ok=True)
            (program / name).symlink_to(theirs if taken else ours)
    return program


def _alike(one: Path, other: Path) -> bool:
    """Tell whether two files are no tables, or have the same columns."""
    heads = [file.open("rb").readline() if file.suffix == ".csv" else b"" for file in (one, other)]
    return heads[0] == heads[1]
