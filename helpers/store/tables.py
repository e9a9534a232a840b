"""Tables on disk: read checked, written whole or not at all, filtered, exported.

A process reads a folder of tables as it was when it first read it: one generation, to its end.
"""

from __future__ import annotations

import functools
import json
import operator
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from filelock import FileLock

from helpers.store import schema
from helpers.store.paths import fingerprint, whole_file
from helpers.store.storage import (
    CATALOGUE,
    MANIFEST,
    DamageError,
    Storage,
    StorageError,
    hold,
    let_go,
    seal,
    to_parquet,
    unseal,
)

# What no count needs of a table: whole texts, and lists, which are dear in a frame.
HEAVY = {
    "articles": ("text", "markup", "metadata"),
    "attributions": ("spans", "cue_spans", "source_spans"),
}
with suppress(NotImplementedError):  # it gives memory back sooner: a third less at the peak
    pa.set_memory_pool(pa.jemalloc_memory_pool())
PIECE = 8  # groups of rows of a large table that are read together, where not all are
FORMULA = "=+-@\t\r\n＝＋－＠"  # with one of these a formula begins
RETURN = "\n\ufdd0"  # stands for a carriage return while CSV is written: pandas quotes no "\r"


class RebuiltError(RuntimeError):
    """Tables were replaced by others while a run read them."""


@dataclass
class _Generation:
    """A folder of tables as a build left it: what a run reads, whatever is built meanwhile.

    `singles` are the tables that no build keeps, which are replaced in place, with the state of
    each; `lease` keeps builds from deleting the files of the catalogue.
    """

    storage: Storage
    manifest: bytes
    singles: dict[str, tuple[int, ...]]
    lease: FileLock | None

    @cached_property
    def catalogue(self) -> dict[str, Any] | None:
        """Which files the tables of a build are; None for tables that no build wrote."""
        name = _catalogue_name(self.storage, self.manifest)
        return read_catalogue(self.storage, name) if name else None

    @contextmanager
    def whole(self) -> Iterator[None]:
        """Raise RebuiltError when what is read meanwhile may be of another generation."""
        try:
            yield
        except (OSError, pa.ArrowException):
            if self._is_gone():
                raise self._rebuilt() from None
            raise
        if self.singles and self._is_gone():
            raise self._rebuilt()

    def _is_gone(self) -> bool:
        now = _manifest(self.storage)
        return now != self.manifest or _singles(self.storage, now) != self.singles

    def _rebuilt(self) -> RebuiltError:
        return RebuiltError(
            f"{self.storage}: the tables were rebuilt while they were being read; run again"
        )


_generations: dict[str, _Generation] = {}


def _open(storage: Storage) -> _Generation:
    """Return the generation of a folder that this process reads; the newest, when it begins to."""
    known = _generations.get(storage.address)
    while known is None:
        manifest = _manifest(storage)
        lease = hold(storage, _catalogue_name(storage, manifest))
        singles = _singles(storage, manifest)
        if _manifest(storage) == manifest:  # else a build may not have seen the lease
            known = _generations[storage.address] = _Generation(storage, manifest, singles, lease)
        else:
            let_go(lease)
    return known


def forget(folder: str | Path) -> None:
    """Let this process read the newest tables of a folder from now on: a new run begins."""
    known = _generations.pop(Storage(folder).address, None)
    if known is not None:
        let_go(known.lease)


def _manifest(storage: Storage) -> bytes:
    """Return the manifest as it is now, b"" when there is none."""
    try:
        return storage.read(MANIFEST)
    except FileNotFoundError:
        return b""


def _catalogue_name(storage: Storage, manifest: bytes) -> str:
    return unseal(manifest, f"{storage}/{MANIFEST}").get("catalogue", "") if manifest else ""


