"""Agreement on units: Krippendorff's alphas of who marked which words, and coded them how.

Each coder cuts the same text into units, with a value, and the gaps between them. Three
coefficients (Krippendorff, Mathet, Bouvry and Widlöcher 2016, "On the reliability of unitizing
textual continua: further developments", Quality & Quantity 50; Krippendorff, Content Analysis, 4th
ed. 2019, section 12.6), all 1 minus observed over expected disagreement, in characters:

* `bu` (|u-alpha): what is in a unit and what is in a gap;
* `u` (u-alpha): that, and the values of the units;
* `cu` (cu-alpha): the values alone, where units of two coders meet.

l(c, k) is the length on which one coder has value c (0 for a gap) and another k, over all ordered
pairs of m coders, divided by m - 1. By chance it would be l(c) l(k) l / (l^2 - s), where s adds up
what would be a unit paired with itself: the square of each unit's length, and the length of each
gap; for c = k the part of s with that value is taken off l(c)^2. For `cu` all of this is of the
parts of units that meet units of others, on average over these.
"""

from __future__ import annotations

from itertools import combinations
from typing import NamedTuple

import numpy as np
import pandas as pd

from helpers.measure.select import lay_out
from helpers.measure.shares import MOST_CLUSTERS, SEED, draw_clusters, expanded_tail

COEFFICIENTS = ("bu", "u", "cu")


class Lengths(NamedTuple):
    """What the coefficients are made of, one entry for each text.

    `shared` has the length on which two coders have each pair of values, gaps first; `own` what
    would be a unit paired with itself, by value; `met` the same of what meets units of others.
    """

    shared: np.ndarray
    own: np.ndarray
    met: np.ndarray


def measure_lengths(units: pd.DataFrame, scope: pd.DataFrame) -> Lengths:
    """Lay units out along their texts and measure what two coders share.

    `units` has coder, article_id, start, end and value ("" for a unit without one); where units of
    one coder overlap, the one that begins last counts, as it lies inside. `scope` has article_id,
    start and end of each text; what lies outside is cut off.
    """
    length = (scope["end"] - scope["start"]).to_numpy()
    first = np.concatenate([[0], np.cumsum(length)])
    place = pd.Index(scope["article_id"]).get_indexer(units["article_id"])
    units, place = units[place >= 0], place[place >= 0]
    shift = first[place] - scope["start"].to_numpy()[place]
    low = np.clip(units["start"].to_numpy() + shift, first[place], first[place + 1])
    high = np.clip(units["end"].to_numpy() + shift, first[place], first[place + 1])
    values, names = pd.factorize(units["value"].to_numpy(object), sort=True)
    edges = np.unique(np.concatenate([first, low, high]))
    size, text = np.diff(edges), np.searchsorted(first, edges[:-1], "right") - 1
    marked = []
    for coder in units["coder"].unique():
        held = (units["coder"] == coder).to_numpy()
        unit = _flatten(low[held], high[held], edges)
        marked.append((unit, np.where(unit >= 0, values[held][unit] + 1, 0)))
    return _add_up(marked, size, text, len(length), len(names) + 1)


