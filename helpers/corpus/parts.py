"""The parts of a corpus: what is kept of each, and how all of them are joined.

A part is a folder of Parquet files for some tens to hundreds of articles; it counts once its
`index.json`, written last, is there and every file is as that says. What the whole corpus tells
about its names is kept beside it under a version made from those facts, so that a later build
redoes only the parts they changed for.
"""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
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
from helpers.read.answers import Answer, settle
from helpers.read.articles import LIMIT, OPEN
from helpers.store import schema
from helpers.store.paths import fingerprint
from helpers.store.storage import DamageError, Owned, Storage, seal, to_parquet, unseal

ROOTS = ("entities", "problems", "left_out")  # one file for the whole corpus
PART_TABLES = tuple(
    name for name in schema.TABLES if name not in ("entities", "replies", "left_out")
)
EVIDENCE = "evidence"  # what the model of sources saw, kept with a part and not in the tables
PARTITIONED = tuple(name for name in schema.TABLES if name not in ROOTS)
JOINED_TABLES = (*PARTITIONED[3:], "problems")  # all but the articles and how they are cut up
REPLACED = ("mentions", "attributions", "problems")  # which joined anew are joined as if never
ENTITY = schema.TABLES["entities"].columns.names[:5]  # all but why names are one entity
KEYS = {"name_key": pa.string(), "written_key": pa.string()}
COUNTS = {"places": pa.list_(pa.int32()), "numbers": pa.list_(pa.int32())}
SEEN = pa.schema(
    {
        "article_id": pa.string(),
        "start": pa.int32(),
        "end": pa.int32(),
        "evidence": pa.list_(pa.float32()),
    }
)
NAMES = pa.schema(dict.fromkeys(entities.SUMMARY[:5], pa.string()) | COUNTS | KEYS)
Entity = tuple[str, str, str, str, tuple[str, ...], str]  # ENTITY, and `entities.lasting` of why
Copies = dict[str, tuple[str, str]]  # of each duplicate the original and the kind
LOG_SECONDS = 20
LOG_RECORDS = 2000
SUMMARY_ROWS = 500_000


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
    left_out: list[dict[str, Any]] = field(default_factory=list)
    announced: int | None = None
    answers: list[Answer] = field(default_factory=list)
    limits: float = 1.0

    @property
    def unopened(self) -> bool:
        """Whether the file could not be read for what is outside it, such as its permissions."""
        return any(problem["step"] == OPEN for problem in self.problems)

    @property
    def limited(self) -> bool:
        """Whether the file took more than a file may, with the `limits` there were."""
        return any(problem["step"] == LIMIT for problem in self.problems)

    def stands_for(self, signature: str, limits: float = 1.0) -> bool:
        """Whether the file in this state on disk need not be read again."""
        tried = not self.limited or limits <= self.limits
        return self.signature == signature and not self.unopened and tried


def settle_answers(records: Iterable[FileRecord]) -> tuple[dict[str, int], list[dict[str, str]]]:
    """Return how many articles each file announces, and the problems of answers not all here."""
    told = {one.path: one.announced for one in records if one.announced is not None}
    lacking, pages = settle((one.path, answer) for one in records for answer in one.answers)
    rows = [schema.row("problems", "", path, "read", text) for path, text in lacking.items()]
    return told | pages, rows


@dataclass
class Index:
    """One part: the fingerprint of each of its articles by id, in order, and its rows by article.

    `counts` holds for each table the number of rows of every article, `seconds` the processor time
    that annotating took, `files` the hash of each file.
    """

    name: str
    rows: dict[str, str]
    counts: dict[str, list[int]]
    seconds: float
    files: dict[str, str]

    def count(self, counts: list[int], dropped: Iterable[str] = ()) -> int:
        """Add up the rows that belong to the articles that are not dropped."""
        gone = set(dropped)
        pairs = zip(self.rows, counts, strict=True)
        return sum(count for article_id, count in pairs if article_id not in gone)


@dataclass
class Join:
    """What the corpus tells about the names of a part: the entities its mentions may be.

    The aliases of `entities` are those that the part has. `decided` is what a person's decisions
    change: rows (entity_id, form or "", the entity it now is), and under the same id the entities
    that result. `counts` and `files` are those of the tables joined so, as in `Index`.
    """

    entities: list[Entity]
    moves: list[tuple[str, str, str]] = field(default_factory=list)
    decided: list[Entity] = field(default_factory=list)
    counts: dict[str, list[int]] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)

    @cached_property
    def version(self) -> str:
        """The name under which the part joined so is kept."""
        decisions = [self.moves, self.decided] if self.moves or self.decided else []
        return fingerprint(self.entities, *decisions)[:12]

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


