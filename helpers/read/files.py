"""The files of a corpus, found in a file, folder or zip, and what is told beside them.

Zips are read without trusting them: what may not be unpacked is a file with a problem.
"""

from __future__ import annotations

import codecs
import gzip
import hashlib
import io
import json
import os
import re
import stat
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import islice
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO, Any

import yaml

from helpers.read.answers import Answer
from helpers.read.columns import as_text, check_roles, field_names, guess_mapping, plain
from helpers.read.dates import find_date
from helpers.read.documents import SMALL, Unreadable, list_zip, read_yaml, size_problem
from helpers.read.lists import HEAD, PAGES, is_list, normal_address, page_addresses
from helpers.read.records import SAMPLE_ROWS, TABLES, XML, Row, read_csv

LARGEST_ARCHIVE = 1 << 33
LARGEST_LIST = 1 << 26

ORDERS = ("day first", "month first")
SETTINGS = ("columns", "outlet", "section", "date_order", "encoding", "separator")

_SYSTEM_FILES = frozenset({"thumbs.db", "desktop.ini", "__macosx"})
_LONGEST_SUFFIX = 11
_DATED_OUTLET = re.compile(r"([^\W\d][^_]*)_(?=\d{4}[-.]?\d\d[-.]?\d\d(?:\D|$))")
_NO_OUTLET = re.compile(
    r"[\d\W_]*|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[\d\W_]*"
    r"|te?xts?|html?|pages|md|pdfs?|docx?|json|csv|xlsx|articles",
    re.I,
)


@dataclass(frozen=True)
class SourceFile:
    """One input file, or one member of a zip.

    `path` is relative to the corpus, with forward slashes, `inner` its end among the folders that
    mean something, `packed` its size where it lies. `changed` differs when the file has changed or
    what is known of it from beside it. `named` holds the outlet, date and section that the names of
    file and folders tell, `listed` the file's row in a `metadata.csv`, `outlets` the names of an
    `outlets.csv` by their other spellings, `settings` those of an `articles.yml`. A file that has
    `problems` is not to be read, nor is one that is `left_out` for that reason; a folder left out
    stands for all its `files`. `answers` are those of programs in a list that tells of pages.
    """

    path: str
    location: Path
    member: str = ""
    inner: str = ""
    size: int = 0
    packed: int = 0
    changed: str = ""
    named: dict[str, str] = field(default_factory=dict)
    listed: dict[str, Any] = field(default_factory=dict)
    outlets: dict[str, str] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    left_out: str = ""
    files: int = 1
    answers: tuple[Answer, ...] = ()

    @property
    def suffix(self) -> str:
        """The lower-case suffix that tells the format, "" when the name has none."""
        return _suffix(self.path)

    def open(self) -> IO[bytes]:
        """Open the bytes of the file."""
        if self.member:
            archive = _zip(self.location, self.location.stat().st_mtime_ns, os.getpid())
            stream = archive.open(self.member)
        else:
            stream = self.location.open("rb")
        stream = _unpack(stream, self.size) if self.path.lower().endswith(".gz") else stream
        encoding = self.settings.get("encoding")
        return _as_utf8(stream, encoding) if encoding else stream

    def read_bytes(self) -> bytes:
        """Return the whole file."""
        with self.open() as stream:
            return stream.read()


def iter_files(path: str | Path) -> Iterator[SourceFile]:
    """Yield the files of a corpus that are to be read, in order of path.

    A folder is searched with its subfolders, or only its subfolder `articles` when it has one; a
    zip, wherever it lies, is read as a folder. Hidden files, READMEs, the resources of saved pages
    (`page_files` beside `page.html`), `metadata.csv`, `outlets.csv` and `articles.yml` are not
    articles. A link is followed to a file inside the folder; one to a folder or to what lies
    outside is a problem. What cannot be read safely is yielded with its `problems`. Raises
    FileNotFoundError.
    """
    return (one for one in iter_met(path) if not one.left_out)


