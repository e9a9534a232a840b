"""Who says what about whom: the statements of each pair, with what a model makes of each."""

from __future__ import annotations

from html import escape

import pandas as pd

from helpers.show.drawing import BLUE, GREY, ORANGE
from helpers.show.reader import Markup, write_passage

SIDES = {"negative": f"solid {ORANGE}", "neutral": f"solid {GREY}", "positive": f"solid {BLUE}"}
UNSURE = f"dashed {GREY}"
OPEN = 1  # pairs that are unfolded


def add_verdict(aimed: pd.DataFrame) -> pd.DataFrame:
    """Add `verdict`: what the model makes of a statement, and with which probability.

    Needs the column of `attitudes.add_judged`.
    """
    sure = aimed["confidence"].map("{:.2f}".format).astype("str")
    judged = aimed["judged_as"].astype("str") + ", probability " + sure
    unsure = "not sure; likeliest " + aimed["polarity"].astype("str") + ", probability " + sure
    return aimed.assign(verdict=judged.where(aimed["judged_as"] != "", unsure))


def choose_pairs(aimed: pd.DataFrame, top: int, each: int = 3) -> pd.DataFrame:
    """Choose the pairs with most statements and of each the first statements, as they stand."""
    keys = ["speaker", "target"]
    sizes = aimed.groupby(keys)["article_id"].transform("size")
    ordered = aimed.assign(size=sizes).sort_values(
        ["size", *keys], ascending=[False, True, True], kind="stable"
    )
    numbers = ordered.groupby(keys, sort=False).ngroup()
    shown = ordered[numbers < top] if top else ordered
    return shown[shown.groupby(keys).cumcount() < each]


def write_pairs(chosen: pd.DataFrame, opened: pd.DataFrame) -> Markup:
    """Write each pair as a disclosure with its statements, coloured by what is judged of them.

    `chosen` are rows of `choose_pairs`, `opened` the sentences behind them, of which `verdict` is
    told. Colour is never alone: the verdict stands over each.
    """
    if chosen.empty:
        return Markup("<p>No statement about a named target.</p>")
    written = []
    groups = chosen.reset_index(drop=True).groupby(["speaker", "target"], sort=False)
    for place, ((speaker, target), rows) in enumerate(groups):
        items = []
        for row in rows.itertuples():
            side = SIDES.get(row.judged_as, UNSURE)
            passage = write_passage(opened.iloc[row.Index].to_dict())
            items.append(f'<div style="border-left:4px {side}; padding-left:0.8em">{passage}</div>')
        size = rows["size"].iloc[0]
        more = f", {len(rows)} of them here" if size > len(rows) else ""
        written.append(
            f"<details{' open' * (place < OPEN)}><summary>{escape(speaker)} about "
            f"{escape(target)} ({size:,}{more})</summary>{''.join(items)}</details>"
        )
    return Markup("".join(written))