def _entities_frame(rows: list[Entity]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=[*ENTITY, "merge_reason"])
    frame["aliases"] = pd.Series([list(a) for a in frame["aliases"]], dtype=object)
    return frame


class PartStore:
    """The parts of one corpus made by one engine; what another engine made is another store."""

    def __init__(self, storage: Storage, folder: str):
        self.storage = storage
        self.folder = folder

    def file(self, name: str, table: str, version: str = "") -> str:
        """Return the name of a file of a part."""
        return f"{self.folder}/{name}/{table}{'-' if version else ''}{version}.parquet"

    def joined_file(self, name: str, table: str, join: Join) -> str:
        """Return the name of a file of a part as it is joined."""
        return self.file(name, table, join.version if table in JOINED_TABLES else "")

    def facts(self, name: str, version: str = "") -> str:
        """Return the name of the file that tells what a part is, or is when joined."""
        return f"{self.folder}/{name}/{f'join-{version}' if version else 'index'}.json"

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
        found = {table: schema.to_arrow(table, frames[table]) for table in PART_TABLES}
        bands = {str(number): band for number, band in enumerate(sketches.bands.T)}
        sketch = pa.table(dict(zip(sketches._fields[:3], sketches[:3], strict=True)) | bands)
        seen = pa.Table.from_pandas(frames[EVIDENCE], SEEN, preserve_index=False)
        files = self._write(name, found | {"names": names, "sketch": sketch, EVIDENCE: seen})
        index = Index(name, rows, _counts(frames, rows, PART_TABLES), round(seconds, 3), files)
        self.storage.write(self.facts(name), seal(asdict(index)))
        return index

    def keep_joined(self, name: str, join: Join, frames: dict[str, pd.DataFrame]) -> None:
        """Keep the tables of a part as the corpus completes them; the facts are written last."""
        found = {table: schema.to_arrow(table, frames[table]) for table in JOINED_TABLES}
        join.files = self._write(name, found, join.version)
        join.counts = _counts(frames, frames["articles"]["article_id"], JOINED_TABLES)
        self.storage.write(self.facts(name, join.version), seal(asdict(join)))

    def _write(self, name: str, found: dict[str, pa.Table], version: str = "") -> dict[str, str]:
        """Write tables of a part and return the hash of each file."""
        named = {self.file(name, table, version): arrow for table, arrow in found.items()}
        return {file: self.storage.write(file, to_parquet(arrow)) for file, arrow in named.items()}

    def read(self, name: str, joined: str = "") -> dict[str, pd.DataFrame]:
        """Read the tables of a part, to be joined: as annotated, or as `joined` to a version."""
        versions = dict.fromkeys(PART_TABLES, "") | dict.fromkeys(REPLACED, joined)
        files = {table: self.file(name, table, version) for table, version in versions.items()}
        frames = {table: schema.to_frame(self.storage.read_arrow(f)) for table, f in files.items()}
        return frames | {EVIDENCE: self.storage.read_arrow(self.file(name, EVIDENCE)).to_pandas()}

    # -------------------------------------------------------------------- what the build does

    def open(self, owned: Owned) -> None:
        """Read what the store holds; what is damaged or half written does not count."""
        self.owned = owned
        self.there = owned.files.intersection(self.storage.list_files(self.folder))
        self._joins: dict[str, list[str]] = defaultdict(list)
        for file in sorted(file for file in self.there if "/join-" in file):
            self._joins[file.split("/")[-2]].append(file)
        wanted = [file for file in self.there if file.endswith("/index.json")]
        self.parts: dict[str, Index] = {}
        self.rows: set[str] = set()
        self.unjoined: set[str] = set()
        for _, content in sorted(self.storage.read_all(wanted).items()):
            with suppress(DamageError):
                self._take_whole(Index(**unseal(content)))
        self.files = {record.path: record for record in self._read_log()}
        self._unlogged: list[FileRecord] = []
        self._logged = time.monotonic()

    def _take_whole(self, index: Index) -> None:
        """Count a part that is whole, be it joined or as annotated."""
        unjoined = self._are_whole(index.files)
        if unjoined or (self._are_whole(self.lasting(index)) and any(self.joins(index.name))):
            self.take(index)
            if not unjoined:
                self.unjoined.discard(index.name)

    def lasting(self, index: Index) -> dict[str, str]:
        """Return the files of a part, with their hashes, that those of a join do not replace."""
        replaced = {self.file(index.name, table) for table in REPLACED}
        return {file: known for file, known in index.files.items() if file not in replaced}

    def _are_whole(self, files: dict[str, str]) -> bool:
        whole = self.storage.is_whole
        return self.there.issuperset(files) and all(whole(*pair) for pair in files.items())

    def take(self, index: Index) -> None:
        """Count a part that has just been annotated."""
        self.parts[index.name] = index
        self.unjoined.add(index.name)
        self.rows.update(index.rows.values())

    def claim(self, name: str, version: str = "") -> None:
        """Note the files that a worker is about to write of a part, or of a part when joined."""
        written = JOINED_TABLES if version else (*PART_TABLES, "names", "sketch", EVIDENCE)
        files = [self.file(name, table, version) for table in written]
        self.owned.claim([*files, self.facts(name, version)])

    def names(self, name: str, dropped: Iterable[str]) -> pd.DataFrame:
        """Read the summary of a part's names, without the articles that are dropped from it."""
        table = self.storage.read_arrow(self.file(name, "names"), NAMES.names[:7])
        places, numbers = (table.column(one).combine_chunks() for one in COUNTS)
        gone = set(dropped)
        alive = np.array([article_id not in gone for article_id in self.parts[name].rows])
        counted = alive[places.flatten().to_numpy()]
        rows = np.repeat(np.arange(len(table)), pc.list_value_length(places).to_numpy())[counted]
        mentions = np.zeros(len(table), np.int64)
        np.add.at(mentions, rows, numbers.flatten().to_numpy()[counted])
        summary = table.select(NAMES.names[:5]).to_pandas()
        articles = np.bincount(rows, minlength=len(table))
        summary = summary.assign(mentions=mentions, articles=articles)
        return summary[mentions > 0].reset_index(drop=True)

    def keys(self, name: str) -> pa.Array:
        """Read the keys of the names of a part, each once."""
        table = self.storage.read_arrow(self.file(name, "names"), list(KEYS))
        chunks = [chunk.cast(pa.string()) for column in table.columns for chunk in column.chunks]
        return pc.unique(pa.chunked_array(chunks, pa.string()))

    def texts(self, name: str, ids: list[str]) -> Iterator[tuple[str, str]]:
        """Yield (article_id, text) of some articles of a part."""
        wanted, columns = pc.field("article_id").isin(ids), ["article_id", "text"]
        table = self.storage.read_arrow(self.file(name, "articles"), columns, wanted)
        yield from zip(*(column.to_pylist() for column in table.columns), strict=True)

    def sketches(self, name: str, dropped: Iterable[str]) -> duplicates.Sketches:
        """Read the sketches of a part's articles that are not dropped."""
        table = self.storage.read_arrow(self.file(name, "sketch"))
        ids, published, text, *bands = (column.to_numpy() for column in table.columns)
        found = duplicates.Sketches(ids, published, text, np.column_stack(bands))
        kept = ~np.isin(ids.astype(str), list(dropped))
        return duplicates.Sketches(*(column[kept] for column in found))

    def joins(self, name: str) -> Iterator[Join]:
        """Yield the joins of a part that are whole."""
        for file in self._joins[name]:
            with suppress(DamageError):
                read = unseal(self.storage.read(file))
                for rows in (read["entities"], read["decided"]):
                    rows[:] = [(*row[:4], tuple(row[4]), row[5]) for row in rows]
                join = Join(**read | {"moves": [tuple(row) for row in read["moves"]]})
                if self._are_whole(join.files):
                    yield join

    # --------------------------------------------------------------- what lies beside the parts

    def beside(self, kind: str) -> list[str]:
        """Return the files of a kind that belong to no part and are whole: their name tells."""
        named = sorted(file for file in self.there if f"/{kind}-" in file and "/part-" not in file)
        return [file for file in named if self.storage.sha256(file)[:12] in file]

    def _keep_beside(self, kind: str, ending: str, content: bytes) -> str:
        """Write a file that belongs to no part, named after what it holds."""
        file = self.owned.write_named(f"{self.folder}/{kind}", ending, content)
        self.there.add(file)
        return file

    def _read_log(self) -> Iterator[FileRecord]:
        for content in self.storage.read_all(self.beside("files")).values():
            for line in content.decode("utf-8", "surrogatepass").splitlines():
                record = FileRecord(**json.loads(line))
                record.answers = [Answer(*one) for one in record.answers]
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
        lines = [json.dumps(asdict(record)) + "\n" for record in records]
        return self._keep_beside("files", ".jsonl", "".join(lines).encode())

    def join_log(self, records: list[FileRecord]) -> list[str]:
        """Write the log of the files of this build as one file when it lies in many; return it."""
        self.write_log()
        logs = self.beside("files")
        if len(logs) > 20 or set(self.files) != {record.path for record in records}:
            return [self._write_log(records)]
        return logs

    def comparisons(self) -> dict[int, float]:
        """Read the Jaccard indices that an earlier search for duplicates computed."""
        found: dict[int, float] = {}
        for file in self.beside("comparisons"):
            table = self.storage.read_arrow(file)
            found.update(zip(*(column.to_pylist() for column in table.columns), strict=True))
        return found

    def keep_comparisons(self, used: dict[int, float]) -> None:
        """Keep the Jaccard indices of this search in place of those before."""
        before = {file for file in self.there if "/comparisons-" in file}
        table = pa.table({"pair": list(used), "jaccard": list(used.values())})
        kept = self._keep_beside("comparisons", ".parquet", to_parquet(table))
        self.storage.delete(before - {kept})
        self.there = self.there - before | {kept}


