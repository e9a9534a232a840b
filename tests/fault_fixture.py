"""What ends or starves builds and batches while they work, and what is looked at afterwards."""

from __future__ import annotations

import errno
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import nbformat
import pandas as pd
import psutil
import yaml
from attack_fixture import SEED, Attack

from helpers.batch import jobs
from helpers.corpus import build as corpus
from helpers.store import schema, storage, tables
from helpers.store.paths import PROJECT

MARK = "ATTRIBUTED_FAULT"  # in the environment of what is started, by which it is found again
PATIENCE = 120.0  # seconds for processes to end
RUNS = 4  # of the batch
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
ADVICE = re.compile(
    r"again|anew|choose|free some|check |create |move it|stop it|wait for|install|start "
)
STORY = """Rain {place}

It rained {days} days, Mayor Ada Marr of {place} said. “We are wet,” she said. Nobody left.
"""
CELLS = (
    "import time\nimport pandas as pd\nfrom helpers.store import tables\ntime.sleep(0.1)",
    "tables.export(pd.DataFrame({'n': range(1000)}), 'table', out)",
)
Rows = dict[str, pd.DataFrame]


def write_stories(folder: Path, count: int = 6, first: str = "Aland") -> Path:
    """Write articles of which two are copies; the first tells of the place `first`."""
    folder.mkdir(parents=True)
    for days in range(count):
        place = first if not days else f"{'BBCDEF'[days % 6]}land"
        (folder / f"{days}.txt").write_text(STORY.format(place=place, days=max(days, 2)))
    return folder


def rows_of(out: Path | str) -> Rows:
    tables.forget(out)
    return {name: tables.read_table(name, out) for name in schema.TABLES}


def differing(out: Path | str, *right: Rows) -> str:
    """Say which tables are not as one of the undisturbed builds has them; "" when all are."""
    found = rows_of(out)
    wrong = [
        [name for name in schema.TABLES if not found[name].equals(rows[name])] for rows in right
    ]
    return "" if [] in wrong else f"other rows in {', '.join(wrong[0])}"


def left_in(*folders: Path) -> str:
    """Say what unfinished work lies in folders; "" when nothing does."""
    signs = (".running-", ".written-", ".probe-", ".part-", "attributed-")
    found = [
        file.name
        for folder in folders
        for file in folder.rglob("*")
        if file.name.endswith(".part") or file.name.startswith(signs)
    ]
    return f"left: {', '.join(found[:5])}" if found else ""


def tells(error: BaseException | str) -> str:
    """Say that a message lacks what to do; "" when it has it."""
    return "" if ADVICE.search(str(error)) else f"says not what to do: {error!r}"


def damage(content: bytes, dice: Random) -> bytes:
    """Return a file with a bit flipped, cut short, or with a block of nothing."""
    place, how = dice.randrange(len(content)), dice.randrange(4)
    if how == 0:
        return content[:place]
    if how == 1 and any(content[place : place + 512]):
        return content[:place] + bytes(len(content[place : place + 512])) + content[place + 512 :]
    return content[:place] + bytes([content[place] ^ 1 << dice.randrange(8)]) + content[place + 1 :]


# ------------------------------------------------------------------------- writes that fail


class Failing:
    """Lets one write of a build fail half way: by an error of the disk, or its folder gone."""

    def __init__(self, at: int, how: int | str, out: Path):
        self.at, self.how, self.out, self.count = at, how, out, 0
        self.real = storage.whole_file

    @contextmanager
    def whole_file(self, path: Path, *given: bool) -> Iterator[Path]:
        self.count += 1
        with self.real(path, *given) as temporary:
            if self.count == self.at:
                temporary.write_bytes(b"half")
                if self.how == "vanishes":
                    shutil.rmtree(self.out, ignore_errors=True)
                elif isinstance(self.how, int):
                    raise OSError(self.how, os.strerror(self.how), str(temporary))
                else:
                    raise KeyboardInterrupt
            yield temporary


FAILURES = (errno.ENOSPC, errno.EROFS, errno.EIO, "vanishes", "stopped", errno.EACCES)


# ------------------------------------------------------------------- commands that are killed


