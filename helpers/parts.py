"""The store of finished parts: what a build has annotated and need not annotate again.

A part is a folder of Parquet files for some tens of articles, written under a temporary name and
renamed when whole. `files.jsonl` names the input files whose every article lies in a part.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from helpers import schema

PART_TABLES = ("articles", "blocks", "sentences", "mentions", "attributions", "targets", "problems")


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


class PartStore:
    """The parts of one corpus made by one engine; what another engine made is another store."""

    def __init__(self, folder: Path):
        """Open the store at `folder`, dropping what an interrupted run left half written."""
        self.folder = folder
        self.folder.mkdir(parents=True, exist_ok=True)
        for leftover in folder.glob(".part-*"):
            shutil.rmtree(leftover)
        self.log = folder / "files.jsonl"
        self.index: dict[str, dict[str, str]] = {
            part.name: json.loads((part / "index.json").read_text(encoding="utf-8"))
            for part in sorted(folder.glob("part-*"))
        }
        self.rows = {row for index in self.index.values() for row in index.values()}
        self.files = {record.path: record for record in self._read_log()}

    def _read_log(self) -> Iterable[FileRecord]:
        if not self.log.exists():
            return
        for line in self.log.read_text(encoding="utf-8").splitlines():
            try:
                record = FileRecord(**json.loads(line))
            except (ValueError, TypeError):
                continue  # the line a killed run was writing
            if self.rows.issuperset(record.rows):
                yield record

    def add(self, frames: dict[str, pd.DataFrame], rows: dict[str, str]) -> None:
        """Keep one part: its tables, and the fingerprint of the record behind each article_id."""
        temporary = Path(tempfile.mkdtemp(prefix=".part-", dir=self.folder))
        for name in PART_TABLES:
            table = schema.to_arrow(name, frames[name])
            pq.write_table(table, temporary / f"{name}.parquet", compression="zstd")
        (temporary / "index.json").write_text(json.dumps(rows), encoding="utf-8")
        name = f"part-{len(self.index):06d}-{next(iter(rows.values()))[:12]}"
        os.replace(temporary, self.folder / name)
        self.index[name] = rows
        self.rows.update(rows.values())

    def finish(self, record: FileRecord) -> None:
        """Note that every article of a file now lies in a part."""
        with self.log.open("a", encoding="utf-8") as log:
            log.write(json.dumps(asdict(record), ensure_ascii=False) + "\n")
            log.flush()
        self.files[record.path] = record

    def read(self, rows: set[str]) -> dict[str, pd.DataFrame]:
        """Read the tables of the articles with these fingerprints, each article once."""
        found: dict[str, list[pa.Table]] = {name: [] for name in PART_TABLES}
        wanted = set(rows)
        for part, index in self.index.items():
            ids = [article_id for article_id, row in index.items() if row in wanted]
            wanted.difference_update(index[article_id] for article_id in ids)
            if not ids:
                continue
            for name in PART_TABLES:
                table = pq.read_table(self.folder / part / f"{name}.parquet")
                found[name].append(table.filter(pc.field("article_id").isin(ids)))
        return {
            name: schema.to_frame(pa.concat_tables(found[name]))
            if found[name]
            else schema.empty(name)
            for name in PART_TABLES
        }

    def drop_others(self) -> None:
        """Delete the stores that other engines or mappings left beside this one."""
        for other in self.folder.parent.iterdir():
            if other != self.folder and other.is_dir():
                shutil.rmtree(other)
