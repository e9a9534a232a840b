"""Small notebooks for tests, written cell by cell."""

from __future__ import annotations

from pathlib import Path

import nbformat
from nbformat import NotebookNode

PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPj/HwADBwIAMCbHYQAAAABJRU5ErkJg"
    "gg=="
)
PARAMETERS = """
corpus: str = "sample"  # name under data/ or path to articles
outlets: list[str] = []  # outlets to keep; empty for all
top: int = 10  # rows to show
level: float = 0.95  # of the intervals
captions: bool = False  # count captions too
speaker: str = ""  # whose words are opened
out: str = ""  # folder for tables and figures; empty writes nothing
""".strip()


def text(source: str) -> NotebookNode:
    return nbformat.v4.new_markdown_cell(source)


def code(source: str, *tags: str, outputs: list[NotebookNode] | None = None) -> NotebookNode:
    return nbformat.v4.new_code_cell(
        source, metadata={"tags": list(tags)}, outputs=outputs or [], execution_count=None
    )


def shown(alt: str | None = "Dot chart: Mara Quill leads.", **data: str) -> NotebookNode:
    """One displayed output; by default a picture with its alt sentence."""
    data = data or {"image/png": PIXEL}
    metadata = {} if alt is None else {"image/png": {"alt": alt}}
    return nbformat.v4.new_output("display_data", data=data, metadata=metadata)


def notebook(*cells: NotebookNode) -> NotebookNode:
    return nbformat.v4.new_notebook(cells=list(cells))


def write(path: Path, *cells: NotebookNode) -> Path:
    nbformat.write(notebook(*cells), path)
    return path
