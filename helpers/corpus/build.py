"""The build: the one place that knows the order from articles on disk to tables.

1. Read the files and annotate what is new, in parts, each on its own: the slow step. A killed build
   goes on where it stopped, and a later one annotates only what is new or changed.
2. Merge what the parts tell of names and of copies into entities and duplicates.
3. Join every part to that: entity ids, speakers, kinds of source. Parts for which nothing changed
   are left as they are.

The tables are the files of the parts; a catalogue, swapped in at the end, says which. Until then
the tables of the build before stay whole.
"""

from __future__ import annotations

import json
import os
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
from filelock import FileLock, Timeout
from tqdm import tqdm

from helpers import __version__
from helpers.annotate import entities
from helpers.corpus import annotation
from helpers.corpus.decisions import (
    Decided,
    apply_decisions,
    decisions_file,
    file_hash,
    read_decisions,
)
from helpers.corpus.parts import (
    FileRecord,
    Join,
    Layout,
    Lookup,
    PartStore,
    arrange,
    files_of,
    find_duplicates,
    join_of,
    settle_answers,
    summed,
)
from helpers.corpus.wall import Wall
from helpers.corpus.whole import Corpus, catalogue_of, publish
from helpers.corpus.workers import Workers, processors, start_workers
from helpers.model.encoder import check_models
from helpers.read.articles import OPEN, LeftOut, Note, Problem, separate_ids
from helpers.read.source import SourceFile
from helpers.read.spellings import join_outlets
from helpers.store import lexicons, paths, schema, tables
from helpers.store.paths import DATA, PROJECT, TABLES, fingerprint, printable, say_waiting
from helpers.store.storage import (
    FOLDERS,
    LOCK,
    MANIFEST,
    BuildError,
    DamageError,
    Owned,
    Storage,
    check_apart,
    check_free,
    held,
    is_url,
    to_bytes,
)

LEAST_PART = 25  # articles in a part; parts grow with the corpus, so that a small one is shared too
MOST_PART = 1000
PARTS_TO_DOUBLE = 50  # a part holds at most a fiftieth of what was read before it
PART_CHARACTERS = 8_000_000
LOCK_SECONDS = 3600
OPEN_FILES = {f"{name}.parquet" for name in schema.TABLES}  # beside the manifest
UNREAD = 3  # files that could not be read, named when a corpus is opened


# ---------------------------------------------------------------------------------------- build


