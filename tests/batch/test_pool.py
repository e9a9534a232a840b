"""Batches: what is refused before anything runs, and what a run leaves behind."""

from __future__ import annotations

import ast
import math
import os
import re
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from notebook_fixture import PARAMETERS, code, notebook, text, write
from papermill.translators import PythonTranslator

from helpers.batch.jobs import BatchError, find_value_problem, read_batch, read_parameters
from helpers.batch.pool import run_batch
from helpers.store.paths import CODEBOOK, PROJECT, start_whole


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "count.ipynb", text("# Who?"), code(PARAMETERS, "parameters"))
    write(tmp_path / "plain.ipynb", text("# Nothing to set"))
    return tmp_path


def batch_file(folder: Path, content: str | list | dict) -> Path:
    file = folder / "batch.yml"
    file.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return file


def dump(folder: Path, values: dict) -> Path:
    return batch_file(folder, [{"name": "one", "notebook": "count", "parameters": values}])


def one_run(folder: Path, **values: object) -> Path:
    return dump(folder, values)


def refusal(file: Path, out: Path | None = None) -> str:
    with pytest.raises(BatchError) as refused:
        read_batch(file, out)
    return str(refused.value)


# reading


def test_reads_a_list_of_runs(folder: Path):
    file = batch_file(
        folder,
        """
        - name: all
          notebook: count
        - name: courier
          notebook: count.ipynb
          title: Who is in the Courier?
          parameters: {outlets: [Courier], level: 1}
        """,
    )
    everything, courier = read_batch(file)
    assert (everything.name, everything.parameters, everything.line) == ("all", {}, 2)
    assert courier.notebook == folder / "count.ipynb"
    assert courier.title == "Who is in the Courier?"
    assert courier.parameters == {"outlets": ["Courier"], "level": 1}
    assert courier.batch == "Batch"


def test_common_parameters_go_to_the_notebooks_that_take_them(folder: Path):
    runs = [
        {"name": "one", "notebook": "count", "parameters": {"top": 3}},
        {"name": "two", "notebook": "plain"},
    ]
    shared = {"corpus": "mine", "top": 5}
    file = batch_file(folder, {"title": "Monthly", "parameters": shared, "runs": runs})
    one, two = read_batch(file)
    assert one.parameters == {"corpus": "mine", "top": 3}
    assert two.parameters == {}
    assert one.batch == "Monthly"


def test_a_notebook_is_found_in_the_project_too(folder: Path, monkeypatch):
    elsewhere = folder / "project"
    elsewhere.mkdir()
    write(elsewhere / "entity_counts.ipynb", text("# Who?"))
    monkeypatch.setattr("helpers.batch.jobs.NOTEBOOKS", elsewhere)
    file = batch_file(folder, [{"name": "one", "notebook": "entity_counts"}])
    assert read_batch(file)[0].notebook == elsewhere / "entity_counts.ipynb"
    file = batch_file(folder, [{"name": "one", "notebook": "entity_count"}])
    assert "did you mean 'entity_counts'?" in refusal(file)


def test_a_date_stays_the_text_that_was_written(folder: Path):
    file = batch_file(folder, "- {name: one, notebook: count, parameters: {corpus: 2026-03-01}}")
    assert read_batch(file)[0].parameters == {"corpus": "2026-03-01"}


def test_a_relative_corpus_is_read_from_the_folder_of_the_batch_file(folder: Path):
    (folder / "articles").mkdir()
    assert read_batch(one_run(folder, corpus="articles"))[0].parameters == {
        "corpus": str(folder / "articles")
    }
    assert read_batch(one_run(folder, corpus="."))[0].parameters == {"corpus": str(folder)}
    for left in ("sample", "", "nowhere", "x" * 5000, "\0"):
        assert read_batch(one_run(folder, corpus=left))[0].parameters == {"corpus": left}


GOLD = (
    PARAMETERS
    + """
codebook: str = ""  # path of a codebook
gold: str = ""  # folder of the public corpora
codings: list = []  # filled-in sheets
before: str = ""  # folder of an earlier build
"""
)


@pytest.mark.parametrize("name", ["codebook", "gold", "codings", "before", "corpus"])
def test_a_relative_path_is_made_whole(folder: Path, name: str, monkeypatch):
    """Kernels run in the folder of the reports: beside the batch file, here, in the project."""
    write(folder / "count.ipynb", code(GOLD, "parameters"))
    here = folder / "here"
    for place in (folder / "a", here / "a", here / "b"):
        place.mkdir(parents=True)
    monkeypatch.chdir(here)
    expected = {"a": folder / "a", "b": here / "b", "data/codebook.yml": CODEBOOK}
    for written, path in expected.items():
        value = [written] if name == "codings" else written
        given = read_batch(one_run(folder, **{name: value}))[0].parameters[name]
        assert given == ([str(path)] if name == "codings" else str(path))


