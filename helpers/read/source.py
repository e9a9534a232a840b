"""One file of a corpus, opened whatever packs it, and what is told of it beside it."""

from __future__ import annotations

import gzip
import io
import os
import zipfile
import zlib
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import IO, Any

from helpers.read.answers import Answer
from helpers.read.documents import SMALL, Unreadable, size_problem

_LONGEST_SUFFIX = 11


@dataclass(frozen=True)
class SourceFile:
    """One input file, or one member of a zip.

    `path` is relative to the corpus, with forward slashes, `inner` its end among the folders that
    mean something, `packed` its size where it lies. `changed` differs when the file has changed or
    what is known of it from beside it. `named` holds the outlet, date and section that the names of
    file and folders tell, `listed` the file's row in a `metadata.csv`, `outlets` the names of an
    `outlets.csv` by their other spellings, `described` what it tells of those whose kind it names
    (as `lexicons.OUTLET` after the name), `settings` those of an `articles.yml`. A file that has
    `problems` is not to be read, nor is one that is `left_out` for that reason; a folder left out
    stands for all its `files`. A list that tells of pages has the `answers` in it and `notes` on
    how it was read; `pages` holds its rows by the addresses of the pages in a web archive.
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
    described: dict[str, list[str]] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    left_out: str = ""
    files: int = 1
    answers: tuple[Answer, ...] = ()
    notes: tuple[str, ...] = ()
    pages: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def suffix(self) -> str:
        """The lower-case suffix that tells the format, "" when the name has none."""
        return suffix_of(self.path)

    @property
    def signature(self) -> str:
        """What differs when the file, or what is told of it, is another than before."""
        return f"{self.path}|{self.size}|{self.changed}"

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


def suffix_of(name: str) -> str:
    """Return the suffix of a name when it looks like one, not like "story 2.0 final".

    What is packed by gzip has the suffix of what is in it.
    """
    suffix = PurePosixPath(name).suffix.lower()
    if suffix == ".gz":
        return suffix_of(name[:-3]) or suffix
    plain = suffix.isascii() and suffix[1:].isalnum() and not suffix[1:2].isdigit()
    return suffix if plain and len(suffix) <= _LONGEST_SUFFIX else ""


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
