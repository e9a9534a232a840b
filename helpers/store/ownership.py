"""What a build owns in its folder: the files it wrote, noted before they are, and their readers.

A note lists files before the first byte of them is written, so that what a killed build leaves is
known as a build's own. What stands in no note is somebody else's: it is never written or deleted.
A reader's lease is an empty file, locked as long as the reader lives, whose name says which
catalogue it reads; a lease that nobody locks is left over.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from helpers.store.storage import Storage

FOLDERS = ("parts", "corpus")
MANIFEST, LOCK, OWN = "manifest.json", ".lock", ".attributed"
SHOWN = 3  # files of others that are named
_LEASE = re.compile(r"reads-([0-9a-f]{12})-[0-9a-f]{16}")
_CATALOGUE = re.compile(r"corpus/catalogue-([0-9a-f]{12})\.json")
_UNFINISHED = re.compile(r"\.(.+)\.[a-z0-9_]{8}\.part")
_NOTE = re.compile(r"owned-[0-9a-f]{16}\.json")


class BuildError(RuntimeError):
    """A build cannot start or go on; the message says what to do."""


# ---------------------------------------------------------------------------- places of a build


def check_apart(source: Path, storage: Storage) -> None:
    """Raise BuildError when articles and tables would lie in one another, links followed."""
    if not storage.local:
        return
    out = Path(storage.path()).resolve()
    if out.exists() and not out.is_dir():
        raise BuildError(f"{storage} is a file: give a folder as --out")
    for path in (source.resolve(), (source / "articles").resolve()):
        if _lies_in(out, path):
            raise BuildError(
                f"the tables in {storage} would lie inside the articles: choose another --out"
            )
        if path.exists() and _lies_in(path, out):
            raise BuildError(
                f"the articles at {source} lie inside {storage}, where the tables would be: "
                "choose another --out"
            )


def _lies_in(inner: Path, outer: Path) -> bool:
    """Tell whether one resolved path is the other or lies in it, by whichever name."""
    there = outer.exists()
    return any(
        one == outer or (there and one.exists() and one.samefile(outer))
        for one in (inner, *inner.parents)
    )


def check_free(storage: Storage, tables: Iterable[str]) -> None:
    """Raise BuildError when somebody else's file stands where a build writes or is read from."""
    names = set(storage.entries())
    taken = sorted(names & {f"{table}.parquet" for table in tables})
    if MANIFEST in names and not _is_manifest(storage, MANIFEST):
        taken.append(MANIFEST)
    if storage.local:
        own = {name: Path(storage.path(name)) for name in (*FOLDERS, OWN, LOCK, MANIFEST)}
        own = {name: path for name, path in own.items() if name in names}
        taken += [name for name, path in own.items() if path.is_symlink()]
        taken += [name for name in {*FOLDERS, OWN} & own.keys() if not own[name].is_dir()]
        if LOCK in own and (not own[LOCK].is_file() or own[LOCK].stat().st_size):
            taken.append(LOCK)
    if taken:
        raise BuildError(
            f"{storage}/{taken[0]} was not written by a build and stands where one writes: move it "
            "away or choose another --out"
        )


def _is_manifest(storage: Storage, name: str) -> bool:
    """Tell whether a build has written a manifest; one of hand-made tables is none."""
    try:
        return {"attributed", "catalogue", "signature"} <= set(json.loads(storage.read(name)))
    except (OSError, ValueError, TypeError):
        return False


# --------------------------------------------------------------------------- what a build wrote


