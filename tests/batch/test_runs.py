"""Runs: what each leaves behind, that none disturbs another, and that a batch may be killed."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import psutil
import pytest
import yaml
from disk_fixture import on_a_small_disk
from filelock import FileLock
from notebook_fixture import PARAMETERS, PIXEL, code, text, write
from tables_fixture import make_tables, write_tables

from helpers.batch import jobs, plan, pool
from helpers.batch.jobs import read_batch
from helpers.batch.pool import Options, run_batch
from helpers.store.paths import CODEBOOK, PROJECT

COMMAND = [sys.executable, "-m", "helpers", "batch"]
QUICK = Options(workers=2, quiet=True)
AGAIN = Options(workers=2, quiet=True, resume=True)


def batch_file(folder: Path, content: list | dict) -> Path:
    file = folder / "batch.yml"
    file.write_text(yaml.safe_dump(content))
    return file


def runs(*names: str) -> list[dict[str, str]]:
    return [{"name": name, "notebook": name} for name in names]


def shown(path: Path) -> object:
    """What the last cell of a notebook shows."""
    return ast.literal_eval(nbformat.read(path, 4).cells[-1].outputs[-1].data["text/plain"])


def left_over(out: Path) -> set[str]:
    """Unfinished files and scratch folders."""
    return {p.name for p in out.rglob("*") if p.name.endswith(".part") or ".running" in p.name}


def wait_for(found, seconds: float = 180):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if result := found():
            return result
        time.sleep(0.05)
    raise AssertionError("it did not happen in time")


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


# what a run leaves

WRITES = f"""
from pathlib import Path
from IPython.display import display
alt = {{"image/png": {{"alt": "Chart & <words>"}}}}
display({{"image/png": "{PIXEL}"}}, raw=True, metadata=alt)
Path(out).mkdir(parents=True, exist_ok=True)
Path(out, "counts.csv").write_text("name,articles\\n")
"""
THIRD = {"top": 3, "kind": "b"}


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """Three runs of which the second fails; the notebooks ask for a kernel that does not exist."""
    folder = tmp_path_factory.mktemp("batch {braces}")
    unseen = code(f"{PARAMETERS}\nkind: str | None = 'a'  # papermill overlooks it", "parameters")
    cells = text("# Who is in the news?"), unseen, code(WRITES)
    show = code("import os, sys; [corpus, top, kind, sys.executable, os.getcwd()]")
    write(folder / "count.ipynb", *cells, show)
    write(folder / "stop.ipynb", text("# Stops"), code("1 / 0"), code("'never'"))
    for path in folder.glob("*.ipynb"):
        foreign = nbformat.read(path, 4)
        foreign.metadata["kernelspec"] = {"name": "elsewhere", "display_name": "Elsewhere"}
        nbformat.write(foreign, path)
    file = batch_file(
        folder,
        [
            {"name": "first", "notebook": "count", "parameters": {"corpus": '<script>"\\{x}'}},
            {"name": "second", "notebook": "stop"},
            {"name": "third", "notebook": "count", "title": "Third <b>", "parameters": THIRD},
        ],
    )
    out = folder / "reports"
    (out / "third").mkdir(parents=True)
    (out / "third" / "old.csv").write_text("left by an earlier batch")
    (out / "third" / ".counts.csv.x.part").write_text("left by a killed batch")
    ended = subprocess.run(
        [*COMMAND, str(file), "--out", str(out)], capture_output=True, text=True, cwd="/"
    )
    return out, ended


def test_each_run_leaves_its_notebook_page_and_tables(ran):
    out, ended = ran
    names = ("first", "second", "third")
    assert {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()} == {
        "index.html",
        "log.jsonl",
        ".lock",
        *(f"{name}.{kind}" for name in names for kind in ("html", "ipynb")),
        *(f".records/{name}.json" for name in names),
        "first/counts.csv",
        "third/counts.csv",
        "third/old.csv",
        *(f"quotations/quotations.{kind}" for kind in ("html", "xlsx", "csv")),
    }
    assert "2 of 3 runs finished" in ended.stdout


def test_parameters_arrive_and_kernels_are_this_python_in_the_folder(ran):
    out, _ = ran
    python, reports = os.path.relpath(sys.executable, sys.prefix), out.name
    assert shown(out / "first.ipynb") == ['<script>"\\{x}', 10, "a", python, reports]
    assert shown(out / "third.ipynb") == ["sample", 3, "b", python, reports]


def test_nothing_that_is_handed_on_names_a_folder_of_this_machine(tmp_path):
    """Whatever a notebook prints, shows or dies of; its parameters, records and the log."""
    corpus = tmp_path / "private" / "stories"
    corpus.mkdir(parents=True)
    (corpus / "rain.txt").write_text("Rain\n\nIt rained on Monday, said Ada Marr, the mayor.\n")
    tells = f"""
