"""Batch files: runs read from YAML and checked against their notebooks before anything is run.

Nothing heavy is imported: a batch file with a mistake is refused at once.
"""

from __future__ import annotations

import ast
import difflib
import io
import json
import keyword
import os
import re
import tokenize
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from helpers.batch.jobs import Run
from helpers.store.paths import DATA, NOTEBOOKS, PROJECT

BATCH_KEYS = ["title", "parameters", "for_each", "runs"]
RUN_KEYS = ["name", "notebook", "parameters", "for_each", "title"]
BEFORE, PREVIOUS = "before", "previous"  # `before: previous` compares with the batch before
PLACES = ("codebook", "gold", "codings")  # parameters that name files or folders, and must
RUN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
TAKEN_NAMES = re.compile(r"index|con|prn|aux|nul|(?:com|lpt)\d", re.IGNORECASE)  # by us, by Windows
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


SHARED = "put what runs share under `parameters:` at the top"


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

    The file is a YAML list of runs (name, notebook, parameters, for_each, title), or a mapping
    with `runs` and, if wanted, `title`, common `parameters`, given to each notebook that takes
    them, and a common `for_each`. A run with `for_each` stands for as many runs as its columns
    have values: `plan.expand_run` makes them. A notebook is looked for beside the file, then in the
    project's notebooks. A relative path of a corpus, an earlier build, a codebook, gold or codings
    is looked for beside the file, then in the working folder, then in the project. With `out`,
    each notebook that has an `out` parameter is told to write to `<out>/<run name>`, or to the
    folder below `<out>` that the run names. Nothing is run and nothing is written.

    Raises BatchError with every problem, each with its line.
    """
    file = Path(file)
    document, lines = _load_yaml(file)
    title, common, each, entries = _split_document(file, document)
    reader = _Checker(file, title, common, each, None if out is None else Path(out).resolve())
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
    problems = list(_find_unknown(document, BATCH_KEYS))
    title = document.get("title", file.stem.replace("_", " ").capitalize())
    common = document.get("parameters", {})
    each = _read_columns(document.get("for_each", []))
    entries: Any = document.get("runs")
    if each is None:
        each = ()
        problems.append(NOT_COLUMNS)
    if not isinstance(title, str):
        problems.append("`title` is not text")
    if not isinstance(common, dict):
        problems.append("`parameters` is not a mapping of names to values")
    if not isinstance(entries, list) or not entries:
        problems.append("there are no runs: `runs` must be a list with at least one run")
    if problems or each is None or entries is None:
        raise BatchError(file, problems)
    return title, common, each, entries


def _find_unknown(written: dict[Any, Any], known: list[str]) -> Iterator[str]:
    for key in written:
        if key not in known:
            yield f"unknown key {key!r}{_suggest(str(key), known)}"


NOT_COLUMNS = "`for_each` is a column of articles or a list of columns: outlet, month, section"


def _read_columns(written: Any) -> tuple[str, ...] | None:
    """Return the columns of a `for_each`, or None when it names none."""
    columns = [written] if isinstance(written, str) else written
    if not isinstance(columns, list) or len(set(map(str, columns))) < len(columns):
        return None
    fits = all(isinstance(name, str) and name.isidentifier() for name in columns)
    return tuple(columns) if fits else None


@dataclass
class _Checker:
    """Reads runs one by one and gathers what is wrong with them."""

    file: Path
    title: str
    common: dict[Any, Any]
    each: tuple[str, ...]
    folder: Path | None

    def __post_init__(self) -> None:
        self.problems: list[str] = []
        self._names: dict[str, int] = {}
        self._outs: dict[Path, str] = {}
        self._notebooks: dict[Path, tuple[list[Parameter], str]] = {}
        self._common_taken: set[Any] = set()

    def check_common(self) -> None:
        """Refuse a common parameter that no notebook takes: it is a spelling mistake."""
        known = sorted({one.name for taken, _ in self._notebooks.values() for one in taken})
        for name in self.common:
            if self._notebooks and name not in self._common_taken:
                problem = find_name_problem(name, known)
                self.problems.append(f"common parameters: {problem or f'{name!r} is never used'}")

    def read_run(self, entry: Any, line: int) -> Run | None:
        if not isinstance(entry, dict):
            self.problems.append(f"line {line}: a run is a mapping with `name` and `notebook`")
            return None
        place = f"line {line}, run {entry.get('name', '(no name)')!r}: "
        problems = list(self._find_key_problems(entry, line))
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
                defaults={one.name: one.default for one in self._notebooks[path][0]},
                for_each=_read_columns(entry.get("for_each", list(self.each))) or (),
            )
            if run.for_each and "corpus" not in run.defaults:
                problems.append(f"{path.name} takes no `corpus`, so nothing can be expanded")
            wrong, values = self._read_values(run)
            problems += wrong
            run = replace(run, parameters=values)
        self.problems += [place + problem for problem in problems]
        return run

    def _find_key_problems(self, entry: dict[Any, Any], line: int) -> Iterator[str]:
        yield from _find_unknown(entry, RUN_KEYS)
        named = entry["name"] if isinstance(entry.get("name"), str) else ""
        if not RUN_NAME.fullmatch(named) or TAKEN_NAMES.fullmatch(named):
            yield (
                "`name` becomes a file name: up to 100 letters a-z, digits, - and _, beginning "
                "with a letter or digit, and not 'index' or a device of Windows such as 'con'"
            )
        elif (first := self._names.setdefault(named.casefold(), line)) != line:
            yield f"the name is already used on line {first}"
        if not isinstance(entry.get("title", ""), str):
            yield "`title` is not text; put it in quotes"
        if not isinstance(entry.get("parameters", {}), dict):
            yield "`parameters` is not a mapping of names to values"
        if _read_columns(entry.get("for_each", [])) is None:
            yield NOT_COLUMNS

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
        taken = {one.name: one for one in self._notebooks[run.notebook][0]}
        shared = {name: value for name, value in self.common.items() if name in taken}
        self._common_taken.update(shared)
        values = shared | run.parameters
        problems = []
        if values and not taken:
            problems.append(f"{run.notebook.name} has no parameters cell, so it takes none")
        for name, value in values.items() if taken else ():
            problem = find_name_problem(name, list(taken))
            if not problem:
                problem = find_value_problem(value, taken[name])
                problem = problem and f"{name}: {problem}"
            if problem:
                problems.append(problem)
        if problems:
            return problems, values
        for name, value in values.items():
            values[name], problem = self._find_place(name, value)
            problems += [problem] if problem else []
        if "out" in taken and self.folder is not None:
            values["out"], problem = self._place_out(self.folder, run, values.get("out", run.name))
            problems += [problem] if problem else []
        return problems, values

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


def _read_notebook(path: Path) -> tuple[list[Parameter], str]:
    """Return what the notebook takes, or what is wrong with it."""
    try:
        notebook = json.loads(path.read_bytes())
        if notebook["nbformat"] < 4:
            return [], "is of an old format: open it in JupyterLab and save it"
        language = notebook["metadata"].get("kernelspec", {}).get("language", "python")
        if language.lower() != "python":
            return [], f"is written in {language}; only Python notebooks are run"
        return read_parameters(notebook), ""
    except OSError as error:
        return [], f"cannot be read: {error.strerror}"
    except SyntaxError as error:
        return [], f"has a parameters cell that is not plain Python: {error}"
    except (ValueError, LookupError, TypeError, AttributeError):
        return [], "is not a Jupyter notebook"


# ------------------------------------------------------------------------------------ parameters


@dataclass(frozen=True)
class Parameter:
    """One name assigned in a parameters cell, with its annotation, default and comment."""

    name: str
    annotation: ast.expr | None
    default: Any
    help: str


def read_parameters(notebook: Mapping[str, Any]) -> list[Parameter]:
    """List the parameters of a notebook in the order written.

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
    comments = _read_comments(source)
    found = {}
    for node in ast.parse(source).body:
        targets: list[ast.expr] = []
        annotation = None
        if isinstance(node, ast.AnnAssign):
            targets, annotation = [node.target], _unquote(node.annotation)
        elif isinstance(node, ast.Assign):
            targets = node.targets
        else:
            continue
        default = _read_default(node.value, source)
        note = comments.get(node.end_lineno or node.lineno, "")
        for target in targets:
            if isinstance(target, ast.Name):
                found[target.id] = Parameter(target.id, annotation, default, note)
    return list(found.values())