def read_catalogue(storage: Storage, name: str) -> dict[str, Any]:
    """Read which files the tables of a build are, with hashes; DamageError if it is broken."""
    known = CATALOGUE.fullmatch(name)
    with suppress(ValueError):
        read = json.loads(storage.read(name))
        if not known or fingerprint(read).startswith(known[1]):
            return read
    raise DamageError(f"{storage}/{name} is damaged: build the tables again")


def _singles(storage: Storage, manifest: bytes) -> dict[str, tuple[int, ...]]:
    if _catalogue_name(storage, manifest):
        return {}
    there = {f"{name}.parquet" for name in schema.TABLES}.intersection(storage.entries())
    states = {}
    for name in there:
        with suppress(FileNotFoundError):
            states[name] = storage.state(name)
    return states


def write_bytes(content: bytes, path: Path) -> None:
    """Write a file whole or not at all."""
    with whole_file(path) as temporary:
        temporary.write_bytes(content)


def write_text(text: str, path: Path) -> None:
    """Write a UTF-8 text file whole or not at all."""
    write_bytes(text.encode("utf-8", "surrogatepass"), path)


def write_arrow(table: pa.Table, path: Path) -> None:
    """Write one Arrow table as Parquet, whole or not at all."""
    write_bytes(to_parquet(table), path)


def write_table(frame: pd.DataFrame, name: str, folder: str | Path) -> Path:
    """Check a frame against table `name` and write `<folder>/<name>.parquet`.

    Raises schema.SchemaError when the frame does not fit; then nothing is written.
    """
    path = Path(folder) / f"{name}.parquet"
    write_arrow(schema.to_arrow(name, frame).cast(schema.told(name)), path)
    forget(folder)
    return path


def read_table(
    name: str,
    folder: str | Path,
    columns: list[str] | None = None,
    where: Mapping[str, Any] | None = None,
    light: bool = False,
) -> pd.DataFrame:
    """Read table `name` from a folder of tables; one row is one record of that table.

    The tables lie on disk or in a store; rows come in the order in which the articles were read.
    `columns` limits what is loaded, `light` leaves
    out the columns in HEAVY; `where` gives wanted values by column, and only those rows are loaded
    (`{"role": ["body"]}`). All that a process reads of a folder is of one build, also when the
    tables are built anew meanwhile; it begins anew with `open_corpus` or `forget`.

    Raises FileNotFoundError when the folder has no such table, schema.SchemaError when a file does
    not fit this version, DamageError when one is not as it was written, and RebuiltError when
    another build has replaced what was being read.
    """
    table = read_arrow(name, folder, _loaded(name, columns, light), where)
    return schema.to_frame(table, name if light else "")


def _loaded(name: str, columns: list[str] | None, light: bool) -> list[str] | None:
    if not light or columns is not None:
        return columns
    heavy = HEAVY.get(name, ())
    return [one for one in schema.TABLES[name].columns.names if one not in heavy]


def read_pieces(
    name: str,
    folder: str | Path,
    columns: list[str] | None = None,
    where: Mapping[str, Any] | None = None,
    light: bool = False,
) -> Iterator[pd.DataFrame]:
    """Yield what `read_table` returns in pieces, so that most of it can be left out piece by piece.

    A piece holds some PIECE groups of rows of the file. There is at least one piece.
    """
    for table in _read(_open(Storage(folder)), name, _loaded(name, columns, light), where, PIECE):
        yield schema.to_frame(table, name if light else "")


def read_arrow(
    name: str,
    folder: str | Path,
    columns: list[str] | None = None,
    where: Mapping[str, Any] | None = None,
) -> pa.Table:
    """Read table `name` as an Arrow table, for what is too large for a frame; see `read_table`."""
    (table,) = _read(_open(Storage(folder)), name, columns, where)
    return table


def open_dataset(name: str, folder: str | Path) -> ds.Dataset:
    """Return table `name` as a dataset of Arrow, which loads what is asked of it; see `read_table`.

    Not for what other processes may replace meanwhile: tables that no build keeps.
    """
    generation, expected = _open(Storage(folder)), _known(name).columns
    (one,) = _parts_of(generation, *_file_of(generation, name), expected, {}, 0)
    return ds.FileSystemDataset([one], expected, one.format, one.filesystem)


