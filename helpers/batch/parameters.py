"""Notebook parameters: which ones a parameters cell takes, and whether a value fits."""

from __future__ import annotations

import ast
import difflib
import io
import keyword
import tokenize
from dataclasses import dataclass
from typing import Any

from nbformat import NotebookNode

LARGEST_INT = 2**63 - 1
DEEPEST_VALUE = 20
PLAIN_KINDS = ("str", "int", "float", "bool", "list", "dict")
KIND_WORDS = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "list": "a list",
    "dict": "a mapping",
}


@dataclass(frozen=True)
class Parameter:
    """One name assigned in a parameters cell, with its annotation, default and comment."""

    name: str
    annotation: ast.expr | None
    default: Any
    help: str


def parameters_cell(notebook: NotebookNode) -> NotebookNode | None:
    """Return the first code cell tagged `parameters`, or None."""
    tagged = (
        cell
        for cell in notebook.cells
        if cell.cell_type == "code" and "parameters" in cell.metadata.get("tags", [])
    )
    return next(tagged, None)


def read_parameters(notebook: NotebookNode) -> list[Parameter]:
    """List the parameters of a notebook in the order written.

    The cell is parsed as Python, not matched line by line as papermill's `inspect_notebook`
    does, which loses every name whose annotation holds `|` or whose value holds a second `=`.
    Raises SyntaxError when the cell is not plain Python.
    """
    cell = parameters_cell(notebook)
    if cell is None:
        return []
    comments = _read_comments(cell.source)
    found = {}
    for node in ast.parse(cell.source).body:
        if isinstance(node, ast.AnnAssign):
            targets, annotation = [node.target], _unquote(node.annotation)
        elif isinstance(node, ast.Assign):
            targets, annotation = node.targets, None
        else:
            continue
        default = _read_default(node.value, cell.source)
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
    return f"there is no parameter {name!r}{suggest(name, known)}"


def suggest(name: str, known: list[str]) -> str:
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
    if annotation is None and type(parameter.default).__name__ in PLAIN_KINDS:
        annotation = ast.Name(id=type(parameter.default).__name__)
    if annotation is None or _fits(value, annotation):
        return ""
    return f"expected {_describe(annotation)}, not {_show(value)}{_hint(value, annotation)}"


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
        case ast.Name(id=kind) if kind in PLAIN_KINDS:
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


def _describe(annotation: ast.expr) -> str:
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
