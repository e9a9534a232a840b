"""The files of a corpus, found in a file, folder or zip, with what names tell of them.

Zips are read without trusting them: what may not be unpacked is a file with a problem.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from helpers.read.beside import (
    ARCHIVE,
    BESIDE,
    PAGES,
    Beside,
    Pages,
    addresses_in,
    is_beside,
    is_list_file,
    may_list,
    read_beside,
    say_unlisted,
)
from helpers.read.dates import find_date
from helpers.read.documents import Unreadable, list_zip, size_problem
from helpers.read.source import SourceFile, suffix_of
from helpers.read.spellings import told_by_folder

Ask = Callable[[Callable[[SourceFile], Any], SourceFile], Any]

LARGEST_ARCHIVE = 1 << 33

_SYSTEM_FILES = frozenset({"thumbs.db", "desktop.ini", "__macosx"})
_YEAR = re.compile(r"(?<![\W_])[\W_]+(?:19|20)\d\d(?:[\W_]?\d)*$")
_DATED_OUTLET = re.compile(r"([^\W\d][^_]*)_(?=\d{4}[-.]?\d\d[-.]?\d\d(?:\D|$))")


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


def iter_met(path: str | Path, ask: Ask = lambda find, one: find(one)) -> Iterator[SourceFile]:
    """Yield whatever lies in a corpus: the files of `iter_files`, then what is left out and why.

    What is told beside articles is found through `ask`, which may raise Unreadable.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist: give a file, folder or zip of articles")
    met = sorted(_find(path), key=lambda one: one.path)
    found = [one for one in met if not one.left_out]
    alone = len(found) == 1 and found[0].path == path.name
    telling = [one for one in found if is_beside(one) and not alone]
    if alone:
        places = (path.parent / name for name in BESIDE if name != path.name.lower())
        telling = [_on_disk(one, path.parent) for one in places if one.is_file()]
    besides = [_told(ask, read_beside, one) for one in telling]
    if any(one.suffix in (*PAGES, ARCHIVE) for one in found) and not alone:
        lists = [one for one in found if may_list(one) and _told(ask, is_list_file, one) is True]
        besides = [*(_told(ask, Pages, one) for one in lists), *besides]
    _order_dates(besides)
    taken = {beside.file.path for beside in besides} - ({path.name} if alone else set())
    files = [one for one in found if one.path not in taken]
    outlets = {folder for one in files if (folder := _outlet_folder(one))}
    joined = [beside for beside in besides if isinstance(beside, Pages)]
    for one in files:
        said = _told(ask, addresses_in, one) if joined and one.suffix in (*PAGES, ARCHIVE) else None
        addresses = said if isinstance(said, list) else None
        yield _with_facts(one, outlets, _facts(one, besides, addresses))
    apart = [pages for pages in joined if pages.told and not pages.used]  # articles themselves
    besides = [beside for beside in besides if beside not in apart]
    yield from (_with_facts(one.file, outlets, _facts(one.file, besides, None)) for one in apart)
    say_unlisted([pages for pages in joined if pages not in apart])
    for beside in besides:
        problems = tuple(beside.unread if alone else beside.problems())
        if problems or not alone:
            yield _as_said(beside, problems)
    yield from (one for one in met if one.left_out)


def _facts(
    one: SourceFile, besides: list[Beside], addresses: list[str] | None
) -> dict[str, dict[str, Any]]:
    """Return what lies beside a file tells of it, from the outermost folder to the nearest."""
    facts: dict[str, dict[str, Any]] = defaultdict(dict)
    for beside in besides:
        if PurePosixPath(one.path).is_relative_to(beside.folder):
            name = PurePosixPath(one.path).relative_to(beside.folder).as_posix()
            for kind, told in beside.take(name, addresses).items():
                facts[kind] |= told
    return facts


def _told(ask: Ask, find: Callable[[SourceFile], Any], one: SourceFile) -> Any:
    try:
        return ask(find, one)
    except Unreadable as error:
        return Beside(one, str(error))


def _order_dates(besides: list[Beside]) -> None:
    """Read the dates of what tells of articles in the order of an `articles.yml`, or their own."""
    given = [beside for beside in besides if beside.told.get("date_order")]
    for beside in besides:
        above = [one for one in given if PurePosixPath(beside.file.path).is_relative_to(one.folder)]
        beside.order_dates(above[-1].told["date_order"] if above else "")


def _as_said(beside: Beside, problems: tuple[str, ...]) -> SourceFile:
    """Return a file that tells of articles as one that is left out, or has problems."""
    answers, notes = tuple(getattr(beside, "answers", ())), tuple(beside.notes)
    one = replace(beside.file, answers=answers, notes=notes)
    if problems:
        return replace(one, size=0, changed=_digest([answers, notes, problems]), problems=problems)
    return replace(_without(one, "tells of articles"), changed=_digest([answers, notes]))


def _without(one: SourceFile, reason: str) -> SourceFile:
    """Return a file as one that is left out."""
    return replace(one, size=0, changed=f"{reason} {one.files}", left_out=reason, problems=())


def _with_facts(one: SourceFile, outlets: set[str], facts: dict[str, Any]) -> SourceFile:
    """Add what names tell; the topmost folders that are no dates are outlets, if several."""
    folders, stem = PurePosixPath(one.inner).parent.parts, PurePosixPath(one.inner).stem
    dated = _DATED_OUTLET.match(stem) if find_date(stem) else None
    named = {
        "outlet": dated[1] if dated else _outlet_folder(one) if len(outlets) > 1 else "",
        "section": next((one for one in reversed(folders) if told_by_folder(one) == "section"), ""),
        "published": next(filter(None, map(find_date, (stem, *reversed(folders)))), ""),
    }
    whole = {name: facts["settings"].get(name) for name in ("outlet", "section")}
    facts["listed"] = {name: one for name, one in whole.items() if one} | facts["listed"]
    changed = _digest([one.changed, named, *filter(None, facts.values())])
    return replace(one, changed=changed, named=named, **facts)


def _outlet_folder(one: SourceFile) -> str:
    folders = PurePosixPath(one.inner).parent.parts
    outlet = next((one for one in folders if told_by_folder(one) == "outlet"), "")
    return _YEAR.sub("", outlet)


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
        saved_pages = {Path(name).stem for name in names if suffix_of(name) in (".html", ".htm")}
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
            size, when = status.st_size, f"{status.st_mtime_ns} {status.st_ctime_ns}"
            one = replace(one, size=size, packed=size, changed=when)
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


# --------------------------------------------------------------------------------------- zips


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


def _digest(value: Any) -> str:
    written = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(written.encode("utf-8", "surrogatepass")).hexdigest()[:16]
