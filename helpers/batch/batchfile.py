"""Batch files: runs read from YAML and checked before anything is run, then repeated for values."""

from __future__ import annotations

import calendar
import os
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
import yaml

from helpers.batch import parameters
from helpers.batch.jobs import PROJECT, Run

NOTEBOOKS = PROJECT / "notebooks"
DATA = PROJECT / "data"
BATCH_KEYS = ("title", "parameters", "for_each", "runs")
RUN_KEYS = ("name", "notebook", "parameters", "for_each", "title")
MONTH = "month"
BEFORE, PREVIOUS = "before", "previous"  # `before: previous` compares with the batch before
MOST_RUNS = 5_000
RUN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
TAKEN_NAMES = ("index",)


class BatchError(ValueError):
    """A batch file that cannot be run; the message lists everything that is wrong with it."""

    def __init__(self, file: Path, problems: list[str]):
        self.problems = problems
        super().__init__("\n".join([f"{file} was refused, nothing was run:", *problems]))


class _Loader(yaml.SafeLoader):
    """Safe YAML, and stricter: no tags, no aliases, no doubled keys; a date stays text."""

    yaml_implicit_resolvers = {
        first: [pair for pair in pairs if not pair[0].endswith(":timestamp")]
        for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event = self.peek_event()
        if isinstance(event, yaml.AliasEvent):
            raise yaml.MarkedYAMLError(
                problem=f"the alias *{event.anchor} is not read; put what runs share under "
                "`parameters:` at the top",
                problem_mark=event.start_mark,
            )
        if getattr(event, "tag", None) is not None:
            raise yaml.MarkedYAMLError(
                problem=f"the tag {event.tag!r} is not read; only plain values are",
                problem_mark=event.start_mark,
            )
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if (key.tag, key.value) in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"{key.value!r} is written twice", problem_mark=key.start_mark
                )
            if isinstance(key, yaml.ScalarNode):
                seen.add((key.tag, key.value))
        return super().construct_mapping(node, deep)


def _load_yaml(file: Path) -> tuple[Any, list[int]]:
    """Return the document and the line on which each run starts."""
    try:
        loader = _Loader(file.read_bytes().decode("utf-8-sig"))
        root = loader.get_single_node()
        document = None if root is None else loader.construct_document(root)
    except OSError as error:
        raise BatchError(file, [f"cannot be read: {error.strerror}"]) from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise BatchError(file, [f"line {line}: {error.problem}"]) from None
    except RecursionError:
        raise BatchError(file, ["nested too deeply"]) from None
    except (yaml.YAMLError, ValueError) as error:
        raise BatchError(file, [f"not YAML in UTF-8: {error}"]) from None
    if isinstance(document, dict):
        root = next((value for key, value in root.value if key.value == "runs"), None)
    entries = root.value if isinstance(root, yaml.SequenceNode) else []
    return document, [entry.start_mark.line + 1 for entry in entries]


def read_batch(file: str | Path, out: str | Path | None = None) -> list[Run]:
    """Read and check a batch file; the runs come in the order written.

    The file is a YAML list of runs (name, notebook, parameters, for_each, title), or a mapping
    with `runs` and, if wanted, `title`, common `parameters`, given to each notebook that takes
    them, and a common `for_each`. A run with `for_each` stands for as many runs as its columns
    have values: `expand_run` makes them. A notebook is looked for beside the file, then in the
    project's notebooks. With `out`, each notebook that has an `out` parameter is told
    to write to `<out>/<run name>`, or to the folder below `<out>` that the run names. Nothing is
    run and nothing is written.

    Raises BatchError with every problem found, each with its line.
    """
    file = Path(file)
    document, lines = _load_yaml(file)
    title, common, each, entries = _split_document(file, document)
    folder = None if out is None else Path(out).resolve()
    reader = _Reader(file, title, common, each, folder)
    runs = [reader.read_run(entry, line) for entry, line in zip(entries, lines, strict=True)]
    reader.check_common()
    if reader.problems:
        raise BatchError(file, reader.problems)
    return [run for run in runs if run is not None]


def _split_document(
    file: Path, document: Any
) -> tuple[str, dict[Any, Any], tuple[str, ...], list[Any]]:
    if isinstance(document, list):
        document = {"runs": document}
    if not isinstance(document, dict):
        raise BatchError(file, ["expected a list of runs, or a mapping with `runs`"])
    unknown = [key for key in document if key not in BATCH_KEYS]
    problems = [
        f"unknown key {key!r}{parameters.suggest(str(key), list(BATCH_KEYS))}" for key in unknown
    ]
    title = document.get("title", file.stem.replace("_", " ").capitalize())
    common = document.get("parameters", {})
    each = _read_columns(document.get("for_each", []))
    entries = document.get("runs")
    if each is None:
        problems.append(NOT_COLUMNS)
    if not isinstance(title, str):
        problems.append("`title` is not text")
    if not isinstance(common, dict):
        problems.append("`parameters` is not a mapping of names to values")
    if not isinstance(entries, list) or not entries:
        problems.append("there are no runs: `runs` must be a list with at least one run")
    if problems:
        raise BatchError(file, problems)
    return title, common, each, entries


