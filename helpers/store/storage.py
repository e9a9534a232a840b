"""Files wherever they lie, a local folder or any store that fsspec knows, and which a build owns.

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
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.fs
import pyarrow.parquet as pq
from filelock import FileLock, Timeout

from helpers.store.paths import fingerprint, say_error, say_waiting, whole_file

FOLDERS = ("parts", "corpus")
MANIFEST, LOCK, OWN = "manifest.json", ".lock", ".attributed"
ENDS = (".parquet", ".part")  # files of a build beside its manifest: tables, and unfinished
SHOWN = 3  # files of others that are named
GROUP = 50_000, 16_000_000  # rows, or bytes in memory, from which a group of rows is written
# Seconds that a store may say nothing, and tries: twice each by two layers, 40 seconds in all.
PATIENCE = {"connect_timeout": 10, "read_timeout": 10, "retries": {"total_max_attempts": 2}}
TRIES = 2
DEADLINE, SLOWEST = 45.0, 50_000  # seconds of an upload, and bytes in each further one
_ON_DISK = ("file://", "local://")
_LEASE = re.compile(r"reads-([0-9a-f]{12})-[0-9a-f]{16}")
CATALOGUE = re.compile(r"corpus/catalogue-([0-9a-f]{12})\.json")
_UNFINISHED = re.compile(r"\.(.+)\.[a-z0-9_]{8}\.part")
_NOTE = re.compile(r"owned-[0-9a-f]{16}\.json")
_hashes: dict[tuple[int, ...], str] = {}  # by the state of a file, which may have two names


class StorageError(OSError):
    """A folder or store cannot be reached, read or written; the message says what to do."""


class BuildError(RuntimeError):
    """A build cannot start or go on; the message says what to do."""


class DamageError(ValueError):
    """A file is not as it was written; the message says which, and what to do."""


def is_url(place: str | Path) -> bool:
    """Tell whether a place is the address of a store and no local path."""
    return "://" in str(place) and not str(place).startswith(_ON_DISK)


class Storage:
    """A folder of files, each written whole or not at all; names have forward slashes."""

    def __init__(self, place: str | Path):
        """Open `place`, a path or a URL; nothing is created. Raises StorageError."""
        self.place = str(place)
        self.local = not is_url(place)
        self.address = self.place
        if self.local:
            path = self.place.partition("://")[2] if self.place.startswith(_ON_DISK) else self.place
            self.root = self.address = str(Path(path).absolute())
            self.filesystem = pyarrow.fs.LocalFileSystem()
            return
        try:
            import fsspec

            limits = {"config_kwargs": PATIENCE} if self.place.startswith(("s3:", "s3a:")) else {}
            self._fs, root = fsspec.core.url_to_fs(self.place, **limits)
        except (ImportError, ValueError) as error:
            raise StorageError(
                f"{self.place} cannot be reached: {error}. "
                "Stores need the extra `cluster`: run `make cluster`, or install it with pip"
            ) from error
        if limits:
            self._fs.retries = TRIES
        self.root = root.rstrip("/")
        self.filesystem = pyarrow.fs.PyFileSystem(pyarrow.fs.FSSpecHandler(self._fs))

    def __str__(self) -> str:
        return self.place

    def path(self, name: str = "") -> str:
        """Return the path of a file as the filesystem knows it."""
        return f"{self.root}/{name}" if name else self.root

    def read(self, name: str) -> bytes:
        """Return a file; FileNotFoundError when there is none."""
        with self._told("read", name):
            if self.local:
                return Path(self.path(name)).read_bytes()
            return self._fs.cat_file(self.path(name))

    def read_all(self, names: Iterable[str]) -> dict[str, bytes]:
        """Return files by name; a store is asked for many at once."""
        names = list(names)
        if self.local or len(names) < 2:
            return {name: self.read(name) for name in names}
        with self._told("read", names[0]):
            found = self._fs.cat([self.path(name) for name in names])
        return {name: found[self.path(name)] for name in names}

    def write(self, name: str, content: bytes) -> str:
        """Write a file whole or not at all; return the SHA-256 of its content."""
        with self._told("write", name):
            if self.local:
                with whole_file(Path(self.path(name))) as temporary:
                    temporary.write_bytes(content)
            else:
                self._send("pipe_file", (self.path(name), content), len(content))
        return hashlib.sha256(content).hexdigest()

    def _send(self, how: str, given: tuple[str, Any], size: int) -> None:
        """Upload a file; one that waits for leave to send it would else wait for ever."""
        from fsspec.asyn import sync

        if self._fs.async_impl:
            seconds = DEADLINE + size / SLOWEST
            sync(self._fs.loop, getattr(self._fs, f"_{how}"), *given, timeout=seconds)
        else:
            getattr(self._fs, how)(*given)

    @contextmanager
    def new_file(self, name: str) -> Iterator[Path]:
        """Yield a path on disk to write to, at the end the file `name`; it leaves no trace else."""
        if self.local:
            with self._told("write", name), whole_file(Path(self.path(name))) as temporary:
                yield temporary
            return
        with TemporaryDirectory(prefix="attributed-") as folder:
            path = Path(folder, "file")
            yield path
            with self._told("write", name):
                self._send("put_file", (str(path), self.path(name)), path.stat().st_size)

    def write_rows(self, name: str, columns: pa.Schema, pieces: Iterable[pa.Table]) -> int:
        """Write pieces of a table as one Parquet file, in groups of rows; return how many rows."""
        count, held = 0, [columns.empty_table()]
        with (
            self.new_file(name) as path,
            pq.ParquetWriter(path, columns, compression="zstd", write_page_checksum=True) as file,
        ):
            for piece in pieces:
                held.append(piece.cast(columns))
                count += len(piece)
                if sum(map(len, held)) >= GROUP[0] or sum(one.nbytes for one in held) >= GROUP[1]:
                    file.write_table(pa.concat_tables(held).combine_chunks(), 2**30)
                    held = held[:1]
            if len(held) > 1 or not count:
                file.write_table(pa.concat_tables(held).combine_chunks(), 2**30)
        return count

    def link(self, name: str, other: str) -> None:
        """Let a file be found under another name too: a link, or a copy where there are none."""
        with self._told("write", other):
            if not self.local:
                self._fs.cp_file(self.path(name), self.path(other))
                return
            with whole_file(Path(self.path(other))) as temporary:
                temporary.unlink()
                try:
                    os.link(self.path(name), temporary)
                except OSError:
                    shutil.copyfile(self.path(name), temporary)

    def sha256(self, name: str) -> str:
        """Return the hash of a file, taken once while it stays; "" in a store."""
        if not self.local:
            return ""
        state = self.state(name)
        if state not in _hashes:
            with open(self.path(name), "rb") as file:
                _hashes[state] = hashlib.file_digest(file, "sha256").hexdigest()
        return _hashes[state]

    def is_whole(self, name: str, known: str) -> bool:
        """Tell whether a file that is there has the hash, or one that begins so."""
        found = self.sha256(name) if known else ""
        return not found or found.startswith(known)

    def exists(self, name: str) -> bool:
        """Tell whether there is such a file."""
        with self._told("read", name):
            if self.local:
                return Path(self.path(name)).is_file()
            self._fs.invalidate_cache()
            return self._fs.isfile(self.path(name))

    def state(self, name: str) -> tuple[int, ...]:
        """Return what changes when a file is replaced; of a store only its size."""
        if self.local:
            found = os.stat(self.path(name))
            return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size
        return (self._fs.size(self.path(name)),)

    def list_files(self, folder: str) -> list[str]:
        """Return the names of all files under a folder, in order; [] when there is none."""
        with self._told("read", folder):
            base = self.path(folder)
            if self.local:
                found = [f"{here}/{name}" for here, _, names in os.walk(base) for name in names]
            else:
                self._fs.invalidate_cache()
                found = self._fs.find(base) if self._fs.exists(base) else []
        return sorted(path[len(self.root) + 1 :] for path in found)

    def entries(self) -> list[str]:
        """Return the names of what lies at the top, files and folders; [] when nothing does."""
        with self._told("read", ""):
            if self.local:
                return sorted(os.listdir(self.root)) if os.path.isdir(self.root) else []
            self._fs.invalidate_cache()
            found = self._fs.ls(self.root, detail=False) if self._fs.exists(self.root) else []
        return sorted({path.rstrip("/").rpartition("/")[2] for path in found} - {""})

    def delete(self, names: Iterable[str]) -> None:
        """Delete files, and local folders that are empty then; those already gone are no error."""
        names = list(names)
        if self.local:
            for path in (Path(self.path(name)) for name in names):
                path.unlink(missing_ok=True)
                for folder in path.parents:
                    if folder == Path(self.root):
                        break
                    with suppress(OSError):  # it is not empty, or gone already
                        folder.rmdir()
        elif names:
            with self._told("delete", names[0]):
                self._fs.rm([self.path(name) for name in names])

    def read_arrow(
        self, name: str, columns: list[str] | None = None, filters: Any = None
    ) -> pa.Table:
        """Read one Parquet file, all of it or some columns and rows."""
        with self._told("read", name):
            return pq.read_table(
                self.path(name),
                columns=columns,
                filters=filters,
                filesystem=self.filesystem,
                use_threads=False,
                page_checksum_verification=True,
            )

    def fragment(self, name: str) -> ds.ParquetFileFragment:
        """Return a Parquet file to be read in part: its groups of rows, columns, some rows."""
        scan = ds.ParquetFragmentScanOptions(page_checksum_verification=True)
        kind = ds.ParquetFileFormat(default_fragment_scan_options=scan)
        return kind.make_fragment(self.path(name), self.filesystem)

    def check_writable(self) -> None:
        """Write and delete a small file; raise StorageError when that cannot be done."""
        name = f".written-{os.getpid()}-{os.urandom(4).hex()}"
        self.write(name, b"Attributed")
        self.delete([name])

    @contextmanager
    def _told(self, doing: str, name: str) -> Iterator[None]:
        """Turn what a filesystem raises into an error that names the place and what to do."""
        where = f"{self.place}/{name}" if name else self.place
        try:
            with nullcontext() if self.local else say_waiting(where):
                yield
        except StorageError:
            raise
        except FileNotFoundError:
            if doing == "write":
                raise StorageError(
                    f"cannot write {where}: there is no such folder or bucket; create it"
                ) from None
            raise
        except pa.ArrowException:
            raise
        except OSError as error:
            error = OSError(error.errno, error.strerror) if error.errno else error
            told = say_error(error, "check the place and run the command again")
            raise StorageError(f"cannot {doing} {where}: {told}") from error
        except Exception as error:
            if self.local:
                raise
            raise StorageError(
                f"cannot {doing} {where}: {type(error).__name__}: {error}; "
                "check the address, the credentials and that the store is there"
            ) from error


def seal(facts: dict[str, Any], indent: int | None = None) -> bytes:
    """Return facts as JSON that holds its own hash, by which `unseal` sees damage."""
    sealed = facts | {"sealed": fingerprint(facts)}
    written = json.dumps(sealed, indent=indent, ensure_ascii=False) + "\n"
    return written.encode("utf-8", "surrogatepass")


def unseal(content: bytes, file: str = "") -> dict[str, Any]:
    """Return the facts of `seal`, or of JSON without a hash; DamageError for what is neither."""
    with suppress(ValueError, AttributeError, TypeError):
        facts = json.loads(content.decode("utf-8", "surrogatepass"))
        if facts.pop("sealed", None) in (None, fingerprint(facts)):
            return facts
    raise DamageError(f"{file} is damaged: build the tables again")


def to_parquet(table: pa.Table) -> bytes:
    """Return an Arrow table as the bytes of a Parquet file."""
    content = BytesIO()
    pq.write_table(table, content, compression="zstd", write_page_checksum=True)
    return content.getvalue()


def to_bytes(frame: pd.DataFrame) -> bytes:
    """Return a frame as Parquet in memory, to be sent to another process."""
    return to_parquet(pa.Table.from_pandas(frame, preserve_index=False))


def from_bytes(content: bytes) -> pd.DataFrame:
    """Return the frame that `to_bytes` was given."""
    return pq.read_table(pa.BufferReader(content), use_threads=False).to_pandas()


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


def check_free(owned: Owned, tables: Iterable[str]) -> None:
    """Raise BuildError when somebody else's file stands where a build writes."""
    storage = owned.storage
    names = set(storage.entries())
    taken = sorted((names - owned.files) & {MANIFEST, *tables})
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


