"""Records from tables: JSON, JSON Lines, XML, CSV, workbooks, Parquet; one may be an article."""

from __future__ import annotations

import csv
import io
import itertools
import json
import re
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain, count, islice
from typing import IO, Any, NamedTuple

from lxml import etree

from helpers.read.answers import Answer, answer_in, answer_of, find_records
from helpers.read.columns import LEAST_WORDS_OF_A_TEXT, as_text, field_names, guess_mapping, plain
from helpers.read.documents import Encoding, Unreadable, decode, find_encoding, refuse_bomb
from helpers.store.lexicons import read_facts

SAMPLE_ROWS = 50
SNIFFED = 1 << 16
ROWS_AT_ONCE = 500
MOST_TITLE_ROWS = 10
EXCEL_ROWS, EXCEL_COLUMNS = 1_048_576, 16_384

_SEPARATOR_TOLD = re.compile(r"sep=(.)\r?\n", re.I)


class Row(NamedTuple):
    """One row of a table, counted from 1; `record` is None when it gives no article.

    `answer` is what the answer whose records follow announces; such a row is none of the table.
    """

    number: int
    record: dict[str, Any] | None
    problem: str = ""
    step: str = "read"
    answer: Answer | None = None


def read_json(stream: IO[bytes]) -> Iterator[Row]:
    """Read the records of a JSON file: a list, an object that holds one list, or one record."""
    text, encoding = decode(stream.read())
    yield from _assumed(encoding)
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"it is not JSON ({error}); export it again") from error
    found = find_records(content)
    yield from (Row(0, None, answer=answer) for answer in found.answers)
    for name, length in found.unread.items():
        problem = (
            f"the list {name!r} of {length:,} records was not read, only one beside it; save it "
            "as a file of its own if it holds articles"
        )
        yield Row(0, None, problem)
    for number, record in enumerate(found.records, 1):
        yield _json_row(number, record)


def read_json_lines(stream: IO[bytes]) -> Iterator[Row]:
    """Read one JSON record, or one answer of many, a line; a damaged line is a problem."""
    text, encoding = _text_of(stream)
    counted = 0  # the records of answers
    with text:
        yield from _assumed(encoding)
        for number, line in enumerate(text, 1):
            if not line.strip():
                continue
            try:
                record = json.loads(line)
            except (ValueError, RecursionError) as error:
                yield Row(number, None, f"the line is not JSON ({error}); export it again")
                continue
            if (counted or number == 1) and (found := answer_in(record)):
                yield from (Row(0, None, answer=answer) for answer in found.answers)
                yield from map(_json_row, itertools.count(counted + 1), found.records)
                counted += len(found.records)
            else:
                yield _json_row(number, record)


def _json_row(number: int, record: Any) -> Row:
    if not isinstance(record, dict):
        problem = f"it is a {type(record).__name__}, not a record with named fields"
        return Row(number, None, problem)
    record = {name: _first_of_values(value) for name, value in record.items()}
    for name in field_names("json")["part"]:
        if isinstance(inner := record.get(name), dict):  # lifted to the record itself
            record = {**{key: value for key, value in record.items() if key != name}, **inner}
    return Row(number, record)