import os, sys
print(corpus, out, os.getcwd(), os.path.expanduser("~/notes.txt"), "{PROJECT}/data/x", sys.prefix)
print("\\x1b[32m" + corpus + "/one.txt", file=sys.stderr)
from IPython.display import HTML; display(HTML(f"<p>{{corpus}}/two.txt</p>"))
"""
    cells = text("# Tells"), code(PARAMETERS, "parameters"), code(tells)
    write(tmp_path / "tells.ipynb", *cells)
    write(tmp_path / "dies.ipynb", *cells, code("open(corpus + '/three.txt')"))
    given = {"corpus": str(corpus)}
    file = batch_file(
        tmp_path, [{"name": n, "notebook": n, "parameters": dict(given)} for n in ("tells", "dies")]
    )
    out = tmp_path / "reports"
    assert run_batch(file, out, QUICK) == 1
    roots = [tmp_path, PROJECT, Path.home(), Path(sys.prefix)]
    texts = {path: path.read_text(errors="replace") for path in out.rglob("*") if path.is_file()}
    assert len(texts) >= 8
    found = [
        (path.name, root) for path, told in texts.items() for root in roots if str(root) in told
    ]
    assert found == []
    told = texts[out / "tells.ipynb"]
    assert "stories/one.txt" in told and "stories/two.txt" in told and "notes.txt" in told
    assert "stories/three.txt" in json.loads(texts[out / ".records" / "dies.json"])["error"]
    assert run_batch(file, out, AGAIN) == 1


def test_a_failed_run_is_told_and_stops_nothing(ran):
    out, ended = ran
    assert ended.returncode == 1
    assert "failed: second: ZeroDivisionError: division by zero" in ended.stderr
    index = (out / "index.html").read_text()
    assert 'class="failed">Failed: ZeroDivisionError: division by zero' in index
    assert "2 finished, 1 failed" in index
    assert "This run failed: ZeroDivisionError" in (out / "second.html").read_text()
    assert nbformat.read(out / "second.ipynb", 4).metadata.papermill.exception


def test_standard_error_says_how_far_it_is_and_nothing_else(ran):
    _, ended = ran
    lines = [line for line in ended.stderr.replace("\r", "\n").splitlines() if line]
    said = r"(?:Making the corpora ready|Writing the index): \d+ s| *"
    expected = re.compile(rf" *\d+%\|.*/3 \[[^\]]*\] *|failed: .*|{said}")
    assert [line for line in lines if not expected.fullmatch(line)] == []


def test_the_log_is_json_line_by_line(ran):
    out, _ = ran
    events = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    assert events[0]["event"] == "batch began" and events[0]["to_run"] == 3
    assert events[-1]["event"] == "batch ended" and events[-1]["code"] == 1
    told = {event["run"]: event for event in events if event["event"].startswith("run f")}
    assert told["second"]["event"] == "run failed" and "ZeroDivision" in told["second"]["error"]
    assert told["first"]["files"] == ["first/counts.csv"] and told["first"]["startup"] > 0


def test_two_corpora_have_one_index_and_nothing_to_read_is_a_failure(tmp_path, corpus):
    """Case 54: selections of one name are told apart; a run without an article says why."""
    other = shutil.copytree(corpus, tmp_path / "other")
    runs = [
        {"name": name, "notebook": "quotations", "parameters": {"corpus": str(place)} | more}
        for name, place, more in (
            ("one", corpus, {}),
            ("two", other, {}),
            ("none", other, {"since": "2099-01-01"}),
        )
    ]
    assert run_batch(batch_file(tmp_path, runs), tmp_path / "out", QUICK) == 1
    index = (tmp_path / "out" / "index.html").read_text()
    assert "2 finished, 1 failed" in index and "no article to read: of " in index
    assert len(list((tmp_path / "out" / "quotations").glob("*/quotations.xlsx"))) == 2
    assert "Back to the report" in (tmp_path / "out" / "one" / "quotations.html").read_text()


def test_a_log_line_cut_short_by_a_kill_is_closed(tmp_path):
    (tmp_path / "log.jsonl").write_text('{"event": "ru')
    pool.write_log(tmp_path, "batch began")
    lines = (tmp_path / "log.jsonl").read_text().splitlines()
    assert len(lines) == 2 and json.loads(lines[1])["event"] == "batch began"


def test_the_index_links_what_these_runs_wrote_and_nothing_older(ran):
    out, _ = ran
    index = (out / "index.html").read_text()
    assert 'href="third/counts.csv"' in index
    assert "old.csv" not in index
    assert "Third &lt;b&gt;" in index
    assert "&lt;script&gt;&#34;" in index
    assert "<script" not in index
    assert 'alt="Chart &amp; &lt;words&gt;"' in index


def test_the_notebook_kept_is_an_ordinary_papermill_notebook(ran):
    out, _ = ran
    kept = json.loads((out / "third.ipynb").read_text())
    assert kept["metadata"]["papermill"]["parameters"]["top"] == 3
    assert kept["metadata"]["papermill"]["output_path"] == "third.ipynb"
    cells = [cell for cell in kept["cells"] if cell["cell_type"] == "code"]
    assert all(cell["metadata"]["papermill"]["status"] == "completed" for cell in cells)


# runs that misbehave, and their neighbours

LEAKS = """
import builtins, os, random, numpy, pandas
from helpers.measure import counting
pandas.set_option("display.precision", 1); os.environ["LEAK"] = "1"; builtins.leak = 1
counting.leak = 1; os.chdir("/"); random.seed(1); leak = 1
"""
CLEAN = """
import builtins, os, sys, numpy, pandas
from helpers.measure import counting
['helpers.batch.run' not in sys.modules, 'LEAK' in os.environ, hasattr(builtins, 'leak'),
 hasattr(counting, 'leak'), 'leak' in globals(), os.getcwd() == '/',
 pandas.get_option("display.precision") == 1]
