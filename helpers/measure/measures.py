"""Counts, shares, intervals and tones, computed from the tables; each docstring says what a row is.

Shares of articles carry Wilson's interval, shares of attributions or words the same at the
effective sample size of their articles, means one from resampled articles: `intervals` says how,
and gives the sources. All are 95 % intervals.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from helpers.annotate.capitals import is_capital
from helpers.annotate.names import country_names
from helpers.measure import gender
from helpers.measure.intervals import (
    LEVEL,
    clustered_interval,
    difference_interval,
    effective_size,
    resampled_intervals,
    wilson_interval,
)
from helpers.store import schema, tables

NOTHING, NONE = "nothing to count", "none"
COUNTED_AT_ONCE = 20_000  # articles, of those counted as pairs
NAMINGS = ("anonymous", "named", "unnamed")
PAIRED_ENTITIES = 200
VOICE = ["entity_id", "article_id", "start", "end", "words"]
SPOKEN = ["article_id", "start", "end", "words", "speaker_id"]
DIFFERENCE = ["share", "others", "difference", "low", "high"]


# ------------------------------------------------------------------------------------ selection


def read_rows(
    name: str,
    folder: str | Path,
    articles: pd.DataFrame,
    roles: Sequence[str] = (),
    columns: list[str] | None = None,
    light: bool = False,
) -> pd.DataFrame:
    """Read the rows of a table that `join_articles` keeps, the others never being held together.

    `columns` and `light` are those of `tables.read_table`.
    """
    where = _in_roles(roles)
    pieces = tables.read_pieces(name, folder, columns, where, light)
    return pd.concat([join_articles(piece, articles) for piece in pieces], ignore_index=True)


def read_mentions(
    folder: str | Path,
    articles: pd.DataFrame,
    entities: pd.DataFrame,
    roles: Sequence[str] = (),
    labels: Sequence[str] = (),
    capitals: str = "place",
) -> pd.DataFrame:
    """Read the mentions that `join_articles` and `join_entities` keep, with what these add.

    The others are never held together, so that a large corpus needs no more memory than its
    counted mentions.
    """
    where = _in_roles(roles)
    named = [
        join_entities(join_articles(piece, articles), entities, labels, capitals)
        for piece in tables.read_pieces("mentions", folder, where=where, light=True)
    ]
    return pd.concat(named, ignore_index=True)


def _in_roles(roles: Sequence[str]) -> dict[str, Sequence[str]] | None:
    """Return what `tables.read_table` is to load of a table with roles; None means all."""
    return {"role": _known_roles(roles)} if len(roles) else None


def _known_roles(roles: Sequence[str]) -> Sequence[str]:
    unknown = sorted(set(roles) - set(schema.BLOCK_ROLES))
    if unknown:
        raise ValueError(f"{unknown[0]!r} is no role; there is: {', '.join(schema.BLOCK_ROLES)}")
    return roles


def join_articles(
    frame: pd.DataFrame, articles: pd.DataFrame, roles: Sequence[str] = ()
) -> pd.DataFrame:
    """Keep the rows that lie in `articles` and in the counted block roles; add outlet and date.

    No role given means every role. Raises ValueError for a role that the tables do not know.
    """
    if len(roles):
        frame = frame[frame["role"].isin(_known_roles(roles))]
    places = _find_each(frame["article_id"], articles["article_id"])
    if (places < 0).any():
        frame, places = frame[places >= 0], places[places >= 0]
    known = {name: articles[name].array.take(places) for name in ("outlet", "published")}
    return frame.reset_index(drop=True).assign(**known)


def _find_each(values: pd.Series, known: pd.Series) -> np.ndarray:
    """Return where each value stands in `known`; raise MergeError when one stands there twice."""
    if known.duplicated().any():
        twice = known[known.duplicated()].iloc[0]
        raise pd.errors.MergeError(f"{known.name} {twice!r} stands twice: it must be unique")
    return tables.find_places(values, known)


def join_entities(
    mentions: pd.DataFrame,
    entities: pd.DataFrame,
    labels: Sequence[str] = (),
    capitals: str = "place",
) -> pd.DataFrame:
    """Add to each mention its entity's name, label and country; keep the labels asked for.

    A mention without an entity keeps its own text as its name. No label given means every label.
    A capital that stands for a government ("Moscow warned") is counted as the place, or, where
    `capitals` is "government", as "Government of Russia", a body. Raises ValueError for a label
    that the tables do not know and for other `capitals`.
    """
    unknown = sorted(set(labels) - set(schema.LABELS))
    if unknown:
        raise ValueError(f"{unknown[0]!r} is no label; there is: {', '.join(schema.LABELS)}")
    governments = _as_governments(capitals)
    places = _find_each(mentions["entity_id"], entities["entity_id"])
    label = _known_or(entities["label"], places, mentions["label"])
    if len(labels):
        wanted = label.isin(labels)
        if governments:
            wanted |= mentions["stands_for"] == "government"
        mentions, places, label = mentions[wanted], places[wanted], label[wanted]
    joined = mentions.assign(
        entity=_known_or(name_apart(entities)["entity"], places, mentions["text"]),
        country=_known_or(entities["country"], places, pd.Series("", index=mentions.index)),
        label=label,
    )
    if not governments:
        return joined
    joined = _name_governments(joined, joined["stands_for"] == "government")
    return joined[joined["label"].isin(labels)] if len(labels) else joined


def _known_or(known: pd.Series, places: np.ndarray, otherwise: pd.Series) -> pd.Series:
    """Take the values at some places of `known`, and where there is none (-1) `otherwise`."""
    taken = pd.Series(known.array.take(places, allow_fill=True), index=otherwise.index)
    return taken.where(places >= 0, otherwise) if (places < 0).any() else taken


def join_governments(
    attributions: pd.DataFrame, entities: pd.DataFrame, capitals: str = "place"
) -> pd.DataFrame:
    """Let capitals that speak be their government's voice where `capitals` is "government".

    `speaker_id` is then that of the government (see `join_entities`), also of one who speaks with
    others; else nothing changes.
    """
    if not _as_governments(capitals):
        return attributions
    known = entities[["entity_id", "entity", "country"]]
    of_capitals = known[known["entity"].map(is_capital).astype(bool)]
    moved = _name_governments(of_capitals, pd.Series(True, index=of_capitals.index))
    government = dict(zip(of_capitals["entity_id"], moved["entity_id"], strict=True))
    ids = [
        ";".join(government.get(one, one) for one in joint.split(";"))
        for joint in attributions["speaker_id"]
    ]
    return attributions.assign(speaker_id=pd.Series(ids, index=attributions.index, dtype="str"))


def _as_governments(capitals: str) -> bool:
    if capitals not in ("place", "government"):
        raise ValueError(f"capitals must be 'place' or 'government', not {capitals!r}")
    return capitals == "government"


def _name_governments(frame: pd.DataFrame, which: pd.Series) -> pd.DataFrame:
    """Name the government of the country in the rows that `which` marks, where it is known."""
    which = which & frame["country"].isin(list(country_names()))
    name = "Government of " + frame["country"].map(country_names())
    return frame.assign(
        entity=name.where(which, frame.get("entity", "")),
        entity_id=("org-government-of-" + frame["country"].str.lower()).where(
            which, frame["entity_id"]
        ),
        label=pd.Series("ORG", index=frame.index).where(which, frame.get("label", "")),
    )


def name_apart(entities: pd.DataFrame) -> pd.DataFrame:
    """Tell entities of one name apart by their label, or else by their id: "Kessaria (ORG)"."""
    name = entities["entity"]
    for column in ("label", "entity_id"):
        shared = name.duplicated(keep=False)
        name = name.where(~shared, entities["entity"] + " (" + entities[column] + ")")
    return entities.assign(entity=name)


# --------------------------------------------------------------------------------------- shares


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


def _shares_of(
    rows: pd.DataFrame, column: str, values: Iterable[str], level: float = LEVEL
) -> Iterator[tuple]:
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
        low, high = clustered_interval(share, size, len(ids), level)
        counted = {"count": round(hit), "n": round(total), "articles": spread[value]}
        yield value, {**counted, "share": share, "low": low, "high": high}


def measure_differences(
    frame: pd.DataFrame, column: str, by: str, weight: str = "", minimum: int = 1
) -> pd.DataFrame:
    """Measure how far the share of each value of `column` in one `by` differs from all the others.

    The articles of one value of `by`, for instance of one outlet, are compared with the articles
    of all its other values; `frame`, `column` and `weight` are those of `measure_shares`.

    Returns
    -------
    One row per value of `by` and of `column`, the clearest differences first: count, n, share,
    others (the share in all others), difference (-1 to 1), low, high (95 %), `tests` (how many
    differences are compared here) and `clear`: whether the interval at the level 1 - 0.05 / tests
    (Bonferroni) leaves out zero. Where one side has fewer than `minimum` rows, share, others,
    difference, low and high are NaN and nothing is compared.
    """
    rows = frame.assign(_size=frame[weight].astype(float) if weight else 1.0)
    values = rows.groupby(column)["_size"].sum().sort_values(ascending=False, kind="stable").index
    sides = {name: rows[by] == name for name in sorted(rows[by].unique())}
    enough = {
        name: minimum <= inside.sum() and minimum <= (~inside).sum()
        for name, inside in sides.items()
    }
    tests = max(len(values) * sum(enough.values()), 1)
    found = []
    for name, inside in sides.items():
        measured = _differences_of(rows[inside], rows[~inside], column, values, tests)
        for row in measured:
            blank = {} if enough[name] else dict.fromkeys(DIFFERENCE, np.nan) | {"clear": False}
            found.append({by: name, **row, **blank, "tests": tests})
    columns = [by, column, "count", "n", *DIFFERENCE, "tests", "clear"]
    differences = pd.DataFrame(found, columns=columns)
    differences = differences.astype(
        {"count": "int64", "n": "int64", "tests": "int64", "clear": bool}
        | dict.fromkeys(DIFFERENCE, float)
    )
    size = differences["difference"].abs()
    order = differences.assign(_size=size).sort_values(
        ["clear", "_size"], ascending=False, kind="stable"
    )
    return differences.loc[order.index].reset_index(drop=True)


def _differences_of(
    inside: pd.DataFrame, outside: pd.DataFrame, column: str, values: Iterable[str], tests: int
) -> Iterator[dict]:
    strict = 1 - (1 - LEVEL) / tests
    measured = [
        dict(_shares_of(side, column, values, level))
        for level in (LEVEL, strict)
        for side in (inside, outside)
    ]
    for value in values:
        ours, theirs, ours_strict, theirs_strict = (
            (side[value]["share"], side[value]["low"], side[value]["high"]) for side in measured
        )
        low, high = difference_interval(ours, theirs)
        least, most = difference_interval(ours_strict, theirs_strict)
        yield {
            column: value,
            "count": measured[0][value]["count"],
            "n": measured[0][value]["n"],
            "share": ours[0],
            "others": theirs[0],
            "difference": ours[0] - theirs[0],
            "low": float(low),
            "high": float(high),
            "clear": bool(least > 0 or most < 0),
        }


def note_comparisons(differences: pd.DataFrame) -> str:
    """Say how many differences were compared and how many of them chance alone would show."""
    tests = int(differences["tests"].max()) if len(differences) else 0
    if not tests:
        return "Nothing is compared: too few rows."
    chance = tests * (1 - LEVEL)
    return (
        f"{tests:,} differences are compared; were there none, about {max(chance, 0.1):.1f} of "
        "their 95% intervals would leave out zero by chance. Called clear: "
        f"{differences.clear.sum()}, with intervals at {1 - (1 - LEVEL) / tests:.2%} (Bonferroni)."
    )


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
    leaders = _enumerate(drawn.loc[first, column], most)
    if not near.any():
        return leaders
    others = drawn[near].sort_values("share", ascending=False, kind="stable")[column]
    return f"{leaders}; too close to call: {_enumerate(others, most)}"


def name_most(counts: pd.DataFrame, column: str, value: str) -> str:
    """Name the row or rows with the largest number in `value`, for a title about counts."""
    if counts.empty:
        return NOTHING
    totals = counts.groupby(column)[value].sum()
    most = totals.max()
    if most <= 0:
        return NONE
    return f"{_enumerate(totals.index[totals == most], 3)} ({most:,.0f})"


def name_leaders_by(counts: pd.DataFrame, column: str, by: str) -> str:
    """Name the row with the largest share within each `by` ("Courier: A; Gazette: B and C").

    When it is the same in all of several, it is named once ("A, in all 4").
    """
    groups: dict[str, list[str]] = {}
    for name, group in counts.dropna(subset=["share"]).groupby(by, sort=True):
        top = group["share"].max()
        leaders = _enumerate(group.loc[group["share"] == top, column], 3) if top > 0 else NONE
        groups.setdefault(leaders, []).append(name)
    if len(groups) == 1 and len(names := next(iter(groups.values()))) > 1:
        return f"{next(iter(groups))}, in all {len(names)}"
    named = [f"{_enumerate(names, 3)}: {leaders}" for leaders, names in groups.items()]
    return "; ".join(named) or NOTHING


def name_tones(tones: pd.DataFrame, column: str, most: int = 4) -> str:
    """Name the rows whose interval is wholly negative, and those where it is wholly positive."""
    negative = tones.loc[tones["high"] < 0, column]
    positive = tones.loc[tones["low"] > 0, column]
    if tones["tone"].notna().sum() == 0:
        return "too few statements to tell" if len(tones) else NOTHING
    if negative.empty and positive.empty:
        return "neither clearly negative nor clearly positive for anybody"
    sides = {"negative": negative, "positive": positive}
    return ", ".join(
        f"{side} for {_enumerate(who, most)}" for side, who in sides.items() if len(who)
    )


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


def _enumerate(names: Iterable[str], most: int) -> str:
    names = list(names)
    shown, rest = (names, 0) if len(names) <= most else (names[: most - 1], len(names) - most + 1)
    parts = [*shown, *([f"{rest} more"] if rest else [])]
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


# --------------------------------------------------------------------------------- the articles


def count_articles(articles: pd.DataFrame) -> pd.DataFrame:
    """Count what each outlet has; one row is one outlet, the one with most articles first.

    Columns: articles, words, first and last day, undated, copies (marked as duplicates), wire.
    """
    rows = articles.assign(
        undated=articles["published"].isna(),
        copy=articles["duplicate_of"] != "",
        from_wire=articles["wire"] != "",
    )
    counts = rows.groupby("outlet").agg(
        articles=("article_id", "size"),
        words=("words", "sum"),
        first=("published", "min"),
        last=("published", "max"),
        undated=("undated", "sum"),
        copies=("copy", "sum"),
        wire=("from_wire", "sum"),
    )
    counts = counts.astype({"words": "int64"}).sort_values("articles", ascending=False)
    days = {column: pd.to_datetime(counts[column]).dt.normalize() for column in ("first", "last")}
    return counts.assign(**days).reset_index()


def add_week(articles: pd.DataFrame) -> pd.DataFrame:
    """Add `week`, the Monday of each row's day; undated rows are left out."""
    dated = articles.dropna(subset=["published"])
    day = dated["published"].dt.normalize()
    return dated.assign(week=day - pd.to_timedelta(day.dt.day_of_week, unit="D"))


