"""Tables on disk: read checked, written whole or not at all, filtered, exported.

A process reads a folder of tables as it was when it first read it: one generation, to its end.
"""

from __future__ import annotations

import functools
import json
import operator
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from filelock import FileLock

from helpers.store import schema
from helpers.store.paths import whole_file
from helpers.store.storage import MANIFEST, Storage, hold, let_go

# What no count needs of a table: whole texts, and lists, which are dear in a frame.
HEAVY = {
    "articles": ("text", "markup", "metadata"),
    "attributions": ("spans", "cue_spans", "source_spans"),
}
with suppress(NotImplementedError):  # it gives memory back sooner: a third less at the peak
    pa.set_memory_pool(pa.jemalloc_memory_pool())
PIECE = 20  # files of a large build that are read together, where not all are
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
RETURN = "\n\ufdd0"  # stands for a carriage return while CSV is written: pandas quotes no "\r"
FEW = 8  # values of a column up to which it is searched as a dictionary


class RebuiltError(RuntimeError):
    """Tables were replaced by others while a run read them."""


@dataclass
class _Generation:
    """A folder of tables as a build left it: what a run reads, whatever is built meanwhile.

    `singles` are the tables of one file, which are replaced in place, with the state of each;
    `lease` keeps builds from deleting the files of the catalogue.
    """

    storage: Storage
    manifest: bytes
    singles: dict[str, tuple[int, ...]]
    lease: FileLock | None

    @cached_property
    def catalogue(self) -> dict[str, Any] | None:
        """Which files the tables of a build lie in; None for tables of one file each."""
        name = _catalogue_name(self.manifest)
        return json.loads(self.storage.read(name)) if name else None

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
        now = _manifest(self.storage), _singles(self.storage)
        return now != (self.manifest, self.singles)

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
        lease = hold(storage, _catalogue_name(manifest))
        singles = _singles(storage)
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


def _catalogue_name(manifest: bytes) -> str:
    return json.loads(manifest).get("catalogue", "") if manifest else ""


def _singles(storage: Storage) -> dict[str, tuple[int, ...]]:
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
    with whole_file(path) as temporary:
        pq.write_table(table, temporary, compression="zstd")


def write_table(frame: pd.DataFrame, name: str, folder: str | Path) -> Path:
    """Check a frame against table `name` and write `<folder>/<name>.parquet`.

    Raises schema.SchemaError when the frame does not fit; then nothing is written.
    """
    path = Path(folder) / f"{name}.parquet"
    write_arrow(schema.to_arrow(name, frame), path)
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

    The table may be one file or the many files of a large build, on disk or in a store: rows come
    in the order in which the articles were read. `columns` limits what is loaded, `light` leaves
    out the columns in HEAVY; `where` gives wanted values by column, and only those rows are loaded
    (`{"role": ["body"]}`). All that a process reads of a folder is of one build, also when the
    tables are built anew meanwhile; it begins anew with `open_corpus` or `forget`.

    Raises FileNotFoundError when the folder has no such table, schema.SchemaError when a file does
    not fit this version, and RebuiltError when another build has replaced what was being read.
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

    A piece holds some PIECE files of a large build; a table of one file, and one whose rows
    have to be put in order first, comes as one piece. There is at least one piece.
    """
    generation = _open(Storage(folder))
    catalogue = _catalogue(generation, name)
    files = catalogue["tables"][name] if catalogue and not catalogue["order"] else []
    for first in range(0, max(len(files), 1), PIECE):
        some = files[first : first + PIECE]
        table = _read(generation, name, _loaded(name, columns, light), where, some)
        yield schema.to_frame(table, name if light else "")


def read_arrow(
    name: str,
    folder: str | Path,
    columns: list[str] | None = None,
    where: Mapping[str, Any] | None = None,
) -> pa.Table:
    """Read table `name` as an Arrow table, for what is too large for a frame; see `read_table`."""
    return _read(_open(Storage(folder)), name, columns, where)


def _read(
    generation: _Generation,
    name: str,
    columns: list[str] | None,
    where: Mapping[str, Any] | None,
    files: Sequence[str] = (),
) -> pa.Table:
    """Read a table, or those `files` of it that the catalogue names."""
    if name not in schema.TABLES:
        raise ValueError(f"there is no table {name!r}; there is: {', '.join(schema.TABLES)}")
    expected = schema.TABLES[name].columns
    unknown = [
        column for column in [*(columns or ()), *(where or ())] if column not in expected.names
    ]
    if unknown:
        raise schema.SchemaError(
            f"table {name} has no column {unknown[0]!r}; it has {expected.names}"
        )
    storage = generation.storage
    catalogue = _catalogue(generation, name)
    single = f"{name}.parquet"
    files = [single] if catalogue is None else files or catalogue["tables"][name]
    chosen = {column: _listed(values) for column, values in (where or {}).items()}
    try:
        wanted = _wanted(chosen, expected)
        with generation.whole():
            if catalogue is None:
                coded = _coded(chosen, expected, columns)
                table = _read_file(storage, single, expected, columns, wanted, coded)
            else:
                table = _read_parts(storage, name, files, catalogue, columns, wanted, chosen)
    except pa.ArrowException as error:
        place = f"{storage}/{files[0]}" if files else f"{storage}"
        raise schema.SchemaError(f"{place} cannot be read ({error}): build it again") from error
    if catalogue is None and columns is None and not chosen:
        schema.check(name, table)
    return table


def _catalogue(generation: _Generation, table: str) -> dict[str, Any] | None:
    """Return which files a build's tables lie in; None when this one is a file of its own."""
    if f"{table}.parquet" in generation.singles:
        return None
    with generation.whole():
        if generation.catalogue is None:
            raise FileNotFoundError(
                f"{generation.storage}/{table}.parquet is missing: "
                f"run `python -m helpers build ARTICLES --out {generation.storage}`"
            )
    return generation.catalogue


