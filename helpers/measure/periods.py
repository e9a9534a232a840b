"""What there is in each week, month or year, and on which days nothing.

Undated articles take no part in it.
"""

from __future__ import annotations

import pandas as pd

from helpers.measure.select import lay_out

STEPS = {"week": 1_100, "month": 2_200, "year": float("inf")}  # days up to which each is drawn


def choose_step(articles: pd.DataFrame, finest: str = "week") -> str:
    """Choose week, month or year, none finer than `finest`, so that what is drawn can be read."""
    published = articles["published"]
    days = 0 if published.isna().all() else (published.max() - published.min()).days
    steps = list(STEPS)[list(STEPS).index(finest) :]
    return next(step for step in steps if days <= STEPS[step])


def add_period(articles: pd.DataFrame, step: str = "week") -> pd.DataFrame:
    """Add a column `step`, the first day of each row's week (Monday), month or year.

    Undated rows are left out.
    """
    dated = articles.dropna(subset=["published"])
    day = dated["published"].dt.normalize()
    if step == "week":
        return dated.assign(week=day - pd.to_timedelta(day.dt.day_of_week, unit="D"))
    return dated.assign(**{step: day.dt.to_period(step[0].upper()).dt.to_timestamp()})


def count_periods(articles: pd.DataFrame, step: str = "week") -> pd.DataFrame:
    """Count the dated articles of each outlet in each week, month or year.

    One row is one outlet and `step`, from the corpus's first to its last, zeros included.
    """
    dated = add_period(articles, step)
    counts = dated.groupby(["outlet", step]).size().rename("articles")
    if not counts.empty:
        periods = list_periods(dated, step)
        outlets = pd.Index(sorted(dated["outlet"].unique()), name="outlet")
        counts = counts.reindex(pd.MultiIndex.from_product([outlets, periods]), fill_value=0)
    return counts.reset_index()


def list_periods(dated: pd.DataFrame, step: str) -> pd.DatetimeIndex:
    """List every week, month or year from the first to the last of `add_period`."""
    often = {"week": "7D", "month": "MS", "year": "YS"}[step]
    return pd.date_range(dated[step].min(), dated[step].max(), freq=often, name=step)


def count_gaps(articles: pd.DataFrame) -> pd.DataFrame:
    """Count the days without an article between two articles of an outlet, most days first.

    One row is one gap: outlet, last_before, first_after, days.
    """
    dated = articles.dropna(subset=["published"])
    days = dated.assign(first_after=dated["published"].dt.normalize())
    days = days[["outlet", "first_after"]].drop_duplicates().sort_values(["outlet", "first_after"])
    days["last_before"] = days.groupby("outlet")["first_after"].shift()
    days["days"] = (days["first_after"] - days["last_before"]).dt.days - 1
    gaps = days[days["days"] > 0].astype({"days": "int64"})
    gaps = gaps.sort_values(["days", "outlet"], ascending=[False, True])
    return lay_out("gaps", gaps).reset_index(drop=True)
