"""Shares and their intervals, and the words that name the largest; articles count as clusters.

Articles, not attributions, are the independent units: what one article says three times is said
once by one newsroom. Shares of articles carry Wilson's interval (Wilson 1927, "Probable inference,
the law of succession, and statistical inference", JASA 22; recommended by Brown, Cai and DasGupta
2001, "Interval estimation for a binomial proportion", Statistical Science 16). Shares of
attributions or words carry the same interval at the effective sample size of their articles (Korn
and Graubard 1998, "Confidence intervals for proportions with small expected number of positive
counts estimated from survey data", Survey Methodology 24). Means carry an interval from resampled
articles, widened for few articles (Hesterberg 2015, "What teachers should know about the
bootstrap", The American Statistician 69). Differences of two shares combine the intervals of both
(Newcombe 1998, "Interval estimation for the difference between independent proportions",
Statistics in Medicine 17; Zou and Donner 2008, "Construction of confidence limits about effect
measures", Statistics in Medicine 27). All are 95 % intervals.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from statistics import NormalDist

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from helpers.measure.select import UNCLEAR, lay_out, name_value

SEED = 20260101
RESAMPLES = 2_000
LEVEL = 0.95
Z = NormalDist().inv_cdf(0.5 + LEVEL / 2)
MOST_CLUSTERS = 1_000
MOST_NAMED = 4  # groups whose first each are named one by one
MOST_EXACT = 50
AT_ONCE = 4_000_000
NOTHING, NONE = "nothing to count", "none"
UNTOLD = ("unknown", UNCLEAR, "other", "")  # never a finding
HARDLY = 0.1  # a part that is known of which nothing is said in a title
SMALL = 0.05  # a share below which one digit more is written
MINIMUM = 5  # of what a share is of, for it to have an interval


def wilson_interval(
    hits: np.ndarray | float, n: np.ndarray | float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the low and high end of Wilson's interval for `hits` of `n`; of none, 0 to 1."""
    hits, n = np.asarray(hits, dtype=float), np.asarray(n, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = hits / n
        scale = 1 + Z**2 / n
        centre = (share + Z**2 / (2 * n)) / scale
        half = Z / scale * np.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2))
        low = np.where(n > 0, np.clip(centre - half, 0, share), 0.0)
        high = np.where(n > 0, np.clip(centre + half, share, 1), 1.0)
    return low, high


def effective_size(hits: np.ndarray, sizes: np.ndarray, rows: np.ndarray) -> float:
    """Return how many independent rows say as much about a share as these, given per article.

    `hits` of `sizes` fell into the category, in as many `rows`; each has one entry per article.
    The less the articles differ, the closer it comes to the number of rows. NaN where nothing
    varies.
    """
    hits, sizes = np.asarray(hits, dtype=float), np.asarray(sizes, dtype=float)
    articles, total = len(sizes), sizes.sum()
    if articles < 2 or not total:
        return np.nan
    share = hits.sum() / total
    variance = articles / (articles - 1) * np.sum((hits - share * sizes) ** 2) / total**2
    if not (0 < share < 1 and variance > 0):
        return np.nan
    return float(np.clip(share * (1 - share) / variance, 1, max(np.sum(rows), 1)))


def clustered_interval(share: float, effective: float, articles: int) -> tuple[float, float]:
    """Return low and high of a share at an effective sample size, wider the fewer the articles.

    One article says nothing about others: its interval is 0 to 1.
    """
    if articles < 2 or np.isnan(share):
        return 0.0, 1.0
    n = effective * (Z / stdtrit(articles - 1, 0.5 + LEVEL / 2)) ** 2
    low, high = wilson_interval(share * n, n)
    return min(float(low), share), max(float(high), share)


