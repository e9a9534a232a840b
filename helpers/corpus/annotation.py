"""What is done to one part of a corpus, and who does it: this process, a pool, or a cluster.

Annotating is the slow step and depends on one article alone. Joining fills in what the whole
corpus decides (which entity a name is), and what follows from it. Both are jobs that any process
can do that reaches the store: they read from it and write to it.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    wait,
)
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import chain, islice
from multiprocessing.connection import wait as wait_for
from typing import Any, Protocol

import pandas as pd
import pyarrow as pa

from helpers.annotate import (
    attributions,
    entities,
    mentions,
    profiles,
    replies,
    sources,
    speakers,
    targets,
    tone,
)
from helpers.annotate.home import home_country
from helpers.corpus.decisions import Decided, rename_speaker
from helpers.corpus.parts import (
    ENTITY,
    EVIDENCE,
    NAMES,
    PART_TABLES,
    Index,
    Join,
    PartStore,
    name_key,
)
from helpers.model.encoder import ModelError
from helpers.read import duplicates
from helpers.store import schema
from helpers.store.lexicons import Codebook, Own, read_codebook, with_outlets
from helpers.store.paths import check_engine, engine_version
from helpers.store.storage import SAID_AFTER, Storage, from_bytes, say_waiting
from helpers.text import quotations
from helpers.text.article import Article, put_together, read_articles
from helpers.text.blocks import read_header

JOINED_STEPS = ("speakers", "sources")
ANNOTATED = PART_TABLES[1:]  # all but the articles themselves
IN_FLIGHT = 2  # jobs handed to each worker: one at work, one waiting
CONNECT_SECONDS = 10
WORKER_SECONDS = 20
TRIES = 3  # of a job whose worker dies
GLANCE, DEAD_AFTER = 0.02, 30  # seconds between two looks, and without a scheduler or workers
GONE = (
    "the Dask scheduler or all of its workers are gone: start them again and run the same command "
    "again; what is finished is kept"
)
PRELOADED = ["helpers.corpus.annotation"]
_one_at_a_time = threading.Lock()  # a cluster's worker may have threads; the models are not for two


# ---------------------------------------------------------------------------- jobs for workers


def annotate_part(
    place: str, folder: str, engine: str, own: Own, name: str, raw: bytes, rows: dict[str, str]
) -> Index:
    """Annotate the articles of one part and keep it in the store; return its index.

    `own` are outlets that the corpus tells of (`lexicons.with_outlets`), `raw` the articles as
    Parquet, `rows` the fingerprint of each id. Raises EngineError for another engine than `engine`.
    """
    check_engine(engine)
    begun = time.process_time()
    with _one_at_a_time, with_outlets(own):
        frames = annotate(from_bytes(raw))
        sketches = duplicates.sketch(frames["articles"])
        names = _summarise(frames["mentions"], frames["articles"])
    seconds = time.process_time() - begun
    return PartStore(Storage(place), folder).add(name, frames, rows, names, sketches, seconds)


def _summarise(found: pd.DataFrame, articles: pd.DataFrame) -> pa.Table:
    """Sum up names, with the keys by which their entities are looked up and each article's share.

    `places` are those of the articles in the part, `numbers` the mentions in each of them.
    """
    counted = entities.count_names(found, articles)
    order = {article_id: place for place, article_id in enumerate(articles["article_id"])}
    columns: dict[str, list] = {
        name: [key[number] for key in counted] for number, name in enumerate(entities.SUMMARY[:5])
    }
    columns["places"] = [[order[one] for one in own] for own in counted.values()]
    columns["numbers"] = [list(own.values()) for own in counted.values()]
    for column in ("name", "written"):
        pairs = zip(columns["label"], columns[column], strict=True)
        columns[f"{column}_key"] = [name_key(label, name) for label, name in pairs]
    return pa.table(columns, schema=NAMES)


def join_part(
    place: str, folder: str, engine: str, own: Own, book: Codebook, name: str, join: Join, old: str
) -> tuple[str, Join]:
    """Fill in what the corpus tells about the names of a part and keep it; return name and join.

    The part is read as annotated, or as joined to the version `old`; `book` decides the sources.
    """
    check_engine(engine)
    store = PartStore(Storage(place), folder)
    with _one_at_a_time, with_outlets(own):
        frames = store.read(name, old)
        joined = join_corpus(frames, join.frame(), join.decisions(), book)
    store.keep_joined(name, join, frames | joined)
    return name, join


# ---------------------------------------------------------------------- one article at a time


def annotate(articles: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Annotate some articles, each on its own; return their tables as far as one article tells.

    A step that fails for an article is a row in `problems`; the article itself is kept.
    """
    rows: dict[str, list[dict]] = {name: [] for name in (*ANNOTATED, EVIDENCE)}
    headers = []
    for article, row in zip(read_articles(articles), articles.to_dict("records"), strict=True):
        found = _Annotated(article, row["path"])
        for name, own in rows.items():
            own += found.rows[name]
        headers.append(read_header(article.text, article.blocks, row["byline"] or ""))
    frames = {name: schema.frame(name, rows[name]) for name in ANNOTATED}
    frames[EVIDENCE] = pd.DataFrame(rows[EVIDENCE], columns=list(profiles.COLUMNS))
    frames["articles"] = _with_headers(articles, headers)
    frames["attributions"] = tone.add_tone(frames["attributions"])
    return frames


