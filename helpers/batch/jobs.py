"""What a batch is asked to do, read from its file and checked, and what becomes of its runs.

Nothing heavy is imported here or in `pool`: a batch file with a mistake is refused at once, and
what runs need is imported by the process that they are forked from.
"""

from __future__ import annotations

import ast
import difflib
import io
import json
import keyword
import os
import re
import sys
import time
import tokenize
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from helpers.store.paths import DATA, NOTEBOOKS, PROJECT

RECORDS, LOG, RUNNING = ".records", "log.jsonl", ".running-"
CURRENT = "up to date"
PICTURES = ("image/png", "image/jpeg", "application/pdf")
ALIKE = ("title", "parameters", "for_each")  # keys of a batch file and of each run in it
BEFORE, PREVIOUS = "before", "previous"  # `before: previous` compares with the batch before
ROWS_SHOWN = "top"
PLACES = ("codebook", "gold", "codings")  # parameters that name files or folders, and must
RUN_NAME = re.compile(
    r"(?!(?:index|con|prn|aux|nul|(?:com|lpt)\d)$)[a-z0-9][a-z0-9_-]{0,99}", re.I | re.A
)
LARGEST_INT = 2**63 - 1
DEEPEST_VALUE = 20
KIND_WORDS = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "list": "a list",
    "dict": "a mapping",
}
SHARED = "put what runs share under `parameters:` at the top"
NOT_COLUMNS = "`for_each` is a column of articles or a list of columns: outlet, month, section"
NOT_A_NAME = (
    "`name` becomes a file name: up to 100 letters a-z, digits, - and _, beginning with a letter "
    "or digit, and not 'index' or a device of Windows such as 'con'"
)


@dataclass(frozen=True)
class Run:
    """One notebook with one set of parameters."""

    name: str
    notebook: Path
    parameters: dict[str, Any] = field(default_factory=dict)
    title: str = ""
    batch: str = ""  # title of the batch it belongs to
    line: int = 0  # where it stands in the batch file
    defaults: dict[str, Any] = field(default_factory=dict)  # of all its notebook's parameters
    for_each: tuple[str, ...] = ()  # columns of articles: one run for each of their values
    stands_for: dict[str, str] = field(default_factory=dict)  # the value of each of these columns
    subset: tuple[str, ...] = ()  # columns that no parameter takes: it runs on a part of the tables

    def given(self, name: str) -> Any:
        """Return the value that the notebook will have for one of its parameters, or None."""
        return self.parameters.get(name, self.defaults.get(name))


@dataclass(frozen=True)
class Figure:
    """A PNG picture in base64, the sentence that says what it shows, and it drawn anew as HTML."""

    png: str
    alt: str
    small: str = ""  # `small.write`


@dataclass(frozen=True)
class Outcome:
    """What became of one run: finished, failed (`error` says how), or neither (not run)."""

    name: str
    title: str
    notebook: str
    parameters: dict[str, Any] = field(default_factory=dict)
    began: datetime | None = None
    seconds: float = 0.0
    error: str = ""
    finished: bool = False
    kept: bool = False  # whether its notebook and its page were written
    files: list[str] = field(default_factory=list)  # tables and figures, relative to the index
    figure: Figure | None = None
    startup: float = 0.0  # seconds from asking for the run to its first cell
    memory: int = 0  # bytes at the most, of its kernel and what that started
    of: str = ""  # the outlet, month or other value it stands for, when it was expanded
    resumed: bool = False  # whether an earlier batch did it


@dataclass(frozen=True)
class Job:
    """One run with all that the process which does it needs to know."""

    run: Run
    folder: Path
    scratch: Path
    seconds: float  # that it may take
    memory: int  # bytes that its kernel may hold
    fingerprint: dict[str, str]
    links: dict[str, str]
    tables: str = ""  # folder of the corpus's tables, when they could be built
    warm: bool = True
    asked: float = 0.0  # when, in seconds since 1970


def not_run(run: Run, folder: Path) -> Outcome:
    """Return the outcome of a run that has not been run; it names no folder of this machine."""
    return Outcome(
        name=run.name,
        title=run.title,
        notebook=run.notebook.name,
        parameters=hide_folders(run.parameters, run, folder),
        of=", ".join(run.stands_for.values()),
    )


def failed(job: Job, error: str) -> Outcome:
    """Return the outcome of a run that failed just now, before it could tell of itself."""
    began = datetime.fromtimestamp(job.asked).astimezone()
    known = not_run(job.run, job.folder)
    error = hide_folders(error, job.run, job.folder)
    return replace(known, error=error, began=began, seconds=time.time() - job.asked)