def _known(name: str) -> schema.Table:
    if name not in schema.TABLES:
        raise ValueError(f"there is no table {name!r}; there is: {', '.join(schema.TABLES)}")
    return schema.TABLES[name]


def _read(
    generation: _Generation,
    name: str,
    columns: list[str] | None,
    where: Mapping[str, Any] | None,
    groups: int = 0,
) -> Iterator[pa.Table]:
    """Read a table as a whole, or in pieces of some `groups` of rows."""
    expected = _known(name).columns
    loaded, chosen = columns or expected.names, where or {}
    unknown = [column for column in [*loaded, *chosen] if column not in expected.names]
    if unknown:
        raise schema.SchemaError(
            f"table {name} has no column {unknown[0]!r}; it has {expected.names}"
        )
    file, known = _file_of(generation, name)
    place = f"{generation.storage}/{file}"
    try:
        wanted = {
            column: pa.array(_listed(values), expected.field(column).type)
            for column, values in chosen.items()
        }
        for some in _parts_of(generation, file, known, expected, wanted, groups):
            with generation.whole():
                rows = [pc.field(column).isin(values) for column, values in wanted.items()]
                keep = functools.reduce(operator.and_, rows) if rows else None
                table = some.to_table(schema=expected, columns=loaded, filter=keep)
            if not (known or columns or chosen or groups):
                schema.check(name, table)
            yield table
    except (FileNotFoundError, StorageError):
        raise
    except (pa.ArrowException, OSError) as error:
        raise schema.SchemaError(f"{place} cannot be read ({error}): build it again") from error


def _file_of(generation: _Generation, table: str) -> tuple[str, str]:
    """Return the file of a table and its hash; "" for one that no build wrote."""
    single = f"{table}.parquet"
    if single in generation.singles:
        return single, ""
    with generation.whole():
        catalogue = generation.catalogue
    if catalogue is None:
        raise FileNotFoundError(
            f"{generation.storage}/{single} is missing: "
            f"run `python -m helpers build ARTICLES --out {generation.storage}`"
        )
    file = catalogue["tables"].get(table)
    if file is None:
        raise FileNotFoundError(
            f"{generation.storage} has no table {table}: build the tables again"
        )
    if not isinstance(file, str):
        raise schema.SchemaError(
            f"{generation.storage}: the tables were written by an earlier version, in many files "
            "each: build them again"
        )
    return file, catalogue["files"][file]


def _listed(values: Any) -> list[Any]:
    return [values] if isinstance(values, str | int | float) else list(dict.fromkeys(values))


def _parts_of(
    generation: _Generation,
    file: str,
    known: str,
    expected: pa.Schema,
    wanted: dict[str, pa.Array],
    groups: int,
) -> list[ds.ParquetFileFragment]:
    """Return what of a file has to be read, in one piece or in several; it is checked first."""
    storage = generation.storage
    with generation.whole():
        if not storage.is_whole(file, known):
            raise DamageError(f"{storage}/{file} is damaged: build the tables again")
        fragment = storage.fragment(file)
        if not fragment.physical_schema.equals(expected, check_metadata=False):
            raise schema.SchemaError(
                f"{storage}/{file} was written with other columns than this version reads: "
                "build it again"
            )
        number = fragment.num_row_groups
        chosen = list(range(number))
        if "article_id" in wanted and number > 1:
            there = _articles_in(storage.place, file, storage.state(file))
            asked = wanted["article_id"]
            chosen = [one for one in chosen if pc.any(pc.is_in(there[one], asked)).as_py()]
    size = groups or max(number, 1)
    starts = range(0, max(len(chosen), 1), size)
    return [fragment.subset(row_group_ids=chosen[start : start + size]) for start in starts]