def read_xml(stream: IO[bytes]) -> Iterator[Row]:
    """Read the items of a feed, of NITF, NewsML or of another list; names lose their spaces.

    The value of a name is the first that its item has: its text, an attribute, or the markup of
    the article.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=True)
    root = etree.fromstring(stream.read(), parser)
    if root is None:
        raise Unreadable("it is not XML; export it again")
    as_html = read_facts("page_words", "word", "role", "element")
    for element in root.iter("*"):
        tag = element.tag.rpartition("}")[2].rpartition(":")[2].lower()
        element.tag = as_html.get(tag, tag if tag[:1].isalpha() else f"x{tag}")
    names = frozenset(field_names("xml")["item"])
    found = [one for one in root.iter(*names) if names.isdisjoint(_tags_above(one))]
    if not found:
        raise Unreadable(
            f"its outermost element {root.tag!r} holds no articles that are known; write "
            "them to .csv or .jsonl, one a row, with text, title, outlet and date"
        )
    above = [dict(one.attrib) for one in reversed([*found[0].iterancestors()])]
    beside = {one.tag: one.text for one in found[0].itersiblings(preceding=True) if not len(one)}
    yield from (Row(0, None, answer=one) for one in answer_of([*above, beside], len(found)))
    for number, item in enumerate(found, 1):
        yield Row(number, _xml_record(item))
    if parser.error_log:
        line = parser.error_log[0].line
        problem = (
            f"the XML is damaged in line {line}, and what follows may be lost; export it again"
        )
        yield Row(0, None, problem)


def _tags_above(element: etree._Element) -> set[str]:
    return {above.tag for above in element.iterancestors()}


def _xml_record(item: etree._Element) -> dict[str, Any]:
    texts, names = field_names("column")["text"], field_names("xml")
    named = [one for one in item.iterdescendants("*") if len(one) and plain(one.tag) in texts]
    holders = {above for one in named for above in one.iterancestors()}
    parts = {*item.iterdescendants(*names["part"])}
    articles = parts or {one for one in named if one not in holders}
    record: dict[str, Any] = dict(item.attrib)
    for element in item.iterdescendants("*"):
        if element in articles:
            value = etree.tostring(element, encoding="unicode", method="html", with_tail=False)
            if element in parts:
                record["text"] = record.get("text", "") + value
                continue
        elif articles.isdisjoint(element.iterancestors()) and element.tag not in names["inline"]:
            inline = len(element) and all(one.tag in names["inline"] for one in element)
            own = " ".join("".join(element.itertext()).split()) if inline else element.text
            written = (own, *map(element.get, names["value"]))
            value = next((one.strip() for one in written if one and one.strip()), "")
        else:
            continue
        name = element.getparent().tag if element.tag == "name" else element.tag
        if value:
            record.setdefault(name, value)
    feed = item.getparent()
    title = feed.findtext("title") if feed is not None else ""
    return record | ({"outlet": title.strip()} if title and "source" not in record else {})


def read_csv(stream: IO[bytes], separator: str = "") -> Iterator[Row]:
    """Read a table of separated values; the first row names the columns, titles above it apart."""
    csv.field_size_limit(sys.maxsize)
    text, encoding = _text_of(stream)
    with text:
        yield from _assumed(encoding)
        start = text.read(SNIFFED)
        told = _SEPARATOR_TOLD.match(start)  # a line for Excel
        start = start[told.end() :] if told else start
        dialect = _dialect(start, separator or (told[1] if told else ",;\t|"))
        text.seek(0)
        odd: list[int] = []
        lines = islice(text, 1 if told else 0, None)
        reader = csv.reader(_watch_quotes(lines, dialect, odd), **dialect)
        try:
            titles, header, rows = _header(filter(any, reader))
            yield from titles
            for number, cells in enumerate(rows, 1):
                yield _csv_row(number, header, list(cells))
        except csv.Error as error:
            raise Unreadable(f"the table breaks off at line {reader.line_num}: {error}") from error
        if len(odd) % 2:
            problem = (
                "the table has an odd number of quotation marks, so a cell is not closed and may "
                f"have swallowed rows; look for it from line {odd[-1]}"
            )
            yield Row(0, None, problem)


def _header(rows: Iterable[Sequence[Any]]) -> tuple[list[Row], list[str], Iterator[Sequence]]:
    """Return the row that names the columns, a problem for titles above it, the rows below it."""
    rows = iter(rows)
    first = list(islice(rows, SAMPLE_ROWS))
    filled = [sum(as_text(cell).strip() != "" for cell in row) for row in first]
    width = _width(first)
    start = next((n for n, cells in enumerate(filled[:MOST_TITLE_ROWS]) if 2 * cells > width), 0)
    titles = "; ".join(" ".join(filter(None, map(as_text, row))) for row in first[:start])
    problem = f"what stands above the header was not read: {titles!r}; delete it if it is no text"
    told = [Row(0, None, problem, "metadata")] if start else []
    if first and max(len(as_text(cell).split()) for cell in first[start]) >= LEAST_WORDS_OF_A_TEXT:
        problem = "no row names the columns, the first is an article; put their names above it"
        told.append(Row(0, None, problem, "metadata"))
        return told, _unique_names([None] * len(first[start])), chain(first[start:], rows)
    names = _unique_names(first[start]) if first else []
    return told, names, chain(first[start + 1 :], rows)


def _width(rows: Sequence[Sequence[Any]]) -> int:
    """Return how many cells most rows have."""
    widths = Counter(map(len, rows))
    return max(widths, key=lambda width: (widths[width], width), default=0)


def _watch_quotes(lines: Iterable[str], dialect: dict[str, Any], odd: list[int]) -> Iterator[str]:
    """Pass lines on; note those whose quotation marks do not pair up, an even number if sound."""
    escape, quote = dialect["escapechar"], dialect["quotechar"]
    for number, line in enumerate(lines, 1):
        marks = line.count(quote) - (line.count(f"{escape}{quote}") if escape else 0)
        odd += [number] * (marks % 2)
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


def _dialect(start: str, separators: str) -> dict[str, Any]:
    """Find the separator that cuts the first rows into the most cells, equally many in each.

    A backslash before a quotation mark is only an escape where rows become more equal by it.
    """
    best: tuple[float, int, bool, bool, str] = (0.0, 0, True, True, separators[0])
    header = start.partition("\n")[0]
    for escape, delimiter, quote in itertools.product((None, "\\"), separators, "\"'"):
        apart = quote == '"' or f"{delimiter}{quote}" in start
        if not apart or (escape and f"{escape}{quote}" not in start):
            continue
        dialect = _dialect_of(header, delimiter, escape, quote)
        rows = list(csv.reader(io.StringIO(start, newline=""), **dialect))
        rows = [row for row in rows[:50] if row]
        if len(start) == SNIFFED and len(rows) > 1:
            rows.pop()
        width = _width(rows)
        if width > 1:
            even = sum(len(row) == width for row in rows) / len(rows)
            best = max(best, (round(even, 1), width, escape is None, quote == '"', delimiter))
    return _dialect_of(header, best[4], None if best[2] else "\\", '"' if best[3] else "'")


def _dialect_of(header: str, delimiter: str, escape: str | None, quote: str) -> dict[str, Any]:
    """Return a dialect; where every name in the header has a blank before it, cells have too."""
    names = header.split(delimiter)[1:]
    blank = bool(names) and all(name.startswith(" ") for name in names)
    marks = {"delimiter": delimiter, "escapechar": escape, "quotechar": quote}
    return {**marks, "skipinitialspace": blank}


def read_xlsx(stream: IO[bytes]) -> Iterator[Row]:
    """Read the first sheet with texts and those like it; its first row names the columns."""
    from openpyxl import load_workbook

    raw = stream.read()
    refuse_bomb(raw)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about styles and extensions, which are not read
            book = load_workbook(io.BytesIO(raw), read_only=True, data_only=True)
    except Exception as error:  # openpyxl raises whatever its XML and zip layers do
        raise Unreadable(f"it is no Excel workbook ({error}); save it as .xlsx") from error
    for sheet in book.worksheets:
        sheet.reset_dimensions()  # what the file says of its size would be filled up with blanks
    yield from _sheets((one.title, one.iter_rows(values_only=True)) for one in book.worksheets)


def read_sheets(stream: IO[bytes]) -> Iterator[Row]:
    """Read the sheets of an older Excel or a LibreOffice workbook, as `read_xlsx` does."""
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError

    raw = stream.read()
    if raw.startswith(b"PK"):
        refuse_bomb(raw)
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(raw))
        sheets = [(name, book.get_sheet_by_name(name).to_python()) for name in book.sheet_names]
    except PasswordError as error:
        raise Unreadable("the workbook is locked by a password; save it without one") from error
    except CalamineError as error:
        raise Unreadable(f"it is no sound workbook ({error}); save it as .xlsx") from error
    yield from _sheets(sheets)


def _sheets(sheets: Iterable[tuple[str, Iterable[Sequence[Any]]]]) -> Iterator[Row]:
    """Yield the rows of the first sheet with texts, and of those that have the same columns."""
    found = []
    for title, cells_of in sheets:
        rows = islice(cells_of, EXCEL_ROWS + 1)
        filled = (row for row in _in_bounds(rows) if any(as_text(cell).strip() for cell in row))
        titles, names, below = _header(filled)
        records = map(partial(_record, names), below)
        first = list(islice(records, SAMPLE_ROWS))
        if names:
            found.append((title, titles, names, chain(first, records), guess_mapping(names, first)))
    first_choice = [one for one in found if "text" in one[4]] or found
    numbers = count(1)
    for title, titles, names, every, _ in found:
        if names == first_choice[0][2]:
            yield from titles
            own = {} if len(found) == 1 else {"sheet": title}
            yield from (Row(next(numbers), one | own) for one in every)
        else:
            problem = (
                f"the sheet {title!r} was not read, only {first_choice[0][0]!r} and those like it; "
                "save each sheet with articles as a file of its own"
            )
            yield Row(0, None, problem)


def _record(names: list[str], cells: Sequence[Any]) -> dict[str, Any]:
    return dict.fromkeys(names) | dict(zip(names, cells, strict=False))


def _in_bounds(rows: Iterable[Sequence[Any]]) -> Iterator[Sequence[Any]]:
    """Pass rows on; raises Unreadable at a row that is no row, or outside what Excel can have."""
    rows = iter(rows)
    for number in count(1):
        try:
            row = next(rows)
        except StopIteration:
            return
        except Exception as error:  # openpyxl raises whatever its XML and cells do
            told = f"row {number:,} holds a cell that cannot be read ({error})"
            raise Unreadable(f"{told}; correct it and save it again, or save it as .csv") from error
        if number > EXCEL_ROWS or len(row) > EXCEL_COLUMNS:
            raise Unreadable(
                f"row {number:,} lies outside what Excel can hold ({EXCEL_ROWS:,} rows, "
                f"{EXCEL_COLUMNS:,} columns); save it again as .xlsx or .csv"
            )
        yield row


def read_parquet(stream: IO[bytes]) -> Iterator[Row]:
    """Read a Parquet table in batches of rows."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        on_disk = isinstance(stream, io.BufferedReader)
        file = stream if on_disk else io.BytesIO(stream.read())
        size, table = file.seek(0, io.SEEK_END), pq.ParquetFile(file)
        if table.metadata.num_rows > max(size, SNIFFED):
            raise Unreadable(
                f"it claims {table.metadata.num_rows:,} rows in {size:,} bytes; write it again"
            )
        batches = table.iter_batches(ROWS_AT_ONCE)
        records = chain.from_iterable(map(_parquet_rows, batches))
        yield from (Row(number, *told) for number, told in enumerate(records, 1))
    except (pa.ArrowException, OSError) as error:
        raise Unreadable(f"it is no sound Parquet table ({error}); write it again") from error