def hide_folders(value: Any, run: Run, folder: Path) -> Any:
    """Return a value, or what a run left, with no path from the root of this machine in it.

    Paths below the reports, the project, the working folder, the home folder, this Python and
    the folders of the run's parameters are shown from there; pictures are left as they are.
    """
    named = [value for value in run.parameters.values() if isinstance(value, str)]
    parents = {Path(path).parent for path in named if os.path.isabs(path)}
    roots = {parent for parent in parents if folder not in parent.parents}
    roots |= {folder, PROJECT, Path.cwd(), Path(os.path.expanduser("~")), Path(sys.prefix)}
    roots |= {run.notebook.parent, *(root.resolve() for root in roots)}
    known = {str(root): root.name for root in roots if root.is_absolute() and root.name}
    ordered = "|".join(map(re.escape, sorted(known, key=len, reverse=True)))
    pattern = re.compile(rf"(^|[^\w.~-]|\x1b\[[\d;]{{0,12}}m)({ordered})(?:([/\\])|(?![\w.-]))")

    def hide(value: Any) -> Any:
        if isinstance(value, str):
            return pattern.sub(lambda at: at[1] + ("" if at[3] else known[at[2]]), value)
        if isinstance(value, list):
            return [hide(item) for item in value]
        if isinstance(value, dict):
            hidden = {k: one if str(k) in PICTURES else hide(one) for k, one in value.items()}
            return type(value)(hidden)
        return value

    return hide(value)


# -------------------------------------------------------------------------------- the batch file


class BatchError(ValueError):
    """A batch that cannot be run; the message lists everything that is wrong with its file."""

    def __init__(self, file: str | Path, problems: list[str]):
        super().__init__(file, problems)

    def __str__(self) -> str:
        return "\n".join([f"{self.args[0]} was refused, nothing was run:", *self.args[1]])