def name_period(articles: pd.DataFrame) -> str:
    """Name the first and last day of the dated articles ("2 March 2026 to 24 May 2026")."""
    if articles["published"].isna().all():
        return "no dates"
    first, last = articles["published"].min(), articles["published"].max()
    return f"{first:%-d %B %Y} to {last:%-d %B %Y}"


def count_weeks(articles: pd.DataFrame) -> pd.DataFrame:
    """Count the dated articles of each outlet in each week; weeks begin on Monday.

    One row is one outlet and week, from the corpus's first week to its last, zeros included.
    """
    dated = add_week(articles)
    counts = dated.groupby(["outlet", "week"]).size().rename("articles")
    if not counts.empty:
        weeks = pd.date_range(dated["week"].min(), dated["week"].max(), freq="7D", name="week")
        outlets = pd.Index(sorted(dated["outlet"].unique()), name="outlet")
        counts = counts.reindex(pd.MultiIndex.from_product([outlets, weeks]), fill_value=0)
    return counts.reset_index()


def measure_lengths(articles: pd.DataFrame) -> pd.DataFrame:
    """Measure the words of each outlet's articles; one row is one outlet, the longest first.

    Columns: articles, shortest, median, longest.
    """
    lengths = articles.groupby("outlet")["words"].agg(
        articles="size", shortest="min", median="median", longest="max"
    )
    return _ranked(lengths.reset_index(), "median", "longest", then="outlet")


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
    return gaps[["outlet", "last_before", "first_after", "days"]].reset_index(drop=True)


