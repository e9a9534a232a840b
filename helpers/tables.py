"""Tables on disk: read checked, written whole or not at all, filtered, exported."""

from __future__ import annotations

import functools
import json
import operator
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from helpers import schema

MANIFEST = "manifest.json"


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; it replaces `path` at the end, or leaves no trace."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o666 & ~_umask())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_bytes(content: bytes, path: Path) -> None:
    """Write a file whole or not at all."""
    with whole_file(path) as temporary:
        temporary.write_bytes(content)


def write_text(text: str, path: Path) -> None:
    """Write a UTF-8 text file whole or not at all."""
    write_bytes(text.encode("utf-8", "surrogatepass"), path)


def write_arrow(table: pa.Table, path: Path) -> None:
    """Write one Arrow table as Parquet, whole or not at all."""
    with whole_file(path) as temporary:
        pq.write_table(table, temporary, compression="zstd")


def write_table(frame: pd.DataFrame, name: str, folder: str | Path) -> Path:
    """Check a frame against table `name` and write `<folder>/<name>.parquet`.

    Raises schema.SchemaError when the frame does not fit; then nothing is written.
    """
    path = Path(folder) / f"{name}.parquet"
    write_arrow(schema.to_arrow(name, frame), path)
    return path


def read_table(
    name: str,
    folder: str | Path,
    columns: list[str] | None = None,
    where: dict[str, Iterable[str]] | None = None,
) -> pd.DataFrame:
    """Read table `name` from a folder of tables; one row is one record of that table.

    `columns` limits what is loaded, `where` to the rows whose column holds one of the texts given
    (a table read in part is checked for its columns' types only).
    Raises FileNotFoundError when the folder has no such table and schema.SchemaError when the
    file does not fit this version.
    """
    if name not in schema.TABLES:
        raise ValueError(f"there is no table {name!r}; there is: {', '.join(schema.TABLES)}")
    path = Path(folder) / f"{name}.parquet"
    if not path.exists():
        raise FileNotFoundError(
            f"{path} is missing: run `python -m helpers build ARTICLES --out {folder}`"
        )
    expected = schema.TABLES[name].columns
    try:
        found = pq.read_schema(path)
        if not found.equals(expected, check_metadata=False):
            raise schema.SchemaError(
                f"{path} was written with other columns than this version reads: build it again"
            )
        unknown = [column for column in columns or () if column not in expected.names]
        if unknown:
            raise schema.SchemaError(
                f"table {name} has no column {unknown[0]!r}; it has {expected.names}"
            )
        table = pq.read_table(path, columns=columns, filters=_wanted(where))
    except pa.ArrowException as error:
        raise schema.SchemaError(f"{path} cannot be read ({error}): build it again") from error
    if columns is None and where is None:
        schema.check(name, table)
    return schema.to_frame(table)


def _wanted(where: dict[str, Iterable[str]] | None) -> ds.Expression | None:
    if not where:
        return None
    parts = (
        ds.field(column).isin(pa.array(sorted(set(values)), pa.string()))
        for column, values in where.items()
    )
    return functools.reduce(operator.and_, parts)


def keep(frame: pd.DataFrame, **wanted: Any) -> pd.DataFrame:
    """Keep the rows whose column holds a wanted value: `keep(articles, outlet=["Courier"])`.

    An empty list (or "") means no filter. Raises ValueError when no row has any of the wanted
    values, saying which there are, so that a misspelt name never becomes an empty result.
    """
    for column, values in wanted.items():
        values = [values] if isinstance(values, str) and values else list(values)
        if not values:
            continue
        kept = frame[frame[column].isin(values)]
        if kept.empty:
            there = sorted(map(str, frame[column].unique()))
            shown = ", ".join(there[:12]) + (" …" if len(there) > 12 else "")
            raise ValueError(f"no row has {column} in {values}; there is: {shown or 'no row'}")
        frame = kept
    return frame


def keep_dates(frame: pd.DataFrame, since: str = "", until: str = "") -> pd.DataFrame:
    """Keep the rows published from the day `since` to the day `until`, both included.

    Days are written YYYY-MM-DD; "" means no limit. With any limit, rows without a date go.
    Raises ValueError for a day that does not exist or an interval that ends before it begins.
    """
    first, last = _day("since", since), _day("until", until)
    if first is not None and last is not None and last < first:
        raise ValueError(f"since={since!r} lies after until={until!r}")
    if first is not None:
        frame = frame[frame["published"] >= first]
    if last is not None:
        frame = frame[frame["published"] < last + pd.Timedelta(days=1)]
    return frame


def _day(name: str, written: str) -> pd.Timestamp | None:
    if not written:
        return None
    try:
        return pd.to_datetime(written, format="%Y-%m-%d")
    except ValueError:
        raise ValueError(
            f"{name}={written!r} is not a day: write it as YYYY-MM-DD, for instance 2026-03-31"
        ) from None


def export(frame: pd.DataFrame, name: str, out: str | Path) -> None:
    """Write a frame as `<out>/<name>.csv` in UTF-8 with a header; nothing when `out` is ""."""
    if str(out) == "":
        return
    plain = frame.reset_index() if _has_named_index(frame) else frame
    write_text(plain.to_csv(index=False), Path(out) / f"{name}.csv")


def _has_named_index(frame: pd.DataFrame) -> bool:
    return any(name is not None for name in frame.index.names)


def write_manifest(manifest: dict[str, Any], folder: str | Path) -> Path:
    """Write a build's manifest: what went in, with which engine and parameters, what came out."""
    path = Path(folder) / MANIFEST
    write_text(json.dumps(manifest, indent=2, ensure_ascii=False, sort_keys=True) + "\n", path)
    return path


def read_manifest(folder: str | Path) -> dict[str, Any]:
    """Read the manifest of a folder of tables; raises FileNotFoundError when there is none."""
    path = Path(folder) / MANIFEST
    if not path.exists():
        raise FileNotFoundError(
            f"{path} is missing: run `python -m helpers build ARTICLES --out {folder}`"
        )
    return json.loads(path.read_text(encoding="utf-8"))