NOT_COLUMNS = "`for_each` is a column of articles or a list of columns: outlet, month, section"


def _read_columns(written: Any) -> tuple[str, ...] | None:
    """Return the columns of a `for_each`, or None when it names none."""
    columns = [written] if isinstance(written, str) else written
    if not isinstance(columns, list) or len(set(map(str, columns))) < len(columns):
        return None
    fits = all(isinstance(name, str) and name.isidentifier() for name in columns)
    return tuple(columns) if fits else None


class _Reader:
    """Reads runs one by one and gathers what is wrong with them."""

    def __init__(
        self,
        file: Path,
        title: str,
        common: dict[Any, Any],
        each: tuple[str, ...],
        folder: Path | None,
    ):
        self.file, self.title, self.common, self.folder = file, title, common, folder
        self.each = each
        self.problems: list[str] = []
        self._names: dict[str, int] = {}
        self._outs: dict[Path, str] = {}
        self._notebooks: dict[Path, tuple[list[parameters.Parameter], str]] = {}
        self._common_taken: set[Any] = set()

    def check_common(self) -> None:
        """Refuse a common parameter that no notebook takes: it is a spelling mistake."""
        known = sorted({one.name for taken, _ in self._notebooks.values() for one in taken})
        for name in self.common:
            if self._notebooks and name not in self._common_taken:
                problem = parameters.find_name_problem(name, known)
                self.problems.append(f"common parameters: {problem or f'{name!r} is never used'}")

    def read_run(self, entry: Any, line: int) -> Run | None:
        if not isinstance(entry, dict):
            self.problems.append(f"line {line}: a run is a mapping with `name` and `notebook`")
            return None
        place = f"line {line}, run {entry.get('name', '(no name)')!r}: "
        found = len(self.problems)
        for problem in self._find_key_problems(entry, line):
            self.problems.append(place + problem)
        path = self._find_notebook(entry.get("notebook"), place)
        if path is None or len(self.problems) > found:
            return None
        run = Run(
            name=entry["name"],
            notebook=path,
            parameters=entry.get("parameters", {}),
            title=entry.get("title", ""),
            batch=self.title,
            line=line,
            defaults={one.name: one.default for one in self._notebooks[path][0]},
            for_each=_read_columns(entry.get("for_each", list(self.each))) or (),
        )
        if run.for_each and "corpus" not in run.defaults:
            self.problems.append(
                f"{place}{path.name} takes no `corpus`, so nothing can be expanded"
            )
        problems, values = self._read_values(run)
        self.problems += [place + problem for problem in problems]
        return replace(run, parameters=values)

    def _find_key_problems(self, entry: dict[Any, Any], line: int) -> Iterator[str]:
        for key in entry:
            if key not in RUN_KEYS:
                yield f"unknown key {key!r}{parameters.suggest(str(key), list(RUN_KEYS))}"
        name = entry.get("name")
        if not isinstance(name, str) or not RUN_NAME.fullmatch(name) or name in TAKEN_NAMES:
            yield (
                "`name` becomes a file name: up to 100 letters a-z, digits, - and _, "
                f"beginning with a letter or digit, and not {TAKEN_NAMES[0]!r}"
            )
        else:
            first = self._names.setdefault(name.casefold(), line)
            if first != line:
                yield f"the name is already used on line {first}"
        if not isinstance(entry.get("title", ""), str):
            yield "`title` is not text; put it in quotes"
        if not isinstance(entry.get("parameters", {}), dict):
            yield "`parameters` is not a mapping of names to values"
        if _read_columns(entry.get("for_each", [])) is None:
            yield NOT_COLUMNS

    def _find_notebook(self, wanted: Any, place: str) -> Path | None:
        if not isinstance(wanted, str) or not wanted:
            self.problems.append(place + "`notebook` is missing")
            return None
        for folder in (self.file.resolve().parent, NOTEBOOKS):
            for name in (wanted, f"{wanted}.ipynb"):
                if os.path.isfile(folder / name):
                    return self._open_notebook(folder / name, place)
        known = [path.stem for path in sorted(NOTEBOOKS.glob("*.ipynb"))]
        nearest = parameters.suggest(Path(wanted).stem, known)
        self.problems.append(f"{place}there is no notebook {wanted!r}{nearest}")
        return None

    def _open_notebook(self, path: Path, place: str) -> Path | None:
        if path not in self._notebooks:
            self._notebooks[path] = _read_notebook(path)
        problem = self._notebooks[path][1]
        if problem:
            self.problems.append(f"{place}{path.name} {problem}")
            return None
        return path

    def _read_values(self, run: Run) -> tuple[list[str], dict[str, Any]]:
        taken = {one.name: one for one in self._notebooks[run.notebook][0]}
        shared = {name: value for name, value in self.common.items() if name in taken}
        self._common_taken.update(shared)
        values = shared | run.parameters
        problems = []
        if values and not taken:
            problems.append(f"{run.notebook.name} has no parameters cell, so it takes none")
        for name, value in values.items() if taken else ():
            problem = parameters.find_name_problem(name, list(taken))
            if not problem:
                problem = parameters.find_value_problem(value, taken[name])
                problem = problem and f"{name}: {problem}"
            if problem:
                problems.append(problem)
        if problems:
            return problems, values
        values = {name: self._place_corpus(name, value) for name, value in values.items()}
        if "out" in taken and self.folder is not None:
            values["out"], problem = self._place_out(run, values.get("out", run.name))
            problems += [problem] if problem else []
        return problems, values

    def _place_corpus(self, name: str, value: Any) -> Any:
        """Read a relative path of a corpus from the batch file's folder; kernels run in DIR."""
        if name not in ("corpus", BEFORE) or not isinstance(value, str) or not value:
            return value
        named = DATA / value
        if os.path.exists(named) and named.resolve().parent == DATA:
            return value
        beside = os.path.join(self.file.resolve().parent, os.path.expanduser(value))
        return os.path.realpath(beside) if os.path.exists(beside) else value

    def _place_out(self, run: Run, out: str) -> tuple[str, str]:
        if out == "":
            return "", ""
        try:
            path = (self.folder / out).resolve()
        except (OSError, ValueError):
            return out, f"out: {out!r} cannot be a folder"
        if self.folder not in path.parents:
            return out, f"out: {out!r} leads out of {self.folder}"
        other = self._outs.setdefault(path, run.name)
        if other != run.name:
            return out, f"out: run {other!r} already writes to {out!r}"
        return str(path), ""


