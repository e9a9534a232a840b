"""Corpora made ready for a batch: their tables built once, their values found, parts written."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
from filelock import FileLock

from helpers.batch.batchfile import MONTH, MOST_RUNS, make_slug
from helpers.show import explore
from helpers.store import schema, tables

PARTS = ".tables"


@dataclass(frozen=True)
class Prepared:
    """A corpus that runs read: where its tables are, a hash of what they hold, or what failed."""

    folder: str = ""
    digest: str = ""
    problem: str = ""
    values: dict[tuple, list[dict[str, str]]] = field(default_factory=dict)


def prepare_all(wanted: dict[str, set[tuple]]) -> dict[str, Prepared]:
    """Prepare every corpus of a batch: build its tables, find the values asked for."""
    return {corpus: prepare(corpus, requests) for corpus, requests in wanted.items()}


def prepare(corpus: str, wanted: Iterable[tuple]) -> Prepared:
    """Build a corpus's tables if need be; find the values of columns that runs are made for.

    `wanted` holds, for each run to expand: columns, outlets, since, until. The values that occur
    together are found under the same key, in order.
    """
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            folder = explore.open_corpus(corpus)
        found = {one: find_values(folder, *one) for one in wanted}
    except Exception as error:  # each run that needs this corpus will say so
        return Prepared(problem=f"{type(error).__name__}: {error}")
    return Prepared(str(folder), hash_tables(folder), values=found)


def hash_tables(folder: str | Path) -> str:
    """Return a hash of what the tables hold: of their manifest without the time of the build."""
    manifest = tables.read_manifest(folder)
    manifest.pop("built", None)
    written = json.dumps(manifest, sort_keys=True, default=str)
    return hashlib.sha256(written.encode()).hexdigest()


def find_values(
    folder: str | Path,
    columns: tuple[str, ...],
    outlets: tuple[str, ...] = (),
    since: str = "",
    until: str = "",
) -> list[dict[str, str]]:
    """Find the values of columns of articles that occur together, in order; "" is one of them.

    Raises ValueError for a column that articles do not have, and for more values than a batch can
    have runs.
    """
    known = [MONTH, *schema.TABLES["articles"].columns.names]
    unknown = [column for column in columns if column not in known]
    if unknown:
        raise ValueError(f"articles have no column {unknown[0]!r}; there is: {', '.join(known)}")
    needed = {"outlet", "published", *columns} - {MONTH}
    articles = tables.read_table("articles", folder, sorted(needed))
    articles = tables.keep_dates(tables.keep(articles, outlet=outlets), since, until)
    found = _say_values(articles, columns)
    if MONTH in columns:
        found = found[found[MONTH] != ""]  # an article without a date is in no month
    found = found.drop_duplicates().sort_values(list(columns))
    if len(found) > MOST_RUNS:
        raise ValueError(
            f"{' and '.join(columns)} have {len(found):,} values, too many to run each"
        )
    return found.to_dict("records")


def _say_values(articles: pd.DataFrame, columns: Iterable[str]) -> pd.DataFrame:
    """Write the values of columns as text; months as 2026-03."""
    said = {}
    for column in columns:
        if column == MONTH:
            said[column] = articles["published"].dt.strftime("%Y-%m").fillna("")
        elif pd.api.types.is_datetime64_any_dtype(articles[column]):
            said[column] = articles[column].dt.strftime("%Y-%m-%d").fillna("")
        else:
            said[column] = articles[column].astype(str)
    return pd.DataFrame(said)


def write_part(folder: str, values: dict[str, str], out: str) -> str:
    """Write the part of the tables whose articles have these values; return its folder.

    Notebooks open it as they open any folder of tables. It is written whole or not at all, and
    only when the tables it is a part of have changed.
    """
    named = "-".join(value or "none" for value in values.values())
    key = hashlib.sha256(json.dumps([folder, values]).encode()).hexdigest()[:8]
    place = Path(out) / PARTS / f"{make_slug(named)}-{key}"
    digest = hash_tables(folder)
    place.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{place}.lock"):
        return _write_part(folder, values, place, digest)


def _write_part(folder: str, values: dict[str, str], place: Path, digest: str) -> str:
    with contextlib.suppress(FileNotFoundError, ValueError):
        if tables.read_manifest(place).get("part_of") == digest:  # another run has written it
            return str(place)
    scratch = Path(tempfile.mkdtemp(prefix=".part-", dir=place.parent))
    try:
        counts = _write_rows(folder, values, scratch)
        manifest = tables.read_manifest(folder)
        told = {"part_of": digest, "part": values, "counts": counts}
        tables.write_manifest(manifest | told, scratch)
        shutil.rmtree(place, ignore_errors=True)
        os.replace(scratch, place)
        tables.forget(place)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return str(place)


def _write_rows(folder: str, values: dict[str, str], out: Path) -> dict[str, int]:
    articles = tables.read_table("articles", folder)
    held = _say_values(articles, values)
    kept = (held == pd.Series(values)).all(axis=1)
    chosen = {"article_id": {*articles.loc[kept, "article_id"]}, "attribution_id": set()}
    counts = {}
    for name in schema.TABLES:  # attributions come before the tables that point at them
        frame = tables.read_table(name, folder)
        key = next((key for key in chosen if key in frame), "")
        if key:
            of_nobody = frame[key] == "" if name == "problems" else False
            frame = frame[frame[key].isin(chosen[key]) | of_nobody].reset_index(drop=True)
        if name == "attributions":
            chosen["attribution_id"] = set(frame["attribution_id"])
        tables.write_table(frame, name, out)
        counts[name] = len(frame)
    return counts
