"""Records from tables: JSON, JSON Lines, CSV, TSV, XLSX, Parquet; one record may be an article."""

from __future__ import annotations

import csv
import io
import json
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any, BinaryIO, NamedTuple

from helpers.read.archives import refuse_bomb
from helpers.read.documents import Unreadable
from helpers.read.encodings import Encoding, decode, find_encoding

SNIFFED = 1 << 16
ROWS_AT_ONCE = 500
WRAPPERS = ("articles", "items", "records", "results", "docs", "documents", "data", "entries")


class Row(NamedTuple):
    """One row of a table, counted from 1; `record` is None when it gives no article."""

    number: int
    record: dict[str, Any] | None
    problem: str = ""
    step: str = "read"


# ------------------------------------------------------------------------------------- tables


def read_json(stream: BinaryIO) -> Iterator[Row]:
    """Read the records of a JSON file: a list, an object that holds one list, or one record."""
    text, encoding = decode(stream.read())
    yield from _assumption(encoding)
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"it is not JSON ({error}); export it again") from error
    for number, record in enumerate(_records(content), 1):
        yield _json_row(number, record)


def _records(content: Any) -> list[Any]:
    if isinstance(content, list):
        return content
    if isinstance(content, dict):
        lists = [value for value in content.values() if isinstance(value, list)]
        named = [content[name] for name in WRAPPERS if isinstance(content.get(name), list)]
        found = named[0] if named else lists[0] if len(lists) == len(content) == 1 else None
        if found and all(isinstance(record, dict) for record in found):
            return found
    return [content]


def read_json_lines(stream: BinaryIO) -> Iterator[Row]:
    """Read one JSON record a line; a damaged line is a row with a problem."""
    text, encoding = _text_of(stream)
    with text:
        yield from _assumption(encoding)
        for number, line in enumerate(text, 1):
            if not line.strip():
                continue
            try:
                record = json.loads(line)
            except (ValueError, RecursionError) as error:
                yield Row(number, None, f"the line is not JSON ({error}); export it again")
            else:
                yield _json_row(number, record)


def _json_row(number: int, record: Any) -> Row:
    if isinstance(record, dict):
        return Row(number, record)
    return Row(number, None, f"it is a {type(record).__name__}, not a record with named fields")


def read_csv(stream: BinaryIO) -> Iterator[Row]:
    """Read a table of separated values; the first row names the columns."""
    csv.field_size_limit(sys.maxsize)
    text, encoding = _text_of(stream)
    with text:
        yield from _assumption(encoding)
        start = text.read(SNIFFED)
        text.seek(0)
        lines = _QuoteCounter(text)
        reader = csv.reader(lines, delimiter=_delimiter(start))
        try:
            header = _unique_names(next(filter(any, reader), []))
            for number, cells in enumerate(filter(any, reader), 1):
                yield _csv_row(number, header, cells)
        except csv.Error as error:
            raise Unreadable(f"the table breaks off at line {reader.line_num}: {error}") from error
        if lines.quotes % 2:
            problem = (
                "the table has an odd number of quotation marks, so a cell is not closed and may "
                f"have swallowed rows; look for it from line {lines.odd_since}"
            )
            yield Row(0, None, problem)


class _QuoteCounter:
    """Passes lines on and counts their quotation marks, which pair up in a sound table."""

    def __init__(self, lines: Iterable[str]):
        self.lines = lines
        self.quotes = 0
        self.odd_since = 0

    def __iter__(self) -> Iterator[str]:
        for number, line in enumerate(self.lines, 1):
            marks = line.count('"')
            if marks % 2 and self.quotes % 2 == 0:
                self.odd_since = number
            self.quotes += marks
            yield line