def _counts(
    frames: dict[str, pd.DataFrame], ids: Iterable[str], wanted: Iterable[str]
) -> dict[str, list[int]]:
    """Return for each table the number of rows of every article."""
    order, found = list(ids), {table: frames[table]["article_id"] for table in wanted}
    return {
        table: held.value_counts().reindex(order, fill_value=0).tolist()
        for table, held in found.items()
    }


# ------------------------------------------------------------------------ the corpus as a whole


@dataclass
class Layout:
    """Which parts a corpus lies in: parts in reading order, what is dropped from each of them.

    `rows` are the fingerprints of the articles in reading order; `in_order` says whether
    the parts, one after another, hold the articles in just that order.
    """

    parts: list[Index]
    dropped: dict[str, list[str]]
    rows: list[str]
    ids: list[str]
    in_order: bool


def arrange(records: list[FileRecord], store: PartStore) -> Layout:
    """Find the part of every article, each article once."""
    ids: dict[str, str] = {}
    for record in records:
        for row, article_id in zip(record.rows, record.ids, strict=True):
            ids.setdefault(row, article_id)
    position = {row: place for place, row in enumerate(ids)}
    free = set(position)
    kept: list[tuple[list[int], Index]] = []
    dropped: dict[str, list[str]] = {}
    for name, index in sorted(store.parts.items()):
        own = {article_id: row for article_id, row in index.rows.items() if row in free}
        if own:
            free.difference_update(own.values())
            kept.append(([position[row] for row in own.values()], index))
            dropped[name] = [article_id for article_id in index.rows if article_id not in own]
    kept.sort(key=lambda pair: min(pair[0]))
    found = [place for places, _ in kept for place in places]
    parts = [index for _, index in kept]
    return Layout(parts, dropped, list(ids), list(ids.values()), found == sorted(found))