def iter_met(path: str | Path) -> Iterator[SourceFile]:
    """Yield whatever lies in a corpus: the files of `iter_files`, then what is left out and why."""
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist: give a file, folder or zip of articles")
    met = sorted(_find(path), key=lambda one: one.path)
    found = [one for one in met if not one.left_out]
    alone = len(found) == 1 and found[0].path == path.name
    besides = [_read_beside(one) for one in found if _is_beside(one) and not alone]
    if any(one.suffix in PAGES for one in found):
        besides = [*map(_Pages, filter(_is_list, found)), *besides]
    if alone:
        places = (path.parent / name for name in _BESIDE if name != path.name.lower())
        besides = [_read_beside(_on_disk(one, path.parent)) for one in places if one.is_file()]
    taken = {beside.file.path for beside in besides} - ({path.name} if alone else set())
    files = [one for one in found if one.path not in taken]
    outlets = {folder for one in files if (folder := _outlet_folder(one))}
    for one in files:
        facts: dict[str, dict[str, Any]] = {"listed": {}, "outlets": {}, "settings": {}}
        for beside in besides:  # from the outermost folder to the nearest
            if PurePosixPath(one.path).is_relative_to(beside.folder):
                name = PurePosixPath(one.path).relative_to(beside.folder).as_posix()
                for kind, told in beside.take(name, one).items():
                    facts[kind] |= told
        yield _with_facts(one, outlets, facts)
    _say_unlisted([beside for beside in besides if isinstance(beside, _Pages)])
    for beside in besides:
        problems = tuple(beside.unread if alone else beside.problems())
        if problems:
            yield replace(beside.file, size=0, changed=_digest(problems), problems=problems)
        elif not alone:
            yield _without(beside.file, "tells of articles")
    yield from (one for one in met if one.left_out)


def _without(one: SourceFile, reason: str) -> SourceFile:
    """Return a file as one that is left out."""
    return replace(one, size=0, changed=f"{reason} {one.files}", left_out=reason, problems=())


def _with_facts(one: SourceFile, outlets: set[str], facts: dict[str, Any]) -> SourceFile:
    """Add what names tell; the topmost folders that are no dates are outlets, if several."""
    folders, stem = PurePosixPath(one.inner).parent.parts, PurePosixPath(one.inner).stem
    dated = _DATED_OUTLET.match(stem) if find_date(stem) else None
    named = {
        "outlet": dated[1] if dated else _outlet_folder(one) if len(outlets) > 1 else "",
        "section": next(filter(_is_topic, reversed(folders)), ""),
        "published": next(filter(None, map(find_date, (stem, *reversed(folders)))), ""),
    }
    whole = {name: facts["settings"].get(name) for name in ("outlet", "section")}
    facts["listed"] = {name: one for name, one in whole.items() if one} | facts["listed"]
    changed = _digest([one.changed, named, *filter(None, facts.values())])
    return replace(one, changed=changed, named=named, **facts)


def _outlet_folder(one: SourceFile) -> str:
    folders = PurePosixPath(one.inner).parent.parts
    return next((one for one in folders if not (_NO_OUTLET.fullmatch(one) or _is_topic(one))), "")


def _is_topic(folder: str) -> bool:
    return plain(folder) in field_names("folder")["section"]


# ------------------------------------------------------------------------------ names on disk


def _find(path: Path) -> Iterator[SourceFile]:
    if not path.is_dir():
        yield from _unpacked(_on_disk(path, path.parent))
        return
    inner = path / "articles"
    apart = inner.is_dir() and not inner.is_symlink()
    for one in _walk(inner if apart else path, path.resolve()):
        yield from [one] if one.left_out else _unpacked(one)
    for one in _walk(path, path.resolve(), inner.name) if apart else ():
        yield one if one.left_out else _without(one, "beside articles/")


