"""What the program's mistakes do to shares, differences and trends, corrected by a coded sample.

Every estimate here is a coefficient of a regression of a code (1 where a statement has a category,
0 where not; of tone -1, 0, 1) on a constant, or on a constant and the month. Each statement of the
corpus has a prediction, those of the coded sample also what coders say; the prediction's error in
the sample, weighted by one over the chance of being drawn, is taken out of the whole corpus:

    y~ = f + (R / p) (y - f)

with f the prediction, y the code, R whether it was coded, p the chance of that. Whatever f is, the
result is right on average, because the draw is random; f only makes it sharper. Two choices of f:

* design-based supervised learning (DSL: Egami, Hinck, Stewart and Wei 2023, "Using imperfect
  surrogates for downstream inference", NeurIPS 36): f is what coders say on average of statements
  that the program put into this category. It is learnt from the sample itself; with so few
  parameters no folds are needed. Of one share this is double sampling (Tenenbein 1970, "A double
  sampling scheme for estimating from binomial data with misclassifications", JASA 65).
* prediction-powered inference with power tuning (PPI++: Angelopoulos, Duchi and Zrnic 2023,
  arXiv 2311.01453): f is the program's own category times a number from 0 to 1, `power`, that
  makes the variance smallest; at 0 only the coded sample is left.

Units that coders call no statement leave the regression in the same way; statements that the
program missed are not put in. Variances are those of a sandwich with articles as clusters, over
the corpus and the sample together; weights are scaled to the corpus (Hájek 1971).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations, product
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from helpers.measure.select import lay_out, types_of
from helpers.measure.shares import (
    LEVEL,
    Z,
    clustered_interval,
    enumerate_names,
    measure_shares,
)
from helpers.study.agreement import NOT_ONE

Scores = Mapping[str, float]
Interval = tuple[float, float, float]
UNKNOWN: Interval = (np.nan, np.nan, np.nan)
FEWEST = 5  # coded units, of two articles or more, below which nothing is corrected
BALANCE, TONES = "positive less negative", {"positive": 1.0, "negative": -1.0, "neutral": 0.0}
ASSUMED, WIDTHS = (0.7, 0.8, 0.9), (0.05, 0.1, 0.2)
MOST = 5  # groups, the largest, that are compared two by two


class Rows(NamedTuple):
    """Some statements, as many as `size` says in each cell: their article, category and month.

    Of coded ones each is a cell, `size` is its weight and `code` what coders say.
    """

    article: np.ndarray
    category: np.ndarray
    size: np.ndarray
    month: np.ndarray
    code: np.ndarray

    def take(self, held: np.ndarray) -> Rows:
        """Return the cells where `held` is true."""
        return Rows(*(column[held] for column in self))


class Sample:
    """A corpus and its coded sample, laid out to be regressed on.

    `rows` has article_id, `column` and perhaps published; `coded` has article_id, found, value and
    perhaps weight. Codes that are "" are left out, and coded units of other articles. `articles`
    has one row for each, as its first statement has it.
    """

    def __init__(self, rows: pd.DataFrame, coded: pd.DataFrame, column: str):
        place, ids = pd.factorize(rows["article_id"])
        own = ids.get_indexer(coded["article_id"])
        kept = (own >= 0) & (coded["value"] != "").to_numpy()
        coded, own = coded[kept], own[kept]
        found = [rows[column].to_numpy(object), coded["found"].to_numpy(object)]
        category, names = pd.factorize(np.concatenate(found))
        self.names = list(names)
        self.articles = rows[~rows["article_id"].duplicated()].reset_index(drop=True)
        month = np.zeros(len(ids))
        if "published" in rows and rows["published"].notna().any():
            day = self.articles["published"].dt
            month = (day.year * 12.0 + day.month).to_numpy(dtype=float)
            month = month - np.nanmean(month)
        cell = place * len(names) + category[: len(rows)]
        cells, size = np.unique(cell, return_counts=True)
        place, code = cells // max(len(names), 1), cells % max(len(names), 1)
        self.corpus = Rows(place, code, size.astype(float), month[place], code)
        weight = coded["weight"].to_numpy(float) if "weight" in coded else np.ones(len(coded))
        value = coded["value"].to_numpy(object)
        self.coded = Rows(own, category[len(rows) :], weight, month[own], value)

    def count(self, articles: np.ndarray) -> tuple[int, int]:
        """Return how many statements some articles hold, and how many of them are coded."""
        held, coded = articles[self.corpus.article], articles[self.coded.article]
        return int(self.corpus.size[held].sum()), int(coded.sum())

    def score(self, scores: Scores) -> np.ndarray:
        """Return the score of each of the program's categories."""
        return np.array([scores.get(name, 0.0) for name in self.names], dtype=float)

    def learn(self, scores: Scores) -> tuple[np.ndarray, np.ndarray]:
        """Return what coders say on average of each category: its score, and if it is a statement.

        A category of which nothing is coded is taken as the program has it.
        """
        value, valid = _read_codes(self.coded.code, scores)
        known = (self.coded.category, self.coded.size, len(self.names))
        return _means(*known, value, self.score(scores)), _means(*known, valid, 1.0)