def _with_headers(articles: pd.DataFrame, headers: list[dict[str, str]]) -> pd.DataFrame:
    """Return the articles with what their blocks name, where the file itself does not say it."""
    read = pd.DataFrame(headers, index=articles.index)
    given = articles[list(read)].fillna("")
    return articles.assign(**articles[list(read)].where(given != "", read))


class _Annotated:
    """One article, annotated step by step: its rows of each table."""

    def __init__(self, article: Article, path: str) -> None:
        self.article, self.path = article, path
        self.rows: dict[str, list[dict]] = {name: [] for name in (*ANNOTATED, EVIDENCE)}
        self._do("structure", "blocks", lambda: self._span_rows(article.blocks))
        if "blocks" not in article.__dict__:
            article.blocks = []
        self._do("sentences", "sentences", lambda: self._span_rows(article.sentences))
        if article.language in ("", "en"):
            self._do("mentions", "mentions", lambda: mentions.find_rows(article))
            self._do("attributions", "attributions", lambda: attributions.find_rows(article))
            said, named = self.rows["attributions"], self.rows["mentions"]
            self._do("profiles", EVIDENCE, lambda: profiles.find_rows(article, said, named))
            self._do("targets", "targets", lambda: targets.find_rows(article, said, named))
            self.rows["problems"] += _unclosed_quotations(article, path)

    def _span_rows(self, spans: Iterable[tuple[int, int, str]]) -> list[dict]:
        return [schema.row("blocks", self.article.article_id, *span) for span in spans]

    def _do(self, step: str, table: str, find: Callable[[], list[dict]]) -> None:
        """Keep the rows that a step finds, in order; or note that it fails."""
        try:
            self.rows[table] = find()
            if table in ("mentions", "attributions"):
                for row in self.rows[table]:
                    row["role"] = self.article.role_at(row["start"])
        except ModelError:  # no article could be read
            raise
        except Exception as error:
            self.rows["problems"].append(_failed(self.article.article_id, self.path, step, error))


def _failed(article_id: str, path: str, step: str, error: Exception) -> dict[str, str]:
    problem = f"{type(error).__name__}: {error}; the article is kept without this step"
    return schema.row("problems", article_id, path, step, problem)


def _unclosed_quotations(article: Article, path: str) -> Iterator[dict[str, str]]:
    if unclosed := quotations.find_unclosed(article.quotations.all):
        opening = article.text[unclosed[0].start : unclosed[0].start + 40]
        problem = (
            f"{len(unclosed)} quotation marks are opened and never closed, the first at "
            f"{unclosed[0].start} ({opening!r}); each is read to the end of its paragraph"
        )
        yield schema.row("problems", article.article_id, path, "quotations", problem)


# -------------------------------------------------------------------- joined to the corpus


def join_corpus(
    frames: dict[str, pd.DataFrame],
    names: pd.DataFrame,
    decided: Decided,
    book: Codebook | None = None,
) -> dict[str, pd.DataFrame]:
    """Add what depends on more than one article to the tables of a part.

    `names` are the entities that the part's mentions may be, `decided` a person's decisions
    about the names, with the entities as they are after them; `book` is the codebook, the
    project's when none is given. Who speaks and what kind of source that is are decided article
    by article, by the entities named there: the rows of an article are the same in whichever part
    it lies, and whatever else is read.
    """
    articles = frames["articles"]
    cut = put_together(articles, *(frames.get(name) for name in ("blocks", "sentences")))
    undecided = entities.add_entity(frames["mentions"], articles, names)
    found, (kept, merged) = decided.add_decided(undecided), decided.apart(names)
    apart = (kept.add_decided(undecided), kept.entities, merged) if merged else None
    names = decided.entities
    problems: list[dict[str, str]] = []
    book = book or read_codebook()
    told = (book, problems, articles["path"].tolist(), frames.get(EVIDENCE), apart)
    said = add_sources(frames["attributions"], cut, found, names, *told)
    before = frames["problems"].loc[lambda told: ~told["step"].isin(JOINED_STEPS)]
    return {
        "mentions": found,
        "attributions": said,
        "targets": targets.add_entity(frames["targets"], found),
        "replies": replies.find_replies(articles, found),
        "problems": pd.concat(
            [before, pd.DataFrame(problems, columns=before.columns)], ignore_index=True
        ),
    }