class Started:
    """A command in a session of its own; it and what it starts bear a mark."""

    def __init__(self, *words: object, scratch: Path, largest: int = 0):
        """`largest` is how many bytes it may write into one file."""
        scratch.mkdir(parents=True, exist_ok=True)
        self.short = Path(tempfile.mkdtemp()) / "s"  # sockets take no long path
        self.short.symlink_to(scratch)
        self.said = scratch.parent / f"{scratch.name}.said"
        self.mark = f"{scratch}-{time.monotonic_ns()}"
        environment = os.environ | {
            "PYTHONPATH": str(PROJECT), "OMP_NUM_THREADS": "1", "TMPDIR": str(self.short),
            MARK: self.mark,
        }  # fmt: skip
        with self.said.open("w") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "helpers", *map(str, words)],
                env=environment,
                stdout=said,
                stderr=said,
                start_new_session=True,
                preexec_fn=lambda: _begin(largest),
            )

    def family(self) -> list[psutil.Process]:
        """Return what bears the mark and has not ended."""
        found = []
        for one in psutil.process_iter():
            try:
                if one.environ().get(MARK) == self.mark and one.status() != psutil.STATUS_ZOMBIE:
                    found.append(one)
            except psutil.Error:
                continue
        return found

    def wait(self, seconds: float | None = None) -> list[str]:
        """Say what is wrong with how it ended: its code, a traceback, processes left running."""
        code = self.process.wait(seconds)
        until = time.monotonic() + PATIENCE
        while (left := self.family()) and time.monotonic() < until:
            time.sleep(0.1)
        names = [" ".join(one.cmdline())[:80] for one in left if one.is_running()]
        for one in left:
            one.kill()
        shutil.rmtree(self.short.parent, ignore_errors=True)
        said = self.said.read_text(errors="replace")
        broke = [f"left running: {names}"] * bool(names)
        broke += [f"traceback: {said[-600:]}"] * ("Traceback" in said)
        return broke + [f"ended with {code}: {said[-300:]}"] * (code not in (0, 130, -9, -15, -2))

    def kill(self, how: signal.Signals) -> list[str]:
        """Kill it, by Ctrl-C with all of its group; say what is wrong with how it ended."""
        if how == signal.SIGINT:
            os.killpg(self.process.pid, how)
        else:
            self.process.send_signal(how)
        return self.wait(PATIENCE)


def _begin(largest: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if largest:
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))


def kill_again(
    attack: Attack, words: list[object], kills: int, out: Path, look: Callable[[], str]
) -> str:
    """Kill a command at random moments and run it again; look when it has come to its end.

    Returns how often it was killed and how often it ended.
    """
    dice, scratch = Random(SEED), out.with_name(f"{out.name}-scratch")
    began, killed, ends = time.monotonic(), 0, 0
    attack.broken += [("not killed", one) for one in Started(*words, scratch=scratch).wait()]
    seconds = time.monotonic() - began
    attack.broken += [("not killed", one) for one in (look(), left_in(out, scratch)) if one]
    shutil.rmtree(out)
    while killed < kills or out.exists():
        running = Started(*words, scratch=scratch)
        try:
            broke = running.wait(dice.uniform(0.1, 1.0) * seconds if killed < kills else None)
        except subprocess.TimeoutExpired:
            how = SIGNALS[killed % len(SIGNALS)]
            attack.take(f"{how.name} {killed}", *running.kill(how))
            killed += 1
            continue
        ends += 1
        broke += [look(), left_in(out, scratch)]
        attack.broken += [(f"run {ends} to the end", one) for one in broke if one]
        shutil.rmtree(out)
    return f"{killed} kills, {ends} resumed to the end"


# --------------------------------------------------------------------------------- batches


def write_batch(folder: Path) -> Path:
    """Write a batch of small runs, each of which writes a table; it needs no corpus."""
    folder.mkdir(parents=True, exist_ok=True)
    cells = [
        nbformat.v4.new_code_cell('out: str = ""  # where', metadata={"tags": ["parameters"]}),
        *map(nbformat.v4.new_code_cell, CELLS),
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / "small.ipynb")
    runs = [{"name": f"run{number}", "notebook": "small"} for number in range(RUNS)]
    file = folder / "small.yml"
    file.write_text(yaml.safe_dump(runs))
    return file


def broken_runs(reports: Path, most: int = 1) -> str:
    """Say which runs lack a whole notebook, page or table, or were done too often; "" for none."""
    log, broken = (reports / jobs.LOG).read_text(), []
    for name in (f"run{number}" for number in range(RUNS)):
        try:
            cells = nbformat.read(reports / f"{name}.ipynb", 4).cells
            whole = (reports / f"{name}.html").read_text().rstrip().endswith("</html>")
            whole &= len(pd.read_csv(reports / name / "table.csv")) == 1000
            whole &= all(cell.metadata.papermill.status == "completed" for cell in cells)
        except (OSError, ValueError):
            whole = False
        if not whole or log.count(f'"run finished", "run": "{name}"') > most:
            broken.append(name)
    return f"broken or done twice: {', '.join(broken)}" if broken else ""


# --------------------------------------------------------------------- what all faults go on from


class Undisturbed:
    """Articles before and after a change, and the tables of both built in peace."""

    def __init__(self, root: Path):
        self.given = write_stories(root / "given")
        self.changed = write_stories(root / "changed", first="Zland")
        self.built = {}
        for one in (self.given, self.changed):
            out = root / f"{one.name}-tables"
            self.build(one, out)
            self.built[one] = (out, rows_of(out))

    def build(self, given: Path, out: Path | str) -> None:
        corpus.build(given, out, workers=1, progress=False)

    def rows(self, given: Path) -> Rows:
        return self.built[given][1]

    def copy(self, out: Path, given: Path | None = None) -> Path:
        """Copy the tables of some articles to `out`."""
        return shutil.copytree(self.built[given or self.given][0], out)
