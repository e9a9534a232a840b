"""The page over a batch: what its selections of articles have in common and where they differ."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import datetime
from io import BytesIO
from pathlib import Path

import pandas as pd

from helpers.batch import report, snapshots
from helpers.batch.batchfile import BEFORE
from helpers.batch.jobs import Figure, Outcome, Run
from helpers.measure import comparisons
from helpers.show import charts
from helpers.store import tables

MOST_DRAWN = 40  # selections beyond which only the table is shown


def write_index(
    runs: list[Run], found: list[Outcome], corpora: dict[str, str], began: datetime, folder: Path
) -> bool:
    """Write `index.html` over all runs; `corpora` names each run's folder of tables."""
    finished = {outcome.name: outcome for outcome in found if outcome.finished}
    chosen: dict[tuple, Run] = {}
    for run in runs:
        if run.name in finished and corpora.get(run.name):
            read = finished[run.name].parameters["corpus"] if run.subset else corpora[run.name]
            chosen.setdefault(_selection(run, read), run)
    compared = {corpora.get(run.name, "") for run in runs if BEFORE in run.defaults}
    for tables_folder in filter(None, compared):
        snapshots.keep(folder, tables_folder)
    page = report.render_index(runs[0].batch, found, began, _headline(chosen))
    tables.write_text(page, folder / "index.html")
    return True


def _selection(run: Run, corpus: str) -> tuple:
    """Return what decides which statements a run is about."""
    outlets, roles = (tuple(run.given(name) or ()) for name in ("outlets", "roles"))
    return corpus, outlets, run.given("since") or "", run.given("until") or "", roles


def _headline(chosen: dict[tuple, Run]) -> report.Headline | None:
    """Measure each selection and draw one small panel a measure; None without any selection."""
    measured = []
    for selection, run in chosen.items():
        build = comparisons.read_build(*selection)
        name = _name(run, *selection[1:4])
        measured.append(comparisons.measure_headlines(build).assign(selection=name))
    if not measured:
        return None
    shares = pd.concat(measured, ignore_index=True)
    figure = _draw(shares) if shares["selection"].nunique() <= MOST_DRAWN else None
    return report.Headline(figure, list(_say(shares)))


def _name(run: Run, outlets: tuple, since: str, until: str) -> str:
    """Name a selection of articles as a reader would."""
    if run.stands_for:
        return ", ".join(value or "none" for value in run.stands_for.values())
    days = " to ".join(filter(None, (since, until)))
    return ", ".join(filter(None, (" and ".join(outlets), days))) or "all articles"


def _draw(shares: pd.DataFrame) -> Figure:
    """Draw one panel a measure, one row a selection, with the articles as a whole in front."""
    axes = charts.plot_share_panels(shares, "selection", "measure", count="count")
    figure = axes.figure
    picture = BytesIO()
    figure.savefig(picture, format="png", dpi=charts.DPI)
    selections = shares["selection"].nunique()
    alt = (
        f"Dot charts of {shares['measure'].nunique()} shares in {selections} "
        f"selection{'' if selections == 1 else 's'} of articles, the numbers in the table below."
    )
    return Figure(base64.b64encode(picture.getvalue()).decode(), alt)


def _say(shares: pd.DataFrame) -> Iterator[dict[str, str]]:
    for row in shares.itertuples():
        none = row.n == 0
        yield {
            "selection": row.selection,
            "measure": row.measure,
            "share": "" if none else charts.percent(row.share),
            "interval": "" if none else f"{charts.percent(row.low)} to {charts.percent(row.high)}",
            "n": f"{row.n:,} {row.of}",
        }
