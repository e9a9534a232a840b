"""Agreement of coders, Krippendorff's alpha; the tool measured by what they settle on.

Ratings are long frames: one row is what one coder wrote for one unit and one variable, with the
columns unit, article_id, coder, variable and value ("" is not coded). Alpha is that of
Krippendorff, Content Analysis (4th ed., ch. 12) and "Computing Krippendorff's Alpha-Reliability"
(2011), for any number of coders and missing values. Its interval resamples the units by article.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from helpers.measure.select import lay_out
from helpers.measure.shares import (
    clustered_interval,
    draw_clusters,
    effective_size,
    expanded_tail,
    wilson_interval,
)
from helpers.store import tables

NOT_ONE = "(no statement)"
NOMINAL, ORDINAL = "nominal", "ordinal"
SIDES = ("found", "value")
UNDEFINED = "undefined: nothing varies"
TOO_FEW = "undefined: no unit coded twice"


class Alpha(NamedTuple):
    """The agreement on one variable, of the units that two coders or more have coded.

    `agreement` is the share of pairs of coders that wrote the same, low and high the ends of
    alpha's 95 % interval (articles resampled), and `note` says why alpha is undefined where it is.
    """

    variable: str
    units: int
    articles: int
    coders: int
    agreement: float = np.nan
    alpha: float = np.nan
    low: float = np.nan
    high: float = np.nan
    note: str = ""


def tabulate(ratings: pd.DataFrame, variable: str) -> pd.DataFrame:
    """Lay out the ratings of one variable: one row is one unit, one column one coder."""
    chosen = ratings[(ratings["variable"] == variable) & (ratings["value"] != "")]
    return chosen.set_index(["unit", "article_id", "coder"])["value"].unstack("coder")  # noqa: PD010


def krippendorff_alpha(
    table: pd.DataFrame, metric: str = NOMINAL, order: Sequence[str] = ()
) -> float:
    """Return alpha of a table of units by coders, missing values as NaN; NaN where undefined.

    `metric` says how far two values are apart: nominal (equal or not) or ordinal (by the values
    between them, in `order`). Raises ValueError for a value outside `order`.
    """
    counts = _counts(table, order)
    return float(_alphas(counts, np.ones((1, len(counts))), metric)[0])


def _counts(table: pd.DataFrame, order: Sequence[str]) -> np.ndarray:
    """Count how often each unit was given each value, for units with at least two values."""
    written = set(table.to_numpy(dtype=object)[table.notna().to_numpy()])
    values = list(order) or sorted(written)
    outside = written - set(values)
    if outside:
        raise ValueError(f"{sorted(map(str, outside))[0]!r} is none of {list(order)}")
    counts = np.zeros((len(table), len(values)))
    for place, value in enumerate(values):
        counts[:, place] = (table == value).sum(axis=1)
    return counts[counts.sum(axis=1) > 1]


def _differing(counts: np.ndarray) -> np.ndarray:
    """Return each unit's ordered pairs of values that differ, over its values less 1."""
    values = counts.sum(axis=1)
    return (values**2 - (counts**2).sum(axis=1)) / (values - 1)


def _alphas(counts: np.ndarray, weights: np.ndarray, metric: str) -> np.ndarray:
    """Return alpha of the units, each taken as often as one row of `weights` says, for each row."""
    held = weights @ counts
    n = held.sum(axis=1)
    if metric == ORDINAL:
        size = counts.shape[1]
        pairs = counts[:, :, None] * counts[:, None, :] / (counts.sum(axis=1) - 1)[:, None, None]
        together = (weights @ pairs.reshape(-1, size * size)).reshape(-1, size, size)
        until = np.cumsum(held, axis=1) - held / 2
        apart = (until[:, :, None] - until[:, None, :]) ** 2
        observed = (together * apart).sum(axis=(1, 2))
        expected = (held[:, :, None] * held[:, None, :] * apart).sum(axis=(1, 2))
    else:
        observed, expected = weights @ _differing(counts), n**2 - (held**2).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(expected > 0, 1 - (n - 1) * observed / expected, np.nan)