def join_blocks(blocks: pd.DataFrame, articles: pd.DataFrame) -> pd.DataFrame:
    """Keep the blocks that lie in `articles` and add their number of words."""
    joined = blocks.merge(
        articles[["article_id", "text"]], on="article_id", how="inner", validate="many_to_one"
    )
    words = [
        len(text[start:end].split())
        for text, start, end in zip(joined["text"], joined["start"], joined["end"], strict=True)
    ]
    return joined.drop(columns="text").assign(words=pd.Series(words, index=joined.index, dtype=int))


def count_roles(
    blocks: pd.DataFrame, articles: pd.DataFrame, roles: Sequence[str] = ()
) -> pd.DataFrame:
    """Count the words of each structure role; one row is one role: blocks, words, share, counted.

    `counted` says whether the role is among `roles`, the ones that other notebooks count.
    """
    joined = join_blocks(blocks, articles)
    counts = joined.groupby("role").agg(
        articles=("article_id", "nunique"), blocks=("start", "size"), words=("words", "sum")
    )
    counts = counts.astype({"words": "int64"}).sort_values("words", ascending=False).reset_index()
    total = counts["words"].sum()
    return counts.assign(
        share=counts["words"] / total if total else 0.0, counted=counts["role"].isin(roles)
    )


def pair_duplicates(articles: pd.DataFrame) -> pd.DataFrame:
    """Pair each copy with its original; one row is one copy.

    The original may lie outside the selection: its columns are then empty.
    """
    told = ["article_id", "outlet", "published", "headline"]
    copies = articles.loc[articles["duplicate_of"] != "", [*told, "duplicate_kind", "duplicate_of"]]
    originals = articles[["article_id", "outlet", "published"]].add_prefix("original_")
    return copies.merge(
        originals,
        left_on="duplicate_of",
        right_on="original_article_id",
        how="left",
        validate="many_to_one",
    ).drop(columns="original_article_id")


