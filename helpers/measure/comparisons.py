"""Comparisons: one measure by outlet and over time, and what changed since an earlier build.

A measure is the share of statements, or of articles, of which something holds. Intervals are those
of `shares`. The interval of a difference is built from the intervals of its two shares (Newcombe
1998, "Interval estimation for the difference between independent proportions", Statistics in
Medicine 17, method 10); where two builds share articles it is wider than it need be.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from helpers.measure import periods, shares
from helpers.measure.select import PLACE, keep_articles, lay_out, types_of
from helpers.store import lexicons, tables

OFFICIAL = ("government", "military", "legislature or party", "court", "police")
NAMED = ("named person", "named organisation")
SNAPSHOT = ("articles.parquet", "statements.parquet")
KINDS = {"data/lexicons/": "lexicon", "data/codebook": "codebook", "data/models/": "model"}
CAUSES = ("other articles", "another reading of the same articles")
COUNTED = {"articles": "values of sha256"}  # what `explain_move` counts


@dataclass(frozen=True)
class Measure:
    """A share: of what, of which rows it holds, in words, and by which variable coders tell it."""

    unit: str
    holds: Callable[[pd.DataFrame], pd.Series]
    says: str
    variable: str = ""


MEASURES = {
    "named sources": Measure(
        "statements",
        lambda rows: rows["source_type"].isin(NAMED),
        "the source is given by name",
        "source_type",
    ),
    "anonymous sources": Measure(
        "statements",
        lambda rows: rows["source_type"] == "anonymous source",
        "the article says that a name is withheld",
        "source_type",
    ),
    "official sources": Measure(
        "statements",
        lambda rows: rows["affiliation"].isin(OFFICIAL),
        f"the source speaks for {', '.join(OFFICIAL[:-1])} or {OFFICIAL[-1]}",
        "affiliation",
    ),
    "relayed statements": Measure(
        "statements",
        lambda rows: rows["relay"] != "",
        "another outlet carried the words before",
        "relay",
    ),
    "direct quotation": Measure(
        "statements",
        lambda rows: rows["form"] == "direct",
        "all words stand in quotation marks",
        "form",
    ),
    "single-source articles": Measure(
        "articles", lambda rows: rows["sources"] == 1, "one source, of the articles with any"
    ),
}


@dataclass(frozen=True)
class Build:
    """What comparisons need of one build: its articles, its statements, its manifest."""

    articles: pd.DataFrame
    statements: pd.DataFrame
    manifest: dict[str, Any] = field(default_factory=dict)

    @property
    def exists(self) -> bool:
        """Whether there is anything to compare with."""
        return bool(self.manifest)


# --------------------------------------------------------------------------------------- builds


def read_build(
    folder: str | Path,
    outlets: Sequence[str] = (),
    since: str = "",
    until: str = "",
    roles: Sequence[str] = (),
    incomplete: bool = False,
) -> Build:
    """Read what is compared of a folder of tables or of a snapshot; "" gives an empty build.

    Articles of which only a part was read are left out unless `incomplete`.

    In an earlier build an outlet may be missing; it then has no rows. One row of `statements` is
    one attribution with its article's outlet, day, path and sha256. Where an older snapshot does
    not know paths and places, these are empty.
    """
    if str(folder) == "":
        articles = lay_out("compared articles")
        return Build(articles, lay_out("compared statements").merge(articles, on="article_id"))
    folder = Path(folder)
    names = [list(types_of(f"compared {kind}")) for kind in ("articles", "statements")]
    if (folder / SNAPSHOT[1]).exists():
        articles, statements = (
            pq.read_table(folder / file).to_pandas().reindex(columns=columns)
            for file, columns in zip(SNAPSHOT, names, strict=True)
        )
        articles = articles.fillna({"path": "", "complete": "yes"})
    else:
        articles = tables.read_table("articles", folder, names[0])
        statements = tables.read_table("attributions", folder, names[1])
    articles = keep_articles(articles, outlets, since, until, incomplete)
    if len(roles):
        statements = statements[statements["role"].isin(roles)]
    statements = statements.merge(articles, on="article_id", validate="many_to_one")
    return Build(articles, statements, tables.read_manifest(folder))


def write_snapshot(folder: str | Path, out: str | Path) -> Path:
    """Write what comparisons need of a build, without any text of its articles; return `out`."""
    out = Path(out)
    for file, table in zip(SNAPSHOT, ("articles", "attributions"), strict=True):
        columns = list(types_of(f"compared {Path(file).stem}"))
        frame = tables.read_table(table, folder, columns)
        tables.write_arrow(pa.Table.from_pandas(frame, preserve_index=False), out / file)
    tables.write_manifest(tables.read_manifest(folder), out)
    return out


# ------------------------------------------------------------------------------------- measures


def say_measures() -> str:
    """Say which measures there are, and of what each is the share."""
    told = (f"{name} (of {one.unit}: {one.says})" for name, one in MEASURES.items())
    return f"There is: {'; '.join(told)}."


def select_rows(build: Build, measure: str) -> pd.DataFrame:
    """Return the rows a measure is a share of, with the column `holds`.

    One row is one statement, or one article with any source at its first statement. Raises
    ValueError for a measure that does not exist.
    """
    if measure not in MEASURES:
        raise ValueError(f"there is no measure {measure!r}; there is: {', '.join(MEASURES)}")
    chosen = MEASURES[measure]
    rows = build.statements
    if chosen.unit == "articles":
        rows = rows.assign(speaker=rows["speaker"].where(rows["speaker"] != ""))
        known = [name for name in types_of("compared articles") if name not in ("path", "complete")]
        first = {name: (name, "first") for name in PLACE[1:] if name in rows}
        rows = rows.groupby(known, dropna=False, sort=False).agg(
            sources=("speaker", "nunique"), count=("speaker", "size"), **first
        )
        rows = rows.reset_index().query("sources > 0")
    return rows.assign(holds=chosen.holds(rows).astype(bool))


def measure_by(rows: pd.DataFrame, by: str = "") -> pd.DataFrame:
    """Measure the share of the rows from `select_rows` that hold, of all or within each `by`.

    One row is one value of `by`: count (that hold), n, share, low, high; largest share first.
    """
    words = rows.assign(holds=np.where(rows["holds"], "yes", "no"))
    found = shares.measure_shares(words, "holds", by=by)
    if len(found) and "yes" not in set(found["holds"]):  # it holds nowhere: the rest of "no"
        found = found.assign(holds="yes", count=0, articles=0, share=1 - found["share"])
        found[["low", "high"]] = 1 - found[["high", "low"]].to_numpy()
    found = found[found["holds"] == "yes"].drop(columns="holds")
    return found.sort_values("share", ascending=False, kind="stable", ignore_index=True)


def measure_periods(rows: pd.DataFrame, step: str = "month", by: str = "outlet") -> pd.DataFrame:
    """Measure the share that holds in each month or year and each `by`; one row is one of one.

    Those between the first and the last in which there is nothing have n = 0 and no share.
    """
    dated = periods.add_period(rows, step)
    if dated.empty:
        return lay_out("shares", keys=[by, step])
    found = [
        measure_by(group, step).assign(**{by: name}) for name, group in dated.groupby(by, sort=True)
    ]
    every = periods.list_periods(dated, step)
    names = pd.Index(sorted(dated[by].unique()), name=by)
    grid = pd.MultiIndex.from_product([names, every])
    table = pd.concat(found).set_index([by, step]).reindex(grid).reset_index()
    counts = dict.fromkeys(("count", "n", "articles"), 0)
    return lay_out("shares", table.fillna(counts), [by, step])


def find_measured(**builds: Build) -> pd.DataFrame:
    """Find what every measure is a share of in each build; one row is one of `select_rows`.

    Columns: measure, build (the name given), article_id, start, end, outlet, holds.
    """
    found = [
        select_rows(build, name).assign(measure=name, build=when)
        for when, build in builds.items()
        for name in MEASURES
    ]
    return lay_out("measured", pd.concat([rows for rows in found if len(rows)] or found[:1]))


def measure_headlines(build: Build, by: str = "") -> pd.DataFrame:
    """Measure everything there is; one row is one measure (in one value of `by`).

    Columns: `by`, count, n, articles, share, low, high, measure, of (what it is a share of).
    """
    found = [
        measure_by(select_rows(build, name), by).assign(measure=name, of=one.unit)
        for name, one in MEASURES.items()
    ]
    return pd.concat(found, ignore_index=True)


# ------------------------------------------------------------------------------- before and now


def compare_shares(before: Build, now: Build) -> pd.DataFrame:
    """Compare every measure; one row is one: before, now, moved, low, high (of moved), n of both.

    There are no rows when there is nothing to compare with.
    """
    if not before.exists:
        return lay_out("moves")
    joined = measure_headlines(before).merge(
        measure_headlines(now), on="measure", suffixes=("_before", "_now"), validate="one_to_one"
    )
    old, new = (
        tuple(joined[f"{name}_{when}"] for name in ("share", "low", "high"))
        for when in ("before", "now")
    )
    low, high = shares.difference_interval(new, old)
    clear = (low > 0) | (high < 0)
    found = {"before": old[0], "now": new[0], "low": low, "high": high, "clear": clear}
    return lay_out("moves", joined.assign(moved=new[0] - old[0], **found))


def find_named(**builds: Build) -> pd.DataFrame:
    """Find the statements of each build whose speaker has a name, with `build`, the name given."""
    found = [one.statements.assign(build=when) for when, one in builds.items()]
    rows = pd.concat([rows for rows in found if len(rows)] or [found[0]], ignore_index=True)
    return rows[rows["named"].astype(bool) & (rows["speaker"] != "")]


def compare_sources(before: Build, now: Build) -> pd.DataFrame:
    """Compare who speaks by name; one row is one source: articles before and now, and the change.

    `change` is new, vanished or stayed; new and vanished sources with most articles come first.
    """
    if not before.exists:
        return lay_out("sources moved")
    counts = find_named(before=before, now=now).pivot_table(
        index="speaker", columns="build", values="article_id", aggfunc="nunique"
    )
    counts = counts.reindex(columns=["before", "now"]).fillna(0)
    found = counts.astype("int64").rename_axis(columns=None).reset_index()
    change = np.select([found["before"] == 0, found["now"] == 0], ["new", "vanished"], "stayed")
    found = found.assign(change=change, _moved=(found["now"] - found["before"]).abs())
    found["_stayed"] = found["change"] == "stayed"
    found = found.sort_values(["_stayed", "_moved", "speaker"], ascending=[True, False, True])
    return lay_out("sources moved", found).reset_index(drop=True)


def explain_move(before: Build, now: Build, measure: str) -> pd.DataFrame:
    """Say how much of a measure's move comes from other articles, and how much from the reading.

    The articles that both builds hold in the same words are taken once as they were read before
    and once as they are read now: the difference is the instrument's, not the news'. One row is
    one cause: moved, articles (that are other, or read in another way); the two moves add up to
    the whole.
    """
    if not before.exists:
        return lay_out("causes")
    old, new = select_rows(before, measure), select_rows(now, measure)
    same = set(before.articles["sha256"]) & set(now.articles["sha256"])
    mixed = pd.concat([old[old["sha256"].isin(same)], new[~new["sha256"].isin(same)]])
    moves = np.diff([rows["holds"].mean() for rows in (old, mixed, new)])
    articles = find_causes(before, now, measure).groupby("cause")["sha256"].nunique()
    return lay_out(
        "causes", zip(CAUSES, moves, articles.reindex(CAUSES, fill_value=0), strict=True)
    )


def find_causes(before: Build, now: Build, measure: str) -> pd.DataFrame:
    """Find the articles that only one build holds, and those that both hold and read otherwise.

    One row is one article with its `cause`, from either build.
    """
    articles = all_articles(before, now)
    if not before.exists:
        return articles.head(0).assign(cause=CAUSES[0])
    other = set(before.articles["sha256"]) ^ set(now.articles["sha256"])
    counts = [
        select_rows(build, measure).groupby("sha256")["holds"].agg(["sum", "size"]).astype("int64")
        for build in (before, now)
    ]
    known = counts[0].index.union(counts[1].index)
    old, new = (one.reindex(known, fill_value=0) for one in counts)
    differ = set(known[(old != new).any(axis=1)]) - other
    found = [
        articles[articles["sha256"].isin(hashes)].assign(cause=cause)
        for cause, hashes in zip(CAUSES, (other, differ), strict=True)
    ]
    return pd.concat(found, ignore_index=True)


def all_articles(before: Build, now: Build) -> pd.DataFrame:
    """Return the articles of both builds; one row is one, as the later build has it."""
    articles = pd.concat([now.articles, before.articles], ignore_index=True)
    return articles.drop_duplicates(["article_id", "sha256"])


def compare_manifests(before: Build, now: Build) -> pd.DataFrame:
    """Compare what the builds were made with; one row is one thing that changed.

    Columns: kind (code, lexicon, codebook, model, package or parameter), what, change (changed,
    new, gone), before, now (the first letters of a hash, or a version).
    """
    rows = []
    for key in ("engine", "packages", "parameters") if before.exists else ():
        old, new = (_made_with(build, key) for build in (before, now))
        for what in sorted(old.keys() | new.keys()):
            if old.get(what) != new.get(what):
                change = "new" if what not in old else "gone" if what not in new else "changed"
                kinds = (kind for start, kind in KINDS.items() if what.startswith(start))
                kind = next(kinds, "code") if key == "engine" else key.removesuffix("s")
                rows.append((kind, what, change, *(_short(side.get(what)) for side in (old, new))))
    return lay_out("changes", rows)


def _made_with(build: Build, key: str) -> dict[str, Any]:
    """Return one part of a manifest; a codebook of one's own is of the engine too."""
    made, book = build.manifest.get(key) or {}, build.manifest.get("codebook", {})
    if key != "engine" or book.get("file", lexicons.CODEBOOK.name) == lexicons.CODEBOOK.name:
        return made
    return made | {"data/codebook.yml": book["sha256"]}


def _short(value: Any) -> str:
    written = "" if value is None else value if isinstance(value, str) else json.dumps(value)
    return written[:12]


# ---------------------------------------------------------------------------------------- words


def name_moves(moves: pd.DataFrame, before: Build) -> str:
    """Name the measures that moved clearly, for a title."""
    if not before.exists:
        return "no earlier build to compare with"
    clear = moves[moves["clear"]].sort_values("moved", key=abs, ascending=False)
    if clear.empty:
        return "no measure moved clearly"
    said = [f"{row.measure} {_points(row.moved)}" for row in clear.itertuples()]
    return "; ".join(said[:3]) + (f"; {len(said) - 3} more" if len(said) > 3 else "")


def name_causes(causes: pd.DataFrame, before: Build) -> str:
    """Name how far each cause moved a measure, for a title."""
    if not before.exists:
        return "no earlier build to compare with"
    return "; ".join(f"{row.cause} {_points(row.moved)}" for row in causes.itertuples())


def _points(moved: float) -> str:
    if np.isnan(moved):
        return "not known"
    return f"{moved * 100:+.1f} points".replace("-", "−")
