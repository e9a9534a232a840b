"""The build: the one place that knows the order from articles on disk to tables.

Annotating an article is the slow part and depends on that article alone, so it is done once and
kept in parts: a killed build goes on where it stopped, and a later one annotates only what is new
or changed. What depends on the whole corpus (duplicates, entities, speakers, sources) is computed
over all rows, and then the tables are written.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache, partial
from importlib.metadata import PackageNotFoundError, version
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pandas as pd
from filelock import FileLock, Timeout
from tqdm import tqdm

from helpers import (
    __version__,
    attributions,
    entities,
    ingest,
    mentions,
    quotations,
    replies,
    schema,
    sources,
    speakers,
    structure,
    tables,
    targets,
    tone,
)
from helpers.parts import FileRecord, PartStore

PROJECT = Path(__file__).resolve().parent.parent
DATA = PROJECT / "data"
ARTICLES_PER_PART = 40
LOCK_SECONDS = 3600
ENGINE_FILES = ("helpers/*.py", "data/lexicons/*.csv", "data/models/*/*")
NOT_ENGINE = {
    "__main__", "batch", "batchfile", "charts", "codings", "examples", "explore", "export",
    "measures", "network", "parameters", "reliability", "report", "stance", "tones", "train",
    "train_targets", "tuning",
}  # fmt: skip
ENGINE_PACKAGES = (
    "nltk",
    "onnxruntime",
    "tokenizers",
    "trafilatura",
    "vadersentiment",
)


class BuildError(RuntimeError):
    """A build cannot start or go on; the message says what to do."""


# ---------------------------------------------------------------------------------------- build


def build(
    path: str | Path,
    out: str | Path,
    mapping: dict[str, str] | None = None,
    workers: int = 1,
    progress: bool = True,
) -> dict[str, Any]:
    """Read the articles at `path`, annotate them, write every table to `out`; return the manifest.

    Parameters
    ----------
    path
        A file, folder or zip of articles.
    out
        The folder of the tables. It may hold an earlier or an interrupted build: only new and
        changed articles are then annotated.
    mapping
        The column that holds each role in table files (`{"text": "Body"}`); the rest is guessed.
    workers
        How many processes annotate.
    progress
        Whether to draw a progress bar on standard error.

    Raises
    ------
    FileNotFoundError
        When `path` does not exist.
    BuildError
        When `out` cannot be written, lies inside the articles, or is in use by another build.
    """
    path, out = Path(path), Path(out)
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist: give a file, folder or zip of articles")
    if workers < 1:
        raise BuildError(f"workers must be 1 or more, not {workers}")
    _check_out(path, out)
    try:
        with FileLock(out / ".lock", timeout=LOCK_SECONDS):
            return _build(path, out, mapping or {}, workers, progress)
    except Timeout:
        raise BuildError(f"another build has been writing {out} for an hour: stop it") from None


def _check_out(path: Path, out: Path) -> None:
    source, target = path.resolve(), out.resolve()
    if source.is_dir() and (target == source or source in target.parents):
        raise BuildError(f"the tables in {out} would lie inside the articles: choose another --out")
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except OSError as error:
        raise BuildError(f"cannot write to {out}: {error.strerror}") from error


def _build(
    path: Path, out: Path, mapping: dict[str, str], workers: int, progress: bool
) -> dict[str, Any]:
    files = list(ingest.iter_files(path))
    engine = engine_hashes()
    settings = _hash(engine, mapping)
    signature = _hash(settings, [_file_signature(file) for file in files])
    finished = _finished(out, signature)
    if finished is not None:
        return finished
    store = PartStore(out / "parts" / settings[:16])
    records = _annotate_files(files, store, mapping, workers, progress)
    frames = store.read({row for record in records for row in record.rows})
    frames["problems"] = _all_problems(path, frames["problems"], records)
    frames = _annotate_corpus(frames)
    (out / tables.MANIFEST).unlink(missing_ok=True)
    for name in schema.TABLES:
        tables.write_table(frames[name], name, out)
    manifest = {
        "attributed": __version__,
        "built": datetime.now(UTC).isoformat(timespec="seconds"),
        "corpus": path.name,
        "corpus_fingerprint": _fingerprint(frames["articles"]),
        "signature": signature,
        "engine": engine,
        "packages": _versions(ENGINE_PACKAGES),
        "python": sys.version.split()[0],
        "parameters": {"mapping": mapping},
        "notes": [note for record in records for note in record.notes],
        "counts": {"files": len(files)} | {name: len(frames[name]) for name in schema.TABLES},
    }
    tables.write_manifest(manifest, out)
    store.drop_others()
    return manifest


def _finished(out: Path, signature: str) -> dict[str, Any] | None:
    """Return the manifest in `out` when its tables are whole and made from the same input."""
    try:
        manifest = tables.read_manifest(out)
    except (FileNotFoundError, ValueError):
        return None
    whole = all((out / f"{name}.parquet").exists() for name in schema.TABLES)
    return manifest if whole and manifest.get("signature") == signature else None


# ---------------------------------------------------------------------- one article at a time


class _Reader:
    """Reads the files the store does not know and hands out batches of articles to annotate."""

    def __init__(self, files: list[ingest.SourceFile], store: PartStore, mapping: dict[str, str]):
        self.files = files
        self.store = store
        self.mapping = mapping
        self.records: list[FileRecord] = []
        self.unfinished: list[FileRecord] = []
        self.ids: dict[str, str] = {}

    def batches(self, progress: bool) -> Iterator[tuple[pd.DataFrame, dict[str, str]]]:
        """Yield frames of articles not yet in the store, with each article's fingerprint."""
        waiting: list[dict[str, Any]] = []
        rows: dict[str, str] = {}
        articles = 0
        bar = tqdm(self.files, desc="Reading", unit="file", disable=not progress)
        for file in bar:
            record = self.store.files.get(file.path)
            if record is not None and record.signature == _file_signature(file):
                self._claim(record)
                self.records.append(record)
                articles += len(record.rows)
                continue
            record = FileRecord(file.path, _file_signature(file))
            for article in self._articles(file, record):
                row = _hash(article)
                record.rows.append(row)
                record.ids.append(article["article_id"])
                if row not in self.store.rows:
                    waiting.append(article)
                    rows[article["article_id"]] = row
                if len(waiting) == ARTICLES_PER_PART:
                    yield pd.DataFrame(waiting), rows
                    waiting, rows = [], {}
            self.records.append(record)
            self.unfinished.append(record)
            articles += len(record.rows)
            bar.set_postfix(articles=articles, refresh=False)
        if waiting:
            yield pd.DataFrame(waiting), rows

    def _claim(self, record: FileRecord) -> None:
        for article_id in record.ids:
            self.ids.setdefault(article_id, record.path)

    def _articles(self, file: ingest.SourceFile, record: FileRecord) -> Iterator[dict[str, Any]]:
        """Yield the articles of one file; its problems and notes go to the file's record."""
        for item in ingest.separate_ids(ingest.iter_records(file, self.mapping), self.ids):
            if isinstance(item, ingest.Problem):
                record.problems.append(item.row())
            elif isinstance(item, ingest.Note):
                record.notes.append(item.text)
            else:
                yield item

    def finish(self) -> None:
        """Tell the store which files now lie in it whole."""
        still = []
        for record in self.unfinished:
            if self.store.rows.issuperset(record.rows):
                self.store.finish(record)
            else:
                still.append(record)
        self.unfinished = still