def _walk(root: Path, boundary: Path, skipped: str = "") -> Iterator[SourceFile]:
    """Yield what lies in a folder, but for its subfolder of the name that is `skipped`."""
    unreadable: list[OSError] = []
    for folder, subfolders, names in os.walk(root, onerror=unreadable.append):
        here = Path(folder)
        subfolders[:] = [name for name in subfolders if name != skipped or here != root]
        saved_pages = {Path(name).stem for name in names if _suffix(name) in (".html", ".htm")}
        for name in sorted(subfolders):
            of_page = name.endswith("_files") and name.removesuffix("_files") in saved_pages
            one = SourceFile(_relative(here / name, root), here / name)
            if reason := _reason(name) or ("part of a saved page" if of_page else ""):
                subfolders.remove(name)
                files = sum(len(names) for _, _, names in os.walk(here / name))
                one = replace(one, path=f"{one.path}/", files=files)
                yield from [_without(one, reason)] if files else []
            elif one.location.is_symlink():
                problem = "a link to a folder is not followed; copy the folder here"
                yield replace(one, problems=(problem,))
        subfolders.sort()
        for name in names:
            one = _on_disk(here / name, root, boundary)
            yield _without(one, _reason(name)) if _reason(name) else one
    for error in unreadable:
        location = Path(error.filename)
        problem = f"the folder cannot be opened ({error.strerror}); change its permissions"
        yield SourceFile(_relative(location, root), location, problems=(problem,))


def _on_disk(location: Path, root: Path, boundary: Path | None = None) -> SourceFile:
    path = _relative(location, root)
    one = SourceFile(path, location, inner=path)
    try:
        status = location.stat()
        if boundary and location.is_symlink() and boundary not in location.resolve().parents:
            problem = "it is a link that points outside the folder; copy the file here"
        else:
            problem = (
                "" if location.is_file() else "it is no ordinary file; leave it out of the folder"
            )
            size = status.st_size
            one = replace(one, size=size, packed=size, changed=str(status.st_mtime_ns))
    except OSError as error:  # a link may lead nowhere, or back to itself
        problem = f"it cannot be opened ({error.strerror}); copy the file here again"
    return replace(one, problems=(problem,)) if problem else one


def _relative(location: Path, root: Path) -> str:
    """Return a path with forward slashes, the bytes of a name that is not UTF-8 written out."""
    relative = location.relative_to(root).as_posix() if location != root else location.name
    return relative.encode("utf-8", "backslashreplace").decode()


def _reason(name: str) -> str:
    """Say why what has such a name is no article; "" when it may be one."""
    lower = name.lower()
    if name.startswith(("~$", ".~lock.")):
        return "lock file"
    if lower in _SYSTEM_FILES:
        return "system file"
    if lower.partition(".")[0] == "readme":
        return "README"
    return "hidden" if name.startswith(".") else ""


def _suffix(name: str) -> str:
    """Return the suffix of a name when it looks like one, not like "story 2.0 final".

    What is packed by gzip has the suffix of what is in it.
    """
    suffix = PurePosixPath(name).suffix.lower()
    if suffix == ".gz":
        return _suffix(name[:-3]) or suffix
    plain = suffix.isascii() and suffix[1:].isalnum() and not suffix[1:2].isdigit()
    return suffix if plain and len(suffix) <= _LONGEST_SUFFIX else ""


# --------------------------------------------------------------------------------------- zips


def _unpack(stream: IO[bytes], packed: int) -> IO[bytes]:
    """Return what is packed by gzip as a stream. Raises Unreadable when it is far too much."""
    size = 0
    unpacked = gzip.GzipFile(fileobj=stream)
    try:
        while chunk := unpacked.read(SMALL):
            size += len(chunk)
            if problem := size_problem(size, packed):
                raise Unreadable(problem)
        unpacked.seek(0)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise Unreadable(f"it is no sound gzip file ({error}); pack it again") from error
    return io.BufferedReader(unpacked)