def files_of(layout: Layout, store: PartStore, joins: dict[str, Join]) -> dict[str, str]:
    """Return the files of all parts, with their hashes."""
    hashes: dict[str, str] = {}
    for part in layout.parts:
        join = joins[part.name]
        facts = [store.facts(part.name), store.facts(part.name, join.version)]
        hashes |= store.lasting(part) | join.files
        hashes |= {file: store.storage.sha256(file) for file in facts}
    return hashes


def summed(summaries: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    """Add up the summaries of names as they come, so that each name is held once."""
    keys = entities.SUMMARY[:5]
    held: list[pd.DataFrame] = []
    rows, most = 0, SUMMARY_ROWS
    for summary in summaries:
        held.append(summary[entities.SUMMARY])
        rows += len(summary)
        if rows > most:
            joined = pd.concat(held).groupby(keys, observed=True).sum().reset_index()
            held, rows = [joined], len(joined)
            most = max(SUMMARY_ROWS, 2 * rows)
    yield from held


def join_of(part: Index, store: PartStore, lookup: Lookup, gone: set[str]) -> tuple[Join, str]:
    """Return how a part is to be joined, and the version of it to begin from.

    A join that has its files is one of before, which holds still.
    """
    names = lookup.named(store.keys(part.name))
    new = Join(names, *lookup.decided({row[0] for row in names}))
    olds = list(store.joins(part.name))
    holding = (old for old in olds if _still_holds(old, new, part, store, gone))
    return next(holding, new), "" if part.name in store.unjoined else olds[0].version


def _still_holds(old: Join, new: Join, part: Index, store: PartStore, gone: set[str]) -> bool:
    """Tell whether a part joined before needs nothing of what the corpus now tells of its names."""
    if old.version == new.version:
        return True
    if new.moves or new.decided or old.moves or old.decided:
        return False
    if not set(new.entities) <= set(old.entities):
        return False
    file = store.file(part.name, "mentions", old.version)
    alive = ~pc.field("article_id").isin(pa.array(sorted(gone), pa.string()))
    used = store.storage.read_arrow(file, ["entity_id"], alive).column(0)
    return set(pc.unique(used).to_pylist()) - {""} <= {row[0] for row in new.entities}


class Lookup:
    """Looks up the entities that the names of a part may be, by label and comparable name."""

    def __init__(self, names: pd.DataFrame, decided: Decided):
        why = names["merge_reason"].map(entities.lasting)
        self.rows = list(names[ENTITY].assign(why=why).itertuples(index=False, name=None))
        self._moves: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
        for entity_id, now in decided.moved.items():
            self._moves[entity_id].append((entity_id, "", now))
        for (entity_id, form), now in decided.split.items():
            self._moves[entity_id].append((entity_id, form, now))
        after = decided.entities[ENTITY[:4]].itertuples(index=False, name=None)
        self._after = {row[0]: (*row, (), "") for row in after}
        self._before = {row[0]: (*row[:4], (), "") for row in self.rows}
        pairs = [
            (key, number)
            for number, (entity_id, entity, _, _, forms, _) in enumerate(self.rows)
            for key in {name_key(entity_id, form) for form in (entity, *forms)}
        ]
        encoded = pa.array([key for key, _ in pairs], pa.string()).dictionary_encode()
        self.keys, codes = encoded.dictionary, encoded.indices.to_numpy()
        rows = np.array([number for _, number in pairs], np.int64)
        self.order = rows[np.argsort(codes, kind="stable")]
        self.edges = np.searchsorted(np.sort(codes), np.arange(len(self.keys) + 1))

    def decided(self, ids: set[str]) -> tuple[list[tuple], list[Entity]]:
        """Return the decisions about some entities, and the entities they then are.

        Both are empty where no decision touches any of them.
        """
        moves = []
        reached = sorted(ids)
        for entity_id in reached:
            own = self._moves.get(entity_id, [])
            moves += own
            reached += sorted({now for *_, now in own} - set(reached) - {""})
        after = [self._after[entity_id] for entity_id in reached if entity_id in self._after]
        changed = any(self._before.get(row[0]) != row for row in after)
        return (sorted(moves), sorted(after)) if moves or changed else ([], [])

    def named(self, keys: pa.Array) -> list[Entity]:
        """Return the entities that have one of the names, with those of their aliases."""
        codes = pc.index_in(keys, value_set=self.keys).drop_null().to_numpy()
        spans = [self.order[self.edges[code] : self.edges[code + 1]] for code in codes.tolist()]
        found = np.unique(np.concatenate(spans)) if spans else np.empty(0, np.int64)
        here = set(keys.to_pylist())
        return [
            (*row[:4], tuple(a for a in row[4] if name_key(row[0], a) in here), row[5])
            for row in (self.rows[number] for number in found.tolist())
        ]


def name_key(owner: str, name: str) -> str:
    """Return what a name is looked up by: its label, which may come as an entity's id, and key."""
    label = owner.partition("-")[0].upper()
    return f"{label} {entities.key_of(name, label)}"


def find_duplicates(layout: Layout, store: PartStore) -> Copies:
    """Find what is printed twice in the corpus; remember the comparisons for the next build."""
    home = {
        article_id: part.name
        for part in layout.parts
        for article_id in set(part.rows).difference(layout.dropped[part.name])
    }
    sketches = duplicates.join_sketches(
        store.sketches(part.name, layout.dropped[part.name]) for part in layout.parts
    )

    def texts(wanted: list[str]) -> Iterator[tuple[str, str]]:
        by_part: dict[str, list[str]] = defaultdict(list)
        for article_id in wanted:
            by_part[home[article_id]].append(article_id)
        for name, ids in by_part.items():
            yield from store.texts(name, ids)

    known = store.comparisons()
    found, used = duplicates.find_duplicates(sketches, texts, known)
    if used.keys() - known.keys():
        store.keep_comparisons(used)
    return found