def build(
    path: str | Path,
    out: str | Path,
    mapping: dict[str, str] | None = None,
    workers: int = 0,
    progress: bool = True,
    scheduler: str = "",
    codebook_file: str | Path = "",
    limits: float = 1.0,
) -> dict[str, Any]:
    """Read the articles at `path`, annotate them, write every table to `out`; return the manifest.

    Parameters
    ----------
    path
        A file, folder or zip of articles.
    out
        The folder of the tables, or the URL of a store that fsspec knows (`s3://bucket/tables`).
        It may hold an earlier or an interrupted build: only new and changed articles are then
        annotated.
    mapping
        The column that holds each role in table files (`{"text": "Body"}`); the rest is guessed.
    workers
        How many processes annotate; 0 is one for each processor.
    progress
        Whether to draw a progress bar on standard error.
    scheduler
        The address of a Dask scheduler (`tcp://host:8786`) whose workers then annotate.
    codebook_file
        A codebook (YAML) that decides what kind of source speaks; "" takes the one that the
        environment variable ATTRIBUTED_CODEBOOK names, else the project's own.
    limits
        How many times the usual time and memory reading one file may take; what takes more is a
        row of `problems`, and is tried again with higher limits.

    Raises
    ------
    FileNotFoundError
        When `path` does not exist.
    CodebookError
        When the codebook cannot be used; the message names the line.
    BuildError, StorageError, WorkersError, ClusterError, encoder.ModelError
        When `out` cannot be written, lies inside the articles or they in it, holds a file that no
        build wrote where one writes, or is in use by another build; when the scheduler is not
        there, or its workers have another version of this package; when a model was altered.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist: give a file, folder or zip of articles")
    if workers < 0:
        raise BuildError(f"workers must be 0 or more, not {workers}")
    if not limits > 0:
        raise BuildError(f"limits must be above 0, not {limits}")
    storage = Storage(out)
    check_apart(path, storage)
    check_free(Owned(storage), OPEN_FILES)
    book = lexicons.read_codebook(codebook_file)
    storage.check_writable()
    with _only_build(storage):
        tables.forget(out)
        owned = Owned(storage)
        owned.adopt()
        team = (workers or processors(), progress, scheduler)
        with Wall(limits, _tell if progress else None) as wall:
            manifest = _build(path, owned, mapping or {}, book, wall, *team)
        return manifest | {"notes": [*manifest["notes"], *owned.others()]}


@contextmanager
def _only_build(storage: Storage) -> Iterator[None]:
    """Hold the lock of a local folder; a store has none, its parts are safe to write twice."""
    if not storage.local:
        yield
        return
    lock = FileLock(storage.path(LOCK))
    try:
        with say_waiting(f"the build that is writing {storage}"):
            lock.acquire(timeout=LOCK_SECONDS)
    except Timeout:
        told = f"another build has been writing {storage} for an hour: stop it"
        raise BuildError(told) from None
    try:
        yield
    finally:
        lock.release()


def _build(
    path: Path,
    owned: Owned,
    mapping: dict[str, str],
    book: lexicons.Codebook,
    wall: Wall,
    workers: int,
    progress: bool,
    scheduler: str,
) -> dict[str, Any]:
    storage = owned.storage
    files = list(wall.met(path))
    wall.let_in(files)
    hashes = paths.engine_hashes()
    described = {name: told for file in files for name, told in file.described.items()}
    own = tuple((name, *told) for name, told in sorted(described.items()))
    settings = fingerprint(hashes, mapping, book.sha256, own)
    decisions_path = decisions_file(storage.place)
    decisions, decisions_hash = read_decisions(decisions_path), file_hash(decisions_path)
    signature = fingerprint(settings, decisions_hash, [file.signature for file in files])
    finished = _finished(storage, signature, files, wall.times)
    if finished is not None:
        return finished
    check_models()
    store = PartStore(storage, f"parts/{settings[:16]}")
    store.open(owned)
    with start_workers(workers, scheduler, storage.address) as team:
        intake = _Intake(files, store, mapping, wall, progress)
        records = _annotate_files(intake, store, team, own)
        layout = arrange(records, store)
        decided, joins = _join_parts(layout, store, team, progress, decisions, (own, book))
    whole = Corpus(layout, store, joins, _hashes(storage), find_duplicates(layout, store))
    given = {name for file in files for name in file.outlets.values()}
    whole.outlets, joined = join_outlets(_outlets_of(whole), given)
    announced, lacking = settle_answers(records)
    roots = {
        "entities": decided.entities,
        "problems": _all_problems(path, whole, records, lacking, decided.reports),
        "left_out": schema.frame("left_out", (row for one in records for row in one.left_out)),
    }
    catalogue = catalogue_of(whole, owned, roots)
    beside = [*store.join_log(records), *store.beside("comparisons")]
    catalogue["files"] |= {file: storage.sha256(file) for file in beside}
    catalogue["files"] |= files_of(layout, store, joins)
    file = f"corpus/catalogue-{fingerprint(catalogue)[:12]}.json"
    owned.write(file, json.dumps(catalogue, indent=1).encode())
    manifest: dict[str, Any] = {
        "attributed": __version__,
        "built": datetime.now(UTC).isoformat(timespec="seconds"),
        "catalogue": file,
        "corpus": path.name,
        "corpus_fingerprint": fingerprint(sorted(layout.rows)),
        "signature": signature,
        "engine": hashes,
        "codebook": {"file": book.path, "sha256": book.sha256},
        "packages": paths.package_versions(),
        "python": sys.version.split()[0],
        "parameters": {"mapping": mapping},
        "unopened": [record.path for record in records if record.unopened],
        "limited": min((record.limits for record in records if record.limited), default=None),
        "decisions": decisions_hash,
        "notes": [*(note for record in records for note in record.notes), *joined],
        "announced": announced,
        "counts": {"files": sum(not file.left_out for file in files)}
        | {name: catalogue["counts"][name] for name in schema.TABLES},
    }
    owned.claim([MANIFEST, *OPEN_FILES])
    if not storage.local:  # there nothing tells an older table from this one
        storage.delete(OPEN_FILES & set(storage.entries()))
    tables.write_manifest(manifest, storage.place)
    publish(storage, catalogue)
    _delete_replaced(owned, manifest["catalogue"])
    return manifest


def _finished(
    storage: Storage, signature: str, files: list[SourceFile], limits: float
) -> dict[str, Any] | None:
    """Return the manifest in `out` when its tables are whole and made from the same input.

    A file that could not be opened then and can be now is other input, and so is one that took
    more than it might if it may take more now.
    """
    try:
        manifest = tables.read_manifest(storage.place)
        catalogue = tables.read_catalogue(storage, manifest["catalogue"])
    except (FileNotFoundError, KeyError, DamageError):
        return None
    there = {file for folder in FOLDERS for file in storage.list_files(folder)}
    made = catalogue["files"]
    if manifest.get("signature") != signature or not there.issuperset(made.keys() - OPEN_FILES):
        return None
    unopened = set(manifest.get("unopened", ()))
    mended = any(_opens(file) for file in files if file.path in unopened)
    mended |= limits > (manifest.get("limited") or limits)
    if mended or not all(
        storage.is_whole(file, made[file]) for file in catalogue["tables"].values()
    ):
        return None
    publish(storage, catalogue)
    return manifest


def _hashes(storage: Storage) -> dict[str, str]:
    """Return the hashes of the files that there are of the build before."""
    try:
        return tables.read_catalogue(storage, tables.read_manifest(storage.place)["catalogue"])[
            "files"
        ]
    except (FileNotFoundError, KeyError, DamageError):
        return {}


def _opens(file: SourceFile) -> bool:
    try:
        with file.open() as stream:
            return bool(stream.read(1))
    except (OSError, zipfile.BadZipFile):
        return False


# ---------------------------------------------------------------------- one article at a time


class _Intake:
    """Reads the files the store does not know and hands out parts of articles to annotate."""

    def __init__(
        self,
        files: list[SourceFile],
        store: PartStore,
        mapping: dict[str, str],
        wall: Wall,
        progress: bool,
    ):
        self.files = files
        self.store = store
        self.mapping = mapping
        self.progress = progress
        self.wall = wall
        self.records: list[FileRecord] = []
        self.unfinished: list[FileRecord] = []
        self.ids: dict[str, str] = {}

    def parts(self) -> Iterator[tuple[pd.DataFrame, dict[str, str]]]:
        """Yield frames of articles not yet in the store, with each article's fingerprint."""
        waiting: list[dict[str, Any]] = []
        rows: dict[str, str] = {}
        read = characters = 0
        bar = tqdm(desc="Annotating", unit=" articles", disable=not self.progress)
        for number, file in enumerate(self.files, 1):
            bar.set_postfix_str(f"file {number:,} of {len(self.files):,}", refresh=False)
            record = self.store.files.get(file.path)
            if record and record.stands_for(file.signature, self.wall.times):
                self.ids = dict.fromkeys(record.ids, record.path) | self.ids
                self.records.append(record)
                read += len(record.rows)
                bar.update(len(record.rows))
                continue
            record = FileRecord(file.path, file.signature, limits=self.wall.times)
            for article in self._articles(file, record):
                row = fingerprint(article)[:32]
                record.rows.append(row)
                record.ids.append(article["article_id"])
                if row not in self.store.rows:
                    waiting.append(article)
                    rows[article["article_id"]] = row
                    characters += len(article["text"])
                bar.update()
                read += 1
                full = min(max(LEAST_PART, read // PARTS_TO_DOUBLE), MOST_PART)
                if len(waiting) >= full or characters >= PART_CHARACTERS:
                    yield pd.DataFrame(waiting), rows
                    waiting, rows, characters = [], {}, 0
            self.records.append(record)
            self.unfinished.append(record)
        if waiting:
            yield pd.DataFrame(waiting), rows

    def _articles(self, file: SourceFile, record: FileRecord) -> Iterator[dict[str, Any]]:
        """Yield the articles of one file; its problems and notes go to the file's record."""
        for item in separate_ids(self.wall.read(file, self.mapping), self.ids):
            if isinstance(item, Problem):
                record.problems.append(item.row())
            elif isinstance(item, LeftOut):
                record.left_out.append(item.row())
            elif isinstance(item, Note):
                record.notes.append(item.text)
                record.announced = record.announced or item.announced
                record.answers += [item.answer] if item.answer else []
            else:
                yield item

    def finish(self) -> None:
        """Tell the store which files now lie in it whole."""
        self.unfinished, waiting = [], self.unfinished
        for record in waiting:
            if self.store.rows.issuperset(record.rows):
                self.store.finish(record)
            else:
                self.unfinished.append(record)


def _tell(line: str) -> None:
    tqdm.write(printable(line), file=sys.stderr)


def _annotate_files(reader: _Intake, store: PartStore, team: Workers, own: Any) -> list[FileRecord]:
    """Put every article of every file into a part; return the files' records in order."""
    where = (store.storage.address, store.folder, paths.engine_version(), own)

    def jobs() -> Iterator[tuple]:
        for articles, rows in reader.parts():
            name = f"part-{fingerprint(list(rows.values()))[:12]}"
            store.claim(name)
            yield *where, name, to_bytes(articles), rows

    try:
        for index in team.run(annotation.annotate_part, jobs()):
            store.take(index)
            reader.finish()
        reader.finish()
    finally:
        reader.wall.stop()
        store.write_log()
    return reader.records


# ----------------------------------------------------------------------- joined to the corpus


def _join_parts(
    layout: Layout,
    store: PartStore,
    team: Workers,
    progress: bool,
    decisions: pd.DataFrame,
    known: tuple[lexicons.Own, lexicons.Codebook],
) -> tuple[Decided, dict[str, Join]]:
    """Find the entities of all parts, as a person's decisions leave them, and join every part."""
    where = (store.storage.address, store.folder, paths.engine_version(), *known)
    found = (store.names(part.name, layout.dropped[part.name]) for part in layout.parts)
    names = entities.find_entities_from(summed(found))
    decided = apply_decisions(names, decisions, decisions_file(store.storage.place).name)
    lookup = Lookup(names, decided)
    joins: dict[str, Join] = {}

    def jobs() -> Iterator[tuple]:
        for part in layout.parts:
            join, before = join_of(part, store, lookup, set(layout.dropped[part.name]))
            joins[part.name] = join
            if not join.files:
                store.claim(part.name, join.version)
                yield *where, part.name, join, before

    with tqdm(desc="Joining", total=len(layout.parts), unit="part", disable=not progress) as bar:
        for name, join in team.run(annotation.join_part, jobs(), light=True):
            joins[name] = join
            bar.update()
        bar.update(len(layout.parts) - bar.n)
    return decided, joins


# ------------------------------------------------------------------------ what lies beside parts


def _all_problems(
    path: Path,
    whole: Corpus,
    records: list[FileRecord],
    lacking: list[dict[str, str]],
    reports: pd.DataFrame,
) -> pd.DataFrame:
    columns = schema.TABLES["problems"].columns.names
    found = [rows.to_pandas() for rows in whole.rows("problems") if len(rows)]
    of_files = [*lacking, *(problem for record in records for problem in record.problems)]
    if not any(record.rows or record.problems for record in records):
        nothing = "it holds no file that could be an article: put text, HTML or table files in it"
        of_files.append(schema.row("problems", "", path.name, "read", nothing))
    found = [reports[columns], *found, pd.DataFrame(of_files, columns=columns)]
    every = pd.concat(found, ignore_index=True)
    return every.sort_values(["path", "step"], kind="stable", ignore_index=True)


def _outlets_of(whole: Corpus) -> pd.DataFrame:
    """Return article_id, outlet and url of every article, as they were read."""
    columns = ["article_id", "outlet", "url"]
    pieces = [rows.to_pandas() for rows in whole.rows("articles", columns)]
    return pd.concat([schema.empty("articles")[columns], *pieces], ignore_index=True)


def _delete_replaced(owned: Owned, catalogue: str) -> None:
    """Delete what builds wrote and neither these tables nor a reader of older ones needs."""
    kept = {MANIFEST, *tables.read_catalogue(owned.storage, catalogue)["files"], catalogue}
    for name in held(owned.storage):
        with suppress(FileNotFoundError, DamageError):
            kept |= {name, *tables.read_catalogue(owned.storage, name).get("files", ())}
    owned.keep_only(kept)


# ---------------------------------------------------------------------------- finding a corpus


def open_corpus(corpus: str | Path, codebook_file: str | Path = "") -> Path | str:
    """Return the folder of tables of a corpus, building what is missing or changed.

    Parameters
    ----------
    corpus
        The name of a folder under `data/`; else the path of a file or folder of articles, tried
        from the working folder and then from the project; or a folder of tables that
        `python -m helpers build` wrote.
    codebook_file
        A codebook (YAML) of your own; its tables are kept apart from those of the project's.

    A run begins here: it reads the tables as they now are to its end (`tables.forget`). Prints
    whether tables were built or reused, and the first files that could not be read. Raises
    FileNotFoundError when nothing of that name exists, CodebookError for a codebook that cannot be
    used, and BuildError for tables that were made with another lexicons. Tables are kept in the
    folder named by the environment variable ATTRIBUTED_TABLES, or in `data/tables/`.
    """
    if is_url(corpus):
        tables.forget(corpus)
        _check_codebook(corpus, codebook_file)
        print(f"Using the tables at {corpus}.")
        return str(corpus)
    path = locate(corpus)
    if (path / MANIFEST).is_file():
        tables.forget(path)
        _check_codebook(path, codebook_file)
        print(f"Using the tables in {path.name}.")
        return path
    out = tables_folder(path, codebook_file)
    before = _built(out)
    told = build(path, out, progress=sys.stderr.isatty(), codebook_file=codebook_file)["notes"]
    manifest = tables.read_manifest(out)
    for note in told[len(manifest["notes"]) :]:
        print(printable(note))
    counts = manifest["counts"]
    done = "Using the tables of" if manifest["built"] == before else "Built the tables of"
    told = ", ".join(
        f"{counts[name]:,} {name if counts[name] != 1 else name.removesuffix('s')}"
        for name in ("articles", "attributions", "problems")
    )
    print(f"{done} {path.name}: {told}.")
    _tell_unread(out)
    return out


def _tell_unread(folder: Path) -> None:
    """Print what could not be read; a few lines, the rest is in the table of problems."""
    problems = tables.read_table("problems", folder)
    unread = problems[problems["step"].isin(["read", OPEN])]
    for path, problem in unread[["path", "problem"]].head(UNREAD).itertuples(index=False):
        print(printable(f"{path}: {problem}."))
    if len(unread) > UNREAD:
        print(f"And {len(unread) - UNREAD:,} more: the notebook corpus_overview lists all.")


def _check_codebook(place: str | Path, codebook_file: str | Path) -> None:
    """Raise BuildError when tables were made with another codebook than the one given."""
    made = tables.read_manifest(place).get("codebook", {}).get("sha256", "")
    if codebook_file and made != lexicons.read_codebook(codebook_file).sha256:
        raise BuildError(
            f"the tables at {place} were not made with {codebook_file}: build them anew with "
            "`python -m helpers build --codebook`, or give the articles as corpus"
        )


def _built(out: Path) -> str:
    try:
        return tables.read_manifest(out)["built"]
    except (FileNotFoundError, ValueError, KeyError):
        return ""


def locate(corpus: str | Path) -> Path:
    """Return the path a corpus name or path stands for; FileNotFoundError when there is none."""
    if str(corpus) == "":
        raise FileNotFoundError("corpus is empty: give a name under data/ or a path to articles")
    given = Path(corpus).expanduser()
    for path in (DATA / given, given, PROJECT / given):
        if path.exists():
            return path.resolve()
    known = sorted(
        folder.name
        for folder in DATA.iterdir()
        if folder.is_dir() and folder.name not in ("lexicons", "models", "tables")
    )
    raise FileNotFoundError(
        f"no corpus {str(corpus)!r}: give a path to a file or folder of articles, "
        f"or a name under data/ ({', '.join(known)})"
    )


def tables_folder(path: Path, codebook_file: str | Path = "") -> Path:
    """Return where the tables of the articles at `path`, made with a codebook, are kept."""
    root = Path(os.environ.get("ATTRIBUTED_TABLES", TABLES))
    folder = f"{path.name}-{fingerprint(str(path.resolve()))[:8]}"
    if codebook_file:
        folder += f"-{lexicons.read_codebook(codebook_file).sha256[:8]}"
    return root / folder
