"""What is told beside articles: metadata.csv, outlets.csv, articles.yml, lists of saved pages."""

from __future__ import annotations

import codecs
import email
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from email import policy
from itertools import chain, islice
from pathlib import PurePosixPath
from typing import IO, Any
from urllib.parse import parse_qsl, urlsplit

import yaml

from helpers.read.answers import Answer
from helpers.read.archives import warc_addresses
from helpers.read.columns import (
    as_text,
    check_roles,
    cut_off,
    field_names,
    guess_mapping,
    is_summary,
    plain,
)
from helpers.read.dates import UnclearDate, column_order, in_order, read_date
from helpers.read.documents import Unreadable, read_yaml
from helpers.read.pages import WEB, told_addresses
from helpers.read.records import SAMPLE_ROWS, TABLES, XML, Row, read_csv
from helpers.read.source import SourceFile, suffix_of
from helpers.read.spellings import host_of
from helpers.store.lexicons import OUTLET, read_words

LARGEST_LIST = 1 << 26

ORDERS = ("day first", "month first")
SETTINGS = ("columns", "outlet", "section", "date_order", "encoding", "separator")
HEAD = 1 << 18  # bytes of a page in which it says its address
MESSAGES = (".mht", ".mhtml", ".eml")
PAGES = (".html", ".htm", ".xhtml", *MESSAGES)
ARCHIVE = ".warc"
LOCATION = "Content-Location"

_INDEX = re.compile(r"(?:/(?:index|default)\.\w{3,5}|/amp)?/*$", re.I)


class Beside:
    """A file beside articles that tells of those in its folder and the folders in it.

    It tells nothing where `given_up` says why it could not be read.
    """

    kind, said = "settings", "what it tells was"

    def __init__(self, file: SourceFile, given_up: str = ""):
        self.file = file
        self.folder = PurePosixPath(file.path).parent
        self.told: dict[str, Any] = {}
        self.unread: list[str] = []
        self.notes: list[str] = []
        try:
            if given_up:
                raise Unreadable(given_up)
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

    def order_dates(self, given: str) -> None:
        """Write the dates of its rows as the order of day and month of their column reads them."""

    def take(self, name: str, addresses: list[str] | None) -> dict[str, dict[str, Any]]:
        """Return what it tells of a file, named as from its folder, and of the pages in it."""
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


class Rows(Beside):
    """A table whose rows each tell of an article."""

    kind = "listed"

    def __init__(self, file: SourceFile):
        self.used: set[str] = set()
        super().__init__(file)

    def order_dates(self, given: str) -> None:
        """Write the dates of its rows as the order of day and month of their column reads them."""
        columns = guess_mapping(dict.fromkeys(chain.from_iterable(self.told.values())))
        if "published" not in columns:
            return
        column = columns["published"]
        values = (as_text(record.get(column)) for record in self.told.values())
        order, note, problem = column_order(column, values, given)
        self.notes += filter(None, [note])
        self.unread += filter(None, [problem])
        for record in self.told.values() if order else ():
            record[column] = in_order(record.get(column), order)


class Listing(Rows):
    """A `metadata.csv`: one row per file."""

    said = "the metadata was"

    def _keep(self, record: dict[str, Any]) -> None:
        name = _named(record, "file").replace("\\", "/").removeprefix("./")
        if name in self.told:
            self.unread.append(f"{name!r} has more than one row; the last is used")
        if name:
            self.told[name] = record

    def take(self, name: str, addresses: list[str] | None) -> dict[str, dict[str, Any]]:
        """Return the row of a file, its filled columns only."""
        self.used.add(name)
        row = self.told.get(name, {})
        return {self.kind: {column: one for column, one in row.items() if as_text(one).strip()}}

    def problems(self) -> Iterator[str]:
        """Yield also which rows name a file that does not exist."""
        yield from self.unread
        for name in self.told.keys() - self.used:
            yield f"it has a row for {name!r}, which does not exist; correct the name or the row"


