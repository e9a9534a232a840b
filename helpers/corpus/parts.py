"""The store of finished parts: what a build has annotated and need not annotate again.

A part is a folder of Parquet files for some tens to hundreds of articles; it counts once its
`index.json`, written last, is there. What the whole corpus decides about a part is kept beside it
under a version made from those facts, so that a later build redoes only the parts they changed for.
"""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from helpers.annotate import entities
from helpers.corpus.decisions import Decided
from helpers.read import duplicates
from helpers.read.articles import OPEN
from helpers.store import paths, schema
from helpers.store.storage import Owned, Storage, to_parquet

PART_TABLES = tuple(name for name in schema.TABLES if name not in ("entities", "replies"))
PARTITIONED = tuple(name for name in schema.TABLES if name not in ("entities", "problems"))
JOINED_TABLES = (*PARTITIONED[3:], "problems")  # all but the articles and how they are cut up
ENTITY = schema.TABLES["entities"].columns.names[:5]  # all but why names are one entity
NAMES = pa.schema(
    {
        **dict.fromkeys(entities.SUMMARY[:5], pa.string()),
        "places": pa.list_(pa.int32()),
        "numbers": pa.list_(pa.int32()),
        "name_key": pa.string(),
        "written_key": pa.string(),
    }
)
Copies = dict[str, tuple[str, str]]  # of each duplicate the original and the kind
LOG_SECONDS = 20
LOG_RECORDS = 2000


