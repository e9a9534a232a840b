"""Articles read from files: one row of `articles` or `problems` for whatever lies in a corpus."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

import pandas as pd

from helpers.read.answers import Answer
from helpers.read.archives import ARCHIVES
from helpers.read.beside import describe_list, is_list, normal_address
from helpers.read.columns import (
    as_text,
    check_roles,
    choose_mapping,
    cut_off,
    describe_mapping,
    guess_mapping,
    plain,
    to_document,
)
from helpers.read.dates import (
    UnclearDate,
    column_order,
    find_date,
    find_printed_date,
    in_order,
    read_date,
)
from helpers.read.documents import (
    DOCUMENTS,
    Document,
    Hint,
    Unreadable,
    read_docx,
    read_markdown,
    read_rtf,
    read_text,
    wrong_letters,
)
from helpers.read.exports import Export, doubt, read_export, read_export_page
from helpers.read.files import iter_met
from helpers.read.pages import read_fragment, read_page
from helpers.read.records import SAMPLE_ROWS, TABLES, Row, read_csv
from helpers.read.source import SourceFile
from helpers.store.lexicons import read_lexicon, read_words

READERS = {**DOCUMENTS, **dict.fromkeys((".html", ".htm", ".xhtml"), read_page)}
EXPORTED = (read_text, read_markdown, read_docx, read_rtf)
MARK = 64  # bytes that tell what is in a file
OPEN = "open"  # the step of a file that failed for what is outside it, and is to be tried again
LIMIT = "limit"  # the step of a file that took more than a file may
LARGEST_DOCUMENT = 200 * 1024 * 1024
SHOWN = ("path", "outlet", "published", "headline", "byline", "section", "words", "complete")
LANGUAGE_SAMPLE = 1000
LEAST_WORDS_FOR_LANGUAGE = 20
LEAST_LANGUAGE_CONFIDENCE = 0.5
SURELY_ENGLISH = 0.1  # of the words; no other language has as many of those of English alone

_WORD = re.compile(r"\w+(?:[-’'.]\w+)*")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Problem:
    """One row of `problems`; `article_id` is "" when there is no article."""

    article_id: str
    path: str
    step: str
    problem: str

    def row(self) -> dict[str, str]:
        """Return the row as a dictionary of the table's columns."""
        return vars(self).copy()


@dataclass(frozen=True)
class Note:
    """Something a reader of the build should know that is no problem, such as a mapping.

    `announced` is how many articles the file says that it holds, `answer` what the answer of a
    program in it says, which may be one page of many (`answers.settle`).
    """

    path: str
    text: str
    announced: int | None = None
    answer: Answer | None = None


@dataclass(frozen=True)
class LeftOut:
    """One row of `left_out`: a file that is no article, or a folder with how many files it has."""

    path: str
    reason: str
    files: int

    def row(self) -> dict[str, Any]:
        """Return the row as a dictionary of the table's columns."""
        return vars(self).copy()


Item = dict[str, Any] | Problem | LeftOut | Note


def iter_records(source: SourceFile, mapping: Mapping[str, str] | None = None) -> Iterator[Item]:
    """Yield the articles of one file one by one, as rows of `articles`, with problems and notes.

    Table files are read in pieces where their format allows. A bad file or row never raises: it
    is a Problem. Raises ValueError when `mapping` names a role there is not.
    """
    check_roles(mapping or {})
    mapping = {**source.settings.get("columns", {}), **(mapping or {})}
    yield from (_answered(source, answer) for answer in source.answers)
    yield from (Note(source.path, f"{source.path}: {note}") for note in source.notes)
    yield from (Problem("", source.path, "read", problem) for problem in source.problems)
    if source.left_out:
        yield LeftOut(source.path, source.left_out, source.files)
    if source.problems or source.left_out:
        return
    met = False
    try:
        for item in _read(source, mapping):
            met |= not isinstance(item, Note)
            yield item
        if not met:
            raise Unreadable("nothing in it is an article; if that is right, leave it out")
    except Unreadable as error:
        yield Problem("", source.path, "read", str(error))
    except UnicodeDecodeError as error:
        problem = f"it stops being {error.encoding} text at some place; save it again as UTF-8"
        yield Problem("", source.path, "encoding", problem)
    except OSError as error:
        told = error.strerror or type(error).__name__
        problem = f"it cannot be opened ({told}); mend that and build again, or copy the file again"
        yield Problem("", source.path, OPEN, problem)
    except RecursionError:
        problem = "it is nested too deeply to be read; export it as plain records, or as text"
        yield Problem("", source.path, LIMIT, problem)
    except MemoryError:
        yield Problem("", source.path, LIMIT, "there is too little memory to read it; split it")
    except Exception as error:  # a file nobody thought of must not end the build
        advice = "pack the zip again" if source.member else "save it again as text"
        problem = f"it could not be read ({type(error).__name__}: {error}); {advice}"
        yield Problem("", source.path, "read", problem)


