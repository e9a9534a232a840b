"""The figures of README: measured on gold, kept in data/figures.csv, written into its table."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from helpers.store import tables
from helpers.store.paths import DATA, PROJECT
from helpers.study import accuracy

FILE = DATA / "figures.csv"
README = PROJECT / "README.md"
BEGIN, END = "<!-- figures -->\n", "<!-- /figures -->"
KEYS = ["part", "corpus", "measure"]
HEAD = "| what | this program (95 % interval) | of | people | best other tool |\n"
RULE = "|---|---|---|---|---|\n"


def measure(gold: str | Path) -> pd.DataFrame:
    """Measure the figures of data/figures.csv again on the corpora in the folder `gold`.

    One row is one, in percent, with its interval and n; `said` is what README calls it. Raises
    ValueError when one cannot be measured, as its corpus is not there.
    """
    kept = read()
    found = accuracy.to_figures(accuracy.measure_gold(gold, sorted(set(kept["part"]))))
    told = kept[["said", *KEYS]].merge(found, on=KEYS, how="left", validate="one_to_one")
    if (absent := told["value"].isna()).any():
        lacking = ", ".join(told.loc[absent, "corpus"].unique())
        raise ValueError(f"not measured, as it is not in {gold}: {lacking}")
    return told.round({name: 1 for name in ("value", "low", "high")})


def read() -> pd.DataFrame:
    """Read the figures as they were last measured; one row is one."""
    return pd.read_csv(FILE)


def write_table(figures: pd.DataFrame) -> str:
    """Write figures as README shows them, with what people and the best other tool reach."""
    lines = []
    peers = accuracy.read_peers()
    for row in figures.itertuples():
        same = (peers["corpus"] == row.corpus) & (peers["measure"] == row.measure)
        people = peers.loc[same & (peers["kind"] == "people"), "value"]
        tools = peers[same & (peers["kind"] != "people")].sort_values("value").tail(1)
        best = [f"{tool.value:.0f}, {tool.system}" for tool in tools.itertuples()]
        ours = f"{row.value:.0f} ({row.low:.0f} to {row.high:.0f})"
        beside = f"{people.max():.0f}" if len(people) else ""
        of = f"{row.n:,} {row.unit}"
        lines.append(f"| {row.said} | {ours} | {of} | {beside} | {''.join(best)} |\n")
    return HEAD + RULE + "".join(lines)


def put_table(text: str, table: str) -> str:
    """Return README's text with a table in place of the one between its two marks."""
    before, _, rest = text.partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        raise ValueError(f"README.md lacks the marks {BEGIN.strip()} and {END}")
    return f"{before}{BEGIN}{table}{END}{after}"


def main(arguments: Sequence[str]) -> int:
    """Measure all figures, write them to data/figures.csv and into README; return 0."""
    parser = argparse.ArgumentParser(prog="python -m helpers bench --figures", description=__doc__)
    parser.add_argument("gold", help="folder of the public corpora (data/corpora.csv says which)")
    figures = measure(parser.parse_args(arguments).gold)
    tables.write_text(tables.to_csv(figures), FILE)
    tables.write_text(put_table(README.read_text("utf-8"), write_table(figures)), README)
    print(f"{len(figures)} figures are in {FILE.name} and README.md")
    return 0