def _listed(values: Any) -> list[Any]:
    return [values] if isinstance(values, str | int | float) else list(dict.fromkeys(values))


def _coded(
    where: Mapping[str, list[Any]], expected: pa.Schema, columns: list[str] | None
) -> list[str]:
    """Name the columns of words to read as dictionaries: where few values of one are wanted."""
    if len(where) != 1 or len(next(iter(where.values()))) > FEW:
        return []
    loaded = {*(columns or expected.names), *where}
    return [name for name in loaded if expected.field(name).type == pa.string()]


def _wanted(where: Mapping[str, list[Any]], expected: pa.Schema) -> pc.Expression | None:
    wanted = None
    for column, values in where.items():
        one = pc.field(column).isin(pa.array(values, expected.field(column).type))
        if 0 < len(values) <= FEW:
            one = functools.reduce(operator.or_, (pc.field(column) == value for value in values))
        wanted = one if wanted is None else wanted & one
    return wanted


def _read_file(
    storage: Storage,
    file: str,
    expected: pa.Schema,
    columns: list[str] | None,
    wanted: pc.Expression | None,
    coded: list[str],
) -> pa.Table:
    _check_columns(storage, file, storage.dataset([file], None).schema, expected)
    table = storage.dataset([file], None, coded).to_table(columns=columns, filter=wanted)
    return table.cast(pa.schema([expected.field(name) for name in table.column_names]))


def _check_columns(storage: Storage, file: str, found: pa.Schema, expected: pa.Schema) -> None:
    if not found.equals(expected, check_metadata=False):
        raise schema.SchemaError(
            f"{storage}/{file} was written with other columns than this version reads: "
            "build it again"
        )


def _read_parts(
    storage: Storage,
    name: str,
    files: Sequence[str],
    catalogue: dict[str, Any],
    columns: list[str] | None,
    wanted: pc.Expression | None,
    where: Mapping[str, list[Any]],
) -> pa.Table:
    """Read the parts of a table, without the rows of articles that have changed since."""
    expected = schema.TABLES[name].columns
    if not files:
        return expected.empty_table().select(columns or expected.names)
    _check_columns(storage, files[0], storage.dataset(files[:1], None).schema, expected)
    ordered = bool(catalogue["order"]) and len(files) > 1
    loaded = list(columns or expected.names)
    loaded += ["article_id"] if ordered and "article_id" not in loaded else []
    if "article_id" in where:
        files = _holding(storage, files, where["article_id"])
    pieces = []
    for dropped, together in _alike(files, catalogue["dropped"]):
        keep = wanted
        if dropped:
            gone = ~pc.field("article_id").isin(dropped)
            keep = gone if keep is None else keep & gone
        pieces.append(storage.dataset(together, expected).to_table(columns=loaded, filter=keep))
    if not pieces:
        return expected.empty_table().select(columns or expected.names)
    table = pa.concat_tables(pieces)
    if ordered:
        table = table.take(_reading_order(storage, table, catalogue["order"]))
    return table.select(columns or expected.names)