def measure_alpha(
    ratings: pd.DataFrame, variable: str, metric: str = NOMINAL, order: Sequence[str] = ()
) -> Alpha:
    """Measure the agreement on one variable.

    Where no two coders ever differ, `low` is the alpha that a share of differing pairs at the end
    of its Wilson interval would give.
    """
    table = tabulate(ratings, variable)
    twice = table[table.notna().sum(axis=1) > 1]
    articles, ids = pd.factorize(twice.index.get_level_values("article_id"))
    told = Alpha(variable, len(twice), len(ids), int(twice.notna().any().sum()), note=TOO_FEW)
    if twice.empty:
        return told
    counts = _counts(twice, order)
    held = counts.sum(axis=0)
    told = told._replace(agreement=float(1 - _differing(counts).sum() / held.sum()))
    alpha = krippendorff_alpha(twice, metric, order)
    if np.isnan(alpha):
        return told._replace(note=UNDEFINED)
    low = high = np.nan
    if told.agreement == 1:
        n, most = held.sum(), float(wilson_interval(0, len(twice))[1])
        by_chance = 1 - (held * (held - 1)).sum() / (n * (n - 1))
        low, high = max(1 - most / by_chance, -1.0), 1.0
    elif len(ids) > 1:
        alphas = _alphas(counts, draw_clusters(len(ids))[:, articles], metric)
        tail = expanded_tail(len(ids))
        low, high = np.nanquantile(alphas, [tail, 1 - tail])
    low, high = min(float(low), alpha), max(float(high), alpha)
    return told._replace(alpha=alpha, low=low, high=high, note="")


def measure_agreement(
    ratings: pd.DataFrame, orders: Mapping[str, Sequence[str]] | None = None
) -> pd.DataFrame:
    """Measure the agreement on every variable; one row is one variable, as in `measure_alpha`.

    `orders` gives the values of ordinal variables from lowest to highest.
    """
    orders = orders or {}
    rows = [
        measure_alpha(ratings, name, ORDINAL if name in orders else NOMINAL, orders.get(name, ()))
        for name in dict.fromkeys(ratings["variable"])
    ]
    return pd.DataFrame(rows, columns=Alpha._fields)


def read_codes(file: str | Path) -> pd.DataFrame:
    """Read codes that somebody made elsewhere as ratings, from a CSV of units by coders.

    One row is one unit and one column one coder; the column unit, or
    else the first, names the units, and article_id may tell which belong together. With the columns
    unit, coder and value one row is one code, of one `variable` where that is a column. An empty
    cell is not coded. Raises FileNotFoundError, and ValueError for fewer than two coders.
    """
    path = Path(file)
    if not path.is_file():
        raise FileNotFoundError(f"no table {path}: give the path of a CSV of units by coders")
    table = tables.read_csv(path, dtype="str", na_values=[]).rename(columns=str.strip)
    table = table.assign(variable=table.get("variable", path.stem))
    if not {"unit", "coder", "value"} <= set(table):
        unit = "unit" if "unit" in table else str(table.columns[0])
        known = table.rename(columns={unit: "unit"})
        keys = [name for name in ("unit", "article_id", "variable") if name in known]
        table = known.melt(keys, var_name="coder", value_name="value")
    table = table.assign(article_id=table.get("article_id", table["unit"]))
    table["value"] = table["value"].str.strip()
    if table.loc[table["value"] != "", "coder"].nunique() < 2:
        raise ValueError(
            f"{path} has no two coders: its first column is to name the units, and each further "
            "column to hold the codes of one coder"
        )
    twice = table.duplicated(["unit", "coder", "variable"])
    if twice.any():
        raise ValueError(f"{path} has {table.loc[twice, 'unit'].iloc[0]!r} twice: once is needed")
    return lay_out("ratings", table)