def _csv_row(number: int, header: list[str], cells: list[str]) -> Row:
    record: dict[str, Any] = dict(zip(header, cells, strict=False))
    record |= dict.fromkeys(header[len(cells) :], "")
    if len(cells) <= len(header):
        return Row(number, record)
    problem = (
        f"the row has {len(cells)} cells and the header {len(header)}; a cell may be cut at a "
        "separator that should stand in quotation marks"
    )
    return Row(number, record | {"(cells too many)": cells[len(header) :]}, problem)


def _delimiter(start: str) -> str:
    """Find the separator that cuts the first rows into the most cells, equally many in each."""
    best = (0.0, 0, ",")
    for delimiter in ",;\t|":
        rows = list(csv.reader(io.StringIO(start, newline=""), delimiter=delimiter))
        rows = [row for row in rows[:50] if row]
        if len(start) == SNIFFED and len(rows) > 1:
            rows.pop()
        width = len(rows[0]) if rows else 0
        if width > 1:
            even = sum(len(row) == width for row in rows) / len(rows)
            best = max(best, (round(even, 1), width, delimiter))
    return best[2]


def read_xlsx(stream: BinaryIO) -> Iterator[Row]:
    """Read the first sheet with anything in it; its first row names the columns."""
    from openpyxl import load_workbook

    raw = stream.read()
    refuse_bomb(raw)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about styles and extensions, which are not read
            book = load_workbook(io.BytesIO(raw), read_only=True, data_only=True)
    except Exception as error:  # openpyxl raises whatever its XML and zip layers do
        raise Unreadable(f"it is no Excel workbook ({error}); save it as .xlsx") from error
    read = ""
    for sheet in book.worksheets:
        rows = (cells for cells in sheet.iter_rows(values_only=True) if any(_filled(cells)))
        header = next(rows, None)
        if header is None:
            continue
        if read:
            problem = (
                f"the sheet {sheet.title!r} was not read, only {read!r}; save each sheet with "
                "articles as a file of its own"
            )
            yield Row(0, None, problem)
            continue
        read = sheet.title
        names = _unique_names(header)
        for number, cells in enumerate(rows, 1):
            yield Row(number, dict(zip(names, cells, strict=False)))


def _filled(cells: Iterable[Any]) -> Iterator[bool]:
    return (cell is not None and str(cell).strip() != "" for cell in cells)


def read_parquet(stream: BinaryIO) -> Iterator[Row]:
    """Read a Parquet table in batches of rows."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        on_disk = isinstance(stream, io.BufferedReader)
        table = pq.ParquetFile(stream if on_disk else io.BytesIO(stream.read()))
        number = 0
        for batch in table.iter_batches(ROWS_AT_ONCE):
            for record in batch.to_pylist():
                number += 1
                yield Row(number, record)
    except (pa.ArrowException, OSError) as error:
        raise Unreadable(f"it is no sound Parquet table ({error}); write it again") from error


def _unique_names(header: Iterable[Any]) -> list[str]:
    names: list[str] = []
    for number, cell in enumerate(header, 1):
        name = str(cell).strip() if cell is not None else ""
        name = name or f"column {number}"
        while name in names:
            name += " (2)"
        names.append(name)
    return names


def _text_of(stream: BinaryIO) -> tuple[io.TextIOWrapper, Encoding]:
    """Open bytes as text in the encoding found; newlines stay as they are."""
    raw = stream if stream.seekable() else io.BytesIO(stream.read())
    encoding = find_encoding(raw)
    raw.seek(0)
    return io.TextIOWrapper(raw, encoding=encoding.name, newline=""), encoding


def _assumption(encoding: Encoding) -> Iterator[Row]:
    if encoding.guessed:
        yield Row(0, None, encoding.note(), "encoding")


TABLES: dict[str, Callable[[BinaryIO], Iterator[Row]]] = {
    ".json": read_json,
    **dict.fromkeys((".jsonl", ".ndjson"), read_json_lines),
    **dict.fromkeys((".csv", ".tsv"), read_csv),
    ".xlsx": read_xlsx,
    ".parquet": read_parquet,
}
