"""What earlier commits measured: each measure's value where it changed, in data/bench.csv."""

from __future__ import annotations

import subprocess
from datetime import date

import pandas as pd

from helpers.store import tables
from helpers.store.paths import DATA, PROJECT

HISTORY = DATA / "bench.csv"
COLUMNS = {"measure": str, "value": float, "commit": str, "date": str}
KEPT = 10  # commits of each measure
SAME = 0.05  # of a value: what differs by less has not changed


def read_history() -> pd.DataFrame:
    """Return what was recorded: one row is a measure at a commit, the oldest first."""
    return pd.read_csv(HISTORY, dtype=COLUMNS)


def say_earlier(measure: str, history: pd.DataFrame) -> str:
    """Write the values of a measure and their commits: "3.5 (9aafada), 1.4 (84dfce9)"."""
    rows = history[history["measure"] == measure].itertuples()
    return ", ".join(f"{row.value:,.3g} ({row.commit})" for row in rows)


def add_measured(history: pd.DataFrame, measured: pd.DataFrame, commit: str) -> pd.DataFrame:
    """Return the history with each value that has changed, the last KEPT of each measure."""
    last = history.groupby("measure")["value"].last()
    now = measured.dropna(subset=["value"])
    before = now["measure"].map(last)
    changed = ~((now["value"] - before).abs() <= SAME * before.abs())
    new = now.loc[changed, ["measure", "value"]]
    new = new.assign(commit=commit, date=date.today().isoformat())
    return pd.concat([history, new]).groupby("measure", sort=False).tail(KEPT)


def record(measured: pd.DataFrame) -> None:
    """Add what was measured of this commit to the history."""
    asked = ["git", "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(asked, cwd=PROJECT, capture_output=True, text=True, check=True).stdout
    whole = add_measured(read_history(), measured, commit.strip())
    whole = whole.assign(value=whole["value"].map("{:.4g}".format))
    tables.write_text(whole.to_csv(index=False, lineterminator="\n"), HISTORY)