def add_sources(
    said: pd.DataFrame,
    articles: pd.DataFrame | Sequence[Article],
    found: pd.DataFrame,
    names: pd.DataFrame,
    book: Codebook | None = None,
    problems: list[dict[str, str]] | None = None,
    paths: Sequence[str] = (),
    evidence: pd.DataFrame | None = None,
    apart: tuple[pd.DataFrame, pd.DataFrame, dict[str, str]] | None = None,
) -> pd.DataFrame:
    """Return attributions with who speaks and what kind of source that is, article by article.

    `found` are the mentions with their `entity_id`, `names` the entities. Articles where a step
    fails are noted in `problems`, with their `paths`; where that is None, the error is raised.
    `evidence` is what the model of sources saw, see `annotate.profiles`. `apart` are mentions and
    entities without a person's merges, and these: who speaks is read before names are merged.
    """
    if said.empty:
        return said
    names_of = dict.fromkeys((*speakers.Resolved._fields, *sources.COLUMNS))
    columns = {column: said[column].tolist() for column in names_of}
    spans = [said[column].tolist() for column in speakers.ROW_COLUMNS]
    rows = said[list(sources.ROW_COLUMNS)].to_dict("records")
    places_of: dict[str, list[int]] = {}
    for place, article_id in enumerate(said["article_id"].tolist()):
        places_of.setdefault(article_id, []).append(place)
    seen: dict[str, list[tuple]] = {}
    for article_id, *row in () if evidence is None else evidence.itertuples(index=False):
        seen.setdefault(article_id, []).append(tuple(row))
    known, book = _Known(found, names), book or read_codebook()
    unmerged, merged = (_Known(*apart[:2]), apart[2]) if apart else (known, {})
    own_book = book != read_codebook()
    cut = read_articles(articles)
    for article, path in zip(cut, paths or [""] * len(cut), strict=True):
        article_id = article.article_id
        places = places_of.get(article_id)
        if not places:
            continue
        mentioned, present = known.mentions.get(article_id, []), known.entities(article_id)
        canonical = {entity_id: entity.name for entity_id, entity in present.items()}
        own = [[column[place] for place in places] for column in spans]
        step = "speakers"
        try:
            before = unmerged.entities(article_id) if merged else present
            separate = {entity_id: entity.name for entity_id, entity in before.items()}
            heard = unmerged.mentions.get(article_id, mentioned)
            speaking = speakers.find_speakers(article, own, heard, separate)
            speaking = [rename_speaker(one, separate, canonical, merged) for one in speaking]
            _fill(columns, places, speaking, speakers.Resolved._fields)
            step = "sources"
            for place, speaker in zip(places, speaking, strict=True):
                rows[place] |= speaker._asdict()
            own_rows = [rows[place] for place in places]
            named = [
                (start, text, label, present[entity].country if entity in present else "")
                for start, _, text, label, entity in mentioned
            ]
            home = home_country(article, named)
            places_read = seen.get(article_id, [])
            read = profiles.Profiles(places_read, mentioned, own_book) if seen else None
            sourced = sources.find_sources(article, own_rows, present, book, home, read)
            _fill(columns, places, sourced, sources.COLUMNS)
        except Exception as error:
            if problems is None:
                raise
            problems.append(_failed(article_id, path, step, error))
    dtypes = {"named": bool}
    return said.assign(
        **{
            column: pd.Series(values, index=said.index, dtype=dtypes.get(column, object))
            for column, values in columns.items()
        }
    )


def _fill(
    columns: dict[str, list], places: list[int], items: Sequence[Any], names: Sequence[str]
) -> None:
    """Put attributes of items into the columns of the same names, at their places."""
    for place, item in zip(places, items, strict=True):
        for column in names:
            columns[column][place] = getattr(item, column)