def preview(
    path: str | Path,
    mapping: Mapping[str, str] | None = None,
    most: int = 5,
    read: Callable[..., Iterator[Item]] = iter_records,
    met: Callable[..., Iterator[SourceFile]] = iter_met,
) -> tuple[pd.DataFrame, list[str]]:
    """Return the first articles as a build would read them, and what it would say of them."""
    articles, said = [], []
    items = (item for one in met(path) for item in read(one, mapping))
    while len(articles) < most and (item := next(items, None)) is not None:
        if isinstance(item, dict):
            shown = " ".join(item["text"].split())
            articles.append({name: item[name] for name in SHOWN} | {"text": shown})
        else:
            told = item.reason if isinstance(item, LeftOut) else getattr(item, "problem", "")
            said.append(item.text if isinstance(item, Note) else f"{item.path}: {told}")
    listed = () if articles else (row for one in met(path) for row in _listed(one))
    return pd.DataFrame(articles or islice(listed, most), columns=[*SHOWN, "text"]), said


def _listed(source: SourceFile) -> Iterator[dict[str, Any]]:
    """Yield the rows of a list without texts as articles would be shown, the address for a text."""
    if source.suffix not in TABLES or source.problems or source.left_out:
        return
    with suppress(Exception), source.open() as stream:  # what is wrong with it has been said
        first = [row for row in islice(_rows_of(source, stream), SAMPLE_ROWS) if row.record]
        sample = [row.record for row in first if row.record]
        roles = guess_mapping(dict.fromkeys(chain.from_iterable(sample)), sample)
        for row, record in zip(first if is_list(sample) else (), sample, strict=False):
            told = {role: _clean(record.get(column)) for role, column in roles.items()}
            told |= {"headline": told.get("title", ""), "byline": told.get("author", "")}
            told |= {"path": f"{source.path}#{row.number}", "text": f"(not here) {told['url']}"}
            yield {name: told.get(name, "") for name in (*SHOWN, "text")}


def separate_ids(items: Iterable[Item], taken: dict[str, str]) -> Iterator[Item]:
    """Pass on the items of one file; an article whose id is taken gets one made from its path.

    `taken` holds the path under each id of the corpus so far and is added to. The new id is a
    Problem of the step "identity", and other problems of the article name it too.
    """
    renamed: dict[str, str] = {}
    for item in items:
        if isinstance(item, dict):
            article_id, path = item["article_id"], item["path"]
            if article_id in taken:
                item["article_id"] = renamed[path] = _free_id(path, taken)
                problem = (
                    f"the id {article_id!r} is already used in {taken[article_id]}; "
                    f"this article is kept as {item['article_id']}"
                )
                yield Problem(item["article_id"], path, "identity", problem)
            taken[item["article_id"]] = path
        elif isinstance(item, Problem) and item.path in renamed:
            item = replace(item, article_id=renamed[item.path])
        yield item