class Pages(Rows):
    """A list of articles without their texts: its rows tell of the saved pages, by address."""

    said = "the list was"

    def __init__(self, file: SourceFile):
        self.answers: list[Answer] = []
        self.addresses: dict[str, str] = {}
        self.unlisted: dict[str, set[str]] = {}  # the addresses of each file's pages in no row
        super().__init__(file)
        self.folder = PurePosixPath()  # wherever the pages lie

    def _rows(self, stream: IO[bytes]) -> Iterator[Row]:
        for row in TABLES[self.file.suffix](stream):
            self.answers += [row.answer] if row.answer else []
            yield row

    def _keep(self, record: dict[str, Any]) -> None:
        written = as_text(record.get(guess_mapping(record).get("url", "")))
        address = normal_address(written)
        if not address or address in self.told:
            why = "is told more than once; the first is used" if address else "is no address"
            self.unread.append(f"{written!r} {why}")
        else:
            self.addresses[address] = written
            self.told[address] = {name: one for name, one in record.items() if as_text(one)}

    def take(self, name: str, addresses: list[str] | None) -> dict[str, dict[str, Any]]:
        """Return the row of a saved page, which knows its address, or those of an archive's."""
        if addresses is None:
            return {}
        archived = set(addresses) if suffix_of(name) == ARCHIVE else set()
        first = next(filter(self.told.__contains__, addresses), "")
        known = {one: self.told[one] for one in (archived or {first}) if one in self.told}
        self.used.update(known)
        self.unlisted[name] = archived - known.keys() or (set() if known else {""})
        return {"pages": known} if archived else {self.kind: known.get(first, {})}

    def problems(self) -> Iterator[str]:
        """Yield also which rows have no page."""
        yield from self.unread
        for address, written in self.addresses.items():
            if address not in self.used:
                yield f"no saved page has the address {written}; save it here as a web page"


def addresses_in(one: SourceFile) -> list[str] | None:
    """Return the addresses of a saved page, or of the pages in an archive; None of other files."""
    if one.suffix not in (*PAGES, ARCHIVE) or one.problems:
        return None
    try:
        with one.open() as stream:
            if one.suffix == ARCHIVE:
                return [*dict.fromkeys(map(normal_address, warc_addresses(stream)))]
            return [*page_addresses(stream.read(HEAD), one.suffix)]
    except Exception:  # what cannot be opened is said where it is read
        return None


def say_unlisted(lists: list[Pages]) -> None:
    """Note with the first list which pages are in none."""
    for name in sorted(set.intersection(*({*one.unlisted} for one in lists)) if lists else ()):
        unlisted = set.intersection(*(one.unlisted[name] for one in lists))
        several = f"{len(unlisted):,} of the pages in {name!r} have addresses that are in no row"
        if unlisted:
            told = (
                f"the page {name!r} has an address that is in no row" if "" in unlisted else several
            )
            lists[0].unread.append(f"{told}; outlet, date and headline are the page's own")


def may_list(one: SourceFile) -> bool:
    """Say whether a file has a format of lists."""
    known = one.suffix in TABLES and one.suffix not in XML and one.size <= LARGEST_LIST
    return known and not one.problems and not is_beside(one)


def is_list_file(one: SourceFile) -> bool:
    """Say whether a file that may be a list holds articles without their texts."""
    try:
        with one.open() as stream:
            first = islice(TABLES[one.suffix](stream), SAMPLE_ROWS)
            return is_list([row.record for row in first if row.record])
    except Exception:  # what cannot be read is said where it is read
        return False


class Outlets(Beside):
    """An `outlets.csv`: one row per outlet, its other spellings, folders and addresses beside."""

    said = "the outlets were"

    def __init__(self, file: SourceFile):
        self.described: dict[str, list[str]] = {}
        super().__init__(file)

    def _keep(self, record: dict[str, Any]) -> None:
        outlet = _named(record, "outlet")
        own = [column for column in record if plain(column) in OUTLET[2:]]
        facts = {plain(column): as_text(record.pop(column)).strip() for column in own}
        spellings = "|".join(map(as_text, record.values())).split("|")
        for spelling in filter(None, map(plain, [outlet, *spellings])):
            if self.told.setdefault(spelling, outlet) != outlet:
                other = self.told[spelling]
                self.unread.append(f"{spelling!r} stands for {other!r} and {outlet!r}; delete one")
        kinds, kind = read_words("outlets", column="kind"), facts.get("kind", "")
        if kind in kinds:
            aliases = (one for column, one in record.items() if plain(column).startswith("alias"))
            written = [one.strip() for one in "|".join(map(as_text, aliases)).split("|")]
            facts["aliases"] = "|".join(o for o in written if self.told.get(plain(o)) == outlet)
            self.described[outlet] = [facts.get(name, "") for name in OUTLET[1:]]
        elif kind:
            known = ", ".join(sorted(kinds))
            self.unread.append(f"the kind of {outlet!r} is {kind!r}; write one of {known}")

    def take(self, name: str, addresses: list[str] | None) -> dict[str, dict[str, Any]]:
        """Return the name of each spelling, and what is told of the outlets of a kind."""
        return {"outlets": self.told, "described": self.described}


