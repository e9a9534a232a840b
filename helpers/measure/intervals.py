"""Intervals and resampling: shares, means and differences over articles as clusters, fixed seed.

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
from statistics import NormalDist

import numpy as np
from scipy.special import stdtrit

SEED = 20260101
RESAMPLES = 2_000
LEVEL = 0.95
Z = NormalDist().inv_cdf(0.5 + LEVEL / 2)
MOST_CLUSTERS = 1_000
MOST_EXACT = 50
AT_ONCE = 4_000_000


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
    one: tuple[np.ndarray, np.ndarray, np.ndarray],
    other: tuple[np.ndarray, np.ndarray, np.ndarray],
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
    if clusters > MOST_CLUSTERS:
        return np.random.default_rng(SEED).poisson(1.0, (RESAMPLES, clusters)).astype(float)
    if clusters > MOST_EXACT:
        return _poisson()[:, :clusters]
    return _drawn(clusters)


@functools.lru_cache(maxsize=MOST_EXACT)
def _drawn(clusters: int) -> np.ndarray:
    even = np.full(clusters, 1 / clusters)
    drawn = np.random.default_rng(SEED).multinomial(clusters, even, size=RESAMPLES)
    return drawn.astype(float)


@functools.lru_cache(maxsize=1)
def _poisson() -> np.ndarray:
    drawn = np.random.default_rng(SEED).poisson(1.0, (RESAMPLES, MOST_CLUSTERS))
    return drawn.astype(float)