def _read(source: SourceFile, wanted: Mapping[str, str]) -> Iterator[Item]:
    if source.size == 0:
        raise Unreadable("the file is empty; put the article in it or delete it")
    if source.suffix in TABLES:
        yield from _read_table(source, wanted)
    elif source.suffix in ARCHIVES:
        for number, document in enumerate(ARCHIVES[source.suffix](source.read_bytes()), 1):
            path = f"{source.path}#{number}"
            if document.text.strip():
                address = normal_address(document.metadata.get("address", ""))
                own = replace(source, listed=source.listed | source.pages.get(address, {}))
                yield from _article(own, path, document, _text_hash(document.text))
            else:
                nothing = [("read", "it holds no text; leave it out, or save its text as a file")]
                yield from (Problem("", path, *one) for one in document.problems or nothing)
    elif reader := READERS.get(source.suffix) or _reader_inside(source):
        if source.size > LARGEST_DOCUMENT:
            raise Unreadable(f"the file has {source.size:,} bytes, too many for one article")
        raw = source.read_bytes()
        digest = hashlib.sha256(raw).hexdigest()
        if reader is read_page and (export := read_export_page(raw)):
            yield from _read_export(source, Document(""), export)
            return
        document = reader(raw)
        del raw  # a large export is held once, as text
        if reader in EXPORTED and not document.named:
            if export := read_export(document.text):
                document.text = ""  # the articles hold it
                yield from _read_export(source, document, export)
                return
            if problem := doubt(document.text):
                document.problems.append(("read", problem))
        if not document.text.strip():
            raise Unreadable("the file holds only white space; put the article in it or delete it")
        yield from _article(source, source.path, document, digest)
    else:
        read = ", ".join(sorted({*READERS, *TABLES, *ARCHIVES, ".gz", ".zip"} - {""}))
        advice = _advice().get(source.suffix, f"those that are: {read}")
        raise Unreadable(f"files of type {source.suffix} are not read; {advice}")


def _reader_inside(source: SourceFile) -> Callable[[bytes], Document] | None:
    """Return the reader of what bears the name of an old Word file and is none."""
    if source.suffix != ".doc":
        return None
    with source.open() as stream:
        start = stream.read(MARK).lstrip().lower()
    inside = {b"{\\rtf": read_rtf, b"pk\3\4": read_docx, b"<": read_page}
    return next((reader for mark, reader in inside.items() if start.startswith(mark)), None)


@cache
def _advice() -> dict[str, str]:
    types = read_lexicon("file_types")
    return dict(zip(types["suffix"], types["advice"], strict=True))


def _read_export(source: SourceFile, whole: Document, export: Export) -> Iterator[Item]:
    """Yield the articles of a file of many, and what differs from what the file announces."""
    yield Note(source.path, f"{source.path}: read as {export.layout}", export.announced)
    for step, problem in whole.problems:
        yield Problem("", source.path, step, problem)
    for number, document in enumerate(export.documents(), 1):
        path = f"{source.path}#{number}"
        if document.text:
            yield from _article(source, path, document, _text_hash(document.text))
        else:
            problem = "the export holds no text of this article; export it again with its text"
            yield Problem("", path, "read", problem)
    yield Note(source.path, f"{source.path}: {export.note()}")
    if problem := export.problem():
        yield Problem("", source.path, "read", problem)


def _rows_of(source: SourceFile, stream: IO[bytes]) -> Iterator[Row]:
    reader, separator = TABLES[source.suffix], source.settings.get("separator")
    return read_csv(stream, separator) if separator and reader is read_csv else reader(stream)