@pytest.mark.parametrize("values", [{"codebook": "no.yml"}, {"gold": "no"}, {"codings": ["no"]}])
def test_a_file_that_is_nowhere_is_refused(folder: Path, values: dict):
    write(folder / "count.ipynb", code(GOLD, "parameters"))
    assert "beside the batch file, in the working folder" in refusal(one_run(folder, **values))
    assert read_batch(one_run(folder, before="previous"))[0].parameters["before"] == "previous"


def test_out_is_the_folder_of_the_run(folder: Path):
    out = folder / "reports"
    assert read_batch(one_run(folder), out)[0].parameters == {"out": str(out / "one")}
    assert read_batch(one_run(folder, out="a/b"), out)[0].parameters == {"out": str(out / "a/b")}
    assert read_batch(one_run(folder, out=""), out)[0].parameters == {"out": ""}
    assert not out.exists()


# refusing


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "expected a list of runs"),
        ("just text", "expected a list of runs"),
        ("[]", "there are no runs"),
        ("runs: []", "there are no runs"),
        ("runs: 3", "there are no runs"),
        ("{title: [a], runs: [{name: one, notebook: count}]}", "`title` is not text"),
        ("{run: [{name: one, notebook: count}]}", "unknown key 'run'; did you mean 'runs'?"),
        ("- 3", "a run is a mapping"),
        ("- {name: one}", "line 1, run 'one': `notebook` is missing"),
        ("- {notebook: count}", "line 1, run '(no name)': `name` becomes a file name"),
        ("- {name: one, notebook: count, paramaters: {}}", "did you mean 'parameters'?"),
        ("- {name: one, notebook: count, parameters: [a]}", "`parameters` is not a mapping"),
        ("- {name: one, notebook: count, title: 3}", "`title` is not text"),
        ("- {name: one, notebook: nowhere}", "there is no notebook 'nowhere'"),
        (f"- {{name: one, notebook: {'x' * 300}}}", "there is no notebook 'xxx"),
        ("- {name: one, notebook: broken}", "broken.ipynb is not a Jupyter notebook"),
        ("- {name: one, notebook: clever}", "that is not plain Python"),
        ("- {name: one, notebook: r}", "is written in R"),
        ("- {name: one, notebook: plain, parameters: {top: 3}}", "has no parameters cell"),
        ("- {name: one, name: two, notebook: count}", "line 1: 'name' is written twice"),
        ("- &a {name: one, notebook: count}\n- *a", "line 2: the alias *a is not read"),
        ("- &a [*a]", "the alias *a is not read"),
        ("- !!python/object/apply:os.system ['true']", "is not read; only plain values are"),
        ("- {name: !!str one, notebook: count}", "is not read; only plain values are"),
        ("- {name: [", "line 1: "),
        ("- {[name]: one}", "line 1: a key is one word"),
        ("- {name: one, ? {a: b} : c}", "line 1: a key is one word"),
        ("- {<<: {notebook: count}, name: one}", "line 1: the merge << is not read"),
        ("- {name: 'a\x00b'}", "not YAML"),
        ("[" * 5000, "nested too deeply"),
        ("{parameters: {corpuss: a}, runs: [{name: one, notebook: count}]}", "'corpus'?"),
    ],
)
def test_refuses_with_a_reason(folder: Path, content: str, said: str):
    (folder / "broken.ipynb").write_text("{")
    write(folder / "clever.ipynb", code("%matplotlib inline", "parameters"))
    foreign = notebook(text("# R"))
    foreign.metadata["kernelspec"] = {"name": "ir", "language": "R", "display_name": "R"}
    nbformat.write(foreign, folder / "r.ipynb")
    assert said in refusal(batch_file(folder, content))


def test_refuses_what_is_not_there_or_not_utf8(folder: Path):
    assert "cannot be read: No such file" in refusal(folder / "missing.yml")
    (folder / "latin.yml").write_bytes(b"- {name: caf\xe9}")
    assert "not YAML in UTF-8" in refusal(folder / "latin.yml")


@pytest.mark.parametrize(
    "name",
    [
        "../up",
        "/etc/passwd",
        "a/b",
        "a b",
        "",
        ".hidden",
        "a.html",
        "é",
        "index",
        "INDEX",
        "con",
        "Lpt1",
        "x" * 101,
    ],
)
def test_refuses_names_that_are_not_plain_file_names(folder: Path, name: str):
    file = batch_file(folder, [{"name": name, "notebook": "count"}])
    assert "`name` becomes a file name" in refusal(file)