def _annotate_files(
    files: list[ingest.SourceFile],
    store: PartStore,
    mapping: dict[str, str],
    workers: int,
    progress: bool,
) -> list[FileRecord]:
    """Put every article of every file into a part; return the files' records in order."""
    reader = _Reader(files, store, mapping)
    for frames, rows in _annotated(reader.batches(progress), workers):
        store.add(frames, rows)
        reader.finish()
    reader.finish()
    return reader.records


def _annotated(
    batches: Iterable[tuple[pd.DataFrame, dict[str, str]]], workers: int
) -> Iterator[tuple[dict[str, pd.DataFrame], dict[str, str]]]:
    if workers == 1:
        for articles, rows in batches:
            yield annotate(articles), rows
        return
    with ProcessPoolExecutor(workers) as pool:
        running: deque = deque()
        for articles, rows in batches:
            running.append((pool.submit(annotate, articles), rows))
            if len(running) > 2 * workers:
                done, of = running.popleft()
                yield done.result(), of
        for done, of in running:
            yield done.result(), of


def annotate(articles: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Annotate some articles, each on its own; return their tables as far as one article tells.

    A step that fails for an article is a row in `problems`; the article itself is kept.
    """
    problems: list[dict[str, str]] = []
    run = partial(_step_by_article, problems=problems)
    blocks = run("structure", structure.find_blocks, articles, "blocks")
    articles = structure.add_wire(structure.add_header(articles, blocks), blocks)
    sentences = run(
        "sentences", lambda some: structure.find_sentences(some, blocks), articles, "sentences"
    )
    readable = articles[articles["language"].isin(["", "en"])]
    found = run("mentions", mentions.find_mentions, readable, "mentions")
    said = run("attributions", attributions.find_attributions, readable, "attributions")
    aimed = run(
        "targets", lambda some: targets.find_targets(said, found, some), readable, "targets"
    )
    problems.extend(_unclosed_quotations(readable))
    return {
        "articles": articles,
        "blocks": blocks,
        "sentences": sentences,
        "mentions": structure.add_role(found, blocks),
        "attributions": tone.add_tone(structure.add_role(said, blocks)),
        "targets": aimed,
        "problems": pd.DataFrame(problems, columns=schema.TABLES["problems"].columns.names),
    }


def _step_by_article(
    step: str,
    function: Callable[[pd.DataFrame], pd.DataFrame],
    articles: pd.DataFrame,
    name: str,
    problems: list[dict[str, str]],
) -> pd.DataFrame:
    """Run one step over all articles, or one by one when it fails, noting those that fail."""
    if articles.empty:
        return schema.empty(name)
    try:
        return function(articles)
    except Exception as error:
        if len(articles) == 1:
            article = articles.iloc[0]
            problems.append(
                _problem(
                    article["article_id"],
                    article["path"],
                    step,
                    f"{type(error).__name__}: {error}; the article is kept without this step",
                )
            )
            return schema.empty(name)
    pieces = [
        _step_by_article(step, function, articles.iloc[[place]], name, problems)
        for place in range(len(articles))
    ]
    return pd.concat(pieces, ignore_index=True)


def _unclosed_quotations(articles: pd.DataFrame) -> Iterator[dict[str, str]]:
    for article in articles.itertuples():
        found = quotations.find_quotations(article.text)
        unclosed = [
            quotation
            for quotation, following in zip_longest(found, found[1:])
            if not quotation.closed and not (following and following.continued)
        ]
        if unclosed:
            opening = article.text[unclosed[0].start : unclosed[0].start + 40]
            problem = (
                f"{len(unclosed)} quotation marks are opened and never closed, the first at "
                f"{unclosed[0].start} ({opening!r}); each is read to the end of its paragraph"
            )
            yield _problem(article.article_id, article.path, "quotations", problem)


def _problem(article_id: str, path: str, step: str, problem: str) -> dict[str, str]:
    return {"article_id": article_id, "path": path, "step": step, "problem": problem}


# ----------------------------------------------------------------------- the corpus as a whole


def _annotate_corpus(frames: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Add what depends on more than one article; return every table of the schema."""
    articles = ingest.mark_duplicates(_in_order(frames["articles"], ["path"]))
    found = _in_order(frames["mentions"], ["article_id", "start"])
    said = _in_order(frames["attributions"], ["article_id", "start"])
    names = entities.find_entities(found, articles)
    found = entities.add_entity(found, articles, names)
    said = speakers.add_speaker(said, articles, found, names)
    said = sources.add_source_type(said, articles, names)
    return {
        "articles": articles,
        "blocks": _in_order(frames["blocks"], ["article_id", "start"]),
        "sentences": _in_order(frames["sentences"], ["article_id", "start"]),
        "mentions": found,
        "entities": names,
        "attributions": said,
        "targets": targets.add_entity(_in_order(frames["targets"], ["article_id", "start"]), found),
        "replies": replies.find_replies(articles, found),
        "problems": _in_order(frames["problems"], ["path", "step"]),
    }


def _in_order(frame: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    return frame.sort_values(columns, kind="stable", ignore_index=True)


def _all_problems(path: Path, found: pd.DataFrame, records: list[FileRecord]) -> pd.DataFrame:
    of_files = [problem for record in records for problem in record.problems]
    if not records:
        nothing = "it holds no file that could be an article: put text, HTML or table files in it"
        of_files.append(_problem("", path.name, "read", nothing))
    columns = schema.TABLES["problems"].columns.names
    return pd.concat([found, pd.DataFrame(of_files, columns=columns)], ignore_index=True)


# ------------------------------------------------------------------------------- fingerprints


def engine_hashes() -> dict[str, str]:
    """Return a SHA-256 per file that decides what the tables hold: code, lexicons, models."""
    files = (file for pattern in ENGINE_FILES for file in sorted(PROJECT.glob(pattern)))
    return {
        file.relative_to(PROJECT).as_posix(): _file_hash(file, file.stat().st_mtime_ns)
        for file in files
        if file.is_file() and file.stem not in NOT_ENGINE
    }


def _versions(packages: Iterable[str]) -> dict[str, str]:
    """Return the version of each of these packages that is installed."""
    versions = {}
    for name in packages:
        with suppress(PackageNotFoundError):
            versions[name] = version(name)
    return versions


@cache
def _file_hash(file: Path, changed: int) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _file_signature(file: ingest.SourceFile) -> str:
    return f"{file.path}|{file.size}|{file.changed}"


def _hash(*values: Any) -> str:
    written = json.dumps(values, sort_keys=True, default=str, ensure_ascii=False)
    return hashlib.sha256(written.encode("utf-8", "surrogatepass")).hexdigest()


def _fingerprint(articles: pd.DataFrame) -> str:
    return _hash(sorted(zip(articles["path"], articles["sha256"], strict=True)))


# ---------------------------------------------------------------------------- finding a corpus


def open_corpus(corpus: str | Path) -> Path:
    """Return the folder of tables of a corpus, building what is missing or changed.

    Parameters
    ----------
    corpus
        The name of a folder under `data/`; else the path of a file or folder of articles, tried
        from the working folder and then from the project; or a folder of tables that
        `python -m helpers build` wrote.

    Prints one line that says whether tables were built or reused. Raises FileNotFoundError when
    nothing of that name exists. Tables are kept in the folder named by the environment variable
    ATTRIBUTED_TABLES, or in `data/tables/`.
    """
    path = locate(corpus)
    if (path / tables.MANIFEST).is_file():
        print(f"Using the tables in {path.name}.")
        return path
    out = tables_folder(path)
    before = _built(out)
    manifest = build(path, out, progress=sys.stderr.isatty())
    counts = manifest["counts"]
    done = "Using the tables of" if manifest["built"] == before else "Built the tables of"
    print(
        f"{done} {path.name}: {counts['articles']:,} articles, "
        f"{counts['attributions']:,} attributions, {counts['problems']:,} problems."
    )
    return out


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


def tables_folder(path: Path) -> Path:
    """Return where the tables of the articles at `path` are kept."""
    root = Path(os.environ.get("ATTRIBUTED_TABLES", DATA / "tables"))
    return root / f"{path.name}-{_hash(str(path.resolve()))[:8]}"