def count_values(frame: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """Count rows and articles for each combination of values, most rows first."""
    counts = frame.groupby(list(columns), dropna=False).agg(
        count=("article_id", "size"), articles=("article_id", "nunique")
    )
    return counts.sort_values("count", ascending=False, kind="stable").reset_index()


# --------------------------------------------------------------------------------- the entities


def count_entities(mentions: pd.DataFrame, by: str = "") -> pd.DataFrame:
    """Count mentions and articles of each entity; one row is one entity (in one `by`, if given).

    The entity in most articles comes first. Needs the columns of `join_entities`.
    """
    keys = [*([by] if by else []), "entity_id", "entity", "label"]
    counts = mentions.groupby(keys).agg(
        articles=("article_id", "nunique"), mentions=("article_id", "size")
    )
    return _ranked(counts.reset_index(), "articles", "mentions", then="entity")


def _ranked(counts: pd.DataFrame, *largest: str, then: str) -> pd.DataFrame:
    order = [False] * len(largest) + [True]
    return counts.sort_values([*largest, then], ascending=order).reset_index(drop=True)


def measure_entities(
    mentions: pd.DataFrame, articles: pd.DataFrame, chosen: pd.DataFrame, by: str
) -> pd.DataFrame:
    """Measure the share of the articles of each `by` that mention each chosen entity.

    One row is one entity of `chosen` in one value of `by`, zeros included: articles, n, share,
    low, high.
    """
    n = articles.groupby(by).size()
    counts = count_entities(mentions, by).set_index([by, "entity_id"])["articles"]
    told = chosen[["entity_id", "entity"]].merge(n.rename("n").reset_index(), how="cross")
    places = pd.MultiIndex.from_frame(told[[by, "entity_id"]])
    told["articles"] = counts.reindex(places, fill_value=0).to_numpy()
    return add_article_share(told, n)


def count_pairs(mentions: pd.DataFrame, n_articles: int) -> pd.DataFrame:
    """Count the articles that mention both of two entities; one row is one pair.

    `expected` is the number if the two were mentioned independently of one another, `ratio` how
    many times more often they meet. The 200 most widely mentioned entities are paired.
    """
    widest = count_entities(mentions).drop_duplicates("entity").head(PAIRED_ENTITIES)
    names = np.sort(widest["entity"].to_numpy(str))
    named = mentions[mentions["entity"].isin(names)]
    place, articles = pd.factorize(named["article_id"])
    present = np.zeros((len(articles), len(names)), bool)
    present[place, tables.find_places(named["entity"], pd.Series(names))] = True
    both = np.zeros((len(names), len(names)))
    for low in range(0, len(present), COUNTED_AT_ONCE):
        part = present[low : low + COUNTED_AT_ONCE].astype(np.float32)
        both += part.T @ part
    first, second = np.nonzero(np.triu(both, 1))
    alone = present.sum(0, dtype=float)
    expected = alone[first] * alone[second] / max(n_articles, 1)
    met = both[first, second]
    pairs = pd.DataFrame({"entity": names[first], "entity_with": names[second]})
    pairs = pairs.assign(articles=met.astype(int), expected=expected, ratio=met / expected)
    return _ranked(pairs, "articles", "ratio", then="entity")


def find_pairs(mentions: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """Find what is behind `count_pairs`: where two entities are first named in a common article.

    One row is one of the two in one article: entity, entity_with, article_id, start, end.
    """
    keys = ["entity", "entity_with"]
    named = mentions["entity"].isin(pd.unique(pairs[keys].to_numpy().ravel()))
    first = mentions.loc[named, ["article_id", "entity", "start", "end"]]
    first = first.drop_duplicates(["article_id", "entity"])
    met = first.merge(first, on="article_id", suffixes=("", "_with"), validate="many_to_many")
    met = met[met["entity"] < met["entity_with"]].merge(pairs[keys], validate="many_to_one")
    columns = [*keys, "article_id", "start", "end"]
    other = met[[*keys, "article_id", "start_with", "end_with"]].set_axis(columns, axis=1)
    return pd.concat([met[columns], other], ignore_index=True)


def each_speaker(attributions: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each of those who speak as one: `entity_id` is the id of one of them."""
    alone = attributions.assign(entity_id=attributions["speaker_id"])
    joint = alone["entity_id"].str.contains(";", regex=False)
    if not joint.any():
        return alone
    ids = alone["entity_id"].where(~joint, alone["entity_id"].str.split(";"))
    return alone.assign(entity_id=ids).explode("entity_id")


def find_voice(mentions: pd.DataFrame, attributions: pd.DataFrame) -> pd.DataFrame:
    """Find where the entities of mentions are mentioned and where they speak.

    One row is one mention, or one statement of one of its speakers (`speaks`): entity_id, entity,
    label, article_id, start, end, words (spoken).
    """
    named = mentions[["entity_id", "entity", "label", "article_id", "start", "end"]]
    nameless = named["entity_id"] == ""
    named = named[~nameless] if nameless.any() else named
    names = named[["entity_id", "entity", "label"]].drop_duplicates("entity_id")
    spoken = each_speaker(attributions)[VOICE].assign(speaks=True)
    places = _find_each(spoken["entity_id"], names["entity_id"])
    spoken, places = spoken[places >= 0], places[places >= 0]
    told = {name: names[name].array.take(places) for name in ("entity", "label")}
    both = [named.assign(words=0, speaks=False), spoken.assign(**told)]
    return pd.concat(both, ignore_index=True).astype({"speaks": bool})


def measure_voice(appears: pd.DataFrame) -> pd.DataFrame:
    """Measure in how many articles an entity appears and in how many of these it speaks.

    `appears` is what `find_voice` gives. One row is one entity: articles (it is mentioned or
    speaks), speaking (articles), words spoken, share (speaking of articles), low, high. What
    several say together counts for each of them.
    """
    names = appears[["entity_id", "entity", "label"]].drop_duplicates("entity_id")
    spoken = appears[appears["speaks"]]
    voice = names.set_index("entity_id").assign(
        articles=appears.groupby("entity_id")["article_id"].nunique(),
        speaking=spoken.groupby("entity_id")["article_id"].nunique(),
        words=spoken.groupby("entity_id")["words"].sum(),
    )
    voice = voice.fillna({"speaking": 0, "words": 0}).astype(
        {"articles": "int64", "speaking": "int64", "words": "int64"}
    )
    low, high = wilson_interval(voice["speaking"], voice["articles"])
    voice = voice.assign(share=voice["speaking"] / voice["articles"], low=low, high=high)
    return _ranked(voice.reset_index(), "articles", "speaking", then="entity")


def read_referred(
    folder: str | Path,
    mentions: pd.DataFrame,
    attributions: pd.DataFrame,
    articles: pd.DataFrame,
    asked: bool,
) -> pd.DataFrame:
    """Read what `find_referred` needs of some articles and find it; no row unless `asked`."""
    if not asked:
        return _nobody_referred()
    here = {"article_id": articles["article_id"].tolist()}
    texts = tables.read_table("articles", folder, where=here)
    sentences = tables.read_table("sentences", folder, where=here)
    return find_referred(mentions, attributions, texts, sentences)


def _nobody_referred() -> pd.DataFrame:
    none = pd.DataFrame(columns=[*VOICE, "entity", "label", "speaks", "pronoun"])
    return none.astype({"speaks": bool})


def find_referred(
    mentions: pd.DataFrame,
    attributions: pd.DataFrame,
    articles: pd.DataFrame,
    sentences: pd.DataFrame,
) -> pd.DataFrame:
    """Find where people are mentioned and speak, and by which pronoun the articles refer to them.

    One row is one row of `find_voice` with `pronoun` (he, she, they, mixed, unknown). The pronouns
    are the articles' own (see `gender.find_references`); nothing is read from a name.
    """
    people = mentions[(mentions["label"] == "PERSON") & (mentions["entity_id"] != "")]
    if people.empty:
        return _nobody_referred()
    references = gender.find_references(articles, sentences, people)
    known = people[["entity_id", "entity"]].drop_duplicates("entity_id")
    known = gender.measure_pronouns(known, references).set_index("entity_id")["pronoun"]
    found = find_voice(people, attributions)
    return found.assign(pronoun=found["entity_id"].map(known))


def measure_gender(referred: pd.DataFrame) -> pd.DataFrame:
    """Tell how many people are referred to by which pronoun, and how much they speak.

    One row is one pronoun: people, articles that mention them, words they speak and the share of
    all these words, with the share of the people. Needs the rows of `find_referred`.
    """
    columns = ["pronoun", "people", "share_of_people", "articles", "words", "share_of_words"]
    if referred.empty:
        return pd.DataFrame(columns=columns)
    named = referred[~referred["speaks"]].groupby("pronoun")
    measured = pd.DataFrame(
        {
            "people": named["entity_id"].nunique(),
            "articles": named["article_id"].nunique(),
            "words": referred.groupby("pronoun")["words"].sum(),
        }
    )
    order = [*gender.PRONOUNS, gender.MIXED, gender.UNKNOWN]
    measured = measured.reindex(order, fill_value=0).astype("int64")
    total = measured["words"].sum()
    measured["share_of_people"] = measured["people"] / measured["people"].sum()
    measured["share_of_words"] = measured["words"] / (total if total else np.nan)
    return measured.rename_axis("pronoun").reset_index()[columns]


def count_aliases(mentions: pd.DataFrame, entities: pd.DataFrame) -> pd.DataFrame:
    """Count the ways each entity is written; one row is one entity that is written in several.

    `written` lists them with their mentions, `merge_reason` says why they are one name.
    """
    counts = mentions.groupby(["entity_id", "text"]).size().rename("mentions").reset_index()
    counts = counts[counts["entity_id"] != ""]
    counts = counts.sort_values(["entity_id", "mentions", "text"], ascending=[True, False, True])
    counts["written"] = counts["text"] + " (" + counts["mentions"].astype(str) + ")"
    merged = counts.groupby("entity_id").agg(
        written=("written", "; ".join), ways=("text", "size"), mentions=("mentions", "sum")
    )
    merged = merged[merged["ways"] > 1].reset_index()
    told = entities[["entity_id", "entity", "label", "merge_reason"]]
    merged = merged.merge(told, on="entity_id", validate="one_to_one")
    columns = ["entity_id", "entity", "label", "ways", "mentions", "written", "merge_reason"]
    return _ranked(merged[columns], "mentions", "ways", then="entity")


def count_ambiguous(mentions: pd.DataFrame, entities: pd.DataFrame) -> pd.DataFrame:
    """Count the written names that could be several entities; one row is one written name.

    `could_be` lists the entities that are written so somewhere in the corpus, and the persons
    whose last name it is; `mentions` and `articles` say how often the name stands so in the text.
    """
    known = entities[["entity", "label", "aliases"]].reset_index(drop=True)
    last = known["entity"].where(known["label"] == "PERSON").str.split().str[-1]
    written = pd.concat([known["aliases"].explode(), known["entity"], last]).dropna()
    owners = pd.DataFrame({"text": written, "could_be": known["entity"].reindex(written.index)})
    owners = owners.drop_duplicates().sort_values(["text", "could_be"])
    owners = owners.groupby("text").agg(
        could_be=("could_be", "; ".join), names=("could_be", "size")
    )
    found = mentions.groupby("text").agg(
        articles=("article_id", "nunique"), mentions=("article_id", "size")
    )
    ambiguous = found.join(owners[owners["names"] > 1], how="inner").reset_index()
    columns = ["text", "articles", "mentions", "names", "could_be"]
    return _ranked(ambiguous[columns], "articles", "mentions", then="text")


# ------------------------------------------------------------------------- speakers and sources


def add_naming(attributions: pd.DataFrame) -> pd.DataFrame:
    """Add `naming`: whether the source is named, unnamed, or anonymous (its name is withheld)."""
    unnamed = np.where(attributions["named"].astype(bool), 1, 2)
    codes = np.where(attributions["source_type"] == "anonymous source", 0, unnamed)
    return attributions.assign(naming=pd.Categorical.from_codes(codes, NAMINGS))


def measure_naming(attributions: pd.DataFrame) -> pd.DataFrame:
    """Measure named, unnamed and anonymous shares, once by attributions and once by words.

    One row is one `naming` in one `measure`; see `measure_shares`.
    """
    named = add_naming(attributions)
    measured = {
        "attributions": measure_shares(named, "naming"),
        "words": measure_shares(named, "naming", weight="words"),
    }
    shares = pd.concat(measured, names=["measure"]).reset_index("measure")
    return shares.reset_index(drop=True)


def rank_strongest(attributions: pd.DataFrame, speaker: str = "") -> pd.DataFrame:
    """Order attributions by the strength of their tone, whatever its sign; "" takes all speakers.

    Raises ValueError when nobody of that name speaks.
    """
    if speaker:
        attributions = tables.keep(attributions, speaker=speaker)
    strength = attributions["tone"].abs().sort_values(ascending=False, kind="stable").dropna()
    return attributions.loc[strength.index]


def count_speakers(attributions: pd.DataFrame, by: str = "") -> pd.DataFrame:
    """Count what each speaker says; one row is one speaker (in one `by`, if given).

    Columns: articles, attributions, words, direct, mixed, indirect. A source without a name is
    one row per description as written, with `named` false: "officials" in two articles need not
    be the same officials.
    """
    keys = [*([by] if by else []), "speaker", "speaker_id", "named"]
    forms = {form: attributions["form"] == form for form in schema.FORMS}
    counts = (
        attributions.assign(**forms)
        .groupby(keys)
        .agg(
            articles=("article_id", "nunique"),
            attributions=("article_id", "size"),
            words=("words", "sum"),
            **{form: (form, "sum") for form in schema.FORMS},
        )
    )
    return _ranked(counts.reset_index(), "articles", "attributions", then="speaker")


def measure_tone(attributions: pd.DataFrame, by: str = "speaker", minimum: int = 1) -> pd.DataFrame:
    """Measure the mean lexical tone (-1 to 1) of each speaker's words, articles resampled.

    One row is one value of `by`: articles, attributions (with a tone), tone, low, high, spread
    (standard deviation), and how many are negative, neutral, positive. Below `minimum`
    attributions, or in one article only, tone, low and high are NaN.
    """
    toned = attributions.dropna(subset=["tone"])
    labels = {label: toned["tone_label"] == label for label in schema.POLARITIES}
    rows = toned.assign(**labels)
    tones = rows.groupby(by).agg(
        articles=("article_id", "nunique"),
        attributions=("tone", "size"),
        tone=("tone", "mean"),
        spread=("tone", "std"),
        **{label: (label, "sum") for label in labels},
    )
    enough = (tones["attributions"] >= minimum) & (tones["articles"] > 1)
    tones["tone"] = tones["tone"].where(enough)
    kept = rows[rows[by].isin(tones.index[enough])]
    summed = kept.groupby([by, "article_id"])["tone"].agg(["sum", "size"]).reset_index()
    groups, names = pd.factorize(summed[by], sort=True)
    low, high = resampled_intervals(summed["sum"], summed["size"], groups, len(names))
    tones["low"] = pd.Series(low, index=names, dtype=float)
    tones["high"] = pd.Series(high, index=names, dtype=float)
    columns = ["articles", "attributions", "tone", "low", "high", "spread", *schema.POLARITIES]
    return _ranked(tones[columns].reset_index(), "articles", "attributions", then=by)


def count_relays(attributions: pd.DataFrame, by: str = "") -> pd.DataFrame:
    """Count what reached the article through another outlet; one row is one relaying outlet.

    Columns: relay, relay_ownership, carrier (both in one), articles, attributions, words,
    speakers. With `by`, for
    instance "speaker", one row is one value of it and one relay.
    """
    relayed = attributions[attributions["relay"] != ""]
    counts = relayed.groupby([*([by] if by else []), "relay", "relay_ownership"]).agg(
        articles=("article_id", "nunique"),
        attributions=("article_id", "size"),
        words=("words", "sum"),
        speakers=("speaker", "nunique"),
    )
    counts = counts.reset_index()
    counts["carrier"] = counts["relay"] + " (" + counts["relay_ownership"].astype("str") + ")"
    return _ranked(counts, "articles", "attributions", then="relay")


def name_replies(replies: pd.DataFrame, entities: pd.DataFrame) -> pd.DataFrame:
    """Put the name of who was asked into `who`: "(not named)" where the article names nobody."""
    names = name_apart(entities)[["entity_id", "entity"]]
    named = replies.merge(names, on="entity_id", how="left", validate="many_to_one")
    return named.assign(who=named["entity"].fillna("(not named)"))


def count_replies(replies: pd.DataFrame, entities: pd.DataFrame) -> pd.DataFrame:
    """Count who did not answer, and how; one row is one body and kind of reply.

    Who was asked is named as `name_replies` does.
    """
    counts = (
        name_replies(replies, entities)
        .groupby(["who", "kind"])
        .agg(articles=("article_id", "nunique"), replies=("article_id", "size"))
    )
    return _ranked(counts.reset_index(), "articles", "replies", then="who")


def add_source(attributions: pd.DataFrame) -> pd.DataFrame:
    """Add `source`, by which the sources of an article are told apart: an id or else a name."""
    source = attributions["speaker_id"]
    unknown = source == ""
    if unknown.any():
        folded = attributions.loc[unknown, "speaker"].str.casefold()
        source = source.where(~unknown, folded.reindex(source.index))
    return attributions.assign(source=source)


def count_sources(articles: pd.DataFrame, attributions: pd.DataFrame) -> pd.DataFrame:
    """Count the sources of each article, fewest first but none last; one row is one article.

    Columns: article_id, outlet, published, headline, attributions, sources, named_sources. A
    source is a speaker; all words without a known speaker count as one source of their article.
    """
    said = add_source(attributions)
    said = said.assign(name=said["source"].where(said["named"]))
    counts = said.groupby("article_id").agg(
        attributions=("source", "size"),
        sources=("source", "nunique"),
        named_sources=("name", "nunique"),
    )
    told = articles[["article_id", "outlet", "published", "headline"]]
    joined = told.merge(counts, on="article_id", how="left", validate="one_to_one")
    numbers = ["attributions", "sources", "named_sources"]
    joined[numbers] = joined[numbers].fillna(0).astype("int64")
    joined["_none"] = joined["sources"] == 0
    joined = joined.sort_values(["_none", "sources", "article_id"]).drop(columns="_none")
    return joined.reset_index(drop=True)


def count_single_source(sources: pd.DataFrame) -> pd.DataFrame:
    """Count per outlet the articles that rest on one source; needs the rows of `count_sources`.

    One row is one outlet: articles (with one source), n (with any source), share, low, high.
    """
    sourced = sources[sources["sources"] > 0]
    single = sourced.assign(single=sourced["sources"] == 1)
    counts = single.groupby("outlet").agg(articles=("single", "sum"), n=("single", "size"))
    shares = add_article_share(counts.reset_index()[["outlet", "articles"]], counts["n"])
    return shares.sort_values("share", ascending=False, kind="stable").reset_index(drop=True)