def test_refuses_two_runs_with_one_name(folder: Path):
    content = "- {name: one, notebook: count}\n- {name: One, notebook: plain}"
    assert "line 2, run 'One': the name is already used on line 1" in refusal(
        batch_file(folder, content)
    )


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"tpo": 3}, "there is no parameter 'tpo'; did you mean 'top'?"),
        ({"x=1;import os;#": 3}, "cannot be the name of a parameter"),
        ({"class": 3}, "'class' cannot be the name of a parameter"),
        ({3: 3}, "3 cannot be the name of a parameter"),
        ({"top": "7"}, "top: expected a whole number, not text ('7'); write it without quotes"),
        ({"top": True}, "top: expected a whole number, not true or false (true)"),
        ({"top": 1.5}, "top: expected a whole number, not a number (1.5)"),
        ({"level": True}, "level: expected a number, not true or false (true)"),
        ({"top": 2**64}, "too large"),
        ({"top": -5}, "top: expected a whole number of 1 or more, not -5"),
        ({"top": 0}, "top: expected a whole number of 1 or more, not 0"),
        ({"top": "many"}, "top: expected a whole number, not text ('many')"),
        ({"captions": "no"}, "captions: expected true or false, not text ('no')"),
        ({"captions": 1}, "captions: expected true or false"),
        ({"corpus": 7}, "corpus: expected text, not a whole number (7); put it in quotes"),
        ({"corpus": False}, "put it in quotes"),
        ({"corpus": None}, "no value given"),
        ({"outlets": "Courier"}, "write a list: [one, two]"),
        ({"outlets": ["Courier", 3]}, "expected a list of which each item is text"),
        ({"outlets": {"a": 1}}, "expected a list"),
    ],
)
def test_refuses_parameters_that_do_not_fit(folder: Path, values: dict, said: str):
    assert said in refusal(dump(folder, values))


def test_yaml_that_reads_words_as_something_else_is_refused_where_text_is_meant(folder: Path):
    for written in ("no", "007", "12:30", "~"):
        content = f"- {{name: one, notebook: count, parameters: {{corpus: {written}}}}}"
        assert "corpus: " in refusal(batch_file(folder, content))


def test_a_whole_number_is_a_number(folder: Path):
    assert read_batch(one_run(folder, level=1))[0].parameters == {"level": 1}


def test_names_that_papermill_does_not_see_are_parameters_too():
    cell = 'url: str = "http://x/?a=b"\nlimit: int | None = None\nkind: "str" = "a"  # which\n'
    found = read_parameters(notebook(code(cell, "parameters")))
    assert list(found) == ["url", "limit", "kind"]
    seen = [one.name for one in PythonTranslator.inspect(code(cell, "parameters"))]
    assert "limit" not in seen
    assert find_value_problem(None, found["limit"]) != ""
    assert find_value_problem("3", found["limit"]) != ""
    assert find_value_problem(3, found["limit"]) == ""
    assert find_value_problem(3, found["kind"]) != ""


def test_everything_wrong_is_said_at_once(folder: Path):
    content = """
    - {name: a b, notebook: count}
    - {name: two, notebook: cuont}
    - {name: three, notebook: count, parameters: {tpo: 1, level: x}}
    """
    said = refusal(batch_file(folder, content))
    assert [line.split(":")[0] for line in said.splitlines()[1:]] == [
        "line 2, run 'a b'",
        "line 3, run 'two'",
        "line 4, run 'three'",
        "line 4, run 'three'",
    ]


@pytest.mark.parametrize("out", ["..", "../other", "/tmp", ".", "a/../..", "link/x"])
def test_refuses_an_out_that_leads_out_of_the_folder(folder: Path, out: str):
    reports = folder / "reports"
    reports.mkdir()
    (reports / "link").symlink_to(folder)
    assert "leads out of" in refusal(one_run(folder, out=out), reports)


@pytest.mark.parametrize("out", ["\0", "~/x/\0"])
def test_refuses_an_out_that_is_no_path(folder: Path, out: str):
    assert "cannot be a folder" in refusal(one_run(folder, out=out), folder / "reports")


def test_refuses_a_run_whose_folder_is_a_link_to_elsewhere(folder: Path):
    reports = folder / "reports"
    reports.mkdir()
    (reports / "one").symlink_to(folder)
    assert "leads out of" in refusal(one_run(folder), reports)


def test_refuses_two_runs_that_write_to_one_folder(folder: Path):
    content = """
    - {name: one, notebook: count}
    - {name: two, notebook: count, parameters: {out: one}}
    """
    assert "run 'one' already writes to 'one'" in refusal(
        batch_file(folder, content), folder / "reports"
    )