class _Known:
    """The mentions of a part by article, and the entities that they name."""

    def __init__(self, found: pd.DataFrame, names: pd.DataFrame):
        self.mentions: dict[str, list[tuple]] = {}
        for row in found.itertuples(index=False):
            mention = (row.start, row.end, row.text, row.label, row.entity_id)
            self.mentions.setdefault(row.article_id, []).append(mention)
        rows = zip(*(names[column].tolist() for column in ENTITY[:4]), strict=True)
        self._names = {entity_id: (place, *row) for place, (entity_id, *row) in enumerate(rows)}

    def entities(self, article_id: str) -> dict[str, sources.Entity]:
        """Return the entities an article names, by id; their aliases are the spellings it has."""
        spelled: dict[str, set[str]] = {}
        for *_, text, _, entity_id in self.mentions.get(article_id, ()):
            if entity_id:
                spelled.setdefault(entity_id, set()).add(text)
        present = {}
        for entity_id in sorted(spelled, key=self._names.__getitem__):
            _, name, label, country = self._names[entity_id]
            aliases_here = tuple(sorted(spelled[entity_id] - {name}))
            present[entity_id] = sources.Entity(name, label, country, aliases_here)
        return present


# ------------------------------------------------------------------------------ who does it


class WorkersError(RuntimeError):
    """A process that annotates has died; the message says what to do."""


class ClusterError(RuntimeError):
    """A cluster cannot be used; the message says what to do."""


class Workers(Protocol):
    """Runs a function over jobs; results come as they are ready, in no particular order."""

    def run(
        self, function: Callable[..., Any], jobs: Iterable[tuple], light: bool = False
    ) -> Iterator[Any]:
        """Yield `function(*job)` for every job; jobs are taken only when a worker is free.

        `light` jobs are not worth starting a process for.
        """
        ...


class Pool:
    """Some processes of this machine, started when there is more than one heavy job to do.

    A pool of one is this process, which takes a job when it is done with the one before.
    """

    def __init__(self, count: int):
        self.count = count
        self.executor: ProcessPoolExecutor | None = None

    def run(
        self, function: Callable[..., Any], jobs: Iterable[tuple], light: bool = False
    ) -> Iterator[Any]:
        """Yield `function(*job)` for every job as it is done."""
        jobs = iter(jobs)
        if self.executor is None:
            first = list(islice(jobs, 2)) if self.count > 1 else []
            jobs = chain(first, jobs)
            if light or len(first) < 2:
                yield from (function(*job) for job in jobs)
                return
            self.executor = _start(self.count)
        running: set[Future] = set()
        try:
            for job in jobs:
                running.add(self.executor.submit(function, *job))
                if len(running) >= IN_FLIGHT * self.count:
                    done, running = wait(running, return_when=FIRST_COMPLETED)
                    yield from (one.result() for one in done)
            while running:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                yield from (one.result() for one in done)
        except BrokenProcessPool as error:
            raise WorkersError(
                "a process that annotates was killed, most often because memory ran out: what is "
                "finished is kept; run the same command again with fewer --workers"
            ) from error

    def stop(self) -> None:
        """End the processes; jobs not begun are dropped."""
        if self.executor is not None:
            self.executor.shutdown(cancel_futures=True)