def _as_utf8(stream: IO[bytes], encoding: str) -> IO[bytes]:
    """Return text as UTF-8, what is no text as it is. Raises Unreadable."""
    raw = stream.read()
    try:
        return io.BytesIO(raw if b"\0" in raw[:SMALL] else raw.decode(encoding).encode())
    except UnicodeDecodeError as error:
        raise Unreadable(f"it is not {encoding}, as articles.yml says; correct that") from error


@lru_cache(maxsize=2)
def _zip(location: Path, changed: int, process: int) -> zipfile.ZipFile:
    """Keep a zip open: its directory is long to read, and a fork must not share its position."""
    return zipfile.ZipFile(location)


def _unpacked(one: SourceFile) -> Iterator[SourceFile]:
    """Yield the file itself, or the files in it when it is a zip."""
    if one.problems or one.suffix != ".zip":
        yield one
        return
    try:
        listed = [member for member in list_zip(one.location) if not member.filename.endswith("/")]
        members = [member for member in listed if not _reason_inside(member)]
        total = sum(member.file_size for member in members)
        if total > LARGEST_ARCHIVE:
            problem = f"the zip would unpack to {total:,} bytes; unpack it into a folder first"
            raise Unreadable(problem)
    except Unreadable as error:
        yield replace(one, size=0, problems=(str(error),))
        return
    if not members:
        yield replace(one, size=0, problems=("the zip holds no files; put articles in it",))
    yield from _members(one, listed, _articles_folder(member.filename for member in members))


def _reason_inside(member: zipfile.ZipInfo) -> str:
    parts = PurePosixPath(member.filename).parts
    return next(filter(None, (_reason(part) for part in parts if part != "..")), "")


def _members(one: SourceFile, members: list[zipfile.ZipInfo], only: str) -> Iterator[SourceFile]:
    """Yield the files in a zip; those outside its folder `only` are left out."""
    folder = PurePosixPath(one.inner).parent
    seen: dict[str, int] = {}
    for member in members:
        name = member.filename or "(no name)"
        beside = "" if name.startswith(only) else "beside articles/"
        if reason := _reason_inside(member) or beside:
            yield _without(SourceFile(f"{one.path}/{name}", one.location, name), reason)
            continue
        problem = _member_problem(member)
        seen[name] = seen.get(name, 0) + 1
        if seen[name] > 1:
            problem = "the zip holds this name more than once; only the last file of it is read"
            name = f"{name} ({seen[name]})"
        inner = (folder / name.removeprefix(only)).as_posix()
        facts = (inner, member.file_size, member.compress_size, str(member.CRC))
        problems = (problem,) if problem else ()
        yield SourceFile(f"{one.path}/{name}", one.location, name, *facts, problems=problems)


def _member_problem(member: zipfile.ZipInfo) -> str:
    name = PureWindowsPath(member.filename)
    if not name.parts:
        return "it has no name in the zip; pack the folder again"
    if ".." in name.parts or name.anchor:
        return "its name in the zip points outside the zip; pack the folder again"
    if stat.S_ISLNK(member.external_attr >> 16):
        return "it is a link inside a zip; pack the file itself"
    if member.flag_bits & 1:
        return "it is locked by a password; pack it without one"
    if name.suffix.lower() == ".zip":
        return "a zip inside a zip is not opened; unpack it first"
    return size_problem(member.file_size, member.compress_size)


def _articles_folder(names: Iterable[str]) -> str:
    """Return the prefix of the folder `articles` at the top of a zip or in its only folder."""
    parts = [PurePosixPath(name).parts for name in names]
    tops = {part[0] for part in parts if len(part) > 1}
    if "articles" in tops:
        return "articles/"
    if len(tops) == 1 and any(part[1:2] == ("articles",) and len(part) > 2 for part in parts):
        return f"{tops.pop()}/articles/"
    return ""