class _Loader(yaml.SafeLoader):
    """Safe YAML, and stricter: no tags, aliases, merges or doubled keys; a date stays text."""

    yaml_implicit_resolvers = {
        first: [pair for pair in pairs if not pair[0].endswith(":timestamp")]
        for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event = self.peek_event()
        if isinstance(event, yaml.AliasEvent):
            _refuse(event, f"the alias *{event.anchor} is not read; {SHARED}")
        if getattr(event, "tag", None) is not None:
            _refuse(event, f"the tag {event.tag!r} is not read; only plain values are")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                _refuse(key, "a key is one word, not a list or a mapping; put it in quotes")
            if key.tag == "tag:yaml.org,2002:merge":
                _refuse(key, f"the merge << is not read; {SHARED}")
            if (key.tag, key.value) in seen:
                _refuse(key, f"{key.value!r} is written twice")
            seen.add((key.tag, key.value))
        return super().construct_mapping(node, deep)


def _refuse(at: yaml.Node | yaml.Event, problem: str) -> None:
    raise yaml.MarkedYAMLError(problem=problem, problem_mark=at.start_mark)


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

    The file, looked for in the project too, is a YAML list of runs (name, notebook, parameters,
    for_each, title), or a mapping with `runs` and, if wanted, `title`, common `parameters`, given
    to each notebook that takes them, and a common `for_each` (see `plan.expand_run`). Notebooks are
    looked for beside the file, then in the project's; relative paths in parameters also in the
    working folder. With `out`, each notebook that has an `out` parameter is told to write to
    `<out>/<run name>`, or to the folder below `<out>` that the run names. Nothing is run and
    nothing is written.

    Raises BatchError with every problem, each with its line.
    """
    file = Path(file)
    file = file if file.exists() or not (PROJECT / file).exists() else PROJECT / file
    document, lines = _load_yaml(file)
    if isinstance(document, list):
        document = {"runs": document}
    if not isinstance(document, dict):
        raise BatchError(file, ["expected a list of runs, or a mapping with `runs`"])
    problems = list(_find_misfits(document, [*ALIKE, "runs"]))
    entries = document.get("runs")
    entries = entries if isinstance(entries, list) else []
    if not entries:
        problems.append("there are no runs: `runs` must be a list with at least one run")
    if problems:
        raise BatchError(file, problems)
    checker = _Checker(file, document, None if out is None else Path(out).resolve())
    runs = [checker.read_run(entry, line) for entry, line in zip(entries, lines, strict=True)]
    checker.check_common()
    if checker.problems:
        raise BatchError(file, checker.problems)
    return [run for run in runs if run is not None]


def _find_misfits(written: dict[Any, Any], known: list[str]) -> Iterator[str]:
    """Say what is wrong with the keys of a batch file, or of a run in it."""
    for key in written:
        if key not in known:
            yield f"unknown key {key!r}{_suggest(str(key), known)}"
    if not isinstance(written.get("title", ""), str):
        yield "`title` is not text; put it in quotes"
    if not isinstance(written.get("parameters", {}), dict):
        yield "`parameters` is not a mapping of names to values"
    if _read_columns(written.get("for_each", [])) is None:
        yield NOT_COLUMNS


def _read_columns(written: Any) -> tuple[str, ...] | None:
    """Return the columns of a `for_each`, or None when it names none."""
    columns = [written] if isinstance(written, str) else written
    if not isinstance(columns, list) or len(set(map(str, columns))) < len(columns):
        return None
    fits = all(isinstance(name, str) and name.isidentifier() for name in columns)
    return tuple(columns) if fits else None


class _Checker:
    """Reads runs one by one and gathers what is wrong with them."""

    def __init__(self, file: Path, document: dict[str, Any], folder: Path | None):
        self.file, self.folder = file, folder
        self.title = document.get("title", file.stem.replace("_", " ").capitalize())
        self.common = document.get("parameters", {})
        self.each = document.get("for_each", [])
        self.problems: list[str] = []
        self._names: dict[str, int] = {}
        self._outs: dict[Path, str] = {}
        self._notebooks: dict[Path, tuple[dict[str, Parameter], str]] = {}

    def check_common(self) -> None:
        """Refuse a common parameter that no notebook takes: it is a spelling mistake."""
        known = sorted({name for taken, _ in self._notebooks.values() for name in taken})
        for name in self.common if self._notebooks else ():
            if problem := find_name_problem(name, known):
                self.problems.append(f"common parameters: {problem}")

    def read_run(self, entry: Any, line: int) -> Run | None:
        if not isinstance(entry, dict):
            self.problems.append(f"line {line}: a run is a mapping with `name` and `notebook`")
            return None
        place = f"line {line}, run {entry.get('name', '(no name)')!r}: "
        problems = [*_find_misfits(entry, [*ALIKE, "name", "notebook"])]
        problems += self._find_name_problems(entry.get("name"), line)
        path, problem = self._find_notebook(entry.get("notebook"))
        problems += [problem] if problem else []
        run = None
        if not problems:
            run = Run(
                name=entry["name"],
                notebook=path,
                parameters=entry.get("parameters", {}),
                title=entry.get("title", ""),
                batch=self.title,
                line=line,
                defaults={key: one.default for key, one in self._notebooks[path][0].items()},
                for_each=_read_columns(entry.get("for_each", self.each)) or (),
            )
            if run.for_each and "corpus" not in run.defaults:
                problems.append(f"{path.name} takes no `corpus`, so nothing can be expanded")
            wrong, values = self._read_values(run)
            problems += wrong
            run = replace(run, parameters=values)
        self.problems += [place + problem for problem in problems]
        return run

    def _find_name_problems(self, name: Any, line: int) -> Iterator[str]:
        if not isinstance(name, str) or not RUN_NAME.fullmatch(name):
            yield NOT_A_NAME
        elif (first := self._names.setdefault(name.casefold(), line)) != line:
            yield f"the name is already used on line {first}"

    def _find_notebook(self, wanted: Any) -> tuple[Path, str]:
        """Return the notebook that is meant and what is wrong with it."""
        if not isinstance(wanted, str) or not wanted:
            return Path(), "`notebook` is missing"
        for folder in (self.file.resolve().parent, NOTEBOOKS):
            for path in (folder / wanted, folder / f"{wanted}.ipynb"):
                if os.path.isfile(path):
                    if path not in self._notebooks:
                        self._notebooks[path] = _read_notebook(path)
                    problem = self._notebooks[path][1]
                    return path, problem and f"{path.name} {problem}"
        known = [path.stem for path in sorted(NOTEBOOKS.glob("*.ipynb"))]
        return Path(), f"there is no notebook {wanted!r}{_suggest(Path(wanted).stem, known)}"

    def _read_values(self, run: Run) -> tuple[list[str], dict[str, Any]]:
        """Return what is wrong with the parameters of a run, and their values."""
        taken = self._notebooks[run.notebook][0]
        shared = {name: value for name, value in self.common.items() if name in taken}
        values = shared | run.parameters
        if values and not taken:
            return [f"{run.notebook.name} has no parameters cell, so it takes none"], values
        problems = []
        for name, value in values.items():
            problem = find_name_problem(name, list(taken))
            if not problem and (problem := find_value_problem(value, taken[name])):
                problem = f"{name}: {problem}"
            problems.append(problem)
        if not any(problems):
            for name, value in values.items():
                values[name], problem = self._find_place(name, value)
                problems.append(problem)
            if "out" in taken and self.folder is not None:
                out = values.get("out", run.name)
                values["out"], problem = self._place_out(self.folder, run, out)
                problems.append(problem)
        return [problem for problem in problems if problem], values

    def _find_place(self, name: str, value: Any) -> tuple[Any, str]:
        """Make a relative path whole, since kernels run in the folder of the reports.

        What a corpus or an earlier build is may be no path, and is left as it is.
        """
        if name in PLACES and isinstance(value, list):
            placed = [self._find_place(name, item) for item in value]
            return [path for path, _ in placed], "; ".join(filter(None, (p for _, p in placed)))
        if name not in ("corpus", BEFORE, *PLACES) or not isinstance(value, str) or not value:
            return value, ""
        named = DATA / value
        if (name, value) == (BEFORE, PREVIOUS) or (
            name == "corpus" and os.path.exists(named) and named.resolve().parent == DATA
        ):
            return value, ""
        for folder in (self.file.resolve().parent, Path.cwd(), PROJECT):
            path = os.path.join(folder, os.path.expanduser(value))
            if os.path.exists(path):
                return os.path.realpath(path), ""
        if name not in PLACES:
            return value, ""
        where = "beside the batch file, in the working folder or in the project"
        return value, f"{name}: there is no {value!r} {where}"

    def _place_out(self, folder: Path, run: Run, out: str) -> tuple[str, str]:
        if out == "":
            return "", ""
        try:
            path = (folder / out).resolve()
        except (OSError, ValueError):
            return out, f"out: {out!r} cannot be a folder"
        if folder not in path.parents:
            return out, f"out: {out!r} leads out of {folder}"
        other = self._outs.setdefault(path, run.name)
        if other != run.name:
            return out, f"out: run {other!r} already writes to {out!r}"
        return str(path), ""


def _read_notebook(path: Path) -> tuple[dict[str, Parameter], str]:
    """Return what the notebook takes, or what is wrong with it."""
    try:
        notebook = json.loads(path.read_bytes())
        if notebook["nbformat"] < 4:
            return {}, "is of an old format: open it in JupyterLab and save it"
        language = notebook["metadata"].get("kernelspec", {}).get("language", "python")
        if language.lower() != "python":
            return {}, f"is written in {language}; only Python notebooks are run"
        return read_parameters(notebook), ""
    except OSError as error:
        return {}, f"cannot be read: {error.strerror}"
    except SyntaxError as error:
        return {}, f"has a parameters cell that is not plain Python: {error}"
    except (ValueError, LookupError, TypeError, AttributeError):
        return {}, "is not a Jupyter notebook"


# ------------------------------------------------------------------------------------ parameters


@dataclass(frozen=True)
class Parameter:
    """One name assigned in a parameters cell, with its annotation, default and comment."""

    name: str
    annotation: ast.expr | None
    default: Any
    help: str


def read_parameters(notebook: Mapping[str, Any]) -> dict[str, Parameter]:
    """Return the parameters of a notebook by name, in the order written.

    Those are the names assigned in the first code cell with the tag `parameters`. The cell is
    parsed as Python, not matched line by line as papermill's `inspect_notebook` does, which loses
    every name whose annotation holds `|` or whose value holds a second `=`. Raises SyntaxError
    when the cell is not plain Python.
    """
    sources = (
        "".join(cell["source"])
        for cell in notebook["cells"]
        if cell["cell_type"] == "code" and "parameters" in cell["metadata"].get("tags", [])
    )
    source = next(sources, "")
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    comments = {
        token.start[0]: token.string.lstrip("# ").strip()
        for token in tokens
        if token.type == tokenize.COMMENT
    }
    found = {}
    for node in ast.parse(source).body:
        if not isinstance(node, ast.Assign | ast.AnnAssign):
            continue
        default = _read_default(node.value, source)
        note = comments.get(node.end_lineno or node.lineno, "")
        kind = getattr(node, "annotation", None)
        if isinstance(kind, ast.Constant) and isinstance(kind.value, str):
            kind = ast.parse(kind.value, mode="eval").body
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            if isinstance(target, ast.Name):
                found[target.id] = Parameter(target.id, kind, default, note)
    return found


def _read_default(value: ast.expr | None, source: str) -> Any:
    if value is None:
        return None
    try:
        return ast.literal_eval(value)
    except ValueError:
        return ast.get_source_segment(source, value)


def find_name_problem(name: Any, known: list[str]) -> str:
    """Say why `name` cannot be the name of a parameter that is one of `known`; "" when it can."""
    if not isinstance(name, str) or not name.isidentifier() or keyword.iskeyword(name):
        return f"{name!r} cannot be the name of a parameter"
    if name in known:
        return ""
    return f"there is no parameter {name!r}{_suggest(name, known)}"


def _suggest(name: str, known: list[str]) -> str:
    """Return "; did you mean …?" with the nearest known name, or else the list of names."""
    nearest = difflib.get_close_matches(name, known, n=1)
    if nearest:
        return f"; did you mean {nearest[0]!r}?"
    return f"; there is: {', '.join(known)}" if known else "; there is none"


def find_value_problem(value: Any, parameter: Parameter) -> str:
    """Say why `value` cannot be given to `parameter`; "" when it can."""
    if problem := _find_unplain(value):
        return problem
    annotation, default = parameter.annotation, parameter.default
    if annotation is None and type(default).__name__ in KIND_WORDS:
        annotation = ast.Name(id=type(default).__name__)
    least = 1 if parameter.name == ROWS_SHOWN else 0
    if type(default) is type(value) is int and value < least <= default:
        return f"expected a whole number of {least} or more, not {value}"
    if annotation is None or _fits(value, annotation):
        return ""
    kind = type(value).__name__
    shown = str(value).lower() if kind == "bool" else repr(value)
    shown = shown if len(shown) <= 60 else shown[:60] + "…"
    expected, hint = _say_kind(annotation), _hint(kind, ast.unparse(annotation))
    return f"expected {expected}, not {KIND_WORDS[kind]} ({shown}){hint}"


def _find_unplain(value: Any, depth: int = 0) -> str:
    """Only values that papermill writes into the notebook exactly as they are."""
    if depth > DEEPEST_VALUE:
        return f"nested deeper than {DEEPEST_VALUE} levels"
    if value is None:
        return 'no value given; leave the line out to use the default, or write "" or []'
    kind = type(value)
    if kind is str:
        return "" if _is_unicode(value) else "holds a lone surrogate, which no file can store"
    if kind is int:
        return "" if -LARGEST_INT - 1 <= value <= LARGEST_INT else "is too large a number"
    if kind is dict:
        odd = [key for key in value if type(key) is not str or not _is_unicode(key)]
        if odd:
            return f"the key {odd[0]!r} is not text; put it in quotes"
    if kind in (list, dict):
        inside = value if kind is list else value.values()
        return next(filter(None, (_find_unplain(item, depth + 1) for item in inside)), "")
    if kind in (bool, float):
        return ""
    return f"a {kind.__name__} cannot be passed; use text, numbers, true, false, lists"


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= sign <= "\udfff" for sign in text)


def _fits(value: Any, annotation: ast.expr) -> bool:
    """Whether a plain value fits an annotation; an annotation not known here fits everything."""
    match annotation:
        case ast.Name(id="float"):
            return type(value) in (int, float)
        case ast.Name(id=kind) if kind in KIND_WORDS:
            return type(value).__name__ == kind
        case ast.Subscript(value=ast.Name(id="list"), slice=item):
            return isinstance(value, list) and all(_fits(one, item) for one in value)
        case ast.Subscript(value=ast.Name(id="dict"), slice=ast.Tuple(elts=[_, item])):
            return isinstance(value, dict) and all(_fits(one, item) for one in value.values())
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return _fits(value, left) or _fits(value, right)
        case ast.Constant(value=None):
            return value is None
    return True


def _say_kind(annotation: ast.expr) -> str:
    written = ast.unparse(annotation)
    item = written.removeprefix("list[").removesuffix("]")
    if item != written and item in KIND_WORDS:
        return f"a list of which each item is {KIND_WORDS[item]}"
    return KIND_WORDS.get(written, written)


def _hint(kind: str, wanted: str) -> str:
    if wanted == "str" and kind not in ("list", "dict"):
        return "; put it in quotes"
    if wanted in ("int", "float", "bool") and kind == "str":
        return "; write it without quotes, numbers as 10 or 0.5, truth as true or false"
    if wanted.startswith("list") and kind not in ("list", "dict"):
        return "; write a list: [one, two]"
    return ""