def _read_table(source: SourceFile, wanted: Mapping[str, str]) -> Iterator[Item]:
    with source.open() as stream:
        rows = _rows_of(source, stream)
        first = list(islice(rows, SAMPLE_ROWS))
        sample = [row.record for row in first if row.record]
        columns = dict.fromkeys(column for record in sample for column in record)
        roles: dict[str, str] = {}
        if columns:
            if "text" not in {**guess_mapping(columns, sample), **wanted} and is_list(sample):
                every = list(chain(first, rows))
                yield from (_answered(source, row.answer) for row in every if row.answer)
                found = (row.record for row in every if row.record)
                raise Unreadable(describe_list(found, guess_mapping(columns, sample)))
            roles = choose_mapping(columns, sample, wanted)
            yield Note(source.path, f"{source.path}: {describe_mapping(roles)}")
        order = ""
        if roles.get("published"):
            order, told = _order_of_dates(source, roles["published"], sample)
            yield from told
        marked_up = 0
        for row in chain(first, rows):
            if row.answer:
                yield _answered(source, row.answer)
                continue
            document = to_document(row.record, roles) if row.record else None
            if document and (fragment := read_fragment(document.text)):
                document.text, document.hints = fragment.text, fragment.hints
                marked_up += 1
            if document:
                document.fields["published"] = in_order(document.fields.get("published"), order)
            yield from _read_row(source, row, document, roles.get("text", ""))
        if marked_up:
            yield Note(source.path, f"{source.path}: HTML in {marked_up} texts was made plain")
        if not first:
            raise Unreadable("the table has no rows under its header; add some or delete it")


def _answered(source: SourceFile, answer: Answer) -> Note:
    return Note(source.path, f"{source.path}: {answer.told()}", answer=answer)


def _order_of_dates(
    source: SourceFile, column: str, sample: list[dict[str, Any]]
) -> tuple[str, list[Item]]:
    """Return the order of day and month that a whole column of dates tells, and say it."""
    given = source.settings.get("date_order", "")
    if given or not any(
        in_order(one.get(column), "day first") != one.get(column) for one in sample
    ):
        return given, []
    with source.open() as stream:
        rows = (row.record for row in _rows_of(source, stream) if row.record)
        values = (as_text(record.get(column)) for record in rows)
        order, note, problem = column_order(column, values)
    told: list[Item] = [Note(source.path, f"{source.path}: {note}")] if note else []
    return order, told + ([Problem("", source.path, "date", problem)] if problem else [])


def _read_row(
    source: SourceFile, row: Row, document: Document | None, column: str
) -> Iterator[dict[str, Any] | Problem]:
    path = f"{source.path}#{row.number}" if row.number else source.path
    if document is None or not document.text.strip():
        if row.problem or row.record is None:
            yield Problem("", path, row.step, row.problem)
        else:
            problem = f"the row has no text in column {column!r}; fill it or delete the row"
            yield Problem("", path, "read", problem)
        return
    if row.problem:
        document.problems.append((row.step, row.problem))
    yield from _article(source, path, document, _text_hash(document.text))


def _text_hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


# ------------------------------------------------------------------------------- one article


def _article(
    source: SourceFile, path: str, document: Document, sha256: str
) -> Iterator[dict[str, Any] | Problem]:
    """Yield the row of one article and what is doubtful about it."""
    fields, metadata = _known(source, document)
    text = document.text
    if (whole := _whole(text)) != text:
        text = whole
        problem = "halves of characters (UTF-16 surrogates) were replaced by �; export it again"
        document.problems.append(("encoding", problem))
    if problem := wrong_letters(text):
        document.problems.append(("encoding", problem))
    if problem := cut_off(_without_links(text, document.hints)):
        document.problems.append(("text", problem))
    missing = [problem.partition("; ")[0] for step, problem in document.problems if step == "text"]
    reason = _NUMBER.sub("…", "; ".join(missing))  # the same of all that lack for the same reason
    path_of_address = urlsplit(_clean(fields.get("url"))).path.replace("/", "-")
    try:
        written = fields.get("published") or find_printed_date(text) or find_date(path_of_address)
        published = read_date(in_order(written, source.settings.get("date_order", "")))
    except UnclearDate as error:
        published = pd.NaT
        document.problems.append(("date", str(error)))
    front = (end for start, end, role in document.hints if (start, role) == (0, "boilerplate"))
    language = find_language(text, next(front, 0))
    if language not in ("", "en"):
        problem = f"reads as {language}; the tool reads English only"
        document.problems.append(("language", problem))
    article_id = _clean(fields.get("id")) or path_id(path)
    outlet = written = _clean(fields.get("outlet"))
    address = urlsplit(_clean(fields.get("url"))).netloc.removeprefix("www.")
    outlet = source.outlets.get(plain(outlet or address), outlet)
    if outlet != written:
        metadata["outlet_as_written"] = written
    yield {
        "article_id": article_id,
        "path": path,
        "sha256": sha256,
        "outlet": outlet,
        "published": published,
        "url": _clean(fields.get("url")),
        "headline": _clean(fields.get("title")),
        "byline": "" if (author := _clean(fields.get("author"))).isdecimal() else author,
        "dateline_place": "",
        "section": _clean(fields.get("section")),
        "language": language,
        "words": sum(1 for _ in _WORD.finditer(text)),
        "complete": "no" if missing else "yes",
        "incomplete_reason": _whole(reason),
        "text": text,
        "wire": "",
        "duplicate_of": "",
        "duplicate_kind": "",
        "metadata": _whole(json.dumps(_plain(metadata), ensure_ascii=False, default=str)),
        "markup": json.dumps(sorted(document.hints)) if document.hints else "",
    }
    for step, problem in document.problems:
        yield Problem(article_id, path, step, _whole(problem))


