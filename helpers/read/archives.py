"""Zip archives read without trusting them: what may be unpacked, and what is said of the rest."""

from __future__ import annotations

import io
import os
import re
import stat
import zipfile
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import BinaryIO, NamedTuple

from helpers.read.documents import Unreadable

LARGEST_MEMBER = 1 << 30
LARGEST_ARCHIVE = 1 << 33
MOST_TIMES = 200
SMALL = 1 << 20


class Member(NamedTuple):
    """One file in a zip; one with a `problem` is not to be unpacked."""

    name: str
    size: int = 0
    checksum: int = 0
    problem: str = ""


def list_members(location: Path) -> Iterator[Member]:
    """Yield the files in a zip, each name once. Raises Unreadable when it is no zip."""
    members = [one for one in _directory(location) if not one.filename.endswith("/")]
    total = sum(member.file_size for member in members)
    if total > LARGEST_ARCHIVE:
        raise Unreadable(f"the zip would unpack to {total:,} bytes; unpack it into a folder first")
    seen: dict[str, int] = {}
    for member in members:
        name = member.filename or "(no name)"
        seen[name] = seen.get(name, 0) + 1
        if seen[name] > 1:
            problem = "the zip holds this name more than once; only the last file of it is read"
            yield Member(f"{name} ({seen[name]})", problem=problem)
            continue
        yield Member(name, member.file_size, member.CRC, _problem(member))


def open_member(location: Path, name: str) -> BinaryIO:
    """Open one file of a zip."""
    return _archive(location, location.stat().st_mtime_ns, os.getpid()).open(name)


def refuse_bomb(raw: bytes) -> None:
    """Raise Unreadable when a document that is a zip inside would unpack to far too much."""
    size = sum(member.file_size for member in _directory(io.BytesIO(raw)))
    if problem := _size_problem(size, len(raw)):
        raise Unreadable(problem)


def _directory(file: Path | BinaryIO) -> list[zipfile.ZipInfo]:
    try:
        with zipfile.ZipFile(file) as archive:
            return archive.infolist()
    except Exception as error:  # a damaged directory makes zipfile raise nearly anything
        raise Unreadable(f"it is damaged, no sound zip ({error}); save it again") from error


@lru_cache(maxsize=2)
def _archive(location: Path, changed: int, process: int) -> zipfile.ZipFile:
    """Keep a zip open: its directory is long to read, and a fork must not share its position."""
    return zipfile.ZipFile(location)


def _problem(member: zipfile.ZipInfo) -> str:
    parts = PurePosixPath(member.filename.replace("\\", "/")).parts
    if not parts:
        return "it has no name in the zip; pack the folder again"
    if ".." in parts or member.filename.startswith("/") or re.match(r"[A-Za-z]:", parts[0]):
        return "its name in the zip points outside the zip; pack the folder again"
    if stat.S_ISLNK(member.external_attr >> 16):
        return "it is a link inside a zip; pack the file itself"
    if member.flag_bits & 1:
        return "it is locked by a password; pack it without one"
    if member.filename.lower().endswith(".zip"):
        return "a zip inside a zip is not opened; unpack it first"
    return _size_problem(member.file_size, member.compress_size)


def _size_problem(size: int, packed: int) -> str:
    if size > LARGEST_MEMBER:
        return f"it would unpack to {size:,} bytes, more than {LARGEST_MEMBER:,}; unpack it first"
    if size > SMALL and size > MOST_TIMES * packed:
        return f"it would unpack to {size // max(packed, 1):,} times its size, as zip bombs do"
    return ""