def _read_codes(code: np.ndarray, scores: Scores) -> tuple[np.ndarray, np.ndarray]:
    value = np.array([scores.get(one, 0.0) for one in code], dtype=float)
    return value, (code != NOT_ONE).astype(float)


def _means(
    group: np.ndarray, weight: np.ndarray, number: int, values: np.ndarray, otherwise: np.ndarray
) -> np.ndarray:
    total = np.bincount(group, weight, number)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(total > 0, np.bincount(group, weight * values, number) / total, otherwise)


# ----------------------------------------------------------------------------------- estimating


class Fit(NamedTuple):
    """A coefficient, its variance, how many articles it is from, and how far each moves it.

    The articles are the coded ones; where none is coded, all.
    """

    value: float = np.nan
    variance: float = np.nan
    articles: int = 0
    moves: np.ndarray = np.zeros(0)

    def less(self, other: Fit) -> Fit:
        """Return the difference from another, of other articles."""
        articles = self.articles + other.articles - 1
        return Fit(self.value - other.value, self.variance + other.variance, articles)

    def reach(self, share: bool) -> Interval:
        """Return it with its interval: Wilson's for a share, else by Student's t."""
        if self.articles < 2 or np.isnan(self.value):
            return UNKNOWN
        if not share:
            half = float(stdtrit(self.articles - 1, 0.5 + LEVEL / 2)) * np.sqrt(self.variance)
            return self.value, self.value - half, self.value + half
        value = min(max(self.value, 0.0), 1.0)
        inside = min(max(value, 1e-3), 1 - 1e-3)
        effective = inside * (1 - inside) / self.variance if self.variance > 0 else self.articles
        return value, *clustered_interval(value, max(effective, 1.0), self.articles)


def _fit(
    corpus: Rows, coded: Rows, scores: Scores, predicted: Sequence[np.ndarray], slope: bool
) -> Fit:
    """Regress on a constant, or on a constant and the month; return the last coefficient.

    `predicted` has the score of each category, and the chance that it is a statement. With y~ and
    d~ (whether it is one) as above, b solves sum x (y~ - d~ x'b) = 0; an article moves it by the
    sum of (sum d~ x x')^-1 x (y~ - d~ x'b) over its statements.
    """
    x, own = (_design(some, slope) for some in (corpus, coded))
    y, d = (one[corpus.category] for one in predicted)
    value, valid = _read_codes(coded.code, scores)
    off, lacking = value - predicted[0][coded.category], valid - predicted[1][coded.category]
    weight = coded.size * corpus.size.sum() / max(coded.size.sum(), 1e-9)
    gram = (x * (corpus.size * d)[:, None]).T @ x + (own * (weight * lacking)[:, None]).T @ own
    if not len(gram) or gram[0, 0] <= 0 or np.linalg.matrix_rank(gram) < len(gram):
        return Fit()
    b = np.linalg.solve(gram, x.T @ (corpus.size * y) + own.T @ (weight * off))
    lever = np.linalg.inv(gram)[-1]
    told = corpus.size * _centred((x @ lever) * (y - d * (x @ b)), corpus.size)
    found = weight * _centred((own @ lever) * (off - lacking * (own @ b)), weight)
    number = corpus.article.max() + 1
    moves = np.bincount(corpus.article, told, number) + np.bincount(coded.article, found, number)
    m = len(np.unique((coded if len(coded.article) else corpus).article))
    return Fit(float(b[-1]), m / max(m - 1, 1) * float(moves @ moves), m - slope, moves)


def _design(rows: Rows, slope: bool) -> np.ndarray:
    ones = np.ones(len(rows.article))
    return np.column_stack([ones, rows.month]) if slope else ones[:, None]