@functools.lru_cache(maxsize=64)
def _articles_in(place: str, file: str, state: tuple[int, ...]) -> list[pa.Array]:
    """Return the articles whose rows are in each group of rows of a file."""
    groups = Storage(place).fragment(file).split_by_row_group()
    return [pc.unique(one.to_table(columns=["article_id"]).column(0)) for one in groups]


def find_places(values: pd.Series, known: pd.Series) -> np.ndarray:
    """Return where each value stands in `known`, whose values are unique; -1 where it does not.

    Many times quicker than a merge for words, which are never copied.
    """
    if pd.api.types.is_string_dtype(known) and pd.api.types.is_string_dtype(values):
        kind = pa.large_string()
        found = pc.index_in(pa.array(values, kind), value_set=pa.array(known, kind))
        return found.fill_null(-1).to_numpy()
    return pd.Index(known).get_indexer(values)


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
    named = any(name is not None for name in frame.index.names)
    plain = frame.reset_index() if named else frame
    lists = [name for name in plain if isinstance(plain[name].dtype, pd.ArrowDtype)]
    plain = plain.assign(**{name: pd.Series(list(plain[name]), plain.index) for name in lists})
    write_text(to_csv(plain), Path(out) / f"{name}.csv")


def to_csv(frame: pd.DataFrame) -> str:
    """Return a frame as CSV with a header, in which no cell is a formula to a spreadsheet.

    A text or column name that begins like a formula gets an apostrophe before it, which
    `read_csv` takes away; numbers, also those written as texts, stay as they are.
    """
    plain = frame.copy(deep=False)
    for place, kind in enumerate(frame.dtypes):
        if not (pd.api.types.is_numeric_dtype(kind) or pd.api.types.is_datetime64_any_dtype(kind)):
            plain.isetitem(place, frame.iloc[:, place].map(_guard, na_action="ignore"))
    plain.columns = [_guard(name) for name in frame.columns]
    return plain.to_csv(index=False, lineterminator="\n").replace(RETURN, "\r")


def read_csv(file: str | Path, **how: Any) -> pd.DataFrame:
    """Read a CSV that `to_csv` wrote, with its texts as they were; only empty cells are missing.

    `how` goes to `pandas.read_csv`.
    """
    read = {"keep_default_na": False, "na_values": [""], "low_memory": False} | how
    frame = pd.read_csv(file, **read)
    for place, kind in enumerate(frame.dtypes):
        if kind is np.dtype(object) or pd.api.types.is_string_dtype(kind):
            frame.isetitem(place, frame.iloc[:, place].map(unguard, na_action="ignore"))
    return frame.rename(columns=unguard)


def _guard(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return ("'" if _is_formula(value) else "") + value.replace("\r", RETURN)


def unguard(value: Any) -> Any:
    """Take the apostrophe away that `to_csv` puts before what begins like a formula."""
    guarded = isinstance(value, str) and value.startswith("'") and _is_formula(value)
    return value[1:] if guarded else value


def _is_formula(text: str) -> bool:
    """Tell whether a text begins like a formula, whatever apostrophes stand before it."""
    bare = text.lstrip("'")
    if not bare or bare[0] not in FORMULA:
        return False
    if set(bare) <= set("+-.0123456789eE"):
        with suppress(ValueError):
            return not np.isfinite(float(bare))
    return True


def write_manifest(manifest: dict[str, Any], folder: str | Path) -> None:
    """Write a build's manifest: what went in, with which engine and parameters, what came out."""
    Storage(folder).write(MANIFEST, seal(manifest, indent=2))
    forget(folder)


def read_manifest(folder: str | Path) -> dict[str, Any]:
    """Read the manifest of a folder of tables, of the generation which this process reads.

    Raises FileNotFoundError when there is none and DamageError when it is not as it was written.
    """
    manifest = _open(Storage(folder)).manifest
    if not manifest:
        raise FileNotFoundError(
            f"{folder}/{MANIFEST} is missing: run `python -m helpers build ARTICLES --out {folder}`"
        )
    return unseal(manifest, f"{folder}/{MANIFEST}")