class Owned:
    """The files in a folder or store of tables that builds have written."""

    def __init__(self, storage: Storage):
        self.storage = storage
        self._read_notes()

    def _read_notes(self) -> None:
        """Read the notes; a file that only looks like one is somebody else's."""
        named = [file for file in self.storage.list_files(OWN) if _NOTE.fullmatch(_name(file))]
        found = self.storage.read_all(named)
        self.notes = {file for file, content in found.items() if file == _note(content)}
        self.files = {MANIFEST, *(name for file in self.notes for name in json.loads(found[file]))}

    def claim(self, files: Iterable[str]) -> None:
        """Note files that are about to be written; raise BuildError where others' files stand."""
        new = sorted(set(files) - self.files)
        folders = {file.rpartition("/")[0] for file in new}
        there = {file for folder in folders for file in self.storage.list_files(folder)}
        if there.intersection(new):  # a store has no lock: another build may have written them
            self._read_notes()
            new = [file for file in new if file not in self.files]
        linked = [folder for folder in sorted(folders) if self._is_linked(folder)]
        for name in (*linked, *(file for file in new if file in there)):
            raise BuildError(
                f"{self.storage}/{name} was not written by a build and stands where this one "
                "writes: move it away and run the same command again"
            )
        if new:
            self._note(new)

    def _is_linked(self, folder: str) -> bool:
        if not self.storage.local:
            return False
        root = Path(self.storage.path()).resolve()
        return (root / folder).resolve() != root / folder

    def adopt(self, files: Iterable[str]) -> None:
        """Note files that are there already: those of a build from before there were notes."""
        self._note(sorted(set(files).intersection(self._listed())))

    def _note(self, files: list[str]) -> None:
        content = json.dumps(files).encode()
        self.storage.write(_note(content), content)
        self.notes.add(_note(content))
        self.files.update(files)

    def write(self, file: str, content: bytes) -> None:
        """Note a file and write it."""
        self.claim([file])
        self.storage.write(file, content)

    def keep_only(self, wanted: set[str]) -> None:
        """Delete every own file but the wanted, and write one note of what remains."""
        there = {file for file in self._listed() if self.owns(file)}
        self.storage.delete(there - wanted)
        before, self.notes, self.files = self.notes, set(), {MANIFEST}
        self._note(sorted(there & wanted))
        self.storage.delete(before - self.notes)

    def owns(self, file: str) -> bool:
        """Tell whether a build wrote a file, or left it half written under another name."""
        folder, slash, name = file.rpartition("/")
        unfinished = _UNFINISHED.fullmatch(name)
        if not unfinished:
            return file in self.files
        note = folder == OWN and _NOTE.fullmatch(unfinished[1])
        return bool(note) or f"{folder}{slash}{unfinished[1]}" in self.files

    def _listed(self) -> list[str]:
        top = [name for name in self.storage.entries() if _UNFINISHED.fullmatch(name)]
        inside = [file for folder in FOLDERS for file in self.storage.list_files(folder)]
        half = [file for file in self.storage.list_files(OWN) if _UNFINISHED.fullmatch(_name(file))]
        return [*top, *inside, *half]

    def others(self) -> list[str]:
        """Say in a line what lies here that no build wrote; [] when there is nothing."""
        ours = {*FOLDERS, OWN, LOCK, MANIFEST}
        names = [name for name in self.storage.entries() if name not in ours]
        names += [file for folder in FOLDERS for file in self.storage.list_files(folder)]
        names += [
            file
            for file in self.storage.list_files(OWN)
            if file not in self.notes and not _LEASE.fullmatch(_name(file))
        ]
        found = [name for name in names if not self.owns(name)]
        if not found:
            return []
        more = f" and {len(found) - SHOWN:,} more" if len(found) > SHOWN else ""
        return [f"{self.storage}: left as found, no build wrote {', '.join(found[:SHOWN])}{more}"]


def _name(file: str) -> str:
    return file.rpartition("/")[2]


def _note(content: bytes) -> str:
    """Return the name of a note, which its content decides."""
    return f"{OWN}/owned-{hashlib.sha256(content).hexdigest()[:16]}.json"


# ------------------------------------------------------------------------------ who reads it


def hold(storage: Storage, catalogue: str) -> FileLock | None:
    """Tell builds that this process reads the files of a catalogue, until the lock is released.

    None for a store and where nothing can be written: a build may then delete what is being read.
    """
    named = _CATALOGUE.fullmatch(catalogue)
    if not storage.local or not named:
        return None
    held(storage)
    place = storage.path(f"{OWN}/reads-{named[1]}-{os.urandom(8).hex()}")
    lock = FileLock(place, timeout=1, thread_local=False)
    try:
        os.makedirs(storage.path(OWN), exist_ok=True)
        lock.acquire()
    except OSError:  # a folder that cannot be written
        return None
    return lock


def let_go(lock: FileLock | None) -> None:
    """Give up a lease; one of the process that this was forked from is left to that process."""
    if lock is not None and lock.is_locked:
        with suppress(OSError):
            Path(lock.lock_file).unlink(missing_ok=True)
        lock.release()


def held(storage: Storage) -> set[str]:
    """Return the catalogues that somebody reads, and drop the leases of readers that have ended."""
    found = set()
    for file in storage.list_files(OWN) if storage.local else ():
        lease = _LEASE.fullmatch(_name(file))
        if lease is None:
            continue
        path = Path(storage.path(file))
        try:
            if path.is_symlink() or path.stat().st_size:
                continue
            with FileLock(path, timeout=0):
                path.unlink(missing_ok=True)
        except FileNotFoundError:
            continue
        except (Timeout, OSError):  # it is locked, or it belongs to somebody else
            found.add(f"corpus/catalogue-{lease[1]}.json")
    return found
