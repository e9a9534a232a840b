"""Lists each locked package with its licence, its last release and known advisories; locks them.

    python tests/dependencies.py              what data/dependencies.csv says, and what is amiss
    python tests/dependencies.py --refresh    ask the index and the advisories anew (needs uv)
    python tests/dependencies.py --lock       solve pyproject.toml afresh into the locks (needs uv)

Nothing is asked without --refresh or --lock. Licences are read from the packages that are installed
here; of those for other systems what the file says stays.

A lock holds what is installed on top of the ones before it, without asking what packages say they
need: reading, notebooks and batches; JupyterLab; tests and a cluster.
"""

from __future__ import annotations

import csv
import json
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Iterator
from datetime import date
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
KNOWN = PROJECT / "data" / "dependencies.csv"
COLUMNS = ["package", "last", "released", "licence", "advisories", "checked"]
UNKNOWN = "unknown"  # the advisories could not be reached
LOCKS = {
    PROJECT / "requirements.lock": ("setup",),
    PROJECT / "requirements-lab.lock": ("lab",),
    PROJECT / "requirements-test.lock": ("test",),
}
# What IPython, ipykernel and ipywidgets ask for and only somebody at a keyboard needs: completion,
# a debugger, widgets drawn in a browser. The lock of JupyterLab has them.
WITH_LAB = {"debugpy", "jedi", "jupyterlab-widgets", "parso", "widgetsnbextension"}
SOLVE = shlex.split(
    "uv pip compile --quiet pyproject.toml --universal --python-version 3.11 --generate-hashes "
    "--no-annotate --no-header --output-file"
)


def entries(lock: Path) -> list[str]:
    """Return what a lock says of each package: version, systems, hashes."""
    return re.split(r"\n(?=\S)", lock.read_text().strip())


def locked() -> dict[str, str]:
    """Return the version of each package in the locks."""
    told = (re.match(r"([a-z0-9-]+)==([^\s;\\]+)", one) for lock in LOCKS for one in entries(lock))
    return dict(one.groups() for one in told if one)


def lock() -> None:
    """Solve for all that is asked for, then for each lock with the same versions."""
    with tempfile.TemporaryDirectory() as folder:
        whole, below = Path(folder, "whole.lock"), set()
        whole.write_text("\n".join(one for lock in LOCKS for one in entries(lock)) + "\n")
        _solve(whole, sum(LOCKS.values(), ()))
        for lock, extras in LOCKS.items():
            solved = Path(folder, lock.name)
            _solve(solved, extras, "--constraint", str(whole))
            wanted = {one for one in entries(solved) if "sys_platform == 'never'" not in one}
            if "lab" not in extras:
                wanted = {one for one in wanted if one.partition("==")[0] not in WITH_LAB}
            lock.write_text("\n".join(sorted(wanted - below)) + "\n")
            below |= wanted


def _solve(to: Path, extras: Iterable[str], *more: str) -> None:
    asked = [word for extra in extras for word in ("--extra", extra)]
    subprocess.run([*SOLVE, str(to), *asked, *more], cwd=PROJECT, check=True)


def known() -> dict[str, dict[str, str]]:
    with KNOWN.open(encoding="utf-8", newline="") as stream:
        return {row["package"]: row for row in csv.DictReader(stream)}


def licence_of(package: str) -> str:
    """Return the licence that an installed package states; "" of one that is not installed."""
    try:
        told = metadata(package)
    except PackageNotFoundError:
        return ""
    kinds = [
        one.rpartition(" :: ")[2]
        for one in told.get_all("Classifier") or ()
        if one.startswith("License :: ") and one != "License :: OSI Approved"
    ]
    stated = (told["License"] or "").strip().split("\n")[0][:60]
    return told["License-Expression"] or " OR ".join(kinds) or stated


def advisories() -> dict[str, str]:
    """Return the advisories on each locked package that could be asked about, "none" without."""
    asked = ["uvx", "pip-audit", "--no-deps", "--disable-pip", "-f", "json"]
    asked += [word for lock in LOCKS for word in ("-r", str(lock))]
    answer = subprocess.run(asked, capture_output=True, text=True)
    try:
        told = json.loads(answer.stdout)["dependencies"]
    except (ValueError, KeyError):
        return {}
    known = (one for one in told if "skip_reason" not in one)
    return {
        one["name"]: " ".join(sorted(found["id"] for found in one["vulns"])) or "none"
        for one in known
    }


def refresh() -> None:
    """Ask the index for the last release of each package, and for advisories of what is locked."""
    before, today = known() if KNOWN.is_file() else {}, date.today().isoformat()
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(PROJECT / "pyproject.toml", folder)
        Path(folder, "helpers").mkdir()
        subprocess.run(["uv", "lock", "--quiet"], cwd=folder, check=True)
        solved = tomllib.loads(Path(folder, "uv.lock").read_text())["package"]
    advised, rows = advisories(), []
    for one in solved:
        if (package := one["name"]) not in locked():
            continue
        files = [*one.get("wheels", ()), *filter(None, [one.get("sdist")])]
        released = min(file["upload-time"] for file in files)[:10]
        licence = licence_of(package) or before.get(package, {}).get("licence", "")
        told = advised.get(package, UNKNOWN)
        rows.append([package, one["version"], released, licence, told, today])
    with KNOWN.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows([COLUMNS, *sorted(rows)])


def amiss() -> Iterator[str]:
    """Say what a person should look at."""
    told = known()
    for package, version in locked().items():
        row = told.get(package)
        if row is None:
            yield f"{package} {version} is not in {KNOWN.name}: run with --refresh"
            continue
        if row["last"] != version:
            yield f"{package} {version}: {row['last']} was released on {row['released']}"
        if row["advisories"] not in ("none", UNKNOWN):
            yield f"{package} {version}: {row['advisories']}"
    if any(row["advisories"] == UNKNOWN for row in told.values()):
        yield "advisories are not known: run with --refresh where the network is open"


def main() -> int:
    if "--lock" in sys.argv[1:]:
        lock()
    if "--refresh" in sys.argv[1:]:
        refresh()
    told = known()
    for package, version in sorted(locked().items()):
        row = told.get(package, dict.fromkeys(COLUMNS, "?"))
        shown = (row["released"], row["advisories"], row["licence"])
        print(f"{package:32} {version:16}", *shown, sep="  ")
    print(*amiss(), sep="\n", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