def _catalogued(storage: Storage) -> set[str]:
    """Return what the manifest of a build names; nothing for one of hand-made tables."""
    with suppress(OSError, ValueError, TypeError, KeyError):
        manifest = json.loads(storage.read(MANIFEST))
        if {"attributed", "catalogue", "signature"} <= set(manifest):
            found = {MANIFEST, manifest["catalogue"]}
            with suppress(OSError, ValueError, TypeError, KeyError):
                found |= set(json.loads(storage.read(manifest["catalogue"]))["files"])
            return found
    return set()


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
        self.files = {name for file in self.notes for name in json.loads(found[file])}
        catalogued = _catalogued(self.storage)
        self.files |= catalogued & {MANIFEST} if self.notes else catalogued

    def claim(self, files: Iterable[str]) -> None:
        """Note files that are about to be written; raise BuildError where others' files stand."""
        new = set(files) - self.files
        folders = {file.rpartition("/")[0] for file in new}
        there = {file for folder in folders for file in self.storage.list_files(folder)}
        if there & new:  # a store has no lock: another build may have written them
            self._read_notes()
            new -= self.files
        root = Path(self.storage.path()).resolve() if self.storage.local else None
        linked = [one for one in folders if root and (root / one).resolve() != root / one]
        for name in sorted([*linked, *(there & new)]):
            raise BuildError(
                f"{self.storage}/{name} was not written by a build and stands where this one "
                "writes: move it away and run the same command again"
            )
        if new:
            self._note(new)

    def adopt(self) -> None:
        """Note what a build wrote whose notes are lost, as far as its catalogue tells."""
        if not self.notes and (there := self.files.intersection(self._listed())):
            self._note(there)

    def _note(self, files: set[str]) -> None:
        content = json.dumps(sorted(files)).encode()
        self.storage.write(_note(content), content)
        self.notes.add(_note(content))
        self.files.update(files)

    def write(self, file: str, content: bytes) -> None:
        """Note a file and write it."""
        self.claim([file])
        self.storage.write(file, content)

    def write_named(self, begins: str, ends: str, content: bytes) -> str:
        """Write a file whose name tells its hash; return the name."""
        file = f"{begins}-{hashlib.sha256(content).hexdigest()[:12]}{ends}"
        self.write(file, content)
        return file

    def keep_only(self, wanted: set[str]) -> None:
        """Delete every own file but the wanted, and write one note of what remains."""
        there = {file for file in self._listed() if self.owns(file)}
        self.storage.delete(there - wanted)
        before, self.notes, self.files = self.notes, set(), set()
        self._note(there & wanted)
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
        inside = [file for folder in FOLDERS for file in self.storage.list_files(folder)]
        half = [file for file in self.storage.list_files(OWN) if _UNFINISHED.fullmatch(_name(file))]
        top = [n for n in self.storage.entries() if n == MANIFEST or n.endswith(ENDS)]
        return [*top, *inside, *half]

    def others(self) -> list[str]:
        """Say in a line what lies here that no build wrote; [] when there is nothing."""
        inside = [file for one in (*FOLDERS, OWN) for file in self.storage.list_files(one)]
        leases = [file for file in inside if file.startswith(OWN) and _LEASE.fullmatch(_name(file))]
        ours = {*FOLDERS, OWN, LOCK, *self.notes, *leases}
        names = [name for name in [*self.storage.entries(), *inside] if name not in ours]
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
    named = CATALOGUE.fullmatch(catalogue)
    if not storage.local or not named:
        return None
    held(storage)
    place = Path(storage.path(OWN), f"reads-{named[1]}-{os.urandom(8).hex()}")
    lock = FileLock(place, timeout=1, thread_local=False)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
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
