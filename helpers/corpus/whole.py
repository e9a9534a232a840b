"""The tables of a corpus, each one file of Parquet: rows of all parts, as articles were read.

A file is named after what it is made from, so that it is written once; other programs find the
tables beside the manifest, as `articles.parquet` and so on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from helpers.corpus.parts import PARTITIONED, Copies, Join, Layout, PartStore
from helpers.store import schema
from helpers.store.paths import fingerprint
from helpers.store.storage import Owned, Storage

TOGETHER = 1000  # articles whose rows are put in order at once


@dataclass
class Corpus:
    """The parts of a corpus and how they are joined; `before` are the hashes of tables there are.

    `copies` and `outlets` are what the corpus tells of some of its articles.
    """

    layout: Layout
    store: PartStore
    joins: dict[str, Join]
    before: dict[str, str]
    copies: Copies = field(default_factory=dict)
    outlets: dict[str, str] = field(default_factory=dict)

    @cached_property
    def _arranged(self) -> str:
        """A fingerprint of the order of the articles, and of which are left out of parts."""
        return fingerprint(self.layout.dropped, self.layout.ids)

    @cached_property
    def _homes(self) -> np.ndarray:
        """The place of the part that each article lies in, articles as they were read."""
        homes = {
            article_id: place
            for place, part in enumerate(self.layout.parts)
            for article_id in set(part.rows).difference(self.layout.dropped[part.name])
        }
        return np.array([homes[article_id] for article_id in self.layout.ids], np.int64)

    def files(self, table: str) -> list[str]:
        """Return the file of a table in each part."""
        return [
            self.store.joined_file(part.name, table, self.joins[part.name])
            for part in self.layout.parts
        ]

    def rows(self, table: str, columns: list[str] | None = None) -> Iterator[pa.Table]:
        """Yield the rows of a table as articles were read, those of some articles at a time."""
        files, held = self.files(table), {}
        for first in range(0, len(self.layout.ids), TOGETHER):
            ids = pa.array(self.layout.ids[first : first + TOGETHER], pa.string())
            homes = self._homes[first : first + TOGETHER]
            needed = dict.fromkeys(homes.tolist())
            read = self.store.storage.read_arrow
            held = {one: held.get(one) or read(files[one], columns) for one in needed}
            own = [
                rows.filter(pc.is_in(rows["article_id"], ids.filter(pa.array(homes == part))))
                for part, rows in held.items()
            ]
            found = pa.concat_tables(own)
            rank = pc.index_in(found["article_id"], value_set=ids).to_numpy()
            in_order = (rank[1:] >= rank[:-1]).all()
            yield found if in_order else found.take(np.argsort(rank, kind="stable"))

    def count(self, table: str) -> int:
        """Return how many rows a table has."""
        parts = ((part, self.joins[part.name].counts) for part in self.layout.parts)
        return sum(
            part.count(counts.get(table) or part.counts[table], self.layout.dropped[part.name])
            for part, counts in parts
        )

    def told(self) -> Iterator[pa.Table]:
        """Yield the articles with what the corpus tells of them."""
        of, kinds = ([pair[place] for pair in self.copies.values()] for place in (0, 1))
        copied = {"article_id": list(self.copies), "duplicate_of": of, "duplicate_kind": kinds}
        named = {"article_id": list(self.outlets), "outlet": list(self.outlets.values())}
        columns = schema.TABLES["articles"].columns
        told = [
            pa.table(known, pa.schema([columns.field(name) for name in known]))
            for known in (copied, named)
            if known["article_id"]
        ]
        for rows in self.rows("articles"):
            for known in told:
                rows = _put(rows, known)
            yield rows

    def write(self, owned: Owned, table: str) -> str:
        """Write the table unless it is there already; return its file."""
        extra = [self.copies, self.outlets] if table == "articles" else []
        made = fingerprint(self.files(table), self._arranged, *extra)
        rows = self.told() if table == "articles" else self.rows(table)
        return self._write(owned, table, made, rows)

    def write_frame(self, owned: Owned, table: str, frame: pd.DataFrame) -> str:
        """Write a table that lies in no part; return its file."""
        rows = schema.to_arrow(table, frame)
        made = fingerprint([column.to_pylist() for column in rows.columns])
        return self._write(owned, table, made, [rows])

    def _write(self, owned: Owned, table: str, made: str, rows: Iterable[pa.Table]) -> str:
        file = f"corpus/{table}-{made[:12]}.parquet"
        known = self.before.get(file)
        there = owned.storage.exists(file)
        if not (known is not None and there and owned.storage.is_whole(file, known)):
            owned.claim([file])
            owned.storage.write_rows(file, schema.told(table), rows)
        return file


def _put(rows: pa.Table, known: pa.Table) -> pa.Table:
    """Put what is known of some articles in place of what was read of them."""
    places = pc.index_in(rows["article_id"], value_set=known["article_id"])
    for name in known.column_names[1:]:
        values = pc.coalesce(known[name].take(places), rows[name])
        rows = rows.set_column(rows.schema.get_field_index(name), name, values)
    return rows


def catalogue_of(corpus: Corpus, owned: Owned, frames: dict[str, pd.DataFrame]) -> dict[str, Any]:
    """Write the tables of a corpus; return the file of each, its rows, and all files with hashes.

    `frames` are the tables that lie in no part.
    """
    found = {name: corpus.write(owned, name) for name in PARTITIONED}
    counts = {name: corpus.count(name) for name in PARTITIONED}
    found |= {name: corpus.write_frame(owned, name, frame) for name, frame in frames.items()}
    counts |= {name: len(frame) for name, frame in frames.items()}
    files = {file: owned.storage.sha256(file) for file in found.values()}
    opened = {f"{name}.parquet": files[file] for name, file in found.items()}
    return {"tables": found, "counts": counts, "files": files | opened}


def publish(storage: Storage, catalogue: dict[str, Any]) -> None:
    """Let every table of a catalogue be found beside the manifest, where it is not."""
    there = set(storage.entries())
    for name, file in catalogue["tables"].items():
        other = f"{name}.parquet"
        if other not in there or not storage.is_whole(other, catalogue["files"][file]):
            storage.link(file, other)
