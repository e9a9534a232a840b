"""Shares with their intervals, and the words that name the largest; a docstring says what a row is.

Shares of articles carry Wilson's interval, shares of attributions or words the same at the
effective sample size of their articles: `intervals` says how, and gives the sources.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import pandas as pd

from helpers.measure.intervals import clustered_interval, effective_size, wilson_interval

NOTHING, NONE = "nothing to count", "none"


def add_article_share(counts: pd.DataFrame, n_articles: int | pd.Series) -> pd.DataFrame:
    """Add n, share, low and high: the part of the articles in `articles`, with Wilson's interval.

    `n_articles` is one number, or a Series of numbers whose index name is a column of `counts`
    (for instance the articles of each outlet).
    """
    n = n_articles
    if isinstance(n_articles, pd.Series):
        n = counts[n_articles.index.name].map(n_articles).astype("int64")
    shared = counts.assign(n=n)
    low, high = wilson_interval(shared["articles"], shared["n"])
    share = shared["articles"] / shared["n"].where(shared["n"] > 0)
    return shared.assign(share=share.astype(float), low=low, high=high)


def measure_shares(
    frame: pd.DataFrame, column: str, by: str = "", weight: str = ""
) -> pd.DataFrame:
    """Measure what part of the rows (or of their words) each value of `column` has.

    Parameters
    ----------
    frame
        Rows with an article_id, for instance attributions.
    column
        The category whose values share the rows.
    by
        A column whose values are measured apart, each adding up to 1.
    weight
        A column of numbers, for instance words, to add up instead of counting rows.

    Returns
    -------
    One row per value of `column` (and of `by`; a value that a group lacks has a share of 0):
    count, n (what it is a part of), articles (with that value), share, low, high; the value with
    the largest share of all comes first.
    """
    needed = dict.fromkeys(["article_id", column, *([by] if by else [])])
    rows = frame[list(needed)].assign(_size=frame[weight].astype(float) if weight else 1.0)
    order = rows.groupby(column)["_size"].sum().sort_values(ascending=False, kind="stable").index
    groups = rows.groupby(by, sort=True) if by else [("", rows)]
    found = [
        {**({by: name} if by else {}), column: value, **measured}
        for name, group in groups
        for value, measured in _shares_of(group, column, order)
    ]
    columns = [*([by] if by else []), column, "count", "n", "articles", "share", "low", "high"]
    shares = pd.DataFrame(found, columns=columns)
    return shares.astype({"count": "int64", "n": "int64", "articles": "int64"})


def _shares_of(rows: pd.DataFrame, column: str, values: Iterable[str]) -> Iterator[tuple]:
    """Yield each value of `column` with its measured share of the rows, articles as clusters.

    A value that all articles have, or none, shows nothing of how much articles differ: it takes
    the smallest effective size of the other values, or else the number of articles.
    """
    article, ids = pd.factorize(rows["article_id"])
    weight = rows["_size"].to_numpy(dtype=float)
    sizes = np.bincount(article, weight, minlength=len(ids))
    number = np.bincount(article, minlength=len(ids))
    total = sizes.sum()
    hits, spread, effective = {}, {}, {}
    for value in values:
        held = (rows[column] == value).to_numpy()
        found = np.bincount(article[held], weight[held], minlength=len(ids))
        hits[value] = found.sum()
        spread[value] = np.count_nonzero(np.bincount(article[held], minlength=len(ids)))
        effective[value] = effective_size(found, sizes, number)
    known = [size for size in effective.values() if not np.isnan(size)]
    least = min(known, default=len(ids))
    for value, hit in hits.items():
        size = least if np.isnan(effective[value]) else effective[value]
        share = float(hit / total) if total else np.nan
        low, high = clustered_interval(share, size, len(ids))
        counted = {"count": round(hit), "n": round(total), "articles": spread[value]}
        yield value, {**counted, "share": share, "low": low, "high": high}


def measure_room(frame: pd.DataFrame, column: str) -> pd.DataFrame:
    """Measure shares of statements and once more of their words; one row is a value and `measure`.

    See `measure_shares`. Where the two differ, a group has more room than statements.
    """
    measured = {
        "attributions": measure_shares(frame, column),
        "words": measure_shares(frame, column, weight="words"),
    }
    room = pd.concat(measured, names=["measure"]).reset_index("measure")
    return room.reset_index(drop=True)


def percent(share: float) -> str:
    """Write a share as a whole percentage; what is neither 0 nor 1 is not rounded to them."""
    if np.isnan(share):
        return "no part"
    if 0 < share < 0.005:
        return "<1%"
    return ">99%" if 0.995 <= share < 1 else f"{share:.0%}"


def say_part(held: pd.Series) -> str:
    """Say of what part something holds ("42%"), given whether it does."""
    return percent(held.mean())


def name_leaders(counts: pd.DataFrame, column: str, most: int = 4) -> str:
    """Name the row with the largest share and every row whose interval reaches it, for a title.

    Equal shares are joined by "and"; the others follow after "too close to call". Of a long list
    the first `most` are named and the rest counted.
    """
    drawn = counts.dropna(subset=["share"])
    if drawn.empty:
        return NOTHING
    top = drawn["share"].max()
    if top <= 0:
        return NONE
    first = drawn["share"] == top
    near = ~first & (drawn["high"] >= top)
    leaders = enumerate_names(drawn.loc[first, column], most)
    if not near.any():
        return leaders
    others = drawn[near].sort_values("share", ascending=False, kind="stable")[column]
    return f"{leaders}; too close to call: {enumerate_names(others, most)}"


def name_most(counts: pd.DataFrame, column: str, value: str) -> str:
    """Name the row or rows with the largest number in `value`, for a title about counts."""
    if counts.empty:
        return NOTHING
    totals = counts.groupby(column)[value].sum()
    most = totals.max()
    if most <= 0:
        return NONE
    return f"{enumerate_names(totals.index[totals == most], 3)} ({most:,.0f})"


def name_leaders_by(counts: pd.DataFrame, column: str, by: str) -> str:
    """Name the row with the largest share within each `by` ("Courier: A; Gazette: B and C").

    When it is the same in all of several, it is named once ("A, in all 4").
    """
    groups: dict[str, list[str]] = {}
    for name, group in counts.dropna(subset=["share"]).groupby(by, sort=True):
        top = group["share"].max()
        leaders = enumerate_names(group.loc[group["share"] == top, column], 3) if top > 0 else NONE
        groups.setdefault(leaders, []).append(name)
    if len(groups) == 1 and len(names := next(iter(groups.values()))) > 1:
        return f"{next(iter(groups))}, in all {len(names)}"
    named = [f"{enumerate_names(names, 3)}: {leaders}" for leaders, names in groups.items()]
    return "; ".join(named) or NOTHING


def name_weakest(frame: pd.DataFrame, column: str, value: str) -> str:
    """Name the row with the smallest number in `value`, with that number, for a title."""
    known = frame.dropna(subset=[value])
    if known.empty:
        return "nothing to compare"
    least = known.loc[known[value].astype(float).idxmin()]
    return f"{least[column]} ({least[value]:.2f})"


def name_most_moved(corrected: pd.DataFrame, column: str) -> str:
    """Name the category whose corrected share lies furthest from the uncorrected one."""
    known = corrected.dropna(subset=["corrected"])
    if known.empty:
        return "nothing is coded yet"
    change = known["corrected"] - known["share"]
    most = known.loc[change.abs().idxmax()]
    return f"{most[column]}, {most['share']:.0%} as counted, {most['corrected']:.0%} corrected"


def enumerate_names(names: Iterable[str], most: int) -> str:
    """Join names in a row of words; of more than `most` the first are named, the rest counted."""
    names = list(names)
    shown, rest = (names, 0) if len(names) <= most else (names[: most - 1], len(names) - most + 1)
    parts = [*shown, *([f"{rest} more"] if rest else [])]
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
