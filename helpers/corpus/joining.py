"""The corpus as a whole: what its parts tell of names and copies, and each part joined to that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from tqdm import tqdm

from helpers.annotate import entities
from helpers.corpus import annotation
from helpers.corpus.decisions import Decided, apply_decisions, decisions_file
from helpers.corpus.parts import (
    ENTITY,
    JOINED_TABLES,
    PARTITIONED,
    Copies,
    FileRecord,
    Index,
    Join,
    PartStore,
    copies_version,
)
from helpers.corpus.workers import Workers
from helpers.read import duplicates
from helpers.store import paths
from helpers.store.lexicons import Codebook

SUMMARY_ROWS = 500_000


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
    position: dict[str, int] = {}
    ids = []
    for record in records:
        for row, article_id in zip(record.rows, record.ids, strict=True):
            if row not in position:
                position[row] = len(ids)
                ids.append(article_id)
    free = set(position)
    kept: list[tuple[int, Index]] = []
    dropped: dict[str, list[str]] = {}
    held: dict[str, list[int]] = {}
    for name, index in sorted(store.parts.items()):
        own = {article_id: row for article_id, row in index.rows.items() if row in free}
        if not own:
            continue
        free.difference_update(own.values())
        held[name] = [position[row] for row in own.values()]
        kept.append((min(held[name]), index))
        gone = [article_id for article_id in index.rows if article_id not in own]
        if gone:
            dropped[name] = gone
    parts = [index for _, index in sorted(kept, key=lambda pair: pair[0])]
    found = [place for index in parts for place in held[index.name]]
    return Layout(parts, dropped, list(position), ids, found == sorted(found))


def join_parts(
    layout: Layout,
    store: PartStore,
    team: Workers,
    progress: bool,
    decisions: pd.DataFrame,
    book: Codebook,
) -> tuple[Decided, dict[str, Any]]:
    """Find entities and duplicates over all parts and join every part to them.

    Returns the entities, as a person's `decisions` leave them, and the catalogue of the parts'
    files.
    """
    where = (store.storage.address, store.folder, paths.engine_version(), book)
    names = entities.find_entities_from(
        _summed(store.names(part.name, layout.dropped.get(part.name, ())) for part in layout.parts)
    )
    decided = apply_decisions(names, decisions, decisions_file().name)
    copies = _find_duplicates(layout, store)
    joins: dict[str, Join] = {}
    marked: dict[str, str] = {}
    lookup = _Lookup(names, decided)
    found = _join_jobs(layout, store, lookup, copies, joins, marked)
    jobs = ((*where, *job) for job in found)
    bar = tqdm(desc="Joining", total=len(layout.parts), unit="part", disable=not progress)
    with bar:
        for name, join in team.run(annotation.join_part, jobs, light=True):
            if join is not None:
                joins[name] = join
            bar.update()
        bar.update(len(layout.parts) - bar.n)
    catalogue: dict[str, Any] = {
        "tables": {table: [] for table in PARTITIONED},
        "counts": dict.fromkeys(PARTITIONED, 0),
        "dropped": {},
        "joins": {},
        "copies": {},
    }
    for part in layout.parts:
        join, folder = joins[part.name], f"{store.folder}/{part.name}"
        written = dict.fromkeys(JOINED_TABLES, join.version) | {"articles": marked[part.name]}
        for table in PARTITIONED:
            version = written.get(table, "")
            catalogue["tables"][table].append(store.file(part.name, table, version))
            own = join.counts.get(table) or part.counts[table]
            catalogue["counts"][table] += part.count(own, layout.dropped.get(part.name, ()))
        catalogue["joins"][folder] = join.version
        catalogue["copies"][folder] = marked[part.name]
        if part.name in layout.dropped:
            catalogue["dropped"][folder] = layout.dropped[part.name]
    return decided, catalogue


def _summed(summaries: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
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


def _join_jobs(
    layout: Layout,
    store: PartStore,
    lookup: _Lookup,
    copies: Copies,
    joins: dict[str, Join],
    marked: dict[str, str],
) -> Iterator[tuple[str, Join | None, Copies | None]]:
    """Yield the parts to be joined anew and those whose duplicates are; both may be one part.

    Note for every part which join holds and which version of its articles.
    """
    for part in layout.parts:
        gone = set(layout.dropped.get(part.name, ()))
        names = lookup.named(store.keys(part.name))
        join = Join(names, {}, *lookup.decided({row[0] for row in names}))
        olds = (old for old in store.joins(part.name) if _still_holds(old, join, part, store, gone))
        old = next(olds, None)
        joins[part.name] = join if old is None else old
        alive = part.rows.keys() - gone
        own = {article_id: copies[article_id] for article_id in alive & copies.keys()}
        kept = next((kept for kept in store.copies(part.name) if _alike(kept, own, alive)), None)
        marked[part.name] = copies_version(own if kept is None else kept)
        if old is None or kept is None:
            job = (part.name, join if old is None else None, own if kept is None else None)
            store.claim_joined(*job)
            yield job


def _alike(kept: Copies, own: Copies, alive: Set[str]) -> bool:
    """Tell whether of the articles that are alive the same are kept as copies of the same."""
    return {article_id: pair for article_id, pair in kept.items() if article_id in alive} == own


def _still_holds(old: Join, new: Join, part: Index, store: PartStore, gone: set[str]) -> bool:
    """Tell whether a part joined before needs nothing of what the corpus now tells of its names."""
    if old.version == new.version:
        return True
    if new.moves or new.decided or old.moves or old.decided:
        return False
    if not set(new.entities) <= set(old.entities):
        return False
    found = store.storage.read_arrow(
        store.file(part.name, "mentions", old.version), ["article_id", "entity_id"]
    )
    alive = pc.invert(
        pc.is_in(found.column("article_id"), value_set=pa.array(sorted(gone), pa.string()))
    )
    used = set(pc.unique(found.filter(alive).column("entity_id")).to_pylist()) - {""}
    return used <= {row[0] for row in new.entities}


class _Lookup:
    """Looks up the entities that the names of a part may be, by label and comparable name."""

    def __init__(self, names: pd.DataFrame, decided: Decided):
        self.rows = list(names[ENTITY].itertuples(index=False, name=None))
        self._moves: dict[str, list[tuple[str, str, str]]] = {}
        for entity_id, now in decided.moved.items():
            self._moves.setdefault(entity_id, []).append((entity_id, "", now))
        for (entity_id, form), now in decided.split.items():
            self._moves.setdefault(entity_id, []).append((entity_id, form, now))
        after = decided.entities[ENTITY[:4]].itertuples(index=False, name=None)
        self._after = {row[0]: (*row, ()) for row in after}
        self._before = {row[0]: (*row[:4], ()) for row in self.rows}
        keys, rows = [], []
        for number, (entity_id, entity, _, _, forms) in enumerate(self.rows):
            for key in {annotation.name_key(entity_id, form) for form in (entity, *forms)}:
                keys.append(key)
                rows.append(number)
        encoded = pa.array(keys, pa.string()).dictionary_encode()
        self.keys = encoded.dictionary
        codes = encoded.indices.to_numpy()
        self.order = np.array(rows, np.int64)[np.argsort(codes, kind="stable")]
        self.edges = np.searchsorted(np.sort(codes), np.arange(len(self.keys) + 1))

    def decided(self, ids: set[str]) -> tuple[list[tuple], list[tuple]]:
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

    def named(self, keys: pa.Array) -> list[tuple[str, str, str, str, tuple[str, ...]]]:
        """Return the entities that have one of the names, with those of their aliases."""
        codes = pc.index_in(keys, value_set=self.keys).drop_null().to_numpy()
        spans = [self.order[self.edges[code] : self.edges[code + 1]] for code in codes.tolist()]
        found = np.unique(np.concatenate(spans)) if spans else np.empty(0, np.int64)
        here = set(keys.to_pylist())
        return [
            (*row[:4], tuple(a for a in row[4] if annotation.name_key(row[0], a) in here))
            for row in (self.rows[number] for number in found.tolist())
        ]


def _find_duplicates(layout: Layout, store: PartStore) -> Copies:
    """Find what is printed twice in the corpus; remember the comparisons for the next build."""
    home = {
        article_id: part.name
        for part in layout.parts
        for article_id in set(part.rows).difference(layout.dropped.get(part.name, ()))
    }
    sketches = duplicates.join_sketches(
        store.sketches(part.name, layout.dropped.get(part.name, ())) for part in layout.parts
    )

    def texts(wanted: list[str]) -> Iterator[tuple[str, str]]:
        by_part: dict[str, list[str]] = {}
        for article_id in wanted:
            by_part.setdefault(home[article_id], []).append(article_id)
        for name, ids in by_part.items():
            yield from store.texts(name, ids)

    known = store.comparisons()
    found, used = duplicates.find_duplicates(sketches, texts, known)
    if used.keys() - known.keys():
        store.keep_comparisons(used)
    return found