def test_nothing_runs_when_anything_is_refused(folder: Path, capsys):
    content = "- {name: one, notebook: count}\n- {name: two, notebook: count, parameters: {x: 1}}"
    assert run_batch(batch_file(folder, content), folder / "reports") == 2
    assert "nothing was run" in capsys.readouterr().err
    assert not (folder / "reports").exists()


def test_refuses_a_folder_that_cannot_be_written(folder: Path, capsys):
    (folder / "reports").write_text("a file stands here")
    assert run_batch(one_run(folder), folder / "reports") == 2
    assert "cannot write to" in capsys.readouterr().err


# the law: a value is refused or arrives unchanged

plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["no", "007", "1e3", "2026-03-01", '"; import os #', "{x}", "\\", "'''"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
fitting = {
    "speaker": st.text(),
    "outlets": st.lists(st.text(), max_size=4),
    "top": st.integers(1, 2**63 - 1),
    "level": st.floats() | st.integers(-99, 99),
    "captions": st.booleans(),
}
named_values = st.tuples(st.sampled_from(list(fitting)) | st.text(max_size=8), plain)


def same(one: object, other: object) -> bool:
    """Equal in value and in type, NaN included."""
    if isinstance(one, float) and isinstance(other, float) and math.isnan(one):
        return math.isnan(other)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return list(one) == list(other) and all(map(same, one.values(), other.values()))
    return type(one) is type(other) and one == other


def arrive(name: str, value: object, folder: Path) -> object:
    """Send one value through a batch file and through papermill's own code."""
    given_on = read_batch(dump(folder, {name: value}))[0].parameters
    written = PythonTranslator.codify(given_on)
    assert [node.targets[0].id for node in ast.parse(written).body] == [name]
    arrived: dict[str, object] = {}
    exec(written, {"float": float, "__builtins__": {}}, arrived)
    return arrived[name]


law = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@law
@given(named_values)
def test_any_parameter_is_refused_or_arrives_unchanged(folder: Path, named: tuple[str, object]):
    try:
        arrived = arrive(*named, folder)
    except BatchError:
        return
    assert same(arrived, named[1])


@law
@given(st.sampled_from(list(fitting)).flatmap(lambda n: st.tuples(st.just(n), fitting[n])))
def test_a_value_that_fits_is_not_refused(folder: Path, named: tuple[str, object]):
    arrived = arrive(*named, folder)
    assert same(arrived, named[1])


# other systems

NOT_ON_WINDOWS = re.compile(
    r"\bos\.(?:setsid|killpg|getpgid|fork|getppid|pread|pwrite|sched_getaffinity|WNOHANG|mkfifo)\b"
    r"|\bsignal\.(?:SIGKILL|SIGALRM)\b|\bimport (?:resource|fcntl|pwd)\b|%-[dHImjSyU]\b"
)
ASKS = re.compile(r"hasattr\(os|sys\.platform|CAN_FORK")
ONLY_FORKED = {"ForkedKernel", "_become_kernel", "_die_with", "WarmProvisioner"}


def functions(tree: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    """Functions by the name of what stands at the top level: the class, where there is one."""
    for node in tree.body:
        inside = node.body if isinstance(node, ast.ClassDef) else [node]
        yield from ((getattr(node, "name", ""), one) for one in inside)


@pytest.mark.parametrize("room", ["store", "read", "corpus", "measure", "show", "study", "batch"])
def test_what_windows_lacks_is_asked_for_first(room: str):
    for file in sorted((PROJECT / "helpers" / room).glob("*.py")):
        source = file.read_text()
        for owner, node in functions(ast.parse(source)):
            written = ast.get_source_segment(source, node) or ""
            if NOT_ON_WINDOWS.search(written) and owner not in ONLY_FORKED:
                assert ASKS.search(written), f"{file.name}: {written.splitlines()[0]}"
    assert NOT_ON_WINDOWS.search("f'{day:%-d %B}'") and NOT_ON_WINDOWS.search("os.setsid()")


def test_an_interrupted_start_still_gives_a_process_all_its_orders():
    given = threading.Event()

    def start() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.1)  # the main thread has been interrupted meanwhile
        given.set()

    heard = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's "&" ignores it
    try:
        with pytest.raises(KeyboardInterrupt):
            start_whole(start)
    finally:
        signal.signal(signal.SIGINT, heard)
    assert given.wait(60)


def test_a_start_that_fails_raises_what_it_raised():
    def start() -> None:
        raise OSError("AF_UNIX path too long")

    with pytest.raises(OSError, match="too long"):
        start_whole(start)