def measure_table(file: str | Path, order: Sequence[str] = ()) -> pd.DataFrame:
    """Measure the agreement of coders in a table made elsewhere: `read_codes`, then alpha.

    `order` gives the values from lowest to highest where they are ordinal; else they are nominal.
    One row is one variable, as in `measure_alpha`.
    """
    ratings = read_codes(file)
    orders = dict.fromkeys(ratings["variable"], order) if len(order) else {}
    return measure_agreement(ratings, orders)


def count_confusion(ratings: pd.DataFrame, variable: str) -> pd.DataFrame:
    """Count which values pairs of coders wrote for the same unit; one row is one pair of values.

    Columns: first, second (in the order of the alphabet: who wrote which does not matter), units.
    """
    table = tabulate(ratings, variable)
    pairs = [table[list(two)].dropna() for two in combinations(table.columns, 2)]
    written = [np.sort(pair.to_numpy(dtype=str), axis=1) for pair in pairs if len(pair)]
    both = pd.DataFrame(
        np.concatenate(written) if written else np.empty((0, 2), dtype=str),
        columns=["first", "second"],
    )
    counts = both.value_counts().rename("units").reset_index()
    return counts.sort_values(["units", "first", "second"], ascending=[False, True, True])


def settle(ratings: pd.DataFrame) -> pd.DataFrame:
    """Settle each unit's value by majority; one row is one unit and variable.

    Columns: unit, article_id, variable, value ("" where coders are divided without a majority),
    coders, divided.
    """
    written = ratings[ratings["value"] != ""]
    keys = ["unit", "article_id", "variable"]
    votes = written.groupby([*keys, "value"]).size().rename("votes").reset_index()
    most = votes.groupby(keys)["votes"].transform("max")
    leading = votes[votes["votes"] == most]
    settled = leading.groupby(keys).agg(value=("value", "first"), leaders=("value", "size"))
    settled["coders"] = votes.groupby(keys)["votes"].sum()
    settled["divided"] = votes.groupby(keys).size() > 1
    settled["value"] = settled["value"].where(settled["leaders"] == 1, "")
    return settled.drop(columns="leaders").reset_index()


def measure_accuracy(coded: pd.DataFrame, categories: Sequence[str] = ()) -> pd.DataFrame:
    """Measure the tool against settled codes; one row is one category.

    Parameters
    ----------
    coded
        One row per unit: article_id, `value` (settled), `found` (the tool's) and `weight` (how
        many units of the corpus it stands for; 1 where there is no such column).
    categories
        Categories to list; by default every value that either has.

    Returns
    -------
    category, coded and found (units of the sample), precision, recall and f1 (weighted), with
    precision_low, precision_high, recall_low, recall_high (95 %, articles as clusters). What
    cannot be measured is NaN. A last row, "all", has the share of units where both are the same
    as precision, recall and f1.
    """
    weight = coded["weight"] if "weight" in coded else pd.Series(1.0, index=coded.index)
    units = coded.assign(weight=weight.astype(float), same=coded["value"] == coded["found"])
    names = list(categories) or sorted({*units["value"], *units["found"]} - {""})
    rows = []
    for name in [*names, "all"]:
        said, meant = (units if name == "all" else units[units[side] == name] for side in SIDES)
        precision, recall = _weighted_share(said), _weighted_share(meant)
        total = precision[0] + recall[0]
        f1 = 2 * precision[0] * recall[0] / total if total else total
        rows.append((name, len(meant), len(said), *precision, *recall, f1))
    return lay_out("categories", rows)


def _weighted_share(units: pd.DataFrame) -> tuple[float, float, float]:
    """Return the weighted share of units with `same`, with its interval by article."""
    if units.empty:
        return np.nan, np.nan, np.nan
    article, ids = pd.factorize(units["article_id"])
    weight = units["weight"].to_numpy()
    sizes = np.bincount(article, weight)
    hits = np.bincount(article, weight * units["same"].to_numpy())
    share = float(hits.sum() / sizes.sum())
    size = effective_size(hits, sizes, np.bincount(article))
    if np.isnan(size):
        size = float(weight.sum() ** 2 / (weight**2).sum())
    return share, *clustered_interval(share, size, len(ids))