def _flatten(low: np.ndarray, high: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Return which unit holds each stretch between two edges, -1 for none."""
    unit = np.full(len(edges) - 1, -1)
    begin, end = np.searchsorted(edges, low), np.searchsorted(edges, high)
    for number in np.lexsort((-high, low)):
        unit[begin[number] : end[number]] = number
    return unit


def _add_up(
    marked: list[tuple[np.ndarray, np.ndarray]],
    size: np.ndarray,
    text: np.ndarray,
    texts: int,
    values: int,
) -> Lengths:
    coders = len(marked)
    shared, own, met = np.zeros((3, texts * values * values))
    for place, (unit, value) in enumerate(marked):
        others = [kept for other, (_, kept) in enumerate(marked) if other != place]
        for other in others:
            pair = (text * values + value) * values + other
            shared += np.bincount(pair, size / (coders - 1), len(shared))
        number, within = np.unique(unit * texts + text, return_inverse=True)
        whole = np.bincount(within, size)
        touched = sum((other > 0) * size for other in others) / max(coders - 1, 1)
        cell = np.zeros(len(number), dtype=np.int64)
        cell[within] = text * values + value
        is_gap = cell % values == 0
        own += np.bincount(cell, np.where(is_gap, whole, whole**2), len(own))
        met += np.bincount(cell, np.where(is_gap, 0, np.bincount(within, touched) ** 2), len(met))
    short = texts * values
    sides = (one[:short].reshape(texts, values) for one in (own, met))
    return Lengths(shared.reshape(texts, values, values), *sides)


def find_alphas(lengths: Lengths, weights: np.ndarray) -> np.ndarray:
    """Return `bu`, `u` and `cu` with each text taken as often as a row of `weights` says.

    One row for each row of `weights`; NaN where nothing varies.
    """
    texts, values = lengths.own.shape
    shared = (weights @ lengths.shared.reshape(texts, -1)).reshape(-1, values, values)
    own, met = weights @ lengths.own, weights @ lengths.met
    total = shared.sum(axis=(1, 2))
    gap = shared.sum(axis=2)[:, 0]
    rest = total**2 - own.sum(axis=1)
    by_chance = 2 * gap * (total - gap) * _over(total, rest)
    binary = 1 - _over(2 * (gap - shared[:, 0, 0]), by_chance)
    return np.column_stack([binary, _nominal(shared, own), _nominal(shared[:, 1:, 1:], met[:, 1:])])


def _nominal(shared: np.ndarray, own: np.ndarray) -> np.ndarray:
    total, held = shared.sum(axis=(1, 2)), shared.sum(axis=2)
    same = np.trace(shared, axis1=1, axis2=2)
    chance = ((held**2).sum(axis=1) - own.sum(axis=1)) * _over(total, total**2 - own.sum(axis=1))
    expected = total - chance
    return np.where(expected > 1e-9, 1 - _over(total - same, expected), np.nan)


def _over(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(np.abs(other) > 1e-9, one / other, np.nan)


def _find_ends(drawn: np.ndarray, tail: float) -> np.ndarray:
    """Return the percentiles of each coefficient; NaN where half of the draws do not have it."""
    known = np.isfinite(drawn).mean(axis=0) > 0.5
    ends = np.full((2, drawn.shape[1]), np.nan)
    ends[:, known] = np.nanquantile(drawn[:, known], [tail, 1 - tail], axis=0)
    return ends


def _deal(lengths: Lengths) -> Lengths:
    """Put more than 1,000 texts into 1,000 piles by chance, which are then resampled."""
    texts = len(lengths.own)
    if texts <= MOST_CLUSTERS:
        return lengths
    pile = np.random.default_rng(SEED).permutation(texts) % MOST_CLUSTERS
    order = np.argsort(pile, kind="stable")
    first = np.searchsorted(pile[order], np.arange(MOST_CLUSTERS))
    return Lengths(*(np.add.reduceat(one[order], first) for one in lengths))


def measure_units(units: pd.DataFrame, scope: pd.DataFrame) -> pd.DataFrame:
    """Measure the agreement of all coders, and of each two, on what is a unit, and of which value.

    Parameters are those of `measure_lengths`. One row is one choice of coders and one coefficient:
    coders, coefficient (bu, u, cu), articles, characters (of their texts), units, alpha, low and
    high (95 %, articles resampled). A coefficient that no value varies for is NaN.
    """
    names = list(units["coder"].unique())
    groups = [names, *map(list, combinations(names, 2))] if len(names) > 2 else [names]
    told = []
    for some in groups if len(names) > 1 else []:
        chosen = units[units["coder"].isin(some)]
        lengths = measure_lengths(chosen, scope)
        texts, piles = len(scope), _deal(lengths)
        alphas = find_alphas(lengths, np.ones((1, texts)))[0]
        low = high = np.full(len(COEFFICIENTS), np.nan)
        if texts > 1:
            tail = expanded_tail(len(piles.own))
            low, high = _find_ends(find_alphas(piles, draw_clusters(len(piles.own))), tail)
        size = int((scope["end"] - scope["start"]).sum())
        ends = zip(COEFFICIENTS, alphas, np.fmin(low, alphas), np.fmax(high, alphas), strict=True)
        told += [(" and ".join(some), name, texts, size, len(chosen), *end) for name, *end in ends]
    return lay_out("unit agreement", told)