# --------------------------------------------------------- metadata.csv, outlets.csv, articles.yml


class _Beside:
    """A file beside articles that tells of those in its folder and the folders in it."""

    kind = said = ""

    def __init__(self, file: SourceFile):
        self.file = file
        self.folder = PurePosixPath(file.path).parent
        self.told: dict[str, Any] = {}
        self.unread: list[str] = []
        try:
            self._read()
        except (Unreadable, yaml.YAMLError) as error:
            self.unread.append(f"{self.said} not read: {error}")
        except Exception as error:  # a damaged member makes zipfile raise nearly anything
            advice = "pack the zip again" if file.member else "save it again as UTF-8"
            problem = f"{self.said} not read ({type(error).__name__}: {error}); {advice}"
            self.unread.append(problem)

    def _read(self) -> None:
        with self.file.open() as stream:
            for row in self._rows(stream):
                if row.problem:
                    place = f"row {row.number}: " if row.number else ""
                    self.unread.append(place + row.problem)
                if row.record:
                    self._keep(row.record)

    def _rows(self, stream: IO[bytes]) -> Iterator[Row]:
        return read_csv(stream)

    def _keep(self, record: dict[str, Any]) -> None:
        raise NotImplementedError

    def take(self, name: str, one: SourceFile) -> dict[str, dict[str, Any]]:
        """Return what it tells of a file, named as from its folder."""
        return {self.kind: self.told}

    def problems(self) -> Iterator[str]:
        """Yield what is wrong with it once every file has been asked for."""
        yield from self.unread


def _named(record: dict[str, Any], role: str) -> str:
    """Take the value of the column of a role out of a record. Raises Unreadable without one."""
    names = field_names("column")[role]
    column = next((column for column in record if plain(column) in names), None)
    if column is None:
        told = f"no column of it names the {role}; its columns are {', '.join(record)}"
        raise Unreadable(f"{told}. Call one of them {role}")
    return as_text(record.pop(column)).strip()


class _Listing(_Beside):
    """A `metadata.csv`: one row per file."""

    kind, said = "listed", "the metadata was"

    def __init__(self, file: SourceFile):
        self.used: set[str] = set()
        super().__init__(file)

    def _keep(self, record: dict[str, Any]) -> None:
        name = _named(record, "file").replace("\\", "/").removeprefix("./")
        if name in self.told:
            self.unread.append(f"{name!r} has more than one row; the last is used")
        if name:
            self.told[name] = record

    def take(self, name: str, one: SourceFile) -> dict[str, dict[str, Any]]:
        """Return the row of a file, its filled columns only."""
        self.used.add(name)
        row = self.told.get(name, {})
        return {self.kind: {column: one for column, one in row.items() if as_text(one).strip()}}

    def problems(self) -> Iterator[str]:
        """Yield also which rows name a file that does not exist."""
        yield from self.unread
        for name in self.told.keys() - self.used:
            yield f"it has a row for {name!r}, which does not exist; correct the name or the row"


class _Pages(_Beside):
    """A list of articles without their texts: its rows tell of the saved pages, by address."""

    kind, said = "listed", "the list was"

    def __init__(self, file: SourceFile):
        self.used: set[str] = set()
        self.addresses: dict[str, str] = {}
        self.unlisted: set[str] = set()
        super().__init__(file)
        self.folder = PurePosixPath()  # wherever the pages lie

    def _rows(self, stream: IO[bytes]) -> Iterator[Row]:
        for row in TABLES[self.file.suffix](stream):
            self.file = replace(
                self.file, answers=(*self.file.answers, *filter(None, [row.answer]))
            )
            yield row

    def _keep(self, record: dict[str, Any]) -> None:
        column = guess_mapping(record)["url"]
        written = as_text(record[column])
        address = normal_address(written)
        if not address or address in self.told:
            why = "is told more than once; the first is used" if address else "is no address"
            self.unread.append(f"{written!r} {why}")
        else:
            self.addresses[address] = written
            self.told[address] = {name: one for name, one in record.items() if as_text(one)}

    def take(self, name: str, one: SourceFile) -> dict[str, dict[str, Any]]:
        """Return the row of a saved page, which knows its address."""
        if one.suffix not in PAGES or one.problems:
            return {}
        try:
            with one.open() as stream:
                said = list(page_addresses(stream.read(HEAD), one.suffix))
        except Exception:  # what cannot be opened is said where it is read
            said = []
        address = next(filter(self.told.__contains__, said), "")
        self.used.add(address)
        if not address:
            self.unlisted.add(name)
        return {self.kind: self.told[address]} if address else {}

    def problems(self) -> Iterator[str]:
        """Yield also which rows have no page."""
        yield from self.unread
        for address, written in self.addresses.items():
            if address not in self.used:
                yield f"no saved page has the address {written}; save it here as a web page"


