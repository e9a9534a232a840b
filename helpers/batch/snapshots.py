"""Snapshots: what comparisons need of the builds that a batch has read, kept beside its reports."""

from __future__ import annotations

import os
import shutil
import tempfile
from datetime import datetime
from pathlib import Path

from helpers.batch import subsets
from helpers.batch.batchfile import make_slug
from helpers.measure import comparisons

SNAPSHOTS = ".snapshots"
KEPT = 24  # of each corpus


def keep(folder: Path, tables_folder: str) -> None:
    """Keep a snapshot of these tables, unless there is one of what they hold; drop the oldest."""
    digest = subsets.hash_tables(tables_folder)
    place = folder / SNAPSHOTS / make_slug(Path(tables_folder).name, 80)
    if any(path.name.endswith(digest[:12]) for path in _find(place)):
        return
    place.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=".part-", dir=place))
    try:
        comparisons.write_snapshot(tables_folder, scratch)
        os.replace(scratch, place / f"{datetime.now():%Y%m%d-%H%M%S-%f}-{digest[:12]}")
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    for old in _find(place)[:-KEPT]:
        shutil.rmtree(old, ignore_errors=True)


def find_previous(folder: Path, tables_folder: str, digest: str) -> str:
    """Return the newest snapshot of these tables that holds something else; "" without one."""
    if not tables_folder:
        return ""
    place = folder / SNAPSHOTS / make_slug(Path(tables_folder).name, 80)
    other = [path for path in _find(place) if not path.name.endswith(digest[:12])]
    return str(other[-1]) if other else ""


def _find(place: Path) -> list[Path]:
    """Return the snapshots of a corpus, the oldest first."""
    return sorted(path for path in place.glob("[0-9]*") if path.is_dir())
