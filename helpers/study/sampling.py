"""Samples for hand coding: drawn at random within strata, with the frame and exclusions logged."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

SHORTEST = 8
KEY = ["unit", "attribution_id", "article_id", "start", "end", "stratum", "weight"]
PASSAGES = ["passage", "article_id", "start", "end"]
LOG = ["step", "rows", "articles"]


def draw_statements(
    attributions: pd.DataFrame,
    articles: pd.DataFrame,
    size: int,
    strata: Sequence[str] = ("outlet",),
    seed: int = 1,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Draw statements at random within strata, in proportion to them and at least one of each.

    Parameters
    ----------
    attributions
        The statements of the chosen articles and roles, as `measures.join_articles` gives them.
    articles
        The chosen articles; statements of those marked as copies are left out.
    size
        How many to draw; all when there are fewer.
    strata
        Columns of `attributions` or of `articles` whose combinations are the strata; "month" is
        that of publication.

    Returns
    -------
    The key, one row per statement drawn, in random order: unit, attribution_id, article_id, start,
    end, stratum, and weight, how many statements of the frame it stands for. And the log, one row
    per step from the tables to the draw: step, rows, articles.

    Raises
    ------
    ValueError
        When `size` is smaller than the number of strata, or a stratum is no column.
    """
    log = [_step("statements in the chosen articles and roles", attributions)]
    copies = articles.loc[articles["duplicate_of"] != "", "article_id"]
    frame = attributions[~attributions["article_id"].isin(copies)]
    log.append(_step("left out: in articles marked as copies", attributions.loc[_not(frame)]))
    log.append(_step("sampling frame", frame))
    stratum = _strata(frame, articles, strata)
    drawn = _draw(stratum, size, np.random.default_rng(seed))
    key = frame.loc[drawn.index, ["attribution_id", "article_id", "start", "end"]]
    key = key.assign(stratum=stratum.loc[drawn.index], weight=drawn)
    key.insert(0, "unit", [f"u{number:04}" for number in range(1, len(key) + 1)])
    told = f"drawn: seed {seed}, strata {', '.join(strata) or 'none'} ({stratum.nunique():,})"
    log.append(_step(told, key))
    return key[KEY].reset_index(drop=True), pd.DataFrame(log, columns=LOG)


def _not(frame: pd.DataFrame) -> object:
    return lambda rows: ~rows.index.isin(frame.index)


def _step(step: str, rows: pd.DataFrame) -> dict[str, object]:
    return {"step": step, "rows": len(rows), "articles": rows["article_id"].nunique()}


def _strata(frame: pd.DataFrame, articles: pd.DataFrame, strata: Sequence[str]) -> pd.Series:
    known = frame.assign(month=frame["published"].dt.strftime("%Y-%m").fillna("undated"))
    lacking = [name for name in strata if name not in known and name in articles]
    if lacking:
        known = known.merge(articles[["article_id", *lacking]], on="article_id", how="left")
        known.index = frame.index
    unknown = [name for name in strata if name not in known]
    if unknown:
        raise ValueError(f"{unknown[0]!r} is no column to draw by; there is: {', '.join(known)}")
    if not strata or frame.empty:
        return pd.Series("all", index=frame.index, dtype="str")
    return known[list(strata)].astype("str").agg("; ".join, axis=1).astype("str")


def _draw(stratum: pd.Series, size: int, chance: np.random.Generator) -> pd.Series:
    """Draw rows; return their weights, in random order."""
    sizes = stratum.value_counts().sort_index()
    if len(sizes) > size:
        raise ValueError(
            f"{size} statements cannot cover {len(sizes)} strata: draw more, or by fewer columns"
        )
    numbers = _allot(sizes, min(size, int(sizes.sum())))
    chosen = [
        pd.Series(
            sizes[name] / number,
            index=chance.permutation(stratum.index[stratum == name])[:number],
        )
        for name, number in numbers.items()
    ]
    drawn = pd.concat(chosen) if chosen else pd.Series(dtype=float, index=stratum.index)
    return drawn.iloc[chance.permutation(len(drawn))]


def _allot(sizes: pd.Series, size: int) -> pd.Series:
    """Share `size` out in proportion, at least 1 each, by largest remainders."""
    if sizes.empty:
        return sizes
    spare = size - len(sizes)
    wish = (sizes - 1) * spare / max(sizes.sum() - len(sizes), 1)
    numbers = 1 + np.floor(wish).astype(int)
    rest = size - int(numbers.sum())
    largest = (wish - np.floor(wish)).sort_values(ascending=False, kind="stable").index[:rest]
    numbers[largest] += 1
    return numbers


def draw_passages(
    blocks: pd.DataFrame,
    articles: pd.DataFrame,
    number: int,
    roles: Sequence[str] = ("body",),
    seed: int = 1,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Draw whole paragraphs at random, with and without statements, to see what is missed.

    Returns the passages in random order (passage, article_id, start, end) and the log (step,
    rows, articles). Paragraphs of fewer than eight words and those of copies are left out.
    """
    texts = articles.set_index("article_id")["text"]
    chosen = blocks[blocks["article_id"].isin(texts.index) & blocks["role"].isin(roles)]
    copies = articles.loc[articles["duplicate_of"] != "", "article_id"]
    told = chosen[["article_id", "start", "end"]].itertuples(index=False)
    words = [len(texts[key][start:end].split()) for key, start, end in told]
    short = np.array(words, dtype=int) < SHORTEST
    copied = chosen["article_id"].isin(copies).to_numpy()
    frame = chosen[~short & ~copied]
    order = np.random.default_rng(seed).permutation(len(frame))[:number]
    drawn = frame.iloc[order][["article_id", "start", "end"]].reset_index(drop=True)
    drawn.insert(0, "passage", [f"p{place:03}" for place in range(1, len(drawn) + 1)])
    log = [
        _step(f"paragraphs of the roles {', '.join(roles)}", chosen),
        _step("left out: in articles marked as copies", chosen[copied]),
        _step(f"left out: fewer than {SHORTEST} words", chosen[short & ~copied]),
        _step("sampling frame of paragraphs", frame),
        _step(f"drawn: seed {seed}", drawn),
    ]
    return drawn[PASSAGES], pd.DataFrame(log, columns=LOG)