def _start(count: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(count, mp_context=context(), initializer=begin)


def context() -> Any:
    """Return how processes are started that have what annotating needs imported already."""
    methods = multiprocessing.get_all_start_methods()
    found = multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")
    if "forkserver" in methods:
        found.set_forkserver_preload(PRELOADED)
    return found


def begin() -> None:
    """Leave Ctrl-C to the parent, and end when the parent has died without a word."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    wait_for([sentinel])
    os._exit(1)


def processors() -> int:
    """Return how many processors this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def start_workers(count: int, scheduler: str = "", place: str = "") -> Iterator[Workers]:
    """Give workers for the length of a build: those of a Dask scheduler, else `count` processes.

    `place` is where the tables go, which the workers of a scheduler must see. Raises
    ClusterError when there is no such scheduler, or its workers cannot be used.
    """
    if scheduler:
        with connect(scheduler, place) as workers:
            yield workers
        return
    pool = Pool(count)
    try:
        yield pool
    finally:
        pool.stop()


# -------------------------------------------------------------------------- on many machines


class DaskWorkers:
    """The workers of a Dask scheduler; a job whose worker dies is done by another."""

    def __init__(self, client: Any):
        self.client = client

    def run(
        self, function: Callable[..., Any], jobs: Iterable[tuple], light: bool = False
    ) -> Iterator[Any]:
        """Yield `function(*job)` for every job as it is done; few are handed out ahead."""
        from distributed import as_completed

        running = as_completed(loop=self.client.loop)
        for job in jobs:
            running.add(self.client.submit(function, *job, pure=False, retries=TRIES - 1))
            if running.count() >= IN_FLIGHT * max(1, self._threads()):
                yield self._next(running)
        while running.count():
            yield self._next(running)

    def _threads(self) -> int:
        """Return how many jobs the cluster can do at once; workers may come and go."""
        try:
            call = self.client.scheduler.ncores
            return sum(self.client.sync(call, callback_timeout=SAID_AFTER / 2).values())
        except (OSError, TimeoutError):  # it does not answer
            return 0

    def _next(self, running: Any) -> Any:
        """Return what the next job gives that is done, as long as somebody is there to do it."""
        looked = answered = time.monotonic()
        while not running.has_ready():
            time.sleep(GLANCE)
            if (now := time.monotonic()) < looked + SAID_AFTER / 4:
                continue
            looked, there = now, self._threads()
            answered = looked if there else answered
            if looked > answered + DEAD_AFTER:
                raise ClusterError(GONE)
            if not there:
                print("waiting for the scheduler and its workers", file=sys.stderr, flush=True)
        return self._result(next(running))

    @staticmethod
    def _result(future: Any) -> Any:
        from distributed.client import FutureCancelledError
        from distributed.scheduler import KilledWorker

        try:
            return future.result()
        except FutureCancelledError as error:
            raise ClusterError(GONE) from error
        except KilledWorker as error:
            raise ClusterError(
                f"a part killed {TRIES} workers, most often because their memory ran out: start "
                "workers with more memory and run the same command again; what is finished is kept"
            ) from error
        finally:
            future.release()


@contextmanager
def connect(scheduler: str, place: str) -> Iterator[DaskWorkers]:
    """Give the workers of a scheduler for the length of a build whose tables go to `place`.

    Raises ClusterError when the extra `cluster` is not installed, nothing answers at the address,
    there are no workers, or one of them lacks this package, has another version of it, or cannot
    read what is written at `place`.
    """
    try:
        from distributed import Client
    except ModuleNotFoundError as error:
        raise ClusterError(
            f"--scheduler needs {error.name}: run `pip install -e '.[cluster]'` in this environment"
        ) from error
    try:
        with ThreadPoolExecutor(1) as asking:  # a notebook has a loop of its own
            asking.submit(asyncio.run, _ask(scheduler)).result()
        client = Client(scheduler, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ClusterError(
            f"no Dask scheduler answers at {scheduler}: start one with `dask scheduler` and give "
            "the address it prints"
        ) from error
    with client:
        try:
            with say_waiting(f"workers of the scheduler at {scheduler}"):
                client.wait_for_workers(1, timeout=WORKER_SECONDS)
        except TimeoutError as error:
            raise ClusterError(
                f"the scheduler at {scheduler} has no workers: start some with "
                f"`dask worker {scheduler} --nthreads 1`"
            ) from error
        check_workers(client, place)
        yield DaskWorkers(client)


async def _ask(scheduler: str) -> None:
    """Raise OSError when what listens at an address does not speak as a scheduler in time.

    A client alone would wait for it for ever.
    """
    from distributed.comm import connect
    from distributed.security import Security

    how = Security().get_connection_args("client")
    answer = connect(scheduler, timeout=CONNECT_SECONDS, **how)
    await (await asyncio.wait_for(answer, CONNECT_SECONDS)).close()


def check_workers(client: Any, place: str) -> None:
    """Raise ClusterError for a worker that could not do its part of a build at `place`."""
    probe = f".probe-{os.urandom(6).hex()}"
    storage = Storage(place)
    storage.write(probe, b"Attributed")
    try:
        answers = client.run(_inspect, place, probe, on_error="return")
    finally:
        storage.delete([probe])
    expected = engine_version()
    for worker, answer in answers.items():
        if isinstance(answer, Exception):
            raise ClusterError(
                f"the worker {worker} cannot use this package ({type(answer).__name__}: {answer}): "
                "install the same version there as here and start it again"
            )
        version, sees = answer
        if version != expected:
            raise ClusterError(
                f"the worker {worker} has version {version} of this package and this is "
                f"{expected}: install the same version there and start it again"
            )
        if not sees:
            raise ClusterError(
                f"the worker {worker} does not see {place}: give a folder that all machines share "
                "or the URL of a store, such as --out s3://bucket/tables"
            )


def _inspect(place: str, probe: str) -> tuple[str, bool]:
    """Return the version a worker has, and whether it sees a file written just now."""
    return engine_version(), Storage(place).exists(probe)