def difference_interval(
    one: tuple[np.ndarray, np.ndarray, np.ndarray], other: tuple[np.ndarray, np.ndarray, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Return low and high of `one - other`, each given as (share, low, high) of its own articles.

    The two must share no article; where they do, it is wider than it need be.
    """
    (p, low, high), (q, below, above) = (map(np.asarray, side) for side in (one, other))
    difference = p - q
    return (
        difference - np.sqrt((p - low) ** 2 + (above - q) ** 2),
        difference + np.sqrt((high - p) ** 2 + (q - below) ** 2),
    )


def resampled_intervals(
    sums: np.ndarray, sizes: np.ndarray, groups: np.ndarray, number: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return low and high of each group's mean, its articles drawn 2,000 times, fixed seed.

    Parameters
    ----------
    sums, sizes
        Sum and number of values of each article in each group; one entry is one article of one
        group.
    groups
        The group of each entry, from 0 to `number` - 1.

    Returns
    -------
    Two arrays of length `number`. Percentiles lie further out the fewer the articles (Hesterberg
    2015, expanded percentiles). More than 1,000 articles of a group are first dealt into 1,000
    groups at random; groups of one size share their draws. Fewer than two articles: NaN.
    """
    sums, sizes = np.asarray(sums, dtype=float), np.asarray(sizes, dtype=float)
    sums, sizes, groups = _deal(sums, sizes, np.asarray(groups, dtype=np.int64), number)
    order = np.argsort(groups, kind="stable")
    sums, sizes = sums[order], sizes[order]
    clusters = np.bincount(groups, minlength=number)
    first = np.concatenate([[0], np.cumsum(clusters)[:-1]])
    low, high = np.full(number, np.nan), np.full(number, np.nan)
    for count in np.unique(clusters[clusters > 1]):
        weights, tail = draw_clusters(int(count)), expanded_tail(int(count))
        same = np.flatnonzero(clusters == count)
        for some in np.array_split(same, -(-len(same) * RESAMPLES // AT_ONCE)):
            places = first[some] + np.arange(count)[:, None]
            drawn = (weights @ sums[places]) / (weights @ sizes[places])
            mean = sums[places].sum(0) / sizes[places].sum(0)
            ends = np.quantile(drawn, [tail, 1 - tail], axis=0)
            low[some], high[some] = np.minimum(ends[0], mean), np.maximum(ends[1], mean)
    return low, high


def _deal(
    sums: np.ndarray, sizes: np.ndarray, groups: np.ndarray, number: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Put the articles of each large group into 1,000 clusters by chance."""
    large = np.bincount(groups, minlength=number)[groups] > MOST_CLUSTERS
    if not large.any():
        return sums, sizes, groups
    pile = np.random.default_rng(SEED).permutation(large.sum()) % MOST_CLUSTERS
    cells, place = np.unique(groups[large] * MOST_CLUSTERS + pile, return_inverse=True)
    return (
        np.concatenate([sums[~large], np.bincount(place, sums[large])]),
        np.concatenate([sizes[~large], np.bincount(place, sizes[large])]),
        np.concatenate([groups[~large], cells // MOST_CLUSTERS]),
    )


def expanded_tail(clusters: int) -> float:
    """Return which percentile ends a 95 % interval of so many clusters (Hesterberg 2015)."""
    reach = np.sqrt(clusters / (clusters - 1)) * stdtrit(clusters - 1, 0.5 + LEVEL / 2)
    return NormalDist().cdf(-reach)


def draw_clusters(clusters: int) -> np.ndarray:
    """Return how often each cluster is drawn in each of 2,000 resamples (one row each).

    Up to 50 clusters are drawn with replacement. Of more, each is drawn a Poisson number of times
    (Hanley and MacGibbon 2006, "Creating non-parametric bootstrap samples using Poisson
    frequencies", Computer Methods and Programs in Biomedicine 83), so that one drawing serves all.
    """
    if clusters <= MOST_EXACT:
        return _drawn(clusters)
    return _poisson(max(clusters, MOST_CLUSTERS))[:, :clusters]


@functools.lru_cache(maxsize=MOST_EXACT)
def _drawn(clusters: int) -> np.ndarray:
    even = np.full(clusters, 1 / clusters)
    return np.random.default_rng(SEED).multinomial(clusters, even, size=RESAMPLES).astype(float)


@functools.lru_cache(maxsize=1)
def _poisson(clusters: int) -> np.ndarray:
    return np.random.default_rng(SEED).poisson(1.0, (RESAMPLES, clusters)).astype(float)


# --------------------------------------------------------------------------------------- shares


def has_interval(shares: pd.DataFrame) -> pd.Series:
    """Tell which shares have an interval that says something: of five or more, and not 0 to 1."""
    return (shares["n"] >= MINIMUM) & ~((shares["low"] <= 0) & (shares["high"] >= 1))


def find_comparable(shares: pd.DataFrame, by: str) -> list:
    """Return the values of `by` that have a share with an interval, the largest n first."""
    told = shares[has_interval(shares)].groupby(by, observed=True)["n"].max()
    return list(told.sort_values(ascending=False, kind="stable").index)


def add_article_share(counts: pd.DataFrame, n_articles: int | pd.Series) -> pd.DataFrame:
    """Add n, share, low and high: the part of the articles in `articles`, with Wilson's interval.

    `n_articles` is one number, or a Series of numbers whose index name is a column of `counts`
    (for instance the articles of each outlet).
    """
    n = n_articles
    if isinstance(n_articles, pd.Series):
        n = counts[n_articles.index.name].map(n_articles).astype("int64")
    return add_share(counts.assign(n=n))


def add_share(counts: pd.DataFrame, hits: str = "articles", n: str = "n") -> pd.DataFrame:
    """Add share, low and high: the part of `n` in `hits`, with Wilson's interval."""
    low, high = wilson_interval(counts[hits], counts[n])
    share = counts[hits] / counts[n].where(counts[n] > 0)
    return counts.assign(share=share.astype(float), low=low, high=high)


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
    return lay_out("shares", found, [*([by] if by else []), column])


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


def percent(share: float, digits: int = 0) -> str:
    """Write a share as a percentage; what is neither 0 nor 1 is not rounded to them."""
    if np.isnan(share):
        return "no part"
    least = 0.1**digits / 100
    if 0 < share < least / 2:
        return f"<{least:.{digits}%}"
    return f">{1 - least:.{digits}%}" if 1 - least / 2 <= share < 1 else f"{share:.{digits}%}"


def count_of(number: int, noun: str, several: str = "") -> str:
    """Write a number with its noun ("1 article", "2,000 articles")."""
    return f"{number:,} {noun if number == 1 else several or noun + 's'}"


def say_part(held: pd.Series) -> str:
    """Say of what part something holds ("42%"), given whether it does."""
    return percent(held.mean())


def name_leaders(counts: pd.DataFrame, column: str, most: int = 4) -> str:
    """Name the row with the largest share and every row whose interval reaches it, for a title.

    Equal shares are joined by "and"; the others follow after "too close to call". Of a long list
    the first `most` are named and the rest counted. What is unknown or other is never named; of
    parts of one whole it is then said how much of it is known.
    """
    drawn = counts.dropna(subset=["share"])
    untold = drawn[column].isin(UNTOLD)
    if drawn.empty or untold.all():
        return "nothing known" if untold.any() else NOTHING
    known = drawn[~untold]
    whole = _is_whole(drawn, untold)
    part = known["share"].sum()
    known = known[has_interval(known)] if has_interval(known).any() else known
    top = known["share"].max()
    if top <= 0:
        return NONE
    first = known["share"] == top
    near = ~first & (known["high"] >= top)
    if not has_interval(known[first]).any():
        near &= False
    leaders = _say_alone(counts, column) or enumerate_names(known.loc[first, column], most)
    if near.any():
        others = known[near].sort_values("share", ascending=False, kind="stable")[column]
        leaders = f"{leaders}; too close to call: {enumerate_names(others, most)}"
    if whole and part < HARDLY:
        return f"known of {percent(part)} only"
    if whole:
        leaders = f"{leaders}, of those known ({percent(part)})"
    return leaders


def _is_whole(drawn: pd.DataFrame, untold: pd.Series) -> bool:
    """Tell whether shares are the parts of one whole, some of it not known."""
    return drawn.loc[untold, "share"].sum() > 0 and np.isclose(drawn["share"].sum(), 1)


def hardly_known(counts: pd.DataFrame, column: str) -> bool:
    """Tell whether so little of a whole is known that nothing is to be drawn of it."""
    drawn = counts.dropna(subset=["share"])
    untold = drawn[column].isin(UNTOLD)
    return _is_whole(drawn, untold) and drawn.loc[~untold, "share"].sum() < HARDLY


def name_most(counts: pd.DataFrame, column: str, value: str) -> str:
    """Name the row or rows with the largest number in `value`, for a title about counts."""
    known = counts[~counts[column].isin(UNTOLD)]
    if known.empty:
        return NOTHING
    totals = known.groupby(column)[value].sum()
    most = totals.max()
    if most <= 0:
        return NONE
    first = _say_alone(counts, column) or enumerate_names(totals.index[totals == most], 3)
    return f"{first} ({most:,.0f})"


def _say_alone(counts: pd.DataFrame, column: str) -> str:
    """Say of the one outlet that there is that it is the only one: it comes first of none."""
    outlets = counts[column].unique().tolist() if column == "outlet" else []
    return f"only one outlet, {name_value(outlets[0], column)}" if len(outlets) == 1 else ""


def name_leaders_by(counts: pd.DataFrame, column: str, by: str, few: str = "") -> str:
    """Name the row with the largest share within each `by` ("Courier: A; Gazette: B and C").

    Where no share has an interval it is the largest number in the column `few`, if that is given.

    When it is the same in all of several, it is named once ("A, in all 4"). Of more than four that
    can be compared it is counted in how many each comes first ("A in 5 of 7, B in 2").
    """
    groups: dict[str, list[str]] = {}
    untold = counts[column].isin(UNTOLD) | counts[by].isin(UNTOLD)
    known = counts[~untold].dropna(subset=["share"])
    comparable = find_comparable(known, by)
    if comparable:
        known = known[known[by].isin(comparable)]
    value = "share" if comparable or not few else few
    for name, group in known.groupby(by, sort=True, observed=True):
        top = group[value].max()
        leaders = enumerate_names(group.loc[group[value] == top, column], 2) if top > 0 else NONE
        groups.setdefault(leaders, []).append(name_value(name, by))
    if len(groups) == 1 and len(names := next(iter(groups.values()))) > 1:
        return f"{next(iter(groups))}, in all {len(names)}"
    if (total := sum(map(len, groups.values()))) > MOST_NAMED:
        often = sorted(groups.items(), key=lambda group: -len(group[1]))[:3]
        if len(often[0][1]) == 1:
            return f"another in each of {total}"
        told = [f"{leaders} in {len(names)}" for leaders, names in often]
        of = count_of(total, by) if by == "outlet" else f"{total}"
        return f"{told[0]} of {of}{''.join(f'; {one}' for one in told[1:])}"
    named = [f"{enumerate_names(names, 3)}: {leaders}" for leaders, names in groups.items()]
    return "; ".join(named) or NOTHING


def in_words(name: str) -> str:
    """Write the name of a variable or of a coder's file as words."""
    if name == "statement":
        return "what is a statement"
    return name.removesuffix("_label").replace("_", " ")


def name_weakest(agreed: pd.DataFrame) -> str:
    """Name the variable with the smallest alpha, and that, for a title."""
    known = agreed.dropna(subset=["alpha"])
    if known.empty:
        return "nothing to compare"
    least = known.loc[known["alpha"].astype(float).idxmin()]
    return f"{in_words(least['variable'])} ({least['alpha']:.2f})"


def name_most_moved(corrected: pd.DataFrame, column: str) -> str:
    """Name the category whose corrected share lies furthest from the uncorrected one."""
    known = corrected.dropna(subset=["corrected"])
    if known.empty:
        return "nothing is coded yet"
    change = known["corrected"] - known["share"]
    most = known.loc[change.abs().idxmax()]
    return f"{most[column]}, {most['share']:.0%} as counted, {most['corrected']:.0%} corrected"


def enumerate_names(names: Iterable[str], most: int) -> str:
    """Join names in a row of words; of more than `most` the first are named, the rest counted.

    A column of outlets is named as readers know them.
    """
    names = [name_value(name, getattr(names, "name", "")) for name in names]
    shown, rest = (names, 0) if len(names) <= most else (names[: most - 1], len(names) - most + 1)
    parts = [*shown, *([f"{rest} more"] if rest else [])]
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