def _without_links(text: str, hints: list[Hint]) -> str:
    """Return a text without the links to other stories behind it."""
    for start, end, role in sorted(hints, reverse=True):
        if role == "related" and end >= len(text.rstrip()):
            text = text[:start]
    return text


def _known(source: SourceFile, document: Document) -> tuple[dict[str, Any], dict[str, Any]]:
    """Join what names, the file itself and its row in metadata.csv tell; the later wins."""
    front, front_others = _by_role(document.named)
    listed, listed_others = _by_role(source.listed)
    metadata = {**document.metadata, **front_others, **listed_others}
    return {**source.named, **_filled(document.fields), **_filled(front), **listed}, metadata


def _by_role(named: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Divide named values into those whose names tell their roles, and others."""
    roles = guess_mapping(named)
    roles.pop("text", None)
    others = {name: value for name, value in named.items() if name not in roles.values()}
    return {role: named[name] for role, name in roles.items()}, others


def _filled(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {role: value for role, value in fields.items() if as_text(value).strip()}


def path_id(path: str) -> str:
    """Return the id made from an article's path, the same on every machine."""
    file, mark, row = path.rpartition("#")
    if not (mark and row.isdecimal()):
        file, row = path, ""
    return "a" + hashlib.sha256(f"{file}\0{row}".encode()).hexdigest()[:11]


def _free_id(path: str, taken: Mapping[str, str]) -> str:
    article_id = path_id(path)
    while article_id in taken:  # some record calls itself just so
        article_id = path_id(article_id)
    return article_id


def find_language(text: str, start: int = 0) -> str:
    """Return the ISO 639-1 code of the language of a text, or "" if it is short or unclear."""
    sample = text[start : start + LANGUAGE_SAMPLE]
    words = sample.lower().split()
    if len(words) < LEAST_WORDS_FOR_LANGUAGE:
        return ""
    english = read_words("common_words", "English")
    if sum(word in english for word in words) >= SURELY_ENGLISH * len(words):
        return "en"
    language, _ = _identifier().classify(sample)
    return "" if language == "und" else language


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(
        MODEL_FILE, norm_probs=True, min_confidence=LEAST_LANGUAGE_CONFIDENCE
    )


def _clean(value: Any) -> str:
    return _whole(" ".join(as_text(value).split()))


def _whole(text: str) -> str:
    return _HALF_CHARACTER.sub("\ufffd", text)


def _plain(value: Any) -> Any:
    """Make a metadata value fit for JSON; what is not a number is null."""
    if isinstance(value, Mapping):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, str | int | bool):
        return value
    if isinstance(value, float) and abs(value) < float("inf"):
        return value
    return as_text(value) or None