def _alike(
    files: Sequence[str], dropped: dict[str, list[str]]
) -> Iterator[tuple[list[str], list[str]]]:
    """Yield files that can be read together, with the articles to leave out of them."""
    together: list[str] = []
    for file in files:
        gone = dropped.get(_part(file))
        if gone and together:
            yield [], together
            together = []
        if gone:
            yield gone, [file]
        else:
            together.append(file)
    if together:
        yield [], together


def _part(file: str) -> str:
    return file.rpartition("/")[0]


def _holding(storage: Storage, files: Sequence[str], articles: list[str]) -> list[str]:
    """Return the files that hold rows of some articles, by looking at their ids only."""
    ids = pa.array(articles, pa.string())
    return [
        file
        for file in files
        if pc.any(pc.is_in(_articles_in(storage, file), value_set=ids)).as_py()
    ]


def _articles_in(storage: Storage, file: str) -> pa.Array:
    """Return the ids of the articles that a file has rows of; kept for a file of this machine."""
    if storage.local and storage.exists(file):
        path = Path(storage.path(file))
        written = path.stat()
        return _read_articles_in(str(path), written.st_mtime_ns, written.st_size)
    return pc.unique(storage.read_arrow(file, ["article_id"]).column(0))


@functools.lru_cache(maxsize=4096)
def _read_articles_in(path: str, changed: int, size: int) -> pa.Array:
    return pc.unique(pq.read_table(path, columns=["article_id"]).column(0))


def _reading_order(storage: Storage, table: pa.Table, order: str) -> np.ndarray:
    """Return where the rows of a table go when articles stand in the order they were read in."""
    articles = storage.read_arrow(order).column("article_id").combine_chunks()
    rank = pc.index_in(table.column("article_id"), value_set=articles).to_numpy()
    return np.argsort(rank, kind="stable")


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
    plain = frame.reset_index() if _has_named_index(frame) else frame
    lists = [name for name in plain if isinstance(plain[name].dtype, pd.ArrowDtype)]
    plain = plain.assign(**{name: pd.Series(list(plain[name]), plain.index) for name in lists})
    write_text(to_csv(plain), Path(out) / f"{name}.csv")


def to_csv(frame: pd.DataFrame) -> str:
    """Return a frame as CSV with a header, in which no cell is a formula to a spreadsheet.

    A text or column name that begins like a formula gets an apostrophe before it, which
    `read_csv` takes away; numbers, also those written as texts, stay as they are.
    """
    texts = [
        place
        for place, kind in enumerate(frame.dtypes)
        if not (pd.api.types.is_numeric_dtype(kind) or pd.api.types.is_datetime64_any_dtype(kind))
    ]
    guarded = {place: frame.iloc[:, place].map(_guard, na_action="ignore") for place in texts}
    plain = frame.copy(deep=False)
    for place, column in guarded.items():
        plain.isetitem(place, column)
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
    if not bare.startswith(FORMULA):
        return False
    if set(bare) <= set("+-.0123456789eE"):
        with suppress(ValueError):
            return not np.isfinite(float(bare))
    return True


def _has_named_index(frame: pd.DataFrame) -> bool:
    return any(name is not None for name in frame.index.names)


def write_manifest(manifest: dict[str, Any], folder: str | Path) -> None:
    """Write a build's manifest: what went in, with which engine and parameters, what came out."""
    content = json.dumps(manifest, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
    Storage(folder).write(MANIFEST, content.encode("utf-8", "surrogatepass"))
    forget(folder)


def read_manifest(folder: str | Path) -> dict[str, Any]:
    """Read the manifest of a folder of tables; raises FileNotFoundError when there is none.

    It is that of the generation which this process reads.
    """
    manifest = _open(Storage(folder)).manifest
    if not manifest:
        raise FileNotFoundError(
            f"{folder}/{MANIFEST} is missing: run `python -m helpers build ARTICLES --out {folder}`"
        )
    return json.loads(manifest)