class Settings(Beside):
    """An `articles.yml`: columns, outlet, section, order of dates, encoding, separator."""

    said = "the settings were"

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


BESIDE = {"metadata.csv": Listing, "outlets.csv": Outlets, "articles.yml": Settings}


def is_beside(one: SourceFile) -> bool:
    """Say whether a file has the name of one that tells of articles."""
    return PurePosixPath(one.path).name.lower() in BESIDE and not one.problems


def read_beside(one: SourceFile) -> Beside:
    """Read a file that has such a name."""
    return BESIDE[PurePosixPath(one.path).name.lower()](one)


# ------------------------------------------------- lists without texts, and addresses of pages


def normal_address(url: str) -> str:
    """Return what two addresses of one page share, "" for what is no address.

    The protocol, "www." and the like, a slash at the end, the mark in the page and parameters
    that only tell where a reader came from count for nothing.
    """
    host = host_of(url.strip())
    if not host:
        return ""
    parts = urlsplit(url.strip())
    tracking = tuple(field_names("address")["tracking"])
    kept = sorted(
        (name, value)
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
        if not name.lower().startswith(tracking)
    )
    path = _INDEX.sub("", parts.path)
    return f"{host}{path}" + "".join(f"&{name}={value}" for name, value in kept)


def page_addresses(raw: bytes, suffix: str) -> Iterator[str]:
    """Yield the addresses that a saved page says are its own, as `normal_address` writes them."""
    told = _addresses_of(raw) if suffix in MESSAGES else told_addresses(raw[:HEAD])
    yield from dict.fromkeys(filter(None, map(normal_address, told)))


def _addresses_of(raw: bytes) -> Iterator[str]:
    """Yield the addresses in the headers of a message, of the page in it, alone in a line of it."""
    message = email.message_from_bytes(raw[:HEAD], policy=policy.default)
    for part in (message, *message.walk()):
        yield from (str(part[name] or "") for name in ("Snapshot-Content-Location", LOCATION))
    for part in message.walk():
        content = part.get_payload(decode=True)
        if isinstance(content, bytes) and part.get_content_type() == "text/html":
            yield from told_addresses(content)
        elif isinstance(content, bytes) and part.get_content_type() == "text/plain":
            lines = (line.strip("<> ") for line in content.decode("latin-1").splitlines())
            yield from (line for line in lines if line.startswith(WEB) and " " not in line)


def is_list(sample: Sequence[Mapping[str, Any]]) -> bool:
    """Say whether rows tell the addresses of articles and not their whole texts."""
    roles = guess_mapping(dict.fromkeys(chain.from_iterable(sample)), sample)
    if "url" not in roles:
        return False
    texts = [as_text(row.get(roles["text"])) for row in sample] if "text" in roles else []
    return all(cut_off(text) for text in filter(str.strip, texts)) or is_summary(roles["text"])


def describe_list(rows: Iterable[Mapping[str, Any]], roles: Mapping[str, str]) -> str:
    """Say in words how many articles a list names, of which outlets and days, and what to do."""
    count, outlets, days = 0, set(), []
    for row in rows:
        count += 1
        outlets.add(as_text(row.get(roles.get("outlet", ""))))
        try:
            days.append(read_date(row.get(roles.get("published", ""))))
        except UnclearDate:
            continue
    dated = sorted(day for day in days if day == day)
    when = f", from {dated[0]:%Y-%m-%d} to {dated[-1]:%Y-%m-%d}" if dated else ""
    of = f" of {len(outlets - {''}):,} outlets" if outlets - {""} else ""
    return (
        f"it lists {count:,} articles{of}{when}, without their texts: save the pages that "
        f"{roles['url']!r} names as web pages beside it and build again; they are joined "
        "by their addresses"
    )