"""
SLEEPS = "import subprocess\nprint(subprocess.Popen(['sleep', '600'], start_new_session=True).pid)"
LIMIT = 30  # seconds: long enough for every run that ends by itself on a slow and busy machine
BAD = {
    "hangs": "import time\ntime.sleep(600)",
    "dies": "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)",
    "quits": "import os\nos._exit(3)",
    "eats": "held = []\nwhile True: held.append(bytearray(b'x') * 20_000_000)",
    "grasps": "import numpy\nnumpy.ones(10**12)",
    "leaves": SLEEPS,
}


@pytest.fixture(scope="module")
def misbehaved(tmp_path_factory):
    """Runs that hang, die and eat, between runs that look for traces of others, two at a time."""
    folder = tmp_path_factory.mktemp("bad")
    for name, source in BAD.items():
        write(folder / f"{name}.ipynb", code("print('before')"), code(source))
    write(folder / "leaks.ipynb", code(LEAKS))
    write(folder / "clean.ipynb", code(CLEAN))
    write(folder / "draws.ipynb", code("import numpy, random, uuid"), code("numpy.random.rand()"))
    write(folder / "plots.ipynb", code("import matplotlib.pyplot as plt\nplt.plot([1, 2]);"))
    names = ["hangs", "leaks", "clean", *list(BAD)[1:], "draws", "plots"]
    last = {"name": "draws-again", "notebook": "draws"}
    code_ = run_batch(
        batch_file(folder, [*runs(*names), last]),
        folder / "out",
        Options(workers=2, timeout=LIMIT, memory=0.6, quiet=True),
    )
    assert code_ == pool.A_RUN_FAILED
    return folder / "out", {
        name: plan.read_record(name, folder / "out")[0] for name in [*names, "draws-again"]
    }


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("hangs", f"stopped after {LIMIT} s (--timeout)"),
        ("dies", "the kernel died: SIGSEGV"),
        ("quits", "DeadKernelError: Kernel died"),
        ("eats", "held more than 0.6 GB of memory (--memory)"),
        ("grasps", "Unable to allocate"),
    ],
)
def test_a_bad_run_is_one_failed_run(misbehaved, name, error):
    out, found = misbehaved
    assert error in found[name].error
    kept = nbformat.read(out / f"{name}.ipynb", 4).cells
    assert any("before" in o.get("text", "") for cell in kept for o in cell.get("outputs", []))
    assert error.split(" (")[0] in (out / f"{name}.html").read_text()


def test_a_run_is_warm_and_sees_no_state_of_another(misbehaved):
    out, found = misbehaved
    assert found["leaks"].finished and found["clean"].finished
    assert shown(out / "clean.ipynb") == [False] * 7


def test_runs_do_not_draw_the_same_random_numbers(misbehaved):
    out, _ = misbehaved
    drawn = [nbformat.read(out / f"{name}.ipynb", 4) for name in ("draws", "draws-again")]
    first, second = (kept.cells[-1].outputs[-1].data["text/plain"] for kept in drawn)
    assert first != second


def test_a_figure_of_pyplot_is_shown(misbehaved):
    _, found = misbehaved
    assert found["plots"].finished and found["plots"].figure


def test_what_a_notebook_started_ends_with_its_run(misbehaved):
    out, found = misbehaved
    assert found["leaves"].finished
    pid = int(nbformat.read(out / "leaves.ipynb", 4).cells[-1].outputs[0].text)
    assert not alive(pid)


def test_nothing_unfinished_is_left(misbehaved):
    assert left_over(misbehaved[0]) == set()


def test_a_warm_run_has_imported_before_it_begins_and_a_cold_one_gives_the_same(tmp_path):
    loaded = "import sys; ready = 'helpers.show.charts' in sys.modules"
    write(
        tmp_path / "one.ipynb", code(loaded), code("import helpers.show.charts"), code("[ready, 2]")
    )
    file = batch_file(tmp_path, runs("one"))
    found, seconds = {}, {}
    for name, options in (("warm", QUICK), ("cold", Options(cold=True, quiet=True))):
        assert run_batch(file, tmp_path / name, options) == 0
        found[name] = shown(tmp_path / name / "one.ipynb")
        imports = nbformat.read(tmp_path / name / "one.ipynb", 4).cells[1]
        seconds[name] = imports.metadata["papermill"]["duration"]
    assert found == {"warm": [True, 2], "cold": [False, 2]}
    assert seconds["warm"] < seconds["cold"]


def test_the_kernel_of_the_next_run_is_ready_before_its_turn(tmp_path):
    made = "[psutil.Process().create_time(), time.time()]"
    write(tmp_path / "slow.ipynb", *map(code, ("import psutil, time", "time.sleep(1.5)", made)))
    file = batch_file(tmp_path, [{"name": name, "notebook": "slow"} for name in ("one", "two")])
    assert run_batch(file, tmp_path / "out", Options(workers=1, quiet=True)) == 0
    (first, ended), (second, _) = (shown(tmp_path / "out" / f"{n}.ipynb") for n in ("one", "two"))
    one, two = (plan.read_record(name, tmp_path / "out")[0] for name in ("one", "two"))
    assert second - first < ended - one.began.timestamp()  # both on one clock, which may be off
    assert two.began.timestamp() > ended and two.startup < one.startup


# resuming


def run_four(folder: Path) -> tuple[Path, Path]:
    """Run four runs on two notebooks, one of which reads a file that a parameter names."""
    cells = code(PARAMETERS, "parameters"), code(WRITES)
    write(folder / "count.ipynb", *cells)
    write(folder / "other.ipynb", *cells, code("1"))
    (folder / "list.txt").write_text("one")
    content = [
        {"name": "a", "notebook": "count"},
        {"name": "b", "notebook": "other"},
        {"name": "c", "notebook": "count", "parameters": {"top": 3}},
        {"name": "d", "notebook": "other", "parameters": {"speaker": str(folder / "list.txt")}},
    ]
    file = batch_file(folder, content)
    assert run_batch(file, folder / "out", QUICK) == 0
    return file, folder / "out"


@pytest.fixture(scope="module")
def four(tmp_path_factory) -> tuple[Path, Path]:
    """A batch of four runs that no test changes."""
    return run_four(tmp_path_factory.mktemp("four"))


def begun(out: Path) -> list[str]:
    """The runs begun by the last batch."""
    events = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    last = max(place for place, event in enumerate(events) if event["event"] == "batch began")
    return sorted(event["run"] for event in events[last:] if event["event"] == "run began")


def asked(file, out):
    """The runs that `--resume` would begin."""
    steps = plan.make_plan(str(file), read_batch(file, out), out)
    return [step.run.name for step in steps if step.state != jobs.CURRENT]


def test_resume_runs_only_what_is_missing_failed_or_stale(tmp_path):
    file, out = run_four(tmp_path)
    folder = file.parent
    assert run_batch(file, out, AGAIN) == 0 and begun(out) == []
    assert "4 up to date from an earlier batch" in (out / "index.html").read_text()

    content = yaml.safe_load(file.read_text())
    content[2]["parameters"]["top"] = 4
    file = batch_file(folder, content)
    assert asked(file, out) == ["c"]
    (folder / "list.txt").write_text("two")
    assert asked(file, out) == ["c", "d"]
    (out / "a" / "counts.csv").unlink()
    assert asked(file, out) == ["a", "c", "d"]
    page = (out / "b.html").read_text()
    (out / "b.html").write_text(page.replace("</html>", "</htmI>"))
    assert asked(file, out) == ["a", "b", "c", "d"]
    (out / "b.html").write_text(page)
    assert run_batch(file, out, AGAIN) == 0 and begun(out) == ["a", "c", "d"]

    changed = nbformat.read(folder / "other.ipynb", 4)
    changed.cells[-1].source = "1 / 0"
    nbformat.write(changed, folder / "other.ipynb")
    assert run_batch(file, out, AGAIN) == 1 and begun(out) == ["b", "d"]
    assert asked(file, out) == ["b", "d"]

    record = (out / ".records" / "a.json").read_text()
    (out / ".records" / "a.json").write_text(record.replace('"kept": true', '"kept": false'))
    (folder / "other.ipynb").write_text((folder / "count.ipynb").read_text())
    assert run_batch(file, out, AGAIN) == 0 and begun(out) == ["a", "b", "d"]


READ = [
    ("speaker", "list.txt"),
    ("codings", ["list.txt"]),
    ("codings", ["sheets"]),
    ("before", "sheets"),
]


@pytest.mark.parametrize(("name", "value"), READ)
@pytest.mark.parametrize("by_default", [False, True])
def test_what_a_parameter_names_alone_in_a_list_or_as_a_folder_counts(
    tmp_path, name, value, by_default
):
    (tmp_path / "sheets").mkdir()
    files = [tmp_path / "list.txt", tmp_path / "sheets" / "a.json"]
    notebook = write(tmp_path / "one.ipynb", code("1"))
    whole = [str(tmp_path / one) for one in value] if isinstance(value, list) else None
    given = {name: whole or str(tmp_path / value)}

    def fingerprint(content: str) -> dict[str, str]:
        for file in files:
            file.write_text(content)
        run = jobs.Run("one", notebook, **{"defaults" if by_default else "parameters": given})
        return plan.take_fingerprint(run, "corpus", "code")

    before, after = fingerprint("one"), fingerprint("other")
    assert {part for part in before if before[part] != after[part]} == {"inputs"}


@pytest.mark.parametrize(
    "name",
    ["data/peers.csv", "data/models/recorded.csv", "data/lexicons/titles.csv", "helpers/a/b.py"],
)
def test_what_notebooks_read_of_the_project_counts(tmp_path, monkeypatch, name):
    monkeypatch.setattr(plan, "PROJECT", tmp_path)
    monkeypatch.setattr(plan, "PACKAGE", tmp_path / "helpers")
    (tmp_path / name).parent.mkdir(parents=True)
    hashes = set()
    for content in ("one", "other", "other"):
        (tmp_path / name).write_text(content)
        hashes.add(plan.hash_code())
    assert len(hashes) == 2


def test_what_no_notebook_reads_makes_no_run_stale(tmp_path, monkeypatch):
    monkeypatch.setattr(plan, "PROJECT", tmp_path)
    monkeypatch.setattr(plan, "PACKAGE", tmp_path / "helpers")
    (tmp_path / "data").mkdir()
    before = plan.hash_code()
    (tmp_path / "data" / "dependencies.csv").write_text("refreshed")
    assert plan.hash_code() == before


def test_changed_code_makes_every_run_stale(four, monkeypatch):
    file, out = four
    monkeypatch.setattr(plan, "hash_code", lambda: "other code")
    steps = plan.make_plan(str(file), read_batch(file, out), out)
    assert all("code changed" in step.state for step in steps)


def test_a_dry_run_says_what_would_be_run_and_writes_nothing(four, capsys):
    file, out = four
    page = (out / "b.html").rename(out.parent / "b.html")
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    try:
        assert run_batch(file, out, Options(dry_run=True, resume=True)) == 0
        after = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    finally:
        page.rename(out / "b.html")
    said = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in said[:4]] == ["skip a", "run  b", "skip c", "skip d"]
    assert "[stale: b.html is missing]" in said[1] and "1 of 4 runs would be run" in said[4]
    assert after == before
    assert run_batch(file, out.parent / "nowhere", Options(dry_run=True)) == 0
    assert not (out.parent / "nowhere").exists()


# one run for each value

READS = """
from helpers.show import publish
articles = publish.open_page(corpus, outlets, since, until).articles
"""
COUNTS = "[len(articles), sorted(set(articles.outlet)), since, until]"
DATED = f'{PARAMETERS}\nsince: str = ""\nuntil: str = ""'


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> Path:
    frames = make_tables(articles=12)
    frames["articles"]["section"] = ["News/../x", ""] * 6
    return write_tables(frames, tmp_path_factory.mktemp("corpus"))


def run_each(folder: Path, corpus: Path, columns: object, *cells: str) -> dict[str, object]:
    sources = [code(DATED, "parameters"), *(code(cell) for cell in (READS, *cells))]
    write(folder / "count.ipynb", *sources)
    run = {"name": "n", "notebook": "count", "title": "Of {value}?", "for_each": columns}
    content = {"parameters": {"corpus": str(corpus)}, "runs": [run]}
    assert run_batch(batch_file(folder, content), folder / "out", QUICK) == 0
    return {path.stem: shown(path) for path in sorted((folder / "out").glob("*.ipynb"))}


def test_one_run_for_each_outlet(tmp_path, corpus):
    found = run_each(tmp_path, corpus, "outlet", COUNTS)
    assert sum(counted for counted, *_ in found.values()) == 12
    assert all(len(outlets) == 1 for _, outlets, *_ in found.values())
    index = (tmp_path / "out" / "index.html").read_text()
    assert "Which run is which?" in index and "What do these articles rest on?" in index


def test_one_run_for_each_month_of_each_outlet(tmp_path, corpus):
    found = run_each(tmp_path, corpus, ["outlet", "month"], COUNTS)
    assert sum(counted for counted, *_ in found.values()) == 12
    for _, outlets, since, until in found.values():
        assert len(outlets) == 1 and since[:8] == until[:8] and since.endswith("-01")


def test_one_run_for_each_value_of_a_column_that_no_parameter_takes(tmp_path, corpus):
    found = run_each(tmp_path, corpus, "section", "[len(articles), sorted(set(articles.section))]")
    assert found == {"n-news-x": [6, ["News/../x"]], "n-none": [6, [""]]}


def test_runs_for_each_value_may_have_a_codebook_of_their_own(tmp_path, monkeypatch):
    monkeypatch.setenv("ATTRIBUTED_TABLES", str(tmp_path / "tables"))
    (tmp_path / "articles").mkdir()
    story = "Mill to close\n\nThe mill will close, said Ida Brandt, its owner, on Friday.\n"
    (tmp_path / "articles" / "a.txt").write_text(story)
    text = CODEBOOK.read_text(encoding="utf-8")
    (tmp_path / "own.yml").write_text(text.replace("title: ", "title: Our own "))
    opens = "from helpers.show import publish\n"
    opens += "[len(publish.open_page(corpus, codebook=codebook).articles) > 0]"
    write(
        tmp_path / "own.ipynb", code(f'{PARAMETERS}\ncodebook: str = ""', "parameters"), code(opens)
    )
    run = {"name": "n", "notebook": "own", "for_each": "language"}
    content = {"parameters": {"corpus": "articles", "codebook": "own.yml"}, "runs": [run]}
    assert run_batch(batch_file(tmp_path, content), tmp_path / "out", QUICK) == 0
    assert shown(next((tmp_path / "out").glob("n-*.ipynb"))) == [True]


def test_a_column_that_articles_do_not_have_is_refused(tmp_path, corpus, capsys):
    write(tmp_path / "count.ipynb", code(PARAMETERS, "parameters"))
    run = {"name": "n", "notebook": "count", "for_each": "desk"}
    run["parameters"] = {"corpus": str(corpus)}
    assert run_batch(batch_file(tmp_path, [run]), tmp_path / "out", QUICK) == 2
    assert "articles have no column 'desk'; there is: month, article_id" in capsys.readouterr().err


# a batch that is stopped


def start(folder: Path, *options: str) -> subprocess.Popen:
    command = [*COMMAND, str(folder / "batch.yml"), "--out", str(folder / "out"), *options]
    return subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's "&" ignores it
    )


@pytest.fixture
def waiting(tmp_path: Path) -> Path:
    """A batch whose two notebooks wait long, with a process of their own."""
    source = f"{SLEEPS}\nimport os, pathlib, time\npathlib.Path(f'pid-{{os.getpid()}}').touch()"
    write(tmp_path / "wait.ipynb", code(source), code("time.sleep(600)"))
    names = [{"name": name, "notebook": "wait"} for name in ("one", "two", "three")]
    batch_file(tmp_path, names)
    return tmp_path


def kernels(out: Path) -> list[int]:
    return [int(path.name[4:]) for path in out.glob("pid-*")]


def family_of(process: subprocess.Popen, kernels: list[int]) -> set[int]:
    """All processes of a batch, with what its kernels have started."""
    found = psutil.Process(process.pid).children(recursive=True)
    for kernel in kernels:
        found += psutil.Process(kernel).children(recursive=True)
    return {child.pid for child in found} | set(kernels)


def test_ctrl_c_leaves_no_process_no_half_file_and_an_index(waiting):
    process, out = start(waiting, "--workers", "2"), waiting / "out"
    found = wait_for(lambda: kernels(out) if len(kernels(out)) == 2 else None)
    family = family_of(process, found)
    assert len(family) >= 8  # forkserver, tracker, two runs, two kernels, two that they started
    os.kill(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    wait_for(lambda: not any(map(alive, family)))
    assert left_over(out) == set()
    assert process.returncode == pool.INTERRUPTED
    assert "Traceback" not in errors
    assert "3 not run" in (out / "index.html").read_text()


def test_a_batch_stopped_while_it_plans_leaves_no_process_and_says_one_thing(waiting):
    process = start(waiting, "--quiet")
    family = wait_for(lambda: family_of(process, []))
    os.kill(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == pool.INTERRUPTED and "Traceback" not in errors
    assert errors == "Interrupted. Run the same command again to go on.\n"
    wait_for(lambda: not any(map(alive, family)))


def test_a_killed_batch_leaves_no_process_and_resumes_without_loss_or_doubling(tmp_path):
    wait = f"{SLEEPS}\nimport os, pathlib, time\npathlib.Path(f'pid-{{os.getpid()}}').touch()"
    cells = (code(cell) for cell in (WRITES, f"{wait}\ntime.sleep(0.5)"))
    write(tmp_path / "count.ipynb", code(PARAMETERS, "parameters"), *cells)
    names = [f"run{number}" for number in range(6)]
    batch_file(tmp_path, [{"name": name, "notebook": "count"} for name in names])
    process, out = start(tmp_path, "--workers", "2"), tmp_path / "out"
    records = out / ".records"
    wait_for(lambda: len(list(records.glob("*.json"))) >= 2)
    family = family_of(process, [pid for pid in kernels(out) if alive(pid)])
    process.kill()
    process.communicate()
    wait_for(lambda: not any(map(alive, family)))
    assert left_over(out) == set() and not (out / "index.html").exists()
    kept = {path.stem: path.stat().st_mtime_ns for path in records.glob("*.json")}
    assert 2 <= len(kept) < 6
    assert run_batch(tmp_path / "batch.yml", out, AGAIN) == 0
    assert begun(out) == sorted(set(names) - set(kept))
    after = {path.stem: path.stat().st_mtime_ns for path in records.glob("*.json")}
    assert set(after) == set(names) and all(after[name] == kept[name] for name in kept)
    assert left_over(out) == set()


def test_two_batches_do_not_write_to_one_folder(tmp_path, capsys):
    write(tmp_path / "one.ipynb", code("1"))
    (tmp_path / "out").mkdir()
    with FileLock(tmp_path / "out" / ".lock"):
        assert run_batch(batch_file(tmp_path, runs("one")), tmp_path / "out", QUICK) == 2
    assert "another batch is writing to" in capsys.readouterr().err


# disks


def test_a_disk_that_fills_up_is_told_and_leaves_whole_files_only(tmp_path):
    source = "print('x' * 120_000)"
    write(tmp_path / "big.ipynb", code(PARAMETERS, "parameters"), code(source))
    batch_file(tmp_path, [{"name": f"run{number}", "notebook": "big"} for number in range(4)])
    command = f"{' '.join(COMMAND)} {tmp_path}/batch.yml --out {tmp_path}/out --quiet --workers 1"
    ended = on_a_small_disk(tmp_path, "400k", command)
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr and "No space left on device" in ended.stderr
    for path in (tmp_path / "seen").glob("*.ipynb"):
        nbformat.read(path, 4)
    for path in (tmp_path / "seen").glob("*.html"):
        assert path.read_text().rstrip().endswith("</html>")
    assert left_over(tmp_path / "seen") == set()


def test_a_full_disk_is_refused(tmp_path):
    script = (
        "import pathlib, sys; from helpers.batch.pool import _own_folder\n"
        "with _own_folder('a.yml', pathlib.Path(sys.argv[1])): pass"
    )
    ended = on_a_small_disk(tmp_path, "40k", f'{sys.executable} -c "{script}" {tmp_path}/out')
    assert f"cannot write to {tmp_path}/out: No space left on device" in ended.stderr
    assert ended.returncode == 1


@pytest.mark.parametrize("out", ["/proc/reports", "/dev/null/reports"])
def test_a_folder_that_cannot_be_written_is_refused(tmp_path, out, capsys):
    write(tmp_path / "one.ipynb", code("1"))
    assert run_batch(batch_file(tmp_path, runs("one")), out, QUICK) == 2
    assert "cannot write to" in capsys.readouterr().err