def expand_run(run: Run, found: Sequence[dict[str, str]], folder: Path) -> list[Run]:
    """Make one run for each of the combinations of values found for its `for_each` columns.

    An outlet is given to the parameter `outlets`, a month to `since` and `until`, any other column
    to the parameter of its name or plural. Where the notebook has none, the run is marked to be
    given a part of the tables. `{value}` in the title becomes the value; else it is added.
    """
    runs: list[Run] = []
    names: set[str] = set()
    for values in found:
        said = ", ".join(value or "none" for value in values.values())
        ending = make_slug("-".join(value or "none" for value in values.values()))
        name = stem = f"{run.name[:60]}-{ending}"
        number = 1
        while name.casefold() in names:
            name = f"{stem}-{(number := number + 1)}"
        names.add(name.casefold())
        placed = {column: _place_value(run, column, value) for column, value in values.items()}
        given = {key: one for some in placed.values() for key, one in (some or {}).items()}
        out = run.parameters.get("out")
        if out:
            given["out"] = str(
                folder / name if Path(out) == folder / run.name else Path(out) / name
            )
        title = run.title.replace("{value}", said) if "{value}" in run.title else ""
        runs.append(
            replace(
                run,
                name=name,
                title=title or (f"{run.title}: {said}" if run.title else ""),
                parameters=run.parameters | given,
                for_each=(),
                stands_for=dict(values),
                subset=tuple(column for column, some in placed.items() if some is None),
            )
        )
    return runs


def make_slug(text: str, most: int = 38) -> str:
    """Turn a value into part of a file name: "City Clarion" becomes "city-clarion"."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().casefold()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:most].strip("-") or "other"


def _place_value(run: Run, column: str, value: str) -> dict[str, Any] | None:
    """Return the parameters that select a value, or None when the notebook has none for it."""
    if column == MONTH and {"since", "until"} <= set(run.defaults):
        year, month = int(value[:4]), int(value[5:7])
        last = calendar.monthrange(year, month)[1]
        first, end = f"{value}-01", f"{value}-{last:02}"
        return {
            "since": max(first, run.given("since") or first),
            "until": min(end, run.given("until") or end),
        }
    for name in (f"{column}s", column):
        default = run.defaults.get(name)
        if isinstance(default, list):
            return {name: [value]}
        if isinstance(default, str) and name != "corpus":
            return {name: value}
    return None


def _read_notebook(path: Path) -> tuple[list[parameters.Parameter], str]:
    """Return what the notebook takes, or what is wrong with it."""
    try:
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
    except (nbformat.reader.NotJSONError, nbformat.ValidationError, UnicodeDecodeError):
        return [], "is not a Jupyter notebook"
    except OSError as error:
        return [], f"cannot be read: {error.strerror}"
    language = notebook.metadata.get("kernelspec", {}).get("language", "python")
    if language.lower() != "python":
        return [], f"is written in {language}; only Python notebooks are run"
    try:
        return parameters.read_parameters(notebook), ""
    except (SyntaxError, ValueError) as error:
        return [], f"has a parameters cell that is not plain Python: {error}"
