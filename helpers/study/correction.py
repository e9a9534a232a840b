"""Shares corrected for the tool's measured mistakes, with intervals, beside the uncorrected ones.

Within each category that the tool gave, coders' codes of a random sample say what its rows really
are; the corrected share adds these up over the corpus (double sampling: Tenenbein 1970, "A double
sampling scheme for estimating from binomial data with misclassifications", JASA 65). The interval
adds the doubt of the coded sample to that of the corpus, each by linearisation with articles as
clusters. Units that coders call no statement leave the corpus; statements that the tool missed
are not put in: how many these are, `sampling` measures apart.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from helpers.measure.intervals import clustered_interval
from helpers.measure.shares import measure_shares

NOT_ONE = "(no statement)"
COLUMNS = ["count", "n", "share", "low", "high", "corrected", "corrected_low", "corrected_high"]


def measure_corrected(
    rows: pd.DataFrame, coded: pd.DataFrame, column: str, categories: Sequence[str] = ()
) -> pd.DataFrame:
    """Measure the share of each category as the tool has it, and as the coded sample corrects it.

    Parameters
    ----------
    rows
        The corpus: article_id and `column`, the tool's category.
    coded
        The coded sample of it: article_id, `found` (the tool's category), `value` (the settled
        one; NOT_ONE for no statement, "" for undecided, which is left out) and, where units were
        not drawn with the same chance, `weight` (how many rows each stands for).
    categories
        Categories to list beside those of `rows` and `coded`.

    Returns
    -------
    One row is one category, the largest corrected share first: the columns of `measure_shares`
    without articles; corrected, corrected_low, corrected_high; `checked`, the coded units that
    the tool gave this category; and `unchecked`, the part of the corpus (the same in every row) in
    categories of which no unit was coded, which are taken as the tool has them. Without any coded
    unit the corrected columns are NaN.
    """
    coded = coded[coded["value"] != ""]
    names = [*rows[column], *coded["found"], *coded["value"], *categories]
    names = [name for name in dict.fromkeys(names) if name != NOT_ONE]
    plain = measure_shares(rows, column).set_index(column)
    if len(plain):
        plain = plain.reindex(names)
        plain["n"] = plain["n"].fillna(len(rows)).astype("int64")
        plain["count"] = plain["count"].fillna(0).astype("int64")
        plain[["share", "low"]] = plain[["share", "low"]].fillna(0.0)
    found = _Sample(rows, coded, column, names) if len(coded) and len(rows) else None
    told = []
    for name in names if len(plain) else []:
        row = {column: name, **plain.loc[name, ["count", "n", "share", "low", "high"]]}
        share, low, high = found.correct(name) if found else (np.nan,) * 3
        row |= {"corrected": share, "corrected_low": low, "corrected_high": high}
        row |= {"checked": int((coded["found"] == name).sum())}
        told.append(row | {"unchecked": found.unchecked if found else 1.0})
    corrected = pd.DataFrame(told, columns=[column, *COLUMNS, "checked", "unchecked"])
    corrected = corrected.astype({"count": "int64", "n": "int64", "checked": "int64"})
    order = ["corrected", "share"]
    return corrected.sort_values(order, ascending=False, kind="stable").reset_index(drop=True)


class _Sample:
    """A corpus and its coded sample, laid out by the tool's categories (the strata)."""

    def __init__(self, rows: pd.DataFrame, coded: pd.DataFrame, column: str, names: Sequence[str]):
        weight = coded["weight"] if "weight" in coded else pd.Series(1.0, index=coded.index)
        self.strata = list(dict.fromkeys([*rows[column], *coded["found"]]))
        place = {name: number for number, name in enumerate(self.strata)}
        self.row_stratum = rows[column].map(place).to_numpy()
        self.row_article = pd.factorize(rows["article_id"])[0]
        self.stratum = coded["found"].map(place).to_numpy()
        self.article, ids = pd.factorize(coded["article_id"])
        self.articles = len(ids)
        self.weight = weight.to_numpy(dtype=float)
        self.value = coded["value"].to_numpy()
        self.part = np.bincount(self.row_stratum, minlength=len(place)) / len(rows)
        self.total = np.bincount(self.stratum, self.weight, minlength=len(place))
        self.units = np.bincount(self.stratum, minlength=len(place))
        self.unchecked = float(self.part[self.units == 0].sum())
        self.valid = self._rate(self.value != NOT_ONE, np.ones(len(place)))

    def _rate(self, held: np.ndarray, otherwise: np.ndarray) -> np.ndarray:
        """Return the weighted share of each stratum's coded units that `held` is true of."""
        hits = np.bincount(self.stratum, self.weight * held, minlength=len(self.strata))
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.total > 0, hits / self.total, otherwise)

    def correct(self, name: str) -> tuple[float, float, float]:
        """Return the corrected share of one category with its interval."""
        own = np.array([stratum == name for stratum in self.strata], dtype=float)
        rate = self._rate(self.value == name, own)
        valid = float(self.part @ self.valid)
        if valid <= 0:
            return np.nan, 0.0, 1.0
        share = float(self.part @ rate / valid)
        variance = max(self._coded_variance(name, rate, share), self._least_variance(rate))
        variance = (variance + self._corpus_variance(rate, share)) / valid**2
        inside = min(max(share, 1e-3), 1 - 1e-3)
        effective = inside * (1 - inside) / variance if variance > 0 else float(self.units.sum())
        low, high = clustered_interval(share, max(effective, 1.0), self.articles)
        return share, low, high

    def _coded_variance(self, name: str, rate: np.ndarray, share: float) -> float:
        held = (self.value == name) - share * (self.value != NOT_ONE)
        expected = (rate - share * self.valid)[self.stratum]
        scale = self.part[self.stratum] * self.weight / self.total[self.stratum]
        sums = np.bincount(self.article, scale * (held - expected))
        return self.articles / max(self.articles - 1, 1) * float(sums @ sums)

    def _least_variance(self, rate: np.ndarray) -> float:
        """Return what is left in doubt where every coded unit of a stratum says the same."""
        known = self.units > 0
        units = self.units[known]
        softer = (rate[known] * units + 0.5) / (units + 1)
        return float(np.sum(self.part[known] ** 2 * softer * (1 - softer) / units))

    def _corpus_variance(self, rate: np.ndarray, share: float) -> float:
        each = (rate - share * self.valid)[self.row_stratum] / len(self.row_stratum)
        sums = np.bincount(self.row_article, each)
        return len(sums) / max(len(sums) - 1, 1) * float(sums @ sums)