def _say_unlisted(lists: list[_Pages]) -> None:
    """Note with the first list which pages are in none."""
    for name in sorted(set.intersection(*(one.unlisted for one in lists)) if lists else ()):
        told = f"the page {name!r} has an address that is in no row"
        lists[0].unread.append(f"{told}; its outlet, date and headline are its own")


def _is_list(one: SourceFile) -> bool:
    """Say whether a file is a table that lists articles without their texts."""
    known = one.suffix in TABLES and one.suffix not in XML and one.size <= LARGEST_LIST
    if not known or one.problems or _is_beside(one):
        return False
    try:
        with one.open() as stream:
            first = islice(TABLES[one.suffix](stream), SAMPLE_ROWS)
            return is_list([row.record for row in first if row.record])
    except Exception:  # what cannot be read is said where it is read
        return False


class _Outlets(_Beside):
    """An `outlets.csv`: one row per outlet, its other spellings, folders and addresses beside."""

    kind, said = "outlets", "the outlets were"

    def _keep(self, record: dict[str, Any]) -> None:
        outlet = _named(record, "outlet")
        spellings = "|".join(map(as_text, record.values())).split("|")
        for spelling in filter(None, map(plain, [outlet, *spellings])):
            if self.told.setdefault(spelling, outlet) != outlet:
                other = self.told[spelling]
                self.unread.append(f"{spelling!r} stands for {other!r} and {outlet!r}; delete one")


class _Settings(_Beside):
    """An `articles.yml`: columns, outlet, section, order of dates, encoding, separator."""

    kind, said = "settings", "the settings were"

    def _read(self) -> None:
        told = read_yaml(self.file.read_bytes().decode("utf-8-sig"))
        told = told if isinstance(told, dict) else {}
        self.told = {name: told[name] for name in SETTINGS if told.get(name)}
        if unknown := sorted(map(str, told.keys() - {*SETTINGS})):
            known = ", ".join(SETTINGS)
            self.unread.append(f"{unknown[0]!r} is no setting; the settings are {known}")
        if self.told.get("date_order", ORDERS[0]) not in ORDERS:
            self.unread.append(f"date_order is {self.told.pop('date_order')!r}; write {ORDERS}")
        try:
            check_roles(self.told.get("columns", {}))
            codecs.lookup(self.told.get("encoding", "utf-8"))
        except (ValueError, LookupError, TypeError) as error:
            self.told = {}
            raise Unreadable(str(error)) from error


_BESIDE = {"metadata.csv": _Listing, "outlets.csv": _Outlets, "articles.yml": _Settings}


def _is_beside(one: SourceFile) -> bool:
    return PurePosixPath(one.path).name.lower() in _BESIDE and not one.problems


def _read_beside(one: SourceFile) -> _Beside:
    return _BESIDE[PurePosixPath(one.path).name.lower()](one)


def _digest(value: Any) -> str:
    written = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(written.encode("utf-8", "surrogatepass")).hexdigest()[:16]