@dataclass
class FileRecord:
    """One input file: its state on disk when it was read, and what reading it gave.

    `rows` and `ids` hold the fingerprint and article_id of each article in the file, in order.
    """

    path: str
    signature: str
    rows: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    problems: list[dict[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def unopened(self) -> bool:
        """Whether the file could not be read for what is outside it, such as its permissions."""
        return any(problem["step"] == OPEN for problem in self.problems)

    def stands_for(self, signature: str) -> bool:
        """Whether the file in this state on disk need not be read again."""
        return self.signature == signature and not self.unopened


@dataclass
class Index:
    """One part: the fingerprint of each of its articles by id, in order, and its rows by article.

    `counts` holds for each table the number of rows of every article, `seconds` the processor time
    that annotating took.
    """

    name: str
    rows: dict[str, str]
    counts: dict[str, list[int]]
    seconds: float

    def count(self, counts: list[int], dropped: Iterable[str] = ()) -> int:
        """Add up the rows that belong to the articles that are not dropped."""
        gone = set(dropped)
        pairs = zip(self.rows, counts, strict=True)
        return sum(count for article_id, count in pairs if article_id not in gone)


@dataclass
class Join:
    """What the corpus tells about the names of a part: the entities its mentions may be.

    One of `entities` is (entity_id, entity, label, country, aliases that the part has). `decided`
    is what a person's decisions change: rows (entity_id, form or "", the entity it now is), and
    under the same id the entities that result.
    """

    entities: list[tuple[str, str, str, str, tuple[str, ...]]]
    counts: dict[str, list[int]] = field(default_factory=dict)
    moves: list[tuple[str, str, str]] = field(default_factory=list)
    decided: list[tuple[str, str, str, str, tuple[str, ...]]] = field(default_factory=list)

    @cached_property
    def version(self) -> str:
        """The name under which the part joined so is kept."""
        decisions = [self.moves, self.decided] if self.moves or self.decided else []
        return paths.fingerprint(self.entities, *decisions)[:12]

    def frame(self) -> pd.DataFrame:
        """Return the entities as the table `entities`."""
        return _entities_frame(self.entities)

    def decisions(self) -> Decided:
        """Return the decisions about the part's names, to be applied after its entities."""
        return Decided(
            _entities_frame(self.decided or self.entities),
            {entity_id: now for entity_id, form, now in self.moves if not form},
            {(entity_id, form): now for entity_id, form, now in self.moves if form},
        )

    def to_bytes(self) -> bytes:
        """Return the facts as JSON."""
        return json.dumps(asdict(self), ensure_ascii=False).encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> Join:
        """Return the facts that `to_bytes` wrote."""
        read = json.loads(content)
        return cls(
            [(*row[:4], tuple(row[4])) for row in read["entities"]],
            read["counts"],
            [tuple(row) for row in read["moves"]],
            [(*row[:4], tuple(row[4])) for row in read["decided"]],
        )


def copies_version(copies: Copies) -> str:
    """Return the name under which articles with these duplicates are kept, "" for none."""
    return paths.fingerprint(sorted(copies.items()))[:12] if copies else ""


def _entities_frame(rows: list[tuple[str, str, str, str, tuple[str, ...]]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=ENTITY).assign(merge_reason="")
    frame["aliases"] = pd.Series([list(a) for a in frame["aliases"]], dtype=object)
    return frame


class PartStore:
    """The parts of one corpus made by one engine; what another engine made is another store."""

    def __init__(self, storage: Storage, folder: str):
        self.storage = storage
        self.folder = folder

    # ------------------------------------------------------------------- what a worker does

    def add(
        self,
        name: str,
        frames: dict[str, pd.DataFrame],
        rows: dict[str, str],
        names: pa.Table,
        sketches: duplicates.Sketches,
        seconds: float,
    ) -> Index:
        """Keep one part: its tables, the fingerprint of each article, its names and sketches."""
        for table in PART_TABLES:
            arrow = schema.to_arrow(table, frames[table])
            self.storage.write_arrow(self.file(name, table), arrow)
        self.storage.write_arrow(self.file(name, "names"), names)
        self.storage.write_arrow(self.file(name, "sketch"), _sketch_table(sketches))
        index = Index(name, rows, _counts(frames, rows, PART_TABLES), round(seconds, 3))
        content = json.dumps(asdict(index)).encode()
        self.storage.write(self._facts(name, "index"), content)
        return index

    def keep_joined(self, name: str, join: Join, frames: dict[str, pd.DataFrame]) -> None:
        """Keep the tables of a part as the corpus completes them; the facts are written last."""
        for table in JOINED_TABLES:
            arrow = schema.to_arrow(table, frames[table])
            self.storage.write_arrow(self.file(name, table, join.version), arrow)
        join.counts = _counts(frames, frames["articles"]["article_id"], JOINED_TABLES)
        self.storage.write(self._facts(name, f"join-{join.version}"), join.to_bytes())

    def keep_copies(self, name: str, copies: Copies) -> None:
        """Keep the articles of a part with their duplicates marked; the facts are written last."""
        version = copies_version(copies)
        marked = duplicates.add_duplicates(self.read(name, "articles"), copies)
        arrow = schema.to_arrow("articles", marked)
        self.storage.write_arrow(self.file(name, "articles", version), arrow)
        if version:
            content = json.dumps(copies).encode()
            self.storage.write(self._facts(name, f"copies-{version}"), content)

    def read(self, name: str, table: str, columns: list[str] | None = None) -> pd.DataFrame:
        """Read a table of a part, whichever version of it there is."""
        return schema.to_frame(self.read_arrow(name, table, columns))

    def read_arrow(
        self, name: str, table: str, columns: list[str] | None = None, filters: Any = None
    ) -> pa.Table:
        """Read a table of a part, or some of its columns and rows, as Arrow."""
        try:
            return self.storage.read_arrow(self.file(name, table), columns, filters)
        except FileNotFoundError:
            versions = [
                file
                for file in self.storage.list_files(f"{self.folder}/{name}")
                if file.rpartition("/")[2].startswith(f"{table}-")
            ]
            if not versions:
                raise
            return self.storage.read_arrow(versions[0], columns, filters)

    def texts(self, name: str, ids: list[str]) -> Iterator[tuple[str, str]]:
        """Yield (article_id, text) of some articles of a part."""
        wanted = pc.field("article_id").isin(ids)
        table = self.read_arrow(name, "articles", ["article_id", "text"], wanted)
        yield from zip(*(column.to_pylist() for column in table.columns), strict=True)

    # ---------------------------------------------------------------------------- names of files

    def file(self, name: str, table: str, version: str = "") -> str:
        """Return the name of a file of a part."""
        return f"{self.folder}/{name}/{table}{'-' if version else ''}{version}.parquet"

    def _facts(self, name: str, facts: str) -> str:
        return f"{self.folder}/{name}/{facts}.json"

    # -------------------------------------------------------------------- what the build does

    def open(self, owned: Owned) -> None:
        """Read what the store holds; what an interrupted run left half written does not count."""
        self.owned = owned
        self.there = owned.files.intersection(self.storage.list_files(self.folder))
        self._joins: dict[str, list[str]] = defaultdict(list)
        self._copies: dict[str, list[str]] = defaultdict(list)
        for file in sorted(self.there):
            for kind, held in (("/join-", self._joins), ("/copies-", self._copies)):
                if kind in file:
                    held[file.split("/")[-2]].append(file)
        wanted = [file for file in self.there if file.endswith("/index.json")]
        self.parts: dict[str, Index] = {}
        for _, content in sorted(self.storage.read_all(wanted).items()):
            self.take(Index(**json.loads(content)))
        self.rows = {row for part in self.parts.values() for row in part.rows.values()}
        self.files = {record.path: record for record in self._read_log()}
        self._unlogged: list[FileRecord] = []
        self._logged = time.monotonic()

    def take(self, index: Index) -> None:
        """Count a part that is now whole."""
        self.parts[index.name] = index

    def claim(self, name: str) -> None:
        """Note the files of a part that a worker is about to add."""
        files = [self.file(name, table) for table in (*PART_TABLES, "names", "sketch")]
        self.owned.claim([*files, self._facts(name, "index")])

    def claim_joined(self, name: str, join: Join | None, copies: Copies | None) -> None:
        """Note the files that a worker is about to write of what the corpus tells about a part."""
        files = []
        if join is not None:
            files += [self.file(name, table, join.version) for table in JOINED_TABLES]
            files.append(self._facts(name, f"join-{join.version}"))
        if copies is not None:
            version = copies_version(copies)
            files.append(self.file(name, "articles", version))
            files += [self._facts(name, f"copies-{version}")] if version else []
        self.owned.claim(files)

    def finish_rows(self, index: Index) -> None:
        """Count a part that a worker has just kept."""
        self.take(index)
        self.rows.update(index.rows.values())

    def _logs(self) -> list[str]:
        return sorted(file for file in self.there if "/files-" in file)

    def _read_log(self) -> Iterator[FileRecord]:
        for content in self.storage.read_all(self._logs()).values():
            for line in content.decode("utf-8").splitlines():
                record = FileRecord(**json.loads(line))
                if self.rows.issuperset(record.rows):
                    yield record

    def finish(self, record: FileRecord) -> None:
        """Note that every article of a file now lies in a part."""
        self.files[record.path] = record
        self._unlogged.append(record)
        waited = time.monotonic() - self._logged
        if len(self._unlogged) >= LOG_RECORDS or waited > LOG_SECONDS:
            self.write_log()

    def write_log(self) -> None:
        """Write down the files finished since the log was last written."""
        if self._unlogged:
            self._write_log(self._unlogged)
        self._unlogged, self._logged = [], time.monotonic()

    def _write_log(self, records: Iterable[FileRecord]) -> str:
        lines = [json.dumps(asdict(record), ensure_ascii=False) for record in records]
        name = f"{self.folder}/files-{paths.fingerprint(lines)[:12]}.jsonl"
        self.owned.write(name, ("\n".join(lines) + "\n").encode("utf-8", "surrogatepass"))
        self.there.add(name)
        return name

    def join_log(self, records: list[FileRecord]) -> set[str]:
        """Write the log of the files of this build as one file when it lies in many; return it."""
        self.write_log()
        logs = self._logs()
        known = set(self.files)
        if len(logs) > 20 or known != {record.path for record in records}:
            return {self._write_log(records)}
        return set(logs)

    def names(self, name: str, dropped: Iterable[str]) -> pd.DataFrame:
        """Read the summary of a part's names, without the articles that are dropped from it."""
        table = self.storage.read_arrow(self.file(name, "names"), NAMES.names[:7])
        places, numbers = (table.column(one).combine_chunks() for one in ("places", "numbers"))
        gone = set(dropped)
        alive = np.array([article_id not in gone for article_id in self.parts[name].rows])
        counted = alive[places.flatten().to_numpy()]
        rows = np.repeat(np.arange(len(table)), pc.list_value_length(places).to_numpy())[counted]
        mentions = np.zeros(len(table), np.int64)
        np.add.at(mentions, rows, numbers.flatten().to_numpy()[counted])
        summary = table.select(NAMES.names[:5]).to_pandas()
        summary = summary.assign(
            mentions=mentions, articles=np.bincount(rows, minlength=len(table))
        )
        return summary[mentions > 0].reset_index(drop=True)

    def keys(self, name: str) -> pa.Array:
        """Read the keys of the names of a part, each once."""
        table = self.storage.read_arrow(self.file(name, "names"), ["name_key", "written_key"])
        chunks = [chunk.cast(pa.string()) for column in table.columns for chunk in column.chunks]
        return pc.unique(pa.chunked_array(chunks, pa.string()))

    def sketches(self, name: str, dropped: Iterable[str]) -> duplicates.Sketches:
        """Read the sketches of a part's articles that are not dropped."""
        table = self.storage.read_arrow(self.file(name, "sketch"))
        found = _sketches(table)
        kept = ~np.isin(found.article_id.astype(str), list(dropped))
        return duplicates.Sketches(*(column[kept] for column in found))

    def comparisons(self) -> dict[int, float]:
        """Read the Jaccard indices that an earlier search for duplicates computed."""
        found: dict[int, float] = {}
        for file in self._comparisons():
            table = self.storage.read_arrow(file)
            found.update(zip(*(column.to_pylist() for column in table.columns), strict=True))
        return found

    def keep_comparisons(self, used: dict[int, float]) -> None:
        """Keep the Jaccard indices of this search in place of those before."""
        before = self._comparisons()
        file = f"{self.folder}/comparisons-{paths.fingerprint(sorted(used))[:12]}.parquet"
        table = pa.table({"pair": list(used), "jaccard": list(used.values())})
        self.owned.write(file, to_parquet(table))
        self.storage.delete(one for one in before if one != file)
        self.there = self.there.difference(before) | {file}

    def _comparisons(self) -> list[str]:
        return [file for file in self.there if "/comparisons-" in file]

    def beside(self) -> set[str]:
        """Return the files of the store that belong to no part."""
        return {file for file in self.there if "/part-" not in file}

    def joins(self, name: str) -> Iterator[Join]:
        """Yield the joins of a part that are whole."""
        for file in self._joins[name]:
            yield Join.from_bytes(self.storage.read(file))

    def copies(self, name: str) -> Iterator[Copies]:
        """Yield the duplicates that the kept versions of a part's articles are marked with."""
        kept = self._copies.get(name, ())
        if not kept or self.file(name, "articles") in self.there:
            yield {}
        for file in kept:
            read = json.loads(self.storage.read(file))
            yield {article_id: (of, kind) for article_id, (of, kind) in read.items()}


def _counts(
    frames: dict[str, pd.DataFrame], ids: Iterable[str], wanted: Iterable[str]
) -> dict[str, list[int]]:
    """Return for each table the number of rows of every article."""
    ids = list(ids)
    counts = {}
    for table in wanted:
        found = frames[table]["article_id"].value_counts().to_dict()
        counts[table] = [int(found.get(article_id, 0)) for article_id in ids]
    return counts


def _sketch_table(sketches: duplicates.Sketches) -> pa.Table:
    size = sketches.bands.shape[1]
    bands = pa.FixedSizeListArray.from_arrays(pa.array(sketches.bands.ravel()), size)
    return pa.table(
        {
            "article_id": pa.array(sketches.article_id, pa.string()),
            "published": sketches.published,
            "text": sketches.text,
            "bands": bands,
        }
    )


def _sketches(table: pa.Table) -> duplicates.Sketches:
    table = table.combine_chunks()
    bands = table.column("bands").combine_chunks()
    flat = bands.flatten() if isinstance(bands, pa.Array) else bands.chunk(0).flatten()
    return duplicates.Sketches(
        table.column("article_id").to_numpy(zero_copy_only=False),
        table.column("published").to_numpy(),
        table.column("text").to_numpy(),
        flat.to_numpy().reshape(len(table), duplicates.BANDS[0]),
    )