def _centred(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    return values - (weight @ values) / max(weight.sum(), 1e-9)


def _least_variance(
    corpus: Rows, coded: Rows, learnt: np.ndarray, scores: Scores, slope: bool
) -> float:
    """Return what is left in doubt where coded units of a category all say the same.

    Each category is given one more unit, as uncertain as can be.
    """
    value, _ = _read_codes(coded.code, scores)
    reach = (max(scores.values()) - min(0.0, *scores.values())) ** 2 / 4
    number = np.bincount(coded.category, minlength=len(learnt))
    apart = np.bincount(coded.category, (value - learnt[coded.category]) ** 2, len(learnt))
    part = coded.size / coded.size.sum()
    if slope:
        middle = np.average(corpus.month, weights=corpus.size)
        spread = np.average((corpus.month - middle) ** 2, weights=corpus.size)
        part = part * (coded.month - middle) / max(spread, 1e-9)
    return float((part**2) @ ((apart + reach) / (number + 1))[coded.category])


def fit_all(
    sample: Sample, scores: Scores, articles: np.ndarray, slope: bool = False, fewest: int = FEWEST
) -> tuple[Fit, Fit, Fit, float]:
    """Estimate a share or mean in some articles, or with `slope` its change a month.

    Returns it raw, by DSL and by PPI++, and the power. Of fewer coded units than `fewest`, or of
    one article alone, the last three are empty.
    """
    corpus, coded = (some.take(articles[some.article]) for some in (sample.corpus, sample.coded))
    own, sure = sample.score(scores), np.ones(len(sample.names))
    nothing = coded.take(np.zeros(len(coded.article), dtype=bool))
    raw = _fit(corpus, nothing, scores, (own, sure), slope)
    if len(coded.article) < fewest or len(np.unique(coded.article)) < 2:
        return raw, Fit(), Fit(), np.nan
    learnt = sample.learn(scores)
    power = _tune(*(_fit(corpus, coded, scores, (own * n, sure), slope).moves for n in (0, 1)))
    least = _least_variance(corpus, coded, learnt[0], scores, slope)
    fits = (_fit(corpus, coded, scores, each, slope) for each in (learnt, (own * power, sure)))
    dsl, tuned = (fit._replace(variance=max(fit.variance, least)) for fit in fits)
    return raw, dsl, tuned, power


def _tune(none: np.ndarray, whole: np.ndarray) -> float:
    """Return the power that makes the variance smallest, given how articles move it at 0 and 1.

    What moves it at a power l is none + l (whole - none): its square is least where the two are
    uncorrelated (PPI++, section 6).
    """
    change = whole - none if len(none) == len(whole) else none
    spread = float(change @ change)
    return float(np.clip(-(none @ change) / spread, 0, 1)) if spread > 0 else 0.0


# ---------------------------------------------------------------------- shares and their contrasts


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
    without articles; corrected, corrected_low, corrected_high (DSL); tuned, tuned_low, tuned_high
    (PPI++) and its power; `checked`, the coded units that the tool gave this category; and
    `unchecked`, the part of the corpus (the same in every row) in categories of which no unit was
    coded, which are taken as the tool has them. Without coded units of two articles the corrected
    columns are NaN.
    """
    coded = coded[coded["value"] != ""]
    given = [*rows[column].unique(), *coded["found"].unique(), *coded["value"].unique()]
    names = [name for name in dict.fromkeys([*given, *categories]) if name != NOT_ONE]
    plain = measure_shares(rows, column).set_index(column)
    if plain.empty:
        return lay_out("corrected", keys=[column])
    plain = plain.reindex(names).fillna({"n": len(rows), "count": 0, "share": 0.0, "low": 0.0})
    sample = Sample(rows, coded, column)
    every = np.ones(len(sample.articles), dtype=bool)
    unchecked = float((~rows[column].isin(coded["found"])).mean()) if len(coded) else 1.0
    told = []
    for name in names:
        counted = plain.loc[name, list(types_of("corrected"))[:5]]
        _, *fits, power = fit_all(sample, {name: 1.0}, every, fewest=1)
        ends = [end for fit in fits for end in fit.reach(share=True)]
        checked = int((coded["found"] == name).sum())
        told.append((name, *counted, *ends, power, checked, unchecked))
    corrected = lay_out("corrected", told, [column])
    order = ["corrected", "share"]
    return corrected.sort_values(order, ascending=False, kind="stable", ignore_index=True)


def score_categories(column: str, names: Iterable[str]) -> dict[str, Scores]:
    """Return what can be measured of a variable: the share of each category; of tone its balance.

    The balance of tone is the share of positive statements less that of negative ones.
    """
    told: dict[str, Scores] = {BALANCE: TONES} if column == "tone_label" else {}
    return told | {name: {name: 1.0} for name in names if name not in (NOT_ONE, "")}


def measure_contrasts(
    rows: pd.DataFrame,
    coded: pd.DataFrame,
    column: str,
    outcomes: Mapping[str, Scores],
    by: str = "outlet",
) -> pd.DataFrame:
    """Measure differences between groups and changes a month, raw and corrected.

    Parameters
    ----------
    rows, coded
        As in `measure_corrected`; `rows` also have published, and `by`.
    column
        The tool's category.
    outcomes
        What is measured: under its name the number that each category counts as
        (`score_categories`).
    by
        A column with one value for each article. The five groups with most coded units, or
        statements where none is coded, are compared two by two.

    Returns
    -------
    One row is one outcome and one contrast: outcome, contrast (level, of a balance; difference;
    trend), of ("A less B", or of whom), n (statements), checked (coded ones), counted, low, high;
    dsl and ppi, each with its low and high, and the power of the latter. A trend is the change a
    month; statements without a date are in none. Of fewer than five coded units, or one coded
    article, of a group nothing is corrected: NaN.
    """
    if rows.empty:
        return lay_out("contrasts")
    sample = Sample(rows, coded, column)
    group = sample.articles[by]
    units = group.iloc[sample.coded.article if len(sample.coded.article) else sample.corpus.article]
    parts = {name: (group == name).to_numpy() for name in units.value_counts().index[:MOST]}
    told = []
    for outcome, scores in outcomes.items():
        share = min(scores.values()) >= 0
        told += [(outcome, *row) for row in _compare_levels(sample, scores, parts, share)]
        told += [(outcome, *row) for row in _find_trends(sample, scores, parts)]
    return lay_out("contrasts", told)


def choose_contrasts(contrasts: pd.DataFrame, contrast: str) -> pd.DataFrame:
    """Choose the differences, or the trends, of the outcome that was measured first."""
    first = contrasts["outcome"] == contrasts["outcome"].head(1).squeeze()
    return contrasts[first & (contrasts["contrast"] == contrast)].reset_index(drop=True)


def name_clear(drawn: pd.DataFrame) -> str:
    """Name the contrasts of one outcome that leave zero out once corrected, for a title."""
    if drawn.empty:
        return "Nothing to compare"
    what = f"{drawn['outcome'].iloc[0].capitalize()}, {drawn['contrast'].iloc[0]}s"
    if drawn["dsl"].isna().all():
        return f"{what}: as counted, nothing is corrected"
    clear = drawn.loc[(drawn["dsl_low"] > 0) | (drawn["dsl_high"] < 0), "of"]
    return f"{what} clear once corrected: {enumerate_names(clear, 2) if len(clear) else 'none'}"


def _compare_levels(
    sample: Sample, scores: Scores, parts: Mapping[str, np.ndarray], share: bool
) -> Iterator[tuple]:
    fits = {name: fit_all(sample, scores, held) for name, held in parts.items()}
    for name, (*each, power) in fits.items() if not share else ():
        ends = [end for fit in each for end in fit.reach(share)]
        yield "level", name, *sample.count(parts[name]), *ends, power
    for one, other in combinations(parts, 2):
        pairs = zip(fits[one][:3], fits[other][:3], strict=True)
        ends = [end for pair in pairs for end in pair[0].less(pair[1]).reach(share=False)]
        power = min(fits[one][3], fits[other][3])
        held = parts[one] | parts[other]
        yield "difference", f"{one} less {other}", *sample.count(held), *ends, power


def _find_trends(
    sample: Sample, scores: Scores, parts: Mapping[str, np.ndarray]
) -> Iterator[tuple]:
    dated = sample.articles["published"].notna().to_numpy()
    whole = {"all": np.ones(len(dated), dtype=bool)} if len(parts) > 1 else {}
    for name, held in (whole | dict(parts)).items():
        *each, power = fit_all(sample, scores, held & dated, slope=True)
        ends = [end for fit in each for end in fit.reach(share=False)]
        yield "trend", name, *sample.count(held & dated), *ends, power


# --------------------------------------------------------------------------------------- planning


def plan_size(
    rows: pd.DataFrame,
    column: str,
    size: int,
    by: str = "outlet",
    wanted: Sequence[float] = WIDTHS,
    right: Sequence[float] = ASSUMED,
) -> pd.DataFrame:
    """Plan how many statements coders have to code, before anyone has coded one.

    `wanted` is how far an interval is to reach to each side (0.05: 5 points), `size` how many
    would be drawn, `right` in which part of statements the program is taken to be right. A
    corrected estimate has the variance of the corpus and K / n of n coded statements. Of a share K
    is what the program's mistakes vary by: at most the part in which it is wrong, and never more
    than p (1 - p), that of coders alone. Of a difference it is the sum over both groups, each over
    its part of the corpus; of a trend it is over the variance of the months. As alike as statements
    of one article are in the program's eyes, as alike are its mistakes (Kish 1965, "Survey
    Sampling", design effect).

    One row is the share of the largest category, the difference of the two largest groups in it,
    or its trend, one width wanted, and one part in which the program is right (`assumed`; NaN:
    coders alone). `needed` is NaN where all statements coded would not do.
    """
    if rows.empty:
        return lay_out("plan")
    sample = Sample(rows, lay_out("beside"), column)
    scores = {rows[column].value_counts().index[0]: 1.0}
    group, dated = sample.articles[by], sample.articles["published"].notna().to_numpy()
    largest = rows[by].value_counts().index[:2]
    parts = {name: (group == name).to_numpy() for name in largest}
    every = np.ones(len(group), dtype=bool)
    told = {f"share of {next(iter(scores))}": [_foresee(sample, scores, every)]}
    if len(parts) == 2:
        both = [_foresee(sample, scores, held) for held in parts.values()]
        told[f"its difference, {largest[0]} less {largest[1]}"] = both
    months = sample.corpus.take(dated[sample.corpus.article]).month
    if len(np.unique(months)) > 1:
        level = _foresee(sample, scores, dated, slope=True)
        told["its change from the first to the last month"] = [level]
    found = []
    for (what, levels), part in product(told.items(), (np.nan, *right)):
        fixed, falling = np.sum([level.doubt(part) for level in levels], axis=0)
        reach = Z * np.sqrt(fixed + falling / size)
        for width in wanted:
            spare = (width / Z) ** 2 - fixed
            needed = np.ceil(falling / spare) if spare > 0 else np.inf
            needed = needed if needed <= len(rows) else np.nan
            found.append((what, part, width, needed, size, reach))
    return lay_out("plan", found)


class _Level(NamedTuple):
    """What is known of an estimate before anyone codes, by the program's own categories."""

    corpus: float  # its variance, articles as clusters
    units: float  # the variance of one statement
    part: float  # of all statements that are in it
    alike: float  # what statements of one article add to the variance of a coded one
    scale: float  # of a share 1, of a change over time by how much a statement moves it

    def doubt(self, right: float) -> tuple[float, float]:
        """Return the variance that coding leaves, and that of one coded statement."""
        wrong = self.units if np.isnan(right) else min(self.units, 1 - right)
        coded = wrong * self.scale
        return self.corpus + coded * self.alike, coded / self.part


def _foresee(sample: Sample, scores: Scores, held: np.ndarray, slope: bool = False) -> _Level:
    level, *_ = fit_all(sample, scores, held)
    corpus = sample.corpus.take(held[sample.corpus.article])
    n, units = corpus.size.sum(), max(level.value * (1 - level.value), 1e-6)
    sizes = np.bincount(corpus.article, corpus.size)
    together = max(float(sizes @ sizes) / n - 1, 1e-9)
    excess = max(level.variance * n / units - 1, 0.0)
    alike = min(excess / together, 1.0) * together / n
    part = n / sample.corpus.size.sum()
    if not slope:
        return _Level(level.variance, units, part, alike, 1.0)
    spread = np.average(
        (corpus.month - np.average(corpus.month, weights=corpus.size)) ** 2, weights=corpus.size
    )
    span = float(np.ptp(corpus.month)) ** 2
    trend, *_ = fit_all(sample, scores, held, slope=True)
    return _Level(trend.variance * span, units, part, alike, span / spread)


def lay_plan(plan: pd.DataFrame) -> pd.DataFrame:
    """Set a plan out to be read: one row is what is to be told, one column a width wanted.

    From the most of what the program is taken to be right in, to coders alone.
    """
    if plan.empty:
        return plan
    rows = []
    for what, some in plan.groupby("what", sort=False):
        widths = {
            f"to within {width * 100:.0f} points": _range(part["needed"])
            for width, part in some.groupby("wanted")
        }
        size, reach = some["size"].iloc[0], _range(some["reach"] * 100)
        rows.append({"what": what, **widths, f"points with {size:,} coded": reach})
    return pd.DataFrame(rows)


def _range(numbers: pd.Series) -> str:
    ends = [numbers.min(), numbers.max() if numbers.notna().all() else np.nan]
    told = [f"{end:,.0f}" if np.isfinite(end) else "more than there are" for end in ends]
    return " to ".join(dict.fromkeys(told))