def _unquote(annotation: ast.expr) -> ast.expr:
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        return ast.parse(annotation.value, mode="eval").body
    return annotation


def _read_comments(source: str) -> dict[int, str]:
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {
        token.start[0]: token.string.lstrip("# ").strip()
        for token in tokens
        if token.type == tokenize.COMMENT
    }


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
    problem = _find_unplain(value)
    if problem:
        return problem
    annotation = parameter.annotation
    if annotation is None and type(parameter.default).__name__ in KIND_WORDS:
        annotation = ast.Name(id=type(parameter.default).__name__)
    counts = type(parameter.default) is int and parameter.default >= 0
    if counts and type(value) is int and value < 0:
        return f"expected a whole number of 0 or more, not {value}"
    if annotation is None or _fits(value, annotation):
        return ""
    return f"expected {_say_kind(annotation)}, not {_show(value)}{_hint(value, annotation)}"


def _find_unplain(value: Any, depth: int = 0) -> str:
    """Only values that papermill writes into the notebook exactly as they are."""
    if depth > DEEPEST_VALUE:
        return f"nested deeper than {DEEPEST_VALUE} levels"
    if value is None:
        return 'no value given; leave the line out to use the default, or write "" or []'
    if type(value) is str:
        return "" if _is_unicode(value) else "holds a lone surrogate, which no file can store"
    if type(value) is int:
        return "" if -LARGEST_INT - 1 <= value <= LARGEST_INT else "is too large a number"
    if type(value) in (bool, float):
        return ""
    if type(value) is dict:
        odd = [key for key in value if type(key) is not str or not _is_unicode(key)]
        if odd:
            return f"the key {odd[0]!r} is not text; put it in quotes"
        value = list(value.values())
    if type(value) is list:
        return next(filter(None, (_find_unplain(item, depth + 1) for item in value)), "")
    return f"a {type(value).__name__} cannot be passed; use text, numbers, true, false, lists"


def _is_unicode(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


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
    match annotation:
        case ast.Name(id=kind) if kind in KIND_WORDS:
            return KIND_WORDS[kind]
        case ast.Subscript(value=ast.Name(id="list"), slice=ast.Name(id=kind)) if (
            kind in KIND_WORDS
        ):
            return f"a list of which each item is {KIND_WORDS[kind]}"
    return ast.unparse(annotation)


def _show(value: Any) -> str:
    kind = type(value).__name__
    shown = {True: "true", False: "false"}[value] if kind == "bool" else repr(value)
    return f"{KIND_WORDS[kind]} ({shown if len(shown) <= 60 else shown[:60] + '…'})"


def _hint(value: Any, annotation: ast.expr) -> str:
    wanted = ast.unparse(annotation)
    if wanted == "str" and not isinstance(value, list | dict):
        return "; put it in quotes"
    if wanted in ("int", "float", "bool") and isinstance(value, str):
        return "; write it without quotes, numbers as 10 or 0.5, truth as true or false"
    if wanted.startswith("list") and not isinstance(value, list | dict):
        return "; write a list: [one, two]"
    return ""