def _parquet_rows(batch: Any) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield each row and what is wrong with it: a value that Python cannot hold is left out."""
    try:
        yield from ((record, "") for record in batch.to_pylist())
    except (ArithmeticError, ValueError):  # which of many thousand values it is, is not said
        for place in range(batch.num_rows):
            record, wrong = dict.fromkeys(batch.schema.names), []
            for name, cells in zip(batch.schema.names, batch.columns, strict=True):
                try:
                    record[name] = cells[place].as_py()
                except (ArithmeticError, ValueError) as error:
                    wrong.append(f"its {name!r} was left out ({error}); correct it")
            yield record, "; ".join(wrong)


def _unique_names(header: Iterable[Any]) -> list[str]:
    names: dict[str, int] = {}  # with the number that the next of the same name gets
    for place, cell in enumerate(header, 1):
        name = given = (str(cell).strip() if cell is not None else "") or f"column {place}"
        while name in names:
            names[given] += 1
            name = f"{given} ({names[given]})"
        names[name] = 1
    return list(names)


def _text_of(stream: IO[bytes]) -> tuple[io.TextIOWrapper, Encoding]:
    """Open bytes as text in the encoding found; newlines stay as they are."""
    raw = stream if stream.seekable() else io.BytesIO(stream.read())
    encoding = find_encoding(raw)
    raw.seek(0)
    return io.TextIOWrapper(raw, encoding=encoding.name, newline=""), encoding


def _assumed(encoding: Encoding) -> Iterator[Row]:
    return (Row(0, None, problem, step) for step, problem in encoding.problems())


def _first_of_values(value: Any) -> Any:
    """Return the first of what ninjs 3 gives in several forms: [{"role": "main", "value": …}]."""
    several = isinstance(value, list) and value and isinstance(value[0], dict)
    return value[0] if several and "value" in value[0] else value


XML = (".xml", ".rss", ".atom", ".nitf", ".newsml")
TABLES: dict[str, Callable[[IO[bytes]], Iterator[Row]]] = {
    ".json": read_json,
    **dict.fromkeys(XML, read_xml),
    **dict.fromkeys((".jsonl", ".ndjson"), read_json_lines),
    **dict.fromkeys((".csv", ".tsv"), read_csv),
    ".xlsx": read_xlsx,
    **dict.fromkeys((".xls", ".ods", ".xlsb"), read_sheets),
    ".parquet": read_parquet,
}
